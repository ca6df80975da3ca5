"""Pages of what was extracted, and its data: documents, inspections, judgements, findings, recommendations, actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Blueprint, Response, g, render_template, request, send_file
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from graph.model import Extraction
from webapp.description import describe, serialise, term_text
from webapp.errors import Gone
from webapp.labels import Scheme
from webapp.negotiation import DATA_FORMS, data_form, see_data, split_suffix
from webapp.passages import Passage, Piece
from webapp.services import OpenRelease, Services
from webapp.tables import Row

CONTEXT_CHARACTERS = 700
SIMILAR_SHOWN = 10
LEAST_SIMILAR = 0.15
LINEAGE_SHOWN = 8
LINEAGE_AN_INSPECTION = 3

#: First path segment → template of the page, and the table that holds the row.
ITEM_KINDS = {"findings": "finding", "recommendations": "recommendation", "actions": "action"}


@dataclass(frozen=True, slots=True)
class Similar:
    """An item elsewhere that is near in meaning, what answered it and what came next there. ``score`` is a cosine."""

    item: Row
    score: float
    actions: list[Row]
    inspection: Row | None
    next_inspection: Row | None
    statistical_neighbour: bool


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("item_pages", __name__)

    @pages.get("/documents/<name>")
    def document(name: str) -> AnyResponse:
        return resource("documents", name, document_page)

    @pages.get("/inspections/<name>")
    def inspection(name: str) -> AnyResponse:
        return resource("inspections", name, inspection_page)

    @pages.get("/judgements/<name>")
    def judgement(name: str) -> AnyResponse:
        return resource("judgements", name, judgement_page)

    @pages.get("/<any(findings, recommendations, actions):kind>/<name>")
    def item(kind: str, name: str) -> AnyResponse:
        return resource(kind, name, lambda release, key: item_page(release, kind, key))

    @pages.get("/documents/<name>/text")
    def document_text(name: str) -> str:
        return _document_text(g.release, name)

    @pages.get("/documents/<name>/source")
    def source(name: str) -> AnyResponse:
        row = g.release.tables.documents.find("id", name)
        file = services.settings.data / "sources" / row["sha256"] if row else None
        if row is None or file is None or not services.settings.serve_sources or not file.is_file():
            raise NotFound("The source file of this document is not kept here.")
        shown = row["media_type"] == "application/pdf"
        response = send_file(
            file.absolute(),
            mimetype=row["media_type"] if shown else "application/octet-stream",
            as_attachment=not shown,
            download_name=row["file"],
        )
        # the browser's own viewer needs its frame; nothing else may run
        response.headers["Content-Security-Policy"] = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"
        return response

    @pages.get("/<path:name>")
    def described(name: str) -> AnyResponse:
        """Every other IRI of the data: grades, frameworks, evidence, agents, graphs."""
        kind, _, key = name.rpartition("/")
        if not kind or kind.split("/")[0] in {"api", "static"}:
            raise NotFound()
        return resource(kind, key, lambda release, key: _described_page(release, f"{kind}/{key}"))

    return pages


def resource(kind: str, name: str, page: Callable[[OpenRelease, str], str]) -> AnyResponse:
    """A resource under its IRI's path: the page, a 303 to its data, or the data under a suffix."""
    release: OpenRelease = g.release
    key, suffix = split_suffix(name)
    iri = release.iri_of(f"{kind}/{key}")
    if iri in release.removed:
        raise Gone.because(release.removed[iri])
    form = data_form(suffix) if suffix else None
    if form is not None:
        triples = describe(release.graph, iri, parts=release.iri_of("evidence/"))
        if not triples:
            raise NotFound(f"The graph knows nothing of {iri}.")
        response = Response(serialise(triples, form), content_type=f"{form.media_type}; charset=utf-8")
        response.headers["Link"] = f'<{iri}>; rel="describes"'
        return response
    redirection = see_data(request, f"/{kind}/{key}") if suffix is None else None
    if redirection is not None:
        return redirection
    html = Response(page(release, key))
    html.headers["Link"] = ", ".join(
        f'</{kind}/{key}.{f.suffix}>; rel="alternate"; type="{f.media_type}"' for f in DATA_FORMS
    )
    return html


