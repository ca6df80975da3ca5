"""Embedding speed and agreement: the shipped runtime against sentence-transformers' default, same texts, one run.

    python -m benchmarks.embedding_throughput --texts FILE.jsonl [--limit 1000] [--threads 1]

FILE.jsonl: one object a line with ``text``. Overlap@10: of each text's ten nearest others by the reference, the share
that the shipped runtime gives too.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.embedding import OpenVinoEmbedder, SentenceTransformersEmbedder, converted_model, default_model_dir


def nearest(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -1.0)
    return np.argsort(-scores, axis=1)[:, :10]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=1_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("inspectgraph-data/work"))
    given = parser.parse_args()
    import torch

    torch.set_num_threads(given.threads)
    texts = [json.loads(line)["text"] for line in given.texts.read_text("utf-8").splitlines() if line][: given.limit]
    plain = converted_model(given.work / "models", None)
    adapted = converted_model(given.work / "models")
    made = {}
    for name, embedder in (
        ("sentence-transformers (fp32)", SentenceTransformersEmbedder(str(default_model_dir()))),
        ("OpenVINO, plain model", OpenVinoEmbedder(plain, threads=given.threads)),
        ("OpenVINO, with adapted tokens", OpenVinoEmbedder(adapted, threads=given.threads)),
    ):
        embedder.encode(texts[:32])
        wall, cpu = time.perf_counter(), time.process_time()
        made[name] = embedder.encode(texts)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        reference = next(iter(made.values()))
        overlap = [len(set(a) & set(b)) / 10 for a, b in zip(nearest(reference), nearest(made[name]), strict=True)]
        speed = f"{len(texts) / wall:.0f} texts/s wall, {len(texts) / cpu:.0f} texts/s CPU"
        agreement = f"overlap@10 {np.mean(overlap):.4f}, lowest cosine {(reference * made[name]).sum(1).min():.5f}"
        print(f"{name} {embedder.identity.precision}: {speed}, {agreement}")


if __name__ == "__main__":
    main()
