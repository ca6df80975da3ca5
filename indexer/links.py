"""What a machine infers from all items together – themes, neighbours – as table rows and as derived graphs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from graph import derived
from graph.authorities import Register
from graph.curation import Resolved
from graph.derived import (
    Generator,
    IssueGroup,
    SimilarityLink,
    issue_triples,
    lineage_triples,
    neighbour_triples,
    repetition_triples,
    theme_triples,
)
from graph.iris import Iris
from graph.mapping import MAPPING_VERSION
from graph.model import Extraction
from graph.register import register_triples
from graph.working_graphs import GraphContent, Parts, content_version
from indexer.clusters import CLUSTERS_VERSION, discoveries, issue_rows, recurring_issues
from indexer.curated_links import correct_answers, correct_neighbours, correct_restatements, correct_themes
from indexer.embedding import Embedder, EmbeddingCache, Vectors
from indexer.neighbours import NeighbourCache, lineage_rows, neighbour_rows
from indexer.restatements import restated
from indexer.tables import Row
from indexer.text_cache import TextCache
from indexer.theme_cache import known_themes
from indexer.theme_linking import Floats, ThemeLink, ThemeLinker
from ontology.resources import themes

_UNCORRECTED = Resolved((), ())


@dataclass(frozen=True, slots=True)
class Links:
    """``themes``: for each row of ``items`` its links, best first; ``restated``: row → row; ``rows``: rows of tables
    ``theme_links``, ``neighbours``, ``lineage``, ``issues``, ``unlinked`` and so on; ``generators`` by derived graph;
    ``confidences`` (n_items, n_themes) of every theme of the scheme, linked or not."""

    themes: Sequence[tuple[ThemeLink, ...]]
    restated: Mapping[int, int]
    rows: Mapping[str, list[Row]]
    generators: Mapping[str, Generator]
    confidences: Floats


def derive_links(
    rows: Mapping[str, Sequence[Row]],
    vectors: Vectors,
    embedder: Embedder,
    cache: EmbeddingCache | None = None,
    *,
    jobs: int = 1,
    found: TextCache | None = None,
    resolved: Resolved = _UNCORRECTED,
    nearest: NeighbourCache | None = None,
) -> Links:
    """Link all items, and write what was found into the columns ``themes`` and ``restates`` of ``items``.

    What curators corrected (``resolved``) is put in before anything is derived from it.

    ``vectors``: (n_items, dimension) unit rows of ``embedder``, in the order of ``items``; ``cache``: what knows the
    tokens of their texts; without it issues are grouped by vectors and themes alone. ``jobs``: how many processes
    recognise themes; ``found``: what knows the themes of texts of earlier builds, ``nearest`` the neighbours that the
    last build found, None for nothing.
    """
    items, model = rows["items"], embedder.identity
    encode = partial(cache.encode, embedder) if cache is not None else embedder.encode
    linker = ThemeLinker.load(themes(), encode, model.sha256)
    texts = [item["text"] for item in items]
    if found is not None:
        linked, confidences = known_themes(found, linker, model.key, texts, vectors, jobs=jobs)
    else:
        linked, confidences = linker.linked(texts, vectors, jobs=jobs)
    correct_themes(items, linked, confidences, resolved)
    correct_answers(items, resolved)
    pairs = restated(items, vectors, _by_iri(rows["inspections"]), _by_iri(rows["documents"]))
    correct_restatements(items, pairs, resolved)
    for row, (item, links) in enumerate(zip(items, linked, strict=True)):
        item["themes"] = [link.theme for link in links]
        item["restates"] = items[pairs[row]]["iri"] if row in pairs else None
    own = [row for row, item in enumerate(items) if item["kind"] == "recommendation" and row not in pairs]
    first_told, own_vectors = [items[row] for row in own], vectors[own]
    own_texts = [item["text"] for item in first_told]
    own_tokens = list(cache.tokens(embedder, own_texts)) if cache is not None else None
    uncovered, uncovered_members = issue_rows(items, discoveries(items, vectors))
    spans = embedder.token_spans(own_texts) if cache is not None else None
    issues, members = issue_rows(
        first_told, recurring_issues(first_told, own_vectors, confidences[own], own_tokens, spans)
    )
    neighbours = neighbour_rows(items, vectors, cache=nearest, model=model.key)
    correct_neighbours(neighbours, items, vectors, resolved)
    return Links(
        linked,
        pairs,
        {
            "theme_links": [
                {"item": item["iri"], "theme": link.theme, "confidence": link.confidence, "method": link.method}
                for item, links in zip(items, linked, strict=True)
                for link in links
            ],
            "neighbours": neighbours,
            "lineage": lineage_rows(first_told, own_vectors),
            "issues": issues,
            "issue_members": members,
            "unlinked": unlinked_rows(items, confidences),
            "discoveries": uncovered,
            "discovery_members": uncovered_members,
        },
        {
            "themes": Generator("theme-linker", linker.version, model.sha256 if linker.uses_vectors else None),
            "neighbours": Generator("neighbours", "1", model.sha256),
            "restatements": Generator("restatements", "1", model.sha256),
            "lineage": Generator("inspection-order", "1"),
            "repetitions": Generator("recommendation-lineage", "2", model.sha256),
            "issues": Generator("recurring-issues", CLUSTERS_VERSION, model.sha256),
        },
        confidences,
    )


def unlinked_rows(items: Sequence[Row], confidences: Floats) -> list[Row]:
    """Rows of the table ``unlinked``, the surest guess first."""
    scheme = themes()
    rows = [
        {
            "item": item["iri"],
            "theme": scheme[int(confidences[row].argmax())].id,
            "confidence": round(float(confidences[row].max()), 4),
        }
        for row, item in enumerate(items)
        if not item["themes"] and scheme
    ]
    return sorted(rows, key=lambda row: (-row["confidence"], row["item"]))


def _by_iri(rows: Sequence[Row]) -> dict[str, Row]:
    return {row["iri"]: row for row in rows}


def derived_graphs(
    rows: Mapping[str, Sequence[Row]], links: Links, base: str, register: Register, extractions: Sequence[Extraction]
) -> Iterator[GraphContent]:
    """The graphs that are computed from all documents together, and those of vocabulary, register and makers."""
    items = rows["items"]
    iris = Iris(base)

    def graph(name: str, parts: object, triples: Callable[[], bytes]) -> GraphContent:
        return GraphContent(
            iris.derived_graph(name), content_version(MAPPING_VERSION, base, parts), triples, derived=True
        )

    def parted(name: str, made: Callable[[str, bytes], bytes], contents: dict[str, bytes]) -> GraphContent:
        generator = links.generators[name]
        return GraphContent(
            iris.derived_graph(name),
            content_version(MAPPING_VERSION, base, generator),
            lambda: derived.derived_graph_triples(name, generator, base),
            derived=True,
            parts=Parts(contents, made),
        )

    yield parted(
        "themes",
        partial(_theme_triples, base),
        {item["iri"]: _ENCODER.encode(found) for item, found in zip(items, links.themes, strict=True) if found},
    )
    similar: dict[str, list[tuple[str, float, int]]] = defaultdict(list)
    for row in links.rows["neighbours"]:
        similar[row["item"]].append((row["neighbour"], row["score"], row["rank"]))
    yield parted("neighbours", _neighbour_triples, {item: _ENCODER.encode(found) for item, found in similar.items()})
    pairs = [(items[row]["iri"], items[original]["iri"]) for row, original in links.restated.items()]
    yield graph(
        "restatements", pairs, lambda: derived.restatement_triples(pairs, links.generators["restatements"], base)
    )
    successions = [(row["iri"], row["next"]) for row in rows["inspections"] if row["next"]]
    yield graph("lineage", successions, lambda: lineage_triples(successions, links.generators["lineage"], base))
    for name, triples in (
        ("repetitions", partial(repetition_triples, links.rows["lineage"])),
        ("issues", partial(issue_triples, _issues(links))),
    ):
        generator = links.generators[name]
        parts = links.rows["lineage"] if name == "repetitions" else _issues(links)
        yield graph(name, [parts, generator], partial(triples, generator, base))
    for name, made in (
        ("register", register_triples(register, base)),
        ("vocabulary", derived.vocabulary_graph_triples(base)),
        ("agents", derived.agent_triples(extractions, links.generators.values(), base)),
    ):
        yield graph(name, made.decode(), partial(bytes, made))


_ENCODER = msgspec.json.Encoder()
_FOUND_THEMES = msgspec.json.Decoder(list[ThemeLink])
_FOUND_NEIGHBOURS = msgspec.json.Decoder(list[tuple[str, float, int]])


def _theme_triples(base: str, item: str, found: bytes) -> bytes:
    links = _FOUND_THEMES.decode(found)
    return theme_triples([derived.ThemeLink(item, link.theme, link.confidence, link.method) for link in links], base)


def _neighbour_triples(item: str, found: bytes) -> bytes:
    return neighbour_triples([SimilarityLink(item, *link) for link in _FOUND_NEIGHBOURS.decode(found)])


def _issues(links: Links) -> list[IssueGroup]:
    groups = []
    for heads, members, uncovered in (
        ("issues", "issue_members", False),
        ("discoveries", "discovery_members", True),
    ):
        items: dict[str, list[str]] = {}
        for row in links.rows[members]:
            items.setdefault(row["issue"], []).append(row["item"])
        groups += [
            IssueGroup(row["id"], row["representative"], tuple(row["terms"]), tuple(items[row["id"]]), uncovered)
            for row in links.rows[heads]
        ]
    return groups
