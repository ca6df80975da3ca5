"""Figures over the whole real corpus: what its numbering promises, and what another tool read in it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks.overview_agreement import differences
from benchmarks.paragraph_coverage import Printed, in_runs, missed
from benchmarks.parsed_documents import parsed_documents
from graph.ingest import ParsedDocument
from tests.shared_documents import shared_dir

SHARED = shared_dir()
#: Cells where the other tool errs: an inspection that went on for two days in February, an inspector not seen.
ADJUDICATED = {
    ("south-tyneside_2023-05-10.pdf", "inspection_end_date"): "2023-02-15",
    ("tameside_2024-02-13.pdf", "inspector_name"): "andy waugh",
}


def lines(*numbers: int, part: int = 0) -> list[Printed]:
    return [Printed(part, number, 1, f"words of paragraph {number} x") for number in numbers]


def test_a_run_of_numbers_is_counted_with_the_one_that_it_lacks() -> None:
    assert [(one.number, bool(one.letters)) for one in in_runs(lines(1, 2, 3, 5, 6, 7))] == [
        (1, True), (2, True), (3, True), (4, False), (5, True), (6, True), (7, True),
    ]  # fmt: skip


def test_numbers_that_a_line_happens_to_begin_with_are_not_counted() -> None:
    assert [one.number for one in in_runs(lines(1, 2, 30, 3, 17, 4, 5))] == [1, 2, 3, 4, 5]


def test_numbering_may_begin_again() -> None:
    assert [one.number for one in in_runs(lines(1, 2, 3, 4, 1, 2, 3, 4, 5))] == [1, 2, 3, 4, 1, 2, 3, 4, 5]


@pytest.fixture(scope="module")
def corpus() -> dict[str, ParsedDocument]:
    assert SHARED is not None
    return parsed_documents([SHARED / "corpus"], jobs=2)[0]


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.timeout(3600)
@pytest.mark.skipif(SHARED is None, reason="the real documents are not here")
def test_of_the_numbered_paragraphs_ninety_nine_in_a_hundred_are_found(corpus: dict[str, ParsedDocument]) -> None:
    assert SHARED is not None
    counts = [0, 0, 0]
    for path in sorted((SHARED / "corpus").rglob("*.pdf")):
        if path.read_bytes().startswith(b"%PDF"):
            counts = [sum(pair) for pair in zip(counts, map(len, missed(path, corpus[path.name])), strict=True)]
    printed, unread, lost = counts
    assert printed > 15_000
    assert unread <= 0.01 * printed
    assert lost <= 0.01 * printed


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.timeout(3600)
@pytest.mark.skipif(SHARED is None, reason="the real documents are not here")
def test_grades_dates_and_inspectors_agree_with_another_tool_but_where_it_errs(
    corpus: dict[str, ParsedDocument],
) -> None:
    assert SHARED is not None
    table = Path(SHARED, "reference", "ilacs_overview_dev.csv").read_text(encoding="utf-8").splitlines()
    ours = {file: parsed.extraction for file, parsed in corpus.items()}
    differing = {
        (file, column): mine
        for file, column, theirs, mine in differences(list(csv.DictReader(table)), ours)
        if theirs != mine
    }
    assert differing == ADJUDICATED
