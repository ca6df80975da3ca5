"""Why a query got no answer, and the HTTP status that says so."""

from __future__ import annotations

from graph.errors import InspectgraphError


class QueryError(InspectgraphError):
    """A query without an answer. ``line`` and ``column`` are 1-based and count code points, None where nowhere."""

    status = 400

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        place = f"Line {line}, column {column}: " if line is not None else ""
        super().__init__(place + message)
        self.message = message
        self.line = line
        self.column = column


class MalformedQuery(QueryError):
    """It is not SPARQL 1.1 query language."""


class RefusedQuery(QueryError):
    """It asks for what this endpoint does not do: updates, SERVICE, LOAD, too much nesting."""


class TooLongQuery(QueryError):
    """It has more bytes than a query may have."""

    status = 413


class EvaluationFailed(QueryError):
    """It is well formed and cannot be evaluated."""


class UnwritableAnswer(QueryError):
    """Its answer has what the form asked for cannot hold."""

    status = 406


class LimitExceeded(QueryError):
    """Its answer needs more rows, bytes or memory than one query may use."""

    status = 422


class TimeExceeded(QueryError):
    """It was ended because its time was over."""

    status = 504


class EngineFailed(QueryError):
    """The engine broke; its worker has been replaced."""

    status = 500


class Unavailable(QueryError):
    """What it needs beside the engine, the search index, is not to be had."""

    status = 503


class Busy(QueryError):
    """No worker became free in time."""

    status = 503


class TooManyRequests(QueryError):
    """This client has as many requests running as one may have."""

    status = 429
