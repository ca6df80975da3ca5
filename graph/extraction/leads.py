"""What the sentence that introduces a list says of its items, where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from graph.extraction.answers import named_number
from graph.extraction.modes import (
    DECIDING,
    LEAD_ACTION,
    LEAD_EXPECTED,
    LEAD_IMPROVE,
    LEAD_METHOD,
    LEAD_STRENGTH,
    LEAD_WEAK,
    OFFICER_SAID,
    REPORTED,
    STATEMENT_ASKED,
    WHEN_TO_ACT,
    Mode,
    leaning_of,
    mode_of_heading,
    mode_said,
)
from graph.extraction.reported import strongly_reported

_ASKED = re.compile(
    r"(?i)\b(?:we|council|authority|service|department|partners)\b[^.:]{0,40}\b(?:have|has|had|were|was|are|"
    r"is) (?:also )?(?:been )?(?:asked|told|"
    r"required|advised|urged) to\b"
)
#: "The three that were for immediate action were:" goes on about what the sentence before named.
_SOME_OF_THEM = re.compile(
    r"(?i)(?:the|those|these) (?:\w+ )?(?:that|which|for|most|main|key|first|principal)\b[^.;]{0,60}\b(?:are|were)\W*$"
)

#: Those whom inspectors and councils ask are no inspectors.
_OTHERS_SAID = re.compile(
    r"(?i)^(?:what )?(?:the |our |some |many |most |these )?"
    r"(?:parents|families|carers|children|young people|residents|people|service users|staff|"
    r"members of staff|they)(?: (?:and|or) (?:parents|families|carers|children|young people|"
    r"their families))?(?: (?:also|often|then))? (?:said|told us|say|tell us|wrote|asked for|asked us)\b[^:]{0,60}:$"
)

#: In an inspectorate's letter: "You have told me what has been done".
_TOLD_WHAT_IS_DONE = re.compile(
    r"(?i)\byou (?:have )?(?:told|assured|informed|advised|written to) (?:me|us)\b[^.]{0,40}\b(?:done|planned|action)"
)

#: "In the letter:", "From the inspectors' report:".
_ONLY_A_SOURCE = re.compile(
    r"(?i)(?:(?:in|from) )?(?:the |its |their )?(?:[\w-]+[’']s? )?(?:(?:final |published )?letter|"
    r"(?:inspection |inspectors[’'] |ofsted |csci |published )report|inspectors?|"
    r"(?:verbal )?feedback)(?: says?| said| again)?\s*:$"
)


@dataclass
class Place:
    """Where the reading stands: the heading above, what it makes of what follows, and the list that was introduced."""

    section: str | None = None
    mode: Mode | None = None
    level: float = 0
    """Of the heading that gave ``mode``: deeper ones that say nothing leave it."""
    list_mode: Mode | None = None
    list_marker: str | None = None
    lead_marker: str | None = None
    """The marker of the paragraph that introduced the list, where it has one."""
    list_stem: str | None = None
    """The number of the paragraph that introduced the list, where its items are numbered below it: 3.4.1 below 3.4."""
    list_beside: bool = False
    """Whether its items are numbered like that paragraph itself: 4.4 to 4.7 after 4.3."""
    in_list: bool = False
    """Whether the last block was of the list; who was named there still speaks."""
    last_mode: Mode | None = None
    reporter: bool = False
    deadline: str | None = None
    listed: bool = False
    listed_finding: bool = False
    announced: bool = False
    """Whether a sentence of this paragraph said that findings follow in those after it."""
    spoken: bool = False
    """Whether this paragraph gives what somebody of the council said, in quotation marks."""
    replied: bool = False
    """Whether in this paragraph of minutes an officer answers."""
    answering: bool = False
    """Whether the paper said here that it gives each area with what is done about it."""
    answers: str | int | None = None
    """What the sentence at hand answers: a recommendation's number, or its place among those read in prose."""
    asked: str | int | None = None
    """What was asked for above, by its number or its place: "Recommendation 2: ...", "For Recommendation 2:". What
    follows answers it."""


