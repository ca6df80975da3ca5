"""The columnar tables of a release: what pages, facets and analyses count from.

One Parquet file a table under ``RELEASE/tables/``; the row order of ``items`` is the row number that the vector and the
lexical index know an item by. Dates are EDTF strings; a ``year`` is the first year of the document's publication.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_STRINGS = pa.list_(pa.string())

DOCUMENTS = pa.schema(
    [
        ("iri", pa.string()),
        ("id", pa.string()),  # last path segment of the IRI
        ("file", pa.string()),
        ("sha256", pa.string()),
        ("media_type", pa.string()),
        ("title", pa.string()),
        ("kind", pa.string()),
        ("published", pa.string()),
        ("year", pa.int16()),
        ("publisher", pa.string()),
        ("authority", pa.string()),
        ("gss_code", pa.string()),
        ("pages", pa.int32()),
        ("url", pa.string()),
        ("licence", pa.string()),
    ]
)

INSPECTIONS = pa.schema(
    [
        ("iri", pa.string()),
        ("id", pa.string()),
        ("document", pa.string()),
        ("position", pa.int16()),  # 0: the document's main inspection
        ("inspectorate", pa.string()),
        ("framework", pa.string()),  # as printed
        ("framework_id", pa.string()),
        ("authority", pa.string()),
        ("gss_code", pa.string()),
        ("start", pa.string()),
        ("end", pa.string()),
        ("lead_inspector", pa.string()),
        ("overall_grade", pa.string()),  # concept id of the overall judgement, null where there is none
        ("year", pa.int16()),  # of the inspection's end, else of the publication
        ("previous", pa.string()),  # IRI of the authority's inspection before this one under a comparable framework
        ("next", pa.string()),
    ]
)

JUDGEMENTS = pa.schema(
    [
        ("iri", pa.string()),
        ("id", pa.string()),
        ("document", pa.string()),
        ("inspection", pa.string()),
        ("area", pa.string()),
        ("grade", pa.string()),
        ("area_concept", pa.string()),
        ("grade_concept", pa.string()),
        ("page", pa.int32()),
        ("start", pa.int32()),
        ("end", pa.int32()),
    ]
)

#: Findings, recommendations and actions together, each with what a filter or a result line needs of its surroundings.
ITEMS = pa.schema(
    [
        ("iri", pa.string()),
        ("id", pa.string()),
        ("kind", pa.string()),  # finding, recommendation, action
        ("text", pa.string()),
        ("ref", pa.string()),  # printed number; of an action: that of the recommendation it answers
        ("section", pa.string()),
        ("polarity", pa.string()),
        ("timescale", pa.string()),
        ("measure", pa.string()),  # of an action: how its success is to be known
        ("date", pa.string()),  # of an action, or deadline of a recommendation
        ("responsible", _STRINGS),
        ("status", pa.string()),  # the latest reported
        ("answers", pa.string()),  # IRI of the recommendation that an action answers
        ("restates", pa.string()),  # of a recommendation in a council's paper: the report's own that it repeats
        ("document", pa.string()),
        ("file", pa.string()),
        ("page", pa.int32()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("inspection", pa.string()),
        ("authority", pa.string()),
        ("gss_code", pa.string()),
        ("region", pa.string()),
        ("authority_type", pa.string()),
        ("inspectorate", pa.string()),
        ("framework_id", pa.string()),
        ("grade", pa.string()),  # overall grade concept of the item's inspection
        ("published", pa.string()),
        ("year", pa.int16()),
        ("themes", _STRINGS),  # theme ids, best first
        ("rule", pa.string()),
        ("score", pa.float32()),
    ]
)

THEME_LINKS = pa.schema(
    [
        ("item", pa.string()),
        ("theme", pa.string()),
        ("confidence", pa.float32()),
        ("method", pa.string()),
    ]
)

NEIGHBOURS = pa.schema(
    [
        ("item", pa.string()),
        ("neighbour", pa.string()),
        ("score", pa.float32()),
        ("rank", pa.int16()),  # 1-based, in other authorities than the item's own
    ]
)

#: How a recommendation fared in the authority's later inspections of the same family.
LINEAGE = pa.schema(
    [
        ("item", pa.string()),  # the later recommendation, null where the earlier one was not seen again
        ("earlier", pa.string()),
        ("score", pa.float32()),
        ("kind", pa.string()),  # repeated, reworded, not-seen-again
    ]
)

#: Recurring issues: groups of recommendations that ask for nearly the same.
ISSUES = pa.schema(
    [
        ("id", pa.string()),
        ("family", pa.string()),  # id of the most widespread of the issues that are related to it
        ("text", pa.string()),  # of the representative
        ("representative", pa.string()),
        ("terms", _STRINGS),
        ("themes", _STRINGS),  # empty where no theme of the scheme covers the issue
        ("items", pa.int32()),
        ("authorities", pa.int32()),
        ("first_seen", pa.string()),
        ("last_seen", pa.string()),
        ("cohesion", pa.float32()),
    ]
)

ISSUE_MEMBERS = pa.schema(
    [
        ("issue", pa.string()),
        ("item", pa.string()),
        ("rank", pa.int32()),  # 1: the representative
    ]
)

#: Items that no theme was sure enough for, with the best guess, for review.
UNLINKED = pa.schema(
    [
        ("item", pa.string()),
        ("theme", pa.string()),
        ("confidence", pa.float32()),
    ]
)

SCHEMAS = {
    "documents": DOCUMENTS,
    "inspections": INSPECTIONS,
    "judgements": JUDGEMENTS,
    "items": ITEMS,
    "theme_links": THEME_LINKS,
    "neighbours": NEIGHBOURS,
    "lineage": LINEAGE,
    "issues": ISSUES,
    "issue_members": ISSUE_MEMBERS,
    "unlinked": UNLINKED,
    "discoveries": ISSUES,  # groups of items that no theme covers
    "discovery_members": ISSUE_MEMBERS,
}

#: One row of a table; a column that is missing is null.
Row = dict[str, Any]


#: Rows that are written at once, a group of their own in the file.
_TOGETHER = 65_536
#: Rows that are taken from a table at once.
_READ_TOGETHER = 4096


def write_table(folder: Path, name: str, rows: Iterable[Row]) -> None:
    """Write ``rows`` in their order as ``folder/NAME.parquet``."""
    schema = SCHEMAS[name]
    folder.mkdir(parents=True, exist_ok=True)
    remaining = iter(rows)
    with pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd") as writer:
        part = list(islice(remaining, _TOGETHER))
        while True:
            columns = {field.name: [row.get(field.name) for row in part] for field in schema}
            writer.write_table(
                pa.table({field.name: pa.array(columns[field.name], field.type) for field in schema}, schema=schema)
            )
            if not (part := list(islice(remaining, _TOGETHER))):
                return


def listed(column: pa.ChunkedArray | pa.Table) -> Iterator[Any]:
    """``to_pylist``, of some rows at a time."""
    for start in range(0, len(column), _READ_TOGETHER):
        yield from column.slice(start, _READ_TOGETHER).to_pylist()


def read_table(folder: Path, name: str) -> pa.Table:
    """A table of ``RELEASE/tables``."""
    return pq.read_table(folder / f"{name}.parquet", schema=SCHEMAS[name])


def read_rows(folder: Path, name: str) -> list[Row]:
    """The rows of a table as dictionaries, null as None."""
    rows: list[Row] = read_table(folder, name).to_pylist()
    return rows
