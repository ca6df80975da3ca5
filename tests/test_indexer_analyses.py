"""The analyses: what they count, and that SPARQL over the graph counts the same."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyoxigraph as ox
import pytest

from graph.authorities import Register
from graph.curation import Entry, Journal, now, words_of
from graph.release import Release
from graph.store import open_read_only
from indexer.analyses.corpus import LEAST, Choice, Corpus
from indexer.analyses.coverage import uncovered
from indexer.analyses.registry import ANALYSES, Analysis, twin
from indexer.build_options import BuildOptions
from indexer.incidence import MEASURES
from indexer.pipeline import build_release
from indexer.tables import Row, read_rows
from ontology.namespaces import PREFIXES
from ontology.resources import themes as scheme
from tests.sample_release import sample_data, sample_release
from tests.shared_documents import real_release
from tests.shared_models import shared_models

CHOICES = [(a, m) for a in ANALYSES.values() for m in (MEASURES if a.measured else ["recommended"])]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_release(tmp_path_factory.mktemp("analyses"))


@pytest.fixture(scope="module")
def corpus(release: Path) -> Corpus:
    return corpus_of(release)


def corpus_of(release: Path) -> Corpus:
    further = release / "authorities.csv"
    return Corpus(release / "tables", Register.load(further if further.is_file() else None))


def a_council(corpus: Corpus) -> str:
    """The council with most inspections."""
    return Counter(code for code in corpus.incidence.inspections.gss_code if code).most_common(1)[0][0]


def counted(analysis: Analysis, table: pa.Table) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple("" if row[name] is None else str(row[name]) for name in analysis.compared)
        for row in table.to_pylist()
        if row.get("said", 1)
    )


def asked(analysis: Analysis, store: ox.Store, choice: Choice) -> Counter[tuple[str, ...]]:
    found = store.query(twin(analysis.name, choice), use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    return Counter(
        tuple("" if (term := solution[name]) is None else str(term.value) for name in analysis.compared)
        for solution in found
    )


def alike(analysis: Analysis, rows: Counter[tuple[str, ...]]) -> Counter[tuple[str, ...]]:
    """A pair of themes has no order: the scheme's in the table, the alphabet's in the query."""
    if analysis.name != "together":
        return rows
    return Counter(
        {(*sorted(r[:2]), *(r[2:4] if r[0] < r[1] else (r[3], r[2])), r[4]): count for r, count in rows.items()}
    )


@pytest.mark.parametrize(("analysis", "measure"), CHOICES, ids=lambda x: x if isinstance(x, str) else x.name)
def test_sparql_counts_the_same(corpus: Corpus, release: Path, analysis: Analysis, measure: str) -> None:
    choice = Choice(measure, a_council(corpus))
    ours = counted(analysis, analysis.table(corpus, choice))
    assert ours
    assert alike(analysis, asked(analysis, open_read_only(release / "graph"), choice)) == alike(analysis, ours)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(("analysis", "measure"), CHOICES, ids=lambda x: x if isinstance(x, str) else x.name)
def test_sparql_counts_the_same_of_the_real_corpus(analysis: Analysis, measure: str) -> None:
    release = real_release()
    corpus = corpus_of(release)
    choice = Choice(measure, a_council(corpus))
    ours = counted(analysis, analysis.table(corpus, choice))
    assert alike(analysis, asked(analysis, open_read_only(release / "graph"), choice)) == alike(analysis, ours)


@pytest.mark.parametrize("analysis", ANALYSES.values(), ids=lambda a: a.name)
def test_a_table_has_its_schema_and_comes_out_the_same_again(corpus: Corpus, analysis: Analysis) -> None:
    choice = Choice(council=a_council(corpus))
    table = analysis.table(corpus, choice)
    assert table.schema == analysis.schema
    assert table.equals(analysis.table(corpus, choice))
    assert set(analysis.compared) <= set(analysis.schema.names)


@pytest.mark.parametrize("measure", MEASURES)
def test_groups_partition_the_inspections(corpus: Corpus, measure: str) -> None:
    heard = int(corpus.incidence.heard(measure).sum())
    for analysis in ANALYSES.values():
        if not analysis.name.startswith("themes-by-"):
            continue
        rows = analysis.table(corpus, Choice(measure, a_council(corpus))).to_pylist()
        by_theme: dict[str, list[dict[str, int]]] = {}
        for row in rows:
            by_theme.setdefault(row["theme"], []).append(row)
        for theme, own in by_theme.items():
            place = corpus.incidence.theme_places[theme]
            assert sum(row["inspections"] for row in own) == heard, (analysis.name, theme)
            assert sum(row["items"] for row in own) == int(corpus.incidence.counts[measure][:, place].sum())
            assert sum(row["said"] for row in own) == int(corpus.incidence.said(measure)[:, place].sum())
            assert sum(row["expected"] for row in own) == pytest.approx(sum(row["said"] for row in own))


def test_the_rows_behind_a_cell_are_as_many_as_it_says(corpus: Corpus) -> None:
    from indexer.analyses.rates import group_mask

    for row in ANALYSES["themes-by-year"].table(corpus, Choice("told")).to_pylist():
        rows = corpus.incidence.rows("told", row["theme"], group_mask(corpus, "year", row["group"]))
        assert len(rows) == row["items"], row


def test_a_share_is_given_only_where_there_are_inspections_enough(corpus: Corpus) -> None:
    for name in ("themes-by-year", "themes-by-region", "what-followed"):
        for row in ANALYSES[name].table(corpus, Choice()).to_pylist():
            trials = row["inspections"] if "inspections" in row else row["reinspected"]
            assert (row["share"] is None) == (trials < LEAST), (name, row)
            if row["share"] is not None:
                assert row["low"] <= row["share"] <= row["high"]


def test_nothing_is_said_to_differ_or_to_change_above_the_level(corpus: Corpus) -> None:
    for analysis in ANALYSES.values():
        if "q" in analysis.schema.names:
            for row in analysis.table(corpus, Choice("told", a_council(corpus))).to_pylist():
                tested = row["q"] is not None
                assert tested or row["reading"] == "too few"
                if tested and row["q"] > 0.05:
                    assert row["reading"].startswith("no "), row


def test_what_was_said_was_followed_or_not_or_not_yet(corpus: Corpus) -> None:
    for name in ("what-followed", "what-followed-issues"):
        for row in ANALYSES[name].table(corpus, Choice()).to_pylist():
            assert row["said"] == row["not_reinspected"] + row["next_silent"] + row["reinspected"]
            assert row["again"] <= row["reinspected"]
            assert row["better"] + row["same"] + row["worse"] == row["compared"] <= row["judged"] <= row["reinspected"]


def test_no_council_is_both_covered_and_missing(corpus: Corpus) -> None:
    held = set(ANALYSES["coverage"].table(corpus, Choice()).column("gss_code").to_pylist())
    missing = set(uncovered(corpus).column("gss_code").to_pylist())
    assert not held & missing
    assert held - {None} | missing == {a.gss_code for a in corpus.register if a.abolished is None or a.gss_code in held}


def test_a_closed_action_that_recurred_has_both_quotations(corpus: Corpus) -> None:
    rows = ANALYSES["closed-but-recurred"].table(corpus, Choice()).to_pylist()
    assert rows
    assert all(row["recommendation_text"] and row["later_text"] and row["action_text"] for row in rows)


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="no measure"):
        Choice("blamed")


def test_a_council_in_a_query_cannot_be_more_than_its_code() -> None:
    query = twin("themes-by-neighbours", Choice(council='x" } DROP ALL #'))
    assert "DROP ALL" not in query
    assert '"xDROPALL"' in query


# --------------------------------------------------------------------------------------------------------- corrections


def about(kind: str, item: Row, **fields: object) -> Entry:
    words = words_of(item["text"])
    return Entry("", kind, now(), "A curator", "It is wrong.", item["iri"], item["kind"], words, **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def corrected_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus after corrections: an issue's recommendation and a finding of one theme have another, a
    recommendation that no theme was known of has one, a finding has none, and a plan's recommendation restates none."""
    folder = tmp_path_factory.mktemp("corrected")
    data = folder / "data"
    shutil.copytree(sample_data(tmp_path_factory.mktemp("analyses")), data, symlinks=True)
    tables = Release.open(data).path / "tables"
    items = {row["iri"]: row for row in read_rows(tables, "items")}
    members = defaultdict(list)
    for row in read_rows(tables, "issue_members"):
        members[row["issue"]].append(items[row["item"]])
    of_two = next(own for own in members.values() if len(own) == 2 and all(item["themes"] for item in own))
    findings = [item for item in items.values() if item["kind"] == "finding" and len(item["themes"]) == 1]
    unlinked = next(item for item in items.values() if not item["themes"] and item["kind"] != "action")
    restating = next(item for item in items.values() if item["restates"])
    Journal(data).append(
        about("themes", of_two[0], add=("private-fostering",), remove=tuple(of_two[0]["themes"])),
        about("themes", findings[0], add=("private-fostering",), remove=tuple(findings[0]["themes"])),
        about("themes", findings[1], remove=tuple(findings[1]["themes"])),
        about("themes", unlinked, add=("training",)),
        about("unlink", restating, relation="restates"),
    )
    report = build_release([], BuildOptions(data, jobs=2, models=shared_models()))
    assert report.fresh
    assert not report.warnings
    return Release.open(data).path


