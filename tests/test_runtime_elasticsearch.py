"""The app with its knowledge base on a server: there, not there, there again."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from realtime_agents.answer import answer_to
from realtime_agents.errors import KnowledgeError
from realtime_agents.health import badge
from realtime_agents.knowledge.elastic.config import ElasticConfig
from realtime_agents.knowledge.elastic.store import ElasticKnowledgeBase
from realtime_agents.knowledge.port import Query
from realtime_agents.runtime import Runtime
from realtime_agents.settings import Settings, load
from tests.contract.conftest import remove
from tests.knowledge.fakes import no_embedder
from tests.servers.fake_elasticsearch import FakeElasticsearch, running

PAGE = "# Burial flags\n\nA flag drapes the casket of a veteran who has died. The next of kin keeps it.\n"


def agents_with_one_page(folder: Path) -> Path:
    pages = folder / "agents" / "benefits" / "knowledge"
    pages.mkdir(parents=True)
    (pages / "flags.md").write_text(PAGE)
    return folder / "agents"


@pytest.fixture
async def prefix(elasticsearch_url: str) -> AsyncIterator[str]:
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield name
    await remove(ElasticConfig(url=elasticsearch_url, prefix=name))


async def test_the_scenarios_own_pages_are_brought_to_the_server(
    tmp_path: Path, elasticsearch_url: str, prefix: str
) -> None:
    settings = load(
        {
            "DATA_DIR": str(tmp_path),
            "AGENTS_DIR": str(agents_with_one_page(tmp_path)),
            "ELASTICSEARCH_URL": elasticsearch_url,
            "ELASTICSEARCH_INDEX": prefix,
        }
    )
    async with Runtime.opened(settings, keep_history=False) as runtime:
        result = await runtime.knowledge.search(Query(text="who keeps the burial flag"))
        part = {part.name: part for part in runtime.health()}["knowledge"]
    assert result.hits[0].passage.title == "Burial flags"
    assert (part.implementation, part.embedded, part.ok) == ("elasticsearch", False, True)
    assert "collections: benefits" in part.detail
    assert not (tmp_path / "knowledge.db").exists()


async def test_the_app_starts_without_its_server_and_says_so(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    settings = load({"DATA_DIR": str(tmp_path), "ELASTICSEARCH_URL": url})
    async with Runtime.opened(settings, keep_history=False) as runtime:
        part = {part.name: part for part in runtime.health()}["knowledge"]
        with pytest.raises(KnowledgeError, match="nothing answers there"):
            await runtime.knowledge.search(Query(text="x"))
        assert "elasticsearch knowledge" in badge(runtime.health())
    assert not part.ok
    assert "nothing answers there" in part.detail


async def test_an_agent_whose_server_is_away_does_not_say_that_nothing_was_found(tmp_path: Path) -> None:
    fake = FakeElasticsearch(fault=(503, {"error": {"type": "master_not_discovered_exception"}}))
    async with running(fake) as url:
        settings = load({"DATA_DIR": str(tmp_path), "ELASTICSEARCH_URL": url})
        async with Runtime.opened(settings, local_engine=True, keep_history=False) as runtime:
            session = await runtime.open_session("benefits", "va")
            await session.send_text("How do I appeal a VA disability decision?")
            async with asyncio.timeout(60):
                await session.wait_idle()
            answer = answer_to(session.snapshot().turns)
    assert [(call.name, call.status) for call in answer.tool_calls] == [("search_knowledge", "failed")]
    assert "did not answer" in answer.text
    assert "found nothing" not in answer.text


async def test_a_server_that_comes_back_gets_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_agents.knowledge_watch.SERVER_EVERY_S", 0.0)
    fake = FakeElasticsearch(fault=(503, {"error": {"type": "master_not_discovered_exception"}}))
    async with running(fake) as url:
        settings = load(
            {
                "DATA_DIR": str(tmp_path),
                "AGENTS_DIR": str(agents_with_one_page(tmp_path)),
                "ELASTICSEARCH_URL": url,
                "ELASTICSEARCH_INDEX": "kb",
            }
        )
        async with Runtime.opened(settings, keep_history=False) as runtime:
            assert not {part.name: part for part in runtime.health()}["knowledge"].ok
            assert fake.stored == {}
            fake.fault = None
            await runtime.refresh()
            await runtime.refresh()
            assert {part.name: part for part in runtime.health()}["knowledge"].ok
    assert any(key.startswith("kb-passages/") for key in fake.stored)


def settings_for(folder: Path, url: str) -> Settings:
    return load(
        {
            "DATA_DIR": str(folder),
            "AGENTS_DIR": str(agents_with_one_page(folder)),
            "ELASTICSEARCH_URL": url,
            "ELASTICSEARCH_INDEX": "kb",
        }
    )


async def test_a_server_that_hangs_holds_up_no_agent_file_and_is_asked_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_agents.knowledge_watch.SERVER_EVERY_S", 0.0)
    monkeypatch.setattr("realtime_agents.knowledge.elastic.store.HEALTH_LIMIT_S", 0.2)
    fake = FakeElasticsearch()
    async with running(fake) as url:
        runtime = Runtime(settings_for(tmp_path, url), keep_history=False)
        await runtime.start()
        try:
            fake.silent, fake.mute = asyncio.Event(), ("/",)
            fake.requests.clear()
            await runtime.follow_agents()
            assert fake.requests == []
            async with asyncio.timeout(20):
                await runtime.follow_pages()
            part = {part.name: part for part in runtime.health()}["knowledge"]
            assert not part.ok
            assert "took too long" in part.detail or "in time" in part.detail
            assert {request.split("/")[1] for request in fake.requests} == {"_cluster"}
        finally:
            assert fake.silent is not None
            fake.silent.set()
            await runtime.stop()


async def test_a_read_only_index_is_told_and_its_pages_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_agents.knowledge_watch.SERVER_EVERY_S", 0.0)
    fake = FakeElasticsearch(blocks={"index.blocks.read_only_allow_delete": "true"})
    async with running(fake) as url, Runtime.opened(settings_for(tmp_path, url), keep_history=False) as app:
        part = {part.name: part for part in app.health()}["knowledge"]
        assert not part.ok
        assert "read-only" in part.detail and "0 documents" in part.detail
        assert fake.stored == {}
        fake.blocks = {}
        await app.refresh()
        assert {part.name: part for part in app.health()}["knowledge"].ok
    assert fake.stored


async def test_without_an_embedder_the_pages_come_and_are_found_by_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "realtime_agents.knowledge.elastic.store.ElasticKnowledgeBase",
        lambda config, **options: ElasticKnowledgeBase(config, no_embedder, **options),
    )
    fake = FakeElasticsearch()
    async with running(fake) as url, Runtime.opened(settings_for(tmp_path, url), keep_history=False) as app:
        part = {part.name: part for part in app.health()}["knowledge"]
        result = await app.knowledge.search(Query(text="who keeps the burial flag"))
    assert result.degraded == ("vector",)
    assert result.hits
    assert not part.ok
    assert "only words are compared" in part.detail
