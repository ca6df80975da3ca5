"""OpenVINO, imported without its usage statistics."""

from __future__ import annotations

import sys
from typing import Any


def import_openvino() -> Any:
    """The ``openvino`` module. Its companion ``openvino_telemetry`` would report imports and conversions over the
    network and write an id into the home folder; with that name blocked OpenVINO falls back to its own empty stub."""
    modules: dict[str, Any] = sys.modules
    modules.setdefault("openvino_telemetry", None)
    import openvino

    return openvino


def has_bfloat16(core: Any) -> bool:
    """Whether this CPU multiplies bfloat16 natively; emulated, it would be slower than float32."""
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
