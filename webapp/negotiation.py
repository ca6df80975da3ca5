"""Which form of a resource a client gets: an IRI's own path for HTML, a suffix for each data form."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox
from flask import Request, Response, redirect
from werkzeug.exceptions import NotAcceptable

HTML = "text/html"


@dataclass(frozen=True, slots=True)
class DataForm:
    """An RDF serialisation: its suffix, its name for readers, and the engine's format."""

    suffix: str
    media_type: str
    title: str
    format: ox.RdfFormat


DATA_FORMS = (
    DataForm("ttl", "text/turtle", "Turtle", ox.RdfFormat.TURTLE),
    DataForm("jsonld", "application/ld+json", "JSON-LD", ox.RdfFormat.JSON_LD),
    DataForm("nt", "application/n-triples", "N-Triples", ox.RdfFormat.N_TRIPLES),
    DataForm("rdf", "application/rdf+xml", "RDF/XML", ox.RdfFormat.RDF_XML),
)
_BY_SUFFIX = {form.suffix: form for form in DATA_FORMS}
_BY_TYPE = {form.media_type: form for form in DATA_FORMS}


def split_suffix(name: str) -> tuple[str, str | None]:
    """ "x.ttl" → ("x", "ttl"); a name without a suffix that is known stays whole."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, suffix) if dot and stem and (suffix in _BY_SUFFIX or suffix == "html") else (name, None)


def data_form(suffix: str) -> DataForm | None:
    return _BY_SUFFIX.get(suffix)


def chosen_type(request: Request, *offered: str) -> str:
    """The offered media type that the client likes best, the first on a tie. Raises NotAcceptable."""
    if not request.accept_mimetypes:
        return offered[0]
    best = request.accept_mimetypes.best_match(offered)
    if best is None:
        raise NotAcceptable("This resource can be had as " + ", ".join(offered) + ".")
    return best


def see_data(request: Request, path: str) -> Response | None:
    """A 303 to the data document where the client asks for RDF; None where it wants the page.

    Browsers get the page under the IRI's own path, so that the address they copy is the IRI.
    """
    wanted = chosen_type(request, HTML, *_BY_TYPE)
    if wanted == HTML:
        return None
    response = redirect(f"{path}.{_BY_TYPE[wanted].suffix}", 303)
    response.headers["Vary"] = "Accept"
    assert isinstance(response, Response)
    return response
