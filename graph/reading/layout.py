"""From placed words to blocks: lines, running heads, footnotes, lists, headings, tables, paragraphs over pages.

Pure: everything here works on positions in points from each page's top left corner.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from graph.model import (
    Block,
    BlockKind,
    Box,
    Cell,
    CellLine,
    PageSize,
    ReadDocument,
    Row,
    SourceFile,
    Table,
    Word,
)
from graph.reading.aligned import TextLine, aligned_table
from graph.reading.grid import Grid, GridCell, Ruling, find_grids

__all__ = ["PageWords", "PlacedWord", "Ruling", "document_of_pages"]


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


# ------------------------------------------------------------------------------------------------------------ lines


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


# ------------------------------------------------------------------------------------------------ running heads, notes

_MARGIN = 0.13
_PAGE_NUMBER = re.compile(r"(?:page\s*)?[-–—]?\s*(?:\d{1,4}|[ivxl]{1,6})\s*[-–—]?(?:\s*(?:of|/)\s*\d{1,4})?", re.I)


def drop_running_heads(pages: list[list[Line]], sizes: Sequence[PageSize]) -> None:
    """Remove, in place, what repeats in the margins from page to page, and page numbers."""
    seen: dict[tuple[str, str], set[int]] = defaultdict(set)
    for number, lines in enumerate(pages):
        for line, where in _in_margins(lines, sizes[number]):
            seen[where, _shape(line)].add(number)
    enough = max(2, min(4, round(0.3 * len(pages))))
    running = {key for key, where in seen.items() if len(where) >= enough}
    for number, lines in enumerate(pages):
        margins = _in_margins(lines, sizes[number])
        doomed = {id(line) for line, where in margins if (where, _shape(line)) in running}
        for edge in (lines[:2], lines[-2:]):
            doomed |= {
                id(line)
                for line, _ in margins
                if any(line is at_edge for at_edge in edge) and _PAGE_NUMBER.fullmatch(line.text.strip())
            }
        lines[:] = [line for line in lines if id(line) not in doomed]


def _in_margins(lines: list[Line], size: PageSize) -> list[tuple[Line, str]]:
    found = []
    for position, line in enumerate(lines):
        if line.bottom <= _MARGIN * size.height and position < 4:
            found.append((line, "head"))
        elif line.top >= (1 - _MARGIN) * size.height and position >= len(lines) - 4:
            found.append((line, "foot"))
    return found


def _shape(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text).casefold().strip()


_NOTE_START = re.compile(r"^(?:\d{1,2}|[*†‡]{1,3}|[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,2})(?=\D|$)")


def split_footnotes(lines: list[Line], body: float) -> tuple[list[Line], list[Line]]:
    """(text, notes): the small lines at a page's foot that begin with a mark."""
    cut = len(lines)
    while cut > 0 and lines[cut - 1].size <= 0.92 * body:
        cut -= 1
    small = lines[cut:]
    for position, line in enumerate(small):
        first = line.words[0]
        raised = first.size <= 0.8 * line.size or (len(line.words) > 1 and first.baseline < line.baseline - 1)
        if _NOTE_START.match(line.text) and (raised or _reads_as_note(line)):
            return lines[: cut + position], small[position:]
    return lines, []


def _reads_as_note(line: Line) -> bool:
    rest = _NOTE_START.sub("", line.text).lstrip()
    return not rest or rest[0].isupper() or rest.startswith(("http", "www", "‘", "'", '"', "“"))


def without_marks(lines: Iterable[Line]) -> None:
    """Drop the small raised digits that point to a note."""
    for line in lines:
        if len(line.words) < 2:
            continue
        kept = [
            word
            for position, word in enumerate(line.words)
            if not (
                position > 0
                and word.size <= 0.82 * line.size
                and len(word.text.rstrip(",;.")) <= 3
                and word.text.rstrip(",;.").isdigit()
                and word.baseline < line.baseline - 0.05 * line.size
            )
        ]
        if len(kept) < len(line.words):
            line.words = [
                replace(word, text=word.text.rstrip("¹²³⁴⁵⁶⁷⁸⁹⁰")) if word.text[-1] in "¹²³⁴⁵⁶⁷⁸⁹" else word
                for word in kept
            ]
            line.measure()


