"""The people and the time that a line of a plan gives behind the action itself.

Plans written as lists have no columns for them: "Train all managers - AB - by June 2009", "Train all managers (AB, June
2009)", "Train all managers. Lead: AB. By when: June 2009".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from graph.extraction.owners import people_in, split_owners
from graph.extraction.plan_columns import Role, is_time, role_of

_SEPARATOR: Final = re.compile(r"\s+[-–—|]\s+|\s*\t\s*")
_BRACKET: Final = re.compile(
    r"\s*[(\[](?P<inside>[^()\[\]]{2,90}(?:\([^()]*\)[^()\[\]]{0,40})?)[)\]]\s*"
    r"(?:\.?\s*$|(?P<more>[–—:-]\s+\S.*$)|(?P<when>[^()\[\]]{2,45}$))"
)
_LABEL: Final = re.compile(r"(?:^|(?<=[.;,)–-]\s)|(?<=\s))(?P<label>[A-Z][a-z]+(?: [a-z]+){0,2})\s*:\s*(?=\S)")
_REF: Final = re.compile(
    r"(?i)(?:rec(?:ommendation)?|area|afi|requirement|priority)\.?\s*(?P<ref>\d{1,2}(?:\.\d+)*|[A-Z])"
)
#: "Council (Designated Nurse), by 29 June: revise the strategy".
_FIRST: Final = re.compile(r"(?P<people>[A-Z][^:]{2,160}?),\s+(?P<when>[^,:]{2,45}):\s+(?=(?:\S+\s+){2}\S)")
_BY: Final = re.compile(r"(?i)\s+(?=(?:by|from|before|until|in)\s+(?:the\s+|end\b|early\b|late\b|mid\b)?[\w’']+)")


@dataclass(frozen=True, slots=True)
class Tail:
    """``end``: where the action ends within its line; ``owners`` and ``timescale`` as printed behind it."""

    end: int
    owners: tuple[str, ...] = ()
    timescale: str | None = None
    ref: str | None = None
    """The recommendation that the action answers, where the tail says so: "(rec. 4; by June, AB)"."""


def tail_of(text: str) -> Tail | None:
    """What stands behind the action in ``text``; None where nothing does."""
    return _labelled(text) or _bracketed(text) or _separated(text)


def people_and_time(text: str) -> Tail | None:
    """A cell that gives both: "Head of Housing, from April 2007"; None where it gives not both."""
    tail = _classified(re.split(r"\s*[,;]\s*|\s+[-–—]\s+", text)) if text else None
    return tail if tail is not None and tail.owners and tail.timescale else None


def labels_in(text: str) -> list[tuple[Role, int, int, int]]:
    """The labels of owners, times and the like within a line: role, where the label begins, and its value's span."""
    found = [(label, role_of(label["label"])) for label in _LABEL.finditer(text)]
    known = [(label, role) for label, role in found if role in ("owner", "timescale", "status", "success")]
    spans: list[tuple[Role, int, int, int]] = []
    for position, (label, role) in enumerate(known):
        assert role is not None
        end = known[position + 1][0].start() if position + 1 < len(known) else len(text)
        value = text[label.end() : end].rstrip(" .;,–-()[]")
        spans.append((role, label.start(), label.end(), label.end() + len(value)))
    return spans


def _labelled(text: str) -> Tail | None:
    labels = labels_in(text)
    if not labels or len(text[: labels[0][1]].split()) < 3:
        return None
    values = {role: text[start:end].lstrip(" ([") for role, _, start, end in labels}
    owners = split_owners([values["owner"]]) if "owner" in values else ()
    return Tail(len(text[: labels[0][1]].rstrip(" .;,–-([")), owners, values.get("timescale") or None)


def _bracketed(text: str) -> Tail | None:
    found = _BRACKET.search(text)
    if found is None or len(text[: found.start()].split()) < 3:
        return None
    if found["when"]:
        return _owned(found["inside"], found["when"], found.start())
    tail = _classified(re.split(r"\s*[,;]\s*|\s+[-–—]\s+", found["inside"].strip()))
    if tail is None or (tail.timescale is None and _abbreviates(found["inside"], text[: found.start()])):
        return None
    if found["more"] and tail.timescale is None:
        return None
    return replace(tail, end=found.start())


def _owned(people: str, when: str, end: int) -> Tail | None:
    """ "(Head of Performance) by 30 September": people in brackets, the time behind them."""
    when = when.strip(" .–—-")
    owners = people_in(people)
    return Tail(end, owners, when) if owners and is_time(when) else None


def owned_first(text: str) -> tuple[int, Tail] | None:
    """Where the action begins behind the people and the time that a line gives first; None for any other line."""
    found = _FIRST.match(text)
    tail = _owned(found["people"], found["when"], len(text)) if found is not None else None
    return (found.end(), tail) if found is not None and tail is not None else None


def line_of_tail(text: str) -> Tail | None:
    """A line that holds nothing but the people and the time of the action above it; None for any other."""
    found = re.fullmatch(r"\((?P<people>[^()]{2,90})\)(?P<when>[^()]{0,45})\.?", text)
    if found is None:
        return None
    if found["when"].strip():
        return _owned(found["people"], found["when"], 0)
    owners = people_in(found["people"])
    return Tail(0, owners) if owners else None


def _separated(text: str) -> Tail | None:
    cuts = list(_SEPARATOR.finditer(text))
    best: Tail | None = None
    for cut in reversed(cuts[-3:]):
        if len(text[: cut.start()].split()) < 3:
            break
        tail = _classified([part.strip(" .") for part in _SEPARATOR.split(text[cut.end() :])])
        if tail is None:
            break
        best = replace(tail, end=cut.start())
    return best


def _classified(parts: list[str]) -> Tail | None:
    """The parts as owners and one time; None where one is neither, or where both are missing."""
    owners: list[str] = []
    timescale: str | None = None
    ref: str | None = None
    for part in parts:
        if ref is None and (named := _REF.fullmatch(part)) is not None:
            ref = named["ref"]
            continue
        pieces = _BY.split(part, maxsplit=1) if not is_time(part) else [part]
        for piece in pieces:
            words = len(piece.split())
            people = people_in(piece)
            if words <= 8 and is_time(piece) and timescale is None:
                timescale = piece
            elif words <= 12 and people:
                owners.extend(people)
            else:
                return None
    return Tail(0, tuple(dict.fromkeys(owners)), timescale, ref) if owners or timescale else None


def _abbreviates(inside: str, before: str) -> bool:
    """Whether a bracket gives the initials of the words before it."""
    letters = re.sub(r"[^A-Za-z]", "", inside).casefold()
    words = [
        word for word in re.findall(r"[A-Za-z][\w’'-]*", before) if word.lower() not in ("of", "and", "for", "the")
    ]
    return "".join(word[0] for word in words[-len(letters) :]).casefold() == letters
