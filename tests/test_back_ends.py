"""A build publishes to every back end what the release itself carries, and readers never see half of it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graph.errors import InspectgraphError
from graph.release import Release, ReleaseWriter, switch
from indexer.pipeline import BuildOptions, BuildReport, build_release, remove_documents
from indexer.search import Filters, SearchRequest, SearchResponse
from ontology.namespaces import IG
from tests.back_ends import KINDS, BackEnd, running
from tests.samples.make_samples import write_samples
from tests.shared_models import shared_models
from webapp.services import OpenRelease, Services
from webapp.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AUTHORITIES = Path(__file__).parent / "samples" / "authorities.csv"
FIRST = ("haverwick_2015-06-12", "haverwick_2018-09-21", "haverwick-improvement-plan-2015")
ADDED = "norrowby_2018-06-29"
ASKED = (
    SearchRequest("supervision of social workers"),
    SearchRequest("children who go missing", Filters(kinds=("recommendation",))),
    SearchRequest("plans", Filters(since=2016, exclude_authorities=("Norrowby",))),
    SearchRequest('"social workers"'),
    SearchRequest("plans -children"),
    SearchRequest("thresholds OR assessments", Filters(authorities=("Haverwick",))),
    SearchRequest("file:haverwick AND children"),
    SearchRequest("-plan", Filters(kinds=("action",))),
    SearchRequest("supervision", mode="words", order="date"),
    SearchRequest("", Filters(kinds=("finding",), polarities=("improvement",))),
)
COUNTS = (
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT (COUNT(DISTINCT ?g) AS ?n) { GRAPH ?g { ?s ?p ?o } }",
    f"SELECT ?kind (COUNT(*) AS ?n) {{ ?item <{IG}text> ?text ; a ?kind }} GROUP BY ?kind ORDER BY ?kind",
)


@pytest.fixture(scope="module", params=KINDS[1:])
def back_end(request: pytest.FixtureRequest) -> Iterator[BackEnd]:
    with running(request.param) as started:
        yield started


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, back_end_settings: dict[str, Any], samples: Path) -> Settings:
    """Of a data folder with one release, of a council's two reports and its plan between them."""
    settings = Settings(data=tmp_path_factory.mktemp("built") / "data", **back_end_settings)
    chosen = tmp_path_factory.mktemp("first")
    for file in samples.iterdir():
        if file.stem in FIRST:
            shutil.copy(file, chosen / file.name)
    assert build(settings, chosen).counts["documents"] == len(FIRST)
    return settings


def options(settings: Settings) -> BuildOptions:
    return replace(
        BuildOptions.of(settings, data=settings.data, authorities=AUTHORITIES, jobs=2), models=shared_models()
    )


def build(settings: Settings, *paths: Path) -> BuildReport:
    return build_release(paths, options(settings))


def counted(release: OpenRelease, query: str) -> bytes:
    return b"".join(release.sparql.run(query, "csv"))


def told(response: SearchResponse) -> tuple[Any, ...]:
    """What a reader counts on."""
    return response.total, response.facets, response.close, response.themes


def answers_agree(settings: Settings) -> None:
    served = Services(settings).current()
    carried = Services(Settings(data=settings.data)).current()
    assert served.id == carried.id
    for request in ASKED:
        here, there = (release.searcher.search(request) for release in (carried, served))
        assert told(there) == told(here), request
        assert there.total > 0, request
        first, other = ({hit.iri for hit in answer.hits} for answer in (here, there))
        # PostgreSQL does not round the lengths of texts, so near ties by words change places
        assert len(first & other) >= 0.75 * len(first) == 0.75 * len(other), request
    for item in carried.tables.items.column("iri")[:20]:
        here, there = (release.searcher.similar(str(item)) for release in (carried, served))
        assert [hit.iri for hit in there.hits] == [hit.iri for hit in here.hits]
    for query in COUNTS:
        assert counted(served, query) == counted(carried, query), query
    for release in (served, carried):
        release.sparql.close()


def test_answers_are_those_of_the_release_s_own_files_while_documents_come_and_go(
    settings: Settings, samples: Path
) -> None:
    answers_agree(settings)
    first = Release.open(settings.data).id
    assert build(settings, samples / f"{ADDED}.pdf").counts["documents"] == len(FIRST) + 1
    answers_agree(settings)
    assert remove_documents([f"{ADDED}.pdf"], options(settings)).counts["documents"] == len(FIRST)
    answers_agree(settings)
    assert Release.open(settings.data).id != first


def test_a_reader_has_one_whole_release_while_another_is_published(settings: Settings, samples: Path) -> None:
    services = Services(settings)
    seen: list[tuple[str, int, bytes]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            release = services.current()
            total = release.searcher.search(SearchRequest("", limit=1)).total
            seen.append((release.id, total, counted(release, COUNTS[0])))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        before = Release.open(settings.data).id
        after = build(settings, samples / f"{ADDED}.pdf").release
        read_of_new = threading.Event()
        for _ in range(600):
            if seen and seen[-1][0] == after:
                read_of_new.set()
                break
            done.wait(0.1)
    finally:
        done.set()
        reader.join(60)
    assert read_of_new.is_set()
    assert {release for release, _, _ in seen} == {before, after}
    assert len(set(seen)) == 2  # of each release one total and one number of triples
    remove_documents([f"{ADDED}.pdf"], options(settings))


def test_builds_that_fail_at_the_last_moment_leave_the_served_release_whole(
    settings: Settings, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Services(settings).current()
    answers = [told(before.searcher.search(request)) for request in ASKED]

    def fail(*_: object) -> None:
        raise InspectgraphError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(ReleaseWriter, "publish", fail)
        for _ in range(options(settings).keep + 2):
            with pytest.raises(InspectgraphError, match="disk is full"):
                build(settings, samples / f"{ADDED}.pdf")
    assert [told(before.searcher.search(request)) for request in ASKED] == answers
    answers_agree(settings)


def test_an_earlier_release_is_served_again_when_an_operator_goes_back(settings: Settings, samples: Path) -> None:
    earlier = Release.open(settings.data).id
    build(settings, samples / f"{ADDED}.pdf")
    switch(settings.data, earlier)
    answers_agree(settings)
