"""Whether a finding praises or finds wanting, by cue words, contrast and the section that it stands in.

A trained classifier may overrule it (``indexer.polarity``); this rule needs no model and explains itself.
"""

from __future__ import annotations

import math
import re
from typing import Final

from graph.extraction.sentences import sentences
from graph.model import Polarity

_NEGATIVE: Final = re.compile(
    r"""(?ix)\b(?:
      (?:is|are|was|were|do|does|did|has|have|had|been|can|could|will|would)(?:\s+\w+ly)?(?:\s+not
        |n[’']t)\b(?!\s+only)(?:\s+\w+){0,4}
    | not\s+(?:yet|always|consistently|sufficiently|routinely|all|enough|every|well|good|clear|fully|effective\w*
      |timely|in\s+place|as|currently|being|been|met|receiv\w+|know|have|able)(?:\s+\w+){0,3}
    | cannot(?:\s+\w+){0,3} | unable(?:\s+\w+){0,3} | never
    | too\s+(?:many|few|long|slow\w*|often|variable|late|high|low|much|little|reliant|soon|narrow|focused
      |infrequent\w*|weak|early|lengthy|optimistic|large|small|limited|short|inconsistent|complex|generic)
    | delay(?:s|ed|ing)? | lack(?:s|ed|ing)? | insufficient\w* | inconsisten\w+ | variab\w+ | varied | varies
      | poor(?:ly|er)? | weak(?:ness\w*|er)?
    | inadequa\w+ | limited | gaps? | shortfalls? | drift(?:ing)? | fail(?:s|ed|ing|ings|ure|ures)? | deficit\w*
      | deficien\w+
    | (?:need|needs|needed|require|requires|required)\s+(?:to\s+(?:be\s+)?|further\s+|more\s+|urgent\s+
      |significant\s+)?(?:improv\w+|strengthen\w*|develop\w*|do\s+(?:more|better)|ensure|address\w*|attention|work
      |embed\w*|further|better|quicker)
    | (?:further|more)\s+(?:work|to\s+do|needs?\s+to|could|is\s+needed|is\s+required|improvement
      |development)(?:\s+\w+){0,2}
    | (?:yet\s+to|still\s+to)\s+\w+ | remains?\s+(?:a\s+)?(?:challenge|issue|concern|too|high|low|area)\w*
    | less\s+(?:strong|well|effective\w*|consistent\w*|clear|developed|positive|likely|robust|timely|good|thorough\w*
      |evident|successful|able|impact\w*|favourabl\w*)
    | unclear | under-?\s?develop\w+ | un(?:satisfactory|suitable|regulated|registered|acceptab\w+|met|necessar\w+
      |even|reliable|aware|assessed|manageable|safe|planned|stable|recorded|allocated|seen)
    | ineffective\w* | inappropriate\w* | inaccura\w+ | incomplete | infrequent\w* | irregular\w*
      | (?:not\s+)?slow(?:er|ly)? | backlogs? | wait(?:s|ing)?\b(?!\s+lists?\s+(?:have|has)\s+(?:reduced|fallen))
      | missed
    | absence\s+of | absent | rarely | seldom | out\s+of\s+date | late\b | overly | declin\w+ | deteriorat\w+
      | decreas\w+\s+in\s+quality | risk\s+of\s+harm\s+is
    | confus\w+ | frustrat\w+ | struggl\w+ | difficult(?:y|ies)?\b | obstacles? | barriers? | hamper\w* | hinder\w*
      | undermin\w+ | inhibit\w* | disjointed | fragment\w+
    | (?:small\s+)?minority | a\s+few\b | (?:a\s+)?(?:small\s+)?number\s+of\s+(?:cases|children|young|care|plans
      |assessments) | in\s+some\s+cases | for\s+some\s+(?:children|young|care|families)? | some\s+(?:children|plans
      |assessments|records|care\s+leavers|young\s+people|families|foster\s+carers|staff|social\s+workers|cases)
      | occasionally | on\s+occasions?
    | high\s+(?:caseloads|turnover|vacancy|number|numbers|rate|rates|proportion)\b | high(?:er)?\s+than | (?:lower
      |below|worse)\s+(?:than)? | no\s+(?:evidence|clear|effective|systematic|formal|strateg\w+|consistent
      |overarching|oversight|process\w*|single|information|analysis|plan|plans|robust)
    | significant\s+(?:concern\w*|challenge\w*|weakness\w*|delay\w*) | concerns?\s+(?:about|that|remain)
      | challenges\b | left\s+(?:at\s+risk|in|without) | at\s+risk\s+of\s+harm\s+(?:for|because) | overdue
      | unresolved | crisis | disproportionate
    | needs?\s+(?:better|more|greater|improved|stronger|quicker|closer|fuller)\b
    | needs?\s+to\s+(?:be\s+)?(?:better|quicker|stronger|more|improve\w*|do|offer|develop\w*|strengthen\w*)
    | widen(?:s|ed|ing) | worsen\w* | compromis(?:es|ed) | sluggish | over-?\s?(?:optimistic|reliant|reliance)
    | under\s+developed | under-?(?:identified|used|resourced|represented) | inequit\w+ | lottery
    | (?:is|are|was|were|remains?|remained)\s+(?:too\s+|very\s+|still\s+)?low\b
    | prov(?:es|ing|ed)\s+(?:a\s+)?challeng\w+
    | bed[\s-]and[\s-]breakfast\s+accommodation\s+for | longer\s+than\s+(?:necessary|they\s+should|it\s+should)
    | lost\s+(?:faith|confidence|contact) | depends?\s+(?:too\s+much\s+)?on\s+(?:who|where|which)
    | areas?\s+(?:of\s+practice\s+)?(?:for|needing|requiring|in\s+need\s+of)\s+(?:further\s+)?(?:improvement
      |development)
    | could\s+(?:be|do|have|usefully|further) | should\s+(?:be|have) | miss\s+out | lengthy | lost\s+in
    )\b"""
)
_POSITIVE: Final = re.compile(
    r"""(?ix)\b(?:
      good | effective\w* | well | strong\w* | strengths? | strengthen(?:ed|s|ing) | excellent | outstanding
        | thorough\w* | timely | appropriate\w* | clear(?:ly)?
    | improv(?:ed|es|ing|ements?) | positiv\w+ | success\w* | benefit(?:s|ed|ing)? | robust\w* | comprehensive\w*
      | impressive\w* | skil(?:l|led|ful\w*)\w* | sensitiv\w+
    | prompt(?:ly)? | swift(?:ly)? | quick(?:ly)? | high[\s-]quality | high\s+(?:standard\w*|priority|aspirations
      |expectations|level\s+of\s+(?:support|commitment)) | committed | commitment | ambiti\w+ | dedicated | tenac\w+
      | passionate | proactive\w* | purposeful | meaningful\w*
    | (?:make|makes|making|made)\s+(?:a\s+)?(?:real\s+|tangible\s+|demonstrable\s+|significant\s+
      |positive\s+)*(?:difference|progress) | support(?:ive|s|ed)? | helpful | creativ\w+ | innovativ\w+
      | confiden\w+ | progress(?:ed|ing)? | valu(?:ed|able)
    | suitabl\w+ | carefully | consistently | regular(?:ly)? | rigorous\w* | detailed | aspirational | thriv\w+
      | proud | enjoy\w* | stable | stability | safe(?:r|ly)? | protected | responsive | coordinated
      | collaborative\w* | embedded | mature | decisive | proportionate | visible | warm\w* | praise\w*
      | celebrat\w+ | reduc(?:e|ed|es|ing|tion) | tailored | child[\s-]cent(?:red|red) | child[\s-]focused
      | insight\w* | flexib\w+ | resilien\w+ | enthusias\w+ | know\s+(?:their|children|the) | understand
      | understood | accura\w+ | exemplary | exceptional\w* | superb | sound | achiev\w+ | seen\s+alone | listen\w*
      | help(?:s|ed|ing)? | actively | diligent\w* | ensures? | enabl\w+ | increas(?:ed|ing)\s+(?:number|range
      |investment|capacity|stability)
    )\b"""
)
_BUT: Final = re.compile(
    r"(?i)\b(?:but|however|although|though|while|whilst|despite|nevertheless|yet|except|unless|whereas|in spite of"
    r"|notwithstanding)\b"
)
_CONCESSION: Final = re.compile(
    r"(?i)^(?:however, |nevertheless, )?(?:although|though|while|whilst|despite|in spite of|notwithstanding)\b[^,]*,\s*"
)
_TRAILING: Final = re.compile(
    r"(?i)[,;–-]?\s*(?:\bbut\b|\balthough\b|\bthough\b|\bhowever\b|\bwhereas\b|\bexcept\b)\s*"
)

