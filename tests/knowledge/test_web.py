"""Web pages and sitemaps as a source, from a loopback site into an embedded store."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge import extract, web
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.fetch import sitemap
from realtime_agents.knowledge.fetch.client import Fetched, Fetcher
from realtime_agents.knowledge.fetch.guard import Guard
from realtime_agents.knowledge.ingest import ingest
from realtime_agents.knowledge.ledger import IngestLedger
from realtime_agents.knowledge.outcome import IngestOutcome, IngestProgress
from realtime_agents.knowledge.port import Document
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.knowledge.web import WebSupply, is_web_address
from tests.knowledge.fakes import HashEmbedder
from tests.support.pdf_files import pdf
from tests.support.web_site import JumpClock, WebSite, web_site

LONG = "Words of a page that goes on long enough to be a paragraph of its own."


class Reading:
    """A site, a store, a ledger, and whoever brings the one into the other."""

    def __init__(self, site: WebSite, folder: Path, extractor: Extractor) -> None:
        self.site = site
        self.host = f"127.0.0.1:{site.port}"
        self.kb = EmbeddedKnowledgeBase(folder / "knowledge.db", HashEmbedder)
        self.ledger = IngestLedger(folder / "ingest.db")
        self.extractor = extractor
        self.clock = JumpClock()

    async def read(
        self,
        path: str = "/sitemap.xml",
        *,
        max_pages: int = 100,
        progress: Callable[[IngestProgress], None] | None = None,
    ) -> IngestOutcome:
        async with Fetcher(Guard(allow_loopback=True), clock=self.clock) as fetcher:
            supply = WebSupply(self.site.absolute(path), "va", fetcher, self.extractor, max_pages=max_pages)
            return await ingest(self.kb, supply, ledger=self.ledger, progress=progress)

    def id(self, path: str) -> str:
        return f"va/{self.host}{path}"

    async def document(self, path: str) -> Document:
        found = await self.kb.document(self.id(path))
        assert found is not None, [one.id for one in await self.kb.documents()]
        return found

    def pages(self, *paths: str) -> None:
        for path in paths:
            self.site.page(path, f"{LONG} It is {path}.", etag=f'"{path}"')
        self.site.sitemap("/sitemap.xml", *paths)


@pytest.fixture
async def reading(tmp_path: Path, extractor: Extractor) -> AsyncIterator[Reading]:
    async with web_site() as site:
        made = Reading(site, tmp_path, extractor)
        yield made
        await made.kb.close()


# One page


async def test_a_page_is_stored_with_its_address_site_and_date(reading: Reading) -> None:
    reading.site.answers["/flags"] = Response(
        f"<html><head><title>Flags | Site</title><meta name='DC.date' content='2026-02-03'></head>"
        f"<body><main><h1>Burial flags</h1><p>{LONG}</p></main></body></html>",
        media_type="text/html",
    )
    outcome = await reading.read("/flags#part")
    assert outcome.added == (reading.id("/flags"),)
    page = await reading.document("/flags")
    assert (page.title, page.url, page.as_of) == ("Burial flags", f"{reading.site.url}/flags", "2026-02-03")
    assert (page.source, page.source_type, page.collection) == ("127.0.0.1", "html", "va")
    assert LONG in page.text


@pytest.mark.parametrize(
    ("path", "body", "media_type", "kind"),
    [
        ("/a.pdf", pdf([LONG], title="A leaflet"), "application/pdf", "pdf"),
        ("/download?id=1", pdf([LONG], title="A leaflet"), "application/octet-stream", "pdf"),
        (
            "/a.md",
            f"---\ntitle: A leaflet\nid: taken\ncollection: other\n---\n{LONG}",
            "text/plain",
            "markdown",
        ),
        ("/notes", LONG, "text/plain", "text"),
        ("/a.txt.gz", gzip.compress(LONG.encode(), mtime=0), "application/gzip", "text"),
        ("/page", f"<html><body><p>{LONG}</p></body></html>", "application/xhtml+xml", "html"),
    ],
)
async def test_documents_of_other_kinds_are_read(
    reading: Reading, path: str, body: str | bytes, media_type: str, kind: str
) -> None:
    reading.site.text(path, body, media_type)
    outcome = await reading.read(path)
    assert outcome.failed == ()
    page = await reading.document(path)
    assert (page.source_type, page.collection, LONG in page.text) == (kind, "va", True)


async def test_records_of_a_site_cannot_take_the_place_of_other_documents(reading: Reading) -> None:
    await reading.kb.upsert([Document(id="shipped", title="Ours", text="Our words.", collection="medicare")])
    line = json.dumps({"id": "shipped", "collection": "medicare", "title": "Theirs", "text": "Their words."})
    reading.site.text("/feed.jsonl", line, "application/x-ndjson")
    outcome = await reading.read("/feed.jsonl")
    assert outcome.added == (f"{reading.id('/feed.jsonl')}/shipped",)
    kept = await reading.kb.document("shipped")
    assert kept is not None
    assert kept.title == "Ours"


@pytest.mark.parametrize(
    ("media_type", "reason"), [("image/png", "pages of type 'image/png'"), ("text/css", "'text/css'")]
)
async def test_a_page_of_another_kind_is_reported(reading: Reading, media_type: str, reason: str) -> None:
    reading.site.text("/a", b"\x89PNG", media_type)
    outcome = await reading.read("/a")
    assert reason in outcome.failed[0][1]


async def test_a_page_that_is_not_there_is_reported(reading: Reading) -> None:
    outcome = await reading.read("/nothing")
    assert outcome.failed == ((f"{reading.host}/nothing", "the site says that it is not there (status 404)"),)


async def test_the_address_is_that_behind_the_redirects_and_of_the_page_itself(reading: Reading) -> None:
    reading.site.redirect("/old", "/new")
    reading.site.page("/new", LONG)
    assert (await reading.read("/old")).added == (reading.id("/new"),)
    for path, canonical in (("/c", "http://127.0.0.1/proper"), ("/d", "https://www.va.gov/not-ours")):
        link = f'<link rel="canonical" href="{canonical}">'
        reading.site.text(path, f"<html><head>{link}</head><body><p>{LONG}</p></body></html>", "text/html")
        await reading.read(path)
    assert (await reading.document("/c")).url == "http://127.0.0.1/proper"
    assert (await reading.document("/d")).url == f"{reading.site.url}/d", "no page speaks for another site"


def test_an_address_that_may_not_be_fetched_is_refused_at_once(extractor: Extractor) -> None:
    async def run() -> None:
        async with Fetcher() as fetcher:
            with pytest.raises(DocumentError, match="private network"):
                WebSupply("http://127.0.0.1/", "va", fetcher, extractor)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("https://x.org", True), ("HTTP://x.org", True), ("./x", False), ("C:\\x", False), ("ftp://x", False)],
)
def test_what_is_meant_as_a_web_address(text: str, expected: bool) -> None:
    assert is_web_address(text) is expected


# Unchanged and gone


async def test_an_unchanged_page_is_asked_for_but_not_sent_again(reading: Reading) -> None:
    def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == '"1"':
            return Response(status_code=304)
        return Response(f"<p>{LONG}</p>", media_type="text/html", headers={"etag": '"1"'})

    reading.site.answers["/a"] = answer
    await reading.read("/a")
    again = await reading.read("/a")
    assert again.unchanged == (reading.id("/a"),)
    await reading.kb.delete([reading.id("/a")])
    assert (await reading.read("/a")).added == (reading.id("/a"),), "the store had lost it"


async def test_an_unchanged_page_that_would_be_read_differently_today_is_read_again(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.site.page("/a", LONG, etag='"1"')
    await reading.read("/a")
    monkeypatch.setattr(web, "READER_VERSION", "next")
    await reading.read("/a")
    assert "if-none-match" not in reading.site.requests[-1].headers
    await reading.read("/a")
    assert reading.site.requests[-1].headers["if-none-match"] == '"1"'


async def test_a_page_that_has_changed_is_brought_up_to_date(reading: Reading) -> None:
    reading.site.page("/a", LONG)
    await reading.read("/a")
    reading.site.page("/a", LONG + " Now it says more.")
    assert (await reading.read("/a")).updated == (reading.id("/a"),)


@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_is_gone_vanishes(reading: Reading, status: int) -> None:
    reading.site.page("/a", LONG)
    await reading.read("/a")
    reading.site.answers["/a"] = Response(status_code=status)
    assert (await reading.read("/a")).removed == (reading.id("/a"),)
    assert await reading.kb.documents() == ()


@pytest.mark.parametrize("status", [403, 500])
async def test_a_page_that_only_fails_stays(reading: Reading, status: int) -> None:
    reading.site.page("/a", LONG)
    await reading.read("/a")
    reading.site.answers["/a"] = Response(status_code=status)
    outcome = await reading.read("/a")
    assert (outcome.removed, len(outcome.failed)) == ((), 1)
    assert len(await reading.kb.documents()) == 1


# Sitemaps


async def test_all_pages_of_a_sitemap_are_read(reading: Reading) -> None:
    reading.pages("/a", "/b", "/c")
    told: list[IngestProgress] = []
    outcome = await reading.read(progress=told.append)
    assert outcome.added == tuple(map(reading.id, ("/a", "/b", "/c")))
    assert outcome.failed == ()
    assert told[-1].fraction == 1.0
    assert told[-1].current.endswith("/c")
    assert reading.clock.slept == [1.0] * 4, "robots, sitemap and three pages, a second apart"


async def test_the_date_of_the_sitemap_serves_where_a_page_names_none(reading: Reading) -> None:
    reading.pages("/a")
    reading.site.sitemap("/sitemap.xml", "/a", modified="2026-05-06T07:08:09Z")
    await reading.read()
    assert (await reading.document("/a")).as_of == "2026-05-06"


async def test_sitemaps_may_be_packed_and_stand_in_an_index(reading: Reading) -> None:
    reading.pages("/a", "/b")
    reading.site.sitemap("/one.xml", "/a")
    reading.site.sitemap("/two.xml", "/b", "/a")
    packed = reading.site.answers["/two.xml"]
    assert isinstance(packed, Response)
    reading.site.text("/two.xml.gz", gzip.compress(bytes(packed.body)), "application/gzip")
    reading.site.index("/sitemap.xml", "/one.xml", "/two.xml.gz", "/missing.xml")
    outcome = await reading.read()
    assert outcome.added == (reading.id("/a"), reading.id("/b"))
    assert [name for name, _ in outcome.failed] == [f"{reading.host}/missing.xml"]


async def test_a_long_list_of_pages_is_checked_beside_the_loop(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sitemap may hold 50,000: conversations must not wait for them."""
    real, threads = Fetcher.check_within, []

    def check_within(self: Fetcher, start: str, urls: Iterable[str]) -> list[str | None]:
        threads.append(threading.current_thread())
        return real(self, start, urls)

    monkeypatch.setattr(Fetcher, "check_within", check_within)
    reading.pages("/a")
    assert len((await reading.read()).added) == 1
    assert threads
    assert threading.main_thread() not in threads


