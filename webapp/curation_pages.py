"""Corrections on the web: 'something wrong here?' for everybody, and forms for curators who are signed in.

Nothing here changes a release: a correction goes to the journal, and a child process publishes the release that has it.
"""

from __future__ import annotations

import hmac
import logging
import subprocess
import sys
import threading
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, redirect, render_template, request
from werkzeug.exceptions import Forbidden, NotFound, TooManyRequests
from werkzeug.wrappers import Response as AnyResponse

from graph.curation import (
    FIELDS,
    POLARITIES,
    RELATIONS,
    CurationError,
    Entry,
    Journal,
    checked,
    in_force,
    now,
    words_of,
)
from ontology.resources import themes
from webapp.curators import SESSION_SECONDS, Attempts, Curators, Session
from webapp.errors import Gone
from webapp.services import OpenRelease, Services
from webapp.tables import Row

_LOG = logging.getLogger(__name__)

COOKIE = "curator"
#: Columns of ``items`` under the names that a correction gives them.
_JOINED = {"responsible": "; "}
_LABELS = {
    "text": "Text",
    "ref": "Printed number",
    "section": "Section",
    "polarity": "Polarity",
    "timescale": "Timescale as printed",
    "date": "Date (EDTF)",
    "responsible": "Who, separated by semicolons",
}
_RELATION_LABELS = {
    "answers": "the recommendation that it answers",
    "restates": "the report's recommendation that it repeats",
    "similar": "a similar item elsewhere",
}
_KINDS = {"findings": "finding", "recommendations": "recommendation", "actions": "action"}


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("curation_pages", __name__)
    settings = services.settings
    curators, journal, attempts = Curators(settings.data), Journal(settings.data), Attempts()
    publisher = Publisher(settings.data) if settings.curation_publish else None

    @pages.before_request
    def _private() -> None:
        g.private = True
        g.session = curators.session(request.cookies.get(COOKIE))
        if request.method == "POST":
            _same_origin()

    def signed_in() -> Session:
        session: Session | None = g.session
        if session is None:
            raise Forbidden("Sign in as a curator first: your session has ended or was never begun.")
        if not hmac.compare_digest(session.csrf.encode(), request.form.get("csrf", "").encode("utf-8", "replace")):
            raise Forbidden("This form was not made for your session: open the page again and resend it.")
        return session

    @pages.get("/curation")
    def index() -> str:
        if g.session is None:
            return render_template("curation_sign_in.html", next=_next(request.args.get("next")))
        return render_template("curation.html", session=g.session, history=_history(journal, g.release))

    @pages.post("/curation/session")
    def sign_in() -> AnyResponse | tuple[str, int]:
        address = request.remote_addr or ""
        onward = _next(request.form.get("next"))
        if not attempts.may_try(address):
            raise TooManyRequests("Too many wrong tokens came from your address. Try again in five minutes.")
        curator = curators.of_token(request.form.get("token", ""))
        if curator is None:
            attempts.was_wrong(address)
            page = render_template("curation_sign_in.html", next=onward, error="This token is not known here.")
            return page, HTTPStatus.FORBIDDEN
        response = redirect(onward, HTTPStatus.SEE_OTHER)
        response.set_cookie(
            COOKIE,
            curators.cookie(curator),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=request.is_secure or settings.public_url.startswith("https:"),
            path="/curation",
        )
        return response

    @pages.post("/curation/session/end")
    def sign_out() -> AnyResponse:
        signed_in()
        response = redirect("/curation", HTTPStatus.SEE_OTHER)
        response.delete_cookie(COOKIE, path="/curation", httponly=True, samesite="Strict")
        return response

    @pages.get("/curation/journal.jsonl")
    def exported() -> Response:
        if g.session is None:
            raise Forbidden("Sign in as a curator first.")
        return Response(journal.path.read_bytes() if journal.path.is_file() else b"", mimetype="application/x-ndjson")

    @pages.get("/curation/items/<any(findings, recommendations, actions):kind>/<name>")
    def item(kind: str, name: str) -> str:
        return _item_page(g.release, kind, name, journal)

    @pages.post("/curation/items/<any(findings, recommendations, actions):kind>/<name>")
    def correct(kind: str, name: str) -> AnyResponse | tuple[str, int]:
        session = signed_in()
        row = _row(g.release, kind, name)
        try:
            draft = _draft(row, session, journal.entries(), g.release)
            journal.append(checked(draft, (theme.id for theme in themes())))
        except CurationError as err:
            return _item_page(g.release, kind, name, journal, str(err)), HTTPStatus.BAD_REQUEST
        if publisher is not None:
            publisher.publish()
        return redirect(f"/curation/items/{kind}/{name}?saved=1", HTTPStatus.SEE_OTHER)

    @pages.post("/curation/revert")
    def revert() -> AnyResponse:
        session = signed_in()
        doomed = request.form.get("entry", "")
        if doomed not in {entry.id for entry in in_force(journal.entries())}:
            raise NotFound("There is no such correction in force.")
        why = request.form.get("why", "").strip()[:2000] or "taken back"
        journal.append(Entry("", "revert", now(), session.curator.name, why, reverts=doomed))
        if publisher is not None:
            publisher.publish()
        return redirect("/curation", HTTPStatus.SEE_OTHER)

    return pages


class Publisher:
    """Publishes corrections in a child process. Two at most: one at work, and one that waits and will see them all."""

    def __init__(self, data_dir: Path) -> None:
        self._command = [sys.executable, "-m", "webapp.cli", "curation", "publish", "--data", str(data_dir.absolute())]
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def publish(self) -> None:
        with self._lock:
            self._children = [child for child in self._children if child.poll() is None]
            if len(self._children) >= 2:
                return
            try:
                child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            except OSError:
                _LOG.exception("the corrections were saved but publishing them could not begin")
            else:
                self._children.append(child)


