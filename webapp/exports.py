"""A search as a file: JSON, CSV, XLSX, DOCX, Atom. Same filters, same order, same total as the page.

Cells hold what the documents print, so no cell may ever be a formula: CSV text that a spreadsheet would calculate
gets a leading apostrophe, XLSX cells are typed as text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from flask import Response, render_template, request

from indexer.exports import FORMULA_STARTS
from indexer.search_request import Hit, SearchResponse
from webapp.description import NOT_XML
from webapp.labels import Labels, date_in_words
from webapp.search_query import KIND_NAMES, Query
from webapp.services import OpenRelease
from webapp.settings import Settings
from webapp.tables import Row

COLUMNS = (
    "rank",
    "kind",
    "text",
    "reference",
    "section",
    "judged_as",
    "council",
    "gss_code",
    "region",
    "inspectorate",
    "framework",
    "inspection_from",
    "inspection_to",
    "overall_grade",
    "published",
    "themes",
    "timescale",
    "date",
    "responsible",
    "status",
    "actions_in_answer",
    "document",
    "file",
    "page",
    "iri",
    "url",
)
_WIDTHS = {"text": 90, "themes": 36, "document": 36, "section": 30, "iri": 30, "url": 30, "council": 22}
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MAX_CELL = 32_000


def search_as(form: str, query: Query, release: OpenRelease, settings: Settings) -> Response:
    """The search in one of FORMATS but html."""
    make: Callable[[Query, OpenRelease, Settings], Response] = {
        "json": _json,
        "csv": _csv,
        "xlsx": _xlsx,
        "docx": _docx,
        "atom": _atom,
    }[form]
    return make(query, release, settings)


def _everything(query: Query, release: OpenRelease, limit: int) -> SearchResponse:
    return release.searcher.search(query.request(limit, 0, facets=False))


def public_root(settings: Settings) -> str:
    return settings.public_url or request.host_url.rstrip("/")


def clean(text: str) -> str:
    """Without characters that XML forbids."""
    return NOT_XML.sub("\ufffd", text)


def rows_of(hits: Sequence[Hit], release: OpenRelease, root: str) -> Iterator[dict[str, Any]]:
    """Hits as rows with COLUMNS."""
    for hit in hits:
        yield _row(hit, release, root)


def _row(hit: Hit, release: OpenRelease, root: str) -> dict[str, Any]:
    labels = release.labels
    item: Row = release.tables.items.row(hit.row) if hit.row >= 0 else {}
    inspection = release.inspection(hit.inspection) or {}
    document = release.document(hit.document or hit.iri) or {}
    return {
        "rank": hit.rank,
        "kind": hit.kind,
        "text": hit.text,
        "reference": hit.ref,
        "section": hit.section,
        "judged_as": hit.polarity,
        "council": labels.authority(hit.gss_code or hit.authority) or None,
        "gss_code": hit.gss_code,
        "region": hit.region,
        "inspectorate": hit.inspectorate,
        "framework": labels.framework(hit.framework) or None,
        "inspection_from": inspection.get("start"),
        "inspection_to": inspection.get("end"),
        "overall_grade": labels.grade(hit.grade) or None,
        "published": hit.published,
        "themes": [labels.theme(theme) for theme in hit.themes],
        "timescale": item.get("timescale"),
        "date": item.get("date"),
        "responsible": list(item.get("responsible") or ()),
        "status": item.get("status"),
        "actions_in_answer": len(release.actions_answering(hit.iri)),
        "document": document.get("title"),
        "file": hit.file or document.get("file"),
        "page": hit.page,
        "iri": hit.iri,
        "url": root + release.path_of(hit.iri),
    }


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def safe_cell(value: Any) -> str:
    """A CSV cell that no spreadsheet calculates."""
    text = _cell(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _named(query: Query, release: OpenRelease, ending: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", query.text.lower()).strip("-")[:40] or "all"
    return f"inspectgraph-{words}-{release.id[:10]}.{ending}"


def _download(data: bytes, media_type: str, name: str, total: int) -> Response:
    response = Response(data, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Total-Count"] = str(total)
    return response


# ------------------------------------------------------------------------------------------------------------- formats


def _json(query: Query, release: OpenRelease, settings: Settings) -> Response:
    root = public_root(settings)
    response = _everything(query, release, settings.export_rows)
    body = {
        "release": release.id,
        "query": query.text,
        "url": root + query.at(1).url(),
        "total": response.total,
        "notices": list(query.notices),
        "results": list(rows_of(response.hits, release, root)),
    }
    return Response(msgspec.json.encode(body), content_type="application/json")


def _csv(query: Query, release: OpenRelease, settings: Settings) -> Response:
    response = _everything(query, release, settings.export_rows)
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(COLUMNS)
    for row in rows_of(response.hits, release, public_root(settings)):
        writer.writerow([safe_cell(row[column]) for column in COLUMNS])
    data = output.getvalue().encode("utf-8", "replace")
    return _download(data, "text/csv; charset=utf-8", _named(query, release, "csv"), response.total)


def _xlsx(query: Query, release: OpenRelease, settings: Settings) -> Response:
    import xlsxwriter

    root = public_root(settings)
    response = _everything(query, release, settings.export_rows)
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"constant_memory": True}) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        body = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet("Results")
        sheet.freeze_panes(1, 3)
        for place, column in enumerate(COLUMNS):
            sheet.set_column(place, place, _WIDTHS.get(column, 14))
            sheet.write_string(0, place, humanised_column(column), head)
        for number, row in enumerate(rows_of(response.hits, release, root), 1):
            for place, column in enumerate(COLUMNS):
                # a string whatever it begins with: a text that starts with "=" stays a text
                sheet.write_string(number, place, clean(_cell(row[column]))[:_MAX_CELL], body)
        about = book.add_worksheet("About")
        about.set_column(1, 1, 90)
        for number, (name, value) in enumerate(_about(query, release, response, root)):
            about.write_string(number, 0, name, head)
            about.write_string(number, 1, clean(value), body)
    return _download(output.getvalue(), XLSX_TYPE, _named(query, release, "xlsx"), response.total)


def humanised_column(name: str) -> str:
    words = name.replace("_", " ")
    return {"gss code": "GSS code", "iri": "Identifier", "url": "Address"}.get(words, words.capitalize())


def _about(query: Query, release: OpenRelease, response: SearchResponse, root: str) -> list[tuple[str, str]]:
    return [
        ("Search", query.text or "everything"),
        ("Filters", "; ".join(f"{name}={value}" for name, value in query.at(1).pairs() if name != "q") or "none"),
        ("Found", str(response.total)),
        ("In this file", str(len(response.hits))),
        ("Address", root + query.at(1).url()),
        ("Release", release.id),
        (
            "Note",
            "Passages are quoted as printed. Not an official publication. Check the source before relying on one.",
        ),
    ]


def _docx(query: Query, release: OpenRelease, settings: Settings) -> Response:
    """A briefing: the first passages in order, each with its source, ready to be edited."""
    import docx
    from docx.shared import Pt, RGBColor

    root = public_root(settings)
    response = _everything(query, release, settings.briefing_items)
    document = docx.Document()
    document.core_properties.title = clean(f"Briefing: {query.text or 'inspection findings'}")
    document.core_properties.author = "inspectgraph"
    document.styles["Normal"].font.name = "Calibri"
    document.styles["Normal"].font.size = Pt(11)
    document.add_heading(clean(query.text or "Inspection findings and recommendations"), 0)
    shown = len(response.hits)
    document.add_paragraph(
        f"{response.total} found; the first {shown} are quoted below." if shown < response.total else f"{shown} found."
    )
    for name, value in _about(query, release, response, root)[1:]:
        if name not in {"Found", "In this file"}:
            document.add_paragraph(clean(f"{name}: {value}")).paragraph_format.space_after = Pt(0)
    for row in rows_of(response.hits, release, root):
        kind = KIND_NAMES.get(row["kind"], (row["kind"],))[0]
        reference = f" {row['reference']}" if row["reference"] else ""
        council = row["council"] or "Council not named"
        document.add_heading(clean(f"{row['rank']}. {council}: {kind.lower()}{reference}"), 2)
        document.add_paragraph(clean(row["text"]), style="Intense Quote" if len(row["text"]) < 600 else None)
        source = document.add_paragraph()
        run = source.add_run(clean(_source_line(row)))
        run.font.size = Pt(9)
        run.font.color.rgb = RGBColor(0x52, 0x61, 0x6B)
    output = io.BytesIO()
    document.save(output)
    return _download(output.getvalue(), DOCX_TYPE, _named(query, release, "docx"), response.total)


def _source_line(row: dict[str, Any]) -> str:
    parts = [
        row["document"],
        date_in_words(row["published"]),
        f"page {row['page']}" if row["page"] else None,
        f"overall {row['overall_grade']}" if row["overall_grade"] else None,
        ", ".join(row["themes"]),
        f"{row['actions_in_answer']} actions in answer" if row["actions_in_answer"] else None,
        row["url"],
    ]
    return " · ".join(str(part) for part in parts if part)


def _atom(query: Query, release: OpenRelease, settings: Settings) -> Response:
    """RFC 4287, in pages of RFC 5005; ``opensearch:totalResults`` is the total of the search."""
    size = max(1, settings.feed_entries)
    page = max(1, query.page)
    response = release.searcher.search(query.request(size, (page - 1) * size, facets=False))
    last = max(1, -(-response.total // size))
    body = render_template(
        "feed.xml",
        query=query,
        title=clean(_feed_title(query, release.labels)),
        total=response.total,
        entries=[_entry(hit, release) for hit in response.hits],
        root=public_root(settings),
        page=page,
        last=last,
        size=size,
        updated=release.created,
    )
    return Response(body, content_type="application/atom+xml; charset=utf-8")


def _feed_title(query: Query, labels: Labels) -> str:
    themes = ", ".join(labels.theme(theme) for theme in query.filters.themes)
    return f"inspectgraph: {query.text or themes or 'everything'}"


def _entry(hit: Hit, release: OpenRelease) -> dict[str, str]:
    council = release.labels.authority(hit.gss_code or hit.authority) or "Council not named"
    year = f" {hit.year}" if hit.year else ""
    return {
        "id": hit.iri,
        "title": clean(f"{council}{year}: {KIND_NAMES.get(hit.kind, (hit.kind,))[0].lower()} {hit.ref or ''}".strip()),
        "path": release.path_of(hit.iri),
        "text": clean(hit.text),
        "updated": timestamp(hit.published) or release.created,
        "themes": ",".join(hit.themes),
    }


def timestamp(edtf: str | None) -> str | None:
    """The first day that an EDTF date allows, as RFC 3339; None where it names no year."""
    match = re.match(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(\d\d))?)?", (edtf or "").lstrip("./"))
    if match is None:
        return None
    year, month, day = match.groups()
    return f"{year}-{month or '01'}-{day or '01'}T00:00:00Z"
