"""Workers answer, end on time, cannot reach the network, and are replaced whatever becomes of them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import ReleaseError
from graph.store import OxigraphStore
from webapp.sparql.answers import Answer
from webapp.sparql.engine import Dataset, SparqlEngine
from webapp.sparql.errors import Busy, EvaluationFailed, LimitExceeded, MalformedQuery, QueryError, TimeExceeded
from webapp.sparql.limits import Limits
from webapp.sparql.nursery import Task
from webapp.sparql.worker_process import ROW_COUNTERS
from webapp.sparql.workers import Pool

SLOW = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
LIMITS = Limits(seconds=1.0, memory=256 << 20, workers=2, long_workers=1, waiting=1, wait_seconds=0.3)


def triples(graph: int, count: int) -> bytes:
    line = '<https://example.org/{0}/{1}> <https://example.org/p{2}> "text {1}, \\"quoted\\", a{{b}},{{c}}\\nd" .\n'
    return "".join(line.format(graph, i, i % 7) for i in range(count)).encode()


@pytest.fixture(scope="module")
def graph_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two graphs of 3,000 triples, and an empty one."""
    folder = tmp_path_factory.mktemp("release")
    with OxigraphStore(folder / "work") as store:
        for graph in (1, 2):
            store.replace_graph(f"https://example.org/g{graph}", triples(graph, 3000))
        store.replace_graph("https://example.org/empty", b"")
        store.checkpoint(folder / "graph")
    return folder / "graph"


@pytest.fixture(params=[False, True], ids=["disk", "memory"])
def pool(request: pytest.FixtureRequest, graph_dir: Path) -> Iterator[Pool]:
    made = Pool(graph_dir, LIMITS, resident=request.param)
    yield made
    made.close()


def rows(pool: Pool, query: str, **task: object) -> list[list[str]]:
    with contextlib.closing(pool.run(Task(query, "csv", **task))) as answer:  # type: ignore[arg-type]
        return list(csv.reader(io.StringIO(answer.whole().decode(), newline="")))[1:]


def run_until_ended(pool: Pool, query: str) -> None:
    with contextlib.suppress(QueryError):
        pool.run(Task(query, "json")).close()


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_memory_and_disk_answer_alike(pool: Pool) -> None:
    assert rows(pool, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }") == [["6000"]]
    assert rows(pool, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", union=False) == [["0"]]
    graphs = rows(pool, "SELECT ?g { GRAPH ?g {} } ORDER BY ?g")
    assert graphs == [["https://example.org/empty"], ["https://example.org/g1"], ["https://example.org/g2"]]
    one = ("https://example.org/g1",)
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    assert rows(pool, count, default_graphs=one) == [["3000"]]
    assert rows(pool, count, named_graphs=one) == [["0"]]
    assert rows(pool, "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }", named_graphs=one) == [["3000"]]


def test_a_pool_that_is_closed_ends_the_copy_that_it_is_still_reading(graph_dir: Path) -> None:
    """The release of a large graph can be gone before its copy in memory is ready."""
    pool = Pool(graph_dir, LIMITS)
    while (coming := pool._coming) is None and not pool.resident:
        time.sleep(0.001)
    assert coming is not None, "it was read before it could be looked at"
    process = coming._process
    os.kill(process.pid, signal.SIGSTOP)  # a graph that takes long to read
    pool.close()
    assert process.wait(10) == -signal.SIGKILL
    for _ in range(200):
        if not any(thread.name == "sparql-resident" for thread in threading.enumerate()):
            break
        time.sleep(0.05)
    else:
        pytest.fail("somebody still waits for the copy")


def test_a_query_that_runs_on_is_ended_on_time_and_the_next_is_answered(pool: Pool) -> None:
    for _ in range(3):
        started = time.monotonic()
        with pytest.raises(TimeExceeded, match="1 seconds"):
            pool.run(Task(SLOW, "json"))
        assert time.monotonic() - started < LIMITS.seconds + 1
    assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]


