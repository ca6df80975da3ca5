"""What one query, one client and the endpoint as a whole may use; the values are settings."""

from __future__ import annotations

from dataclasses import dataclass

_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds of wall clock.

    ``query_bytes``, ``depth``: of the query text and its nested brackets. ``seconds``: to evaluate and write out one
    answer, the wait for a turn included. ``memory``: what evaluation may take beyond the graph itself. ``rows``,
    ``answer_bytes``: of one answer; more is an error, never a shortened answer. ``workers``: queries evaluated at a
    time, beside ``long_workers`` that have run for a while; ``waiting``: how many more may wait up to
    ``wait_seconds`` for their turn; ``per_client``: requests of one client address at a time. ``head_bytes``: how much
    of an answer is held back before its status is sent. ``resident_bytes``: graphs up to this size on disk are held in
    memory. ``search_limit``: rows that one similarity clause may ask for; ``search_clauses``: how many clauses a query
    may hold. ``allow_open_network``: serve even where the platform cannot close the network to workers (then only the
    guard keeps queries from calling out).
    """

    query_bytes: int = 32_768
    depth: int = 64
    seconds: float = 10.0
    memory: int = 1024 * _MB
    rows: int = 100_000
    answer_bytes: int = 50_000_000
    workers: int = 4
    long_workers: int = 2
    waiting: int = 4
    wait_seconds: float = 2.0
    per_client: int = 2
    head_bytes: int = 262_144
    resident_bytes: int = 1024 * _MB
    search_limit: int = 500
    search_clauses: int = 5
    allow_open_network: bool = False

    def sentences(self) -> list[str]:
        """The limits as a reader of the page or of the service description is told them."""
        return [
            f"A query has at most {self.query_bytes:,} bytes and {self.depth} nested brackets.",
            f"An answer is evaluated and written within {self.seconds:g} seconds and {self.memory // _MB:,} MiB.",
            f"An answer has at most {self.rows:,} rows or triples and {self.answer_bytes:,} bytes.",
            "A longer answer is an error and never shortened: use LIMIT, or the downloads.",
            f"One client has at most {self.per_client} requests at a time; beyond that the status is 429.",
            "When the endpoint is busy the status is 503; Retry-After says when to come back.",
            "Queries only: no update, no LOAD, and SERVICE only for the similarity clause.",
        ]
