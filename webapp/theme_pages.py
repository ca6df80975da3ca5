"""Pages about themes and councils: what comes up how often, who was told it, and what comes back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from flask import Blueprint, Response, g, render_template, request
from numpy.typing import NDArray
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from graph.authorities import Authority
from indexer.analyses.corpus import Choice
from webapp import charts
from webapp.analysis_answers import answer, corpus, facts, items_url
from webapp.item_pages import resource, theme_counts
from webapp.labels import Concept, tree
from webapp.negotiation import DATA_FORMS, see_data
from webapp.recurrence import Recurrence, Told, histories, recurrences, repeats_of
from webapp.services import OpenRelease, Services, kept_with_release
from webapp.tables import Row, Table

RECENT_SHOWN = 8
COUNCILS_SHOWN = 12
ISSUES_SHOWN = 20
TYPICAL_SHOWN = 6
NEIGHBOURING_SHOWN = 8
ACTIONS_SHOWN = 5
REPEATED_SHOWN = 5

#: What the pages of themes and councils count: what a council was told to do something about.
TOLD = Choice("told")


@dataclass(frozen=True, slots=True)
class ThemeFigures:
    """Counts of items linked to a theme or one narrower. ``inspections`` of ``all_inspections`` main inspections told
    their council about it: a recommendation, or a finding that asks for improvement."""

    recommendations: int
    strengths: int
    improvements: int
    mixed: int
    actions: int
    items: int
    inspections: int
    all_inspections: int


def blueprint(services: Services) -> Blueprint:
    del services  # all that these pages need is the release of the request
    pages = Blueprint("theme_pages", __name__)

    @pages.get("/themes")
    def themes() -> AnyResponse:
        release: OpenRelease = g.release
        if (data := see_data(request, "/themes")) is not None:
            return data
        figures = theme_figures(release)
        return Response(render_template("themes.html", tree=list(tree(release.labels.themes)), figures=figures))

    @pages.get("/themes/<name>")
    def theme(name: str) -> AnyResponse:
        return resource("themes", name, theme_page)

    @pages.get("/authorities")
    def authorities() -> str:
        return render_template("authorities.html", regions=councils_by_region(g.release))

    @pages.get("/authorities/<name>")
    def authority(name: str) -> AnyResponse:
        return resource("authorities", name, authority_page)

    @pages.get("/recurring")
    def recurring() -> str:
        release: OpenRelease = g.release
        found = release_recurrences(release)
        return render_template(
            "recurring.html",
            recurrences=[r for r in found if r.councils],
            issues=answer(release, "recurring", Choice())[:ISSUES_SHOWN],
            all_issues=len(answer(release, "recurring", Choice())),
            coverage=facts(release, "told"),
            reinspected=sum(len(history) > 1 for history in release_histories(release).values()),
            told=len(release_histories(release)),
        )

    return pages


# Figures over a whole release never change while it is served: they are computed once.


@kept_with_release()
def release_histories(release: OpenRelease) -> dict[str, list[Told]]:
    return histories(release.tables)


@kept_with_release()
def release_recurrences(release: OpenRelease) -> list[Recurrence]:
    return recurrences(release_histories(release))


@kept_with_release()
def theme_figures(release: OpenRelease) -> dict[str, ThemeFigures]:
    """Figures of every theme of the scheme, broader ones with what is narrower."""
    items = release.tables.items
    rows: dict[str, list[tuple[str, str | None, str | None]]] = defaultdict(list)
    columns = zip(
        items.column("kind"), items.column("polarity"), items.column("inspection"), items.column("themes"), strict=True
    )
    broader = {concept.id: concept.broader for concept in release.labels.themes.concepts.values()}
    for kind, polarity, inspection, linked in columns:
        for theme in {t for one in linked or () for t in (one, broader.get(one)) if t}:
            rows[theme].append((kind, polarity, inspection))
    everywhere = {told.inspection for history in release_histories(release).values() for told in history}
    return {theme: _figures(found, everywhere) for theme, found in rows.items()}


def _figures(rows: Iterable[tuple[str, str | None, str | None]], everywhere: set[str]) -> ThemeFigures:
    counts: Counter[str] = Counter()
    told = set()
    for kind, polarity, inspection in rows:
        counts[kind if kind != "finding" else polarity or "finding"] += 1
        if inspection in everywhere and (kind == "recommendation" or polarity == "improvement"):
            told.add(inspection)
    return ThemeFigures(
        recommendations=counts["recommendation"],
        strengths=counts["strength"],
        improvements=counts["improvement"],
        mixed=counts["mixed"],
        actions=counts["action"],
        items=counts.total(),
        inspections=len(told),
        all_inspections=len(everywhere),
    )


def theme_page(release: OpenRelease, key: str) -> str:
    scheme = release.labels.themes
    numbers = corpus(release).incidence.theme_rows(key)
    concept = scheme.get(key) or (Concept(key, scheme.label(key)) if len(numbers) else None)
    if concept is None:
        raise NotFound("There is no theme of this name.")
    items = release.tables.items
    recommendations, actions = (_of_kind(items, numbers, kind) for kind in ("recommendation", "action"))
    newest = recommendations[np.lexsort((recommendations, -items.codes("published")[1][recommendations]))]
    codes, of_council = items.codes("gss_code")
    passages = np.bincount(of_council[numbers] + 1, minlength=len(codes) + 1)[1:]
    councils = Counter({code: int(count) for code, count in zip(codes, passages, strict=True) if count})
    recurrence = next((r for r in release_recurrences(release) if r.theme == key), None)
    return render_template(
        "theme.html",
        concept=concept,
        broader=scheme.get(concept.broader) if concept.broader else None,
        narrower=scheme.narrower(key),
        figures=theme_figures(release).get(key),
        all_figures=theme_figures(release),
        **theme_analyses(release, key),
        typical=[row for row in answer(release, "recurring", Choice()) if key in row["themes"]][:TYPICAL_SHOWN],
        actions=items.rows(actions[:ACTIONS_SHOWN].tolist()),
        recent=items.rows(newest[:RECENT_SHOWN].tolist()),
        councils=councils.most_common(COUNCILS_SHOWN),
        recurrence=recurrence,
        forms=DATA_FORMS,
        iri=release.iri_of(f"themes/{key}"),
    )


def _of_kind(items: Table, numbers: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
    kinds, of_row = items.codes("kind")
    return np.asarray(numbers[of_row[numbers] == (kinds.index(kind) if kind in kinds else -2)])


def theme_analyses(release: OpenRelease, theme: str) -> dict[str, Any]:
    """The theme's rows of the analyses of what councils were told."""

    def rows(name: str) -> list[Row]:
        return [row for row in answer(release, name, TOLD) if theme in (row["theme"], row.get("other"))]

    near = sorted(rows("together"), key=lambda row: (row["q"] is None or row["q"] > 0.05, -row["lift"]))
    return {
        "rates": [
            {**row, "url": items_url(TOLD, theme, "year", row["group"]), "percent": charts.in_percent(row)}
            for row in rows("themes-by-year")
        ],
        "trend": next(iter(rows("trends")), None),
        "followed": next(iter(rows("what-followed")), None),
        "neighbouring": [
            {**row, "near": row["other"] if row["theme"] == theme else row["theme"]}
            for row in near[:NEIGHBOURING_SHOWN]
        ],
        "chart": f"/analyses/themes-by-year.vl.json?measure=told&theme={theme}",
        "coverage": facts(release, "told"),
        "percent": charts.in_percent,
    }


