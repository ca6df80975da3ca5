"""The charts in a real browser: drawn under the strict Content-Security-Policy, with every value of the table."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html as lxml_html
from werkzeug.serving import make_server

from tests.small_release import publish
from webapp import create_app
from webapp.services import Services
from webapp.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

PATHS = [
    "/analyses/themes-by-year?measure=told",
    "/analyses/themes-by-grade?measure=told",
    "/analyses/trends?measure=told",
    "/analyses/coverage",
    "/recurring",
    "/themes/management-oversight",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("charts") / "data"
    publish(data)
    services = Services(Settings(data=data))
    server = make_server("127.0.0.1", 0, create_app(services.settings, services), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    services.current().sparql.close()


def drawn(url: str, profile: Path) -> tuple[lxml_html.HtmlElement, str]:
    """The page as the browser has it after its scripts have run, and what the browser complained of."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
            "--enable-logging=stderr", "--window-size=1280,4000", "--virtual-time-budget=15000",
            "--dump-dom", url,
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    complaints = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return lxml_html.fromstring(done.stdout), complaints


@pytest.mark.parametrize("path", PATHS)
def test_a_chart_is_drawn_under_the_policy_of_the_site(address: str, tmp_path: Path, path: str) -> None:
    tree, complaints = drawn(address + path, tmp_path)
    figures = tree.cssselect("figure.chart")
    assert figures
    for figure in figures:
        assert figure.cssselect("svg path, svg rect"), path
        assert [b.text_content() for b in figure.cssselect("button")] == ["Chart as PNG", "Chart as SVG"]
    assert "Content Security Policy" not in complaints, complaints
