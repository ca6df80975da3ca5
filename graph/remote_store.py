"""A graph on a server that speaks SPARQL 1.1: the query protocol to read, the Graph Store HTTP Protocol to write.

A server holds two datasets or more. A release is published into one that nobody reads, and becomes visible when
``DATA/current`` names the release whose manifest names that dataset: there is no moment at which a reader sees parts of
two releases, and a publication that is killed has changed nothing that is served.

What differs between kinds of servers is a ``Profile``.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec
import pyoxigraph as ox

from graph.errors import ReleaseError

if TYPE_CHECKING:
    import httpx

    from graph.store import Answer, Term

JSON_RESULTS = "application/sparql-results+json"
XML_RESULTS = "application/sparql-results+xml"
N_TRIPLES = "application/n-triples"

#: Triples sent in one request: Virtuoso takes 40,000 in a second.
_SENT_TOGETHER = 40_000
#: Terms named in one VALUES block.
VALUES_ROWS = 500
_SECONDS = 600.0


class GraphServerError(ReleaseError):
    """The graph server refuses, cannot be reached, or answers what is no answer."""


class AnswerCut(GraphServerError):
    """The server gave a part of the answer only: its own limit of rows or of time was reached. ``rows`` says which."""

    def __init__(self, message: str, *, rows: bool) -> None:
        super().__init__(message)
        self.rows = rows


@dataclass(frozen=True, slots=True)
class Profile:
    """How a kind of server differs from the others.

    ``query_path`` and ``data_path`` are added to a dataset's address. ``digest``: it wants Digest rather than Basic
    authentication. ``own_schemes`` and ``own_hosts``: IRIs that call what only this server has (Virtuoso's can fetch
    addresses and change tables): no query may hold one. ``timeout_parameter``: takes the time of a query, in ms.
    ``results``: the form that tables are asked for in: Virtuoso writes XML four times as fast as JSON, in which its
    booleans are 1 and 0. ``absent_graph``: one that does not exist, which stands in the place of an empty list and of
    graphs outside the dataset; without it Virtuoso takes no named graph for all, and gives one row where there is none.
    ``describing`` goes before a DESCRIBE: else Virtuoso gives what leads to a resource and not what the resource has.
    """

    name: str
    query_path: str
    data_path: str
    digest: bool = False
    own_schemes: tuple[str, ...] = ()
    own_hosts: tuple[str, ...] = ()
    timeout_parameter: str | None = None
    results: str = JSON_RESULTS
    absent_graph: str = ""
    describing: str = ""


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("sparql", "query", "data"),
        Profile("oxigraph", "query", "store"),
        Profile(
            "virtuoso",
            "sparql-auth",
            "sparql-graph-crud-auth",
            digest=True,
            own_schemes=("bif", "sql", "virtrdf", "virt"),
            own_hosts=("openlinksw.com",),
            timeout_parameter="timeout",
            results=XML_RESULTS,
            absent_graph="urn:inspectgraph:absent",
            describing='DEFINE sql:describe-mode "CBD"',
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Account:
    """A name and its password; an empty name means none is sent."""

    name: str = ""
    password: str = field(default="", repr=False)


class RemoteSettings(Protocol):
    """The settings that say where graphs are."""

    @property
    def graph_datasets(self) -> str: ...
    @property
    def graph_server(self) -> str: ...
    @property
    def graph_query_path(self) -> str: ...
    @property
    def graph_data_path(self) -> str: ...
    @property
    def graph_reader(self) -> str: ...
    @property
    def graph_reader_password(self) -> str: ...
    @property
    def graph_writer(self) -> str: ...
    @property
    def graph_writer_password(self) -> str: ...


def datasets_of(settings: RemoteSettings) -> tuple[RemoteDataset, ...]:
    """The datasets that the settings name, in their order; none where graphs stay in the releases. Raises ReleaseError
    for a server that is not known, an address that is none, or a single dataset."""
    addresses = settings.graph_datasets.split()
    if not addresses:
        return ()
    profile = PROFILES.get(settings.graph_server)
    if profile is None:
        raise ReleaseError(f"{settings.graph_server!r} is no kind of graph server: take {', '.join(PROFILES)}")
    if len(set(addresses)) < 2:
        raise ReleaseError(
            "INSPECTGRAPH_GRAPH_DATASETS names one dataset: two are needed, so that one can be filled while the other "
            "is read"
        )
    for address in addresses:
        if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname:
            raise ReleaseError(f"INSPECTGRAPH_GRAPH_DATASETS: {address!r} is no http or https address")
        if urlsplit(address).password is not None:
            raise ReleaseError("INSPECTGRAPH_GRAPH_DATASETS: passwords go into INSPECTGRAPH_GRAPH_READER_PASSWORD")
    reader = Account(settings.graph_reader, settings.graph_reader_password)
    writer = Account(settings.graph_writer, settings.graph_writer_password)
    return tuple(
        RemoteDataset(
            address,
            profile,
            settings.graph_query_path or profile.query_path,
            settings.graph_data_path or profile.data_path,
            reader,
            writer if writer.name else reader,
        )
        for address in dict.fromkeys(addresses)
    )


@dataclass(frozen=True)
class RemoteDataset:
    """One dataset on a graph server: a ``GraphStore`` for writing, and for reading what a page asks of a store.

    Its default graph must be the union of its named graphs, which Virtuoso's always is and others' by configuration.
    Safe to share between threads.
    """

    address: str
    profile: Profile
    query_path: str = ""
    data_path: str = ""
    reader: Account = Account()
    writer: Account = Account()

    # ------------------------------------------------------------------------------------------------------- reading

    def query(
        self,
        query: str,
        bindings: Mapping[str, Term] | None = None,
        *,
        use_default_graph_as_union: bool = True,
    ) -> Answer:
        """Evaluate a trusted query; see ``GraphStore``. The union is what the server takes anyway."""
        if bindings:
            names = " ".join(f"?{name}" for name in bindings)
            query += f"\nVALUES ({names}) {{ ({' '.join(str(term) for term in bindings.values())}) }}"
        word = next((w for w in query.split() if w.upper() in {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"}), "SELECT")
        if word.upper() in {"CONSTRUCT", "DESCRIBE"}:
            body = self._whole(query, N_TRIPLES)
            store = ox.Store()
            store.load(body, format=ox.RdfFormat.N_TRIPLES)
            return store.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
        answer = self.solutions(self._whole(query, self.profile.results))
        return as_boolean(answer) if word.upper() == "ASK" else answer

    def quads_for_pattern(
        self,
        subject: ox.NamedNode | ox.BlankNode | ox.Triple | None,
        predicate: ox.NamedNode | None,
        obj: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None,
        graph_name: ox.NamedNode | ox.BlankNode | ox.DefaultGraph | None = None,
    ) -> Iterator[ox.Quad]:
        """As ``pyoxigraph.Store.quads_for_pattern``; a blank node matches nothing, since it has no name over HTTP."""
        given = {"s": subject, "p": predicate, "o": obj, "g": graph_name}
        if any(isinstance(term, ox.BlankNode | ox.DefaultGraph) for term in given.values()):
            return
        text = {name: f"?{name}" if term is None else str(term) for name, term in given.items()}
        pattern = f"GRAPH {text['g']} {{ {text['s']} {text['p']} {text['o']} }}"
        free = [name for name, term in given.items() if term is None]
        if not free:
            answer = self.query(f"ASK {{ {pattern} }}")
            if answer:
                yield ox.Quad(subject, predicate, obj, graph_name)  # type: ignore[arg-type]
            return
        found = self.query(f"SELECT {' '.join(f'?{name}' for name in free)} WHERE {{ {pattern} }}")
        assert isinstance(found, ox.QuerySolutions)
        for solution in found:
            s, p, o, g = (solution[name] if term is None else term for name, term in given.items())
            yield ox.Quad(s, p, o, g)  # type: ignore[arg-type]

    def contains_named_graph(self, name: ox.NamedNode | ox.BlankNode | ox.DefaultGraph) -> bool:
        """Whether the graph holds a triple: servers need not know empty graphs."""
        return isinstance(name, ox.NamedNode) and bool(self.query(f"ASK {{ GRAPH {name} {{ ?s ?p ?o }} }}"))

    def named_graphs(self) -> Iterator[ox.NamedNode]:
        # grouped: Virtuoso takes over 300 times as long for DISTINCT, a minute for 90,000 triples on a busy machine
        found = self.query("SELECT ?g WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g")
        assert isinstance(found, ox.QuerySolutions)
        for solution in found:
            name = solution["g"]
            if isinstance(name, ox.NamedNode):
                yield name

    def graphs(self) -> Iterator[str]:
        return (name.value for name in self.named_graphs())

    def __len__(self) -> int:
        """How many quads it holds, by its own count."""
        found = self.query("SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }")
        assert isinstance(found, ox.QuerySolutions)
        return int(next(found)["n"].value)

    def __bool__(self) -> bool:
        return True

    # ------------------------------------------------------------------------------------------------------- writing

    def replace_graph(self, iri: str, triples: bytes, *, derived: bool = False) -> None:
        """As ``GraphStore``; a graph of more than 40,000 triples goes in several requests, and then a kill between
        them leaves a part: publishing starts such a graph again."""
        lines = triples.split(b"\n")
        parts = (b"\n".join(lines[at : at + _SENT_TOGETHER]) for at in range(0, len(lines), _SENT_TOGETHER))
        self.fill(iri, parts)

    def fill(self, iri: str, parts: Iterable[bytes]) -> None:
        """Put the N-Triples ``parts`` in the place of what the graph held."""
        with self._client(self.writer) as client:
            method, sent = "PUT", False
            for part in parts:
                self._write(client, method, iri, part)
                method, sent = "POST", True
            if not sent:
                self._write(client, "DELETE", iri, None)

    def remove_graph(self, iri: str) -> None:
        with self._client(self.writer) as client:
            self._write(client, "DELETE", iri, None)

    def flush(self) -> None:
        """Nothing: a server answers a write when it is safe."""

    def checkpoint(self, target: Path) -> None:
        raise ReleaseError("a graph server is copied by its own means: see docs/graph-servers.md")

    def close(self) -> None:
        """Nothing is held between calls."""

    # ----------------------------------------------------------------------------------------------------- connections

    def connect(self) -> httpx.Client:
        """A connection with the reader's rights, for one thread; the caller closes it."""
        return self._client(self.reader)

    @contextmanager
    def stream(
        self,
        client: httpx.Client,
        query: str,
        accept: str,
        seconds: float,
        graphs: Sequence[tuple[str, str]] = (),
        *,
        rows: int | None = None,
    ) -> Iterator[Iterator[bytes]]:
        """The body of an answer in pieces. ``graphs``: (default-graph-uri or named-graph-uri, IRI). ``rows``: so many
        of a table are read; None: all.

        Raises GraphServerError where the server refuses the query, with its reason; AnswerCut where it gives a part
        only, which Virtuoso does with status 200; TimeoutError when ``seconds`` are over.
        """
        import httpx

        fields: dict[str, Any] = {"query": query}
        for name, iri in graphs:
            fields.setdefault(name, []).append(iri)
        if self.profile.timeout_parameter:
            fields[self.profile.timeout_parameter] = str(max(int(seconds * 1000), 1000))
        end = time.monotonic() + seconds
        url = f"{self.address.rstrip('/')}/{self.query_path}"
        try:
            with client.stream("POST", url, data=fields, headers={"Accept": accept}, timeout=seconds) as response:
                if response.status_code != 200:
                    response.read()
                    raise GraphServerError(self._reason(response))
                self._check_whole(response, rows)
                pieces = self._pieces(response, end)
                yield _with_spaces(pieces) if accept == XML_RESULTS else pieces
        except httpx.TimeoutException as err:
            raise TimeoutError from err
        except httpx.HTTPError as err:
            raise GraphServerError(f"the graph server at {self.address} cannot be asked: {err}") from err

    def solutions(self, body: Any) -> ox.QuerySolutions | ox.QueryBoolean:
        """An answer in the form of ``results``, bytes or file, as the embedded engine gives it. Raises GraphServerError
        where it is none: Oxigraph's server breaks off in the middle when its time is over."""
        form = ox.QueryResultsFormat.XML if self.profile.results == XML_RESULTS else ox.QueryResultsFormat.JSON
        try:
            return ox.parse_query_results(body, form)
        except (SyntaxError, ValueError) as err:
            raise GraphServerError(f"the answer of the graph server at {self.address} is damaged: {err}") from err

    def _pieces(self, response: httpx.Response, end: float) -> Iterator[bytes]:
        for piece in response.iter_bytes():
            yield piece
            if time.monotonic() > end:
                raise TimeoutError

    def _check_whole(self, response: httpx.Response, rows: int | None) -> None:
        if response.headers.get("X-SQL-State"):
            message = response.headers.get("X-SQL-Message", "").partition(". ")[0]
            raise AnswerCut(f"the graph server gave a part of the answer only: {message[:200]}", rows=False)
        most = response.headers.get("X-SPARQL-MaxRows")
        if most and (rows is None or int(most) <= rows):
            raise AnswerCut(f"the graph server gives at most {most} rows", rows=True)

    def _reason(self, response: httpx.Response) -> str:
        lines = [line.strip() for line in response.text.splitlines() if line.strip()]
        said = " ".join(lines).partition("SPARQL query:")[0].strip()
        return f"the graph server answered {response.status_code}: {said[:500] or response.reason_phrase}"

    def _whole(self, query: str, accept: str) -> bytes:
        try:
            with self._client(self.reader) as client, self.stream(client, query, accept, _SECONDS) as pieces:
                return b"".join(pieces)
        except TimeoutError as err:
            raise GraphServerError(f"the graph server at {self.address} does not answer") from err

    def _write(self, client: httpx.Client, method: str, iri: str, body: bytes | None) -> None:
        import httpx

        url = f"{self.address.rstrip('/')}/{self.data_path}"
        name = "graph-uri" if self.profile.name == "virtuoso" else "graph"
        try:
            response = client.request(
                method, url, params={name: iri}, content=body, headers={"Content-Type": N_TRIPLES}, timeout=_SECONDS
            )
        except httpx.HTTPError as err:
            raise GraphServerError(f"the graph server at {self.address} cannot be written to: {err}") from err
        if response.status_code >= 300 and not (method == "DELETE" and response.status_code == 404):
            raise GraphServerError(f"graph {iri}: {self._reason(response)}")

    def _client(self, account: Account) -> httpx.Client:
        try:
            import httpx
        except ImportError as err:
            raise ReleaseError("a graph server needs the extra: pip install 'inspectgraph[servers]'") from err
        auth: httpx.Auth | None = None
        if account.name:
            kind = httpx.DigestAuth if self.profile.digest else httpx.BasicAuth
            auth = kind(account.name, account.password)
        # neither proxies nor .netrc of the environment: the address in the settings is the one that is asked
        return httpx.Client(auth=auth, trust_env=False, follow_redirects=False)


