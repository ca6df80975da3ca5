"""How specific a recommendation or an action is: five levels by rules that can be told to its author.

A text is asked five questions. Does it name a deed, or only say that something should be better? What about: is there a
topic beyond the words that fit everything? And then who, by when, and how will anybody see that it is done? The level
follows from the answers alone, so the advice on a page is the rule itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from graph.dates import find_dates, timescale_edtf

Element = Literal["owner", "date", "measure"]
ELEMENTS: tuple[Element, ...] = ("owner", "date", "measure")

#: What each level means, lowest first; level 1 is ``LEVELS[0]``.
LEVELS = (
    "too general: it would fit any plan",
    "a direction: it says what should be better, not what will be done",
    "a deed: it says what will be done",
    "a commitment: a deed with two of owner, date and measure",
    "a full commitment: a deed with owner, date and measure",
)
#: Below this level a line is called vague.
VAGUE_BELOW = 3

#: Verbs of deeds: afterwards one can say whether it was done.
_DEEDS = """
abolish add adopt agree allocate amend analyse appoint arrange ask assign audit book brief build buy
chase check circulate clarify close co-ordinate collect commission compile complete conduct confirm
consult contact convene coordinate create cut deliver deploy design develop devise disseminate
distribute draft draw email employ enable equip establish evaluate extend fill fit fund gather hand
hire hold host identify implement include inform inspect install institute interview introduce
invest invite issue join launch lead log mandate map measure meet merge mobilise monitor move
negotiate notify observe offer open organise outline pay phone pilot place plan prepare present
print procure produce provide publish purchase record recruit redesign refer refresh register
reissue relaunch remove rename reorganise repeat replace report require respond restructure review
revise rewrite roll rotate run sample scrutinise secure select send set share sign standardise
start submit survey switch teach test track train transfer trial undertake update upgrade use verify
visit weigh withdraw work write
""".split()
#: Their forms that no rule gives.
_IRREGULAR = dict(
    pair.split("/")
    for pair in (
        "build/built buy/bought cut/cut draw/drawn hold/held lead/led meet/met rewrite/rewritten run/run send/sent "
        "set/set teach/taught undertake/undertaken withdraw/withdrawn write/written submit/submitted map/mapped "
        "fit/fitted plan/planned pay/paid log/logged refer/referred"
    ).split()
)
#: Verbs and nouns that say "better" without saying how, and words that any service could claim.
_GENERAL = frozenset(
    """
    able accordance achieve address all always any approach appropriate appropriately area areas
    arrangement arrangements aspect aspects better brought clear clearly consider consistency
    consistent consistently continue continued continuing councils develop effective effectively
    effectiveness embed embedded enhance enhanced ensure ensured ensuring every excellent explore
    further good greater high higher highest improve improved improvement improvements improving
    increase increased key level levels maintain make making management more must needed needs
    overall performance practice practices process processes promote provision quality raise raised
    relevant rigorous robust robustly secure seek sense service services should standard standards
    strategic strengthen strengthened strengthening strong stronger sufficient support sure sustain
    system systems take taken their there these they timely way ways well work working
    """.split()
)
_FUNCTION = frozenset(
    """
    a about across after against also an and are as at be been being between both by can could do
    each for from had has have how i if in into is it its may might no not of off on or other our
    out over own s shall so such than that the them this those through to under until up upon very
    was we were what when where whether which while who whom whose why will with within without
    would you your
    """.split()
)
_HEDGES = re.compile(
    r"(?i)\b(?:consider(?:ation)?|consideration (?:is|be) given|explore|look (?:at|into)|"
    r"(?:where|as|if|when) (?:appropriate|possible|necessary|practicable|required|needed)|as far as|continue to|"
    r"aim to|seek to|strive to|try to|hope to|work towards)\b"
)
_SENTENCE = re.compile(r"(?:^|(?<=[.;:!?]))\s*(?:[-–•*]|\(?[a-z0-9]{1,3}[.)])?\s*", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z’'-]*|\d+")

#: After one of these an infinitive or imperative follows.
_LEADS = frozenset("and will to should must shall then also we".split())
#: "continue to review", "aim to train": no deed of their own.
_SOFT = frozenset("continue continues aim aims seek seeks try tries hope hopes strive strives able towards".split())

_NUMBER = r"(?:\d+(?:[.,]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)"
_MEASURE = re.compile(
    rf"""(?ix)
    \d+(?:\.\d+)?\s?(?:%|per\s?cent\b)
    | \b(?:at\s+least|no\s+(?:more|fewer|less)\s+than|a\s+(?:maximum|minimum)\s+of|up\s+to)\s+{_NUMBER}
    | \b(?:within|in)\s+{_NUMBER}\s+(?:working\s+|school\s+|calendar\s+)?(?:hours?|days?)\b
    | \bfrom\s+{_NUMBER}\s+to\s+{_NUMBER}\b
    | \b(?:hourly|daily|weekly|fortnightly|monthly|bi-?monthly|termly|quarterly|six[\s-]?monthly|half[\s-]?yearly
        |annually|yearly)\b
    | \b(?:every|each|per|once\s+an?|twice\s+an?)\s+(?:{_NUMBER}\s+)?
        (?:days?|weeks?|fortnight|months?|quarters?|terms?|years?)\b
    | \b(?:measured|evidenced|shown|demonstrated|monitored|verified|tested)\s+(?:by|through|in|against)\b
    | \b(?:targets?|benchmarks?|key\s+performance\s+indicators?|KPIs?|baseline|success\s+criteri(?:a|on))\b
    | \b{_NUMBER}\s+(?:(?!days?\b|weeks?\b|months?\b|years?\b|hours?\b)[a-z-]+\s+){{0,2}}
        (?!days\b|weeks\b|months\b|years\b|hours\b|times\b)[a-z]{{3,}}s\b
    """
)
#: Deadlines that name no calendar date and are deadlines all the same.
_RELATIVE = re.compile(
    rf"(?i)\bimmediate(?:ly)?\b|\bwithin\s+(?:the\s+next\s+)?(?:{_NUMBER}\s+)?(?:weeks?|months?|years?)\b"
    rf"|\b(?:in|after)\s+{_NUMBER}\s+(?:weeks?|months?)\b|\b{_NUMBER}\s+(?:weeks?|months?|years?)\b|\bat\s+once\b"
)
#: "by March 2024", and not the year of the guidance that a text names.
_DUE = re.compile(r"(?i)\b(?:by|before|until|due|from|no later than|(?:end|start|beginning) of|in|on)\s+(?:the\s+)?$")
_POST = (
    r"(?:heads?|directors?|managers?|leads?|leaders?|officers?|chairs?|chairperson|coordinators?|co-ordinators?|"
    r"principal|commissioners?|practitioners?|board|partnership|committee|executive|councillors?|workers?)"
)
_OWNER = re.compile(
    rf"(?i)(?:^|[.;]\s+)(?:the\s+)?(?:[\w’'-]+\s+){{0,6}}{_POST}(?:\s+(?:of|for)\s+(?:[\w’'-]+\s+){{0,5}}[\w’'-]+)?"
    rf"\s+(?:will|to|should|must|shall)\b|\b(?:led|owned|chaired|signed\s+off|done)\s+by\b"
    rf"|\b(?:responsible|lead|owner)\s*:\s*\w"
)


@dataclass(frozen=True, slots=True)
class Specificity:
    """``level`` 1 (too general) to 5; ``deed``: the word that names it, None where there is none; ``has`` and ``lacks``
    part ``ELEMENTS``, in their order; ``reasons``: one sentence each, for the author."""

    level: int
    deed: str | None
    has: tuple[Element, ...]
    lacks: tuple[Element, ...]
    reasons: tuple[str, ...]

    @property
    def vague(self) -> bool:
        return self.level < VAGUE_BELOW

    @property
    def meaning(self) -> str:
        return LEVELS[self.level - 1]


def grade(
    text: str,
    *,
    owners: Sequence[str] = (),
    timescale: str | None = None,
    date: str | None = None,
    measure: str | None = None,
) -> Specificity:
    """The specificity of a line of a plan. ``owners``, ``timescale`` (as printed), ``date`` (EDTF) and ``measure`` are
    what the plan's own columns say beside it."""
    deed, topical = _deed(text), _topic(text)
    found: dict[Element, bool] = {
        "owner": any(owner.strip() for owner in owners) or _OWNER.search(text) is not None,
        "date": date is not None or _dated(timescale) or _due(text),
        "measure": bool(measure and measure.strip()) or _MEASURE.search(text) is not None,
    }
    has = tuple(element for element in ELEMENTS if found[element])
    lacks = tuple(element for element in ELEMENTS if not found[element])
    return Specificity(
        _level(deed, topical, len(has)), deed, has, lacks, tuple(_reasons(text, deed, topical, timescale, lacks))
    )


