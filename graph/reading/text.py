"""Plain text and Markdown: what committee systems give when a report is saved as text.

Such files mix everything: paragraphs on one line or broken at column 70, numbers indented or behind dashes, Markdown
marks that a converter left, tables as lines with tabs or pipes, and HTML inside their cells.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from pathlib import Path

from graph.dates import find_dates
from graph.errors import UnreadableDocument
from graph.model import ReadDocument, SourceFile
from graph.reading.composition import (
    BULLETS,
    Draft,
    DraftCell,
    DraftLine,
    DraftRow,
    cell_lines,
    compose,
    split_marker,
    squeeze,
)
from graph.reading.encoding import decode
from graph.reading.headings import is_capitals, mark_headings
from graph.reading.html import fragment_lines, page_drafts, parse_html

MAX_BYTES = 32 * 1024 * 1024
_QUOTED_LINES = 200

_TAG = re.compile(
    r"(?i)</?(?:p|ul|ol|li|br|div|span|b|strong|em|i|u|a|font|table|tbody|tr|td|th|h[1-6]|sup|sub)\b[^<>]*/?>"
)
_BLOCK_TAG = re.compile(r"(?i)<(?:table|ul|ol|p|div|h[1-6])\b[^<>]*>")
_PIPE_ROW = re.compile(r"^\s*\|.*\|\s*$")
_PIPE_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_RULE = re.compile(r"^\s*(?:[-_*=~]\s?){3,}$")
_ENTITY = re.compile(
    r"&(?:amp|nbsp|lt|gt|quot|apos|pound|[lr][sd]quo|[mn]dash|bull|hellip|#\d{2,5}|#x[0-9a-fA-F]{2,4});"
)
_HASHES = re.compile(r"^\s{0,3}(#{1,6})\s+(\S.*)$")
_BARE_NUMBER = re.compile(r"^(\d{1,2})\s+([A-Z][^.;]*?):?$")
#: Lines of a list of grades or scores: "Staying safe - Good", "Capacity to improve: 3".
_VALUE_AT_END = re.compile(r"\s[-–—:]\s*[\w ]{1,24}$|:\s*\w[\w ]{0,24}$")
#: A bullet set in, with its words behind a tab.
_SET_ITEM = re.compile(rf"\s*[{re.escape(BULLETS)}]\t\S[^\t]*$")
#: Labels of plans on lines of their own.
_BARE_LABEL = re.compile(
    r"(?:Actions?|Owners?|Lead(?: [Oo]fficer)?|Responsible(?: (?:[Oo]fficer|[Pp]erson|[Ll]ead))?|Deadline|"
    r"Timescales?|Due(?: date)?|"
    r"Target date|Status|Progress|RAG|By when|By whom|When|Who|Outcome|Evidence|Success (?:criteria|measures?)|"
    r"Recommendation)(?: \d[\d.]*)?"
)
#: "Thresholds - other agencies are not clear about them": items of a list whose bullets were lost.
_TOPIC = re.compile(r"[A-Z][\w/&’' ]{1,30}\s[-–—]\s+\S")
_LABEL = re.compile(r"^[A-Z][\w /&’'()-]{1,40}:\s*\S")


def read_text(path: Path, source: SourceFile, *, markdown: bool = False) -> ReadDocument:
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise UnreadableDocument(str(path), f"a text of {len(data)} bytes, more than {MAX_BYTES}", "split it")
    text, warnings = decode(data)
    return compose(source, text_drafts(text, markdown=markdown), warnings=warnings)


def text_drafts(text: str, *, markdown: bool = False) -> list[Draft]:
    """The blocks of a plain text. markdown: bare "*" and "_" are emphasis, and single line breaks mean nothing."""
    lines = _lines(text)
    if not markdown:
        lines = [_ARROW.sub("»", line) for line in lines]
    reader = _Reader(_numbered(lines), markdown)
    reader.run()
    return mark_headings(_rejoined(reader.drafts))


def _lines(text: str) -> list[str]:
    return [line.rstrip(" \f\v") for line in text.split("\n")]


#: An arrow of keyboard signs before an item; in Markdown it quotes.
_ARROW = re.compile(r"^\s{0,8}>{1,2}(?=\s+\S)")
_PARAGRAPH_NUMBER = re.compile(r"\s*(?P<number>\d{1,2})\s+(?=[A-Z“\"‘'])")


def _numbered(lines: list[str]) -> list[str]:
    """Paragraphs that are numbered without a full stop, "1 Ofsted has published ...", get one: only numbers that run on
    from 1 through the text are numbers of paragraphs."""
    starts = [index for index, line in enumerate(lines) if line.strip() and not (index and lines[index - 1].strip())]
    chain: list[int] = []
    for index in starts:
        found = _PARAGRAPH_NUMBER.match(lines[index])
        tabs = "\t" in lines[index] and not re.match(r"\s*\d{1,2}\t[^\t]+$", lines[index])
        if found and int(found["number"]) == len(chain) + 1 and not tabs:
            chain.append(index)
    if len(chain) < 4 or not any(len(lines[index].split()) > 12 for index in chain):
        return lines
    dotted = {
        index: _PARAGRAPH_NUMBER.sub(lambda found: f"{found['number']}. ", lines[index], count=1) for index in chain
    }
    return [dotted.get(index, line) for index, line in enumerate(lines)]


@dataclass
class _Reader:
    lines: list[str]
    markdown: bool
    drafts: list[Draft] = field(default_factory=list)
    at: int = 0
    _run: list[str] = field(default_factory=list)
    _width: int = 0
    """Of the last table; a line across it parts a plan in two."""

    def run(self) -> None:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                self._end_run()
                self.at += 1
            elif _is_tab_row(line) or _PIPE_ROW.match(line) or self._pipes_without_ends():
                self._end_run()
                self._table()
            elif _BLOCK_TAG.search(line):
                self._end_run()
                self._markup()
            elif (hashes := _HASHES.match(line)) is not None:
                self._end_run()
                self._heading(hashes[2].rstrip("# \t"), len(hashes[1]))
                self.at += 1
            elif self._run and re.fullmatch(r"\s*(={3,}|-{3,})\s*", line) and len(self._run) == 1:
                words = self._run.pop()
                self._heading(words, 1 if "=" in line else 2)
                self.at += 1
            elif _RULE.match(line):
                self._end_run()
                self.at += 1
            else:
                self._run.append(line)
                self.at += 1
        self._end_run()

    def _heading(self, words: str, level: int) -> None:
        marker, rest = split_marker(plain(words))
        numbered = marker is not None and marker not in BULLETS
        self.drafts.append(
            Draft("heading", rest if numbered else plain(words), level, marker if numbered else None, bold=True)
        )

    # ------------------------------------------------------------------------------------------------ paragraphs

    def _end_run(self) -> None:
        """The lines since the last blank one: paragraphs, list items, lines that stand alone."""
        run, self._run = self._run, []
        if not run:
            return
        width = max(45, max(len(line) for line in run))
        isolated = len(run) == 1
        first = len(self.drafts)
        previous = ""
        listed = _is_set_list(run)
        whole = len(run) >= 3 and all(re.search(r"^\s*[A-Z].*[.!?]$", line) for line in run[1:])
        lines: list[str] = []  # of the paragraph or item at hand
        for above, line, following in zip(["", *run[:-1]], run, [*run[1:], ""], strict=True):
            bold = _is_bold(line)
            words = plain(line)
            if not re.search(r"\w", words):
                continue
            marker, rest = split_marker(words)
            indent = len(line) - len(line.lstrip(" \t"))
            if marker is not None:
                self.drafts.append(Draft("list_item", rest, self._list_level(indent, marker), marker, bold))
            elif (
                (bare := _BARE_NUMBER.match(words))
                and (isolated or is_capitals(bare[2]) or plain(following).startswith(f"{bare[1]}."))
                and len(bare[2].split()) <= 8
                and not find_dates(words)
            ):
                self.drafts.append(Draft("heading", bare[2], 2, bare[1], True))
            elif (
                len(self.drafts) > first
                and not listed
                and not whole
                and not (words[:1].isupper() and _is_whole(above) and _is_whole(line))
                and not _heads_list(previous, words, plain(following))
                and self._goes_on(previous, words, width)
            ):
                lines.append(words)
                previous = words
                continue
            else:
                self.drafts.append(Draft("list_item" if listed else "paragraph", words, bold=bold))
            self._lengthen(lines)
            previous = words
        self._lengthen(lines, 1)

    def _lengthen(self, lines: list[str], back: int = 2) -> None:
        """Adds the gathered lines to the draft that they go on with, ``back`` places from the end."""
        if lines:
            last = self.drafts[-back]
            self.drafts[-back] = replace(last, text=" ".join([last.text, *lines]), bold=False)
            lines.clear()

    def _goes_on(self, previous: str, words: str, width: int) -> bool:
        """Whether a line continues the one above: it was cut because its next word did not fit, or it says so."""
        if self.markdown and not _LABEL.match(words):
            return True
        if words[:1].islower() or previous.endswith(("-", ",", "–")) or previous.split()[-1].lower() in _OPEN_ENDED:
            return not _LABEL.match(words)
        if _LABEL.match(words) or is_capitals(words) != is_capitals(previous):
            return False
        if (
            _introduces(words)
            or _BARE_LABEL.fullmatch(words)
            or (_TOPIC.match(previous) and _TOPIC.match(words))
            or (_VALUE_AT_END.search(previous) and _VALUE_AT_END.search(words))
        ):
            return False
        if re.search(r"[.!?:;]$", previous) and len(previous) < 0.75 * width:
            return False
        return width > 60 and len(previous) + 1 + len(words.split()[0]) > 0.92 * width

    def _list_level(self, indent: int, marker: str) -> int:
        """Depth by indentation, against the item of the same list that is written furthest left."""
        return min(indent // 4, 3) if marker in BULLETS or not marker[0].isdigit() else min(indent // 8, 3)

    # ---------------------------------------------------------------------------------------------------- tables

    def _pipes_without_ends(self) -> bool:
        following = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""
        if "|" not in self.lines[self.at] or "|" not in following:
            return False
        if _PIPE_RULE.match(following):
            return True
        counts = [line.count(" | ") for line in takewhile(str.strip, islice(self.lines, self.at, self.at + 3))]
        return len(counts) >= 3 and counts[0] >= 1 and len(set(counts)) == 1

    def _table(self) -> None:
        pipes = not _is_tab_row(self.lines[self.at])
        rows: list[list[str]] = []
        header = 0
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                if pipes or not rows or not self._table_resumes(len(rows[-1])):
                    break
                self.at += 1
            elif pipes and "|" in line:
                if _PIPE_RULE.match(line):
                    header = header or len(rows)
                else:
                    rows.append(_pipe_cells(line))
                self.at += 1
            elif (
                not pipes
                and rows
                and (_continues(rows, line) or _completes(rows, self.lines[self.at : self.at + 8], self._width))
            ):
                last = rows[-1]
                first, *rest = self._tab_cells()
                last[-1] = f"{last[-1]}\n{first}"
                last.extend(rest)
            elif not pipes and _is_tab_row(line):
                rows.append(self._tab_cells())
            else:
                break
        self._width = max(map(len, rows), default=0)
        self.drafts.extend(_table_drafts(rows, header))

    def _table_resumes(self, columns: int) -> bool:
        """After blank lines a table goes on with a row of as many cells; a table of two columns does not."""
        ahead = next((line for line in self.lines[self.at :] if line.strip()), "")
        return columns >= 3 and _is_tab_row(ahead) and ahead.count("\t") + 1 == columns

    def _tab_cells(self) -> list[str]:
        """The cells of one row; a quoted cell may run over lines, as spreadsheets write it."""
        line = self.lines[self.at]
        self.at += 1
        last = line.split("\t")[-1]
        if last.startswith('"') and last.count('"') % 2:
            for extra in range(_QUOTED_LINES):
                if self.at + extra >= len(self.lines):
                    break
                if self.lines[self.at + extra].count('"') % 2:
                    line = "\n".join([line, *self.lines[self.at : self.at + extra + 1]])
                    self.at += extra + 1
                    following = line.split("\t")[-1]
                    if not (following.startswith('"') and following.count('"') % 2):
                        break
        return [_unquoted(cell) for cell in line.split("\t")]

    # ---------------------------------------------------------------------------------------------------- markup

    def _markup(self) -> None:
        """Lines of HTML up to the end of what they open."""
        gathered: list[str] = []
        depth = 0
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if depth <= 0 and gathered and (not line.strip() or not _TAG.search(line)):
                break
            gathered.append(line)
            depth += len(re.findall(r"(?i)<(?:table|ul|ol|div)\b", line))
            depth -= len(re.findall(r"(?i)</(?:table|ul|ol|div)>", line))
            self.at += 1
        root = parse_html("<body>" + "\n".join(gathered) + "</body>")
        if root is not None:
            self.drafts.extend(page_drafts(root))


_OPEN_ENDED = frozenset("a an and or of the for in to with by on at from its their between into that which".split())


def _is_whole(line: str) -> bool:
    """Whether a line is set in and ends with its sentence: one of a list whose bullets were lost."""
    return line[:1].isspace() and line.endswith((".", "!", "?"))


def _is_set_list(lines: list[str]) -> bool:
    """Whether lines are a list whose bullets were lost: each is set in with one tab and begins a sentence."""
    return len(lines) >= 2 and all(re.match(r"\t(?:\s*[A-Z“\"‘'])", line) for line in lines)


def _heads_list(previous: str, words: str, following: str) -> bool:
    """Whether a line between two items of lists names the second list: the item above is a whole sentence, the line
    begins like one and does not end."""
    return (
        previous.endswith((".", "!", "?"))
        and words[:1].isupper()
        and not re.search(r"[.!?;,]$", words)
        and len(words.split()) <= 10
        and split_marker(following)[0] is not None
    )


def _introduces(words: str) -> bool:
    """A short line of its own that heads what stands below it: "Within three months:"."""
    return words.endswith(":") and words[:1].isupper() and len(words.split()) <= 8


def _is_tab_row(line: str) -> bool:
    if "\t" not in line or _SET_ITEM.match(line):
        return False
    cells = line.split("\t")
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) >= 2:
        return True
    return len(filled) == 1 and len(cells) >= 3 and bool(cells[0].strip() or cells[-1] == "")


#: How a line goes on with a list in a cell, or with its sentence.
_NEXT_IN_CELL = re.compile(r"\s*(?:\([a-z0-9ivx]{1,4}\)|[a-z][.)]|[•●▪◦*–-])\s|\s*[a-z]")


def _continues(rows: list[list[str]], line: str) -> bool:
    """Whether a line goes on with the last cell of the row above, whose line breaks were copied out with it: the row is
    short of cells, or complete with a list in its last cell, and the line begins as the next item of that list."""
    last, width = rows[-1], max(map(len, rows))
    cells = line.split("\t")
    begun = len(last) < width and any("\n" in cell for cell in last)
    if width < 3 or len(rows) < 2 or not last[-1].strip():
        return False
    if not (begun or _NEXT_IN_CELL.match(line) or _counts_on(last[-1], line)):
        return False
    if len(last) + len(cells) - 1 > width:
        return False
    if len(last) < width:
        return True
    return line.lstrip().startswith("(") and _NEXT_IN_CELL.match(last[-1]) is not None


def _completes(rows: list[list[str]], lines: list[str], above: int) -> bool:
    """Whether the next lines bring a row that is short of cells to exactly the width of those above it, or of the table
    ``above``: its cells were copied with their line breaks."""
    width, length = max(above if len(rows) == 1 else 0, *map(len, rows)), len(rows[-1])
    if width < 4 or not 3 <= length < width or not rows[-1][-1].strip():
        return False
    for line in lines:
        cells = line.split("\t")
        if not cells[0].strip() or len(cells) >= width:
            return False
        length += len(cells) - 1
        if length >= width:
            return length == width
    return False


def _counts_on(cell: str, line: str) -> bool:
    """Whether a line bears the number after that of the cell: "1.2" after "1.1"."""
    numbers = [re.match(r"\s*(\d{1,2}\.)(\d{1,2})\.?\s+\D", text) for text in (cell.split("\n")[-1], line)]
    one, other = numbers
    return one is not None and other is not None and one[1] == other[1] and int(other[2]) == int(one[2]) + 1


def _unquoted(cell: str) -> str:
    if len(cell) >= 2 and cell.startswith('"') and cell.endswith('"'):
        return cell[1:-1].replace('""', '"')
    return cell


def _pipe_cells(line: str) -> list[str]:
    body = line.strip()
    body = body[1:] if body.startswith("|") else body
    body = body[:-1] if body.endswith("|") and not body.endswith("\\|") else body
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", body)]


def _table_drafts(rows: list[list[str]], header: int) -> Iterator[Draft]:
    """A table; or, where its lines are numbered paragraphs or labels set with a tab, those."""
    pairs = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    if all(len(pair) <= 2 for pair in pairs):
        numbered = [split_marker(f"{pair[0]} {pair[-1]}") for pair in pairs if len(pair) == 2]
        if numbered and all(
            marker is not None and marker == pair[0]
            for (marker, _), pair in zip(numbered, [p for p in pairs if len(p) == 2], strict=True)
        ):
            for pair in pairs:
                marker, words = split_marker(plain(" ".join(pair)))
                yield Draft("list_item" if marker else "paragraph", words, 0, marker)
            return
        if len(pairs) == 1 and len(pairs[0]) == 2 and (title := _BARE_NUMBER.match(" ".join(pairs[0]))):
            yield Draft("heading", plain(title[2]), 2, title[1], True)
            return
        if len(pairs) == 1 or all(pair and (pair[0].endswith(":") or len(pair) == 1) for pair in pairs):
            for pair in pairs:
                yield Draft("paragraph", plain(" ".join(pair)))
            return
    yield Draft("table", rows=tuple(_row(row, index < header) for index, row in enumerate(rows)))


def _row(cells: list[str], header: bool) -> DraftRow:
    return DraftRow(tuple(DraftCell(text_cell(cell), column) for column, cell in enumerate(cells)), header)


def text_cell(cell: str) -> tuple[DraftLine, ...]:
    """The lines of a cell that may hold HTML, line breaks, or Markdown emphasis."""
    if _TAG.search(cell):
        return tuple(replace(line, text=unemphasised(line.text)) for line in fragment_lines(cell))
    text = html.unescape(cell) if _ENTITY.search(cell) else cell
    return tuple(replace(line, text=unemphasised(line.text)) for line in cell_lines(unemphasised(text)))


def plain(line: str) -> str:
    """A line's words without the marks of Markdown and HTML."""
    text = line.strip()
    if _TAG.search(text):
        text = _TAG.sub(" ", text)
    if _ENTITY.search(text):
        text = html.unescape(text)
    return squeeze(unemphasised(re.sub(r"^>\s?", "", text)))


