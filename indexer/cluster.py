"""Embedding and vector search on a Ray cluster."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.cluster import RETRIES, connected
from graph.errors import ReleaseError
from indexer.embedding import ModelIdentity, OpenVinoEmbedder, Precision, Progress
from indexer.late_interaction import TokenVectors, Vectors
from indexer.vector import FLAT_LIMIT, DimensionMismatch, Mask, Neighbours, Rows, best_of, open_index, write_index

#: Texts that one task embeds.
_TEXTS = 128
SHARDS = "vectors/shards"


# ----------------------------------------------------------------------------------------------------------- embedding


class ClusterEmbedder:
    """An ``Embedder`` whose texts are embedded by the workers of a cluster, with the vectors that one process would
    give; few texts are embedded here."""

    def __init__(self, own: OpenVinoEmbedder, model_dir: Path, address: str) -> None:
        self._own = own
        self._address = address
        self._files = {file.name: file.read_bytes() for file in sorted(model_dir.iterdir())}
        self._shipped: Any = None

    @property
    def identity(self) -> ModelIdentity:
        return self._own.identity

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return self._own.encode(texts, progress)

    def encode_tokens(self, texts: Sequence[str]) -> Iterator[tuple[Vectors, TokenVectors]]:
        for start in range(0, len(texts), 1024):
            chunk = list(texts[start : start + 1024])
            if len(chunk) <= 64:
                yield from self._own.encode_tokens(chunk)
            else:
                yield from self._encoded(chunk)

    def token_spans(self, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
        return self._own.token_spans(texts)

    def knows(self, word: str) -> bool:
        return self._own.knows(word)

    def _encoded(self, texts: list[str]) -> list[tuple[Vectors, TokenVectors]]:
        ray = connected(self._address)
        if self._shipped is None:
            self._shipped = ray.put(self._files)
        remote = ray.remote(num_cpus=1, max_retries=RETRIES)(embed_texts)
        tasks = [
            remote.remote(self._shipped, self.identity.precision, texts[at : at + _TEXTS])
            for at in range(0, len(texts), _TEXTS)
        ]
        return [one for made in ray.get(tasks) for one in made]


def embed_texts(files: dict[str, bytes], precision: Precision, texts: list[str]) -> list[tuple[Vectors, TokenVectors]]:
    """Runs on a worker, which keeps the model for the next task."""
    digest = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()
    return list(_kept_embedder(digest, precision, _Files(files)).encode_tokens(texts))


class _Files:
    """Files to be written once; equal to any other, so that a cache looks at their digest alone."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Files)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=2)
def _kept_embedder(digest: str, precision: Precision, files: _Files) -> OpenVinoEmbedder:
    folder = Path(tempfile.mkdtemp(prefix=f"model-{digest[:8]}-"))
    try:
        for name, content in files.files.items():
            (folder / name).write_bytes(content)
        embedder = OpenVinoEmbedder(folder, precision=precision, threads=1)
        embedder.prepare()  # while its files are there
        return embedder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --------------------------------------------------------------------------------------------------------------- shards


def write_shards(vectors: Vectors, identity: ModelIdentity, folder: Path, shards: int) -> None:
    """Cut the rows into ``shards`` runs and write an index of each into ``folder``."""
    bounds = np.linspace(0, len(vectors), shards + 1).astype(int).tolist()
    for number, (start, end) in enumerate(pairwise(bounds)):
        write_index(vectors[start:end], identity, folder / str(number))
    (folder / "shards.json").write_text(json.dumps({"bounds": bounds}), encoding="utf-8")


class _Shard:
    """Lives on a worker: the index of one run of rows. Begun again wherever the cluster has room when it is lost, it
    opens the same files, which all machines must see under one path."""

    def __init__(self, folder: str) -> None:
        self._index = open_index(Path(folder))

    def search(self, queries: Vectors, k: int, mask: Mask | None) -> tuple[Rows, Vectors]:
        found = self._index.search(queries, k, mask)
        return found.rows, found.scores

    def within(self, queries: Vectors, least: float, mask: Mask | None) -> tuple[Rows, Vectors]:
        return self._index.within(queries, least, mask)

    def vectors(self, rows: Rows) -> Vectors:
        return self._index.vectors(rows)


class ShardedIndex:
    """A ``VectorIndex`` whose rows lie in runs on the workers of a cluster. Safe to share between threads."""

    def __init__(self, folder: Path, address: str) -> None:
        """``folder`` as ``write_shards`` leaves it. Raises ReleaseError where it holds no shards."""
        try:
            self._bounds: list[int] = json.loads((folder / "shards.json").read_text(encoding="utf-8"))["bounds"]
        except OSError as err:
            raise ReleaseError(
                f"{folder} holds no shards: build again with INSPECTGRAPH_VECTOR_SHARDS, or unset it"
            ) from err
        self._ray = connected(address)
        places = range(len(self._bounds) - 1)
        self.identity = open_index(folder / "0").identity
        actor = self._ray.remote(num_cpus=0.1, max_restarts=-1, max_task_retries=-1)(_Shard)
        spread = actor.options(scheduling_strategy="SPREAD")
        self.shards = [spread.remote(str((folder / str(place)).absolute())) for place in places]

    @property
    def size(self) -> int:
        return self._bounds[-1]

    @property
    def exhaustive(self) -> bool:
        return max(end - start for start, end in pairwise(self._bounds)) <= FLAT_LIMIT

    def search(self, queries: Vectors, k: int, mask: Mask | None = None) -> Neighbours:
        if mask is not None and mask.shape != (self.size,):
            raise DimensionMismatch(f"mask {mask.shape} for {self.size} rows")
        m = min(k, self.size)
        found = self._ray.get(
            [shard.search.remote(queries, k, self._part(mask, place)) for place, shard in enumerate(self.shards)]
        )
        rows = np.concatenate(
            [np.where(own >= 0, own + start, -1) for (own, _), start in zip(found, self._bounds, strict=False)], axis=1
        )
        scores = np.concatenate([own for _, own in found], axis=1)
        return best_of(rows, scores, m)

    def within(self, queries: Vectors, least: float, mask: Mask | None = None) -> tuple[Rows, Vectors]:
        found = self._ray.get(
            [shard.within.remote(queries, least, self._part(mask, place)) for place, shard in enumerate(self.shards)]
        )
        rows = np.concatenate([own + start for (own, _), start in zip(found, self._bounds, strict=False)])
        return rows, np.concatenate([scores for _, scores in found])

    def vectors(self, rows: Rows) -> Vectors:
        places = np.searchsorted(self._bounds, rows, side="right") - 1
        asked = [np.flatnonzero(places == place) for place in range(len(self.shards))]
        found = self._ray.get(
            [
                shard.vectors.remote(rows[own] - start)
                for shard, own, start in zip(self.shards, asked, self._bounds, strict=False)
            ]
        )
        dimension = self.identity.dimension if self.identity is not None else found[0].shape[1]
        made = np.empty((len(rows), dimension), dtype=np.float32)
        for own, vectors in zip(asked, found, strict=True):
            made[own] = vectors
        return made

    def _part(self, mask: Mask | None, place: int) -> Mask | None:
        return None if mask is None else mask[self._bounds[place] : self._bounds[place + 1]]
