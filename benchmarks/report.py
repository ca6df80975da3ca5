"""Write ``docs/benchmarks.md`` and its charts from what the benchmarks stored: ``python -m benchmarks.report``.

Ratios stand first, because they carry over to other machines better than times do.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.machine import RESULTS

DOCS = Path(__file__).parents[1] / "docs"
#: Figure of a search engine → what it says, and whether more is better.
SEARCH = {
    "ndcg_10": ("quality of the first ten (nDCG)", True),
    "filtered_recall_10": ("recall of the ten nearest under a filter", True),
    "query_p50_cpu_ms": ("processor ms a query, median", False),
    "index_cpu_s": ("processor s to index", False),
    "peak_mb": ("memory, MB", False),
    "disk_mb": ("disk, MB", False),
}
#: Why ours is behind where it is.
REASONS = {
    "query_p50_cpu_ms": "a query is read by words, sentence vector, token vectors, concepts and themes; the others "
    "compare one vector (and, when hybrid, words)",
    "disk_mb": "token vectors, which carry much of the quality, and the model itself lie in the index; the others "
    "leave the model where it was installed",
    "index_cpu_s": "token vectors, concepts and theme links are computed too, and the 1,700 wordings of the sector's "
    "language are embedded, whatever the number of items",
    "peak_mb": "the runtime that is three times as fast holds its compiled model",
    "ndcg_10": "on these queries the other ranking is better",
    "filtered_recall_10": "vectors of half precision and bfloat16 arithmetic change places among near ties",
}


def main() -> None:
    parts = [
        "# Side by side",
        "",
        "What a user would pick instead, and what it costs and gives here. This page is written by",
        "`python -m benchmarks.report` from `benchmarks/results/`; each section names the command that measured it.",
        "Read ratios before times: the machine is named below each table, and a load above its cores means that other",
        "work stretched wall-clock times (processor seconds hardly).",
        "",
    ]
    for name, section in (
        ("rivals_search", _search),
        ("rivals_sparql", _sparql),
        ("rivals_sparql_100000", _sparql_generated),
        ("rivals_sparql_1000000", _sparql_generated),
        ("rivals_build", _build),
        ("back_ends", _back_ends),
        ("scale_curves", _curves),
    ):
        file = RESULTS / f"{name}.json"
        if file.is_file():
            stored = json.loads(file.read_text(encoding="utf-8"))
            parts += section(stored)
            if "machine" in stored:
                parts += [_machine(stored["machine"]), ""]
    (DOCS / "benchmarks.md").write_text("\n".join(parts), encoding="utf-8")


def _machine(facts: Mapping[str, Any]) -> str:
    return (
        f"*{facts['processor']}, {facts['cores']} cores, {facts['memory_gb']:g} GB, Python {facts['python']}, load at "
        f"the start {facts['load_at_start'][0]:g}, {facts['at'][:10]}.*"
    )


def _search(stored: Mapping[str, Any]) -> list[str]:
    engines = stored["engines"]
    ours = engines["ours"]
    lines = [
        "## Search",
        "",
        "    python -m benchmarks.rivals_search --scratch FOLDER",
        "",
        "1,906 recommendations, 30 judged queries; the same all-MiniLM-L6-v2. Each figure divided by ours: in the",
        "first two columns above 1 means that the other is better, in the rest that ours is cheaper.",
        "",
        "![Each engine's figures divided by ours](images/search.svg)",
        "",
        *_ratios(engines, ours, list(SEARCH)),
        "",
        *_figures(engines, list(SEARCH), {key: text for key, (text, _) in SEARCH.items()}),
        "",
        "Ours was tuned on these judgements, the others on none: its lead in quality is an upper bound.",
        *([stored["note"]] if "note" in stored else []),
        "",
        "Where ours is behind:",
        "",
    ]
    behind = []
    for key, (text, more) in SEARCH.items():
        others = {n: e[key] for n, e in engines.items() if n != "ours" and key in e}
        better = [n for n, value in others.items() if (value > ours[key] if more else value < ours[key])]
        if better:
            behind.append(f"- {text}: behind {', '.join(better)}; {REASONS[key]}.")
    _chart(
        "search",
        {name: {key: engine[key] / ours[key] for key in SEARCH} for name, engine in engines.items() if name != "ours"},
        {key: text for key, (text, _) in SEARCH.items()},
    )
    return [*lines, *(behind or ["- nowhere in these figures."]), ""]


def _ratios(engines: Mapping[str, Any], ours: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    lines = ["| divided by ours | " + " | ".join(keys) + " |", "|---" * (len(keys) + 1) + "|"]
    for name, engine in engines.items():
        if name != "ours":
            lines.append(f"| {name} | " + " | ".join(f"{engine[key] / ours[key]:.2f}" for key in keys) + " |")
    return lines


def _figures(engines: Mapping[str, Any], keys: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    lines = ["| | " + " | ".join(titles[key] for key in keys) + " |", "|---" * (len(keys) + 1) + "|"]
    for name, engine in engines.items():
        label = f"{name} {engine['version']}" if "version" in engine else name
        lines.append(f"| {label} | " + " | ".join(str(engine.get(key, "")) for key in keys) + " |")
    return lines


def _sparql(stored: Mapping[str, Any]) -> list[str]:
    quads = stored["machine"]["quads"]
    return [
        "## SPARQL",
        "",
        "    python -m benchmarks.rivals_sparql --release DATA/releases/ID",
        "",
        "The example queries, without those that search. Time divided by ours: geometric mean over the queries that",
        "both answer with as many rows; above 1 ours is faster. Virtuoso is asked through our own endpoint, with all",
        "its checks. One query takes any fifty findings and tells their boxes: its rows may differ.",
        "",
        f"### The sample corpus, {quads:,} quads",
        "",
        *_sparql_table(stored, "sparql"),
        *([stored["note"], ""] if "note" in stored else []),
        "Ours runs each query in a process of its own, which costs half a millisecond and is what lets it be",
        "ended; an engine in the asker's own process does without. Our processes run at low priority: where the load",
        "is above the number of cores, they wait longer than the others do, a single query by any factor.",
        "",
    ]


def _sparql_generated(stored: Mapping[str, Any]) -> list[str]:
    items, quads = stored["items"], stored["machine"]["quads"]
    return [
        f"### {items:,} generated items, {quads:,} quads",
        "",
        f"    python -m benchmarks.scale_curves --parts graph --items {items} --keep --scratch FOLDER",
        f"    python -m benchmarks.rivals_sparql --release FOLDER/graph-{items} --items {items} \\",
        f"        --name rivals_sparql_{items} --seconds {stored['machine']['seconds']:g}",
        "",
        *_sparql_table(stored, f"sparql-{items}"),
        *([stored["note"], ""] if "note" in stored else []),
    ]


def _sparql_table(stored: Mapping[str, Any], chart: str) -> list[str]:
    engines = stored["engines"]
    ours = engines["ours"]["queries"]
    lines = [
        f"![Time divided by ours](images/{chart}.svg)",
        "",
        "| engine | time / ours | median ms | same rows | other rows | too long | refused | ready s | memory, MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    ratios: dict[str, dict[str, float]] = {}
    slower: list[str] = []
    for name, engine in engines.items():
        pairs = {
            key: (query["ms"], ours[key]["ms"])
            for key, query in engine["queries"].items()
            if query["ms"] and ours[key]["ms"] and query["rows"] == ours[key]["rows"]
        }
        found = list(engine["queries"].values())
        mean = math.exp(sum(math.log(a / b) for a, b in pairs.values()) / len(pairs)) if pairs else math.nan
        late = sum(query["rows"] == "too long" for query in found)
        refused = sum(isinstance(query["rows"], str) and query["rows"] != "too long" for query in found)
        median = sorted(a for a, _ in pairs.values())[len(pairs) // 2] if pairs else math.nan
        lines.append(
            f"| {name} | {mean:.2f} | {median:.1f} | {len(pairs)} | {len(found) - len(pairs) - late - refused} "
            f"| {late} | {refused} | {engine['ready_s']} | {engine['peak_mb']} |"
        )
        if name != "ours":
            ratios[name] = {"ratio": mean}
            behind = sorted(((a / b, key) for key, (a, b) in pairs.items() if a < 0.67 * b))
            if behind:
                slower.append(
                    f"- {name} is faster on {len(behind)} queries, most on "
                    + ", ".join(f"{key} ({1 / ratio:.1f} times)" for ratio, key in behind[:3])
                )
    _chart(chart, ratios, {"ratio": "time divided by ours"})
    return [*lines, "", *(slower or ["No other engine is clearly faster on any of these queries."]), ""]


def _back_ends(stored: Mapping[str, Any]) -> list[str]:
    graphs, search = dict(stored["sparql"]), dict(stored["search"])
    count, median = graphs.pop("queries"), graphs.pop("embedded_median_ms")
    questions, items = search.pop("questions"), search.pop("items")
    lines = [
        "## Back ends",
        "",
        "    python -m benchmarks.back_ends --release DATA/releases/ID",
        "",
        f"The same release behind each back end. {count} example queries through the endpoint, rows compared one by",
        f"one (embedded: median {median} ms):",
        "",
        "| graph | quads | published in s | same rows | other | median ms | time / embedded |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {one['quads']:,} | {one['published_s']} | {one['same']} | {', '.join(one['other']) or 'none'} "
            f"| {one['median_ms']} | {one['time_divided_by_embedded']} |"
            for name, one in graphs.items()
        ),
        "",
        f"{questions} judged questions, each unfiltered and under two filters, over {items:,} rows; nDCG of the first",
        "ten and recall of the first twenty over the judged recommendations (dev and our own questions):",
        "",
    ]
    keys = {
        "ndcg_10_dev": "nDCG, dev",
        "ndcg_10_own": "nDCG, own",
        "recall_20_dev": "recall, dev",
        "recall_20_own": "recall, own",
        "recall_10": "of the ten nearest",
        "of_the_first_ten_the_same": "first ten the same",
        "same_total": "same total",
        "searches": "of searches",
        "p50_ms": "p50 ms",
        "p99_ms": "p99 ms",
        "published_s": "published in s",
    }
    return [*lines, *_figures(search, list(keys), keys), "", *([stored["note"], ""] if "note" in stored else [])]


def _build(stored: Mapping[str, Any]) -> list[str]:
    results = stored["results"]
    ours, plain = results["ours"], results["plain"]
    keys = ["cpu_s", "wall_s", "peak_mb", "recommendations_recall", "recommendations_precision"]
    titles = {
        "cpu_s": "processor s",
        "wall_s": "wall s",
        "peak_mb": "memory, MB",
        "recommendations_recall": "recommendations found",
        "recommendations_precision": "of those found, right",
    }
    speed = plain["cpu_s"] / ours["cpu_s"]
    return [
        "## Build",
        "",
        "    python -m benchmarks.rivals_build --scratch FOLDER",
        "",
        f"{stored['documents']} inspection reports from nothing, beside the script that a competent user writes in a",
        f"day (`benchmarks/plain_script.py`). The script's processor time is {speed:.2f} times ours; the goal was 4.",
        "",
        *_figures(results, keys, titles),
        "",
        "The script embeds every paragraph and stops there. Ours embeds what was recognised as an item and then types,",
        "links, validates and indexes it, so what the faster runtime saves goes, in part, into those.",
        "",
    ]


#: Parts of the curves, each with what must be known to read it.
PARTS = {
    "build": """Whole builds, reading and the model left out, and the use of what they made: 200 questions without and
