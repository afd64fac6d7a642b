"""What is left when an ingest or the server is ended, or an earlier version is used again, and how it goes on."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from realtime_agents.knowledge import jobs as jobs_module
from realtime_agents.knowledge import ledger as ledger_module
from realtime_agents.knowledge import uploads as uploads_module
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.fetch.client import Fetcher
from realtime_agents.knowledge.fetch.guard import Guard
from realtime_agents.knowledge.files import FileSupply
from realtime_agents.knowledge.ingest import ingest
from realtime_agents.knowledge.jobs import IngestJobs
from realtime_agents.knowledge.ledger import IngestLedger
from realtime_agents.knowledge.outcome import IngestOutcome
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.knowledge.uploads import MAX_TRIES, Upload, keep, left_in
from realtime_agents.knowledge.web import WebSupply
from realtime_agents.settings import ROOT
from tests.knowledge.fakes import HashEmbedder
from tests.support.web_site import JumpClock, WebSite, web_site

LONG = "Words of a page that goes on long enough to be a paragraph of its own."
PAGES = [f"/{number:02}" for number in range(12)]


class Place:
    """A data folder and what the next process finds in it."""

    def __init__(self, folder: Path, extractor: Extractor) -> None:
        self.folder = folder
        self.extractor = extractor
        self.kb = EmbeddedKnowledgeBase(folder / "knowledge.db", HashEmbedder)
        self.ledger = IngestLedger(folder / "ingest.db")

    async def crawl(self, site: WebSite) -> IngestOutcome:
        async with Fetcher(Guard(allow_loopback=True), clock=JumpClock()) as fetcher:
            supply = WebSupply(f"{site.url}/sitemap.xml", "va", fetcher, self.extractor)
            return await ingest(self.kb, supply, ledger=self.ledger)

    async def read(self, pages: Path) -> IngestOutcome:
        return await ingest(self.kb, FileSupply(pages, "va", self.extractor), ledger=self.ledger)

    async def ids(self) -> list[str]:
        return [one.id for one in await self.kb.documents()]


@pytest.fixture
async def place(tmp_path: Path, extractor: Extractor) -> AsyncIterator[Place]:
    made = Place(tmp_path, extractor)
    yield made
    await made.kb.close()


@pytest.fixture
async def site() -> AsyncIterator[WebSite]:
    async with web_site() as made:
        for path in PAGES:
            made.page(path, f"{LONG} It is {path}.", etag=f'"{path}"')
        made.sitemap("/sitemap.xml", *PAGES)
        yield made


# A crawl whose process was killed


async def killed_at(site: WebSite, path: str, folder: Path) -> None:
    """Run a crawl in a process of its own and kill it while it waits for a page."""
    asked, never = asyncio.Event(), asyncio.Event()
    page = site.answers[path]

    async def hang(_request: Request) -> Response:
        asked.set()
        await never.wait()
        return Response()

    site.answers[path] = hang
    command = [sys.executable, "-m", "tests.support.crawl", f"{site.url}/sitemap.xml", str(folder)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    async with asyncio.timeout(60):
        await asked.wait()
        process.kill()
        await process.wait()
    never.set()
    site.answers[path] = page


async def test_a_crawl_whose_process_was_killed_goes_on_with_what_it_had_not_kept(
    place: Place, site: WebSite
) -> None:
    await killed_at(site, "/09", place.folder)
    assert [(one.state, one.documents) for one in place.ledger.sources()] == [("running", 8)]
    site.asked.clear()
    outcome = await place.crawl(site)
    assert (len(outcome.unchanged), len(outcome.added), outcome.failed) == (8, 4, ())
    assert [path for path in site.asked if path in PAGES] == PAGES[8:]
    assert [(one.state, one.documents) for one in place.ledger.sources()] == [("done", 12)]


async def test_what_an_earlier_version_does_not_hold_is_read_again_also_in_an_interrupted_crawl(
    place: Place, site: WebSite
) -> None:
    await place.kb.rebuild()
    await killed_at(site, "/09", place.folder)
    await place.kb.rollback()
    assert await place.ids() == []
    assert len((await place.crawl(site)).added) == 12


async def test_a_crawl_that_cannot_be_gone_on_with_now_can_be_later(place: Place, site: WebSite) -> None:
    await killed_at(site, "/09", place.folder)
    sitemap = site.answers["/sitemap.xml"]
    site.answers["/sitemap.xml"] = Response(status_code=403)
    assert len((await place.crawl(site)).failed) == 1
    assert [(one.state, one.documents) for one in place.ledger.sources()] == [("stopped", 8)]
    site.answers["/sitemap.xml"] = sitemap
    site.asked.clear()
    await place.crawl(site)
    assert [path for path in site.asked if path in PAGES] == PAGES[8:]


# An earlier version


@pytest.mark.parametrize("count", [3, 100], ids=["looked up one by one", "more than are looked up"])
async def test_after_a_way_back_the_same_ingest_brings_the_documents_back(
    place: Place, tmp_path: Path, count: int
) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    lines = [json.dumps({"id": f"r{n}", "title": f"T{n}", "text": f"Words of {n}."}) for n in range(count)]
    (pages / "a.jsonl").write_text("\n".join(lines))
    (pages / "b.md").write_text("Words of b.")
    await place.kb.rebuild()
    await place.read(pages)
    assert len((await place.read(pages)).unchanged) == count + 1
    await place.kb.rollback()
    assert await place.ids() == []
    assert len((await place.read(pages)).added) == count + 1
    assert len(await place.ids()) == count + 1


async def test_after_a_way_back_pages_are_sent_whole_again(place: Place, site: WebSite) -> None:
    def unchanged(_request: Request) -> Response:
        return Response(status_code=304)

    await place.kb.rebuild()
    await place.crawl(site)
    await place.kb.rollback()
    assert len((await place.crawl(site)).added) == 12
    site.answers["/00"] = unchanged
    assert len((await place.crawl(site)).unchanged) == 12


async def test_what_had_vanished_vanishes_again_from_an_earlier_version(place: Place, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    for name in ("a", "b", "c"):
        (pages / f"{name}.md").write_text(f"Words of {name}.")
    await place.read(pages)
    await place.kb.rebuild()
    (pages / "b.md").unlink()
    (pages / "c.md").unlink()
    assert (await place.read(pages)).removed == ("va/b", "va/c")
    await place.kb.rollback()
    assert await place.ids() == ["va/a", "va/b", "va/c"]
    (pages / "c.md").write_text("Words of c.")
    assert (await place.read(pages)).removed == ("va/b",)
    assert await place.ids() == ["va/a", "va/c"]
    assert (await place.read(pages)).removed == ()


async def test_what_another_source_brings_now_does_not_vanish(place: Place, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.md").write_text("Words.")
        (tmp_path / folder / f"{folder}.md").write_text("Words.")
    await place.read(tmp_path / "one")
    (tmp_path / "one" / "a.md").unlink()
    assert (await place.read(tmp_path / "one")).removed == ("va/a",)
    await place.read(tmp_path / "two")
    assert (await place.read(tmp_path / "one")).removed == ()
    assert "va/a" in await place.ids()


async def test_only_so_much_of_what_vanished_is_remembered(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_GONE", 2)
    pages = tmp_path / "pages"
    pages.mkdir()
    for name in "abcde":
        (pages / f"{name}.md").write_text(f"Words of {name}.")
    await place.read(pages)
    await place.kb.rebuild()
    for name in "bcde":
        (pages / f"{name}.md").unlink()
        await place.read(pages)
    await place.kb.rollback()
    assert (await place.read(pages)).removed == ("va/d", "va/e")


# Uploads


def upload(root: Path, name: str, words: str = "Words.") -> Upload:
    made = Upload(folder=root / name, label=f"1 file {name}", collection="va")
    made.folder.mkdir(parents=True)
    (made.folder / f"{name}.md").write_text(words)
    return made


async def test_an_upload_that_the_end_of_the_server_interrupted_is_read_after_its_start(place: Place) -> None:
    root = place.folder / "uploads"
    first, second = upload(root, "a"), upload(root, "b")
    keep(first)
    keep(second)
    upload(root, "never-sent-to-its-end")
    (root / "left.partial").write_text("{")
    before = IngestJobs(place.kb, place.ledger)
    before.add_upload(first)
    before.add_upload(second)
    await before.close()
    assert (first.folder.is_dir(), second.folder.is_dir()) == (True, True)

    after = IngestJobs(place.kb, place.ledger)
    await after.take_up(root)
    assert sorted(job.label for job in after.jobs) == ["1 file a", "1 file b"]
    async with asyncio.timeout(20):
        async for jobs in after.watch():
            if all(job.state == "done" for job in jobs):
                break
    assert await place.ids() == ["va/a", "va/b"]
    assert list(root.iterdir()) == []
    await after.close()


async def test_as_many_uploads_are_taken_up_as_were_waiting(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One was being read when the server ended, beside those that waited: none of them is dropped."""
    monkeypatch.setattr(jobs_module, "MAX_WAITING", 2)
    root = place.folder / "uploads"
    for name in ("a", "b", "c"):
        keep(upload(root, name))
    after = IngestJobs(place.kb, place.ledger)
    await after.take_up(root)
    async with asyncio.timeout(20):
        async for jobs in after.watch():
            if all(job.state == "done" for job in jobs):
                break
    assert await place.ids() == ["va/a", "va/b", "va/c"]
    await after.close()