def test_a_query_that_wants_too_much_memory_is_ended(graph_dir: Path) -> None:
    doubled = "".join(f"BIND(CONCAT(?a{i}, ?a{i}) AS ?a{i + 1}) " for i in range(34))
    with Pool(graph_dir, Limits(seconds=20, memory=128 << 20), resident=True) as pool:
        with pytest.raises(LimitExceeded, match="memory"):
            pool.run(Task(f'SELECT * {{ BIND("aaaaaaaa" AS ?a0) {doubled} }}', "json"))
        assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]


@pytest.mark.parametrize("resident", [True, False], ids=["memory", "disk"])
def test_deep_expressions_are_answered_and_not_a_crash(graph_dir: Path, resident: bool) -> None:
    with Pool(graph_dir, Limits(seconds=20, memory=256 << 20), resident=resident) as pool:
        assert rows(pool, "SELECT (!(" + "!" * 20_000 + "true) AS ?x) {}") == [["false"]]
        assert rows(pool, "SELECT ?x { VALUES ?x { 1 } " + "MINUS {} " * 3000 + "}") == [["1"]]


def test_errors_say_what_is_wrong(pool: Pool) -> None:
    with pytest.raises(MalformedQuery) as malformed:
        pool.run(Task("SELECT * {\n  ?s ?p }", "json"))
    assert (malformed.value.line, malformed.value.column) == (2, 10)
    with pytest.raises(EvaluationFailed):
        pool.run(Task("SELECT * { SERVICE ?x {} }", "json"))


def test_an_unknown_function_is_an_error_of_its_call_only(pool: Pool) -> None:
    query = "SELECT ?x (<https://example.org/f>(?x) AS ?y) { VALUES ?x { 1 2 } }"
    assert rows(pool, query) == [["1", ""], ["2", ""]]


@pytest.mark.parametrize("silent", ["", "SILENT "])
def test_no_query_reaches_the_network_even_past_the_guard(pool: Pool, silent: str) -> None:
    assert pool.network_closed
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for query in (f"SELECT * {{ SERVICE {silent}<{address}> {{ ?s ?p ?o }} }}", f"SELECT * FROM <{address}> {{}}"):
            with contextlib.suppress(QueryError):
                pool.run(Task(query, "json")).close()
        with pytest.raises(TimeoutError):
            listener.accept()


def test_no_query_reads_a_file(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "secret.nt").write_text('<https://example.org/s> <https://example.org/p> "secret" .')
    for dataset in ("FROM", "FROM NAMED"):
        pattern = "{ { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
        assert rows(pool, f"SELECT ?o {dataset} <file://{tmp_path}/secret.nt> {pattern}", union=False) == []


def test_a_long_query_leaves_its_turn_to_others(graph_dir: Path) -> None:
    with Pool(
        graph_dir, Limits(seconds=3, workers=1, long_workers=1, waiting=2, wait_seconds=2), resident=True
    ) as pool:
        ended: list[str] = []

        def run_long() -> None:
            try:
                pool.run(Task(SLOW, "json"))
            except QueryError as err:
                ended.append(type(err).__name__)

        threads = [threading.Thread(target=run_long) for _ in range(2)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        time.sleep(1.0)  # by now the first is a long one and the second holds the only turn
        waits = []
        for _ in range(5):
            asked = time.monotonic()
            assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]
            waits.append(time.monotonic() - asked)
        assert max(waits) < 1.0
        assert sorted(waits)[2] < 0.2
        for thread in threads:
            thread.join()
        assert sorted(ended) == ["Busy", "TimeExceeded"]
        assert time.monotonic() - started < 4.5


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is only one processor")
def test_a_query_that_runs_on_leaves_processors_to_one_that_comes_and_its_worker_recovers(graph_dir: Path) -> None:
    every = os.sched_getaffinity(0)
    with Pool(graph_dir, Limits(seconds=30, workers=2), resident=True) as pool:
        heavy = "SELECT (COUNT(*) AS ?n) { GRAPH <https://example.org/g1> { ?a ?b ?c . ?d ?e ?f } }"
        thread = threading.Thread(target=run_until_ended, args=(pool, heavy))
        thread.start()
        while not pool._running:
            time.sleep(0.01)
        [running] = pool._running
        time.sleep(0.1)
        assert running._thread is not None
        assert os.sched_getaffinity(running._thread) == every  # alone, it is in nobody's way
        assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]
        assert len(os.sched_getaffinity(running._thread)) == (len(every) + 1) // 2
        thread.join()
        assert running in pool._idle
        assert os.sched_getaffinity(running._thread) == every


