"""What followed: whether the next inspection spoke of it again, and what it judged. A sequence, never a cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from indexer.analyses.corpus import LEAST, LEVEL, Choice, Corpus, Mask, Row, as_table
from indexer.analyses.rates import TOO_FEW
from indexer.statistics import association, false_discovery, mantel_haenszel, wilson
from ontology.resources import concepts

_FIELDS = [
    ("said", pa.int64()),  # inspections that spoke of it
    ("not_reinspected", pa.int64()),  # of these: no later comparable inspection here, so nothing is known yet
    ("next_silent", pa.int64()),  # the next report prints nothing of the measure
    ("reinspected", pa.int64()),
    ("again", pa.int64()),  # the next inspection spoke of it again
    ("share", pa.float64()),
    ("low", pa.float64()),
    ("high", pa.float64()),
    ("base", pa.int64()),  # inspections that did not speak of it and were followed by one
    ("base_again", pa.int64()),
    ("base_share", pa.float64()),  # how often the next one spoke of it all the same
    ("base_low", pa.float64()),
    ("base_high", pa.float64()),
    ("ratio", pa.float64()),  # Mantel-Haenszel, within the next inspection's framework
    ("ratio_low", pa.float64()),
    ("ratio_high", pa.float64()),
    ("p", pa.float64()),
    ("q", pa.float64()),
    ("reading", pa.string()),
    ("judged", pa.int64()),  # of the reinspected: the next one's relevant judgement is on a scale
    ("judged_good", pa.int64()),  # and is one of the two best grades of its scale
    ("compared", pa.int64()),  # both inspections gave it a grade of one scale
    ("better", pa.int64()),
    ("same", pa.int64()),
    ("worse", pa.int64()),
]
FOLLOWED = pa.schema([("theme", pa.string()), *_FIELDS])
FOLLOWED_ISSUES = pa.schema([("issue", pa.string()), ("text", pa.string()), *_FIELDS])

#: Top theme or theme → the areas whose judgement is about it, the closest first; the overall judgement after all.
RELEVANT_AREAS = {
    "help-and-protection": ("help-and-protection", "safeguarding-arrangements"),
    "children-in-care": (
        "children-in-care", "children-in-care-and-care-leavers", "looked-after-and-permanence", "outcomes",
    ),
    "foster-care": ("fostering",),
    "permanence-and-adoption": ("adoption",),
    "care-leavers": ("care-leavers", "care-leavers-experiences", "children-in-care-and-care-leavers"),
    "leadership-and-governance": ("impact-of-leaders", "leadership-management-governance", "capacity-for-improvement"),
    "workforce-and-practice": ("impact-of-leaders", "leadership-management-governance", "quality-of-provision"),
    "safeguarding-board": ("lscb",),
}  # fmt: skip
_OVERALL = ("overall-effectiveness", "send-outcome", "serving-people", "star-rating")


def relevant_areas(theme: str, broader: str | None) -> tuple[str, ...]:
    """Areas in the order in which they are looked for."""
    return (*RELEVANT_AREAS.get(theme, ()), *RELEVANT_AREAS.get(broader or "", ()), *_OVERALL)


def followed(corpus: Corpus, choice: Choice) -> pa.Table:
    """``FOLLOWED``: a row a theme, most often spoken of again first."""
    incidence = corpus.incidence
    said = incidence.said(choice.measure)
    rows = [
        {"theme": theme, **row}
        for theme, row in zip(
            incidence.themes,
            _rows(corpus, choice, said, [relevant_areas(t, corpus.broader.get(t)) for t in incidence.themes]),
            strict=True,
        )
        if row["said"]
    ]
    return as_table(_read(rows), FOLLOWED)


def followed_issues(corpus: Corpus, choice: Choice) -> pa.Table:
    """``FOLLOWED_ISSUES``: the same for recurring issues, of recommendations alone, whatever the measure."""
    issues = corpus.table("issues").to_pylist()
    said = issue_matrix(corpus)
    areas = [relevant_areas(*_leading(corpus, issue["themes"])) for issue in issues]
    found = _rows(corpus, Choice("recommended"), said, areas)
    rows = [
        {"issue": issue["id"], "text": issue["text"], **row}
        for issue, row in zip(issues, found, strict=True)
        if row["said"]
    ]
    return as_table(_read(rows), FOLLOWED_ISSUES)


def issue_matrix(corpus: Corpus) -> Mask:
    """(inspections, issues): whether an inspection made a recommendation that belongs to the issue."""
    inspections = {iri: place for place, iri in enumerate(corpus.incidence.inspections.iri)}
    issues = {name: place for place, name in enumerate(corpus.table("issues").column("id").to_pylist())}
    said = np.zeros((len(inspections), len(issues)), dtype=np.bool_)
    members = corpus.table("issue_members", "issue", "item")
    made_at = corpus.items_at(members.column("item"), "inspection")["inspection"]
    for issue, inspection in zip(members.column("issue").to_pylist(), made_at, strict=True):
        place = inspections.get(inspection)
        if place is not None:
            said[place, issues[issue]] = True
    return said


def _leading(corpus: Corpus, themes: Sequence[str]) -> tuple[str, str | None]:
    return (themes[0], corpus.broader.get(themes[0])) if themes else ("", None)


def _rows(corpus: Corpus, choice: Choice, said: Mask, areas: Sequence[tuple[str, ...]]) -> list[Row]:
    """A row a column of ``said`` (inspections, subjects)."""
    incidence = corpus.incidence
    heard, following = incidence.heard(choice.measure), incidence.inspections.following
    said = said & heard[:, None]
    later = np.flatnonzero(heard & (following >= 0))
    told_again = np.zeros_like(said)
    told_again[later] = said[following[later]]
    followed_up = np.zeros(len(heard), dtype=np.bool_)
    followed_up[later] = heard[following[later]]
    strata = np.where(following >= 0, corpus.frameworks[1][following], -1)
    masks = [followed_up & (strata == place) for place in range(len(corpus.frameworks[0]))]
    k = np.stack([[(told_again & said)[mask].sum(axis=0), (told_again & ~said)[mask].sum(axis=0)] for mask in masks])
    n = np.stack([[said[mask].sum(axis=0), (~said)[mask].sum(axis=0)] for mask in masks])
    grades = _grades(corpus)
    rows = []
    for subject in range(said.shape[1]):
        own = said[:, subject]
        again, base_again = (int(x) for x in k[:, :, subject].sum(axis=0))
        reinspected, base = (int(x) for x in n[:, :, subject].sum(axis=0))
        row: Row = {
            "said": int(own.sum()),
            "not_reinspected": int((own & (following < 0)).sum()),
            "next_silent": int((own & (following >= 0) & ~followed_up).sum()),
            "reinspected": reinspected,
            "again": again,
            "base": base,
            "base_again": base_again,
            **_share("", again, reinspected),
            **_share("base_", base_again, base),
            **_judgements(grades, np.flatnonzero(own & followed_up), following, areas[subject]),
        }
        if min(reinspected, base) >= LEAST and again + base_again >= LEAST:
            ratio = mantel_haenszel(k[:, :, subject], n[:, :, subject])
            row |= {"ratio": ratio.estimate, "ratio_low": ratio.low, "ratio_high": ratio.high}
            row["p"] = association(k[:, ::-1, subject], n[:, ::-1, subject], (0, 1)).p
        rows.append(row)
    return rows


def _share(prefix: str, successes: int, trials: int) -> Row:
    if trials < LEAST:
        return {}
    low, high = wilson(successes, trials)
    return {f"{prefix}share": successes / trials, f"{prefix}low": float(low), f"{prefix}high": float(high)}


def _read(rows: list[Row]) -> list[Row]:
    for row, q in zip(rows, false_discovery([row.get("p") for row in rows]), strict=True):
        row["q"] = q
        if q is None:
            row["reading"] = TOO_FEW
        elif q > LEVEL:
            row["reading"] = "no difference to the base rate shown"
        else:
            more = row["ratio"] is None or row["ratio"] > 1
            row["reading"] = "more often than the base rate" if more else "less often than the base rate"
    return sorted(rows, key=lambda row: (-row["again"], -row["said"], str(row.get("theme") or row.get("issue"))))


def _grades(corpus: Corpus) -> list[dict[str, tuple[str, int]]]:
    """Of each counted inspection: area → scale and rank (1 is best) of the first grade printed for it."""
    places = {iri: place for place, iri in enumerate(corpus.incidence.inspections.iri)}
    grades = concepts("grades")
    found: list[dict[str, tuple[str, int]]] = [{} for _ in places]
    table = corpus.table("judgements", "inspection", "area_concept", "grade_concept")
    columns = (table.column(name).to_pylist() for name in ("inspection", "area_concept", "grade_concept"))
    for inspection, area, grade in zip(*columns, strict=True):
        place, concept = places.get(inspection), grades.get(grade or "")
        if place is not None and area and concept is not None and concept.rank is not None:
            # scales that were revised in their middle only are one to a reader: outstanding … inadequate
            scale = "outstanding-to-inadequate" if concept.scheme.startswith("outstanding") else concept.scheme
            found[place].setdefault(area, (scale, concept.rank))
    return found


def _judgements(
    grades: Sequence[dict[str, tuple[str, int]]],
    inspections: np.ndarray[tuple[int], np.dtype[np.int64]],
    following: np.ndarray[tuple[int], np.dtype[np.int64]],
    areas: Sequence[str],
) -> Row:
    row: Row = defaultdict(int, judged=0, judged_good=0, compared=0, better=0, same=0, worse=0)
    for place in inspections.tolist():
        earlier, later = grades[place], grades[int(following[place])]
        area = next((a for a in areas if a in later), None)
        if area is None:
            continue
        scale, rank = later[area]
        row["judged"] += 1
        row["judged_good"] += (rank <= 2 and scale != "send-outcomes") or rank == 1
        before = next((earlier[a] for a in areas if a in earlier), None)
        if before is not None and before[0] == scale:
            row["compared"] += 1
            row["better" if rank < before[1] else "same" if rank == before[1] else "worse"] += 1
    return dict(row)


LINEAGE = pa.schema(
    [
        ("kind", pa.string()),  # repeated, reworded, not-seen-again
        ("score", pa.float64()),  # cosine; of the nearest, where it was not seen again
        ("gss_code", pa.string()),
        ("authority", pa.string()),
        ("themes", pa.list_(pa.string())),
        ("earlier", pa.string()),
        ("earlier_text", pa.string()),
        ("earlier_published", pa.string()),
        ("later", pa.string()),
        ("later_text", pa.string()),
        ("later_published", pa.string()),
    ]
)


def lineage(corpus: Corpus, choice: Choice) -> pa.Table:
    """``LINEAGE``: how each recommendation fared at the council's later inspections of the same family; what was said
    again first, likest first. Not to be seen again is not to be done."""
    del choice
    table = corpus.table("lineage")
    links = table.to_pylist()
    names = ("text", "published", "gss_code", "authority", "themes")
    earlier = corpus.items_at(table.column("earlier"), *names)
    later = corpus.items_at(table.column("item"), "text", "published")
    rows: list[Row] = [
        {
            "kind": link["kind"],
            "score": link["score"],
            "gss_code": earlier["gss_code"][place],
            "authority": earlier["authority"][place],
            "themes": earlier["themes"][place] or [],
            "earlier": link["earlier"],
            "earlier_text": earlier["text"][place],
            "earlier_published": earlier["published"][place],
            "later": link["item"],
            "later_text": later["text"][place],
            "later_published": later["published"][place],
        }
        for place, link in enumerate(links)
    ]
    order = {"repeated": 0, "reworded": 1, "not-seen-again": 2}
    rows.sort(key=lambda row: (order[row["kind"]], -row["score"], row["earlier"], row["later"] or ""))
    return as_table(rows, LINEAGE)
