"""Learn the adapter of the token vectors: ``python -m indexer.training.search_adapter REPORTS OUT.npz``.

Learnt from documents and from our own wordings alone, never from judged queries. A text and a question belong
together when they speak of the same concept: a plain wording, a term or another sentence of a concept with a sentence
that holds one of the concept's terms; a question of the phrasebook with its statement. Other pairs of a batch that
share no concept are the contrast, both by sentence vector and by tokens, as they are compared in search. Only low-
rank changes to the last two layers are learnt; cosines between texts are held near the plain model's, and half of the
learnt change is kept (half-way between the plain and the learnt model searches better than either,
docs/evaluation.md).

The shipped file was made from the sentences of 203 published inspection reports (Crown copyright, Open Government
Licence v3.0; none of their text is in it or in this repository) in 200 of 400 planned steps on two cores in about 25
minutes. The data's hash and the settings stand beside it in ``search_adapter.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexer.embedding import default_model_dir
from indexer.expansion import SectorLanguage

_FIRST_LAYER = 4


@dataclass(frozen=True, slots=True)
class Settings:
    steps: int = 400
    stop_after: int = 200
    batch: int = 48
    rank: int = 16
    learning_rate: float = 1.5e-3
    hold: float = 10.0
    kept: float = 0.5
    seed: int = 1
    sentences_per_concept: int = 50


def report_sentences(folder: Path) -> list[str]:
    """The distinct sentences of 6 to 34 words of every PDF under the folder, in order."""
    import pypdfium2

    found: dict[str, None] = {}
    for path in sorted(folder.rglob("*.pdf")):
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError:
            continue
        text = "\n".join(page.get_textpage().get_text_range() for page in document).replace("\r", "")
        for paragraph in re.split(r"\n(?=\s*(?:\d+\.|•|\uf0b7|[A-Z]))|\n\s*\n", re.sub(r"-\n(?=[a-z])", "-", text)):
            plain = re.sub(r"^(\d+\.|•|\uf0b7)\s*", "", " ".join(paragraph.split()))
            for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])", plain):
                if 6 <= len(sentence.split()) <= 34 and sentence[0].isalpha():
                    found[sentence] = None
    return list(found)


@dataclass(frozen=True)
class Examples:
    """All texts once; ``sharing``: the concepts of each; the rest are places in ``texts``."""

    texts: list[str]
    sharing: list[frozenset[int]]
    sentences: dict[int, list[int]]
    plain: dict[int, list[int]]
    terms: dict[int, list[int]]
    answers: list[tuple[int, int]]


def examples(sentences: Sequence[str], language: SectorLanguage, settings: Settings) -> Examples:
    """At most ``sentences_per_concept`` of each concept, drawn in a fixed random order."""
    texts: list[str] = []
    sharing: list[frozenset[int]] = []

    def add(text: str, concepts: Sequence[int]) -> int:
        texts.append(text)
        sharing.append(frozenset(concepts))
        return len(texts) - 1

    by_concept: dict[int, list[int]] = defaultdict(list)
    for sentence in _seeded(settings.seed).sample(list(sentences), len(sentences)):
        tags = language.tags(sentence)
        wanted = any(len(by_concept[t]) < settings.sentences_per_concept for t in tags)
        if 1 <= len(tags) <= 4 and wanted:
            place = add(sentence, tags)
            for tag in tags:
                by_concept[tag].append(place)
    plain = {c: [add(p, [c]) for p in concept.plain] for c, concept in enumerate(language.concepts)}
    terms = {c: [add(p, [c]) for p in concept.terms] for c, concept in enumerate(language.concepts)}
    answers = []
    for question, statement in language.phrasebook:
        tags = tuple({*language.tags(question), *language.tags(statement)})
        answers.append((add(question, tags), add(statement, tags)))
    kept = {c: places for c, places in by_concept.items() if len(places) >= 5}
    return Examples(texts, sharing, kept, plain, terms, answers)


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - examples are drawn, nothing is kept secret


def pair(data: Examples, generator: random.Random) -> tuple[int, int]:
    """One question and one text that belong together."""
    draw = generator.random()
    if draw < 0.25:
        question, answer = generator.choice(data.answers)
        return (answer, question) if generator.random() < 0.2 else (question, answer)
    concepts = sorted(data.sentences)
    concept = generator.choices(concepts, [min(len(data.sentences[c]), 50) ** 0.5 for c in concepts])[0]
    text = generator.choice(data.sentences[concept] if draw < 0.95 else data.terms[concept])
    asked = data.plain if draw < 0.6 else data.terms if draw < 0.8 else data.sentences
    return generator.choice(asked[concept]), text


class Student:
    """The plain model with its lower layers' outputs kept for every text, and low-rank changes above them."""

    def __init__(self, texts: Sequence[str], settings: Settings) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        torch.manual_seed(settings.seed)
        self.torch: Any = torch
        model: Any = SentenceTransformer(str(default_model_dir()), device="cpu")
        self.encoder, self.tokenizer = model[0].auto_model.eval(), model.tokenizer
        for parameter in self.encoder.parameters():
            parameter.requires_grad_(False)
        with torch.no_grad():
            self.below, self.plain = self._lower(texts)
        self.changes: dict[str, tuple[Any, Any]] = {}
        for name, module in list(self.encoder.named_modules()):
            if isinstance(module, torch.nn.Linear) and re.match(r"encoder\.layer\.[45]\.", name):
                self._make_changeable(name, module, settings.rank)

    def _lower(self, texts: Sequence[str]) -> tuple[list[Any], Any]:
        below, plain = [], []
        for text in texts:
            given = self.tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
            hidden = self.encoder.embeddings(input_ids=given["input_ids"])
            mask = self.torch.ones(hidden.shape[:2])
            hidden = self._layers(hidden, mask, 0, _FIRST_LAYER)
            below.append(hidden[0])
            plain.append(self._pooled(self._layers(hidden, mask, _FIRST_LAYER, None), mask)[0])
        return below, self.torch.stack(plain)

    def _make_changeable(self, name: str, module: Any, rank: int) -> None:
        down = self.torch.nn.Parameter(self.torch.zeros(module.out_features, rank))
        up = self.torch.nn.Parameter(self.torch.randn(rank, module.in_features) / math.sqrt(module.in_features))
        plain = module.forward
        module.forward = lambda x: plain(x) + (x @ up.T) @ down.T
        self.changes[name] = (down, up)

    def _layers(self, hidden: Any, mask: Any, first: int, last: int | None) -> Any:
        added = (1.0 - mask[:, None, None, :]) * -1e4
        for layer in self.encoder.encoder.layer[first:last]:
            given = layer(hidden, attention_mask=added)
            hidden = given[0] if isinstance(given, tuple) else given
        return hidden

    def _pooled(self, hidden: Any, mask: Any) -> Any:
        weight = mask.unsqueeze(-1)
        return self.torch.nn.functional.normalize((hidden * weight).sum(1) / weight.sum(1), dim=1)

    def __call__(self, places: Sequence[int]) -> tuple[Any, Any, Any]:
        """Sentence vectors, token vectors and mask of these texts."""
        pad = self.torch.nn.utils.rnn.pad_sequence
        hidden = pad([self.below[p] for p in places], batch_first=True)
        mask = pad([self.torch.ones(len(self.below[p])) for p in places], batch_first=True)
        with self.torch.autocast("cpu", self.torch.bfloat16):
            above = self._layers(hidden, mask, _FIRST_LAYER, None)
        above = above.float()
        tokens = self.torch.nn.functional.normalize(above, dim=-1) * mask.unsqueeze(-1)
        return self._pooled(above, mask), tokens, mask


