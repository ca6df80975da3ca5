"""The W3C SPARQL 1.0 and 1.1 suites, over HTTP against the endpoint as it is served.

Every data file of the suites is one named graph of one release; a test's dataset is chosen by the protocol's
parameters, which is how any client of a public endpoint chooses one. Each query runs once for JSON and once for XML.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pyoxigraph as ox

from tests.shared_documents import shared_dir
from tests.sparql_service import Reply, Service

SHARED = shared_dir()
SUITES = SHARED / "w3c" / "sparql" if SHARED is not None else None
BASE = "http://w3c.example/"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
HT = "http://www.w3.org/2011/http#"
CNT = "http://www.w3.org/2011/content#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
QUERY_TESTS = {"QueryEvaluationTest", "CSVResultFormatTest"}
SYNTAX_TESTS = {"PositiveSyntaxTest", "PositiveSyntaxTest11", "NegativeSyntaxTest", "NegativeSyntaxTest11"}
#: Folders whose tests are not about this endpoint.
NOT_APPLICABLE = {
    "service": "federated queries: SERVICE is refused here",
    "syntax-fed": "federated queries: SERVICE is refused here",
}
_STORED = "literals are stored by value (oxigraph#526, open): other spellings of a number are not told apart"
_GRAPH = "the variable of GRAPH is in scope inside it (oxigraph#1450; #1758 mends it after 0.5.13)"
_PATH = "a path of length zero from a term that is in no triple (oxigraph#1815 mends it after 0.5.13)"
#: Tests that the engine does not pass, with what its makers say of each.
EXCLUDED = {
    "sparql10/open-world#open-eq-01": _STORED,
    "sparql10/open-world#date-2": "dates are equal as in XSD 1.1 (on oxigraph's own list of exclusions)",
    "sparql10/graph#graph-variable-scope": _GRAPH,
    "sparql10/graph#graph-optional": _GRAPH,
    "sparql10/expr-builtin#dawg-str-1": _STORED,
    "sparql10/expr-builtin#dawg-str-2": _STORED,
    "sparql10/expr-builtin#sameTerm-simple": _STORED,
    "sparql10/expr-builtin#sameTerm-eq": _STORED,
    "sparql10/expr-builtin#sameTerm-not-eq": _STORED,
    "sparql10/expr-equals#eq-graph-1": _STORED,
    "sparql10/expr-equals#eq-graph-2": _STORED,
    "sparql10/distinct#distinct-1": _STORED,
    "sparql10/distinct#distinct-9": _STORED,
    "sparql11/aggregates#agg-empty-group-count-graph": _GRAPH,
    "sparql11/bindings#graph": _GRAPH,
    "sparql11/negation#graph-minus": _GRAPH,
    "sparql11/functions#bnode01": "BNODE(text) is one node a query, not a solution (on oxigraph's own list)",
    "sparql11/property-path#zero_or_more_set_start": _PATH,
    "sparql11/property-path#zero_or_more_set_end": _PATH,
    "sparql11/property-path#zero_or_one_set_start": _PATH,
    "sparql11/property-path#zero_or_one_set_end": _PATH,
    "sparql11/csv-tsv-res#csv03": _STORED,
}

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class Manifest:
    """One manifest file, asked for the values of properties."""

    def __init__(self, path: Path) -> None:
        assert SUITES is not None
        self.base = BASE + path.parent.relative_to(SUITES).as_posix() + "/"
        self.store = ox.Store()
        self.store.load(path.read_bytes(), format=ox.RdfFormat.TURTLE, base_iri=self.base + path.name)

    def values(self, subject: Term, predicate: str) -> list[Term]:
        found = self.store.quads_for_pattern(subject, ox.NamedNode(predicate), None, None)  # type: ignore[arg-type]
        return [quad.object for quad in found]

    def one(self, subject: Term, predicate: str) -> Term | None:
        return next(iter(self.values(subject, predicate)), None)

    def listed(self, head: Term | None) -> Iterator[Term]:
        while head is not None and head != ox.NamedNode(RDF + "nil"):
            first = self.one(head, RDF + "first")
            assert first is not None
            yield first
            head = self.one(head, RDF + "rest")

    def entries(self) -> Iterator[tuple[Term, str]]:
        for quad in self.store.quads_for_pattern(None, ox.NamedNode(MF + "entries"), None, None):
            for entry in self.listed(quad.object):
                for kind in self.values(entry, RDF + "type"):
                    assert isinstance(kind, ox.NamedNode)
                    yield entry, kind.value.removeprefix(MF)


@dataclass(frozen=True)
class Case:
    """``name`` is version/folder#test; ``iri`` the test's own, under which reports name it."""

    name: str
    iri: str
    kind: str
    query: Path
    base: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    result: Path | None = None
    lax: bool = False


