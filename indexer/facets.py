"""Filters as masks and facet counts as sums over code arrays: exact, and without touching the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indexer.search_request import FILTERS_OF, FacetValue, Filters, Lifted
from indexer.tables import listed

Mask = NDArray[np.bool_]
Counts = NDArray[np.int64]

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
    """``codes`` (n,) index into ``values``; -1 where there is none. ``order`` (len(values),): the place of each value
    among them sorted."""

    values: tuple[str, ...]
    codes: NDArray[np.int32]
    order: NDArray[np.int64]

    def rows_with(self, wanted: Iterable[str]) -> Mask:
        places = {v: i for i, v in enumerate(self.values)}
        chosen = np.zeros(len(self.values) + 1, dtype=np.bool_)
        for value in wanted:
            if value in places:
                chosen[places[value]] = True
        return chosen[self.codes]  # code -1 takes the last place, which is never chosen

    def counts(self, numbers: Counts) -> tuple[FacetValue, ...]:
        """``numbers`` (len(values),): most frequent first, ties by value; none that is 0."""
        found = np.flatnonzero(numbers)
        found = found[np.lexsort((self.order[found], -numbers[found]))]
        return tuple(
            FacetValue(self.values[p], n) for p, n in zip(found.tolist(), numbers[found].tolist(), strict=True)
        )


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
    """The filterable columns of items, then documents, in the row order of the indexes. Immutable.

    Rows that agree in all but themes share a *profile*, of which there are far fewer than rows: a filter is decided for
    each profile, and a row looks up its own; rows are counted by profile once, whatever the number of facets. Themes
    go by the sets of them that occur.
    """

    def __init__(self, items: pa.Table, documents: pa.Table, scheme: Scheme) -> None:
        self.scheme = scheme
        self.size: int = items.num_rows + documents.num_rows
        columns = {
            facet: _coded(items.column(column), _document_column(facet, documents))
            for facet, column in _COLUMNS.items()
        }
        years = np.concatenate([_years(items.column("year")), _years(documents.column("year"))])
        self._profiles, firsts = _profiles([*(column.codes for column in columns.values()), years])
        #: by profile
        self._columns = {facet: replace(column, codes=column.codes[firsts]) for facet, column in columns.items()}
        self._year = years[firsts]
        self._years = [int(year) for year in np.unique(years) if year]
        self._theme_sets, self._set_starts, self._themes = _theme_sets(
            items.column("themes"), documents.num_rows, scheme
        )
        self._gss = _authority_names(items, documents)

    def keys(self, row: int) -> tuple[str, ...]:
        """The row's filter keys, as the lexical index holds them."""
        profile = self._profiles[row]
        found = [
            f"{facet}:{column.values[column.codes[profile]]}"
            for facet, column in self._columns.items()
            if column.codes[profile] >= 0
        ]
        if self._year[profile]:
            found.append(f"year:{self._year[profile]}")
        found += [f"theme:{t}" for t in self.themes(row)]
        return tuple(found)

    def themes(self, row: int) -> tuple[str, ...]:
        """The row's themes and those above them."""
        place = self._theme_sets[row]
        codes = self._themes.codes[self._set_starts[place] : self._set_starts[place + 1]]
        return tuple(self._themes.values[c] for c in codes)

    def value(self, facet: str, row: int) -> str | None:
        column = self._columns[facet]
        code = column.codes[self._profiles[row]]
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
        profiles, sets = self._passing(must, must_not)
        if profiles is None:
            return None if sets is None else sets[self._theme_sets]
        passing = profiles[self._profiles]
        if sets is not None:
            passing &= sets[self._theme_sets]
        return passing

    def counts(self, rows: NDArray[np.int64], facets: Iterable[str]) -> dict[str, tuple[FacetValue, ...]]:
        """Exact counts over these rows: most frequent first, ties by value; years ascending."""
        tally = self._tally(rows)
        return {facet: self._count_themes(rows) if facet == "theme" else self._count(facet, tally) for facet in facets}

    def lifted(self, rows: NDArray[np.int64], filters: Filters) -> dict[str, Lifted]:
        """The counts of each facet that is filtered by, over those of ``rows`` that pass all the other filters."""
        nothing, found = Filters(), {}
        for facet, names in FILTERS_OF.items():
            if not any(getattr(filters, name) for name in names):
                continue
            others = replace(filters, **{name: getattr(nothing, name) for name in names})
            profiles, sets = self._passing(*self.conditions(others))
            kept = rows if sets is None else rows[sets[self._theme_sets[rows]]]
            if facet == "theme":
                kept = kept if profiles is None else kept[profiles[self._profiles[kept]]]
                found[facet] = Lifted(self._count_themes(kept), len(kept))
                continue
            tally = self._tally(kept)
            if profiles is not None:
                tally[~profiles] = 0
            found[facet] = Lifted(self._count("authority" if facet == "council" else facet, tally), int(tally.sum()))
        return found

    def _passing(self, must: Sequence[Condition], must_not: Condition | None) -> tuple[Mask | None, Mask | None]:
        """Which profiles and which sets of themes pass; None: all."""
        profiles: Mask | None = None
        sets: Mask | None = None
        for condition in must:
            if condition.facet == "theme":
                chosen = self._sets_with(condition.values)
                sets = chosen if sets is None else sets & chosen
            else:
                chosen = self._profiles_with(condition)
                profiles = chosen if profiles is None else profiles & chosen
        if must_not is not None:
            refused = self._profiles_with(must_not)
            profiles = ~refused if profiles is None else profiles & ~refused
        return profiles, sets

    def _profiles_with(self, condition: Condition) -> Mask:
        if condition.facet != "year":
            return self._columns[condition.facet].rows_with(condition.values)
        chosen: Mask = np.zeros(int(self._year.max(initial=0)) + 1, dtype=np.bool_)
        chosen[[int(value) for value in condition.values]] = True
        return np.asarray(chosen[self._year])

    def _sets_with(self, themes: Iterable[str]) -> Mask:
        chosen = self._themes.rows_with(themes)
        found = np.zeros(len(self._set_starts) - 1, dtype=np.bool_)
        found[np.repeat(np.arange(len(found)), np.diff(self._set_starts))[chosen]] = True
        return found

    def _tally(self, rows: NDArray[np.int64]) -> Counts:
        """How many of these rows each profile has."""
        return np.bincount(self._profiles[rows], minlength=len(self._year))

    def _count(self, facet: str, tally: Counts) -> tuple[FacetValue, ...]:
        if facet == "year":
            numbers = np.bincount(self._year, weights=tally).astype(np.int64).tolist()
            return tuple(FacetValue(str(year), number) for year, number in enumerate(numbers) if year and number)
        column = self._columns[facet]
        numbers = np.bincount(column.codes + 1, weights=tally, minlength=len(column.values) + 1)[1:]
        return column.counts(numbers.astype(np.int64))

    def _count_themes(self, rows: NDArray[np.int64]) -> tuple[FacetValue, ...]:
        sets = np.bincount(self._theme_sets[rows], minlength=len(self._set_starts) - 1)
        weights = np.repeat(sets, np.diff(self._set_starts))
        numbers = np.bincount(self._themes.codes, weights=weights, minlength=len(self._themes.values))
        return self._themes.counts(numbers.astype(np.int64))

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
    values = tuple(encoded.dictionary.to_pylist())
    return CodedColumn(values, codes, _sorted_places(values))


