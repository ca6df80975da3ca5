"""A draft plan or a list of recommendations held against a release: what others were told, did, and what followed.

Nothing of the plan is stored: a ``Plan`` is what matching needs of one, small enough to travel in a form.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from graph.ingest import ParsedDocument
from graph.model import Action, Evidence, Extraction, ItemKind, Maker, Recommendation
from indexer.search import CLOSE, Filters, Hit, Searcher, SearchRequest
from indexer.specificity import Element, Specificity, grade
from indexer.tables import Row, read_rows

#: A passage shorter than this, in words, is no recommendation of a plain list, unless it is a sentence.
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class PlannedRecommendation:
    """``ref`` and ``deadline`` as printed in the plan; ``date`` EDTF."""

    text: str
    ref: str | None = None
    deadline: str | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """``answers`` is the index of the recommendation answered, None where none is named; ``date`` EDTF, the rest as
    printed."""

    text: str
    answers: int | None = None
    timescale: str | None = None
    date: str | None = None
    responsible: tuple[str, ...] = ()
    measure: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """``authority``: register's short name of the council whose plan it is, None where the text does not say."""

    recommendations: tuple[PlannedRecommendation, ...] = ()
    actions: tuple[PlannedAction, ...] = ()
    authority: str | None = None

    @property
    def empty(self) -> bool:
        return not self.recommendations and not self.actions


@dataclass(frozen=True, slots=True)
class Similar:
    """A recommendation elsewhere. ``actions`` are rows of ``items`` that answer it; ``inspection`` the row of the
    inspection that made it, ``next_inspection`` that of its authority's next one of the same family; None where there
    is none."""

    hit: Hit
    actions: tuple[Row, ...]
    next_inspection: Row | None
    inspection: Row | None = None


