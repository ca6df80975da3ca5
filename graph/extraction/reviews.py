"""Inspections and their judgements as a council's paper tells of them, in running prose.

One paper often tells of several: the inspection that it is about, the one before, the Audit Commission's assessment of
the whole council. Each judgement goes to the inspection that its own clause names; where it names none, to the paper's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from graph.authorities import Authority
from graph.dates import PrintedDate, find_dates
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.grades import area_concept, framework_id, grade_concept
from graph.extraction.sentences import sentences
from graph.model import Block, Evidence, Inspection, Judgement, ReadDocument

BODIES: Final = (
    ("Ofsted", r"\bOfsted\b|\bOFSTED\b|Office for Standards in Education"),
    ("CSCI", r"Commission for Social Care Inspection|\bCSCI\b"),
    ("SSI", r"Social Services Inspect(?:orate|ion)\b|\bSSI\b"),
    ("Audit Commission", r"Audit Commission(?:[’']s)?\b"),
    ("HMI Probation", r"Inspectorate of Probation|\bHMI ?Probation\b|\bHMIP\b"),
    ("Care Quality Commission", r"Care Quality Commission|\bCQC\b"),
    ("HMICFRS", r"\bHMICFRS\b|Inspectorate of Constabulary"),
    ("Estyn", r"\bEstyn\b"),
)
_LSCB: Final = re.compile(r"(?i)\blocal safeguarding children board|\bLSCB\b")
_BOARD_REVIEW: Final = re.compile(
    r"(?i)\breview(?:ed|s)?\b(?: of)?(?: the)? effectiveness of (?:the |its |"
    r"our )?(?:local safeguarding children board|LSCB)"
)
_SIF_YEARS: Final = ("2013-11", "2018-06")
"""When papers on inspections under the single framework were written."""
_JOINT_BODY: Final = re.compile(
    r"\b(?:Ofsted|Office for Standards in Education)\)?,? and (?:the )?(?:Care Quality Commission|CQC)\b"
    r"(?=[^.]{0,80}\b(?:inspect|visit))"
)
"""The two bodies that inspect an area's provision for special educational needs."""
_FRAMEWORKS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"comprehensive performance assessment|\bCPA\b|\bcorporate assessment\b",
        r"annual performance assessment(?: of [\w’' ]{3,60}services)?|\bAPA\b",
        r"joint area review|\bJAR\b",
        r"joint targeted area inspection|\bJTAI\b",
        (
            r"annual review(?: of (?:[\w’']+ ){0,3}performance)?|annual performance (?:review|rating)|"
            r"performance (?:star )?ratings?(?= \d{4})"
        ),
        r"inspection of local authority children[’']?s services(?: \(ILACS\))?|\bILACS\b",
        (
            r"(?:single )?inspection of services for children in\sneed\sof\shelp\sand\sprotection"
            r"(?:,?\schildren\slooked "
            r"after and care leavers)?"
        ),
        r"joint (?:local )?area (?:SEND )?inspection|area SEND inspection|local area (?:SEND )?inspection",
        r"(?:Ofsted )?focused visit(?: (?:of|to) [\w’' ]{3,60}?)?(?=[.,;]| in | on |$)",
        r"(?:Ofsted )?monitoring visit",
        r"joint review",
        r"inspection of (?:local authority )?arrangements for the protection of children",
        (
            r"(?:inspection of )?safeguarding and (?:services for )?looked[- ]after children(?:[’']s)?(?: services)?"
            r"(?: inspection)?"
        ),
        r"joint inspection of (?:the )?[\w’' ]{0,30}?youth offending (?:teams?|services?|work)",
        r"inspection of (?:the )?(?:supporting people(?: programme)?|private fostering(?: arrangements)?)",
        r"inspection of child protection",
        r"(?:annual )?(?:performance|star) ratings? (?:for|of) [\w’' ]{4,40}?(?=[.,;]| in | for | \d|$)",
        r"single inspection framework|\bSIF\b",
        (
            r"core case inspection|short quality screening|full joint inspection|thematic inspection|"
            r"inspection of youth offending(?: work| services?)?|youth (?:offending|justice) (?:service |"
            r"work )?inspection"
        ),
        (
            r"unannounced inspection(?: of [\w,’' ]{3,80}?)?"
            r"(?=[.;(]|,? (?:in|on|took|was|within|which|and was|between|during)\b|$)"
        ),
    )
)
_INSPECTION_OF: Final = re.compile(
    r"(?i:\b(?:re-?)?inspection of) (?:the )?(?:(?:[A-Z][\w&’']*(?: and| of| with| upon)? ){0,6}?)"
    r"(?P<of>(?i:(?:local authority )?(?:children[’']?s?(?:,? (?:and|&) (?:families|young people(?:[’']s)?))?|"
    r"adult[s’']*|safeguarding|fostering|adoption|leaving care|youth|looked[- ]after children|social)"
    r"(?:[’']s)?(?:(?:,| and| &)? (?:social|care|services?|families|families[’']|family|young|people|people[’']s|"
    r"looked|after|children|safeguarding|in|need|of|help|protection|arrangements|adoption|fostering|leavers|"
    r"service|"
    r"for)){0,10}))"
)
_SERVICES_FOR: Final = re.compile(
    r"(?i)\binspection of (?:social care |social )?services (?:for|to)(?: (?:older|disabled|vulnerable|young|"
    r"adults?|people|"
    r"children|families|carers|and|with|their|learning|physical|sensory|mental|health|disabilit(?:y|ies)|problems|"
    r"needs))+"
)
_EVENT: Final = re.compile(
    r"(?i)\binspect(?:ed|ion|ors?)\b|\bvisit(?:ed)?\b|\breview(?:ed)?\b|\bfieldwork\b|\bassess(?:ment|ed)\b|"
    r"\bon[- ]site\b|\bexamined\b"
)
_EVENT_VERB: Final = re.compile(
    r"(?i)\b(?:took place|taken place|was (?:under)?taken|undertaken|carried out|conducted|held|inspected|visited|"
    r"were (?:on[- ]site|in)|"
    r"was (?:inspected|completed|held)|reviewed|assessed|on[- ]site|took|between|during|fieldwork|of .{3,80} in|"
    r"commenced|completed|examined)\b"
)
_EARLIER: Final = re.compile(
    r"(?i)\b(?:compare[sd] with|previous(?:ly)?|earlier|last|former|initial|preceding|prior|since the|first)\b"
)
_FUTURE: Final = re.compile(
    r"(?i)\b(?:will|would|could|(?-i:may)|might|shall|is due|are due|is expected|propos\w+|if|unless|whether|likely to|"
    r"planned|should)\b"
)
_LEAD: Final = re.compile(
    r"\b[Ll]ead\s+(?:\w{2,6}\s+)?[Ii]nspector,?\s*:?\s*(?:(?:was|is|,)\s+)?(?:\(?(?:Mr|Mrs|Ms|Miss|"
    r"Dr)\.?\s+)?(?P<name>[A-Z][a-z’'-]+(?:\s+[A-Z][\w’'.-]+){1,2})"
)
_LEAD_AFTER: Final = re.compile(
    r"\b(?P<name>[A-Z][a-z’'-]+(?:\s+[A-Z][\w’'.-]+){1,2}),?\s*\(?(?:the |"
    r"HMI,? )?(?i:lead\s+(?:\w{2,6}\s+)?inspector)\b"
)
_LED_BY: Final = re.compile(
    r"\b(?:inspection|team|review)\b[^.]{0,40}\bled by (?:HMI )?(?P<name>[A-Z][a-z’'-]+(?:\s+[A-Z][\w’'.-]+){1,2})"
)

