"""Train the theme linker: ``python -m indexer.training.theme_linker --judged … --texts … [--cache DIR]``.

Learns from annotated recommendations and findings (joined to their texts by hash), from invented examples, and from the
judged labels, which also calibrate it by cross-validation. Deterministic for the same texts and model.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from indexer.embedding import open_embedder
from indexer.theme_evidence import LexicalEvidence
from indexer.theme_linking import (
    Floats,
    Weights,
    chosen,
    description,
    learnt_evidence,
    packed,
    shared_features,
    word_features,
    word_runs,
)
from indexer.training.annotations import (
    ThemeExample,
    invented_examples,
    judged_examples,
    texts_of,
    theme_annotations,
)
from ontology.resources import Theme, themes

VERSION = "1.0"
HERE = Path(__file__).parent
MODEL = HERE.parent / "models" / "theme_linker.npz"
FOLDS = 10

#: A run of words must stand in this many of the learnt texts to have a weight.
_LEAST_TEXTS = 2
_VECTOR_SCALE = 2.0
_WORDS_SCALE = 1.0
_LEARNT_C = 10.0
_SHARED_C = 1.0
_FINDING_WEIGHT = 0.5

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Examples as arrays; ``ignored`` marks the optional themes, ``judged`` the examples that figures are taken on."""

    examples: tuple[ThemeExample, ...]
    scheme: tuple[Theme, ...]
    evidence: Floats
    vectors: Floats
    described: Floats
    wanted: Bools
    ignored: Bools
    judged: Bools
    weight: Floats

    @property
    def texts(self) -> list[str]:
        return [example.text for example in self.examples]

    @property
    def parents(self) -> list[int]:
        place = {theme.id: i for i, theme in enumerate(self.scheme)}
        return [place.get(theme.broader or "", -1) for theme in self.scheme]


