from __future__ import annotations

import contextlib
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pyoxigraph as ox
import pytest

from graph.errors import InspectgraphError, ReleaseError
from graph.model import Extraction
from graph.release import Release, leftovers, release_ids
from graph.store import canonical_digest, open_read_only
from indexer.build_options import BuildOptions, BuildReport
from indexer.exports import item_rows
from indexer.pipeline import build_release, prune_data, remove_documents
from indexer.search import Filters, Searcher, SearchRequest
from indexer.tables import read_rows
from tests.samples.make_samples import write_samples
from tests.shared_models import shared_models, with_shared_vectors

AUTHORITIES = Path(__file__).parent / "samples" / "authorities.csv"
CHOSEN = ("haverwick_2015-06-12", "haverwick_2018-09-21", "haverwick-improvement-plan-2015")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two reports on one council and its plan between them."""
    written, folder = tmp_path_factory.mktemp("samples"), tmp_path_factory.mktemp("sources")
    for file in write_samples(written):
        if file.stem in CHOSEN:
            shutil.move(file, folder / file.name)
    assert len(list(folder.iterdir())) == len(CHOSEN)
    return folder


@pytest.fixture(scope="module")
def built(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one release of them."""
    data = with_shared_vectors(tmp_path_factory.mktemp("built") / "data")
    report = build(data, sources)
    assert report.failures == []
    assert report.warnings == []
    return data


@pytest.fixture
def data(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(built, tmp_path / "data", symlinks=True))


@pytest.fixture
def own_sources(sources: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sources, tmp_path / "sources"))


def build(data: Path, *paths: Path, prune: bool = False, memory: int = 0) -> BuildReport:
    options = BuildOptions(data, authorities=AUTHORITIES, jobs=2, prune=prune, models=shared_models(), memory=memory)
    return build_release(paths, options)


def files_of(data: Path) -> set[str]:
    return {row["file"] for row in read_rows(Release.open(data).path / "tables", "documents")}


def test_every_item_is_verbatim_in_the_text_that_the_release_keeps(built: Path) -> None:
    for folder in (Release.open(built).path / "documents").iterdir():
        extraction = msgspec.json.decode((folder / "extraction.json").read_bytes(), type=Extraction)
        text = (folder / "text.txt").read_bytes().decode()
        items = [*extraction.findings, *extraction.recommendations, *extraction.actions]
        assert items
        assert all(text[i.evidence.start : i.evidence.end] == i.evidence.quote for i in items)


def test_graph_tables_and_indexes_of_a_release_hold_the_same_items(built: Path) -> None:
    release = Release.open(built)
    rows = read_rows(release.path / "tables", "items")
    store = open_read_only(release.path / "graph")
    for kind, name in (("finding", "Finding"), ("recommendation", "Recommendation"), ("action", "Action")):
        found = store.query(
            f"SELECT ?i WHERE {{ ?i a <https://w3id.org/inspectgraph/ontology#{name}> }}",
            use_default_graph_as_union=True,
        )
        assert isinstance(found, ox.QuerySolutions)
        assert {solution["i"].value for solution in found} == {row["iri"] for row in rows if row["kind"] == kind}
    searcher = Searcher.open(release.path)
    total = searcher.search(SearchRequest("", Filters(kinds=("finding", "recommendation", "action")), limit=1)).total
    assert total == len(rows) == searcher.vectors.size - len(files_of(built))


def test_one_graph_a_document_and_named_graphs_for_what_was_derived(built: Path) -> None:
    store = open_read_only(Release.open(built).path / "graph")
    graphs = {str(name).strip("<>").removeprefix("https://w3id.org/inspectgraph/") for name in store.named_graphs()}
    documents = {f"documents/{row['id']}/graph" for row in read_rows(Release.open(built).path / "tables", "documents")}
    assert documents < graphs
    assert {"graphs/themes", "graphs/neighbours", "graphs/lineage", "graphs/register", "graphs/vocabulary"} < graphs