def local(term: Term | None) -> Path:
    assert SUITES is not None
    assert isinstance(term, ox.NamedNode)
    return SUITES / term.value.removeprefix(BASE)


def iris(terms: list[Term]) -> tuple[str, ...]:
    return tuple(term.value for term in terms if isinstance(term, ox.NamedNode))


def manifests(version: str) -> Iterator[Path]:
    """Those that the version's own lists of query tests include, in their order."""
    assert SUITES is not None
    lists = {
        "sparql10": ["manifest-syntax.ttl", "manifest-evaluation.ttl"],
        "sparql11": ["manifest-sparql11-query.ttl", "manifest-sparql11-results.ttl"],
    }[version]
    for name in lists:
        index = Manifest(SUITES / version / name)
        for quad in index.store.quads_for_pattern(None, ox.NamedNode(MF + "include"), None, None):
            yield from (local(entry) for entry in index.listed(quad.object))


def cases(version: str) -> list[Case]:
    found = []
    for path in manifests(version):
        folder = path.parent.name
        if folder in NOT_APPLICABLE or not path.is_file():
            continue
        manifest = Manifest(path)
        for entry, kind in manifest.entries():
            action = manifest.one(entry, MF + "action")
            assert isinstance(entry, ox.NamedNode)
            name = f"{version}/{folder}#{entry.value.rpartition('#')[2]}"
            if kind in SYNTAX_TESTS:
                found.append(Case(name, entry.value, kind, local(action), manifest.base))
            elif kind in QUERY_TESTS:
                assert action is not None
                result = manifest.one(entry, MF + "result")
                found.append(
                    Case(
                        name,
                        entry.value,
                        kind,
                        local(manifest.one(action, QT + "query")),
                        manifest.base,
                        iris(manifest.values(action, QT + "data")),
                        iris(manifest.values(action, QT + "graphData")),
                        local(result) if result is not None else None,
                        manifest.one(entry, MF + "resultCardinality") == ox.NamedNode(MF + "LaxCardinality"),
                    )
                )
    return found


# ------------------------------------------------------------------------------------------------------------- service


def suite_graphs() -> dict[str, bytes]:
    """Every data file under its IRI, and the protocol tests' data under the names that those tests give it."""
    assert SUITES is not None
    graphs = {}
    for path in sorted(SUITES.rglob("*")):
        form = {".ttl": ox.RdfFormat.TURTLE, ".rdf": ox.RdfFormat.RDF_XML, ".nt": ox.RdfFormat.N_TRIPLES}.get(
            path.suffix
        )
        if form is None or path.name.startswith("manifest"):
            continue
        iri = BASE + path.relative_to(SUITES).as_posix()
        try:
            quads = list(ox.parse(path.read_bytes(), format=form, base_iri=iri))
        except SyntaxError:
            continue  # files that are wrong on purpose
        graphs[iri] = ox.serialize((quad.triple for quad in quads), format=ox.RdfFormat.N_TRIPLES) or b""
        if path.parent.name == "protocol":
            graphs[f"http://kasei.us/2009/09/sparql/data/{path.stem}.rdf"] = graphs[iri]
    return graphs


# --------------------------------------------------------------------------------------------------------- comparison


_CANONICAL = ox.Store()


def canonical(term: Term) -> Term:
    """The term as the store writes it: the same value has one form."""
    if not isinstance(term, ox.Literal):
        return term
    quad = ox.Quad(ox.NamedNode("urn:x"), ox.NamedNode("urn:x"), term)
    _CANONICAL.clear()
    _CANONICAL.add(quad)
    return next(iter(_CANONICAL)).object


Row = dict[str, Term]