# ---------------------------------------------------------------------------------------------------------- markers

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


# ----------------------------------------------------------------------------------------------------------- blocks


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
            if len(current.lines) == 2 and current.marker is None and line.x0 < current.text_x:
                current.text_x = line.x0  # a first-line indent
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
    if heading_like:
        return (at_indent or centred or hanging_back) and (room < 6 or line.text[0].islower())
    if not (at_indent or hanging_back or first_indent):
        return False
    goes_on = line.text[0].islower()
    return not (room > 0.3 if ended else room > 2.0 and not goes_on)


_LABEL = re.compile(r"^[A-Z][\w’'-]*(?: [a-z][\w’'-]*){0,3}:(?:\s|$)")
"""What begins like "Inspection dates: " begins a line of its own."""


def _is_contents_entry(line: Line) -> bool:
    """A heading with the number of its page, far to the right of it or behind dots."""
    if len(line.words) < 2 or not line.words[-1].text.isdigit():
        return False
    a, b = line.words[-2:]
    return b.x0 - a.x1 > 2 * line.size or a.text.endswith("....")


_HYPHEN_PREFIXES = frozenset(
    "multi well self co re pre post non inter intra semi anti mid low high long short full part half sub cross over "
    "under "
    "out on off in up down one two three four five six seven eight nine ten twelve ex pro e all best good first second "
    "third real day year fast slow hard large small so face child bi tri trans ultra vice".split()
)
_JOINERS = frozenset({"and", "or", "to"})


def joined(left: str, right: str, vocabulary: Counter[str]) -> str:
    """The two parts of a word that was broken at a line's end, with its hyphen where that is the word's own.

    Evidence is the document itself: the form that it prints elsewhere; failing that, a left part that is a word is
    taken for the first of a compound. ``left`` ends with the hyphen.
    """
    stem = left[:-1]
    a, b = _bare(stem), _bare(right)
    if not a or not b:
        return left + right
    whole, compound = vocabulary[a + b], vocabulary[f"{a}-{b}"]
    if compound or whole:
        return left + right if compound >= whole else stem + right
    if "-" in a or right[0].isupper() or right[0].isdigit() or stem[-1].isdigit():
        return left + right
    return left + right if a in _HYPHEN_PREFIXES or vocabulary[a] else stem + right


def _bare(word: str) -> str:
    return word.casefold().strip("‘’“”\"'(),.;:!?[]")


# ---------------------------------------------------------------------------------------------------------- tables


def _table_of(page: int, grid: Grid, words: Sequence[PlacedWord], measures: Measures) -> DraftTable | None:
    """The grid's cells with their words; None where it has too few filled cells to be a table."""
    held: dict[GridCell, list[PlacedWord]] = defaultdict(list)
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
        cell = next((cell for cell in grid.cells if cell.holds(x, y)), None)
        if cell is not None:
            held[cell].append(word)
    columns = {cell.column for cell in held}
    if len(columns) < 2 or len(held) < 2:
        return None
    by_row: dict[int, list[DraftCell]] = defaultdict(list)
    for cell in sorted(held, key=lambda cell: (cell.row, cell.column)):
        lines = lines_of(page, held[cell])
        without_marks(lines)
        padding = max(2.0, min(line.x0 for line in lines) - cell.x0)
        right = cell.x1 - min(padding, 8.0)
        by_row[cell.row].append(DraftCell(cell.column, cell.colspan, blocks_of(lines, right, measures)))
    return DraftTable([DraftRow(cells, page) for _, cells in sorted(by_row.items())], grid.columns)


def _row_text(row: DraftRow) -> tuple[tuple[int, str], ...]:
    return tuple(
        (cell.column, " ".join(line.text for draft in cell.lines for line in draft.lines).casefold())
        for cell in row.cells
    )


def _same_columns(a: DraftTable, b: DraftTable) -> bool:
    return len(a.columns) == len(b.columns) and all(abs(x - y) <= 4 for x, y in zip(a.columns, b.columns, strict=True))


