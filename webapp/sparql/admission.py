"""Who may ask now: a bound on the requests that one client has running."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter

from webapp.sparql.errors import TooManyRequests
from webapp.sparql.limits import Limits

#: Seconds that a request waits for the client's own last one to be put away: a client that asks one thing after another
#: may be back before the server has closed the answer that it has just read.
_GRACE = 0.25


class Admission:
    """Counts what runs in this server process. Thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._running: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()

    def enter(self, address: str | None) -> str:
        """Let a client in, or raise TooManyRequests; ``leave`` with what this returns."""
        client = client_of(address)
        with self._changed:
            if not self._may_run(client) and not self._waited(client):
                raise TooManyRequests(
                    f"{self._limits.per_client} requests of yours are running; wait for one to end before the next."
                )
            self._running[client] += 1
        return client

    def leave(self, client: str) -> None:
        with self._changed:
            self._running[client] -= 1
            if self._running[client] <= 0:
                del self._running[client]
            self._changed.notify_all()

    def _may_run(self, client: str) -> bool:
        return self._running[client] < self._limits.per_client

    def _waited(self, client: str) -> bool:
        """Whether a place came free in time; no more of a client's requests wait than may run."""
        if self._waiting[client] >= self._limits.per_client:
            return False
        self._waiting[client] += 1
        try:
            return self._changed.wait_for(lambda: self._may_run(client), _GRACE)
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client]


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
