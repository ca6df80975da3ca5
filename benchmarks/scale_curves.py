"""Curves over generated corpora: whole builds, whole searches, and vectors, words and graph by themselves, at growing
numbers of items, on one machine.

    python -m benchmarks.scale_curves --scratch FOLDER [--items 10000 100000] [--parts build search vectors words graph]
                                      [--keep]

``--keep`` leaves what was made in FOLDER, such as a graph for ``benchmarks/rivals_sparql.py``. What a run does not
measure stays in ``benchmarks/results/scale_curves.json`` as it was. Costs are processor seconds, latencies wall clock.
"build" and "search": see ``benchmarks/release_curves.py``. The vectors of "vectors" are clustered noise
(``benchmarks/generated.py``), so recall over them is indicative; words and graph are those of the generated texts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import generated, machine, release_curves


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scratch", type=Path, required=True)
    arguments.add_argument("--items", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    arguments.add_argument("--parts", nargs="*", default=list(PARTS))
    arguments.add_argument("--keep", action="store_true")
    given = arguments.parse_args()
    for part in given.parts:
        measured: dict[int, dict[str, Any]] = {}
        for items in given.items:
            folder = given.scratch / f"{part}-{items}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            facts = machine.machine()
            measured[items] = PARTS[part](items, folder)
            print(part, items, json.dumps(measured[items]), flush=True)
            store(part, items, measured[items], facts)
            if not given.keep:
                shutil.rmtree(folder)
        _growth(part, measured)


def store(part: str, items: int, measured: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Put one measurement, with the machine's facts, among those of earlier runs."""
    file = machine.RESULTS / "scale_curves.json"
    stored = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"curves": {}, "machines": {}}
    for kind, value in (("curves", measured), ("machines", facts)):
        stored[kind].setdefault(part, {})[str(items)] = value
        stored[kind][part] = dict(sorted(stored[kind][part].items(), key=lambda size: int(size[0])))
    stored.get("notes", {}).pop(part, None)  # it was on other runs
    machine.write("scale_curves", stored)


def _growth(part: str, sizes: dict[int, dict[str, Any]]) -> None:
    """The exponent of growth between the last two sizes: 1 is linear."""
    counts = sorted(sizes)[-2:]
    if len(counts) == 2:
        small, large = (sizes[count] for count in counts)
        found = {
            key: round(float(np.log(large[key] / small[key]) / np.log(counts[1] / counts[0])), 2)
            for key in small
            if isinstance(small[key], int | float) and small[key] and large.get(key)
        }
        print(part, "grows with the power of", json.dumps(found))


def _latencies(run: Callable[[int], object], count: int = 200) -> tuple[float, float]:
    run(0)
    times = []
    for number in range(count):
        started = time.perf_counter()
        run(number)
        times.append(time.perf_counter() - started)
    times.sort()
    return round(1000 * times[count // 2], 2), round(1000 * times[int(count * 0.99)], 2)


def _vectors(items: int, folder: Path) -> dict[str, Any]:
    from indexer.embedding import ModelIdentity
    from indexer.vector import open_index, write_index

    made = generated.vectors(items)
    queries = generated.vectors(200, seed=1)[:200] + 0.3 * generated.vectors(200, seed=9)
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    started = time.process_time()
    write_index(made, ModelIdentity("generated", "0", "none", "f32", made.shape[1]), folder)
    cost = time.process_time() - started
    started = time.perf_counter()
    index = open_index(folder)
    index.search(queries[:1], 10)
    cold = time.perf_counter() - started
    masks = {share: np.random.default_rng(2).random(items) < share for share in (0.01, 0.1)}
    found: dict[str, Any] = {
        "build_cpu_s": round(cost, 2),
        "disk_mb": machine.disk_mb(folder),
        "open_and_first_ms": round(1000 * cold, 1),
    }
    for name, mask in (("", None), ("_filter_1pc", masks[0.01]), ("_filter_10pc", masks[0.1])):
        p50, p99 = _latencies(lambda number, mask=mask: index.search(queries[number : number + 1], 10, mask))
        found |= {f"p50_ms{name}": p50, f"p99_ms{name}": p99, f"recall{name}": _recall(made, queries[:50], index, mask)}
    return found


def _recall(vectors: np.ndarray, queries: np.ndarray, index: Any, mask: np.ndarray | None) -> float:
    rows = np.arange(len(vectors)) if mask is None else np.flatnonzero(mask)
    k = min(10, len(rows))
    exact = rows[np.argsort(-(queries @ vectors[rows].T), axis=1)[:, :k]]
    found = index.search(queries, k, mask).rows
    return round(float(np.mean([len(set(a) & set(b)) / k for a, b in zip(exact, found, strict=True)])), 3)


def _words(items: int, folder: Path) -> dict[str, Any]:
    from indexer.lexical import LexicalIndex, LexicalRecord, parse, write_lexical

    texts = generated.sentences(items, 5)
    records = (LexicalRecord(row, text, {}, (f"year:{2004 + row % 20}",)) for row, text in enumerate(texts))
    started = time.process_time()
    write_lexical(records, folder)
    cost = time.process_time() - started
    started = time.perf_counter()
    index = LexicalIndex(folder)
    asked = [parse(text) for text in generated.sentences(200, 6)]
    index.search([(word, 1.0) for word in asked[0].content_words], 100)
    cold = time.perf_counter() - started

    def search(number: int) -> object:
        return index.search([(word, 1.0) for word in asked[number].content_words], 100)

    p50, p99 = _latencies(search)
    return {
        "build_cpu_s": round(cost, 2),
        "disk_mb": machine.disk_mb(folder),
        "open_and_first_ms": round(1000 * cold, 1),
        "p50_ms": p50,
        "p99_ms": p99,
    }


def _graph(items: int, folder: Path) -> dict[str, Any]:
    from graph.mapping import document_triples
    from graph.store import OxigraphStore

    mapped = 0.0

    def graphs() -> Iterator[tuple[str, tuple[bytes]]]:
        nonlocal mapped
        for number, (extraction, text) in enumerate(generated.extractions(items)):
            started = time.process_time()
            triples = document_triples(extraction, text=text)
            mapped += time.process_time() - started
            yield f"https://example.org/{number}", (triples,)

    with OxigraphStore(folder / "work") as store:
        started = time.process_time()
        store.load_new(graphs())
        stored = time.process_time() - started - mapped
        store.optimise()
        quads = len(store)
        store.checkpoint(folder / "graph")
    shutil.rmtree(folder / "work")
    return {
        "map_cpu_s": round(mapped, 2),
        "store_cpu_s": round(stored, 2),
        "quads": quads,
        "disk_mb": machine.disk_mb(folder / "graph"),
        **release_curves.examples(folder / "graph"),
    }


PARTS: dict[str, Callable[[int, Path], dict[str, Any]]] = {
    "build": release_curves.build,
    "search": release_curves.search,
    "vectors": _vectors,
    "words": _words,
    "graph": _graph,
}

if __name__ == "__main__":
    main()
