"""Themes by text: what was recognised in an earlier build is not recognised again.

A text's themes depend on its words and vector, on the linker, its cues and the scheme, and on nothing else: all of that
is in the key. Confidences are kept to five decimals.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from sys import intern

import msgspec
import numpy as np

from indexer.build_memory import BuildMemory
from indexer.text_cache import FOUND_TOGETHER, TextCache
from indexer.theme_linking import Floats, ThemeLink, ThemeLinker
from ontology.resources import themes

_DECIMALS = 5
_Linked = tuple[list[tuple[ThemeLink, ...]], Floats]


def known_themes(
    cache: TextCache,
    linker: ThemeLinker,
    model: str,
    texts: Sequence[str],
    vectors: Floats,
    *,
    jobs: int = 1,
    memory: BuildMemory | None = None,
) -> _Linked:
    """``ThemeLinker.linked``, asked only for texts that are new. ``model``: key of what made the vectors; ``memory``:
    where the confidences are kept."""

    def recognised(places: Sequence[int]) -> Iterator[bytes]:
        links, confidences = linker.linked([texts[place] for place in places], vectors[places], jobs=jobs)
        for found, row in zip(links, confidences, strict=True):
            yield msgspec.msgpack.encode((found, np.round(row, _DECIMALS).astype(np.float32).tobytes()))

    decoder = msgspec.msgpack.Decoder(tuple[tuple[ThemeLink, ...], bytes])
    linked = []
    confidences = (memory or BuildMemory()).array((len(texts), len(themes())))
    together = 4 * FOUND_TOGETHER * max(1, jobs)  # enough for each process to have some
    for row, value in enumerate(cache.of(_context(linker, model), texts, recognised, together)):
        links, found = decoder.decode(value)
        linked.append(tuple(ThemeLink(intern(one.theme), one.confidence, intern(one.method)) for one in links))
        confidences[row] = np.frombuffer(found, dtype=np.float32)
    return linked, confidences


def _context(linker: ThemeLinker, model: str) -> bytes:
    digest = hashlib.sha256(f"themes\x1f{linker.version}\x1f{model}\x1f{linker.uses_vectors}\x1f{themes()!r}".encode())
    for name in ("theme_cues.json", "theme_linker.npz"):
        digest.update(files("indexer").joinpath(f"models/{name}").read_bytes())
    return digest.digest()
