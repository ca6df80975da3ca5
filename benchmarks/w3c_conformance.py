"""Run the W3C suites against the endpoint and write the EARL report, docs/sparql-conformance.ttl.

    python -m benchmarks.w3c_conformance

Needs the suites in ``../shared/w3c``; nothing of them is written but the names of the tests and what became of each.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.sparql_service import publish, serving
from tests.w3c_suites import (
    EXCLUDED,
    cases,
    description_failures,
    earl_report,
    failure,
    protocol_failures,
    suite_graphs,
)

REPORT = Path(__file__).parents[1] / "docs" / "sparql-conformance.ttl"


def main() -> None:
    every = [case for version in ("sparql10", "sparql11") for case in cases(version)]
    with tempfile.TemporaryDirectory() as folder:
        release = publish(Path(folder), suite_graphs())
        with serving(release.path / "graph") as service:
            outcomes = {case.iri: failure(service, case) for case in every}
            protocol, description = protocol_failures(service), description_failures(service)
    excluded = {case.iri: EXCLUDED[case.name] for case in every if case.name in EXCLUDED}
    REPORT.write_text(earl_report({**outcomes, **protocol, **description}, excluded), encoding="utf-8")
    for name, found in {"query": outcomes, "protocol": protocol, "service description": description}.items():
        failed = [iri for iri, reason in found.items() if reason is not None]
        print(f"{name}: {len(found) - len(failed)} of {len(found)} pass")
        for iri in failed:
            print(f"  {iri}: {excluded.get(iri) or found[iri]}")


if __name__ == "__main__":
    main()
