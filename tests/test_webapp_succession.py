"""Which processes are begun and told to go as releases come and go: the parent's rules, without processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from webapp import server, succession
from webapp.settings import Settings
from webapp.succession import ReleaseArbiter, ReleaseWorker

A, B, C = (f"2026-01-0{day}T000000Z-{day:06x}" for day in (1, 2, 3))


class Parent(ReleaseArbiter):
    """Begins nothing and kills nobody, and keeps account of it."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.numbers = count(1)
        self.signals: list[tuple[int, int]] = []
        self.full = False

    def spawn_worker(self) -> int:
        if self.full:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        self.worker_age += 1
        worker = ReleaseWorker(self.worker_age, os.getpid(), [], self.app, 30, self.cfg, self.log)
        self.cfg.pre_fork(self, worker)
        worker.pid = next(self.numbers)
        self.WORKERS[worker.pid] = worker
        return worker.pid

    def kill_worker(self, pid: int, sig: int) -> None:
        self.signals.append((pid, sig))

    def end(self, *pids: int) -> None:
        for pid in pids:
            self.WORKERS.pop(pid).tmp.close()

    def opens(self, pid: int, release: str | None = None) -> None:
        worker = self.WORKERS[pid]
        worker.notice.tell_release(release or worker.expected)
        worker.notice.tell_serves()

    def serving(self) -> dict[int, str]:
        return {pid: worker.release for pid, worker in self.WORKERS.items() if worker.serves and not worker.leaves}


class House:
    def __init__(self, data: Path, workers: int) -> None:
        self.data = data
        self.current(A)
        settings = Settings(data=data)
        self.parent = Parent(server._Server(settings, server.options(settings, "127.0.0.1:0", workers)))

    def current(self, release: str) -> None:
        link = self.data / "current"
        link.unlink(missing_ok=True)
        link.symlink_to(Path("releases") / release)

    def look(self) -> dict[int, str]:
        self.parent.manage_workers()
        return self.parent.serving()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(succession.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def one(tmp_path: Path, clock: list[float]) -> Iterator[House]:
    house = House(tmp_path, 1)
    yield house
    house.parent.end(*house.parent.WORKERS)


@pytest.fixture
def three(tmp_path: Path, clock: list[float]) -> Iterator[House]:
    house = House(tmp_path, 3)
    yield house
    house.parent.end(*house.parent.WORKERS)


def test_the_first_process_serves_at_once_and_the_others_when_they_have_opened(three: House) -> None:
    assert three.look() == {1: A}
    for pid in (2, 3):
        three.parent.opens(pid)
    assert three.look() == {1: A, 2: A, 3: A}
    assert not three.parent.signals


def test_the_old_process_goes_when_the_new_one_serves_and_not_before(one: House) -> None:
    one.look()
    one.current(B)
    for _ in range(5):
        assert one.look() == {1: A}
    assert list(one.parent.WORKERS) == [1, 2]
    assert not one.parent.signals
    one.parent.opens(2)
    assert one.look() == {2: B}
    assert one.parent.signals == [(1, signal.SIGTERM)]
    one.parent.end(1)
    assert one.look() == {2: B}
    assert list(one.parent.WORKERS) == [2]


def test_several_processes_are_replaced_one_by_one_and_as_many_serve_all_the_while(three: House) -> None:
    three.look()
    for pid in (2, 3):
        three.parent.opens(pid)
    three.look()
    three.current(B)
    for new in (4, 5, 6):
        assert len(three.look()) == 3
        coming = [pid for pid, worker in three.parent.WORKERS.items() if not worker.serves]
        assert coming == [new]
        three.parent.opens(new)
        assert len(three.look()) == 3
        three.parent.end(new - 3)
    assert three.look() == {4: B, 5: B, 6: B}
    assert list(three.parent.WORKERS) == [4, 5, 6]


def test_a_release_that_no_process_opens_is_tried_again_after_a_minute_and_a_later_one_at_once(
    one: House, clock: list[float]
) -> None:
    one.look()
    one.current(B)
    one.look()
    one.parent.end(2)
    for _ in range(3):
        assert one.look() == {1: A}
    assert list(one.parent.WORKERS) == [1]
    clock[0] += succession.PATIENCE + 1
    one.look()
    assert list(one.parent.WORKERS) == [1, 3]
    one.parent.end(3)
    one.look()
    one.current(C)
    one.look()
    one.parent.opens(4)
    assert one.look() == {4: C}


def test_a_process_that_never_opens_its_release_is_given_up(one: House, clock: list[float]) -> None:
    one.look()
    one.current(B)
    one.look()
    clock[0] += succession.OPENING_SECONDS - 1
    one.look()
    assert not one.parent.signals
    clock[0] += 2
    assert one.look() == {1: A}
    assert one.parent.signals == [(2, signal.SIGKILL)]


def test_where_there_is_no_process_to_be_had_the_old_release_serves(one: House) -> None:
    one.look()
    one.current(B)
    one.parent.full = True
    for _ in range(3):
        assert one.look() == {1: A}
    assert not one.parent.signals


def test_what_a_process_has_opened_counts_and_not_what_it_was_made_for(one: House) -> None:
    """Releases change while it opens: to B, back to A, and to B again."""
    one.look()
    one.current(B)
    one.look()
    one.parent.opens(2, A)
    one.look()
    one.look()
    assert list(one.parent.WORKERS) == [1, 2, 3]
    one.parent.opens(3)
    one.look()
    assert one.look() == {3: B}


def test_a_release_that_comes_while_another_is_opened_follows_it(one: House) -> None:
    one.look()
    one.current(B)
    one.look()
    one.current(C)
    one.look()
    assert list(one.parent.WORKERS) == [1, 2]
    one.parent.opens(2)
    assert one.look() == {2: B}
    one.look()
    one.parent.opens(3)
    assert one.look() == {3: C}


def test_a_process_that_was_killed_or_told_to_go_by_others_is_replaced_at_once(one: House) -> None:
    one.look()
    one.parent.end(1)
    assert one.look() == {2: A}
    one.parent.WORKERS[2].notice.tell_leaves()
    assert one.look() == {3: A}


def test_no_more_processes_finish_old_answers_than_serve(one: House) -> None:
    one.look()
    for new, release in [(2, B), (3, C), (4, A)]:
        one.current(release)
        one.look()
        one.parent.opens(new)
        assert one.look() == {new: release}
    killed = {pid for pid, sig in one.parent.signals if sig == signal.SIGKILL}
    assert killed == {1, 2}


def test_where_the_current_release_is_not_named_all_stays(one: House) -> None:
    one.look()
    (one.data / "current").unlink()
    assert one.look() == {1: A}
    assert list(one.parent.WORKERS) == [1]
