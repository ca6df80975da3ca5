from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graph.errors import ReleaseError
from indexer.search import FACETS, Filters, Searcher, SearchRequest, SearchResponse, UnknownItem
from indexer.search_request import FILTERS_OF, Mode
from tests.back_ends import running
from tests.searchable_items import ITEM, over, release, searcher, tables


@pytest.fixture(
    scope="module",
    autouse=True,
    params=["embedded", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("postgres", "ray"))],
)
def index(request: pytest.FixtureRequest) -> Iterator[None]:
    """The same tests over the release's files, over the search database and over vectors in parts."""
    with running(request.param) as back_end, pytest.MonkeyPatch.context() as patched:
        settings = back_end.settings()
        patched.setitem(over, "database", settings.get("search_database", ""))
        patched.setitem(over, "cluster", settings.get("cluster", ""))
        yield


def ask(text: str, **filters: object) -> SearchResponse:
    return searcher().search(SearchRequest(text, Filters(**filters), limit=50))  # type: ignore[arg-type]


def texts(response: SearchResponse) -> list[str]:
    return [hit.text for hit in response.hits]


@pytest.mark.parametrize(
    ("question", "theme"),
    [
        ("social workers do not have enough supervision", "management-oversight"),
        ("children seen alone", "voice-of-the-child"),
        ("too many agency workers", "workforce-capacity"),
    ],
)
def test_a_question_is_understood_as_what_it_is_about_not_as_all_that_share_its_words(
    question: str, theme: str
) -> None:
    assert ask(question).themes == (theme,)


def test_the_same_issue_in_the_same_words_comes_first() -> None:
    assert all("supervision" in t.lower() for t in texts(ask("reflective supervision"))[:4])


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("CAF", "common assessment framework"),
        ("MASH thresholds", "safeguarding hub"),
        ("a settled family for the whole of childhood", "permanence"),
        ("supervison", "supervision"),
        ("what happened to the concerns that were passed on", "referr"),
    ],
)
def test_the_same_issue_in_other_words_is_among_the_first_three(question: str, word: str) -> None:
    assert any(word in t.lower() for t in texts(ask(question))[:3])


def test_every_hit_passes_every_filter() -> None:
    response = ask(
        "plans for children",
        kinds=("recommendation",),
        authorities=("e90000003",),
        since=2017,
        until=2017,
    )
    assert response.total > 0
    for hit in response.hits:
        assert (hit.kind, hit.authority, hit.year) == ("recommendation", "Caldwater", 2017)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"authorities": ("avonford",)}, {"Avonford"}),
        ({"neighbours_of": ("E90000001",)}, {"Caldwater"}),
        ({"exclude_authorities": ("Avonford", "Caldwater")}, {"Brinmouth"}),
        ({"regions": ("North East",)}, {"Brinmouth", "Caldwater"}),
        ({"documents": ("avonford-2018",)}, {"Avonford"}),
        ({"themes": ("help-and-protection",), "polarities": ("improvement",)}, {"Brinmouth", "Caldwater"}),
        ({"authorities": ("Nowhere",)}, set()),
        ({"grades": ("unheard-of",)}, set()),
    ],
)
def test_browsing_a_filter_gives_the_authorities_that_pass(filters: dict[str, object], expected: set[str]) -> None:
    assert {hit.authority for hit in ask("", **filters).hits} == expected


@pytest.mark.parametrize("question", ["", "supervision", "children in care"])
def test_a_facet_count_is_the_total_after_choosing_it(question: str) -> None:
    fields = {"kind": "kinds", "authority": "authorities", "theme": "themes", "region": "regions", "grade": "grades"}
    whole = ask(question)
    assert set(whole.facets) == set(FACETS)
    for facet, name in fields.items():
        for value in whole.facets[facet]:
            assert ask(question, **{name: (value.value,)}).total == value.count, (facet, value)
    for value in whole.facets["year"]:
        assert ask(question, since=int(value.value), until=int(value.value)).total == value.count


@pytest.mark.parametrize(
    "text", ["delay in placing children", "", '"care leavers" -delay', "delay OR housing", "-delay"]
)
@pytest.mark.parametrize("mode", ["hybrid", "words", "meaning"])
def test_a_lifted_facet_is_that_of_a_search_without_its_filter(text: str, mode: Mode) -> None:
    filters = Filters(kinds=("finding",), authorities=("Caldwater",), since=2000, exclude_authorities=("E90000001",))
    filters = replace(filters, themes=(ask("").facets["theme"][0].value,))
    found = searcher().search(SearchRequest(text, filters, mode=mode))
    assert set(found.lifted) == {"kind", "authority", "theme", "year", "council"}
    for facet, lifted in found.lifted.items():
        without = replace(filters, **{name: getattr(Filters(), name) for name in FILTERS_OF[facet]})
        alone = searcher().search(SearchRequest(text, without, mode=mode))
        assert lifted.values == alone.facets["authority" if facet == "council" else facet]
        assert lifted.total == alone.total


def test_what_is_near_a_council_comes_first_and_nothing_else_changes() -> None:
    question = "management oversight of social workers"
    plain = searcher().search(SearchRequest(question, limit=500))
    near = searcher().search(SearchRequest(question, limit=500, near=("E90000001",)))
    assert (near.total, near.facets) == (plain.total, plain.facets)
    assert {hit.iri for hit in near.hits} == {hit.iri for hit in plain.hits}
    ranked = [[(h.authority == "Caldwater", h.iri) for h in a.hits if h.confidence > 0] for a in (plain, near)]
    assert ranked[1] == sorted(ranked[0], key=lambda pair: not pair[0])
    assert {True, False} == {is_near for is_near, _ in ranked[1]}
    assert ranked[1] != ranked[0]


