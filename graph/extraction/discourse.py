"""What a council's paper reports in prose: findings, areas for development, actions that it announces.

The paper is read as a discourse: headings and the sentences that introduce lists say what the items below them are;
a sentence on its own is a finding where it says that the inspectors found, noted or praised something, an action where
the council says what it will do. What the committee is asked to decide is neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from graph.dates import find_dates, timescale_edtf
from graph.extraction.evidence import collapsed, evidence, maker
from graph.extraction.polarity import rule_polarity
from graph.extraction.sentences import sentences
from graph.model import Action, Block, Finding, Polarity, ReadDocument, Recommendation, Segment

Mode = Literal[
    "strengths", "improvement", "recommendations", "findings", "weaknesses", "actions", "decision", "method", "aside"
]

# ------------------------------------------------------------------------------------------------ headings and lead-ins

_DECIDING: Final = re.compile(
    r"(?i)\b(?:is|are|be) (?:therefore |hereby )?(?:recommended|asked|requested|invited) (?:to|that)\b"
    r"(?! (?:\w+ ){0,2}(?:meetings?|events?|conferences?|reviews?|attend|give their))|"
    r"\brecommended (?:to|that)\b(?=[^.]{0,12}$)|"
    r"\bit is recommended that\b|\b(?:cabinet|committee|executive|council|panel|members|board|"
    r"scrutiny)\b[^.]{0,60}\b(?:asked|recommended|requested|invited)\b"
)
_DECISION_VERB: Final = re.compile(
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
_STRENGTH_HEADING: Final = re.compile(
    r"(?i)^what\b.{0,60}\b(?:do|does|did|done|doing|going|go|goes|working|works) (?:\w+ )?well\b|^(?:key |main "
    r")?improvements?$|\bstrengths?\b(?!.*\b(?:and|&)\b.*\b(?:weakness|improve|develop))|what "
    r"(?:is|was|we do|they (?:said|"
    r"found)).{0,20}\bwell\b|good practice|positive (?:findings|features|practice|areas|comments)|"
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
    r"development (?:areas?|needs?)|areas? (?:identified )?for (?:improvement|development)|to (?:be )?improved?$"
)
_RECOMMEND_HEADING: Final = re.compile(
    r"(?i)^(?:(?:the\s+)?(?:key|main|headline|priority|statutory|requirements? and)\s+)*recommendations?\b|"
    r"^what (?:the )?(?:inspectors?|inspection|inspectorate|ofsted|csci|ssi|cqc|commission|they|letter|report) "
    r"(?:wants?|wanted|would like|expects?|expected|asks?|asked|recommends?|recommended|requires?|required)\b|"
    r"^(?:statutory )?requirements?$|(?:inspect\w*|ofsted|csci|ssi|"
    r"report)[’']?s?\s+(?:\w+\s+){0,3}recommendations|recommendations\s+(?:from|of|made|by|in|arising)"
)
_OF_INSPECTORS: Final = re.compile(r"(?i)\b(?:inspectors?|inspectorate|ofsted|csci|ssi|cqc|hmip?|joint review|jar)\b")
_WEAK_HEADING: Final = re.compile(
    r"(?i)\bstandards? (?:that (?:are|were) )?(?:not|partly|partially|almost) (?:fully )?met\b|\bshortfalls?\b|"
    r"\b(?:weakness(?:es)?|concerns|less (?:well|good|positive)|shortcomings|challenges|not (?:working|"
    r"going) (?:so )?well|what was less)\b"
)
_FINDINGS_HEADING: Final = re.compile(
    r"(?i)\bfindings?\b|what did (?:the )?(?:ofsted|inspectors?|inspection|they|csci|ssi)\b.{0,12}(?:find|say|tell|"
    r"conclude)|what (?:the )?(?:inspectors?|ofsted|inspection|they) (?:found|said)|(?:outcome|result|"
    r"conclusion)s? of (?:the )?(?:inspection|review|letter|report)|inspection (?:outcome|result|"
    r"judge?ment)s?\b|"
    r"judge?ments?$|^(?:the |main |key |overall )*(?:outcomes?|results?|messages?|conclusions?)$"
)
_ACTION_HEADING: Final = re.compile(
    r"(?i)next steps|\bresponse$|what happens (?:now|next)|actions? (?:taken|to be taken|being taken|planned|"
    r"proposed|agreed|required|in response)|"
    r"what (?:we|the council|happens|will)\b.*\b(?:do|doing|next|happen)|way forward|(?:our|the council[’']?s?|"
    r"proposed|local authority) (?:response|actions)|"
    r"response to (?:the )?(?:inspection|findings|recommendations|report)|improvement (?:activity|actions|work|plan)|"
    r"planned (?:work|improvements|actions)|^actions?:?$|progress (?:to date|made|since)"
)

_GRADED_LINE: Final = re.compile(
    r"(?i)[:–-]\s*(?:outstanding|excellent|good|adequate|satisfactory|inadequate|weak|poor|"
    r"requires? improvement\b.*|[1-4])$"
)
_LEAD_DECISION: Final = _DECIDING
_LEAD_METHOD: Final = re.compile(
    r"(?i)\b(?:methodolog\w+|submission|completion of|purpose|evaluat\w+ (?:the|whether|how)|three major areas|"
    r"major areas|informed by|judged against|judge?ments? (?:of effectiveness )?(?:against|on|in|will)|"
    r"following (?:processes|areas were)|"
    r"consist\w* of|compris\w+|involv\w+|fieldwork|look(?:s|ed) at|focus(?:es|sed|ed)? on|cover(?:s|ed)|examin\w+|"
    r"interview\w*|met with|spoke to|four[- ]point|scale|graded? (?:as|on)|criteria|framework|questionnaires?|"
    r"this report|against whether|"
    r"background|attached|as follows|means that|responsible for|available|members (?:of the|are)|contact)\b"
)
#: What an inspection to come will ask for is no finding of one that was.
_LEAD_EXPECTED: Final = re.compile(
    r"(?i)\b(?:inspect\w+|ofsted|they|it|framework)\s+(?:will|would|may|might|are likely to|"
    r"is likely to)\s+(?:\w+ )?(?:want|"
    r"look|expect|consider|test|evaluate|judge|ask|focus|check|examine|take|seek|need)\b"
)
#: Of an area's weaknesses that a written statement of action must answer.
_STATEMENT_ASKED: Final = re.compile(
    r"(?i)written statement of action\b[^:]{0,200}\b(?:required|must|needed|"
    r"determined)\b[^:]{0,200}\b(?:weakness|concern)"
)
_LEAD_STRENGTH: Final = re.compile(
    r"(?i)\b(?:strengths?|performing well|working well|well[- ]developed|good practice|positive\w*|"
    r"particularly (?:good|strong|impressed|pleased|commended)|commend\w*|praised?|pleased|progress (?:in|"
    r"has|was|"
    r"made|had)|improvements? (?:in|had|have|were)|"
    r"achievements?|effective(?:ly)?|impress\w+|good (?:work|performance|progress|quality)|strong(?:ly)?|well (?:in|"
    r"led|managed|supported)|highlights? (?:good|areas of good)|success\w*)\b"
)
_LEAD_IMPROVE: Final = re.compile(
    r"(?i)\b(?:areas?|aspects?|issues?|matters?|things|elements)\s+(?:\w+\s+){0,4}?(?:for|of|where|requir\w+|"
    r"need\w*|to|in need of)\s+(?:\w+\s+){0,3}?(?:development|improv\w+|attention|action|address\w*|"
    r"strengthen\w*|"
    r"focus|work)|"
    r"development (?:was|is|were|are)? ?(?:needed|required)|(?:need|needs|needed|"
    r"requir\w+) (?:to (?:be )?)?(?:improv\w+|develop\w*|strengthen\w*|address\w*|further|attention)|"
    r"(?:statutory |following )requirements?\b|recommend(?:ed|"
    r"s|ations?)\b|what needs to improve|"
    r"(?:council|authority|service|department|partnership|partners|board|managers|we|they) (?:(?:is|are) (?:required|"
    r"expected|advised) to|should|must|needs? to)|could be (?:improved|"
    r"strengthened)|further (?:work|development|improvement)s?|priorit(?:y|ies) for|"
    r"areas? for (?:further )?(?:improvement|development)|to (?:be )?improve(?:d)?\b|"
    r"\b(?:asks?|asked|expects?|expected|requires?|required|urge[sd]?|invite[sd]?) (?:the )?(?:council|authority|"
    r"department|"
    r"partnership|board|service|us|you) to\b|\b(?:give|pay|giving|paying) (?:\w+ ){0,3}attention to\b|"
    r"\b(?:would|wish|wishes|want|wants|wanted|hopes?|hoped) (?:like )?to see\b|"
    r"\b(?:changes|improvements?|action) (?:is|are|was|were) (?:necessary|needed|required) (?:to ensure|in order)\b"
)
_LEAD_WEAK: Final = re.compile(
    r"(?i)\b(?:weakness\w*|concern(?:s|ed)?|shortcomings?|less (?:well|effective|positive(?:ly)?|good|strong)|"
    r"not (?:good|"
    r"well|consistently|yet)|poor\w*|challenges?|difficult\w+|critic\w+|failings?|gaps)\b"
)
_LEAD_ACTION: Final = re.compile(
    r"(?i)\b(?:will|are going to|plan(?:s|ned)? to|intend(?:s)? to|propos(?:es|ed) to|actions?|steps|measures|"
    r"initiatives|work (?:is )?(?:underway|planned)|has (?:already )?(?:begun|started)|in response)\b"
)
_REPORTED: Final = re.compile(
    r"(?i)\b(?:inspect\w*|ofsted|csci|ssi|report|letter|review\w*|commission|judg\w+|found|identified|noted|"
    r"highlighted|stated|commented)\b"
)

# ------------------------------------------------------------------------------------------------------------ findings

_BODY: Final = (
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
    r"(?:found|finds?|noted?|notes|stat(?:ed|es)|reported|comment(?:ed|s)?|commend(?:ed|s)?|acknowledge[sd]?|"
    r"recogni[sz]e[sd]?|identif(?:ied|ies|y)|highlight(?:ed|s)?|conclude[sd]?|prais(?:ed|es|e)|"
    r"observ(?:ed|es)|endors(?:ed|es|e)|view(?:ed|s)?|considered|felt|feel|advise[sd]?|saw|see|express(?:ed|es)|"
    r"judged|said|says|confirm(?:ed|s)|raised|raises|criticis(?:ed|es)|welcom(?:ed|es)|drew|draws|recorded|"
    r"records|"
    r"describ(?:ed|es)|point(?:ed|s)? out|(?:was|were|is|are|had been|has been|have been|remains?|"
    r"remained) (?:(?:particularly|very|also|"
    r"especially|greatly|less|not|more|most|rather|somewhat|highly|deeply|quite|fairly|generally|again|"
    r"however) )*(?:pleased|"
    r"impressed|concerned|positive|critical|complimentary|satisfied|dissatisfied|disappointed|worried|struck|"
    r"encouraged|"
    r"clear|reassured|confident|of the view|troubled|heartened)|"
    r"told (?:us|the (?:council|authority|department|service))|thought (?:highly|well|poorly|that)|"
    r"sp(?:eaks?|oke) (?:very |most )?(?:highly|well|warmly)|pa(?:ys?|id) (?:particular |warm )?tribute|"
    r"g(?:ives?|ave) credit|t(?:akes?|ook) the view|applaud(?:ed|s)?|congratulat(?:ed|es)|regrett?(?:ed|s)|"
    r"question(?:ed|s)|warn(?:ed|s)|singled out|remark(?:ed|s)|stress(?:ed|es)|emphasi[sz]e[sd]?|"
    r"(?:also )?ma(?:kes?|"
    r"de) (?:\w+ ){0,3}(?:comments?|judge?ments?|reference)|rais(?:ed|es))"
)
_ACTIVE: Final = re.compile(
    rf"(?:^|[\s,;(“\"'])(?i:{_BODY})\b(?:,[^,]{{2,80}},)?(?:\s+(?:also|further|therefore|particularly|again|clearly|"
    rf"generally|consistently|that|have|has|had|however|too|then|both|specifically|"
    rf"and\s+inspectors))*\s+(?:{_FOUND})\b"
)
_THEY: Final = re.compile(
    rf"(?:^|[\s,;])(?:[Tt]hey|[Ii]t)\s+(?:ha[ds]\s+|have\s+|also\s+|further\s+|particularly\s+|again\s+|"
    rf"however\s+)*(?:{_FOUND})\b"
)
_PASSIVE: Final = re.compile(
    r"(?i)\b(?:was|were|is|are|has been|have been|had been)\s+(?:also\s+|again\s+|particularly\s+|specifically\s+|"
    r"further\s+|clearly\s+|generally\s+|widely\s+|rightly\s+)*"
    r"(?:welcomed|applauded|commended|praised|recogni[sz]ed|identified|noted|acknowledged|highlighted|described|"
    r"cited|singled out|"
    r"found|seen|considered|judged|criticised|commented (?:up)?on|observed|viewed|regarded|reported)\b"
)
_FOUND_TO_BE: Final = re.compile(r"(?i)\bfound\b[^.;]{3,80}\bto (?:be|have)\b")
_ACCORDING: Final = re.compile(
    rf"(?i)\btold (?:the |our )?(?:inspect\w+|reviewers?|review team)\b|\bit (?:was|is|has been) (?:also |further "
    rf")?(?:noted|found|observed|acknowledged|recogni[sz]ed|reported|"
    rf"felt) "
    rf"that\b|\baccording to {_BODY}\b|\bin the (?:view|opinion) of {_BODY}\b|\b(?:particular |special )?(?:reference|"
    rf"mention) was made\b|\binspectors?[’'] (?:view|comments|findings)\b[^.]{{0,40}}\b(?:was|were|is|are)\b"
)
_FOLLOWS: Final = re.compile(
    r"(?i)\b(?:examples? of this|of this\b.{0,20}$|this (?:is|was) (?:evident|evidenced|demonstrated|reflected|seen|"
    r"particularly|a (?:strength|weakness|concern))|for example|in particular|these (?:strengths|improvements|"
    r"weaknesses))\b"
)
#: Verbs that judge by themselves, whatever follows them.
_JUDGING: Final = re.compile(
    r"(?i)\b(?:prais\w+|commend\w*|applaud\w*|congratulat\w+|criticis\w+|tribute|credit|highly|warmly|impressed|"
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
    r"timely|appropriate\w*|high|low|"
    r"reliabl\w+|experienced|skil\w+|unfilled|vacan\w+|held (?:you|it|them|us) back|declin\w+|"
    r"motivated|knowledgeable|enthusias\w+|fully met|exceeded|"
    r"safe\w*|priority|prioriti\w+|benefit\w*|valu\w+|responsive\w*|particular\w*|innovat\w+|creativ\w+|thorough\w*|"
    r"stable|stability|quality|embedded|under-?\w+|over-?represent\w*|recommend\w*)"
)
_NO_FINDING: Final = re.compile(
    r"(?i)^please\b|^(?:this|the|our|that) (?:\w+ ){0,2}?(?:plan|table|paper|appendix|annexe?|document|section|chart)\b"
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
#: Only says that a table or a list follows.
_POINTS_BELOW: Final = re.compile(
    r"(?i)\b(?:the following|as follows|below|(?:are|were|is|was)|these)\b[^.;:]{0,90}:$|:$(?<=are:|ere:|ade:)"
)
_COUNCIL_SELF: Final = re.compile(
    r"(?i)^(?:the\s+)?(?:council|service|directorate|department|authority|CSF|we|officers|our)\b[^.]{0,60}\b(?:is|"
    r"are) (?:aware|addressing|committed|working|confident|pleased|developing)\b"
)

# ------------------------------------------------------------------------------------------------------------- actions

_DOING: Final = (
    r"(?:add(?=\b|ed|s|ing)|deploy|recruit|appoint|introduc|establish|develop|implement|provid|review|"
    r"strengthen|launch|deliver|"
    r"increas|creat|train|extend|expand|roll|commission|put|set|address|undertak|undertook|mak|ensur|improv|"
    r"work|"
    r"continu|build|"
    r"invest|redesign|restructur|revis|updat|produc|prepar|complet|embed|respond|carry|carri|hold|monitor|audit|"
    r"offer|run|open|publish|adopt|amend|rewrit|replac|reduc|enhanc|refresh|begin|start|convene|coordinat|"
    r"co-ordinat|focus|target|fund|allocat|"
    r"relaunch|pilot|evaluat|engag|consult|arrang|organis|secur|procur|lead|draw|draft|brief|writ|join|merg|"
    r"transfer|move|buil|tak|generat|compil|agree|bring|brought|leas|rent|hir|employ|visit|check|sign|shar|us|giv|send|"
    r"test|speak|contact|record|refer|support|explor|promot|negotiat|remov|simplif|clos|second|relocat|co-?locat|"
    r"print|advertis|countersign|meet(?=\b|s)|"
    r"publicis|circulat|scop|map|analys|trial|purchas|buy|spend|doubl|halv|trebl|design|adapt|resolv|clarif|widen|"
    r"broaden|tighten|issu|guarantee|convert|renew|retain|reward|pay)\w*"
)
_WILL: Final = re.compile(
    rf"(?i)\b(?:will|shall|is going to|are going to)\s+(?:(?:also|now|therefore|then|each|all|both|continue to|"
    rf"further|initially|again|shortly|jointly)\s+)*(?P<passive>be\s+(?:(?:also|further|jointly|fully|"
    rf"regularly|"
    rf"now)\s+)*)?(?P<verb>{_DOING})\b"
)
_WOULD: Final = re.compile(
    rf"\bwould\s+(?:(?:also|now|then|each|both|further|again|shortly|jointly)\s+)*(?P<passive>be\s+)?"
    rf"(?P<verb>{_DOING})\b"
)
_IS_TO: Final = re.compile(
    rf"(?i)\b(?:is|are)\s+(?:now |also )?(?:to|planned|due|planning to|intending to)\s+(?P<passive>be\s+|for\s+|in\s+)?"
    rf"(?P<verb>{_DOING}|(?:the|spring|summer|autumn|winter|early|late|(?-i:[A-Z])\w+)\b)"
)
_UNDER_WAY: Final = re.compile(
    rf"(?i)\b(?:is|are)\s+(?:currently |now |also |already )*(?P<verb>(?=\w+ing\b){_DOING})\b"
)
_DONE: Final = re.compile(
    rf"(?i)\b(?:has|have)\s+(?:already |now |also )*(?P<passive>been\s+)?(?P<verb>(?=\w+ed\b){_DOING})\b"
)
_IN_PLACE: Final = re.compile(
    r"(?i)\b(?:will|shall)\s+(?:also\s+|then\s+)?(?P<passive>be)\s+(?:fully\s+)?(?P<verb>in place|operational|in "
    r"post|up and running|live)\b"
)
_BEING: Final = re.compile(rf"(?i)\b(?:is|are)\s+(?:currently |now |also )?being\s+(?P<verb>{_DOING})\b")
_COUNCIL_SUBJECT: Final = re.compile(
    r"(?i)\b(?:we|the (?:\w+ ){0,3}(?:council|service|services|department|directorate|authority|partnership|board|"
    r"team|teams|group|leadership team|management team|strategic leads?|head of [\w’' ]+|director of [\w’' ]+|"
    r"director|assistant director|panel)|officers|managers|(?:social )?workers|staff|"
    r"(?:the relevant )?strategic leads?|[A-Z]{2,5}|all (?:staff|managers|teams|social workers)|team managers|"
    r"heads? of service|training|workshops?|posts?|a (?:new|further|dedicated|revised|programme|project|"
    r"specialist)[\w’' ]*|(?:an?|one|two|three|four|five|six|the|both|all|each|every|another|"
    r"\d+) (?:[\w’'-]+ ){0,4}?(?:workers?|"
    r"officers?|managers?|nurses?|teams?|directors?|practitioners?|advisers?|posts?|services|leaders|heads?|chairs?|"
    r"foster carers|clinicians?))\b"
)
_NOT_COUNCIL: Final = re.compile(
    r"(?i)^(?:(?:the|this|these|that|it|they|there|any|all of this)\s*(?:$|\s(?:will|shall))|.{0,80}\b(?:ofsted|"
    r"csci|ssi|inspectors?|inspectorate|inspection(?: regime| framework)?|judge?ments?|regime|government|dfe|"
    r"department for education|"
    r"(?:final |full |inspection |draft |this |the )report|letter|findings|members|cabinet|executive|committee|"
    r"alterations|amendments|implementation of (?:the )?(?:action )?plan|quality of service)\b[^,]{0,40}$)"
)
_TO_WHOM: Final = re.compile(
    r"(?i)\bby\s+(?:the\s+)?(?:CSCI|Ofsted|SSI|Inspect\w+|Commission for|Social Services Inspectorate|DfE|"
    r"Department for Education|Audit Commission|Government|Cabinet|Executive)\b"
)
_ANSWERING: Final = re.compile(r"(?i)\bprepar\w+ (?:a|an|the|its|their|our) (?:\w+ )?(?:response|reply)\b")
_REPORTING: Final = re.compile(
    r"(?i)\b(?:will be (?:presented|submitted|sent|considered|published|available|reported|circulated|"
    r"made available|met|achieved|contained|judged|led|informed|required|found|absorbed|taken)|take place|"
    r"be no)\b"
)
_RESPONSIBLE: Final = re.compile(
    r"\bby\s+(?:the\s+|our\s+)?(?P<who>(?:[A-Z][\w’'&-]*|and|of|for|&)(?:\s+(?:[A-Z][\w’'&-]*|and|of|for|"
    r"&)){0,8}?\s*(?:Group|Board|Team|Panel|Committee|Manager|Director|Officer|Service|Leads?|Partnership|"
    r"Head)(?:\s+(?:of|for)\s+(?:[A-Z][\w’'&]*\s?|and\s){1,6})?)"
)
_RESPONSIBLE_SUBJECT: Final = re.compile(
    r"^(?:The\s+|A\s+)?(?:relevant\s+)?(?P<who>(?:[A-Z][\w’'&-]*|of|and|for|&)(?:\s+(?:[A-Z][\w’'&-]*|of|and|for|"
    r"&)){0,8}?\s*(?:Group|Board|Team|Panel|Manager|Director|Officer|Leads?|Head)(?:\s+(?:of|"
    r"for)\s+(?:[A-Z][\w’'&]*\s?|and\s){1,6})?)\s+(?:will|shall|would|is to|are to)\b"
)
_WHEN: Final = re.compile(
    r"(?i)(?:\b(?:by|before|from|in|during|until|no later than|within|at)\s+(?:the\s+)?(?:(?:end|start|beginning|"
    r"middle)\s+of\s+)?(?:early\s+|late\s+|mid[- ]?)?)$"
)


#: "Immediately:", "Within three months:" head recommendations by when they are due.
_WHEN_TO_ACT: Final = re.compile(
    r"(?i)^(?:for )?(?:immediate(?:ly)?|urgent(?:ly)?|action within|within|over the (?:next|coming)|in the (?:short|"
    r"medium|long)[- ]term|(?:for )?action over the next)\b"
)


#: Nobody writes longer sentences; patterns are not tried on what only looks like one.
MAX_SENTENCE: Final = 6_000
#: What a sentence may announce that a paragraph then gives in its own words.
_QUOTED: Final = ("strengths", "weaknesses", "findings")
#: How headings in small letters begin, so that a line of a list is none.
_NAMES_A_PART: Final = re.compile(
    r"(?i)(?:what|where|how|our|the|key|main|areas?|strengths?|weaknesses|outcomes?|results?|findings|ofsted|csci|ssi|"
    r"inspectors?|inspection|recommendations?|requirements?|priority|immediate|next|actions?|summary of|proposed|"
    r"conclusions?|positive|good practice|improvements?)\b"
)
#: What a heading may say of the lists below it.
_LISTED: Final = ("strengths", "improvement", "recommendations", "weaknesses")


@dataclass
class _Place:
    """Where the reading stands: the heading above, what it makes of what follows, and the list that was introduced."""

    section: str | None = None
    mode: Mode | None = None
    level: float = 0
    """Of the heading that gave ``mode``: deeper ones that say nothing leave it."""
    list_mode: Mode | None = None
    list_marker: str | None = None
    last_mode: Mode | None = None
    reporter: bool = False
    deadline: str | None = None
    listed: bool = False


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
    findings: list[Finding] = field(default_factory=list)
    recommendations: list[Recommendation] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    _place: _Place = field(default_factory=_Place)

    def read(self) -> None:
        for index, block in enumerate(self.document.blocks):
            if index in self.skip:
                self._place.list_mode = None
                continue
            if block.table is not None:
                self._table(block)
            elif block.kind == "heading" or self._heads(index, block):
                self._heading(index, block)
            elif block.kind == "footnote":
                self._note(block, "skipped", "a footnote", None)
            else:
                self._prose(index, block)

    # ------------------------------------------------------------------------------------------------------- headings

    def _heading(self, index: int, block: Block) -> None:
        text = collapsed(self.document.slice(block)).rstrip(" .:")
        place = self._place
        mode, level = self._mode_of_heading(text, index), float(block.level)
        if mode is None and (announced := self._announced_above(index)) is not None:
            mode, level = announced, block.level - 0.5  # also for the headings beside this one
        inherited = place.mode is not None and (
            block.level > 3 or (block.level > place.level and place.mode in (*_LISTED, "findings"))
        )
        place.section = text
        if mode is not None or not inherited:
            place.mode, place.level = mode, level
        place.list_mode = place.mode if place.mode in _LISTED else None
        place.list_marker = None
        place.last_mode = None
        place.reporter = False
        place.deadline = None
        place.listed = False
        self._note(block, "heading", f"a heading; what follows is read as {place.mode or 'prose'}", None)

    def _announced_above(self, index: int) -> Mode | None:
        """What the line above a heading says of the lists below: "the following recommendations were made:"."""
        if not self._after_lead(index):
            return None
        above = self.document.blocks[index - 1]
        last = [
            collapsed(self.document.text[start:end])
            for start, end in sentences(self.document.text, above.start, above.end)
        ][-1:]
        mode = self._mode_of_lead(last[0], "") if last else None
        return mode if mode in _LISTED else None

    def _heads(self, index: int, block: Block) -> bool:
        """Whether a short line that no format marks is a heading, by what it says of what follows."""
        text = collapsed(self.document.slice(block))
        following = self.document.blocks[index + 1] if index + 1 < len(self.document.blocks) else None
        return (
            block.kind == "paragraph"
            and block.marker is None
            and following is not None
            and 2 <= len(text.split()) <= 10
            and text[:1].isupper()
            and not re.search(r"[.:;,!?]$", text)
            and index not in self._unmarked
            and _NAMES_A_PART.match(text) is not None
            and self._mode_of_heading(text, index) in (*_LISTED, "findings", "actions")
        )

    def _mode_of_heading(self, text: str, index: int) -> Mode | None:
        if _STRENGTH_HEADING.search(text) and _IMPROVE_HEADING.search(text):
            return "findings"
        if _IMPROVE_HEADING.search(text):
            return "decision" if self._decides_below(index) else "improvement"
        if _RECOMMEND_HEADING.search(text):
            return "decision" if not _OF_INSPECTORS.search(text) and self._decides_below(index) else "recommendations"
        if _STRENGTH_HEADING.search(text):
            return "strengths"
        if _WEAK_HEADING.search(text):
            return "weaknesses"
        if _DECIDING.search(text):
            return "decision"
        if _METHOD_HEADING.search(text):
            return "method"
        if _ACTION_HEADING.search(text) and not re.search(r"(?i)inspection report and", text):
            return "actions"
        if _ASIDE_HEADING.search(text):
            return "aside"
        if _FINDINGS_HEADING.search(text):
            return "findings"
        return None

    def _decides_below(self, index: int) -> bool:
        """Whether the blocks under a heading ask a committee to decide."""
        for block in self.document.blocks[index + 1 : index + 4]:
            if block.table is not None:
                return False
            text = collapsed(self.document.slice(block))
            if _DECIDING.search(text) or _DECISION_VERB.match(text):
                return True
        return False

    # ---------------------------------------------------------------------------------------------------------- prose

    def _prose(self, index: int, block: Block) -> None:
        place = self._place
        text = self.document.slice(block)
        plain = collapsed(text)
        family = _family(block.marker)
        bullet = index in self._unmarked or (
            block.kind == "list_item" and not self._is_numbered_paragraph(index, block)
        )
        changed = bullet and place.list_marker is not None and family != place.list_marker
        announced = place.list_mode in _QUOTED and not bullet and self._after_lead(index)
        if (not bullet and not announced and not self._leads_in(index, block)) or (
            changed and family in ("numbered", "sectioned")
        ):
            place.list_mode = (
                place.mode if place.mode in _LISTED and block.kind == "list_item" and not changed else None
            )
            place.list_marker = None
        if place.mode == "aside" and not _strongly_reported(plain):
            self._aside(block)
            return
        if _DECIDING.search(plain) and not _strongly_reported(plain):
            place.list_mode = "decision"
            place.list_marker = _next_family(self.document.blocks, index)
            self._note(block, "skipped", "asks the committee to decide", "council.decision")
            return
        if place.mode == "decision" or place.list_mode == "decision":
            self._note(block, "skipped", "what the committee is asked to decide", "council.decision")
            return
        if self._leads_in(index, block):
            self._lead_in(index, block, plain)
            return
        if place.list_mode in _QUOTED and not bullet and self._after_lead(index):
            mode, place.mode, place.list_mode = place.mode, place.list_mode, None
            self._sentences(block)
            place.mode = mode
            return
        if place.list_mode is not None and bullet:
            if place.list_marker is None:
                place.list_marker = _family(block.marker)
            self._item(block, place.list_mode)
            return
        if (
            place.mode in ("improvement", "recommendations")
            and not place.listed
            and block.kind == "paragraph"
            and _asks(plain)
        ):
            self._recommend(block.start, block.end, None, "council.section")
            self._note(block, "recommendation", f"stands under “{place.section}”", "council.section")
            return
        self._sentences(block)

    def _is_numbered_paragraph(self, index: int, block: Block) -> bool:
        return block.kind == "list_item" and (_is_paragraph_number(block) or index in self._running)

    @cached_property
    def _running(self) -> frozenset[int]:
        """Blocks whose plain numbers run on through the paper, past its headings: numbered paragraphs, not items."""
        members: list[int] = []
        crossed = False
        last, heading_since = 0, False
        for index, block in enumerate(self.document.blocks):
            if block.kind == "heading":
                heading_since = True
                number = re.match(r"(\d{1,2})\.?$", block.marker or "")
            else:
                number = re.match(r"(\d{1,2})[.)]$", block.marker or "") if block.kind == "list_item" else None
            if number is None:
                continue
            value = int(number[1])
            if value in (last + 1, last + 2):
                crossed = crossed or (heading_since and bool(members) and block.kind != "heading")
                last, heading_since = value, block.kind == "heading"
                members.append(index)
        return frozenset(members) if crossed and len(members) >= 4 else frozenset()

    @cached_property
    def _unmarked(self) -> frozenset[int]:
        """Paragraphs that are the items of a list whose bullets were lost: two or more short ones in a row, each one
        sentence or less, below a line that ends in a colon."""
        members: set[int] = set()
        blocks = self.document.blocks
        for index, block in enumerate(blocks):
            if block.kind not in ("paragraph", "list_item") or index in members:
                continue
            if not re.search(r":\s*[-–]?$", self.document.slice(block)):
                continue
            run = []
            for at in range(index + 1, len(blocks)):
                if not self._could_be_item(blocks[at]):
                    break
                run.append(at)
            ends = {self.document.slice(blocks[at]).rstrip()[-1:] in ".!?" for at in run[:-1]}
            if len(run) >= 2 and len(ends) == 1:
                members.update(run)
        return frozenset(members)

    def _could_be_item(self, block: Block) -> bool:
        if block.kind != "paragraph" or block.marker is not None:
            return False
        text = collapsed(self.document.slice(block))
        return (
            2 <= len(text.split()) <= 45
            and not text.endswith(":")
            and len(list(sentences(text, 0, len(text)))) == 1
            and not _DECIDING.search(text)
            and not re.match(r"(?i)(?:dear|yours|date|contact|report (?:by|of)|appendix|annexe?|page)\b", text)
        )

    def _aside(self, block: Block) -> None:
        """Sections on money, law and the like: only an action may stand there."""
        made = False
        for start, end in sentences(self.document.text, block.start, block.end):
            made |= self._action(start, end)
        self._note(block, "action" if made else "skipped", f"stands under “{self._place.section}”", "council.aside")

    def _leads_in(self, index: int, block: Block) -> bool:
        """Whether a block introduces a list: it ends in a colon, or in an open phrase, and bullets follow."""
        text = self.document.slice(block).rstrip()
        following = self.document.blocks[index + 1] if index + 1 < len(self.document.blocks) else None
        if following is None:
            return False
        if index + 1 in self._unmarked and index not in self._unmarked:
            return True
        if index in self._unmarked:
            return False
        if following.kind == "list_item" and (
            not self._is_numbered_paragraph(index + 1, following) or _below(block, following)
        ):
            if re.search(r":\s*[-–]?$", text):
                return True
            if not re.search(r"[.!?][’”\"')\]]*$", text) and block.kind == "paragraph" and not _is_item_like(block):
                return True
            opened = re.search(
                r"(?i)\b(?:the following|these (?:are|include|included|were)|in the areas? of|as follows|include|"
                r"includes|included|following areas?[\w ]*)\W*$",
                text,
            )
            return bool(opened)
        return text.endswith((":", ":-")) and following.kind == "paragraph" and len(text.split()) <= 14

    def _after_lead(self, index: int) -> bool:
        """Whether the block right above ends in the colon that announces this paragraph."""
        above = self.document.blocks[index - 1] if index else None
        return above is not None and above.table is None and self.document.slice(above).rstrip().endswith(":")

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
            place.list_mode = place.mode if place.mode in _LISTED else None
        mode = self._mode_of_lead(last, previous)
        place.deadline = last.rstrip(" :-") if _WHEN_TO_ACT.search(last) else None
        place.list_mode = mode
        place.list_marker = _next_family(self.document.blocks, index)
        self._note(
            block,
            "lead-in",
            f"introduces a list that is read as {mode or 'neither findings nor recommendations'}",
            "council.lead-in",
        )

    def _mode_of_lead(self, lead: str, before: str) -> Mode | None:
        place = self._place
        if _LEAD_EXPECTED.search(lead):
            return "method"
        if _LEAD_DECISION.search(lead):
            return "decision"
        headed = (
            self._mode_of_heading(lead.rstrip(" :-"), len(self.document.blocks)) if len(lead.split()) <= 9 else None
        )
        if headed == "strengths" and _LEAD_IMPROVE.search(lead):
            headed = None  # "good practice recommendations"
        if (
            place.list_mode is not None
            and place.list_mode != "method"
            and len(lead.split()) <= 9
            and (headed is None or _WHEN_TO_ACT.search(lead))
            and not any(p.search(lead) for p in (_LEAD_IMPROVE, _LEAD_STRENGTH, _LEAD_WEAK))
        ):
            return place.list_mode
        if headed not in (None, "aside", "actions", "decision"):
            return headed
        neutral = len(lead.split()) <= 6 and not any(
            p.search(lead) for p in (_LEAD_IMPROVE, _LEAD_STRENGTH, _LEAD_WEAK)
        )
        if neutral and re.search(r"(?i)\b(?:these|this|they|the following|include|included)\b", lead):
            return place.last_mode or place.mode if place.mode != "decision" else "decision"
        scope = f"{before} {lead}" if neutral else lead
        reported = (
            bool(_REPORTED.search(lead) or _REPORTED.search(before))
            or place.reporter
            or self.letter
            or re.search(r"(?i)\brecommendations (?:was|were|have been) made\b", lead) is not None
            or place.mode in ("findings", "strengths", "improvement", "recommendations")
        )
        if _STATEMENT_ASKED.search(f"{before} {lead}"):
            return "improvement"
        improve, weak, strong = _LEAD_IMPROVE.search(scope), _LEAD_WEAK.search(scope), _LEAD_STRENGTH.search(scope)
        if reported and improve:
            return "recommendations" if re.search(r"(?i)recommend", scope) else "improvement"
        if reported and weak and not (strong and strong.end() > weak.end()):
            return "weaknesses"
        if reported and strong:
            return "strengths"
        if _LEAD_METHOD.search(lead) and not re.search(r"(?i)\bfound (?:that|the)\b|\bcomments:", lead):
            return "method"
        if reported and re.search(
            r"(?i)\b(?:found|reasons|notes?|noted|comments?|commented|says?|said|writes?|wrote|states?|stated|"
            r"concludes?|"
            r"concluded|findings?)\b",
            lead,
        ):
            return "findings"
        if place.mode in ("strengths", "improvement", "recommendations", "weaknesses", "findings", "actions"):
            return place.mode
        if _LEAD_ACTION.search(lead) and not _LEAD_METHOD.search(lead):
            return "actions"
        return "method"

    def _item(self, block: Block, mode: Mode) -> None:
        text = collapsed(self.document.slice(block))
        self._place.listed = True
        judged = any(block.start <= a < block.end for a, _ in self.spans)
        if (
            judged
            and (mode == "findings" or _GRADED_LINE.search(text))
            and len(text.split()) <= 22
            and len(list(sentences(text, 0, len(text)))) == 1
        ):
            self._note(block, "judgement", "an item of a list of judgements", "council.list")
            return
        if mode in ("improvement", "recommendations"):
            self._recommend(block.start, block.end, _number(block.marker), "council.list")
            self._note(block, "recommendation", "an item of a list of what should improve", "council.list")
        elif mode in ("strengths", "weaknesses", "findings"):
            polarity: Polarity | None = {"strengths": "strength", "weaknesses": "improvement"}.get(mode)  # type: ignore[assignment]
            self._find(block.start, block.end, "council.list", polarity, 0.95)
            self._note(block, "finding", f"an item of a list of {mode}", "council.list")
        elif mode == "actions":
            if len(text.split()) >= 4 and not re.match(r"(?i)(?:the )?(?:report|letter|appendix|annex)", text):
                self._act(block.start, block.end, "council.list")
                self._note(block, "action", "an item of a list of actions", "council.list")
            else:
                self._note(block, "skipped", "too short to be an action", "council.list")
        elif self.minutes:
            self._sentences(block)  # points made in a meeting: what will be done is among them
        else:
            self._note(block, "skipped", "an item of a list about method or context", "council.list")

    def _sentences(self, block: Block) -> None:
        place = self._place
        place.reporter = place.reporter and self.document.slice(block).startswith("They ")
        made: set[str] = set()
        last_finding = False
        for start, end in sentences(self.document.text, block.start, block.end):
            if end - start > MAX_SENTENCE:
                continue
            outcome = self._sentence(start, end, follows=last_finding)
            last_finding = outcome == "finding"
            if outcome:
                made.add(outcome)
        best = next((kind for kind in ("finding", "recommendation", "action", "judgement") if kind in made), "skipped")
        self._note(
            block,
            best,
            "read sentence by sentence" if made else "no sentence reports a finding or announces an action",
            "council.sentence",
        )

    def _sentence(self, start: int, end: int, *, follows: bool = False) -> str | None:
        text = collapsed(self.document.text[start:end])
        place = self._place
        if _REPORTED.search(text) and re.search(rf"(?i){_BODY}", text):
            reporter = True
        else:
            reporter = False
        told = any(a < end and start < b for a, b in self.spans)
        if told:
            place.reporter = place.reporter or reporter
            return "judgement"
        outcome: str | None = None
        if self._is_finding(text, follows):
            self._find(start, end, "council.sentence", None, 0.85)
            place.last_mode = _mode_said(text)
            outcome = "finding"
        elif self._action(start, end):
            outcome = "action"
        elif _LEAD_IMPROVE.search(text) and reporter:
            place.last_mode = "improvement"
        place.reporter = place.reporter or reporter
        return outcome

    def _is_finding(self, text: str, follows: bool) -> bool:
        place = self._place
        if len(text.split()) < 5 or _NO_FINDING.search(text) or _COUNCIL_SELF.search(text) or text.endswith("?"):
            return False
        if _POINTS_BELOW.search(text):
            return False
        if not re.search(r"[.!?:;…][’”\"')\]]*$", text) and find_dates(text):
            return False  # a line of the paper's head
        if _WILL.search(text) and not _ACTIVE.search(text):
            return False
        if place.mode in ("strengths", "weaknesses"):
            return bool(_EVALUATIVE.search(text)) or not (_ACTION_LIKE.search(text) or _background(text))
        if place.mode == "method":
            return False
        if active := _ACTIVE.search(text):
            return (
                _tells(text[active.end() :])
                or bool(_EVALUATIVE.search(text))
                or _JUDGING.search(text[active.start() : active.end() + 6]) is not None
            )
        if (
            (they := _THEY.search(text))
            and (place.reporter or re.search(rf"(?i){_BODY}", text))
            and (
                _tells(text[they.end() :])
                or _FOUND_TO_BE.search(text) is not None
                or bool(_EVALUATIVE.search(text))
                or _JUDGING.search(text[they.start() : they.end() + 6]) is not None
            )
        ):
            return True
        if _ACCORDING.search(text):
            return (
                not text.startswith("It ")
                or place.reporter
                or place.mode == "findings"
                or self.letter
                or bool(self.findings)
            )
        if _PASSIVE.search(text) and _EVALUATIVE.search(text):
            by_them = re.search(r"(?i)\bby (?:the )?(?:inspect\w+|ofsted|csci|ssi|review\w*)", text) is not None
            council = re.search(
                r"(?i)\b(?:noted|identified|recognised|highlighted) by (?:the )?(?:inspect\w+|ofsted|csci|ssi)\b", text
            )
            if council and re.search(r"(?i)\b(?:is|are) aware\b|has taken|have taken|we have|address", text):
                return False
            return by_them or place.reporter or place.mode == "findings" or self.letter or self._in_report_of_findings()
        if follows and (_FOLLOWS.search(text) or (place.reporter and _goes_on(text))):
            return True
        if (
            place.mode == "findings" or (self.letter and place.mode not in ("method", "actions"))
        ) and not _ACTION_LIKE.search(text):
            return bool(_EVALUATIVE.search(text)) and not _background(text)
        return False

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
        """Two columns of strengths and of areas for improvement; other tables are left to plans and judgements."""
        assert block.table is not None
        rows = block.table.rows
        modes: dict[int, Mode] = {}
        for cell in rows[0].cells:
            head = collapsed(" ".join(self.document.slice(line) for line in cell.lines))
            if len(head.split()) <= 8 and (mode := self._column_mode(head)) is not None:
                modes[cell.column] = mode
        listed = [row for row in rows[1:] if any(cell.lines for cell in row.cells)]
        if not modes and len(rows) >= 1:
            modes_by_row = [
                (self._column_mode(self._cell_text(row.cells[0].lines)), row)
                for row in rows
                if len(row.cells) >= 2 and row.cells[0].lines
            ]
            if modes_by_row and all(mode for mode, _ in modes_by_row) and len(modes_by_row) >= 2:
                for mode, row in modes_by_row:
                    for cell in row.cells[1:]:
                        for line in cell.lines:
                            self._cell_item(line.start, line.end, mode)
                self._note(block, "finding", "a table of strengths and areas for improvement", "council.table")
            else:
                self._note(block, "skipped", "a table that is neither a plan nor a list of findings", None)
            return
        if not ({"strengths", "improvement", "weaknesses"} & set(modes.values())):
            self._note(block, "skipped", "a table that is neither a plan nor a list of findings", None)
            return
        for row in listed:
            for cell in row.cells:
                mode = modes.get(cell.column)
                if mode is None:
                    continue
                for line in cell.lines:
                    if not self.document.slice(line).rstrip().endswith(":"):
                        self._cell_item(line.start, line.end, mode)
        self._note(block, "finding", "a table of strengths and areas for improvement", "council.table")

    def _column_mode(self, head: str) -> Mode | None:
        if _IMPROVE_HEADING.search(head):
            return "improvement"
        if _STRENGTH_HEADING.search(head):
            return "strengths"
        if _WEAK_HEADING.search(head):
            return "weaknesses"
        return None

    def _cell_text(self, lines: Sequence[object]) -> str:
        return collapsed(" ".join(self.document.slice(line) for line in lines))  # type: ignore[arg-type]

    def _cell_item(self, start: int, end: int, mode: Mode | None) -> None:
        if len(self.document.text[start:end].split()) < 2:
            return
        if mode in ("improvement", "recommendations"):
            self._recommend(start, end, None, "council.table")
        else:
            self._find(start, end, "council.table", "strength" if mode == "strengths" else "improvement", 0.95)

    # ---------------------------------------------------------------------------------------------------------- items

    def _find(self, start: int, end: int, rule: str, polarity: Polarity | None, score: float) -> None:
        text = collapsed(self.document.text[start:end])
        if not re.search(r"[A-Za-z]{3}", text):
            return
        value, certainty = (polarity, 0.95) if polarity else _polarity(text)
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

    def _action(self, start: int, end: int) -> bool:
        """Makes an action of a sentence in which the council says what it will do; False where it does not."""
        text = collapsed(self.document.text[start:end])
        if len(text.split()) < 5 or _ACTIVE.search(text) or _ANSWERING.search(text):
            return False
        will = _WILL.search(text) or _IN_PLACE.search(text) or (_WOULD.search(text) if self.minutes else None)
        if will is None and self._place.mode == "actions":
            will = (
                _IS_TO.search(text)
                or _UNDER_WAY.search(text)
                or (_DONE.search(text) if _timescale(text, self.after) else None)
            )
        being = _BEING.search(text) if will is None else None
        if will is None and being is None:
            return False
        at = will or being
        assert at is not None
        subject = re.split(r"[;:]|,\s+(?:and|but)\s|\b(?:which|that|who)\b", text[: at.start()])[-1].strip()
        head = re.sub(
            r"^(?:If|Once|When|Following|After|As|In|To|Subject to)\b[^,]*,\s*", "", text[: at.start()]
        ).strip()
        if (
            _NOT_COUNCIL.match(f"{head} ")
            or _NOT_COUNCIL.match(head)
            or _TO_WHOM.search(text[at.end() : at.end() + 60])
            or _REPORTING.search(text[max(0, at.start() - 4) : at.end() + 16])
        ):
            return False
        if re.match(
            r"(?i)(?:the )?(?:ofsted|csci|ssi|inspect\w*|commission|government|framework|it (?:has|is))\b", text
        ):
            return False
        if re.search(r"(?i)\b(?:how|whether|what|where)\b[^,]*$", head) or re.search(r"(?i)\bjudge?ments?\b", subject):
            return False
        if (
            not head
            or re.fullmatch(r"(?i)(?:this|it|these|they|that|there|which)", head)
            or re.search(r"(?i)\b(?:if|whether)$", subject)
        ):
            return False
        passive = being is not None or (will is not None and will.groupdict().get("passive") is not None)
        if not passive and self._place.mode != "actions" and not _COUNCIL_SUBJECT.search(head):
            return False
        if (
            passive
            and re.search(r"(?i)\b(?:plan|report|inspection|letter|recommendations?)$", head)
            and re.search(r"(?i)report|inspect|letter", head)
        ):
            return False
        self._act(start, end, "council.sentence")
        return True

    def _act(self, start: int, end: int, rule: str) -> None:
        text = collapsed(self.document.text[start:end])
        timescale = _timescale(text, self.after)
        who = _RESPONSIBLE.search(text) or _RESPONSIBLE_SUBJECT.match(text)
        self.actions.append(
            Action(
                text=text,
                evidence=evidence(self.document, start, end),
                made_by=maker(rule, 0.75),
                timescale=timescale,
                date=timescale_edtf(timescale, self.after),
                responsible=(re.sub(r"^(?:The|A|Our) ", "", collapsed(who["who"])),) if who else (),
                section=self._place.section,
            )
        )

    def _note(self, block: Block, outcome: str, reason: str, rule: str | None) -> None:
        self.segments.append(Segment(block.start, block.end, outcome, reason, rule, block.page))


_ACTION_LIKE: Final = re.compile(r"(?i)\b(?:will|shall|plans? to|intend|propose[sd]?)\b")


def _tells(after: str) -> bool:
    """Whether what follows the verb is what was found: "found that ...", "noted good practice"."""
    return re.match(r"\s*,?\s*(?:\w+ly\s+)?that\b", after) is not None


def _polarity(text: str) -> tuple[Polarity, float]:
    """The rule's polarity, unless the sentence itself names what it tells of an area for development."""
    improve = _LEAD_IMPROVE.search(text)
    if re.match(r"(?i)(?:there were )?no areas? for (?:priority action|improvement)", text):
        return "strength", 0.8
    if improve and _STRENGTH_HEADING.search(text):
        return "mixed", 0.8
    if improve and not _LEAD_STRENGTH.search(text[: improve.start()] + text[improve.end() :]):
        return "improvement", 0.8
    return rule_polarity(text, None)


