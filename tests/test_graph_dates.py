from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.dates import bounds, find_dates, first_date, timescale_edtf

LEVEL_1 = re.compile(r"(?:\d{4}(?:-(?:0[1-9]|1[0-2]|2[1-4])(?:-(?:0[1-9]|[12]\d|3[01]))?)?)")
MONTHS = "January February March April May June July August September October November December".split()


@pytest.mark.parametrize(
    ("printed", "edtf"),
    [
        ("30.09.03", "2003-09-30"),
        ("30/9/2003", "2003-09-30"),
        ("30 September 2003", "2003-09-30"),
        ("Friday 30th September, 2003", "2003-09-30"),
        ("September 30th, 2003", "2003-09-30"),
        ("30-Sep-03", "2003-09-30"),
        ("2003-09-30", "2003-09-30"),
        ("Oct '03", "2003-10"),
        ("Oct’03", "2003-10"),
        ("October 03", "2003-10"),
        ("Sept 2003", "2003-09"),
        ("09/24", "2024-09"),
        ("Jan / Feb '04", "2004-01/2004-02"),
        ("Oct-Dec '03", "2003-10/2003-12"),
        ("Dec 2024/Jan 2025", "2024-12/2025-01"),
        ("28 November to 9 December 2022", "2022-11-28/2022-12-09"),
        ("30 November 2022 to 9 January", "2022-11-30/2023-01-09"),
        ("7th - 18th March 2005", "2005-03-07/2005-03-18"),
        ("Q4 2023/24", "2024-01/2024-03"),
        ("first quarter of 2024-25", "2024-04/2024-06"),
        ("Q1 and Q2 2021/22", "2021-04/2021-09"),
        ("Spring 2024", "2024-21"),
        ("autumn term 2012", "2012-23"),
        ("End of autumn term 2025", "2025-12"),
        ("By the end of the summer term 2024", "../2024-07"),
        ("by Easter 2012", "../2012-04"),
        ("by Easter 2024", "../2024-03"),
        ("before Christmas 2006", "../2006-12"),
        ("by March 2006", "../2006-03"),
        ("By the end of June 2024", "../2024-06"),
        ("no later than 1.4.05", "../2005-04-01"),
        ("from April 2024", "2024-04/.."),
        ("April 2024 onwards", "2024-04/.."),
        ("1st plan Nov '03 then Ongoing", "2003-11/.."),
        ("Monthly from May 2024", "2024-05/.."),
        ("Draft 17.09.03, final 12.11.03", "2003-09-17/2003-11-12"),
    ],
)
def test_printed_timescales_become_edtf(printed: str, edtf: str) -> None:
    assert timescale_edtf(printed) == edtf


@pytest.mark.parametrize(
    "printed",
    [
        "ongoing",
        "6 monthly report",
        "by Easter",
        "end of summer term",
        "Within 3 months",
        "Immediate",
        "2002-03",
        "2006/07",
        "TBC",
        "",
        None,
        "24/7",
        "5.3.1",
        "31.02.24",
    ],
)
def test_what_names_no_calendar_date_has_no_edtf(printed: str | None) -> None:
    assert timescale_edtf(printed) is None


def test_a_date_without_a_year_is_the_next_one_after_the_document() -> None:
    assert timescale_edtf("29th October", "2003-09-17") == "2003-10-29"
    assert timescale_edtf("31 March", "2003-09-17") == "2004-03-31"
    assert timescale_edtf("31 March") is None


def test_a_two_digit_number_after_a_month_is_a_day_where_a_year_makes_no_sense() -> None:
    assert timescale_edtf("June 30", "2024-02-01") == "2024-06-30"
    assert timescale_edtf("June 25", "2024-02-01") == "2025-06"


def test_words_that_are_also_months_are_no_dates() -> None:
    assert find_dates("members may march on 3 occasions", "2020-01-01") == []


def test_the_first_full_date_wins_over_a_month_before_it() -> None:
    assert first_date("For May 2006, held on 3 June 2006") == "2006-06-03"


@given(st.dates(date(1990, 1, 1), date(2049, 12, 31)))
def test_a_day_reads_the_same_however_it_is_printed(day: date) -> None:
    name = MONTHS[day.month - 1]
    forms = (
        day.strftime("%d.%m.%y"), day.strftime("%d/%m/%Y"), f"{day.day} {name} {day.year}", day.isoformat(),
        f"{day.day} {name[:3]} {day.year}", f"{name} {day.day}, {day.year}",
    )  # fmt: skip
    assert {timescale_edtf(form) for form in forms} == {day.isoformat()}


@given(st.dates(date(1990, 1, 1), date(2049, 12, 31)), st.dates(date(1990, 1, 1), date(2049, 12, 31)))
def test_a_range_keeps_both_its_ends(first: date, last: date) -> None:
    first, last = sorted((first, last))
    printed = f"{first.day} {MONTHS[first.month - 1]} {first.year} to {last.day} {MONTHS[last.month - 1]} {last.year}"
    expected = first.isoformat() if first == last else f"{first.isoformat()}/{last.isoformat()}"
    assert timescale_edtf(printed) == expected


@given(st.text(alphabet="0123456789 ./-'’OctNvJanFebMaryby from toQ1ongoing,&", max_size=40))
def test_whatever_is_printed_the_answer_is_edtf_level_1_or_nothing(printed: str) -> None:
    value = timescale_edtf(printed, "2005-06-01")
    if value is not None:
        parts = value.split("/")
        assert len(parts) <= 2
        assert all(part == ".." or LEVEL_1.fullmatch(part) for part in parts)
        assert parts != ["..", ".."]
        bounds(value)


@given(st.text(max_size=80))
def test_found_dates_lie_in_the_text_in_order(text: str) -> None:
    found = find_dates(text)
    assert all(0 <= a.start < a.end <= len(text) for a in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("edtf", "days"),
    [
        ("2024-02", ("2024-02-01", "2024-02-29")),
        ("2024", ("2024-01-01", "2024-12-31")),
        ("../2006-03", (None, "2006-03-31")),
        ("2003-11/..", ("2003-11-01", None)),
        ("2024-24", ("2024-12-01", "2025-02-28")),
    ],
)
def test_bounds_are_the_first_and_last_day(edtf: str, days: tuple[str | None, str | None]) -> None:
    assert bounds(edtf) == days


def test_a_feast_without_a_year_is_the_next_one() -> None:
    assert timescale_edtf("by Christmas", "2006-10-18") == "../2006-12"
    assert timescale_edtf("by Easter", "2011-11-14") == "../2012-04"
    assert timescale_edtf("by Easter", "2012-02-01") == "../2012-04"
