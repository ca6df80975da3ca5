"""The SPARQL 1.1 Protocol, query operation only, as a Flask blueprint.

An answer whose whole text is there before the first byte goes out has its length; a longer one is streamed, and where
it breaks off the connection is cut: no client can take a part for the whole. Errors are text with line and column.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Request, Response, redirect, render_template, request

from graph.errors import InspectgraphError
from ontology.namespaces import PREFIXES
from webapp.sparql import description, tables
from webapp.sparql.admission import Admission
from webapp.sparql.engine import Dataset, SparqlEngine, not_offered
from webapp.sparql.errors import Busy, QueryError, TooLongQuery, TooManyRequests, Unavailable
from webapp.sparql.examples import AUDIENCES, Example, load_examples
from webapp.sparql.formats import GRAPHS, TABLES, Chosen, by_accept, by_name, offered
from webapp.sparql.guard import CheckedQuery
from webapp.sparql.limits import Limits
from webapp.sparql.nursery import Head
from webapp.sparql.remote import AnyAnswer

_LOG = logging.getLogger(__name__)

HTML = "text/html"
FORM, DIRECT, UPDATE = "application/x-www-form-urlencoded", "application/sparql-query", "application/sparql-update"
_METHODS = "GET, HEAD, POST, OPTIONS"
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Release, ETag, Retry-After",
}
_COMPRESS_FROM = 1_000
_SHOWN = Head(rows=500, bytes=200_000)
_DRAINED = 32 << 20
_UPDATES_REFUSED = "This endpoint answers queries only; updates are refused."


class ServedRelease(Protocol):
    """What the endpoint needs of the release that a request began with."""

    @property
    def id(self) -> str: ...

    @property
    def sparql(self) -> SparqlEngine: ...


class RequestRefused(QueryError):
    """The HTTP request is not one of the protocol's query operations."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """What a request asks. ``query`` is None where a GET carries none: it asks for the endpoint itself."""

    query: str | None
    dataset: Dataset
    format: str | None


def blueprint(current: Callable[[], ServedRelease], limits: Limits, *, public_url: str = "") -> Blueprint:
    """The routes ``/sparql`` and ``/sparql/examples``.

    current: the release of this request, with its engine. public_url: address of the service without a final slash;
    empty takes it from each request.
    """
    pages = Blueprint("sparql", __name__, template_folder="templates")
    admission = Admission(limits)
    examples = {example.name: example for example in load_examples()}

    def endpoint_address() -> str:
        return (public_url or request.host_url.rstrip("/")) + "/sparql"

    @pages.route("/sparql", methods=["GET", "HEAD", "POST"], provide_automatic_options=False)
    def endpoint() -> Response:
        release = current()
        try:
            asked = read_request(request, limits)
            if asked.query is None:
                response = _about(release, endpoint_address(), limits, examples)
            else:
                response = _answered(release, asked, asked.query, admission, limits, examples)
        except QueryError as err:
            response = _error(err)
        except InspectgraphError as err:  # the search index that a clause asks cannot be opened
            _LOG.error("%s: %s", request.path, err)
            response = _error(Unavailable(str(err)))
        return _finished(response, release.id)

    @pages.route("/sparql", methods=["OPTIONS"], provide_automatic_options=False)
    def preflight() -> Response:
        response = Response(status=204)
        response.headers["Allow"] = _METHODS
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = (
            request.headers.get("Access-Control-Request-Headers", "")[:1000] or "Accept, Content-Type"
        )
        response.headers["Access-Control-Max-Age"] = "86400"
        response.headers.update(_CORS)
        return response

    @pages.route("/sparql", methods=["PUT", "DELETE", "PATCH"], provide_automatic_options=False)
    def refused_method() -> Response:
        response = _text("Queries come by GET or POST; nothing here can be changed over HTTP.", 405)
        response.headers["Allow"] = _METHODS
        return _finished(response, current().id)

    @pages.get("/sparql/examples")
    def example_list() -> Response:
        choice = by_accept(request.headers.get("Accept", ""), GRAPHS, also=(HTML,)) if not _wants_page() else HTML
        if isinstance(choice, Chosen):
            data = description.examples_graph(examples.values(), endpoint_address(), choice.format.name)
            return _finished(Response(data, content_type=choice.content_type), current().id)
        page = render_template("sparql/examples.html", groups=_grouped(examples.values()))
        return _finished(Response(page, content_type="text/html; charset=utf-8"), current().id)

    @pages.get("/sparql/examples/<name>")
    def named_example(name: str) -> Response:
        """A short address for a query: to the editor with it filled in and run."""
        if name not in examples:
            return _text("There is no example of this name.", 404)
        response = redirect("/sparql?" + urlencode({"query": examples[name].query}), 303)
        assert isinstance(response, Response)
        return _finished(response, current().id)

    return pages


# ------------------------------------------------------------------------------------------------------------- request


