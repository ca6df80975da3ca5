"""Hostile queries, made in many shapes, from many clients: the server stays up, calls nobody, and serves the others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile_queries import SHAPES, besiege, invented_triples
from tests.sparql_service import Service, publish, serving

SECONDS, WAIT = 0.4, 0.5
EASY = "SELECT ?o { <https://example.org/s/7> ?p ?o }"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = publish(tmp_path_factory.mktemp("data"), {"https://example.org/g": invented_triples()}).path
    with serving(folder / "graph", seconds=SECONDS, memory=256 << 20, wait_seconds=WAIT) as running:
        yield running


def judged(service: Service, number: int, attackers: int) -> None:
    siege = besiege(service, number, attackers, EASY)
    print(siege.summary())
    for outcome, count in sorted(siege.tally.by_shape.items()):
        print(f"  {outcome} × {count}")
    assert siege.calls == 0
    assert not siege.tally.lost
    assert siege.tally.outcomes.total() == number // attackers * attackers
    assert set(siege.tally.outcomes) <= {"200", "400", "413", "422", "503", "504", "cut"}
    assert siege.tally.slowest < SECONDS + WAIT + 1
    assert service.get("ASK {}").status == 200
    assert Path(f"/proc/{service.pid}").exists()


def test_a_thousand_hostile_queries_harm_nobody(service: Service) -> None:
    assert len(SHAPES) >= 15
    judged(service, 1000, 2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_hostile_queries_harm_nobody(service: Service) -> None:
    judged(service, 10_000, 4)


def test_every_shape_is_answered_with_a_status_of_its_kind(service: Service) -> None:
    rolls = random.Random(5)
    for name, status in {"updates": 400, "too long": 413}.items():
        assert service.post(SHAPES[name][0](rolls, "http://127.0.0.1:9/")).status == status
    deep = "SELECT ?x { BIND(" + "(" * 5000 + "1" + ")" * 5000 + " AS ?x) }"
    assert service.post(deep).status == 400
