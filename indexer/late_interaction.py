"""Token by token: how well each word of a query is met by some word of a text, both seen in their context.

Every row keeps one small vector a token (128 dimensions in eight bits, a third of the model's), on disk and
memory-mapped. A text's score for a query is the mean, over the query's tokens, of the best cosine with any of the
text's tokens ("MaxSim"). It needs no index: it orders candidates that other searches found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Measured on the judged queries: 384 dimensions 0.608 nDCG@10, 128 in eight bits 0.610, 96 0.589, 64 0.571.
TOKEN_DIMENSIONS = 128
#: Components of the projected unit vectors beyond ±0.5 are cut off; eight bits span the rest. What is cut is the
#: direction that all tokens share, which says nothing of the topic: without the cut nDCG@10 falls from 0.673 to 0.656.
_SCALE = 254.0

Vectors = NDArray[np.float32]
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
    return np.asarray(np.clip(np.rint(projected(vectors, projection) * _SCALE), -127, 127), dtype=np.int8)


def decoded(codes: TokenCodes) -> Vectors:
    return codes.astype(np.float32) / np.float32(_SCALE)


class TokenStore:
    """The token vectors of all rows. Read-only; safe to share between threads."""

    def __init__(self, codes: TokenCodes, starts: NDArray[np.int64]) -> None:
        """Row i's tokens are ``codes[starts[i]:starts[i + 1]]``."""
        self._codes = codes
        self._starts = starts

    @classmethod
    def open(cls, folder: Path) -> TokenStore:
        codes = np.load(folder / "tokens.npy", mmap_mode="r", allow_pickle=False)
        return cls(codes.view(np.ndarray), np.load(folder / "token_starts.npy", allow_pickle=False))

    def tokens(self, row: int) -> Vectors:
        return decoded(np.asarray(self._codes[self._starts[row] : self._starts[row + 1]]))

    def scores(self, queries: Sequence[Vectors], rows: NDArray[np.int64]) -> Vectors:
        """(len(queries), len(rows)): each query's tokens, unit rows in the small space, against each row's."""
        if not len(rows) or not queries:
            return np.zeros((len(queries), len(rows)), dtype=np.float32)
        starts, lengths_of = self._starts[rows], self._starts[rows + 1] - self._starts[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths_of)[:-1]])
        gathered = self._codes[np.arange(int(lengths_of.sum())) + np.repeat(starts - offsets, lengths_of)]
        best = np.maximum.reduceat(
            np.concatenate(queries).astype(np.float32) @ gathered.astype(np.float32).T, offsets, axis=1
        )
        bounds = np.concatenate([[0], np.cumsum([len(q) for q in queries])[:-1]])
        lengths = np.array([len(q) for q in queries], dtype=np.float32)
        sums = np.add.reduceat(best, bounds, axis=0)
        return np.asarray(sums / (lengths[:, None] * _SCALE), dtype=np.float32)

    def best_span(
        self, queries: Vectors, row: int, token_spans: NDArray[np.int32], sentences: Sequence[tuple[int, int]]
    ) -> tuple[int, int] | None:
        """The sentence whose tokens meet the query best; ``token_spans``: where each of the row's tokens stands;
        ``sentences`` in order, without overlap."""
        similar = queries @ self.tokens(row)[: len(token_spans)].T
        starts, ends = token_spans[: similar.shape[1]].T
        bounds = np.array(sentences, dtype=np.int64)
        place = np.searchsorted(bounds[:, 0], starts, side="right") - 1
        inside = np.flatnonzero((place >= 0) & (ends > starts) & (ends <= bounds[place, 1]))
        if not len(inside):
            return None
        first = np.flatnonzero(np.diff(place[inside], prepend=-1))
        scores = np.maximum.reduceat(similar[:, inside], first, axis=1).mean(axis=0)
        return sentences[int(place[inside][first[int(np.argmax(scores))]])]


def write_token_store(codes: Iterable[TokenCodes], rows: int, folder: Path) -> None:
    """Writes ``tokens.npy`` and ``token_starts.npy``. A row without tokens gets one zero vector, which meets
    nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    parts: list[TokenCodes] = []
    starts = np.zeros(rows + 1, dtype=np.int64)
    for row, part in enumerate(codes):
        parts.append(part if len(part) else np.zeros((1, TOKEN_DIMENSIONS), dtype=np.int8))
        starts[row + 1] = starts[row] + len(parts[-1])
    whole = np.concatenate(parts) if parts else np.zeros((0, TOKEN_DIMENSIONS), dtype=np.int8)
    np.save(folder / "tokens.npy", whole, allow_pickle=False)
    np.save(folder / "token_starts.npy", starts, allow_pickle=False)


def query_tokens(tokens: TokenVectors, projection: Vectors) -> Vectors:
    """A query's tokens in the small space."""
    return projected(tokens.vectors, projection)
