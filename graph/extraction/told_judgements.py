"""The judgements that one sentence of a council's paper gives: what was judged, and the grade."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from graph.dates import find_dates
from graph.extraction.bodies import body_in
from graph.extraction.evidence import collapsed
from graph.extraction.graded_areas import areas_graded

LSCB: Final = re.compile(r"(?i)\blocal safeguarding children board|\bLSCB\b")
_WHO: Final = (
    r"(?:(?:young |local |vulnerable |disabled |older )?(?:people|children|adults|families|users|service users|"
    r"residents)(?: and (?:young people|families|their families|carers))?)"
)
_SERVING: Final = re.compile(
    rf"(?i)\b(?:{_WHO} in [A-Z][\w’' ]{{2,30}}?\s+(?:were|are|was|is)\s+(?:not\s+)?well\s+served"
    rf"|serv(?:ing|ed|es)\s+(?:(?:most|some|all|few)(?:\s+of)?(?:\s+(?:the|its|"
    rf"our))?\s+)?{_WHO}\s+(?:consistently\s+)?well"
    rf"|(?:not|no)\s+(?:currently\s+)?(?:being\s+)?serv(?:ing|ed)\s+{_WHO}\s+well"
    rf"|(?:most|some|all|few|not all)\s+(?:of\s+(?:the\s+)?)?{_WHO}(?:\s+in\s+\w+)?\s+(?:were|are|was|is|being|"
    rf"had been)\s+(?:being\s+)?(?:not\s+)?(?:well\s+)?served(?:\s+well)?"
    rf"|{_WHO}\s+(?:are|were)\s+not\s+(?:currently\s+)?(?:being\s+)?(?:well\s+served|served\s+well))"
)
_CAPACITY: Final = re.compile(
    r"(?i)\b(?P<word>excellent|promising|uncertain|poor|(?:outstanding|good|adequate|inadequate)(?=\s+capacity\s+(?:for|"
    r"to)\s+improve))\s+(?P<what>capacity|prospects?)(?:\s+(?:for|"
    r"to)\s+(?:further\s+)?improve(?:ment)?s?)?"
    r"|\b(?P<what2>capacity|prospects?)(?P<rest>\s+(?:for|to)\s+(?:further\s+)?improve(?:ment)?s?)?\s*(?:was|were|"
    r"is|are|as|to be|being|remains?|remained|[-–:=])*\s*(?:judged\s+|assessed\s+|rated\s+)?(?:to be\s+|"
    r"as\s+)?(?:also\s+)?[‘'\"“]?(?P<word2>excellent|promising|uncertain|poor)\b"
)
OFSTEDS_GRADE: Final = r"(?i)outstanding|good|adequate|inadequate"
_STARS: Final = re.compile(
    r"(?i)\b(?P<stars>(?:zero|no|one|two|three|four|[0-4])[\s-]stars?)\b(?!\s*(?:scale|system|"
    r"to\b))(?!\s*\(?\s*(?:the|out of) (?:highest|lowest) possible)"
)
GRADE: Final = (
    r"(?:outstanding|excellent|good|fair|highly satisfactory|adequate|satisfactory|unsatisfactory|weak|poor|inadequate|"
    r"requires? improvement(?: to be good)?|requiring improvement(?: to be good)?|"
    r"perform(?:ing|s|ed) (?:poorly|adequately|well|excellently)|improving (?:strongly|well|adequately)|"
    r"not improving(?: adequately)?)"
)
SCORE: Final = r"(?:[1-4]|one|two|three|four)"
Q: Final = r"[‘'\"“]?"
QE: Final = r"[’'\"”]?"
_RATED: Final = re.compile(
    rf"(?i)\b(?:rat(?:ed|ing)|judged|graded?|assessed|scored?|awarded|classified|found|deemed|considered|"
    rf"judge?ments?|grading)\b"
    rf"(?:\s+(?:overall|currently|again|also|now|both|all))?(?:\s+(?:was|is|were|are|has been|"
    rf"had been))?(?:\s+(?:as|to be|to(?=\s+require)|at|of|a|an|that of))*(?:\s+(?:an?|overall|grade|score|"
    rf"of)\b)*\s*[:–-]?\s*{Q}(?P<grade>{GRADE}\b|{SCORE}\b(?=[’'\"”]|\s+(?:on|out of)\b)|"
    rf"(?<=graded )[1-4]\b(?! stars?))"
)
#: "judged overall effectiveness to be good": what was judged stands between the verb and the grade.
_JUDGED_TO_BE: Final = re.compile(
    rf"(?i)\b(?:rat(?:ed|ing)|judged|graded|assessed|scored|found|deemed)\s+(?P<area>(?:(?!\b(?:was|were|is|are|judged|"
    rf"rated|graded|that)\b)[\w’',&-]+\s+){{1,16}}?)(?:to be|as)\s+(?:an? )?{Q}(?P<grade>{GRADE})\b"
)
_JUDGED_THEM: Final = re.compile(
    rf"(?i)\b(?:rated|judged|graded|found|deemed)\s+(?:them|it|us|the (?:service|council|authority)|"
    rf"(?:children[’']s )?services)\s+"
    rf"(?:to be |as |overall |to (?=requir))?{Q}(?P<grade>{GRADE})\b"
)
_IS_GRADE: Final = re.compile(
    rf"(?i)\b(?:overall (?:quality )?rating(?: of the \w+)?|overall effectiveness(?: of [\w ,’'-]*?)?|"
    rf"overall judge?ment|(?:overall )?(?:CPA|corporate|"
    rf"performance) (?:category|rating|score|assessment)|capacity (?:for|to) improve(?:ment)?|"
    rf"impact of leaders[\w ,’'-]*?|experiences and progress of [\w ,’'-]*?|"
    rf"leadership,? management and governance|"
    rf"overall quality(?: of (?:the )?(?:\w+ )?service)?|quality of [\w ]+?|effectiveness of [\w ,’'-]*?)\s*"
    rf"(?:[-–:=]+|(?:is|was|were|are|remains?)(?: (?:now|again|still|also))?|as)\s*{Q}(?P<grade>{GRADE})\b"
)
#: "judged Oxenmere inadequate overall".
_JUDGED_NAME: Final = re.compile(
    rf"\b(?i:rated|judged|graded|found)\s+(?P<who>[A-Z][\w-]+(?: (?:and )?[A-Z][\w-]+)?)\s+(?i:to be |as )?{Q}"
    rf"(?P<grade>(?i:{GRADE}))(?={QE}\s+overall\b)"
)
#: What inspectorates give a grade to, by its own name.
_GRADED: Final = (
    r"(?:(?:the|its|their|our|[A-Z][\w-]+[’']s?)\s+)?(?:overall (?:effectiveness|judge?ment|"
    r"performance)(?: of [\w ,’'-]{3,60}?)?|"
    r"(?:(?:local authority|council[’']s)\s+)?(?:children[’']s\s+)?(?:social care\s+)?services(?: for [\w ]{3,40}?)?|"
    r"children and young people are safe and feel safe|"
    r"(?:local )?safeguarding children board|LSCB|(?:the )?(?:experiences? and progress|"
    r"impact of leaders)[\w ,’'-]{3,90}?|"
    r"leadership(?:,? (?:management )?and (?:management|governance))?|adoption(?: performance)?|"
    r"(?:arrangements for )?(?:safeguarding|help and "
    r"protection)|children (?:who need help and protection|looked after[\w ]{0,30}?|in care)|care leavers|"
    r"capacity to improve|"
    r"council|(?:local )?authority|department|service)"
)
#: What only Ofsted carried out, where a paper names no inspectorate.
IS_GRADED: Final = re.compile(rf"(?i){_GRADED}|(?:the )?(?:overall|capacity|prospects|quality|safeguarding)\b")
#: "found that overall effectiveness requires improvement", "and that the board is inadequate".
_THAT_IS: Final = re.compile(
    rf"(?i)(?:\b(?:that|and|but|while|with)|;)\s+(?P<area>{_GRADED}|"
    rf"(?-i:[A-Z][\w-]+)(?=\s+\w+ improvement[\w ]{{0,12}} ove"
    rf"rall))\s+(?:overall\s+)?"
    rf"(?:(?:is|was|are|were|remains?|had been)\s+(?:overall\s+)?)?(?P<grade>requir(?:es?|"
    rf"ed) improvement(?: to be good)?|"
    rf"(?<=\b(?:is|as)\s)(?:{GRADE})|(?<=\b(?:was|are)\s)(?:{GRADE})|(?<=\bwere\s)(?:{GRADE}))\b"
)
#: "judged X to be outstanding, and Y to be good": the second of the two.
_AND_TO_BE: Final = re.compile(
    rf"(?i)^(?:[^.;]{{0,12}}?\b(?:and|with|but)|\s*,)\s+(?P<area>[\w’',&/ -]{{4,240}}?)\s+(?:(?:both|all|each) )?"
    rf"(?:to be|as)\s+{Q}(?P<grade>{GRADE})\b"
)
#: The three outcomes of an area's inspection since 2023.
_PERFORMS: Final = re.compile(
    r"(?i)\b(?:assessed|judged|rated|rating|graded?|assessment|awarded)\b[^.,;]{0,60}?\b(?P<grade>performs (?:well|"
    r"adequately|poorly|"
    r"excellently))\b"
)
#: "performing well in safeguarding adults", where a list of judgements is introduced.
_PERFORMING_IN: Final = re.compile(
    r"(?i)\b(?P<grade>performing (?:poorly|adequately|well|excellently)) (?:in|on|at) (?:supporting |delivering )?"
    r"(?P<area>[\w’', -]{4,90}?)(?=[.;:]|\s+(?:and|but|while)\s+performing\b|$)"
)
#: "Ofsted's letter states that children's services “perform well”", "This compares with “adequate” in 2008".
_QUOTED_GRADE: Final = re.compile(
    rf"(?i)\b(?:compare[sd] (?:with|to)|(?:up|down) from|improvement on)\s+[‘'\"“](?P<grade>{GRADE})[’'\"”]|"
    rf"(?<!\w)[‘'\"“](?P<grade2>performs? (?:poorly|adequately|well|excellently))[’'\"”]"
)
#: "judged good; the adoption agency outstanding", "was judged inadequate, as were help and protection".
_ELLIPTIC: Final = re.compile(
    rf"(?i)^{QE}(?:,? (?:and|but|while|whereas)|[;,]) (?P<area>(?:the |its |our )?[a-z][\w’' -]{{3,70}}?)(?:, "
    rf"inspected [^,;.]*)?"
    rf",?\s+{Q}(?P<grade>{GRADE}){QE}(?=[,.;]|$| and | but )"
)
#: "Organisation was outstanding; staying safe and enjoying and achieving were good": clauses that only give grades.
_GRADE_CLAUSE: Final = re.compile(
    rf"(?i)\s*(?:and\s+)?(?P<areas>[\w’', -]{{4,150}}?)\s+(?:was|were|is|are)\s+(?:judged |rated |graded )?(?:to be )?"
    rf"{Q}(?P<grade>{GRADE}){QE}\.?\s*"
)
_AS_WERE: Final = re.compile(r"(?i)^[’'\"”]?,? as (?:was|were|is|are) (?P<areas>[\w’', -]{4,200})(?=[.;]|$)")
_BETWEEN_AREAS: Final = re.compile(
    r"(?i),\s+and\s+|,\s+(?!management)|(?<!help)(?<!enjoying)(?<!leadership)(?<!, management)"
    r"(?<!experiences)(?<!safeguarding)\s+and\s+"
)
#: "as follows: being healthy - outstanding; staying safe - satisfactory".
_PAIRED: Final = re.compile(
    rf"(?i)(?:^|[:;,]\s+(?:and )?|\band\s+)(?P<area>[a-z][\w’' -]{{3,70}}?)\s*(?:\s[-–]\s|[:=]\s*|\()\s*"
    rf"(?P<grade>{GRADE}|[1-4](?: \({GRADE}\))?)\b\)?(?=[;,.]|\s+and\b|$)"
)
_THOUGHT: Final = re.compile(r"(?i)\b(?:consider(?:s|ed)?|thinks?|thought|feels?|felt|believes?|believed)$")
"""What they think is praise, not a judgement."""
_SEND_OUTCOME: Final = re.compile(
    r"(?i)\b(?:typically (?:lead to )?positive|inconsistent) experiences(?: and outcomes)?|"
    r"widespread and/?\s?(?:or )?systemic failings"
)
_SCORES_FOLLOW: Final = re.compile(r"(?i)\b(?:scores?|scored|percentage|proportion|standard)\b")
_SCORED: Final = re.compile(
    r"(?P<area>(?:[A-Z]|(?<=, )[a-z]|(?<= and )[a-z])[a-z]+(?: (?!was |and )[a-z]+){0,4}?)(?: was)?(?: scored)?"
    r"(?: at|:| -| –)? (?P<grade>\d{1,3}\s?%)"
)
_INSPECTED_AND: Final = re.compile(
    r"(?i)^(?:the |our |its )?(?P<np>[\w’' -]{3,60}?) (?:was|were) (?:last )?inspected\b[^.;]{0,60} and "
    r"(?:(?:was|were) )?$"
)
_WHOLE: Final = re.compile(
    r"(?i)(?:the |its |our |their )?(?:council|(?:local )?authority|department|it|they|we|borough|county|city)"
)
_WHOLE_BEFORE: Final = re.compile(rf"{_WHOLE.pattern}\s+(?:(?:was|were|is|are|has been|have been|had been)\s+)?$")
LINE: Final = re.compile(
    rf"(?i)^(?P<area>[A-Z][^.:;]{{3,140}}?)\s*(?:[:–=]|-(?=\s)|(?P<is>\b(?:is|was|were|are)\b))\s*"
    rf"(?P<rated>judged |rated |graded )?(?:to be |as )?"
    rf"{Q}(?P<grade>{GRADE}|{SCORE}(?:\s*\((?:{GRADE})\))?|grade \d){QE}\.?$"
)
#: A share of work as a score, as inspections of youth offending print it.
_SUBJECT: Final = re.compile(
    r"(?P<np>(?:the\s+)?(?:[Cc]apacity (?:to|for) improve(?:ment)?|[A-Z][\w’'&]*|council[’']s|overall|children[’']s|"
    r"social|services?|effectiveness|of|and|for|help|protection|care|leavers|leadership|adoption|performance|"
    r"management|quality|experiences|progress|"
    r"board|children|looked|after|in|need|who|families|local|authority|fostering|impact|leaders|on|practice|with|"
    r"work|the|arrangements|"
    r"safeguarding|achieving|permanence|governance|provision|early|young|people|youth|offending|"
    r"education)(?:\s+(?:[A-Z][\w’'&]*|council[’']s|overall|children[’']s|social|services?|effectiveness|of|"
    r"and|for|"
    r"help|protection|care|leavers|leadership|adoption|performance|management|quality|experiences|progress|"
    r"board|children|looked|after|in|need|who|families|local|authority|fostering|impact|leaders|on|practice|with|"
    r"work|the|arrangements|"
    r"safeguarding|achieving|permanence|governance|provision|early|young|people|youth|offending|"
    r"education)){0,14})\s*,?\s*(?:(?:was|were|is|are|has been|have been|had been|being|be|also|currently|"
    r"again|all|"
    r"both)\s+)*$"
)


TELLING: Final = re.compile(
    r"(?i)\b(?:when|where|knew|know|had|did|that|found|judged|concluded|noted|which|who(?! need| offend)|because|"
    r"although|"
    r"is|are|was|were)\b"
)
"""Words of a sentence, not of an area's name."""
_SAYS_GRADES: Final = re.compile(
    r"(?i)\b(?:judg\w+|rated|graded|found|concluded|grade[sd]?|Ofsted|inspectors|inspection)\b"
)