def found(row: Row | None, what: str) -> Row:
    if row is None:
        raise NotFound(f"There is no {what} of this name in the current release.")
    return row


# ---------------------------------------------------------------------------------------------------------- documents


def document_page(release: OpenRelease, key: str) -> str:
    tables = release.tables
    row = found(tables.documents.find("id", key), "document")
    items = tables.items.where("document", row["iri"])
    items.sort(key=lambda item: (item["start"] if item["start"] is not None else 0, item["iri"]))
    answers: dict[str, list[Row]] = {}
    for item in items:
        if item["answers"]:
            answers.setdefault(item["answers"], []).append(item)
    own = {item["iri"] for item in items}
    return render_template(
        "document.html",
        row=row,
        inspections=tables.inspections.where("document", row["iri"]),
        judgements=tables.judgements.where("document", row["iri"]),
        forms=DATA_FORMS,
        recommendations=[item for item in items if item["kind"] == "recommendation"],
        findings=_by_section(item for item in items if item["kind"] == "finding"),
        finding_count=sum(item["kind"] == "finding" for item in items),
        actions=[item for item in items if item["kind"] == "action" and item["answers"] not in own],
        action_count=sum(item["kind"] == "action" for item in items),
        answers=answers,
        has_text=release.text(key) is not None,
        warnings=_warnings(release, key),
    )


def _by_section(items: Any) -> list[tuple[str | None, list[Row]]]:
    sections: list[tuple[str | None, list[Row]]] = []
    for item in items:
        if not sections or sections[-1][0] != item["section"]:
            sections.append((item["section"], []))
        sections[-1][1].append(item)
    return sections


def extraction_of(release: OpenRelease, key: str) -> Extraction | None:
    """What was extracted from a document, with its segments and boxes; None where the release does not hold it."""
    file = release.document_folder(key) / "extraction.json"
    if not file.is_file():
        return None
    return msgspec.json.decode(file.read_bytes(), type=Extraction)


def _warnings(release: OpenRelease, key: str) -> Sequence[str]:
    extraction = extraction_of(release, key)
    return extraction.warnings if extraction else ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One segment of a document's text; ``runs`` are its pieces, each with the items that it is evidence of."""

    runs: tuple[tuple[str, Row | None], ...]
    page: int | None
    heading: bool


def _document_text(release: OpenRelease, key: str) -> str:
    row = found(release.tables.documents.find("id", key), "document")
    text = release.text(key)
    if text is None:
        raise NotFound("The text of this document is not kept here.")
    items = [item for item in release.tables.items.where("document", row["iri"]) if item["start"] is not None]
    items.sort(key=lambda item: (item["start"], -(item["end"] or 0)))
    extraction = extraction_of(release, key)
    return render_template("document_text.html", row=row, paragraphs=list(paragraphs(text, items, extraction)))


def paragraphs(text: str, items: Sequence[Row], extraction: Extraction | None) -> list[Paragraph]:
    """The whole text as paragraphs, the evidence of items set off; items are in order of their start."""
    segments = {(s.start, s.end): s for s in extraction.segments} if extraction else {}
    bounds = sorted(segments) or _lines(text)
    result = []
    position = 0
    for start, end in bounds:
        if start < position:
            continue
        position = end
        segment = segments.get((start, end))
        inside = [item for item in items if item["start"] < end and item["end"] > start]
        runs = _runs(text, start, end, inside)
        heading = segment is not None and segment.outcome == "skipped" and "heading" in segment.reason.lower()
        result.append(Paragraph(runs, segment.page if segment else None, heading))
    return result


def _lines(text: str) -> list[tuple[int, int]]:
    bounds, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            bounds.append((start, start + len(line)))
        start += len(line) + 1
    return bounds


def _runs(text: str, start: int, end: int, items: Sequence[Row]) -> tuple[tuple[str, Row | None], ...]:
    runs: list[tuple[str, Row | None]] = []
    at = start
    for item in items:
        low, high = max(item["start"], at), min(item["end"], end)
        if low >= high:
            continue
        if low > at:
            runs.append((text[at:low], None))
        runs.append((text[low:high], item))
        at = high
    if at < end:
        runs.append((text[at:end], None))
    return tuple(runs)


