"""Filters as masks and facet counts as sums over code arrays: exact, and without touching the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indexer.search_request import FacetValue, Filters

Mask = NDArray[np.bool_]

DOCUMENT_KIND = "document"

#: Facet name → column of the items table; ``theme`` and ``year`` have their own arrays.
_COLUMNS = {
    "kind": "kind",
    "polarity": "polarity",
    "authority": "authority",
    "region": "region",
    "authority_type": "authority_type",
    "inspectorate": "inspectorate",
    "framework": "framework_id",
    "grade": "grade",
    "document": "document",
    "inspection": "inspection",
}


@dataclass(frozen=True, slots=True)
class CodedColumn:
    """``codes`` (n,) index into ``values``; -1 where the row has none."""

    values: tuple[str, ...]
    codes: NDArray[np.int32]

    def rows_with(self, wanted: Iterable[str]) -> Mask:
        places = {v: i for i, v in enumerate(self.values)}
        chosen = np.zeros(len(self.values) + 1, dtype=np.bool_)
        for value in wanted:
            if value in places:
                chosen[places[value]] = True
        return chosen[self.codes]  # code -1 takes the last place, which is never chosen


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a release knows of its surroundings: ``broader`` theme of each theme, statistical ``neighbours`` of each GSS
    code, and theme ``labels``."""

    broader: Mapping[str, str]
    neighbours: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]

    def with_broader(self, themes: Iterable[str]) -> tuple[str, ...]:
        """The themes and all above them, each once, in order of first mention."""
        found: dict[str, None] = {}
        for theme in themes:
            step: str | None = theme
            while step is not None and step not in found:
                found[step] = None
                step = self.broader.get(step)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Condition:
    """One group of alternatives of a filter: keys as the lexical index holds them."""

    facet: str
    values: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"{self.facet}:{v}" for v in self.values)


