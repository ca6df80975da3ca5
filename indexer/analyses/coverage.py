"""What the release holds of what there is: no figure means anything without it. Missing is not zero."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from indexer.analyses.corpus import Choice, Corpus, Row, as_table

COVERAGE = pa.schema(
    [
        ("gss_code", pa.string()),
        ("authority", pa.string()),
        ("region", pa.string()),
        ("authority_type", pa.string()),
        ("framework", pa.string()),
        ("year", pa.string()),
        ("inspections", pa.int64()),
        ("silent", pa.int64()),  # of these: print nothing of the measure
        ("items", pa.int64()),  # passages of the measure
    ]
)
UNCOVERED = pa.schema(
    [("gss_code", pa.string()), ("authority", pa.string()), ("region", pa.string()), ("authority_type", pa.string())]
)


def coverage(corpus: Corpus, choice: Choice) -> pa.Table:
    """``COVERAGE``: the counted inspections by council, framework and year."""
    incidence = corpus.incidence
    held, totals, heard = incidence.inspections, incidence.totals[choice.measure], incidence.heard(choice.measure)
    count: Counter[tuple[str | None, str, str, str, str]] = Counter()
    silent, items = Counter[tuple[str | None, str, str, str, str]](), Counter[tuple[str | None, str, str, str, str]]()
    for place in range(len(held)):
        key = (
            held.gss_code[place], held.region[place], held.authority_type[place], held.framework[place],
            held.year[place],
        )  # fmt: skip
        count[key] += 1
        silent[key] += not heard[place]
        items[key] += int(totals[place])
    rows: list[Row] = []
    for key, inspections in count.items():
        code, region, kind, framework, year = key
        authority = corpus.register.by_gss(code or "")
        rows.append(
            {
                "gss_code": code,
                "authority": authority.name if authority else None,
                "region": region,
                "authority_type": kind,
                "framework": framework,
                "year": year,
                "inspections": inspections,
                "silent": silent[key],
                "items": items[key],
            }
        )
    return as_table(sorted(rows, key=lambda r: (r["authority"] or "~", r["year"], r["framework"])), COVERAGE)


def uncovered(corpus: Corpus) -> pa.Table:
    """``UNCOVERED``: councils that exist and of which no inspection is counted, by region and name."""
    held = set(corpus.incidence.inspections.gss_code)
    rows = [
        {"gss_code": a.gss_code, "authority": a.name, "region": a.region, "authority_type": a.type}
        for a in corpus.register
        if a.gss_code not in held and a.abolished is None
    ]
    return as_table(sorted(rows, key=lambda row: (row["region"] or "", row["authority"])), UNCOVERED)
