"""Where the real documents lie, when they do: beside the checkout, or where INSPECTGRAPH_SHARED says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_dir() -> Path | None:
    """The folder with ``corpus/``, ``seeds/``, ``gold/`` and ``reference/``; None where there is none."""
    folder = Path(os.environ.get("INSPECTGRAPH_SHARED", Path(__file__).parents[2] / "shared"))
    return folder if (folder / "corpus").is_dir() else None


def real_release() -> Path:
    """The folder of a release of the real documents, of this version, where INSPECTGRAPH_REAL_DATA says; a test that
    needs it is skipped where there is none: to build one takes minutes."""
    release = Path(os.environ.get("INSPECTGRAPH_REAL_DATA", "")) / "current"
    if not os.environ.get("INSPECTGRAPH_REAL_DATA") or not release.is_dir():
        pytest.skip("INSPECTGRAPH_REAL_DATA names no data folder with a release of the real documents")
    return release.resolve()
