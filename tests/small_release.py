"""A small release of invented documents, made by the real parts: for tests of what stands on a release.

Three councils, five documents: two inspections of Haverwick with an action plan between them, one of Fennmouth, and a
document without a council whose every text tries to be HTML, a formula or a control character.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
from fpdf import FPDF

from graph.authorities import Register
from graph.iris import DEFAULT_BASE, DocumentIris, Iris
from graph.mapping import document_triples
from graph.model import (
    Action,
    Box,
    DocumentFacts,
    DocumentKind,
    Evidence,
    Extraction,
    Finding,
    Inspection,
    Judgement,
    Maker,
    Polarity,
    Recommendation,
    Segment,
    SourceFile,
    StatusReport,
)
from graph.release import Release, ReleaseFacts, ReleaseWriter, SourceEntry, WriterLock
from graph.remote_store import datasets_of
from graph.working_graphs import GraphContent, WorkingGraphs
from indexer.build import VECTORS, build_index, publish_to_database, read_tables
from indexer.build_options import BuildOptions
from indexer.cluster import SHARDS, write_shards
from indexer.embedding import EmbeddingCache, OpenVinoEmbedder, converted_model
from indexer.facets import Scheme
from indexer.links import derive_links, derived_graphs
from indexer.pipeline import publish_graph
from indexer.rows import Known, rows_of
from indexer.tables import write_table
from ontology.resources import themes
from tests.shared_models import shared_models, shared_vectors
from webapp.settings import Settings

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\"' {{ 1234*1234 }} ${1234*1234}"
FORMULA = '=HYPERLINK("http://attacker.example","click") about supervision'
REMOVED = f"{DEFAULT_BASE}documents/00000000000000ff"

_RULE = Maker("test.rule", "1", 0.9)
_COLUMNS = (
    "gss_code,name,also_known_as,dfe_code,ofsted_urn,region,type,statistical_neighbours,abolished,succeeded_by,domain"
)
_COUNCILS = """\
E06990001,Haverwick,Haverwick City Council,,,Yorkshire and the Humber,Unitary Authority,E06990003,,,haverwick.example
E06990003,Fennmouth,Fennmouth Borough Council,,,South East,Unitary Authority,E06990001,,,fennmouth.example
E06990004,Oxenmere,Oxenmere Council,,,South West,Unitary Authority,E06990001,,,oxenmere.example
"""


class Draft:
    """A document being written: every text that is added becomes a paragraph of it, with its evidence."""

    def __init__(
        self, name: str, title: str, kind: DocumentKind, *, council: tuple[str, str] | None, published: str | None
    ) -> None:
        self._paragraphs: list[str] = []
        self._segments: list[Segment] = []
        self._length = 0
        self._name = name
        self._pdf = FPDF(unit="pt", format=(420, 595))
        self._pdf.set_font("Helvetica", size=11)
        self._pdf.add_page()
        self._top = 40.0
        authority, code = council or (None, None)
        self._facts = DocumentFacts(title, kind, published, "text", "Ofsted", authority, code)
        self.add(title, "skipped", "a heading")
        self._items: dict[str, list[object]] = {}

    def add(self, text: str, outcome: str, reason: str = "") -> Evidence:
        start = self._length
        self._paragraphs.append(text)
        self._length += len(text) + 1
        box = Box(1, 40, self._top, 380, self._top + 14)
        self._pdf.set_xy(40, self._top)
        self._pdf.cell(text=text[:60].encode("latin-1", "replace").decode("latin-1"))
        self._top += 24
        self._segments.append(Segment(start, start + len(text), outcome, reason, page=1))
        return Evidence(start, start + len(text), text, 1, (box,))

    def _put(self, kind: str, item: object) -> None:
        self._items.setdefault(kind, []).append(item)

    def inspection(self, framework: str, identifier: str, start: str, end: str, *, lead: str = "Ada Example") -> None:
        authority, code = self._facts.authority, self._facts.gss_code
        self._put("inspections", Inspection("Ofsted", framework, authority, code, start, end, lead, identifier))

    def judgement(self, area: str, grade: str, area_concept: str | None, grade_concept: str | None) -> None:
        evidence = self.add(f"{area}: {grade}", "judgement")
        self._put("judgements", Judgement(area, grade, area_concept, grade_concept, 0, evidence, _RULE))

    def finding(self, text: str, polarity: Polarity, section: str | None = "Findings") -> None:
        self._put("findings", Finding(text, self.add(text, "finding"), _RULE, section, polarity=polarity))

    def recommendation(self, text: str, ref: str | None) -> None:
        self._put("recommendations", Recommendation(text, self.add(text, "recommendation"), _RULE, ref))

    def action(self, text: str, answers: int | None, *, who: tuple[str, ...] = (), when: str | None = None) -> None:
        evidence = self.add(text, "action")
        status = (StatusReport("Green", "completed", "2015-06"),)
        self._put("actions", Action(text, evidence, _RULE, answers, when, None, who, ("",) * len(who), statuses=status))

    def finish(self) -> tuple[Extraction, str, bytes]:
        text = "\n".join(self._paragraphs)
        pdf = bytes(self._pdf.output())
        source = SourceFile(self._name, hashlib.sha256(self._name.encode()).hexdigest(), "application/pdf", len(pdf))
        items = {kind: tuple(found) for kind, found in self._items.items()}
        extraction = Extraction(
            source,
            self._facts,
            segments=tuple(self._segments),
            text_sha256=hashlib.sha256(text.encode()).hexdigest(),
            page_count=1,
            extractor_version="test",
            **items,  # type: ignore[arg-type]
        )
        return extraction, text, pdf


def documents() -> list[tuple[Extraction, str, bytes]]:
    haverwick, fennmouth = ("Haverwick", "E06990001"), ("Fennmouth", "E06990003")

    first = Draft(
        "haverwick 2014.pdf", "Inspection of Haverwick", "inspection-report", council=haverwick, published="2014-09-12"
    )
    first.inspection("Single inspection framework", "sif", "2014-06-03", "2014-06-25")
    first.judgement("Overall effectiveness", "Requires improvement", "overall-effectiveness", "requires-improvement")
    first.judgement("Leadership", "Inadequate", None, "inadequate")
    first.recommendation("Make sure that managers record their supervision of social workers in every case.", "1")
    first.recommendation("Hold return home interviews within three days when children go missing from care.", "2")
    first.finding("Supervision of social workers is irregular and too often goes unrecorded.", "improvement")
    first.finding("Foster carers feel well supported and stay with the council for many years.", "strength")
    first.finding("Long waits for health assessments leave needs of children in care unmet.", "improvement", None)

    plan = Draft("haverwick plan.pdf", "Action plan", "action-plan", council=haverwick, published="2015-01")
    plan.inspection("Single inspection framework", "sif", "2014-06-03", "2014-06-25")
    plan.recommendation("Make sure that managers record their supervision of social workers in every case.", "1")
    plan.action("Monthly audit of supervision records by a senior manager.", 0, who=("PSW", "AD"), when="Mar '15")
    plan.action("Train every team manager in reflective supervision.", 0, who=("Head of HR",), when="ongoing")
    plan.action("Publish the participation strategy on the council's website.", None)

    second = Draft(
        "haverwick 2018.pdf", "Inspection of Haverwick", "inspection-report", council=haverwick, published="2018-07-20"
    )
    second.inspection("ILACS", "ilacs", "2018-06-04", "2018-06-15")
    second.judgement("Overall effectiveness", "Good", "overall-effectiveness", "good")
    second.recommendation("The quality and recording of supervision by managers across the service.", None)
    second.finding("Children who go missing are now seen quickly by somebody whom they trust.", "strength")
    second.finding("Management oversight and supervision remain too variable between teams.", "improvement")

    other = Draft(
        "fennmouth.pdf", "Inspection of Fennmouth", "inspection-report", council=fennmouth, published="2016-03-01"
    )
    other.inspection("Single inspection framework", "sif", "2016-01-11", "2016-02-03")
    other.judgement("Overall effectiveness", "Inadequate", "overall-effectiveness", "inadequate")
    other.recommendation("Make sure that managers record supervision of social workers regularly.", "7")
    other.recommendation("Reduce delay in health assessments of children who come into care.", "8")
    other.finding("Personal advisers know their care leavers well and keep in touch with them.", "strength")
    other.finding("Supervision is regular but seldom reflective. " * 80, "mixed", "A long section " * 6)

    hostile = Draft(f"{HOSTILE[:20]}.pdf", f"Report {HOSTILE}", "committee-report", council=None, published=None)
    hostile.recommendation(f"Improve supervision {HOSTILE}", HOSTILE[:30])
    hostile.finding(FORMULA, "improvement", HOSTILE)
    hostile.finding("Supervision notes hold a stray control character \x0b here.", "improvement", "@SUM(A1)")
    hostile.action(f"-2+3 review supervision {HOSTILE}", 0, who=(HOSTILE,), when=HOSTILE)
    return [draft.finish() for draft in (first, plan, second, other, hostile)]


def _scheme(register: Register) -> Scheme:
    return Scheme(
        {theme.id: theme.broader for theme in themes() if theme.broader is not None},
        {authority.gss_code: authority.neighbours for authority in register},
        {theme.id: theme.label for theme in themes()},
    )


def publish(
    data: Path,
    *,
    models: Path | None = None,
    now: datetime | None = None,
    only: int | None = None,
    written: Sequence[tuple[Extraction, str, bytes]] | None = None,
    settings: Settings | None = None,
) -> Release:
    """Publish the release under ``data``; ``only`` takes the first documents alone, ``written`` others in their place.
    ``models``: where the converted model is kept between calls. ``settings``: name the back ends that it is published
    to as well."""
    settings = settings or Settings()
    datasets = datasets_of(settings)
    data.mkdir(parents=True, exist_ok=True)
    model = converted_model(models or shared_models())
    embedder = OpenVinoEmbedder(model, threads=1)
    authorities = data / "authorities.csv"
    authorities.write_text(f"{_COLUMNS}\n{_COUNCILS}", encoding="utf-8")
    register = Register.load(authorities)
    texts: dict[str, str] = {}
    known = []
    for extraction, text, pdf in (documents() if written is None else written)[:only]:
        (data / "sources").mkdir(exist_ok=True)
        digest = hashlib.sha256(pdf).hexdigest()
        (data / "sources" / digest).write_bytes(pdf)
        extraction = replace(extraction, source=replace(extraction.source, sha256=digest))
        iris = DocumentIris.of(extraction, Iris(), key=extraction.source.name)
        known.append(Known(extraction, iris))
        texts[iris.document] = text
    rows = rows_of(known, register)
    cache = EmbeddingCache(shared_vectors())
    vectors = cache.encode(embedder, [row["text"] for row in rows["items"]])
    links = derive_links(rows, vectors, embedder, cache)
    graphs = [
        GraphContent(
            one.iris.graph,
            one.iris.graph,
            lambda one=one: document_triples(  # type: ignore[misc]
                one.extraction, text=texts[one.iris.document], register=register, known=one.iris
            ),
        )
        for one in known
    ]
    with WriterLock(data), WorkingGraphs(data / "work" / "graph") as working, ReleaseWriter(data, now=now) as writer:
        working.hold([*graphs, *derived_graphs(rows, links, DEFAULT_BASE, register, [one.extraction for one in known])])
        working.checkpoint(writer.path / "graph")
        for name, table in {**rows, **links.rows}.items():
            write_table(writer.path / "tables", name, table)
        build_index(
            read_tables(writer.path), writer.path, embedder, cache=cache, scheme=_scheme(register), model_dir=model
        )
        cache.close()
        if settings.vector_shards:
            stored = np.load(writer.path / VECTORS / "vectors.npy", allow_pickle=False)
            write_shards(stored, embedder.identity, writer.path / SHARDS, settings.vector_shards)
        if settings.search_database:
            publish_to_database(writer.path, settings.search_database)
        for one in known:
            folder = writer.path / "documents" / one.iris.document.rsplit("/", 1)[-1]
            folder.mkdir(parents=True)
            (folder / "text.txt").write_text(texts[one.iris.document], encoding="utf-8", newline="")
            (folder / "extraction.json").write_bytes(msgspec.json.encode(one.extraction))
        (writer.path / "authorities.csv").write_bytes(authorities.read_bytes())
        sources = [
            SourceEntry(one.extraction.source.name, one.extraction.source.sha256, one.iris.document.rsplit("/", 1)[-1])
            for one in known
        ]
        kinds = {
            kind: sum(row["kind"] == kind for row in rows["items"]) for kind in ("finding", "recommendation", "action")
        }
        facts = ReleaseFacts(
            [*sources, SourceEntry("broken.pdf", "", error="it is empty (get another copy)")],
            {"documents": len(known), **{f"{kind}s": count for kind, count in kinds.items()}},
            {"inspectgraph": "test"},
            extra={"base_iri": DEFAULT_BASE, "removed": {REMOVED: "withdrawn by its publisher"}},
        )
        if datasets:
            served = publish_graph(BuildOptions(data, datasets=datasets), writer.path / "graph")
            facts = replace(facts, extra={**facts.extra, "graph_dataset": served})
        return writer.publish(facts)


if __name__ == "__main__":
    import sys

    print(publish(Path(sys.argv[1]), now=datetime.now(UTC)).id)
