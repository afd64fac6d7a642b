"""The knowledge base: one implementation of the port, over any store of passages."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from realtime_agents.embedding import Embedder, load_embedder
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.fusion import VECTOR_WEIGHT
from realtime_agents.knowledge.index import IndexStore, tag_of
from realtime_agents.knowledge.intake import BATCH_DOCUMENTS, merged, sort_out
from realtime_agents.knowledge.passages import place_of
from realtime_agents.knowledge.port import (
    Document,
    DocumentInfo,
    GoldenQuery,
    IngestReport,
    KnowledgeHealth,
    KnowledgeStats,
    KnowledgeVersion,
    Passage,
    Query,
    RebuildProgress,
    SearchResult,
)
from realtime_agents.knowledge.rebuilding import Rebuilder, take_over
from realtime_agents.knowledge.searching import Searcher
from realtime_agents.knowledge.writing import Writer

logger = logging.getLogger(__name__)

T = TypeVar("T")

ASKED_LIMIT_S = 5.0
"""For what a page and the health check wait for: a passage, its document, counts, versions."""


@dataclass(slots=True)
class _Parts:
    """What is open between `ensure` and `close`."""

    embedder: Embedder | None
    writer: Writer
    searcher: Searcher
    no_vectors: str = ""
    """Why the vectors of the active version cannot be searched."""
    filling: asyncio.Task[None] | None = None


class IndexedKnowledgeBase:
    """`KnowledgeBase` over a store. Opens itself at first use; `close` when done.

    =============================  ==========================  ============================
    owns                           opened by                   closed by
    =============================  ==========================  ============================
    the store                      `ensure`                    `close`
    `Writer`, `Searcher` threads   `ensure`                    `close`
    task making missing vectors    `ensure`, a switch          its end, `close`
    =============================  ==========================  ============================
    """

    def __init__(
        self,
        store: IndexStore,
        embedder_factory: Callable[[], Embedder] = load_embedder,
        *,
        vector_weight: float = VECTOR_WEIGHT,
        rerank: int = 0,
    ) -> None:
        self._store = store
        self._embedder_factory = embedder_factory
        self._vector_weight = vector_weight
        self._rerank = rerank
        self._opening: asyncio.Task[_Parts] | None = None
        self._switching = asyncio.Lock()
        self._parts: _Parts | None = None
        self._closed = False
        self._vector_problem = ""

    @property
    def notice(self) -> str:
        return " ".join(text for text in (self._store.notice, self._vectors_unavailable()) if text)

    async def ensure(self) -> None:
        """Create or open the store; what is not as it should be is told by `notice`.

        Vectors that are missing are made in the background; until then searches are lexical and say so.
        """
        await self._open()

    async def upsert(self, documents: Iterable[Document]) -> IngestReport:
        """See the port. Written in batches: when it is interrupted, whole batches stay."""
        parts = await self._open()
        report = IngestReport()
        seen: set[str] = set()
        remaining = iter(documents)
        while batch := list(islice(remaining, BATCH_DOCUMENTS)):
            accepted, refused = sort_out(batch, seen)
            async with parts.writer.turn:
                written = await parts.writer.write(await self._store.active(), accepted)
            report = merged(report, written, IngestReport(failed=tuple(refused)))
        return report

    async def delete(self, document_ids: Sequence[str]) -> int:
        parts = await self._open()
        async with parts.writer.turn:
            return await (await self._store.active()).delete(document_ids)

    async def search(self, query: Query) -> SearchResult:
        """See the port. Raises `KnowledgeError` when no leg answered in time; opening counts."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(max(query.deadline_ms, 0) / 1000):
                parts = await self._open()
                index = await self._store.active()
        except TimeoutError as error:
            raise KnowledgeError(
                "The knowledge base could not be opened in time: it took too long."
            ) from error
        return await parts.searcher.search(
            index,
            query,
            one_request=self._store.one_request,
            no_vectors=self._vectors_unavailable(),
            started=started,
        )

    async def passage(self, passage_id: str) -> Passage | None:
        name, place = place_of(passage_id)
        return await _soon(self._passage_at(name, place)) if place >= 0 else None

    async def document(self, document_id: str) -> Document | None:
        return await _soon(self._document(document_id))

    async def documents(
        self, collection: str = "", *, after: str = "", limit: int = 500
    ) -> tuple[DocumentInfo, ...]:
        await self._open()
        return await (await self._store.active()).listed(collection, after, limit)

    async def stats(self) -> KnowledgeStats:
        return await _soon(self._stats())

    async def health(self) -> KnowledgeHealth:
        if self._closed:
            return KnowledgeHealth(
                implementation=self._store.implementation,
                ok=False,
                detail="The knowledge base is closed.",
                answers=False,
            )
        return await self._store.health()

    async def active_version(self) -> str:
        return await _soon(self._active_version())

    async def versions(self) -> tuple[KnowledgeVersion, ...]:
        return await _soon(self._versions())

    async def rebuild(
        self,
        golden: Sequence[GoldenQuery] = (),
        progress: Callable[[RebuildProgress], None] | None = None,
    ) -> KnowledgeVersion:
        """See the port. One at a time; a second call waits for the first."""
        parts = await self._open()
        async with self._switching:
            rebuilder = Rebuilder(self._store, parts.writer, parts.searcher, self._vectors_unavailable())
            version = await rebuilder.run(golden, progress)
            await self._settle(parts)
        return await self._version(version)

    async def rollback(self, version: str = "") -> KnowledgeVersion:
        parts = await self._open()
        async with self._switching, parts.writer.turn:
            known = await self._store.versions()
            target = version or _previous(known)
            if target not in {entry.id for entry in known}:
                there = ", ".join(entry.id for entry in known)
                raise KnowledgeError(f"There is no version {target!r} to go back to; there are: {there}.")
            await self._store.activate(target)
            await self._settle(parts)
        return await self._version(target)

    async def take_over(self, other: IndexedKnowledgeBase) -> IngestReport:
        """Hold what another knowledge base holds, vectors too where both have the same embedder.

        Unchanged documents are skipped, those that the other does not have are removed.
        """
        parts = await self._open()
        await other.ensure()
        source = await other._store.source()
        async with self._switching, parts.writer.turn:
            return await take_over(source, await self._store.active(), parts.writer)

    async def vectors_complete(self) -> None:
        """Wait until the vectors that were found missing are made."""
        filling = (await self._open()).filling
        if filling is not None:
            await asyncio.shield(filling)

    async def close(self) -> None:
        """Stop the background work and close the store. Safe to call again."""
        self._closed = True
        await _stopped(self._opening)
        parts, self._parts = self._parts, None
        if parts is not None:
            await _stopped(parts.filling)
            await parts.writer.close()
            await parts.searcher.close()
        await self._store.close()

    async def _open(self) -> _Parts:
        """Opened once, however many ask; a caller that gives up does not end it for the others."""
        if self._closed:
            raise KnowledgeError("The knowledge base is closed.")
        if self._parts is not None:
            return self._parts
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._opened(), name="knowledge-open")
            self._opening.add_done_callback(_look_at_the_end)
        return await asyncio.shield(self._opening)

    async def _passage_at(self, document_id: str, place: int) -> Passage | None:
        await self._open()
        return await (await self._store.active()).passage_at(document_id, place)

    async def _document(self, document_id: str) -> Document | None:
        await self._open()
        return await (await self._store.active()).document(document_id)

    async def _stats(self) -> KnowledgeStats:
        parts = await self._open()
        holdings = await (await self._store.active()).holdings()
        return KnowledgeStats(
            collections=dict(holdings.collections),
            vectors=parts.embedder is not None and not parts.no_vectors,
            changed=holdings.changed,
        )

    async def _active_version(self) -> str:
        await self._open()
        return await self._store.active_version()

    async def _versions(self) -> tuple[KnowledgeVersion, ...]:
        await self._open()
        return await self._store.versions()

    async def _opened(self) -> _Parts:
        embedder = await asyncio.to_thread(self._load_embedder)
        parts = _Parts(embedder, Writer(embedder), Searcher(embedder, self._vector_weight, self._rerank))
        try:
            await self._settle(parts)
        except BaseException:
            await parts.writer.close()
            await parts.searcher.close()
            raise
        self._parts = parts
        return parts

    async def _settle(self, parts: _Parts) -> None:
        """Fit to the active version: what of it can be searched, what is still to be made."""
        await _stopped(parts.filling)
        embedder = parts.embedder
        parts.filling = None
        parts.no_vectors = await self._store.open(tag_of(embedder) if embedder else None)
        if embedder is None or parts.no_vectors or self._store.misfit:
            return
        self._vector_problem = ""
        if await (await self._store.active()).waiting_count():
            parts.filling = asyncio.create_task(self._fill(parts.writer), name="knowledge-fill")

    def _load_embedder(self) -> Embedder | None:
        try:
            return self._embedder_factory()
        except KnowledgeError as error:
            self._vector_problem = f"Search by meaning is off, only words are compared. {error}"
            logger.warning("No embedder: lexical search only", extra={"reason": str(error)})
            return None

    async def _fill(self, writer: Writer) -> None:
        try:
            more = True
            while more:
                async with writer.turn:
                    more = await writer.fill_some(await self._store.active())
        except Exception:
            self._vector_problem = (
                "Search by meaning is off: its vectors could not be made. Restart to try again."
            )
            logger.exception("Vectors of the knowledge base could not be made")

    def _vectors_unavailable(self) -> str:
        parts = self._parts
        if self._vector_problem or parts is None:
            return self._vector_problem
        if parts.no_vectors:
            return parts.no_vectors
        if parts.filling is not None and not parts.filling.done():
            return "Search by meaning is being prepared; until then only words are compared."
        return ""

    async def _version(self, name: str) -> KnowledgeVersion:
        found = next((entry for entry in await self._store.versions() if entry.id == name), None)
        if found is None:
            raise KnowledgeError(f"Version {name!r} of the knowledge base was replaced in the meantime.")
        return found


def _previous(versions: Sequence[KnowledgeVersion]) -> str:
    """The newest version older than the active one. Raises `KnowledgeError` when there is none."""
    names = [entry.id for entry in versions]
    active = next((at for at, entry in enumerate(versions) if entry.active), len(names))
    if active + 1 >= len(names):
        raise KnowledgeError("There is no older version of the knowledge base to go back to.")
    return names[active + 1]


async def _soon(answer: Coroutine[Any, Any, T]) -> T:
    """An answer that people wait for. Raises `KnowledgeError` when it takes too long."""
    try:
        async with asyncio.timeout(ASKED_LIMIT_S):
            return await answer
    except KnowledgeError:  # a time-out too, where the store says more about it
        raise
    except TimeoutError as error:
        raise KnowledgeError("The knowledge base did not answer in time.") from error


async def _stopped(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError, KnowledgeError):
            await task


def _look_at_the_end(task: asyncio.Task[Any]) -> None:
    """Whoever waits for it is told; when nobody does any more, that is no error."""
    if not task.cancelled():
        task.exception()
