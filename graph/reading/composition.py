"""Puts a document together from drafts: blocks and cells as a format's reader finds them, not yet placed in one text.

Readers of formats without pages (text, Markdown, HTML, DOCX, sheets) only say what stands where; the offsets, the
joining of white space and the telling of bullets from words are done here, once, so that the same content in two
formats becomes the same document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from graph.errors import UnreadableDocument
from graph.model import Block, BlockKind, Cell, CellLine, ReadDocument, Row, SourceFile, Table

MAX_COLUMNS = 1000
#: Glyphs that stand for a bullet, with those of symbol fonts in the private use area.
BULLETS = "•●○◦▪▫■□◼◻◆◇►▶▸➢➤➔→✓✔❖❑∙·⁃‣⦁−–—*\uf0b7\uf0a7\uf0d8\uf076\uf0fc\uf0be\uf02d\uf06f\uf0e8\u2023\uf000\x95"
#: Control and format characters other than white space: soft hyphens, zero-width marks, marks of direction.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff]"
)
_BULLET = re.compile(
    rf"^(?P<marker>[{re.escape(BULLETS)}]|-{{1,2}}(?=\s)|o(?=\s\s*[A-Za-z])|\+(?=\s)|»(?=\s))\s*(?=\S)"
)
_NUMBER = re.compile(
    r"^(?P<marker>"
    r"\d{1,3}(?:\.\d{1,3}){1,3}\.?\)?(?=\s|[A-Z])"  # 2.3  2.3.  4.10The
    r"|\d{1,3}[.)](?=\s|[A-Z][a-z])(?!\d)"  # 3.  3)
    r"|\(\d{1,3}\)(?=\s)"
    r"|(?:R\d{1,2}[.:)]?|[A-Z]\d{1,2}[.:)])(?=\s+[A-Z])"  # R1 and A1. number recommendations
    r"|\(?(?:[ivx]{1,5}|[IVX]{1,5})[.)](?=\s)"
    r"|\([a-zA-Z]\)(?=\s)"
    r"|[a-zA-Z][.)](?=\s)(?!\s[A-Z]\.)"
    r")\s*(?=\S)"
)


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line of a cell: its words, its bullet or number, its depth below the cell's own lines."""

    text: str
    marker: str | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class DraftCell:
    lines: tuple[DraftLine, ...]
    column: int
    colspan: int = 1


