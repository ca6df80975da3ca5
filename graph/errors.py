"""What can go wrong with a source or a release, told so that the person at the keyboard can act on it."""

from __future__ import annotations


class InspectgraphError(Exception):
    """Base of every error that is the input's or the set-up's fault, not a defect of the program."""


class UnreadableDocument(InspectgraphError):
    """A source that cannot be read; the rest of the batch goes on.

    ``source`` is the path as given, ``reason`` one sentence without a full stop, ``advice`` what to do about it.
    """

    def __init__(self, source: str, reason: str, advice: str) -> None:
        super().__init__(f"{source}: {reason} ({advice})")
        self.source = source
        self.reason = reason
        self.advice = advice

    def __reduce__(self) -> tuple[type[UnreadableDocument], tuple[str, str, str]]:
        return type(self), (self.source, self.reason, self.advice)


class ParserDied(UnreadableDocument):
    """The process that read the source ended without an answer: the source's doing, or that of what else the machine
    went through."""


class ReleaseError(InspectgraphError):
    """A release that cannot be published or opened."""