_WANTING_SECTION: Final = re.compile(
    r"(?i)need(?:s)? to (?:do better|improve)|areas? for|weakness|requires? improvement|inadequate"
)
_PRAISING_SECTION: Final = re.compile(
    r"(?i)\bstrengths?\b(?!.*weakness)|that is effective|doing well|is (?:good|outstanding) because|what is working"
)

_GRADE_BIAS: Final = {
    "outstanding": 0.35,
    "good": 0.2,
    "requires-improvement": -0.15,
    "adequate": -0.1,
    "satisfactory": 0.0,
    "inadequate": -0.4,
    "send-systemic-failings": -0.4,
    "send-typically-positive": 0.25,
}


_TURNED: Final = re.compile(
    r"(?i)\b(?:avoid\w*|prevent\w*|minimis\w*|reduc\w*|address\w*|tackl\w*|overcom\w*|mitigat\w*|without"
    r"|no)\s+(?:\w+\s+){0,2}?"
    r"(?:delays?|drift|gaps?|shortfalls?|weakness\w*|backlogs?|waiting|poor|unnecessary|areas for improvement"
    r"|barriers?)\b"
    r"|\b(?:drift|delays?|gaps?|backlogs?|risks?)\s+(?:is|are|was|were|has been|have been)\s+(?:\w+\s+)?(?:avoided"
    r"|reduced|minimised|prevented|closing|narrowing)\b|\bnot preventing\b|\brare(?:ly)? (?:used|needed)\b|\bgaps? "
    r"(?:\w+ ){0,6}(?:closing|narrow\w*)\b|\bno (?:\w+ ){0,3}(?:waiting|unallocated)\b|\breduction in the (?:number|"
    r"proportion)\b[^.;,]{0,60}"
)
"""Trouble that is kept away is praise."""
_PAST_GRADE: Final = re.compile(
    r"(?i)(?:,? ?(?:which|when|where|that)\b[^,.]{0,40})?\bjudged\b[^,.]{0,40}\b(?:inadequate|require[sd]? "
    r"improvement(?: to be good)?|adequate|good)\b"
)
"""The grade of an earlier inspection is not today's."""
_AWARE: Final = re.compile(
    r"(?i)^(?:(?:senior |local area |area |political )?(?:leaders?|managers?|officers?)|the (?:local authority"
    r"|council|authority|partnership|board)|they|this)"
    r"(?: \w+){0,4} (?:recogni[sz]\w*|aware|acknowledg\w*|identified|know that|plan(?:s|ning)? to|(?:took|taken"
    r"|taking) (?:\w+ )*action|reviewing|a priority)\b"
)
"""A sentence that says what is being done about a shortfall: it neither praises nor blames much."""


