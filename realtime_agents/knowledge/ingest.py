"""Bring files, folders, web pages and sites into a knowledge base, whatever its store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import assert_never

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.files import FileSupply, read_documents
from realtime_agents.knowledge.intake import BATCH_CHARS, sort_out
from realtime_agents.knowledge.ledger import Entry, IngestLedger, Run, RunState
from realtime_agents.knowledge.outcome import DocumentResult, Fate, IngestOutcome, IngestProgress
from realtime_agents.knowledge.passages import fingerprint
from realtime_agents.knowledge.personal import count_personal
from realtime_agents.knowledge.port import Document, IngestReport, KnowledgeBase
from realtime_agents.knowledge.supply import (
    AsBefore,
    Brought,
    Failed,
    Memory,
    Settled,
    Step,
    Supply,
    Vanished,
)

__all__ = ["DocumentResult", "IngestOutcome", "IngestProgress", "ingest", "ingest_path", "read_documents"]

MAX_KNOWN_DOCUMENTS = 64
"""An entry with more documents is read again rather than looked up document by document."""
MAX_DOCUMENTS = 200_000
MAX_CHARS = 2_000_000_000
"""Of one run: it ends with whichever comes first, and says so."""
MAX_FAILURES = 1_000
"""More failures than this are counted, not listed."""
MAX_PERSONAL = 1_000
"""Documents with personal data that are named; more are left out."""


async def ingest(
    kb: KnowledgeBase,
    supply: Supply,
    *,
    ledger: IngestLedger | None = None,
    progress: Callable[[IngestProgress], None] | None = None,
) -> IngestOutcome:
    """Store what a source holds; unchanged documents cost next to nothing.

    With a ``ledger``, what vanished from the source since the last run is removed too. May be
    cancelled: finished batches stay, and the next run goes on from there. What cannot be read is in
    the outcome's ``failed``. Raises `KnowledgeError` when the store or the ledger itself fails.
    """
    return await _Ingest(kb, supply, ledger, progress).run()


async def ingest_path(
    kb: KnowledgeBase,
    path: Path,
    collection: str,
    progress: Callable[[IngestProgress], None] | None = None,
    *,
    ledger: IngestLedger | None = None,
) -> IngestReport:
    """`ingest` of a file or folder."""
    with Extractor() as extractor:
        outcome = await ingest(kb, FileSupply(path, collection, extractor), ledger=ledger, progress=progress)
    return outcome.report


@dataclass(slots=True)
class _Tally:
    """Lists that grow, and what did not fit in them."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    personal: list[tuple[str, Mapping[str, int]]] = field(default_factory=list)
    passages: int = 0
    unlisted: int = 0

    def fail(self, name: str, reason: str) -> None:
        if len(self.failed) < MAX_FAILURES:
            self.failed.append((name, reason))
        else:
            self.unlisted += 1