with filters, the pages of their results, the example queries, the pages of the analyses.""",
    "search": """The indexes alone, and the same questions. Above 100,000 items a page asks once more for each filter,
since the counts without it are those of another search.""",
    "vectors": "Clustered noise: recall is indicative.",
    "words": "",
    "graph": "",
}
_UNITS = {"ms": "ms", "s": "s", "mb": "MB"}
_TITLES = {"examples_over_1_s": "examples over 1 s"}
_WORDS = {"cpu": "processor", "wall": "by the clock", "1pc": "1 %", "10pc": "10 %"}


def _curves(stored: Mapping[str, Any]) -> list[str]:
    lines = [
        "## Growth",
        "",
        "    python -m benchmarks.scale_curves --scratch FOLDER",
        "",
        "Generated corpora (`benchmarks/generated.py`). The exponent is that of growth between the last two sizes: 1",
        "is linear, 0 does not grow. Latencies of a few milliseconds measure the machine where its load is high.",
        "",
    ]
    curves = {part: {int(c): sizes[c] for c in sorted(sizes, key=int)} for part, sizes in stored["curves"].items()}
    for name, unit, series in _series(curves):
        if series:
            _growth_chart(name, unit, series)
            lines += [f"![Growth: {', '.join(series)}](images/{name}.svg)", ""]
    for part, about in PARTS.items():
        if sizes := curves.get(part):
            lines += [f"### {part.capitalize()}", "", *([about, ""] if about else []), *_grown(sizes), ""]
            for key, text in (("stages_cpu", "Processor seconds"), ("stages", "Seconds by the clock")):
                if found := {count: size[key] for count, size in sizes.items() if key in size}:
                    lines += [f"{text}, stage by stage:", "", *_grown(found), ""]
            last = max(sizes)
            for key, text in (
                ("slowest", "Slowest queries"),
                ("slowest_analyses", "Slowest analyses"),
            ):
                if found := sizes[last].get(key):
                    lines += [f"{text} at {last:,} items: {found}.", ""]
            if note := stored.get("notes", {}).get(part):
                lines += [note, ""]
            for text, counts in _machines(stored["machines"][part]).items():
                lines += [f"*{', '.join(f'{count:,}' for count in counts)} items: {text[1:]}", ""]
    return lines


def _grown(sizes: Mapping[int, Mapping[str, Any]]) -> list[str]:
    """A line for each figure, a column for each size, the exponent between the last two sizes behind them."""
    counts = sorted(sizes)
    keys = dict.fromkeys(k for found in sizes.values() for k, v in found.items() if isinstance(v, int | float))
    lines = ["| items | " + " | ".join(f"{count:,}" for count in counts) + " | exponent |"]
    lines.append("|---" * (len(counts) + 2) + "|")
    for key in keys:
        found = [sizes[count].get(key) for count in counts]
        shown = [f"{value:,}" if isinstance(value, int) else "" if value is None else str(value) for value in found]
        power = ""
        if len(counts) > 1 and found[-1] and found[-2]:
            power = f"{math.log(found[-1] / found[-2]) / math.log(counts[-1] / counts[-2]):.2f}"
        lines.append(f"| {_titled(key)} | {' | '.join(shown)} | {power} |")
    return lines


def _titled(key: str) -> str:
    if key in _TITLES:
        return _TITLES[key]
    words = key.split("_")
    units = [_UNITS[word] for word in words if word in _UNITS]
    plain = " ".join(_WORDS.get(word, word) for word in words if word not in _UNITS)
    return ", ".join([plain, *units[:1]])


def _machines(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, list[int]]:
    """The machine's line → the sizes measured on it."""
    found: dict[str, list[int]] = {}
    for count in sorted(facts, key=int):
        found.setdefault(_machine(facts[count]), []).append(int(count))
    return found


