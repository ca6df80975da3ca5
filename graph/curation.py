"""What people have corrected: a journal outside all releases, and what it makes of the documents of the next one.

``DATA/curation/journal.jsonl`` holds one entry a line and only grows; an entry is safe on disk before it is
acknowledged. An entry names its item by IRI and by a digest of the words that the curator saw: a rebuild applies it
wherever the same words stand, and reports it as orphaned where they are gone. Nothing is ever applied by guess.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from graph.errors import InspectgraphError
from graph.iris import DEFAULT_BASE, DocumentIris, Iris, normalised
from graph.mapping import days
from graph.model import Action, Extraction, Finding, Maker, Recommendation
from graph.ntriples import Triples, english, foaf, ig, iri, prov, rdfs, string, typed, xsd
from graph.steps import reached

EntryKind: TypeAlias = Literal["correct", "hide", "themes", "link", "unlink", "revert"]
Relation: TypeAlias = Literal["answers", "restates", "similar"]

#: Fields of an item that a correction can set; an empty value takes the value away, but for the text.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "finding": ("text", "ref", "section", "polarity"),
    "recommendation": ("text", "ref", "section", "timescale", "date", "responsible"),
    "action": ("text", "section", "timescale", "date", "responsible"),
}
#: Relation → the kinds of item that it leads from and to.
RELATIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "answers": (("action",), ("recommendation",)),
    "restates": (("recommendation",), ("recommendation",)),
    "similar": (("finding", "recommendation"), ("finding", "recommendation")),
}
POLARITIES = ("strength", "improvement", "mixed")
#: Who made a value that a person gave.
CURATOR = Maker("curator", "1")

_LONGEST = 20_000
_MOST_THEMES = 12


class CurationError(InspectgraphError):
    """A correction that cannot be taken, or a journal that cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One correction. ``when`` is RFC 3339 in UTC; ``who`` the curator's name as the operator gave it; ``item`` the
    item's IRI and ``words`` the digest of its words as they were read, both empty where ``reverts`` names an earlier
    entry.

    ``fields``: of "correct", field → new value ("; " between owners). ``add``, ``remove``: of "themes", theme ids.
    ``relation``, ``target``, ``target_words``: of "link" and "unlink"; no target unlinks from all.
    """

    id: str
    kind: EntryKind
    when: str
    who: str
    why: str
    item: str = ""
    item_kind: str = ""
    words: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    relation: str = ""
    target: str = ""
    target_words: str = ""
    reverts: str = ""

    def digest(self) -> str:
        content = msgspec.json.encode(replace(self, id=""), order="sorted")
        return hashlib.sha256(content).hexdigest()[:16]


def words_of(text: str) -> str:
    """The digest by which an entry knows an item's words: white space, case and punctuation do not count."""
    return hashlib.sha256(normalised(text).encode("utf-8", "surrogatepass")).hexdigest()


# ------------------------------------------------------------------------------------------------------------- journal


