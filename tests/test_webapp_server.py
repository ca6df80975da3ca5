"""The server as it is run: under gunicorn, over real sockets, against slow, greedy and malformed clients."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from graph.release import Release, ReleaseWriter, WriterLock, current_id, switch
from tests.small_release import publish
from webapp.admission import Allowance
from webapp.application import HEADERS
from webapp.observation import JsonLines
from webapp.settings import Settings, variable

IN_TIME = 5.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Running:
    data: Path
    settings: Settings
    port: int
    metrics: int
    log: Path
    process: int = 0

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        found = response.status, dict(response.getheaders()), response.read()
        connection.close()
        return found

    def raw(self, content: bytes, wait: float = IN_TIME) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as client:
            client.sendall(content)
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk
        return answer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, back_end_settings: dict[str, Any]) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("served")
    settings = Settings(**back_end_settings)
    publish(folder / "data", now=datetime(2026, 1, 2, tzinfo=UTC), settings=settings)
    running = Running(folder / "data", settings, free_port(), free_port(), folder / "log")
    command = [sys.executable, "-m", "webapp.cli", "serve", "--data", str(running.data), "--port", str(running.port)]
    environment = os.environ | {
        "INSPECTGRAPH_METRICS_PORT": str(running.metrics),
        "INSPECTGRAPH_TRUSTED_PROXIES": "1",
        "INSPECTGRAPH_REQUESTS_BURST": "30",
        **{variable(name): str(value) for name, value in back_end_settings.items()},
    }
    with running.log.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        running.process = process.pid
        answers = False
        for _ in range(1_500):  # a busy machine takes its time
            with contextlib.suppress(OSError):
                answers = running.get("/health")[0] == 200
            if answers or process.poll() is not None:
                break
            time.sleep(0.2)
        assert answers, running.log.read_text()
        yield running
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def ancestors(process: int) -> list[int]:
    found = []
    while process > 1:
        status = Path(f"/proc/{process}/stat").read_text()
        process = int(status.rpartition(")")[2].split()[1])
        found.append(process)
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are seen in /proc")


@needs_proc
def test_the_process_that_draws_pages_runs_before_anybody_asks_for_one(server: Running) -> None:
    def runs() -> bool:
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                named = b"multiprocessing.forkserver" in (folder / "cmdline").read_bytes()
                if named and server.process in ancestors(int(folder.name)):
                    return True
        return False

    assert any(runs() or time.sleep(0.1) for _ in range(300))


def test_an_address_that_is_too_long_is_answered_with_what_to_do(server: Running) -> None:
    answer = server.raw(b"GET /search?q=" + b"supervision+" * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", wait=30)
    assert answer.startswith(b"HTTP/1.1 414 ")
    assert b"up to 600 characters" in answer


def test_slow_heads_hold_no_thread_and_are_cut(server: Running) -> None:
    """Forty clients that never finish their request against sixteen threads."""
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    for number, client in enumerate(slow):
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" if number % 2 else b"")
    begun = time.monotonic()
    assert server.get("/health", **{"X-Forwarded-For": "192.0.2.1"})[0] == 200
    assert time.monotonic() - begun < IN_TIME
    for client in slow:
        client.settimeout(20)
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
        client.close()


def test_clients_that_do_not_hang_up_after_their_answer_keep_nobody_waiting(server: Running) -> None:
    """gunicorn's own worker waits two seconds for each of them, and answers nobody meanwhile."""
    staying = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for client in staying:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    time.sleep(0.5)
    begun = time.monotonic()
    assert server.get("/health", **{"X-Forwarded-For": "192.0.2.1"})[0] == 200
    assert time.monotonic() - begun < IN_TIME
    for client in staying:
        client.settimeout(20)
        answer = b"".join(iter(lambda: client.recv(65536), b""))  # noqa: B023 - called at once
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith((b"}\n", b"}"))
        client.close()


