"""Which inspection said what about which theme: the matrix that every rate is counted from.

Counted are the inspections that a report of the release is about; what a council's paper repeats of them is not
counted again. A report in which nothing of a measure was found at all (some visits print none) is *silent*
on it: it stands in no denominator, for that it says nothing is no all-clear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

#: Measure → which items count: what was said to the council.
MEASURES = {
    "recommended": "a recommendation",
    "told": "a recommendation, or a finding that something needs improvement",
    "praised": "a finding that something is a strength",
}
REPORT = "inspection-report"
#: How a value that is not known is called.
UNKNOWN = "unknown"

Matrix = NDArray[np.int32]


@dataclass(frozen=True)
class Inspections:
    """The counted inspections as columns, in the order of the table. ``following``: place of the inspection of the same
    council that came next under a comparable framework, -1 where there is none here."""

    iri: Sequence[str]
    id: Sequence[str]
    document: Sequence[str]
    gss_code: Sequence[str | None]
    region: Sequence[str]
    authority_type: Sequence[str]
    framework: Sequence[str]
    grade: Sequence[str]
    year: Sequence[str]
    when: Sequence[str]
    following: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.iri)


@dataclass(frozen=True)
class Incidence:
    """``counts``: measure → (inspections, themes), how many of an inspection's items are about a theme or one narrower;
    ``totals``: measure → (inspections,), how many there are at all. ``item_rows`` and ``item_inspections``: rows of the
    table ``items`` that count under some measure, and the place of the inspection of each."""

    inspections: Inspections
    themes: tuple[str, ...]
    parents: tuple[int, ...]
    counts: Mapping[str, Matrix]
    totals: Mapping[str, NDArray[np.int32]]
    item_rows: NDArray[np.int64]
    item_inspections: NDArray[np.int64]
    item_measures: Mapping[str, NDArray[np.bool_]]
    _links: tuple[NDArray[np.int64], NDArray[np.int64]]

    @classmethod
    def of(
        cls,
        items: pa.Table,
        inspections: pa.Table,
        documents: pa.Table,
        places: Mapping[str, tuple[str | None, str | None]],
        broader: Mapping[str, str | None],
    ) -> Incidence:
        """``items``: at least kind, polarity, inspection and themes, as strings or as dictionaries, which is faster.
        ``places``: GSS code → region and type of council; ``broader``: theme → its top theme, in the scheme's order.

        Themes of the items that the scheme does not know are taken up after it.
        """
        counted = _counted(inspections, documents, places)
        places_of = {iri: place for place, iri in enumerate(counted.iri)}
        inspection = _mapped(items.column("inspection"), places_of)
        recommended = _mapped(items.column("kind"), {"recommendation": 1}) > 0
        told = _mapped(items.column("polarity"), {"improvement": 1}) > 0
        praised = _mapped(items.column("polarity"), {"strength": 1}) > 0
        flags = {"recommended": recommended, "told": recommended | told, "praised": praised}
        rows = np.flatnonzero((inspection >= 0) & (recommended | told | praised))
        names, links = _theme_links(items.column("themes"), broader)
        parents = tuple(names.index(top) if (top := broader.get(name)) else -1 for name in names)
        size, width = len(counted), len(names)
        counts, totals = {}, {}
        for measure, flag in flags.items():
            taken = flag[links[0]] & (inspection[links[0]] >= 0)
            cells = inspection[links[0][taken]] * width + links[1][taken]
            counts[measure] = np.bincount(cells, minlength=size * width).reshape(size, width).astype(np.int32)
            totals[measure] = np.bincount(inspection[flag & (inspection >= 0)], minlength=size).astype(np.int32)
        measures = {measure: flag[rows] for measure, flag in flags.items()}
        return cls(counted, names, parents, counts, totals, rows, inspection[rows], measures, links)

    @cached_property
    def theme_places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.themes)}

    def said(self, measure: str) -> NDArray[np.bool_]:
        """(inspections, themes): whether the inspection said something of the theme."""
        return np.asarray(self.counts[measure] > 0)

    def heard(self, measure: str) -> NDArray[np.bool_]:
        """(inspections,): whether the inspection is not silent."""
        return np.asarray(self.totals[measure] > 0)

    def theme_rows(self, theme: str) -> NDArray[np.int64]:
        """All rows of ``items`` that are about a theme or one narrower, of any kind and document, ascending."""
        place = self.theme_places.get(theme)
        if place is None:
            return np.empty(0, dtype=np.int64)
        rows, starts = self._by_theme
        return rows[starts[place] : starts[place + 1]]

    @cached_property
    def _by_theme(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows, themes = self._links
        order = np.argsort(themes, kind="stable")
        return rows[order], np.searchsorted(themes[order], np.arange(len(self.themes) + 1))

    def rows(self, measure: str, theme: str | None, inspections: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The rows of ``items`` that these inspections' cells count, ascending; ``theme`` None: of all themes."""
        taken = self.item_measures[measure] & inspections[self.item_inspections]
        rows = self.item_rows[taken]
        if theme is None:
            return rows
        return np.asarray(np.intersect1d(rows, self.theme_rows(theme), assume_unique=True))

    def pairs(self, measure: str) -> NDArray[np.int64]:
        """(themes, themes): how many items of the measure are about both."""
        flagged = np.zeros(int(self._links[0].max(initial=-1)) + 1, dtype=np.bool_)
        rows = self.item_rows[self.item_measures[measure]]
        flagged[rows[rows < len(flagged)]] = True
        taken = flagged[self._links[0]]
        cells = sparse.csr_matrix(
            (np.ones(int(taken.sum())), (self._links[0][taken], self._links[1][taken])),
            shape=(len(flagged), len(self.themes)),
        )
        return np.asarray((cells.T @ cells).toarray(), dtype=np.int64)


