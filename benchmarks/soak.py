"""Serve for a long time under mixed load with a hostile client, while releases come and go.

    python -m benchmarks.soak --minutes 60 --rate 50
    python -m benchmarks.soak --minutes 10 --rate 20 --data /path/to/a/copy/of/a/data/folder

The server is the real one, over loopback. Mixed clients ask for searches, pages, data and SPARQL; the hostile one
leaves requests unfinished, sends malformed ones and heavy queries, and does not read; three times a new release is
published. Told at the end: answers by status, p50 and p95 of searches, slope of the memory and number of open files of
the server's processes, and answers that did not come from one whole release.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from graph.release import Release, ReleaseWriter, WriterLock

PORT = 8768
WORDS = (
    "supervision health assessments missing children care leavers thresholds audit foster placement delay plan".split()
)
HEAVY = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


class Figures:
    """What all clients saw; thread-safe."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.statuses: Counter[str] = Counter()
        self.searches: list[float] = []
        self.mixed = 0
        self.failed: Counter[str] = Counter()

    def saw(self, kind: str, status: int, seconds: float, whole: bool) -> None:
        with self.lock:
            self.statuses[f"{status // 100}xx" if status != 429 else "429"] += 1
            self.mixed += not whole
            if status >= 500:
                self.failed[f"{kind} {status}"] += 1
            if kind == "search":
                self.searches.append(seconds)


def ask(figures: Figures, kind: str, path: str, address: str) -> Any:
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        connection.request("GET", path, headers={"X-Forwarded-For": address})
        response = connection.getresponse()
        content = response.read()
        named = response.headers.get("X-Release")
        body = json.loads(content) if kind == "search" and response.status == 200 else None
        figures.saw(kind, response.status, time.monotonic() - begun, body is None or body["release"] == named)
    except (OSError, http.client.HTTPException) as err:
        with figures.lock:
            figures.failed[f"{kind} {type(err).__name__}"] += 1
        return None
    finally:
        connection.close()
    return body


def client(figures: Figures, number: int, rate: float, end: float) -> None:
    rng = random.Random(number)
    known: list[str] = ["/themes"]
    while time.monotonic() < end:
        begun = time.monotonic()
        address = f"10.{number}.{rng.randrange(250)}.{rng.randrange(250)}"
        kind = rng.choices(["search", "page", "item", "sparql", "data"], [5, 2, 2, 1, 1])[0]
        if kind == "search":
            words = quote(" ".join(rng.sample(WORDS, 2)))
            body = ask(figures, kind, f"/api/search?q={words}&limit=10", address)
            known += [row["iri"].split("/", 4)[-1] for row in body["results"]] if body else []
            known = known[-200:]
        elif kind == "item":
            ask(figures, kind, "/" + rng.choice(known).lstrip("/"), address)
        elif kind == "sparql":
            ask(figures, kind, "/sparql?query=" + quote("SELECT * WHERE { ?s ?p ?o } LIMIT 20"), address)
        elif kind == "data":
            ask(figures, kind, rng.choice(["/data.ttl", "/api/themes", "/api/authorities"]), address)
        else:
            ask(figures, kind, rng.choice(["/", "/themes", "/authorities", "/recurring", "/search?q=audit"]), address)
        time.sleep(max(0.0, 1 / rate - (time.monotonic() - begun)))


def hostile(end: float) -> None:
    rng = random.Random(99)
    heads = [
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST /match HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.66\r\nContent-Length: 1000000\r\n\r\nplan=",
        b"\x00\xff\x16\x03",
        f"GET /sparql?query={quote(HEAVY)} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.66\r\n\r\n".encode(),
        b"GET /" + b"%2e%2e/" * 500 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    held: list[socket.socket] = []
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", PORT), timeout=5)
            connection.sendall(rng.choice(heads))
            held.append(connection)
        while len(held) > 40:
            held.pop(0).close()
        time.sleep(0.2)
    for connection in held:
        connection.close()


def republish(data: Path) -> None:
    """The current release once more, under a new id: what a build of one more document does to readers."""
    release = Release.open(data)
    with WriterLock(data), ReleaseWriter(data, keep=3) as writer:
        for entry in sorted(release.path.iterdir()):
            if entry.name != "manifest.json":
                writer.carry_over(release, entry.name)
        writer.publish(release.manifest.facts)


def processes(server: int) -> list[int]:
    found = [server]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) in found:
                    found.append(int(entry.name))
    return found


def measured(server: int) -> tuple[float, int]:
    """(resident MiB, open files) of the server and its children, workers of queries aside, which come and go."""
    memory, files = 0.0, 0
    for process in processes(server):
        with contextlib.suppress(OSError):
            if "worker_process" in Path(f"/proc/{process}/cmdline").read_text():
                continue
            memory += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096 / (1 << 20)
            files += len(list(Path(f"/proc/{process}/fd").iterdir()))
    return memory, files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=50, help="requests a second of all clients together")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--data", type=Path, help="a data folder that may be changed; none: the invented documents")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        data = arguments.data
        if data is None:
            from tests.small_release import publish

            data = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data"
            publish(data)
        command = [sys.executable, "-m", "webapp.cli", "serve", "--data", str(data), "--port", str(PORT)]
        environment = os.environ | {"INSPECTGRAPH_TRUSTED_PROXIES": "1", "INSPECTGRAPH_LOG_REQUESTS": "no"}
        server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        stack.callback(server.wait, 30)
        stack.callback(server.terminate)
        return run(data, server.pid, arguments)


def run(data: Path, server: int, arguments: argparse.Namespace) -> int:
    warming, figures = Figures(), Figures()
    for _ in range(300):
        if ask(warming, "search", "/api/search?q=audit", "127.0.0.1") is not None:
            break
        time.sleep(0.5)
    begun, end = time.monotonic(), time.monotonic() + arguments.minutes * 60
    rate = arguments.rate / arguments.clients
    threads = [
        threading.Thread(target=client, args=(figures, n, rate, end), daemon=True) for n in range(arguments.clients)
    ]
    threads.append(threading.Thread(target=hostile, args=(end,), daemon=True))
    for thread in threads:
        thread.start()
    samples: list[tuple[float, float, int]] = []
    due = [begun + arguments.minutes * 60 * share for share in (0.25, 0.5, 0.75)]
    while time.monotonic() < end:
        if due and time.monotonic() > due[0]:
            due.pop(0)
            republish(data)
        samples.append((time.monotonic() - begun, *measured(server)))
        time.sleep(min(5.0, max(0.1, end - time.monotonic())))
    for thread in threads:
        thread.join(60)
    settled = samples[len(samples) // 3 :]
    times = sorted(figures.searches)
    slope = (settled[-1][1] - settled[0][1]) / max(1.0, settled[-1][0] - settled[0][0]) * 600
    print(f"{sum(figures.statuses.values())} answers in {arguments.minutes:g} min: {dict(figures.statuses)}")
    print(f"failures: {dict(figures.failed)}; answers from two releases: {figures.mixed}")
    print(f"search p50 {times[len(times) // 2] * 1000:.0f} ms, p95 {times[int(len(times) * 0.95)] * 1000:.0f} ms")
    print(f"memory {settled[0][1]:.0f} to {settled[-1][1]:.0f} MiB, {slope:+.1f} MiB per 10 min after the first third")
    print(f"open files {settled[0][2]} to {settled[-1][2]}, most {max(s[2] for s in samples)}")
    return 1 if figures.mixed or any(" 5" in name for name in figures.failed) else 0


if __name__ == "__main__":
    sys.exit(main())
