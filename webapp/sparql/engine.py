"""From the text of a query to its answer: guard, similarity clause, workers; for the endpoint and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from webapp.sparql import guard, similarity
from webapp.sparql.dataset_clause import has_dataset_clause
from webapp.sparql.errors import MalformedQuery, QueryError, RefusedQuery
from webapp.sparql.formats import GRAPHS, TABLES, Chosen, by_name, offered
from webapp.sparql.limits import Limits
from webapp.sparql.mistakes import explained
from webapp.sparql.nursery import Head, Task
from webapp.sparql.remote import AnyAnswer, AnyPool
from webapp.sparql.rewriting import rewrite
from webapp.sparql.workers import Pool

#: What a query form is answered with; another form than the guard read would come in the wrong format.
_KINDS = {"SELECT": "solutions", "ASK": "boolean", "CONSTRUCT": "triples", "DESCRIBE": "triples"}


@dataclass(frozen=True, slots=True)
class Dataset:
    """The protocol's ``default-graph-uri`` and ``named-graph-uri``; given, they overrule FROM. None: not given."""

    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None

    @property
    def given(self) -> bool:
        return self.default_graphs is not None or self.named_graphs is not None


class SparqlEngine:
    """Queries over one release's graph. Thread-safe; close it, or let the process end."""

    def __init__(
        self,
        graph_dir: Path,
        limits: Limits,
        search: similarity.Search | None = None,
        *,
        base_iri: str | None = None,
        union: bool = True,
        resident: bool | None = None,
        pool: AnyPool | None = None,
    ) -> None:
        """pool: what evaluates the queries; None takes workers over ``graph_dir``. base_iri: what relative IRIs in a
        query are relative to; None refuses them. union: without FROM and without a dataset in the request the default
        graph is the union of all graphs."""
        self.limits = limits
        self.base_iri = base_iri
        self.union = union
        self._search = search
        self.pool: AnyPool = pool or Pool(graph_dir, limits, resident=resident)

    def check(self, text: str) -> guard.CheckedQuery:
        """What can be known of a query before it is answered. Raises QueryError."""
        return guard.check(text, self.limits)

    def answer(
        self,
        query: guard.CheckedQuery,
        chosen: Chosen,
        dataset: Dataset = Dataset(),
        *,
        wait_seconds: float | None = None,
        head: Head | None = None,
    ) -> AnyAnswer:
        """Evaluate a checked query; the caller closes the answer, and reads no further than ``head``. Raises QueryError
        with the place in the query."""
        rewritten = rewrite(query, self._search, self.limits)
        task = Task(
            rewritten.text,
            chosen.format.name,
            dataset.default_graphs,
            dataset.named_graphs,
            # Oxigraph ignores FROM where it is asked for the union
            union=self.union and not has_dataset_clause(query),
            base_iri=self.base_iri,
            prefixes=query.prefixes,
            head=head,
        )
        try:
            answer = self.pool.run(task, wait_seconds=wait_seconds)
        except MalformedQuery as err:
            raise explained(err, query, rewritten) from err
        if query.form is None or answer.kind != _KINDS[query.form]:
            answer.close()
            raise RefusedQuery("The query must begin with SELECT, ASK, CONSTRUCT or DESCRIBE, after its prefixes.")
        return answer

    def run(self, text: str, form: str | None = None) -> Iterator[bytes]:
        """The answer in pieces, for the command line. ``form``: a short name or media type; None takes CSV or Turtle.

        Raises QueryError, also while the pieces are taken.
        """
        query = self.check(text)
        if query.form is None:
            chosen = Chosen(TABLES[0], TABLES[0].media_type)  # the engine's message is the better one
        elif form is None:
            first = next(answer for answer in offered(query.form) if answer.name in {"csv", "turtle"})
            chosen = Chosen(first, first.media_type)
        else:
            named = by_name(form, query.form)
            if named is None:
                raise QueryError(not_offered(form, query.form))
            chosen = named
        answer = self.answer(query, chosen, wait_seconds=60)
        try:
            yield from answer.chunks()
        finally:
            answer.close()

    def close(self) -> None:
        self.pool.close()

    def __del__(self) -> None:
        """A release that nobody serves any more takes its workers with it."""
        if hasattr(self, "pool"):
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def not_offered(wanted: str, form: guard.Form) -> str:
    """Why a form of answer is not to be had, and which are."""
    names = ", ".join(f"{answer.name} ({answer.media_type})" for answer in offered(form))
    known = {name for answer in (*TABLES, *GRAPHS) for name in (answer.name, *answer.names, *answer.media_types)}
    reason = f"“{wanted}” is not a format here"
    if wanted in known:
        reason = f"{'an' if form == 'ASK' else 'a'} {form} query has no answer as “{wanted}”"
    return f"{reason[0].upper()}{reason[1:]}; there are {names}."
