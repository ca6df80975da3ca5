"""Similar items elsewhere, and the lineage of a recommendation within one authority over time.

Both are exact up to ``MOST_COMPARED`` rows: every pair is compared, in blocks, so that memory stays small. Vectors are
unit rows, scores cosines. A neighbour's score is computed in double precision of the pair alone, so that it is the same
whatever else is compared: what an earlier build found can be kept (``NeighbourCache``). Of more rows the vector index
proposes the neighbours, since the time for all pairs grows with the square.
"""

from __future__ import annotations

import hashlib
import os
import re
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from indexer.build_memory import BuildMemory
from indexer.rows import family_of
from indexer.vector import FLAT_LIMIT, in_memory_index

Floats = NDArray[np.float32]
Item = dict[str, Any]

#: Below this cosine two items do not say the same; measured on the judged queries in ``docs/themes.md``.
LEAST_SCORE = 0.5
NEIGHBOURS = 10
#: Of more rows not every pair is compared.
MOST_COMPARED = FLAT_LIMIT
#: Of more rows, so many times k of the nearest are asked for, own group included, and then as many again and again.
_PROPOSED, _MOST_PROPOSED = 3, 100
_BLOCK = 512
#: Cosines that are held at once, 9 bytes each with what is made of them.
_COSINES = 16 << 20
#: By how much a cosine in single precision can be wrong, with a factor of some 50 to spare.
_MARGIN = 2e-5

#: Two texts with this cosine and this overlap of words say it again in the same words.
_REPEATED_SCORE, _REPEATED_OVERLAP = 0.9, 0.75
#: With this cosine they say it in other words; where they share a theme, with the second.
_REWORDED_SCORE, _REWORDED_SCORE_OF_THEME = 0.7, 0.6

LineageKind = Literal["repeated", "reworded", "not-seen-again"]


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each row its neighbours, best first, ties by ascending row. ``rows`` (n, k) is -1 where there are fewer, and
    ``scores`` then -inf."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lineage:
    """``earlier`` and ``item`` are rows of one authority's recommendations, ``item`` in a later inspection; None where
    the earlier one was not seen again. ``score`` is their cosine, else that of the nearest later one."""

    item: int | None
    earlier: int
    score: float
    kind: LineageKind


def nearest_elsewhere(
    vectors: Floats,
    groups: Sequence[object] | NDArray[np.int64],
    k: int = NEIGHBOURS,
    least: float = -np.inf,
    *,
    of: NDArray[np.int64] | None = None,
    memory: BuildMemory | None = None,
) -> Nearest:
    """Nearest rows of other groups, exact up to ``MOST_COMPARED`` rows. ``vectors`` (n, dimension) unit rows;
    ``groups`` says which rows belong together (an authority); neighbours below ``least`` are left out; ``of``: the
    rows whose neighbours are wanted, in the order of the answer, None for all; ``memory``: where vectors are kept."""
    wanted = np.arange(len(vectors)) if of is None else of
    codes = _codes(groups)
    if len(vectors) > MOST_COMPARED:
        return _proposed_elsewhere(vectors, codes, k, least, wanted, memory)
    found = _none(len(wanted), k)
    taken = min(k, len(vectors))
    block = _rows_at_once(len(vectors))
    for start in range(0, len(wanted), block):
        rows = wanted[start : start + block]
        cosines = vectors[rows] @ vectors.T
        cosines[codes[rows, None] == codes[None, :]] = -np.inf
        floors = np.partition(cosines, len(vectors) - taken, axis=1)[:, len(vectors) - taken]
        near, others = np.nonzero(cosines >= np.maximum(floors, least)[:, None] - _MARGIN)
        there = cosines[near, others] > -np.inf
        _put_best(found, near[there] + start, others[there], _cosines(vectors, rows[near[there]], others[there]), least)
    return found


