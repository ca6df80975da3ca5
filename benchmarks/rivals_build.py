"""A build beside the script that a competent user writes in a day (``benchmarks/plain_script.py``), in one run.

    python -m benchmarks.rivals_build --scratch FOLDER [--documents 24]

Both read the same PDFs from nothing, one after the other; times are processor seconds of the process and its children,
wall clock beside them. Quality: of the recommendations that the search judgements list for these documents, how many
each found, and how many of those found are listed; two are the same when they share six in ten of their words.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import machine


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--corpus", type=Path, default=Path("../shared/corpus/ilacs"))
    arguments.add_argument("--gold", type=Path, default=Path("../shared/gold"))
    arguments.add_argument("--scratch", type=Path, required=True)
    arguments.add_argument("--documents", type=int, default=24)
    given = arguments.parse_args()
    facts = machine.machine()
    papers = _papers(given.corpus, given.gold, given.scratch / "papers", given.documents)
    from indexer.embedding import converted_model, default_model_dir

    models = given.scratch / "models"
    converted_model(models)  # once a machine, as the plain script's model was fetched once
    data = given.scratch / "data"
    shutil.rmtree(data, ignore_errors=True)
    (data / "work").mkdir(parents=True)
    (data / "work" / "models").symlink_to(models.absolute())
    command = [sys.executable, "-m", "webapp.cli"]
    results: dict[str, Any] = {}
    results["ours"] = _timed([*command, "build", str(papers), "--data", str(data)])
    subprocess.run(
        [*command, "export", "items", "--output", str(given.scratch / "ours.jsonl"), "--data", str(data)], check=True
    )
    plain = given.scratch / "plain"
    script = [sys.executable, "-m", "benchmarks.plain_script"]
    results["plain"] = _timed([*script, str(papers), str(plain), str(default_model_dir())])
    results["ours, nothing changed"] = _timed([*command, "build", str(papers), "--data", str(data)])
    gold = {file: texts for file, texts in _gold(given.gold).items() if (papers / file).exists()}
    for name, file in (("ours", given.scratch / "ours.jsonl"), ("plain", plain / "items.jsonl")):
        results[name] |= _quality(gold, file)
    print(
        "plain script divided by ours: "
        + ", ".join(
            f"{key} {results['plain'][key] / results['ours'][key]:.2f}" for key in ("cpu_s", "wall_s", "peak_mb")
        )
    )
    for name, result in results.items():
        print(name, json.dumps(result))
    machine.write("rivals_build", {"machine": facts, "documents": given.documents, "results": results})


def _papers(corpus: Path, gold: Path, folder: Path, count: int) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    judged = _gold(gold)
    for file in sorted(file for file in corpus.glob("*.pdf") if file.name in judged)[:count]:
        (folder / file.name).symlink_to(file.absolute())
    return folder


def _timed(command: list[str]) -> dict[str, Any]:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *command], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "wall_s": round(time.perf_counter() - started, 1),
        "peak_mb": int(done.stderr.split()[-1]) // 1024,
    }


def _gold(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (folder / "search" / "recs_dev.jsonl").read_text("utf-8").splitlines():
        if line:
            listed = json.loads(line)
            found.setdefault(listed["file"], []).append(listed["text"])
    return found


def _quality(gold: dict[str, list[str]], items: Path) -> dict[str, float]:
    lines = [json.loads(line) for line in items.read_text("utf-8").splitlines()]
    right = found = wanted = 0
    for file, texts in gold.items():
        made = [_words(line["text"]) for line in lines if line["file"] == file and line["type"] == "recommendation"]
        found, wanted = found + len(made), wanted + len(texts)
        for text in texts:
            words = _words(text)
            best = max(made, key=lambda other: len(words & other) / len(words | other), default=None)
            if best is not None and len(words & best) >= 0.6 * len(words | best):
                right += 1
                made.remove(best)
    return {
        "recommendations_recall": round(right / wanted, 3) if wanted else 0.0,
        "recommendations_precision": round(right / found, 3) if found else 0.0,
    }


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


if __name__ == "__main__":
    main()
