"""The OpenAPI 3.1 document of the JSON API: schemas from the tables, examples from the release that is served."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pyarrow as pa

from indexer.analyses.registry import ANALYSES
from indexer.incidence import MEASURES
from indexer.tables import SCHEMAS
from webapp.errors import PROBLEM
from webapp.exports import COLUMNS
from webapp.search_query import MODES, ORDERS, PARAMETERS
from webapp.services import OpenRelease
from webapp.settings import Settings

MAX_LIMIT = 500
_ITEM_KINDS = ["findings", "recommendations", "actions"]
_KINDS = ["documents", "inspections", "judgements", *_ITEM_KINDS]

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_FLAG: dict[str, Any] = {"type": "boolean"}
_IRI: dict[str, Any] = {"type": "string", "format": "uri"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _object(properties: dict[str, Any], *, more: bool = False) -> dict[str, Any]:
    closed = {} if more else {"additionalProperties": False}
    return {"type": "object", "required": sorted(properties), "properties": properties, **closed}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _row(table: str) -> dict[str, Any]:
    """The schema of a row of a release table."""
    properties = {}
    for field in SCHEMAS[table]:
        if pa.types.is_list(field.type):
            properties[field.name] = {**_list(_TEXT), "type": ["array", "null"]}
        elif pa.types.is_integer(field.type):
            properties[field.name] = _or_null({"type": "integer"})
        elif pa.types.is_floating(field.type):
            properties[field.name] = _or_null(_NUMBER)
        else:
            properties[field.name] = _or_null(_TEXT)
    return _object(properties, more=True)


def schemas() -> dict[str, Any]:
    texts_or_null = {"responsible", "themes"}
    counts = {"rank", "actions_in_answer"}
    result = {
        column: _list(_TEXT)
        if column in texts_or_null
        else _COUNT
        if column in counts
        else _or_null({"type": "integer"})
        if column == "page"
        else _or_null(_TEXT)
        for column in COLUMNS
    }
    result |= {"kind": _TEXT, "text": _TEXT, "iri": _IRI, "url": _TEXT, "confidence": _NUMBER}
    place = {
        "type": ["array", "null"],
        "items": _COUNT,
        "description": "First and last character that match by meaning",
    }
    result["why"] = _object({"words": _list(_TEXT), "sentence": place, "theme": _or_null(_TEXT)}, more=True)
    return {
        "Result": _object(result),
        "Row": {"anyOf": [_row("documents"), _row("inspections"), _row("judgements"), _row("items")]},
        "Similar": _object(
            {
                "iri": _IRI,
                "text": _TEXT,
                "authority": _or_null(_TEXT),
                "gss_code": _or_null(_TEXT),
                "score": _NUMBER,
                "statistical_neighbour": _FLAG,
                "actions": _list(_IRI),
                "next_overall_grade": _or_null(_TEXT),
            },
            more=True,
        ),
        "Facet": _list(_object({"value": _TEXT, "count": _COUNT})),
        "Theme": _object(
            {
                "id": _TEXT,
                "iri": _IRI,
                "label": _TEXT,
                "broader": _or_null(_TEXT),
                "other_labels": _list(_TEXT),
                "recommendations": _COUNT,
                "strengths": _COUNT,
                "improvements": _COUNT,
                "actions": _COUNT,
                "inspections": _COUNT,
                "all_inspections": _COUNT,
            },
            more=True,
        ),
        "Authority": _object(
            {
                "gss_code": _TEXT,
                "name": _TEXT,
                "region": _or_null(_TEXT),
                "type": _or_null(_TEXT),
                "neighbours": _list(_TEXT),
                "succeeded_by": _list(_TEXT),
                "documents": _COUNT,
                "inspections": _COUNT,
                "iri": _IRI,
            },
            more=True,
        ),
        "Correction": _object(
            {
                "iri": _IRI,
                "item": _IRI,
                "kind": {"type": "string", "enum": ["correct", "hide", "themes", "link", "unlink"]},
                "by": _TEXT,
                "when": {"type": "string", "format": "date-time"},
                "why": _TEXT,
                "in_force": _FLAG,
            }
        ),
        "Problem": {
            "type": "object",
            "required": ["title", "status", "detail"],
            "properties": {
                "type": _TEXT,
                "title": _TEXT,
                "status": {"type": "integer"},
                "detail": _TEXT,
                "instance": _TEXT,
            },
        },
    }


def _parameter(name: str, text: str, where: str = "query", **schema: Any) -> dict[str, Any]:
    many = schema.get("type") == "array"
    described = {"name": name, "in": where, "description": text, "required": where == "path", "schema": schema}
    return described | ({"style": "form", "explode": True} if many else {})


def operations(release: OpenRelease) -> list[dict[str, Any]]:
    """Every operation: path, id, what it does, parameters, an example of this release, the properties of its answer."""
    strings: dict[str, Any] = {"type": "array", "items": _TEXT}
    search = [
        _parameter("q", "What to look for; empty for everything", type="string", maxLength=500),
        *(_parameter(p.name, p.takes, **strings) for p in PARAMETERS),
        _parameter("since", "First year", type="integer", minimum=1900, maximum=2100),
        _parameter("until", "Last year", type="integer", minimum=1900, maximum=2100),
        _parameter("sort", "Order of results", type="string", enum=list(ORDERS), default="relevance"),
        _parameter("near", "GSS code or name of a council whose statistical neighbours come first", type="string"),
        _parameter("mode", "How to search", type="string", enum=list(MODES), default="hybrid"),
        _parameter("page", "Page of results, 1-based", type="integer", minimum=1, maximum=100_000, default=1),
        _parameter("limit", "Results on a page", type="integer", minimum=1, maximum=MAX_LIMIT, default=20),
    ]

    def ids(kinds: list[str]) -> list[dict[str, Any]]:
        own = _parameter("kind", "First path segment of the IRI", "path", type="string", enum=kinds)
        return [own, _parameter("id", "Last path segment of the IRI", "path", type="string", pattern="^[^/.?#]+$")]

    path = _example_path(release)
    lists = (
        ("themes", "The theme scheme with counts", "Theme"),
        ("authorities", "Councils with what the release holds of them", "Authority"),
        ("recurring", "Themes that the same council was told about again", None),
        ("corrections", "What curators have put right in this release", "Correction"),
        ("analyses", "The analyses that there are", None),
    )
    return [
        {
            "path": "/api/search",
            "id": "search",
            "summary": "Search by meaning and words, with exact counts",
            "parameters": search,
            "example": "/api/search?q=supervision&kind=recommendation",
            "answer": {
                "release": _TEXT,
                "query": _TEXT,
                "url": _TEXT,
                "total": _COUNT,
                "page": {"type": "integer", "minimum": 1},
                "pages": {"type": "integer", "minimum": 1},
                "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
                "close": _FLAG,
                "notices": _list(_TEXT),
                "facets": {"type": "object", "additionalProperties": _ref("Facet")},
                "results": _list(_ref("Result")),
            },
            "errors": ["400"],
        },
        {
            "path": "/api/items/{kind}/{id}",
            "id": "item",
            "summary": "One document, inspection, judgement, finding, recommendation or action",
            "parameters": ids(_KINDS),
            "example": f"/api/items/{path}" if path else None,
            "answer": {"release": _TEXT, "url": _or_null(_TEXT), "iri": _IRI},
            "all_of": _ref("Row"),
            "errors": ["404", "410"],
        },
        {
            "path": "/api/items/{kind}/{id}/similar",
            "id": "similar",
            "summary": "Items of other councils that are near in meaning",
            "parameters": ids(_ITEM_KINDS),
            "example": f"/api/items/{path}/similar" if path else None,
            "answer": {"release": _TEXT, "iri": _IRI, "similar": _list(_ref("Similar"))},
            "errors": ["404", "410"],
        },
        *(
            {
                "path": f"/api/{key}",
                "id": key,
                "summary": summary,
                "parameters": [],
                "example": f"/api/{key}",
                "answer": {
                    "release": _TEXT,
                    "total": _COUNT,
                    key: _list(_ref(schema) if schema else {"type": "object"}),
                },
                "errors": [],
            }
            for key, summary, schema in lists
        ),
        {
            "path": "/api/analyses/{id}",
            "id": "analysis",
            "summary": "One analysis: its rows, what it counts, and what the release covers",
            "parameters": [
                _parameter("id", "Which analysis", "path", type="string", enum=list(ANALYSES)),
                _parameter("measure", "What is counted", type="string", enum=list(MEASURES), default="recommended"),
                _parameter("council", "GSS code or name, where the analysis is relative to a council", type="string"),
            ],
            "example": "/api/analyses/trends",
            "answer": {
                "release": _TEXT,
                "analysis": _TEXT,
                "question": _TEXT,
                "coverage": {"type": "object"},
                "columns": {"type": "array"},
                "total": _COUNT,
                "rows": _list({"type": "object"}),
            },
            "errors": ["400", "404"],
        },
        {
            "path": "/api/release",
            "id": "release",
            "summary": "Id, counts and versions of the release",
            "parameters": [],
            "example": "/api/release",
            "answer": {
                "release": _TEXT,
                "created": {"type": "string", "format": "date-time"},
                "counts": {"type": "object", "additionalProperties": _COUNT},
                "versions": {"type": "object", "additionalProperties": _TEXT},
            },
            "errors": [],
        },
    ]


def _example_path(release: OpenRelease) -> str | None:
    """Kind and id of the release's first recommendation, else of any item."""
    items = release.tables.items
    numbers = list(items.numbers("kind", "recommendation")) or list(range(min(1, len(items))))
    return release.path_of(items.column("iri")[numbers[0]]).lstrip("/") if numbers else None


