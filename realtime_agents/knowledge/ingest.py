"""Bring files and folders into a knowledge base, whatever its store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from realtime_agents.knowledge.extract import DocumentFailure, Found, read_file
from realtime_agents.knowledge.intake import merged, sort_out
from realtime_agents.knowledge.port import Document, IngestReport, KnowledgeBase

__all__ = ["DocumentFailure", "IngestProgress", "ingest_path", "read_documents"]

BATCH_DOCUMENTS = 16
BATCH_CHARS = 100_000
"""A batch ends with whichever comes first; it is what an interruption can lose (a few seconds)."""
MAX_FAILURES = 1_000
"""More failures than this are counted, not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestProgress:
    """Counts of documents so far, told after every batch."""

    added: int
    updated: int
    unchanged: int
    failed: int
    passages: int
    current: str
    """Title of the last document of the batch."""

    @property
    def documents(self) -> int:
        """Documents dealt with so far, whatever came of them."""
        return self.added + self.updated + self.unchanged + self.failed


def read_documents(path: Path, collection: str) -> Iterator[Found]:
    """Documents of a file, or of all files under a folder, in order of name.

    In a folder hidden files, symbolic links and ``README`` files (which are about the folder)
    are passed over. Reads as it goes: a large file is never in memory as a whole.
    """
    if not path.exists():
        yield DocumentFailure(name=str(path), reason="there is no such file or folder")
        return
    if not path.is_dir():
        yield from read_file(path, path.name, collection)
        return
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        hidden = any(part.startswith(".") for part in inside.parts)
        if (
            file.is_file()
            and not hidden
            and not _is_link(file, path)
            and inside.name.split(".")[0].upper() != "README"
        ):
            yield from read_file(file, inside.as_posix(), collection)


async def ingest_path(
    kb: KnowledgeBase,
    path: Path,
    collection: str,
    progress: Callable[[IngestProgress], None] | None = None,
) -> IngestReport:
    """Store what `read_documents` finds; unchanged documents cost next to nothing.

    May be cancelled: finished batches stay, and a second run goes on from there. What cannot be
    read is in the report's ``failed``. Raises `KnowledgeError` when the store itself fails.
    """
    report = IngestReport()
    unlisted = 0
    seen: set[str] = set()
    found = read_documents(path, collection)
    while batch := await asyncio.to_thread(_next_batch, found):
        documents, refused = sort_out((entry for entry in batch if isinstance(entry, Document)), seen)
        failures = [
            (entry.name, entry.reason) for entry in batch if isinstance(entry, DocumentFailure)
        ] + refused
        listed = failures[: max(MAX_FAILURES - len(report.failed), 0)]
        unlisted += len(failures) - len(listed)
        written = await kb.upsert(documents) if documents else IngestReport()
        report = merged(report, written, IngestReport(failed=tuple(listed)))
        if progress is not None:
            progress(_progress(report, unlisted, documents))
    if unlisted:
        report = merged(
            report, IngestReport(failed=((str(path), f"{unlisted} more failures are not listed"),))
        )
    return report


def _progress(report: IngestReport, unlisted: int, documents: list[Document]) -> IngestProgress:
    return IngestProgress(
        added=len(report.added),
        updated=len(report.updated),
        unchanged=len(report.unchanged),
        failed=len(report.failed) + unlisted,
        passages=report.passages,
        current=documents[-1].title if documents else "",
    )


def _next_batch(found: Iterator[Found]) -> list[Found]:
    batch: list[Found] = []
    size = 0
    for entry in islice(found, BATCH_DOCUMENTS):
        batch.append(entry)
        size += len(entry.text) if isinstance(entry, Document) else 0
        if size >= BATCH_CHARS:
            break
    return batch


def _is_link(file: Path, root: Path) -> bool:
    """True when the file or a folder on the way to it is a symbolic link: it could lead anywhere."""
    return any(part.is_symlink() for part in (file, *file.parents) if part != root and root in part.parents)
