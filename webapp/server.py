"""The web application under gunicorn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from graph.release import Release

#: Seconds after which a thread that computes lets another have the interpreter. Python's own 5 ms, times the five or
#: six hand-overs of a request, is what one request that computes would cost each other one.
_SWITCH_SECONDS = 0.0005


def share_interpreter() -> None:
    """Let short requests pass long ones; called once in a server process."""
    sys.setswitchinterval(_SWITCH_SECONDS)


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(self, data: Path, options: dict[str, Any]) -> None:
        self._data = data
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from webapp import create_app
        from webapp.settings import Settings

        share_interpreter()
        return create_app(Settings.load(data=self._data))


def serve(data: Path, *, host: str, port: int, workers: int) -> None:
    """Serve until interrupted. Raises ReleaseError before a socket is opened where there is no release to serve."""
    release = Release.open(data)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    print(f"Serving release {release.id} at http://{address}/ (stop with Ctrl+C)", flush=True)
    _Server(
        data,
        {
            "bind": address,
            "workers": workers,
            "worker_class": "gthread",
            "threads": 16,  # SPARQL alone may hold ten
            "timeout": 60,
            "graceful_timeout": 10,
            "keepalive": 5,
            "limit_request_line": 8190,
            "proc_name": "inspectgraph",
            "loglevel": "warning",
            "control_socket_disable": True,
        },
    ).run()
