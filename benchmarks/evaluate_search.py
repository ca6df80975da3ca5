"""Score search against graded judgements, part by part: ``make eval``.

    python -m benchmarks.evaluate_search --gold ../shared/gold/search [--split dev] [--calibrate] [--sweep] [--own]

Reads recs_SPLIT.jsonl, queries_SPLIT.jsonl and qrels_SPLIT.tsv, builds an index over the recommendations alone, and
prints one line a run: nDCG@10 (gain 2^grade - 1) over all queries and by kind, recall@20 (capped), and the paired
randomisation test of each run against plain reciprocal rank fusion.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from indexer.build import build_index
from indexer.embedding import EmbeddingCache, OpenVinoEmbedder, converted_model
from indexer.fusion import Calibration, Evidence, Run, Weights, reciprocal_rank_fusion
from indexer.ranking import COMPARED
from indexer.search import Searcher
from indexer.tables import DOCUMENTS, ITEMS

KINDS = ("pasted", "keyword", "abbrev", "hard")
ROUNDS = 10_000
IRI = "urn:recommendation:"

NOTHING = Weights(*[0.0] * 7)
#: Each run leaves out what the next adds.
RUNS: tuple[tuple[str, Weights], ...] = (
    ("words (BM25)", replace(NOTHING, words=1.0)),
    ("dense (cosine)", replace(NOTHING, cosine=1.0)),
    ("tokens (MaxSim)", replace(NOTHING, tokens=1.0)),
    ("tokens + dense", replace(Weights(), concepts=0.0, phrasebook=0.0, words=0.0, themes=0.0, feedback=0.0)),
    ("… + concepts", replace(Weights(), phrasebook=0.0, words=0.0, themes=0.0, feedback=0.0)),
    ("… + phrasebook", replace(Weights(), words=0.0, themes=0.0, feedback=0.0)),
    ("… + words", replace(Weights(), themes=0.0, feedback=0.0)),
    ("… + themes", replace(Weights(), feedback=0.0)),
    ("full (… + feedback)", Weights()),
)


@dataclass(frozen=True)
class Query:
    id: str
    kind: str
    text: str


@dataclass(frozen=True)
class Gold:
    queries: tuple[Query, ...]
    grades: dict[str, dict[str, int]]
    records: list[dict[str, str]]


def read_gold(folder: Path, split: str) -> Gold:
    queries, records = (
        [json.loads(entry) for entry in (folder / f"{name}_{split}.jsonl").read_text("utf-8").splitlines() if entry]
        for name in ("queries", "recs")
    )
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / f"qrels_{split}.tsv").read_text("utf-8").splitlines():
        if line.strip():
            query, _, document, grade = line.split()
            grades[query][document] = int(grade)
    return Gold(tuple(Query(q["id"], q["kind"], q["text"]) for q in queries), grades, records)


def own_gold(folder: Path, split: str) -> Gold:
    """Our own questions (``search_questions.csv``), judged over the records of the split in ``folder``. Texts are named
    by hash; those that a question's judgements do not name count as wrong, though nobody may have looked at them."""
    records = read_gold(folder, split).records
    here = Path(__file__).parent
    with (here / "search_questions.csv").open(encoding="utf-8", newline="") as file:
        queries = tuple(Query(**row) for row in csv.DictReader(file))
    by_hash: dict[str, list[str]] = defaultdict(list)
    for record in records:
        by_hash[hashlib.sha256(" ".join(record["text"].split()).encode()).hexdigest()[:16]].append(record["id"])
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    with (here / "search_judgements.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name in by_hash.get(row["text_sha256"], ()):
                grades[row["question"]][name] = int(row["grade"])
    return Gold(tuple(q for q in queries if grades[q.id]), grades, records)


def ndcg(grades: dict[str, int], ranking: Sequence[str], depth: int = 10) -> float:
    def gain(found: Sequence[int]) -> float:
        return math.fsum((2**g - 1) / math.log2(i + 2) for i, g in enumerate(found[:depth]))

    best = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(d, 0) for d in ranking]) / best if best else 0.0


def capped_recall(grades: dict[str, int], ranking: Sequence[str], depth: int = 20) -> float | None:
    relevant = {d for d, g in grades.items() if g >= 2}
    return len(relevant.intersection(ranking[:depth])) / min(depth, len(relevant)) if relevant else None


