"""One recurring issue: its passages over councils and years, what was done, what followed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from flask import Blueprint, render_template
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from indexer.analyses.corpus import Choice
from webapp import charts
from webapp.analysis_answers import answer, corpus, facts
from webapp.errors import Gone
from webapp.item_pages import resource
from webapp.services import OpenRelease, Services, kept_with_release
from webapp.tables import Row


def blueprint(services: Services) -> Blueprint:
    del services  # all that the page needs is the release of the request
    pages = Blueprint("issue_pages", __name__)

    @pages.get("/issues/<name>")
    def issue(name: str) -> AnyResponse:
        return resource("issues", name, issue_page)

    return pages


@kept_with_release()
def _members(release: OpenRelease) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in ("issue_members", "discovery_members"):
        for row in corpus(release).table(name).to_pylist():
            found[row["issue"]].append(row["item"])
    return found


def examples(release: OpenRelease, issues: Sequence[str]) -> dict[str, list[Row]]:
    """The three passages after the representative of each group."""
    return {
        issue: [row for iri in _members(release)[issue][1:4] if (row := release.item(iri)) is not None]
        for issue in issues
    }


def issue_page(release: OpenRelease, key: str) -> str:
    found = next(
        (
            (name, row)
            for name in ("recurring", "discoveries")
            for row in answer(release, name, Choice())
            if row["issue"] == key
        ),
        None,
    )
    if found is None:
        if release.iri_of(f"issues/{key}") in release.removed:
            raise Gone("This issue is no longer found.")
        raise NotFound("There is no recurring issue of this name in the current release.")
    kind, row = found
    members = [item for iri in _members(release)[key] if (item := release.item(iri)) is not None]
    years = Counter(item["year"] for item in members if item["year"])
    return render_template(
        "issue.html",
        row=row,
        uncovered=kind == "discoveries",
        related=[
            r
            for r in answer(release, kind, Choice())
            if row["family"] is not None and r["family"] == row["family"] and r["issue"] != key
        ],
        members=members,
        years=sorted(years.items()),
        followed=next((r for r in answer(release, "what-followed-issues", Choice()) if r["issue"] == key), None),
        actions=[(item, acts) for item in members if (acts := release.actions_answering(item["iri"]))],
        percent=charts.in_percent,
        coverage=facts(release),
        iri=release.iri_of(f"issues/{key}"),
    )