def training_set(examples: Sequence[ThemeExample], embedder: Any) -> TrainingSet:
    scheme = themes()
    place = {theme.id: i for i, theme in enumerate(scheme)}
    wanted = np.zeros((len(examples), len(scheme)), dtype=np.bool_)
    ignored = np.zeros_like(wanted)
    for row, example in enumerate(examples):
        wanted[row, [place[t] for t in example.themes]] = True
        ignored[row, [place[t] for t in example.optional]] = True
    texts = [example.text for example in examples]
    return TrainingSet(
        examples=tuple(examples),
        scheme=scheme,
        evidence=LexicalEvidence(scheme).of(texts),
        vectors=embedder.encode(texts),
        described=embedder.encode([description(theme) for theme in scheme]),
        wanted=wanted,
        ignored=ignored & ~wanted,
        judged=np.array([example.source.startswith("judged") for example in examples]),
        weight=np.array([_FINDING_WEIGHT if e.source == "finding" else 1.0 for e in examples], dtype=np.float32),
    )


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What the two scorers weigh, of every example."""

    shared: Floats
    learnt: sparse.csr_matrix
    buckets: NDArray[np.int64]
    idf: Floats


def _inputs(data: TrainingSet, *, vectors: bool) -> _Inputs:
    cosines = data.vectors @ data.described.T if vectors else None
    buckets, idf = vocabulary(data.texts)
    parts = [
        _WORDS_SCALE * word_features(data.texts, buckets, idf),
        sparse.csr_matrix(learnt_evidence(data.evidence, range(len(data.scheme)))),
    ]
    if vectors:
        parts.append(sparse.csr_matrix(_VECTOR_SCALE * data.vectors))
    return _Inputs(
        shared_features(data.evidence, cosines, data.parents), sparse.csr_matrix(sparse.hstack(parts)), buckets, idf
    )


def vocabulary(texts: Sequence[str]) -> tuple[NDArray[np.int64], Floats]:
    """The hashed runs of words that several texts have, ascending, and their inverse document frequency."""
    seen = Counter(bucket for text in texts for bucket in set(word_runs(text)))
    buckets = sorted(bucket for bucket, count in seen.items() if count >= _LEAST_TEXTS)
    idf = [1 + np.log((1 + len(texts)) / (1 + seen[bucket])) for bucket in buckets]
    return np.array(buckets, dtype=np.int64), np.array(idf, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Fitted:
    shared: Floats
    shared_bias: float
    learnt: Floats
    bias: Floats
    known: tuple[int, ...]

    def scores(self, inputs: _Inputs, rows: NDArray[np.int64]) -> Floats:
        score = inputs.shared[rows] @ self.shared + self.shared_bias
        learnt = inputs.learnt[rows] @ self.learnt + self.bias
        for column, place in enumerate(self.known):
            score[:, place] = (score[:, place] + learnt[:, column]) / 2
        return np.asarray(score, dtype=np.float32)


def _fit(data: TrainingSet, inputs: _Inputs, rows: NDArray[np.int64]) -> _Fitted:
    counted = ~data.ignored[rows]
    weight = np.repeat(data.weight[rows][:, None], len(data.scheme), axis=1)
    shared = LogisticRegression(C=_SHARED_C, max_iter=500)
    shared.fit(inputs.shared[rows][counted], data.wanted[rows][counted], sample_weight=weight[counted])
    known, columns, biases = [], [], []
    for place in range(len(data.scheme)):
        use = rows[counted[:, place]]
        if data.wanted[use, place].sum() < 2:
            continue
        model = LogisticRegression(C=_LEARNT_C, solver="liblinear", max_iter=1000, random_state=0)
        model.fit(inputs.learnt[use], data.wanted[use, place], sample_weight=data.weight[use])
        known.append(place)
        columns.append(model.coef_[0])
        biases.append(float(model.intercept_[0]))
    return _Fitted(
        np.asarray(shared.coef_[0], dtype=np.float32),
        float(shared.intercept_[0]),
        np.stack(columns, axis=1).astype(np.float32),
        np.array(biases, dtype=np.float32),
        tuple(known),
    )


def folds(data: TrainingSet, count: int = FOLDS) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(rows to learn from, judged rows to score). Judged texts are dealt by hash of the text, and no text that is
    learnt from equals one that is scored."""
    keys = np.array([int(hashlib.sha256(text.casefold().encode()).hexdigest(), 16) % count for text in data.texts])
    for fold in range(count):
        scored = np.flatnonzero(data.judged & (keys == fold))
        held = {data.texts[row].casefold() for row in scored}
        learnt = np.array([row for row, text in enumerate(data.texts) if text.casefold() not in held], dtype=np.int64)
        yield learnt, scored


def cross_validated(data: TrainingSet, *, vectors: bool) -> tuple[NDArray[np.int64], Floats]:
    """The judged rows and the scores that each gets from a model that has not seen it."""
    inputs = _inputs(data, vectors=vectors)
    rows, scores = [], []
    for learnt, scored in folds(data):
        rows.append(scored)
        scores.append(_fit(data, inputs, learnt).scores(inputs, scored))
    return np.concatenate(rows), np.concatenate(scores)


def linked(confidences: Floats, threshold: float, parents: Sequence[int]) -> Bools:
    links = np.zeros(confidences.shape, dtype=np.bool_)
    for row, confidence in enumerate(confidences):
        links[row, chosen(confidence, threshold, parents)] = True
    return links


def micro_f1(links: Bools, wanted: Bools, ignored: Bools) -> tuple[float, float, float]:
    """F1, precision and recall over all pairs of item and theme but the ignored ones."""
    links = links & ~ignored
    right = int((links & wanted).sum())
    precision, recall = right / max(1, int(links.sum())), right / max(1, int(wanted.sum()))
    return 2 * right / max(1, int(links.sum()) + int(wanted.sum())), precision, recall


