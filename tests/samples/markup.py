"""The texts of the sample documents, and what they are marked up to say.

A text file has a head of ``key: value`` lines, a blank line, and a body. A body line is one printed unit:

====================  ==================================================================================================
``# T``, ``## T``     headings; ``### T`` is a heading that names no section
``+`` ``-`` ``~``     a finding: strength, improvement, mixed
``.``                 text that is none of the items (``..`` on the second level of a list)
``> [themes] T``      a recommendation
``@ T || …``          an action: timescale, EDTF date, owners; then, in a plan, progress and rating
``= ref || [th] T``   a row of a plan or of a table of areas; ``= T`` a line across the whole plan
``: T``               a line printed as it stands (cover, letter head, signature)
``?``                 before any of these: right to find, right to leave
``!prose [3.]``       units are sentences, a blank line ends the paragraph; an argument numbers these 3.1, 3.2 …
``!numbered``         units are paragraphs, numbered through the document
``!bullets``          units are list items;  ``!letters``: (a), (b), …;  ``!points 1``: 1.1, 1.2, …
``!plan …``           a plan's columns: ``key=Title | key=Title``; ``!areas Title | Title`` a table of recommendations
``!table A | B``      any other table, its rows as ``; a | b``
``!page`` ``!note T`` page break, footnote
====================  ==================================================================================================

``{services}`` stands for what the single inspection framework inspects. ``¬`` in a word is where a printed line may
break it with a hyphen; ``hyphenate: yes`` in the head lets it break the long words that such documents are full of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

from tests.samples.stock import SERVICES

TEXTS = Path(__file__).with_name("texts")
SOFT_HYPHEN = "\u00ad"
#: As reports broke them whose words were hyphenated.
_SYLLABLES = (
    "safe¬guard¬ing", "accom¬mo¬da¬tion", "oppor¬tun¬ities", "assess¬ments", "assess¬ment", "inspec¬tors",
    "inform¬ation", "pro¬tec¬tion", "edu¬ca¬tion", "manage¬ment", "pro¬fes¬sionals", "exploit¬ation",
    "per¬form¬ance", "super¬vision", "inde¬pend¬ent", "con¬fer¬ences", "par¬tici¬pa¬tion", "recom¬mend¬ations",
)  # fmt: skip
Role = Literal["context", "finding", "recommendation", "action"]
_Kind = TypeVar("_Kind")
POLARITY = {"+": "strength", "-": "improvement", "~": "mixed"}


@dataclass(frozen=True, slots=True)
class Unit:
    """One printed unit; ``printed`` may hold soft hyphens, ``text`` is what it says. ``ref`` is a recommendation's own
    number, or of an action that of the recommendation answered."""

    printed: str
    role: Role = "context"
    polarity: str | None = None
    themes: tuple[str, ...] = ()
    ref: str | None = None
    timescale: str | None = None
    date: str | None = None
    owners: tuple[str, ...] = ()
    progress: str | None = None
    rating: str | None = None
    section: str | None = None
    optional: bool = False
    body: str | None = None

    @property
    def text(self) -> str:
        return self.printed.replace(SOFT_HYPHEN, "")


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``marker`` is the printed number or bullet, None for plain text; ``level`` the nesting of a list item."""

    units: tuple[Unit, ...]
    marker: str | None = None
    level: int = 0

    @property
    def printed(self) -> str:
        return " ".join(unit.printed for unit in self.units)


@dataclass(frozen=True, slots=True)
class Line:
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    text: str


@dataclass(frozen=True, slots=True)
class PageBreak:
    pass


@dataclass(slots=True)
class PlanRow:
    """A recommendation with the actions that answer it; a line across the plan has neither."""

    heading: str | None = None
    recommendation: Unit | None = None
    actions: list[Unit] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """``columns``: (key, printed title); keys ref, rec, action, owner, when, progress, rating."""

    columns: tuple[tuple[str, str], ...]
    rows: list[PlanRow] = field(default_factory=list)


