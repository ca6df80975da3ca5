"""The inspection that a council's paper is about: which body, when, under which framework, led by whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from graph.dates import PrintedDate, find_dates
from graph.extraction.bodies import BODIES, EARLIER, FRAMEWORKS, body_in, frameworks_in
from graph.extraction.evidence import collapsed
from graph.extraction.grades import framework_id
from graph.extraction.sentences import sentences_in
from graph.model import Block, ReadDocument

_SIF_YEARS: Final = ("2013-11", "2018-06")
"""When papers on inspections under the single framework were written."""
_JOINT_BODY: Final = re.compile(
    r"\b(?:Ofsted|Office for Standards in Education)\)?,? and (?:the )?(?:Care Quality Commission|CQC)\b"
    r"(?=[^.]{0,80}\b(?:inspect|visit))"
)
"""The two bodies that inspect an area's provision for special educational needs."""
_INSPECTION_OF: Final = re.compile(
    r"(?i:\b(?:re-?)?inspections? of) (?:the )?(?:(?:[A-Z][\w&’']*(?: and| of| with| upon)? ){0,6}?)"
    r"(?P<of>(?i:(?:local authority )?(?:children[’']?s?(?:,? (?:and|&) (?:families|young people(?:[’']s)?))?|"
    r"adult[s’']*|safeguarding|fostering|adoption|leaving care|youth|older people(?:[’']s)?|mental health|"
    r"learning disabilit(?:y|ies)|disabled "
    r"(?:people|children)(?:[’']s)?|looked[- ]after children|social)"
    r"(?:[’']s)?(?:(?:,| and| &)? (?:social|care|services?|families|families[’']|family|young|people|people[’']s|"
    r"looked|after|children|safeguarding|in|need|of|help|protection|arrangements|adoption|fostering|leavers|"
    r"service|homes?|"
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
    r"\bon[- ]site\b|\bexamined\b|\bscreening\b"
)
_EVENT_VERB: Final = re.compile(
    r"(?i)\b(?:took place|taken place|was (?:under)?taken|undertaken|carried out|conducted|held|inspected|visited|"
    r"(?:was|were) (?:on[- ]site|in)|"
    r"was (?:inspected|completed|held)|reviewed|assessed|on[- ]site|took|between|during|fieldwork|of .{3,80} (?:in|on)|"
    r"(?:inspection|visit|review) (?:of|in|during) (?:(?:early|late|mid|its|their|the) ?)?(?-i:January|February|March|"
    r"April|May|June|July|August|September|October|November|December)|"
    r"(?:inspection|visit|review)(?: by (?:the )?\w+)? (?:on|from|of) \d|"
    r"commenced|completed|examined|received (?:its|an?|the)(?! (?:\w+ )?(?:outcome|letter|report|results?|rating|"
    r"judge?ments?))|had (?:its|an?)|(?:the|a) (?:\w+ )?(?:inspection|"
    r"visit) of)\b|\breview (?:\(\w+\) )?of\b"
)
FUTURE: Final = re.compile(
    r"(?i)\b(?:will|would|could|(?-i:may)|might|shall|is due|are due|is expected|propos\w+|if|unless|whether|likely to|"
    r"planned|should)\b"
)
_PLAIN_NAMES: Final = tuple(
    map(
        re.compile,
        (
            (
                r"\b(?i:(?:inspection|review|assessment) of (?:the )?)(?:[A-Z][\w’'&]+,?(?: (?:and|of|for|&))? ){0,6}?"
                r"(?:[A-Z][\w’'&]+|(?i:services?|teams?|arrangements|board))\b"
                r"(?! (?:Borough|City|County|Council|Metropolitan))"
            ),
            r"\b(?:[A-Z][\w’'&]+ (?:(?:and|of|for|&) )?){1,6}(?:Service )?Inspection\b",
        ),
    )
)
_LEAD: Final = re.compile(
    r"\b(?:[Ll]ead\s+(?:\w{2,6}\s+)?[Ii]nspector,?|[Tt]he [Ii]nspector(?=\s+was\s))\s*:?\s*(?:(?:was|is|"
    r",)\s+)?(?:\(?(?:Mr|Mrs|Ms|Miss|"
    r"Dr)\.?\s+)?(?P<name>[A-Z][a-z’'-]+(?:\s+[A-Z](?:\.|[\w’'-]+)){1,2})"
)
_LEAD_AFTER: Final = re.compile(
    r"\b(?P<name>[A-Z][a-z’'-]+(?:\s+[A-Z][\w’'.-]+){1,2}),?\s*\(?(?:the |"
    r"HMI,? )?(?i:lead\s+(?:\w{2,6}\s+)?inspector)\b"
)
_LED_BY: Final = re.compile(
    r"\b(?i:inspection|inspectors|team|review|"
    r"it was)\b[^.]{0,160}\bled by (?:HMI )?(?P<name>[A-Z][a-z’'-]+(?:\s+[A-Z](?:\.|"
    r"[\w’'-]+)){1,2})"
)

