"""The first rows of an answer for a reader's eyes: terms out of SPARQL TSV, which writes them as Turtle does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from webapp.sparql.nursery import Head
from webapp.sparql.remote import AnyAnswer

_TERM = re.compile(r'"((?:[^"\\]|\\.)*)"(?:@([\w-]+)|\^\^<([^>]*)>)?', re.DOTALL)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", '"': '"', "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One term. ``iri`` is set where it is an IRI that a browser may follow; ``note`` is its language or datatype."""

    text: str
    iri: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows of an answer: a table, a boolean or Turtle. ``more`` says that the answer is longer."""

    kind: str
    variables: tuple[str, ...] = ()
    rows: tuple[tuple[Cell | None, ...], ...] = ()
    text: str = ""
    more: bool = False


def read(answer: AnyAnswer, head: Head) -> Shown:
    """The beginning of an answer in TSV or Turtle; the rest is not waited for.

    Raises QueryError where the answer breaks off before.
    """
    if answer.kind == "boolean":
        return Shown("boolean", text=answer.whole().decode())
    if answer.kind == "triples":
        text = b""
        for chunk in answer.chunks():
            text += chunk
            if len(text) > head.bytes:
                break
        return Shown("triples", text=text[: head.bytes].decode("utf-8", "ignore"), more=len(text) > head.bytes)
    lines = _lines(answer.chunks())
    variables = tuple(name.removeprefix("?") for name in next(lines, "").split("\t") if name)
    found: list[tuple[Cell | None, ...]] = []
    for line in lines:
        if len(found) == head.rows:
            return Shown("solutions", variables, tuple(found), more=True)
        cells = line.split("\t") if variables else []
        found.append(tuple(cell(term) for term in cells))
    return Shown("solutions", variables, tuple(found))


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode()
    if rest:
        yield rest.decode()


def cell(term: str) -> Cell | None:
    """A term as TSV writes it; None where it is unbound."""
    if not term:
        return None
    if term.startswith("<") and not term.startswith("<<"):
        iri = term[1:-1]
        return Cell(iri, iri if iri.startswith(("http://", "https://")) else None)
    if literal := _TERM.fullmatch(term):
        text = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), literal[1])
        return Cell(text, note=literal[2] or literal[3])
    return Cell(term)