def _level(deed: str | None, topical: bool, elements: int) -> int:
    if deed is None:
        return 1 if not topical else 3 if elements >= 2 else 2
    if not topical:
        return 2
    return 3 + max(0, elements - 1)


def _reasons(
    text: str, deed: str | None, topical: bool, timescale: str | None, lacks: Iterable[Element]
) -> Iterable[str]:
    if not topical:
        yield "Nothing in it says what it is about: it could stand in any plan."
    if deed is None:
        hedge = _HEDGES.search(text)
        yield (
            f"“{hedge[0]}” promises nothing that could be seen to be done."
            if hedge
            else "It says what should be better, but names no step that could be seen to be done."
        )
    sentences = {
        "owner": "Nobody is named who will do it.",
        "date": f"“{timescale.strip()}” is no date by which it will be done."
        if timescale and timescale.strip()
        else "No date is given by which it will be done.",
        "measure": "Nothing says how anybody will know that it worked: a number, a share, a frequency, a check.",
    }
    yield from (sentences[element] for element in lacks)


def _gerunds(verb: str) -> Iterable[str]:
    yield f"{verb.removesuffix('e')}ing"
    if len(verb) > 2 and verb[-1] not in "aeiouwy" and verb[-2] in "aeiou" and verb[-3] not in "aeiou":
        yield f"{verb}{verb[-1]}ing"


