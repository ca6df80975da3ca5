"""Every analysis by name: what it asks, what it counts, the table that answers, and the same in SPARQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

import pyarrow as pa

from indexer.analyses import coverage, followed, plans, rates, recurring
from indexer.analyses.corpus import Choice, Corpus


@dataclass(frozen=True, slots=True)
class Analysis:
    """``table`` is pure: the same release and choice give the same rows. ``measured``: it counts a measure, which can
    be chosen; ``council``: it is relative to one council; ``compared``: the columns in which its SPARQL twin answers
    (rows that count nothing left out)."""

    name: str
    title: str
    question: str
    table: Callable[[Corpus, Choice], pa.Table]
    schema: pa.Schema
    compared: tuple[str, ...]
    measured: bool = True
    council: bool = False


def _rates(dimension: str, title: str, question: str, *, council: bool = False) -> Analysis:
    return Analysis(
        f"themes-by-{dimension}",
        title,
        question,
        partial(_rates_of, dimension),
        rates.RATES,
        ("theme", "group", "items", "said", "inspections"),
        council=council,
    )


def _rates_of(dimension: str, corpus: Corpus, choice: Choice) -> pa.Table:
    return rates.rates(corpus, dimension, choice)


ANALYSES: dict[str, Analysis] = {
    analysis.name: analysis
    for analysis in (
        Analysis(
            "trends",
            "Rising and falling themes",
            "Which themes do inspections speak of more often or less often from year to year, framework by framework?",
            rates.trends,
            rates.TRENDS,
            ("theme", "items", "said", "inspections"),
        ),
        _rates("year", "Themes by year", "How large a share of each year’s inspections spoke of a theme?"),
        _rates("region", "Themes by region", "Do inspections speak of some themes more often in some regions?"),
        _rates("authority-type", "Themes by type of council", "Does it differ between types of council?"),
        _rates(
            "neighbours",
            "Themes among statistical neighbours",
            "How does a council compare with its statistical neighbours and with all others?",
            council=True,
        ),
        _rates("framework", "Themes by framework", "What does each framework speak of?"),
        _rates("grade", "Themes by overall grade", "Which themes go with which overall grade?"),
        Analysis(
            "together",
            "Themes that come together",
            "Which themes come up at the same inspection more often than chance would have it?",
            rates.together,
            rates.TOGETHER,
            ("theme", "other", "said", "said_other", "both"),
        ),
        Analysis(
            "what-followed",
            "What followed",
            "When an inspection spoke of a theme, did the next one speak of it again, and what did it judge?",
            followed.followed,
            followed.FOLLOWED,
            ("theme", "said", "not_reinspected", "reinspected", "again", "base", "base_again"),
        ),
        Analysis(
            "what-followed-issues",
            "What followed a recurring issue",
            "When an inspection raised an issue, did the next one raise it again?",
            followed.followed_issues,
            followed.FOLLOWED_ISSUES,
            ("issue", "said", "not_reinspected", "reinspected", "again", "base", "base_again"),
            measured=False,
        ),
        Analysis(
            "recurring",
            "Recurring issues",
            "Which recommendations are made in nearly the same words to council after council?",
            recurring.recurring,
            recurring.RECURRING,
            ("issue", "items", "authorities"),
            measured=False,
        ),
        Analysis(
            "lineage",
            "Recommendations made again",
            "Which recommendations did a council get again at a later inspection, in the same or in other words?",
            followed.lineage,
            followed.LINEAGE,
            ("kind", "earlier", "later"),
            measured=False,
        ),
        Analysis(
            "closed-but-recurred",
            "Closed but recurred",
            "Which actions were reported complete before the same was recommended again?",
            plans.closed_but_recurred,
            plans.CLOSED_BUT_RECURRED,
            ("action", "recommendation", "later", "kind"),
            measured=False,
        ),
        Analysis(
            "actions-without-owner-or-date",
            "Actions without owner or date",
            "Which actions name nobody who is responsible, or no date by which they are to be done?",
            plans.unowned,
            plans.UNOWNED,
            ("action", "lacks"),
            measured=False,
        ),
        Analysis(
            "coverage",
            "What the release covers",
            "Which councils, years and frameworks are here, and which are not?",
            coverage.coverage,
            coverage.COVERAGE,
            ("gss_code", "framework", "year", "inspections", "silent", "items"),
        ),
        Analysis(
            "discoveries",
            "What no theme covers",
            "Which passages are alike, though they fit no theme surely enough?",
            recurring.discoveries,
            recurring.DISCOVERIES,
            ("issue", "items", "authorities"),
            measured=False,
        ),
        Analysis(
            "unlinked",
            "Passages without a theme",
            "Which passages fit no theme surely enough, and which theme came nearest?",
            recurring.unlinked,
            recurring.UNLINKED,
            ("item",),
            measured=False,
        ),
    )
}

#: How a query asks for the items of each measure; VARIABLE stands for that of the item.
_MEASURED = {
    "recommended": "VARIABLE a ig:Recommendation .",
    "told": "{ VARIABLE a ig:Recommendation } UNION "
    '{ VARIABLE a ig:Finding ; ig:polarity/skos:notation "improvement" }',
    "praised": 'VARIABLE a ig:Finding ; ig:polarity/skos:notation "strength" .',
}
_MEASURE_LINE = re.compile(r"(?m)^(\s*)(\?\w+) a ig:Recommendation \. # measure$")
_COUNCIL_LINE = re.compile(r'(?m)^(.*)"[^"\n]*"(.*)# council$')


def twin(name: str, choice: Choice) -> str:
    """The SPARQL query that gives ``Analysis.compared`` of the analysis, for this choice."""
    query = _query(name)
    query = _MEASURE_LINE.sub(
        lambda line: line[1] + _MEASURED[choice.measure].replace("VARIABLE", line[2]) + " # measure", query
    )
    code = re.sub(r"[^A-Za-z0-9]", "", choice.council or "")
    return _COUNCIL_LINE.sub(lambda line: f'{line[1]}"{code}"{line[2]}# council', query)


@cache
def _query(name: str) -> str:
    return files("indexer.analyses").joinpath(f"twins/{name}.rq").read_text(encoding="utf-8")
