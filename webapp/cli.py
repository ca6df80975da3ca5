"""The command line ``inspectgraph``. Heavy modules are imported by the command that needs them, so help is instant."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from indexer.search import SearchResponse

DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default="inspectgraph-data",
    envvar="INSPECTGRAPH_DATA",
    show_default=True,
    help="Folder that holds everything; nothing is written elsewhere.",
)
LIMIT = click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Results a query.")


class _Group(click.Group):
    """Errors that are the input's fault end as one line and exit status 1, never as a traceback."""

    def invoke(self, context: click.Context) -> Any:
        from graph.errors import InspectgraphError

        try:
            return super().invoke(context)
        except InspectgraphError as err:
            raise click.ClickException(str(err)) from err
        except OSError as err:
            place = f"{err.filename}: " if err.filename else ""
            raise click.ClickException(f"{place}{err.strerror or err}") from err


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="inspectgraph")
def main() -> None:
    """A knowledge graph of what inspectors found: build it, search it, serve it.

    Start with `inspectgraph build FOLDER` and `inspectgraph serve`.
    """


@main.command()
@click.argument("source", nargs=-1, required=True, type=click.Path(path_type=Path))
@DATA
@click.option(
    "--metadata",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV of what documents do not print: columns file, and any of authority, gss_code, published, publisher, "
    "kind, framework, url, title, licence. It wins over what was read.",
)
@click.option(
    "--authorities",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV of further authorities, with the columns of ontology/authorities.csv. The release keeps them.",
)
@click.option("--jobs", type=click.IntRange(1, 256), default=None, help="Documents parsed at a time [default: cores].")
@click.option(
    "--memory", type=click.IntRange(min=0), default=None, help="MB for what grows with the corpus [default: 2048]."
)
@click.option("--strict", is_flag=True, help="Exit with status 2 when any source failed.")
@click.option("--prune", is_flag=True, help="Drop the documents of earlier builds whose files are gone.")
def build(
    source: tuple[Path, ...],
    data: Path,
    metadata: Path | None,
    authorities: Path | None,
    jobs: int | None,
    memory: int | None,
    strict: bool,
    prune: bool,
) -> None:
    """Read files and folders, and publish one new release of graph and indexes.

    What is known already (same content, same extractor) is not read again; a file that changed is replaced.
    Exit status 0: a release is current with all that could be read; 1: none was published; 2: --strict and a source
    failed.
    """
    from indexer.build_options import BuildOptions
    from indexer.pipeline import build_release
    from webapp.progress import progress_on
    from webapp.settings import Settings

    settings = Settings.load()
    options = BuildOptions.of(
        settings, data=data, metadata=metadata, authorities=authorities, jobs=jobs, memory_mb=memory, prune=prune
    )
    with progress_on(sys.stderr) as progress:
        report = build_release(source, options, progress)
    for line in report.lines():
        click.echo(line)
    if report.release is None:
        raise SystemExit(1)
    if strict and report.failures:
        raise SystemExit(2)


def _filters(command: Any) -> Any:
    for option in reversed(
        [
            click.option("--kind", "kinds", multiple=True, help="recommendation, finding, action or document."),
            click.option("--theme", "themes", multiple=True, help="Theme id, with its narrower themes."),
            click.option("--authority", "authorities", multiple=True, help="Short name or GSS code."),
            click.option("--exclude-authority", "exclude_authorities", multiple=True, help="Leave this authority out."),
            click.option(
                "--neighbours-of", "neighbours_of", multiple=True, help="Statistical neighbours of this authority."
            ),
            click.option("--region", "regions", multiple=True, help="Region of England."),
            click.option("--inspectorate", "inspectorates", multiple=True, help="Ofsted, CSCI, SSI, ..."),
            click.option("--framework", "frameworks", multiple=True, help="Framework id, such as ilacs."),
            click.option(
                "--grade", "grades", multiple=True, help="Overall grade of the inspection, such as inadequate."
            ),
            click.option("--since", type=int, help="First year."),
            click.option("--until", type=int, help="Last year."),
        ]
    ):
        command = option(command)
    return command


