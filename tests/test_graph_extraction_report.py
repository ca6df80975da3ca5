"""Inspection reports: one invented report in every format, one invented line for every rule, figures on the gold."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from docx import Document
from fpdf import FPDF

from graph.authorities import Register
from graph.extraction import extract
from graph.extraction.grades import AREA_IDS, FRAMEWORK_IDS, GRADE_IDS, area_concept, framework_id, grade_concept
from graph.extraction.judgements import statement
from graph.extraction.polarity import rule_polarity
from graph.extraction.sentences import sentences
from graph.model import Extraction, ReadDocument
from graph.reading import read
from tests.scoring import Score
from tests.shared_documents import shared_dir

REGISTER = Register.load()

#: Style, text. Styles: title, line, table (rows), heading, prose, numbered, bullet.
Part = tuple[str, str | list[tuple[str, str]]]
INVENTED: Sequence[Part] = (
    ("title", "Inspection of Leeds local authority children’s services"),
    ("line", "Inspection dates: 4 to 8 March 2024"),
    ("line", "Lead inspector: Ada Wren, His Majesty’s Inspector"),
    (
        "table",
        [
            ("Judgement", "Grade"),
            ("The impact of leaders on social work practice with children and families", "Good"),
            (
                "The experiences and progress of children who need help and protection",
                "Requires improvement to be good",
            ),
            ("The experiences and progress of children in care", "Good"),
            ("The experiences and progress of care leavers", "Outstanding"),
            ("Overall effectiveness", "Good"),
        ],
    ),
    (
        "prose",
        "Most children get good help when they ask for it. Plans for a few disabled children are written too late.",
    ),
    ("heading", "What needs to improve?"),
    ("bullet", "The speed with which plans for disabled children are written and shared with their parents."),
    ("bullet", "The recording of management decisions on children’s files."),
    (
        "heading",
        "The experiences and progress of children who need help and protection: requires improvement to be good",
    ),
    (
        "numbered",
        "Early help is easy to find and families speak well of it. Workers visit often and know the children.",
    ),
    ("numbered", "Plans are not clear enough about what must change, and reviews are often late."),
    ("heading", "The experiences and progress of children in care: good"),
    ("numbered", "Children live in stable homes and are helped to see their families."),
)


def as_pdf(path: Path) -> None:
    pdf = FPDF(unit="pt", format="a4")
    pdf.set_margins(72, 72)
    pdf.add_page()
    number = 0
    for style, content in INVENTED:
        if isinstance(content, list):
            pdf.set_font("helvetica", "", 12)
            with pdf.table(col_widths=(300, 150)) as table:
                for cells in content:
                    table.row([plain(cell) for cell in cells])
            pdf.ln(10)
            continue
        size, weight = {"title": (26, ""), "heading": (14, "B")}.get(style, (12, ""))
        pdf.set_font("helvetica", weight, size)
        if style in ("numbered", "bullet"):
            number += style == "numbered"
            pdf.set_x(72)
            pdf.cell(28, 14.4, f"{number}." if style == "numbered" else "\x95")
            left = pdf.get_x()
            pdf.set_left_margin(left)
            pdf.multi_cell(0, 14.4, plain(content), align="L")
            pdf.set_left_margin(72)
        else:
            pdf.multi_cell(0, size * 1.2, plain(content), align="L")
        pdf.ln(8)
    pdf.output(str(path))


def plain(text: str) -> str:
    """What the built-in fonts can print."""
    return text.replace("’", "'")


def as_docx(path: Path) -> None:
    document = Document()
    for style, content in INVENTED:
        if isinstance(content, list):
            table = document.add_table(rows=0, cols=2)
            for cells in content:
                row = table.add_row()
                for cell, text in zip(row.cells, cells, strict=True):
                    cell.text = plain(text)
        else:
            names = {"title": "Title", "heading": "Heading 1", "numbered": "List Number", "bullet": "List Bullet"}
            document.add_paragraph(plain(content), style=names.get(style))
    document.save(str(path))


def as_html(path: Path) -> None:
    lines = ["<html><head><title>Report</title></head><body>"]
    number = 0
    for style, content in INVENTED:
        if isinstance(content, list):
            rows = "".join(f"<tr><td>{plain(a)}</td><td>{plain(b)}</td></tr>" for a, b in content)
            lines.append(f"<table>{rows}</table>")
        elif style == "numbered":
            number += 1
            lines.append(f'<ol start="{number}"><li>{plain(content)}</li></ol>')
        else:
            tag = {"title": "h1", "heading": "h2", "bullet": "li"}.get(style, "p")
            text = f"<{tag}>{plain(content)}</{tag}>"
            lines.append(f"<ul>{text}</ul>" if tag == "li" else text)
    path.write_text("\n".join([*lines, "</body></html>"]), encoding="utf-8")


def as_markdown(path: Path) -> None:
    lines: list[str] = []
    number = 0
    for style, content in INVENTED:
        if isinstance(content, list):
            head, *rows = [f"| {plain(a)} | {plain(b)} |" for a, b in content]
            lines += ["\n".join([head, "|---|---|", *rows])]
        else:
            number += style == "numbered"
            mark = {"title": "# ", "heading": "## ", "bullet": "- ", "numbered": f"{number}. "}.get(style, "")
            lines.append(mark + plain(content))
    path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")


def as_text(path: Path) -> None:
    lines: list[str] = []
    number = 0
    for style, content in INVENTED:
        if isinstance(content, list):
            lines.append("\n".join(f"{plain(a)}\t{plain(b)}" for a, b in content))
        else:
            number += style == "numbered"
            mark = {"bullet": "• ", "numbered": f"{number}. "}.get(style, "")
            lines.append(mark + plain(content))
    path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")


WRITERS: dict[str, Callable[[Path], None]] = {
    ".pdf": as_pdf,
    ".docx": as_docx,
    ".html": as_html,
    ".md": as_markdown,
    ".txt": as_text,
}


def extracted(path: Path) -> Extraction:
    return extract(read(path), REGISTER)


@pytest.fixture(params=WRITERS)
def report(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ReadDocument, Extraction]:
    path = tmp_path / f"paper{request.param}"
    WRITERS[request.param](path)
    document = read(path)
    return document, extract(document, REGISTER)


def test_one_invented_report_yields_the_same_items_in_every_format(report: tuple[ReadDocument, Extraction]) -> None:
    _, found = report
    facts, main = found.document, found.inspections[0]
    assert facts.title == plain("Inspection of Leeds local authority children’s services")
    assert (facts.kind, facts.authority) == ("inspection-report", "Leeds")
    assert (main.start, main.end, main.lead_inspector) == ("2024-03-04", "2024-03-08", "Ada Wren")
    assert main.framework_id == "ilacs"
    assert [(j.area_concept, j.grade_concept) for j in found.judgements] == [
        ("impact-of-leaders", "good"),
        ("help-and-protection", "requires-improvement"),
        ("children-in-care", "good"),
        ("care-leavers", "outstanding"),
        ("overall-effectiveness", "good"),
    ]
    assert [r.text for r in found.recommendations] == [
        plain(t) for s, t in INVENTED if s == "bullet" and isinstance(t, str)
    ]
    assert [(f.number, f.text, f.polarity) for f in found.findings] == [
        (None, "Most children get good help when they ask for it.", "strength"),
        (None, "Plans for a few disabled children are written too late.", "improvement"),
        ("1", INVENTED[9][1], "strength"),
        ("2", INVENTED[10][1], "improvement"),
        ("3", INVENTED[12][1], "strength"),
    ]
    assert found.findings[2].section == INVENTED[8][1]


def test_every_item_quotes_its_source_and_names_its_rule(report: tuple[ReadDocument, Extraction]) -> None:
    document, found = report
    for item in (*found.findings, *found.recommendations, *found.judgements, *found.inspections):
        assert item.evidence is not None
        assert item.made_by is not None
        assert document.text[item.evidence.start : item.evidence.end] == item.evidence.quote
        assert 0 < item.made_by.score <= 1
        assert item.made_by.version == found.extractor_version
        if document.pages:
            assert item.evidence.page is not None
            assert item.evidence.boxes


def test_every_block_has_its_fate(report: tuple[ReadDocument, Extraction]) -> None:
    document, found = report
    assert [(s.start, s.end) for s in found.segments] == [(b.start, b.end) for b in document.blocks]
    assert all(segment.reason for segment in found.segments)


# -------------------------------------------------------------------------------------------------------- small rules


@pytest.mark.parametrize(
    ("line", "area", "grade"),
    [
        ("Adoption performance: Good", "Adoption performance", "Good"),
        (
            "Children’s services in Leeds require improvement to be good",
            "Children’s services in Leeds",
            "require improvement to be good",
        ),
        ("The overall judgement is that children’s services are inadequate", "The overall judgement", "inadequate"),
        ("The Board is outstanding.", "The Board", "outstanding"),
        ("2.1 Adoption performance Requires improvement", "Adoption performance", "Requires improvement"),
        ("Overall effectiveness – Grade 2 (Good)", "Overall effectiveness", "Grade 2 (Good)"),
    ],
)
def test_a_line_that_judges_gives_area_and_grade(line: str, area: str, grade: str) -> None:
    assert statement(line) == (area, grade)


@pytest.mark.parametrize(
    "line",
    ["The service meets the requirements for good.", "It is good", "Most plans say what must be done next.", "Good"],
)
def test_a_line_that_only_holds_a_grades_word_judges_nothing(line: str) -> None:
    assert statement(line) is None


def test_concepts_are_found_for_the_words_of_every_era() -> None:
    assert area_concept("The experiences and progress of children in care and care leavers") == (
        "children-in-care-and-care-leavers"
    )
    assert area_concept("Experiences and progress of care leavers", "sif") == "care-leavers-experiences"
    assert grade_concept("Requires improvement to be good") == "requires-improvement"
    assert grade_concept("serving some people well") == "serving-some-well"
    assert grade_concept("promising prospects") == "promising"
    assert grade_concept("two stars") == "stars-2"
    assert framework_id("Inspection of Leeds local authority children’s services", "2026-05-11") == "ilacs-2026"
    assert framework_id("Joint area review") == "jar"
    assert {"good", "stars-0", "send-inconsistent"} <= GRADE_IDS
    assert {"lscb", "star-rating", "care-leavers-experiences"} <= AREA_IDS
    assert {"ilacs-2026", "sif", "area-send-2016"} <= FRAMEWORK_IDS


def test_sentences_do_not_end_inside_abbreviations_or_brackets() -> None:
    text = "Dr. Smith (who came in May. She left) met No. 10. Then it ended."
    assert [text[a:b] for a, b in sentences(text, 0, len(text))] == [
        "Dr. Smith (who came in May. She left) met No. 10.",
        "Then it ended.",
    ]


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("Visits are regular and children are seen alone.", "strength"),
        ("Visits are not always regular, and this leads to delay.", "improvement"),
        ("Visits are regular, but records of them are often poor.", "mixed"),
        ("Swift action avoids unnecessary delay for children.", "strength"),
        ("However, too many children wait too long.", "improvement"),
    ],
)
def test_the_rule_tells_praise_from_blame(text: str, polarity: str) -> None:
    assert rule_polarity(text)[0] == polarity


def test_a_section_tips_the_balance_of_a_neutral_sentence() -> None:
    text = "Staff meet once a month."
    assert rule_polarity(text, "What does the area partnership need to do better?")[0] == "improvement"
    assert rule_polarity(text, "The local authority’s strengths")[0] == "strength"


# ------------------------------------------------------------------------------------------------ layouts of other eras


def written(tmp_path: Path, text: str, name: str = "paper.md") -> Extraction:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return extracted(path)


FRONT = """# {council}

