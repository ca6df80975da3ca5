"""Corrections are kept whole, found again by what the curator saw, and taken back without a trace in the data."""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import curation
from graph.curation import (
    CurationError,
    Entry,
    EntryKind,
    Journal,
    Resolved,
    checked,
    corrected,
    curation_triples,
    in_force,
    parsed_lines,
    resolve,
    words_of,
)
from graph.iris import DocumentIris, Iris
from graph.mapping import document_triples, parsed
from graph.model import Extraction
from graph.validation import violations
from ontology.resources import themes
from tests.invented_extractions import northmere_2014, northmere_plan

THEMES = [theme.id for theme in themes()]


def entry(kind: EntryKind = "hide", *, item: str = "https://example.org/findings/a", **changes: object) -> Entry:
    draft = Entry("", kind, "2026-11-27T08:00:00Z", "Jane Doe", "It is wrong.", item, "finding", words_of("Text"))
    draft = replace(draft, **changes)  # type: ignore[arg-type]
    return replace(draft, id=draft.digest())


def documents() -> list[tuple[Extraction, DocumentIris]]:
    return [(d.extraction, DocumentIris.of(d.extraction, Iris())) for d in (northmere_2014(), northmere_plan())]


def about(position: int, kind: EntryKind, *, item_kind: str = "finding", **changes: object) -> Entry:
    """An entry on the item at a position among the findings of the report, or the actions of the plan."""
    extraction, iris = documents()[item_kind == "action"]
    own, text = {
        "finding": lambda: (iris.findings[position], extraction.findings[position].text),
        "recommendation": lambda: (iris.recommendations[position], extraction.recommendations[position].text),
        "action": lambda: (iris.actions[position], extraction.actions[position].text),
    }[item_kind]()
    return entry(kind, item=own, item_kind=item_kind, words=words_of(text), **changes)


# ------------------------------------------------------------------------------------------------------------- journal


def test_what_was_written_is_read_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    made = journal.append(entry(), entry("correct", fields={"polarity": "mixed"}))
    made += journal.append(entry("revert", item="", reverts=made[0].id))
    assert journal.entries() == made
    assert [one.kind for one in in_force(made)] == ["correct"]


def test_the_same_entry_twice_is_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(entry())
    journal.append(entry(), entry("correct", fields={"polarity": "mixed"}))
    assert len(journal.entries()) == 2


@pytest.mark.parametrize("left", [0, 1, 30])
def test_a_line_that_a_crash_left_half_written_does_not_count_and_does_no_harm(tmp_path: Path, left: int) -> None:
    journal = Journal(tmp_path)
    first = journal.append(entry())
    whole = journal.path.read_bytes()
    journal.append(entry("correct", fields={"polarity": "mixed"}))
    os.truncate(journal.path, len(whole) + left)
    assert journal.entries() == first
    third = journal.append(entry("themes", add=("neglect",)))
    assert journal.entries() == [*first, *third]