@dataclass
class Table:
    rows: list[Row] = field(default_factory=list)
    ordered: bool = False
    boolean: bool | None = None
    graph: set[str] | None = None


def shape(quads: list[ox.Quad]) -> Counter[str]:
    """Blank nodes renamed by what is said of them: equal exactly where isomorphic."""
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return Counter(str(quad) for quad in dataset)


def as_quads(rows: list[Row]) -> list[ox.Quad]:
    """Rows as triples about a blank node each, so that comparing them is comparing graphs."""
    quads = []
    for row in rows:
        node = ox.BlankNode()
        quads.append(ox.Quad(node, ox.NamedNode("urn:is"), ox.NamedNode("urn:row")))
        quads += [ox.Quad(node, ox.NamedNode(f"urn:var:{name}"), canonical(term)) for name, term in row.items()]
    return quads


def same(expected: Table, actual: Table, *, lax: bool) -> bool:
    if expected.boolean is not None or expected.graph is not None:
        return (expected.boolean, expected.graph) == (actual.boolean, actual.graph)
    if lax:
        distinct = [{frozenset(shape(as_quads([row]))) for row in table.rows} for table in (expected, actual)]
        return distinct[0] == distinct[1] and len(actual.rows) <= len(expected.rows)
    if len(expected.rows) != len(actual.rows):
        return False
    if expected.ordered:
        pairs = zip(expected.rows, actual.rows, strict=True)
        return all(shape(as_quads([one])) == shape(as_quads([other])) for one, other in pairs)
    return shape(as_quads(expected.rows)) == shape(as_quads(actual.rows))


def from_results(data: bytes, form: ox.QueryResultsFormat) -> Table:
    results = ox.parse_query_results(data, format=form)
    if isinstance(results, ox.QueryBoolean):
        return Table(boolean=bool(results))
    names = [variable.value for variable in results.variables]
    return Table([{name: row[name] for name in names if row[name] is not None} for row in results])


def from_graph(data: bytes, form: ox.RdfFormat, base: str) -> Table:
    """A graph, or the result set that it describes in the vocabulary of the older suites."""
    store = ox.Store()
    store.load(data, format=form, base_iri=base)

    def values(subject: Term, name: str) -> list[Term]:
        return [quad.object for quad in store.quads_for_pattern(subject, ox.NamedNode(RS + name), None, None)]  # type: ignore[arg-type]

    sets = list(store.quads_for_pattern(None, ox.NamedNode(RDF + "type"), ox.NamedNode(RS + "ResultSet"), None))
    if not sets:
        quads = [ox.Quad(q.subject, q.predicate, canonical(q.object)) for q in store]
        return Table(graph=set(shape(quads)))
    table = Table()
    for boolean in values(sets[0].subject, "boolean"):
        assert isinstance(boolean, ox.Literal)
        table.boolean = boolean.value == "true"
        return table
    solutions = values(sets[0].subject, "solution")
    numbered = [(values(solution, "index"), solution) for solution in solutions]
    if solutions and all(index for index, _ in numbered):
        table.ordered = True
        solutions = [s for _, s in sorted(numbered, key=lambda pair: int(pair[0][0].value))]  # type: ignore[union-attr]
    for solution in solutions:
        row = {}
        for binding in values(solution, "binding"):
            (name,), (value,) = values(binding, "variable"), values(binding, "value")
            assert isinstance(name, ox.Literal)
            row[name.value] = value
        table.rows.append(row)
    return table


_RESULT_FORMATS = {
    ".srx": ox.QueryResultsFormat.XML,
    ".srj": ox.QueryResultsFormat.JSON,
    ".tsv": ox.QueryResultsFormat.TSV,
}


def expected_of(case: Case) -> Table:
    assert case.result is not None
    data = case.result.read_bytes()
    if case.result.suffix in _RESULT_FORMATS:
        return from_results(data, _RESULT_FORMATS[case.result.suffix])
    form = ox.RdfFormat.RDF_XML if case.result.suffix == ".rdf" else ox.RdfFormat.TURTLE
    return from_graph(data, form, case.base + case.result.name)


