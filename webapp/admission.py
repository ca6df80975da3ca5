"""How much one client may ask: requests a minute, and requests at once. Counted in memory, by server process."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, g, request
from werkzeug.exceptions import TooManyRequests

from webapp.settings import Settings
from webapp.sparql.admission import client_of

#: Clients that are remembered at most; the one that has been silent longest is forgotten first.
_REMEMBERED = 20_000
#: Endpoints that cost nothing.
FREE = frozenset({"static", "data_pages.health"})


@dataclass(slots=True)
class _Client:
    left: float
    at: float
    running: int = 0


class Allowance:
    """A bucket for each client: ``burst`` requests at most, refilled at ``per_minute``; one whose bucket is full again
    is forgotten. Thread-safe."""

    def __init__(self, per_minute: int, burst: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._burst, self._at_once, self._clock = burst, at_once, clock
        self._clients: OrderedDict[str, _Client] = OrderedDict()
        self._lock = threading.Lock()

    def enter(self, name: str) -> float:
        """Count a request: 0 when it may go on – then ``leave`` is owed – else the seconds to wait."""
        now = self._clock()
        with self._lock:
            client = self._clients.pop(name, None) or _Client(self._burst, now)
            client.left, client.at = self._left(client, now), now
            while self._clients and self._is_forgotten(next(iter(self._clients.values())), now):
                self._clients.popitem(last=False)
            self._clients[name] = client
            if client.running >= self._at_once:
                return 1.0
            if client.left < 1:
                return (1 - client.left) / self._rate
            client.left -= 1
            client.running += 1
            return 0.0

    def __len__(self) -> int:
        """How many clients are remembered."""
        return len(self._clients)

    def _left(self, client: _Client, now: float) -> float:
        return min(self._burst, client.left + (now - client.at) * self._rate)

    def _is_forgotten(self, client: _Client, now: float) -> bool:
        as_new = not client.running and self._left(client, now) >= self._burst
        return as_new or len(self._clients) >= _REMEMBERED

    def leave(self, name: str) -> None:
        with self._lock:
            if (client := self._clients.get(name)) is not None:
                client.running = max(0, client.running - 1)


def register(app: Flask, settings: Settings) -> None:
    """Hold every request against the allowance. Clients on this machine are not counted unless a trusted proxy says
    for whom it speaks; with ``requests_per_minute`` 0 nobody is."""
    if not settings.requests_per_minute:
        return
    allowance = Allowance(settings.requests_per_minute, settings.requests_burst, settings.requests_at_once)

    @app.before_request
    def _enter() -> None:
        if request.endpoint in FREE:
            return
        client = client_of(request.remote_addr)
        if not settings.trusted_proxies and _on_this_machine(client):
            return
        wait = allowance.enter(client)
        if wait:
            raise TooManyRequests(
                f"You asked more than {settings.requests_per_minute} times a minute, or more than "
                f"{settings.requests_at_once} times at once. Wait {math.ceil(wait)} s. All data can be had in one "
                "piece: see /data.",
                retry_after=math.ceil(wait),
            )
        g.admitted = client

    @app.after_request
    def _leave(response: Response) -> Response:
        if client := g.pop("admitted", None):
            response.call_on_close(lambda: allowance.leave(client))
        response.headers["RateLimit-Policy"] = f'"client";q={settings.requests_burst};w=60'
        return response

    @app.teardown_request
    def _failed(err: BaseException | None) -> None:
        if client := g.pop("admitted", None):
            allowance.leave(client)


def _on_this_machine(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
