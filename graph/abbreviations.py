"""What short forms stand for: as a document says itself, and as the sector uses them.

A document says it in brackets at the first use, "looked after children (LAC)", or in a key: a table or a list of short
forms with their words. The sector's list stands in ``ontology/abbreviations.csv``; a document's own meaning wins.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

from graph.model import Abbreviation, Block, Evidence, ReadDocument

_BRACKETED = re.compile(r"\((?:the\s+|[‘'\"“])?(?P<short>[A-Z][A-Za-z&]{1,9}(?:-[A-Z]{1,3})?)[’'\"”]?s?\)")
_REVERSED = re.compile(r"\b(?P<short>[A-Z]{2,7})\s+\((?P<long>[A-Za-z][\w’' ,&-]{6,90})\)")
_KEY_HEAD = re.compile(r"(?i)\b(?:key|abbreviations?|acronyms?|glossary|initials)\b")
_SHORT = re.compile(r"^[A-Z][A-Za-z0-9&.-]{0,11}$")
_MINOR = frozenset(["and", "of", "the", "for", "in", "to", "on", "with", "a", "at", "by"])


def find_abbreviations(document: ReadDocument) -> tuple[Abbreviation, ...]:
    """The short forms that a document explains, each once, in the order in which they are explained."""
    found: dict[str, Abbreviation] = {}
    for abbreviation in (*_in_brackets(document), *_in_keys(document)):
        found.setdefault(abbreviation.short, abbreviation)
    return tuple(sorted(found.values(), key=lambda a: a.evidence.start if a.evidence else 0))


@cache
def sector_abbreviations() -> Mapping[str, str]:
    """The short forms that everybody in the field uses, by their letters."""
    lines = files("ontology").joinpath("abbreviations.csv").read_text(encoding="utf-8").splitlines()
    return {row["short"]: row["long"] for row in csv.DictReader(lines)}


def expand(short: str, own: Iterable[Abbreviation]) -> str:
    """What initials stand for by the document's own key; "" where it does not say. Dots, spaces and hyphens of the
    initials do not matter."""
    wanted = _letters(short)
    return next((abbreviation.long for abbreviation in own if _letters(abbreviation.short) == wanted), "")


def _letters(short: str) -> str:
    return re.sub(r"[\W_]", "", short).upper()


def _in_brackets(document: ReadDocument) -> Iterator[Abbreviation]:
    for block in document.blocks:
        text = document.slice(block)
        for match in _BRACKETED.finditer(text):
            start = _long_start(text[: match.start()], match["short"])
            if start is not None:
                long = " ".join(text[start : match.start()].split())
                yield Abbreviation(match["short"], long, _evidence(document, block, start, match.end()))
        for match in _REVERSED.finditer(text):
            long = " ".join(match["long"].split())
            if _long_start(f"{long} ", match["short"]) == 0:
                yield Abbreviation(match["short"], long, _evidence(document, block, match.start(), match.end()))


def _long_start(before: str, short: str) -> int | None:
    """Where the words begin whose initials the short form is; None where the words before the bracket do not fit."""
    words = list(re.finditer(r"[A-Za-z0-9][\w’']*", before[-160:]))
    offset = max(0, len(before) - 160)
    letters = [char.lower() for char in short if char.isalnum()]
    if len(letters) < 2:
        return None
    for count in range(len(letters), min(len(words), len(letters) + 4) + 1):
        chosen = words[-count:]
        if re.search(r"[.;:()]", before[offset + chosen[0].start() :]):
            return None
        if _fits([word.group().lower() for word in chosen], letters) and chosen[0].group().lower() not in _MINOR:
            return offset + chosen[0].start()
    return None


def _fits(words: list[str], letters: list[str]) -> bool:
    """Whether the letters are the words' initials, in order; small words may be passed over."""
    if not letters:
        return all(word in _MINOR for word in words)
    if not words:
        return False
    if words[0][0] == letters[0] and _fits(words[1:], letters[1:]):
        return True
    return words[0] in _MINOR and _fits(words[1:], letters)


def _in_keys(document: ReadDocument) -> Iterator[Abbreviation]:
    after_head = 0
    for block in document.blocks:
        text = document.slice(block)
        if block.table is not None:
            yield from _key_table(document, block, titled=after_head > 0)
        elif _KEY_HEAD.search(text) and len(text.split()) <= 8:
            after_head = 40
            continue
        elif after_head:
            match = re.match(
                r"(?P<short>[A-Z][A-Za-z&./-]{1,11})\s*(?:[-–—=:]|\s-\s)\s*(?P<long>[A-Z][^.;]{3,110})\.?$", text
            )
            if match:
                yield Abbreviation(match["short"], match["long"].strip(), _evidence(document, block, 0, len(text)))
            elif block.kind == "heading":
                after_head = 0
        after_head = max(0, after_head - 1)


def _key_table(document: ReadDocument, block: Block, *, titled: bool) -> Iterator[Abbreviation]:
    """A table of two columns, the first all short forms; without a title above it most must fit their initials."""
    assert block.table is not None
    rows = []
    for row in block.table.rows:
        filled = [cell for cell in row.cells if cell.lines]
        if len(filled) != 2:
            continue
        first, second = (" ".join(document.slice(line) for line in cell.lines) for cell in filled)
        if _SHORT.match(first) and sum(char.isupper() for char in first) >= 2 and len(second) > len(first) + 2:
            rows.append((first, second, filled[0].lines[0].start, filled[1].lines[-1].end))
    if len(rows) < 2 or len(rows) < 0.7 * len(block.table.rows):
        return
    fitting = sum(_long_start(f"{second} ", first) == 0 for first, second, _, _ in rows)
    if titled or fitting >= 0.5 * len(rows):
        for first, second, start, end in rows:
            yield Abbreviation(first, second, Evidence(start, end, document.text[start:end], block.page))


def _evidence(document: ReadDocument, block: Block, start: int, end: int) -> Evidence:
    start, end = block.start + start, block.start + end
    return Evidence(start, end, document.text[start:end], block.page)