def csv_rows(data: bytes) -> Counter[frozenset[tuple[str, str]]]:
    """Rows of a CSV answer by column, blank nodes all alike: the order of SELECT * is nobody's promise."""
    rows = csv.DictReader(io.StringIO(data.decode(), newline=""))
    return Counter(frozenset((n, "_:b" if cell.startswith("_:") else cell) for n, cell in row.items()) for row in rows)


# --------------------------------------------------------------------------------------------------------------- tests


def asked(service: Service, case: Case, accept: str) -> Reply:
    text = f"BASE <{case.base}>\n" + case.query.read_bytes().decode("utf-8-sig")
    dataset = {"default-graph-uri": case.default_graphs, "named-graph-uri": case.named_graphs}
    if re.search(r"^\s*FROM\b", text, re.MULTILINE | re.IGNORECASE):
        dataset = {}  # the query says itself what it is about
    elif not case.default_graphs and not case.named_graphs:
        dataset = {"default-graph-uri": ("urn:empty",)}
    return service.post(text, accept, **{name: value for name, value in dataset.items() if value})


def failure(service: Service, case: Case) -> str | None:
    """Why the service does not pass a case; None where it does."""
    if case.kind in SYNTAX_TESTS:
        reply = asked(service, case, "*/*")
        wanted = 200 if case.kind.startswith("Positive") else 400
        return None if reply.status == wanted else f"status {reply.status}: {reply.text[:200]}"
    if case.kind == "CSVResultFormatTest":
        assert case.result is not None
        reply = asked(service, case, "text/csv")
        return None if csv_rows(reply.body) == csv_rows(case.result.read_bytes()) else f"other rows: {reply.text}"
    expected = expected_of(case)
    for accept, form in (
        ("application/sparql-results+json, application/n-triples", ox.QueryResultsFormat.JSON),
        ("application/sparql-results+xml, text/turtle", ox.QueryResultsFormat.XML),
    ):
        reply = asked(service, case, accept)
        if reply.status != 200:
            return f"status {reply.status}: {reply.text[:300]}"
        if reply.type in {"application/n-triples", "text/turtle"}:
            actual = from_graph(reply.body, ox.RdfFormat.TURTLE, case.base)
        else:
            actual = from_results(reply.body, form)
        if not same(expected, actual, lax=case.lax):
            return f"{reply.type}: wanted {expected}, got {actual}"
    return None


