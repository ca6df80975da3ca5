"""The web application under gunicorn."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from threadpoolctl import threadpool_limits

from graph.errors import InspectgraphError
from graph.isolation import start_server
from graph.release import Release
from webapp.dumps import Dumps
from webapp.memory import hold_little
from webapp.observation import MetricsServer, log_as_json
from webapp.services import Services
from webapp.settings import Settings

#: Seconds after which a thread that computes lets another have the interpreter. Python's own 5 ms, times the five or
#: six hand-overs of a request, is what one request that computes would cost each other one.
_SWITCH_SECONDS = 0.0005
#: Seconds between two looks for a new release where nobody asks.
_LOOK_SECONDS = 2.0


def share_interpreter() -> None:
    """Let short requests pass long ones, and let each compute on its own thread; called once in a server process, when
    numpy is loaded. Its products of matrices are small here: on two threads a search took twice the processor time, no
    less wall time at the median, and three times as much at the 99th percentile."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    threadpool_limits(1, user_api="blas")


def keep_ready(services: Services) -> None:
    """Load what the first search and the first image of a page would wait for, and look for new releases from then on,
    so that a process that nobody asks for hours has them too. A release that cannot be opened is told to whoever asks
    for it."""
    start_server()
    with contextlib.suppress(InspectgraphError):
        services.current().warm()
    while True:
        time.sleep(_LOOK_SECONDS)
        with contextlib.suppress(InspectgraphError):
            services.current()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._settings = settings
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from webapp import create_app

        share_interpreter()
        hold_little()
        if self._settings.log_requests:
            log_as_json()
        app = create_app(self._settings, Services(self._settings, aside=True))
        gc.freeze()  # the collector's full runs, which a switch of releases asks for, stop all threads a third as long
        threading.Thread(target=keep_ready, args=(app.extensions["inspectgraph"],), daemon=True).start()
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
        "worker_class": "webapp.connections.PatientWorker",
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