#: The council speaks again, or of what came after the inspection.
_OWN_VOICE: Final = re.compile(
    r"(?i)\b(?:we|our|us|since|now|already|currently|meanwhile|in response|as a result|members|cabinet|committee|"
    r"officers|this report|action plan|improvement plan|budget|funding|£)\b|£\d"
)


def _goes_on(text: str) -> bool:
    """Whether a sentence after one that reports a finding goes on reporting: it judges, and nobody else speaks."""
    return (
        _EVALUATIVE.search(text) is not None
        and not _OWN_VOICE.search(text)
        and not _ACTION_LIKE.search(text)
        and not _background(text)
        and not find_dates(text)
    )


def _background(text: str) -> bool:
    return bool(
        re.search(
            r"(?i)\b(?:inspection (?:took|was (?:carried|under|conducted))|inspected (?:by|in|during|between)|"
            r"evaluat\w+|the framework|statutory|required to|responsible for|is part of|programme of)\b",
            text,
        )
    )


def _timescale(text: str, after: str | None) -> str | None:
    """The words of a sentence that say when: its first date that lies ahead, with "by" or "from" before it."""
    for date in find_dates(text, after):
        if after is not None and date.latest[: len(after)] < after[: len(date.latest)]:
            continue
        lead = _WHEN.search(text[: date.start])
        return text[
            lead.start() if lead and not re.match(r"(?i)(?:in|at|during|on)\b", lead.group()) else date.start : date.end
        ].rstrip(".")
    within = re.search(
        r"(?i)\b(?:by|before|after|from) (?:Christmas|Easter|the new year|the summer holidays?|"
        r"the end of (?:the |this )?"
        r"(?:\w+ )?(?:month|term|year|week))\b|"
        r"\bwithin (?:the next )?(?:\w+ )?(?:\d+|two|three|four|five|six|nine|twelve|"
        r"eighteen) (?:working )?(?:days|weeks|months|years)\b|\bover the (?:next|"
        r"coming) [\w ]{3,20}?(?:months|"
        r"year|years|weeks)\b|\b(?:by|before|in|during|from) (?:the )?(?:early |late |following )?(?:spring|summer|"
        r"autumn|winter)\b",
        text,
    )
    return within.group() if within else None


