"""Headings that a format does not mark: told by their words, their place and their weight.

Text files and saved pages print headings as short lines in capitals, in bold, or with a number before a title. The same
test serves every format, so that a report says the same whether it was saved as text or by a word processor.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from graph.reading.composition import BULLETS, Draft, squeeze

_SMALL = frozenset(
    "a an and as at by for from in into of on or the to with within per via its their our your & - – / v vs".split()
)
#: What council reports call their parts, whatever the council.
_STOCK = re.compile(
    r"(?i)^(?:(?:executive\s+)?summary|(?:purpose|reason|summary|aim)s?(?:\s+(?:of|for)\s+(?:the\s+)?(?:report|"
    r"decisions?))?|"
    r"introduction|background(?:\s+(?:papers?|information|documents?))?|context|conclusions?|recommendations?|"
    r"(?:key\s+|main\s+)?findings|(?:key\s+|areas?\s+of\s+)?strengths?|areas?\s+for\s+(?:improvement|development|"
    r"priority\s+action)|"
    r"next\s+steps|consultations?|risk(?:s|\s+\w+)?|appendi(?:x|ces)(?:\s+\w+)?|annex(?:e)?\s*\w*|"
    r"(?:financial|legal|equality|equalities|resource|staffing|other|policy|human\s+rights)(?:\s+(?:and|"
    r"&)\s+\w+)?\s+implications|"
    r"implications.*|options.*|what\s+needs\s+to\s+improve|overall\s+(?:effectiveness|judge?ment))[.:]?$"
)
_MAX_WORDS = 14


def mark_headings(drafts: Sequence[Draft]) -> list[Draft]:
    """Paragraphs and numbered lines that head what follows become headings; the rest is left as it is."""
    marked: list[Draft] = []
    number = 0
    for index, draft in enumerate(drafts):
        following = next((d for d in drafts[index + 1 : index + 2]), None)
        previous = marked[-1] if marked else None
        if (draft.kind == "paragraph" and _heads(draft)) or (
            draft.kind == "list_item"
            and (_numbered_heading(draft, previous, following) or _goes_on(draft, number, previous, following))
        ):
            marked.append(replace(draft, kind="heading", level=_level(draft)))
            number = _whole_number(draft.marker) or number
        else:
            marked.append(draft)
    return marked


def _heads(draft: Draft) -> bool:
    text = squeeze(draft.text)
    words = text.split()
    if not words or len(words) > _MAX_WORDS or len(text) > 110 or not re.search(r"[A-Za-z]{2}", text):
        return False
    if _STOCK.match(text):
        return True
    if _is_label_value(text) or re.search(r"[.;,]$", text):
        return False
    if is_capitals(text):
        return not text.endswith(":") or len(words) <= 8
    if text.endswith(":"):
        return draft.bold and len(words) <= 8
    if draft.bold:
        return True
    return len(words) <= 10 and _title_case(words) and not _ends_open(text) and not re.search(r"\d{4,}|@", text)


def _numbered_heading(draft: Draft, previous: Draft | None, following: Draft | None) -> bool:
    text = squeeze(draft.text)
    words = text.split()
    marker = draft.marker or ""
    if not re.match(r"\(?(?:\d|[A-Z][.)]|[IVX]+[.)])", marker) or len(words) > _MAX_WORDS or len(text) > 110:
        return False
    if re.fullmatch(r"\d{1,2}\.0\.?", marker):
        return True
    if _STOCK.match(text) or (is_capitals(text) and len(text) > 3 and not text.endswith(".")):
        return True
    if re.search(r"[.;:,]$", text) or _is_label_value(text):
        return False
    if draft.bold or _numbers_below(draft, following):
        return True
    if _in_list_of_phrases(draft, previous) or (following is not None and _in_list_of_phrases(draft, following)):
        return False
    return len(words) <= 10 and _title_case(words)


def _whole_number(marker: str | None) -> int | None:
    found = re.fullmatch(r"(\d{1,2})\.?", marker or "")
    return int(found[1]) if found else None


def _goes_on(draft: Draft, number: int, previous: Draft | None, following: Draft | None) -> bool:
    """Whether a short numbered line is the next of a paper's numbered headings: three of them precede it, no list."""
    text = squeeze(draft.text)
    return (
        number >= 3
        and _whole_number(draft.marker) == number + 1
        and len(text.split()) <= 9
        and text[:1].isupper()
        and not re.search(r"[.;:,]$", text)
        and not (_in_list_of_phrases(draft, previous) and _whole_number(previous.marker if previous else None))
        and following is not None
        and not _in_list_of_phrases(draft, following)
    )


def _numbers_below(draft: Draft, following: Draft | None) -> bool:
    """Whether the next line's number is one below: what stands before 2.1 is the heading 2."""
    number = (draft.marker or "").strip(".)")
    return following is not None and bool(number) and (following.marker or "").startswith(f"{number}.")


def _in_list_of_phrases(draft: Draft, neighbour: Draft | None) -> bool:
    """Whether the neighbour is a short item of the same list: then both are items, not headings."""
    if neighbour is None or neighbour.kind != "list_item" or neighbour.level != draft.level:
        return False
    if (neighbour.marker or "")[:1] in BULLETS or _depth(neighbour.marker) != _depth(draft.marker):
        return False
    return len(squeeze(neighbour.text).split()) <= _MAX_WORDS


def _depth(marker: str | None) -> int:
    return (marker or "").strip(".)").count(".")


def _level(draft: Draft) -> int:
    if draft.marker and re.match(r"\d", draft.marker):
        return min(6, 2 + _depth(re.sub(r"\.0\.?$", "", draft.marker)))
    return 2 if is_capitals(draft.text) else 3


def is_capitals(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return len(letters) >= 3 and sum(char.isupper() for char in letters) >= 0.85 * len(letters)


def _title_case(words: list[str]) -> bool:
    content = [word.strip("'‘’\"“”()[],:") for word in words]
    content = [word for word in content if word and word.lower() not in _SMALL]
    if not content or not words[0].strip("'‘’\"“”(")[:1].isupper():
        return False
    capital = sum(word[0].isupper() or word[0].isdigit() for word in content)
    return capital >= 0.8 * len(content) and any(word.isalpha() for word in content)


def _is_label_value(text: str) -> bool:
    """ "Author: A. Name", "Telephone 01234": a line of a report's front page."""
    return bool(re.match(r"[A-Z][\w /’'()-]{0,40}:\s*\S", text) or re.search(r"\d{5}|\bTel\b", text))


def _ends_open(text: str) -> bool:
    return text.split()[-1].lower() in _SMALL
