"""The knowledge page: what is held, who reads it, and a search that shows how it ranks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import reflex as rx

from realtime_agents.agents.config import ScenarioConfig
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.ledger import SourceRecord
from realtime_agents.knowledge.port import SOURCE_TYPES, Query, SearchMode
from realtime_agents.runtime import get_runtime
from realtime_agents.state.catalog import CatalogState
from realtime_agents.state.handlers import background, background_latest, handler
from realtime_agents.state.knowledge_lines import (
    CollectionLine,
    HitLine,
    ScopeLine,
    ago_words,
    collection_lines,
    hit_line,
    scope_lines,
    seconds_of,
)
from realtime_agents.state.model_input import score_words
from realtime_agents.state.reader import ReaderState
from realtime_agents.state.words import count_words, duration_words, title_words
from realtime_agents.tools.builtin import MIN_COSINE

HITS = 12
LEG_HITS = 50
"""How far each leg is looked through for the places of the hits."""


_FAILED = {
    "lexical": "The search by words does not answer: this was found by meaning only.",
    "vector": "The search by meaning does not answer: this was found by words only.",
    "rerank": "The second look at the first passages failed: their order is the first one.",
}


class KnowledgeState(rx.State):
    """Counts per collection, and the hits of the last search."""

    collections: rx.Field[tuple[CollectionLine, ...]] = rx.field(())
    scopes: rx.Field[tuple[ScopeLine, ...]] = rx.field(())
    names: rx.Field[tuple[str, ...]] = rx.field(())
    """Collections by name, for the form that fills them."""
    store: rx.Field[str] = rx.field("")
    """Which store answers, and when what it holds was changed last, whoever did it."""
    store_problem: rx.Field[str] = rx.field("")
    """What is wrong with the store or its search; empty when all is well."""
    chosen: rx.Field[str] = rx.field("")
    """Collection searched; empty for all."""
    agent: rx.Field[str] = rx.field("")
    """Agent searched as; empty for none."""
    words: rx.Field[str] = rx.field("")
    kind: rx.Field[str] = rx.field("")
    """Source type searched; empty for all."""
    day: rx.Field[str] = rx.field("")
    """ISO day on which pages must hold; empty for any."""
    hits: rx.Field[tuple[HitLine, ...]] = rx.field(())
    outcome: rx.Field[str] = rx.field("")
    """``8 passages in 12 ms``."""
    verdict: rx.Field[str] = rx.field("")
    """That an agent would not answer from what was found; empty when it would."""
    problem: rx.Field[str] = rx.field("")

    @background
    async def arrive(self) -> None:
        """The page was opened: nothing was searched or is read yet."""
        async with self:
            self.words = self.chosen = self.agent = ""
            self.outcome = self.verdict = self.problem = ""
            self.hits = ()
            (await self.get_state(ReaderState)).close()
        seen = await look()
        async with self:
            await self._take(seen)

    @handler
    def choose(self, collection: str) -> Any:
        """Search this collection only, or all again."""
        self.chosen, self.agent = "" if collection == self.chosen else collection, ""
        return KnowledgeState.find()

    @handler
    def choose_agent(self, agent: str) -> Any:
        """Search what this agent reads, or everything again."""
        self.agent, self.chosen = "" if agent == self.agent else agent, ""
        return KnowledgeState.find()

    @handler
    def search(self, form: dict[str, Any]) -> Any:
        """Search as the agents do."""
        self.words = str(form.get("words", "")).strip()
        self.kind, self.day = str(form.get("kind", "")), str(form.get("day", ""))
        return KnowledgeState.find()

    @background_latest
    async def find(self) -> None:
        """Show what there is for the words, in what was chosen. The newest question is answered."""
        async with self:
            words, collections, agent = self.words, await self._wanted(), self.agent
            kinds, day = tuple(name for name in SOURCE_TYPES if name == self.kind), self.day or None
            self.outcome = "Searching …" if words else ""
            self.verdict = self.problem = ""
        if not words:
            found = Findings()
        elif agent and not collections:
            found = Findings(outcome="This agent reads no collection.")
        else:
            found = await find_passages(
                Query(text=words, collections=collections, source_types=kinds, in_force_on=day, limit=HITS)
            )
        async with self:
            self.hits, self.outcome = found.hits, found.outcome
            self.verdict, self.problem = found.verdict, found.problem

    async def _take(self, seen: Holdings) -> None:
        """Show what `look` saw."""
        changed = seconds_of(seen.changed)
        told = f"last changed {ago_words(changed, time.time())}" if changed else ""
        self.store = " · ".join(words for words in (seen.store, told) if words)
        self.store_problem = seen.problem
        if seen.counts is None:
            return
        scenario = await self._scenario()
        self.names = tuple(sorted(seen.counts))
        self.collections = collection_lines(seen.counts, scenario, seen.sources, time.time())
        self.scopes = scope_lines(scenario, self.names)

    async def _scenario(self) -> ScenarioConfig | None:
        """The scenario that is open on the conversation page."""
        runtime = get_runtime()
        chosen = (await self.get_state(CatalogState)).scenario or runtime.settings.scenario
        return runtime.catalog.scenarios.get(chosen)

    async def _wanted(self) -> tuple[str, ...]:
        """Collections to search; empty for all."""
        if self.chosen:
            return (self.chosen,)
        scenario = await self._scenario() if self.agent else None
        agent = scenario.agents.get(self.agent) if scenario else None
        return scenario.collections_for(agent, self.names) if scenario and agent else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a search brought, in lines and words."""

    hits: tuple[HitLine, ...] = ()
    outcome: str = ""
    verdict: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the store says of itself. ``counts`` is None when it does not say."""

    store: str
    problem: str
    counts: Mapping[str, tuple[int, int]] | None
    sources: Sequence[SourceRecord] = ()
    changed: str | None = None
    """ISO time of the last change."""


async def look() -> Holdings:
    """Ask the store what it holds and how it is. May take seconds when it is down: not for the tab's lock."""
    runtime = get_runtime()
    health = await runtime.knowledge.health()
    store = f"{health.implementation.capitalize()}: {health.detail}" if health.ok else ""
    told = ("" if health.ok else health.detail, runtime.knowledge.notice)
    problem = " ".join(words for words in told if words)
    if not health.answers:
        return Holdings(store=store, problem=problem, counts=None)
    try:
        stats = await runtime.knowledge.stats()
        sources = await asyncio.to_thread(runtime.ledger.sources)
    except KnowledgeError as error:
        return Holdings(store=store, problem=problem or str(error), counts=None)
    return Holdings(
        store=store, problem=problem, counts=stats.collections, sources=sources, changed=stats.changed
    )


