"""Charts as Vega-Lite specifications. Each stands beside the table that it is drawn from; without JavaScript the table
alone is there. Colours: one hue from light to dark, so that they survive colour blindness and a printer without colour;
what is compared differs in shape or position as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from webapp.tables import Row

Spec = dict[str, Any]

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
DARK, MIDDLE, PALE, INK = "#16404d", "#45798a", "#e9e6dd", "#0b0c0c"
#: Light to dark, of even steps of lightness; the lightest still stands off from white paper.
SCALE = ["#eef3f4", "#c3d7dc", "#93b6bf", "#5f919e", "#316b7b", "#123a46"]
_PERCENT = ".0%"
_CONFIG: Spec = {
    "font": "Helvetica Neue, Arial, Liberation Sans, sans-serif",
    "background": "white",
    "scale": {"invalid": {"color": {"value": "white"}}},
    "view": {"stroke": None},
    "axis": {"labelFontSize": 13, "titleFontSize": 13, "labelColor": INK, "titleColor": INK,
             "titleFontWeight": "normal", "gridColor": "#dcd8cd", "domainColor": "#7d8580", "labelLimit": 260},
    "legend": {"labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": "normal"},
    "header": {"labelFontSize": 13, "labelColor": INK, "labelLimit": 220, "labelFontWeight": "bold"},
}  # fmt: skip


def _spec(title: str, values: Sequence[Row], **rest: Any) -> Spec:
    return {
        "$schema": _SCHEMA,
        "description": title,
        "data": {"values": list(values)},
        "config": _CONFIG,
        "autosize": {"type": "fit-x", "contains": "padding"},
        **rest,
    }


def _tooltip(*fields: tuple[str, str, str]) -> list[Spec]:
    """(field, title, format) of each line."""
    return [
        {"field": name, "title": title, "type": "quantitative" if form else "nominal"}
        | ({"format": form} if form else {})
        for name, title, form in fields
    ]


def heatmap(title: str, values: Sequence[Row], groups: Sequence[str], rows: Sequence[str], what: str) -> Spec:
    """``values``: theme, group, share (None: too few), said, inspections, url. A cell leads to what it counts."""
    position = {
        "x": {
            "field": "group", "type": "nominal", "sort": list(groups), "title": None,
            "axis": {"orient": "top", "labelAngle": -40 if max((len(g) for g in groups), default=0) > 8 else 0,
                     "domain": False, "ticks": False},
        },
        "y": {"field": "theme", "type": "nominal", "sort": list(rows), "title": None,
              "axis": {"domain": False, "ticks": False}},
        "href": {"field": "url"},
        "tooltip": _tooltip(("theme", "Theme", ""), ("group", what, ""), ("said", "Inspections that spoke of it", ","),
                            ("inspections", "of", ","), ("percent", "Share (95% interval)", "")),
    }  # fmt: skip
    cells = {
        # a cell without a share is a cell still: it leads to what it counts
        "mark": {"type": "rect", "cursor": "pointer", "stroke": "white", "strokeWidth": 1, "invalid": "show"},
        "encoding": {
            "color": {
                "condition": {
                    "test": "isValid(datum.share)",
                    "field": "share",
                    "type": "quantitative",
                    "scale": {"range": SCALE, "domain": [0, 1]},
                    "legend": {
                        "title": "Share of inspections",
                        "format": _PERCENT,
                        "orient": "top",
                        "gradientLength": 160,
                    },
                },
                "value": "#ffffff",
            }
        },
    }
    words = {
        "mark": {"type": "text", "fontSize": 11, "cursor": "pointer"},
        "encoding": {
            "text": {"field": "label", "type": "nominal"},
            "color": {"condition": {"test": "datum.share > 0.55", "value": "white"}, "value": INK},
        },
    }
    # as wide as its columns need: in a narrow window it scrolls within its frame
    step = max(38, min(110, 720 // max(1, len(groups))))
    spec = _spec(title, values, width={"step": step}, height={"step": 21}, encoding=position, layer=[cells, words])
    spec.pop("autosize")
    return spec


def interval_dots(title: str, values: Sequence[Row], rows: Sequence[str], *, base: bool) -> Spec:
    """``values``: label, share, low, high, url and, with ``base``, base_share: a dot with its interval a row; the base
    rate is a hollow diamond."""
    y = {
        "field": "label",
        "type": "nominal",
        "sort": list(rows),
        "title": None,
        "axis": {"domain": False, "ticks": False},
    }
    axis = {"format": _PERCENT, "orient": "top"}
    scale = {"domain": [0, 1]}
    tooltip = _tooltip(("label", "", ""), ("percent", "Share (95% interval)", ""), ("counts", "Counts", ""))
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2, "color": MIDDLE},
            "encoding": {
                "x": {
                    "field": "low",
                    "type": "quantitative",
                    "axis": axis,
                    "scale": scale,
                    "title": "Share, with 95% interval",
                },
                "x2": {"field": "high"},
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 90, "color": DARK, "opacity": 1, "cursor": "pointer"},
            "encoding": {"x": {"field": "share", "type": "quantitative"}},
        },
    ]
    if base:
        layers.append(
            {
                "mark": {"type": "point", "shape": "diamond", "size": 80, "color": "#9a3f17", "strokeWidth": 2,
                         "filled": False},
                "encoding": {"x": {"field": "base_share", "type": "quantitative"}},
            }
        )  # fmt: skip
    encoding = {"y": y, "href": {"field": "url"}, "tooltip": tooltip}
    return _spec(title, values, width="container", height={"step": 24}, encoding=encoding, layer=layers)


def _trend_layers(x: Spec) -> list[Spec]:
    band = {
        "mark": {"type": "errorbar", "color": MIDDLE, "ticks": False, "thickness": 2},
        "encoding": {
            "x": x,
            "y": {"field": "low", "type": "quantitative", "scale": {"domain": [0, 1]}, "title": "Share of inspections",
                  "axis": {"format": _PERCENT, "tickCount": 4}},
            "y2": {"field": "high"},
        },
    }  # fmt: skip
    dots = {
        "mark": {"type": "point", "filled": True, "size": 70, "color": DARK, "opacity": 1, "cursor": "pointer"},
        "encoding": {"x": x, "y": {"field": "share", "type": "quantitative"}, "href": {"field": "url"}},
    }
    return [band, dots]


def trend(title: str, values: Sequence[Row]) -> Spec:
    """One theme: share of each year's inspections with its interval, and under it how many inspections there were."""
    years = sorted({row["group"] for row in values})
    x = {"field": "group", "type": "ordinal", "scale": {"domain": years}, "title": None, "axis": {"labelAngle": 0}}
    tooltip = _tooltip(("group", "Year", ""), ("percent", "Share (95% interval)", ""), ("counts", "Inspections", ""))
    counts = {
        "height": 70,
        "width": 560,
        "encoding": {"x": x, "tooltip": tooltip},
        "layer": [
            {"mark": {"type": "bar", "color": "#c3d7dc"},
             "encoding": {"y": {"field": "inspections", "type": "quantitative", "title": "Inspections",
                                "axis": {"tickCount": 2}}}},
            {"mark": {"type": "bar", "color": DARK}, "encoding": {"y": {"field": "said", "type": "quantitative"}}},
        ],
    }  # fmt: skip
    above = {"height": 190, "width": 560, "encoding": {"tooltip": tooltip}, "layer": _trend_layers(x)}
    spec = _spec(title, values, vconcat=[above, counts])
    spec.pop("autosize")
    return spec


