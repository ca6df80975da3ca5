"""What the words of an item say about its themes: the lexical evidence that theme linking weighs.

Two sources: the labels of the scheme (``ontology/themes.ttl``), matched as whole words with the longest match winning
and excluded labels masked, and cues (``models/theme_cues.json``), patterns of how inspectors write about a theme. A
theme added to the scheme is recognised by its labels at once; cues for it are optional.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ontology.resources import Theme

#: The columns of ``LexicalEvidence.of``, each in [0, 1].
COLUMNS = (
    "cue",
    "cue_early",
    "cue_in_head",
    "weak_cue",
    "cue_count",
    "label",
    "label_in_head",
    "label_length",
    "label_inside_longer",
    "label_early",
)

_KINDS = ("strong", "weak", "exclude")
#: Where in the text "early" ends, in characters.
_EARLY = 150
_WORD = re.compile(r"[a-z0-9&]+", re.IGNORECASE)
#: What stands for itself at the beginning of a pattern, short of what may be missing.
_LITERAL = re.compile(r"(?:[a-z0-9 '&-](?![?*{|]))+")
_WORD_BEGINNING = re.compile(r"\b(?=\w)")
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u2013": "-", "\u2011": "-", "\u2010": "-", "\u00a0": " "})

#: Stock openings that say nothing of the subject.
_OPENING = re.compile(
    r"^(?:the (?:local authority|board|[a-z]{0,5}scb|council|authority|partnership|local (?:area )?partnership)"
    r"(?: and (?:its )?partners)? (?:should|must|needs to|to) )?"
    r"(?:take (?:urgent |immediate |further )?(?:action|steps) to |continue to |further |urgently )?"
    r"(?:ensure(?: that)?|make sure(?: that)?|improve|strengthen|review|develop|increase|"
    r"the (?:quality|effectiveness|timeliness|consistency|impact|response|oversight)(?: and \w+)? (?:of|to))? ?"
)
#: Where the thing asked for ends and its purpose, circumstance or detail begins.
_PURPOSE = re.compile(
    r"(?:,? (?:so that|in order (?:to|that)|to (?:ensure|enable|make sure|inform|improve|help|support|allow|drive|"
    r"prevent|reduce|understand|identify|provide|avoid|address|demonstrate|promote|secure)|which|that (?:is|are) |"
    r"and that|leading to|enabling|including|particularly|in particular|especially|where|when|with a)\b)|[.;(]"
)


def normalised(text: str) -> str:
    """Lower case, straight quotes, plain hyphens, single spaces."""
    return " ".join(text.translate(_QUOTES).lower().split())


def head_length(text: str) -> int:
    """How many characters of a normalised text say what is asked for, before its purpose and details."""
    opening = _OPENING.match(text)
    cut = _PURPOSE.search(text, (opening.end() if opening else 0) + 12)
    return cut.start() if cut else len(text)


@dataclass(frozen=True, slots=True)
class _Cues:
    strong: re.Pattern[str] | None
    weak: re.Pattern[str] | None
    exclude: re.Pattern[str] | None


def _pattern(alternatives: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile(r"\b(?:" + "|".join(alternatives) + r")\b") if alternatives else None


def beginning(alternative: str) -> str:
    """With which at most three letters all that this alternative of a pattern matches begins; "" where that is not
    plain from its text."""
    bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])+\]", ".", alternative)
    while "(" in (inner := re.sub(r"\([^()]*\)", ".", bare)) and inner != bare:
        bare = inner
    found = _LITERAL.match(alternative)
    return "" if "|" in inner or found is None else found.group()[:3]


def load_cues() -> dict[str, Mapping[str, Sequence[str]]]:
    """Theme id → its cues: regular expressions over normalised text, "strong", "weak" and "exclude"."""
    text = files("indexer").joinpath("models/theme_cues.json").read_text(encoding="utf-8")
    found: dict[str, Mapping[str, Sequence[str]]] = json.loads(text)
    return found


def _label_cues(theme: Theme) -> Mapping[str, Sequence[str]]:
    """The cues of a theme that has none of its own: its labels as they stand."""
    return {
        "strong": [re.escape(normalised(label)) + "s?" for label in theme.labels],
        "exclude": [re.escape(normalised(label)) + "s?" for label in theme.not_labels],
    }


class LexicalEvidence:
    """Recognises labels and cues of a scheme in texts."""

    def __init__(self, scheme: Sequence[Theme]) -> None:
        shipped = load_cues()
        cues = [shipped.get(theme.id) or _label_cues(theme) for theme in scheme]
        self._cues = [_Cues(*(_pattern(given.get(kind, ())) for kind in _KINDS)) for given in cues]
        #: The themes that have a cue which begins so.
        self._begun: dict[str, set[int]] = defaultdict(set)
        for place, given in enumerate(cues):
            for alternative in (*given.get("strong", ()), *given.get("weak", ())):
                self._begun[beginning(alternative)].add(place)
        self._labels = _LabelMatcher(scheme)

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n_texts, n_themes, len(COLUMNS)): the evidence for each theme of the scheme, in its order."""
        found = np.zeros((len(texts), len(self._cues), len(COLUMNS)), dtype=np.float32)
        for row, text in enumerate(texts):
            plain = " ".join(text.translate(_QUOTES).split())
            lowered = plain.lower()
            head = head_length(lowered)
            self._add_cues(lowered, head, found[row])
            self._labels.add(plain, head, found[row])
        return found

    def possible(self, text: str) -> list[int]:
        """Places of the themes of which a normalised text may hold a cue, by how its words begin: a search for each
        theme's cues in turn costs more than all the rest."""
        starts = [match.start() for match in _WORD_BEGINNING.finditer(text)]
        begun = {text[start : start + length] for start in starts for length in (1, 2, 3)}
        return sorted(set().union(self._begun.get("", ()), *(self._begun.get(letters, ()) for letters in begun)))

    def _add_cues(self, text: str, head: int, out: NDArray[np.float32]) -> None:
        for theme in self.possible(text):
            cues = self._cues[theme]
            strong = cues.strong is not None and cues.strong.search(text) is not None
            weak = cues.weak is not None and cues.weak.search(text) is not None
            if not strong and not weak:
                continue
            masked = text if cues.exclude is None else cues.exclude.sub(_blank, text)
            starts = [m.start() for m in cues.strong.finditer(masked)] if strong and cues.strong is not None else []
            if starts:
                in_head = cues.strong is not None and cues.strong.search(masked[:head]) is not None
                out[theme, 0] = 1
                out[theme, 1] = max(0.0, 1 - starts[0] / _EARLY)
                out[theme, 2] = in_head
                out[theme, 4] = min(len(starts), 4) / 4
            elif weak and cues.weak is not None and (match := cues.weak.search(masked)):
                out[theme, 3] = 1.0 if match.end() <= head else 0.5


