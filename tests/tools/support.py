from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from realtime_agents.agents.config import AgentConfig
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.facts import FactBook
from realtime_agents.knowledge.port import (
    Hit,
    Passage,
    Query,
    SearchResult,
)
from realtime_agents.tools.registry import Source, ToolContext

TODAY = date(2026, 11, 22)


class MemoryKnowledge:
    """`KnowledgeSearch` that returns the hits it was given, whose query it keeps."""

    def __init__(
        self,
        hits: Sequence[Hit] = (),
        *,
        top_cosine: float | None = 0.8,
        fails: bool = False,
        degraded: tuple[str, ...] = (),
    ) -> None:
        self.hits = tuple(hits)
        self.top_cosine = top_cosine
        self.fails = fails
        self.degraded = degraded
        self.queries: list[Query] = []

    async def search(self, query: Query) -> SearchResult:
        self.queries.append(query)
        if self.fails:
            raise KnowledgeError("the file is damaged")
        return SearchResult(hits=self.hits, top_cosine=self.top_cosine, degraded=self.degraded)


class Ledger:
    """Numbers sources from a start, as a session's ledger does."""

    def __init__(self, start: int = 1) -> None:
        self.next = start
        self.numbered: list[Source] = []

    def __call__(self, source: Source) -> int:
        self.numbered.append(source)
        self.next += 1
        return self.next - 1


def hit(number: int, text: str = "Part B costs money. It does every month.") -> Hit:
    passage = Passage(
        id=f"page#{number}",
        document_id="page",
        collection="medicare",
        title="A page",
        section=f"Section {number}",
        url="https://example.org/page",
        source="CMS",
        as_of="2026-01",
        text=text,
        summary=text[:20],
        char_start=0,
        char_end=len(text),
    )
    return Hit(passage=passage, score=1.0 / number, lexical=None, cosine=0.8)


def context(
    *tools: str,
    knowledge: MemoryKnowledge | None = None,
    facts: FactBook | None = None,
    collections: bool = True,
) -> ToolContext:
    return ToolContext(
        session_id="s1",
        agent=AgentConfig(name="a", title="A", description="d", instructions="i", tools=tools),
        knowledge=knowledge or MemoryKnowledge(),
        collections=("medicare",) if collections else (),
        facts=facts or FactBook(),
        today=TODAY,
    )
