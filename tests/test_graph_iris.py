"""IRIs name things by what they are: the same reading gives the same IRIs, a better one moves as few as it can."""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.iris import DocumentIris, Iris, digest, document_id, item_ids, normalised, part_id, path_segment, slug
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


def test_every_kind_of_thing_has_the_address_that_it_was_first_given() -> None:
    iris = Iris("https://example.org/")
    for made, address in (
        (iris.document("d 1"), "documents/d%201"),
        (iris.document_graph("d1"), "documents/d1/graph"),
        (iris.derived_graph("themes"), "graphs/themes"),
        (iris.item("findings", "f1"), "findings/f1"),
        (iris.authority("E06000001"), "authorities/E06000001"),
        (iris.theme("care-leavers"), "themes/care-leavers"),
        (iris.grade("good"), "grades/good"),
        (iris.area("leadership"), "areas/leadership"),
        (iris.framework("ilacs"), "frameworks/ilacs"),
        (iris.inspectorate("ofsted"), "inspectorates/ofsted"),
        (iris.status("complete"), "statuses/complete"),
        (iris.polarity("mixed"), "polarities/mixed"),
        (iris.document_kind("action-plan"), "document-kinds/action-plan"),
        (iris.issue("i1"), "issues/i1"),
        (iris.region("East of England"), "regions/east-of-england"),
        (iris.authority_type("London borough"), "authority-types/london-borough"),
        (iris.neighbour_set("cipfa-2014"), "neighbour-sets/cipfa-2014"),
        (iris.reorganisation("E07000001"), "reorganisations/E07000001"),
        (iris.agent("Polarity Classifier", "3"), "agents/polarity-classifier-3"),
        (iris.agent("curator", ""), "agents/curator"),
        (iris.correction("c1"), "corrections/c1"),
        (iris.curator("Jane Doe"), "curators/jane-doe"),
        (iris.dataset(), "data"),
        (iris.dataset("2026-01-01T000000Z-abcdef"), "data/2026-01-01T000000Z-abcdef"),
    ):
        assert made == f"https://example.org/{address}"


def test_ids_that_were_published_once_are_made_again() -> None:
    """Written down from an earlier version: whoever cites them finds them."""
    report = DocumentIris.of(northmere_2014().extraction, Iris("https://example.org/"))
    assert report == DocumentIris(
        document="https://example.org/documents/92d64b0d4f314a9c",
        graph="https://example.org/documents/92d64b0d4f314a9c/graph",
        inspections=_under("inspections", "grow4maqnv5ecf2y", "mifcrfbpxznbaupz"),
        judgements=_under("judgements", "sqzraapeuqyas22t", "tl33opvtdjzusaex", "ckqfljumdbkpe54q"),
        findings=_under("findings", "t7oug2zdnlmu5yuf", "myzfwh37mxwvezhq"),
        recommendations=_under("recommendations", "f4ykxdrkbxeiy6na", "vcvlw7bes7w3l7sr", "mefkgflwcy6qkk3b"),
    )
    plan = DocumentIris.of(northmere_plan().extraction, Iris("https://example.org/"), key="Plan 2014")
    assert plan == DocumentIris(
        document="https://example.org/documents/plan-2014-63wpu6wowsccwle7",
        graph="https://example.org/documents/plan-2014-63wpu6wowsccwle7/graph",
        inspections=_under("inspections", "b5uh5p2kqrsvvljw"),
        recommendations=_under("recommendations", "pa42j2tkvdoegrdp", "lc4rki2bbsnrikgf", "iq6qys3u7plj5alh"),
        actions=_under("actions", "wjyytmhiksyrk4rd", "cyh5ohvrcwusjpwx", "23xgwbrgcizsi2nw", "ej7b3sihs6g6tmo6"),
    )
    assert part_id(report.findings[0], "evidence") == digest(("t7oug2zdnlmu5yuf", "evidence"))


def _under(folder: str, *ids: str) -> tuple[str, ...]:
    return tuple(f"https://example.org/{folder}/{one}" for one in ids)


def test_of_all_characters_letters_and_digits_stand_for_a_text_and_no_others() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1)]
    folded = "".join(unicodedata.normalize("NFKC", c).casefold() for c in characters)
    assert normalised(folded) == "".join(c for c in unicodedata.normalize("NFKC", folded).casefold() if c.isalnum())


def test_broken_text_has_an_identity_too() -> None:
    assert digest(("\ud800",)) != digest(("?",))
    assert path_segment("\ud800") == "%ED%A0%80"
    assert normalised("—") == "—"
    assert normalised(None) == ""
