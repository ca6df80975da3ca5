"""Build the same corpus in several orders of its files: the graphs must be canonically equal, the item IRIs the same.

    python -m benchmarks.reproducible_builds --orders 3

Also makes ``--backups`` backups while releases come and go, restores each, and compares the canonical graphs.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from graph.release import Release, backup, restore
from graph.store import canonical_digest
from indexer.build_options import BuildOptions
from indexer.pipeline import build_release
from indexer.tables import read_rows

Found = tuple[str, tuple[str, ...]]


def digest_and_iris(data: Path) -> Found:
    release = Release.open(data)
    return canonical_digest(release.path / "graph"), tuple(
        row["iri"] for row in read_rows(release.path / "tables", "items")
    )


def built_in_order(files: Sequence[Path], data: Path, authorities: Path, models: Path | None) -> Found:
    """One build of ``files`` in this order, from nothing."""
    build_release(files, BuildOptions(data, authorities=authorities, jobs=2, models=models))
    return digest_and_iris(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=3)
    parser.add_argument("--backups", type=int, default=20)
    arguments = parser.parse_args()
    from tests.crash_trials import prepare, publish
    from tests.samples.make_samples import write_samples

    rng, wrong = random.Random(1), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write_samples(folder / "samples")
        found = []
        for turn in range(arguments.orders):
            order = sorted(files) if turn == 0 else rng.sample(files, len(files))
            data = folder / f"data{turn}"
            found.append(built_in_order(order, data, Path("tests/samples/authorities.csv"), folder / "models"))
        wrong += len(set(found)) != 1
        print(f"{len(files)} documents in {arguments.orders} orders: {len(set(found))} different graphs or IRIs")

        prepare(folder / "small")
        stop, digests = threading.Event(), {}

        def build() -> None:
            number = 3
            while not stop.is_set():
                made = publish(folder / "small", number)
                digests[made.id] = canonical_digest(made.path / "graph")
                number += 1

        first = Release.open(folder / "small")
        digests[first.id] = canonical_digest(first.path / "graph")
        builder = threading.Thread(target=build)
        builder.start()
        saved = [backup(folder / "small", folder / f"{n}.tar").id for n in range(arguments.backups)]
        stop.set()
        builder.join()
        for turn, identifier in enumerate(saved):
            restored = restore(folder / f"{turn}.tar", folder / f"fresh{turn}")
            wrong += canonical_digest(restored.path / "graph") != digests[identifier]
        print(f"{len(saved)} backups of {len(set(saved))} releases, {len(digests)} made meanwhile; wrong: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
