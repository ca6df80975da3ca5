from __future__ import annotations

import pytest

from graph.authorities import Register


@pytest.fixture(scope="module")
def register() -> Register:
    return Register.load()


@pytest.mark.parametrize(
    ("name", "gss"),
    [
        ("Leicester City Council", "E06000016"),
        ("leicestershire", "E10000018"),
        ("London Borough of Brent", "E09000005"),
        ("Royal Borough of Kensington & Chelsea", "E09000020"),
        ("Hull", "E06000010"),
        ("City of Kingston upon Hull", "E06000010"),
        ("Bristol City Council", "E06000023"),
        ("BCP Council", "E06000058"),
        ("St Helens Council", "E08000013"),
        ("Stockton on Tees", "E06000004"),
        ("County Durham", "E06000047"),
    ],
)
def test_a_council_is_found_by_the_names_it_goes_by(register: Register, name: str, gss: str) -> None:
    found = register.resolve(name)
    assert found is not None
    assert found.gss_code == gss


def test_what_no_council_is_called_is_unknown(register: Register) -> None:
    assert register.resolve("Borsetshire County Council") is None
    assert register.find_in("Tel: 0161 496 0000. Report of Councillor Sutton.") is None


def test_of_two_councils_with_one_name_the_one_of_the_day_is_meant(register: Register) -> None:
    before, after = register.resolve("Dorset", "2006-03-01"), register.resolve("Dorset", "2022-03-01")
    assert before is not None
    assert after is not None
    assert (before.gss_code, after.gss_code) == ("E10000009", "E06000059")
    assert register.successors(before) == (after,)


def test_successors_of_a_split_county_are_all_named(register: Register) -> None:
    cumbria = register.resolve("Cumbria County Council")
    assert cumbria is not None
    assert {authority.name for authority in register.successors(cumbria)} == {"Cumberland", "Westmorland and Furness"}


def test_every_code_named_in_the_register_is_in_it(register: Register) -> None:
    codes = {authority.gss_code for authority in register}
    assert len(codes) == len(register)
    assert all({*authority.neighbours, *authority.succeeded_by} <= codes for authority in register)
    assert all(authority.succeeded_by for authority in register if authority.abolished)


def test_a_document_is_about_the_council_that_it_names_most(register: Register) -> None:
    text = "Rutland County Council\nCabinet\nThe service compares well with Leicestershire and with Lincolnshire."
    found = register.find_in(text)
    assert found is not None
    assert found.name == "Rutland"


def test_the_longest_name_at_a_place_is_the_one_meant(register: Register) -> None:
    names = [mention.authority.name for mention in register.mentions("North Somerset, Leicestershire and East Sussex")]
    assert names == ["North Somerset", "Leicestershire", "East Sussex"]


def test_a_town_that_is_also_a_word_needs_its_council(register: Register) -> None:
    assert register.find_in("Reading the report, members asked about bath times.") is None
    found = register.find_in("Reading Borough Council")
    assert found is not None
    assert found.gss_code == "E06000038"
