"""What stands around a page's text: running heads and feet, page numbers, footnotes with the marks that name them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from graph.model import PageSize
from graph.reading.lines import Line

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


NOTE_START = re.compile(r"^(?:\d{1,2}|[*†‡]{1,3}|[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,2})(?=\D|$)")


def split_footnotes(lines: list[Line], body: float) -> tuple[list[Line], list[Line]]:
    """(text, notes): the small lines at a page's foot that begin with a mark."""
    cut = len(lines)
    while cut > 0 and lines[cut - 1].size <= 0.92 * body:
        cut -= 1
    small = lines[cut:]
    for position, line in enumerate(small):
        first = line.words[0]
        raised = first.size <= 0.8 * line.size or (len(line.words) > 1 and first.baseline < line.baseline - 1)
        if NOTE_START.match(line.text) and (raised or reads_as_note(line)):
            return lines[: cut + position], small[position:]
    return lines, []


def reads_as_note(line: Line) -> bool:
    rest = NOTE_START.sub("", line.text).lstrip()
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
