from __future__ import annotations

from pathlib import Path

import pytest

from graph.authorities import Register
from graph.extraction.action_tails import tail_of
from graph.extraction.committee import extract_committee
from graph.extraction.owners import split_owners
from graph.extraction.plan_status import status_of
from graph.model import Extraction, SourceFile
from graph.reading import read
from graph.reading.composition import compose
from graph.reading.text import text_drafts
from tests.council_papers import PLAN, write_plans

REGISTER = Register.load()
SOURCE = SourceFile("plan.txt", "0" * 64, "text/plain", 1)


def extracted(text: str) -> Extraction:
    return extract_committee(compose(SOURCE, text_drafts(text)), REGISTER)


def items(extraction: Extraction) -> list[tuple[object, ...]]:
    recommendations = extraction.recommendations
    return [
        (
            None if action.recommendation is None else recommendations[action.recommendation].ref,
            action.text,
            action.timescale,
            action.date,
            action.responsible,
            tuple((status.printed, status.status) for status in action.statuses),
        )
        for action in extraction.actions
    ]


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Extraction]:
    paths = write_plans(tmp_path_factory.mktemp("plans"))
    return {ending: extract_committee(read(path), REGISTER) for ending, path in paths.items()}


@pytest.mark.parametrize("ending", ["md", "html", "docx", "xlsx", "csv"])
def test_one_plan_in_any_format_yields_the_same_items(plans: dict[str, Extraction], ending: str) -> None:
    expected, found = plans["txt"], plans[ending]
    assert [(r.ref, r.text) for r in found.recommendations] == [(r.ref, r.text) for r in expected.recommendations]
    assert items(found) == items(expected)


def test_each_line_of_a_cell_is_an_action_with_the_time_and_people_beside_it(plans: dict[str, Extraction]) -> None:
    extraction = plans["txt"]
    assert [r.ref for r in extraction.recommendations] == [row.ref for row in PLAN]
    assert [a.text for a in extraction.actions] == [action for row in PLAN for action in row.actions]
    assert [a.timescale for a in extraction.actions] == [time for row in PLAN for time in row.times]
    assert [a.date for a in extraction.actions] == [
        "2005-09-30", "2005-10", "../2006-03", "2005-11", "2006-01/2006-02", None,
    ]  # fmt: skip
    assert extraction.actions[0].responsible == ("JW", "TR")
    assert [a.statuses[0].status for a in extraction.actions if a.statuses] == [
        "completed",
        "in-progress",
        "in-progress",
    ]


def test_evidence_quotes_the_text_that_it_points_to(tmp_path: Path) -> None:
    for path in write_plans(tmp_path).values():
        document = read(path)
        extraction = extract_committee(document, REGISTER)
        for item in (*extraction.recommendations, *extraction.actions):
            assert document.text[item.evidence.start : item.evidence.end] == item.evidence.quote


HEADS = "Ref\tWhat needs to improve\tWhat we will do\tLead officer\tBy when\tRAG"


def test_heads_of_columns_are_known_in_the_words_of_other_councils() -> None:
    extraction = extracted(
        f"{HEADS}\n4\tThe timeliness of reviews for children\tChase late reviews each week\tAD Safeguarding\tJune "
        f"2022\tAmber"
    )
    (action,) = extraction.actions
    assert extraction.recommendations[0].text == "The timeliness of reviews for children"
    assert (action.text, action.responsible, action.date) == (
        "Chase late reviews each week",
        ("AD Safeguarding",),
        "2022-06",
    )
    assert action.statuses[0].printed == "Amber"


def test_a_table_without_heads_goes_on_with_the_columns_of_the_one_before() -> None:
    extraction = extracted(
        f"{HEADS}\n1\tThe first thing to improve\tDo one thing\tAB\tMay 2022\tGreen\n\nPART TWO\n\n"
        "2\tThe second thing to improve\tDo another thing\tCD\tJune 2022\tRed"
    )
    assert [(a.responsible, a.date) for a in extraction.actions] == [(("AB",), "2022-05"), (("CD",), "2022-06")]


def test_a_row_without_recommendation_answers_the_one_above() -> None:
    extraction = extracted(
        f"{HEADS}\n1\tThe first thing to improve\tDo one thing\tAB\tMay 2022\t\n\t\tDo a second thing\tCD\tJuly 2022\t"
    )
    assert len(extraction.recommendations) == 1
    assert [a.recommendation for a in extraction.actions] == [0, 0]