def _proposed_elsewhere(
    vectors: Floats,
    codes: NDArray[np.int64],
    k: int,
    least: float,
    wanted: NDArray[np.int64],
    memory: BuildMemory | None,
) -> Nearest:
    """Of those that the vector index finds near, asked for more where too many of them are of the own group."""
    index, found = in_memory_index(vectors, memory), _none(len(wanted), k)
    open_places, depth = np.arange(len(wanted)), _PROPOSED * k
    while len(open_places):
        short = []
        for start in range(0, len(open_places), _BLOCK):
            places = open_places[start : start + _BLOCK]
            rows = wanted[places]
            proposed = index.search(vectors[rows], depth)
            elsewhere = (proposed.rows >= 0) & (codes[rows, None] != codes[proposed.rows])
            near, ranks = np.nonzero(elsewhere)
            others = proposed.rows[near, ranks]
            best = _none(len(places), k)
            _put_best(best, near, others, _cosines(vectors, rows[near], others), least)
            found.rows[places], found.scores[places] = best.rows, best.scores
            # what was not proposed is farther than the last that was
            short.append(places[(best.rows[:, -1] < 0) & (proposed.scores[:, -1] >= least - _MARGIN)])
        depth *= _PROPOSED
        open_places = np.concatenate(short) if depth <= min(_MOST_PROPOSED * k, len(vectors)) else open_places[:0]
    return found


