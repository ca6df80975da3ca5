"""Ranked lists into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Run:
    """One ranking of rows, best first, and how much it counts."""

    rows: NDArray[np.int64]
    weight: float = 1.0


def reciprocal_rank_fusion(runs: Sequence[Run], k: float = 60.0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows and fused scores, best first, ties by ascending row: the sum over runs of weight / (k + rank), rank 1-based.

    A row that a run names twice counts at its first place; a row that a run does not name gets nothing from it.
    """
    named = [r.rows for r in runs if len(r.rows) and r.weight > 0]
    if not named:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    rows = np.unique(np.concatenate(named))
    scores = np.zeros(len(rows), dtype=np.float64)
    for run in runs:
        if run.weight <= 0:
            continue
        distinct, first = np.unique(run.rows, return_index=True)
        rank = np.argsort(np.argsort(first)) + 1
        scores[np.searchsorted(rows, distinct)] += run.weight / (k + rank)
    order = np.lexsort((rows, -scores))
    return rows[order], scores[order]
