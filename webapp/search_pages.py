"""The front page and the search page, and the same search as files and feed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, g, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from graph.authorities import Authority
from indexer.search_request import FacetValue, Hit, Lifted, SearchResponse
from webapp import exports
from webapp.labels import Concept, tree
from webapp.negotiation import chosen_type
from webapp.pagination import page_numbers
from webapp.passages import Passage, marked
from webapp.search_query import (
    FORMATS,
    KIND_NAMES,
    MODES,
    ORDERS,
    PARAMETERS,
    POLARITIES,
    Query,
    not_seen_from,
    parameter,
    read_query,
    seen_from,
)
from webapp.services import OpenRelease, Services
from webapp.tables import Row

PASSAGE_LENGTH = 520
#: A facet with more choices than this has a box that looks among them.
FACET_LONG = 12
#: Facets that are open at first; the others once something of theirs is chosen.
OPEN_FACETS = ("theme", "authority", "polarity")
#: Facets beside the results, in reading order; kinds are the tabs above them.
SIDE_FACETS = ("polarity", "theme", "authority", "region", "type", "inspectorate", "framework", "grade", "year")
_BESIDE = {*SIDE_FACETS, "since", "until"}
_TYPES = {"text/html": "html", "application/json": "json", "text/csv": "csv", "application/atom+xml": "atom"}
_COOKIE_AGE = 365 * 24 * 3600
EXAMPLES = (
    "management oversight of case decisions",
    "children missing from care",
    "timeliness of initial health assessments",
    "support for care leavers",
    "MASH thresholds",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet, or one view: where choosing or lifting it leads ("" where a form sends it), the ``value``
    that the form sends for it, and ``narrower`` themes."""

    label: str
    count: int
    url: str
    chosen: bool = False
    narrower: tuple[Choice, ...] = ()
    value: str = ""
    name: str = ""  # where it is not that of its facet

    @property
    def chosen_within(self) -> bool:
        return any(choice.chosen for choice in self.narrower)


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    title: str
    choices: tuple[Choice, ...]

    @property
    def chosen(self) -> int:
        return sum(choice.chosen + sum(inner.chosen for inner in choice.narrower) for choice in self.choices)

    @property
    def open(self) -> bool:
        return self.name in OPEN_FACETS or bool(self.chosen)

    @property
    def long(self) -> bool:
        return len(self.choices) > FACET_LONG


@dataclass(frozen=True, slots=True)
class Tag:
    """An active filter and the address without it."""

    title: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Result:
    """A hit with what its card shows of its surroundings."""

    hit: Hit
    words: tuple[str, ...]
    passage: Passage
    document: Row | None
    inspection: Row | None
    actions: int
    next_inspection: Row | None
    again: tuple[Row, ...] = ()


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("search_pages", __name__)
    settings = services.settings

    @pages.get("/")
    def front() -> str:
        return render_template("front.html", **front_page(g.release))

    @pages.get("/search")
    def search() -> AnyResponse:
        release: OpenRelease = g.release
        query = read_query(request.args, release, max_characters=settings.query_characters)
        form = _wanted_format()
        if form == "html":
            return Response(_page(query, release, settings.page_size))
        return exports.search_as(form, query, release, settings)

    @pages.get("/my-council")
    def my_council() -> AnyResponse:
        """Remember the reader's council in a cookie, and go back to where they were."""
        target = request.args.get("then", "/search")
        if not target.startswith("/") or target.startswith(("//", "/\\")):
            target = "/search"
        chosen = g.release.labels.find_authority(request.args.get("council", "")[:100].strip())
        target = _seen_anew(target, g.release, g.council, chosen)
        response = redirect(target.replace("\\", "%5C"), 303)
        if chosen is not None:
            response.set_cookie("council", chosen.gss_code, max_age=_COOKIE_AGE, samesite="Lax", httponly=True)
        else:
            response.delete_cookie("council", samesite="Lax", httponly=True)
        response.headers["Cache-Control"] = "no-store"
        return response

    return pages


def _seen_anew(target: str, release: OpenRelease, before: Authority | None, now: Authority | None) -> str:
    """A search that the reader goes back to, as it starts for the council that is theirs now."""
    path, _, arguments = target.partition("?")
    if path != "/search":
        return target
    query = read_query(MultiDict(parse_qsl(arguments)), release)
    if before is not None:
        query = not_seen_from(query, before.gss_code)
    return (seen_from(query, now.gss_code) if now is not None else query).url()


