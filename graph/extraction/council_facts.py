"""What a council's paper says of itself: kind, title, meeting, publisher, authority.

Front pages differ with every council, but not in what they print: whose meeting, when, about what, by whom. The front
is everything above the first long paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graph.authorities import Authority, Mention, Register
from graph.dates import find_dates
from graph.extraction.evidence import collapsed
from graph.extraction.plan_columns import labelled
from graph.model import Block, DocumentKind, ReadDocument

_COMMITTEE_SIGNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^report (?:of|by|from|to|author)\b|^(?:joint )?report of the|\bsubmitted by\b",
        (
            r"\b(?:is|are) (?:therefore )?(?:recommended|asked|requested|invited) to\b|\brecommended that\b|"
            r"\bmembers are (?:asked|invited)"
        ),
        r"agenda (?:item|no)|^item (?:no|\w{1,6}\d)|return to agenda",
        r"wards?(?:\(s\))? affected|divisions?(?:\(s\))?(?: affected)?\s*:|electoral divisions?",
        r"background papers?|list of background",
        r"(?:financial|legal|equalit\w+|resource|human resources?|staffing)(?:,? (?:and|&) \w+)? implications",
        (
            r"^(?:\W*\d+\.?\s*)?that (?:the )?(?:panel|committee|cabinet|members|board|executive|commission)\b.{0,40}?"
            r"\b(?:notes?|approves?|endorses?|agrees?|receives?|considers?)\b"
        ),
        r"^(?:full )?council meeting\b|^meeting of (?:the )?(?:full )?council\b",
        r"key decision|forward plan|decision status|exempt information",
        (
            r"^(?:meeting|committee|report to|decision maker|cabinet member|portfolio holder|executive member|"
            r"lead member)\s*:"
        ),
        r"(?:overview (?:and|&) scrutiny|scrutiny (?:committee|panel|board|commission|report))",
        r"^(?:the )?(?:cabinet|executive|council executive|full council|children[’']s .{0,30}committee)\.?$",
        r"^purpose of (?:the )?report|^contact officer|^report author|^(?:lead )?(?:author|officer)\s*:",
        r"\bhealth and well-?being board\b|\bchildren[’']s trust board\b",
    )
)
_LETTER: Final = re.compile(r"(?i)^dear\s+(?:\w+\s+){0,3}\w+|^yours (?:sincerely|faithfully)")
_BODY_LETTERHEAD: Final = re.compile(
    r"(?i)\bofsted\b|office for standards in education|commission for social care inspection|\bcsci\b|"
    r"social services inspectorate|\bssi\b|audit commission|care quality commission"
)
_COUNCILS_POST: Final = re.compile(
    r"(?i)(?:(?:interim|acting|strategic|executive|corporate|service|assistant|deputy) )*(?:director (?:of|for) |"
    r"director,|chief executive\b|head of |councillor |cllr |(?:cabinet|lead|executive) member\b|leader of the council)"
)
"""How those sign who answer for a council's services."""
_MINUTES: Final = re.compile(
    r"(?i)^(?:draft )?minutes\b|^minutes of|^apologies(?: for absence)?\b|^(?:members )?present\s*:|^resolved\b|"
    r"\bit was resolved"
)
_PLAN_TITLE: Final = re.compile(
    r"(?i)\b(?:action|improvement|delivery|development|recovery|response|implementation)\s+plan\b|"
    r"written statement of action|\bstatement of action\b"
)
_TITLE_LABEL: Final = re.compile(
    r"(?i)^(?:report\s+title|subject\s*/\s*title|title\s*/\s*subject|title(?:\s+of\s+(?:the\s+)?(?:report|paper))?|"
    r"subject(?:\s+(?:of\s+report|matter|"
    r"heading))?|"
    r"report\s+on|name\s+of\s+report|re|item(?:\s+(?:no\.?\s*)?\w{1,5})?)\s*[:–]\s*(?P<value>\S.*)$"
)
_TITLE_LABEL_ALONE: Final = re.compile(
    r"(?i)^(?:report title|title(?: of (?:the )?report)?|subject(?: of report| matter)?)\s*:?$"
)
_DATE_LABEL: Final = re.compile(
    r"(?i)^(?:meeting\s+date|date(?:\s+of\s+(?:the\s+)?(?:meeting|report|decision|publication|letter|issue))?|"
    r"meeting|date\s+published|published|last\s+updated|updated|version|as\s+at|issued)\b"
)
#: "Tuesday 3 February 2009, 7.00pm, Committee Room 2".
#: "Oxenmere Council - Children's Trust Board - 22 June 2011".
_ENDS_WITH_DATE: Final = re.compile(
    r"(?i)^\w[^.;]{3,100}?[\s,–-]+(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?\d{1,2}(?:st|nd|rd|"
    r"th)?\s+[a-z]{3,9},?\s+\d{4}$"
)
_BEGINS_WITH_DATE: Final = re.compile(
    r"(?i)(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?(?:the\s+)?\d{1,2}(?:st|nd|rd|th)?\s+[A-Z]"
)
_NOT_THE_DATE: Final = re.compile(
    r"(?i)inspect|fieldwork|review(?:ed)? (?:on|date)|next|despatch|forward plan|consultation|expir|call-?in|"
    r"implement|from|between|since|previous"
)
_COMMITTEE_NAME: Final = re.compile(
    r"(?i)^(?:(?:report\s+to|meeting|committee|to|decision\s+maker|title\s+of\s+meeting|name\s+of\s+(?:meeting|"
            r"committee)|board)\s*[:–]\s*)?"
    r"(?P<name>(?:the\s+)?(?:[A-Z][\w’'&,-]*\s+|and\s+|for\s+|of\s+|the\s+|&\s+){0,12}?(?:Cabinet|Executive|"
    r"Full Council|"
            r"Committee|Panel|Commission|Forum|Council Executive|Board|Sub-?Committee))"
    r"(?:\s*[-–,:]?\s*(?:(?:\w+day,?\s*)?\d.*|meeting.*))?\.?$"
)  # fmt: skip
_NO_TITLE: Final = re.compile(
    r"(?i)^(?:agenda\b.*|item\b.{0,12}|report (?:of|by|from|to|author)\b.*|wards?\b.*|division.*|part\s+\w+|"
    r"meeting documents?|return to.*|"
    r"public(?: report)?|open|not (?:exempt|for publication).*|confidential.*|forward timetable.*|decision.*|"
    r"key decision.*|scrutiny report|"
    r"committee report|cabinet report|executive report|report|contact.*|author.*|telephone.*|tel\b.*|e-?mail.*|"
    r"date.*|\(?city-?wide\)?|all(?: wards)?|"
    r"overview|introduction|decisions?|next (?:steps|year)|recommendations?|(?:key |main )?messages|implications|"
    r"our response|(?:key )?findings|for (?:information|"
    r"decision|discussion).*|purpose.*|summary|introduction|contents|appendix.*|annexe?.*|"
    r"background.*|executive (?:member|summary).*|"
    r"cabinet member.*|portfolio.*|lead (?:officer|member).*|version.*|page.*|www\..*|key to.*|http.*)$"
)
_TOPIC: Final = re.compile(
    r"(?i)inspect|ofsted|csci|\bssi\b|action plan|improvement|annual (?:review|performance|assessment)|performance|"
    r"joint area review|\bjar\b|\bapa\b|"
    r"safeguarding|children|social (?:care|services)|send\b|special educational|response|youth|fostering|adoption|"
    r"care leavers|recommendation|\bannual report\b|corporate parent"
)
_FRONT_BLOCKS: Final = 40


