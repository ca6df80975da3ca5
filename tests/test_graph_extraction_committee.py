from __future__ import annotations

from pathlib import Path

import pytest

from graph.authorities import Register
from graph.extraction.committee import extract_committee
from graph.extraction.told_judgements import JudgementReader
from graph.model import Extraction, SourceFile
from graph.reading import read
from graph.reading.composition import compose
from graph.reading.text import text_drafts
from tests.council_papers import write_reports
from tests.shared_documents import shared_dir

REGISTER = Register.load()
SOURCE = SourceFile("report.txt", "0" * 64, "text/plain", 1)


def extracted(text: str) -> Extraction:
    return extract_committee(compose(SOURCE, text_drafts(text)), REGISTER)


def facts(extraction: Extraction) -> dict[str, object]:
    document = extraction.document
    return {
        "document": (
            document.title.casefold(),
            document.kind,
            document.published,
            document.publisher,
            document.authority,
        ),
        "inspections": [
            (i.inspectorate, (i.framework or "").casefold(), i.start, i.end) for i in extraction.inspections
        ],
        "judgements": [(j.area, j.grade, j.inspection) for j in extraction.judgements],
        "findings": [(f.text, f.polarity, (f.section or "").casefold()) for f in extraction.findings],
        "recommendations": [(r.ref, r.text) for r in extraction.recommendations],
        "actions": [(a.text, a.timescale, a.date) for a in extraction.actions],
    }


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Extraction]:
    paths = write_reports(tmp_path_factory.mktemp("reports"))
    return {ending: extract_committee(read(path), REGISTER) for ending, path in paths.items()}


@pytest.mark.parametrize("ending", ["md", "html", "docx"])
def test_one_report_in_any_format_yields_the_same_items(reports: dict[str, Extraction], ending: str) -> None:
    assert facts(reports[ending]) == facts(reports["txt"])


def test_a_covering_report_is_read_as_the_guide_says(reports: dict[str, Extraction]) -> None:
    assert facts(reports["md"]) == {
        "document": (
            "inspection of children's services: outcome",
            "committee-report",
            "2006-05-09",
            "Calderdale Council",
            "Calderdale",
        ),
        "inspections": [("CSCI", "inspection of children's services", "2006-02-06", "2006-02-17")],
        "judgements": [
            ("Serving people", "serving most people well", 0),
            ("Capacity for improvement", "promising capacity for improvement", 0),
        ],
        "findings": [
            ("They found that children were listened to when plans were made.", "strength", "findings"),
            ("Swift help for families who ask for it", "strength", "findings"),
            ("Well supported foster carers", "strength", "findings"),
        ],
        "recommendations": [
            (None, "The recording of supervision"),
            (None, "The number of children placed far from home"),
        ],
        "actions": [
            ("Three further social workers will be recruited by September 2006.", "by September 2006", "../2006-09"),
        ],
    }


def test_evidence_quotes_the_text_that_it_points_to(tmp_path: Path) -> None:
    for path in write_reports(tmp_path).values():
        document = read(path)
        extraction = extract_committee(document, REGISTER)
        found = [*extraction.findings, *extraction.recommendations, *extraction.actions, *extraction.judgements]
        assert found
        for item in found:
            assert item.evidence is not None
            assert document.text[item.evidence.start : item.evidence.end] == item.evidence.quote
        assert [s.start for s in extraction.segments] == sorted(s.start for s in extraction.segments)
        assert {s.start for s in extraction.segments} == {b.start for b in document.blocks}


def test_what_a_committee_is_asked_to_decide_is_no_recommendation() -> None:
    extraction = extracted(
        "RECOMMENDATIONS\n\nThe Executive is recommended to:\n\n(1) note the findings of the inspectors;\n(2) "
        "approve the plan; and\n"
        "(3) agree that areas for improvement are reported each quarter.\n"
    )
    assert extraction.recommendations == ()


def test_an_earlier_inspection_is_told_apart_with_its_judgement() -> None:
    extraction = extracted(
        "Ofsted inspected children's services in Barnet between 8 and 19 May 2017 and judged overall effectiveness "
        "to be inadequate. "
        "The previous inspection, in February 2012, judged overall effectiveness to be good."
    )
    assert [(i.inspectorate, i.start, i.end) for i in extraction.inspections] == [
        ("Ofsted", "2017-05-08", "2017-05-19"),
        ("Ofsted", "2012-02", "2012-02"),
    ]
    assert [(j.grade, j.inspection) for j in extraction.judgements] == [("inadequate", 0), ("good", 1)]


