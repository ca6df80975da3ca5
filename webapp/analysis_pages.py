"""The analyses as pages: the same rows as in every other form, and each figure leads to what it counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from indexer.analyses.corpus import Choice
from indexer.analyses.coverage import uncovered
from indexer.analyses.plans import action_count
from indexer.analyses.registry import ANALYSES, Analysis, twin
from webapp import charts
from webapp.analysis_answers import (
    DIMENSION_NAMES,
    MEASURE_NAMES,
    answer,
    chosen,
    corpus,
    council_choices,
    facts,
    group_label,
    items_url,
    ordered,
    scheme_order,
)
from webapp.analysis_charts import chart_of, has_chart
from webapp.analysis_exports import FORMS, as_form, as_json
from webapp.analysis_items import passages
from webapp.exports import public_root
from webapp.issue_pages import examples
from webapp.pagination import part
from webapp.services import OpenRelease, Services
from webapp.tables import Row


@dataclass(frozen=True, slots=True)
class Cell:
    """``row`` of ``RATES``; ``url`` lists the passages that it counts."""

    row: Row
    url: str
    percent: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """``total``: passages and inspections of the theme in all groups."""

    theme: str
    top: bool
    cells: Sequence[Cell | None]
    items: int
    said: int
    url: str


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("analysis_pages", __name__)
    settings = services.settings

    @pages.get("/analyses")
    def index() -> str:
        return render_template("analyses.html", analyses=ANALYSES.values(), forms=FORMS, coverage=facts(g.release))

    @pages.get("/analyses/items")
    def items() -> AnyResponse:
        return passages(g.release, request.args)

    @pages.get("/analyses/<name>")
    def analysis(name: str) -> AnyResponse:
        key, _, suffix = name.partition(".")
        if key not in ANALYSES:
            raise NotFound("There is no such analysis; /analyses lists them.")
        choice = chosen(request.args, g.release, ANALYSES[key])
        if suffix == "vl.json":
            chart = chart_of(g.release, ANALYSES[key], choice, (request.args.get("theme") or "").strip())
            if chart is None:
                raise NotFound("This analysis has no chart.")
            return as_json(chart)
        if suffix in FORMS:
            return as_form(g.release, ANALYSES[key], choice, suffix)
        if suffix:
            raise NotFound("An analysis comes as " + ", ".join(f".{form}" for form in FORMS) + ".")
        return Response(_page(g.release, ANALYSES[key], choice))

    @pages.get("/api/analyses")
    def api_index() -> Response:
        found = [
            {
                "id": a.name,
                "title": a.title,
                "question": a.question,
                "columns": a.schema.names,
                "measured": a.measured,
                "council": a.council,
                "url": f"{public_root(settings)}/api/analyses/{a.name}",
            }
            for a in ANALYSES.values()
        ]
        return as_json({"release": g.release.id, "total": len(found), "analyses": found})

    @pages.get("/api/analyses/<name>")
    def api(name: str) -> AnyResponse:
        if name not in ANALYSES:
            raise NotFound("There is no such analysis; /api/analyses lists them.")
        return as_form(g.release, ANALYSES[name], chosen(request.args, g.release, ANALYSES[name]), "json")

    return pages


def _page(release: OpenRelease, analysis: Analysis, choice: Choice) -> str:
    rows = answer(release, analysis.name, choice)
    pairs = _pairs(analysis, choice)
    words: dict[str, Any] = {
        "analysis": analysis,
        "choice": choice,
        "measures": MEASURE_NAMES,
        "coverage": facts(release, choice.measure),
        "forms": [(f"/analyses/{analysis.name}.{form}{_query(pairs)}", name) for form, name in FORMS.items()],
        "query": twin(analysis.name, choice),
        "councils": council_choices(release, [choice.council or ""]) if analysis.council else [],
        "total": len(rows),
        "percent": charts.in_percent,
        "items_url": items_url,
        "chart": f"/analyses/{analysis.name}.vl.json{_query(pairs)}" if has_chart(analysis.name) and rows else None,
        "rows": rows,
    }
    if analysis.name.startswith("themes-by-"):
        dimension = analysis.name.removeprefix("themes-by-")
        words |= _matrix(release, dimension, choice, rows)
    elif analysis.name == "coverage":
        words |= _coverage(release, choice, rows)
    else:
        words |= part(rows, f"/analyses/{analysis.name}", pairs, request.args.get("page"))
    if analysis.name in ("actions-without-owner-or-date", "closed-but-recurred"):
        words["actions"] = action_count(corpus(release))
    if analysis.name in ("recurring", "discoveries"):
        words["examples"] = examples(release, [row["issue"] for row in words["rows"]])
    if analysis.name == "lineage":
        words["counts"] = Counter(row["kind"] for row in rows)
    return render_template("analysis.html", **words)


def _pairs(analysis: Analysis, choice: Choice) -> list[tuple[str, str]]:
    pairs = [("measure", choice.measure)] if analysis.measured and choice.measure != "recommended" else []
    return pairs + ([("council", choice.council)] if analysis.council and choice.council else [])


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    return f"?{urlencode(pairs)}" if pairs else ""


def _matrix(release: OpenRelease, dimension: str, choice: Choice, rows: Sequence[Row]) -> dict[str, Any]:
    groups = ordered(release, dimension, {row["group"] for row in rows})
    trials = {row["group"]: row["inspections"] for row in rows}
    by_theme: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        by_theme[row["theme"]][row["group"]] = row
    broader = corpus(release).broader
    places = scheme_order(release)
    made = []
    for theme in sorted(by_theme, key=lambda t: places[t]):
        own = by_theme[theme]
        cells = [
            Cell(own[group], items_url(choice, theme, dimension, group), charts.in_percent(own[group]))
            if group in own
            else None
            for group in groups
        ]
        made.append(
            MatrixRow(
                theme,
                broader.get(theme) is None,
                cells,
                sum(row["items"] for row in own.values()),
                sum(row["said"] for row in own.values()),
                items_url(choice, theme),
            )
        )
    return {
        "matrix": made,
        "dimension": DIMENSION_NAMES[dimension],
        "groups": [(group_label(release, dimension, group, choice.council), trials[group]) for group in groups],
    }


def _coverage(release: OpenRelease, choice: Choice, rows: Sequence[Row]) -> dict[str, Any]:
    years = sorted({row["year"] for row in rows})
    regions = sorted({row["region"] for row in rows})
    count: dict[tuple[str, str], int] = defaultdict(int)
    frameworks: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    councils: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        count[row["region"], row["year"]] += row["inspections"]
        for place, name in enumerate(("inspections", "silent", "items")):
            frameworks[row["framework"]][place] += row[name]
        if row["gss_code"]:
            councils[row["region"]].add(row["gss_code"])
    missing: dict[str, list[Row]] = defaultdict(list)
    for row in uncovered(corpus(release)).to_pylist():
        missing[row["region"] or "Elsewhere"].append(row)
    return {
        "years": years,
        "regions": [
            (
                region,
                len(councils[region]),
                [(count.get((region, year), 0), items_url(choice, None, "region", region, year)) for year in years],
            )
            for region in regions
        ],
        "frameworks": sorted(frameworks.items(), key=lambda pair: -pair[1][0]),
        "missing": sorted(missing.items()),
    }
