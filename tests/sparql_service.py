"""A real SPARQL service for tests: a release on disk, served by gunicorn as in production, asked over a socket."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from jinja2 import DictLoader

from graph.release import Release, ReleaseFacts, ReleaseWriter, WriterLock
from graph.remote_store import RemoteDataset, datasets_of, synchronise
from graph.store import OxigraphStore, open_read_only
from webapp.server import share_interpreter
from webapp.settings import Settings
from webapp.sparql.engine import SparqlEngine
from webapp.sparql.limits import Limits
from webapp.sparql.protocol import blueprint
from webapp.sparql.remote import RemotePool
from webapp.sparql.similarity import Search


def publish(data: Path, graphs: Mapping[str, bytes]) -> Release:
    """A release that holds only a graph; keys are graph IRIs, values N-Triples."""
    with WriterLock(data), OxigraphStore(data / "work" / "store") as store, ReleaseWriter(data) as writer:
        for iri, triples in graphs.items():
            store.replace_graph(iri, triples)
        store.checkpoint(writer.path / "graph")
        return writer.publish(ReleaseFacts())


@dataclass
class Served:
    id: str
    sparql: SparqlEngine


def application(
    graph_dir: Path,
    limits: Limits,
    release: str = "2026-11-25T000000Z-abcdef",
    search: Search | None = None,
    dataset: RemoteDataset | None = None,
) -> Flask:
    """The endpoint alone, over one graph, or what a graph server holds of it."""
    app = Flask(__name__)
    app.jinja_loader = DictLoader({"base.html": "{% block content %}{% endblock %}"})
    pool = RemotePool(dataset, limits) if dataset is not None else None
    served = Served(release, SparqlEngine(graph_dir, limits, search, base_iri="https://example.org/", pool=pool))
    app.register_blueprint(blueprint(lambda: served, limits))
    return app


def wsgi() -> Flask:
    """What gunicorn loads; the place of the graph and the limits come through the environment."""
    share_interpreter()
    limits = Limits(**json.loads(os.environ["TEST_SPARQL_LIMITS"]))
    search = None
    if indexed := os.environ.get("TEST_SPARQL_SEARCH"):
        from indexer.search import Searcher

        search = Searcher.open(Path(indexed)).search
    dataset = next(iter(datasets_of(Settings(**json.loads(os.environ["TEST_SPARQL_SERVER"])))), None)
    return application(Path(os.environ["TEST_SPARQL_GRAPH"]), limits, search=search, dataset=dataset)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


@dataclass
class Service:
    port: int
    pid: int

    def request(
        self,
        method: str,
        path: str = "/sparql",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 60,
        client: str = "127.0.0.1",
    ) -> Reply:
        """Raises http.client.IncompleteRead where the connection is cut. client: a loopback address to come from."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout, source_address=(client, 0))
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            data = response.read()
            return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, data)

    def get(
        self, query: str, accept: str = "*/*", *, client: str = "127.0.0.1", **parameters: str | list[str]
    ) -> Reply:
        encoded = urlencode({"query": query, **parameters}, doseq=True)
        return self.request("GET", f"/sparql?{encoded}", headers={"Accept": accept}, client=client)

    def post(
        self, query: str, accept: str = "*/*", *, timeout: float = 60, client: str = "127.0.0.1", **parameters: object
    ) -> Reply:
        path = "/sparql" + ("?" + urlencode(parameters, doseq=True) if parameters else "")
        headers = {"Content-Type": "application/sparql-query", "Accept": accept}
        return self.request(
            "POST", path, query.encode("utf-8", "surrogatepass"), headers, timeout=timeout, client=client
        )


@contextlib.contextmanager
def serving(
    graph_dir: Path, *, search: Path | None = None, server: Mapping[str, Any] | None = None, **limits: object
) -> Iterator[Service]:
    """A gunicorn with the endpoint over ``graph_dir``; ``limits`` overrule the defaults. search: a release whose index
    answers similarity clauses. server: the settings of a graph server, which is filled from the graph and answers."""
    if datasets := datasets_of(Settings(**(server or {}))):
        synchronise(open_read_only(graph_dir), datasets[0], graph_dir.parent.parent / "journals")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = Path(__file__).parents[1]
    environment = os.environ | {
        "TEST_SPARQL_LIMITS": json.dumps(limits),
        "TEST_SPARQL_GRAPH": str(graph_dir),
        "TEST_SPARQL_SEARCH": str(search or ""),
        "TEST_SPARQL_SERVER": json.dumps(server or {}),
        "PYTHONPATH": str(root),
    }
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    command += ["--threads", "16", "--limit-request-line", "8190", "--log-level", "error", "--no-control-socket"]
    process = subprocess.Popen(
        [*command, "tests.sparql_service:wsgi()"], env=environment, cwd=root, stderr=subprocess.DEVNULL
    )
    service = Service(port, process.pid)
    try:
        for _ in range(1200):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if service.get("ASK {}").status == 200:
                    break
            if process.poll() is not None:
                raise RuntimeError("the test server did not start")
            time.sleep(0.05)
        yield service
    finally:
        process.terminate()
        process.wait(20)
