"""The analyses as pages, tables, charts and queries: the same rows in every form, and each figure leads to what it
counts."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from flask import Blueprint, Response, g, render_template, request
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response as AnyResponse

from indexer.analyses.corpus import LEAST, Choice, Corpus
from indexer.analyses.coverage import uncovered
from indexer.analyses.plans import action_count
from indexer.analyses.rates import group_mask
from indexer.analyses.registry import ANALYSES, Analysis, twin
from indexer.incidence import MEASURES, UNKNOWN
from webapp import charts
from webapp.errors import Gone
from webapp.exports import public_root, safe_cell
from webapp.search_query import Arguments
from webapp.services import OpenRelease, Services, kept_with_release
from webapp.tables import Row

PAGE_SIZE = 50
LEAST_COMPARED, MOST_COMPARED = 2, 5
MEASURE_NAMES = {
    "recommended": "Recommendations",
    "told": "Recommendations, and findings that ask for improvement",
    "praised": "Findings of strength",
}
#: What the address of each form of an analysis ends in.
FORMS = {"json": "JSON", "csv": "CSV", "parquet": "Parquet", "rq": "SPARQL query"}
_DIMENSION_NAMES = {
    "year": "Year",
    "region": "Region",
    "authority-type": "Type of council",
    "neighbours": "Group",
    "framework": "Framework",
    "grade": "Overall grade",
}
#: Small trends that are drawn.
_MULTIPLES = 12


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


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a longer list; ``at(n).url()`` as the pagination wants it."""

    page: int
    path: str
    pairs: tuple[tuple[str, str], ...]

    def at(self, page: int) -> Page:
        return Page(page, self.path, self.pairs)

    def url(self) -> str:
        pairs = [*self.pairs, *([("page", str(self.page))] if self.page > 1 else [])]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("analysis_pages", __name__)
    settings = services.settings

    @pages.get("/analyses")
    def index() -> str:
        return render_template("analyses.html", analyses=ANALYSES.values(), forms=FORMS, coverage=facts(g.release))

    @pages.get("/analyses/items")
    def items() -> AnyResponse:
        return _items(g.release, request.args)

    @pages.get("/analyses/<name>")
    def analysis(name: str) -> AnyResponse:
        key, _, suffix = name.partition(".")
        if key not in ANALYSES:
            raise NotFound("There is no such analysis; /analyses lists them.")
        choice = chosen(request.args, g.release, ANALYSES[key])
        if suffix == "vl.json":
            return _chart(g.release, ANALYSES[key], choice)
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
        return _json({"release": g.release.id, "total": len(found), "analyses": found})

    @pages.get("/api/analyses/<name>")
    def api(name: str) -> AnyResponse:
        if name not in ANALYSES:
            raise NotFound("There is no such analysis; /api/analyses lists them.")
        return as_form(g.release, ANALYSES[name], chosen(request.args, g.release, ANALYSES[name]), "json")

    @pages.get("/issues/<name>")
    def issue(name: str) -> AnyResponse:
        from webapp.item_pages import resource

        return resource("issues", name, _issue)

    @pages.get("/compare")
    def compare() -> str:
        return _compare(g.release, request.args.getlist("council"))

    return pages


# ------------------------------------------------------------------------------------------------ what is asked for


@kept_with_release()
def corpus(release: OpenRelease) -> Corpus:
    return Corpus(release.path / "tables", release.labels.register)


@kept_with_release(256)
def table(release: OpenRelease, name: str, choice: Choice) -> pa.Table:
    """A release never changes, so no analysis is made twice."""
    return ANALYSES[name].table(corpus(release), choice)


@kept_with_release(256)
def answer(release: OpenRelease, name: str, choice: Choice) -> list[Row]:
    """The rows of ``table``: not to be changed."""
    rows: list[Row] = table(release, name, choice).to_pylist()
    return rows


