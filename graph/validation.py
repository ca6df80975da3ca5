"""Checks a graph against the published SHACL shapes, and says in sentences what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from rdflib import Graph
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from graph.mapping import parsed
from ontology.resources import shapes


@dataclass(frozen=True, slots=True)
class Problem:
    """One violation: ``item`` is the IRI of what is wrong, ``message`` the shape's sentence, ``value`` the value that
    offends, None where one is missing or the fault is of several together."""

    item: str
    message: str
    value: str | None = None

    def __str__(self) -> str:
        found = f" (it has: {self.value[:80]!r})" if self.value is not None else ""
        return f"{self.item}: {self.message}{found}"


def violations(graph: bytes | Graph) -> list[Problem]:
    """What is wrong with a document's or derived graph (N-Triples or rdflib), sorted; empty when it conforms.

    Nothing is inferred and nothing outside the graph is looked at. An rdflib graph is left as it is. Documents of a
    batch may be checked as one (their triples joined): some twenty at once take half the time, and each problem names
    its item all the same.
    """
    from pyshacl import validate  # loads for a third of a second, which a build that changes nothing does not need

    data = graph if isinstance(graph, Graph) else parsed(graph)
    conforms, report, _ = validate(
        data, shacl_graph=shapes(), inference="none", do_owl_imports=False, inplace=True, meta_shacl=False
    )
    if conforms:
        return []
    problems = {_problem(report, result) for result in report.subjects(RDF.type, SH.ValidationResult)}
    return sorted(problems, key=lambda problem: (problem.item, problem.message, problem.value or ""))


def _problem(report: Graph, result: Node) -> Problem:
    value = report.value(result, SH.value)
    return Problem(
        item=str(report.value(result, SH.focusNode)),
        message=str(report.value(result, SH.resultMessage)),
        value=None if value is None else str(value),
    )
