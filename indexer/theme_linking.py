"""Which themes an item is about: label and cue evidence, meaning and a classifier, fused and calibrated.

Two scorers are averaged. The *shared* scorer weighs, by the same few weights for every theme, how an item's words match
a theme's labels and cues and how near the item's vector is to the theme's description: it knows a theme from its entry
in the scheme alone. The *learnt* scorer has weights of its own for each theme over words, vector and evidence; a theme
that it was never shown is left to the shared one. Their mean is calibrated to a confidence; an item with no theme above
the threshold stays unlinked. ``docs/themes.md`` has the measurements, ``indexer/training/theme_linker.py`` the
training.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph.isolation import end_with_parent
from indexer.theme_evidence import COLUMNS, LexicalEvidence, normalised
from ontology.resources import Theme

if TYPE_CHECKING:
    from scipy import sparse

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]

#: More themes than this say nothing of an item (the annotation guide's limit).
MOST_THEMES = 3

_NGRAM_WORDS = 3
#: Texts that are linked in one go.
_TOGETHER = 4096
_BUCKETS = 1 << 20
_TOKEN = re.compile(r"\w+")
_CUE, _EARLY, _HEAD, _LABEL, _LABEL_HEAD, _LABEL_EARLY = (
    COLUMNS.index(name) for name in ("cue", "cue_early", "cue_in_head", "label", "label_in_head", "label_early")
)
#: The columns of the lexical evidence that the learnt scorer sees, of every theme.
_LEARNT_COLUMNS = [COLUMNS.index(name) for name in ("cue", "cue_in_head", "weak_cue", "label", "label_in_head")]


@dataclass(frozen=True, slots=True)
class ThemeLink:
    """``confidence`` is in [0, 1]: of links with confidence c about a share c is right. ``method`` names what carried
    it: "label" (a label of the scheme stands in the text), "cue" (a pattern of its wording) or "meaning" (neither)."""

    theme: str
    confidence: float
    method: str


@dataclass(frozen=True, slots=True)
class Weights:
    """What training leaves behind, for items with vectors or for items without.

    ``shared`` and ``shared_bias`` weigh ``shared_features``; the rest is the learnt scorer over ``buckets`` (hashed
    runs of words, ascending, with their ``idf``), vector and evidence, a column a theme of ``themes``. The confidence
    is the logistic function of ``slope`` * score + ``intercept``, and a link needs ``threshold``.
    """

    themes: tuple[str, ...]
    shared: Floats
    shared_bias: float
    buckets: NDArray[np.int64]
    idf: Floats
    words: Floats
    vector: Floats
    evidence: Floats
    bias: Floats
    slope: float
    intercept: float
    threshold: float


class ThemeLinker:
    """Links texts to the themes of a scheme."""

    def __init__(
        self,
        scheme: Sequence[Theme],
        plain: Weights,
        full: Weights | None,
        described: Floats | None,
        about: dict[str, Any],
    ) -> None:
        """``described``: (n_themes, dimension) vectors of ``description`` of each theme, needed for ``full``."""
        self._scheme = tuple(scheme)
        self._evidence = LexicalEvidence(self._scheme)
        self._plain = plain
        self._full = full
        self._described = described
        self._place = {theme.id: place for place, theme in enumerate(self._scheme)}
        self._parents = [self._place.get(theme.broader or "", -1) for theme in self._scheme]
        self.about = about

    @classmethod
    def load(
        cls,
        scheme: Sequence[Theme],
        encode: Encode | None = None,
        weights_sha256: str | None = None,
        path: Path | None = None,
    ) -> ThemeLinker:
        """The shipped linker, or that at ``path``. Vectors are used where the embedder's ``encode`` and its
        ``identity.sha256`` are given and it was trained on vectors of the same weights; else words alone."""
        source = files("indexer").joinpath("models/theme_linker.npz")
        with as_file(source) as shipped, np.load(path or shipped, allow_pickle=False) as stored:
            about = json.loads(str(stored["about"]))
            plain = _unpacked("plain", stored)
            usable = encode is not None and weights_sha256 == about["weights_sha256"]
            full = _unpacked("full", stored) if usable else None
        described = (
            encode([description(theme) for theme in scheme]) if full is not None and encode is not None else None
        )
        return cls(scheme, plain, full, described, about)

    @property
    def version(self) -> str:
        return str(self.about["version"])

    @property
    def uses_vectors(self) -> bool:
        return self._full is not None

    def link(self, texts: Sequence[str], vectors: Floats | None = None) -> list[tuple[ThemeLink, ...]]:
        """For each text its themes, best first; () where none is sure enough.

        vectors: (n, dimension) unit rows of the embedder that the linker was loaded with, or None.
        """
        return self.linked(texts, vectors)[0]

    def linked(
        self, texts: Sequence[str], vectors: Floats | None = None, *, jobs: int = 1
    ) -> tuple[list[tuple[ThemeLink, ...]], Floats]:
        """``link`` and ``confidences`` in one go, by so many processes: with the same result for any number."""
        parts = [slice(start, start + _TOGETHER) for start in range(0, len(texts), _TOGETHER)]
        given = [(texts[part], vectors[part] if vectors is not None else None) for part in parts]
        if jobs <= 1 or len(parts) <= 1:
            made = [self._link(*part) for part in given]
        else:
            context = multiprocessing.get_context("forkserver")
            with ProcessPoolExecutor(min(jobs, len(parts)), context, _work_with, (self,)) as pool:
                made = list(pool.map(_link_part, given))
        linked = [links for found, _ in made for links in found]
        confidences = np.concatenate([found for _, found in made]) if made else np.zeros((0, len(self._scheme)), "f4")
        return linked, confidences

    def confidences(self, texts: Sequence[str], vectors: Floats | None = None) -> Floats:
        """(n_texts, n_themes): the calibrated confidence of every theme of the scheme, linked or not."""
        return self._confidences(texts, vectors, self._evidence.of(texts))

    def nearly(self, texts: Sequence[str], vectors: Floats | None = None) -> list[ThemeLink]:
        """For each text its best theme whatever the confidence: what a reviewer of unlinked items is shown."""
        evidence = self._evidence.of(texts)
        found = self._confidences(texts, vectors, evidence)
        return [self._as_link(int(np.argmax(row)), row, words) for row, words in zip(found, evidence, strict=True)]

    def _link(self, texts: Sequence[str], vectors: Floats | None) -> tuple[list[tuple[ThemeLink, ...]], Floats]:
        evidence = self._evidence.of(texts)
        found = self._confidences(texts, vectors, evidence)
        threshold = self._weights(vectors).threshold
        links = [
            tuple(self._as_link(place, row, words) for place in chosen(row, threshold, self._parents))
            for row, words in zip(found, evidence, strict=True)
        ]
        return links, found

    def _weights(self, vectors: Floats | None) -> Weights:
        return self._full if self._full is not None and vectors is not None else self._plain

    def _confidences(self, texts: Sequence[str], vectors: Floats | None, evidence: Floats) -> Floats:
        weights = self._weights(vectors)
        used = vectors if weights is self._full else None
        described = self._described
        cosines = product(used, described.T) if used is not None and described is not None else None
        shared = product(shared_features(evidence, cosines, self._parents), weights.shared) + weights.shared_bias
        score = shared.copy()
        places = [self._place.get(theme, -1) for theme in weights.themes]
        known = [column for column, place in enumerate(places) if place >= 0]
        learnt = self._learnt(weights, texts, used, evidence, places)
        score[:, [places[column] for column in known]] += learnt[:, known]
        score[:, [places[column] for column in known]] /= 2
        return np.asarray(1 / (1 + np.exp(-(weights.slope * score + weights.intercept))), dtype=np.float32)

    def _learnt(
        self, weights: Weights, texts: Sequence[str], vectors: Floats | None, evidence: Floats, places: Sequence[int]
    ) -> NDArray[np.float64]:
        words = word_features(texts, weights.buckets, weights.idf) @ weights.words
        scored = words + product(learnt_evidence(evidence, places), weights.evidence) + weights.bias
        if vectors is not None:
            scored = scored + product(vectors, weights.vector)
        return np.asarray(scored, dtype=np.float64)

    def _as_link(self, place: int, confidences: Floats, evidence: Floats) -> ThemeLink:
        row = evidence[place]
        method = "label" if row[_LABEL] else "cue" if row[_CUE] else "meaning"
        return ThemeLink(self._scheme[place].id, round(float(confidences[place]), 4), method)


#: The linker of a process that ``linked`` has started.
_OWN: list[ThemeLinker] = []


def _work_with(linker: ThemeLinker) -> None:
    end_with_parent()
    _OWN[:] = [linker]


def _link_part(part: tuple[Sequence[str], Floats | None]) -> tuple[list[tuple[ThemeLink, ...]], Floats]:
    return _OWN[0]._link(*part)


def product(a: NDArray[np.floating], b: Floats) -> NDArray[np.float64]:
    """In double precision: the last digits of single precision depend on how many rows are computed together, and what
    is found of a text must not."""
    return np.asarray(a.astype(np.float64) @ b.astype(np.float64), dtype=np.float64)


def description(theme: Theme) -> str:
    """What a theme's vector is made of."""
    return f"{theme.label}. {theme.scope}. {', '.join(sorted(theme.alt_labels)[:12])}"


