"""Plans held against a small release of invented documents."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import openpyxl
import pytest
from docx import Document

from graph.ingest import parse_one
from graph.release import Release
from indexer.matching import Plan, PlanMatcher, PlannedAction, PlannedRecommendation, plan_of
from indexer.search import Filters, Searcher
from tests.small_release import publish
from webapp import briefings

SUPERVISION = "Managers must record the supervision of social workers in each case."


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    data = tmp_path_factory.mktemp("matching") / "data"
    publish(data, now=datetime(2026, 1, 2, tzinfo=UTC))
    return Release.open(data)


@pytest.fixture(scope="module")
def matcher(release: Release) -> PlanMatcher:
    return PlanMatcher(Searcher.open(release.path), release.path / "tables")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan(
        (
            PlannedRecommendation(SUPERVISION, "1"),
            PlannedRecommendation("Repaint the swimming pool's changing rooms.", "2"),
        ),
        (
            PlannedAction(
                "Audit ten supervision files a month.", 0, "Mar '31", "2031-03", ("Principal social worker",)
            ),
            PlannedAction("Improve practice.", 0, "ongoing"),
            PlannedAction("Shorten the wait for health assessments of children who come into care.", None),
        ),
        "Oxenmere",
    )


def test_a_recommendation_finds_its_like_in_other_councils_with_their_actions(matcher: PlanMatcher, plan: Plan) -> None:
    found = matcher.match(plan).matches[0].similar
    assert {similar.hit.authority for similar in found} >= {"Haverwick", "Fennmouth"}
    actions = [row["text"] for similar in found for row in similar.actions]
    assert "Monthly audit of supervision records by a senior manager." in actions


def test_what_followed_an_inspection_that_a_plan_answers_is_the_inspection_after_the_reported_one(
    matcher: PlanMatcher, plan: Plan
) -> None:
    answered = next(s for s in matcher.match(plan).matches[0].similar if s.actions)
    assert answered.next_inspection is None or answered.next_inspection["overall_grade"] == "good"
    assert answered.inspection is not None


def test_actions_on_the_same_issue_that_answer_something_else_are_shown_beside(matcher: PlanMatcher) -> None:
    text = "Review supervision of social workers"
    match = matcher.match(Plan((PlannedRecommendation(text),))).matches[0]
    answered = {row["iri"] for similar in match.similar for row in similar.actions}
    assert all(hit.kind == "action" and hit.iri not in answered for hit in match.done_elsewhere)
    nothing_near = matcher.match(Plan((PlannedRecommendation(text),)), filters=Filters(regions=("South West",)))
    assert nothing_near.matches[0].done_elsewhere == ()


def test_an_unheard_of_recommendation_finds_nothing(matcher: PlanMatcher, plan: Plan) -> None:
    assert matcher.match(plan).matches[1].similar == ()


def test_the_plans_own_council_is_left_out(matcher: PlanMatcher) -> None:
    own = Plan((PlannedRecommendation(SUPERVISION),), (), "Haverwick")
    assert {s.hit.authority for s in matcher.match(own).matches[0].similar} == {"Fennmouth"}


def test_filters_say_where_to_look(matcher: PlanMatcher, plan: Plan) -> None:
    regional = matcher.match(plan, filters=Filters(regions=("South East",)))
    assert {s.hit.authority for s in regional.matches[0].similar} == {"Fennmouth"}


def test_what_a_plan_lacks_is_told(matcher: PlanMatcher, plan: Plan) -> None:
    found = matcher.match(plan)
    assert [match.ref for match in found.unanswered] == ["2"]
    first, second = found.matches[0].actions
    assert first.lacks == ()
    assert second.lacks == ("owner", "date", "measure")
    assert [action.text for action in found.vague] == ["Improve practice.", *(a.text for a in found.unanswering)]
    assert found.unanswering[0].similar[0].hit.authority == "Fennmouth"


def test_a_plan_that_is_too_long_is_matched_in_part_and_says_so(matcher: PlanMatcher, plan: Plan) -> None:
    found = matcher.match(plan, most=1)
    assert (len(found.matches), len(found.unanswering), found.left_out) == (1, 0, 2)
    assert any("not matched" in sentence for sentence in briefings.summary(found))


def test_a_plain_list_is_one_recommendation_a_line(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(
        "1. Make sure that supervision is recorded.\n2. Improve quality.\n3. Shorten waits for health checks.\n"
    )
    plan = plan_of(parse_one(file))
    assert plan.recommendations[0].text.startswith("Make sure")
    assert len(plan.recommendations) == 3


def test_a_line_that_reads_like_an_announcement_leaves_a_list_a_list(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    lines = [f"{n}. Improve how often children in group {n} are seen by their social worker." for n in range(1, 21)]
    lines[7] = "8. The Director will publish a plan for foster care by March 2031."
    file.write_text("\n".join(lines))
    plan = plan_of(parse_one(file))
    assert (len(plan.recommendations), plan.actions) == (20, ())


def test_a_plan_in_a_table_keeps_who_when_and_how_measured(tmp_path: Path) -> None:
    document = Document()
    rows = [
        ("Recommendation", "Action", "Lead", "By when", "Success measure"),
        (
            SUPERVISION,
            "Audit supervision files of every team.",
            "Head of Quality",
            "March 2031",
            "Nine files in ten hold a record",
        ),
        ("Shorten waits for health checks.", "Agree a pathway with the hospital.", "Designated Nurse", "ongoing", ""),
    ]
    table = document.add_table(rows=0, cols=5)
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.save(str(tmp_path / "plan.docx"))
    plan = plan_of(parse_one(tmp_path / "plan.docx"))
    assert [r.text for r in plan.recommendations] == [rows[1][0], rows[2][0]]
    first, second = plan.actions
    assert (first.answers, first.responsible, first.date) == (0, ("Head of Quality",), "2031-03")
    assert first.measure == "Nine files in ten hold a record"
    assert (second.answers, second.measure) == (1, None)


@pytest.mark.parametrize("form", ["table", "json", "xlsx", "docx"])
def test_every_form_of_a_briefing_holds_the_plan_and_names_the_release(
    form: str, matcher: PlanMatcher, plan: Plan, release: Release
) -> None:
    data = briefings.write(matcher.match(plan), form, release.id)
    if form == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(data))
        assert book.sheetnames == ["Coverage", "Similar elsewhere", "Actions", "About"]
        text = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    elif form == "docx":
        word = Document(io.BytesIO(data))
        cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
        text = "\n".join([*(p.text for p in word.paragraphs), *cells])
    else:
        text = data.decode()
    for wanted in (SUPERVISION, "Improve practice.", "Fennmouth", release.id):
        assert wanted in text
    if form == "json":
        assert msgspec.json.decode(data)["matches"][0]["specificity"]["level"] >= 1


def test_no_cell_of_the_workbook_is_a_formula(matcher: PlanMatcher) -> None:
    hostile = Plan(
        (PlannedRecommendation("=1+1 supervision of social workers\x0b"),), (PlannedAction("@SUM(A1) audit", 0),)
    )
    book = openpyxl.load_workbook(io.BytesIO(briefings.write(matcher.match(hostile), "xlsx", "r")))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