# ------------------------------------------------------------------------------------------------------------ councils


@dataclass(frozen=True, slots=True)
class Council:
    authority: Authority
    inspections: int
    documents: int
    latest: Row | None


def councils_by_region(release: OpenRelease) -> list[tuple[str, list[Council]]]:
    """Every council of the register, those without a document too: that nothing is here is also an answer."""
    documents = release.tables.documents.groups("gss_code")
    regions: dict[str, list[Council]] = defaultdict(list)
    for authority in release.labels.register:
        rows = release.main_inspections(authority.gss_code)
        count = len(documents.get(authority.gss_code, ()))
        if authority.abolished is not None and not rows and not count:
            continue
        regions[authority.region or "Elsewhere"].append(
            Council(authority, len(rows), count, rows[-1] if rows else None)
        )
    return [(region, sorted(found, key=lambda c: c.authority.name)) for region, found in sorted(regions.items())]


def authority_page(release: OpenRelease, key: str) -> str:
    authority = release.labels.register.by_gss(key)
    if authority is None and key not in release.tables.items.groups("gss_code"):
        raise NotFound("There is no council with this code in the register.")
    authority = authority or Authority(key, key)
    inspections = release.main_inspections(key)
    items = release.tables.items.where("gss_code", key, ("kind", "polarity", "themes", "inspection"))
    documents = sorted(
        release.tables.documents.where("gss_code", key), key=lambda row: row["published"] or "", reverse=True
    )
    register = release.labels.register
    return render_template(
        "authority.html",
        authority=authority,
        inspections=[_with_judgements(release, row, items) for row in reversed(inspections)],
        documents=documents,
        kinds=Counter(item["kind"] for item in items),
        themes=theme_counts(_told(items, {row["iri"] for row in inspections}), release.labels.themes),
        told_url=partial(items_url, TOLD),
        repeats=repeats_of(release_histories(release).get(key, []))[:12],
        told=release_histories(release).get(key, []),
        neighbours=_neighbours(release, authority),
        beside=themes_beside_neighbours(release, key),
        repeated=[
            row for row in answer(release, "lineage", Choice()) if row["gss_code"] == key and row["later"] is not None
        ][:REPEATED_SHOWN],
        percent=charts.in_percent,
        successors=register.successors(authority),
        predecessors=[a for a in register if key in a.succeeded_by],
        forms=DATA_FORMS,
        iri=release.iri_of(f"authorities/{key}"),
    )


