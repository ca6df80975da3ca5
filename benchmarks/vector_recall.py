"""How many of the true nearest the vector index finds, and how fast, by corpus size and by what a filter passes.

    python -m benchmarks.vector_recall --release RELEASE [--rows 60000 1000000] [--queries 200]

Rows beyond the release's own are made of two of its vectors and noise: as crowded as real ones, indicative only.
Queries are rows moved by noise. The true nearest come from an exact scan in single precision. Prints recall@10, p50 and
p99 of one query, the time to build, and the process's resident memory.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from indexer.late_interaction import Vectors
from indexer.vector import FaissIndex, Mask, in_memory_index, open_index

_BLOCK = 65_536


def crowded(base: Vectors, rows: int, generator: np.random.Generator) -> Vectors:
    """(rows, dim) unit vectors in half precision: the base, then mixtures of two of its rows with noise."""
    made = np.empty((rows, base.shape[1]), dtype=np.float16)
    made[: len(base)] = base[:rows]
    for start in range(len(base), rows, _BLOCK):
        count = min(_BLOCK, rows - start)
        first, second = generator.integers(0, len(base), (2, count))
        noise = 0.02 * generator.standard_normal((count, base.shape[1]), dtype=np.float32)
        mixed = base[first] + 0.5 * base[second] + noise
        made[start : start + count] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return made


def nearest(vectors: Vectors, queries: Vectors, mask: Mask | None, k: int = 10) -> list[set[int]]:
    best_rows = np.full((len(queries), k), -1, dtype=np.int64)
    best = np.full((len(queries), k), -2.0, dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        scores = queries @ vectors[start : start + _BLOCK].astype(np.float32).T
        if mask is not None:
            scores[:, ~mask[start : start + _BLOCK]] = -2.0
        both = np.concatenate([best, scores], axis=1)
        taken = np.argpartition(-both, k - 1, axis=1)[:, :k]
        named = np.concatenate([best_rows, np.broadcast_to(np.arange(start, start + scores.shape[1]), scores.shape)], 1)
        best, best_rows = np.take_along_axis(both, taken, 1), np.take_along_axis(named, taken, 1)
    return [set(rows.tolist()) for rows in best_rows]


def measure(index: FaissIndex, queries: Vectors, truth: list[set[int]], mask: Mask | None) -> str:
    times, found = [], 0
    for query, right in zip(queries, truth, strict=True):
        began = time.perf_counter()
        rows = index.search(query[None, :], 10, mask).rows[0]
        times.append(time.perf_counter() - began)
        found += len(right.intersection(rows.tolist()))
    p50, p99 = np.percentile(times, [50, 99]) * 1e3
    return f"recall@10 {found / (10 * len(queries)):.4f}, p50 {p50:.2f} ms, p99 {p99:.2f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--rows", type=int, nargs="+", default=[60_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=200)
    given = parser.parse_args()
    import faiss

    faiss.omp_set_num_threads(1)
    opened = open_index(given.release / "vectors")
    base = opened.vectors(np.arange(opened.size))
    base = base[np.linalg.norm(base, axis=1) > 0.5]
    for rows in given.rows:
        generator = np.random.default_rng(1)
        vectors = crowded(base, rows, generator)
        began = time.perf_counter()
        index = in_memory_index(vectors)
        print(f"{rows} rows: built in {time.perf_counter() - began:.0f} s", flush=True)
        queries = vectors[generator.integers(0, rows, given.queries)].astype(np.float32)
        queries += 0.02 * generator.standard_normal(queries.shape, dtype=np.float32)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        for share in (1.0, 0.1, 0.01):
            mask = None if share == 1.0 else generator.random(rows) < share
            told = measure(index, queries, nearest(vectors, queries, mask), mask)
            print(f"  {share:.0%} pass: {told}", flush=True)
    print(f"resident memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
