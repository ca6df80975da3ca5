"""The guard reads queries as the engine does where it matters, and the similarity clause becomes VALUES."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.search_request import Filters, Hit, SearchRequest, SearchResponse
from ontology.namespaces import IG
from webapp.sparql.errors import EvaluationFailed, MalformedQuery, RefusedQuery, TooLongQuery
from webapp.sparql.guard import CheckedQuery, Positions, check, looked_at, tokens
from webapp.sparql.limits import Limits
from webapp.sparql.rewriting import rewrite

LIMITS = Limits()


def checked(text: str) -> CheckedQuery:
    return check(text, LIMITS)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * {}", "SELECT"),
        ("select*{}", "SELECT"),
        ("PREFIX ex: <http://example.org/> ASK {}", "ASK"),
        ("PREFIX:<http://example.org/>CONSTRUCT WHERE {}", "CONSTRUCT"),
        ("BASE <http://example.org/>\n# SELECT\nDESCRIBE <x>", "DESCRIBE"),
        ("VERSION '1.2' SELECT ?x {}", "SELECT"),
        ("DESCRIBE<http://example.org/x>", "DESCRIBE"),
        ("nonsense", None),
        ("", None),
        ("PREFIX", None),
        ("BASE", None),
    ],
)
def test_the_query_form_is_known_before_evaluation(text: str, form: str | None) -> None:
    assert checked(text).form == form


@pytest.mark.parametrize("word", ["INSERT DATA {}", "delete where {}", "LOAD <http://x/>", "CLEAR ALL", "WITH <x> {}"])
def test_an_update_is_refused_by_name(word: str) -> None:
    with pytest.raises(RefusedQuery, match="queries only"):
        checked("PREFIX ex: <http://example.org/>\n" + word)


def test_a_dataset_clause_is_seen_and_one_in_a_string_is_not() -> None:
    assert checked("SELECT * FROM <http://example.org/g> {}").has_dataset
    assert checked("SELECT*FROM:g{}").has_dataset
    assert checked("SELECT * fromNAMED<http://example.org/g> {}").has_dataset
    assert not checked("SELECT * { ?s ?p 'FROM <x>' } # FROM <y>").has_dataset


def test_what_changes_between_two_runs_is_volatile() -> None:
    assert checked("SELECT (NOW() AS ?t) {}").volatile
    assert not checked("SELECT ('NOW' AS ?t) { ?now ?rand 1 }").volatile


@pytest.mark.parametrize("brackets", ["()", "{}", "[]"])
def test_brackets_are_bounded_where_they_nest_and_not_where_they_stand(brackets: str) -> None:
    opening, closing = brackets
    checked("SELECT * " + opening * 64 + closing * 64)
    checked("SELECT * " + brackets * 5000)
    with pytest.raises(RefusedQuery, match="64 deep") as refused:
        checked("SELECT *\n" + opening * 65 + closing * 65)
    assert (refused.value.line, refused.value.column) == (2, 65)
    checked(f"SELECT * {{ ?s ?p '{opening * 500}' }} # {opening * 500}")
    checked("SELECT * " + (opening * 64 + closing * 64) * 2)
    with pytest.raises(RefusedQuery, match="64 deep"):
        checked("SELECT * " + opening * 64 + closing * 64 + opening * 65)


def test_names_with_a_declared_prefix_stand_for_their_iris() -> None:
    query = checked(
        "PREFIX:<http://e.org/> prefix ex: <http://e.org/ns/> BASE <http://b.org/> SELECT * { :a ex:b:c\\-d <x> }"
    )
    assert query.prefixes == {"": "http://e.org/", "ex": "http://e.org/ns/"}
    assert [query.iri(token) for token in query.tokens if token.kind in {"iri", "pname"}][-3:] == [
        "http://e.org/a",
        "http://e.org/ns/b:c-d",
        "x",
    ]
    assert query.undeclared() is None
    undeclared = checked("PREFIX ex: <http://e.org/> SELECT * { ex:a no:b nor:c }").undeclared()
    assert undeclared is not None
    assert undeclared.text == "no:b"


@pytest.mark.parametrize("word", ["TRUE", "True", "FALSE", "fAlse"])
def test_truth_values_are_taken_in_any_case(word: str) -> None:
    query = checked(f"ASK {{ FILTER({word} = {word.lower()}) }}")
    assert ox.Store().query(query.text)
    assert checked(f"ASK {{ FILTER('{word}' = ?x) }}").text == f"ASK {{ FILTER('{word}' = ?x) }}"


def test_a_long_query_and_a_null_character_are_refused() -> None:
    checked("SELECT * {} #" + "x" * 32_755)
    with pytest.raises(TooLongQuery, match="32,769 bytes"):
        checked("SELECT * {} #" + "x" * 32_756)
    with pytest.raises(MalformedQuery, match=r": The query contains a null character\.$") as refused:
        checked("SELECT *\n{}\x00\x00")
    assert (refused.value.line, refused.value.column) == (2, 3)
    with pytest.raises(TooLongQuery):
        checked("é" * 20_000)


#: Ways to write a SERVICE clause; every one of them calls out when the bare engine is given it.
SERVICES = [
    "SERVICE <{0}> {{}}",
    "sErViCe<{0}>{{}}",
    "SERVICE#\n<{0}>{{}}",
    "SERVICE SILENT <{0}> {{}}",
    "SERVICESILENT<{0}>{{}}",
    "SERVICE:x{{}}",
    "?s ?p trueSERVICE<{0}>{{}}",
    "?s ?p 1SERVICE<{0}>{{}}",
    "?s ?p 1e5SERVICE<{0}>{{}}",
    "?s ?p 1.SERVICE<{0}>{{}}",
    "?s ?p 'x'^^<a:b>SERVICE<{0}>{{}}",
    "FILTER(1)SERVICE<{0}>{{}}",
    "BIND(1AS?x)SERVICE<{0}>{{}}",
    "MINUS{{}}SERVICE<{0}>{{}}",
    "LATERAL{{SERVICE<{0}>{{}}}}",
    "VALUES?x{{UNDEF}}SERVICE<{0}>{{}}",
    "FILTER EXISTS{{SERVICE<{0}>{{}}}}",
    "{{SELECT*{{SERVICE<{0}>{{}}}}}}",
    "OPTIONAL{{SERVICE?g{{}}}}",
]


@pytest.mark.parametrize("clause", SERVICES)
def test_no_way_of_writing_service_gets_past_the_guard(clause: str) -> None:
    query = "PREFIX:<http://127.0.0.1:9/>SELECT*{" + clause.format("http://127.0.0.1:9/") + "}"
    with pytest.raises(RefusedQuery):
        rewrite(checked(query), None, LIMITS)


@pytest.mark.parametrize("harmless", ["?service", "'SERVICE <x>'", "ex:SERVICE", "_:service", "<http://x/SERVICE>"])
def test_service_as_part_of_a_name_or_text_is_let_through(harmless: str) -> None:
    query = f"PREFIX ex: <http://example.org/> SELECT * {{ ?s ?p {harmless} }}"
    assert rewrite(checked(query), None, LIMITS).text == query
    assert list(ox.Store().query(query)) == []


GLUE = ["SERVICE", "service", "SILENT", "<http://127.0.0.1:9/>", ":x", "{", "}", "(", ")", "?x", "a", "1", "1.", "true"]
GLUE += [
    "'x'",
    '"""',
    "'",
    "\\",
    "#",
    "\n",
    " ",
    ".",
    ";",
    "@en",
    "^^",
    "_:b",
    "FILTER",
    "OPTIONAL",
    "UNION",
    "MINUS",
    "<",
    ">",
]