def chosen(arguments: Arguments, release: OpenRelease, analysis: Analysis) -> Choice:
    """Raises BadRequest for a measure or council that is not known."""
    measure = (arguments.get("measure") or "recommended").strip()
    if measure not in MEASURES:
        raise BadRequest(f"measure must be one of {', '.join(MEASURES)}.")
    if not analysis.council:
        return Choice(measure if analysis.measured else "recommended")
    asked = (arguments.get("council") or "").strip()[:100]
    if not asked:
        mine = g.get("council")
        return Choice(measure, mine.gss_code if mine else _first_council(release))
    found = release.labels.find_authority(asked)
    if found is None:
        raise BadRequest("council must be the GSS code or name of a council of the register.")
    return Choice(measure, found.gss_code)


@kept_with_release()
def _first_council(release: OpenRelease) -> str | None:
    """The council with most inspections, the first of the alphabet where several have as many."""
    counts: dict[str, int] = defaultdict(int)
    for code in corpus(release).incidence.inspections.gss_code:
        if code:
            counts[code] += 1
    return min(counts, key=lambda code: (-counts[code], release.labels.authority(code)), default=None)


@kept_with_release(8)
def facts(release: OpenRelease, measure: str = "recommended") -> dict[str, Any]:
    """What stands beside every figure: how much of what there is the figures are taken from."""
    incidence = corpus(release).incidence
    held, heard = incidence.inspections, incidence.heard(measure)
    years = sorted({year for year in held.year if year != UNKNOWN})
    return {
        "inspections": len(held),
        "counted": int(heard.sum()),
        "silent": int((~heard).sum()),
        "councils": len({code for code in held.gss_code if code}),
        "missing": uncovered(corpus(release)).num_rows,
        "first": years[0] if years else None,
        "last": years[-1] if years else None,
        "frameworks": sorted({f for f in held.framework if f != UNKNOWN}),
        "items": int(incidence.totals[measure].sum()),
        "least": LEAST,
    }


def items_url(
    choice: Choice, theme: str | None = None, by: str | None = None, group: str | None = None, year: str | None = None
) -> str:
    """The address that lists the passages of a cell; ``year``: of those, the inspections of one year."""
    pairs = [("measure", choice.measure)]
    pairs += [("theme", theme)] if theme else []
    pairs += [("by", by), ("group", group)] if by and group else []
    pairs += [("council", choice.council)] if by == "neighbours" and choice.council else []
    pairs += [("year", year)] if year else []
    return f"/analyses/items?{urlencode(pairs)}"


def group_label(release: OpenRelease, dimension: str, group: str, council: str | None = None) -> str:
    if group == UNKNOWN:
        return "Not known"
    if dimension == "grade":
        return release.labels.grade(group)
    if dimension == "framework":
        return short_framework(release, group)
    if dimension == "neighbours":
        own = release.labels.authority(council)
        return {"own": own, "neighbours": "Its statistical neighbours", "others": "All others"}.get(group, group)
    return group


def short_framework(release: OpenRelease, framework: str) -> str:
    """A framework's abbreviation where it has one, for the head of a column."""
    concept = release.labels.frameworks.get(framework)
    short = next((label for label in concept.other_labels if label.isupper()), None) if concept else None
    return short or release.labels.framework(framework)


def ordered(release: OpenRelease, dimension: str, groups: set[str]) -> list[str]:
    """The groups of a dimension as a reader expects them: years and grades in their order, not known last."""
    if dimension == "neighbours":
        return [group for group in ("own", "neighbours", "others") if group in groups]
    schemes = {"grade": release.labels.grades, "framework": release.labels.frameworks}
    if dimension in schemes:
        places = {concept: place for place, concept in enumerate(schemes[dimension].concepts)}
        return sorted(groups, key=lambda group: (group == UNKNOWN, places.get(group, len(places)), group))
    return sorted(groups, key=lambda group: (group == UNKNOWN, group))


def scheme_order(release: OpenRelease) -> dict[str, int]:
    return {theme: place for place, theme in enumerate(corpus(release).incidence.themes)}


