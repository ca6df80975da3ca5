"""Whether a document is an inspectorate's own report or a council's paper about one."""

from __future__ import annotations

import re
from typing import Final

from graph.extraction.evidence import collapsed
from graph.model import ReadDocument

_LETTERHEAD: Final = (
    r"(?:(?:hm|her majesty[’']s|his majesty[’']s) inspectorate of \w+(?:, \w+ \d{4})?|ofsted|office for standards in "
    r"education(?:, children[’']s services and skills)?(?: \(ofsted\))?|commission for social care inspection(?: "
    r"\(csci\))?|social services inspectorate(?: \(ssi\))?|care quality commission(?: \(cqc\))?|better education and "
    r"care)"
)
"""An inspectorate's name on a line of its own."""
_REPORT: Final = (
    (2, r"(?:inspection|visit) dates?\s*:|dates? of (?:the )?inspection\s*:"),
    (2, r"(?:lead|reporting) inspectors?\s*:?\s+[A-Z]|lead inspector:|inspection team"),
    (
        2,
        (
            r"^(?:re-?)?inspection of |^area send (?:full )?inspection|^(?:focused"
            r"|monitoring) visit|^joint (?:targeted "
            r")?(?:local )?area|^.{0,60}\binspection of (?:services for|local authority|children)"
        ),
    ),
    (
        2,
        (
            r"^(?:an? )?(?:(?:full joint|core case|thematic|short quality) )?inspection of (?:the )?youth "
            r"(?:offending|justice)|^(?:a )?review of health services for|"
            r"^annual performance assessment"
            r"|^(?:annual )?(?:un)?announced inspection of|^safeguarding and looked after"
        ),
    ),
    (1, r"© ?crown copyright"),
    (2, rf"^(?:the )?{_LETTERHEAD}$"),
    (
        3,
        r"^report (?:of|on) (?:an? |the )?(?:short quality screening|(?:(?:full )?joint |core case )?inspection)",
    ),
    (2, r"\bwe (?:judged|rated|graded|recommend that|found that|have made (?:\w+ )?recommendations)\b"),
    (
        2,
        (
            r"\b(?:conducted|carried out|undertaken)\b.{0,60}\b(?:under|by) section \d+ of the "
            r"(?:children|education|social)"
        ),
    ),
    (2, r"\bCQC inspectors?\s*:|\bwe are (?:hm|his majesty|her majesty)"),
    (4, r"^(?:(?:her|his) majesty[’']s inspector|s?hmi)(?:,? ofsted)?$"),
    (2, r"regulates and inspects to achieve excellence|hmci requires|we are publishing this|open government licence"),
    (
        1,
        (
            r"what (?:does .{3,40} )?needs? to improve\??$|areas? for priority action|^inspection outcome$|^overall "
            r"effectiveness$"
        ),
    ),
    (1, r"report published\s*:"),
    (3, r"^how we assess local authorities$|^local authority rating and quality statement scores$"),
    (
        4,
        (
            r"letter (?:to .{0,60} )?(?:outlines|sets out|contains|summarises) (?:our|the) findings\b|"
            r"ofsted and the care quality commission .{0,40}conducted a joint inspection|"
            r"^between\b.{0,60}\bofsted\b.{0,120}\b(?:conducted|carried out|undertook|revisited)\b"
        ),
    ),
    (1, r"^(?:the )?experiences and progress of "),
)
_PAPER: Final = (
    (
        3,
        (
            r"^report (?:of|by|from|to)\b(?! (?:an? |the )?(?:short|full|joint|core|thematic|inspection))|"
            r"report (?:of|by) (?:the )?(?:\w+ ){0,3}director|report author"
        ),
    ),
    (
        3,
        (
            r"\b(?:cabinet|executive|council|committee|scrutiny|panel|board)\b.{0,60}\b(?:is|are) (?:recommended|asked"
            r"|requested|invited) to"
        ),
    ),
    (
        2,
        (
            r"agenda item|wards? affected|return to agenda|key decision|divisions?(?:\(s\))?:|background papers"
            r"|financial (?:and \w+ )?implications|legal implications"
        ),
    ),
    (2, r"^(?:author|report author|title|report title|subject|contact(?: officer)?|portfolio holder|wards?)\s*:"),
    (2, r"^[^.]{0,80}\b(?:health and wellbeing board|scrutiny (?:panel|board|commission)|cabinet|select committee)$"),
    (2, r"^.{0,80}\bimprovement board$"),
    (2, r"^(?:meeting|date of meeting|committee)\s*:|overview and scrutiny|scrutiny committee$|^cabinet$"),
    (2, r"^purpose of (?:the )?report|^executive summary and purpose"),
    (3, r"\baction plan\b.{0,40}$"),
    (5, r"^[^.]{0,60}\bwritten statement of action\b[^.]{0,30}$"),
    (2, r"^minutes\b|^apologies\b|^present:"),
    (4, r"^(?:draft )?minutes of (?:the |a )?\w|^resolved\b|\bit was (?:resolved|agreed) that\b"),
    (2, r"^dear (?:director|councillor|chief|colleague|mr|ms|mrs|dr)\b"),
)


def is_inspection_report(document: ReadDocument) -> bool:
    """Whether the signs of an inspectorate's report outweigh those of a council's paper."""
    lines = [collapsed(document.slice(block))[:300] for block in document.blocks if block.kind != "footnote"]
    front, rest = lines[:40], lines[40:]
    report = _weigh(_REPORT, front) + 0.5 * _weigh(_REPORT, rest[-15:] + [line for line in rest if len(line) < 120])
    paper = _weigh(_PAPER, front) + 0.5 * _weigh(_PAPER, rest)
    return report >= 2.5 and report > paper


def _weigh(signs: tuple[tuple[int, str], ...], lines: list[str]) -> float:
    return float(sum(weight for weight, pattern in signs if any(re.search(pattern, line, re.I) for line in lines)))
