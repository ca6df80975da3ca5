"""Match my plan: a draft plan held against the release while its author waits. Nothing of it is stored.

An uploaded file lies in a private folder for as long as a confined child process reads it. What was read travels back
in the page, so that other filters or a download need neither the file again nor anything kept here.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec
from flask import Blueprint, Response, g, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, ServiceUnavailable

from graph.authorities import Authority
from graph.errors import UnreadableDocument
from graph.ingest import ENDINGS, parse_one
from graph.isolation import Limits
from indexer.matching import Match, Plan, PlanMatcher, PlannedAction, PlannedRecommendation, plan_of
from indexer.search_request import Filters
from indexer.specificity import LEVELS
from webapp import briefings
from webapp.exports import DOCX_TYPE, XLSX_TYPE
from webapp.labels import Labels
from webapp.search_pages import council_names
from webapp.search_query import known_values
from webapp.services import OpenRelease, Services
from webapp.settings import Settings

#: A pasted line of so many characters was probably broken for its length.
_WRAPPED = 60
#: What may be uploaded, as a reader would write it.
KINDS = "Word (.docx, .doc), PDF, Excel (.xlsx), CSV, HTML, Markdown or plain text"
SCOPES = {"all": "All councils", "neighbours": "Statistical neighbours of my council", "region": "One region"}
TYPES = {"xlsx": XLSX_TYPE, "docx": DOCX_TYPE, "json": "application/json"}
_LONGEST_LINE = 5_000
_MOST_LINES = 1_000
_DRAINED = 64 << 20
_LEFT_OVER_SECONDS = 3600


class Refused(Exception):
    """What was sent cannot be matched; ``message`` says why and what to do, for the page."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form asks besides the plan. ``council``: whose plan it is; ``others_only``: leave that council out."""

    text: str = ""
    council: Authority | None = None
    scope: str = "all"
    region: str = ""
    others_only: bool = True


class _SentPlan(msgspec.Struct):
    """A plan as the page carries it back."""

    recommendations: list[tuple[str, str | None, str | None, str | None]]
    actions: list[tuple[str, int | None, str | None, str | None, list[str], str | None]]
    authority: str | None = None


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("match", __name__)
    settings = services.settings
    reading = threading.BoundedSemaphore(max(1, settings.match_readers))

    @pages.get("/match")
    def form() -> str:
        return _form_page(Wish(council=g.council), settings)

    @pages.post("/match")
    def match() -> Response | tuple[str, int]:
        request.max_content_length = settings.match_bytes
        request.max_form_memory_size = settings.match_bytes
        wish = Wish(council=g.council)
        try:
            wish = _wish(g.release)
            plan = _plan(wish, settings, reading)
            return _answer(g.release, plan, wish, settings)
        except RequestEntityTooLarge:
            _drain()
            most = f"{settings.match_bytes / 1_000_000:.3g} MB"
            refused = Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"That is more than {most}, the most that is read here. Send only the plan itself, or save it as text.",
            )
        except Refused as err:
            refused = err
        return _form_page(wish, settings, refused), int(refused.status)

    return pages


# ------------------------------------------------------------------------------------------------------------- request


def _wish(release: OpenRelease) -> Wish:
    try:
        sent = request.form
    except HTTPException as err:
        if isinstance(err, RequestEntityTooLarge):
            raise
        raise Refused(HTTPStatus.BAD_REQUEST, "The form did not arrive whole. Please send it again.") from err
    scope, region = sent.get("scope", "all"), sent.get("region", "")
    named = sent.get("council", "")[:100].strip()
    return Wish(
        text=sent.get("text", ""),
        council=release.labels.find_authority(named) if named else None,
        scope=scope if scope in SCOPES else "all",
        region=region if region in known_values(release)["region"] else "",
        others_only="others" in sent or "shown" not in sent,
    )