async def test_only_pages_of_the_same_site_are_read(reading: Reading) -> None:
    reading.pages("/a")
    reading.site.sitemap(
        "/sitemap.xml",
        "/a",
        "https://elsewhere.example/b",
        "http://10.0.0.1/c",
        "file:///etc/passwd",
        "http://localhost:1/d",
        "javascript:alert(1)",
    )
    outcome = await reading.read()
    assert outcome.added == (reading.id("/a"),)
    assert "5 of its addresses are of other sites" in outcome.failed[0][1]


async def test_what_robots_txt_forbids_is_left_out_and_told(reading: Reading) -> None:
    reading.pages("/a", "/private/b")
    reading.site.text("/robots.txt", "User-agent: *\nDisallow: /private/")
    outcome = await reading.read()
    assert outcome.added == (reading.id("/a"),)
    assert outcome.failed == ((f"{reading.host}/private/b", "the site's robots.txt asks not to read it"),)
    assert "/private/b" not in reading.site.asked


async def test_no_more_pages_than_allowed_are_read_and_it_is_told(reading: Reading) -> None:
    reading.pages("/a", "/b", "/c", "/d")
    outcome = await reading.read(max_pages=2)
    assert outcome.added == (reading.id("/a"), reading.id("/b"))
    assert "2 of its pages were left out: 2 are read at most" in outcome.failed[0][1]
    assert "/c" not in reading.site.asked


