"""What a heading, or the sentence that introduces a list, says of what stands below it in a council's paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal

Mode = Literal[
    "strengths", "improvement", "recommendations", "findings", "weaknesses", "actions", "decision", "method", "aside"
]
#: What a heading may say of the lists below it.
LISTED: Final = ("strengths", "improvement", "recommendations", "weaknesses")
#: What a sentence may announce that a paragraph then gives in its own words.
QUOTED: Final = ("strengths", "weaknesses", "findings")

# ---------------------------------------------------------------------------------------------------------- headings

DECIDING: Final = re.compile(
    r"(?i)\b(?:is|are|(?<!will )be) (?:therefore |hereby )?(?:recommended|asked|requested|invited) (?:to|that)\b"
    r"(?! (?:a|an|the|this|our|any|all)\b)(?! (?:\w+ ){0,2}(?:meetings?|events?|conferences?|reviews?|attend|"
    r"give their))|"
    r"\brecommended (?:to|that)\b(?=[^.]{0,12}$)|"
    r"\bit is recommended that\b|\b(?:cabinet|committee|executive|council|panel|members|board|"
    r"scrutiny)\b[^.]{0,60}(?<!will be )(?<!has been )(?<!have been )\b(?:asked|recommended|requested|invited)\b"
    r"(?! (?:what|whether|why|how|if|about|for|when|who|where|questions?)\b)"
)
DECISION_VERB: Final = re.compile(
    r"(?i)^that\b.{0,120}\bbe (?:received|noted|approved|endorsed|agreed|accepted|adopted|supported|authorised|"
    r"requested)\b|"
    r"^(?:that\s+)?(?:(?:the )?(?:cabinet|committee|executive|council|panel|members|board|commission|scrutiny|"
    r"forum)\b,?[^.]{0,120}?\s+)?(?:to\s+)?"
    r"(?:notes?|noted|endorses?|approves?|agrees?|receives?|considers?|comments?|authorises?|delegates?|requests?|"
    r"instructs?|supports? the (?:report|action plan|recommendations)|"
    r"scrutinises?|refers?|accepts?|adopts?|ratif(?:y|ies)|welcomes?|thanks?|acknowledges? the (?:report|findings)|"
    r"confirms?|determines?|identif(?:y|ies) any)\b"
)
_ASIDE_HEADING: Final = re.compile(
    r"(?i)implications?|consultation|background papers?|contact|risk|\blegal\b|financ|equalit|options|alternative|"
    r"reasons? for|appendi|annexe?s?\b|wards?\b|"
    r"crime and disorder|human rights|sustainab|environment|communications?|procurement|data protection|climate|"
    r"health and safety|it implications|key decision|access to information|"
    r"author|decision status|forward"
)
_METHOD_HEADING: Final = re.compile(
    r"(?i)^(?:method\w*|scope|terms of reference|about (?:this|the) inspection|how (?:the )?inspection|"
    r"(?:the )?inspection (?:process|framework|methodology))\b"
)
STRENGTH_HEADING: Final = re.compile(
    r"(?i)^(?:the )?(?:positives?|positive (?:points|comments|messages))$|^(?:on the )?(?:positive|plus) side\b|"
    r"^(?:what|where)\b.{0,60}\b(?:(?<!would )(?:liked?|loved|enjoyed)(?! less)|praised|"
    r"commended|celebrated|admired|(?:was|were) (?:pleased|impressed))\b|"
    r"^what\b.{0,60}\b(?:do|does|did|done|doing|going|go|goes|working|works) (?:\w+ )?well\b|^(?:key |main "
    r")?improvements?$|\bstrengths?\b(?!.*\b(?:and|&)\b.*\b(?:weakness|improve|develop))|what "
    r"(?:is|was|we do|they (?:said|"
    r"found)).{0,20}\bwell\b|good practice|positive (?:findings|features|practice|areas|comments)|"
    r"(?<!not )\bmeets? (?:the )?requirements\b|^(?:what|where) .{0,30}\bha(?:s|ve) improved$|"
    r"achievements?|\bstandards? (?:that (?:are|were) )?exceeded\b|improvements? (?:observed|seen|made|noted|"
    r"since)|areas? (?:of|where) (?:good|strong|strength|"
    r"progress|particularly)|what(?:'s| is) working|things (?:we|that) (?:do|are going) well|key successes"
)
_IMPROVE_HEADING: Final = re.compile(
    r"(?i)\bareas?\s+(?:of\s+practice\s+)?(?:for|of|requiring|needing|that\s+(?:need|require)|in need of|"
    r"where)\s+(?:further\s+|priority\s+|future\s+|urgent\s+|immediate\s+|continued\s+|the\s+)*(?:improv\w+|"
    r"development|action|attention|focus|work)|"
    r"what (?:needs|we need|must|does .{3,40} need) to (?:be )?improve|"
    r"(?:what|where) (?:do|does|must|should|can|could) (?:.{2,40}? )?(?:need to )?(?:improve|do better|be better|"
    r"change)|"
    r"^what\b.{0,60}\b(?:do|be|done) better\b|^where\b.{0,40}\b(?:do|be) better\b|"
    r"^(?:areas? for )?(?:priority|immediate)(?: (?:and|or|&) (?:priority|immediate))? actions?$|"
    r"where (?:we|the council|it) (?:need|must|can|could)|even better if|priorit(?:y|ies) (?:for|"
    r"areas? for) (?:improvement|action)|needs? to improve|for (?:development|improvement)$|"
    r"improvements? (?:needed|"
    r"required)|"
    r"development (?:areas?|needs?)|areas? (?:identified )?for (?:improvement|development)|(?<!capacity "
    r")to (?:be )?improved?$"
)
_RECOMMEND_HEADING: Final = re.compile(
    r"(?i)^(?:(?:the\s+)?(?:key|main|headline|priority|statutory|requirements? and)\s+)*recommendations?\b|"
    r"^what (?:the )?(?:inspectors?|inspection|inspectorate|ofsted|csci|ssi|cqc|commission|they|letter|report) "
    r"(?:wants?|wanted|would like|expects?|expected|asks?|asked|recommends?|recommended|requires?|required)\b|"
    r"^what (?:we|the (?:council|authority|partners)|it) (?:are|is|were|was|have been|has been) (?:being )?"
    r"(?:asked|told|required|expected) to do\b|^(?:statutory )?requirements?$|(?:inspect\w*|ofsted|csci|ssi|"
    r"report)[’']?s?\s+(?:\w+\s+){0,3}recommendations|recommendations\s+(?:from|of|made|by|in|arising)|"
    r"\b(?:makes?|made|contains?|gives?|gave) (?:these|the following|\w+) recommendations$"
)
#: "Area for improvement 2", "Recommendation 3" alone on a line: the paragraph below is it.
NUMBERED_AREA: Final = re.compile(
    r"(?i)(?:the )?(?:area (?:for|of) (?:improvement|development)|recommendation|requirement|priority action) "
    r"(?:no\.? ?)?(?P<ref>\d{1,2}|[A-Z])"
)
#: "Weakness 1", "Area of significant concern 2": what a written statement of action must answer.
NUMBERED_WEAKNESS: Final = re.compile(
    r"(?i)(?:the )?(?:significant )?(?:area (?:of|for) )?(?:significant )?"
    r"(?:weakness|concern|priority action) (?:area )?(?:no\.? ?)?(?P<ref>\d{1,2})"
)
_OF_INSPECTORS: Final = re.compile(r"(?i)\b(?:inspectors?|inspectorate|ofsted|csci|ssi|cqc|hmip?|joint review|jar)\b")
_LESS_WELL: Final = re.compile(
    r"(?i)\b(?:not|isn[’']t|less|didn[’']t)\b(?! only).{0,20}\b(?:positive|well|good|strong|like[d]?|happy|pleased|"
    r"satisfied|impressed|effective)\b|^(?:the )?negatives?$|"
    r"^(?:on the )?(?:negative|minus|other|debit) (?:side|hand)\b|"
    r"(?<!all )(?<!no )(?<!only )\bcriticisms?\b|^what\b.{0,40}\b(?:liked|loved|enjoyed) less$|"
    r"\bcould do better\b"
)
_WEAK_HEADING: Final = re.compile(
    r"(?i)\bstandards? (?:that (?:are|were) )?(?:not|partly|partially|almost) (?:fully )?met\b|\bshortfalls?\b|"
    r"\b(?:weakness(?:es)?|concerns|less (?:well|good|positive)|shortcomings|challenges|not (?:working|"
    r"going) (?:so )?well|what was less)\b"
)
_TELLS_OF: Final = re.compile(
    r"(?i)^(?:what|where|areas?|things?|aspects?|points?|issues?|matters?|features?|work|practice|the)\b|"
    r"\b(?:inspectors?[’']?|ofsted[’']?s?|csci|ssi|cqc|comments?|messages?|findings)\b"
)
_WANTING: Final = re.compile(
    r"(?i)\b(?:need\w*|requir\w+|must|should|could|ha(?:s|d|ve) to|further|more|attention|outstanding (?:issues|"
    r"matters))\b"
    r".{0,40}\b(?:better|improv\w+|done|do|attention|work|chang\w+|develop\w*|strengthen\w*|address\w*|attended|"
    r"put right|"
    r"go(?:es)? further)\b|\bneed(?:s|ing)?$|\bto (?:work on|put right|do better|address|strengthen|develop)\b"
)
_MORE_WANTED: Final = re.compile(
    r"(?i)\b(?:asks?|asked|expects?|expected|requires?|wants?|wanted|tells?|told) (?:that|us|for)\b|\b(?:more|"
    r"further|better|greater|quicker|closer)\b.{0,30}\b(?:needed|required|wanted|expected|looked for|"
    r"progress|work|effort)\b|"
    r"\bpriorit(?:y|ies)\b|\bimprov(?:e|ed|ement|ements)\b"
)
_LOOKS_BACK: Final = re.compile(r"(?i)\b(?:was|were|did|needed|required|could have|had)\b")
_BLAME: Final = re.compile(
    r"(?i)\b(?:weak\w*|poor\w*|concern\w*|gaps?|(?<!not all )criticis\w+|worr\w+|fell short|wanting|lacking|"
    r"problems?|difficult\w+|negative|disappoint\w+|failings?)\b"
)
_PRAISE: Final = re.compile(
    r"(?i)\b(?:good|well|strong\w*|strengths?|positive\w*|pleas\w+|prais\w+|impress\w+|success\w*|"
    r"excell\w+|right|"
    r"best|working|improved|better|satisfactory)\b"
)
_FINDINGS_HEADING: Final = re.compile(
    r"(?i)\bfindings?\b|^(?:the |our )?(?:inspectors?[’']|ofsted[’']s|inspectorate[’']s|csci[’']s|ssi[’']s) "
    r"(?:main |overall )?(?:views?|opinions?|verdict|comments)\b|what did (?:the )?(?:ofsted|inspectors?|"
    r"inspection|they|csci|ssi)\b.{0,12}(?:find|say|tell|"
    r"conclude)|what (?!(?:\w+ ){0,3}(?:famil|parents|carers|children|young people|residents|people|staff|you\b|"
    r"we\b))(?:the |our )?(?:\w+ ){0,3}(?:found|finds|said|says?|told|tells|concluded|"
    r"concludes|saw|thought)\b|(?:outcome|result|"
    r"conclusion)s? of (?:the )?(?:inspection|review|letter|report)|inspection (?:outcome|result|"
    r"judge?ment)s?\b|"
    r"judge?ments?$|^(?:the |main |key |overall )*(?:outcomes?|results?|messages?)$|"
    r"^(?:the )?(?:main |key |overall |inspectors[’'] )+conclusions?$"
)
_ACTION_HEADING: Final = re.compile(
    r"(?i)next (?:steps|phase|stages?)|^(?:looking|planning) (?:ahead|forward)|\bplans? for (?:the )?(?:next|coming|"
    r"future|year)\b|^what (?:are we|is the council|are officers) doing\b|"
    r"^what (?:are|will be) (?:our|the council[’']s|its) (?:\w+ )?(?:plans|priorities)\b|"
    r"\bresponse$|what happens (?:now|next)|^what(?:[’']s)? (?:next|now)$|actions? (?:taken|"
    r"to be taken|being taken|planned|"
    r"proposed|agreed|required|in response)|"
    r"what (?:we|the council|happens|will)\b.*\b(?:do|doing|next|happen)|way forward|(?:our|the council[’']?s?|"
    r"proposed|local authority) (?:response|actions)|"
    r"response to (?:the )?(?:inspection|findings|recommendations|report)|improvement (?:activity|actions|work|plan)|"
    r"planned (?:work|improvements|actions)|^actions?:?$|^(?:undertakings?|commitments)\b(?: (?:of|by|from) )?|"
    r"progress (?:to date|made|since)|"
    r"^what (?:has been|is being|will be) done\b|"
    r"^what (?:we|the council|it|officers) (?:(?:have|has) (?:already )?done|propose[sd]?|intends?|plans?)\b|"
    r"^actions? (?:so far|to date|since|after|following|arising|from|plan)\b|^(?:the )?work (?:in hand|under "
    r"?way|planned|to come)\b|"
    r"^(?:plans?|planned|priorities|actions?|activit(?:y|ies)|tasks?|work|milestones?|focus|key \w+) for (?:the )?"
    r"(?:next|coming) (?:period|month|quarter|reporting period)\b|^(?:planned|due|activity|actions?) (?:for )?next "
    r"(?:period|month|quarter)\b|"
    r"^(?:our|the) plans?\b|^how (?:we|the council|officers|it) (?:propose|intend|plan)s?\b|^how we (?:will|"
    r"are|have)\b|^who (?:is|will|does)\b|^(?:update|progress|position) (?:on|"
    r"against) (?:the |our )?"
    r"(?:\w+ )?(?:actions?|plan)\b|^(?:action|steps) being\b"
)
#: How headings in small letters begin, so that a line of a list is none.
NAMES_A_PART: Final = re.compile(
    r"(?i)(?:what|where|who|how|our|the|key|main|areas?|strengths?|weaknesses|outcomes?|results?|findings|ofsted|csci|ssi|"
    r"inspectors?|inspection|recommendations?|requirements?|priority|immediate|next|actions?|things|aspects|points|"
    r"work|summary of|proposed|plans?|planned|priorities|milestones?|activit(?:y|ies)|tasks?|"
    r"conclusions?|responses?|positive|good practice|improvements?)\b"
)

# ---------------------------------------------------------------------------------------------------------- lead-ins

GRADED_LINE: Final = re.compile(
    r"(?i)[:–-]\s*(?:outstanding|excellent|good|adequate|satisfactory|inadequate|weak|poor|"
    r"requires? improvement\b.*|[1-4])$"
)
LEAD_METHOD: Final = re.compile(
    r"(?i)\b(?:methodolog\w+|submission|completion of|purpose|evaluat\w+ (?:the|whether|how)|three major areas|"
    r"major areas|informed by|judged against|judge?ments? (?:of effectiveness )?(?:against|on|in|will)|"
    r"following (?:processes|areas were)|"
    r"consist\w* of|compris\w+|involv\w+|fieldwork|look(?:s|ed) at|focus(?:es|sed|ed)? on|cover(?:s|ed)|examin\w+|"
    r"interview\w*|met with|spoke to|four[- ]point|scale|graded? (?:as|on)|criteria|framework|questionnaires?|"
    r"this report|against whether|"
    r"background|attached|as follows|means that|responsible for|available|members (?:of the|are)|contact)\b"
)
#: What an inspection to come will ask for is no finding of one that was.
LEAD_EXPECTED: Final = re.compile(
    r"(?i)\b(?:inspect\w+|ofsted|they|it|framework)\s+(?:will|would|may|might|are likely to|"
    r"is likely to)\s+(?:\w+ )?(?:want|"
    r"look|expect|consider|test|evaluate|judge|ask|focus|check|examine|take|seek|need)\b"
)
#: In a meeting it is the council that answers.
OFFICER_SAID: Final = re.compile(
    r"(?i)^(?:in (?:reply|response|answer)[^,]{0,60}?,?\s+)?(?:to questions,?\s+)?(?:the\s+)?(?:[\w’'&-]+\s+){0,6}?"
    r"(?:head of [\w’' ]+|directors?(?: (?:of|for) [\w’' ]+)?|officers?|managers?|councillors?|cllrs?|members?|"
    r"chair\w*|"
    r"cabinet member[\w’' ]*|portfolio holder|chief executive|committee|panel|service)\b[^.:]{0,60}?"
    r"\b(?:said|replied|reported|advised|explained|confirmed|stated|told|informed|responded|added|outlined|assured)\b"
)
#: "Councillor Smith said: “We are delighted ...”" in a council's news.
SPOKEN: Final = re.compile(OFFICER_SAID.pattern + r"[^.:“\"]{0,60}[:,]?\s*[“\"]")
AS_FOLLOWS: Final = re.compile(
    r"(?i)\b(?:as follows|(?:set out|given|summarised|listed|shown|outlined|described|reproduced) (?:here )?"
    r"(?:below|under)|are below|are these|the following)\.$"
)
#: Of an area's weaknesses that a written statement of action must answer.
STATEMENT_ASKED: Final = re.compile(
    r"(?i)\bareas? of significant (?:weakness|concern)|significant areas? of (?:weakness|concern)|"
    r"(?:written statement of action|"
    r"\bWSOA)\b[^:]{0,200}\b(?:required|must|needed|"
    r"determined|because)\b[^:]{0,200}\b(?:weakness|concern)"
)
LEAD_STRENGTH: Final = re.compile(
    r"(?i)\b(?:strengths?|not all (?:criticism|bad|negative)|"
    r"performing well|working well|well[- ]developed|good practice|positive\w*|"
    r"particularly (?:good|strong|impressed|pleased|commended)|commend\w*|praised?|pleased|progress (?:in|"
    r"has|was|"
    r"made|had)|improvements? (?:in|had|have|were)|"
    r"achievements?|effective(?:ly)?|impress\w+|good (?:work|performance|progress|quality)|strong(?:ly)?|well (?:in|"
    r"led|managed|supported)|highlights? (?:good|areas of good)|success\w*)\b"
)
LEAD_IMPROVE: Final = re.compile(
    r"(?i)\b(?:have|has|had|were|was|are|is) (?:also |now )?(?:been )?(?:asked|told|required|advised|urged) to\b|"
    r"\b(?:areas?|aspects?|issues?|matters?|things|elements)\s+(?:\w+\s+){0,4}?(?:for|of|where|requir\w+|"
    r"need\w*|to|in need of)\s+(?:\w+\s+){0,3}?(?:development|improv\w+|attention|action|address\w*|"
    r"strengthen\w*|"
    r"focus|work)|"
    r"development (?:was|is|were|are)? ?(?:needed|required)|(?:need|needs|needed|"
    r"requir\w+) (?:to (?:be )?)?(?:improv\w+|develop\w*|strengthen\w*|address\w*|further|attention)|"
    r"(?:statutory |following )requirements?\b|\bthere (?:had been|have been|has been|were|was|are|is) (?:\w+ )?"
    r"(?:requirements?|recommendations?)\b|\b(?:requirements?|recommendations?) (?:was|were|has been|have been) "
    r"(?:made|set|given|issued)\b|^the requirements? (?:was|were|is|are)\b|recommend(?:ed|"
    r"s|ations?)\b|what needs to improve|"
    r"(?:council|authority|service|department|partnership|partners|board|managers|we|they) (?:(?:is|are) (?:required|"
    r"expected|advised) to|should|must|needs? to)|could be (?:improved|"
    r"strengthened)|further (?:work|development|improvement)s?|priorit(?:y|ies) for|"
    r"areas? for (?:further )?(?:improvement|development)|to (?:be )?improve(?:d)?\b|"
    r"\b(?:asks?|asked|expects?|expected|requires?|required|urge[sd]?|invite[sd]?) (?:the )?(?:council|authority|"
    r"department|"
    r"partnership|board|service|us|you)(?:,? (?:and|with) (?:its|the|their) [\w ]{3,30}?)? to\b|\b(?:give|pay|"
    r"giving|paying) (?:\w+ ){0,3}attention to\b|"
    r"\bmore (?:to be|should be|needs? to be|must be|could be|can be) done\b|\basks? for (?:more|better|further|"
    r"improve\w+|"
    r"action|work|progress)\b|\b(?:would|wish|wishes|want|wants|wanted|hopes?|hoped) (?:like )?to see\b|"
    r"\b(?:changes|improvements?|action) (?:is|are|was|were) (?:necessary|needed|required) (?:to ensure|in order)\b"
)
LEAD_WEAK: Final = re.compile(
    r"(?i)^(?:but|however),?:?$|\b(?:not (?:fully )?met|fail(?:ed|s|ure)|f[ae]lls? short)\b|^against "
    r"(?:this|that|these)\b|"
    r"^(?:on the (?:other|negative|minus|debit) (?:hand|side))\b|"
    r"\b(?:weakness\w*|concern(?:s|ed)?|shortcomings?|less (?:well|effective|positive(?:ly)?|good|strong|satisfied|"
    r"impressed|confident|convinced|pleased|secure|consistent|developed)|dissatisfied|"
    r"not (?:good|"
    r"well|consistently|yet)|poor\w*|challenges?|difficult\w+|(?<!not all )critic\w+|failings?|gaps|"
    r"not all (?:good|positive|praise|plain sailing))\b"
)
LEAD_ACTION: Final = re.compile(
    r"(?i)\b(?:will|are going to|plan(?:s|ned)? to|intend(?:s)? to|propos(?:es|ed) to|actions?|steps|measures|"
    r"priorities (?:for|over|in) (?:the )?(?:next|coming|year)\b|"
    r"initiatives|work (?:is )?(?:underway|planned)|has (?:already )?(?:begun|started)|in response)\b"
)
REPORTED: Final = re.compile(
    r"(?i)\b(?:comments?|assessors?|assessment|writes?|wrote|written|inspect\w*|ofsted|csci|ssi|report|letter|"
    r"review\w*|commission|judg\w+|found|identified|noted|"
    r"highlighted|stated|commented)\b"
)
#: "Immediately:", "Within three months:" head recommendations by when they are due.
WHEN_TO_ACT: Final = re.compile(
    r"(?i)^(?:for |action |actions |needed |required |to be (?:done|taken|completed) )*(?:immediate(?:ly)?|"
    r"urgent(?:ly)?|within|"
    r"over the (?:next|coming)|(?:in|over) the (?:short|medium|long)(?:er)?[- ]term|(?:short|medium|"
    r"long)(?:er)?[- ]term)\b"
)

#: What an inspectorate asks for, not what a committee decides.
ASKS_OF_SERVICES: Final = re.compile(
    r"(?:Ensure|Make sure|Improve|Develop|Strengthen|Increase|Reduce|Provide|Review|Revise|Implement|Establish|"
    r"Introduce|Address|Raise)\b(?!.{0,60}\b(?:report|action plan)\b)"
)


def mode_said(text: str) -> Mode | None:
    """What a sentence says of a list that follows it."""
    improve, strong, weak = LEAD_IMPROVE.search(text), LEAD_STRENGTH.search(text), LEAD_WEAK.search(text)
    if improve:
        return "improvement"
    if weak:
        return "weaknesses"
    return "strengths" if strong else leaning_of(text)


def leaning_of(lead: str) -> Mode | None:
    """What a lead in everyday words says of its list: that more is wanted, that it was good or bad, what is done."""
    if re.match(
        r"(?i)(?:(?:specific|the|our|these|planned|principal|agreed|proposed|immediate|further|key|main|"
        r"some)\s+)*(?:actions?|steps|measures)\b",
        lead,
    ):
        return "actions"
    if _WANTING.search(lead) or _MORE_WANTED.search(lead):
        return "improvement"
    if _BLAME.search(lead):
        return "weaknesses"
    return "strengths" if _PRAISE.search(lead) else None


def mode_of_heading(text: str, *, decides: Callable[[], bool]) -> Mode | None:
    """``decides``: whether the blocks under the heading ask a committee to decide."""
    if NUMBERED_WEAKNESS.fullmatch(text) or NUMBERED_AREA.fullmatch(text):
        return "recommendations"
    if _LESS_WELL.search(text):
        return "weaknesses"
    if STRENGTH_HEADING.search(text) and _IMPROVE_HEADING.search(text):
        return "findings"
    if (
        _IMPROVE_HEADING.search(text)
        and re.match(r"(?i)(?:what|where)\b(?!.*\bdid\b)", text)
        and _LOOKS_BACK.search(text)
    ):
        return "weaknesses"  # "What needed to be better"
    if _IMPROVE_HEADING.search(text):
        return "decision" if decides() else "improvement"
    if _RECOMMEND_HEADING.search(text):
        return "decision" if not _OF_INSPECTORS.search(text) and decides() else "recommendations"
    if STRENGTH_HEADING.search(text):
        return "strengths"
    if _WEAK_HEADING.search(text):
        return "weaknesses"
    if DECIDING.search(text):
        return "decision"
    if _METHOD_HEADING.search(text):
        return "method"
    if _ACTION_HEADING.search(text) and not re.search(r"(?i)inspection report and", text):
        return "actions"
    if _ASIDE_HEADING.search(text):
        return "aside"
    return _leaning(text) or ("findings" if _FINDINGS_HEADING.search(text) else None)


def _leaning(text: str) -> Mode | None:
    """What a heading of everyday words says: "What was good", "Where more must be done", "Inspectors' worries"."""
    if len(text.split()) > 12 or not _TELLS_OF.search(text):
        return None
    if _WANTING.search(text):
        return "weaknesses" if _LOOKS_BACK.search(text) else "improvement"
    if re.search(r"(?i)\b(?:not|n[’']t)$|n[’']t\b", text) or _BLAME.search(text):
        return "weaknesses"
    return "strengths" if _PRAISE.search(text) else None


def mode_of_column(head: str) -> Mode | None:
    if _IMPROVE_HEADING.search(head):
        return "improvement"
    if STRENGTH_HEADING.search(head):
        return "strengths"
    return "weaknesses" if _WEAK_HEADING.search(head) else None


def asks(text: str) -> bool:
    """Whether a paragraph under a heading of areas for improvement is one, rather than about them."""
    return (
        len(text.split()) >= 3
        and not text.endswith(":")
        and not AS_FOLLOWS.search(text)
        and not re.match(
            r"(?i)(?:the (?:report|inspection|inspectors|\w+ director|director)|officers|ofsted|csci|ssi|there "
            r"(?:were|are)|these|this|members|I (?:am|should|would|will|look)|"
            r"that\b|a (?:full|copy)|please|yours|dear|for further|contact)\b",
            text,
        )
    )