def _blank(match: re.Match[str]) -> str:
    """As long as what is masked, so that positions stay."""
    return " ~" + " " * max(0, len(match.group()) - 2)


@dataclass(frozen=True, slots=True)
class _Label:
    words: tuple[str, ...]
    theme: int
    capitals: bool
    excluded: bool


class _LabelMatcher:
    """Finds labels as runs of whole words, singular and plural alike, acronyms in capitals only."""

    def __init__(self, scheme: Sequence[Theme]) -> None:
        self._by_first: dict[str, list[_Label]] = defaultdict(list)
        for index, theme in enumerate(scheme):
            for label in theme.labels:
                self._add(label, index, excluded=False)
            for label in theme.not_labels:
                self._add(label, index, excluded=True)
        for labels in self._by_first.values():
            labels.sort(key=lambda label: -len(label.words))

    def _add(self, label: str, theme: int, *, excluded: bool) -> None:
        words = tuple(_stem(m.group()) for m in _WORD.finditer(label.translate(_QUOTES).replace("'s", "s")))
        if words:
            self._by_first[words[0]].append(_Label(words, theme, label.isupper(), excluded))

    def add(self, text: str, head: int, out: NDArray[np.float32]) -> None:
        """Set the label columns of ``out`` (n_themes, columns) for one text."""
        tokens = [(m.group(), m.start(), m.end()) for m in _WORD.finditer(text.replace("'s", "s ").replace("s'", "s "))]
        stems = [_stem(word) for word, _, _ in tokens]
        matches: list[tuple[int, int, _Label]] = []
        masked: set[tuple[int, int]] = set()
        for at, stem in enumerate(stems):
            for label in self._by_first.get(stem, ()):
                end = at + len(label.words)
                if tuple(stems[at:end]) != label.words:
                    continue
                if label.capitals and not all(w.rstrip("s").isupper() or w.isdigit() for w, _, _ in tokens[at:end]):
                    continue
                if label.excluded:
                    masked.update((label.theme, place) for place in range(at, end))
                else:
                    matches.append((at, end, label))
        for at, end, label in matches:
            if all((label.theme, place) in masked for place in range(at, end)):
                continue
            inside = any(
                a <= at and end <= e and e - a > end - at and other.theme != label.theme for a, e, other in matches
            )
            row = out[label.theme]
            if inside:
                row[8] = 1
                continue
            row[5] = 1
            row[6] = max(row[6], float(tokens[end - 1][2] <= head))
            row[7] = max(row[7], min(len(label.words), 5) / 5)
            row[9] = max(row[9], 1 - tokens[at][1] / _EARLY)


def _stem(word: str) -> str:
    """The word in lower case without a plural's s: enough for labels, and the same for label and text."""
    word = word.lower()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith("ss") else word
