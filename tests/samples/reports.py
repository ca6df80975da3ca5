"""The inspectorates' reports and a council's plan as PDF, in the layouts of their years."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.samples import stock
from tests.samples.councils import councils
from tests.samples.gold import gold
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
)
from tests.samples.pages import Item, Pages, Style

BODY = Style()
TITLE = Style(20, leading=25, after=8)
COUNCIL = Style(18, leading=23, after=6)
HEADINGS = {1: Style(14, True, 18, 9), 2: Style(12, True, 16, 8), 3: Style(11, True, 14, 7)}
SMALL = Style(9, leading=11.5, after=8)


def pdf(document: SampleDocument) -> bytes:
    """Laid out twice: the list of contents needs the pages of the headings."""
    layouts: dict[str, Callable[[SampleDocument, dict[str, int]], Pages]] = {
        "ilacs": _ilacs,
        "sif2014": _sif2014,
        "sif2016": _sif2016,
        "send": _send,
        "letter": _letter,
        "looked-after": _looked_after,
        "plan": _plan,
    }
    layout = layouts[document.value("layout")]
    return layout(document, layout(document, {}).headings).data()


# ------------------------------------------------------------------------------------------------------- the layouts


def _ilacs(document: SampleDocument, contents: dict[str, int]) -> Pages:
    title = document.value("heading")
    short = document.value("subheading") == ""

    def foot(pages: Pages) -> None:
        pages.rule(pages.left, pages.right, pages.pdf.h - 72.0)
        if pages.number > 1 and short:
            pages.put(pages.left, pages.pdf.h - 60.0, title, Style(7, True))
            pages.put(pages.left, pages.pdf.h - 51.0, document.value("dates"), Style(7, True))
        _page_number(pages)

    pages = Pages(document.value("title"), foot=foot)
    _mark_of_sample(pages)
    pages.heading(title, TITLE if short else COUNCIL)
    if not short:
        pages.heading(document.value("subheading"), HEADINGS[1])
    pages.y += 14.0
    pages.pair("Inspection dates:", document.value("dates"))
    pages.pair("Lead inspector:", f"{document.value('lead')}, {document.value('lead-title')}")
    _grade_table(pages, document)
    _body(pages, document.blocks)
    _annex(pages)
    return pages


def _grade_table(pages: Pages, document: SampleDocument) -> None:
    rows = [([Item(judgement["area"])], [Item(judgement["grade"], bold=True)]) for judgement in _main(document)]
    width = pages.right - pages.left
    pages.table(rows, (width * 0.66, width * 0.34), Style(10, leading=13), head=("Judgement", "Grade"))


def _sif2014(document: SampleDocument, contents: dict[str, int]) -> Pages:
    pages = Pages(document.value("title"), foot=_plain_foot)
    _mark_of_sample(pages)
    pages.heading(councils()[document.value("council")].full_name, COUNCIL)
    pages.heading(
        f"Inspection of {stock.SERVICES}",
        HEADINGS[2],
    )
    pages.paragraph("and", BODY)
    pages.heading(
        "Review of the effectiveness of the Local Safeguarding Children Board",
        HEADINGS[2],
    )
    pages.note(stock.LEGAL_NOTE)
    pages.pair("Inspection date:", document.value("dates"))
    pages.pair("Report published:", document.value("report-published"))
    judgements = _main(document)
    _box(pages, [f"The overall judgement is {judgements[0]['grade']}.", document.value("overall-means")])
    _sif_table(pages, judgements[1:])
    board = [judgement for judgement in gold(document)["judgements"] if judgement.get("inspection") == 1]
    _box(pages, [f"{board[0]['area']} is {board[0]['grade']}.", document.value("board-means")])
    _contents(pages, document, contents)
    pages.turn()
    _body(pages, document.blocks)
    pages.turn()
    pages.heading("What the inspection judgements mean", HEADINGS[1])
    for text in stock.MEANINGS:
        pages.paragraph(text)
    _about_sif(pages, document)
    _annex(pages)
    return pages


def _sif2016(document: SampleDocument, contents: dict[str, int]) -> Pages:
    pages = Pages(document.value("title"), foot=_plain_foot)
    _mark_of_sample(pages)
    pages.heading(councils()[document.value("council")].full_name, COUNCIL)
    pages.heading(
        f"Inspection of {stock.SERVICES}",
        HEADINGS[2],
    )
    pages.note(stock.LEGAL_NOTE)
    pages.paragraph(f"Inspection date: {document.value('dates')}", Style(after=4))
    pages.paragraph(f"Report published: {document.value('report-published')}", Style(after=18))
    judgements = _main(document)
    _box(
        pages, [f"{judgements[0]['area']} {document.value('overall-verb')} {judgements[0]['grade']}".replace("  ", " ")]
    )
    pages.y -= 14.0
    _sif_table(pages, judgements[1:])
    pages.turn()
    _body(pages, document.blocks, before={"Recommendations": lambda: _contents(pages, document, contents)})
    _about_sif(pages, document)
    _annex(pages)
    return pages


def _sif_table(pages: Pages, judgements: Iterable[dict[str, str]]) -> None:
    numbers = ("1.", "2.", "2.1", "2.2", "3.")
    rows = [
        ([Item(f"{number} {judgement['area']}", bold=number.endswith("."))], [Item(judgement["grade"])])
        for number, judgement in zip(numbers, judgements, strict=True)
    ]
    width = pages.right - pages.left
    pages.table(rows, (width * 0.7, width * 0.3))


def _about_sif(pages: Pages, document: SampleDocument) -> None:
    pages.turn()
    pages.heading("Information about this inspection", HEADINGS[1])
    for text in stock.METHOD:
        pages.paragraph(text)
    pages.heading("The inspection team", HEADINGS[3])
    pages.paragraph(f"Lead inspector: {document.value('lead')} HMI", Style(after=3))
    pages.paragraph(f"Team inspectors: {document.value('team')}")


def _send(document: SampleDocument, contents: dict[str, int]) -> Pages:
    def foot(pages: Pages) -> None:
        pages.rule(pages.left, pages.right, pages.pdf.h - 60.0)
        if pages.number > 1:
            pages.put(pages.left, pages.pdf.h - 48.0, document.value("foot"), Style(8))
            pages.put(pages.right - 12.0, pages.pdf.h - 44.0, str(pages.number), Style(13))

    pages = Pages(document.value("title"), foot=foot)
    pages.put(pages.left, 44.0, "Local area partnership report", Style(8))
    pages.heading(document.value("heading"), Style(15, True, 19, 12))
    pages.paragraph(f"Inspection dates: {document.value('dates')}", Style(after=4))
    pages.paragraph(f"Dates of previous inspection: {document.value('previous')}", Style(after=12))
    key = document.value("outcome")
    _box(pages, ["Inspection outcome", stock.outcome(key), *stock.FOLLOWED_BY[key]])
    _body(pages, document.blocks)
    pages.heading("Local area partnership details", HEADINGS[1])
    council = councils()[document.value("council")]
    half = (pages.right - pages.left) / 2
    pages.table(
        [([Item(council.full_name), Item(f"www.{council.domain}")], [Item(document.value("board"))])],
        (half, half),
        head=("Local Authority", "Integrated Care Board"),
    )
    pages.heading("Information about this inspection", HEADINGS[1])
    pages.paragraph(stock.METHOD[1])
    pages.heading("Inspection team", HEADINGS[2])
    pages.table(
        [([Item(f"{document.value('lead')}, Ofsted HMI, lead inspector")], [Item("Ines Bartram, CQC inspector")])],
        (half, half),
        head=("Ofsted", "Care Quality Commission"),
    )
    _annex(pages)
    return pages


def _letter(document: SampleDocument, contents: dict[str, int]) -> Pages:
    pages = Pages(document.value("title"), bullet="round", foot=_plain_foot)
    _body(pages, document.blocks)
    _annex(pages)
    return pages


def _looked_after(document: SampleDocument, contents: dict[str, int]) -> Pages:
    council = councils()[document.value("council")]

    def head(pages: Pages) -> None:
        if pages.number > 2:
            pages.put(pages.left, 52.0, f"{council.full_name} {document.value('running')}", Style(8, True))
            pages.put(pages.right - 10.0, 52.0, str(pages.number - 2), Style(8, True))
            pages.rule(pages.left, pages.right, 58.0)

    pages = Pages(document.value("title"), bullet="square", foot=head)
    _mark_of_sample(pages)
    pages.y = 150.0
    pages.heading(document.value("heading"), TITLE)
    pages.heading(council.full_name, Style(15, leading=20))
    pages.y = 520.0
    pages.pair("Inspection dates:", document.value("dates"), Style(10, leading=14, after=2))
    pages.pair("Reporting inspector", f"{document.value('lead')} HMI", Style(10, leading=14, after=60))
    pages.pair("Age group:", "All", Style(10, leading=14, after=2))
    pages.pair("Published:", document.value("report-published"), Style(10, leading=14, after=2))
    pages.turn()
    pages.y = 620.0
    for text in stock.COPYRIGHT:
        pages.paragraph(text, SMALL)
    _contents(pages, document, {text: page - 2 for text, page in contents.items()})
    pages.turn()
    pages.heading("The inspection judgements and what they mean", HEADINGS[1])
    width = pages.right - pages.left
    pages.table(
        [([Item(grade, bold=True)], [Item(meaning)]) for grade, meaning in stock.GRADES_2012],
        (width * 0.4, width * 0.6),
    )
    _body(pages, document.blocks)
    pages.turn()
    pages.heading("Record of main findings", HEADINGS[1])
    pages.table(
        [([Item(judgement["area"])], [Item(judgement["grade"], bold=True)]) for judgement in _main(document)],
        (width * 0.65, width * 0.35),
    )
    return pages


def _plan(document: SampleDocument, contents: dict[str, int]) -> Pages:
    def foot(pages: Pages) -> None:
        pages.put(pages.left, pages.pdf.h - 40.0, document.value("foot"), Style(8))
        pages.put(pages.right - 60.0, pages.pdf.h - 40.0, f"Page {pages.number}", Style(8))

    pages = Pages(document.value("title"), landscape=True, bullet="round", foot=foot)
    pages.left, pages.right, pages.top, pages.bottom = 40.0, pages.pdf.w - 40.0, 48.0, pages.pdf.h - 60.0
    pages.y = pages.top
    _body(pages, document.blocks)
    return pages


# --------------------------------------------------------------------------------------------------------- the pieces


def _body(pages: Pages, blocks: Iterable[Block], before: dict[str, Callable[[], None]] | None = None) -> None:
    for block in blocks:
        match block:
            case Heading(level, text):
                if before and text in before:
                    before[text]()
                    pages.turn()
                elif level == 1 and pages.y > pages.top:
                    pages.y += 6.0
                pages.heading(text, HEADINGS[level])
            case Paragraph():
                _paragraph(pages, block)
            case Line(text):
                pages.paragraph(text, Style(after=3))
            case Note(text):
                pages.note(text)
            case PageBreak():
                pages.turn()
            case Plan():
                _plan_table(pages, block)
            case Areas():
                _areas_table(pages, block)
            case Grid():
                width = (pages.right - pages.left) / len(block.titles)
                pages.table(
                    [[[Item(cell)] for cell in row] for row in block.rows],
                    [width] * len(block.titles),
                    head=block.titles if any(block.titles) else None,
                )


def _paragraph(pages: Pages, paragraph: Paragraph) -> None:
    indent = 0.0 if paragraph.marker is None else 30.0 + 18.0 * paragraph.level
    listed = paragraph.marker in ("•", "–")
    pages.paragraph(
        paragraph.printed,
        Style(after=5 if listed else 9),
        20.0 + 18.0 * paragraph.level if listed else indent,
        paragraph.marker,
    )


def _areas_table(pages: Pages, areas: Areas) -> None:
    width = pages.right - pages.left
    if len(areas.titles) == 1:
        pages.table([[[Item(unit.printed)]] for unit in areas.units], [width], head=areas.titles)
    else:
        pages.table(
            [[[Item(unit.body or "")], [Item(unit.printed)]] for unit in areas.units],
            (width * 0.34, width * 0.66),
            head=areas.titles,
        )


SHARES = {"ref": 0.5, "rec": 3.0, "action": 4.0, "owner": 2.0, "when": 1.6, "progress": 3.0, "rating": 1.0}


def _plan_table(pages: Pages, plan: Plan) -> None:
    total = sum(SHARES[key] for key, _ in plan.columns)
    widths = [SHARES[key] / total * (pages.right - pages.left) for key, _ in plan.columns]
    style = Style(9, leading=11)
    rows: list[list[list[Item]]] = []
    first = True
    for row in plan.rows:
        if row.heading is not None:
            if rows:
                pages.table(rows, widths, style, head=plan_head(plan) if first else None)
                pages.y -= 14.0
                rows, first = [], False
            pages.band(row.heading, widths, style)
            continue
        rows.extend(plan_rows(pages, plan, row, widths, style))
    pages.table(rows, widths, style, head=plan_head(plan))


def plan_head(plan: Plan) -> list[str]:
    return [title for _, title in plan.columns]


def plan_rows(pages: Pages, plan: Plan, row: PlanRow, widths: list[float], style: Style) -> list[list[list[Item]]]:
    """With a column of progress a printed row an action, what is said of the recommendation in the first alone;
    else one row, its actions as a list, with owners and times level with the bullets they belong to."""
    cells = [_action_cells(row, number) for number in range(len(row.actions))]
    keys = [key for key, _ in plan.columns]
    if "progress" in keys:
        return [[[Item(action[key])] for key in keys] for action in cells]
    level = [(key, width) for key, width in zip(keys, widths, strict=True) if key not in ("ref", "rec")]
    heights = [max(len(pages.wrap(action[key], width - 22.0, style)) for key, width in level) for action in cells]
    printed: list[list[Item]] = []
    for key, width in zip(keys, widths, strict=True):
        if key in ("ref", "rec"):
            printed.append([Item(cells[0][key])])
            continue
        items: list[Item] = []
        for action, height in zip(cells, heights, strict=True):
            bullet = key == "action" and len(cells) > 1
            items.append(Item(action[key], bullet=bullet))
            lines = len(pages.wrap(action[key], width - (22.0 if bullet else 10.0), style)) or 1
            items += [Item("")] * (height - lines)
        printed.append(items)
    return [printed]


def _action_cells(row: PlanRow, number: int) -> dict[str, str]:
    action = row.actions[number]
    asked = row.recommendation if number == 0 else None
    return {
        "ref": (asked.ref or "") if asked else "",
        "rec": asked.printed if asked else "",
        "action": action.printed,
        "owner": " / ".join(action.owners),
        "when": action.timescale or "",
        "progress": action.progress or "",
        "rating": action.rating or "",
    }


def _main(document: SampleDocument) -> list[dict[str, str]]:
    return [judgement for judgement in gold(document)["judgements"] if "inspection" not in judgement]


def _box(pages: Pages, texts: list[str]) -> None:
    """Paragraphs in a ruled box, an empty line between them."""
    items: list[Item] = []
    for number, text in enumerate(text for text in texts if text):
        items += [Item("")] * (number > 0) + [Item(text, bold=number == 0)]
    pages.table([[items]], [pages.right - pages.left], Style(11, leading=14))


def _contents(pages: Pages, document: SampleDocument, contents: dict[str, int]) -> None:
    pages.turn()
    pages.paragraph("Contents", Style(15, leading=20))
    style = {1: Style(10, True, 14, 3), 2: Style(10, leading=14, after=3)}
    for block in document.blocks:
        if isinstance(block, Heading) and block.level < 3:
            for line in pages.wrap(block.text, pages.right - pages.left - 60.0, style[block.level]):
                pages.paragraph(line, style[block.level], 10.0 * (block.level - 1))
                pages.y -= 3.0
            number = str(contents.get(block.text, 0))
            pages.put(pages.right - 14.0, pages.y, number, style[block.level])
            pages.y += 3.0


def _plain_foot(pages: Pages) -> None:
    pages.rule(pages.left, pages.right, pages.pdf.h - 64.0)
    _page_number(pages)


def _page_number(pages: Pages) -> None:
    pages.put(pages.right - 18.0, pages.pdf.h - 44.0, str(pages.number), Style(14))


def _mark_of_sample(pages: Pages) -> None:
    """Where a report has the inspectorate's mark, three circles."""
    for step in range(3):
        pages.pdf.circle(pages.right - 10.0 - 16.0 * step, 50.0, 6.0)


def _annex(pages: Pages) -> None:
    pages.turn()
    for text in stock.ANNEX:
        pages.paragraph(text, SMALL)
