"""A passage as pieces to print: what to mark, what to leave out, never a changed character."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Span = tuple[int, int]

LEAD_IN = 140


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a passage: ``word`` where a word of the query stands, ``sense`` in the stretch nearest in meaning."""

    text: str
    word: bool = False
    sense: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """``cut_before`` and ``cut_after`` say that the passage goes on there."""

    pieces: tuple[Piece, ...]
    cut_before: bool = False
    cut_after: bool = False

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def marked(text: str, words: Iterable[Span] = (), sense: Span | None = None, *, limit: int | None = None) -> Passage:
    """``text`` cut into pieces at the spans (half-open code point ranges; what lies outside the text is ignored).

    ``limit``: a longer text is shown from a little before its first mark on, about so many characters.
    """
    spans = sorted((max(0, a), min(len(text), b)) for a, b in words if a < b and b > 0 and a < len(text))
    start, end = _window(text, [span[0] for span in spans] or ([sense[0]] if sense else []), limit)
    cuts = {start, end}
    for a, b in [*spans, *([sense] if sense else [])]:
        cuts |= {min(max(a, start), end), min(max(b, start), end)}
    edges = sorted(cuts)
    pieces = tuple(
        Piece(text[a:b], _inside(a, b, spans), sense is not None and _inside(a, b, [sense])) for a, b in pairwise(edges)
    )
    return Passage(pieces, start > 0, end < len(text))


def _inside(a: int, b: int, spans: Sequence[Span]) -> bool:
    return any(low <= a and b <= high for low, high in spans)


def _window(text: str, marks: Sequence[int], limit: int | None) -> Span:
    if limit is None or len(text) <= limit * 1.2:
        return 0, len(text)
    first = min(marks) if marks else 0
    start = 0 if first < limit * 0.6 else _word_start(text, max(0, min(first - LEAD_IN, len(text) - limit)))
    end = min(len(text), start + limit)
    if end < len(text):
        space = text.rfind(" ", start, end)
        end = space if space > start + limit // 2 else end
    return start, end


def _word_start(text: str, at: int) -> int:
    space = text.find(" ", at, at + 60)
    return space + 1 if space >= 0 else at
