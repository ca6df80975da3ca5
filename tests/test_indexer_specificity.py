from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.specificity import ELEMENTS, LEVELS, VAGUE_BELOW, Specificity, grade


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Improve the quality and consistency of practice", 1),
        ("The effectiveness of our quality systems", 1),
        ("Improve the timeliness of health assessments for children in care", 2),
        ("Ensure that care leavers know what they are entitled to", 2),
        ("Consider whether to review the fostering allowance", 2),
        ("Continue to review the fostering allowance", 2),
        ("The availability of foster homes to meet the needs of brothers and sisters", 2),
        ("Use of family group conferences", 2),
        ("Review the fostering allowance", 3),
        ("A guide to entitlements will be published for care leavers", 3),
        ("Reviewing the fostering allowance with foster carers", 3),
        ("Fostering panel chair to report to the board each quarter on delay", 4),
        ("Audit 20 case files every month by a senior manager, from March 2031, led by the principal social worker", 5),
    ],
)
def test_the_level_of_a_line_follows_the_rules(text: str, level: int) -> None:
    assert grade(text).level == level, grade(text)


def test_what_the_plans_columns_say_counts_like_what_the_line_says() -> None:
    bare = grade("Review the fostering allowance")
    full = grade(
        "Review the fostering allowance", owners=("Head of fostering",), date="2031-05", measure="Ten more homes"
    )
    assert (bare.level, bare.has, bare.lacks) == (3, (), ELEMENTS)
    assert (full.level, full.has, full.lacks) == (5, ELEMENTS, ())


@pytest.mark.parametrize("timescale", ["ongoing", "as required", "TBC", "regularly", ""])
def test_a_timescale_without_an_end_is_no_date(timescale: str) -> None:
    assert "date" in grade("Review the fostering allowance", timescale=timescale).lacks


@pytest.mark.parametrize("timescale", ["Mar '31", "immediately", "within six months", "30.09.2031", "Autumn 2031"])
def test_a_timescale_with_an_end_is_a_date(timescale: str) -> None:
    assert "date" in grade("Review the fostering allowance", timescale=timescale).has


def test_the_year_of_guidance_that_a_line_names_is_no_date_of_its_own() -> None:
    assert "date" in grade("Rewrite the procedure to follow the 2015 guidance").lacks
    assert "date" in grade("Rewrite the procedure by March 2031").has


@pytest.mark.parametrize(
    "text",
    [
        "Hold interviews within three days of a return",
        "Audit at least 12 files",
        "Bring repeat referrals down to 18%",
        "Report monthly to the board",
        "Recruit six social workers",
    ],
)
def test_numbers_shares_and_frequencies_are_measures(text: str) -> None:
    assert "measure" in grade(text).has


def test_every_shortcoming_is_told_to_the_author() -> None:
    found = grade("Consider improving practice", timescale="ongoing")
    assert found.vague
    assert any("Consider" in reason for reason in found.reasons)
    assert any("ongoing" in reason for reason in found.reasons)
    assert len(found.reasons) == 5


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=2), st.none() | st.text(max_size=30))
def test_any_text_has_a_level_and_its_parts_agree(text: str, owners: list[str], timescale: str | None) -> None:
    found = grade(text, owners=owners, timescale=timescale)
    assert 1 <= found.level <= len(LEVELS)
    assert set(found.has) | set(found.lacks) == set(ELEMENTS)
    assert not set(found.has) & set(found.lacks)
    assert found.vague == (found.level < VAGUE_BELOW)
    assert (found.level == 5) <= (not found.lacks)


@given(st.sampled_from(["Review the fostering allowance", "Improve foster care for babies", "Improve practice"]))
def test_adding_an_owner_a_date_or_a_measure_never_lowers_the_level(text: str) -> None:
    def level(**given: object) -> Specificity:
        return grade(text, **given)  # type: ignore[arg-type]

    levels = [
        level().level,
        level(owners=("A. Person",)).level,
        level(owners=("A. Person",), date="2031").level,
        level(owners=("A. Person",), date="2031", measure="5 %").level,
    ]
    assert levels == sorted(levels)
