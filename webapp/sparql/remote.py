"""Queries on a graph server: the same limits, formats and errors as those of the embedded engine.

A query is first given to a worker whose graph is empty. What is not SPARQL 1.1 ends there, with the place of the error,
and never reaches the server: its own extensions, which may read addresses and change tables, among them. The server's
answer is read as terms and written anew, so a client cannot tell which server gave it.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import logging
import queue
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

import pyoxigraph as ox

from graph.remote_store import (
    N_TRIPLES,
    AnswerCut,
    GraphServerError,
    RemoteDataset,
    as_boolean,
)
from webapp.sparql import guard
from webapp.sparql.dataset_clause import dataset_clause
from webapp.sparql.edits import Edit, RewrittenQuery
from webapp.sparql.errors import Busy, EngineFailed, EvaluationFailed, LimitExceeded, RefusedQuery, TimeExceeded
from webapp.sparql.limits import Limits
from webapp.sparql.nursery import Head, Task
from webapp.sparql.worker_process import RESULT_FORMATS, ROW_COUNTERS, TRIPLE_FORMATS, taken_prefixes
from webapp.sparql.workers import Pool

if TYPE_CHECKING:
    import httpx

_LOG = logging.getLogger(__name__)
_PIECE = 262_144
#: An answer of a server is at most so many times as long as in another form.
_SENT_LENGTH = 8


class AnyAnswer(Protocol):
    """An answer of whichever engine."""

    kind: str

    @property
    def complete(self) -> bool: ...
    @property
    def head(self) -> bytes: ...
    def chunks(self) -> Iterator[bytes]: ...
    def whole(self) -> bytes: ...
    def close(self) -> None: ...


class AnyPool(Protocol):
    """What evaluates queries."""

    def run(self, task: Task, *, wait_seconds: float | None = None) -> AnyAnswer: ...
    def close(self) -> None: ...


class RemotePool:
    """Queries on one dataset, as many at a time as the limits say. Thread-safe; close it."""

    def __init__(self, dataset: RemoteDataset, limits: Limits) -> None:
        self.limits = limits
        self._dataset = dataset
        self._folder = tempfile.TemporaryDirectory(prefix="sparql-check-")
        ox.Store(self._folder.name).flush()
        self._check = Pool(Path(self._folder.name), limits, resident=True)
        self._clients: queue.LifoQueue[httpx.Client] = queue.LifoQueue()
        for _ in range(limits.workers):
            self._clients.put(dataset.connect())

    def run(self, task: Task, *, wait_seconds: float | None = None) -> RemoteAnswer:
        """Evaluate; the whole answer is there when it returns. Raises Busy where no connection becomes free in time,
        or the QueryError that the query ended in."""
        started = time.monotonic()
        refuse_own(task.query, self._dataset, self.limits)
        with contextlib.closing(self._check.run(task, wait_seconds=wait_seconds)) as checked:
            kind = checked.kind
        task = self._for_server(task)
        try:
            client = self._clients.get(timeout=self.limits.wait_seconds if wait_seconds is None else wait_seconds)
        except queue.Empty:
            raise Busy("The endpoint is busy; try again shortly.") from None
        try:
            return self._asked(client, task, kind, started)
        finally:
            self._clients.put(client)

    def _asked(self, client: httpx.Client, task: Task, kind: str, started: float) -> RemoteAnswer:
        left = self.limits.seconds - (time.monotonic() - started)
        accept = N_TRIPLES if kind == "triples" else self._dataset.profile.results
        graphs = [("default-graph-uri", iri) for iri in task.default_graphs or ()]
        graphs += [("named-graph-uri", iri) for iri in task.named_graphs or ()]
        output = _Output(self.limits, ROW_COUNTERS[task.format]() if kind == "solutions" else None, task.head)
        source = None
        try:
            text = without_comments(task.query)
            rows = task.head.rows if task.head is not None and kind == "solutions" else None
            with self._dataset.stream(client, text, accept, max(left, 0.1), graphs, rows=rows) as pieces:
                source = _Source(pieces, self.limits.answer_bytes * _SENT_LENGTH)
                _rewrite(source, kind, task, output, self._dataset, self.limits.rows)
        except _Enough:
            pass
        except BaseException as err:
            output.close()
            # the parser wraps what its source raises
            raise _told(source.error if source is not None and source.error is not None else err, self.limits) from err
        return RemoteAnswer(kind, output.file)

    def _for_server(self, task: Task) -> Task:
        """The task as servers understand it: the dataset of the query as that of the request, and at most one base,
        since Virtuoso takes no second."""
        query = guard.check(task.query, limits_for_inlined(self.limits))
        task, query = self._with_dataset(task, query)
        edits = [self._prologue(task, query), *self._graphs_outside(task, query)]
        text = RewrittenQuery.of(query.text, edits).text
        describing = self._dataset.profile.describing
        return replace(task, query=f"{describing} {text}" if describing and query.form == "DESCRIBE" else text)

    def _with_dataset(self, task: Task, query: guard.CheckedQuery) -> tuple[Task, guard.CheckedQuery]:
        given = task.default_graphs is not None or task.named_graphs is not None
        clause = dataset_clause(query)
        if clause is None and not given:
            return task, query
        default, named = tuple(task.default_graphs or ()), tuple(task.named_graphs or ())
        if clause is not None and not given:  # a request's dataset overrules it
            default, named = (self._resolved(task, query, tokens) for tokens in (clause.default, clause.named))
        if absent := self._dataset.profile.absent_graph:
            default, named = default or (absent,), (*named, absent)
        task = replace(task, default_graphs=default, named_graphs=named)
        return task, query if clause is None else replace(query, text=clause.text)

    def _graphs_outside(self, task: Task, query: guard.CheckedQuery) -> Iterator[Edit]:
        """The absent graph in the place of those that a GRAPH names and the dataset does not."""
        if not self._dataset.profile.absent_graph or task.named_graphs is None:
            return
        names = [
            name
            for keyword, name in itertools.pairwise(query.tokens)
            if keyword.kind == "word" and keyword.text.upper() == "GRAPH" and name.kind in {"iri", "pname"}
        ]
        for name, iri in zip(names, self._resolved(task, query, names), strict=True):
            if iri not in task.named_graphs:
                yield Edit(name.start, name.end, f"<{self._dataset.profile.absent_graph}>")

    def _prologue(self, task: Task, query: guard.CheckedQuery) -> Edit:
        """The base that the query begins with, and its prefixes made absolute where it has bases of its own."""
        own = any(token.text.upper() == "BASE" for token in guard.tokens(query.text[: query.body]))
        if not own:
            return Edit(0, 0, f"BASE <{task.base_iri}>\n" if task.base_iri is not None else "")
        names = [
            guard.Token(kind, text, 0) for kind, text in [("iri", "<>"), *(("pname", f"{p}:") for p in query.prefixes)]
        ]
        base, *namespaces = self._resolved(task, query, names)
        lines = [f"PREFIX {prefix}: <{iri}>" for prefix, iri in zip(query.prefixes, namespaces, strict=True)]
        return Edit(0, query.body, "\n".join([f"BASE <{base}>", *lines, ""]))

    def _resolved(self, task: Task, query: guard.CheckedQuery, names: Sequence[guard.Token]) -> tuple[str, ...]:
        """What IRIs and names with a prefix stand for, by the engine's own parser."""
        if not names:
            return ()
        wanted = " ".join(f"({name.text} AS ?n{number})" for number, name in enumerate(names))
        prologue = query.text[: query.body]
        question = Task(f"{prologue} SELECT {wanted} {{}}", "json", base_iri=task.base_iri)
        with contextlib.closing(self._check.run(question)) as answer:
            [row] = json.loads(answer.whole())["results"]["bindings"]
        return tuple(row[f"n{number}"]["value"] for number in range(len(names)))

    def close(self) -> None:
        self._check.close()
        while not self._clients.empty():
            self._clients.get().close()
        self._folder.cleanup()


