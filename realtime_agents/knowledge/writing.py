"""The one place that changes a store: documents cut, embedded and written, batch by batch."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from realtime_agents.embedding import Embedder
from realtime_agents.knowledge.index import PassageIndex
from realtime_agents.knowledge.passages import PassageEmbedder, PreparedDocument, fingerprint, prepare
from realtime_agents.knowledge.port import Document, IngestReport
from realtime_agents.knowledge.sentences import Span

T = TypeVar("T")

EMBEDDERS = 2
"""Threads that embed documents, one text each; the machine this was measured on has two cores."""
FILL_BATCH = 64
"""Passages whose missing vectors are made and written together."""


class Writer:
    """Writes one batch at a time; embedding runs beside the event loop at a lower priority.

    ``turn`` is held while a batch is written: who holds it knows that nothing changes meanwhile,
    at least not by this process.
    """

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = PassageEmbedder(embedder) if embedder else None
        self._embedders = ThreadPoolExecutor(EMBEDDERS, "knowledge-embed", initializer=_lower_priority)
        self.turn = asyncio.Lock()

    async def write(self, index: PassageIndex, documents: Sequence[Document]) -> IngestReport:
        """Store documents with distinct ids; unchanged ones are skipped. Hold ``turn``."""
        known = await index.fingerprints([document.id for document in documents])
        changed = [d for d in documents if known.get(d.id) != fingerprint(d)]
        prepared = [await self._in_thread(partial(prepare, document)) for document in changed]
        refused = await index.write(prepared, await self._vectors(index, prepared)) if prepared else ()
        failed = {name for name, _ in refused}
        names = {document.id for document in changed}
        stored = [d for d in prepared if d.document.id not in failed]
        return IngestReport(
            added=tuple(d.document.id for d in stored if d.document.id not in known),
            updated=tuple(d.document.id for d in stored if d.document.id in known),
            unchanged=tuple(d.id for d in documents if d.id not in names),
            failed=refused,
            passages=sum(len(document.passages) for document in stored),
        )

    async def copy(self, source: PassageIndex, target: PassageIndex, documents: Sequence[Document]) -> None:
        """Put documents of one version into another, cut anew. Vectors that still fit are taken over."""
        prepared = [await self._in_thread(partial(prepare, document)) for document in documents]
        known = await source.vectors([document.id for document in documents])
        await target.write(prepared, await self._made(prepared, known))

    async def fill_some(self, index: PassageIndex) -> bool:
        """Make some of the vectors that are missing, from the stored text; False when none are."""
        embedder = self._embedder
        if embedder is None:
            return False
        batch = await index.waiting(FILL_BATCH)
        made = await asyncio.gather(
            *(
                self._in_thread(
                    partial(
                        _blob,
                        embedder,
                        waiting.stored.passage.title,
                        waiting.stored.passage.section,
                        waiting.stored.passage.text,
                        waiting.stored.windows,
                    )
                )
                for waiting in batch
            )
        )
        if batch:
            await index.set_vectors({w.key: blob for w, blob in zip(batch, made, strict=True)})
        return bool(batch)

    async def close(self) -> None:
        """Wait for what is running, drop what is waiting. Safe to call again."""
        await asyncio.to_thread(self._embedders.shutdown, cancel_futures=True)

    async def _vectors(self, index: PassageIndex, prepared: Sequence[PreparedDocument]) -> dict[str, bytes]:
        """Vectors by passage key; those the store already holds for the same text are kept."""
        if self._embedder is None:
            return {}
        known = await index.vectors([document.document.id for document in prepared])
        return await self._made(prepared, known)

    async def _made(self, prepared: Sequence[PreparedDocument], known: dict[str, bytes]) -> dict[str, bytes]:
        embedder = self._embedder
        if embedder is None:
            return {}
        missing = {
            passage.key: (document.document.title, passage)
            for document in prepared
            for passage in document.passages
            if passage.key not in known
        }
        made = await asyncio.gather(
            *(
                self._in_thread(
                    partial(_blob, embedder, title, passage.section, passage.text, passage.windows)
                )
                for title, passage in missing.values()
            )
        )
        return known | dict(zip(missing, made, strict=True))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._embedders, work)


def _blob(embedder: PassageEmbedder, title: str, section: str, text: str, windows: tuple[Span, ...]) -> bytes:
    return embedder.vectors(title, section, text, windows).tobytes()


def _lower_priority() -> None:
    """Conversations go first: on Linux a thread can be made nicer than its process."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
