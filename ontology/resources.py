"""The packaged vocabulary, shapes and concept schemes, as graphs and as small typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import pyoxigraph as ox
from rdflib import Graph

from ontology.namespaces import CONCEPT_BASE, DCTERMS, IG, ONTOLOGY, SKOS

#: The Turtle files that say what the words mean, in the order in which they build on one another.
VOCABULARY_FILES = ("vocabulary.ttl", "themes.ttl", "grades.ttl", "frameworks.ttl", "status.ttl")
SHAPES_FILE = "shapes.ttl"


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme of the scheme. ``broader`` is the id of its top theme, None for a top theme itself.

    ``alt_labels`` are what the sector calls it, abbreviations and older terms among them; ``hidden_labels`` further
    wordings that a text is recognised by; ``not_labels`` wordings that look alike and must not match. A label printed
    in capitals alone ("SEND", "OT") is to be matched in capitals only. Labels are English, in no set order.
    """

    id: str
    label: str
    broader: str | None
    alt_labels: tuple[str, ...]
    hidden_labels: tuple[str, ...]
    scope: str
    not_labels: tuple[str, ...]
    note: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that may match, the preferred one first."""
        return (self.label, *self.alt_labels, *self.hidden_labels)


@dataclass(frozen=True, slots=True)
class Concept:
    """A grade, judgement area, framework, inspectorate, status, polarity or kind of document.

    ``scheme`` is the last path segment of its scheme's IRI, ``rank`` its place in an ordered scheme (1 is best).
    """

    id: str
    label: str
    scheme: str
    alt_labels: tuple[str, ...] = ()
    definition: str = ""
    rank: int | None = None


@lru_cache(maxsize=1)
def themes() -> tuple[Theme, ...]:
    """The themes in the order of the scheme: each top theme before its narrower ones."""
    return tuple(
        Theme(
            id=identifier,
            label=_one(entry, f"{SKOS}prefLabel"),
            broader=_local(_one(entry, f"{SKOS}broader")) or None,
            alt_labels=_all(entry, f"{SKOS}altLabel"),
            hidden_labels=_all(entry, f"{SKOS}hiddenLabel"),
            scope=_one(entry, f"{SKOS}scopeNote"),
            not_labels=_all(entry, f"{IG}excludedLabel"),
            note=_one(entry, f"{SKOS}editorialNote"),
        )
        for identifier, entry in _concepts("themes.ttl").items()
    )


@lru_cache(maxsize=8)
def concepts(folder: str) -> Mapping[str, Concept]:
    """Concepts by id, in the order of their file, of one folder of IRIs: grades, areas, frameworks, inspectorates,
    statuses, polarities, document-kinds."""
    found = {}
    for name in VOCABULARY_FILES[2:]:
        for identifier, entry in _concepts(name, folder).items():
            rank = _one(entry, f"{IG}rank")
            found[identifier] = Concept(
                id=identifier,
                label=_one(entry, f"{SKOS}prefLabel"),
                scheme=_local(_one(entry, f"{SKOS}inScheme")),
                alt_labels=_all(entry, f"{SKOS}altLabel"),
                definition=_one(entry, f"{SKOS}definition") or _one(entry, f"{DCTERMS}description"),
                rank=int(rank) if rank else None,
            )
    return found


@lru_cache(maxsize=1)
def vocabulary() -> Graph:
    """Vocabulary and concept schemes as one rdflib graph under the packaged base IRI. Treat as read-only."""
    graph = Graph()
    for name, triples in vocabulary_triples().items():
        if name != SHAPES_FILE:
            graph.parse(data=triples, format="nt")
    return graph


@lru_cache(maxsize=1)
def shapes() -> Graph:
    """The SHACL shapes as an rdflib graph. Treat as read-only."""
    return Graph().parse(data=text(SHAPES_FILE), format="turtle")


@lru_cache(maxsize=4)
def vocabulary_triples(base: str = CONCEPT_BASE) -> Mapping[str, bytes]:
    """File name → its triples as N-Triples, the concepts under ``base``; the terms of the vocabulary stay where they
    are."""
    return {name: _rebased(name, base) for name in (*VOCABULARY_FILES, SHAPES_FILE)}


def text(name: str) -> str:
    """A packaged file as it is published."""
    return files("ontology").joinpath(name).read_text(encoding="utf-8")


def competency_questions() -> dict[str, str]:
    """Name → SPARQL query, sorted by name."""
    folder = files("ontology").joinpath("competency")
    return {
        entry.name.removesuffix(".rq"): entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".rq")
    }


def _rebased(name: str, base: str) -> bytes:
    parsed = ox.parse(text(name).encode(), format=ox.RdfFormat.TURTLE)
    triples = (ox.Triple(_moved(q.subject, base), q.predicate, _moved(q.object, base)) for q in parsed)
    written = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    assert written is not None
    return written


def _moved(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple, base: str) -> ox.NamedNode:
    if isinstance(term, ox.NamedNode) and term.value.startswith(CONCEPT_BASE) and not term.value.startswith(ONTOLOGY):
        return ox.NamedNode(base + term.value.removeprefix(CONCEPT_BASE))
    return term  # type: ignore[return-value]


_Entry = dict[str, list[str]]


@lru_cache(maxsize=8)
def _entries(name: str) -> dict[str, _Entry]:
    """IRI → property → values of a packaged file, in the order of the file."""
    entries: dict[str, _Entry] = {}
    for quad in ox.parse(text(name).encode(), format=ox.RdfFormat.TURTLE):
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode | ox.Literal):
            entry = entries.setdefault(quad.subject.value, {})
            entry.setdefault(quad.predicate.value, []).append(quad.object.value)
    return entries


def _concepts(name: str, folder: str = "themes") -> dict[str, _Entry]:
    start, label = f"{CONCEPT_BASE}{folder}/", f"{SKOS}prefLabel"
    return {_local(iri): entry for iri, entry in _entries(name).items() if iri.startswith(start) and label in entry}


def _one(entry: _Entry, predicate: str) -> str:
    return entry.get(predicate, [""])[0]


def _all(entry: _Entry, predicate: str) -> tuple[str, ...]:
    return tuple(entry.get(predicate, ()))


def _local(iri: str) -> str:
    return iri.rsplit("/", 1)[-1]