def _mode_said(text: str) -> Mode | None:
    improve, strong, weak = _LEAD_IMPROVE.search(text), _LEAD_STRENGTH.search(text), _LEAD_WEAK.search(text)
    if improve:
        return "improvement"
    if weak:
        return "weaknesses"
    return "strengths" if strong else None


def _asks(text: str) -> bool:
    return (
        len(text.split()) >= 4
        and not text.endswith(":")
        and not re.match(
            r"(?i)(?:the (?:report|inspection|inspectors)|ofsted|csci|ssi|there (?:were|are)|these|this|members|"
            r"that\b|a (?:full|copy)|please|yours|dear|for further|contact)\b",
            text,
        )
    )


def _strongly_reported(text: str) -> bool:
    """Whether a sentence says in so many words what the inspectors found: not merely what this report says."""
    found = _ACTIVE.search(text)
    return (
        found is not None
        and re.search(r"(?i)inspect|ofsted|csci|\bssi\b|letter|commission|review", found.group()) is not None
    )


def _family(marker: str | None) -> str:
    """What kind of list a marker belongs to, so that a list ends where another begins."""
    text = marker or ""
    if re.match(r"\(?\d+\.\d", text):
        return "sectioned"
    if re.match(r"\(?\d", text):
        return "numbered"
    return "lettered" if re.match(r"\(?[A-Za-z]+[.)]", text) else "bulleted"