async def find_passages(query: Query) -> Findings:
    """Search as agents do, and once in each leg alone for the places there."""
    try:
        result = await get_runtime().knowledge.search(query)
    except KnowledgeError as error:
        return Findings(problem=str(error))
    lexical, cosine = await asyncio.gather(_places(query, "lexical"), _places(query, "vector"))
    count = count_words(len(result.hits), "passage")
    nearest = result.top_cosine
    best = f" · nearest meaning {score_words(nearest, 3)}" if nearest is not None else ""
    scope = f" in {', '.join(map(title_words, query.collections))}" if query.collections else ""
    return Findings(
        hits=tuple(hit_line(hit, place, lexical, cosine) for place, hit in enumerate(result.hits, start=1)),
        outcome=f"{count}{scope} in {duration_words(result.duration_ms)}{best}",
        verdict=f"Nothing is near enough in meaning ({MIN_COSINE} is asked for): an agent says that it does not know."
        if result.hits and nearest is not None and nearest < MIN_COSINE
        else "",
        problem=" ".join(_FAILED[name] for name in result.degraded),
    )


async def _places(query: Query, mode: SearchMode) -> dict[str, int]:
    """Place by passage in one leg's own order, from 1; empty when the leg does not answer."""
    try:
        result = await get_runtime().knowledge.search(replace(query, limit=LEG_HITS, mode=mode))
    except KnowledgeError:
        return {}
    return {hit.passage.id: place for place, hit in enumerate(result.hits, start=1)}
