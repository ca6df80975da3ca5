"""PDF: words with their boxes from pdfium, tables from the rulings that the page draws."""

from __future__ import annotations

import contextlib
import ctypes
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from graph.errors import UnreadableDocument
from graph.model import PageSize, ReadDocument, SourceFile
from graph.reading.grid import Ruling
from graph.reading.layout import document_of_pages
from graph.reading.lines import PageWords, PlacedWord
from graph.reading.ocr import searchable_copy, with_bullets

MAX_PAGES = 3000
#: Pixels: an A0 sheet at 300 dpi has 139 million.
MAX_PICTURE = 200_000_000
MAX_PATHS = 6000
LETTERS_OF_A_TEXT_PAGE = 20
"""Below this mean number of letters a page, a document is taken for a scan."""

_WORD = re.compile("[^\\s\ufffe\u0002]+[\ufffe\u0002]?|[\ufffe\u0002]")
_LINE_HYPHENS = "\ufffe\u0002"
_SYMBOL_FONT = re.compile(r"symbol|wingding|dingbat|webding|marlett", re.I)
_BOLD_FONT = re.compile(r"bold|black|heavy|demi", re.I)
_THIN = 3.0


def read_pdf(path: Path, source: SourceFile) -> ReadDocument:
    """Read a PDF; a scan is read through OCR where that is installed.

    Raises UnreadableDocument for a file that is encrypted, damaged, empty, too long, or has no text.
    """
    pages, title, warnings, drawn, damaged = _pages_of(path)
    if sum(len(word.text) for page in pages for word in page.words) < LETTERS_OF_A_TEXT_PAGE * len(pages):
        if not drawn:
            raise UnreadableDocument(str(path), "has empty pages only: neither text nor a scan", "get another copy")
        if damaged == len(pages):
            raise UnreadableDocument(str(path), f"is damaged: none of its {len(pages)} pages opens", "get another copy")
        if (most := _largest_picture(path)) > MAX_PICTURE:
            reason = f"is a scan with a picture of {most // 1_000_000} megapixels, more than {MAX_PICTURE // 1_000_000}"
            raise UnreadableDocument(str(path), reason, "scan it again at 300 dpi")
        with searchable_copy(path) as copy:
            pages, _, more, *_ = _pages_of(copy)
        if not any(page.words for page in pages):
            raise UnreadableDocument(
                str(path), "is a scan in which OCR found no text", "scan it again at 300 dpi or more"
            )
        pages = with_bullets(pages)
        warnings = (*warnings, *more, "the text was recognised by OCR")
    return document_of_pages(source, pages, title=title, warnings=warnings)


def _largest_picture(path: Path) -> int:
    """Pixels of the largest picture on any page, as it is declared."""
    document, most = _open(path), 0
    try:
        for index in range(len(document)):
            with contextlib.suppress(pypdfium2.PdfiumError):
                page = document[index]
                for picture in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
                    width, height = picture.get_px_size()
                    most = max(most, width * height)
                page.close()
    finally:
        document.close()
    return most


class _Contents(NamedTuple):
    """``drawn``: whether anything is drawn on any page, so that OCR may find it. ``damaged``: how many pages do not
    open."""

    pages: list[PageWords]
    title: str | None
    warnings: tuple[str, ...]
    drawn: bool
    damaged: int


def _pages_of(path: Path) -> _Contents:
    document = _open(path)
    try:
        count = len(document)
        if count == 0:
            raise UnreadableDocument(str(path), "has no pages", "save or download it again")
        if count > MAX_PAGES:
            raise UnreadableDocument(str(path), f"has {count} pages, more than {MAX_PAGES}", "split it")
        pages: list[PageWords] = []
        warnings: list[str] = []
        drawn = False
        fonts = _Fonts()
        for index in range(count):
            try:
                page = document[index]
            except pypdfium2.PdfiumError:
                warnings.append(f"page {index + 1} is damaged and was left out")
                pages.append(PageWords(PageSize(595.0, 842.0), [], []))
                drawn = True  # for all that is known
                continue
            try:
                pages.append(_page_words(page, fonts))
                drawn = drawn or bool(pages[-1].words) or next(page.get_objects(max_depth=1), None) is not None
            finally:
                page.close()
        damaged = len(warnings)
        try:
            title = (document.get_metadata_value("Title") or "").strip() or None
        except UnicodeDecodeError:
            title = None
            warnings.append("the title in its properties is damaged and was left out")
        return _Contents(pages, title, tuple(warnings), drawn, damaged)
    finally:
        document.close()