@pytest.mark.slow
def test_a_body_that_does_not_come_is_given_up(server: Running) -> None:
    head = b"POST /match HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.9\r\nContent-Length: 1000\r\n"
    head += b"Content-Type: application/x-www-form-urlencoded\r\n\r\ntext="
    answer = server.raw(head, wait=60)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /static/..%2f..%2fsettings.py HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /documents/..%2f..%2f..%2fmanifest.json/text HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
    ids=["no host", "long path", "many fields", "long field", "tls", "smuggling", "huge", "dots", "static", "document"],
)
def test_malformed_and_hostile_requests_are_refused_and_serving_goes_on(server: Running, sent: bytes) -> None:
    answer = server.raw(sent, wait=30)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")) or sent.endswith(b"HTTP/1.1\r\n\r\n")
    assert b"root:" not in answer
    assert b"SettingError" not in answer
    assert server.get("/health", **{"X-Forwarded-For": "192.0.2.2"})[0] == 200


def test_a_greedy_client_is_told_when_to_come_back_and_others_are_not_bothered(server: Running) -> None:
    with ThreadPoolExecutor(6) as several:  # one after another they may take as long as the allowance needs to grow
        asked = [several.submit(server.get, "/api/release", **{"X-Forwarded-For": "198.51.100.7"}) for _ in range(80)]
        answers = [answer.result() for answer in asked]
    refused = [(headers, body) for status, headers, body in answers if status == 429]
    assert {status for status, _, _ in answers} == {200, 429}
    headers, body = refused[0]
    assert int(headers["Retry-After"]) >= 1
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == 429
    assert server.get("/api/release", **{"X-Forwarded-For": "198.51.100.8"})[0] == 200
    assert server.get("/health", **{"X-Forwarded-For": "198.51.100.7"})[0] == 200


def test_clients_are_remembered_until_they_may_ask_as_much_as_anybody() -> None:
    now = [0.0]
    allowance = Allowance(per_minute=60, burst=10, at_once=2, clock=lambda: now[0])
    for number in range(1000):
        assert allowance.enter(f"client {number}") == 0
        allowance.leave(f"client {number}")
    for _ in range(9):
        assert allowance.enter("client 0") == 0
        allowance.leave("client 0")
    assert len(allowance) == 1000
    now[0] = 1.0
    assert allowance.enter("another") == 0
    assert len(allowance) == 2  # all had asked once, a second ago, but for one
    assert allowance.enter("client 0") == 0
    assert allowance.enter("client 0") > 0
    now[0] = 1000.0  # longer than it takes to be as new, but a request of theirs is running
    assert allowance.enter("client 1") == 0
    assert len(allowance) == 3


def test_every_answer_carries_the_security_headers(server: Running) -> None:
    for path in ("/", "/nothing", "/api/release", "/health", "/static/site.css", "/sparql?query=nonsense"):
        _, headers, _ = server.get(path, **{"X-Forwarded-For": "192.0.2.3"})
        assert HEADERS.items() <= headers.items(), path
        assert "gunicorn" in headers.get("Server", "gunicorn")
        assert "Python" not in str(headers)
    assert "unsafe-inline" not in HEADERS["Content-Security-Policy"]


def test_the_log_says_what_happened_and_nothing_of_who_or_what_was_asked(server: Running) -> None:
    server.get("/search?q=jane+doe+supervision", **{"X-Forwarded-For": "203.0.113.77", "User-Agent": "Netscape"})
    server.get("/recommendations/nothing-here", **{"X-Forwarded-For": "203.0.113.77"})
    time.sleep(0.5)
    written = server.log.read_text()
    for private in ("203.0.113.77", "jane", "doe", "Netscape", "nothing-here"):
        assert private not in written
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    asked = [line for line in lines if line["logger"] == "inspectgraph.requests"]
    assert {"time", "level", "message", "method", "route", "status", "milliseconds", "bytes", "release"} <= set(
        asked[0]
    )
    assert any(line["route"] == "/search" and line["status"] == 200 for line in asked)
    assert any(line["status"] == 404 for line in asked)


