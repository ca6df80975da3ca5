"""One table from error to status; problem+json for programs, a page that helps for people. What is unknown is a 500."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec
from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from graph.errors import InspectgraphError, ReleaseError, UnreadableDocument

_LOG = logging.getLogger(__name__)

PROBLEM = "application/problem+json"

#: Errors of ours that a request can meet, the most special first.
STATUS: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (UnreadableDocument, HTTPStatus.SERVICE_UNAVAILABLE),
    (ReleaseError, HTTPStatus.SERVICE_UNAVAILABLE),
    (InspectgraphError, HTTPStatus.BAD_REQUEST),
)


class Gone(HTTPException):
    """Something that was here and was removed; ``description`` says why."""

    code = 410

    @classmethod
    def because(cls, reason: str) -> Gone:
        """``reason`` as the operator gave it; it may be empty."""
        return cls(
            f"This was removed: {reason.rstrip('.')}."
            if reason
            else "The document that this was taken from has been removed."
        )


def register(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    for kind, _ in STATUS:
        app.register_error_handler(kind, _known_error)


def problem(status: int, detail: str, **members: Any) -> Response:
    """RFC 9457 problem details."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    return Response(msgspec.json.encode(body), status=status, content_type=PROBLEM)


def answer(status: int, detail: str) -> Response:
    """The error as the client can use it."""
    if _wants_json():
        return problem(status, detail, instance=request.path)
    page = render_template(
        "error.html",
        status=status,
        phrase=HTTPStatus(status).phrase,
        detail=detail,
        guess=_guess(),
        release=g.get("release"),
    )
    return Response(page, status=status, content_type="text/html; charset=utf-8")


def _http_error(err: HTTPException) -> Response:
    if err.response is not None or err.code is None or err.code < 400:
        return err.get_response()  # type: ignore[return-value]
    detail = err.description or ""
    if err.code == 404 and type(err).description == detail:
        detail = "There is nothing at this address."
    response = answer(err.code, detail)
    for name, value in err.get_headers():
        if name in {"Allow", "Retry-After", "WWW-Authenticate"}:
            response.headers[name] = value
    return response


def _known_error(err: Exception) -> Response:
    status = next(status for kind, status in STATUS if isinstance(err, kind))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _LOG.error("%s %s: %s", request.method, request.path, err)
    response = answer(status, _PLACE.sub(r"\1", str(err)))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "30"
    return response


#: Where a release lies on the server is nobody's business but the operator's, whom the log tells.
_PLACE = re.compile(r"(?:/[^\s:]+)?/(releases/)")


def _unexpected(err: Exception) -> Response:
    _LOG.exception("%s %s failed", request.method, request.path, exc_info=err)
    return answer(500, "Something went wrong here. It has been logged; trying again later may help.")


def _wants_json() -> bool:
    if request.path.startswith("/api/") or request.args.get("format") == "json":
        return True
    types = request.accept_mimetypes
    return bool(types) and types.best_match(["text/html", "application/json", PROBLEM]) not in {"text/html", None}


def _guess() -> str:
    """Words of the address that a search might find."""
    last = unquote(request.path).rstrip("/").rsplit("/", 1)[-1]
    words = last.split(".")[0].replace("-", " ").replace("_", " ")
    return words if any(len(word) > 3 and word.isalpha() for word in words.split()) else ""
