"""How far an action has come, as a plan's status and progress columns print it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from graph.dates import find_dates
from graph.extraction.evidence import collapsed
from graph.extraction.plan_columns import RAG
from graph.model import StatusReport

#: "12.03.16: first cohort trained": an update with its date before it.
_UPDATE = re.compile(r"^(?P<date>(?:[A-Z][a-z]{2,8}\.? |\d)[\w ./’'-]{2,22}?)\s*[:–-]\s+\S")
_STATUSES = (
    ("completed", r"\bcompleted?\b(?!\s+by\b)|\b100 ?%|\bachieved\b|\bdone\b|\bclosed\b|\bdelivered\b|\bimplemented\b"),
    ("superseded", r"\bsuperseded\b|\bno longer (?:required|relevant)\b|\bwithdrawn\b"),
    ("overdue", r"\boverdue\b|\bdelayed\b|\bslipped\b|\bbehind (?:schedule|target)\b|\bmissed\b|\boff track\b"),
    ("not-started", r"\bnot (?:yet )?(?:started|begun|commenced|due)\b|(?<!\d)0 ?%|\bto be started\b"),
    ("in-progress",
            (r"\b(?:in|under) (?:progress|way)\b|\bunderway\b|\bon ?-?going\b|\bon[ -]track\b|\bpart(?:ly|ially)?\b|"
            r"(?<!\d)[1-9]\d? ?%|\bstarted\b|\bbegun\b|\bcommenced\b|\bcontinu(?:es|ing)\b")),
)  # fmt: skip


def status_of(printed: str, legend: dict[str, str]) -> str | None:
    """The status scheme's id for what a progress cell prints. Colours mean what the document's own key says; without
    one only words and percentages are read."""
    text = collapsed(printed).lower()
    by_colour = legend.get(text) or legend.get(text[:1]) if text in ("r", "a", "g", "b") else legend.get(text)
    if by_colour:
        return by_colour
    share = re.search(r"(?<!\d)(\d{1,3}) ?(?:%|per ?cent)", text)
    if share is not None and int(share[1]) <= 100 and len(text.split()) <= 6:
        return {0: "not-started", 100: "completed"}.get(int(share[1]), "in-progress")
    for status, pattern in _STATUSES:
        if re.search(pattern, text):
            return status
    return None


def _latest_date(text: str) -> str | None:
    """The latest date that an update names."""
    found = [date.latest for date in find_dates(text, None, terse=False)] if text else []
    return max(found) if found else None


def statuses(
    texts: Sequence[str], legend: dict[str, str], after: str | None, share: str | None = None
) -> tuple[StatusReport, ...]:
    """What the lines of a status cell report: each dated update, else one report with its rating and its note.

    share: the bare number of a column headed "% complete"; it is what was printed where nothing else was.
    """
    done = re.fullmatch(r"(\d{1,3})(?:\.\d+)?\s?%?", share.strip()) if share else None
    rate = f"{done[1]}%" if done is not None else share
    reports = _told(texts, legend, after)
    if rate is None:
        return reports
    if not reports:
        return (StatusReport(rate, status_of(rate, legend)),)
    *others, last = reports
    return (*others, replace(last, status=last.status or status_of(rate, legend), note=last.note or rate))


def _told(texts: Sequence[str], legend: dict[str, str], after: str | None) -> tuple[StatusReport, ...]:
    texts = [text for text in texts if re.search(r"\w", text)]
    if not texts:
        return ()
    dated = [_UPDATE.match(text) for text in texts]
    if len(texts) >= 2 and all(found is not None and find_dates(found["date"]) for found in dated):
        return tuple(
            StatusReport(collapsed(text), status_of(text, legend), find_dates(found["date"], after)[0].latest)
            for text, found in zip(texts, dated, strict=True)
            if found is not None
        )
    rag = next((text for text in texts if RAG.match(text) and len(text.split()) <= 4), None)
    notes = [text for text in texts if text is not rag]
    whole = collapsed(" ".join(notes))
    if rag is None:
        return (StatusReport(whole, status_of(whole, legend), _latest_date(whole)),)
    said = status_of(rag, legend) or (status_of(whole, legend) if whole else None)
    return (StatusReport(rag, said, _latest_date(whole), whole or None),)


def meaning_of_colour(colour: str, meaning: str) -> dict[str, str]:
    """An entry of a plan's key of colours ("Blue: complete"); empty where these two cells are none."""
    if not re.fullmatch(r"(?i)red|amber|green|blue|grey|purple|yellow|[ragb]", colour):
        return {}
    found = status_of(meaning, {})
    return {colour.lower(): found} if found else {}
