"""What the curves over generated corpora rest on: ``benchmarks/scale_curves.py``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import generated, machine, report
from benchmarks.composed import ComposedCache, ComposedEmbedder
from benchmarks.scale_curves import store
from indexer.embedding import EmbeddingCache, OpenVinoEmbedder, converted_model
from tests.shared_models import shared_models, shared_vectors


@pytest.fixture(scope="module")
def composed() -> ComposedEmbedder:
    """Of the phrases of two sentences."""
    text = " ".join(generated.sentences(2, 1))
    phrases = [phrase for phrase in generated.PHRASES if phrase in text]
    return ComposedEmbedder(OpenVinoEmbedder(converted_model(shared_models())), phrases, generated.LINKING)


def test_every_generated_sentence_consists_of_its_phrases() -> None:
    longest_first = sorted(generated.PHRASES, key=len, reverse=True)
    for sentence in generated.sentences(200, 3):
        for phrase in longest_first:
            sentence = sentence.replace(phrase, "")
        assert not sentence.strip(" ,.")


def test_composed_tokens_stand_in_the_text_where_their_words_do(composed: ComposedEmbedder) -> None:
    sentence = generated.sentences(2, 1)[0]
    [(_, tokens)] = composed.encode_tokens([sentence])
    printed = [sentence[start:end].lower() for start, end in tokens.spans]
    assert printed == ["" if piece.startswith("[") else piece.removeprefix("##") for piece in tokens.pieces]
    assert np.array_equal(tokens.spans, next(composed.token_spans([sentence])))


def test_a_composed_vector_is_near_that_of_the_model_and_another_text_has_the_models_own(
    composed: ComposedEmbedder,
) -> None:
    model = OpenVinoEmbedder(converted_model(shared_models()))
    own, other = generated.sentences(2, 1)
    other_text = "Nothing that was generated."
    vectors = composed.encode([own, other_text, other])
    real = model.encode([own, other_text])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ real[0] > max(0.5, float(vectors[2] @ real[0]))
    assert np.array_equal(vectors[1], real[1])


def test_the_cache_that_composes_gives_what_the_one_that_keeps_gives(composed: ComposedEmbedder) -> None:
    texts = [*generated.sentences(2, 1), "Nothing that was generated."]
    kept, made = EmbeddingCache(shared_vectors()), ComposedCache(shared_vectors(), composed)
    assert np.array_equal(made.encode(composed, texts), composed.encode(texts))
    fresh = EmbeddingCache(":memory:")
    fresh._db.executemany("INSERT INTO projections VALUES (?, ?)", kept._db.execute("SELECT * FROM projections"))
    for codes, expected in zip(made.tokens(composed, texts), fresh.tokens(composed, texts), strict=True):
        assert np.array_equal(codes, expected)


def test_a_run_leaves_what_it_does_not_measure_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "RESULTS", tmp_path)
    store("words", 1_000, {"p50_ms": 1.0}, {"at": "2026-01-01"})
    store("graph", 10_000, {"quads": 5}, {"at": "2026-01-02"})
    store("words", 100, {"p50_ms": 0.5}, {"at": "2026-01-03"})
    stored = json.loads((tmp_path / "scale_curves.json").read_text(encoding="utf-8"))
    assert list(stored["curves"]["words"].items()) == [("100", {"p50_ms": 0.5}), ("1000", {"p50_ms": 1.0})]
    assert stored["curves"]["graph"] == {"10000": {"quads": 5}}
    assert [facts["at"] for facts in stored["machines"]["words"].values()] == ["2026-01-03", "2026-01-01"]


def test_growth_is_told_between_the_last_two_sizes() -> None:
    lines = report._grown({100: {"cpu_s": 9.0}, 1_000: {"cpu_s": 10.0, "disk_mb": 3}, 10_000: {"cpu_s": 100.0}})
    assert lines[0] == "| items | 100 | 1,000 | 10,000 | exponent |"
    assert lines[2:] == ["| processor, s | 9.0 | 10.0 | 100.0 | 1.00 |", "| disk, MB |  | 3 |  |  |"]
