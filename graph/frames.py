"""Query results as pandas data frames, for notebooks. Needs the extra ``notebook``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from graph.errors import InspectgraphError, ReleaseError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]
    from rdflib import Dataset
    from rdflib.term import Identifier, Node


def query_frame(dataset: Dataset, query: str, bindings: Mapping[str, Identifier] | None = None) -> pd.DataFrame:
    """The solutions of a SELECT query, a column a variable in the order of its projection.

    IRIs are strings; numbers, booleans and full dates are Python's own; every other literal is its text; what is
    unbound is None. ``bindings`` go in as values, never as text. Raises InspectgraphError for a query of another form.
    """
    try:
        import pandas as pd
    except ImportError as err:
        raise ReleaseError("data frames need the extra: pip install 'inspectgraph[notebook]'") from err
    result = dataset.query(query, initBindings=dict(bindings or {}))
    if result.type != "SELECT" or result.vars is None:
        raise InspectgraphError(f"only SELECT gives a data frame, not {result.type}")
    names = [str(name) for name in result.vars]
    rows = [[_plain(value) for value in row] for row in result]  # type: ignore[union-attr]
    return pd.DataFrame(rows, columns=names, dtype=None if rows else object)


def _plain(term: Node | None) -> Any:
    from rdflib import Literal

    if term is None:
        return None
    if not isinstance(term, Literal):
        return str(term)
    value = term.toPython()
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, bool | int | float) or hasattr(value, "isoformat") else str(term)