def _sorted_places(values: Sequence[str]) -> NDArray[np.int64]:
    places = np.empty(len(values), dtype=np.int64)
    places[sorted(range(len(values)), key=values.__getitem__)] = np.arange(len(values))
    return places


def _profiles(columns: Sequence[NDArray[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n,): the number of each row's profile, equal where all ``columns`` are; and of each profile its first row."""
    profiles = np.zeros(len(columns[0]), dtype=np.int64)
    count = 1
    for column in columns:
        joined = profiles + (column.astype(np.int64) + 1) * count
        encoded = pa.array(joined).dictionary_encode()
        profiles, count = encoded.indices.to_numpy().astype(np.int64), len(encoded.dictionary)
    firsts = np.empty(count if len(profiles) else 0, dtype=np.int64)
    firsts[profiles[::-1]] = np.arange(len(profiles))[::-1]
    return profiles, firsts


def _document_column(facet: str, documents: pa.Table) -> list[str | None]:
    if facet == "kind":
        return [DOCUMENT_KIND] * documents.num_rows
    source = {"authority": "authority", "document": "iri"}.get(facet)
    found: list[str | None] = documents.column(source).to_pylist() if source else [None] * documents.num_rows
    return found


def _years(column: pa.ChunkedArray) -> NDArray[np.int16]:
    return np.asarray(column.cast(pa.int16()).fill_null(0).to_numpy(), dtype=np.int16)


def _theme_sets(
    column: pa.ChunkedArray, documents: int, scheme: Scheme
) -> tuple[NDArray[np.int64], NDArray[np.int64], CodedColumn]:
    """Of each row the place of its set of themes, broader ones included; where each set begins among the codes of the
    themes, one after another."""
    sets: dict[tuple[str, ...], int] = {(): 0}
    rows = [sets.setdefault(tuple(themes or ()), len(sets)) for themes in listed(column)]
    places: dict[str, int] = {}
    starts, codes = [0], []
    for themes in sets:
        codes += [places.setdefault(theme, len(places)) for theme in scheme.with_broader(themes)]
        starts.append(len(codes))
    values = tuple(places)
    return (
        np.array(rows + [0] * documents, dtype=np.int64),
        np.array(starts, dtype=np.int64),
        CodedColumn(values, np.array(codes, dtype=np.int32), _sorted_places(values)),
    )


def _authority_names(items: pa.Table, documents: pa.Table) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for table in (items, documents):
        names = ["gss_code", "authority"]
        pairs = table.select(names).unify_dictionaries().group_by(names).aggregate([])
        columns = (pairs.column(name).to_pylist() for name in names)
        for code, name in sorted((c, n) for c, n in zip(*columns, strict=True) if c and n):
            found.setdefault(code, {})[name] = None
    return {code: tuple(names) for code, names in found.items()}
