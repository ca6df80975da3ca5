"""The passages that a figure of an analysis counts."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from flask import Response, render_template
from werkzeug.exceptions import BadRequest

from indexer.analyses.corpus import Choice, Mask
from indexer.analyses.rates import group_mask
from indexer.incidence import UNKNOWN
from webapp.analysis_answers import DIMENSION_NAMES, MEASURE_NAMES, asked_measure, corpus, group_label
from webapp.analysis_exports import as_csv, as_json
from webapp.pagination import part
from webapp.search_query import Arguments
from webapp.services import OpenRelease

#: In the place of a year: any that is known.
KNOWN = "known"
_FILTERS = ("measure", "theme", "by", "group", "council", "year")
#: Dimensions that only lists of passages have → column of the inspections.
_BY_COLUMN = {"council": "gss_code", "inspection": "id"}
_CSV_COLUMNS = (
    "iri", "kind", "text", "authority", "gss_code", "year", "framework_id", "grade", "themes", "page", "file",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A cell: the passages of ``choice``, of one theme, of the inspections of one ``group`` of dimension ``by``, and of
    one year or, with ``KNOWN``, of any year that is known, where these are given. ``by`` and ``group`` are both there
    or neither."""

    choice: Choice
    theme: str | None
    by: str | None
    group: str | None
    year: str | None

    @classmethod
    def of(cls, arguments: Arguments, release: OpenRelease) -> Asked:
        """Raises BadRequest for what is not known."""
        measure = asked_measure(arguments)
        theme, by, group, council, year = (
            (arguments.get(name) or "").strip()[:100] or None for name in ("theme", "by", "group", "council", "year")
        )
        if theme is not None and theme not in corpus(release).incidence.theme_places:
            raise BadRequest("theme must be the id of a theme; /themes lists them.")
        if (by is None) != (group is None) or (by is not None and by not in {*DIMENSION_NAMES, *_BY_COLUMN}):
            raise BadRequest(f"by must be one of {', '.join((*DIMENSION_NAMES, *_BY_COLUMN))}, with a group of it.")
        return cls(Choice(measure, council), theme, by, group, year)

    def inspections(self, release: OpenRelease) -> Mask:
        """The counted inspections of the cell, silent ones too."""
        held = corpus(release).incidence.inspections
        mask = np.ones(len(held), dtype=np.bool_)
        if self.by in _BY_COLUMN:
            mask &= np.array([value == self.group for value in getattr(held, _BY_COLUMN[self.by])], dtype=np.bool_)
        elif self.by is not None and self.group is not None:
            mask &= group_mask(corpus(release), self.by, self.group, self.choice.council)
        if self.year == KNOWN:
            mask &= np.array([year != UNKNOWN for year in held.year], dtype=np.bool_)
        elif self.year:
            mask &= group_mask(corpus(release), "year", self.year)
        return mask

    def rows(self, release: OpenRelease) -> list[int]:
        """Row numbers of ``items``."""
        found = corpus(release).incidence.rows(self.choice.measure, self.theme, self.inspections(release))
        numbers: list[int] = found.tolist()
        return numbers

    def silent(self, release: OpenRelease) -> int:
        """How many of the inspections print nothing of the measure; 0 where a theme is asked for."""
        heard = corpus(release).incidence.heard(self.choice.measure)
        return int((self.inspections(release) & ~heard).sum()) if self.theme is None else 0

    def label(self, release: OpenRelease) -> tuple[str, str] | None:
        """The dimension and the group in words."""
        if self.by is None or self.group is None:
            return None
        if self.by == "council":
            return "Council", release.labels.authority(self.group)
        if self.by == "inspection":
            row = release.tables.inspections.find("id", self.group)
            return "Inspection", release.labels.authority(row["gss_code"]) if row is not None else self.group
        return DIMENSION_NAMES[self.by], group_label(release, self.by, self.group, self.choice.council)


def passages(release: OpenRelease, arguments: Arguments) -> Response:
    asked = Asked.of(arguments, release)
    numbers = asked.rows(release)
    items = release.tables.items
    form = arguments.get("format")
    if form == "json":
        return as_json({"release": release.id, "total": len(numbers), "items": items.rows(numbers)})
    if form == "csv":
        return as_csv(_CSV_COLUMNS, items.rows(numbers), "passages")
    pairs = [(name, value) for name in _FILTERS if (value := arguments.get(name))]
    shown = part(numbers, "/analyses/items", pairs, arguments.get("page"))
    return Response(
        render_template(
            "analysis_items.html",
            **{**shown, "rows": items.rows(shown["rows"])},
            total=len(numbers),
            silent=asked.silent(release),
            inspections=len({items.column("inspection")[number] for number in numbers}),
            theme=asked.theme,
            label=asked.label(release),
            measure=MEASURE_NAMES[asked.choice.measure],
            forms=[(f"/analyses/items?{urlencode([*pairs, ('format', f)])}", f.upper()) for f in ("csv", "json")],
        )
    )
