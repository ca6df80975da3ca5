"""Pages as the inspectorates lay them out: hanging numbers and bullets, paragraphs and table rows that run on over the
page, footnotes, a running head or foot. The core fonts alone, so that the bytes depend on no machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fpdf import FPDF

from tests.samples.markup import SOFT_HYPHEN

Furniture = Callable[["Pages"], None]
CREATED = datetime(2025, 1, 1, tzinfo=UTC)
#: Where a word may be broken: after a hyphen that it has, or at a soft one.
_BREAK = re.compile(rf"(?<=[^\W\d_]-)(?=[^\W\d_])|(?<=\d-)(?=[^\W\d_])|(?<={SOFT_HYPHEN})")


@dataclass(frozen=True, slots=True)
class Style:
    """``leading``: distance of the lines, ``after``: space below the block, all in points."""

    size: float = 11.0
    bold: bool = False
    leading: float = 14.0
    after: float = 9.0


@dataclass(frozen=True, slots=True)
class Item:
    """A line or paragraph of a table cell, with its bullet."""

    text: str
    bullet: bool = False
    bold: bool = False


class Pages:
    """A document being written from top to bottom."""

    def __init__(self, title: str, *, landscape: bool = False, bullet: str = "square", foot: Furniture | None = None):
        self.pdf = FPDF(unit="pt", orientation="landscape" if landscape else "portrait")
        self.pdf.core_fonts_encoding = "cp1252"
        self.pdf.set_auto_page_break(False)
        self.pdf.set_creation_date(CREATED)
        self.pdf.set_title(title)
        self.pdf.set_subject("Invented sample document: no such council exists")
        self.pdf.set_producer("inspectgraph samples")
        self.bullet = bullet
        self.foot = foot
        self.left, self.right, self.top = 68.0, self.pdf.w - 68.0, 96.0
        self.bottom = self.pdf.h - 84.0
        self.y = self.top
        self.number = 0
        self.headings: dict[str, int] = {}
        self._notes: list[str] = []
        self._note_count = 0
        self._end = (self.left, self.top)
        self.turn()

    # ------------------------------------------------------------------------------------------------ pages

    def turn(self) -> None:
        """Finish the page, begin the next one."""
        if self.number:
            self._finish()
        self.pdf.add_page()
        self.number += 1
        self.y = self.top

    def data(self) -> bytes:
        self._finish()
        return bytes(self.pdf.output())

    def _finish(self) -> None:
        if self._notes:
            self._print_notes()
        if self.foot is not None:
            self.foot(self)

    @property
    def _floor(self) -> float:
        return self.bottom - (18.0 + 22.0 * len(self._notes) if self._notes else 0.0)

    def room(self, height: float) -> None:
        """Turn the page unless so much is left of it."""
        if self.y + height > self._floor:
            self.turn()

    def note(self, text: str) -> None:
        """A footnote of this page; its number is raised behind the line printed last."""
        self._note_count += 1
        self._notes.append(text)
        x, y = self._end
        self.put(x + 0.5, y - 4.0, str(self._note_count), Style(6.5))

    def _print_notes(self) -> None:
        y = self._floor + 16.0
        self.rule(self.left, self.left + 140.0, y - 12.0)
        first = self._note_count - len(self._notes) + 1
        for number, text in enumerate(self._notes, first):
            self.put(self.left, y - 3.0, str(number), Style(6.0))
            for line in self.wrap(text, self.right - self.left - 8.0, Style(8.0)):
                self.put(self.left + 6.0, y, line, Style(8.0))
                y += 10.0
            y += 2.0
        self._notes = []

    # ------------------------------------------------------------------------------------------------- text

    def put(self, x: float, y: float, text: str, style: Style) -> None:
        self.pdf.set_font("helvetica", style="B" if style.bold else "", size=style.size)
        self.pdf.text(x, y, text)

    def width(self, text: str, style: Style) -> float:
        self.pdf.set_font("helvetica", style="B" if style.bold else "", size=style.size)
        return float(self.pdf.get_string_width(text))

    def rule(self, x0: float, x1: float, y: float) -> None:
        self.pdf.set_line_width(0.6)
        self.pdf.line(x0, y, x1, y)

    def wrap(self, text: str, width: float, style: Style) -> list[str]:
        """The printed lines; a word breaks only at a hyphen of its own or at a soft one."""
        lines, line = [], ""
        for word in text.split():
            joined = f"{line} {word}" if line else word
            if self.width(_shown(joined), style) <= width:
                line = joined
                continue
            head, tail = self._broken(line, word, width, style)
            if head:
                line = f"{line} {head}" if line else head
            if line:
                lines.append(_shown(line))
            line = tail
        if line:
            lines.append(_shown(line))
        return lines

    def _broken(self, line: str, word: str, width: float, style: Style) -> tuple[str, str]:
        """What of the word still fits behind the line, and the rest."""
        places = [match.start() for match in _BREAK.finditer(word)]
        for place in reversed(places):
            head, tail = word[:place], word[place:]
            printed = head.removesuffix(SOFT_HYPHEN) + "-" if head.endswith(SOFT_HYPHEN) else head
            if len(_shown(tail)) > 2 and self.width(_shown(f"{line} {printed}".strip()), style) <= width:
                return printed, tail
        return "", word

    def paragraph(self, text: str, style: Style = Style(), indent: float = 0.0, marker: str | None = None) -> None:
        """Line by line, so that it runs on over the page; the marker hangs to the left of the indent."""
        first = True
        for line in self.wrap(text, self.right - self.left - indent, style):
            self.room(style.leading)
            self.y += style.leading
            if first and marker is not None:
                self._mark(self.left + indent, marker, style)
            self.put(self.left + indent, self.y, line, style)
            self._end = (self.left + indent + self.width(line, style), self.y)
            first = False
        self.y += style.after

    def heading(self, text: str, style: Style) -> None:
        """Never the last line of a page; ``headings`` keeps the page."""
        self.room(style.leading * 2 + 40.0)
        self.headings[text] = self.number
        self.paragraph(text, style)

    def pair(self, label: str, value: str, style: Style = Style()) -> None:
        """A bold label and what follows it on the line."""
        self.y += style.leading
        bold = Style(style.size, True)
        self.put(self.left, self.y, label, bold)
        self.put(self.left + self.width(label + " ", bold) + 2.0, self.y, value, style)
        self.y += style.after

    def _mark(self, x: float, marker: str, style: Style) -> None:
        if marker == "•":
            self._bullet(x, style)
        elif marker == "–":
            self.put(x - 14.0, self.y, "–", style)
        else:
            self.put(x - max(26.0, self.width(marker, style) + 6.0), self.y, marker, style)

    def _bullet(self, x: float, style: Style) -> None:
        if self.bullet == "square":
            self.pdf.set_font("zapfdingbats", size=style.size * 0.6)
            self.pdf.text(x - 16.0, self.y - 0.6, "n")
        else:
            self.pdf.set_font("symbol", size=style.size)
            self.pdf.text(x - 14.0, self.y, chr(0xB7))

    # ----------------------------------------------------------------------------------------------- tables

    def table(
        self,
        rows: Sequence[Sequence[Sequence[Item]]],
        widths: Sequence[float],
        style: Style = Style(10, leading=12.5),
        head: Sequence[str] | None = None,
    ) -> None:
        """Ruled cells; a row that does not fit runs on over the page, under the head printed again."""
        if head is not None:
            self.room(60.0)
            self._head(head, widths, style)
        for row in rows:
            self._row(
                [self._cell(items, width, style) for items, width in zip(row, widths, strict=True)], widths, style, head
            )
        self.y += 14.0

    def band(self, text: str, widths: Sequence[float], style: Style) -> None:
        """One bold line across all columns."""
        self.room(60.0)
        self._row(
            [[(line, False, True) for line in self.wrap(text, sum(widths) - 10.0, Style(style.size, True))]],
            [sum(widths)],
            style,
            None,
        )

    def _head(self, head: Sequence[str], widths: Sequence[float], style: Style) -> None:
        cells = [self._cell([Item(title, bold=True)], width, style) for title, width in zip(head, widths, strict=True)]
        self._row(cells, widths, style, None)

    def _cell(self, items: Sequence[Item], width: float, style: Style) -> list[tuple[str, bool, bool]]:
        """Lines as (text, begins a bullet, bold); a tab stands for a line inside a bullet."""
        lines = []
        for item in items:
            inset = 22.0 if item.bullet else 10.0
            face = Style(style.size, item.bold)
            for number, line in enumerate(self.wrap(item.text, width - inset, face) or [""]):
                lines.append((("\t" if item.bullet else "") + line, item.bullet and number == 0, item.bold))
        return lines

    def _row(
        self,
        cells: list[list[tuple[str, bool, bool]]],
        widths: Sequence[float],
        style: Style,
        head: Sequence[str] | None,
    ) -> None:
        while True:
            fit = max(1, int((self._floor - self.y - 10.0) // style.leading))
            if fit < min(2, max(map(len, cells))):
                self._next_page_of_table(head, widths, style)
                continue
            self._band_of_row([cell[:fit] for cell in cells], widths, style)
            cells = [cell[fit:] for cell in cells]
            if not any(cells):
                return
            self._next_page_of_table(head, widths, style)

    def _next_page_of_table(self, head: Sequence[str] | None, widths: Sequence[float], style: Style) -> None:
        self.turn()
        if head is not None:
            self._head(head, widths, style)

    def _band_of_row(self, cells: list[list[tuple[str, bool, bool]]], widths: Sequence[float], style: Style) -> None:
        height = max(map(len, cells)) * style.leading + 8.0
        x, top = self.left, self.y
        self.pdf.set_line_width(0.6)
        for cell, width in zip(cells, widths, strict=True):
            self.pdf.rect(x, top, width, height)
            self.y = top + 1.0
            for text, bullet, bold in cell:
                self.y += style.leading
                inset = 17.0 if text.startswith("\t") else 5.0
                if bullet:
                    self.pdf.set_font("symbol", size=style.size)
                    self.pdf.text(x + 6.0, self.y, chr(0xB7))
                self.put(x + inset, self.y, text.removeprefix("\t"), Style(style.size, bold))
            x += width
        self.y = top + height


def _shown(text: str) -> str:
    return text.replace(SOFT_HYPHEN, "")
