"""Namespaces of the terms that the graph uses, under the prefixes that queries and serialisations use for them."""

from __future__ import annotations

#: Where our own terms live, whatever base IRI an operator gives the data.
IG = "https://w3id.org/inspectgraph/ontology#"
#: The ontology, and this edition of it.
ONTOLOGY = "https://w3id.org/inspectgraph/ontology"
ONTOLOGY_VERSION = "1.0.0"
VERSION_IRI = f"{ONTOLOGY}/{ONTOLOGY_VERSION}"
#: The base IRI under which the packaged concepts (themes, grades, ...) are written.
CONCEPT_BASE = "https://w3id.org/inspectgraph/"

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
DCTERMS = "http://purl.org/dc/terms/"
PROV = "http://www.w3.org/ns/prov#"
OA = "http://www.w3.org/ns/oa#"
EARL = "http://www.w3.org/ns/earl#"
CCCEV = "http://data.europa.eu/m8g/"
PPLAN = "http://purl.org/net/p-plan#"
SCHEMA = "https://schema.org/"
ORG = "http://www.w3.org/ns/org#"
FABIO = "http://purl.org/spar/fabio/"
DCAT = "http://www.w3.org/ns/dcat#"
SPDX = "http://spdx.org/rdf/terms#"
VOID = "http://rdfs.org/ns/void#"
SD = "http://www.w3.org/ns/sparql-service-description#"
SH = "http://www.w3.org/ns/shacl#"
FOAF = "http://xmlns.com/foaf/0.1/"
VANN = "http://purl.org/vocab/vann/"
#: Datatype of EDTF level 1 dates.
EDTF = "http://id.loc.gov/datatypes/edtf/EDTF-level1"

#: Prefix → namespace; data prefixes depend on the base IRI and are not here.
PREFIXES = {
    "ig": IG,
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "xsd": XSD,
    "skos": SKOS,
    "dcterms": DCTERMS,
    "prov": PROV,
    "oa": OA,
    "earl": EARL,
    "cccev": CCCEV,
    "p-plan": PPLAN,
    "schema": SCHEMA,
    "org": ORG,
    "fabio": FABIO,
    "dcat": DCAT,
    "spdx": SPDX,
    "void": VOID,
    "sd": SD,
    "sh": SH,
    "foaf": FOAF,
    "vann": VANN,
}
