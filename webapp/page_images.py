"""Images of source pages with the evidence marked: drawn in a confined child process, kept in a bounded cache."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import NotFound, ServiceUnavailable

from graph.errors import UnreadableDocument
from graph.isolation import Limits, run_isolated
from graph.model import Box, Extraction
from webapp.item_pages import extraction_of
from webapp.services import Services
from webapp.tables import Row

_LOG = logging.getLogger(__name__)

WIDTH = 900
#: A page is never drawn larger than this, whatever size it claims.
_MAX_HEIGHT = 2_600
_MEMORY = 1 << 30
#: The marker's colour, multiplied over the page so that print stays black.
_MARK = (255, 224, 130)


class _Order(msgspec.Struct):
    """What a child draws: a PDF, a 1-based page, rectangles in points from the page's top left corner."""

    source: str
    page: int
    boxes: list[tuple[float, float, float, float]]


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("page_images", __name__)
    settings = services.settings
    cache = ImageCache(settings.data / "cache" / "pages", settings.image_cache_mb << 20)
    drawing = threading.BoundedSemaphore(2)

    @pages.get("/documents/<name>/pages/<int:page>.png")
    def page_image(name: str, page: int) -> Response:
        row = g.release.tables.documents.find("id", name)
        if row is None or not settings.serve_sources or row["media_type"] != "application/pdf":
            raise NotFound("There is no image of this page.")
        source = settings.data / "sources" / row["sha256"]
        if not source.is_file() or not 1 <= page <= (row["pages"] or 0):
            raise NotFound("There is no such page.")
        boxes = evidence_boxes(g.release, row, request.args.get("item", ""), page)
        key = hashlib.sha256(msgspec.json.encode([row["sha256"], page, WIDTH, boxes])).hexdigest()
        image = cache.get(key)
        if image is None:
            order = _Order(str(source.absolute()), page, boxes)
            limits = Limits(seconds=settings.image_seconds, memory=_MEMORY, file_size=0)
            try:
                with drawing:
                    image = cache.get(key) or run_isolated(draw, msgspec.json.encode(order).decode(), limits)
            except UnreadableDocument as err:
                _LOG.warning("page %d of %s cannot be drawn: %s", page, name, err.reason)
                raise ServiceUnavailable(
                    "This page could not be drawn; the source itself can still be opened."
                ) from err
            cache.put(key, image)
        response = Response(image, content_type="image/png")
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response

    return pages


def evidence_boxes(release: object, document: Row, item: str, page: int) -> list[tuple[float, float, float, float]]:
    """The rectangles of an item's evidence on a page; none where the item is not of this document."""
    from webapp.services import OpenRelease

    assert isinstance(release, OpenRelease)
    identifier = item.rsplit("/", 1)[-1]
    table = release.tables
    row = table.items.find("id", identifier) or table.judgements.find("id", identifier) if identifier else None
    if row is None or row["document"] != document["iri"] or row["start"] is None:
        return []
    extraction = extraction_of(release, document["id"])
    boxes = _boxes_at(extraction, row["start"], row["end"]) if extraction else ()
    return [(box.x0, box.top, box.x1, box.bottom) for box in boxes if box.page == page]


def _boxes_at(extraction: Extraction, start: int, end: int) -> Sequence[Box]:
    for items in (extraction.recommendations, extraction.findings, extraction.actions, extraction.judgements):
        for item in items:
            evidence = item.evidence
            if evidence is not None and (evidence.start, evidence.end) == (start, end):
                return evidence.boxes
    return ()


def draw(order_json: str) -> bytes:
    """A page as PNG, WIDTH pixels wide, the boxes marked. Runs in a confined child."""
    import pypdfium2
    from PIL import Image, ImageChops, ImageDraw

    order = msgspec.json.decode(order_json, type=_Order)
    document = pypdfium2.PdfDocument(order.source)
    page = document[order.page - 1]
    width, height = page.get_size()
    scale = min(WIDTH / max(width, 1), _MAX_HEIGHT / max(height, 1))
    image = page.render(scale=scale).to_pil().convert("RGB")
    if order.boxes:
        marks = Image.new("RGB", image.size, "white")
        pen = ImageDraw.Draw(marks)
        for x0, top, x1, bottom in order.boxes:
            pen.rectangle([x0 * scale - 2, top * scale - 1, x1 * scale + 2, bottom * scale + 1], fill=_MARK)
        image = ImageChops.multiply(image, marks)
    output = io.BytesIO()
    image.quantize(64).save(output, "PNG", optimize=True)
    return output.getvalue()


class ImageCache:
    """Files named by their key; when they grow beyond ``limit`` bytes the least recently used quarter goes."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    def get(self, key: str) -> bytes | None:
        file = self._folder / f"{key}.png"
        try:
            data = file.read_bytes()
            os.utime(file)
        except OSError:
            return None
        return data

    def put(self, key: str, data: bytes) -> None:
        """A cache that cannot be written to costs time, never the answer."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
                file.write(data)
            Path(file.name).replace(self._folder / f"{key}.png")
            self._shrink()

    def _shrink(self) -> None:
        files = [(entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in os.scandir(self._folder)]
        total = sum(size for _, size, _ in files)
        if total <= self._limit:
            return
        for _, size, path in sorted(files):
            Path(path).unlink(missing_ok=True)
            total -= size
            if total <= self._limit * 3 // 4:
                return
