"""A small learnt change to an embedding model's weights: low-rank factors, added once before conversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def apply_adapter(encoder: Any, adapter: Path) -> int:
    """Adds ``down @ up`` of each pair in the ``.npz`` to the encoder's parameter of that name, in place; the number of
    the first layer that it changes.

    Keys are ``NAME/down`` (out, rank) and ``NAME/up`` (rank, in). Raises ``KeyError`` where the encoder has no such
    parameter, ``ValueError`` where the shapes do not fit.
    """
    import torch

    parameters = dict(encoder.named_parameters())
    layers = []
    with np.load(adapter, allow_pickle=False) as stored, torch.no_grad():
        for key in stored.files:
            if not key.endswith("/down"):
                continue
            name = key.removesuffix("/down")
            change = stored[key].astype(np.float32) @ stored[f"{name}/up"].astype(np.float32)
            parameter = parameters[name]
            if tuple(parameter.shape) != change.shape:
                raise ValueError(f"{adapter}: {name} is {tuple(parameter.shape)}, its change {change.shape}")
            parameter.add_(torch.from_numpy(change))
            layers.append(int(name.split(".")[2]))  # encoder.layer.N…
    return min(layers)
