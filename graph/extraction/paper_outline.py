"""How a council's paper is laid out: which blocks head a part, which introduce a list, which are its items.

Few papers mark their headings as such, and many have lost their bullets; what a line says and what stands above and
below it tell.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

from graph.extraction.evidence import collapsed
from graph.extraction.modes import (
    AS_FOLLOWS,
    ASKS_OF_SERVICES,
    DECIDING,
    DECISION_VERB,
    LISTED,
    NAMES_A_PART,
    REPORTED,
    WHEN_TO_ACT,
    Mode,
    mode_of_heading,
)
from graph.extraction.paper_lists import (
    is_below,
    is_paragraph_number,
    list_family,
    numbered_alike,
    running_numbers,
    unmarked_items,
)
from graph.extraction.sentences import sentences
from graph.model import Block, ReadDocument

PARTS: Final = (*LISTED, "findings", "actions")
"""What a heading may make of the part below it."""
_NUMBERED_PART: Final = re.compile(
    r"(?i)(?:standard|outcome|theme|priority|section|domain|area)\s+\w{1,3}\s*[:–-]\s+(?-i:[A-Z])[^.;:]*"
)
"""How a part of a scheme of standards is headed."""
#: A head on the line of what it heads: "What Ofsted asked of us. The timeliness ...".
_RUN_IN: Final = re.compile(r"(?P<head>(?:What|Where|How|Who|Why) [^.:?!;\"“”]{3,60})[.:?](?=\s+\S|$)\s*")
_FEWEST_RUN_IN: Final = 3


@dataclass(frozen=True, slots=True)
class RunIn:
    """``length``: of the head with the blanks behind it, within its block."""

    head: str
    length: int


@dataclass
class Outline:
    """Asks a paper's blocks by their index."""

    document: ReadDocument

    def heads(self, index: int, block: Block) -> bool:
        """Whether a block heads a part: marked as a heading, or told by its words and its place."""
        return block.kind == "heading" or self._is_unmarked_heading(index, block) or self._heads_numbered_part(block)

    def _is_unmarked_heading(self, index: int, block: Block) -> bool:
        """Whether a short line that no format marks is a heading, by what it says of what follows."""
        text = collapsed(self.document.slice(block))
        following = self.document.blocks[index + 1] if index + 1 < len(self.document.blocks) else None
        return (
            (block.marker is None if block.kind == "paragraph" else self._numbers_part(block, following))
            and following is not None
            and (1 if block.kind == "list_item" else 2) <= len(text.split()) <= 10
            and text[:1].isupper()
            and not re.search(r"[.:;,!]$", text)
            and index not in self.unmarked
            and (
                (NAMES_A_PART.match(text) is not None and self.mode_of_heading(text, index) in PARTS)
                or self._stands_between(index, text)
            )
        )

    def _numbers_part(self, block: Block, following: Block | None) -> bool:
        """A number before a few words that head bullets or a paragraph: "2. What did inspectors like?"."""
        if block.kind != "list_item" or list_family(block.marker) not in ("numbered", "sectioned") or following is None:
            return False
        numbered = list_family(following.marker) in ("numbered", "sectioned")
        return not numbered or len(list(sentences(self.document.text, following.start, following.end))) > 1

    def _heads_numbered_part(self, block: Block) -> bool:
        text = collapsed(self.document.slice(block))
        return block.kind == "paragraph" and len(text.split()) <= 14 and _NUMBERED_PART.fullmatch(text) is not None

    @cached_property
    def run_in(self) -> dict[int, RunIn]:
        """Blocks that begin with their heading, in a paper that is written so: most of its heads come again."""
        found: dict[int, RunIn] = {}
        for index, block in enumerate(self.document.blocks):
            head = _RUN_IN.match(self.document.slice(block)) if block.kind in ("paragraph", "list_item") else None
            if head is not None and len(head["head"].split()) <= 10:
                found[index] = RunIn(collapsed(head["head"]), head.end())
        counts = Counter(each.head for each in found.values())
        telling = [i for i, each in found.items() if self.mode_of_heading(each.head, i) in PARTS]
        again = [index for index in telling if counts[found[index].head] >= 2]
        if len(telling) < _FEWEST_RUN_IN or len(again) < 2:
            return {}
        return {index: each for index, each in found.items() if index in telling or counts[each.head] >= 2}

    def _stands_between(self, index: int, text: str) -> bool:
        """Whether a few words stand alone between paragraphs that are whole: the heading of another part."""
        above, below = self.document.blocks[index - 1] if index else None, self.document.blocks[index + 1]
        if above is None or above.kind == "heading" or below.kind != "paragraph" or len(text.split()) > 6:
            return False
        ended = self.document.slice(above).rstrip().endswith((".", ".”", '."'))
        return ended and len(self.document.slice(below).split()) >= 5 and not WHEN_TO_ACT.match(text)

    def mode_of_heading(self, text: str, index: int) -> Mode | None:
        return mode_of_heading(text, decides=partial(self._decides_below, index))

    def _decides_below(self, index: int) -> bool:
        """Whether the blocks under a heading ask a committee to decide."""
        for block in self.document.blocks[index + 1 : index + 4]:
            if block.table is not None:
                return False
            text = collapsed(self.document.slice(block))
            if DECIDING.search(text) or DECISION_VERB.match(text):
                return True
            if ASKS_OF_SERVICES.match(text):
                return False
        return False

    def is_numbered_paragraph(self, index: int, block: Block) -> bool:
        return block.kind == "list_item" and (is_paragraph_number(block) or index in self.running)

    @cached_property
    def running(self) -> frozenset[int]:
        return running_numbers(self.document)

    @cached_property
    def unmarked(self) -> frozenset[int]:
        return unmarked_items(self.document)

    def leads_in(self, index: int, block: Block) -> bool:
        """Whether a block introduces a list: it ends in a colon, or in an open phrase, and bullets follow."""
        text = self.document.slice(block).rstrip()
        following = self.document.blocks[index + 1] if index + 1 < len(self.document.blocks) else None
        if following is None:
            return False
        if index + 1 in self.unmarked and index not in self.unmarked:
            return True
        if index in self.unmarked:
            return False
        if text.endswith(":") and self._is_sibling(block, following):
            return True
        if following.kind == "list_item" and (
            not self.is_numbered_paragraph(index + 1, following) or is_below(block, following)
        ):
            if re.search(r":\s*[-–]?$", text):
                return True
            if (
                not re.search(r"[.!?][’”\"')\]]*$", text)
                and block.kind == "paragraph"
                and block.end - block.start >= 12
                and not (is_paragraph_number(following) and self.after_lead(index))
            ):
                return True
            if (
                not re.search(r"[.!?;,][’”\"')\]]*$", text)
                and list_family(block.marker) in ("numbered", "sectioned")
                and list_family(following.marker) == "bulleted"
            ):
                return True
            opened = re.search(
                r"(?i)\b(?:the following|these (?:are|include|included|were)|in the areas? of|as follows|include|"
                r"includes|included|following areas?[\w ]*)\W*$",
                text,
            )
            return bool(opened)
        return text.endswith((":", ":-")) and following.kind == "paragraph" and len(text.split()) <= 14

    def _is_sibling(self, block: Block, following: Block) -> bool:
        """Whether the paragraph after 4.3 is 4.4."""
        return numbered_alike(block.marker, following.marker) is not None

    def names_group(self, index: int, block: Block) -> bool:
        """A line of a few words right above bullets: "For adults"."""
        text = self.document.slice(block).rstrip()
        following = self.document.blocks[index + 1] if index + 1 < len(self.document.blocks) else None
        bullets = following is not None and following.kind == "list_item" and not is_paragraph_number(following)
        return bullets and block.kind == "paragraph" and len(text.split()) <= 5 and not text.endswith((".", ";", ","))

    def after_lead(self, index: int) -> bool:
        """Whether the block right above ends in the colon that announces this paragraph."""
        above = self.document.blocks[index - 1] if index else None
        return above is not None and above.table is None and self.document.slice(above).rstrip().endswith(":")

    def after_announcement(self, index: int) -> bool:
        """Whether the block right above ends in "... are as follows." or the like, of what the inspection found."""
        above = collapsed(self.document.slice(self.document.blocks[index - 1])) if index else ""
        return AS_FOLLOWS.search(above) is not None and REPORTED.search(above) is not None
