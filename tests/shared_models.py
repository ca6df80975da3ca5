"""Converting the embedding model takes seconds: the tests of one checkout share the result."""

from __future__ import annotations

from pathlib import Path


def shared_models() -> Path:
    """A folder for ``converted_model``; safe to fill from several processes."""
    return Path(__file__).parents[1] / "build" / "models"
