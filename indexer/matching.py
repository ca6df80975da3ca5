"""A draft plan or a list of recommendations held against a release: what others were told, did, and what followed.

Nothing of the plan is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from graph.ingest import ParsedDocument
from graph.model import Action, Evidence, Extraction, Maker, Recommendation
from indexer.search import Filters, Hit, Searcher, SearchRequest
from indexer.tables import Row, read_rows

#: A paragraph shorter than this, in words, is no recommendation of a plain list.
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class PlanAction:
    """An action of the plan and what it lacks: any of "owner", "date"."""

    text: str
    timescale: str | None
    responsible: tuple[str, ...]
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Similar:
    """A recommendation elsewhere. ``actions`` are rows of ``items`` that answer it; ``next_inspection`` the row of its
    authority's next inspection of the same family, None where there was none."""

    hit: Hit
    actions: tuple[Row, ...]
    next_inspection: Row | None


@dataclass(frozen=True, slots=True)
class Match:
    """``ref`` as printed in the plan. ``similar`` is best first and empty where nothing close was found."""

    ref: str | None
    text: str
    actions: tuple[PlanAction, ...]
    similar: tuple[Similar, ...]


@dataclass(frozen=True, slots=True)
class PlanMatches:
    """``unanswering``: actions of the plan that answer none of its recommendations."""

    authority: str | None
    matches: tuple[Match, ...]
    unanswering: tuple[PlanAction, ...]


class PlanMatcher:
    """Matches plans against one release; safe to share between threads."""

    def __init__(self, searcher: Searcher, tables: Path) -> None:
        self._searcher = searcher
        self._answers: dict[str, list[Row]] = defaultdict(list)
        for row in read_rows(tables, "items"):
            if row["answers"]:
                self._answers[row["answers"]].append(row)
        self._inspections: Mapping[str, Row] = {row["iri"]: row for row in read_rows(tables, "inspections")}

    def match(self, extraction: Extraction, limit: int = 5) -> PlanMatches:
        """Every recommendation of the plan with at most ``limit`` similar ones of other authorities."""
        own = extraction.document.authority
        matches = []
        for index, recommendation in enumerate(extraction.recommendations):
            actions = tuple(_described(a) for a in extraction.actions if a.recommendation == index)
            similar = self.similar(recommendation.text, own, limit)
            matches.append(Match(recommendation.ref, recommendation.text, actions, similar))
        unanswering = tuple(_described(a) for a in extraction.actions if a.recommendation is None)
        return PlanMatches(own, tuple(matches), unanswering)

    def similar(self, text: str, own: str | None, limit: int) -> tuple[Similar, ...]:
        """Recommendations elsewhere like ``text``; () where nothing is close."""
        filters = Filters(kinds=("recommendation",), exclude_authorities=(own,) if own else ())
        response = self._searcher.search(SearchRequest(text, filters, limit=limit, facets=False))
        return tuple(self._with_outcome(hit) for hit in response.hits) if response.close else ()

    def _with_outcome(self, hit: Hit) -> Similar:
        inspection = self._inspections.get(hit.inspection or "")
        following = self._inspections.get(inspection["next"] or "") if inspection else None
        return Similar(hit, tuple(self._answers.get(hit.iri, ())), following)


def with_plain_list(parsed: ParsedDocument) -> Extraction:
    """The extraction, or, where it holds neither recommendations nor actions, one recommendation for each passage of
    some length: an officer's own list need not look like any document."""
    extraction = parsed.extraction
    if extraction.recommendations or extraction.actions:
        return extraction
    listed = []
    for segment in extraction.segments:
        text = " ".join(parsed.text[segment.start : segment.end].split())
        if len(text.split()) >= _SHORTEST:
            quote = parsed.text[segment.start : segment.end]
            evidence = Evidence(segment.start, segment.end, quote, segment.page)
            listed.append(Recommendation(text, evidence, Maker("plain-list", "1", 0.5)))
    return replace(extraction, recommendations=tuple(listed))


def _described(action: Action) -> PlanAction:
    lacks = [*(["owner"] if not action.responsible else []), *(["date"] if not action.timescale else [])]
    return PlanAction(action.text, action.timescale, action.responsible, tuple(lacks))
