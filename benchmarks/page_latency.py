"""How long the server takes for pages of a release: search, items, and the others, without the network.

    python -m benchmarks.page_latency --data DATA [--requests 200] [--seed 1]

Asks the application in this process (its WSGI interface, gzip on), one request at a time, in a random order that the
seed fixes: searches of words that stand in the release's own items with and without filters, each search new to the
server (nothing is remembered of it), item pages, and pages of the other kinds. Prints p50, p95 and the slowest of wall
clock, and the p95 of processor time, which other work on the machine moves less. Warm: a first round is not counted.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from flask.testing import FlaskClient

from webapp import create_app
from webapp.server import share_interpreter
from webapp.services import OpenRelease, Services
from webapp.settings import Settings


def searches(release: OpenRelease, chance: random.Random) -> Iterator[str]:
    """Phrases of two to nine words out of items, half of them with filters."""
    items = release.tables.items
    texts = items.column("text")
    while True:
        words = chance.choice(texts).split()
        length = chance.randint(2, 9)
        start = chance.randrange(max(1, len(words) - length))
        asked = [("q", " ".join(words[start : start + length]))]
        row = items.row(chance.randrange(len(items)))
        filters = {
            "kind": row["kind"],
            "theme": next(iter(row["themes"] or ()), None),
            "authority": row["gss_code"],
            "region": row["region"],
            "grade": row["grade"],
            "since": "2015",
        }
        if chance.random() < 0.5:
            names = chance.sample(sorted(filters), 2)
            asked += [(name, filters[name]) for name in names if filters[name]]
        yield f"/search?{urlencode(asked)}"


def pages(release: OpenRelease, chance: random.Random) -> dict[str, Iterator[str]]:
    tables = release.tables

    def of(column: list[str]) -> Iterator[str]:
        while True:
            yield release.path_of(chance.choice(column))

    def named(paths: list[str]) -> Iterator[str]:
        while True:
            yield chance.choice(paths)

    themes = [f"/themes/{theme}" for theme in release.labels.themes.concepts]
    return {
        "search": searches(release, chance),
        "item": of(tables.items.column("iri")),
        "document": of(tables.documents.column("iri")),
        "inspection": of(tables.inspections.column("iri")),
        "theme": named(themes),
        "authority": named([f"/authorities/{code}" for code in release.authorities if code]),
        "others": named(["/", "/search", "/themes", "/authorities", "/recurring", "/methods", "/data", "/about"]),
    }


def measured(client: FlaskClient, paths: Iterator[str], requests: int) -> list[tuple[float, float, str, int]]:
    """Wall clock and processor seconds, address and size of each answer, slowest last."""
    found = []
    for _ in range(requests):
        path = next(paths)
        start, used = time.perf_counter(), time.process_time()
        answer = client.get(path, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
        found.append((time.perf_counter() - start, time.process_time() - used, path, len(answer.data)))
        assert answer.status_code == 200, (path, answer.status_code)
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    services = Services(Settings(data=given.data))
    release = services.current()
    release.warm()
    share_interpreter()
    client = create_app(services.settings, services).test_client()
    print(f"release {release.id}: {len(release.tables.items):,} items; {given.requests} requests a row, milliseconds")
    print(f"{'page':12}{'p50':>8}{'p95':>8}{'max':>8}{'cpu p95':>9}{'kB p95':>8}  slowest")
    for name, paths in pages(release, random.Random(given.seed)).items():
        measured(client, paths, 10)
        found = measured(client, paths, given.requests)
        last = min(len(found) - 1, int(0.95 * len(found)))
        cpu = sorted(used for _, used, _, _ in found)[last]
        size = sorted(size for _, _, _, size in found)[last]
        wall = [1000 * found[place][0] for place in (len(found) // 2, last, -1)]
        times = "".join(f"{value:8.0f}" for value in wall)
        print(f"{name:12}{times}{1000 * cpu:9.0f}{size / 1000:8.0f}  {found[-1][2][:90]}")
    release.sparql.close()


if __name__ == "__main__":
    main()
