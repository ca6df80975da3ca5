"""Whether a sentence of a council's paper reports what the inspectors found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from graph.dates import find_dates
from graph.extraction.announced import WILL
from graph.extraction.modes import LEAD_IMPROVE, LEAD_STRENGTH, STRENGTH_HEADING, Mode
from graph.extraction.polarity import rule_polarity
from graph.model import Polarity

BODY: Final = (
    r"(?:(?:the|this|these|their|all|both)\s+)?(?:(?:lead|final|full|annual|joint|overall|CSCI|SSI|Ofsted|"
    r"Ofsted[’']s|OFSTED|CSCI[’']s|SSI[’']s|HMI|CQC|Social Services|draft|area|peer|review|inspection|"
    r"performance|"
    r"monitoring)\s+)*"
    r"(?:(?:focused |monitoring )?visits?|inspectors?|inspection(?:\s+(?:report|team|letter))?|inspectorates?|"
    r"reports?|letter|review(?:\s+(?:letter|"
    r"team|report))?|reviewers?|assessors?|assessment|commission|CSCI|SSI|Ofsted|OFSTED|HMI|HMIP|CQC|"
    r"Inspectors|Inspection|Inspectorate|Commission|Report|Letter|Review(?:\s+Letter)?)"
)
_FOUND: Final = (
    r"(?:found|finds?|noted?|notes|wr(?:ote|ites)|stat(?:ed|es)|reported|comment(?:ed|s)?|commend(?:ed|s)?|"
    r"acknowledge[sd]?|"
    r"recogni[sz]e[sd]?|identif(?:ied|ies|y)|highlight(?:ed|s)?|conclude[sd]?|prais(?:ed|es|e)|"
    r"observ(?:ed|es)|endors(?:ed|es|e)|view(?:ed|s)?|considered|felt|feel|advise[sd]?|saw|see|express(?:ed|es)|"
    r"judged|said|says|confirm(?:ed|s)|raised|raises|criticis(?:ed|es)|welcom(?:ed|es)|drew|draws?|recorded|"
    r"records|"
    r"describ(?:ed|es)|point(?:ed|s)? out|(?:was|were|is|are|had been|has been|have been|remains?|"
    r"remained),? (?:(?:particularly|very|also|"
    r"especially|greatly|less|not|more|most|rather|somewhat|highly|deeply|quite|fairly|generally|again|"
    r"however),? )*(?:pleased|"
    r"impressed|concerned|positive|critical|complimentary|satisfied|dissatisfied|disappointed|worried|struck|"
    r"encouraged|"
    r"clear|reassured|confident|of the view|troubled|heartened)|"
    r"told (?:us|the (?:council|authority|department|service))|thought (?:highly|well|poorly)|thought(?= that\b)|"
    r"sp(?:eaks?|oke) (?:very |most )?(?:highly|well|warmly)|pa(?:ys?|id) (?:particular |warm )?tribute|"
    r"g(?:ives?|ave) credit|t(?:akes?|ook) the view|applaud(?:ed|s)?|congratulat(?:ed|es)|regrett?(?:ed|s)|"
    r"question(?:ed|s)|warn(?:ed|s)|singled out|remark(?:ed|s)|stress(?:ed|es)|emphasi[sz]e[sd]?|"
    r"(?:also )?ma(?:kes?|"
    r"de) (?:\w+ ){0,3}(?:comments?|judge?ments?|reference)|rais(?:ed|es))"
)
ACTIVE: Final = re.compile(
    rf"(?:^|[\s,;(“\"'])(?i:{BODY})\b(?:,[^,]{{2,80}},)?(?:\s+(?:also|further|therefore|particularly|again|clearly|"
    rf"generally|consistently|that|have|has|had|however|too|then|both|specifically|"
    rf"and\s+inspectors))*\s+(?:{_FOUND})\b"
)
_THEY: Final = re.compile(
    rf"(?:^|[\s,;])(?:[Tt]hey|[Ii]t|[Ss]he|[Hh]e|[Tt]he (?:inspection |review )?(?:team|inspectors?|assessors?|"
    rf"reviewers?))\s+(?:ha[ds]\s+|have\s+|also\s+|further\s+|particularly\s+|again\s+|"
    rf"however\s+)*(?:{_FOUND})\b"
)
#: A paragraph that goes on about those whom the one before it named.
THEY_SAID: Final = re.compile(rf"They |(?:[^.]{{0,40}}\bthat )[Tt]hey\s+(?:ha[ds]\s+|have\s+|also\s+)*(?:{_FOUND})\b")
#: Who the team is, a paper that reports findings has said before.
_TEAM_FOUND: Final = re.compile(r"The (?:inspection |review )?(?:team|inspectors?) (?:also )?found\b")
_PASSIVE: Final = re.compile(
    r"(?i)\b(?:was|were|is|are|has been|have been|had been)\s+(?:also\s+|again\s+|particularly\s+|specifically\s+|"
    r"further\s+|clearly\s+|generally\s+|widely\s+|rightly\s+)*"
    r"(?:welcomed|applauded|commended|praised|recogni[sz]ed|identified|noted|acknowledged|highlighted|described|"
    r"cited|singled out|"
    r"found|seen|considered|judged|criticised|said to (?:be|have)|thought to (?:be|have)|felt to (?:be|have)|"
    r"commented (?:up)?on|observed|viewed|regarded|reported)\b"
)
#: "Children's homes are good": said in a paragraph that has named the inspectors.
_GRADED_SO: Final = re.compile(
    r"(?i)\b(?:is|are|was|were|remains?)\s+(?:(?:now|also|all|both|either|consistently|generally|mostly|only|very)\s+)*"
    r"(?:good|outstanding|strong|adequate|satisfactory|inadequate|excellent|weak|poor)\b(?: or \w+)?(?=[.,;]|$|"
    r" and | but )"
)
#: "They saw 40 children": what inspectors did, not what they found.
_LOOKED_AT: Final = re.compile(
    r"\s+(?:\d+|the|a number of|some|many)?\s*(?:\w+ )?(?:files|cases?|children|parents|carers|staff|documents|"
    r"records|people|"
    r"young people|meetings?|data|evidence from)\b"
)
_JUDGED_SO: Final = re.compile(
    r"(?i)\b(?:found|considered|judged|thought|felt|described|seen|viewed|regarded|said|reported)\s+(?:to (?:be|have)|"
    r"as)\b"
)
_FOUND_TO_BE: Final = re.compile(r"(?i)\bfound\b[^.;]{3,80}\bto (?:be|have)\b")
_ACCORDING: Final = re.compile(
    rf"(?i)\btold (?:the |our )?(?:inspect\w+|reviewers?|review team)\b|\bit (?:was|is|has been) (?:also |further "
    rf")?(?:noted|found|observed|acknowledged|recogni[sz]ed|reported|"
    rf"felt) "
    rf"that\b|\baccording to {BODY}\b|\bin the (?:view|opinion) of {BODY}\b|\b(?:particular |special )?(?:reference|"
    rf"mention) was made\b|\binspectors?[’'] (?:view|comments|findings)\b[^.]{{0,40}}\b(?:was|were|is|are)\b"
)
_FOLLOWS: Final = re.compile(
    r"(?i)\b(?:examples? of this|of this\b.{0,20}$|this (?:is|was) (?:evident|evidenced|demonstrated|reflected|seen|"
    r"particularly|a (?:strength|weakness|concern))|for example|in particular|these (?:strengths|improvements|"
    r"weaknesses))\b"
)
#: Verbs that judge by themselves, whatever follows them.
_JUDGING: Final = re.compile(
    r"(?i)\b(?:describ\w+\b.{3,60}\bas|favourabl\w+|prais\w+|commend\w*|applaud\w*|congratulat\w+|criticis\w+|"
    r"tribute|credit|highly|warmly|impressed|"
    r"concerned|"
    r"struck|critical|complimentary|comment(?:ed|s) (?:up)?on|(?:dis)?satisfied|disappointed|worried|encouraged|"
    r"welcom\w+|regrett?\w+|"
    r"thought well|"
    r"heartened|troubled)\b"
)
_EVALUATIVE: Final = re.compile(
    r"(?i)\b(?:good|well|strong\w*|effective\w*|excellent|positive\w*|improv\w+|progress\w*|strength\w*|commit\w+|"
    r"commend\w*|prais\w+|pleas\w+|impress\w+|confiden\w+|sound|robust|clear\w*|endors\w+|achiev\w+|support\w*|"
    r"success\w*|outstanding|exceptional|"
    r"weak\w*|poor\w*|concern\w*|inconsisten\w*|delay\w*|lack\w*|insufficient\w*|difficult\w+|need\w*|requir\w+|"
    r"not\b|\bno\b|uneven|limited|variab\w+|inadequate\w*|develop\w*|challeng\w+|too\b|gap\w*|further|attention|"
    r"better|best|"
    r"encourag\w+|timely|appropriate\w*|high|low|"
    r"reliabl\w+|experienced|skil\w+|unfilled|vacan\w+|held (?:you|it|them|us) back|declin\w+|"
    r"motivated|knowledgeable|enthusias\w+|fully met|exceeded|"
    r"safe\w*|priority|prioriti\w+|benefit\w*|valu\w+|responsive\w*|particular\w*|innovat\w+|creativ\w+|thorough\w*|"
    r"stable|stability|quality|embedded|under-?\w+|over-?represent\w*|recommend\w*)"
)
_NO_FINDING: Final = re.compile(
    r"(?i)^please\b|^thank you\b|^I (?:am (?:writing|copying|grateful)|should be grateful|would be grateful|"
    r"look forward|write to|(?:should|would) like to thank)\b|^you (?:have )?(?:told|assured|informed) (?:me|us)\b|"
    r"^in our (?:last )?letter (?:of|last)\b|^this letter (?:records|summarises|sets out|follows|confirms|reports)\b|"
    r"^the (?:report|letter|inspection)[^.]{0,12} (?:is|was) (?:a )?(?:\w+ and )?(?:fair|balanced|accurate)\b|"
    r"^(?:there (?:was|were|are|is) |(?:it|they|the \w+) (?:made|set|gave) )?no (?:\w+ )?(?:requirements?|"
    r"recommendations?)\b|"
    r"\bmay (?:also )?(?:identify|make|set|raise|find)\b|^inspectors (?:identify|report|give|set out|make) (?:areas|"
    r"strengths|judge?ments)\b|\b(?:sets? out|says?|lists?|made|makes|found|identif\w+|contains?) the following\.$|"
    r"\bfollowing scale\b|\brecommendations (?:in the (?:report|letter) )?(?:cover|relate|fall|"
    r"are grouped)\b|\bon a scale of\b|"
    r"^there are \w+ possible\b|\bmust (?:work jointly|address these)\b|\bin our (?:own )?"
    r"(?:self|position|delivery)\b|^(?:background (?:papers?|documents?)|contacts?(?: officers?)?|report "
    r"authors?)\b[^:.]{0,30}:|^to (?:tell|inform|report|advise|update|present|set out|give)\b|^(?:sets? out|tells?|"
    r"informs?|summarises?|outlines?|provides?|presents?|describes?|advises?|"
    r"identifies|highlights)\b|\brecommendations (?:are|were|have been) (?:now )?(?:complete|met|achieved|"
    r"implemented)\b|^(?:[\w-]+ ){1,3}(?:requirements?|recommendations?)\b[^.]{0,60}\b(?:was|were|are|"
    r"have been) (?:also )?made\.$|\b(?:should|must|has to|have to|is to) be (?:read|presented|reported|shared|"
    r"made available)\b|"
    r"\bunder (?:\w+ )?headings\b|"
    r"\bas follows\.$|\btook (?:the following|these|this)\b[^.]{0,20}\binto account\b|^(?:\w+ "
    r"){1,5}(?:is|are|was|were) "
    r"(?:scored|graded)\.$|\blists? (?:the|its|their) (?:\w+ )?(?:strengths|weaknesses|areas)\b|^(?:the|"
    r"its) (?:report|letter|"
    r"assessment) (?:groups?|is (?:divided|arranged|"
    r"in \w+ parts)|"
    r"follows|runs to|uses|has (?:\w+ )?(?:parts|sections|chapters))\b|^(?:this|the|our|that) (?:\w+ ){0,2}?(?:plan|"
    r"statement|"
    r"table|paper|appendix|annexe?|document|section|chart)\b"
    r"[^.,]{0,24}\b(?:answers?|sets? out|address\w*|responds?|shows?|lists?|summaris\w+|describes?|explains?|"
    r"follows?|gives?|"
    r"covers?|contains?|details?)\b|(?:identif|highlight|rais|list)\w*\s+(?:a number of|"
    r"several|some|the following|two|three|four|five|six|seven|eight|nine|ten|\d+)\s+(?:\w+ )?(?:areas|issues|matters|"
    r"recommendations)(?: (?:for|where|that|of|in)\b[^.;,]{0,60})?\.$|^no (?:areas?|priority|immediate|"
    r"urgent)\b[^.]{0,40}\b(?:identified|found|"
    r"raised)\b|\b(?:report|letter) (?:contains|makes|includes|sets out|lists) (?:[\w-]+ ){0,3}recommendations|"
    r"\b(?:reports?|plans?|minutes|updates?|presentations?|letters?) (?:was|were|is|be|are) (?:\w+ )?"
    r"(?:considered|noted|received)\b|"
    r"\bthis report (?:is|highlights|recommends|considers|describes)|\bannexe? [a-z0-9]\b|"
    r"\b(?:recommendations|areas for improvement|findings)\b[^.]{0,60}\b(?:should|must|need to) be (?:\w+ )?"
    r"(?:reflected|included|incorporated|addressed|read|considered)\b|"
    r"\b(?:inspection|review) (?:judges|judged|considered|evaluates|evaluated|assessed) (?:the|how)\b(?!.*\b(?:to be|"
    r"to have|as|that)\b)|"
    r"\bappendix\b|\baction plan (?:is|was|has|which|that)\b|"
    r"\b(?:present(?:s|ed)? (?:the findings|their|its|the report)|this report (?:presents|provides|sets|summaris|"
    r"informs|outlines|only|advises)|to note the|(?:is|are) asked to|members (?:will|are|should|may)|"
    r"will be (?:presented|reported|published|considered|judged|inspected|monitored)|"
    r"report (?:is|was|will be) (?:attached|available|published|presented|circulated)|attached (?:as|at|to)|"
    r"see appendix|full report|copy of|press|website|factual accuracy|consultation document|propos(?:ed|"
    r"es) that|"
    r"it appears)\b"
)
#: Says that good or bad things were found and leaves it to the sentences after it which.
ANNOUNCES: Final = re.compile(
    r"(?i)^[^.]{0,90}?\b(?:highlight\w*|identif\w+|found|noted?|notes|list(?:ed|s)?|mention\w*|saw|commented on|"
    r"drew attention to|point(?:ed|s) (?:out|to)|picked out|singled out|gave|made|raised|sets? out|there (?:were|"
    r"are))\s+"
    r"(?:also\s+)?(?:(?P<some>(?:(?:a (?:number|range|series|few|variety|lot)|examples?) of|several|some|many|"
    r"various|certain|"
    r"both|two|three|four|five|six|seven|eight|nine|ten|\d+|the following|other|further|numerous)\s+)"
    r"(?:(?:other|further|key|main|important|particular|positive|good|common|wider|broad|clear|real|significant|"
    r"specific|"
    r"notable|related|less positive)\s+)*)?"
    r"(?:areas?|things?|aspects?|matters?|features?|strengths?|weaknesses|issues?|points?|concerns?|positives?|"
    r"examples?|"
    r"shortcomings?|achievements?|successes|improvements?)\b"
    r"(?(some)(?: (?:of|for|in|on|where|that|which|to)\b[^.;:,]{0,90})?|"
    r"(?: (?:for|of|where|that|which|in)(?: [\w’'-]+){0,4} (?:need\w*|requir\w+|improve\w*|development|concern\w*|"
    r"work|well|"
    r"strength|progress|attention|practice))?)[.:]$"
)
#: "Inspectors saw much that was good."
SAW_MUCH: Final = re.compile(
    rf"(?i)^(?:(?:{BODY}|they)\b[^.]{{0,30}}\b(?:saw|found|noted) (?:much|a lot|a great deal|plenty|many things)\b"
    rf"[^.,;:]{{0,40}}|(?:the )?(?:report|letter|inspection)\b[^.]{{0,30}}\b(?:highlights?|contains?|says?|"
    rf"finds?|found) "
    rf"(?:much|a lot|a (?:great|good) deal|plenty) (?:that|which) (?:is|was) (?:good|positive)|"
    rf"(?:it|the report|the letter)\b[^.]{{0,20}}\b(?:makes?|is)\b[^.]{{0,12}}\bclear (?:about )?(?:where|what) "
    rf"[^.:;]{{3,50}}|(?:set )?against (?:this|that|these)\b[^.:;]{{0,30}}\b(?:matters|issues|things|areas|points|"
    rf"aspects)\b"
    rf"[^.:;]{{0,50}})\.$"
)
#: Only says that a table or a list follows.
_POINTS_BELOW: Final = re.compile(
    r"(?i)\b(?:the following|as follows|below|(?:are|were|is|was)|these)\b[^.;:]{0,90}:$|:$(?<=are:|ere:|ade:)"
)
_COUNCIL_SELF: Final = re.compile(
    r"(?i)^(?:the\s+)?(?:council|service|directorate|department|authority|CSF|we|officers|our)\b[^.]{0,60}\b(?:is|"
    r"are) (?:aware|addressing|committed|working|confident|pleased|developing)\b"
)
#: The council speaks again, or of what came after the inspection.
OWN_VOICE: Final = re.compile(
    r"(?i)\b(?:we|our|us|since|now|already|currently|meanwhile|in response|as a result|members|cabinet|committee|"
    r"officers|this report|(?:action|improvement) plans?|budget|funding|£)\b|£\d"
)

_WORRIED: Final = re.compile(
    r"(?i)\b(?:(?<!not )concerned|critical of|criticis(?:ed|es)|dissatisfied|disappointed|worried|troubled|"
    r"weakest|(?<!no )(?:main|chief|greatest) concerns?|"
    r"regrett?(?:ed|s))\b"
)
_HAS_TO: Final = re.compile(
    r"(?i)\b(?:has|have|had|needs?|needed|ought) to (?:be \w+(?:ed|er)|improve|do (?:more|better)|go further|become)\b"
)
#: Praise on the other side of a "but".
_GOOD_TOO: Final = re.compile(
    r"(?i)\b(?:improved|strong\w*|good|well|progress|praised|welcomed|pleased|committed|effective\w*)\b[^.]{0,90}\b(?:but|"
    r"although|though|however)\b|\b(?:although|though|while|whilst)\b[^,.]{0,80}\b(?:improved|strong\w*|good|well|progress|"
    r"committed|effective\w*)\b[^.]*,"
)
#: What is not there, where no other word praises or blames.
_WANTING: Final = re.compile(
    r"(?i)\b(?:missing|without|lapsed?|ha[ds] no|have no|(?:was|were|is|are) no|no longer|had been no|"
    r"(?:had|have|has) not|unfilled|vacan\w+|untrained|unanswered|omitted|errors?|breach\w*|complain\w*|nobody|none of|"
    r"lost|unknown|unallocated|expired|wrong\w*|damaged|ignored|forgotten|neglected)\b"
)
_ACTION_LIKE: Final = re.compile(r"(?i)\b(?:will|shall|plans? to|intend|propose[sd]?)\b")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a sentence stands. ``reporter``: its paragraph has named the inspectors; ``announced``: and has said that
    they found several things; ``told``: the paper has reported findings; ``among``: this section has, or its heading
    says that it does."""

    mode: Mode | None
    reporter: bool
    announced: bool
    letter: bool
    told: bool
    among: bool