def _joined_tables(first: DraftTable, second: DraftTable, measures: Measures) -> None:
    """Append a table's continuation on the next page: header rows that repeat are dropped, a broken row is mended."""
    rows = list(second.rows)
    header = 0
    while header < min(len(rows), len(first.rows), 3) and _row_text(rows[header]) == _row_text(first.rows[header]):
        header += 1
    rows = rows[header:]
    if rows and first.rows and _is_rest_of(rows[0], first.rows[-1]):
        _mend(first.rows[-1], rows.pop(0), measures)
    first.rows += rows


def _is_rest_of(row: DraftRow, above: DraftRow) -> bool:
    """A row's rest has no first cell of its own, or repeats it, and goes on with a cell that was left unfinished."""
    first_above = next((cell for cell in above.cells if cell.column == 0), None)
    first_here = next((cell for cell in row.cells if cell.column == 0), None)
    if first_above is None:
        return False
    if first_here is None:
        return True
    return dict(_row_text(row)).get(0) == dict(_row_text(above)).get(0) and len(above.cells) > 1


def _mend(above: DraftRow, rest: DraftRow, measures: Measures) -> None:
    old = {cell.column: cell for cell in above.cells}
    same = dict(_row_text(above))
    for cell, (_, text) in zip(rest.cells, _row_text(rest), strict=True):
        target = old.get(cell.column)
        if target is None:
            above.cells.append(cell)
        elif same[cell.column] != text:
            if cell.lines and target.lines and cell.lines[0].marker is None:
                opening = cell.lines[0].lines[0]
                if continues(target.lines[-1], opening, measures):
                    target.lines[-1].lines += cell.lines.pop(0).lines
            target.lines += cell.lines
    above.cells.sort(key=lambda cell: cell.column)


# --------------------------------------------------------------------------------------------------------- columns


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


# -------------------------------------------------------------------------------------------------------- assembly


def document_of_pages(
    source: SourceFile, pages: Sequence[PageWords], *, title: str | None = None, warnings: tuple[str, ...] = ()
) -> ReadDocument:
    """Blocks, tables and word boxes of a paged document."""
    sizes = [page.size for page in pages]
    grids = [find_grids(page.rulings) for page in pages]
    inside = [_words_in(page.words, found) for page, found in zip(pages, grids, strict=True)]
    lines = [lines_of(number, rest) for number, (_, rest) in enumerate(inside, start=1)]
    measures = _measures(lines, inside)
    tables = [
        _tables_on(number, found, held, lines[number - 1], measures)
        for number, (found, (held, _)) in enumerate(zip(grids, inside, strict=True), start=1)
    ]
    drop_running_heads(lines, sizes)
    for page, page_lines, found_here in zip(pages, lines, tables, strict=True):
        _add_aligned_table(page_lines, found_here, page, measures)
    drafts: list[Draft] = []
    for number, page_lines in enumerate(lines):
        _add_page(drafts, page_lines, tables[number], sizes[number], measures)
    _set_kinds(drafts, measures)
    return _Emitter(measures.vocabulary).document(source, drafts, sizes, title, warnings)


def _words_in(words: Sequence[PlacedWord], grids: Sequence[Grid]) -> tuple[list[list[PlacedWord]], list[PlacedWord]]:
    held: list[list[PlacedWord]] = [[] for _ in grids]
    if not grids:
        return held, list(words)
    rest: list[PlacedWord] = []
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
        for index, grid in enumerate(grids):
            if grid.x0 <= x < grid.x1 and grid.top <= y < grid.bottom:
                held[index].append(word)
                break
        else:
            rest.append(word)
    return held, rest


