"""Tests marked ``alone`` run in an interpreter of their own: they fork, and a process that has used an engine with
threads of its own (RocksDB, OpenVINO) must not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

_INSIDE = "INSPECTGRAPH_TEST_ALONE"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if item.get_closest_marker("alone") is None or _INSIDE in os.environ:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    item.ihook.pytest_runtest_logreport(report=_report(item))
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _report(item: pytest.Item) -> pytest.TestReport:
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-n", "0", item.nodeid]
    started = time.time()
    done = subprocess.run(
        command, cwd=item.config.rootpath, env=os.environ | {_INSIDE: "1"}, capture_output=True, text=True
    )
    ended = time.time()
    told = done.stdout + done.stderr
    longrepr: str | tuple[str, int, str] | None = None
    outcome = "passed" if done.returncode == 0 else "failed"
    if outcome == "failed":
        longrepr = told
    elif " passed" not in done.stdout:
        outcome = "skipped"
        reason = next((line for line in done.stdout.splitlines() if line.startswith("SKIPPED")), told)
        longrepr = (str(Path(item.location[0])), item.location[1] or 0, reason)
    return pytest.TestReport(
        item.nodeid,
        item.location,
        {},
        outcome,  # type: ignore[arg-type]
        longrepr,
        "call",
        duration=ended - started,
        start=started,
        stop=ended,
    )
