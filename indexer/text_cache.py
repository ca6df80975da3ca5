"""What was found of a text by itself in an earlier build is not looked for again."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

#: Texts that are looked up at once: what is known of a whole corpus is more than its memory.
FOUND_TOGETHER = 4096


class TextCache:
    """A file of ``DATA/work``, ``:memory:`` for this process only; close it. Deleting it costs time only."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("CREATE TABLE IF NOT EXISTS found (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")

    def close(self) -> None:
        self._db.close()

    def of(
        self,
        context: bytes,
        texts: Sequence[str],
        compute: Callable[[Sequence[int]], Iterable[bytes]],
        together: int = FOUND_TOGETHER,
    ) -> Iterator[bytes]:
        """A value for each text, looked up so many ``together``. ``context`` must name all else that a value depends
        on; ``compute`` makes those of the places that it is given, each of which must not depend on the others."""
        begun = hashlib.sha256(len(context).to_bytes(8, "big") + context)
        for start in range(0, len(texts), together):
            keys = [_key(begun.copy(), text) for text in texts[start : start + together]]
            known = self._known(keys)
            places = {key: place for place, key in enumerate(keys, start) if key not in known}
            if places:
                fresh = list(zip(places, compute(list(places.values())), strict=True))
                with self._db:
                    self._db.executemany("INSERT OR REPLACE INTO found VALUES (?, ?)", fresh)
                known.update(fresh)
            yield from (known[key] for key in keys)

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        distinct = list(dict.fromkeys(keys))
        for start in range(0, len(distinct), 500):
            part = distinct[start : start + 500]
            # question marks are all that is put into the statement
            query = f"SELECT key, value FROM found WHERE key IN ({','.join('?' * len(part))})"  # noqa: S608
            found.update(self._db.execute(query, part))
        return found


def _key(digest: hashlib._Hash, text: str) -> bytes:
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.digest()
