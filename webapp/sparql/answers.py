"""Answers on their way from a worker to a client."""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import IO, Protocol

from webapp.sparql.errors import (
    EngineFailed,
    EvaluationFailed,
    LimitExceeded,
    MalformedQuery,
    UnwritableAnswer,
)
from webapp.sparql.limits import Limits
from webapp.sparql.nursery import Task, Worker

_LOG = logging.getLogger(__name__)

#: Errors after which a worker is as good as before.
_HARMLESS = frozenset({"syntax", "evaluation", "limit", "xml"})


class Turns(Protocol):
    """Whom an answer's worker belongs to."""

    limits: Limits

    def lengthen(self, *, refuse: bool) -> bool: ...
    def give_back(self, worker: Worker, *, usable: bool, long: bool) -> None: ...


class Answer:
    """One answer on its way. Iterate ``chunks`` once, then ``close``; closing earlier ends the query.

    The worker is emptied at its own speed into a temporary file, so a slow reader does not hold it.
    """

    def __init__(self, pool: Turns, worker: Worker, task: Task, started: float) -> None:
        self.kind = ""  # solutions, boolean or triples
        self._pool = pool
        self._worker: Worker | None = worker
        self._task = task
        self._parts: list[bytes] = []
        self._held = 0
        self._complete = False
        self._sending = False
        self._long = False
        self._started = started
        self._ending = threading.Lock()
        self._spool: Spool | None = None

    @property
    def complete(self) -> bool:
        """Whether the whole answer was there with its head, so that its length is known."""
        return self._spool is None

    @property
    def head(self) -> bytes:
        """What has been held back; the whole answer where ``complete``."""
        return b"".join(self._parts)

    def begin(self) -> None:
        assert self._worker is not None
        self._worker.send(self._task)
        while not self._complete and self._held < self._pool.limits.head_bytes:
            part = self._next()
            if part:
                self._parts.append(part)
                self._held += len(part)
        if self._complete:
            self._release(usable=True)
        else:
            self._sending = True
            self._spool = Spool(self._drain)

    def chunks(self) -> Iterator[bytes]:
        """The answer in pieces. Raises QueryError where it breaks off: the client must be told, by cutting."""
        yield from self._parts
        self._parts = []
        if self._spool is not None:
            yield from self._spool

    def whole(self) -> bytes:
        """The answer in one piece. Raises QueryError."""
        return b"".join(self.chunks())

    def close(self) -> None:
        """End the query if it still runs, and free what it held."""
        if self._spool is not None:
            self._spool.close()
        self._release(usable=False)

    def _drain(self) -> Iterator[bytes]:
        """Runs in the spool's thread."""
        try:
            while not self._complete:
                yield self._next()
        except BaseException:
            self._release(usable=False)
            raise
        self._release(usable=True)

    def _next(self) -> bytes:
        """The next piece of data, empty at the end."""
        worker = self._worker
        if worker is None:
            raise EngineFailed("The query was ended.")
        limits = self._pool.limits
        letter, body = worker.frame(self._started, limits.seconds, self._lengthen)
        if letter == b"D":
            return body
        if letter == b"Z":
            self._complete = True
            return b""
        if letter == b"K":
            self.kind = json.loads(body)["answer"]
            return b""
        error = json.loads(body)
        if error["kind"] in _HARMLESS:
            self._release(usable=True)
        raise _error(error)

    def _lengthen(self) -> bool:
        with self._ending:  # whoever ends the query meanwhile must free the place that it has, not the one that it had
            if self._worker is not None and not self._long:
                self._long = self._pool.lengthen(refuse=not self._sending)
            return self._long

    def _release(self, *, usable: bool) -> None:
        with self._ending:
            worker, self._worker = self._worker, None
            long = self._long
        if worker is not None:
            self._pool.give_back(worker, usable=usable, long=long)


_PLACE = re.compile(r"error at (\d+):(\d+): ", re.ASCII)


def _error(error: dict[str, str]) -> Exception:
    message = error["message"]
    match error["kind"]:
        case "syntax":
            found = _PLACE.match(message)
            if found is None:
                return MalformedQuery(message)
            return MalformedQuery(message[found.end() :], int(found[1]), int(found[2]))
        case "limit":
            return LimitExceeded(f"{message}; nothing is ever cut off here: use LIMIT, or the downloads.")
        case "xml":
            return UnwritableAnswer(
                "A text in this answer has control characters, which XML cannot carry: ask for JSON, CSV or Turtle."
            )
        case "memory":
            return LimitExceeded("The query needs more memory than one query may use.")
        case "evaluation":
            return EvaluationFailed(message)
    _LOG.error("the query engine failed: %s", message)
    return EngineFailed("The query engine failed on this query.")


class Spool:
    """What one thread writes and another reads at its own pace: a temporary file with a beginning and an end."""

    def __init__(self, source: Callable[[], Iterator[bytes]]) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._state = threading.Condition()
        self._written = 0
        self._done = False
        self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._fill, args=(source,), name="sparql-answer", daemon=True)
        self._thread.start()

    def _fill(self, source: Callable[[], Iterator[bytes]]) -> None:
        error: BaseException | None = None
        try:
            for part in source():
                with self._state:
                    if self._closed:
                        return
                    os.pwrite(self._file.fileno(), part, self._written)
                    self._written += len(part)
                    self._state.notify()
        except BaseException as err:  # noqa: BLE001 - it is raised in the reader
            error = err
        finally:
            with self._state:
                self._error, self._done = error, True
                self._state.notify()

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        while True:
            with self._state:
                self._state.wait_for(lambda at=read: self._done or self._written > at)  # type: ignore[misc]
                written, done, error = self._written, self._done, self._error
            while read < written:
                part = os.pread(self._file.fileno(), min(written - read, 262_144), read)
                read += len(part)
                yield part
            if done and error is not None:
                raise error
            if done:
                return

    def close(self) -> None:
        with self._state:
            self._closed = True
            self._file.close()
