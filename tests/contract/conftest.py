"""The stores that the knowledge contract runs on."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import pytest

from realtime_agents.embedding import Embedder, load_embedder
from realtime_agents.knowledge.base import IndexedKnowledgeBase
from realtime_agents.knowledge.elastic.client import make_client
from realtime_agents.knowledge.elastic.config import ElasticConfig
from realtime_agents.knowledge.elastic.store import ElasticKnowledgeBase
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase

STORES = ("embedded", "elasticsearch")


class Opener(Protocol):
    """Opens the same store, each time it is called."""

    def __call__(self, factory: Callable[[], Embedder] = load_embedder) -> IndexedKnowledgeBase: ...


@pytest.fixture(params=STORES)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    if request.param == "embedded":
        yield lambda factory=load_embedder: EmbeddedKnowledgeBase(tmp_path / "knowledge.db", factory)
        return
    config: ElasticConfig = request.getfixturevalue("elastic_config")
    embedders: list[Callable[[], Embedder]] = []

    def open_store(factory: Callable[[], Embedder] = load_embedder) -> IndexedKnowledgeBase:
        if not embedders and factory is not load_embedder:
            in_a_thread(remove(config))  # an index that is kept was made with the other embedder
        embedders.append(factory)
        return ElasticKnowledgeBase(config, factory)

    yield open_store
    asyncio.run(empty(config) if all(f is load_embedder for f in embedders) else remove(config))


@pytest.fixture(scope="session")
def elastic_config(elasticsearch_url: str) -> Iterator[ElasticConfig]:
    """Names on the server that no other run uses."""
    config = ElasticConfig(url=elasticsearch_url, prefix=f"test-{uuid.uuid4().hex[:12]}")
    yield config
    asyncio.run(remove(config))


def in_a_thread(work: Coroutine[Any, Any, None]) -> None:
    """Do it at once, though a loop may be running here."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, work).result()


async def empty(config: ElasticConfig) -> None:
    """Forget what a test stored. Indices are made anew only where it made others: that takes a second."""
    client = make_client(config)
    try:
        names = await client.indices.get(index=f"{config.prefix}-*", features=["aliases"])
        if set(names) == {f"{config.prefix}-documents-first", f"{config.prefix}-passages-first"}:
            everything: dict[str, dict[str, str]] = {"match_all": {}}
            await client.delete_by_query(
                index=f"{config.prefix}-*", query=everything, refresh=True, conflicts="proceed"
            )
            return
    finally:
        await client.close()
    await remove(config)


async def remove(config: ElasticConfig) -> None:
    """Delete all that a test made on the server."""
    client = make_client(config)
    try:
        found = await client.indices.get(index=f"{config.prefix}-*", features=["aliases"])
        if names := list(found):
            await client.indices.delete(index=names)
        await client.options(ignore_status=404).indices.delete_index_template(name=f"{config.prefix}-*")
    finally:
        await client.close()