@dataclass(frozen=True, slots=True)
class Front:
    """The lines above the body, with the block each stands in; those of front-page tables read "label: value"."""

    lines: tuple[tuple[Block, str], ...]


def front_of(document: ReadDocument, plan: frozenset[int] = frozenset()) -> Front:
    """The front page: up to the first paragraph of the body or the first block of a ``plan``, at most forty blocks."""
    lines: list[tuple[Block, str]] = []
    for index, block in enumerate(document.blocks[:_FRONT_BLOCKS]):
        if index in plan:
            break
        if block.table is not None:
            if _is_front_table(document, block):
                lines.extend((block, line) for line in _table_lines(document, block))
                continue
            break
        text = collapsed(document.slice(block))
        label = labelled(text)
        if label is not None and label[0] in ("recommendation", "action") and not _TITLE_LABEL.match(text):
            break
        numbered = block.marker is not None and block.marker[:1].isdigit()
        if len(text.split()) > 28 or (block.kind == "list_item" and numbered and len(text.split()) > 9):
            break
        lines.append((block, text))
    return Front(tuple(lines))


def _is_front_table(document: ReadDocument, block: Block) -> bool:
    assert block.table is not None
    rows = [[cell for cell in row.cells if cell.lines] for row in block.table.rows]
    return len(rows) <= 16 and all(len(row) <= 2 for row in rows) and block.end - block.start < 1800