# --------------------------------------------------------------------------------------------------------- the pages


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
        "councils": _council_choices(release, [choice.council or ""]) if analysis.council else [],
        "total": len(rows),
        "percent": charts.in_percent,
        "items_url": items_url,
        "chart": f"/analyses/{analysis.name}.vl.json{_query(pairs)}" if analysis.name in _CHARTS and rows else None,
        "rows": rows,
    }
    if analysis.name.startswith("themes-by-"):
        dimension = analysis.name.removeprefix("themes-by-")
        words |= _matrix(release, dimension, choice, rows)
    elif analysis.name == "coverage":
        words |= _coverage(release, choice, rows)
    else:
        words |= _part(rows, f"/analyses/{analysis.name}", pairs)
    if analysis.name in ("actions-without-owner-or-date", "closed-but-recurred"):
        words["actions"] = action_count(corpus(release))
    if analysis.name in ("recurring", "discoveries"):
        words["examples"] = _examples(release, [row["issue"] for row in words["rows"]])
    if analysis.name == "lineage":
        counts: dict[str, int] = defaultdict(int)
        for row in rows:
            counts[row["kind"]] += 1
        words["counts"] = counts
    return render_template("analysis.html", **words)


def _pairs(analysis: Analysis, choice: Choice) -> list[tuple[str, str]]:
    pairs = [("measure", choice.measure)] if analysis.measured and choice.measure != "recommended" else []
    return pairs + ([("council", choice.council)] if analysis.council and choice.council else [])


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    return f"?{urlencode(pairs)}" if pairs else ""


