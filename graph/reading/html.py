"""Saved web pages, and the HTML that other formats carry inside.

A council's page comes with its furniture: menus, breadcrumbs, cookie notices, footers. They are dropped by element,
role and class, unless what looks like furniture holds most of the page's words.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import lxml.html
from lxml import etree

from graph.errors import UnreadableDocument
from graph.model import ReadDocument, SourceFile
from graph.reading.composition import (
    BULLETS,
    Draft,
    DraftCell,
    DraftLine,
    DraftRow,
    compose,
    split_bullets,
    split_marker,
    squeeze,
    tidy_lines,
)
from graph.reading.encoding import decode
from graph.reading.headings import mark_headings

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 200
MAX_CELLS = 500_000
#: A tag this long is an attack on the parser, which compares each attribute with all before it; pictures written into
#: the page are left aside.
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{100000}")
_DATA_URL = re.compile(r"data:[\w/+.;=-]+,[^\"'<>\s]*")

_DROPPED = frozenset(
    "script style noscript template svg math iframe object embed canvas video audio nav footer aside button select "
    "option input textarea dialog head meta link map area".split()
)
_FURNITURE_ROLES = frozenset(
    "navigation banner contentinfo search complementary dialog alertdialog menu menubar".split()
)
_FURNITURE = re.compile(
    r"(?i)(?:^|[\s_-])(?:cookies?|cookie\w*|consent|breadcrumbs?|nav|navigation|navbar|menu|submenu|footer|"
    r"site-?header|"
    r"page-?header|masthead|sidebar|side-?bar|skip(?:-?link|-?to-?content|links)?|share|sharing|social|feedback|"
    r"pagination|"
    r"pager|toolbar|search(?:-?box|-?form)?|banner|related(?:-?links)?|back-?to-?top|print-?link|language-?switch\w*|"
    r"sr-only|visually-?hidden|hidden|advert\w*)(?:$|[\s_-])"
)
_BLOCKS = frozenset(
    "address article blockquote body center dd details "
    "div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr html legend li main ol p pre section summary table tbody td tfoot th thead tr ul caption".split()
)
_HEADING = re.compile(r"h([1-6])$")


class TooManyCells(ValueError):
    """A page's tables have more cells than are read, counting those repeated over the rows that they span."""


def read_html(path: Path, source: SourceFile) -> ReadDocument:
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise UnreadableDocument(
            str(path), f"a page of {len(data)} bytes, more than {MAX_BYTES}", "save the report alone, without the site"
        )
    text, warnings = decode(data, _declared(data))
    if _LONG_TAG.search(_DATA_URL.sub("", text)):
        raise UnreadableDocument(str(path), "one of its tags never ends", "save the page again, or as PDF")
    root, whole = _tree(text)
    if root is None:
        raise UnreadableDocument(str(path), "the page holds no text", "check that the whole page was saved")
    if not whole:
        warnings = (*warnings, "its elements are nested without end: what follows the deepest was left out")
    document = _composed(path, source, root, warnings)
    if not whole and not document.text:
        raise UnreadableDocument(str(path), "its elements are nested without end", "save the page again, or as PDF")
    return document


def _composed(path: Path, source: SourceFile, root: lxml.html.HtmlElement, warnings: tuple[str, ...]) -> ReadDocument:
    title = root.findtext(".//title")
    try:
        drafts = page_drafts(root)
    except TooManyCells as err:
        raise UnreadableDocument(
            str(path), f"its tables have more than {MAX_CELLS} cells", "save the report alone, without the site"
        ) from err
    return compose(source, mark_headings(drafts), title=title, warnings=warnings)


