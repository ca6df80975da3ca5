"""Recurring issues: groups of recommendations that ask for nearly the same, finer than themes.

Recommendations are alike word by word (the token vectors of each find their best match in the other, both ways; stock
words and what stands after the thing asked for count less) and in subject (cosine of their theme confidences). Groups
are made by average linkage, cut at two heights: issues, where judged pairs that are not relevant to the same question
begin to fall together, and families of issues above them (``docs/themes.md``).
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat, starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from indexer.build_memory import BuildMemory
from indexer.kept import Kept
from indexer.late_interaction import CODE_SCALE, TokenCodes
from indexer.theme_evidence import head_length, normalised

Floats = NDArray[np.float32]
Item = dict[str, Any]
#: (tokens, 2): where each token stands in its text.
TokenSpans = NDArray[np.int32]
#: Codes of a text's tokens, and what each counts.
WeightedTokens = tuple[TokenCodes, Floats]

#: Raised when the same recommendations fall into other groups.
CLUSTERS_VERSION = "4"
#: How much likeness of subject counts beside likeness of meaning.
SUBJECT_WEIGHT = 0.35
#: Mean and deviation of both likenesses over all pairs of 1,906 recommendations: what makes them add up.
_WORDS_SCALE, _SUBJECT_SCALE = (0.3139, 0.0844), (0.0558, 0.1748)
#: Word by word is compared with so many nearest; of the others it is estimated from cosine and subject, and never above
#: the mean. Comparing all pairs gave the same figures at ten times the cost.
CANDIDATES = 100
_ESTIMATE = (0.4112, 0.0917, 0.309)
_MOST_ESTIMATED = 0.314
#: Groups whose mean likeness (in deviations, see ``combined``) is below this stay apart.
CUT = 4.5
#: The same for families of issues.
FAMILY_CUT = 3.9
#: The same for items that no theme covers: there is no subject to hold them together.
DISCOVERY_CUT = 2.73
#: More rows than this are first parted, by their leading theme and then by meaning: the linkage compares all pairs.
MOST_AT_ONCE = 12_000
TERMS = 6
#: Rows of a comparison of all pairs that are worked on at once.
_ROWS_TOGETHER = 512
#: What a token of a stock word or a sign counts, and one of purpose, circumstance or detail, where others count 1.
_STOCK_WEIGHT, _DETAIL_WEIGHT = 0.1, 0.3
#: So many characters are never detail.
_LEAST_HEAD = 60

_WORD = re.compile(r"[a-z][a-z\-']+")
_WHOLE_WORD = re.compile(r"[\w']+")
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
    ``cohesion`` is the mean likeness of members to the representative. ``family`` is the id of the most widespread
    issue of those that are related to this one, itself among them."""

    id: str
    family: str
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


def recurring_issues(
    items: Sequence[Item],
    vectors: Floats,
    subjects: Floats,
    tokens: Iterable[TokenCodes] | None = None,
    spans: Iterable[TokenSpans] | None = None,
    *,
    least: int = 2,
    memory: BuildMemory | None = None,
) -> list[Issue]:
    """The issues that at least ``least`` recommendations share, the most widespread first.

    ``items``: rows of the table ``items``, of which the recommendations count; ``vectors`` their unit rows;
    ``subjects`` (n_items, n_themes) the confidences of ``ThemeLinker.confidences`` and ``tokens`` the codes of
    ``Encoded.tokens``, of which only the rows of recommendations are read; None: by vectors and subjects alone.
    ``spans``: where in each item's text each token stands, as of ``Embedder.token_spans``; None: all count alike.
    ``memory``: where the tokens are kept.
    """
    rows = [row for row, item in enumerate(items) if item["kind"] == "recommendation"]
    if not rows:
        return []
    memory = memory or BuildMemory()
    meaning, subject = _centre(memory.rows_of(vectors, rows)), _unit(subjects[rows])
    words = None
    if tokens is not None:
        weights = token_weights((item["text"] for item in items), spans) if spans is not None else repeat(None)
        wanted = set(rows)
        told = (pair for row, pair in enumerate(zip(tokens, weights, strict=False)) if row in wanted)
        words = KeptTokens(starmap(weighted, told), memory)
    labels, families = grouped(meaning, subject, words, memory=memory)
    issues, family_of, common = [], {}, _common(items, rows)
    for places in _places(labels):
        if len(places) >= least:
            issue = _issue(items, rows, places, meaning, subject, common)
            issues.append(issue)
            family_of[issue.id] = int(families[places[0]])
    issues.sort(key=lambda issue: (-issue.authorities, -len(issue.members), issue.id))
    head: dict[int, str] = {}
    for issue in issues:
        head.setdefault(family_of[issue.id], issue.id)
    return [replace(issue, family=head[family_of[issue.id]]) for issue in issues]