def _participle(verb: str) -> str:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ied"
    return f"{verb}d" if verb.endswith("e") else f"{verb}ed"


_IMPERATIVE = frozenset(_DEEDS)
_GERUND = frozenset(form for verb in _DEEDS for form in _gerunds(verb))
_PASSIVE = frozenset(_participle(verb) for verb in _DEEDS)
#: What stands after an opening word that is a noun: "use of data", "review is late".
_AFTER_NOUN = frozenset("of is are was were has have should must will needs".split())
_MODALS = frozenset("to will shall should must".split())


def _deed(text: str) -> str | None:
    """The first word that names a deed: an imperative or infinitive ("review", "to train"), a gerund that opens a
    sentence ("Reviewing"), or a passive that is still to come ("will be published"). A hedge before it takes it
    away."""
    sentences: list[str] = _SENTENCE.split(text)
    for sentence in sentences:
        words: list[str] = [word.lower() for word in _WORD.findall(sentence)]
        for place, word in enumerate(words):
            noun = place == 0 and len(words) > 1 and words[1] in _AFTER_NOUN
            if not noun and _names_deed(word, words[:place]):
                return word
    return None


def _names_deed(word: str, before: Sequence[str]) -> bool:
    if word in _PASSIVE and len(before) > 1 and before[-1] == "be" and before[-2] in _MODALS:
        return before[-2] != "to" or _intends(before[:-2])
    if not before:
        return word in _IMPERATIVE or word in _GERUND
    if word not in _IMPERATIVE or before[-1] not in _LEADS:
        return False
    if before[-1] == "and":
        return _joins_verbs(before[:-1])
    return (_intends(before[:-1]) and _acts(before[:-1])) if before[-1] == "to" else True


def _joins_verbs(before: Sequence[str]) -> bool:
    """Whether an "and" can join a verb to what stands before: "check X and publish", not "audits and review", nor what
    a clause goes on with ("ensure that audits show and report")."""
    opened = before[0] in _IMPERATIVE or before[0] in _GENERAL_VERBS if before else False
    return opened and not _SUBORDINATE.intersection(before)


def _intends(before: Sequence[str]) -> bool:
    """Whether a "to" opens what somebody is to do ("Head of service to train …") rather than a purpose ("improve
    planning to provide stability"), a complement ("able to use") or part of a clause."""
    soft = bool(before) and before[-1] in _SOFT
    return not soft and not any(
        word in _GENERAL_VERBS or word in _IMPERATIVE or word in _SUBORDINATE for word in before
    )


def _acts(before: Sequence[str]) -> bool:
    """Whether who stands before a "to" can act: nobody (the plan's owner), a few words or initials, or a post or
    body among them; not "the availability of homes to meet needs"."""
    return len(before) <= 3 or any(_BODY.fullmatch(word) for word in before)


_BODY = re.compile(
    _POST + r"|teams?|groups?|panels?|authority|council|department|division|directorate|agency|agencies|partners|staff"
)
_SUBORDINATE = frozenset("that which who whose so if when where whether because to".split())
_GENERAL_VERBS = frozenset(
    "ensure improve strengthen increase enhance embed promote address continue raise maintain reduce consider explore "
    "secure support accelerate tackle take make reinforce drive".split()
)


def _topic(text: str) -> bool:
    """Whether it holds two words that not every plan holds."""
    words = {word.lower().strip("’'-") for word in _WORD.findall(text)}
    telling = {w for w in words if w not in _GENERAL and w not in _FUNCTION and w not in _IMPERATIVE and len(w) > 2}
    return len(telling) >= 2


def _dated(timescale: str | None) -> bool:
    if timescale is None:
        return False
    return (
        timescale_edtf(timescale) is not None or bool(find_dates(timescale)) or _RELATIVE.search(timescale) is not None
    )


def _due(text: str) -> bool:
    return _RELATIVE.search(text) is not None or any(_DUE.search(text[: date.start]) for date in find_dates(text))
