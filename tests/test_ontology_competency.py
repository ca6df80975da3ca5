"""The competency questions, from the points of view of three kinds of user, are answered by the graph."""

from __future__ import annotations

import re
from collections import Counter

import pyoxigraph as ox
import pytest
from rdflib import Graph

from graph.mapping import parsed
from ontology.resources import competency_questions
from tests.invented_dataset import invented_graphs, invented_store

_HEADER = re.compile(
    r"# (?P<question>[^\n]+\?)\n"
    r"# For: (?P<user>officer|researcher|analyst)\. Rows on the invented documents: (?P<rows>\d+)\.\n"
)
_QUESTIONS = competency_questions()


@pytest.fixture(scope="module")
def store() -> ox.Store:
    return invented_store()


@pytest.fixture(scope="module")
def merged() -> Graph:
    return parsed(b"".join(invented_graphs().values()))


def _header(name: str) -> re.Match[str]:
    header = _HEADER.match(_QUESTIONS[name])
    assert header is not None, f"{name}.rq does not begin with its question, its user and its count of rows"
    return header


def _rows(store: ox.Store, query: str) -> Counter[tuple[str | None, ...]]:
    found = store.query(query, use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    return Counter(tuple(None if term is None else term.value for term in row) for row in found)


@pytest.mark.parametrize("name", _QUESTIONS)
def test_the_question_has_the_answer_that_it_promises(store: ox.Store, name: str) -> None:
    rows = _rows(store, _QUESTIONS[name])
    assert rows.total() == int(_header(name)["rows"]) > 0


@pytest.mark.parametrize("name", _QUESTIONS)
def test_rdflib_answers_alike(store: ox.Store, merged: Graph, name: str) -> None:
    theirs = Counter(tuple(None if v is None else str(v) for v in row) for row in merged.query(_QUESTIONS[name]))
    assert theirs == _rows(store, _QUESTIONS[name])


def test_there_are_thirty_and_more_for_three_kinds_of_user() -> None:
    users = Counter(_header(name)["user"] for name in _QUESTIONS)
    assert users.total() >= 30
    assert min(users.values()) >= 8
    assert len(users) == 3
    assert all(name.startswith(f"{_header(name)['user']}-") for name in _QUESTIONS)
