"""Where the real documents lie, when they do: beside the checkout, or where INSPECTGRAPH_SHARED says."""

from __future__ import annotations

import os
from pathlib import Path


def shared_dir() -> Path | None:
    """The folder with ``corpus/``, ``seeds/``, ``gold/`` and ``reference/``; None where there is none."""
    folder = Path(os.environ.get("INSPECTGRAPH_SHARED", Path(__file__).parents[2] / "shared"))
    return folder if (folder / "corpus").is_dir() else None
