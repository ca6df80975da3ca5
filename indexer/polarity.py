"""Whether a finding reports a strength, something to improve, or both: a small classifier over clauses and meaning.

A finding is cut into clauses at sentence ends and contrasts ("although", "but"). A first model scores each clause by
its words and by the rule of ``graph.extraction.polarity``, between praise (0) and criticism (1); a second weighs how
these scores are spread over the finding, with the rule's verdict on the whole, the kind of section that it stands in
and its vector. A change of the rule's cues asks for training anew. ``docs/themes.md`` has the
measurements, ``indexer/training/polarity.py`` the training.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from graph.extraction.polarity import rule_polarity
from graph.model import Polarity
from indexer.text_cache import TextCache
from indexer.theme_linking import Floats, product, word_features

POLARITIES: tuple[Polarity, ...] = ("strength", "improvement", "mixed")

#: Kinds of section by their heading, the first that fits; "none" is the last.
SECTION_KINDS = ("wanting", "praising", "inadequate", "requires-improvement", "outstanding", "good", "none")
_SECTIONS = (
    re.compile(r"needs? to (?:do better|improve)|weakness|areas? for (?:improvement|development)", re.IGNORECASE),
    re.compile(r"that is effective|strengths?\b(?!.*weak)|is (?:good|outstanding) because", re.IGNORECASE),
    re.compile(r"inadequate", re.IGNORECASE),
    re.compile(r"requires? improvement", re.IGNORECASE),
    re.compile(r"outstanding", re.IGNORECASE),
    re.compile(r"\bgood\b", re.IGNORECASE),
)

_CLAUSE_END = re.compile(
    r"(?<=[.!?;])\s+(?=[A-Z\u2018\u201c(])"
    r"|,?\s+(?=(?:but|although|though|whereas|while|however,|except)\s)"
    r"|(?<=[a-z]),\s+(?=(?:yet|despite)\s)"
)
#: "Although this is so, that is not": the comma parts the concession from the point.
_CONCESSION = re.compile(r"^(?:although|though|while|whilst|despite|notwithstanding)\b[^,]{15,}?,\s+", re.IGNORECASE)
_CONTRAST = re.compile(
    r"\b(?:but|however|although|though|while|whilst|despite|nevertheless|whereas|except)\b", re.IGNORECASE
)
_NEGATIVE = re.compile(
    r"\b(?:not|no|nor|never|neither|cannot|without|too (?:\w+)|lack\w*|insufficien\w+|inconsisten\w+|variab\w+|"
    r"varie[sd]|vary|poor\w*|weak\w*|inadequa\w+|limit(?:ed|s)|gaps?|shortfalls?|shortage|drift|fail\w*|"
    r"deficit\w*|delay\w*|slow\w*|"
    r"declin\w+|deteriorat\w+|unclear|unable|under-?developed|un(?:satisfactory|suitable|met|necessar\w+|even|reliable|"
    r"registered|regulated|safe|stable)|in(?:effective|appropriate|accurate|frequent)\w*|incomplete|missed|absen\w+|"
    r"rare|rarely|seldom|overly|worse\w*|widening|negligible|barrier\w*|hamper\w*|hinder\w*|undermin\w*|instability|"
    r"turnover|vacan\w+|backlog\w*|wait\w*|overdue|concern\w*|challenge|difficult\w*|few|fewer|less|more (?:work|to do|"
    r"needs?|could)|further (?:work|improvement)|needs? to|requires? (?:\w+ )?(?:improvement|strengthening|work)|"
    r"needs? (?:better|more|greater|improved|stronger|quicker|closer)|challenges|worsen\w*|compromised|sluggish|"
    r"over-?\s?(?:optimistic|relian\w+)|under (?:developed|used)|under-\w+|inequit\w+|lottery|"
    r"(?:is|are|was|were|remains?) (?:too |very |still )?low|longer than|lost (?:faith|confidence|contact)|"
    r"could (?:be|do)|should|yet to|still|only|minority|some (?:children|cases|plans|care|young|staff)|small number)\b"
)
_POSITIVE = re.compile(
    r"\b(?:good|better|best|well|strong\w*|strength\w*|effective\w*|excellent|outstanding|thorough\w*|timely|"
    r"appropriate\w*|"
    r"clear\w*|improv(?:ed|es|ing|ement|ements)|positive\w*|success\w*|benefit\w*|robust\w*|comprehensive\w*|skil\w+|"
    r"sensitiv\w+|prompt\w*|swift\w*|quick\w*|high[- ]quality|commit\w*|ambitio\w+|dedicated|tenac\w+|proactive\w*|"
    r"purposeful\w*|meaningful\w*|creativ\w+|innovativ\w+|progress\w*|valu\w+|suitabl\w+|careful\w*|consistent\w*|"
    r"regular\w*|rigorous\w*|detailed|thriv\w+|stable|stability|safe\w*|responsive\w*|coordinated|embedded|decisive\w*|"
    r"tailored|child-(?:centred|focused)|accurate\w*|achiev\w+|listen\w*|support\w*|enable\w*|ensur\w+|influential|"
    r"impressive\w*|exemplary|exceptional\w*|help\w*|protect\w*|understand\w*|understood)\b"
)


def clauses(text: str) -> list[str]:
    """The text cut at sentence ends and at contrasts; never empty, and nothing but white space is lost."""
    found: list[str] = []
    for part in _CLAUSE_END.split(text):
        concession = _CONCESSION.match(part)
        pieces = [concession.group(), part[concession.end() :]] if concession else [part]
        found += [piece.strip() for piece in pieces if len(piece.split()) >= 3]
    return found or [text]


def section_kind(section: str | None) -> int:
    """Index into SECTION_KINDS."""
    for kind, pattern in enumerate(_SECTIONS):
        if section and pattern.search(section):
            return kind
    return len(_SECTIONS)


def clause_cues(parts: Sequence[str]) -> Floats:
    """(n_clauses, 10): cues of criticism and praise, how they compare, and the rule's verdict."""
    rows = []
    for part in parts:
        lowered = part.lower()
        negative = len(_NEGATIVE.findall(lowered))
        positive = len(_POSITIVE.findall(_NEGATIVE.sub(" ", lowered)))
        balance = (positive - 1.5 * negative) / (positive + 1.5 * negative + 0.5)
        cues = [negative > 0, min(negative, 4) / 4, positive > 0, min(positive, 4) / 4, balance]
        rows.append([*cues, *_rule(part)])
    return np.array(rows, dtype=np.float32).reshape(-1, 10)