@dataclass(slots=True)
class Areas:
    """Recommendations in a table; of two columns the first is the body that has to act."""

    titles: tuple[str, ...]
    units: list[Unit] = field(default_factory=list)


@dataclass(slots=True)
class Grid:
    """Any other table."""

    titles: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)


Block = Heading | Paragraph | Line | Note | PageBreak | Plan | Areas | Grid


@dataclass(frozen=True, slots=True)
class SampleDocument:
    """``head``: the values of each key, in order; a value's further right answers are split off in ``gold``."""

    head: dict[str, list[str]]
    blocks: tuple[Block, ...]

    def value(self, key: str, default: str = "") -> str:
        return self.head.get(key, [default])[0]

    @property
    def file(self) -> str:
        return self.value("file")

    def units(self) -> Iterator[Unit]:
        """Every unit in the order of the page; of a plan's row the recommendation before its actions."""
        for block in self.blocks:
            match block:
                case Paragraph():
                    yield from block.units
                case Plan():
                    for row in block.rows:
                        if row.recommendation is not None:
                            yield row.recommendation
                        yield from row.actions
                case Areas():
                    yield from block.units
                case _:
                    pass


def documents() -> list[SampleDocument]:
    return [parse(path.read_text(encoding="utf-8")) for path in sorted(TEXTS.glob("*.txt"))]


def parse(source: str) -> SampleDocument:
    head_text, _, body = source.replace("{services}", SERVICES).partition("\n\n")
    head: dict[str, list[str]] = {}
    for line in head_text.splitlines():
        key, _, value = line.partition(":")
        head.setdefault(key.strip(), []).append(value.strip())
    body_reader = _Body(hyphenate="hyphenate" in head)
    return SampleDocument(head, tuple(body_reader.read(body.splitlines())))


