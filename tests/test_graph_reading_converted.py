"""What other programs read for us: scans by tesseract, office files of older kinds by LibreOffice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pypdfium2
import pytest

from graph.authorities import Register
from graph.errors import UnreadableDocument
from graph.extraction import extract
from graph.model import Extraction
from graph.reading import read
from tests.samples.councils import REGISTER_FILE
from tests.samples.gold import gold
from tests.samples.make_samples import rendered
from tests.samples.markup import SampleDocument, documents, parse
from tests.scoring import Score

UNFITTED = Path(__file__).with_name("unfitted")
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
OCR = shutil.which("ocrmypdf") or shutil.which("tesseract")


def sample(name: str) -> SampleDocument:
    return next(document for document in documents() if document.file == name)


def extracted(path: Path) -> Extraction:
    return extract(read(path), Register.load(REGISTER_FILE))


def scanned(path: Path, scan: Path) -> Path:
    """The pages of a PDF as pictures, as a scanner saves them."""
    document = pypdfium2.PdfDocument(path)
    pages = [document[index].render(scale=200 / 72, grayscale=True).to_pil() for index in range(min(4, len(document)))]
    document.close()
    pages[0].save(scan, save_all=True, append_images=pages[1:], resolution=200)
    return scan


@pytest.mark.slow
@pytest.mark.skipif(OCR is None, reason="neither ocrmypdf nor tesseract is installed here")
def test_a_scanned_report_is_read_by_ocr(tmp_path: Path) -> None:
    document = sample("haverwick_2018-09-21.pdf")
    path = tmp_path / "clean.pdf"
    path.write_bytes(rendered(document))
    clean, found = extracted(path), extracted(scanned(path, tmp_path / "scan.pdf"))
    assert found.document.authority == clean.document.authority
    assert found.inspections[0].start == clean.inspections[0].start
    first = [r.text for r in clean.recommendations]
    assert first
    assert len({r.text for r in found.recommendations} & set(first)) >= 0.7 * len(first)
    said = {f.text for f in found.findings}
    seen = [f.text for f in clean.findings if f.evidence.page is not None and f.evidence.page <= 4]
    assert sum(text in said for text in seen) >= 0.7 * len(seen)
    assert {(j.area_concept, j.grade_concept) for j in found.judgements} == {
        (j.area_concept, j.grade_concept) for j in clean.judgements
    }


def converted(path: Path, ending: str) -> Path:
    assert OFFICE is not None
    subprocess.run(
        [OFFICE, f"-env:UserInstallation=file://{path.parent}/profile", "--headless", "--convert-to", ending,
         "--outdir", str(path.parent / "out"), str(path)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return path.parent / "out" / f"{path.stem}.{ending}"


@pytest.mark.slow
@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed here")
@pytest.mark.parametrize("ending", ["doc", "rtf", "odt"])
def test_an_office_file_of_another_kind_says_what_its_docx_says(tmp_path: Path, ending: str) -> None:
    # LibreOffice loses tables when it writes the oldest format, so that one is tried on prose
    document = (
        parse((UNFITTED / "oxenmere-executive-2009.txt").read_text(encoding="utf-8"))
        if ending == "doc"
        else sample("haverwick-improvement-plan-2015.docx")
    )
    path = tmp_path / document.file
    path.write_bytes(rendered(document))
    score = Score()
    score.add(gold(document), extracted(converted(path, ending)))
    for kind in ("recommendations", "actions"):
        tally = getattr(score, kind)
        assert tally.f1 >= 0.95, tally.missed + tally.spurious


@pytest.mark.slow
@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed here")
def test_a_broken_legacy_file_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "a.doc"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le") + b"\0" * 600
    )
    with pytest.raises(UnreadableDocument):
        read(path)
