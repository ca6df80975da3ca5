"""Programs of others that tests ask: found where they are installed, and None where they are not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COMUNICA = Path(__file__).with_name("comunica")


def comunica_is_here() -> bool:
    return shutil.which("node") is not None and (COMUNICA / "node_modules" / "@comunica" / "query-sparql").is_dir()


def comunica(source: str, queries: Sequence[str]) -> list[dict[str, Any]]:
    """Comunica's answers over an endpoint's address or a file of N-Triples; ``queries.js`` says in which form."""
    done = subprocess.run(
        ["node", "queries.js"],
        input=json.dumps({"source": source, "queries": list(queries)}),
        capture_output=True,
        text=True,
        cwd=COMUNICA,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