def test_when_everything_is_taken_a_query_is_told_to_come_back(graph_dir: Path) -> None:
    limits = Limits(seconds=1.5, workers=1, long_workers=0, waiting=0, wait_seconds=0.1)  # the turn stays taken
    with Pool(graph_dir, limits, resident=False) as pool:
        thread = threading.Thread(target=run_until_ended, args=(pool, SLOW))
        thread.start()
        time.sleep(0.1)
        with pytest.raises(Busy):
            pool.run(Task("ASK {}", "json"))
        thread.join()
        for _ in range(100):  # until the worker that was stopped has a successor
            try:
                assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]
                break
            except Busy:
                time.sleep(0.05)
        else:
            pytest.fail("the endpoint stays busy")


def test_an_answer_that_is_not_wanted_any_more_frees_its_worker(graph_dir: Path) -> None:
    with Pool(graph_dir, Limits(workers=1, seconds=5, head_bytes=1000), resident=True) as pool:
        for _ in range(4):
            answer = pool.run(Task("SELECT * { ?s ?p ?o . ?t ?p ?q }", "json"))
            chunks = answer.chunks()
            next(chunks)
            next(chunks)
            answer.close()
        assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]


def test_an_answer_that_is_closed_while_its_query_becomes_a_long_one_frees_one_place(
    graph_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(workers=1, long_workers=1, seconds=10, head_bytes=1000)
    with Pool(graph_dir, limits, resident=True) as pool:
        lengthen, moved = pool.lengthen, threading.Event()

        def moving(*, refuse: bool) -> bool:
            outcome = lengthen(refuse=refuse)
            moved.set()
            time.sleep(0.3)
            return outcome

        monkeypatch.setattr(pool, "lengthen", moving)
        with contextlib.closing(pool.run(Task("SELECT * { ?s ?p ?o . ?t ?p ?q }", "json"))):
            assert moved.wait(20)
        monkeypatch.undo()
        assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]
        with contextlib.closing(pool.run(Task("SELECT * { ?s ?p ?o . ?t ?p ?q }", "json"))) as second:
            assert len(second.head) >= 1000
            assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]  # there is a place for the long one beside it


def test_a_slow_reader_does_not_hold_a_worker(graph_dir: Path) -> None:
    with Pool(graph_dir, Limits(workers=1, seconds=5, head_bytes=1000), resident=True) as pool:
        answer = pool.run(Task("SELECT * { ?s ?p ?o . ?t ?p ?q } LIMIT 60000", "tsv"))
        chunks = answer.chunks()
        first = next(chunks)
        time.sleep(1.5)  # the reader pauses, the worker has long finished
        assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]
        assert (first + b"".join(chunks)).count(b"\n") == 60_001
        answer.close()


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_the_row_limit_is_exact_and_never_shortens(graph_dir: Path, form: str) -> None:
    with Pool(graph_dir, Limits(rows=1000, head_bytes=10**7), resident=False) as pool:
        with contextlib.closing(pool.run(Task("SELECT * { ?s ?p ?o } LIMIT 1000", form))) as answer:
            assert answer.complete
        with pytest.raises(LimitExceeded, match="more than 1,000 rows"):
            pool.run(Task("SELECT * { ?s ?p ?o } LIMIT 1001", form))


