"""The dataset described: DCAT for catalogues, VoID for query tools, both from counts of the release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graph.iris import DEFAULT_BASE, Iris, digest
from graph.ntriples import Triples, dcat, dcterms, english, foaf, integer, iri, sd, spdx, string, typed, void, xsd
from ontology.namespaces import ONTOLOGY, PREFIXES

OPEN_GOVERNMENT_LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
RIGHTS = (
    "The quoted texts are their publishers': reports of inspectorates are Crown copyright under the Open Government "
    "Licence v3.0, council papers the councils' own. What was added – structure, links, themes – may be used under "
    "Apache-2.0, as the program."
)
#: What users of Crown copyright texts say.
ATTRIBUTION = "Contains public sector information licensed under the Open Government Licence v3.0."
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
_FORMATS = "http://www.w3.org/ns/formats/"


@dataclass(frozen=True, slots=True)
class Download:
    """A file of the release. ``url`` is absolute; ``sha256`` lower-case hex, None where it is not known."""

    url: str
    media_type: str
    title: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What a release says of itself. ``created`` is an ISO date-time; ``classes`` and ``properties`` are counts by IRI:
    entities of a class, triples of a property; ``endpoint`` the absolute address of the SPARQL endpoint."""

    release: str
    created: str
    triples: int
    subjects: int
    documents: int
    graphs: int
    classes: Mapping[str, int] = field(default_factory=dict)
    properties: Mapping[str, int] = field(default_factory=dict)
    endpoint: str | None = None
    downloads: Sequence[Download] = ()
    previous: str | None = None


def dataset_triples(facts: DatasetFacts, base: str = DEFAULT_BASE) -> bytes:
    """The graph ``graphs/dataset`` as N-Triples; figures are those of ``facts``, none is computed here."""
    iris, out = Iris(base), Triples()
    own_iri = iris.dataset(facts.release)
    _write_catalogue_record(out, iris, own_iri, facts)
    _write_partitions(out, own_iri, facts)
    for download in facts.downloads:
        _write_download(out, own_iri, download)
    if facts.endpoint is not None:
        _write_service(out, own_iri, facts.endpoint)
    return out.encoded()


def citation(release: str, url: str) -> str:
    """How to cite a release."""
    return f"inspectgraph: inspection findings of English councils as linked data, release {release}. {url}"


def _write_catalogue_record(out: Triples, iris: Iris, own_iri: str, facts: DatasetFacts) -> None:
    own = iri(own_iri)
    out.type(own, dcat.Dataset, void.Dataset)
    out.add(own, dcterms.title, english("Inspection findings of English councils as linked data"))
    out.add(
        own,
        dcterms.description,
        english(
            "Findings, recommendations, actions and judgements taken from inspection reports, council reports and "
            "action plans on children's services, each with the place in its source."
        ),
    )
    out.add(own, dcterms.identifier, string(facts.release))
    out.add(own, dcat.version, string(facts.release))
    out.add(own, dcterms.issued, typed(facts.created, xsd.dateTime))
    out.add(own, dcterms.isVersionOf, iri(iris.dataset()))
    out.add(iri(iris.dataset()), dcat.hasCurrentVersion, own)
    if facts.previous is not None:
        out.add(own, dcat.previousVersion, iri(iris.dataset(facts.previous)))
    out.add(own, dcterms.bibliographicCitation, string(citation(facts.release, own_iri)))
    out.add(own, dcterms.conformsTo, f"<{ONTOLOGY}>")
    out.add(own, foaf.homepage, iri(iris.base))
    out.add(own, dcterms.language, string("en"))
    licence = iri(f"{own_iri}#licence")
    out.add(own, dcterms.rights, english(RIGHTS))
    out.add(own, dcterms.license, licence)
    out.type(licence, dcterms.LicenseDocument)
    out.add(licence, dcterms.description, english(f"{RIGHTS} {ATTRIBUTION}"))
    out.add(licence, dcterms.references, iri(OPEN_GOVERNMENT_LICENCE))
    for keyword in ("children's services", "inspection", "recommendations", "local government", "England"):
        out.add(own, dcat.keyword, english(keyword))


def _write_partitions(out: Triples, own_iri: str, facts: DatasetFacts) -> None:
    own = iri(own_iri)
    out.add(own, void.triples, integer(facts.triples))
    out.add(own, void.distinctSubjects, integer(facts.subjects))
    out.add(own, void.documents, integer(facts.documents))
    out.add(own, void.classes, integer(len(facts.classes)))
    out.add(own, void.properties, integer(len(facts.properties)))
    namespaces = (*facts.classes, *facts.properties)
    for vocabulary in sorted({n for n in PREFIXES.values() if any(name.startswith(n) for name in namespaces)}):
        out.add(own, void.vocabulary, iri(vocabulary))
    for name, count in sorted(facts.classes.items()):
        part = iri(f"{own_iri}#class-{digest((name,))}")
        out.add(own, void.classPartition, part)
        out.type(part, void.Dataset)
        out.add(part, void.class_, iri(name))
        out.add(part, void.entities, integer(count))
    for name, count in sorted(facts.properties.items()):
        part = iri(f"{own_iri}#property-{digest((name,))}")
        out.add(own, void.propertyPartition, part)
        out.type(part, void.Dataset)
        out.add(part, void.property, iri(name))
        out.add(part, void.triples, integer(count))


def _write_download(out: Triples, own_iri: str, download: Download) -> None:
    own, part = iri(own_iri), iri(f"{own_iri}#download-{digest((download.url,))}")
    out.add(own, dcat.distribution, part)
    out.type(part, dcat.Distribution)
    out.add(part, dcterms.title, english(download.title))
    out.add(part, dcat.downloadURL, iri(download.url))
    out.add(part, dcat.mediaType, iri(_MEDIA_TYPES + download.media_type))
    if download.media_type == "application/n-quads":
        out.add(own, void.dataDump, iri(download.url))
    if download.size is not None:
        out.add(part, dcat.byteSize, typed(str(download.size), xsd.nonNegativeInteger))
    if download.sha256 is not None:
        checksum = iri(f"{own_iri}#download-{digest((download.url,))}-sha256")
        out.add(part, spdx.checksum, checksum)
        out.type(checksum, spdx.Checksum)
        out.add(checksum, spdx.algorithm, spdx.checksumAlgorithm_sha256)
        out.add(checksum, spdx.checksumValue, typed(download.sha256, xsd.hexBinary))


def _write_service(out: Triples, own_iri: str, endpoint: str) -> None:
    own, service = iri(own_iri), iri(f"{own_iri}#sparql")
    out.add(own, void.sparqlEndpoint, iri(endpoint))
    out.type(service, sd.Service, dcat.DataService)
    out.add(service, dcterms.title, english("SPARQL endpoint"))
    out.add(service, sd.endpoint, iri(endpoint))
    out.add(service, dcat.endpointURL, iri(endpoint))
    out.add(service, dcat.servesDataset, own)
    out.add(service, sd.supportedLanguage, sd.SPARQL11Query)
    for name in ("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV", "Turtle"):
        out.add(service, sd.resultFormat, f"<{_FORMATS}{name}>")
