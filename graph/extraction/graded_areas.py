"""Sentences that give several areas their grades: "judged inadequate for safeguarding and adequate for adoption"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from graph.extraction.evidence import collapsed
from graph.extraction.grades import GRADE, area_concept

_RATING: Final = r"(?:judged|graded|rated|found|assessed|deemed|given|received|judge?ments?|grades?|ratings?)"
_NAMES: Final = r"(?:(?!\b(?:while|whereas|but|was|were|judged|found)\b)[\w’', &-]){4,170}?"
_FOR: Final = re.compile(
    rf"(?i)[‘'\"“]?\b(?P<grade>{GRADE})[’'\"”]?(?: overall)?,?\s+"
    rf"(?:for|in (?:respect|terms) of|in relation to|in|at)\s+"
    rf"(?P<areas>{_NAMES})(?=,?\s+(?:and|but|while|whereas|with)\s+(?:also\s+|as\s+|to be\s+)?[‘'\"“]?{GRADE}\b|"
    rf",\s+[‘'\"“]?{GRADE}\b|,?\s+(?:while|whereas|but|by|when|at|in)\b|[.;:(]|$)"
)
#: "a grade of 2 for staying safe, 3 for being healthy": the numbers of 2005 to 2008, and those of 2023 on.
_NUMBER_FOR: Final = re.compile(
    rf"(?i)\b(?P<grade>[1-4])(?: (?:was|were) (?:given|awarded|scored))?\s+for\s+(?P<areas>{_NAMES})"
    rf"(?=,?\s+(?:and\s+)?(?:an? )?(?:grade (?:of )?)?[1-4] for\b|[.;]|$)"
)
_WERE: Final = re.compile(
    rf"(?i)(?:^|[.;,]\s+|,?\s+(?:while|whereas|but|and|that)\s+)(?P<areas>{_NAMES}),?\s+(?:was|were|is|are)\s+"
    rf"(?:all |both |each |also )*(?:{_RATING}\s+)(?:to be |to (?=requir)|as )?[‘'\"“]?(?P<grade>{GRADE})\b"
)
_TO_BE: Final = re.compile(
    rf"(?i)\b(?:judged|graded|rated|found)\s+(?P<areas>{_NAMES})\s+(?:all |both )?(?:to be|as)\s+"
    rf"[‘'\"“]?(?P<grade>{GRADE})\b"
)
#: "staying safe and enjoying and achieving are both 3", "safeguarding was scored 1".
_IS_NUMBER: Final = re.compile(
    rf"(?i)(?:^|[.;,]\s+|\b(?:and|but|while)\s+)(?P<areas>{_NAMES})\s+"
    rf"(?:is|are|was|were|has gone (?:up|down) to|rose to|fell to|stay(?:s|ed) at|remain(?:s|ed)?(?: at)?)\s+"
    rf"(?:(?:again|now|still|both|all|each|also|an?|at|graded|scored|rated|judged)\s+)*"
    rf"(?P<grade>[1-4])(?:\s*\({GRADE}\))?(?=[.,;]|\s+(?:and|while|but)\b|$)"
)
#: "graded safeguarding 3 (good) and looked after children 2 (adequate)".
_NUMBERED_PAIR: Final = re.compile(
    rf"(?i)\b(?:graded|rated|scored|judged|and)\s+(?P<areas>{_NAMES})\s+(?P<grade>[1-4])\s*\({GRADE}\)"
)
#: "with good capacity to improve", behind another grade.
_WITH: Final = re.compile(
    rf"(?i),?\s+with\s+[‘'\"“]?(?P<grade>{GRADE})[’'\"”]?\s+(?P<areas>capacity (?:to|for) improve(?:ment)?)"
)
#: "... and so was their capacity to improve": the grade that stands before it.
_SO_WERE: Final = re.compile(
    rf"(?i)[’'\"”]?,?\s+and so\s+(?:was|were|is|are)\s+(?P<areas>{_NAMES})(?=[.;]|,\s+(?:while|but|and)\b|$)"
)
#: An "and" that stands within the name of one area.
_ONE_NAME: Final = re.compile(
    r"(?i)leadership,? management and governance|leadership and (?:management|governance)|help and protection|"
    r"experiences and progress|looked after and achieving permanence|enjoying and achieving|"
    r"(?:making )?a positive contribution|equity in experiences? and outcomes|"
    r"care provision, integration and continuity|safe (?:systems, pathways|pathways, systems) and transitions|"
    r"governance, management and sustainability|"
    r"learning, improvement and innovation|children and (?:young people|families)|young people and \w+|"
    r"education,? (?:employment )?(?:and )?training"
)
#: What is graded under other schemes than Ofsted's.
_OTHER_AREA: Final = re.compile(
    r"(?i)(?:leadership|management|governance|organisation|outcomes|quality|safety|safeguarding|prospects|"
    r"capacity (?:to|for) improve(?:ment)?|adults?[’']? services|children[’']s services|"
    r"being healthy|staying safe|enjoying and achieving|(?:making )?a positive contribution|"
    r"achieving economic well[- ]?being|service management|"
    r"(?:services for |the contribution of [\w ]{3,60}to [\w ]{3,40}of )?"
    r"children and young people with learning difficulties and/or disabilities|"
    r"assessing needs|supporting people to (?:live|lead) healthier lives|"
    r"equity in experiences? and outcomes|care provision, integration and continuity|"
    r"partnership working|safe (?:systems, pathways|pathways, systems) and transitions|"
    r"governance, management and sustainability|learning, improvement and innovation|"
    r"children and young people[’']?s? services|(?:social care )?services for children(?: and young people)?)"
)


@dataclass(frozen=True, slots=True)
class GradedArea:
    """``start`` and ``end``: of the grade in the sentence."""

    area: str
    grade: str
    start: int
    end: int


def areas_graded(text: str) -> list[GradedArea]:
    """The areas of a sentence with their grades; none of one that grades fewer than two in words and none by number."""
    numbers = re.search(r"(?<![\d.,£])[1-4](?![\d%.,]\d|%)", text) is not None
    if not numbers and not re.search(rf"(?i)\b{_RATING}\b", text):
        return []
    found: dict[int, list[GradedArea]] = {}
    numbered: tuple[re.Pattern[str], ...] = ()
    if numbers:
        told = re.search(r"(?i)\b(?:grade[sd]?|scores?|scored|given|awarded)\b", text)
        numbered = (_NUMBERED_PAIR, *((_NUMBER_FOR,) if told else ()), _IS_NUMBER)
    for pattern in (_FOR, _WITH, _WERE, _TO_BE, *numbered):
        for match in pattern.finditer(text):
            if pattern is _FOR and not re.search(rf"(?i)\b{_RATING}\b", text[: match.start()]):
                continue
            names = list(_names(match["areas"]))
            if names and match.start("grade") not in found:
                span = match.span("grade")
                found[span[0]] = [GradedArea(name, match["grade"], *span) for name in names]
    for match in _SO_WERE.finditer(text):
        before = max((at for at in found if at < match.start()), default=None)
        names = list(_names(match["areas"]))
        if before is not None and names and found[before][0].end >= match.start() - 2:
            first = found[before][0]
            found[before] += [GradedArea(name, first.grade, first.start, first.end) for name in names]
    graded = [each for at in sorted(found) for each in found[at]]
    return graded if len(graded) >= 2 or any(re.fullmatch("[1-4]", each.grade) for each in graded) else []


def _names(text: str) -> Iterator[str]:
    """Each of the areas that a phrase lists; nothing where one of its parts is none."""
    held = _ONE_NAME.sub(lambda match: match.group().replace(",", "\0").replace(" and ", "\1"), text)
    parts = re.split(r"(?i),\s*(?:and\s+)?(?:both\s+|for\s+)?|\s+(?:and|as well as)\s+(?:for\s+)?", held)
    names = [collapsed(part.replace("\0", ",").replace("\1", " and ")) for part in parts]
    names = [re.sub(r"(?i)^(?:(?:both|the|its|our|their|for)\s+)+", "", name) for name in names if name]
    if any(re.fullmatch(r"(?i)(?:services?|authority|council|inspection)", name) for name in names):
        return
    known = (area_concept(name) is not None or _OTHER_AREA.fullmatch(name) is not None for name in names)
    if all(known) and all(len(name.split()) <= 12 for name in names):
        yield from names