def train(data: Examples, settings: Settings) -> dict[str, Any]:
    """The learnt factors by parameter name, as ``indexer.adapter`` reads them."""
    generator = _seeded(settings.seed)
    student = Student(data.texts, settings)
    torch = student.torch
    factors = [factor for both in student.changes.values() for factor in both]
    optimiser = torch.optim.AdamW(factors, lr=settings.learning_rate, weight_decay=0.0)
    aim = torch.arange(settings.batch)
    for step in range(settings.stop_after):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * min(1.0, (step + 1) / 20) * (1 - step / settings.steps)
        pairs = [pair(data, generator) for _ in range(settings.batch)]
        asked, told = [a for a, _ in pairs], [t for _, t in pairs]
        related = torch.tensor(
            [
                [
                    -1e4 if i != j and (t == told[i] or data.sharing[told[i]] & data.sharing[t]) else 0.0
                    for j, t in enumerate(told)
                ]
                for i in range(len(pairs))
            ]
        )
        question, question_tokens, question_mask = student(asked)
        text, text_tokens, text_mask = student(told)
        met = torch.einsum("iqd,jtd->ijqt", question_tokens, text_tokens)
        met = met.masked_fill(text_mask[None, :, None, :] == 0, -1.0).amax(-1)
        by_token = (met * question_mask[:, None, :]).sum(-1) / question_mask.sum(-1)[:, None]
        loss = torch.nn.functional.cross_entropy(question @ text.T / 0.06 + related, aim)
        loss = loss + torch.nn.functional.cross_entropy(by_token / 0.04 + related, aim)
        for vectors, places in ((question, asked), (text, told)):
            plain = student.plain[places]
            loss = loss + settings.hold * ((vectors @ vectors.T - plain @ plain.T) ** 2).mean()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        if (step + 1) % 25 == 0:
            print(step + 1, round(float(loss), 3), flush=True)
    learnt = {}
    for name, (down, up) in student.changes.items():
        learnt[f"{name}.weight/down"] = (down.detach().numpy() * settings.kept).astype(np.float16)
        learnt[f"{name}.weight/up"] = up.detach().numpy().astype(np.float16)
    return learnt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    settings = Settings()
    data = examples(report_sentences(given.reports), SectorLanguage.load(), settings)
    np.savez(given.out, **train(data, settings))
    described = {
        "texts": len(data.texts),
        "texts_sha256": hashlib.sha256("\n".join(sorted(data.texts)).encode()).hexdigest(),
        "settings": asdict(settings),
        "licence": "learnt from Crown copyright text under the Open Government Licence v3.0; weights Apache-2.0",
    }
    given.out.with_suffix(".json").write_text(json.dumps(described, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
