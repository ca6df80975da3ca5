"""The dataset as a whole, and the pages that say what this is: data, about, methods, accessibility, health."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, send_file
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from graph.errors import ReleaseError
from indexer import exports
from indexer.tables import SCHEMAS
from webapp.description import describe, serialise
from webapp.errors import problem
from webapp.negotiation import DATA_FORMS, data_form, split_suffix
from webapp.search_pages import year_range
from webapp.services import OpenRelease, Services, manifest_figures
from webapp.tables import Table

#: Name under /data/dumps → the writer of ``indexer.exports`` that makes it.
DUMPS = {"items.jsonl": exports.write_items, "graph.nq.gz": exports.write_rdf, "graph.trig.gz": exports.write_rdf}
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
        return _dataset(g.release, suffix)

    @pages.get("/.well-known/void")
    def void() -> AnyResponse:
        return redirect("/data.ttl", 303)

    @pages.get("/data/<name>")
    def release_data(name: str) -> AnyResponse:
        """The IRI of one release: of the current one its description, of others where they went."""
        key, suffix = split_suffix(name)
        if key != g.release.id:
            raise NotFound(f"Release {key[:60]} is not served here; the current one is {g.release.id}.")
        return _dataset(g.release, suffix) if suffix else redirect("/data", 303)

    @pages.get("/data/tables/<name>.parquet")
    def table(name: str) -> Response:
        if name not in SCHEMAS:
            raise NotFound("There is no such table.")
        file = g.release.path / "tables" / f"{name}.parquet"
        return send_file(file.absolute(), mimetype="application/vnd.apache.parquet", download_name=file.name)

    @pages.get("/data/dumps/<name>")
    def dump(name: str) -> Response:
        if name not in DUMPS:
            raise NotFound("There is no such dump.")
        file = cache / g.release.id / name
        if not file.is_file():
            with writing:
                if not file.is_file():
                    DUMPS[name](g.release.release, file)
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
        """200 with the release that is served; 503 where there is none."""
        try:
            release = services.current()
        except ReleaseError as err:
            return problem(503, str(err))
        response = Response(f'{{"status": "ok", "release": "{release.id}"}}', content_type="application/json")
        response.headers["Cache-Control"] = "no-store"
        return response

    return pages


def _dataset(release: OpenRelease, suffix: str) -> Response:
    """What the graph says of the dataset and of this release."""
    form = data_form(suffix)
    if form is None:
        raise NotFound("The dataset is described as " + ", ".join(f".{f.suffix}" for f in DATA_FORMS) + ".")
    triples = describe(release.graph, release.iri_of("data")) + describe(
        release.graph, release.iri_of(f"data/{release.id}")
    )
    if not triples:
        raise NotFound("The graph of this release does not describe the dataset.")
    response = Response(serialise(list(dict.fromkeys(triples)), form, release.base_iri), content_type=form.media_type)
    response.headers["Link"] = f'<{request.host_url}data>; rel="describedby"'
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