_WHO_LED: Final = re.compile(
    r"\b(?P<name>[A-Z][a-z’'-]+(?:\s+[A-Z][\w’'.-]+){1,2}?)(?:,? (?:S?HMI|(?:Her|His) Majesty[’']s Inspector))?,?"
    r"\s+(?:who\s+)?led"
    r"(?=\s+(?:the|this|its)\s+(?:inspection|review|team|visit)\b|\s+(?:from|between|in|on|during)\b|[,.]?$|[.,] )"
)

_WHO: Final = (
    r"(?:(?:young |local |vulnerable )?(?:people|children|adults|families|users|service users|"
    r"residents)(?: and (?:young people|families|their families|carers))?)"
)
_SERVING: Final = re.compile(
    rf"(?i)\b(?:{_WHO} in [A-Z][\w’' ]{{2,30}}?\s+(?:were|are|was|is)\s+(?:not\s+)?well\s+served"
    rf"|serv(?:ing|ed|es)\s+(?:(?:most|some|all|few)(?:\s+of)?(?:\s+(?:the|its|"
    rf"our))?\s+)?{_WHO}\s+(?:consistently\s+)?well"
    rf"|(?:not|no)\s+(?:currently\s+)?(?:being\s+)?serv(?:ing|ed)\s+{_WHO}\s+well"
    rf"|(?:most|some|all|few|not all)\s+(?:of\s+(?:the\s+)?)?{_WHO}\s+(?:were|are|was|is|being|"
    rf"had been)\s+(?:being\s+)?(?:not\s+)?(?:well\s+)?served(?:\s+well)?)"
)
_CAPACITY: Final = re.compile(
    r"(?i)\b(?P<word>excellent|promising|uncertain|poor)\s+(?P<what>capacity|prospects?)(?:\s+(?:for|"
    r"to)\s+(?:further\s+)?improve(?:ment)?s?)?"
    r"|\b(?P<what2>capacity|prospects?)(?P<rest>\s+(?:for|to)\s+(?:further\s+)?improve(?:ment)?s?)?\s*(?:was|were|"
    r"is|are|as|to be|being|remains?|remained|[-–:=])*\s*(?:judged\s+|assessed\s+)?(?:to be\s+|"
    r"as\s+)?(?:also\s+)?[‘'\"“]?(?P<word2>excellent|promising|uncertain|poor)\b"
)
_STARS: Final = re.compile(
    r"(?i)\b(?P<stars>(?:zero|no|one|two|three|four|[0-4])[\s-]stars?)\b(?!\s*(?:scale|system|"
    r"to\b))(?!\s*\(?\s*(?:the|out of) (?:highest|lowest) possible)"
)
_GRADE: Final = (
    r"(?:outstanding|excellent|good|fair|adequate|satisfactory|weak|poor|inadequate|"
    r"requires? improvement(?: to be good)?|requiring improvement(?: to be good)?|"
    r"perform(?:ing|s|ed) (?:poorly|adequately|well|excellently)|improving (?:strongly|well|adequately)|"
    r"not improving(?: adequately)?)"
)
_SCORE: Final = r"(?:[1-4]|one|two|three|four)"
_Q: Final = r"[‘'\"“]?"
_QE: Final = r"[’'\"”]?"
_RATED: Final = re.compile(
    rf"(?i)\b(?:rat(?:ed|ing)|judged|graded?|assessed|scored?|awarded|classified|found|deemed|considered|"
    rf"judge?ments?|grading)\b"
    rf"(?:\s+(?:overall|currently|again|also|now|both|all))?(?:\s+(?:was|is|were|are|has been|"
    rf"had been))?(?:\s+(?:as|to be|to(?=\s+require)|at|of|a|an|that of))*(?:\s+(?:an?|overall|grade|score|"
    rf"of)\b)*\s*[:–-]?\s*{_Q}(?P<grade>{_GRADE}\b|{_SCORE}\b(?=[’'\"”]|\s+(?:on|out of)\b))"
)
#: "judged overall effectiveness to be good": what was judged stands between the verb and the grade.
_JUDGED_TO_BE: Final = re.compile(
    rf"(?i)\b(?:rat(?:ed|ing)|judged|graded|assessed|scored|found|deemed)\s+(?P<area>(?:(?!\b(?:was|were|is|are|judged|"
    rf"rated|graded|that)\b)[\w’',&-]+\s+){{1,16}}?)(?:to be|as)\s+(?:an? )?{_Q}(?P<grade>{_GRADE})\b"
)
_JUDGED_THEM: Final = re.compile(
    rf"(?i)\b(?:rated|judged|graded|found|deemed)\s+(?:them|it|the (?:service|council|authority)|"
    rf"(?:children[’']s )?services)\s+"
    rf"(?:to be |as |overall )?{_Q}(?P<grade>{_GRADE})\b"
)
_IS_GRADE: Final = re.compile(
    rf"(?i)\b(?:overall effectiveness(?: of [\w ,’'-]*?)?|overall judge?ment|(?:overall )?(?:CPA|corporate|"
    rf"performance) (?:category|rating|score|assessment)|capacity (?:for|to) improve(?:ment)?|"
    rf"impact of leaders[\w ,’'-]*?|experiences and progress of [\w ,’'-]*?|"
    rf"leadership,? management and governance|"
    rf"quality of [\w ]+?|effectiveness of [\w ,’'-]*?)\s*"
    rf"(?:[-–:=]+|is|was|were|are|remains?|as)\s*{_Q}(?P<grade>{_GRADE})\b"
)
#: What inspectorates give a grade to, by its own name.
_GRADED: Final = (
    r"(?:(?:the|its|their|our|[A-Z][\w-]+[’']s?)\s+)?(?:overall (?:effectiveness|judge?ment|"
    r"performance)(?: of [\w ,’'-]{3,60}?)?|"
    r"(?:(?:local authority|council[’']s)\s+)?(?:children[’']s\s+)?(?:social care\s+)?services(?: for [\w ]{3,40}?)?|"
    r"(?:local )?safeguarding children board|LSCB|(?:the )?(?:experiences? and progress|"
    r"impact of leaders)[\w ,’'-]{3,90}?|"
    r"leadership(?:,? (?:management )?and (?:management|governance))?|adoption(?: performance)?|"
    r"(?:arrangements for )?(?:safeguarding|help and "
    r"protection)|children (?:who need help and protection|looked after[\w ]{0,30}?|in care)|care leavers|"
    r"capacity to improve|"
    r"council|(?:local )?authority|department|service)"
)
#: What only Ofsted carried out, where a paper names no inspectorate.
_OFSTEDS_OWN: Final = re.compile(
    r"(?i)\bannual performance assessment of (?:services for )?children|\bchildren[’']s services annual (?:rating|"
    r"performance assessment)|\bILACS\b|\binspection of local authority children[’']s services\b"
)
_IS_GRADED: Final = re.compile(rf"(?i){_GRADED}|(?:the )?(?:overall|capacity|prospects|quality|safeguarding)\b")
#: "found that overall effectiveness requires improvement", "and that the board is inadequate".
_THAT_IS: Final = re.compile(
    rf"(?i)(?:\b(?:that|and|but|while|with)|;)\s+(?P<area>{_GRADED}|"
    rf"(?-i:[A-Z][\w-]+)(?=\s+\w+ improvement[\w ]{{0,12}} ove"
    rf"rall))\s+(?:overall\s+)?"
    rf"(?:(?:is|was|are|were|remains?|had been)\s+(?:overall\s+)?)?(?P<grade>requir(?:es?|"
    rf"ed) improvement(?: to be good)?|"
    rf"(?<=\b(?:is|as)\s)(?:{_GRADE})|(?<=\b(?:was|are)\s)(?:{_GRADE})|(?<=\bwere\s)(?:{_GRADE}))\b"
)
#: "judged X to be outstanding, and Y to be good": the second of the two.
_AND_TO_BE: Final = re.compile(
    rf"(?i)^[^.;]{{0,12}}?\b(?:and|with|but)\s+(?P<area>[\w’',& -]{{4,120}}?)\s+(?:to be|"
    rf"as)\s+{_Q}(?P<grade>{_GRADE})\b"
)
#: The three outcomes of an area's inspection since 2023.
_SEND_OUTCOME: Final = re.compile(
    r"(?i)\b(?:typically (?:lead to )?positive|inconsistent) experiences(?: and outcomes)?|"
    r"widespread and/?\s?(?:or )?systemic failings"
)
_WHOLE: Final = re.compile(
    r"(?i)(?:the |its |our |their )?(?:council|(?:local )?authority|department|it|they|we|borough|county|city)"
)
_WHOLE_BEFORE: Final = re.compile(rf"{_WHOLE.pattern}\s+(?:(?:was|were|is|are|has been|have been|had been)\s+)?$")
_LINE: Final = re.compile(
    rf"(?i)^(?P<area>[A-Z][^.:;]{{3,140}}?)\s*(?:[:–=]|-(?=\s)|(?P<is>\b(?:is|was|were|are)\b))\s*"
    rf"(?P<rated>judged |rated |graded )?(?:to be |as )?"
    rf"{_Q}(?P<grade>{_GRADE}|{_SCORE}(?:\s*\((?:{_GRADE})\))?|grade \d){_QE}\.?$"
)
#: A share of work as a score, as inspections of youth offending print it.
_SCORE_LINE: Final = re.compile(
    r"^(?P<area>[A-Z][^.:;%]{3,80}?)\s*(?:[:=–-]\s*)?(?P<grade>\d{1,3}\s?%)$(?P<is>(?!))?(?P<rated>(?!))?"
)
_GRADE_CELL: Final = re.compile(
    rf"(?i)^{_Q}(?:grade\s*)?(?:{_GRADE}|[1-4](?:\s*[-–(]\s*{_GRADE}\)?)?|{_GRADE}\s*\((?:grade )?[1-4]\)|"
    rf"serving .{{3,40}} well|promising|uncertain){_QE}\.?$"
)
_SCORE_CELL: Final = re.compile(r"\d{1,3}\s?%")
_SCORE_HEAD: Final = re.compile(r"(?i)\b(?:scores?|rating|grade|judge?ment)\b")
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


