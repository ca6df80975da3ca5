"""IRIs of everything that a dataset describes: pure functions of what a thing is, never of when or where it was read.

An id made from content is the SHA-256 of length-prefixed parts, so that ("ab", "c") and ("a", "bc") differ; it is cut
to 80 bits and written as 16 characters of base32. Reading a document twice gives the same IRIs, and a better extractor
moves as few of them as it can: a numbered item keeps its IRI when its wording is read better, an item without a number
when its white space, quotation marks or hyphens are.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from graph.model import Extraction, Inspection, Judgement

DEFAULT_BASE = "https://w3id.org/inspectgraph/"

#: ``\w`` is what ``str.isalnum`` holds for, and the underscore.
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")
_BASE = re.compile(r"https?://[^\s<>\"{}|\\^`/?#]+/(?:[^\s<>\"{}|\\^`?#]*/)?")


@dataclass(frozen=True, slots=True)
class Iris:
    """Mints IRIs under ``base``, an absolute http(s) IRI that ends with a slash.

    Codes that come from outside (GSS codes, concept ids) are percent-encoded, so that no value of theirs can leave its
    path segment.
    """

    base: str = DEFAULT_BASE

    def __post_init__(self) -> None:
        if not _BASE.fullmatch(self.base):
            raise ValueError(f"the base IRI must be an absolute http(s) IRI that ends with a slash, not {self.base!r}")

    def document(self, document_id: str) -> str:
        return self._under("documents", document_id)

    def document_graph(self, document_id: str) -> str:
        """The named graph that holds everything taken from the document."""
        return f"{self.document(document_id)}/graph"

    def derived_graph(self, name: str) -> str:
        """A graph that is computed from all documents together: themes, neighbours, lineage, register, vocabulary."""
        return self._under("graphs", name)

    def item(self, kind: str, item_id: str) -> str:
        """``kind`` is a path: inspections, judgements, findings, recommendations, actions, evidence."""
        return self._under(kind, item_id)

    def authority(self, gss_code: str) -> str:
        return self._under("authorities", gss_code)

    def theme(self, theme_id: str) -> str:
        return self._under("themes", theme_id)

    def grade(self, grade_id: str) -> str:
        return self._under("grades", grade_id)

    def area(self, area_id: str) -> str:
        return self._under("areas", area_id)

    def framework(self, framework_id: str) -> str:
        return self._under("frameworks", framework_id)

    def inspectorate(self, inspectorate_id: str) -> str:
        return self._under("inspectorates", inspectorate_id)

    def status(self, status_id: str) -> str:
        return self._under("statuses", status_id)

    def polarity(self, polarity_id: str) -> str:
        return self._under("polarities", polarity_id)

    def document_kind(self, kind_id: str) -> str:
        return self._under("document-kinds", kind_id)

    def issue(self, issue_id: str) -> str:
        """A group of items that say nearly the same."""
        return self._under("issues", issue_id)

    def region(self, name: str) -> str:
        return self._under("regions", slug(name))

    def authority_type(self, name: str) -> str:
        return self._under("authority-types", slug(name))

    def neighbour_set(self, set_id: str) -> str:
        return self._under("neighbour-sets", set_id)

    def reorganisation(self, gss_code: str) -> str:
        """The change by which the authority with this code ended."""
        return self._under("reorganisations", gss_code)

    def agent(self, name: str, version: str) -> str:
        """A rule, model or program of one version."""
        return self._under("agents", slug(f"{name} {version}" if version else name))

    def correction(self, entry_id: str) -> str:
        """What a curator said of one item at one time."""
        return self._under("corrections", entry_id)

    def curator(self, name: str) -> str:
        """Who corrects, by the name that the operator gave."""
        return self._under("curators", slug(name))

    def dataset(self, release_id: str | None = None) -> str:
        return self._under("data", release_id) if release_id is not None else f"{self.base}data"

    def _under(self, folder: str, segment: str) -> str:
        return f"{self.base}{folder}/{path_segment(segment)}"


@dataclass(frozen=True, slots=True)
class DocumentIris:
    """The IRIs of one document and its parts, in the order of the extraction's tuples."""

    document: str
    graph: str
    inspections: tuple[str, ...] = ()
    judgements: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    @classmethod
    def of(cls, extraction: Extraction, iris: Iris, *, key: str | None = None) -> DocumentIris:
        """``key``: a stable name of the document where its publisher gives one; else its bytes name it."""
        document = document_id(extraction.source.sha256, key)
        inspections = inspection_ids(document, extraction.inspections)
        return cls(
            document=iris.document(document),
            graph=iris.document_graph(document),
            inspections=_minted(iris, "inspections", inspections),
            judgements=_minted(iris, "judgements", judgement_ids(document, extraction.judgements, inspections)),
            findings=_minted(
                iris, "findings", item_ids(document, "finding", [(f.number, f.text) for f in extraction.findings])
            ),
            recommendations=_minted(
                iris,
                "recommendations",
                item_ids(document, "recommendation", [(r.ref, r.text) for r in extraction.recommendations]),
            ),
            actions=_minted(
                iris, "actions", item_ids(document, "action", [(None, a.text) for a in extraction.actions])
            ),
        )


