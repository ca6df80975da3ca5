"""Whether a sentence of a council's paper announces an action: what the council will do, when, and who."""

from __future__ import annotations

import re
from typing import Final

from graph.dates import find_dates
from graph.extraction.evidence import collapsed

_DOING: Final = (
    r"(?:re-?)?(?:add(?=\b|ed|s|ing)|deploy|recruit|appoint|introduc|establish|develop|implement|provid|review|"
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
    r"publicis|circulat|(?:re-?)?let(?=\b|t)|rais(?=e|ed|ing)|bas(?=ed\b)|invit|finish|report(?= to | each |"
    r" monthly| quarterly)|receiv|oversee|see(?= every| each|"
    r" all)|"
    r"dip[- ]?sampl|overs|come(?=\b|s)|"
    r"rise(?=\b|n)|(?:re-?)?tender|"
    r"held(?=\b)|"
    r"order(?=ed|ing)|seek|sought|ask(?=ed (?:to|for|how)\b)|attend|hav(?=e (?:\w+ )?(?:training|"
    r"supervision|induction)\b)|"
    r"scop|map|analys|"
    r"install|integrat|migrat|equip|assign|prioriti[sz]|standardi[sz]|streamlin|chair|host|facilitat|consolidat|"
    r"reconfigur|reshap|rebalanc|tackl|track|collat|disseminat|distribut|translat|enabl|cascad|mentor|coach|"
    r"sampl|observ|shadow|"
    r"trial|purchas|buy|spend|book|schedul|redecorat|refurbish|upgrad|reorganis|reinvest|"
    r"doubl|halv|trebl|design|adapt|resolv|clarif|widen|"
    r"broaden|tighten|issu|guarantee|convert|renew|retain|reward|pay|obtain|assess|approv|confirm|identif|reach|"
    r"redeploy|rotat|rostered|stagger|licen[sc]|computeris|digitis|automat|bid|bought|brief|enrol|insert|incorporat)\w*"
)
#: Participles that do not end in "ed".
_IRREGULAR: Final = (
    r"(?:put|set|made|given|held|brought|bought|begun|built|drawn|written|rewritten|taken|undertaken|spent|sent|met|"
    r"led|run|split|sought|let|taught|found a)\b"
)
#: What goes on or comes about without being anybody's action.
_NO_DEED: Final = (
    r"(?:be|have|need|require|remain|depend|mean|cost|result|enable|allow|help|benefit|involve|include|face|improv|"
    r"perform|fall|ris|grow|declin|struggl|lack|miss|exist|concern|demand|excit|surpris|interest|will|need|find|liv|"
    r"leav|encourag|pleas|promis|disappoint|outstand|challeng|wait|await|becom|show|experienc|get|enjoy|want|hop|look|"
    r"expect|see|receiv|follow|come|go|not|no|only|never)"
)
#: Under a heading of actions any verb may name one, but those of state and change.
_WILL_ANY: Final = re.compile(
    rf"(?i)\b(?:will|shall)\s+(?:(?:also|now|then|each|all|both|further|again|shortly|jointly)\s+)*"
    rf"(?P<passive>be\s+(?:(?:also|further|jointly|fully|regularly|now)\s+)*(?=[a-z]{{2,}}(?:ed|en)\b))?"
    rf"(?P<verb>(?!{_NO_DEED}(?:e|ed|es|s|ing)?\b)(?!\w+ly\b)[a-z]{{3,}})\b"
)
_UNDER_WAY_ANY: Final = re.compile(
    rf"(?i)\b(?:is|are)\s+(?:currently |now |also |already )*(?P<verb>(?!{_NO_DEED}(?:t|n)?ing\b)"
    rf"(?!during|nothing|being|according|including|ongoing|willing)[a-z]{{3,}}ing)\b"
)
_NOW_DONE: Final = re.compile(
    rf"(?i)\b(?:is|are)\s+now\s+(?:\w+ly\s+)?(?P<passive>(?=\w))(?P<verb>(?={_IRREGULAR}|\w+ed\b){_DOING})\b"
)
WILL: Final = re.compile(
    rf"(?i)\b(?:will|shall|is going to|are going to)\s+(?:(?:also|now|therefore|then|each|all|both|continue to|"
    rf"further|initially|again|shortly|jointly)\s+)*(?P<passive>be\s+(?:(?:also|further|jointly|fully|"
    rf"regularly|"
    rf"now)\s+)*|have\s+been\s+)?(?P<verb>{_DOING})\b"
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
_HABIT: Final = re.compile(rf"(?i)\bnow\s+(?:\w+ly\s+)?(?P<verb>{_DOING})\b")
_GOES_LIVE: Final = re.compile(
    r"(?i)\b(?P<verb>starts?|begins?|opens?|launch(?:es)?|goes? live|(?:comes?|came) into (?:force|"
    r"effect|use)|takes? effect|"
    r"takes? up (?:the |their |her |his )?(?:posts?|role)|joins?)\s+(?:work\s+)?(?:on|in|from|at|next|this)\b"
)
_DONE: Final = re.compile(
    rf"(?i)\b(?:has|have)\s+(?:already |now |also |all |both )*(?P<passive>been\s+(?:\w+ly\s+)?)?"
    rf"(?P<verb>(?=\w+ed\b|{_IRREGULAR})(?!agreed|adopted|approved|confirmed|identified){_DOING})\b"
)
_WILL_NOT: Final = re.compile(
    r"(?i)\b(?:will|shall) (?:not|no longer) (?P<verb>(?!be\b|have\b|only\b|affect|meet|need|change)[a-z]{3,})\b"
)
_WAS_DONE: Final = re.compile(
    rf"(?i)\b(?:was|were|is|are)\s+(?:\w+ly )?(?P<passive>(?=\w))(?P<verb>(?=\w+ed\b|{_IRREGULAR}){_DOING})\b"
)
#: The same in minutes, where an officer answers.
_HAD_DONE: Final = re.compile(
    rf"(?i)\b(?:(?:had|has|have)\s+(?:already |now |also )*(?P<passive>been\s+)?|(?:was|were)\s+(?:now|being)\s+)"
    rf"(?P<verb>(?=\w+ed\b|{_IRREGULAR})(?!agreed\b(?! to)|adopted|approved|confirmed|"
    rf"identified){_DOING}|agreed to \w+)\b"
)
_IN_PLACE: Final = re.compile(
    r"(?i)\b(?:will|shall)\s+(?:also\s+|then\s+)?(?P<passive>be)\s+(?:fully\s+)?(?P<verb>in place|operational|in "
    r"(?:use|post)|up and running|live)\b"
)
_AGREED_TO: Final = re.compile(rf"(?i)\b(?:has|have)\s+(?:already |now |also )*agreed to\s+(?P<verb>{_DOING})\b")
_BEING_ANY: Final = re.compile(
    r"(?i)\b(?:is|are)\s+(?:currently |now |also )?(?P<passive>being)\s+(?:\w+ly\s+)?(?P<verb>[\w-]+ed|written|drawn)\b"
)
#: In minutes: "She undertook to report back".
_UNDERTOOK: Final = re.compile(rf"(?i)\b(?:undertook|promised|offered)\s+to\s+(?P<verb>{_DOING})\b")
_BEING: Final = re.compile(rf"(?i)\b(?:is|are)\s+(?:currently |now |also )?being\s+(?P<verb>{_DOING})\b")
_COUNCIL_SUBJECT: Final = re.compile(
    r"(?i)\b(?:we|(?-i:[A-Z]\w+ (?:[A-Z]\w+ )?(?:Services?|Team|Board|Trust))|the (?:\w+ ){0,3}(?:council|"
    r"service|services|department|directorate|authority|partnership|board|"
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
    r"Department for Education|Audit Commission|Government|(?:Cabinet|Executive)(?! (?:Member|Head|Director)))\b"
)
_ANSWERING: Final = re.compile(
    r"(?i)\bprepar\w+ (?:a|an|the|its|their|our) (?:\w+ )?(?:response|reply)\b|\brespond\w* to (?:the |this |"
    r"that )?(?:\w+ )?consultation\b"
)
_REPORTING: Final = re.compile(
    r"(?i)\b(?:will be (?:presented|submitted|sent|considered|published|available|reported(?! (?:to (?:her|him|them|"
    r"us|me|the director)|each|every))|circulated|"
    r"made available|met|achieved|contained|judged|led|informed|required|found|absorbed|taken(?! forward| up| on))|"
    r"take place|come to (?:the )?(?:\w+ ){0,2}(?:meeting|panel|committee|cabinet|board)|"
    r"be no)\b"
)
#: Of a plan that is not this paper's to give.
_ELSEWHERE: Final = re.compile(
    r"(?i)\b(?:areas?|issues|points|matters|recommendations)\b.{0,50}\b(?:addressed|covered|included|reflected|"
    r"contained)\b.{0,20}"
    r"\b(?:in|through|by|within)\b.{0,60}\bplans?\b"
)
_RESPONSIBLE: Final = re.compile(
    r"\bby\s+(?:the\s+|our\s+)?(?P<who>Heads? of (?:[A-Z][\w’']*(?:,? (?:and )?(?=[A-Z]))?){1,6}|"
    r"(?:[A-Z][\w’'&-]*|and|of|for|&)(?:\s+(?:[A-Z][\w’'&-]*|and|of|for|"
    r"&)){0,8}?\s*(?:Group|Sub-?[gG]roup|Board|Team|Panel|Committee|Manager|Director|Officer|Service|Section|Unit|Leads?|"
    r"Partnership|Head)(?:\s+(?:of|for)\s+(?:[A-Z][\w’'&]*\s?|and\s){1,6})?)"
)
_RESPONSIBLE_SUBJECT: Final = re.compile(
    r"^(?:The\s+|A\s+)?(?:relevant\s+)?(?P<who>(?:[A-Z][\w’'&-]*|of|and|for|&)(?:\s+(?:[A-Z][\w’'&-]*|of|and|for|"
    r"&)){0,8}?\s*(?:Group|Sub-?[gG]roup|Board|Team|Panel|Partnership|Section|Unit|Manager|Director|Officer|Leads?|Head|"
    r"[A-Z]{3,5})(?:\s+(?:of|for)\s+(?:[A-Z][\w’'&]*\s?|and\s){1,6})?)\s+(?:will|shall|would|is to|are to)\b"
)
_WHEN: Final = re.compile(
    r"(?i)(?:\b(?:by|before|from|in|during|until|no later than|within|at)\s+(?:the\s+)?(?:(?:end|start|beginning|"
    r"middle)\s+of\s+)?(?:early\s+|late\s+|mid[- ]?)?)$"
)


def announces(
    text: str, *, listed: bool, minutes: bool, after: str | None, replies: bool = False, answers: bool = False
) -> bool:
    """``listed``: under a heading of actions, where less says as much; in ``minutes`` what will be done is told as what
    would be, and where an officer ``replies``, what is done as what had been; what ``answers`` a recommendation may
    tell what was done. ``after``: the paper's date."""
    if len(text.split()) < 5 or _ANSWERING.search(text):
        return False
    will = (
        WILL.search(text)
        or _IN_PLACE.search(text)
        or ((_WOULD.search(text) or _UNDERTOOK.search(text)) if minutes else None)
        or (_HAD_DONE.search(text) if replies else None)
        or ((_WAS_DONE.search(text) or _WILL_NOT.search(text)) if answers else None)
    )
    if will is None and (going := _GOES_LIVE.search(text)) and timescale_in(text, after):
        will = going
    if will is None and listed:
        will = (
            _IS_TO.search(text)
            or _UNDER_WAY.search(text)
            or _DONE.search(text)
            or _HABIT.search(text)
            or _NOW_DONE.search(text)
            or _AGREED_TO.search(text)
            or _WILL_ANY.search(text)
            or _UNDER_WAY_ANY.search(text)
        )
    elif (
        will is None
        and (done := _DONE.search(text))
        and (
            re.match(r"(?i)(?:by|before|from|until)\b", when := timescale_in(text, after) or "")
            or (when and re.search(rf"(?i)\bfor (?:early |late |mid[- ]?)?{re.escape(when)}", text))
        )
    ):
        will = done
    elif will is None and (planned := _IS_TO.search(text)) and planned["passive"] == "be ":
        will = planned
    if (
        listed
        and will is not None
        and _REPORTING.search(text[will.start() :])
        and (done := _DONE.search(text) or _BEING_ANY.search(text))
    ):
        will = done  # "has been commissioned and will be published in May"
    being = _BEING.search(text) if will is None else None
    if will is None and being is None:
        return False
    at = will or being
    assert at is not None
    if _ELSEWHERE.search(text):
        return False
    if being is not None and re.search(r"\b(?:that|which|who)$", text[: at.start()].rstrip()):
        return False  # of something, in passing
    subject = re.split(r"[;:]|,\s+(?:and|but)\s|\b(?:which|that|who)\b", text[: at.start()])[-1].strip()
    head = re.sub(
        r"^(?:If|Once|When|Following|After|As|In|To|On|For|Under|Regarding|With|Subject to)\b[^,]*,\s*",
        "",
        text[: at.start()],
    ).strip()
    if (
        _NOT_COUNCIL.match(f"{head} ")
        or _NOT_COUNCIL.match(head)
        or _TO_WHOM.search(text[at.end() : at.end() + 60])
        or _REPORTING.search(text[max(0, at.start() - 4) : at.end() + 24])
    ):
        return False
    if re.match(r"(?i)(?:the )?(?:ofsted|csci|ssi|inspect\w*|commission|government|framework|it (?:has|is))\b", text):
        return False
    if re.search(r"(?i)\b(?:how|whether|what|where)\b[^,]*$", head) or re.search(r"(?i)\bjudge?ments?\b", subject):
        return False
    if (
        not head
        or re.fullmatch(r"(?i)(?:this|it|these|they|that|there|which)", head)
        or re.search(r"(?i)\b(?:if|whether)$", subject)
    ):
        return False
    if at.re is _DONE and re.search(r"(?i)\bplan$", head):
        return False  # that there is a plan is no action of it
    passive = being is not None or (will is not None and will.groupdict().get("passive") is not None)
    if not passive and not listed and not _COUNCIL_SUBJECT.search(head):
        return False
    return not (
        passive
        and re.search(r"(?i)\b(?:plan|report|inspection|letter|recommendations?)$", head)
        and re.search(r"(?i)report|inspect|letter", head)
    )


def timescale_in(text: str, after: str | None) -> str | None:
    """The words of a sentence that say when: its first date that lies ahead, with "by" or "from" before it."""
    will = WILL.search(text)
    dates = find_dates(text, after)
    for date in sorted(dates, key=lambda date: will is not None and date.start < will.start()):
        if after is not None and date.latest[: len(after)] < after[: len(date.latest)]:
            continue
        if re.search(r"(?i)\b(?:was|were)\b[^,;]*$", text[: date.start]) and not re.search(
            r"(?i)\bby (?:the )?(?:end of )?$", text[: date.start]
        ):
            continue  # when something was done
        lead = _WHEN.search(text[: date.start])
        return text[
            lead.start() if lead and not re.match(r"(?i)(?:in|at|during|on)\b", lead.group()) else date.start : date.end
        ].rstrip(".")
    within = re.search(
        r"(?i)\bwith immediate effect\b|\b(?:during|in|over|by the end of) (?:the )?(?:financial year )?(?:19|"
        r"20)\d\d[/–-]\d\d\b|"
        r"\b(?:by|before|after|from|in|at) (?:the )?(?:start|beginning|middle|end) of (?:the )?(?:spring|summer|"
        r"autumn|"
        r"winter)(?: term)?\b|\b(?:by|before|after|from|in|during|until) (?:Christmas|Easter|the new year|"
        r"the summer holidays?|"
        r"the end of (?:the |this )?"
        r"(?:\w+ )?(?:month|term|year|week))\b|"
        r"\bwithin (?:the next )?(?:\w+ )?(?:\d+|two|three|four|five|six|nine|twelve|"
        r"eighteen) (?:working )?(?:days|weeks|months|years)\b|\bover the (?:next|"
        r"coming) (?:[\w ]{3,20}? )?(?:months|year|years|weeks)\b|\b(?:by|before|in|during|from|"
        r"until) (?:the )?(?:early |"
        r"late |following )?(?:spring|summer|"
        r"autumn|winter)\b",
        text,
    )
    return within.group() if within else None


def responsible_in(text: str) -> tuple[str, ...]:
    """The group or the officer that a sentence names as those who act."""
    who = _RESPONSIBLE.search(text) or _RESPONSIBLE_SUBJECT.match(text)
    return (re.sub(r"^(?:The|A|Our) ", "", collapsed(who["who"])),) if who else ()
