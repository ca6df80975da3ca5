"""A real browser for tests: Debian's Chromium driven by Playwright, over the application served on loopback.

What is not there is said as the reason of a skip: Playwright's package, or Chromium (``CHROMIUM`` names another one).
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
#: What WCAG 1.4.10 asks for: a window 1280 pixels wide at 400 %.
ZOOMED = {"width": 320, "height": 256}

#: Tells of every violation of the content security policy, which the console would tell in words that change.
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", event =>
  console.error("CSP: " + event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile));
"""


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:  # type: ignore[override]
        return


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a free port of loopback; its address without a slash."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None or not Path(path).exists():
        pytest.skip("there is no Chromium here")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Heard:
    """What a page complained of: errors in its console, exceptions of its scripts, requests that failed."""

    complaints: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        # a download, or a page that is left while it loads, ends its request itself
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")


@contextmanager
def context(browser: Browser, address: str, **options: Any) -> Iterator[BrowserContext]:
    """A fresh browser profile; addresses in it may be given as paths."""
    opened = browser.new_context(base_url=address, **{"viewport": DESKTOP, "locale": "en-GB", **options})
    opened.set_default_timeout(60_000)
    if options.get("java_script_enabled", True):
        opened.add_init_script(_TELL_VIOLATIONS)
    try:
        yield opened
    finally:
        opened.close()


@dataclass
class Reader:
    """Somebody at the browser, whose ``steps`` are counted: a click, a field filled, a choice, a key pressed.

    Elements are found as a reader names them: by role and visible name.
    """

    page: Page
    steps: list[str] = field(default_factory=list)

    def starts_at(self, path: str) -> Reader:
        self.page.goto(path)
        return self

    def clicks(self, name: str, role: str = "link", within: str = "body", nth: int = 0) -> Reader:
        self._did(f"click {role} {name}")
        self.page.locator(within).first.get_by_role(role, name=name).nth(nth).click()  # type: ignore[arg-type]
        return self

    def opens(self, words: str, within: str = "body") -> Reader:
        """A disclosure, by the words on it."""
        self._did(f"open {words}")
        self.page.locator(within).first.locator("summary", has_text=words).first.click()
        return self

    def types(self, label: str, text: str) -> Reader:
        self._did(f"type into {label}")
        self.page.get_by_label(label).first.fill(text)
        return self

    def presses(self, key: str) -> Reader:
        self._did(f"press {key}")
        self.page.keyboard.press(key)
        self.page.wait_for_load_state()
        return self

    def chooses(self, label: str, option: str) -> Reader:
        self._did(f"choose {option}")
        self.page.get_by_label(label).first.select_option(label=option)
        return self

    def ticks(self, label: str, within: str = "body") -> Reader:
        self._did(f"tick {label}")
        self.page.locator(within).first.get_by_label(label).first.check()
        return self

    def downloads(self, name: str, role: str = "link") -> Path:
        """Clicks what leads to a file; where the file lies."""
        self._did(f"download {name}")
        with self.page.expect_download() as coming:
            self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        return Path(coming.value.path())

    def _did(self, step: str) -> None:
        self.steps.append(step)

    def sees(self, text: str, within: str = "main") -> Reader:
        shown = self.page.locator(within).first.inner_text()
        assert text in shown, f"“{text}” is not to be seen at {self.page.url} after {self.steps}"
        return self


def tab_to(page: Page, selector: str, most: int = 120) -> None:
    """Presses Tab until what the selector names has the focus, which must be visible at every stop."""
    for _ in range(most):
        page.keyboard.press("Tab")
        state = page.evaluate(
            """selector => {
              const at = document.activeElement, style = getComputedStyle(at);
              const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
              // boxes that are ticked are drawn beside the field that has the focus
              const next = at.nextElementSibling, editor = at.closest("#sparql-code");
              const drawn = next ? getComputedStyle(next, "::before").boxShadow : "none";
              const around = editor ? getComputedStyle(editor).outlineStyle : "none";
              return { found: at.matches(selector), name: at.outerHTML.slice(0, 120), body: at === document.body,
                       visible: ring || [style.boxShadow, drawn, around].some(how => how !== "none") };
            }""",
            selector,
        )
        if state["body"]:
            continue
        assert state["visible"], f"no focus to be seen on {state['name']}"
        if state["found"]:
            return
    raise AssertionError(f"{most} presses of Tab do not reach {selector} at {page.url}")
