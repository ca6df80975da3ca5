"""The sector's language: which issues a text speaks of, whatever words it uses.

``ontology/search_concepts.csv`` lists issues with the terms that documents use for them (abbreviations, older and newer
names) and plain wordings that people ask in; ``ontology/search_phrasebook.csv`` pairs whole questions in plain words
with a statement in the sector's words. Texts are tagged by the terms they hold; queries by terms and by nearness in
meaning to any wording.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.lexical import STOP_WORDS, words_with_spans

#: In a release: what its documents explain themselves.
OWN_ABBREVIATIONS = "own_abbreviations.csv"

Words = Sequence[tuple[str, int, int]]

_CAPITALS = re.compile(r"\b(?:[A-Z&]{2,}[0-9]?|[A-Z]+[a-z]?[A-Z]+|S20)s?\b")


@dataclass(frozen=True, slots=True)
class SearchConcept:
    """One issue. ``terms`` as documents print them; one in capitals is an abbreviation and matches in capitals or in a
    query of its own; ``plain``: wordings of people outside the sector, matched by meaning only."""

    id: str
    theme: str
    terms: tuple[str, ...]
    plain: tuple[str, ...]


@dataclass(frozen=True)
class SectorLanguage:
    concepts: tuple[SearchConcept, ...]
    phrasebook: tuple[tuple[str, str], ...]
    further_abbreviations: tuple[tuple[str, str], ...] = ()
    own_abbreviations: tuple[tuple[str, str], ...] = ()

    @classmethod
    def load(cls, folder: Path | None = None) -> SectorLanguage:
        """From a release's folder, None: the files of the installed package."""
        root = folder if folder is not None else files("ontology")
        concepts = tuple(
            SearchConcept(r["concept"], r["theme"], _split(r["terms"]), _split(r["plain"]))
            for r in _rows((root / "search_concepts.csv").read_text(encoding="utf-8"))
        )
        phrasebook = tuple(
            (r["question"], r["statement"]) for r in _rows((root / "search_phrasebook.csv").read_text(encoding="utf-8"))
        )
        return cls(concepts, phrasebook, _pairs(root / "abbreviations.csv"), _pairs(root / OWN_ABBREVIATIONS))

    @cached_property
    def phrases(self) -> tuple[tuple[int, str], ...]:
        """Every wording of every concept, with the concept's place; grouped by concept, in order."""
        return tuple((place, p) for place, c in enumerate(self.concepts) for p in (*c.terms, *c.plain))

    @cached_property
    def abbreviations(self) -> dict[str, str]:
        """Abbreviation → what it stands for: the term of its concept whose initials it is, else the list's, else what
        the documents explain."""
        return {**dict(self.own_abbreviations), **self._sector_abbreviations}

    @cached_property
    def _sector_abbreviations(self) -> dict[str, str]:
        found = dict(self.further_abbreviations)
        for concept in self.concepts:
            for term in concept.terms:
                if term.isupper() and term.isalnum():
                    written_out = next((t for t in concept.terms if _initials_match(term, t)), None)
                    if written_out is not None:
                        found[term] = written_out
        return found

    def written_out(self, text: str) -> str | None:
        """The text with its abbreviations written out; None where it holds none. Lower case is taken for an
        abbreviation of the sector's list alone, and only where the word is no English word of its own ("mash
        thresholds", not "it"): documents abbreviate to words (HOME, SAFE)."""

        shouted = text.isupper() and " " in text.strip()
        known = self._sector_abbreviations if shouted else self.abbreviations

        def replaced(match: re.Match[str]) -> str:
            word = match.group().removesuffix("s") if not match.group().isupper() else match.group()
            return known.get(word, match.group())

        changed = _CAPITALS.sub(replaced, text)
        if changed == text and text == text.casefold():
            changed = " ".join(self._lower_abbreviations.get(w, w) for w in text.split())
        return changed if changed != text else None

    @cached_property
    def _lower_abbreviations(self) -> dict[str, str]:
        known = self._sector_abbreviations.items()
        unmistakable = {s: w for s, w in known if len(s) >= 3 and s.casefold() not in STOP_WORDS}
        return {s.casefold(): w for s, w in unmistakable.items()}

    @cached_property
    def _terms(self) -> dict[tuple[str, ...], list[tuple[int, bool, str]]]:
        """By index forms: the concept, whether capitals are wanted, and of a single word its singular (a stem alone
        would take "extremely" for "extremism")."""
        found: dict[tuple[str, ...], list[tuple[int, bool, str]]] = defaultdict(list)
        for place, concept in enumerate(self.concepts):
            for term in concept.terms:
                capitals = term.isupper() and len(term) <= 4
                found[tuple(w for w, _, _ in words_with_spans(term.replace("-", " ")))].append(
                    (place, capitals, "" if " " in term or "-" in term else _singular(term))
                )
        found.pop((), None)
        return dict(found)

    @cached_property
    def _longest(self) -> dict[str, int]:
        """How many words the longest term has that begins with this one."""
        found: dict[str, int] = {}
        for term in self._terms:
            found[term[0]] = max(found.get(term[0], 0), len(term))
        return found

    @cached_property
    def _openings(self) -> dict[int, set[str]]:
        """The words that begin the terms of each concept."""
        found: dict[int, set[str]] = defaultdict(set)
        for term, entries in self._terms.items():
            for place, _, _ in entries:
                found[place].add(term[0])
        return dict(found)

    def openings(self, concepts: Iterable[int]) -> set[str]:
        """The words, as indexed, with one of which every term of these concepts begins."""
        return set().union(*(self._openings.get(place, ()) for place in concepts))

    def tags(self, text: str, *, any_case: bool = False) -> tuple[int, ...]:
        """Places of the concepts whose terms the text holds, ascending. A term inside a longer one of another concept
        does not count. ``any_case``: abbreviations also in lower case, for what is typed into a search box."""
        found = self._found(text, list(words_with_spans(text)), any_case)
        return tuple(sorted({place for _, _, places in found for place in places}))

    def term_spans(self, text: str, words: Words, concepts: Iterable[int]) -> list[tuple[int, int]]:
        """Half-open ranges of the terms of these concepts in the text, in order; ``words``: ``words_with_spans``."""
        wanted = set(concepts)
        return [(start, end) for start, end, places in self._found(text, words, False) if wanted.intersection(places)]

    def _found(self, text: str, words: Words, any_case: bool) -> list[tuple[int, int, list[int]]]:
        found: list[tuple[int, int, list[int]]] = []
        forms = [word for word, _, _ in words]
        for start, word in enumerate(forms):
            for length in range(min(self._longest.get(word, 0), len(words) - start), 0, -1):
                entries = self._terms.get(tuple(forms[start : start + length]))
                if entries is None:
                    continue
                first, last = words[start][1], words[start + length - 1][2]
                spelled = text[first:last].rstrip("s").isupper()
                single = _singular(text[first:last])
                places = [
                    place
                    for place, capitals, singular in entries
                    if (any_case or spelled or not capitals) and singular in ("", single)
                ]
                if places:
                    found.append((first, last, places))
                    break
        return [
            (start, end, places)
            for start, end, places in found
            if not any(s <= start and end <= e and e - s > end - start for s, e, _ in found)
        ]


