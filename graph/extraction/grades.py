"""Printed areas, grades and frameworks, and the concepts of the grade schemes that they mean.

One place for the mapping: the ontology's test reads ``AREA_IDS``, ``GRADE_IDS`` and ``FRAMEWORK_IDS``. Rules are tried
in order, the first that fits wins. What fits none has no concept; the printed words are always kept.
"""

from __future__ import annotations

import re
from typing import Final

_AREAS: Final[tuple[tuple[str, str], ...]] = (
    ("lscb", r"\blscb\b|safeguarding (?:children )?board"),
    ("overall-effectiveness", r"^(?:the )?overall (?:effectiveness|judge?ment)"),
    ("adoption", r"\badoption\b"),
    ("fostering", r"\bfostering\b"),
    ("children-in-care-and-care-leavers", r"(?:in care|looked after)\b.*\bcare leavers|care leavers.*\bin care"),
    ("care-leavers", r"\bcare leavers|\bleaving care"),
    (
        "looked-after-and-permanence",
        r"looked[- ]after and achieving permanence|achieving permanence|looked[- ]after children and achieving",
    ),
    ("help-and-protection", r"help and protection|need(?:ing)? (?:of )?(?:help|protection)|protection of children"),
    ("impact-of-leaders", r"impact of leaders|impact of leadership"),
    ("leadership-management-governance", r"leadership,? (?:and )?management|leadership and governance"),
    ("send-outcome", r"\bsend\b|special educational needs|inspection outcome|partnership outcome"),
    ("capacity-for-improvement", r"(?:capacity|prospects?) (?:for|to) improve"),
    ("serving-people", r"serving (?:people|children)|services? .*served|served well"),
    ("star-rating", r"\bstars?\b"),
    ("outcomes", r"^outcomes?\b"),
    ("children-in-care", r"\bin care\b|looked[- ]after"),
    ("safeguarding-arrangements", r"safeguarding"),
    ("quality-of-provision", r"quality of provision"),
    (
        "overall-effectiveness",
        (
            r"overall (?:effectiveness|judge?ment|rating)|^rating$|^(?:the )?"
            r"(?:(?:children[’']s|social) )?(?:(?:social )?care "
            r")?(?:services\b|children[’']s$)|^children[’']s$"
        ),
    ),
)

_GRADES: Final[tuple[tuple[str, str], ...]] = (
    ("send-systemic-failings", r"systemic failings"),
    ("send-inconsistent", r"inconsistent experiences"),
    ("send-typically-positive", r"typically (?:lead to )?positive"),
    ("serving-not-well", r"\bnot (?:being )?serv\w+ (?:people |children )?well|serving (?:no|few) "),
    (
        "serving-most-well",
        r"\bserv(?:ing|ed) most|\bmost (?:of )?(?:the )?(?:people|children)\b.*\bserv|most (?:people|children) well",
    ),
    (
        "serving-some-well",
        r"\bserv(?:ing|ed) some|\bsome (?:of )?(?:the )?(?:people|children)\b.*\bserv|some (?:people|children) well",
    ),
    ("serving-people-well", r"\bserving (?:all )?(?:people|children)(?: consistently)? well"),
    ("stars-0", r"\b(?:0|zero|no)[- ]stars?\b"),
    ("stars-1", r"\b(?:1|one)[- ]star\b"),
    ("stars-2", r"\b(?:2|two)[- ]stars?\b"),
    ("stars-3", r"\b(?:3|three)[- ]stars?\b"),
    ("promising", r"\bpromising\b"),
    ("uncertain", r"\buncertain\b"),
    ("excellent", r"\bexcellent\b"),
    ("requires-improvement", r"\brequir(?:e|es|ed|ing) improvement"),
    ("outstanding", r"\boutstanding\b"),
    ("inadequate", r"\binadequate\b"),
    ("adequate", r"\badequate\b"),
    ("satisfactory", r"\bsatisfactory\b"),
    ("good", r"\bgood\b"),
    ("poor", r"\bpoor\b"),
)