_SPACE_AT_AN_EDGE = re.compile(rb"(?<=>)[ \t\r\n]+(?=[^<\s])|(?<![ \t\r\n])[ \t\r\n]++(?=</literal>)")


def _with_spaces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """XML results with the spaces at the edges of literals as references: the parser leaves out those that are none."""
    rest = b""
    for piece in pieces:
        rest += piece
        end = max(rest.rfind(b"</result>"), 0)
        yield _SPACE_AT_AN_EDGE.sub(_as_references, rest[:end])
        rest = rest[end:]
    yield _SPACE_AT_AN_EDGE.sub(_as_references, rest)


def _as_references(spaces: re.Match[bytes]) -> bytes:
    return b"".join(b"&#%d;" % character for character in spaces[0])


def as_boolean(answer: ox.QuerySolutions | ox.QueryBoolean) -> ox.QueryBoolean:
    """The answer to ASK: Virtuoso gives a table, of one row for yes and of none for no."""
    if isinstance(answer, ox.QueryBoolean):
        return answer
    found = next(answer, None) is not None
    parsed = ox.parse_query_results(
        b'{"head":{},"boolean":%s}' % (b"true" if found else b"false"), ox.QueryResultsFormat.JSON
    )
    assert isinstance(parsed, ox.QueryBoolean)
    return parsed