def test_triples_and_bytes_are_bounded_too(graph_dir: Path) -> None:
    with Pool(graph_dir, Limits(rows=1000, answer_bytes=50_000, head_bytes=10**7), resident=False) as pool:
        pool.run(Task("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 300", "nt")).close()
        with pytest.raises(LimitExceeded, match="50,000 bytes"):
            pool.run(Task("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1000", "nt"))
        with pytest.raises(LimitExceeded, match="1,000 triples"):
            pool.run(
                Task(
                    "CONSTRUCT { <x:s> <x:p> ?n } WHERE { { SELECT (STRDT(STRAFTER(STR(?s), '1/'), <x:d>) AS ?n) "
                    "{ ?s ?p ?o } } }",
                    "nt",
                )
            )


def test_an_answer_that_breaks_off_while_it_is_sent_says_so(graph_dir: Path) -> None:
    with Pool(graph_dir, Limits(rows=5000, head_bytes=1000), resident=False) as pool:
        answer = pool.run(Task("SELECT * { ?s ?p ?o }", "json"))
        assert not answer.complete
        with pytest.raises(LimitExceeded):
            b"".join(answer.chunks())
        answer.close()


def test_killed_workers_and_a_killed_nursery_are_replaced(graph_dir: Path) -> None:
    with Pool(graph_dir, LIMITS, resident=False) as pool:
        for worker in list(pool._idle):
            os.kill(worker._pid, signal.SIGKILL)
        time.sleep(0.1)
        assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]
        nursery = pool._nursery
        nursery._process.kill()
        for worker in list(pool._idle):
            os.kill(worker._pid, signal.SIGKILL)
        time.sleep(0.1)
        assert rows(pool, "SELECT (1 AS ?n) {}") == [["1"]]
        assert pool._nursery is not nursery


def test_nothing_is_left_running_after_the_end(graph_dir: Path) -> None:
    with Pool(graph_dir, LIMITS, resident=True) as pool:
        pids = [pool._nursery._process.pid, *(worker._pid for worker in pool._idle)]
        assert all(alive(pid) for pid in pids)
    assert not any(alive(pid) for pid in pids)


def test_a_small_graph_moves_into_memory_by_itself(graph_dir: Path) -> None:
    with Pool(graph_dir, LIMITS) as pool:
        assert rows(pool, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }") == [["6000"]]
        for _ in range(100):
            if pool.resident:
                break
            time.sleep(0.05)
        assert pool.resident
        assert rows(pool, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }") == [["6000"]]
    with Pool(graph_dir, Limits(resident_bytes=10)) as large:
        time.sleep(0.3)
        assert not large.resident


def test_a_missing_graph_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError):
        Pool(tmp_path / "nothing", LIMITS, resident=False)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ReleaseError):
        Pool(tmp_path / "nothing", LIMITS)


def test_the_engine_places_errors_and_heeds_from(graph_dir: Path) -> None:
    with SparqlEngine(graph_dir, LIMITS, resident=False, base_iri="https://example.org/") as engine:
        count = "SELECT (COUNT(*) AS ?n) {} {{ ?s ?p ?o }}"
        assert b"".join(engine.run(count.format(""))) == b"n\r\n6000\r\n"
        assert b"".join(engine.run(count.format("FROM <g1>"))) == b"n\r\n3000\r\n"
        assert b"".join(engine.run("ASK { <1/5> ?p ?o }", "json")) == b'{"head":{},"boolean":true}'
        with pytest.raises(MalformedQuery, match=r"“ex:” is not declared\.\n\nSELECT \* \{ \?s ex:p \?o \}\n {14}\^"):
            list(engine.run("SELECT * { ?s ex:p ?o }"))
        with pytest.raises(QueryError, match="there are turtle"):
            list(engine.run("CONSTRUCT WHERE { ?s ?p ?o }", "csv"))
        checked = engine.check("SELECT (COUNT(*) AS ?n) FROM <g1> { ?s ?p ?o }")
        from webapp.sparql.formats import by_name

        assert checked.form is not None
        chosen = by_name("tsv", checked.form)
        assert chosen is not None
        with contextlib.closing(engine.answer(checked, chosen, Dataset(("https://example.org/empty",)))) as answer:
            assert isinstance(answer, Answer)
            assert answer.whole() == b"?n\n0\n"