def test_a_lead_in_is_no_action_but_its_bullets_are() -> None:
    cell = "<p>Review the following:</p><ul><li>threshold guidance for partners</li><li>referral forms</li></ul>"
    extraction = extracted(f"{HEADS}\n1\tThe front door for families\t{cell}\tKM\tMarch 2023\t")
    assert [a.text for a in extraction.actions] == ["threshold guidance for partners", "referral forms"]
    assert {a.responsible for a in extraction.actions} == {("KM",)}
    assert {a.timescale for a in extraction.actions} == {"March 2023"}


def test_a_prose_time_and_its_neighbour_share_an_action_where_lines_are_too_many() -> None:
    times = "<p>First draft 1.9.04</p><p>Final draft 1.10.04</p><p>Nov '04</p>"
    cell = "<ul><li>Write the new strategy</li><li>Publish it for partners</li></ul>"
    extraction = extracted(f"{HEADS}\n1\tA clear strategy for families\t{cell}\tKM\t{times}\t")
    assert [a.timescale for a in extraction.actions] == ["First draft 1.9.04 Final draft 1.10.04", "Nov '04"]


def test_dates_run_together_in_one_line_are_taken_apart() -> None:
    cell = "<ul><li>Write the new strategy</li><li>Publish it for partners</li></ul>"
    extraction = extracted(f"{HEADS}\n1\tA clear strategy for families\t{cell}\tKM\tOct '04 Nov '04\t")
    assert [a.date for a in extraction.actions] == ["2004-10", "2004-11"]


def test_a_heading_names_the_recommendation_that_its_table_answers() -> None:
    extraction = extracted(
        "Recommendation 3: Strengthen the voice of children in plans\n\nAction\tLead\tDeadline\n"
        "Train all workers in direct work\tMS\tMay 2021\nAudit thirty plans for the child's view\tQA Team\tJune 2021"
    )
    assert [(r.ref, r.text) for r in extraction.recommendations] == [("3", "Strengthen the voice of children in plans")]
    assert [a.recommendation for a in extraction.actions] == [0, 0]


def test_a_plan_of_labels_and_values_is_a_plan() -> None:
    extraction = extracted(
        "Recommendation 2: Reduce the time that children wait for a plan\n\nAction: Hold weekly planning meetings\n"
        "Lead: Team Managers\nTimescale: by end of March 2011\n\nAction: Report the waiting time each month\nLead: PB"
    )
    assert items(extraction) == [
        ("2", "Hold weekly planning meetings", "by end of March 2011", "../2011-03", ("Team Managers",), ()),
        ("2", "Report the waiting time each month", None, None, ("PB",), ()),
    ]


def test_tables_of_other_things_are_no_plans() -> None:
    extraction = extracted(
        "Risk\tLikelihood\tImpact\tMitigation\tOwner\nStaff leave the service\tHigh\tHigh\tPay them better from now "
        "on\tHR\n\n"
        "OTHER IMPLICATIONS\tYES/NO\tParagraph\nPolicy\tYes\t3.2\nHuman Rights\tNo\t"
    )
    assert extraction.actions == ()
    assert extraction.recommendations == ()


def test_initials_are_resolved_by_the_documents_own_key() -> None:
    extraction = extracted(
        f"Key to initials\n\nKM\tKaren Moss, Service Manager\nPB\tPeter Bull, Team Manager\n\nAction plan\n\n{HEADS}\n"
        "1\tThe first thing to improve\tDo one thing\tKM/PB/XY\tMay 2022\t"
    )
    (action,) = extraction.actions
    assert action.responsible == ("KM", "PB", "XY")
    assert action.responsible_names == ("Karen Moss, Service Manager", "Peter Bull, Team Manager", "")


@pytest.mark.parametrize(
    ("cell", "owners"),
    [
        ("AB/CD/EF", ["AB", "CD", "EF"]),
        ("AB C Dale / EF", ["AB", "C Dale", "EF"]),
        ("M-AR", ["M-AR"]),
        ("Head of Safeguarding and Quality Assurance", ["Head of Safeguarding and Quality Assurance"]),
        ("Head of Service and Team Managers", ["Head of Service", "Team Managers"]),
        ("Jane Poole and Mary Jones", ["Jane Poole", "Mary Jones"]),
        ("Jane Poole, Head of Service", ["Jane Poole, Head of Service"]),
        ("Assistant Director, Children's Social Care", ["Assistant Director, Children's Social Care"]),
        ("Independent Chair, C. Care TM, J Poole", ["Independent Chair", "C. Care TM", "J Poole"]),
        ("HoS CIN", ["HoS CIN"]),
        ("Lead: Jo Bell", ["Jo Bell"]),
        ("TBC", []),
    ],
)
def test_a_cell_of_people_is_split_into_persons_and_posts(cell: str, owners: list[str]) -> None:
    assert list(split_owners([cell])) == owners


