"""Word documents: paragraphs, lists with the numbers that Word counts, tables; as the text stands once all tracked
changes are accepted. Headers, footers, footnotes and comments are left out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docx
from docx.opc.exceptions import OpcError
from lxml import etree

from graph.errors import UnreadableDocument
from graph.model import ReadDocument, SourceFile
from graph.reading.archive import DAMAGE, check_archive
from graph.reading.composition import (
    BULLETS,
    Draft,
    DraftCell,
    DraftLine,
    DraftRow,
    compose,
    split_marker,
    squeeze,
    tidy_lines,
)
from graph.reading.headings import mark_headings

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DROPPED = frozenset(
    f"{_W}{name}"
    for name in (
        "del",
        "moveFrom",
        "instrText",
        "pPr",
        "rPr",
        "commentReference",
        "footnoteReference",
        "endnoteReference",
        "tblPr",
        "sdtPr",
    )
)
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
MAX_DEPTH = 40

Element = Any  # lxml's element type has no usable annotations for these trees


def read_docx(path: Path, source: SourceFile) -> ReadDocument:
    check_archive(path, str(path))
    try:
        opened = docx.Document(str(path))
        reader = _Reader(_styles(opened), _Numbering.of(opened))
        drafts = list(reader.blocks(opened.element.body))
        title = opened.core_properties.title
    except (OpcError, KeyError, ValueError, AttributeError, etree.XMLSyntaxError, *DAMAGE) as err:
        raise UnreadableDocument(
            str(path),
            f"the Word file is damaged ({type(err).__name__}: {err})",
            "open it in a word processor and save it afresh",
        ) from err
    return compose(source, mark_headings(drafts), title=title)


@dataclass(frozen=True, slots=True)
class _Style:
    name: str
    outline: int | None
    numbering: tuple[str, int] | None
    bold: bool


def _styles(opened: Any) -> dict[str, _Style]:
    """Styles by id, what they inherit resolved."""
    elements = {style.get(f"{_W}styleId"): style for style in opened.styles.element.iter(f"{_W}style")}
    return {key: _style(key, elements) for key in elements if key}


def _style(key: str, elements: dict[str, Element]) -> _Style:
    name, outline, numbering, bold = "", None, None, False
    seen: set[str] = set()
    current: str | None = key
    while current and current in elements and current not in seen:
        seen.add(current)
        element = elements[current]
        name = name or _value(element.find(f"{_W}name")) or ""
        properties = element.find(f"{_W}pPr")
        if properties is not None:
            outline = outline if outline is not None else _integer(_value(properties.find(f"{_W}outlineLvl")))
            numbering = numbering or _num_pr(properties)
        bold = bold or _on(element.find(f"{_W}rPr/{_W}b"))
        current = _value(element.find(f"{_W}basedOn"))
    return _Style(name, outline, numbering, bold)


@dataclass
class _Numbering:
    """Counts list items as Word does: per list and level, deeper levels starting again below a new number."""

    levels: dict[str, dict[int, tuple[str, str, int]]] = field(default_factory=dict)
    abstract_of: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def of(cls, opened: Any) -> _Numbering:
        try:
            root = opened.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return cls()
        numbering = cls()
        for abstract in root.iter(f"{_W}abstractNum"):
            numbering.levels[abstract.get(f"{_W}abstractNumId")] = {
                int(level.get(f"{_W}ilvl") or 0): (
                    _value(level.find(f"{_W}numFmt")) or "decimal",
                    _value(level.find(f"{_W}lvlText")) or "",
                    _integer(_value(level.find(f"{_W}start"))) or 1,
                )
                for level in abstract.iter(f"{_W}lvl")
            }
        for number in root.iter(f"{_W}num"):
            target = _value(number.find(f"{_W}abstractNumId"))
            if target is not None:
                numbering.abstract_of[number.get(f"{_W}numId")] = target
        return numbering

    def marker(self, number: str, level: int) -> str | None:
        """What Word prints before the next item of this list; None for a list that prints nothing."""
        abstract = self.abstract_of.get(number)
        form = self.levels.get(abstract, {}).get(level) if abstract is not None else None
        if number == "0":
            return None
        if form is None or abstract is None:
            return "•"
        kind, text, start = form
        if kind == "none" or (kind != "bullet" and not text):
            return None
        if kind == "bullet":
            return text if text in BULLETS and text and text < "\ue000" else "•"
        counts = self._counts[number]
        counts[level] = counts.get(level, start - 1) + 1
        for deeper in [key for key in counts if key > level]:
            del counts[deeper]
        levels = self.levels[abstract]

        def printed(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            if at not in levels:
                return ""
            return _counted(counts.get(at, levels[at][2]), levels[at][0])

        return re.sub(r"%(\d)", printed, text).strip() or None


def _counted(number: int, kind: str) -> str:
    if kind in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26)
        return letter if kind == "lowerLetter" else letter.upper()
    if kind in ("lowerRoman", "upperRoman"):
        roman = ""
        for value, letters in ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
            while number >= value and len(roman) < 12:
                roman += letters
                number -= value
        return roman if kind == "upperRoman" else roman.lower()
    return f"{number:02d}" if kind == "decimalZero" else str(number)


@dataclass
class _Reader:
    styles: dict[str, _Style]
    numbering: _Numbering

    def blocks(self, parent: Element, depth: int = 0) -> Iterator[Draft]:
        if depth > MAX_DEPTH:
            return
        for child in parent:
            if child.tag == f"{_W}p":
                yield from self._paragraph(child)
            elif child.tag == f"{_W}tbl":
                yield from self._table(child, depth)
            elif child.tag not in _DROPPED and isinstance(child.tag, str):
                yield from self.blocks(child, depth + 1)

    def _paragraph(self, element: Element) -> Iterator[Draft]:
        # a box of text anchored in a paragraph is printed on its own
        for box in element.iter(f"{_W}txbxContent"):
            if not any(above.tag == _FALLBACK for above in box.iterancestors()):
                yield from self.blocks(box, 1)
        lines = "".join(_words(element)).split("\n")
        style = self._style_of(element)
        heading = _heading_level(style)
        list_marker, level = self._list_mark(element, style)
        bold = _is_bold(element, style)
        for index, line in enumerate(lines):
            text = squeeze(line)
            if not re.search(r"\w", text):
                continue
            marker, rest = split_marker(text)
            typed = marker is not None and marker not in BULLETS
            if heading is not None and index == 0:
                printed = list_marker if list_marker and list_marker not in BULLETS else marker if typed else None
                yield Draft("heading", rest if typed and list_marker is None else text, heading, printed, True)
            elif list_marker is not None and index == 0:
                words = rest if marker is not None and marker in BULLETS else text
                yield Draft("list_item", words, level, list_marker, bold)
            elif marker is not None:
                yield Draft("list_item", rest, level, marker, bold)
            else:
                yield Draft("paragraph", text, bold=bold)

    def _style_of(self, element: Element) -> _Style | None:
        return self.styles.get(_value(element.find(f"{_W}pPr/{_W}pStyle")) or "")

    def _list_mark(self, element: Element, style: _Style | None) -> tuple[str | None, int]:
        properties = element.find(f"{_W}pPr")
        numbered = _num_pr(properties) if properties is not None else None
        own = numbered or (style.numbering if style else None)
        if own is None or not squeeze("".join(_words(element))):
            if style is not None and numbered is None and re.match(r"(?i)list (?:bullet|number)", style.name):
                return "•", 0
            return None, 0
        return self.numbering.marker(*own), own[1]

    def _table(self, element: Element, depth: int) -> Iterator[Draft]:
        rows = list(_children(element, "tr"))
        if all(len(list(_children(row, "tc"))) == 1 for row in rows):
            # a box around text, not a table
            for row in rows:
                for cell in _children(row, "tc"):
                    yield from self.blocks(cell, depth + 1)
            return
        yield Draft("table", rows=tuple(self._rows(rows, depth)))

    def _rows(self, rows: list[Element], depth: int) -> Iterator[DraftRow]:
        """A cell merged downwards is repeated in each row that it covers."""
        above: dict[int, tuple[DraftLine, ...]] = {}
        for row in rows:
            column = _integer(_value(row.find(f"{_W}trPr/{_W}gridBefore"))) or 0
            cells: list[DraftCell] = []
            for cell in _children(row, "tc"):
                properties = cell.find(f"{_W}tcPr")
                merge = properties.find(f"{_W}vMerge") if properties is not None else None
                span = (_integer(_value(properties.find(f"{_W}gridSpan"))) if properties is not None else None) or 1
                span = min(span, 63)
                lines = tuple(self._cell_lines(cell, depth + 1))
                if merge is not None and merge.get(f"{_W}val") != "restart" and not lines:
                    lines = above.get(column, ())
                if merge is not None:
                    above[column] = lines
                else:
                    above.pop(column, None)
                cells.append(DraftCell(lines, column, span))
                column += span
            yield DraftRow(tuple(cells), header=_on(row.find(f"{_W}trPr/{_W}tblHeader")))

    def _cell_lines(self, cell: Element, depth: int) -> Iterator[DraftLine]:
        lines: list[DraftLine] = []
        for draft in self.blocks(cell, depth):
            if draft.kind == "table":
                lines.extend(line for row in draft.rows for inner in row.cells for line in inner.lines)
            else:
                lines.append(DraftLine(draft.text, draft.marker, draft.level if draft.kind == "list_item" else 0))
        yield from tidy_lines(lines)


def _children(element: Element, name: str) -> Iterator[Element]:
    """Rows of a table, cells of a row: also those inside content controls, without those that a change deleted."""
    for child in element:
        if child.tag == f"{_W}{name}":
            if name != "tr" or child.find(f"{_W}trPr/{_W}del") is None:
                yield child
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            yield from _children(child, name)


def _words(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag in _DROPPED or child.tag == _FALLBACK or child.tag == f"{_W}txbxContent":
            continue
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag == f"{_W}tab":
            yield "\t"
        elif child.tag in (f"{_W}br", f"{_W}cr"):
            yield "\n"
        elif child.tag == f"{_W}noBreakHyphen":
            yield "-"
        elif child.tag == f"{_W}softHyphen":
            continue
        elif isinstance(child.tag, str):
            yield from _words(child)


def _heading_level(style: _Style | None) -> int | None:
    if style is None:
        return None
    named = re.match(r"(?i)heading (\d)", style.name)
    if named:
        return min(6, max(1, int(named[1])))
    if style.name.lower() in ("title", "subtitle"):
        return 1
    return min(6, style.outline + 1) if style.outline is not None and style.outline < 9 else None


def _is_bold(element: Element, style: _Style | None) -> bool:
    runs = [run for run in element.iter(f"{_W}r") if squeeze("".join(_words(run)))]
    if not runs:
        return False
    return all(_on(run.find(f"{_W}rPr/{_W}b"), style.bold if style else False) for run in runs)


def _num_pr(properties: Element) -> tuple[str, int] | None:
    found = properties.find(f"{_W}numPr")
    if found is None:
        return None
    number = _value(found.find(f"{_W}numId"))
    return (number, _integer(_value(found.find(f"{_W}ilvl"))) or 0) if number is not None else None


def _value(element: Element | None) -> str | None:
    return element.get(f"{_W}val") if element is not None else None


def _on(element: Element | None, default: bool = False) -> bool:
    if element is None:
        return default
    return element.get(f"{_W}val") not in ("0", "false", "off", "none")


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.lstrip("-").isdecimal() else None
