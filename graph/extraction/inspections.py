"""What an inspection report says of its inspection: inspectorate, framework, dates, lead inspector; and of earlier ones
whose judgement it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

from graph.authorities import Authority
from graph.dates import find_dates
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.graded_areas import areas_graded
from graph.extraction.grades import GRADE, area_concept, framework_id, grade_concept
from graph.extraction.judgements import Printed, statement
from graph.extraction.sections import Located
from graph.extraction.sentences import sentences
from graph.model import Block, Evidence, Inspection, ReadDocument

_BODIES: Final = (
    ("Ofsted", r"\bofsted\b|office for standards in education"),
    ("Care Quality Commission", r"care quality commission|\bcqc\b"),
    ("CSCI", r"commission for social care inspection|\bcsci\b"),
    ("SSI", r"social services inspectorate|\bssi\b"),
    ("HMI Probation", r"inspectorate of probation|\bhmi ?probation\b|\bhmip\b"),
    ("HMICFRS", r"inspectorate of constabulary|\bhmicf?r?s?\b"),
    ("Audit Commission", r"audit commission"),
)
_INSPECTOR_TITLES: Final = (
    r"(?:His|Her) Majesty[’']?s? Inspectors?(?: of \w+)?|S?HMI|Ofsted(?: (?:S?HMI"
    r"|Inspector))?|OI|CQC(?: \w+)?|Regulatory Inspector|Social Care Inspector"
)
_NAME: Final = r"[A-ZÀ-Þ][\w’'.-]*(?:[ -](?:de|van|von|der|la|le|Mc|[A-ZÀ-Þ])[\w’'.-]*){1,4}"
_LEAD: Final = re.compile(
    rf"\b(?:(?:Lead|Reporting) inspectors?(?: on site)?|(?:Lead|Reporting) "
    rf"Inspectors?(?=:))\s*:?\s*(?P<name>{_NAME})(?P<more>(?:,?\s*(?:{_INSPECTOR_TITLES}))?,? and "
    rf"(?P<second>{_NAME}))?",
)
_LEAD_AFTER: Final = re.compile(
    rf"(?P<name>{_NAME}),?\s*(?:\(?(?:{_INSPECTOR_TITLES})\)?,?\s*)*[,(–-]?\s*\(?[Ll]ead [Ii]nspector"
)
_LED_BY: Final = re.compile(
    rf"\b(?:led|undertaken|carried out|conducted) by (?P<name>{_NAME}),? (?:{_INSPECTOR_TITLES})"
    rf"|\b(?:[Tt]he|{_INSPECTOR_TITLES}) ?(?:\w+ )?(?:[Ii]nspectors? ?)?(?:was|were|for this (?:visit|inspection|"
    rf"review) "
    rf"(?:was|were)) (?P<first>{_NAME})(?=,| and\b| (?:{_INSPECTOR_TITLES})|\.)"
    rf"|\bled by (?:one of )?(?:{_INSPECTOR_TITLES}|HM Inspectors?|an? [\w ]{{0,20}}inspector)"
    rf"(?: from (?:Ofsted|the CQC))?,? (?P<titled>{_NAME})"
    rf"|\b(?P<who>{_NAME}),? (?:{_INSPECTOR_TITLES})?,?\s*(?:who )?led the (?:inspection|visit|review|team)\b"
)
_SIGNED: Final = re.compile(rf"(?:{_INSPECTOR_TITLES})(?:,? Ofsted)?\.?")
_DATES: Final = re.compile(
    r"\b(?:inspection|visit|review|fieldwork) dates?\s*:?|\bdates? of (?:the )?(?:inspection|visit|review)\s*:?"
    r"|\binspected (?:between|from|on)\b",
    re.I,
)
_PREVIOUS_DATES: Final = re.compile(r"previous|last", re.I)


@dataclass(frozen=True, slots=True)
class Main:
    """The main inspection as far as the front of the report tells."""

    inspectorate: str | None
    framework: str | None
    start: str | None
    end: str | None
    lead_inspector: str | None
    evidence: Evidence | None


def inspectorate(text: str) -> str | None:
    """The body that a report names most as its own, its letterhead counting more."""
    plain = text.casefold()
    head = plain[:400]
    counts = {name: len(re.findall(pattern, plain)) + 8 * len(re.findall(pattern, head)) for name, pattern in _BODIES}
    first = max(counts, key=lambda name: counts[name])
    return first if counts[first] else None


def framework_name(title: str, authority: Authority | None) -> str | None:
    """The inspection's name as printed, the authority's name left out: "Inspection of Leeds local authority
    children’s services" is an "Inspection of local authority children’s services"."""
    match = re.search(
        r"(?i)\b(?:(?:(?:annual )?(?:un)?announced |(?:full joint|core case|thematic) )?(?:re-?)?inspection of|"
        r"short quality screening|joint (?:targeted )?(?:local )?area|area SEND (?:full |monitoring )?inspection|"
        r"focused visit|"
        r"monitoring visit|"
        r"annual performance assessment|review of|safeguarding and looked after|local authority assessment$)",
        title,
    )
    if match is None:
        return None
    name = re.split(
        r"(?i)\s+(?:and\s+)?review of the effectiveness of|\s+(?:inspection|visit) dates?\b|\s+report published",
        title[match.start() :],
    )[0]
    area_send = re.match(r"(?i)area SEND (?:full |monitoring )?inspection", name)
    if area_send is not None:
        return area_send.group()
    assessed = re.match(
        r"(?i)(?:short quality screening(?: \(SQS\))? of youth offending work|"
        r".*?inspection of (?:contact,? referral and assessment(?: arrangements)?|youth (?:offending|"
        r"justice)(?: "
        r"services?| work)?)|annual performance assessment(?: of services for children(?: and young people)?)?|"
        r"joint area review|review of health services for .*?(?= in [A-Z][^ ]* ?(?:and |$|[A-Z])|$))",
        name,
    )
    if assessed is not None:
        return assessed.group()
    visit = re.match(r"(?i)(?:focused|monitoring) visit", name)
    if visit is not None:
        return f"{visit.group()} to children’s services" if "children" in name.lower() else visit.group()
    name = re.sub(r"(?i)(joint .*\b(?:inspection|revisit))\s+(?:in|of)\s+.*$", r"\1", name)
    return _without_authority(name, authority)


