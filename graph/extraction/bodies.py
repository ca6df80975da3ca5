"""The reviews that a text names: by the inspectorate, by the framework, or as the one before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from graph.dates import PrintedDate, find_dates
from graph.extraction.evidence import collapsed

BODIES: Final = (
    ("Ofsted", r"\bOfsted\b|\bOFSTED\b|Office for Standards in Education|OFFICE FOR STANDARDS IN EDUCATION"),
    ("CSCI", r"Commission for Social Care Inspection|COMMISSION FOR SOCIAL CARE INSPECTION|\bCSCI\b"),
    ("SSI", r"Social Services Inspect(?:orate|ion)\b|SOCIAL SERVICES INSPECTORATE|\bSSI\b"),
    ("Audit Commission", r"Audit Commission(?:[’']s)?\b"),
    ("HMI Probation", r"Inspectorate of Probation|INSPECTORATE OF PROBATION|\bHMI ?Probation\b|\bHMIP\b"),
    ("Care Quality Commission", r"Care Quality Commission|CARE QUALITY COMMISSION|\bCQC\b"),
    ("HMICFRS", r"\bHMICFRS\b|Inspectorate of Constabulary"),
    ("Estyn", r"\bEstyn\b"),
)
FRAMEWORKS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"comprehensive performance assessment|\bCPA\b|\bcorporate assessment\b",
        r"annual performance assessment(?: of [\w’' ]{3,60}services)?|\bAPA\b",
        (
            r"annual children[’']s services (?:assessment|rating)s?|annual (?:assessment|rating)s? of children[’']s "
            r"services"
        ),
        r"comprehensive area assessment|\bCAA\b",
        r"review of health services for (?:children )?looked[- ]after(?: children)?(?: and safeguarding)?",
        r"joint area review|\bJAR\b",
        r"(?:CQC )?(?:local authority )?assessment of (?:the )?(?:[\w’']+ ){0,3}?adult social care(?: services)?",
        r"joint targeted area inspection|\bJTAI\b",
        (
            r"annual review(?: of (?:[\w’']+ ){0,3}performance)?|annual performance (?:review|rating)|"
            r"performance (?:star )?ratings?(?= \d{4})|(?<=\d{4} )performance (?:star )?ratings?"
        ),
        r"inspection of local authority children[’']?s services(?: \(ILACS\))?|\bILACS\b",
        (
            r"(?:single )?inspection of services for children in\sneed\sof\shelp\sand\sprotection"
            r"(?:,?\schildren\slooked "
            r"after and care leavers)?"
        ),
        r"joint (?:local )?area (?:SEND )?inspection|area SEND inspection|local area (?:SEND )?inspection",
        (
            r"(?:Ofsted )?focused visit(?: (?:of|to) (?!\d|(?:early |late )?(?:January|February|March|April|May|June|"
            r"July|August|September|October|November|December)\b)[\w’' ]{3,60}?)?(?=[.,;]| in | on | of |$)"
        ),
        r"(?:Ofsted )?monitoring visit",
        r"joint review",
        r"(?:inspection of )?(?:local authority )?arrangements for the protection of children",
        (
            r"(?:inspection of )?safeguarding and (?:services for )?looked[- ]after children(?:[’']s)?(?: services)?"
            r"(?: inspection)?"
        ),
        r"joint inspection of (?:the )?[\w’' ]{0,30}?youth offending (?:teams?|services?|work)",
        r"inspection of (?:the )?(?:supporting people(?: programme)?|private fostering(?: arrangements)?)",
        (
            r"inspections? of (?:the )?(?:council[’']s )?(?:[\w-]+ )?(?:children[’']s homes?|local education "
            r"authority|LEA)\b"
        ),
        r"inspection of child protection",
        r"enhanced youth inspection",
        r"(?:annual )?(?:performance|star) ratings? (?:for|of) [\w’' ]{4,40}?(?=[.,;]| in | for | \d|$)",
        r"single inspection framework|\bSIF\b",
        (
            r"core case inspection|short quality screening|full joint inspection|thematic inspection|"
            r"inspection of youth offending(?: work| services?)?|youth (?:offending|justice) (?:service |"
            r"work )?inspection"
        ),
        (
            r"unannounced (?:Ofsted )?inspection(?: of [\w,’' ]{3,80}?)?"
            r"(?=[.;(]|,? (?:in|on|took|was|within|which|and was|between|during)\b|$)"
        ),
    )
)
EARLIER: Final = re.compile(
    r"(?i)\b(?:compare[sd] with|previous(?:ly)?|earlier|last|former|initial|preceding|prior|since the|"
    r"(?<!its )(?<!their )(?<!our )first)\b"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A review named at ``text[start:end]``, by its body or its framework; neither where only "the last one"."""

    start: int
    end: int
    body: str | None
    framework: str | None
    earlier: bool