## Inspection of services for children in need of help and protection, children looked after and care leavers

Inspection date: 3 March 2015 to 25 March 2015

Report published: 15 May 2015

| The overall judgement is that children's services are inadequate |  |
|---|---|
| 1. Children who need help and protection | Inadequate |
| 2. Children looked after and achieving permanence | Requires improvement |
| 2.1 Adoption performance | Good |
| 2.2 Experiences and progress of care leavers | Good |
| 3. Leadership, management and governance | Inadequate |

"""


def test_each_listed_earlier_inspection_is_told_with_its_own_judgement(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        FRONT.format(council="Leeds City Council")
        + """## Progress since the last inspection

The last inspection of safeguarding and looked after children services was in May 2011. The local authority was judged
to be good for both.

## Information about this local authority area

### Previous Ofsted inspections

- The previous inspection of Leeds's safeguarding arrangements was in May 2011. The local authority was judged to be
  good.
- The previous inspection of Leeds's services for looked after children was in May 2011. The local authority was judged
  to be good.
- The inspection of Leeds's adoption service was in October 2010. The overall quality was satisfactory.
- The local authority operates one children's home. It was judged to be outstanding in its most recent
  inspection in 2014.

## Leadership, management and governance

1. Leaders know their services well.
""",
    )
    earlier = [(found.inspections[j.inspection].start, j.area, j.grade) for j in found.judgements if j.inspection > 0]
    assert earlier == [
        ("2011-05", "safeguarding arrangements", "good"),
        ("2011-05", "services for looked after children", "good"),
        ("2010-10", "adoption service", "satisfactory"),
    ]


def test_a_grade_that_opens_with_its_year_belongs_to_an_earlier_inspection(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        FRONT.format(council="Leeds City Council")
        + """## Leadership, management and governance

