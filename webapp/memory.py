"""What becomes of memory that a server process has freed: glibc's and Arrow's would keep much of it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import pyarrow as pa

# parameters of mallopt, as malloc.h numbers them
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
#: Each thread would else get an arena of its own, up to eight a processor, and each keeps the most that it ever held.
_ARENAS = 2
#: Bytes from which a piece is mapped by itself, so that it goes back when it is freed. glibc's own limit grows with
#: what is freed, to 32 MiB: pieces of a release would lie between those of the next.
_LARGE = 1 << 20
#: Bytes that may lie free at the heap's end until they are given back.
_SLACK = 16 << 20


@cache
def _function(name: str) -> Callable[..., int] | None:
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, TypeError, AttributeError):  # not glibc
        return None
    return found


def hold_little() -> None:
    """Let all threads allocate from the same few arenas and large pieces from the system, Arrow's too; called before
    there are threads and tables."""
    if (mallopt := _function("mallopt")) is not None:
        mallopt(_ARENA_MAX, _ARENAS)
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _SLACK)
        pa.set_memory_pool(pa.system_memory_pool())


def give_back() -> None:
    """Return to the system what has been freed and is still held; called after something large has gone."""
    for name in pa.supported_memory_backends():  # what is written in C++ allocates from Arrow's own choice still
        getattr(pa, f"{name}_memory_pool")().release_unused()
    if (malloc_trim := _function("malloc_trim")) is not None:
        malloc_trim(0)