@pytest.mark.parametrize(
    ("printed", "status"),
    [
        ("Complete", "completed"),
        ("40% complete", "in-progress"),
        ("0%", "not-started"),
        ("Green", None),
        ("Overdue", "overdue"),
        ("Not yet started", "not-started"),
        ("On track", "in-progress"),
    ],
)
def test_a_progress_word_has_a_status_and_a_colour_alone_has_none(printed: str, status: str | None) -> None:
    assert status_of(printed, {}) == status


def test_a_key_says_what_colours_mean() -> None:
    key = "Blue\tComplete\nGreen\tOn track\nRed\tOverdue"
    extraction = extracted(f"{key}\n\nPLAN\n\n{HEADS}\n1\tThe first thing to improve\tDo one thing\tKM\tMay 2022\tBlue")
    assert extraction.actions[0].statuses[0].status == "completed"


def test_dated_updates_are_observations_of_their_own() -> None:
    updates = '"12.03.22: first cohort trained\n30.06.22: second cohort trained, training completed"'
    extraction = extracted(
        "PLAN\n\nNo\tRecommendation\tAction\tLead\tBy when\tUpdate\n"
        f"1\tThe first thing to improve\tTrain all managers in supervision\tKM\tMay 2022\t{updates}"
    )
    [action] = extraction.actions
    assert [(status.date, status.status) for status in action.statuses] == [
        ("2022-03-12", None),
        ("2022-06-30", "completed"),
    ]


def test_an_action_keeps_how_its_success_is_to_be_known() -> None:
    extraction = extracted(
        "PLAN\n\nNo\tRecommendation\tAction\tLead\tMilestones and dates\tSuccess criteria\n"
        "1\tThe first thing to improve\tTrain all managers\tKM\tMay 2022\tNine of ten audits are good"
    )
    [action] = extraction.actions
    assert (action.timescale, action.measure) == ("May 2022", "Nine of ten audits are good")


@pytest.mark.parametrize(
    ("line", "end", "owners", "timescale"),
    [
        ("Train all managers – AB – by June 2009", "managers", ("AB",), "by June 2009"),
        ("Train all managers (AB/CD, June 2009)", "managers", ("AB", "CD"), "June 2009"),
        (
            "Train all managers. Lead: Head of Fostering. By when: June 2009",
            "managers",
            ("Head of Fostering",),
            "June 2009",
        ),
        ("Train all managers (by June 2009)", "managers", (), "by June 2009"),
    ],
)
def test_a_line_of_a_plan_without_columns_gives_its_people_and_time_behind_the_action(
    line: str, end: str, owners: tuple[str, ...], timescale: str | None
) -> None:
    tail = tail_of(line)
    assert tail is not None
    assert line[: tail.end].endswith(end)
    assert (tail.owners, tail.timescale) == (owners, timescale)


@pytest.mark.parametrize(
    "line",
    ["Review the work of the Duty and Assessment Service (DAS)", "Set targets – local and national – for all teams"],
)
def test_an_abbreviation_or_an_aside_behind_an_action_is_no_owner(line: str) -> None:
    assert tail_of(line) is None


def test_a_bare_number_under_a_head_of_per_cent_is_how_far_the_action_is() -> None:
    extraction = extracted(
        "Recommendation\tAction\tLead\tDeadline\t% complete\tUpdate\n"
        "Improve the recording of decisions\tTrain all managers\tJW\t31/03/2016\t100\tHeld on 1 March 2016\n"
        "Reduce caseloads in the teams\tRecruit ten social workers\tHR\t30/06/2016\t40\t\n"
    )
    assert [[(s.printed, s.status, s.note) for s in a.statuses] for a in extraction.actions] == [
        [("Held on 1 March 2016", "completed", "100%")],
        [("40%", "in-progress", None)],
    ]


def test_several_actions_of_one_cell_take_the_times_that_are_parted_like_them() -> None:
    extraction = extracted(
        "Recommendation\tAction\tLead\tDeadline\n"
        "Improve the recording of decisions\tAgree a template; train all managers\tJW\tMay 2016; June 2016\n"
        "Reduce caseloads in the teams\t1. Recruit ten workers 2. Cap caseloads at 18\tHR\t30/06/2016\n"
    )
    assert [(a.text, a.timescale) for a in extraction.actions] == [
        ("Agree a template", "May 2016"),
        ("train all managers", "June 2016"),
        ("Recruit ten workers", "30/06/2016"),
        ("Cap caseloads at 18", "30/06/2016"),
    ]
