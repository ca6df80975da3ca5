"""What becomes of memory that a server process has freed: glibc's and Arrow's would keep much of it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import pyarrow as pa

_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h
#: Each thread would else get an arena of its own, up to eight a processor, and each keeps the most that it ever held.
_ARENAS = 2


@cache
def _function(name: str) -> Callable[..., int] | None:
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, TypeError, AttributeError):  # not glibc
        return None
    return found


def share_arenas() -> None:
    """Let all threads allocate from the same few arenas; called before there are threads."""
    if (mallopt := _function("mallopt")) is not None:
        mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return to the system what has been freed and is still held; called after something large has gone."""
    pa.default_memory_pool().release_unused()
    if (malloc_trim := _function("malloc_trim")) is not None:
        malloc_trim(0)