@dataclass(frozen=True, slots=True)
class Given:
    """A judgement as printed and where."""

    area: str
    grade: str
    start: int
    end: int
    rule: str
    score: float
    column: int | None = None


@dataclass(frozen=True, slots=True)
class JudgementReader:
    """Reads the judgements out of the sentences of one paper's ``text``; ``ofsteds``: the paper is about an inspection
    by Ofsted, which calls its overall judgement effectiveness."""

    text: str
    ofsteds: bool
    scores: bool = False
    """Whether it is about an inspection that gives shares of work as scores."""

    def given(self, start: int, end: int, lead: str = "") -> list[Given]:
        """The judgements of one sentence, of a list's item with its ``lead``; none where it only says what could be
        judged."""
        text = self.text[start:end]
        if _hypothetical(text):
            return []
        found: list[Given] = []
        for match in _SERVING.finditer(text):
            found.append(
                Given(
                    "Serving people", match.group(), start + match.start(), start + match.end(), "council.serving", 0.97
                )
            )
        for match in _CAPACITY.finditer(text):
            what = (match["what"] or match["what2"]).lower()
            area = "Capacity for improvement" if what == "capacity" else "Prospects for improvement"
            grade = match.group() if match["word"] else match["word2"]
            if re.fullmatch(OFSTEDS_GRADE, match["word"] or ""):
                grade = match["word"]
            at = match.start() if match["word"] else match.start("word2")
            found.append(Given(area, grade, start + at, start + at + len(grade), "council.capacity", 0.97))
        for match in _STARS.finditer(text):
            if re.search(
                r"(?i)\bto\s+$|\bscale\b",
                text[max(0, match.start() - 12) : match.start()] + text[match.end() : match.end() + 8],
            ):
                continue
            if not re.search(
                r"(?i)rat|award|judg|perform|assess|stars? (?:council|authority|service)|achiev|receiv|given|\bhad\b",
                text,
            ):
                continue
            found.append(
                Given("Star rating", match["stars"], start + match.start(), start + match.end(), "council.stars", 0.95)
            )
        if self.scores and _SCORES_FOLLOW.search(text):
            for match in _SCORED.finditer(text):
                found.append(
                    Given(
                        area_name(match["area"]),
                        match["grade"],
                        start + match.start("grade"),
                        start + match.end("grade"),
                        "council.score",
                        0.9,
                    )
                )
        for match in _SEND_OUTCOME.finditer(text):
            found.append(
                Given(
                    "Inspection outcome",
                    match.group(),
                    start + match.start(),
                    start + match.end(),
                    "council.send",
                    0.95,
                )
            )
        found += _in_a_row(text, start, lead)
        found += self._quoted(text, start)
        taken = [(given.start, given.end) for given in found]
        for match in _PERFORMS.finditer(text):
            begin, stop = start + match.start("grade"), start + match.end("grade")
            taken.append((begin, stop))
            found.append(Given(self._overall(text), match["grade"], begin, stop, "council.rated", 0.9))
        matches = [
            match
            for pattern in (_JUDGED_THEM, _JUDGED_NAME, _JUDGED_TO_BE, _IS_GRADE, _RATED)
            for match in pattern.finditer(text)
        ]
        if _SAYS_GRADES.search(text):
            # "performing well" in running prose praises; it is a rating only where one is named
            matches += (
                m
                for m in _THAT_IS.finditer(text)
                if not m["grade"].lower().startswith("performing") and not _THOUGHT.search(text[: m.start()].rstrip())
            )
        for first in list(matches):
            at = first.end()
            while first.re is _JUDGED_TO_BE and (further := _AND_TO_BE.match(text[at:])):
                found += self._second(further, start + at, taken)
                at += further.end()
        for rated in matches:
            begin, stop = start + rated.start("grade"), start + rated.end("grade")
            if any(a < stop and begin < b for a, b in taken) or _is_comparison(text, rated):
                continue
            judged = self._judged_area(text, rated)
            if judged is not None:
                taken.append((begin, stop))
                several = _several(rated["area"]) if rated.re is _JUDGED_TO_BE else [judged]
                found += (Given(area, rated["grade"], begin, stop, "council.rated", 0.9) for area in several)
                found += self._beside(rated["grade"], stop, end, taken)
        return sorted(_each_named(text, start, found), key=lambda given: given.start)

    def _quoted(self, text: str, offset: int) -> Iterator[Given]:
        for match in _QUOTED_GRADE.finditer(text):
            group = "grade" if match["grade"] else "grade2"
            yield _given(self._overall(text), match, offset, "council.rated", group)

    def _beside(self, grade: str, at: int, end: int, taken: list[tuple[int, int]]) -> list[Given]:
        """What else the sentence judges behind a judgement, leaving out the verb or the grade."""
        found: list[Given] = []
        if same := _AS_WERE.match(self.text[at:end]):
            span = (at + same.start("areas"), at + same.end("areas"))
            for area in _BETWEEN_AREAS.split(same["areas"]):
                if names_area(area):
                    found.append(Given(area_name(area), grade, *span, "council.rated", 0.85))
        while (other := _ELLIPTIC.match(self.text[at:end])) and names_area(other["area"]):
            if TELLING.search(other["area"]) or any(at + other.start("grade") < b for _, b in taken if b > at):
                break
            found += self._second(other, at, taken)
            at += other.end("grade")
        return found

    def _second(self, match: re.Match[str], offset: int, taken: list[tuple[int, int]]) -> list[Given]:
        begin, stop = offset + match.start("grade"), offset + match.end("grade")
        if not names_area(match["area"]):
            return []
        taken.append((begin, stop))
        areas = _several(match["area"]) if match.re is _AND_TO_BE else [area_name(match["area"])]
        return [Given(area, match["grade"], begin, stop, "council.rated", 0.9) for area in areas]

    def _overall(self, text: str) -> str:
        ofsted = body_in(text) == "Ofsted" or self.ofsteds
        return "Overall effectiveness" if ofsted else "Overall"

    def _judged_area(self, text: str, match: re.Match[str]) -> str | None:
        """What was given the grade: the words before the verb, or those after "for"; the framework of a whole-council
        assessment."""
        after = text[match.end() : match.end() + 140]
        for_what = re.match(
            rf"{QE}\s+(?:for|in relation to|in respect of|in)\s+(?P<area>(?:the )?[\w’' ,&-]{{6,100}}?)(?=[.,;:()]|"
            rf"\s+(?:and|with|in|by|as|which)\b|$)",
            after,
        )
        assessed = re.match(
            rf"{QE}\s+by\s+(?:the\s+)?[\w’' ]{{0,40}}?(?P<area>comprehensive performance assessment|CPA)\b",
            after,
            re.IGNORECASE,
        )
        if assessed:
            return collapsed(assessed["area"])
        if match.re is _JUDGED_THEM:
            return "Overall effectiveness"
        if match.re is _JUDGED_NAME:
            return self._overall(text)
        if re.match(r"(?i)performs (?:well|adequately|poorly|excellently)", match["grade"]):
            return self._overall(text)
        if match.re is _JUDGED_TO_BE:
            return area_name(match["area"]) if names_area(match["area"]) else None
        if (
            match.re is _IS_GRADE
            and re.match(r"(?i)quality of", match.group())
            and (
                re.match(r"\s+and\s", text[match.end() :])
                or re.search(r"(?i)\b(?:found|noted|felt|said|considered) that (?:the )?$", text[: match.start()])
            )
        ):
            return None  # "The quality of practice is good and social workers are committed" praises
        if match.re is _IS_GRADE:
            head = re.split(r"\s*(?:[-–:=]+|\bis\b|\bwas\b|\bwere\b|\bare\b|\bremains?\b)\s*", match.group())[0]
            return area_name(head)
        if match.re is _THAT_IS:
            if re.search(r"(?i)\boverall judge?ment (?:is|was)$", text[: match.start()].rstrip()):
                return "Overall judgement"
            whole = _WHOLE.fullmatch(match["area"]) or not names_area(match["area"])
            return self._overall(text) if whole else area_name(match["area"])
        before = _SUBJECT.search(text[: match.start()])
        subject = collapsed(before["np"]) if before else ""
        if (
            for_what
            and not find_dates(for_what["area"])
            and (not names_area(subject) or re.fullmatch(rf"(?i){_WHOLE.pattern.removeprefix('(?i)')}", subject))
        ):
            return area_name(for_what["area"])
        if subject.casefold() in ("board", "the board") and LSCB.search(self.text):
            return "Local Safeguarding Children Board"
        if re.fullmatch(r"(?i)(?:[\w’']+ ){0,6}?(?:arrangements|programme|services?)", subject) and re.match(
            rf"{QE}\s+overall\b", text[match.end() :]
        ):
            return self._overall(text)
        if _WHOLE.fullmatch(subject) and re.match(rf"{QE}\s+overall\b", text[match.end() :]):
            return self._overall(text)
        if re.search(
            r"(?i)\b(?:youth|local authority|children[’']s) [\w ]*services?\b", text[: match.start()]
        ) and re.match(rf"{QE}\s+overall\b", text[match.end() :]):
            return self._overall(text)
        if (inspected := _INSPECTED_AND.match(text[: match.start()])) and names_area(inspected["np"]):
            return area_name(inspected["np"])
        if names_area(subject):
            praised = re.match(r"(?i)(?:found|considered|deemed)\b", match.group())
            return None if praised and not IS_GRADED.fullmatch(subject) else area_name(subject)
        if re.match(rf"{QE}\s+overall\b", text[match.end() :]):
            return self._overall(text)
        if (clause := _clause_before(text[: match.start()])) is not None:
            return clause
        if re.search(r"(?i)overall", text[max(0, match.start() - 60) : match.end()]):
            return self._overall(text)
        if _WHOLE_BEFORE.search(text[: match.start()]) and re.match(rf"{QE}\s+overall\b", text[match.end() :]):
            return self._overall(text)
        return None


