from __future__ import annotations

import importlib.util
import json
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from graph.authorities import Register
from graph.extraction import extract
from graph.model import DocumentFacts, Extraction, SourceFile
from graph.reading import read
from tests.samples.gold import gold
from tests.samples.markup import documents
from tests.scoring import Score, entries
from tests.shared_documents import shared_dir

KINDS = {each.name: each.name.removesuffix("s") for each in fields(Score)}
NOTHING = Extraction(SourceFile("none.txt", "0" * 64, "text/plain", 1), DocumentFacts("None", "minutes"))


def test_nothing_extracted_is_nothing_found() -> None:
    score = Score()
    for document in documents():
        score.add(gold(document), NOTHING)
    assert score.findings.f1 == score.recommendations.f1 == score.actions.f1 == 0
    assert score.findings.precision == 1
    assert score.findings.recall == 0


SHARED = shared_dir()
needs_shared = pytest.mark.skipif(SHARED is None, reason="the real documents are not here")


def shared_scorer(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("shared_score", folder / "gold" / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.shared
@needs_shared
def test_figures_agree_with_those_of_the_annotators_own_scorer() -> None:
    assert SHARED is not None
    scorer, register = shared_scorer(SHARED), Register.load()
    annotated = {
        entry["file"]: entry
        for path in sorted((SHARED / "gold" / "documents").glob("*.json"))
        for entry in [json.loads(path.read_text(encoding="utf-8"))]
    }
    score = Score()
    items: list[dict[str, Any]] = []
    for file, annotation in annotated.items():
        [path] = [path for folder in ("seeds", "corpus") for path in (SHARED / folder).rglob(file)]
        extraction = extract(read(path), register)
        score.add(annotation, extraction)
        said = deepcopy(entries(extraction))
        items += [entry | {"type": KINDS[kind], "file": file} for kind in said for entry in said[kind]]
    theirs = scorer.evaluate(annotated, items)["types"]
    for kind, singular in KINDS.items():
        ours = getattr(score, kind)
        assert (ours.expected, ours.found, ours.matched) == tuple(
            theirs[singular][key] for key in ("gold", "predicted", "matched")
        ), kind
        shares = {
            key: value["value"] for key, value in theirs[singular]["attributes"].items() if key != "themes_micro_f1"
        }
        assert {key: ours.share(key) for key in shares} == pytest.approx(shares), kind
