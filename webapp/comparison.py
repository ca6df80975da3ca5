"""Two to five councils side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flask import Blueprint, g, render_template, request

from indexer.analyses.corpus import Choice
from webapp.analysis_answers import corpus, council_choices, facts, items_url
from webapp.services import OpenRelease, Services

LEAST_COMPARED, MOST_COMPARED = 2, 5


def blueprint(services: Services) -> Blueprint:
    del services  # all that the page needs is the release of the request
    pages = Blueprint("comparison", __name__)

    @pages.get("/compare")
    def compare() -> str:
        return _compare(g.release, request.args.getlist("council"))

    return pages


def _compare(release: OpenRelease, asked: Sequence[str]) -> str:
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
        councils=council_choices(release, codes),
        trials=[trials for trials, _ in columns],
        notices=notices,
        most=MOST_COMPARED,
        coverage=facts(release, "told"),
    )
