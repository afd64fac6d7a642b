"""The Knowledge page's state: what is held, who reads it, ranking, jobs, sources, versions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from realtime_agents.knowledge.jobs import Job
from realtime_agents.knowledge.ledger import SourceKey, SourceRecord
from realtime_agents.knowledge.outcome import DocumentResult, IngestProgress
from realtime_agents.knowledge.port import KnowledgeVersion, Passage
from realtime_agents.state import knowledge_ingest
from realtime_agents.state.knowledge import KnowledgeState
from realtime_agents.state.knowledge_ingest import IngestState
from realtime_agents.state.knowledge_lines import (
    MAX_DONE,
    PersonalLine,
    ago_words,
    job_line,
    result_lines,
    source_line,
)
from realtime_agents.state.knowledge_versions import VersionsState
from realtime_agents.state.reader import ReaderState
from realtime_agents.tools.builtin import MIN_COSINE
from tests.state.fakes import FakeRuntime, benefits
from tests.state.tab import Tab

NOW = 1_760_000_000.0
RUNNING = Job(
    id="j1",
    label="va.gov/sitemap.xml",
    collection="va_pages",
    state="running",
    progress=IngestProgress(added=3, failed=1, removed=2, current="va.gov/a", fraction=0.416),
    results=(
        DocumentResult(name="A", fate="added"),
        DocumentResult(name="va.gov/b", fate="skipped", detail="it holds no text"),
        DocumentResult(name="C", fate="updated"),
    ),
)
FIRST = KnowledgeVersion(
    id="v1", active=False, created="2026-01-01T00:00:00+00:00", documents=2, passages=9, embedder="bge:1"
)


def passage(name: str, collection: str = "medicare") -> Passage:
    return Passage(
        id=f"{name}#0",
        document_id=name,
        collection=collection,
        title=name.upper(),
        section="Costs",
        url="",
        source="CMS",
        as_of="2026-01",
        text=f"Words of {name}.",
        summary=f"Words of {name}.",
        char_start=0,
        char_end=10,
    )


def source(
    kind: str = "web", state: str = "done", *, collection: str = "medicare", at: float = NOW
) -> SourceRecord:
    key = SourceKey(kind=kind, location="https://x.org/", collection=collection)  # type: ignore[arg-type]
    return SourceRecord(key=key, state=state, started_at=at, finished_at=at, documents=7)  # type: ignore[arg-type]


async def found(tab: Tab, runtime: FakeRuntime) -> None:
    for name in ("a", "b", "c"):
        one = passage(name, "va" if name == "c" else "medicare")
        runtime.knowledge.passages[one.id] = one
    runtime.knowledge.held = {"medicare": (2, 2), "va": (1, 1), "documents": (1, 1)}
    agents = dict(benefits().agents)
    agents["medicare"] = replace(agents["medicare"], knowledge=("medicare", "va"))
    runtime.catalog.scenarios = {"benefits": replace(benefits(), agents=agents)}
    await tab.fire(KnowledgeState.arrive())


async def test_collections_are_listed_with_their_readers_and_last_reading(
    tab: Tab, runtime: FakeRuntime
) -> None:
    runtime.ledger.records = [source()]
    await found(tab, runtime)
    documents, medicare, va = tab.value(KnowledgeState, "collections")
    assert (medicare.title, medicare.counts) == ("Medicare", "2 documents · 2 passages")
    assert medicare.read.startswith("read ")
    assert va.read == ""
    assert [face.name for face in medicare.readers] == ["medicare"]
    assert [face.name for face in documents.readers] == ["greeter", "medicare"], (
        "nobody claims it: all read it"
    )
    assert tab.value(KnowledgeState, "store") == "Embedded: SQLite 3.40"
    runtime.knowledge.changed = (datetime.now(UTC) - timedelta(hours=3, minutes=5)).isoformat()
    await tab.fire(KnowledgeState.arrive())
    assert tab.value(KnowledgeState, "store") == "Embedded: SQLite 3.40 · last changed 3 h ago"
    assert [(s.name, s.reads) for s in tab.value(KnowledgeState, "scopes")] == [
        ("greeter", "Documents"),
        ("medicare", "Documents, Medicare, VA"),
    ]


async def test_a_search_shows_the_score_and_place_of_each_leg_in_the_fused_order(
    tab: Tab, runtime: FakeRuntime
) -> None:
    await found(tab, runtime)
    await tab.fire(KnowledgeState.search({"words": " premium "}))
    hits = tab.value(KnowledgeState, "hits")
    assert [(h.place, h.title, h.lexical_place, h.cosine_place) for h in hits] == [
        ("1", "A", "#3", "#1"),
        ("2", "B", "#2", "#2"),
        ("3", "C", "#1", "#3"),
    ]
    assert (hits[0].lexical, hits[0].cosine, hits[0].meta) == ("7.50", "0.800", "Costs · CMS · as of 2026-01")
    assert tab.value(KnowledgeState, "outcome") == "3 passages in 12 ms · nearest meaning 0.800"
    assert tab.value(KnowledgeState, "verdict") == ""
    runtime.knowledge.nearest = MIN_COSINE - 0.01
    await tab.fire(KnowledgeState.search({"words": "mortgages"}))
    assert "an agent says that it does not know" in tab.value(KnowledgeState, "verdict")
    await tab.fire(KnowledgeState.arrive())
    assert (tab.value(KnowledgeState, "hits"), tab.value(KnowledgeState, "verdict")) == ((), "")


async def test_a_search_may_be_limited_to_a_kind_of_file_and_a_day(tab: Tab, runtime: FakeRuntime) -> None:
    await found(tab, runtime)
    await tab.fire(KnowledgeState.search({"words": "premium", "kind": "pdf", "day": "2026-11-22"}))
    limits = {(query.source_types, query.in_force_on) for query in runtime.knowledge.asked}
    assert (len(runtime.knowledge.asked), limits) == (3, {(("pdf",), "2026-11-22")})
    await tab.fire(KnowledgeState.search({"words": "premium", "kind": "exe", "day": ""}))
    assert {(query.source_types, query.in_force_on) for query in runtime.knowledge.asked[3:]} == {((), None)}


async def test_a_search_as_an_agent_keeps_to_what_it_reads(tab: Tab, runtime: FakeRuntime) -> None:
    await found(tab, runtime)
    await tab.fire(KnowledgeState.search({"words": "premium"}))
    await tab.fire(KnowledgeState.choose_agent("greeter"))
    assert {query.collections for query in runtime.knowledge.asked[-3:]} == {("documents",)}
    assert tab.value(KnowledgeState, "outcome").startswith("0 passages in Documents in ")
    await tab.fire(KnowledgeState.choose("va"))
    assert (tab.value(KnowledgeState, "agent"), tab.value(KnowledgeState, "chosen")) == ("", "va")
    assert [h.title for h in tab.value(KnowledgeState, "hits")] == ["C"]
    await tab.fire(KnowledgeState.choose("va"))
    assert len(tab.value(KnowledgeState, "hits")) == 3


async def test_an_agent_that_reads_nothing_finds_nothing(tab: Tab, runtime: FakeRuntime) -> None:
    await found(tab, runtime)
    runtime.knowledge.held = {"medicare": (2, 2)}
    await tab.fire(KnowledgeState.arrive())
    await tab.fire(KnowledgeState.choose_agent("greeter"))
    await tab.fire(KnowledgeState.search({"words": "premium"}))
    assert tab.value(KnowledgeState, "outcome") == "This agent reads no collection."
    assert runtime.knowledge.asked == []


async def test_a_leg_that_does_not_answer_is_told_and_the_other_is_shown(
    tab: Tab, runtime: FakeRuntime
) -> None:
    await found(tab, runtime)
    runtime.knowledge.broken_legs = ("vector",)
    await tab.fire(KnowledgeState.search({"words": "premium"}))
    assert "found by words only" in tab.value(KnowledgeState, "problem")
    assert [h.cosine_place for h in tab.value(KnowledgeState, "hits")] == ["", "", ""]


async def test_a_store_that_hangs_leaves_the_tab_alone_and_the_newest_question_is_answered(
    tab: Tab, runtime: FakeRuntime
) -> None:
    await found(tab, runtime)
    runtime.knowledge.silent = asyncio.Event()
    waiting = await tab.start(KnowledgeState.search({"words": "premium"}))
    await tab.until(lambda: tab.value(KnowledgeState, "outcome") == "Searching …")
    reading = await tab.start(ReaderState.read_passage("a#0"))
    await tab.until(lambda: tab.value(ReaderState, "key") == "a#0")
    async with asyncio.timeout(5):
        await tab.fire(VersionsState.ask("v1"))
    assert tab.value(VersionsState, "asking") == "v1"
    newer = await tab.start(KnowledgeState.choose("va"))
    await tab.until(lambda: tab.value(KnowledgeState, "chosen") == "va")
    runtime.knowledge.silent.set()
    for future in (waiting, newer, reading):
        await future.wait_all()
    assert [h.title for h in tab.value(KnowledgeState, "hits")] == ["C"]
    assert tab.value(ReaderState, "title") == "A"


async def test_a_passage_that_comes_when_another_was_pressed_is_not_shown(
    tab: Tab, runtime: FakeRuntime
) -> None:
    await found(tab, runtime)
    runtime.knowledge.silent = asyncio.Event()
    late = await tab.start(ReaderState.read_passage("a#0"))
    await tab.until(lambda: tab.value(ReaderState, "key") == "a#0")
    await tab.fire(ReaderState.close())
    runtime.knowledge.silent.set()
    await late.wait_all()
    assert not tab.value(ReaderState, "opened")


async def test_a_store_that_is_down_is_told_plainly(tab: Tab, runtime: FakeRuntime) -> None:
    runtime.knowledge.problem = "Elasticsearch at localhost:9200 does not answer."
    await tab.fire(KnowledgeState.arrive())
    assert tab.value(KnowledgeState, "store_problem") == "Elasticsearch at localhost:9200 does not answer."
    await tab.fire(KnowledgeState.search({"words": "premium"}))
    assert tab.value(KnowledgeState, "problem") == "Elasticsearch at localhost:9200 does not answer."
    await tab.fire(VersionsState.arrive())
    assert "does not answer" in tab.value(VersionsState, "problem")
    runtime.knowledge.problem, runtime.knowledge.notice = "", "Search by meaning is being prepared."
    await tab.fire(KnowledgeState.arrive())
    assert tab.value(KnowledgeState, "store_problem") == "Search by meaning is being prepared."


async def test_trouble_of_the_store_goes_away_by_itself_once_it_has_passed(
    tab: Tab, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge_ingest, "HEARTBEAT_S", 0.01)
    runtime.knowledge.problem = "The store is away."
    await tab.fire(KnowledgeState.arrive())
    await tab.start(IngestState.watch())
    runtime.knowledge.problem = ""
    await tab.until(lambda: tab.value(KnowledgeState, "collections"))
    assert tab.value(KnowledgeState, "store_problem") == ""
    await tab.fire(IngestState.unwatch())


async def test_a_ledger_that_cannot_be_read_is_told(tab: Tab, runtime: FakeRuntime) -> None:
    runtime.ledger.problem = "The ingest ledger cannot be used."
    await tab.fire(IngestState.arrive())
    assert tab.value(IngestState, "problem") == "The ingest ledger cannot be used."
    await tab.fire(KnowledgeState.arrive())
    assert tab.value(KnowledgeState, "store_problem") == "The ingest ledger cannot be used."


# Adding


@pytest.mark.parametrize(
    ("url", "collection", "problem"),
    [
        ("", "va", "Enter an address"),
        ("https://x.org/", "", "A collection's name"),
        ("https://x.org/", "Not A Name", "A collection's name"),
    ],
)
async def test_what_cannot_be_read_is_refused_in_words(
    tab: Tab, runtime: FakeRuntime, url: str, collection: str, problem: str
) -> None:
    await tab.fire(IngestState.add_url({"url": url, "collection": collection}))
    assert problem in tab.value(IngestState, "problem")
    assert runtime.ingests.added == []


async def test_an_address_is_handed_to_the_jobs_and_its_field_is_emptied(
    tab: Tab, runtime: FakeRuntime
) -> None:
    runtime.ingests.refuse = "it leads to a private network"
    await tab.fire(IngestState.add_url({"url": "http://10.0.0.1/", "collection": "va"}))
    assert tab.value(IngestState, "problem") == "This address is not read: it leads to a private network."
    runtime.ingests.refuse = ""
    await tab.fire(IngestState.add_url({"url": " va.gov/a ", "collection": "va"}))
    assert runtime.ingests.added == [("https://va.gov/a", "va")]
    assert tab.value(IngestState, "problem") == ""
    assert "knowledge-url" in tab.scripts()[-1]


async def test_jobs_are_followed_while_the_page_is_open(
    tab: Tab, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge_ingest, "EVENTS_INTERVAL_S", 0)
    watching = await tab.start(IngestState.watch())
    runtime.ingests.put(RUNNING)
    await tab.until(lambda: tab.value(IngestState, "jobs"))
    job = tab.value(IngestState, "jobs")[0]
    assert (job.counts, job.percent, job.current) == ("3 added, 2 removed, 1 skipped", 42, "va.gov/a")
    assert [(r.name, r.fate) for r in tab.value(IngestState, "results")] == [
        ("va.gov/b", "skipped"),
        ("C", "updated"),
        ("A", "added"),
    ]
    assert not tab.value(IngestState, "has_ended")
    runtime.knowledge.held, runtime.knowledge.kept = {"va_pages": (3, 9)}, [FIRST]
    runtime.ledger.records = [source(collection="va_pages")]
    runtime.ingests.put(replace(RUNNING, state="done"))
    await tab.until(lambda: tab.value(IngestState, "has_ended") and tab.value(VersionsState, "versions"))
    assert [c.name for c in tab.value(KnowledgeState, "collections")] == ["va_pages"]
    assert [v.id for v in tab.value(VersionsState, "versions")] == ["v1"]
    assert tab.value(IngestState, "sources")
    await tab.fire(IngestState.unwatch())
    runtime.ingests.put()
    await watching.wait_all()
    assert len(tab.value(IngestState, "jobs")) == 1, "nobody follows any more"


async def test_a_tab_that_is_gone_is_no_longer_followed(
    tab: Tab, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge_ingest, "HEARTBEAT_S", 0.01)
    watching = await tab.start(IngestState.watch())
    await tab.until(lambda: True)
    tab.connected = False
    async with asyncio.timeout(5):
        await watching.wait_all()


async def test_a_job_is_stopped_and_ended_ones_are_put_away(tab: Tab, runtime: FakeRuntime) -> None:
    runtime.ingests.put(RUNNING)
    await tab.fire(IngestState.stop("j1"))
    assert runtime.ingests.cancelled == ["j1"]
    await tab.fire(IngestState.clear())
    assert runtime.ingests.jobs == ()


async def test_a_document_with_personal_data_is_taken_out(tab: Tab, runtime: FakeRuntime) -> None:
    runtime.knowledge.held = {"va": (2, 2)}
    await tab.fire(IngestState.take_out("j1", "va/letter"))
    assert runtime.ingests.taken_out == [("j1", "va/letter")]
    assert [c.name for c in tab.value(KnowledgeState, "collections")] == ["va"], (
        "the counts are looked up again"
    )
    runtime.ingests.refuse, runtime.ingests.is_full = "The store is read-only.", True
    await tab.fire(IngestState.take_out("j1", "va/letter"))
    assert tab.value(IngestState, "problem") == "The store is read-only."


async def test_a_site_is_read_again_into_its_own_collection(tab: Tab, runtime: FakeRuntime) -> None:
    runtime.ledger.records = [source(collection="va_pages")]
    await tab.fire(IngestState.arrive())
    line = tab.value(IngestState, "sources")[0]
    await tab.fire(IngestState.read_again(line.again, line.collection_name))
    assert runtime.ingests.added == [("https://x.org/", "va_pages")]


async def test_an_interrupted_site_can_be_gone_on_with_unless_that_is_being_done(
    tab: Tab, runtime: FakeRuntime
) -> None:
    nothing_kept = replace(source("web", "running"), documents=0)
    runtime.ledger.records = [nothing_kept, replace(source(collection="va"), documents=0)]
    await tab.fire(IngestState.arrive())
    shown = tab.value(IngestState, "sources")
    assert [(line.again, line.again_words) for line in shown] == [("https://x.org/", "Go on")]
    runtime.ingests.jobs = (replace(RUNNING, collection="medicare", url="https://x.org/other"),)
    await tab.fire(IngestState.arrive())
    assert tab.value(IngestState, "sources")[0].again != "", "another site is read into the same collection"
    runtime.ingests.jobs = (replace(RUNNING, collection="medicare", url="https://x.org/"),)
    await tab.fire(IngestState.arrive())
    assert [(line.again, line.read) for line in tab.value(IngestState, "sources")] == [("", "being read")]


async def test_too_many_waiting_ingests_are_told_in_their_own_words(tab: Tab, runtime: FakeRuntime) -> None:
    runtime.ingests.refuse, runtime.ingests.is_full = "20 ingests are waiting already.", True
    await tab.fire(IngestState.add_url({"url": "https://x.org/", "collection": "va"}))
    assert tab.value(IngestState, "problem") == "20 ingests are waiting already."


# Versions


async def test_an_earlier_version_is_used_again_after_asking(tab: Tab, runtime: FakeRuntime) -> None:
    runtime.knowledge.kept = [replace(FIRST, id="v2", active=True), FIRST]
    await tab.fire(VersionsState.arrive())
    assert [(v.id, v.active, v.embedder) for v in tab.value(VersionsState, "versions")] == [
        ("v2", True, "bge"),
        ("v1", False, "bge"),
    ]
    await tab.fire(VersionsState.ask("v1"))
    await tab.fire(VersionsState.keep())
    assert runtime.knowledge.kept[0].active
    await tab.fire(VersionsState.ask("v1"))
    await tab.fire(VersionsState.switch())
    assert [v.active for v in tab.value(VersionsState, "versions")] == [False, True]
    assert tab.value(VersionsState, "asking") == ""


async def test_a_way_back_that_fails_is_told_and_nothing_has_changed(tab: Tab, runtime: FakeRuntime) -> None:
    runtime.knowledge.kept = [replace(FIRST, id="v2", active=True), FIRST]
    await tab.fire(VersionsState.arrive())
    await tab.fire(VersionsState.ask("v1"))
    runtime.knowledge.problem = "The store is away."
    await tab.fire(VersionsState.switch())
    assert tab.value(VersionsState, "problem") == "The store is away."
    assert [v.active for v in runtime.knowledge.kept] == [True, False]


# Lines


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7_300, "2 h ago"),
        (90_000, "1 day ago"),
        (5 * 86_400, "5 days ago"),
        (40 * 86_400, "2025-08-30"),
    ],
)
def test_times_are_told_as_people_do(seconds: float, words: str) -> None:
    assert ago_words(NOW - seconds, NOW) == words


@pytest.mark.parametrize(
    ("kind", "state", "reading", "words"),
    [
        ("web", "done", False, "read just now"),
        ("web", "stopped", False, "begun just now, not finished"),
        ("web", "running", True, "being read"),
        ("web", "running", False, "begun just now, not finished"),
        ("files", "running", False, "begun just now, not finished; the same ingest command goes on"),
    ],
)
def test_a_source_says_how_its_last_reading_ended(kind: str, state: str, reading: bool, words: str) -> None:
    assert source_line(source(kind, state), NOW, reading=reading).read == words


def test_only_web_sources_can_be_read_again_from_here() -> None:
    assert source_line(source("web"), NOW).again == "https://x.org/"
    assert source_line(source("files"), NOW).again == ""
    assert source_line(source("upload"), NOW).place == "Files sent from this page"


def test_a_job_names_documents_with_numbers_of_persons_but_not_every_mail_address() -> None:
    personal = (("va/letter", {"Social Security number": 1}), ("va/page", {"e-mail address": 2}))
    assert job_line(replace(RUNNING, state="done", personal=personal)).personal == (
        PersonalLine(document="va/letter", found="1 Social Security number"),
    )


def test_a_job_that_read_nothing_does_not_look_as_if_all_were_well() -> None:
    def words(progress: IngestProgress) -> tuple[str, str]:
        shown = job_line(replace(RUNNING, state="done", progress=progress))
        return shown.state, shown.state_words

    assert words(IngestProgress(failed=2)) == ("failed", "nothing read")
    assert words(IngestProgress(failed=2, unchanged=1)) == ("done", "done")
    assert words(IngestProgress(failed=1, removed=1)) == ("done", "done")
    assert words(IngestProgress()) == ("done", "done")


def test_a_long_list_of_results_shows_the_newest_and_all_that_was_skipped() -> None:
    results = tuple(DocumentResult(name=str(n), fate="skipped" if n == 0 else "added") for n in range(100))
    lines = result_lines(replace(RUNNING, results=results))
    assert len(lines) == MAX_DONE + 1
    assert (lines[0].name, lines[1].name) == ("0", "99")
