"""Named graphs that are computed from all documents together: theme links, neighbours, lineage, concepts.

Each carries its own provenance (which program or model of which version made it), can be made again from a release and
can be dropped without harm to any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graph.iris import DEFAULT_BASE, Iris
from graph.mapping import makers
from graph.model import Extraction
from graph.ntriples import (
    Triples,
    boolean,
    dcterms,
    decimal,
    english,
    ig,
    integer,
    iri,
    prov,
    rdfs,
    schema,
    string,
    typed,
    xsd,
)
from ontology.resources import SHAPES_FILE, vocabulary_triples


@dataclass(frozen=True, slots=True)
class Generator:
    """The program or model that made a derived graph. ``model_sha256``: of the model's files, None without a model."""

    name: str
    version: str
    model_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class ThemeLink:
    """``item`` is an IRI, ``theme`` a theme's id, ``confidence`` in [0, 1], ``method`` how it was found in a word."""

    item: str
    theme: str
    confidence: float
    method: str


@dataclass(frozen=True, slots=True)
class SimilarityLink:
    """``item`` and ``neighbour`` are IRIs; ``score`` a cosine in [-1, 1]; ``rank`` 1-based, best first."""

    item: str
    neighbour: str
    score: float
    rank: int


@dataclass(frozen=True, slots=True)
class IssueGroup:
    """Items that say nearly the same. ``representative`` and ``items`` are IRIs, the best first; ``terms`` what tells
    it from other groups; ``uncovered``: found among items that no theme was sure enough for."""

    id: str
    representative: str
    terms: tuple[str, ...]
    items: tuple[str, ...]
    uncovered: bool


_LABELS = {"themes": "Theme links", "neighbours": "Similar items"}


def derived_graph_triples(name: str, generator: Generator, base: str = DEFAULT_BASE) -> bytes:
    """What the graph ``graphs/themes`` or ``graphs/neighbours`` says of itself."""
    return _derived(Iris(base), name, _LABELS[name], generator).encoded()


def theme_triples(links: Iterable[ThemeLink], base: str = DEFAULT_BASE) -> bytes:
    """Of the graph ``graphs/themes``: each link as ``dcterms:subject``, and as a node that says how sure it is."""
    iris, out = Iris(base), Triples()
    for link in links:
        own, item, theme = iri(f"{link.item}#theme-{link.theme}"), iri(link.item), iri(iris.theme(link.theme))
        out.add(item, dcterms.subject, theme)
        out.type(own, ig.ThemeLink)
        out.add(own, ig.from_, item)
        out.add(own, ig.to, theme)
        out.add(own, ig.confidence, decimal(link.confidence))
        out.add(own, ig.method, string(link.method))
    return out.encoded()


def neighbour_triples(links: Iterable[SimilarityLink]) -> bytes:
    """Of the graph ``graphs/neighbours``: similar items, so that a dump answers for similarity in any store."""
    out = Triples()
    for link in links:
        own = iri(f"{link.item}#similar-{link.neighbour.rsplit('/', 1)[-1]}")
        out.type(own, ig.SimilarityLink)
        out.add(own, ig.from_, iri(link.item))
        out.add(own, ig.to, iri(link.neighbour))
        out.add(own, ig.score, decimal(link.score))
        out.add(own, ig.rank, integer(link.rank))
    return out.encoded()


def lineage_triples(successions: Iterable[tuple[str, str]], generator: Generator, base: str = DEFAULT_BASE) -> bytes:
    """The graph ``graphs/lineage``; ``successions`` are (earlier, later) IRIs of inspections of one authority with none
    of their kind between them. Materialised because finding them by order is quadratic in SPARQL."""
    out = _derived(Iris(base), "lineage", "Inspections one after another", generator)
    for earlier, later in successions:
        out.add(iri(earlier), ig.nextInspection, iri(later))
        out.add(iri(later), ig.previousInspection, iri(earlier))
    return out.encoded()


def agent_triples(
    extractions: Iterable[Extraction], generators: Iterable[Generator] = (), base: str = DEFAULT_BASE
) -> bytes:
    """The graph ``graphs/agents``: every rule, model and program that the other graphs name, once each."""
    iris, out = Iris(base), Triples()
    models = {(g.name, g.version): g.model_sha256 for g in generators}
    for name, version in sorted({*models, *(maker for extraction in extractions for maker in makers(extraction))}):
        own = iri(iris.agent(name, version))
        out.type(own, ig.Maker, prov.SoftwareAgent)
        out.add(own, rdfs.label, string(name))
        out.add(own, schema.softwareVersion, string(version))
        if (sha256 := models.get((name, version))) is not None:
            out.add(own, ig.modelSha256, typed(sha256, xsd.hexBinary))
    return out.encoded()


def restatement_triples(pairs: Iterable[tuple[str, str]], generator: Generator, base: str = DEFAULT_BASE) -> bytes:
    """The graph ``graphs/restatements``; ``pairs`` are (restating, restated) IRIs of recommendations."""
    out = _derived(
        Iris(base), "restatements", "Recommendations that a council's paper repeats from the report", generator
    )
    for restating, restated in pairs:
        out.add(iri(restating), ig.restates, iri(restated))
    return out.encoded()


def repetition_triples(links: Iterable[Mapping[str, Any]], generator: Generator, base: str = DEFAULT_BASE) -> bytes:
    """The graph ``graphs/repetitions``; ``links`` as the rows of the table ``lineage``: ``earlier`` and ``item`` (None
    where it was not seen again) are IRIs of recommendations, ``kind`` repeated, reworded or not-seen-again."""
    out = _derived(Iris(base), "repetitions", "Recommendations made again", generator)
    for link in links:
        earlier = iri(link["earlier"])
        if link["item"] is None:
            out.add(earlier, ig.seenAgain, boolean(False))
        else:
            out.add(iri(link["item"]), ig.repeats if link["kind"] == "repeated" else ig.rewords, earlier)
    return out.encoded()


def issue_triples(groups: Iterable[IssueGroup], generator: Generator, base: str = DEFAULT_BASE) -> bytes:
    """The graph ``graphs/issues``: groups of items that say nearly the same."""
    iris = Iris(base)
    out = _derived(iris, "issues", "Recurring issues", generator)
    for group in groups:
        own = iri(iris.issue(group.id))
        out.type(own, ig.RecurringIssue, *([ig.UncoveredIssue] if group.uncovered else []))
        out.add(own, dcterms.identifier, string(group.id))
        out.add(own, ig.representative, iri(group.representative))
        for term in group.terms:
            out.add(own, schema.keywords, string(term))
        for item in group.items:
            out.add(iri(item), ig.raises, own)
    return out.encoded()


def vocabulary_graph_triples(base: str = DEFAULT_BASE) -> bytes:
    """The graph ``graphs/vocabulary``: vocabulary and concept schemes; the shapes are published beside it."""
    return b"".join(triples for name, triples in vocabulary_triples(base).items() if name != SHAPES_FILE)


def _derived(iris: Iris, name: str, label: str, generator: Generator) -> Triples:
    out, graph = Triples(), iris.derived_graph(name)
    own, activity = iri(graph), iri(f"{graph}#run")
    out.type(own, ig.DerivedGraph)
    out.add(own, rdfs.label, english(label))
    out.add(own, prov.wasGeneratedBy, activity)
    out.type(activity, prov.Activity)
    out.add(activity, prov.wasAssociatedWith, iri(iris.agent(generator.name, generator.version)))
    return out
