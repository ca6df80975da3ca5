"""Hostile queries, made in many shapes, from many clients: the server stays up, calls nobody, and serves the others."""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.sparql_service import Service, publish, serving

SECONDS, WAIT = 0.4, 0.5
Shape = Callable[[random.Random, str], str]


def nested(opening: str, closing: str, least: int, most: int, head: str, tail: str, core: str = "1") -> Shape:
    def make(rolls: random.Random, _: str) -> str:
        depth = rolls.randint(least, most)
        return head + opening * depth + core + closing * depth + tail

    return make


def repeated(head: str, unit: str, tail: str) -> Shape:
    def make(rolls: random.Random, _: str) -> str:
        return head + unit * (rolls.randint(100, 31_000) // len(unit)) + tail

    return make


def cross_join(rolls: random.Random, _: str) -> str:
    count = rolls.randint(3, 6)
    joins = " ".join(f"?s{i} ?p{i} ?o{i} ." for i in range(count))
    ends = [
        "SELECT (COUNT(*) AS ?n) {{ {0} }}",
        "SELECT * {{ {0} }} ORDER BY ?o0",
        "SELECT DISTINCT ?o0 ?o1 ?o2 {{ {0} }}",
    ]
    ends += ["SELECT * {{ {0} }}", "CONSTRUCT {{ ?s0 ?p1 ?o2 }} WHERE {{ {0} }}", "ASK {{ {0} FILTER(?o0 = 'none') }}"]
    return rolls.choice(ends).format(joins)


def doubling(rolls: random.Random, _: str) -> str:
    steps = rolls.randint(20, 40)
    binds = "".join(f"BIND(CONCAT(?a{i}, ?a{i}) AS ?a{i + 1}) " for i in range(steps))
    return f"SELECT (STRLEN(?a{steps}) AS ?n) {{ BIND('aaaaaaaaaa' AS ?a0) {binds} }}"


def long_path(rolls: random.Random, _: str) -> str:
    operator = rolls.choice(["/", "|"])
    steps = operator.join(f"<https://example.org/p{rolls.randrange(5)}>*" for _ in range(rolls.randint(2, 300)))
    return f"SELECT * {{ ?a {steps} ?b }}"


def regexes(rolls: random.Random, _: str) -> str:
    pattern = rolls.choice(
        ["(a+)+$", "(a|a)*b", "(.*)*x", "a{1,1000}" * 5, "(?:" * 200 + "a" + ")" * 200, "[", "\\\\p{L}{500}"]
    )
    return (
        f"SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o . ?t ?q ?r FILTER(REGEX(CONCAT(STR(?o), '{'a' * 500}'), '{pattern}')) }}"
    )


def calls_out(rolls: random.Random, address: str) -> str:
    templates = [
        "SELECT * {{ SERVICE <{0}> {{ ?s ?p ?o }} }}",
        "SELECT * {{ SERVICE SILENT <{0}> {{ ?s ?p ?o }} }}",
        "SELECT * {{SERVICESILENT<{0}>{{?s ?p ?o}}}}",
        "SELECT * {{ ?s ?p trueSERVICE<{0}>{{?s ?p ?o}} }}",
        "PREFIX:<{0}>SELECT*{{SERVICE:x{{?s ?p ?o}}}}",
        "SELECT * FROM <{0}> {{ ?s ?p ?o }} LIMIT 5",
        "SELECT * FROM NAMED <{0}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
        "LOAD <{0}>",
        "LOAD SILENT <{0}> INTO GRAPH <https://example.org/g>",
        "SELECT * {{ BIND(IRI('{0}') AS ?g) SERVICE ?g {{ ?s ?p ?o }} }}",
        "ASK {{ FILTER EXISTS {{ SERVICE <{0}> {{ ?s ?p ?o }} }} }}",
        "SELECT * FROM <file:///etc/passwd> {{ ?s ?p ?o }} LIMIT 5",
        "SELECT (<{0}>(1) AS ?x) {{}}",
        "DESCRIBE <{0}>",
    ]
    return rolls.choice(templates).format(address)


def updates(rolls: random.Random, _: str) -> str:
    templates = [
        "INSERT DATA { <a:s> <a:p> 1 }",
        "DELETE WHERE { ?s ?p ?o }",
        "CLEAR ALL",
        "DROP ALL",
        "CREATE GRAPH <a:g>",
    ]
    return rolls.choice(["", "# SELECT\n", "PREFIX a: <a:>\n", "BASE <a:>"]) + rolls.choice(templates)


def broken(rolls: random.Random, _: str) -> str:
    """A sound query with a few characters changed, cut or doubled."""
    text = list(
        "PREFIX ex: <https://example.org/> SELECT DISTINCT ?s (COUNT(?o) AS ?n) { ?s ex:p ?o OPTIONAL "
        "{ ?s ex:q 'text'@en, 1.5e3, true } FILTER(?o < 3 && REGEX(STR(?s), 'x')) } GROUP BY ?s HAVING(?n > 1)"
    )
    for _ in range(rolls.randint(1, 12)):
        at = rolls.randrange(len(text))
        text[at] = rolls.choice(
            ["", text[at] * 2, chr(rolls.randrange(1, 0x3000)), rolls.choice("{}()[]<>\"'\\;,.?$@^|&!")]
        )
    return "".join(text)


def noise(rolls: random.Random, _: str) -> str:
    return "".join(
        chr(rolls.choice([rolls.randrange(1, 128), rolls.randrange(0x20, 0xD7FF)]))
        for _ in range(rolls.randint(1, 2000))
    )


def many_values(rolls: random.Random, _: str) -> str:
    values = " ".join(str(i) for i in range(rolls.randint(10, 4000)))
    return (
        f"SELECT (COUNT(*) AS ?n) {{ VALUES ?a {{ {values} }} VALUES ?b {{ {values[:9000]} }} VALUES ?c {{ 1 2 3 }} }}"
    )


def nested_queries(rolls: random.Random, _: str) -> str:
    depth = rolls.randint(2, 100)
    kind = rolls.choice(
        ["{SELECT * ", "OPTIONAL ", "FILTER NOT EXISTS ", "MINUS ", "GRAPH ?g ", "{} UNION ", "LATERAL "]
    )
    closing = "}}" if kind.startswith("{S") else "}"
    return "SELECT * {" + f"{kind}{{ ?s ?p ?o . " * depth + closing * depth + "}"


def too_long(rolls: random.Random, _: str) -> str:
    return "SELECT * {} #" + "x" * rolls.randint(33_000, 200_000)


def aggregates(rolls: random.Random, _: str) -> str:
    function = rolls.choice(
        ["GROUP_CONCAT(CONCAT(?o, ?r))", "SAMPLE(?r)", "COUNT(DISTINCT CONCAT(?o, ?r))", "SUM(STRLEN(?o))"]
    )
    return f"SELECT ?p ({function} AS ?x) {{ ?s ?p ?o . ?t ?q ?r }} GROUP BY ?p ORDER BY ?x"


def clauses(rolls: random.Random, _: str) -> str:
    head = "PREFIX ig: <https://w3id.org/inspectgraph/ontology#> SELECT * { "
    pieces = [
        "SERVICE ig:search {",
        "?x",
        "ig:query",
        "'text'",
        ";",
        "ig:limit",
        "20",
        "}",
        "ig:score",
        "?s",
        ",",
        "<",
        '"""',
        "{",
    ]
    return head + " ".join(rolls.choice(pieces) for _ in range(rolls.randint(1, 60)))


#: Shape → how often: those that use up their time are rarer, so that a run is mostly many and not mostly waiting.
SHAPES: dict[str, tuple[Shape, int]] = {
    "parentheses": (nested("(", ")", 10, 15_000, "SELECT ?x { BIND(", " AS ?x) }"), 6),
    "braces": (nested("{", "}", 10, 15_000, "SELECT * ", "", ""), 6),
    "collections": (nested("(", ")", 5, 5_000, "SELECT * { ?s ?p ", "}"), 6),
    "functions": (nested("ABS(", ")", 5, 6_000, "SELECT (", " AS ?x) {}"), 6),
    "negations": (repeated("SELECT ?x { FILTER(", "!", "true) }"), 6),
    "sums": (repeated("SELECT ?x { BIND(1", "+1", " AS ?x) }"), 1),
    "conditions": (repeated("SELECT ?x { FILTER(1", "||1", ") }"), 1),
    "unions": (repeated("SELECT ?x { {}", "UNION{}", " }"), 1),
    "minuses": (repeated("SELECT ?x { ", "MINUS{}", " }"), 4),
    "cross joins": (cross_join, 1),
    "doubling": (doubling, 1),
    "paths": (long_path, 1),
    "regexes": (regexes, 1),
    "calls out": (calls_out, 16),
    "updates": (updates, 8),
    "broken": (broken, 16),
    "noise": (noise, 12),
    "values": (many_values, 1),
    "nested queries": (nested_queries, 6),
    "too long": (too_long, 4),
    "aggregates": (aggregates, 1),
    "clauses": (clauses, 10),
}


@dataclass
class Tally:
    """What came of an attack."""

    statuses: Counter[str] = field(default_factory=Counter)
    by_shape: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: float = 0.0
    lost: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, shape: str, outcome: str, seconds: float) -> None:
        with self.lock:
            self.statuses[outcome] += 1
            self.by_shape[shape, outcome] += 1
            self.slowest = max(self.slowest, seconds)


