"""Fixtures of several modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.alone import pytest_runtest_protocol as pytest_runtest_protocol
from tests.back_ends import GRAPH_KINDS, KINDS, BackEnd, running

# how long an example takes says what else the machine does
settings.register_profile("inspectgraph", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("inspectgraph")


def _slow_but_embedded(kinds: Iterable[str]) -> list[Any]:
    return [kind if kind == "embedded" else pytest.param(kind, marks=pytest.mark.slow) for kind in kinds]


@pytest.fixture(scope="session", params=_slow_but_embedded(KINDS))
def back_end(request: pytest.FixtureRequest) -> Iterator[BackEnd]:
    """What graph and search are served by: the same tests run over each."""
    with running(request.param) as started:
        yield started


@pytest.fixture(scope="session", params=_slow_but_embedded(GRAPH_KINDS))
def graph_back_end(request: pytest.FixtureRequest) -> Iterator[BackEnd]:
    """What the graph alone is served by."""
    with running(request.param) as started:
        yield started


@pytest.fixture(scope="module")
def back_end_settings(back_end: BackEnd) -> dict[str, Any]:
    """The settings by which a release of this module is published and served."""
    return back_end.settings()