def _table_lines(document: ReadDocument, block: Block) -> list[str]:
    assert block.table is not None
    lines = []
    for row in block.table.rows:
        texts = [collapsed(" ".join(document.slice(line) for line in cell.lines)) for cell in row.cells if cell.lines]
        if len(texts) == 2:
            lines.append(f"{texts[0].rstrip(':')}: {texts[1]}")
        elif texts:
            lines.append(texts[0])
    return lines


def council_kind(document: ReadDocument, plan_share: float) -> DocumentKind:
    """The kind of a paper that is no inspection report. plan_share: how much of its text stands in plan tables."""
    texts = [collapsed(document.slice(block)) for block in document.blocks if block.table is None]
    front = [text for _, text in front_of(document).lines]
    minutes = sum(any(pattern.search(text) for text in texts) for pattern in (_MINUTES,))
    resolved = sum(1 for text in texts if re.match(r"(?i)resolved\b|it was (?:resolved|agreed)", text))
    signs = sum(any(pattern.search(text) for text in texts) for pattern in _COMMITTEE_SIGNS)
    signs += any(_names_committee(text) for text in front[:10])
    letter = any(_LETTER.match(text) for text in texts[:40]) or any(_LETTER.match(text) for text in texts[-12:])
    if minutes and any(re.match(r"(?i)(?:draft )?minutes\b", text) for text in front[:14]) and (resolved or signs < 4):
        return "minutes"
    if (
        letter
        and signs <= 3
        and not _signed_by_council(texts)
        and _BODY_LETTERHEAD.search(" ".join([*front, *texts[:15], *texts[-8:]]))
    ):
        return "review-letter"
    titled = any(_PLAN_TITLE.search(text) and not re.search(r"(?i)\breport and\b", text) for text in front[:12])
    if plan_share > 0.5 and signs < 4:
        return "action-plan"
    if titled and signs < 3:
        return "action-plan"
    if plan_share > 0.8 and signs < 5:
        return "action-plan"
    if signs == 0 and plan_share > 0.2:
        return "action-plan"
    if (
        signs == 0
        and _BODY_LETTERHEAD.search(" ".join(texts[-6:]))
        and re.search(r"(?i)annual (?:review|performance)", " ".join(front))
    ):
        return "review-letter"
    return "committee-report"


def _signed_by_council(texts: Sequence[str]) -> bool:
    """Whether a letter ends with the post of one of the council's people."""
    close = next((at for at, text in enumerate(texts) if re.match(r"(?i)yours (?:sincerely|faithfully)", text)), None)
    signed = texts[close : close + 5] if close is not None else ()
    return any(_COUNCILS_POST.match(text) for text in signed) and not any(map(_BODY_LETTERHEAD.search, signed))


