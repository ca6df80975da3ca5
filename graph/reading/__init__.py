"""Reading: any file in, one :class:`graph.model.ReadDocument` out."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from graph.errors import UnreadableDocument
from graph.model import ReadDocument, SourceFile

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
RTF = "application/rtf"
HTML = "text/html"
MHTML = "multipart/related"
CSV = "text/csv"
MARKDOWN = "text/markdown"
TEXT = "text/plain"

_ENDINGS = {
    ".pdf": PDF, ".docx": DOCX, ".docm": DOCX, ".xlsx": XLSX, ".xlsm": XLSX,
    ".odt": ODT, ".doc": DOC, ".xls": XLS, ".rtf": RTF, ".md": MARKDOWN, ".markdown": MARKDOWN,
    ".html": HTML, ".htm": HTML, ".mht": MHTML, ".mhtml": MHTML, ".csv": CSV, ".tsv": CSV,
    ".txt": TEXT, ".text": TEXT,
}  # fmt: skip
#: The endings that a folder is searched for.
READABLE_ENDINGS = frozenset(_ENDINGS)
#: Control characters that no text holds.
_STRANGE = bytes([*range(1, 9), *range(14, 32)])
_SAMPLE = 1 << 16
#: Formats that no page and no text is saved as: with such bytes behind such an ending a download has failed.
_NEVER_TEXT = {PDF: "a PDF", DOCX: "a Word file", XLSX: "a workbook"}
_IMAGES = {
    b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image",
    b"II*\x00": "a TIFF image", b"MM\x00*": "a TIFF image",
}  # fmt: skip


def read(path: Path) -> ReadDocument:
    """Reads a file by what its bytes are, whatever its ending says.

    Raises UnreadableDocument where it is empty, of a kind that is not read, damaged, or holds no words.
    """
    source = source_file(path)
    _refuse_failed_download(path, source.media_type)
    document = _reader(source.media_type)(path, source)
    if not re.search(r"\w", document.text):
        raise UnreadableDocument(
            str(path), "no text was found in it", "if it is a scan, install OCR (ocrmypdf); else check the file"
        )
    expected = _ENDINGS.get(path.suffix.lower())
    if expected is not None and _family(expected) != _family(source.media_type):
        note = f"its name ends in {path.suffix}, but it is {source.media_type}"
        document = replace(document, warnings=(*document.warnings, note))
    return document


def _refuse_failed_download(path: Path, media_type: str) -> None:
    """What a site answers in place of a file ("not found", "sign in") holds none of the document's items."""
    promised = _ENDINGS.get(path.suffix.lower(), TEXT)
    if promised not in _NEVER_TEXT or _family(media_type) not in (HTML, TEXT):
        return
    is_page = _family(media_type) == HTML
    what = "a web page" if is_page else "plain text"
    advice = f"rename it to {'.html if the page' if is_page else '.txt if the text'} itself is meant"
    raise UnreadableDocument(
        str(path), f"it is {what}, not {_NEVER_TEXT[promised]} as its ending says", f"download it again, or {advice}"
    )


def source_file(path: Path) -> SourceFile:
    """Name, hash, size and true type of a file's bytes."""
    try:
        size = path.stat().st_size
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            sample = stream.read(_SAMPLE)
            digest.update(sample)
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    except OSError as err:
        raise UnreadableDocument(
            str(path), f"it cannot be opened ({err.strerror})", "check its name and rights"
        ) from err
    if not sample:
        raise UnreadableDocument(str(path), "the file is empty", "save or download it again")
    return SourceFile(path.name, digest.hexdigest(), _media_type(path, sample), size)


def _reader(media_type: str) -> Callable[[Path, SourceFile], ReadDocument]:
    # each format's library is loaded only where a file of that format is read
    if media_type == PDF:
        from graph.reading.pdf import read_pdf

        return read_pdf
    if media_type == DOCX:
        from graph.reading.docx import read_docx

        return read_docx
    if media_type in (XLSX, CSV):
        from graph.reading.sheet import read_csv, read_xlsx

        return read_xlsx if media_type == XLSX else read_csv
    if media_type in (HTML, MHTML):
        from graph.reading.html import read_html, read_mhtml

        return read_html if media_type == HTML else read_mhtml
    if media_type in (DOC, XLS, RTF, ODT):
        from graph.reading.doc import read_converted

        what = {DOC: "a legacy Word file", XLS: "a legacy Excel file", RTF: "an RTF file", ODT: "an ODT file"}[
            media_type
        ]
        target = "xlsx" if media_type == XLS else "docx"
        return lambda path, source: read_converted(path, source, what, target)
    from graph.reading.text import read_text

    return lambda path, source: read_text(path, source, markdown=media_type == MARKDOWN)


def _media_type(path: Path, sample: bytes) -> str:
    if sample.lstrip(b"\x00\t\r\n \xef\xbb\xbf").startswith(b"%PDF-") or b"%PDF-" in sample[:1024]:
        return PDF
    if sample.startswith(b"PK\x03\x04"):
        return _zip_type(path)
    if sample.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_type(path)
    if sample.startswith(b"{\\rtf"):
        return RTF
    for magic, what in _IMAGES.items():
        if sample.startswith(magic):
            raise UnreadableDocument(str(path), f"it is {what}, not a document", "make a PDF of it and run OCR over it")
    return _text_type(path, sample)


def _zip_type(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as err:
        raise UnreadableDocument(
            str(path), f"the archive inside is damaged ({err})", "save or download it again"
        ) from err
    if "word/document.xml" in names:
        return DOCX
    if "xl/workbook.xml" in names:
        return XLSX
    if "content.xml" in names and "mimetype" in names:
        return ODT
    raise UnreadableDocument(str(path), "it is a ZIP archive, not a document", "unpack it and give its files")


def _ole_type(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(4 << 20)
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise UnreadableDocument(str(path), "it is protected by a password", "save it without a password")
    if "WordDocument".encode("utf-16-le") in content:
        return DOC
    if "Workbook".encode("utf-16-le") in content or "Book".encode("utf-16-le") in content:
        return XLS
    return DOC if path.suffix.lower() == ".doc" else _unknown(path)


def _text_type(path: Path, sample: bytes) -> str:
    # NULs are left out of the count: UTF-16 without a mark is full of them
    visible = sample.replace(b"\x00", b"")
    strange = len(visible) - len(visible.translate(None, _STRANGE))
    if not visible or strange > 0.05 * len(visible):
        _unknown(path)
    head = visible[:4096].lower()
    if re.search(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", head):
        if re.search(rb"^mime-version:", head, re.MULTILINE) and b"multipart/related" in head:
            return MHTML
        return HTML
    if head.startswith(b"mime-version:") or (b"multipart/related" in head[:1024] and b"mime-version:" in head):
        return MHTML
    expected = _ENDINGS.get(path.suffix.lower(), TEXT)
    return expected if expected in (CSV, MARKDOWN, HTML) else TEXT


def _unknown(path: Path) -> str:
    raise UnreadableDocument(
        str(path), "it is of a kind that is not read", "PDF, DOCX, DOC, HTML, TXT, Markdown, XLSX and CSV are"
    )


def _family(media_type: str) -> str:
    return TEXT if media_type in (TEXT, MARKDOWN, CSV) else HTML if media_type == MHTML else media_type
