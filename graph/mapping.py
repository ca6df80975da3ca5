"""From an extraction to RDF: one document's named graph, and the graphs that are computed from all of them.

Pure: the same extraction, base IRI and text give the same bytes. Text of a source stands as plain strings, verbatim;
dates as EDTF literals with the first and last day that they cover; whatever was matched to a concept keeps its printed
words beside it. Nothing is a blank node: each part of a document can be named, dereferenced and compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache

import pyoxigraph as ox
from rdflib import Graph, Literal, URIRef

from graph.authorities import Register
from graph.dates import bounds
from graph.iris import DEFAULT_BASE, DocumentIris, Iris, digest, part_id
from graph.model import (
    Abbreviation,
    Action,
    DocumentFacts,
    Evidence,
    Extraction,
    Finding,
    Inspection,
    Judgement,
    Maker,
    Recommendation,
    StatusReport,
)
from graph.ntriples import (
    Triples,
    dcat,
    dcterms,
    decimal,
    earl,
    edtf,
    english,
    fabio,
    foaf,
    ig,
    integer,
    iri,
    is_absolute_iri,
    oa,
    org,
    pplan,
    prov,
    rdf,
    rdfs,
    schema,
    spdx,
    string,
    typed,
    xsd,
)
from ontology.namespaces import PREFIXES, XSD
from ontology.resources import concepts

#: Raised when the same extraction gives other triples.
MAPPING_VERSION = "2"

#: The program that makes an extraction, as a maker.
_EXTRACTION = "extraction"
#: How many characters before and after a quotation tell it from its equals.
_CONTEXT = 32
#: Fragment identifiers of PDF: page=, viewrect=left,top,width,height.
_PDF_FRAGMENTS = "http://tools.ietf.org/rfc/rfc3778"
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
_EDTF_PART = r"(?:\d{4}(?:-(?:0[1-9]|1[0-2]|2[1-4])|-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))?)[?~%]?"
_EDTF = re.compile(rf"{_EDTF_PART}(?:/(?:{_EDTF_PART}|\.\.))?|\.\./{_EDTF_PART}")
#: Words by which an owner as printed names a post rather than a person.
_POST = re.compile(
    r"(?i)\b(?:head|director|manager|officer|lead|leader|co-?ordinator|chair(?:person|man|woman)?|adviser|advisor|"
    r"commissioner|executive|principal|supervisor|consultant|administrator|clerk|treasurer|secretary|nurse|"
    r"headteacher|teacher|practitioner|member|solicitor|inspector|superintendent|assistant|analyst|dcs|iro|lado)s?\b"
)
_ACTION_STATUS = {
    "not-started": schema.PotentialActionStatus,
    "in-progress": schema.ActiveActionStatus,
    "overdue": schema.ActiveActionStatus,
    "completed": schema.CompletedActionStatus,
}


def document_triples(
    extraction: Extraction,
    base: str = DEFAULT_BASE,
    *,
    text: str | None = None,
    register: Register | None = None,
    known: DocumentIris | None = None,
) -> bytes:
    """The document's named graph as N-Triples in UTF-8.

    text: the text that the evidence points into; without it, quotations carry no context. register: resolves the
    publisher's name to a council. known: the document's IRIs where they have been minted already (they must be of
    ``extraction`` under ``base``).
    """
    return _DocumentMapper(extraction, Iris(base), text, register, known).run()


def to_rdflib(
    extraction: Extraction, base: str = DEFAULT_BASE, *, text: str | None = None, register: Register | None = None
) -> Graph:
    """The same graph for rdflib, named by its IRI and with the usual prefixes."""
    return parsed(
        document_triples(extraction, base, text=text, register=register), DocumentIris.of(extraction, Iris(base)).graph
    )


def parsed(triples: bytes, graph: str | None = None) -> Graph:
    """N-Triples as an rdflib graph. Oxigraph reads them, at twice the speed of rdflib's own parser."""
    found = Graph(identifier=URIRef(graph) if graph is not None else None, bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        found.bind(prefix, namespace)
    names: dict[str, URIRef] = {}

    def node(value: str) -> URIRef:
        return names.get(value) or names.setdefault(value, URIRef(value))

    for triple in ox.parse(triples, format=ox.RdfFormat.N_TRIPLES):
        subject, value = triple.subject, triple.object
        assert isinstance(subject, ox.NamedNode)
        if isinstance(value, ox.NamedNode):
            found.add((node(subject.value), node(triple.predicate.value), node(value.value)))
        else:
            assert isinstance(value, ox.Literal)
            found.add((node(subject.value), node(triple.predicate.value), _rdflib_literal(value, node)))
    return found


def _rdflib_literal(value: ox.Literal, node: Callable[[str], URIRef]) -> Literal:
    if value.language is not None:
        return Literal(value.value, lang=value.language)
    datatype = value.datatype.value
    return Literal(value.value) if datatype == f"{XSD}string" else Literal(value.value, datatype=node(datatype))


def first_year(*dates: str | None) -> int | None:
    """The first year that any of these EDTF dates states."""
    for edtf_date in dates:
        if found := re.search(r"\d{4}", edtf_date or ""):
            return int(found.group())
    return None


def days(edtf_date: str | None) -> tuple[str | None, str | None]:
    """First and last day of an EDTF date, None for an open end, (None, None) for what is no date of the calendar."""
    if edtf_date is None or not _EDTF.fullmatch(edtf_date):
        return None, None
    try:
        first, last = bounds(re.sub(r"[?~%]", "", edtf_date))
        for day in (first, last):
            if day is not None:
                date.fromisoformat(day)
    except ValueError:
        return None, None
    return first, last


class _DocumentMapper:
    """Writes one document's graph. Terms that recur are written out once."""

    def __init__(
        self,
        extraction: Extraction,
        iris: Iris,
        text: str | None,
        register: Register | None,
        known: DocumentIris | None,
    ) -> None:
        self._x = extraction
        self._iris = iris
        self._text = text
        self._register = register
        self._known = known if known is not None else DocumentIris.of(extraction, iris)
        self._document = iri(self._known.document)
        self._source = iri(f"{self._known.document}#source")
        self._read_text = iri(f"{self._known.document}#text")
        self._plan = iri(f"{self._known.document}#plan")
        self._inspections = [iri(value) for value in self._known.inspections]
        self._parties: dict[str, str] = {}
        self._makers: dict[tuple[str, str], str] = {}
        self._out = Triples()

    def run(self) -> bytes:
        self._write_document()
        self._write_graph()
        for position, inspection in enumerate(self._x.inspections):
            self._write_inspection(position, inspection)
        for own, judgement in zip(self._known.judgements, self._x.judgements, strict=True):
            self._write_judgement(own, judgement)
        for position, (own, finding) in enumerate(zip(self._known.findings, self._x.findings, strict=True)):
            self._write_finding(own, position, finding)
        for position, (own, asked) in enumerate(zip(self._known.recommendations, self._x.recommendations, strict=True)):
            self._write_recommendation(own, position, asked)
        self._write_actions()
        # explained twice in the same words: the first place is enough
        for abbreviation in {(a.short, a.long): a for a in reversed(self._x.abbreviations)}.values():
            self._write_abbreviation(abbreviation)
        return self._out.encoded()

    # ---------------------------------------------------------------------------------------- the document itself

    def _write_document(self) -> None:
        out, own, facts, source = self._out, self._document, self._x.document, self._x.source
        out.type(own, ig.Document, fabio.Report)
        out.add(own, dcterms.identifier, string(self._known.document.rsplit("/", 1)[-1]))
        out.add(own, dcterms.title, string(facts.title))
        out.add(own, dcterms.type, iri(self._iris.document_kind(facts.kind)))
        out.add(own, dcterms.language, string(facts.language))
        self._write_publication(facts)
        if facts.gss_code is not None:
            out.add(own, ig.concerns, iri(self._iris.authority(facts.gss_code)))
        out.add_if(own, ig.authorityName, facts.authority)
        out.add_if(own, ig.committee, facts.committee)
        if facts.meeting_date is not None:
            out.add(own, ig.meetingDate, _edtf_or_words(facts.meeting_date))
        if facts.url is not None and is_absolute_iri(facts.url):
            out.add(own, dcterms.source, iri(facts.url))
        if facts.licence is not None:
            plain = not is_absolute_iri(facts.licence)
            out.add(
                own,
                dcterms.rights if plain else dcterms.license,
                string(facts.licence) if plain else iri(facts.licence),
            )
        for name in dict.fromkeys(facts.from_metadata):
            out.add(own, ig.fromMetadata, string(name))
        out.add(own, dcat.distribution, self._source)
        out.type(self._source, ig.SourceFile, dcat.Distribution)
        out.add(self._source, ig.fileName, string(source.name))
        out.add(self._source, dcat.mediaType, iri(_MEDIA_TYPES + source.media_type))
        out.add(self._source, dcat.byteSize, typed(str(source.size), xsd.nonNegativeInteger))
        self._write_checksum(f"{self._known.document}#source-sha256", self._source, source.sha256)
        if self._x.page_count:
            out.add(self._source, schema.numberOfPages, integer(self._x.page_count))

    def _write_publication(self, facts: DocumentFacts) -> None:
        out, own = self._out, self._document
        if facts.published is not None:
            out.add(own, dcterms.issued, _xsd_date(facts.published))
            out.add_if(own, ig.publishedFrom, facts.published_from)
            self._write_days(own, facts.published)
        main = self._x.inspections[0] if self._x.inspections else None
        year = first_year(facts.published, *((main.end, main.start) if main is not None else ()))
        if year is not None:
            out.add(own, ig.year, integer(year))
        if facts.publisher is None:
            return
        out.add(own, ig.publisherName, string(facts.publisher))
        for publisher in self._organisations(facts.publisher, facts.published):
            out.add(own, dcterms.publisher, publisher)

    def _organisations(self, name: str, on: str | None) -> list[str]:
        found = [iri(self._iris.inspectorate(i)) for i in inspectorates_named(name)]
        if not found and self._register is not None:
            council = self._register.resolve(name, on)
            return [] if council is None else [iri(self._iris.authority(council.gss_code))]
        return found

    def _write_graph(self) -> None:
        """Provenance hangs on the named graph."""
        out, own = self._out, iri(self._known.graph)
        activity = iri(f"{self._known.graph}#extraction")
        out.type(own, ig.DocumentGraph)
        out.add(own, prov.wasDerivedFrom, self._source)
        out.add(own, prov.wasGeneratedBy, activity)
        out.add(own, foaf.primaryTopic, self._document)
        for warning in dict.fromkeys(self._x.warnings):
            out.add(own, ig.warning, string(warning))
        out.type(activity, prov.Activity)
        out.add(activity, prov.used, self._source)
        out.add(activity, prov.wasAssociatedWith, self._maker(Maker(_EXTRACTION, self._x.extractor_version)))
        if self._x.text_sha256:
            out.type(self._read_text, ig.SourceText)
            out.add(self._read_text, prov.wasDerivedFrom, self._source)
            self._write_checksum(f"{self._known.document}#text-sha256", self._read_text, self._x.text_sha256)

    def _write_checksum(self, own: str, of: str, sha256: str) -> None:
        out, checksum = self._out, iri(own)
        out.add(of, spdx.checksum, checksum)
        out.type(checksum, spdx.Checksum)
        out.add(checksum, spdx.algorithm, spdx.checksumAlgorithm_sha256)
        out.add(checksum, spdx.checksumValue, typed(sha256, xsd.hexBinary))

    # ------------------------------------------------------------------------------- inspections and judgements

    def _write_inspection(self, position: int, inspection: Inspection) -> None:
        out, own = self._out, self._inspections[position]
        out.type(own, ig.Inspection, prov.Activity)
        out.add(own, rdfs.label, english(_inspection_label(inspection)))
        out.add(own, ig.reportedIn, self._document)
        if position == 0:
            out.add(self._document, ig.mainInspection, own)
        if inspection.framework_id is not None:
            out.add(own, dcterms.type, iri(self._iris.framework(inspection.framework_id)))
        out.add_if(own, ig.frameworkName, inspection.framework)
        for inspectorate in inspectorates_named(inspection.inspectorate):
            out.add(own, prov.wasAssociatedWith, iri(self._iris.inspectorate(inspectorate)))
        out.add_if(own, ig.inspectorateName, inspection.inspectorate)
        out.add_if(own, ig.leadInspector, inspection.lead_inspector)
        if inspection.gss_code is not None:
            out.add(own, ig.inspectedAuthority, iri(self._iris.authority(inspection.gss_code)))
        out.add_if(own, ig.authorityName, inspection.authority)
        self._write_period(own, inspection)
        published = self._x.document.published if position == 0 else None
        year = first_year(inspection.end, inspection.start, published)
        if year is not None:
            out.add(own, ig.year, integer(year))
        self._write_evidence(self._known.inspections[position], inspection.evidence)
        self._write_maker(own, inspection.made_by)

    def _write_period(self, own: str, inspection: Inspection) -> None:
        out = self._out
        first, last = days(inspection.start)[0], days(inspection.end or inspection.start)[1]
        if inspection.start is not None:
            out.add(own, ig.start, _edtf_or_words(inspection.start))
            if first == inspection.start:
                out.add(own, prov.startedAtTime, typed(f"{first}T00:00:00Z", xsd.dateTime))
        if inspection.end is not None:
            out.add(own, ig.end, _edtf_or_words(inspection.end))
            first = first or days(inspection.end)[0]
            if last == inspection.end:
                out.add(own, prov.endedAtTime, typed(f"{last}T00:00:00Z", xsd.dateTime))
        self._write_bounds(own, first, last)

    def _write_judgement(self, own_iri: str, judgement: Judgement) -> None:
        out, own, result = self._out, iri(own_iri), iri(f"{own_iri}#result")
        out.type(own, ig.Judgement, earl.Assertion)
        out.add(own, ig.printedArea, string(judgement.area))
        out.add(own, ig.printedGrade, string(judgement.grade))
        out.add(own, ig.reportedIn, self._document)
        self._arises(own, judgement.inspection)
        inspection = self._x.inspections[judgement.inspection] if self._x.inspections else None
        for inspectorate in inspectorates_named(inspection and inspection.inspectorate):
            out.add(own, earl.assertedBy, iri(self._iris.inspectorate(inspectorate)))
        gss_code = (inspection and inspection.gss_code) or self._x.document.gss_code
        if gss_code is not None:
            out.add(own, earl.subject, iri(self._iris.authority(gss_code)))
        if judgement.area_concept is not None:
            area = iri(self._iris.area(judgement.area_concept))
            out.add(own, earl.test, area)
            out.add(own, ig.area, area)
        out.add(own, earl.result, result)
        out.type(result, earl.TestResult)
        out.add(result, rdfs.label, string(judgement.grade))
        if judgement.grade_concept is not None:
            grade = iri(self._iris.grade(judgement.grade_concept))
            out.add(result, earl.outcome, grade)
            out.add(own, ig.grade, grade)
        self._write_evidence(own_iri, judgement.evidence)
        self._write_maker(own, judgement.made_by)

    # ------------------------------------------------------------------- findings, recommendations and actions

    def _write_item(self, own_iri: str, kind: str, position: int, item: Finding | Recommendation | Action) -> str:
        out, own = self._out, iri(own_iri)
        out.type(own, kind)
        out.add(own, ig.text, string(item.text))
        out.add(own, ig.position, integer(position + 1))
        out.add_if(own, ig.section, item.section)
        out.add(own, prov.wasQuotedFrom, self._document)
        self._arises(own, item.inspection)
        self._write_evidence(own_iri, item.evidence)
        self._write_maker(own, item.made_by)
        return own

    def _arises(self, own: str, inspection: int) -> None:
        if self._inspections:
            self._out.add(own, ig.arisesFrom, self._inspections[inspection])

    def _write_finding(self, own_iri: str, position: int, finding: Finding) -> None:
        own, out = self._write_item(own_iri, ig.Finding, position, finding), self._out
        out.add_if(own, ig.number, finding.number)
        if finding.polarity is None:
            return
        out.add(own, ig.polarity, iri(self._iris.polarity(finding.polarity)))
        if finding.polarity_score is not None:
            out.add(own, ig.polarityConfidence, decimal(finding.polarity_score))
        if finding.polarity_made_by is not None:
            out.add(own, ig.polarityAttributedTo, self._maker(finding.polarity_made_by))

    def _write_recommendation(self, own_iri: str, position: int, asked: Recommendation) -> None:
        own, out = self._write_item(own_iri, ig.Recommendation, position, asked), self._out
        out.add_if(own, ig.number, asked.ref)
        for name in dict.fromkeys(asked.addressed_to):
            out.add(own, ig.addressedTo, self._party(name))
        self._write_due(own, asked.deadline, asked.deadline_date)

    def _write_actions(self) -> None:
        out = self._out
        if self._x.actions:
            out.type(self._plan, ig.ActionPlan, pplan.Plan)
            out.add(self._plan, prov.wasDerivedFrom, self._document)
            self._arises(self._plan, self._x.actions[0].inspection)
        for position, (own, action) in enumerate(zip(self._known.actions, self._x.actions, strict=True)):
            self._write_action(own, position, action)

    def _write_action(self, own_iri: str, position: int, action: Action) -> None:
        own, out = self._write_item(own_iri, ig.Action, position, action), self._out
        out.type(own, pplan.Step, schema.Action)
        out.add(own, pplan.isStepOfPlan, self._plan)
        if action.recommendation is not None:
            out.add(own, ig.addresses, iri(self._known.recommendations[action.recommendation]))
        names = action.responsible_names or ("",) * len(action.responsible)
        for printed, resolved in dict(zip(action.responsible, names, strict=True)).items():
            out.add(own, schema.agent, self._party(printed, resolved))
        self._write_due(own, action.timescale, action.date)
        out.add_if(own, ig.measure, action.measure)
        for number, report in enumerate(action.statuses, 1):
            self._write_status(own_iri, number, report)
        latest = next((s.status for s in reversed(action.statuses) if s.status is not None), None)
        if latest in _ACTION_STATUS:
            out.add(own, schema.actionStatus, _ACTION_STATUS[latest])

    def _write_status(self, action: str, number: int, report: StatusReport) -> None:
        """A status is a dated observation: a later one stands beside it."""
        out, own = self._out, iri(f"{action}#status-{number}")
        out.add(iri(action), ig.statusObservation, own)
        out.type(own, ig.StatusObservation)
        out.add(own, ig.printedStatus, string(report.printed))
        out.add(own, ig.position, integer(number))
        if report.status is not None:
            out.add(own, ig.status, iri(self._iris.status(report.status)))
        if report.date is not None:
            out.add(own, ig.observed, _edtf_or_words(report.date))
            self._write_days(own, report.date)
        out.add_if(own, ig.note, report.note)

    def _write_due(self, own: str, printed: str | None, edtf_date: str | None) -> None:
        self._out.add_if(own, ig.timescale, printed)
        if edtf_date is not None:
            self._out.add(own, ig.due, _edtf_or_words(edtf_date))
            self._write_days(own, edtf_date)

    def _write_days(self, own: str, edtf_date: str) -> None:
        self._write_bounds(own, *days(edtf_date))

    def _write_bounds(self, own: str, first: str | None, last: str | None) -> None:
        if first is not None:
            self._out.add(own, ig.earliest, typed(first, xsd.date))
        if last is not None:
            self._out.add(own, ig.latest, typed(last, xsd.date))

    def _party(self, printed: str, resolved: str = "") -> str:
        """A person, post or body exactly as this document prints it, and known by this document alone."""
        own = self._parties.get(printed)
        if own is None:
            own = self._parties[printed] = iri(f"{self._known.document}#party-{digest((printed,))}")
            self._out.type(own, ig.Party, prov.Agent, *((org.Post,) if _POST.search(resolved or printed) else ()))
            self._out.add(own, ig.printedName, string(printed))
            if resolved:
                self._out.add(own, ig.resolvedName, string(resolved))
        return own

    def _write_abbreviation(self, abbreviation: Abbreviation) -> None:
        own_iri = f"{self._known.document}#abbreviation-{digest((abbreviation.short, abbreviation.long))}"
        out, own = self._out, iri(own_iri)
        out.type(own, ig.Abbreviation)
        out.add(own, ig.shortForm, string(abbreviation.short))
        out.add(own, ig.longForm, string(abbreviation.long))
        out.add(own, ig.definedIn, self._document)
        self._write_evidence(own_iri, abbreviation.evidence)

    # ------------------------------------------------------------------------------------- evidence and makers

    def _write_evidence(self, item: str, evidence: Evidence | None) -> None:
        """Three selectors that say the same: by quotation (survives another reading), by position in the text as read
        (exact), by page and lines (for the eye)."""
        if evidence is None:
            return
        out, own_iri = self._out, self._iris.item("evidence", part_id(item, "evidence"))
        own = iri(own_iri)
        quote, position = iri(f"{own_iri}#quote"), iri(f"{own_iri}#position")
        out.add(iri(item), ig.evidence, own)
        out.type(own, ig.Evidence, oa.SpecificResource)
        out.add(own, oa.hasSource, self._document)
        if self._x.text_sha256:
            out.add(own, ig.textVersion, self._read_text)
        out.add(own, oa.hasSelector, quote)
        out.type(quote, oa.TextQuoteSelector)
        out.add(quote, oa.exact, string(evidence.quote))
        if self._text is not None:
            out.add(quote, oa.prefix, string(self._text[max(0, evidence.start - _CONTEXT) : evidence.start]))
            out.add(quote, oa.suffix, string(self._text[evidence.end : evidence.end + _CONTEXT]))
        out.add(own, oa.hasSelector, position)
        out.type(position, oa.TextPositionSelector)
        out.add(position, oa.start, _non_negative(evidence.start))
        out.add(position, oa.end, _non_negative(evidence.end))
        if evidence.page is not None:
            self._write_page(own_iri, evidence.page, evidence)

    def _write_page(self, own_iri: str, page: int, evidence: Evidence) -> None:
        out, own, selector = self._out, iri(own_iri), iri(f"{own_iri}#page")
        out.add(own, ig.page, integer(page))
        out.add(own, oa.hasSelector, selector)
        out.type(selector, oa.FragmentSelector)
        out.add(selector, rdf.value, string(f"page={page}"))
        out.add(selector, dcterms.conformsTo, f"<{_PDF_FRAGMENTS}>")
        for box in dict.fromkeys(evidence.boxes):
            lines = ",".join(f"{v:g}" for v in (box.x0, box.top, box.x1 - box.x0, box.bottom - box.top))
            out.add(selector, ig.lineBox, string(f"page={box.page}&viewrect={lines}"))

    def _write_maker(self, own: str, made_by: Maker | None) -> None:
        if made_by is not None:
            self._out.add(own, prov.wasAttributedTo, self._maker(made_by))
            self._out.add(own, ig.confidence, decimal(made_by.score))

    def _maker(self, made_by: Maker) -> str:
        key = (made_by.name, made_by.version)
        return self._makers.get(key) or self._makers.setdefault(key, iri(self._iris.agent(*key)))


def makers(extraction: Extraction) -> set[tuple[str, str]]:
    """Name and version of every rule and program that had a hand in it.

    Document graphs only name them: stores give a triple that stands in many graphs many times, so they are described
    once, in a graph of their own (``graph.derived.agent_triples``).
    """
    made = {finding.polarity_made_by for finding in extraction.findings}
    for items in (extraction.inspections, extraction.judgements, extraction.findings):
        made.update(item.made_by for item in items)
    for others in (extraction.recommendations, extraction.actions):
        made.update(item.made_by for item in others)
    named = {(maker.name, maker.version) for maker in made if maker is not None}
    return {*named, (_EXTRACTION, extraction.extractor_version)}


@lru_cache(maxsize=256)
def inspectorates_named(printed: str | None) -> tuple[str, ...]:
    """Ids of the inspectorates that a printed name means: "Ofsted and Care Quality Commission" names two."""
    if printed is None:
        return ()
    names = _inspectorate_names()
    found = {names[match.group().casefold()] for match in _inspectorate_pattern().finditer(printed)}
    return tuple(sorted(found))


@lru_cache(maxsize=1)
def _inspectorate_names() -> Mapping[str, str]:
    return {label.casefold(): c.id for c in concepts("inspectorates").values() for label in (c.label, *c.alt_labels)}


@lru_cache(maxsize=1)
def _inspectorate_pattern() -> re.Pattern[str]:
    names: Sequence[str] = sorted(_inspectorate_names(), key=len, reverse=True)
    return re.compile(rf"(?i)(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")


def _inspection_label(inspection: Inspection) -> str:
    words = [inspection.framework or "Inspection"]
    if inspection.authority is not None:
        words.append(f"of {inspection.authority}")
    if inspection.end or inspection.start:
        words.append(f"({inspection.end or inspection.start})")
    return " ".join(words)


def _edtf_or_words(value: str) -> str:
    """An EDTF literal; what is no EDTF of level 1 stays words."""
    return edtf(value) if _EDTF.fullmatch(value) and days(value) != (None, None) else string(value)


def _xsd_date(value: str) -> str:
    """A day, month or year under the XML Schema type of its precision, for the tools that know no EDTF."""
    first, last = days(value)
    if first is None and last is None:
        return string(value)
    if re.fullmatch(r"\d{4}(-(0\d|1[0-2])(-\d\d)?)?", value):
        return typed(value, {4: xsd.gYear, 7: xsd.gYearMonth, 10: xsd.date}[len(value)])
    return edtf(value)


def _non_negative(value: int) -> str:
    return typed(str(value), xsd.nonNegativeInteger)
