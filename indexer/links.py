"""What a machine infers from all items together – themes, neighbours – as table rows and as derived graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from graph import derived
from graph.authorities import Register
from graph.derived import Generator, SimilarityLink, lineage_triples, neighbour_triples, theme_triples
from graph.iris import Iris
from graph.mapping import MAPPING_VERSION
from graph.model import Extraction
from graph.register import register_triples
from graph.working_graphs import GraphContent, content_version
from indexer.embedding import Embedder, Vectors
from indexer.tables import Row
from indexer.theme_linking import ThemeLink, ThemeLinker
from ontology.resources import themes


@dataclass(frozen=True, slots=True)
class Links:
    """``themes``: for each row of ``items`` its links, best first; ``neighbours``: rows of the table ``neighbours``."""

    themes: Sequence[tuple[ThemeLink, ...]]
    neighbours: Sequence[Row]
    generators: Mapping[str, Generator]

    def tables(self, items: Sequence[Row]) -> dict[str, list[Row]]:
        """Rows of ``theme_links`` and ``neighbours``; fills the column ``themes`` of ``items`` as well."""
        rows: list[Row] = []
        for item, found in zip(items, self.themes, strict=True):
            item["themes"] = [link.theme for link in found]
            rows += [
                {"item": item["iri"], "theme": link.theme, "confidence": link.confidence, "method": link.method}
                for link in found
            ]
        return {"theme_links": rows, "neighbours": list(self.neighbours)}


def derive_links(items: Sequence[Row], vectors: Vectors, embedder: Embedder) -> Links:
    """Link all items. ``vectors``: (n_items, dimension) unit rows of ``embedder``, in the order of ``items``."""
    model = embedder.identity
    linker = ThemeLinker.load(themes(), embedder.encode, model.sha256)
    found = linker.link([item["text"] for item in items], vectors)
    return Links(
        found,
        [],
        {
            "themes": Generator("theme-linker", linker.version, model.sha256 if linker.uses_vectors else None),
            "neighbours": Generator("neighbours", "1", model.sha256),
            "lineage": Generator("inspection-order", "1"),
        },
    )


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

    themed = [
        derived.ThemeLink(item["iri"], link.theme, link.confidence, link.method)
        for item, found in zip(items, links.themes, strict=True)
        for link in found
    ]
    yield graph(
        "themes", [themed, links.generators["themes"]], lambda: theme_triples(themed, links.generators["themes"], base)
    )
    similar = [SimilarityLink(r["item"], r["neighbour"], r["score"], r["rank"]) for r in links.neighbours]
    yield graph(
        "neighbours",
        [similar, links.generators["neighbours"]],
        lambda: neighbour_triples(similar, links.generators["neighbours"], base),
    )
    successions = [(row["iri"], row["next"]) for row in rows["inspections"] if row["next"]]
    yield graph("lineage", successions, lambda: lineage_triples(successions, links.generators["lineage"], base))
    for name, made in (
        ("register", register_triples(register, base)),
        ("vocabulary", derived.vocabulary_graph_triples(base)),
        ("agents", derived.agent_triples(extractions, links.generators.values(), base)),
    ):
        yield graph(name, made.decode(), partial(bytes, made))
