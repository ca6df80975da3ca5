"""Downloads of a whole release, written once beside the releases: by a process of low priority that a server starts, or
at the first request that comes before it.

    python -m webapp.dumps DATA

A build does not write them: they take more than a minute for the real corpus, of which most who build have no use.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graph.errors import InspectgraphError
from graph.release import FileEntry, Release, sha256_of
from indexer import exports
from indexer.tables import SCHEMAS

SUMS = "SHA256SUMS"
_NICENESS = 19
_LOOK_AGAIN = 0.2


@dataclass(frozen=True, slots=True)
class Dump:
    """A file that can be downloaded. ``group``: its folder under /data."""

    group: str
    name: str
    write: Callable[[Release, Path], None]
    media_type: str
    title: str

    @property
    def path(self) -> str:
        return f"{self.group}/{self.name}"


def _write_trig(release: Release, output: Path) -> None:
    quads = output.with_name("graph.nq.gz")
    if quads.is_file():
        exports.write_trig_of(quads, output)
    else:
        exports.write_rdf(release, output)


#: By path. N-Quads stand before TriG, which is made from them.
DUMPS = {
    dump.path: dump
    for dump in (
        Dump("dumps", "items.jsonl", exports.write_items, "application/x-ndjson", "Every item, one JSON object a line"),
        Dump("dumps", "graph.nq.gz", exports.write_rdf, "application/n-quads", "The graph as N-Quads, compressed"),
        Dump("dumps", "graph.trig.gz", _write_trig, "application/trig", "The graph as TriG, compressed"),
        Dump("dumps", "sample.trig", exports.write_sample, "application/trig", "Three documents' graphs as TriG"),
        *(
            Dump("tables", f"{name}.csv", exports.write_table_csv, "text/csv", f"Table of {name.replace('_', ' ')}")
            for name in SCHEMAS
        ),
    )
}


def tables_of(release: Release) -> dict[str, FileEntry]:
    """The tables of a release by name; one that an earlier version published may lack some."""
    files = release.manifest.files
    return {name: files[f"tables/{name}.parquet"] for name in SCHEMAS if f"tables/{name}.parquet" in files}


def dumps_of(release: Release) -> dict[str, Dump]:
    tables = tables_of(release)
    return {p: dump for p, dump in DUMPS.items() if dump.group != "tables" or dump.name.removesuffix(".csv") in tables}


class Dumps:
    """The files of DUMPS for each release, under ``data``/cache; those of other releases go. Processes and threads may
    share the folder: each file is written by one of them."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._folder = data / "cache" / "dumps"
        self._writer: subprocess.Popen[bytes] | None = None

    def file(self, release: Release, path: str) -> Path:
        """Written now where it is not there. Raises KeyError for a path that is not in DUMPS, or for a table that the
        release lacks."""
        dump, file = dumps_of(release)[path], self._folder / release.id / path
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            with _alone(file.with_name(f".{file.name}.lock")):
                if not file.is_file():
                    dump.write(release, file)
                    self._drop_others(release.id)
        return file

    def write_all(self, release: Release) -> None:
        """Every dump and ``SHA256SUMS`` of them and the tables, as sha256sum writes and checks it."""
        sums = self._folder / release.id / SUMS
        if sums.is_file():
            return
        digests = {path: sha256_of(self.file(release, path)) for path in dumps_of(release)}
        digests |= {f"tables/{name}.parquet": entry.sha256 for name, entry in tables_of(release).items()}
        part = sums.with_name(f".{SUMS}.{os.getpid()}")
        part.write_text("".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items())))
        part.replace(sums)

    def begin(self) -> subprocess.Popen[bytes]:
        """Have another process write what is missing of the current release; the one that does already, if any."""
        if self._writer is None or self._writer.poll() is not None:
            command = [sys.executable, "-m", "webapp.dumps", str(self._data)]
            self._writer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            weakref.finalize(self, _end, self._writer)
        return self._writer

    def end(self) -> None:
        """End the process that ``begin`` has started; the next one goes on where it was."""
        if self._writer is not None:
            _end(self._writer)

    def sums(self, release: Release, wait_seconds: float) -> Path | None:
        """``SHA256SUMS``; None where the dumps are still being written after so many seconds."""
        sums = self._folder / release.id / SUMS
        if not sums.is_file():
            writer, until = self.begin(), time.monotonic() + wait_seconds
            while not sums.is_file():
                if time.monotonic() > until or writer.poll():
                    return None
                time.sleep(_LOOK_AGAIN)
            writer.wait()
        return sums

    def known(self, release: Release) -> tuple[tuple[str, int, str], ...]:
        """(path, size, SHA-256) of the dumps whose sums have been taken."""
        folder = self._folder / release.id
        try:
            lines = (folder / SUMS).read_text().splitlines()
        except OSError:
            return ()
        pairs = [line.split("  ", 1) for line in lines]
        return tuple((path, (folder / path).stat().st_size, digest) for digest, path in pairs if path in DUMPS)

    def _drop_others(self, kept: str) -> None:
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name != kept:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
        lock.unlink(missing_ok=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def main() -> None:
    data = Path(sys.argv[1])
    os.nice(_NICENESS)
    try:
        Dumps(data).write_all(Release.open(data))
    except (InspectgraphError, OSError) as err:
        sys.exit(f"The dumps could not be written: {err}")


if __name__ == "__main__":
    main()
