"""What the editor at ``/sparql`` needs of the server: the words that it completes, and leave for one style sheet.

The editor is a package from npm that is served from here unchanged (``webapp/static/yasgui.json`` says which).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol
from weakref import WeakKeyDictionary

import msgspec
import pyoxigraph as ox
from flask import Blueprint, Response, request

from graph.store import GraphReader
from ontology.namespaces import PREFIXES, RDF

#: The hash of the one style sheet that the editor's result table writes into the page (for its movable columns). It is
#: allowed on the editor's page alone; any other inline style stays forbidden there too.
TABLE_STYLE = "'sha256-zCK2EVMoPc04mRF/g5CotUvxbJPWS+8V0b+s9ptqQIk='"


class HoldsGraph(Hashable, Protocol):
    """What completion needs of a release."""

    @property
    def base_iri(self) -> str: ...

    @property
    def graph(self) -> GraphReader: ...


def blueprint(current: Callable[[], HoldsGraph]) -> Blueprint:
    pages = Blueprint("sparql_editor", __name__)

    @pages.get("/sparql/editor.json")
    def words() -> Response:
        return Response(completions(current()), content_type="application/json")

    @pages.after_app_request
    def allow_table_style(response: Response) -> Response:
        policy = response.headers.get("Content-Security-Policy")
        if policy is not None and request.endpoint == "sparql.endpoint" and response.mimetype == "text/html":
            allowed = policy.replace("style-src 'self'", f"style-src 'self' {TABLE_STYLE}")
            response.headers["Content-Security-Policy"] = allowed
        return response

    return pages


_KNOWN: WeakKeyDictionary[HoldsGraph, bytes] = WeakKeyDictionary()


def completions(release: HoldsGraph) -> bytes:
    """JSON of prefixes, classes and properties, the last two sorted: what VoID would count, without the counts.

    Kept for as long as the release is served, and without keeping it.
    """
    if (known := _KNOWN.get(release)) is None:
        known = _KNOWN[release] = _completions(release)
    return known


def _completions(release: HoldsGraph) -> bytes:
    words = {
        "base": release.base_iri,
        "prefixes": PREFIXES,
        "classes": _named(release.graph, f"SELECT DISTINCT ?term WHERE {{ ?s <{RDF}type> ?term }}"),
        "properties": _named(release.graph, "SELECT DISTINCT ?term WHERE { ?s ?term ?o }"),
    }
    return msgspec.json.encode(words)


def _named(graph: GraphReader, query: str) -> list[str]:
    answer = graph.query(query, use_default_graph_as_union=True)
    assert isinstance(answer, ox.QuerySolutions)
    terms = (solution["term"] for solution in answer)
    return sorted(term.value for term in terms if isinstance(term, ox.NamedNode))
