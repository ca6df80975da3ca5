"""The search database holds what it was given, finds what an exact search finds, and forgets what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from indexer import postgres
from indexer.lexical import LexicalIndex, LexicalRecord, parse, write_lexical
from indexer.postgres import Database, PostgresVectors, PostgresWords, connect
from tests.back_ends import running

pytestmark = pytest.mark.slow

DIMENSION = 32
RNG = np.random.default_rng(7)
WORDS = "supervision visit health school plan audit carer review delay record manager team child advice".split()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running("postgres") as server:
        yield server.settings()["search_database"]


def unit_rows(count: int) -> np.ndarray:
    """In clusters, as texts are: uniform vectors have no neighbourhoods."""
    centres = RNG.normal(size=(40, DIMENSION))
    made = centres[RNG.integers(0, 40, count)] + 0.6 * RNG.normal(size=(count, DIMENSION))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def records(count: int, start: int = 0) -> list[LexicalRecord]:
    made = []
    for row in range(count):
        number = np.random.default_rng(start + row)
        text = " ".join(number.choice(WORDS, number.integers(3, 30)))
        keys = (f"kind:{'finding' if row % 3 else 'action'}", f"year:{2010 + row % 10}")
        made.append(LexicalRecord(row, text, {"section": f"part {row % 4}", "file": f"report {row % 50}.pdf"}, keys))
    return made


@pytest.fixture(scope="module")
def held(address: str) -> tuple[np.ndarray, list[LexicalRecord], Database]:
    vectors, rows = unit_rows(5_000), records(5_000)
    postgres.publish(address, "held", vectors, rows, keep=())
    return vectors, rows, Database(address, "held")


def exact(vectors: np.ndarray, query: np.ndarray, k: int, mask: np.ndarray | None = None) -> np.ndarray:
    scores = vectors.astype(np.float16).astype(np.float32) @ query
    if mask is not None:
        scores[~mask] = -np.inf
    return np.lexsort((np.arange(len(scores)), -scores))[:k]


@pytest.mark.parametrize("share", [None, 0.5, 0.05])
def test_of_the_ten_nearest_at_least_ninety_five_in_a_hundred_are_found(
    held: tuple[np.ndarray, list[LexicalRecord], Database], share: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, _, database = held
    monkeypatch.setattr(postgres, "EXACT_FILTER_LIMIT", 400)  # so that the half is filtered within HNSW
    index = PostgresVectors(database, DIMENSION)
    mask = None if share is None else RNG.random(len(vectors)) < share
    queries = unit_rows(100)
    found = index.search(queries, 10, mask)
    hits = [
        len(set(rows.tolist()) & set(exact(vectors, query, 10, mask).tolist()))
        for rows, query in zip(found.rows, queries, strict=True)
    ]
    assert sum(hits) / 1000 >= 0.95
    if mask is not None:
        assert mask[found.rows].all()
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_what_is_within_a_cosine_is_exactly_that(held: tuple[np.ndarray, list[LexicalRecord], Database]) -> None:
    vectors, _, database = held
    query = unit_rows(1)
    scores = vectors.astype(np.float16).astype(np.float32) @ query[0]
    rows, found = PostgresVectors(database, DIMENSION).within(query, 0.5)
    sure = np.flatnonzero(np.abs(scores - 0.5) > 0.002)
    assert set(rows.tolist()) & set(sure.tolist()) == {row for row in sure.tolist() if scores[row] > 0.5}
    np.testing.assert_allclose(found, scores[rows], atol=0.002)


def test_a_stored_vector_comes_back_to_half_precision(held: tuple[np.ndarray, list[LexicalRecord], Database]) -> None:
    vectors, _, database = held
    rows = np.array([4_999, 0, 17, 17])
    np.testing.assert_array_equal(
        PostgresVectors(database, DIMENSION).vectors(rows), vectors[rows].astype(np.float16).astype(np.float32)
    )


@pytest.mark.parametrize(
    "question",
    ["supervision", "supervision health delay", '"health school"', "audit AND carer", "plan -child", "section:part"],
)
def test_words_find_and_rank_as_the_release_s_own_index_does(
    held: tuple[np.ndarray, list[LexicalRecord], Database], question: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, rows, database = held
    folder = tmp_path_factory.mktemp("lexical")
    write_lexical(rows, folder)
    parsed = parse(question)
    demanded = parsed if parsed.strict else None
    words = [(word, 1.0) for word in parsed.content_words]
    must, must_not = [["kind:finding"]], ["year:2013"]
    here, there = PostgresWords(database), LexicalIndex(folder)
    plain = () if parsed.strict else parsed.content_words
    np.testing.assert_array_equal(
        here.matching(plain, must=must, must_not=must_not, demanded=demanded),
        there.matching(plain, must=must, must_not=must_not, demanded=demanded),
    )
    mine = here.search(words, 100, must=must, must_not=must_not, demanded=demanded).rows
    other = there.search(words, 100, must=must, must_not=must_not, demanded=demanded).rows
    assert len(mine) == len(other)
    if words and demanded is None:  # tantivy rounds the lengths of texts, so near ties change places
        assert len(set(mine.tolist()) & set(other.tolist())) >= 0.75 * len(other)
    assert here.document_frequency("audit") == there.document_frequency("audit")
    assert here.corrected("suprvision") == there.corrected("suprvision")


def test_a_search_outlives_the_loss_of_every_connection(
    address: str, held: tuple[np.ndarray, list[LexicalRecord], Database]
) -> None:
    vectors, _, database = held
    words = PostgresWords(database)
    with ThreadPoolExecutor(4) as threads:
        before = list(threads.map(lambda _: words.search([("audit", 1.0)], 10).rows.tolist(), range(40)))
    with connect(address) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    assert words.search([("audit", 1.0)], 10).rows.tolist() == before[0]
    assert PostgresVectors(database, DIMENSION).search(vectors[7:8], 1).rows.tolist() == [[7]]


def test_items_are_added_and_deleted_without_touching_those_that_stay(address: str) -> None:
    vectors, rows = unit_rows(300), records(300, start=90_000)
    assert postgres.publish(address, "one", vectors, rows, keep=["held"]) == 300
    kept = [row for row in range(300) if row % 10]
    fewer = [LexicalRecord(new, rows[old].text, rows[old].fields, rows[old].keys) for new, old in enumerate(kept)]
    added = LexicalRecord(len(fewer), "an entirely new sentence", {}, ("kind:finding",))
    grown = np.vstack([vectors[kept], unit_rows(1)])
    assert postgres.publish(address, "two", grown, [*fewer, added], keep=["one"]) == 1
    two = Database(address, "two")
    assert (Database(address, "one").size, two.size) == (300, 271)
    np.testing.assert_array_equal(PostgresVectors(two, DIMENSION).search(grown[270:], 1).rows, [[270]])
    postgres.publish(address, "three", grown, [*fewer, added], keep=())
    items = two.rows("SELECT count(*) FROM item")[0][0]
    orphans = two.rows("SELECT count(*) FROM posting WHERE id NOT IN (SELECT id FROM item)")[0][0]
    assert (items, orphans) == (271, 0)


def test_a_publication_that_fails_leaves_everything_as_it_was(address: str) -> None:
    vectors, rows = unit_rows(50), records(50, start=70_000)
    postgres.publish(address, "sound", vectors, rows, keep=())
    before = Database(address, "sound").rows("SELECT count(*) FROM item")

    def breaking() -> Iterator[LexicalRecord]:
        yield from records(20, start=60_000)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        postgres.publish(address, "broken", vectors, breaking(), keep=["sound"])
    database = Database(address, "sound")
    assert database.rows("SELECT count(*) FROM item") == before
    assert database.rows("SELECT count(*) FROM release WHERE name = 'broken'") == [(0,)]