def paired_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided paired randomisation test."""
    differences = [x - y for x, y in zip(a, b, strict=True)]
    seen, generator = abs(sum(differences)), random.Random(1)
    more = sum(
        abs(sum(d if generator.random() < 0.5 else -d for d in differences)) >= seen - 1e-12 for _ in range(ROUNDS)
    )
    return (more + 1) / (ROUNDS + 1)


def index_of(records: Sequence[dict[str, str]], work: Path) -> Searcher:
    release = Path(tempfile.mkdtemp(dir=work, prefix="evaluated-"))
    empty = dict.fromkeys(ITEMS.names)
    rows = [
        {**empty, "iri": IRI + r["id"], "id": r["id"], "kind": "recommendation", "text": r["text"], "file": r["file"]}
        for r in records
    ]
    tables = {"items": pa.Table.from_pylist(rows, schema=ITEMS), "documents": DOCUMENTS.empty_table()}
    (release / "tables").mkdir()
    for name, table in tables.items():
        pq.write_table(table, release / "tables" / f"{name}.parquet")
    model = converted_model(work / "models")
    cache = EmbeddingCache(work / "embeddings.sqlite")
    build_index(tables, release, OpenVinoEmbedder(model), cache=cache, model_dir=model)
    cache.close()
    return Searcher.open(release)


Collected = dict[str, tuple[NDArray[np.int64], Evidence]]


def ranking(ids: Sequence[str], rows: NDArray[np.int64], scores: NDArray[np.float64]) -> list[str]:
    return [ids[r] for r in rows[np.lexsort((rows, -scores))].tolist()]


def by_rank(rows: NDArray[np.int64], evidence: Evidence, part: str) -> NDArray[np.int64]:
    scores = getattr(evidence, part)
    order = np.lexsort((rows, -scores))
    return rows[order][scores[order] > 0][:300] if part == "words" else rows[order][:300]


def measured(gold: Gold, rank: Callable[[Query], list[str]]) -> tuple[list[float], list[float]]:
    found = [(gold.grades[q.id], rank(q)) for q in gold.queries]
    recalls = [capped_recall(g, r) for g, r in found]
    return [ndcg(g, r) for g, r in found], [r for r in recalls if r is not None]


def print_table(gold: Gold, ids: Sequence[str], collected: Collected, served: Collected) -> None:
    """``collected`` of all candidates; ``served`` of those that search compares token by token."""

    def fused(query: Query) -> list[str]:
        rows, evidence = collected[query.id]
        runs = [Run(by_rank(rows, evidence, part)) for part in ("cosine", "words")]
        return [ids[r] for r in reciprocal_rank_fusion(runs)[0].tolist()]

    base, recalls = measured(gold, fused)
    print(f"| run | all | {' | '.join(KINDS)} | recall@20 (capped) | against plain fusion |")
    print("|---|---|" + "---|" * (len(KINDS) + 2))
    print(line("plain fusion (RRF 1:1)", gold, base, recalls, ""))
    for name, weights, found in (
        *((*run, collected) for run in RUNS),
        (f"as served (best {COMPARED})", Weights(), served),
    ):
        scores, recalls = weighed(gold, ids, found, weights)
        difference = f"{np.mean(scores) - np.mean(base):+.3f}, p = {paired_p(scores, base):.4f}"
        print(line(name, gold, scores, recalls, difference))


def weighed(gold: Gold, ids: Sequence[str], collected: Collected, weights: Weights) -> tuple[list[float], list[float]]:
    return measured(gold, lambda q: ranking(ids, *with_scores(collected[q.id], weights)))


def with_scores(
    found: tuple[NDArray[np.int64], Evidence], weights: Weights
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    return found[0], found[1].fused(weights)


def line(name: str, gold: Gold, scores: Sequence[float], recalls: Sequence[float], note: str) -> str:
    kinds = [[s for q, s in zip(gold.queries, scores, strict=True) if q.kind == kind] for kind in KINDS]
    cells = [f"{np.mean(k):.3f}" if k else "–" for k in kinds]
    return f"| {name} | {np.mean(scores):.3f} | {' | '.join(cells)} | {np.mean(recalls):.3f} | {note} |"


def sweep(gold: Gold, ids: Sequence[str], collected: Collected) -> None:
    """One weight at a time around the choice; then the choice made without each query and tried on it."""
    grid = {
        "cosine": (0.0, 0.15, 0.3, 0.6, 1.0),
        "concepts": (0.0, 0.25, 0.5, 0.75, 1.0, 1.5),
        "phrasebook": (0.0, 0.25, 0.5, 0.75, 1.0),
        "words": (0.0, 0.25, 0.5, 1.0),
        "themes": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
        "feedback": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
    }
    for name, values in grid.items():
        for value in values:
            weights = replace(Weights(), **{name: value})
            scores, recalls = weighed(gold, ids, collected, weights)
            print(line(f"{name} = {value}", gold, scores, recalls, ""))
    choices = [
        Weights(1.0, cosine, concepts, phrasebook, 0.5, themes, feedback)
        for cosine in (0.0, 0.15, 0.3)
        for concepts in (0.5, 0.75, 1.0)
        for phrasebook in (0.25, 0.5, 0.75)
        for themes in (0.0, 1.0, 1.5, 2.0)
        for feedback in (0.0, 1.0, 1.5, 2.0)
    ]
    table = np.array([weighed(gold, ids, collected, w)[0] for w in choices])
    left_out = [table[int(np.argmax(np.delete(table, i, axis=1).mean(axis=1))), i] for i in range(len(gold.queries))]
    best = int(np.argmax(table.mean(axis=1)))
    print(
        f"best of {len(choices)}: {choices[best]} {table[best].mean():.3f}; leave-one-query-out {np.mean(left_out):.3f}"
    )


def calibrate(gold: Gold, ids: Sequence[str], collected: Collected) -> None:
    """Fits ``Calibration``, each query's figures from a fit without it; then the figures of the shipped curve."""
    from sklearn.linear_model import LogisticRegression

    features, labels, groups, shipped = [], [], [], []
    for place, query in enumerate(gold.queries):
        rows, evidence = collected[query.id]
        confidence = Calibration().confidence(evidence)
        for i, row in enumerate(rows.tolist()):
            grade = gold.grades[query.id].get(ids[row])
            if grade is not None:
                features.append([evidence.tokens[i], evidence.concepts[i], evidence.themes[i]])
                labels.append(grade >= 2)
                groups.append(place)
                shipped.append(confidence[i])
    x, y, g = np.array(features), np.array(labels), np.array(groups)
    chances = np.zeros(len(y))
    for place in range(len(gold.queries)):
        model = LogisticRegression(C=1.0).fit(x[g != place], y[g != place])
        chances[g == place] = model.predict_proba(x[g == place])[:, 1]
    whole = LogisticRegression(C=1.0).fit(x, y)
    print("intercept", whole.intercept_.round(3).tolist(), "tokens, concepts, themes", whole.coef_.round(3).tolist())
    print(f"{y.mean():.2f} of {len(y)} judged are right")
    for name, given in (("left out", chances), ("shipped", np.array(shipped))):
        for least in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
            kept = given >= least
            precision, recall = y[kept].mean(), y[kept].sum() / y.sum()
            print(f"{name}, confidence ≥ {least}: precision {precision:.2f} over {kept.sum()}, recall {recall:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path, default=Path("../shared/gold/search"))
    parser.add_argument("--split", default="dev")
    parser.add_argument("--work", type=Path, default=Path("inspectgraph-data/work"))
    parser.add_argument("--sweep", action="store_true", help="vary the weights, and choose them by leaving a query out")
    parser.add_argument("--calibrate", action="store_true", help="fit the confidence")
    parser.add_argument("--own", action="store_true", help="our own questions in place of the split's")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    gold = (own_gold if given.own else read_gold)(given.gold, given.split)
    ids = [r["id"] for r in gold.records]
    searcher = index_of(gold.records, given.work)
    collected = {q.id: searcher.evidence(q.text, searcher.size) for q in gold.queries}
    served = {q.id: searcher.evidence(q.text) for q in gold.queries}
    print_table(gold, ids, collected, served)
    if given.sweep:
        sweep(gold, ids, collected)
    if given.calibrate:
        calibrate(gold, ids, served)


if __name__ == "__main__":
    main()
