"""The statistics of the analyses: shares with intervals, and comparisons within strata.

An inspection either did or did not say something; everything here counts inspections. Comparisons are made within
strata (frameworks), so that a framework that asks for more, or a year with another mix of frameworks, is no difference.
What SciPy has is taken from it; ``docs/methods.md`` gives formulas and sources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtr, ndtri
from scipy.stats import false_discovery_control

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

#: Where the conditional distribution has at most this many cells it is written out, else approximated by the normal.
EXACT_CELLS = 40_000
#: Outcomes whose probability differs from the observed one's by no more than this are as likely (as in SciPy).
_TIE = 1 + 1e-7


@dataclass(frozen=True, slots=True)
class Association:
    """How successes go with scores within strata. ``slope``: change of the share a unit of score, None where no stratum
    can tell; ``p`` is two-sided, None likewise; ``exact`` says whether it was summed from the exact distribution."""

    slope: float | None
    p: float | None
    exact: bool


@dataclass(frozen=True, slots=True)
class Ratio:
    """A Mantel-Haenszel ratio of shares with its 95 % interval; None where it cannot be estimated."""

    estimate: float | None
    low: float | None
    high: float | None


def wilson(successes: ArrayLike, trials: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Both ends of the Wilson score interval of each share; NaN where there are no trials."""
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    z = float(ndtri((1 + confidence) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / n
        scale = 1 + z * z / n
        centre = (share + z * z / (2 * n)) / scale
        half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
        low = np.where(k == 0, np.where(n > 0, 0.0, np.nan), np.clip(centre - half, 0, 1))
        high = np.where(k == n, np.where(n > 0, 1.0, np.nan), np.clip(centre + half, 0, 1))
    return np.asarray(low), np.asarray(high)


def association(successes: ArrayLike, trials: ArrayLike, scores: Sequence[int]) -> Association:
    """The Cochran-Armitage test within strata (Mantel's extension): do successes rise with the score?

    ``successes`` and ``trials`` (strata, levels), ``scores`` a whole number a level. With scores 0 and 1 it compares
    two groups: the Cochran-Mantel-Haenszel test, in one stratum Fisher's. Conditional on the totals of every stratum;
    exact, by summing all outcomes that are no likelier than the observed one, where that is feasible, else by the
    normal approximation without correction for continuity.
    """
    k, n = _table(successes, trials)
    s = np.asarray(scores, dtype=np.int64)
    parts = [(x[m > 0], m[m > 0], s[m > 0]) for x, m in zip(k, n, strict=True)]
    parts = [(x, m, t) for x, m, t in parts if 0 < x.sum() < m.sum() and len(np.unique(t)) > 1]
    if not parts:
        return Association(None, None, exact=True)
    excess = sum(float((t * (x - m * x.sum() / m.sum())).sum()) for x, m, t in parts)
    spread = sum(_spread(m, t) for _, m, t in parts)
    if sum(_cells(x, m, t) for x, m, t in parts) <= EXACT_CELLS:
        return Association(excess / spread, _exact(parts), exact=True)
    variance = sum(_variance(x, m, t) for x, m, t in parts)
    return Association(excess / spread, float(2 * ndtr(-abs(excess) / np.sqrt(variance))), exact=False)


def mantel_haenszel(successes: ArrayLike, trials: ArrayLike) -> Ratio:
    """The ratio of two groups' shares pooled over strata, interval by Greenland and Robins (1985).

    ``successes`` and ``trials`` (strata, 2): the group, then those that it is compared with.
    """
    k, n = (table.astype(np.float64) for table in _table(successes, trials))
    both = (n > 0).all(axis=1)
    (a, c), (m, o) = k[both].T, n[both].T
    total = m + o
    above, below = float((a * o / total).sum()), float((c * m / total).sum())
    if above <= 0 or below <= 0:
        return Ratio(0.0 if below > 0 else None, None, None)
    variance = float(((m * o * (a + c) - a * c * total) / total**2).sum()) / (above * below)
    estimate, factor = above / below, np.exp(float(ndtri(0.975)) * np.sqrt(variance))
    return Ratio(estimate, float(estimate / factor), float(estimate * factor))


def expected(successes: ArrayLike, trials: ArrayLike, group_trials: ArrayLike) -> float:
    """How many successes a group would have if it fared like all do in each stratum (indirect standardisation).

    ``successes`` and ``trials`` (strata,) of all, the group among them; ``group_trials`` (strata,) of the group.
    """
    k, n, g = (np.asarray(x, dtype=np.float64) for x in (successes, trials, group_trials))
    return float((g[n > 0] * k[n > 0] / n[n > 0]).sum())


def false_discovery(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini and Hochberg's adjusted p-values, of those that were tested; None stays None."""
    tested = [place for place, p in enumerate(p_values) if p is not None]
    adjusted: list[float | None] = [None] * len(p_values)
    if tested:
        found = false_discovery_control([min(1.0, p_values[place] or 0.0) for place in tested])
        for place, q in zip(tested, found, strict=True):
            adjusted[place] = float(q)
    return adjusted


def _table(successes: ArrayLike, trials: ArrayLike) -> tuple[Counts, Counts]:
    k, n = np.atleast_2d(np.asarray(successes, np.int64)), np.atleast_2d(np.asarray(trials, np.int64))
    if k.shape != n.shape or (k < 0).any() or (k > n).any():
        raise ValueError("every cell needs between 0 and its trials successes")
    return k, n


def _spread(trials: Counts, scores: Counts) -> float:
    mean = (trials * scores).sum() / trials.sum()
    return float((trials * (scores - mean) ** 2).sum())


def _variance(successes: Counts, trials: Counts, scores: Counts) -> float:
    """Of the sum of scores over successes, given the stratum's totals."""
    k, n = float(successes.sum()), float(trials.sum())
    return k * (n - k) / (n * (n - 1)) * _spread(trials, scores)


def _cells(successes: Counts, trials: Counts, scores: Counts) -> int:
    fewer = int(min(successes.sum(), (trials - successes).sum()))
    return (fewer + 1) * (fewer * int(np.ptp(scores)) + 1)


def _exact(parts: Sequence[tuple[Counts, Counts, Counts]]) -> float:
    whole, observed = np.ones(1), 0
    for successes, trials, scores in parts:
        # successes and failures are alike here, but for the sign of the sum: the rarer are counted
        rare = successes if 2 * successes.sum() <= trials.sum() else trials - successes
        # failures pull the other way, so their scores are mirrored to add up across strata
        steps = scores - scores.min() if rare is successes else scores.max() - scores
        merged = Counter[int]()
        for count, step in zip(trials.tolist(), steps.tolist(), strict=True):
            merged[step] += count
        levels = sorted(merged.items())
        whole = np.convolve(whole, _sums(tuple(levels), int(rare.sum())))
        observed += int((steps * rare).sum())
    return min(1.0, float(whole[whole <= whole[observed] * _TIE].sum() / whole.sum()))


@lru_cache(maxsize=16_384)
def _sums(levels: tuple[tuple[int, int], ...], total: int) -> Floats:
    """Probability of each sum of scores when ``total`` of all trials, each as likely, are drawn; ``levels`` are (score,
    trials), the lowest score 0."""
    highest = levels[-1][0]
    found = np.zeros(total * highest + 1)
    if len(levels) == 2:
        (_, others), (_, count) = levels
        drawn = np.arange(max(0, total - others), min(count, total) + 1)
        found[drawn * highest] = _proportional(_log_choose(count, drawn) + _log_choose(others, total - drawn))
        return found
    share = total / sum(count for _, count in levels)
    ways = np.zeros((total + 1, len(found)))
    ways[0, 0] = 1.0
    for score, count in levels:
        drawn = np.arange(min(count, total) + 1)
        # binomial weights: given the total any common share gives the same, and this one overflows nowhere
        weights = np.exp(_log_choose(count, drawn) + drawn * np.log(share) + (count - drawn) * np.log1p(-share))
        grown = np.zeros_like(ways)
        for x, weight in zip(drawn.tolist(), weights.tolist(), strict=True):
            grown[x:, x * score :] += weight * ways[: total + 1 - x, : ways.shape[1] - x * score]
        ways = grown
    return np.asarray(ways[total] / ways[total].sum())


def _log_choose(count: int, drawn: Counts) -> Floats:
    return np.asarray(gammaln(count + 1) - gammaln(drawn + 1) - gammaln(count - drawn + 1))


def _proportional(logarithms: Floats) -> Floats:
    weights = np.exp(logarithms - logarithms.max())
    return np.asarray(weights / weights.sum())