def unemphasised(text: str) -> str:
    """A text without Markdown's emphasis, links and escapes."""
    if not any(mark in text for mark in "*_[\\"):
        return text
    text = re.sub(r"!?\[([^\]\n]{1,300})\]\((?:https?:|mailto:|/|#|\.)[^)\s]{0,500}(?:\s+\"[^\"]*\")?\)", r"\1", text)
    text = text.replace("**", "").replace("__", "")
    text = re.sub(r"(?<![\w*])\*(?=\S)([^*\n]{1,300}?)(?<=\S)\*(?![\w*])", r"\1", text)
    text = re.sub(r"(?<!\w)_(?=\S)([^_\n]{1,300}?)(?<=\S)_(?!\w)", r"\1", text)
    return re.sub(r"\\([\\`*_{}\[\]()#+.!|>~-])", r"\1", text)


def _is_bold(line: str) -> bool:
    text = line.strip()
    return (
        len(text) > 4
        and text.startswith(("**", "__"))
        and text.rstrip(":").endswith(("**", "__"))
        and "**" not in text[2:-3]
    )


def _rejoined(drafts: list[Draft]) -> list[Draft]:
    """Blocks that a blank line has cut in two: the second begins in lower case, or goes on with a label in capitals."""
    joined: list[Draft] = []
    for draft in drafts:
        last = joined[-1] if joined else None
        if (
            last is not None
            and draft.kind == "paragraph"
            and last.kind in ("paragraph", "list_item")
            and _cut(last, draft)
        ):
            joined[-1] = replace(last, text=f"{last.text} {draft.text}")
        else:
            joined.append(draft)
    return joined


def _cut(last: Draft, draft: Draft) -> bool:
    if re.search(r"(?:[.!?:;]|[;,] (?:and|or))$", last.text):
        return False
    if last.kind == "paragraph" and last.text[:1].islower() and draft.text[:1].islower():
        return (
            last.text.endswith(",") or last.text.split()[-1].lower() in _OPEN_ENDED
        )  # items of a list, each by itself
    if draft.text[:1].islower() and len(last.text) > 40 and not re.match(r"(?:followed by|including)\b", draft.text):
        return last.text.split()[-1].lower() in _OPEN_ENDED or last.kind == "paragraph" or not draft.text.endswith(":")
    return (
        bool(re.match(r"[A-Z][A-Z /&-]{2,30}:\s*\S", last.text))
        and is_capitals(last.text)
        and is_capitals(draft.text)
        and not re.match(r"REPORT (?:OF|BY|FROM)\b", draft.text)
        and ":" not in draft.text
        and len(last.text) > 40
    )
