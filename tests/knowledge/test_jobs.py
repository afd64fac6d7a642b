from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from pathlib import Path

import pytest

from realtime_agents.errors import DocumentError, KnowledgeError
from realtime_agents.knowledge import jobs as jobs_module
from realtime_agents.knowledge.fetch.guard import Guard
from realtime_agents.knowledge.jobs import IngestJobs, Job
from realtime_agents.knowledge.ledger import IngestLedger
from realtime_agents.knowledge.port import Document, IngestReport
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.knowledge.uploads import Upload, keep
from tests.knowledge.fakes import HashEmbedder
from tests.support.web_site import web_site


class HeldStore(EmbeddedKnowledgeBase):
    """Stores nothing before it is let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, HashEmbedder)
        self.go = asyncio.Event()
        self.go.set()
        self.asked = asyncio.Event()
        self.problem = ""

    async def upsert(self, documents: Iterable[Document]) -> IngestReport:
        self.asked.set()
        await self.go.wait()
        if self.problem:
            raise KnowledgeError(self.problem)
        return await super().upsert(documents)


class Rig:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kb = HeldStore(folder / "knowledge.db")
        self.ledger = IngestLedger(folder / "ingest.db")
        self.jobs = IngestJobs(self.kb, self.ledger, guard=Guard(allow_loopback=True))

    def upload(self, name: str, **files: str) -> Path:
        folder = self.folder / "uploads" / name
        folder.mkdir(parents=True)
        for stem, text in files.items():
            (folder / f"{stem}.md").write_text(text)
        return folder

    def add(self, folder: Path, label: str) -> str:
        """Kept and handed over, as an upload is."""
        upload = Upload(folder=folder, label=label, collection="va")
        keep(upload)
        return self.jobs.add_upload(upload)

    async def until(self, condition: Callable[[tuple[Job, ...]], object]) -> tuple[Job, ...]:
        async with asyncio.timeout(20), aclosing(self.jobs.watch()) as seen:
            async for now in seen:
                if condition(now):
                    return now
        raise AssertionError("the jobs ended")

    async def ended(self, job_id: str) -> Job:
        found = await self.until(
            lambda now: any(j.id == job_id and j.state not in {"waiting", "running"} for j in now)
        )
        return next(job for job in found if job.id == job_id)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.kb.go.set()
    await made.jobs.close()
    await made.kb.close()


async def test_uploaded_files_are_read_told_and_removed(rig: Rig) -> None:
    folder = rig.upload("u1", README="# About\nWords.", letter="My number is 536-22-8714.")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    job = await rig.ended(rig.add(folder, "3 files"))
    assert (job.state, job.label, job.collection) == ("done", "3 files", "va")
    assert [(r.name, r.fate) for r in job.results] == [
        ("photo.png", "skipped"),
        ("About", "added"),
        ("Letter", "added"),
    ]
    assert job.progress.fraction == 1.0
    assert job.personal == (("va/letter", {"Social Security number": 1}),)
    assert not folder.exists()
    assert [source.key.kind for source in rig.ledger.sources()] == ["upload"]


async def test_a_document_with_personal_data_can_be_taken_out_and_no_other(rig: Rig) -> None:
    folder = rig.upload("u1", about="Words.", letter="My number is 536-22-8714.")
    job = await rig.ended(rig.add(folder, "2 files"))
    await rig.jobs.take_out(job.id, "va/about")
    await rig.jobs.take_out("nobody", "va/letter")
    assert len(await rig.kb.documents()) == 2
    await rig.jobs.take_out(job.id, "va/letter")
    assert [one.id for one in await rig.kb.documents()] == ["va/about"]
    assert rig.jobs.jobs[0].personal == ()


async def test_an_address_is_read(rig: Rig) -> None:
    async with web_site() as site:
        site.text("/robots.txt", "")
        site.page("/a", "Words of a page that are long enough to be read as its text.")
        job = await rig.ended(rig.jobs.add_url(f"{site.url}/a", "va"))
    assert (job.state, job.label) == ("done", f"127.0.0.1:{site.port}/a")
    assert [(r.name, r.fate) for r in job.results] == [("a", "added")]


async def test_an_address_that_may_not_be_read_is_refused_at_once(rig: Rig) -> None:
    with pytest.raises(DocumentError, match="private network"):
        rig.jobs.add_url("http://10.0.0.1/", "va")
    assert rig.jobs.jobs == ()


async def test_jobs_are_worked_off_one_after_the_other(rig: Rig) -> None:
    rig.kb.go.clear()
    first = rig.add(rig.upload("u1", a="Words of a."), "1 file")
    second = rig.add(rig.upload("u2", b="Words of b."), "1 file")
    await rig.kb.asked.wait()
    assert [(job.id, job.state) for job in rig.jobs.jobs] == [(first, "running"), (second, "waiting")]
    rig.kb.go.set()
    await rig.ended(second)
    assert [job.state for job in rig.jobs.jobs] == ["done", "done"]


async def test_a_running_job_is_stopped_and_the_next_begins(rig: Rig) -> None:
    rig.kb.go.clear()
    folder = rig.upload("u1", a="Words of a.")
    first = rig.add(folder, "1 file")
    second = rig.add(rig.upload("u2", b="Words of b."), "1 file")
    await rig.kb.asked.wait()
    rig.jobs.cancel(first)
    stopped = await rig.ended(first)
    assert (stopped.state, folder.exists()) == ("stopped", False)
    rig.kb.go.set()
    assert (await rig.ended(second)).state == "done"
    rig.jobs.cancel(second)
    rig.jobs.cancel("nobody")
    assert [job.state for job in rig.jobs.jobs] == ["stopped", "done"]


async def test_a_waiting_job_is_stopped_before_it_begins(rig: Rig) -> None:
    rig.kb.go.clear()
    rig.add(rig.upload("u1", a="Words of a."), "1 file")
    folder = rig.upload("u2", b="Words of b.")
    second = rig.add(folder, "1 file")
    rig.jobs.cancel(second)
    assert rig.jobs.jobs[1].state == "stopped"
    assert not folder.exists()


async def test_a_failing_store_is_told_and_the_next_job_goes_on(rig: Rig) -> None:
    rig.kb.problem = "The disk is full."
    first = await rig.ended(rig.add(rig.upload("u1", a="Words of a."), "1 file"))
    assert (first.state, first.problem) == ("failed", "The disk is full.")
    rig.kb.problem = ""
    second = await rig.ended(rig.add(rig.upload("u2", a="Words of a."), "1 file"))
    assert second.state == "done"


async def test_not_more_wait_than_is_reasonable(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "MAX_WAITING", 1)
    rig.kb.go.clear()
    rig.add(rig.upload("u1", a="Words."), "1 file")
    await rig.kb.asked.wait()
    rig.add(rig.upload("u2", a="Words."), "1 file")
    refused = rig.upload("u3", a="Words.")
    with pytest.raises(KnowledgeError, match="waiting already"):
        rig.add(refused, "1 file")
    assert not refused.exists()


async def test_old_jobs_are_forgotten_and_a_long_list_keeps_what_was_skipped(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "MAX_ENDED", 2)
    monkeypatch.setattr(jobs_module, "MAX_RESULTS", 3)
    for number in range(3):
        folder = rig.upload(f"u{number}", a="", b="Words b.", c="Words c.", d="Words d.")
        last = await rig.ended(rig.add(folder, "4 files"))
    assert len(rig.jobs.jobs) == 2
    assert [(r.name, r.fate) for r in last.results] == [
        ("a.md", "skipped"),
        ("C", "unchanged"),
        ("D", "unchanged"),
    ]
    rig.jobs.forget_ended()
    assert len(rig.jobs.jobs) == 0


async def test_the_end_stops_everything_and_whoever_watches(rig: Rig) -> None:
    rig.kb.go.clear()
    folders = [rig.upload(name, a="Words.") for name in ("u1", "u2")]
    for folder in folders:
        rig.add(folder, "1 file")
    await rig.kb.asked.wait()
    watching = asyncio.create_task(rig.until(lambda _now: False))
    await asyncio.sleep(0)
    await rig.jobs.close()
    with pytest.raises(AssertionError, match="jobs ended"):
        await watching
    assert [job.state for job in rig.jobs.jobs] == ["stopped", "stopped"]
    assert all(folder.exists() for folder in folders), "they are read when the server starts again"
    with pytest.raises(KnowledgeError, match="stopping"):
        rig.jobs.add_url("https://8.8.8.8/", "va")
