"""Neighbours elsewhere and lineage over time."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.neighbours import NeighbourCache, lineage, lineage_rows, nearest_elsewhere, neighbour_rows


def unit(rows: Any) -> Any:
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def item(n: int, authority: str | None, published: str = "2015-01-01", **more: Any) -> dict[str, Any]:
    return {
        "iri": f"i{n}", "kind": "recommendation", "gss_code": authority, "document": f"d{authority}{published}",
        "inspection": f"n{authority}{published}", "published": published, "framework_id": "ilacs", "text": "x", **more,
    }  # fmt: skip


@given(st.integers(2, 40), st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**31))
def test_neighbours_are_those_of_a_brute_force_comparison(count: int, k: int, authorities: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # small whole numbers, so that ties are many and exact
    vectors = rng.integers(-1, 2, size=(count, 4)).astype(np.float32)
    groups = rng.integers(0, authorities, size=count).tolist()
    found = nearest_elsewhere(vectors, groups, k)
    for row in range(count):
        others = [j for j in range(count) if groups[j] != groups[row]]
        expected = sorted(others, key=lambda j: (-float(vectors[row] @ vectors[j]), j))[:k]
        assert [j for j in found.rows[row].tolist() if j >= 0] == expected


def test_results_do_not_depend_on_how_rows_fall_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    vectors, groups = unit(rng.standard_normal((50, 8))), rng.integers(0, 4, 50).tolist()
    whole = nearest_elsewhere(vectors, groups)
    monkeypatch.setattr("indexer.neighbours._BLOCK", 7)
    assert (nearest_elsewhere(vectors, groups).rows == whole.rows).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**31), st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_neighbours_brought_up_to_date_are_those_of_looking_for_all(k: int, seed: int, sizes: list[int]) -> None:
    """Rows come, go and change again and again; coarse vectors, so that ties are many, and fine ones."""
    rng = np.random.default_rng(seed)
    kept: list[int] = []
    vectors = rng.integers(-2, 3, size=(200, 4)) + (rng.standard_normal((200, 4)) / 50 if seed % 2 else 0)
    vectors = unit(np.where(np.abs(vectors).sum(axis=1, keepdims=True) == 0, 1, vectors))
    groups = rng.integers(0, 3, size=200).tolist()
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            kept = sorted({*(row for row in kept if rng.random() < 0.8), *rng.integers(0, 200, size).tolist()})
            own, own_groups = vectors[kept], [groups[row] for row in kept]
            keys = [row.to_bytes(16, "big") for row in kept]
            found = NeighbourCache(Path(folder)).nearest("all", b"".join(keys), own, own_groups, k, 0.2)
            whole = nearest_elsewhere(own, own_groups, k, 0.2)
            assert found.rows.tolist() == whole.rows.tolist()
            assert found.scores.tolist() == whole.scores.tolist()


def test_proposed_neighbours_are_nearly_all_of_the_nearest_in_spite_of_large_own_groups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(2)
    centres = rng.standard_normal((60, 32))
    clusters = rng.integers(0, 60, 4_000)
    vectors = unit(centres[clusters] + 0.4 * rng.standard_normal((4_000, 32)))
    # two thirds of each cluster belong together, so that the nearest are mostly the own group's
    groups = np.where(rng.random(4_000) < 2 / 3, clusters, 60 + rng.integers(0, 20, 4_000)).tolist()
    exact = nearest_elsewhere(vectors, groups, 10, 0.5)
    monkeypatch.setattr("indexer.neighbours.MOST_COMPARED", 3_999)
    monkeypatch.setattr("indexer.vector.FLAT_LIMIT", 3_999)
    found = nearest_elsewhere(vectors, groups, 10, 0.5)
    pairs, right = _pairs(found.rows), _pairs(exact.rows)
    assert all(groups[a] != groups[b] for a, b in pairs)
    assert len(pairs & right) >= 0.98 * len(right)
    same = found.rows == exact.rows
    assert (found.scores[same] == exact.scores[same]).all()


def test_an_item_is_asked_for_again_until_others_than_its_own_group_are_near(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    own, others = unit(rng.standard_normal((2, 32)))
    near = own + 0.01 * rng.standard_normal((400, 32))
    farther = own + 0.3 * others + 0.01 * rng.standard_normal((600, 32))
    vectors = unit(np.concatenate([near, farther]))
    monkeypatch.setattr("indexer.neighbours.MOST_COMPARED", 999)
    found = nearest_elsewhere(vectors, [0] * 400 + list(range(1, 601)), 10, 0.5)
    assert (found.rows[:400] >= 400).all()


def _pairs(rows: Any) -> set[tuple[int, int]]:
    return {(row, other) for row, near in enumerate(rows.tolist()) for other in near if other >= 0}


def test_the_own_authority_and_other_kinds_are_left_out() -> None:
    items = [item(0, "A"), item(1, "A"), item(2, "B"), item(3, "C", kind="finding")]
    rows = list(neighbour_rows(items, unit(np.ones((4, 3)))))
    assert {(row["item"], row["neighbour"]) for row in rows} == {("i0", "i2"), ("i1", "i2"), ("i2", "i0"), ("i2", "i1")}
    assert [row["rank"] for row in rows if row["item"] == "i2"] == [1, 2]


def test_an_item_of_unknown_authority_is_not_compared_with_its_own_document() -> None:
    items = [item(0, None), item(1, None), item(2, "B")]
    rows = list(neighbour_rows(items, unit(np.ones((3, 3)))))
    assert {(row["item"], row["neighbour"]) for row in rows} == {("i0", "i2"), ("i1", "i2"), ("i2", "i0"), ("i2", "i1")}


def test_what_is_not_close_is_no_neighbour() -> None:
    assert list(neighbour_rows([item(0, "A"), item(1, "B")], unit([[1, 0], [0, 1]]))) == []


def test_no_items_have_no_neighbours() -> None:
    assert list(neighbour_rows([], np.zeros((0, 3), np.float32))) == []


def test_a_recommendation_made_again_in_the_same_words_is_repeated() -> None:
    text = "Reduce the caseloads of social workers in all teams."
    items = [item(0, "A", "2014-01-01", text=text), item(1, "A", "2018-01-01", text=text)]
    (line,) = lineage(items, unit([[1, 0], [1, 0]]))
    assert (line.item, line.earlier, line.kind) == (1, 0, "repeated")


def test_the_same_issue_in_other_words_is_reworded() -> None:
    items = [item(0, "A", "2014-01-01", text="a b c"), item(1, "A", "2018-01-01", text="d e f")]
    (line,) = lineage(items, unit([[1, 0], [1, 0.5]]))
    assert line.kind == "reworded"


def test_a_shared_theme_makes_up_for_more_distant_words() -> None:
    items = [item(0, "A", "2014-01-01", text="a b", themes=["neglect"]), item(1, "A", "2018-01-01", text="c d")]
    vectors = unit([[1, 0], [0.65, 0.76]])
    assert lineage(items, vectors)[0].kind == "not-seen-again"
    items[1]["themes"] = ["neglect", "training"]
    assert lineage(items, vectors)[0].kind == "reworded"


def test_what_a_later_inspection_does_not_take_up_is_not_seen_again() -> None:
    items = [item(0, "A", "2014-01-01"), item(1, "A", "2018-01-01")]
    assert lineage_rows(items, unit([[1, 0], [0, 1]])) == [
        {"item": None, "earlier": "i0", "score": 0.0, "kind": "not-seen-again"}
    ]


def test_nothing_is_said_of_a_recommendation_without_a_later_inspection() -> None:
    items = [item(0, "A", "2014-01-01"), item(1, "B", "2018-01-01")]
    assert lineage(items, unit([[1, 0], [1, 0]])) == []


def test_a_send_inspection_is_no_successor_of_one_of_social_care() -> None:
    items = [item(0, "A", "2014-01-01"), item(1, "A", "2018-01-01", framework_id="area-send-2023")]
    assert lineage(items, unit([[1, 0], [1, 0]])) == []


def test_two_recommendations_of_one_inspection_are_no_lineage() -> None:
    items = [item(0, "A"), item(1, "A")]
    assert lineage(items, unit([[1, 0], [1, 0]])) == []
