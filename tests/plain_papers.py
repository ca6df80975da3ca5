"""Invented papers as plain text, as a download of a council's page or an old PDF leaves it, annotated in place.

The head is that of ``tests.samples.markup``; its ``file`` may also name Markdown, HTML or CSV. The body is printed as
it stands but for its marks: ``[[+ T]]``, ``[[- T]]`` and ``[[~ T]]`` are findings, ``[[> T]]`` or ``[[>2.1| T]]`` a
recommendation, ``[[@ T || ref || timescale || EDTF date || owners]]`` an action of which only T is printed; a ``?``
behind the brackets makes it optional, and a tilde sets off further right answers.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.samples.gold import gold
from tests.samples.markup import POLARITY, parse

FOLDER = Path(__file__).with_name("unfitted_text")
_MARK = re.compile(r"\[\[(?P<optional>\??)(?P<sign>[-+~>@])(?:(?P<ref>[\w.]+)\|)? ?(?P<text>.*?)\]\]", re.DOTALL)


def printed(source: str) -> str:
    """The body without its marks."""
    return _MARK.sub(lambda mark: mark["text"].split("||")[0].rstrip(), source.partition("\n\n")[2])


def annotated(source: str) -> dict[str, Any]:
    """What the paper says, in the form of ``tests.samples.gold``."""
    head, _, body = source.partition("\n\n")
    said: dict[str, Any] = gold(parse(head + "\n\n"))
    for mark in _MARK.finditer(body):
        text, *cells = (cell.strip() for cell in mark["text"].split("||"))
        text = " ".join(re.sub(r"<[^>]+>|\*\*", " ", text).split())
        entry: dict[str, Any] = {"text": text}
        if mark["optional"]:
            entry["optional"] = True
        if mark["sign"] == ">":
            said["recommendations"].append(entry | {"ref": mark["ref"], "themes": []})
        elif mark["sign"] == "@":
            for key, cell in zip(("ref", "timescale", "date", "responsible"), [*cells, "", "", "", ""], strict=False):
                answers = [_people(each) if key == "responsible" else each.strip() or None for each in cell.split("~")]
                entry[key], others = answers[0], answers[1:]
                if others:
                    entry[f"{key}_alt"] = others
            said["actions"].append(entry)
        else:
            said["findings"].append(entry | {"polarity": POLARITY[mark["sign"]], "section": None})
    return said


def _people(cell: str) -> list[str]:
    return [owner.strip() for owner in cell.split(";") if owner.strip()]
