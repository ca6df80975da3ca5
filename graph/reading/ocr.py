"""Scans: a copy with a text layer, made by ocrmypdf or tesseract where one is installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.errors import UnreadableDocument

DPI = 300
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
                    str(path), f"is a scan whose page {index + 1} is damaged", "get another copy"
                ) from error
            yield str(image)
    finally:
        document.close()