@dataclass(frozen=True, slots=True)
class DraftRow:
    cells: tuple[DraftCell, ...]
    header: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A block that has no place in the text yet; ``rows`` only of a table, whose ``text`` is empty."""

    kind: BlockKind
    text: str = ""
    level: int = 0
    marker: str | None = None
    bold: bool = False
    size: float = 0.0
    rows: tuple[DraftRow, ...] = ()


@dataclass
class _Text:
    """The text so far."""

    parts: list[str] = field(default_factory=list)
    length: int = 0

    def add(self, words: str) -> tuple[int, int]:
        start = self.length
        self.parts.append(words)
        self.length += len(words)
        return start, self.length


def compose(
    source: SourceFile, drafts: Iterable[Draft], *, title: str | None = None, warnings: Iterable[str] = ()
) -> ReadDocument:
    """The document of these drafts, in their order; drafts without any words are left out."""
    text = _Text()
    blocks: list[Block] = []
    for draft in drafts:
        if draft.kind == "table":
            block = _table(source, text, draft)
        else:
            words = squeeze(draft.text)
            if not words:
                continue
            _separate(text, "\n")
            start, end = text.add(words)
            block = Block(
                draft.kind, start, end, level=draft.level, marker=draft.marker, bold=draft.bold, size=draft.size
            )
        if block is not None:
            blocks.append(block)
    return ReadDocument(
        source=source,
        text="".join(text.parts),
        blocks=tuple(blocks),
        title=squeeze(title) or None if title else None,
        warnings=tuple(warnings),
    )


def _table(source: SourceFile, text: _Text, draft: Draft) -> Block | None:
    start: int | None = None
    rows: list[Row] = []
    columns = max((len(row.cells) for row in draft.rows), default=0)
    if columns > MAX_COLUMNS:
        raise UnreadableDocument(
            source.name, f"a table has {columns} columns, more than {MAX_COLUMNS}", "keep only the plan's own columns"
        )
    for draft_row in draft.rows:
        cells: list[Cell] = []
        fresh_row = True
        for draft_cell in draft_row.cells:
            lines: list[CellLine] = []
            for line in draft_cell.lines:
                words = squeeze(line.text)
                if not words:
                    continue
                _separate(text, "\n" if start is None or lines or fresh_row else "\t")
                fresh_row = False
                at = text.add(words)
                start = at[0] if start is None else start
                lines.append(CellLine(*at, marker=line.marker, level=line.level))
            cells.append(Cell(draft_cell.column, tuple(lines), draft_cell.colspan))
        if any(cell.lines for cell in cells):
            rows.append(Row(tuple(cells), header=draft_row.header))
    if start is None:
        return None
    return Block("table", start, text.length, table=Table(tuple(rows)))


def _separate(text: _Text, mark: str) -> None:
    if text.length:
        text.add(mark)


def squeeze(words: str | None) -> str:
    """White space collapsed, invisible characters out."""
    if not words:
        return ""
    if not words.isprintable():
        words = _INVISIBLE.sub("", words)
    return " ".join(words.split())


def split_marker(words: str, *, numbers: bool = True) -> tuple[str | None, str]:
    """The bullet or number that a line begins with, and the rest. "- 2.1 Text" is number 2.1: the dash is the list's.

    A lone bullet is no line; a date such as "30.09.03" or a decimal is no number.
    """
    text = words.strip()
    bullet = _BULLET.match(text)
    if bullet:
        rest = text[bullet.end() :]
        number = _number(rest) if numbers else None
        if number is not None:
            return number
        return bullet["marker"], rest
    number = _number(text) if numbers else None
    return number if number is not None else (None, text)


def _number(text: str) -> tuple[str, str] | None:
    found = _NUMBER.match(text)
    if found is None or re.match(r"\d{1,2}\.\d{1,2}\.(?:\d{2}|\d{4})\b", text):
        return None
    rest = text[found.end() :]
    if not re.search(r"[A-Za-z]{2}|\d\d", rest):
        return None
    if re.match(r"[A-Z]\.$", found["marker"]) and re.match(
        r"[A-Z][\w’'-]+(?:\s+[A-Z][\w’'-]+)?\s*(?:$|[/,&;(]|and\b)", rest
    ):
        return None  # an initial before a surname
    if re.match(r"\d+\.\d+$", found["marker"]) and re.match(r"(?:%|million|billion|per cent|[ap]\.?m\b)", rest):
        return None
    return found["marker"], rest


def cell_lines(text: str) -> tuple[DraftLine, ...]:
    """The lines of a cell given as plain text with line breaks: bullets split even where several stand in one line,
    lines that the breaking of text has cut put together again."""
    lines: list[DraftLine] = []
    for raw in re.split(r"\r\n|[\r\n\v\x85\u2028]", text):
        for piece in split_bullets(raw):
            if not piece.strip():
                continue
            indent = len(piece) - len(piece.lstrip(" \t\u00a0"))
            marker, words = split_marker(piece)
            if marker is not None and not re.search(r"\w", words):
                continue
            if lines and marker is None and _continues(lines[-1], words):
                lines[-1] = replace(lines[-1], text=f"{lines[-1].text} {words}")
            else:
                lines.append(DraftLine(words, marker, 1 if marker and indent >= 2 and _nested(lines) else 0))
    return tuple(lines)


def _nested(lines: list[DraftLine]) -> bool:
    return any(line.marker for line in lines)


def split_bullets(raw: str) -> list[str]:
    """A line cut before each bullet that stands within it; whole where it has none."""
    strong = "•●▪■◦\uf0b7\uf0a7"
    if sum(raw.count(glyph) for glyph in strong) < 2 and not re.search(rf"\S\s+[{strong}]\s", raw):
        return [raw]
    return re.split(rf"(?=[{strong}])", raw)


def _continues(previous: DraftLine, words: str) -> bool:
    """A line that begins in lower case, after one that has not ended, goes on with it."""
    return bool(words[:1].islower() and not re.search(r"[.;:!?]$", previous.text))


def tidy_lines(lines: Iterable[DraftLine]) -> tuple[DraftLine, ...]:
    """Lines that came with the format's own list marks: a bullet typed into the words as well is taken out."""
    kept: list[DraftLine] = []
    for line in lines:
        for piece in split_bullets(line.text):
            words = squeeze(piece)
            marker, rest = split_marker(words)
            if marker is not None and re.search(r"\w", rest):
                kept.append(DraftLine(rest, line.marker if line.marker and marker in BULLETS else marker, line.level))
            elif words and re.search(r"\w", words):
                kept.append(replace(line, text=words))
    return tuple(kept)
