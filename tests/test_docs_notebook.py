"""The notebook in the documentation, run over a small release, and the door that it goes through."""

from __future__ import annotations

import ast
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rdflib import Literal

from graph.errors import InspectgraphError
from graph.frames import query_frame
from graph.release import Release
from graph.store import open_dataset
from tests.small_release import publish

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebooks" / "release.ipynb"
# rdflib's own call of what it deprecates
pytestmark = pytest.mark.filterwarnings("ignore:Dataset.default_context is deprecated:DeprecationWarning")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    data = tmp_path_factory.mktemp("notebook") / "data"
    publish(data, now=datetime(2026, 1, 2, tzinfo=UTC), only=3)
    return Release.open(data)


def run(code: str, names: dict[str, Any]) -> Any:
    """A cell: its last expression is its value, as in a notebook."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, NOTEBOOK.name, "exec"), names)
    return eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names) if last else None  # type: ignore[attr-defined]


def test_every_cell_of_the_notebook_runs_and_shows_something(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTGRAPH_RELEASE", str(release.path))
    names: dict[str, Any] = {}
    shown = [
        run("".join(cell["source"]), names)
        for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    assert shown[0] == release.id
    assert all(value is not None and len(str(value)) > 0 for value in shown)
    assert len(names["recommendations"]) >= 4
    assert names["recommendations"]["council"].unique().tolist() == ["Haverwick"]


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)


def test_a_frame_keeps_numbers_and_dates_and_says_what_is_unbound(release: Release) -> None:
    dataset = open_dataset(release.path)
    query = """SELECT ?n ?half ?day ?word ?none WHERE {
      VALUES (?n ?half ?day ?word) { (1 0.5 "2026-01-02"^^<http://www.w3.org/2001/XMLSchema#date> "x"@en) }
      OPTIONAL { ?none <urn:no> ?n }
    }"""
    row = query_frame(dataset, query).iloc[0]
    assert (row["n"], row["half"], row["day"].isoformat(), row["word"], row["none"]) == (
        1,
        0.5,
        "2026-01-02",
        "x",
        None,
    )


def test_bindings_go_in_as_values(release: Release) -> None:
    dataset = open_dataset(release.path)
    hostile = Literal('" } INSERT DATA { <urn:a> <urn:b> <urn:c> } #')
    assert query_frame(dataset, "SELECT ?s ?o WHERE { ?s ?p ?o }", {"o": hostile}).empty


def test_a_query_without_solutions_is_an_empty_frame_with_its_columns(release: Release) -> None:
    frame = query_frame(open_dataset(release.path), "SELECT ?s WHERE { ?s <urn:nothing> ?o }")
    assert frame.columns.tolist() == ["s"]
    assert frame.empty


def test_other_forms_are_refused(release: Release) -> None:
    with pytest.raises(InspectgraphError, match="SELECT"):
        query_frame(open_dataset(release.path), "ASK { ?s ?p ?o }")