def _told(err: BaseException, limits: Limits) -> BaseException:
    """The error as the endpoint tells it."""
    if isinstance(err, TimeoutError) or (isinstance(err, AnswerCut) and not err.rows):
        return TimeExceeded(f"The query was ended after {limits.seconds:g} seconds.")
    if isinstance(err, AnswerCut):
        return LimitExceeded(f"{str(err)[0].upper()}{str(err)[1:]}: use LIMIT, or the downloads.")
    if isinstance(err, GraphServerError):
        _LOG.warning("%s", err)
        if re.search(r"answered [45]\d\d", str(err)):
            return EvaluationFailed(f"{str(err)[0].upper()}{str(err)[1:]}")
        return EngineFailed("The graph server failed on this query.")
    if isinstance(err, SyntaxError):
        _LOG.warning("the graph server's answer cannot be read: %s", err)
        return EngineFailed("The graph server's answer cannot be read.")
    return err


def _rewrite(source: _Source, kind: str, task: Task, output: _Output, dataset: RemoteDataset, most: int) -> None:
    """The server's answer in the form that was asked for."""
    stream = cast(IO[bytes], source)
    if kind == "triples":
        triples = (quad.triple for quad in ox.parse(stream, format=ox.RdfFormat.N_TRIPLES))
        ox.serialize(
            _counted(triples, most),
            cast(IO[bytes], output),
            format=TRIPLE_FORMATS[task.format],
            prefixes=taken_prefixes(task.format, task.prefixes),
        )
        return
    answer = dataset.solutions(stream)
    if kind == "boolean":
        answer = as_boolean(answer)
    answer.serialize(cast(IO[bytes], output), format=RESULT_FORMATS[task.format])


