"""How far what was extracted from a document agrees with what it says.

Items are matched one-to-one within a document, greedily from the best pair. Texts match by token F1 of at least 0.8,
judgements where the grade is the same and the areas overlap, inspections by body, date and framework.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.model import Extraction

Entry = dict[str, Any]
TEXT_THRESHOLD = 0.8
AREA_THRESHOLD = 0.6
_SAME_GRADE = (
    (r"require[sd]? improvement", "requires improvement"),
    (r"systemic failings", "widespread failings"),
    (r"inconsistent experiences", "inconsistent experiences"),
    (r"typically (?:lead to )?positive", "typically positive"),
    (r"grade \d (\w+)", r"\1"),
    (r"(promising|uncertain|poor|excellent) (?:capacity|prospects?).*", r"\1"),
)


@dataclass(slots=True)
class Tally:
    """Counts over documents; ``right`` is by attribute the pairs that agree, of ``matched``."""

    expected: int = 0
    found: int = 0
    matched: int = 0
    right: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    spurious: list[str] = field(default_factory=list)

    @property
    def f1(self) -> float:
        total = self.expected + self.found
        return 2 * self.matched / total if total else 1.0

    def share(self, attribute: str) -> float:
        return self.right[attribute] / self.matched if self.matched else 1.0


@dataclass(slots=True)
class Score:
    findings: Tally = field(default_factory=Tally)
    recommendations: Tally = field(default_factory=Tally)
    actions: Tally = field(default_factory=Tally)
    judgements: Tally = field(default_factory=Tally)
    inspections: Tally = field(default_factory=Tally)
    documents: Tally = field(default_factory=Tally)

    def add(self, gold: Entry, extraction: Extraction) -> None:
        name = gold["file"]
        said = [_as_entries(extraction, kind) for kind in ("findings", "recommendations", "actions")]
        for kind, found in zip(("findings", "recommendations", "actions"), said, strict=True):
            _tally(getattr(self, kind), name, gold[kind], found, _text_similarity, TEXT_THRESHOLD, _AGREE[kind])
        judgements = [{"area": j.area, "grade": j.grade} for j in extraction.judgements]
        _tally(self.judgements, name, gold["judgements"], judgements, _judgement_similarity, AREA_THRESHOLD, {})
        inspections = [
            {key: getattr(i, key) for key in ("inspectorate", "framework", "start", "end", "lead_inspector")}
            for i in extraction.inspections
        ]
        _tally(
            self.inspections, name, gold["inspections"], inspections, _inspection_similarity, 0.4, _AGREE["inspections"]
        )
        document = {key: getattr(extraction.document, key) for key in _AGREE["documents"]}
        _tally(self.documents, name, [gold["document"]], [document], lambda *_: 1.0, 0.5, _AGREE["documents"])


def _as_entries(extraction: Extraction, kind: str) -> list[Entry]:
    entries = []
    for item in getattr(extraction, kind):
        entry = {key: getattr(item, key, None) for key in ("text", "polarity", "ref", "timescale", "date")}
        if kind == "actions":
            answered = item.recommendation
            entry["ref"] = None if answered is None else extraction.recommendations[answered].ref
            entry["responsible"] = list(item.responsible)
        entries.append(entry)
    return entries


def _tally(
    tally: Tally,
    name: str,
    expected: Sequence[Entry],
    found: Sequence[Entry],
    similarity: Callable[[Entry, Entry], float],
    threshold: float,
    agree: dict[str, Callable[[Any, Any], bool]],
) -> None:
    pairs = _matched(expected, found, similarity, threshold)
    optional = {i for i, entry in enumerate(expected) if entry.get("optional")}
    counted = [(i, j) for i, j in pairs if i not in optional]
    tally.expected += len(expected) - len(optional)
    tally.found += len(found) - (len(pairs) - len(counted))
    tally.matched += len(counted)
    for i, j in counted:
        for key, same in agree.items():
            if any(same(value, found[j].get(key)) for value in _alternatives(expected[i], key)):
                tally.right[key] += 1
            else:
                tally.missed.append(f"{name}: {key} of {_label(expected[i])}: {found[j].get(key)!r}")
    taken = {i for i, _ in pairs} | optional
    tally.missed += [f"{name}: {_label(entry)}" for i, entry in enumerate(expected) if i not in taken]
    tally.spurious += [f"{name}: {_label(entry)}" for j, entry in enumerate(found) if j not in {j for _, j in pairs}]


def _matched(
    expected: Sequence[Entry], found: Sequence[Entry], similarity: Callable[[Entry, Entry], float], threshold: float
) -> list[tuple[int, int]]:
    """Pairs of positions; the entries that count before the optional ones, then in the order of the page."""
    scored = []
    for i, entry in enumerate(expected):
        for j, other in enumerate(found):
            score = similarity(entry, other)
            if score >= threshold:
                scored.append((-round(score, 6), bool(entry.get("optional")), abs(i - j), i, j))
    pairs: list[tuple[int, int]] = []
    for *_, i, j in sorted(scored):
        if all(i != taken_i and j != taken_j for taken_i, taken_j in pairs):
            pairs.append((i, j))
    return pairs


def tokens(text: str | None) -> list[str]:
    """Case, punctuation and hyphens inside words left aside."""
    plain = unicodedata.normalize("NFKC", text or "").casefold().replace("&", " and ")
    plain = re.sub(r"(?<=\w)[-‐‑]\s*(?=\w)|[’‘'`]", "", plain)
    return re.sub(r"[\W_]+", " ", plain).split()


def token_f1(one: Iterable[str], other: Iterable[str]) -> float:
    a, b = Counter(one), Counter(other)
    total = a.total() + b.total()
    return 2 * (a & b).total() / total if total else 1.0


def _text_similarity(entry: Entry, other: Entry) -> float:
    return token_f1(tokens(entry["text"]), tokens(other["text"]))


def _judgement_similarity(entry: Entry, other: Entry) -> float:
    if _grade(other["grade"]) not in {_grade(grade) for grade in _alternatives(entry, "grade")}:
        return 0.0
    return max(token_f1(_area(area), _area(other["area"])) for area in _alternatives(entry, "area"))


def _inspection_similarity(entry: Entry, other: Entry) -> float:
    body = max(token_f1(tokens(value), tokens(other["inspectorate"])) for value in _alternatives(entry, "inspectorate"))
    framework = max(token_f1(tokens(value), tokens(other["framework"])) for value in _alternatives(entry, "framework"))
    mine, theirs = entry.get("start") or "", other.get("start") or other.get("end") or ""
    near = 1.0 if mine == theirs else 0.6 if mine[:4] == theirs[:4] else 0.25 if not (mine and theirs) else -0.6
    return 0.4 * body + 0.4 * near + 0.2 * framework


def _alternatives(entry: Entry, key: str) -> list[Any]:
    return [entry.get(key), *entry.get(f"{key}_alt", [])]


def _area(text: str | None) -> list[str]:
    return [token for token in tokens(text) if token not in {"the", "a", "of", "and", "for", "in", "to", "who"}]


def _grade(text: str | None) -> str:
    plain = " ".join(tokens(text))
    for pattern, same in _SAME_GRADE:
        if match := re.search(pattern, plain):
            return match.expand(same)
    return plain


def _same_words(one: Any, other: Any) -> bool:
    return token_f1(tokens(one), tokens(other)) >= TEXT_THRESHOLD


def _same_body(one: Any, other: Any) -> bool:
    """A council is the same with and without "Borough Council" and the like behind its name."""
    return _name(one) == _name(other)


def _name(text: str | None) -> set[str]:
    words = set(tokens(text))
    return words - {"council", "city", "county", "borough", "metropolitan", "london", "of", "the"} or words


def _same(one: Any, other: Any) -> bool:
    return (one or None) == (other or None)


def _same_people(one: Any, other: Any) -> bool:
    return {" ".join(tokens(name)) for name in one or []} == {" ".join(tokens(name)) for name in other or []}


def _label(entry: Entry) -> str:
    return str(entry.get("text") or entry.get("area") or entry.get("framework") or entry.get("title"))[:100]


_AGREE: dict[str, dict[str, Callable[[Any, Any], bool]]] = {
    "findings": {"polarity": _same},
    "recommendations": {"ref": _same},
    "actions": {"ref": _same, "timescale": _same_words, "date": _same, "responsible": _same_people},
    "inspections": {"inspectorate": _same_words, "start": _same, "end": _same, "lead_inspector": _same_words},
    "documents": {
        "title": _same_words,
        "kind": _same,
        "published": _same,
        "publisher": _same_body,
        "authority": _same,
    },
}