def _rows_at_once(others: int) -> int:
    return min(_BLOCK, max(1, _COSINES // max(1, others)))


def _none(count: int, k: int) -> Nearest:
    return Nearest(np.full((count, k), -1, dtype=np.int64), np.full((count, k), -np.inf))


def _cosines(vectors: Floats, rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each pair."""
    parts = [slice(start, start + _BLOCK * NEIGHBOURS) for start in range(0, len(rows), _BLOCK * NEIGHBOURS)]
    made = [
        (vectors[rows[part]].astype(np.float64) * vectors[others[part]].astype(np.float64)).sum(axis=1)
        for part in parts
    ]
    return np.concatenate(made) if made else np.empty(0)


def _put_best(
    found: Nearest,
    places: NDArray[np.int64],
    others: NDArray[np.int64],
    scores: NDArray[np.float64],
    least: float,
) -> None:
    """Put the best of these pairs into the lines of ``found`` that ``places`` (ascending) names."""
    order = np.lexsort((others, -scores, places))
    order = order[scores[order] >= least]
    places = places[order]
    ranks = np.arange(len(places)) - np.searchsorted(places, places)
    best = ranks < found.rows.shape[1]
    found.rows[places[best], ranks[best]] = others[order][best]
    found.scores[places[best], ranks[best]] = scores[order][best]


class NeighbourCache:
    """A folder of ``DATA/work``: the neighbours that the last build found. Only what an arrival or a loss can have
    changed is looked for again, with the result of looking for all. Deleting it costs time only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def nearest(
        self,
        name: str,
        keys: bytes,
        vectors: Floats,
        groups: Sequence[object] | NDArray[np.int64],
        k: int,
        least: float,
    ) -> Nearest:
        """``nearest_elsewhere``. ``name`` of the collection; ``keys``: 16 bytes a row, of all that its vector and its
        group depend on and of what tells it from others."""
        file = self._folder / f"{name}.npz"
        own = np.frombuffer(keys, dtype="V16")
        found = self._updated(file, own, vectors, groups, k, least)
        self._folder.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as stream:
            np.savez(stream, keys=own, rows=found.rows, scores=found.scores, asked=np.array([k, least]))
        part.replace(file)
        return found

    def _updated(
        self,
        file: Path,
        keys: NDArray[np.void],
        vectors: Floats,
        groups: Sequence[object] | NDArray[np.int64],
        k: int,
        least: float,
    ) -> Nearest:
        try:
            with np.load(file, allow_pickle=False) as stored:
                old_keys, rows, scores, asked = (stored[name] for name in ("keys", "rows", "scores", "asked"))
        except (OSError, ValueError, KeyError):
            return nearest_elsewhere(vectors, groups, k, least)
        places = {key: place for place, key in enumerate(old_keys.tolist())}
        before = np.array([places.get(key, -1) for key in keys.tolist()], dtype=np.int64)
        kept = np.flatnonzero(before >= 0)
        # ties go by row, so what stayed must have stayed in its order
        if (asked != [k, least]).any() or len(places) < len(old_keys) or (np.diff(before[kept]) <= 0).any():
            return nearest_elsewhere(vectors, groups, k, least)
        now = np.full(len(old_keys) + 1, -2, dtype=np.int64)  # -2: gone; the last place stands for "none"
        now[before[kept]] = kept
        now[-1] = -1
        known = now[rows[before[kept]]]
        whole = (known != -2).all(axis=1)
        found = _none(len(keys), k)
        found.rows[kept[whole]], found.scores[kept[whole]] = known[whole], scores[before[kept[whole]]]
        arrived = np.flatnonzero(before < 0)
        _add_arrivals(found, kept[whole], arrived, vectors, _codes(groups), least)
        anew = np.sort(np.concatenate([arrived, kept[~whole]]))
        made = nearest_elsewhere(vectors, groups, k, least, of=anew)
        found.rows[anew], found.scores[anew] = made.rows, made.scores
        return found


def _add_arrivals(
    found: Nearest,
    rows: NDArray[np.int64],
    arrived: NDArray[np.int64],
    vectors: Floats,
    codes: NDArray[np.int64],
    least: float,
) -> None:
    """``found`` holds the neighbours of ``rows`` among all others: put those of ``arrived`` that are nearer."""
    block = _rows_at_once(len(arrived))
    for start in range(0, len(rows) if len(arrived) else 0, block):
        part = rows[start : start + block]
        cosines = vectors[part] @ vectors[arrived].T
        cosines[codes[part, None] == codes[None, arrived]] = -np.inf
        floors = np.maximum(found.scores[part, -1], least) - _MARGIN
        near, others = np.nonzero((cosines >= floors[:, None]) & (cosines > -np.inf))
        if not len(near):
            continue
        changed = np.unique(near)
        held_rows, held_scores = found.rows[part[changed]], found.scores[part[changed]]
        there = held_rows >= 0
        places = np.concatenate([np.repeat(changed, there.sum(axis=1)), near])
        candidates = np.concatenate([held_rows[there], arrived[others]])
        scores = np.concatenate([held_scores[there], _cosines(vectors, part[near], arrived[others])])
        best = _none(len(part), found.rows.shape[1])
        _put_best(best, places, candidates, scores, least)
        found.rows[part[changed]], found.scores[part[changed]] = best.rows[changed], best.scores[changed]


def neighbour_rows(
    items: Sequence[Item],
    vectors: Floats,
    *,
    kinds: Sequence[str] = ("recommendation", "finding"),
    k: int = NEIGHBOURS,
    least: float = LEAST_SCORE,
    cache: NeighbourCache | None = None,
    model: str = "",
    memory: BuildMemory | None = None,
) -> Iterator[Item]:
    """Rows of the table ``neighbours``: for each item of these kinds the nearest of its kind in other authorities.

    An item whose authority is unknown is compared with all but those of its own document. ``cache``: what knows those
    of the last build; ``model`` is then the key of what made the vectors. ``memory``: where the vectors of a kind are
    kept.
    """
    for kind in kinds:
        rows, codes, keys, iris = array("q"), array("q"), bytearray(), []
        numbers: dict[object, int] = {}
        for row, item in enumerate(items):
            if item["kind"] == kind:
                group = item.get("gss_code") or item["document"]
                rows.append(row)
                codes.append(numbers.setdefault(group, len(numbers)))
                keys += _key(model, item, group)
                iris.append(item["iri"])
        if not rows:
            continue
        groups = np.array(codes, dtype=np.int64)
        own = (memory or BuildMemory()).rows_of(vectors, np.array(rows, dtype=np.int64))
        if cache is not None and len(rows) <= MOST_COMPARED:  # the index proposes otherwise when anything arrives
            nearest = cache.nearest(kind, bytes(keys), own, groups, k, least)
        else:
            nearest = nearest_elsewhere(own, groups, k, least, memory=memory)
        for place, iri in enumerate(iris):
            pairs = zip(nearest.rows[place].tolist(), nearest.scores[place].tolist(), strict=True)
            for rank, (near, score) in enumerate(pairs, start=1):
                if near >= 0:
                    yield {"item": iri, "neighbour": iris[near], "score": round(score, 4), "rank": rank}


def _key(model: str, item: Item, group: object) -> bytes:
    parts = (model, item["iri"], item["text"], str(group))
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()[:16]


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


def _codes(groups: Sequence[object] | NDArray[np.int64]) -> NDArray[np.int64]:
    if isinstance(groups, np.ndarray):
        return groups
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)