def title_of(document: ReadDocument, front: Front) -> str | None:
    """The labelled subject; else the front line that is most like one; else what the file's metadata says."""
    lines = front.lines
    for index, (_, text) in enumerate(lines):
        labelled = _TITLE_LABEL.match(text)
        if labelled and len(labelled["value"]) > 8:
            return _trimmed(labelled["value"])
        if _TITLE_LABEL_ALONE.match(text) and index + 1 < len(lines):
            return _trimmed(lines[index + 1][1])
    lines = _below_salutation(lines)
    best: tuple[float, int, str] | None = None
    for index, (block, text) in enumerate(lines[:25]):
        score = _title_score(block, text, index)
        if score > 0 and (best is None or score > best[0]):
            best = (score, index, text)
    if best is None:
        return document.title
    return _trimmed(_with_next_line(lines, best[1], best[2]))


def _below_salutation(lines: tuple[tuple[Block, str], ...]) -> tuple[tuple[Block, str], ...]:
    """A letter's subject stands below "Dear ..."; what stands above is who writes to whom."""
    at = next((index for index, (_, text) in enumerate(lines) if re.match(r"(?i)dear\b", text)), None)
    if at is None or not any(len(text.split()) >= 3 for _, text in lines[at + 1 :]):
        return lines
    return lines[at + 1 :]


#: The name of whose paper it is: "Oxenmere Youth Offending Team".
_ONLY_A_SERVICE: Final = re.compile(
    r"(?:[A-Z][\w’'&-]*|and|of|for|the|&)(?:\s+(?:[A-Z][\w’'&-]*|and|of|for|the|&)){0,6}\s+"
    r"(?:Team|Service|Services|Board|Partnership|Directorate|Department|TEAM|SERVICES?|BOARD|PARTNERSHIP|DEPARTMENT)"
)


def _title_score(block: Block, text: str, index: int) -> float:
    words = text.split()
    if re.match(r"(?i)(?:draft )?minutes of\b", text):
        return 9.0
    if (
        _NO_TITLE.match(text)
        or re.search(r"[’']s?$", text)
        or len(words) > 30
        or _names_committee(text)
        or (
            re.match(r"[A-Z][\w ]{1,25}:\s", text)
            and not (block.kind == "heading" and block.level == 1)
            and not _TOPIC.search(text.partition(":")[0])
            and not (_is_only_council(text.partition(":")[0]) and _TOPIC.search(text.partition(":")[2]))
        )
    ):
        return 0.0
    if (
        not re.search(r"[A-Za-z]{4}", text)
        or _is_only_date(text)
        or _is_only_council(text)
        or re.search(r"\b\d{5,}\b|@", text)
    ):
        return 0.0
    if _BODY_LETTERHEAD.fullmatch(text) or re.fullmatch(
        r"(?i)(?:the )?(?:commission for social care inspection|social services inspectorate|ofsted)\W*(?:\(\w+\))?",
        text,
    ):
        return 0.0
    if _ONLY_A_SERVICE.fullmatch(text) and not re.search(r"(?i)inspect|review|plan\b|report|letter", text):
        return 0.0
    score = 2.0 if _TOPIC.search(text) else 0.3
    score += 0.5 if len(words) >= 4 else 0.0
    score += 0.4 if block.kind == "heading" else 0.0
    score += 0.8 if block.level == 1 and block.kind == "heading" else 0.0
    score += 0.4 if re.search(r"(?i)inspect|review|plan|ofsted", text) else 0.0
    score += 0.2 if re.search(r"(?i)(?:action|improvement) plan$", text) else 0.0
    score -= (
        0.5
        if re.search(
            r"(?i)^dear\b|\b(?:january|february|march|april|june|july|august|september|october|november|"
            r"december) \d{4}$",
            text,
        )
        and not _PLAN_TITLE.search(text)
        and len(words) < 8
        else 0.0
    )
    if text.endswith((".", ":")) or (block.marker is not None):
        score -= 0.8
    return score - 0.06 * index