def reports_finding(text: str, around: Surroundings, *, follows: bool) -> bool:
    """``follows``: the sentence before reports a finding."""
    if len(text.split()) < 5 or _NO_FINDING.search(text) or _COUNCIL_SELF.search(text) or text.endswith("?"):
        return False
    if _POINTS_BELOW.search(text) or re.search(r"\b(?:is|are|was|were|that)$", text):
        return False
    if not re.search(r"[.!?:;…][’”\"')\]]*$", text) and find_dates(text):
        return False  # a line of the paper's head
    if WILL.search(text) and not ACTIVE.search(text):
        return False
    if around.mode in ("strengths", "weaknesses"):
        return bool(_EVALUATIVE.search(text)) or not (_ACTION_LIKE.search(text) or _background(text))
    if around.mode == "method":
        return False
    if around.announced and _reports_on(text):
        return True
    if active := ACTIVE.search(text):
        return (
            _tells(text[active.end() :])
            or bool(_EVALUATIVE.search(text))
            or _JUDGING.search(text[active.start() : active.end() + 70]) is not None
        )
    if (
        (they := _THEY.search(text))
        and (
            around.reporter
            or around.among
            or (around.told and _TEAM_FOUND.match(text))
            or re.search(rf"(?i){BODY}", text)
        )
        and (
            _tells(text[they.end() :])
            or (around.reporter and _reports_on(text) and not _LOOKED_AT.match(text[they.end() :]))
            or _FOUND_TO_BE.search(text) is not None
            or bool(_EVALUATIVE.search(text))
            or _JUDGING.search(text[they.start() : they.end() + 70]) is not None
        )
    ):
        return True
    if _ACCORDING.search(text):
        return (
            not text.startswith("It ") or around.reporter or around.mode == "findings" or around.letter or around.told
        )
    if _PASSIVE.search(text) and (_EVALUATIVE.search(text) or _JUDGED_SO.search(text)):
        by_them = re.search(r"(?i)\bby (?:the )?(?:inspect\w+|ofsted|csci|ssi|review\w*)", text) is not None
        council = re.search(
            r"(?i)\b(?:noted|identified|recognised|highlighted) by (?:the )?(?:inspect\w+|ofsted|csci|ssi)\b", text
        )
        if council and re.search(r"(?i)\b(?:is|are) aware\b|has taken|have taken|we have|address", text):
            return False
        return by_them or around.reporter or around.mode == "findings" or around.letter or around.among
    if around.reporter and _GRADED_SO.search(text) and _reports_on(text):
        return True
    if follows and (_FOLLOWS.search(text) or (around.reporter and _goes_on(text))):
        return True
    if (
        around.mode == "findings" or (around.letter and around.mode not in ("method", "actions"))
    ) and not _ACTION_LIKE.search(text):
        return bool(_EVALUATIVE.search(text) or _reports_on(text)) and not _background(text)
    return False


