"""A Ray cluster of several nodes on this machine builds what one process does, though workers and a node are killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from graph.cluster import ClusterExecutor
from graph.ingest import Failure, LocalExecutor, ParseTask, SourceStore, find_sources, parse_all
from graph.isolation import Limits
from graph.release import Release
from graph.store import open_read_only
from indexer.build_options import BuildOptions
from indexer.cluster import SHARDS, ShardedIndex, write_shards
from indexer.embedding import ModelIdentity
from indexer.pipeline import build_release
from indexer.search import Searcher, SearchRequest
from indexer.vector import in_memory_index
from tests.back_ends import ray_cluster
from tests.samples import make_samples
from tests.shared_models import shared_models

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AUTHORITIES = Path(__file__).parent / "samples/authorities.csv"


@pytest.fixture(scope="module")
def cluster() -> Any:
    """A head and two nodes of two processors each."""
    pytest.importorskip("ray", reason="the extra cluster is not installed: make setup-cluster")
    return ray_cluster()


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dozen of the invented papers, and one that cannot be read."""
    everything, some = tmp_path_factory.mktemp("all"), tmp_path_factory.mktemp("papers")
    for file in make_samples.write_samples(everything)[:24]:
        shutil.copy(file, some / file.name)
    (some / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    return some


def workers_of(node: Any) -> list[int]:
    """Process ids of a node's workers: the children of its raylet."""
    [raylet] = node.all_processes["raylet"]
    parent = raylet.process.pid
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                command = (entry / "cmdline").read_bytes()
                if command.startswith(b"ray::"):
                    found.append(int(entry.name))
    return found


def parsed(folder: Path, data: Path, executor: ClusterExecutor | None, told: Any = lambda fresh: None) -> Any:
    sources, _ = find_sources([folder])
    (data / "work").mkdir(parents=True, exist_ok=True)
    options = BuildOptions(data)
    used = executor or LocalExecutor(2, options.limits)
    return parse_all(
        sources, SourceStore(data / "sources"), data / "work" / "parsed", used, authorities=AUTHORITIES, progress=told
    )


def test_workers_and_a_node_killed_in_the_middle_lose_and_double_nothing(
    cluster: Any, papers: Path, tmp_path: Path
) -> None:
    here, local_failures = parsed(papers, tmp_path / "local", None)
    first, second = [node for node in cluster.list_all_nodes() if node is not cluster.head_node]
    counted: list[bool] = []
    killed: list[int] = []

    def disturb(fresh: bool) -> None:
        counted.append(fresh)
        if len(counted) == 3:
            for pid in workers_of(first):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        if len(counted) == 8:
            cluster.remove_node(second, allow_graceful=False)

    there, failures = parsed(papers, tmp_path / "cluster", ClusterExecutor(cluster.address), disturb)
    assert killed
    assert [(failure.source, failure.reason) for failure in failures] == [
        (failure.source, failure.reason) for failure in local_failures
    ]
    assert [source for source, _ in there] == [source for source, _ in here]
    assert [kept.load() for _, kept in there] == [kept.load() for _, kept in here]
    assert len({source.sha256 for source, _ in there}) == len(there) == 24
    assert len(counted) == len(there) + len(failures)
    cluster.add_node(num_cpus=2, object_store_memory=200 << 20)
    again: list[bool] = []
    parsed(papers, tmp_path / "cluster", ClusterExecutor(cluster.address), again.append)
    assert sum(again) == 0  # everything was kept under its content


def test_a_release_built_on_the_cluster_is_the_one_built_here(cluster: Any, papers: Path, tmp_path: Path) -> None:
    common = {"authorities": AUTHORITIES, "models": shared_models(), "jobs": 2}
    here = build_release([papers], BuildOptions(tmp_path / "here", **common))
    there = build_release(
        [papers], BuildOptions(tmp_path / "there", cluster=cluster.address, vector_shards=2, **common)
    )
    assert there.counts == here.counts
    one, other = Release.open(tmp_path / "here").path, Release.open(tmp_path / "there").path
    assert {str(quad) for quad in open_read_only(one / "graph")} == {
        str(quad) for quad in open_read_only(other / "graph")
    }
    np.testing.assert_array_equal(np.load(one / "vectors/vectors.npy"), np.load(other / "vectors/vectors.npy"))
    assert pq.read_table(one / "tables/items.parquet").equals(pq.read_table(other / "tables/items.parquet"))
    whole, cut = Searcher.open(one), Searcher.open(other, shards=cluster.address)
    for text in ("supervision of social workers", "children who go missing", "health assessments"):
        answer, other_answer = (searcher.search(SearchRequest(text, limit=30)) for searcher in (whole, cut))
        assert [hit.iri for hit in answer.hits] == [hit.iri for hit in other_answer.hits]
        assert answer.total == other_answer.total


def test_shards_find_what_one_index_finds_also_after_one_was_killed(cluster: Any, tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    vectors = generator.normal(size=(3_000, 48)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    write_shards(vectors, ModelIdentity("test", "0", "none", "f32", 48), tmp_path / SHARDS, 3)
    whole, cut = in_memory_index(vectors), ShardedIndex(tmp_path / SHARDS, cluster.address)
    mask = generator.random(3_000) < 0.3
    rows = generator.integers(0, 3_000, 40)

    def same() -> None:
        for given in (None, mask):
            mine, theirs = whole.search(vectors[:20], 10, given), cut.search(vectors[:20], 10, given)
            np.testing.assert_allclose(mine.scores, theirs.scores, atol=1e-6)
            assert (mine.rows == theirs.rows).mean() > 0.99
            np.testing.assert_array_equal(
                whole.within(vectors[:1], 0.3, given)[0], cut.within(vectors[:1], 0.3, given)[0]
            )
        np.testing.assert_array_equal(whole.vectors(rows), cut.vectors(rows))

    same()
    import ray

    ray.kill(cut.shards[1], no_restart=False)
    same()


def test_a_document_that_never_ends_is_a_failure_and_not_the_end(cluster: Any, tmp_path: Path) -> None:
    executor = ClusterExecutor(cluster.address, Limits(seconds=1))
    file = tmp_path / "slow.txt"
    file.write_text("x")

    task = msgspec.json.encode(ParseTask(str(file), {}, None)).decode()
    [(index, result)] = list(executor.run(sleeping, [task]))
    assert index == 0
    assert isinstance(result, Failure)
    assert "did not end within" in result.reason


@pytest.mark.parametrize("times", [1, 2])
def test_a_document_whose_parser_dies_is_begun_again_once(cluster: Any, tmp_path: Path, times: int) -> None:
    file, deaths = tmp_path / "some.txt", tmp_path / "deaths"
    file.write_text("x")
    deaths.mkdir()
    executor = ClusterExecutor(cluster.address)
    task = msgspec.json.encode(ParseTask(str(file), {"deaths": str(deaths), "times": str(times)}, None)).decode()
    [(index, result)] = list(executor.run(dying, [task]))
    assert index == 0
    assert len(list(deaths.iterdir())) == times
    assert result == b"read" if times == 1 else isinstance(result, Failure)


def dying(task: str) -> bytes:
    given = msgspec.json.decode(task, type=ParseTask).metadata
    deaths = Path(given["deaths"])
    if len(list(deaths.iterdir())) < int(given["times"]):
        (deaths / str(os.getpid())).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return b"read"


def sleeping(task: str) -> bytes:
    time.sleep(60)
    return b""
