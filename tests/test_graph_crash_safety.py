"""Killed at any step or refused by the disk, an operation on the data folder loses nothing that it had acknowledged.

The full campaigns are ``benchmarks/crash_safety.py`` and ``benchmarks/damaged_releases.py``.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.damaged_releases import undetected
from graph.release import Release, backup, restore
from graph.steps import STEPS
from graph.store import canonical_digest
from tests.crash_trials import (
    SCENARIOS,
    Scenario,
    fail_every_file_operation,
    forked,
    full_disk,
    kill_at_every_step,
    kill_at_random,
    limited_files,
    prepare,
    publish,
    state,
)

pytestmark = [pytest.mark.alone, pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]


@pytest.fixture
def scenario(request: pytest.FixtureRequest, tmp_path: Path) -> Scenario:
    return Scenario(request.param, tmp_path)


every_operation = pytest.mark.parametrize("scenario", SCENARIOS, indirect=True)


@every_operation
def test_killed_at_any_named_step_nothing_is_lost_and_the_next_run_is_whole(scenario: Scenario) -> None:
    tally = kill_at_every_step(scenario, 1, random.Random(3))
    assert tally.broken is None
    assert tally.killed == tally.trials >= 2


@pytest.mark.slow
@every_operation
def test_killed_at_any_instant_nothing_is_lost_and_the_next_run_is_whole(scenario: Scenario) -> None:
    tally = kill_at_random(scenario, 25, random.Random(4))
    assert tally.broken is None
    assert tally.killed > 5


@pytest.mark.parametrize("stride", [12, pytest.param(3, marks=pytest.mark.slow)])
@every_operation
def test_a_disk_that_refuses_any_one_operation_is_told_and_loses_nothing(scenario: Scenario, stride: int) -> None:
    tally = fail_every_file_operation(scenario, stride)
    assert tally.broken is None
    assert tally.trials >= (1 if stride == 12 else 2)


@pytest.mark.parametrize(
    "steps", [{"linked", "stored", "graph copied"}, pytest.param(None, marks=pytest.mark.slow)], ids=["few", "all"]
)
def test_a_build_that_is_killed_leaves_the_old_release_and_the_next_build_makes_up(
    tmp_path: Path, steps: set[str] | None
) -> None:
    from tests.crash_builds import PipelineScenario

    tally = kill_at_every_step(PipelineScenario("build", tmp_path), 1, random.Random(6), steps)
    assert tally.broken is None
    assert tally.killed == tally.trials >= 3


@pytest.mark.slow
def test_a_removal_that_is_killed_is_done_or_not_done_and_never_half(tmp_path: Path) -> None:
    from tests.crash_builds import PipelineScenario

    tally = kill_at_every_step(PipelineScenario("remove", tmp_path), 1, random.Random(7))
    assert tally.broken is None
    assert tally.killed == tally.trials >= 3


def test_every_named_step_outside_the_build_is_passed_by_one_of_these_operations(tmp_path: Path) -> None:
    passed = set()
    for name in SCENARIOS:
        (tmp_path / name).mkdir()
        passed |= set(Scenario(name, tmp_path / name).steps())
    named = {(operation, step) for operation, steps in STEPS.items() if operation != "build" for step in steps}
    assert named <= passed


@pytest.mark.slow
@pytest.mark.parametrize("size", [100, 3_000, 20_000, 60_000])
def test_writes_that_the_disk_cuts_short_leave_the_old_release(tmp_path: Path, size: int) -> None:
    """The limit on file sizes reaches what RocksDB, FAISS and tantivy write in native code."""
    forked(lambda: prepare(tmp_path / "data"))
    outcome = limited_files(lambda: publish(tmp_path / "data", 3), size)
    assert not outcome.acknowledged
    assert forked(lambda: state(tmp_path / "data"))[1][1][1] == 2
    assert forked(lambda: publish(tmp_path / "data", 4) and state(tmp_path / "data"))[1][1][1] == 4


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={request.param}k", "tmpfs", str(mount)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("no right to mount a small file system here")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.parametrize("small_disk", [8000], indirect=True)
@pytest.mark.parametrize("name", SCENARIOS)
def test_an_operation_that_fills_the_disk_at_any_point_is_told_and_loses_nothing(small_disk: Path, name: str) -> None:
    tally = full_disk(Scenario(name, small_disk), small_disk, range(0, 150_000, 30_000))
    assert tally.broken is None
    # pruning needs no room, and a correction fits into the last page of its journal
    assert tally.refused >= (0 if name in {"prune", "correct"} else 1)


@pytest.mark.parametrize("small_disk", [8000], indirect=True)
def test_pruning_gives_a_full_disk_its_space_back(small_disk: Path) -> None:
    tally = full_disk(Scenario("prune", small_disk), small_disk, [0])
    assert tally.broken is None
    assert tally.refused == 0


def test_a_tenth_of_two_thousand_damages_is_detected_before_use(tmp_path: Path) -> None:
    forked(lambda: prepare(tmp_path / "data"))
    tried, missed = undetected(tmp_path / "data", 200, random.Random(5))
    assert missed == []
    assert len(tried) == 4


def test_backups_made_while_releases_come_and_go_restore_to_the_graph_that_they_name(tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare(data)
    digests = {Release.open(data).id: canonical_digest(Release.open(data).path / "graph")}
    stop = threading.Event()

    def build() -> None:
        number = 3
        while not stop.is_set():
            made = publish(data, number, keep=2)
            digests[made.id] = canonical_digest(made.path / "graph")
            number += 1

    builder = threading.Thread(target=build)
    builder.start()
    try:
        saved = [backup(data, tmp_path / f"{turn}.tar").id for turn in range(4)]
    finally:
        stop.set()
        builder.join()
    for turn, identifier in enumerate(saved):
        restored = restore(tmp_path / f"{turn}.tar", tmp_path / f"fresh{turn}")
        assert restored.id == identifier
        assert canonical_digest(restored.path / "graph") == digests[identifier]