@dataclass(frozen=True, slots=True)
class PlanAction:
    """An action of the plan, how specific it is, and what it lacks. ``similar``: recommendations elsewhere, looked for
    only where the action answers none of the plan's own."""

    text: str
    timescale: str | None
    responsible: tuple[str, ...]
    lacks: tuple[Element, ...]
    specificity: Specificity
    measure: str | None = None
    similar: tuple[Similar, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """``ref`` as printed in the plan. ``similar`` is best first and empty where nothing close was found.
    ``done_elsewhere``: actions of others on the same issue that answer none of ``similar``, best first."""

    ref: str | None
    text: str
    actions: tuple[PlanAction, ...]
    similar: tuple[Similar, ...]
    specificity: Specificity
    done_elsewhere: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanMatches:
    """``unanswering``: actions of the plan that answer none of its recommendations. ``left_out``: how many lines of the
    plan were beyond the number that is matched at a time."""

    authority: str | None
    matches: tuple[Match, ...]
    unanswering: tuple[PlanAction, ...]
    left_out: int = 0

    @property
    def actions(self) -> tuple[PlanAction, ...]:
        return (*(action for match in self.matches for action in match.actions), *self.unanswering)

    @property
    def unanswered(self) -> tuple[Match, ...]:
        """Recommendations that no action of the plan answers."""
        return tuple(match for match in self.matches if not match.actions)

    @property
    def vague(self) -> tuple[PlanAction, ...]:
        return tuple(action for action in self.actions if action.specificity.vague)

    def lacking(self, element: Element) -> tuple[PlanAction, ...]:
        return tuple(action for action in self.actions if element in action.lacks)


class PlanMatcher:
    """Matches plans against one release; safe to share between threads."""

    def __init__(self, searcher: Searcher, tables: Path) -> None:
        self._searcher = searcher
        self._answers: dict[str, list[Row]] = defaultdict(list)
        items = read_rows(tables, "items")
        restated = {row["iri"]: row["restates"] for row in items if row["restates"]}
        for row in items:
            if row["answers"]:
                self._answers[row["answers"]].append(row)
                if row["answers"] in restated:
                    self._answers[restated[row["answers"]]].append(row)
        self._inspections: Mapping[str, Row] = {row["iri"]: row for row in read_rows(tables, "inspections")}
        self._followed = {
            _occasion(row): row["next"] for row in self._inspections.values() if row["next"] and _occasion(row)
        }

    def match(
        self, plan: Plan, limit: int = 5, filters: Filters | None = None, *, most: int | None = None
    ) -> PlanMatches:
        """Every recommendation of the plan with at most ``limit`` similar ones elsewhere, and so every action that
        answers none.

        filters: where to look; None is everywhere but the plan's own authority. most: how many lines are matched, in
        the plan's order; None is all.
        """
        where = filters or Filters(exclude_authorities=(plan.authority,) if plan.authority else ())
        loose = [action for action in plan.actions if action.answers is None]
        room = len(plan.recommendations) + len(loose) if most is None else most
        matches = []
        for index, recommendation in enumerate(plan.recommendations[:room]):
            actions = tuple(_described(action) for action in plan.actions if action.answers == index)
            similar = self.similar(recommendation.text, where, limit)
            graded = grade(recommendation.text, timescale=recommendation.deadline, date=recommendation.date)
            known = {row["iri"] for found in similar for row in found.actions}
            done = tuple(
                hit for hit in self._close(recommendation.text, "action", where, limit) if hit.iri not in known
            )
            matches.append(Match(recommendation.ref, recommendation.text, actions, similar, graded, done))
        unanswering = tuple(
            replace(_described(action), similar=self.similar(action.text, where, limit))
            for action in loose[: room - len(matches)]
        )
        left_out = len(plan.recommendations) + len(loose) - len(matches) - len(unanswering)
        return PlanMatches(plan.authority, tuple(matches), unanswering, left_out)

    def similar(self, text: str, where: Filters, limit: int) -> tuple[Similar, ...]:
        """Recommendations like ``text``, best first; () where nothing is close."""
        return tuple(self._with_outcome(hit) for hit in self._close(text, "recommendation", where, limit))

    def _close(self, text: str, kind: ItemKind, where: Filters, limit: int) -> tuple[Hit, ...]:
        filters = replace(where, kinds=(kind,))
        response = self._searcher.search(SearchRequest(text, filters, limit=limit, facets=False))
        return tuple(hit for hit in response.hits if hit.confidence >= CLOSE) if response.close else ()

    def _with_outcome(self, hit: Hit) -> Similar:
        inspection = self._inspections.get(hit.inspection or "")
        after = (inspection["next"] or self._followed.get(_occasion(inspection))) if inspection else None
        following = self._inspections.get(after or "")
        return Similar(hit, tuple(self._answers.get(hit.iri, ())), following, inspection)


def _occasion(inspection: Row) -> tuple[str, ...] | None:
    """What the report of an inspection and the papers that answer it have in common; None where it is not dated."""
    dated = inspection["gss_code"] and (inspection["start"] or inspection["end"])
    keys = ("gss_code", "start", "end", "framework_id")
    return tuple(inspection[key] or "" for key in keys) if dated else None


def plan_of(parsed: ParsedDocument) -> Plan:
    """What was read, as a plan: its recommendations and actions, or, of a plain list, one recommendation a line: an
    officer's own list need not look like any document."""
    extraction = with_plain_list(parsed)
    return Plan(
        tuple(PlannedRecommendation(r.text, r.ref, r.deadline, r.deadline_date) for r in extraction.recommendations),
        tuple(_planned(action) for action in extraction.actions),
        extraction.document.authority,
    )


def with_plain_list(parsed: ParsedDocument) -> Extraction:
    """The extraction, or, where what was read is a plain list, one recommendation for each passage of some length."""
    extraction = parsed.extraction
    if not _is_plain_list(extraction):
        return extraction
    listed = []
    for segment in extraction.segments:
        text = " ".join(parsed.text[segment.start : segment.end].split())
        if len(text.split()) >= (2 if text.endswith((".", ";")) else _SHORTEST):
            quote = parsed.text[segment.start : segment.end]
            evidence = Evidence(segment.start, segment.end, quote, segment.page)
            listed.append(Recommendation(text, evidence, Maker("plain-list", "1", 0.5)))
    return replace(extraction, recommendations=tuple(listed), actions=())


def _is_plain_list(extraction: Extraction) -> bool:
    """Whether lines follow one another without anything that makes a document of them. A line of such a list may read
    like an announcement, and be taken for an action, by chance."""
    if extraction.recommendations or extraction.inspections or extraction.judgements:
        return False
    structure = sum(segment.outcome in {"heading", "lead-in"} for segment in extraction.segments)
    taken = len(extraction.actions) + len(extraction.findings)
    return not extraction.actions or 10 * max(structure, taken) <= len(extraction.segments)


def _planned(action: Action) -> PlannedAction:
    return PlannedAction(
        action.text, action.recommendation, action.timescale, action.date, action.responsible, action.measure
    )


def _described(action: PlannedAction) -> PlanAction:
    graded = grade(
        action.text,
        owners=action.responsible,
        timescale=action.timescale,
        date=action.date,
        measure=action.measure,
    )
    return PlanAction(action.text, action.timescale, action.responsible, graded.lacks, graded, action.measure)
