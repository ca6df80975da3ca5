"""The forms that an answer can have: their media types, their short names, and which one a request gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.sparql.guard import Form


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """``name`` is what ``format=`` takes and what the workers know it by. ``aliases`` are media types that ask for it
    too; an answer carries the one that was asked for, so that a client finds what it expects."""

    name: str
    media_type: str
    title: str
    aliases: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def media_types(self) -> tuple[str, ...]:
        return (self.media_type, *self.aliases)


#: The first of each is what a client gets that has no preference.
TABLES = (
    AnswerFormat("json", "application/sparql-results+json", "JSON", ("application/json",), ("srj",)),
    AnswerFormat("xml", "application/sparql-results+xml", "XML", ("application/xml", "text/xml"), ("srx",)),
    AnswerFormat("csv", "text/csv", "CSV"),
    AnswerFormat("tsv", "text/tab-separated-values", "TSV"),
)
GRAPHS = (
    AnswerFormat("turtle", "text/turtle", "Turtle", ("application/x-turtle",), ("ttl",)),
    AnswerFormat("nt", "application/n-triples", "N-Triples", ("text/plain",), ("ntriples", "n-triples")),
    AnswerFormat("rdf", "application/rdf+xml", "RDF/XML", ("application/xml", "text/xml"), ("rdfxml", "xml")),
    AnswerFormat("jsonld", "application/ld+json", "JSON-LD", ("application/json",), ("json-ld", "json")),
    AnswerFormat("trig", "application/trig", "TriG"),
)
_TEXT = {"text/csv", "text/tab-separated-values", "text/turtle", "text/plain", "text/xml"}


@dataclass(frozen=True, slots=True)
class Chosen:
    format: AnswerFormat
    media_type: str

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; charset=utf-8" if self.media_type in _TEXT else self.media_type


def offered(form: Form) -> tuple[AnswerFormat, ...]:
    """What a query of this form can be answered in."""
    return TABLES if form in {"SELECT", "ASK"} else GRAPHS


def by_name(name: str, form: Form) -> Chosen | None:
    """What ``format=NAME`` means for a query of this form: a short name or a media type."""
    wanted = name.strip().lower().replace(" ", "+")  # a plus sign in a URL arrives as a space
    for answer in offered(form):
        if wanted in {answer.name, *answer.names}:
            return Chosen(answer, answer.media_type)
        if wanted in answer.media_types:
            return Chosen(answer, wanted)
    return None


def by_accept(accept: str, formats: Sequence[AnswerFormat], *, also: Sequence[str] = ()) -> Chosen | str | None:
    """What an Accept header likes best among ``formats`` and the media types ``also`` (returned as they are).

    Ties go to the earlier of formats, then also, then aliases; a more special range overrules a more general one (RFC
    9110, 12.5.1). None where nothing is acceptable. An empty header means anything.
    """
    ranges = _ranges(accept) or [("*", "*", 1.0)]
    best: tuple[float, int, Chosen | str] | None = None
    order = 0
    candidates: list[tuple[str, Chosen | str]] = [(a.media_type, Chosen(a, a.media_type)) for a in formats]
    candidates += [(media_type, media_type) for media_type in also]
    candidates += [(alias, Chosen(answer, alias)) for answer in formats for alias in answer.aliases]
    for media_type, choice in candidates:
        quality = _quality(media_type, ranges)
        order -= 1
        if quality > 0 and (best is None or (quality, order) > best[:2]):
            best = quality, order, choice
    return best[2] if best is not None else None


def _quality(media_type: str, ranges: list[tuple[str, str, float]]) -> float:
    major, _, minor = media_type.partition("/")
    found = [
        ((kind != "*") + (sub != "*"), quality)
        for kind, sub, quality in ranges
        if kind in {"*", major} and sub in {"*", minor}
    ]
    return max(found)[1] if found else 0.0


def _ranges(accept: str) -> list[tuple[str, str, float]]:
    ranges = []
    for part in accept.split(","):
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        major, slash, minor = media_range.lower().partition("/")
        if not slash:
            continue
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                try:
                    quality = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    quality = 0.0
        ranges.append((major, minor, quality))
    return ranges