def _each_named(text: str, offset: int, found: list[Given]) -> list[Given]:
    """With every area of a sentence that grades several by name, in place of what was read of the same grades."""
    several = [
        Given(area_name(each.area), each.grade, offset + each.start, offset + each.end, "council.rated", 0.9)
        for each in areas_graded(text)
    ]
    spans = {(given.start, given.end) for given in several}
    kept = [given for given in found if not any(a < given.end and given.start < b for a, b in spans)]
    return kept + several


def _several(text: str) -> list[str]:
    """The areas that a sentence gives one grade to: "safeguarding, services for looked after children and capacity to
    improve all"."""
    if not re.search(r",|\b(?:both|all|each)\s*$", text):
        return [area_name(text)]
    words = re.sub(r"(?i)\s*\b(?:both|all|each)\s*$|^\s*(?:both|all)\s+", "", text)
    parts = [re.sub(r"(?i)^(?:and|for|of|in)\s+", "", part.strip()) for part in _BETWEEN_AREAS.split(words)]
    return [area_name(part) for part in parts] if all(map(names_area, parts)) else [area_name(text)]


def _in_a_row(text: str, offset: int, lead: str) -> Iterator[Given]:
    """The judgements of a sentence that lists several, or of one item of such a list."""
    if re.search(r"(?i)\b(?:judged|concluded|rated|assessed)\b", f"{lead} {text}"):
        for performing in _PERFORMING_IN.finditer(text):
            yield _given(performing["area"], performing, offset, "council.rated")
    paired = [match for match in _PAIRED.finditer(text) if names_area(match["area"])]
    for pair in paired if len(paired) >= 2 else ():
        yield _given(pair["area"], pair, offset, "council.pairs")
    clauses = [(each.start(), _GRADE_CLAUSE.fullmatch(each.group())) for each in re.finditer(r"[^;]+", text)]
    graded = [(at, clause) for at, clause in clauses if clause is not None and names_area(clause["areas"])]
    if len(graded) == len(clauses) >= 2:
        for at, clause in graded:
            for area in _BETWEEN_AREAS.split(clause["areas"]):
                yield _given(area, clause, offset + at, "council.pairs")


