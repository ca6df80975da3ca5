"""What the analyses of a release answer, each made once while the release is served; the words for it, and the
addresses of what its figures count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
from flask import g
from werkzeug.exceptions import BadRequest

from indexer.analyses.corpus import LEAST, Choice, Corpus
from indexer.analyses.coverage import uncovered
from indexer.analyses.registry import ANALYSES, Analysis
from indexer.incidence import MEASURES, UNKNOWN
from webapp.search_query import Arguments
from webapp.services import OpenRelease, kept_with_release
from webapp.tables import Row

MEASURE_NAMES = {
    "recommended": "Recommendations",
    "told": "Recommendations, and findings that ask for improvement",
    "praised": "Findings of strength",
}
DIMENSION_NAMES = {
    "year": "Year",
    "region": "Region",
    "authority-type": "Type of council",
    "neighbours": "Group",
    "framework": "Framework",
    "grade": "Overall grade",
}


# ------------------------------------------------------------------------------------------------------ what is asked


def chosen(arguments: Arguments, release: OpenRelease, analysis: Analysis) -> Choice:
    """Raises BadRequest for a measure or council that is not known."""
    measure = asked_measure(arguments)
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


def asked_measure(arguments: Arguments) -> str:
    measure = (arguments.get("measure") or "recommended").strip()
    if measure not in MEASURES:
        raise BadRequest(f"measure must be one of {', '.join(MEASURES)}.")
    return measure


@kept_with_release()
def _first_council(release: OpenRelease) -> str | None:
    """The council with most inspections, the first of the alphabet where several have as many."""
    counts: dict[str, int] = defaultdict(int)
    for code in corpus(release).incidence.inspections.gss_code:
        if code:
            counts[code] += 1
    return min(counts, key=lambda code: (-counts[code], release.labels.authority(code)), default=None)


# ----------------------------------------------------------------------------------------------------------- answers


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


# ------------------------------------------------------------------------------------------------------------- words


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


def council_choices(release: OpenRelease, chosen_ones: Sequence[str]) -> list[tuple[str, str]]:
    """Councils to choose from by name: those that exist, those that the release knows, those that are chosen."""
    known = {*corpus(release).incidence.inspections.gss_code, *chosen_ones}
    wanted = (a for a in release.labels.register if a.abolished is None or a.gss_code in known)
    return sorted(((a.gss_code, a.name) for a in wanted), key=lambda pair: pair[1])


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