_WHO_LED: Final = re.compile(
    r"\b(?P<name>[A-Z][a-z’'-]+(?:\s+[A-Z][\w’'.-]+){1,2}?)(?:,? (?:S?HMI|(?:Her|His) Majesty[’']s Inspector))?,?"
    r"\s+(?:who\s+)?led"
    r"(?=\s+(?:the|this|its)\s+(?:inspection|review|team|visit)\b|\s+(?:from|between|in|on|during)\b|[,.]?$|[.,] )"
)

#: What only Ofsted carried out, where a paper names no inspectorate.
_OFSTEDS_OWN: Final = re.compile(
    r"(?i)\bannual performance assessment of (?:services for )?children|\bchildren[’']s services annual (?:rating|"
    r"performance assessment)|\bILACS\b|\binspection of local authority children[’']s services\b"
)


def main_body(document: ReadDocument, title: str | None, prose: Sequence[Block]) -> str | None:
    """The body that the title names, else the one named most, what stands first counting more."""
    titled = body_in(title or "")
    if titled in ("Ofsted", "Care Quality Commission", None) and any(
        _JOINT_BODY.search(document.slice(block)) for block in prose[:40]
    ):
        return "Ofsted and Care Quality Commission"
    if titled is not None:
        return titled
    counts: dict[str, float] = {}
    for position, block in enumerate(prose):
        text = document.slice(block)
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
    for table in document.blocks:
        if table.table is not None and (named := body_in(document.slice(table)[:400])) is not None:
            counts[named] = counts.get(named, 0.0) + 0.5
    if counts:
        return max(counts, key=lambda body: counts[body])
    ofsteds = any(_OFSTEDS_OWN.search(document.slice(block)) for block in prose[:20])
    return "Ofsted" if ofsteds or _OFSTEDS_OWN.search(title or "") else None


def main_dates(
    document: ReadDocument, title: str | None, published: str | None, prose: Sequence[Block], body: str | None
) -> tuple[str | None, str | None, tuple[int, int]]:
    """The most exact date of a sentence that tells when the inspection was; the first of equally exact ones."""
    told = _told_dates(document, title, published, prose, body, None)
    if told is None and published is not None and len(published) == 10:
        # "on 16 and 17 February": of the year before the paper
        told = _told_dates(document, title, published, prose, body, f"{int(published[:4]) - 1}{published[4:]}")
    if told is not None:
        return told
    for start, end in sentences_in(document, (b for b in document.blocks[:60] if b.table is None)):
        text = document.text[start:end]
        if len(text) < 160 and re.search(r"(?i)inspection", text) and not EARLIER.search(text):
            dates = [d for d in find_dates(text) if len(d.earliest) >= 7 and d.earliest[5:7] <= "12"]
            if (
                dates
                and (published is None or dates[0].latest <= published[: len(dates[0].latest)])
                and not re.search(
                    r"(?i)report|meeting|committee|cabinet|version|announced|published|framework|propos|"
                    r"consult|due|forthcoming",
                    text,
                )
            ):
                word = re.search(r"(?i)inspection", text)
                date = next((date for date in dates if word and date.start > word.end()), dates[0])
                return date.earliest, date.latest, (start, end)
    first = prose[0] if prose else None
    return None, None, (first.start, first.end) if first else (0, 0)


def _told_dates(
    document: ReadDocument,
    title: str | None,
    published: str | None,
    prose: Sequence[Block],
    body: str | None,
    after: str | None,
) -> tuple[str, str, tuple[int, int]] | None:
    """``after``: from when on dates without a year are read; they are left out without it."""
    titled = frameworks_in(title or "")
    best: tuple[float, int, PrintedDate, tuple[int, int]] | None = None
    for start, end in sentences_in(document, prose):
        text = document.text[start:end]
        named = frameworks_in(text)
        if titled and named and not titled & named:
            continue  # of another inspection than the title's
        if not _EVENT.search(text) or (
            FUTURE.search(text)
            and not re.search(r"(?i)took place|was carried out|were inspected|inspected|visited", text)
        ):
            continue
        for date in find_dates(text, after):
            before = text[max(0, date.start - 70) : date.start]
            if after is not None and (len(date.earliest) < 10 or not re.search(r"(?i)\binspect|\bvisit", text)):
                continue
            if (
                date.earliest[5:7] > "12"
                or re.match(r"(?i)(?:(?!\band\b)[^.,;]){0,40}\b(?:received|published)\b", text[date.end :])
                or (EARLIER.search(before[-45:]) and not _is_latest(before, date, published))
                or re.search(
                    r"(?i)\b(?:published|issued|announced|released|came out|appeared|"
                    r"received)\b(?!\s+inspection)[^,;]*$",
                    before,
                )
                or re.search(
                    r"(?i)\b(?:dated|launched|announced(?! inspection)|published|meeting|letter|report of|cabinet|"
                    r"committee|scrutiny|by "
                    r"(?:the )?(?:end|start)|"
                    r"until|since|presented|framework (?:was|is|introduced|published)|introduced|endorsed|"
                    r"programme|proposed|"
                    r"consultation)\b(?:(?!\b(?:inspection|visit|review)\b)[^,;])*$",
                    before[-40:],
                )
            ):
                continue
            if published is not None and date.earliest > published[: len(date.earliest)]:
                continue
            verb = _EVENT_VERB.search(text)
            if not verb or (
                not _EVENT.search(text[: date.start]) and not _EVENT.search(text[date.end : date.end + 240])
            ):
                continue
            others = [name for name, pattern in BODIES if re.search(pattern, text)]
            score = {10: 3.0, 7: 2.0, 4: 0.5}[len(date.earliest)] + (1.0 if date.earliest != date.latest else 0.0)
            score += (
                0.5 if re.search(r"(?i)\b(?:inspection|visit|review) (?:of|in|on|during|from)\s+$", before) else 0.0
            )
            score -= 1.0 if others and body is not None and body not in others else 0.0
            score -= 1.5 if len(date.earliest) == 4 and not re.search(r"(?i)inspected|took place", text) else 0.0
            if re.search(r"(?i)national programme|approximately \d+|other (?:authorities|councils)", text):
                score -= 1.5
            if score > 0 and (best is None or score > best[0]):
                best = (score, start, date, (start, end))
    return (best[2].earliest, best[2].latest, best[3]) if best is not None else None


