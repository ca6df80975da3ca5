"""Extraction: a document as read in, its items with their evidence out. Pure; no file is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graph.authorities import Authority, Register
from graph.extraction.facts import METADATA_FIELDS, metadata_authority, valid_kind
from graph.extraction.grades import framework_id
from graph.extraction.kinds import is_inspection_report
from graph.model import DocumentFacts, Extraction, Inspection, ReadDocument

__all__ = ["extract"]


def extract(document: ReadDocument, register: Register, metadata: Mapping[str, str] | None = None) -> Extraction:
    """All items of one document.

    metadata: what the operator says of the file (columns of the metadata file, empty values ignored); it wins over
    what was read, and ``DocumentFacts.from_metadata`` names the fields that it set.
    """
    # their patterns take most of a second to compile, which a process that extracts nothing does without
    from graph.extraction.committee import extract_committee
    from graph.extraction.report import extract_report

    given = {key: value.strip() for key, value in (metadata or {}).items() if value and value.strip()}
    report = (
        given["kind"] == "inspection-report" if valid_kind(given.get("kind", "")) else is_inspection_report(document)
    )
    extraction = extract_report(document, register) if report else extract_committee(document, register)
    return _with_metadata(extraction, given, register) if given else extraction


def _with_metadata(extraction: Extraction, given: Mapping[str, str], register: Register) -> Extraction:
    facts, named = extraction.document, metadata_authority(given, register)
    values = {key: given[key] for key in METADATA_FIELDS if key in given}
    if not valid_kind(values.get("kind", "")):
        values.pop("kind", None)
    if named is not None:
        values |= {"authority": named.name, "gss_code": named.gss_code}
    if "published" in values:
        values["published_from"] = "metadata"
    fields = tuple(sorted(values.keys() - {"published_from"}))
    document: DocumentFacts = replace(facts, from_metadata=fields, **values)  # type: ignore[arg-type]
    inspections = tuple(
        _restated(inspection, index, given, named) for index, inspection in enumerate(extraction.inspections)
    )
    return replace(extraction, document=document, inspections=inspections)


def _restated(inspection: Inspection, index: int, given: Mapping[str, str], named: Authority | None) -> Inspection:
    if named is not None:
        inspection = replace(inspection, authority=named.name, gss_code=named.gss_code)
    if index == 0 and "framework" in given:
        inspection = replace(
            inspection, framework=given["framework"], framework_id=framework_id(given["framework"], inspection.start)
        )
    return inspection
