"""Sentences of running prose, as spans of the text that they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"[.?!…]+[’”'\")\]]*(?=\s+[‘“\"'(\[]?[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|cf|viz|vs|No|Nos|Mr|Mrs|Ms|Dr|Prof|Cllr|St|para|paras|p|pp|approx|Ltd|[A-Z])\.$"
)


def sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each sentence of ``text[start:end]``, neither beginning nor ending with white space."""
    begin = start
    for match in _END.finditer(text, start, end):
        stop = match.end()
        if _ABBREVIATION.search(text[max(begin, match.start() - 8) : match.start() + 1]):
            continue
        if text[begin:stop].count("(") > text[begin:stop].count(")") and ")" in text[stop:end]:
            continue
        yield begin, stop
        begin = stop + len(text[stop:end]) - len(text[stop:end].lstrip())
    if begin < end:
        yield begin, end
