"""Theme linking: what its words say, what is linked, and what is left alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer import theme_linking
from indexer.text_cache import TextCache
from indexer.theme_cache import known_themes
from indexer.theme_evidence import COLUMNS, LexicalEvidence, beginning, head_length, load_cues, normalised
from indexer.theme_linking import ThemeLinker, chosen, packed, word_features, word_runs
from indexer.training.annotations import invented_examples, text_key, theme_annotations
from ontology.resources import Theme, themes
from tests.shared_documents import shared_dir

TRAINING = Path(__file__).parents[1] / "indexer" / "training"


@pytest.fixture(scope="module")
def linker() -> ThemeLinker:
    return ThemeLinker.load(themes())


def linked(linker: ThemeLinker, text: str) -> list[str]:
    return [link.theme for link in linker.link([text])[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reduce the caseloads of social workers.", {"workforce-capacity"}),
        ("Make better use of chronologies in case files.", {"recording-and-plans"}),
        ("The timeliness of return home interviews.", {"exploitation-and-missing"}),
        ("Recruit more foster carers.", {"foster-care"}),
        ("The board should evaluate its multi-agency training.", {"safeguarding-board", "training"}),
        ("Use life-story work with every adopted child.", {"life-story-work"}),
    ],
)
def test_plain_recommendations_get_the_themes_that_a_reader_would_give(
    linker: ThemeLinker, text: str, expected: set[str]
) -> None:
    assert expected <= set(linked(linker, text))


@pytest.mark.parametrize("text", ["", "   ", "The meeting closed at noon.", "🙂🙂🙂", "Lorem ipsum dolor sit amet."])
def test_text_about_nothing_in_the_scheme_stays_unlinked(linker: ThemeLinker, text: str) -> None:
    assert linked(linker, text) == []


def test_private_fostering_is_not_mistaken_for_fostering(linker: ThemeLinker) -> None:
    found = linked(linker, "Raise awareness of private fostering.")
    assert "private-fostering" in found
    assert "foster-care" not in found


def test_links_are_best_first_at_most_three_and_never_a_theme_beside_its_top_theme(linker: ThemeLinker) -> None:
    text = "Improve supervision, caseloads, audits, foster care, adoption, assessments, referrals and training."
    links = linker.link([text])[0]
    confidences = [link.confidence for link in links]
    assert confidences == sorted(confidences, reverse=True)
    assert 1 <= len(links) <= 3
    broader = {theme.id: theme.broader for theme in themes()}
    assert not {broader[link.theme] for link in links} & {link.theme for link in links}


def test_the_batch_a_text_is_in_does_not_change_its_links(linker: ThemeLinker) -> None:
    texts = ["Recruit more foster carers.", "Audit more cases.", "The quality of pathway plans."]
    assert linker.link(texts) == [linker.link([text])[0] for text in texts]


def test_a_theme_that_training_never_saw_is_linked_by_its_labels_alone() -> None:
    beekeeping = Theme(
        "beekeeping", "Beekeeping", "participation-and-experience", ("Apiaries",), ("hives",), "Bees", ()
    )
    linker = ThemeLinker.load((*themes(), beekeeping))
    assert "beekeeping" in linked(linker, "Improve beekeeping and inspect the hives of every apiary.")


def test_a_theme_removed_from_the_scheme_is_never_linked() -> None:
    fewer = tuple(theme for theme in themes() if theme.id != "foster-care")
    assert "foster-care" not in linked(ThemeLinker.load(fewer), "Recruit more foster carers.")


def test_each_link_says_whether_a_label_a_cue_or_the_meaning_carried_it(linker: ThemeLinker) -> None:
    (link, *_) = linker.link(["Complete life story work."])[0]
    assert (link.theme, link.method) == ("life-story-work", "label")


def test_the_best_guess_for_an_unlinked_text_is_offered_for_review(linker: ThemeLinker) -> None:
    (guess,) = linker.nearly(["Homes."])
    assert guess.theme in {theme.id for theme in themes()}
    assert 0 <= guess.confidence <= 1


def test_vectors_of_another_model_are_not_used() -> None:
    other = ThemeLinker.load(themes(), encode=lambda texts: np.zeros((len(texts), 384), np.float32), weights_sha256="0")
    assert not other.uses_vectors


def test_vectors_of_the_model_it_was_trained_on_are_used() -> None:
    sha256 = ThemeLinker.load(themes()).about["weights_sha256"]
    rng = np.random.default_rng(0)
    linker = ThemeLinker.load(
        themes(), lambda texts: rng.standard_normal((len(texts), 384)).astype(np.float32), weights_sha256=sha256
    )
    assert linker.uses_vectors
    assert "foster-care" in [
        link.theme for link in linker.link(["Recruit more foster carers."], np.zeros((1, 384), np.float32))[0]
    ]


def test_a_top_theme_is_dropped_beside_its_narrower_one_and_ties_go_by_place() -> None:
    confidences = np.array([0.9, 0.8, 0.8, 0.1], dtype=np.float32)
    assert chosen(confidences, 0.5, [-1, 0, -1, -1]) == [1, 2]


def test_excluded_labels_mask_what_they_cover_and_nothing_else() -> None:
    a = Theme("a", "Assessment", None, (), (), "", ("health assessment",))
    evidence = LexicalEvidence((a,)).of(["a health assessment", "a health assessment and an assessment"])
    assert evidence[:, 0, COLUMNS.index("label")].tolist() == [0, 1]


def test_a_label_in_capitals_matches_in_capitals_only() -> None:
    ot = Theme("ot", "Occupational therapy", None, ("OT",), (), "", ())
    evidence = LexicalEvidence((ot,)).of(["an OT saw him", "the ot saw him", "two OTs"])
    assert evidence[:, 0, COLUMNS.index("label")].tolist() == [1, 0, 1]


def test_the_longest_label_wins_over_one_inside_it() -> None:
    a = Theme("a", "Assessment", None, (), (), "", ())
    b = Theme("b", "Early help assessment", None, (), (), "", ())
    (row,) = LexicalEvidence((a, b)).of(["early help assessments"])
    assert row[:, COLUMNS.index("label")].tolist() == [0, 1]
    assert row[0, COLUMNS.index("label_inside_longer")] == 1


def test_the_head_ends_where_the_purpose_begins() -> None:
    text = normalised("Ensure that audits are regular, so that managers know the quality of practice.")
    assert text[: head_length(text)] == "ensure that audits are regular"


def test_cues_exist_for_themes_of_the_scheme_only() -> None:
    assert set(load_cues()) <= {theme.id for theme in themes()}


def test_no_cue_is_passed_over_by_how_words_begin() -> None:
    scheme = themes()
    evidence, cues = LexicalEvidence(scheme), load_cues()
    texts = [
        path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("unfitted_text/*.txt"))[:40]
    ]
    lines = [normalised(line) for text in texts for line in text.splitlines() if line.strip()]
    held = 0
    for line in lines:
        possible = set(evidence.possible(line))
        for place, theme in enumerate(scheme):
            given = cues.get(theme.id, {})
            patterns = [*given.get("strong", ()), *given.get("weak", ())]
            if patterns and re.search(r"\b(?:" + "|".join(patterns) + r")\b", line):
                held += 1
                assert place in possible, (theme.id, line)
    assert held > 1_000


@pytest.mark.parametrize(
    ("alternative", "expected"),
    [
        ("seen alone", "see"),
        ("re-?referrals?", "re"),
        ("s ?47", "s"),
        (r"self-aware\w*", "sel"),
        ("(the|this) board", ""),
        ("custod(y|ial)", "cus"),
        ("one|other", ""),
        ("a[|]b", "a"),
        (r"(a|b\)|c) d", ""),
        (r"ab\|c", "ab"),
        (r"\w+ plan", ""),
    ],
)
def test_what_a_pattern_begins_with_is_read_from_it_or_left_open(alternative: str, expected: str) -> None:
    assert beginning(alternative) == expected


def test_word_features_are_unit_rows_over_known_runs() -> None:
    buckets = np.array(sorted(set(word_runs("foster carers need support"))), dtype=np.int64)
    features = word_features(["foster carers", "unknown"], buckets, np.ones(len(buckets), dtype=np.float32))
    assert features.shape == (2, len(buckets))
    assert np.linalg.norm(features[0].toarray()) == pytest.approx(1)
    assert features[1].nnz == 0


def test_the_shipped_file_says_what_it_was_trained_on_and_needs_no_pickle() -> None:
    path = TRAINING.parent / "models" / "theme_linker.npz"
    with np.load(path, allow_pickle=False) as stored:
        about = json.loads(str(stored["about"]))
        assert all(stored[name].dtype != object for name in stored.files)
    assert len(about["data_sha256"]) == 64
    assert path.stat().st_size < 2 << 20


def test_stored_weights_are_those_that_were_packed(tmp_path: Path) -> None:
    linker = ThemeLinker.load(themes())
    weights = replace(linker._plain, threshold=0.5)
    about = json.dumps(linker.about)
    np.savez(tmp_path / "w.npz", about=np.array(about), **packed("plain", weights), **packed("full", weights))
    again = ThemeLinker.load(themes(), path=tmp_path / "w.npz")
    assert again._plain.threshold == 0.5
    assert np.abs(again._plain.words - weights.words).max() < 1e-4


def test_invented_examples_name_themes_of_the_scheme() -> None:
    known = {theme.id for theme in themes()}
    examples = invented_examples(TRAINING / "theme_examples.tsv")
    assert len(examples) > 200
    assert all(example.themes <= known for example in examples)


def test_the_key_of_a_text_survives_other_spaces_hyphens_and_quotes() -> None:
    assert text_key("Children’s life-story work") == text_key("children's  life story\nwork")
    assert text_key("a") != text_key("b")


@pytest.mark.shared
@pytest.mark.skipif(shared_dir() is None, reason="the real documents are not here")
def test_annotations_join_to_the_recommendations_they_were_made_on() -> None:
    shared = shared_dir()
    assert shared is not None
    lines = (shared / "gold/search/recs_dev.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {text_key(json.loads(line)["text"]): json.loads(line)["text"] for line in lines}
    examples = theme_annotations(TRAINING / "theme_annotations.tsv", texts)
    assert sum(example.source == "recommendation" for example in examples) > 700


@pytest.mark.shared
@pytest.mark.skipif(shared_dir() is None, reason="the real documents are not here")
def test_the_judged_recommendations_are_linked_better_than_the_floor(linker: ThemeLinker) -> None:
    """Learnt from among others, so this guards the shipped file; ``docs/themes.md`` has the cross-validated figures."""
    shared = shared_dir()
    assert shared is not None
    lines = [json.loads(x) for x in (shared / "gold/search/themes_dev.jsonl").read_text(encoding="utf-8").splitlines()]
    right = given = wanted = 0
    for line, links in zip(lines, linker.link([line["text"] for line in lines]), strict=True):
        found = {link.theme for link in links} - set(line["themes_optional"])
        right, given, wanted = right + len(found & {*line["themes"]}), given + len(found), wanted + len(line["themes"])
    assert 2 * right / (given + wanted) > 0.85


def test_several_processes_link_as_one_does(linker: ThemeLinker, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [example.text for example in invented_examples(TRAINING / "theme_examples.tsv")][:60]
    monkeypatch.setattr(theme_linking, "_TOGETHER", 25)
    links, confidences = linker.linked(texts)
    shared, shared_confidences = linker.linked(texts, jobs=2)
    assert shared == links
    np.testing.assert_array_equal(shared_confidences, confidences)
    assert linker.linked([], jobs=2)[0] == []


class _Counting:
    """A linker that notes which texts it is asked for."""

    def __init__(self, linker: ThemeLinker) -> None:
        self._linker = linker
        self.version = linker.version
        self.uses_vectors = linker.uses_vectors
        self.asked: list[str] = []

    def linked(self, texts: Sequence[str], vectors: np.ndarray, *, jobs: int = 1) -> Any:
        self.asked += texts
        return self._linker.linked(texts, None, jobs=jobs)


def test_a_text_whose_themes_are_known_is_not_recognised_again(linker: ThemeLinker, tmp_path: Path) -> None:
    texts = [example.text for example in invented_examples(TRAINING / "theme_examples.tsv")][:30]
    vectors = np.zeros((40, 8), dtype=np.float32)
    counting: Any = _Counting(linker)
    cache = TextCache(tmp_path / "texts.sqlite")
    known_themes(cache, counting, "model", texts[:20], vectors[:20])
    cache.close()
    again = TextCache(tmp_path / "texts.sqlite")
    links, confidences = known_themes(again, counting, "model", [*texts, *texts[:5]], vectors[:35])
    known_themes(again, counting, "another model", texts[:3], vectors[:3])
    again.close()
    assert counting.asked == [*texts, *texts[:3]]
    expected, exact = linker.linked([*texts, *texts[:5]])
    assert links == expected
    np.testing.assert_allclose(confidences, exact, atol=1e-5)


def test_the_themes_of_a_text_do_not_depend_on_what_else_is_asked(linker: ThemeLinker) -> None:
    texts = [example.text for example in invented_examples(TRAINING / "theme_examples.tsv")][:40]
    vectors = np.random.default_rng(1).standard_normal((40, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    weights = linker.about["weights_sha256"]
    full = ThemeLinker.load(themes(), lambda names: np.resize(vectors, (len(names), 384)), weights)
    assert full.uses_vectors
    together, confidences = full.linked(texts, vectors)
    for size in (1, 7):
        for start in range(0, 40, size):
            part = slice(start, start + size)
            links, own = full.linked(texts[part], vectors[part])
            assert links == together[part]
            np.testing.assert_array_equal(own, confidences[part])
