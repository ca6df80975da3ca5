"""The sample corpus built, once a session: invented reports and plans of eight councils."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from indexer.build_options import BuildOptions
from indexer.pipeline import build_release
from tests.samples.make_samples import write_samples
from tests.shared_models import shared_models, with_shared_vectors

AUTHORITIES = Path(__file__).parent / "samples" / "authorities.csv"


def sample_data(folder: Path) -> Path:
    """The data folder; ``folder`` is used by the first call of a session."""
    return _built(folder.parent / "sample-data", folder)


@lru_cache(maxsize=1)
def _built(data: Path, folder: Path) -> Path:
    written = folder / "samples"
    write_samples(written)
    options = BuildOptions(data=with_shared_vectors(data), authorities=AUTHORITIES, jobs=2, models=shared_models())
    report = build_release([written], options)
    assert report.release is not None
    return data


def sample_release(folder: Path) -> Path:
    """The folder of its release."""
    return (sample_data(folder) / "current").resolve()
