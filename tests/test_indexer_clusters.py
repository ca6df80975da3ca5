"""Recurring issues: what falls together, what stays apart, and what is said of each group."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer import clusters
from indexer.clusters import (
    centred,
    combined,
    discoveries,
    grouped,
    issue_rows,
    recurring_issues,
    token_weights,
    weighted,
)

TOPICS = ("caseloads of social workers", "foster carers' training", "chronologies in case files")


def corpus() -> tuple[list[dict[str, Any]], Any, Any]:
    """Four authorities that make each of three recommendations, two years apart, and a finding that counts for none."""
    rng = np.random.default_rng(0)
    items, vectors = [], []
    for year in range(4):
        for topic, words in enumerate(TOPICS):
            items.append(
                {
                    "iri": f"i{len(items)}", "kind": "recommendation", "text": f"Improve the {words}.",
                    "gss_code": f"E{year}", "published": f"20{10 + 2 * year}-01-01",
                    "themes": ["workforce-capacity"] if topic == 0 else [],
                }
            )  # fmt: skip
            vectors.append(np.eye(8)[topic] * 3 + rng.normal(scale=0.2, size=8))
    items.append({**items[0], "iri": "f", "kind": "finding"})
    vectors.append(vectors[0])
    rows = np.asarray(vectors, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return items, rows, np.abs(rows[:, :4]) + 0.01


def test_what_is_asked_for_again_falls_together_and_other_issues_stay_apart() -> None:
    items, vectors, subjects = corpus()
    issues = recurring_issues(items, vectors, subjects)
    assert sorted(tuple(sorted(issue.members)) for issue in issues) == [(0, 3, 6, 9), (1, 4, 7, 10), (2, 5, 8, 11)]


def test_an_issue_says_who_when_and_in_what_words() -> None:
    items, vectors, subjects = corpus()
    (issue,) = [i for i in recurring_issues(items, vectors, subjects) if 0 in i.members]
    assert (issue.authorities, issue.first_seen, issue.last_seen) == (4, "2010-01-01", "2016-01-01")
    assert issue.representative == issue.members[0]
    assert any("caseload" in term for term in issue.terms)
    assert issue.themes == ("workforce-capacity",)
    assert issue.covered


def test_an_issue_that_no_theme_covers_is_shown_as_such() -> None:
    items, vectors, subjects = corpus()
    assert [i.covered for i in recurring_issues(items, vectors, subjects) if 1 in i.members] == [False]


def test_every_member_stands_in_one_issue_only_and_findings_in_none() -> None:
    items, vectors, subjects = corpus()
    members = [row for issue in recurring_issues(items, vectors, subjects, least=1) for row in issue.members]
    assert sorted(members) == list(range(12))


def test_issues_that_fewer_share_than_asked_for_are_left_out() -> None:
    items, vectors, subjects = corpus()
    assert recurring_issues(items, vectors, subjects, least=5) == []


@pytest.mark.parametrize("count", [0, 1])
def test_few_or_no_recommendations_are_no_failure(count: int) -> None:
    items, vectors, subjects = corpus()
    issues = recurring_issues(items[:count], vectors[:count], subjects[:count], least=1)
    assert len(issues) == count


def test_the_same_corpus_gives_the_same_issues() -> None:
    items, vectors, subjects = corpus()
    assert recurring_issues(items, vectors, subjects) == recurring_issues(items, vectors, subjects)


def test_many_rows_are_parted_by_leading_theme_without_mixing_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    _, vectors, subjects = corpus()
    monkeypatch.setattr("indexer.clusters.MOST_AT_ONCE", 5)
    labels, _ = grouped(centred(vectors), subjects)
    assert len(set(labels.tolist())) == 3


def test_no_more_rows_are_compared_at_once_than_the_bound_though_all_are_of_one_theme_or_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(1)
    centres = np.eye(8, dtype=np.float32)[np.arange(64) // 8]
    rows = centred(centres + rng.normal(scale=0.05, size=(64, 8)).astype(np.float32))
    sizes: list[int] = []
    linked = clusters._linked
    monkeypatch.setattr(clusters, "_linked", lambda m, *rest: sizes.append(len(m)) or linked(m, *rest))
    monkeypatch.setattr(clusters, "MOST_AT_ONCE", 32)
    (labels,) = grouped(rows, np.zeros((64, 1), dtype=np.float32), cuts=(clusters.DISCOVERY_CUT,))
    assert sum(sizes) == 64
    assert max(sizes) <= 32
    assert 8 <= len(set(labels.tolist())) <= 8 + 2  # a cut goes through few groups


def test_rows_of_the_tables_name_each_member_once_best_first() -> None:
    items, vectors, subjects = corpus()
    heads, members = issue_rows(items, recurring_issues(items, vectors, subjects))
    assert {head["items"] for head in heads} == {4}
    assert len(members) == 12
    assert [m["rank"] for m in members if m["issue"] == heads[0]["id"]] == [1, 2, 3, 4]
    assert heads[0]["representative"] == next(m["item"] for m in members if m["issue"] == heads[0]["id"])


def test_a_group_lies_in_one_family_and_families_are_fewer() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(60, 12)).astype(np.float32)
    rows[20:40] = rows[:20] + rng.normal(scale=0.5, size=(20, 12))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    labels, families = grouped(rows, np.abs(rows), cuts=(3.0, 1.0))
    assert len(set(zip(labels.tolist(), families.tolist(), strict=True))) == len(set(labels.tolist()))
    assert len(set(families.tolist())) < len(set(labels.tolist()))


def test_an_issue_names_the_most_widespread_of_its_family() -> None:
    items, vectors, subjects = corpus()
    issues = recurring_issues(items, vectors, subjects)
    heads = {issue.id: issue for issue in issues}
    for issue in issues:
        assert heads[issue.family].authorities >= issue.authorities


def test_word_by_word_likeness_is_that_of_every_pair_of_tokens() -> None:
    rng = np.random.default_rng(2)
    codes = [rng.integers(-127, 128, size=(n, 16)).astype(np.int8) for n in (3, 5, 2, 4)]
    weights = [rng.dirichlet(np.ones(len(own))).astype(np.float32) for own in codes]
    meaning = rng.normal(size=(4, 8)).astype(np.float32)
    meaning /= np.linalg.norm(meaning, axis=1, keepdims=True)
    found = combined(meaning, meaning, [weighted(own, weight) for own, weight in zip(codes, weights, strict=True)])
    assert np.allclose(found, found.T, atol=1e-5)
    for one, other in itertools.combinations(range(4), 2):
        a, b = codes[one] / 254, codes[other] / 254
        met, meeting = weights[one] @ (a @ b.T).max(axis=1), weights[other] @ (a @ b.T).max(axis=0)
        words = (met + meeting) / 2
        subject = float(meaning[one] @ meaning[other])
        wanted = (words - 0.3139) / 0.0844 + 0.35 * (subject - 0.0558) / 0.1748
        assert found[one, other] == pytest.approx(wanted, abs=1e-3)


def spans_of(text: str, *words: str) -> NDArray[np.int32]:
    """Where these words stand, behind a token of no place, as a model adds one."""
    places = [(text.index(word), text.index(word) + len(word)) for word in words]
    return np.array([(0, 0), *places], dtype=np.int32)


def test_stock_words_signs_and_details_count_less_than_what_is_asked_for() -> None:
    text = "Ensure that chronologies are kept by every team of the council, so that risk is understood by managers."
    words = ("Ensure", "chronologies", ",", "risk", "managers", ".")
    (weights,) = token_weights([text], [spans_of(text, *words)])
    added, ensure, chronologies, comma, risk, managers, stop = weights.tolist()
    assert weights.sum() == pytest.approx(1)
    assert chronologies > risk == managers > ensure == comma == added > stop


def test_a_short_text_has_no_details() -> None:
    text = "Audit cases, where managers decide."
    (weights,) = token_weights([text], [spans_of(text, "Audit", "cases", "managers")])
    assert len(set(weights[1:].tolist())) == 1


def test_all_tokens_count_alike_where_nothing_is_known_of_their_places() -> None:
    items, vectors, subjects = corpus()
    rng = np.random.default_rng(3)
    words = rng.integers(-127, 128, size=(3, 6, 16)).astype(np.int8)
    tokens = [words[row % 3] for row in range(len(items))]
    alike = np.array([[place, place + 1] for place in range(6)], dtype=np.int32)
    one = [item | {"text": "abcdef"} for item in items]
    assert [i.members for i in recurring_issues(one, vectors, subjects, tokens)] == [
        i.members for i in recurring_issues(one, vectors, subjects, tokens, [alike] * len(one))
    ]


def test_what_no_theme_covers_is_grouped_by_meaning_alone() -> None:
    items, vectors, _ = corpus()
    found = discoveries([item | {"themes": []} for item in items], vectors)
    assert sorted(tuple(sorted(issue.members)) for issue in found) == [(0, 3, 6, 9, 12), (1, 4, 7, 10), (2, 5, 8, 11)]
