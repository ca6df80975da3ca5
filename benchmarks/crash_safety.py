"""Cut operations on a data folder short: killed at every named step and at random instants, every file operation
refused, the disk full.

    python -m benchmarks.crash_safety --times 50 --instants 1000
    python -m benchmarks.crash_safety --only restore,prune --times 0 --instants 0 --thresholds 0
    python -m benchmarks.crash_safety --only build,remove --times 50 --instants 0 --stride 0 --thresholds 0

Prints one line a campaign: trials, how many were really killed or refused, and every promise that was broken. The full
disk is a small tmpfs, which needs the right to mount one. Builds and removals by the whole pipeline take ten times
as long as the others, and are done where they are named.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.crash_builds import PIPELINES, PipelineScenario
from tests.crash_trials import (
    SCENARIOS,
    Scenario,
    Tally,
    fail_every_file_operation,
    full_disk,
    kill_at_every_step,
    kill_at_random,
)


@contextlib.contextmanager
def small_disk(mount: Path, size: int) -> Iterator[Path]:
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mount)], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SCENARIOS), help="operations, with commas between")
    parser.add_argument("--times", type=int, default=50, help="kills at each named step; 0: none")
    parser.add_argument("--instants", type=int, default=1000, help="kills at random instants, shared by the operations")
    parser.add_argument("--stride", type=int, default=1, help="refuse every n-th file operation; 0: none")
    parser.add_argument("--thresholds", type=int, default=50, help="amounts of room that a full disk leaves; 0: none")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    names = arguments.only.split(",")
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            place = Path(folder) / name
            place.mkdir()
            scenario = PipelineScenario(name, place) if name in PIPELINES else Scenario(name, place)
            campaigns: dict[str, Callable[[], Tally]] = {}
            if arguments.times:
                campaigns[f"killed at each step x {arguments.times}"] = partial(
                    kill_at_every_step, scenario, arguments.times, rng
                )
            if instants := arguments.instants // len(names):
                campaigns["killed at random instants"] = partial(kill_at_random, scenario, instants, rng)
            if arguments.stride:
                campaigns["file operations refused (EIO)"] = partial(
                    fail_every_file_operation, scenario, arguments.stride
                )
            if arguments.thresholds:
                campaigns[f"disk full, {arguments.thresholds} times"] = partial(
                    filled_up, name, place, arguments.thresholds
                )
            for what, campaign in campaigns.items():
                begun = time.perf_counter()
                tally = campaign()
                seconds, wrong = time.perf_counter() - begun, len(tally.broken or ())
                broken += wrong
                counts = f"trials {tally.trials:>5}  killed {tally.killed:>5}  refused {tally.refused:>4}"
                print(f"{name:<8} {what:<32} {counts}  broken {wrong}  {seconds:.0f} s", flush=True)
                for sentence in tally.broken or ():
                    print(f"    {sentence}", flush=True)
    return 1 if broken else 0


def filled_up(name: str, place: Path, thresholds: int) -> Tally:
    """On a disk of its own, with room for none to thrice what a release takes."""
    with small_disk(place / "disk", (128 if name in PIPELINES else 8) << 20) as disk:
        scenario = PipelineScenario(name, disk) if name in PIPELINES else Scenario(name, disk)
        release = (scenario.data / "current").resolve()
        most = 3 * sum(file.stat().st_size for file in release.rglob("*") if file.is_file())
        return full_disk(scenario, disk, [most * n // thresholds for n in range(thresholds)])


if __name__ == "__main__":
    sys.exit(main())
