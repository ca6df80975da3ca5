"""Bytes to text where nobody wrote down the encoding."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


#: Encodings that documents declare; Python knows others that no document is in and that take hours.
_OF_TEXTS = re.compile(
    r"(?i)(?:iso-?8859|windows|cp|latin|us-ascii|ascii|utf-?(?:8|16|32)|x?-?mac|koi8|big5|gb|shift|euc)[\w-]*$"
)


def decode(data: bytes, declared: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The text, without NULs and with "\\n" line ends, and what had to be guessed about it.

    Order: a byte order mark; UTF-16 where every second byte is (nearly always) NUL; strict UTF-8; what the document
    declares; CP1252, in which every byte sequence reads as something.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _clean(data[len(mark) :].decode(name, "replace")), ()
    sample = data[:4096]
    zeros = (sample[0::2].count(0), sample[1::2].count(0))
    half = max(1, len(sample) // 2)
    if max(zeros) > 0.7 * half and min(zeros) < 0.3 * half:
        name = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        return _clean(data.decode(name, "replace")), (f"read as {name.upper()}, which the file does not say",)
    try:
        return _clean(data.decode("utf-8")), ()
    except UnicodeDecodeError:
        pass
    if declared and _OF_TEXTS.match(declared):
        try:
            return _clean(data.decode(declared)), ()
        except (LookupError, UnicodeDecodeError):
            pass
    return _clean(data.decode("cp1252", "replace")), ("read as CP1252, which the file does not say",)


def _clean(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text.replace("\x00", ""))
