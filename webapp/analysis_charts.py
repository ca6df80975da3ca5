"""Which chart an analysis has, and the values that it is drawn from: those of its table, each with the address of what
it counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from indexer.analyses.corpus import LEAST, Choice
from indexer.analyses.registry import ANALYSES, Analysis
from indexer.incidence import UNKNOWN
from webapp import charts
from webapp.analysis_answers import DIMENSION_NAMES, answer, group_label, items_url, ordered, scheme_order
from webapp.services import OpenRelease
from webapp.tables import Row

#: Small trends that are drawn.
_MULTIPLES = 12


def has_chart(name: str) -> bool:
    return name in _CHARTS


def chart_of(release: OpenRelease, analysis: Analysis, choice: Choice, theme: str = "") -> charts.Spec | None:
    """None where the analysis has no chart; ``theme``: the trend of one theme, out of those by year."""
    make = _CHARTS.get(analysis.name)
    if make is None:
        return None
    rows = answer(release, analysis.name, choice)
    if theme and analysis.name == "themes-by-year":
        return charts.trend(release.labels.theme(theme), _year_values(release, rows, choice, {theme}))
    return make(release, analysis, choice, rows)


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
    return charts.heatmap(analysis.title, values, list(label.values()), names, DIMENSION_NAMES[dimension])


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
            "label": f"{place}. {_short(row['text'])}",
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
