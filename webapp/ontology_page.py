"""The ontology as a page made from its own Turtle, and as data; and the schemes that its concepts stand in.

pyLODE was weighed for this page: its licence (BSD-3-Clause) and upkeep are good, but its current releases need Python
3.12 and fetch labels over the network, and its pages carry inline styles, which this application's content security
policy refuses. A template over the same statements is shorter than the exceptions would be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pyoxigraph as ox
from flask import Blueprint, Response, g, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from ontology import resources
from ontology.namespaces import (
    CONCEPT_BASE,
    DCTERMS,
    IG,
    ONTOLOGY,
    ONTOLOGY_VERSION,
    OWL,
    PREFIXES,
    RDF,
    RDFS,
    SCHEMA,
    SH,
    SKOS,
)
from webapp.description import describe, serialise
from webapp.negotiation import DATA_FORMS, DataForm, data_form, see_data
from webapp.services import OpenRelease, Services

SHAPES = "shapes"
#: Kinds of term, in the order of the page: the class that tells them, and the heading.
_KINDS = (
    (f"{OWL}Class", "Classes"),
    (f"{OWL}ObjectProperty", "Properties between things"),
    (f"{OWL}DatatypeProperty", "Properties with values"),
    ("", "Further terms"),
)
#: What is said of a term, in the order of the page.
_SAID = (
    (f"{RDFS}subClassOf", "a kind of"),
    (f"{RDFS}subPropertyOf", "a kind of"),
    (f"{OWL}inverseOf", "the inverse of"),
    (f"{SCHEMA}domainIncludes", "said of"),
    (f"{SCHEMA}rangeIncludes", "takes"),
    (f"{SKOS}scopeNote", "note"),
    (f"{SKOS}example", "example"),
)
#: IRIs of one segment that are concept schemes; the scheme of themes has a page of its own.
SCHEMES = ("areas", "statuses", "polarities", "document-kinds", "frameworks")

_Statements = Mapping[str, Sequence[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple]]


@dataclass(frozen=True, slots=True)
class Value:
    """An object as the page shows it; ``href`` None for words."""

    text: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the vocabulary under its local name. ``said``: what is stated of it; ``used``: the properties that are
    said of it, and those that take it."""

    name: str
    label: str
    comment: str
    said: tuple[tuple[str, tuple[Value, ...]], ...]
    used: tuple[tuple[str, tuple[Value, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """``messages`` are its rules in words; ``targets`` the classes that it checks."""

    name: str
    targets: tuple[Value, ...]
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SchemeEntry:
    iri: str
    title: str
    description: str
    concepts: tuple[tuple[str, str], ...]  # IRI, label


@dataclass(frozen=True, slots=True)
class OntologyPage:
    title: str
    description: str
    note: str
    groups: tuple[tuple[str, tuple[Term, ...]], ...]
    shapes: tuple[Shape, ...]
    schemes: tuple[SchemeEntry, ...]


def blueprint(services: Services) -> Blueprint:
    del services  # the ontology is the program's own, the schemes are the release's
    pages = Blueprint("ontology_page", __name__)

    @pages.get("/ontology")
    def ontology() -> AnyResponse:
        """Terms are ``/ontology#Name``: their anchors on the page, their statements in the data."""
        found = see_data(request, "/ontology")
        if found is not None:
            return found
        response = Response(
            render_template("ontology.html", page=ontology_page(), version=ONTOLOGY_VERSION, forms=DATA_FORMS, ns=IG)
        )
        response.headers["Link"] = _alternates("/ontology")
        return response

    @pages.get("/ontology.<suffix>")
    def ontology_data(suffix: str) -> AnyResponse:
        if suffix == "html":
            return redirect("/ontology", 303)
        return _packaged(("vocabulary.ttl", resources.SHAPES_FILE), suffix)

    @pages.get("/ontology/shapes.<suffix>")
    def shapes_data(suffix: str) -> Response:
        return _packaged((resources.SHAPES_FILE,), suffix)

    @pages.get("/ontology/<version>")
    def edition(version: str) -> AnyResponse:
        """An edition's IRI leads to the ontology of that edition; there has been one."""
        if version != ONTOLOGY_VERSION:
            raise NotFound(f"Edition {version[:40]} is not served here; the current one is {ONTOLOGY_VERSION}.")
        return see_data(request, "/ontology") or redirect("/ontology", 303)

    @pages.get("/ontology/shapes")
    @pages.get(f"/ontology/shapes/{ONTOLOGY_VERSION}")
    def shapes() -> AnyResponse:
        return see_data(request, "/ontology/shapes") or redirect("/ontology#shapes", 303)

    @pages.get(f"/<any({', '.join(f'{chr(34)}{name}{chr(34)}' for name in SCHEMES)}):name>")
    def scheme(name: str) -> AnyResponse:
        return see_data(request, f"/{name}") or redirect(f"/ontology#scheme-{name}", 303)

    @pages.get(f"/<any(themes, {', '.join(f'{chr(34)}{name}{chr(34)}' for name in SCHEMES)}):name>.<suffix>")
    def scheme_data(name: str, suffix: str) -> AnyResponse:
        if suffix == "html":
            return redirect("/themes" if name == "themes" else f"/ontology#scheme-{name}", 303)
        release: OpenRelease = g.release
        form = _form(suffix)
        triples = describe(release.graph, release.iri_of(name))
        if not triples:
            raise NotFound("The graph of this release holds no such scheme.")
        return _data(serialise(triples, form), form)

    return pages


def _form(suffix: str) -> DataForm:
    form = data_form(suffix)
    if form is None:
        raise NotFound("This is served as " + ", ".join(f".{known.suffix}" for known in DATA_FORMS) + ".")
    return form


def _data(body: bytes, form: DataForm) -> Response:
    return Response(body, content_type=f"{form.media_type}; charset=utf-8")


def _packaged(names: Iterable[str], suffix: str) -> Response:
    """Files of the ontology in a form; as Turtle just as they were written, comments and all."""
    form = _form(suffix)
    texts = [resources.text(name) for name in names]
    if form.format == ox.RdfFormat.TURTLE:
        return _data("\n".join(texts).encode(), form)
    return _data(serialise([triple for text in texts for triple in _triples(text)], form), form)


def _alternates(path: str) -> str:
    return ", ".join(f'<{path}.{form.suffix}>; rel="alternate"; type="{form.media_type}"' for form in DATA_FORMS)


# ---------------------------------------------------------------------------------------------------------------- page


@lru_cache(maxsize=1)
def ontology_page() -> OntologyPage:
    """The page's contents, from the packaged files alone."""
    vocabulary = _by_subject(resources.text("vocabulary.ttl"))
    own = vocabulary[ONTOLOGY]
    used = _uses(vocabulary)
    groups: dict[str, list[Term]] = {heading: [] for _, heading in _KINDS}
    for iri, entry in vocabulary.items():
        if iri.startswith(IG):
            groups[_heading(entry)].append(_term(iri, entry, used.get(iri, {})))
    return OntologyPage(
        title=_text(own, f"{DCTERMS}title"),
        description=_text(own, f"{DCTERMS}description"),
        note=_text(own, f"{RDFS}comment"),
        groups=tuple((heading, tuple(terms)) for heading, terms in groups.items() if terms),
        shapes=tuple(_shapes(_by_subject(resources.text(resources.SHAPES_FILE)))),
        schemes=tuple(_schemes()),
    )


def _triples(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(text.encode(), format=ox.RdfFormat.TURTLE, base_iri=CONCEPT_BASE)]


def _by_subject(text: str) -> dict[str, _Statements]:
    """Subject → predicate → objects, each in the order of the file."""
    found: dict[str, dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple]]] = {}
    for triple in _triples(text):
        key = triple.subject.value if isinstance(triple.subject, ox.NamedNode) else str(triple.subject)
        found.setdefault(key, defaultdict(list))[triple.predicate.value].append(triple.object)
    return dict(found)


def _heading(entry: _Statements) -> str:
    types = {value.value for value in entry.get(f"{RDF}type", ()) if isinstance(value, ox.NamedNode)}
    return next(heading for kind, heading in _KINDS if kind in types or not kind)


def _term(iri: str, entry: _Statements, used: Mapping[str, tuple[Value, ...]]) -> Term:
    said: dict[str, tuple[Value, ...]] = {}
    for predicate, words in _SAID:
        if predicate in entry:
            said[words] = (*said.get(words, ()), *map(_value, entry[predicate]))
    return Term(
        iri.removeprefix(IG),
        _text(entry, f"{RDFS}label"),
        _text(entry, f"{RDFS}comment"),
        tuple(said.items()),
        tuple(used.items()),
    )


def _uses(vocabulary: Mapping[str, _Statements]) -> dict[str, dict[str, tuple[Value, ...]]]:
    """Class → how the properties and classes of the vocabulary use it."""
    words = {
        f"{SCHEMA}domainIncludes": "properties",
        f"{SCHEMA}rangeIncludes": "value of",
        f"{RDFS}subClassOf": "kinds",
    }
    found: dict[str, dict[str, tuple[Value, ...]]] = defaultdict(dict)
    for iri, entry in vocabulary.items():
        for predicate, heading in words.items():
            for value in entry.get(predicate, ()):
                if iri.startswith(IG) and isinstance(value, ox.NamedNode) and value.value.startswith(IG):
                    own = found[value.value]
                    own[heading] = (*own.get(heading, ()), _value(ox.NamedNode(iri)))
    return found


def _value(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Value:
    if not isinstance(term, ox.NamedNode):
        return Value(term.value if isinstance(term, ox.Literal) else str(term))
    if term.value.startswith(IG):
        return Value(f"ig:{term.value.removeprefix(IG)}", f"#{term.value.removeprefix(IG)}")
    for prefix, namespace in PREFIXES.items():
        if term.value.startswith(namespace):
            return Value(f"{prefix}:{term.value.removeprefix(namespace)}", term.value)
    return Value(term.value, term.value)


def _text(entry: _Statements, predicate: str) -> str:
    return next((value.value for value in entry.get(predicate, ()) if isinstance(value, ox.Literal)), "")


def _shapes(statements: Mapping[str, _Statements]) -> Iterable[Shape]:
    for iri, entry in statements.items():
        if f"{SH}targetClass" in entry or f"{SH}property" in entry:
            parts = [statements[str(node)] for node in entry.get(f"{SH}property", ()) if str(node) in statements]
            messages = [_text(part, f"{SH}message") for part in (entry, *parts)]
            targets = [*entry.get(f"{SH}targetClass", ()), *entry.get(f"{SH}targetSubjectsOf", ())]
            yield Shape(
                iri.removeprefix(IG), tuple(map(_value, targets)), tuple(message for message in messages if message)
            )


def _schemes() -> Iterable[SchemeEntry]:
    for name in resources.VOCABULARY_FILES[1:]:
        statements = _by_subject(resources.text(name))
        for iri, entry in statements.items():
            if ox.NamedNode(f"{SKOS}ConceptScheme") in entry.get(f"{RDF}type", ()):
                members = [
                    (other, _text(said, f"{SKOS}prefLabel"))
                    for other, said in statements.items()
                    if ox.NamedNode(iri) in said.get(f"{SKOS}inScheme", ())
                ]
                yield SchemeEntry(
                    iri.removeprefix(CONCEPT_BASE),
                    _text(entry, f"{DCTERMS}title") or _text(entry, f"{SKOS}prefLabel"),
                    _text(entry, f"{DCTERMS}description"),
                    tuple((other.removeprefix(CONCEPT_BASE), label) for other, label in members),
                )
