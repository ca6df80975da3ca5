"""The processes that evaluate queries, seen from the server: the nursery that forks them, and each worker."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

import graph
from graph.errors import ReleaseError
from webapp.sparql.errors import EngineFailed, LimitExceeded, TimeExceeded
from webapp.sparql.limits import Limits
from webapp.sparql.worker_process import HEADER, receive

_LOG = logging.getLogger(__name__)
_SCRIPT = Path(__file__).with_name("worker_process.py")

#: How long after its time a worker that has not ended itself is killed.
_GRACE = 0.5
#: A query that has run for so many seconds gives way to one that comes.
_YIELDS = 0.02
#: From this many seconds on it is a long one and leaves its turn to others.
_LONG = 0.15
_PROCESSORS = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset[int]()
#: Where queries run that have given way: the others stay free for those that come.
_HALF = frozenset(sorted(_PROCESSORS)[len(_PROCESSORS) // 2 :])


class Head(NamedTuple):
    """The beginning of an answer: ``rows`` of a table, ``bytes`` of a graph."""

    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Task:
    """``query`` as the engine gets it; ``format`` one of the worker's names. Graph lists are None where none was given;
    without either the default graph is the union of all graphs if ``union``, else the store's own. Relative IRIs are
    resolved against ``base_iri``. ``prefixes`` abbreviate the answer where its format can. ``head``: more than that of
    the answer need not be made."""

    query: str
    format: str
    default_graphs: Sequence[str] | None = None
    named_graphs: Sequence[str] | None = None
    union: bool = True
    base_iri: str | None = None
    prefixes: Mapping[str, str] = field(default_factory=dict)
    head: Head | None = None


class Nursery:
    """The process that workers are forked from; ``wait`` comes before the first ``fork``."""

    def __init__(self, graph_dir: Path, limits: Limits, *, resident: bool) -> None:
        self.resident = resident
        self.network_closed = False
        self._graph_dir = graph_dir
        self._control, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._alive = 0
        self._retired = False
        options = {
            "graph": str(graph_dir.resolve()),
            "resident": resident,
            "memory": limits.memory,
            "seconds": limits.seconds,
            "rows": limits.rows,
            "answer_bytes": limits.answer_bytes,
            "allow_open_network": limits.allow_open_network,
        }
        command = [sys.executable, "-P", str(_SCRIPT), str(theirs.fileno()), json.dumps(options)]
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**_environment(), "PYTHONPATH": str(Path(graph.__file__).parents[1])},
            )

    def wait(self) -> Self:
        """Until it has opened the graph, or read it into memory. Raises ReleaseError where it cannot, or was stopped
        meanwhile."""
        try:
            letter, body = receive(self._control)
        except (EOFError, OSError) as err:
            self.stop()
            raise ReleaseError(f"the query workers for {self._graph_dir} could not be started") from err
        answer = json.loads(body)
        if letter == b"E":
            self.stop()
            raise ReleaseError(answer["message"])
        self.network_closed = bool(answer["closed"])
        return self

    def fork(self) -> Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                with self._lock:
                    socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
                    pid = self._number()
                    self._alive += 1
            except BaseException:
                ours.close()
                raise
        return Worker(self, pid, ours)

    def reap(self, pid: int) -> int:
        """The wait status of a worker that has ended or been killed; waits until it is gone."""
        status, pause = -1, 0.001
        while status < 0:
            with self._lock:
                try:
                    self._control.sendall(f"reap {pid}".encode())
                    status = self._number()
                except (OSError, EOFError, ValueError):
                    status = 0
            if status < 0:
                time.sleep(pause)
                pause = min(2 * pause, 0.05)
        with self._lock:
            self._alive -= 1
            last = self._retired and self._alive <= 0
        if last:
            self.stop()
        return status

    def retire(self) -> None:
        """End it once its last worker has ended."""
        with self._lock:
            self._retired = True
            last = self._alive <= 0
        if last:
            self.stop()

    def _number(self) -> int:
        data = b""
        while not data.endswith(b"\n"):
            part = self._control.recv(32)
            if not part:
                raise EOFError
            data += part
        return int(data)

    def stop(self) -> None:
        self._control.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


class Worker:
    """One process that evaluates one query at a time."""

    def __init__(self, nursery: Nursery, pid: int, connection: socket.socket) -> None:
        self.nursery = nursery
        self.answers = 0
        self._placing = threading.Lock()
        self._processors = _PROCESSORS
        self._is_long = False
        self._begun = self._asked = 0.0
        self._pid = pid
        self._connection = connection
        self._thread: int | None = None
        self._killed = False
        self._ended = False

    def is_waiting(self) -> bool:
        """Whether it can be given a task: neither dead nor in the middle of something."""
        try:
            if self._thread is None:
                self._connection.settimeout(10)
                self._thread = json.loads(receive(self._connection)[1])["thread"]
            self._connection.settimeout(0)
            try:
                self._connection.recv(1)
            except BlockingIOError:
                return True
            return False  # it has died, or talks out of turn
        except (OSError, EOFError):
            return False

    def send(self, task: Task) -> None:
        if self._thread is None and not self.is_waiting():
            raise EngineFailed("A query worker could not be started.")
        self.answers += 1
        self._begun = self._asked = time.monotonic()
        body = json.dumps(
            {
                "query": task.query,
                "format": task.format,
                "default_graphs": task.default_graphs,
                "named_graphs": task.named_graphs,
                "union": task.union,
                "base_iri": task.base_iri,
                "prefixes": dict(task.prefixes),
            }
        ).encode()
        self._connection.settimeout(10)
        try:
            self._connection.sendall(HEADER.pack(b"T", len(body)) + body)
        except OSError as err:
            raise EngineFailed("The query worker has died; try again.") from err

    def frame(self, started: float, seconds: float, lengthen: Callable[[], bool]) -> tuple[bytes, bytes]:
        """The next frame of an answer begun at ``started``. Raises QueryError where the worker ends instead.

        ``lengthen`` is called when the query has become a long one, again and again until it says yes.
        """
        end = started + seconds + _GRACE
        while True:
            now = time.monotonic()
            if now >= end:
                raise TimeExceeded(f"The query was ended after {seconds:g} seconds.")
            if not self._is_long and now > self._asked + _LONG:
                self._asked = now
                self._is_long = lengthen()
            until = end if self._is_long else min(end, self._asked + _LONG + 0.001)
            self._connection.settimeout(max(until - time.monotonic(), 0.001))
            try:
                first = self._connection.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                continue
            except OSError:
                first = b""
            if not first:
                raise self._cause(seconds)
            self._connection.settimeout(max(end - time.monotonic(), 0.001))
            try:
                return receive(self._connection)
            except TimeoutError:
                continue  # which is the end of its time
            except (EOFError, OSError):
                raise self._cause(seconds) from None

    def _cause(self, seconds: float) -> Exception:
        status = self.end()
        killer = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if killer == signal.SIGALRM:
            return TimeExceeded(f"The query was ended after {seconds:g} seconds.")
        if killer == signal.SIGABRT:  # how the engine ends when it is refused memory
            return LimitExceeded("The query needs more memory than one query may use.")
        _LOG.error("a query worker ended by signal %s, status %s", killer, status)
        return EngineFailed("The query engine failed on this query.")

    def give_way(self) -> None:
        """Leave half of the processors to a query that has just come, unless this one has only begun too.

        A lower priority would not do: a kernel may let a running thread go on to its next tick, some milliseconds at
        each step that the other query takes.
        """
        with self._placing:
            if self._begun and time.monotonic() > self._begun + _YIELDS:
                self._confine(_HALF)

    def recover(self) -> None:
        """Be as good as new for the next query."""
        self._is_long = False
        with self._placing:
            self._begun = 0.0
            self._confine(_PROCESSORS)

    def _confine(self, processors: frozenset[int]) -> None:
        if self._processors != processors and self._thread is not None:
            self._processors = processors
            with contextlib.suppress(OSError):
                os.sched_setaffinity(self._thread, processors)

    def kill(self) -> None:
        """Begin to end it, without waiting."""
        # until the nursery reaps it the id is its own; one that has closed its socket dies by a signal worth knowing
        if self._ended or self._killed:
            return
        self._killed = True
        try:
            self._connection.settimeout(0)
            dying = self._connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            dying = False
        if not dying:
            with contextlib.suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)

    def end(self) -> int:
        """End it, whatever it does, and wait until it is gone; returns its wait status, 0 where it had been ended
        before."""
        if self._ended:
            return 0
        self.kill()
        self._ended = True
        self._connection.close()
        return self.nursery.reap(self._pid)


def _environment() -> dict[str, str]:
    """What a worker is told of the surroundings: nothing secret, no proxies."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
