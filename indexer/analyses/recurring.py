"""What recurs below the level of themes, and what no theme covers."""

from __future__ import annotations

import pyarrow as pa

from indexer.analyses.corpus import Choice, Corpus, Row, as_table

_GROUP = [
    ("issue", pa.string()),
    ("family", pa.string()),  # the most widespread of the issues related to it
    ("text", pa.string()),  # of the representative
    ("representative", pa.string()),
    ("terms", pa.list_(pa.string())),
    ("themes", pa.list_(pa.string())),
    ("items", pa.int64()),
    ("authorities", pa.int64()),
    ("first_seen", pa.string()),
    ("last_seen", pa.string()),
    ("cohesion", pa.float64()),  # mean likeness to the representative
]
RECURRING = pa.schema(_GROUP)
DISCOVERIES = pa.schema(_GROUP)
UNLINKED = pa.schema(
    [
        ("item", pa.string()),
        ("kind", pa.string()),
        ("text", pa.string()),
        ("gss_code", pa.string()),
        ("authority", pa.string()),
        ("published", pa.string()),
        ("theme", pa.string()),  # the nearest
        ("confidence", pa.float64()),
    ]
)


def recurring(corpus: Corpus, choice: Choice) -> pa.Table:
    """``RECURRING``: groups of near-same recommendations, the most widespread first."""
    del choice
    return _groups(corpus, "issues", RECURRING)


def discoveries(corpus: Corpus, choice: Choice) -> pa.Table:
    """``DISCOVERIES``: groups of like passages without a theme, the largest first."""
    del choice
    return _groups(corpus, "discoveries", DISCOVERIES)


def _groups(corpus: Corpus, table: str, schema: pa.Schema) -> pa.Table:
    rows: list[Row] = [{**row, "issue": row["id"]} for row in corpus.table(table).to_pylist()]
    return as_table(rows, schema)


def unlinked(corpus: Corpus, choice: Choice) -> pa.Table:
    """``UNLINKED``: for review, those with the surest guess first."""
    del choice
    table = corpus.table("unlinked")
    names = ("kind", "text", "gss_code", "authority", "published", "themes")
    items = corpus.items_at(table.column("item"), *names)
    rows: list[Row] = [
        {**row, **{name: items[name][place] for name in names}} for place, row in enumerate(table.to_pylist())
    ]
    rows = [row for row in rows if not row["themes"]]  # a person may have given it one since
    return as_table(rows, UNLINKED)