def chosen(confidences: Floats, threshold: float, parents: Sequence[int]) -> list[int]:
    """The themes to link, best first, ties by place in the scheme: at most three above the threshold, and a top theme
    only where none of its narrower ones is chosen."""
    order = np.argsort(-confidences, kind="stable")[:MOST_THEMES]
    kept = [int(place) for place in order if confidences[place] >= threshold]
    covered = {parents[place] for place in kept}
    return [place for place in kept if place not in covered]


def shared_features(evidence: Floats, cosines: NDArray[np.floating] | None, parents: Sequence[int]) -> Floats:
    """(n_texts, n_themes, n_features): what the shared scorer weighs. ``cosines`` None: without meaning."""
    cue, label, head, label_head = (evidence[:, :, c] for c in (_CUE, _LABEL, _HEAD, _LABEL_HEAD))
    spread = np.ones_like(cue)
    cues, labels, heads = (x.sum(axis=1, keepdims=True) * spread for x in (cue, label, head))
    top = np.array([parent < 0 for parent in parents], dtype=np.float32)[None] * spread
    narrower = np.zeros_like(cue)
    below = [place for place in sorted(range(len(parents)), key=parents.__getitem__) if parents[place] >= 0]
    if below:
        above, firsts = np.unique([parents[place] for place in below], return_index=True)
        narrower[:, above] = np.maximum.reduceat(np.maximum(cue, label)[:, below], firsts, axis=1)
    features = [
        *np.moveaxis(evidence, 2, 0),
        cue * label,
        head * label_head,
        cue * np.minimum(cues, 6) / 6,
        label * np.minimum(labels, 6) / 6,
        head * np.minimum(heads, 4) / 4,
        _foremost(evidence[:, :, _EARLY]),
        _foremost(evidence[:, :, _LABEL_EARLY]),
        top,
        narrower,
        top * cue,
        top * label,
        cue * (heads == 0),
    ]
    if cosines is not None:
        standard = (cosines - cosines.mean(axis=1, keepdims=True)) / (cosines.std(axis=1, keepdims=True) + 1e-6)
        rank = 1 / (1 + np.argsort(np.argsort(-cosines, axis=1, kind="stable"), axis=1, kind="stable"))
        features += [cosines, standard, rank, cue * standard, label * standard, (cues == 0) * standard]
    return np.stack(features, axis=2).astype(np.float32)


