"""A search as a URL: one table of parameters, read leniently, written canonically.

What cannot be taken is left out with a sentence for the reader; nothing in a URL is ever an error. Reading the URL that
``Query.url`` writes gives the same query again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from indexer.search_request import Filters, Mode, Order, SearchRequest
from webapp.services import OpenRelease

KINDS = ("recommendation", "finding", "action", "document")
KIND_NAMES = {
    "recommendation": ("Recommendation", "Recommendations"),
    "finding": ("Finding", "Findings"),
    "action": ("Action", "Actions"),
    "document": ("Document", "Documents"),
}
POLARITIES = {"strength": "Strength", "improvement": "Needs improvement", "mixed": "Mixed"}
ORDERS: dict[Order, str] = {"relevance": "Best match", "date": "Newest first"}
MODES: dict[Mode, str] = {"hybrid": "Meaning and words", "words": "Words only", "meaning": "Meaning only"}
FORMATS = ("html", "json", "csv", "xlsx", "docx", "atom")
FIRST_YEAR, LAST_YEAR = 1948, 2100
_MAX_VALUES = 20
_Choice = TypeVar("_Choice", bound=str)


class Arguments(Protocol):
    """What Werkzeug's MultiDict offers here."""

    def getlist(self, key: str) -> list[str]: ...
    def get(self, key: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Parameter:
    """A filter's name in the URL, its field of ``Filters``, its heading, and what it takes."""

    name: str
    field: str
    title: str
    takes: str
    facet: str | None = None  # the facet that counts it


PARAMETERS = (
    Parameter("kind", "kinds", "Kind", "recommendation, finding, action or document", "kind"),
    Parameter("theme", "themes", "Theme", "Theme id; takes its narrower themes with it", "theme"),
    Parameter("polarity", "polarities", "Judged as", "strength, improvement or mixed", "polarity"),
    Parameter("authority", "authorities", "Council", "GSS code or name", "authority"),
    Parameter("exclude-authority", "exclude_authorities", "Not", "GSS code or name of a council to leave out"),
    Parameter("neighbours-of", "neighbours_of", "Statistical neighbours of", "GSS code or name"),
    Parameter("region", "regions", "Region", "Region of England", "region"),
    Parameter("type", "authority_types", "Type of council", "Type of council", "authority_type"),
    Parameter("inspectorate", "inspectorates", "Inspectorate", "Name of an inspectorate", "inspectorate"),
    Parameter("framework", "frameworks", "Framework", "Framework id", "framework"),
    Parameter("grade", "grades", "Overall grade", "Grade id of the inspection's overall judgement", "grade"),
    Parameter("document", "documents", "Document", "Id of a document"),
    Parameter("inspection", "inspections", "Inspection", "Id of an inspection"),
)
_ALIASES = {"exclude_authority": "exclude-authority", "neighbours_of": "neighbours-of"}


@dataclass(frozen=True, slots=True)
class Query:
    """A search as the reader asked for it; ``page`` is 1-based. ``near``: GSS code of the council whose statistical
    neighbours come first."""

    text: str = ""
    filters: Filters = field(default_factory=Filters)
    order: Order = "relevance"
    mode: Mode = "hybrid"
    page: int = 1
    notices: tuple[str, ...] = ()
    near: str | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """The URL's parameters in canonical order, defaults left out."""
        pairs = [("q", self.text)] if self.text else []
        for parameter in PARAMETERS:
            pairs += [(parameter.name, value) for value in getattr(self.filters, parameter.field)]
        for name in ("since", "until"):
            if (year := getattr(self.filters, name)) is not None:
                pairs.append((name, str(year)))
        if self.order != "relevance":
            pairs.append(("sort", self.order))
        if self.near is not None:
            pairs.append(("near", self.near))
        if self.mode != "hybrid":
            pairs.append(("mode", self.mode))
        if self.page > 1:
            pairs.append(("page", str(self.page)))
        return pairs

    def url(self, path: str = "/search", **extra: str) -> str:
        pairs = self.pairs() + list(extra.items())
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def request(self, limit: int, offset: int | None = None, *, facets: bool = True) -> SearchRequest:
        start = (self.page - 1) * limit if offset is None else offset
        return SearchRequest(
            text=self.text,
            filters=self.filters,
            limit=limit,
            offset=start,
            mode=self.mode,
            order=self.order,
            facets=facets,
            near=(self.near,) if self.near else (),
        )

    @property
    def filtered(self) -> bool:
        return self.filters != Filters()

    def at(self, page: int) -> Query:
        return replace(self, page=page)

    def sorted_by(self, order: Order, near: str | None = None) -> Query:
        return replace(self, order=order, near=near, page=1)

    def in_mode(self, mode: Mode) -> Query:
        return replace(self, mode=mode, page=1)

    def values(self, name: str) -> tuple[str, ...]:
        found: tuple[str, ...] = getattr(self.filters, parameter(name).field)
        return found

    def having(self, name: str, *values: str) -> Query:
        """With exactly these values of a filter; with none it is lifted."""
        return replace(self, filters=_filters_with(self.filters, parameter(name).field, values), page=1)

    def adding(self, name: str, value: str) -> Query:
        return self.having(name, *dict.fromkeys((*self.values(name), value)))

    def dropping(self, name: str, value: str | None = None) -> Query:
        if name in {"since", "until"}:
            return replace(self, filters=_filters_with(self.filters, name, None), page=1)
        return self.having(name, *(kept for kept in self.values(name) if value is not None and kept != value))

    def unfiltered(self) -> Query:
        return replace(self, filters=Filters(), page=1)


def _filters_with(filters: Filters, field_name: str, value: Any) -> Filters:
    return replace(filters, **{field_name: value})


def parameter(name: str) -> Parameter:
    return next(p for p in PARAMETERS if p.name == name)


def read_query(arguments: Arguments, release: OpenRelease, *, max_characters: int = 500) -> Query:
    """The search that a URL asks for; ``notices`` say what of it was left out."""
    notices: list[str] = []
    text = " ".join((arguments.get("q") or "").replace("\x00", " ").split())
    if len(text) > max_characters:
        text = text[:max_characters].rsplit(" ", 1)[0]
        notices.append(f"Your search was longer than {max_characters} characters and was cut there.")
    chosen: dict[str, tuple[str, ...]] = {}
    for known in PARAMETERS:
        asked = [value.strip() for name in _names(known) for value in arguments.getlist(name)]
        asked = [value for value in dict.fromkeys(asked) if value]
        if len(asked) > _MAX_VALUES:
            notices.append(f"Only the first {_MAX_VALUES} values of the filter “{known.title}” were taken.")
        taken: list[str] = []
        for value in asked[:_MAX_VALUES]:
            canonical = _canonical(known.name, value[:100], release)
            if canonical is None:
                notices.append(f"“{value[:60]}” is not known as “{known.title}” here, so that filter was left out.")
            elif canonical not in taken:
                taken.append(canonical)
        chosen[known.field] = tuple(taken)
    since, until = (_year(arguments.get(name), name, notices) for name in ("since", "until"))
    if since is not None and until is not None and since > until:
        since, until = until, since
        notices.append(f"The years were the wrong way round; searched from {since} to {until}.")
    return Query(
        text=text,
        filters=Filters(**chosen, since=since, until=until),
        order=_choice(arguments.get("sort"), ORDERS, "relevance", "order", notices),
        mode=_choice(arguments.get("mode"), MODES, "hybrid", "way of searching", notices),
        page=_page(arguments.get("page"), notices),
        near=_near(arguments.get("near"), release, notices),
        notices=tuple(notices),
    )


def known_values(release: OpenRelease) -> dict[str, Sequence[str]]:
    """What each filter can take in this release, for forms and the API's description."""
    items = release.tables.items
    columns = {"inspectorate": "inspectorate", "framework": "framework_id", "grade": "grade"}
    columns |= {"region": "region", "type": "authority_type"}
    return {name: sorted(items.groups(column)) for name, column in columns.items()}


def _names(known: Parameter) -> list[str]:
    return [known.name, *(alias for alias, name in _ALIASES.items() if name == known.name)]


def _canonical(name: str, value: str, release: OpenRelease) -> str | None:
    check: Callable[[str, OpenRelease], str | None] | None = _CHECKS.get(name)
    if check is not None:
        return check(value, release)
    folded = value.casefold()
    for candidate in known_values(release)[name]:
        if folded in {candidate.casefold(), _label(name, candidate, release).casefold()}:
            return candidate
    return None


def _label(name: str, value: str, release: OpenRelease) -> str:
    schemes = {"grade": release.labels.grades, "framework": release.labels.frameworks}
    return schemes[name].label(value) if name in schemes else value


def _one_of(*allowed: str) -> Callable[[str, OpenRelease], str | None]:
    return lambda value, _: value.lower() if value.lower() in allowed else None


def _theme(value: str, release: OpenRelease) -> str | None:
    if value in release.tables.items.groups("themes") or release.labels.themes.get(value):
        return value
    return next((c.id for c in release.labels.themes.concepts.values() if c.label.casefold() == value.casefold()), None)


def _authority(value: str, release: OpenRelease) -> str | None:
    if value in release.tables.items.groups("gss_code"):
        return value
    found = release.labels.find_authority(value)
    return found.gss_code if found else None


def _identifier(table: str) -> Callable[[str, OpenRelease], str | None]:
    def check(value: str, release: OpenRelease) -> str | None:
        identifier = value.rstrip("/").rsplit("/", 1)[-1]
        return identifier if getattr(release.tables, table).numbers("id", identifier) else None

    return check


_CHECKS: dict[str, Callable[[str, OpenRelease], str | None]] = {
    "kind": _one_of(*KINDS),
    "polarity": _one_of(*POLARITIES),
    "theme": _theme,
    "authority": _authority,
    "exclude-authority": _authority,
    "neighbours-of": _authority,
    "document": _identifier("documents"),
    "inspection": _identifier("inspections"),
}


def _year(text: str | None, name: str, notices: list[str]) -> int | None:
    if text is None or not text.strip():
        return None
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) == 4 and FIRST_YEAR <= int(text) <= LAST_YEAR:
        return int(text)
    which = "first" if name == "since" else "last"
    notices.append(
        f"“{text[:20]}” is not a year between {FIRST_YEAR} and {LAST_YEAR}, so the {which} year was left out."
    )
    return None


