"""The web application under gunicorn."""

from __future__ import annotations

import gc
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from threadpoolctl import threadpool_limits

from graph.errors import InspectgraphError
from graph.release import Release
from webapp import application
from webapp.dumps import Dumps
from webapp.memory import hold_little
from webapp.observation import MetricsServer, log_as_json
from webapp.services import Services
from webapp.settings import Settings
from webapp.succession import Opening, ReleaseArbiter, ReleaseWorker

#: Seconds after which a thread that computes lets another have the interpreter. Python's own 5 ms, times the five or
#: six hand-overs of a request, is what one request that computes would cost each other one.
_SWITCH_SECONDS = 0.0005


def share_interpreter() -> None:
    """Let short requests pass long ones, and let each compute on its own thread; called once in a server process, when
    numpy is loaded. Its products of matrices are small here: on two threads a search took twice the processor time, no
    less wall time at the median, and three times as much at the 99th percentile."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    threadpool_limits(1, user_api="blas")


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self.settings = settings
        self._options = options
        super().__init__()

    def run(self) -> None:
        ReleaseArbiter(self).run()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        share_interpreter()
        hold_little()
        if self.settings.log_requests:
            log_as_json()
        services = Services(self.settings, stays=True)
        app = application.build(self.settings, services)
        gc.freeze()  # a full run of the collector stops all threads a third as long
        self.opening = Opening(services)
        self.opening.begin()
        return app


def serve(data: Path, *, host: str, port: int, workers: int) -> None:
    """Serve until interrupted. Raises ReleaseError before a socket is opened where there is no release to serve."""
    settings = Settings.load(data=data)
    release = Release.open(data)
    for sentence in release.damage:
        print(f"Warning: {sentence}", flush=True)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    print(f"Serving release {release.id} at http://{address}/ (stop with Ctrl+C)", flush=True)
    _Server(settings, options(settings, address, workers)).run()


def options(settings: Settings, address: str, workers: int) -> dict[str, Any]:
    """What gunicorn is told. ``timeout`` is about a worker whose main loop hangs, not about requests: those end by the
    limits of what they do, and clients by the limits of ``webapp.connections``."""
    chosen: dict[str, Any] = {
        "bind": address,
        "workers": workers,
        "worker_class": ReleaseWorker,
        "pre_fork": lambda arbiter, worker: arbiter.prepare(worker),
        "threads": 16,  # SPARQL alone may hold ten
        "worker_connections": 1000,
        "backlog": 512,
        "timeout": 60,
        "graceful_timeout": 15,
        "keepalive": 5,
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        "proc_name": "inspectgraph",
        "loglevel": "warning",
        "control_socket_disable": True,
    }
    dumps = Dumps(settings.data)
    starts: list[Callable[[], object]] = [dumps.begin]
    if settings.metrics_port:
        if importlib.util.find_spec("prometheus_client") is None:
            raise InspectgraphError("metrics need the extra: pip install 'inspectgraph[metrics]'")
        metrics = MetricsServer(settings.data, settings.metrics_port)
        metrics.prepare()
        starts.append(metrics.start)
        chosen |= {
            "post_fork": lambda server, worker: metrics.leave_to_parent(),
            "child_exit": lambda server, worker: metrics.worker_ended(worker.pid),
        }
    chosen["when_ready"] = lambda server: [start() for start in starts]
    chosen["on_exit"] = lambda server: dumps.end()
    return chosen
