"""Vectors of generated sentences, thousands a second: put together from those of the phrases that they consist of.

The real model embeds the phrases, with their tokens. A sentence's vector is the sum of its phrases' and a little noise
that its text decides, brought to unit length; its tokens are its phrases' tokens one after another. So vectors lie
about as real ones do: sentences that share phrases are near each other, questions embedded by the real model are near
what they speak of. Any other text is embedded by the real model.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.embedding import Embedder, EmbeddingCache, ModelIdentity, Progress
from indexer.late_interaction import TokenVectors, Vectors, encoded

#: Length of the noise beside the unit vector of the phrases, the weight of linking phrases, and the share of what all
#: phrases have in common that is left out: with these, cosines between sentences are as those of embedded ones.
_NOISE, _LINKING, _COMMON = 0.25, 0.3, 0.35
#: Where a phrase may end.
_BETWEEN = " ,."

#: A text's phrases, each with the place where it begins.
Parts = list[tuple[int, int]]


class ComposedEmbedder:
    """An ``Embedder``; its identity is the model's, so that a release of its vectors is searched with the model."""

    def __init__(self, model: Embedder, phrases: Sequence[str], linking: Collection[str] = ()) -> None:
        """``linking``: those of the phrases that say little by themselves."""
        self._model = model
        self._place = {phrase: place for place, phrase in enumerate(phrases)}
        longest_first = "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
        self._pattern = re.compile(f"(?:{longest_first})(?![^{_BETWEEN}])")
        made = list(model.encode_tokens(phrases))
        sentences = np.stack([sentence for sentence, _ in made])
        weights = np.array([_LINKING if phrase in linking else 1.0 for phrase in phrases], dtype=np.float32)
        common = np.average(sentences, axis=0, weights=weights >= 1.0)
        self._sentences = np.asarray((sentences - _COMMON * common) * weights[:, None], dtype=np.float32)
        #: Of each phrase, between the marks that the model puts before and behind a text.
        self.tokens = [_sliced(tokens, 1, -1) for _, tokens in made]
        self.marks = (_sliced(made[0][1], 0, 1), _sliced(made[0][1], -1, None))
        self._noise = np.random.default_rng(1).normal(size=1 << 16).astype(np.float32)
        self._noise *= _NOISE / model.identity.dimension**0.5

    @property
    def identity(self) -> ModelIdentity:
        return self._model.identity

    def parts(self, text: str) -> Parts | None:
        """None for a text that does not consist of phrases."""
        found: Parts = []
        end = 0
        for match in self._pattern.finditer(text):
            if text[end : match.start()].strip(_BETWEEN):
                return None
            found.append((self._place[match[0]], match.start()))
            end = match.end()
        return found if found and not text[end:].strip(_BETWEEN) else None

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.empty((len(texts), self.identity.dimension), dtype=np.float32)
        others = []
        for row, text in enumerate(texts):
            if (parts := self.parts(text)) is None:
                others.append(row)
            else:
                vectors[row] = self.sentence(text, parts)
        vectors[others] = self._model.encode([texts[row] for row in others])
        if progress is not None:
            progress(len(texts))
        return vectors

    def encode_tokens(self, texts: Sequence[str]) -> Iterator[tuple[Vectors, TokenVectors]]:
        parts = [self.parts(text) for text in texts]
        others = self._model.encode_tokens([text for text, own in zip(texts, parts, strict=True) if own is None])
        for text, own in zip(texts, parts, strict=True):
            if own is None:
                yield next(others)
                continue
            tokens = [self.marks[0], *(self.tokens[place] for place, _ in own), self.marks[1]]
            pieces = tuple(piece for part in tokens for piece in part.pieces)
            vectors = np.concatenate([part.vectors for part in tokens])
            yield self.sentence(text, own), TokenVectors(pieces, self._spans(own), vectors)

    def token_spans(self, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
        for text in texts:
            own = self.parts(text)
            yield next(self._model.token_spans([text])) if own is None else self._spans(own)

    def knows(self, word: str) -> bool:
        return self._model.knows(word)

    def sentence(self, text: str, parts: Parts) -> Vectors:
        meant = self._sentences[[place for place, _ in parts]].sum(axis=0)
        start = zlib.crc32(text.encode()) % (len(self._noise) - len(meant))
        made = meant / np.linalg.norm(meant) + self._noise[start : start + len(meant)]
        return np.asarray(made / np.linalg.norm(made), dtype=np.float32)

    def _spans(self, parts: Parts) -> NDArray[np.int32]:
        before, behind = self.marks
        own = [self.tokens[place].spans + np.int32(start) for place, start in parts]
        return np.concatenate([before.spans, *own, behind.spans])


class ComposedCache(EmbeddingCache):
    """Keeps what the model embeds and composes the rest each time: the tokens of a million sentences take 6 GB."""

    def __init__(self, path: Path | str, embedder: ComposedEmbedder) -> None:
        super().__init__(path)
        self._embedder = embedder
        projection = self.projection(embedder)
        self._codes = [encoded(tokens.vectors, projection).tobytes() for tokens in embedder.tokens]
        self._marks = [encoded(tokens.vectors, projection).tobytes() for tokens in embedder.marks]

    def _found(
        self, column: str, embedder: Embedder, texts: Sequence[str], progress: Progress | None = None
    ) -> list[bytes]:
        composed = [self._embedder.parts(text) for text in texts]
        others = [text for text, parts in zip(texts, composed, strict=True) if parts is None]
        known = iter(super()._found(column, embedder, others, progress))
        if progress is not None:
            progress(len(texts) - len(others))
        return [
            next(known) if parts is None else self._made(column, text, parts)
            for text, parts in zip(texts, composed, strict=True)
        ]

    def _made(self, column: str, text: str, parts: Parts) -> bytes:
        if column == "sentence":
            return self._embedder.sentence(text, parts).tobytes()
        return b"".join([self._marks[0], *(self._codes[place] for place, _ in parts), self._marks[1]])


def _sliced(tokens: TokenVectors, start: int, end: int | None) -> TokenVectors:
    part = slice(start, end)
    return TokenVectors(tokens.pieces[part], tokens.spans[part], tokens.vectors[part])
