"""Serve for a long time under mixed load with a hostile client, while releases come and go.

    python -m benchmarks.soak --minutes 60 --rate 50
    python -m benchmarks.soak --minutes 10 --rate 20 --data /path/to/a/copy/of/a/data/folder

The server is the real one, over loopback. Mixed clients ask for searches, pages, data and SPARQL; the hostile one
leaves requests unfinished, sends malformed ones and heavy queries, and does not read; three times a new release is
published. Told at the end: answers by status, p50 and p95 of searches, memory and open files of the server's processes,
and answers that did not come from one whole release.

A slope is the median of those between any two samples after the first third, so that the seconds for which two
releases are open weigh nothing. Private memory is what the processes have written themselves; resident memory counts
mapped files of the release too, which the system takes back when it needs room. Exit status 1 where an answer was
wrong, private memory grows by 1 MiB in 10 minutes or more, or files stay open.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scipy.stats import theilslopes

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


@dataclass(frozen=True, slots=True)
class Sample:
    """MiB and numbers of the server and its children; those that evaluate queries and write dumps come and go, and are
    counted only, as ``aside``."""

    seconds: float
    resident: float = 0.0
    private: float = 0.0
    files: int = 0
    sockets: int = 0
    aside: int = 0


def measured(server: int, seconds: float) -> Sample:
    resident = private = 0.0
    files = sockets = aside = 0
    for process in processes(server):
        with contextlib.suppress(OSError):
            folder = Path(f"/proc/{process}")
            command = (folder / "cmdline").read_text()
            if "worker_process" in command or "webapp.dumps" in command:
                aside += 1
                continue
            lines = (folder / "smaps_rollup").read_text().splitlines()[1:]
            kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
            resident += kilobytes["Rss"] / 1024
            private += kilobytes["Anonymous"] / 1024
            for handle in (folder / "fd").iterdir():
                with contextlib.suppress(OSError):  # closed meanwhile
                    sockets += (is_socket := str(handle.readlink()).startswith("socket:"))
                    files += not is_socket
    return Sample(seconds, resident, private, files, sockets, aside)


def slope(samples: Sequence[Sample], name: str) -> float:
    """Growth in 10 minutes."""
    return float(theilslopes([getattr(s, name) for s in samples], [s.seconds for s in samples])[0]) * 600


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=50, help="requests a second of all clients together")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--data", type=Path, help="a data folder that may be changed; none: the invented documents")
    parser.add_argument("--samples", type=Path, help="write what was measured every five seconds here, as CSV")
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
    samples: list[Sample] = []
    due = [begun + arguments.minutes * 60 * share for share in (0.25, 0.5, 0.75)]
    while time.monotonic() < end:
        if due and time.monotonic() > due[0]:
            due.pop(0)
            republish(data)
        samples.append(measured(server, time.monotonic() - begun))
        time.sleep(min(5.0, max(0.1, end - time.monotonic())))
    for thread in threads:
        thread.join(60)
    if arguments.samples is not None:
        rows = [",".join(f"{value:.1f}" for value in astuple(sample)) for sample in samples]
        arguments.samples.write_text("\n".join([",".join(Sample.__slots__), *rows]) + "\n", encoding="ascii")
    settled = samples[len(samples) // 3 :]
    times = sorted(figures.searches)
    print(f"{sum(figures.statuses.values())} answers in {arguments.minutes:g} min: {dict(figures.statuses)}")
    print(f"failures: {dict(figures.failed)}; answers from two releases: {figures.mixed}")
    print(f"search p50 {times[len(times) // 2] * 1000:.0f} ms, p95 {times[int(len(times) * 0.95)] * 1000:.0f} ms")
    sixth = max(1, len(samples) // 6)
    for name in ("private", "resident", "files", "sockets", "aside"):
        first, last = (
            statistics.median(getattr(s, name) for s in part) for part in (settled[:sixth], settled[-sixth:])
        )
        most = max(getattr(s, name) for s in samples)
        print(
            f"{name}: {first:.0f} in the third sixth of the time, {last:.0f} in the last, most {most:.0f}; "
            f"slope {slope(settled, name):+.2f} per 10 min"
        )
    wrong = figures.mixed or any(" 5" in name for name in figures.failed)
    return 1 if wrong or slope(settled, "private") >= 1 or slope(settled, "files") >= 1 else 0


if __name__ == "__main__":
    sys.exit(main())
