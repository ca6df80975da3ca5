"""Looks a ZIP over before anything unpacks it: DOCX and XLSX are ZIP archives that strangers made.

The limits are on what the archive claims and on where its members lie; claims are checked once more by reading with a
bound, since a member may unpack to more than it says.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from graph.errors import UnreadableDocument

MAX_MEMBERS = 4_000
MAX_UNPACKED = 512 * 1024 * 1024
MAX_XML = 128 * 1024 * 1024
MAX_RATIO = 250
#: What reading a member raises where it is damaged.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
_CHUNK = 1 << 16
_ADVICE = "open it in an office program and save it afresh, or save it as PDF"


def check_archive(path: Path, source: str) -> tuple[str, ...]:
    """The member names of a ZIP that may be unpacked; raises UnreadableDocument with what is wrong with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_claims(members, path.stat().st_size, source)
            _check_overlap(members, source)
            for member in members:
                if member.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _check_xml(archive, member, source)
            return tuple(member.filename for member in members)
    except (*DAMAGE, ValueError) as err:
        raise UnreadableDocument(source, f"the archive inside is damaged ({err})", _ADVICE) from err


def _check_claims(members: list[zipfile.ZipInfo], packed: int, source: str) -> None:
    if len(members) > MAX_MEMBERS:
        raise UnreadableDocument(source, f"it holds {len(members)} parts, more than {MAX_MEMBERS}", _ADVICE)
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED:
        raise UnreadableDocument(source, f"it unpacks to {unpacked} bytes, more than {MAX_UNPACKED}", _ADVICE)
    if unpacked > 16 * 1024 * 1024 and unpacked > MAX_RATIO * max(packed, 1):
        raise UnreadableDocument(source, f"it unpacks to {unpacked // max(packed, 1)} times its size", _ADVICE)
    for member in members:
        if member.flag_bits & 0x1:
            raise UnreadableDocument(source, "it is encrypted", "save it without a password")


def _check_overlap(members: list[zipfile.ZipInfo], source: str) -> None:
    """Members that share bytes unpack the same data again and again."""
    end = 0
    for member in sorted(members, key=lambda m: m.header_offset):
        if member.header_offset < end:
            raise UnreadableDocument(source, "parts of its archive overlap", _ADVICE)
        end = member.header_offset + 30 + member.compress_size


def _check_xml(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: str) -> None:
    """No office program writes a document type into its XML; entities, and so bombs of them, need one."""
    read = 0
    before = b""
    for chunk in _chunks(archive, member):
        read += len(chunk)
        if read > MAX_XML or read > member.file_size + _CHUNK:
            raise UnreadableDocument(source, f"its part {member.filename} unpacks to more than it says", _ADVICE)
        window = before + chunk
        if b"<!DOCTYPE" in window or b"<!ENTITY" in window or _declared_in_utf16(window):
            raise UnreadableDocument(source, f"its part {member.filename} declares a document type", _ADVICE)
        before = window[-32:]


def _declared_in_utf16(window: bytes) -> bool:
    return "<!DOCTYPE".encode("utf-16-le") in window or "<!DOCTYPE".encode("utf-16-be") in window


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as part:
        while chunk := part.read(_CHUNK):
            yield chunk
