"""Who may ask now: a bound on the requests that one client has running."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter

from webapp.sparql.errors import TooManyRequests
from webapp.sparql.limits import Limits


class Admission:
    """Counts what runs in this server process. Thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

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
