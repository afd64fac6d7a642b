"""Bringing knowledge in from the page: addresses, the jobs that read, and where everything came from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from realtime_agents.errors import DocumentError, KnowledgeError
from realtime_agents.knowledge.collections import collection_problem
from realtime_agents.knowledge.jobs import IngestJobs, Job
from realtime_agents.knowledge.ledger import SourceKey, SourceRecord
from realtime_agents.knowledge.web import is_web_address
from realtime_agents.runtime import get_runtime
from realtime_agents.state.handlers import background, background_latest, handler
from realtime_agents.state.knowledge import KnowledgeState, look
from realtime_agents.state.knowledge_lines import (
    JobLine,
    ResultLine,
    SourceLine,
    job_line,
    result_lines,
    source_line,
)
from realtime_agents.state.knowledge_versions import VersionsState, version_lines
from realtime_agents.state.pacing import EVENTS_INTERVAL_S, HEARTBEAT_S
from realtime_agents.state.presence import is_connected

_OPEN = frozenset({"waiting", "running"})


class IngestState(rx.State):
    """Jobs of the whole app, whoever started them, and the sources that were read so far.

    owner    owns                                      ended by
    ───────  ────────────────────────────────────────  ────────────────────────────────────────
    watch    one look at the jobs per tab              leaving the page, a newer `watch`, the
                                                       tab's disconnect, the end of the app
    """

    jobs: rx.Field[tuple[JobLine, ...]] = rx.field(())
    """Newest first."""
    has_ended: rx.Field[bool] = rx.field(default=False)
    """Some of them can be put away."""
    results: rx.Field[tuple[ResultLine, ...]] = rx.field(())
    """Of the job that runs, or ran last."""
    results_of: rx.Field[str] = rx.field("")
    """Label of that job."""
    sources: rx.Field[tuple[SourceLine, ...]] = rx.field(())
    problem: rx.Field[str] = rx.field("")
    """Why an address was refused."""
    _watching: bool = False
    _states: frozenset[tuple[str, str]] = frozenset()
    """Of the jobs that were seen last, by id."""

    @background
    async def arrive(self) -> None:
        """The page was opened."""
        sources, problem = await _sources()
        async with self:
            self.problem = ""
            self._list(sources, problem)

    @background_latest
    async def watch(self) -> None:
        """Follow the jobs while the page is open."""
        async with self:
            self._watching = True
            socket_id = self.router.session.session_id
        async with aclosing(_looks(get_runtime().ingests)) as looks:
            async for jobs in looks:
                if not is_connected(socket_id):
                    return
                async with self:
                    if not self._watching:
                        return
                    changed = self._show(jobs) if jobs is not None else await self._is_in_trouble()
                if not changed:
                    continue
                seen, (sources, problem), (versions, _) = await asyncio.gather(
                    look(), _sources(), version_lines()
                )
                async with self:
                    await (await self.get_state(KnowledgeState))._take(seen)
                    self._list(sources, problem)
                    if versions:
                        (await self.get_state(VersionsState)).versions = versions

    @handler
    def unwatch(self) -> None:
        """The page was left."""
        self._watching = False

    @handler
    def add_url(self, form: dict[str, Any]) -> EventSpec | None:
        """Read an address."""
        url = str(form.get("url", "")).strip()
        collection = str(form.get("collection", "")).strip()
        self.problem = self._add(url, collection)
        if self.problem:
            return None
        return rx.call_script("document.getElementById('knowledge-url').value = ''")

    @handler
    def read_again(self, url: str, collection: str) -> None:
        """Read a source once more, or go on where it was interrupted: what is new, changed or gone is followed."""
        self.problem = self._add(url, collection)

    @handler
    def stop(self, job_id: str) -> None:
        """Stop a job; what was read is kept."""
        get_runtime().ingests.cancel(job_id)

    @background
    async def take_out(self, job_id: str, document_id: str) -> None:
        """Remove a document that holds personal data."""
        problem = ""
        try:
            await get_runtime().ingests.take_out(job_id, document_id)
        except KnowledgeError as error:
            problem = str(error)
        seen = await look()
        async with self:
            self.problem = problem
            await (await self.get_state(KnowledgeState))._take(seen)

    @handler
    def clear(self) -> None:
        """Put ended jobs away."""
        get_runtime().ingests.forget_ended()

    @staticmethod
    def _add(url: str, collection: str) -> str:
        """Why it could not be begun; empty when it was."""
        if not url:
            return "Enter an address such as https://www.va.gov/disability/."
        if problem := collection_problem(collection):
            return problem
        try:
            get_runtime().ingests.add_url(url if is_web_address(url) else f"https://{url}", collection)
        except DocumentError as error:
            return f"This address is not read: {error}."
        except KnowledgeError as error:
            return str(error)
        return ""

    def _show(self, jobs: tuple[Job, ...]) -> bool:
        """Show the jobs. True when one has begun or ended: then sources and collections have changed."""
        lines = tuple(job_line(job) for job in reversed(jobs))
        if lines != self.jobs:
            self.jobs = lines
            self.has_ended = any(not line.open for line in lines)
        begun = [job for job in jobs if job.state != "waiting"]
        results = result_lines(begun[-1]) if begun else ()
        if results != self.results:
            self.results, self.results_of = results, begun[-1].label if begun else ""
        known, self._states = self._states, frozenset((job.id, job.state) for job in jobs)
        return bool(self._states - known)

    async def _is_in_trouble(self) -> bool:
        """Something is told to be wrong with the store: it may have passed."""
        return (await self.get_state(KnowledgeState)).store_problem != ""

    def _list(self, found: Sequence[SourceRecord], problem: str) -> None:
        if problem:
            self.problem = problem
            return
        now = time.time()
        reading = {(job.url, job.collection) for job in get_runtime().ingests.jobs if job.state in _OPEN}
        self.sources = tuple(
            source_line(source, now, reading=_place(source.key) in reading)
            for source in found
            if source.documents or source.state != "done"
        )


async def _sources() -> tuple[Sequence[SourceRecord], str]:
    """What the ledger holds, or why it cannot be read. It may be locked for seconds: not for the tab's lock."""
    try:
        return await asyncio.to_thread(get_runtime().ledger.sources), ""
    except KnowledgeError as error:
        return (), str(error)


def _place(key: SourceKey) -> tuple[str | None, str]:
    """As jobs name what they read: an address, or nothing for files that were sent."""
    address = {"web": key.location, "upload": ""}.get(key.kind)
    return address, key.collection


async def _looks(jobs: IngestJobs) -> AsyncGenerator[tuple[Job, ...] | None]:
    """The jobs after changes, a few times a second at most; None after a silence, so that the reader
    can see whether anybody still looks."""
    async with aclosing(jobs.watch()) as changes:
        following = asyncio.ensure_future(anext(changes, None))
        try:
            while True:
                done, _ = await asyncio.wait({following}, timeout=HEARTBEAT_S)
                if not done:
                    yield None
                    continue
                if (now := following.result()) is None:
                    return
                yield now
                await asyncio.sleep(EVENTS_INTERVAL_S)
                following = asyncio.ensure_future(anext(changes, None))
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