class _Ingest:
    """One run: takes steps in batches, stores documents, keeps the ledger, adds up."""

    def __init__(
        self,
        kb: KnowledgeBase,
        supply: Supply,
        ledger: IngestLedger | None,
        progress: Callable[[IngestProgress], None] | None,
    ) -> None:
        self._kb = kb
        self._supply = supply
        self._ledger = ledger
        self._progress = progress
        self._run: Run | None = None
        self._tally = _Tally()
        self._seen: set[str] = set()
        self._broken: set[str] = set()
        """Entries of this run that were not read wholly."""
        self._chars = 0
        """Of the documents that were brought in this run."""
        self._results: list[DocumentResult] = []
        self._told_doing = supply.doing

    async def run(self) -> IngestOutcome:
        if self._ledger is not None:
            ledger, supply = self._ledger, self._supply
            self._run = await asyncio.to_thread(ledger.begin, supply.key, resume=supply.resumes)
        try:
            async with aclosing(self._batches()) as batches:
                async for batch in batches:
                    await self._take(batch)
                    if self._is_enough():
                        break
            await self._clear_out()
        except BaseException:
            await self._note_the_stop()
            raise
        tally = self._tally
        if tally.unlisted:
            tally.failed.append((self._supply.key.location, f"{tally.unlisted} more failures are not listed"))
        return IngestOutcome(
            added=tuple(tally.added),
            updated=tuple(tally.updated),
            unchanged=tuple(tally.unchanged),
            removed=tuple(tally.removed),
            failed=tuple(tally.failed),
            personal=tuple(tally.personal),
            passages=tally.passages,
        )

    async def _note_the_stop(self) -> None:
        """The error that ended the run is what counts: a ledger that cannot be written says no more than that."""
        if self._ledger is not None and self._run is not None:
            with suppress(KnowledgeError):
                await asyncio.to_thread(self._ledger.end, self._run, "stopped")

    def _is_enough(self) -> bool:
        """The source holds more than one run may take; nothing vanishes then because it was not seen."""
        if len(self._seen) <= MAX_DOCUMENTS and self._chars <= MAX_CHARS:
            return False
        reason = f"it holds more than {MAX_DOCUMENTS:,} documents or {MAX_CHARS:,} characters; the rest was left out"
        self._fail("", self._supply.key.location, reason)
        return True

    async def _batches(self) -> AsyncGenerator[list[Step]]:
        """Steps of the supply in batches worth storing: many small files make one."""
        held: list[Step] = []
        documents = chars = 0
        async with aclosing(self._supply.batches(self._memory())) as supplied:
            async for steps in supplied:
                held.extend(steps)
                documents += sum(not isinstance(step, Settled) for step in steps)
                chars += sum(len(step.document.text) for step in steps if isinstance(step, Brought))
                if self._supply.doing != self._told_doing:
                    self._tell()  # also before a batch is stored, which may take seconds
                if documents >= self._supply.batch_documents or chars >= BATCH_CHARS:
                    yield held
                    held, documents, chars = [], 0, 0
        if held:
            yield held

    async def _take(self, steps: Sequence[Step]) -> None:
        brought: dict[str, list[Document]] = {}
        for step in steps:
            match step:
                case Brought(entry=entry, document=document):
                    brought.setdefault(entry, []).append(document)
                    self._chars += len(document.text)
                case Failed(entry=entry, failure=failure):
                    self._fail(entry, failure.name, failure.reason)
                case AsBefore(entry=known):
                    self._tally.unchanged.extend(known.documents)
                    self._seen.update(known.documents)
                    self._results.extend(DocumentResult(name=i, fate="unchanged") for i in known.documents)
                case Vanished() | Settled():
                    pass
                case _:
                    assert_never(step)
        await self._store(brought)
        if self._ledger is not None and self._run is not None:
            await asyncio.to_thread(self._note, self._ledger, self._run, steps)
        if not all(isinstance(step, Settled) for step in steps):
            self._tell()

    async def _store(self, brought: Mapping[str, Sequence[Document]]) -> None:
        """Store the documents of a batch and note which entry each came from."""
        kept: dict[str, dict[str, str]] = {}
        accepted: list[Document] = []
        for entry, documents in brought.items():
            taken, refused = sort_out(documents, self._seen)
            for name, reason in refused:
                self._fail(entry, name, reason)
            kept[entry] = {document.id: fingerprint(document) for document in taken}
            accepted.extend(taken)
        if not accepted:
            return
        report = await self._kb.upsert(accepted)
        failed = dict(report.failed)
        for entry, fingerprints in kept.items():
            for name in fingerprints.keys() & failed.keys():
                self._fail(entry, name, failed[name])
                del fingerprints[name]
        await self._look_for_personal_data(accepted)
        self._add_up(report, {document.id: document.title for document in accepted})
        if self._ledger is not None and self._run is not None:
            for entry, fingerprints in kept.items():
                await asyncio.to_thread(self._ledger.keep, self._run, entry, fingerprints)

    def _note(self, ledger: IngestLedger, run: Run, steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case AsBefore(entry=known):
                    ledger.touch(run, known.name)
                case Vanished(entry=entry):
                    ledger.vanished(run, entry)
                case _:
                    pass
        settled = [step.entry for step in steps if isinstance(step, Settled)]
        if settled:
            ledger.settle(run, [replace(e, whole=e.name not in self._broken) for e in settled])

    async def _look_for_personal_data(self, documents: Sequence[Document]) -> None:
        found = await asyncio.to_thread(
            lambda: [(d.id, counts) for d in documents if (counts := count_personal(d.text))]
        )
        self._tally.personal.extend(found[: max(MAX_PERSONAL - len(self._tally.personal), 0)])

    def _add_up(self, report: IngestReport, titles: Mapping[str, str]) -> None:
        tally = self._tally
        tally.added.extend(report.added)
        tally.updated.extend(report.updated)
        tally.unchanged.extend(report.unchanged)
        tally.passages += report.passages
        fates: tuple[tuple[Fate, tuple[str, ...]], ...] = (
            ("added", report.added),
            ("updated", report.updated),
            ("unchanged", report.unchanged),
        )
        for fate, names in fates:
            self._results.extend(DocumentResult(name=titles.get(name, name), fate=fate) for name in names)

    def _fail(self, entry: str, name: str, reason: str) -> None:
        self._broken.add(entry)
        self._tally.fail(name, reason)
        self._results.append(DocumentResult(name=name, fate="skipped", detail=reason))

    async def _clear_out(self) -> None:
        """Remove what the source no longer holds, and say that the run is done."""
        if self._ledger is None or self._run is None:
            return
        unseen = self._supply.forgets_unseen and "" not in self._broken
        stale = await asyncio.to_thread(self._ledger.stale, self._run, unseen=unseen)
        stale = [name for name in (*stale, *await self._returned()) if name not in self._seen]
        if stale:
            await self._kb.delete(stale)
            self._tally.removed.extend(stale)
            self._results.extend(DocumentResult(name=name, fate="removed") for name in stale)
        await asyncio.to_thread(self._ledger.forget, self._run, unseen=unseen)
        await asyncio.to_thread(self._ledger.end, self._run, await self._end_state())
        if stale:
            self._tell()

    async def _end_state(self) -> RunState:
        """A known site of which nothing could be read this time is still to be gone on with."""
        read_nothing = self._supply.resumes and self._broken and not self._seen
        if self._ledger is None or self._run is None or not read_nothing:
            return "done"
        return "stopped" if await asyncio.to_thread(self._ledger.names, self._run) else "done"

    async def _returned(self) -> list[str]:
        """What had vanished and is there again: an earlier version of the store is in use now."""
        if self._ledger is None or self._run is None:
            return []
        gone = await asyncio.to_thread(self._ledger.gone, self._run)
        return [name for name in gone if await self._kb.document(name) is not None]

    def _tell(self) -> None:
        results, self._results = tuple(self._results), []
        self._told_doing = self._supply.doing
        if self._progress is None:
            return
        tally = self._tally
        self._progress(
            IngestProgress(
                added=len(tally.added),
                updated=len(tally.updated),
                unchanged=len(tally.unchanged),
                failed=len(tally.failed) + tally.unlisted,
                removed=len(tally.removed),
                passages=tally.passages,
                current=self._supply.doing,
                fraction=self._supply.fraction,
                results=results,
            )
        )

    def _memory(self) -> Memory:
        ledger, run = self._ledger, self._run
        if ledger is None or run is None:
            return Memory(entry=_nothing, stands=_never, names=_no_names, run=-1)
        return Memory(
            entry=lambda name: asyncio.to_thread(ledger.entry, run, name),
            stands=self._stands,
            names=lambda: asyncio.to_thread(ledger.names, run),
            run=run.number,
        )

    async def _stands(self, entry: Entry) -> bool:
        """Another version of the store may be in use now, or somebody deleted a document."""
        if not 0 < len(entry.documents) <= MAX_KNOWN_DOCUMENTS:
            return False
        for name, sha256 in entry.documents.items():
            document = await self._kb.document(name)
            if document is None or fingerprint(document) != sha256:
                return False
        return True


async def _nothing(_name: str) -> Entry | None:
    return None


async def _never(_entry: Entry) -> bool:
    return False


async def _no_names() -> list[str]:
    return []