def themes_beside_neighbours(release: OpenRelease, code: str) -> list[dict[str, Any]]:
    """Themes that the council was told about, with its statistical neighbours and all others: most often first."""
    choice = Choice("told", code)
    by_theme: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in answer(release, "themes-by-neighbours", choice):
        by_theme[row["theme"]][row["group"]] = row
    found: list[dict[str, Any]] = [
        {"theme": theme, **rows, "url": items_url(choice, theme, "council", code)}
        for theme, rows in by_theme.items()
        if "own" in rows and rows["own"]["said"]
    ]
    return sorted(found, key=lambda entry: (-entry["own"]["said"], -entry["own"]["items"], entry["theme"]))[:15]


def _with_judgements(release: OpenRelease, row: Row, items: Sequence[Row]) -> dict[str, Any]:
    own = [item for item in items if item["inspection"] == row["iri"]]
    themes = theme_counts(_told(own, {row["iri"]}), release.labels.themes, 5)
    return {
        "row": row,
        "judgements": release.tables.judgements.where("inspection", row["iri"]),
        "recommendations": sum(item["kind"] == "recommendation" for item in own),
        "findings": sum(item["kind"] == "finding" for item in own),
        "themes": [(theme, count, items_url(TOLD, theme, "inspection", row["id"])) for theme, count in themes],
    }


def _told(items: Sequence[Row], inspections: Collection[str]) -> list[Row]:
    """What these inspections told their council to do something about."""
    return [
        item
        for item in items
        if item["inspection"] in inspections and (item["kind"] == "recommendation" or item["polarity"] == "improvement")
    ]


def _neighbours(release: OpenRelease, authority: Authority) -> list[Council]:
    found = []
    for code in authority.neighbours:
        neighbour = release.labels.register.by_gss(code)
        if neighbour is not None:
            rows = release.main_inspections(code)
            documents = len(release.tables.documents.numbers("gss_code", code))
            found.append(Council(neighbour, len(rows), documents, rows[-1] if rows else None))
    return found