@dataclass(frozen=True, slots=True)
class ConceptIndex:
    """Which rows speak of which concept: the rows of concept c are ``rows[starts[c]:starts[c + 1]]``, ascending."""

    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    row_weight: NDArray[np.float32]

    @classmethod
    def of(cls, tags: Iterable[Sequence[int]], concepts: int, size: int) -> ConceptIndex:
        by_concept: list[list[int]] = [[] for _ in range(concepts)]
        weight = np.zeros(size, dtype=np.float32)
        for row, tagged in enumerate(tags):
            for place in tagged:
                by_concept[place].append(row)
            weight[row] = 1.0 / np.sqrt(len(tagged)) if tagged else 0.0
        starts = np.cumsum([0, *(len(r) for r in by_concept)]).astype(np.int64)
        rows = np.array([r for rows in by_concept for r in rows], dtype=np.int64)
        return cls(starts, rows, weight)

    @property
    def size(self) -> int:
        return len(self.row_weight)

    def scores(self, weights: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The rows that speak of a concept meant, ascending, and in ]0, 1] the share of the best one's evidence that
        each has, a rare concept counting more, a row that speaks of many things less. ``weights`` (concepts,) in
        [0, 1]: how surely the query means each."""
        scores = np.zeros(self.size, dtype=np.float32)
        speaking = np.zeros(self.size, dtype=np.bool_)
        for place in np.flatnonzero(weights > 0):
            rows = self.rows[self.starts[place] : self.starts[place + 1]]
            rarity = np.log(1.0 + (self.size - len(rows) + 0.5) / (len(rows) + 0.5))
            scores[rows] += weights[place] * rarity
            speaking[rows] = True
        # from here on only these rows: over a million each step through all would cost as much as the above
        found = np.flatnonzero(speaking)
        weighed = scores[found] * self.row_weight[found]
        return found, weighed / float(weighed.max()) if len(found) else weighed


def agreed_abbreviations(explained: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """What short forms stand for by most of the documents that explain them, in order; a short form that two documents
    use for different things says nothing. ``explained``: (short, long) once for each document."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    printed: dict[tuple[str, str], str] = {}
    for short, long in explained:
        words = re.sub(r"['’‘]+$", "", " ".join(long.split()))
        key = re.sub(r"[\W_]+", " ", re.sub(r"['’]", "", words.casefold())).strip()
        key = " ".join(_singular(word) for word in key.split())
        votes[short][key] += 1
        printed.setdefault((short, key), words)
    agreed = []
    for short, forms in sorted(votes.items()):
        (best, count), total = forms.most_common(1)[0], forms.total()
        # a comma that is no part of what the initials stand for: somebody's name and office
        name = "," in printed[short, best] and not _initials_match(short, printed[short, best])
        if count * 3 >= total * 2 and len(short) >= 2 and not name:
            agreed.append((short, printed[short, best]))
    return tuple(agreed)


def _pairs(file: Any) -> tuple[tuple[str, str], ...]:
    """(short, long) of a list of abbreviations; none where there is no such file."""
    if not file.is_file():
        return ()
    return tuple((r["short"], r["long"]) for r in _rows(file.read_text(encoding="utf-8")))


def _singular(word: str) -> str:
    plain = word.casefold().replace("’", "'").removesuffix("'s").rstrip("'")
    return plain[:-3] + "y" if plain.endswith("ies") else plain.removesuffix("s")


def _split(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split("|") if part.strip())


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _initials_match(short: str, term: str) -> bool:
    if term.isupper():
        return False
    words = re.findall(r"[A-Za-z0-9]+", term)
    every = "".join(w[0] for w in words).upper()
    content = "".join(w[0] for w in words if w.casefold() not in STOP_WORDS).upper()
    return short.upper() in (every, content)
