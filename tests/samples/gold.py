"""What a sample document says, as an annotator would write it down."""

from __future__ import annotations

from typing import Any

from tests.samples.councils import councils
from tests.samples.markup import SampleDocument, Unit
from tests.samples.stock import outcome

Gold = dict[str, Any]


def gold(document: SampleDocument) -> Gold:
    """Title, kind and so on, inspections, judgements, findings, recommendations and actions, in reading order.

    Texts are as printed, without bullets and numbers, words that a line end broke joined. An entry with "optional"
    counts neither for nor against; keys that end in "_alt" hold further right answers.
    """
    authority = _authority(document)
    facts: Gold = {}
    for key in ("title", "kind", "published", "publisher"):
        _put(facts, key, document.value(key))
    facts["authority"] = authority
    return {
        "file": document.file,
        "document": facts,
        "inspections": [_inspection(value, authority) for value in document.head.get("inspection", [])],
        "judgements": _judgements(document),
        "findings": [_finding(unit) for unit in document.units() if unit.role == "finding"],
        "recommendations": [_recommendation(unit) for unit in document.units() if unit.role == "recommendation"],
        "actions": [_action(unit) for unit in document.units() if unit.role == "action"],
    }


def _authority(document: SampleDocument) -> str | None:
    key = document.value("council")
    return councils()[key].name if key else None


def _put(entry: Gold, key: str, value: str) -> None:
    """A value with its further right answers, which the text file sets off with a tilde."""
    first, *others = (part.strip() for part in value.split(" ~ "))
    entry[key] = first if first not in ("", "-") else None
    if others:
        entry[f"{key}_alt"] = [other if other != "-" else None for other in others]


def _inspection(value: str, authority: str | None) -> Gold:
    entry: Gold = {"authority": authority}
    cells = [cell.strip() for cell in value.split("||")] + [""] * 5
    for key, cell in zip(("inspectorate", "framework", "start", "end", "lead_inspector"), cells, strict=False):
        _put(entry, key, cell)
    return entry


def _judgements(document: SampleDocument) -> list[Gold]:
    found = [
        _judgement(key, value)
        for key, values in document.head.items()
        if key.startswith("judgement")
        for value in values
    ]
    if document.value("outcome"):
        areas = ["Overall effectiveness", "Overall outcome", "Outcome"]
        found.insert(0, {"area": "Inspection outcome", "grade": outcome(document.value("outcome")), "area_alt": areas})
    return found


def _judgement(key: str, value: str) -> Gold:
    entry: Gold = {}
    area, _, grade = value.partition("||")
    _put(entry, "area", area.strip())
    _put(entry, "grade", grade.strip())
    number = key.removeprefix("judgement").strip()
    if number:
        entry["inspection"] = int(number)
    return entry


def _finding(unit: Unit) -> Gold:
    return _marked(unit, {"text": unit.text, "polarity": unit.polarity, "section": unit.section})


def _recommendation(unit: Unit) -> Gold:
    return _marked(unit, {"ref": unit.ref, "text": unit.text, "themes": list(unit.themes)})


def _action(unit: Unit) -> Gold:
    entry: Gold = {"ref": unit.ref, "text": unit.text, "timescale": unit.timescale}
    _put(entry, "date", unit.date or "")
    return _marked(unit, entry | {"responsible": list(unit.owners)})


def _marked(unit: Unit, entry: Gold) -> Gold:
    return entry | {"optional": True} if unit.optional else entry