def _is_latest(before: str, date: PrintedDate, published: str | None) -> bool:
    """ "The last inspection was in July": the paper's own, where it was in the year before the paper."""
    last = re.search(r"(?i)\blast (?:inspection|visit|review)\b[^,;]*$", before) is not None
    return last and published is not None and int(published[:4]) * 12 + int(published[5:7] or 1) - _months(date) <= 10


def _months(date: PrintedDate) -> int:
    month = date.latest[5:7]
    return int(date.latest[:4]) * 12 + (int(month) if month else 1)


def main_framework(
    document: ReadDocument, title: str | None, published: str | None, prose: Sequence[Block]
) -> str | None:
    """As the text names it: "Inspection of ..." with its full words, or a framework's own name."""
    candidates: list[tuple[float, str]] = []
    texts = [(title or "", 3.0)] + [(document.slice(block), 1.0) for block in prose]
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
        for pattern in FRAMEWORKS:
            for named in pattern.finditer(text):
                clause = text[max(0, named.start() - 90) : named.start()]
                if weight == 1.0 and (EARLIER.search(clause) or FUTURE.search(clause)):
                    continue
                telling = 1.2 if len(named.group().split()) > 1 else 0.6
                candidates.append(
                    (weight * telling * (0.25 if pattern is FRAMEWORKS[0] else 1.0), collapsed(named.group()))
                )
    if not candidates:
        children = re.search(
            r"(?i)\b(?:children[’']s services|social services|safeguarding|fostering|"
            r"adoption)[\w’' ]{0,20}? inspection\b",
            " ".join(t for t, _ in texts),
        )
        return collapsed(children.group()) if children else _plainly_named(texts)
    tally: dict[str, float] = {}
    for weight, name in candidates:
        key = name.casefold()
        tally[key] = max(tally.get(key, 0.0), weight) + (0.1 if key in tally else 0.0)
    best = max(tally, key=lambda key: tally[key])
    if len(best.split()) == 1:
        named_in_full = [key for key in tally if len(key.split()) > 3 and framework_id(key) == framework_id(best)]
        best = max(named_in_full, key=lambda key: tally[key], default=best)
    specific = [key for key in tally if framework_id(key) == "sif"]
    if specific and framework_id(best) in (None, "ilacs") and _SIF_YEARS[0] <= (published or "") <= _SIF_YEARS[1]:
        best = max(specific, key=lambda key: tally[key])
    best = max((key for key in tally if key.startswith(best)), key=len)
    return next(name for _, name in candidates if name.casefold() == best)


def _plainly_named(texts: Sequence[tuple[str, float]]) -> str | None:
    """An inspection that has no framework's name, as the title or the first text that names it calls it."""
    found = (match for pattern in _PLAIN_NAMES for text, _ in texts for match in pattern.finditer(text))
    names = (collapsed(match.group()) for match in found)
    return next((name for name in names if not re.search(r"(?i)\bcommission\b|\bcare quality\b", name)), None)


def lead_inspector(document: ReadDocument, prose: Sequence[Block]) -> str | None:
    """The name of who led it, where a sentence says so."""
    for block in prose:
        text = document.slice(block)
        found = _LEAD.search(text) or _LEAD_AFTER.search(text) or _LED_BY.search(text) or _WHO_LED.search(text)
        if found:
            name = collapsed(found["name"]).rstrip(".")
            if not re.search(r"(?i)inspectorate|majesty|ofsted|commission|council", name):
                return name
    return None