class _Body:
    """Reads body lines; holds what the lines before decided."""

    def __init__(self, *, hyphenate: bool) -> None:
        self.hyphenate = hyphenate
        self.blocks: list[Block] = []
        self.mode = "prose"
        self.stem = ""
        self.count: dict[str, int] = {}
        self.section: str | None = None
        self.pending: list[Unit] = []

    def read(self, lines: list[str]) -> list[Block]:
        for line in lines:
            self._line(line.replace("¬", SOFT_HYPHEN))
        self._end_paragraph()
        return self.blocks

    def _line(self, line: str) -> None:
        if not line.strip():
            self._end_paragraph()
            return
        if heading := re.match(r"(#{1,3}) (.*)", line):
            self._end_paragraph()
            self._heading(len(heading[1]), heading[2])
        elif line.startswith("!"):
            self._end_paragraph()
            name, _, argument = line[1:].partition(" ")
            self._directive(name, argument)
        elif line.startswith(": ") or line == ":":
            self._end_paragraph()
            self.blocks.append(Line(line[2:]))
        elif line.startswith("; "):
            self._last(Grid).rows.append(tuple(cell.strip() for cell in line[2:].split("|")))
        else:
            self._unit(line)

    def _heading(self, level: int, text: str) -> None:
        self.blocks.append(Heading(level, text))
        if level < 3:
            self.section = re.sub(r"^\d+(?:\.\d+)*\.? ", "", text)

    def _directive(self, name: str, argument: str) -> None:
        if name == "page":
            self.blocks.append(PageBreak())
        elif name == "note":
            self.blocks.append(Note(argument))
        elif name == "plan":
            columns = (column.strip().partition("=") for column in argument.split("|"))
            self.blocks.append(Plan(tuple((key, title) for key, _, title in columns)))
        elif name == "areas":
            self.blocks.append(Areas(_cells(argument)))
        elif name == "table":
            self.blocks.append(Grid(_cells(argument)))
        elif name in ("prose", "numbered", "bullets", "letters", "points"):
            self.mode, self.stem = name, argument
            self.count["letters"] = 0
        else:
            raise ValueError(f"no such directive: {name}")

    def _unit(self, line: str) -> None:
        optional = line.startswith("?")
        sign, _, rest = line.removeprefix("?").partition(" ")
        if sign == "=":
            self._row(rest)
            return
        if sign != "@" and self.hyphenate:
            rest = _with_soft_hyphens(rest)
        level = len(sign) - 1 if sign.startswith(".") else 0
        unit = self._made(sign[0], rest, optional)
        if sign == "@" and self.blocks and isinstance(self.blocks[-1], Plan):
            self._last(Plan).rows[-1].actions.append(unit)
        elif self.mode == "prose":
            self.pending.append(unit)
        else:
            self._marked(unit, level)

    def _marked(self, unit: Unit, level: int) -> None:
        marker = "–" if level else self._next_marker()
        if unit.role == "recommendation" and self.mode != "bullets":
            unit = replace(unit, ref=re.sub(r"[().]+$|^\(", "", marker))
        self.blocks.append(Paragraph((unit,), marker, level))

    def _next_marker(self) -> str:
        if self.mode == "bullets":
            return "•"
        key = self.mode + self.stem
        self.count[key] = number = self.count.get(key, 0) + 1
        if self.mode == "letters":
            return f"({chr(96 + number)})"
        return f"{self.stem}.{number}" if self.mode == "points" else f"{number}."

    def _row(self, rest: str) -> None:
        cells = [cell.strip() for cell in rest.split("||")]
        table = self.blocks[-1]
        if isinstance(table, Areas):
            unit = self._made(">", cells[-1], False)
            table.units.append(replace(unit, body=cells[0] if len(cells) > 1 else None))
        elif len(cells) == 1:
            self._last(Plan).rows.append(PlanRow(heading=cells[0]))
        else:
            unit = replace(self._made(">", cells[1], False), ref=cells[0] or None)
            self._last(Plan).rows.append(PlanRow(recommendation=unit))

    def _made(self, sign: str, rest: str, optional: bool) -> Unit:
        if sign in POLARITY:
            return Unit(rest, "finding", POLARITY[sign], section=self.section, optional=optional)
        if sign == ">":
            themes, _, text = rest.removeprefix("[").partition("] ")
            return Unit(text, "recommendation", themes=tuple(themes.split()), section=self.section, optional=optional)
        if sign == "@":
            cells = [cell.strip() for cell in rest.split("||")] + [""] * 5
            owners = tuple(owner.strip() for owner in cells[3].split(";") if owner.strip())
            return Unit(
                cells[0],
                "action",
                ref=self._ref_of_row(),
                timescale=cells[1] or None,
                date=cells[2] or None,
                owners=owners,
                progress=cells[4] or None,
                rating=(cells[5] or None) if len(cells) > 5 else None,
                optional=optional,
            )
        if sign == ".":
            return Unit(rest)
        raise ValueError(f"a line begins with a sign: {sign} {rest}")

    def _ref_of_row(self) -> str | None:
        if self.blocks and isinstance(self.blocks[-1], Plan):
            answered = self.blocks[-1].rows[-1].recommendation
            return answered.ref if answered is not None else None
        return None

    def _end_paragraph(self) -> None:
        if self.pending:
            marker = None
            if self.stem:
                self.count[self.stem] = number = self.count.get(self.stem, 0) + 1
                marker = f"{self.stem}{number}"
            self.blocks.append(Paragraph(tuple(self.pending), marker))
            self.pending = []

    def _last(self, kind: type[_Kind]) -> _Kind:
        block = self.blocks[-1]
        if not isinstance(block, kind):
            raise ValueError(f"{kind.__name__} expected before this line, not {block}")
        return block


def _cells(argument: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in argument.split("|"))


def _with_soft_hyphens(line: str) -> str:
    """Not in the themes of a recommendation."""
    themes, bracket, text = line.rpartition("] ")
    for word in _SYLLABLES:
        text = re.sub(rf"\b{word.replace('¬', '')}\b", word.replace("¬", SOFT_HYPHEN), text)
    return themes + bracket + text
