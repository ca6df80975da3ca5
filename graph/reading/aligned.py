"""Tables without vertical lines: columns by the places where the words of a header line begin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

_HEADER_WORDS = re.compile(
    r"(?i)\b(?:actions?|recommendations?|tasks?|objectives?|timescales?|deadlines?|by when|when"
    r"|target|dates?|lead|leads|who"
    r"|owners?|responsib\w+|accountab\w+|officers?|progress|status|rag|outcomes?|success|evidence|measures?|ref|no\.?)\b"
)
_NUMBERED = re.compile(r"^\(?\d{1,3}(?:\.\d{1,3}){0,3}[.)]?$")


class PlacedText(Protocol):
    """What is needed of a word."""

    @property
    def text(self) -> str: ...
    @property
    def x0(self) -> float: ...
    @property
    def x1(self) -> float: ...


W = TypeVar("W", bound=PlacedText)


@dataclass(frozen=True, slots=True)
class TextLine(Generic[W]):
    """A line's words, left to right; ``top`` from the page's top, ``size`` the font's."""

    words: Sequence[W]
    top: float
    size: float


@dataclass(frozen=True, slots=True)
class AlignedTable(Generic[W]):
    """``rows``: per row the words by column. ``columns``: the left edges. ``first`` and ``last`` are the positions of
    its lines."""

    rows: tuple[dict[int, list[W]], ...]
    columns: tuple[float, ...]
    first: int
    last: int


def aligned_table(lines: Sequence[TextLine[W]], rules: Sequence[float]) -> AlignedTable[W] | None:
    """The first table of a page that is set by alignment alone; None where no line looks like its header.

    rules: heights of horizontal lines, which part rows where there are any.
    """
    for position, line in enumerate(lines):
        columns = _header_columns(line)
        if columns is None:
            continue
        last = _last_line(lines, position, columns)
        if last - position >= 2:
            rows = _rows(lines[position : last + 1], columns, [y for y in rules if y > line.top])
            return AlignedTable(tuple(rows), columns, position, last)
    return None


def _header_columns(line: TextLine[W]) -> tuple[float, ...] | None:
    """Where the columns begin, when the line is three or more short labels set apart, most of them usual in a plan."""
    labels: list[list[W]] = [[line.words[0]]]
    for a, b in pairwise(line.words):
        if b.x0 - a.x1 > 1.1 * line.size:
            labels.append([b])
        else:
            labels[-1].append(b)
    texts = [" ".join(word.text for word in label) for label in labels]
    usual = sum(bool(_HEADER_WORDS.search(text)) for text in texts)
    if len(labels) < 3 or usual < 2 or 2 * usual < len(labels) or any(len(text) > 32 for text in texts):
        return None
    return tuple(label[0].x0 for label in labels)


def _column(word: W, columns: tuple[float, ...]) -> int:
    return max((index for index, x in enumerate(columns) if word.x0 >= x - 3), default=0)


def _last_line(lines: Sequence[TextLine[W]], position: int, columns: tuple[float, ...]) -> int:
    """The table goes on as long as no word runs over into the next column."""
    last = position
    for index in range(position + 1, len(lines)):
        words = lines[index].words
        if any(
            word.x1 > columns[column + 1] - 1 for word in words if (column := _column(word, columns)) + 1 < len(columns)
        ):
            break
        if words[0].x0 < columns[0] - 6:
            break
        last = index
    return last


def _rows(lines: Sequence[TextLine[W]], columns: tuple[float, ...], rules: Sequence[float]) -> list[dict[int, list[W]]]:
    rows: list[dict[int, list[W]]] = []
    before: TextLine[W] | None = None
    starts = sum(line.words[0].x0 < columns[1] - 3 and bool(_NUMBERED.match(line.words[0].text)) for line in lines[1:])
    ruled = sum(lines[1].top < y < lines[-1].top for y in rules) >= max(1, starts - 1)
    numbered = starts >= 2
    for index, line in enumerate(lines):
        cells: dict[int, list[W]] = {}
        for word in line.words:
            cells.setdefault(_column(word, columns), []).append(word)
        if before is None or index == 1:
            begins = True
        elif ruled:
            begins = any(before.top < y <= line.top + 0.5 * line.size for y in rules)
        else:
            above = {_column(word, columns) for word in before.words}
            new_label = bool(0 in cells and _NUMBERED.match(cells[0][0].text))
            begins = new_label if numbered else 0 in cells and 0 not in above
        if begins:
            rows.append({})
        for column, words in cells.items():
            rows[-1].setdefault(column, []).extend(words)
        before = line
    return rows
