"""Each document is parsed in a child process of its own, confined and thrown away.

A file that crashes its parser, eats memory or never ends costs its own child and one line in the table of failures. The
children are forked from a server process that has the parsers loaded already, so one costs some 10 ms.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path

from graph.errors import ParserDied, UnreadableDocument
from graph.sandbox import confine

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["graph.ingest", "graph.extraction.committee", "graph.extraction.report"])


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on the parsing of one document: wall clock seconds, bytes of address space, bytes of any file written."""

    seconds: float = 120.0
    memory: int = 3 << 30
    file_size: int = 1 << 30


def start_server() -> None:
    """Start the process that children are forked from, without waiting for the parsers that it loads: a server does so
    before the first reader would wait for it."""
    forkserver.ensure_running()


def run_isolated(function: Callable[[str], bytes], source: str, limits: Limits) -> bytes:
    """``function(source)`` computed in a confined child process.

    ``function`` is found by its module and name, so it must be a module's own. Raises UnreadableDocument when the
    function raises it, fails in any other way, or overruns a limit; ParserDied where the child ended without an answer.
    """
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_serve, args=(sender, function, source, limits), daemon=True)
    child.start()
    sender.close()
    try:
        if not receiver.poll(limits.seconds):
            raise UnreadableDocument(
                source,
                f"parsing did not end within {limits.seconds:.0f} s",
                "split the document, or raise INSPECTGRAPH_PARSE_SECONDS",
            )
        kind, *values = receiver.recv()
    except EOFError as err:
        child.join(5)
        raise _died(source, child.exitcode, limits) from err
    finally:
        receiver.close()
        child.kill()
        child.join()
        child.close()
    if kind == "unreadable":
        raise UnreadableDocument(source, *values)
    result: bytes = values[0]
    return result


def end_with_parent() -> None:
    """For the workers of a pool, which begin with it: they end when the process that the pool belongs to does. A worker
    waits for its next task on a pipe that it could write into itself, so a killed build would leave it there for good.
    """
    threading.Thread(target=_end_after_parent, name="end-with-parent", daemon=True).start()


def _end_after_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _serve(sender: Connection, function: Callable[[str], bytes], source: str, limits: Limits) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    confine(memory=limits.memory, cpu_seconds=int(limits.seconds) + 1, file_size=limits.file_size)
    try:
        answer: tuple[object, ...] = ("ok", function(source))
    except UnreadableDocument as err:
        answer = ("unreadable", err.reason, err.advice)
    except MemoryError:
        answer = ("unreadable", *_too_large(limits))
    except Exception as err:  # noqa: BLE001 - whatever a hostile file provokes is this file's failure, not the batch's
        frame = traceback.extract_tb(err.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        answer = ("unreadable", f"the parser failed: {type(err).__name__}: {err} at {place}", "please report this file")
    sender.send(answer)
    sender.close()


def _died(source: str, exit_code: int | None, limits: Limits) -> ParserDied:
    if exit_code in (-signal.SIGKILL, -signal.SIGXCPU):
        return ParserDied(source, *_too_large(limits))
    return ParserDied(
        source, f"the parser crashed (exit code {exit_code})", "the file is damaged or hostile: get another copy"
    )


def _too_large(limits: Limits) -> tuple[str, str]:
    return (
        f"parsing needs more than {limits.memory >> 20} MiB of memory or {limits.seconds:.0f} s",
        "split the document, or raise INSPECTGRAPH_PARSE_MEMORY_MB",
    )