def test_turtle_is_abbreviated_by_the_prefixes_of_the_query(graph_dir: Path) -> None:
    query = "PREFIX e: <https://example.org/> PREFIX r: <relative> PREFIX : <https://example.org/\\u0031/> "
    query += "CONSTRUCT { <https://example.org/s> e:p e:1 ; r:p 1 } WHERE {}"
    with SparqlEngine(graph_dir, LIMITS, resident=True, base_iri="https://example.org/") as engine:
        answer = b"".join(engine.run(query, "turtle"))
        assert b"e:s " in answer
        assert b"e:p e:1" in answer
        assert b"@prefix r:" not in answer
        triples = set(ox.parse(answer, format=ox.RdfFormat.TURTLE))
        assert triples == set(ox.parse(b"".join(engine.run(query, "nt")), format=ox.RdfFormat.N_TRIPLES))


@pytest.mark.parametrize(
    ("query", "place", "message"),
    [
        ("# nothing", (1, 1), "The query is empty"),
        ("PREFIX ex: <https://example.org/>\nSELCT * {}", (2, 1), "goes on with SELECT, ASK"),
        ("SELECT * {\n ?s ?p foo }", (2, 8), "“foo” is no word of SPARQL"),
        ("SELECT * {\n ?s <http://a b> ?o }", (2, 6), "An IRI stands between"),
        ("SELECT * { ?s ?p 'text }", (1, 18), "not closed"),
        ("SELECT * { ?s ?p ?o\nFILTER(REGEX(?o, 'x') }", (2, 7), r"“\(” is not closed before “}”"),
        ("SELECT * { ?s ?p ?o", (1, 10), "“{” is not closed"),
        ("ASK { ?s ?p ?o }}", (1, 17), "“}” closes nothing"),
        ("SELECT ?s WHERE ?s ?p ?o", (1, 17), "expected {"),
    ],
)
def test_common_mistakes_are_named_where_they_are(
    graph_dir: Path, query: str, place: tuple[int, int], message: str
) -> None:
    with (
        SparqlEngine(graph_dir, LIMITS, resident=True) as engine,
        pytest.raises(MalformedQuery, match=message) as malformed,
    ):
        list(engine.run(query))
    assert (malformed.value.line, malformed.value.column) == place


TEXTS = st.text(alphabet='ab"\\,{}[]\n\r\t<>é', max_size=12)
ROWS = st.lists(st.tuples(TEXTS, st.one_of(st.none(), TEXTS)), max_size=12)


@settings(max_examples=100)
@given(ROWS, st.integers(1, 40))
@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_rows_are_counted_however_the_text_is_odd_and_wherever_it_is_cut(
    form: str, content: list[tuple[str, str | None]], step: int
) -> None:
    formats = {"json": ox.QueryResultsFormat.JSON, "xml": ox.QueryResultsFormat.XML}
    formats |= {"csv": ox.QueryResultsFormat.CSV, "tsv": ox.QueryResultsFormat.TSV}
    values = " ".join(
        f"({ox.Literal(one)} {'UNDEF' if other is None else ox.Literal(other)})" for one, other in content
    )
    result = ox.Store().query(f"SELECT ?a ?b {{ VALUES (?a ?b) {{ {values} }} }}")
    data = result.serialize(format=formats[form]) or b""
    counter = ROW_COUNTERS[form]()
    found = sum(counter(data[at : at + step]) for at in range(0, len(data), step))
    if form == "json" and (not content or any("},{" in text for row in content for text in row if text)):
        assert found >= len(content)
    else:
        assert found == len(content)


def test_json_is_what_json_readers_take(graph_dir: Path) -> None:
    with SparqlEngine(graph_dir, LIMITS, resident=False) as engine:
        answer = json.loads(b"".join(engine.run("SELECT ?o { ?s ?p ?o } LIMIT 500", "json")))
    assert len(answer["results"]["bindings"]) == 500