def test_inspections_of_one_council_follow_one_another(built: Path) -> None:
    inspections = read_rows(Release.open(built).path / "tables", "inspections")
    reports = sorted((row for row in inspections if row["position"] == 0 and row["end"]), key=lambda row: row["end"])
    chained = [row for row in reports if row["next"] or row["previous"]]
    assert [row["year"] for row in chained] == [2015, 2018]
    assert chained[0]["next"] == chained[1]["iri"]
    assert chained[1]["previous"] == chained[0]["iri"]


def test_a_rebuild_of_unchanged_sources_reads_nothing_and_keeps_the_release(data: Path, sources: Path) -> None:
    before = Release.open(data).id
    report = build(data, sources)
    assert (report.release, report.fresh, report.read) == (before, False, 0)


def test_a_rebuild_that_changes_nothing_clears_what_a_killed_one_left(data: Path, sources: Path) -> None:
    (data / "releases" / ".building-x" / "graph").mkdir(parents=True)
    assert not build(data, sources).fresh
    assert leftovers(data) == []


def test_a_rebuild_from_nothing_gives_the_same_iris(data: Path, sources: Path, tmp_path: Path) -> None:
    build(tmp_path / "again", *sorted(sources.iterdir(), reverse=True))
    first, second = (list(item_rows(Release.open(folder).path)) for folder in (data, tmp_path / "again"))
    assert first == second


def test_a_changed_file_replaces_its_document_and_only_it_is_read(data: Path, own_sources: Path) -> None:
    build(data, own_sources)
    untouched = {row["file"]: row["iri"] for row in read_rows(Release.open(data).path / "tables", "documents")}
    (own_sources / "note.txt").write_text("Haverwick City Council\n\nCabinet 4 May 2016\n\nReport on the inspection\n")
    assert build(data, own_sources).read == 1
    (own_sources / "note.txt").write_text("Haverwick City Council\n\nCabinet 5 May 2016\n\nReport on the inspection\n")
    assert build(data, own_sources).read == 1
    now = {row["file"]: row["iri"] for row in read_rows(Release.open(data).path / "tables", "documents")}
    assert set(now) == {*untouched, "note.txt"}
    assert untouched.items() <= now.items()


@pytest.mark.slow
def test_two_builds_in_any_order_of_files_give_the_same_graph_and_the_same_iris(
    built: Path, sources: Path, tmp_path: Path
) -> None:
    files = sorted(sources.iterdir(), reverse=True)
    build(tmp_path / "other", files[1], files[0], *files[2:])
    ours, theirs = Release.open(built), Release.open(tmp_path / "other")
    assert canonical_digest(ours.path / "graph") == canonical_digest(theirs.path / "graph")
    rows = [[row["iri"] for row in read_rows(release.path / "tables", "items")] for release in (ours, theirs)]
    assert rows[0] == rows[1]


