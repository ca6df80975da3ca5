from __future__ import annotations

import csv
import gzip
import io
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from click.testing import CliRunner, Result
from docx import Document
from openpyxl import load_workbook

from graph.release import Release
from indexer.tables import SCHEMAS, read_rows
from tests.small_release import publish
from webapp.cli import main
from webapp.settings import Settings, variable

IG = "https://w3id.org/inspectgraph/ontology#"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, back_end_settings: dict[str, Any]) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cli") / "data"
    publish(folder, settings=Settings(**back_end_settings))
    with pytest.MonkeyPatch.context() as environment:
        for name, value in back_end_settings.items():
            environment.setenv(variable(name), str(value))
        yield folder


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def printed(*arguments: str | Path) -> str:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_help_needs_none_of_the_heavy_modules() -> None:
    code = (
        "import sys, webapp.cli; print(sorted({'torch','faiss','rdflib','pyarrow','numpy','flask'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_explains_itself(command: str) -> None:
    assert "Usage: " in printed(command, "--help")


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "supervision"),
        ("status",),
        ("sparql", "ASK {}"),
        ("export", "items", "--output", "x"),
        ("remove", "x"),
        ("serve",),
    ],
)
def test_without_a_release_a_command_says_so_in_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    result = call(*arguments, "--data", tmp_path / "none")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "there is no release" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_build_of_nothing_readable_exits_1_and_names_each_file(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    result = call("build", tmp_path / "empty.pdf", tmp_path / "gone.pdf", "--data", tmp_path / "data")
    assert result.exit_code == 1
    assert "empty.pdf" in result.stdout
    assert "gone.pdf: does not exist (check the path)" in result.stdout
    assert "Traceback" not in result.output


def test_wrong_metadata_stops_a_build_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "meta.csv").write_text("name\nx\n")
    result = call("build", tmp_path, "--metadata", tmp_path / "meta.csv", "--data", tmp_path / "data")
    assert result.exit_code == 1
    assert "line 1: the columns must be 'file'" in result.stderr
    assert not (tmp_path / "data").exists()


def test_search_prints_a_table_or_json(data: Path) -> None:
    assert "found" in printed("search", "supervision", "--data", data)
    found = json.loads(printed("search", "supervision", "--format", "json", "--limit", "2", "--data", data))
    assert len(found["hits"]) == 2
    assert found["total"] >= 2


def test_search_filters_are_applied(data: Path) -> None:
    found = json.loads(
        printed(
            "search",
            "supervision",
            "--kind",
            "recommendation",
            "--authority",
            "Haverwick",
            "--format",
            "json",
            "--data",
            data,
        )
    )
    assert found["hits"]
    assert {(hit["kind"], hit["authority"]) for hit in found["hits"]} == {("recommendation", "Haverwick")}


def test_a_batch_answers_every_query_in_order(data: Path, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"id": "a", "text": "supervision"}\n\n{"id": "b", "text": "care leavers"}\n')
    printed(
        "search", "--queries", tmp_path / "q.jsonl", "--run", tmp_path / "run.jsonl", "--limit", "3", "--data", data
    )
    rows = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert [row["query"] for row in rows] == sorted(row["query"] for row in rows)
    assert {row["query"] for row in rows} == {"a", "b"}
    assert {tuple(row) for row in rows} == {("query", "rank", "score", "iri", "file", "text")}
    assert [row["rank"] for row in rows if row["query"] == "a"] == [1, 2, 3]


@pytest.mark.parametrize("line", ['{"id": "b"}', '{"a":' * 5000])
def test_a_damaged_batch_is_refused_with_its_line(data: Path, tmp_path: Path, line: str) -> None:
    (tmp_path / "q.jsonl").write_text(f'{{"id": "a", "text": "x"}}\n{line}\n')
    result = call("search", "--queries", tmp_path / "q.jsonl", "--run", tmp_path / "run.jsonl", "--data", data)
    assert result.exit_code == 1
    assert "line 2" in result.stderr


def test_search_wants_a_text_or_a_batch(data: Path) -> None:
    assert call("search", "--data", data).exit_code == 2
    assert call("search", "x", "--run", "y", "--data", data).exit_code == 2


def test_sparql_answers_in_the_format_asked_for(data: Path, tmp_path: Path) -> None:
    count = f"SELECT (COUNT(*) AS ?n) WHERE {{ ?item a <{IG}Recommendation> }}"
    expected = sum(row["kind"] == "recommendation" for row in read_rows(Release.open(data).path / "tables", "items"))
    assert list(csv.reader(io.StringIO(printed("sparql", count, "--format", "csv", "--data", data)))) == [
        ["n"],
        [str(expected)],
    ]
    (tmp_path / "count.rq").write_text(count)
    answer = json.loads(printed("sparql", tmp_path / "count.rq", "--format", "json", "--data", data))
    assert answer["results"]["bindings"][0]["n"]["value"] == str(expected)


