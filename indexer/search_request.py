"""What is asked of a search and what it answers: plain values, free of any engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["hybrid", "words", "meaning"]
Order = Literal["relevance", "date"]

#: The facets that a response counts, in the order in which a page shows them.
FACETS = (
    "kind",
    "theme",
    "polarity",
    "authority",
    "region",
    "authority_type",
    "inspectorate",
    "framework",
    "grade",
    "year",
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit must be. Values within one field are alternatives; fields are joined by "and"; empty: no condition.

    ``themes`` are theme ids and take narrower themes with them. ``authorities``, ``exclude_authorities`` and
    ``neighbours_of`` take a GSS code or a short name in any case; ``neighbours_of`` means the statistical neighbours of
    each, not the authority itself. ``documents`` and ``inspections`` take an IRI or its last segment. ``since`` and
    ``until`` are years, both included; an item without a year fails either.
    """

    kinds: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    exclude_authorities: tuple[str, ...] = ()
    neighbours_of: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    authority_types: tuple[str, ...] = ()
    inspectorates: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    polarities: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    inspections: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None


#: The fields of ``Filters`` that a facet's own filter consists of.
FILTERS_OF: dict[str, tuple[str, ...]] = {
    "kind": ("kinds",),
    "theme": ("themes",),
    "polarity": ("polarities",),
    "authority": ("authorities",),
    "region": ("regions",),
    "authority_type": ("authority_types",),
    "inspectorate": ("inspectorates",),
    "framework": ("frameworks",),
    "grade": ("grades",),
    "year": ("since", "until"),
    "council": ("authorities", "exclude_authorities", "neighbours_of"),
}


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """``text``: what was typed; empty means browse: everything that passes, newest first. ``offset`` is 0-based.
    ``near``: GSS codes or names of councils; by relevance, what was ranked of their statistical neighbours comes before
    what was ranked of others. It changes the order alone."""

    text: str = ""
    filters: Filters = field(default_factory=Filters)
    limit: int = 20
    offset: int = 0
    mode: Mode = "hybrid"
    order: Order = "relevance"
    facets: bool = True
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """Why a hit was found. Spans are half-open code point ranges of ``Hit.text``.

    ``words``: the query's words (or their equivalents in the sector's language) that the text holds, as printed, and
    ``word_spans`` where. ``sentence``: the stretch nearest in meaning; None where meaning had no part in it.
    ``theme``: id of the theme that query and item share, None where none.
    """

    words: tuple[str, ...] = ()
    word_spans: tuple[tuple[int, int], ...] = ()
    sentence: tuple[int, int] | None = None
    theme: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One found item. ``row`` is its row in the ``items`` table, -1 for a document; ``rank`` is 1-based over all pages.

    ``score`` orders hits within one response and is not comparable between queries; ``confidence`` in [0, 1] is: the
    share of hits with this figure that were judged to be about the same issue (0.0 when browsing). ``duplicates`` are
    IRIs of items with near enough the same text that were folded into this hit.
    """

    rank: int
    row: int
    iri: str
    kind: str
    text: str
    score: float
    confidence: float
    why: Why = field(default_factory=Why)
    ref: str | None = None
    section: str | None = None
    polarity: str | None = None
    document: str | None = None
    file: str | None = None
    page: int | None = None
    authority: str | None = None
    gss_code: str | None = None
    region: str | None = None
    inspection: str | None = None
    inspectorate: str | None = None
    framework: str | None = None
    grade: str | None = None
    published: str | None = None
    year: int | None = None
    themes: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Lifted:
    """A facet counted without its own filter: its values, and how many items match then."""

    values: tuple[FacetValue, ...]
    total: int


@dataclass(frozen=True, slots=True)
class SearchResponse:
    """``total``: how many items match, of which ``hits`` is one page. ``facets``: exact counts over all ``total``,
    by name (``FACETS``), most frequent first, ties by value; ``year`` in ascending order. ``lifted``: the same counts
    without the filter of that facet itself, for every facet that the request filters by, so that they tell what each
    value would bring; under ``council`` those by authority without any of the three filters by council. Empty where
    only a search of its own can tell. ``close`` is False when not even the best hit reaches the confidence of "same
    issue": say so rather than show noise as if it were an answer. ``message``: a sentence for the reader where the
    query could not be taken as typed, else None. ``themes``: ids of the themes that the query was understood to be
    about, best first."""

    hits: tuple[Hit, ...]
    total: int
    facets: dict[str, tuple[FacetValue, ...]] = field(default_factory=dict)
    lifted: dict[str, Lifted] = field(default_factory=dict)
    close: bool = True
    message: str | None = None
    themes: tuple[str, ...] = ()