def _same_origin() -> None:
    """Refuse what another site's page sent; SameSite and the form's token guard against the same."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("This was sent from another site.")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise Forbidden("This was sent from another site.")


def _next(path: str | None) -> str:
    return path if path and path.startswith("/curation") and "\\" not in path and "//" not in path else "/curation"


def _row(release: OpenRelease, kind: str, name: str) -> Row:
    iri = release.iri_of(f"{kind}/{name}")
    if iri in release.removed:
        raise Gone.because(release.removed[iri])
    row = release.item(iri)
    if row is None:
        raise NotFound(f"There is no {_KINDS[kind]} of this name in the current release.")
    return row


def _draft(row: Row, session: Session, entries: Sequence[Entry], release: OpenRelease) -> Entry:
    """The entry that the form asks for. Raises CurationError where it asks for nothing that can be done."""
    form = request.form
    kind = form.get("do", "")
    about: dict[str, Any] = {
        "when": now(),
        "who": session.curator.name,
        "why": " ".join(form.get("why", "").split())[:2000],
        "item": row["iri"],
        "item_kind": row["kind"],
        "words": _words_as_read(row, entries),
    }
    if kind == "hide":
        return Entry("", "hide", **about)
    if kind == "correct":
        shown = _shown(row, entries)
        fields = {
            name: " ".join(form[name].split())
            for name in FIELDS[row["kind"]]
            if name in form and " ".join(form[name].split()) != " ".join(shown[name].split())
        }
        return Entry("", "correct", fields=fields, **about)
    if kind == "themes":
        wanted, present = set(form.getlist("theme")), set(_shown_themes(row, entries))
        return Entry("", "themes", add=tuple(sorted(wanted - present)), remove=tuple(sorted(present - wanted)), **about)
    if kind in {"link", "unlink"}:
        target = _target(form.get("target", ""), release)
        if target is not None and target["kind"] not in RELATIONS.get(form.get("relation", ""), ((), ()))[1]:
            raise CurationError(f"This relation does not lead to items of the kind {target['kind']}.")
        return Entry(
            "",
            "link" if kind == "link" else "unlink",
            relation=form.get("relation", ""),
            target=target["iri"] if target else "",
            target_words=_words_as_read(target, entries) if target else "",
            **about,
        )
    raise CurationError("Say what to do: correct, hide, themes, link or unlink.")


def _target(address: str, release: OpenRelease) -> Row | None:
    """The item that an address names: its IRI, or its address on this site."""
    address = address.strip()
    if not address:
        return None
    path = address.removeprefix(release.base_iri) if address.startswith(release.base_iri) else urlsplit(address).path
    row = release.item(release.iri_of(path.split("#")[0].rstrip("/")))
    if row is None:
        raise CurationError(f"{address[:200]} is no finding, recommendation or action of the current release.")
    return row


def _words_as_read(row: Row, entries: Sequence[Entry]) -> str:
    """The digest of an item's words before any correction."""
    earlier = [entry.words for entry in in_force(entries) if entry.item == row["iri"]]
    return earlier[0] if earlier else words_of(row["text"])


def _shown(row: Row, entries: Sequence[Entry]) -> dict[str, str]:
    """The fields of an item with the corrections that wait for publication."""
    values = {}
    for name in FIELDS[row["kind"]]:
        value = row["text"] if name == "text" else row.get(name)
        values[name] = _JOINED.get(name, "").join(value) if isinstance(value, list | tuple) else str(value or "")
    for entry in in_force(entries):
        if entry.item == row["iri"]:
            values |= entry.fields
    return values


def _shown_themes(row: Row, entries: Sequence[Entry]) -> list[str]:
    found = list(row["themes"] or ())
    for entry in in_force(entries):
        if entry.item == row["iri"] and entry.kind == "themes":
            found = [theme for theme in found if theme not in entry.remove]
            found += [theme for theme in entry.add if theme not in found]
    return found


def _item_page(release: OpenRelease, kind: str, name: str, journal: Journal, error: str = "") -> str:
    row = _row(release, kind, name)
    entries = journal.entries()
    relations = [name for name, (sources, _) in RELATIONS.items() if row["kind"] in sources]
    return render_template(
        "curation_item.html",
        row=row,
        kind=kind,
        session=g.session,
        error=error,
        saved="saved" in request.args,
        fields=[(name, _LABELS[name], value) for name, value in _shown(row, entries).items()],
        polarities=POLARITIES,
        chosen=_shown_themes(row, entries),
        schemes=[(theme.id, theme.label) for theme in themes()],
        relations=[(name, _RELATION_LABELS[name]) for name in relations],
        history=_history(journal, release, row["iri"]),
    )


def _history(journal: Journal, release: OpenRelease, item: str | None = None) -> list[dict[str, Any]]:
    """Corrections, newest first, with what became of each: published, waiting, taken back, or without its item."""
    entries = journal.entries()
    standing = {entry.id for entry in in_force(entries)}
    published = release.release.manifest.facts.extra.get("corrections") or {}
    applied, orphaned = set(published.get("entries", ())), set(published.get("orphaned", ()))

    def state(entry: Entry) -> str:
        if entry.id not in standing:
            return "taken back"
        if entry.id not in applied:
            return "waits for publication"
        return "its item is gone" if entry.id in orphaned else "published"

    return [
        {"entry": entry, "state": state(entry), "in_force": entry.id in standing}
        for entry in reversed(entries)
        if entry.kind != "revert" and (item is None or entry.item == item)
    ]
