"""Fixtures of several modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.alone import pytest_runtest_protocol as pytest_runtest_protocol
from tests.graph_servers import KINDS, GraphServer, graph_server

# how long an example takes says what else the machine does
settings.register_profile("inspectgraph", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("inspectgraph")


@pytest.fixture(
    scope="session",
    params=[kind if kind == "embedded" else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS],
)
def server(request: pytest.FixtureRequest) -> Iterator[GraphServer]:
    """What the graph is served by: the same tests run over each."""
    with graph_server(request.param) as started:
        yield started


@pytest.fixture(scope="module")
def graph_settings(server: GraphServer) -> dict[str, Any]:
    """The settings by which a release of this module is published and served."""
    return server.settings()
