"""Faults of the set-up, each looked for on purpose and told with what to do."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from graph.errors import InspectgraphError

MINIMUM_FREE_DISK = 1 << 30
MINIMUM_FREE_MEMORY = 1 << 30
MINIMUM_PYTHON = (3, 11)
_EARLIEST_YEAR = 2025


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    message: str
    fault: bool = False


def examine(data: Path, port: int) -> Iterator[Finding]:
    """Every check, in order; a check that itself fails is a fault, and the others go on."""
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("python", _python),
        ("clock", lambda: _clock(data)),
        ("memory", _memory),
        ("data folder", lambda: _folder(data)),
        ("disk", lambda: _disk(data)),
        ("model", _model),
        ("lock", lambda: _lock(data)),
        ("release", lambda: _release(data)),
        ("corrections", lambda: _corrections(data)),
        ("port", lambda: _port(port)),
    )
    for subject, check in checks:
        try:
            yield Finding(subject, check())
        except (InspectgraphError, OSError) as err:
            yield Finding(subject, str(err), fault=True)


def _python() -> str:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < MINIMUM_PYTHON:
        wanted = ".".join(map(str, MINIMUM_PYTHON))
        raise InspectgraphError(f"{running} is too old: make the environment anew with Python {wanted} or newer")
    return running


def _clock(data: Path) -> str:
    from graph.release import release_ids

    now = time.gmtime()
    if now.tm_year < _EARLIEST_YEAR:
        raise InspectgraphError(f"the clock says {now.tm_year}: set it, release ids and dates depend on it")
    shown = time.strftime("%Y-%m-%d %H:%M UTC", now)
    newest = next(iter(release_ids(data)), "")
    if newest[:18] > time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime(time.time() + 3600)):
        raise InspectgraphError(f"the clock says {shown}, but release {newest} was made later: set the clock")
    return shown


def _memory() -> str:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return "cannot be told on this system"
    if free < MINIMUM_FREE_MEMORY:
        raise InspectgraphError(f"{free >> 20} MiB free: a build wants {MINIMUM_FREE_MEMORY >> 20}, close something")
    return f"{free >> 20} MiB free"


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def _folder(data: Path) -> str:
    data, place = data.absolute(), _existing(data)
    for folder in (place, *(data / name for name in ("work", "releases", "sources", "curation") if place == data)):
        if folder.exists() and (not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK)):
            raise InspectgraphError(f"{folder} cannot be written to: change its rights or name another with --data")
    key = data / "curation" / ".session-key"
    for secret in (key, data / "curation" / "curators.json"):
        if secret.exists() and secret.stat().st_mode & 0o077:
            raise InspectgraphError(f"{secret} can be read by others: chmod 600 {secret}")
    return str(data)


def _disk(data: Path) -> str:
    free = shutil.disk_usage(_existing(data)).free
    if free < MINIMUM_FREE_DISK:
        raise InspectgraphError(f"{free >> 20} MiB free: a build wants {MINIMUM_FREE_DISK >> 20}, make room")
    return f"{free >> 20} MiB free"


def _model() -> str:
    from indexer.embedding import UnusableModel, default_model_dir

    try:
        return f"{default_model_dir()}, its weights are the known ones"
    except UnusableModel as err:
        raise InspectgraphError(str(err)) from err


def _lock(data: Path) -> str:
    """Who writes now, and what a writer that is gone has left behind."""
    from graph.release import leftovers, lock_holder

    holder = lock_holder(data)
    if holder is not None:
        return f"process {holder} is building"
    if remains := leftovers(data):
        raise InspectgraphError(
            f"a build was cut short and left {len(remains)} unfinished parts, such as {remains[0]}: nobody holds the "
            "lock, and the next build or prune clears them"
        )
    return "free"


def _release(data: Path) -> str:
    from graph.release import Release
    from indexer.build import check_version

    release = Release.open(data)
    if release.damage:
        raise InspectgraphError("; ".join(release.damage[:3]) + ": build again, or restore a backup")
    check_version(release.path)
    return f"{release.id}, every file as its manifest says"


def _corrections(data: Path) -> str:
    from graph.curation import Journal, in_force

    return f"{len(in_force(Journal(data).entries()))} in force"


def _port(port: int) -> str:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as err:
            raise InspectgraphError(f"{port} is taken: stop what listens there or name another with --port") from err
    return f"{port} is free"