def made(number: int, seed: str, address: str) -> list[tuple[str, str]]:
    """Queries with the names of their shapes."""
    rolls = random.Random(seed)
    shapes = rolls.choices(list(SHAPES), [weight for _, weight in SHAPES.values()], k=number)
    return [(shape, SHAPES[shape][0](rolls, address)) for shape in shapes]


def attack(service: Service, queries: list[tuple[str, str]], client: str, tally: Tally) -> None:
    for shape, query in queries:
        started = time.monotonic()
        try:
            outcome = str(service.post(query, "*/*", client=client).status)
        except http.client.IncompleteRead:
            outcome = "cut"
        except (OSError, http.client.HTTPException) as err:
            outcome = f"lost: {type(err).__name__}"
            tally.lost.append(f"{shape}: {err!r}: {query[:200]}")
        tally.add(shape, outcome, time.monotonic() - started)


def quick(service: Service, client: str) -> float:
    started = time.monotonic()
    reply = service.get("SELECT ?o { <https://example.org/s/7> ?p ?o }", client=client)
    assert reply.status == 200, reply.text
    return time.monotonic() - started


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    lines = [f'<https://example.org/s/{i}> <https://example.org/p{i % 5}> "text {i}" .' for i in range(2000)]
    lines += [
        f"<https://example.org/s/{i}> <https://example.org/p{i % 5}> <https://example.org/s/{i * 7 % 2000}> ."
        for i in range(2000)
    ]
    folder: Path = publish(tmp_path_factory.mktemp("data"), {"https://example.org/g": "\n".join(lines).encode()}).path
    with serving(folder / "graph", seconds=SECONDS, memory=256 << 20, wait_seconds=WAIT) as running:
        yield running