async def test_a_sitemap_that_leads_in_circles_or_too_deep_ends(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        reading.site.index(f"/{number}.xml", f"/{number + 1}.xml", f"/{number}.xml", "/0.xml")
    outcome = await reading.read("/0.xml")
    assert [path for path in reading.site.asked if path.endswith(".xml")] == [
        "/0.xml",
        "/1.xml",
        "/2.xml",
        "/3.xml",
    ]
    assert outcome.failed[-1][1] == "1 sitemaps under it were left out: they are nested more than 3 deep"
    monkeypatch.setattr(web, "MAX_SITEMAPS", 3)
    reading.site.index("/wide.xml", *(f"/w{number}.xml" for number in range(100)))
    reading.site.asked.clear()
    outcome = await reading.read("/wide.xml")
    assert outcome.failed[-1][1] == "98 sitemaps under it were left out: 3 are read at most"
    assert len(reading.site.asked) == 4, "robots, the index and two of its hundred"


async def test_entries_beyond_those_the_protocol_allows_are_told(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemap, "MAX_ENTRIES", 2)
    monkeypatch.setattr(web, "MAX_ENTRIES", 2)
    reading.pages("/a", "/b", "/c")
    outcome = await reading.read()
    assert outcome.added == (reading.id("/a"), reading.id("/b"))
    assert [why for _, why in outcome.failed] == [
        "it has more than 2 entries; those after them were left out"
    ]


async def test_a_hostile_sitemap_is_reported(reading: Reading) -> None:
    entity = '<!DOCTYPE urlset [<!ENTITY a "aaaa">]><urlset><url><loc>&a;</loc></url></urlset>'
    reading.site.text("/sitemap.xml", entity, "application/xml")
    assert "defines entities" in (await reading.read()).failed[0][1]
    reading.site.text("/sitemap.xml", gzip.compress(b"<urlset>" + bytes(30_000_000)), "application/gzip")
    assert (await reading.read()).failed


async def test_one_bad_page_stops_none_of_the_others(reading: Reading) -> None:
    reading.pages("/a", "/b", "/c", "/d", "/e", "/f")
    reading.site.answers["/b"] = Response(status_code=500)
    reading.site.redirect("/c", "http://169.254.169.254/")
    reading.site.text("/d", "", "text/html")
    reading.site.text("/e", b"%PDF-1.4 nonsense", "application/pdf")
    outcome = await reading.read()
    assert outcome.added == (reading.id("/a"), reading.id("/f"))
    assert [name.rpartition("/")[2] for name, _ in outcome.failed] == ["b", "c", "d", "e"]


async def test_a_page_that_breaks_the_reader_in_an_unforeseen_way_is_told_and_stops_none_of_the_others(
    reading: Reading, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reading.pages("/a", "/b", "/c", "/d")
    get, kind = Fetcher.get, web._kind

    async def breaks_at_b(self: Fetcher, url: str, *more: Any) -> Fetched:
        if url.endswith("/b"):
            raise ValueError("fetching broke")
        return await get(self, url, *more)

    def breaks_at_c(fetched: Fetched) -> str:
        if fetched.url.endswith("/c"):
            raise IndexError("reading broke")
        return kind(fetched)

    monkeypatch.setattr(Fetcher, "get", breaks_at_b)
    monkeypatch.setattr(web, "_kind", breaks_at_c)
    outcome = await reading.read()
    assert outcome.added == (reading.id("/a"), reading.id("/d"))
    assert [why for _, why in outcome.failed] == [
        "it could not be read (ValueError); the log says where",
        "it could not be read (IndexError); the log says where",
    ]
    assert len(caplog.records) == 2


async def test_a_list_of_records_is_stored_as_it_is_read_and_cut_at_its_bounds(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "".join(json.dumps({"id": f"r{n}", "title": "T", "text": LONG}) + "\n" for n in range(40))
    reading.site.text("/feed.jsonl.gz", gzip.compress(lines.encode()), "application/gzip")
    told: list[IngestProgress] = []
    outcome = await reading.read("/feed.jsonl.gz", progress=told.append)
    assert (len(outcome.added), outcome.failed) == (40, ())
    assert [progress.documents for progress in told] == [0, 16, 32, 40]
    monkeypatch.setattr(extract, "MAX_REMOTE_LINES", 30)
    outcome = await reading.read("/feed.jsonl.gz")
    assert (len(outcome.unchanged), outcome.removed) == (30, ()), "what lies beyond the bound is not gone"
    assert "more than 30 lines" in outcome.failed[0][1]


async def test_a_page_that_left_the_sitemap_and_the_site_vanishes_and_one_that_only_left_the_map_stays(
    reading: Reading,
) -> None:
    reading.pages("/a", "/b", "/c")
    await reading.read()
    reading.site.sitemap("/sitemap.xml", "/a")
    del reading.site.answers["/c"]
    outcome = await reading.read()
    assert outcome.removed == (reading.id("/c"),)
    assert [one.id for one in await reading.kb.documents()] == [reading.id("/a"), reading.id("/b")]


async def test_when_the_sitemap_itself_is_gone_each_page_is_asked_for(reading: Reading) -> None:
    reading.pages("/a", "/b")
    await reading.read()
    del reading.site.answers["/sitemap.xml"], reading.site.answers["/a"]
    outcome = await reading.read()
    assert outcome.removed == (reading.id("/a"),)
    assert outcome.unchanged == (reading.id("/b"),)


async def test_a_run_that_was_interrupted_goes_on_where_it_was(reading: Reading) -> None:
    paths = [f"/{number:02}" for number in range(12)]
    reading.pages(*paths)
    running: asyncio.Task[IngestOutcome]

    def stop(progress: IngestProgress) -> None:
        if progress.documents >= 8:
            running.cancel()

    running = asyncio.create_task(reading.read(progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await running
    kept = {one.id for one in await reading.kb.documents()}
    assert 8 <= len(kept) < 12
    assert [source.state for source in reading.ledger.sources()] == ["stopped"]
    reading.site.asked.clear()
    outcome = await reading.read()
    assert len(outcome.unchanged) == len(kept)
    assert len(outcome.added) == 12 - len(kept)
    read_again = [path for path in reading.site.asked if reading.id(path) in kept]
    assert read_again == [], "what was read before the interruption is not asked for again"
    reading.site.asked.clear()
    await reading.read()
    assert len([path for path in reading.site.asked if path in paths]) == 12, "the next run is a new one"