_TELLING: Final = re.compile(
    r"(?i)\b(?:that|found|judged|concluded|noted|which|who(?! need)|because|although|is|are|was|were)\b"
)
"""Words of a sentence, not of an area's name."""
_SAYS_GRADES: Final = re.compile(
    r"(?i)\b(?:judg\w+|rated|graded|found|concluded|grade[sd]?|Ofsted|inspectors|inspection)\b"
)
#: Nobody writes longer sentences; patterns are not tried on what only looks like one.
MAX_SENTENCE: Final = 6_000


@dataclass
class _Review:
    """One inspection while it is being put together."""

    inspectorate: str | None
    framework: str | None
    start: str | None
    end: str | None
    at: tuple[int, int]
    lead: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The inspections of a paper, the main one first, and their judgements; ``spans`` are where judgements stand."""

    inspections: tuple[Inspection, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Given:
    """A judgement as printed and where."""

    area: str
    grade: str
    start: int
    end: int
    rule: str
    score: float
    column: int | None = None


@dataclass
class ReviewTeller:
    """Reads the inspections and judgements out of the prose blocks of one document."""

    document: ReadDocument
    authority: Authority | None
    published: str | None
    title: str | None
    reviews: list[_Review] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    _served: list[str | None] = field(default_factory=list)
    _group: str | None = None

    def tell(self, blocks: Iterable[Block], *, answered: bool) -> Told:
        """answered: whether the paper holds recommendations, findings or a plan, and so is about an inspection even
        where it gives neither date nor judgement."""
        prose = [block for block in blocks if block.table is None]
        main = self._main(prose)
        self.reviews.append(main)
        for block in self.document.blocks:
            if block.table is not None:
                self._table(block)
        for block in prose:
            self._block(block)
        self._board(main)
        dated = main.start is not None
        judged = any(judgement.inspection == 0 for judgement in self.judgements)
        if not (dated or judged or (answered and (main.inspectorate is not None or main.framework is not None))):
            if len(self.reviews) == 1:
                return Told()
            self._drop_main()
        return Told(
            tuple(self._inspection(review) for review in self.reviews), tuple(self.judgements), tuple(self.spans)
        )

    def _board(self, main: _Review) -> None:
        """The review of the safeguarding board that goes with an inspection under the single framework."""
        from dataclasses import replace

        named = _BOARD_REVIEW.search(self.document.text)
        of_board = [place for place, j in enumerate(self.judgements) if j.inspection == 0 and _LSCB.search(j.area)]
        if named is None or not of_board or framework_id(main.framework, main.start) not in ("sif", None):
            return
        name = "Review of the effectiveness of the Local Safeguarding Children Board"
        self.reviews.append(_Review(main.inspectorate, name, main.start, main.end, (named.start(), named.end())))
        for place in of_board:
            self.judgements[place] = replace(self.judgements[place], inspection=len(self.reviews) - 1)

    def _drop_main(self) -> None:
        from dataclasses import replace

        self.reviews.pop(0)
        self.judgements = [replace(j, inspection=j.inspection - 1) for j in self.judgements]

    # -------------------------------------------------------------------------------------------- the paper's own one

    def _main(self, prose: Sequence[Block]) -> _Review:
        body = self._main_body(prose)
        start, end, at = self._main_dates(prose, body)
        review = _Review(body, None, start, end, at)
        review.framework = self._main_framework(prose)
        review.lead = self._lead(prose)
        return review

    def _main_body(self, prose: Sequence[Block]) -> str | None:
        """The body that the title names, else the one named most, what stands first counting more."""
        titled = body_in(self.title or "")
        if titled in ("Ofsted", "Care Quality Commission", None) and any(
            _JOINT_BODY.search(self.document.slice(block)) for block in prose[:40]
        ):
            return "Ofsted and Care Quality Commission"
        if titled is not None:
            return titled
        counts: dict[str, float] = {}
        for position, block in enumerate(prose):
            text = self.document.slice(block)
            for name, pattern in BODIES:
                found = len(re.findall(pattern, text))
                if found:
                    weight = 2.0 if position < 0.35 * len(prose) else 1.0
                    near = (
                        2.0
                        if re.search(
                            rf"(?i)(?:inspect|review|judge)[^.]{{0,90}}(?:{pattern})|"
                            rf"(?:{pattern})[^.]{{0,40}}(?:inspect|judge|found)",
                            text,
                        )
                        else 1.0
                    )
                    counts[name] = counts.get(name, 0.0) + weight * near * min(found, 2)
        for table in self.document.blocks:
            if table.table is not None and (named := body_in(self.document.slice(table)[:400])) is not None:
                counts[named] = counts.get(named, 0.0) + 0.5
        if counts:
            return max(counts, key=lambda body: counts[body])
        ofsteds = any(_OFSTEDS_OWN.search(self.document.slice(block)) for block in prose[:20])
        return "Ofsted" if ofsteds or _OFSTEDS_OWN.search(self.title or "") else None

    def _main_dates(self, prose: Sequence[Block], body: str | None) -> tuple[str | None, str | None, tuple[int, int]]:
        """The most exact date of a sentence that tells when the inspection was; the first of equally exact ones."""
        best: tuple[float, int, PrintedDate, tuple[int, int]] | None = None
        for start, end in self._sentences(prose):
            text = self.document.text[start:end]
            if not _EVENT.search(text) or (
                _FUTURE.search(text) and not re.search(r"(?i)took place|was carried out|were inspected|inspected", text)
            ):
                continue
            for date in find_dates(text):
                before = text[max(0, date.start - 70) : date.start]
                if (
                    date.earliest[5:7] > "12"
                    or _EARLIER.search(before[-45:])
                    or re.search(r"(?i)\b(?:published|issued|announced)\b[^,;]*$", before)
                    or re.search(
                        r"(?i)\b(?:dated|launched|announced|published|meeting|letter|report of|cabinet|"
                        r"committee|scrutiny|by "
                        r"(?:the )?(?:end|start)|"
                        r"until|since|presented|framework (?:was|is|introduced|published)|introduced|endorsed|"
                        r"programme|proposed|"
                        r"consultation)\b[^,;]*$",
                        before[-40:],
                    )
                ):
                    continue
                if self.published is not None and date.earliest > self.published[: len(date.earliest)]:
                    continue
                verb = _EVENT_VERB.search(text)
                if not verb or (
                    not _EVENT.search(text[: date.start]) and not _EVENT.search(text[date.end : date.end + 110])
                ):
                    continue
                others = [name for name, pattern in BODIES if re.search(pattern, text)]
                score = {10: 3.0, 7: 2.0, 4: 0.5}[len(date.earliest)] + (1.0 if date.earliest != date.latest else 0.0)
                score -= 1.0 if others and body is not None and body not in others else 0.0
                score -= 1.5 if len(date.earliest) == 4 and not re.search(r"(?i)inspected|took place", text) else 0.0
                if re.search(r"(?i)national programme|approximately \d+|other (?:authorities|councils)", text):
                    score -= 1.5
                if score > 0 and (best is None or score > best[0]):
                    best = (score, start, date, (start, end))
        if best is not None:
            return best[2].earliest, best[2].latest, best[3]
        for start, end in self._sentences(b for b in self.document.blocks[:60] if b.table is None):
            text = self.document.text[start:end]
            if len(text) < 160 and re.search(r"(?i)inspection", text) and not _EARLIER.search(text):
                dates = [d for d in find_dates(text) if len(d.earliest) >= 7 and d.earliest[5:7] <= "12"]
                if (
                    dates
                    and (self.published is None or dates[0].latest <= self.published[: len(dates[0].latest)])
                    and not re.search(
                        r"(?i)report|meeting|committee|cabinet|version|announced|published|framework|propos|"
                        r"consult|due|forthcoming",
                        text,
                    )
                ):
                    return dates[0].earliest, dates[0].latest, (start, end)
        first = prose[0] if prose else None
        return None, None, (first.start, first.end) if first else (0, 0)

    def _main_framework(self, prose: Sequence[Block]) -> str | None:
        """As the text names it: "Inspection of ..." with its full words, or a framework's own name."""
        candidates: list[tuple[float, str]] = []
        texts = [(self.title or "", 3.0)] + [(self.document.slice(block), 1.0) for block in prose]
        for text, weight in texts:
            if not text:
                continue
            candidates.extend((weight + 0.2, collapsed(found.group())) for found in _SERVICES_FOR.finditer(text))
            for found in _INSPECTION_OF.finditer(text):
                opening = " ".join(found.group().split()[:2])
                name = collapsed(f"{opening[:1].upper()}{opening[1:]} {found['of']}")
                name = re.sub(r"(?i)(?:,| and| &| of| for| in)+$", "", name)
                if len(name.split()) >= 4:
                    candidates.append((weight + 0.05 * min(len(name.split()), 8), name))
            for pattern in _FRAMEWORKS:
                for named in pattern.finditer(text):
                    clause = text[max(0, named.start() - 90) : named.start()]
                    if weight == 1.0 and (_EARLIER.search(clause) or _FUTURE.search(clause)):
                        continue
                    telling = 1.2 if len(named.group().split()) > 1 else 0.6
                    candidates.append(
                        (weight * telling * (0.25 if pattern is _FRAMEWORKS[0] else 1.0), collapsed(named.group()))
                    )
        if not candidates:
            children = re.search(
                r"(?i)\b(?:children[’']s services|social services|safeguarding|fostering|"
                r"adoption)[\w’' ]{0,20}? inspection\b",
                " ".join(t for t, _ in texts),
            )
            return collapsed(children.group()) if children else None
        tally: dict[str, float] = {}
        for weight, name in candidates:
            key = name.casefold()
            tally[key] = max(tally.get(key, 0.0), weight) + (0.1 if key in tally else 0.0)
        best = max(tally, key=lambda key: tally[key])
        if len(best.split()) == 1:
            named_in_full = [key for key in tally if len(key.split()) > 3 and framework_id(key) == framework_id(best)]
            best = max(named_in_full, key=lambda key: tally[key], default=best)
        specific = [key for key in tally if framework_id(key) == "sif"]
        if (
            specific
            and framework_id(best) in (None, "ilacs")
            and _SIF_YEARS[0] <= (self.published or "") <= _SIF_YEARS[1]
        ):
            best = max(specific, key=lambda key: tally[key])
        best = max((key for key in tally if key.startswith(best)), key=len)
        return next(name for _, name in candidates if name.casefold() == best)

    def _lead(self, prose: Sequence[Block]) -> str | None:
        for block in prose:
            text = self.document.slice(block)
            found = _LEAD.search(text) or _LEAD_AFTER.search(text) or _LED_BY.search(text) or _WHO_LED.search(text)
            if found:
                name = collapsed(found["name"]).rstrip(".")
                if not re.search(r"(?i)inspectorate|majesty|ofsted|commission|council", name):
                    return name
        return None

    # ----------------------------------------------------------------------------------------------------- judgements

    def _sentences(self, blocks: Iterable[Block]) -> Iterable[tuple[int, int]]:
        for block in blocks:
            for start, end in sentences(self.document.text, block.start, block.end):
                if end - start <= MAX_SENTENCE:
                    yield start, end

    def _block(self, block: Block) -> None:
        text = self.document.slice(block)
        line = _LINE.match(collapsed(text)) if len(text) < 200 else None
        if line is None and self._of_inspection():
            line = _SCORE_LINE.match(collapsed(text))
        if line and line["is"] and not line["rated"] and not _IS_GRADED.match(line["area"]):
            line = None  # "Young people's part in planning is outstanding" praises
        if line and _names_area(line["area"]) and not _FUTURE.search(text) and not _TELLING.search(line["area"]):
            given = _Given(_area(line["area"]), line["grade"], block.start, block.end, "council.line", 0.95)
            self._give(given, self._review_of(block.start, block.end, block.start, block))
            return
        for start, end in self._sentences((block,)):
            for given in self._given(start, end):
                self._give(given, self._review_of(start, end, given.start, block))

    def _given(self, start: int, end: int) -> list[_Given]:
        """The judgements of one sentence; none where it only says what could be judged."""
        text = self.document.text[start:end]
        if _hypothetical(text):
            return []
        found: list[_Given] = []
        for match in _SERVING.finditer(text):
            found.append(
                _Given(
                    "Serving people", match.group(), start + match.start(), start + match.end(), "council.serving", 0.97
                )
            )
        for match in _CAPACITY.finditer(text):
            what = (match["what"] or match["what2"]).lower()
            area = "Capacity for improvement" if what == "capacity" else "Prospects for improvement"
            grade = match.group() if match["word"] else match["word2"]
            at = match.start() if match["word"] else match.start("word2")
            found.append(_Given(area, grade, start + at, start + at + len(grade), "council.capacity", 0.97))
        for match in _STARS.finditer(text):
            if re.search(
                r"(?i)\bto\s+$|\bscale\b",
                text[max(0, match.start() - 12) : match.start()] + text[match.end() : match.end() + 8],
            ):
                continue
            if not re.search(
                r"(?i)rat|award|judg|perform|assess|stars? (?:council|authority|service)|achiev|receiv|given", text
            ):
                continue
            found.append(
                _Given("Star rating", match["stars"], start + match.start(), start + match.end(), "council.stars", 0.95)
            )
        for match in _SEND_OUTCOME.finditer(text):
            found.append(
                _Given(
                    "Inspection outcome",
                    match.group(),
                    start + match.start(),
                    start + match.end(),
                    "council.send",
                    0.95,
                )
            )
        taken = [(given.start, given.end) for given in found]
        matches = [
            match for pattern in (_JUDGED_THEM, _JUDGED_TO_BE, _IS_GRADE, _RATED) for match in pattern.finditer(text)
        ]
        if _SAYS_GRADES.search(text):
            # "performing well" in running prose praises; it is a rating only where one is named
            matches += (m for m in _THAT_IS.finditer(text) if not m["grade"].lower().startswith("performing"))
        for first in list(matches):
            if first.re is _JUDGED_TO_BE and (second := _AND_TO_BE.match(text[first.end() :])):
                found += self._second(second, start + first.end(), taken)
        for rated in matches:
            begin, stop = start + rated.start("grade"), start + rated.end("grade")
            if any(a < stop and begin < b for a, b in taken) or _is_comparison(text, rated):
                continue
            judged = self._judged_area(text, rated)
            if judged is not None:
                taken.append((begin, stop))
                found.append(_Given(judged, rated["grade"], begin, stop, "council.rated", 0.9))
        return sorted(found, key=lambda given: given.start)

    def _second(self, match: re.Match[str], offset: int, taken: list[tuple[int, int]]) -> list[_Given]:
        begin, stop = offset + match.start("grade"), offset + match.end("grade")
        if not _names_area(match["area"]):
            return []
        taken.append((begin, stop))
        return [_Given(_area(match["area"]), match["grade"], begin, stop, "council.rated", 0.9)]

    def _overall(self, text: str) -> str:
        ofsted = body_in(text) == "Ofsted" or self.reviews[0].inspectorate == "Ofsted"
        return "Overall effectiveness" if ofsted else "Overall"

    def _judged_area(self, text: str, match: re.Match[str]) -> str | None:
        """What was given the grade: the words before the verb, or those after "for"; the framework of a whole-council
        assessment."""
        after = text[match.end() : match.end() + 140]
        for_what = re.match(
            rf"{_QE}\s+(?:for|in relation to|in respect of|in)\s+(?P<area>(?:the )?[\w’' ,&-]{{6,100}}?)(?=[.,;:()]|"
            rf"\s+(?:and|with|in|by|as|which)\b|$)",
            after,
        )
        assessed = re.match(
            rf"{_QE}\s+by\s+(?:the\s+)?[\w’' ]{{0,40}}?(?P<area>comprehensive performance assessment|CPA)\b",
            after,
            re.IGNORECASE,
        )
        if assessed:
            return collapsed(assessed["area"])
        if match.re is _JUDGED_THEM:
            return "Overall effectiveness"
        if match.re is _JUDGED_TO_BE:
            return _area(match["area"]) if _names_area(match["area"]) else None
        if match.re is _IS_GRADE:
            head = re.split(r"\s*(?:[-–:=]+|\bis\b|\bwas\b|\bwere\b|\bare\b|\bremains?\b)\s*", match.group())[0]
            return _area(head)
        if match.re is _THAT_IS:
            if re.search(r"(?i)\boverall judge?ment (?:is|was)$", text[: match.start()].rstrip()):
                return "Overall judgement"
            whole = _WHOLE.fullmatch(match["area"]) or not _names_area(match["area"])
            return self._overall(text) if whole else _area(match["area"])
        before = _SUBJECT.search(text[: match.start()])
        subject = collapsed(before["np"]) if before else ""
        if for_what and not _names_area(subject):
            return _area(for_what["area"])
        if subject.casefold() in ("board", "the board") and _LSCB.search(self.document.text):
            return "Local Safeguarding Children Board"
        if re.fullmatch(r"(?i)(?:the |its |our )?(?:arrangements|programme|services?)", subject) and re.match(
            rf"{_QE}\s+overall\b", text[match.end() :]
        ):
            return self._overall(text)
        if _names_area(subject):
            praised = re.match(r"(?i)(?:found|considered|deemed)\b", match.group())
            return None if praised and not _IS_GRADED.fullmatch(subject) else _area(subject)
        if re.search(r"(?i)overall", text[max(0, match.start() - 60) : match.end()]):
            return self._overall(text)
        if _WHOLE_BEFORE.search(text[: match.start()]) and re.match(rf"{_QE}\s+overall\b", text[match.end() :]):
            return self._overall(text)
        return None

    def _give(self, given: _Given, review: int) -> None:
        self.spans.append((given.start, given.end))
        grade = collapsed(given.grade).strip("‘’'\"“”.")
        whom = (self._group if given.rule == "council.table" else None) or self._whom(given)
        for known, served in zip(self.judgements, self._served, strict=True):
            if known.inspection != review or not _same_grade(known.grade, grade):
                continue
            alike = known.area.casefold() == given.area.casefold() or (
                given.rule == "council.capacity" and known.made_by is not None and known.made_by.name == given.rule
            )
            if alike and (whom is None or served is None or whom == served):
                return
        self._served.append(whom)
        self.judgements.append(
            Judgement(
                area=given.area,
                grade=grade,
                area_concept=area_concept(given.area),
                grade_concept=grade_concept(grade),
                inspection=review,
                evidence=evidence(self.document, given.start, given.end),
                made_by=maker(given.rule, given.score),
            )
        )

    def _whom(self, given: _Given) -> str | None:
        """Whether a judgement of the old kind is on services for adults or for children, by the words before it."""
        before = self.document.text[max(0, given.start - 160) : given.end]
        clause = re.split(r"[.;\n]", before)[-1]
        found = re.findall(r"(?i)\b(adult|child|young people|older people)", clause)
        return ("adults" if found[-1].lower().startswith(("adult", "older")) else "children") if found else None

    def _table(self, block: Block) -> None:
        """A table of judgements: areas at the left, grades in one column, or in one for each year."""
        assert block.table is not None
        rows = []
        for row in block.table.rows:
            texts = {
                cell.column: collapsed(" ".join(self.document.slice(line) for line in cell.lines))
                for cell in row.cells
                if cell.lines
            }
            rows.append((row, texts))
        heads = rows[0][1]
        scored = {column for column, head in heads.items() if column and _SCORE_HEAD.search(head)}
        if scored and not self._of_inspection():
            scored = set()

        performing = {column for column, head in heads.items() if column and re.search(r"(?i)\bperform", head)}

        def is_grade(column: int, text: str) -> bool:
            return bool(
                _GRADE_CELL.match(text)
                or (column in scored and _SCORE_CELL.fullmatch(text))
                or (column in performing and re.fullmatch(r"(?i)well|adequately|poorly|excellent(?:ly)?", text))
            )

        graded = [
            (row, texts)
            for row, texts in rows
            if any(is_grade(column, text) for column, text in texts.items()) and len(texts) >= 2
        ]
        if len(graded) < max(1, 0.5 * (len(rows) - 1)) or not graded:
            return
        every = len(graded) == len(rows) >= 3
        columns = sorted({column for _, texts in graded for column, text in texts.items() if is_grade(column, text)})
        if len(columns) > 4 or 0 in columns:
            return
        heads = heads if rows[0] not in graded else {}
        years = [found[0].earliest[:4] for column in columns if (found := find_dates(heads.get(column, "")))]
        latest = max(years) if len(set(years)) == len(columns) else None
        reviews = {
            column: self._column_review(heads.get(column, ""), latest, len(columns), block) for column in columns
        }
        self._group = self._line_above(block)
        for row, texts in rows:
            if len(texts) < 2 or not any(is_grade(column, text) for column, text in texts.items()):
                if len(texts) == 1 and len(next(iter(texts.values())).split()) <= 10:
                    self._group = next(iter(texts.values())).casefold()
                continue
            first = min(texts)
            if first in columns or not (every or _names_area(texts[first])):
                continue
            for column in columns:
                text = texts.get(column, "")
                if is_grade(column, text):
                    cell = next(c for c in row.cells if c.column == column)
                    self._give(
                        _Given(
                            _area(texts[first]), text, cell.lines[0].start, cell.lines[-1].end, "council.table", 0.97
                        ),
                        reviews[column],
                    )

    def _of_inspection(self) -> bool:
        """Whether a share of work is a score: only of inspections that give one, as those of youth offending do."""
        return self.reviews[0].inspectorate == "HMI Probation"

    def _line_above(self, block: Block) -> str | None:
        """The short line right above a table, which says what it grades."""
        at = self.document.blocks.index(block)
        above = self.document.blocks[at - 1] if at else None
        text = collapsed(self.document.slice(above)) if above is not None and above.table is None else ""
        return text.casefold() if 0 < len(text.split()) <= 10 and not text.endswith((".", ":")) else None

    def _column_review(self, head: str, latest: str | None, count: int, block: Block) -> int:
        """The inspection of a column of grades: an earlier one where its head names another year than the main one, or,
        where the paper does not date that, than the ``latest`` of the columns."""
        if count == 1:
            return 0
        dates = find_dates(head)
        main = self.reviews[0]
        main_year = main.start[:4] if main.start else latest
        if dates and main_year and dates[0].earliest[:4] != main_year:
            return self._known(
                _Review(
                    body_in(head) or main.inspectorate,
                    None,
                    dates[0].earliest,
                    dates[0].latest,
                    (block.start, block.end),
                )
            )
        if _EARLIER.search(head):
            return self._known(
                _Review(
                    main.inspectorate,
                    None,
                    dates[0].earliest if dates else None,
                    dates[0].latest if dates else None,
                    (block.start, block.end),
                )
            )
        return 0

    # ------------------------------------------------------------------------------------------------ whose judgement

    def _review_of(self, start: int, end: int, at: int, block: Block) -> int:
        """Which inspection a judgement at ``at`` belongs to, by the review that its own clause names."""
        text = self.document.text[start:end]
        offset = at - start
        main = self.reviews[0]
        mentions = _mentions(text, (main.start, main.end or main.start) if main.start else None)
        governing = [m for m in mentions if m.start < offset]
        following = [
            m
            for m in mentions
            if m.start >= offset
            and re.match(r"^.{0,60}?\b(?:by|in|from|at|of|under)\b", text[offset : m.start + 1], re.DOTALL)
        ]
        chosen = None
        if governing and (
            not following
            or following[0].start - offset > offset - governing[-1].end
            or governing[-1].framework is not None
        ):
            chosen = governing[-1]
        elif following:
            chosen = following[0]
        if following and governing and re.match(r"[’'\"”\s\w]{0,24}\bby\b", text[offset : following[0].start]):
            chosen = following[0]
        if chosen is None:
            return 0
        named = [
            m
            for m in mentions
            if m is chosen or (abs(m.start - chosen.start) < 70 and (m.body is None) != (chosen.body is None))
        ]
        framework = next((m.framework for m in (chosen, *named) if m.framework), None)
        body = next((m.body for m in (chosen, *named) if m.body), None)
        earlier = chosen.earlier
        date = self._date_near(text, chosen.start, chosen.end)
        apart = date is not None and main.start is not None and date.earliest[:4] != main.start[:4]
        apart = (
            apart
            and re.search(r"(?i)\b(?:in|during|since)\s+(?:\w+\s+)?$", text[: date.start if date else 0]) is not None
        )
        if not earlier and not apart and not framework and (body is None or body == main.inspectorate):
            return 0
        if framework is not None and not earlier and self._is_main(framework, body, date):
            return 0
        if (
            body is not None
            and not earlier
            and framework is None
            and body != main.inspectorate
            and date is None
            and main.inspectorate is None
        ):
            return 0
        known = self._same_review(framework, body, date)
        if known is not None:
            return known
        if framework is None and body is not None and (recalled := self._recalled(body, block)) is not None:
            framework, date = recalled
        if date is None and not earlier and framework is None:
            return 0
        span = (start, end)
        if body is None and framework is None and date is not None and _in_office(main.inspectorate, date.earliest):
            body = main.inspectorate
        return self._known(
            _Review(body, framework, date.earliest if date else None, date.latest if date else None, span)
        )

    def _is_main(self, framework: str, body: str | None, date: PrintedDate | None) -> bool:
        main = self.reviews[0]
        if date is not None and main.start is not None and not main.start.startswith(date.earliest[:4]):
            return False
        if body is not None and main.inspectorate is not None and body != main.inspectorate:
            return False
        own = framework_id(main.framework) if main.framework else None
        other = framework_id(framework)
        return (
            own == other or (main.framework or "").casefold() == framework.casefold() or own is None or (other is None)
        )

    def _same_review(self, framework: str | None, body: str | None, date: PrintedDate | None) -> int | None:
        """An earlier review already told of: the same framework, and no other body or year."""
        for index, review in enumerate(self.reviews[1:], start=1):
            if framework is None or review.framework is None:
                continue
            alike = framework_id(framework) == framework_id(review.framework) or review.framework.casefold().startswith(
                framework.casefold()
            )
            other_body = body is not None and review.inspectorate is not None and body != review.inspectorate
            other_year = date is not None and review.start is not None and date.earliest[:4] != review.start[:4]
            if alike and not other_body and not other_year:
                return index
        return None

    def _recalled(self, body: str, block: Block) -> tuple[str | None, PrintedDate | None] | None:
        """What the same paragraph said of this body's review: its name and its year."""
        text = self.document.slice(block)
        pattern = next(p for name, p in BODIES if name == body)
        for match in re.finditer(pattern, text):
            date = self._date_near(text, match.start(), match.end())
            if date is not None:
                name = re.findall(
                    r"(?:[A-Z][\w’']+ ){1,5}(?:Audit|Review|Assessment|Inspection)\b", text[: match.start()]
                )
                return (re.sub(r"^(?:The|This|That) ", "", name[-1]) if name else None), date
        return None

    def _date_near(self, text: str, start: int, end: int) -> PrintedDate | None:
        """The date of a named review: close after it, or just before its name ("CSCI 2004 annual review")."""
        near = [
            date
            for date in find_dates(text)
            if -40 <= date.start - end <= 45 or 0 <= start - date.end <= 25 or start <= date.start <= end
        ]
        near = [date for date in near if not re.search(r"[.;(]", text[end : date.start])]
        return min(near, key=lambda date: min(abs(date.start - end), abs(start - date.end))) if near else None

    def _known(self, review: _Review) -> int:
        for index, held in enumerate(self.reviews):
            if index == 0 and review.framework is None:
                continue
            if (held.inspectorate, held.start, held.framework) == (review.inspectorate, review.start, review.framework):
                return index
        self.reviews.append(review)
        return len(self.reviews) - 1

    def _inspection(self, review: _Review) -> Inspection:
        span: Evidence | None = evidence(self.document, *review.at) if review.at[1] > review.at[0] else None
        return Inspection(
            inspectorate=review.inspectorate,
            framework=review.framework,
            authority=self.authority.name if self.authority else None,
            gss_code=self.authority.gss_code if self.authority else None,
            start=review.start,
            end=review.end,
            lead_inspector=review.lead,
            framework_id=framework_id(review.framework, review.start) or framework_id(_own_words(review)),
            evidence=span,
            made_by=maker("council.inspection", 0.9),
        )


