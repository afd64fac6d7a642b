"""The embedded knowledge base: SQLite FTS5 and vectors in one file, no other server needed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from sqlite3 import Connection
from typing import Any, TypeVar

from realtime_agents.embedding import Embedder, load_embedder
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import rows
from realtime_agents.knowledge.database import Database
from realtime_agents.knowledge.fusion import VECTOR_WEIGHT
from realtime_agents.knowledge.intake import merged, sort_out
from realtime_agents.knowledge.legs import VectorLeg, lexical_leg
from realtime_agents.knowledge.port import (
    Document,
    IngestReport,
    KnowledgeStats,
    Passage,
    Query,
    SearchResult,
)
from realtime_agents.knowledge.ranking import ranked_hits
from realtime_agents.knowledge.schema import prepare_file
from realtime_agents.knowledge.vectors import VectorHit
from realtime_agents.knowledge.writer import Writer

logger = logging.getLogger(__name__)

T = TypeVar("T")

LEG_LIMIT = 100
"""Candidates of each leg; 50 lost a point of hit@5, more than 100 changed nothing."""
BATCH_DOCUMENTS = 16
"""Documents written in one transaction: an interrupted ingest loses at most these."""
MAX_QUERY_CHARS = 4_000
"""A longer question is cut; the embedder reads about 512 tokens of it."""
READERS = 4


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is open between `ensure` and `close`."""

    database: Database
    writer: Writer
    vectors: VectorLeg | None
    filling: asyncio.Task[None] | None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a leg gave no answer."""

    reason: str


class EmbeddedKnowledgeBase:
    """`KnowledgeBase` in one SQLite file. Opens itself at first use; `close` when done.

    =============================  ==========================  ============================
    owns                           opened by                   closed by
    =============================  ==========================  ============================
    reader threads                 first use                   `close`
    `Writer` with its threads      `ensure`                    `close`
    a connection for each thread   its first statement         `close`
    task making missing vectors    `ensure`                    its end, or `close`
    =============================  ==========================  ============================
    """

    def __init__(
        self,
        path: Path,
        embedder_factory: Callable[[], Embedder] = load_embedder,
        *,
        vector_weight: float = VECTOR_WEIGHT,
    ) -> None:
        self.path = path
        self._embedder_factory = embedder_factory
        self._vector_weight = vector_weight
        self._readers = ThreadPoolExecutor(READERS, "knowledge-read")
        self._opening = asyncio.Lock()
        self._parts: _Parts | None = None
        self._closed = False
        self._set_aside = ""
        self._vector_problem = ""

    @property
    def notice(self) -> str:
        """What people should know about the state of the store; empty when all is well."""
        return " ".join(text for text in (self._set_aside, self._vectors_unavailable()) if text)

    async def ensure(self) -> None:
        """Create or open the file. A damaged one is set aside, which `notice` then tells.

        Vectors that are missing or were made by another embedder are made in the background;
        until then searches are lexical and say so.
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
            written = await parts.writer.write(accepted)
            report = merged(report, written, IngestReport(failed=tuple(refused)))
        return report

    async def delete(self, document_ids: Sequence[str]) -> int:
        return await (await self._open()).writer.delete(document_ids)

    async def search(self, query: Query) -> SearchResult:
        """See the port. Raises `KnowledgeError` when no leg answered in time."""
        started = time.monotonic()
        query = replace(query, text=query.text[:MAX_QUERY_CHARS])
        parts = await self._open()
        deadline = started + query.deadline_ms / 1000
        wanted = self._legs(parts, query, deadline)
        answers = await asyncio.gather(*(_in_time(name, leg, deadline) for name, leg in wanted.items()))
        failures = {
            name: a.reason for name, a in zip(wanted, answers, strict=True) if isinstance(a, _Failure)
        }
        if len(failures) == len(wanted):
            raise KnowledgeError(
                f"The knowledge base did not answer. {' '.join(dict.fromkeys(failures.values()))}"
            )
        found = {name: a for name, a in zip(wanted, answers, strict=True) if not isinstance(a, _Failure)}
        vector: list[VectorHit] = found.get("vector", [])
        hits = await self._in_reader(
            lambda: ranked_hits(
                parts.database, parts.vectors, query, found.get("lexical", []), vector, self._vector_weight
            )
        )
        return SearchResult(
            hits=hits,
            top_cosine=vector[0].cosine if vector else None,
            degraded=tuple(failures),
            duration_ms=(time.monotonic() - started) * 1000,
        )

    async def passage(self, passage_id: str) -> Passage | None:
        name, _, place = passage_id.rpartition("#")
        if not (place.isascii() and place.isdigit() and len(place) < 10):
            return None
        return await self._read(lambda connection: rows.passage_at(connection, name, int(place)))

    async def document(self, document_id: str) -> Document | None:
        return await self._read(lambda connection: rows.document(connection, document_id))

    async def stats(self) -> KnowledgeStats:
        parts = await self._open()
        return KnowledgeStats(collections=await self._read(rows.counts), vectors=parts.vectors is not None)

    async def vectors_complete(self) -> None:
        """Wait until the vectors that `ensure` found missing are made."""
        filling = (await self._open()).filling
        if filling is not None:
            await asyncio.shield(filling)

    async def close(self) -> None:
        """Stop the background work and close the file. Safe to call again."""
        self._closed = True
        parts, self._parts = self._parts, None
        if parts is not None:
            if parts.filling is not None:
                parts.filling.cancel()
                with suppress(asyncio.CancelledError):
                    await parts.filling
            await parts.writer.close()
        await asyncio.to_thread(self._readers.shutdown, cancel_futures=True)
        if parts is not None:
            parts.database.close()

    async def _open(self) -> _Parts:
        if self._parts is not None:
            return self._parts
        async with self._opening:
            if self._parts is None:
                self._parts = await self._opened()
        return self._parts

    async def _opened(self) -> _Parts:
        self._set_aside = await self._in_reader(lambda: prepare_file(self.path))
        embedder = await self._in_reader(self._load_embedder)
        database = Database(self.path)
        writer = Writer(database, embedder)
        filling = None
        if await writer.bring_up_to_date():
            filling = asyncio.create_task(self._fill(writer), name="knowledge-fill")
        return _Parts(database, writer, VectorLeg(database, embedder) if embedder else None, filling)

    def _load_embedder(self) -> Embedder | None:
        try:
            return self._embedder_factory()
        except KnowledgeError as error:
            self._vector_problem = f"Search by meaning is off, only words are compared. {error}"
            logger.warning("No embedder: lexical search only", extra={"reason": str(error)})
            return None

    async def _fill(self, writer: Writer) -> None:
        try:
            await writer.fill()
        except Exception:
            self._vector_problem = (
                "Search by meaning is off: its vectors could not be made. Restart to try again."
            )
            logger.exception("Vectors of the knowledge base could not be made")

    def _vectors_unavailable(self) -> str:
        if self._vector_problem:
            return self._vector_problem
        if self._parts is not None and self._parts.filling is not None and not self._parts.filling.done():
            return "Search by meaning is being prepared; until then only words are compared."
        return ""

    def _legs(self, parts: _Parts, query: Query, deadline: float) -> dict[str, Coroutine[Any, Any, Any]]:
        size = max(LEG_LIMIT, 2 * query.limit)
        legs: dict[str, Coroutine[Any, Any, Any]] = {}
        if query.mode != "vector":
            legs["lexical"] = self._in_reader(
                lambda: lexical_leg(parts.database, query.text, query.collections, size, deadline)
            )
        if query.mode != "lexical":
            legs["vector"] = self._vector_leg(parts, query, size)
        return legs

    async def _vector_leg(self, parts: _Parts, query: Query, size: int) -> list[VectorHit]:
        vectors = parts.vectors
        if vectors is None or self._vectors_unavailable():
            raise KnowledgeError(self._vectors_unavailable())
        return await self._in_reader(lambda: vectors.search(query.text, query.collections, size))

    async def _read(self, query: Callable[[Connection], T]) -> T:
        database = (await self._open()).database

        def run() -> T:
            with database.read() as connection:
                return query(connection)

        return await self._in_reader(run)

    async def _in_reader(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise KnowledgeError("The knowledge base is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)


async def _in_time(name: str, leg: Coroutine[Any, Any, T], deadline: float) -> T | _Failure:
    """A leg's answer, or why there is none: one failing leg must not take the other with it."""
    try:
        async with asyncio.timeout(max(deadline - time.monotonic(), 0)):
            return await leg
    except TimeoutError:
        return _Failure(f"The {name} search took too long.")
    except KnowledgeError as error:
        return _Failure(str(error))
    except Exception:
        logger.exception("A leg of the knowledge search failed", extra={"leg": name})
        return _Failure(f"The {name} search failed.")