def test_figures_for_prometheus_stand_on_the_loopback_interface_alone(server: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics, timeout=10)
    connection.request("GET", "/metrics")
    shown = connection.getresponse().read().decode()
    connection.close()
    assert 'inspectgraph_requests_total{route="/health",status="200"}' in shown
    assert "inspectgraph_request_seconds_bucket" in shown
    assert server.get("/metrics")[0] == 404
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    addresses = {line.split()[1] for line in listening if line.split()[3] == "0A"}
    assert f"0100007F:{server.metrics:04X}" in addresses
    assert f"00000000:{server.metrics:04X}" not in addresses


def test_liveness_readiness_and_release_are_told(server: Running) -> None:
    status, headers, body = server.get("/health")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    assert json.loads(body)["release"] == (server.data / "current").readlink().name
    assert headers["Cache-Control"] == "no-store"
    assert json.loads(server.get("/health?live")[2]) == {"status": "ok"}


def serving(server: Running) -> str:
    """The release that ``/health`` names."""
    release: str = json.loads(server.get("/health")[2])["release"]
    return release


def wait_until(holds: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.1)


def workers(server: Running) -> set[int]:
    """The processes that answer requests: children of the server's that were forked and run no program of their own."""
    own = Path(f"/proc/{server.process}/cmdline").read_bytes()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes() == own and server.process in ancestors(int(folder.name))[:1]:
                found.add(int(folder.name))
    return found


def test_every_answer_during_a_switch_comes_from_one_whole_release(server: Running) -> None:
    """Four clients ask while two releases, of five documents and of one, become current by turns."""
    whole = serving(server)
    sizes = {whole: 5, publish(server.data, only=1, settings=server.settings).id: 1}
    answers: list[tuple[int, str, str, int, int]] = []
    broken: list[Exception] = []
    done = threading.Event()

    def ask(number: int) -> None:
        while not done.wait(0.02):
            address = {"X-Forwarded-For": f"10.0.{number}.{time.monotonic_ns() % 250}"}
            try:
                status, headers, body = server.get("/api/search?kind=document&limit=50", **address)
            except Exception as err:  # noqa: BLE001 - no connection may be broken off
                broken.append(err)
                continue
            if status != 429:
                found = json.loads(body)
                answers.append((status, headers["X-Release"], found["release"], found["total"], len(found["results"])))

    clients = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(4)]
    for client in clients:
        client.start()
    for turn in range(4):
        wanted = sorted(sizes)[turn % 2]
        switch(server.data, wanted)
        wait_until(lambda wanted=wanted: serving(server) == wanted)  # type: ignore[misc]
    done.set()
    for client in clients:
        client.join(60)
    assert not broken
    assert {release for _, release, _, _, _ in answers} == set(sizes)
    for status, header, release, total, shown in answers:
        assert (status, header, total, shown) == (200, release, sizes[release], sizes[release])


@needs_proc
def test_a_new_release_has_new_processes_and_those_of_the_old_one_end(server: Running) -> None:
    wait_until(lambda: len(workers(server)) == 1)
    old = workers(server)
    new = publish(server.data, only=2, settings=server.settings).id
    wait_until(lambda: serving(server) == new)
    wait_until(lambda: len(workers(server)) == 1)
    assert not workers(server) & old


@needs_proc
def test_a_request_that_came_before_a_switch_is_answered_by_the_release_of_then(server: Running) -> None:
    """A plan is sent slowly, and its end after another release serves."""
    old = serving(server)
    body = b"text=" + b"We+will+hold+supervision+every+month.+" * 20
    head = f"POST /match HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(head.encode())
        rest, may_end = iter(body), threading.Event()

        def send() -> None:
            while not may_end.wait(0.5):  # a byte now and then, lest it be taken for a client that has stalled
                client.sendall(bytes([next(rest)]))
            client.sendall(bytes(rest))

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        new = publish(server.data, only=3, settings=server.settings).id
        wait_until(lambda: serving(server) == new)
        may_end.set()
        sender.join(60)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert f"X-Release: {old}\r\n".encode() in answer


