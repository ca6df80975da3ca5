"""The invented documents: the same bytes everywhere, true to their annotations, read and extracted as they say."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from graph.authorities import Register
from graph.extraction import extract
from graph.model import Extraction, ReadDocument
from graph.reading import read
from ontology.resources import themes
from tests.samples.councils import REGISTER_FILE, councils
from tests.samples.gold import gold
from tests.samples.make_samples import rendered, write_samples
from tests.samples.markup import documents
from tests.scoring import Score

DOCUMENTS = {document.file: document for document in documents()}
GOLD = {file: gold(document) for file, document in DOCUMENTS.items()}
EDTF = re.compile(r"(?:\.\.|\d{4}(?:-\d\d){0,2})(?:/(?:\.\.|\d{4}(?:-\d\d){0,2}))?")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("samples")
    write_samples(path)
    return path


@pytest.fixture(scope="module")
def read_samples(folder: Path) -> dict[str, ReadDocument]:
    return {file: read(folder / file) for file in DOCUMENTS}


@pytest.fixture(scope="module")
def extractions(read_samples: dict[str, ReadDocument]) -> dict[str, Extraction]:
    register = Register.load(REGISTER_FILE)
    return {file: extract(document, register) for file, document in read_samples.items()}


@pytest.fixture(scope="module")
def score(extractions: dict[str, Extraction]) -> Score:
    total = Score()
    for file, extraction in extractions.items():
        total.add(GOLD[file], extraction)
    return total


# ------------------------------------------------------------------------------------------------------- the documents


def test_a_second_run_writes_the_same_bytes(folder: Path) -> None:
    for file, document in DOCUMENTS.items():
        assert (folder / file).read_bytes() == rendered(document), file


def test_the_sample_is_rich_enough_to_search() -> None:
    counts = Counter({kind: sum(len(entry[kind]) for entry in GOLD.values()) for kind in ("findings", "actions")})
    assert len(DOCUMENTS) >= 30
    assert counts["findings"] >= 600
    assert counts["actions"] >= 130
    assert sum(len(entry["recommendations"]) for entry in GOLD.values()) >= 200


def test_every_format_and_layout_is_there() -> None:
    assert {Path(file).suffix for file in DOCUMENTS} == {".pdf", ".docx", ".xlsx", ".html", ".txt"}
    layouts = {document.value("layout") for document in DOCUMENTS.values()}
    assert {"looked-after", "sif2014", "sif2016", "ilacs", "send", "letter", "plan", "minutes", "page"} <= layouts


def test_the_fictional_councils_share_no_name_or_code_with_real_ones() -> None:
    real = Register.load()
    for council in councils().values():
        assert real.by_gss(council.gss_code) is None
        assert real.resolve(council.name) is None
        assert real.find_in(f"Children in {council.name} are safe.") is None


def test_one_council_was_inspected_four_times_and_recovered() -> None:
    grades = [
        entry["judgements"][0]["grade"] if "sif" in layout or "looked" in layout else entry["judgements"][3]["grade"]
        for entry, layout in (
            (GOLD[file], DOCUMENTS[file].value("layout")) for file in sorted(DOCUMENTS) if file.startswith("haverwick_")
        )
    ]
    assert grades == ["Adequate", "inadequate", "Requires improvement to be good", "Good"]


def test_a_recommendation_comes_back_at_each_inspection_of_one_council() -> None:
    asked = [
        any(
            {"care-leaver-entitlements", "health-of-children-in-care"} <= set(r["themes"])
            for r in entry["recommendations"]
        )
        for file, entry in GOLD.items()
        if file.startswith("tollminster_")
    ]
    assert asked == [True, True, True]


# ----------------------------------------------------------------------------------------------------- the annotations


def test_the_themes_of_recommendations_are_those_of_the_scheme_and_reach_into_each_of_its_branches() -> None:
    scheme = {theme.id: theme for theme in themes()}
    used = {theme for entry in GOLD.values() for r in entry["recommendations"] for theme in r["themes"]}
    assert used <= set(scheme)
    assert {scheme[theme].broader for theme in used} == {theme for theme in scheme if scheme[theme].broader is None}
    assert len(used) >= 45


def test_each_recommendation_has_one_to_three_themes() -> None:
    for file, entry in GOLD.items():
        assert all(1 <= len(r["themes"]) <= 3 for r in entry["recommendations"]), file


def test_dates_are_edtf_and_actions_answer_recommendations_of_their_document() -> None:
    for file, entry in GOLD.items():
        refs = {r["ref"] for r in entry["recommendations"]} | {None}
        dates = [entry["document"]["published"]]
        dates += [i[key] for i in entry["inspections"] for key in ("start", "end")]
        for action in entry["actions"]:
            dates.append(action["date"])
            assert action["ref"] in refs, file
        assert all(EDTF.fullmatch(date) for date in dates if date), file
        assert all(j.get("inspection", 0) < len(entry["inspections"]) for j in entry["judgements"]), file


@pytest.mark.parametrize("file", DOCUMENTS)
def test_what_a_document_says_stands_in_its_text(file: str, read_samples: dict[str, ReadDocument]) -> None:
    printed = _plain(read_samples[file].text)
    for kind in ("findings", "recommendations", "actions"):
        for entry in GOLD[file][kind]:
            assert _plain(entry["text"]) in printed, (kind, entry["text"])


def _plain(text: str) -> str:
    """Word characters alone: whether a word that a line end broke is joined is asked of the readers' own tests."""
    return re.sub(r"[\W_]+", "", text)


# ------------------------------------------------------------------------------------------------------- the extraction


def test_findings_are_found(score: Score) -> None:
    assert score.findings.f1 >= 0.99, score.findings.missed + score.findings.spurious


def test_recommendations_are_found_with_their_numbers(score: Score) -> None:
    assert score.recommendations.f1 >= 0.99, score.recommendations.missed + score.recommendations.spurious
    assert score.recommendations.share("ref") >= 0.99


def test_actions_are_found_with_what_they_answer_when_and_by_whom(score: Score) -> None:
    assert score.actions.f1 >= 0.99, score.actions.missed + score.actions.spurious
    for attribute in ("ref", "timescale", "date", "responsible"):
        assert score.actions.share(attribute) >= 0.98, (attribute, score.actions.missed)


def test_judgements_are_found(score: Score) -> None:
    assert score.judgements.f1 >= 0.98, score.judgements.missed + score.judgements.spurious


def test_inspections_are_found(score: Score) -> None:
    assert score.inspections.f1 >= 0.99, score.inspections.missed + score.inspections.spurious
    for attribute in ("start", "end", "inspectorate", "lead_inspector", "framework"):
        assert score.inspections.share(attribute) >= 0.97, attribute


def test_documents_say_what_they_are(score: Score) -> None:
    for attribute in ("title", "kind", "published", "publisher", "authority"):
        assert score.documents.share(attribute) >= 0.99, (attribute, score.documents.missed)
