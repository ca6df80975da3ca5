"""Themes against what an inspection was like: year, region, type of council, framework, grade, likeness of councils."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indexer.analyses.corpus import LEAST, LEVEL, Choice, Corpus, Mask, Row, as_table, coded
from indexer.incidence import UNKNOWN
from indexer.statistics import association, false_discovery, mantel_haenszel, wilson

RATES = pa.schema(
    [
        ("theme", pa.string()),
        ("group", pa.string()),
        ("items", pa.int64()),  # passages about the theme
        ("said", pa.int64()),  # inspections with at least one
        ("inspections", pa.int64()),  # of how many
        ("share", pa.float64()),
        ("low", pa.float64()),  # 95 %, Wilson
        ("high", pa.float64()),
        ("expected", pa.float64()),  # inspections, if the group fared like all under the same frameworks
        ("ratio", pa.float64()),  # Mantel-Haenszel, to the rest under the same framework
        ("ratio_low", pa.float64()),
        ("ratio_high", pa.float64()),
        ("p", pa.float64()),
        ("q", pa.float64()),  # adjusted for all comparisons of the table
        ("reading", pa.string()),
    ]
)
TRENDS = pa.schema(
    [
        ("theme", pa.string()),
        ("items", pa.int64()),
        ("said", pa.int64()),
        ("inspections", pa.int64()),
        ("share", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("first_year", pa.int64()),
        ("last_year", pa.int64()),
        ("change", pa.float64()),  # of the share a year, within frameworks
        ("p", pa.float64()),
        ("q", pa.float64()),
        ("reading", pa.string()),
    ]
)
#: What is said of a cell with fewer inspections, or fewer that said something, than are needed.
TOO_FEW = "too few"
#: Dimension → column of the inspections.
DIMENSIONS = {
    "year": "year",
    "region": "region",
    "authority-type": "authority_type",
    "framework": "framework",
    "grade": "grade",
}
#: Groups of the dimension ``neighbours``, which is relative to a council.
OWN, NEIGHBOURS, OTHERS = "own", "neighbours", "others"


@dataclass(frozen=True)
class Grouping:
    """``codes`` (inspections,): the place of each inspection's group among ``names``."""

    names: tuple[str, ...]
    codes: NDArray[np.int64]


def grouping(corpus: Corpus, dimension: str, council: str | None = None) -> Grouping:
    """``dimension``: one of ``DIMENSIONS``, or "neighbours", for which ``council`` is needed."""
    inspections = corpus.incidence.inspections
    if dimension != "neighbours":
        return Grouping(*coded(getattr(inspections, DIMENSIONS[dimension])))
    authority = corpus.register.by_gss(council or "")
    near = set(authority.neighbours) if authority else set()
    values = [OWN if c == council else NEIGHBOURS if c in near else OTHERS for c in inspections.gss_code]
    names = (OWN, NEIGHBOURS, OTHERS)
    return Grouping(names, np.array([names.index(value) for value in values], dtype=np.int64))


def group_mask(corpus: Corpus, dimension: str, group: str, council: str | None = None) -> Mask:
    """The counted inspections of one group."""
    found = grouping(corpus, dimension, council)
    return np.asarray(found.codes == (found.names.index(group) if group in found.names else -1))


