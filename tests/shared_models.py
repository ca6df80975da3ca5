"""Converting the embedding model takes seconds, and so does embedding the sector's language, which every release holds:
the tests share the results."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path


def shared_models() -> Path:
    """A folder for ``converted_model``; safe to fill from several processes."""
    return Path(__file__).parents[1] / "build" / "models"


@lru_cache(maxsize=1)
def shared_vectors() -> Path:
    """A file for ``EmbeddingCache``, of this process: a text has the same vectors whichever test asks for them
    (``test_indexer_embedding``)."""
    folder = Path(tempfile.mkdtemp(prefix="inspectgraph-vectors-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / "embeddings.sqlite"


def with_shared_vectors(data: Path) -> Path:
    """The data folder, whose builds use that file."""
    file = data / "work" / "embeddings.sqlite"
    if not file.is_symlink():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(shared_vectors())
    return data
