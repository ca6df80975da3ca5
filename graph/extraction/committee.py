"""Council papers: committee reports, annual review letters, action plans, minutes. From the document as read to its
extraction."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from graph.abbreviations import expand, find_abbreviations
from graph.authorities import Register
from graph.extraction.council_facts import (
    authority_of,
    committee_of,
    council_kind,
    front_of,
    published_of,
    publisher_of,
    title_of,
)
from graph.extraction.discourse import ProseReader
from graph.extraction.plan import PlanItems, plan_items
from graph.extraction.reviews import ReviewTeller, Told
from graph.extraction.version import EXTRACTOR_VERSION
from graph.model import Abbreviation, Action, DocumentFacts, Extraction, ReadDocument, Recommendation, Segment


def extract_committee(document: ReadDocument, register: Register) -> Extraction:
    """Everything that a council's paper says of an inspection and of what is done about it."""
    plan = plan_items(document)
    front = front_of(document, plan.used)
    share = _share(document, plan)
    kind = council_kind(document, share)
    published = published_of(document, front, kind)
    if published is not None:
        plan = plan_items(document, published)
    title = title_of(document, front)
    authority = authority_of(document, front, register, published)
    teller = ReviewTeller(document, authority, published, title)
    blocks = [block for index, block in enumerate(document.blocks) if index not in plan.used or block.table is not None]
    told = teller.tell(blocks, answered=bool(plan.recommendations), plans=plan.used)
    prose = ProseReader(
        document,
        told.spans,
        published,
        letter=kind == "review-letter",
        minutes=kind == "minutes",
        skip=plan.used,
        title=title,
    )
    prose.read()
    if not told.inspections and (prose.findings or prose.recommendations):
        again = ReviewTeller(document, authority, published, title)
        told = again.tell(blocks, answered=True, plans=plan.used)
    facts = DocumentFacts(
        title=title or document.source.name,
        kind=kind,
        published=published,
        published_from="text" if published else None,
        publisher=publisher_of(document, kind, authority, register, published),
        authority=authority.name if authority else None,
        gss_code=authority.gss_code if authority else None,
        committee=committee_of(front),
        meeting_date=published if kind == "committee-report" else None,
    )
    abbreviations = find_abbreviations(document)
    return _put_together(document, facts, told, plan, prose, abbreviations)


def _put_together(
    document: ReadDocument,
    facts: DocumentFacts,
    told: Told,
    plan: PlanItems,
    prose: ProseReader,
    abbreviations: tuple[Abbreviation, ...],
) -> Extraction:
    recommendations, position = _merged(plan.recommendations, prose.recommendations)
    actions = [
        replace(action, recommendation=position[id(plan.recommendations[action.recommendation])])
        if action.recommendation is not None
        else replace(action, recommendation=_of_number(recommendations, plan.answers.get(place)))
        for place, action in enumerate(plan.actions)
    ]
    for action, answered in zip(prose.actions, prose.answers, strict=True):
        if isinstance(answered, int):
            answer = replace(action, recommendation=position[id(prose.recommendations[answered])])
        else:
            answer = replace(action, recommendation=_of_number(recommendations, answered))
        actions.append(answer)
    named = [_with_names(action, abbreviations) for action in sorted(actions, key=lambda a: a.evidence.start)]
    return Extraction(
        source=document.source,
        document=facts,
        inspections=told.inspections,
        judgements=told.judgements,
        findings=tuple(sorted(prose.findings, key=lambda f: f.evidence.start)),
        recommendations=tuple(recommendations),
        actions=tuple(named),
        abbreviations=abbreviations,
        segments=_segments(plan.segments, prose.segments),
        text_sha256=hashlib.sha256(document.text.encode()).hexdigest(),
        page_count=len(document.pages),
        extractor_version=EXTRACTOR_VERSION,
        warnings=document.warnings,
    )


def _merged(
    planned: Sequence[Recommendation], told: Sequence[Recommendation]
) -> tuple[list[Recommendation], dict[int, int]]:
    """All recommendations in reading order, one that the paper prints twice (in its text and in its plan) once; and the
    place of each by its identity."""
    kept: list[Recommendation] = []
    position: dict[int, int] = {}
    for item in sorted((*planned, *told), key=lambda item: item.evidence.start):
        twin = next((index for index, known in enumerate(kept) if _same_words(known.text, item.text)), None)
        if twin is not None and any(item is own for own in planned) != (kept[twin].made_by.name.startswith("plan.")):
            known = kept[twin]
            by_plan = item if any(item is own for own in planned) else known
            ref = by_plan.ref or known.ref or item.ref
            kept[twin] = replace(known, ref=ref, deadline=known.deadline or item.deadline)
            position[id(item)] = twin
        else:
            position[id(item)] = len(kept)
            kept.append(item)
    return kept, position


def _of_number(recommendations: Sequence[Recommendation], ref: str | None) -> int | None:
    """The only recommendation of this number."""
    found = [index for index, known in enumerate(recommendations) if ref is not None and known.ref == ref]
    return found[0] if len(found) == 1 else None


def _same_words(left: str, right: str) -> bool:
    a, b = (re.findall(r"\w+", text.casefold()) for text in (left, right))
    shared = sum((Counter(a) & Counter(b)).values())
    return len(a) >= 3 and 2 * shared >= 0.9 * (len(a) + len(b))


def _with_names(action: Action, abbreviations: tuple[Abbreviation, ...]) -> Action:
    names = tuple(expand(owner, abbreviations) for owner in action.responsible)
    return replace(action, responsible_names=names) if any(names) else action


def _segments(*lists: Sequence[Segment]) -> tuple[Segment, ...]:
    """One segment a block; where two readers speak of one, the first does."""
    chosen: dict[int, Segment] = {}
    for segments in lists:
        for segment in segments:
            chosen.setdefault(segment.start, segment)
    return tuple(chosen[start] for start in sorted(chosen))


def _share(document: ReadDocument, plan: PlanItems) -> float:
    """How much of the text stands in plan tables and the labels of plans."""
    length = sum(document.blocks[index].end - document.blocks[index].start for index in plan.used)
    return length / max(1, len(document.text))
