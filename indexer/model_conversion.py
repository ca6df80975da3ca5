"""Convert a sentence-transformers model to OpenVINO, in a process of its own: ``python -m indexer.model_conversion``.

Torch is needed here and nowhere else, so neither the build nor the server carries it. The converted graph has two
outputs: ``sentence`` (pooled, unit length) and ``tokens`` (the last layer, one vector a token, not normalised). An
adapter changes the last layers for ``tokens`` alone: both outputs share the layers below, and ``sentence`` stays what
the unchanged model gives.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

from indexer.adapter import apply_adapter
from indexer.openvino_runtime import import_openvino


def convert(model_dir: Path, adapter: Path | None, target: Path) -> None:
    """Writes ``model.xml``, ``model.bin`` (weights in half precision), ``tokenizer.json`` and ``shape.json`` into the
    existing folder ``target``."""
    import torch
    from sentence_transformers import SentenceTransformer

    openvino = import_openvino()
    model: Any = SentenceTransformer(str(model_dir), device="cpu")
    transformer, pooling = model[0], model[1]
    if not getattr(pooling, "pooling_mode_mean_tokens", getattr(pooling, "pooling_mode", "") == "mean"):
        raise ValueError(f"{model_dir} does not pool by the mean of its tokens; run it by sentence-transformers")
    encoder = transformer.auto_model.eval()
    whole = encoder.encoder.layer
    adapted = copy.deepcopy(encoder)
    first = apply_adapter(adapted, adapter) if adapter is not None else len(whole)

    class Both(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embeddings = encoder.embeddings
            self.shared, self.plain = whole[:first], whole[first:]
            self.adapted = adapted.encoder.layer[first:]

        def forward(self, input_ids: Any, attention_mask: Any) -> tuple[Any, Any]:
            mask = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * -1e4
            below = _through(self.shared, self.embeddings(input_ids=input_ids), mask)
            plain = _through(self.plain, below, mask)
            tokens = _through(self.adapted, below, mask) if len(self.adapted) else plain
            weight = attention_mask.unsqueeze(-1).to(plain.dtype)
            mean = (plain * weight).sum(1) / weight.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1), tokens

    ids = torch.ones((2, 8), dtype=torch.long)
    converted = openvino.convert_model(
        Both().eval(), example_input=(ids, torch.ones_like(ids)), input=[openvino.PartialShape([-1, -1])] * 2
    )
    for port, name in zip(converted.outputs, ("sentence", "tokens"), strict=True):
        port.get_tensor().set_names({name})
    for port, name in zip(converted.inputs, ("input_ids", "attention_mask"), strict=True):
        port.get_tensor().set_names({name})
    openvino.save_model(converted, str(target / "model.xml"), compress_to_fp16=True)
    tokenizer = json.loads((model_dir / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["padding"] = tokenizer["truncation"] = None
    (target / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    shape = {"dimension": int(encoder.config.hidden_size), "max_tokens": int(model.max_seq_length or 256)}
    (target / "shape.json").write_text(json.dumps(shape), encoding="utf-8")


def _through(layers: Any, hidden: Any, mask: Any) -> Any:
    for layer in layers:
        given = layer(hidden, attention_mask=mask)
        hidden = given[0] if isinstance(given, tuple) else given
    return hidden


if __name__ == "__main__":
    source, delta, out = sys.argv[1:4]
    convert(Path(source), Path(delta) if delta else None, Path(out))
