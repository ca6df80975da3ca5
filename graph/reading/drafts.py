"""Lines put together to paragraphs and list items, by their markers, indents and the room left at line ends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from graph.model import BlockKind
from graph.reading.lines import Line, PlacedWord

BULLETS = frozenset("\u0336•◼■▪▫●○◦□◆◇❖➢➔►▶▸✓✔✗∙·‣⁃*§¨")
_DASHES = frozenset("-–—‒―−")
_NUMBER = re.compile(r"^\(?\d{1,3}(?:\.\d{1,3}){0,3}[.)]?$")
_LETTER = re.compile(r"^(?:\([a-zA-Z]\)|[a-zA-Z][.)]|\(?[ivx]{1,5}[.)])$")


@dataclass(frozen=True, slots=True)
class Marker:
    """The bullet or number that a line begins with. ``x``: where it stands; ``text_x``: where the text begins."""

    text: str
    x: float
    text_x: float
    numbered: bool


@dataclass(slots=True)
class Draft:
    """A block being put together. ``text_x`` is where its first line's text begins."""

    lines: list[Line]
    marker: Marker | None
    text_x: float
    right: float
    kind: BlockKind = "paragraph"
    level: int = 0
    table: DraftTable | None = None

    @property
    def last(self) -> Line:
        return self.lines[-1]


@dataclass(slots=True)
class DraftCell:
    column: int
    colspan: int
    lines: list[Draft]


@dataclass(slots=True)
class DraftRow:
    cells: list[DraftCell]
    page: int


@dataclass(slots=True)
class DraftTable:
    rows: list[DraftRow]
    columns: tuple[float, ...]


@dataclass(slots=True)
class Measures:
    """What is usual in this document: body size, and the distance of two lines of a paragraph by font size."""

    body: float
    pitch: float
    vocabulary: Counter[str] = field(default_factory=Counter)


def marker_of(line: Line, before: Draft | None, after: Line | None, flows: bool) -> Marker | None:
    """The marker of a line, None for a line that only happens to begin with a number or a dash.

    ``flows``: without its marker the line could go on with the block before; ``after`` is the next line.
    """
    _split_glued_number(line)
    if len(line.words) == 1:
        return None
    first, second = line.words[:2]
    gap = second.x0 - first.x1
    text = first.text
    wide = gap > 0.5 * line.size
    if len(text) <= 2 and (
        all(c in BULLETS or 0xE000 <= ord(c) <= 0xF8FF or c == "\ufffd" for c in text)
        or (first.symbol and len(text) == 1)
    ):
        return Marker(text, first.x0, second.x0, False)
    if text in _DASHES and (wide or not flows or _like(before, first.x0, text)):
        return Marker(text, first.x0, second.x0, False)
    if text == "o" and (wide or _like(before, first.x0, text)):
        return Marker(text, first.x0, second.x0, False)
    if _NUMBER.match(text) or _LETTER.match(text):
        hangs = before is None or before.text_x - first.x0 > 0.6 * line.size or _like(before, first.x0, text)
        follows = before is not None and before.marker is not None and _follows(before.marker.text, text)
        if follows and abs(first.x0 - before.marker.x) <= 3 + 0.5 * line.size:  # type: ignore[union-attr]
            return Marker(text, first.x0, second.x0, True)
        closed = text[-1] in ".)" or ("." in text and second.text[0].isupper())
        hanging = (
            after is not None
            and abs(after.x0 - second.x0) <= 2 + 3 * second.glued
            and second.x0 - first.x0 > 0.8 * line.size
        )
        if (hangs or hanging or not flows) and (wide or (closed and (second.glued or gap > 0.1 * line.size))):
            return Marker(text, first.x0, second.x0, True)
    return None


_GLUED_NUMBER = re.compile(r"^(\d{1,3}[.)])([A-Z‘“'\"(].*)$")


def _split_glued_number(line: Line) -> None:
    """Make two words of "10.The" at a line's start."""
    first = line.words[0]
    match = _GLUED_NUMBER.match(first.text)
    if match is None:
        return
    x = first.x0 + (first.x1 - first.x0) * len(match[1]) / len(first.text)
    number, rest = replace(first, text=match[1], x1=x), replace(first, text=match[2], x0=x, glued=True)
    line.words[:1] = [number, rest]


def _like(before: Draft | None, x: float, text: str) -> bool:
    """The block before has a marker of the same kind at the same place."""
    if before is None or before.marker is None or abs(before.marker.x - x) > 3:
        return False
    return before.marker.text == text or (before.marker.numbered and text[0].isdigit())


