"""What the analyses count from: a release's columnar tables, the scheme of themes, the register of councils."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from graph.authorities import Register
from graph.errors import ReleaseError
from indexer.incidence import MEASURES, Incidence
from indexer.tables import SCHEMAS
from ontology.resources import themes

#: Fewer inspections than this give no share, and a comparison needs as many that said something.
LEAST = 5
#: Adjusted p-values up to this are called a difference or a trend.
LEVEL = 0.05

Row = dict[str, Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Choice:
    """What an analysis is asked for. ``measure``: a key of ``MEASURES``; ``council``: GSS code, where one is needed."""

    measure: str = "recommended"
    council: str | None = None

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise ValueError(f"{self.measure[:40]!r} is no measure: {', '.join(MEASURES)}")


class Corpus:
    """A release's tables, each read when it is first needed, from ``RELEASE/tables``."""

    def __init__(self, folder: Path, register: Register | None = None) -> None:
        self._folder = folder
        self._tables: dict[tuple[str, tuple[str, ...] | None], pa.Table] = {}
        self.register = register or Register.load()
        self.broader: Mapping[str, str | None] = {theme.id: theme.broader for theme in themes()}

    def table(self, name: str, *columns: str) -> pa.Table:
        """A table, or these columns of it. Kept. Raises ReleaseError for one that the release lacks: it was built by an
        earlier version."""
        key = (name, columns or None)
        if key not in self._tables:
            if not (self._folder / f"{name}.parquet").is_file():
                raise ReleaseError(f"{self._folder.parent}: it has no table {name}: build again with this version")
            self._tables[key] = pq.read_table(
                self._folder / f"{name}.parquet", columns=list(columns) or None, schema=SCHEMAS[name]
            )
        return self._tables[key]

    @cached_property
    def incidence(self) -> Incidence:
        return Incidence.of(
            self._counted_items(),
            self.table("inspections"),
            self.table("documents", "iri", "kind"),
            {authority.gss_code: (authority.region, authority.type) for authority in self.register},
            self.broader,
        )

    def _counted_items(self) -> pa.Table:
        """With dictionaries: a million rows are read in a twentieth of the time."""
        names = ["kind", "polarity", "inspection", "themes"]
        return pq.read_table(
            self._folder / "items.parquet", columns=names, read_dictionary=[*names[:3], "themes.list.element"]
        )

    @cached_property
    def frameworks(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """The strata: names of the frameworks, and that of each counted inspection as its place among them."""
        return coded(self.incidence.inspections.framework)

    def items_at(self, iris: pa.ChunkedArray | Sequence[str | None], *columns: str) -> dict[str, list[Any]]:
        """These columns of the items with these IRIs, in that order; None for an IRI that no item has."""
        wanted = iris if isinstance(iris, pa.ChunkedArray) else pa.array(iris, pa.string())
        rows = pc.index_in(wanted, value_set=self._item_iris)
        found = self.table("items", *columns).take(rows)
        return {name: found.column(name).to_pylist() for name in columns}

    def items_where(self, kind: str, *columns: str) -> pa.Table:
        """These columns of the items of one kind, in the order of the table."""
        return self.table("items", *columns).filter(pc.equal(self.table("items", "kind").column("kind"), kind))

    @cached_property
    def _item_iris(self) -> pa.Array:
        return self.table("items", "iri").column("iri").combine_chunks()


def coded(values: Any) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Distinct values in order, and the place of each among them."""
    names, codes = np.unique(np.asarray(list(values), dtype=np.str_), return_inverse=True)
    return tuple(str(name) for name in names), np.asarray(codes, dtype=np.int64)


def as_table(rows: list[Row], schema: pa.Schema) -> pa.Table:
    return pa.table({f.name: pa.array([row.get(f.name) for row in rows], f.type) for f in schema}, schema=schema)
