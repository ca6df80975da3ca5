"""What is being made of the blocks of an inspection report, and what its readers of sections share."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from graph.model import Block, Finding, ReadDocument, Recommendation, Segment

BOARD: Final = "Local Safeguarding Children Board"


@dataclass(slots=True)
class Taken:
    """What has been made of a document so far."""

    recommendations: list[Recommendation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    absorbed: int = 0
    """Offset up to which the text belongs to the last recommendation."""


@dataclass(frozen=True, slots=True)
class Context:
    document: ReadDocument
    framework: str | None
    board_inspection: int
    after: str | None
    """The publication date: what "by March" is counted from."""
    judged: frozenset[int] = frozenset()
    """Where sentences of prose begin that give a grade."""


LEGAL: Final = re.compile(
    r"(?i)open government licence|enquiries@|crown copyright|ofsted\) regulates and inspects|(?:to|"
    r"our) (?:our )?monthly newsletter|"
    r"large print or braille|^[^.]*\b(?:inspection|review|visit)\b[^.]*carried out under section \d+|"
    r"under its power to|raising concerns and making complaints"
    r"|this (?:publication|report) is available at|textphone|^I am (?:copying|sending|writing)|^ofsted will\b|^I "
    r"(?:would like|"
    r"look forward)"
    r"|^(?:a copy of )?this letter (?:will be|is being|has been) (?:published|copied|sent)|^thank you\b|"
    r"^please (?:pass|accept)"
    r"|^any (?:areas?|priority actions?|matters)\b[^.]{0,60} (?:identified|raised) (?:above|in this letter)"
    r"|^this is an overview of what\b|^please contact the provider\b|^the intended outcomes? for these standards\b"
    r"|^this section sets out the actions which must\b|^these recommendations relate to\b"
    r"|^to improve the quality and standards of care further\b"
    r"|grade is the performance rating for the purpose|^we are grateful|^we confirm that"
)


_NUMBER: Final = re.compile(r"^\(?(?P<ref>\d{1,3}(?:\.\d{1,3})*|[a-z]|[ivx]+)[.)]?$")


def ref_of(marker: str | None) -> str | None:
    match = _NUMBER.match(marker) if marker else None
    return match["ref"] if match else None


def note_segment(taken: Taken, block: Block, outcome: str, reason: str, rule: str) -> None:
    taken.segments.append(Segment(block.start, block.end, outcome, reason, rule, block.page))
