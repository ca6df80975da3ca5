"""The Flask application put together: routes, template words, headers, errors."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, g, request
from jinja2.filters import do_truncate
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp import (
    admission,
    analysis_pages,
    api,
    comparison,
    curation_pages,
    data_pages,
    errors,
    issue_pages,
    item_pages,
    match,
    observation,
    ontology_page,
    page_images,
    search_pages,
    theme_pages,
)
from webapp.labels import date_in_words, humanised, period_in_words
from webapp.search_query import Query, seen_from
from webapp.services import Services, id_of, sparql_limits
from webapp.settings import Settings
from webapp.sparql import editor, protocol

STATIC = Path(__file__).parent / "static"

#: No inline script or style anywhere: text from documents could not run even if it were not escaped.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "img-src 'self'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
COUNCIL_COOKIE = "council"
_COMPRESSED = ("text/", "application/json", "application/problem+json", "application/atom+xml", "image/svg+xml")
_COMPRESS_FROM, _COMPRESS_TO = 1_000, 5_000_000
_YEAR = 31_536_000


def build(settings: Settings, services: Services) -> Flask:
    app = Flask("webapp", static_folder=None, template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = settings.request_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["web"] = web_address
    app.jinja_env.filters["truncate"] = partial(do_truncate, app.jinja_env, end="…")
    app.extensions["inspectgraph"] = services
    if settings.trusted_proxies:
        trusted = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, trusted, trusted, trusted)  # type: ignore[method-assign]
    observation.register(app)
    admission.register(app, settings)

    @app.before_request
    def _take_release() -> None:
        """Every request keeps the release that it began with."""
        if request.endpoint not in {"static", "data_pages.health"}:
            g.release = services.current()
            g.council = _my_council()

    def _my_council() -> Any:
        return g.release.labels.register.by_gss(request.cookies.get(COUNCIL_COOKIE, "")[:12])

    @app.context_processor
    def _words() -> dict[str, Any]:
        return _template_words(settings)

    @app.get("/static/<name>", endpoint="static")
    def _static(name: str) -> Response:
        return _static_file(name)

    for blueprint in (
        search_pages.blueprint(services),
        item_pages.blueprint(services),
        page_images.blueprint(services),
        theme_pages.blueprint(services),
        analysis_pages.blueprint(services),
        issue_pages.blueprint(services),
        comparison.blueprint(services),
        match.blueprint(services),
        ontology_page.blueprint(services),
        data_pages.blueprint(services),
        api.blueprint(services),
        curation_pages.blueprint(services),
        editor.blueprint(lambda: g.release),
        protocol.blueprint(lambda: g.release, sparql_limits(settings), public_url=settings.public_url),
    ):
        app.register_blueprint(blueprint)
    errors.register(app)
    app.after_request(_finish)
    return app


def _template_words(settings: Settings) -> dict[str, Any]:
    release = g.get("release")
    words: dict[str, Any] = {
        "settings": settings,
        "release": release,
        "my_council": g.get("council"),
        "date": date_in_words,
        "period": period_in_words,
        "humanised": humanised,
        "id_of": id_of,
        "asset": _asset,
        "has_sparql": "/sparql" in _paths(),
        "address": (settings.public_url or request.host_url.rstrip("/")) + request.path,
        "here": request.full_path.rstrip("?"),
        "quoted": lambda text: quote(text, safe=""),
        "number": lambda value: f"{value:,}",
    }
    council = g.get("council")
    start = seen_from(Query(), council.gss_code).pairs() if council is not None else []

    def start_search(**given: str) -> str:
        pairs = [*given.items(), *start]
        return f"/search?{urlencode(pairs)}" if pairs else "/search"

    words |= {"start_pairs": start, "start_search": start_search}
    if release is not None:
        words |= {"labels": release.labels, "path": release.path_of}
    return words


def web_address(url: str | None) -> str:
    """An address that a document or its metadata names, where it is one of the web: no link leads to a script."""
    return url if url is not None and url.lower().startswith(("https://", "http://")) else ""


def _paths() -> set[str]:
    return {rule.rule for rule in current_app.url_map.iter_rules()}


@lru_cache(maxsize=64)
def _asset(name: str) -> str:
    """The address of a static file, changing with its content so that it can be cached for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


_STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}


def _static_file(name: str) -> Response:
    file = STATIC / Path(name).name
    if file.suffix not in _STATIC_TYPES or not file.is_file():
        return errors.answer(404, "There is no such file.")
    response = Response(file.read_bytes(), content_type=f"{_STATIC_TYPES[file.suffix]}; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable" if request.args.get("v") else "no-cache"
    return response


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    release = g.get("release")
    if release is not None:
        response.headers.setdefault("X-Release", release.id)
    if g.get("private"):
        response.headers["Cache-Control"] = "no-store"
    elif request.method in {"GET", "HEAD", "OPTIONS"}:
        response.headers.setdefault("Access-Control-Allow-Origin", "*")
        if request.method == "OPTIONS":  # a browser asks first where its Accept header is long
            response.headers.setdefault("Access-Control-Allow-Headers", "*")
        response.headers.setdefault("Access-Control-Expose-Headers", "X-Release, X-Total-Count, Link")
    response.vary.add("Accept")
    response.vary.add("Cookie")
    if response.direct_passthrough or response.is_streamed or response.status_code != 200:
        return response
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private, max-age=0, must-revalidate"
    response.add_etag(weak=True)
    response.make_conditional(request)
    return response if response.status_code == 304 else _compressed(response)


def _compressed(response: Response) -> Response:
    size = response.content_length or 0
    fits = _COMPRESS_FROM <= size <= _COMPRESS_TO and (response.mimetype or "").startswith(_COMPRESSED)
    if fits and "Content-Encoding" not in response.headers and request.accept_encodings.quality("gzip") > 0:
        response.set_data(gzip.compress(response.get_data(), compresslevel=5, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
    return response