_SERVICES: Final = re.compile(
    r"(?i)\b((?:local authority )?(?:children['’]s|children) (?:social care |social work )?services?|services for "
    r"(?:children|looked after|people)|"
    r"looked after children services|safeguarding|arrangements for)\b"
)


def _without_authority(name: str, authority: Authority | None) -> str:
    head = re.match(r"(?i)(.*?inspection of )(the )?", name)
    service = _SERVICES.search(name)
    if head is None or service is None or service.start() < head.end():
        return name
    between = name[head.end() : service.start()]
    if re.fullmatch(r"(?i)(?:the )?local authority\s*", between):
        return _trimmed(name)
    return _trimmed(head[1] + name[service.start() :])


def _trimmed(name: str) -> str:
    """Without the council's name where it follows the services inspected."""
    return re.sub(
        r"(?i)((?:children[’']s|children) (?:social care )?services)\s+(?:[A-Z].*(?:Council|Borough|Authority|City))$",
        r"\1",
        name,
    ).strip()


def lead_inspector(document: ReadDocument, blocks: Sequence[Block]) -> tuple[str | None, Block | None]:
    """Who led the inspection, as printed without titles."""
    for position, block in enumerate(blocks):
        for line in _table_lines(document, block):
            named = _LEAD_AFTER.search(line) or _LEAD.search(line)
            if named is not None and not re.search(r"(?i)deputy lead inspector", line):
                return _person(named["name"]), block
        text = collapsed(document.slice(block))
        if re.search(r"(?i)deputy lead inspector", text):
            text = re.split(r"(?i)deputy lead inspector", text)[0]
        match = _LEAD.search(text)
        if match is None or re.match(r",? (?:CQC|Care Quality)", text[match.end() :]):  # the next of the team
            match = _LEAD_AFTER.search(text) or match or _LED_BY.search(text)
        if (
            match is None
            and re.fullmatch(r"(?i)(?:lead|reporting) inspectors?\s*:?", text)
            and position + 1 < len(blocks)
        ):
            follows = collapsed(document.slice(blocks[position + 1]))
            match = re.match(rf"(?P<name>{_NAME})", follows)
        if match is not None:
            groups = match.groupdict()
            name = _person(next((groups[key] for key in ("name", "first", "titled", "who") if groups.get(key)), ""))
            if groups.get("second"):
                name = f"{name} and {_person(groups['second'])}"
            if name:
                return name, block
    return None, None


