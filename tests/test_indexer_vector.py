from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer import vector
from indexer.embedding import ModelIdentity
from indexer.vector import DimensionMismatch, StaleIndex, in_memory_index, open_index, write_index

IDENTITY = ModelIdentity("invented", "0" * 64, "openvino", "f32", 32)


def unit(rows: int, seed: int = 1, dimension: int = 32) -> NDArray[np.float32]:
    made = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


def exact(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None
) -> list[set[int]]:
    scores = queries @ vectors.astype(np.float16).astype(np.float32).T
    if mask is not None:
        scores[:, ~mask] = -np.inf
    return [set(np.argsort(-row, kind="stable")[:k].tolist()) for row in scores]


@pytest.mark.parametrize("share", [None, 0.01, 0.1, 0.5])
def test_search_agrees_with_brute_force(share: float | None) -> None:
    vectors, queries = unit(3_000), unit(20, seed=2)
    mask = None if share is None else np.random.default_rng(3).random(3_000) < share
    found = in_memory_index(vectors).search(queries, 10, mask)
    agree = [len(e & set(f.tolist())) for e, f in zip(exact(vectors, queries, 10, mask), found.rows, strict=True)]
    assert np.mean(agree) / 10 >= 0.985
    assert mask is None or mask[found.rows].all()


def test_lists_reach_the_wanted_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector, "FLAT_LIMIT", 1_000)
    monkeypatch.setattr(vector, "EXACT_FILTER_LIMIT", 500)
    vectors = unit(6_000, dimension=384) + 3.0 * np.repeat(unit(60, seed=7, dimension=384), 100, axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    queries = vectors[::300] + 0.3 * unit(20, seed=2, dimension=384)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    index = in_memory_index(vectors)
    for share in (1.0, 0.05, 0.5):
        mask = np.random.default_rng(3).random(6_000) < share
        found = index.search(queries, 10, mask)
        agree = [len(e & set(f.tolist())) for e, f in zip(exact(vectors, queries, 10, mask), found.rows, strict=True)]
        assert np.mean(agree) / 10 >= 0.96
        assert mask[found.rows].all()
    rows, scores = index.within(queries[:1], 0.4)
    assert (scores >= 0.4).all()
    assert len(rows)


def test_ties_go_by_row_and_missing_rows_are_marked() -> None:
    same = np.repeat(unit(1), 5, axis=0)
    found = in_memory_index(same).search(same[:1], 5)
    assert found.rows.tolist() == [[0, 1, 2, 3, 4]]
    only = in_memory_index(same).search(same[:1], 3, np.array([False, True, False, False, False]))
    assert only.rows.tolist() == [[1, -1, -1]]


def test_within_gives_all_above_the_cosine() -> None:
    vectors, queries = unit(500), unit(2, seed=5)
    rows, scores = in_memory_index(vectors).within(queries, 0.3)
    wanted = np.flatnonzero((vectors @ queries.T).max(axis=1) >= 0.31)
    assert set(wanted.tolist()) <= set(rows.tolist())
    assert (scores >= 0.3).all()


def test_an_index_is_written_alike_and_opened_checked(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_index(unit(100), IDENTITY, tmp_path / name)
    assert (tmp_path / "a/vectors.json").read_text() == (tmp_path / "b/vectors.json").read_text()
    opened = open_index(tmp_path / "a", verify=True)
    assert opened.identity == IDENTITY
    np.save(tmp_path / "a/vectors.npy", unit(100, seed=9).astype(np.float16))
    with pytest.raises(StaleIndex):
        open_index(tmp_path / "a", verify=True)
    np.save(tmp_path / "b/vectors.npy", unit(99).astype(np.float16))
    with pytest.raises(StaleIndex):
        open_index(tmp_path / "b")


def test_vectors_of_another_dimension_are_refused() -> None:
    with pytest.raises(DimensionMismatch):
        in_memory_index(unit(10)).search(unit(1, dimension=16), 3)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    write_index(np.empty((0, 32), dtype=np.float32), IDENTITY, tmp_path)
    index = open_index(tmp_path)
    assert index.search(unit(2), 5).rows.shape == (2, 0)
    assert len(index.within(unit(1), 0.1)[0]) == 0
