"""What the pages on safety say is true: named tests exist, deployed files keep their rules, licences are allowed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from webapp.settings import Settings, variable

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = set(re.findall(r"^([A-Za-z0-9._-]+)==", LOCK, re.MULTILINE))

#: SPDX ids and older names of licences that a dependency may have: permissive, or weak copyleft used unchanged.
ALLOWED = frozenset(
    """
    MIT | MIT License | MIT-CMU | MIT-0 | BSD | BSD License | BSD-2-Clause | BSD-3-Clause | 3-Clause BSD License
    0BSD | Apache-2.0 | Apache License | Apache 2.0 | Apache 2.0 License | Apache Software License
    Apache License 2.0 | Apache License, Version 2.0 | Apache-2.0 WITH LLVM-exception | ISC | ISC License (ISCL)
    Zlib | CC0-1.0 | Unlicense | The Unlicense (Unlicense) | BSL-1.0 | Python Software Foundation License | PSF-2.0
    CNRI-Python | Python-2.0 | W3C License | W3C-20150513 | MPL-2.0 | Mozilla Public License 2.0 (MPL 2.0) | HPND
    DFSG approved | dependency licenses
    """.replace("\n", " | ")
    .replace("    ", "")
    .split(" | ")
)
#: Not permissive, and why that is acceptable.
EXCEPTIONS = {
    "fpdf2": "LGPL-3.0-only; writes the PDFs of the sample corpus, for development alone",
    "psycopg": "LGPL-3.0-only; used unchanged, in an extra",
    "psycopg-binary": "LGPL-3.0-only; used unchanged, in an extra",
    "owlrl": "W3C licence, told as 'OSI Approved' only",
    "axe-playwright-python": "MIT, told in its repository only; for development alone",
}


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")))
    there = {
        name
        for file in (ROOT / "tests").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 35
    assert named - there == set()


def test_every_row_of_the_threat_model_names_a_test() -> None:
    text = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")
    rows = text.split("| threat | rule | test |")[1].split("\n\n")[0].strip().splitlines()[1:]
    assert len(rows) > 25
    assert [row for row in rows if "`test_" not in row.split("|")[3]] == []


@pytest.mark.parametrize("name", ["THREAT_MODEL.md", "SECURITY.md"])
def test_links_of_these_pages_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text) + re.findall(r"`((?:deploy|docs)/[\w./-]+)`", text)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_script_of_the_page_on_reliability_is_there_and_takes_its_options() -> None:
    text = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    scripts = set(re.findall(r"python -m (benchmarks\.\w+)((?: --[a-z]+)*)", text))
    assert scripts
    for module, _ in scripts:
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module


# -------------------------------------------------------------------------------------------------------- supply chain


def test_every_locked_package_has_hashes() -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9._-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) > 50
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []


def _licences(distribution: Distribution) -> list[str]:
    metadata = distribution.metadata
    classified = [c.rsplit("::", 1)[1].strip() for c in metadata.get_all("Classifier", []) if c.startswith("License :")]
    told = metadata.get("License-Expression") or ", ".join(classified) or (metadata.get("License") or "").split("\n")[0]
    return re.split(r" AND | OR |, ", re.sub(r"[()](?!ISC|MPL|Unl)", "", told) if " AND " in told else told)


def test_licences_of_installed_packages_are_on_the_list() -> None:
    wanted = {name.lower().replace("_", "-") for name in LOCKED} | {"torch"}
    wrong = {}
    for distribution in distributions():
        name = distribution.metadata["Name"].lower().replace("_", "-")
        if name in wanted and name not in EXCEPTIONS and not set(_licences(distribution)) <= ALLOWED:
            wrong[name] = _licences(distribution)
    assert wrong == {}


def test_usage_statistics_are_blocked() -> None:
    code = """
import sys
from indexer.openvino_runtime import import_openvino
import_openvino()
import openvino.tools.ovc
assert sys.modules["openvino_telemetry"] is None
assert not any(name.startswith("openvino_telemetry.") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_there_are_no_secrets_in_the_repository() -> None:
    pattern = re.compile(
        r"(?i)(?:api[_-]?key|secret|password|token)\s*[:=]\s*['\"][A-Za-z0-9+/_-]{20,}['\"]|BEGIN [A-Z ]*PRIVATE KEY--"
    )
    patterns = ("*/**/*.py", "deploy/*", "*.toml", "*.md", "docs/*.md")
    sources = [file for glob in patterns for file in ROOT.glob(glob) if ".venv" not in file.parts]
    found = [str(file) for file in sources if pattern.search(file.read_text(encoding="utf-8", errors="ignore"))]
    assert found == []


# ---------------------------------------------------------------------------------------------------------- deployment


def test_the_container_file_keeps_the_rules_of_its_trade() -> None:
    """What hadolint would say: a tag on every base, no root at run time, no ADD, copies named, a health check."""
    text = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", text).splitlines()
    commands = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#") and not line[0].isspace()]
    verbs = [verb for verb, _ in commands]
    assert all(re.fullmatch(r"\S+:\d[\w.-]*(?: AS \w+)?", rest) for verb, rest in commands if verb == "FROM")
    assert "ADD" not in verbs
    last_stage = commands[len(verbs) - 1 - verbs[::-1].index("FROM") :]
    assert [rest for verb, rest in last_stage if verb == "USER"] == ["10001:10001"]
    assert {"HEALTHCHECK", "ENTRYPOINT", "CMD"} <= {verb for verb, _ in last_stage}
    assert all(rest.startswith("[") for verb, rest in last_stage if verb in {"ENTRYPOINT", "CMD"})
    assert all("--no-cache-dir" in part for part in text.split("&&") if "pip install" in part)
    assert "--require-hashes" in text


def test_settings_that_the_deployed_files_name_exist() -> None:
    known = {variable(name) for name in Settings.__dataclass_fields__}
    for file in (ROOT / "deploy").iterdir():
        assert set(re.findall(r"INSPECTGRAPH_[A-Z_]+", file.read_text(encoding="utf-8"))) <= known, file


def test_systemd_takes_the_unit_and_rates_it_safe(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    unit = (ROOT / "deploy/inspectgraph.service").read_text(encoding="utf-8")
    unit = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", unit)
    file = tmp_path / "inspectgraph.service"
    file.write_text(unit, encoding="utf-8")
    checked = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True)
    assert "inspectgraph.service" not in checked.stderr, checked.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", str(file)], capture_output=True, text=True
    )
    assert rated.returncode == 0, rated.stdout[-400:]