def test_every_flipped_bit_in_the_journal_is_found(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(entry(), entry("correct", fields={"polarity": "mixed"}))
    sound, read = journal.path.read_bytes(), journal.entries()
    for at in range(len(sound) - 1):  # without its last line feed the last line is an unfinished one
        journal.path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        with contextlib.suppress(CurationError):
            assert journal.entries() == read  # white space between lines carries no meaning


def test_a_full_disk_adds_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    first = journal.append(entry())
    real = os.write

    def half(handle: int, content: bytes) -> int:
        if len(content) < 40:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, content[: len(content) // 2])

    monkeypatch.setattr(curation.os, "write", half)  # type: ignore[attr-defined]
    with pytest.raises(CurationError, match="was not saved: No space left"):
        journal.append(entry("correct", fields={"polarity": "mixed"}))
    monkeypatch.undo()
    assert journal.entries() == first
    assert journal.path.read_bytes().endswith(b"\n")


def _append_many(folder: Path, writer: int) -> None:
    for number in range(20):
        Journal(folder).append(entry(why=f"{writer} {number}"))


def test_writers_in_several_processes_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append_many, args=(tmp_path, number)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {one.why for one in Journal(tmp_path).entries()} == {f"{w} {n}" for w in range(3) for n in range(20)}


def test_forgetting_an_item_leaves_no_trace_of_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    other = entry(item="https://example.org/findings/b")
    made = journal.append(entry(fields={"text": "A secret"}), other)
    journal.append(entry("revert", item="", reverts=made[0].id))
    assert journal.forget([made[0].item]) == 2
    assert journal.entries() == [other]
    assert [file.name for file in journal.path.parent.iterdir() if b"secret" in file.read_bytes()] == []


def test_an_export_that_was_changed_by_hand_is_refused() -> None:
    with pytest.raises(CurationError, match=r"x\.jsonl: line 1 has changed"):
        list(parsed_lines(b'{"id":"0","kind":"hide","when":"","who":"","why":"x"}\n', "x.jsonl"))


def test_a_line_nested_beyond_reading_is_no_correction() -> None:
    with pytest.raises(CurationError, match="line 1 is no correction"):
        list(parsed_lines(b'{"i":' * 100_000, "x.jsonl"))


@given(st.lists(st.sampled_from(["hide", "revert"]), max_size=12))
def test_reverting_an_entry_and_then_the_revert_restores_it(kinds: list[str]) -> None:
    entries = [entry()]
    for number, kind in enumerate(kinds):
        reverts = entries[-1].id if kind == "revert" else ""
        entries.append(entry(kind, why=f"step {number}", reverts=reverts))  # type: ignore[arg-type]
    alive: dict[str, bool] = {}
    for one in entries:
        alive[one.id] = True
    for place in range(len(entries) - 1, -1, -1):
        if entries[place].kind == "revert" and alive[entries[place].id]:
            alive[entries[place].reverts] = False
    assert in_force(entries) == [one for one in entries if one.kind != "revert" and alive[one.id]]


# ------------------------------------------------------------------------------------------------------------- checking


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (entry(why=" "), "Say why"),
        (entry("correct"), "Nothing was changed"),
        (entry("correct", fields={"text": " "}), "cannot be empty"),
        (entry("correct", fields={"iri": "x"}), "no field iri"),
        (entry("correct", fields={"polarity": "bad"}), "polarity must be"),
        (entry("correct", item_kind="action", fields={"date": "soon"}), "no date"),
        (entry("correct", fields={"text": "x" * 30_000}), "longer than"),
        (entry("themes", add=("no-such-theme",)), "no theme no-such-theme"),
        (entry("themes"), "No theme was added"),
        (entry("link", relation="answers", target="x"), "cannot be linked"),
        (entry("link", relation="similar"), "which item"),
        (entry("link", relation="similar", target="https://example.org/findings/a"), "to itself"),
    ],
)
def test_what_cannot_be_applied_is_refused_in_words_for_the_curator(draft: Entry, message: str) -> None:
    with pytest.raises(CurationError, match=message):
        checked(draft, THEMES)


# ---------------------------------------------------------------------------------------------------------- application


def applied(*entries: Entry) -> list[tuple[Extraction, DocumentIris, list[str]]]:
    resolved = resolve(entries, documents())
    assert not resolved.orphaned
    return [corrected(extraction, iris, resolved) for extraction, iris in documents()]


def test_without_corrections_nothing_changes() -> None:
    assert [(x, i) for x, i, _ in applied()] == documents()


def test_a_hidden_item_leaves_and_the_others_keep_their_iris() -> None:
    (before, iris), _ = documents()
    (after, kept, changes), _ = applied(hide := about(1, "hide"))
    assert changes == [hide.id]
    assert after.findings == (before.findings[0], *before.findings[2:])
    assert kept.findings == (iris.findings[0], *iris.findings[2:])
    triples = document_triples(after, known=kept)
    assert iris.findings[1].encode() not in triples
    assert violations(triples) == []


def test_an_action_whose_recommendation_is_hidden_answers_nothing_and_the_others_what_they_did() -> None:
    _, (before, iris) = documents()
    answered = {
        i: iris.recommendations[a.recommendation]
        for i, a in zip(iris.actions, before.actions, strict=True)
        if a.recommendation is not None
    }
    doomed = iris.recommendations[0]
    hide = entry("hide", item=doomed, item_kind="recommendation", words=words_of(before.recommendations[0].text))
    _, (after, kept, _) = applied(hide)
    now = {
        i: kept.recommendations[a.recommendation]
        for i, a in zip(kept.actions, after.actions, strict=True)
        if a.recommendation is not None
    }
    assert now == {action: asked for action, asked in answered.items() if asked != doomed}
    assert len(now) < len(answered)


