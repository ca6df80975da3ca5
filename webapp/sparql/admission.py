"""Who may ask now: bounds on requests at a time, in all and for each client."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from webapp.sparql.errors import Busy, TooManyRequests
from webapp.sparql.limits import Limits


class Admission:
    """Counts what runs in this server process. Thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._evaluating = 0

    def enter(self, address: str | None) -> str:
        """Let a client in, or raise TooManyRequests; ``leave`` with what this returns."""
        client = client_of(address)
        with self._lock:
            if self._running[client] >= self._limits.per_client:
                raise TooManyRequests(
                    f"{self._limits.per_client} requests of yours are running; wait for one to end before the next."
                )
            self._running[client] += 1
        return client

    def leave(self, client: str) -> None:
        with self._lock:
            self._running[client] -= 1
            if self._running[client] <= 0:
                del self._running[client]

    @contextmanager
    def evaluation(self) -> Iterator[None]:
        """A place among those evaluated or waiting; raises Busy at once where the queue is full."""
        with self._lock:
            if self._evaluating >= self._limits.workers + self._limits.waiting:
                raise Busy("The endpoint is busy; try again shortly.")
            self._evaluating += 1
        try:
            yield
        finally:
            with self._lock:
                self._evaluating -= 1


def client_of(address: str | None) -> str:
    """Whom an address stands for: itself, or in IPv6 the network of 64 bits that one subscriber has."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