1. In 2012, inspectors judged children's services to require improvement to be good. Leaders have since built a stable
team.
""",
    )
    assert [(i.start, i.framework) for i in found.inspections[1:]] == [("2012", None)]
    assert [j.grade for j in found.judgements if j.inspection == 1] == ["require improvement to be good"]


def test_an_earlier_grade_without_a_date_is_told_and_one_of_a_single_service_is_not(tmp_path: Path) -> None:
    told = written(
        tmp_path,
        FRONT.format(council="Leeds City Council")
        + """## Leadership, management and governance

1. Services have declined since the last inspection, when all areas were judged to require improvement to be good.
""",
    )
    assert [(i.start, i.framework) for i in told.inspections[1:]] == [(None, None)]
    assert [j.grade for j in told.judgements if j.inspection == 1] == ["require improvement to be good"]
    single = written(
        tmp_path,
        FRONT.format(council="Leeds City Council")
        + """## Leadership, management and governance

1. Care leavers fare better since the last inspection, when the service was judged to be inadequate.
""",
    )
    assert len(single.inspections) == 1


def test_an_earlier_inspection_is_named_by_services_alone(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        FRONT.format(council="Leeds City Council")
        + """## Leadership, management and governance

1. Since the last inspection in March 2012, when services were judged to be adequate, there has been a steady focus on
practice, driven by the director of children’s services and her settled leadership team.
""",
    )
    assert [(i.start, i.framework) for i in found.inspections[1:]] == [("2012-03", None)]


def test_a_finding_that_names_an_audit_of_a_section_of_law_is_kept(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        FRONT.format(council="Leeds City Council")
        + """## Leadership, management and governance

