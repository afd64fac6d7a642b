from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.port import Document, Query
from realtime_agents.knowledge.rerank import Reranker, blended
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from tests.knowledge.fakes import HashEmbedder

PAGES = [
    Document(id=name, title="Page", collection="c", text=f"The same words about {name}.")
    for name in ("apples", "bears", "crows")
]


def test_the_first_passages_get_a_new_order_and_stay_the_first() -> None:
    ranked = [("a", 0.9), ("b", 0.8), ("c", 0.7), ("d", 0.6)]
    mixed = blended(ranked, [-5.0, -5.0, 5.0])
    assert [key for key, _ in mixed] == ["a", "c", "b", "d"]
    scores = [score for _, score in mixed]
    assert scores == sorted(scores, reverse=True)
    assert blended([("a", 0.5)], [3.0]) == [("a", 0.5)]
    assert blended([], []) == []


def test_the_model_tells_an_answer_from_something_else() -> None:
    texts = ["Bears sleep in winter.", "You pay 20% of the cost of a walker after the deductible."]
    far, near = Reranker().logits("How much does a walker cost me?", texts, time.monotonic() + 60)
    assert near > far + 3


def test_past_the_deadline_nothing_is_read() -> None:
    with pytest.raises(TimeoutError):
        Reranker().logits("x", ["y"], time.monotonic() - 1)


async def order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: object, **query: object
) -> tuple[list[str], tuple[str, ...]]:
    def logits(_self: Reranker, _question: str, texts: Sequence[str], _deadline: float) -> list[float]:
        if isinstance(answer, Exception):
            raise answer
        return [9.0 if "crows" in text else -9.0 for text in texts]

    monkeypatch.setattr(Reranker, "logits", logits)
    kb = EmbeddedKnowledgeBase(tmp_path / "knowledge.db", HashEmbedder)
    await kb.upsert(PAGES)
    result = await kb.search(Query(text="the same words", **query))  # type: ignore[arg-type]
    await kb.close()
    return [hit.passage.document_id for hit in result.hits], result.degraded


async def test_reranking_is_off_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await order(tmp_path, monkeypatch, None))[0][-1] == "crows"


async def test_a_query_may_ask_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names, degraded = await order(tmp_path, monkeypatch, None, rerank=3)
    assert names.index("crows") < 2
    assert degraded == ()
    assert len((await order(tmp_path, monkeypatch, None, rerank=3, limit=1))[0]) == 1


@pytest.mark.parametrize(
    "fault",
    [TimeoutError(), KnowledgeError("The model is not installed."), RuntimeError("the model is on fire")],
)
async def test_without_it_the_order_stays_and_the_result_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    names, degraded = await order(tmp_path, monkeypatch, fault, rerank=3)
    assert names[-1] == "crows"
    assert degraded == ("rerank",)
