"""From extractions to the rows of the release tables, with what a filter or a result line needs of the surroundings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from graph.authorities import Register
from graph.iris import DocumentIris
from graph.model import Action, Evidence, Extraction, Finding, Inspection, Judgement, Recommendation
from indexer.build_memory import BuildMemory
from indexer.kept import Kept
from indexer.tables import Row

#: The judgement that stands for the whole inspection: the first of these areas that was judged.
OVERALL_AREAS = ("overall-effectiveness", "send-outcome", "serving-people", "star-rating")

#: Inspections follow one another within a family: a SEND inspection is no successor of one of social care.
_FAMILIES = {"area-send-2016": "send", "area-send-2023": "send", "lscb-review": "lscb", "hmip-yot": "yot", "cpa": "cpa"}


@dataclass(frozen=True, slots=True)
class Known:
    """A document of the release: what was extracted and the IRIs that its parts have."""

    extraction: Extraction
    iris: DocumentIris


def rows_of(documents: Iterable[Known], register: Register, memory: BuildMemory | None = None) -> dict[str, Kept[Row]]:
    """Rows of ``documents``, ``inspections``, ``judgements`` and ``items``, in document order; no themes as yet.
    ``memory``: where the items are kept."""
    about: list[Row] = []
    inspections: list[Row] = []
    judgements: list[Row] = []

    def items() -> Iterator[Row]:
        for known in documents:
            about.append(_document(known))
            inspections.extend(_inspections(known))
            judgements.extend(_judgements(known))
            yield from _items(known, register)

    kept = Kept(items(), memory)
    chain_inspections(inspections, {row["iri"]: row for row in about})
    return {
        "documents": Kept(about),
        "inspections": Kept(inspections),
        "judgements": Kept(judgements),
        "items": kept,
    }


def year_of(*dates: str | None) -> int | None:
    """The first year that any of these EDTF dates states."""
    for date in dates:
        for part in (date or "").split("/"):
            if part[:4].isdigit():
                return int(part[:4])
    return None


def _document(known: Known) -> Row:
    facts, source = known.extraction.document, known.extraction.source
    main = known.extraction.inspections[0] if known.extraction.inspections else None
    return {
        "iri": known.iris.document,
        "id": _last(known.iris.document),
        "file": source.name,
        "sha256": source.sha256,
        "media_type": source.media_type,
        "title": facts.title,
        "kind": facts.kind,
        "published": facts.published,
        "year": year_of(facts.published, *((main.end, main.start) if main else ())),
        "publisher": facts.publisher,
        "authority": facts.authority,
        "gss_code": facts.gss_code,
        "pages": known.extraction.page_count or None,
        "url": facts.url,
        "licence": facts.licence,
    }


def _inspections(known: Known) -> Iterable[Row]:
    extraction = known.extraction
    for position, inspection in enumerate(extraction.inspections):
        yield {
            "iri": known.iris.inspections[position],
            "id": _last(known.iris.inspections[position]),
            "document": known.iris.document,
            "position": position,
            "inspectorate": inspection.inspectorate,
            "framework": inspection.framework,
            "framework_id": inspection.framework_id,
            "authority": inspection.authority or extraction.document.authority,
            "gss_code": inspection.gss_code or extraction.document.gss_code,
            "start": inspection.start,
            "end": inspection.end,
            "lead_inspector": inspection.lead_inspector,
            "overall_grade": overall_grade(extraction, position),
            "year": year_of(inspection.end, inspection.start, extraction.document.published if not position else None),
        }


def overall_grade(extraction: Extraction, inspection: int) -> str | None:
    """Concept id of the judgement that stands for the whole inspection; None where the framework gives none."""
    grades = {
        judgement.area_concept: judgement.grade_concept
        for judgement in reversed(extraction.judgements)
        if judgement.inspection == inspection and judgement.grade_concept
    }
    return next((grades[area] for area in OVERALL_AREAS if area in grades), None)


def _judgements(known: Known) -> Iterable[Row]:
    for iri, judgement in zip(known.iris.judgements, known.extraction.judgements, strict=True):
        evidence = judgement.evidence
        yield {
            "iri": iri,
            "id": _last(iri),
            "document": known.iris.document,
            "inspection": _inspection_iri(known, judgement),
            "area": judgement.area,
            "grade": judgement.grade,
            "area_concept": judgement.area_concept,
            "grade_concept": judgement.grade_concept,
            "page": evidence and evidence.page,
            "start": evidence and evidence.start,
            "end": evidence and evidence.end,
        }


def _items(known: Known, register: Register) -> Iterable[Row]:
    extraction, iris = known.extraction, known.iris
    surroundings = [_surroundings(known, register, index) for index in range(max(1, len(extraction.inspections)))]
    for iri, finding in zip(iris.findings, extraction.findings, strict=True):
        yield _item(iri, "finding", finding, finding.evidence, surroundings[finding.inspection]) | {
            "ref": finding.number,
            "polarity": finding.polarity,
        }
    for iri, recommendation in zip(iris.recommendations, extraction.recommendations, strict=True):
        yield _item(
            iri, "recommendation", recommendation, recommendation.evidence, surroundings[recommendation.inspection]
        ) | {
            "ref": recommendation.ref,
            "timescale": recommendation.deadline,
            "date": recommendation.deadline_date,
            "responsible": list(recommendation.addressed_to),
        }
    for iri, action in zip(iris.actions, extraction.actions, strict=True):
        answered = None if action.recommendation is None else extraction.recommendations[action.recommendation]
        latest = action.statuses[-1] if action.statuses else None
        yield _item(iri, "action", action, action.evidence, surroundings[action.inspection]) | {
            "ref": answered and answered.ref,
            "timescale": action.timescale,
            "date": action.date,
            "responsible": list(action.responsible),
            "status": latest and (latest.status or latest.printed),
            "measure": action.measure,
            "answers": None if action.recommendation is None else iris.recommendations[action.recommendation],
        }


def _item(iri: str, kind: str, item: Finding | Recommendation | Action, evidence: Evidence, surroundings: Row) -> Row:
    return {
        "iri": iri,
        "id": _last(iri),
        "kind": kind,
        "text": item.text,
        "section": item.section,
        "page": evidence.page,
        "start": evidence.start,
        "end": evidence.end,
        "responsible": [],
        "themes": [],
        "rule": item.made_by.name,
        "score": item.made_by.score,
        **surroundings,
    }


def _surroundings(known: Known, register: Register, position: int) -> Row:
    extraction = known.extraction
    facts = extraction.document
    inspection: Inspection | None = extraction.inspections[position] if extraction.inspections else None
    gss_code = (inspection and inspection.gss_code) or facts.gss_code
    authority = register.by_gss(gss_code) if gss_code else None
    return {
        "document": known.iris.document,
        "file": extraction.source.name,
        "inspection": known.iris.inspections[position] if inspection else None,
        "authority": (inspection and inspection.authority) or facts.authority,
        "gss_code": gss_code,
        "region": authority and authority.region,
        "authority_type": authority and authority.type,
        "inspectorate": inspection and inspection.inspectorate,
        "framework_id": inspection and inspection.framework_id,
        "grade": overall_grade(extraction, position),
        "published": facts.published,
        "year": year_of(facts.published, *((inspection.end, inspection.start) if inspection else ())),
    }


def _inspection_iri(known: Known, judgement: Judgement) -> str | None:
    return known.iris.inspections[judgement.inspection] if known.iris.inspections else None


def chain_inspections(inspections: Sequence[Row], documents: Mapping[str, Row]) -> None:
    """Fill ``previous`` and ``next``: reported main inspections of one authority and family, in order of time.

    The chain runs through inspection reports alone: a council's answer names an inspection, it does not report one.
    Order: end, else start, else publication; ties by IRI.
    """
    chains: dict[tuple[str, str], list[tuple[str, str, Any]]] = defaultdict(list)
    for row in inspections:
        row["previous"] = row["next"] = None
        document = documents[row["document"]]
        when = row["end"] or row["start"] or document["published"]
        if row["position"] == 0 and document["kind"] == "inspection-report" and row["gss_code"] and when:
            chains[row["gss_code"], family_of(row["framework_id"])].append((when, row["iri"], row))
    for chain in chains.values():
        ordered = [row for _, _, row in sorted(chain, key=lambda entry: entry[:2])]
        for earlier, later in pairwise(ordered):
            earlier["next"], later["previous"] = later["iri"], earlier["iri"]


def family_of(framework_id: str | None) -> str:
    """Frameworks of one family look at the same things: what one found can be looked for in the next."""
    return _FAMILIES.get(framework_id or "", "children")


def _last(iri: str) -> str:
    return iri.rsplit("/", 1)[-1]
