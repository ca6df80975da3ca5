"""Hostile queries, made in many shapes, and a siege with them: for the test and for ``benchmarks/hostile_queries.py``.

Attackers are processes of their own, so that what a bystander measures is the server and not the attackers' Python:

    python -m tests.hostile_queries PORT CLIENT NUMBER SEED ADDRESS    writes a tally as JSON
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.sparql_service import Service

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


def joined_paths(rolls: random.Random, _: str) -> str:
    """Joins that take the engine seconds to put in order, over no data at all."""
    joins = "?s <a:p>/<a:q> ?one , ?two . " * rolls.randint(50, 300)
    return f"SELECT ?one ?two (COUNT(DISTINCT ?s) AS ?n) {{ {joins} }} GROUP BY ?one ?two"


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
    "joined paths": (joined_paths, 1),
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
    """What came of an attack: outcomes, outcomes by "shape: outcome", the longest that one took, and what had no
    answer at all."""

    outcomes: Counter[str] = field(default_factory=Counter)
    by_shape: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    slowest_shape: str = ""
    lost: list[str] = field(default_factory=list)

    def add(self, shape: str, outcome: str, seconds: float) -> None:
        self.outcomes[outcome] += 1
        self.by_shape[f"{shape}: {outcome}"] += 1
        if seconds > self.slowest:
            self.slowest, self.slowest_shape = seconds, shape

    def merge(self, other: Mapping[str, object]) -> None:
        tally = Tally(**other)  # type: ignore[arg-type]
        self.outcomes.update(tally.outcomes)
        self.by_shape.update(tally.by_shape)
        self.lost += tally.lost
        if tally.slowest > self.slowest:
            self.slowest, self.slowest_shape = tally.slowest, tally.slowest_shape


@dataclass(frozen=True)
class Siege:
    """``quiet`` and ``meanwhile``: seconds that each of the bystander's easy questions took, before and after the
    attack, and during it. ``calls``: connections that reached the listener that hostile queries name."""

    tally: Tally
    quiet: list[float]
    meanwhile: list[float]
    calls: int

    def summary(self) -> str:
        quiet, meanwhile = self.quiet, self.meanwhile
        return (
            f"{self.tally.outcomes.total():,} queries in {len(SHAPES)} shapes: {dict(self.tally.outcomes)}; slowest "
            f"{self.tally.slowest:.2f} s ({self.tally.slowest_shape}); {self.calls} calls out; bystander median "
            f"{statistics.median(quiet) * 1e3:.1f} → {statistics.median(meanwhile) * 1e3:.1f} ms, p95 "
            f"{percentile(quiet, 0.95) * 1e3:.1f} → {percentile(meanwhile, 0.95) * 1e3:.1f} ms "
            f"({len(quiet)} and {len(meanwhile)} questions)"
        )


def made(number: int, seed: str, address: str) -> list[tuple[str, str]]:
    """Queries with the names of their shapes; ``address`` is what those name that would call out."""
    rolls = random.Random(seed)
    shapes = rolls.choices(list(SHAPES), [weight for _, weight in SHAPES.values()], k=number)
    return [(shape, SHAPES[shape][0](rolls, address)) for shape in shapes]


def attack(service: Service, queries: list[tuple[str, str]], client: str) -> Tally:
    tally = Tally()
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
    return tally


def invented_triples() -> bytes:
    """Enough for a cross join to be heavy: 4,000 triples as N-Triples."""
    lines = [f'<https://example.org/s/{i}> <https://example.org/p{i % 5}> "text {i}" .' for i in range(2000)]
    lines += [
        f"<https://example.org/s/{i}> <https://example.org/p{i % 5}> <https://example.org/s/{i * 7 % 2000}> ."
        for i in range(2000)
    ]
    return "\n".join(lines).encode()


def besiege(service: Service, number: int, attackers: int, easy: str) -> Siege:
    """Attack with so many clients while a bystander goes on asking ``easy``."""
    own = "127.0.0.99"
    quiet = [_asked(service, easy, own) for _ in range(150)]
    meanwhile: list[float] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        command = [sys.executable, "-m", "tests.hostile_queries", str(service.port)]
        root = Path(__file__).parents[1]
        processes = [
            subprocess.Popen(
                [*command, f"127.0.1.{i + 1}", str(number // attackers), f"attacker {i}", address],
                stdout=subprocess.PIPE,
                cwd=root,
                env=os.environ | {"PYTHONPATH": str(root)},
            )
            for i in range(attackers)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        while any(process.poll() is None for process in processes):
            meanwhile.append(_asked(service, easy, own))
            time.sleep(0.02)
        tally = Tally()
        for process in processes:
            tally.merge(json.loads(process.communicate()[0]))
        listener.settimeout(0.2)
        calls = 0
        with contextlib.suppress(TimeoutError):
            while True:
                listener.accept()[0].close()
                calls += 1
    quiet += [_asked(service, easy, own) for _ in range(150)]
    return Siege(tally, quiet, meanwhile, calls)


def _asked(service: Service, query: str, client: str) -> float:
    started = time.monotonic()
    reply = service.get(query, client=client)
    assert reply.status == 200, reply.text
    return time.monotonic() - started


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))]


if __name__ == "__main__":
    port, client, number, seed, address = sys.argv[1:]
    queries = made(int(number), seed, address)
    print("ready", flush=True)
    print(json.dumps(vars(attack(Service(int(port), 0), queries, client))))
