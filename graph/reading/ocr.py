"""Scans: a copy with a text layer, made by ocrmypdf or tesseract where one is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from graph.errors import UnreadableDocument
from graph.reading.lines import PageWords, PlacedWord

DPI = 300
#: What a round or square bullet is taken for; none of them is a word.
_TAKEN_FOR_BULLETS = re.compile(r"[=«»¢®©°~¤eo*+-]|[mwn]?[™@®©¢°§¥]+")
#: Edges and stains that are taken for signs.
_STRAY = frozenset("|_‘¦")
TIMEOUT = 900
"""Seconds for one document."""


@contextmanager
def searchable_copy(path: Path) -> Iterator[Path]:
    """A temporary PDF of the same pages with recognised text.

    Raises UnreadableDocument where no OCR program is installed or it fails.
    """
    with tempfile.TemporaryDirectory(prefix="inspectgraph-ocr-") as folder:
        copy = Path(folder) / "copy.pdf"
        if shutil.which("ocrmypdf"):
            _run(path, ["ocrmypdf", "--quiet", "--skip-text", "--output-type", "pdf", str(path), str(copy)])
        elif shutil.which("tesseract"):
            images = Path(folder) / "pages.txt"
            images.write_text("\n".join(_page_images(path, Path(folder))), encoding="utf-8")
            _run(path, ["tesseract", str(images), str(copy.with_suffix("")), "--dpi", str(DPI), "-l", "eng", "pdf"])
        else:
            raise UnreadableDocument(
                str(path),
                "is a scan: its pages hold pictures, no text",
                "install ocrmypdf or tesseract, or give a copy with text",
            )
        if not copy.exists():
            raise UnreadableDocument(str(path), "is a scan that OCR could not read", "give a copy with text")
        yield copy


def with_bullets(pages: Sequence[PageWords]) -> list[PageWords]:
    """Pages of recognised text with the bullets that were taken for other signs: what begins a line and is no word, one
    below the other at least twice in the document."""
    pages = [replace(page, words=[word for word in page.words if word.text not in _STRAY]) for page in pages]
    begins = [_line_begins(page.words) for page in pages]
    margins = Counter(
        round(page.words[index].x0 / 6)
        for page, starts in zip(pages, begins, strict=True)
        for index in starts
        if _TAKEN_FOR_BULLETS.fullmatch(page.words[index].text)
    )
    mended = []
    for page, starts in zip(pages, begins, strict=True):
        words = [
            replace(word, text="•", glued=False)
            if index in starts
            and _TAKEN_FOR_BULLETS.fullmatch(word.text)
            and sum(margins[round(word.x0 / 6) + step] for step in (-1, 0, 1)) >= 2
            else word
            for index, word in enumerate(page.words)
        ]
        mended.append(replace(page, words=type(page.words)(words)))
    return mended


def _line_begins(words: Sequence[PlacedWord]) -> frozenset[int]:
    later = {
        index
        for index, (left, right) in enumerate(pairwise(words), 1)
        if abs(left.baseline - right.baseline) <= 0.5 * left.size and right.x0 >= left.x0
    }
    return frozenset(range(len(words))) - later


def _run(path: Path, command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT)
    except (OSError, subprocess.SubprocessError) as error:
        raise UnreadableDocument(
            str(path), f"is a scan that {command[0]} could not read", "give a copy with text"
        ) from error


def _page_images(path: Path, folder: Path) -> Iterator[str]:
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        for index in range(len(document)):
            image = folder / f"page-{index + 1:04}.png"
            try:
                document[index].render(scale=DPI / 72, grayscale=True).to_pil().save(image)
            except pypdfium2.PdfiumError as error:
                raise UnreadableDocument(
                    str(path), f"is a scan with damaged pages (the first is {index + 1})", "get another copy"
                ) from error
            yield str(image)
    finally:
        document.close()