def rule_polarity(text: str, section: str | None = None, section_grade: str | None = None) -> tuple[Polarity, float]:
    """(polarity, score): ``section`` is the heading above the finding, ``section_grade`` the concept of the grade given
    to that section. The score, in [0.5, 1), says how far the balance of praise and criticism lies from the nearest
    border between two polarities."""
    spans = list(sentences(text, 0, len(text)))
    bias = _bias(section, section_grade)
    praise = blame = total = 0.0
    for index, (start, end) in enumerate(spans):
        sentence = _TURNED.sub(" well ", _PAST_GRADE.sub(" ", text[start:end]))
        weight = math.sqrt(end - start) * (0.4 if index and _AWARE.search(sentence) else 1.0)
        for share, balance in _clauses(sentence):
            tipped = max(-1.0, min(1.0, balance + bias))
            praise += share * weight * max(tipped, 0.0)
            blame += share * weight * max(-tipped, 0.0)
        total += weight
    if re.match(r"However|Nevertheless", text):
        praise *= 0.6
    strength = (praise - blame) / (total or 1.0)
    share = blame / (praise + blame) if praise + blame else 0.5
    if share <= _STRENGTH_BELOW and strength > 0.05:
        return "strength", _score(_STRENGTH_BELOW - share)
    if share >= _IMPROVEMENT_FROM and strength < -0.05:
        return "improvement", _score(share - _IMPROVEMENT_FROM)
    if praise + blame < 0.15 * (total or 1.0):
        return ("improvement", 0.55) if bias < 0 else ("strength", 0.55)
    return "mixed", 0.6


_STRENGTH_BELOW: Final = 0.22
_IMPROVEMENT_FROM: Final = 0.7
"""Shares of blame in all that is said between which a finding is mixed."""


def _score(distance: float) -> float:
    return round(min(0.97, 0.6 + 0.6 * distance), 3)


def _bias(section: str | None, grade: str | None) -> float:
    bias = _GRADE_BIAS.get(grade or "", 0.0)
    if section and _WANTING_SECTION.search(section) and not grade:
        bias -= 0.5
    elif section and _PRAISING_SECTION.search(section):
        bias += 0.5
    return bias


def _clauses(sentence: str) -> list[tuple[float, float]]:
    """(share of the sentence, praise against criticism in [-1, 1]) on either side of a "but"; what follows a concession
    weighs most."""
    lead = _CONCESSION.match(sentence)
    if lead is not None:
        return [(0.25, _clause(lead.group())), (0.75, _clause(sentence[lead.end() :]))]
    parts = [part for part in _TRAILING.split(sentence) if part.strip()]
    if len(parts) > 1:
        return [(0.45, _clause(parts[0])), (0.55, _clause(" ".join(parts[1:])))]
    return [(1.0, _clause(sentence))]


def _clause(clause: str) -> float:
    """What is denied is no praise: the words after a "not" up to the next comma are left out of the count."""
    negative = 0
    spared = clause
    for match in _NEGATIVE.finditer(clause):
        negative += 1
        stop = match.end()
        if _DENIAL.search(match.group()):
            stop = next(
                (m.start() for m in re.finditer(r"[,;:]| and (?:are|is|have|has)\b", clause) if m.start() >= stop),
                len(clause),
            )
        spared = spared[: match.start()] + " " * (stop - match.start()) + spared[stop:]
    positive = len(_POSITIVE.findall(spared))
    if not positive and not negative:
        return 0.0
    return max(-1.0, min(1.0, (positive - 1.8 * negative) / (positive + 1.8 * negative)))


_DENIAL: Final = re.compile(
    r"(?i)\bnot\b|n[’']t\b|\bnever\b|\bcannot\b|\bunable\b|\black|\binsufficient|\bfail"
    r"|\babsence|\btoo\b|\bno\b"
)
