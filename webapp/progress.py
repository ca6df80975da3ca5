"""How a build shows what it does: bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from indexer.build_options import Progress


class PlainProgress:
    """One line when a stage begins and one when it ends, with its seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begin(self, stage: str, total: int) -> None:
        self._started, self._stage, self._total = time.perf_counter(), stage, total
        self._write(f"{stage}: {total} to do")

    def advance(self, count: int = 1) -> None:
        pass

    def end(self) -> None:
        self._write(f"{self._stage}: {self._total} done in {time.perf_counter() - self._started:.1f} s")

    def _write(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


class BarProgress:
    """A bar a stage."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=stream),
        )
        self._bars.start()

    def begin(self, stage: str, total: int) -> None:
        self._task = self._bars.add_task(stage, total=total)

    def advance(self, count: int = 1) -> None:
        self._bars.advance(self._task, count)

    def end(self) -> None:
        task = next(task for task in self._bars.tasks if task.id == self._task)
        self._bars.update(self._task, completed=task.total)

    def stop(self) -> None:
        self._bars.stop()


@contextmanager
def progress_on(stream: TextIO = sys.stderr) -> Iterator[Progress]:
    """Bars where ``stream`` is a terminal, else plain lines."""
    if not stream.isatty():
        yield PlainProgress(stream)
        return
    bars = BarProgress(stream)
    try:
        yield bars
    finally:
        bars.stop()
