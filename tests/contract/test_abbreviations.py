"""Known abbreviations are spelled out for the embedder while no passage uses them, whatever the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from realtime_agents.knowledge.base import IndexedKnowledgeBase
from realtime_agents.knowledge.elastic import index
from realtime_agents.knowledge.elastic.abbreviations import COUNTING
from realtime_agents.knowledge.elastic.client import CompatibleNode
from realtime_agents.knowledge.elastic.config import ElasticConfig
from realtime_agents.knowledge.elastic.store import ElasticKnowledgeBase
from realtime_agents.knowledge.port import Document, KnowledgeBase, Query
from tests.contract.conftest import Opener, remove
from tests.knowledge.fakes import ListeningEmbedder

SNF = Document(id="snf", title="Stays", collection="c", text="Your SNF stay is paid for.")
TDIU = Document(id="tdiu", title="TDIU", collection="c", text="Who cannot work may get more.")
PATIENT_MS = 30_000
PLAIN, SPELLED_OUT = "What is TDIU?", "What is TDIU? (individual unemployability)"


class Desk:
    """Opens knowledge bases with one embedder, and tells how questions were embedded."""

    def __init__(self, make: Opener) -> None:
        self._make = make
        self._embedder = ListeningEmbedder()
        self.opened: list[IndexedKnowledgeBase] = []

    def open(self) -> IndexedKnowledgeBase:
        self.opened.append(self._make(lambda: self._embedder))
        return self.opened[-1]

    async def embedded(self, kb: KnowledgeBase, text: str = PLAIN) -> str:
        await kb.search(Query(text=text, deadline_ms=PATIENT_MS))
        return self._embedder.asked[-1]


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine counts slowly; how long is waited for is no matter of these tests."""
    monkeypatch.setitem(cast("dict[str, Any]", COUNTING), "timeout", f"{PATIENT_MS}ms")
    monkeypatch.setattr(index, "COUNTING_LIMIT_S", PATIENT_MS / 1000)


@pytest.fixture
async def desk(make: Opener) -> AsyncIterator[Desk]:
    made = Desk(make)
    yield made
    for kb in made.opened:
        await kb.close()


async def test_only_what_no_passage_uses_is_spelled_out(desk: Desk) -> None:
    kb = desk.open()
    await kb.upsert([SNF])
    assert await desk.embedded(kb) == SPELLED_OUT
    assert await desk.embedded(kb, "What is SNF?") == "What is SNF?"
    assert await desk.embedded(kb, "SNF, TDIU or TBI") == (
        "SNF, TDIU or TBI (individual unemployability, traumatic brain injury)"
    )


async def test_what_is_written_and_deleted_here_counts_at_once(desk: Desk) -> None:
    kb = desk.open()
    assert await desk.embedded(kb) == SPELLED_OUT
    await kb.upsert([TDIU])
    assert await desk.embedded(kb) == PLAIN
    await kb.delete(["tdiu"])
    assert await desk.embedded(kb) == SPELLED_OUT


async def test_what_another_process_wrote_counts_from_the_second_question_on(desk: Desk) -> None:
    kb, other = desk.open(), desk.open()
    assert await desk.embedded(kb) == SPELLED_OUT
    await other.upsert([TDIU])
    await kb.search(Query(text="any question", deadline_ms=PATIENT_MS))
    assert await desk.embedded(kb) == PLAIN


async def test_a_store_that_is_opened_knows_before_the_first_question(desk: Desk) -> None:
    await desk.open().upsert([TDIU])
    assert await desk.embedded(desk.open()) == PLAIN


async def test_a_rollback_brings_back_what_was_unused(desk: Desk) -> None:
    kb = desk.open()
    await kb.upsert([SNF])
    await kb.rebuild()
    await kb.upsert([TDIU])
    assert await desk.embedded(kb) == PLAIN
    await kb.rollback()
    assert await desk.embedded(kb) == SPELLED_OUT


async def test_a_question_is_one_search_and_one_fetch_on_a_real_server(
    elastic_config: ElasticConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remove(elastic_config)
    sent: list[str] = []
    real = CompatibleNode.perform_request

    async def listening(
        self: CompatibleNode, method: str, target: str, *rest: object, **named: object
    ) -> object:
        sent.append(target.partition("?")[0].rpartition("/")[2])
        return await real(self, method, target, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(CompatibleNode, "perform_request", listening)
    kb = ElasticKnowledgeBase(elastic_config, ListeningEmbedder)
    try:
        await kb.upsert([SNF])
        for text in ("Is a stay paid for?", "Is an SNF stay paid for?", "Does TDIU pay for an SNF, or SMC?"):
            sent.clear()
            assert (await kb.search(Query(text=text, deadline_ms=PATIENT_MS))).hits
            assert sent == ["_msearch", "_mget"]
    finally:
        await kb.close()
        await remove(elastic_config)
