"""The statistics of the analyses, each against an independent oracle: SciPy, statsmodels, every outcome counted."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, fisher_exact

from indexer import statistics
from indexer.statistics import association, expected, false_discovery, mantel_haenszel, wilson

cells = st.integers(0, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def tables(strata: int, levels: int, least: int = 1) -> st.SearchStrategy[tuple[list[list[int]], list[list[int]]]]:
    """(successes, trials), both (strata, levels)."""
    rows = st.lists(st.lists(cells, min_size=levels, max_size=levels), min_size=least, max_size=strata)
    return rows.map(lambda t: ([[k for k, _ in row] for row in t], [[n for _, n in row] for row in t]))


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_scipys(counts: tuple[int, int]) -> None:
    k, n = counts
    low, high = wilson(k, n)
    theirs = binomtest(k, n).proportion_ci(method="wilson")
    assert (float(low), float(high)) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert low <= k / n <= high


def test_no_trials_give_no_interval() -> None:
    low, high = wilson([0, 1], [0, 4])
    assert np.isnan(low[0])
    assert np.isnan(high[0])
    assert not np.isnan(low[1])


def every_outcome(successes: list[list[int]], trials: list[list[int]], scores: list[int]) -> float | None:
    """The exact two-sided p-value by walking all tables with the same totals."""
    weights: dict[int, float] = {0: 1.0}
    informative = False
    for k, n in zip(successes, trials, strict=True):
        informative |= 0 < sum(k) < sum(n) and len({s for s, m in zip(scores, n, strict=True) if m}) > 1
        found: dict[int, float] = {}
        for draw in itertools.product(*(range(m + 1) for m in n)):
            if sum(draw) == sum(k):
                total = sum(s * x for s, x in zip(scores, draw, strict=True))
                ways = math.prod(math.comb(m, x) for m, x in zip(n, draw, strict=True))
                found[total] = found.get(total, 0) + ways
        merged: dict[int, float] = {}
        for a, b in itertools.product(weights.items(), found.items()):
            merged[a[0] + b[0]] = merged.get(a[0] + b[0], 0) + a[1] * b[1]
        weights = merged
    if not informative:
        return None
    observed = sum(s * x for row in successes for s, x in zip(scores, row, strict=True))
    return sum(w for w in weights.values() if w <= weights[observed] * (1 + 1e-7)) / sum(weights.values())


small = st.integers(0, 3).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=60)
@given(
    st.lists(st.lists(small, min_size=3, max_size=3), min_size=1, max_size=3),
    st.lists(st.integers(0, 5), min_size=3, max_size=3),
)
def test_the_exact_test_counts_every_outcome(rows: list[list[tuple[int, int]]], scores: list[int]) -> None:
    successes, trials = ([[cell[i] for cell in row] for row in rows] for i in (0, 1))
    found = association(successes, trials, scores)
    theirs = every_outcome(successes, trials, scores)
    assert found.exact
    assert (found.p is None) == (theirs is None)
    if theirs is not None:
        assert found.p == pytest.approx(theirs, rel=1e-6)


@given(tables(1, 2))
def test_two_groups_in_one_stratum_are_fishers_test(table: tuple[list[list[int]], list[list[int]]]) -> None:
    (k,), (n,) = table
    found = association([k], [n], [0, 1])
    if found.p is not None:
        theirs = fisher_exact([[k[0], n[0] - k[0]], [k[1], n[1] - k[1]]])
        assert found.p == pytest.approx(float(theirs.pvalue), rel=1e-6)


@settings(max_examples=40)
@given(tables(4, 2, least=2))
def test_two_groups_within_strata_are_cochran_mantel_haenszel(table: tuple[list[list[int]], list[list[int]]]) -> None:
    stats = pytest.importorskip("statsmodels.stats.contingency_tables")
    k, n = (np.array(part) for part in table)
    kept = [row for row in range(len(k)) if 0 < k[row].sum() < n[row].sum() and (n[row] > 0).all()]
    if not kept:
        return
    k, n = k[kept], n[kept]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "EXACT_CELLS", 0)
        found = association(k, n, [0, 1])
    theirs = stats.StratifiedTable([np.array([[a, m - a], [c, o - c]]) for (a, c), (m, o) in zip(k, n, strict=True)])
    assert found.p == pytest.approx(float(theirs.test_null_odds(correction=False).pvalue), rel=1e-9)


@settings(max_examples=40)
@given(tables(1, 4))
def test_a_trend_in_one_stratum_is_cochran_armitages(table: tuple[list[list[int]], list[list[int]]]) -> None:
    stats = pytest.importorskip("statsmodels.stats.contingency_tables")
    (k,), (n,) = ([np.array(row) for row in part] for part in table)
    if (n == 0).any() or not 0 < k.sum() < n.sum():
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "EXACT_CELLS", 0)
        found = association([k], [n], [0, 1, 2, 3])
    theirs = stats.Table(np.stack([k, n - k]), shift_zeros=False).test_ordinal_association(
        np.array([1, 0]), np.arange(4)
    )
    # statsmodels' variance is that of a permutation test, as is ours
    assert found.p == pytest.approx(float(theirs.pvalue), rel=1e-9)


def test_with_many_trials_the_approximation_comes_to_the_exact_value(monkeypatch: pytest.MonkeyPatch) -> None:
    successes, trials = [[60, 76, 81, 80], [39, 43, 42, 49]], [[200, 200, 200, 200], [140, 140, 140, 140]]
    monkeypatch.setattr(statistics, "EXACT_CELLS", 10_000_000)
    exact = association(successes, trials, [0, 1, 2, 3])
    monkeypatch.setattr(statistics, "EXACT_CELLS", 0)
    near = association(successes, trials, [0, 1, 2, 3])
    assert (exact.exact, near.exact) == (True, False)
    assert exact.p is not None
    assert near.p == pytest.approx(exact.p, rel=0.1)
    assert exact.slope == near.slope


@given(tables(3, 4), st.integers(1, 4))
def test_turning_successes_into_failures_turns_the_slope_and_keeps_p(
    table: tuple[list[list[int]], list[list[int]]], step: int
) -> None:
    k, n = (np.array(part) for part in table)
    scores = [0, step, 2 * step, 3 * step]
    one, other = association(k, n, scores), association(n - k, n, scores)
    if one.p is None or one.slope is None or other.p is None or other.slope is None:
        assert one.p is other.p is None
        return
    assert one.slope == pytest.approx(-other.slope, abs=1e-12)
    assert one.p == pytest.approx(other.p, rel=1e-6)


def test_a_change_of_mix_between_strata_is_no_trend() -> None:
    # the stratum that always says yes comes to prevail: crude shares rise from 0.5 to 0.9, within strata nothing does
    found = association([[5, 9], [0, 0]], [[5, 9], [5, 1]], [0, 1])
    assert found.p is None
    crude = association([[50, 90]], [[100, 100]], [0, 1])
    assert crude.p is not None
    assert crude.p < 1e-6


@settings(max_examples=60)
@given(tables(4, 2, least=2))
def test_the_pooled_ratio_of_odds_free_tables_is_rothmans(table: tuple[list[list[int]], list[list[int]]]) -> None:
    k, n = (np.array(part, dtype=float) for part in table)
    found = mantel_haenszel(k, n)
    kept = (n > 0).all(axis=1)
    total = n[kept].sum(axis=1)
    above = float((k[kept, 0] * n[kept, 1] / total).sum())
    below = float((k[kept, 1] * n[kept, 0] / total).sum())
    if above and below:
        assert found.estimate == pytest.approx(above / below)
        assert found.low is not None
        assert found.high is not None
        assert found.low <= above / below <= found.high
    else:
        assert found.low is None


def test_in_one_stratum_the_ratio_and_its_interval_are_the_textbooks() -> None:
    stats = pytest.importorskip("statsmodels.stats.contingency_tables")
    found = mantel_haenszel([[12, 8]], [[40, 60]])
    theirs = stats.Table2x2(np.array([[12, 28], [8, 52]]))
    assert found.estimate == pytest.approx(theirs.riskratio)
    assert (found.low, found.high) == pytest.approx(theirs.riskratio_confint(), rel=1e-6)


def test_what_is_expected_is_what_all_have_within_each_stratum() -> None:
    assert expected([10, 1], [20, 10], [4, 5]) == pytest.approx(4 * 0.5 + 5 * 0.1)
    assert expected([10, 1], [20, 10], [20, 10]) == pytest.approx(11)
    assert expected([0], [0], [0]) == 0


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=20))
def test_adjusted_p_values_are_benjamini_hochbergs(p_values: list[float | None]) -> None:
    adjusted = false_discovery(p_values)
    tested = sorted(p for p in p_values if p is not None)
    for p, q in zip(p_values, adjusted, strict=True):
        assert (p is None) == (q is None)
        if p is not None:
            steps = [min(1.0, x * len(tested) / rank) for rank, x in enumerate(tested, 1) if x >= p]
            assert q == pytest.approx(min(steps))


def test_more_successes_than_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="successes"):
        association([[3, 0]], [[2, 1]], [0, 1])
