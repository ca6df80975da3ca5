"""What a machine infers from all items together – themes, neighbours – as table rows and as derived graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter

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
from graph.working_graphs import Contents, GraphContent, Parts, content_version
from indexer.build_memory import BuildMemory
from indexer.clusters import CLUSTERS_VERSION, discoveries, issue_rows, recurring_issues
from indexer.curated_links import correct_restatements, correct_themes, corrected_answers, corrected_neighbours
from indexer.embedding import Embedder, EmbeddingCache, Vectors
from indexer.kept import Column, Kept
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
    rows: Mapping[str, Sequence[Row]]
    generators: Mapping[str, Generator]
    confidences: Floats


def derive_links(
    rows: Mapping[str, Kept[Row]],
    vectors: Vectors,
    embedder: Embedder,
    cache: EmbeddingCache | None = None,
    *,
    jobs: int = 1,
    found: TextCache | None = None,
    resolved: Resolved = _UNCORRECTED,
    nearest: NeighbourCache | None = None,
    memory: BuildMemory | None = None,
) -> Links:
    """Link all items, and write what was found into the columns ``themes`` and ``restates`` of ``items``.

    What curators corrected (``resolved``) is put in before anything is derived from it.

    ``vectors``: (n_items, dimension) unit rows of ``embedder``, in the order of ``items``; ``cache``: what knows the
    tokens of their texts; without it issues are grouped by vectors and themes alone. ``jobs``: how many processes
    recognise themes; ``found``: what knows the themes of texts of earlier builds, ``nearest`` the neighbours that the
    last build found, None for nothing; ``memory``: where what grows with the corpus is kept.
    """
    items, model = rows["items"], embedder.identity
    memory = memory or BuildMemory()
    encode = partial(cache.encode, embedder) if cache is not None else embedder.encode
    linker = ThemeLinker.load(themes(), encode, model.sha256)
    texts = Column(items, "text")
    if found is not None:
        linked, confidences = known_themes(found, linker, model.key, texts, vectors, jobs=jobs, memory=memory)
    else:
        linked, confidences = linker.linked(texts, vectors, jobs=jobs)
    correct_themes(items, linked, confidences, resolved)
    if answers := corrected_answers(items, resolved):
        items.change(lambda row, item: item.update(answers.get(row, {})))
    pairs = restated(items, vectors, _by_iri(rows["inspections"]), _by_iri(rows["documents"]))
    correct_restatements(items, pairs, resolved)
    originals = {row: items[original]["iri"] for row, original in pairs.items()}
    items.change(
        lambda row, item: item.update(themes=[link.theme for link in linked[row]], restates=originals.get(row))
    )
    own = [row for row, item in enumerate(items) if item["kind"] == "recommendation" and row not in pairs]
    first_told = Kept((items[row] for row in own), memory)
    own_vectors, own_texts = memory.rows_of(vectors, own), Column(first_told, "text")
    own_tokens = cache.tokens(embedder, own_texts) if cache is not None else None
    uncovered, uncovered_members = issue_rows(items, discoveries(items, vectors, memory=memory))
    spans = embedder.token_spans(own_texts) if cache is not None else None
    issues, members = issue_rows(
        first_told, recurring_issues(first_told, own_vectors, confidences[own], own_tokens, spans, memory=memory)
    )
    near = neighbour_rows(items, vectors, cache=nearest, model=model.key, memory=memory)
    neighbours = Kept(corrected_neighbours(near, items, vectors, resolved), memory)
    return Links(
        linked,
        pairs,
        {
            "theme_links": Kept(
                (
                    {"item": item["iri"], "theme": link.theme, "confidence": link.confidence, "method": link.method}
                    for item, links in zip(items, linked, strict=True)
                    for link in links
                ),
                memory,
            ),
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
    rows: Mapping[str, Sequence[Row]], links: Links, base: str, register: Register, extractions: Iterable[Extraction]
) -> Iterator[GraphContent]:
    """The graphs that are computed from all documents together, and those of vocabulary, register and makers."""
    items = rows["items"]
    iris = Iris(base)

    def graph(name: str, parts: object, triples: Callable[[], bytes]) -> GraphContent:
        return GraphContent(
            iris.derived_graph(name), content_version(MAPPING_VERSION, base, parts), triples, derived=True
        )

    def parted(name: str, made: Callable[[str, bytes], bytes], contents: Contents) -> GraphContent:
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
        _Grouped(links.rows["theme_links"], itemgetter("theme", "confidence", "method")),
    )
    yield parted(
        "neighbours",
        _neighbour_triples,
        _Grouped(links.rows["neighbours"], itemgetter("neighbour", "score", "rank")),
    )
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
_FOUND_THEMES = msgspec.json.Decoder(list[tuple[str, float, str]])
_FOUND_NEIGHBOURS = msgspec.json.Decoder(list[tuple[str, float, int]])


class _Grouped:
    """Parts of a graph: by item what its rows say, which stand together."""

    def __init__(self, rows: Sequence[Row], said: Callable[[Row], object]) -> None:
        self._rows, self._said = rows, said

    def items(self) -> Iterator[tuple[str, bytes]]:
        for item, rows in groupby(self._rows, key=itemgetter("item")):
            yield item, _ENCODER.encode(list(map(self._said, rows)))


def _theme_triples(base: str, item: str, found: bytes) -> bytes:
    return theme_triples([derived.ThemeLink(item, *link) for link in _FOUND_THEMES.decode(found)], base)


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
