"""A pool of processes that evaluate queries and can be killed.

The engine cannot be interrupted, can be made to take all memory, and can crash: so it lives in workers
(``worker_process``) that are forked from a nursery ahead of need, and whatever happens to one is a status for one
client and a fresh worker for the next.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from graph.errors import ReleaseError
from webapp.sparql.answers import Answer
from webapp.sparql.errors import Busy, EngineFailed
from webapp.sparql.limits import Limits
from webapp.sparql.nursery import Nursery, Task, Worker

_LOG = logging.getLogger(__name__)

#: A worker is replaced after so many answers, so that what the engine keeps does not add up.
_ANSWERS = 500


class Pool:
    """Workers over one graph. Thread-safe; ``close`` or the end of the process ends them all.

    A query takes one of ``workers`` turns. When another comes it gives way: from then on it has half of the processors
    to run on. When it has become a long one it moves to one of ``long_workers`` places and frees its turn;
    where none is free it stays as long as nobody waits, and is refused as soon as somebody does: a few heavy queries
    cannot keep light ones from their answers.
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
        self._idle: list[Worker] = []
        self._running: set[Worker] = set()
        self._closed = False
        self._undertaker = ThreadPoolExecutor(limits.workers + limits.long_workers, "sparql-undertaker")
        self._coming: Nursery | None = None
        self._nursery = Nursery(graph_dir, limits, resident=bool(resident)).wait()
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
        with self._lock:
            running = tuple(self._running)
        for worker in running:
            worker.give_way()
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
            coming, self._coming = self._coming, None
        if coming is not None:
            coming.stop()
        for worker in idle:
            worker.end()
        self._undertaker.shutdown()
        self._nursery.retire()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self) -> Worker:
        worker = self._waiting_worker()
        with self._lock:
            self._running.add(worker)
        return worker

    def _waiting_worker(self) -> Worker:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self._fork()
            if worker.nursery is self._nursery and worker.is_waiting():
                return worker
            worker.end()

    def _fork(self) -> Worker:
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
                    self._nursery = Nursery(self._graph_dir, self.limits, resident=nursery.resident).wait()
                    nursery.stop()
            return self._nursery.fork()

    def give_back(self, worker: Worker, *, usable: bool, long: bool) -> None:
        """End of a query: keep the worker, or kill it and have a fresh one put in its place.

        A process that is killed while the machine is busy takes its time to die: nobody waits for that but the
        undertaker, and the turn is free when it is gone.
        """
        turn = self._long if long else self._turn
        with self._lock:
            self._running.discard(worker)
        if usable:
            worker.recover()
        if usable and worker.answers < _ANSWERS and worker.nursery is self._nursery and not self._closed:
            self._keep(worker)
            turn.release()
        else:
            worker.kill()
            try:
                self._undertaker.submit(self._replace, worker, turn)
            except RuntimeError:  # the pool has been closed
                self._replace(worker, turn)

    def _replace(self, worker: Worker, turn: threading.Semaphore) -> None:
        try:
            worker.end()
            if not self._closed and len(self._idle) < self.limits.workers:
                self._keep(self._fork())
        except (OSError, EOFError, ReleaseError, EngineFailed):
            if not self._closed:
                _LOG.exception("a query worker could not be replaced")
        finally:
            turn.release()

    def _keep(self, worker: Worker) -> None:
        with self._lock:
            kept = not self._closed
            if kept:
                self._idle.append(worker)
        if not kept:
            worker.end()

    def _become_resident(self) -> None:
        try:
            with self._lock:
                # a large graph takes long to read: whoever closes the pool meanwhile must be able to end that
                nursery = None if self._closed else Nursery(self._graph_dir, self.limits, resident=True)
                self._coming = nursery
            if nursery is None:
                return
            nursery.wait()
            fresh = [nursery.fork() for _ in range(self.limits.workers)]
        except (OSError, EOFError, ReleaseError):
            if not self._closed:
                _LOG.exception("the graph cannot be held in memory; queries go on from disk")
            return
        with self._lock:
            self._coming = None
            old, idle = self._nursery, self._idle
            if self._closed:
                old, idle = nursery, fresh
            else:
                self._nursery, self._idle = nursery, fresh
        for worker in idle:
            worker.end()
        old.retire()


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