def _tells(after: str) -> bool:
    """Whether what follows the verb is what was found: "found that ...", "noted good practice"."""
    return re.match(r"\s*,?\s*(?:\w+ly\s+)?that\b", after) is not None


def _goes_on(text: str) -> bool:
    """Whether a sentence after one that reports a finding goes on reporting: it judges, and nobody else speaks."""
    return (
        not OWN_VOICE.search(text) and not _ACTION_LIKE.search(text) and not _background(text) and not find_dates(text)
    )


def _reports_on(text: str) -> bool:
    """Whether a sentence, after one that says that findings follow, is one of them: nobody else speaks in it."""
    return not (OWN_VOICE.search(text) or _ACTION_LIKE.search(text) or _background(text))


def _background(text: str) -> bool:
    return bool(
        re.search(
            r"(?i)\b(?:inspection (?:took|was (?:carried|under|conducted))|inspected (?:by|in|during|between)|"
            r"evaluat\w+|under (?:\w+ )?headings|the framework|statutory|required to|responsible for|is part of|"
            r"programme of|draws? together|draws? (?:up)?on (?!.*\b(?:good|well|strong)))\b",
            text,
        )
    )


_ASKED_BY_THEM: Final = re.compile(
    r"(?i)\b(?:inspect(?:ors?|orate|ion team)|ofsted|csci|ssi|cqc|commission|(?:inspection|ofsted) report)\s+"
    r"(?:(?:also|further|has|have|had|therefore)\s+)*(?:recommend|requir|ask|advis)(?:ed|s|es)?\b"
)


