"""The dataset as a whole, and the pages that say what this is: data, about, methods, accessibility, health."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pyoxigraph as ox
from flask import Blueprint, Response, g, redirect, render_template, request, send_file
from werkzeug.exceptions import NotFound, ServiceUnavailable
from werkzeug.wrappers import Response as AnyResponse

from graph.description import (
    ATTRIBUTION,
    OPEN_GOVERNMENT_LICENCE,
    RIGHTS,
    DatasetFacts,
    Download,
    dataset_triples,
)
from graph.errors import ReleaseError
from webapp.description import serialise
from webapp.dumps import DUMPS, SUMS, Dumps, dumps_of, tables_of
from webapp.errors import problem
from webapp.exports import public_root
from webapp.negotiation import DATA_FORMS, data_form, see_data, split_suffix
from webapp.search_pages import year_range
from webapp.services import OpenRelease, Services, kept_with_release, manifest_figures
from webapp.settings import Settings
from webapp.tables import Table

PARQUET = "application/vnd.apache.parquet"
#: How long a request for the checksums waits for the dumps that are being written.
_SUMS_SECONDS = 20.0


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("data_pages", __name__)
    dumps = Dumps(services.settings.data)

    @pages.get("/data")
    def data() -> AnyResponse:
        found = see_data(request, "/data")
        if found is not None:
            return found
        release: OpenRelease = g.release
        page = render_template(
            "data.html",
            figures=manifest_figures(release),
            tables=[(name, entry.size) for name, entry in tables_of(release.release).items()],
            forms=DATA_FORMS,
            rights=RIGHTS,
            attribution=ATTRIBUTION,
            licence=OPEN_GOVERNMENT_LICENCE,
        )
        return Response(page, content_type="text/html; charset=utf-8")

    @pages.get("/data.<suffix>")
    def dataset(suffix: str) -> AnyResponse:
        return _dataset(g.release, suffix, services.settings, dumps)

    @pages.get("/.well-known/void")
    def void() -> AnyResponse:
        return redirect("/data.ttl", 303)

    @pages.get("/data/<name>")
    def release_data(name: str) -> AnyResponse:
        """The IRI of one release: of the current one its description, of others where they went."""
        key, suffix = split_suffix(name)
        if key != g.release.id:
            raise NotFound(f"Release {key[:60]} is not served here; the current one is {g.release.id}.")
        if suffix:
            return _dataset(g.release, suffix, services.settings, dumps)
        return see_data(request, f"/data/{key}") or redirect("/data", 303)

    @pages.get(f"/data/{SUMS}")
    def sums() -> Response:
        file = dumps.sums(g.release.release, _SUMS_SECONDS)
        if file is None:
            raise ServiceUnavailable(
                "The dumps of this release are being written; their checksums come with the last of them.",
                retry_after=60,
            )
        return send_file(file.absolute(), mimetype="text/plain")

    @pages.get("/data/tables/<name>.parquet")
    def table(name: str) -> Response:
        if name not in tables_of(g.release.release):
            raise NotFound("There is no such table.")
        file = g.release.path / "tables" / f"{name}.parquet"
        return send_file(file.absolute(), mimetype=PARQUET, download_name=file.name)

    @pages.get("/data/<any(dumps, tables):group>/<name>")
    def dump(group: str, name: str) -> Response:
        path = f"{group}/{name}"
        if path not in dumps_of(g.release.release):
            raise NotFound("There is no such dump." if group == "dumps" else "There is no such table.")
        media_type = "application/gzip" if name.endswith(".gz") else DUMPS[path].media_type
        file = dumps.file(g.release.release, path).absolute()
        return send_file(file, mimetype=media_type, as_attachment=True, download_name=name)

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
            accuracy=measured_accuracy(),
            other_versions=versions_not_measured(release),
            rules=rule_figures(release.tables.items),
        )

    @pages.get("/privacy")
    def privacy() -> str:
        tables = g.release.tables
        return render_template(
            "privacy.html",
            inspectors=sum(bool(name) for name in tables.inspections.column("lead_inspector")),
            owners=sum(bool(names) for names in tables.items.column("responsible")),
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


def _dataset(release: OpenRelease, suffix: str, settings: Settings, dumps: Dumps) -> AnyResponse:
    """DCAT and VoID of the dataset and of this release."""
    if suffix == "html":
        return redirect("/data", 303)
    form = data_form(suffix)
    if form is None:
        raise NotFound("The dataset is described as " + ", ".join(f".{f.suffix}" for f in DATA_FORMS) + ".")
    root = public_root(settings)
    data = dataset_triples(_facts(release, root, dumps), release.base_iri)
    triples = [quad.triple for quad in ox.parse(data, format=ox.RdfFormat.N_TRIPLES)]
    response = Response(serialise(triples, form), content_type=f"{form.media_type}; charset=utf-8")
    response.headers["Link"] = f'<{root}/data>; rel="describedby"'
    return response


def _facts(release: OpenRelease, root: str, dumps: Dumps) -> DatasetFacts:
    known = {path: (size, digest) for path, size, digest in dumps.known(release.release)}
    downloads = [
        Download(f"{root}/data/{path}", dump.media_type, dump.title, *known.get(path, ()))
        for path, dump in dumps_of(release.release).items()
    ]
    for name, entry in tables_of(release.release).items():
        title, address = f"Table of {name.replace('_', ' ')}", f"{root}/data/tables/{name}.parquet"
        downloads.append(Download(address, PARQUET, title, entry.size, entry.sha256))
    return replace(_counted(release), endpoint=f"{root}/sparql", downloads=downloads)


@kept_with_release()
def _counted(release: OpenRelease) -> DatasetFacts:
    """Counting classes and properties takes seconds on a large graph, and never changes within a release."""
    return DatasetFacts(
        release=release.id,
        created=release.created,
        triples=len(release.graph),
        subjects=_count(release, "SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s ?p ?o }"),
        documents=len(release.tables.documents),
        graphs=sum(1 for _ in release.graph.named_graphs()),
        classes=_counts(release, "SELECT ?key (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s a ?key } GROUP BY ?key"),
        properties=_counts(release, "SELECT ?key (COUNT(*) AS ?n) WHERE { ?s ?key ?o } GROUP BY ?key"),
    )


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


@lru_cache(maxsize=1)
def measured_accuracy() -> dict[str, Any]:
    """The figures of the documentation, as ``benchmarks/measured_accuracy.py`` took them from it: the ``versions`` that
    they are of, and ``parts`` with title, note, columns and rows."""
    measured: dict[str, Any] = msgspec.json.decode(Path(__file__).with_name("accuracy.json").read_bytes())
    return measured


def versions_not_measured(release: OpenRelease) -> list[tuple[str, str, str]]:
    """(part, version of the release, version that was measured) where the two differ."""
    built = release.release.manifest.facts.versions
    measured = measured_accuracy()["versions"]
    return [(name, built[name], version) for name, version in measured.items() if built.get(name, version) != version]


def rule_figures(items: Table) -> list[tuple[str, str, int, float | None]]:
    """(kind, rule, items, share right when checked) of every rule that made items."""
    found: dict[tuple[str, str], tuple[int, float | None]] = {}
    for kind, rule, score in zip(items.column("kind"), items.column("rule"), items.column("score"), strict=True):
        if rule:
            found[kind, rule] = (found.get((kind, rule), (0, None))[0] + 1, score)
    return sorted(((kind, rule, n, score) for (kind, rule), (n, score) in found.items()), key=lambda r: (r[0], -r[2]))
