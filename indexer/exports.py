"""A release written out for others: items as JSON Lines, the graph as RDF, the tables as Parquet and CSV.

Each file is written under a temporary name and renamed when it is whole.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pyoxigraph as ox

from graph.errors import InspectgraphError
from graph.release import Release
from graph.store import open_read_only
from indexer.tables import SCHEMAS, Row, read_rows
from ontology.namespaces import PREFIXES

_SAMPLE = 3
#: What a cell begins with that a spreadsheet would calculate; the last four are wide forms that some take for the same.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_items(release: Release, output: Path) -> None:
    """One JSON object a line: documents, inspections, judgements, then items in table order (docs/formats.md)."""
    with _replacing(output) as stream:
        for row in item_rows(release.path):
            stream.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")


def item_rows(release: Path) -> Iterator[Row]:
    """The rows of ``export items``."""
    tables = release / "tables"
    documents = read_rows(tables, "documents")
    files = {row["iri"]: row["file"] for row in documents}
    for row in documents:
        yield _line("document", row, "title", "kind", "published", "publisher", "authority", "gss_code")
    for row in read_rows(tables, "inspections"):
        row["file"] = files[row["document"]]
        yield _line(
            "inspection", row, "inspectorate", "framework", "authority", "start", "end", "lead_inspector", "document"
        )
    for row in read_rows(tables, "judgements"):
        row["file"] = files[row["document"]]
        yield _line("judgement", row, "area", "grade", "area_concept", "grade_concept", "inspection")
    for row in read_rows(tables, "items"):
        kind = row["kind"]
        if kind == "finding":
            yield _line(kind, row, "polarity", "section", "themes", "inspection")
        elif kind == "recommendation":
            row["deadline"] = row["timescale"]
            yield _line(kind, row, "ref", "themes", "deadline", "inspection")
        else:
            yield _line(kind, row, "ref", "timescale", "date", "responsible", "status", "measure", "answers", "themes")


def _line(kind: str, row: Row, *keys: str) -> Row:
    return {
        "type": kind,
        "file": row["file"],
        "iri": row["iri"],
        "text": row.get("text"),
        "page": row.get("page"),
        **{key: row.get(key) for key in keys},
    }


def write_rdf(release: Release, output: Path) -> None:
    """The dataset as N-Quads (``.nq``) or TriG (``.trig``), compressed where ``.gz`` follows."""
    name = output.name.removesuffix(".gz")
    form = {".nq": ox.RdfFormat.N_QUADS, ".trig": ox.RdfFormat.TRIG}.get(Path(name).suffix)
    if form is None:
        raise InspectgraphError(f"{output}: the name must end in .nq, .trig, .nq.gz or .trig.gz")
    with _replacing(output) as stream, _packed(stream, output) as packed:
        open_read_only(release.path / "graph").dump(packed, form)


def write_trig_of(quads: Path, output: Path) -> None:
    """A dump of compressed N-Quads as TriG, in a tenth of the time that ``write_rdf`` takes to read the store."""
    with gzip.open(quads) as source, _replacing(output) as stream, _packed(stream, output) as packed:
        read = ox.parse(cast(IO[bytes], source), format=ox.RdfFormat.N_QUADS)
        ox.serialize(read, packed, format=ox.RdfFormat.TRIG, prefixes=PREFIXES)


@contextmanager
def _packed(stream: IO[bytes], output: Path) -> Iterator[IO[bytes]]:
    if not output.name.endswith(".gz"):
        yield stream
        return
    with gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=6, mtime=0) as packed:
        yield cast(IO[bytes], packed)


def write_sample(release: Release, output: Path) -> None:
    """The graphs of the three shortest documents as TriG: small enough to read, with everything that a document has."""
    store = open_read_only(release.path / "graph")
    sizes = {}
    for name in store.named_graphs():
        found = re.search(r"/documents/([^/]+)/graph$", name.value)
        if found is not None and isinstance(name, ox.NamedNode):
            text = release.path / "documents" / found[1] / "text.txt"
            sizes[name] = text.stat().st_size if text.is_file() else 0
    chosen = sorted(sizes, key=lambda name: (sizes[name], name.value))[:_SAMPLE]
    quads = (quad for name in chosen for quad in store.quads_for_pattern(None, None, None, name))
    with _replacing(output) as stream:
        ox.serialize(quads, stream, format=ox.RdfFormat.TRIG, prefixes=PREFIXES)


def write_tables(release: Release, output: Path) -> None:
    """Every table as ``NAME.parquet`` and ``NAME.csv`` in the folder ``output``."""
    output.mkdir(parents=True, exist_ok=True)
    for name in SCHEMAS:
        source = release.path / "tables" / f"{name}.parquet"
        if not source.is_file():
            continue  # an earlier version published the release
        with _replacing(output / source.name) as stream:
            stream.write(source.read_bytes())
        write_table_csv(release, output / f"{name}.csv")


def write_table_csv(release: Release, output: Path) -> None:
    """The table ``NAME`` as ``NAME.csv``: UTF-8, a line of names, "; " between the values of a list, and an apostrophe
    before a text that a spreadsheet would calculate."""
    table = pq.read_table(release.path / "tables" / f"{output.stem}.parquet")
    for index, field in enumerate(table.schema):
        if str(field.type).startswith("list"):
            cells = [["; ".join(cell) if cell else None for cell in table.column(index).to_pylist()]]
            table = table.set_column(index, field.name, pa.chunked_array(cells, pa.string()))
        if pa.types.is_string(table.schema.field(index).type):
            text = table.column(index)
            first = pc.is_in(pc.utf8_slice_codeunits(text, 0, 1), pa.array(FORMULA_STARTS))
            quoted = pc.binary_join_element_wise("'", text, "")
            table = table.set_column(index, field.name, pc.if_else(first, quoted, text))
    with _replacing(output) as stream:
        pa_csv.write_csv(table, stream)


@contextmanager
def _replacing(output: Path) -> Iterator[IO[Any]]:
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}.part")
    try:
        with temporary.open("wb") as stream:
            yield stream
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
