"""What rows are about: stored at build, compared with questions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from indexer.subjects import SubjectIndex, proportions, write_subjects
from ontology.resources import themes

PLACE = {theme.id: place for place, theme in enumerate(themes())}


def sure_of(*names: str) -> np.ndarray:
    confidences = np.zeros(len(PLACE), dtype=np.float32)
    confidences[[PLACE[name] for name in names]] = 0.9
    return confidences


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    confidences = np.stack(
        [sure_of("foster-care"), sure_of("foster-care", "permanence-and-adoption"), sure_of("neglect")]
    )
    write_subjects(confidences, 4, np.zeros((len(PLACE), 384), dtype=np.float32), tmp_path)
    return tmp_path


def test_rows_agree_with_a_question_as_far_as_they_share_its_themes(folder: Path) -> None:
    index = SubjectIndex.open(folder, None)
    found = index.agreement(proportions(sure_of("foster-care")[None])[0], np.arange(4))
    assert found == pytest.approx([1.0, 0.5**0.5, 0.0, 0.0], abs=1e-3)


def test_a_question_in_words_agrees_best_with_rows_of_its_theme(folder: Path) -> None:
    index = SubjectIndex.open(folder, None)
    asked = index.of(["Recruit more foster carers."], np.zeros((1, 384), dtype=np.float32))
    assert int(np.argmax(index.agreement(asked, np.arange(4)))) == 0


def test_a_theme_that_left_the_scheme_is_passed_over(folder: Path) -> None:
    stored = json.loads((folder / "subjects.json").read_text(encoding="utf-8"))
    stored[PLACE["neglect"]] = "no-longer-there"
    (folder / "subjects.json").write_text(json.dumps(stored), encoding="utf-8")
    asked = SubjectIndex.open(folder, None).of(
        ["Neglect of children is found late"], np.zeros((1, 384), dtype=np.float32)
    )
    assert asked[PLACE["neglect"]] == 0.0


def test_what_rows_share_agrees_most_with_what_most_of_them_are_about(folder: Path) -> None:
    """The rows stand at angles whose cosines are known: the first two agree alike, and more than the third."""
    index = SubjectIndex.open(folder, None)
    found = index.agreement(index.shared(np.array([0, 1, 2])), np.arange(4))
    half = 0.5**0.5
    length = ((1 + half) ** 2 + half**2 + 1) ** 0.5
    assert found == pytest.approx([(1 + half) / length, (1 + half) / length, 1 / length, 0.0], abs=1e-3)
