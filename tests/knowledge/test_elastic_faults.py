"""What the Elasticsearch store does when the server does not do its part."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import elasticsearch
import pytest

from realtime_agents.embedding import Embedder
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.base import IndexedKnowledgeBase
from realtime_agents.knowledge.elastic.bulk import ATTEMPTS
from realtime_agents.knowledge.elastic.config import ElasticConfig
from realtime_agents.knowledge.elastic.store import ElasticKnowledgeBase, ElasticStore
from realtime_agents.knowledge.port import Document, Query
from tests.knowledge.fakes import HashEmbedder, ListeningEmbedder
from tests.servers.fake_elasticsearch import FakeElasticsearch, running

PAGE = Document(
    id="flag",
    title="Burial flags",
    collection="va",
    text="# Burial flags\nA flag drapes the casket.\n\n## Who gets it\nThe next of kin keeps the flag.",
)
SECRET = "hunter2"


class Desk:
    """A fake server, and knowledge bases that use it without waiting."""

    def __init__(self, url: str, fake: FakeElasticsearch) -> None:
        self.url, self.fake = url, fake
        self.pauses: list[float] = []
        self.made: list[IndexedKnowledgeBase] = []

    def open(self, factory: Callable[[], Embedder] = HashEmbedder, **config: str) -> IndexedKnowledgeBase:
        settings = {"url": self.url, "prefix": "kb", **config}
        store = ElasticStore(ElasticConfig(**settings), sleep=self._sleep)
        self.made.append(IndexedKnowledgeBase(store, factory))
        return self.made[-1]

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def stored(self) -> list[str]:
        return sorted(self.fake.stored)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    fake = FakeElasticsearch()
    async with running(fake) as url:
        made = Desk(url, fake)
        yield made
        for kb in made.made:
            await kb.close()


WHOLE = ["kb-documents/flag", "kb-passages/flag#0", "kb-passages/flag#1"]


# Bulk


async def test_what_the_server_had_no_room_for_is_sent_again_and_nothing_else(desk: Desk) -> None:
    sizes: list[int] = []

    def some(lines: list[Any]) -> tuple[int, Any]:
        sizes.append(len(lines) // 2)
        return 200, {"errors": True, "items": desk.fake.take(lines, lambda place: place == 0)}

    desk.fake.bulk_faults = [lambda _: None, some]
    kb = desk.open()
    assert (await kb.upsert([PAGE])).added == ("flag",)
    assert sizes == [2]
    assert desk.stored() == WHOLE
    assert desk.pauses == [0.5]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_whole_request_that_is_refused_for_now_is_sent_again(desk: Desk, status: int) -> None:
    busy = (status, {"error": {"type": "es_rejected_execution_exception"}, "status": status})
    desk.fake.bulk_faults = [lambda _: busy, lambda _: busy]
    kb = desk.open()
    assert (await kb.upsert([PAGE])).added == ("flag",)
    assert desk.stored() == WHOLE
    assert desk.pauses == [0.5, 1.0]


async def test_a_bulk_that_fails_half_way_is_made_good_by_the_next_run(desk: Desk) -> None:
    def half(lines: list[Any]) -> tuple[int, Any]:
        return 200, {"errors": True, "items": desk.fake.take(lines, lambda place: place == 0)}

    def none(lines: list[Any]) -> tuple[int, Any]:
        return 200, {"errors": True, "items": desk.fake.take(lines, lambda _: False)}

    desk.fake.bulk_faults = [lambda _: None, half, *[none] * ATTEMPTS]
    kb = desk.open()
    with pytest.raises(KnowledgeError, match=r"no room for 1 of 2 changes .* run the same again"):
        await kb.upsert([PAGE])
    assert len(desk.pauses) == ATTEMPTS - 1
    assert desk.stored() == WHOLE[:2]
    desk.fake.bulk_faults = []
    report = await kb.upsert([PAGE])
    assert (report.added, report.unchanged) == (("flag",), ())
    assert desk.stored() == WHOLE
    assert (await kb.upsert([PAGE])).unchanged == ("flag",)


async def test_passages_of_a_version_that_was_never_finished_do_not_stay(desk: Desk) -> None:
    def refuse(_: list[Any]) -> tuple[int, Any]:
        return 403, {"error": {"type": "cluster_block_exception"}, "status": 403}

    kb = desk.open()
    desk.fake.bulk_faults = [lambda _: None, lambda _: None, refuse]
    with pytest.raises(KnowledgeError, match="read-only"):
        await kb.upsert([PAGE])
    shorter = Document(id="flag", title="Burial flags", collection="va", text="A flag drapes the casket.")
    await kb.upsert([shorter])
    assert desk.stored() == ["kb-documents/flag", "kb-passages/flag#0"]


async def test_a_document_the_server_refuses_is_reported_and_the_others_stay(desk: Desk) -> None:
    def refuse_first(lines: list[Any]) -> tuple[int, Any]:
        return 200, {"errors": True, "items": desk.fake.take(lines, lambda place: place != 0, status=400)}

    desk.fake.bulk_faults = [lambda _: None, refuse_first]
    other = Document(id="ship", title="Ships", collection="va", text="Ships sail at noon.")
    kb = desk.open()
    report = await kb.upsert([PAGE, other])
    assert report.added == ("ship",)
    assert [name for name, _ in report.failed] == ["flag"]
    assert (await kb.upsert([PAGE, other])).unchanged == ("ship",)


async def test_an_id_longer_than_the_server_takes_is_reported(desk: Desk) -> None:
    long = Document(id="字" * 3_000, title="T", collection="c", text="words")
    report = await desk.open().upsert([long, PAGE])
    assert report.added == ("flag",)
    assert report.failed[0][1] == "its id or collection is too long"


# Searches


async def searched(desk: Desk, **query: Any) -> Any:
    kb = desk.open()
    await kb.upsert([PAGE])
    return await kb.search(Query(text="flag drapes the casket", **query))


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 400, "error": {"type": "search_phase_execution_exception"}},
        {"status": 200, "timed_out": True, "hits": {"hits": []}},
        {"status": 200, "_shards": {"failed": 1}, "hits": {"hits": []}},
    ],
)
@pytest.mark.parametrize("leg", ["lexical", "vector"])
async def test_a_leg_that_fails_leaves_the_other(desk: Desk, leg: str, fault: dict[str, Any]) -> None:
    desk.fake.leg_faults = {leg: fault}
    result = await searched(desk)
    assert result.degraded == (leg,)
    assert [hit.passage.document_id for hit in result.hits] == ["flag", "flag"]


async def test_both_legs_failing_is_an_error(desk: Desk) -> None:
    fault = {"status": 503, "error": {"type": "unavailable_shards_exception"}}
    desk.fake.leg_faults = {"lexical": fault, "vector": fault}
    with pytest.raises(KnowledgeError, match="did not answer"):
        await searched(desk)


async def test_a_server_that_does_not_answer_in_time_is_an_error_at_the_deadline(desk: Desk) -> None:
    desk.fake.silent = asyncio.Event()
    try:
        with pytest.raises(KnowledgeError, match="too long"):
            await searched(desk, deadline_ms=200)
    finally:
        desk.fake.silent.set()


async def test_passages_that_do_not_come_in_time_are_an_error_at_the_deadline(desk: Desk) -> None:
    kb = desk.open()
    await kb.upsert([PAGE])
    desk.fake.silent, desk.fake.mute = asyncio.Event(), ("_mget",)
    try:
        async with asyncio.timeout(20):  # the client alone would wait for minutes
            with pytest.raises(KnowledgeError, match="passages took too long"):
                await kb.search(Query(text="flag drapes the casket", deadline_ms=1_500))
    finally:
        desk.fake.silent.set()


@pytest.mark.parametrize("part", ["_mget", "_search", "_count"])
async def test_what_a_page_asks_for_is_told_to_be_late_when_the_server_is_silent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr("realtime_agents.knowledge.base.ASKED_LIMIT_S", 0.2)
    kb = desk.open()
    await kb.upsert([PAGE])
    asked = {"_mget": lambda: kb.passage("flag#0"), "_search": kb.stats, "_count": kb.versions}[part]
    desk.fake.silent, desk.fake.mute = asyncio.Event(), (part,)
    try:
        async with asyncio.timeout(20):
            with pytest.raises(KnowledgeError, match="did not answer in time"):
                await asked()
    finally:
        desk.fake.silent.set()
    assert await asked()


async def test_opening_ends_when_the_server_says_who_it_is_and_then_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_agents.knowledge.elastic.store.OPENING_LIMIT_S", 0.2)
    desk.fake.silent, desk.fake.mute = asyncio.Event(), ("kb-passages",)
    try:
        async with asyncio.timeout(20):
            with pytest.raises(KnowledgeError, match="does not answer in time"):
                await desk.open().ensure()
    finally:
        desk.fake.silent.set()


async def test_a_request_without_an_answer_is_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = desk.open()
    await first.upsert([PAGE])
    monkeypatch.setattr("realtime_agents.knowledge.elastic.client.REQUEST_TIMEOUT_S", 0.5)
    kb = desk.open()
    await kb.ensure()
    desk.fake.requests.clear()
    desk.fake.silent, desk.fake.mute, desk.fake.deaf = asyncio.Event(), ("_mget",), 1
    try:
        passage = await kb.passage("flag#0")
    finally:
        desk.fake.silent.set()
    assert passage is not None
    assert len([request for request in desk.fake.requests if "_mget" in request]) > 1


@pytest.mark.parametrize("text", ["flag drapes the casket", "casket under TDIU", "TDIU, TBI, SMC or a flag"])
async def test_both_legs_cost_one_request_and_the_texts_another(desk: Desk, text: str) -> None:
    """Whether any passage says "TDIU", which decides what is embedded, comes along with the search before."""
    kb = desk.open()
    await kb.upsert([PAGE])
    for _ in range(2):
        desk.fake.requests.clear()
        assert (await kb.search(Query(text=text))).hits
        assert [request.rpartition("/")[2] for request in desk.fake.requests] == ["_msearch", "_mget"]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 400, "error": {"type": "search_phase_execution_exception"}},
        {"status": 200, "timed_out": True, "aggregations": {"uses": {"buckets": {}}}},
        {"status": 200, "_shards": {"failed": 1}, "aggregations": {"uses": {"buckets": {}}}},
        {"status": 200, "aggregations": {"uses": {"buckets": {"tdiu": {"doc_count": 0}}}}},
    ],
)
async def test_a_count_of_abbreviations_that_fails_takes_nothing_with_it(
    desk: Desk, fault: dict[str, Any]
) -> None:
    embedder = ListeningEmbedder()
    kb = desk.open(lambda: embedder)
    desk.fake.leg_faults = {"count": fault}
    assert (await kb.upsert([PAGE])).added == ("flag",)
    for _ in range(2):
        result = await kb.search(Query(text="casket, TDIU"))
        assert result.degraded == ()
        assert result.hits
    desk.fake.leg_faults = {}
    await kb.search(Query(text="casket"))
    await kb.search(Query(text="casket, TDIU"))
    told = "casket, TDIU (individual unemployability)"
    assert embedder.asked == ["casket, TDIU", "casket, TDIU", "casket", told]


async def test_what_is_known_of_abbreviations_outlives_a_count_that_fails(desk: Desk) -> None:
    embedder = ListeningEmbedder()
    kb = desk.open(lambda: embedder)
    await kb.upsert([PAGE])
    desk.fake.leg_faults = {"count": {"status": 503, "error": {"type": "x"}}}
    for _ in range(2):
        await kb.search(Query(text="casket, TDIU"))
    assert embedder.asked == ["casket, TDIU (individual unemployability)"] * 2


# Servers


async def test_a_server_older_than_the_client_is_spoken_to_in_its_version(desk: Desk) -> None:
    desk.fake.oldest_media_type = 8
    desk.fake.version = "8.19.13"
    kb = desk.open()
    assert (await kb.upsert([PAGE])).added == ("flag",)
    newer = elasticsearch.__version__ >= (9,)
    assert desk.fake.requests.count("GET /") == (2 if newer else 1)  # asked again once, then never


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"header": False}, "not Elasticsearch"),
        ({"version": "8.18.4"}, r"is 8\.18\.4; at least 8\.19 is needed"),
        ({"fault": (401, {"error": {"type": "security_exception"}})}, "ELASTICSEARCH_API_KEY"),
        ({"fault": (403, {"error": {"type": "security_exception"}})}, "rights"),
        ({"fault": (503, {"error": {"type": "master_not_discovered_exception"}})}, "not ready"),
        ({"fault": (200, "not the body of an answer")}, "cannot be used"),
    ],
)
async def test_a_server_that_cannot_be_used_is_told_in_plain_words(
    desk: Desk, change: dict[str, Any], told: str
) -> None:
    for name, value in change.items():
        setattr(desk.fake, name, value)
    kb = desk.open(username="someone", password=SECRET)
    with pytest.raises(KnowledgeError, match=told) as caught:
        await kb.ensure()
    assert SECRET not in str(caught.value)
    health = await kb.health()
    assert not health.ok
    assert health.detail


async def test_a_server_that_is_not_there_is_told_and_found_again(desk: Desk) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://me:{SECRET}@127.0.0.1:{closed.getsockname()[1]}"
    kb = desk.open(url=url)
    for call in (kb.ensure(), kb.search(Query(text="x")), kb.upsert([PAGE]), kb.stats()):
        with pytest.raises(KnowledgeError, match="nothing answers there") as caught:
            await call
        assert SECRET not in str(caught.value)
    desk.fake.fault = (503, {"error": {"type": "x"}})
    back = desk.open()
    with pytest.raises(KnowledgeError, match="not ready"):
        await back.ensure()
    desk.fake.fault = None
    assert (await back.upsert([PAGE])).added == ("flag",)
    assert (await back.health()).ok


async def test_a_red_cluster_is_not_healthy(desk: Desk) -> None:
    kb = desk.open()
    await kb.ensure()
    assert (await kb.health()).ok
    desk.fake.status = "red"
    health = await kb.health()
    assert not health.ok
    assert "red" in health.detail


@pytest.mark.parametrize(("rule", "told"), [("layout", "layout"), ("analysis", "text analysis")])
async def test_an_index_made_by_other_rules_is_refused_with_what_to_do(
    desk: Desk, rule: str, told: str
) -> None:
    first = desk.open()
    await first.upsert([PAGE])
    desk.fake.indices["kb-passages-first"][rule] = "0"
    kb = desk.open()
    await kb.ensure()
    assert told in kb.notice
    assert not (await kb.health()).ok
    for call in (kb.search(Query(text="casket")), kb.upsert([PAGE]), kb.stats()):
        with pytest.raises(KnowledgeError, match="knowledge rebuild"):
            await call


async def test_an_index_of_another_embedder_is_searched_by_words_with_what_to_do(desk: Desk) -> None:
    first = desk.open()
    await first.upsert([PAGE])
    desk.fake.indices["kb-passages-first"]["embedder"] = "other"
    kb = desk.open()
    result = await kb.search(Query(text="flag drapes the casket"))
    assert result.degraded == ("vector",)
    assert result.hits
    assert "knowledge rebuild" in kb.notice


@pytest.mark.parametrize("url", ["http://127.0.0.1", "nonsense://x:1", "127.0.0.1:9200"])
async def test_an_address_the_client_cannot_use_is_named(url: str) -> None:
    kb = ElasticKnowledgeBase(ElasticConfig(url=url, password=SECRET), HashEmbedder)
    with pytest.raises(KnowledgeError, match="ELASTICSEARCH_URL"):
        await kb.ensure()
    await kb.close()


def test_secrets_are_not_shown() -> None:
    config = ElasticConfig(url=f"https://me:{SECRET}@host:9200", api_key=SECRET, password=SECRET)
    assert SECRET not in repr(config)
