"""What each stage of a build costs: from nothing, with nothing changed, and with one file changed, added and removed.

    python -m benchmarks.build_stages --scratch FOLDER [--sources ../shared/seeds ../shared/corpus] [--known DATA]

Each build runs in a process of its own. By stage: wall clock, processor seconds of the process and all that it started,
and the most memory that the process itself held (the resident set, mapped files among it); "whole": the same of the
build, and the most that all its processes held together (proportional set, twice a second). ``--known``: a data folder
whose converted model and caches of documents already read and texts already embedded are taken along, to measure the
other stages alone.

The changed file gets the bytes of another of the same kind, held back like the one that is added: both are new to every
cache but those of ``--known``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine

_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--scratch", type=Path, required=True)
    arguments.add_argument(
        "--sources", type=Path, nargs="+", default=[Path("../shared/seeds"), Path("../shared/corpus")]
    )
    arguments.add_argument("--known", type=Path)
    arguments.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--build", nargs="+", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.build:
        print(json.dumps(_build(given.scratch / "data", given.jobs, given.build)))
        return
    facts = machine.machine()
    given.scratch.mkdir(parents=True, exist_ok=True)
    _prepare(given.scratch, given.known)
    sources, changed, other, added = _copied(given.sources, given.scratch)
    results: dict[str, Any] = {}

    def measured(name: str, *command: str) -> None:
        results[name] = _measured(given.scratch, given.jobs, command)
        print(name, json.dumps(results[name]), flush=True)

    measured("from nothing", "build", str(sources))
    measured("nothing changed", "build", str(sources))
    shutil.copyfile(other, changed)
    measured("one file changed", "build", str(sources))
    shutil.copyfile(added, sources / added.name)
    measured("one file added", "build", str(sources))
    (sources / added.name).unlink()
    measured("one file removed", "remove", added.name)
    known = given.known is not None
    machine.write("build_stages", {"machine": facts, "read_and_embedded_before": known, "results": results})


def _prepare(scratch: Path, known: Path | None) -> None:
    shutil.rmtree(scratch / "data", ignore_errors=True)
    work = scratch / "data" / "work"
    work.mkdir(parents=True)
    if known is not None:
        for name in ("models", "parsed"):
            shutil.copytree(known / "work" / name, work / name, symlinks=True)
        with (
            contextlib.closing(sqlite3.connect(known / "work" / "embeddings.sqlite")) as source,
            contextlib.closing(sqlite3.connect(work / "embeddings.sqlite")) as target,
        ):
            source.backup(target)
        return
    from indexer.embedding import converted_model

    converted_model(work / "models")


def _copied(given: Sequence[Path], scratch: Path) -> tuple[Path, Path, Path, Path]:
    """The folder of sources; of the PDFs between a quarter and three quarters by size, the one to change in it, and two
    beside it: whose bytes that one gets, and the one to add."""
    folder, kept = scratch / "sources", scratch / "held back"
    for made in (folder, kept):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
    from graph.ingest import find_sources

    found, _ = find_sources(given)
    for source in found:
        target = folder / source.path.name
        number = 1
        while target.exists():
            target = folder / f"{source.path.stem}-{(number := number + 1)}{source.path.suffix}"
        shutil.copyfile(source.path, target)
    papers = sorted(folder.glob("*.pdf"), key=lambda file: (file.stat().st_size, file.name))
    changed, other, added = (papers[len(papers) * part // 4] for part in (1, 2, 3))
    return folder, changed, other.rename(kept / other.name), added.rename(kept / added.name)


def _measured(scratch: Path, jobs: int, command: Sequence[str]) -> dict[str, Any]:
    line = [sys.executable, "-m", "benchmarks.build_stages", "--scratch", str(scratch), "--jobs", str(jobs)]
    child = subprocess.Popen([*line, "--build", *command], stdout=subprocess.PIPE, text=True)
    most = 0
    while child.poll() is None:
        most = max(most, sum(proportional(pid) for pid in tree(child.pid)))
        time.sleep(0.5)
    assert child.stdout is not None
    if child.returncode:
        raise SystemExit(f"{command} failed")
    made: dict[str, Any] = json.loads(child.stdout.read().splitlines()[-1])
    made["whole"]["all_processes_mb"] = most >> 20
    return made


def _build(data: Path, jobs: int, command: Sequence[str]) -> dict[str, Any]:
    started, spent = time.perf_counter(), processor_seconds()
    from indexer.build_options import BuildOptions
    from indexer.pipeline import build_release, remove_documents

    stages = Stages()
    options = BuildOptions(data, jobs=jobs)
    if command[0] == "build":
        report = build_release([Path(name) for name in command[1:]], options, stages)
    else:
        report = remove_documents(command[1:], options, stages)
    stages.close()
    whole = {
        "wall_s": round(time.perf_counter() - started, 2),
        "cpu_s": round(processor_seconds() - spent, 2),
        "peak_mb": machine.peak_mb(),
        "documents_read": report.read,
        "release": report.release,
        "fresh": report.fresh,
    }
    return {"whole": whole, "stages": stages.found}


class Stages:
    """A ``Progress`` that measures; what lies between two stages counts as "between"."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}
        self._begin("start")

    def begin(self, stage: str, total: int) -> None:
        self.close()
        self._begin(stage)

    def advance(self, count: int = 1) -> None:
        pass

    def end(self) -> None:
        self.close()
        self._begin("between")

    def _begin(self, stage: str) -> None:
        self._stage, self._wall, self._cpu = stage, time.perf_counter(), processor_seconds()
        _forget_peak()

    def close(self) -> None:
        now = self.found.setdefault(self._stage, {"wall_s": 0.0, "cpu_s": 0.0, "peak_mb": 0})
        now["wall_s"] = round(now["wall_s"] + time.perf_counter() - self._wall, 2)
        now["cpu_s"] = round(now["cpu_s"] + processor_seconds() - self._cpu, 2)
        now["peak_mb"] = max(now["peak_mb"], _peak_mb())


def processor_seconds() -> float:
    """What this process and all that it started have used, those that have ended included."""
    total = 0
    for pid in tree(os.getpid()):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))  # own and those of children that were waited for
    return total / _TICKS


def tree(root: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, ())
    return found


def proportional(pid: int) -> int:
    """Bytes that a process holds, its share of what it holds with others."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    return 0


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
