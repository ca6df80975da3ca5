"""The two shapes that documents take on their way into the graph.

``ReadDocument`` is what reading gives: text with its layout. ``Extraction`` is what extraction makes of it: items with
their evidence. Both are plain frozen values that msgspec writes to and reads from JSON, so every stage can be cached,
moved to another process or machine, and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DocumentKind = Literal["inspection-report", "committee-report", "action-plan", "review-letter", "minutes"]
Polarity = Literal["strength", "improvement", "mixed"]
ItemKind = Literal["finding", "recommendation", "action"]


# ---------------------------------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The bytes that were read. ``name`` is the base name; ``sha256`` 64 lower-case hex digits; ``media_type`` is what
    the bytes are, not what the ending says."""

    name: str
    sha256: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in PDF points (1/72 inch) from the page's top left corner. ``page`` is 1-based."""

    page: int
    x0: float
    top: float
    x1: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of code points of ``ReadDocument.text``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the text and where it is printed."""

    start: int
    end: int
    box: Box


@dataclass(frozen=True, slots=True)
class CellLine:
    """One logical line of a table cell: a bullet, a paragraph, or a line that the source breaks on purpose.

    ``marker`` is the bullet or number as printed, None for plain text. ``top`` is its height on the page where known
    (the same unit as ``Box.top``), so that lines of neighbouring cells can be aligned.
    """

    start: int
    end: int
    marker: str | None = None
    level: int = 0
    page: int | None = None
    top: float | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell; columns are 0-based and count spans (a cell of colspan 2 at column 1 is followed by column 3)."""

    column: int
    lines: tuple[CellLine, ...]
    colspan: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """``page`` is where the row begins."""

    cells: tuple[Cell, ...]
    page: int | None = None
    header: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table in reading order; one that breaks over pages is one table, its repeated header rows dropped."""

    rows: tuple[Row, ...]


BlockKind = Literal["heading", "paragraph", "list_item", "table", "footnote"]


@dataclass(frozen=True, slots=True)
class Block:
    """One printed unit, in reading order, without its bullet or number.

    ``text[start:end]`` is the unit with white space collapsed and words that were hyphenated over a line end joined; a
    unit that runs over a page break is one block (``page`` is where it begins). ``level``: of a heading 1 (highest) to
    6; of a list item its nesting, 0-based. ``marker``: the bullet or number as printed ("•", "2.3", "(a)", "14.").
    ``size`` is the font size in points, ``bold`` whether most of it is bold; 0.0 and False where the format has no
    fonts. ``boxes``: one per printed line. Page headers, footers and page numbers are left out of the document.
    """

    kind: BlockKind
    start: int
    end: int
    page: int | None = None
    level: int = 0
    marker: str | None = None
    size: float = 0.0
    bold: bool = False
    boxes: tuple[Box, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class PageSize:
    """Width and height in points."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document as text with layout.

    Invariants: blocks are in reading order and do not overlap; each block's text is ``text[block.start:block.end]`` and
    neither starts nor ends with white space; blocks are separated by a newline in ``text``. A table's cells lie inside
    its block, row by row. ``title`` is what the file's own metadata says, None where it is silent. ``words`` is empty
    where the format has no pages.
    """

    source: SourceFile
    text: str
    blocks: tuple[Block, ...]
    pages: tuple[PageSize, ...] = ()
    words: tuple[Word, ...] = ()
    title: str | None = None
    warnings: tuple[str, ...] = ()

    def slice(self, span: Block | CellLine | Span) -> str:
        return self.text[span.start : span.end]


# -------------------------------------------------------------------------------------------------------- extraction


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where in its source an item stands.

    Invariant: ``document.text[start:end] == quote``. Offsets are half-open and count Unicode code points of the text as
    read, not bytes and not glyphs. ``page`` is 1-based, None where the format has no pages; ``boxes`` one per line.
    """

    start: int
    end: int
    quote: str
    page: int | None = None
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Maker:
    """The rule or model that made an item. ``score`` is in [0, 1]: how often items of this rule are right."""

    name: str
    version: str
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What a document says of itself.

    ``published`` is EDTF level 1; ``published_from`` says where it was taken: "text", "metadata" or "file name".
    ``authority`` is the register's short name and ``gss_code`` its code; both None where the text does not say.
    ``from_metadata`` names the fields that the operator's metadata file set: they win over what was read.
    """

    title: str
    kind: DocumentKind
    published: str | None = None
    published_from: str | None = None
    publisher: str | None = None
    authority: str | None = None
    gss_code: str | None = None
    committee: str | None = None
    meeting_date: str | None = None
    url: str | None = None
    licence: str | None = None
    language: str = "en"
    from_metadata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """An inspection, review or visit that the document reports or answers; the first of a document is its main one.

    ``framework`` is as the text names it, ``framework_id`` the concept of the framework scheme, None where none fits.
    """

    inspectorate: str | None
    framework: str | None
    authority: str | None
    gss_code: str | None = None
    start: str | None = None
    end: str | None = None
    lead_inspector: str | None = None
    framework_id: str | None = None
    evidence: Evidence | None = None
    made_by: Maker | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """``area`` and ``grade`` as printed; the concepts are local ids of the grade schemes (``ontology/grades.ttl``),
    None where none fits. ``inspection`` is the index into ``Extraction.inspections``."""

    area: str
    grade: str
    area_concept: str | None = None
    grade_concept: str | None = None
    inspection: int = 0
    evidence: Evidence | None = None
    made_by: Maker | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """``section`` is the heading above it; ``number`` the printed paragraph number."""

    text: str
    evidence: Evidence
    made_by: Maker
    section: str | None = None
    number: str | None = None
    polarity: Polarity | None = None
    polarity_score: float | None = None
    polarity_made_by: Maker | None = None
    inspection: int = 0


@dataclass(frozen=True, slots=True)
class Recommendation:
    """``ref`` is the printed number without trailing punctuation; ``deadline`` as printed, ``deadline_date`` EDTF."""

    text: str
    evidence: Evidence
    made_by: Maker
    ref: str | None = None
    section: str | None = None
    addressed_to: tuple[str, ...] = ()
    deadline: str | None = None
    deadline_date: str | None = None
    inspection: int = 0


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A dated observation of an action's progress. ``printed`` verbatim ("Green", "60 %"); ``status`` one of the status
    scheme's ids (not-started, in-progress, completed, overdue, superseded) or None; ``date`` EDTF."""

    printed: str
    status: str | None = None
    date: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """``recommendation`` is the index into ``Extraction.recommendations`` of the one answered, None where none is
    named; ``timescale`` as printed, ``date`` EDTF; ``responsible`` as printed, split; ``responsible_names`` maps
    initials to the names that the same document's key gives (same length, "" where unresolved); ``measure``: how its
    success is to be known, as a column of the plan says it."""

    text: str
    evidence: Evidence
    made_by: Maker
    recommendation: int | None = None
    timescale: str | None = None
    date: str | None = None
    responsible: tuple[str, ...] = ()
    responsible_names: tuple[str, ...] = ()
    section: str | None = None
    statuses: tuple[StatusReport, ...] = ()
    inspection: int = 0
    measure: str | None = None


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """``short`` stands for ``long`` in this document."""

    short: str
    long: str
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """What became of one block: ``outcome`` is the item type made of it, or "skipped"; ``reason`` one sentence."""

    start: int
    end: int
    outcome: str
    reason: str
    rule: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything taken from one document, in reading order within each kind."""

    source: SourceFile
    document: DocumentFacts
    inspections: tuple[Inspection, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    findings: tuple[Finding, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    actions: tuple[Action, ...] = ()
    abbreviations: tuple[Abbreviation, ...] = ()
    segments: tuple[Segment, ...] = ()
    text_sha256: str = ""
    page_count: int = 0
    extractor_version: str = ""
    warnings: tuple[str, ...] = ()