_FRAMEWORKS: Final[tuple[tuple[str, str], ...]] = (
    ("area-send-2023", r"(?<!local )area send (?:full |monitoring )?inspection"),
    ("monitoring-visit", r"monitoring (?:visit|inspection)"),
    ("focused-visit", r"focused visit"),
    ("jtai", r"joint targeted area"),
    (
        "area-send-2016",
        (
            r"joint local area|local area send|joint area send|"
            r"area send revisit|(?:special educational needs|send)\b.*\blocal area"
            r"|local area.*(?:special "
            r"educational needs|\bsend\b)"
        ),
    ),
    ("hmip-yot", r"youth (?:offending|justice)"),
    ("jar", r"joint area review"),
    ("apa", r"annual performance assessment"),
    ("annual-review", r"annual (?:review|performance (?:letter|review))|performance (?:rating|review) letter"),
    ("cpa", r"comprehensive performance assessment|corporate assessment"),
    ("lscb-review", r"review of the effectiveness of the local safeguarding"),
    ("sif", r"services for children in need of help and protection|single inspection framework|\bsif\b"),
    (
        "ilacs",
        (
            r"inspection of (?:.{0,80} )?(?:children[’']s social care services|local authority children[’']s (?:social "
            r"care )?services|children[’']s services)|\bilacs\b"
        ),
    ),
    ("arrangements-for-protection-of-children", r"arrangements for the protection of children"),
    ("safeguarding-and-looked-after-children", r"safeguarding|looked[- ]after children"),
    ("csci-inspection", r"\bcsci\b|commission for social care inspection"),
    ("ssi-inspection", r"\bssi\b|social services inspectorate"),
)

AREA_IDS: Final = frozenset([*(concept for concept, _ in _AREAS), "care-leavers-experiences"])
GRADE_IDS: Final = frozenset(concept for concept, _ in _GRADES)
FRAMEWORK_IDS: Final = frozenset([*(concept for concept, _ in _FRAMEWORKS), "ilacs-2026"])

ILACS_FROM: Final = "2018"
"""Before it other inspections bore the same name."""
ILACS_WITHOUT_OVERALL: Final = "2026-04-01"
"""From this day an inspection of children's services gives no overall effectiveness."""


def _first(rules: tuple[tuple[str, str], ...], text: str) -> str | None:
    plain = " ".join(text.split()).casefold()
    return next((concept for concept, pattern in rules if re.search(pattern, plain)), None)


def area_concept(area: str, framework: str | None = None) -> str | None:
    """The concept of a judged area as printed; under the framework of 2013 the care leavers' experiences are a graded
    part of another judgement, later a judgement of their own."""
    found = _first(_AREAS, area)
    return "care-leavers-experiences" if found == "care-leavers" and framework == "sif" else found


def grade_concept(grade: str) -> str | None:
    """The concept of a grade as printed."""
    return _first(_GRADES, grade)


def framework_id(name: str | None, start: str | None = None) -> str | None:
    """The concept of a framework as the text names it; ``start`` is the inspection's first day where known."""
    found = _first(_FRAMEWORKS, name) if name else None
    if found == "ilacs" and start is not None and start < ILACS_FROM:
        return None
    if found == "ilacs" and start is not None and start >= ILACS_WITHOUT_OVERALL:
        return "ilacs-2026"
    return found


GRADE_WORDS: Final = (
    r"(?:outstanding|good|adequate|satisfactory|inadequate|require[sd]? improvements?(?: to be good)?|requiring "
    r"improvement"
    r"|poor|excellent)"
)
GRADE: Final = rf"(?:Grade \d \(\w+(?: \w+)?\)|{GRADE_WORDS}(?: \(Grade \d\))?|(?:Grade )?\d \({GRADE_WORDS}\))"
"""A grade as printed, for patterns that ignore case."""
SCORE_WORDS: Final = r"(?:(?:significant|some) shortfalls|(?:good|exceptional) standard)"
"""What the scores 1 to 4 of a council's adult social care (2023 on) stand for."""
