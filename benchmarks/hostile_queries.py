"""Ten thousand hostile queries against the endpoint, while a bystander goes on asking easy ones.

    python -m benchmarks.hostile_queries [RELEASE_DIR] [--number 10000] [--attackers 4] [--seconds 1]

Serves a small invented graph, or that of a release, by gunicorn; makes the queries in the shapes of
``tests/hostile_queries.py``; and prints what became of them, how long the slowest took, how many connections reached
the address that they name, and the bystander's times before and after against those meanwhile. Loopback only.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.hostile_queries import besiege, invented_triples
from tests.sparql_service import publish, serving

EASY = "SELECT ?p ?o { ?s ?p ?o } LIMIT 20"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path, nargs="?")
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--attackers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="the limit of one query")
    parser.add_argument("--shapes", action="store_true", help="say what became of each shape")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        release = options.release or publish(Path(folder), {"https://example.org/g": invented_triples()}).path
        with serving(release / "graph", seconds=options.seconds) as service:
            siege = besiege(service, options.number, options.attackers, EASY)
            alive = service.get("ASK {}").status == 200
    print(siege.summary())
    print(f"limit {options.seconds:g} s; the server {'answers' if alive else 'is gone'}; lost: {siege.tally.lost}")
    if options.shapes:
        for outcome, count in sorted(siege.tally.by_shape.items()):
            print(f"  {outcome} × {count}")


if __name__ == "__main__":
    main()
