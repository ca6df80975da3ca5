from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.embedding import (
    EmbeddingCache,
    OpenVinoEmbedder,
    SentenceTransformersEmbedder,
    UnusableModel,
    converted_model,
    default_model_dir,
    open_embedder,
)
from indexer.expansion import ConceptIndex, SectorLanguage, agreed_abbreviations
from indexer.late_interaction import (
    TOKEN_DIMENSIONS,
    TokenStore,
    decoded,
    encoded,
    fit_projection,
    projected,
    sentence_numbers,
    sentence_spans,
    write_token_store,
)
from tests.searchable_items import embedder, model_dir, scratch, tables

TEXTS = [*tables()["items"].column("text").to_pylist(), "", "Ünïcode 😀 " * 300]


def test_sentence_vectors_are_those_of_the_reference() -> None:
    reference = SentenceTransformersEmbedder(str(default_model_dir())).encode(TEXTS)
    ours = embedder().encode(TEXTS)
    assert (reference * ours).sum(axis=1).min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1.0, atol=1e-5)


def test_a_text_has_the_same_vectors_to_the_last_bit_alone_in_company_and_by_any_number_of_threads() -> None:
    texts = [f"{text} {number}" for number in range(3) for text in TEXTS]  # more than are under way at a time
    one, three = (OpenVinoEmbedder(model_dir(), threads=threads) for threads in (1, 3))
    expected = list(one.encode_tokens(texts))
    np.testing.assert_array_equal(one.encode(texts), np.stack([sentence for sentence, _ in expected]))
    for text, (sentence, tokens), (again, tokens_again) in zip(
        texts, expected, three.encode_tokens(texts), strict=True
    ):
        ((alone, tokens_alone),) = three.encode_tokens([text])
        for other, others in ((again, tokens_again), (alone, tokens_alone)):
            np.testing.assert_array_equal(sentence, other)
            np.testing.assert_array_equal(tokens.vectors, others.vectors)
        assert len(tokens.vectors) == len(tokens.pieces)