def besiege(service: Service, number: int, attackers: int) -> tuple[Tally, list[float], list[float], int]:
    """Attack with so many clients while a bystander asks easy questions: times of his before and meanwhile."""
    tally = Tally()
    quiet = [quick(service, "127.0.0.99") for _ in range(60)]
    meanwhile: list[float] = []
    calls = 0
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        threads = []
        for client in [f"127.0.1.{i + 1}" for i in range(attackers)]:
            queries = made(number // attackers, client, address)
            threads.append(threading.Thread(target=attack, args=(service, queries, client, tally)))
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            meanwhile.append(quick(service, "127.0.0.99"))
            time.sleep(0.02)
        for thread in threads:
            thread.join()
        listener.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            listener.accept()
            calls += 1
    return tally, quiet, meanwhile, calls


def judged(service: Service, number: int, attackers: int) -> None:
    tally, quiet, meanwhile, calls = besiege(service, number, attackers)
    print(
        f"{number} queries in {len(SHAPES)} shapes: {dict(tally.statuses)}, slowest {tally.slowest:.2f} s; "
        f"bystander median {statistics.median(quiet) * 1e3:.1f} → {statistics.median(meanwhile) * 1e3:.1f} ms, "
        f"p95 {percentile(quiet, 0.95) * 1e3:.1f} → {percentile(meanwhile, 0.95) * 1e3:.1f} ms of {len(meanwhile)}"
    )
    for (shape, outcome), count in sorted(tally.by_shape.items()):
        print(f"  {shape}: {outcome} × {count}")
    assert calls == 0
    assert not tally.lost
    assert sum(tally.statuses.values()) == number // attackers * attackers
    assert set(tally.statuses) <= {"200", "400", "413", "422", "503", "504", "cut"}
    assert tally.slowest < SECONDS + WAIT + 1
    assert service.get("ASK {}").status == 200
    assert Path(f"/proc/{service.pid}").exists()


def test_a_thousand_hostile_queries_harm_nobody(service: Service) -> None:
    assert len(SHAPES) >= 15
    judged(service, 1000, 2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_hostile_queries_harm_nobody(service: Service) -> None:
    judged(service, 10_000, 3)


def test_every_shape_is_answered_with_a_status_of_its_kind(service: Service) -> None:
    rolls = random.Random(5)
    for name, status in {"updates": 400, "too long": 413}.items():
        assert service.post(SHAPES[name][0](rolls, "http://127.0.0.1:9/")).status == status
    deep = "SELECT ?x { BIND(" + "(" * 5000 + "1" + ")" * 5000 + " AS ?x) }"
    assert service.post(deep).status == 400
