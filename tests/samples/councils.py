"""The fictional councils that the sample documents are about.

``authorities.csv`` beside this file has the columns of ``ontology/authorities.csv``: no place of these names exists,
and no real GSS code has 99 after its type.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

REGISTER_FILE = Path(__file__).with_name("authorities.csv")


@dataclass(frozen=True, slots=True)
class Council:
    """``name`` is the register's short name, ``full_name`` how the council writes itself, ``domain`` its web site."""

    name: str
    full_name: str
    gss_code: str
    domain: str


def _full_name(row: dict[str, str]) -> str:
    return row["also_known_as"].split("|")[0]


def councils() -> dict[str, Council]:
    """By the first word of their names, in lower case."""
    with REGISTER_FILE.open(encoding="utf-8", newline="") as lines:
        found = [Council(row["name"], _full_name(row), row["gss_code"], row["domain"]) for row in csv.DictReader(lines)]
    return {council.name.split()[0].lower(): council for council in found}