1. Thorough audits have been carried out under Section 11 and their lessons reach every team through a
monthly newsletter.
""",
    )
    assert len(found.findings) == 1


def test_a_long_report_tells_its_board_its_earlier_inspections_and_its_deadlines(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        FRONT.format(council="Leeds City Council")
        + """## Recommendations

### Immediately

1. Make sure that every child who goes missing is spoken to within three days.

### Within three months

2. Write plans that parents understand, including:

    - what will change
    - by when.

## Information about this local authority area

### Previous Ofsted inspections

- The last inspection of the local authority's safeguarding arrangements was in May 2012. The local authority was
  judged to be adequate.
- The local authority operates two children's homes. Both were judged to be good in their most recent Ofsted inspection.

## The experiences and progress of children who need help and protection

### Inspection findings

3. Too many children wait for help.

## The Local Safeguarding Children Board (LSCB)

The Local Safeguarding Children Board is good

### Recommendations

4. Tell partners what audits have found.

## Information about this inspection

Lead inspector: Grace Owl HMI
""",
    )
    assert [i.framework_id for i in found.inspections] == [
        "sif",
        "lscb-review",
        "safeguarding-and-looked-after-children",
    ]
    assert found.inspections[0].lead_inspector == "Grace Owl"
    assert found.document.published == "2015-05-15"
    assert found.inspections[2].start == "2012-05"
    assert [(j.inspection, j.area_concept, j.grade_concept) for j in found.judgements] == [
        (0, "overall-effectiveness", "inadequate"),
        (0, "help-and-protection", "inadequate"),
        (0, "looked-after-and-permanence", "requires-improvement"),
        (0, "adoption", "good"),
        (0, "care-leavers-experiences", "good"),
        (0, "leadership-management-governance", "inadequate"),
        (1, "lscb", "good"),
        (2, "safeguarding-arrangements", "adequate"),
    ]
    assert [(r.ref, r.deadline, r.inspection) for r in found.recommendations] == [
        ("1", "Immediately", 0),
        ("2", "Within three months", 0),
        ("4", None, 1),
    ]
    assert found.recommendations[1].text.endswith("what will change by when.")
    assert found.recommendations[2].addressed_to == ("Local Safeguarding Children Board",)
    assert [(f.number, f.section) for f in found.findings] == [
        ("3", "The experiences and progress of children who need help and protection")
    ]


def test_an_area_send_report_gives_its_outcome_and_who_must_act(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        """# Area SEND inspection of Leeds Local Area Partnership

