"""What lies on a real server, and what happens when someone else changes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from elasticsearch import AsyncElasticsearch

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.elastic.client import make_client
from realtime_agents.knowledge.elastic.config import ElasticConfig
from realtime_agents.knowledge.elastic.store import ElasticKnowledgeBase
from realtime_agents.knowledge.port import Document, Query
from tests.contract.conftest import remove
from tests.knowledge.fakes import HashEmbedder

PAGE = Document(id="flag", title="Burial flags", collection="va", text="A flag drapes the casket.")
OTHER = Document(id="ship", title="Ships", collection="va", text="Ships sail at noon.")


@pytest.fixture
async def client(elastic_config: ElasticConfig) -> AsyncIterator[AsyncElasticsearch]:
    await remove(elastic_config)
    made = make_client(elastic_config)
    yield made
    await made.close()
    await remove(elastic_config)


@pytest.fixture
async def kb(
    elastic_config: ElasticConfig, client: AsyncElasticsearch
) -> AsyncIterator[ElasticKnowledgeBase]:
    made = ElasticKnowledgeBase(elastic_config, HashEmbedder)
    await made.upsert([PAGE])
    yield made
    await made.close()


async def test_index_and_template_name_analyser_and_vector_options(
    kb: ElasticKnowledgeBase, client: AsyncElasticsearch, elastic_config: ElasticConfig
) -> None:
    name = f"{elastic_config.prefix}-passages"
    index = (await client.indices.get(index=name))[f"{name}-first"]
    template = (await client.indices.get_index_template(name=name))["index_templates"][0]["index_template"]
    for mappings in (index["mappings"], template["template"]["mappings"]):
        embedding = mappings["properties"]["embedding"]
        assert embedding["index_options"] == {"type": "hnsw", "m": 16, "ef_construction": 100}
        assert (embedding["dims"], embedding["similarity"]) == (64, "cosine")
        assert mappings["properties"]["words"]["analyzer"] == "words"
        assert mappings["dynamic"] == "strict"
        assert mappings["_meta"]["embedder"].startswith("hash:1")
    assert template["index_patterns"] == [f"{name}-*"]


async def test_two_processes_that_start_at_once_make_one_index(
    client: AsyncElasticsearch, elastic_config: ElasticConfig
) -> None:
    made = [ElasticKnowledgeBase(elastic_config, HashEmbedder) for _ in range(4)]
    try:
        await asyncio.gather(*(kb.ensure() for kb in made))
        assert [len(await kb.versions()) for kb in made] == [1] * 4
    finally:
        for kb in made:
            await kb.close()


async def test_an_alias_that_is_gone_does_not_become_an_index(
    kb: ElasticKnowledgeBase, client: AsyncElasticsearch, elastic_config: ElasticConfig
) -> None:
    alias = f"{elastic_config.prefix}-documents"
    await client.indices.delete_alias(index=f"{alias}-first", name=alias)
    with pytest.raises(KnowledgeError):
        await kb.upsert([OTHER])
    assert not await client.indices.exists(index=alias)


async def test_a_read_only_index_is_told_and_still_searched(
    kb: ElasticKnowledgeBase, client: AsyncElasticsearch, elastic_config: ElasticConfig
) -> None:
    index = f"{elastic_config.prefix}-*"
    await client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    with pytest.raises(KnowledgeError, match="read-only"):
        await kb.upsert([OTHER])
    health = await kb.health()
    assert (health.ok, health.answers) == (False, True)
    assert "read-only" in health.detail
    assert (await kb.search(Query(text="casket"))).hits
    await client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": None})
    assert (await kb.health()).ok
    assert (await kb.upsert([OTHER])).added == ("ship",)


@pytest.mark.parametrize("rule", ["analysis", "layout"])
async def test_an_index_by_other_rules_is_refused_until_it_is_rebuilt(
    kb: ElasticKnowledgeBase, client: AsyncElasticsearch, elastic_config: ElasticConfig, rule: str
) -> None:
    name = f"{elastic_config.prefix}-passages"
    meta = (await client.indices.get_mapping(index=name))[f"{name}-first"]["mappings"]["_meta"]
    await client.indices.put_mapping(index=name, meta={**meta, rule: "older"})
    later = ElasticKnowledgeBase(elastic_config, HashEmbedder)
    try:
        with pytest.raises(KnowledgeError, match="knowledge rebuild"):
            await later.search(Query(text="casket"))
        assert (await later.rebuild()).active
        result = await later.search(Query(text="flag drapes the casket"))
        assert result.degraded == ()
        assert result.hits[0].passage.document_id == "flag"
        assert later.notice == ""
    finally:
        await later.close()


async def test_indices_of_another_program_are_left_alone(
    client: AsyncElasticsearch, elastic_config: ElasticConfig
) -> None:
    foreign = f"{elastic_config.prefix}-passages-theirs"
    await client.indices.create(index=foreign)
    kb = ElasticKnowledgeBase(elastic_config, HashEmbedder)
    try:
        await kb.upsert([PAGE])
        assert [version.id for version in await kb.versions()] == ["first"]
        await kb.rebuild()
        assert await client.indices.exists(index=foreign)
    finally:
        await kb.close()
