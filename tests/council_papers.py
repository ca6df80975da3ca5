"""One invented plan and one invented committee report, written in every format that is read."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docx
import openpyxl
from docx.document import Document

HEADS = ("Ref", "Recommendation", "Action", "Timescale", "Person responsible", "Progress")


@dataclass(frozen=True)
class PlanRow:
    """Actions, times, people and progress line by line; one line is a plain cell, several are bullets."""

    ref: str
    recommendation: str
    actions: tuple[str, ...]
    times: tuple[str, ...]
    people: tuple[str, ...]
    progress: tuple[str, ...]

    def cells(self) -> tuple[tuple[str, ...], ...]:
        return ((self.ref,), (self.recommendation,), self.actions, self.times, self.people, self.progress)


PLAN_TITLE = "Action plan in response to the inspection of fostering services"
KEY_TITLE = "Key to abbreviations"
KEY = (("JW", "Judith Warren, Service Manager"), ("TR", "Team manager, recruitment"), ("MB", "Moses Bright, Director"))
PLAN = (
    PlanRow(
        "1.1",
        "Make sure that every foster carer has a named supervising worker",
        ("Fill the two vacant posts in the fostering team", "Tell all carers in writing who their worker is"),
        ("30.09.05", "Oct '05"),
        ("JW / TR", "Fostering Team Manager"),
        ("Complete", "In progress"),
    ),
    PlanRow(
        "1.2",
        "Improve the matching of children with carers",
        ("Introduce a matching form that the panel signs off",),
        ("by March 2006",),
        ("T Rowe / Head of Placements",),
        ("40% complete",),
    ),
    PlanRow(
        "2.1",
        "Publish a guide for children that they can understand",
        (
            "Write the guide with the children in care council",
            "Print it and give it to each child",
            "Review it each year",
        ),
        ("Nov 2005", "Jan / Feb '06", "ongoing"),
        ("MB", "MB, JW", "Quality Officer"),
        ("", "", ""),
    ),
)


def plan_txt() -> str:
    def cell(lines: tuple[str, ...]) -> str:
        lines = tuple(line for line in lines if line)
        if len(lines) < 2:
            return html.escape("".join(lines), quote=False) if lines else ""
        return "<ul>" + " ".join(f"<li>{html.escape(line, quote=False)}</li>" for line in lines) + "</ul>"

    rows = ["\t".join(cell(lines) for lines in row.cells()) for row in PLAN]
    key = ["\t".join(pair) for pair in KEY]
    return "\n".join([PLAN_TITLE, "", KEY_TITLE, "", *key, "", "\t".join(HEADS), *rows, ""])


def plan_md() -> str:
    def cell(lines: tuple[str, ...]) -> str:
        lines = tuple(line for line in lines if line)
        return "<br>".join(f"• {line}" for line in lines) if len(lines) > 1 else "".join(lines)

    rows = ["| " + " | ".join(cell(lines) for lines in row.cells()) + " |" for row in PLAN]
    first, *others = (f"| {short} | {long} |" for short, long in KEY)
    key = [f"## {KEY_TITLE}", "", first, "|---|---|", *others, ""]
    return "\n".join(
        [f"# {PLAN_TITLE}", "", *key, "| " + " | ".join(HEADS) + " |", "|---" * len(HEADS) + "|", *rows, ""]
    )


def plan_html() -> str:
    def cell(lines: tuple[str, ...]) -> str:
        lines = tuple(line for line in lines if line)
        if len(lines) < 2:
            return "".join(html.escape(line) for line in lines)
        return "<ul>" + "".join(f"<li><p>{html.escape(line)}</p></li>" for line in lines) + "</ul>"

    heads = "".join(f"<th>{head}</th>" for head in HEADS)
    rows = "".join("<tr>" + "".join(f"<td>{cell(lines)}</td>" for lines in row.cells()) + "</tr>" for row in PLAN)
    key = "".join(f"<tr><td>{short}</td><td>{html.escape(long)}</td></tr>" for short, long in KEY)
    key = f"<h2>{KEY_TITLE}</h2><table>{key}</table>"
    return page(f"<h1>{PLAN_TITLE}</h1>{key}<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")


def page(main: str) -> str:
    """A council's page with the furniture that is saved along."""
    return (
        "<!DOCTYPE html><html><head><title>Papers</title><style>p {color: red}</style></head><body>"
        '<div id="cookie-banner"><p>We use cookies. Accept all cookies?</p></div>'
        "<header><nav><ul><li>Home</li><li>Council tax</li><li>Bins</li></ul></nav></header>"
        '<ol class="breadcrumb"><li>Home</li><li>Committee papers</li></ol>'
        f"<main>{main}</main>"
        '<footer><p>Recommendation: follow us on social media</p></footer><script>alert("x")</script></body></html>'
    )


def plan_docx(path: Path) -> None:
    document = docx.Document()
    document.add_heading(PLAN_TITLE, 1)
    document.add_heading(KEY_TITLE, 2)
    key = document.add_table(rows=0, cols=2)
    for pair in KEY:
        for cell, text in zip(key.add_row().cells, pair, strict=True):
            cell.text = text
    document.add_paragraph()
    table = document.add_table(rows=1, cols=len(HEADS))
    for cell, head in zip(table.rows[0].cells, HEADS, strict=True):
        cell.text = head
    for row in PLAN:
        for cell, lines in zip(table.add_row().cells, row.cells(), strict=True):
            lines = tuple(line for line in lines if line)
            cell.text = lines[0] if len(lines) == 1 else ""
            if len(lines) > 1:
                cell.paragraphs[0].style = document.styles["List Bullet"]
                cell.paragraphs[0].text = lines[0]
                for line in lines[1:]:
                    cell.add_paragraph(line, style="List Bullet")
    document.save(str(path))