def _within(date: PrintedDate, period: tuple[str, str]) -> bool:
    """Whether a date is that of the main inspection, as exactly as the coarser of the two says."""
    start, end = period
    length = min(len(date.earliest), len(start))
    return start[:length] <= date.earliest[:length] <= end[:length] or start.startswith(date.latest[: len(start)])


def mentions(text: str, main: tuple[str, str] | None = None) -> list[Mention]:
    """The reviews that a sentence names: by a body, by a framework, or as "the previous inspection"."""
    found: list[Mention] = []
    for name, pattern in BODIES:
        found.extend(
            Mention(m.start(), m.end(), name, None, _was_earlier(text, m.start())) for m in re.finditer(pattern, text)
        )
    for framework in FRAMEWORKS:
        found.extend(
            Mention(m.start(), m.end(), None, collapsed(m.group()), _was_earlier(text, m.start()))
            for m in framework.finditer(text)
        )
    for match in re.finditer(
        r"(?i)\b(?:previous|last|earlier|initial|former|preceding|prior)\s+(?:\w+\s+){0,3}?(?:inspection|judge?ment|"
        r"review|assessment|rating|report)s?\b",
        text,
    ):
        found.append(Mention(match.start(), match.end(), None, None, True))
    for match in re.finditer(
        r"(?i)\b(?:this|the(?: overall)?)\s+(?:inspection|judge?ment)\b(?!\s+(?:of the SSI|in \d))", text
    ):
        found.append(Mention(match.start(), match.end(), None, None, False))
    for date in find_dates(text):
        before = text[max(0, date.start - 70) : date.start]
        said = re.search(r"(?i)(?<!than )(?<!as )\b(?:in|since|during|of)\s+(?:\w+\s+)?$", before)
        own = any(0 <= date.start - mention.end <= 45 or 0 <= mention.start - date.end <= 25 for mention in found)
        if said and (not own or EARLIER.search(before)) and not (main and _within(date, main)):
            found.append(Mention(date.start, date.end, None, None, True))
    return sorted(found, key=lambda mention: (mention.start, -mention.end))


def _was_earlier(text: str, at: int) -> bool:
    return bool(re.search(r"(?i)\b(?:previous|last|earlier|initial|former|preceding|prior)\b[^.;,]{0,40}$", text[:at]))


def frameworks_in(text: str) -> frozenset[int]:
    """The frameworks that a text names, by their places in FRAMEWORKS."""
    return frozenset(index for index, pattern in enumerate(FRAMEWORKS) if pattern.search(text))


def body_in(text: str) -> str | None:
    """The inspectorate that a text names; the first of several."""
    places = [(match.start(), name) for name, pattern in BODIES if (match := re.search(pattern, text))]
    if not places:
        return (
            "SSI"
            if re.search(r"(?i)social services inspectorate", text)
            else "Ofsted"
            if re.search(r"(?i)\bofsted\b", text)
            else None
        )
    return min(places)[1]