def discoveries(
    items: Sequence[Item], vectors: Floats, *, least: int = 3, memory: BuildMemory | None = None
) -> list[Issue]:
    """Groups of unlinked findings and recommendations, by meaning alone: what the scheme may have no theme for.

    ``items`` and ``vectors`` as above; those with a theme do not count. ``memory``: where vectors are kept.
    """
    rows = [
        row
        for row, item in enumerate(items)
        if item["kind"] in ("recommendation", "finding") and not item.get("themes")
    ]
    if not rows:
        return []
    memory = memory or BuildMemory()
    meaning = _centre(memory.rows_of(vectors, rows))
    none = np.zeros((len(rows), 1), dtype=np.float32)
    (labels,) = grouped(meaning, none, cuts=(DISCOVERY_CUT,), memory=memory)
    common = _common(items, rows)
    found = []
    for places in _places(labels):
        if len(places) >= least:
            issue = _issue(items, rows, places, meaning, none, common)
            identity = _identity(f"uncovered {items[issue.representative]['iri']}")
            found.append(replace(issue, id=identity, family=identity))
    return sorted(found, key=lambda issue: (-len(issue.members), -issue.authorities, issue.id))


def issue_rows(items: Sequence[Item], issues: Sequence[Issue]) -> tuple[list[Item], list[Item]]:
    """Rows of the tables ``issues`` and ``issue_members``."""
    heads = [
        {
            "id": issue.id,
            "family": issue.family,
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


def grouped(
    meaning: Floats,
    subject: Floats,
    tokens: Sequence[WeightedTokens] | None = None,
    cuts: Sequence[float] = (CUT, FAMILY_CUT),
    memory: BuildMemory | None = None,
) -> list[NDArray[np.int64]]:
    """For each cut the rows' group numbers, by average linkage of ``combined``: a group lies whole in one of each lower
    cut. ``memory``: where vectors are kept."""
    count = len(meaning)
    labels = [np.zeros(count, dtype=np.int64) for _ in cuts]
    parts = [np.arange(count)]
    if count > MOST_AT_ONCE:
        leading = subject.argmax(axis=1)
        parts = [
            part
            for theme in np.unique(leading)
            for part in _halved(meaning, np.flatnonzero(leading == theme), MOST_AT_ONCE, memory or BuildMemory())
        ]
    highest = [0] * len(cuts)
    for rows in parts:
        own = [tokens[int(row)] for row in rows] if tokens is not None else None
        for place, found in enumerate(_linked(meaning[rows], subject[rows], own, cuts)):
            labels[place][rows] = found + highest[place]
            highest[place] += int(found.max()) + 1
    return labels


def _halved(meaning: Floats, rows: NDArray[np.int64], most: int, memory: BuildMemory) -> list[NDArray[np.int64]]:
    """Parts of at most ``most`` rows: halves, and halves of these, along the direction in which they differ most."""
    if len(rows) <= most:
        return [rows]
    own, apart = memory.rows_of(meaning, rows), memory.array((len(rows), meaning.shape[1]), np.float64)
    np.subtract(own, own.mean(axis=0), out=own)
    apart[:] = own
    direction = np.linalg.eigh(apart.T @ apart)[1][:, -1]
    order = np.argsort(apart @ direction, kind="stable")
    halves = (np.sort(order[: len(rows) // 2]), np.sort(order[len(rows) // 2 :]))
    return [part for half in halves for part in _halved(meaning, rows[half], most, memory)]


def combined(meaning: Floats, subject: Floats, tokens: Sequence[WeightedTokens] | None) -> Floats:
    """(n, n): likeness of each pair, in deviations from that of any two recommendations; the same both ways."""
    words, subjects = meaning @ meaning.T, subject @ subject.T
    near = _candidates(words, subjects) if tokens is not None else None
    by_cosine, by_subject, constant = _ESTIMATE
    for part in _row_parts(len(words)):  # in place and by parts, since a square takes half a gigabyte
        words[part] = by_cosine * words[part] + by_subject * subjects[part] + constant
    if tokens is not None and near is not None:
        np.minimum(words, _MOST_ESTIMATED, out=words)
        _compare(tokens, near, words)
    for part in _row_parts(len(words)):
        subjects[part] = (subjects[part] - _SUBJECT_SCALE[0]) / _SUBJECT_SCALE[1]
        words[part] = (words[part] - _WORDS_SCALE[0]) / _WORDS_SCALE[1] + SUBJECT_WEIGHT * subjects[part]
    return words


def _row_parts(count: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS_TOGETHER) for start in range(0, count, _ROWS_TOGETHER))


def _candidates(cosines: Floats, subjects: Floats) -> NDArray[np.bool_]:
    """(n, n), symmetrical, without the diagonal: pairs of which either is among the other's likeliest."""
    count = len(cosines)
    near = np.zeros((count, count), dtype=np.bool_)
    taken = min(CANDIDATES, count - 1)
    for part in _row_parts(count) if taken > 0 else ():
        likely = cosines[part] + SUBJECT_WEIGHT * subjects[part]
        np.put_along_axis(near[part], np.argpartition(-likely, taken, axis=1)[:, : taken + 1], True, axis=1)
    near |= near.T
    np.fill_diagonal(near, False)
    return near


def token_weights(texts: Iterable[str], spans: Iterable[TokenSpans]) -> Iterator[Floats]:
    """For each text what each of its tokens says of the thing asked for; they add up to 1."""
    return (_token_weights(text, places) for text, places in zip(texts, spans, strict=True))


def _token_weights(text: str, spans: TokenSpans) -> Floats:
    head = max(head_length(normalised(text)), _LEAST_HEAD)
    word_at = {place: word[0] for word in _WHOLE_WORD.finditer(text.lower()) for place in range(*word.span())}
    told = [word_at.get(int(start)) if end > start else None for start, end in spans]
    weights = np.array([_STOCK_WEIGHT if word is None or word in _STOP else 1.0 for word in told], dtype=np.float32)
    weights[spans[:, 0] > head] *= _DETAIL_WEIGHT
    return np.asarray(weights / weights.sum(), dtype=np.float32)


def weighted(tokens: TokenCodes, weights: Floats | None) -> WeightedTokens:
    """``weights`` None: all alike."""
    return tokens, np.full(len(tokens), 1 / len(tokens), dtype=np.float32) if weights is None else weights


class KeptTokens(Sequence[WeightedTokens]):
    """Some kilobytes a text."""

    def __init__(self, tokens: Iterable[WeightedTokens], memory: BuildMemory | None) -> None:
        self._kept = Kept(((codes.tobytes(), weights.tobytes()) for codes, weights in tokens), memory)

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, place: Any) -> Any:
        codes, weights = self._kept[place]
        counted = np.frombuffer(weights, np.float32)
        return np.frombuffer(codes, np.int8).reshape(len(counted), -1), counted


@threadpool_limits.wrap(limits=1, user_api="blas")  # type: ignore[untyped-decorator]  # threadpoolctl ships no types
def _compare(tokens: Sequence[WeightedTokens], near: NDArray[np.bool_], words: Floats) -> None:
    """Put into ``words``, for each pair of ``near``, the mean of how well each one's tokens are met by the other's.

    Products of codes are whole numbers that single precision holds exactly, and each pair's are added up in the same
    order: its likeness is the same whatever else is compared. Each product is too small to be shared by threads:
    where other work runs, they wait for each other at thrice the processor time.
    """
    vectors, weights = [codes.astype(np.float32) for codes, _ in tokens], [weight for _, weight in tokens]
    for row, own in enumerate(vectors):
        others = np.flatnonzero(near[row, row + 1 :]) + row + 1
        if not len(others):
            continue
        lengths = np.array([len(vectors[other]) for other in others])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        similar = own @ np.concatenate([vectors[other] for other in others]).T
        met = np.maximum.reduceat(similar, starts, axis=1) * weights[row][:, None]
        meeting = similar.max(axis=0) * np.concatenate([weights[other] for other in others])
        sums = met.sum(axis=0, dtype=np.float64) + np.add.reduceat(meeting.astype(np.float64), starts)
        words[row, others] = words[others, row] = sums / (2 * CODE_SCALE**2)


def likeness(meaning: Floats, subject: Floats, other_meaning: Floats, other_subject: Floats) -> Floats:
    """In [-1, 1], of each row with each other row, by vectors and subjects alone."""
    both = meaning @ other_meaning.T + SUBJECT_WEIGHT * (subject @ other_subject.T)
    return np.asarray(both / (1 + SUBJECT_WEIGHT), dtype=np.float32)


def centred(vectors: Floats) -> Floats:
    """Unit rows without what all have in common: stock words make all recommendations alike."""
    return _centre(vectors.copy())


def _centre(vectors: Floats) -> Floats:
    """``centred`` in place."""
    if len(vectors) > 1:
        common = vectors.mean(axis=0)
        for part in _row_parts(len(vectors)):
            vectors[part] = _unit(vectors[part] - common)
    return vectors


def _linked(
    meaning: Floats, subject: Floats, tokens: Sequence[WeightedTokens] | None, cuts: Sequence[float]
) -> list[NDArray[np.int64]]:
    """Group numbers from 0, at each cut."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(meaning) == 1:
        return [np.zeros(1, dtype=np.int64) for _ in cuts]
    own = combined(meaning, subject, tokens)
    most = float(own.max())
    apart = np.empty(len(own) * (len(own) - 1) // 2)  # of each pair, row by row
    ends = np.cumsum(np.arange(len(own) - 1, -1, -1))
    for row, end in enumerate(ends):
        both = (own[row, row + 1 :] + own[row + 1 :, row]) / 2
        apart[end - len(both) : end] = np.clip(most - both, 0, None)
    del own
    tree = linkage(apart, "average")
    return [np.asarray(fcluster(tree, most - cut, "distance") - 1, np.int64) for cut in cuts]


def _places(labels: NDArray[np.int64]) -> list[list[int]]:
    """The places of each group, groups by their first place."""
    groups: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(labels):
        groups[int(group)].append(place)
    return list(groups.values())


def _common(items: Sequence[Item], rows: Sequence[int]) -> Counter[str]:
    """In how many texts each word stands."""
    return Counter(word for row in rows for word in set(_words(items[row]["text"])))


def _issue(
    items: Sequence[Item], rows: Sequence[int], places: Sequence[int], meaning: Floats, subject: Floats,
    common: Counter[str],
) -> Issue:  # fmt: skip
    own = likeness(meaning[places], subject[places], meaning[places], subject[places])
    order = sorted(range(len(places)), key=lambda i: (-float(own[i].mean()), rows[places[i]]))
    members = tuple(rows[places[i]] for i in order)
    dates = sorted(items[row]["published"] for row in members if items[row].get("published"))
    themes = Counter(theme for row in members for theme in items[row].get("themes") or ())
    identity = _identity(items[members[0]]["iri"])
    return Issue(
        id=identity,
        family=identity,
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
