"""Documents read and extracted as the build does it, for the benchmarks to count and compare."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from graph.ingest import Failure, LocalExecutor, ParsedDocument, SourceStore, find_sources, parse_all


def parsed_documents(
    paths: Iterable[Path], *, jobs: int = 1, keep: Path | None = None, authorities: Path | None = None
) -> tuple[dict[str, ParsedDocument], list[Failure]]:
    """Parses by base name, and what could not be parsed.

    keep: a folder that remembers parses from one run to the next; the extractor's version is all that makes it forget,
    so give a fresh one after a change of code.
    """
    with nullcontext(str(keep)) if keep is not None else tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        (data / "work").mkdir(parents=True, exist_ok=True)
        sources, missing = find_sources(paths)
        done = 0

        def progress(fresh: bool) -> None:
            nonlocal done
            done += 1
            if sys.stderr.isatty() or done % 50 == 0:
                print(f"\r{done} of {len(sources)} read", end="", file=sys.stderr, flush=True)

        documents, failures = parse_all(
            sources,
            SourceStore(data / "sources"),
            data / "work" / "parsed",
            LocalExecutor(jobs),
            authorities=authorities,
            progress=progress,
        )
        return {source.path.name: kept.load() for source, kept in documents}, [*missing, *failures]