def test_threads_that_share_a_model_get_each_what_they_asked_for() -> None:
    shared = embedder()
    expected = [shared.encode([text])[0] for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        for n, tokens in enumerate(pool.map(lambda n: list(shared.encode_tokens([TEXTS[n % len(TEXTS)]])), range(60))):
            np.testing.assert_array_equal(tokens[0][0], expected[n % len(TEXTS)])


def test_tokens_stand_where_their_spans_say() -> None:
    text = "Reflective supervision, recorded"
    (_, tokens), *_ = embedder().encode_tokens([text])
    assert tokens.vectors.shape == (len(tokens.pieces), 384)
    assert [text[s:e].lower() for s, e in tokens.spans[1:3]] == ["reflective", "supervision"]
    assert [spans.tolist() for spans in embedder().token_spans([text])] == [tokens.spans.tolist()]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not say where threads may run")
def test_every_thread_that_embeds_may_run_on_every_processor() -> None:
    embedder = OpenVinoEmbedder(model_dir(), threads=1)
    working = threading.Thread(target=embedder.encode, args=([f"{text} {n}" for n in range(20) for text in TEXTS],))
    working.start()
    allowed = set()
    while working.is_alive():
        for thread in Path("/proc/self/task").iterdir():
            with suppress(OSError):  # it has ended
                allowed.add(frozenset(os.sched_getaffinity(int(thread.name))))
    assert allowed == {frozenset(os.sched_getaffinity(0))}


def test_embedding_needs_no_torch() -> None:
    code = (
        "import sys; from pathlib import Path; from indexer.embedding import OpenVinoEmbedder;"
        f"OpenVinoEmbedder(Path({str(model_dir())!r})).encode(['a']); import indexer.search;"
        "sys.exit('torch' in sys.modules or 'openvino_telemetry' in sys.modules and"
        " sys.modules['openvino_telemetry'] is not None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_a_second_build_embeds_only_what_is_new(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "cache.sqlite")
    done: list[int] = []
    first = cache.encode(embedder(), TEXTS[:5], done.append)
    assert sum(done) == 5

    class Counting:
        identity = embedder().identity
        seen: list[str] = []  # noqa: RUF012

        def __getattr__(self, name: str) -> object:
            return getattr(embedder(), name)

        def encode_tokens(self, texts: list[str]) -> object:
            self.seen += texts
            return embedder().encode_tokens(texts)

    counting = Counting()
    again = cache.encode_fully(counting, [*TEXTS[:5], TEXTS[0], "new"])  # type: ignore[arg-type]
    assert counting.seen == ["new"]
    np.testing.assert_array_equal(again.sentences[:5], first)
    assert len(again.tokens) == 7
    cache.close()


def test_the_nearest_sentence_of_each_row_is_found(tmp_path: Path) -> None:
    texts = ["Visits are late. Supervision is reflective; Records are poor.", "", "Supervision only", "No. Yes."]
    made = [tokens for _, tokens in embedder().encode_tokens(texts)]
    projection = fit_projection((t.vectors for t in made), 128)
    numbers = [sentence_numbers(text, t.spans) for text, t in zip(texts, made, strict=True)]
    write_token_store((encoded(t.vectors, projection) for t in made), len(texts), tmp_path, numbers)
    store = TokenStore.open(tmp_path)
    asked = projected(made[2].vectors, projection)
    assert store.best_sentences(asked, np.array([2, 0, 1])) == [0, 1, None]
    assert [texts[0][s:e] for s, e in sentence_spans(texts[0])][1] == "Supervision is reflective;"
    for row, text in enumerate(texts):
        spans = sentence_spans(text)
        for number, (start, end) in zip(numbers[row].tolist(), made[row].spans.tolist(), strict=True):
            inside = [n for n, (s, e) in enumerate(spans) if s <= start < end <= e]
            assert inside == ([number] if number != 255 else [])


def test_each_row_scores_by_its_own_tokens_however_many_are_compared(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    rows = [generator.integers(-127, 128, (int(n), TOKEN_DIMENSIONS), np.int8) for n in generator.integers(1, 700, 40)]
    write_token_store(rows, len(rows), tmp_path)
    store = TokenStore.open(tmp_path)
    queries = [generator.normal(size=(n, TOKEN_DIMENSIONS)).astype(np.float32) for n in (3, 1, 9)]
    for asked in (np.arange(40), np.array([7]), np.array([3, 3, 12])):
        expected = [[(decoded(rows[row]) @ query.T).max(axis=0).mean() for row in asked] for query in queries]
        np.testing.assert_allclose(store.scores(queries, asked), expected, rtol=1e-4)


def test_projected_tokens_keep_their_cosines() -> None:
    made = [t.vectors for _, t in embedder().encode_tokens(TEXTS[:10])]
    projection = fit_projection(made, 128)
    whole = np.concatenate(made)
    small = decoded(encoded(whole, projection))
    assert (small * projected(whole, projection)).sum(axis=1).min() > 0.6  # eight bits; ten texts make long directions
    assert np.corrcoef((whole @ whole.T).ravel(), (small @ small.T).ravel())[0, 1] > 0.95


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(UnusableModel, match="no/such-model"):
        open_embedder("no/such-model", cache_dir=scratch())


def test_a_conversion_that_fails_says_in_one_line_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "adapter.npz"
    damaged.write_bytes(b"no archive")
    with pytest.raises(UnusableModel, match=r"failed with “.+”: run 'inspectgraph doctor'") as first:
        converted_model(tmp_path / "models", damaged)
    assert "\n" not in str(first.value)
    full = shutil.disk_usage(tmp_path)._replace(free=3 << 20)
    monkeypatch.setattr("indexer.embedding.shutil.disk_usage", lambda _: full)
    with pytest.raises(UnusableModel, match=r"needs 64 MB, and .+ has 3 MB free: make room"):
        converted_model(tmp_path / "models", damaged)
    assert list((tmp_path / "models").iterdir()) == []


def test_abbreviations_are_written_out_and_terms_tagged() -> None:
    language = SectorLanguage.load()
    assert language.written_out("LADO referrals") == "local authority designated officer referrals"
    assert language.written_out("care leavers") is None
    own = replace(language, own_abbreviations=(("HOME", "housing options made easier"), ("LADO", "something else")))
    assert own.written_out("HOME for care leavers") == "housing options made easier for care leavers"
    assert own.written_out("home for care leavers") is None
    assert own.written_out("A HOME FOR CARE LEAVERS") is None
    assert own.written_out("LADO referrals") == "local authority designated officer referrals"
    named = {language.concepts[p].id for p in language.tags("Extremely late personal education plans")}
    assert named == {"pep"}
    assert len({c.id for c in language.concepts}) == len(language.concepts)
    assert all(c.terms and c.plain for c in language.concepts)


def test_documents_are_believed_where_most_agree_what_their_abbreviation_means() -> None:
    explained = [
        *[("IFD", "integrated front door"), ("IFD", "Integrated Front Doors’"), ("IFD", "initial family desk")],
        *[("MAP", "management action plan"), ("MAP", "multi-agency panel")],
        *[("EET", "education, employment and training"), ("HK", "Helen Keast, Assistant Director")],
    ]
    assert agreed_abbreviations(explained) == (
        ("EET", "education, employment and training"),
        ("IFD", "integrated front door"),
    )


def test_rows_share_the_evidence_of_the_concepts_meant() -> None:
    index = ConceptIndex.of([(0,), (), (0, 1), (2,), (1,)], 3, 5)
    rows, agreement = index.scores(np.array([1.0, 0.5, 0.0], dtype=np.float32))
    assert rows.tolist() == [0, 2, 4]
    rarity = np.log(1 + 3.5 / 2.5)
    expected = np.array([rarity, 1.5 * rarity / 2**0.5, 0.5 * rarity])
    np.testing.assert_allclose(agreement, expected / expected.max(), rtol=1e-6)
    assert [len(found) for found in index.scores(np.zeros(3, dtype=np.float32))] == [0, 0]


def test_every_concept_belongs_to_a_theme_of_the_scheme() -> None:
    from ontology.resources import themes

    known = {theme.id for theme in themes()}
    assert {c.theme for c in SectorLanguage.load().concepts} <= known
