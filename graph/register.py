"""The register of authorities as RDF: what each is, where it lies, whom it is compared with, what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from graph.authorities import Authority, Register
from graph.iris import DEFAULT_BASE, Iris
from graph.ntriples import (
    Triples,
    dcterms,
    english,
    foaf,
    ig,
    integer,
    iri,
    org,
    rdfs,
    schema,
    skos,
    string,
    typed,
    xsd,
)

#: The edition of the statistical neighbours in ``ontology/authorities.csv``. The source names no year: it knows the
#: councils of April 2023, so it is not older. Another edition gets another id, and both can stand side by side.
NEIGHBOUR_SET = "2023"


def register_triples(register: Register, base: str = DEFAULT_BASE) -> bytes:
    """The graph ``graphs/register`` as N-Triples."""
    iris, out = Iris(base), Triples()
    _write_neighbour_set(out, iris)
    _write_concepts(
        out, (iris.region(a.region) for a in register if a.region), (a.region for a in register if a.region)
    )
    _write_concepts(
        out, (iris.authority_type(a.type) for a in register if a.type), (a.type for a in register if a.type)
    )
    for authority in register:
        _write_authority(out, iris, authority)
        _write_neighbours(out, iris, authority)
        _write_reorganisation(out, iris, authority)
    return out.encoded()


def _write_authority(out: Triples, iris: Iris, authority: Authority) -> None:
    own = iri(iris.authority(authority.gss_code))
    out.type(own, ig.Authority, org.FormalOrganization)
    out.add(own, skos.prefLabel, english(authority.name))
    for name in dict.fromkeys((authority.council_name, *authority.also_known_as)):
        if name != authority.name:
            out.add(own, skos.altLabel, english(name))
    out.add(own, org.identifier, typed(authority.gss_code, ig.gssCode))
    out.add(own, skos.notation, string(authority.gss_code))
    if authority.region is not None:
        out.add(own, ig.region, iri(iris.region(authority.region)))
    if authority.type is not None:
        out.add(own, ig.authorityType, iri(iris.authority_type(authority.type)))
    if authority.domain is not None:
        out.add(own, foaf.homepage, iri(f"https://{authority.domain}/"))
    if authority.abolished is not None:
        out.add(own, schema.dissolutionDate, typed(authority.abolished, xsd.date))


def _write_neighbours(out: Triples, iris: Iris, authority: Authority) -> None:
    own_iri = iris.authority(authority.gss_code)
    for rank, code in enumerate(authority.neighbours, 1):
        link, other = iri(f"{own_iri}#neighbour-{NEIGHBOUR_SET}-{rank}"), iri(iris.authority(code))
        out.add(iri(own_iri), ig.statisticalNeighbour, other)
        out.type(link, ig.NeighbourLink)
        out.add(link, ig.from_, iri(own_iri))
        out.add(link, ig.to, other)
        out.add(link, ig.rank, integer(rank))
        out.add(link, ig.neighbourSet, iri(iris.neighbour_set(NEIGHBOUR_SET)))


def _write_reorganisation(out: Triples, iris: Iris, authority: Authority) -> None:
    """An abolished authority and its successors, joined by the change that happened on the day after its last."""
    if authority.abolished is None or not authority.succeeded_by:
        return
    own, change = iri(iris.authority(authority.gss_code)), iri(iris.reorganisation(authority.gss_code))
    vesting_day = date.fromisoformat(authority.abolished) + timedelta(days=1)
    out.type(change, org.ChangeEvent)
    out.add(change, rdfs.label, english(f"Reorganisation of {authority.name}"))
    out.add(change, dcterms.date, typed(vesting_day.isoformat(), xsd.date))
    out.add(change, org.originalOrganization, own)
    out.add(own, org.changedBy, change)
    for code in authority.succeeded_by:
        successor = iri(iris.authority(code))
        out.add(change, org.resultingOrganization, successor)
        out.add(successor, org.resultedFrom, change)


def _write_neighbour_set(out: Triples, iris: Iris) -> None:
    own = iri(iris.neighbour_set(NEIGHBOUR_SET))
    out.type(own, ig.NeighbourSet)
    out.add(own, rdfs.label, english("Statistical neighbours of children's services"))
    out.add(own, dcterms.identifier, string(NEIGHBOUR_SET))
    out.add(own, dcterms.issued, typed(NEIGHBOUR_SET, xsd.gYear))
    out.add(
        own,
        dcterms.description,
        english("Ten authorities each, nearest first. The source names no year; it knows the councils of April 2023."),
    )


def _write_concepts(out: Triples, names: Iterable[str], labels: Iterable[str]) -> None:
    for name, label in dict(zip(names, labels, strict=True)).items():
        out.type(iri(name), skos.Concept)
        out.add(iri(name), skos.prefLabel, english(label))
