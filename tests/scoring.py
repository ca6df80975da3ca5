"""How far what was extracted from a document agrees with what an annotator wrote down.

Items are matched one-to-one within a document, greedily from the best pair. Texts match by token F1 of at least 0.8,
judgements where the grade is the same and the areas overlap, inspections by body, date and framework. Annotations
marked optional count neither for nor against; keys that end in "_alt" hold further right answers; where a document's
findings were not all annotated, one that matches none counts only in the sections that were.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from graph.model import Extraction

Entry = dict[str, Any]
Pair = tuple[int, int]
TEXT_THRESHOLD = 0.8
AREA_THRESHOLD = 0.6
INSPECTION_THRESHOLD = 0.4


@dataclass(slots=True)
class Tally:
    """Counts over documents; ``right`` is by attribute the sum over the matched pairs of how right it is, 0 to 1."""

    expected: int = 0
    found: int = 0
    matched: int = 0
    right: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    missed: list[str] = field(default_factory=list)
    spurious: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.matched / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.matched / self.expected if self.expected else 1.0

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
        said = entries(extraction)
        for kind in (each.name for each in fields(self)):
            expected = [gold["document"]] if kind == "documents" else gold[kind]
            pairs = _PAIRS[kind](expected, said[kind])
            _count(getattr(self, kind), gold, kind, expected, said[kind], pairs)


def entries(extraction: Extraction) -> dict[str, list[Entry]]:
    """What was extracted, under the keys of the annotations."""
    document = extraction.document
    return {
        "documents": [{key: getattr(document, key) for key in _AGREE["documents"]}],
        "inspections": [{key: getattr(i, key) for key in _AGREE["inspections"]} for i in extraction.inspections],
        "judgements": [{"area": j.area, "grade": j.grade} for j in extraction.judgements],
        "findings": [{"text": f.text, "polarity": f.polarity, "section": f.section} for f in extraction.findings],
        "recommendations": [{"text": r.text, "ref": r.ref} for r in extraction.recommendations],
        "actions": [
            {
                "text": a.text,
                "ref": None if a.recommendation is None else extraction.recommendations[a.recommendation].ref,
                "timescale": a.timescale,
                "date": a.date,
                "responsible": list(a.responsible),
            }
            for a in extraction.actions
        ],
    }


def _count(
    tally: Tally, gold: Entry, kind: str, expected: Sequence[Entry], found: Sequence[Entry], pairs: Sequence[Pair]
) -> None:
    optional = {i for i, entry in enumerate(expected) if entry.get("optional")}
    counted = [(i, j) for i, j in pairs if i not in optional]
    tally.expected += len(expected) - len(optional)
    tally.matched += len(counted)
    tally.found += len(counted)
    for i, j in counted:
        for key, agreement in _AGREE[kind].items():
            right = agreement(expected[i], found[j], key)
            tally.right[key] += right
            if right < 1:
                said = found[j].get(key)
                tally.missed.append(f"{gold['file']}: {key} of {_label(expected[i])}: {said!r}")
    taken = {i for i, _ in pairs} | optional
    tally.missed += [f"{gold['file']}: {_label(entry)}" for i, entry in enumerate(expected) if i not in taken]
    partial = kind == "findings" and gold.get("findings_complete") is False
    for j in sorted(set(range(len(found))) - {j for _, j in pairs}):
        if not partial or _in_sections(found[j].get("section"), gold.get("findings_sections", ())):
            tally.found += 1
            tally.spurious.append(f"{gold['file']}: {_label(found[j])}")


def _label(entry: Entry) -> str:
    return str(entry.get("text") or entry.get("area") or entry.get("framework") or entry.get("title"))[:100]


# ------------------------------------------------------------------------------------------------------------ matching


def _best_first(scored: Iterable[tuple[tuple[float, ...], int, int]]) -> list[Pair]:
    """One-to-one pairs, the largest key first, ties by position."""
    pairs: list[Pair] = []
    taken: tuple[set[int], set[int]] = (set(), set())
    for _, i, j in sorted(scored, key=lambda one: (tuple(-value for value in one[0]), one[1], one[2])):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            pairs.append((i, j))
    return pairs


def _text_pairs(expected: Sequence[Entry], found: Sequence[Entry]) -> list[Pair]:
    """The better text; then what counts before what is optional, the same number or section, the same place."""

    def scored() -> Iterator[tuple[tuple[float, ...], int, int]]:
        ours = [[Counter(tokens(text)) for text in _alternatives(entry, "text")] for entry in expected]
        theirs = [Counter(tokens(entry["text"])) for entry in found]
        for i, entry in enumerate(expected):
            for j, other in enumerate(found):
                score = max(token_f1(text, theirs[j]) for text in ours[i])
                if score < TEXT_THRESHOLD:
                    continue
                if "ref" in entry:
                    same = _number(entry["ref"]) == _number(other.get("ref"))
                else:
                    same = _section(entry.get("section")) == _section(other.get("section"))
                apart = abs(i / max(1, len(expected)) - j / max(1, len(found)))
                yield (round(score, 6), not entry.get("optional"), same, -apart), i, j

    return _best_first(scored())


def _judgement_pairs(expected: Sequence[Entry], found: Sequence[Entry]) -> list[Pair]:
    def scored() -> Iterator[tuple[tuple[float, ...], int, int]]:
        for i, entry in enumerate(expected):
            grades = {_grade(grade) for grade in _alternatives(entry, "grade")}
            for j, other in enumerate(found):
                if _grade(other["grade"]) in grades:
                    score = max(_same_area(area, other["area"]) for area in _alternatives(entry, "area"))
                    if score >= AREA_THRESHOLD:
                        yield (round(score, 6), not entry.get("optional"), -abs(i - j) / 1000), i, j

    return _best_first(scored())


def _inspection_pairs(expected: Sequence[Entry], found: Sequence[Entry]) -> list[Pair]:
    def scored() -> Iterator[tuple[tuple[float, ...], int, int]]:
        for i, entry in enumerate(expected):
            for j, other in enumerate(found):
                score = _inspection_score(entry, other)
                if score >= INSPECTION_THRESHOLD - 1e-9:
                    yield (round(score, 6), not entry.get("optional"), -abs(i - j) / 1000), i, j

    return _best_first(scored())


def _inspection_score(entry: Entry, other: Entry) -> float:
    bodies, body = [_body(value) for value in _alternatives(entry, "inspectorate")], _body(other["inspectorate"])
    known = 1.0 if body in bodies else 0.5 if not body or any(body & one for one in bodies) else 0.0
    framework = max(_text_f1(value, other["framework"]) for value in _alternatives(entry, "framework"))
    near = _nearness(_date(entry.get("start")), _date(other.get("start") or other.get("end")))
    return 0.4 * known + 0.4 * near + 0.2 * framework


def _nearness(one: str | None, other: str | None) -> float:
    if not one or not other:
        return 0.25 if one or other else 0.6
    if one == other:
        return 1.0
    return 0.8 if one[:7] == other[:7] else 0.6 if one[:4] == other[:4] else -0.6


_PAIRS: dict[str, Callable[[Sequence[Entry], Sequence[Entry]], list[Pair]]] = {
    "findings": _text_pairs,
    "recommendations": _text_pairs,
    "actions": _text_pairs,
    "judgements": _judgement_pairs,
    "inspections": _inspection_pairs,
    "documents": lambda expected, found: [(0, 0)] if expected and found else [],
}

# ------------------------------------------------------------------------------------------------------- normalisation


def plain(text: str | None) -> str:
    """Case, punctuation, mark-up, and hyphens inside words left aside."""
    words = unicodedata.normalize("NFKC", html.unescape(str(text or "")))
    words = re.sub(r"</?[a-zA-Z][^<>]*>", " ", words).casefold().replace("&", " and ")
    words = re.sub(r"(?<=\w)[-‐‑]\s*(?=\w)|[’‘'`´]", "", words)
    return re.sub(r"[\W_]+", " ", re.sub(r"(?<=\d)[.,](?=\d)", "", words)).strip()


def tokens(text: str | None) -> list[str]:
    return plain(text).split()


def token_f1(one: Iterable[str], other: Iterable[str]) -> float:
    a, b = Counter(one), Counter(other)
    if not a or not b:
        return float(not a and not b)
    return 2 * (a & b).total() / (a.total() + b.total())


def _text_f1(one: str | None, other: str | None) -> float:
    return token_f1(tokens(one), tokens(other))


def _alternatives(entry: Entry, key: str) -> list[Any]:
    return [entry.get(key), *entry.get(f"{key}_alt", [])]


_SMALL_WORDS = frozenset("the a an of and for in to with who".split())


def _same_area(one: str | None, other: str | None) -> float:
    a, b = tokens(one), tokens(other)
    return max(token_f1(a, b), token_f1(*([word for word in words if word not in _SMALL_WORDS] for words in (a, b))))


_NUMBERS = {"no": "0", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_GRADES = (
    (r"require[sd]? improvement", "requires improvement"),
    (r"systemic failings", "widespread failings"),
    (r"inconsistent experiences", "inconsistent experiences"),
    (r"typically (?:lead to )?positive", "typically positive"),
)


def _grade(text: str | None) -> str:
    """Spellings of the same grade are one."""
    words = plain(text)
    for pattern, same in _GRADES:
        if re.search(pattern, words):
            return same
    if (
        re.search(r"served|serving|^(most|some|all|few)( of)?( the)? (people|children)", words)
        and "well" in words.split()
    ):
        whom = re.search(r"\b(not|most|some|all|few)\b", words)
        return f"serving {whom[1] if whom else 'people'} well"
    capacity = re.search(r"\b(promising|uncertain|poor|excellent)\b", words)
    if capacity and (re.search(r"capacity|prospect", words) or re.fullmatch(_CAPACITY, words)):
        return capacity[1]
    if numbered := re.fullmatch(r"(?:grade )?\d ?(outstanding|good|adequate|satisfactory|inadequate)", words):
        return numbered[1]
    if stars := re.fullmatch(r"(?:an? )?(?:overall )?(\w+) stars?(?: rating)?", words):
        return f"{_NUMBERS.get(stars[1], stars[1])} star"
    words = re.sub(r"^(?:is|are|judged|graded|rated)(?: to be)? ", "", words)
    return _NUMBERS.get(words, words)


_CAPACITY = r"(?:with )?(?:excellent|promising|uncertain|poor)(?: for improvement)?"
_TYPES_OF_COUNCIL = frozenset(
    "council councils city county borough metropolitan london of the royal district unitary authority local and mbc cc "
    "bc corporation area partnership".split()
)


def _council(text: str | None) -> frozenset[str]:
    """A council is the same with and without "Borough Council" and the like behind its name."""
    words = tokens(text)
    return frozenset([word for word in words if word not in _TYPES_OF_COUNCIL] or words)


_BODIES = (
    (r"office for standards in education( childrens services and skills)?( ofsted)?", "ofsted"),
    (r"commission for social care inspection( csci)?", "csci"),
    (r"social services inspectorate( ssi)?", "ssi"),
    (r"care quality commission( cqc)?", "cqc"),
    (r"(the )?audit commission", "auditcommission"),
    (r"h(er|is) majestys inspectorate of ", "hmi "),
)


def _body(text: str | None) -> frozenset[str]:
    words = plain(text)
    for pattern, short in _BODIES:
        words = re.sub(pattern, short, words)
    return frozenset(words.split()) - {"and", "the"}


def _publisher(text: str | None) -> frozenset[str]:
    return _council(" ".join(sorted(_body(text))))


_TITLES = frozenset("her his majestys majesty s inspector inspectors hmi shmi ofsted oi mr mrs ms dr lead".split())


def _person(text: str | None) -> str:
    return " ".join(word for word in tokens(text) if word not in _TITLES)


def _initials(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def _date(text: str | None) -> str | None:
    """EDTF, open ends written alike; an interval of one day is that day."""
    words = (text or "").replace(" ", "")
    words = f"{words}.." if words.endswith("/") else f"..{words}" if words.startswith("/") else words
    start, _, end = words.partition("/")
    return (start if start == end else words) or None


def _number(text: str | None) -> str | None:
    return re.sub(r"\s+", "", text or "").casefold().rstrip(".)").lstrip("(") or None


def _section(text: str | None) -> str:
    words = plain(text)
    words = re.sub(
        r" (is |are |(require|requires) improvement( to be)? ?)?(outstanding|good|adequate|inadequate)$", "", words
    )
    return re.sub(r" requires? improvement( to be good)?$", "", words)


def _in_sections(section: str | None, wanted: Sequence[str | None]) -> bool:
    if not section:
        return None in wanted or "" in wanted
    parts = [_section(part) for part in [section, *re.split(r"\s*(?:>|»|/{2}|\|)\s*", section)]]
    names = [_section(name) for name in wanted if name]
    return any(part == name or _text_f1(part, name) >= 0.9 for part in parts for name in names)


# ----------------------------------------------------------------------------------------------------------- agreement

Agreement = Callable[[Entry, Entry, str], float]


def _by(normal: Callable[[Any], object]) -> Agreement:
    """Right where the value, normalised, is one of the right answers."""

    def agreement(entry: Entry, other: Entry, key: str) -> float:
        return float(normal(other.get(key)) in [normal(value) for value in _alternatives(entry, key)])

    return agreement


def _wording(threshold: float) -> Agreement:
    def agreement(entry: Entry, other: Entry, key: str) -> float:
        return float(max(_text_f1(value, other.get(key)) for value in _alternatives(entry, key)) >= threshold)

    return agreement


def _day(entry: Entry, other: Entry, key: str) -> float:
    """Where one date is printed for the whole ("March 2005"), start and end are the same and one of them is enough."""
    one, start, said = _date(entry.get(key)), _date(entry.get("start")), _date(other.get(key))
    once = key == "end" and said is None and one is not None and one == start and len(one) < 10
    return float(once or said in [_date(value) for value in _alternatives(entry, key)])


def _people(entry: Entry, other: Entry, key: str) -> float:
    said = {_initials(name) for name in other.get(key) or []} - {""}

    def f1(names: Sequence[str] | None) -> float:
        wanted = {_initials(name) for name in names or []} - {""}
        return 2 * len(wanted & said) / (len(wanted) + len(said)) if wanted or said else 1.0

    return max(f1(names) for names in _alternatives(entry, key))


_AGREE: dict[str, dict[str, Agreement]] = {
    "findings": {"polarity": _by(plain)},
    "recommendations": {"ref": _by(_number)},
    "actions": {"ref": _by(_number), "timescale": _wording(0.8), "date": _by(_date), "responsible": _people},
    "judgements": {},
    "inspections": {
        "inspectorate": _by(_body),
        "framework": _wording(0.6),
        "authority": _by(_council),
        "start": _day,
        "end": _day,
        "lead_inspector": _by(_person),
    },
    "documents": {
        "title": _wording(0.8),
        "kind": _by(plain),
        "published": _by(_date),
        "publisher": _by(_publisher),
        "authority": _by(_council),
    },
}