def _foremost(earliness: Floats) -> NDArray[np.bool_]:
    """Whether a theme's words come first of all themes'."""
    return np.asarray((earliness > 0) & (earliness >= earliness.max(axis=1, keepdims=True) - 1e-6))


def learnt_evidence(evidence: Floats, places: Sequence[int]) -> Floats:
    """(n_texts, len(places) * 5): the lexical evidence of the themes at ``places``, zero for a place of -1."""
    part = np.zeros((len(evidence), len(places), len(_LEARNT_COLUMNS)), dtype=np.float32)
    there = [i for i, place in enumerate(places) if place >= 0]
    if there:
        part[:, there] = evidence[:, [places[i] for i in there]][:, :, _LEARNT_COLUMNS]
    return part.reshape(len(evidence), -1)


def word_runs(text: str) -> Iterator[int]:
    """The hashed buckets of a text's runs of one to three words: weights hold no words of the texts learnt from."""
    words = _TOKEN.findall(normalised(text))
    for length in range(1, _NGRAM_WORDS + 1):
        for start in range(len(words) - length + 1):
            yield zlib.crc32(" ".join(words[start : start + length]).encode()) % _BUCKETS


def word_features(texts: Sequence[str], buckets: NDArray[np.int64], idf: Floats) -> sparse.csr_matrix:
    """(n_texts, len(buckets)): damped counts times inverse document frequency, unit rows over the known buckets."""
    from scipy import sparse

    values: list[float] = []
    columns: list[int] = []
    ends = [0]
    for text in texts:
        counts = Counter(word_runs(text))
        runs = np.fromiter(counts if len(buckets) else (), dtype=np.int64)
        places = np.minimum(np.searchsorted(buckets, runs), len(buckets) - 1)
        known = zip(runs.tolist(), places.tolist(), (buckets[places] == runs).tolist(), strict=True)
        weighted = {place: (1 + float(np.log(counts[run]))) * float(idf[place]) for run, place, found in known if found}
        norm = sum(value * value for value in weighted.values()) ** 0.5 or 1.0
        columns += weighted
        values += [value / norm for value in weighted.values()]
        ends.append(len(columns))
    found = np.array(values, dtype=np.float32), np.array(columns, dtype=np.int32), np.array(ends, dtype=np.int32)
    return sparse.csr_matrix(found, shape=(len(texts), len(buckets)))