def _given(area: str, match: re.Match[str], offset: int, rule: str, group: str = "grade") -> Given:
    start, end = match.span(group)
    return Given(area_name(area), match[group], offset + start, offset + end, rule, 0.9)


def _hypothetical(text: str) -> bool:
    return bool(
        re.search(
            r"(?i)\b(?:might|could|would|(?-i:may)|if|whether|propos\w+|will be (?:judged|graded|rated)|can be|either|"
            r"as opposed to|scale of|descriptors?|grade descriptors?|possible (?:judge?ments|grades))\b",
            text,
        )
    ) and not re.search(
        r"(?i)\b(?:was|were|is|are|has been) (?:also )?(?:judged|rated|graded|assessed|awarded|found)\b|\bscored\b|"
        r"\bserving\b",
        text,
    )


def _is_comparison(text: str, match: re.Match[str]) -> bool:
    """ "moving from good to outstanding", "to be good or better", "of authorities rated good" name no judgement."""
    around = text[max(0, match.start() - 70) : match.end() + 30]
    return bool(
        re.search(
            r"(?i)\b(?:authorities|councils|schools|settings|homes|providers|neighbours|nationally|%|per cent|"
            r"percent|cases|audits?|audited|plans|assessments)\b[^,;]{0,50}$",
            text[max(0, match.start() - 60) : match.start()],
        )
        or re.search(r"(?i)\b(?:or better|or above|or outstanding|enough)\b", text[match.end() : match.end() + 14])
        or re.search(r"(?i)\b(?:schools|homes|audits?(?! Commission)|case files?|settings)\b", around)
    )


