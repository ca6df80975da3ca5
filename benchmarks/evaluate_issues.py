"""Figures of the recurring issues: ``python -m benchmarks.evaluate_issues --search DIR [--cache DIR]``.

``DIR`` holds the judged queries: recs_dev.jsonl and qrels_dev.tsv. Two recommendations of grade 3 for one query should
share an issue; one of grade 3 and one of grade 0 or 1 for it should not. Each pair of a query counts once; the mean
over queries is given as well, since a broad query has many pairs.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from indexer.clusters import CUT, FAMILY_CUT, centred, grouped, token_weights, weighted
from indexer.embedding import EmbeddingCache, open_embedder
from indexer.theme_linking import ThemeLinker
from ontology.resources import themes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--search", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "inspectgraph")
    given = parser.parse_args()
    lines = (given.search / "recs_dev.jsonl").read_text(encoding="utf-8").splitlines()
    recommendations = [json.loads(line) for line in lines]
    texts = [r["text"] for r in recommendations]
    row = {r["id"]: place for place, r in enumerate(recommendations)}
    judged: dict[str, dict[int, int]] = defaultdict(dict)
    for line in (given.search / "qrels_dev.tsv").read_text(encoding="utf-8").splitlines():
        query, _, document, grade = line.split()
        judged[query][row[document]] = int(grade)

    embedder = open_embedder(cache_dir=given.cache)
    encoded = EmbeddingCache(":memory:").encode_fully(embedder, texts)
    vectors = encoded.sentences
    linker = ThemeLinker.load(themes(), embedder.encode, embedder.identity.sha256)
    subjects = linker.confidences(texts, vectors)
    subjects /= np.linalg.norm(subjects, axis=1, keepdims=True)
    weights = token_weights(texts, embedder.token_spans(texts))
    tokens = [weighted(codes, weight) for codes, weight in zip(encoded.tokens, weights, strict=True)]
    cuts = (CUT, FAMILY_CUT, 5.0, 4.6, 4.3)
    names = ("issues", "families", *(f"cut {cut}" for cut in cuts[2:]))
    for name, label in zip(names, grouped(centred(vectors), subjects, tokens, cuts), strict=True):
        same, apart, apart_from_0 = defaultdict(list), [], []
        for query, grades in judged.items():
            best = [r for r, grade in grades.items() if grade == 3]
            same[query] += [label[a] == label[b] for a, b in itertools.combinations(best, 2)]
            apart += [label[a] != label[b] for a in best for b, grade in grades.items() if grade <= 1]
            apart_from_0 += [label[a] != label[b] for a in best for b, grade in grades.items() if grade == 0]
        pairs = [pair for query in same for pair in same[query]]
        by_query = [np.mean(same[query]) for query in same if same[query]]
        print(
            f"{name:<9} {label.max() + 1:<5} same {np.mean(pairs):.3f} of {len(pairs)} "
            f"(by query {np.mean(by_query):.3f})  apart {np.mean(apart):.3f} of {len(apart)} "
            f"(from grade 0 alone {np.mean(apart_from_0):.3f})"
        )


if __name__ == "__main__":
    main()
