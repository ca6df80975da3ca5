"""The release's tables as the pages read them: rows by key, rows by group, whole columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from indexer.tables import SCHEMAS

Row = dict[str, Any]


class Table:
    """One table in memory. Row numbers are 0-based and, for ``items``, those of the search indexes."""

    def __init__(self, table: pa.Table) -> None:
        self._arrays = {name: table.column(name).combine_chunks() for name in table.column_names}
        self._columns: dict[str, list[Any]] = {}
        self._groups: dict[str, dict[Any, list[int]]] = {}
        self._codes: dict[str, tuple[list[Any], NDArray[np.int64]]] = {}
        self._length: int = table.num_rows

    def __len__(self) -> int:
        return self._length

    def row(self, number: int) -> Row:
        return {name: array[number].as_py() for name, array in self._arrays.items()}

    def rows(self, numbers: Sequence[int], columns: Sequence[str] = ()) -> list[Row]:
        """These rows, with all columns or with some."""
        if not len(numbers):  # as most often: taking nothing of every column costs a third of a millisecond
            return []
        names = columns or list(self._arrays)
        taken = pa.array(numbers, pa.int64())
        values = [self._arrays[name].take(taken).to_pylist() for name in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]

    def codes(self, column: str) -> tuple[list[Any], NDArray[np.int64]]:
        """The distinct values of a column in order, and the place of each row's among them, -1 where it has none."""
        if column not in self._codes:
            encoded = self._arrays[column].dictionary_encode()
            values = encoded.dictionary.to_pylist()
            order = sorted(range(len(values)), key=values.__getitem__)
            place = np.empty(len(values) + 1, dtype=np.int64)
            place[order], place[-1] = np.arange(len(values)), -1
            codes = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
            self._codes[column] = [values[i] for i in order], place[codes]
        return self._codes[column]

    def column(self, name: str) -> list[Any]:
        """Every value of a column, kept for the next caller: not to be changed."""
        if name not in self._columns:
            self._columns[name] = self._arrays[name].to_pylist()
        return self._columns[name]

    def numbers(self, column: str, value: Any) -> Sequence[int]:
        """The numbers of the rows whose ``column`` holds ``value``, ascending."""
        return self.groups(column).get(value, ())

    def groups(self, column: str) -> dict[Any, list[int]]:
        """Value → row numbers, nulls left out; a row of a list column stands in the group of each of its values."""
        if column not in self._groups:
            groups: dict[Any, list[int]] = defaultdict(list)
            for number, value in enumerate(self._arrays[column].to_pylist()):
                for one in value if isinstance(value, list) else [value]:
                    if one is not None:
                        groups[one].append(number)
            self._groups[column] = dict(groups)
        return self._groups[column]

    def where(self, column: str, value: Any, columns: Sequence[str] = ()) -> list[Row]:
        return self.rows(self.numbers(column, value), columns)

    def find(self, column: str, value: Any) -> Row | None:
        """The first row whose ``column`` holds ``value``."""
        numbers = self.numbers(column, value)
        return self.row(numbers[0]) if numbers else None


class Tables:
    """The tables of a release, each read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _read(self, name: str) -> Table:
        return Table(pq.read_table(self._folder / f"{name}.parquet", schema=SCHEMAS[name]))

    @cached_property
    def documents(self) -> Table:
        return self._read("documents")

    @cached_property
    def inspections(self) -> Table:
        return self._read("inspections")

    @cached_property
    def judgements(self) -> Table:
        return self._read("judgements")

    @cached_property
    def items(self) -> Table:
        return self._read("items")

    @cached_property
    def theme_links(self) -> Table:
        return self._read("theme_links")

    @cached_property
    def lineage(self) -> Table:
        return self._read("lineage")

    @cached_property
    def neighbours(self) -> Table:
        return self._read("neighbours")
