"""Recurring issues: groups of recommendations that ask for nearly the same, finer than themes.

Recommendations are alike in meaning (cosine of their vectors, the corpus's common direction taken out) and in subject
(cosine of their theme confidences). Groups are made by average linkage, cut where judged pairs that are not relevant to
the same question begin to fall together (``docs/themes.md``).
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from indexer.theme_evidence import head_length, normalised

Floats = NDArray[np.float32]
Item = dict[str, Any]

#: Raised when the same recommendations fall into other groups.
CLUSTERS_VERSION = "2"
#: How much likeness of subject counts beside likeness of meaning.
SUBJECT_WEIGHT = 0.5
#: Groups further apart than this stay apart (1 - likeness).
CUT = 0.46
#: The same for items that no theme covers: there is no subject to hold them together.
DISCOVERY_CUT = 0.6
#: More rows than this are first parted by their leading theme: the linkage compares all pairs.
MOST_AT_ONCE = 12_000
TERMS = 6

_WORD = re.compile(r"[a-z][a-z\-']+")
_STOP = frozenset(
    """
    a all also an and any are as at be been being both but by can could do each for from further had has have
    how if in into is it its of on or other out over so some such than that the their them these they this those
    through to up was were what when where which who will with within would ensure ensuring improve improving
    improved strengthen strengthening develop review quality effective effectiveness effectively consistent
    consistently consistency timely timeliness children child young people authority local should must need
    needs make sure appropriate appropriately robust regular regularly further including particular order
    continue action take support high good well clear paragraph paragraphs page recommendation inspection impact
    use used
    """.split()
)


@dataclass(frozen=True, slots=True)
class Issue:
    """A recurring issue. ``members`` are rows, best first: the nearest to the group's centre, which is also its
    ``representative``. ``first_seen`` and ``last_seen`` are EDTF dates of publication; ``authorities`` counts distinct
    ones; ``themes`` are those linked to at least a third of the members, none where the scheme has no theme for it;
    ``cohesion`` is the mean likeness of members to the representative."""

    id: str
    members: tuple[int, ...]
    representative: int
    terms: tuple[str, ...]
    authorities: int
    first_seen: str | None
    last_seen: str | None
    themes: tuple[str, ...]
    cohesion: float

    @property
    def covered(self) -> bool:
        """Whether some theme of the scheme says what the issue is."""
        return bool(self.themes)


def recurring_issues(items: Sequence[Item], vectors: Floats, subjects: Floats, *, least: int = 2) -> list[Issue]:
    """The issues that at least ``least`` recommendations share, the most widespread first.

    ``items``: rows of the table ``items``, of which the recommendations count; ``vectors`` their unit rows;
    ``subjects`` (n_items, n_themes) the confidences of ``ThemeLinker.confidences``, of which only the rows of
    recommendations are read.
    """
    rows = [row for row, item in enumerate(items) if item["kind"] == "recommendation"]
    if not rows:
        return []
    meaning, subject = centred(vectors[rows]), _unit(subjects[rows])
    groups: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(grouped(meaning, subject)):
        groups[int(group)].append(place)
    common = Counter(word for row in rows for word in set(_words(items[row]["text"])))
    issues = [
        _issue(items, rows, places, meaning, subject, common) for places in groups.values() if len(places) >= least
    ]
    return sorted(issues, key=lambda issue: (-issue.authorities, -len(issue.members), issue.id))


def discoveries(items: Sequence[Item], vectors: Floats, *, least: int = 3) -> list[Issue]:
    """Groups of unlinked findings and recommendations, by meaning alone: what the scheme may have no theme for.

    ``items`` and ``vectors`` as above; those with a theme do not count.
    """
    rows = [
        row
        for row, item in enumerate(items)
        if item["kind"] in ("recommendation", "finding") and not item.get("themes")
    ]
    if not rows:
        return []
    meaning = centred(vectors[rows])
    none = np.zeros((len(rows), 1), dtype=np.float32)
    groups: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(grouped(meaning, none, DISCOVERY_CUT)):
        groups[int(group)].append(place)
    common = Counter(word for row in rows for word in set(_words(items[row]["text"])))
    found = [
        replace(issue, id=_identity(f"uncovered {items[issue.representative]['iri']}"))
        for places in groups.values()
        if len(places) >= least
        for issue in [_issue(items, rows, places, meaning, none, common)]
    ]
    return sorted(found, key=lambda issue: (-len(issue.members), -issue.authorities, issue.id))


def issue_rows(items: Sequence[Item], issues: Sequence[Issue]) -> tuple[list[Item], list[Item]]:
    """Rows of the tables ``issues`` and ``issue_members``."""
    heads = [
        {
            "id": issue.id,
            "text": items[issue.representative]["text"],
            "representative": items[issue.representative]["iri"],
            "terms": list(issue.terms),
            "themes": list(issue.themes),
            "items": len(issue.members),
            "authorities": issue.authorities,
            "first_seen": issue.first_seen,
            "last_seen": issue.last_seen,
            "cohesion": issue.cohesion,
        }
        for issue in issues
    ]
    members = [
        {"issue": issue.id, "item": items[row]["iri"], "rank": rank}
        for issue in issues
        for rank, row in enumerate(issue.members, start=1)
    ]
    return heads, members


def grouped(meaning: Floats, subject: Floats, cut: float = CUT) -> NDArray[np.int64]:
    """A group number for each row, by average linkage of ``1 - likeness``."""
    count = len(meaning)
    labels = np.zeros(count, dtype=np.int64)
    parts = [np.arange(count)]
    if count > MOST_AT_ONCE:
        leading = subject.argmax(axis=1)
        parts = [np.flatnonzero(leading == theme) for theme in np.unique(leading)]
    start = 0
    for rows in parts:
        found = _linked(meaning[rows], subject[rows], cut)
        labels[rows] = found + start
        start += int(found.max()) + 1
    return labels


def likeness(meaning: Floats, subject: Floats, other_meaning: Floats, other_subject: Floats) -> Floats:
    """In [-1, 1], of each row with each other row."""
    both = meaning @ other_meaning.T + SUBJECT_WEIGHT * (subject @ other_subject.T)
    return np.asarray(both / (1 + SUBJECT_WEIGHT), dtype=np.float32)


def centred(vectors: Floats) -> Floats:
    """Unit rows without what all have in common: stock words make all recommendations alike."""
    return _unit(vectors - vectors.mean(axis=0)) if len(vectors) > 1 else vectors


def _linked(meaning: Floats, subject: Floats, cut: float) -> NDArray[np.int64]:
    if len(meaning) == 1:
        return np.zeros(1, dtype=np.int64)
    own = likeness(meaning, subject, meaning, subject)
    apart = np.clip(1 - (own + own.T) / 2, 0, None)
    np.fill_diagonal(apart, 0)
    return np.asarray(fcluster(linkage(squareform(apart, checks=False), "average"), cut, "distance") - 1, np.int64)


def _issue(
    items: Sequence[Item], rows: Sequence[int], places: Sequence[int], meaning: Floats, subject: Floats,
    common: Counter[str],
) -> Issue:  # fmt: skip
    own = likeness(meaning[places], subject[places], meaning[places], subject[places])
    order = sorted(range(len(places)), key=lambda i: (-float(own[i].mean()), rows[places[i]]))
    members = tuple(rows[places[i]] for i in order)
    dates = sorted(items[row]["published"] for row in members if items[row].get("published"))
    themes = Counter(theme for row in members for theme in items[row].get("themes") or ())
    return Issue(
        id=_identity(items[members[0]]["iri"]),
        members=members,
        representative=members[0],
        terms=_terms([items[row]["text"] for row in members], common, len(rows)),
        authorities=len({items[row].get("gss_code") for row in members} - {None}),
        first_seen=dates[0] if dates else None,
        last_seen=dates[-1] if dates else None,
        themes=tuple(t for t, n in sorted(themes.items(), key=lambda x: (-x[1], x[0])) if 3 * n >= len(members)),
        cohesion=round(float(own[order[0]].mean()), 4),
    )


def _identity(representative: str) -> str:
    return hashlib.sha256(representative.encode()).hexdigest()[:12]


def _terms(texts: Sequence[str], common: Counter[str], total: int) -> tuple[str, ...]:
    """Words and pairs of words that are frequent in these texts and rare in the others."""
    counts = Counter(word for text in texts for word in set(_words(text)))
    weight = {
        word: count / len(texts) * math.log((1 + total) / (1 + common[word])) * (1.5 if " " in word else 1)
        for word, count in counts.items()
        if count > 1 or len(texts) == 1
    }
    kept: list[str] = []
    for word in sorted(weight, key=lambda w: (-weight[w], w)):
        if not any(word in other or other in word for other in kept):
            kept.append(word)
    return tuple(kept[:TERMS])


def _words(text: str) -> list[str]:
    """Words and pairs of neighbouring words that say something of the subject, from what is asked for."""
    plain = normalised(text)
    words = _WORD.findall(plain[: max(head_length(plain), 60)])
    pairs = [f"{a} {b}" for a, b in itertools.pairwise(words) if a not in _STOP and b not in _STOP]
    return [word for word in words if word not in _STOP and len(word) > 2] + pairs


def _unit(rows: Floats) -> Floats:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)