def _table_lines(document: ReadDocument, block: Block) -> Iterator[str]:
    """Line by line what a table says of the team: a name does not run over from one cell into the next."""
    for row in block.table.rows if block.table is not None else ():
        for cell in row.cells:
            yield from (collapsed(document.slice(line)) for line in cell.lines)


def signatory(document: ReadDocument) -> str | None:
    """The inspector who signs a letter: the line between "Yours sincerely" and an inspector's title."""
    lines = [collapsed(document.slice(block)) for block in document.blocks]
    for position, text in enumerate(lines):
        if re.fullmatch(r"(?i)yours (?:sincerely|faithfully),?", text) and position + 2 < len(lines):
            name, title = lines[position + 1 : position + 3]
            if re.fullmatch(_NAME, name) and _SIGNED.fullmatch(title):
                return _person(name)
    return None


def _person(name: str) -> str:
    return re.sub(
        rf"\s+(?:{_INSPECTOR_TITLES}|(?:His|Her) Majesty.*|Ofsted|CQC|Lead|Inspectors?)\b.*$", "", name
    ).strip(" ,.-")


def inspection_dates(document: ReadDocument, blocks: Sequence[Block]) -> tuple[str | None, str | None, Block | None]:
    """(start, end, where it says so)."""
    for position, block in enumerate(blocks):
        text = collapsed(document.slice(block))
        for match in _DATES.finditer(text):
            if _PREVIOUS_DATES.search(text[max(0, match.start() - 12) : match.end()]):
                continue
            rest = text[match.end() : match.end() + 120]
            rest = re.split(
                r"(?i)report published|lead inspector|reporting inspector|publi(?:shed|cation)|dates? of previous|"
                r"name\b",
                rest,
            )[0]
            if not re.search(r"\d", rest) and position + 1 < len(blocks):
                rest = collapsed(document.slice(blocks[position + 1]))[:120]
            dates = [date for date in find_dates(rest) if len(date.earliest) >= 7]
            if dates:
                return min(date.earliest for date in dates), max(date.latest for date in dates), block
    for block in blocks[:25]:
        text = collapsed(document.slice(block))
        told = _CONDUCTED.search(text)
        dates = [date for date in find_dates(text[told.end() :][:90]) if len(date.earliest) == 10] if told else []
        if dates:
            return dates[0].earliest, dates[-1].latest if told and told["range"] else dates[0].latest, block
    return _month_told(document, blocks)


def _month_told(document: ReadDocument, blocks: Sequence[Block]) -> tuple[str | None, str | None, Block | None]:
    """The month in which an older report says that it was done, in a sentence or on a line of its own."""
    for block in blocks[:25]:
        text = collapsed(document.slice(block))
        for told in _IN_MONTH.finditer(text):
            dates = [date for date in find_dates(text[told.end() : told.end() + 40]) if len(date.earliest) >= 7]
            if dates and dates[0].start < 16 and not _PREVIOUS_DATES.search(text[told.start() : told.end()]):
                return dates[0].earliest, dates[0].latest, block
    for heading, below in pairwise(blocks[:25]):
        kind, text = collapsed(document.slice(heading)), collapsed(document.slice(below))
        dates = find_dates(text) if _KIND_OF_VISIT.fullmatch(kind) and len(text) <= 40 else []
        if dates and len(dates[0].earliest) >= 7:
            return dates[0].earliest, dates[-1].latest, below
    for block in blocks[:8]:
        text = collapsed(document.slice(block))
        if re.fullmatch(r"[A-Z][a-z]+(?: ?(?:[-–/]|and) ?[A-Z][a-z]+)? (?:19|20)\d\d", text) and (
            dates := find_dates(text)
        ):
            return dates[0].earliest, dates[-1].latest, block
    return None, None, None