class Journal:
    """The journal of a data folder. Any number of processes may append; each entry is written whole or not at all."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "curation" / "journal.jsonl"

    def entries(self) -> list[Entry]:
        """All entries in the order of their writing. An unfinished last line, left by a crash before it was
        acknowledged, does not count. Raises CurationError naming a damaged line."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as err:
            raise CurationError(f"{self.path} cannot be read: {err.strerror}") from err
        return list(parsed_lines(content[: content.rfind(b"\n") + 1], str(self.path)))

    def append(self, *drafts: Entry) -> list[Entry]:
        """Write entries and return them with their ids once they are safe from a power cut. An entry that the journal
        holds already is not written again. Raises CurationError where the disk refuses; then nothing was added."""
        try:
            with self._locked() as handle:
                reached("correct", "locked")
                known = {entry.id for entry in self.entries()}
                made = [replace(draft, id=draft.digest()) for draft in drafts]
                self._write(handle, [entry for entry in made if entry.id not in known])
        except OSError as err:
            raise CurationError(f"{self.path}: the correction was not saved: {err.strerror or err}") from err
        return made

    def forget(self, items: Iterable[str]) -> int:
        """Write the journal anew without the entries on these items and those that revert them, as after the removal
        of a document that must leave no trace; returns how many went."""
        doomed = set(items)
        if not self.path.is_file():
            return 0
        with self._locked():
            entries = self.entries()
            gone = {e.id for e in entries if e.item in doomed or e.target in doomed}
            kept = [e for e in entries if e.id not in gone and e.reverts not in gone]
            temporary = self.path.with_name(".journal-new")
            with temporary.open("wb") as file:
                file.write(b"".join(map(_line, kept)))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
            _sync_folder(self.path.parent)
        return len(entries) - len(kept)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        guard = os.open(self.path.with_name(".journal-lock"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                yield handle
            finally:
                os.close(handle)
        finally:
            os.close(guard)

    def _write(self, handle: int, entries: Sequence[Entry]) -> None:
        size = os.fstat(handle).st_size
        content = os.pread(handle, size, 0)
        sound = content.rfind(b"\n") + 1
        if sound < size:
            os.ftruncate(handle, sound)  # a line that a crash left half written was never acknowledged
        addition = b"".join(map(_line, entries))
        try:
            written = 0
            while written < len(addition):
                written += os.write(handle, addition[written:])
            reached("correct", "written")
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, sound)
            raise
        _sync_folder(self.path.parent)


def _line(entry: Entry) -> bytes:
    return msgspec.json.encode(entry) + b"\n"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def parsed_lines(content: bytes, source: str) -> Iterator[Entry]:
    """Entries of an exported or stored journal. Raises CurationError naming the line that is none."""
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as err:
            raise CurationError(
                f"{source}: line {number} is no correction ({err}): restore the journal from a backup"
            ) from err
        if entry.id != entry.digest():
            raise CurationError(
                f"{source}: line {number} has changed since it was written: restore the journal from a backup"
            )
        yield entry


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def in_force(entries: Sequence[Entry]) -> list[Entry]:
    """Entries that no later one has reverted; a revert can be reverted in its turn."""
    reverted: set[str] = set()
    for entry in reversed(entries):
        if entry.kind == "revert" and entry.id not in reverted:
            reverted.add(entry.reverts)
    return [entry for entry in entries if entry.kind != "revert" and entry.id not in reverted]


def checked(entry: Entry, themes: Iterable[str]) -> Entry:
    """The entry, where it can be applied to an item of its kind. ``themes``: the ids of the scheme.

    Raises CurationError saying what is wrong with it, in words for the curator.
    """
    if not entry.why.strip():
        raise CurationError("Say why: a correction without a reason cannot be judged later.")
    if any(len(text) > _LONGEST for text in (entry.why, *entry.fields.values())):
        raise CurationError(f"A value is longer than {_LONGEST:,} characters.")
    if entry.kind == "correct":
        _check_fields(entry)
    elif entry.kind == "themes":
        unknown = sorted({*entry.add, *entry.remove} - set(themes))
        if unknown:
            raise CurationError(f"There is no theme {unknown[0]}.")
        if not entry.add and not entry.remove:
            raise CurationError("No theme was added or removed.")
        if len(entry.add) > _MOST_THEMES:
            raise CurationError(f"An item can be given at most {_MOST_THEMES} themes.")
    elif entry.kind in {"link", "unlink"}:
        if entry.item_kind not in RELATIONS.get(entry.relation, ((), ()))[0]:
            raise CurationError(f"Items of the kind {entry.item_kind} cannot be linked in this way.")
        if entry.kind == "link" and not entry.target:
            raise CurationError("Say which item to link to.")
        if entry.target == entry.item:
            raise CurationError("An item cannot be linked to itself.")
    return entry


def _check_fields(entry: Entry) -> None:
    unknown = sorted(set(entry.fields) - set(FIELDS.get(entry.item_kind, ())))
    if unknown:
        raise CurationError(f"Items of the kind {entry.item_kind} have no field {unknown[0]} that can be corrected.")
    if not entry.fields:
        raise CurationError("Nothing was changed.")
    if not entry.fields.get("text", "x").strip():
        raise CurationError("The text cannot be empty: hide the item instead.")
    if "\n" in entry.fields.get("text", ""):
        raise CurationError("The text is one paragraph: take the line breaks out.")
    if entry.fields.get("polarity", "mixed") not in POLARITIES:
        raise CurationError(f"The polarity must be one of {', '.join(POLARITIES)}.")
    if (date := entry.fields.get("date")) and days(date) == (None, None):
        raise CurationError(f"{date} is no date: write 2015, 2015-03 or 2015-03-31, or an interval such as 2015/2016.")


# --------------------------------------------------------------------------------------------------------- application


@dataclass(frozen=True, slots=True)
class Resolved:
    """Entries in force, each with the IRI that its item has now. ``orphaned``: whose item, or whose words, are gone."""

    applied: Sequence[tuple[str, Entry]]
    orphaned: Sequence[Entry]

    def of(self, item: str) -> list[Entry]:
        return [entry for iri_now, entry in self.applied if iri_now == item]

    @property
    def hidden(self) -> dict[str, str]:
        """IRI → why."""
        return {item: entry.why for item, entry in self.applied if entry.kind == "hide"}


def resolve(entries: Sequence[Entry], documents: Iterable[tuple[Extraction, DocumentIris]]) -> Resolved:
    """Find the items of entries in force among what was extracted, before any correction.

    An item counts as the same where IRI and words agree; where its IRI has moved, the one item of its kind with the
    same words in the whole dataset stands in. Everything else is orphaned.
    """
    standing = in_force(entries)
    if not standing:
        return Resolved((), ())
    by_iri: dict[str, str] = {}
    by_words: dict[tuple[str, str], list[str]] = defaultdict(list)
    for extraction, iris in documents:
        for kind, own, text in _items(extraction, iris):
            by_iri[own] = words = words_of(text)
            by_words[kind, words].append(own)

    def place(item: str, kinds: Iterable[str], words: str) -> str | None:
        if by_iri.get(item) == words:
            return item
        candidates = [own for kind in kinds for own in by_words.get((kind, words), ())]
        return candidates[0] if len(candidates) == 1 else None

    applied, orphaned = [], []
    for entry in standing:
        item = place(entry.item, (entry.item_kind,), entry.words)
        kinds = RELATIONS.get(entry.relation, ((), ()))[1]
        target = place(entry.target, kinds, entry.target_words) if entry.target else ""
        if item is None or target is None:
            orphaned.append(entry)
        else:
            applied.append((item, replace(entry, target=target)))
    return Resolved(applied, orphaned)


def _items(extraction: Extraction, iris: DocumentIris) -> Iterator[tuple[str, str, str]]:
    """(kind, IRI, text) of every item of a document."""
    for own, finding in zip(iris.findings, extraction.findings, strict=True):
        yield "finding", own, finding.text
    for own, asked in zip(iris.recommendations, extraction.recommendations, strict=True):
        yield "recommendation", own, asked.text
    for own, action in zip(iris.actions, extraction.actions, strict=True):
        yield "action", own, action.text


def corrected(
    extraction: Extraction, iris: DocumentIris, resolved: Resolved
) -> tuple[Extraction, DocumentIris, list[str]]:
    """A document without its hidden items and with corrected fields, the IRIs that its parts keep, and the ids of the
    entries that changed it."""
    parts = {*iris.findings, *iris.recommendations, *iris.actions}
    own = [(item, entry) for item, entry in resolved.applied if item in parts]
    if not own:
        return extraction, iris, []
    entries: dict[str, list[Entry]] = defaultdict(list)
    for item, entry in own:
        entries[item].append(entry)
    hidden = resolved.hidden
    stays = [item not in hidden for item in iris.recommendations]
    place = {old: new for new, old in enumerate(old for old, there in enumerate(stays) if there)}
    findings = [(i, _finding(f, entries[i])) for i, f in zip(iris.findings, extraction.findings, strict=True)]
    asked = [(i, _asked(r, entries[i])) for i, r in zip(iris.recommendations, extraction.recommendations, strict=True)]
    actions = [(i, _action(a, entries[i], place)) for i, a in zip(iris.actions, extraction.actions, strict=True)]
    changed = replace(
        extraction,
        findings=tuple(f for i, f in findings if i not in hidden),
        recommendations=tuple(r for i, r in asked if i not in hidden),
        actions=tuple(a for i, a in actions if i not in hidden),
    )
    kept = replace(
        iris,
        findings=tuple(i for i in iris.findings if i not in hidden),
        recommendations=tuple(i for i in iris.recommendations if i not in hidden),
        actions=tuple(i for i in iris.actions if i not in hidden),
    )
    return changed, kept, [entry.id for _, entry in own]


def _new_fields(entries: Sequence[Entry]) -> dict[str, str]:
    return {name: value.strip() for entry in entries for name, value in entry.fields.items()}


def _finding(finding: Finding, entries: Sequence[Entry]) -> Finding:
    new = _new_fields(entries)
    if "polarity" in new:
        polarity = next(p for p in ("strength", "improvement", "mixed") if p == new["polarity"])
        finding = replace(finding, polarity=polarity, polarity_score=None, polarity_made_by=CURATOR)
    return replace(
        finding,
        text=new.get("text", finding.text),
        number=_or_none(new, "ref", finding.number),
        section=_or_none(new, "section", finding.section),
    )


def _asked(asked: Recommendation, entries: Sequence[Entry]) -> Recommendation:
    new = _new_fields(entries)
    return replace(
        asked,
        text=new.get("text", asked.text),
        ref=_or_none(new, "ref", asked.ref),
        section=_or_none(new, "section", asked.section),
        deadline=_or_none(new, "timescale", asked.deadline),
        deadline_date=_or_none(new, "date", asked.deadline_date),
        addressed_to=_names(new["responsible"]) if "responsible" in new else asked.addressed_to,
    )


def _action(action: Action, entries: Sequence[Entry], place: Mapping[int, int]) -> Action:
    new = _new_fields(entries)
    answered = action.recommendation
    if answered is not None and (place.get(answered) is None or _relinks(entries)):
        answered = None
    owners = (
        (_names(new["responsible"]), ()) if "responsible" in new else (action.responsible, action.responsible_names)
    )
    return replace(
        action,
        text=new.get("text", action.text),
        section=_or_none(new, "section", action.section),
        timescale=_or_none(new, "timescale", action.timescale),
        date=_or_none(new, "date", action.date),
        responsible=owners[0],
        responsible_names=owners[1],
        recommendation=place[answered] if answered is not None else None,
    )


def _relinks(entries: Sequence[Entry]) -> bool:
    return any(entry.relation == "answers" for entry in entries)


def answered_by_curator(entries: Sequence[Entry]) -> str | None:
    """The recommendation that an action answers as a curator linked it last; None where the last word was to unlink."""
    said = [entry for entry in entries if entry.relation == "answers"]
    return said[-1].target or None if said and said[-1].kind == "link" else None


def _or_none(new: Mapping[str, str], name: str, old: str | None) -> str | None:
    return new[name] or None if name in new else old


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in re.split(r"[;\n]", text) if (name := part.strip()))