def _series(curves: Mapping[str, Mapping[int, Any]]) -> list[tuple[str, str, dict[str, dict[int, float]]]]:
    """Name, unit and lines of each chart; a line is of at least two sizes."""
    build = curves.get("build", {})
    stages = dict.fromkeys(name for found in build.values() for name in found["stages_cpu"])
    seconds = {name: {count: found["stages_cpu"].get(name, 0.0) for count, found in build.items()} for name in stages}
    used = {**build, **curves.get("search", {})}
    latencies = {
        title: {count: found[key] for count, found in sorted(used.items()) if key in found}
        for title, key in (
            ("search, p99", "search_p99_cpu_ms"),
            ("search with filters, p99", "search_filtered_p99_cpu_ms"),
            ("page with filters, p99", "page_filtered_p99_cpu_ms"),
            ("analyses, slowest", "analyses_slowest_cpu_ms"),
        )
    }
    charts = (("growth-build", "processor seconds", seconds), ("growth-use", "processor milliseconds", latencies))
    return [
        (name, unit, {title: line for title, line in lines.items() if len(line) > 1 and min(line.values()) > 0})
        for name, unit, lines in charts
    ]


# --------------------------------------------------------------------------------------------------------------- charts

_WIDTH, _ROW, _LEFT = 760, 22, 330


