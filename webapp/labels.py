"""Words for the codes that a release is written in: themes, grades, frameworks, inspectorates, councils, dates.

A code that no scheme knows is shown as its own words, so that a page never fails for want of a label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pyoxigraph as ox

from graph.authorities import Authority, Register
from ontology import resources

_MONTHS = "January February March April May June July August September October November December".split()
_SEASONS = {"21": "spring", "22": "summer", "23": "autumn", "24": "winter"}


@dataclass(frozen=True, slots=True)
class Concept:
    """A SKOS concept. ``place`` is where it stands in its file, 0-based; ``rank`` its step in an ordered scheme, 1 the
    best."""

    id: str
    label: str
    broader: str | None = None
    scope: str | None = None
    other_labels: tuple[str, ...] = ()
    place: int = 0
    scheme: str | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Scheme:
    """Concepts by id, in the order of their file."""

    concepts: dict[str, Concept] = field(default_factory=dict)

    def label(self, identifier: str | None) -> str:
        if not identifier:
            return ""
        concept = self.concepts.get(identifier)
        return concept.label if concept else humanised(identifier)

    def get(self, identifier: str) -> Concept | None:
        return self.concepts.get(identifier)

    def top(self) -> list[Concept]:
        return [concept for concept in self.concepts.values() if concept.broader not in self.concepts]

    def narrower(self, identifier: str) -> list[Concept]:
        return [concept for concept in self.concepts.values() if concept.broader == identifier]

    def within(self, identifier: str) -> set[str]:
        """The concept and everything narrower."""
        found = {identifier}
        for concept in self.narrower(identifier):
            found |= self.within(concept.id)
        return found


@dataclass(frozen=True)
class Labels:
    themes: Scheme
    grades: Scheme
    areas: Scheme
    frameworks: Scheme
    inspectorates: Scheme
    statuses: Scheme
    document_kinds: Scheme
    register: Register

    @classmethod
    @lru_cache(maxsize=4)
    def load(cls, further_authorities: Path | None = None) -> Labels:
        """``further_authorities``: a file of the same columns as the register, such as a release carries."""
        themes = {
            theme.id: Concept(theme.id, theme.label, theme.broader, theme.scope, theme.alt_labels, place)
            for place, theme in enumerate(resources.themes())
        }
        return cls(
            themes=Scheme(themes),
            grades=_scheme("grades"),
            areas=_scheme("areas"),
            frameworks=_scheme("frameworks"),
            inspectorates=_scheme("inspectorates"),
            statuses=_scheme("statuses"),
            document_kinds=_scheme("document-kinds"),
            register=Register.load(further_authorities),
        )

    def theme(self, identifier: str | None) -> str:
        return self.themes.label(identifier)

    def grade(self, identifier: str | None) -> str:
        return self.grades.label(identifier)

    def framework(self, identifier: str | None) -> str:
        return self.frameworks.label(identifier)

    def authority(self, name_or_code: str | None) -> str:
        found = self.find_authority(name_or_code)
        return found.name if found else name_or_code or ""

    def find_authority(self, name_or_code: str | None) -> Authority | None:
        if not name_or_code:
            return None
        return self.register.by_gss(name_or_code) or self.register.resolve(name_or_code)

    def steps(self, grade: str | None) -> tuple[int, int] | None:
        """How many steps of how many a grade stands from below on its scale: (1, 4) is the lowest of four. None for
        what is not on a scale, or on scales of different lengths."""
        scales = [scale for scale in _scales() if grade in scale]
        if not scales or len({(scale.index(grade), len(scale)) for scale in scales}) > 1:
            return None
        return len(scales[0]) - scales[0].index(grade), len(scales[0])


@lru_cache(maxsize=1)
def _scales() -> tuple[tuple[str, ...], ...]:
    """The grades of every scale, best first."""
    grades = resources.concepts("grades")
    scales: dict[str, set[str]] = {}
    for quad in ox.parse(resources.text("grades.ttl").encode(), format=ox.RdfFormat.TURTLE):
        if quad.predicate.value.endswith("#inScheme") and isinstance(quad.object, ox.NamedNode):
            scales.setdefault(quad.object.value, set()).add(local_id(str(getattr(quad.subject, "value", ""))))
    ranked = (sorted((g for g in scale if g in grades and grades[g].rank), key=_rank) for scale in scales.values())
    return tuple(tuple(scale) for scale in ranked if scale)


def _rank(grade: str) -> int:
    return resources.concepts("grades")[grade].rank or 0


def _scheme(folder: str) -> Scheme:
    return Scheme(
        {
            identifier: Concept(
                id=identifier,
                label=concept.label,
                scope=concept.definition or None,
                other_labels=concept.alt_labels,
                place=place,
                scheme=concept.scheme,
                rank=concept.rank,
            )
            for place, (identifier, concept) in enumerate(resources.concepts(folder).items())
        }
    )


def local_id(iri: str) -> str:
    """The last segment of an IRI."""
    return re.split(r"[/#]", iri.rstrip("/"))[-1]


def humanised(identifier: str) -> str:
    words = identifier.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def date_in_words(edtf: str | None) -> str:
    """An EDTF date as a reader would write it: "2013-08-16" → "16 August 2013", "2012/2013" → "2012 to 2013"."""
    if not edtf:
        return ""
    parts = [_one_date(part) for part in edtf.split("/")]
    if len(parts) == 1:
        return parts[0]
    start, end = parts[0], parts[-1]
    if start in {"", ".."}:
        return f"until {end}"
    return f"{start} onwards" if end in {"", ".."} else f"{start} to {end}"


def period_in_words(start: str | None, end: str | None) -> str:
    """The days of an inspection, what both ends share said once: "3 to 14 June 2013"."""
    if not start or not end or start == end:
        return date_in_words(start or end)
    first, last = date_in_words(start).split(), date_in_words(end).split()
    shared = 0
    while shared < min(len(first), len(last)) - 1 and first[-1 - shared] == last[-1 - shared]:
        shared += 1
    return f"{' '.join(first[: len(first) - shared])} to {' '.join(last)}"


def _one_date(text: str) -> str:
    match = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?([?~%]?)", text)
    if match is None:
        return text
    year, month, day, doubt = match.groups()
    words = year
    if month in _SEASONS:
        words = f"{_SEASONS[month]} {year}"
    elif month and 1 <= int(month) <= 12:
        words = f"{_MONTHS[int(month) - 1]} {year}"
        if day:
            words = f"{int(day)} {words}"
    return f"about {words}" if doubt else words


def tree(scheme: Scheme) -> Iterator[tuple[Concept, list[Concept]]]:
    """The two levels of the theme scheme, in the scheme's order."""
    for concept in scheme.top():
        yield concept, scheme.narrower(concept.id)