# -------------------------------------------------------------------------------------------------------------- triples


def curation_triples(entries: Sequence[Entry], resolved: Resolved, base: str = DEFAULT_BASE) -> bytes:
    """The graph ``graphs/curation``: every correction with who, when and why, those that were reverted as well.

    What an item said before is not repeated here: its evidence quotes the source, and what was hidden stays hidden.
    """
    iris, out = Iris(base), Triples()
    graph = iri(iris.derived_graph("curation"))
    out.type(graph, prov.Bundle)
    out.add(graph, rdfs.label, english("What people have corrected"))
    items = {entry.id: item for item, entry in resolved.applied}
    targets = {entry.id: entry.target for _, entry in resolved.applied}
    ends = {e.reverts: e for e in entries if e.kind == "revert"}
    standing = {entry.id for entry in in_force(entries)}
    for name in sorted({entry.who for entry in entries}):
        own = iri(iris.curator(name))
        out.type(own, prov.Agent)
        out.add(own, foaf.name, string(name))
    for entry in entries:
        if entry.kind != "revert":
            item, target = items.get(entry.id, entry.item), targets.get(entry.id, entry.target)
            placed = replace(entry, item=item, target=target)
            _write_entry(out, iris, placed, applied=entry.id in items, hidden=item in resolved.hidden)
            if entry.id not in standing and (end := ends.get(entry.id)) is not None:
                own = iri(iris.correction(entry.id))
                out.add(own, prov.invalidatedAtTime, typed(end.when, xsd.dateTime))
                out.add(own, ig.revertedBy, iri(iris.curator(end.who)))
    for item in dict.fromkeys(item for item, entry in resolved.applied if entry.relation == "answers"):
        if answered := answered_by_curator(resolved.of(item)):
            out.add(iri(item), ig.addresses, iri(answered))
    return out.encoded()