@main.command()
@click.argument("text", required=False)
@_filters
@LIMIT
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--queries", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="JSON Lines: id, text.")
@click.option(
    "--run", "run_file", type=click.Path(path_type=Path, dir_okay=False), help="Where answers to --queries go."
)
@DATA
def search(
    text: str | None, limit: int, form: str, queries: Path | None, run_file: Path | None, data: Path, **chosen: Any
) -> None:
    """Find items by meaning and by words.

    With --queries and --run: a batch, JSON Lines in (id, text) and out (query, rank, score, iri, file, text).
    """
    if (text is None) == (queries is None) or (queries is None) != (run_file is None):
        raise click.UsageError("give either TEXT, or --queries with --run")
    from graph.release import Release
    from indexer.search import Filters, Searcher, SearchRequest
    from webapp.settings import Settings

    filters = Filters(**chosen)
    searcher = Searcher.open(Release.open(data).path, database=Settings.load().search_database)
    if text is not None:
        response = searcher.search(SearchRequest(text, filters, limit=limit))
        click.echo(_as_json(response) if form == "json" else _as_table(response))
        return
    assert queries is not None
    assert run_file is not None
    with run_file.open("w", encoding="utf-8") as out:
        for number, query in _queries(queries):
            response = searcher.search(SearchRequest(query, filters, limit=limit, facets=False))
            for hit in response.hits:
                row = {
                    "query": number,
                    "rank": hit.rank,
                    "score": hit.score,
                    "iri": hit.iri,
                    "file": hit.file,
                    "text": hit.text,
                }
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _queries(path: Path) -> Iterable[tuple[str, str]]:
    from graph.errors import InspectgraphError

    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
                yield str(row["id"]), str(row["text"])
            except (ValueError, KeyError, TypeError, RecursionError) as err:
                raise InspectgraphError(f"{path}: line {number}: want a JSON object with id and text") from err


def _as_json(response: SearchResponse) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(response)).decode()


def _as_table(response: SearchResponse) -> str:
    lines = [
        f"{response.total} found" + ("" if response.close else "; nothing close to the question, the nearest are:")
    ]
    if response.message:
        lines.append(response.message)
    for hit in response.hits:
        where = ", ".join(str(x) for x in (hit.authority, hit.published, hit.file, hit.page and f"p. {hit.page}") if x)
        lines += [f"{hit.rank:>3}  {hit.kind}  {hit.confidence:.2f}  {where}", f"     {hit.text}"]
    return "\n".join(lines)


@main.command()
@click.argument("query", metavar="FILE_OR_QUERY")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "xml", "csv", "tsv", "turtle", "nt", "jsonld"]),
    default=None,
    help="[default: csv for SELECT and ASK, turtle for CONSTRUCT and DESCRIBE]",
)
@DATA
def sparql(query: str, form: str | None, data: Path) -> None:
    """Ask the current release in SPARQL 1.1, with the limits and the similarity clause of the endpoint."""
    from graph.release import Release
    from webapp.services import sparql_runner
    from webapp.settings import Settings

    text = Path(query).read_text(encoding="utf-8") if Path(query[:250]).is_file() else query
    for chunk in sparql_runner(Release.open(data), Settings.load())(text, form):
        sys.stdout.buffer.write(chunk)


@main.command()
@click.argument("plan", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="Similar ones a recommendation."
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "xlsx", "docx"]), default="table", show_default=True
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File for xlsx and docx.")
@DATA
def match(plan: Path, limit: int, form: str, output: Path | None, data: Path) -> None:
    """Hold a draft plan or list of recommendations against the release; nothing of it is stored.

    For each recommendation: similar ones elsewhere, the actions that answered them, and what followed.
    """
    from graph.ingest import parse_one
    from graph.release import Release
    from indexer.matching import PlanMatcher, plan_of
    from indexer.search import Searcher
    from webapp import briefings
    from webapp.settings import Settings

    if form in briefings.BINARY and output is None:
        raise click.UsageError(f"--format {form} needs --output FILE")
    release = Release.open(data)
    searcher = Searcher.open(release.path, database=Settings.load().search_database)
    matcher = PlanMatcher(searcher, release.path / "tables")
    found = matcher.match(plan_of(parse_one(plan)), limit)
    written = briefings.write(found, form, release.id)
    if output is not None:
        output.write_bytes(written)
    else:
        sys.stdout.buffer.write(written)


