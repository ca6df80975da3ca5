"""Figures of the theme linker: ``python -m benchmarks.evaluate_themes --judged … --texts … [--json OUT]``.

Cross-validated over the judged labels (no text is scored by a model that saw it), and again with no judged label learnt
from at all. Labels marked optional count neither for nor against.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from indexer.embedding import open_embedder
from indexer.training.theme_linker import (
    Bools,
    TrainingSet,
    _fit,
    _inputs,
    arguments,
    calibrated,
    cross_validated,
    gathered,
    linked,
    micro_f1,
    training_set,
)


def grouped(pairs: Bools, data: TrainingSet) -> Bools:
    """The same by top theme."""
    tops = [place for place, parent in enumerate(data.parents) if parent < 0]
    of = [parent if parent >= 0 else place for place, parent in enumerate(data.parents)]
    return np.stack([pairs[:, [i for i, top in enumerate(of) if top == t]].any(axis=1) for t in tops], axis=1)


def report(name: str, data: TrainingSet, rows: Any, links: Bools) -> dict[str, Any]:
    wanted, ignored = data.wanted[rows], data.ignored[rows]
    sources = np.array([data.examples[row].source for row in rows])
    dev = np.array(["themes_" in source for source in sources])
    found: dict[str, Any] = {"run": name}
    for part, use in (("dev", dev), ("documents", ~dev), ("all", np.ones_like(dev))):
        if not use.any():
            continue
        f1, precision, recall = micro_f1(links[use], wanted[use], ignored[use])
        wanted_groups = grouped(wanted, data)
        group = micro_f1(grouped(links, data)[use], wanted_groups[use], (grouped(ignored, data) & ~wanted_groups)[use])
        found[part] = {
            "n": int(use.sum()), "f1": round(f1, 3), "precision": round(precision, 3), "recall": round(recall, 3),
            "group_f1": round(group[0], 3), "unlinked": int((~links[use].any(axis=1)).sum()),
        }  # fmt: skip
        print(f"{name:<28}{part:<11}", "  ".join(f"{k} {v}" for k, v in found[part].items()))
    return found


def by_theme(data: TrainingSet, rows: Any, links: Bools) -> list[dict[str, Any]]:
    table = []
    for place, theme in enumerate(data.scheme):
        use = slice(place, place + 1)
        wanted = data.wanted[rows][:, use]
        f1, precision, recall = micro_f1(links[:, use], wanted, data.ignored[rows][:, use])
        if wanted.sum():
            table.append({"theme": theme.id, "n": int(wanted.sum()), "precision": round(precision, 2),
                          "recall": round(recall, 2), "f1": round(f1, 2)})  # fmt: skip
    return sorted(table, key=lambda line: (-line["n"], line["theme"]))


def calibration(data: TrainingSet, rows: Any, confidence: Any) -> list[dict[str, Any]]:
    """In steps of confidence: how many pairs, and what share of them is right."""
    counted = ~data.ignored[rows]
    sure, right = confidence[counted], data.wanted[rows][counted]
    steps = []
    for low in np.arange(0.1, 1.0, 0.1):
        use = (sure >= low) & (sure < low + 0.1)
        steps.append(
            {"from": round(float(low), 1), "pairs": int(use.sum()), "right": round(float(right[use].mean()), 2)}
        )
    return steps


def confidences(scores: Any, slope: float, intercept: float) -> Any:
    return 1 / (1 + np.exp(-(slope * scores + intercept)))


def main() -> None:
    parser = arguments(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    data = training_set(gathered(given.judged, given.texts), open_embedder(cache_dir=given.cache))
    reports = []
    for name, vectors in (("cross-validated", True), ("cross-validated, words only", False)):
        rows, scores = cross_validated(data, vectors=vectors)
        slope, intercept, threshold = calibrated(data, rows, scores)
        links = linked(confidences(scores, slope, intercept), threshold, data.parents)
        reports.append(report(name, data, rows, links) | {"threshold": threshold})
        if vectors:
            table = by_theme(data, rows, links)
            reports[-1]["calibration"] = calibration(data, rows, confidences(scores, slope, intercept))
    rows = np.flatnonzero(data.judged)
    inputs = _inputs(data, vectors=True)
    scores = _fit(data, inputs, np.flatnonzero(~data.judged)).scores(inputs, rows)
    # neither weights, calibration nor threshold from the judged labels: a round number on the raw score
    reports.append(
        report("no judged label learnt", data, rows, linked(confidences(scores, 1.0, 0.0), 0.35, data.parents))
    )
    for line in table:
        print(f"{line['theme']:<34}n {line['n']:<4} p {line['precision']:<5} r {line['recall']:<5} f1 {line['f1']}")
    if given.json:
        given.json.write_text(json.dumps({"runs": reports, "themes": table}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