def calibrated(data: TrainingSet, rows: NDArray[np.int64], scores: Floats) -> tuple[float, float, float]:
    """Slope, intercept and threshold, from scores of texts that were held out."""
    counted = ~data.ignored[rows]
    platt = LogisticRegression(C=1e6).fit(scores[counted][:, None], data.wanted[rows][counted])
    slope, intercept = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    confidences = np.asarray(1 / (1 + np.exp(-(slope * scores + intercept))), dtype=np.float32)
    steps = np.arange(0.2, 0.62, 0.02)
    reached = [
        micro_f1(linked(confidences, float(t), data.parents), data.wanted[rows], data.ignored[rows])[0] for t in steps
    ]
    smooth = np.convolve(np.pad(reached, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return slope, intercept, round(float(steps[int(np.argmax(smooth))]), 2)


def train(data: TrainingSet, *, vectors: bool) -> Weights:
    """Weights from every example, calibrated on cross-validated scores of the judged ones."""
    slope, intercept, threshold = calibrated(data, *cross_validated(data, vectors=vectors))
    inputs = _inputs(data, vectors=vectors)
    fitted = _fit(data, inputs, np.arange(len(data.examples)))
    n_words = len(inputs.buckets)
    n_evidence = learnt_evidence(data.evidence[:1], range(len(data.scheme))).shape[1]
    return Weights(
        themes=tuple(data.scheme[place].id for place in fitted.known),
        shared=fitted.shared,
        shared_bias=fitted.shared_bias,
        buckets=inputs.buckets,
        idf=inputs.idf,
        words=_WORDS_SCALE * fitted.learnt[:n_words],
        vector=_VECTOR_SCALE * fitted.learnt[n_words + n_evidence :],
        evidence=_evidence_of_known(fitted, n_words, n_evidence, len(data.scheme)),
        bias=fitted.bias,
        slope=slope,
        intercept=intercept,
        threshold=threshold,
    )


def _evidence_of_known(fitted: _Fitted, n_words: int, n_evidence: int, n_themes: int) -> Floats:
    """The evidence weights of the known themes only, since those are the ones that the linker looks up by id."""
    block = fitted.learnt[n_words : n_words + n_evidence].reshape(n_themes, n_evidence // n_themes, -1)
    return np.asarray(block[list(fitted.known)].reshape(-1, block.shape[2]), dtype=np.float32)


def data_hash(examples: Sequence[ThemeExample]) -> str:
    """SHA-256 over what was learnt from."""
    lines = [json.dumps([e.text, sorted(e.themes), sorted(e.optional), e.source]) for e in examples]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def gathered(judged: Sequence[Path], texts: Sequence[Path]) -> list[ThemeExample]:
    """All examples in a set order. Annotated texts that are judged as well are left out: the judgement stands."""
    scored = [example for path in judged for example in judged_examples(path)]
    known = {example.text.casefold() for example in scored}
    learnt = theme_annotations(HERE / "theme_annotations.tsv", texts_of(texts))
    return [
        *(example for example in learnt if example.text.casefold() not in known),
        *invented_examples(HERE / "theme_examples.tsv"),
        *scored,
    ]


def arguments(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--judged", nargs="+", type=Path, required=True, help="themes_dev.jsonl, gold documents")
    parser.add_argument("--texts", nargs="+", type=Path, required=True, help="JSON Lines with the annotated texts")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "inspectgraph", help="converted model")
    return parser


def main() -> None:
    given = arguments(argparse.ArgumentParser(description=__doc__)).parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    embedder = open_embedder(cache_dir=given.cache)
    examples = gathered(given.judged, given.texts)
    data = training_set(examples, embedder)
    about = {
        "version": VERSION,
        "weights_sha256": embedder.identity.sha256,
        "trained_on": dict(Counter("judged" if e.source.startswith("judged") else e.source for e in examples)),
        "data_sha256": data_hash(examples),
    }
    arrays: dict[str, Any] = {"about": np.array(json.dumps(about))}
    for prefix, vectors in (("plain", False), ("full", True)):
        weights = train(data, vectors=vectors)
        if not vectors:
            weights = replace(weights, vector=np.zeros((0, len(weights.themes)), dtype=np.float32))
        arrays |= packed(prefix, weights)
    np.savez_compressed(MODEL, **arrays)
    print(json.dumps(about, indent=1), MODEL.stat().st_size)


if __name__ == "__main__":
    main()
