"""Writes docs/metrics.md, the figures of reading and extraction: ``python -m benchmarks.extraction_metrics``.

Precision, recall and F1 by type, era and format, on the invented samples, which are always there, and on the annotated
real documents where they are; figures alone, never their text. Without the real documents their part of the page stays
as it was. The page holds no date or machine, so that it differs only where a figure does.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from benchmarks.parsed_documents import parsed_documents
from graph.ingest import ParsedDocument
from graph.model import Extraction
from indexer.embedding import open_embedder
from indexer.polarity import PolarityClassifier
from tests.samples.councils import REGISTER_FILE
from tests.samples.gold import gold
from tests.samples.make_samples import write_samples
from tests.samples.markup import documents
from tests.scoring import Entry, Score, Tally
from tests.shared_documents import shared_dir

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "metrics.md"
MODELS = ROOT / "build" / "models"
KINDS = [each.name for each in fields(Score)]
ERAS = ((2009, "to 2009"), (2012, "2010 to 2012"), (2017, "2013 to 2017"), (9999, "2018 on"))
INTRODUCTION = """# Metrics of reading and extraction

Made by `make metrics`; a change of the code that moves a figure shows in the difference of this page. What counts as an
item is what the annotations say; texts match by token F1 of at least 0.8, one to one within a document
(`tests/scoring.py`). *Right* is the share of the matched pairs whose attribute is right; for owners it is the mean F1
of their sets. Polarity is given twice: as the rules of extraction have it, and as the classifier has it that a release
is built with.

The rules were written with the annotated real documents in view, and are tested against the invented ones. So neither
part estimates how a report of another council is read; both guard against a step back.
"""


@dataclass(frozen=True)
class Annotated:
    annotation: Entry
    parsed: ParsedDocument

    @property
    def era(self) -> str:
        found = re.match(r"\d{4}", self.annotation["document"].get("published") or "")
        return next(name for last, name in ERAS if int(found[0]) <= last) if found else "undated"

    @property
    def format(self) -> str:
        return Path(self.annotation["file"]).suffix.removeprefix(".").upper()

    @property
    def kind(self) -> str:
        return str(self.annotation["document"]["kind"])


def sample() -> list[Annotated]:
    with tempfile.TemporaryDirectory() as folder:
        write_samples(Path(folder))
        parsed = _parsed([Path(folder)], authorities=REGISTER_FILE)
    return [Annotated(gold(document), parsed[document.file]) for document in documents()]


def real(shared: Path) -> list[Annotated]:
    paths = sorted((shared / "gold" / "documents").glob("*.json"))
    annotations = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    files = [
        path
        for annotation in annotations
        for folder in ("seeds", "corpus")
        for path in (shared / folder).rglob(annotation["file"])
    ]
    parsed = _parsed(files)
    return [Annotated(annotation, parsed[annotation["file"]]) for annotation in annotations]


def _parsed(paths: Iterable[Path], authorities: Path | None = None) -> dict[str, ParsedDocument]:
    parsed, failures = parsed_documents(paths, authorities=authorities)
    for failure in failures:
        print(f"{failure.source}: {failure.reason}", file=sys.stderr)
    return parsed


def scored(annotated: Sequence[Annotated]) -> Score:
    score = Score()
    for one in annotated:
        score.add(one.annotation, one.parsed.extraction)
    return score


def with_classifier(annotated: Sequence[Annotated]) -> list[Annotated]:
    """The same with the polarity that a release has."""
    # at full precision, so that a processor with bf16 makes the same page
    embedder = open_embedder(cache_dir=MODELS, precision="f32")
    classifier = PolarityClassifier.load(embedder.identity.sha256)

    def judged(extraction: Extraction) -> Extraction:
        texts = [finding.text for finding in extraction.findings]
        if not texts:
            return extraction
        vectors = embedder.encode(texts) if classifier.uses_vectors else None
        verdicts = classifier.classify(texts, vectors, [finding.section for finding in extraction.findings])
        return replace(
            extraction,
            findings=tuple(
                replace(finding, polarity=polarity)
                for finding, (polarity, _) in zip(extraction.findings, verdicts, strict=True)
            ),
        )

    return [replace(one, parsed=replace(one.parsed, extraction=judged(one.parsed.extraction))) for one in annotated]


# ----------------------------------------------------------------------------------------------------------- the page


def section(title: str, annotated: Sequence[Annotated]) -> str:
    score = scored(annotated)
    polarity = scored(with_classifier(annotated)).findings.share("polarity")
    lines = [f"## {title}", "", f"{len(annotated)} documents.", "", "### By type", ""]
    lines += table(
        ("type", "annotated", "found", "matched", "precision", "recall", "F1"),
        (
            (kind, *map(str, (t.expected, t.found, t.matched)), *map(figure, (t.precision, t.recall, t.f1)))
            for kind, t in tallies(score)
            if kind != "documents"
        ),
    )
    lines += ["", "### Attributes of what was matched", ""]
    lines += table(
        ("type", "attribute", "right"),
        [
            *(
                (kind, attribute, figure(t.share(attribute)))
                for kind, t in tallies(score)
                for attribute in sorted(t.right)
            ),
            ("findings", "polarity, by the classifier", figure(polarity)),
        ],
    )
    ways: Mapping[str, Callable[[Annotated], str]] = {
        "era": lambda one: one.era, "format": lambda one: one.format, "kind of document": lambda one: one.kind
    }  # fmt: skip
    for way, of in ways.items():
        lines += ["", f"### By {way}", "", "F1, and in brackets how many were annotated.", ""]
        kinds = [kind for kind in KINDS if kind != "documents"]
        rows = []
        for group in sorted({of(one) for one in annotated}, key=_order):
            part = [one for one in annotated if of(one) == group]
            by_kind = dict(tallies(scored(part)))
            rows.append((group, str(len(part)), *(cell(by_kind[kind]) for kind in kinds)))
        lines += table((way, "documents", *kinds), rows)
    return "\n".join([*lines, ""])


def _order(group: str) -> tuple[int, str]:
    names = [name for _, name in ERAS]
    return (names.index(group) if group in names else len(names), group)


def tallies(score: Score) -> list[tuple[str, Tally]]:
    return [(kind, getattr(score, kind)) for kind in KINDS]


def cell(tally: Tally) -> str:
    if tally.expected:
        return f"{figure(tally.f1)} ({tally.expected})"
    return f"none, {tally.found} found" if tally.found else "none"


def figure(value: float) -> str:
    return f"{value:.3f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


SAMPLE, REAL = "The invented documents", "Real documents, annotated by hand"


def standing(title: str) -> str:
    """This part of the page as it is now."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    found = re.search(rf"^## {title}\n.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="print what was missed or found too much")
    given: Any = parser.parse_args(arguments)
    shared = shared_dir()
    parts = {SAMPLE: sample()} | ({REAL: real(shared)} if shared is not None else {})
    written = [section(title, parts[title]) if title in parts else standing(title) for title in (SAMPLE, REAL)]
    PAGE.write_text("\n".join([INTRODUCTION, *filter(None, written)]).rstrip() + "\n", encoding="utf-8")
    if given.misses:
        for title, annotated in parts.items():
            for kind, tally in tallies(scored(annotated)):
                print(f"\n{title}, {kind}", *(f"- {line}" for line in tally.missed), sep="\n")
                print(*(f"+ {line}" for line in tally.spurious), sep="\n")


if __name__ == "__main__":
    main()
