"""The example queries as the benchmarks ask them."""

from __future__ import annotations

from webapp.sparql.engine import SparqlEngine
from webapp.sparql.examples import Example, load_examples


def without_search() -> list[Example]:
    """Those without a similarity clause, which is ours alone."""
    return [example for example in load_examples() if "SERVICE" not in example.query]


def answer(engine: SparqlEngine, query: str) -> bytes:
    """All of it: N-Triples of a graph, else tab-separated values under a line of names."""
    return b"".join(engine.run(query, "nt" if is_graph(query) else "tsv"))


def rows(engine: SparqlEngine, query: str) -> int:
    return answer(engine, query).count(b"\n") - (not is_graph(query))


def is_graph(query: str) -> bool:
    """Whether the answer is a graph."""
    return "CONSTRUCT" in query