def _with_next_line(lines: tuple[tuple[Block, str], ...], index: int, text: str) -> str:
    """A title that runs over two headings: the first ends in a small word, or the second says what is planned."""
    if index and len(text.split()) <= 3 and _PLAN_TITLE.search(text):
        above, before = lines[index - 1]
        if (
            above.kind == "heading"
            and not _is_only_council(before)
            and not _NO_TITLE.match(before)
            and not _names_committee(before)
        ):
            text = f"{before} {text}"
    if index + 1 < len(lines):
        block, following = lines[index + 1]
        open_end = re.search(r"(?i)(?:\b(?:of|the|and|for|in|to|on|by|with|a)|[-–:,&])$", text)
        if open_end and not _NO_TITLE.match(following) and len(following.split()) <= 14:
            return f"{text} {following}"
        if (
            block.kind == "heading"
            and re.match(r"(?i)^(?:post[- ]inspection )?(?:action|improvement) plan\b", following)
            and len(text.split()) <= 12
        ):
            return f"{text} {following}"
    return text


def _trimmed(title: str) -> str:
    words = collapsed(title)
    if re.match(r"(?i)(?:draft )?minutes of\b", words):
        words = re.split(r"(?i),?\s+(?:held|on \w+day)\b", words)[0]
    words = re.split(r"\s+(?=(?:Joint )?Report (?:by|of|from) (?:the )?[A-Z])", words)[0]
    return words.strip(" .:–-*")


def _names_committee(text: str) -> bool:
    return bool(_COMMITTEE_NAME.match(text)) and not re.search(
        r"(?i)inspect|plan\b|review(?! (?:panel|committee|board|group|sub)|.{0,12} (?:panel|committee)$)|response", text
    )


def _is_only_date(text: str) -> bool:
    rest = text
    for found in reversed(find_dates(text)):
        rest = rest[: found.start] + rest[found.end :]
    return (
        bool(find_dates(text))
        and not re.match(r"(?i)due\b", text)
        and len(re.sub(r"(?i)\b(?:on|mon|tues|wednes|thurs|fri|satur|sun)(?:day)?\b|\W", "", rest)) < 4
    )


def _is_only_council(text: str) -> bool:
    return (
        len(text.split()) <= 8
        and bool(re.search(r"(?i)\b(?:council|borough|authority|corporation)\b", text))
        and not _TOPIC.search(re.sub(r"(?i)children|social", "", text))
    )