def _next_family(blocks: Sequence[Block], index: int) -> str | None:
    following = blocks[index + 1] if index + 1 < len(blocks) else None
    return _family(following.marker) if following is not None and following.kind == "list_item" else None


def _is_paragraph_number(block: Block) -> bool:
    """ "4.7" numbers a paragraph, and so does "12." before several sentences; "•" and "(a)" mark items."""
    family = _family(block.marker)
    return family == "sectioned" or (family == "numbered" and block.level == 0 and block.end - block.start > 260)


def _below(block: Block, following: Block) -> bool:
    """Whether a numbered line is an item below the numbered paragraph before it: 3.1.1 below 3.1, "1." below "3.1"."""
    above, below = (block.marker or "").strip(".()"), (following.marker or "").strip(".()")
    if block.kind == "paragraph":
        return True
    return (
        below.startswith(f"{above}.")
        or (above.count(".") >= 1 and below.count(".") == 0)
        or following.level > block.level
    )


def _is_item_like(block: Block) -> bool:
    return block.end - block.start < 12


def _number(marker: str | None) -> str | None:
    found = re.match(r"\(?([0-9]+(?:\.[0-9]+)*)[.)]*$|\(?([a-zA-Z]|[ivx]+)[.)]+$", marker or "")
    return found[1] or found[2] if found else None
