"""A pool of processes that evaluate queries and can be killed, seen from the server.

The engine cannot be interrupted, can be made to take all memory, and can crash: so it lives in workers
(``worker_process``) that are forked from a nursery ahead of need, and whatever happens to one is a status for one
client and a fresh worker for the next.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import graph
from graph.errors import ReleaseError
from webapp.sparql.errors import (
    Busy,
    EngineFailed,
    EvaluationFailed,
    LimitExceeded,
    MalformedQuery,
    TimeExceeded,
    UnwritableAnswer,
)
from webapp.sparql.limits import Limits
from webapp.sparql.worker_process import HEADER, receive

_LOG = logging.getLogger(__name__)
_SCRIPT = Path(__file__).with_name("worker_process.py")

#: How long after its time a worker that has not ended itself is killed.
_GRACE = 0.5
#: From this many seconds on a query is a long one: it has low priority and leaves its turn to others.
_LONG = 0.15
_GIVES_WAY = 5  # niceness on top of what workers have
#: Errors after which a worker is as good as before.
_HARMLESS = frozenset({"syntax", "evaluation", "limit", "xml"})
#: A worker is replaced after so many answers, so that what the engine keeps does not add up.
_ANSWERS = 500


@dataclass(frozen=True, slots=True)
class Task:
    """``query`` as the engine gets it; ``format`` one of the worker's names. Graph lists are None where none was given;
    without either the default graph is the union of all graphs if ``union``, else the store's own. Relative IRIs are
    resolved against ``base_iri``."""

    query: str
    format: str
    default_graphs: Sequence[str] | None = None
    named_graphs: Sequence[str] | None = None
    union: bool = True
    base_iri: str | None = None


class Pool:
    """Workers over one graph. Thread-safe; ``close`` or the end of the process ends them all.

    A query takes one of ``workers`` turns. When it has become a long one it moves, with low priority, to one of
    ``long_workers`` places and frees its turn; where none is free it stays as long as nobody waits, and is refused as
    soon as somebody does: a few heavy queries cannot keep light ones from their answers.
    """

    def __init__(self, graph_dir: Path, limits: Limits, *, resident: bool | None = None) -> None:
        """Start the nursery and as many workers as may run at a time.

        resident: whether the graph is held in memory; None decides by its size, and then the pool serves from disk
        until the copy is ready. Raises ReleaseError where the graph cannot be opened.
        """
        self.limits = limits
        self._graph_dir = graph_dir
        self._lock = threading.Lock()
        self._replacing = threading.Lock()
        self._turn = threading.BoundedSemaphore(limits.workers)
        self._long = threading.BoundedSemaphore(limits.long_workers)
        self._waiting = 0
        self._idle: list[_Worker] = []
        self._closed = False
        self._undertaker = ThreadPoolExecutor(limits.workers + limits.long_workers, "sparql-undertaker")
        self._nursery = _Nursery(graph_dir, limits, resident=bool(resident))
        self._idle = [self._nursery.fork() for _ in range(limits.workers)]
        if not self._idle[0].is_waiting():
            self.close()
            raise ReleaseError(f"the graph at {graph_dir} cannot be opened by the query workers")
        if resident is None and _size(graph_dir) <= limits.resident_bytes:
            threading.Thread(target=self._become_resident, name="sparql-resident", daemon=True).start()

    @property
    def resident(self) -> bool:
        """Whether queries are answered from memory by now."""
        return self._nursery.resident

    @property
    def network_closed(self) -> bool:
        return self._nursery.network_closed

    def run(self, task: Task, *, wait_seconds: float | None = None) -> Answer:
        """Evaluate; returns once the head of the answer is there. The caller closes the answer.

        Raises Busy where no worker becomes free in time, or the QueryError that the query ended in.
        """
        started = time.monotonic()
        self._wait_for_turn(self.limits.wait_seconds if wait_seconds is None else wait_seconds)
        answer = None
        try:
            answer = Answer(self, self._take(), task, started if wait_seconds is None else time.monotonic())
            answer.begin()
        except BaseException:
            if answer is not None:
                answer.close()
            else:
                self._turn.release()
            raise
        return answer

    def _wait_for_turn(self, seconds: float) -> None:
        if self._turn.acquire(blocking=False):
            return
        with self._lock:
            if self._waiting >= self.limits.waiting:
                raise Busy("The endpoint is busy; try again shortly.")
            self._waiting += 1
        try:
            if not self._turn.acquire(timeout=seconds):
                raise Busy("The endpoint is busy; try again shortly.")
        finally:
            with self._lock:
                self._waiting -= 1

    def lengthen(self, *, refuse: bool) -> bool:
        """Move a query from its turn to a place for long ones; False where there is none and it may stay.

        refuse: it may be ended, because nothing of its answer has been sent. Raises Busy if it must be.
        """
        if self._long.acquire(blocking=False):
            self._turn.release()
            return True
        if refuse and self._waiting > 0:
            raise Busy("The endpoint is busy with long queries; this one was ended. Try again later.")
        return False

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()
        self._undertaker.shutdown()
        self._nursery.retire()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self) -> _Worker:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self._fork()
            if worker.nursery is self._nursery and worker.is_waiting():
                return worker
            worker.end()

    def _fork(self) -> _Worker:
        """A fresh worker; never called with the lock held, so that others take and give back meanwhile."""
        if self._closed:
            raise EngineFailed("The endpoint is shutting down.")
        nursery = self._nursery
        try:
            return nursery.fork()
        except (OSError, EOFError, ReleaseError):
            with self._replacing:
                if self._nursery is nursery:
                    _LOG.exception("the nursery of query workers has died; starting another")
                    self._nursery = _Nursery(self._graph_dir, self.limits, resident=nursery.resident)
                    nursery.stop()
            return self._nursery.fork()

    def give_back(self, worker: _Worker, *, usable: bool, long: bool) -> None:
        """End of a query: keep the worker, or kill it and have a fresh one put in its place.

        A process that is killed while the machine is busy takes its time to die: nobody waits for that but the
        undertaker, and the turn is free when it is gone.
        """
        turn = self._long if long else self._turn
        if usable and worker.answers < _ANSWERS and worker.nursery is self._nursery and not self._closed:
            self._keep(worker)
            turn.release()
        else:
            worker.kill()
            try:
                self._undertaker.submit(self._replace, worker, turn)
            except RuntimeError:  # the pool has been closed
                self._replace(worker, turn)

    def _replace(self, worker: _Worker, turn: threading.Semaphore) -> None:
        try:
            worker.end()
            if not self._closed and len(self._idle) < self.limits.workers:
                self._keep(self._fork())
        except (OSError, EOFError, ReleaseError, EngineFailed):
            if not self._closed:
                _LOG.exception("a query worker could not be replaced")
        finally:
            turn.release()

    def _keep(self, worker: _Worker) -> None:
        with self._lock:
            kept = not self._closed
            if kept:
                self._idle.append(worker)
        if not kept:
            worker.end()

    def _become_resident(self) -> None:
        try:
            nursery = _Nursery(self._graph_dir, self.limits, resident=True)
            fresh = [nursery.fork() for _ in range(self.limits.workers)]
        except (OSError, EOFError, ReleaseError):
            _LOG.exception("the graph cannot be held in memory; queries go on from disk")
            return
        with self._lock:
            old, idle = self._nursery, self._idle
            if self._closed:
                old, idle = nursery, fresh
            else:
                self._nursery, self._idle = nursery, fresh
        for worker in idle:
            worker.end()
        old.retire()


class Answer:
    """One answer on its way. Iterate ``chunks`` once, then ``close``; closing earlier ends the query.

    The worker is emptied at its own speed into a temporary file, so a slow reader does not hold it.
    """

    def __init__(self, pool: Pool, worker: _Worker, task: Task, started: float) -> None:
        self.kind = ""  # solutions, boolean or triples
        self._pool = pool
        self._worker: _Worker | None = worker
        self._task = task
        self._parts: list[bytes] = []
        self._held = 0
        self._complete = False
        self._sending = False
        self._long = False
        self._started = started
        self._ending = threading.Lock()
        self._spool: _Spool | None = None

    @property
    def complete(self) -> bool:
        """Whether the whole answer was there with its head, so that its length is known."""
        return self._spool is None

    @property
    def head(self) -> bytes:
        """What has been held back; the whole answer where ``complete``."""
        return b"".join(self._parts)

    def begin(self) -> None:
        assert self._worker is not None
        self._worker.send(self._task)
        while not self._complete and self._held < self._pool.limits.head_bytes:
            part = self._next()
            if part:
                self._parts.append(part)
                self._held += len(part)
        if self._complete:
            self._release(usable=True)
        else:
            self._sending = True
            self._spool = _Spool(self._drain)

    def chunks(self) -> Iterator[bytes]:
        """The answer in pieces. Raises QueryError where it breaks off: the client must be told, by cutting."""
        yield from self._parts
        self._parts = []
        if self._spool is not None:
            yield from self._spool

    def whole(self) -> bytes:
        """The answer in one piece. Raises QueryError."""
        return b"".join(self.chunks())

    def close(self) -> None:
        """End the query if it still runs, and free what it held."""
        if self._spool is not None:
            self._spool.close()
        self._release(usable=False)

    def _drain(self) -> Iterator[bytes]:
        """Runs in the spool's thread."""
        try:
            while not self._complete:
                yield self._next()
        except BaseException:
            self._release(usable=False)
            raise
        self._release(usable=True)

    def _next(self) -> bytes:
        """The next piece of data, empty at the end."""
        worker = self._worker
        if worker is None:
            raise EngineFailed("The query was ended.")
        limits = self._pool.limits
        letter, body = worker.frame(self._started, limits.seconds, self._lengthen)
        if letter == b"D":
            return body
        if letter == b"Z":
            self._complete = True
            return b""
        if letter == b"K":
            self.kind = json.loads(body)["answer"]
            return b""
        error = json.loads(body)
        if error["kind"] in _HARMLESS:
            self._release(usable=True)
        raise _error(error)

    def _lengthen(self) -> bool:
        self._long = self._pool.lengthen(refuse=not self._sending)
        return self._long

    def _release(self, *, usable: bool) -> None:
        with self._ending:
            worker, self._worker = self._worker, None
        if worker is not None:
            self._pool.give_back(worker, usable=usable and not worker.gives_way, long=self._long)


