"""The JSON API under /api and its description. Parameters come from the table that the search page reads."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, g, render_template, request
from werkzeug.exceptions import BadRequest, NotFound

from graph.curation import Journal, in_force
from webapp import openapi
from webapp.errors import Gone
from webapp.exports import public_root, rows_of
from webapp.item_pages import lineage, similar_elsewhere
from webapp.labels import Concept
from webapp.openapi import MAX_LIMIT
from webapp.search_query import Query, read_query
from webapp.services import OpenRelease, Services, manifest_figures
from webapp.settings import Settings
from webapp.tables import Row, Table
from webapp.theme_pages import councils_by_region, release_recurrences, theme_figures

#: First path segment of an IRI → its table.
_TABLES = {
    "documents": "documents",
    "inspections": "inspections",
    "judgements": "judgements",
    "findings": "items",
    "recommendations": "items",
    "actions": "items",
}


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("api", __name__)
    settings = services.settings

    @pages.get("/api")
    @pages.get("/api/")
    def index() -> str:
        return render_template("api.html", operations=openapi.operations(g.release))

    @pages.get("/api/openapi.json")
    def described() -> Response:
        return _json(openapi.description(public_root(settings), g.release, settings))

    @pages.get("/api/release")
    def release() -> Response:
        return _json(manifest_figures(g.release))

    @pages.get("/api/search")
    def search() -> Response:
        query = read_query(request.args, g.release, max_characters=settings.query_characters)
        return _search(query, g.release, public_root(settings), settings.page_size)

    @pages.get("/api/items/<any(documents, inspections, judgements, findings, recommendations, actions):kind>/<name>")
    def item(kind: str, name: str) -> Response:
        return _item(g.release, kind, name, public_root(settings))

    @pages.get("/api/items/<any(findings, recommendations, actions):kind>/<name>/similar")
    def similar(kind: str, name: str) -> Response:
        row = _row(g.release, kind, name)
        return _json({"release": g.release.id, "iri": row["iri"], "similar": _similar(g.release, row)})

    @pages.get("/api/themes")
    def themes() -> Response:
        release: OpenRelease = g.release
        found = [_theme(concept, release) for concept in release.labels.themes.concepts.values()]
        return _json({"release": release.id, "total": len(found), "themes": found})

    @pages.get("/api/authorities")
    def authorities() -> Response:
        found = [
            {
                "gss_code": council.authority.gss_code,
                "name": council.authority.name,
                "region": region,
                "type": council.authority.type,
                "neighbours": list(council.authority.neighbours),
                "abolished": council.authority.abolished,
                "succeeded_by": list(council.authority.succeeded_by),
                "documents": council.documents,
                "inspections": council.inspections,
                "iri": g.release.iri_of(f"authorities/{council.authority.gss_code}"),
            }
            for region, councils in councils_by_region(g.release)
            for council in councils
        ]
        return _json({"release": g.release.id, "total": len(found), "authorities": found})

    @pages.get("/api/corrections")
    def corrections() -> Response:
        return _json(_corrections(g.release, settings))

    @pages.get("/api/recurring")
    def recurring() -> Response:
        found = [
            {
                "theme": r.theme,
                "told": r.told,
                "reinspected": r.councils,
                "again": r.again,
                "share": r.share,
                "interval": r.interval,
                "not_yet_reinspected": r.never_reinspected,
            }
            for r in release_recurrences(g.release)
        ]
        return _json({"release": g.release.id, "total": len(found), "recurring": found})

    @pages.route("/api/<path:rest>", methods=["GET"])
    def unknown(rest: str) -> Response:
        raise NotFound(f"There is no /api/{rest[:80]}; /api/openapi.json lists what there is.")

    return pages


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), content_type="application/json")


def _limit(text: str | None, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MAX_LIMIT):
        raise BadRequest(f"limit must be a number from 1 to {MAX_LIMIT}.")
    return int(text)


def _search(query: Query, release: OpenRelease, root: str, default: int) -> Response:
    limit = _limit(request.args.get("limit"), default)
    found = release.searcher.search(query.request(limit))
    last = max(1, -(-found.total // limit))
    results = list(rows_of(found.hits, release, root))
    for result, hit in zip(results, found.hits, strict=True):
        result["confidence"] = round(hit.confidence, 3)
        result["why"] = {"words": list(hit.why.words), "sentence": hit.why.sentence, "theme": hit.why.theme}
    body = {
        "release": release.id,
        "query": query.text,
        "url": root + query.at(1).url(),
        "total": found.total,
        "page": query.page,
        "pages": last,
        "limit": limit,
        "close": found.close,
        "notices": [*query.notices, *([found.message] if found.message else [])],
        "facets": {
            name: [{"value": v.value, "count": v.count} for v in values] for name, values in found.facets.items()
        },
        "results": results,
    }
    response = _json(body)
    response.headers["X-Total-Count"] = str(found.total)
    links = [
        (rel, query.at(page).url("/api/search", limit=str(limit)))
        for rel, page, there in (("prev", query.page - 1, query.page > 1), ("next", query.page + 1, query.page < last))
        if there
    ]
    if links:
        response.headers["Link"] = ", ".join(f'<{root}{url}>; rel="{rel}"' for rel, url in links)
    return response


def _row(release: OpenRelease, kind: str, name: str) -> Row:
    iri = release.iri_of(f"{kind}/{name}")
    if iri in release.removed:
        raise Gone.because(release.removed[iri])
    table: Table = getattr(release.tables, _TABLES[kind])
    row = table.find("iri", iri)
    if row is None:
        raise NotFound(f"There is no {iri} in release {release.id}.")
    return row


def _item(release: OpenRelease, kind: str, name: str, root: str) -> Response:
    row = _row(release, kind, name)
    body: dict[str, Any] = {"release": release.id, "url": f"{root}/{kind}/{name}", **row}
    if _TABLES[kind] == "items":
        body["theme_links"] = release.tables.theme_links.where("item", row["iri"])
        body["actions"] = release.actions_answering(row["iri"])
        body["similar"] = _similar(release, row)
        body["same_theme_at_other_inspections"] = [other["iri"] for other in lineage(release, row)]
    elif kind == "documents":
        body["items"] = [
            release.tables.items.column("iri")[n] for n in release.tables.items.numbers("document", row["iri"])
        ]
        body["inspections"] = release.tables.inspections.where("document", row["iri"])
    elif kind == "inspections":
        body["judgements"] = release.tables.judgements.where("inspection", row["iri"])
    return _json(body)


def _corrections(release: OpenRelease, settings: Settings) -> dict[str, Any]:
    """Corrections that the release was built with, oldest first, without the values that they replaced."""
    known = set((release.release.manifest.facts.extra.get("corrections") or {}).get("entries", ()))
    entries = [entry for entry in Journal(settings.data).entries() if entry.id in known]
    standing = {entry.id for entry in in_force(entries)}
    found = [
        {
            "iri": release.iri_of(f"corrections/{entry.id}"),
            "item": entry.item,
            "kind": entry.kind,
            "by": entry.who,
            "when": entry.when,
            "why": entry.why,
            "in_force": entry.id in standing,
        }
        for entry in entries
        if entry.kind != "revert"
    ]
    return {"release": release.id, "total": len(found), "corrections": found}


def _similar(release: OpenRelease, row: Row) -> list[dict[str, Any]]:
    return [
        {
            "iri": found.item["iri"],
            "text": found.item["text"],
            "authority": found.item["authority"],
            "gss_code": found.item["gss_code"],
            "score": found.score,
            "statistical_neighbour": found.statistical_neighbour,
            "actions": [action["iri"] for action in found.actions],
            "next_overall_grade": found.next_inspection["overall_grade"] if found.next_inspection else None,
        }
        for found in similar_elsewhere(release, row)
    ]


def _theme(concept: Concept, release: OpenRelease) -> dict[str, Any]:
    figures = theme_figures(release).get(concept.id)
    return {
        "id": concept.id,
        "iri": release.iri_of(f"themes/{concept.id}"),
        "label": concept.label,
        "broader": concept.broader,
        "scope": concept.scope,
        "other_labels": list(concept.other_labels),
        "recommendations": figures.recommendations if figures else 0,
        "strengths": figures.strengths if figures else 0,
        "improvements": figures.improvements if figures else 0,
        "actions": figures.actions if figures else 0,
        "inspections": figures.inspections if figures else 0,
        "all_inspections": figures.all_inspections if figures else 0,
    }
