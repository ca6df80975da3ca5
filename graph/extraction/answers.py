"""How a paper in prose answers recommendations: which one a paragraph answers, which actions a sentence lists."""

from __future__ import annotations

import re
from typing import Final

from graph.extraction.announced import announces
from graph.extraction.evidence import collapsed
from graph.extraction.modes import ASKS_OF_SERVICES, OFFICER_SAID
from graph.extraction.sentences import sentences
from graph.model import Block, ReadDocument

_MATTERS: Final = (
    r"(?:recommendations?|areas?|requirements?|points?|findings?|concerns?|issues?|matters?|weakness(?:es)?)"
)
_RESPONDING: Final = (
    r"(?:respon(?:se|ses|ding)|answers?|answered|reply|replies|done|doing|act(?:ion|ions|ing|ed)|progress)"
)
#: "I set out each of them with our response", "the recommendations and what has been done about each".
EACH_ANSWERED: Final = re.compile(
    rf"(?i)\b(?:each|every)(?: one)?(?: of)?\s+(?:the |these |those |its |"
    rf"their )?(?:\w+ ){{0,3}}?(?:{_MATTERS}|them|which)\b"
    rf"[^.]{{0,60}}\b{_RESPONDING}\b|"
    rf"\b{_RESPONDING}\b[^.]{{0,40}}\b(?:to|on|about|against|for|under|below)\s+each(?:\s+one)?(?=[.,;]|"
    rf"\s+(?:of\s+)?(?:the\s+|these\s+|them\b|its\s+)?(?:\w+\s+)?{_MATTERS}\b|\s+of\s+them\b)|"
    rf"\b{_MATTERS}\b[^.]{{0,40}}\b(?:with|and|together with)\s+(?:our|the (?:council|authority|"
    rf"department|service)[’']s)"
    rf"\s+(?:\w+ )?(?:response|answer|reply)\b"
)
#: "Recommendation 2: The council should ...".
NAMES_ITSELF: Final = re.compile(
    r"(?i)(?:(?:ofsted|csci|ssi|cqc|hmip?|inspect\w+)[’']?s? )?(?:recommendation|requirement|"
    r"area (?:for|of) (?:priority action|improvement|development))\s+(?:no\.?\s*)?(?P<ref>\d{1,2}(?:\.\d+)*|[A-Z])\s*"
    r"(?:[:.–—-]|\t)\s*(?P<text>(?=(?:\S+\s+){3}\S).+)"
)
_OF_NUMBER: Final = re.compile(
    r"(?i)^(?:as regards|as to|in (?:relation|response|respect|answer|regard) (?:to|of)|with (?:regard|respect) to|"
    r"regarding|concerning|turning to|on|for|under|to (?:meet|address|answer))\s+"
    r"(?:(?:recommendations?|areas?(?: for (?:improvement|development))?|requirements?|points?|items?|paragraphs?)\s+)?"
    r"(?:no\.?\s*)?(?P<ref>\((?:\d{1,2}(?:\.\d+)*|[a-z]|[ivx]{1,4})\)|"
    r"\d{1,2}(?:\.\d+)*(?=,|:| above)|(?<=\w\s)[A-Z](?=:))"
)
_RECOMMENDATION_NUMBER: Final = re.compile(
    r"(?i)^(?:recommendation|area(?: for (?:improvement|development))?|"
    r"requirement)\s+(?P<ref>\d{1,2}(?:\.\d+)*|[A-Z]\b)"
    r"(?=[^\w.]|\s)"
)
#: What a list of actions within one sentence begins with.
_ACTIONS_LEAD: Final = re.compile(
    r"(?i)\b(?:actions?|steps|measures|tasks|commitments|changes)\b[^:;.]{0,80}?(?:"
    r":\s*|\b(?:are|were|is|have been (?:\w+ )?|include|included)\s+(?=to\s+[a-z]))"
)
_WE_LEAD: Final = re.compile(
    r"(?i)\b(?:we|(?:the|our) (?:council|authority|department|directorate|service|partnership|board|team)s?|officers|"
    r"managers)\s+(?:\w+ly )?(?:will|has|have|is|are|shall|plans? to|intends? to)(?: also| now| therefore)?:\s*"
)
_ASKS_LEAD: Final = re.compile(
    r"(?i)(?:\b(?:are|were|has|have|makes?|made|gives?|gave|adds?|added|names?|named|lists?|listed)\b[^.:;]{0,60}?"
    r"(?::|,? namely,?))\s+(?=\w)"
)
_IS_TO: Final = re.compile(
    r"(?i)\brecommendation\s+(?P<ref>\d{1,2}(?:\.\d+)*|[A-Z]\b)[^.;:]{0,40}?\s(?:(?:is|was)\s+)?(?:to|that)\s+"
    r"(?P<text>\w[^.;:]{15,}?)(?=[.;]|,?\s+(?:and|while)\s+recommendation\s|$)"
)
_POINT: Final = re.compile(
    r"(?:[;,]?\s*(?:and\s+)?(?:that\s+)?)(?<!\w)(?:as to|as regards|with regard to|in respect of|regarding|on)\s+"
    r"(?P<ref>\((?:[ivx]{1,4}|[a-z]|\d{1,2})\)),?\s+(?:that\s+)?"
)
_COUNTED: Final = ("two", "three", "four", "five", "six", "seven", "eight")