def test_a_query_leaves_nothing_on_standard_error_when_the_command_ends(data: Path) -> None:
    command = [sys.executable, "-m", "webapp.cli", "sparql", "ASK {}", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout.split()[-1], done.stderr) == ("true", "")


def test_a_query_that_is_no_sparql_is_refused_in_a_sentence(data: Path) -> None:
    result = call("sparql", "SELEKT *", "--data", data)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert result.stderr.startswith("Error: ")


def test_exported_items_have_the_keys_that_the_page_of_formats_promises(data: Path, tmp_path: Path) -> None:
    printed("export", "items", "--output", tmp_path / "items.jsonl", "--data", data)
    rows = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    page = (Path(__file__).parents[1] / "docs/formats.md").read_text()
    section = page.split("## `export items`")[1].split("\n## ")[0]
    assert {row["type"] for row in rows} >= {
        "document",
        "inspection",
        "judgement",
        "finding",
        "recommendation",
        "action",
    }
    for row in rows:
        assert all(f"`{key}`" in section for key in row), row
        assert list(row)[:5] == ["type", "file", "iri", "text", "page"]


@pytest.mark.parametrize(("name", "form"), [("a.nq", ox.RdfFormat.N_QUADS), ("a.trig.gz", ox.RdfFormat.TRIG)])
def test_exported_rdf_is_the_dataset_of_the_release(data: Path, tmp_path: Path, name: str, form: ox.RdfFormat) -> None:
    printed("export", "rdf", "--output", tmp_path / name, "--data", data)
    written = (tmp_path / name).read_bytes()
    quads = ox.parse(gzip.decompress(written) if name.endswith(".gz") else written, format=form)
    store = ox.Store.read_only(str(Release.open(data).path / "graph"))
    assert len(set(quads)) == len(store)


def test_rdf_is_not_written_under_an_unknown_ending(data: Path, tmp_path: Path) -> None:
    result = call("export", "rdf", "--output", tmp_path / "a.xyz", "--data", data)
    assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_exported_tables_are_parquet_and_csv_of_the_same_rows(data: Path, tmp_path: Path) -> None:
    printed("export", "tables", "--output", tmp_path / "out", "--data", data)
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        f"{n}.{e}" for n in SCHEMAS for e in ("parquet", "csv")
    }
    with (tmp_path / "out" / "items.csv").open(encoding="utf-8", newline="") as lines:
        assert [row["iri"] for row in csv.DictReader(lines)] == [
            row["iri"] for row in read_rows(tmp_path / "out", "items")
        ]


def test_status_names_the_release_and_counts_its_items(data: Path) -> None:
    shown = printed("status", "--data", data)
    assert Release.open(data).id in shown
    assert "recommendations" in shown


def test_doctor_finds_nothing_wrong_with_a_sound_set_up(data: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    assert "FAULT" not in printed("doctor", "--data", data, "--port", str(free))


def test_doctor_names_a_taken_port_and_a_damaged_release(tmp_path: Path) -> None:
    release = publish(tmp_path / "data", only=1)
    damaged = next((release.path / "vectors").iterdir())
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = call("doctor", "--data", tmp_path / "data", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    faults = [line for line in result.stdout.splitlines() if line.startswith("FAULT")]
    assert [line.split()[1] for line in faults] == ["release:", "port:"]
    assert damaged.name in faults[0]


PLAN = "Supervision must be regular and reflective for every social worker in the service.\n"


def test_a_plan_is_matched_and_nothing_of_it_stays(data: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_text(PLAN)
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    assert "1 recommendation and 0 actions" in printed("match", tmp_path / "plan.txt", "--data", data)
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before


def test_a_plan_match_is_written_as_sheet_and_as_document(data: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_text(PLAN)
    for form in ("xlsx", "docx"):
        printed("match", tmp_path / "plan.txt", "--format", form, "--output", tmp_path / f"out.{form}", "--data", data)
    sheet = load_workbook(tmp_path / "out.xlsx").active
    assert sheet is not None
    assert any(PLAN.strip() in str(cell.value) for row in sheet.iter_rows() for cell in row)
    assert any(PLAN.strip() in p.text for p in Document(str(tmp_path / "out.docx")).paragraphs)
    assert call("match", tmp_path / "plan.txt", "--format", "xlsx", "--data", data).exit_code == 2


def test_explain_tells_what_became_of_each_segment(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text(
        "# Report\n\nHaverwick City Council\n\nInspectors found that thresholds are clear.\n"
    )
    shown = printed("explain", tmp_path / "note.md")
    assert "thresholds are clear" in shown
    assert "finding" in shown


def test_a_backup_is_restored_to_the_same_release(data: Path, tmp_path: Path) -> None:
    printed("backup", tmp_path / "saved.tar.gz", "--data", data)
    printed("restore", tmp_path / "saved.tar.gz", "--data", tmp_path / "new")
    assert Release.open(tmp_path / "new", check="hashes").manifest == Release.open(data).manifest