def read_mhtml(path: Path, source: SourceFile) -> ReadDocument:
    """A page saved with its pictures in one file: its first HTML part."""
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableDocument(str(path), "the saved page is too large", "save it as HTML only")
    try:
        parts = list(email.message_from_bytes(path.read_bytes(), policy=email.policy.default).walk())
    except RecursionError as err:
        raise UnreadableDocument(str(path), "its parts are nested without end", "save it as HTML only") from err
    for part in parts:
        if part.get_content_type() == "text/html":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                text, warnings = decode(payload, part.get_content_charset())
                root = parse_html(text)
                if root is not None:
                    return _composed(path, source, root, warnings)
    raise UnreadableDocument(str(path), "the saved page holds no HTML", "save it as HTML only")


def parse_html(text: str) -> lxml.html.HtmlElement | None:
    """The tree of a page or fragment; None where there is nothing in it. No entity or network access is possible."""
    return _tree(text)[0]


def _tree(text: str) -> tuple[lxml.html.HtmlElement | None, bool]:
    """The tree, and whether it is whole: the parser gives up where elements are nested 256 deep."""
    text = re.sub(r"<\?xml[^>?]*\?>", "", text)
    if not text.strip():
        return None, True
    parser = lxml.html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = lxml.html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None, True
    return root, not any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log)


def page_drafts(root: lxml.html.HtmlElement) -> list[Draft]:
    """The blocks of a page without its furniture, headings as the page marks them."""
    body = root.find("body") if root.tag == "html" else root
    if body is None:
        return []
    _remove_furniture(body)
    walk = _Walk()
    walk.visit(_main(body), 0)
    walk.flush()
    return walk.drafts


def fragment_lines(fragment: str) -> tuple[DraftLine, ...]:
    """The lines of a table cell that holds HTML: paragraphs, list items, breaks."""
    root = parse_html(f"<body><div>{fragment}</div></body>")
    return cell_lines_of(root) if root is not None else ()


def cell_lines_of(element: lxml.html.HtmlElement) -> tuple[DraftLine, ...]:
    walk = _Walk(breaks=True)
    walk.visit(element, 0)
    walk.flush()
    lines: list[DraftLine] = []
    for draft in walk.drafts:
        if draft.kind == "table":
            lines.extend(line for row in draft.rows for cell in row.cells for line in cell.lines)
        else:
            lines.append(DraftLine(draft.text, draft.marker, draft.level if draft.kind == "list_item" else 0))
    return tidy_lines(lines)


