"""Words that a line's end broke in two."""

from __future__ import annotations

from collections import Counter

_HYPHEN_PREFIXES = frozenset(
    "multi well self co re pre post non inter intra semi anti mid low high long short full part half sub cross over "
    "under "
    "out on off in up down one two three four five six seven eight nine ten twelve ex pro e all best good first second "
    "third real day year fast slow hard large small so face child bi tri trans ultra vice".split()
)
JOINERS = frozenset({"and", "or", "to"})


def joined(left: str, right: str, vocabulary: Counter[str]) -> str:
    """The two parts of a word that was broken at a line's end, with its hyphen where that is the word's own.

    Evidence is the document itself: the form that it prints elsewhere; failing that, a left part that is a word is
    taken for the first of a compound. ``left`` ends with the hyphen.
    """
    stem = left[:-1]
    a, b = bare(stem), bare(right)
    if not a or not b:
        return left + right
    whole, compound = vocabulary[a + b], vocabulary[f"{a}-{b}"]
    if compound or whole:
        return left + right if compound >= whole else stem + right
    if "-" in a or right[0].isupper() or right[0].isdigit() or stem[-1].isdigit():
        return left + right
    return left + right if a in _HYPHEN_PREFIXES or vocabulary[a] else stem + right


def bare(word: str) -> str:
    return word.casefold().strip("‘’“”\"'(),.;:!?[]")