def _part(rows: Sequence[Row], path: str, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The page of a list that the URL asks for."""
    last = max(1, -(-len(rows) // PAGE_SIZE))
    asked = (request.args.get("page") or "1").strip()
    page = min(last, max(1, int(asked))) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
    near = sorted({1, last, *range(max(1, page - 2), min(last, page + 2) + 1)})
    numbers: list[int | None] = []
    for number in near:
        if numbers and numbers[-1] is not None and number > numbers[-1] + 1:
            numbers.append(None)
        numbers.append(number)
    start = (page - 1) * PAGE_SIZE
    return {
        "rows": rows[start : start + PAGE_SIZE],
        "start": start,
        "listing": Page(page, path, tuple(pairs)),
        "last": last,
        "numbers": numbers,
    }


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
        "dimension": _DIMENSION_NAMES[dimension],
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


@kept_with_release()
def _members(release: OpenRelease) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in ("issue_members", "discovery_members"):
        for row in corpus(release).table(name).to_pylist():
            found[row["issue"]].append(row["item"])
    return found


def _examples(release: OpenRelease, issues: Sequence[str]) -> dict[str, list[Row]]:
    """The three passages after the representative of each group."""
    return {
        issue: [row for iri in _members(release)[issue][1:4] if (row := release.item(iri)) is not None]
        for issue in issues
    }


def _issue(release: OpenRelease, key: str) -> str:
    found = next(
        (
            (name, row)
            for name in ("recurring", "discoveries")
            for row in answer(release, name, Choice())
            if row["issue"] == key
        ),
        None,
    )
    if found is None:
        if release.iri_of(f"issues/{key}") in release.removed:
            raise Gone("This issue is no longer found.")
        raise NotFound("There is no recurring issue of this name in the current release.")
    kind, row = found
    members = [item for iri in _members(release)[key] if (item := release.item(iri)) is not None]
    years: dict[int, int] = defaultdict(int)
    for item in members:
        if item["year"]:
            years[item["year"]] += 1
    return render_template(
        "issue.html",
        row=row,
        uncovered=kind == "discoveries",
        related=[
            r
            for r in answer(release, kind, Choice())
            if row["family"] is not None and r["family"] == row["family"] and r["issue"] != key
        ],
        members=members,
        years=sorted(years.items()),
        followed=next((r for r in answer(release, "what-followed-issues", Choice()) if r["issue"] == key), None),
        actions=[(item, acts) for item in members if (acts := release.actions_answering(item["iri"]))],
        percent=charts.in_percent,
        coverage=facts(release),
        iri=release.iri_of(f"issues/{key}"),
    )


def _compare(release: OpenRelease, asked: Sequence[str]) -> str:
    """Two to five councils side by side."""
    notices, codes = [], []
    for name in dict.fromkeys(name.strip()[:100] for name in asked if name.strip()):
        found = release.labels.find_authority(name)
        if found is None:
            notices.append(f"“{name[:60]}” is no council of the register, so it was left out.")
        elif found.gss_code not in codes:
            codes.append(found.gss_code)
    if len(codes) > MOST_COMPARED:
        notices.append(f"Only the first {MOST_COMPARED} councils are compared.")
    codes = codes[:MOST_COMPARED]
    incidence, choice = corpus(release).incidence, Choice("told")
    columns = []
    for code in codes:
        mask = np.array([c == code for c in incidence.inspections.gss_code], dtype=np.bool_) & incidence.heard("told")
        columns.append((int(mask.sum()), incidence.said("told")[mask].sum(axis=0)))
    matrix = []
    for place, theme in enumerate(incidence.themes):
        counts = [(int(said[place]), trials) for trials, said in columns]
        if any(said for said, _ in counts):
            urls = [items_url(choice, theme, "council", code) for code in codes]
            matrix.append((theme, corpus(release).broader.get(theme) is None, list(zip(counts, urls, strict=True))))
    return render_template(
        "compare.html",
        codes=codes,
        matrix=matrix if len(codes) >= LEAST_COMPARED else [],
        timelines=[release.main_inspections(code) for code in codes],
        councils=_council_choices(release, codes),
        trials=[trials for trials, _ in columns],
        notices=notices,
        most=MOST_COMPARED,
        coverage=facts(release, "told"),
    )


def _council_choices(release: OpenRelease, chosen_ones: Sequence[str]) -> list[tuple[str, str]]:
    """Councils to choose from by name: those that exist, those that the release knows, those that are chosen."""
    known = {*corpus(release).incidence.inspections.gss_code, *chosen_ones}
    wanted = (a for a in release.labels.register if a.abolished is None or a.gss_code in known)
    return sorted(((a.gss_code, a.name) for a in wanted), key=lambda pair: pair[1])


# --------------------------------------------------------------------------------------------- the passages of a cell


def cell_rows(
    release: OpenRelease, arguments: Arguments
) -> tuple[list[int], Choice, str | None, str | None, str | None]:
    """Rows of ``items`` of a cell, the choice, the theme, the dimension and the group. Raises BadRequest for what is
    not known."""
    measure = (arguments.get("measure") or "recommended").strip()
    if measure not in MEASURES:
        raise BadRequest(f"measure must be one of {', '.join(MEASURES)}.")
    theme, by, group = ((arguments.get(name) or "").strip()[:100] or None for name in ("theme", "by", "group"))
    council = (arguments.get("council") or "").strip()[:100] or None
    incidence = corpus(release).incidence
    if theme is not None and theme not in incidence.theme_places:
        raise BadRequest("theme must be the id of a theme; /themes lists them.")
    if (by is None) != (group is None) or (by is not None and by not in {*_DIMENSION_NAMES, "council"}):
        raise BadRequest(f"by must be one of {', '.join(_DIMENSION_NAMES)} or council, with a group of it.")
    mask = incidence.heard(measure)
    if by == "council":
        mask = mask & np.array([code == group for code in incidence.inspections.gss_code], dtype=np.bool_)
    elif by is not None and group is not None:
        mask = mask & group_mask(corpus(release), by, group, council)
    if year := (arguments.get("year") or "").strip()[:20]:
        mask = mask & group_mask(corpus(release), "year", year)
    rows = incidence.rows(measure, theme, mask).tolist()
    return rows, Choice(measure, council), theme, by, group


def _items(release: OpenRelease, arguments: Arguments) -> AnyResponse:
    numbers, choice, theme, by, group = cell_rows(release, arguments)
    form = arguments.get("format") or "html"
    pairs = [
        (name, value)
        for name in ("measure", "theme", "by", "group", "council", "year")
        if (value := arguments.get(name))
    ]
    if form in ("json", "csv"):
        rows = release.tables.items.rows(numbers)
        if form == "json":
            return _json({"release": release.id, "total": len(rows), "items": rows})
        names = (
            "iri",
            "kind",
            "text",
            "authority",
            "gss_code",
            "year",
            "framework_id",
            "grade",
            "themes",
            "page",
            "file",
        )
        return _csv(names, rows, "passages")
    part = _part(numbers, "/analyses/items", pairs)  # type: ignore[arg-type]
    label = None
    if by and group:
        name = release.labels.authority(group) if by == "council" else group_label(release, by, group, choice.council)
        label = (_DIMENSION_NAMES.get(by, "Council"), name)
    inspections = {
        release.tables.items.column("inspection")[number] for number in numbers
    }  # fmt: skip
    return Response(
        render_template(
            "analysis_items.html",
            **{**part, "rows": release.tables.items.rows(part["rows"])},
            total=len(numbers),
            inspections=len(inspections),
            theme=theme,
            label=label,
            measure=MEASURE_NAMES[choice.measure],
            forms=[(f"/analyses/items?{urlencode([*pairs, ('format', f)])}", f.upper()) for f in ("csv", "json")],
        )
    )


# ------------------------------------------------------------------------------------------------------------- forms


def as_form(release: OpenRelease, analysis: Analysis, choice: Choice, form: str) -> Response:
    found = table(release, analysis.name, choice)
    if form == "json":
        body = {
            "release": release.id,
            "analysis": analysis.name,
            "question": analysis.question,
            "measure": choice.measure if analysis.measured else None,
            "council": choice.council,
            "coverage": facts(release, choice.measure),
            "columns": found.column_names,
            "total": found.num_rows,
            "rows": answer(release, analysis.name, choice),
        }
        response = _json(body)
        response.headers["X-Total-Count"] = str(found.num_rows)
        return response
    if form == "csv":
        return _csv(found.column_names, answer(release, analysis.name, choice), analysis.name)
    if form == "rq":
        return Response(twin(analysis.name, choice), content_type="application/sparql-query; charset=utf-8")
    written = io.BytesIO()
    pq.write_table(found, written, compression="zstd")
    response = Response(written.getvalue(), content_type="application/vnd.apache.parquet")
    response.headers["Content-Disposition"] = f'attachment; filename="{analysis.name}.parquet"'
    return response


def _csv(names: Sequence[str], rows: Sequence[Row], name: str) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_cell(row.get(column)) for column in names] for row in rows)
    response = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="inspectgraph-{name}.csv"'
    return response


def _cell(value: Any) -> str:
    """Numbers as they are: a negative one is no formula."""
    return str(value) if isinstance(value, int | float) else safe_cell(value)


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), content_type="application/json")


# ------------------------------------------------------------------------------------------------------------ charts


def _chart(release: OpenRelease, analysis: Analysis, choice: Choice) -> Response:
    make = _CHARTS.get(analysis.name)
    if make is None:
        raise NotFound("This analysis has no chart.")
    theme = (request.args.get("theme") or "").strip()
    rows = answer(release, analysis.name, choice)
    if theme and analysis.name == "themes-by-year":
        return _json(charts.trend(release.labels.theme(theme), _year_values(release, rows, choice, {theme})))
    return _json(make(release, analysis, choice, rows))


def _year_values(release: OpenRelease, rows: Sequence[Row], choice: Choice, themes: set[str]) -> list[Row]:
    return [
        {
            "theme": release.labels.theme(row["theme"]),
            "group": row["group"],
            "said": row["said"],
            "inspections": row["inspections"],
            "share": row["share"],
            "low": row["low"],
            "high": row["high"],
            "percent": charts.in_percent(row),
            "counts": f"{row['said']} of {row['inspections']}",
            "url": items_url(choice, row["theme"], "year", row["group"]),
        }
        for row in rows
        if row["theme"] in themes and row["group"] != UNKNOWN
    ]


def _rates_chart(release: OpenRelease, analysis: Analysis, choice: Choice, rows: Sequence[Row]) -> charts.Spec:
    dimension = analysis.name.removeprefix("themes-by-")
    groups = ordered(release, dimension, {row["group"] for row in rows})
    label = {group: group_label(release, dimension, group, choice.council) for group in groups}
    places = scheme_order(release)
    themes = sorted({row["theme"] for row in rows}, key=lambda theme: places[theme])
    values = [
        {
            "theme": release.labels.theme(row["theme"]),
            "group": label[row["group"]],
            "share": row["share"],
            "said": row["said"],
            "inspections": row["inspections"],
            "percent": charts.in_percent(row),
            "label": f"{100 * row['share']:.0f}" if row["share"] is not None else f"{row['said']}/{row['inspections']}",
            "url": items_url(choice, row["theme"], dimension, row["group"]),
        }
        for row in rows
    ]
    names = [release.labels.theme(theme) for theme in themes]
    return charts.heatmap(analysis.title, values, list(label.values()), names, _DIMENSION_NAMES[dimension])


def _trends_chart(release: OpenRelease, analysis: Analysis, choice: Choice, rows: Sequence[Row]) -> charts.Spec:
    """The themes with the surest changes, and the most frequent ones."""
    sure = sorted((row for row in rows if row["q"] is not None), key=lambda row: (row["q"], -row["said"]))
    themes = [row["theme"] for row in sure[:_MULTIPLES]]
    by_year = answer(release, "themes-by-year", choice)
    values = _year_values(release, by_year, choice, set(themes))
    return charts.small_multiples(analysis.title, values, [release.labels.theme(theme) for theme in themes])


def _followed_chart(release: OpenRelease, analysis: Analysis, choice: Choice, rows: Sequence[Row]) -> charts.Spec:
    kept = [row for row in rows if row["share"] is not None][:30]
    values = [
        {
            "label": release.labels.theme(row["theme"]) if "theme" in row else _short(row["text"]),
            "share": row["share"],
            "low": row["low"],
            "high": row["high"],
            "base_share": row["base_share"],
            "percent": charts.in_percent(row),
            "counts": f"{row['again']} of {row['reinspected']}; base rate {row['base_again']} of {row['base']}",
            "url": f"/themes/{row['theme']}#followed" if "theme" in row else f"/issues/{row['issue']}",
        }
        for row in kept
    ]
    return charts.interval_dots(analysis.title, values, [value["label"] for value in values], base=True)


def _together_chart(release: OpenRelease, analysis: Analysis, choice: Choice, rows: Sequence[Row]) -> charts.Spec:
    kept = sorted(
        (row for row in rows if row["q"] is not None and row["q"] <= 0.05 and row["both"] >= LEAST),
        key=lambda row: -row["lift"],
    )[:25]
    values = [
        {
            "label": f"{release.labels.theme(row['theme'])} + {release.labels.theme(row['other'])}",
            "count": round(row["lift"], 2),
            "url": f"/themes/{row['theme']}",
        }
        for row in kept
    ]
    return charts.bars(analysis.title, values, [v["label"] for v in values], "Times as often as expected (lift)")


def _groups_chart(release: OpenRelease, analysis: Analysis, choice: Choice, rows: Sequence[Row]) -> charts.Spec:
    del release, choice
    kept = rows[:25]
    values = [
        {
            "label": f"{place}. {', '.join(row['terms'][:3]) or _short(row['text'])}",
            "count": row["authorities"],
            "url": f"/issues/{row['issue']}",
        }
        for place, row in enumerate(kept, 1)
    ]
    return charts.bars(analysis.title, values, [value["label"] for value in values], "Councils")


def _coverage_chart(release: OpenRelease, analysis: Analysis, choice: Choice, rows: Sequence[Row]) -> charts.Spec:
    count: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        count[row["region"], row["year"]] += row["inspections"]
    most = max(count.values(), default=0)
    del release
    values = [
        {
            "row": region,
            "group": year,
            "count": number,
            "dark": number > 0.6 * most,
            "url": items_url(choice, None, "region", region, year),
        }
        for (region, year), number in count.items()
    ]
    years = sorted({row["year"] for row in rows})
    return charts.counts_heatmap(analysis.title, values, years, sorted({row["region"] for row in rows}))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:60].rsplit(" ", 1)[0] + " …"


_CHARTS = {
    **{name: _rates_chart for name in ANALYSES if name.startswith("themes-by-")},
    "trends": _trends_chart,
    "what-followed": _followed_chart,
    "what-followed-issues": _followed_chart,
    "together": _together_chart,
    "recurring": _groups_chart,
    "coverage": _coverage_chart,
}
