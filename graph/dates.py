"""Dates and timescales as councils and inspectorates print them, turned into EDTF level 1.

A printed timescale is anything from "30.09.03" to "1st plan Nov '03 then ongoing"; what names no calendar date
("ongoing", "within six months", "2002-03" for a financial year) has no EDTF value: guessing one would be worse.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|febr?(?:uary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_APOSTROPHES = "'’‘`´"
_YEAR = rf"(?:[{_APOSTROPHES}]\s?\d\d|(?:19|20)\d\d|\d\d)(?!\d|/\d|[.:]\d|\s?%|(?:st|nd|rd|th)\b)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_ORDINAL = r"(?:\s?(?:st|nd|rd|th)\b)?"
_SEASONS = {"spring": 21, "summer": 22, "autumn": 23, "winter": 24}
#: The month in which a school term ends; that of spring ends in March or April.
_TERM_ENDS = {"autumn": 12, "summer": 7}
_EASTER_IN_MARCH = frozenset((1991, 1997, 2002, 2005, 2008, 2013, 2016, 2024, 2027, 2032, 2035))

#: Alternatives in order of what they would otherwise be mistaken for.
_ATOM = re.compile(
    rf"""(?ix)
    (?<![\w£$€]) (?! (?<=\d[.,/]) \d ) (?:
      (?P<iso_y>(?:19|20)\d\d)-(?P<iso_m>0[1-9]|1[0-2])-(?P<iso_d>0[1-9]|[12]\d|3[01])(?![\d-])
    | (?P<financial>(?:19|20)\d\d\s?[-/–]\s?(?:(?:19|20)\d\d|\d\d))(?![\d-]|[./]\d)
    | (?P<num_d>{_DAY})\s?(?P<sep>[./-])\s?(?P<num_m>0?[1-9]|1[0-2])
        \s?(?P=sep)\s?(?P<num_y>(?:19|20)\d\d|\d\d)(?!\d|[./-]\d)
    | (?P<dmy_d>{_DAY})(?:\s?(?:st|nd|rd|th)\b,?)?\s*(?:day\s+of\s+|of\s+)?[-\s/.]?
        (?P<dmy_m>{_MONTH})(?:[\s,.\-/]*(?P<dmy_y>{_YEAR}))?
    | (?P<mdy_m>{_MONTH})\s+(?P<mdy_d>{_DAY})(?:\s?(?:st|nd|rd|th)\b)?(?:,\s*|\s+)(?P<mdy_y>(?:19|20)\d\d)(?!\d)
    | (?P<md_m>{_MONTH})\s+(?P<md_d>{_DAY})\s?(?:st|nd|rd|th)\b
    | (?P<my_m>{_MONTH})[\s,.\-/]{{0,3}}(?:of\s+)?(?P<my_y>{_YEAR})
    | (?P<m_only>{_MONTH})(?!\w)
    | (?:(?:(?P<quarter_from>Q[1-4]|quarter\s+[1-4])\s?(?:-|–|/|&|and|to)\s?)?
        (?P<quarter>Q(?:tr\.?\s?)?[1-4]|(?:1st|2nd|3rd|4th|first|second|third|fourth|last|final)\s+(?:quarter|qtr)
        |quarter\s+[1-4])
        [\s,:(]*(?:of\s+)?
        (?P<quarter_year>(?:19|20)\d\d\s?[-/–]\s?(?:(?:19|20)\d\d|\d\d)|\d\d/\d\d))
    | end\s+of\s+(?:the\s+)?(?P<term>summer|autumn)\s+term[\s,(]*(?:of\s+)?(?P<term_y>(?:19|20)\d\d)(?![-/–]\d)
    | (?P<feast>easter|christmas)(?:\s+(?:holidays?\s+|break\s+)?(?P<feast_y>(?:19|20)\d\d))?(?![\w’'])
    | (?P<season>spring|summer|autumn|winter)\s+(?:of\s+)?(?:term\s+|half[\s-]term\s+)?
        (?P<season_y>(?:19|20)\d\d|[{_APOSTROPHES}]\d\d)
    | (?P<my_num_m>0?[1-9]|1[0-2])\s?[/.]\s?(?P<my_num_y>(?:19|20)\d\d)(?!\d|[./-]\d)
    | (?P<terse_m>0?[1-9]|1[0-2])/(?P<terse_y>\d\d)(?![\d/.-]|\s?%)
    | (?P<day_only>{_DAY})(?:\s?(?:st|nd|rd|th)\b)?(?=\s*(?:-|–|—|to|and|until|till|&|/|,)\s*(?:\w+day\s+)?
        (?:{_DAY})(?:\s?(?:st|nd|rd|th)\b)?\s*(?:of\s+)?[\s-]?{_MONTH})
    | (?P<year>(?:19|20)\d\d)(?![\w£%]|[.,/-]\d)
    )"""
)
_WEEKDAY = r"(?:(?:mon|tues?|wednes|thurs?|fri|satur|sun)(?:day)?,?\s*)?"
_RANGE = re.compile(rf"(?i)\s*(?:-|–|—|−|/|to|until|till|through|up to|and|&|,|to the)\s*{_WEEKDAY}(?:the\s+)?")
_STRICT_RANGE = re.compile(
    rf"(?i)\s*(?:-|–|—|−|/|to|until|till|through|up to|to the)\s*{_WEEKDAY}(?:the\s+)?(?:end\s+(?:of\s+)?)?"
)
_BY = re.compile(
    r"(?i)\b(?:by|before|no later than|not later than|until|till|prior to|up to|to)\s+"
    r"(?:the\s+)?(?:(?:very\s+)?(?:end|start|beginning|middle|close|mid)[\s-]*(?:of\s+)?)?(?:the\s+)?"
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?$"
)
_FROM = re.compile(
    r"(?i)\b(?:from|since|starting|started|commencing|commenced|commence|start|beginning|with effect from|w\.?e\.?f\.?)"
    r"\s*:?\s+(?:in\s+|on\s+)?(?:the\s+)?(?:(?:end|start|beginning|mid)[\s-]*(?:of\s+)?)?"
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?$"
)
_OPEN_END = re.compile(
    r"(?i)^[\s,;:.()–—/&-]*(?:(?:and|then|with|to|being|but|plus|followed by|a)\s+)*(?:is\s+|be\s+)?"
    r"(?:on-?\s?going|onwards?|continuing|continuous(?:ly)?|thereafter|and beyond|beyond"
    r"|(?:bi-?)?(?:monthly|weekly|quarterly|annual(?:ly)?|termly|yearly"
    r"|fortnightly|regular(?:ly)?|(?:six|6)[- ]monthly)"
    r"(?:\s+\w+){0,2}?\s*(?:thereafter|after that|ongoing|onwards|$|\)|;|,|\.))"
)


@dataclass(frozen=True, slots=True)
class PrintedDate:
    """A date or range found in a text: ``text[start:end]`` is its wording. ``earliest`` and ``latest`` are EDTF dates
    of one printed precision (a day, a month, a season or a year); equal for a single date."""

    start: int
    end: int
    earliest: str
    latest: str

    @property
    def edtf(self) -> str:
        return self.earliest if self.earliest == self.latest else f"{self.earliest}/{self.latest}"


@dataclass(frozen=True, slots=True)
class _Atom:
    """One date as printed; missing parts are None. ``until`` is the last month of a printed quarter."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    until: tuple[int, int] | None = None

    def edtf(self) -> str | None:
        if self.year is None:
            return None
        if self.month is None:
            return f"{self.year:04d}"
        if self.day is None:
            return f"{self.year:04d}-{self.month:02d}"
        if self.day > monthrange(self.year, self.month)[1]:
            return None
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"

    def last(self) -> str | None:
        return f"{self.until[0]:04d}-{self.until[1]:02d}" if self.until else self.edtf()


def find_dates(text: str, after: str | None = None, *, terse: bool = False) -> list[PrintedDate]:
    """Every date and date range of ``text``, in order.

    after: ISO date of the document; a date printed without a year is the first such day or month on or after it, and
    is left out where ``after`` is None. terse: "09/24" is a month, as in the narrow column of a table; in prose it is
    more often a reference.
    """
    atoms = list(_atoms(text, after, terse))
    found: list[PrintedDate] = []
    position = 0
    while position < len(atoms):
        run = [atoms[position]]
        while position + 1 < len(atoms) and _joined(text, run[-1], atoms[position + 1], len(run)):
            position += 1
            run.append(atoms[position])
        position += 1
        found.extend(_resolved(run, after))
    return found


def timescale_edtf(printed: str | None, after: str | None = None) -> str | None:
    """EDTF level 1 of a timescale as printed, None where it names no date. ``after`` as in :func:`find_dates`."""
    if not printed:
        return None
    text = re.sub(r"\s+", " ", printed)
    dates = find_dates(text, after, terse=True)
    if not dates:
        return None
    earliest = min((d.earliest for d in dates), key=_first_day)
    latest = max((d.latest for d in dates), key=_last_day)
    before_first = text[: dates[0].start]
    if _OPEN_END.match(text[dates[-1].end :]) or (
        len(dates) == 1 and earliest == latest and _FROM.search(before_first)
    ):
        return f"{earliest}/.."
    by = _BY.search(before_first) if len(dates) == 1 or earliest == latest else None
    if by and (earliest == latest or "end" in by.group().lower()):
        return f"../{latest}"  # a quarter's end is its last month
    return earliest if earliest == latest else f"{earliest}/{latest}"


def first_date(text: str) -> str | None:
    """The first full date of ``text`` in ISO form, else its first month, else None."""
    dates = [d.earliest for d in find_dates(text)]
    for length in (10, 7):
        for found in dates:
            if len(found) == length and int(found[5:7]) <= 12:
                return found
    return None


def bounds(edtf: str) -> tuple[str | None, str | None]:
    """First and last day that an EDTF value of this module covers; None for an open end. Never raises on our values."""
    start, _, end = edtf.partition("/")
    end = end or start
    return (
        None if start == ".." else _first_day(start),
        None if end == ".." else _last_day(end),
    )


def _atoms(text: str, after: str | None, terse: bool) -> Iterator[_Atom]:
    for found in _ATOM.finditer(text):
        atom = _atom(found, after, terse)
        if atom is not None:
            yield atom


def _atom(found: re.Match[str], after: str | None, terse: bool) -> _Atom | None:
    group = found.groupdict()
    span = found.span()
    if group["iso_y"]:
        return _Atom(*span, int(group["iso_y"]), int(group["iso_m"]), int(group["iso_d"]))
    if group["num_d"]:
        return _Atom(*span, _year(group["num_y"]), int(group["num_m"]), int(group["num_d"]))
    if group["dmy_d"]:
        return _Atom(*span, _year(group["dmy_y"]), _month(group["dmy_m"]), int(group["dmy_d"]))
    if group["mdy_d"]:
        return _Atom(*span, _year(group["mdy_y"]), _month(group["mdy_m"]), int(group["mdy_d"]))
    if group["md_d"]:
        return _Atom(*span, None, _month(group["md_m"]), int(group["md_d"]))
    if group["my_m"]:
        return _month_and_number(span, found.group(), group["my_m"], group["my_y"], after)
    if group["m_only"]:
        # "may" and "march" are words; a month that stands alone is printed with a capital
        return _Atom(*span, None, _month(group["m_only"])) if group["m_only"][0].isupper() else None
    if group["quarter"]:
        last = _quarter(span, group["quarter"], group["quarter_year"])
        first = _quarter(span, group["quarter_from"], group["quarter_year"]) if group["quarter_from"] else last
        return replace(first, until=last.until)
    if group["term"]:
        return _Atom(*span, int(group["term_y"]), _TERM_ENDS[group["term"].lower()])
    if group["feast"]:
        return _feast(span, group["feast"], _year(group["feast_y"]), after)
    if group["season"]:
        return _Atom(*span, _year(group["season_y"]), _SEASONS[group["season"].lower()])
    if group["my_num_m"]:
        return _Atom(*span, int(group["my_num_y"]), int(group["my_num_m"]))
    if group["terse_m"]:
        return _Atom(*span, _year(group["terse_y"]), int(group["terse_m"])) if terse else None
    if group["day_only"]:
        return _Atom(*span, None, None, int(group["day_only"]))
    if group["year"]:
        return _Atom(*span, int(group["year"]))
    return None


def _month_and_number(span: tuple[int, int], printed: str, month: str, number: str, after: str | None) -> _Atom:
    """ "October 03" is a month of 2003, "June 30" in a plan of 2024 a day."""
    year = _year(number)
    bare = re.search(r"\s[1-9]\d$", printed) is not None
    if bare and after and year is not None and 1 <= int(number) <= 31 and abs(year - int(after[:4])) > 5:
        return _Atom(*span, None, _month(month), int(number))
    return _Atom(*span, year, _month(month))


def _feast(span: tuple[int, int], name: str, year: int | None, after: str | None) -> _Atom | None:
    """The month of a Christmas or an Easter; a word of its own without a capital or a year to count from."""
    if not name[0].isupper():
        return None
    if name.lower() == "christmas":
        return _Atom(*span, year, 12)
    if year is None and after is not None:
        year = int(after[:4]) + (after[5:7] > "04")
    return _Atom(*span, year, 3 if year in _EASTER_IN_MARCH else 4) if year is not None else None


def _quarter(span: tuple[int, int], words: str, year: str) -> _Atom:
    """A quarter of a financial year (April to March); without a year there is none to count in."""
    ordinals = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4, "final": 4}
    digits = re.search(r"[1-4]", words)
    number = int(digits.group()) if digits else ordinals[words.split()[0].lower()]
    first = _year(re.split(r"\s?[-/–]\s?", year)[0])
    assert first is not None
    month = (3, 6, 9, 0)[number - 1] + 1
    calendar = first + (1 if number == 4 else 0)
    return _Atom(*span, calendar, month, None, (calendar, month + 2))


def _year(printed: str | None) -> int | None:
    if not printed:
        return None
    digits = int(re.sub(r"\D", "", printed))
    if digits >= 100:
        return digits
    return digits + (2000 if digits < 70 else 1900)


def _month(printed: str) -> int:
    return _MONTHS.index(printed[:3].lower()) + 1


def _joined(text: str, left: _Atom, right: _Atom, so_far: int) -> bool:
    """Whether two neighbouring dates are the ends of one range (or of one list, "Oct, Nov and Dec 03")."""
    between = text[left.end : right.start]
    if _STRICT_RANGE.fullmatch(between):
        return so_far == 1 or "/" in between
    if not _RANGE.fullmatch(between):
        return False
    opening = re.search(
        r"(?i)\bbetween\s+(?:the\s+)?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?$", text[: left.start]
    )
    return opening is not None or left.year is None


def _resolved(run: list[_Atom], after: str | None) -> Iterator[PrintedDate]:
    filled: list[_Atom] = []
    for atom in reversed(run):
        later = filled[0] if filled else None
        if atom.month is None and atom.year is None:
            atom = replace(atom, month=later.month, year=later.year) if later else replace(atom, day=None)
        elif atom.year is None and later is not None and later.year is not None:
            wraps = later.month is not None and atom.month is not None and atom.month > later.month
            atom = replace(atom, year=later.year - 1 if wraps else later.year)
        filled.insert(0, atom)
    for index, atom in enumerate(filled):
        if atom.year is None and atom.month is not None:
            earlier = filled[index - 1] if index else None
            if earlier is not None and earlier.year is not None:
                wraps = earlier.month is not None and earlier.month > atom.month
                filled[index] = replace(atom, year=earlier.year + 1 if wraps else earlier.year)
            elif after:
                filled[index] = replace(atom, year=_next_year(atom, after))
    values = [(a.edtf(), a.last()) for a in filled]
    known = [(first, last) for first, last in values if first is not None and last is not None]
    if known:
        yield PrintedDate(run[0].start, run[-1].end, known[0][0], known[-1][1])


def _next_year(atom: _Atom, after: str) -> int:
    year = int(after[:4])
    month = int(after[5:7]) if len(after) >= 7 else 1
    day = int(after[8:10]) if len(after) >= 10 else 1
    assert atom.month is not None
    passed = (atom.month, atom.day if atom.day is not None else 31) < (month, day)
    return year + 1 if passed else year


def _first_day(edtf: str) -> str:
    if len(edtf) == 4:
        return f"{edtf}-01-01"
    if len(edtf) == 7:
        year, month = int(edtf[:4]), int(edtf[5:])
        month = {21: 3, 22: 6, 23: 9, 24: 12}.get(month, month)
        return date(year, month, 1).isoformat()
    return edtf


def _last_day(edtf: str) -> str:
    if len(edtf) == 4:
        return f"{edtf}-12-31"
    if len(edtf) == 7:
        year, month = int(edtf[:4]), int(edtf[5:])
        if month == 24:
            year, month = year + 1, 2
        month = {21: 5, 22: 8, 23: 11}.get(month, month)
        return date(year, month, monthrange(year, month)[1]).isoformat()
    return edtf