def _counted(
    inspections: pa.Table, documents: pa.Table, places: Mapping[str, tuple[str | None, str | None]]
) -> Inspections:
    reports = documents.filter(pc.equal(documents.column("kind"), REPORT)).column("iri")
    taken = pc.and_(
        pc.equal(inspections.column("position"), 0),
        pc.is_in(inspections.column("document"), value_set=reports.combine_chunks()),
    )
    table = inspections.filter(taken)
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    place = {iri: number for number, iri in enumerate(columns["iri"])}
    where = [places.get(code or "", (None, None)) for code in columns["gss_code"]]
    dates = zip(columns["end"], columns["start"], columns["year"], strict=True)
    return Inspections(
        iri=columns["iri"],
        id=columns["id"],
        document=columns["document"],
        gss_code=columns["gss_code"],
        region=[region or UNKNOWN for region, _ in where],
        authority_type=[kind or UNKNOWN for _, kind in where],
        framework=[framework or UNKNOWN for framework in columns["framework_id"]],
        grade=[grade or UNKNOWN for grade in columns["overall_grade"]],
        year=[str(year) if year else UNKNOWN for year in columns["year"]],
        when=[end or start or str(year or "") for end, start, year in dates],
        following=np.array([place.get(iri or "", -1) for iri in columns["next"]], dtype=np.int64),
    )


def _mapped(column: pa.ChunkedArray, places: Mapping[str, int]) -> NDArray[np.int64]:
    """What each row's value is mapped to, -1 for others and for none."""
    encoded = column.unify_dictionaries().combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    place = np.array([*(places.get(value, -1) for value in values), -1], dtype=np.int64)
    return np.asarray(place[encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)])


def _theme_links(
    column: pa.ChunkedArray, broader: Mapping[str, str | None]
) -> tuple[tuple[str, ...], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Names of the themes, and (rows, themes) of every link and of those to broader themes, each once, by row."""
    lists = column.unify_dictionaries().combine_chunks()
    used = pc.list_flatten(lists)
    if not pa.types.is_dictionary(used.type):
        used = used.dictionary_encode()
    found = used.dictionary.to_pylist()
    names = tuple(dict.fromkeys([*broader, *(top for top in broader.values() if top), *sorted(found)]))
    place = {name: number for number, name in enumerate(names)}
    recode = np.array([place[name] for name in found], dtype=np.int64)
    themes = recode[used.indices.to_numpy(zero_copy_only=False)] if found else np.empty(0, dtype=np.int64)
    rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    above = np.array([place[top] if (top := broader.get(name)) else -1 for name in names], dtype=np.int64)
    upper = above[themes] if len(themes) else themes
    every = np.concatenate([rows * len(names) + themes, (rows * len(names) + upper)[upper >= 0]])
    every = np.sort(every)
    every = every[np.diff(every, prepend=-1) > 0]
    return names, (every // max(1, len(names)), every % max(1, len(names)))