def test_a_table_of_grades_is_judgements() -> None:
    extraction = extracted(
        "Ofsted inspected the service from 3 to 14 July 2023.\n\nJudgement\tGrade\nThe impact of leaders on "
        "practice\tGood\n"
        "The experiences and progress of children in care\tOutstanding\nOverall effectiveness\tGood\n"
    )
    assert [(j.area, j.grade, j.grade_concept) for j in extraction.judgements] == [
        ("Impact of leaders on practice", "Good", "good"),
        ("Experiences and progress of children in care", "Outstanding", "outstanding"),
        ("Overall effectiveness", "Good", "good"),
    ]


def test_a_possible_judgement_is_none() -> None:
    extraction = extracted(
        "Ofsted propose that a judgement of inadequate in one area would lead to an overall judgement of inadequate. "
        "A service might be judged good or outstanding."
    )
    assert extraction.judgements == ()
    assert extraction.inspections == ()


def test_two_columns_of_strengths_and_areas_for_improvement_are_told_apart() -> None:
    extraction = extracted(
        "Ofsted inspected the service from 3 to 14 July 2023.\n\nStrengths\tAreas for improvement\n"
        "Warm and steady foster homes\tThe timeliness of health assessments\nAn ambitious virtual school\tThe "
        "quality of chronologies\n"
    )
    assert [f.text for f in extraction.findings] == ["Warm and steady foster homes", "An ambitious virtual school"]
    assert {f.polarity for f in extraction.findings} == {"strength"}
    assert [r.text for r in extraction.recommendations] == [
        "The timeliness of health assessments",
        "The quality of chronologies",
    ]


def test_recommendations_keep_the_time_that_heads_their_list() -> None:
    extraction = extracted(
        "AREAS FOR IMPROVEMENT\n\nThe council should take the following action:\n\nImmediately:\n\n- record every "
        "visit within a day\n\n"
        "Within three months:\n\n- write a supervision policy for all teams\n"
    )
    assert [(r.text, r.deadline) for r in extraction.recommendations] == [
        ("record every visit within a day", "Immediately"),
        ("write a supervision policy for all teams", "Within three months"),
    ]


def test_what_others_will_do_is_no_action_of_the_council() -> None:
    extraction = extracted(
        "The report will be presented to the Scrutiny Panel on 3 June 2004. Progress will be monitored by CSCI. "
        "It will be sent to local Members of Parliament. There will be no further inspections of this kind.\n\n"
        "A family support worker will be appointed in each of the three areas."
    )
    assert [a.text for a in extraction.actions] == [
        "A family support worker will be appointed in each of the three areas."
    ]


def test_a_paper_that_names_no_council_has_no_authority() -> None:
    extraction = extracted(
        "SCRUTINY REPORT\n\nCONTACT OFFICER: PAT SUTTON Tel: 0161 496 0001\n\nThe draft plan is attached."
    )
    assert extraction.document.authority is None
    assert extraction.document.publisher is None


@pytest.mark.shared
@pytest.mark.skipif(shared_dir() is None, reason="the real documents are not here")
def test_the_real_council_papers_are_read_with_every_item_where_it_says() -> None:
    folder = shared_dir()
    assert folder is not None
    counted = 0
    for path in sorted((folder / "seeds").glob("*.txt")):
        document = read(path)
        extraction = extract_committee(document, REGISTER)
        assert extraction.document.kind == "committee-report"
        for item in (*extraction.findings, *extraction.recommendations, *extraction.actions):
            assert document.text[item.evidence.start : item.evidence.end] == item.evidence.quote
            counted += 1
    assert counted >= 95


@pytest.mark.parametrize(
    ("sentence", "given"),
    [
        (
            "Adoption was judged outstanding and fostering good, with private fostering satisfactory.",
            [("Adoption", "outstanding"), ("Fostering", "good"), ("Private fostering", "satisfactory")],
        ),
        (
            "Overall effectiveness was judged inadequate, as were help and protection and leadership and governance.",
            [
                ("Overall effectiveness", "inadequate"),
                ("Help and protection", "inadequate"),
                ("Leadership and governance", "inadequate"),
            ],
        ),
        (
            "Organisation was outstanding; staying safe and enjoying and achieving were good.",
            [("Organisation", "outstanding"), ("Staying safe", "good"), ("Enjoying and achieving", "good")],
        ),
        ("The service was judged good and practice is adequate in most teams.", [("Service", "good")]),
    ],
)
def test_judgements_that_share_a_verb_or_a_grade_are_each_read(sentence: str, given: list[tuple[str, str]]) -> None:
    told = JudgementReader(sentence, ofsteds=True).given(0, len(sentence))
    assert [(judgement.area, judgement.grade) for judgement in told] == given


