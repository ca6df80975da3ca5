"""Back ends for tests: the real programs, on loopback, each with an empty database of its own; and a Ray cluster."""

from __future__ import annotations

import atexit
import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

#: What the end-to-end tests are run over: nothing but a release's files, each graph server, the search database, and
#: vectors in parts on a cluster.
KINDS = ("embedded", "oxigraph", "virtuoso", "postgres", "ray")
#: Those that differ in what answers SPARQL.
GRAPH_KINDS = KINDS[:3]
READER, WRITER = "reader-of-tests", "writer-of-tests"

_INI = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
FileExtend = 200
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
ServerThreads = 20
NumberOfBuffers = {buffers}
MaxDirtyBuffers = {dirty}
DirsAllowed = {folder}
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 10
[SPARQL]
ResultSetMaxRows = {rows}
MaxQueryExecutionTime = 60
"""


@dataclass
class BackEnd:
    """A kind of server, of which ``settings`` starts two datasets, a database, or the cluster; with ``embedded`` there
    is none to start."""

    kind: str
    _stack: contextlib.ExitStack

    def settings(self, **options: Any) -> dict[str, Any]:
        """Two fresh datasets, as the settings that name them."""
        if self.kind == "embedded":
            return {}
        if self.kind == "postgres":
            return {"search_database": self._stack.enter_context(postgres())}
        if self.kind == "ray":
            return {"cluster": ray_cluster().address, "vector_shards": 3}
        start = oxigraph if self.kind == "oxigraph" else virtuoso
        addresses = [self._stack.enter_context(start(**options)) for _ in range(2)]
        found = {"graph_datasets": " ".join(addresses), "graph_server": self.kind}
        if self.kind == "virtuoso":
            found |= {"graph_reader": "ig_reader", "graph_reader_password": READER}
            found |= {"graph_writer": "ig_writer", "graph_writer_password": WRITER}
        return found


@contextlib.contextmanager
def running(kind: str) -> Iterator[BackEnd]:
    """Skips the test where the program is not installed."""
    if kind == "oxigraph" and _oxigraph() is None:
        pytest.skip("the oxigraph server is not installed: make setup-cluster")
    if kind == "virtuoso" and (shutil.which("virtuoso-t") is None or shutil.which("isql-vt") is None):
        pytest.skip("Virtuoso is not installed: Debian's package virtuoso-opensource-7-bin")
    if kind == "postgres":
        pytest.importorskip("psycopg", reason="the extra servers is not installed: make setup-cluster")
        pytest.importorskip("pgserver", reason="no PostgreSQL with pgvector is installed: make setup-cluster")
    elif kind == "ray":
        pytest.importorskip("ray", reason="the extra cluster is not installed: make setup-cluster")
    elif kind != "embedded":
        pytest.importorskip("httpx", reason="the extra servers is not installed: make setup-cluster")
    with contextlib.ExitStack() as stack:
        yield BackEnd(kind, stack)


@contextlib.contextmanager
def oxigraph(location: Path | None = None, port: int | None = None) -> Iterator[str]:
    port = port or free_port()
    command = [_oxigraph() or "oxigraph", "serve", "--bind", f"127.0.0.1:{port}", "--union-default-graph"]
    command += ["--location", str(location)] if location else []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def virtuoso(*, rows: int = 200_000, buffers: int = 4_000) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="virtuoso-") as name:
        folder, sql, port = Path(name), free_port(), free_port()
        ini = folder / "virtuoso.ini"
        ini.write_text(
            _INI.format(folder=folder, sql=sql, http=port, rows=rows, buffers=buffers, dirty=buffers * 3 // 4)
        )
        with (folder / "out").open("wb") as out:
            process = subprocess.Popen(["virtuoso-t", "+configfile", str(ini), "+foreground"], stdout=out, stderr=out)
        try:
            _wait(port, process)
            _wait(sql, process)
            script = str(Path(__file__).parents[1] / "docs/virtuoso.sql")
            passwords = ["DBA=dba-of-tests", f"READER={READER}", f"WRITER={WRITER}"]
            command = ["isql-vt", f"127.0.0.1:{sql}", "dba", "dba", script, "-u", *passwords]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database of a PostgreSQL with pgvector."""
    import pgserver

    with tempfile.TemporaryDirectory(prefix="postgres-") as folder, pytest.MonkeyPatch.context() as patched:
        Path(folder).chmod(0o755)  # the server drops root's rights
        patched.setenv("XDG_RUNTIME_DIR", folder)
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@lru_cache(maxsize=1)
def ray_cluster() -> Any:
    """A head of one processor and two nodes of two, connected to: one for all tests of a process, which Ray wants, and
    ended with it."""
    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])  # of the workers
    memory = {"object_store_memory": 200 << 20}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **memory})
    atexit.register(lambda: (ray.shutdown(), made.shutdown()))  # in this order, Ray wants
    for _ in range(2):
        made.add_node(num_cpus=2, **memory)
    ray.init(address=made.address, log_to_driver=False, configure_logging=False)
    return made


def _oxigraph() -> str | None:
    beside = Path(sys.executable).with_name("oxigraph")
    return str(beside) if beside.exists() else shutil.which("oxigraph")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(3_600):  # a busy machine takes its time
        with contextlib.suppress(OSError, http.client.HTTPException), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"the graph server on port {port} did not start")