@pytest.mark.parametrize("name", ["trends", "recurring", "discoveries", "unlinked", "lineage"])
def test_after_corrections_sparql_counts_the_same(corrected_release: Path, name: str) -> None:
    analysis = ANALYSES[name]
    corpus = corpus_of(corrected_release)
    choice = Choice("told" if analysis.measured else "recommended", a_council(corpus))
    ours = counted(analysis, analysis.table(corpus, choice))
    assert alike(analysis, asked(analysis, open_read_only(corrected_release / "graph"), choice)) == alike(
        analysis, ours
    )


def test_what_is_derived_is_derived_from_what_curators_corrected(corrected_release: Path) -> None:
    tables = corrected_release / "tables"
    items = {row["iri"]: row for row in read_rows(tables, "items")}
    themes = {iri: set(item["themes"]) for iri, item in items.items()}
    by_curator = {row["item"] for row in read_rows(tables, "theme_links") if row["method"] == "curator"}
    assert len(by_curator) == 3
    assert {row["item"] for row in read_rows(tables, "unlinked")} == {iri for iri, own in themes.items() if not own}
    assert not any(themes[row["item"]] for row in read_rows(tables, "discovery_members"))
    members = defaultdict(list)
    for row in read_rows(tables, "issue_members"):
        members[row["issue"]].append(row["item"])
    for issue in read_rows(tables, "issues"):
        own = members[issue["id"]]
        shared = Counter(theme for item in own for theme in themes[item])
        assert set(issue["themes"]) == {theme for theme, count in shared.items() if 3 * count >= len(own)}
    restating = {iri for iri, item in items.items() if item["restates"]}
    followed_up = {row[end] for row in read_rows(tables, "lineage") for end in ("item", "earlier")} - {None}
    assert restating.isdisjoint(item for own in members.values() for item in own)
    assert restating.isdisjoint(followed_up)
    query = """SELECT ?item ?theme { ?item dcterms:subject/skos:notation ?theme ; a ?kind
        VALUES ?kind { ig:Finding ig:Recommendation ig:Action } }"""
    store = open_read_only(corrected_release / "graph")
    found = store.query(query, use_default_graph_as_union=True, prefixes=PREFIXES)
    assert isinstance(found, ox.QuerySolutions)
    in_graph = {(solution["item"].value, solution["theme"].value) for solution in found}
    assert in_graph == {(iri, theme) for iri, own in themes.items() for theme in own}
    subjects = np.load(corrected_release / "search" / "subjects.npy")
    columns = [theme.id for theme in scheme()]
    for row, iri in enumerate(items):
        if iri in by_curator:
            assert {columns[int(subjects[row].argmax())]} == themes[iri]
