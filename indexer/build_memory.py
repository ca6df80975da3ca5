"""Where a build keeps what grows with the corpus: in memory up to a bound, beyond it in files."""

from __future__ import annotations

import math
import os
import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

#: Rows of an array that are converted or written at once.
ROWS_TOGETHER = 65_536


class BuildMemory:
    """``bound``: bytes for all that asks here, together; None: no bound. Safe to share between threads.

    The files have no name in ``folder``: nothing is left of them however the build ends.
    """

    def __init__(self, folder: Path | None = None, bound: int | None = None) -> None:
        self.folder = folder
        self.bounded = bound is not None
        self._left = math.inf if bound is None else bound
        self._turn = threading.Lock()

    def take(self, size: int) -> bool:
        """Whether so many bytes are still free; they are taken then, for good."""
        with self._turn:
            fits = size <= self._left
            if fits:
                self._left -= size
        return fits

    def array(self, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """An array to be filled, in memory or mapped from a file."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if not size or self.take(size):
            return np.empty(shape, dtype=dtype)
        with tempfile.TemporaryFile(dir=self.folder) as file:
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk refuses now: later it would end the process
            return np.memmap(file, dtype=dtype, shape=shape, mode="r+").view(np.ndarray)

    def rows_of(self, array: NDArray[Any], rows: Sequence[int] | NDArray[np.int64]) -> NDArray[Any]:
        """A copy of these rows, kept as ``array``."""
        made = self.array((len(rows), *array.shape[1:]), array.dtype)
        for start in parts_of(len(rows)):
            made[start : start + ROWS_TOGETHER] = array[rows[start : start + ROWS_TOGETHER]]
        return made


def parts_of(rows: int) -> range:
    """Where each part of at most ``ROWS_TOGETHER`` rows begins."""
    return range(0, rows, ROWS_TOGETHER)


def save_rows(file: Path, shape: tuple[int, ...], dtype: DTypeLike, parts: Iterable[NDArray[Any]]) -> None:
    """What ``numpy.save`` writes of the array that the parts make, of which it needs but one at a time."""
    with file.open("wb") as stream:
        described = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, described)
        for part in parts:
            stream.write(np.ascontiguousarray(part, dtype=dtype).data)
