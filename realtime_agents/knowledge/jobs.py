"""Ingests that the page starts: one after the other, with progress for whoever watches, and an end by hand."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.fetch.client import Fetcher
from realtime_agents.knowledge.fetch.guard import Guard
from realtime_agents.knowledge.files import FileSupply
from realtime_agents.knowledge.ingest import ingest
from realtime_agents.knowledge.ledger import IngestLedger
from realtime_agents.knowledge.outcome import DocumentResult, IngestOutcome, IngestProgress
from realtime_agents.knowledge.port import KnowledgeBase
from realtime_agents.knowledge.uploads import Upload, left_in, remove
from realtime_agents.knowledge.web import MAX_PAGES, WebSupply

log = logging.getLogger(__name__)

MAX_WAITING = 20
MAX_ENDED = 5
"""Ended jobs that are kept to be shown."""
MAX_RESULTS = 200
"""Newest results of a job that are kept to be shown; what was skipped goes last."""

JobState = Literal["waiting", "running", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One ingest as it stands."""

    id: str
    label: str
    """What is read, for people: an address, ``3 files``."""
    collection: str
    state: JobState
    url: str = ""
    """Address that is read; empty for files that were sent."""
    progress: IngestProgress = field(default_factory=IngestProgress)
    results: tuple[DocumentResult, ...] = ()
    """What came of each document, oldest first; see `MAX_RESULTS`."""
    personal: tuple[tuple[str, Mapping[str, int]], ...] = ()
    """As `IngestOutcome.personal`, once it has ended."""
    problem: str = ""
    """Why it failed as a whole."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What a job has to do: read an address, or a folder that is removed afterwards."""

    url: str = ""
    max_pages: int = MAX_PAGES
    folder: Path | None = None


