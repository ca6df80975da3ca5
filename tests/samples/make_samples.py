"""Write the sample corpus: ``python -m tests.samples.make_samples FOLDER [--gold FOLDER]``.

The same bytes on every run and machine. The gold folder, where asked for, gets one JSON file a document.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tests.samples import reports, spreadsheets, web_and_text, word
from tests.samples.gold import gold
from tests.samples.markup import SampleDocument, documents


def rendered(document: SampleDocument) -> bytes:
    """The document's file, in the format that its name says."""
    writers = {
        ".pdf": reports.pdf,
        ".docx": word.docx,
        ".xlsx": spreadsheets.xlsx,
        ".html": web_and_text.html,
        ".txt": web_and_text.txt,
    }
    return writers[Path(document.file).suffix](document)


def write_samples(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for document in documents():
        path = folder / document.file
        path.write_bytes(rendered(document))
        written.append(path)
    return written


def write_gold(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for document in documents():
        path = (folder / document.file).with_suffix(".json")
        path.write_text(json.dumps(gold(document), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the invented sample corpus.")
    parser.add_argument("folder", type=Path, help="where the documents go")
    parser.add_argument("--gold", type=Path, help="where their annotations go")
    arguments = parser.parse_args()
    print(f"{len(write_samples(arguments.folder))} documents in {arguments.folder}")
    if arguments.gold is not None:
        write_gold(arguments.gold)


if __name__ == "__main__":
    main()
