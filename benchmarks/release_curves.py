"""Whole builds and whole searches over generated corpora: parts "build" and "search" of ``benchmarks/scale_curves.py``.

"build" runs the real build over documents of 100 items each, with their graph, links, tables and indexes, and measures
the release as a server and its readers use it. "search" makes the indexes alone, of as many items as memory takes.

Reading and the model are left out, since both cost the same for every document and item and are measured elsewhere
(``benchmarks/build_stages.py``, ``benchmarks/embedding_throughput.py``): the documents' extractions are generated in
the place of reading, their vectors are composed (``benchmarks/composed.py``), and the wordings of the sector's
language are embedded beforehand. The councils are those of the register, so that regions, neighbours and successions
are there; what is said of them is invented. Questions are embedded by the real model as in a server: 135 of
``benchmarks/search_questions.csv`` and 65 of the corpus's phrases, each asked without and with filters, of the searcher
and of the page of results, which asks again for what a filter hides.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import msgspec
import numpy as np

from benchmarks import generated, machine
from benchmarks.build_stages import Stages, processor_seconds, proportional, tree
from benchmarks.composed import ComposedCache, ComposedEmbedder
from graph.authorities import Register
from graph.ingest import Failure, ParsedDocument, ParseTask
from graph.model import Extraction

#: How many texts the theme linker reads for the part "search"; the others get the themes of one of these.
_LINKED = 2_000
_WARMING, _COUNTED = 20, 200
#: Documents whose rows are made into a table at once.
_TOGETHER = 200
_BASE = "https://w3id.org/inspectgraph/"
_QUESTIONS = Path(__file__).with_name("search_questions.csv")


def build(items: int, folder: Path) -> dict[str, Any]:
    """A release of so many items by the real build, and what it is like to use."""
    sources = folder / "sources"
    sources.mkdir()
    for number in range(-(-items // generated.ITEMS)):
        name = generated.extraction(number)[0].source.name
        (sources / name).write_text(name)  # whose digest the generated extraction gives as the file's
    _provide(folder)
    made = _in_child("built", folder, items)
    return {**made, **_in_child("used", folder, items), "disk_mb": machine.disk_mb(folder / "data" / "current")}


def search(items: int, folder: Path) -> dict[str, Any]:
    """A release of indexes and the tables that they are made of, and its searches."""
    _provide(folder)
    made = _in_child("indexed", folder, items)
    return {**made, **_in_child("searched", folder, items), "disk_mb": machine.disk_mb(folder / "data" / "current")}


# ------------------------------------------------------------------------------------------------- in a child process


def _built(folder: Path, items: int) -> dict[str, Any]:
    from indexer import pipeline
    from indexer.build_options import BuildOptions

    embedder = _composed(folder)
    options = BuildOptions(
        folder / "data", jobs=os.cpu_count() or 1, models=folder.parent / "models", executor=GeneratedReading()
    )
    started, spent, stages = time.perf_counter(), processor_seconds(), Stages()
    with mock.patch.object(pipeline, "open_embedder", return_value=embedder):
        report = pipeline.build_release([folder / "sources"], options, stages)
    stages.close()
    assert report.fresh
    assert not report.failures
    return {
        "wall_s": round(time.perf_counter() - started, 1),
        "cpu_s": round(processor_seconds() - spent, 1),
        "stages": {name: round(seconds, 2) for name, seconds in report.seconds.items()},
        "stages_cpu": {name: found["cpu_s"] for name, found in stages.found.items()},
        "peak_mb": max(int(found["peak_mb"]) for found in stages.found.values()),
    }


def _indexed(folder: Path, items: int) -> dict[str, Any]:
    from graph.release import ReleaseFacts, ReleaseWriter, WriterLock
    from indexer.build import build_index, read_tables
    from indexer.pipeline import scheme_of
    from indexer.theme_linking import ThemeLinker
    from ontology.resources import themes

    embedder, data = _composed(folder), folder / "data"
    held = ComposedCache(data / "work" / "embeddings.sqlite", embedder)
    linker = ThemeLinker.load(themes(), partial(held.encode, embedder), embedder.identity.sha256)
    sample = generated.sentences(_LINKED, 7)
    links, confidences = linker.linked(sample, embedder.encode(sample))
    picked = np.random.default_rng(2).integers(0, len(sample), items)
    with WriterLock(data), ReleaseWriter(data) as writer:
        started, spent = time.perf_counter(), processor_seconds()
        _write_tables(writer.path / "tables", items, [[link.theme for link in links[place]] for place in picked])
        tables = time.perf_counter() - started
        started = time.perf_counter()
        build_index(
            read_tables(writer.path),
            writer.path,
            embedder,
            cache=held,
            scheme=scheme_of(Register.load()),
            model_dir=_model(folder),
            confidences=confidences[picked],
        )
        index = time.perf_counter() - started
        spent = processor_seconds() - spent
        facts = ReleaseFacts([], {"items": items}, {"inspectgraph": "generated"}, extra={"base_iri": _BASE})
        writer.publish(facts)
    stages = {"tables": round(tables, 1), "index": round(index, 1)}
    return {"cpu_s": round(spent, 1), "stages": stages, "peak_mb": machine.peak_mb()}


def _searched(folder: Path, items: int) -> dict[str, Any]:
    """Asked as the server asks: of a release that it has checked, one product of matrices on one thread."""
    from werkzeug.datastructures import MultiDict

    from indexer.search import Searcher, SearchRequest
    from webapp import create_app
    from webapp.search_query import read_query
    from webapp.server import share_interpreter
    from webapp.services import Services
    from webapp.settings import Settings

    share_interpreter()
    started = time.perf_counter()
    services = Services(Settings(data=folder / "data"))
    release = services.current()
    checked = time.perf_counter()
    searcher = Searcher.open(release.path)
    searcher.search(SearchRequest("supervision of social workers"))
    cold = time.perf_counter() - checked
    del searcher
    client = create_app(services.settings, services).test_client()
    plain = [[("q", text)] for text in questions()]
    filtered = [[*asked, *filters] for asked, filters in zip(plain, _filters(release), strict=False)]
    found: dict[str, Any] = {
        "release_check_ms": round(1000 * (checked - started), 1),
        "open_and_first_ms": round(1000 * cold, 1),
    }
    for name, asked in (("", plain), ("_filtered", filtered)):
        requests = [read_query(MultiDict(pairs), release).request(20) for pairs in asked]
        found |= _latencies(f"search{name}", [lambda r=r: release.searcher.search(r) for r in requests])
    for name, asked in (("", plain), ("_filtered", filtered)):
        found |= _latencies(f"page{name}", [lambda p=p: client.get(f"/search?{urlencode(p)}") for p in asked])
    return found | {"server_mb": machine.peak_mb(), "server_anonymous_mb": _anonymous(os.getpid()) >> 20}


def _used(folder: Path, items: int) -> dict[str, Any]:
    from benchmarks.analysis_latency import pages

    found = _searched(folder, items) | examples(folder / "data" / "current" / "graph")
    asked = pages(folder / "data")
    warm = sorted(((seconds, address) for address, _, seconds, _ in asked), reverse=True)
    return found | {
        "analyses_median_ms": round(1000 * statistics.median(seconds for seconds, _ in warm), 1),
        "analyses_median_cpu_ms": round(1000 * statistics.median(busy for _, _, _, busy in asked), 1),
        "analyses_slowest_ms": round(1000 * warm[0][0], 1),
        "analyses_slowest_cpu_ms": round(1000 * max(busy for _, _, _, busy in asked), 1),
        "slowest_analyses": ", ".join(f"{address} ({1000 * seconds:.0f} ms)" for seconds, address in warm[:5]),
    }


STEPS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "built": _built,
    "used": _used,
    "indexed": _indexed,
    "searched": _searched,
}


def examples(graph: Path) -> dict[str, Any]:
    """How long the example queries take, each once, ended after 30 seconds: by the clock, and of the processor alone,
    since the processes that run them let other work on the machine go first."""
    from benchmarks.example_queries import answer, without_search
    from webapp.sparql.engine import SparqlEngine
    from webapp.sparql.limits import Limits

    times: dict[str, tuple[float, float]] = {}
    with SparqlEngine(graph, Limits(seconds=30), resident=False) as engine:
        for example in without_search():
            spent, started = processor_seconds(), time.perf_counter()
            ended = False
            try:
                answer(engine, example.query)
            except Exception as err:  # noqa: BLE001 - a limit that is reached is a result
                ended = "ended after" in str(err)
            took = float("inf") if ended else time.perf_counter() - started
            times[example.name] = took, processor_seconds() - spent
    clock, processor = (sorted(kind) for kind in zip(*times.values(), strict=True))
    slowest = sorted(times, key=lambda name: -times[name][1])
    return {
        "examples_median_ms": round(1000 * clock[len(clock) // 2], 1),
        "examples_median_cpu_ms": round(1000 * processor[len(processor) // 2], 1),
        "examples_over_1_s": sum(value > 1 for value in clock),
        "examples_slowest_cpu_ms": round(1000 * processor[-1], 1),
        "slowest": ", ".join(f"{name} ({times[name][1]:.2f} s of the processor)" for name in slowest[:5]),
    }


class GeneratedReading:
    """An ``Executor`` in the place of reading: the extraction of each document by the number in its name."""

    def run(self, function: Callable[[str], bytes], tasks: Sequence[str]) -> Iterator[tuple[int, bytes | Failure]]:
        for index, task in enumerate(tasks):
            path = Path(msgspec.json.decode(task, type=ParseTask).path)
            extraction, text = document(int(path.stem.rpartition("-")[2]))
            yield index, msgspec.json.encode(ParsedDocument(text, extraction))


def document(number: int) -> tuple[Extraction, str]:
    """``generated.extraction``, of a council of the register."""
    extraction, text = generated.extraction(number)
    councils = [authority for authority in _register() if authority.abolished is None]
    council = councils[number % len(councils)]
    of = {"authority": council.name, "gss_code": council.gss_code}
    facts = replace(extraction.document, title=f"Inspection of {council.name}", **of)
    inspections = tuple(replace(one, **of) for one in extraction.inspections)
    return replace(extraction, document=facts, inspections=inspections), text


def questions() -> list[str]:
    """Some to warm up, then those that count."""
    with _QUESTIONS.open(encoding="utf-8") as file:
        asked = [row["text"] for row in csv.DictReader(file)]
    chance = np.random.default_rng(5)
    own_phrases = sorted(set(generated.PHRASES) - set(generated.LINKING))
    own = [
        " ".join(chance.choice(own_phrases, int(chance.integers(2, 4))))
        for _ in range(_WARMING + _COUNTED - len(asked))
    ]
    return own[:_WARMING] + asked + own[_WARMING:]


def _filters(release: Any) -> Iterator[list[tuple[str, str]]]:
    """One or two filters for each question, of values that some item has, narrow and wide ones in turn."""
    chance, items = np.random.default_rng(3), release.tables.items
    names = (("kind",), ("region", "since"), ("authority",), ("theme",), ("kind", "grade"), ("authority", "polarity"))
    for asked in itertools.cycle(names):
        row = items.row(int(chance.integers(len(items))))
        values = {
            **{name: row[name] for name in ("kind", "region", "grade", "polarity")},
            "authority": row["gss_code"],
            "theme": next(iter(row["themes"] or ()), None),
            "since": "2015",
        }
        yield [(name, values[name]) for name in asked if values[name]]


def _write_tables(folder: Path, items: int, linked: Sequence[Sequence[str]]) -> None:
    """The tables of generated documents; those that are derived of all are empty."""
    from graph.iris import DocumentIris, Iris
    from indexer.rows import Known, rows_of
    from indexer.tables import SCHEMAS, Row, write_table

    tables: dict[str, list[Row]] = {name: [] for name in SCHEMAS if name != "items"}

    def rows() -> Iterator[Row]:
        iris, documents = Iris(_BASE), -(-items // generated.ITEMS)
        for start in range(0, documents, _TOGETHER):
            read = [document(number)[0] for number in range(start, min(start + _TOGETHER, documents))]
            made = rows_of([Known(one, DocumentIris.of(one, iris)) for one in read], _register())
            found = made.pop("items")
            for name, part in made.items():
                tables[name] += part
            yield from found

    write_table(folder, "items", ({**row, "themes": themes} for row, themes in zip(rows(), linked, strict=False)))
    for name, others in tables.items():
        write_table(folder, name, others)


def _latencies(name: str, asked: Sequence[Callable[[], object]]) -> dict[str, float]:
    """By the clock, and of the processor alone, which other work on the machine moves less."""
    times = []
    for ask in asked:
        started, spent = time.perf_counter(), time.process_time()
        ask()
        times.append((time.perf_counter() - started, time.process_time() - spent))
    found = 1000 * np.percentile(times[_WARMING:], [50, 99], axis=0)
    names = itertools.product(("p50", "p99"), ("", "_cpu"))
    return {f"{name}_{p}{kind}_ms": round(float(value), 1) for (p, kind), value in zip(names, found.flat, strict=True)}


# ---------------------------------------------------------------------------------------------------------- preparation


def _provide(folder: Path) -> None:
    """The converted model, and a cache in which the wordings of the sector's language are embedded already."""
    from indexer.embedding import EmbeddingCache, OpenVinoEmbedder
    from indexer.expansion import SectorLanguage
    from indexer.theme_linking import description
    from ontology.resources import themes

    known = folder.parent / "wordings.sqlite"
    if not known.exists():
        part = known.with_suffix(".part")
        part.unlink(missing_ok=True)
        language, model, kept = SectorLanguage.load(), OpenVinoEmbedder(_model(folder)), EmbeddingCache(part)
        wordings = [phrase for _, phrase in language.phrases]
        wordings += [text for pair in language.phrasebook for text in pair]
        kept.encode(model, [*wordings, *(description(theme) for theme in themes())])
        kept.close()
        part.rename(known)
    (folder / "data" / "work").mkdir(parents=True)
    shutil.copyfile(known, folder / "data" / "work" / "embeddings.sqlite")


