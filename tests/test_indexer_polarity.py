"""Polarity of findings: what the classifier says, and what it is made of."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from graph.model import Polarity
from indexer.polarity import POLARITIES, SECTION_KINDS, PolarityClassifier, clauses, section_kind, softmax
from indexer.training.polarity import accuracy
from tests.shared_documents import shared_dir


@pytest.fixture(scope="module")
def classifier() -> PolarityClassifier:
    return PolarityClassifier.load()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Foster carers are well trained and feel strongly supported by skilled social workers.", "strength"),
        ("Assessments are timely, thorough and lead to effective plans.", "strength"),
        ("Too many children wait far too long for an assessment, and risks are not recognised.", "improvement"),
        ("Supervision is poor, infrequent and rarely recorded.", "improvement"),
        ("Plans are detailed and clear. However, care leavers wait too long and records are not kept.", "mixed"),
    ],
)
def test_plain_findings_get_the_polarity_that_a_reader_would_give(
    classifier: PolarityClassifier, text: str, expected: Polarity
) -> None:
    ((polarity, confidence),) = classifier.classify([text], None, [None])
    assert polarity == expected
    assert 1 / 3 <= confidence <= 1


def test_probabilities_are_a_distribution_for_any_text(classifier: PolarityClassifier) -> None:
    found = classifier.probabilities(["", "   ", "🙂", "Plans.", "x " * 20_000], None, [None, "", "Good", "x", None])
    assert found.shape == (5, 3)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.isfinite(found).all()


def test_no_findings_give_no_polarities(classifier: PolarityClassifier) -> None:
    assert classifier.classify([], None, []) == []


def test_the_section_of_strengths_raises_the_chance_of_a_strength(classifier: PolarityClassifier) -> None:
    text = "Some children see their social worker every month."
    bare, praised = classifier.probabilities(
        [text, text], None, [None, "What is the area partnership doing that is effective?"]
    )
    assert praised[0] / praised[1] > bare[0] / bare[1]


def test_vectors_are_used_only_where_they_are_of_the_model_it_was_trained_on(classifier: PolarityClassifier) -> None:
    assert not classifier.uses_vectors
    assert not PolarityClassifier.load("0" * 64).uses_vectors
    full = PolarityClassifier.load(classifier.about["weights_sha256"])
    assert full.uses_vectors
    (found,) = full.classify(["Plans are good."], np.zeros((1, 384), dtype=np.float32), [None])
    assert found[0] in POLARITIES


def test_a_concession_and_its_point_are_two_clauses() -> None:
    text = "Although the timeliness of reviews is good, reviewing officers do not challenge drift."
    assert len(clauses(text)) == 2


def test_clauses_lose_nothing_of_what_is_said() -> None:
    text = "Plans are clear, but they are rarely reviewed. Staff know the children well; visits are frequent."
    assert re.findall(r"\w+", text) == re.findall(r"\w+", " ".join(clauses(text)))


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("What does the area partnership need to do better?", "wanting"),
        ("The local authority’s strengths", "praising"),
        ("Key strengths and weaknesses of the LSCB", "wanting"),
        ("Care leavers: requires improvement to be good", "requires-improvement"),
        ("Care leavers: outstanding", "outstanding"),
        ("Care leavers: good", "good"),
        ("Care leavers", "none"),
        (None, "none"),
    ],
)
def test_headings_are_sorted_into_kinds(heading: str | None, kind: str) -> None:
    assert SECTION_KINDS[section_kind(heading)] == kind


def test_accuracy_counts_the_diagonal_of_the_confusions() -> None:
    share, table = accuracy(np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1]]), [0, 1])
    assert share == 0.5
    assert table.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_softmax_does_not_overflow() -> None:
    assert softmax(np.array([[1000.0, 0.0, -1000.0]])).tolist() == [[1.0, 0.0, 0.0]]


@pytest.mark.shared
@pytest.mark.skipif(shared_dir() is None, reason="the real documents are not here")
def test_the_judged_findings_that_it_never_learnt_from_are_mostly_right(classifier: PolarityClassifier) -> None:
    """By words alone; fails when the rule that it builds on has changed so much that it must be trained anew."""
    shared = shared_dir()
    assert shared is not None
    findings = [
        finding
        for path in sorted((shared / "gold/documents").glob("*.json"))
        for finding in json.loads(path.read_text(encoding="utf-8"))["findings"]
    ]
    found = classifier.classify([f["text"] for f in findings], None, [f.get("section") for f in findings])
    right = sum(polarity == finding["polarity"] for (polarity, _), finding in zip(found, findings, strict=True))
    assert right / len(findings) > 0.84
