"""The sector's language beside one release's rows: what expansion needs at query time, as arrays."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.embedding import Embedder, EmbeddingCache
from indexer.expansion import OWN_ABBREVIATIONS, ConceptIndex, SectorLanguage
from indexer.late_interaction import TokenStore, Vectors, projected, write_token_store
from indexer.lexical import forms_version
from indexer.text_cache import TextCache
from indexer.vector import FLAT_LIMIT

_FILES = ("search_concepts.csv", "search_phrasebook.csv", "abbreviations.csv")
_ARRAYS = (
    "projection concept_starts concept_rows concept_row_weight phrase_vectors question_vectors statement_vectors"
).split()
#: A wording this near in meaning begins to count as meant, and counts fully a quarter above.
_CONCEPT_FROM, _CONCEPT_RANGE = 0.50, 0.25
#: The same for a question of the phrasebook; among several the nearest weigh most.
_QUESTION_FROM, _QUESTION_RANGE, _QUESTION_SHARPNESS = 0.45, 0.20, 0.10
_STATEMENTS = 3
#: Of so many of the phrasebook's questions the usual spread is measured.
_ASKED = 40
#: The file of ``LanguageIndex.statement_cosines``, in steps of so many to one.
_COSINES, _STEPS = "cosines.npy", 32_767.0


@dataclass(frozen=True, slots=True)
class Meant:
    """What a query was understood to mean. ``concepts`` (concepts,) in [0, 1]; ``statements``: places in the
    phrasebook, nearest first, with ``weights`` that sum to how surely the phrasebook applies, in [0, 1]."""

    concepts: NDArray[np.float32]
    statements: NDArray[np.int64]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class LanguageIndex:
    """Read-only; safe to share between threads. ``scale``: the usual spread over rows of a query's token score and of
    its cosine, measured at build on the phrasebook's questions; it puts both on one footing for any model.
    ``statement_cosines`` (statements, size), to 0.00002: every row's with every statement of the phrasebook, so that
    none is scanned for; None where that would take too much room."""

    language: SectorLanguage
    projection: Vectors
    token_scale: float
    cosine_scale: float
    concept_rows: ConceptIndex
    phrase_vectors: Vectors
    phrase_starts: NDArray[np.int64]
    question_vectors: Vectors
    statement_vectors: Vectors
    statement_tokens: TokenStore
    statement_cosines: NDArray[np.int16] | None = None

    @classmethod
    def open(cls, folder: Path) -> LanguageIndex:
        language = SectorLanguage.load(folder)
        arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in _ARRAYS}
        cosines = folder / "statements" / _COSINES
        scale = json.loads((folder / "scale.json").read_text(encoding="utf-8"))
        return cls(
            language,
            arrays["projection"],
            scale["tokens"],
            scale["cosine"],
            ConceptIndex(arrays["concept_starts"], arrays["concept_rows"], arrays["concept_row_weight"]),
            arrays["phrase_vectors"],
            np.searchsorted([place for place, _ in language.phrases], np.arange(len(language.concepts))),
            arrays["question_vectors"],
            arrays["statement_vectors"],
            TokenStore.open(folder / "statements"),
            np.load(cosines, mmap_mode="r", allow_pickle=False).view(np.ndarray) if cosines.is_file() else None,
        )

    def meant(self, text: str, vectors: Vectors) -> Meant:
        """``vectors`` (variants, dim): the query as typed, and with its abbreviations written out."""
        near = np.maximum.reduceat((self.phrase_vectors @ vectors.T).max(axis=1), self.phrase_starts)
        concepts = np.clip((near - _CONCEPT_FROM) / _CONCEPT_RANGE, 0.0, 1.0).astype(np.float32)
        named = list(self.language.tags(text, any_case=True))
        concepts[named] = 1.0
        likeness = self.question_vectors @ vectors[0]
        # who uses the sector's terms needs no phrasebook, and it would blur what is asked
        order = np.argsort(-likeness, kind="stable")[: 0 if named else _STATEMENTS]
        order = order[likeness[order] > _QUESTION_FROM]
        if not len(order):
            return Meant(concepts, order, np.empty(0, dtype=np.float32))
        weights = np.exp((likeness[order] - likeness[order[0]]) / _QUESTION_SHARPNESS)
        sure = min(1.0, float(likeness[order[0]] - _QUESTION_FROM) / _QUESTION_RANGE)
        return Meant(concepts, order, np.asarray(weights / weights.sum() * sure, dtype=np.float32))

    def stated(self, meant: Meant) -> Vectors | None:
        """Of every row its cosine with the statements meant, weighed together; None without ``statement_cosines``."""
        if self.statement_cosines is None:
            return None
        return np.asarray(meant.weights @ self.statement_cosines[meant.statements].astype(np.float32) / _STEPS)


def write_language(
    language: SectorLanguage,
    texts: Sequence[str],
    sentences: Vectors,
    embedder: Embedder,
    cache: EmbeddingCache,
    found: TextCache,
    folder: Path,
) -> None:
    """Tags every row's text with the concepts it holds and embeds all wordings, from the caches where it can.
    ``sentences``: the rows' vectors."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        with as_file(files("ontology") / name) as source:
            shutil.copyfile(source, folder / name)
    with (folder / OWN_ABBREVIATIONS).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("short", "long"), *language.own_abbreviations])
    context = b"concepts" + repr((language.concepts, forms_version())).encode()
    tagged = found.of(
        context, texts, lambda places: (np.array(language.tags(texts[p]), "u2").tobytes() for p in places)
    )
    tags = (np.frombuffer(value, "u2").tolist() for value in tagged)
    rows = ConceptIndex.of(tags, len(language.concepts), len(texts))
    questions = [question for question, _ in language.phrasebook]
    question_vectors = cache.encode(embedder, questions)
    statements = cache.encode_fully(embedder, [statement for _, statement in language.phrasebook])
    write_token_store(statements.tokens, len(statements.tokens), folder / "statements")
    if len(sentences) <= FLAT_LIMIT:
        _write_cosines(statements.sentences, sentences, folder / "statements" / _COSINES)
    arrays: dict[str, NDArray[Any]] = {
        "projection": statements.projection,
        "concept_starts": rows.starts,
        "concept_rows": rows.rows,
        "concept_row_weight": rows.row_weight,
        "phrase_vectors": cache.encode(embedder, [phrase for _, phrase in language.phrases]),
        "question_vectors": question_vectors,
        "statement_vectors": statements.sentences,
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    asked = slice(0, None, max(1, len(questions) // _ASKED))
    tokens = [projected(t.vectors, statements.projection) for _, t in embedder.encode_tokens(questions[asked])]
    scale = _scales(tokens, question_vectors[asked], sentences, folder)
    (folder / "scale.json").write_text(json.dumps(scale), encoding="utf-8")


def _write_cosines(statements: Vectors, sentences: Vectors, file: Path) -> None:
    cosines = np.empty((len(statements), len(sentences)), dtype=np.int16)
    for start in range(0, len(sentences), 4_096):
        part = statements @ sentences[start : start + 4_096].T
        cosines[:, start : start + 4_096] = np.rint(np.clip(part, -1.0, 1.0) * _STEPS)
    np.save(file, cosines, allow_pickle=False)


def _scales(tokens: list[Vectors], questions: Vectors, sentences: Vectors, folder: Path) -> dict[str, float]:
    """The mean standard deviation, over rows, of a question's score."""
    store = TokenStore.open(folder.parent / "vectors")
    rows = np.unique(np.linspace(0, max(0, len(sentences) - 1), num=min(len(sentences), 1_000)).astype(np.int64))
    if len(rows) < 2:
        return {"tokens": 0.075, "cosine": 0.1}
    by_tokens = float(store.scores(tokens, rows).std(axis=1).mean())
    by_cosine = float((questions @ sentences[rows].T).std(axis=1).mean())
    return {"tokens": max(by_tokens, 1e-3), "cosine": max(by_cosine, 1e-3)}
