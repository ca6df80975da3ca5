"""Action plans held against what came later: reported complete and asked for again; without owner or date."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa

from indexer.analyses.corpus import Choice, Corpus, Row, as_table

CLOSED_BUT_RECURRED = pa.schema(
    [
        ("gss_code", pa.string()),
        ("authority", pa.string()),
        ("themes", pa.list_(pa.string())),
        ("action", pa.string()),
        ("action_text", pa.string()),
        ("recommendation", pa.string()),  # that the action answers
        ("recommendation_text", pa.string()),
        ("later", pa.string()),  # the matching recommendation of a later inspection
        ("later_text", pa.string()),
        ("later_published", pa.string()),
        ("kind", pa.string()),  # repeated, reworded
        ("score", pa.float64()),
    ]
)
UNOWNED = pa.schema(
    [
        ("action", pa.string()),
        ("text", pa.string()),
        ("gss_code", pa.string()),
        ("authority", pa.string()),
        ("document", pa.string()),
        ("published", pa.string()),
        ("themes", pa.list_(pa.string())),
        ("lacks", pa.string()),  # owner, date, or both
        ("timescale", pa.string()),  # as printed, where it names no date
    ]
)
_COMPLETED = "completed"


def closed_but_recurred(corpus: Corpus, choice: Choice) -> pa.Table:
    """``CLOSED_BUT_RECURRED``: actions last reported complete whose recommendation, or the report's own that it
    restates, was made again at a later inspection. That the action failed does not follow."""
    del choice
    actions = corpus.items_where("action", "iri", "text", "answers", "status", "gss_code", "authority").to_pylist()
    closed = [action for action in actions if action["status"] == _COMPLETED and action["answers"] is not None]
    asked = corpus.items_at([action["answers"] for action in closed], "iri", "text", "restates", "themes")
    later: dict[str, list[Row]] = defaultdict(list)
    for link in corpus.table("lineage").to_pylist():
        if link["item"] is not None:
            later[link["earlier"]].append(link)
    rows: list[Row] = []
    for place, action in enumerate(closed):
        for link in later[asked["restates"][place] or asked["iri"][place]]:
            rows.append(
                {
                    "gss_code": action["gss_code"],
                    "authority": action["authority"],
                    "themes": asked["themes"][place] or [],
                    "action": action["iri"],
                    "action_text": action["text"],
                    "recommendation": asked["iri"][place],
                    "recommendation_text": asked["text"][place],
                    "later": link["item"],
                    "kind": link["kind"],
                    "score": link["score"],
                }
            )
    again = corpus.items_at([row["later"] for row in rows], "text", "published")
    for place, row in enumerate(rows):
        row |= {"later_text": again["text"][place], "later_published": again["published"][place]}
    return as_table(sorted(rows, key=lambda r: (-r["score"], r["action"], r["later"])), CLOSED_BUT_RECURRED)


def unowned(corpus: Corpus, choice: Choice) -> pa.Table:
    """``UNOWNED``: actions without anyone responsible, or without a date that can be kept to, by document."""
    del choice
    names = (
        "iri", "text", "responsible", "date", "timescale", "gss_code", "authority", "document", "published", "themes",
    )  # fmt: skip
    rows: list[Row] = []
    for action in corpus.items_where("action", *names).to_pylist():
        owner, date = bool(action["responsible"]), bool(action["date"])
        if not (owner and date):
            lacks = "both" if not owner and not date else "owner" if not owner else "date"
            rows.append({**action, "action": action["iri"], "themes": action["themes"] or [], "lacks": lacks})
    return as_table(sorted(rows, key=lambda r: (r["authority"] or "~", r["document"], r["action"])), UNOWNED)


def action_count(corpus: Corpus) -> int:
    """All actions of the release: what the lists above are out of."""
    return int(corpus.items_where("action", "kind").num_rows)
