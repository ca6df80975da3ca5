"""Releases: everything published is an immutable directory, made current by one atomic rename.

``DATA/releases/ID/`` holds a manifest with the size and SHA-256 of every other file in it. A release is built in
``DATA/releases/.building-…``, made durable, renamed to its id, and only then does ``DATA/current`` point to it:
whatever kills a build, readers see the old release or the new one, and the next build clears what is left. Ids sort by
time.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import logging
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Literal, Self, TypeVar

import msgspec

from graph.errors import InspectgraphError, ReleaseError
from graph.steps import reached

if TYPE_CHECKING:
    from types import TracebackType

_LOG = logging.getLogger(__name__)

_ID = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{6}")
_LEFTOVERS = (".building-", ".removing-", ".current-")
_FORMAT = 1
_NOT_SAVED = {"releases", "current", "work", "cache"}
_BACKUP_ATTEMPTS = 5
#: Errors of the disk rather than of the program.
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
_SQLITE_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
#: What numpy says where the disk took a part of an array.
_CUT_SHORT = re.compile(r"\d+ requested and \d+ written")
#: Files that are hashed at once; reading one file is the work of one processor.
_HASHED_AT_ONCE = 4
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """``size`` in bytes, ``sha256`` in lower-case hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A file that the release was built from; ``document`` is its document's id, None where it could not be read, and
    then ``error`` says why."""

    name: str
    sha256: str
    document: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """What the pipeline knows of a release and the manifest keeps.

    ``counts``: items by type; ``versions``: of the program, its extractor and the libraries; ``models``: name →
    SHA-256; ``extra``: anything else a later reader needs, by stage.
    """

    sources: Sequence[SourceEntry] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """``manifest.json``. ``content`` is the SHA-256 of this manifest written with empty ``id`` and ``content``, and the
    id ends with its first six digits: a changed manifest does not fit its own name. Paths are relative, with "/"."""

    id: str
    created: str
    facts: ReleaseFacts
    files: Mapping[str, FileEntry]
    content: str = ""
    format: int = _FORMAT

    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(replace(self, id="", content=""), order="sorted")).hexdigest()


@dataclass(frozen=True, slots=True)
class Release:
    """An open release. ``damage`` is empty unless the current one was found damaged and this earlier one was taken in
    its place: then it says what is wrong, one sentence each."""

    path: Path
    manifest: Manifest
    damage: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.manifest.id

    @classmethod
    def open(cls, data_dir: Path, *, check: Literal["sizes", "hashes"] = "hashes") -> Release:
        """The current release of a data folder, or the newest sound one before it where that is damaged.

        check: "hashes" reads every byte (0.7 s a gigabyte where SHA-256 is in the processor), so that nothing damaged
        is ever used; "sizes" looks at names and sizes only (milliseconds). Raises ReleaseError where there is none to
        serve, with what is wrong with each.
        """
        while True:
            current = current_id(data_dir)
            found = _sound(data_dir, current, check)
            # one that was pruned while it was read, because releases come and go meanwhile, is not damaged
            if current_id(data_dir) == current or (isinstance(found, Release) and not found.damage):
                break
        if isinstance(found, list):
            raise ReleaseError("no release can be opened: " + "; ".join(found))
        for sentence in found.damage:
            _LOG.error("%s; serving %s in its place", sentence, found.id)
        return found

    def verify(self) -> list[str]:
        """Read every byte and compare with the manifest; one sentence for each difference, none when it is sound."""
        return _differences(self.path, self.manifest, hashes=True)


def _sound(data_dir: Path, current: str | None, check: Literal["sizes", "hashes"]) -> Release | list[str]:
    """The release ``current``, or the newest sound one before it with the damage of those that are not; what is wrong
    with each where none is sound. Raises ReleaseError where there is none at all."""
    ids = release_ids(data_dir)
    if current is None and not ids:
        raise ReleaseError(f"there is no release in {data_dir}: build one with 'inspectgraph build SOURCE'")
    candidates = ids if current is None else [current, *(earlier for earlier in ids if earlier < current)]
    damage: list[str] = []
    for identifier in candidates:
        found = open_release(data_dir / "releases" / identifier, check=check)
        if isinstance(found, Release):
            return replace(found, damage=tuple(damage))
        damage += found
    return damage


def open_release(path: Path, *, check: Literal["sizes", "hashes"] = "sizes") -> Release | list[str]:
    """The release at ``path``, or what is wrong with it, one sentence for each fault."""
    manifest = _manifest_of(path)
    if isinstance(manifest, str):
        return [f"release {path.name}: {manifest}"]
    differences = _differences(path, manifest, hashes=check == "hashes")
    return differences or Release(path, manifest)


def verified(release: Path, name: str) -> bytes:
    """One file of the release in that folder, held against its hash, whatever other files are damaged.

    Raises ReleaseError where it or the manifest cannot be read or is not as it was published.
    """
    manifest = _manifest_of(release)
    if isinstance(manifest, str):
        raise ReleaseError(f"release {release.name}: {manifest}")
    try:
        content = (release / name).read_bytes()
    except OSError as err:
        raise ReleaseError(f"release {release.name}: {name} cannot be read ({err.strerror or err})") from err
    entry = manifest.files.get(name)
    if entry is None or hashlib.sha256(content).hexdigest() != entry.sha256:
        raise ReleaseError(f"release {release.name}: {name} has changed since it was published")
    return content


def _manifest_of(release: Path) -> Manifest | str:
    """The manifest, or what is wrong with it."""
    try:
        manifest = msgspec.json.decode((release / "manifest.json").read_bytes(), type=Manifest)
    except OSError as err:
        return f"its manifest cannot be read ({err.strerror})"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        return f"its manifest is damaged ({err})"
    if manifest.format > _FORMAT:
        return f"written by a newer version (format {manifest.format}); upgrade inspectgraph"
    if manifest.format < _FORMAT:
        return f"written by an older version (format {manifest.format}); build again"
    digest = manifest.digest()
    if manifest.content != digest or manifest.id != release.name or not manifest.id.endswith(f"-{digest[:6]}"):
        return "its manifest is damaged (it does not fit its own hash)"
    return manifest


def current_id(data_dir: Path) -> str | None:
    """The id that ``current`` names, whether or not that release is sound; None where there is no such link."""
    try:
        name = (data_dir / "current").readlink().name
    except OSError:
        return None
    return name if _ID.fullmatch(name) else None


def release_ids(data_dir: Path) -> list[str]:
    """All finished releases, newest first. Raises ReleaseError where the disk does not tell."""
    try:
        names = [entry.name for entry in (data_dir / "releases").iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as err:
        raise ReleaseError(f"{data_dir / 'releases'} cannot be listed ({err.strerror or err})") from err
    return sorted((name for name in names if _ID.fullmatch(name)), reverse=True)


def _differences(path: Path, manifest: Manifest, *, hashes: bool) -> list[str]:
    def difference(name: str, entry: FileEntry) -> str:
        if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
            return f"its manifest names a file outside ({name})"
        try:
            found = _difference(path / name, entry, hashes=hashes)
        except OSError as err:  # the disk fails there, or the release was pruned meanwhile
            found = f"cannot be read ({err.strerror or err})"
        return found and f"{name} {found}"

    names, entries = manifest.files.keys(), manifest.files.values()
    found = _at_once(difference, names, entries) if hashes else map(difference, names, entries)
    wrong = [f"release {path.name}: {sentence}" for sentence in found if sentence]
    if hashes:
        try:
            strange = {name for name, _ in _files(path)} - set(manifest.files) - {"manifest.json"}
        except (ReleaseError, OSError) as err:
            return [*wrong, f"release {path.name}: {err}"]
        wrong += [f"release {path.name}: {name} is not of this release" for name in sorted(strange)]
    return wrong


def _difference(file: Path, entry: FileEntry, *, hashes: bool) -> str:
    if not file.is_file():
        return "is missing"
    if (size := file.stat().st_size) != entry.size:
        return f"has {size} bytes instead of {entry.size}"
    return "has changed since it was published" if hashes and sha256_of(file) != entry.sha256 else ""


# ------------------------------------------------------------------------------------------------------------ writing


class WriterBusy(ReleaseError):
    """Somebody else is writing into the data folder."""


class WriterLock:
    """The right to write into a data folder, held by one process at a time; the kernel takes it back from a dead one.

    A POSIX record lock: children do not inherit it, so a killed build does not live on in its workers.
    """

    _held_here: set[str] = set()  # noqa: RUF012 - record locks do not exclude within a process

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "work" / "lock"
        self._file: IO[str] | None = None
        self._disk = _DiskErrors(data_dir)

    def __enter__(self) -> Self:
        with self._disk:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+", encoding="ascii")
        key = os.path.realpath(self._path)
        if key in self._held_here:
            file.close()
            raise WriterBusy(f"{self._path} is already held by this process")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise WriterBusy(
                f"another build is writing to {self._path.parents[1]} (process {holder}): wait for it or end it"
            ) from err
        with contextlib.suppress(OSError):  # whose it is helps people only, and a full disk must not keep from pruning
            file.truncate(0)
            os.write(file.fileno(), f"{os.getpid()}\n".encode())
        self._file = file
        self._held_here.add(key)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._held_here.discard(os.path.realpath(self._path))
            self._file.close()
            self._file = None
        self._disk.tell(err)


def lock_holder(data_dir: Path) -> int | None:
    """The process that writes into the data folder now; None where nobody does, whatever the lock file says."""
    file = data_dir / "work" / "lock"
    try:
        with file.open("r+", encoding="ascii") as opened:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except OSError:
        return int(file.read_text(encoding="ascii").strip() or 0)
    return None


class ReleaseWriter:
    """One release in the making; use it as a context manager while holding the ``WriterLock``.

    >>> with WriterLock(data), ReleaseWriter(data, keep=5) as writer:    # doctest: +SKIP
    ...     store.checkpoint(writer.path / "graph")
    ...     release = writer.publish(facts)

    Leaving without ``publish``, or by an error, removes what was written and changes nothing; a full disk is reported
    as ReleaseError. ``now`` is the time that the id takes, made later than every id already there.
    """

    def __init__(self, data_dir: Path, *, keep: int = 5, now: datetime | None = None) -> None:
        if keep < 1:
            raise ValueError("at least one release must be kept")
        self._data = data_dir
        self._keep = keep
        self._now = now
        self._path: Path | None = None
        self._disk = _DiskErrors(data_dir)

    @property
    def path(self) -> Path:
        """The directory to write into; every file under it becomes part of the release."""
        if self._path is None:
            raise ReleaseError("the release has not been begun or is already published")
        return self._path

    def __enter__(self) -> Self:
        releases = self._data / "releases"
        with self._disk:
            releases.mkdir(parents=True, exist_ok=True)
            clear_leftovers(self._data)
            self._path = Path(tempfile.mkdtemp(prefix=".building-", dir=releases))
            self._path.chmod(0o755)
            reached("build", "begun")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
            self._path = None
        self._disk.tell(err)

    def carry_over(self, earlier: Release, name: str) -> None:
        """Take a file or folder of an earlier release as it is, by hard link where the file system allows."""
        source, target = earlier.path / name, self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, copy_function=_link, dirs_exist_ok=True)
        else:
            _link(source, target)

    def publish(self, facts: ReleaseFacts) -> Release:
        """Write the manifest, make everything durable, name the release and make it current; then prune old ones."""
        with self._disk:
            known = self._known_files()
            manifest = self._manifest(facts, known)
            (self.path / "manifest.json").write_bytes(_pretty(manifest))
            reached("publish", "manifest written")
            _make_durable(self.path, known)
            reached("publish", "made durable")
            final = self._data / "releases" / manifest.id
            self.path.rename(final)
            self._path = None
            _sync(final.parent)
            reached("publish", "named")
            switch(self._data, manifest.id)
            reached("publish", "current")
        release = Release(final, manifest)
        prune(self._data, self._keep)
        return release

    def _manifest(self, facts: ReleaseFacts, known: Mapping[tuple[int, ...], FileEntry]) -> Manifest:
        there = sorted(_files(self.path))

        def entry(file: Path) -> FileEntry:
            return known.get(_identity(file)) or FileEntry(file.stat().st_size, sha256_of(file))

        files = dict(zip((name for name, _ in there), _at_once(entry, (file for _, file in there)), strict=True))
        created = self._created()
        blank = Manifest("", created.isoformat().replace("+00:00", "Z"), facts, files)
        content = blank.digest()
        return replace(blank, id=f"{created:%Y-%m-%dT%H%M%SZ}-{content[:6]}", content=content)

    def _known_files(self) -> dict[tuple[int, ...], FileEntry]:
        """The files of the current release: one that is a hard link to any of them is durable and has its hash already,
        and if it has been damaged since, the new release shows that as well."""
        current = open_release(self._data / "releases" / (current_id(self._data) or ""))
        if not isinstance(current, Release):
            return {}
        return {_identity(current.path / name): entry for name, entry in current.manifest.files.items()}

    def _created(self) -> datetime:
        now = (self._now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        for newest in release_ids(self._data)[:1]:
            taken = datetime.strptime(newest[:18], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
            now = max(now, taken + timedelta(seconds=1))
        return now


def switch(data_dir: Path, identifier: str) -> None:
    """Make a finished release the current one, by one rename; also the way back to an earlier release."""
    if not (data_dir / "releases" / identifier / "manifest.json").is_file():
        raise ReleaseError(f"there is no release {identifier} in {data_dir}")
    link = data_dir / f".current-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("releases") / identifier)
    reached("publish", "link made")
    link.replace(data_dir / "current")
    _sync(data_dir)


def prune(data_dir: Path, keep: int) -> list[str]:
    """Remove all but the newest ``keep`` releases, never the current one; returns the ids removed."""
    current = current_id(data_dir)
    if current is None:
        return []
    old = [identifier for identifier in release_ids(data_dir)[keep:] if identifier != current]
    for identifier in old:
        doomed = data_dir / "releases" / f".removing-{identifier}"
        (data_dir / "releases" / identifier).rename(doomed)  # first out of sight: nobody opens half a release
        reached("prune", "out of sight")
        shutil.rmtree(doomed, ignore_errors=True)
        reached("prune", "deleted")
    return old


def leftovers(data_dir: Path) -> list[Path]:
    """What killed builds, prunings and restores left behind."""
    folders = [folder for folder in (data_dir, data_dir / "releases") if folder.is_dir()]
    return [entry for folder in folders for entry in folder.iterdir() if entry.name.startswith(_LEFTOVERS)]


def clear_leftovers(data_dir: Path) -> None:
    """Remove it; the caller holds the lock."""
    for entry in leftovers(data_dir):
        if entry.is_symlink() or entry.is_file():
            entry.unlink()
        else:
            shutil.rmtree(entry, ignore_errors=True)


def holding(data_dir: Path, digests: Collection[str]) -> dict[str, list[str]]:
    """Release → names of its sources with these SHA-256 hashes, newest release first, those without any left out."""
    found = {}
    for identifier in release_ids(data_dir):
        manifest = _manifest_of(data_dir / "releases" / identifier)  # a damaged release holds them too
        entries = manifest.facts.sources if isinstance(manifest, Manifest) else ()
        if names := [entry.name for entry in entries if entry.sha256 in digests]:
            found[identifier] = names
    return found


class _DiskErrors:
    """Turns what is raised because of a full or failing disk into a ReleaseError that says what serves."""

    def __init__(self, data_dir: Path) -> None:
        self._data = data_dir
        self._before = current_id(data_dir)

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tell(err)

    def tell(self, err: BaseException | None) -> None:
        """Raise it, where the error is the disk's."""
        if err is None or isinstance(err, InspectgraphError) or not _of_the_disk(err):
            return
        current, words = current_id(self._data), getattr(err, "strerror", None) or err
        if _CUT_SHORT.fullmatch(str(err)):
            words = f"the disk is full or failed ({err})"
        if current is not None and current != self._before:
            raise ReleaseError(f"release {current} is published, but what comes after was refused: {words}") from err
        serving = f"release {current} still serves" if current else "there is no earlier release"
        raise ReleaseError(f"nothing was published in {self._data}: {words}; {serving}") from err


