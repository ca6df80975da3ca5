"""What curators said of links between items, laid over what the machine inferred: themes, answers, similar items.

Themes and restatements are corrected before anything is derived from them (``indexer/links.py``): issues, lineage and
lists of what has no theme are of the corrected state.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph.curation import Entry, Resolved, answered_by_curator
from indexer.embedding import Vectors
from indexer.tables import Row
from indexer.theme_linking import Floats, ThemeLink
from ontology.resources import themes

#: The method of a link that a person made; its confidence is 1.
CURATOR = "curator"


def correct_themes(
    items: Sequence[Row], found: list[tuple[ThemeLink, ...]], confidences: Floats, resolved: Resolved
) -> None:
    """Put what curators said into ``found`` and ``confidences``, as ``ThemeLinker.linked`` gave them: 1 for a theme
    that was given, 0 for one that was taken away."""
    columns = {theme.id: column for column, theme in enumerate(themes())}
    for row, entries in _corrected(items, resolved):
        own = {link.theme: link for link in found[row]}
        for entry in (entry for entry in entries if entry.kind == "themes"):
            for theme in columns.keys() & set(entry.remove):  # a theme may have left the scheme since
                own.pop(theme, None)
                confidences[row, columns[theme]] = 0.0
            for theme in (theme for theme in entry.add if theme in columns):
                own.pop(theme, None)
                own = {theme: ThemeLink(theme, 1.0, CURATOR), **own}
                confidences[row, columns[theme]] = 1.0
        found[row] = tuple(own.values())


def correct_restatements(items: Sequence[Row], pairs: dict[int, int], resolved: Resolved) -> None:
    """Put what curators said into ``pairs``, as ``restated`` gave them."""
    places = _places(items)
    for row, entries in _corrected(items, resolved):
        for entry in (entry for entry in entries if entry.relation == "restates"):
            pairs.pop(row, None)
            if entry.kind == "link" and entry.target in places:
                pairs[row] = places[entry.target]


def correct_answers(items: Sequence[Row], resolved: Resolved) -> None:
    """Write into ``items`` which recommendation an action answers by a curator's word, and its number."""
    places = _places(items)
    for row, entries in _corrected(items, resolved):
        if any(entry.relation == "answers" for entry in entries):
            answered = answered_by_curator(entries)
            items[row]["answers"] = answered if answered in places else None
            items[row]["ref"] = items[places[answered]]["ref"] if answered in places else None


def correct_neighbours(neighbours: list[Row], items: Sequence[Row], vectors: Vectors, resolved: Resolved) -> None:
    """Put similar items that a curator named first in the table ``neighbours``, and take out those that he took away.

    ``vectors``: unit rows in the order of ``items``, for the score.
    """
    places = _places(items)
    for row, every in _corrected(items, resolved):
        entries = [entry for entry in every if entry.relation == "similar"]
        if not entries:
            continue
        item = items[row]["iri"]
        own = sorted((link for link in neighbours if link["item"] == item), key=lambda link: link["rank"])
        for entry in entries:
            own = [link for link in own if entry.target and link["neighbour"] != entry.target]
            if entry.kind == "link" and entry.target in places:
                score = round(float(np.dot(vectors[row], vectors[places[entry.target]])), 4)
                own.insert(0, {"item": item, "neighbour": entry.target, "score": score})
        neighbours[:] = [link for link in neighbours if link["item"] != item]
        neighbours += [{**link, "rank": rank} for rank, link in enumerate(own, 1)]


def _corrected(items: Sequence[Row], resolved: Resolved) -> list[tuple[int, list[Entry]]]:
    """The rows that corrections are about, each with its own; an item that is hidden has no row."""
    if not resolved.applied:
        return []
    places = _places(items)
    named = dict.fromkeys(item for item, _ in resolved.applied if item in places)
    return [(places[item], resolved.of(item)) for item in named]


def _places(items: Sequence[Row]) -> dict[str, int]:
    return {item["iri"]: row for row, item in enumerate(items)}
