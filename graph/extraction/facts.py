"""What an inspection report says of itself: title, publication, authority."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from graph.authorities import Authority, Register
from graph.dates import find_dates
from graph.extraction.evidence import collapsed
from graph.extraction.grades import GRADE_WORDS
from graph.extraction.sections import opens_section
from graph.model import Block, DocumentFacts, DocumentKind, ReadDocument

_FRONT_ENDS: Final = re.compile(
    r"(?i)^(?:inspection|visit|review)? ?(?:dates?|carried out)\b|^(?:lead|reporting) inspector|^(?:report "
    r")?published|^dates? of|^judge?ment\b|^inspection outcome|"
    r"^contents$|^age group|^unique reference|^urn\b"
)
_PUBLISHED: Final = re.compile(
    r"(?i)\b(?:report )?(?:published|publication date|date of publication|date published)\b(?: on)?\s*:?\s*"
)
_LETTERHEAD: Final = re.compile(
    r"(?i)(?:the )?(?:office for standards in education.*|commission for social care inspection.*|social services "
    r"inspectorate.*|care quality commission(?: \(cqc\))?|csci|cqc|ssi|ofsted|(?:hm|(?:her|his) majesty[’']s) "
    r"inspectorate "
    r"of [\w ]+(?:, \w+ \d{4})?|department (?:of|for) [\w ]+|making social care better.*|better education and care|"
    r"raising standards.*|"
    r"improving lives|audit commission|healthcare commission|(?:hm|her majesty[’']s) crown prosecution.*|"
    r"[\w ]{3,30} region)"
)
"""The inspectorate's name and motto above a title are no part of it."""
_INSPECTS: Final = re.compile(r"(?i)\b(?:re-?inspection|inspection|visit|review|assessment|screening)\b")
_ISSUED: Final = re.compile(
    r"(?m)^(?:HM|His Majesty[’']s|Her Majesty[’']s) Inspectorate of \w+,?\s+(?P<date>[A-Z][a-z]+ (?:19|20)\d\d)$"
)
"""How an imprint names the month: the body, then when."""
_FILE_DATE: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)")


def report_title(document: ReadDocument, blocks: Sequence[Block]) -> str | None:
    """The lines that stand above the dates, the inspector or the grades on the first page."""
    lines: list[Block] = []
    letter = False
    greets = (place for place, block in enumerate(blocks[:40]) if re.match(r"(?i)dear\b", document.slice(block)))
    for block in blocks[(first := next(greets, 0)) : first + 20]:
        text = collapsed(document.slice(block))
        if re.match(r"(?i)dear\b", text):
            lines.clear()  # above it stands the address
            letter = True
            continue
        if lines and opens_section(text):
            break
        if block.kind == "table" or _FRONT_ENDS.search(text) or len(text) > 260:
            break
        if re.search(rf"(?i)\b(?:is|are|require) {GRADE_WORDS}", text) or (
            text.endswith(".") and len(text.split()) > 12
        ):
            continue
        if _LETTERHEAD.fullmatch(text) or re.match(r"(?i)(?:to|from|copy to|cc|date)\s*:", text):
            continue
        if block.kind in ("heading", "paragraph") and re.search(r"[A-Za-z]{3}", text):
            lines.append(block)
        if len(lines) == 8:
            break
    large = [block for block in lines if block.kind == "heading"]
    if large and not letter and not any(_INSPECTS.search(document.slice(block)) for block in large):
        large += [block for block in lines if _INSPECTS.search(document.slice(block))][:1]
    chosen = large[:1] or lines[:1] if letter else large or lines[:3]
    title = " ".join(collapsed(document.slice(block)) for block in chosen)
    title = re.split(r"(?i)\s+(?:inspection|visit) dates?\s*:", title)[0]
    title = re.sub(r"(?i)^(?:ofsted\s+)?raising standards,?\s+improving lives\s+", "", title)
    title = re.sub(r"(?<=[a-z])\d{1,2}$", "", title).strip(" :-–")
    return title or document.title


def published(document: ReadDocument, front: str) -> tuple[str | None, str | None]:
    """(EDTF, where from): the printed date, else the one in the file's name, else the year of the copyright line."""
    month: str | None = None
    for match in _PUBLISHED.finditer(front):
        dates = [date for date in find_dates(front[match.end() : match.end() + 40]) if len(date.earliest) >= 7]
        if dates and dates[0].start < 12:
            if len(dates[0].earliest) == 10:
                return dates[0].earliest, "text"
            month = month or dates[0].earliest
    dated = re.search(r"(?im)^date(?: of (?:letter|issue|report))?\s*:\s*(.{6,30})$", front)
    if dated is not None and (found := find_dates(dated[1])) and len(found[0].earliest) == 10:
        return found[0].earliest, "text"
    letter = _letter_date(document)
    if letter is not None:
        return letter, "text"
    if month is not None:
        return month, "text"
    issued = _ISSUED.search(front)
    dates = find_dates(issued["date"]) if issued else []
    if dates:
        return dates[0].earliest, "text"
    named = _FILE_DATE.search(document.source.name)
    if named is not None:
        return "-".join(part for part in named.groups() if part), "file name"
    years = re.findall(r"©\s*Crown copyright,?\s*((?:19|20)\d\d)", document.text)
    return (years[-1], "text") if years else (None, None)


def _letter_date(document: ReadDocument) -> str | None:
    """The date that stands alone above the salutation of a letter."""
    above: list[str] = []
    for block in document.blocks[:30]:
        text = collapsed(document.slice(block))
        if re.match(r"(?i)dear\b", text):
            dates = [found for line in above if len(line) < 40 and (found := find_dates(line))]
            return next((found[0].earliest for found in dates if len(found[0].earliest) == 10), None)
        above.append(text)
    return None


def authority_of(title: str, document: ReadDocument, register: Register, on: str | None) -> Authority | None:
    """The authority named in the title, else the one that the text is about."""
    named = register.mentions(title, on)
    if named:
        return max(named, key=lambda mention: (mention.explicit, mention.end - mention.start)).authority
    return register.find_in(document.text, on)


def document_facts(
    kind: DocumentKind,
    title: str | None,
    date: tuple[str | None, str | None],
    publisher: str | None,
    authority: Authority | None,
    document: ReadDocument,
) -> DocumentFacts:
    return DocumentFacts(
        title=title or document.source.name,
        kind=kind,
        published=date[0],
        published_from=date[1],
        publisher=publisher,
        authority=authority.name if authority else None,
        gss_code=authority.gss_code if authority else None,
    )


METADATA_FIELDS: Final = ("title", "kind", "published", "publisher", "authority", "gss_code", "url", "licence")
_KINDS: Final = frozenset({"inspection-report", "committee-report", "action-plan", "review-letter", "minutes"})


def metadata_authority(metadata: Mapping[str, str], register: Register) -> Authority | None:
    """The authority that the operator names, by code or by name."""
    code, name = metadata.get("gss_code", "").strip(), metadata.get("authority", "").strip()
    return (register.by_gss(code) if code else None) or (register.resolve(name) if name else None)


def valid_kind(kind: str) -> bool:
    return kind in _KINDS