Inspection dates: 4 to 8 March 2024

Dates of previous inspection: 5 to 9 June 2017

## Inspection outcome

The local area partnership's arrangements lead to inconsistent experiences and outcomes for children and young people
with special educational needs and/or disabilities (SEND). They must work together to improve these arrangements.

The next full inspection will be within approximately three years.

## What is the area partnership doing that is effective?

- Schools work well with families and know them.

## What does the area partnership need to do better?

- Plans are late and parents are not told why.

## Areas for improvement

| Responsible body | Areas for priority action |
|---|---|
| Leeds City Council and NHS West Yorkshire ICB | Leaders should write plans within twenty weeks. |

## Inspection team

Ada Wren, Ofsted HMI, Lead inspector

Bo Heron, CQC Lead inspector
""",
    )
    (judgement,) = found.judgements
    assert (judgement.area, judgement.area_concept, judgement.grade_concept) == (
        "Inspection outcome",
        "send-outcome",
        "send-inconsistent",
    )
    main = found.inspections[0]
    assert (main.inspectorate, main.lead_inspector) == ("Ofsted and Care Quality Commission", "Ada Wren")
    assert (main.framework_id, main.start, main.end) == ("area-send-2023", "2024-03-04", "2024-03-08")
    (recommendation,) = found.recommendations
    assert recommendation.addressed_to == ("Leeds City Council", "NHS West Yorkshire ICB")
    assert [f.polarity for f in found.findings] == ["strength", "improvement"]


def test_a_grade_above_or_under_its_label_is_found(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        """# Inspection of looked after children services

Leeds City Council

Inspection dates: 8 – 12 July 2013

Reporting inspector Gary Finch HMI

## Overall effectiveness of services for looked after children

### Grade 3 (adequate)

1. Services are adequate and most children are well looked after by people who know them.

## Capacity to improve

### Grade 2 (good)

2. Leaders have plans that work and they have put money into them.
""",
    )
    assert [(j.area_concept, j.grade_concept) for j in found.judgements] == [
        ("overall-effectiveness", "adequate"),
        ("capacity-for-improvement", "good"),
    ]
    assert found.inspections[0].lead_inspector == "Gary Finch"


def test_two_groups_of_one_table_may_judge_the_same_area(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        """# Inspection of safeguarding and looked after children services

Leeds City Council

Inspection dates: 6 – 17 June 2011

Reporting inspector Gary Finch HMI

## Areas for improvement

1. In order to improve services in Leeds, the council and its partners should take the following action.

Within six months:

- write plans that are clear
- visit all children who live far away.

## Record of main findings

| Safeguarding services | |
|---|---|
| Overall effectiveness | Adequate |
| Capacity for improvement | Good |
| Services for looked after children | |
| Overall effectiveness | Good |
| Capacity for improvement | Good |
""",
    )
    assert [(j.area_concept, j.grade_concept) for j in found.judgements] == [
        ("overall-effectiveness", "adequate"),
        ("capacity-for-improvement", "good"),
        ("overall-effectiveness", "good"),
        ("capacity-for-improvement", "good"),
    ]
    assert [(r.text, r.deadline) for r in found.recommendations] == [
        ("write plans that are clear", "Within six months"),
        ("visit all children who live far away.", "Within six months"),
    ]


def test_a_letter_about_a_visit_tells_its_date_and_inspector_in_sentences(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        """Dear Ms Heron

