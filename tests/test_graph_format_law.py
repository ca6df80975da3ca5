"""The law of formats: one invented action plan saved in each format yields the same items, and one invented inspection
report likewise. Everything goes the way of a build: read, then extract."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from fpdf import FPDF
from fpdf.fonts import FontFace

from graph.authorities import Register
from graph.extraction import extract
from graph.model import Extraction
from graph.reading import read
from tests.council_papers import HEADS, KEY, KEY_TITLE, PLAN, PLAN_TITLE, page, plan_cells, write_plans
from tests.samples.councils import REGISTER_FILE

REGISTER = Register.load(REGISTER_FILE)

# --------------------------------------------------------------------------------------------------------------- plan


def pages() -> FPDF:
    pdf = FPDF(format="a4", orientation="landscape", unit="pt")
    pdf.core_fonts_encoding = "cp1252"
    pdf.set_margins(56, 56)
    pdf.set_auto_page_break(True, 60)
    pdf.add_page()
    return pdf


def plan_pdf(path: Path) -> None:
    """A ruled table; bullets hang before the lines of a cell."""
    pdf = pages()
    pdf.set_font("helvetica", "B", 16)
    pdf.multi_cell(0, 20, PLAN_TITLE, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(10)
    pdf.set_font("helvetica", "B", 12)
    pdf.multi_cell(0, 16, KEY_TITLE, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("helvetica", "", 10)
    with pdf.table(col_widths=(60, 300), width=360, align="LEFT", first_row_as_headings=False, line_height=13) as table:
        for pair in KEY:
            key = table.row()
            for text in pair:
                key.cell(text)
    pdf.ln(10)
    widths = (40, 160, 200, 90, 120, 100)
    with pdf.table(col_widths=widths, line_height=13, padding=3, headings_style=FontFace(emphasis="BOLD")) as table:
        for row in plan_cells():
            cells = table.row()
            for cell in row:
                cells.cell(cell.replace("- ", "• "))
    pdf.output(str(path))


def plan_items(extraction: Extraction) -> dict[str, list[tuple[object, ...]]]:
    return {
        "recommendations": [(r.ref, r.text) for r in extraction.recommendations],
        "actions": [
            (
                None if a.recommendation is None else extraction.recommendations[a.recommendation].ref,
                a.text,
                a.timescale,
                a.date,
                a.responsible,
                a.responsible_names,
                tuple((status.printed, status.status) for status in a.statuses),
            )
            for a in extraction.actions
        ],
        "abbreviations": [(a.short, a.long) for a in extraction.abbreviations],
        "facts": [(extraction.document.title, extraction.document.kind, extraction.document.authority)],
    }


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Extraction]:
    folder = tmp_path_factory.mktemp("plans")
    paths = write_plans(folder)
    paths["pdf"] = folder / "plan.pdf"
    plan_pdf(paths["pdf"])
    paths["csv"].write_text(f"{PLAN_TITLE}\n\n{paths['csv'].read_text(encoding='utf-8')}", encoding="utf-8")
    return {ending: extract(read(path), REGISTER) for ending, path in paths.items()}


def test_the_plan_is_found_whole(plans: dict[str, Extraction]) -> None:
    assert [a.text for a in plans["txt"].actions] == [action for row in PLAN for action in row.actions]
    assert len(HEADS) == 6
    assert [(a.short, a.long) for a in plans["txt"].abbreviations] == list(KEY)
    assert plans["txt"].actions[0].responsible_names == (KEY[0][1], KEY[1][1])


@pytest.mark.parametrize("ending", ["md", "html", "docx", "xlsx", "csv", "pdf"])
def test_a_plan_yields_the_same_items_in_every_format(plans: dict[str, Extraction], ending: str) -> None:
    assert plan_items(plans[ending]) == plan_items(plans["txt"])


# ------------------------------------------------------------------------------------------------------------- report

#: (kind, text): title, line of the cover, heading, row of grades, paragraph with its number, bullet, prose.
REPORT = (
    ("title", "Inspection of Haverwick City Council local authority children’s services"),
    ("cover", "Inspection dates: 12 to 23 September 2022"),
    ("cover", "Lead inspector: Perdita Vane, His Majesty’s Inspector"),
    ("grade", "Judgement", "Grade"),
    ("grade", "The impact of leaders on social work practice with children and families", "Good"),
    ("grade", "The experiences and progress of children who need help and protection", "Requires improvement"),
    ("grade", "The experiences and progress of children in care and care leavers", "Outstanding"),
    ("grade", "Overall effectiveness", "Good"),
    ("prose", ("Haverwick has kept its promises to children since 2019. Caseloads are small, and families say that "
               "workers return their calls. Help for disabled children is less reliable than the rest.")),
    ("heading", "What needs to improve?"),
    ("bullet", "The timeliness of short breaks for disabled children and their carers."),
    ("bullet", "How well fathers who live elsewhere are drawn into assessments and plans."),
    ("bullet", "The oversight by managers of work that passes between the two locality teams."),
    ("heading", "The experiences and progress of children who need help and protection: requires improvement"),
    ("1.", ("Most families are helped soon after they first ask. The front door answers within a day, and thresholds "
            "are understood by schools, surgeries and the housing trust.")),
    ("2.", ("Too many assessments leave out fathers. In some, grandparents who look after a child each weekend "
            "are never named, and the plan that follows is thinner for it.")),
    ("3.", "Child protection conferences are prompt, and most children’s views are heard there through an advocate."),
    ("heading", "The experiences and progress of children in care and care leavers: outstanding"),
    ("4.", "Children in care live near their schools and friends, and few of them move more than once."),
    ("5.", ("Care leavers speak warmly of their advisers. Nearly all have somewhere suitable to live, and the house "
            "project has given eleven of them a first tenancy.")),
    ("heading", "The impact of leaders on social work practice with children and families: good"),
    ("6.", ("Leaders know their services well and do not hide what is weak. They have been slow, however, to notice "
            "how long disabled children wait.")),
)  # fmt: skip
PLAIN = {"title": "h1", "heading": "h2", "bullet": "li"}


def report_txt() -> str:
    lines: list[str] = []
    for kind, *texts in REPORT:
        if kind == "grade":
            lines.append("\t".join(texts))
            continue
        if lines and "\t" in lines[-1]:
            lines.append("")
        if kind in ("title", "heading"):
            lines += ["", texts[0], ""]
        elif kind == "bullet":
            lines.append(f"• {texts[0]}")
        else:
            lines += [f"{kind} {texts[0]}" if kind[0].isdigit() else texts[0], ""]
    return "\n".join(lines)


def report_md() -> str:
    lines: list[str] = []
    for kind, *texts in REPORT:
        if kind == "grade":
            lines.append(f"| {' | '.join(texts)} |")
            if texts[0] == "Judgement":
                lines.append("|---|---|")
            continue
        if lines and lines[-1].startswith("|"):
            lines.append("")
        marks = {"title": "# ", "heading": "## ", "bullet": "- "}
        mark = marks.get(kind, f"{kind} " if kind[0].isdigit() else "")
        lines += [f"{mark}{texts[0]}"] if kind == "bullet" else ["", f"{mark}{texts[0]}", ""]
    return "\n".join(lines)


def report_html() -> str:
    parts: list[str] = []
    open_tag = ""
    for kind, *texts in REPORT:
        wanted = {"grade": "table", "bullet": "ul"}.get(kind, "")
        if wanted != open_tag:
            parts += [f"</{open_tag}>"] if open_tag else []
            parts += [f"<{wanted}>"] if wanted else []
            open_tag = wanted
        words = [html.escape(text) for text in texts]
        if kind == "grade":
            cell = "th" if texts[0] == "Judgement" else "td"
            parts.append("<tr>" + "".join(f"<{cell}>{text}</{cell}>" for text in words) + "</tr>")
        else:
            tag = PLAIN.get(kind, "p")
            number = f"{kind} " if kind[0].isdigit() else ""
            parts.append(f"<{tag}>{number}{words[0]}</{tag}>")
    return page("".join(parts))


def report_docx(path: Path) -> None:
    document = docx.Document()
    table = None
    for kind, *texts in REPORT:
        if kind == "grade":
            table = table or document.add_table(rows=0, cols=2)
            for cell, text in zip(table.add_row().cells, texts, strict=True):
                cell.text = text
        elif kind in ("title", "heading"):
            document.add_heading(texts[0], 1 if kind == "title" else 2)
        elif kind == "bullet":
            document.add_paragraph(texts[0], style="List Bullet")
        else:
            document.add_paragraph(f"{kind}\t{texts[0]}" if kind[0].isdigit() else texts[0])
    document.save(str(path))


def report_pdf(path: Path) -> None:
    """As the inspectorate sets it: hanging numbers and bullets, a ruled table of grades, page numbers."""
    pdf = FPDF(format="a4", unit="pt")
    pdf.core_fonts_encoding = "cp1252"
    pdf.set_margins(72, 72)
    pdf.set_auto_page_break(True, 80)
    pdf.add_page()
    grades = [texts for kind, *texts in REPORT if kind == "grade"]
    for kind, *texts in REPORT:
        if kind == "grade":
            if texts is not None and texts == grades[0]:
                with pdf.table(col_widths=(300, 150), line_height=15, padding=4) as table:
                    for row in grades:
                        table.row(row)
                pdf.ln(12)
            continue
        size, style = {"title": (20, "B"), "heading": (14, "B")}.get(kind, (12, ""))
        pdf.set_font("helvetica", style, size)
        mark = "•" if kind == "bullet" else kind if kind[0].isdigit() else ""
        if mark:
            pdf.cell(24, 1.25 * size, mark)
        pdf.multi_cell(0, 1.25 * size, texts[0], align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(10)
    pdf.output(str(path))


def report_items(extraction: Extraction) -> dict[str, list[tuple[object, ...]]]:
    facts = extraction.document
    return {
        "document": [(facts.title, facts.kind, facts.publisher, facts.authority, facts.gss_code)],
        "inspections": [
            (i.inspectorate, i.framework, i.framework_id, i.start, i.end, i.lead_inspector)
            for i in extraction.inspections
        ],
        "judgements": [(j.area, j.grade, j.area_concept, j.grade_concept, j.inspection) for j in extraction.judgements],
        "findings": [(f.text, f.polarity, f.section, f.number) for f in extraction.findings],
        "recommendations": [(r.ref, r.text, r.section) for r in extraction.recommendations],
        "actions": [(a.text, a.timescale) for a in extraction.actions],
    }


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Extraction]:
    folder = tmp_path_factory.mktemp("reports")
    writers: dict[str, Callable[[Path], object]] = {
        "pdf": report_pdf,
        "docx": report_docx,
        "html": lambda path: path.write_text(report_html(), encoding="utf-8"),
        "txt": lambda path: path.write_text(report_txt(), encoding="utf-8"),
        "md": lambda path: path.write_text(report_md(), encoding="utf-8"),
    }
    found = {}
    for ending, write in writers.items():
        write(folder / f"report.{ending}")
        found[ending] = extract(read(folder / f"report.{ending}"), REGISTER)
    return found


def test_the_report_is_found_whole(reports: dict[str, Extraction]) -> None:
    found = report_items(reports["pdf"])
    assert [grade for _, grade, *_ in found["judgements"]] == [text[2] for text in REPORT if text[0] == "grade"][1:]
    assert [text for _, text, _ in found["recommendations"]] == [text[1] for text in REPORT if text[0] == "bullet"]
    assert {number for *_, number in found["findings"]} >= {"1", "2", "3", "4", "5", "6"}
    assert found["inspections"][0][3:] == ("2022-09-12", "2022-09-23", "Perdita Vane")
    assert found["document"][0][1:] == ("inspection-report", "Ofsted", "Haverwick", "E06990001")


@pytest.mark.parametrize("ending", ["docx", "html", "txt", "md"])
def test_a_report_yields_the_same_items_in_every_format(reports: dict[str, Extraction], ending: str) -> None:
    assert report_items(reports[ending]) == report_items(reports["pdf"])
