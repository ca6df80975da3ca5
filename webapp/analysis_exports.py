"""An analysis as JSON, CSV, Parquet and as the query that counts the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow.parquet as pq
from flask import Response

from indexer.analyses.corpus import Choice
from indexer.analyses.registry import Analysis, twin
from webapp.analysis_answers import answer, facts, table
from webapp.exports import safe_cell
from webapp.services import OpenRelease
from webapp.tables import Row

#: What the address of each form of an analysis ends in.
FORMS = {"json": "JSON", "csv": "CSV", "parquet": "Parquet", "rq": "SPARQL query"}


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
        response = as_json(body)
        response.headers["X-Total-Count"] = str(found.num_rows)
        return response
    if form == "csv":
        return as_csv(found.column_names, answer(release, analysis.name, choice), analysis.name)
    if form == "rq":
        return Response(twin(analysis.name, choice), content_type="application/sparql-query; charset=utf-8")
    written = io.BytesIO()
    pq.write_table(found, written, compression="zstd")
    response = Response(written.getvalue(), content_type="application/vnd.apache.parquet")
    response.headers["Content-Disposition"] = f'attachment; filename="{analysis.name}.parquet"'
    return response


def as_csv(names: Sequence[str], rows: Sequence[Row], name: str) -> Response:
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


def as_json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), content_type="application/json")
