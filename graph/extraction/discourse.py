"""What a council's paper reports in prose: findings, areas for development, actions that it announces.

The paper is read as a discourse: headings and the sentences that introduce lists say what the items below them are;
a sentence on its own is a finding where it says that the inspectors found, noted or praised something, an action where
the council says what it will do. What the committee is asked to decide is neither.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from graph.dates import find_dates, timescale_edtf
from graph.extraction.action_tails import Tail, line_of_tail, owned_first, tail_of
from graph.extraction.announced import WILL, announces, responsible_in, timescale_in
from graph.extraction.answers import (
    EACH_ANSWERED,
    NAMES_ITSELF,
    Answered,
    answered_within,
    asked_within,
    listed_within,
    named_number,
    numbered_within,
    replies,
)
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.leads import Place, mode_of_lead
from graph.extraction.modes import (
    DECIDING,
    DECISION_VERB,
    GRADED_LINE,
    LEAD_IMPROVE,
    LISTED,
    NUMBERED_AREA,
    NUMBERED_WEAKNESS,
    QUOTED,
    REPORTED,
    SPOKEN,
    WHEN_TO_ACT,
    Mode,
    asks,
    mode_of_heading,
    mode_said,
)
from graph.extraction.paper_lists import lettered_next, list_family, next_list_family, number_of, numbered_alike
from graph.extraction.paper_outline import PARTS, Outline, RunIn
from graph.extraction.reported import (
    ACTIVE,
    ANNOUNCES,
    BODY,
    OWN_VOICE,
    SAW_MUCH,
    THEY_SAID,
    Surroundings,
    reports_finding,
    strongly_reported,
    told_polarity,
)
from graph.extraction.sentences import sentences
from graph.extraction.strength_tables import listed_in_table
from graph.model import Action, Block, Finding, Polarity, ReadDocument, Recommendation, Segment

UNMARKED: Final = 7.0
"""The level of a heading that no format marks: below those that one does."""
#: Nobody writes longer sentences; patterns are not tried on what only looks like one.
MAX_SENTENCE: Final = 6_000


_BEGAN: Final = re.compile(r"(?i)\b(?:came|started|began|joined|took|went|opened|launched)\b[^,;.]*$")
_ONE_RECOMMENDATION: Final = re.compile(
    r"(?i)^(?:there (?:was|were|is) (?:only )?(?:one|a single|a) (?:\w+ )?recommendation\b|(?:the|its|"
    r"their) (?:only|one|sole|single) "
    r"(?:\w+ )?recommendation\b|(?:the )?(?:inspect\w+|ofsted|csci|ssi|cqc|they|it)\s+(?:also\s+)?recommend(?:s|"
    r"ed) that\b)"
)
#: "One requirement was made: ensure that ...", on one line.
_MADE_INLINE: Final = re.compile(
    r"(?i)(?:only )?(?:one|a single) (?:\w+ ){0,2}(?:requirement|recommendation) (?:was|has been) (?:made|set|"
    r"given)[^.:]{0,40}:\s+(?=\w+ \w+ \w+ \w+)"
)
#: What the inspectors who write a letter will do themselves.
_WRITERS_OWN: Final = re.compile(r"(?:I|We) (?:will|shall|should|would|intend|plan|look)\b")
#: "From the letter: “...”": its words, quoted.
_QUOTES_LETTER: Final = re.compile(
    r"(?i)(?:from|in) (?:the |their |its )?(?:inspect\w+[’'] )?(?:inspection )?(?:letter|report)[^:.]{0,20}:\s*[“\"‘']"
)
_SAYS_WHAT_IT_LISTS: Final = re.compile(
    r"(?i)(?:\w+ ){0,2}(?:strengths?|weaknesses|areas? (?:for|of|requiring) [\w ]+|recommendations?|positives?|"
    r"negatives?|"
    r"concerns?|good practice|shortcomings|what \w+ (?:well|good|better))"
)
"""A label on the line of what it lists."""


@dataclass
class ProseReader:
    """Reads the prose blocks of a council's paper, in order; ``spans`` are judgements already told, left alone here."""

    document: ReadDocument
    spans: Sequence[tuple[int, int]] = ()
    after: str | None = None
    letter: bool = False
    minutes: bool = False
    """In minutes what will be done is told as what would be."""
    skip: frozenset[int] = frozenset()
    title: str | None = None
    """Names all that follows, not what stands right below it."""
    findings: list[Finding] = field(default_factory=list)
    recommendations: list[Recommendation] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    answers: list[str | int | None] = field(default_factory=list)
    """Of each action, what it answers: a recommendation's number, or its place among ``recommendations``."""
    _place: Place = field(default_factory=Place)

    @cached_property
    def _outline(self) -> Outline:
        return Outline(self.document)

    def read(self) -> None:
        for index, block in enumerate(self.document.blocks):
            if index in self.skip:
                self._place.list_mode = None
                continue
            if block.table is not None:
                self._table(block)
            elif self._tail_below(index, block):
                self._note(block, "action", "gives people and time of the action above", "council.tail")
            elif self._outline.heads(index, block):
                self._heading(index, block)
            elif block.kind == "footnote":
                self._note(block, "skipped", "a footnote", None)
            elif (run_in := self._outline.run_in.get(index)) is not None:
                self._run_in(index, block, run_in)
            else:
                self._prose(index, block)

    def _tail_below(self, index: int, block: Block) -> bool:
        """Gives the action that ends right above the people and the time that stand on a line of their own."""
        above = self.document.blocks[index - 1] if index else None
        last = self.actions[-1] if self.actions else None
        if last is None or above is None or not above.start <= last.evidence.end - 1 < above.end or last.responsible:
            return False
        tail = line_of_tail(collapsed(self.document.slice(block)))
        if tail is None:
            return False
        when = last.timescale or tail.timescale
        self.actions[-1] = replace(
            last, responsible=tail.owners, timescale=when, date=timescale_edtf(when, self.after) or last.date
        )
        return True

    # ------------------------------------------------------------------------------------------------------- headings

    def _heading(self, index: int, block: Block) -> None:
        text = collapsed(self.document.slice(block)).rstrip(" .:")
        place = self._place
        titled = self.title is not None and text.casefold() == self.title.casefold().rstrip(" .:")
        level = float(block.level) if block.kind == "heading" else UNMARKED
        mode = self._outline.mode_of_heading(text, index)
        mode = None if titled and mode not in ("improvement", "recommendations") else mode
        if mode is None and (announced := self._announced_above(index)) is not None:
            mode, level = announced, level - 0.5  # also for the headings beside this one
        inherited = place.mode is not None and (block.level > 3 or (level > place.level and place.mode in PARTS))
        following = self.document.blocks[index + 1] if index + 1 < len(self.document.blocks) else None
        inherited = inherited and not self._changes_subject(block, following)
        if mode is None and self._names_group_below(index, following):
            mode, level = place.mode, min(place.level, level - 0.5)
        if (
            mode in (None, "aside")
            and place.mode == "actions"
            and block.marker
            and following
            and following.kind == "list_item"
        ):
            # "1. Recruitment", below "Update on actions": so are those beside it
            mode, level = place.mode, level - 0.5
        if mode is None and inherited:
            mode, level = place.mode, place.level
        self._begin_part(text, mode, level)
        self._note(block, "heading", f"a heading; what follows is read as {place.mode or 'prose'}", None)

    def _begin_part(self, heading: str, mode: Mode | None, level: float) -> None:
        place = self._place
        place.section = heading
        place.mode, place.level = mode, level
        place.list_mode = place.mode if place.mode in (*LISTED, "actions") else None
        place.list_marker = None
        place.list_stem, place.list_beside = None, False
        place.last_mode = None
        place.listed_finding = False
        place.reporter = False
        place.deadline = None
        place.listed = False
        place.answering = False
        place.asked = None

    def _run_in(self, index: int, block: Block, run_in: RunIn) -> None:
        """A heading on the line of what it heads; the rest of the line is read as a paragraph below it."""
        head = replace(block, end=block.start + run_in.length)
        self._begin_part(run_in.head, self._outline.mode_of_heading(run_in.head, index), UNMARKED)
        if head.end < block.end:
            rest = replace(block, start=head.end, kind="paragraph", marker=None)
            self._prose(index, rest)
        else:
            self._note(block, "heading", f"a heading; what follows is read as {self._place.mode or 'prose'}", None)

    def _changes_subject(self, block: Block, following: Block | None) -> bool:
        """Whether a line that no format marks heads prose again, after what should improve: a paragraph of several
        sentences stands below it."""
        return (
            block.kind != "heading"
            and self._place.mode in ("improvement", "recommendations")
            and following is not None
            and following.kind == "paragraph"
            and re.match(
                r"(?:The|There|It|They|Most|Some|Many|An?|This|In|Inspectors|We) ", self.document.slice(following)
            )
            is not None
            and len(list(sentences(self.document.text, following.start, following.end))) > 1
        )

    def _names_group_below(self, index: int, following: Block | None) -> bool:
        """Whether a heading right below one of recommendations and the like names the first group of them."""
        above = self.document.blocks[index - 1] if index else None
        return (
            self._place.mode in (*LISTED, "findings")
            and above is not None
            and bool(self.segments)
            and self.segments[-1].start == above.start
            and self.segments[-1].outcome == "heading"
            and following is not None
            and (following.kind == "list_item" or self.document.slice(following).rstrip().endswith(":"))
        )

    def _announced_above(self, index: int) -> Mode | None:
        """What the line above a heading says of the lists below: "the following recommendations were made:"."""
        if not self._outline.after_lead(index) and not self._outline.after_announcement(index):
            return None
        above = self.document.blocks[index - 1]
        last = [
            collapsed(self.document.text[start:end])
            for start, end in sentences(self.document.text, above.start, above.end)
        ][-2:]
        mode = self._mode_of_lead(last[-1], last[0] if len(last) > 1 else "") if last else None
        return mode if mode in (*LISTED, "findings") else None

    # ---------------------------------------------------------------------------------------------------------- prose

    def _prose(self, index: int, block: Block) -> None:
        place = self._place
        text = self.document.slice(block)
        plain = collapsed(text)
        family = list_family(block.marker)
        below = place.list_stem is not None and (block.marker or "").startswith(f"{place.list_stem}.")
        below = below and not (place.list_beside and not self._one_of_them(block, plain))
        if lettered_next(place.lead_marker, block.marker):
            # beside the paragraph that introduced the list, which has ended
            place.list_mode, place.in_list, place.list_marker = None, False, None
            place.lead_marker = block.marker
        bullet = index in self._outline.unmarked or (
            block.kind == "list_item" and (below or not self._outline.is_numbered_paragraph(index, block))
        )
        place.in_list = bullet and place.in_list
        changed = bullet and place.list_marker is not None and family != place.list_marker
        announced = place.list_mode in (*QUOTED, *LISTED) and not bullet and self._outline.after_lead(index)
        if (not bullet and not announced and not self._outline.leads_in(index, block)) or (
            changed and family in ("numbered", "sectioned")
        ):
            place.list_mode = place.mode if place.mode in LISTED and block.kind == "list_item" and not changed else None
            place.list_marker = None
        if place.mode == "aside" and not strongly_reported(plain):
            self._aside(block)
            return
        if DECIDING.search(plain) and not strongly_reported(plain):
            place.list_mode = "decision"
            place.list_marker = next_list_family(self.document.blocks, index)
            self._note(block, "skipped", "asks the committee to decide", "council.decision")
            return
        if place.mode == "decision" or place.list_mode == "decision":
            self._note(block, "skipped", "what the committee is asked to decide", "council.decision")
            return
        if self._bare_or_answer(index, block, bullet=bullet):
            return
        if block.kind == "list_item" and self._task(block):
            return
        if block.kind == "paragraph" and self._numbered_area(block, plain):
            return
        if self._outline.leads_in(index, block):
            self._lead_in(index, block, plain)
            return
        if place.mode in LISTED and not bullet and self._outline.names_group(index, block):
            place.list_mode = place.mode
            place.list_marker = next_list_family(self.document.blocks, index)
            self._note(block, "heading", "names a group of items", None)
            return
        if self._labelled_items(block, text):
            return
        if place.list_mode in QUOTED and not bullet and self._outline.after_lead(index):
            mode, place.mode, place.list_mode = place.mode, place.list_mode, None
            self._sentences(block)
            place.mode = mode
            return
        if (
            place.list_mode in ("improvement", "recommendations")
            and not bullet
            and self._outline.after_lead(index)
            and asks(plain)
        ):
            self._item(block, place.list_mode)
            return
        if place.list_mode is not None and bullet:
            if place.list_marker is None:
                place.list_marker = list_family(block.marker)
            self._item(block, place.list_mode)
            return
        if place.mode in ("improvement", "recommendations") and not bullet and _says_when(plain):
            place.deadline = plain.rstrip(" :-")
            place.list_mode = place.mode
            self._note(block, "heading", "says by when what follows is due", None)
            return
        if (
            place.mode in ("improvement", "recommendations")
            and not place.listed
            and block.kind in ("paragraph", "list_item")
            and asks(plain)
            and (
                re.search(r"\b(?:should|must)\b", plain)
                or not WILL.search(plain)
                or len(list(sentences(self.document.text, block.start, block.end))) == 1
            )
        ):
            if self._answered(block):
                return
            if self._asked_within(block):
                return
            self._recommend(block.start, block.end, None, "council.section")
            self._note(block, "recommendation", f"stands under “{place.section}”", "council.section")
            return
        self._sentences(block)

    def _numbered_area(self, block: Block, plain: str) -> bool:
        """The paragraph right below "Area for improvement 2", which is that area."""
        place = self._place
        weakness = NUMBERED_WEAKNESS.fullmatch(place.section or "")
        named = weakness or NUMBERED_AREA.fullmatch(place.section or "")
        if named is None or place.mode != "recommendations" or place.asked is not None or not asks(plain):
            return False
        self._recommend(block.start, block.end, named["ref"], "council.section")
        place.mode = "findings" if weakness else "actions"  # what the inspectors said of it, or what answers it
        place.asked = named["ref"]
        self._note(block, "recommendation", f"stands under “{place.section}”", "council.section")
        return True

    def _asked_within(self, block: Block) -> bool:
        """Recommendations that one sentence of a paragraph lists: "There are four: ...; ...; and ..."."""
        spans = list(sentences(self.document.text, block.start, block.end))
        numbered = [self._recommend_numbered(start, end) for start, end in spans]  # of every sentence, not the first
        if any(numbered):
            self._note(block, "recommendation", "gives recommendations by their numbers", "council.sentence")
            return True
        if any(self._recommend_listed(start, end) for start, end in spans):
            self._note(block, "recommendation", "lists what should improve", "council.sentence")
            return True
        return False

    def _recommend_numbered(self, start: int, end: int) -> bool:
        """Make recommendations of those that a sentence gives by their numbers; False where there are none."""
        numbered = numbered_within(self.document.text[start:end])
        for ref, begin, stop in numbered:
            self._recommend(start + begin, start + stop, ref, "council.sentence")
        return bool(numbered)

    def _recommend_listed(self, start: int, end: int) -> bool:
        """Make recommendations of what a sentence lists; False where it lists nothing."""
        several = asked_within(self.document.text[start:end])
        for begin, stop in several:
            self._recommend(start + begin, start + stop, None, "council.sentence")
        return bool(several)

    def _task(self, block: Block) -> bool:
        """An item that is an action by its form: a box to tick, or people and a time before what they do."""
        text = self.document.slice(block)
        box = re.match(r"\[[ xX✓✔]\]\s+(?=\S)", text)
        first = owned_first(text) if box is None else None
        if box is None and first is None:
            return False
        self._place.answers = self._place.asked
        if first is not None:
            self._act(block.start + first[0], block.end, "council.task", first[1])
        elif box is not None:
            tail = tail_of(text)
            self._act(block.start + box.end(), block.start + tail.end if tail else block.end, "council.task", tail)
        self._place.answers = None
        self._note(block, "action", "a task with its people and time", "council.task")
        return True

    @cached_property
    def _answered_ones(self) -> frozenset[int]:
        return Answered(self.document, self.after).bare

    def _bare_or_answer(self, index: int, block: Block, *, bullet: bool) -> bool:
        """A recommendation that stands bare above the paragraph that answers it, that paragraph, or both in one."""
        if self._named_recommendation(block):
            return True
        spans = list(sentences(self.document.text, block.start, block.end))
        if index in self._answered_ones and not bullet:
            self._recommend(block.start, block.end, None, "council.answered")
            self._note(block, "recommendation", "stands above the paragraph that answers it", "council.answered")
            return True
        if index - 1 in self._answered_ones and self.segments[-1].rule == "council.answered":
            self._answer(block, spans)
            return True
        if not (self._place.answering and len(spans) >= 2):
            return False
        texts = [collapsed(self.document.text[start:end]) for start, end in spans]
        if self._says_what_is_done(texts[0]) or not any(map(self._says_what_is_done, texts[1:])):
            return False
        ref = number_of(block.marker) if list_family(block.marker) != "sectioned" else None
        self._recommend(*spans[0], ref, "council.answered")
        self._answer(block, spans[1:])
        return True

    def _named_recommendation(self, block: Block) -> bool:
        """ "Recommendation 2: the council should ...", of which the paper has several; what follows answers it."""
        text = self.document.slice(block)
        found = NAMES_ITSELF.match(text)
        if found is None or self._names_itself < 2:
            return False
        if self._place.mode == "actions" and self._says_what_is_done(collapsed(found["text"])):
            self._place.asked = found["ref"]
            return False
        if DECISION_VERB.match(found["text"]) and not re.search(r"(?i)\b(?:should|must)\b", found["text"]):
            return False
        self._recommend(block.start + found.start("text"), block.end, found["ref"], "council.named")
        self._place.asked = len(self.recommendations) - 1
        self._note(block, "recommendation", "names itself a recommendation", "council.named")
        return True

    @cached_property
    def _names_itself(self) -> int:
        prose = (block for block in self.document.blocks if block.table is None)
        return len({found["ref"] for block in prose if (found := NAMES_ITSELF.match(self.document.slice(block)))})

    def _says_what_is_done(self, text: str) -> bool:
        return announces(text, listed=True, minutes=False, after=self.after, answers=True)

    def _answer(self, block: Block, spans: Sequence[tuple[int, int]]) -> None:
        """Reads the sentences that answer the recommendation read last."""
        place = self._place
        mode, place.mode, place.answers = place.mode, "actions", len(self.recommendations) - 1
        made = [self._action(start, end) for start, end in spans]
        place.mode, place.answers = mode, None
        outcome = "action" if any(made) else "skipped"
        self._note(block, outcome, "answers the recommendation before it", "council.answer")

    def _one_of_them(self, block: Block, plain: str) -> bool:
        """Whether a paragraph numbered like a list's lead is of the list: one sentence, not the council's."""
        single = len(list(sentences(self.document.text, block.start, block.end))) == 1
        return single and asks(plain) and not OWN_VOICE.search(plain) and not WILL.search(plain)

    def _aside(self, block: Block) -> None:
        """Sections on money, law and the like: only an action may stand there."""
        made = False
        for start, end in sentences(self.document.text, block.start, block.end):
            made |= self._action(start, end)
        self._note(block, "action" if made else "skipped", f"stands under “{self._place.section}”", "council.aside")

    @cached_property
    def _labels(self) -> Counter[str]:
        """How often each label begins a block: a committee is asked to decide once."""
        starts = (re.match(r"[A-Z][\w ’'-]{3,48}?(?=\s*:\s)", self.document.slice(b)) for b in self.document.blocks)
        return Counter(found.group() for found in starts if found)

    def _labelled_items(self, block: Block, text: str) -> bool:
        """A line that says itself what it lists: "Strengths: road safety; the stability of placements"."""
        found = re.match(r"(?P<label>[A-Z][\w ’'-]{3,48}?)\s*(?::|\s[-–—])\s+(?=\S)", text)
        mode = mode_of_heading(found["label"], decides=lambda: False) if found else None
        if (
            found is None
            or mode not in LISTED
            or not _SAYS_WHAT_IT_LISTS.fullmatch(found["label"])
            or (mode == "recommendations" and self._labels[found["label"]] < 2)
        ):
            return False
        start = block.start + found.end()
        for begin, end in sentences(self.document.text, start, block.end):
            if mode in ("improvement", "recommendations"):
                self._recommend(begin, end, None, "council.label")
            else:
                self._find(begin, end, "council.label", "strength" if mode == "strengths" else "improvement", 0.9)
        kind = "recommendation" if mode in ("improvement", "recommendations") else "finding"
        self._note(block, kind, f"labelled “{found['label']}”", "council.label")
        return True

    def _lead_in(self, index: int, block: Block, plain: str) -> None:
        """Reads the sentences before the one that introduces, then says what the list's items will be."""
        place = self._place
        spans = list(sentences(self.document.text, block.start, block.end))
        for start, end in spans[:-1]:
            self._sentence(start, end)
        last = collapsed(self.document.text[spans[-1][0] : spans[-1][1]]) if spans else plain
        previous = " ".join(collapsed(self.document.text[start:end]) for start, end in spans[:-1][-1:])
        if block.kind == "list_item":
            # a numbered paragraph begins a new list; only a short line between bullets goes on with the one above
            place.list_mode = place.mode if place.mode in LISTED else None
        mode = self._mode_of_lead(last, previous)
        place.deadline = last.rstrip(" :-") if WHEN_TO_ACT.search(last) else None
        place.list_mode, place.in_list = mode, True
        place.list_marker = next_list_family(self.document.blocks, index)
        place.lead_marker = block.marker or (place.lead_marker if plain[:1].islower() else None)
        following = self.document.blocks[index + 1].marker or ""
        stem = (block.marker or "").rstrip(".)")
        if mode == "actions" and (ref := named_number(last)) is not None:
            place.asked = ref
            stem = stem or following.rpartition(".")[0]
        beside = numbered_alike(block.marker, following)
        place.list_stem = stem if stem and following.startswith(f"{stem}.") else beside
        place.list_beside = beside is not None
        self._note(
            block,
            "lead-in",
            f"introduces a list that is read as {mode or 'neither findings nor recommendations'}",
            "council.lead-in",
        )

    def _mode_of_lead(self, lead: str, before: str) -> Mode | None:
        told_of = self.letter or self._in_report_of_findings()
        return mode_of_lead(lead, before, self._place, minutes=self.minutes, told_of=told_of)

    def _item(self, block: Block, mode: Mode) -> None:
        text = collapsed(self.document.slice(block))
        self._place.listed = True
        judged = any(block.start <= a < block.end for a, _ in self.spans)
        if (
            judged
            and (mode == "findings" or GRADED_LINE.search(text))
            and len(text.split()) <= 22
            and len(list(sentences(text, 0, len(text)))) == 1
        ):
            self._note(block, "judgement", "an item of a list of judgements", "council.list")
            return
        if mode in ("improvement", "recommendations"):
            if self._answered(block):
                return
            ref = None if self._place.list_beside else number_of(block.marker)
            self._recommend(block.start, block.end, ref, "council.list")
            self._note(block, "recommendation", "an item of a list of what should improve", "council.list")
        elif mode in ("strengths", "weaknesses", "findings"):
            polarity: Polarity | None = {"strengths": "strength", "weaknesses": "improvement"}.get(mode)  # type: ignore[assignment]
            self._find(block.start, block.end, "council.list", polarity, 0.95)
            self._note(block, "finding", f"an item of a list of {mode}", "council.list")
        elif mode == "actions":
            self._place.answers = self._place.asked
            if len(text.split()) >= 4 and not re.match(r"(?i)(?:the )?(?:report|letter|appendix|annex)", text):
                tail = tail_of(self.document.slice(block))
                self._act(block.start, block.start + tail.end if tail else block.end, "council.list", tail)
                self._note(block, "action", "an item of a list of actions", "council.list")
            else:
                self._note(block, "skipped", "too short to be an action", "council.list")
            self._place.answers = None
        elif self.minutes:
            made = self._sentences(block, after_finding=self._place.listed_finding)  # what will be done is among them
            self._place.listed_finding = "finding" in made
        else:
            self._note(block, "skipped", "an item of a list about method or context", "council.list")

    def _sentences(self, block: Block, *, after_finding: bool = False) -> set[str]:
        """What became of its sentences. ``after_finding``: it goes on with a list whose last item reports one."""
        place = self._place
        goes_on = place.in_list or THEY_SAID.match(self.document.slice(block)) is not None
        place.reporter = place.reporter and goes_on
        made: set[str] = set()
        last_finding = after_finding
        quoting = _QUOTES_LETTER.match(self.document.slice(block)) is not None
        place.announced, place.reporter = quoting, place.reporter or after_finding or quoting
        place.replied, place.answers = False, place.asked
        place.spoken = not self.minutes and SPOKEN.match(collapsed(self.document.slice(block))) is not None
        for start, end in sentences(self.document.text, block.start, block.end):
            if end - start > MAX_SENTENCE:
                continue
            outcome = self._sentence(start, end, follows=last_finding)
            last_finding = outcome == "finding"
            if outcome:
                made.add(outcome)
        place.replied, place.answers, place.spoken = False, None, False
        best = next((kind for kind in ("finding", "recommendation", "action", "judgement") if kind in made), "skipped")
        self._note(
            block,
            best,
            "read sentence by sentence" if made else "no sentence reports a finding or announces an action",
            "council.sentence",
        )
        return made

    def _sentence(self, start: int, end: int, *, follows: bool = False) -> str | None:
        text = collapsed(self.document.text[start:end])
        place = self._place
        if REPORTED.search(text) and re.search(rf"(?i){BODY}", text):
            reporter = True
        else:
            reporter = False
        told = any(a < end and start < b for a, b in self.spans)
        if told:
            place.reporter = place.reporter or reporter
            return "judgement"
        outcome: str | None = None
        if (made := _MADE_INLINE.match(self.document.text[start:end])) is not None:
            self._recommend(start + made.end(), end, None, "council.sentence")
            place.answers = len(self.recommendations) - 1
            return "recommendation"
        place.answers = named_number(text) or place.answers
        if self._recommend_numbered(start, end):
            return "recommendation"
        asks_for = re.search(r"(?i)\bareas? for (?:improvement|development)\b|\brecommendations?\b", text)
        if asks_for and self._recommend_listed(start, end):
            return "recommendation"
        if _ONE_RECOMMENDATION.match(text) and len(text.split()) > 6 and not text.endswith(":"):
            self._recommend(start, end, None, "council.sentence")
            return "recommendation"
        told_of = reporter or place.reporter or place.mode == "findings" or self._in_report_of_findings()
        place.answering = place.answering or EACH_ANSWERED.search(text) is not None
        place.replied = place.replied or (self.minutes and replies(text))
        if (ANNOUNCES.match(text) or SAW_MUCH.match(text)) and told_of:
            place.announced = place.reporter = True
            place.last_mode = mode_said(text)
            return None
        if self.minutes and self._action(start, end):
            outcome = "action"
        elif self._is_finding(text, follows):
            self._find(start, end, "council.sentence", "strength" if place.mode == "strengths" else None, 0.85)
            place.last_mode = mode_said(text)
            outcome = "finding"
        elif self._action(start, end):
            outcome = "action"
        elif LEAD_IMPROVE.search(text) and reporter:
            place.last_mode = "improvement"
        place.reporter = place.reporter or reporter
        return outcome

    def _is_finding(self, text: str, follows: bool) -> bool:
        place = self._place
        if place.spoken:
            return False
        surroundings = Surroundings(
            place.mode,
            place.reporter,
            place.announced,
            self.letter,
            told=bool(self.findings),
            among=self._in_report_of_findings(),
        )
        return reports_finding(text, surroundings, follows=follows)

    def _in_report_of_findings(self) -> bool:
        """Whether the section is about what the letter says: its heading, or findings that it already gave."""
        section = self._place.section or ""
        if re.search(r"(?i)conclusions?|summary|findings|letter|outcome|report", section) and self._place.mode in (
            None,
            "findings",
        ):
            return True
        return bool(self.findings) and self.findings[-1].section == self._place.section

    # --------------------------------------------------------------------------------------------------------- tables

    def _table(self, block: Block) -> None:
        """Strengths beside areas for improvement; other tables are left to plans and judgements."""
        listed = listed_in_table(self.document, block)
        for line, mode in listed:
            if mode == "improvement":
                self._recommend(line.start, line.end, None, "council.table")
            else:
                polarity: Polarity = "strength" if mode == "strengths" else "improvement"
                self._find(line.start, line.end, "council.table", polarity, 0.95)
        if listed:
            self._note(block, "finding", "a table of strengths and areas for improvement", "council.table")
        else:
            self._note(block, "skipped", "a table that is neither a plan nor a list of findings", None)

    # ---------------------------------------------------------------------------------------------------------- items

    def _find(self, start: int, end: int, rule: str, polarity: Polarity | None, score: float) -> None:
        text = collapsed(self.document.text[start:end])
        if not re.search(r"[A-Za-z]{3}", text):
            return
        value, certainty = (polarity, 0.95) if polarity else told_polarity(text)
        self.findings.append(
            Finding(
                text=text,
                evidence=evidence(self.document, start, end),
                made_by=maker(rule, score),
                section=self._place.section,
                polarity=value,
                polarity_score=certainty,
                polarity_made_by=maker("polarity.list" if polarity else "polarity.rule", certainty),
            )
        )

    def _recommend(self, start: int, end: int, ref: str | None, rule: str) -> None:
        text = collapsed(self.document.text[start:end])
        if not re.search(r"[A-Za-z]{3}", text):
            return
        dates = find_dates(text, self.after)
        deadline = re.search(r"(?i)\bby (?:the )?(?:end of )?$", text[: dates[0].start]) if dates else None
        self.recommendations.append(
            Recommendation(
                text=text,
                evidence=evidence(self.document, start, end),
                made_by=maker(rule, 0.9),
                ref=ref,
                section=self._place.section,
                deadline=text[deadline.start() : dates[0].end] if deadline else self._place.deadline,
                deadline_date=timescale_edtf(text[deadline.start() : dates[0].end], self.after) if deadline else None,
            )
        )

    def _answered(self, block: Block) -> bool:
        """A recommendation in quotation marks with what will be done about it behind it."""
        quoted = re.match(r"[“\"‘](?P<text>[^”\"]{20,}?)[”\"’]\s+(?=[A-Z])", self.document.slice(block))
        if quoted is None:
            return False
        ref = number_of(block.marker) if list_family(block.marker) != "sectioned" else None
        self._recommend(block.start + quoted.start("text"), block.start + quoted.end("text"), ref, "council.quoted")
        for start, end in sentences(self.document.text, block.start + quoted.end(), block.end):
            self._action(start, end)
        self._note(block, "recommendation", "quotes a recommendation and answers it", "council.quoted")
        return True

    def _action(self, start: int, end: int) -> bool:
        """Makes an action of a sentence in which the council says what it will do; False where it does not."""
        text = collapsed(self.document.text[start:end])
        if self.letter and _WRITERS_OWN.match(text):
            return False
        points = answered_within(self.document.text[start:end]) if self.minutes or self._place.mode == "actions" else []
        if points and any(
            self._says_what_is_done(collapsed(self.document.text[start + a : start + b])) for _, a, b in points
        ):
            for ref, begin, stop in points:
                self._place.answers = ref
                self._act(start + begin, start + stop, "council.sentence")
            return True
        if not ACTIVE.search(text) and (several := listed_within(self.document.text[start:end])):
            for begin, stop in several:
                self._act(start + begin, start + stop, "council.sentence")
            return True
        answers = isinstance(self._place.answers, int)
        listed = self._place.mode == "actions" or answers
        tail = tail_of(self.document.text[start:end]) if listed else None
        replied = self._place.replied
        planned = announces(
            text, listed=listed, minutes=self.minutes, after=self.after, replies=replied, answers=answers
        )
        if ACTIVE.search(text) or not (planned or (tail is not None and tail.owners)):
            return False
        self._act(start, start + tail.end if tail else end, "council.sentence", tail)
        return True

    def _act(self, start: int, end: int, rule: str, tail: Tail | None = None) -> None:
        text = collapsed(self.document.text[start:end])
        timescale = (tail.timescale if tail else None) or timescale_in(text, self.after)
        self.answers.append((tail.ref if tail else None) or self._place.answers)
        self.actions.append(
            Action(
                text=text,
                evidence=evidence(self.document, start, end),
                made_by=maker(rule, 0.75),
                timescale=timescale,
                date=timescale_edtf(timescale, self._from_when(text, timescale)),
                responsible=(tail.owners if tail else ()) or responsible_in(text),
                section=self._place.section,
            )
        )

    def _from_when(self, text: str, timescale: str | None) -> str | None:
        """From when on a day without a year is read: "came into use on 1 April" was in the year before the paper."""
        before = text[: text.find(timescale)] if timescale else ""
        if self.after is None or len(self.after) < 10 or not _BEGAN.search(before):
            return self.after
        return f"{int(self.after[:4]) - 1}{self.after[4:]}"

    def _note(self, block: Block, outcome: str, reason: str, rule: str | None) -> None:
        self.segments.append(Segment(block.start, block.end, outcome, reason, rule, block.page))


def _says_when(text: str) -> bool:
    """A line that only says when: "For action over the next six months"."""
    return WHEN_TO_ACT.match(text) is not None and len(text.split()) <= 9 and not text.endswith(".")
