"""What becomes of a query before the engine sees it."""

from __future__ import annotations

from collections.abc import Iterator

from webapp.sparql import similarity
from webapp.sparql.edits import Edit, RewrittenQuery
from webapp.sparql.guard import CheckedQuery
from webapp.sparql.limits import Limits


def rewrite(query: CheckedQuery, search: similarity.Search | None, limits: Limits) -> RewrittenQuery:
    """Similarity clauses answered, and GROUP_CONCAT as the standard has it. Raises RefusedQuery or EvaluationFailed."""
    return RewrittenQuery.of(query.text, [*similarity.answered(query, search, limits), *_plain_group_concats(query)])


def _plain_group_concats(query: CheckedQuery) -> Iterator[Edit]:
    """STR around each GROUP_CONCAT: Oxigraph up to 0.5.13 keeps a language tag that all the texts have, where the
    standard has a plain string (oxigraph#1717)."""
    if not query.concatenates:
        return
    for index, token in enumerate(query.tokens):
        if token.kind != "word" or token.text.upper() != "GROUP_CONCAT":
            continue
        depth = 0
        for behind in query.tokens[index + 1 :]:
            depth += {"(": 1, ")": -1}.get(behind.text, 0) if behind.kind == "mark" else 0
            if depth <= 0:
                if behind.text == ")":
                    yield from (Edit(token.start, token.start, "STR("), Edit(behind.end, behind.end, ")"))
                break