def small_multiples(title: str, values: Sequence[Row], rows: Sequence[str], columns: int = 3) -> Spec:
    """``values`` as of ``trend`` for several themes: one small trend each, all on the same scales."""
    years = sorted({row["group"] for row in values})
    x = {
        "field": "group", "type": "ordinal", "scale": {"domain": years}, "title": None,
        "axis": {"labelAngle": -90, "labelFontSize": 11},
    }  # fmt: skip
    layers = _trend_layers(x)
    layers[0]["encoding"]["y"]["title"] = None
    tooltip = _tooltip(("theme", "Theme", ""), ("group", "Year", ""), ("percent", "Share (95% interval)", ""),
                       ("counts", "Inspections", ""))  # fmt: skip
    counts = {
        "mark": {"type": "text", "baseline": "top", "dy": 3, "fontSize": 9, "color": "#4a565d"},
        "encoding": {"x": x, "y": {"datum": 0}, "text": {"field": "inspections", "type": "quantitative"}},
    }
    spec = _spec(
        title,
        values,
        facet={"field": "theme", "type": "nominal", "sort": list(rows), "title": None},
        columns=columns,
        spec={"width": 275, "height": 95, "encoding": {"tooltip": tooltip}, "layer": [*layers, counts]},
    )
    spec.pop("autosize")
    return spec


def counts_heatmap(title: str, values: Sequence[Row], groups: Sequence[str], rows: Sequence[str]) -> Spec:
    """``values``: row, group, count: a number in each cell; an empty cell is not known, not nought."""
    spec = _spec(
        title,
        values,
        width={"step": max(38, min(110, 720 // max(1, len(groups))))},
        height={"step": 26},
        encoding={
            "x": {"field": "group", "type": "nominal", "sort": list(groups), "title": None,
                  "axis": {"orient": "top", "labelAngle": 0, "domain": False, "ticks": False}},
            "y": {"field": "row", "type": "nominal", "sort": list(rows), "title": None,
                  "axis": {"domain": False, "ticks": False}},
            "href": {"field": "url"},
            "tooltip": _tooltip(("row", "Region", ""), ("group", "Year", ""), ("count", "Inspections here", ",")),
        },
        layer=[
            {"mark": {"type": "rect", "stroke": "white", "cursor": "pointer"},
             "encoding": {
                 "color": {"field": "count", "type": "quantitative", "scale": {"range": SCALE}, "legend": None}}},
            {"mark": {"type": "text", "fontSize": 12},
             "encoding": {"text": {"field": "count", "type": "quantitative"},
                          "color": {"condition": {"test": "datum.dark", "value": "white"}, "value": INK}}},
        ],
    )  # fmt: skip
    spec.pop("autosize")
    return spec


def bars(title: str, values: Sequence[Row], rows: Sequence[str], unit: str) -> Spec:
    """``values``: label, count, url."""
    axis = {**_CONFIG["axis"], "labelLimit": 420}  # labels are sentences
    return _spec(
        title,
        values,
        config={**_CONFIG, "axis": axis},
        width="container",
        height={"step": 24},
        mark={"type": "bar", "color": MIDDLE, "cursor": "pointer"},
        encoding={
            "y": {"field": "label", "type": "nominal", "sort": list(rows), "title": None},
            "x": {"field": "count", "type": "quantitative", "title": unit, "axis": {"orient": "top", "tickMinStep": 1}},
            "href": {"field": "url"},
            "tooltip": _tooltip(("label", "", ""), ("count", unit, ",")),
        },
    )


def in_percent(row: Row, prefix: str = "") -> str:
    """ "42% (31–54%)"; what is said where there are too few."""
    share, low, high = (row.get(f"{prefix}{name}") for name in ("share", "low", "high"))
    if share is None or low is None or high is None:
        return "too few for a share"
    return f"{100 * share:.0f}% ({100 * low:.0f}–{100 * high:.0f}%)"


Label = Callable[[str | None], str]
