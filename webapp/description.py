"""What the graph says of one resource: its concise bounded description, and who points at it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyoxigraph as ox
from werkzeug.exceptions import NotAcceptable

from graph.store import GraphReader
from ontology.namespaces import PREFIXES, RDF, SD
from webapp.negotiation import DataForm

#: XML 1.0 cannot carry these, whatever a broken font map gave.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Incoming statements beyond this many are left to SPARQL: a theme is the subject of thousands.
MAX_INCOMING = 200


def describe(store: GraphReader, iri: str, *, parts: str | None = None) -> list[ox.Triple]:
    """Every statement about ``iri`` and what has its name within it (``iri#part``), with blank nodes and the nodes
    under the prefix ``parts`` (its evidence) followed, then at most MAX_INCOMING statements that point at it; each
    once, whatever graphs hold it; of a graph that nothing is said of, that it is one. Empty where the graph does not
    know it."""
    found: dict[ox.Triple, None] = {}
    pending: list[ox.NamedNode | ox.BlankNode] = [ox.NamedNode(iri), *_fragments(store, iri)]
    seen = set(pending)
    while pending:
        subject = pending.pop()
        for quad in store.quads_for_pattern(subject, None, None, None):
            found[quad.triple] = None
            value = quad.object
            follow = isinstance(value, ox.BlankNode) or (
                isinstance(value, ox.NamedNode) and value.value.startswith((f"{iri}#", parts or f"{iri}#"))
            )
            if follow and value not in seen:
                assert isinstance(value, ox.NamedNode | ox.BlankNode)
                seen.add(value)
                pending.append(value)
    for triple, _ in zip(_incoming(store, iri), range(MAX_INCOMING), strict=False):
        found[triple] = None
    if not found and store.contains_named_graph(ox.NamedNode(iri)):
        found[ox.Triple(ox.NamedNode(iri), ox.NamedNode(f"{RDF}type"), ox.NamedNode(f"{SD}NamedGraph"))] = None
    return list(found)


def _fragments(store: GraphReader, iri: str) -> list[ox.NamedNode | ox.BlankNode]:
    """What is named within ``iri``: the subjects that its own graph holds, or that point at it."""
    own = store.quads_for_pattern(None, None, None, ox.NamedNode(f"{iri}/graph"))
    pointing = store.quads_for_pattern(None, None, ox.NamedNode(iri), None)
    names = (quad.subject for quads in (own, pointing) for quad in quads)
    return list(dict.fromkeys(n for n in names if isinstance(n, ox.NamedNode) and n.value.startswith(f"{iri}#")))


def _incoming(store: GraphReader, iri: str) -> Iterator[ox.Triple]:
    for quad in store.quads_for_pattern(None, None, ox.NamedNode(iri), None):
        if isinstance(quad.subject, ox.NamedNode):
            yield quad.triple


def term_text(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> str:
    """A term as a reader sees it: an IRI or the words of a literal."""
    return str(term) if isinstance(term, ox.Triple) else term.value


def _unsayable(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> bool:
    return isinstance(term, ox.Literal) and NOT_XML.search(term.value) is not None


def serialise(triples: list[ox.Triple], form: DataForm) -> bytes:
    """``triples`` in a form; only prefixes that occur are declared.

    Raises NotAcceptable where the form cannot say them: XML has no control characters.
    """
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    assert text is not None
    prefixes = {name: iri for name, iri in PREFIXES.items() if f"<{iri}".encode() in text}
    if form.format == ox.RdfFormat.N_TRIPLES:
        return text
    if form.format == ox.RdfFormat.RDF_XML and any(_unsayable(triple.object) for triple in triples):
        raise NotAcceptable("RDF/XML cannot carry a character of this text; take Turtle.")
    written = ox.serialize(triples, format=form.format, prefixes=prefixes)
    assert written is not None
    return written