def _follows(before: str, text: str) -> bool:
    a, b = (re.sub(r"[().]+$|^\(", "", value) for value in (before, text))
    if a.isdigit() and b.isdigit():
        return int(b) == int(a) + 1
    head_a, _, tail_a = a.rpartition(".")
    head_b, _, tail_b = b.rpartition(".")
    if tail_a.isdigit() and tail_b.isdigit():
        return head_a == head_b and int(tail_b) == int(tail_a) + 1
    return len(a) == len(b) == 1 and a.isalpha() and b.isalpha() and ord(b) == ord(a) + 1


_ENDS = re.compile(r"[.?!:;][’”'\")\]]*$")


def _fits(previous: Line, following: PlacedWord, right: float) -> float:
    """How much room, in units of the font size, was left beside the first word of the next line: negative when it
    would not have fitted, so that the line was broken for want of room."""
    return (right - previous.x1 - 0.28 * previous.size - (following.x1 - following.x0)) / max(previous.size, 1.0)


def blocks_of(lines: Sequence[Line], right: float, measures: Measures, before: Draft | None = None) -> list[Draft]:
    """Blocks of consecutive lines of one column. ``before``: the block that the first line may continue."""
    found: list[Draft] = []
    current = before
    for position, line in enumerate(lines):
        flows = current is not None and continues(current, line, measures)
        marker = marker_of(line, current, lines[position + 1] if position + 1 < len(lines) else None, flows)
        if current is not None and marker is None and flows:
            current.lines.append(line)
            if len(current.lines) == 2 and (
                line.x0 < current.text_x if current.marker is None else line.x0 > current.text_x
            ):
                current.text_x = line.x0  # a first-line indent, or lines that hang further than the first
            continue
        if marker is not None:
            words = line.words
            line.words = [replace(words[1], glued=False), *words[2:]]
            line.measure()
        current = Draft([line], marker, marker.text_x if marker else line.x0, right)
        found.append(current)
    return found


def continues(draft: Draft, line: Line, measures: Measures) -> bool:
    """The line belongs to the draft's text."""
    last = draft.last
    if draft.table is not None or abs(line.size - last.size) > 0.08 * last.size + 0.2:
        return False
    over_page = line.page != last.page
    room = _fits(last, line.words[0], draft.right)
    ended = bool(_ENDS.search(last.words[-1].text))
    heading_like = last.size > measures.body + 0.8 or last.bold
    if line.bold != last.bold and (room > 0.3 or over_page or ended):
        return False
    at_indent = abs(line.x0 - draft.text_x) <= 0.45 * line.size
    hanging_back = draft.marker is not None and line.x0 >= draft.marker.x - 2 and line.x0 < draft.text_x
    first_indent = draft.marker is None and len(draft.lines) == 1 and 0 < draft.text_x - line.x0 <= 4 * line.size
    centred = abs((line.x0 + line.x1) - (last.x0 + last.x1)) <= line.size
    if over_page:
        if heading_like:
            return False
        if ended:
            return draft.marker is not None and at_indent and not hanging_back
        return (at_indent or hanging_back) and (room < 2.0 or draft.marker is not None or line.text[0].islower())
    pitch = line.baseline - last.baseline
    if pitch <= 0:
        return False
    if _is_contents_entry(last):
        return False
    if room > 0.3 and _LABEL.match(line.text):
        return False
    if heading_like and last.size > measures.body + 0.8:
        return pitch <= 1.75 * line.size and (at_indent or centred or hanging_back) and room < 8
    if pitch > (measures.pitch + 0.28) * line.size:
        return False
    goes_on = line.text[0].islower()
    if heading_like:
        indented = goes_on and not ended and 0 < line.x0 - draft.text_x <= 4 * line.size
        return (at_indent or centred or hanging_back or indented) and (room < 6 or goes_on)
    hangs_further = (
        draft.marker is not None
        and len(draft.lines) == 1
        and 0 < line.x0 - draft.text_x <= 1.2 * line.size
        and room < 2.0
        and not ended
    )
    if not (at_indent or hanging_back or first_indent or hangs_further):
        return False
    # an item's lines share an indent of their own: less than a full line breaks none
    enough = 5.0 if draft.marker is not None and len(draft.lines) > 1 and at_indent else 2.0
    return not (room > 0.3 if ended else room > enough and not goes_on)


_LABEL = re.compile(r"^[A-Z][\w’'-]*(?: [a-z][\w’'-]*){0,3}:(?:\s|$)")
"""What begins like "Inspection dates: " begins a line of its own."""


def _is_contents_entry(line: Line) -> bool:
    """A heading with the number of its page, far to the right of it or behind dots."""
    if len(line.words) < 2 or not line.words[-1].text.isdigit():
        return False
    a, b = line.words[-2:]
    return b.x0 - a.x1 > 2 * line.size or a.text.endswith("....")
