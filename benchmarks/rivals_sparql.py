"""The example queries side by side: our engine, rdflib, oxrdflib, rdflib-endpoint, the oxigraph server, Virtuoso.

    python -m benchmarks.rivals_sparql --release DATA/releases/ID [--seconds 20] [--repeat 3]

Every engine answers the same queries over the same graph, and its rows are counted. A query that takes longer than
``--seconds`` is ended and reported as such. Times are wall clock, the median of ``--repeat`` after one run that warms
up. Virtuoso and the oxigraph server are started here, on loopback, and filled. rdflib-endpoint comes from the
environment that ``benchmarks/rivals_search.py`` makes (``--python``). A folder with a generated ``graph`` in it, as
``benchmarks/scale_curves.py --keep`` leaves it, is as good as a release; ``--name`` keeps its results apart.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyoxigraph as ox

from benchmarks import machine
from benchmarks.example_queries import is_graph, rows, without_search
from graph.remote_store import RemoteDataset, datasets_of, synchronise
from graph.store import open_read_only
from tests.back_ends import free_port, running
from webapp.sparql.engine import SparqlEngine
from webapp.sparql.limits import Limits

Ask = Callable[[str], int]
#: The interpreter that has rdflib-endpoint.
PYTHON = [Path(sys.executable)]
#: Seconds in which an engine must have read the graph.
_READY = 3600
_EMPTY = dict.fromkeys(
    "graph_query_path graph_data_path graph_reader graph_reader_password graph_writer graph_writer_password".split(), ""
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--release", type=Path, required=True)
    arguments.add_argument("--seconds", type=float, default=20.0)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--engines", nargs="*", default=list(ENGINES))
    arguments.add_argument("--name", default="rivals_sparql")
    arguments.add_argument("--items", type=int, default=0, help="of a generated graph, for the report")
    arguments.add_argument("--python", type=Path, default=Path(sys.executable))
    given = arguments.parse_args()
    PYTHON[0] = given.python
    graph = given.release / "graph"
    facts = machine.machine() | {"quads": len(open_read_only(graph)), "seconds": given.seconds}
    results: dict[str, Any] = {}
    for name in given.engines:
        started = time.perf_counter()
        try:
            results[name] = _measured(name, graph, given.seconds, given.repeat)
        except Exception as err:  # noqa: BLE001 - one engine that cannot be had does not end the others
            print(f"{name}: {type(err).__name__}: {err}", file=sys.stderr)
            continue
        print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
    _print(results, given.seconds)
    names = ["pyoxigraph", "rdflib", "oxrdflib", "rdflib-endpoint", "oxigraph"]
    found = {"machine": facts, "versions": machine.versions(names), "items": given.items, "engines": results}
    machine.write(given.name, found)


def _measured(name: str, graph: Path, seconds: float, repeat: int) -> dict[str, Any]:
    """In a child that can be killed: rdflib cannot be interrupted otherwise."""
    found: dict[str, Any] = {"ready_s": None, "queries": {}}
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(SERVED[name](graph)) if name in SERVED else graph
        child = _Child(name, place, seconds)
        stack.callback(lambda: child.end())
        found["ready_s"] = round(child.ready, 2)
        for example in without_search():
            times, counted = [], None
            for attempt in range(repeat + 1):
                answer = child.ask(example.query, seconds)
                if isinstance(answer, str):
                    counted = answer
                    child = child if child.alive else _Child(name, place, seconds)
                    break
                counted, took = answer
                if attempt:
                    times.append(took)
                if took > seconds / 4:  # one run is enough to tell
                    times = times or [took]
                    break
            found["queries"][example.name] = {
                "ms": round(1000 * machine.median(times), 1) if times else None,
                "rows": counted,
            }
        found["peak_mb"] = child.peak()
    return found


class _Child:
    def __init__(self, name: str, place: Any, seconds: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, name, place, seconds))
        started = time.perf_counter()
        self._process.start()
        if not self._pipe.poll(_READY):
            raise TimeoutError(f"{name} was not ready after {_READY} s")
        ready = self._pipe.recv()
        if ready != "ready":
            raise RuntimeError(ready)
        self.ready = time.perf_counter() - started

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def ask(self, query: str, seconds: float) -> tuple[int, float] | str:
        self._pipe.send(query)
        if not self._pipe.poll(seconds + 2):
            self.end()
            return "too long"
        answer: tuple[int, float] | str = self._pipe.recv()
        return answer

    def peak(self) -> int:
        with contextlib.suppress(OSError, EOFError):
            self._pipe.send(None)
            if self._pipe.poll(10):
                return int(self._pipe.recv())
        return -1

    def end(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _serve(pipe: Connection, name: str, place: Any, seconds: float) -> None:
    try:
        ask = ENGINES[name](place, seconds)
    except Exception as err:  # noqa: BLE001 - told to the parent
        pipe.send(f"{type(err).__name__}: {err}")
        return
    pipe.send("ready")
    within_time: set[str] = set()
    while (query := pipe.recv()) is not None:
        if name != "rdflib" or query in within_time:
            pipe.send(_timed(ask, query))
            continue
        answer = _in_a_fork(ask, query, seconds)
        if answer != "too long":
            within_time.add(query)
        pipe.send(answer)
    pipe.send(machine.peak_mb())


def _timed(ask: Ask, query: str) -> tuple[int, float] | str:
    started = time.perf_counter()
    try:
        rows = ask(query)
        return rows, time.perf_counter() - started
    except Exception as err:  # noqa: BLE001 - an engine's refusal is a result
        return f"{type(err).__name__}: {str(err)[:120]}"


def _in_a_fork(ask: Ask, query: str, seconds: float) -> tuple[int, float] | str:
    """So that what takes too long can be ended without reading the graph again, which takes minutes. Not for what is
    timed: the copy of its memory that the fork makes slows it."""
    context = multiprocessing.get_context("fork")
    pipe, theirs = context.Pipe()
    process = context.Process(target=lambda: theirs.send(_timed(ask, query)))
    process.start()
    answer: tuple[int, float] | str = pipe.recv() if pipe.poll(seconds) else "too long"
    process.kill()
    process.join()
    return answer


def _ours(graph: Path, seconds: float) -> Ask:
    limits = Limits(seconds=seconds, rows=1_000_000, answer_bytes=1 << 30)
    engine = SparqlEngine(graph, limits)
    if machine.disk_mb(graph) * 1e6 <= limits.resident_bytes:  # it answers from disk until the graph is in memory
        while not engine.pool.resident:
            time.sleep(0.05)
    return partial(rows, engine)


def _rdflib(graph: Path, seconds: float) -> Ask:
    from rdflib import Dataset

    dataset = Dataset(default_union=True)
    with tempfile.NamedTemporaryFile(suffix=".nq") as file:
        open_read_only(graph).dump(file.name, format=ox.RdfFormat.N_QUADS)
        dataset.parse(file.name, format="nquads")
    return lambda query: sum(1 for _ in dataset.query(query))


def _oxrdflib(graph: Path, seconds: float) -> Ask:
    from graph.store import open_dataset

    dataset = open_dataset(graph.parent)
    return lambda query: sum(1 for _ in dataset.query(query))


def _over_http(address: str, seconds: float) -> Ask:
    import httpx

    client = httpx.Client(timeout=seconds, trust_env=False)

    def ask(query: str) -> int:
        construct = is_graph(query)
        accept = "application/n-triples" if construct else "application/sparql-results+json"
        answer = client.post(address, data={"query": query}, headers={"Accept": accept})
        answer.raise_for_status()
        if construct:
            return sum(1 for line in answer.text.splitlines() if line.rstrip().endswith("."))
        return len(answer.json()["results"]["bindings"])

    return ask


def _dataset(settings: dict[str, str], seconds: float) -> Ask:
    """Through our own seam: what users of this program get from the server."""
    from webapp.sparql.remote import RemotePool

    limits = Limits(seconds=seconds, rows=1_000_000, answer_bytes=1 << 30)
    [dataset, _] = datasets_of(SimpleNamespace(**{**_EMPTY, **settings}))  # type: ignore[arg-type]
    engine = SparqlEngine(Path(), limits, pool=RemotePool(dataset, limits))
    return partial(rows, engine)


def options_of(kind: str) -> dict[str, int]:
    """Memory and longest answers of a server that is measured."""
    return {"buffers": 60_000, "rows": 2_000_000} if kind == "virtuoso" else {}


@contextlib.contextmanager
def _server(kind: str, graph: Path) -> Iterator[dict[str, str]]:
    with running(kind) as server, tempfile.TemporaryDirectory() as folder:
        settings = server.settings(**options_of(kind))
        found: tuple[RemoteDataset, ...] = datasets_of(SimpleNamespace(**{**_EMPTY, **settings}))  # type: ignore[arg-type]
        synchronise(open_read_only(graph), found[0], Path(folder))
        yield settings


@contextlib.contextmanager
def _rdflib_endpoint(graph: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "graph.nq")
        open_read_only(graph).dump(str(file), format=ox.RdfFormat.N_QUADS)
        port = free_port()
        command = [
            str(PYTHON[0]),
            "-m",
            "rdflib_endpoint",
            "serve",
            str(file),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            import httpx

            for _ in range(600):
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"http://127.0.0.1:{port}/", params={"query": "ASK {}"}, timeout=5).status_code < 500:
                        break
                if process.poll() is not None:
                    raise RuntimeError("rdflib-endpoint did not start")
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.kill()
            process.wait()


ENGINES: dict[str, Callable[[Any, float], Ask]] = {
    "ours": _ours,
    "oxrdflib": _oxrdflib,
    "oxigraph server": lambda settings, seconds: _over_http(settings["graph_datasets"].split()[0] + "/query", seconds),
    "ours over Virtuoso": _dataset,
    "rdflib": _rdflib,
    "rdflib-endpoint": _over_http,
}
SERVED: dict[str, Callable[[Path], Any]] = {
    "oxigraph server": lambda graph: _server("oxigraph", graph),
    "ours over Virtuoso": lambda graph: _server("virtuoso", graph),
    "rdflib-endpoint": _rdflib_endpoint,
}


def _print(results: dict[str, Any], seconds: float) -> None:
    ours = results.get("ours", {}).get("queries", {})
    print(
        "time divided by ours, geometric mean over the queries that both answer with the same number of rows; median ms"
    )
    for name, result in results.items():
        pairs = [
            (query["ms"], ours[key]["ms"])
            for key, query in result["queries"].items()
            if key in ours and query["ms"] and ours[key]["ms"] and query["rows"] == ours[key]["rows"]
        ]
        mean = math.exp(sum(math.log(a / b) for a, b in pairs) / len(pairs)) if pairs else float("nan")
        late = sum(query["rows"] == "too long" for query in result["queries"].values())
        other = [
            key
            for key, query in result["queries"].items()
            if key in ours and query["rows"] != ours[key]["rows"] and query["ms"]
        ]
        median = machine.median([a for a, _ in pairs]) if pairs else float("nan")
        print(
            f"{name:<20}{mean:>7.2f}  {median:>8.1f} ms  same {len(pairs)}  over {seconds:g} s {late}  "
            f"ready {result['ready_s']} s  peak {result['peak_mb']} MB  other rows: {', '.join(other) or 'none'}"
        )


if __name__ == "__main__":
    main()