_PLACE = re.compile(r"error at (\d+):(\d+): ", re.ASCII)


def _error(error: dict[str, str]) -> Exception:
    message = error["message"]
    match error["kind"]:
        case "syntax":
            found = _PLACE.match(message)
            if found is None:
                return MalformedQuery(message)
            return MalformedQuery(message[found.end() :], int(found[1]), int(found[2]))
        case "limit":
            return LimitExceeded(f"{message}; nothing is ever cut off here: use LIMIT, or the downloads.")
        case "xml":
            return UnwritableAnswer(
                "A text in this answer has control characters, which XML cannot carry: ask for JSON, CSV or Turtle."
            )
        case "memory":
            return LimitExceeded("The query needs more memory than one query may use.")
        case "evaluation":
            return EvaluationFailed(message)
    _LOG.error("the query engine failed: %s", message)
    return EngineFailed("The query engine failed on this query.")


class _Spool:
    """What one thread writes and another reads at its own pace: a temporary file with a beginning and an end."""

    def __init__(self, source: Callable[[], Iterator[bytes]]) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._state = threading.Condition()
        self._written = 0
        self._done = False
        self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._fill, args=(source,), name="sparql-answer", daemon=True)
        self._thread.start()

    def _fill(self, source: Callable[[], Iterator[bytes]]) -> None:
        error: BaseException | None = None
        try:
            for part in source():
                with self._state:
                    if self._closed:
                        return
                    os.pwrite(self._file.fileno(), part, self._written)
                    self._written += len(part)
                    self._state.notify()
        except BaseException as err:  # noqa: BLE001 - it is raised in the reader
            error = err
        finally:
            with self._state:
                self._error, self._done = error, True
                self._state.notify()

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        while True:
            with self._state:
                self._state.wait_for(lambda at=read: self._done or self._written > at)  # type: ignore[misc]
                written, done, error = self._written, self._done, self._error
            while read < written:
                part = os.pread(self._file.fileno(), min(written - read, 262_144), read)
                read += len(part)
                yield part
            if done and error is not None:
                raise error
            if done:
                return

    def close(self) -> None:
        with self._state:
            self._closed = True
            self._file.close()


