"""How long the analyses' pages take in the server, warm: ``python -m benchmarks.analysis_latency --data DATA``, or
``--generated 1000000`` for tables of so many invented items (``--keep DIR`` keeps them).

Each page is asked once, then ten times; the medians of these are given, and the first time beside them. ``--engines``
compares what reads the table of items: Arrow with NumPy (what the program uses), DuckDB and Polars where installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graph.authorities import Register
from graph.release import Release, ReleaseFacts, ReleaseWriter, WriterLock
from indexer.analyses.corpus import Corpus
from indexer.analyses.registry import ANALYSES
from indexer.tables import SCHEMAS
from ontology.resources import themes
from webapp import create_app
from webapp.server import share_interpreter
from webapp.services import Services
from webapp.settings import Settings

BASE = "https://w3id.org/inspectgraph/"
ITEMS_AN_INSPECTION = 116  # as in the real corpus


def generated(data: Path, items: int, seed: int = 0) -> None:
    """A release of tables alone: invented items in the proportions of the real corpus."""
    rng = np.random.default_rng(seed)
    inspections = max(1, items // ITEMS_AN_INSPECTION)
    councils = [authority for authority in Register.load() if authority.abolished is None]
    scheme = [theme.id for theme in themes()]
    weight = 1 / np.arange(1, len(scheme) + 1)
    of = np.sort(rng.integers(0, inspections, items))
    kinds = rng.choice(["finding", "recommendation", "action"], items, p=[0.9, 0.08, 0.02])
    polarity = np.where(kinds == "finding", rng.choice(["strength", "improvement", "mixed"], items), None)
    council = rng.integers(0, len(councils), inspections)
    framework = rng.choice(["sif", "ilacs", "area-send-2023"], inspections)
    year = rng.integers(2010, 2026, inspections)
    grade = rng.choice(["outstanding", "good", "requires-improvement", "inadequate"], inspections)
    number = rng.choice([0, 1, 2, 3], items, p=[0.1, 0.6, 0.2, 0.1])
    picks = rng.choice(len(scheme), (items, 3), p=weight / weight.sum())
    linked = [sorted({scheme[t] for t in row[:n]}) for row, n in zip(picks, number, strict=True)]
    iris = [f"{BASE}{kind}s/{row:08d}" for row, kind in enumerate(kinds)]
    of_inspection = [f"{BASE}inspections/{i:06d}" for i in range(inspections)]
    documents = [f"{BASE}documents/{i:06d}" for i in range(inspections)]
    codes = [councils[c].gss_code for c in council]
    order = sorted(range(inspections), key=lambda i: (codes[i], framework[i] == "area-send-2023", year[i], i))
    following: list[str | None] = [None] * inspections
    for one, other in itertools.pairwise(order):
        same = (framework[one] == "area-send-2023") == (framework[other] == "area-send-2023")
        if codes[one] == codes[other] and same:
            following[one] = of_inspection[other]
    recommendations = np.flatnonzero(kinds == "recommendation")
    issues = max(1, len(recommendations) // 40)
    members = rng.permutation(recommendations)[: len(recommendations) * 3 // 4]
    issue_of = rng.integers(0, issues, len(members))
    chain = rng.permutation(recommendations)
    half = len(chain) // 2
    tables: dict[str, dict[str, list[object]]] = {
        "documents": {
            "iri": documents, "id": [d[-6:] for d in documents], "kind": ["inspection-report"] * inspections,
            "gss_code": codes, "year": year.tolist(), "file": [f"{i}.pdf" for i in range(inspections)],
        },
        "inspections": {
            "iri": of_inspection, "id": [i[-6:] for i in of_inspection], "document": documents,
            "position": [0] * inspections, "framework_id": framework.tolist(), "gss_code": codes,
            "overall_grade": grade.tolist(), "year": year.tolist(), "end": [f"{y}-06-01" for y in year],
            "next": following,
        },
        "judgements": {
            "iri": [f"{BASE}judgements/{i}" for i in range(inspections)], "inspection": of_inspection,
            "area_concept": ["overall-effectiveness"] * inspections, "grade_concept": grade.tolist(),
        },
        "items": {
            "iri": iris, "id": [i[-8:] for i in iris], "kind": kinds.tolist(), "polarity": polarity.tolist(),
            "text": [f"Passage {row} about {' and '.join(t)}." for row, t in enumerate(linked)], "themes": linked,
            "document": [documents[i] for i in of], "inspection": [of_inspection[i] for i in of],
            "gss_code": [codes[i] for i in of], "authority": [councils[council[i]].name for i in of],
            "framework_id": framework[of].tolist(), "year": year[of].tolist(),
            "published": [f"{y}-07-01" for y in year[of]], "responsible": [[]] * items,
        },
        "lineage": {
            "earlier": [iris[row] for row in chain[:half]],
            "item": [iris[row] if place % 4 == 0 else None for place, row in enumerate(chain[half : 2 * half])],
            "score": [0.7] * half,
            "kind": ["reworded" if place % 4 == 0 else "not-seen-again" for place in range(half)],
        },
        "issues": {
            "id": [f"{i:012d}" for i in range(issues)], "text": [f"Issue {i}" for i in range(issues)],
            "representative": [iris[members[0]]] * issues, "terms": [[f"term {i}"] for i in range(issues)],
            "themes": [[scheme[i % len(scheme)]] for i in range(issues)], "items": [30] * issues,
            "authorities": [20] * issues, "first_seen": ["2010-01-01"] * issues, "last_seen": ["2025-01-01"] * issues,
            "cohesion": [0.6] * issues,
        },
        "issue_members": {
            "issue": [f"{i:012d}" for i in issue_of], "item": [iris[row] for row in members],
            "rank": list(range(1, len(members) + 1)),
        },
        "unlinked": {
            "item": [iris[row] for row in np.flatnonzero(number == 0)],
            "theme": [scheme[0]] * int((number == 0).sum()), "confidence": [0.3] * int((number == 0).sum()),
        },
        "theme_links": {}, "neighbours": {}, "discoveries": {}, "discovery_members": {},
    }  # fmt: skip
    data.mkdir(parents=True, exist_ok=True)
    with WriterLock(data), ReleaseWriter(data) as writer:
        (writer.path / "tables").mkdir()
        for name, columns in tables.items():
            size = len(next(iter(columns.values()), []))
            schema = SCHEMAS[name]
            arrays = [
                pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(size, f.type) for f in schema
            ]
            pq.write_table(pa.table(arrays, schema=schema), writer.path / "tables" / f"{name}.parquet")
        writer.publish(ReleaseFacts([], {"items": items}, {"inspectgraph": "generated"}, extra={"base_iri": BASE}))


def pages(data: Path) -> list[tuple[str, float, float, float]]:
    """(address, seconds of the first answer, median of ten more, and of their processor time)."""
    services = Services(Settings(data=data))
    share_interpreter()
    client = create_app(services.settings, services).test_client()
    council = services.current().labels.register.by_gss("E06000016")
    code = council.gss_code if council else ""
    addresses = [f"/analyses/{a.name}{'?council=' + code if a.council else ''}" for a in ANALYSES.values()]
    addresses += [f"{a}{'&' if '?' in a else '?'}measure=told" for a in addresses if "themes" in a or "followed" in a]
    addresses += ["/analyses", "/recurring", "/themes", "/themes/assessment", f"/authorities/{code}"]
    addresses += [f"/compare?council={code}&council=E08000028", "/analyses/items?measure=told&theme=assessment"]
    found = []
    for address in addresses:
        walls, processor = [], []
        for _ in range(11):
            started, busy = time.perf_counter(), time.process_time()
            response = client.get(address)
            walls.append(time.perf_counter() - started)
            processor.append(time.process_time() - busy)
            assert response.status_code == 200, (address, response.status_code)
        found.append((address, walls[0], statistics.median(walls[1:]), statistics.median(processor[1:])))
    return found


def engines(folder: Path) -> list[tuple[str, float]]:
    """Seconds of the processor to count passages by inspection and theme from the Parquet file: medians of five."""
    file = folder / "items.parquet"

    def arrow() -> object:
        return Corpus(folder).incidence.counts

    trials: list[tuple[str, Callable[[], object]]] = [("Arrow and NumPy, three measures", arrow)]
    if importlib.util.find_spec("duckdb"):
        import duckdb

        query = (
            "SELECT inspection, theme, count(*) FROM (SELECT inspection, unnest(themes) AS theme FROM read_parquet(?) "
            "WHERE kind = 'recommendation' OR polarity = 'improvement') GROUP BY ALL"
        )
        trials.append(("DuckDB, one measure", lambda: duckdb.execute(query, [str(file)]).fetchnumpy()))
    if importlib.util.find_spec("polars"):
        import polars as pl

        trials.append(
            (
                "Polars, one measure",
                lambda: (
                    pl.scan_parquet(file)
                    .filter((pl.col("kind") == "recommendation") | (pl.col("polarity") == "improvement"))
                    .select("inspection", "themes")
                    .explode("themes")
                    .group_by("inspection", "themes")
                    .len()
                    .collect()
                ),
            )
        )
    found = []
    for name, run in trials:
        times = []
        for _ in range(5):
            started = time.process_time()
            run()
            times.append(time.process_time() - started)
        found.append((name, statistics.median(times)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a data folder with a release")
    parser.add_argument("--generated", type=int, metavar="ITEMS")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the generated release is kept")
    parser.add_argument("--engines", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = given.data or given.keep or Path(temporary)
        if given.generated and not (data / "current").exists():
            generated(data, given.generated)
        if given.engines:
            for name, seconds in engines(Release.open(data).path / "tables"):
                print(f"{1000 * seconds:8.0f} ms  {name}")
            return
        found = pages(data)
        print("   first   warm   processor")
        for address, first, warm, busy in sorted(found, key=lambda row: -row[3]):
            print(f"{1000 * first:8.0f} {1000 * warm:6.0f} {1000 * busy:6.0f} ms  {address}")


if __name__ == "__main__":
    main()