def _measures(pages: Sequence[Sequence[Line]], inside: Sequence[tuple[list[list[PlacedWord]], object]]) -> Measures:
    sizes: Counter[float] = Counter()
    pitches: list[float] = []
    vocabulary: Counter[str] = Counter()
    for lines in pages:
        right = max((line.x1 for line in lines), default=0.0)
        for line in lines:
            sizes[line.size] += len(line.text)
            vocabulary.update(_bare(word.text) for word in line.words[:-1])
            vocabulary[_bare(line.words[-1].text)] += 0 if line.words[-1].text.endswith("-") else 1
        for a, b in pairwise(lines):
            if a.size == b.size and a.x1 > 0.85 * right and 0 < b.baseline - a.baseline < 2.2 * a.size:
                pitches.append((b.baseline - a.baseline) / a.size)
    for held, _ in inside:
        for words in held:
            vocabulary.update(_bare(word.text) for word in words if not word.text.endswith("-"))
            for word in words:
                sizes[word.size] += len(word.text)
    body = max(sizes, key=lambda size: sizes[size]) if sizes else 11.0
    return Measures(body, min(max(median(pitches), 1.0), 1.7) if pitches else 1.2, vocabulary)


def _tables_on(
    page: int, grids: Sequence[Grid], held: Sequence[list[PlacedWord]], lines: list[Line], measures: Measures
) -> list[tuple[float, DraftTable | list[Draft]]]:
    """The tables of a page with their height; the words of a grid that is no table go back to the page's lines."""
    found: list[tuple[float, DraftTable | list[Draft]]] = []
    for grid, words in zip(grids, held, strict=True):
        table = _table_of(page, grid, words, measures) if words else None
        if table is not None:
            found += _without_boxes(grid, table)
        elif words:
            lines += lines_of(page, words)
            lines.sort(key=lambda line: (line.baseline, line.x0))
    return found


def _add_aligned_table(
    lines: list[Line], tables: list[tuple[float, DraftTable | list[Draft]]], page: PageWords, measures: Measures
) -> None:
    """Move the lines of a table without vertical lines, where there is one, to the page's tables."""
    found = aligned_table(
        [TextLine(line.words, line.top, line.size) for line in lines],
        [ruling.at for ruling in page.rulings if ruling.horizontal],
    )
    if found is None:
        return
    number, top = lines[found.first].page, lines[found.first].top
    edges = (*found.columns[1:], max(line.x1 for line in lines) + 6)
    rows = []
    for row in found.rows:
        cells = []
        for column, words in sorted(row.items()):
            inside = lines_of(number, words)
            without_marks(inside)
            cells.append(DraftCell(column, 1, blocks_of(inside, edges[column] - 6, measures)))
        rows.append(DraftRow(cells, number))
    tables.append((top, DraftTable(rows, found.columns)))
    tables.sort(key=lambda pair: pair[0])
    del lines[found.first : found.last + 1]


_PROSE = 250
"""Letters from which on a row of one cell is a text in a frame."""


def _without_boxes(grid: Grid, table: DraftTable) -> Iterator[tuple[float, DraftTable | list[Draft]]]:
    """The table in parts: rows that are one cell of running text are no rows of a table."""
    rows: list[DraftRow] = []

    def top(row: DraftRow) -> float:
        return row.cells[0].lines[0].lines[0].top

    for row in table.rows:
        alone = len(row.cells) == 1 and row.cells[0].colspan == len(grid.columns)
        if alone and sum(len(line.text) for draft in row.cells[0].lines for line in draft.lines) >= _PROSE:
            if rows:
                yield top(rows[0]), DraftTable(rows, table.columns)
                rows = []
            yield top(row), row.cells[0].lines
        else:
            rows.append(row)
    if rows:
        yield top(rows[0]), DraftTable(rows, table.columns)


def _add_page(
    drafts: list[Draft],
    lines: list[Line],
    tables: Sequence[tuple[float, DraftTable | list[Draft]]],
    size: PageSize,
    measures: Measures,
) -> None:
    text, notes = split_footnotes(lines, measures.body)
    without_marks(text)
    right = max((line.x1 for line in text), default=size.width * 0.9)
    open_draft = _last_text(drafts)
    pending = list(tables)
    for column in split_columns(text, size.width) if text else []:
        if not column:
            continue
        edge = max(line.x1 for line in column) if len(column) < len(text) else right
        run: list[Line] = []
        for line in column:
            while pending and pending[0][0] < line.top:
                open_draft = _add_run(drafts, run, edge, measures, open_draft)
                run = []
                _add_framed(drafts, pending.pop(0)[1], measures)
                open_draft = None
            run.append(line)
        open_draft = _add_run(drafts, run, edge, measures, open_draft)
    for _, framed in pending:
        _add_framed(drafts, framed, measures)
    for draft in _notes(notes, measures):
        drafts.append(draft)


