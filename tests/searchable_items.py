"""A few invented items as a searchable release, for the tests of search. Councils and texts are made up."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from indexer.build import VECTORS, build_index, publish_to_database
from indexer.cluster import SHARDS, write_shards
from indexer.embedding import EmbeddingCache, OpenVinoEmbedder, converted_model
from indexer.facets import Scheme
from indexer.search import Searcher
from indexer.tables import DOCUMENTS, ITEMS
from tests.shared_models import shared_models, shared_vectors

ITEM = "https://example.org/recommendations/"
DOCUMENT = "https://example.org/documents/"

#: council, year, kind, polarity, theme, text
_ITEMS = (
    (
        "Avonford",
        2014,
        "recommendation",
        None,
        "supervision",
        "Give every social worker reflective supervision.",
    ),
    ("Avonford", 2014, "recommendation", None, "private-fostering", "Raise awareness of private fostering locally."),
    ("Avonford", 2014, "finding", "strength", "early-help", "Early help is well coordinated. Families wait little."),
    ("Avonford", 2014, "finding", "improvement", "permanence", "Permanence planning is not considered soon enough."),
    ("Avonford", 2018, "recommendation", None, "supervision", "Make supervision regular and reflective for all staff."),
    ("Avonford", 2018, "recommendation", None, "care-leavers", "Find suitable accommodation for every care leaver."),
    ("Brinmouth", 2016, "recommendation", None, "supervision", "Staff supervision should be reflective and recorded."),
    ("Brinmouth", 2016, "recommendation", None, "early-help", "Agree the common assessment framework with schools."),
    (
        "Brinmouth",
        2016,
        "finding",
        "improvement",
        "missing",
        "Return home interviews are late for missing children.",
    ),
    ("Brinmouth", 2016, "action", None, "care-leavers", "Open four flats for young people who leave care."),
    ("Brinmouth", 2020, "recommendation", None, "permanence", "Secure permanence for all children in long-term care."),
    ("Brinmouth", 2020, "finding", "strength", "missing", "Young carers are found early and well supported."),
    ("Caldwater", 2017, "recommendation", None, "supervision", "Staff supervision should be reflective, and recorded!"),
    ("Caldwater", 2017, "recommendation", None, "private-fostering", "Visit privately fostered children on time."),
    (
        "Caldwater",
        2017,
        "recommendation",
        None,
        "front-door",
        "Clarify thresholds at the multi-agency safeguarding hub",
    ),
    ("Caldwater", 2017, "finding", "mixed", "care-leavers", "Pathway plans are regular. Their quality varies much."),
    ("Caldwater", 2021, "recommendation", None, "front-door", "Tell referrers what became of their referrals."),
    ("Caldwater", 2021, "finding", "improvement", "early-help", "The organisation of parenting classes is poor."),
)
_GSS = {"Avonford": "E90000001", "Brinmouth": "E90000002", "Caldwater": "E90000003"}
_REGION = {"Avonford": "South West", "Brinmouth": "North East", "Caldwater": "North East"}
SCHEME = Scheme(
    broader={"permanence": "children-in-care", "early-help": "help-and-protection", "missing": "help-and-protection"},
    neighbours={"E90000001": ("E90000003",)},
    labels={},
)


def tables() -> dict[str, pa.Table]:
    rows, documents = [], {}
    for place, (council, year, kind, polarity, theme, text) in enumerate(_ITEMS):
        document = f"{DOCUMENT}{council.lower()}-{year}"
        facts = {"authority": council, "gss_code": _GSS[council], "published": f"{year}-05-01", "year": year}
        rows.append(
            {
                **dict.fromkeys(ITEMS.names),
                **facts,
                "iri": f"{ITEM}{place}",
                "id": str(place),
                "kind": kind,
                "text": text,
                "polarity": polarity,
                "themes": [theme],
                "document": document,
                "file": f"{council.lower()}_{year}.pdf",
                "section": "What to do" if kind == "recommendation" else "Findings",
                "region": _REGION[council],
                "inspectorate": "Ofsted",
                "grade": "good" if year > 2016 else "inadequate",
            }
        )
        documents[document] = {
            **dict.fromkeys(DOCUMENTS.names),
            **facts,
            "iri": document,
            "id": document.rsplit("/", 1)[1],
            "title": f"Inspection of children's services in {council}, {year}",
            "kind": "inspection-report",
        }
    return {
        "items": pa.Table.from_pylist(rows, schema=ITEMS),
        "documents": pa.Table.from_pylist(list(documents.values()), schema=DOCUMENTS),
    }


@lru_cache(maxsize=1)
def scratch() -> Path:
    """A folder for this test run; the converted model is kept between runs where the operator names a folder."""
    return Path(tempfile.mkdtemp(prefix="inspectgraph-search-"))


@lru_cache(maxsize=1)
def model_dir() -> Path:
    return converted_model(shared_models())


@lru_cache(maxsize=1)
def embedder() -> OpenVinoEmbedder:
    return OpenVinoEmbedder(model_dir(), threads=1)


@lru_cache(maxsize=1)
def release() -> Path:
    folder = scratch() / "release"
    made = tables()
    (folder / "tables").mkdir(parents=True)
    for name, table in made.items():
        pq.write_table(table, folder / "tables" / f"{name}.parquet")
    cache = EmbeddingCache(shared_vectors())
    build_index(made, folder, embedder(), cache=cache, scheme=SCHEME, model_dir=model_dir())
    cache.close()
    return folder


@lru_cache(maxsize=1)
def _searcher(database: str, cluster: str) -> Searcher:
    if database:
        publish_to_database(release(), database)
    if cluster:
        vectors = np.load(release() / VECTORS / "vectors.npy", allow_pickle=False)
        write_shards(vectors, embedder().identity, release() / SHARDS, 3)
    return Searcher.open(release(), database=database, shards=cluster)


#: What ``searcher`` asks: addresses of a search database and of a cluster; both empty for the release's files.
over = {"database": "", "cluster": ""}


def searcher() -> Searcher:
    return _searcher(**over)
