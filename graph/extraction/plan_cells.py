"""The lines of a plan's cells: which of them are one action, and what a neighbouring cell prints beside each."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from graph.dates import find_dates
from graph.extraction.evidence import collapsed
from graph.extraction.owners import is_owner, split_owners
from graph.extraction.plan_columns import Role, is_time
from graph.model import CellLine, ReadDocument


def recommendation_groups(document: ReadDocument, lines: Sequence[CellLine]) -> list[list[CellLine]]:
    """The recommendations of one cell: numbered lines are one each, and so are bullets that need no lead-in."""
    lines = [line for line in lines if re.search(r"\w", document.slice(line))]
    if not lines:
        return []
    marked = [line for line in lines if line.marker]
    numbered = [line for line in marked if re.match(r"\(?\d", line.marker or "")]
    if len(numbered) >= 2 or (len(marked) >= 2 and lines[0].marker and len(marked) == len(lines)):
        starts = numbered if len(numbered) >= 2 else marked
        groups: list[list[CellLine]] = []
        for line in lines:
            if line in starts or not groups:
                groups.append([line])
            else:
                groups[-1].append(line)
        if all(len(document.text[g[0].start : g[-1].end].split()) >= 3 for g in groups):
            return groups
    return [list(lines)]


def unwrapped(document: ReadDocument, lines: Sequence[CellLine], role: Role) -> tuple[CellLine, ...]:
    """The lines of a cell of a page, those that only the column's width has cut put together again.

    A line was cut where the next one's first word would not have fitted; but two lines that each are a whole owner or
    a whole time stay two.
    """
    width = max((line.end - line.start for line in lines), default=0)
    joined: list[CellLine] = []
    for index, line in enumerate(lines):
        last = joined[-1] if joined else None
        if last is not None and line.marker is None and _was_cut(document, last, lines[index:], role, width):
            joined[-1] = replace(last, end=line.end)
        else:
            joined.append(line)
    return tuple(joined)


def _was_cut(document: ReadDocument, last: CellLine, lines: Sequence[CellLine], role: Role, width: int) -> bool:
    """Whether the first of ``lines`` goes on with ``last``."""
    above, below = document.slice(last).split("\n")[-1], document.slice(lines[0])
    if below[:1].islower() or re.search(r"(?:[/,&(-]|\b(?:and|of|the|for|to|in|with|by))$", above):
        return True
    if re.search(r"[.!?;:]$", above) and role != "owner":
        return False
    if len(above) + 1 + len(below.split()[0]) <= 0.92 * width:
        return False
    if role == "owner":
        # the owner below may itself be cut
        whole = [collapsed(" ".join(document.slice(line) for line in lines[:count])) for count in (1, 2, 3)]
        return not (_are_owners(collapsed(document.slice(last))) and any(map(_are_owners, whole)))
    if role in ("timescale", "start"):
        return not (is_time(collapsed(document.slice(last))) and is_time(below))
    return True


def _are_owners(text: str) -> bool:
    parts = [part for part in re.split(r"\s*[/,;]\s*", text) if part]
    return bool(parts) and all(map(is_owner, parts))


def action_lines(document: ReadDocument, lines: Sequence[CellLine]) -> list[list[CellLine]]:
    """The actions of one cell: each bullet and each paragraph is one, deeper bullets belong to the one above, and a
    line that only leads into bullets is none."""
    lines = [
        piece
        for line in lines
        for piece in _parted(document, line, _clauses)
        if re.search(r"\w", document.slice(piece))
    ]
    groups: list[list[CellLine]] = []
    for index, line in enumerate(lines):
        text = document.slice(line)
        following = lines[index + 1] if index + 1 < len(lines) else None
        if (
            line.marker is None
            and text.endswith((":", ":-"))
            and following is not None
            and following.marker is not None
        ):
            continue
        if groups and _belongs(document, groups[-1], line, text):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


#: How a part after a semicolon goes on with the one before instead of beginning another action.
_NO_NEW_ACTION = re.compile(
    r"(?i)(?:this|these|that|those|it|they|which|who|where|including|includes?|with|and|or|as|so|such|e\.g|i\.e|for|"
    r"to|in|"
    r"by|on|of|at|from|plus|the|an?)\b"
)
_INLINE_NUMBER = re.compile(r"(?:^|(?<=\s))\(?(?P<number>\d{1,2}|[a-z]|[ivx]{1,4})[.)](?=\s+\S)")


def _parted(
    document: ReadDocument, line: CellLine, semicolons: Callable[[str], list[tuple[int, int]]] | None
) -> list[CellLine]:
    """A line taken apart where it runs several items together: at numbers that count up, else at ``semicolons``."""
    text = document.slice(line)
    cuts = _counted(text, line.marker) or (semicolons(text) if semicolons else [])
    begins, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)]
    return [
        replace(line, start=line.start + begin, end=line.start + end)
        for begin, end in zip(begins, ends, strict=True)
        if text[begin:end].strip() or not cuts
    ]


def _between_semicolons(text: str) -> list[tuple[int, int]]:
    return [found.span() for found in re.finditer(r";\s+(?![^(]*\))", text)]


def _clauses(text: str) -> list[tuple[int, int]]:
    """The semicolons of a line, if each of the parts that they make could be an action alone."""
    cuts = _between_semicolons(text)
    parts = [
        text[begin:end]
        for begin, end in zip([0, *(e for _, e in cuts)], [*(s for s, _ in cuts), len(text)], strict=True)
    ]
    alone = all(len(part.split()) >= 2 and not _NO_NEW_ACTION.match(part) for part in parts)
    return cuts if alone and ":" not in parts[0] else []


def _counted(text: str, marker: str | None) -> list[tuple[int, int]]:
    """Where the second and further items of a counted list begin within one line, with the end of each number; what
    stands before the first number is an item, or nothing."""
    found = list(_INLINE_NUMBER.finditer(text))
    first = re.fullmatch(r"\(?(\d{1,2}|[a-z]|[ivx]{1,4})[.)]", marker or "")
    numbers = ([first[1]] if first else []) + [number["number"] for number in found]
    for counting in (
        list("abcdefghij"),
        [str(n) for n in range(1, 21)],
        ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"],
    ):
        if len(numbers) >= 2 and numbers == counting[: len(numbers)] and (first or found[0].start() == 0):
            return [(number.start(), number.end()) for number in found]
    return []


def _belongs(document: ReadDocument, group: Sequence[CellLine], line: CellLine, text: str) -> bool:
    first, last = group[0], group[-1]
    if line.marker is not None:
        return first.marker is not None and line.level > first.level
    if document.text[last.end : last.end + 1] == ";":
        return False  # one of several actions of a line
    if last.marker is not None and text[:1].islower():
        return True
    return text[:1].islower() and not re.search(r"[.;!?]$", document.slice(last))


def align(
    document: ReadDocument, actions: Sequence[Sequence[CellLine]], values: Sequence[CellLine], *, dates: bool = False
) -> list[Sequence[CellLine] | str]:
    """For each action the lines of a neighbouring cell that stand beside it.

    Line by line where there are as many; else by their heights on the page where those are known; else, where there are
    more lines than actions, neighbouring lines that read as one are taken together; what does not line up belongs to
    the whole row. dates: one line that holds as many dates as there are actions is taken apart.
    """
    values = [value for value in values if re.search(r"\w", document.slice(value))]
    if len(values) < len(actions):
        parts = [
            piece for value in values for piece in _parted(document, value, _between_semicolons if dates else None)
        ]
        values = parts if len(parts) == len(actions) else values
    whole: list[Sequence[CellLine] | str] = [values] * len(actions)
    if len(actions) < 2 or not values:
        return whole
    if len(values) == len(actions):
        return [[value] for value in values]
    level = _level_with(document, actions, values, dates=dates) if document.words else None
    if level is not None:
        return list(level)
    by_height = _by_height(actions, values)
    if by_height is not None:
        return list(by_height)
    if len(values) == 1:
        pieces = _date_pieces(document.slice(values[0]), len(actions)) if dates else None
        return list(pieces) if pieces else whole
    if len(values) > len(actions):
        merged = _merged(document, values, len(actions), dates)
        if merged is not None:
            return list(merged)
    return whole


@dataclass(frozen=True, slots=True)
class _PrintedLine:
    """A line of a cell as it stands on the page."""

    start: int
    end: int
    page: int
    top: float
    x0: float
    x1: float
    first_width: float
    """Width of its first word: what the line above had no room for, if it was cut there."""


def _printed_lines(document: ReadDocument, line: CellLine) -> list[_PrintedLine]:
    words = document.words
    found: list[_PrintedLine] = []
    for position in range(bisect_left(words, line.start, key=lambda word: word.start), len(words)):
        word, box = words[position], words[position].box
        if word.start >= line.end:
            break
        last = found[-1] if found else None
        if last is not None and last.page == box.page and abs(last.top - box.top) < 0.5 * (box.bottom - box.top):
            found[-1] = replace(last, end=word.end, x1=box.x1)
        else:
            found.append(_PrintedLine(word.start, word.end, box.page, box.top, box.x0, box.x1, box.x1 - box.x0))
    return found


def _level_with(
    document: ReadDocument, actions: Sequence[Sequence[CellLine]], values: Sequence[CellLine], *, dates: bool
) -> list[list[CellLine]] | None:
    """What a page prints level with each action; None unless something new begins beside every one of them."""
    firsts = [lines[0] for group in actions if (lines := _printed_lines(document, group[0]))]
    printed = [line for value in values for line in _printed_lines(document, value)]
    if len(firsts) != len(actions) or len(printed) < len(actions):
        return None
    starts = [
        next(
            (index for index, line in enumerate(printed) if line.page == at.page and abs(line.top - at.top) < 3.0), None
        )
        for at in firsts
    ]
    if starts[0] != 0 or any(a is None or b is None or a >= b for a, b in pairwise(starts)):
        return None
    right = max(line.x1 for line in printed)
    bounds = [*(index for index in starts if index is not None), len(printed)]
    for start, stop, following in zip(bounds, bounds[1:], bounds[2:], strict=False):
        above = document.text[printed[start].start : printed[stop - 1].end]
        below = document.text[printed[stop].start : printed[following - 1].end]
        last = printed[stop - 1]
        ended = last.x1 + 3.0 + printed[stop].first_width < right
        if _goes_on(above, below) or not (ended or (_is_whole(above, dates) and _is_whole(below, dates))):
            return None
    return [
        [CellLine(printed[start].start, printed[stop - 1].end, page=printed[start].page, top=printed[start].top)]
        for start, stop in pairwise(bounds)
    ]


_BODY_OF_STAFF = re.compile(
    r"(?:[A-Z][\w’'-]* ){0,3}(?:Resources|Services?|Teams?|School|Health|Education|Housing|Police|Finance|Workers|"
    r"Carers|Staff)"
)


def _goes_on(above: str, below: str) -> bool:
    return (below[:1].islower() and not is_time(collapsed(below))) or bool(
        re.search(r"(?:[/,&(-]|\b(?:and|of|the|for|to|in|with|by))$", above)
    )


def _is_whole(text: str, dates: bool) -> bool:
    """Whether a text is a time, or nothing but owners."""
    if dates:
        return is_time(collapsed(text))
    owners = split_owners([text])
    return bool(owners) and all(is_owner(owner) or _BODY_OF_STAFF.fullmatch(owner) for owner in owners)


def _by_height(actions: Sequence[Sequence[CellLine]], values: Sequence[CellLine]) -> list[list[CellLine]] | None:
    """Value lines go to the action whose first line they stand beside or below; None unless each action gets one."""

    def place(line: CellLine) -> tuple[int, float] | None:
        return (line.page or 0, line.top) if line.top is not None else None

    heights = [place(group[0]) for group in actions]
    if any(height is None for height in heights) or any(place(value) is None for value in values):
        return None
    groups: list[list[CellLine]] = [[] for _ in actions]
    for value in values:
        at = place(value)
        assert at is not None
        above = [index for index, height in enumerate(heights) if height is not None and height <= (at[0], at[1] + 4.0)]
        groups[above[-1] if above else 0].append(value)
    return groups if all(groups) else None


def _date_pieces(text: str, count: int) -> list[str] | None:
    """A line that is nothing but ``count`` dates, one after the other."""
    found = find_dates(text, "2000-01-01", terse=True)
    if len(found) != count:
        return None
    ends = [date.start for date in found[1:]] + [len(text)]
    gaps = [text[: found[0].start]] + [text[date.end : end] for date, end in zip(found, ends, strict=True)]
    if any(re.search(r"[A-Za-z]", gap) for gap in gaps):
        return None
    return [text[date.start : date.end] for date in found]


def _merged(document: ReadDocument, values: Sequence[CellLine], count: int, dates: bool) -> list[list[CellLine]] | None:
    """The lines in ``count`` groups, put together where that costs least; None where it would join what is complete."""
    costs = [
        (_joining_cost(document.slice(left), document.slice(right), dates), index)
        for index, (left, right) in enumerate(pairwise(values))
    ]
    chosen = sorted(costs)[: len(values) - count]
    if any(cost > 0.5 for cost, _ in chosen):
        return None
    joined = {index for _, index in chosen}
    groups: list[list[CellLine]] = []
    for index, value in enumerate(values):
        if index - 1 in joined and groups:
            groups[-1].append(value)
        else:
            groups.append([value])
    return groups


def _joining_cost(left: str, right: str, dates: bool) -> float:
    if re.search(r"(?:[/,&-]|\band)$", left) or re.match(r"[/,&(]|and\b", right) or right[:1].islower():
        return 0.1
    if not dates:
        return 1.0
    words = [bool(re.search(r"[A-Za-z]{3}", _without_dates(text))) for text in (left, right)]
    dated = [bool(find_dates(text, "2000-01-01", terse=True)) for text in (left, right)]
    if all(words):
        return 0.2
    if not all(dated):
        return 0.4
    return 0.6 if any(words) else 1.0


def _without_dates(text: str) -> str:
    for found in reversed(find_dates(text, "2000-01-01", terse=True)):
        text = text[: found.start] + text[found.end :]
    return text
