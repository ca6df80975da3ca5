"""Tables from the lines that a page draws: rulings to grids, grids to cells that may span rows and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SNAP = 3.0
"""Points by which two lines may differ and still be the same line."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A drawn line: at height ``at`` from ``start`` to ``end`` when horizontal, else at that x;
    points from top left."""

    horizontal: bool
    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell of a grid; ``row`` and ``column`` are 0-based elementary positions of its top left corner."""

    row: int
    column: int
    rowspan: int
    colspan: int
    x0: float
    top: float
    x1: float
    bottom: float

    def holds(self, x: float, y: float) -> bool:
        return self.x0 <= x < self.x1 and self.top <= y < self.bottom


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells by row, then column. ``columns`` are the x of the elementary columns' left edges."""

    cells: tuple[GridCell, ...]
    columns: tuple[float, ...]
    x0: float
    top: float
    x1: float
    bottom: float


def find_grids(rulings: Sequence[Ruling]) -> list[Grid]:
    """The grids of a page, top to bottom. Frames with a single cell are not grids."""
    found = []
    for group in _touching(rulings):
        grid = _grid(group)
        if grid is not None:
            found.append(grid)
    return sorted(found, key=lambda grid: (grid.top, grid.x0))


def _touching(rulings: Sequence[Ruling]) -> Iterator[list[Ruling]]:
    """Groups of lines that meet."""
    remaining = sorted(rulings, key=lambda line: line.at if line.horizontal else line.start)
    parent = list(range(len(remaining)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for i, a in enumerate(remaining):
        a_low = a.at + SNAP if a.horizontal else a.end + SNAP
        for j in range(i + 1, len(remaining)):
            b = remaining[j]
            if (b.at if b.horizontal else b.start) > a_low:
                break
            if _meet(a, b):
                parent[root(i)] = root(j)
    groups: dict[int, list[Ruling]] = {}
    for i, line in enumerate(remaining):
        groups.setdefault(root(i), []).append(line)
    yield from groups.values()


def _meet(a: Ruling, b: Ruling) -> bool:
    if a.horizontal == b.horizontal:
        return abs(a.at - b.at) <= SNAP and a.start <= b.end + SNAP and b.start <= a.end + SNAP
    return a.start - SNAP <= b.at <= a.end + SNAP and b.start - SNAP <= a.at <= b.end + SNAP


def _snapped(values: Sequence[float]) -> list[float]:
    """The distinct positions: a run of values within SNAP of their first is one, at its mean."""
    runs: list[list[float]] = []
    for value in sorted(values):
        if runs and value - runs[-1][0] <= SNAP:
            runs[-1].append(value)
        else:
            runs.append([value])
    return [sum(run) / len(run) for run in runs]


def _grid(lines: list[Ruling]) -> Grid | None:
    across = [line for line in lines if line.horizontal]
    down = [line for line in lines if not line.horizontal]
    if len(across) < 2:
        return None
    ys = _snapped([line.at for line in across])
    xs = _snapped([line.at for line in down] + [min(line.start for line in across), max(line.end for line in across)])
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows < 1 or columns < 2 or rows * columns > 40_000:
        return None
    right = _walls(down, xs, ys)
    below = _walls(across, ys, xs)
    cells = tuple(_merged(rows, columns, right, below, xs, ys))
    if len(cells) < 3 and not (len(cells) == 2 and rows == 1):
        return None
    return Grid(cells, tuple(xs[:-1]), xs[0], ys[0], xs[-1], ys[-1])


def _walls(lines: list[Ruling], at: list[float], along: list[float]) -> set[tuple[int, int]]:
    """(i, j): the stretch j of ``along`` is drawn at position i of ``at`` for more than half of its length."""
    drawn: dict[tuple[int, int], float] = {}
    for line in lines:
        position = min(range(len(at)), key=lambda i: abs(at[i] - line.at))
        for j in range(len(along) - 1):
            shared = min(line.end, along[j + 1]) - max(line.start, along[j])
            if shared > 0:
                drawn[position, j] = drawn.get((position, j), 0.0) + shared
    return {(i, j) for (i, j), length in drawn.items() if length > 0.5 * (along[j + 1] - along[j])}


def _merged(
    rows: int,
    columns: int,
    right: set[tuple[int, int]],
    below: set[tuple[int, int]],
    xs: list[float],
    ys: list[float],
) -> Iterator[GridCell]:
    """Elementary cells grown right, then down, until a wall stops them."""
    taken: set[tuple[int, int]] = set()
    for row in range(rows):
        for column in range(columns):
            if (row, column) in taken:
                continue
            wide = 1
            while column + wide < columns and (column + wide, row) not in right and (row, column + wide) not in taken:
                wide += 1
            high = 1
            while row + high < rows and all(
                (row + high, c) not in below and (row + high, c) not in taken for c in range(column, column + wide)
            ):
                high += 1
            taken.update((r, c) for r in range(row, row + high) for c in range(column, column + wide))
            yield GridCell(row, column, high, wide, xs[column], ys[row], xs[column + wide], ys[row + high])