@dataclass
class Exchange:
    """One request of a protocol test and what must come back."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    statuses: set[str]
    boolean: bool | None
    form: str | None


def exchanges(manifest: Manifest, entry: Term) -> Iterator[Exchange]:
    action = manifest.one(entry, MF + "action")
    assert action is not None
    for request in manifest.listed(manifest.one(action, HT + "requests")):
        text = {name: manifest.one(request, HT + name) for name in ("absolutePath", "methodName", "body", "resp")}
        response, body = text["resp"], text["body"]
        assert response is not None
        headers = {}
        for header in manifest.listed(manifest.one(request, HT + "headers")):
            headers[manifest.one(header, HT + "fieldName").value] = manifest.one(header, HT + "fieldValue").value  # type: ignore[union-attr]
        data = None
        if body is not None:
            encoding = manifest.one(body, CNT + "characterEncoding")
            data = manifest.one(body, CNT + "chars").value.encode(encoding.value if encoding else "utf-8")  # type: ignore[union-attr]
        boolean = manifest.one(response, MF + "expectedBoolean")
        form = manifest.one(response, MF + "expectedFormat")
        yield Exchange(
            text["methodName"].value,  # type: ignore[union-attr]
            text["absolutePath"].value,  # type: ignore[union-attr]
            headers,
            data,
            {status.value[-3] for status in manifest.values(response, MF + "expectedStatus")},  # type: ignore[union-attr]
            None if boolean is None else boolean.value == "true",  # type: ignore[union-attr]
            None if form is None else form.value,  # type: ignore[union-attr]
        )


FORMS = {
    "boolean": {"application/sparql-results+json", "application/sparql-results+xml"},
    "tabular": {"application/sparql-results+json", "application/sparql-results+xml", "text/csv"},
    "RDF": {"text/turtle", "application/rdf+xml", "application/n-triples"},
}


SIZE = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"


def protocol_failures(service: Service) -> dict[str, str | None]:
    """Test IRI → why the service does not pass it, None where it does. An update passes where it is refused with 4xx
    and the store is as it was."""
    assert SUITES is not None
    manifest = Manifest(SUITES / "sparql11" / "protocol" / "manifest.ttl")
    before = service.post(SIZE).body
    found = {}
    for entry, _ in manifest.entries():
        assert isinstance(entry, ox.NamedNode)
        found[entry.value] = next(filter(None, _missteps(service, manifest, entry)), None)
        if service.post(SIZE).body != before:
            found[entry.value] = "the store has changed"
    return found


def _missteps(service: Service, manifest: Manifest, entry: ox.NamedNode) -> Iterator[str | None]:
    name = entry.value.rpartition("#")[2]
    for step in exchanges(manifest, entry):
        path = step.path.replace("/sparql/", "/sparql", 1)
        reply = service.request(step.method, path, step.body, step.headers)
        is_update = "update" in dict(parse_qsl(urlsplit(path).query)) or b"update=" in (step.body or b"")
        is_update |= step.headers.get("content-type", "") == "application/sparql-update"
        if is_update or name.startswith("bad_"):
            yield None if 400 <= reply.status < 500 else f"status {reply.status}: {reply.text}"
        elif "update" in name:
            continue  # the look at what the update did
        elif str(reply.status)[0] not in step.statuses:
            yield f"status {reply.status}: {reply.text}"
        elif step.form is not None and reply.status == 200 and reply.type not in FORMS[step.form]:
            yield f"answered as {reply.type}"
        elif step.boolean and not re.search(rb'"boolean":\s*true', reply.body):
            yield f"answered {reply.text}"


def description_failures(service: Service) -> dict[str, str | None]:
    """As ``protocol_failures``, for the service description's tests."""
    reply = service.request("GET", headers={"Accept": "text/turtle"})
    store = ox.Store()
    store.load(reply.body, format=ox.RdfFormat.TURTLE)
    address = f"http://127.0.0.1:{service.port}/sparql"
    sd = "PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>"
    asks = {
        "returns-rdf": "ASK { ?s ?p ?o }",
        "has-endpoint-triple": f"ASK {{ ?service a sd:Service ; sd:endpoint <{address}> }}",
        "conforms-to-schema": "ASK { ?s sd:defaultDataset [ a sd:Dataset ; sd:defaultGraph [ a sd:Graph ] ] }",
    }
    assert SUITES is not None
    entries = Manifest(SUITES / "sparql11" / "service-description" / "manifest.ttl").entries()
    names = {entry.value.rpartition("#")[2]: entry.value for entry, _ in entries if isinstance(entry, ox.NamedNode)}
    assert set(names) == set(asks), names
    return {
        iri: None if store.query(f"{sd} {asks[name]}") else "the description lacks it" for name, iri in names.items()
    }


def earl_report(outcomes: dict[str, str | None], excluded: dict[str, str]) -> str:
    """EARL 1.0 as Turtle, one assertion a test in the order of its IRI. outcomes: test IRI → what it fails by, None
    where it passes; excluded: test IRI → what the engine's makers say of it."""
    lines = [
        "@prefix dcterms: <http://purl.org/dc/terms/> .",
        "@prefix doap: <http://usefulinc.com/ns/doap#> .",
        "@prefix earl: <http://www.w3.org/ns/earl#> .",
        "",
        "<#inspectgraph> a doap:Project, earl:TestSubject, earl:Software ;",
        '    doap:name "inspectgraph" ;',
        '    dcterms:description "The SPARQL endpoint, query only, asked over HTTP."@en .',
        "",
        "<#run> a earl:Software, earl:Assertor ;",
        '    dcterms:description "python -m benchmarks.w3c_conformance"@en .',
    ]
    for iri, reason in sorted(outcomes.items()):
        outcome = "passed" if reason is None else "failed"
        note = f' ; dcterms:description "{excluded[iri]}"@en' if iri in excluded else ""
        lines.append(
            f"\n[] a earl:Assertion ; earl:assertedBy <#run> ; earl:subject <#inspectgraph> ;\n"
            f"    earl:mode earl:automatic ; earl:test <{iri}> ;\n"
            f"    earl:result [ a earl:TestResult ; earl:outcome earl:{outcome}{note} ] ."
        )
    return "\n".join(lines) + "\n"
