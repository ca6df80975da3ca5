"""Long lists in numbered pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list; ``at(n).url()`` as the pagination of the templates wants it."""

    page: int
    path: str
    pairs: tuple[tuple[str, str], ...]

    def at(self, page: int) -> Listing:
        return Listing(page, self.path, self.pairs)

    def url(self) -> str:
        pairs = [*self.pairs, *([("page", str(self.page))] if self.page > 1 else [])]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path


def part(rows: Sequence[Any], path: str, pairs: Sequence[tuple[str, str]], asked: str | None) -> dict[str, Any]:
    """What a template needs of the page ``asked``; what is no number is the first page, what is beyond the last one."""
    last = max(1, -(-len(rows) // PAGE_SIZE))
    asked = (asked or "1").strip()
    page = min(last, max(1, int(asked))) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
    start = (page - 1) * PAGE_SIZE
    return {
        "rows": rows[start : start + PAGE_SIZE],
        "start": start,
        "listing": Listing(page, path, tuple(pairs)),
        "last": last,
        "numbers": page_numbers(page, last),
    }


def page_numbers(page: int, last: int) -> list[int | None]:
    """Page numbers to link to, None for a gap."""
    wanted = sorted({1, last, *range(max(1, page - 2), min(last, page + 2) + 1)})
    shown: list[int | None] = []
    for before, number in zip([0, *wanted], wanted, strict=False):
        if number - before == 2:
            shown.append(number - 1)
        elif number - before > 2:
            shown.append(None)
        shown.append(number)
    return shown
