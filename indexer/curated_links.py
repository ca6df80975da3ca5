"""What curators said of links between items, laid over what the machine inferred: themes, answers, similar items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graph.curation import Entry, Resolved, answered_by_curator
from indexer.embedding import Vectors
from indexer.links import Links
from indexer.tables import Row
from indexer.theme_linking import ThemeLink
from ontology.resources import themes

#: The method of a link that a person made; its confidence is 1.
CURATOR = "curator"


def curated(items: Sequence[Row], links: Links, resolved: Resolved, vectors: Vectors) -> Links:
    """``links`` as the curators left them; the columns ``themes``, ``answers``, ``ref`` and ``restates`` of ``items``
    follow. ``vectors``: unit rows in the order of ``items``, for the score of a similar item that a person named."""
    if not resolved.applied:
        return links
    places = {item["iri"]: row for row, item in enumerate(items)}
    links = replace(
        links,
        themes=list(links.themes),
        restated=dict(links.restated),
        rows={**links.rows, "neighbours": list(links.rows["neighbours"])},
        confidences=links.confidences.copy(),
    )
    for item in dict.fromkeys(item for item, _ in resolved.applied):
        row, entries = places.get(item), resolved.of(item)
        if row is None:  # hidden
            continue
        _set_themes(items[row], row, links, [e for e in entries if e.kind == "themes"])
        if any(entry.relation == "answers" for entry in entries):
            answered = answered_by_curator(entries)
            items[row]["answers"] = answered if answered in places else None
            items[row]["ref"] = items[places[answered]]["ref"] if answered in places else None
        _set_restated(items, row, links, places, [e for e in entries if e.relation == "restates"])
        _set_similar(row, item, links, places, vectors, [e for e in entries if e.relation == "similar"])
    linked = [
        {"item": item["iri"], "theme": link.theme, "confidence": link.confidence, "method": link.method}
        for item, found in zip(items, links.themes, strict=True)
        for link in found
    ]
    return replace(links, rows={**links.rows, "theme_links": linked})


def _set_themes(item: Row, row: int, links: Links, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    columns = {theme.id: column for column, theme in enumerate(themes())}
    found = {link.theme: link for link in links.themes[row]}
    for entry in entries:
        for theme in columns.keys() & set(entry.remove):  # a theme may have left the scheme since
            found.pop(theme, None)
            links.confidences[row, columns[theme]] = 0.0
        for theme in (theme for theme in entry.add if theme in columns):
            found.pop(theme, None)
            found = {theme: ThemeLink(theme, 1.0, CURATOR), **found}
            links.confidences[row, columns[theme]] = 1.0
    links.themes[row] = tuple(found.values())  # type: ignore[index]  # a list by now
    item["themes"] = list(found)


def _set_restated(
    items: Sequence[Row], row: int, links: Links, places: dict[str, int], entries: Sequence[Entry]
) -> None:
    for entry in entries:
        links.restated.pop(row, None)  # type: ignore[attr-defined]
        items[row]["restates"] = None
        if entry.kind == "link" and entry.target in places:
            links.restated[row] = places[entry.target]  # type: ignore[index]
            items[row]["restates"] = entry.target


def _set_similar(
    row: int, item: str, links: Links, places: dict[str, int], vectors: Vectors, entries: Sequence[Entry]
) -> None:
    if not entries:
        return
    table = links.rows["neighbours"]
    own = sorted((link for link in table if link["item"] == item), key=lambda link: link["rank"])
    for entry in entries:
        own = [link for link in own if entry.target and link["neighbour"] != entry.target]
        if entry.kind == "link" and entry.target in places:
            score = round(float(np.dot(vectors[row], vectors[places[entry.target]])), 4)
            own.insert(0, {"item": item, "neighbour": entry.target, "score": score})
    table[:] = [link for link in table if link["item"] != item]
    table += [{**link, "rank": rank} for rank, link in enumerate(own, 1)]