def mode_of_lead(lead: str, before: str, place: Place, *, minutes: bool, told_of: bool) -> Mode | None:
    """What the items of a list are, by the sentence that introduces it and the one ``before``. ``told_of``: what stands
    here is told of an inspection, whatever the lead says."""
    if LEAD_EXPECTED.search(lead) or (minutes and OFFICER_SAID.match(lead)):
        return "method"
    if _OTHERS_SAID.match(lead) and not place.reporter and not told_of and not REPORTED.search(before):
        return "method"
    if DECIDING.search(lead) and not strongly_reported(lead):
        return "decision"
    if place.mode == "actions" and len(lead.split()) <= 6 and named_number(lead) is not None:
        return "actions"  # "For Recommendation 2:"
    if WHEN_TO_ACT.match(lead) and LEAD_IMPROVE.search(lead):
        return "improvement"  # "Within three months the council must:"
    if leaning_of(lead) == "actions" and not LEAD_IMPROVE.search(lead):
        return "actions"
    if STATEMENT_ASKED.search(f"{before} {lead}"):
        return "improvement"
    headed = mode_of_heading(lead.rstrip(" :-"), decides=lambda: False) if len(lead.split()) <= 9 else None
    if headed == "strengths" and LEAD_IMPROVE.search(lead):
        headed = None  # "good practice recommendations"
    if (
        place.list_mode is not None
        and place.list_mode != "method"
        and len(lead.split()) <= 9
        and (headed is None or WHEN_TO_ACT.search(lead))
        and not any(p.search(lead) for p in (LEAD_IMPROVE, LEAD_STRENGTH, LEAD_WEAK))
    ):
        return place.list_mode
    if headed not in (None, "aside", "actions", "decision"):
        return headed
    neutral = (len(lead.split()) <= 6 or _SOME_OF_THEM.match(lead) is not None) and not any(
        p.search(lead) for p in (LEAD_IMPROVE, LEAD_STRENGTH, LEAD_WEAK)
    )
    if neutral and re.search(r"(?i)\b(?:these|this|they|the following|include|included)\b", lead):
        if (said := mode_said(before)) is not None and place.mode != "decision":
            return said
        if (known := place.last_mode or place.mode) is not None or not REPORTED.search(lead):
            return known
    if told_of and _TOLD_WHAT_IS_DONE.search(f"{before} {lead}"):
        return "actions"
    if _ONLY_A_SOURCE.match(lead):
        return "findings"
    scope = f"{before} {lead}" if neutral else lead
    reported = (
        bool(REPORTED.search(lead) or REPORTED.search(before))
        or place.reporter
        or told_of
        or _ASKED.search(lead) is not None
        or lead[:1].islower()  # goes on with the sentence before the list above
        or re.search(r"(?i)\b(?:recommendation|requirement)s? (?:was|were|have been|has been) made\b", lead) is not None
        or place.mode in ("findings", "strengths", "improvement", "recommendations")
    )
    improve, weak, strong = LEAD_IMPROVE.search(scope), LEAD_WEAK.search(scope), LEAD_STRENGTH.search(scope)
    if reported and improve:
        return "recommendations" if re.search(r"(?i)recommend", scope) else "improvement"
    if reported and weak and not (strong and strong.end() > weak.end()):
        return "weaknesses"
    if reported and strong:
        return "strengths"
    if LEAD_METHOD.search(lead) and not re.search(r"(?i)\bfound (?:that|the)\b|\bcomments:", lead):
        return "method"
    if reported and re.search(
        r"(?i)\b(?:found|reasons|notes?|noted|comments?|commented|says?|said|writes?|wrote|states?|stated|"
        r"concludes?|"
        r"concluded|findings?|passages|extracts)\b",
        lead,
    ):
        return "findings"
    if reported and (leaning := leaning_of(lead)) is not None:
        return leaning
    if place.mode in ("strengths", "improvement", "recommendations", "weaknesses", "findings", "actions"):
        return place.mode
    if LEAD_ACTION.search(lead) and not LEAD_METHOD.search(lead):
        return "actions"
    return None