def _chart(name: str, bars: Mapping[str, Mapping[str, float]], titles: Mapping[str, str]) -> None:
    """Bars left and right of 1 on a logarithmic scale, one group a figure, one bar an engine."""
    values = [v for group in bars.values() for v in group.values() if v > 0 and math.isfinite(v)]
    span = max((abs(math.log10(v)) for v in values), default=1.0) * 1.05 or 1.0
    middle, half = _LEFT + (_WIDTH - _LEFT - 70) / 2, (_WIDTH - _LEFT - 70) / 2
    drawn, y = [], 20.0
    for key, title in titles.items():
        drawn.append(f'<text x="8" y="{y + 14}" font-weight="bold">{escape(title)}</text>')
        y += _ROW
        for engine, group in bars.items():
            value = group.get(key, math.nan)
            if not (value > 0 and math.isfinite(value)):
                continue
            length = half * math.log10(value) / span
            x = min(middle, middle + length)
            drawn.append(
                f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(engine)}</text>'
                f'<rect x="{x:.1f}" y="{y + 3}" width="{abs(length):.1f}" height="{_ROW - 7}" fill="#1d70b8"/>'
                f'<text x="{max(middle, middle + length) + 6:.1f}" y="{y + 14}">{value:.2f}</text>'
            )
            y += _ROW
        y += 8
    described = f"{name}: figures of other engines divided by ours; the line is 1"
    line = f'<line x1="{middle}" y1="10" x2="{middle}" y2="{y:.0f}" stroke="#0b0c0c"/>'
    _write_svg(name, f"{_WIDTH} {y + 10:.0f}", described, "".join([*drawn, line]))