def _in_office(body: str | None, day: str) -> bool:
    """Whether a body inspected children's services on a day: each took over from the one before."""
    first, last = {"SSI": ("1985", "2004-04"), "CSCI": ("2004-04", "2007-04"), "Ofsted": ("2007", "9999")}.get(
        body or "", ("9999", "0")
    )
    return first <= day <= last


def _own_words(review: _Review) -> str | None:
    return {"CSCI": "CSCI inspection", "SSI": "SSI inspection"}.get(review.inspectorate or "")


@dataclass(frozen=True, slots=True)
class _Mention:
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


def _mentions(text: str, main: tuple[str, str] | None = None) -> list[_Mention]:
    """The reviews that a sentence names: by a body, by a framework, or as "the previous inspection"."""
    found: list[_Mention] = []
    for name, pattern in BODIES:
        found.extend(
            _Mention(m.start(), m.end(), name, None, _was_earlier(text, m.start())) for m in re.finditer(pattern, text)
        )
    for framework in _FRAMEWORKS:
        found.extend(
            _Mention(m.start(), m.end(), None, collapsed(m.group()), _was_earlier(text, m.start()))
            for m in framework.finditer(text)
        )
    for match in re.finditer(
        r"(?i)\b(?:previous|last|earlier|initial|former|preceding|prior)\s+(?:\w+\s+){0,3}?(?:inspection|judge?ment|"
        r"review|assessment|rating|report)s?\b",
        text,
    ):
        found.append(_Mention(match.start(), match.end(), None, None, True))
    for match in re.finditer(
        r"(?i)\b(?:this|the(?: overall)?)\s+(?:inspection|judge?ment)\b(?!\s+(?:of the SSI|in \d))", text
    ):
        found.append(_Mention(match.start(), match.end(), None, None, False))
    for date in find_dates(text):
        before = text[max(0, date.start - 70) : date.start]
        said = re.search(r"(?i)(?<!than )\b(?:in|since|during|of)\s+(?:\w+\s+)?$", before)
        own = any(0 <= date.start - mention.end <= 45 or 0 <= mention.start - date.end <= 25 for mention in found)
        if said and (not own or _EARLIER.search(before)) and not (main and _within(date, main)):
            found.append(_Mention(date.start, date.end, None, None, True))
    return sorted(found, key=lambda mention: (mention.start, -mention.end))


def _was_earlier(text: str, at: int) -> bool:
    return bool(re.search(r"(?i)\b(?:previous|last|earlier|initial|former|preceding|prior)\b[^.;,]{0,40}$", text[:at]))


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
    r"choice|independence"
)


def _names_area(text: str) -> bool:
    return (
        bool(_AREA_WORDS.search(text))
        and len(text.split()) <= 26
        and not re.match(r"(?i)^(?:this|it|which|that|they|we|there|and|as)$", text)
    )


def _area(text: str) -> str:
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


def _same_grade(left: str, right: str) -> bool:
    a, b = grade_concept(left), grade_concept(right)
    return a == b if a is not None else left.casefold() == right.casefold()
