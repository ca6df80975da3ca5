"""A corpus of any size, from a seed: extractions of invented inspection reports, each of one council and year.

Sentences are put together from invented halves by a seeded generator, so that few texts are the same; nothing is
anybody's. The same number always makes the same corpus, and the first documents of a larger corpus are those of a
smaller one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from graph.model import (
    DocumentFacts,
    Evidence,
    Extraction,
    Finding,
    Inspection,
    Judgement,
    Maker,
    Recommendation,
    SourceFile,
)

#: Items of one document: findings, and a tenth of them recommendations.
ITEMS = 100
_RULE = Maker("generated", "1", 0.9)
_SUBJECTS = """social workers|team managers|foster carers|personal advisers|the virtual school|independent reviewing
officers|the safeguarding board|health visitors|school nurses|the emergency duty team|kinship carers|the adoption panel|
early help workers|the multi-agency hub|residential staff|the youth offending team|commissioners|senior leaders|the
lead member|partner agencies""".replace("\n", " ").split("|")
_VERBS = """record|review|plan|understand|oversee|share|challenge|strengthen|delay|support|monitor|explain|coordinate|
audit|agree|question|prepare for|follow up|chase|celebrate""".replace("\n", " ").split("|")
_OBJECTS = """supervision|return home interviews|health assessments|pathway plans|chronologies|life-story work|child
protection plans|strategy discussions|placement moves|contact with families|referrals from schools|risk of exploitation|
private fostering arrangements|education plans|core group meetings|the voice of the child|step-down to early help|
caseloads|permanence plans|housing for care leavers""".replace("\n", " ").split("|")
_TAILS = (
    (
        """in good time|in every case|too seldom|with care|when staff change|across the county|for younger children|for
older young people|before decisions are made|after an incident|and act on what they find|without clear
reasons|so that progress can be seen|more often than a year ago|even where needs are complex|although demand
has grown|in most of the files that were seen|with the help of an interpreter|because systems do not talk to
each other|as the plan asks"""
    )
    .replace("\n", " ")
    .split("|")
)
_NUMBERS = range(2, 90)
#: Phrases that link others in every sentence.
LINKING = ("was found", *(f"and in {number} of the cases seen" for number in _NUMBERS))
#: What every sentence consists of, besides spaces, a comma and a full stop.
PHRASES = tuple(
    dict.fromkeys(
        [
            *(who.strip().capitalize() for who in _SUBJECTS),
            *(phrase.strip() for part in (_VERBS, _OBJECTS, _TAILS) for phrase in part),
            *LINKING,
        ]
    )
)
_AREAS = ("overall-effectiveness", "leadership", "help-and-protection")
_GRADES = ("outstanding", "good", "requires-improvement", "inadequate")


def sentences(count: int, seed: int) -> list[str]:
    generator = np.random.default_rng(seed)
    parts = (_SUBJECTS, _VERBS, _OBJECTS, _TAILS, _OBJECTS, _TAILS)
    # the first words of a list are commoner than its last, as in any language
    picked = [np.minimum(generator.zipf(1.3, count) - 1, len(part) - 1) for part in parts[:1]]
    picked += [generator.integers(0, len(part), count) for part in parts[1:]]
    numbers = generator.integers(_NUMBERS.start, _NUMBERS.stop, count)
    made = []
    for row in range(count):
        who, does, what, how, other, end = (part[picked[at][row]].strip() for at, part in enumerate(parts))
        made.append(
            f"{who.capitalize()} {does} {what} {how}, and in {numbers[row]} of the cases seen {other} was found {end}."
        )
    return made


def extractions(items: int, seed: int = 1) -> Iterator[tuple[Extraction, str]]:
    """Documents of 100 items each, with their texts, until there are so many items."""
    for number in range(-(-items // ITEMS)):
        yield extraction(number, seed)


def extraction(number: int, seed: int = 1) -> tuple[Extraction, str]:
    generator = np.random.default_rng((seed, number))
    texts = sentences(ITEMS, int(generator.integers(1 << 40)))
    council, year = f"Council {number % 150:03}", 2004 + int(generator.integers(0, 20))
    text = "\n".join(texts)
    starts = np.cumsum([0, *(len(t) + 1 for t in texts)]).tolist()
    evidence = [Evidence(s, s + len(t), t, 1 + i // 12) for i, (s, t) in enumerate(zip(starts, texts, strict=False))]
    made = [
        (Finding(t, e, _RULE, f"Section {i % 7}", polarity=("strength", "improvement", "mixed")[int(p)]))
        for i, (t, e, p) in enumerate(zip(texts, evidence, generator.integers(0, 3, ITEMS), strict=True))
        if i % 10
    ]
    asked = [
        Recommendation(t, e, _RULE, str(i // 10 + 1))
        for i, (t, e) in enumerate(zip(texts, evidence, strict=True))
        if not i % 10
    ]
    name = f"generated-{number:07}.pdf"
    return (
        Extraction(
            SourceFile(name, hashlib.sha256(name.encode()).hexdigest(), "application/pdf", len(text)),
            DocumentFacts(f"Inspection of {council}", "inspection-report", f"{year}-05-01", "text", "Ofsted", council),
            inspections=(
                Inspection("Ofsted", "ILACS", council, None, f"{year}-03-01", f"{year}-03-12", None, "ilacs"),
            ),
            judgements=tuple(
                Judgement(area, grade, area, grade, 0, None, _RULE)
                for area, grade in zip(_AREAS, generator.choice(_GRADES, 3).tolist(), strict=True)
            ),
            findings=tuple(made),
            recommendations=tuple(asked),
            text_sha256=hashlib.sha256(text.encode()).hexdigest(),
            page_count=9,
            extractor_version="generated",
        ),
        text,
    )


def vectors(count: int, dimension: int = 384, seed: int = 1) -> np.ndarray:
    """Unit rows in clusters; NOT embeddings of the sentences, which would cost a second for 150 of them: recall over
    them is indicative."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(max(count // 50, 8), dimension)).astype(np.float32)
    made = np.empty((count, dimension), dtype=np.float32)
    for start in range(0, count, 65_536):
        end = min(start + 65_536, count)
        noise = generator.normal(size=(end - start, dimension)).astype(np.float32)
        made[start:end] = centres[generator.integers(0, len(centres), end - start)] + 0.7 * noise
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made