# -------------------------------------------------------------------------------------------- inspections, judgements


def inspection_page(release: OpenRelease, key: str) -> str:
    tables = release.tables
    row = found(tables.inspections.find("id", key), "inspection")
    items = tables.items.where("inspection", row["iri"])
    return render_template(
        "inspection.html",
        row=row,
        document=release.document(row["document"]),
        forms=DATA_FORMS,
        judgements=tables.judgements.where("inspection", row["iri"]),
        recommendations=[item for item in items if item["kind"] == "recommendation"],
        strengths=sum(item["polarity"] == "strength" for item in items),
        improvements=sum(item["polarity"] == "improvement" for item in items),
        findings=sum(item["kind"] == "finding" for item in items),
        actions=sum(item["kind"] == "action" for item in items),
        previous=release.inspection(row["previous"]),
        next=release.inspection(row["next"]),
        themes=theme_counts(items, release.labels.themes),
    )


def theme_counts(items: Sequence[Row], scheme: Scheme, limit: int = 12) -> list[tuple[str, int]]:
    """The themes that these items are linked to, each with how many are about it or a narrower one, as a list of its
    passages has them; most first."""
    counts: Counter[str] = Counter()
    linked: set[str] = set()
    for item in items:
        own = set(item["themes"] or ())
        linked |= own
        counts.update(own | {concept.broader for theme in own if (concept := scheme.get(theme)) and concept.broader})
    return sorted(((theme, counts[theme]) for theme in linked), key=lambda pair: (-pair[1], pair[0]))[:limit]


def judgement_page(release: OpenRelease, key: str) -> str:
    row = found(release.tables.judgements.find("id", key), "judgement")
    return render_template(
        "judgement.html",
        row=row,
        document=release.document(row["document"]),
        forms=DATA_FORMS,
        inspection=release.inspection(row["inspection"]),
        others=[j for j in release.tables.judgements.where("inspection", row["inspection"]) if j["iri"] != row["iri"]],
        context=context_of(release, row),
    )


# --------------------------------------------------------------------------------------------------------------- items


def item_page(release: OpenRelease, kind: str, key: str) -> str:
    row = found(release.tables.items.find("iri", release.iri_of(f"{kind}/{key}")), ITEM_KINDS[kind])
    inspection = release.inspection(row["inspection"])
    restated = release.item(row["restates"])
    reported = release.inspection(restated["inspection"]) if restated else inspection
    return render_template(
        "item.html",
        row=row,
        document=release.document(row["document"]),
        inspection=inspection,
        next_inspection=release.following(reported),
        restated=restated,
        actions=release.actions_answering(row["iri"]),
        answered=release.item(row["answers"]),
        context=context_of(release, row),
        similar=similar_elsewhere(release, row),
        lineage=lineage(release, row),
        succession=succession(release, row),
        confidences=theme_confidences(release, row["iri"]),
        forms=DATA_FORMS,
    )


def context_of(release: OpenRelease, row: Row) -> Passage | None:
    """The item between what stands before and after it in its document."""
    document = release.document(row["document"])
    text = release.text(document["id"]) if document else None
    start, end = row["start"], row["end"]
    if text is None or start is None or end is None or not 0 <= start < end <= len(text):
        return None
    low = max(0, start - CONTEXT_CHARACTERS)
    if low:
        low = text.find(" ", low, start) + 1 or low
    high = min(len(text), end + CONTEXT_CHARACTERS)
    if high < len(text):
        high = text.rfind(" ", end, high) if " " in text[end:high] else high
    pieces = (Piece(text[low:start]), Piece(text[start:end], word=True), Piece(text[end:high]))
    return Passage(tuple(piece for piece in pieces if piece.text), low > 0, high < len(text))