def _last_text(drafts: list[Draft]) -> Draft | None:
    for draft in reversed(drafts):
        if draft.kind != "footnote":
            return None if draft.table is not None else draft
    return None


def _add_run(
    drafts: list[Draft], run: list[Line], right: float, measures: Measures, before: Draft | None
) -> Draft | None:
    if not run:
        return before
    added = blocks_of(run, right, measures, before)
    drafts += added
    return added[-1] if added else before


def _add_framed(drafts: list[Draft], framed: DraftTable | list[Draft], measures: Measures) -> None:
    if isinstance(framed, DraftTable):
        _add_table(drafts, framed, measures)
    else:
        drafts += framed


def _add_table(drafts: list[Draft], table: DraftTable, measures: Measures) -> None:
    last = next((draft for draft in reversed(drafts) if draft.kind != "footnote"), None)
    page = table.rows[0].page
    if (
        last is not None
        and last.table is not None
        and last.table.rows[-1].page < page
        and _same_columns(last.table, table)
    ):
        _joined_tables(last.table, table, measures)
        return
    lines = [line for row in table.rows for cell in row.cells for draft in cell.lines for line in draft.lines]
    drafts.append(Draft(lines[:1], None, 0.0, 0.0, "table", table=table))


def _notes(lines: list[Line], measures: Measures) -> Iterator[Draft]:
    current: Draft | None = None
    for line in lines:
        match = _NOTE_START.match(line.text)
        if current is None or (match and _reads_as_note(line)):
            current = Draft([line], None, line.x0, line.x1, "footnote")
            first = line.words[0]
            if match and len(line.words) > 1 and first.text == match.group():
                current.marker = Marker(first.text, first.x0, line.words[1].x0, True)
                line.words = line.words[1:]
                line.measure()
            yield current
        else:
            if current.marker is None and _NOTE_START.fullmatch(current.last.text) and len(current.lines) == 1:
                first = current.last.words[0]
                current.marker = Marker(first.text, first.x0, line.x0, True)
                current.lines = [line]
                continue
            current.lines.append(line)


def _set_kinds(drafts: Sequence[Draft], measures: Measures) -> None:
    sizes = sorted({round(draft.lines[0].size) for draft in drafts if _is_heading(draft, measures)}, reverse=True)
    rank = {size: min(level, 6) for level, size in enumerate(sizes, start=1)}
    stack: list[float] = []
    for draft in drafts:
        if draft.kind in ("table", "footnote"):
            stack = []
        elif _is_heading(draft, measures):
            draft.kind, draft.level, stack = "heading", rank[round(draft.lines[0].size)], []
        elif draft.marker is not None:
            while stack and draft.marker.x < stack[-1] - 4:
                stack.pop()
            if not stack or draft.marker.x > stack[-1] + 4:
                stack.append(draft.marker.x)
            draft.kind, draft.level = "list_item", len(stack) - 1
        else:
            stack = [x for x in stack if x < draft.text_x - 4]


def _is_heading(draft: Draft, measures: Measures) -> bool:
    if draft.table is not None or draft.kind == "footnote":
        return False
    text = " ".join(line.text for line in draft.lines)
    if len(text) > 320 or not any(c.isalpha() for c in text):
        return False
    if draft.marker is not None and not draft.marker.numbered:
        return False
    large = all(line.size > measures.body + 0.8 for line in draft.lines)
    bold = all(line.bold for line in draft.lines)
    if not large and not bold:
        return False
    return large or len(text) <= 160 or not text.rstrip().endswith((".", ";"))


# -------------------------------------------------------------------------------------------------------- emission