class FacetTable:
    """The filterable columns of items, then documents, in the row order of the indexes. Immutable."""

    def __init__(self, items: pa.Table, documents: pa.Table, scheme: Scheme) -> None:
        self.scheme = scheme
        self.size: int = items.num_rows + documents.num_rows
        self._columns = {
            facet: _coded(items.column(column), _document_column(facet, documents))
            for facet, column in _COLUMNS.items()
        }
        self.year = np.concatenate([_years(items.column("year")), _years(documents.column("year"))])
        self._years = [int(year) for year in np.unique(self.year) if year]
        self._theme_values, self._theme_starts, self._theme_codes = _theme_lists(
            items.column("themes"), documents.num_rows, scheme
        )
        self._gss = _authority_names(items, documents)

    def keys(self, row: int) -> tuple[str, ...]:
        """The row's filter keys, as the lexical index holds them."""
        found = [
            f"{facet}:{column.values[column.codes[row]]}"
            for facet, column in self._columns.items()
            if column.codes[row] >= 0
        ]
        if self.year[row]:
            found.append(f"year:{self.year[row]}")
        found += [f"theme:{t}" for t in self.themes(row)]
        return tuple(found)

    def themes(self, row: int) -> tuple[str, ...]:
        """The row's themes and those above them."""
        codes = self._theme_codes[self._theme_starts[row] : self._theme_starts[row + 1]]
        return tuple(self._theme_values[c] for c in codes)

    def value(self, facet: str, row: int) -> str | None:
        column = self._columns[facet]
        code = column.codes[row]
        return column.values[code] if code >= 0 else None

    def conditions(self, filters: Filters) -> tuple[tuple[Condition, ...], Condition | None]:
        """What must hold (each by one of its values; none, where a name is unknown: then nothing passes) and what must
        not."""
        asked: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
            ("kind", filters.kinds, filters.kinds),
            ("theme", filters.themes, filters.themes),
            ("authority", filters.authorities, self._authorities(filters.authorities)),
            ("authority", filters.neighbours_of, self._neighbours(filters.neighbours_of)),
            ("region", filters.regions, filters.regions),
            ("authority_type", filters.authority_types, filters.authority_types),
            ("inspectorate", filters.inspectorates, filters.inspectorates),
            ("framework", filters.frameworks, filters.frameworks),
            ("grade", filters.grades, filters.grades),
            ("polarity", filters.polarities, filters.polarities),
            ("document", filters.documents, self._by_last_segment("document", filters.documents)),
            ("inspection", filters.inspections, self._by_last_segment("inspection", filters.inspections)),
        ]
        must = [Condition(facet, resolved) for facet, given, resolved in asked if given]
        if filters.since is not None or filters.until is not None:
            must.append(Condition("year", self._years_between(filters.since, filters.until)))
        excluded = self._authorities(filters.exclude_authorities)
        return tuple(must), Condition("authority", excluded) if excluded else None

    def mask(self, must: Sequence[Condition], must_not: Condition | None) -> Mask | None:
        """True for the rows that pass; None where there is no condition."""
        if not must and must_not is None:
            return None
        passing = np.ones(self.size, dtype=np.bool_)
        for condition in must:
            passing &= self._rows_with(condition)
        if must_not is not None:
            passing &= ~self._rows_with(must_not)
        return passing

    def counts(self, rows: NDArray[np.int64], facets: Iterable[str]) -> dict[str, tuple[FacetValue, ...]]:
        """Exact counts over these rows: most frequent first, ties by value; years ascending."""
        return {facet: self._count(facet, rows) for facet in facets}

    def _rows_with(self, condition: Condition) -> Mask:
        if condition.facet == "year":
            chosen: Mask = np.zeros(int(self.year.max(initial=0)) + 1, dtype=np.bool_)
            chosen[[int(value) for value in condition.values]] = True
            return np.asarray(chosen[self.year])
        if condition.facet == "theme":
            return self._rows_with_themes(condition.values)
        return self._columns[condition.facet].rows_with(condition.values)

    def _rows_with_themes(self, themes: Iterable[str]) -> Mask:
        places = {v: i for i, v in enumerate(self._theme_values)}
        chosen = np.zeros(len(self._theme_values) + 1, dtype=np.bool_)
        for theme in themes:
            chosen[places.get(theme, -1)] |= theme in places
        found = np.zeros(self.size, dtype=np.bool_)
        lengths = np.diff(self._theme_starts)
        found[np.repeat(np.arange(self.size), lengths)[chosen[self._theme_codes]]] = True
        return found

    def _count(self, facet: str, rows: NDArray[np.int64]) -> tuple[FacetValue, ...]:
        if facet == "year":
            years, numbers = np.unique(self.year[rows], return_counts=True)
            return tuple(FacetValue(str(y), int(n)) for y, n in zip(years, numbers, strict=True) if y)
        if facet == "theme":
            values: Sequence[str] = self._theme_values
            starts = self._theme_starts[rows]
            lengths = self._theme_starts[rows + 1] - starts
            places = np.arange(int(lengths.sum())) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
            numbers = np.bincount(self._theme_codes[places], minlength=len(values))
        else:
            column = self._columns[facet]
            values = column.values
            numbers = np.bincount(column.codes[rows] + 1, minlength=len(values) + 1)[1:]
        found = [FacetValue(v, int(n)) for v, n in zip(values, numbers, strict=True) if n]
        return tuple(sorted(found, key=lambda f: (-f.count, f.value)))

    def _authorities(self, wanted: Sequence[str]) -> tuple[str, ...]:
        if not wanted:
            return ()
        names = {name.casefold(): name for name in self._columns["authority"].values}
        found: dict[str, None] = {}
        for value in wanted:
            for name in self._gss.get(value.strip().upper(), ()):
                found[name] = None
            name_found = names.get(value.strip().casefold())
            if name_found is not None:
                found[name_found] = None
        return tuple(found)

    def _neighbours(self, wanted: Sequence[str]) -> tuple[str, ...]:
        if not wanted:
            return ()
        asked = set(self._authorities(wanted))
        codes = [c for c, names in self._gss.items() if not asked.isdisjoint(names)]
        codes += [v.strip().upper() for v in wanted if v.strip().upper() in self.scheme.neighbours]
        near = [n for c in dict.fromkeys(codes) for n in self.scheme.neighbours.get(c, ())]
        return self._authorities(near)

    def _by_last_segment(self, facet: str, wanted: Iterable[str]) -> tuple[str, ...]:
        segments = {w.rstrip("/").rsplit("/", 1)[-1] for w in wanted}
        if not segments:
            return ()
        return tuple(v for v in self._columns[facet].values if v.rstrip("/").rsplit("/", 1)[-1] in segments)

    def _years_between(self, since: int | None, until: int | None) -> tuple[str, ...]:
        low = since if since is not None else min(self._years, default=0)
        high = until if until is not None else max(self._years, default=0)
        return tuple(str(year) for year in self._years if low <= year <= high)


def _coded(items: pa.ChunkedArray, documents: list[str | None]) -> CodedColumn:
    whole = pa.concat_arrays([*items.cast(pa.string()).chunks, pa.array(documents, pa.string())])
    encoded = whole.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return CodedColumn(tuple(encoded.dictionary.to_pylist()), codes)


def _document_column(facet: str, documents: pa.Table) -> list[str | None]:
    if facet == "kind":
        return [DOCUMENT_KIND] * documents.num_rows
    source = {"authority": "authority", "document": "iri"}.get(facet)
    found: list[str | None] = documents.column(source).to_pylist() if source else [None] * documents.num_rows
    return found


def _years(column: pa.ChunkedArray) -> NDArray[np.int16]:
    return np.asarray(column.cast(pa.int16()).fill_null(0).to_numpy(), dtype=np.int16)


def _theme_lists(
    column: pa.ChunkedArray, documents: int, scheme: Scheme
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int32]]:
    places: dict[str, int] = {}
    starts = [0]
    codes: list[int] = []
    for themes in column.to_pylist():
        for theme in scheme.with_broader(themes or ()):
            codes.append(places.setdefault(theme, len(places)))
        starts.append(len(codes))
    starts += [len(codes)] * documents
    return tuple(places), np.array(starts, dtype=np.int64), np.array(codes, dtype=np.int32)


def _authority_names(items: pa.Table, documents: pa.Table) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for table in (items, documents):
        pairs = set(zip(table.column("gss_code").to_pylist(), table.column("authority").to_pylist(), strict=True))
        for code, name in sorted((c, n) for c, n in pairs if c and n):
            found.setdefault(code, {})[name] = None
    return {code: tuple(names) for code, names in found.items()}
