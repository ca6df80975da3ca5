from __future__ import annotations

import numpy as np

from indexer.restatements import restated

INSPECTIONS = {
    "report": {"start": "2015-04-14", "end": "2015-05-08"},
    "answer": {"start": "2015-04", "end": "2015-05"},
    "later": {"start": "2018-02", "end": None},
}
DOCUMENTS = {"r": {"kind": "inspection-report"}, "p": {"kind": "action-plan"}, "q": {"kind": "action-plan"}}


def item(document: str, inspection: str, ref: str | None = None, gss: str = "E1", kind: str = "recommendation") -> dict:
    return {"kind": kind, "inspection": inspection, "document": document, "gss_code": gss, "ref": ref}


def unit(*rows: tuple[float, float]) -> np.ndarray:
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_plan_restates_the_report_of_the_same_inspection() -> None:
    items = [item("r", "report"), item("r", "report"), item("p", "answer"), item("p", "answer")]
    assert restated(items, unit((1, 0), (0, 1), (0.05, 1), (1, 0.05)), INSPECTIONS, DOCUMENTS) == {2: 1, 3: 0}


def test_each_recommendation_is_restated_once_by_a_paper_and_by_any_number_of_papers() -> None:
    items = [item("r", "report"), item("p", "answer"), item("p", "answer"), item("q", "answer")]
    vectors = unit((1, 0), (1, 0.1), (1, 0.01), (1, 0))
    assert restated(items, vectors, INSPECTIONS, DOCUMENTS) == {2: 0, 3: 0}


def test_the_same_number_makes_a_looser_wording_enough() -> None:
    vectors = unit((1, 0), (0.8, 0.6))
    for ref, expected in (("7", {1: 0}), ("8", {}), (None, {})):
        items = [item("r", "report", "7"), item("p", "answer", ref)]
        assert restated(items, vectors, INSPECTIONS, DOCUMENTS) == expected


def test_other_councils_other_inspections_and_other_kinds_are_not_joined() -> None:
    for other in (item("p", "answer", gss="E2"), item("p", "later"), item("p", "answer", kind="finding")):
        assert restated([item("r", "report"), other], unit((1, 0), (1, 0)), INSPECTIONS, DOCUMENTS) == {}