def strongly_reported(text: str) -> bool:
    """Whether a sentence says in so many words what the inspectors found: not merely what this report says."""
    found = ACTIVE.search(text)
    said = found is not None and re.search(r"(?i)inspect|ofsted|csci|\bssi\b|letter|commission|review", found.group())
    return bool(said) or _ASKED_BY_THEM.search(text) is not None


def told_polarity(text: str) -> tuple[Polarity, float]:
    """The rule's polarity, unless the sentence itself names what it tells of an area for development, or
    how the inspectors felt."""
    worried = _WORRIED.search(text) is not None
    if worried and _GOOD_TOO.search(text):
        return "mixed", 0.7
    if worried and not LEAD_STRENGTH.search(text):
        return "improvement", 0.8
    improve = LEAD_IMPROVE.search(text)
    if re.search(r"(?i)\b(?:ha[ds]|have) been (?:\w+ )?(?:dealt with|addressed|resolved|remedied|put right)\b", text):
        return "strength", 0.8
    if _HAS_TO.search(text) and not LEAD_STRENGTH.search(text):
        return "improvement", 0.8
    if re.match(r"(?i)(?:there were )?no areas? for (?:priority action|improvement)", text):
        return "strength", 0.8
    if improve and STRENGTH_HEADING.search(text):
        return "mixed", 0.8
    if improve and not LEAD_STRENGTH.search(text[: improve.start()] + text[improve.end() :]):
        return "improvement", 0.8
    polarity, certainty = rule_polarity(text, None)
    if polarity == "strength" and certainty < 0.6 and _WANTING.search(text):
        return "improvement", 0.7
    return polarity, certainty
