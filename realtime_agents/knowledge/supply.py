"""What a source gives to an ingest: steps, in batches, whatever the source is."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from realtime_agents.knowledge.extract import DocumentFailure, Found
from realtime_agents.knowledge.intake import BATCH_CHARS, BATCH_DOCUMENTS
from realtime_agents.knowledge.ledger import Entry, SourceKey
from realtime_agents.knowledge.port import Document

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A document of an entry."""

    entry: str
    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Something of an entry that was not read, or not wholly."""

    entry: str
    failure: DocumentFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class AsBefore:
    """An entry that has not changed since its documents were stored."""

    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """An entry that the source no longer has."""

    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The end of an entry. ``entry.whole`` is worked out by the ingest."""

    entry: Entry


Step = Brought | Failed | AsBefore | Vanished | Settled


def next_steps(entry: str, name: str, found: Iterator[Found]) -> list[Step]:
    """As many of the documents of an entry as are worth a batch; empty at its end. Blocks.

    A fault of ours in reading one file or page ends this one and no other.
    """
    steps: list[Step] = []
    size = 0
    try:
        for one in found:
            if isinstance(one, Document):
                steps.append(Brought(entry=entry, document=one))
                size += len(one.text)
            else:
                steps.append(Failed(entry=entry, failure=one))
            if len(steps) >= BATCH_DOCUMENTS or size >= BATCH_CHARS:
                break
    except Exception as error:  # noqa: BLE001  the edge of one document
        steps.append(unreadable(entry, name, error))
    return steps


def unreadable(entry: str, name: str, error: Exception) -> Failed:
    """The report of a file or page that broke the reader in a way nobody thought of. Logs where."""
    log.error("a document broke its reader", exc_info=error)
    reason = f"it could not be read ({type(error).__name__}); the log says where"
    return Failed(entry=entry, failure=DocumentFailure(name=name, reason=reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a supply may ask about earlier runs."""

    entry: Callable[[str], Awaitable[Entry | None]]
    """The entry of that name, as it was."""
    stands: Callable[[Entry], Awaitable[bool]]
    """Whether the store still holds the entry's documents as they were stored."""
    names: Callable[[], Awaitable[list[str]]]
    """All entries of the source."""
    run: int
    """Number of this run: an entry that carries it was dealt with before an interruption."""


class Supply(Protocol):
    """A source that is being read."""

    @property
    def key(self) -> SourceKey: ...

    @property
    def resumes(self) -> bool:
        """An interrupted run goes on instead of beginning anew."""

    @property
    def forgets_unseen(self) -> bool:
        """Entries that a finished run did not come across are gone."""

    @property
    def fraction(self) -> float | None:
        """Share that was read, 0 to 1; None while nothing is known of the whole."""

    @property
    def doing(self) -> str:
        """What is being read, for people."""

    @property
    def batch_documents(self) -> int:
        """Documents that are worth a batch; it is what an interruption can lose."""

    def batches(self, memory: Memory) -> AsyncGenerator[list[Step]]:
        """Steps in order. Closing the iterator ends what it has open."""
