"""The knowledge page: what is held, and a search that shows how it ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.port import Hit, Query
from realtime_agents.runtime import get_runtime
from realtime_agents.state.handlers import handler
from realtime_agents.state.model_input import score_words
from realtime_agents.state.words import duration_words, title_words

HITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionLine:
    """A collection and how much it holds."""

    name: str
    title: str
    documents: str
    passages: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HitLine:
    """A passage found, with the score of each leg."""

    id: str
    title: str
    meta: str
    summary: str
    score: str
    lexical: str
    cosine: str


class KnowledgeState(rx.State):
    """Counts per collection, and the hits of the last search."""

    collections: rx.Field[tuple[CollectionLine, ...]] = rx.field(())
    vectors: rx.Field[bool] = rx.field(default=True)
    chosen: rx.Field[str] = rx.field("")
    """Collection searched; empty for all."""
    words: rx.Field[str] = rx.field("")
    hits: rx.Field[tuple[HitLine, ...]] = rx.field(())
    outcome: rx.Field[str] = rx.field("")
    """``8 passages in 12 ms``."""
    problem: rx.Field[str] = rx.field("")

    @handler
    async def arrive(self) -> None:
        """The page was opened."""
        try:
            stats = await get_runtime().knowledge.stats()
        except KnowledgeError as error:
            self.problem = str(error)
            return
        self.vectors, self.problem = stats.vectors, ""
        self.collections = tuple(
            CollectionLine(name=n, title=title_words(n), documents=f"{d:,}", passages=f"{p:,}")
            for n, (d, p) in sorted(stats.collections.items())
        )

    @handler
    async def choose(self, collection: str) -> None:
        """Search this collection only, or all again."""
        self.chosen = "" if collection == self.chosen else collection
        if self.words:
            await self._search()

    @handler
    async def search(self, form: dict[str, Any]) -> None:
        """Search as the agents do."""
        self.words = str(form.get("words", "")).strip()
        await self._search()

    async def _search(self) -> None:
        self.hits, self.outcome, self.problem = (), "", ""
        if not self.words:
            return
        collections = (self.chosen,) if self.chosen else ()
        try:
            result = await get_runtime().knowledge.search(
                Query(text=self.words, collections=collections, limit=HITS)
            )
        except KnowledgeError as error:
            self.problem = str(error)
            return
        self.hits = tuple(hit_line(hit) for hit in result.hits)
        if result.degraded:
            self.problem = (
                f"Without the {' and '.join(result.degraded)} part of the search, which does not answer."
            )
        found = f"{len(result.hits)} passages" if len(result.hits) != 1 else "1 passage"
        cosine = (
            f" · best cosine {score_words(result.top_cosine, 3)}" if result.top_cosine is not None else ""
        )
        self.outcome = f"{found} in {duration_words(result.duration_ms)}{cosine}"


def hit_line(hit: Hit) -> HitLine:
    """One hit as the page shows it."""
    passage = hit.passage
    where = (passage.section, passage.source, f"as of {passage.as_of}" if passage.as_of else "")
    return HitLine(
        id=passage.id,
        title=passage.title,
        meta=" · ".join(part for part in where if part),
        summary=passage.summary,
        score=score_words(hit.score, 4),
        lexical=score_words(hit.lexical, 2),
        cosine=score_words(hit.cosine, 3),
    )