def _open(path: Path) -> Any:
    data = path.read_bytes()
    if not data:
        raise UnreadableDocument(str(path), "is empty", "save or download it again")
    if b"%PDF" not in data[:1024]:
        raise UnreadableDocument(str(path), "is not a PDF", "open it to see what it is, or download it again")
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise UnreadableDocument(
                str(path), "is encrypted with a password", "save a copy without a password"
            ) from error
        raise UnreadableDocument(str(path), "is damaged or cut short", "save or download it again") from error


class _Fonts:
    """What is known of each font, by pdfium's handle of it."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[bool, bool]] = {}

    def bold_and_symbol(self, text_object: Any) -> tuple[bool, bool]:
        font = pdfium.FPDFTextObj_GetFont(text_object)
        address = ctypes.addressof(font.contents) if font else 0
        found = self._known.get(address)
        if found is None:
            found = self._known[address] = self._look_up(font) if font else (False, False)
        return found

    @staticmethod
    def _look_up(font: Any) -> tuple[bool, bool]:
        buffer = ctypes.create_string_buffer(256)
        pdfium.FPDFFont_GetBaseFontName(font, buffer, 256)
        name = buffer.value.decode("utf-8", "replace")
        return bool(_BOLD_FONT.search(name)) or pdfium.FPDFFont_GetWeight(font) >= 600, bool(_SYMBOL_FONT.search(name))


class _Frame:
    """Turns pdfium's user space (origin at the bottom left, before rotation) into points from the top left corner."""

    def __init__(self, page: Any) -> None:
        self.left, self.bottom, self.right, self.top = page.get_bbox()  # follows a box inherited from the page tree
        self.rotation = page.get_rotation() % 360
        self.size = PageSize(*(round(float(value), 2) for value in page.get_size()))

    def point(self, x: float, y: float) -> tuple[float, float]:
        if self.rotation == 90:
            return y - self.bottom, x - self.left
        if self.rotation == 180:
            return self.right - x, y - self.bottom
        if self.rotation == 270:
            return self.top - y, self.right - x
        return x - self.left, self.top - y

    def box(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        xa, ya = self.point(left, bottom)
        xb, yb = self.point(right, top)
        return min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)


def _page_words(page: Any, fonts: _Fonts) -> PageWords:
    frame = _Frame(page)
    text_page = page.get_textpage()
    try:
        words = list(_words(text_page, frame, fonts))
    finally:
        text_page.close()
    return PageWords(frame.size, words, _rulings(page, frame))


def _text(text_page: Any, count: int) -> str:
    """One character per index of pdfium's, whatever the plane."""
    text: str = text_page.get_text_range(0, count)
    if len(text) == count:
        return text
    codes = (pdfium.FPDFText_GetUnicode(text_page, index) for index in range(count))
    return "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)


