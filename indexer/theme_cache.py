"""Themes by text: what was recognised in an earlier build is not recognised again.

A text's themes depend on its words and vector, on the linker, its cues and the scheme, and on nothing else: all of that
is in the key. Confidences are kept to five decimals.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files

import msgspec
import numpy as np

from indexer.text_cache import TextCache
from indexer.theme_linking import Floats, ThemeLink, ThemeLinker
from ontology.resources import themes

_DECIMALS = 5
_Linked = tuple[list[tuple[ThemeLink, ...]], Floats]


def known_themes(
    cache: TextCache, linker: ThemeLinker, model: str, texts: Sequence[str], vectors: Floats, *, jobs: int = 1
) -> _Linked:
    """``ThemeLinker.linked``, asked only for texts that are new. ``model``: key of what made the vectors."""

    def recognised(places: Sequence[int]) -> Iterator[bytes]:
        links, confidences = linker.linked([texts[place] for place in places], vectors[places], jobs=jobs)
        for found, row in zip(links, confidences, strict=True):
            yield msgspec.msgpack.encode((found, np.round(row, _DECIMALS).astype(np.float32).tobytes()))

    decoder = msgspec.msgpack.Decoder(tuple[tuple[ThemeLink, ...], bytes])
    known = [decoder.decode(value) for value in cache.of(_context(linker, model), texts, recognised)]
    stacked = [np.frombuffer(confidences, dtype=np.float32) for _, confidences in known]
    confidences = np.stack(stacked) if stacked else np.zeros((0, len(themes())), dtype=np.float32)
    return [links for links, _ in known], confidences


def _context(linker: ThemeLinker, model: str) -> bytes:
    digest = hashlib.sha256(f"themes\x1f{linker.version}\x1f{model}\x1f{linker.uses_vectors}\x1f{themes()!r}".encode())
    for name in ("theme_cues.json", "theme_linker.npz"):
        digest.update(files("indexer").joinpath(f"models/{name}").read_bytes())
    return digest.digest()