_CONDUCTED: Final = re.compile(
    r"(?i)\b(?P<range>between|from)\b(?=[^.]{0,60}\b(?:19|20)\d\d,? (?:ofsted|the care|inspectors|her majesty|"
    r"his majesty))"
    r"|\b(?:findings of (?:the|our)|a|the|our|this) (?:(?!last|previous|earlier|first)[\w’'-]+ ){0,6}?(?:visit|"
    r"inspection|"
    r"review)\b[^.]{0,260}?\b(?:on|between|from)\b(?= (?:\w+ ){0,2}?\d)"
)
_KIND_OF_VISIT: Final = re.compile(r"(?i)(?:(?:un)?announced|key|random|full|interim) (?:inspection|visit)")
"""Stands above the dates of a registered service's inspection."""
_IN_MONTH: Final = re.compile(
    r"(?i)\b(?:inspection|review|visit|fieldwork|it)\b[^.;]{0,90}?\b(?:took place|carried out|conducted|undertaken|"
    r"started|began|completed)\b(?: \w+){0,3}? ?(?:in|during|on|between)?\b"
)
"""How a letter tells its dates: in a sentence."""


# ---------------------------------------------------------------------------------------------------- earlier ones


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier inspection of the same authority with the judgements that the report gives of it."""

    inspection: Inspection
    judgements: tuple[Printed, ...]


_AT_LAST: Final = re.compile(
    rf"(?i)(?P<area>(?:overall )?(?:judge?ment|effectiveness|rating|grade)) at (?:the |its |their )?last (?:full )?"
    rf"inspection\s*[:–-]?\s*(?P<grade>{GRADE})"
)
_LAST_DATE: Final = re.compile(r"(?i)date of (?:the |its )?last (?:full )?inspection\s*[:–-]\s*(?P<when>[^.:;]{4,30})")
_PAST: Final = re.compile(
    r"(?i)\b(?:last|previous|earlier|prior|full|re-?)\b[^.]{0,80}\binspect|\binspect(?:ed|ion)\b[^.]{0,120}\b(?:in"
    r"|on|during|undertaken|took place|carried out|published)\b"
)
_JUDGED: Final = re.compile(
    rf"(?i)\b(?:judged|graded|rated|found|judging|judgement (?:was|of)|considered"
    rf"|deemed)\b(?P<between>[^.;]{{0,70}}?)\b(?P<grade>{GRADE}|(?:widespread and/or )?systemic failings)"
)
_WAS: Final = re.compile(
    rf"(?i)(?:(?:the )?(?:local authority|council|service|overall (?:quality|effectiveness|judge?ment|performance))"
    rf"(?: of [\w ]{{3,40}})?(?: rating| grade)?|it|they|services|(?:all|both)(?: of)?(?: the)?(?: \w+)?)\s+"
    rf"(?:was|were)(?P<between>(?: overall| also)?)\s+(?P<grade>{GRADE})"
)
"""What follows the sentence that names an earlier inspection: "The overall quality was good."."""
_THEN: Final = re.compile(
    rf"(?i)\b(?:since|than|in|of|from)\b[^.;]{{0,60}}?(?P<when>\b(?:19|20)\d\d),?\s+(?:when|where|at which time)\b"
    rf"(?P<said>[^.;]{{0,70}}?)\b(?P<grade>{GRADE})"
)
_IN_THE_YEAR: Final = re.compile(
    rf"(?i)\b(?:judged|graded|rated|found|having|were|was|which|"
    rf"that)\b(?P<said>[^.;,]{{0,40}}?)\b(?P<grade>{GRADE})(?:\s+overall)?"
    rf",?\s+(?:in|at (?:the|its|their) (?:last |previous )?inspection (?:in|of)|during)\s+(?:\w+\s+)?(?P<when>(?:19|"
    rf"20)\d\d)\b"
)
_THAT_YEAR: Final = re.compile(
    rf"(?i)^(?:in|during|at (?:the|its|their) (?:last |previous )?inspection in)\s+(?:\w+\s+)?(?P<when>(?:19"
    rf"|20)\d\d),\s+(?P<said>[^.;]{{0,80}}?\b(?:judged|rated|graded|found)\b[^.;]{{0,70}}?)\b(?P<grade>{GRADE})"
)
"""A grade tied to a past year within one clause."""
_LAST_TIME: Final = re.compile(
    r"(?i)\bsince (?:the|its|their|our|ofsted[’']s) (?:last|previous)\b[^.;,]{0,60}?\binspection\b[^.;,]{0,30},?\s+"
    r"(?:when|where|which)\b(?P<said>[^.;]{0,80}?\b(?:judged|rated|graded|found)\b[^.;]{0,70}?)\b"
    rf"(?P<grade>{GRADE})"
)
"""An earlier inspection without its date."""
_OF_OTHERS: Final = re.compile(
    r"(?i)\b(?:homes?|schools?|settings?|audit\w*|cases|provider\w*|nationally|per cent|percent|agency|agencies|plans|"
    r"probation|youth offending|pupils?|college|academy|unit)\b|%"
)
_OF_SERVICES: Final = re.compile(r"(?i)\b(?:services?|local authority|council|arrangements|inspect\w+|children[’']s)\b")
_CHILDRENS_HOME: Final = re.compile(
    r"(?i)children[’']s homes?|\b(?:one|two|three|four|five|all|both|it) (?:was|were|is|are) (?:judged|found|rated)"
    r"[^.]*most recent (?:ofsted )?inspection|residential|short[- ](?:term )?break"
)
_SUBJECT: Final = re.compile(
    r"(?i)(?:authority[’']s|council[’']s|(?:[A-Z][\w-]+[’']s?)|of (?:the )?)\s+(?P<name>(?:arrangements for the "
    r"protection of children|(?:safeguarding|arrangements|services|fostering|adoption"
    r"|children)[^.,;]{0,90}?))(?:\s+(?:was|were|is|in|took|services was|by)\b|[.,;]|$)"
)
_SERVICE_NAME: Final = re.compile(
    r"(?i)(?:\W|\b(?:safeguarding|arrangements?|services?|fostering|adoption|agency|children(?:[’']s)?|child|young|"
    r"people|"
    r"looked|after|for|the|of|and|protection|in|need|help|care|leavers|leaving|social|work|early|private|support|"
    r"under|single|inspection|framework|sif|disabled|disabilities|families|with|their|its|residential|short|"
    r"breaks?)\b)+"
)
"""A name of services and of nothing else: no verb, no person."""


def earlier_inspections(
    document: ReadDocument, located: Sequence[Located], authority: Authority | None, body: str | None
) -> list[Earlier]:
    """Earlier inspections whose judgement is given, in reading order; a mere mention is none."""
    found: list[Earlier] = []
    given: set[tuple[str, str | None]] = set()
    told: list[Earlier] = []  # in running text: a section that lists them is more exact
    tied: list[Earlier] = []
    seen: set[tuple[str | None, str]] = set()
    position = 0
    has_section = any(place.section.kind == "previous" for place in located)
    while position < len(located):
        place = located[position]
        position += 1
        if place.block.kind in ("heading", "table", "footnote") or place.section.kind in ("contents", "closing"):
            continue
        text = document.slice(place.block)
        tied.extend(_tied_to_year(document, place.block, authority, body))
        if (
            last := _last_time(document, place.block, located[max(0, position - 3) : position], authority, body)
        ) is not None:
            found.append(last)
            continue
        if not re.search(r"(?i)inspect", text):
            continue
        listed = _listed_below(document, located[position:]) if text.rstrip().endswith(":") else []
        if listed:
            date = _date(text, published=bool(re.search(r"(?i)published", text)))
            if date and (date, "list") not in seen:
                seen.add((date, "list"))
                found.append(Earlier(_inspection(document, place.block, None, date, authority, body), tuple(listed)))
            continue
        if has_section and place.section.kind == "findings" and not _PROGRESS.match(place.section.heading or ""):
            continue  # a report that lists earlier inspections repeats them in its findings
        for earlier in _in_prose(document, place, authority, body):
            key = (earlier.inspection.start, earlier.judgements[0].area.casefold())
            if key not in seen:
                seen.add(key)
                found.append(earlier)
                year = (earlier.inspection.start or "")[:4]
                if place.section.kind == "previous":
                    given |= {(year, grade_concept(printed.grade)) for printed in earlier.judgements}
                else:
                    told.append(earlier)
    found = [item for item in found if item not in told or not _is_listed(item, given)]
    fuller = {(earlier.inspection.start or "")[:4] for earlier in found}
    found += [earlier for earlier in tied if (earlier.inspection.start or "")[:4] not in fuller]
    return _distinct(found) or list(islice(_undated(document, located, authority, body), 1))


def _last_time(
    document: ReadDocument, block: Block, near: Sequence[Located], authority: Authority | None, body: str | None
) -> Earlier | None:
    """ "Overall judgement at last inspection: good", with the date on the same line or just above."""
    match = _AT_LAST.search(document.slice(block))
    if match is None:
        return None
    dated = (_LAST_DATE.search(document.slice(place.block)) for place in reversed(near))
    date = next((_date(found["when"], published=False) for found in dated if found), None)
    start, end = block.start + match.start(), block.start + match.end()
    printed = Printed(collapsed(match["area"]), match["grade"], start, end, "judgement.last-time")
    return Earlier(_inspection(document, block, None, date, authority, body, (start, end)), (printed,))


def _undated(
    document: ReadDocument, located: Sequence[Located], authority: Authority | None, body: str | None
) -> Iterator[Earlier]:
    """ "… since its last inspection, when services were judged to be good"."""
    for place in located:
        if place.block.kind in ("heading", "table", "footnote") or place.section.kind in ("contents", "closing"):
            continue
        for start, end in sentences(document.text, place.block.start, place.block.end):
            text = document.text[start:end]
            match = None if _OF_OTHERS.search(text) else _LAST_TIME.search(text)
            if match and not re.search(r"(?i)this inspection|\bnow\b|\bthe service\b", match["said"]):
                printed = Printed(_then_judged(match["said"]), match["grade"], start, end, "judgement.earlier-clause")
                inspection = _inspection(document, place.block, None, None, authority, body, (start, end))
                yield Earlier(inspection, (printed,))


def _then_judged(said: str) -> str:
    """What a clause on an earlier inspection says was judged; the services, where it names nothing else."""
    named = re.search(r"(?i)\boverall (?:effectiveness|judge?ment)\b", said)
    return named.group() if named else "Children’s services"


def _tied_to_year(
    document: ReadDocument, block: Block, authority: Authority | None, body: str | None
) -> Iterator[Earlier]:
    """ "… since 2016, when services required improvement" and the like: one clause gives grade and year."""
    for start, end in sentences(document.text, block.start, block.end):
        text = document.text[start:end]
        if _OF_OTHERS.search(text) or not _OF_SERVICES.search(text):
            continue
        for pattern in (_THEN, _IN_THE_YEAR, _THAT_YEAR):
            match = pattern.search(text)
            if match is None or re.search(r"(?i)this inspection|\b(?:not|now|more|longer)\b", match["said"]):
                continue
            dates = [date for date in find_dates(text) if date.start <= match.start("when") < date.end]
            when = dates[0].earliest if dates else match["when"]
            printed = Printed(_then_judged(match["said"]), match["grade"], start, end, "judgement.earlier-clause")
            yield Earlier(_inspection(document, block, None, when, authority, body, (start, end)), (printed,))
            break


def _distinct(found: list[Earlier]) -> list[Earlier]:
    """Without what a fuller account of the same inspection says too."""
    kept: list[Earlier] = []
    for earlier in sorted(found, key=lambda item: (-len(item.judgements), item.inspection.framework is None)):
        areas = _areas(earlier)
        year = (earlier.inspection.start or "")[:4]
        if not any(
            (other.inspection.start or "")[:4] == year and (areas <= _areas(other) or _vaguely(earlier, other))
            for other in kept
        ):
            kept.append(earlier)
    return [earlier for earlier in found if earlier in kept]


def _is_listed(earlier: Earlier, listed: set[tuple[str, str | None]]) -> bool:
    """Whether a section of earlier inspections gives the same grades of the same year."""
    year = (earlier.inspection.start or "")[:4]
    return all((year, grade_concept(printed.grade)) in listed for printed in earlier.judgements)


def _areas(earlier: Earlier) -> set[str]:
    return {area_concept(printed.area) or printed.area.casefold() for printed in earlier.judgements}


def _vaguely(earlier: Earlier, other: Earlier) -> bool:
    """The same grade without saying of what."""
    grades = {grade_concept(printed.grade) for printed in other.judgements}
    return earlier.inspection.framework is None and {grade_concept(p.grade) for p in earlier.judgements} <= grades


_PROGRESS: Final = re.compile(r"(?i)progress since|executive summary")


def _listed_below(document: ReadDocument, following: Sequence[Located]) -> list[Printed]:
    listed: list[Printed] = []
    for place in following:
        if place.block.kind in ("heading", "table"):
            break
        if place.block.kind == "footnote":
            continue
        judged = statement(document.slice(place.block))
        if judged is None:
            break
        listed.append(Printed(*judged, place.block.start, place.block.end, "judgement.earlier-list"))
    return listed


def _in_prose(document: ReadDocument, place: Located, authority: Authority | None, body: str | None) -> list[Earlier]:
    """ "The last inspection of … was in May 2012. The local authority was judged to be adequate." and the like."""
    spans = list(sentences(document.text, place.block.start, place.block.end))
    found: list[Earlier] = []
    for index, (start, end) in enumerate(spans):
        text = document.text[start:end]
        if not _PAST.search(text) or (_CHILDRENS_HOME.search(text) and "last inspection report" not in text):
            continue
        date = _date(text, published=False)
        if date is None:
            continue
        judged = _JUDGED.search(text)
        said, stop = start, end
        if judged is None and index + 1 < len(spans):
            follow = document.text[slice(*spans[index + 1])]
            if not re.search(r"(?i)\bin(?: \w+)? (?:19|20)\d\d\b", follow) and re.match(
                r"(?i)(?:the (?:local authority|council|service|authority|arrangements|overall|inspect)|it|they"
                r"|services|this|both|at that|overall|all)",
                follow,
            ):
                judged = _WAS.match(follow) or _JUDGED.search(follow)
                said, stop = spans[index + 1]
        if judged is None or re.search(r"(?i)this inspection|now judged|monitoring", judged["between"]):
            continue
        subject = _SUBJECT.search(text)
        named = _NAMED.search(text)
        framework = collapsed(subject["name"]) if subject and _SERVICE_NAME.fullmatch(subject["name"]) else None
        if framework is None and named is not None and _TELLING.search(named["name"]):
            framework = collapsed(named["name"])
        area = framework if subject and framework == collapsed(subject["name"]) else "Children’s services"
        if framework and re.fullmatch(r"(?i)children[’']s(?: social care)?(?: services)?|services", framework):
            area, framework = "Children’s services", None
        elif framework and (under := re.fullmatch(r"(?i)[\w’' ]*?\bservices under the (?P<name>.+)", framework)):
            area, framework = "Children’s services", under["name"]
        if area == "Children’s services":
            area = _then_judged(document.text[said : said + judged.end()])
        inspection = _inspection(document, place.block, framework, date, authority, body, (start, stop))
        areas = [(each.area, each.grade) for each in areas_graded(document.text[said:stop])]
        found.append(
            Earlier(
                inspection,
                tuple(
                    Printed(name, grade, start, stop, "judgement.earlier-prose")
                    for name, grade in areas or [(area, judged["grade"])]
                ),
            )
        )
    return found


_NAMED: Final = re.compile(
    r"(?i)\b(?:last|previous|earlier)\s+(?:full\s+)?(?:Ofsted\s+)?(?P<name>[\w’' -]{5,80}?\binspection)\b"
)
_TELLING: Final = re.compile(r"(?i)judge?ment|local authority|safeguarding|looked after|services|children|framework")


def _date(text: str, *, published: bool) -> str | None:
    dates = find_dates(text)
    if not dates:
        return None
    first = dates[0].earliest
    return first[:4] if published else first


def _inspection(
    document: ReadDocument,
    block: Block,
    framework: str | None,
    date: str | None,
    authority: Authority | None,
    body: str | None,
    span: tuple[int, int] | None = None,
) -> Inspection:
    start, end = span or (block.start, block.end)
    return Inspection(
        body,
        framework,
        authority.name if authority else None,
        authority.gss_code if authority else None,
        date,
        date,
        None,
        framework_id(framework),
        evidence(document, start, end),
        maker("inspection.earlier", 0.85),
    )
