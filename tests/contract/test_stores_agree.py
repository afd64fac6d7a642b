"""Both stores rank alike: the same pages, the same questions, nearly the same first five."""

from __future__ import annotations

from pathlib import Path

from realtime_agents.knowledge.elastic.config import ElasticConfig
from realtime_agents.knowledge.elastic.store import ElasticKnowledgeBase
from realtime_agents.knowledge.evaluation import Judged, overlap, run
from realtime_agents.knowledge.ingest import read_documents
from realtime_agents.knowledge.port import Document, SearchMode
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.settings import ROOT
from tests.contract.conftest import empty

PAGES = ROOT / "agent_configs" / "benefits" / "knowledge"
COUNT = 16
ASKED: tuple[tuple[SearchMode, float], ...] = (("hybrid", 0.9), ("vector", 0.95), ("lexical", 0.9))
"""BM25 of the two counts rare words and long pages a little differently."""


async def test_both_stores_find_nearly_the_same_in_the_same_order(
    tmp_path: Path, elastic_config: ElasticConfig
) -> None:
    pages = [found for found in read_documents(PAGES, "benefits") if isinstance(found, Document)][:COUNT]
    questions = [Judged(text=f"What about {page.title}?", relevant=frozenset({page.id})) for page in pages]
    embedded = EmbeddedKnowledgeBase(tmp_path / "knowledge.db")
    elastic = ElasticKnowledgeBase(elastic_config)
    try:
        await embedded.upsert(pages)
        await elastic.take_over(embedded)
        for mode, least in ASKED:
            ours = await run(embedded, questions, name="embedded", mode=mode)
            theirs = await run(elastic, questions, name="elasticsearch", mode=mode)
            assert overlap(ours, theirs) >= least, mode
            assert abs(ours.mrr - theirs.mrr) <= 0.05, mode
            if mode != "lexical":
                assert ours.hit(5) == 1.0
    finally:
        await embedded.close()
        await elastic.close()
        await empty(elastic_config)
