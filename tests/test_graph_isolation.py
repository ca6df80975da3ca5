from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from graph.errors import UnreadableDocument
from graph.isolation import Limits, run_isolated

TIGHT = Limits(seconds=20, memory=1 << 30, file_size=1 << 20)


def shout(text: str) -> bytes:
    return text.upper().encode()


def refuse(text: str) -> bytes:
    raise UnreadableDocument(text, "is empty", "save it again")


def fail(text: str) -> bytes:
    raise KeyError(text)


def overrun(text: str) -> bytes:
    time.sleep(60)
    return b""


def devour(text: str) -> bytes:
    return b"".join(bytes(1 << 28) for _ in range(64))


def crash(text: str) -> bytes:
    return ctypes.string_at(0)


def vanish(text: str) -> bytes:
    os._exit(3)


def call_out(text: str) -> bytes:
    reached = []
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.socket(family).close()
            reached.append(str(family))
        except OSError:
            pass
    try:
        urllib.request.urlopen(text, timeout=2)
        reached.append("urlopen")
    except OSError:
        pass
    return ",".join(reached).encode()


def fill_disk(text: str) -> bytes:
    with Path(text).open("wb") as stream:
        for _ in range(64):
            stream.write(bytes(1 << 16))
            stream.flush()
    return b"written"


def test_a_function_runs_in_a_child_and_its_bytes_come_back() -> None:
    assert run_isolated(shout, "plan", TIGHT) == b"PLAN"


def test_a_refusal_keeps_its_reason_and_advice() -> None:
    with pytest.raises(UnreadableDocument) as caught:
        run_isolated(refuse, "a.pdf", TIGHT)
    assert (caught.value.source, caught.value.reason, caught.value.advice) == ("a.pdf", "is empty", "save it again")


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (fail, "the parser failed: KeyError"),
        (devour, "needs more than 1024 MiB"),
        (crash, "the parser crashed"),
        (vanish, "the parser crashed"),
    ],
)
def test_whatever_a_parser_does_costs_its_own_file_only(function, says: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        run_isolated(function, "a.pdf", TIGHT)
    assert says in caught.value.reason
    assert run_isolated(shout, "next", TIGHT) == b"NEXT"


def test_a_parser_that_never_ends_is_stopped_at_its_limit() -> None:
    with pytest.raises(UnreadableDocument, match="did not end within 1 s"):
        run_isolated(overrun, "a.pdf", Limits(seconds=1))


def test_a_parser_has_no_network_although_someone_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert run_isolated(call_out, address, TIGHT) == b""
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_parser_cannot_fill_the_disk(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument):
        run_isolated(fill_disk, str(tmp_path / "big"), TIGHT)
    assert (tmp_path / "big").stat().st_size <= TIGHT.file_size


_POOL = """
import multiprocessing, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from graph.isolation import end_with_parent

if __name__ == "__main__":
    pool = ProcessPoolExecutor(2, multiprocessing.get_context("forkserver"), end_with_parent)
    print(*{task.result() for task in [pool.submit(os.getpid) for _ in range(8)]}, flush=True)
    time.sleep(60)
"""


def test_the_workers_of_a_killed_process_end_with_it(tmp_path: Path) -> None:
    (tmp_path / "pool.py").write_text(_POOL)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "pool.py")], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        workers = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
    assert workers
    for _ in range(200):
        if not any(Path(f"/proc/{pid}").exists() for pid in workers):
            return
        time.sleep(0.1)
    pytest.fail(f"{workers} are still there")
