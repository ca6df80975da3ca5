"""Which recommendation of a council's paper or plan restates one of the inspection report that it answers.

A plan repeats the recommendations before it answers them; joined to the report's own, its actions answer those too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from indexer.embedding import Vectors
from indexer.tables import Row

#: The same sentence, copied or shortened, is this near; the same number in both papers makes a looser wording enough.
SAME_TEXT, SAME_TEXT_AND_NUMBER = 0.9, 0.7


def restated(
    items: Sequence[Row], vectors: Vectors, inspections: Mapping[str, Row], documents: Mapping[str, Row]
) -> dict[int, int]:
    """Row of the restating recommendation → row of the restated one, both of one authority's same inspection.

    ``vectors``: (n_items, dimension) unit rows. A paper restates each recommendation at most once; pairs are taken from
    the nearest on, ties by row. A report restates nothing.
    """
    told: dict[tuple[str, str], list[int]] = defaultdict(list)
    retold: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row, item in enumerate(items):
        inspection = inspections.get(item["inspection"] or "")
        if item["kind"] != "recommendation" or inspection is None or not item["gss_code"]:
            continue
        when = (inspection["start"] or inspection["end"] or "")[:7]
        if len(when) < 7:
            continue
        if documents[item["document"]]["kind"] == "inspection-report":
            told[item["gss_code"], when].append(row)
        else:
            retold[item["gss_code"], when, item["document"]].append(row)
    found: dict[int, int] = {}
    for (code, when, _), rows in retold.items():
        found.update(_paired(items, vectors, rows, told[code, when]))
    return dict(sorted(found.items()))


def _paired(items: Sequence[Row], vectors: Vectors, rows: Sequence[int], originals: Sequence[int]) -> dict[int, int]:
    if not originals:
        return {}
    cosines = vectors[list(rows)] @ vectors[list(originals)].T
    pairs: dict[int, int] = {}
    for place in np.argsort(-cosines, axis=None, kind="stable"):
        i, j = divmod(int(place), len(originals))
        row, original = rows[i], originals[j]
        same_number = items[row]["ref"] is not None and items[row]["ref"] == items[original]["ref"]
        enough = SAME_TEXT_AND_NUMBER if same_number else SAME_TEXT
        if cosines[i, j] >= enough and row not in pairs and original not in pairs.values():
            pairs[row] = original
    return pairs
