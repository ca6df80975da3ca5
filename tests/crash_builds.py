"""Whole builds and removals of a document, cut short like the operations of ``crash_trials``: files of text, parsed,
mapped, indexed and published by the real pipeline, with invented vectors in the place of the model's."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest import mock

import msgspec
import numpy as np
from numpy.typing import NDArray
from pyoxigraph import NamedNode

from graph.ingest import Failure, ParseTask, parse
from graph.release import Release
from graph.store import open_read_only
from indexer.build_options import BuildOptions
from indexer.embedding import ModelIdentity, Vectors
from indexer.late_interaction import TokenVectors
from indexer.lexical import LexicalIndex
from indexer.pipeline import build_release, remove_documents
from indexer.tables import read_rows
from indexer.theme_linking import ThemeLinker
from indexer.vector import open_index
from ontology.resources import themes
from tests.crash_trials import Outcome, Scenario, check, forked, import_once, leftovers

#: Ten times the time of the other operations.
PIPELINES = ("build", "remove")


class PipelineScenario(Scenario):
    """A build after one of three documents has changed, or the removal of that document."""

    _TEXT = """\
Haverwick City Council
Inspection of children's services by Ofsted
Inspection date: 3 June 2014 to 25 June 2014

Areas for improvement
{recommendations}
"""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.data = folder / "data"
        self.sources = folder / "sources"
        self._number = 0
        self.sources.mkdir()
        for document in ("first", "second"):
            self._write(document, 0)
        self._write("changing", 0)
        import_once(lambda: (self._build(), self._state()))
        parse(msgspec.json.encode(ParseTask(str(self.sources / "first.txt"), {}, None)).decode())
        ThemeLinker.load(themes())  # as the line before: what is compiled once, here and not in each fork

    def _write(self, document: str, number: int) -> None:
        lines = [
            f"{n}. Ensure that managers of the {document} service record supervision {number} times in week {n}."
            for n in range(1, 4 + number % 3)
        ]
        (self.sources / f"{document}.txt").write_text(self._TEXT.format(recommendations="\n".join(lines)))

    def _options(self) -> BuildOptions:
        return BuildOptions(self.data, model="invented", keep=2, executor=_HereExecutor())

    def _build(self) -> None:
        with mock.patch("indexer.pipeline.open_embedder", _InventedEmbedder):
            report = build_release([self.sources], self._options())
        assert not report.failures, report.failures

    def _remove(self) -> None:
        with mock.patch("indexer.pipeline.open_embedder", _InventedEmbedder):
            remove_documents(["changing.txt"], self._options())

    def work(self) -> Callable[[], object]:
        self._number += 1
        if self.name == "build":
            self._write("changing", self._number)
            return self._build
        return self._remove

    def reset(self) -> None:
        check(forked(self._build))

    def _verify(self, outcome: Outcome) -> None:
        before, wanted = self._state()
        self._build()
        texts, _ = self._state()
        if self.name == "build":
            told = f"record supervision {self._number} times"
            assert not outcome.acknowledged or told in wanted, "acknowledged, but not current"
            assert told in self._state()[1]
        else:
            assert not outcome.acknowledged or "changing.txt" not in before, "acknowledged, but not gone"
        assert "changing.txt" in texts
        assert leftovers(self.data) == []

    def _state(self) -> tuple[set[str], str]:
        """Files and words of the current release, every byte checked and all its parts held against one another."""
        release = Release.open(self.data)
        assert release.damage == (), release.damage
        rows = read_rows(release.path / "tables", "items")
        graph = open_read_only(release.path / "graph")
        assert rows
        for row in rows:
            assert any(graph.quads_for_pattern(NamedNode(row["iri"]), None, None, None)), row["iri"]
        documents = {row["file"] for row in read_rows(release.path / "tables", "documents")}
        assert open_index(release.path / "vectors", verify=True).size == len(rows) + len(documents)
        found = LexicalIndex(release.path / "lexical").search([("supervis", 1.0)], 1000)
        assert len(found.rows) == sum("supervision" in row["text"] for row in rows) > 0
        assert {"first.txt", "second.txt"} <= documents <= {"first.txt", "second.txt", "changing.txt"}
        return documents, "\n".join(row["text"] for row in rows)


class _HereExecutor:
    """Parses in this process: starting others would take most of a trial's time."""

    def run(self, function: Callable[[str], bytes], tasks: Sequence[str]) -> Iterator[tuple[int, bytes | Failure]]:
        for number, task in enumerate(tasks):
            yield number, function(task)


class _InventedEmbedder:
    """Vectors drawn by the text itself: a crash does not ask what they mean."""

    identity = ModelIdentity("invented", "00" * 32, "openvino", "f32", 384)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def encode(self, texts: Sequence[str], progress: object = None) -> Vectors:
        return np.stack([vector for vector, _ in self.encode_tokens(texts)])

    def encode_tokens(self, texts: Sequence[str]) -> Iterator[tuple[Vectors, TokenVectors]]:
        for text, spans in zip(texts, self.token_spans(texts), strict=True):
            drawn = np.random.default_rng(zlib.crc32(text.encode())).normal(size=(2, 384)).astype(np.float32)
            drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
            yield drawn[0], TokenVectors((text,), spans, drawn[1:])

    def token_spans(self, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
        for text in texts:
            yield np.array([[0, len(text)]], dtype=np.int32)

    def knows(self, word: str) -> bool:
        return True
