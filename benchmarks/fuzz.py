"""Fuzz what reads the words of strangers: documents of each format, queries, search strings, metadata, plans.

    python -m benchmarks.fuzz pdf --seconds 60
    python -m benchmarks.fuzz all --seconds 900

Inputs are mutations of the invented samples: bytes flipped, cut, doubled and spliced; of ZIP formats the members inside
as well. Each batch runs in a confined child without network. A finding is a crash of the child, an error that is none
of ours, an input that takes more than 20 s of processor time, or – for the guard – a query that passed it and then
reached for the network or killed the engine. Findings are kept in a folder; the exit status is 1 when there are any.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import pickle
import random
import resource
import signal
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CASE_SECONDS = 20
MEMORY = 3 << 30
BATCH = 40
_DICTIONARY = (
    b"\x00 \xff\xfe \xef\xbb\xbf <!DOCTYPE x [<!ENTITY a 'b'>]> &a; <script> ]]> %PDF-1.7 endobj stream endstream "
    b"/JBIG2Decode /ObjStm xref trailer 99999999999 -1 = + @ SERVICE <http://127.0.0.1:1/> FROM LOAD SELECT { } ( ) "
    b"OPTIONAL UNION VALUES BIND REGEX <<( )>> {| |} \\u0053 # \" ''' 2015-02-31 file,authority gss_code ; , \t \r\n"
).split(b" ")


@dataclass
class Target:
    """``run`` takes one input and returns; ``ours`` are the errors by which it may refuse."""

    corpus: Sequence[bytes]
    run: Callable[[bytes], None]
    ours: tuple[type[BaseException], ...]
    zipped: bool = False


@dataclass
class Result:
    """``cases`` and ``octets`` of input tried, ``seconds`` of processor time in the children."""

    cases: int = 0
    octets: int = 0
    seconds: float = 0.0
    findings: list[tuple[str, bytes]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)


class _TooSlow(BaseException):
    """An input ran past ``CASE_SECONDS``."""


# ------------------------------------------------------------------------------------------------------------- targets


def targets(samples: Path) -> dict[str, Target]:
    from graph.curation import CurationError
    from graph.errors import InspectgraphError
    from indexer import lexical
    from tests.samples.make_samples import write_samples
    from webapp.sparql.errors import QueryError
    from webapp.sparql.guard import check
    from webapp.sparql.limits import Limits

    files = write_samples(samples)
    by_ending: dict[str, list[bytes]] = {}
    for file in files:
        by_ending.setdefault(file.suffix, []).append(file.read_bytes())

    def document(ending: str, *, plan: bool = False) -> Callable[[bytes], None]:
        import msgspec

        from graph.ingest import ParsedDocument, ParseTask, parse
        from indexer.matching import plan_of

        place = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))

        def run(content: bytes) -> None:
            file = place / f"input{ending}"
            file.write_bytes(content)
            parsed = msgspec.json.decode(
                parse(msgspec.json.encode(ParseTask(str(file), {}, None)).decode()), type=ParsedDocument
            )
            for item in (*parsed.extraction.findings, *parsed.extraction.recommendations, *parsed.extraction.actions):
                assert parsed.text[item.evidence.start : item.evidence.end] == item.evidence.quote
            if plan:
                plan_of(parsed)

        return run

    def metadata(content: bytes) -> None:
        from graph.ingest import load_metadata

        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            file.write(content)
            file.flush()
            load_metadata(Path(file.name))

    def guard(content: bytes) -> None:
        text = content.decode("utf-8", "replace")
        check(text, Limits())
        _evaluated(text)

    def search(content: bytes) -> None:
        text = content.decode("utf-8", "replace")
        parsed = lexical.parse(text)
        for word, start, end in lexical.words_with_spans(text):
            assert 0 <= start < end <= len(text), word
        assert len(parsed.ranked) <= 1000

    def journal(content: bytes) -> None:
        from graph.curation import parsed_lines

        list(parsed_lines(content, "journal"))

    queries = [file.read_bytes() for file in sorted(Path("ontology/competency").glob("*.rq"))]
    plans = [content for ending in (".docx", ".xlsx", ".tsv", ".txt") for content in by_ending.get(ending, [])][:8]
    ours = (InspectgraphError,)
    found = {
        ending[1:]: Target(contents, document(ending), ours, zipped=ending in {".docx", ".xlsx"})
        for ending, contents in by_ending.items()
        if ending in {".pdf", ".docx", ".xlsx", ".html", ".txt"}
    }
    table = b"file,authority,published,kind\na.pdf,Haverwick,2015-06-12,inspection-report\n"
    return found | {
        "metadata": Target([table], metadata, ours),
        "guard": Target(queries, guard, (QueryError,)),
        "search": Target([b'supervision "care leavers" -foster authority:haverwick OR +audit'], search, ()),
        "plan": Target(plans, document(".docx", plan=True), ours, zipped=True),
        "journal": Target(
            [b'{"id":"0123456789abcdef","kind":"hide","when":"","who":"","why":"x"}\n'], journal, (CurationError,)
        ),
    }


# ------------------------------------------------------------------------------------------------------------- mutation


def mutated(content: bytes, corpus: Sequence[bytes], rng: random.Random, *, zipped: bool) -> bytes:
    if zipped and rng.random() < 0.7:
        try:
            return _mutated_member(content, rng)
        except (zipfile.BadZipFile, ValueError, KeyError):
            pass
    for _ in range(1 << rng.randrange(5)):
        content = _once(content, corpus, rng)
    return content[: 4 << 20]


def _once(content: bytes, corpus: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    length = min(1 << rng.randrange(12), len(content) - at)
    match rng.randrange(7):
        case 0 if at < len(content):
            return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]
        case 1:
            return content[:at] + content[at + length :]
        case 2:
            return content[: at + length] + content[at : at + length] * rng.choice((1, 2, 50)) + content[at + length :]
        case 3:
            other = rng.choice(corpus)
            start = rng.randrange(len(other) + 1)
            return content[:at] + other[start : start + 512] + content[at:]
        case 4:
            return content[:at] + rng.randbytes(rng.randrange(1, 16)) + content[at:]
        case 5:
            return content[:at]
        case _:
            return content[:at] + rng.choice(_DICTIONARY) + content[at:]


def _mutated_member(content: bytes, rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        names = source.namelist()
        chosen = rng.choice([n for n in names if n.endswith(".xml")] or names)
        for name in names:
            member = source.read(name)
            for _ in range(1 << rng.randrange(4) if name == chosen else 0):
                member = _once(member, [member], rng)
            target.writestr(name, member)
    return out.getvalue()


# -------------------------------------------------------------------------------------------------------------- running


def _evaluated(query: str) -> None:
    """Evaluate the query in a child of a second, as the endpoint ends its workers: to be slow is no finding, to die of
    anything else or to reach for the network is one. Raises AssertionError."""
    import pyoxigraph as ox

    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
        outcome = 0
        try:
            answer = ox.Store().query(query)
            for _ in itertools.islice(answer if not isinstance(answer, ox.QueryBoolean) else (), 100):
                pass
        except SyntaxError:
            pass
        except OSError:
            outcome = 1
        except BaseException:  # noqa: BLE001 - nothing may leave the child by another way
            outcome = 2
        os._exit(outcome)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) != 1, "the query reached for the network"
    assert status == 0 or os.WIFSIGNALED(status), "the engine failed with an error that is none of its own"
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, f"the engine died of signal {os.WTERMSIG(status)}"


def fuzz(target: Target, seconds: float, seed: int) -> Result:
    """Batches in confined children until they have used ``seconds`` of processor time."""
    rng, result = random.Random(seed), Result()
    while result.seconds < seconds:
        inputs = [mutated(rng.choice(target.corpus), target.corpus, rng, zipped=target.zipped) for _ in range(BATCH)]
        _run_batch(target, inputs, result)
    return result


def _run_batch(target: Target, inputs: Sequence[bytes], result: Result) -> None:
    while inputs:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _child(target, inputs, writer)
        os.close(writer)
        told = b""
        while chunk := os.read(reader, 65536):
            told += chunk
        os.close(reader)
        _, status, usage = os.wait4(child, 0)
        result.seconds += usage.ru_utime + usage.ru_stime
        done = _told(told)
        for content, outcome in zip(inputs, done, strict=False):
            result.cases += 1
            result.octets += len(content)
            result.outcomes[outcome.split("\n")[0]] += 1
            if outcome not in {"read", "refused"}:
                result.findings.append((outcome, content))
        if len(done) < len(inputs):
            culprit = inputs[len(done)]
            result.cases += 1
            result.octets += len(culprit)
            signalled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else status
            result.findings.append((f"the child died of {signalled}", culprit))
        inputs = inputs[len(done) + 1 :]


def _told(content: bytes) -> list[str]:
    stream, found = io.BytesIO(content), []
    while stream.tell() < len(content):
        try:
            found.append(pickle.load(stream))
        except (EOFError, pickle.UnpicklingError):
            break
    return found


def _child(target: Target, inputs: Sequence[bytes], writer: int) -> None:
    from graph.sandbox import confine

    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    confine(memory=MEMORY, cpu_seconds=CASE_SECONDS * len(inputs), file_size=1 << 30)

    def too_slow(*_: object) -> None:
        raise _TooSlow

    signal.signal(signal.SIGPROF, too_slow)
    for content in inputs:
        signal.setitimer(signal.ITIMER_PROF, CASE_SECONDS)
        try:
            target.run(content)
            outcome = "read"
        except target.ours:
            outcome = "refused"
        except _TooSlow:
            outcome = f"too slow: more than {CASE_SECONDS} s of processor time"
        except MemoryError:
            outcome = "refused"
        except BaseException as err:  # noqa: BLE001 - each is a finding
            frame = traceback.extract_tb(err.__traceback__)[-1]
            outcome = f"{type(err).__name__} at {Path(frame.filename).name}:{frame.lineno}\n{traceback.format_exc()}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.write(writer, pickle.dumps(outcome))
    os._exit(0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", help="pdf, docx, xlsx, html, txt, metadata, guard, search, plan, journal, or all")
    parser.add_argument("--seconds", type=float, default=60.0, help="processor time, shared by the targets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=Path, default=Path("build/fuzz"), help="where inputs of findings are kept")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as samples:
        known = targets(Path(samples))
        names = list(known) if arguments.target == "all" else [arguments.target]
        total = 0
        for name in names:
            result = fuzz(known[name], arguments.seconds / len(names), arguments.seed)
            kinds = {outcome.split("\n")[0] for outcome, _ in result.findings}
            total += len(kinds)
            print(
                f"{name:<9} {result.cases:>7} cases  {result.octets / 1e6:>8.1f} MB  {result.seconds:>6.0f} s  "
                f"read {result.outcomes['read']}  refused {result.outcomes['refused']}  findings {len(kinds)}",
                flush=True,
            )
            for place, (outcome, content) in enumerate(result.findings[:20]):
                arguments.findings.mkdir(parents=True, exist_ok=True)
                (arguments.findings / f"{name}-{place}").write_bytes(content)
                (arguments.findings / f"{name}-{place}.txt").write_text(outcome, encoding="utf-8")
            for kind in sorted(kinds):
                print(f"    {kind}")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