class IngestJobs:
    """A queue of jobs and the task that works it off.

    =================  =====================  ==========================
    owns               opened by              closed by
    =================  =====================  ==========================
    worker task        the first job          `close`
    task of a job      the worker             its end, `cancel`, `close`
    upload folders     who added the job      its end, `cancel`
    =================  =====================  ==========================

    Not for several threads. ``guard`` is for tests.
    """

    def __init__(self, knowledge: KnowledgeBase, ledger: IngestLedger, *, guard: Guard | None = None) -> None:
        self._knowledge = knowledge
        self._ledger = ledger
        self._guard = guard or Guard()
        self._jobs: dict[str, Job] = {}
        self._orders: dict[str, _Order] = {}
        self._waiting: deque[str] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._running: asyncio.Task[IngestOutcome] | None = None
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Waiting, running and the last ended ones, oldest first."""
        return tuple(self._jobs.values())

    def add_url(self, url: str, collection: str, *, max_pages: int = MAX_PAGES) -> str:
        """Read an address. Raises `DocumentError` when it may not be read, `KnowledgeError` when too much waits."""
        plain = str(self._guard.check_url(url))
        self._check_room()
        return self._add(_Order(url=plain, max_pages=max_pages), plain.partition("://")[2], collection)

    def add_upload(self, upload: Upload) -> str:
        """Read the files of a folder of our own, which is removed in the end. Raises `KnowledgeError`."""
        try:
            self._check_room()
        except KnowledgeError:
            remove(upload.folder)
            raise
        return self._add_kept(upload)

    async def take_up(self, root: Path) -> None:
        """Go on with uploads that the end of the server has interrupted. Sites wait for a word of somebody."""
        for upload in await asyncio.to_thread(left_in, root):
            if not self._closed:  # else they stay where they are
                self._add_kept(upload)  # as many as waited then, and the one that was read

    def cancel(self, job_id: str) -> None:
        """Stop a job; what was read of it is kept. Nothing happens when it has ended."""
        job = self._jobs.get(job_id)
        if job is None:
            return
        if job.state == "waiting":
            self._waiting.remove(job_id)
            self._end(job_id, "stopped")
        elif job.state == "running" and self._running is not None:
            self._running.cancel()

    async def take_out(self, job_id: str, document_id: str) -> None:
        """Remove a document in which a job found personal data. Raises `KnowledgeError`."""
        job = self._jobs.get(job_id)
        if job is None or document_id not in dict(job.personal):
            return
        await self._knowledge.delete([document_id])
        self._change(job_id, personal=tuple(one for one in job.personal if one[0] != document_id))

    def forget_ended(self) -> None:
        """Put ended jobs away."""
        self._jobs = {i: job for i, job in self._jobs.items() if job.state in {"waiting", "running"}}
        self._tell()

    async def watch(self) -> AsyncGenerator[tuple[Job, ...]]:
        """The jobs now and after each change; changes that come quickly are told as one. Ends at `close`."""
        while True:
            changed = self._changed
            yield self.jobs
            if self._closed:
                return
            await changed.wait()

    async def close(self) -> None:
        """Stop everything; uploads that were not read to their end stay for `take_up`. Safe to call again."""
        self._closed = True
        if self._worker is not None:
            self._worker.cancel()
            with suppress(asyncio.CancelledError):
                await self._worker
        for job_id in list(self._orders):
            self._orders[job_id] = _Order()
            self._end(job_id, "stopped")
        self._tell()

    def _check_room(self) -> None:
        if self._closed:
            raise KnowledgeError("The app is stopping.")
        if len(self._waiting) >= MAX_WAITING:
            raise KnowledgeError(
                f"{MAX_WAITING} ingests are waiting already; try again when some have ended."
            )

    def _add_kept(self, upload: Upload) -> str:
        return self._add(_Order(folder=upload.folder), upload.label, upload.collection)

    def _add(self, order: _Order, label: str, collection: str) -> str:
        job_id = uuid.uuid4().hex[:12]
        self._jobs[job_id] = Job(
            id=job_id, label=label, collection=collection, state="waiting", url=order.url
        )
        self._orders[job_id] = order
        self._waiting.append(job_id)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="knowledge-ingest")
        self._tell()
        return job_id

    async def _work(self) -> None:
        while self._waiting and not self._closed:
            job_id = self._waiting.popleft()
            self._change(job_id, state="running")
            self._running = asyncio.create_task(self._run(job_id), name=f"ingest {job_id}")
            try:
                outcome = await asyncio.shield(self._running)
                self._end(job_id, "done", personal=outcome.personal)
            except asyncio.CancelledError:
                if not self._running.cancelled():  # the worker itself is to end
                    self._running.cancel()
                    await asyncio.gather(self._running, return_exceptions=True)
                    raise
                self._end(job_id, "stopped")
            except KnowledgeError as error:
                self._end(job_id, "failed", problem=str(error))
            except Exception:
                log.exception("an ingest failed")
                self._end(job_id, "failed", problem="It failed; the log has the details.")

    async def _run(self, job_id: str) -> IngestOutcome:
        order, collection = self._orders[job_id], self._jobs[job_id].collection

        def progress(now: IngestProgress) -> None:
            kept = (*self._jobs[job_id].results, *now.results)
            self._change(job_id, progress=now, results=_newest(kept))

        with Extractor() as extractor:
            if order.folder is not None:
                files = FileSupply(order.folder, collection, extractor, kind="upload", location="upload")
                return await ingest(self._knowledge, files, ledger=self._ledger, progress=progress)
            async with Fetcher(self._guard) as fetcher:
                pages = WebSupply(order.url, collection, fetcher, extractor, max_pages=order.max_pages)
                return await ingest(self._knowledge, pages, ledger=self._ledger, progress=progress)

    def _end(
        self,
        job_id: str,
        state: JobState,
        *,
        personal: tuple[tuple[str, Mapping[str, int]], ...] = (),
        problem: str = "",
    ) -> None:
        order = self._orders.pop(job_id, None)
        if order is not None and order.folder is not None:
            remove(order.folder)
        self._change(job_id, state=state, personal=personal, problem=problem)
        ended = [i for i, job in self._jobs.items() if job.state not in {"waiting", "running"}]
        for old in ended[:-MAX_ENDED]:
            del self._jobs[old]

    def _change(self, job_id: str, **fields: object) -> None:
        job = self._jobs.get(job_id)
        if job is not None:
            self._jobs[job_id] = replace(job, **fields)  # type: ignore[arg-type]
            self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _newest(results: tuple[DocumentResult, ...]) -> tuple[DocumentResult, ...]:
    """At most `MAX_RESULTS`, in order: the oldest that went well go first."""
    surplus = len(results) - MAX_RESULTS
    if surplus <= 0:
        return results
    kept: list[DocumentResult] = []
    for result in results:
        if surplus and result.fate != "skipped":
            surplus -= 1
        else:
            kept.append(result)
    return tuple(kept[-MAX_RESULTS:])