def test_corrected_fields_stand_in_the_graph_under_the_old_iri_and_evidence_still_quotes_the_source() -> None:
    (before, iris), _ = documents()
    (after, kept, _), _ = applied(about(0, "correct", fields={"text": "Other words.", "polarity": "mixed"}))
    assert kept == iris
    assert after.findings[0].evidence == before.findings[0].evidence
    assert (after.findings[0].text, after.findings[0].polarity, after.findings[0].polarity_made_by) == (
        "Other words.",
        "mixed",
        curation.CURATOR,
    )
    assert violations(document_triples(after, known=kept)) == []


def test_owners_are_split_and_an_empty_value_takes_a_date_away() -> None:
    _, (after, kept, _) = applied(
        about(0, "correct", item_kind="action", fields={"responsible": "A Smith; Head of HR", "date": ""})
    )
    assert after.actions[0].responsible == ("A Smith", "Head of HR")
    assert after.actions[0].date is None
    assert violations(document_triples(after, known=kept)) == []


def test_a_later_correction_of_the_same_field_wins() -> None:
    first, second = (
        about(0, "correct", fields={"polarity": p}, when=f"2026-11-27T08:00:0{n}Z")
        for n, p in enumerate(("mixed", "strength"))
    )
    assert applied(first, second)[0][0].findings[0].polarity == "strength"


def test_words_read_with_other_white_space_and_punctuation_are_the_same() -> None:
    assert words_of("The  co-operation,\nhowever") == words_of("the cooperation however")


def test_a_moved_item_is_found_by_its_words_and_a_changed_one_is_orphaned() -> None:
    found = about(0, "hide")
    moved = replace(found, item="https://w3id.org/inspectgraph/findings/elsewhere")
    changed = replace(found, words=words_of("other words altogether"))
    resolved = resolve([moved, changed], documents())
    assert [item for item, _ in resolved.applied] == [found.item]
    assert resolved.orphaned == [changed]


def test_a_relation_that_this_version_does_not_know_is_orphaned_and_stops_no_build() -> None:
    strange = about(0, "link", relation="contradicts", target="urn:x", target_words="y")
    assert resolve([strange], documents()).orphaned == [strange]


def test_a_link_to_an_item_that_is_gone_is_orphaned() -> None:
    link = about(0, "link", relation="similar", target="https://example.org/findings/z", target_words=words_of("gone"))
    assert resolve([link], documents()).orphaned == [link]


# ---------------------------------------------------------------------------------------------------------------- graph


def test_the_graph_tells_who_when_and_why_and_what_was_taken_back() -> None:
    hide, other = about(0, "hide"), about(1, "correct", fields={"polarity": "mixed"})
    back = entry("revert", item="", reverts=other.id, when="2026-11-27T09:00:00Z", who="Operator")
    entries = [hide, other, back]
    graph = parsed(curation_triples(entries, resolve(entries, documents())))
    rows = {
        (str(row.item), str(row.name), str(row.why), row.ended is not None)
        for row in graph.query(
            """SELECT ?item ?name ?why ?ended {
                 ?c a ig:Correction ; ig:corrects ?item ; prov:wasAttributedTo [ foaf:name ?name ] ; ig:reason ?why ;
                    prov:generatedAtTime ?at ; prov:wasRevisionOf ?before . ?before prov:specializationOf ?item
                 OPTIONAL { ?c prov:invalidatedAtTime ?ended } }"""
        )
    }
    assert rows == {(hide.item, "Jane Doe", "It is wrong.", False), (other.item, "Jane Doe", "It is wrong.", True)}


def test_the_words_of_a_hidden_item_are_not_published_again() -> None:
    secret = about(0, "correct", fields={"text": "A name that must go"})
    triples = curation_triples([secret, hide := about(0, "hide")], resolve([secret, hide], documents()))
    assert b"must go" not in triples
    assert b"must go" in curation_triples([secret], resolve([secret], documents()))


def test_a_journal_of_nothing_resolves_to_nothing() -> None:
    assert resolve([], documents()) == Resolved((), ())