def rates(corpus: Corpus, dimension: str, choice: Choice) -> pa.Table:
    """``RATES``: every theme that any inspection spoke of, in every group that has an inspection.

    A group is compared with all others under the same framework (frameworks themselves with all others outright).
    """
    incidence = corpus.incidence
    groups, heard = grouping(corpus, dimension, choice.council), incidence.heard(choice.measure)
    said = incidence.said(choice.measure) & heard[:, None]
    frameworks, strata = corpus.frameworks
    if dimension == "framework":
        frameworks, strata = ("all",), np.zeros(len(heard), dtype=np.int64)
    k, n, items = _cells(
        said, heard, incidence.counts[choice.measure], groups, strata, len(frameworks)
    )  # (strata, groups, themes), (strata, groups), (groups, themes)
    told, trials = k.sum(axis=0), n.sum(axis=0)
    low, high = wilson(told, np.broadcast_to(trials[:, None], told.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.where(n.sum(axis=1) > 0, 1 / n.sum(axis=1), 0)[:, None] * k.sum(axis=1)
    wanted = np.einsum("sg,st->gt", n, pooled)
    rows: list[Row] = []
    for theme in np.flatnonzero(told.sum(axis=0)):
        for group in np.flatnonzero(trials):
            enough = trials[group] >= LEAST
            row: Row = {
                "theme": incidence.themes[theme],
                "group": groups.names[group],
                "items": int(items[group, theme]),
                "said": int(told[group, theme]),
                "inspections": int(trials[group]),
                "expected": float(wanted[group, theme]),
            }
            if enough:
                row |= {
                    "share": told[group, theme] / trials[group],
                    "low": low[group, theme],
                    "high": high[group, theme],
                }
                row |= _against_the_rest(k[:, :, theme], n, int(group))
            rows.append(row)
    for row, q in zip(rows, false_discovery([row.get("p") for row in rows]), strict=True):
        row["q"] = q
        row["reading"] = _reading(row)
    return as_table(rows, RATES)


def _cells(
    said: Mask, heard: Mask, counts: NDArray[np.int32], groups: Grouping, strata: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    size = len(groups.names)
    cell = strata * size + groups.codes
    places = np.zeros((width * size, len(heard)), dtype=np.float32)
    places[cell, np.arange(len(heard))] = heard
    k = (places @ said.astype(np.float32)).reshape(width, size, -1)
    n = places.sum(axis=1).reshape(width, size)
    items = (places @ counts.astype(np.float32)).reshape(width, size, -1).sum(axis=0)
    return np.rint(k).astype(np.int64), np.rint(n).astype(np.int64), np.rint(items).astype(np.int64)


def _against_the_rest(k: NDArray[np.int64], n: NDArray[np.int64], group: int) -> Row:
    """One theme, (strata, groups): the group beside all others."""
    rest = [other for other in range(n.shape[1]) if other != group]
    successes = np.stack([k[:, group], k[:, rest].sum(axis=1)], axis=1)
    trials = np.stack([n[:, group], n[:, rest].sum(axis=1)], axis=1)
    if successes.sum() < LEAST or trials[:, 1].sum() < LEAST:
        return {}
    ratio = mantel_haenszel(successes, trials)
    return {
        "ratio": ratio.estimate,
        "ratio_low": ratio.low,
        "ratio_high": ratio.high,
        "p": association(successes[:, ::-1], trials[:, ::-1], (0, 1)).p,
    }


def _reading(row: Row) -> str:
    if row["q"] is None:
        return TOO_FEW
    if row["q"] > LEVEL:
        return "no difference shown"
    ratio = row["ratio"]
    return "more often than elsewhere" if ratio is None or ratio > 1 else "less often than elsewhere"


def trends(corpus: Corpus, choice: Choice) -> pa.Table:
    """``TRENDS``: whether the share of inspections that spoke of a theme rose or fell over the years, within
    frameworks, the surest changes first. Inspections whose year is not known are left out."""
    incidence = corpus.incidence
    inspections, heard = incidence.inspections, incidence.heard(choice.measure)
    dated = heard & np.array([year != UNKNOWN for year in inspections.year], dtype=np.bool_)
    if not dated.any():
        return as_table([], TRENDS)
    years = np.array([int(year) if year != UNKNOWN else 0 for year in inspections.year])
    first, last = int(years[dated].min()), int(years[dated].max())
    groups = Grouping(tuple(str(year) for year in range(first, last + 1)), np.clip(years - first, 0, None))
    frameworks, strata = corpus.frameworks
    said = incidence.said(choice.measure) & dated[:, None]
    k, n, items = _cells(said, dated, incidence.counts[choice.measure], groups, strata, len(frameworks))
    trials = int(dated.sum())
    rows: list[Row] = []
    for theme in np.flatnonzero(said.sum(axis=0)):
        told = int(said[:, theme].sum())
        row: Row = {
            "theme": incidence.themes[theme],
            "items": int(items[:, theme].sum()),
            "said": told,
            "inspections": trials,
            "first_year": first,
            "last_year": last,
        }
        if trials >= LEAST:
            low, high = wilson(told, trials)
            row |= {"share": told / trials, "low": float(low), "high": float(high)}
        if told >= LEAST:
            found = association(k[:, :, theme], n, range(last - first + 1))
            row |= {"change": found.slope, "p": found.p}
        rows.append(row)
    for row, q in zip(rows, false_discovery([row.get("p") for row in rows]), strict=True):
        row["q"] = q
        row["reading"] = _direction(q, row.get("change"))
    rows.sort(key=lambda row: (row["q"] is None, row["q"] or 0, -row["said"], row["theme"]))
    return as_table(rows, TRENDS)


def _direction(q: float | None, change: float | None) -> str:
    if q is None or change is None:
        return TOO_FEW
    return "no trend shown" if q > LEVEL else "rising" if change > 0 else "falling"


TOGETHER = pa.schema(
    [
        ("theme", pa.string()),
        ("other", pa.string()),
        ("items", pa.int64()),  # passages about both
        ("said", pa.int64()),  # inspections that spoke of the first
        ("said_other", pa.int64()),
        ("both", pa.int64()),
        ("inspections", pa.int64()),
        ("expected", pa.float64()),  # of both, if within each framework one had nothing to do with the other
        ("lift", pa.float64()),  # both / expected
        ("pmi", pa.float64()),  # pointwise mutual information: log2 of it
        ("p", pa.float64()),
        ("q", pa.float64()),
        ("reading", pa.string()),
    ]
)


def together(corpus: Corpus, choice: Choice) -> pa.Table:
    """``TOGETHER``: pairs of themes that some inspection spoke of both, a theme and its own top theme left out; most
    inspections first."""
    incidence = corpus.incidence
    heard = incidence.heard(choice.measure)
    said = (incidence.said(choice.measure) & heard[:, None]).astype(np.float64)
    strata = [corpus.frameworks[1] == place for place in range(len(corpus.frameworks[0]))]
    sizes = np.array([float((mask & heard).sum()) for mask in strata])
    singles = np.stack([said[mask].sum(axis=0) for mask in strata])
    pairs = np.stack([said[mask].T @ said[mask] for mask in strata])
    both, width = pairs.sum(axis=0), len(incidence.themes)
    passages = incidence.pairs(choice.measure)
    rows: list[Row] = []
    for one in range(width):
        for other in range(one + 1, width):
            related = incidence.parents[one] == other or incidence.parents[other] == one
            if related or not both[one, other]:
                continue
            there = sizes > 0
            wanted = float((singles[there, one] * singles[there, other] / sizes[there]).sum())
            lift = both[one, other] / wanted
            row: Row = {
                "theme": incidence.themes[one],
                "other": incidence.themes[other],
                "items": int(passages[one, other]),
                "said": int(singles[:, one].sum()),
                "said_other": int(singles[:, other].sum()),
                "both": int(both[one, other]),
                "inspections": int(sizes.sum()),
                "expected": wanted,
                "lift": lift,
                "pmi": math.log2(lift),
            }
            if min(row["said"], row["said_other"]) >= LEAST:
                successes = np.stack([pairs[:, one, other], singles[:, one] - pairs[:, one, other]], axis=1)
                trials = np.stack([singles[:, other], sizes - singles[:, other]], axis=1)
                row["p"] = association(successes[:, ::-1], trials[:, ::-1], (0, 1)).p
            rows.append(row)
    for row, q in zip(rows, false_discovery([row.get("p") for row in rows]), strict=True):
        row["q"] = q
        row["reading"] = _company(q, row["lift"])
    return as_table(sorted(rows, key=lambda row: (-row["both"], row["theme"], row["other"])), TOGETHER)


def _company(q: float | None, lift: float) -> str:
    if q is None:
        return TOO_FEW
    if q > LEVEL:
        return "no association shown"
    return "together more often than by chance" if lift > 1 else "together less often than by chance"


def shares(said: Sequence[int], trials: Sequence[int]) -> list[Row]:
    """Share and interval of each, none where there are fewer trials than needed."""
    low, high = wilson(said, trials)
    return [
        {"share": k / n, "low": float(a), "high": float(b)} if n >= LEAST else {}
        for k, n, a, b in zip(said, trials, low, high, strict=True)
    ]
