"""Reading and extraction on a Ray cluster: the stage functions of the local build, on as many machines as there are.

A task takes its file's bytes with it, so the machines share no folder. Its result is kept by content as soon as it
comes back (``graph.ingest.parse_all``): a build that was ended goes on where it was, and a document that a lost machine
had begun is begun again elsewhere, with the same result under the same name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from graph.errors import ParserDied, ReleaseError, UnreadableDocument
from graph.ingest import Failure, ParseTask
from graph.isolation import Limits, run_isolated

#: How often a task is begun again when its worker or machine is lost.
RETRIES = 10


def connected(address: str) -> Any:
    """The module ``ray``, connected to the cluster at ``address`` ("auto": the one that this machine is part of).
    Raises ReleaseError."""
    try:
        import ray
    except ImportError as err:
        raise ReleaseError("a cluster needs the extra: pip install 'inspectgraph[cluster]'") from err
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError) as err:
            raise ReleaseError(f"the Ray cluster at {address} cannot be reached: {err}") from err
    return ray


@dataclass(frozen=True, slots=True)
class ClusterExecutor:
    """An ``Executor`` on the workers of a cluster. Each parses in a confined child process, as a local build does.

    Twice as many tasks as the cluster has processors are under way at a time, so memory is bounded however many
    documents there are. A document whose parser died is begun again once: a machine that goes down may end the parser
    before the worker, which then tells of it as of a document that kills its parser.
    """

    address: str
    limits: Limits = field(default_factory=Limits)

    def run(self, function: Callable[[str], bytes], tasks: Sequence[str]) -> Iterator[tuple[int, bytes | Failure]]:
        ray = connected(self.address)
        # a worker in a machine that goes down loses its files and its child processes
        options = {"num_cpus": 1, "max_retries": RETRIES, "retry_exceptions": [OSError, EOFError]}
        remote = ray.remote(**options)(run_shipped)
        waiting = iter(range(len(tasks)))
        again: list[int] = []
        died: set[int] = set()
        running: dict[Any, int] = {}
        most = max(2 * int(ray.cluster_resources().get("CPU", 1)), 2)
        while True:
            while len(running) < most and (index := again.pop() if again else next(waiting, None)) is not None:
                running[remote.remote(function, tasks[index], _files_of(tasks[index]), self.limits)] = index
            if not running:
                return
            ready, _ = ray.wait(list(running), num_returns=1)
            for reference in ready:
                index, result = running.pop(reference), _result(ray, reference)
                if isinstance(result, ParserDied) and index not in died:
                    died.add(index)
                    again.append(index)
                else:
                    yield index, Failure.of(result) if isinstance(result, ParserDied) else result


def _result(ray: Any, reference: Any) -> bytes | Failure | ParserDied:
    try:
        result: bytes | Failure | ParserDied = ray.get(reference)
    except ray.exceptions.RayError as err:
        reason = f"the cluster could not read it ({type(err).__name__})"
        return Failure("", reason, f"build again; it was begun {RETRIES + 1} times")
    return result


def _files_of(task: str) -> dict[str, bytes]:
    """What the task reads, by path."""
    given = msgspec.json.decode(task, type=ParseTask)
    return {path: Path(path).read_bytes() for path in (given.path, given.authorities) if path}


def run_shipped(
    function: Callable[[str], bytes], task: str, files: dict[str, bytes], limits: Limits
) -> bytes | Failure | ParserDied:
    """Runs on a worker: the task's files are written where it can read them, under the names that they came with."""
    given = msgspec.json.decode(task, type=ParseTask)
    with tempfile.TemporaryDirectory(prefix="reading-") as folder:
        placed = {}
        for number, (path, content) in enumerate(files.items()):
            target = Path(folder, str(number), Path(path).name)
            target.parent.mkdir()
            target.write_bytes(content)
            placed[path] = str(target)
        here = ParseTask(placed[given.path], given.metadata, placed[given.authorities] if given.authorities else None)
        try:
            return run_isolated(function, msgspec.json.encode(here).decode(), limits)
        except ParserDied as err:
            return err
        except UnreadableDocument as err:
            return Failure.of(err)