@needs_proc
def test_a_release_that_cannot_be_opened_leaves_the_one_before_it_and_a_later_one_is_taken_up(server: Running) -> None:
    """It is sound by its hashes, but another version has indexed it."""
    old = serving(server)
    with WriterLock(server.data), ReleaseWriter(server.data) as writer:
        release = Release.open(server.data)
        for entry in sorted(release.path.iterdir()):
            if entry.name not in {"manifest.json", "search"}:
                writer.carry_over(release, entry.name)
        writer.publish(release.manifest.facts)
    wait_until(lambda: f"release {current_id(server.data)} cannot be opened" in server.log.read_text())
    assert serving(server) == old
    new = publish(server.data, only=4, settings=server.settings).id
    wait_until(lambda: serving(server) == new)


def requests_counted(server: Running) -> float:
    with urlopen(f"http://127.0.0.1:{server.metrics}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("inspectgraph_requests_total{"))


def counting(server: Running) -> set[str]:
    """The processes that have files of figures of their own, and 0 for those that have ended."""
    return {file.stem.split("_")[1] for file in (server.data / "cache" / "metrics").iterdir()}


@needs_proc
def test_a_killed_process_is_replaced_a_reload_replaces_all_and_what_they_counted_stays(server: Running) -> None:
    wait_until(lambda: len(workers(server)) == 1)
    current = serving(server)
    for kill in (lambda old: os.kill(old, signal.SIGKILL), lambda old: os.kill(server.process, signal.SIGHUP)):
        old, counted = workers(server), requests_counted(server)
        kill(*old)
        wait_until(lambda old=old: len(workers(server)) == 1 and workers(server) != old)  # type: ignore[misc]
        assert serving(server) == current
        assert requests_counted(server) > counted
        wait_until(lambda: counting(server) <= {"0", *map(str, workers(server))})


def test_a_line_of_the_log_is_one_line_of_json_whatever_it_holds() -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 0, "two\nlines %s", ("é",), None)
    assert json.loads(JsonLines().format(record))["message"] == "two\nlines é"
    assert "\n" not in JsonLines().format(record)


def test_a_server_process_multiplies_matrices_on_the_thread_that_asks() -> None:
    code = (
        "import numpy, sys; from threadpoolctl import threadpool_info; from webapp.server import share_interpreter;"
        "share_interpreter();"
        "sys.exit(any(pool['num_threads'] != 1 for pool in threadpool_info() if pool['user_api'] == 'blas'))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


_ARENAS = """
import ctypes, os, sys, tempfile, threading
from webapp.memory import give_back, hold_little
hold_little()
c = ctypes.CDLL(None)
together = threading.Barrier(20)
def work():
    together.wait()
    held = c.malloc(ctypes.c_size_t(1000))
    together.wait()
threads = [threading.Thread(target=work) for _ in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
c.fopen.restype = ctypes.c_void_p
name = tempfile.mktemp()
file = ctypes.c_void_p(c.fopen(name.encode(), b"w"))
c.malloc_info(0, file)
c.fclose(file)
print(open(name).read().count("<heap nr="))
os.unlink(name)
give_back()
"""


_FREED = """
import ctypes
import pyarrow as pa
from pathlib import Path
from webapp.memory import hold_little
hold_little()
def private():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) / 1024
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
c.free.argtypes = [ctypes.c_void_p]
def filled(size):
    piece = c.malloc(ctypes.c_size_t(size))
    ctypes.memset(piece, 1, size)
    return piece
c.free(filled(32 << 20))  # from here on glibc would keep pieces as large as this
before = private()
large, small = [], []
for _ in range(50):
    large.append(filled(2 << 20))
    small.append(filled(2000))
column = pa.array(range(100_000))
tables = [pa.concat_arrays([column] * 3) for _ in range(50)]
most = private()
for piece in large: c.free(piece)
del tables
print(most - before, private() - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="only glibc's memory is set so")
def test_large_pieces_that_a_server_process_frees_go_back_at_once() -> None:
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", _FREED], check=True, cwd=root, capture_output=True, text=True)
    most, left = map(float, done.stdout.split())
    assert most > 200
    assert left < most / 5


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only glibc's memory is kept by arenas")
def test_the_threads_of_a_server_process_keep_memory_in_two_places_at_most() -> None:
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", _ARENAS], check=True, cwd=root, capture_output=True, text=True)
    assert int(done.stdout) <= 2