def _of_the_disk(err: BaseException) -> bool:
    """Libraries in native code say why in words only, each by an exception of its own."""
    if isinstance(err, sqlite3.Error):
        return getattr(err, "sqlite_errorcode", 0) & 0xFF in _SQLITE_DISK
    if isinstance(err, OSError) and err.errno is not None:
        return err.errno in _DISK
    return _CUT_SHORT.fullmatch(str(err)) is not None or any(os.strerror(code) in str(err) for code in _DISK)


# ------------------------------------------------------------------------------------------------------------- backup


def backup(data_dir: Path, target: Path) -> Release:
    """Write the current release, and all of the data folder but caches and other releases, to a tar file.

    Compressed by the ending (.tar, .tar.gz, .tar.xz). Needs no lock, because releases do not change: where builds go on
    and the release is pruned meanwhile, the new current one is taken. ``target`` appears whole or not at all, readable
    by its owner alone. Returns the release that was saved; where the current one is damaged, ReleaseError: an earlier
    one is served in its place, but not taken for a backup of it.
    """
    attempts = _BACKUP_ATTEMPTS
    while True:
        current = current_id(data_dir)
        attempts -= 1
        try:
            release = Release.open(data_dir)
            if release.damage:
                raise ReleaseError("no backup was made: " + "; ".join(release.damage))
            return _backup(release, data_dir, target)
        except ReleaseError:
            if not attempts or current_id(data_dir) == current:
                raise


