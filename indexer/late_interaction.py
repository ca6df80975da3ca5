"""Token by token: how well each word of a query is met by some word of a text, both seen in their context.

Every row keeps one small vector a token (128 dimensions in eight bits, a third of the model's), on disk and
memory-mapped. A text's score for a query is the mean, over the query's tokens, of the best cosine with any of the
text's tokens ("MaxSim"). It needs no index: it orders candidates that other searches found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

#: Measured on the judged queries: 384 dimensions 0.608 nDCG@10, 128 in eight bits 0.610, 96 0.589, 64 0.571.
TOKEN_DIMENSIONS = 128
#: Components of the projected unit vectors beyond ±0.5 are cut off; eight bits span the rest. What is cut is the
#: direction that all tokens share, which says nothing of the topic: without the cut nDCG@10 falls from 0.673 to 0.656.
CODE_SCALE = 254.0

_SENTENCE = re.compile(r"[^\s].*?(?:[.!?;](?=\s+[A-Z0-9“‘])|$)", re.DOTALL)
#: The number of a token that stands in no sentence, and of every sentence from this one on.
_NO_SENTENCE = 255
#: So many tokens are compared at a time: what is widened to single precision then stays in the processor's cache.
_TOGETHER = 512

Vectors = NDArray[np.float32]
SentenceNumbers = NDArray[np.uint8]
TokenCodes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """One text's tokens: the pieces, their half-open code point ranges in the text, and a unit vector for each."""

    pieces: tuple[str, ...]
    spans: NDArray[np.int32]
    vectors: Vectors


def fit_projection(samples: Iterable[Vectors], dimensions: int = TOKEN_DIMENSIONS) -> Vectors:
    """(dim, dimensions) orthonormal: the directions that keep most of the samples' length."""
    moment: NDArray[np.float64] | None = None
    for vectors in samples:
        part = vectors.T.astype(np.float64) @ vectors
        moment = part if moment is None else moment + part
    if moment is None:
        raise ValueError("no samples to fit a projection on")
    _, directions = np.linalg.eigh(moment)
    kept = directions[:, ::-1][:, :dimensions]
    # the sign of an eigenvector is arbitrary: fix it, so that two machines agree
    signs = np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])])
    return np.asarray(kept * signs, dtype=np.float32)


