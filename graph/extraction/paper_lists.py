"""Lists and numbered paragraphs of a council's paper: which lines belong to one list, and which are its items."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.extraction.evidence import collapsed
from graph.extraction.modes import DECIDING
from graph.extraction.sentences import sentences
from graph.model import Block, ReadDocument


def list_family(marker: str | None) -> str:
    """What kind of list a marker belongs to, so that a list ends where another begins."""
    text = marker or ""
    if re.match(r"\(?\d+\.\d", text):
        return "sectioned"
    if re.match(r"[A-Z]?\d", text):
        return "numbered"
    return "lettered" if re.match(r"\(?[A-Za-z]+[.)]|\(\d+\)", text) else "bulleted"


def next_list_family(blocks: Sequence[Block], index: int) -> str | None:
    following = blocks[index + 1] if index + 1 < len(blocks) else None
    return list_family(following.marker) if following is not None and following.kind == "list_item" else None


def is_paragraph_number(block: Block) -> bool:
    """ "4.7" numbers a paragraph, and so does "12." before several sentences; "•" and "(a)" mark items."""
    family = list_family(block.marker)
    return family == "sectioned" or (family == "numbered" and block.level == 0 and block.end - block.start > 260)


def is_below(block: Block, following: Block) -> bool:
    """Whether a numbered line is an item below the numbered paragraph before it: 3.1.1 below 3.1, "1." below "3.1"."""
    above, below = (block.marker or "").strip(".()"), (following.marker or "").strip(".()")
    if block.kind == "paragraph":
        return True
    return (
        below.startswith(f"{above}.")
        or (above.count(".") >= 1 and below.count(".") == 0)
        or following.level > block.level
    )


def numbered_alike(marker: str | None, following: str | None) -> str | None:
    """The number that two paragraphs in a row are counted below: 4 of 4.3 and 4.4."""
    one, other = (re.fullmatch(r"(\d+(?:\.\d+)*)\.(\d+)\.?", text or "") for text in (marker, following))
    return one[1] if one and other and one[1] == other[1] and int(other[2]) == int(one[2]) + 1 else None


def lettered_next(marker: str | None, following: str | None) -> bool:
    """Whether (c) comes after (b); never of roman numbers, which begin lists of their own."""
    one, other = (re.fullmatch(r"\(?([a-z])\)\.?", text or "") for text in (marker, following))
    return one is not None and other is not None and ord(other[1]) == ord(one[1]) + 1 and other[1] not in "ivx"


def number_of(marker: str | None) -> str | None:
    found = re.match(r"\(?([A-Z]?[0-9]+(?:\.[0-9]+)*)[.):]*$|\(?([a-zA-Z]|[ivx]+)[.)]+$", marker or "")
    return found[1] or found[2] if found else None


def running_numbers(document: ReadDocument) -> frozenset[int]:
    """Blocks whose plain numbers run on through the paper, past its headings: numbered paragraphs, not items. Where
    no format marks the headings, most of them are paragraphs by their own length."""
    blocks = document.blocks
    members: list[int] = []
    crossed = between = False
    last, heading_since, line_since = 0, False, False
    for index, block in enumerate(blocks):
        if block.kind == "heading":
            heading_since = True
            number = re.match(r"(\d{1,2})\.?$", block.marker or "")
        else:
            number = re.match(r"(\d{1,2})[.)]$", block.marker or "") if block.kind == "list_item" else None
        if number is None:
            line_since = line_since or _could_head(document, block)
            continue
        value = int(number[1])
        above = blocks[index - 1] if index else block
        if above.kind == "list_item" and index - 1 not in members and above.marker == f"{value - 1}{number[0][-1]}":
            continue  # goes on with a list of its own
        if value in (last + 1, last + 2):
            crossed = crossed or (heading_since and bool(members) and block.kind != "heading")
            between = between or (line_since and bool(members))
            last, heading_since, line_since = value, block.kind == "heading", False
            members.append(index)
    if between and not crossed:
        told = [at for at in members if _tells(document, blocks[at])]
        crossed = 2 * len(told) > len(members)
    return frozenset(members) if crossed and len(members) >= 4 else frozenset()


def _could_head(document: ReadDocument, block: Block) -> bool:
    """A line of a few words, no sentence, that may head the paragraphs below it."""
    text = document.slice(block).strip()
    return block.kind == "paragraph" and len(text.split()) <= 10 and text[:1].isupper() and text[-1:] not in ".:;,"


def _tells(document: ReadDocument, block: Block) -> bool:
    """Whether a numbered line is a paragraph of several sentences, or introduces a list of its own."""
    text = document.slice(block).rstrip()
    return text.endswith(":") or len(list(sentences(document.text, block.start, block.end))) > 1


def unmarked_items(document: ReadDocument) -> frozenset[int]:
    """Paragraphs that are the items of a list whose bullets were lost: two or more short ones in a row, each one
    sentence or less, below a line that ends in a colon."""
    members: set[int] = set()
    blocks = document.blocks
    for index, block in enumerate(blocks):
        if block.kind not in ("paragraph", "list_item") or index in members:
            continue
        if not re.search(
            r":\s*[-–]?$|\b(?:[Ii]n particular|namely|says?|said|found|noted|concluded|are|were|is|be|includes?|"
            r"included|"
            r"including)(?: that)?$",
            document.slice(block),
        ):
            continue
        run = []
        for at in range(index + 1, len(blocks)):
            if not _could_be_item(document, blocks[at]):
                break
            run.append(at)
        if any(document.slice(blocks[at])[:1].islower() for at in run[:1]):
            while run and document.slice(blocks[run[-1]])[:1].isupper():
                run.pop()  # the heading of the next part
        ends = {document.slice(blocks[at]).rstrip()[-1:] in ".!?" for at in run[:-1]}
        if len(run) >= 2 and len(ends) == 1:
            members.update(run)
    return frozenset(members)


def _could_be_item(document: ReadDocument, block: Block) -> bool:
    if block.kind != "paragraph" or block.marker is not None:
        return False
    text = collapsed(document.slice(block))
    return (
        2 <= len(text.split()) <= 45
        and not text.endswith(":")
        and (len(list(sentences(text, 0, len(text)))) == 1 or re.fullmatch(r"[‘“\"'].*[’”\"']\.?", text) is not None)
        and not DECIDING.search(text)
        and not re.match(r"(?i)(?:dear|yours|date|contact|report (?:by|of)|appendix|annexe?|page)\b", text)
    )