def _minted(iris: Iris, folder: str, ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(iris.item(folder, item_id) for item_id in ids)


def document_id(sha256: str, key: str | None = None) -> str:
    """First 16 hex digits of the source's hash, or a readable form of its stable key."""
    if key is None:
        return sha256[:16]
    return key if slug(key) == key else f"{slug(key)}-{digest((key,))}"


def item_ids(document: str, kind: str, items: Sequence[tuple[str | None, str]]) -> list[str]:
    """Ids of a document's items of one kind, given as (printed number, text) in reading order.

    The number names an item where no other of its kind in the document bears it; where numbering starts anew in each
    section, number and text together; where there is no number, the text. Items that agree in all this are told apart
    by their order. So inserting an item moves no other, unless it brings a number or a text that was there once.
    """
    numbers = Counter(number for number, _ in items if number)
    return _counted(
        (document, kind, *(("number", number) if numbers[number] == 1 else ("text", number, normalised(text))))
        if number
        else (document, kind, "text", "", normalised(text))
        for number, text in items
    )


def inspection_ids(document: str, inspections: Sequence[Inspection]) -> list[str]:
    """The main inspection is named by its place, so that it keeps its IRI whatever is learnt of it; the others by
    inspectorate, framework and begin."""
    return _counted(
        (document, "inspection", "main")
        if position == 0
        else (
            document,
            "inspection",
            "other",
            normalised(i.inspectorate),
            normalised(i.framework),
            i.start or i.end or "",
        )
        for position, i in enumerate(inspections)
    )


def judgement_ids(document: str, judgements: Sequence[Judgement], inspections: Sequence[str]) -> list[str]:
    """Named by inspection and area: a grade that is read better does not move its judgement."""
    return _counted(
        (document, "judgement", inspections[j.inspection] if inspections else "", normalised(j.area))
        for j in judgements
    )


def part_id(item_iri: str, part: str) -> str:
    """Id of what belongs to one item, such as its evidence."""
    return digest((item_iri.rsplit("/", 1)[-1], part))


def digest(parts: Iterable[str]) -> str:
    """16 characters for a tuple of strings; different tuples differ (80 bits: one chance in 10^10 among 10^7 ids)."""
    hashed = hashlib.sha256()
    for part in parts:
        # "surrogatepass": what a broken font map gives is still a text with an identity
        octets = part.encode("utf-8", "surrogatepass")
        hashed.update(len(octets).to_bytes(8, "big"))
        hashed.update(octets)
    return b32encode(hashed.digest()[:10]).decode("ascii").lower()


def normalised(text: str | None) -> str:
    """A text reduced to what identifies it: its letters and digits, compatibility forms and case folded.

    A text without any letter or digit stands for itself.
    """
    if not text:
        return ""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _NEITHER_LETTER_NOR_DIGIT.sub("", folded) or text


def path_segment(value: str) -> str:
    """``value`` as one path segment: percent-encoded, never empty, never ``.`` or ``..``."""
    encoded = quote(value, safe="", errors="surrogatepass")
    if not encoded.strip("."):
        raise ValueError(f"{value!r} cannot be a path segment")
    return encoded


def slug(value: str) -> str:
    """A readable segment of lower-case letters, digits, dots and hyphens. What it loses beyond case and white space is
    made good by a hash of the whole, so that "café" and "cafè" differ; "A b" and "a-b" are one."""
    plain = re.sub(r"[^a-z0-9.]+", "-", value.lower()).strip("-.")
    if plain and plain == re.sub(r"\s+", "-", value.lower()):
        return plain
    return f"{plain}-{digest((value,))}".lstrip("-")


def _counted(keys: Iterable[tuple[str, ...]]) -> list[str]:
    seen: Counter[tuple[str, ...]] = Counter()
    ids = []
    for key in keys:
        ids.append(digest((*key, str(seen[key]))))
        seen[key] += 1
    return ids
