"""Printed lines of a page: words on one baseline, raised marks with the line that they belong to, columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from graph.model import Box, PageSize
from graph.reading.grid import Ruling


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A printed word. ``glued``: no space before it. ``hyphen``: it ends with the hyphen of a line's end."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    baseline: float
    size: float
    bold: bool = False
    symbol: bool = False
    hyphen: bool = False
    glued: bool = False


@dataclass(slots=True)
class PageWords:
    """All that is taken from a page of the file."""

    size: PageSize
    words: list[PlacedWord]
    rulings: list[Ruling]


@dataclass(slots=True)
class Line:
    """Words on one baseline, left to right."""

    page: int
    words: list[PlacedWord]
    x0: float = 0.0
    x1: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    baseline: float = 0.0
    size: float = 0.0
    bold: bool = False

    def __post_init__(self) -> None:
        self.measure()

    def measure(self) -> None:
        self.x0 = min(word.x0 for word in self.words)
        self.x1 = max(word.x1 for word in self.words)
        self.top = min(word.top for word in self.words)
        self.bottom = max(word.bottom for word in self.words)
        sizes: Counter[float] = Counter()
        letters = bold = 0
        for word in self.words:
            length = len(word.text)
            sizes[word.size] += length
            letters += length
            bold += length if word.bold else 0
        self.size = max(sizes, key=lambda size: (sizes[size], size))
        self.bold = bold > 0.6 * letters
        self.baseline = next(word.baseline for word in self.words if word.size == self.size)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    def box(self) -> Box:
        return Box(self.page, round(self.x0, 1), round(self.top, 1), round(self.x1, 1), round(self.bottom, 1))


def lines_of(page: int, words: Iterable[PlacedWord]) -> list[Line]:
    """Words grouped by baseline, top to bottom; raised marks go to the line that they stand beside."""
    groups: list[list[PlacedWord]] = []
    for word in sorted(words, key=lambda w: (w.baseline, w.x0)):
        if groups and abs(word.baseline - groups[-1][-1].baseline) <= 0.12 * max(word.size, groups[-1][-1].size, 6.0):
            groups[-1].append(word)
        else:
            groups.append([word])
    lines = [Line(page, sorted(group, key=lambda w: w.x0)) for group in groups]
    return _with_raised_words(lines)


def _with_raised_words(lines: list[Line]) -> list[Line]:
    kept: list[Line] = []
    for index, line in enumerate(lines):
        host = _host(line, lines[max(0, index - 3) : index] + lines[index + 1 : index + 4])
        if host is None:
            kept.append(line)
        else:
            host.words = sorted([*host.words, *line.words], key=lambda w: w.x0)
            host.measure()
    return kept


def _host(line: Line, around: list[Line]) -> Line | None:
    """The larger line within whose height a line of small words stands, close to one of its words."""
    middle = (line.top + line.bottom) / 2
    for other in around:
        if line.size > 0.85 * other.size or not other.top <= middle <= other.bottom:
            continue
        if all(
            any(-2 <= w.x0 - o.x1 <= 0.4 * o.size or w.x1 <= o.x0 + 1 for o in other.words) for w in line.words
        ) and (sum(len(w.text) for w in line.words) <= 6):
            return other
    return None


def split_columns(lines: list[Line], width: float) -> list[list[Line]]:
    """The lines by column where the page is set in two columns of running text; else all of them in one list."""
    gutter = _gutter(lines, width)
    if gutter is None:
        return [lines]
    above: list[Line] = []
    left: list[PlacedWord] = []
    right: list[PlacedWord] = []
    page = lines[0].page
    for line in lines:
        if line.x0 < gutter - 3 and line.x1 > gutter + 3 and _gap_at(line, gutter) is None:
            above.append(line)
        else:
            left += [word for word in line.words if word.x1 <= gutter]
            right += [word for word in line.words if word.x1 > gutter]
    return [above, lines_of(page, left), lines_of(page, right)]


def _gap_at(line: Line, x: float) -> float | None:
    for a, b in pairwise(line.words):
        if a.x1 <= x <= b.x0:
            return b.x0 - a.x1
    return None


def _gutter(lines: list[Line], width: float) -> float | None:
    gaps: Counter[int] = Counter()
    for line in lines:
        for position, (a, b) in enumerate(pairwise(line.words), start=1):
            if b.x0 - a.x1 >= 12 and 0.35 * width <= (a.x1 + b.x0) / 2 <= 0.65 * width:
                if position >= 3 and len(line.words) - position >= 3:
                    gaps[round((a.x1 + b.x0) / 2 / 12)] += 1
                break
    if not gaps:
        return None
    place, count = gaps.most_common(1)[0]
    return place * 12.0 if count >= 8 and count >= 0.5 * len(lines) else None
