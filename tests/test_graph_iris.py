"""IRIs name things by what they are: the same reading gives the same IRIs, a better one moves as few as it can."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.iris import DocumentIris, Iris, digest, document_id, item_ids, normalised, path_segment, slug
from tests.invented_extractions import all_invented, northmere_2014, northmere_plan

_WORDS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
_ITEMS = st.lists(st.tuples(st.one_of(st.none(), st.sampled_from(["1", "2", "2.3", "a"])), _WORDS), max_size=12)


@given(st.lists(_WORDS, max_size=5), st.lists(_WORDS, max_size=5))
def test_different_tuples_have_different_digests(one: list[str], other: list[str]) -> None:
    assert (digest(one) == digest(other)) == (one == other)


def test_parts_are_not_run_together() -> None:
    assert digest(("ab", "c")) != digest(("a", "bc")) != digest(("abc",)) != digest(("abc", ""))


@given(_ITEMS)
def test_items_of_a_document_never_share_an_id(items: list[tuple[str | None, str]]) -> None:
    ids = item_ids("0123456789abcdef", "finding", items)
    assert len(set(ids)) == len(items)
    assert ids == item_ids("0123456789abcdef", "finding", items)


@given(_ITEMS, _WORDS, st.integers(0, 12))
def test_inserting_an_item_moves_no_other(items: list[tuple[str | None, str]], text: str, place: int) -> None:
    texts = {normalised(other) for number, other in items if number is None}
    inserted = (None, text) if normalised(text) not in texts else ("9.9", text)
    at = min(place, len(items))
    before = item_ids("d", "recommendation", items)
    after = item_ids("d", "recommendation", [*items[:at], inserted, *items[at:]])
    assert after[:at] + after[at + 1 :] == before


def test_a_numbered_item_keeps_its_iri_when_its_words_are_read_better() -> None:
    assert item_ids("d", "recommendation", [("2.3", "Im- prove it")]) == item_ids(
        "d", "recommendation", [("2.3", "Improve it")]
    )


def test_an_item_without_a_number_keeps_its_iri_when_only_its_typography_is_read_better() -> None:
    crude = item_ids("d", "finding", [(None, "The  board’s well- being “plan”")])
    assert crude == item_ids("d", "finding", [(None, "the board's wellbeing 'plan'.")])


def test_numbers_that_start_anew_in_each_section_name_nothing_alone() -> None:
    first, second = item_ids("d", "recommendation", [("1", "Do this."), ("1", "Do that.")])
    assert item_ids("d", "recommendation", [("1", "Do that."), ("1", "Do this.")]) == [second, first]


def test_the_same_words_are_another_item_in_another_document_or_of_another_kind() -> None:
    ids = {item_ids(document, kind, [(None, "Act.")])[0] for document in "ab" for kind in ("finding", "action")}
    assert len(ids) == 4


@given(_WORDS.filter(lambda value: value.strip(".") != ""))
def test_no_code_can_leave_its_path_segment(value: str) -> None:
    iri = Iris().theme(value)
    segment = iri.removeprefix("https://w3id.org/inspectgraph/themes/")
    assert not set(segment) & set('/#?<>"{}|\\^` \n')
    assert unquote(segment) == value


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_code_that_no_path_can_hold_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="path segment"):
        path_segment(value)


def test_spaces_become_percent_20() -> None:
    assert Iris("https://example.org/").authority("E06 1") == "https://example.org/authorities/E06%201"


@pytest.mark.parametrize(
    "base",
    [
        "",
        "example.org/",
        "https://example.org",
        "https://example.org/a b/",
        "https://e.org/#",
        "ftp://e.org/",
        "https:///x/",
    ],
)
def test_a_base_that_cannot_carry_iris_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="base IRI"):
        Iris(base)


def test_a_document_is_named_by_its_bytes_or_by_its_stable_key() -> None:
    assert document_id("0123456789abcdef" * 4) == "0123456789abcdef"
    assert document_id("0" * 64, "ofsted-50004") == "ofsted-50004"
    keys = ["ofsted-50004", "Ofsted 50004", "ofsted_50004", "ofsted/50004"]
    assert len({document_id("0" * 64, key) for key in keys}) == len(keys)


def test_slugs_are_readable_and_lose_nothing_but_case_and_white_space() -> None:
    assert slug("Yorkshire and the Humber") == "yorkshire-and-the-humber"
    assert slug("café") != slug("cafè")


def test_the_iris_of_a_document_are_determined_and_distinct() -> None:
    for invented in all_invented():
        iris = DocumentIris.of(invented.extraction, Iris())
        assert iris == DocumentIris.of(invented.extraction, Iris())
        every = [iris.document, iris.graph, *iris.inspections, *iris.judgements, *iris.findings, *iris.recommendations]
        every += iris.actions
        assert len(set(every)) == len(every)
        counts = [
            len(iris.inspections),
            len(iris.judgements),
            len(iris.findings),
            len(iris.recommendations),
            len(iris.actions),
        ]
        x = invented.extraction
        assert counts == [
            len(x.inspections),
            len(x.judgements),
            len(x.findings),
            len(x.recommendations),
            len(x.actions),
        ]


def test_another_base_moves_everything_and_changes_no_id() -> None:
    ours = DocumentIris.of(northmere_plan().extraction, Iris())
    theirs = DocumentIris.of(northmere_plan().extraction, Iris("http://localhost:8000/"))
    assert [iri.replace("https://w3id.org/inspectgraph/", "http://localhost:8000/") for iri in ours.actions] == list(
        theirs.actions
    )


def test_the_main_inspection_keeps_its_iri_when_more_is_learnt_of_it() -> None:
    extraction = northmere_2014().extraction
    better = replace(extraction.inspections[0], framework="Single inspection framework", start="2014-02-04")
    read_again = replace(extraction, inspections=(better, *extraction.inspections[1:]))
    assert DocumentIris.of(read_again, Iris()).inspections == DocumentIris.of(extraction, Iris()).inspections
    assert DocumentIris.of(read_again, Iris()).judgements == DocumentIris.of(extraction, Iris()).judgements