def _words(text_page: Any, frame: _Frame, fonts: _Fonts) -> Iterator[PlacedWord]:
    count = text_page.count_chars()
    if count <= 0:
        return
    text = _text(text_page, count)
    raw = text_page.raw
    rect = pdfium.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    box_of, origin_of = pdfium.FPDFText_GetLooseCharBox, pdfium.FPDFText_GetCharOrigin
    size_of, object_of = pdfium.FPDFText_GetFontSize, pdfium.FPDFText_GetTextObject
    rect_ref, x_ref, y_ref = ctypes.byref(rect), ctypes.byref(x), ctypes.byref(y)
    for match in _WORD.finditer(text):
        start, end = match.span()
        token = match.group()
        hyphen = token[-1] in _LINE_HYPHENS
        if hyphen:
            token = token[:-1] + "-"
        for first, last in _same_size_runs(raw, token, start, end, size_of):
            origin_of(raw, first, x_ref, y_ref)
            _, baseline = frame.point(x.value, y.value)
            box_of(raw, first, rect_ref)
            box = frame.box(rect.left, rect.bottom, rect.right, rect.top)
            if last > first:
                box_of(raw, last, rect_ref)
                after = frame.box(rect.left, rect.bottom, rect.right, rect.top)
                if after[1] < box[3] and after[3] > box[1]:
                    box = (min(box[0], after[0]), min(box[1], after[1]), max(box[2], after[2]), max(box[3], after[3]))
            size = size_of(raw, first)
            height = box[3] - box[1]
            if not 0.5 * size <= height <= 2.2 * size and height > 0:
                size = height / 1.2  # the size is scaled by the text matrix
            text_object = object_of(raw, first)
            bold, symbol = fonts.bold_and_symbol(text_object) if text_object else (False, False)
            yield PlacedWord(
                token[first - start : last - start + 1],
                box[0],
                box[1],
                box[2],
                box[3],
                baseline,
                round(size, 1),
                bold,
                symbol,
                hyphen and last == end - 1,
                glued=first > start,
            )


def _same_size_runs(raw: Any, token: str, start: int, end: int, size_of: Any) -> Iterator[tuple[int, int]]:
    """First and last index of each run of one size: a footnote's mark glued to a word is a run of its own."""
    if end - start > 1 and token[-1].isdigit() and not token.isdigit():
        digits = len(token) - len(token.rstrip("0123456789"))
        split = end - digits
        if digits <= 2 and size_of(raw, split) < 0.85 * size_of(raw, start):
            yield start, split - 1
            yield split, end - 1
            return
    yield start, end - 1


def _rulings(page: Any, frame: _Frame) -> list[Ruling]:
    """The horizontal and vertical lines of a page, thin filled boxes among them."""
    found: list[Ruling] = []
    for seen, item in enumerate(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=1)):
        if seen > MAX_PATHS:
            return []
        try:
            bounds = item.get_bounds()
        except pypdfium2.PdfiumError:
            continue
        box = frame.box(*bounds)
        wide, high = box[2] - box[0], box[3] - box[1]
        if high <= _THIN or wide <= _THIN:
            if max(wide, high) >= 0.2:
                found.append(_ruling(box))
        elif _is_stroked(item):
            found += _outline(item, frame, box)
    return found


def _ruling(box: tuple[float, float, float, float]) -> Ruling:
    wide, high = box[2] - box[0], box[3] - box[1]
    if wide >= high:
        return Ruling(True, (box[1] + box[3]) / 2, box[0], box[2])
    return Ruling(False, (box[0] + box[2]) / 2, box[1], box[3])


def _is_stroked(item: Any) -> bool:
    fill, stroke = ctypes.c_int(), pdfium.FPDF_BOOL()
    return bool(pdfium.FPDFPath_GetDrawMode(item.raw, ctypes.byref(fill), ctypes.byref(stroke)) and stroke.value)


def _outline(item: Any, frame: _Frame, box: tuple[float, float, float, float]) -> Iterator[Ruling]:
    """The straight edges of a stroked path, in page coordinates."""
    matrix = item.get_matrix()
    count = pdfium.FPDFPath_CountSegments(item.raw)
    if count > 200:
        return
    x, y = ctypes.c_float(), ctypes.c_float()
    begin: tuple[float, float] | None = None
    before: tuple[float, float] | None = None
    for index in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(item.raw, index)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        pdfium.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y))
        here = frame.point(*matrix.on_point(x.value, y.value))
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            begin = here
        elif kind == pdfium.FPDF_SEGMENT_LINETO and before is not None:
            yield from _edge(before, here)
        if begin is not None and pdfium.FPDFPathSegment_GetClose(segment):
            yield from _edge(here, begin)
        before = here


def _edge(a: tuple[float, float], b: tuple[float, float]) -> Iterator[Ruling]:
    if abs(a[1] - b[1]) <= 1 or abs(a[0] - b[0]) <= 1:
        yield _ruling((min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])))
