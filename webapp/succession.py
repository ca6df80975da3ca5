"""Each release is served by processes of its own: when another becomes current, a new process opens it while those of
the release before it answer, then takes the place of one of them.

A process that stayed would open the next release beside the searches that it answers, and would keep some of what each
one took: memory that Python hands out in small blocks goes back to the system only where all of a piece is free.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import sys
import threading
import time
from typing import Any

from gunicorn.arbiter import Arbiter

from graph.isolation import start_server
from graph.release import current_id
from webapp.connections import PatientWorker
from webapp.services import Services

#: Seconds until a release that no process could open is tried again.
PATIENCE = 60.0
#: Seconds after which a process that has not opened its release is given up.
OPENING_SECONDS = 900.0
#: Seconds that a process which is to go has for the answers that it has begun: a download may take long. Where the
#: whole server is stopped, its parent process waits no longer than it is set to.
DRAIN_SECONDS = 600
#: The same where the parent process has gone.
ORPHAN_SECONDS = 15.0


class Notice:
    """What a process and its parent tell each other, in memory that both share across the fork."""

    _SERVES, _LEAVES, _RELEASE = 0, 1, slice(2, 64)

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 64)

    @property
    def serves(self) -> bool:
        return bool(self._memory[self._SERVES])

    @property
    def leaves(self) -> bool:
        return bool(self._memory[self._LEAVES])

    @property
    def release(self) -> str | None:
        """The id that named the current release when the process opened one; None until it has."""
        return self._memory[self._RELEASE].rstrip(b"\0").decode() or None

    def tell_serves(self) -> None:
        self._memory[self._SERVES] = 1

    def tell_leaves(self) -> None:
        self._memory[self._LEAVES] = 1

    def tell_release(self, release: str | None) -> None:
        self._memory[self._RELEASE] = (release or "").encode().ljust(62, b"\0")


class Opening:
    """What the first search and the first image of a page wait for, loaded on a thread of its own."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._ended = threading.Event()
        self.error: Exception | None = None

    def begin(self) -> None:
        threading.Thread(target=self._open, name="opening", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, well or not."""
        return self._ended.wait(seconds)

    @property
    def release(self) -> str | None:
        """The id that named the current release when it was opened."""
        return self._services.asked_for

    def _open(self) -> None:
        with contextlib.suppress(OSError):
            start_server()
        try:
            self._services.current().warm()
        except Exception as err:  # noqa: BLE001 - whatever it is, it is told to whoever asks, or another release serves
            self.error = err
        finally:
            self._ended.set()


class ReleaseWorker(PatientWorker):
    """A process that serves one release. ``waits``: others serve, so it answers nobody until it has opened its release,
    and ends where it cannot."""

    expected: str | None = None
    waits = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.notice = Notice()
        self._noted = False
        self._orphan_since: float | None = None
        self.begun = time.monotonic()

    @property
    def release(self) -> str | None:
        """The id that it was made for, until it has opened one and tells which."""
        return self.notice.release or self.expected

    @property
    def serves(self) -> bool:
        return not self.waits or self.notice.serves

    @property
    def leaves(self) -> bool:
        """Whether it has been told to go, by its parent or by somebody else."""
        return self.notice.leaves

    def init_process(self) -> None:
        try:
            super().init_process()
        except Exception:
            if self.booted or not self.waits:
                raise
            self.log.exception("Exception in a new worker process")
            sys.exit(1)  # gunicorn's own status would stop those that serve

    def run(self) -> None:
        opening = self.app.opening
        while self.waits and not opening.wait(1.0):
            if not self.alive or not self.is_parent_alive():
                return
            self.notify()
        if self.waits:
            if opening.error is not None:
                self.log.error("%s: %s", type(opening.error).__name__, opening.error)
                return
            self._take_note()
            self.notice.tell_serves()
            self._wake_parent()  # so that two releases answer for a moment only
        self.cfg.set("graceful_timeout", DRAIN_SECONDS)
        super().run()
        if self.nr_conns:
            os._exit(0)  # what is still being sent would be waited for

    def notify(self) -> None:
        super().notify()
        if not self._noted and self.app.opening.wait(0):
            self._take_note()
        if os.getppid() == self.ppid:
            return
        self._orphan_since = self._orphan_since or time.monotonic()
        if time.monotonic() - self._orphan_since > ORPHAN_SECONDS:
            os._exit(0)

    def _take_note(self) -> None:
        """The release has been opened."""
        self._noted = True
        self.notice.tell_release(self.app.opening.release)
        # Ray, where it holds the vectors, has set a handler that ends the process at once
        signal.signal(signal.SIGTERM, self.handle_exit)
        signal.siginterrupt(signal.SIGTERM, False)

    def handle_exit(self, sig: int, frame: Any) -> None:
        if self.alive:
            super().handle_exit(sig, frame)
            self.notice.tell_leaves()
            self._wake_parent()

    def _wake_parent(self) -> None:
        if os.getppid() == self.ppid:
            os.kill(self.ppid, signal.SIGCHLD)


class ReleaseArbiter(Arbiter):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's parent process, which also looks for a new release once a second."""

    def __init__(self, app: Any) -> None:
        self._wanted: str | None = None
        self._coming: list[ReleaseWorker] = []
        self._refused: tuple[str | None, float] = (None, 0.0)
        super().__init__(app)

    def prepare(self, worker: ReleaseWorker) -> None:
        """Before the fork: say what the process is for."""
        worker.expected = self._wanted
        worker.waits = any(other.serves for other in self._staying())
        if worker.waits:
            self._coming.append(worker)

    def manage_workers(self) -> None:
        """As gunicorn's, with workers of two kinds: those of the current release, and those behind it, which go one by
        one as the former can serve. Those that leave are not counted; no more than twice as many as serve may be
        there for long."""
        self._wanted = current_id(self.app.settings.data) or self._wanted
        self._look_at_the_coming()
        staying = self._staying()
        behind = [worker for worker in staying if worker.release != self._wanted]
        lacking = self.num_workers - (len(staying) - len(behind))
        if behind:
            lacking = min(lacking, 1 - len(self._coming))
        if lacking > 0:
            self._send_for(lacking, urgent=not any(worker.serves for worker in staying))
        serving = [worker for worker in self._staying() if worker.serves]
        outdated = [worker for worker in serving if worker in behind] or serving
        for worker in outdated[: max(0, len(serving) - self.num_workers)]:
            worker.notice.tell_leaves()
        leaving = sorted((worker for worker in self.WORKERS.values() if worker.leaves), key=lambda w: w.age)
        for worker in leaving:
            self.kill_worker(worker.pid, signal.SIGTERM)
        for worker in leaving[: max(0, len(leaving) - self.num_workers)]:
            self.kill_worker(worker.pid, signal.SIGKILL)

    def _staying(self) -> list[ReleaseWorker]:
        """Oldest first."""
        return sorted((worker for worker in self.WORKERS.values() if not worker.leaves), key=lambda w: w.age)

    def _send_for(self, number: int, *, urgent: bool) -> None:
        refused, until = self._refused
        if not urgent and self._wanted == refused and time.monotonic() < until:
            return
        try:
            for _ in range(number):
                self.spawn_worker()
        except OSError:
            self.log.exception("no process to open release %s", self._wanted)
            self._refuse(self._wanted)

    def _look_at_the_coming(self) -> None:
        for worker in list(self._coming):
            if worker.serves or worker.leaves:
                self._coming.remove(worker)
            elif worker.pid not in self.WORKERS:
                self.log.error("release %s cannot be opened; the one before it stays", worker.expected)
                self._coming.remove(worker)
                self._refuse(worker.expected)
            elif time.monotonic() - worker.begun > OPENING_SECONDS:
                self.kill_worker(worker.pid, signal.SIGKILL)

    def _refuse(self, release: str | None) -> None:
        self._refused = (release, time.monotonic() + PATIENCE)
