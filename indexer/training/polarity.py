"""Train the polarity classifier: ``python -m indexer.training.polarity --items … --judged …``.

Learns from annotated findings (joined to their texts by hash) and from what documents say of themselves: findings under
"what is effective" are strengths, those under "needs to do better" are not. The judged findings are scored, never
learnt from.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from indexer.embedding import open_embedder
from indexer.polarity import (
    POLARITIES,
    SECTION_KINDS,
    ClauseModel,
    FindingModel,
    clause_cues,
    clauses,
    section_features,
    section_kind,
    softmax,
    spread_features,
    spread_rows,
)
from indexer.theme_linking import Floats, word_features
from indexer.training.annotations import polarity_annotations, text_key
from indexer.training.theme_linker import HERE, vocabulary

VERSION = "1.2"
MODEL = HERE.parent / "models" / "polarity.npz"
_WEAK_WEIGHT = 0.3
_FINDING_C = 1.0
_CLAUSE_C = 3.0
_SENTENCES = re.compile(r"(?<=[.])\s+(?=[A-Z])")
_BOILERPLATE = re.compile(r"eepurl|reuse this|You may copy|Crown copyright|Ofsted")


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    polarity: int
    weight: float
    section: str | None = None


def weak_examples(items: Sequence[dict[str, Any]]) -> list[Example]:
    """Findings whose section says what they are."""
    found = []
    for item in items:
        kind = SECTION_KINDS[section_kind(item.get("section"))]
        heading = item.get("section") or ""
        if 40 < len(item["text"]) < 900 and not _BOILERPLATE.search(item["text"]):
            if kind == "praising":
                found.append(Example(item["text"], 0, _WEAK_WEIGHT, heading))
            elif re.search("need to do better", heading):
                found.append(Example(item["text"], 1, _WEAK_WEIGHT, heading))
    return found


def annotated_examples(items: Sequence[dict[str, Any]]) -> list[Example]:
    """Annotations of findings and of single sentences of findings."""
    texts: dict[str, str] = {}
    sections: dict[str, str | None] = {}
    for item in items:
        for text in (item["text"], *_SENTENCES.split(item["text"])):
            texts.setdefault(text_key(text), text)
            sections.setdefault(text_key(text), item.get("section"))
    pairs = polarity_annotations(HERE / "polarity_annotations.tsv", texts)
    return [Example(text, POLARITIES.index(polarity), 1.0, sections.get(text_key(text))) for text, polarity in pairs]


def _fit_clauses(examples: Sequence[Example], rows: NDArray[np.int64]) -> ClauseModel:
    """From findings that are all praise or all criticism: each of their clauses counts as such, the less the more."""
    parts, wanted, weights = [], [], []
    for row in rows:
        example = examples[row]
        if example.polarity < 2:
            of_text = clauses(example.text)
            parts += of_text
            wanted += [example.polarity] * len(of_text)
            weights += [example.weight / len(of_text) ** 0.5] * len(of_text)
    buckets, idf = vocabulary(parts)
    cues = clause_cues(parts)
    features = sparse.csr_matrix(sparse.hstack([word_features(parts, buckets, idf), sparse.csr_matrix(cues)]))
    model = LogisticRegression(C=_CLAUSE_C, max_iter=500, class_weight="balanced")
    model.fit(features, wanted, sample_weight=weights)
    learnt = np.asarray(model.coef_[0], dtype=np.float32)
    return ClauseModel(buckets, idf, learnt[: len(buckets)], learnt[len(buckets) :], float(model.intercept_[0]))


def _spread_out_of_fold(examples: Sequence[Example]) -> Floats:
    """The spread of each example under a clause model that has not seen it."""
    found: Floats | None = None
    for learnt, held in KFold(5, shuffle=True, random_state=0).split(np.arange(len(examples))):
        model = _fit_clauses(examples, learnt)
        texts = [examples[row].text for row in held]
        parts = [clauses(text) for text in texts]
        flat = [part for of_text in parts for part in of_text]
        cues = clause_cues(flat)
        rows = spread_rows(texts, parts, model.scores(flat, cues), cues)
        if found is None:
            found = np.zeros((len(examples), rows.shape[1]), dtype=np.float32)
        found[held] = rows
    assert found is not None
    return found


def _fit_findings(features: Floats, examples: Sequence[Example]) -> FindingModel:
    model = LogisticRegression(C=_FINDING_C, max_iter=2000)
    model.fit(features, [e.polarity for e in examples], sample_weight=[e.weight for e in examples])
    return FindingModel(model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32))


def accuracy(found: NDArray[np.float64], wanted: Sequence[int]) -> tuple[float, NDArray[np.int64]]:
    """And the confusion matrix, rows as judged."""
    table = np.zeros((3, 3), dtype=np.int64)
    np.add.at(table, (np.asarray(wanted), found.argmax(axis=1)), 1)
    return float(np.trace(table) / max(1, table.sum())), table


def calibration(found: NDArray[np.float64], wanted: Sequence[int]) -> list[dict[str, float]]:
    sure, right = found.max(axis=1), found.argmax(axis=1) == np.asarray(wanted)
    steps = []
    for low, high in ((0.0, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.01)):
        use = (sure >= low) & (sure < high)
        if use.any():
            steps.append({"from": low, "n": int(use.sum()), "right": round(float(right[use].mean()), 2)})
    return steps


def _findings(path: Path, held: set[str]) -> list[dict[str, Any]]:
    """The findings of a JSON Lines file, those of the judged documents left out."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [x for x in lines if x.get("text") and x["file"] not in held and x.get("kind", "finding") == "finding"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=Path, required=True, help="JSON Lines of findings: text, section, file")
    parser.add_argument("--texts", nargs="*", type=Path, default=[], help="more JSON Lines with annotated texts")
    parser.add_argument("--judged", nargs="+", type=Path, required=True, help="gold documents, for scoring only")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "inspectgraph", help="converted model")
    parser.add_argument("--dry-run", action="store_true", help="score, and leave the shipped file as it is")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    judged = [json.loads(path.read_text(encoding="utf-8")) for path in given.judged]
    held = {document["file"] for document in judged}
    items = _findings(given.items, held)
    annotated = annotated_examples([*items, *(line for path in given.texts for line in _findings(path, held))])
    examples = annotated + weak_examples(items)
    embedder = open_embedder(cache_dir=given.cache)
    vectors = embedder.encode([example.text for example in examples])
    everything = np.arange(len(examples))
    clause = _fit_clauses(examples, everything)
    features = np.hstack([_spread_out_of_fold(examples), section_features([e.section for e in examples])])
    plain = _fit_findings(features, examples)
    full = _fit_findings(np.hstack([features, vectors]), examples)

    texts = [f["text"] for document in judged for f in document["findings"]]
    sections = [f.get("section") for document in judged for f in document["findings"]]
    wanted = [POLARITIES.index(f["polarity"]) for document in judged for f in document["findings"]]
    spreads = np.hstack([spread_features(clause, texts), section_features(sections)])
    for name, weighed in (
        ("plain", spreads @ plain.weights + plain.bias),
        ("full", np.hstack([spreads, embedder.encode(texts)]) @ full.weights + full.bias),
    ):
        share, table = accuracy(softmax(weighed), wanted)
        print(f"{name:<8}accuracy {share:.3f} of {len(wanted)}", table.tolist())
        print("  ", calibration(softmax(weighed), wanted))

    about = {
        "version": VERSION,
        "weights_sha256": embedder.identity.sha256,
        "trained_on": {"annotated": len(annotated), "by section": len(examples) - len(annotated)},
        "data_sha256": hashlib.sha256(json.dumps([[e.text, e.polarity] for e in examples]).encode()).hexdigest(),
        "polarities": dict(Counter(POLARITIES[e.polarity] for e in examples)),
    }
    print(json.dumps(about))
    if not given.dry_run:
        np.savez_compressed(
            MODEL,
            about=np.array(json.dumps(about)),
            buckets=clause.buckets.astype(np.uint32),
            idf=clause.idf.astype(np.float16),
            words=clause.words.astype(np.float16),
            cues=clause.cues,
            clause_bias=np.array(clause.bias),
            plain=plain.weights,
            plain_bias=plain.bias,
            full=full.weights.astype(np.float32),
            full_bias=full.bias,
        )


if __name__ == "__main__":
    main()
