"""SHA-256 of files, remembered by what the file system says of them, as git's index remembers its blobs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path

import msgspec


class _Known(msgspec.Struct):
    """``stamp``: size, time of change of content and of the inode in nanoseconds, inode and device."""

    stamp: tuple[int, int, int, int, int]
    sha256: str


class FileDigests:
    """A file of ``DATA/work`` that is rewritten by ``save``; None: for this process only. Deleting it costs time only.

    ``settled``: seconds that must lie between a file's last change and its reading for the digest to be remembered: it
    may change once more without its times telling so, and file systems keep them to two seconds at worst ("racy git",
    git's Documentation/technical/racy-git.txt).
    """

    def __init__(self, path: Path | None = None, settled: float = 2.0) -> None:
        self._path = path
        self._settled = int(settled * 1e9)
        self._known: dict[str, _Known] = {}
        if path is not None:
            with contextlib.suppress(FileNotFoundError, msgspec.MsgspecError):
                self._known = msgspec.json.decode(path.read_bytes(), type=dict[str, _Known])

    def of(self, file: Path) -> str:
        """In lower-case hex. The file is opened in any case: OSError where it cannot be."""
        with file.open("rb") as stream:
            stamp = _stamp(os.fstat(stream.fileno()))
            known = self._known.get(str(file))
            if known is not None and known.stamp == stamp:
                return known.sha256
            begun = time.time_ns()
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        self._known.pop(str(file), None)
        if max(stamp[1:3]) < begun - self._settled:
            self._known[str(file)] = _Known(stamp, digest)
        return digest

    def save(self) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".part")
            fresh.write_bytes(msgspec.json.encode(self._known))
            fresh.replace(self._path)


def _stamp(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev
