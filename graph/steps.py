"""The named steps at which an operation on the data folder can be cut short.

``reached`` raises an audit event, which costs nothing where nobody listens; the tests of crash safety listen, and kill
the process or fail the disk there.
"""

from __future__ import annotations

import sys

#: Operation → its steps, in order.
STEPS: dict[str, tuple[str, ...]] = {
    "build": (
        "begun",
        "read",
        "embedded",
        "linked",
        "stored",
        "indexed",
        "documents written",
        "graph copied",
    ),
    "publish": ("manifest written", "made durable", "named", "link made", "current"),
    "prune": ("out of sight", "deleted"),
    "backup": ("begun", "packed", "named"),
    "restore": ("unpacked", "checked", "sources in place", "release in place"),
    "correct": ("locked", "written"),
}
EVENT = "inspectgraph.step"


def reached(operation: str, step: str) -> None:
    sys.audit(EVENT, operation, step)