def _counted(triples: Iterator[ox.Triple], most: int) -> Iterator[ox.Triple]:
    for number, triple in enumerate(triples):
        if number == most:
            raise LimitExceeded(f"The answer has more than {most:,} triples; nothing is ever cut off here: use LIMIT.")
        yield triple


def refuse_own(text: str, dataset: RemoteDataset, limits: Limits) -> None:
    """Raise RefusedQuery where the query holds an IRI that calls what only this server has."""
    profile = dataset.profile
    if not profile.own_schemes and not profile.own_hosts:
        return
    query = guard.check(text, limits_for_inlined(limits))
    for token in query.tokens:
        if token.kind not in {"iri", "pname"}:
            continue
        iri = _unescaped(query.iri(token) or token.text).lower()
        if iri.startswith(tuple(f"{scheme}:" for scheme in profile.own_schemes)) or any(
            host in iri for host in profile.own_hosts
        ):
            line, column = guard.Positions(text).of(token.start)
            raise RefusedQuery(f"“{token.text[:80]}” is refused: only standard SPARQL is answered.", line, column)


def limits_for_inlined(limits: Limits) -> Limits:
    """The limits of a query whose similarity clauses have become values: as deep, and as long as they make it."""
    return replace(limits, query_bytes=limits.query_bytes + limits.search_clauses * limits.search_limit * 400)


def without_comments(text: str) -> str:
    """The query with each comment a space: Virtuoso takes orders from comments. Strings and IRIs may hold a "#"."""
    parts, end = [], 0
    for token in guard.tokens(text):
        gap = text[end : token.start]
        parts.append(re.sub(r"#[^\r\n]*", " ", gap))
        parts.append(token.text)
        end = token.end
    return "".join(parts)


def _unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})", lambda m: chr(min(int(m[1] or m[2], 16), 0x10FFFF)), text)


class _Source:
    """The pieces of an answer as a file to read, of at most so many bytes."""

    def __init__(self, pieces: Iterator[bytes], most: int) -> None:
        self.error: BaseException | None = None
        self._pieces = pieces
        self._rest = b""
        self._left = most

    def read(self, size: int = -1) -> bytes:
        try:
            while not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    return b""
                self._left -= len(piece)
                if self._left < 0:
                    raise LimitExceeded("The answer is too long: use LIMIT, or the downloads.")
                self._rest = piece
        except BaseException as err:
            self.error = err
            raise
        size = len(self._rest) if size < 0 else size
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


class _Enough(Exception):
    """All that is wanted of an answer has been written."""


class _Output:
    """Where an answer is written: in memory while it is short, then on disk; too many rows or bytes end it."""

    def __init__(self, limits: Limits, count: Any, head: Head | None) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(limits.head_bytes)  # noqa: SIM115 - closed with the answer
        self._limits = limits
        self._left = limits.answer_bytes
        self._count = count
        self._head = head
        self._rows = 0
        self._buffer = bytearray()

    def write(self, data: bytes) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise LimitExceeded(_never(f"The answer has more than {self._limits.answer_bytes:,} bytes"))
        self._buffer += data
        if len(self._buffer) >= 65_536:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if self._count is not None and self._buffer:
            self._rows += self._count(self._buffer)
        self.file.write(self._buffer)
        self._buffer = bytearray()
        if self._head is not None and (self._rows > self._head.rows or self._is_long_graph(self._head.bytes)):
            raise _Enough
        if self._rows > self._limits.rows:
            raise LimitExceeded(_never(f"The answer has more than {self._limits.rows:,} rows"))

    def _is_long_graph(self, size: int) -> bool:
        return self._count is None and self._limits.answer_bytes - self._left > size

    def close(self) -> None:
        self.file.close()


def _never(message: str) -> str:
    return f"{message}; nothing is ever cut off here: use LIMIT, or the downloads."


class RemoteAnswer:
    """An answer that is there as a whole. Iterate ``chunks`` once, then ``close``."""

    def __init__(self, kind: str, file: IO[bytes]) -> None:
        self.kind = kind
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        file.seek(0)

    @property
    def complete(self) -> bool:
        return self._size <= _PIECE

    @property
    def head(self) -> bytes:
        self._file.seek(0)
        return self._file.read(_PIECE)

    def chunks(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece

    def whole(self) -> bytes:
        return b"".join(self.chunks())

    def close(self) -> None:
        self._file.close()