class _Nursery:
    """The process that workers are forked from."""

    def __init__(self, graph_dir: Path, limits: Limits, *, resident: bool) -> None:
        self.resident = resident
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
        try:
            letter, body = receive(self._control)
        except (EOFError, OSError) as err:
            self.stop()
            raise ReleaseError(f"the query workers for {graph_dir} could not be started") from err
        answer = json.loads(body)
        if letter == b"E":
            self.stop()
            raise ReleaseError(answer["message"])
        self.network_closed = bool(answer["closed"])

    def fork(self) -> _Worker:
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
        return _Worker(self, pid, ours)

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


class _Worker:
    """One process that evaluates one query at a time."""

    def __init__(self, nursery: _Nursery, pid: int, connection: socket.socket) -> None:
        self.nursery = nursery
        self.answers = 0
        self.gives_way = False
        self._is_long = False
        self._asked = 0.0
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
        body = json.dumps(
            {
                "query": task.query,
                "format": task.format,
                "default_graphs": task.default_graphs,
                "named_graphs": task.named_graphs,
                "union": task.union,
                "base_iri": task.base_iri,
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
            if not self._is_long and now > max(started, self._asked) + _LONG:
                self._give_way()
                self._asked = now
                self._is_long = lengthen()
            until = end if self._is_long else min(end, max(started, self._asked) + _LONG + 0.001)
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

    def _give_way(self) -> None:
        if self.gives_way:
            return
        self.gives_way = True
        with contextlib.suppress(OSError, TypeError):
            niceness = os.getpriority(os.PRIO_PROCESS, self._thread)  # type: ignore[arg-type]
            os.setpriority(os.PRIO_PROCESS, self._thread, niceness + _GIVES_WAY)  # type: ignore[arg-type]

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


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