def _model(folder: Path) -> Path:
    from indexer.embedding import converted_model

    return converted_model(folder.parent / "models")


def _composed(folder: Path) -> ComposedEmbedder:
    from indexer.embedding import OpenVinoEmbedder

    return ComposedEmbedder(OpenVinoEmbedder(_model(folder)), generated.PHRASES, generated.LINKING)


def _in_child(step: str, folder: Path, items: int) -> dict[str, Any]:
    """What the step tells, run by itself; of a step that builds, with the most memory that was its own and that all its
    processes held."""
    line = [sys.executable, "-m", "benchmarks.release_curves", step, str(folder), str(items)]
    child = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    own = whole = 0
    while step in ("built", "indexed") and child.poll() is None:
        own = max(own, _anonymous(child.pid))
        whole = max(whole, sum(proportional(pid) for pid in tree(child.pid)))
        time.sleep(1)
    told = child.stdout.read().splitlines()
    if child.wait():
        raise SystemExit(f"{step} of {items} items failed")
    made: dict[str, Any] = json.loads(told[-1])
    return made | ({"anonymous_mb": own >> 20, "all_processes_mb": whole >> 20} if own else {})


def _anonymous(pid: int) -> int:
    """Bytes of memory that are the process's own: no file's."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:")), 0)


@cache
def _register() -> Register:
    return Register.load()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("step", choices=STEPS)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("items", type=int)
    given = arguments.parse_args()
    print(json.dumps(STEPS[given.step](given.folder, given.items)))