def similar_elsewhere(release: OpenRelease, row: Row, limit: int = SIMILAR_SHOWN) -> list[Similar]:
    """Its nearest in other councils, best first: as the build linked them, else as the index finds them now."""
    links = _neighbour_links(release, row, limit)
    authority = release.labels.register.by_gss(row["gss_code"]) if row["gss_code"] else None
    near = set(authority.neighbours) if authority else set()
    result = []
    for item, score in links:
        if item is not None:
            inspection = release.inspection(item["inspection"])
            result.append(
                Similar(
                    item=item,
                    score=score,
                    actions=release.actions_answering(item["iri"]),
                    inspection=inspection,
                    next_inspection=release.following(inspection),
                    statistical_neighbour=item["gss_code"] in near,
                )
            )
    return result


def _neighbour_links(release: OpenRelease, row: Row, limit: int) -> list[tuple[Row | None, float]]:
    neighbours = release.tables.neighbours
    if not len(neighbours):
        hits = release.searcher.similar(row["iri"], limit=limit).hits
        near = [hit for hit in hits if hit.confidence >= LEAST_SIMILAR]
        near.sort(key=lambda hit: -hit.confidence)
        return [(release.tables.items.row(hit.row), hit.confidence) for hit in near]
    links = sorted(neighbours.where("item", row["iri"]), key=lambda link: link["rank"])[:limit]
    return [(release.item(link["neighbour"]), link["score"]) for link in links]


def lineage(release: OpenRelease, row: Row) -> list[Row]:
    """What other inspections of the same council said on the item's first theme, in order of time: recommendations and
    findings that ask for improvement. It shows them side by side and asserts no cause."""
    if not row["gss_code"] or not row["themes"] or row["kind"] == "action":
        return []
    items = release.tables.items
    same_theme = set(items.numbers("themes", row["themes"][0]))
    rows = items.rows([n for n in items.numbers("gss_code", row["gss_code"]) if n in same_theme])
    others = [
        other
        for other in rows
        if other["inspection"]
        and other["inspection"] != row["inspection"]
        and (other["kind"] == "recommendation" or other["polarity"] == "improvement")
    ]
    others.sort(key=lambda other: (other["kind"] != "recommendation", -(other["year"] or 0), other["iri"]))
    shown: Counter[str] = Counter()
    kept = []
    for other in others:
        shown[other["inspection"]] += 1
        if shown[other["inspection"]] <= LINEAGE_AN_INSPECTION:
            kept.append(other)
    return sorted(kept[:LINEAGE_SHOWN], key=lambda other: (other["year"] or 0, other["published"] or "", other["iri"]))


@dataclass(frozen=True, slots=True)
class Succession:
    """A recommendation among those of the council's other inspections, as the build compared them: what asked nearly
    the same before and again, each with "repeated" or "reworded"; ``not_seen_again`` where later inspections asked for
    other things alone, which is not to say that it was done."""

    before: tuple[tuple[Row, str], ...] = ()
    again: tuple[tuple[Row, str], ...] = ()
    not_seen_again: bool = False


def succession(release: OpenRelease, row: Row) -> Succession:
    if row["kind"] != "recommendation":
        return Succession()
    iri = row["restates"] or row["iri"]
    table = release.tables.lineage
    before = [(release.item(line["earlier"]), line["kind"]) for line in table.where("item", iri)]
    lines = table.where("earlier", iri)
    again = [(release.item(line["item"]), line["kind"]) for line in lines if line["item"]]
    return Succession(
        tuple((item, kind) for item, kind in before if item is not None),
        tuple((item, kind) for item, kind in again if item is not None),
        any(line["item"] is None for line in lines) and not again,
    )


def theme_confidences(release: OpenRelease, iri: str) -> dict[str, Row]:
    return {link["theme"]: link for link in release.tables.theme_links.where("item", iri)}


def _described_page(release: OpenRelease, name: str) -> str:
    iri = release.iri_of(name)
    triples = describe(release.graph, iri)
    if not triples:
        raise NotFound("There is nothing of this name in the current release.")
    shown = [(term_text(t.subject), t.predicate.value, term_text(t.object)) for t in triples]
    about = [(predicate, value) for subject, predicate, value in shown if subject == iri]
    incoming = [(subject, predicate) for subject, predicate, value in shown if value == iri]
    label = next((value for predicate, value in about if predicate.endswith(("#prefLabel", "#label"))), name)
    return render_template("described.html", iri=iri, label=label, about=about, incoming=incoming, forms=DATA_FORMS)