@pytest.mark.parametrize(
    ("sentence", "actions"),
    [
        (
            "Two actions were set: to draft a protocol with the police by May and to train all duty staff.",
            ["to draft a protocol with the police by May", "to train all duty staff."],
        ),
        (
            "The key steps are to appoint a lead nurse, to publish the pathway and to audit ten files a month.",
            ["to appoint a lead nurse", "to publish the pathway", "to audit ten files a month."],
        ),
        ("Actions are agreed by the board: it meets monthly.", []),
        ("Inspectors saw that steps were taken to protect children and to support parents.", []),
    ],
)
def test_a_sentence_that_lists_actions_gives_each(sentence: str, actions: list[str]) -> None:
    found = extracted(f"Ofsted inspected the service in May 2019.\n\nNext steps\n\n{sentence}")
    assert [action.text for action in found.actions] == actions


def test_an_answer_is_linked_to_the_recommendation_whose_number_it_names() -> None:
    found = extracted(
        "Inspection of children’s services\n\nOfsted inspected the service in May 2019. "
        "Inspectors recommended that the council should:\n\n"
        "(i) see children alone\n(ii) record every decision with its reasons\n\nResponse to the recommendations\n\n"
        "In relation to (ii), the department is to issue a handbook by April 2020."
    )
    assert [found.recommendations[a.recommendation].text for a in found.actions if a.recommendation is not None] == [
        "record every decision with its reasons"
    ]


@pytest.mark.parametrize(
    ("sentence", "judgements"),
    [
        (
            (
                "We were judged inadequate in respect of children looked after and care leavers, while adoption and "
                "leadership, management and governance were found to require improvement."
            ),
            [
                ("Children looked after", "inadequate"),
                ("Care leavers", "inadequate"),
                ("Adoption", "require improvement"),
                ("Leadership, management and governance", "require improvement"),
            ],
        ),
        (
            "It judged help and protection and children in care to be inadequate and adoption to be good.",
            [("Help and protection", "inadequate"), ("Children in care", "inadequate"), ("Adoption", "good")],
        ),
        (
            "We were graded inadequate for leadership, but good for adoption and care leavers.",
            [("Leadership", "inadequate"), ("Adoption", "good"), ("Care leavers", "good")],
        ),
    ],
)
def test_each_area_of_a_sentence_has_its_grade(sentence: str, judgements: list[tuple[str, str]]) -> None:
    found = extracted(f"Inspection of children's services\n\nCabinet, 4 May 2016\n\nOfsted came in March. {sentence}")
    assert [(j.area, j.grade) for j in found.judgements] == judgements


def test_homes_inspected_on_different_days_are_different_inspections() -> None:
    found = extracted(
        "Inspections of children's homes\n\nPanel, 3 December 2014\n\nOfsted inspected two homes.\n\nHarbour View\n\n"
        "Inspected on 16 September 2014. Overall effectiveness: Good.\n\nMill Lane\n\n"
        "Inspected on 7 October 2014. Overall effectiveness: Good."
    )
    assert [(i.inspectorate, i.start) for i in found.inspections] == [
        ("Ofsted", "2014-09-16"),
        ("Ofsted", "2014-10-07"),
    ]
    assert [(j.grade, j.inspection) for j in found.judgements] == [("Good", 0), ("Good", 1)]


@pytest.mark.parametrize(
    ("finding", "polarity"),
    [
        ("Inspectors found that a third of care leavers had no pathway plan.", "improvement"),
        ("Inspectors found that supervision had lapsed and posts were unfilled.", "improvement"),
        ("Inspectors praised stability, which had improved, but were concerned at the use of hotels.", "mixed"),
    ],
)
def test_what_is_missing_is_no_strength(finding: str, polarity: str) -> None:
    found = extracted(f"Inspection of children's services\n\nCabinet, 4 May 2016\n\nFindings\n\n{finding}")
    assert [f.polarity for f in found.findings] == [polarity]