def _backup(release: Release, data_dir: Path, target: Path) -> Release:
    mode = {".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz"}.get(target.suffix, "w")
    temporary = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
        temporary = Path(name)
        reached("backup", "begun")
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
                archive.add(release.path, f"releases/{release.id}")
                for entry in sorted(data_dir.iterdir()):
                    if entry.name not in _NOT_SAVED and not entry.name.startswith("."):
                        archive.add(entry, entry.name, filter=_no_secret)
            file.flush()
            os.fsync(file.fileno())
        reached("backup", "packed")
        temporary.replace(target)
        _sync(target.parent)
        reached("backup", "named")
    except OSError as err:
        raise ReleaseError(f"the backup {target} could not be written: {err.strerror or err}") from err
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return release


def _no_secret(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Hidden files – keys, locks, files half written – are no part of a backup."""
    return None if PurePosixPath(member.name).name.startswith(".") else member


def restore(source: Path, data_dir: Path) -> Release:
    """Unpack a backup into a data folder that has no release yet, check every hash, and make it current."""
    if current_id(data_dir) is not None or release_ids(data_dir):
        raise ReleaseError(f"{data_dir} already holds releases: restore into another folder")
    with WriterLock(data_dir):
        clear_leftovers(data_dir)
        staging = Path(tempfile.mkdtemp(prefix=".building-", dir=data_dir))
        try:
            with tarfile.open(source) as archive:
                archive.extractall(staging, filter="data")
            reached("restore", "unpacked")
            ids = release_ids(staging)
            found = (
                open_release(staging / "releases" / ids[0], check="hashes") if len(ids) == 1 else ["no release in it"]
            )
            if not isinstance(found, Release):
                raise ReleaseError(f"{source} is not a sound backup: " + "; ".join(found))
            _make_durable(staging)
            reached("restore", "checked")
            (data_dir / "releases").mkdir(exist_ok=True)
            for entry in sorted(staging.iterdir()):
                if entry.name != "releases":
                    _move_into(entry, data_dir / entry.name)
            reached("restore", "sources in place")
            final = found.path.rename(data_dir / "releases" / found.id)
            _sync(final.parent)
            reached("restore", "release in place")
            switch(data_dir, found.id)
        except (OSError, tarfile.TarError) as err:
            raise ReleaseError(f"{source} could not be restored: {err}") from err
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Release(final, found.manifest)


# -------------------------------------------------------------------------------------------------------------- files


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file under a folder with its name relative to it; a link or a device is refused. Raises OSError where a
    folder cannot be listed."""
    for root, folders, names in os.walk(folder, onerror=_refuse):
        for name in folders + names:
            path = Path(root, name)
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise ReleaseError(f"{path} is neither a file nor a folder")
        for name in names:
            path = Path(root, name)
            yield path.relative_to(folder).as_posix(), path


def _refuse(err: OSError) -> None:
    """For ``os.walk``, which passes over what it cannot list."""
    raise err


def _at_once(function: Callable[..., _Made], *arguments: Iterable[Any]) -> list[_Made]:
    """``map`` on several processors, for what hashes files."""
    with ThreadPoolExecutor(min(_HASHED_AT_ONCE, os.cpu_count() or 1)) as threads:
        return list(threads.map(function, *arguments))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _identity(file: Path) -> tuple[int, ...]:
    found = file.stat()
    return found.st_dev, found.st_ino, found.st_size


def _pretty(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n"


def _move_into(source: Path, target: Path) -> None:
    """Move a file or folder to its place; into a folder that is there already, as after a restore that was killed."""
    if source.is_dir() and target.is_dir():
        for entry in sorted(source.iterdir()):
            _move_into(entry, target / entry.name)
    else:
        source.replace(target)


def _link(source: Path | str, target: Path | str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _make_durable(folder: Path, durable: Collection[tuple[int, ...]] = ()) -> None:
    for root, _, names in os.walk(folder, onerror=_refuse):
        for name in names:
            if _identity(Path(root, name)) not in durable:
                _sync(Path(root, name))
        _sync(Path(root))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
