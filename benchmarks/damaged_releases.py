"""Flip bits in, cut, lengthen and blank every file of a release; nothing damaged may ever be opened.

    python -m benchmarks.damaged_releases --trials 2000

The release is that of the invented documents, with graph, tables, vectors, words, texts and model, and an earlier sound
one beside it: each damage must be named, and the earlier release served.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from graph.release import Release


def damaged(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    """A kind of damage, and the content with it."""
    kind = rng.choice(["bit flipped", "cut", "lengthened", "blanked"] if content else ["lengthened"])
    at = rng.randrange(len(content)) if content else 0
    if kind == "bit flipped":
        return kind, content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]
    if kind == "cut":
        return kind, content[:at]
    if kind == "lengthened":
        return kind, content + rng.randbytes(1 + rng.randrange(100))
    return kind, content[:at] + bytes(min(512, len(content) - at)) + content[at + 512 :]


def undetected(data: Path, trials: int, rng: random.Random) -> tuple[Counter[str], list[str]]:
    """Trials by kind of damage, and each damage that was not named or not answered by the earlier release."""
    sound = Release.open(data)
    files = [*sorted(sound.manifest.files), "manifest.json"]
    tried: Counter[str] = Counter()
    missed: list[str] = []
    for trial in range(trials):
        name = files[trial % len(files)]
        file = sound.path / name
        before = file.read_bytes()
        kind, after = damaged(before, rng)
        if after == before:
            continue
        file.unlink()  # it may be a hard link to a cache
        file.write_bytes(after)
        opened = Release.open(data)
        tried[kind] += 1
        named = bool(opened.damage) and (name == "manifest.json" or any(name in sentence for sentence in opened.damage))
        if opened.id == sound.id:
            # white space around the manifest's JSON carries no meaning: what was read is what was written
            if name != "manifest.json" or opened.manifest != sound.manifest:
                missed.append(f"{kind}: {name}")
        elif not named:
            missed.append(f"{kind}: {name}: not named")
        file.write_bytes(before)
    return tried, missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    from tests.small_release import publish

    logging.disable(logging.ERROR)  # each damage is told there
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        for _ in range(2):
            files = len(publish(data).manifest.files) + 1
        tried, missed = undetected(data, arguments.trials, random.Random(arguments.seed))
    print(f"{sum(tried.values())} damages over {files} files: {dict(tried)}; undetected: {len(missed)}")
    print("\n".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