def plan_cells() -> list[list[str]]:
    def cell(lines: tuple[str, ...]) -> str:
        lines = tuple(line for line in lines if line)
        return "\n".join(f"- {line}" for line in lines) if len(lines) > 1 else "".join(lines)

    return [list(HEADS), *([cell(lines) for lines in row.cells()] for row in PLAN)]


def plan_xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([PLAN_TITLE])
    sheet.append([])
    for row in ([KEY_TITLE], *KEY, [], *plan_cells()):
        sheet.append(row)
    book.save(path)


def plan_csv() -> str:
    out = io.StringIO()
    csv.writer(out).writerows([[KEY_TITLE], *KEY, [], *plan_cells()])
    return out.getvalue()


def write_plans(folder: Path) -> dict[str, Path]:
    """The plan in six formats, by ending."""
    paths = {ending: folder / f"plan.{ending}" for ending in ("txt", "md", "html", "docx", "xlsx", "csv")}
    paths["txt"].write_text(plan_txt(), encoding="utf-8")
    paths["md"].write_text(plan_md(), encoding="utf-8")
    paths["html"].write_text(plan_html(), encoding="utf-8")
    plan_docx(paths["docx"])
    plan_xlsx(paths["xlsx"])
    paths["csv"].write_text(plan_csv(), encoding="utf-8")
    return paths


# ------------------------------------------------------------------------------------------------------------- a report

#: (kind, text): title, line of the front, heading, paragraph with its number, bullet.
REPORT = (
    ("title", "Inspection of children's services: outcome"),
    ("front", "Calderdale Council"),
    ("front", "Report to: Cabinet"),
    ("front", "Date: 9 May 2006"),
    ("heading", "Purpose of report"),
    ("1.1", ("To tell members the outcome of the inspection of children's services by the Commission for Social Care "
            "Inspection (CSCI), which took place between 6 February and 17 February 2006.")),
    ("heading", "Findings"),
    ("2.1", ("The inspectors judged that the council was serving most people well, with promising capacity for "
            "improvement. They found that children were listened to when plans were made.")),
    ("2.2", "The report identified the following strengths:"),
    ("bullet", "Swift help for families who ask for it"),
    ("bullet", "Well supported foster carers"),
    ("2.3", "The inspectors also identified areas for development:"),
    ("bullet", "The recording of supervision"),
    ("bullet", "The number of children placed far from home"),
    ("heading", "Next steps"),
    ("3.1", "Three further social workers will be recruited by September 2006."),
    ("heading", "Recommendation"),
    ("4.1", "The Cabinet is asked to note the report and to endorse the action plan."),
)  # fmt: skip


def report_txt() -> str:
    lines = []
    for kind, text in REPORT:
        if kind == "title":
            lines += [text.upper(), ""]
        elif kind == "front":
            lines += [text, ""]
        elif kind == "heading":
            lines += ["", text.upper(), ""]
        elif kind == "bullet":
            lines += [f"- {text}"]
        else:
            lines += [f"{kind} {text}", ""]
    return "\n".join(lines)


def report_md() -> str:
    forms: dict[str, Callable[[str], str]] = {
        "title": lambda text: f"# {text}\n",
        "front": lambda text: f"**{text}**\n",
        "heading": lambda text: f"\n## {text}\n",
        "bullet": lambda text: f"* {text}",
    }
    return "\n".join(forms[kind](text) if kind in forms else f"{kind} {text}\n" for kind, text in REPORT)


def report_html() -> str:
    body, bullets = [], False
    for kind, text in REPORT:
        if bullets and kind != "bullet":
            body.append("</ul>")
        if kind == "bullet" and not bullets:
            body.append("<ul>")
        bullets = kind == "bullet"
        escaped = html.escape(text)
        tag = {"title": "h1", "heading": "h2", "bullet": "li"}.get(kind, "p")
        body.append(f"<{tag}>{escaped if tag != 'p' or kind == 'front' else f'{kind} {escaped}'}</{tag}>")
    return page("".join(body))


def report_docx(path: Path) -> None:
    document: Document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Not for publication until the meeting"
    for kind, text in REPORT:
        if kind in ("title", "heading"):
            document.add_heading(text, 1 if kind == "title" else 2)
        elif kind == "bullet":
            document.add_paragraph(text, style="List Bullet")
        else:
            document.add_paragraph(text if kind == "front" else f"{kind}\t{text}")
    document.save(str(path))


def write_reports(folder: Path) -> dict[str, Path]:
    """The report in four formats, by ending."""
    paths = {ending: folder / f"report.{ending}" for ending in ("txt", "md", "html", "docx")}
    paths["txt"].write_text(report_txt(), encoding="utf-8")
    paths["md"].write_text(report_md(), encoding="utf-8")
    paths["html"].write_text(report_html(), encoding="utf-8")
    report_docx(paths["docx"])
    return paths