# ---------------------------------------------------------------------------------------------------------- publishing


def idle_dataset(datasets: Sequence[RemoteDataset], served: Sequence[str]) -> RemoteDataset:
    """The dataset to publish into. ``served``: addresses that releases name, the current one's first: that one is
    never taken; one that no release names comes first, then the one whose release is the oldest."""
    free = [dataset for dataset in datasets if dataset.address not in served]
    if free:
        return free[0]
    taken = [dataset for dataset in datasets if dataset.address != served[0]]
    return max(taken, key=lambda dataset: served.index(dataset.address))


def synchronise(
    source: ox.Store, target: RemoteDataset, journals: Path, progress: Callable[[], None] = lambda: None
) -> int:
    """Make ``target`` hold exactly the graphs of ``source``; only those that differ are sent. Returns its quads.

    A journal in the folder ``journals`` says what each graph was sent as; a graph is struck from it before it is
    touched, so after a kill it is sent again. Raises ReleaseError where the server then counts other quads than were
    sent: somebody else writes to it.
    """
    journal = journals / f"{hashlib.sha256(target.address.encode()).hexdigest()[:16]}.json"
    known = _read_journal(journal)
    held = set(target.graphs())
    wanted = {name.value: _digest(source, name) for name in source.named_graphs() if isinstance(name, ox.NamedNode)}
    empty = {iri for iri, (_, quads) in wanted.items() if not quads}
    changed = [
        iri for iri, (digest, _) in wanted.items() if iri not in empty and (known.get(iri) != digest or iri not in held)
    ]
    gone = sorted(held - set(wanted))
    for iri in [*changed, *gone]:
        known.pop(iri, None)
    _write_journal(journal, known)
    for iri in gone:
        target.remove_graph(iri)
    for iri in changed:
        target.fill(iri, _parts(source, ox.NamedNode(iri)))
        known[iri] = wanted[iri][0]
        progress()
    _write_journal(journal, {iri: digest for iri, (digest, _) in wanted.items() if iri not in empty})
    quads = sum(count for _, count in wanted.values())
    if (counted := len(target)) != quads:
        journal.unlink()
        raise ReleaseError(f"{target.address} holds {counted} quads, {quads} were sent: nobody else may write there")
    return quads


def _parts(source: ox.Store, name: ox.NamedNode) -> Iterator[bytes]:
    triples = (quad.triple for quad in source.quads_for_pattern(None, None, None, name))
    while part := list(islice(triples, _SENT_TOGETHER)):
        encoded = ox.serialize(part, format=ox.RdfFormat.N_TRIPLES)
        assert encoded is not None
        yield encoded


def _digest(source: ox.Store, name: ox.NamedNode) -> tuple[str, int]:
    """Of a graph's triples whatever their order, and how many there are."""
    total = count = 0
    for part in _parts(source, name):
        for line in part.splitlines():
            total = (total + int.from_bytes(hashlib.blake2b(line, digest_size=32).digest(), "big")) % (1 << 256)
            count += 1
    return f"{total:064x}", count


def _read_journal(file: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}


def _write_journal(file: Path, journal: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".part")
    with temporary.open("wb") as stream:
        stream.write(msgspec.json.encode(journal))
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