async def test_uploads_stay_when_the_server_ends_before_it_takes_them_up(place: Place) -> None:
    root = place.folder / "uploads"
    one = upload(root, "a")
    keep(one)
    jobs = IngestJobs(place.kb, place.ledger)
    await jobs.close()
    await jobs.take_up(root)
    assert jobs.jobs == ()
    assert [left.folder for left in left_in(root)] == [one.folder]


def test_an_upload_stays_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = upload(tmp_path, "a")
    keep(one)

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads_module, "keep", no_room)
    assert left_in(tmp_path) == [one]
    assert one.folder.is_dir()


async def test_an_upload_that_somebody_stopped_is_not_taken_up(place: Place) -> None:
    root = place.folder / "uploads"
    one = upload(root, "a")
    keep(one)
    jobs = IngestJobs(place.kb, place.ledger)
    jobs.cancel(jobs.add_upload(one))
    await jobs.close()
    assert left_in(root) == []
    assert list(root.iterdir()) == []


def test_an_upload_that_never_ends_is_given_up(tmp_path: Path) -> None:
    keep(upload(tmp_path, "a"))
    for _ in range(MAX_TRIES - 1):
        assert [one.label for one in left_in(tmp_path)] == ["1 file a"]
    assert left_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "order", ["", "{", "[]", '{"label": "x"}', '{"label": 1, "collection": "c", "tries": "x"}']
)
def test_an_upload_whose_order_is_broken_is_removed(tmp_path: Path, order: str) -> None:
    one = upload(tmp_path, "a")
    one.folder.with_suffix(".json").write_text(order)
    assert left_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_was_ever_sent_nothing_is_left(tmp_path: Path) -> None:
    assert left_in(tmp_path / "uploads") == []
