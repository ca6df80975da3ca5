"""The register of English councils: which of them a name or a text means.

Facts stand in ``ontology/authorities.csv``: one line an authority that runs or ran children's services, with its GSS
code, the other names it goes by, and, where it was reorganised, its last day and its successors.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from graph.errors import InspectgraphError

#: Names that are also everyday words, surnames or other places: alone they say nothing.
_NEEDS_COUNCIL = frozenset(
    "Reading Bath Bury Sutton Barking Richmond Kingston Newcastle Stoke Blackburn Bedford York Derby Kent Brent "
    "Barnet Ealing Slough Poole Halton Dudley Telford Stockton Bracknell Scilly Medway Bexley Camden Dorset".split()
)
_COUNCIL = (
    r"(?:(?:City|County|Borough|Metropolitan|Metropolitan\s+Borough|Metropolitan\s+District|District|Unitary|"
    r"County\s+Borough|City\s+and\s+County|MBC|MDC|CC|BC|MB|Borough\s+and\s+Unitary)\s+)*"
    r"(?:Council|Authority|Corporation|MBC|MDC|CC|BC)\b"
)
_BEFORE = (
    r"(?:(?:Royal\s+)?(?:London\s+)?Borough(?:\s+Council)?\s+of|City\s+(?:and\s+\w+\s+)?of|City\s+Council\s+of|"
    r"County\s+of|Council\s+of(?:\s+the)?|Corporation\s+of|Metropolitan\s+(?:Borough|District)\s+of|LB(?:\s+of)?|"
    r"County\s+Council\s+of|Metropolitan\s+District\s+Council\s+of)"
)

#: A name that holds one of these names a council by itself.
_FULL = re.compile(r"(?i)\b(?:council|corporation|borough of|city of)\b")
#: What stands before a person's name; the surname after it may be a place's.
_PERSON = re.compile(
    r"(?:\b(?i:councillors?|cllrs?|alderman|mr|mrs|ms|miss|mx|dr|prof|professor|sir|dame|lord|lady|baroness|rev|"
    r"reverend|judge|justice|mp|hmi)\b\.?[ \t]+(?:(?:[A-Z][\w’'-]*\.?|and|&)[ \t]+){0,3}|"
    r"(?<![\w’'-])(?P<first>[A-Z][a-z]+)[ \t]+(?:[A-Z]\.?[ \t]+)?)$"
)
#: Words with a capital that may stand before a place's name without making a person of it.
_NO_FIRST_NAME = frozenset(
    "A About Across Again All Also An And Area As At Audit Authority Board Both Boroughs But By Cabinet Care Children "
    "City Committee Council Councils County Director During East England Ensure Executive For From Great Greater Has "
    "Health How If In Inspection Is Its Joint Lead Like Local London Lower Mid New Nor North Of Ofsted On Our Outside "
    "Over Partnership People Police Report Review Safeguarding Schools Services Since So South St Than That The Their "
    "This Throughout To Towards Under University Upper Was We West What When Where While Who Why Will With Within "
    "Youth".split()
)


@dataclass(frozen=True, slots=True)
class Authority:
    """One council. ``abolished``: ISO date of its last day, None while it exists; ``succeeded_by`` and ``neighbours``
    (the statistical ones, nearest first) are GSS codes."""

    gss_code: str
    name: str
    also_known_as: tuple[str, ...] = ()
    region: str | None = None
    type: str | None = None
    neighbours: tuple[str, ...] = ()
    abolished: str | None = None
    succeeded_by: tuple[str, ...] = ()
    dfe_code: str | None = None
    domain: str | None = None

    @property
    def council_name(self) -> str:
        """The council as a publisher where the document does not print its full name."""
        plain = re.sub(r",? (?:City of|Borough)$", "", self.name)
        if self.type == "London Borough":
            return "City of London Corporation" if plain == "City of London" else f"London Borough of {plain}"
        if self.type == "County":
            return f"{plain} County Council"
        if ", City of" in self.name:
            return f"{plain} City Council"
        return f"{plain} Council"


@dataclass(frozen=True, slots=True)
class Mention:
    """An authority named in a text; ``explicit`` where it is named as a council ("Leeds City Council")."""

    start: int
    end: int
    authority: Authority
    explicit: bool


@dataclass(frozen=True)
class Register:
    """All authorities; lookups by code, by name and in running text."""

    authorities: tuple[Authority, ...]
    _by_gss: dict[str, Authority] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_gss", {a.gss_code: a for a in self.authorities})

    @classmethod
    def load(cls, further: Path | None = None) -> Register:
        """The register that the package brings along, and the authorities of ``further``, a file with the same columns.

        Raises InspectgraphError where ``further`` lacks a column or gives a code that is taken.
        """
        reader = csv.DictReader(files("ontology").joinpath("authorities.csv").read_text(encoding="utf-8").splitlines())
        authorities = [_authority(row) for row in reader]
        columns = set(reader.fieldnames or ())
        if further is not None:
            taken = {authority.gss_code for authority in authorities}
            with further.open(encoding="utf-8-sig", newline="") as lines:
                reader = csv.DictReader(lines)
                if missing := columns - set(reader.fieldnames or ()):
                    raise InspectgraphError(
                        f"{further}: line 1: these columns are missing: {', '.join(sorted(missing))}"
                    )
                for row in reader:
                    if row["gss_code"] in taken or None in row.values():
                        raise InspectgraphError(
                            f"{further}: line {reader.line_num}: too few cells, or a code that is taken"
                        )
                    taken.add(row["gss_code"])
                    authorities.append(_authority(row))
        return cls(tuple(authorities))

    def __iter__(self) -> Iterator[Authority]:
        return iter(self.authorities)

    def __len__(self) -> int:
        return len(self.authorities)

    def by_gss(self, code: str) -> Authority | None:
        return self._by_gss.get(code.strip())

    def successors(self, authority: Authority) -> tuple[Authority, ...]:
        """The authorities that took over its area, themselves followed to those that exist today."""
        found: list[Authority] = []
        for code in authority.succeeded_by:
            successor = self._by_gss[code]
            found.extend(self.successors(successor) or (successor,))
        return tuple(dict.fromkeys(found))

    def resolve(self, name: str, on: str | None = None) -> Authority | None:
        """The authority that goes by ``name``, with or without "City Council" and the like.

        on: EDTF or ISO date; of two councils with one name (Dorset before and after 2019) the one that existed then,
        the present one where no date is given. None where no council has that name.
        """
        for key in (_key(name), _key(_plain(name))):
            if key in self._by_name:
                return _at(self._by_name[key], on)
        return None

    def mentions(self, text: str, on: str | None = None) -> list[Mention]:
        """Every authority named in ``text``, in order, the longest name at each place."""
        found = []
        for match in self._pattern.finditer(text):
            authority = self.resolve(_spaces(match["name"]), on)
            explicit = bool(match["before"] or match["council"] or _FULL.search(match["name"]))
            if authority is not None and (explicit or not _is_another_name(text, match)):
                found.append(Mention(*match.span(), authority, explicit))
        return found

    def find_in(self, text: str, on: str | None = None) -> Authority | None:
        """The authority that a document is about: the one named most, a council by its full name counting more than a
        place, and what stands first more than what stands last. None where the text names none: an authority is never
        guessed from a telephone number or a person."""
        scores: dict[str, float] = defaultdict(float)
        first: dict[str, int] = {}
        for mention in self.mentions(text, on):
            weight = self._weight(text, mention) * (2.0 if mention.start < 1500 else 1.0)
            if weight > 0:
                scores[mention.authority.gss_code] += weight
                first.setdefault(mention.authority.gss_code, mention.start)
        lower = text.lower() if ".uk" in text else ""
        for authority in self.authorities if lower else ():
            if authority.domain and authority.abolished is None and authority.domain in lower:
                at = re.search(rf"(?<![\w-]){re.escape(authority.domain)}", lower)
                if at is not None:
                    scores[authority.gss_code] += 3.0
                    first.setdefault(authority.gss_code, at.start())
        if not scores:
            return None
        best = max(scores, key=lambda code: (scores[code], -first[code]))
        return self._by_gss[best] if scores[best] >= 1.0 else None

    def _weight(self, text: str, mention: Mention) -> float:
        if mention.explicit:
            return 5.0
        words = text[mention.start : mention.end]
        if _spaces(words) in _NEEDS_COUNCIL or words.isupper():
            placed = re.search(
                r"\b(?:in|across|within|throughout|for)\s+$", text[max(0, mention.start - 12) : mention.start]
            )
            shouted = re.search(r"\b(?:IN|ACROSS|WITHIN|FOR)\s+$", text[max(0, mention.start - 12) : mention.start])
            if shouted and words.title() not in _NEEDS_COUNCIL:
                return 1.0
            return 0.6 if placed and not words.isupper() else 0.25
        before = _PERSON.search(text[max(0, mention.start - 60) : mention.start])
        if before is not None and before["first"] not in _NO_FIRST_NAME:
            return 0.0
        following = text[mention.end : mention.end + 14]
        if re.match(r"\s+(?:Road|Street|House|Lane|Avenue|Hospital|University|College)\b", following):
            return 0.1
        return 1.0

    @cached_property
    def _by_name(self) -> dict[str, tuple[Authority, ...]]:
        names: dict[str, dict[str, Authority]] = defaultdict(dict)
        for authority in self.authorities:
            for name in (authority.name, *authority.also_known_as):
                names[_key(name)][authority.gss_code] = authority
                names[_key(_plain(name))].setdefault(authority.gss_code, authority)
        return {key: tuple(found.values()) for key, found in names.items() if key}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        names = {name for a in self.authorities for name in (a.name, *a.also_known_as)}
        names |= {_plain(name) for name in names}
        forms = {form for name in names if name for form in (name, name.upper(), name.replace(" and ", " & "))}
        body = "|".join(_flexible(name) for name in sorted(forms, key=lambda n: (-len(n), n)))
        return re.compile(
            rf"(?<![\w-])(?:(?P<before>{_BEFORE}|{_BEFORE.upper().replace(chr(92) + 'S', chr(92) + 's')})\s+)?"
            rf"(?P<name>{body})(?![\w])(?:[’']s?(?=\s))?(?:\s+(?P<council>{_COUNCIL}|(?:(?:CITY|COUNTY|BOROUGH|"
            rf"METROPOLITAN|DISTRICT|UNITARY)\s+)*COUNCIL\b))?"
        )


def _is_another_name(text: str, match: re.Match[str]) -> bool:
    """London alone names all its boroughs and none of them."""
    if match["name"].casefold() != "london":
        return False
    return not re.search(r"(?i)\bcity\s+of\s+$", text[: match.start()][-12:])


def _authority(row: dict[str, str]) -> Authority:
    return Authority(
        gss_code=row["gss_code"],
        name=row["name"],
        also_known_as=tuple(name for name in row["also_known_as"].split("|") if name),
        region=row["region"] or None,
        type=row["type"] or None,
        neighbours=tuple(row["statistical_neighbours"].split()),
        abolished=row["abolished"] or None,
        succeeded_by=tuple(row["succeeded_by"].split()),
        dfe_code=row["dfe_code"] or None,
        domain=row["domain"] or None,
    )


def _at(candidates: tuple[Authority, ...], on: str | None) -> Authority:
    """Of councils with one name the one that existed on the day; the last one where none is said to have."""
    ordered = sorted(candidates, key=lambda a: a.abolished or "9999")
    if on is not None:
        day = on.split("/")[0].lstrip(".") or on.split("/")[-1]
        for authority in ordered:
            if day[:10] <= (authority.abolished or "9999"):
                return authority
    return ordered[-1]


def _spaces(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _plain(name: str) -> str:
    """The place alone: "London Borough of Brent" and "Brent Council" are Brent."""
    text = _spaces(name)
    text = re.sub(
        r"(?i)^(?:the\s+)?(?:royal\s+)?(?:(?:london\s+)?borough\s+of|city\s+and\s+county\s+of|city\s+of|county\s+of|"
        r"(?:metropolitan\s+)?(?:borough|district|county|city)?\s*council\s+of(?:\s+the)?|corporation\s+of|"
        r"lb(?:\s+of)?)\s+",
        "",
        text,
    )
    text = re.sub(
        r"(?i)(?:,?\s+(?:city|county|borough|metropolitan|district|unitary|council|authority|corporation|mbc|mdc|cc|bc|"
        r"local|and\s+children[’']s\s+trust))+$",
        "",
        text,
    )
    return re.sub(r"(?i),\s*(?:city|county)\s+of$", "", text)


def _key(name: str) -> str:
    text = _spaces(name).lower().replace("&", " and ").replace("-", " ").replace(".", "").replace("’", "'")
    return _spaces(re.sub(r"[^\w' ]", " ", text))


def _flexible(name: str) -> str:
    words = [re.escape(word) for word in name.split()]
    return r"(?:\s+|-)".join(words) if len(words) > 1 else words[0]
