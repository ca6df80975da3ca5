"""Example queries: one Turtle file each, as SIB publishes theirs, for readers, editors and tests alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyoxigraph as ox

from ontology.namespaces import DCTERMS, RDFS, SCHEMA, SH

FOLDER = Path(__file__).with_name("examples")
#: For whom an example is, in the order in which pages show them.
AUDIENCES = ("Council officers", "Analysts and policy makers", "Researchers")
_FORMS = ("select", "ask", "construct", "describe")


@dataclass(frozen=True, slots=True)
class Example:
    """``name`` is the file's stem and the last part of the short address ``/sparql/examples/NAME``."""

    name: str
    title: str
    query: str
    audience: str
    keywords: tuple[str, ...]
    triples: tuple[ox.Triple, ...]


@cache
def load_examples() -> tuple[Example, ...]:
    """All examples, by name. Raises ValueError for a file that lacks what an example needs."""
    return tuple(_example(file) for file in sorted(FOLDER.glob("*.ttl")))


def _example(file: Path) -> Example:
    triples = tuple(
        quad.triple for quad in ox.parse(file.read_bytes(), format=ox.RdfFormat.TURTLE, base_iri="urn:example:")
    )
    values: dict[str, list[str]] = {}
    for triple in triples:
        if isinstance(triple.object, ox.Literal):
            values.setdefault(triple.predicate.value, []).append(triple.object.value)
    queries = [query for form in _FORMS for query in values.get(SH + form, [])]
    titles, audiences = values.get(RDFS + "comment", []), values.get(DCTERMS + "audience", [])
    if len(queries) != 1 or len(titles) != 1 or len(audiences) != 1 or audiences[0] not in AUDIENCES:
        raise ValueError(f"{file.name} needs one query, one rdfs:comment and one dcterms:audience of {AUDIENCES}")
    keywords = tuple(sorted(values.get(SCHEMA + "keywords", [])))
    return Example(file.stem, titles[0], queries[0].strip(), audiences[0], keywords, triples)