@dataclass
class _Walk:
    """Turns a tree into drafts: inline words gather until a block begins or ends. ``breaks``: <br> ends a line."""

    breaks: bool = False
    drafts: list[Draft] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    _bold: int = 0
    _bold_length: int = 0
    _kind: str = "paragraph"
    _level: int = 0
    _marker: str | None = None
    _lists: list[tuple[str, int]] = field(default_factory=list)
    _cells: int = 0

    def flush(self) -> None:
        words = "".join(self._words)
        bold = self._bold_length >= 0.8 * max(1, len(re.sub(r"\s", "", words)))
        self._words, self._bold_length = [], 0
        for line in words.split("\x1e"):
            for piece in split_bullets(line):
                self._emit(squeeze(piece), bold)

    def _emit(self, text: str, bold: bool) -> None:
        if not re.search(r"\w", text):
            return
        if self._kind == "heading":
            marker, rest = split_marker(text)
            numbered = marker is not None and marker not in BULLETS
            self.drafts.append(Draft("heading", rest if numbered else text, self._level, marker if numbered else None))
            return
        marker, rest = split_marker(text)
        if self._kind == "list_item" and self._marker is not None:
            if marker is not None and (marker in BULLETS or self._marker in BULLETS):
                self.drafts.append(Draft("list_item", rest, self._level, marker, bold))
            else:
                self.drafts.append(Draft("list_item", text, self._level, self._marker, bold))
            self._marker = None
        elif self._kind == "list_item":
            # a second paragraph of a list item goes on with it unless it has a bullet of its own
            if marker is not None:
                self.drafts.append(Draft("list_item", rest, self._level, marker, bold))
            else:
                self.drafts.append(Draft("paragraph", text, bold=bold))
        elif marker is not None:
            self.drafts.append(Draft("list_item", rest, 0, marker, bold))
        else:
            self.drafts.append(Draft("paragraph", text, bold=bold))

    def visit(self, element: lxml.html.HtmlElement, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._add(element.text_content())
            return
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _DROPPED or _hidden(element):
            return
        if tag == "br":
            self._add("\x1e" if self.breaks or _bullet_follows(element) else " ")
        elif tag == "table":
            self._table(element, depth)
        elif tag in ("ul", "ol"):
            self._list(element, depth)
        elif (heading := _HEADING.match(tag)) is not None:
            self._block(element, depth, "heading", int(heading[1]))
        elif tag in _BLOCKS:
            self._block(
                element, depth, "list_item" if self._lists and self._kind == "list_item" else "paragraph", self._level
            )
        else:
            bold = tag in ("b", "strong") or "font-weight:bold" in (element.get("style") or "").replace(" ", "")
            self._bold += bold
            self._children(element, depth)
            self._bold -= bold

    def _children(self, element: lxml.html.HtmlElement, depth: int) -> None:
        self._add(element.text)
        for child in element:
            self.visit(child, depth + 1)
            self._add(child.tail)

    def _add(self, words: str | None) -> None:
        if words:
            self._words.append(words)
            if self._bold:
                self._bold_length += len(re.sub(r"\s", "", words))

    def _block(self, element: lxml.html.HtmlElement, depth: int, kind: str, level: int) -> None:
        self.flush()
        before = (self._kind, self._level)
        self._kind, self._level = kind, level
        self._children(element, depth)
        self.flush()
        self._kind, self._level = before

    def _list(self, element: lxml.html.HtmlElement, depth: int) -> None:
        self.flush()
        before = (self._kind, self._level, self._marker)
        level = len(self._lists)
        number = _integer(element.get("start"), 1)
        self._lists.append((element.tag, number))
        # words that stand in the list but in none of its items: bullets typed by hand
        self._kind, self._level, self._marker = "paragraph", level, None
        self._add(element.text)
        self.flush()
        for item in element:
            if item.tag != "li":
                # lists nested directly in lists, as word processors write them
                self._kind, self._level, self._marker = "list_item", level, None
                self.visit(item, depth + 1)
                continue
            number = _integer(item.get("value"), number)
            marker = "•" if element.tag == "ul" else _ordinal(number, item.get("type") or element.get("type") or "1")
            number += 1
            self.flush()
            self._kind, self._level, self._marker = "list_item", level, marker
            self._children(item, depth + 1)
            self.flush()
            self._kind, self._marker = "paragraph", None
            self._add(item.tail)
            self.flush()
        self._lists.pop()
        self._kind, self._level, self._marker = before

    def _table(self, element: lxml.html.HtmlElement, depth: int) -> None:
        self.flush()
        rows = list(_rows(element))
        if _is_layout(element, rows):
            for row in rows:
                for cell in row:
                    self._block(cell, depth + 1, "paragraph", 0)
            return
        caption = element.find("caption")
        if caption is not None and squeeze(caption.text_content()):
            self.drafts.append(Draft("paragraph", squeeze(caption.text_content()), bold=True))
        self.drafts.append(Draft("table", rows=tuple(self._grid(rows))))

    def _grid(self, rows: list[list[lxml.html.HtmlElement]]) -> Iterator[DraftRow]:
        """Cells in their columns: a cell that spans rows is repeated in each, as print repeats it for the eye."""
        hanging: dict[int, tuple[int, tuple[DraftLine, ...], int]] = {}
        for row in rows:
            column = 0
            cells: list[DraftCell] = []
            fresh: dict[int, tuple[int, tuple[DraftLine, ...], int]] = {}
            queue = list(row)
            while queue or column in hanging:
                if column in hanging:
                    left, lines, span = hanging.pop(column)
                    cells.append(DraftCell(lines, column, span))
                    if left > 1:
                        fresh[column] = (left - 1, lines, span)
                    column += span
                    continue
                cell = queue.pop(0)
                lines = cell_lines_of(cell)
                span = min(_integer(cell.get("colspan"), 1), 60) or 1
                down = min(_integer(cell.get("rowspan"), 1), 1000)
                cells.append(DraftCell(lines, column, span))
                if down > 1:
                    fresh[column] = (down - 1, lines, span)
                column += span
            for later in sorted(hanging):
                left, lines, span = hanging[later]
                cells.append(DraftCell(lines, later, span))
                if left > 1:
                    fresh[later] = (left - 1, lines, span)
            hanging = fresh
            self._cells += len(cells)
            if self._cells > MAX_CELLS:
                raise TooManyCells
            yield DraftRow(tuple(cells), header=bool(row) and all(cell.tag == "th" for cell in row))


def _rows(table: lxml.html.HtmlElement) -> Iterator[list[lxml.html.HtmlElement]]:
    for child in table:
        if child.tag == "tr":
            yield [cell for cell in child if cell.tag in ("td", "th")]
        elif child.tag in ("tbody", "thead", "tfoot"):
            yield from _rows(child)


def _is_layout(table: lxml.html.HtmlElement, rows: list[list[lxml.html.HtmlElement]]) -> bool:
    """Whether a table only places things on the page: presentational, nesting tables or headings, or one column."""
    if table.get("role") == "presentation" or not rows or max(len(row) for row in rows) < 2:
        return True
    if table.find(".//th") is not None:
        return False
    return table.find(".//table") is not None or any(table.find(f".//h{level}") is not None for level in range(1, 4))


def _remove_furniture(body: lxml.html.HtmlElement) -> None:
    total = max(1, len(body.text_content()))
    for element in list(body.iter()):
        if not isinstance(element.tag, str) or element is body or element.getparent() is None:
            continue
        named = f"{element.get('class') or ''} {element.get('id') or ''}"
        furniture = (
            element.get("role") in _FURNITURE_ROLES
            or (
                element.tag in ("div", "ul", "ol", "section", "header", "p", "span", "form")
                and _FURNITURE.search(named)
            )
            or (element.tag == "header" and element.find(".//h1") is None)
        )
        if furniture and len(element.text_content()) < 0.5 * total:
            element.drop_tree()


def _main(body: lxml.html.HtmlElement) -> lxml.html.HtmlElement:
    total = max(1, len(body.text_content()))
    for path in (".//main", ".//*[@role='main']", ".//*[@id='main-content']", ".//*[@id='content']", ".//article"):
        found = body.findall(path)
        if len(found) == 1 and len(found[0].text_content()) >= 0.4 * total:
            return found[0]
    return body


def _hidden(element: lxml.html.HtmlElement) -> bool:
    style = (element.get("style") or "").replace(" ", "").lower()
    return element.get("hidden") is not None or "display:none" in style or element.get("aria-hidden") == "true"


def _bullet_follows(element: lxml.html.HtmlElement) -> bool:
    return split_marker((element.tail or "")[:80])[0] is not None


def _integer(text: str | None, default: int) -> int:
    return int(text) if text and text.strip().isdecimal() and len(text.strip()) < 7 else default


def _ordinal(number: int, kind: str) -> str:
    if kind in ("a", "A") and 1 <= number <= 26:
        return f"{chr(ord(kind) + number - 1)}."
    if kind in ("i", "I"):
        roman = _roman(number)
        return f"{roman if kind == 'I' else roman.lower()}."
    return f"{number}."


def _roman(number: int) -> str:
    out = ""
    for value, letters in (
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ):
        while number >= value and len(out) < 12:
            out += letters
            number -= value
    return out


def _declared(data: bytes) -> str | None:
    found = re.search(rb"charset\s*=\s*[\"']?\s*([\w-]{3,20})", data[:4096], re.IGNORECASE)
    return found[1].decode("ascii", "replace") if found else None
