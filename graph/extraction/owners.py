"""The people and posts that a plan's cell makes responsible, taken apart.

Cells print them in every way: "KS/AS/CS", "J. Smith & Head of Service", initials that only a line break parted. What
is one post ("Head of Safeguarding and Quality Assurance") stays one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_POST = (
    r"(?:Head|Director|Manager|Managers|Officer|Officers|Lead|Leads|Leader|Chair|Chairs|Chairperson|Chairpersons|"
    r"Chairman|"
    r"Co-?ordinators?|Coordinators?|Advis[eo]rs?|Advocates?|Member|Members|Executive|Secretary|Teams?|Board|Group|"
    r"Committee|"
    r"Commissioners?|Solicitor|Treasurer|Workers?|Social\s+Workers?|Practitioners?|Consultants?|Supervisors?|"
    r"Nurses?|Doctors?|Midwi(?:fe|ves)|Paediatricians?|Therapists?|Psychologists?|"
    r"IROs?|LADO|DCS|AD|ADs|HoS|SM|SMs|TM|TMs|GM|PSW|CEO|Police|Health|Education|Housing|Partners?|Partnership|"
    r"Service|Services|"
    r"Heads?\s+of\s+Service|Unit|Trust|CCG|ICB|HR|Finance|Legal|Analyst|Administrator|Principal|Portfolio\s+Holder|"
    r"Councillors?|Cllrs?|Chief|Virtual\s+School|Inspector|Superintendent|Governors?|Headteachers?|Assistant|Deputy)"
)
_OPENS_POST = re.compile(
    r"(?:The\s+)?(?:(?:Interim|Acting|Deputy|Assistant|Associate|Executive|Corporate|Strategic|Principal|Senior|"
    r"Independent|"
    r"Designated|Group|Team|Service|Area|Locality|Operational|Operations|Lead|Chief|Practice|Programme|Project|"
    r"Quality|Cabinet|"
    r"Divisional|District|Joint|Virtual|Named|Local|Children[’']s|Adult|Youth|Family|Business|Performance|Policy|All|"
    r"Commissioning|Safeguarding|Workforce|Training|HR|Head)\s+)*" + _POST + r"\b"
)
#: A post that one person holds: "Head of Children and Family Services" names one, "... and Service Manager" two.
_HOLDER = re.compile(
    r"\b(?:Heads?|Directors?|Managers?|Officers?|Leads?|Chairs?|Co-?ordinators?|Advis[eo]rs?|Members?|Workers?|"
    r"Leaders?|"
    r"Consultants?|Supervisors?|IROs?|LADO|DCS|PSW|Headteachers?|Commissioners?|Board|Committee|Group|Teams?|Police)\b"
)
#: Words of the fields that posts cover: two of them with capitals are no name.
_FIELDS = re.compile(
    r"\b(?:Quality|Assurance|Family|Families|Services?|Permanence|Performance|Education|Early|Help|Care|Social|"
    r"Fostering|"
    r"Adoption|Safeguarding|Commissioning|Protection|Improvement|Practice|Standards|Development|Learning|Support|"
    r"Placements?|"
    r"Children|Childrens|Children[’']s|Young|People|Adults?|Youth|Justice|Inclusion|Health|Housing|Looked|After|"
    r"Leaving|"
    r"Resources?|Workforce|Business|Intelligence|Strategy|Policy|Partnerships?|Operations?|Transformation|Skills|"
    r"SEND|Disabilit(?:y|ies)|Training|Adolescents?|Teenagers|Localit(?:y|ies)|Prevention|Contact|Referral|"
    r"Assessment|Child|Carers|Mental|Older|MASH|Duty|Court|Participation|Engagement|Reviewing|Complaints|"
    r"Exploitation|Residential|Kinship|All)\b"
)
_INITIALS = re.compile(
    r"(?:[A-Z]{1,4}(?:-[A-Z]{1,3})+|[A-Z]{2,4}|[A-Z][a-z][A-Z]{2,5}|(?:[A-Z]{1,3}(?:Mc|Mac|Fitz|O[’'])?[a-z]?[A-Z][A-Za-z]?))\.?$"
)
#: A body that acts by the officer who stands in brackets behind it.
_BODY = re.compile(r"\b(?:Police|Council|Trust|CCG|ICB|NHS|NPS|CRC|LSCB|Board|Partnership|Schools?|Services?)\b")
_SINGLE = re.compile(r"[A-Z]\.?$")
_SURNAME = re.compile(r"(?:Mc|Mac|O[’']|Fitz|De|Le|Van|Von)?[A-Z][a-zà-ÿ]*(?:[A-Z][a-z]*)?(?:[-’'][A-Z][a-z]+)*$")
_GLUED = re.compile(r"[A-Z](?:\.[A-Z]?[A-Z][a-z]+|[A-Z][a-z]{2,}|[a-z]*[A-Z][a-z]*[A-Z]?)$")
_POST_INITIALS = frozenset(
    [
        "AD",
        "ADS",
        "HOS",
        "SM",
        "TM",
        "GM",
        "DCS",
        "IRO",
        "PSW",
        "DD",
        "CSM",
        "HS",
        "SW",
        "ATM",
        "HR",
        "IT",
        "QA",
        "CP",
        "EH",
        "YOT",
        "YJS",
        "LSCB",
        "CAMHS",
        "SEN",
        "SEND",
        "FGC",
    ]
)
_NOBODY = re.compile(
    r"(?i)^(?:n/?a|tbc|tba|tbd|to be (?:confirmed|agreed|determined|identified)|none|nil|-+|–|—|\?+|see above|"
    r"as above)\.?$"
)
_LABEL = re.compile(
    r"(?i)^(?:lead(?:\s+officer)?|owner|responsible(?:\s+officer)?|support(?:ed by|ing)?|accountable|sponsor|"
    r"with)\s*[:–-]\s*"
)


def split_owners(lines: Iterable[str]) -> tuple[str, ...]:
    """Each person, post or body of a cell's lines, as printed, in order and once.

    Commas, slashes, semicolons and line breaks part them; "and" and "&" do where a person or a post stands on both
    sides; a space does between initials, unless the cell uses commas to part.
    """
    found: list[str] = []
    cell = list(lines)
    commas = any("," in line for line in cell)
    for line in _unwrapped(cell):
        for part in _parts(_LABEL.sub("", line.strip())):
            found.extend([part] if commas else _runs(part))
    found = [re.sub(r"^(?:and|&)\s+", "", owner) for owner in found]
    kept = [owner.strip(" .;,–-") if not re.search(r"\b[A-Z]\.$", owner) else owner.strip(" ;,–-") for owner in found]
    return tuple(
        dict.fromkeys(owner for owner in kept if owner and not _NOBODY.match(owner) and re.search(r"[A-Za-z]", owner))
    )


def _unwrapped(lines: list[str]) -> list[str]:
    """Lines that end in a separator or an open word go on in the next; so does one that begins in lower case."""
    joined: list[str] = []
    for line in lines:
        text = " ".join(line.split())
        if not text:
            continue
        if joined and (
            re.search(r"(?:[/,&-]|\b(?:and|of|for|the|with))$", joined[-1])
            or re.match(r"(?:[/&(]|and\b|of\b|for\b)|[a-z]", text)
        ):
            joined[-1] = f"{joined[-1]} {text}"
        else:
            joined.append(text)
    return joined


def _parts(line: str) -> Iterable[str]:
    for piece in _split_outside_brackets(line):
        yield from _split_and(piece)


def _split_outside_brackets(line: str) -> list[str]:
    pieces, depth, start = [], 0, 0
    for index, char in enumerate(line):
        depth += (char in "([") - (char in ")]")
        if depth <= 0 and (char in ";/\n|+•" or char == ","):
            if char == "/" and re.match(r"(?i)\band/or\b", line[max(0, index - 3) : index + 3]):
                continue
            if char == "," and _apposed(line[start:index], line[index + 1 :]):
                continue
            pieces.append(line[start:index])
            start = index + 1
    pieces.append(line[start:])
    return [piece.strip() for piece in pieces if piece.strip()]


def _apposed(left: str, right: str) -> bool:
    """Whether the comma binds: a person and the post that he or she holds, or the fields that one post covers."""
    following = re.split(r"[,;/]", right, maxsplit=1)[0].strip()
    if not following:
        return False
    if _is_person(left.strip()) and _OPENS_POST.match(following) and len(following.split()) >= 2:
        return True
    if re.search(rf"(?:{_HOLDER.pattern}|\bHeads? of Service)$", left.strip()) and _only_fields(following):
        return True
    field_of_post = re.search(rf"{_POST}\s+(?:of|for)\s+[\w’' &-]+$", left) is not None
    return field_of_post and not is_owner(following) and re.search(r"(?i)\band\b|&", following) is not None


def _only_fields(text: str) -> bool:
    words = [word for word in re.findall(r"[\w’']+", text) if word.lower() not in ("and", "of", "for", "in", "the")]
    return bool(words) and all(_FIELDS.fullmatch(word) for word in words)


def _split_and(piece: str) -> list[str]:
    for found in re.finditer(r"\s+(?:and|&|with)\s+", piece):
        left, right = piece[: found.start()], piece[found.end() :]
        if found.group().strip() == "with" and is_owner(left) and is_owner(right):
            return [left.strip(), *_split_and(right)]
        covers_fields = re.search(rf"{_POST}\s+(?:of|for)\s", left) is not None and not left.endswith(")")
        if covers_fields and not (_is_person(right) or _HOLDER.search(right)):
            continue
        if is_owner(left) and is_owner(right):
            return [left.strip(), *_split_and(right)]
    return [piece]


def people_in(text: str) -> tuple[str, ...]:
    """The owners that a text names, where it is nothing but owners; else none."""
    people = split_owners([text])
    return people if all(map(is_owner, people)) else ()


def is_owner(text: str) -> bool:
    """Whether a text reads as one whole person, post or body, or as initials."""
    if re.fullmatch(r"(?i)(?:all|each|every) (?:agenc(?:y|ies)|partners?|services?|teams?|organisations?)", text):
        return True
    text = re.sub(r"^(?:the|our|all)\s+", "", text.strip(" ."))
    if re.fullmatch(r"(?:[A-Z][\w’'&-]*\s+){1,3}(?:teams?|unit|service|board|panel|group)", text):
        return True
    if (bracket := re.fullmatch(r"(?P<body>[A-Z][\w’'& -]{1,50}?)\s*\((?P<inside>[^()]+)\)", text)) is not None:
        return is_owner(bracket["inside"]) or _BODY.search(bracket["body"]) is not None
    if _is_person(text) or all(_INITIALS.match(token) for token in text.split()):
        return True
    if len(text.split()) <= 5 and re.search(rf"{_HOLDER.pattern}$", text) and not re.search(r"\b(?:and|&|of)\b", text):
        return True
    opening = _OPENS_POST.match(text)
    return opening is not None and (
        opening.end() == len(text) or bool(re.match(r"\s*(?:of|for|\(|-|–|[A-Z])", text[opening.end() :]))
    )


def _is_person(text: str) -> bool:
    """ "J Smith", "Jane Smith", "Cllr Jane Smith": two to four words that read as a name and as no post."""
    tokens = re.sub(r"^(?:Cllr|Councillor|Mr|Mrs|Ms|Dr|Prof)\.?\s+", "", text).split()
    if not 2 <= len(tokens) <= 4 or re.search(rf"\b{_POST}\b", text) or _FIELDS.search(text):
        return False
    return all(_SURNAME.match(token) or _SINGLE.match(token) for token in tokens)


def _runs(part: str) -> list[str]:
    """Persons parted by spaces only: each token initials, or an initial with its surname. Else it is one owner."""
    tokens = part.split()
    if len(tokens) < 2 or tokens[0].strip(".").upper() in _POST_INITIALS:
        return [part]
    persons: list[str] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        following = tokens[position + 1] if position + 1 < len(tokens) else ""
        if _SINGLE.match(token) and following and (_SURNAME.match(following) or _INITIALS.match(following)):
            persons.append(f"{token} {following}")
            position += 2
        elif (
            _INITIALS.match(token)
            or (_GLUED.match(token) and not token.isalpha())
            or (_GLUED.match(token) and token[1:2].isupper())
        ):
            persons.append(token)
            position += 1
        else:
            return [part]
    return persons
