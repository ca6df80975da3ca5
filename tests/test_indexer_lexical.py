from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.lexical import LexicalIndex, LexicalRecord, highlights, index_form, parse, words_with_spans, write_lexical

TEXTS = (
    "Improve the timeliness of children’s plans",
    "Plans for children are organised by schools",
    "Care leavers and their housing",
    "Housing for those who leave care",
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    folder: Path = tmp_path_factory.mktemp("lexical")
    keys = [("kind:finding",), ("kind:finding", "year:2015"), ("kind:action",), ("kind:action",)]
    write_lexical((LexicalRecord(i, t, {}, k) for i, (t, k) in enumerate(zip(TEXTS, keys, strict=True))), folder)
    return LexicalIndex(folder)


@pytest.mark.parametrize(
    ("one", "other"),
    [("plans", "plan"), ("child’s", "child's"), ("organization", "organisation"), ("Leavers", "leaver")],
)
def test_forms_of_a_word_meet(one: str, other: str) -> None:
    assert index_form(one) == index_form(other)


def test_filters_are_applied_inside(index: LexicalIndex) -> None:
    assert index.search([("plan", 1.0)], 1, must=[["year:2015"]]).rows.tolist() == [1]
    assert index.search([("plan", 1.0)], 9, must_not=["year:2015"]).rows.tolist() == [0]
    assert index.search([("plan", 1.0)], 9, must=[[]]).rows.tolist() == []


def test_a_phrase_keeps_its_order(index: LexicalIndex) -> None:
    assert index.search([], 9, demanded=parse('"care leavers"')).rows.tolist() == [2]
    assert index.matching([], demanded=parse("care AND leave")).tolist() == [3]


def test_a_misspelt_word_finds_its_like(index: LexicalIndex) -> None:
    assert index.corrected("housng") == index_form("housing")
    assert index.corrected("zzzzzz") is None


@given(st.text(max_size=200))
def test_parsing_never_fails_and_highlights_stay_inside(text: str) -> None:
    parsed = parse(text)
    spans = highlights(words_with_spans(text), set(parsed.content_words))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(text[start:end].strip() == text[start:end] for _, start, end in words_with_spans(text))


@pytest.mark.parametrize(
    ("text", "strict"), [("plain words", False), ('a "b c"', True), ("x -y", True), ("x OR y", True), ("x or y", False)]
)
def test_only_operators_make_a_query_strict(text: str, strict: bool) -> None:
    assert parse(text).strict is strict
