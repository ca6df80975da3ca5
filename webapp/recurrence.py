"""Themes that come back: what a council was told about at one inspection and again at a later one.

Told about: a recommendation, or a finding that asks for improvement. Counted over main inspections with at least one
such item, so that a report without any does not count as an all-clear. Descriptive: no cause is claimed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from webapp.tables import Tables


@dataclass(frozen=True, slots=True)
class Told:
    """The themes that one inspection told its council about. ``themes``: theme → number of items."""

    inspection: str
    when: str
    year: int | None
    framework_id: str | None
    themes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Of ``councils`` that were told about ``theme`` and inspected again, ``again`` were told at the very next one;
    ``never_reinspected`` were told and have no later inspection here yet. ``examples``: GSS codes of those told again,
    most often first."""

    theme: str
    told: int
    councils: int
    again: int
    never_reinspected: int
    examples: tuple[str, ...]

    @property
    def share(self) -> float | None:
        return self.again / self.councils if self.councils else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.again, self.councils) if self.councils else None


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share."""
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z * ((share * (1 - share) / trials + z * z / (4 * trials * trials)) ** 0.5) / scale
    return max(0.0, centre - half), min(1.0, centre + half)


def histories(tables: Tables) -> dict[str, list[Told]]:
    """GSS code → its inspections that told it something, in order of time."""
    items, inspections = tables.items, tables.inspections
    kinds, polarities = items.column("kind"), items.column("polarity")
    themes, of_inspection = items.column("themes"), items.column("inspection")
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for kind, polarity, ids, inspection in zip(kinds, polarities, themes, of_inspection, strict=True):
        if inspection and (kind == "recommendation" or polarity == "improvement"):
            for theme in ids or ():
                counted[inspection][theme] += 1
    # a plan that answers an inspection repeats its recommendations: only the inspection's own report tells
    reports = {row["iri"] for row in tables.documents.where("kind", "inspection-report")}
    found: dict[str, list[Told]] = defaultdict(list)
    for number in range(len(inspections)):
        iri = inspections.column("iri")[number]
        code = inspections.column("gss_code")[number]
        reported = inspections.column("position")[number] == 0 and inspections.column("document")[number] in reports
        if code and reported and counted.get(iri):
            when = inspections.column("end")[number] or inspections.column("start")[number]
            year = inspections.column("year")[number]
            told = Told(iri, when or str(year or ""), year, inspections.column("framework_id")[number], counted[iri])
            found[code].append(told)
    return {code: sorted(history, key=lambda t: (t.when, t.inspection)) for code, history in found.items()}


def recurrences(told: Mapping[str, Sequence[Told]]) -> list[Recurrence]:
    """One a theme, most often told again first."""
    return sorted(
        (_recurrence(theme, told) for theme in _themes(told)), key=lambda r: (-r.again, -(r.share or 0), r.theme)
    )


def _themes(told: Mapping[str, Sequence[Told]]) -> Iterable[str]:
    return {theme for history in told.values() for one in history for theme in one.themes}


def _recurrence(theme: str, told: Mapping[str, Sequence[Told]]) -> Recurrence:
    councils = again = waiting = anywhere = 0
    examples: list[tuple[int, str]] = []
    for code, history in told.items():
        places = [place for place, one in enumerate(history) if theme in one.themes]
        if not places:
            continue
        anywhere += 1
        if len(history) == 1 or places[0] == len(history) - 1:
            waiting += 1
            continue
        councils += 1
        repeats = sum(theme in history[place + 1].themes for place in places if place + 1 < len(history))
        if repeats:
            again += 1
            examples.append((-repeats, code))
    return Recurrence(theme, anywhere, councils, again, waiting, tuple(code for _, code in sorted(examples)))


def repeats_of(history: Sequence[Told]) -> list[tuple[str, list[Told]]]:
    """Themes that one council was told about at two or more inspections, with those inspections; most often first."""
    by_theme: dict[str, list[Told]] = defaultdict(list)
    for one in history:
        for theme in one.themes:
            by_theme[theme].append(one)
    repeated = [(theme, times) for theme, times in by_theme.items() if len(times) > 1]
    return sorted(repeated, key=lambda pair: (-len(pair[1]), -sum(t.themes[pair[0]] for t in pair[1]), pair[0]))