def named_number(text: str) -> str | None:
    """The number of the recommendation that a paragraph says it answers: "As regards (ii), ..."."""
    found = _OF_NUMBER.match(text) or _RECOMMENDATION_NUMBER.match(text)
    return found["ref"].strip("()") if found else None


def answered_within(text: str) -> list[tuple[str, int, int]]:
    """What one sentence answers point by point ("as to (i) a manager authorises each; that as to (ii) ..."): number,
    start and end of each answer; none where it answers fewer than two."""
    points = list(_POINT.finditer(text))
    if len(points) < 2:
        return []
    ends = [following.start() for following in points[1:]] + [len(text.rstrip(" ."))]
    spans = [(point["ref"].strip("()"), point.end(), end) for point, end in zip(points, ends, strict=True)]
    return spans if all(len(text[start:end].split()) >= 3 for _, start, end in spans) else []


def asked_within(text: str) -> list[tuple[int, int]]:
    """The spans of what one sentence asks for after a colon or "namely"; none where it lists fewer than two."""
    lead = _ASKS_LEAD.search(text)
    if lead is None:
        return []
    end = len(text.rstrip(" ."))
    cut = re.compile(r"\s*;\s*(?:and\s+)?") if ";" in text[lead.end() :] else re.compile(r",\s+and\s+")
    cuts = list(cut.finditer(text, lead.end(), end))
    begins = [lead.end(), *(each.end() for each in cuts)]
    spans = list(zip(begins, [*(each.start() for each in cuts), end], strict=True))
    return spans if len(spans) >= 2 and all(len(text[a:b].split()) >= 4 for a, b in spans) else []


def numbered_within(text: str) -> list[tuple[str, int, int]]:
    """Recommendations that a sentence gives by their numbers: "Recommendation 2 is to reduce ...", with its span."""
    return [(each["ref"], each.start("text"), each.end("text")) for each in _IS_TO.finditer(text)]


def listed_within(text: str) -> list[tuple[int, int]]:
    """The spans of the actions that one sentence lists; none where it lists fewer than two."""
    lead = _ACTIONS_LEAD.search(text) or _WE_LEAD.search(text)
    if lead is None or lead.end() >= len(text):
        return []
    start = lead.end()
    pattern = next((each for each in _separators(text[:start], text[start:]) if each is not None), None)
    if pattern is None:
        return []
    spans: list[tuple[int, int]] = []
    begin = start
    for cut in pattern.finditer(text, start):
        spans.append((begin, cut.start()))
        begin = cut.end()
    spans.append((begin, len(text)))
    whole = all(len(text[a:b].split()) >= 3 for a, b in spans)
    return spans if len(spans) >= 2 and whole else []


def _separators(lead: str, items: str) -> list[re.Pattern[str] | None]:
    """What sets the items apart: semicolons; the "to" that each begins with; commas, where the lead counts them."""
    semicolon = re.compile(r"\s*;\s*(?:and\s+)?") if ";" in items else None
    infinitive = None
    if re.match(r"(?i)to\s+[a-z]", items):
        infinitive = re.compile(r"(?i)(?:\s*,\s*(?:and\s+)?|\s+and\s+)(?=to\s+[a-z]+\b)")
        infinitive = infinitive if infinitive.search(items) else None
    count = next((n for n, word in enumerate(_COUNTED, 2) if re.search(rf"(?i)\b{word}\b", lead)), 0)
    comma = re.compile(r"(?:\s*,\s*(?:and\s+)?|\s+and\s+)")
    exact = comma if count and len(comma.findall(items)) == count - 1 else None
    return [semicolon, infinitive, exact]


class Answered:
    """The recommendations of a paper that stand bare, each above the paragraph that answers it."""

    def __init__(self, document: ReadDocument, after: str | None) -> None:
        self._document, self._after = document, after
        blocks = document.blocks
        pairs = [at for at in range(len(blocks) - 1) if self._is_bare(blocks[at]) and self._answers(blocks[at + 1])]
        self.bare: Final = frozenset(pairs if len(pairs) >= 2 else ())

    def _is_bare(self, block: Block) -> bool:
        """One sentence that asks a service for something; "4." or a bullet before it would make it one of a list."""
        text = collapsed(self._document.slice(block))
        if block.table is not None or block.kind == "heading" or not ASKS_OF_SERVICES.match(text):
            return False
        single = len(list(sentences(self._document.text, block.start, block.end))) == 1
        return single and 4 <= len(text.split()) <= 60 and not text.endswith(":")

    def _answers(self, block: Block) -> bool:
        if block.table is not None or block.kind == "heading" or self._is_bare(block):
            return False
        spans = sentences(self._document.text, block.start, block.end)
        texts = [collapsed(self._document.text[start:end]) for start, end in spans]
        return any(announces(text, listed=True, minutes=False, after=self._after) for text in texts)


def replies(text: str) -> bool:
    """Whether in minutes an officer tells what is done."""
    return OFFICER_SAID.match(text) is not None or _NAMED_SAID.match(text) is not None


_NAMED_SAID: Final = re.compile(
    r"(?:In (?:reply|response|answer)[^,]{0,60},\s+)?(?:(?:Mr|Mrs|Ms|Miss|Dr)\.?|[A-Z]{2,4})\s+(?:[A-Z][\w’'-]+\s+)?"
    r"(?:replied|explained|confirmed|said|advised|reported|added|assured|stated|responded|told)\b"
)
