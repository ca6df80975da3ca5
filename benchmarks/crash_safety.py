"""Kill publish, backup, restore and correction at every named step and at random instants; refuse every file operation.

    python -m benchmarks.crash_safety --times 50 --instants 1000 --data build/crash

Prints one line a campaign: trials, how many were really killed, and every promise that was broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.crash_trials import (
    SCENARIOS,
    Scenario,
    Tally,
    fail_every_file_operation,
    kill_at_every_step,
    kill_at_random,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50, help="kills at each named step")
    parser.add_argument("--instants", type=int, default=1000, help="kills at random instants, shared by the operations")
    parser.add_argument("--stride", type=int, default=1, help="refuse every n-th file operation")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in SCENARIOS:
            place = Path(folder) / name
            place.mkdir()
            scenario = Scenario(name, place)
            for what, campaign in (
                (f"killed at each step x {arguments.times}", lambda s: kill_at_every_step(s, arguments.times, rng)),
                ("killed at random instants", lambda s: kill_at_random(s, arguments.instants // len(SCENARIOS), rng)),
                ("each file operation refused (EIO)", lambda s: fail_every_file_operation(s, arguments.stride)),
            ):
                begun = time.perf_counter()
                tally: Tally = campaign(scenario)
                broken += len(tally.broken or ())
                print(
                    f"{name:<8} {what:<36} trials {tally.trials:>5}  killed {tally.killed:>5}  "
                    f"broken {len(tally.broken or ())}  {time.perf_counter() - begun:.0f} s",
                    flush=True,
                )
                for sentence in tally.broken or ():
                    print(f"    {sentence}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
