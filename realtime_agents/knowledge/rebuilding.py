"""A new version made from the documents of the active one, checked before it is switched to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.index import IndexStore, PassageIndex
from realtime_agents.knowledge.intake import BATCH_DOCUMENTS, merged
from realtime_agents.knowledge.port import (
    Document,
    DocumentInfo,
    GoldenQuery,
    IngestReport,
    Query,
    RebuildProgress,
)
from realtime_agents.knowledge.searching import Searcher
from realtime_agents.knowledge.writing import Writer

PAGE = 200
"""Documents listed at once."""
SAMPLED_TITLES = 20
"""Stored titles asked for when no golden queries are given."""
MAY_LOSE = 0.1
"""Share of the golden queries that the new version may miss beyond those the active one misses."""
CHECK_DEADLINE_MS = 30_000


@dataclass(frozen=True, slots=True)
class Rebuilder:
    """Makes versions of one store with one embedder."""

    store: IndexStore
    writer: Writer
    searcher: Searcher
    no_vectors: str
    """Why the active version's vectors cannot be searched; empty when they can."""

    async def run(
        self, golden: Sequence[GoldenQuery], progress: Callable[[RebuildProgress], None] | None
    ) -> str:
        """Build, check, switch; returns the new version. Raises `KnowledgeError`; then nothing has changed."""
        old = await self.store.source()
        new = await self.store.begin()
        try:
            copied = await self._copy_all(old, new, progress)
            # The last differences are copied while nothing is written, then the switch follows at once.
            async with self.writer.turn:
                await self._catch_up(old, new, copied)
                await self.store.settled(new.version)
                await self._check(old, new, golden or await _titles(old))
                await self.store.activate(new.version)
        except BaseException:
            await self.store.drop(new.version)
            raise
        return new.version

    async def _copy_all(
        self, old: PassageIndex, new: PassageIndex, progress: Callable[[RebuildProgress], None] | None
    ) -> dict[str, str]:
        """Copies every document; returns the content hash that each had."""
        total = await _count(old)
        copied: dict[str, str] = {}
        async for page in pages(old):
            for start in range(0, len(page), BATCH_DOCUMENTS):
                batch = [info.id for info in page[start : start + BATCH_DOCUMENTS]]
                copied |= await old.fingerprints(batch)
                await self.writer.copy(old, new, await _documents(old, batch))
                if progress is not None:
                    progress(RebuildProgress(done=len(copied), total=max(total, len(copied))))
        return copied

    async def _catch_up(self, old: PassageIndex, new: PassageIndex, copied: dict[str, str]) -> None:
        """Follow what was changed in the active version while the new one was built."""
        there: set[str] = set()
        async for page in pages(old):
            now = await old.fingerprints([info.id for info in page])
            there.update(now)
            stale = [name for name, hash_ in now.items() if copied.get(name) != hash_]
            for start in range(0, len(stale), BATCH_DOCUMENTS):
                batch = await _documents(old, stale[start : start + BATCH_DOCUMENTS])
                await self.writer.copy(old, new, batch)
        if gone := sorted(copied.keys() - there):
            await new.delete(gone)

    async def _check(self, old: PassageIndex, new: PassageIndex, golden: Sequence[GoldenQuery]) -> None:
        before, after = await _count(old), await _count(new)
        if before != after:
            raise KnowledgeError(
                f"The new version holds {after} documents instead of {before}; the active one was kept."
            )
        missed_before = [] if self.store.misfit else await self._missed(old, golden, self.no_vectors)
        missed = await self._missed(new, golden, "")
        if len(missed) > len(missed_before) + MAY_LOSE * len(golden):
            raise KnowledgeError(
                f"The new version misses {len(missed)} of {len(golden)} golden queries, the active one"
                f" {len(missed_before)}; the active one was kept."
            )

    async def _missed(
        self, index: PassageIndex, golden: Sequence[GoldenQuery], no_vectors: str
    ) -> list[GoldenQuery]:
        missed: list[GoldenQuery] = []
        for entry in golden:
            query = Query(
                text=entry.text,
                collections=entry.collections,
                limit=4 * entry.within,
                deadline_ms=CHECK_DEADLINE_MS,
            )
            result = await self.searcher.search(
                index, query, one_request=self.store.one_request, no_vectors=no_vectors
            )
            names = list(dict.fromkeys(hit.passage.document_id for hit in result.hits))[: entry.within]
            if not set(names) & set(entry.document_ids):
                missed.append(entry)
        return missed


async def take_over(source: PassageIndex, target: PassageIndex, writer: Writer) -> IngestReport:
    """Make one store hold what another holds. Hold the writer's turn."""
    report, there = IngestReport(), set[str]()
    async for page in pages(source):
        there.update(info.id for info in page)
        for start in range(0, len(page), BATCH_DOCUMENTS):
            ids = [info.id for info in page[start : start + BATCH_DOCUMENTS]]
            theirs, ours = await source.fingerprints(ids), await target.fingerprints(ids)
            changed = [name for name in ids if ours.get(name) != theirs.get(name)]
            if changed:
                await writer.copy(source, target, await _documents(source, changed))
            one = IngestReport(
                added=tuple(name for name in changed if name not in ours),
                updated=tuple(name for name in changed if name in ours),
                unchanged=tuple(name for name in ids if name not in changed),
            )
            report = merged(report, one)
    gone = [info.id async for page in pages(target) for info in page if info.id not in there]
    if gone:
        await target.delete(gone)
    return report


async def pages(index: PassageIndex) -> AsyncIterator[tuple[DocumentInfo, ...]]:
    """All documents of a version, page by page."""
    after = ""
    while page := await index.listed("", after, PAGE):
        yield page
        after = page[-1].id


async def _documents(index: PassageIndex, ids: Sequence[str]) -> list[Document]:
    found = await asyncio.gather(*(index.document(name) for name in ids))
    return [document for document in found if document is not None]


async def _titles(index: PassageIndex) -> tuple[GoldenQuery, ...]:
    """Golden queries made of stored titles: a page is found by its title."""
    infos = [info async for page in pages(index) for info in page if info.title.strip() and info.passages]
    step = max(len(infos) // SAMPLED_TITLES, 1)
    return tuple(
        GoldenQuery(text=info.title, document_ids=(info.id,), collections=(info.collection,))
        for info in infos[::step][:SAMPLED_TITLES]
    )


async def _count(index: PassageIndex) -> int:
    return sum(documents for documents, _ in (await index.holdings()).collections.values())
