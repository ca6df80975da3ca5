"""Nearest vectors: exact while that is fast, approximate with exact refinement above."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graph.release import sha256_of
from indexer.build_memory import ROWS_TOGETHER, BuildMemory, parts_of, save_rows
from indexer.embedding import ModelIdentity
from indexer.late_interaction import Vectors

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Up to here every vector is scanned (6 ms at 100,000 on one core); above, lists of RaBitQ codes.
FLAT_LIMIT = 100_000
#: A filter that passes fewer rows than this is answered by scanning exactly these rows.
EXACT_FILTER_LIMIT = 50_000
#: How many times k candidates are taken from the compressed codes to be scored again exactly; the third from lists
#: under a filter, since rows that pass it lie farther from the query.
_REFINE_FLAT, _REFINE_LISTS, _REFINE_FILTERED = 2, 8, 16
#: What ``within`` looks at where the index is of lists: so many of the nearest, of twice as many candidates.
_WITHIN, _REFINE_WITHIN = 2_000, 2
#: Lists that are looked through: this share of all, or this number if that is more; more of them under a filter.
_PROBED, _PROBES = 1 / 8, 128
_FILE_VERSION = 1


class DimensionMismatch(ValueError):
    """Queries and index are of different models."""


class StaleIndex(Exception):
    """The index on disk was not made from the vectors beside it."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """``rows`` (n_queries, m) int64 and ``scores`` (n_queries, m) float32 cosines; best first, ties by ascending row,
    so that reruns agree. Where fewer than m rows pass, the rest is row -1 and score -inf."""

    rows: Rows
    scores: Vectors


class VectorIndex(Protocol):
    """The seam behind which a vector database can stand instead of FAISS."""

    identity: ModelIdentity | None

    @property
    def size(self) -> int: ...

    @property
    def exhaustive(self) -> bool:
        """Whether ``within`` finds every row, so that a row is found or not whatever else passes the mask."""

    def within(self, queries: Vectors, least: float, mask: Mask | None = None) -> tuple[Rows, Vectors]:
        """The rows that reach the cosine ``least`` with any of the queries, ascending, and their best cosines; on a
        large index only among the nearest thousand or two."""

    def search(self, queries: Vectors, k: int, mask: Mask | None = None) -> Neighbours:
        """Inner-product search, m = min(k, size). ``queries``: (n_queries, dim), unit rows. ``mask``: (size,), True for
        the rows that may be returned; the filter is applied inside the search, so k rows come back if k pass."""

    def vectors(self, rows: Rows) -> Vectors:
        """The stored vectors of these rows, (len(rows), dim), unit length to half precision."""


class FaissIndex:
    """FAISS over ``vectors.npy`` in a release. Safe to share between threads."""

    def __init__(self, vectors: NDArray[np.float16], index: Any, identity: ModelIdentity | None = None) -> None:
        self._vectors = vectors
        self._index = index
        self._lists = _is_inverted(index)
        #: (dimension, size) in single precision, for scans: a product with half precision would widen it every time
        #: (2 ms against 20 at 30,000 rows; FAISS's range search takes 15).
        self._widened: Vectors | None = None
        self.identity = identity

    @property
    def size(self) -> int:
        return int(self._vectors.shape[0])

    @property
    def exhaustive(self) -> bool:
        return not self._lists

    def vectors(self, rows: Rows) -> Vectors:
        return np.asarray(self._vectors[rows], dtype=np.float32)

    def search(self, queries: Vectors, k: int, mask: Mask | None = None) -> Neighbours:
        in_lists = _REFINE_LISTS if mask is None else _REFINE_FILTERED
        return self._searched(queries, k, mask, in_lists if self._lists else _REFINE_FLAT)

    def _searched(self, queries: Vectors, k: int, mask: Mask | None, refine: int) -> Neighbours:
        if queries.ndim != 2 or (self.size and queries.shape[1] != self._vectors.shape[1]):
            raise DimensionMismatch(f"queries {queries.shape}, vectors {self._vectors.shape}")
        if mask is not None and mask.shape != (self.size,):
            raise DimensionMismatch(f"mask {mask.shape} for {self.size} rows")
        m = min(k, self.size)
        passing = int(np.count_nonzero(mask)) if mask is not None else self.size
        if m <= 0 or passing == 0:
            return _nothing(len(queries), max(m, 0))
        if mask is not None and passing <= (EXACT_FILTER_LIMIT if self._lists else self.size // 8):
            return self._exact(queries, m, np.flatnonzero(mask))
        return self._refined(queries, m, mask, refine, passing / self.size)

    def within(self, queries: Vectors, least: float, mask: Mask | None = None) -> tuple[Rows, Vectors]:
        """The rows that reach the cosine ``least`` with any of the queries, ascending, and their best cosines. Exact on
        the flat index; where the index is of lists, only among the nearest few thousand."""
        if not self.size:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if self._lists:
            near = self._searched(queries, _WITHIN, mask, _REFINE_WITHIN)
            rows, scores = near.rows.ravel(), near.scores.ravel()
            kept = (rows >= 0) & (scores >= least)
            found, places = np.unique(rows[kept], return_inverse=True)
            cosines = np.full(len(found), -1.0, dtype=np.float32)
            np.maximum.at(cosines, places, scores[kept])
            return found, cosines
        if mask is not None and np.count_nonzero(mask) <= self.size // 8:
            rows = np.flatnonzero(mask)
            best = np.full(self.size, -1.0, dtype=np.float32)
            best[rows] = (self.vectors(rows) @ queries.T).max(axis=1)
        else:
            best = self.similarities(queries)
            if mask is not None:
                best[~mask] = -1.0
        found = np.flatnonzero(best >= least)
        return found, best[found]

    def similarities(self, queries: Vectors) -> Vectors:
        """Of every row its best cosine with any of the queries, (size,) float32."""
        if self._widened is None:
            self._widened = np.ascontiguousarray(self._vectors.T, dtype=np.float32)
        # one product for each query: a product with two has no kernel as fast (1.7 ms each against 6.2 for both)
        best = queries[0] @ self._widened
        for query in queries[1:]:
            np.maximum(best, query @ self._widened, out=best)
        return np.asarray(best, dtype=np.float32)

    def _exact(self, queries: Vectors, m: int, rows: Rows) -> Neighbours:
        scores = queries @ self.vectors(rows).T
        return best_of(np.broadcast_to(rows, scores.shape), scores, m)

    def _refined(self, queries: Vectors, m: int, mask: Mask | None, refine: int, share: float) -> Neighbours:
        faiss = _faiss()
        depth = min(self.size, m * refine + 16)
        options: dict[str, Any] = {}
        if mask is not None:
            bits = np.packbits(mask, bitorder="little")
            options["sel"] = faiss.IDSelectorBitmap(bits)
        if self._lists:
            # the m nearest of a share of the rows lie as far as the m / share nearest of all, in more of the lists
            probes = int(max(_PROBES, _PROBED * self._index.nlist) / np.sqrt(share))
            parameters: Any = faiss.SearchParametersIVF(nprobe=min(probes, self._index.nlist), **options)
        else:
            parameters = faiss.SearchParameters(**options) if options else None
        _, found = self._index.search(np.ascontiguousarray(queries), depth, params=parameters)
        scores = np.full(found.shape, -np.inf, dtype=np.float32)
        for i, rows in enumerate(found):
            valid = rows >= 0
            scores[i, valid] = self.vectors(rows[valid]) @ queries[i]
        return best_of(found, scores, m)


def write_index(vectors: Vectors, identity: ModelIdentity, folder: Path) -> None:
    """Writes ``vectors.npy`` (half precision), ``index.faiss`` and ``vectors.json`` into ``folder``.

    ``vectors``: unit rows. Same vectors and FAISS version, same bytes: the clustering has a fixed seed.
    """
    faiss = _faiss()

    folder.mkdir(parents=True, exist_ok=True)
    stored = _stored(vectors, folder / "vectors.npy")
    index = _build(stored)
    faiss.write_index(index, str(folder / "index.faiss"))
    described = {
        "version": _FILE_VERSION,
        "rows": int(stored.shape[0]),
        "vectors_sha256": sha256_of(folder / "vectors.npy"),
        "index_sha256": sha256_of(folder / "index.faiss"),
        "model": {f: getattr(identity, f) for f in ModelIdentity.__slots__},
    }
    (folder / "vectors.json").write_text(json.dumps(described, indent=1), encoding="utf-8")


def _stored(vectors: Vectors, file: Path) -> NDArray[np.float16]:
    """In half precision, block by block: a map that is written to would end the process where the disk is full."""
    parts = (vectors[start : start + ROWS_TOGETHER] for start in parts_of(len(vectors)))
    save_rows(file, vectors.shape, np.float16, parts)
    mapped: NDArray[np.float16] = np.load(file, mmap_mode="r", allow_pickle=False)
    return mapped


def open_index(folder: Path, *, verify: bool = False) -> FaissIndex:
    """Opens what ``write_index`` left, memory-mapped. ``verify`` reads both files through and raises ``StaleIndex``
    where a hash differs; without it only the row counts are compared."""
    faiss = _faiss()

    described = json.loads((folder / "vectors.json").read_text(encoding="utf-8"))
    if verify and (
        sha256_of(folder / "vectors.npy") != described["vectors_sha256"]
        or sha256_of(folder / "index.faiss") != described["index_sha256"]
    ):
        raise StaleIndex(f"{folder}: the files are not those that were written together; build the release again")
    vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    index = faiss.read_index(str(folder / "index.faiss"), faiss.IO_FLAG_MMAP_IFC)
    if index.ntotal != vectors.shape[0] or described["rows"] != vectors.shape[0]:
        raise StaleIndex(f"{folder}: index of {index.ntotal} rows beside {vectors.shape[0]} vectors")
    return FaissIndex(vectors, index, ModelIdentity(**described["model"]))


def in_memory_index(vectors: Vectors, memory: BuildMemory | None = None) -> FaissIndex:
    """The same index without files of its own, for building links; ``memory``: where the vectors are kept."""
    stored = (memory or BuildMemory()).array(vectors.shape, np.float16)
    for start in parts_of(len(vectors)):
        stored[start : start + ROWS_TOGETHER] = vectors[start : start + ROWS_TOGETHER]
    return FaissIndex(stored, _build(stored))


def _build(stored: NDArray[np.float16]) -> Any:
    faiss = _faiss()

    rows, dimension = stored.shape
    if rows <= FLAT_LIMIT:
        index = faiss.index_factory(dimension, "SQ8", faiss.METRIC_INNER_PRODUCT)
        sample = stored if rows else np.zeros((1, dimension), dtype=np.float16)
        index.train(sample.astype(np.float32))
    else:
        lists = 1 << int(np.log2(2 * np.sqrt(rows)))
        index = faiss.index_factory(dimension, f"IVF{lists},RaBitQfs", faiss.METRIC_INNER_PRODUCT)
        generator = np.random.default_rng(1)
        sample = np.sort(generator.choice(rows, min(rows, lists * 50), replace=False))
        index.train(stored[sample].astype(np.float32))
    for start in parts_of(rows):
        index.add(stored[start : start + ROWS_TOGETHER].astype(np.float32))
    return index


def _faiss() -> Any:
    """FAISS without its annotations, which know neither the numpy forms of its calls nor keyword parameters."""
    import faiss

    return faiss


def _is_inverted(index: Any) -> bool:
    return hasattr(index, "nlist")


def best_of(rows: Rows, scores: Vectors, m: int) -> Neighbours:
    """The m best of each line, in the order of the contract, padded with -1."""
    order = np.lexsort((rows, -scores), axis=-1)[:, :m]
    best_rows = np.take_along_axis(rows, order, axis=1).astype(np.int64)
    best_scores = np.take_along_axis(scores, order, axis=1).astype(np.float32)
    best_rows[~np.isfinite(best_scores)] = -1
    missing = m - best_rows.shape[1]
    if missing > 0:
        best_rows = np.pad(best_rows, ((0, 0), (0, missing)), constant_values=-1)
        best_scores = np.pad(best_scores, ((0, 0), (0, missing)), constant_values=-np.inf)
    return Neighbours(best_rows, best_scores)


def _nothing(queries: int, m: int) -> Neighbours:
    return Neighbours(np.full((queries, m), -1, dtype=np.int64), np.full((queries, m), -np.inf, dtype=np.float32))
