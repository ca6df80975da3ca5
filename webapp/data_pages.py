"""The dataset as a whole, and the pages that say what this is: data, about, methods, accessibility, health."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pyoxigraph as ox
from flask import Blueprint, Response, g, redirect, render_template, request, send_file
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from graph.description import DatasetFacts, Download, dataset_triples
from graph.errors import ReleaseError
from indexer import exports
from indexer.tables import SCHEMAS
from webapp.description import serialise
from webapp.errors import problem
from webapp.exports import public_root
from webapp.negotiation import DATA_FORMS, data_form, split_suffix
from webapp.search_pages import year_range
from webapp.services import OpenRelease, Services, manifest_figures
from webapp.settings import Settings
from webapp.tables import Table

#: Name under /data/dumps → the writer of ``indexer.exports`` that makes it.
DUMPS = {
    "items.jsonl": (exports.write_items, "application/x-ndjson", "Every item, one JSON object a line"),
    "graph.nq.gz": (exports.write_rdf, "application/n-quads", "The graph as N-Quads, compressed"),
    "graph.trig.gz": (exports.write_rdf, "application/trig", "The graph as TriG, compressed"),
}
PARQUET = "application/vnd.apache.parquet"
_DUMP_TYPES = {".jsonl": "application/x-ndjson", ".gz": "application/gzip"}


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("data_pages", __name__)
    cache = services.settings.data / "cache" / "dumps"
    writing = threading.Lock()

    @pages.get("/data")
    def data() -> str:
        release: OpenRelease = g.release
        return render_template(
            "data.html",
            figures=manifest_figures(release),
            tables=[(name, _size(release.path / "tables" / f"{name}.parquet")) for name in SCHEMAS],
            forms=DATA_FORMS,
        )

    @pages.get("/data.<suffix>")
    def dataset(suffix: str) -> Response:
        return _dataset(g.release, suffix, services.settings)

    @pages.get("/.well-known/void")
    def void() -> AnyResponse:
        return redirect("/data.ttl", 303)

    @pages.get("/data/<name>")
    def release_data(name: str) -> AnyResponse:
        """The IRI of one release: of the current one its description, of others where they went."""
        key, suffix = split_suffix(name)
        if key != g.release.id:
            raise NotFound(f"Release {key[:60]} is not served here; the current one is {g.release.id}.")
        return _dataset(g.release, suffix, services.settings) if suffix else redirect("/data", 303)

    @pages.get("/data/tables/<name>.parquet")
    def table(name: str) -> Response:
        if name not in SCHEMAS:
            raise NotFound("There is no such table.")
        file = g.release.path / "tables" / f"{name}.parquet"
        return send_file(file.absolute(), mimetype=PARQUET, download_name=file.name)

    @pages.get("/data/dumps/<name>")
    def dump(name: str) -> Response:
        if name not in DUMPS:
            raise NotFound("There is no such dump.")
        file = cache / g.release.id / name
        if not file.is_file():
            with writing:
                if not file.is_file():
                    DUMPS[name][0](g.release.release, file)
                    _drop_others(cache, g.release.id)
        return send_file(file.absolute(), mimetype=_DUMP_TYPES[file.suffix], as_attachment=True, download_name=name)

    @pages.get("/about")
    def about() -> str:
        return render_template("about.html")

    @pages.get("/methods")
    def methods() -> str:
        release: OpenRelease = g.release
        return render_template(
            "methods.html",
            figures=manifest_figures(release),
            coverage=coverage(release),
            accuracy=release.release.manifest.facts.extra.get("accuracy") or {},
            rules=rule_figures(release.tables.items),
        )

    @pages.get("/accessibility")
    def accessibility() -> str:
        return render_template("accessibility.html")

    @pages.get("/health")
    def health() -> Response:
        """200 with the release that is served, 503 where there is none; ``?live``: does the process answer at all."""
        if "live" in request.args:
            return _uncached({"status": "ok"})
        try:
            release = services.current()
        except ReleaseError as err:
            return problem(503, str(err))
        damage = list(release.release.damage)
        return _uncached({"status": "degraded" if damage else "ok", "release": release.id, "damage": damage})

    return pages


def _dataset(release: OpenRelease, suffix: str, settings: Settings) -> Response:
    """DCAT and VoID of the dataset and of this release."""
    form = data_form(suffix)
    if form is None:
        raise NotFound("The dataset is described as " + ", ".join(f".{f.suffix}" for f in DATA_FORMS) + ".")
    root = public_root(settings)
    triples = [quad.triple for quad in ox.parse(_dataset_triples(release, root), format=ox.RdfFormat.N_TRIPLES)]
    response = Response(serialise(triples, form), content_type=f"{form.media_type}; charset=utf-8")
    response.headers["Link"] = f'<{root}/data>; rel="describedby"'
    return response


@lru_cache(maxsize=4)
def _dataset_triples(release: OpenRelease, root: str) -> bytes:
    """Counting classes and properties takes seconds on a large graph, and never changes within a release."""
    facts = DatasetFacts(
        release=release.id,
        created=release.created,
        triples=len(release.graph),
        subjects=_count(release, "SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s ?p ?o }"),
        documents=len(release.tables.documents),
        graphs=sum(1 for _ in release.graph.named_graphs()),
        classes=_counts(release, "SELECT ?key (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s a ?key } GROUP BY ?key"),
        properties=_counts(release, "SELECT ?key (COUNT(*) AS ?n) WHERE { ?s ?key ?o } GROUP BY ?key"),
        endpoint=f"{root}/sparql",
        downloads=[
            Download(f"{root}/data/dumps/{name}", media_type, title) for name, (_, media_type, title) in DUMPS.items()
        ]
        + [
            Download(f"{root}/data/tables/{name}.parquet", PARQUET, f"Table of {name.replace('_', ' ')}")
            for name in SCHEMAS
        ],
    )
    return dataset_triples(facts, release.base_iri)


def _solutions(release: OpenRelease, query: str) -> Iterator[ox.QuerySolution]:
    answer = release.graph.query(query, use_default_graph_as_union=True)
    assert isinstance(answer, ox.QuerySolutions)
    yield from answer


def _count(release: OpenRelease, query: str) -> int:
    return int(next(_solutions(release, query))["n"].value)


def _counts(release: OpenRelease, query: str) -> dict[str, int]:
    return {solution["key"].value: int(solution["n"].value) for solution in _solutions(release, query)}


def _uncached(body: dict[str, Any]) -> Response:
    response = Response(msgspec.json.encode(body), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _drop_others(cache: Path, kept: str) -> None:
    for folder in cache.iterdir():
        if folder.is_dir() and folder.name != kept:
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
            folder.rmdir()


def coverage(release: OpenRelease) -> dict[str, Any]:
    """What the release holds: without this no count of it means anything."""
    documents, inspections = release.tables.documents, release.tables.inspections
    main = inspections.numbers("position", 0)
    return {
        "documents": len(documents),
        "kinds": sorted(((kind, len(rows)) for kind, rows in documents.groups("kind").items()), key=lambda p: -p[1]),
        "councils": len(documents.groups("gss_code")),
        "unnamed": documents.column("gss_code").count(None),
        "years": year_range(release),
        "inspections": len(main),
        "frameworks": sorted(
            ((name, len(rows)) for name, rows in inspections.groups("framework_id").items()), key=lambda p: -p[1]
        ),
        "failed": [source for source in release.release.manifest.facts.sources if source.error],
    }


def rule_figures(items: Table) -> list[tuple[str, str, int, float | None]]:
    """(kind, rule, items, share right when checked) of every rule that made items."""
    found: dict[tuple[str, str], tuple[int, float | None]] = {}
    for kind, rule, score in zip(items.column("kind"), items.column("rule"), items.column("score"), strict=True):
        if rule:
            found[kind, rule] = (found.get((kind, rule), (0, None))[0] + 1, score)
    return sorted(((kind, rule, n, score) for (kind, rule), (n, score) in found.items()), key=lambda r: (r[0], -r[2]))
