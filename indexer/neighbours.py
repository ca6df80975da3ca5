"""Similar items elsewhere, and the lineage of a recommendation within one authority over time.

Both are exact: every pair is compared, in blocks, so that memory stays small. Vectors are unit rows, scores cosines.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from indexer.rows import family_of

Floats = NDArray[np.float32]
Item = dict[str, Any]

#: Below this cosine two items do not say the same; measured on the judged queries in ``docs/themes.md``.
LEAST_SCORE = 0.5
NEIGHBOURS = 10
_BLOCK = 512

#: Two texts with this cosine and this overlap of words say it again in the same words.
_REPEATED_SCORE, _REPEATED_OVERLAP = 0.9, 0.75
#: With this cosine they say it in other words; where they share a theme, with the second.
_REWORDED_SCORE, _REWORDED_SCORE_OF_THEME = 0.7, 0.6

LineageKind = Literal["repeated", "reworded", "not-seen-again"]


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each row its neighbours, best first, ties by ascending row. ``rows`` (n, k) is -1 where there are fewer."""

    rows: NDArray[np.int64]
    scores: Floats


@dataclass(frozen=True, slots=True)
class Lineage:
    """``earlier`` and ``item`` are rows of one authority's recommendations, ``item`` in a later inspection; None where
    the earlier one was not seen again. ``score`` is their cosine, else that of the nearest later one."""

    item: int | None
    earlier: int
    score: float
    kind: LineageKind


def nearest_elsewhere(
    vectors: Floats, groups: Sequence[object], k: int = NEIGHBOURS, least: float = -np.inf
) -> Nearest:
    """Exact nearest rows of other groups. ``vectors`` (n, dimension) unit rows; ``groups`` says which rows belong
    together (an authority); neighbours below ``least`` are left out."""
    count = len(vectors)
    codes = _codes(groups)
    rows = np.full((count, k), -1, dtype=np.int64)
    scores = np.full((count, k), -np.inf, dtype=np.float32)
    for start in range(0, count, _BLOCK):
        found = vectors[start : start + _BLOCK] @ vectors.T
        found[codes[start : start + _BLOCK, None] == codes[None, :]] = -np.inf
        taken = min(k, count)
        floors = np.partition(found, count - taken, axis=1)[:, count - taken]
        for place, (row, floor) in enumerate(zip(found, floors, strict=True)):
            near = np.flatnonzero((row >= max(floor, least)) & (row > -np.inf))
            near = near[np.lexsort((near, -row[near]))][:k]
            rows[start + place, : len(near)] = near
            scores[start + place, : len(near)] = row[near]
    return Nearest(rows, scores)


def neighbour_rows(
    items: Sequence[Item],
    vectors: Floats,
    *,
    kinds: Sequence[str] = ("recommendation", "finding"),
    k: int = NEIGHBOURS,
    least: float = LEAST_SCORE,
) -> list[Item]:
    """Rows of the table ``neighbours``: for each item of these kinds the nearest of its kind in other authorities.

    An item whose authority is unknown is compared with all but those of its own document.
    """
    found: list[Item] = []
    for kind in kinds:
        of_kind = [row for row, item in enumerate(items) if item["kind"] == kind]
        if not of_kind:
            continue
        groups = [items[row].get("gss_code") or items[row]["document"] for row in of_kind]
        nearest = nearest_elsewhere(np.ascontiguousarray(vectors[of_kind]), groups, k, least)
        for place, row in enumerate(of_kind):
            pairs = zip(nearest.rows[place].tolist(), nearest.scores[place].tolist(), strict=True)
            for rank, (near, score) in enumerate(pairs, start=1):
                if near >= 0:
                    found.append(
                        {
                            "item": items[row]["iri"],
                            "neighbour": items[of_kind[near]]["iri"],
                            "score": round(score, 4),
                            "rank": rank,
                        }
                    )
    return found


def lineage(items: Sequence[Item], vectors: Floats) -> list[Lineage]:
    """How each recommendation fared in the authority's later inspections of the same family (social care, SEND).

    A later recommendation is linked to its nearest earlier one; an earlier one that nothing later resembles, though a
    later inspection made recommendations, is said not to be seen again, which is not to say that it was done. Items
    without authority or date are left out. In the order of ``items``.
    """
    found: list[Lineage] = []
    for inspections in _inspections_in_order(items):
        for place, later in enumerate(inspections):
            earlier = [row for inspection in inspections[:place] for row in inspection]
            if earlier:
                found += _matched(items, vectors, later, earlier)
        for place, inspection in enumerate(inspections[:-1]):
            after = [row for later in inspections[place + 1 :] for row in later]
            for row, cosines in zip(inspection, vectors[inspection] @ vectors[after].T, strict=True):
                if not any(_same(items[row], items[other], c) for other, c in zip(after, cosines, strict=True)):
                    found.append(Lineage(None, row, round(float(cosines.max()), 4), "not-seen-again"))
    return sorted(found, key=lambda line: (line.earlier, line.item if line.item is not None else -1))


def lineage_rows(items: Sequence[Item], vectors: Floats) -> list[Item]:
    """Rows of the table ``lineage``: ``item`` (null where not seen again), ``earlier``, ``score``, ``kind``."""
    return [
        {
            "item": items[line.item]["iri"] if line.item is not None else None,
            "earlier": items[line.earlier]["iri"],
            "score": line.score,
            "kind": line.kind,
        }
        for line in lineage(items, vectors)
    ]


def _matched(items: Sequence[Item], vectors: Floats, later: list[int], earlier: list[int]) -> Iterator[Lineage]:
    cosines = vectors[later] @ vectors[earlier].T
    for row, scores in zip(later, cosines, strict=True):
        alike = [place for place, other in enumerate(earlier) if _same(items[row], items[other], scores[place])]
        if not alike:
            continue
        best = max(alike, key=lambda place: (scores[place], -place))
        score, before = float(scores[best]), earlier[best]
        repeated = score >= _REPEATED_SCORE and _overlap(items[row]["text"], items[before]["text"]) >= _REPEATED_OVERLAP
        yield Lineage(row, before, round(score, 4), "repeated" if repeated else "reworded")


def _same(one: Item, other: Item, score: float) -> bool:
    shared = set(one.get("themes") or ()) & set(other.get("themes") or ())
    return score >= (_REWORDED_SCORE_OF_THEME if shared else _REWORDED_SCORE)


def _inspections_in_order(items: Sequence[Item]) -> Iterator[list[list[int]]]:
    """For each authority and family of inspections, the rows of recommendations by inspection, earliest first."""
    rows: dict[tuple[str, str], dict[tuple[str, str], list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, item in enumerate(items):
        if item["kind"] == "recommendation" and item.get("gss_code") and item.get("published"):
            # what one document tells of several inspections at once is no sequence
            rows[item["gss_code"], family_of(item.get("framework_id"))][
                str(item["published"]), str(item.get("document") or item.get("inspection"))
            ].append(row)
    for inspections in rows.values():
        yield [inspections[key] for key in sorted(inspections)]


def _overlap(one: str, other: str) -> float:
    """The share of distinct words that both texts have, of those that either has."""
    a, b = (set(re.findall(r"\w+", text.lower())) for text in (one, other))
    return len(a & b) / max(1, len(a | b))


def _codes(groups: Sequence[object]) -> NDArray[np.int64]:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)