def _write_svg(name: str, size: str, described: str, drawn: str) -> None:
    (DOCS / "images").mkdir(exist_ok=True)
    (DOCS / "images" / f"{name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>{escape(described)}</title>'
        f'<rect width="100%" height="100%" fill="#fff"/>{drawn}</svg>\n',
        encoding="utf-8",
    )


_COLOURS = ("#1d70b8", "#d4351c", "#00703c", "#4c2c92", "#f47738", "#28a197", "#d53880", "#505a5f", "#b58840")


def _growth_chart(name: str, unit: str, series: Mapping[str, Mapping[int, float]]) -> None:
    """Lines over the number of items, both axes logarithmic and a decade as long on either: linear growth rises by
    half a right angle."""
    counts = [math.log10(count) for line in series.values() for count in line]
    values = [math.log10(value) for line in series.values() for value in line.values()]
    low, high = math.floor(min(values)), math.ceil(max(values) + 0.01)
    decade = min(110.0, 440.0 / (high - low))
    left, top = 70.0, 26.0
    bottom, right = top + decade * (high - low), left + decade * (max(counts) - min(counts))

    def x(count: float) -> float:
        return left + decade * (math.log10(count) - min(counts))

    def y(value: float) -> float:
        return bottom - decade * (math.log10(value) - low)

    drawn = []
    for power in range(low, high + 1):
        drawn.append(
            f'<line x1="{left}" y1="{y(10.0**power):.1f}" x2="{right:.1f}" y2="{y(10.0**power):.1f}" stroke="#b1b4b6"/>'
            f'<text x="{left - 8}" y="{y(10.0**power) + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
        )
    for count in sorted({count for line in series.values() for count in line}):
        drawn.append(f'<text x="{x(count):.1f}" y="{bottom + 20:.1f}" text-anchor="middle">{count:,}</text>')
    placed = -math.inf
    ends = sorted(series.items(), key=lambda item: y(item[1][max(item[1])]))
    for number, (title, line) in enumerate(ends):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{x(count):.1f},{y(line[count]):.1f}" for count in sorted(line))
        placed = max(placed + 16, y(line[max(line)]) + 4)
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{right + 10:.1f}" y="{placed:.1f}" fill="{colour}">{escape(title)}</text>'
        )
    described = f"{unit} by number of items: {', '.join(series)}"
    named = (
        f'<text x="{left}" y="14">{escape(unit)}</text>'
        f'<text x="{right:.1f}" y="{bottom + 38:.1f}" text-anchor="end">items</text>'
    )
    size = f"{right + 220:.0f} {max(bottom, placed) + 50:.0f}"
    _write_svg(name, size, described, "".join([*drawn, named]))


if __name__ == "__main__":
    main()