def _plan(wish: Wish, settings: Settings, reading: threading.BoundedSemaphore) -> Plan:
    """What is to be matched: the file, else the pasted text, else the plan that the page carried. Raises Refused."""
    upload = request.files.get("plan_file")
    if upload is not None and upload.filename:
        name = _safe_name(upload.filename)
        with _private_folder(settings) as folder:
            upload.save(folder / name)
            return _read(folder / name, upload.filename, settings, reading)
    if wish.text.strip():
        with _private_folder(settings) as folder:
            file = folder / "pasted.txt"
            file.write_text(lines_apart(wish.text), encoding="utf-8", errors="replace")
            return _read(file, "The text", settings, reading)
    if request.form.get("plan"):
        return _sent_plan(request.form["plan"])
    raise Refused(HTTPStatus.BAD_REQUEST, "There is nothing to match: choose a file, or paste the plan into the box.")


def lines_apart(text: str) -> str:
    """Pasted lines that each stand for themselves, with a blank line between: they are not to be read as one paragraph.

    Text that has blank lines or tabs stays as it is, and so does a line that goes on in the next: one that is long and
    ends within a sentence, or is followed by a small letter.
    """
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")]
    if len(lines) < 2 or not all(lines) or any("\t" in line for line in lines):
        return "\n".join(lines)
    apart = [lines[0]]
    for before, line in pairwise(lines):
        goes_on = len(before) >= _WRAPPED and not before.endswith((".", ";", ":", "!", "?"))
        begins = not line.lstrip()[:1].islower()
        apart.append(f"\n{line}" if begins and not goes_on else line)
    return "\n".join(apart)


def _read(file: Path, shown: str, settings: Settings, reading: threading.BoundedSemaphore) -> Plan:
    if not reading.acquire(timeout=settings.match_seconds):
        raise ServiceUnavailable(
            "Too many plans are being read at the moment. Please try again in a minute.", retry_after=60
        )
    try:
        limits = Limits(settings.match_seconds, settings.parse_memory_mb << 20, 64 << 20)
        plan = plan_of(parse_one(file, limits=limits))
    except UnreadableDocument as err:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{_shortened(shown)}: {_told(err)}") from err
    finally:
        reading.release()
    if plan.empty:
        raise Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{_shortened(shown)}: no recommendation or action was found in it. Paste them into the box, one a line.",
        )
    return plan


def _told(err: UnreadableDocument) -> str:
    """The reason without what only the operator of the server can act on."""
    advice = "" if "INSPECTGRAPH_" in err.advice or "report this file" in err.advice else f" ({err.advice})"
    reason = "it could not be read" if err.reason.startswith("the parser failed") else err.reason
    return f"{reason}{advice}. Pasting its text into the box may help."


def _safe_name(name: str) -> str:
    """The file's own name, which readers look at for a council or a date, without anything that could leave its
    folder. Raises Refused for an ending that is not read."""
    base = re.split(r"[/\\]", name)[-1]
    stem, dot, suffix = base.rpartition(".")
    if f".{suffix.lower()}" not in ENDINGS or not dot:
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"{_shortened(base)}: files of this kind are not read here. Send {KINDS}, or paste the text.",
        )
    return f"{re.sub(r'[^A-Za-z0-9 _-]', '_', stem)[:80] or 'plan'}.{suffix.lower()}"


def _sent_plan(text: str) -> Plan:
    try:
        sent = msgspec.json.decode(text, type=_SentPlan)
    except (msgspec.MsgspecError, UnicodeError) as err:
        raise Refused(HTTPStatus.BAD_REQUEST, "The plan did not arrive whole. Please send it again.") from err
    count = len(sent.recommendations)
    return Plan(
        tuple(PlannedRecommendation(line[:_LONGEST_LINE], *rest) for line, *rest in sent.recommendations[:_MOST_LINES]),
        tuple(
            PlannedAction(
                line[:_LONGEST_LINE],
                answers if answers is not None and 0 <= answers < count else None,
                timescale,
                date,
                tuple(responsible),
                measure,
            )
            for line, answers, timescale, date, responsible, measure in sent.actions[:_MOST_LINES]
        ),
        sent.authority,
    )


def _carried(plan: Plan) -> str:
    """``plan`` as the page carries it."""
    sent = _SentPlan(
        [(r.text, r.ref, r.deadline, r.date) for r in plan.recommendations],
        [(a.text, a.answers, a.timescale, a.date, list(a.responsible), a.measure) for a in plan.actions],
        plan.authority,
    )
    return msgspec.json.encode(sent).decode()