def packed(prefix: str, weights: Weights) -> dict[str, NDArray[Any]]:
    """The arrays to store: the words' weights as 8-bit steps a theme, the rest in half precision."""
    step = np.maximum(np.abs(weights.words).max(axis=0) / 127, 1e-9)
    return {
        f"{prefix}_themes": np.array(weights.themes),
        f"{prefix}_shared": weights.shared.astype(np.float32),
        f"{prefix}_buckets": weights.buckets.astype(np.uint32),
        f"{prefix}_idf": weights.idf.astype(np.float16),
        f"{prefix}_words": np.rint(weights.words / step).astype(np.int8),
        f"{prefix}_steps": step.astype(np.float32),
        f"{prefix}_vector": weights.vector.astype(np.float16),
        f"{prefix}_evidence": weights.evidence.astype(np.float16),
        f"{prefix}_bias": weights.bias.astype(np.float32),
        f"{prefix}_scalars": np.array(
            [weights.shared_bias, weights.slope, weights.intercept, weights.threshold], dtype=np.float64
        ),
    }


def _unpacked(prefix: str, stored: Any) -> Weights:
    def floats(name: str) -> Floats:
        return np.asarray(stored[f"{prefix}_{name}"], dtype=np.float32)

    shared_bias, slope, intercept, threshold = (float(value) for value in stored[f"{prefix}_scalars"])
    return Weights(
        themes=tuple(str(theme) for theme in stored[f"{prefix}_themes"]),
        shared=floats("shared"),
        shared_bias=shared_bias,
        buckets=np.asarray(stored[f"{prefix}_buckets"], dtype=np.int64),
        idf=floats("idf"),
        words=floats("words") * floats("steps"),
        vector=floats("vector"),
        evidence=floats("evidence"),
        bias=floats("bias"),
        slope=slope,
        intercept=intercept,
        threshold=threshold,
    )