def description(root: str, release: OpenRelease, settings: Settings) -> dict[str, Any]:
    """The document; its examples are taken from ``release``."""
    limits = (
        f"A client may make {settings.requests_per_minute} requests a minute, {settings.requests_burst} at one go and "
        f"{settings.requests_at_once} at a time; more are answered 429 with Retry-After. "
        if settings.requests_per_minute
        else ""
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "inspectgraph",
            "version": version("inspectgraph"),
            "description": "Findings, recommendations and actions of council inspections. Read-only and without a key; "
            "every answer names the release that it was taken from. Filters that are not known are left out, with a "
            f"notice. Pages follow one another by Link headers; X-Total-Count has the total. {limits}"
            "Everything at once: see /data.",
            "license": {"name": "Data: see /data", "url": f"{root}/data"},
        },
        "servers": [{"url": root or "/"}],
        "paths": {operation["path"]: {"get": _described(operation)} for operation in operations(release)},
        "components": {"schemas": schemas()},
    }


def _described(operation: dict[str, Any]) -> dict[str, Any]:
    answer = _object(operation["answer"], more=True)
    if "all_of" in operation:
        answer = {"allOf": [answer, operation["all_of"]]}
    found: dict[str, Any] = {
        "description": "Found",
        "headers": {"X-Release": {"description": "The release", "schema": _TEXT}},
        "content": {"application/json": {"schema": answer}},
    }
    if operation["id"] == "search":
        found["headers"] |= {
            "X-Total-Count": {
                "description": "Results on all pages",
                "schema": {"type": "string", "pattern": "^[0-9]+$"},
            },
            "Link": {"description": "Addresses of the previous and the next page, rel prev and next", "schema": _TEXT},
        }
    failure = {"content": {PROBLEM: {"schema": _ref("Problem")}}}
    told = {
        "400": "A parameter that cannot be read",
        "404": "Not in this release",
        "410": "Removed, with the reason",
        "429": "Too many requests; Retry-After says when to come back",
        "503": "No release to serve; Retry-After says when to come back",
    }
    retry = {"Retry-After": {"description": "Seconds", "schema": {"type": "string"}}}
    codes = {
        code: {"description": told[code], **failure, **({"headers": retry} if code in {"429", "503"} else {})}
        for code in sorted({*operation["errors"], "429", "503"})
    }
    return {
        "operationId": operation["id"],
        "summary": operation["summary"],
        "parameters": _with_examples(operation),
        "responses": {"200": found} | codes,
    }


def _with_examples(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """The parameters, with the values of the operation's example."""
    values: dict[str, str] = {}
    if operation["example"] and "{kind}" in operation["path"]:
        values = dict(zip(("kind", "id"), operation["example"].split("/")[3:5], strict=True))
    elif operation["id"] == "analysis":
        values = {"id": "trends"}
    elif operation["id"] == "search":
        values = {"q": "supervision"}
    return [p | ({"example": values[p["name"]]} if p["name"] in values else {}) for p in operation["parameters"]]
