"""``docs/commands.md``, written from the command line itself: ``python -m webapp.command_documentation``."""

from __future__ import annotations

import click

from webapp.cli import main

_HEAD = """# Commands

This page is written from `webapp/cli.py` by `python -m webapp.command_documentation > docs/commands.md`. Every command
takes `--help`. Errors are one line on standard error; the exit status is 0 when the command did what it says, 1 when it
could not, 2 for a mistake in the call and for `build --strict` with failures.
"""


def documentation() -> str:
    """The text of the page: one section a command, in alphabetical order."""
    return _HEAD + "".join(_section(name, command) for name, command in sorted(all_commands().items()))


def all_commands() -> dict[str, click.Command]:
    """Every command by its name; a command of a group under both names, such as ``curation list``."""
    found: dict[str, click.Command] = {}
    for name, command in main.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name} {own}": inner for own, inner in command.commands.items()}
        else:
            found[name] = command
    return found


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"inspectgraph {name}")
    arguments = " ".join(p.make_metavar(context) for p in command.params if isinstance(p, click.Argument))
    lines = ["", f"## `inspectgraph {name}`", "", f"    inspectgraph {name} [OPTIONS] {arguments}".rstrip(), ""]
    lines += [" ".join(paragraph.split()) + "\n" for paragraph in (command.help or "").split("\n\n")]
    options = [record for p in command.params if (record := p.get_help_record(context)) and isinstance(p, click.Option)]
    if options:
        lines += ["| option | |", "|---|---|", *(f"| `{names}` | {_cell(text)} |" for names, text in options)]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(documentation(), end="")
