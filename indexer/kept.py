"""Sequences that are longer than a build's memory may be: rows of tables, texts."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, Any, Generic, TypeVar

import msgspec

from indexer.build_memory import BuildMemory

_T = TypeVar("_T")

#: Values that are written and read at once, and how many such blocks are decoded in passing.
_TOGETHER, _IN_PASSING = 256, 64
#: Bytes that decoded values take for each of their encoding.
_DECODED = 3


class Kept(Sequence[_T], Generic[_T]):
    """``values``, which msgpack must give back as they were: in memory while there is room, beyond it in a file without
    a name. What is taken out is to be read only (see ``change``). Safe to share between threads."""

    def __init__(self, values: Iterable[_T] = (), memory: BuildMemory | None = None) -> None:
        self._memory = memory or BuildMemory()
        self._file: IO[bytes] | None = None
        if self._memory.bounded:
            self._file = tempfile.TemporaryFile(dir=self._memory.folder)  # noqa: SIM115 - open as long as this is
            weakref.finalize(self, self._file.close)
        self._blocks: list[list[_T] | tuple[int, int]] = []  # the values, or where they begin and end in the file
        self._passing: dict[int, list[_T]] = {}
        self._turn = threading.Lock()
        remaining = iter(values)
        while block := list(islice(remaining, _TOGETHER)):
            self._blocks.append(self._placed(block))
        self._count = _TOGETHER * max(0, len(self._blocks) - 1) + (len(self._block(-1)) if self._blocks else 0)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            start, end, step = place.indices(self._count)
            if step != 1:
                return [self[at] for at in range(start, end, step)]
            first = start // _TOGETHER
            found = [value for number in range(first, -(-end // _TOGETHER)) for value in self._block(number)]
            return found[start - first * _TOGETHER : max(start, end) - first * _TOGETHER]
        if place < 0:
            place += self._count
        if not 0 <= place < self._count:
            raise IndexError(place)
        return self._block(place // _TOGETHER)[place % _TOGETHER]

    def __iter__(self) -> Iterator[_T]:
        for number in range(len(self._blocks)):
            yield from self._read(number)

    def change(self, change: Callable[[int, _T], None]) -> None:
        """Let ``change`` change every value, given with its place."""
        for number in range(len(self._blocks)):
            block = self._read(number)
            for place, value in enumerate(block, number * _TOGETHER):
                change(place, value)
            if not isinstance(self._blocks[number], list):
                self._blocks[number] = self._written(msgspec.msgpack.encode(block))
        self._passing.clear()

    def _block(self, number: int) -> list[_T]:
        block = self._blocks[number]
        if isinstance(block, list):
            return block
        with self._turn:
            if number not in self._passing:
                if len(self._passing) == _IN_PASSING:
                    del self._passing[next(iter(self._passing))]
                self._passing[number] = self._read(number)
            return self._passing[number]

    def _read(self, number: int) -> list[_T]:
        block = self._blocks[number]
        if isinstance(block, list):
            return block
        assert self._file is not None
        found: list[_T] = msgspec.msgpack.decode(os.pread(self._file.fileno(), block[1] - block[0], block[0]))
        return found

    def _placed(self, block: list[_T]) -> list[_T] | tuple[int, int]:
        if self._file is None:
            return block
        encoded = msgspec.msgpack.encode(block)
        return block if self._memory.take(len(encoded) * _DECODED) else self._written(encoded)

    def _written(self, encoded: bytes) -> tuple[int, int]:
        assert self._file is not None
        start = self._file.seek(0, os.SEEK_END)
        self._file.write(encoded)
        self._file.flush()
        return start, start + len(encoded)


class Column(Sequence[Any]):
    """One column of rows."""

    def __init__(self, rows: Sequence[dict[str, Any]], name: str) -> None:
        self._rows, self._name = rows, name

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        found = self._rows[place]
        return [row[self._name] for row in found] if isinstance(place, slice) else found[self._name]

    def __iter__(self) -> Iterator[Any]:
        return (row[self._name] for row in self._rows)
