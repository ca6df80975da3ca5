"""What every row is about, in confidences of all themes: rows that speak of a question's themes come before those that
only use its words."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.build_memory import ROWS_TOGETHER, parts_of, save_rows
from indexer.theme_linking import Floats, ThemeLinker
from ontology.resources import themes

_ROWS, _THEMES, _DESCRIBED = "subjects.npy", "subjects.json", "themes_described.npy"


@dataclass(frozen=True)
class SubjectIndex:
    """Read-only; safe to share between threads. ``rows`` (n, themes): ``proportions`` of each row, zero where nothing
    is known. ``names``: the themes that are its columns; ``places``: of each its place in the linker's scheme, -1 for a
    theme gone."""

    linker: ThemeLinker
    rows: NDArray[np.float16]
    names: tuple[str, ...]
    places: NDArray[np.int64]

    @classmethod
    def open(cls, folder: Path, weights_sha256: str | None) -> SubjectIndex:
        """``weights_sha256`` of the model that embeds the questions."""
        scheme, described = themes(), np.load(folder / _DESCRIBED, allow_pickle=False)
        names = [theme.id for theme in scheme]
        stored = json.loads((folder / _THEMES).read_text(encoding="utf-8"))
        linker = ThemeLinker.load(scheme, lambda _: described, weights_sha256 if stored == names else None)
        places = {name: place for place, name in enumerate(names)}
        rows = np.load(folder / _ROWS, mmap_mode="r", allow_pickle=False)
        return cls(linker, rows, tuple(stored), np.array([places.get(name, -1) for name in stored], dtype=np.int64))

    def of(self, texts: Sequence[str], vectors: Floats) -> Floats:
        """(themes,): what these variants of one question are about. ``vectors``: a row each."""
        found = self.linker.confidences(texts, vectors if self.linker.uses_vectors else None).mean(axis=0)
        kept = np.where(self.places >= 0, found[self.places], np.float32(0))
        return proportions(kept[None, :]).ravel()

    def named(self, subjects: Floats, least: float) -> tuple[str, ...]:
        """The themes that have at least this share of ``subjects``, the greatest first."""
        shares = subjects**2
        return tuple(self.names[place] for place in np.argsort(-shares, kind="stable") if shares[place] >= least)

    def row(self, row: int) -> Floats:
        return np.asarray(self.rows[row], dtype=np.float32)

    def shared(self, rows: NDArray[np.int64]) -> Floats:
        """What these rows together are about."""
        mean = np.asarray(self.rows[rows], dtype=np.float32).sum(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), dtype=np.float32)

    def agreement(self, subjects: Floats, rows: NDArray[np.int64]) -> Floats:
        """Of each row, in [0, 1]: 1 where it is about the same themes in the same proportions."""
        return np.asarray(self.rows[rows].astype(np.float32) @ subjects, dtype=np.float32)


def proportions(confidences: Floats) -> Floats:
    """Unit rows of the square roots of confidences: their product is the Bhattacharyya coefficient, in which one sure
    theme does not drown the less sure ones."""
    roots = np.sqrt(confidences)
    return np.asarray(roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def write_subjects(confidences: Floats, size: int, described: Floats, folder: Path) -> None:
    """``confidences`` (n_items, themes) in the order of the scheme; rows from there to ``size`` have none.
    ``described``: the themes' descriptions embedded."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [theme.id for theme in themes()]
    parts = (proportions(confidences[start : start + ROWS_TOGETHER]) for start in parts_of(len(confidences)))
    unknown = np.zeros((size - len(confidences), len(names)))
    save_rows(folder / _ROWS, (size, len(names)), np.float16, itertools.chain(parts, [unknown]))
    np.save(folder / _DESCRIBED, described, allow_pickle=False)
    (folder / _THEMES).write_text(json.dumps(names), encoding="utf-8")