def published_of(document: ReadDocument, front: Front, kind: DocumentKind) -> str | None:
    """The meeting's date, or the date that the front prints as the paper's own; else a date alone at the very end."""
    unlabelled: str | None = None
    opened: str | None = None
    for _, text in front.lines:
        issued = re.search(
            r"(?i)\b(?:published|issued|last updated|updated|(?:plan|report|paper|letter|"
            r"version) (?:is )?dated)\s*(?:on\b)?\s*:?\s*(?=\d|[A-Z][a-z]+ \d)",
            text,
        )
        if (
            issued
            and not re.search(r"(?i)\b(?:was|were|has been|have been)\b", text)
            and (dates := find_dates(text[issued.end() : issued.end() + 40]))
            and dates[0].start < 12
            and len(dates[0].earliest) >= 7
        ):
            return dates[0].earliest
    for index, (_, text) in enumerate(front.lines):
        dates = [date for date in find_dates(text) if len(date.earliest) >= 7 and date.earliest[5:7] <= "12"]
        if not dates:
            continue
        labelled = _DATE_LABEL.match(text) or (index and _DATE_LABEL.fullmatch(front.lines[index - 1][1].rstrip(" :")))
        if labelled and not _NOT_THE_DATE.search(text):
            return dates[0].earliest
        if (
            re.search(r"(?i)\b(?:held (?:on|at)|meeting (?:of|on|held)|minutes of)\b", text)
            and len(text.split()) <= 24
            and not _NOT_THE_DATE.search(text)
        ):
            return dates[0].earliest
        if (
            unlabelled is None
            and not _NOT_THE_DATE.search(text)
            and (_is_only_date(text) or _names_committee_on_date(text))
        ):
            unlabelled = dates[0].earliest
        if (
            opened is None
            and _ENDS_WITH_DATE.search(text)
            and len(text.split()) <= 20
            and not _NOT_THE_DATE.search(text)
        ):
            opened = dates[-1].earliest
        if (
            opened is None
            and _BEGINS_WITH_DATE.match(text)
            and len(text.split()) <= 14
            and not _NOT_THE_DATE.search(text)
        ):
            opened = dates[0].earliest
    unlabelled = unlabelled or opened
    if unlabelled is not None:
        return unlabelled
    for block in document.blocks[-8:]:
        text = collapsed(document.slice(block))
        if block.table is None and len(text) < 60 and (_is_only_date(text) or re.match(r"(?i)date\s*:", text)):
            dates = find_dates(text)
            if dates and len(dates[0].earliest) >= 7:
                return dates[0].earliest
    if kind in ("action-plan", "review-letter"):
        for _, text in front.lines:
            dates = [date for date in find_dates(text) if len(date.earliest) >= 7 and date.earliest[5:7] <= "12"]
            if dates and not _NOT_THE_DATE.search(text):
                return dates[0].earliest
    return None


def _names_committee_on_date(text: str) -> bool:
    return bool(_COMMITTEE_NAME.match(text)) and len(text.split()) <= 14


def committee_of(front: Front) -> str | None:
    """The committee whose meeting the paper is for, as printed."""
    for _, text in front.lines:
        found = _COMMITTEE_NAME.match(text)
        if found and not re.search(r"(?i)inspect|plan\b|report of", found["name"]):
            return collapsed(found["name"])
    return None


def authority_of(document: ReadDocument, front: Front, register: Register, on: str | None) -> Authority | None:
    """The council of the front page where one is named in full there; else the one the text is about."""
    for _, text in front.lines:
        for mention in register.mentions(text, on):
            if mention.explicit and not re.search(r"(?i)tel|fax|@|formerly|chief", text):
                return mention.authority
    return register.find_in(document.text, on)


def publisher_of(
    document: ReadDocument, kind: DocumentKind, authority: Authority | None, register: Register, on: str | None
) -> str | None:
    """The council by its name as printed in full, the inspectorate of its own letter; None where neither is known."""
    if kind == "review-letter":
        body = _letter_body(document)
        if body is not None:
            return body
    if authority is None:
        return None
    printed = _printed_name(document, register.mentions(document.text, on), authority)
    return printed or authority.council_name


def _letter_body(document: ReadDocument) -> str | None:
    ends = document.text[:1200] + "\n" + document.text[-900:]
    bodies = (
        ("CSCI", r"commission for social care inspection|\bCSCI\b"),
        ("SSI", r"social services inspectorate|\bSSI\b"),
        ("Ofsted", r"\bofsted\b|office for standards in education"),
        ("Care Quality Commission", r"care quality commission"),
        ("Audit Commission", r"audit commission"),
    )
    counts = {name: len(re.findall(pattern, ends, re.IGNORECASE)) for name, pattern in bodies}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else None


def _printed_name(document: ReadDocument, mentions: list[Mention], authority: Authority) -> str | None:
    for mention in mentions:
        if mention.explicit and mention.authority.gss_code == authority.gss_code:
            name = collapsed(document.text[mention.start : mention.end])
            if re.search(r"(?i)council|borough|corporation", name):
                return re.sub(r"[’']s?(?=\s|$)", "", name) if re.search(r"[’']s?\s", name) else name
    return None
