"""How long a search takes, from the typed text to hits with reasons and facets, on one core.

    python -m benchmarks.search_latency --release RELEASE [--queries FILE.jsonl] [--rounds 5]
    python -m benchmarks.search_latency --generate 30000 --work DIR

With ``--generate`` an index of that many rows is made of texts put together from the sector's wordings and random unit
vectors near theirs: right for times and sizes, meaningless for relevance. Prints opening time, the time of the first
answer, p50 and p99 with two filters and facets, and the process's resident memory.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from indexer.build import build_index
from indexer.embedding import EmbeddingCache, OpenVinoEmbedder, converted_model
from indexer.expansion import SectorLanguage
from indexer.search import Filters, Searcher, SearchRequest
from indexer.tables import DOCUMENTS, ITEMS
from indexer.theme_linking import ThemeLinker
from ontology.resources import themes

_EMBEDDED = 2_000


def generated(rows: int, work: Path) -> Path:
    """A release of made-up items. Every text is distinct; the model embeds the first 2,000 and the linker finds their
    themes, the rest are those moved a little, so that a million rows need no day of embedding."""
    generator = random.Random(1)
    language = SectorLanguage.load()
    statements = [statement for _, statement in language.phrasebook]
    phrases = [phrase for _, phrase in language.phrases]
    councils = [f"Council {n}" for n in range(150)]
    items = []
    for place in range(rows):
        text = f"{generator.choice(statements)}, with {' and '.join(generator.sample(phrases, 3))} ({place})."
        items.append(
            {
                "iri": f"urn:item:{place}",
                "id": str(place),
                "kind": generator.choice(["finding", "recommendation", "action"]),
                "text": text,
                "authority": generator.choice(councils),
                "region": generator.choice(["North", "South", "East", "West"]),
                "year": generator.randint(2012, 2025),
                "themes": [generator.choice(language.concepts).theme],
                "published": "2020",
            }
        )
    tables = {"items": pa.Table.from_pylist(items, schema=ITEMS), "documents": DOCUMENTS.empty_table()}
    release = work / f"generated-{rows}"
    (release / "tables").mkdir(parents=True)
    for name, table in tables.items():
        pq.write_table(table, release / "tables" / f"{name}.parquet")
    model = converted_model(work / "models")
    embedder = OpenVinoEmbedder(model, threads=1)
    sample = [item["text"] for item in items[:_EMBEDDED]]
    linker = ThemeLinker.load(themes(), embedder.encode, embedder.identity.sha256)
    found = linker.confidences(sample, embedder.encode(sample))
    confidences = found[np.random.default_rng(2).integers(0, len(sample), rows)]
    build_index(tables, release, embedder, cache=Moved(embedder), model_dir=model, confidences=confidences)
    return release


class Moved(EmbeddingCache):
    """Embeds the first texts and gives the others their neighbours' vectors with noise."""

    def __init__(self, embedder: OpenVinoEmbedder) -> None:
        super().__init__(":memory:")
        self._embedder = embedder

    def encode(self, embedder, texts, progress=None, into=None):  # type: ignore[no-untyped-def]
        if len(texts) <= _EMBEDDED:
            return super().encode(embedder, texts, progress, into)
        first = super().encode(embedder, texts[:_EMBEDDED], progress)
        generator, pick = np.random.default_rng(1), self._picked(len(texts))
        sentences = np.empty((len(texts), embedder.identity.dimension), dtype=np.float32) if into is None else into
        for start in range(0, len(texts), 50_000):
            part = first[pick[start : start + 50_000]]
            part = part + 0.03 * generator.normal(size=part.shape).astype(np.float32)
            sentences[start : start + 50_000] = part / np.linalg.norm(part, axis=1, keepdims=True)
        return sentences

    def tokens(self, embedder, texts):  # type: ignore[no-untyped-def]
        first = list(super().tokens(embedder, texts[:_EMBEDDED]))
        return first if len(texts) <= _EMBEDDED else (first[place] for place in self._picked(len(texts)))

    @staticmethod
    def _picked(count: int) -> Any:
        return np.random.default_rng(0).integers(0, _EMBEDDED, count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path)
    parser.add_argument("--generate", type=int)
    parser.add_argument("--work", type=Path, default=Path("inspectgraph-data/work"))
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    release = given.release or generated(given.generate or 30_000, given.work)
    if given.queries:
        texts = [json.loads(line)["text"] for line in given.queries.read_text("utf-8").splitlines() if line]
    else:
        texts = [question for question, _ in SectorLanguage.load().phrasebook][::5]
    threadpool_limits(1, user_api="blas")
    began = time.perf_counter()
    searcher = Searcher.open(release)
    opened = time.perf_counter()
    filters = Filters(kinds=("recommendation", "finding"), since=2014)
    searcher.search(SearchRequest(texts[0], filters))
    first = time.perf_counter()
    for text in texts:
        searcher.search(SearchRequest(text, filters))
    wall, cpu = [], []
    for _ in range(given.rounds):
        for text in texts:
            t, c = time.perf_counter(), time.process_time()
            searcher.search(SearchRequest(text, filters))
            wall.append(time.perf_counter() - t)
            cpu.append(time.process_time() - c)
    print(f"rows {searcher.size}; open {opened - began:.2f} s, first answer {first - began:.2f} s")
    for name, times in (("wall", wall), ("CPU", cpu)):
        p50, p99 = np.percentile(times, [50, 99]) * 1e3
        print(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms over {len(times)} searches")
    print(f"resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
