from __future__ import annotations

import errno
import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.ingest import KeptDocument, ParsedDocument, Source
from graph.iris import Iris
from indexer.build_memory import BuildMemory, save_rows
from indexer.build_options import BuildOptions
from indexer.documents import Documents
from indexer.kept import Column, Kept
from indexer.rows import Known
from tests.small_release import documents as written_documents
from webapp.settings import Settings

ROWS = st.dictionaries(st.text(max_size=4), st.none() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text())


class CountedDocument(KeptDocument):
    """Notes in ``loads`` that it was decoded."""

    loads: list[Path] = []  # noqa: RUF012 - of the class, since documents are frozen

    def load(self) -> ParsedDocument:
        self.loads.append(self.entry)
        return super().load()


@pytest.fixture
def parsed(tmp_path: Path) -> Iterator[list[tuple[Source, KeptDocument]]]:
    made: list[tuple[Source, KeptDocument]] = []
    for extraction, text, _ in written_documents():
        content = msgspec.json.encode(ParsedDocument(text, extraction))
        entry = tmp_path / f"{len(made)}.json.gz"
        entry.write_bytes(gzip.compress(content))
        made.append(
            (Source(tmp_path / extraction.source.name, f"{len(made):064x}"), CountedDocument(entry, len(content)))
        )
    yield made
    CountedDocument.loads.clear()


def test_what_is_taken_is_never_more_than_the_bound() -> None:
    memory = BuildMemory(bound=100)
    assert [memory.take(size) for size in (60, 41, 40, 1)] == [True, False, True, False]
    assert all(BuildMemory().take(1 << 40) for _ in range(3))


def test_arrays_beyond_the_bound_lie_in_files_that_leave_nothing(tmp_path: Path) -> None:
    memory = BuildMemory(tmp_path, 4 * 100)
    held, mapped = memory.array((10, 10)), memory.array((10, 10))
    assert held.base is None
    assert isinstance(mapped.base, np.memmap)
    mapped[:] = np.arange(100).reshape(10, 10)
    assert memory.rows_of(mapped, [3, 1]).tolist() == mapped[[3, 1]].tolist()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_for_an_array_is_an_error_and_no_end_of_the_process(tmp_path: Path) -> None:
    with pytest.raises(OSError) as refused:
        BuildMemory(tmp_path, 0).array((1 << 50,), np.int8)
    assert refused.value.errno in (errno.ENOSPC, errno.EFBIG)


def test_the_bound_of_a_build_is_its_setting_unless_the_command_names_another(tmp_path: Path) -> None:
    settings = Settings(build_memory_mb=5)
    assert BuildOptions.of(settings, data=tmp_path).memory == 5 << 20
    assert BuildOptions.of(settings, data=tmp_path, memory_mb=7).memory == 7 << 20
    assert BuildOptions.of(settings, data=tmp_path, memory_mb=0).memory == 0


@given(st.lists(ROWS, max_size=4), st.integers(1, 200), st.integers(0, 4000), st.data())
def test_kept_values_are_those_of_a_list_whatever_the_bound(
    rows: list[dict[str, object]], times: int, bound: int, data: st.DataObject
) -> None:
    own = [{**row, "place": place} for place in range(times) for row in rows]
    kept = Kept((dict(row) for row in own), BuildMemory(bound=bound))
    assert list(kept) == own
    assert len(kept) == len(own)
    places = st.none() | st.integers(-len(own) - 2, len(own) + 2)
    part = slice(data.draw(places), data.draw(places))
    assert kept[part] == own[part]
    assert list(Column(kept, "place"))[part] == Column(kept, "place")[part]
    kept.change(lambda place, row: row.update(changed=place))
    assert list(kept) == [{**row, "changed": place} for place, row in enumerate(own)]
    assert [kept[place]["changed"] for place in range(len(own))] == list(range(len(own)))
    with pytest.raises(IndexError):
        kept[len(own)]


def test_kept_values_within_the_bound_are_held_and_others_decoded_anew() -> None:
    texts = [f"{number:01000}" for number in range(1000)]
    roomy, tight = Kept(texts, BuildMemory(bound=10_000_000)), Kept(texts, BuildMemory(bound=0))
    assert all(one is other for one, other in zip(roomy, texts, strict=True))
    assert not any(one is other for one, other in zip(tight, texts, strict=True))


def test_documents_beyond_the_bound_are_decoded_each_time_and_others_once(
    parsed: list[tuple[Source, KeptDocument]],
) -> None:
    def loads(bound: int | None) -> int:
        CountedDocument.loads.clear()
        documents = Documents(parsed, Iris(), BuildMemory(bound=bound))
        assert list(documents) == list(documents)
        return len(CountedDocument.loads)

    count, room = len(parsed), 2 * parsed[0][1].size
    assert loads(None) == count
    assert loads(0) == 2 * count
    assert loads(room) == 2 * count - 1


@pytest.mark.parametrize("bound", [None, 0])
def test_a_change_is_made_to_every_document_whether_it_is_held_or_decoded_anew(
    parsed: list[tuple[Source, KeptDocument]], bound: int | None
) -> None:
    documents = Documents(parsed, Iris(), BuildMemory(bound=bound))
    before = [one.extraction for one in documents]

    def renamed(place: int, one: Known) -> Known:
        return Known(replace(one.extraction, warnings=(str(place),)), one.iris)

    documents.change(renamed)
    assert [one.extraction.warnings for one in documents] == [(str(place),) for place in range(len(before))]
    assert [documents.decoded(place)[1] for place in range(len(before))] == list(documents)


@pytest.mark.parametrize("shape", [(0, 3), (5, 3), (7,)])
def test_rows_saved_part_by_part_are_the_file_that_numpy_saves(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(1).random(shape)
    np.save(tmp_path / "one.npy", array.astype(np.float16))
    save_rows(tmp_path / "other.npy", shape, np.float16, [array[:2], array[2:]])
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "other.npy").read_bytes()
