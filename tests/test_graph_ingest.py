from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from graph.errors import InspectgraphError
from graph.ingest import Failure, LocalExecutor, Source, SourceStore, find_sources, load_metadata, parse_all

PLAN = """Brackenshire County Council

Cabinet
14 June 2016

Children's services action plan

1. Purpose of Report

1.1 This report presents the action plan that answers the recent Ofsted inspection.
"""


def write(folder: Path, name: str, text: str = PLAN) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_folders_are_searched_below_and_hidden_or_foreign_files_are_passed_over(tmp_path: Path) -> None:
    for name in ("b/deep/two.txt", "a/one.html", ".hidden/three.txt", "a/.four.txt", "a/photo.jpg"):
        write(tmp_path, name, name)
    found, failures = find_sources([tmp_path])
    assert [source.path.name for source in found] == ["one.html", "two.txt"]
    assert failures == []


@pytest.mark.parametrize("name", ["with space.txt", "Überprüfung.txt", "new\nline.txt", "a'quote\".txt", "%20.txt"])
def test_a_file_is_found_whatever_its_name(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name)
    assert [source.path for source in find_sources([tmp_path])[0]] == [path]


def test_the_same_bytes_twice_are_one_source(tmp_path: Path) -> None:
    write(tmp_path, "b.txt")
    first = write(tmp_path, "a.txt")
    assert [source.path for source in find_sources([tmp_path])[0]] == [first]


def test_what_is_not_there_is_a_failure_and_the_rest_is_found(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt")
    found, failures = find_sources([path, tmp_path / "missing.pdf"])
    assert [source.path for source in found] == [path]
    assert [failure.reason for failure in failures] == ["does not exist"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_rights_is_a_failure(tmp_path: Path) -> None:
    closed = write(tmp_path, "closed/a.txt").parent
    closed.chmod(0)
    try:
        _, failures = find_sources([tmp_path])
    finally:
        closed.chmod(0o700)
    assert "cannot be opened" in failures[0].reason


def test_metadata_goes_to_the_file_of_its_name(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    table = write(tmp_path, "meta.csv", "file,authority,published\nfolder/a.txt,Leeds,2016-06\nb.txt,,\n")
    metadata = load_metadata(table)
    assert metadata == {"a.txt": {"authority": "Leeds", "published": "2016-06"}, "b.txt": {}}
    assert find_sources([tmp_path / "a.txt"], metadata)[0][0].metadata == metadata["a.txt"]


def test_a_cell_of_metadata_may_hold_what_ends_a_line(tmp_path: Path) -> None:
    titles = ["in\x0bside", "in\u2028side", "two\nlines"]
    text = "file,title\n" + "".join(f'{place}.txt,"{title}"\n' for place, title in enumerate(titles))
    metadata = load_metadata(write(tmp_path, "meta.csv", text))
    assert metadata == {f"{place}.txt": {"title": title} for place, title in enumerate(titles)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,authority\na,b\n", "line 1: the columns must be 'file'"),
        ("file,colour\na.txt,red\n", "unknown: colour"),
        ("file,title\na.txt,One\na.txt,Two\n", "line 3: a.txt stands twice"),
        ("file,title\n,One\n", "line 2: no file is named"),
        ("file,title\na.txt,One,Two\n", "line 2: more cells than columns"),
    ],
)
def test_wrong_metadata_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InspectgraphError, match=says):
        load_metadata(write(tmp_path, "meta.csv", text))


class CountingExecutor:
    """Runs the real local executor and counts what it was given."""

    def __init__(self) -> None:
        self.tasks = 0

    def run(self, function: Callable[[str], bytes], tasks: Sequence[str]) -> Iterator[tuple[int, bytes | Failure]]:
        self.tasks += len(tasks)
        return LocalExecutor(2).run(function, tasks)


def parse_folder(folder: Path, executor: CountingExecutor) -> tuple[list[Source], list[Failure]]:
    (folder / "data" / "work").mkdir(parents=True, exist_ok=True)
    sources, _ = find_sources([folder / "in"])
    documents, failures = parse_all(
        sources, SourceStore(folder / "data" / "sources"), folder / "data" / "work" / "parsed", executor
    )
    return [source for source, _ in documents], failures


def test_what_is_known_is_not_read_again(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt")
    executor = CountingExecutor()
    assert len(parse_folder(tmp_path, executor)[0]) == 1
    assert len(parse_folder(tmp_path, executor)[0]) == 1
    assert executor.tasks == 1
    write(tmp_path, "in/b.txt", PLAN + "\nMore.\n")
    assert len(parse_folder(tmp_path, executor)[0]) == 2
    assert executor.tasks == 2


def test_a_damaged_cache_entry_is_read_anew(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt")
    executor = CountingExecutor()
    parse_folder(tmp_path, executor)
    entry = next((tmp_path / "data" / "work" / "parsed").rglob("*.gz"))
    entry.write_bytes(entry.read_bytes()[:-20])
    assert len(parse_folder(tmp_path, executor)[0]) == 1
    assert executor.tasks == 2


def test_a_file_that_cannot_be_read_costs_its_own_line_only(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt")
    write(tmp_path, "in/empty.txt", "")
    write(tmp_path, "in/broken.pdf", "%PDF-1.7 and no more")
    read, failures = parse_folder(tmp_path, CountingExecutor())
    assert [source.path.name for source in read] == ["a.txt"]
    assert [Path(failure.source).name for failure in failures] == ["broken.pdf", "empty.txt"]
    assert all(failure.reason and failure.advice for failure in failures)
