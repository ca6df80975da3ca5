"""What an operator sees: one line of JSON a request, and figures for Prometheus. Neither holds personal data.

A line names the route (``/recommendations/<name>``), never the address that was asked for, the words that were
searched, the client's address or its browser. The figures are served on the loopback interface by the server's parent
process.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, request

_LOG = logging.getLogger(__name__)
_REQUESTS = logging.getLogger("inspectgraph.requests")
_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time in UTC, level, logger, message, and what ``extra={"facts": …}`` adds."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_as_json(level: int = logging.INFO) -> None:
    """Send every logger of this process to standard error as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _REQUESTS.setLevel(level)


def register(app: Flask) -> None:
    """Time every request of ``app``; log it, and count it where metrics are on."""
    figures = _figures() if os.environ.get(_METRICS_FOLDER) else None

    @app.before_request
    def _begin() -> None:
        g.begun = time.perf_counter()

    @app.after_request
    def _end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("begun", time.perf_counter())
        route = request.url_rule.rule if request.url_rule is not None else "unknown"
        release = g.get("release")
        facts = {
            "method": request.method if request.method in {"GET", "HEAD", "POST", "OPTIONS"} else "other",
            "route": route,
            "status": response.status_code,
            "milliseconds": round(seconds * 1000, 1),
            "bytes": None if response.is_streamed else response.calculate_content_length(),
            "release": release.id if release is not None else None,
        }
        _REQUESTS.info("request", extra={"facts": facts})
        if figures is not None:
            figures["requests"].labels(route, str(response.status_code)).inc()
            figures["seconds"].labels(route).observe(seconds)
        return response


def _figures() -> dict[str, Any]:
    from prometheus_client import Counter, Histogram

    return {
        "requests": Counter("inspectgraph_requests", "Requests answered, by route and status.", ["route", "status"]),
        "seconds": Histogram(
            "inspectgraph_request_seconds",
            "Seconds from a request to its answer, by route.",
            ["route"],
            buckets=_BUCKETS,
        ),
    }


class MetricsServer:
    """Serves what the workers count, on 127.0.0.1 only. ``prepare`` comes before anything imports
    ``prometheus_client``, which looks once for where the workers meet."""

    def __init__(self, data: Path, port: int) -> None:
        self._folder = data / "cache" / "metrics"
        self._port = port
        self._server: Any = None
        self._counting = threading.Lock()

    def prepare(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        os.environ[_METRICS_FOLDER] = str(self._folder.absolute())

    def start(self) -> None:
        from prometheus_client import CollectorRegistry, start_http_server
        from prometheus_client.multiprocess import MultiProcessCollector

        counting = self._counting

        class Collector(MultiProcessCollector):
            def collect(self) -> Any:
                with counting:
                    return super().collect()  # type: ignore[no-untyped-call]

        registry = CollectorRegistry()
        Collector(registry)  # type: ignore[no-untyped-call]
        self._server, _ = start_http_server(self._port, "127.0.0.1", registry)

    def leave_to_parent(self) -> None:
        """In a worker: let go of the socket that came with the fork."""
        if self._server is not None:
            self._server.socket.close()

    def worker_ended(self, pid: int) -> None:
        """Add what the process has counted to what those before it have: a file each would stay for every release."""
        from prometheus_client.mmap_dict import MmapedDict

        with self._counting:
            for ended in self._folder.glob(f"*_{pid}.db"):
                kind = ended.name.split("_")[0]
                total = MmapedDict(str(self._folder / f"{kind}_0.db"))  # type: ignore[no-untyped-call]
                try:
                    for key, value, _, _ in MmapedDict.read_all_values_from_file(str(ended)):  # type: ignore[no-untyped-call]
                        total.write_value(key, total.read_value(key)[0] + value, 0.0)  # type: ignore[no-untyped-call]
                except Exception:  # noqa: BLE001 - a process killed while it wrote has torn the file
                    _LOG.exception("what process %d counted is lost", pid)
                total.close()  # type: ignore[no-untyped-call]
                ended.unlink()
