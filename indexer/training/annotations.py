"""Annotations of texts that the project may not hold: each is known by a hash, joined to its text when training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

#: Annotators read no further than this many characters of a text unless they say so; training reads no further either.
READ_CHARACTERS = 430
_KEY_LETTERS = 200


@dataclass(frozen=True, slots=True)
class ThemeExample:
    """``optional`` themes count neither for nor against; ``source`` says where the example comes from."""

    text: str
    themes: frozenset[str]
    optional: frozenset[str]
    source: str


def text_key(text: str) -> str:
    """16 hex digits for a text: of its first 200 letters and digits, so that extractors that differ in spaces, hyphens
    or quotes agree."""
    letters = "".join(c for c in text.casefold() if c.isalnum())[:_KEY_LETTERS]
    return hashlib.sha256(letters.encode()).hexdigest()[:16]


def texts_of(paths: Iterable[Path]) -> dict[str, str]:
    """Key → text of every line of JSON Lines files that have a ``text``: recommendations, or exported items."""
    found: dict[str, str] = {}
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                text = json.loads(line).get("text")
                if text:
                    found.setdefault(text_key(text), text)
    return found


def theme_annotations(path: Path, texts: Mapping[str, str]) -> list[ThemeExample]:
    """The annotated texts that are among ``texts``. A line: key, source, themes, optional themes, parted by tabs."""
    examples = []
    for key, source, themes, optional in _rows(path, 4):
        if key in texts:
            text = texts[key] if source == "recommendation" else texts[key][:READ_CHARACTERS]
            examples.append(ThemeExample(text, frozenset(themes.split()), frozenset(optional.split()), source))
    return examples


def invented_examples(path: Path) -> list[ThemeExample]:
    """A line: themes, text, parted by a tab."""
    return [ThemeExample(text, frozenset(themes.split()), frozenset(), "invented") for themes, text in _rows(path, 2)]


def judged_examples(path: Path) -> list[ThemeExample]:
    """JSON Lines with ``text``, ``themes`` and ``themes_optional``, or one JSON file of a gold document."""
    if path.suffix == ".json":
        lines = json.loads(path.read_text(encoding="utf-8"))["recommendations"]
    else:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        ThemeExample(
            line["text"], frozenset(line["themes"]), frozenset(line.get("themes_optional", ())), f"judged {path.name}"
        )
        for line in lines
        if line.get("themes")
    ]


def polarity_annotations(path: Path, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """(text, polarity) of the annotated texts that are among ``texts``, as far as they were read."""
    return [
        (texts[key] if read == "whole" else texts[key][:READ_CHARACTERS], polarity)
        for key, polarity, read in _rows(path, 3)
        if key in texts
    ]


def _rows(path: Path, columns: int) -> Iterable[list[str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            cells = line.split("\t")
            yield cells + [""] * (columns - len(cells))