def projected(vectors: Vectors, projection: Vectors) -> Vectors:
    """Unit rows in the small space."""
    small = vectors @ projection
    return np.asarray(small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def encoded(vectors: Vectors, projection: Vectors) -> TokenCodes:
    return np.asarray(np.clip(np.rint(projected(vectors, projection) * CODE_SCALE), -127, 127), dtype=np.int8)


def decoded(codes: TokenCodes) -> Vectors:
    return codes.astype(np.float32) / np.float32(CODE_SCALE)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open ranges of the text's sentences, in order; a semicolon ends one too, as in lists of demands."""
    return [(m.start(), m.end()) for m in _SENTENCE.finditer(text)]


def sentence_numbers(text: str, spans: NDArray[np.int32]) -> SentenceNumbers:
    """In which of the text's sentences each token stands, 0-based; 255 for a token in none. ``spans`` of the tokens."""
    numbers = np.full(len(spans), _NO_SENTENCE, dtype=np.uint8)
    bounds = np.array(sentence_spans(text)[:_NO_SENTENCE], dtype=np.int64).reshape(-1, 2)
    if not len(spans) or not len(bounds):
        return numbers
    starts, ends = spans.T
    place = np.searchsorted(bounds[:, 0], starts, side="right") - 1
    inside = (place >= 0) & (ends > starts) & (ends <= bounds[place, 1])
    numbers[inside] = place[inside]
    return numbers


class TokenStore:
    """The token vectors of all rows. Read-only; safe to share between threads."""

    def __init__(self, codes: TokenCodes, starts: NDArray[np.int64], sentences: SentenceNumbers | None = None) -> None:
        """Row i's tokens are ``codes[starts[i]:starts[i + 1]]``; ``sentences``: the ``sentence_numbers`` of each."""
        self._codes = codes
        self._starts = starts
        self._sentences = sentences

    @classmethod
    def open(cls, folder: Path) -> TokenStore:
        codes = np.load(folder / "tokens.npy", mmap_mode="r", allow_pickle=False)
        starts = np.load(folder / "token_starts.npy", allow_pickle=False)
        numbered = folder / "token_sentences.npy"
        sentences = np.load(numbered, mmap_mode="r", allow_pickle=False) if numbered.is_file() else None
        return cls(codes.view(np.ndarray), starts, None if sentences is None else sentences.view(np.ndarray))

    def tokens(self, row: int) -> Vectors:
        return decoded(np.asarray(self._codes[self._starts[row] : self._starts[row + 1]]))

    def scores(self, queries: Sequence[Vectors], rows: NDArray[np.int64]) -> Vectors:
        """(len(queries), len(rows)): each query's tokens, unit rows in the small space, against each row's."""
        if not len(rows) or not queries:
            return np.zeros((len(queries), len(rows)), dtype=np.float32)
        places, offsets = self._places(rows)
        whole = queries[0] if len(queries) == 1 else np.concatenate(queries)
        best: Vectors = np.empty((len(rows), len(whole)), dtype=np.float32)
        # cut between rows; what is left over goes with the last part, since a small product is computed otherwise
        bounds = [*offsets.tolist(), len(places)]
        cuts = np.searchsorted(offsets, np.arange(0, len(places) - _TOGETHER + 1, _TOGETHER)[1:]).tolist()
        for first, last in pairwise([0, *cuts, len(rows)]):
            if first < last:
                start, end = bounds[first], bounds[last]
                met = self._met(whole, places[start:end])
                np.maximum.reduceat(met, offsets[first:last] - start, axis=0, out=best[first:last])
        begins = np.cumsum([0, *(len(q) for q in queries[:-1])])
        lengths = np.array([len(q) for q in queries], dtype=np.float32)
        sums = np.add.reduceat(best, begins, axis=1)
        return np.asarray((sums / (lengths * CODE_SCALE)).T, dtype=np.float32)

    def best_sentences(self, query: Vectors, rows: NDArray[np.int64]) -> list[int | None]:
        """Of each row the number of the sentence whose tokens meet the query best, the first of equals; None where no
        token stands in a sentence."""
        if not len(rows) or self._sentences is None:
            return [None] * len(rows)
        places, _ = self._places(rows)
        owner = np.repeat(np.arange(len(rows)), self._starts[rows + 1] - self._starts[rows])
        numbers = self._sentences[places].astype(np.int64)
        firsts = np.flatnonzero(np.diff(owner * 256 + numbers, prepend=-1))
        scores = np.maximum.reduceat(self._met(query, places), firsts, axis=0).mean(axis=1)
        best: list[int | None] = [None] * len(rows)
        kept = numbers[firsts] != _NO_SENTENCE
        order = np.lexsort((firsts[kept], -scores[kept]))[::-1]
        for row, number in zip(owner[firsts[kept]][order].tolist(), numbers[firsts[kept]][order].tolist(), strict=True):
            best[row] = number  # the best comes last
        return best

    def _places(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where all tokens of these rows stand in the store, and at which of them each row begins."""
        starts, lengths = self._starts[rows], self._starts[rows + 1] - self._starts[rows]
        offsets = np.cumsum(lengths) - lengths
        return np.arange(int(lengths.sum())) + np.repeat(starts - offsets, lengths), offsets

    def _met(self, query: Vectors, places: NDArray[np.int64]) -> Vectors:
        """(places, query tokens): products with the codes as stored, ``CODE_SCALE`` times the cosine. This way round
        the product of many places with few tokens takes half the time."""
        return np.asarray(np.take(self._codes, places, axis=0).astype(np.float32) @ query.T, dtype=np.float32)


def write_token_store(
    codes: Iterable[TokenCodes], rows: int, folder: Path, sentences: Iterable[SentenceNumbers] | None = None
) -> None:
    """Writes ``tokens.npy``, ``token_starts.npy`` and, with ``sentences``, ``token_sentences.npy``. A row without
    tokens gets one zero vector, which meets nothing and stands in no sentence."""
    folder.mkdir(parents=True, exist_ok=True)
    none = np.zeros((1, TOKEN_DIMENSIONS), dtype=np.int8)
    lengths = []
    # part by part, since a national corpus has more tokens than memory
    with (folder / "tokens.npy").open("wb") as file:
        _write_header(file, 0)
        for part in codes:
            kept = part if len(part) else none
            lengths.append(len(kept))
            file.write(np.ascontiguousarray(kept).data)
        file.seek(0)
        _write_header(file, sum(lengths))  # as long as the first: numpy leaves room for the shape to grow
    if len(lengths) != rows:
        raise ValueError(f"tokens of {len(lengths)} rows for {rows}")
    starts = np.cumsum([0, *lengths]).astype(np.int64)
    np.save(folder / "token_starts.npy", starts, allow_pickle=False)
    if sentences is not None:
        numbers = np.full(int(starts[-1]), _NO_SENTENCE, dtype=np.uint8)
        for start, end, given in zip(starts[:-1].tolist(), starts[1:].tolist(), sentences, strict=True):
            known = given[: end - start]
            numbers[start : start + len(known)] = known
        np.save(folder / "token_sentences.npy", numbers, allow_pickle=False)


def _write_header(file: IO[bytes], tokens: int) -> None:
    shape = {"descr": "|i1", "fortran_order": False, "shape": (tokens, TOKEN_DIMENSIONS)}
    np.lib.format.write_array_header_1_0(file, shape)


def query_tokens(tokens: TokenVectors, projection: Vectors) -> Vectors:
    """A query's tokens in the small space."""
    return projected(tokens.vectors, projection)
