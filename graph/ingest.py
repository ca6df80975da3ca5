"""From files to extractions: find the sources, parse each in isolation, remember what is known.

``parse`` is the stage function: path in, bytes out, no state; the same function runs in a local child process and on a
worker elsewhere.
"""

from __future__ import annotations

import csv
import gc
import gzip
import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from graph.authorities import Register
from graph.errors import InspectgraphError, UnreadableDocument
from graph.extraction import extract
from graph.extraction.version import EXTRACTOR_VERSION
from graph.isolation import Limits, run_isolated
from graph.model import Extraction
from graph.reading import read

#: Endings that a folder is searched for. A file that is named on the command line is read whatever its ending.
ENDINGS = frozenset(".pdf .docx .doc .html .htm .txt .md .xlsx .csv".split())

#: Bytes of the largest file that is read at all. A sparse file may claim any size and cost no disk.
MAX_SOURCE = 1 << 30

METADATA_COLUMNS = (
    "file",
    "authority",
    "gss_code",
    "published",
    "publisher",
    "kind",
    "framework",
    "url",
    "title",
    "licence",
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be built from. ``path`` is absolute; ``metadata`` what the operator says of it, no value empty."""

    path: Path
    sha256: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the parse depends on besides the code: content, name and metadata."""
        return _digest(self.sha256, self.path.name, *(text for item in sorted(self.metadata.items()) for text in item))


@dataclass(frozen=True, slots=True)
class Failure:
    """One line of the table of failures."""

    source: str
    reason: str
    advice: str

    @classmethod
    def of(cls, error: UnreadableDocument) -> Failure:
        return cls(error.source, error.reason, error.advice)


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document's text as read, and what was extracted from it: evidence offsets point into this text."""

    text: str
    extraction: Extraction


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A parsed document where the build keeps it: ``size`` bytes of JSON, compressed in the file ``entry``."""

    entry: Path
    size: int

    def load(self) -> ParsedDocument:
        return msgspec.json.decode(gzip.decompress(self.entry.read_bytes()), type=ParsedDocument)


class SourceStore:
    """The files that a data folder was built from, by content: ``DATA/sources/SHA256``. Needed to read a document again
    with a better extractor, and to show its pages, after the original has moved."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        return self._folder / sha256

    def keep(self, source: Source) -> bool:
        """Copy the source's file in, unless it is there; False where its bytes are no longer those that were hashed."""
        target = self.path(source.sha256)
        if target.exists():
            return True
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = target.with_suffix(".part")
        digest = hashlib.sha256()
        with source.path.open("rb") as original, temporary.open("wb") as copy:
            while chunk := original.read(1 << 20):
                digest.update(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        if digest.hexdigest() != source.sha256:
            temporary.unlink()
            return False
        temporary.replace(target)
        return True

    def drop_all_but(self, wanted: Collection[str]) -> None:
        """Remove the files that no release needs any more."""
        for file in self._folder.iterdir() if self._folder.is_dir() else ():
            if file.name not in wanted:
                file.unlink()

    @contextmanager
    def named(self, sources: Sequence[Source]) -> Iterator[list[Path]]:
        """The kept files under the names that they came with, which readers look at; gone on leaving."""
        with tempfile.TemporaryDirectory(prefix="reading-", dir=self._folder.parent / "work") as folder:
            links = []
            for number, source in enumerate(sources):
                link = Path(folder, str(number), source.path.name)
                link.parent.mkdir()
                link.symlink_to(self.path(source.sha256).absolute())
                links.append(link)
            yield links


class ParseTask(msgspec.Struct):
    """What ``parse`` is told, as JSON: the file, what the operator says of it, the file of further authorities."""

    path: str
    metadata: dict[str, str]
    authorities: str | None


def parse(task: str) -> bytes:
    """Read and extract one document; ``task`` is a JSON ``ParseTask``, the result a JSON ``ParsedDocument``."""
    given = msgspec.json.decode(task, type=ParseTask)
    register = Register.load(Path(given.authorities) if given.authorities else None)
    document = read(Path(given.path))
    extraction = extract(document, register, given.metadata or None)
    return msgspec.json.encode(ParsedDocument(document.text, extraction))


class Executor(Protocol):
    """Runs stage functions: in local child processes, or on the workers of a cluster."""

    def run(self, function: Callable[[str], bytes], tasks: Sequence[str]) -> Iterator[tuple[int, bytes | Failure]]:
        """(index of the task, result or failure) in order of completion; every task is answered exactly once."""
        ...


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """``jobs`` confined child processes at a time, one a task."""

    jobs: int = 1
    limits: Limits = field(default_factory=Limits)

    def run(self, function: Callable[[str], bytes], tasks: Sequence[str]) -> Iterator[tuple[int, bytes | Failure]]:
        waiting = iter(enumerate(tasks))
        running: dict[Future[bytes | Failure], int] = {}
        with ThreadPoolExecutor(self.jobs) as threads:
            while True:
                while len(running) < self.jobs and (following := next(waiting, None)) is not None:
                    running[threads.submit(self._run_one, function, following[1])] = following[0]
                if not running:
                    return
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(done), done.result()

    def _run_one(self, function: Callable[[str], bytes], task: str) -> bytes | Failure:
        try:
            return run_isolated(function, task, self.limits)
        except UnreadableDocument as err:
            return Failure.of(err)


def find_sources(
    paths: Iterable[Path], metadata: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[list[Source], list[Failure]]:
    """The files named and those below the folders named, sorted by path; what cannot be opened is a failure.

    Hidden files and folders and other endings are passed over within folders. Two files of the same bytes are one
    source: the first by path. ``metadata`` is by base name.
    """
    rows = metadata or {}
    found: dict[str, Source] = {}
    failures: list[Failure] = []
    for path in sorted({file for given in paths for file in _files(given, failures)}):
        try:
            _check_name(path)
            if (size := path.stat().st_size) > MAX_SOURCE:
                failures.append(Failure(str(path), f"holds {size} bytes, more than {MAX_SOURCE}", "split the document"))
                continue
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as err:
            failures.append(Failure(str(path), f"cannot be opened: {err.strerror}", "check the file's rights"))
            continue
        except UnreadableDocument as err:
            failures.append(Failure.of(err))
            continue
        found.setdefault(digest, Source(path, digest, rows.get(path.name, {})))
    return sorted(found.values(), key=lambda source: source.path), failures


def _check_name(path: Path) -> None:
    """Names go into JSON, RDF and pages, all of them UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError as err:
        name = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise UnreadableDocument(name, "its name is not text in UTF-8", "rename the file") from err


def _files(given: Path, failures: list[Failure]) -> Iterator[Path]:
    path = given.absolute()
    if path.is_dir():

        def note(err: OSError) -> None:
            reason = f"cannot be opened: {err.strerror}"
            failures.append(Failure(str(err.filename), reason, "check the folder's rights"))

        for folder, folders, names in os.walk(path, onerror=note):
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (
                Path(folder, name)
                for name in names
                if not name.startswith(".") and Path(name).suffix.lower() in ENDINGS and Path(folder, name).is_file()
            )
    elif path.is_file():
        yield path
    elif path.exists():
        failures.append(Failure(str(given), "is neither a file nor a folder", "name a file or a folder"))
    else:
        failures.append(Failure(str(given), "does not exist", "check the path"))


def load_metadata(path: Path) -> dict[str, dict[str, str]]:
    """The operator's metadata by base name of the file. Raises InspectgraphError naming the line that is wrong."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        raise InspectgraphError(f"{path}: cannot be read as UTF-8 text: {err}") from err
    # not by splitlines: a cell may hold what that takes for the end of a line
    reader = csv.DictReader(io.StringIO(text, newline=""))
    unknown = set(reader.fieldnames or ()) - set(METADATA_COLUMNS)
    if "file" not in (reader.fieldnames or ()) or unknown:
        raise InspectgraphError(
            f"{path}: line 1: the columns must be 'file' and any of {', '.join(METADATA_COLUMNS[1:])}"
            + (f"; unknown: {', '.join(sorted(map(str, unknown)))}" if unknown else "")
        )
    rows: dict[str, dict[str, str]] = {}
    for row in reader:
        if None in row:
            raise InspectgraphError(f"{path}: line {reader.line_num}: more cells than columns")
        name = Path((row.pop("file") or "").strip()).name
        if not name:
            raise InspectgraphError(f"{path}: line {reader.line_num}: no file is named")
        if name in rows:
            raise InspectgraphError(f"{path}: line {reader.line_num}: {name} stands twice")
        rows[name] = {column: value.strip() for column, value in row.items() if value and value.strip()}
    return rows


def parse_all(
    sources: Sequence[Source],
    store: SourceStore,
    cache: Path,
    executor: Executor,
    *,
    authorities: Path | None = None,
    progress: Callable[[bool], None] = lambda fresh: None,
) -> tuple[list[tuple[Source, KeptDocument]], list[Failure]]:
    """Parse what the cache does not hold; documents in the order of the sources, failures in theirs.

    A cache entry's name is the digest of source, metadata, extractor version and further authorities, so a stale one is
    never found. Failures are not remembered: what was missing then may be installed now. ``progress`` is called once a
    source: fresh is whether it was read now, and could be.
    """
    context = EXTRACTOR_VERSION + (hashlib.sha256(authorities.read_bytes()).hexdigest() if authorities else "")
    entries = [cache / (name := _digest(context, source.key))[:2] / f"{name}.json.gz" for source in sources]
    results: dict[int, KeptDocument | Failure] = {}
    unknown: list[int] = []
    for index, source in enumerate(sources):
        if (known := _cached(entries[index])) is not None:
            results[index] = KeptDocument(entries[index], len(known))
        elif store.keep(source):
            unknown.append(index)
            continue
        else:
            results[index] = Failure(str(source.path), "changed while it was being read", "build again")
        progress(False)
    with store.named([sources[index] for index in unknown]) as links:
        further = str(authorities.absolute()) if authorities else None
        tasks = [
            msgspec.json.encode(ParseTask(str(link), dict(sources[index].metadata), further)).decode()
            for index, link in zip(unknown, links, strict=True)
        ]
        for position, result in executor.run(parse, tasks):
            index = unknown[position]
            if isinstance(result, Failure):
                results[index] = Failure(str(sources[index].path), result.reason, result.advice)
            else:
                _remember(entries[index], result)
                results[index] = KeptDocument(entries[index], len(result))
            progress(not isinstance(result, Failure))
    documents: list[tuple[Source, KeptDocument]] = []
    failures: list[Failure] = []
    for index, source in enumerate(sources):
        outcome = results[index]
        if isinstance(outcome, Failure):
            failures.append(outcome)
        else:
            documents.append((source, outcome))
    return documents, failures


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of cycles, of which decoded documents have none: it took two thirds of their time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _digest(*parts: str) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _cached(entry: Path) -> bytes | None:
    try:
        return gzip.decompress(entry.read_bytes())
    except (OSError, EOFError, zlib.error):
        return None


def _remember(entry: Path, result: bytes) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    temporary = entry.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(gzip.compress(result, 1))
    temporary.replace(entry)


def parse_one(path: Path, metadata: Mapping[str, str] | None = None, limits: Limits | None = None) -> ParsedDocument:
    """One document, parsed in isolation and not kept. Raises UnreadableDocument naming ``path``."""
    _check_name(path)
    task = msgspec.json.encode(ParseTask(str(path.absolute()), dict(metadata or {}), None)).decode()
    try:
        return msgspec.json.decode(run_isolated(parse, task, limits or Limits()), type=ParsedDocument)
    except UnreadableDocument as err:
        raise UnreadableDocument(str(path), err.reason, err.advice) from err


def explanation(path: Path, metadata: Path | None = None, limits: Limits | None = None) -> str:
    """What became of each segment of a document, by which rule and why, as lines of text.

    Raises UnreadableDocument where it cannot be read.
    """
    rows = load_metadata(metadata) if metadata is not None else {}
    parsed = parse_one(path, rows.get(path.name), limits)
    extraction, facts = parsed.extraction, parsed.extraction.document
    lines = [
        f"{path.name}: {facts.kind}, {facts.title}",
        f"  authority {facts.authority or 'unknown'}, publisher {facts.publisher or 'unknown'}",
        f"  published {facts.published or 'unknown'} (from {facts.published_from or 'nowhere'})",
    ]
    lines += [
        f"  inspection {i.inspectorate or '?'}: {i.framework or '?'}, {i.start or '?'} to {i.end or '?'}"
        for i in extraction.inspections
    ]
    lines += [f"  judgement {j.area}: {j.grade}" for j in extraction.judgements]
    lines += [f"  warning {warning}" for warning in extraction.warnings]
    for segment in extraction.segments:
        place = f"p. {segment.page}" if segment.page is not None else f"at {segment.start}"
        rule = f" [{segment.rule}]" if segment.rule else ""
        text = " ".join(parsed.text[segment.start : segment.end].split())
        lines += [f"{place:>8}  {segment.outcome:<15}{segment.reason}{rule}", f"{'':10}{shortened(text, 160)}"]
    return "\n".join(lines)


def shortened(text: str, length: int) -> str:
    """``text``, cut with an ellipsis where it is longer than ``length`` characters."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
