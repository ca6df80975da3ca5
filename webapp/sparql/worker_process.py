"""What runs in the processes that evaluate queries; started as a script by ``workers``, never imported by the server.

One *nursery* opens the graph (in memory where it is small enough), closes the network to itself for good, and from
then on only forks: a worker is a copy of it, ready in milliseconds, sharing the graph's memory. A worker reads a task,
writes the answer in frames, and waits for the next. It is ended by the kernel when its time is over (an alarm whose
default action is to end the process: no Python needs to run), when it takes too much memory, or by its owner; nothing
it holds is worth saving.

Frames are one letter, a length and that many bytes. To a worker: a task as JSON. From it: ``K`` the kind of answer,
``D`` data, ``E`` an error as JSON and ``Z`` the end.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import resource
import select
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import pyoxigraph as ox

from graph.sandbox import close_network
from graph.store import open_read_only

HEADER = struct.Struct(">cI")
# deep expressions (thousands of "+") recurse in the engine; 32 KiB of them need about 40 MiB
_STACK = 128 << 20
_NICENESS = 5
#: Bytes of a frame, and of the buffer to the server (as far as the system allows): a worker that need not wait for its
#: reader takes a tenth less of the processor.
_FRAME = 131_072
_SEND_BUFFER = 1 << 20
RESULT_FORMATS = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
TRIPLE_FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
    "trig": ox.RdfFormat.TRIG,
}


class TooMuch(Exception):
    """The answer is longer than it may be."""


class NotXml(Exception):
    """A text of the answer has characters that XML 1.0 cannot carry."""


_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")


# ------------------------------------------------------------------------------------------------------------ nursery


def nursery(control: socket.socket, options: dict[str, Any]) -> None:
    """Answer "fork" (with the worker's end of a socket) by a process id, and "reap PID" by its wait status, -1
    while it has not ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C on the terminal is the server's business
    closed = close_network()
    if not closed and not options["allow_open_network"]:
        send(control, b"E", {"message": "this platform offers no way to close the network to query workers"})
        return
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    try:
        # a graph on disk is opened by each worker: the engine's threads would not survive a fork
        store = _resident(Path(options["graph"]), control) if options["resident"] else None
    except Exception as err:  # noqa: BLE001 - whatever it is, the owner must hear of it
        send(control, b"E", {"message": str(err)})
        return
    send(control, b"K", {"closed": closed})
    while True:
        message, handles, _, _ = socket.recv_fds(control, 64, 1)
        if not message:
            return
        command, _, argument = message.decode().partition(" ")
        if command == "reap":
            ended, status = os.waitpid(int(argument), os.WNOHANG)
            control.sendall(f"{status if ended else -1}\n".encode())  # one that is slow to die holds up nobody
            continue
        pid = os.fork()
        if pid == 0:
            control.close()
            _worker(socket.socket(fileno=handles[0]), store, options)
        os.close(handles[0])
        control.sendall(f"{pid}\n".encode())


class _WhileWanted(io.RawIOBase):
    """A pipe that is read for as long as the owner is there: a copy takes a while, and an owner that has ended would
    leave it to the machine."""

    def __init__(self, pipe: int, owner: socket.socket) -> None:
        self._pipe = pipe
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if select.select([self._owner], [], [], 0)[0] and not self._owner.recv(1, socket.MSG_PEEK):
            os._exit(1)
        return os.readv(self._pipe, [buffer])


def _resident(path: Path, owner: socket.socket) -> ox.Store:
    """The graph at ``path``, copied into memory by a second process so that this one stays free of engine threads."""
    store = ox.Store()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as output:
            disk = open_read_only(path)
            names = [name.value for name in disk.named_graphs() if isinstance(name, ox.NamedNode)]
            output.write(json.dumps(names).encode() + b"\n")
            disk.dump(output, format=ox.RdfFormat.N_QUADS)
        os._exit(0)
    os.close(writing)
    with io.BufferedReader(_WhileWanted(reading, owner), 1 << 20) as source:
        names = json.loads(source.readline())
        store.bulk_load(source, format=ox.RdfFormat.N_QUADS)
    os.close(reading)
    for name in names:
        store.add_graph(ox.NamedNode(name))
    if os.waitpid(pid, 0)[1] != 0:
        raise OSError(f"the graph at {path} could not be read into memory")
    return store


# ------------------------------------------------------------------------------------------------------------- worker


def _worker(connection: socket.socket, store: ox.Store | None, options: dict[str, Any]) -> NoReturn:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the engine reports its own abort there; the owner sees the signal
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if store is None:
        store = open_read_only(Path(options["graph"]))
    _limit(resource.RLIMIT_AS, _address_space() + _STACK + options["memory"])
    threading.stack_size(_STACK)
    thread = threading.Thread(target=_serve, args=(connection, store, options), daemon=True)
    thread.start()
    thread.join()
    os._exit(0)


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _address_space() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


def _serve(connection: socket.socket, store: ox.Store, options: dict[str, Any]) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    send(connection, b"K", {"thread": threading.get_native_id()})
    with contextlib.suppress(OSError, EOFError):  # the owner has gone
        while True:
            _, body = receive(connection)
            task = json.loads(body)
            signal.setitimer(signal.ITIMER_REAL, options["seconds"])
            output = _Output(connection, options["rows"], options["answer_bytes"], xml=task["format"] in {"xml", "rdf"})
            error = _evaluate(store, task, output)
            signal.setitimer(signal.ITIMER_REAL, 0)
            if error is None:
                connection.sendall(HEADER.pack(b"Z", 0))
            else:
                send(connection, b"E", error)


def _evaluate(store: ox.Store, task: dict[str, Any], output: _Output) -> dict[str, str] | None:
    try:
        result = _result(store, task)
        _write(result, task["format"], output, task["prefixes"])
    except SyntaxError as err:
        return {"kind": "syntax", "message": str(err)}
    except TooMuch as err:
        return {"kind": "limit", "message": str(err)}
    except NotXml:
        return {"kind": "xml", "message": ""}
    except MemoryError:
        return {"kind": "memory", "message": ""}
    except (OSError, RuntimeError, ValueError) as err:
        if output.broken:
            raise
        return {"kind": "evaluation", "message": str(err)}
    except BaseException as err:  # noqa: BLE001 - a panic of the engine is no Exception
        return {"kind": "engine", "message": f"{type(err).__name__}: {err}"}
    return None


_UNKNOWN_FUNCTION = re.compile(r"The custom function <([^>]*)> is not supported")


def _result(store: ox.Store, task: dict[str, Any]) -> Any:
    """The engine's result; a function that nobody knows is an error where it is called, not of the whole query."""
    unknown: dict[ox.NamedNode, Callable[..., Any]] = {}
    while True:
        try:
            return store.query(
                task["query"], base_iri=task["base_iri"], custom_functions=unknown or None, **_dataset(task)
            )
        except (OSError, RuntimeError, ValueError) as err:
            found = _UNKNOWN_FUNCTION.search(str(err))
            if found is None or ox.NamedNode(found[1]) in unknown:
                raise
            unknown[ox.NamedNode(found[1])] = lambda *_: None


def _dataset(task: dict[str, Any]) -> dict[str, Any]:
    if task["default_graphs"] is not None or task["named_graphs"] is not None:
        return {
            "default_graph": [ox.NamedNode(iri) for iri in task["default_graphs"] or ()],
            "named_graphs": [ox.NamedNode(iri) for iri in task["named_graphs"] or ()],
        }
    return {"use_default_graph_as_union": task["union"]}


def _write(result: Any, form: str, output: _Output, prefixes: dict[str, str]) -> None:
    if isinstance(result, ox.QueryTriples):
        output.begin("triples", None)
        counted = _counted(result, output.rows)
        used = taken_prefixes(form, prefixes)
        ox.serialize(counted, output, format=TRIPLE_FORMATS[form], prefixes=used)  # type: ignore[arg-type]
    else:
        boolean = isinstance(result, ox.QueryBoolean)
        output.begin("boolean" if boolean else "solutions", None if boolean else ROW_COUNTERS[form]())
        result.serialize(output, format=RESULT_FORMATS[form])
    output.flush()


def taken_prefixes(form: str, prefixes: Mapping[str, str]) -> dict[str, str] | None:
    """Those of a query's prefixes that its answer can have: relative ones and such with escapes stay out."""
    if form not in {"turtle", "trig"}:
        return None
    return {name: iri for name, iri in prefixes.items() if re.match(r"[A-Za-z][\w+.-]*:[^\\]*$", iri)}


def _counted(triples: Iterable[ox.Triple], most: int) -> Iterator[ox.Triple]:
    source = iter(triples)
    yield from islice(source, most)
    if next(source, None) is not None:
        raise TooMuch(f"The answer has more than {most:,} triples")


class _Output:
    """A binary file whose content leaves in frames, and which ends the answer that grows too long, or that would not
    be the XML that it says it is."""

    def __init__(self, connection: socket.socket, rows: int, most: int, *, xml: bool = False) -> None:
        self.rows = rows
        self.broken = False
        self._connection = connection
        self._xml = xml
        self._left = most
        self._most = most
        self._count: Callable[[bytes | bytearray], int] | None = None
        self._found = 0
        self._buffer = bytearray()

    def begin(self, kind: str, counter: Callable[[bytes | bytearray], int] | None) -> None:
        self._count = counter
        self._send(b"K", json.dumps({"answer": kind}).encode())

    def write(self, data: bytes) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise TooMuch(f"The answer has more than {self._most:,} bytes")
        self._buffer += data
        if len(self._buffer) >= _FRAME:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if not self._buffer:
            return
        if self._xml and _NOT_XML.search(self._buffer):
            raise NotXml
        if self._count is not None:
            self._found += self._count(self._buffer)
            if self._found > self.rows:
                raise TooMuch(f"The answer has more than {self.rows:,} rows")
        self._send(b"D", self._buffer)
        self._buffer = bytearray()

    def _send(self, letter: bytes, body: bytes | bytearray) -> None:
        try:
            self._connection.sendall(HEADER.pack(letter, len(body)))
            self._connection.sendall(body)
        except OSError:
            self.broken = True
            raise


# ---------------------------------------------------------------------------------------------------------- row counts


class _Plain:
    """Counts separators over pieces of a text cut anywhere; ``first`` is what it begins with."""

    def __init__(self, *separators: bytes, first: int = 0) -> None:
        self._separators = separators
        self._overlap = len(separators[0]) - 1
        self._last: bytes | bytearray = b""
        self._first = first

    def __call__(self, data: bytes | bytearray) -> int:
        found, self._first = self._first, 0
        data = self._last + data
        self._last = data[-self._overlap :] if self._overlap else b""
        return found + sum(data.count(separator) for separator in self._separators)


class _Lines:
    """Counts the ends of lines outside double quotes, over pieces of a text cut anywhere."""

    def __init__(self) -> None:
        self._inside = False
        self._first = -1  # the line of names is no row

    def __call__(self, data: bytes | bytearray) -> int:
        found, self._first = self._first, 0
        parts = data.split(b'"')
        outside = parts[1 if self._inside else 0 :: 2]
        self._inside ^= len(parts) % 2 == 0
        return found + sum(part.count(b"\n") for part in outside)


#: Format → maker of a function that is given the answer piece by piece and says how many rows begin in each. None
#: counts too few. JSON counts one too many for an answer without rows and for a text that itself ends or goes on like
#: a row ("},{"): quotes are not followed there, because that would take half as long as the evaluation.
ROW_COUNTERS: dict[str, Callable[[], Callable[[bytes | bytearray], int]]] = {
    "json": lambda: _Plain(b'},{"', b"},{}", first=1),
    "xml": lambda: _Plain(b"<result>"),
    "csv": _Lines,
    "tsv": lambda: _Plain(b"\n", first=-1),
}


# -------------------------------------------------------------------------------------------------------------- frames


def send(connection: socket.socket, letter: bytes, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    connection.sendall(HEADER.pack(letter, len(data)) + data)


def receive(connection: socket.socket) -> tuple[bytes, bytes]:
    """The next frame. Raises EOFError where the other side has closed."""
    letter, length = HEADER.unpack(_exactly(connection, HEADER.size))
    return letter, _exactly(connection, length)


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the server has ended: nobody is left to tell
        nursery(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]))