## Focused visit to Leeds City Council children's services

This letter summarises the findings of the focused visit to Leeds City Council children's services on 4 and 5
December 2018. The inspectors were Ada Wren, Her Majesty's Inspector, and Bo Crane, Her Majesty's Inspector.

## Overview

Children at risk of harm are seen quickly. Records of decisions are not always clear.

## What needs to improve in this area of social work practice

- The recording of decisions by managers at the front door.

## Findings

- Thresholds are well understood by partners and staff.

Yours sincerely

Ada Wren

Her Majesty's Inspector writes this line after the end of all findings.
""",
    )
    main = found.inspections[0]
    assert (main.framework_id, main.start, main.end) == ("focused-visit", "2018-12-04", "2018-12-05")
    assert (main.inspectorate, main.lead_inspector) == ("Ofsted", "Ada Wren")
    assert [r.text for r in found.recommendations] == ["The recording of decisions by managers at the front door."]
    assert [f.polarity for f in found.findings] == ["strength", "improvement", "strength"]


def test_areas_for_development_after_strengths_are_findings(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        """Dear Ms Heron

## Joint local area SEND inspection in Leeds

Between 1 July 2019 and 5 July 2019, Ofsted and the Care Quality Commission (CQC) conducted a joint inspection of the
local area of Leeds.

## Main findings

- Leaders know the area well and plan together.

## The effectiveness of the local area in identifying needs

### Strengths

- Health visitors find needs early and tell other services.

### Areas for development

- Too many plans are late and some are never written.
""",
    )
    main = found.inspections[0]
    assert (main.framework_id, main.start, main.end) == ("area-send-2016", "2019-07-01", "2019-07-05")
    assert not found.recommendations
    assert [f.polarity for f in found.findings] == ["strength", "strength", "improvement"]


def test_what_a_metadata_file_says_wins_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "paper.md"
    as_markdown(path)
    found = extract(read(path), REGISTER, {"published": "2024-05-01", "authority": "Bradford", "kind": "", "url": "x"})
    assert found.document.published == "2024-05-01"
    assert found.document.published_from == "metadata"
    assert (found.document.authority, found.document.gss_code) == ("Bradford", "E08000032")
    assert found.inspections[0].authority == "Bradford"
    assert found.document.from_metadata == ("authority", "gss_code", "published", "url")


def test_of_two_leads_on_one_line_the_first_named_led(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        """# Area SEND inspection of Leeds Local Area Partnership

Inspection dates: 20 to 24 January 2025

## Inspection team

Ofsted Care Quality Commission

Gwen Marsh, Ofsted Lead inspector Lesley Pope, CQC Lead inspector
""",
    )
    assert found.inspections[0].lead_inspector == "Gwen Marsh"


def test_nothing_asked_is_no_recommendation(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        FRONT.format(council="Leeds City Council")
        + "## Priority and immediate action\n\nThere are no areas for priority action in this report at all.\n",
    )
    assert found.recommendations == ()
    assert any(segment.reason.startswith("says that nothing is asked") for segment in found.segments)


# ---------------------------------------------------------------------------------------------------- real documents

SHARED = shared_dir()


@pytest.mark.shared
@pytest.mark.skipif(SHARED is None, reason="the real documents are not here")
def test_the_gold_reports_are_taken_as_annotated() -> None:
    assert SHARED is not None
    score = Score()
    for path in sorted((SHARED / "gold" / "documents").glob("*.json")):
        gold = json.loads(path.read_text(encoding="utf-8"))
        if gold["file"].endswith(".pdf"):
            score.add(gold, extracted(next((SHARED / "corpus").glob(f"*/{gold['file']}"))))
    assert score.recommendations.f1 >= 0.97
    assert score.judgements.f1 >= 0.97
    assert score.inspections.f1 >= 0.97
    assert score.findings.matched >= 0.95 * score.findings.expected
    assert score.findings.share("polarity") >= 0.8
    for attribute in ("title", "kind", "published", "publisher", "authority"):
        assert score.documents.share(attribute) == 1.0
