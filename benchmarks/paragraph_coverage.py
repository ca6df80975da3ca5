"""How many of the numbered paragraphs that reports print are found: ``python -m benchmarks.paragraph_coverage``.

What is printed is counted by the numbering itself, in the raw text that pdfium gives, without our layout: a line that
begins with a number belongs to a run where the number before it and the one after it are there, too. A paragraph is
found where a finding or recommendation holds its first letters; it is read where a block begins with them.
"""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2

from benchmarks.parsed_documents import parsed_documents
from graph.ingest import ParsedDocument
from tests.shared_documents import shared_dir

LETTERS = 32
"""Of a paragraph's beginning, by which it is looked for."""
SHORTEST_RUN = 4
GAP = 4

_NUMBERED = re.compile(r"^\s*(?:(\d{1,2})\.)?(\d{1,3})\.?(?:\s+|(?=[A-Z][a-z]))(\S.*)$")


@dataclass(frozen=True, slots=True)
class Printed:
    """``part`` is the number of the chapter where paragraphs are numbered 2.1, 2.2, else 0. ``letters``: of the line
    and the two below it, without spaces and marks."""

    part: int
    number: int
    page: int
    letters: str

    @property
    def label(self) -> str:
        return f"{self.part}.{self.number}" if self.part else str(self.number)


def letters_of(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


def candidates(path: Path) -> Iterator[Printed]:
    """Lines that begin with a number, a full stop behind it, and words."""
    document = pypdfium2.PdfDocument(path)
    try:
        for page in range(len(document)):
            text = document[page].get_textpage().get_text_range().replace("\ufffe", "").replace("\x02", "")
            lines = text.split("\r\n")
            for index, line in enumerate(lines):
                found = _NUMBERED.match(line)
                if (
                    found
                    and re.match(r"\s*[\d.]*\d\.(?!\d)|\s*\d{1,2}\.\d", line)
                    and re.search(r"[A-Za-z]{2}", found[3])
                ):
                    letters = letters_of(" ".join([found[3], *lines[index + 1 : index + 3]]))
                    yield Printed(int(found[1] or 0), int(found[2]), page + 1, letters)
    finally:
        document.close()


def in_runs(lines: Sequence[Printed]) -> list[Printed]:
    """Those that stand in runs of consecutive numbers, and the few that a run must have between two of its own: they
    are printed where pdfium's lines do not begin with them, and have no letters. A table of contents, whose lines end
    in page numbers, does not count."""
    runs: list[list[Printed]] = []
    open_runs: dict[int, list[Printed]] = {}
    lines = [line for line in lines if len(line.letters) >= 60 or not re.search(r"[a-z]\d{1,3}$", line.letters)]
    for index, line in enumerate(lines):
        run = open_runs.get(line.part)
        goes_on = any((one.part, one.number) == (line.part, line.number + 1) for one in lines[index + 1 : index + 4])
        if run is not None and (
            line.number == run[-1].number + 1 or (0 < line.number - run[-1].number <= GAP and goes_on)
        ):
            run += [Printed(line.part, number, line.page, "") for number in range(run[-1].number + 1, line.number)]
            run.append(line)
        elif line.number == 1:
            open_runs[line.part] = [line]
            runs.append(open_runs[line.part])
    return [line for run in runs if len(run) >= SHORTEST_RUN for line in run]


def missed(path: Path, parsed: ParsedDocument) -> tuple[list[Printed], list[Printed], list[Printed]]:
    """(printed, of these not read as the beginning of a block, not found as an item). One without letters is looked for
    by its number."""
    printed = in_runs(list(candidates(path)))
    items = [*parsed.extraction.findings, *parsed.extraction.recommendations]
    found = "\n".join(letters_of(item.text) for item in items)
    blocks = "\n" + "\n".join(
        letters_of(parsed.text[segment.start : segment.end]) for segment in parsed.extraction.segments
    )
    numbers = {item.number for item in parsed.extraction.findings} | {
        item.ref for item in parsed.extraction.recommendations
    }
    without = {one for one in printed if not one.letters and one.label not in numbers}
    unread = [one for one in printed if one in without or f"\n{one.letters[:LETTERS]}" not in blocks]
    return printed, unread, [one for one in printed if one in without or one.letters[:LETTERS] not in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder of parses to use and fill")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="where each missed paragraph stands")
    given = parser.parse_args()
    shared = shared_dir()
    if shared is None:
        raise SystemExit("the real documents are not here")
    paths = sorted((shared / "corpus").rglob("*.pdf"))
    parsed, failures = parsed_documents(paths, jobs=given.jobs, keep=given.keep)
    totals = [0, 0, 0]
    reports = 0
    for path in paths:
        if path.name not in parsed or not path.read_bytes().startswith(b"%PDF"):
            continue
        parts = missed(path, parsed[path.name])
        totals = [total + len(part) for total, part in zip(totals, parts, strict=True)]
        reports += bool(parts[0])
        if given.list:
            unread = set(parts[1])
            for one in parts[2]:
                state = "not read" if one in unread else "read, no item"
                reason = "" if one in unread else _reason(parsed[path.name], one)
                print(f"{path.name:45} p. {one.page:3}  {one.label:6} {state:14} {reason}")
    printed, unread_count, lost = totals
    print(f"{len(parsed)} reports read, {len(failures)} not; {reports} of them number their paragraphs")
    print(f"{printed} numbered paragraphs printed")
    print(f"{printed - unread_count} read as the beginning of a block, {1 - unread_count / max(1, printed):.2%}")
    print(f"{printed - lost} found as a finding or recommendation, {1 - lost / max(1, printed):.2%}")


def _reason(parsed: ParsedDocument, one: Printed) -> str:
    for segment in parsed.extraction.segments:
        if letters_of(parsed.text[segment.start : segment.end]).startswith(one.letters[:LETTERS]):
            return f"{segment.outcome}: {segment.reason}"
    return ""


if __name__ == "__main__":
    main()