def _wanted_format() -> str:
    asked = (request.args.get("format") or "").lower()
    if asked in FORMATS:
        return asked
    return _TYPES[chosen_type(request, *_TYPES)]


def front_page(release: OpenRelease) -> dict[str, Any]:
    items = release.tables.items
    themes = items.groups("themes")
    latest = [row for row in release.main_inspections() if row["end"] or row["start"]][-6:][::-1]
    return {
        "counts": {kind: len(items.numbers("kind", kind)) for kind in ("recommendation", "finding", "action")},
        "documents": len(release.tables.documents),
        "councils": len(release.authorities),
        "years": year_range(release),
        "themes": [(top, _with_narrower(top, narrower, themes)) for top, narrower in tree(release.labels.themes)],
        "latest": latest,
        "examples": EXAMPLES,
    }


def _with_narrower(top: Concept, narrower: Sequence[Concept], themes: dict[str, list[int]]) -> int:
    rows: set[int] = set()
    for concept in (top, *narrower):
        rows.update(themes.get(concept.id, ()))
    return len(rows)


def year_range(release: OpenRelease) -> tuple[int, int] | None:
    years = [year for year in release.tables.documents.column("year") if year]
    return (min(years), max(years)) if years else None


def _page(query: Query, release: OpenRelease, size: int) -> str:
    response = release.search(query.request(size))
    last = max(1, -(-response.total // size))
    notices = list(query.notices)
    if query.page > last:
        notices.append(f"There are {last} pages of results; this is the last.")
        query = query.at(last)
        response = release.search(query.request(size))
    if response.message:
        notices.append(response.message)
    return render_template(
        "search.html",
        query=query,
        response=response,
        results=results_of(response.hits, release),
        notices=notices,
        tags=list(tags_of(query, release)),
        tabs=list(_tabs(query, response, release, size)),
        facets=facets_of(query, response, release, size),
        orders=list(_orders(query, g.council, release)),
        modes=MODES,
        pages=page_numbers(query.page, last),
        last=last,
        lens=list(_lens(query, response, g.council, release, size)),
        downloads=[(name, query.at(1).url(format=name)) for name in ("csv", "xlsx", "docx", "json", "atom")],
        known_themes=[release.labels.themes.get(theme) for theme in response.themes[:3]],
        councils=council_names(release),
        first_rank=(query.page - 1) * size + 1,
        form_fields=_carried(query, g.council),
        examples=EXAMPLES,
    )


def council_names(release: OpenRelease) -> list[str]:
    """Names of the councils of the register that still exist, for the box that takes mine."""
    return sorted(authority.name for authority in release.labels.register if authority.abolished is None)


def results_of(hits: Sequence[Hit], release: OpenRelease) -> list[Result]:
    return [_result(hit, release) for hit in hits]


def _result(hit: Hit, release: OpenRelease) -> Result:
    inspection = release.inspection(hit.inspection)
    return Result(
        hit=hit,
        words=tuple(dict.fromkeys(word if word.isupper() else word.lower() for word in hit.why.words)),
        passage=marked(hit.text, hit.why.word_spans, _telling(hit), limit=PASSAGE_LENGTH),
        document=release.document(hit.document or hit.iri),
        inspection=inspection,
        actions=len(release.actions_answering(hit.iri)),
        next_inspection=release.following(inspection),
        again=_asked_again(hit, release),
    )


def _asked_again(hit: Hit, release: OpenRelease) -> tuple[Row, ...]:
    """Later recommendations to the same council that ask nearly the same."""
    if hit.kind != "recommendation":
        return ()
    later = (release.item(line["item"]) for line in release.tables.lineage.where("earlier", hit.iri))
    return tuple(item for item in later if item is not None)


def _telling(hit: Hit) -> tuple[int, int] | None:
    """The stretch nearest in meaning where it singles something out: not where it is all there is."""
    span = hit.why.sentence
    return span if span is not None and span[1] - span[0] < 0.8 * len(hit.text) else None


def tags_of(query: Query, release: OpenRelease) -> Iterator[Tag]:
    for known in PARAMETERS:
        if known.name == "kind":
            continue
        for value in query.values(known.name):
            yield Tag(known.title, label_of(known.name, value, release), query.dropping(known.name, value).url())
    for name, title in (("since", "From"), ("until", "To")):
        if (year := getattr(query.filters, name)) is not None:
            yield Tag(title, str(year), query.dropping(name).url())


def label_of(name: str, value: str, release: OpenRelease) -> str:
    """What a filter's value is called."""
    labels = release.labels
    if name == "theme":
        return labels.theme(value)
    if name in {"authority", "exclude-authority", "neighbours-of"}:
        return labels.authority(value)
    if name == "polarity":
        return POLARITIES.get(value, value)
    if name == "kind":
        return KIND_NAMES.get(value, (value, value))[1]
    if name == "grade":
        return labels.grade(value)
    if name == "framework":
        return labels.framework(value)
    if name == "document":
        found = release.tables.documents.find("id", value)
        return str(found["title"]) if found else value
    if name == "inspection":
        found = release.tables.inspections.find("id", value)
        return f"{found['authority'] or 'Unknown council'}, {found['year'] or 'undated'}" if found else value
    return value


def _tabs(query: Query, response: SearchResponse, release: OpenRelease, size: int) -> Iterator[Choice]:
    """One tab a kind; counts are of the same search without its choice of kind."""
    chosen = query.values("kind")
    everything = query.having("kind")
    total = response.total
    if chosen and "kind" in response.lifted:
        total = response.lifted["kind"].total
    elif chosen:
        total = release.search(everything.request(size)).total
    counts = {value.value: value.count for value in _counted("kind", query, response, release, size)}
    yield Choice("All", total, everything.url(), not chosen)
    for kind, (_, plural) in KIND_NAMES.items():
        if counts.get(kind) or kind in chosen:
            yield Choice(plural, counts.get(kind, 0), query.having("kind", kind).url(), chosen == (kind,))


def facets_of(query: Query, response: SearchResponse, release: OpenRelease, size: int) -> list[Facet]:
    found = []
    for name in SIDE_FACETS:
        counted = _counted(name, query, response, release, size)
        if not counted and not _restricted(name, query):
            continue
        if name == "theme":
            facet = _theme_facet(query, counted, release)
        elif name == "year":
            facet = Facet("year", "Year", tuple(_year_choice(query, value) for value in reversed(counted)))
        else:
            facet = _plain_facet(name, query, counted, release)
        if name == "authority":
            facet = _with_neighbours(facet, query, response, g.council, release, size)
        found.append(facet)
    return found


def _restricted(name: str, query: Query) -> bool:
    if name == "year":
        return query.filters.since is not None or query.filters.until is not None
    return bool(query.values(name))


def _counted(
    name: str, query: Query, response: SearchResponse, release: OpenRelease, size: int
) -> Sequence[FacetValue]:
    """A facet's counts. Where one of its values is chosen they are those of the search without that choice, so that
    each figure is what adding the value brings. ``size`` is that of a page, whose answer is remembered."""
    facet = "authority_type" if name == "type" else name
    lifted = query.dropping("since").dropping("until") if name == "year" else query.dropping(name)
    if lifted.filters == query.filters:
        return response.facets.get(facet, ())
    if facet in response.lifted:
        return response.lifted[facet].values
    return release.search(lifted.request(size)).facets.get(facet, ())


def _plain_facet(name: str, query: Query, counted: Sequence[FacetValue], release: OpenRelease) -> Facet:
    chosen = set(query.values(name))
    choices = []
    for value in counted:
        key = value.value
        if name == "authority":
            authority = release.labels.find_authority(key)
            key = authority.gss_code if authority else key
        choices.append(Choice(label_of(name, value.value, release), value.count, "", key in chosen, value=key))
    shown = {choice.value for choice in choices}
    choices += [Choice(label_of(name, v, release), 0, "", True, value=v) for v in query.values(name) if v not in shown]
    choices.sort(key=lambda choice: not choice.chosen)
    return Facet(name, parameter(name).title, tuple(choices))


def _year_choice(query: Query, value: FacetValue) -> Choice:
    year = int(value.value)
    chosen = query.filters.since == year and query.filters.until == year
    filters = replace(query.filters, since=None if chosen else year, until=None if chosen else year)
    return Choice(value.value, value.count, replace(query, filters=filters, page=1).url(), chosen)


def _theme_facet(query: Query, counted: Sequence[FacetValue], release: OpenRelease) -> Facet:
    counts = {value.value: value.count for value in counted}
    chosen = set(query.values("theme"))
    scheme = release.labels.themes

    def choice(identifier: str, narrower: tuple[Choice, ...] = ()) -> Choice:
        return Choice(
            scheme.label(identifier), counts.get(identifier, 0), "", identifier in chosen, narrower, identifier
        )

    choices = []
    for top, narrower in tree(scheme):
        inner = sorted(
            (choice(c.id) for c in narrower if counts.get(c.id) or c.id in chosen), key=lambda c: (-c.count, c.label)
        )
        if counts.get(top.id) or inner or top.id in chosen:
            choices.append(choice(top.id, tuple(inner)))
    known = {concept.id for concept in scheme.concepts.values()}
    others = dict.fromkeys([*(value.value for value in counted), *query.values("theme")])
    choices += [choice(identifier) for identifier in others if identifier not in known]
    return Facet("theme", "Theme", tuple(sorted(choices, key=lambda c: (-c.count, c.label))))


def _orders(query: Query, council: Authority | None, release: OpenRelease) -> Iterator[tuple[Query, str, bool]]:
    """Ways to order the results: the query, its name, whether it is the one in use."""
    near = query.near or (council.gss_code if council else None)
    for order, label in ORDERS.items():
        yield query.sorted_by(order), label, order == query.order and query.near is None
        if order == "relevance" and near and query.text:
            label = f"Neighbours of {release.labels.authority(near)} first"
            yield query.sorted_by(order, near), label, order == query.order and query.near is not None


def _carried(query: Query, council: Authority | None) -> list[tuple[str, str]]:
    """What the form of filters sends besides its visible fields."""
    ticked = ("neighbours-of", council.gss_code) if council else None
    return [pair for pair in query.at(1).pairs() if pair[0] not in _BESIDE and pair != ticked]


def _lens(
    query: Query, response: SearchResponse, council: Authority | None, release: OpenRelease, size: int
) -> Iterator[Choice]:
    """The same search seen from my council: all, the others, its statistical neighbours, itself."""
    if council is None:
        return
    code = council.gss_code
    plain = query.having("authority").having("exclude-authority").having("neighbours-of")
    everything = _everywhere(query, plain, response, release, size)
    own = _of_councils(everything.values, {code}, release)
    near = _of_councils(everything.values, set(council.neighbours), release)
    views = (
        ("All councils", plain, everything.total),
        ("Others only", plain.adding("exclude-authority", code), everything.total - own),
        ("Statistical neighbours", plain.adding("neighbours-of", code), near),
        (council.name, plain.adding("authority", code), own),
    )
    for label, view, count in views:
        yield Choice(label, count, view.url(), view.filters == query.filters)


def _everywhere(query: Query, plain: Query, response: SearchResponse, release: OpenRelease, size: int) -> Lifted:
    """The councils of the results were there no filter by council."""
    if "council" in response.lifted:
        return response.lifted["council"]
    found = response if plain.filters == query.filters else release.search(plain.request(size))
    return Lifted(found.facets.get("authority", ()), found.total)


def _of_councils(values: Sequence[FacetValue], codes: set[str], release: OpenRelease) -> int:
    """How many of the results are of these councils."""
    found = ((release.labels.find_authority(v.value), v.count) for v in values)
    return sum(count for authority, count in found if authority is not None and authority.gss_code in codes)


def _with_neighbours(
    facet: Facet, query: Query, response: SearchResponse, council: Authority | None, release: OpenRelease, size: int
) -> Facet:
    """The facet of councils with the statistical neighbours of mine as one choice above them."""
    if council is None or not council.neighbours:
        return facet
    code = council.gss_code
    chosen = code in query.values("neighbours-of")
    found = release.search(query.dropping("neighbours-of", code).request(size)) if chosen else response
    count = _of_councils(found.facets.get("authority", ()), set(council.neighbours), release)
    near = Choice(f"Neighbours of {council.name}", count, "", chosen, value=code, name="neighbours-of")
    return replace(facet, choices=(near, *facet.choices))


def search_url(**values: str) -> str:
    return "/search?" + urlencode(values)