def read_request(incoming: Request, limits: Limits) -> QueryRequest:
    """The query operation of a request (SPARQL 1.1 Protocol, section 2.1). Raises QueryError."""
    in_url = _parameters(incoming.query_string)
    if incoming.method != "POST":
        if "update" in in_url:
            raise RequestRefused(HTTPStatus.BAD_REQUEST, _UPDATES_REFUSED)
        return _query_request(in_url, _single(in_url, "query"))
    media_type = incoming.mimetype
    body = _body(incoming, limits)
    if media_type == FORM:
        _require_utf8(incoming)
        in_body = _parameters(body)
        if "query" in in_url:
            raise RequestRefused(HTTPStatus.BAD_REQUEST, "In a form POST the query stands in the body, not in the URL.")
        return _posted({**in_url, **in_body}, _single(in_body, "query"))
    if media_type == DIRECT:
        _require_utf8(incoming)
        if "query" in in_url:
            raise RequestRefused(HTTPStatus.BAD_REQUEST, "The query stands in the body and in the URL: send it once.")
        return _posted(in_url, _decoded(body, "The body"))
    if media_type == UPDATE:
        raise RequestRefused(HTTPStatus.FORBIDDEN, _UPDATES_REFUSED)
    raise RequestRefused(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"A query is posted as {FORM} or {DIRECT}, not as {media_type or 'a body without Content-Type'}.",
    )


def _posted(parameters: dict[str, list[str]], query: str | None) -> QueryRequest:
    if "update" in parameters:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, _UPDATES_REFUSED)
    if query is None:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "There is no query in this request.")
    return _query_request(parameters, query)


def _query_request(parameters: dict[str, list[str]], query: str | None) -> QueryRequest:
    for name in ("using-graph-uri", "using-named-graph-uri"):
        if name in parameters:
            raise RequestRefused(HTTPStatus.BAD_REQUEST, f"“{name}” belongs to updates, which are refused.")
    graphs = {}
    for name in ("default-graph-uri", "named-graph-uri"):
        graphs[name] = tuple(parameters[name]) if name in parameters else None
        for iri in graphs[name] or ():
            if ":" not in iri or any(character in '<>"{}|^`\\' or character <= " " for character in iri):
                raise RequestRefused(HTTPStatus.BAD_REQUEST, f"“{name}” must be an absolute IRI, not “{iri[:200]}”.")
    dataset = Dataset(graphs["default-graph-uri"], graphs["named-graph-uri"])
    return QueryRequest(query, dataset, _single(parameters, "format"))


def _single(parameters: dict[str, list[str]], name: str) -> str | None:
    values = parameters.get(name, [])
    if len(values) > 1:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"“{name}” is given {len(values)} times; it may be given once.")
    return values[0] if values else None


def _parameters(encoded: bytes) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(encoded.decode("ascii", "surrogateescape"), True, errors="strict", max_num_fields=200)
        for pair in pairs:
            "".join(pair).encode()
    except UnicodeError as err:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "The parameters are not UTF-8.") from err
    except ValueError as err:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "There are too many parameters.") from err
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _body(incoming: Request, limits: Limits) -> bytes:
    """The body, if it is no longer than a query with its parameters can be: percent signs make three bytes of one."""
    most = 3 * limits.query_bytes + 65_536
    incoming.max_content_length = sys.maxsize  # the application's bound would answer with a page
    body = incoming.stream.read(most + 1) if (incoming.content_length or 0) <= most else b""
    if len(body) > most or (incoming.content_length or 0) > most:
        left = _DRAINED  # a client that is still sending would see a broken connection instead of the answer
        while left > 0 and (part := incoming.stream.read(65_536)):
            left -= len(part)
        raise TooLongQuery(f"The body is too long: a query has at most {limits.query_bytes:,} bytes.")
    return body


def _require_utf8(incoming: Request) -> None:
    charset = incoming.mimetype_params.get("charset", "utf-8").lower()
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise RequestRefused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"A query is UTF-8, not {charset[:40]}.")


def _decoded(body: bytes, what: str) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as err:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"{what} is not UTF-8 (byte {err.start + 1}).") from err


# -------------------------------------------------------------------------------------------------------------- answer


def _answered(
    release: ServedRelease,
    asked: QueryRequest,
    text: str,
    admission: Admission,
    limits: Limits,
    examples: dict[str, Example],
) -> Response:
    engine = release.sparql
    try:
        query = engine.check(text)
        choice = _chosen(query, asked)
    except QueryError as err:
        if _wants_page() and asked.format is None:
            return _page(text, examples, limits, error=err)
        raise
    etag = None if query.volatile else _etag(release.id, asked, choice)
    if etag is not None and request.method in {"GET", "HEAD"} and request.if_none_match.contains_weak(etag):
        return _tagged(Response(status=304), etag)
    client = admission.enter(request.remote_addr)
    try:
        if isinstance(choice, Chosen):
            answer = engine.answer(query, choice, asked.dataset)
        else:
            answer = engine.answer(query, _page_format(query), asked.dataset, head=_SHOWN)
    except QueryError as err:
        admission.leave(client)
        if choice == HTML and err.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _page(text, examples, limits, error=err)
        raise
    except BaseException:
        admission.leave(client)
        raise
    leave = partial(admission.leave, client)
    try:
        if isinstance(choice, Chosen):
            response = _sent(answer, choice)
        else:
            response = _page(text, examples, limits, result=tables.read(answer, _SHOWN))
    except BaseException:
        answer.close()
        leave()
        raise
    response.call_on_close(answer.close)
    response.call_on_close(leave)
    if etag is not None and request.method in {"GET", "HEAD"}:
        _tagged(response, etag)
    return response