ATTEMPTS = """
import json, sys
import pyoxigraph as ox
from graph.sandbox import close_network
close_network()
calls = []
for query in json.load(sys.stdin):
    try:
        list(ox.Store().query(query))
    except SyntaxError:
        pass
    except BaseException as err:
        if any(word in str(err).lower() for word in ("http", "permission", "sending", "service", "port")):
            calls.append(query)
json.dump(calls, sys.stdout)
"""


def test_no_random_glueing_of_tokens_makes_the_engine_call_out_past_the_guard() -> None:
    rolls = random.Random(11)
    passed = []
    while len(passed) < 4000:
        middle = "".join(rolls.choice(GLUE) for _ in range(rolls.randrange(2, 9)))
        query = (
            "PREFIX:<http://127.0.0.1:9/>SELECT*{" + middle + rolls.choice(SERVICES).format("http://127.0.0.1:9/") + "}"
        )
        try:
            passed.append(rewrite(checked(query), None, LIMITS).text)
        except (RefusedQuery, EvaluationFailed):
            if rolls.random() < 0.02:
                passed.append("ASK {}")  # so that the loop ends whatever the guard does
    done = subprocess.run([sys.executable, "-c", ATTEMPTS], input=json.dumps(passed), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_tokens_are_pieces_of_the_text_in_order_and_lose_only_space(text: str) -> None:
    position = 0
    for token in tokens(text):
        assert text[token.start : token.end] == token.text
        assert token.start >= position
        position = token.end


BRACKETS = {"(", ")", "[", "]", "{", "}", "<<", ">>", "<<(", ")>>", "{|", "|}"}
LEXED = st.text(alphabet="aE_:.,;?$@#<>(){}[]|&^!=+-\\\"'0 \n\ré", max_size=60)


@settings(max_examples=2000)
@given(st.one_of(LEXED, st.text(max_size=60)))
def test_what_the_guard_looks_at_are_the_tokens_that_can_matter(text: str) -> None:
    matter = [t for t in tokens(text) if t.kind in {"word", "pname"} or t.text in BRACKETS]
    assert [t for t in looked_at(text) if t.kind != "mark" or t.text in BRACKETS] == matter


@pytest.mark.parametrize(
    "piece", ['"', "<", "'''", "a.b:", "\\", "@", "_:a.", "1.e", '""a', "<\\u0041", "#", "a-", ":.", '\\"""', "<<("]
)
def test_no_text_keeps_the_lexer_busy(piece: str) -> None:
    text = piece * (32_000 // len(piece))
    started = time.process_time()
    list(tokens(text))
    list(looked_at(text))
    assert time.process_time() - started < 1.0


@given(st.text(alphabet="ab\r\n", max_size=40), st.integers(0, 40))
def test_positions_are_lines_and_columns_and_back(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    line, column = Positions(text).of(offset)
    assert Positions(text).offset(line, column) == offset


# ---------------------------------------------------------------------------------------------------- similarity clause


class Index:
    """A search that remembers what it was asked and answers with as many hits as are wanted."""

    def __init__(self, hits: int = 2) -> None:
        self.requests: list[SearchRequest] = []
        self._hits = hits

    def search(self, request: SearchRequest) -> SearchResponse:
        self.requests.append(request)
        hits = tuple(
            Hit(rank, rank, f"https://example.org/item/{rank}", "recommendation", "text", 1 / rank, 0.25 * rank)
            for rank in range(1, self._hits + 1)
        )
        return SearchResponse(hits, len(hits))


def ask(clause: str, index: Index | None = None, rest: str = "") -> str:
    query = f"PREFIX ig: <{IG}>\nSELECT * {{ {clause} {rest} }}"
    return rewrite(checked(query), (index or Index()).search, LIMITS).text


def test_a_clause_becomes_values_that_the_engine_joins() -> None:
    index = Index()
    text = ask(
        'SERVICE ig:search { ?item ig:query "delay" ; ig:score ?s ; ig:rank ?r ; ig:confidence ?c ; ig:limit 7 }', index
    )
    rows = list(ox.Store().query(text))
    assert {row["item"].value: float(row["s"].value) for row in rows} == {
        "https://example.org/item/1": 1.0,
        "https://example.org/item/2": 0.5,
    }
    assert [(row["r"].value, row["c"].value) for row in rows] == [("1", "0.25"), ("2", "0.5")]
    assert index.requests == [SearchRequest("delay", limit=7, facets=False)]


def test_filters_and_ways_of_searching_reach_the_index() -> None:
    index = Index()
    ask(
        "SERVICE SILENT ig:search { ?x ig:keywords 'a \\'b\\' \\u00e9' ; ig:kind ig:Recommendation, ig:Finding ;"
        ' ig:theme <https://w3id.org/inspectgraph/themes/neglect> ; ig:authority "E08000003" ;'
        ' ig:exceptAuthority "Leeds" ; ig:since 2014 ; ig:until 2020 ; ig:polarity "improvement" . }',
        index,
    )
    filters = Filters(
        kinds=("recommendation", "finding"),
        themes=("neglect",),
        authorities=("E08000003",),
        exclude_authorities=("Leeds",),
        polarities=("improvement",),
        since=2014,
        until=2020,
    )
    assert index.requests == [SearchRequest("a 'b' é", filters, limit=20, mode="words", facets=False)]


def test_several_clauses_are_several_searches() -> None:
    index = Index()
    text = ask(
        'SERVICE ig:search { ?a ig:query "one" } SERVICE ig:search { ?b ig:meaning """two\n"lines\\"""" }', index
    )
    assert [(request.text, request.mode) for request in index.requests] == [
        ("one", "hybrid"),
        ('two\n"lines"', "meaning"),
    ]
    assert len(list(ox.Store().query(text))) == 4


def test_a_search_without_hits_is_an_empty_table() -> None:
    assert list(ox.Store().query(ask('SERVICE ig:search { ?a ig:query "x" }', Index(0)))) == []


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ("SERVICE ig:search { ?a ig:score ?s }", "needs a text"),
        ("SERVICE ig:search { }", "needs a text"),
        ('SERVICE ig:search { ?a ig:query "x" ; ig:query "y" }', "one text"),
        ("SERVICE ig:search { ?a ig:query ?text }", "takes no variables"),
        ('SERVICE ig:search { ig:x ig:query "x" }', "subject is a variable"),
        ('SERVICE ig:search { ?a ig:query "x" . ?b ig:limit 3 }', "about one variable"),
        ('SERVICE ig:search { ?a ig:query "x" ; ig:score ?a }', "variable of its own"),
        ('SERVICE ig:search { ?a ig:query "x" ; ig:score ?s ; ig:rank ?s }', "variable of its own"),
        ('SERVICE ig:search { ?a ig:query "x" ; ig:limit 501 }', "from 1 to 500"),
        ('SERVICE ig:search { ?a ig:query "x" ; ig:limit 0.5 }', "from 1 to 500"),
        ('SERVICE ig:search { ?a ig:query "x" ; ig:nope 1 }', "no property of the similarity clause"),
        ('SERVICE ig:search { ?a ?p "x" }', "no property of the similarity clause"),
        ('SERVICE ig:search { ?a ig:query "x" ; ig:kind ?k }', "a string or an IRI"),
        ('SERVICE ig:search { ?a ig:query "x" ; ig:kind nope:k }', "a string or an IRI"),
        ('SERVICE ig:other { ?a ig:query "x" }', "asks no other server"),
        ('SERVICE ?any { ?a ig:query "x" }', "asks no other server"),
        ('SERVICE ig:search ?a ig:query "x"', "“{” is wanted"),
        ('SERVICE ig:search { ?a ig:query "x" ' + "SERVICE ig:search {} " * 5, "at most 5"),
    ],
)
def test_a_clause_that_cannot_be_read_is_refused_with_its_place(clause: str, message: str) -> None:
    with pytest.raises(RefusedQuery, match=message) as refused:
        ask(clause)
    assert refused.value.line == 2


def test_a_clause_that_is_not_closed_is_refused() -> None:
    with pytest.raises(RefusedQuery, match="not closed"):
        rewrite(checked(f'SELECT * {{ SERVICE <{IG}search> {{ ?a <{IG}query> "x"'), Index().search, LIMITS)


def test_without_an_index_the_clause_says_so() -> None:
    with pytest.raises(EvaluationFailed, match="no search index"):
        rewrite(checked(f'SELECT * {{ SERVICE <{IG}search> {{ ?a <{IG}query> "x" }} }}'), None, LIMITS)


def test_positions_after_a_clause_are_those_of_the_query_as_sent() -> None:
    query = f'PREFIX ig: <{IG}>\nSELECT * {{\n SERVICE ig:search {{\n  ?a ig:query "x"\n }} ?s ?p\n}}'
    inlined = rewrite(checked(query), Index().search, LIMITS)
    seen = Positions(inlined.text).of(inlined.text.index("?p"))
    assert seen != Positions(query).of(query.index("?p"))
    assert inlined.original(*seen) == Positions(query).of(query.index("?p"))
    assert inlined.original(*Positions(inlined.text).of(inlined.text.index("VALUES"))) == (3, 2)
    assert inlined.original(1, 3) == (1, 3)


def test_group_concat_gives_a_plain_string_wherever_it_stands() -> None:
    query = """SELECT (GROUP_CONCAT(DISTINCT ?o ; SEPARATOR = ")") AS ?all) (COUNT(*) AS ?n) {
      VALUES ?o { "a"@en "b"@en } } HAVING(LANG(group_concat(CONCAT(?o, ?o))) = "") # GROUP_CONCAT(?o)"""
    seen = rewrite(checked(query), None, LIMITS)
    [row] = ox.Store().query(seen.text)  # type: ignore[misc]
    assert row["all"] in {ox.Literal("a)b"), ox.Literal("b)a")}
    assert seen.original(*Positions(seen.text).of(seen.text.index("VALUES"))) == (2, 7)
    for unfinished in ("SELECT (GROUP_CONCAT", "SELECT (GROUP_CONCAT(?o", "SELECT (GROUP_CONCAT ?o)"):
        assert rewrite(checked(unfinished), None, LIMITS).text == unfinished


def test_a_comparison_without_spaces_that_reads_as_an_iri_is_told_so() -> None:
    for operand in ("1", "'a'", "(?x)"):
        with pytest.raises(MalformedQuery, match="reads as an IRI"):
            checked(f"SELECT * {{ ?s ?p ?x FILTER({operand}<?a&&?b>?y) }}")
    checked("SELECT * { ?s ?p <http://e.org/?a&&b> . ?s ?p<http://e.org/>, ?x FILTER(?x < ?a&&?b > ?y) }")
    with pytest.raises(MalformedQuery, match="reads as an IRI") as refused:
        checked("SELECT * { ?s ?p ?x\nFILTER(?x<?a&&?b>?y) }")
    assert (refused.value.line, refused.value.column) == (2, 10)
    for fine in (
        "FILTER(?x < ?a && ?b > ?y)",
        "FILTER('x<?a&&?b>' != ?x)",
        "FILTER(?x = <urn:a&&b>)",
        "# ?x<?a&&?b>?y\n",
    ):
        checked(f"SELECT * {{ ?s ?p ?x {fine} }}")