@main.command()
@click.argument("what", type=click.Choice(["items", "rdf", "tables"]))
@click.option("--output", type=click.Path(path_type=Path), required=True, help="File; for tables a folder.")
@DATA
def export(what: str, output: Path, data: Path) -> None:
    """Write the current release out: items (JSON Lines), rdf (.nq or .trig, .gz), tables (Parquet and CSV)."""
    from graph.release import Release
    from indexer import exports

    release = Release.open(data)
    {"items": exports.write_items, "rdf": exports.write_rdf, "tables": exports.write_tables}[what](release, output)
    click.echo(f"{output}: {what} of release {release.id}")


@main.command()
@click.argument("what", metavar="SOURCE_OR_IRI", nargs=-1, required=True)
@DATA
def remove(what: tuple[str, ...], data: Path) -> None:
    """Publish a release without these documents and all that was derived from them."""
    from indexer.build_options import BuildOptions
    from indexer.pipeline import remove_documents
    from webapp.progress import progress_on
    from webapp.settings import Settings

    with progress_on(sys.stderr) as progress:
        report = remove_documents(what, BuildOptions.of(Settings.load(), data=data), progress)
    for line in report.lines():
        click.echo(line)


@main.command()
@click.option("--keep", type=click.IntRange(1, 10_000), required=True, help="Releases that stay, the newest.")
@click.option("--caches", is_flag=True, help="Delete the caches of builds and of the server too: they hold texts.")
@DATA
def prune(keep: int, caches: bool, data: Path) -> None:
    """Delete older releases and the sources that only they had: retention, and the end of what was removed."""
    from indexer.pipeline import prune_data

    gone = prune_data(data, keep, caches=caches)
    click.echo("\n".join(f"deleted release {identifier}" for identifier in gone) or "nothing to delete")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--metadata", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="As for build.")
def explain(file: Path, metadata: Path | None) -> None:
    """Show the segments of one document, what became of each, and why."""
    from graph.ingest import explanation

    show = click.echo_via_pager if sys.stdout.isatty() else click.echo
    show(explanation(file, metadata))


@main.command()
@DATA
def status(data: Path) -> None:
    """State of the current release."""
    from graph.release import Release

    release = Release.open(data)
    manifest = release.manifest
    click.echo(f"release {release.id} in {release.path}")
    click.echo(f"{'sources':<16}{len(manifest.facts.sources):>8}")
    for entry in manifest.facts.sources:
        if entry.error:
            click.echo(f"not read  {entry.name}: {entry.error}")
    for kind, count in manifest.facts.counts.items():
        click.echo(f"{kind:<16}{count:>8}")


@main.command()
@DATA
@click.option("--port", type=int, default=8000, show_default=True, help="The port that serve would take.")
def doctor(data: Path, port: int) -> None:
    """Look for faults of the set-up and say what to do. Exit status 1 when there are any."""
    from webapp.doctor import examine

    faults = 0
    for finding in examine(data, port):
        faults += finding.fault
        click.echo(f"{'FAULT' if finding.fault else 'ok':<6} {finding.subject}: {finding.message}")
    raise SystemExit(1 if faults else 0)


@main.command()
@DATA
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Server processes.")
def serve(data: Path, host: str, port: int, workers: int) -> None:
    """Serve the web application of the current release; later releases are taken up without a restart."""
    from webapp.server import serve as run

    run(data, host=host, port=port, workers=workers)


@main.group()
def curation() -> None:
    """What people have corrected: list, publish, export, import and take back corrections; hand out tokens."""


@curation.command("list")
@DATA
def list_corrections(data: Path) -> None:
    """List all corrections with their ids, and what became of each."""
    from graph.curation import Journal, in_force
    from graph.release import Release

    entries = Journal(data).entries()
    published = Release.open(data).manifest.facts.extra.get("corrections") or {}
    standing = {entry.id for entry in in_force(entries)}
    for entry in entries:
        if entry.id not in standing and entry.kind != "revert":
            state = "taken back"
        elif entry.id in published.get("orphaned", ()):
            state = "ORPHANED"
        else:
            state = "published" if entry.id in published.get("entries", ()) else "waiting"
        click.echo(f"{entry.id}  {state:<10}  {entry.when}  {entry.who}  {entry.kind} {entry.item or entry.reverts}")
        click.echo(f"    {entry.why}")