class _Emitter:
    """Writes drafts to text, blocks and word boxes."""

    def __init__(self, vocabulary: Counter[str]) -> None:
        self._vocabulary = vocabulary
        self._parts: list[str] = []
        self._length = 0
        self._words: list[Word] = []
        self._blocks: list[Block] = []

    def document(
        self,
        source: SourceFile,
        drafts: Sequence[Draft],
        sizes: Sequence[PageSize],
        title: str | None,
        warnings: tuple[str, ...],
    ) -> ReadDocument:
        for draft in drafts:
            if self._blocks:
                self._write("\n")
            block = self._table(draft.table) if draft.table is not None else self._block(draft)
            self._blocks.append(block)
        return ReadDocument(
            source,
            "".join(self._parts),
            tuple(self._blocks),
            tuple(sizes),
            tuple(self._words),
            title,
            warnings,
        )

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _block(self, draft: Draft) -> Block:
        start = self._length
        self._lines(draft.lines)
        return Block(
            draft.kind,
            start,
            self._length,
            draft.lines[0].page,
            draft.level,
            draft.marker.text if draft.marker else None,
            draft.lines[0].size,
            all(line.bold for line in draft.lines),
            tuple(line.box() for line in draft.lines),
        )

    def _lines(self, lines: Sequence[Line]) -> None:
        """The words of a unit, one space between them, broken words joined."""
        words = [(line, word, word is line.words[-1]) for line in lines for word in line.words]
        space = False
        for index, (line, word, ends_line) in enumerate(words):
            text = word.text
            following = words[index + 1][1].text if index + 1 < len(words) else ""
            if space and not word.glued and text[0] not in ",;:.?!)”’":
                self._write(" ")
            space = True
            if ends_line and text.endswith("-") and len(text) > 1 and text[-2].isalnum() and following[:1].isalnum():
                if _bare(following) not in _JOINERS:
                    text = text if joined(text, following, self._vocabulary).startswith(text) else text[:-1]
                    space = False
            elif index + 1 < len(words) and words[index + 1][1].glued:
                space = False
            start = self._length
            self._write(text)
            box = Box(line.page, round(word.x0, 1), round(word.top, 1), round(word.x1, 1), round(word.bottom, 1))
            self._words.append(Word(start, self._length, box))

    def _table(self, table: DraftTable) -> Block:
        start = self._length
        rows: list[Row] = []
        boxes: list[Box] = []
        columns = _used_columns(table)
        for number, row in enumerate(table.rows):
            if number:
                self._write("\n")
            cells: list[Cell] = []
            for position, cell in enumerate(row.cells):
                if position:
                    self._write("\t")
                cells.append(self._cell(cell, columns))
                boxes += [line.box() for draft in cell.lines for line in draft.lines]
            rows.append(Row(tuple(cells), row.page, _is_header(table, number)))
        first = table.rows[0].cells[0].lines[0].lines[0]
        return Block(
            "table",
            start,
            self._length,
            table.rows[0].page,
            size=first.size,
            boxes=tuple(boxes),
            table=Table(tuple(rows)),
        )

    def _cell(self, cell: DraftCell, columns: dict[int, int]) -> Cell:
        lines: list[CellLine] = []
        left = min((draft.marker.x for draft in cell.lines if draft.marker), default=0.0)
        for position, draft in enumerate(cell.lines):
            if position:
                self._write("\n")
            start = self._length
            self._lines(draft.lines)
            first = draft.lines[0]
            level = 1 if draft.marker and draft.marker.x > left + 8 else 0
            marker = draft.marker.text if draft.marker else None
            lines.append(CellLine(start, self._length, marker, level, first.page, round(first.top, 1)))
        first_column = columns[cell.column]
        after = [columns[c] for c in columns if c >= cell.column + cell.colspan]
        end = min(after, default=len(set(columns.values())))
        return Cell(first_column, tuple(lines), max(1, end - first_column))


def _used_columns(table: DraftTable) -> dict[int, int]:
    """Elementary columns renumbered to those in which a cell begins."""
    used = sorted({cell.column for row in table.rows for cell in row.cells})
    return {column: position for position, column in enumerate(used)}


def _is_header(table: DraftTable, number: int) -> bool:
    """The first row, where it is bold and the next is not."""
    if number != 0 or len(table.rows) < 2:
        return False
    here = [line.bold for cell in table.rows[0].cells for draft in cell.lines for line in draft.lines]
    below = [line.bold for cell in table.rows[1].cells for draft in cell.lines for line in draft.lines]
    return all(here) and not all(below)
