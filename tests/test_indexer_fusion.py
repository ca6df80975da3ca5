from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.fusion import Calibration, Evidence, Run, Weights, reciprocal_rank_fusion

ranking = st.lists(st.integers(0, 50), unique=True, max_size=20).map(lambda r: np.array(r, dtype=np.int64))


@given(ranking)
def test_one_run_keeps_its_order(rows: np.ndarray) -> None:
    assert reciprocal_rank_fusion([Run(rows)])[0].tolist() == rows.tolist()


@given(ranking, ranking)
def test_the_order_of_the_runs_does_not_matter(a: np.ndarray, b: np.ndarray) -> None:
    one, other = reciprocal_rank_fusion([Run(a), Run(b, 2.0)]), reciprocal_rank_fusion([Run(b, 2.0), Run(a)])
    assert one[0].tolist() == other[0].tolist()
    assert set(one[0].tolist()) == set(a.tolist()) | set(b.tolist())


def test_a_row_named_twice_counts_once() -> None:
    twice = reciprocal_rank_fusion([Run(np.array([3, 3, 4]))], k=60)
    assert twice[0].tolist() == [3, 4]
    assert twice[1][0] == 1 / 61


def test_more_evidence_never_lowers_score_or_confidence() -> None:
    less = Evidence(*(np.array([v]) for v in (5.0, 3.0, 0.2, 0.0, 0.1, 0.3, 0.4)))
    for place in range(7):
        parts = [5.0, 3.0, 0.2, 0.0, 0.1, 0.3, 0.4]
        parts[place] += 0.5
        more = Evidence(*(np.array([v]) for v in parts))
        assert more.fused(Weights())[0] >= less.fused(Weights())[0]
        assert Calibration().confidence(more)[0] >= Calibration().confidence(less)[0]