def _chosen(query: CheckedQuery, asked: QueryRequest) -> Chosen | str:
    """The form of the answer, HTML for a browser. Raises RequestRefused (406) where there is none."""
    if query.form is None:
        return Chosen(TABLES[0], TABLES[0].media_type)  # it is no query: the engine will say where it goes wrong
    if asked.format is not None:
        if asked.format.lower() in {"html", HTML}:
            return HTML
        named = by_name(asked.format, query.form)
        if named is None:
            raise RequestRefused(HTTPStatus.NOT_ACCEPTABLE, not_offered(asked.format, query.form))
        return named
    choice = by_accept(request.headers.get("Accept", ""), offered(query.form), also=(HTML,))
    if choice is None:
        raise RequestRefused(
            HTTPStatus.NOT_ACCEPTABLE, not_offered(request.headers.get("Accept", "")[:200], query.form)
        )
    return choice


def _page_format(query: CheckedQuery) -> Chosen:
    name = "tsv" if query.form in {"SELECT", "ASK"} else "turtle"
    assert query.form is not None
    found = by_name(name, query.form)
    assert found is not None
    return found


def _sent(answer: AnyAnswer, chosen: Chosen) -> Response:
    compress = request.accept_encodings.quality("gzip") > 0
    whole = answer.complete or request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0"  # which cannot see a cut
    if whole:
        body = answer.whole()
        compress = compress and len(body) >= _COMPRESS_FROM
        response = Response(b"".join(_gzipped([body])) if compress else body, content_type=chosen.content_type)
    else:
        chunks = _logged(answer.chunks())
        response = Response(_gzipped(chunks) if compress else chunks, content_type=chosen.content_type)
    if compress:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _logged(chunks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from chunks
    except QueryError as err:
        _LOG.warning("an answer was cut while it was streamed: %s", err)
        raise  # the server cuts the connection


def _gzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(5, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()


def _etag(release: str, asked: QueryRequest, choice: Chosen | str) -> str:
    """The same query over the same release has the same answer, though its rows may come in another order."""
    media_type = choice.media_type if isinstance(choice, Chosen) else choice
    parts = (asked.query, asked.dataset.default_graphs, asked.dataset.named_graphs, media_type)
    return f"{release}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"


def _tagged(response: Response, etag: str) -> Response:
    response.set_etag(etag, weak=True)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _error(err: QueryError) -> Response:
    response = _text(str(err), err.status)
    if isinstance(err, Busy | TooManyRequests):
        response.headers["Retry-After"] = "2"
    return response


def _text(message: str, status: int) -> Response:
    return Response(message + "\n", status=status, content_type="text/plain; charset=utf-8")


def _finished(response: Response, release: str) -> Response:
    response.headers.update(_CORS)
    response.headers["X-Release"] = release
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.vary.update(["Accept", "Accept-Encoding"])
    return response


# --------------------------------------------------------------------------------------------------------------- pages


def _about(release: ServedRelease, address: str, limits: Limits, examples: dict[str, Example]) -> Response:
    """The endpoint itself: the editor for browsers, the service description for programs."""
    choice = by_accept(request.headers.get("Accept", ""), GRAPHS, also=(HTML,))
    if choice is None:
        raise RequestRefused(
            HTTPStatus.NOT_ACCEPTABLE, not_offered(request.headers.get("Accept", "")[:200], "CONSTRUCT")
        )
    if isinstance(choice, Chosen):
        data = description.service_description(
            address, release.id, limits, union=release.sparql.union, form=choice.format.name
        )
        return _tagged(Response(data, content_type=choice.content_type), f"{release.id}-{choice.format.name}")
    return _page("", examples, limits)


def _wants_page() -> bool:
    return by_accept(request.headers.get("Accept", ""), [*TABLES, *GRAPHS], also=(HTML,)) == HTML


def _page(
    text: str,
    examples: dict[str, Example],
    limits: Limits,
    *,
    error: QueryError | None = None,
    result: tables.Shown | None = None,
) -> Response:
    page = render_template(
        "sparql/editor.html",
        query=text,
        error=error,
        result=result,
        limits=limits.sentences(),
        groups=_grouped(examples.values()),
        prefixes=PREFIXES,
        permalink="/sparql?" + urlencode({"query": text}),
        shown_rows=_SHOWN.rows,
    )
    status = error.status if error is not None else HTTPStatus.OK
    return Response(page, status=status, content_type="text/html; charset=utf-8")


def _grouped(examples: Iterable[Example]) -> list[tuple[str, list[Example]]]:
    every = list(examples)
    return [(audience, [e for e in every if e.audience == audience]) for audience in AUDIENCES]
