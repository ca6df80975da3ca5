"""Themes by text: what was recognised in an earlier build is not recognised again.

A text's themes depend on its words and vector, on the linker, its cues and the scheme, and on nothing else: all of that
is in the key. Confidences are kept to five decimals, because their last digits depend on what was computed together.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np

from indexer.theme_linking import Floats, ThemeLink, ThemeLinker
from ontology.resources import themes

_DECIMALS = 5
_Linked = tuple[list[tuple[ThemeLink, ...]], Floats]


class ThemeCache:
    """A file of ``DATA/work``; close it. Deleting it costs time only."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("CREATE TABLE IF NOT EXISTS linked (key BLOB PRIMARY KEY, links BLOB, confidences BLOB)")

    def close(self) -> None:
        self._db.close()

    def linked(
        self, linker: ThemeLinker, model: str, texts: Sequence[str], vectors: Floats, *, jobs: int = 1
    ) -> _Linked:
        """``ThemeLinker.linked``, asked only for texts that are new. ``model``: key of what made the vectors."""
        context = _context(linker, model)
        keys = [hashlib.sha256(context + text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        known = self._known(keys)
        rows = {key: row for row, key in enumerate(keys) if key not in known}
        if rows:
            places = list(rows.values())
            links, confidences = linker.linked([texts[row] for row in places], vectors[places], jobs=jobs)
            fresh = [
                (key, msgspec.json.encode(found), np.round(row, _DECIMALS).astype(np.float32).tobytes())
                for key, found, row in zip(rows, links, confidences, strict=True)
            ]
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO linked VALUES (?, ?, ?)", fresh)
            known |= {key: (found, row) for key, found, row in fresh}
        decoder = msgspec.json.Decoder(tuple[ThemeLink, ...])
        made = [decoder.decode(known[key][0]) for key in keys]
        stacked = [np.frombuffer(known[key][1], dtype=np.float32) for key in keys]
        return made, np.stack(stacked) if stacked else np.zeros((0, len(themes())), dtype=np.float32)

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
        found: dict[bytes, tuple[bytes, bytes]] = {}
        distinct = list(dict.fromkeys(keys))
        for start in range(0, len(distinct), 500):
            part = distinct[start : start + 500]
            # question marks are all that is put into the statement
            query = f"SELECT key, links, confidences FROM linked WHERE key IN ({','.join('?' * len(part))})"  # noqa: S608
            found |= {key: (links, confidences) for key, links, confidences in self._db.execute(query, part)}
        return found


def _context(linker: ThemeLinker, model: str) -> bytes:
    digest = hashlib.sha256(f"{linker.version}\x1f{model}\x1f{linker.uses_vectors}\x1f{themes()!r}".encode())
    for name in ("theme_cues.json", "theme_linker.npz"):
        digest.update(files("indexer").joinpath(f"models/{name}").read_bytes())
    return digest.digest()