_AREA_WORDS: Final = re.compile(
    r"(?i)service|effectiveness|leader|care|children|protection|adoption|fostering|permanence|management|governance|"
    r"safeguarding|overall|council|quality|outcome|performance|capacity|practice|"
    r"progress|prospects|board|lscb|authority|health|staying|enjoy|contribution|economic|help|equality|ambition|"
    r"judge?ment|rating|provision|youth|education|social|organisation|partnership|inclusion|risk of harm|likelihood|"
    r"re-?offending|learners|arrangements|programme|personalis|support|safety|wellbeing|well-being|dignity|"
    r"work with|victims|the public|young people|healthy|staying safe|"
    r"disabilit|disposals?|resettlement|delivery|choice|independence|freedom|discrimination|involvement|equal(?:ity|ities)"
)


def _clause_before(text: str) -> str | None:
    """What a clause is about, whose verb stands at the end of ``text``: "Staying safe had been"."""
    clause = re.split(r"[.;:,]\s|\b(?:and|that|but|while|with|for)\s", text)[-1].strip()
    found = re.fullmatch(
        r"(?P<np>[A-Za-z][\w’'& -]*?)\s+(?:(?:was|were|is|are|has been|have been|had been|being|be|also|again|both|"
        r"all)\s*)+",
        clause + " ",
    )
    if found is None or len(found["np"].split()) > 8 or TELLING.search(found["np"]) or not names_area(found["np"]):
        return None
    return (
        None
        if re.match(r"(?i)(?:the |this |its |our )?(?:council|authority|service|it|they)$", found["np"])
        else area_name(found["np"])
    )


def names_area(text: str) -> bool:
    """Whether words can be the name of what is judged."""
    return (
        bool(_AREA_WORDS.search(text))
        and len(text.split()) <= 26
        and not re.match(r"(?i)^(?:this|it|which|that|they|we|there|and|as)$", text)
    )


def area_name(text: str) -> str:
    """The name of what is judged, without the words that lead to it."""
    words = collapsed(text).strip(" :,–-‘’'\"“”")
    words = re.sub(
        r"(?i)^(?:(?:that|and|with|while|when|where|which|the overall judge?ment (?:is|was) that|inspectors|ofsted|"
        r"csci|ssi|the inspection)\s+)+",
        "",
        words,
    )
    words = re.sub(r"(?i)^(?:the|our|its|a|an)\s+(?=\w)", "", words)
    words = re.sub(r"(?i)\s+(?:was|were|is|are|has been|have been|as)$", "", words)
    return words[:1].upper() + words[1:]
