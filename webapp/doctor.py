"""Faults of the set-up, each looked for on purpose and told with what to do."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from graph.errors import InspectgraphError

MINIMUM_FREE_DISK = 1 << 30
MINIMUM_FREE_MEMORY = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    message: str
    fault: bool = False


def examine(data: Path, port: int) -> Iterator[Finding]:
    """Every check, in order; a check that itself fails is a fault, and the others go on."""
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("clock", _clock),
        ("memory", _memory),
        ("data folder", lambda: _folder(data)),
        ("disk", lambda: _disk(data)),
        ("model", _model),
        ("release", lambda: _release(data)),
        ("port", lambda: _port(port)),
    )
    for subject, check in checks:
        try:
            yield Finding(subject, check())
        except (InspectgraphError, OSError) as err:
            yield Finding(subject, str(err), fault=True)


def _clock() -> str:
    now = time.gmtime()
    if now.tm_year < 2025:
        raise InspectgraphError(f"the clock says {now.tm_year}: set it, release ids and dates depend on it")
    return time.strftime("%Y-%m-%d %H:%M UTC", now)


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
    place = _existing(data)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise InspectgraphError(f"{place} cannot be written to: change its rights or name another with --data")
    return str(data.absolute())


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


def _release(data: Path) -> str:
    from graph.release import Release

    release = Release.open(data)
    if damage := [*release.damage, *release.verify()]:
        raise InspectgraphError("; ".join(damage[:3]) + ": build again, or restore a backup")
    return f"{release.id}, every file as its manifest says"


def _port(port: int) -> str:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as err:
            raise InspectgraphError(f"{port} is taken: stop what listens there or name another with --port") from err
    return f"{port} is free"
