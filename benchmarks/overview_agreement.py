"""How far we agree with a table of the same reports that another tool made: grades, dates, lead inspector.

``python -m benchmarks.overview_agreement [--keep FOLDER]`` compares with ``reference/ilacs_overview_dev.csv`` cell by
cell and lists every difference, to be settled by looking into the report: that tool errs, too.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from benchmarks.parsed_documents import parsed_documents
from graph.model import Extraction
from tests.shared_documents import shared_dir

#: Column of the table → concepts of ours that it may be: care leavers had no judgement of their own at first.
AREAS: Mapping[str, tuple[str, ...]] = {
    "overall_effectiveness_grade": ("overall-effectiveness",),
    "impact_of_leaders_grade": ("impact-of-leaders",),
    "help_and_protection_grade": ("help-and-protection",),
    "in_care_grade": ("children-in-care", "children-in-care-and-care-leavers"),
    "care_leavers_grade": ("care-leavers",),
}
DATES = {"inspection_start_date": "start", "inspection_end_date": "end"}
_TITLES = re.compile(r"(?:,.*|\b(?:her|his) majesty.*|\bS?HMI\b.*)$", re.IGNORECASE)


def said(extraction: Extraction) -> dict[str, str]:
    """Our cells, written as the table writes its own; empty where we say nothing."""
    main = extraction.inspections[0] if extraction.inspections else None
    cells = {column: (getattr(main, key) or "") if main else "" for column, key in DATES.items()}
    cells["publication_date"] = extraction.document.published or ""
    cells["inspector_name"] = person(main.lead_inspector or "") if main else ""
    for column, concepts in AREAS.items():
        grades = [j.grade_concept for j in extraction.judgements if j.area_concept in concepts and j.inspection == 0]
        cells[column] = grade(grades[0] or "") if grades else ""
    return cells


def person(name: str) -> str:
    return " ".join(_TITLES.sub("", name).casefold().split())


def grade(words: str) -> str:
    plain = words.casefold().replace("-", " ").replace(" to be good", "").strip()
    return "" if plain in ("none", "inspection_pre_dates_judgement") else plain


def day(words: str) -> str:
    for form in ("%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d"):
        try:
            return datetime.strptime(words, form).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return words


def differences(
    rows: Sequence[Mapping[str, str]], ours: Mapping[str, Extraction]
) -> Iterator[tuple[str, str, str, str]]:
    """(file, column, theirs, ours) of every cell of a report that both have, equal or not."""
    for row in rows:
        extraction = ours.get(row["file"])
        if extraction is None:
            yield row["file"], "file", "read", "not read"
            continue
        for column, value in said(extraction).items():
            theirs = row[column]
            normal = grade(theirs) if column in AREAS else person(theirs) if column == "inspector_name" else day(theirs)
            yield row["file"], column, normal, value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder of parses to use and fill")
    given = parser.parse_args()
    shared = shared_dir()
    if shared is None:
        raise SystemExit("the real documents are not here")
    with (shared / "reference" / "ilacs_overview_dev.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    paths = [path for row in rows for path in (shared / "corpus").rglob(row["file"])]
    parsed, _ = parsed_documents(paths, keep=given.keep)
    cells = list(differences(rows, {file: one.extraction for file, one in parsed.items()}))
    totals, equal = Counter(c[1] for c in cells), Counter(column for _, column, theirs, mine in cells if theirs == mine)
    for file, column, theirs, mine in cells:
        if theirs != mine:
            print(f"{file:45} {column:28} theirs {theirs or '-':22} ours {mine or '-'}")
    for column, total in totals.items():
        print(f"{column:28} {equal[column]} of {total}")
    print(f"{sum(equal.values())} of {len(cells)} cells are equal, {sum(equal.values()) / len(cells):.1%}")


if __name__ == "__main__":
    main()
