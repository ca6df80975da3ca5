"""Plans without tables: labels with their values one below the other, and lines that label what stands above them."""

from __future__ import annotations

import re
from collections import Counter

from graph.extraction.action_tails import labels_in
from graph.extraction.plan_columns import LABELS, RAG, Role, is_time, labelled, role_of
from graph.model import ReadDocument


def bare_labels(document: ReadDocument) -> dict[int, tuple[Role, int]]:
    """Blocks that are nothing but a label, in a paper that is written so: labels of actions and of their owners or
    times come again and again."""
    found: dict[int, tuple[Role, int]] = {}
    for index, block in enumerate(document.blocks):
        text = document.slice(block)
        if block.table is not None or len(text.split()) > 6 or text.rstrip().endswith((":", ".")):
            continue
        if labelled(text) is not None:
            continue  # its value stands beside it
        label = re.sub(r"\s+\d+(?:\.\d+)*$", "", text.strip())
        role = role_of(label)
        if index - 1 in found and (is_time(label) or RAG.match(label)):
            continue  # "Deadline", "Complete": the second is the value
        if role in LABELS and len(label.split()) <= 4:
            found[index] = (role, len(text))
    counts = Counter(role for role, _ in found.values())
    repeated = {role for role, count in counts.items() if count >= 2}
    return found if "action" in repeated and repeated & {"owner", "timescale"} else {}


def labels_below(document: ReadDocument) -> dict[int, tuple[Role, int]]:
    """Blocks without a label that are actions or recommendations by what stands below them: again and again a line
    gives people and time of the block above it, and "1." above "1.1" is what that answers."""
    blocks = document.blocks
    given: list[set[Role]] = []
    for block in blocks:
        labels = labels_in(document.slice(block)) if block.table is None else []
        given.append({role for role, *_ in labels} if labels and labels[0][1] == 0 else set())
    found: dict[int, tuple[Role, int]] = {}
    for index, block in enumerate(blocks[:-1]):
        below = given[index + 1] | (given[index + 2] if given[index + 1] and index + 2 < len(blocks) else set())
        plain = block.table is None and not given[index] and labelled(document.slice(block)) is None
        if plain and block.kind in ("list_item", "paragraph") and {"owner", "timescale"} <= below:
            found[index] = ("action", 0)
    for index in list(found):
        parent = re.match(r"(\d+)\.\d+", blocks[index].marker or "")
        above = (blocks[index - 1].marker or "").rstrip(".)") if index else ""
        if parent and above == parent[1] and index - 1 not in found:
            found[index - 1] = ("recommendation", 0)
    return found if sum(role == "action" for role, _ in found.values()) >= 2 else {}
