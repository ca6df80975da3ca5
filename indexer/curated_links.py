"""What curators said of links between items, laid over what the machine inferred: themes, answers, similar items.

Themes and restatements are corrected before anything is derived from them (``indexer/links.py``): issues, lineage and
lists of what has no theme are of the corrected state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

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
    places = _places(items, resolved)
    for row, entries in _corrected(items, resolved):
        for entry in (entry for entry in entries if entry.relation == "restates"):
            pairs.pop(row, None)
            if entry.kind == "link" and entry.target in places:
                pairs[row] = places[entry.target]


def corrected_answers(items: Sequence[Row], resolved: Resolved) -> dict[int, Row]:
    """Row of an action → which recommendation it answers by a curator's word, and its number."""
    places, found = _places(items, resolved), {}
    for row, entries in _corrected(items, resolved):
        if any(entry.relation == "answers" for entry in entries):
            place = places.get(answered_by_curator(entries) or "")
            answered = items[place] if place is not None else {"iri": None, "ref": None}
            found[row] = {"answers": answered["iri"], "ref": answered["ref"]}
    return found


def corrected_neighbours(
    neighbours: Iterable[Row], items: Sequence[Row], vectors: Vectors, resolved: Resolved
) -> Iterator[Row]:
    """The table ``neighbours`` with similar items that a curator named first, and without those that he took away.

    ``vectors``: unit rows in the order of ``items``, for the score.
    """
    places = _places(items, resolved)
    changed = {}
    for row, every in _corrected(items, resolved):
        if entries := [entry for entry in every if entry.relation == "similar"]:
            changed[items[row]["iri"]] = row, entries
    found: dict[str, list[Row]] = {item: [] for item in changed}
    for link in neighbours:
        if link["item"] in found:
            found[link["item"]].append(link)
        else:
            yield link
    for item, (row, entries) in changed.items():
        own = sorted(found[item], key=lambda link: link["rank"])
        for entry in entries:
            own = [link for link in own if entry.target and link["neighbour"] != entry.target]
            if entry.kind == "link" and entry.target in places:
                score = round(float(np.dot(vectors[row], vectors[places[entry.target]])), 4)
                own.insert(0, {"item": item, "neighbour": entry.target, "score": score})
        yield from ({**link, "rank": rank} for rank, link in enumerate(own, 1))


def _corrected(items: Sequence[Row], resolved: Resolved) -> list[tuple[int, list[Entry]]]:
    """The rows that corrections are about, each with its own; an item that is hidden has no row."""
    places = _places(items, resolved)
    named = dict.fromkeys(item for item, _ in resolved.applied if item in places)
    return [(places[item], resolved.of(item)) for item in named]


def _places(items: Sequence[Row], resolved: Resolved) -> dict[str, int]:
    """The rows of the items that corrections name."""
    named = {name for item, entry in resolved.applied for name in (item, entry.target)}
    return {item["iri"]: row for row, item in enumerate(items) if item["iri"] in named} if named else {}
