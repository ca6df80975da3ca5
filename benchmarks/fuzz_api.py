"""Hold the API against its OpenAPI document by schemathesis, over HTTP, on the release of the invented documents.

    make fuzz-api                     # installs schemathesis into an environment of its own and runs 20,000 cases
    python -m benchmarks.fuzz_api --examples 20

All phases: the document's examples, boundary values, random cases, and sequences of calls. Checked: no status of 500 or
above, status, content type, headers and body as the document says. Left out is the check that nonsense is refused: the
API leaves filters that it does not know out, with a notice, and says so.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PORT = 8759
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=2500, help="random cases an operation; there are eight")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    own = Path("build/fuzz-api/bin/schemathesis").absolute()
    program = str(own) if own.exists() else shutil.which("schemathesis")
    if program is None:
        print("schemathesis is not installed: make fuzz-api")
        return 2
    from tests.small_release import publish

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        publish(data)
        command = [sys.executable, "-m", "webapp.cli", "serve", "--data", str(data), "--port", str(PORT)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait()
            done = subprocess.run(
                [program, "run", f"http://127.0.0.1:{PORT}/api/openapi.json", *_options(arguments)],
                capture_output=True,
                text=True,
                cwd=folder,
            )
        finally:
            server.terminate()
            server.wait(30)
    print(done.stdout[-6000:], done.stderr[-1000:])
    if found := re.search(r"(\d[\d,]*) generated", done.stdout):
        print(f"cases: {found.group(1)}")
    return done.returncode


def _options(arguments: argparse.Namespace) -> list[str]:
    number, seed = str(arguments.examples), str(arguments.seed)
    options = ["--phases", "examples,coverage,fuzzing,stateful", "--checks", CHECKS, "--mode", "all", "--no-color"]
    options += ["--max-examples", number, "--seed", seed, "--continue-on-failure", "--suppress-health-check", "all"]
    return options


def _wait() -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    sys.exit(main())
