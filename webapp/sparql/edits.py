"""Changes to the text of a query before the engine sees it, such that positions in it can be told as sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from webapp.sparql.guard import Positions


class Edit(NamedTuple):
    """``text`` in place of what stands from ``start`` to ``end``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class RewrittenQuery:
    """``text`` is what the engine gets, ``source`` what was sent."""

    text: str
    source: str
    shifts: tuple[tuple[int, int, int, int], ...] = ()  # new start, new end, old start, old end; in order

    @classmethod
    def of(cls, source: str, edits: Iterable[Edit]) -> Self:
        """Edits do not overlap."""
        parts: list[str] = []
        shifts = []
        done = length = 0
        for edit in sorted(edits):
            parts += [source[done : edit.start], edit.text]
            start = length + edit.start - done
            length, done = start + len(edit.text), edit.end
            shifts.append((start, length, edit.start, edit.end))
        parts.append(source[done:])
        return cls("".join(parts), source, tuple(shifts))

    def original(self, line: int, column: int) -> tuple[int, int]:
        """Line and column of the query as sent, for a position in the text that the engine saw."""
        offset = Positions(self.text).offset(line, column)
        old = offset
        for new_start, new_end, old_start, old_end in self.shifts:
            if offset < new_start:
                break
            old = old_start if offset < new_end else offset - new_end + old_end
        return Positions(self.source).of(old)
