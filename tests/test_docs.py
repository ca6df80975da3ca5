from __future__ import annotations

import re
from pathlib import Path

import pytest

from webapp import command_documentation, settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_page_of_commands_is_what_the_command_line_says() -> None:
    assert (ROOT / "docs/commands.md").read_text(encoding="utf-8") == command_documentation.documentation()


def test_the_page_of_settings_is_what_the_settings_say() -> None:
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == settings.documentation()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|mailto:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(
        r"`((?:ontology|graph|indexer|webapp|tests|docs|benchmarks)/[\w./-]*[\w/])`", page.read_text("utf-8")
    )
    missing = [name for name in named if not (ROOT / name).exists() and "NAME" not in name]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_that_a_page_names_exist(page: Path) -> None:
    commands = command_documentation.all_commands()
    for line in page.read_text(encoding="utf-8").splitlines():
        for name, rest in re.findall(r"inspectgraph ((?:curation )?[a-z]+)\b([^`#|]*)", line):
            if f"inspectgraph {name}" not in line or name in {"is", "reads", "serves", "not", "runs"}:
                continue
            assert name in commands, f"{page.name}: {line}"
            known = {option for parameter in commands[name].params for option in parameter.opts}
            assert set(re.findall(r"(?<!\w)--[a-z-]+", rest)) <= known | {"--help"}, f"{page.name}: {line}"


def test_targets_of_make_that_pages_name_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        for line in re.findall(
            r"`make ([a-z -]+)`|^    make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert set("".join(line).split()) <= targets, page.name