def _rule(text: str) -> list[float]:
    polarity, score = rule_polarity(text)
    verdict = [float(polarity == each) for each in POLARITIES]
    return [*verdict, verdict[0] * score, verdict[1] * score]


def spread(text: str, parts: Sequence[str], scores: NDArray[np.float64], cues: Floats) -> list[float]:
    """How the scores of a finding's clauses are spread: what the second model weighs besides the vector."""
    weights = np.sqrt([max(1, len(part)) for part in parts])
    weights = weights / weights.sum()
    inner = text[60:] if len(parts) > 1 else text[12:]
    contrasts = len(_CONTRAST.findall(inner))
    balances = cues[:, 4]
    ruled = cues[:, 8] - cues[:, 9]
    return [
        float((scores * weights).sum()), float(scores.max()), float(scores.min()), float(scores[0]), float(scores[-1]),
        float(weights[scores > 0.5].sum()), float(weights[scores > 0.8].sum()), float(weights[scores < 0.2].sum()),
        float(scores.max() - scores.min()), float(scores.max() * (1 - scores.min())), float(np.log(len(parts))),
        float(len(parts) == 1), float(contrasts > 0), min(contrasts, 4) / 4,
        float((balances * weights).sum()), float(balances.max()), float(balances.min()),
        float(weights[balances < -0.2].sum()), float(weights[balances > 0.2].sum()),
        float((ruled * weights).sum()), float(ruled.max()), float(ruled.min()), float(ruled[-1]),
        float(weights[ruled > 0.3].sum()), float(weights[ruled < -0.3].sum()), *_rule(text),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClauseModel:
    """Weights over hashed runs of words and cues; the logistic function of their sum is the share of criticism."""

    buckets: NDArray[np.int64]
    idf: Floats
    words: Floats
    cues: Floats
    bias: float

    def scores(self, parts: Sequence[str], cues: Floats) -> NDArray[np.float64]:
        weighed = word_features(parts, self.buckets, self.idf) @ self.words + product(cues, self.cues) + self.bias
        return np.asarray(1 / (1 + np.exp(-weighed)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class FindingModel:
    """``weights`` (n_features, 3) over ``spread``, the kind of section, the vector; ``bias`` (3,), in the order of
    POLARITIES."""

    weights: Floats
    bias: Floats


class PolarityClassifier:
    """Gives findings their polarity."""

    def __init__(
        self, clause: ClauseModel, plain: FindingModel, full: FindingModel | None, about: dict[str, Any]
    ) -> None:
        self._clause = clause
        self._plain = plain
        self._full = full
        self.about = about

    @classmethod
    def load(cls, weights_sha256: str | None = None, path: Path | None = None) -> PolarityClassifier:
        """The shipped classifier, or that at ``path``. ``weights_sha256`` is the embedder's ``identity.sha256``:
        vectors are used where the classifier was trained on vectors of the same weights."""
        source = files("indexer").joinpath("models/polarity.npz")
        with as_file(source) as shipped, np.load(path or shipped, allow_pickle=False) as stored:
            about = json.loads(str(stored["about"]))
            clause = ClauseModel(
                np.asarray(stored["buckets"], dtype=np.int64),
                np.asarray(stored["idf"], dtype=np.float32),
                np.asarray(stored["words"], dtype=np.float32),
                np.asarray(stored["cues"], dtype=np.float32),
                float(stored["clause_bias"]),
            )
            plain = FindingModel(np.asarray(stored["plain"], np.float32), np.asarray(stored["plain_bias"], np.float32))
            full = FindingModel(np.asarray(stored["full"], np.float32), np.asarray(stored["full_bias"], np.float32))
        return cls(clause, plain, full if weights_sha256 == about["weights_sha256"] else None, about)

    @property
    def version(self) -> str:
        return str(self.about["version"])

    @property
    def uses_vectors(self) -> bool:
        return self._full is not None

    def classify_known(
        self,
        cache: TextCache,
        model: str,
        texts: Sequence[str],
        encode: Callable[[Sequence[str]], Floats],
        sections: Sequence[str | None],
    ) -> Iterator[tuple[Polarity, float]]:
        """``classify``, asked only for what is new. ``model``: key of what makes the vectors, by ``encode``."""

        def judged(places: Sequence[int]) -> Iterator[bytes]:
            own = [texts[place] for place in places]
            vectors = encode(own) if self.uses_vectors else None
            yield from map(msgspec.msgpack.encode, self.classify(own, vectors, [sections[place] for place in places]))

        stored = files("indexer").joinpath("models/polarity.npz").read_bytes()
        about = f"polarity\x1f{self.version}\x1f{model if self.uses_vectors else ''}\x1f".encode()
        asked = [f"{section_kind(section)} {text}" for text, section in zip(texts, sections, strict=True)]
        decoder = msgspec.msgpack.Decoder(tuple[Polarity, float])
        return map(decoder.decode, cache.of(about + hashlib.sha256(stored).digest(), asked, judged))

    def classify(
        self, texts: Sequence[str], embeddings: Floats | None, sections: Sequence[str | None]
    ) -> list[tuple[Polarity, float]]:
        """For each text its polarity and the confidence in it, a calibrated probability. ``embeddings``: (n, dimension)
        unit rows, or None; ``sections``: the heading above each, or None."""
        found = self.probabilities(texts, embeddings, sections)
        best = found.argmax(axis=1)
        return [(POLARITIES[place], round(float(row[place]), 4)) for place, row in zip(best, found, strict=True)]

    def probabilities(
        self, texts: Sequence[str], embeddings: Floats | None, sections: Sequence[str | None]
    ) -> NDArray[np.float64]:
        """(n_texts, 3) in the order of POLARITIES; rows sum to 1."""
        if not texts:
            return np.zeros((0, 3))
        features = np.hstack([spread_features(self._clause, texts), section_features(sections)])
        model = self._plain
        if self._full is not None and embeddings is not None:
            model = self._full
            features = np.hstack([features, embeddings])
        return softmax(product(features, model.weights) + model.bias)


def section_features(sections: Sequence[str | None]) -> Floats:
    """(n_sections, len(SECTION_KINDS)): 1 in the column of the kind of each heading, else 0."""
    return np.eye(len(SECTION_KINDS), dtype=np.float32)[[section_kind(section) for section in sections]]


def spread_features(model: ClauseModel, texts: Sequence[str]) -> Floats:
    """(n_texts, n_spread): ``spread`` of each text under a clause model."""
    parts = [clauses(text) for text in texts]
    flat = [part for text_parts in parts for part in text_parts]
    cues = clause_cues(flat)
    return spread_rows(texts, parts, model.scores(flat, cues), cues)


def spread_rows(
    texts: Sequence[str], parts: Sequence[Sequence[str]], scores: NDArray[np.float64], cues: Floats
) -> Floats:
    rows, start = [], 0
    for text, text_parts in zip(texts, parts, strict=True):
        end = start + len(text_parts)
        rows.append(spread(text, text_parts, scores[start:end], cues[start:end]))
        start = end
    return np.array(rows, dtype=np.float32)


def softmax(weighed: NDArray[Any]) -> NDArray[np.float64]:
    raised = np.exp(weighed - weighed.max(axis=1, keepdims=True), dtype=np.float64)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