def _content(data: Path) -> dict[str, object]:
    """All of the current release that does not tell when it was made; tantivy's files go by what they answer."""
    release = Release.open(data)
    folders = ("tables", "vectors", "search", "documents")
    files = sorted(file for name in folders for file in (release.path / name).rglob("*") if file.is_file())
    searcher = Searcher.open(release.path)
    asked = [searcher.search(SearchRequest(words, limit=50)) for words in ("plans for care", "+social -care", "visits")]
    return {
        "graph": canonical_digest(release.path / "graph"),
        "answers": [[(hit.iri, round(hit.score, 6)) for hit in found.hits] for found in asked],
        **{str(file.relative_to(release.path)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
    }


def test_a_build_that_may_hold_nothing_in_memory_gives_the_same_release_and_leaves_no_file(
    built: Path, sources: Path, tmp_path: Path
) -> None:
    data = with_shared_vectors(tmp_path / "data")
    build(data, sources, memory=1)
    assert _content(data) == _content(built)
    assert {file.name for file in (data / "work").iterdir()} == {file.name for file in (built / "work").iterdir()}


def _grown(data: Path, sources: Path, folder: Path, seed: int, steps: int) -> tuple[object, object]:
    """What ``data`` holds after documents were added to its sources, changed and removed, and what a build of those
    that are left, at once and from nothing, holds. It takes along the vectors, which are the same in any company
    (``test_indexer_embedding``)."""
    rng, papers = random.Random(seed), write_samples(folder / "samples")
    for _ in range(steps):
        there = sorted(sources.iterdir())
        held = {file.read_bytes() for file in there}
        others = [paper for paper in papers if paper.read_bytes() not in held]
        step = rng.choice(("add", "change", "change", "remove")) if len(there) > 2 else "add"
        old = rng.choice(there)
        if step == "remove":
            old.unlink()
            remove_documents([str(old)], BuildOptions(data, authorities=AUTHORITIES, jobs=2, models=shared_models()))
            continue
        paper = rng.choice([other for other in others if step == "add" or other.suffix == old.suffix] or others)
        # a change: the bytes of another paper under the name that was there
        shutil.copyfile(paper, old if step == "change" and paper.suffix == old.suffix else sources / paper.name)
        build(data, sources)
    at_once = folder / "at once"
    (at_once / "work").mkdir(parents=True)
    shutil.copyfile(data / "work" / "embeddings.sqlite", at_once / "work" / "embeddings.sqlite")
    build(at_once, sources)
    return _content(data), _content(at_once)


def test_a_release_that_grew_change_by_change_equals_one_built_at_once(
    data: Path, own_sources: Path, tmp_path: Path
) -> None:
    build(data, own_sources)
    grown, at_once = _grown(data, own_sources, tmp_path, seed=4, steps=2)
    assert grown == at_once


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 16))
def test_releases_that_grew_by_many_changes_equal_those_built_at_once(
    data: Path, own_sources: Path, tmp_path: Path, seed: int
) -> None:
    build(data, own_sources)
    grown, at_once = _grown(data, own_sources, tmp_path, seed, steps=8)
    assert grown == at_once


def test_documents_of_earlier_builds_stay_until_they_are_pruned(data: Path, own_sources: Path, sources: Path) -> None:
    note = own_sources / "note.txt"
    note.write_text("Haverwick City Council\n\nCabinet 4 May 2016\n\nReport on the inspection\n")
    build(data, note)
    assert files_of(data) == {*(file.name for file in sources.iterdir()), "note.txt"}
    note.unlink()
    build(data, sources)
    assert "note.txt" in files_of(data)
    build(data, sources, prune=True)
    assert files_of(data) == {file.name for file in sources.iterdir()}


@pytest.mark.parametrize("damaged", ["tables/items.parquet", "sources.json", "manifest.json"])
def test_the_sources_of_a_damaged_release_stay_since_it_is_made_anew_of_them(
    data: Path, sources: Path, tmp_path: Path, damaged: str
) -> None:
    note = tmp_path / "note.txt"
    for day in (4, 5):  # the first is in the older of two releases alone
        older = Release.open(data)
        note.write_text(f"Haverwick City Council\n\nCabinet {day} May 2016\n\nReport on the inspection\n")
        build(data, note)
    content = (older.path / damaged).read_bytes()
    (older.path / damaged).unlink()
    (older.path / damaged).write_bytes(content[:-9])
    held = {file.name for file in (data / "sources").iterdir()}
    told = f"no source was deleted, .* release {older.id} needs"
    unclear = damaged != "tables/items.parquet"
    with pytest.raises(ReleaseError, match=told) if unclear else contextlib.nullcontext():
        prune_data(data, 5)
    assert {file.name for file in (data / "sources").iterdir()} == held
    note.write_text("Haverwick City Council\n\nCabinet 6 May 2016\n\nReport on the inspection\n")
    report = build(data, note)
    assert any(re.search(told, warning) for warning in report.warnings) == unclear
    assert held < {file.name for file in (data / "sources").iterdir()}


def test_a_file_that_becomes_unreadable_keeps_its_earlier_version_and_says_so(data: Path, own_sources: Path) -> None:
    build(data, own_sources)
    before = files_of(data)
    damaged = next(file for file in own_sources.iterdir() if file.suffix == ".pdf")
    damaged.write_bytes(damaged.read_bytes()[:500])
    report = build(data, own_sources)
    assert [failure.source for failure in report.failures] == [str(damaged)]
    assert "its earlier version stays" in report.failures[0].reason
    assert files_of(data) == before


