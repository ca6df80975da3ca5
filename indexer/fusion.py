"""Several kinds of evidence into one order.

Runs that only know ranks are joined by weighted reciprocal rank fusion. Where each kind of evidence can score every
candidate, a weighted sum does better (see docs/evaluation.md): the parts are brought to one scale that depends neither
on the other candidates nor on the filters. Only ``feedback`` looks at what else was found: it brings forward what is
about the same themes as the best candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    """One ranking of rows, best first, and how much it counts."""

    rows: NDArray[np.int64]
    weight: float = 1.0


def reciprocal_rank_fusion(runs: Sequence[Run], k: float = 60.0) -> tuple[NDArray[np.int64], Scores]:
    """Rows and fused scores, best first, ties by ascending row: the sum over runs of weight / (k + rank), rank 1-based.

    A row that a run names twice counts at its first place; a row that a run does not name gets nothing from it.
    """
    counted = [run for run in runs if len(run.rows) and run.weight > 0]
    if not counted:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    rows = np.unique(np.concatenate([run.rows for run in counted]))
    scores = np.zeros(len(rows), dtype=np.float64)
    for run in counted:
        distinct, first = np.unique(run.rows, return_index=True)
        rank = np.argsort(np.argsort(first)) + 1
        scores[np.searchsorted(rows, distinct)] += run.weight / (k + rank)
    order = np.lexsort((rows, -scores))
    return rows[order], scores[order]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts; chosen on the dev queries in coarse steps, and flat around the choice
    (docs/evaluation.md)."""

    tokens: float = 1.0
    cosine: float = 0.15
    concepts: float = 0.75
    phrasebook: float = 0.5
    words: float = 0.5
    themes: float = 1.5
    feedback: float = 1.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """The parts of each candidate's score, arrays of one length. ``tokens`` and ``cosine`` in units of their usual
    spread; ``concepts``, ``words``, ``themes`` and ``feedback`` in [0, 1]; ``phrasebook`` in the unit of ``tokens``."""

    tokens: Scores
    cosine: Scores
    concepts: Scores
    phrasebook: Scores
    words: Scores
    themes: Scores
    feedback: Scores

    def at(self, places: NDArray[np.int64]) -> Evidence:
        """That of the candidates at these places alone."""
        return Evidence(*(getattr(self, part.name)[places] for part in fields(self)))

    def fused(self, weights: Weights) -> Scores:
        meaning = weights.tokens * self.tokens + weights.cosine * self.cosine
        return np.asarray(
            meaning
            + weights.concepts * self.concepts
            + weights.phrasebook * self.phrasebook
            + weights.words * self.words
            + weights.themes * self.themes
            + weights.feedback * self.feedback,
            dtype=np.float64,
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic curve from evidence to the chance that hit and query are about the same issue (grade 2 or 3 of the
    judged scale), fitted by ``benchmarks/evaluate_search.py --calibrate``."""

    intercept: float = -3.2
    tokens: float = 0.17
    concepts: float = 2.1
    themes: float = 1.2

    def confidence(self, evidence: Evidence) -> Scores:
        agreed = self.concepts * evidence.concepts + self.themes * evidence.themes
        logit = self.intercept + self.tokens * evidence.tokens + agreed
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -50, 50))), dtype=np.float64)
