"""What an ingest tells while it runs and at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from realtime_agents.knowledge.port import IngestReport

Fate = Literal["added", "updated", "unchanged", "removed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentResult:
    """What came of one document or file."""

    name: str
    """Title of a document; name of a file or page that was skipped; id of what was removed."""
    fate: Fate
    detail: str = ""
    """Why it was skipped; what looks like personal data in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestProgress:
    """Counts of documents so far, told after every batch."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    passages: int = 0
    removed: int = 0
    current: str = ""
    """What is being read: a file, a page."""
    fraction: float | None = None
    """Share of the source that was read, 0 to 1; None while the whole is not known."""
    results: tuple[DocumentResult, ...] = ()
    """What came of the documents of this batch."""

    @property
    def documents(self) -> int:
        """Documents dealt with so far, whatever came of them."""
        return self.added + self.updated + self.unchanged + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOutcome:
    """What came of an ingest. Every document is in exactly one of the first five lists."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    """(document, file or page, reason in words)."""
    personal: tuple[tuple[str, Mapping[str, int]], ...] = ()
    """(document, what looks like personal data in it and how often). Never the data."""
    passages: int = 0

    @property
    def report(self) -> IngestReport:
        """As stores report it."""
        return IngestReport(
            added=self.added,
            updated=self.updated,
            unchanged=self.unchanged,
            failed=self.failed,
            passages=self.passages,
        )


def together(outcomes: Iterable[IngestOutcome]) -> IngestOutcome:
    """One outcome of several, in order."""
    several = tuple(outcomes)
    return IngestOutcome(
        added=tuple(name for one in several for name in one.added),
        updated=tuple(name for one in several for name in one.updated),
        unchanged=tuple(name for one in several for name in one.unchanged),
        removed=tuple(name for one in several for name in one.removed),
        failed=tuple(entry for one in several for entry in one.failed),
        personal=tuple(entry for one in several for entry in one.personal),
        passages=sum(one.passages for one in several),
    )
