"""The measured figures of the documentation as the methods page shows them, with the versions that they were taken of.

    python -m benchmarks.measured_accuracy

Reads the tables of ``docs/metrics.md``, ``docs/themes.md`` and ``docs/evaluation.md`` and writes
``webapp/accuracy.json``. Run it when these pages have new figures; nothing is measured here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from graph.extraction.version import EXTRACTOR_VERSION
from indexer.build import INDEX_VERSION

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "webapp" / "accuracy.json"
_MARKUP = re.compile(r"[*`]|<br>")


def table_after(page: str, *headings: str) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the first table below the headings, each looked for below the one before."""
    at = 0
    for heading in headings:
        at = page.index(heading, at) + len(heading)
    lines = page[page.index("\n|", at) + 1 :].splitlines()
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([_MARKUP.sub("", cell).strip() for cell in line.strip("|").split("|")])
    return rows[0], rows[2:]


def part(title: str, note: str, head: list[str], rows: list[list[str]], columns: list[str]) -> dict[str, object]:
    places = [head.index(column) for column in columns]
    return {
        "title": title,
        "note": note,
        "columns": [column[:1].upper() + column[1:] for column in columns],
        "rows": [[row[place] for place in places] for row in rows],
    }


def parts() -> list[dict[str, object]]:
    metrics, themes, search = (
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("metrics.md", "themes.md", "evaluation.md")
    )
    by_type = ["type", "annotated", "precision", "recall", "F1"]
    found = []
    for heading, title, note in (
        (
            "## Real documents, annotated by hand",
            "What is found in real documents",
            "Documents annotated by hand. The rules were written with them in view: expect less of other documents.",
        ),
        (
            "## The invented documents",
            "What is found in documents invented for tests",
            "In many layouts and formats. They guard against a step back more than they estimate.",
        ),
    ):
        found.append(part(title, note, *table_after(metrics, heading, "### By type"), by_type))
        head, rows = table_after(metrics, heading, "### Attributes")
        chosen = [row for row in rows if "polarity" in row[1]]
        found.append(part(f"{title}: strength or improvement", "", head, chosen, ["type", "attribute", "right"]))
    head, rows = table_after(themes, "# ")
    columns = ["run", "micro-F1", "precision", "recall", "F1 by top theme"]
    note = "Against themes given by readers; micro-averages over all links."
    found.append(part("Links to themes", note, head, rows[:4], columns))
    head, rows = table_after(search, "# ")
    # a run is named by how it begins: one that has got another name fails here rather than going unseen
    named = ("plain fusion (RRF 1:1)", "words (BM25)", "full")
    kept = [[name, *next(row for row in rows if row[0].startswith(name))[1:]] for name in named]
    columns = ["run", "all", "pasted", "keyword", "abbrev", "hard", "recall@20 (capped)"]
    found.append(
        part(
            "Search by meaning and words",
            "nDCG@10 over judged questions of four kinds; “full” is what is served, the others are for comparison.",
            head,
            kept,
            columns,
        )
    )
    return found


def main() -> None:
    body = {"versions": {"extractor": str(EXTRACTOR_VERSION), "index": str(INDEX_VERSION)}, "parts": parts()}
    TARGET.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(body['parts'])} tables")


if __name__ == "__main__":
    main()
