"""The one place that changes the embedded store: batches of documents in, vectors made."""

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
from realtime_agents.knowledge import rows
from realtime_agents.knowledge.database import Database
from realtime_agents.knowledge.passages import PreparedDocument, embed, fingerprint, prepare
from realtime_agents.knowledge.port import Document, IngestReport
from realtime_agents.knowledge.sentences import Span

T = TypeVar("T")

EMBEDDERS = 2
"""Threads that embed documents, one text each; the machine this was measured on has two cores."""
FILL_BATCH = 64
"""Passages whose missing vectors are made and written together."""


class Writer:
    """Writes one batch at a time; embedding runs beside the event loop at a lower priority.

    Cancelling a call leaves the file as it was before the batch, or with the whole batch.
    """

    def __init__(self, database: Database, embedder: Embedder | None) -> None:
        self._database = database
        self._embedder = embedder
        self._embedders = ThreadPoolExecutor(EMBEDDERS, "knowledge-embed", initializer=_lower_priority)
        self._writer = ThreadPoolExecutor(1, "knowledge-write")
        self._turn = asyncio.Lock()

    async def write(self, documents: Sequence[Document]) -> IngestReport:
        """Store documents with distinct ids. Raises `KnowledgeError`; then none of them is stored."""
        async with self._turn:
            before, changed = await self._in_writer(lambda: self._changed(documents))
            prepared = [await self._in_embedder(partial(prepare, document)) for document in changed]
            vectors = await self._vectors(prepared)
            await self._in_writer(lambda: self._store(prepared, vectors))
        names = {document.id for document in changed}
        return IngestReport(
            added=tuple(d.id for d in changed if d.id not in before),
            updated=tuple(d.id for d in changed if d.id in before),
            unchanged=tuple(d.id for d in documents if d.id not in names),
            passages=sum(len(document.passages) for document in prepared),
        )

    async def delete(self, document_ids: Sequence[str]) -> int:
        """Remove documents; returns how many there were."""

        def run() -> int:
            with self._database.write() as connection:
                return sum(rows.delete_document(connection, name) for name in dict.fromkeys(document_ids))

        async with self._turn:
            return await self._in_writer(run)

    async def bring_up_to_date(self) -> int:
        """Follow changed rules of text analysis and a changed embedder.

        Returns how many passages wait for their vectors; 0 without an embedder.
        """
        embedder = self._embedder.id if self._embedder else ""

        def run() -> int:
            with self._database.read() as connection:
                fits = rows.fits(connection, embedder)
            if not fits:
                with self._database.write() as connection:
                    rows.fit(connection, embedder)
            with self._database.read() as connection:
                return rows.count_without_vector(connection) if embedder else 0

        return await self._in_writer(run)

    async def fill(self) -> None:
        """Make the vectors that are missing, from the stored text."""
        while await self._fill_some():
            pass

    async def close(self) -> None:
        """Wait for what is running, drop what is waiting."""
        for pool in (self._embedders, self._writer):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    def _changed(self, documents: Sequence[Document]) -> tuple[set[str], list[Document]]:
        with self._database.read() as connection:
            known = rows.fingerprints(connection, [document.id for document in documents])
        return set(known), [d for d in documents if known.get(d.id) != fingerprint(d)]

    def _store(self, prepared: Sequence[PreparedDocument], vectors: dict[str, bytes]) -> None:
        if not prepared:
            return
        with self._database.write() as connection:
            for document in prepared:
                rows.write_document(connection, document, vectors)

    async def _vectors(self, prepared: Sequence[PreparedDocument]) -> dict[str, bytes]:
        """Vectors by passage key; those the file already holds for the same text are kept."""
        embedder = self._embedder
        if embedder is None:
            return {}
        known = await self._in_writer(lambda: self._known([document.document.id for document in prepared]))
        missing = {
            passage.key: (document.document.title, passage)
            for document in prepared
            for passage in document.passages
            if passage.key not in known
        }
        made = await asyncio.gather(
            *(
                self._in_embedder(
                    partial(_blob, embedder, title, passage.section, passage.text, passage.windows)
                )
                for title, passage in missing.values()
            )
        )
        return known | dict(zip(missing, made, strict=True))

    def _known(self, names: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        with self._database.read() as connection:
            for name in names:
                found.update(rows.known_vectors(connection, name))
        return found

    async def _fill_some(self) -> bool:
        embedder = self._embedder
        if embedder is None:
            return False

        def waiting() -> list[tuple[int, rows.StoredPassage]]:
            with self._database.read() as connection:
                return rows.without_vector(connection, FILL_BATCH)

        def keep(blobs: Sequence[bytes]) -> None:
            with self._database.write() as connection:
                for (number, _), blob in zip(batch, blobs, strict=True):
                    rows.set_vector(connection, number, blob)

        async with self._turn:
            batch = await self._in_writer(waiting)
            made = await asyncio.gather(
                *(
                    self._in_embedder(
                        partial(
                            _blob,
                            embedder,
                            stored.passage.title,
                            stored.passage.section,
                            stored.passage.text,
                            stored.windows,
                        )
                    )
                    for _, stored in batch
                )
            )
            if batch:
                await self._in_writer(lambda: keep(made))
        return bool(batch)

    async def _in_writer(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    async def _in_embedder(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._embedders, work)


def _blob(embedder: Embedder, title: str, section: str, text: str, windows: tuple[Span, ...]) -> bytes:
    return embed(embedder, title, section, text, windows).tobytes()


def _lower_priority() -> None:
    """Conversations go first: on Linux a thread can be made nicer than its process."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