def test_pages_join_without_gap_or_overlap() -> None:
    request = SearchRequest("children", limit=50)
    whole = searcher().search(request)
    pages = [searcher().search(replace(request, limit=3, offset=o)) for o in range(0, whole.total, 3)]
    assert [h.iri for page in pages for h in page.hits] == [h.iri for h in whole.hits]
    assert [h.rank for page in pages for h in page.hits] == list(range(1, whole.total + 1))


def test_an_empty_question_browses_everything_newest_first() -> None:
    response = ask("  ")
    made = tables()
    assert response.total == made["items"].num_rows + made["documents"].num_rows
    years = [hit.year for hit in response.hits]
    assert years == sorted(years, reverse=True)  # type: ignore[type-var]


def test_operators_constrain() -> None:
    assert all("reflective" in t for t in texts(ask('"reflective supervision"')))
    assert not any("recorded" in t for t in texts(ask('"staff supervision" OR reflective -recorded')))
    assert {h.authority for h in ask("authority:brinmouth supervision").hits} == {"Brinmouth"}
    assert ask("-delay").total + ask('"delay"').total == ask("").total


@pytest.mark.parametrize(
    "text",
    [
        "the of and",
        "😀",
        '"',
        "-",
        "((((",
        "AND OR NOT",
        "field:",
        "SELECT ?s WHERE { ?s ?p ?o } # <b>&amp;</b>",
        "\x00\ud800",
        "Übersetzung дети 子供",
        "care " * 20_000,
        "a" * 100_000,
        '"' * 999,
    ],
)
@pytest.mark.parametrize("mode", ["hybrid", "words", "meaning"])
def test_nothing_typed_raises(text: str, mode: str) -> None:
    response = searcher().search(SearchRequest(text, mode=mode))  # type: ignore[arg-type]
    assert response.total >= len(response.hits)


def test_what_has_no_topic_is_answered_with_advice() -> None:
    response = ask("the of and")
    assert response.total == 0
    assert response.message


def test_nothing_close_is_said_and_something_close_too() -> None:
    assert not ask("recipes for rhubarb crumble").close
    assert ask("private fostering").close


def test_a_hit_says_why() -> None:
    hit = ask("supervision that is reflective").hits[0]
    assert {w.lower() for w in hit.why.words} >= {"supervision", "reflective"}
    assert [hit.text[s:e] for s, e in hit.why.word_spans] == list(hit.why.words)
    assert hit.why.sentence is not None


def test_the_sentence_nearest_in_meaning_is_marked() -> None:
    hit = next(h for h in ask("standard of plans for those leaving care").hits if "Pathway plans" in h.text)
    start, end = hit.why.sentence or (0, 0)
    assert hit.text[start:end] in ("Pathway plans are regular.", "Their quality varies much.")


def test_similar_items_are_of_other_authorities_with_duplicates_folded() -> None:
    response = searcher().similar(f"{ITEM}0")
    assert "Avonford" not in {h.authority for h in response.hits}
    first = response.hits[0]
    assert {first.iri, *first.duplicates} == {f"{ITEM}6", f"{ITEM}12"}
    assert all(h.kind == "recommendation" for h in response.hits)


def test_similar_obeys_filters_and_names_unknown_items() -> None:
    assert {h.authority for h in searcher().similar(f"{ITEM}0", Filters(authorities=("Caldwater",))).hits} == {
        "Caldwater"
    }
    with pytest.raises(UnknownItem):
        searcher().similar("https://example.org/none")


def test_documents_are_found_by_title() -> None:
    hits = ask("inspection Brinmouth 2020", kinds=("document",)).hits
    assert hits[0].text.endswith("Brinmouth, 2020")
    assert hits[0].row == -1


def test_a_second_opening_gives_the_same_answer() -> None:
    request = SearchRequest("children who wait", limit=50)
    again = Searcher.open(release(), database=over["database"], shards=over["cluster"])
    assert again.search(request) == searcher().search(request)


def test_statements_are_met_alike_with_their_cosines_and_without(tmp_path: Path) -> None:
    copied = shutil.copytree(release(), tmp_path / "release")
    (copied / "search" / "statements" / "cosines.npy").unlink()
    without = Searcher.open(copied)
    for question in (
        "a settled family for the whole of childhood",
        "what happened to the concerns that were passed on",
    ):
        for filters in (Filters(), Filters(kinds=("recommendation", "finding")), Filters(authorities=("Nowhere",))):
            request = SearchRequest(question, filters, limit=50)
            assert without.search(request) == searcher().search(request)


@pytest.mark.parametrize("missing", ["vectors/tokens.npy", "search/scale.json"])
def test_a_release_without_a_file_that_is_needed_now_asks_to_be_built_again(tmp_path: Path, missing: str) -> None:
    older = shutil.copytree(release(), tmp_path / "older")
    (older / missing).unlink()
    with pytest.raises(ReleaseError, match="indexed by another version: build again"):
        Searcher.open(older)


def test_a_release_of_another_index_version_asks_to_be_built_again(tmp_path: Path) -> None:
    newer = shutil.copytree(release(), tmp_path / "newer")
    stored = json.loads((newer / "search/scheme.json").read_text(encoding="utf-8"))
    (newer / "search/scheme.json").write_text(json.dumps({**stored, "index_version": "later"}), encoding="utf-8")
    with pytest.raises(ReleaseError, match="indexed by another version: build again"):
        Searcher.open(newer)


@pytest.mark.parametrize(("word", "found"), [("supervison", True), ("award", False), ("latter", False)])
def test_only_what_is_no_word_is_taken_for_a_typing_error(word: str, found: bool) -> None:
    assert (searcher().search(SearchRequest(word, mode="words")).total > 0) == found