def test_nothing_is_published_when_nothing_could_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    report = build(tmp_path / "data", tmp_path / "empty.pdf", tmp_path / "missing.pdf")
    assert report.release is None
    assert len(report.failures) == 2
    assert release_ids(tmp_path / "data") == []


def test_a_removed_document_leaves_nothing_of_it_in_the_next_release(data: Path) -> None:
    plan = next(r for r in read_rows(Release.open(data).path / "tables", "documents") if "plan" in r["file"])
    remove_documents([plan["iri"]], BuildOptions(data, models=shared_models()))
    release = Release.open(data)
    assert plan["file"] not in files_of(data)
    assert plan["iri"] in release.manifest.facts.extra["removed"]
    for pattern in ((plan["iri"], None), (None, plan["iri"])):
        subject, value = (ox.NamedNode(part) if part else None for part in pattern)
        assert not list(open_read_only(release.path / "graph").quads_for_pattern(subject, None, value, None))
    assert all(row["file"] != plan["file"] for row in item_rows(release.path))


def test_a_removed_document_that_is_built_again_is_gone_no_more(data: Path, sources: Path) -> None:
    plan = next(r for r in read_rows(Release.open(data).path / "tables", "documents") if "plan" in r["file"])
    remove_documents([plan["iri"]], BuildOptions(data, models=shared_models()))
    build(data, sources / plan["file"])
    assert plan["file"] in files_of(data)
    assert plan["iri"] not in Release.open(data).manifest.facts.extra["removed"]


@pytest.mark.slow
def test_removing_names_the_older_releases_and_pruning_ends_them(data: Path) -> None:
    before = Release.open(data)
    plan = next(r for r in read_rows(before.path / "tables", "documents") if "plan" in r["file"])
    report = remove_documents([plan["iri"]], BuildOptions(data, models=shared_models()))
    (warning,) = [w for w in report.warnings if before.id in w]
    assert plan["file"] in warning
    assert (data / "sources" / plan["sha256"]).exists()
    assert prune_data(data, 1, caches=True) == [before.id]
    assert not (data / "sources" / plan["sha256"]).exists()
    words = plan["file"].encode()
    left = [p for p in data.rglob("*") if p.is_file() and "releases" in p.parts and words in p.read_bytes()]
    assert left == []
    assert not (data / "work" / "parsed").exists()
    assert release_ids(data) == [report.release]


def test_removing_what_is_not_there_is_refused_by_name(data: Path) -> None:
    with pytest.raises(InspectgraphError, match=r"nowhere\.pdf: no document"):
        remove_documents(["nowhere.pdf"], BuildOptions(data, models=shared_models()))


@pytest.mark.parametrize("after", [1.0, 3.0])
def test_a_killed_build_leaves_the_old_release_and_the_next_build_is_whole(
    data: Path, own_sources: Path, after: float
) -> None:
    before = Release.open(data).id
    for number in range(3):
        (own_sources / f"note{number}.txt").write_text(
            f"Haverwick City Council\n\nCabinet\n4 May 201{number}\n\nReport\n"
        )
    command = [sys.executable, "-m", "webapp.cli", "build", str(own_sources), "--data", str(data)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(after)
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    release = Release.open(data, check="hashes")
    assert release.damage == ()
    assert release.id >= before
    build(data, own_sources)
    assert files_of(data) == {file.name for file in own_sources.iterdir()}
    assert not [entry for entry in (data / "releases").iterdir() if entry.name.startswith(".")]


def test_a_question_is_understood_as_those_of_its_themes_that_the_best_answers_bear_out(built: Path) -> None:
    asked = "Team managers must record the reasons for their decisions and check that agreed actions were carried out."
    response = Searcher.open(Release.open(built).path).search(SearchRequest(asked))
    assert len(response.hits) >= 10
    assert response.themes == ("management-oversight",)