def _near(text: str | None, release: OpenRelease, notices: list[str]) -> str | None:
    if text is None or not text.strip():
        return None
    found = release.labels.find_authority(text.strip()[:100])
    if found is None:
        notices.append(f"“{text[:60]}” is no council here, so no neighbours were put first.")
    return found.gss_code if found else None


def seen_from(query: Query, code: str) -> Query:
    """The search as it starts for an officer of a council: the others alone, its statistical neighbours first. What the
    query says of councils already stays."""
    if query.values("authority") or query.values("neighbours-of"):
        return query
    return replace(query.adding("exclude-authority", code), near=query.near or code)


def not_seen_from(query: Query, code: str) -> Query:
    """Without what ``seen_from`` added."""
    return replace(query.dropping("exclude-authority", code), near=None if query.near == code else query.near)


def _page(text: str | None, notices: list[str]) -> int:
    if text is None or not text.strip():
        return 1
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 7 and int(text) >= 1:
        return int(text)
    notices.append("That is not a page number; this is the first page.")
    return 1


def _choice(
    text: str | None, allowed: Mapping[_Choice, str], default: _Choice, what: str, notices: list[str]
) -> _Choice:
    if not text:
        return default
    for choice in allowed:
        if choice == text:
            return choice
    notices.append(f"“{text[:20]}” is no {what} here; the usual one was used.")
    return default
