"""What the SPARQL endpoint costs over calling Oxigraph in the same process.

    python -m benchmarks.sparql_overhead [RELEASE_DIR] [--requests 300]

Serves the graph of a release, or 150,000 invented triples, with gunicorn and compares, in turns so that the state of
the machine hits both alike: small queries (medians, over one kept connection) and a SELECT of 100,000 rows to JSON
(medians). Then it times every example of the release, warm, in memory and from disk.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import pyoxigraph as ox

from graph.store import open_read_only
from indexer.search import Searcher
from tests.sparql_service import publish, serving
from webapp.sparql.engine import SparqlEngine
from webapp.sparql.examples import load_examples
from webapp.sparql.limits import Limits

SMALL = "SELECT ?p ?o {{ <{0}> ?p ?o }}"
LARGE = "SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 100000"


def resident(path: Path) -> ox.Store:
    """The store as the endpoint's workers hold it."""
    store = ox.Store()
    store.bulk_extend(open_read_only(path))
    return store


def in_process(store: ox.Store, query: str) -> float:
    started = time.perf_counter()
    result = store.query(query, use_default_graph_as_union=True)
    result.serialize(format=ox.QueryResultsFormat.JSON)
    return time.perf_counter() - started


def over_http(connection: http.client.HTTPConnection, query: str) -> float:
    path = "/sparql?" + urlencode({"query": query})
    started = time.perf_counter()
    connection.request("GET", path, headers={"Accept": "application/sparql-results+json"})
    response = connection.getresponse()
    response.read()
    assert response.status == 200
    return time.perf_counter() - started


def compare(store: ox.Store, connection: http.client.HTTPConnection, queries: list[str]) -> tuple[float, float]:
    """Medians of the same queries, alternating: in process, over HTTP."""
    pairs = [(in_process(store, query), over_http(connection, query)) for query in queries]
    return statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)


def time_examples(release: Path) -> None:
    search = Searcher.open(release).search
    for place in ("memory", "disk"):
        with SparqlEngine(release / "graph", Limits(), search, resident=place == "memory") as engine:
            times = {}
            for example in load_examples():
                runs = []
                for _ in range(4):
                    started = time.perf_counter()
                    b"".join(engine.run(example.query))
                    runs.append(time.perf_counter() - started)
                times[example.name] = statistics.median(runs[1:])
        slowest = max(times, key=lambda name: times[name])
        print(
            f"{len(times)} examples from {place}: median {statistics.median(times.values()) * 1e3:.1f} ms, "
            f"slowest {slowest} {times[slowest] * 1e3:.0f} ms, over a second {sum(t >= 1 for t in times.values())}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path, nargs="?")
    parser.add_argument("--requests", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        release = options.release or publish(Path(folder), {"https://example.org/g": invented()}).path
        time_overhead(release / "graph", options.requests)
    if options.release is not None:
        time_examples(options.release)


def invented() -> bytes:
    line = '<https://example.org/s/{0}> <https://example.org/p{1}> "text number {0} of the release" .\n'
    return "".join(line.format(i // 3, i % 3) for i in range(150_000)).encode()


def time_overhead(graph: Path, requests: int) -> None:
    store = resident(graph)
    subjects = {quad.subject.value for quad in store if isinstance(quad.subject, ox.NamedNode)}
    small = [SMALL.format(iri) for iri in sorted(subjects)[:: max(1, len(subjects) // requests)]]
    print(f"{len(store):,} quads")
    with serving(graph, seconds=60, per_client=4) as service:
        time.sleep(3)  # until the workers hold the graph in memory
        connection = http.client.HTTPConnection("127.0.0.1", service.port)
        compare(store, connection, small[:50])
        inside, outside = compare(store, connection, small)
        print(
            f"small queries: {inside * 1e3:.2f} ms in process, {outside * 1e3:.2f} ms over HTTP, "
            f"overhead {(outside - inside) * 1e3:.2f} ms"
        )
        rows = min(100_000, len(store))
        inside, outside = compare(store, connection, [LARGE] * 9)
        print(f"{rows:,} rows to JSON: {inside:.3f} s in process, {outside:.3f} s over HTTP, {outside / inside:.2f} ×")


if __name__ == "__main__":
    main()