@contextmanager
def _private_folder(settings: Settings) -> Iterator[Path]:
    """A folder that only this process' user can enter, gone on leaving whatever happens inside. What a killed server
    left behind goes with the next one."""
    home = settings.data / "cache" / "uploads"
    home.mkdir(parents=True, exist_ok=True)
    for old in home.iterdir():
        if time.time() - old.lstat().st_mtime > _LEFT_OVER_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=home, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _drain() -> None:
    """Take what a client is still sending, so that it sees the answer instead of a broken connection."""
    left, stream = _DRAINED, request.environ["wsgi.input"]
    while left > 0 and (part := stream.read(65_536)):
        left -= len(part)


# -------------------------------------------------------------------------------------------------------------- answer


def _answer(release: OpenRelease, plan: Plan, wish: Wish, settings: Settings) -> Response:
    own = wish.council or release.labels.find_authority(plan.authority)
    wish = replace(wish, council=own)
    found = _matcher(release).match(plan, settings.match_similar, _filters(wish), most=settings.match_lines)
    form = request.form.get("format") or request.args.get("format") or "html"
    if form in TYPES:
        data = briefings.write(found, form, release.id)
        response = Response(data, content_type=TYPES[form])
        response.headers["Content-Disposition"] = f'attachment; filename="inspectgraph-plan-{release.id[:10]}.{form}"'
    else:
        page = render_template(
            "match_results.html",
            found=found,
            wish=wish,
            carried=_carried(plan),
            summary=briefings.summary(found),
            notices=list(_notices(wish)),
            levels=list(enumerate(LEVELS, 1)),
            followed=partial(grades_that_followed, release.labels),
            **_choices(settings),
        )
        response = Response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def grades_that_followed(labels: Labels, match: Match) -> list[str]:
    """How many of the similar recommendations were followed by which grade: "2 Good", the best grade first."""
    grades = Counter(one.next_inspection["overall_grade"] for one in match.similar if one.next_inspection)

    def from_the_best(grade: str | None) -> tuple[float, str]:
        step, steps = labels.steps(grade) or (0, 1)
        return -step / steps, grade or ""

    return [
        f"{grades[grade]} {labels.grade(grade) or 'not graded overall'}" for grade in sorted(grades, key=from_the_best)
    ]


_MATCHERS: WeakKeyDictionary[OpenRelease, PlanMatcher] = WeakKeyDictionary()


def _matcher(release: OpenRelease) -> PlanMatcher:
    """One matcher a release, for as long as the release is served."""
    if (known := _MATCHERS.get(release)) is None:
        known = _MATCHERS[release] = PlanMatcher(release.searcher, release.path / "tables")
    return known


def _filters(wish: Wish) -> Filters:
    own = (wish.council.gss_code,) if wish.council else ()
    return Filters(
        exclude_authorities=own if wish.others_only else (),
        neighbours_of=own if wish.scope == "neighbours" else (),
        regions=(wish.region,) if wish.scope == "region" and wish.region else (),
    )


def _notices(wish: Wish) -> Iterator[str]:
    if wish.scope == "neighbours" and wish.council is None:
        yield "The plan does not say whose it is: choose your council to compare it with its statistical neighbours."
    elif wish.scope == "neighbours" and wish.council is not None and not wish.council.neighbours:
        yield f"No statistical neighbours of {wish.council.name} are known here."
    if wish.scope == "region" and not wish.region:
        yield "No region was chosen, so all were searched."


def _form_page(wish: Wish, settings: Settings, refused: Refused | None = None) -> str:
    return render_template("match.html", wish=wish, refused=refused, **_choices(settings))


def _choices(settings: Settings) -> dict[str, object]:
    release: OpenRelease = g.release
    return {
        "kinds": KINDS,
        "accepted": ",".join(sorted(ENDINGS)),
        "scopes": SCOPES,
        "most_bytes": f"{settings.match_bytes / 1_000_000:.3g} MB",
        "regions": known_values(release)["region"],
        "councils": council_names(release),
    }


def _shortened(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:57]}…"