def _write_entry(out: Triples, iris: Iris, entry: Entry, *, applied: bool, hidden: bool) -> None:
    own, before = iri(iris.correction(entry.id)), iri(f"{iris.correction(entry.id)}#before")
    out.type(own, ig.Correction, prov.Entity)
    out.add(own, ig.corrects, iri(entry.item))
    out.add(own, ig.correctionKind, string(entry.kind))
    out.add(own, ig.reason, string(entry.why))
    out.add(own, prov.wasAttributedTo, iri(iris.curator(entry.who)))
    out.add(own, prov.generatedAtTime, typed(entry.when, xsd.dateTime))
    out.add(own, prov.wasRevisionOf, before)
    out.type(before, prov.Entity)
    out.add(before, prov.specializationOf, iri(entry.item))
    if applied:
        out.add(before, prov.invalidatedAtTime, typed(entry.when, xsd.dateTime))
    for name, value in sorted(entry.fields.items()):
        out.add(own, ig.correctedField, string(name))
        if not hidden:
            out.add(own, ig.correctedTo, string(f"{name}: {value or 'none'}"))
    for theme in entry.add:
        out.add(own, ig.addedTheme, iri(iris.theme(theme)))
    for theme in entry.remove:
        out.add(own, ig.removedTheme, iri(iris.theme(theme)))
    if entry.relation:
        out.add(own, ig.correctedField, string(entry.relation))
    if entry.target:
        out.add(own, ig.to, iri(entry.target))
