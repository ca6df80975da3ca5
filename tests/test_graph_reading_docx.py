from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from graph.errors import UnreadableDocument
from graph.model import ReadDocument
from graph.reading import archive, read


def saved(folder: Path, document: object) -> ReadDocument:
    path = folder / "a.docx"
    document.save(str(path))  # type: ignore[attr-defined]
    return read(path)


def shown(document: ReadDocument) -> list[tuple[str, int, str | None, str]]:
    return [(b.kind, b.level, b.marker, document.slice(b)) for b in document.blocks]


def test_headings_lists_and_paragraphs_are_told_apart_and_headers_left_out(tmp_path: Path) -> None:
    made = docx.Document()
    made.sections[0].header.paragraphs[0].text = "Header"
    made.sections[0].footer.paragraphs[0].text = "Footer"
    made.add_heading("A title", 1)
    made.add_paragraph("Words that stop.")
    made.add_paragraph("first", style="List Number")
    made.add_paragraph("second", style="List Number")
    made.add_paragraph("point", style="List Bullet")
    assert shown(saved(tmp_path, made)) == [
        ("heading", 1, None, "A title"),
        ("paragraph", 0, None, "Words that stop."),
        ("list_item", 0, "1.", "first"),
        ("list_item", 0, "2.", "second"),
        ("list_item", 0, "•", "point"),
    ]


def test_tracked_changes_are_read_as_accepted(tmp_path: Path) -> None:
    made = docx.Document()
    paragraph = made.add_paragraph("The plan ")
    paragraph._p.append(parse_xml(f'<w:ins {nsdecls("w")} w:id="1" w:author="x"><w:r><w:t>is new</w:t></w:r></w:ins>'))
    paragraph._p.append(
        parse_xml(f'<w:del {nsdecls("w")} w:id="2" w:author="x"><w:r><w:delText>was old</w:delText></w:r></w:del>')
    )
    assert saved(tmp_path, made).text == "The plan is new"


def test_a_cell_merged_downwards_stands_in_each_row_and_one_merged_across_spans(tmp_path: Path) -> None:
    made = docx.Document()
    table = made.add_table(rows=3, cols=3)
    for index, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = str(index)
    merged = table.cell(1, 0).merge(table.cell(2, 0))
    merged.text = "down"
    across = table.cell(0, 1).merge(table.cell(0, 2))
    across.text = "across"
    document = saved(tmp_path, made)
    read_table = document.blocks[0].table
    assert read_table is not None
    rows = [
        [(c.column, c.colspan, " ".join(document.slice(x) for x in c.lines)) for c in row.cells]
        for row in read_table.rows
    ]
    assert rows == [
        [(0, 1, "0"), (1, 2, "across")],
        [(0, 1, "down"), (1, 1, "4"), (2, 1, "5")],
        [(0, 1, "down"), (1, 1, "7"), (2, 1, "8")],
    ]


def test_a_box_of_one_cell_is_text_not_a_table(tmp_path: Path) -> None:
    made = docx.Document()
    made.add_table(rows=1, cols=1).cell(0, 0).text = "In a box."
    assert [kind for kind, *_ in shown(saved(tmp_path, made))] == ["paragraph"]


# ------------------------------------------------------------------------------------------------------- hostile files


def packed(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "bad.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path


def refused(path: Path) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read(path)
    assert caught.value.advice
    return caught.value.reason


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    assert "times its size" in refused(packed(tmp_path, {"word/document.xml": b"<a/>", "x.bin": b"\0" * (40 << 20)}))


def test_a_declared_document_type_is_refused(tmp_path: Path) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><w>&b;</w>'
    assert "document type" in refused(packed(tmp_path, {"word/document.xml": bomb}))
    assert "document type" in refused(packed(tmp_path, {"word/document.xml": bomb.decode().encode("utf-16")}))


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 5)
    assert "parts" in refused(packed(tmp_path, {"word/document.xml": b"<a/>", **{f"{i}.bin": b"" for i in range(9)}}))


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, {"word/document.xml": b"<a/>", "x.bin": bytes(range(256)) * 8})
    data = bytearray(path.read_bytes())
    # the second entry of the directory points to the first member's bytes
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = (0).to_bytes(4, "little")
    path.write_bytes(data)
    assert "overlap" in refused(path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    made = docx.Document()
    made.add_paragraph("words")
    made.save(str(tmp_path / "whole.docx"))
    data = (tmp_path / "whole.docx").read_bytes()
    (tmp_path / "cut.docx").write_bytes(data[: int(len(data) * share)])
    assert "damaged" in refused(tmp_path / "cut.docx")


def test_a_picture_that_does_not_unpack_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    docx.Document().save(str(path))
    with zipfile.ZipFile(path) as opened:
        picture = opened.getinfo("docProps/thumbnail.jpeg")
    data = bytearray(path.read_bytes())
    start = picture.header_offset + 30 + len(picture.filename)
    data[start : start + 40] = b"\xff" * 40
    path.write_bytes(data)
    assert "damaged" in refused(path)


def test_an_archive_of_other_things_is_no_document(tmp_path: Path) -> None:
    assert "ZIP archive" in refused(packed(tmp_path, {"a.txt": b"words"}))


def test_a_word_file_whose_parts_are_missing_is_refused(tmp_path: Path) -> None:
    assert "damaged" in refused(packed(tmp_path, {"word/document.xml": b"<a/>"}))


def test_a_locked_office_file_asks_for_one_without_a_password(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600
    )
    assert "password" in refused(path)


@pytest.mark.skipif(shutil.which("soffice") is not None, reason="LibreOffice is installed here")
def test_a_legacy_word_file_without_libreoffice_says_what_to_install(tmp_path: Path) -> None:
    path = tmp_path / "a.doc"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le") + b"\0" * 600
    )
    assert "LibreOffice" in refused(path)