@curation.command("publish")
@DATA
@click.option(
    "--wait", type=click.IntRange(0, 86_400), default=1800, show_default=True, help="Seconds for another build."
)
def publish_corrections(data: Path, wait: int) -> None:
    """Publish a release with all corrections; nothing is read again but what is new in the journal."""
    import time

    from graph.release import WriterBusy
    from indexer.build_options import BuildOptions
    from indexer.pipeline import build_release
    from webapp.progress import progress_on
    from webapp.settings import Settings

    deadline = time.monotonic() + wait
    with progress_on(sys.stderr) as progress:
        while True:
            try:
                report = build_release([], BuildOptions.of(Settings.load(), data=data), progress)
                break
            except WriterBusy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)
    for line in report.lines():
        click.echo(line)
    if report.release is None:
        raise SystemExit(1)


@curation.command("export")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="JSON Lines file.")
@DATA
def export_corrections(output: Path, data: Path) -> None:
    """Write all corrections to a file that `import` reads."""
    from graph.curation import Journal

    entries = Journal(data).entries()
    output.write_bytes(Journal(data).path.read_bytes() if entries else b"")
    click.echo(f"{output}: {len(entries)} entries")


@curation.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@DATA
def import_corrections(file: Path, data: Path) -> None:
    """Add the corrections of an exported file to the journal; those that are there already are not doubled."""
    from graph.curation import Journal, checked, parsed_lines
    from ontology.resources import themes

    journal, known = Journal(data), [theme.id for theme in themes()]
    before = len(journal.entries())
    journal.append(*(checked(entry, known) for entry in parsed_lines(file.read_bytes(), str(file))))
    click.echo(f"{len(journal.entries()) - before} entries added; publish them with inspectgraph curation publish")


@curation.command("revert")
@click.argument("entry", nargs=-1, required=True)
@click.option("--who", default="operator", show_default=True, help="Name that the history shows.")
@click.option("--why", required=True, help="Reason, for the history.")
@DATA
def revert_corrections(entry: tuple[str, ...], who: str, why: str, data: Path) -> None:
    """Take corrections back by their ids; the history keeps them. Publish afterwards."""
    from graph.curation import CurationError, Entry, Journal, in_force, now

    journal = Journal(data)
    standing = {found.id for found in in_force(journal.entries())}
    for identifier in entry:
        if identifier not in standing:
            raise CurationError(f"{identifier}: there is no such correction in force")
    journal.append(*(Entry("", "revert", now(), who, why, reverts=identifier) for identifier in entry))


@curation.command("forget")
@click.argument("item", nargs=-1, required=True)
@DATA
def forget_corrections(item: tuple[str, ...], data: Path) -> None:
    """Delete every trace of the corrections of these item IRIs from the journal, as after `remove`."""
    from graph.curation import Journal

    click.echo(f"{Journal(data).forget(item)} entries deleted")


@curation.command("token")
@click.argument("name")
@click.option("--take-back", is_flag=True, help="End this curator's token and sessions.")
@DATA
def curator_token(name: str, take_back: bool, data: Path) -> None:
    """Make a token for a curator; it is shown once. The name stands in published corrections: a post will do."""
    from webapp.curators import Curators

    if take_back:
        Curators(data).remove(name)
        return
    click.echo(Curators(data).add(name))


@main.command()
@click.argument("target", type=click.Path(path_type=Path))
@DATA
def backup(target: Path, data: Path) -> None:
    """Write the data folder's current release and sources to one archive."""
    from graph.release import backup as run

    click.echo(f"{target}: release {run(data, target).id}, the sources and the corrections")


@main.command()
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@DATA
def restore(archive: Path, data: Path) -> None:
    """Bring a backup back as the current release."""
    from graph.release import restore as run

    click.echo(f"release {run(archive, data).id} is current in {data}")


if __name__ == "__main__":
    main()
