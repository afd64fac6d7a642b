"""One version of the embedded store: FTS5 and float16 vectors in one SQLite file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from realtime_agents.embedding import Vector
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import rows
from realtime_agents.knowledge.database import Database
from realtime_agents.knowledge.index import Ask, EmbedderTag, Found, Holdings, StoredPassage, Waiting
from realtime_agents.knowledge.passages import PreparedDocument, place_of
from realtime_agents.knowledge.port import Document, DocumentInfo, Passage
from realtime_agents.knowledge.snapshot import VectorLayers, VectorSnapshot
from realtime_agents.knowledge.vectors import VectorHit

logger = logging.getLogger(__name__)

T = TypeVar("T")

READERS = 4


class Threads:
    """The threads of an embedded store: several readers, one writer. Closed by their owner."""

    def __init__(self) -> None:
        self._readers = ThreadPoolExecutor(READERS, "knowledge-read")
        self._writer = ThreadPoolExecutor(1, "knowledge-write")
        self._closed = False

    async def read(self, work: Callable[[], T]) -> T:
        return await self._run(self._readers, work)

    async def write(self, work: Callable[[], T]) -> T:
        return await self._run(self._writer, work)

    async def close(self) -> None:
        """Wait for what is running, drop what is waiting. Safe to call again."""
        self._closed = True
        for pool in (self._readers, self._writer):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._closed:
            raise KnowledgeError("The knowledge base is closed.")
        return await asyncio.get_running_loop().run_in_executor(pool, work)


def _all(_: Connection) -> None:
    """Whoever does not say what changed may have changed everything."""


class SqliteIndex:
    """`PassageIndex` in one file. Changes go through one thread, each call is one transaction."""

    def __init__(self, path: Path, version: str, threads: Threads, tag: EmbedderTag | None) -> None:
        self.path = path
        self.version = version
        self._threads = threads
        self._database = Database(path)
        self.tag = tag
        self._snapshot = VectorSnapshot(self._database, tag) if tag else None
        self._held = "", Holdings(collections={}, changed=None)

    async def find(self, ask: Ask) -> Found:
        """Both legs, one after the other: ask twice to have them side by side."""
        return await self._threads.read(lambda: self._find(ask))

    async def cosines(self, vector: Vector, ids: Sequence[str]) -> list[VectorHit]:
        return await self._threads.read(lambda: self._vectors().score(vector, ids))

    async def passages(self, ids: Sequence[str]) -> dict[str, StoredPassage]:
        def run(connection: Connection) -> dict[str, StoredPassage]:
            found = ((name, rows.passage_at(connection, *place_of(name))) for name in ids)
            return {name: stored for name, stored in found if stored is not None}

        return await self._read(run)

    async def passage_at(self, document_id: str, place: int) -> Passage | None:
        stored = await self._read(lambda connection: rows.passage_at(connection, document_id, place))
        return stored.passage if stored else None

    async def unused(self, terms: Sequence[str]) -> frozenset[str]:
        return await self._read(
            lambda connection: frozenset(term for term in terms if not rows.holds_term(connection, term))
        )

    async def document(self, document_id: str) -> Document | None:
        return await self._read(lambda connection: rows.document(connection, document_id))

    async def listed(self, collection: str, after: str, limit: int) -> tuple[DocumentInfo, ...]:
        return await self._read(lambda connection: rows.listed(connection, collection, after, limit))

    async def holdings(self) -> Holdings:
        """Counted anew after a change only: the health check asks every second, and 100,000 passages take 50 ms."""

        def run(connection: Connection) -> Holdings:
            generation = rows.meta(connection, "generation")
            counted, held = self._held
            if counted != generation:
                changed = rows.meta(connection, "changed") or None
                held = Holdings(collections=rows.counts(connection), changed=changed)
                self._held = generation, held
            return held

        return await self._read(run)

    async def fingerprints(self, ids: Sequence[str]) -> dict[str, str]:
        return await self._read(lambda connection: rows.fingerprints(connection, ids))

    async def vectors(self, document_ids: Sequence[str]) -> dict[str, bytes]:
        def run(connection: Connection) -> dict[str, bytes]:
            found: dict[str, bytes] = {}
            if self.tag is None or rows.meta(connection, "embedder") != self.tag.id:
                return found
            for name in document_ids:
                found.update(rows.known_vectors(connection, name))
            return found

        return await self._read(run)

    async def write(
        self, documents: Sequence[PreparedDocument], vectors: Mapping[str, bytes]
    ) -> tuple[tuple[str, str], ...]:
        """All of them or, when it raises, none."""

        def run(connection: Connection) -> None:
            for document in documents:
                rows.write_document(connection, document, vectors)
            rows.note_change(connection)

        if documents:
            await self._write(run, lambda _: [document.document.id for document in documents])
        return ()

    async def delete(self, ids: Sequence[str]) -> int:
        def run(connection: Connection) -> int:
            gone = sum(rows.delete_document(connection, name) for name in dict.fromkeys(ids))
            if gone:
                rows.note_change(connection)
            return gone

        return await self._write(run, lambda _: ids)

    async def waiting(self, limit: int) -> list[Waiting]:
        def run(connection: Connection) -> list[Waiting]:
            found = rows.without_vector(connection, limit)
            return [Waiting(key=str(number), stored=stored) for number, stored in found]

        return await self._read(run)

    async def waiting_count(self) -> int:
        return await self._read(rows.count_without_vector)

    async def set_vectors(self, vectors: Mapping[str, bytes]) -> None:
        def run(connection: Connection) -> None:
            for number, blob in vectors.items():
                rows.set_vector(connection, int(number), blob)

        await self._write(run, lambda connection: rows.documents_of(connection, map(int, vectors)))

    async def fit(self) -> None:
        """Follow changed rules of text analysis and a changed embedder; writes nothing when all fits."""
        name = self.tag.id if self.tag else ""
        if not await self._read(lambda connection: rows.fits(connection, name)):
            await self._write(lambda connection: rows.fit(connection, name))

    async def note(self, key: str, value: str) -> None:
        """Keep a note in the file about itself."""
        await self._write(lambda connection: rows.set_meta(connection, key, value), lambda _: ())

    def close(self) -> None:
        """No thread may still be using it."""
        self._database.close()

    def _find(self, ask: Ask) -> Found:
        near = self._vectors().search(ask.vector, ask.filters, ask.limit) if ask.vector is not None else ()
        words: list[tuple[str, float]] = []
        if ask.terms:
            with self._database.read(ask.deadline) as connection:
                words = rows.lexical(connection, ask.terms, ask.filters, ask.limit)
        return Found(lexical=tuple(words), near=tuple(near))

    def _vectors(self) -> VectorLayers:
        if self._snapshot is None:
            raise KnowledgeError("There is no embedding model to search with.")
        return self._snapshot.current()

    async def _read(self, query: Callable[[Connection], T]) -> T:
        return await self._threads.read(partial(self._reading, query))

    async def _write(
        self, change: Callable[[Connection], T], touched: Callable[[Connection], Sequence[str] | None] = _all
    ) -> T:
        """``touched`` names the documents that changed; None is all of them."""
        return await self._threads.write(partial(self._writing, change, touched))

    def _reading(self, query: Callable[[Connection], T]) -> T:
        with self._database.read() as connection:
            return query(connection)

    def _writing(
        self, change: Callable[[Connection], T], touched: Callable[[Connection], Sequence[str] | None]
    ) -> T:
        with ExitStack() as committing, self._database.write() as connection:
            done = change(connection)
            if self._snapshot is not None:
                generation = int(rows.meta(connection, "generation")) + 1
                committing.enter_context(self._snapshot.committing(generation, touched(connection)))
        if self._snapshot is not None:
            self._follow(self._snapshot)
        return done

    def _follow(self, snapshot: VectorSnapshot) -> None:
        """What was written is written: vectors that cannot be followed now are loaded by the next search."""
        try:
            snapshot.tidy()
        except KnowledgeError as error:
            logger.warning("The vectors in memory could not follow a change", extra={"reason": str(error)})
