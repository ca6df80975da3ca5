"""A council's web pages, and plain text as it comes out of old word-processor files: tables as tab-separated lines with
HTML in their cells."""

from __future__ import annotations

from html import escape

from tests.samples.markup import (
    Areas,
    Block,
    Grid,
    Heading,
    Line,
    Note,
    PageBreak,
    Paragraph,
    Plan,
    PlanRow,
    SampleDocument,
    Unit,
)

# --------------------------------------------------------------------------------------------------------------- text


def txt(document: SampleDocument) -> bytes:
    lines: list[str] = []
    for block in document.blocks:
        lines += _text(block)
    return ("\n".join(lines).strip("\n") + "\n").encode()


def _text(block: Block) -> list[str]:
    match block:
        case Heading(_, text):
            return ["", text, ""]
        case Paragraph(marker=None):
            return [block.printed, ""]
        case Paragraph(marker=marker):
            bullet = "*" if marker == "•" else marker
            return [f"{' ' * block.level}{'- ' if marker.startswith('(') else ''}{bullet} {block.printed}", ""]
        case Line(text) | Note(text):
            return [text]
        case PageBreak():
            return ["", ""]
        case Plan():
            return ["", "\t".join(title for _, title in block.columns), *map(_text_row, block.rows), ""]
        case Areas():
            return [unit.text for unit in block.units]
        case Grid():
            return ["", *(["\t".join(block.titles)] if any(block.titles) else []), *map("\t".join, block.rows), ""]
    raise TypeError(block)


def _text_row(row: PlanRow) -> str:
    if row.heading is not None:
        return f"\n{row.heading}\t\t\t\t\n\tHeadline recommendations\t\t\t"
    asked = row.recommendation
    if len(row.actions) == 1:
        cells = [row.actions[0].text, row.actions[0].timescale or "", " / ".join(row.actions[0].owners)]
    else:
        points = " ".join(f"<li>• {escape(action.text, quote=False)}</li>" for action in row.actions)
        cells = [
            f"<ul> {points} </ul>",
            " ".join(f"<p>{action.timescale or ''}</p>" for action in row.actions),
            " ".join(f"<p>{' / '.join(action.owners)}</p>" for action in row.actions),
        ]
    return "\t".join([asked.ref or "", asked.text, *cells])


# --------------------------------------------------------------------------------------------------------------- HTML

_STYLE = "body{font:16px/1.5 sans-serif;max-width:60em;margin:auto}td,th{border:1px solid #999}"


def html(document: SampleDocument) -> bytes:
    """A page with the site's own navigation and foot round the report."""
    site = document.value("publisher").split(" ~ ")[0]
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en-GB"><head><meta charset="utf-8">',
        f"<title>{escape(document.value('title'))} | {escape(site)}</title><style>{_STYLE}</style></head><body>",
        '<nav><a href="/">Home</a> <a href="/meetings">Council and democracy</a> <a href="/contact">Contact</a></nav>',
        "<main>",
        *_lists([_web(block, cells_hold_lists=document.value("cells") == "lists") for block in document.blocks]),
        "</main>",
        f"<footer><p>{escape(site)} is invented, and so is this page. Cookies: none.</p></footer>",
        "</body></html>",
    ]
    return ("\n".join(parts) + "\n").encode()


def _web(block: Block, cells_hold_lists: bool) -> str:
    match block:
        case Heading(level, text):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(marker="•"):
            return f"<li>{escape(block.printed)}</li>"
        case Paragraph(marker=marker):
            return f"<p>{f'{marker} ' if marker else ''}{escape(block.printed)}</p>"
        case Line(text) | Note(text):
            return f"<p>{escape(text)}</p>" if text else ""
        case PageBreak():
            return "<hr>"
        case Plan():
            head = "".join(f"<th>{escape(title)}</th>" for _, title in block.columns)
            printed = _web_row_of_lists if cells_hold_lists else _web_rows
            body = "".join(printed(block, row) for row in block.rows)
            return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        case Areas():
            return "<ul>" + "".join(f"<li>{escape(unit.text)}</li>" for unit in block.units) + "</ul>"
        case Grid():
            head = "".join(f"<th>{escape(title)}</th>" for title in block.titles)
            body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in block.rows)
            return f"<table><tr>{head}</tr>{body}</table>"
    raise TypeError(block)


def _lists(parts: list[str]) -> list[str]:
    """Neighbouring items in one list."""
    out: list[str] = []
    for part in parts:
        item = part.startswith("<li>")
        if item and not (out and out[-1].startswith("<li>")):
            out.append("<ul>")
        if not item and out and out[-1].startswith("<li>"):
            out.append("</ul>")
        out.append(part)
    return out


def _web_row_of_lists(plan: Plan, row: PlanRow) -> str:
    """One row: the actions as a list, the owners and times on lines of their own."""
    cells = []
    for key, _ in plan.columns:
        if key in ("ref", "rec"):
            cells.append((row.recommendation.ref or "") if key == "ref" else escape(row.recommendation.text))
        elif key == "action":
            cells.append("<ul>" + "".join(f"<li>{escape(action.text)}</li>" for action in row.actions) + "</ul>")
        else:
            cells.append("<br>".join(escape(_value(action, key)) for action in row.actions))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _web_rows(plan: Plan, row: PlanRow) -> str:
    """One row an action; the recommendation's cells span them."""
    if row.heading is not None:
        return f'<tr><th colspan="{len(plan.columns)}">{escape(row.heading)}</th></tr>'
    lines = []
    for number, action in enumerate(row.actions):
        cells = []
        for key, _ in plan.columns:
            if key not in ("ref", "rec"):
                cells.append(f"<td>{escape(_value(action, key))}</td>")
            elif number == 0:
                value = (row.recommendation.ref or "") if key == "ref" else row.recommendation.text
                cells.append(f'<td rowspan="{len(row.actions)}">{escape(value)}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "".join(lines)


def _value(action: Unit, key: str) -> str:
    return {
        "action": action.text,
        "owner": ", ".join(action.owners),
        "when": action.timescale or "",
        "progress": action.progress or "",
        "rating": action.rating or "",
    }[key]
