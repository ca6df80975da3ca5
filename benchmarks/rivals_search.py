"""Search side by side with txtai, Chroma and LanceDB: same model, same items, same queries and judgements, one run.

    python -m benchmarks.rivals_search --gold ../shared/gold/search --scratch FOLDER

The rivals run under an interpreter of their own (``--python``; without it an environment is made in the scratch
folder, which downloads them), each in a process of its own. Quality is nDCG@10 over the judged queries; recall under a
filter is the share of the ten nearest by exact cosine, among the items of one year, that the engine finds when asked
for that year. Times are processor seconds of the process, so other work on the machine hardly shows; wall clock is
beside them. What an engine gave is kept in the scratch folder, so that a run that was ended goes on; empty the folder
for a new one.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PACKAGES = ["txtai==9.14.0", "chromadb>=1.5", "lancedb>=0.30"]
ENGINES = ("ours", "txtai", "chroma", "lancedb", "lancedb-hybrid", "txtai-hybrid")
Search = Callable[[str, int, int | None], list[str]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--gold", type=Path, default=Path("../shared/gold/search"))
    arguments.add_argument("--scratch", type=Path, required=True)
    arguments.add_argument("--python", type=Path, help="interpreter that has the rivals")
    arguments.add_argument("--engines", nargs="*", default=list(ENGINES))
    arguments.add_argument("--run", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.run:
        print(json.dumps(_one(given.run, given.scratch)))
        return
    from benchmarks import machine
    from indexer.embedding import default_model_dir

    given.scratch.mkdir(parents=True, exist_ok=True)
    _prepare(given.gold, given.scratch, str(default_model_dir()))
    facts = machine.machine()
    python = given.python or _environment(given.scratch)
    results = {}
    for engine in given.engines:
        kept = given.scratch / f"result-{engine}.json"
        if not kept.exists():
            interpreter = sys.executable if engine == "ours" else str(python)
            command = [interpreter, "-m", "benchmarks.rivals_search", "--scratch", str(given.scratch), "--run", engine]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{engine}: failed\n{done.stderr[-1500:]}", file=sys.stderr)
                continue
            kept.write_text(done.stdout.strip().splitlines()[-1], encoding="utf-8")
        results[engine] = json.loads(kept.read_text("utf-8"))
        shown = {key: value for key, value in results[engine].items() if key not in {"rankings", "filtered"}}
        print(engine, shown, flush=True)
    _score(given.gold, given.scratch, results)
    _print(results)
    stored = {name: {k: v for k, v in r.items() if k not in {"rankings", "filtered"}} for name, r in results.items()}
    machine.write("rivals_search", {"machine": facts, "engines": stored})


def _environment(scratch: Path) -> Path:
    folder = scratch / "rivals"
    if not (folder / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        # torch and sentence-transformers are those of this environment: the same engine under the same model
        site = next((folder / "lib").glob("python*/site-packages"))
        own = next(path for path in sys.path if path.endswith("site-packages"))
        (site / "shared.pth").write_text(own + "\n")
        subprocess.run([str(folder / "bin/pip"), "install", "--quiet", *PACKAGES], check=True)
    return folder / "bin" / "python"


def _prepare(gold: Path, scratch: Path, model: str) -> None:
    records = [json.loads(line) for line in (gold / "recs_dev.jsonl").read_text("utf-8").splitlines() if line]
    items = [
        {
            "id": r["id"],
            "text": r["text"],
            "file": r["file"],
            "year": int(found[0]) if (found := _years(r["file"])) else 0,
        }
        for r in records
    ]
    queries = [json.loads(line) for line in (gold / "queries_dev.jsonl").read_text("utf-8").splitlines() if line]
    year = Counter(item["year"] for item in items).most_common(1)[0][0]
    (scratch / "input.json").write_text(
        json.dumps({"items": items, "queries": queries, "year": year, "model": model}), encoding="utf-8"
    )


def _years(name: str) -> list[str]:
    return re.findall(r"(20\d\d)-\d\d", name)


# one engine, one process


def _one(engine: str, scratch: Path) -> dict[str, Any]:
    given = json.loads((scratch / "input.json").read_text("utf-8"))
    folder = scratch / f"index-{engine}"
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    folder.mkdir()
    started, wall = time.process_time(), time.perf_counter()
    search: Search = {
        "ours": _ours, "txtai": _txtai, "txtai-hybrid": _txtai_hybrid, "chroma": _chroma, "lancedb": _lancedb,
        "lancedb-hybrid": _lancedb_hybrid,
    }[engine](given, folder)  # fmt: skip
    built, built_wall = time.process_time() - started, time.perf_counter() - wall
    texts = [query["text"] for query in given["queries"]]
    search(texts[0], 20, None)  # the first one opens what is opened late
    times, rankings = [], {}
    for query in given["queries"]:
        at, own = time.perf_counter(), time.process_time()
        rankings[query["id"]] = search(query["text"], 20, None)
        times.append((time.process_time() - own, time.perf_counter() - at))
    filtered = {query["id"]: search(query["text"], 10, given["year"]) for query in given["queries"]}
    import resource

    return {
        "index_cpu_s": round(built, 2),
        "index_wall_s": round(built_wall, 2),
        "query_p50_cpu_ms": round(1000 * sorted(t[0] for t in times)[len(times) // 2], 1),
        "query_p50_wall_ms": round(1000 * sorted(t[1] for t in times)[len(times) // 2], 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "disk_mb": round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6, 1),
        "version": _version(engine),
        "rankings": rankings,
        "filtered": filtered,
    }


def _version(engine: str) -> str:
    from importlib.metadata import version

    return version({"ours": "inspectgraph", "chroma": "chromadb"}.get(engine, engine.partition("-")[0]))


def _ours(given: dict[str, Any], folder: Path) -> Search:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from indexer.build import build_index
    from indexer.embedding import OpenVinoEmbedder, converted_model
    from indexer.search import Filters, Searcher, SearchRequest
    from indexer.tables import DOCUMENTS, ITEMS

    empty = dict.fromkeys(ITEMS.names)
    rows = [
        {
            **empty,
            "iri": i["id"],
            "id": i["id"],
            "kind": "recommendation",
            "text": i["text"],
            "file": i["file"],
            "year": i["year"],
        }
        for i in given["items"]
    ]
    tables = {"items": pa.Table.from_pylist(rows, schema=ITEMS), "documents": DOCUMENTS.empty_table()}
    (folder / "tables").mkdir()
    for name, table in tables.items():
        pq.write_table(table, folder / "tables" / f"{name}.parquet")
    model = converted_model(folder.parent / "models")
    build_index(tables, folder, OpenVinoEmbedder(model), model_dir=model)
    searcher = Searcher.open(folder)

    def search(text: str, k: int, year: int | None) -> list[str]:
        filters = Filters(since=year, until=year)
        if year is not None:  # recall under a filter is about vectors alone
            vectors = searcher._ranker.understood(text).vectors[:1]
            near = searcher.vectors.search(vectors, k, searcher._scope(filters).mask)
            return [searcher._texts.iri(row) for row in near.rows[0].tolist() if row >= 0]
        return [hit.iri for hit in searcher.search(SearchRequest(text, limit=k)).hits]

    return search


def _txtai(given: dict[str, Any], folder: Path, *, hybrid: bool = False) -> Search:
    from txtai import Embeddings

    embeddings = Embeddings(path=given["model"], content=True, hybrid=hybrid)
    embeddings.index((item["id"], {"text": item["text"], "year": item["year"]}, None) for item in given["items"])
    embeddings.save(str(folder / "index"))

    def search(text: str, k: int, year: int | None) -> list[str]:
        if year is None:
            return [found["id"] for found in embeddings.search(text, k)]
        query = f"select id, score from txtai where similar(:text) and year = {year} limit {k}"
        return [found["id"] for found in embeddings.search(query, parameters={"text": text})]

    return search


def _txtai_hybrid(given: dict[str, Any], folder: Path) -> Search:
    return _txtai(given, folder, hybrid=True)


def _chroma(given: dict[str, Any], folder: Path) -> Search:
    import chromadb
    from chromadb.config import Settings
    from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

    client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    function = SentenceTransformerEmbeddingFunction(model_name=given["model"], normalize_embeddings=True)
    collection = client.create_collection("items", embedding_function=function, metadata={"hnsw:space": "ip"})  # type: ignore[arg-type]
    for start in range(0, len(given["items"]), 500):
        part = given["items"][start : start + 500]
        collection.add(
            ids=[i["id"] for i in part],
            documents=[i["text"] for i in part],
            metadatas=[{"year": i["year"]} for i in part],
        )

    def search(text: str, k: int, year: int | None) -> list[str]:
        where = {"year": year} if year is not None else None
        return collection.query(query_texts=[text], n_results=k, where=where)["ids"][0]

    return search


def _lancedb(given: dict[str, Any], folder: Path, *, hybrid: bool = False) -> Search:
    import lancedb
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(given["model"], device="cpu")
    vectors = model.encode([i["text"] for i in given["items"]], normalize_embeddings=True, batch_size=32)
    table = lancedb.connect(str(folder)).create_table(
        "items", [{**item, "vector": vector} for item, vector in zip(given["items"], vectors, strict=True)]
    )
    if hybrid:
        table.create_fts_index("text")

    def search(text: str, k: int, year: int | None) -> list[str]:
        vector = model.encode(text, normalize_embeddings=True)
        if hybrid and year is None:
            query = table.search(query_type="hybrid").vector(vector).text(text).limit(k)
        else:
            query = table.search(vector).distance_type("dot").limit(k)
        if year is not None:
            query = query.where(f"year = {year}", prefilter=True)
        return [row["id"] for row in query.to_list()]

    return search


def _lancedb_hybrid(given: dict[str, Any], folder: Path) -> Search:
    return _lancedb(given, folder, hybrid=True)


# figures


def _score(gold: Path, scratch: Path, results: dict[str, dict[str, Any]]) -> None:
    import numpy as np

    from benchmarks.evaluate_search import ndcg, read_gold
    from indexer.embedding import SentenceTransformersEmbedder

    judged = read_gold(gold, "dev")
    given = json.loads((scratch / "input.json").read_text("utf-8"))
    items = [item for item in given["items"] if item["year"] == given["year"]]
    model = SentenceTransformersEmbedder(given["model"])
    held = model.encode([item["text"] for item in items])
    asked = model.encode([query["text"] for query in given["queries"]])
    exact = {
        query["id"]: {items[i]["id"] for i in np.argsort(-(held @ vector), kind="stable")[:10].tolist()}
        for query, vector in zip(given["queries"], asked, strict=True)
    }
    for result in results.values():
        scores = [ndcg(judged.grades[query.id], result["rankings"][query.id]) for query in judged.queries]
        result["ndcg_10"] = round(float(np.mean(scores)), 3)
        found = [len(exact[q] & set(result["filtered"][q])) / len(exact[q]) for q in exact]
        result["filtered_recall_10"] = round(float(np.mean(found)), 3)


def _print(results: dict[str, dict[str, Any]]) -> None:
    ours = results.get("ours")
    columns: Sequence[str] = (
        "ndcg_10", "filtered_recall_10", "query_p50_cpu_ms", "index_cpu_s", "peak_mb", "disk_mb"
    )  # fmt: skip
    if ours:
        print("rival divided by ours (quality: above 1 the rival is better; cost: above 1 ours is)")
        for name, result in results.items():
            ratios = "  ".join(f"{column} {result[column] / max(ours[column], 1e-9):.2f}" for column in columns)
            print(f"{name:<16}{ratios}")
    for name, result in results.items():
        print(f"{name:<16}" + "  ".join(f"{column} {result[column]}" for column in columns))


if __name__ == "__main__":
    main()
