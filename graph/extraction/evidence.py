"""From a span of the text as read to the evidence of an item: quote, page, boxes."""

from __future__ import annotations

from bisect import bisect_left

from graph.extraction.version import EXTRACTOR_VERSION
from graph.model import Block, Box, Evidence, Maker, ReadDocument


def evidence(document: ReadDocument, start: int, end: int) -> Evidence:
    """The evidence for ``document.text[start:end]``, white space at its ends left out; one box per printed line."""
    raw = document.text[start:end]
    start += len(raw) - len(raw.lstrip())
    end -= len(raw) - len(raw.rstrip())
    end = max(start, end)
    boxes = _boxes(document, start, end)
    page = boxes[0].page if boxes else _page(document, start)
    return Evidence(start, end, document.text[start:end], page, boxes)


def _boxes(document: ReadDocument, start: int, end: int) -> tuple[Box, ...]:
    words = document.words
    lines: list[list[Box]] = []
    for position in range(max(0, bisect_left(words, start, key=lambda word: word.start) - 1), len(words)):
        word = words[position]
        if word.start >= end:
            break
        if word.end <= start:
            continue
        last = lines[-1][-1] if lines else None
        if last is not None and last.page == word.box.page and word.box.x0 >= last.x0 and _beside(last, word.box):
            lines[-1].append(word.box)
        else:
            lines.append([word.box])
    return tuple(
        Box(
            line[0].page,
            min(box.x0 for box in line),
            min(box.top for box in line),
            max(box.x1 for box in line),
            max(box.bottom for box in line),
        )
        for line in lines
    )


def _beside(a: Box, b: Box) -> bool:
    shared = min(a.bottom, b.bottom) - max(a.top, b.top)
    return shared > 0.5 * min(a.bottom - a.top, b.bottom - b.top)


def _page(document: ReadDocument, start: int) -> int | None:
    block = block_at(document, start)
    return block.page if block is not None else None


def block_at(document: ReadDocument, offset: int) -> Block | None:
    """The block that holds an offset."""
    position = bisect_left(document.blocks, offset + 1, key=lambda block: block.start) - 1
    if position >= 0 and document.blocks[position].end > offset:
        return document.blocks[position]
    return None


def maker(rule: str, score: float = 1.0) -> Maker:
    """A rule of this extractor, at its present version."""
    return Maker(rule, EXTRACTOR_VERSION, score)


def collapsed(text: str) -> str:
    """White space collapsed to single spaces."""
    return " ".join(text.split())
