"""Every setting of the program: one frozen table, read once, which also writes ``docs/settings.md``.

A setting ``page_size`` is read from the environment variable ``INSPECTGRAPH_PAGE_SIZE``. Only the composition root
reads the environment; everything else is given values.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from graph.errors import InspectgraphError

_LOG = logging.getLogger(__name__)

PREFIX = "INSPECTGRAPH_"


_DATA = Path("inspectgraph-data")


class SettingError(InspectgraphError):
    """A setting whose value cannot be taken."""


def _setting(default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True, slots=True)
class Settings:
    """Name, default and meaning of every setting; sizes and times carry their unit in the name."""

    # what is served, and under which name
    data: Path = field(default=_DATA, metadata={"help": "Folder that holds everything; nothing is written elsewhere."})
    base_iri: str = _setting(
        "https://w3id.org/inspectgraph/",
        "Base of the IRIs that a build mints; ends with a slash. The web application serves their path part under "
        "whatever address it is reached.",
    )
    public_url: str = _setting(
        "",
        "Address under which the public reaches the web application, without a slash at the end. Empty: taken from "
        "each request, for use on one machine.",
    )
    operator: str = _setting("", "Who runs this service, for the footer and the accessibility statement.")
    contact: str = _setting("", "Mail address or web page where users report mistakes and barriers.")
    serve_sources: bool = _setting(
        True, "Whether readers may fetch the stored source files and see images of their pages."
    )
    curation_publish: bool = _setting(
        True, "Whether a correction made on the web is published at once, by a child process of the server."
    )
    # building
    model: str = _setting(
        "", "Embedding model: name or path for sentence-transformers. Empty: the one that is installed."
    )
    jobs: int = _setting(0, "Documents parsed at a time. 0: as many as there are cores.")
    parse_seconds: float = _setting(120.0, "Wall clock that the parsing of one document may take.")
    parse_memory_mb: int = _setting(3072, "Memory that the parsing of one document may take.")
    build_memory_mb: int = _setting(
        2048,
        "Memory that a build gives to what grows with the corpus, beyond some that it needs in any case "
        "(docs/architecture.md); the rest lies in files below the data folder while it runs. 0: any.",
    )
    graph_datasets: str = _setting(
        "",
        "Addresses of two or more datasets of a graph server, with spaces between: builds publish the graph there as "
        "well, into one that is not being read, and it is served from there. Empty: from the release itself.",
    )
    graph_server: str = _setting("sparql", "Kind of the graph server: sparql, oxigraph or virtuoso.")
    graph_query_path: str = _setting("", "Path of the query operation below a dataset's address. Empty: its kind's.")
    graph_data_path: str = _setting("", "Path of the Graph Store below a dataset's address. Empty: its kind's.")
    graph_reader: str = _setting("", "Account that reads from the graph server. Empty: none is needed.")
    graph_reader_password: str = _setting("", "Password of that account.")
    graph_writer: str = _setting("", "Account that writes to the graph server, for builds. Empty: the reader's.")
    graph_writer_password: str = _setting("", "Password of that account.")
    search_database: str = _setting(
        "",
        "PostgreSQL address, such as postgresql://user:password@host/name: builds bring vectors and words there too, "
        "and search asks it. Empty: the release's own files.",
    )
    cluster: str = _setting(
        "",
        "Address of a Ray cluster, or auto for the one that this machine is part of: builds read, extract and embed "
        "there. Empty: on this machine.",
    )
    vector_shards: int = _setting(
        0, "Into how many parts the vectors are cut, each searched by a worker of the cluster. 0: not cut."
    )
    keep_releases: int = _setting(3, "How many releases stay on disk, the current one included.")
    # pages
    page_size: int = _setting(20, "Results on one page of a search.")
    query_characters: int = _setting(500, "Longer search texts are cut to this length, with a notice.")
    export_rows: int = _setting(50_000, "Rows that CSV, XLSX and JSON exports hold at most.")
    feed_entries: int = _setting(1_000, "Entries that one page of an Atom feed holds.")
    briefing_items: int = _setting(50, "Items that a DOCX briefing quotes.")
    image_seconds: float = _setting(10.0, "Wall clock that the drawing of one page image may take.")
    image_cache_mb: int = _setting(500, "Disk space for page images; the least recently drawn go first.")
    request_bytes: int = _setting(1 << 20, "Largest request body that is taken.")
    # traffic
    requests_per_minute: int = _setting(
        600, "Requests that one client may make a minute, and no more than that; 0: any number. Static files are free."
    )
    requests_burst: int = _setting(120, "Requests that a client who was silent may make at one go.")
    requests_at_once: int = _setting(8, "Requests of one client that are answered at a time by one server process.")
    trusted_proxies: int = _setting(
        0,
        "Reverse proxies in front whose X-Forwarded-For, -Proto and -Host are believed. Without any, clients on this "
        "machine are not limited.",
    )
    log_requests: bool = _setting(True, "Whether the server writes a line of JSON a request, without personal data.")
    metrics_port: int = _setting(0, "Port on 127.0.0.1 where Prometheus finds figures. 0: none.")
    # matching a plan
    match_bytes: int = _setting(5_000_000, "Largest draft plan that can be sent for matching.")
    match_seconds: float = _setting(30.0, "Wall clock that the reading of a draft plan may take.")
    match_readers: int = _setting(2, "Draft plans read at a time in one server process; further ones wait.")
    match_lines: int = _setting(100, "Lines of a draft plan that are matched at a time.")
    match_similar: int = _setting(5, "Similar recommendations shown for each line of a draft plan.")
    # SPARQL
    sparql_seconds: float = _setting(10.0, "Wall clock of one SPARQL query.")
    sparql_memory_mb: int = _setting(1024, "Memory of one SPARQL worker.")
    sparql_workers: int = _setting(4, "SPARQL queries evaluated at a time in one server process.")
    sparql_resident_mb: int = _setting(
        1024,
        "Graphs up to this size on disk are held in memory for SPARQL, once for each server process: queries are "
        "answered several times faster, for about twice the size. 0: never.",
    )
    sparql_rows: int = _setting(100_000, "Rows or triples that one SPARQL answer holds at most.")
    sparql_bytes: int = _setting(50_000_000, "Bytes that one SPARQL answer holds at most.")
    sparql_query_bytes: int = _setting(32_768, "Longest SPARQL query that is taken.")

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
        """From the environment, then ``overrides`` (None means: not given).

        An unknown INSPECTGRAPH_ name is logged, so that a misspelt setting is not silently without effect.
        Raises SettingError for a value of the wrong kind.
        """
        given = os.environ if environment is None else environment
        known = {variable(f.name): f for f in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in given.items():
            if not name.startswith(PREFIX):
                continue
            if name not in known:
                _LOG.warning("%s is no setting: see docs/settings.md for those there are", name)
                continue
            values[known[name].name] = _parsed(name, text, known[name].default)
        values.update({name: value for name, value in overrides.items() if value is not None})
        settings = cls(**values)
        if not settings.base_iri.endswith("/"):
            raise SettingError(f"{variable('base_iri')} must end with a slash: {settings.base_iri}")
        return settings


def variable(name: str) -> str:
    """The environment variable of the setting ``name``."""
    return PREFIX + name.upper()


def _parsed(name: str, text: str, default: Any) -> Any:
    text = text.strip()
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
        if isinstance(default, int | float):
            value = type(default)(text)
            if value < 0:
                raise ValueError(text)
            return value
    except (KeyError, ValueError) as err:
        wanted = "yes or no" if isinstance(default, bool) else "a number that is not negative"
        raise SettingError(f"{name} must be {wanted}, not {text!r}") from err
    return Path(text) if isinstance(default, Path) else text


def documentation() -> str:
    """The text of ``docs/settings.md``."""
    lines = [
        "# Settings",
        "",
        "Each is an environment variable; a command-line option of the same name wins. This page is written from",
        "`webapp/settings.py` by `python -m webapp.settings > docs/settings.md`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for item in fields(Settings):
        default = {True: "yes", False: "no"}.get(item.default) if isinstance(item.default, bool) else item.default
        shown = f"`{default}`" if str(default) else "(empty)"
        lines.append(f"| `{variable(item.name)}` | {shown} | {item.metadata['help']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(documentation(), end="")
