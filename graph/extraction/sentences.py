"""Sentences of running prose, as spans of the text that they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from graph.model import Block, ReadDocument

#: Nobody writes longer sentences; patterns are not tried on what only looks like one.
MAX_SENTENCE = 6_000
#: Beyond this a bracket that has not been closed keeps no sentence together.
_LONGEST = 2000
_BLANKS = re.compile(r"\s*")
_END = re.compile(r"[.?!…]+[’”'\")\]]*(?=\s+[‘“\"'(\[]?[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|cf|viz|vs|No|Nos|Mr|Mrs|Ms|Dr|Prof|Cllr|St|para|paras|p|pp|approx|Ltd|[A-Z])\.$"
)

#: A letter that names an annex, not a person.
_LETTERED = re.compile(r"(?:Annexe?|Appendix|ANNEXE?|APPENDIX) [A-Z]\.$")


def sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each sentence of ``text[start:end]``, neither beginning nor ending with white space."""
    begin = start
    for match in _END.finditer(text, start, end):
        stop = match.end()
        before = text[max(begin, match.start() - 12) : match.start() + 1]
        if _ABBREVIATION.search(before[-9:]) and not _LETTERED.search(before):
            continue
        if stop - begin < _LONGEST and _opens(text, begin, stop) and text.find(")", stop, end) >= 0:
            continue
        yield begin, stop
        begin = _BLANKS.match(text, stop, end).end()  # type: ignore[union-attr]  # it matches nothing, too
    if begin < end:
        yield begin, end


def sentences_in(document: ReadDocument, blocks: Iterable[Block]) -> Iterator[tuple[int, int]]:
    """The sentences of blocks, those left out that are too long to be any."""
    for block in blocks:
        for start, end in sentences(document.text, block.start, block.end):
            if end - start <= MAX_SENTENCE:
                yield start, end


def _opens(text: str, start: int, end: int) -> bool:
    return text.count("(", start, end) > text.count(")", start, end)
