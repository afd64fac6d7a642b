"""Keeps an eye on the knowledge base: how it is, what it holds, whether its own pages are in it."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from realtime_agents.errors import KnowledgeError
from realtime_agents.health import Part
from realtime_agents.knowledge.port import KnowledgeBase
from realtime_agents.knowledge.seed import KnowledgeSeed

log = logging.getLogger(__name__)

SERVER_EVERY_S = 10.0
"""How often a server is asked how it is, and whether the pages are there; a file in this process is always asked."""
AGAIN_AFTER_S = 10.0
"""When pages could not be brought in they are tried again after this."""


class KnowledgeWatch:
    """A store that does not answer is told by `part`; its pages follow once it answers again."""

    def __init__(self, knowledge: KnowledgeBase, seed: KnowledgeSeed, *, is_server: bool) -> None:
        self._knowledge = knowledge
        self._seed = seed
        self._is_server = is_server
        self._seen: Part | None = None
        self._takes_pages = False
        self._pages_problem = ""
        self._look_due = self._pages_due = 0.0
        self.collections: tuple[str, ...] | None = None
        """Those that were there when it last answered; None before it ever did."""

    @property
    def seen(self) -> Part:
        """As it was when it was looked at last: nothing is waited for."""
        return self._seen or Part(
            name="knowledge", implementation="", ok=False, detail="not looked at yet", embedded=True
        )

    async def part(self) -> Part:
        """As it is now, or was a few seconds ago."""
        now = time.monotonic()
        if self._seen is None or now >= self._look_due:
            self._seen = await self._look()
            # Counted from its end: one that waited is not followed by another at once.
            self._look_due = time.monotonic() + (SERVER_EVERY_S if self._is_server else 0.0)
        return self._seen

    async def bring_pages_in(self) -> None:
        """Follow the scenario's own pages. When that fails `part` tells why, and it is tried again later."""
        now = time.monotonic()
        if now < self._pages_due:
            return
        if self._is_server:
            await self.part()
            if not self._takes_pages:
                return
            self._pages_due = now + SERVER_EVERY_S
        problem, changed = "", False
        try:
            changed = await self._seed.apply(self._knowledge) is not None
        except KnowledgeError as error:
            self._pages_due = now + AGAIN_AFTER_S
            problem = str(error)
            if problem != self._pages_problem:
                log.warning("the scenario's pages could not be brought in", extra={"reason": problem})
        if changed or problem != self._pages_problem:
            self._look_due = 0.0
        self._pages_problem = problem

    async def _look(self) -> Part:
        health = await self._knowledge.health()
        self._takes_pages = health.ok
        part = Part(
            name="knowledge",
            implementation=health.implementation,
            ok=health.ok,
            detail=health.detail,
            embedded=not self._is_server,
        )
        if not health.answers:
            return part
        try:
            stats = await self._knowledge.stats()
        except KnowledgeError as error:
            self._takes_pages = False
            return replace(part, ok=False, detail=str(error))
        self.collections = tuple(stats.collections)
        documents = sum(d for d, _ in stats.collections.values())
        passages = sum(p for _, p in stats.collections.values())
        names = ", ".join(stats.collections) or "none"
        detail = f"{documents} documents and {passages} passages; collections: {names}"
        if self._is_server or not health.ok:
            detail = f"{health.detail}; {detail}"
        if not stats.vectors:
            detail += "; words only, there are no vectors to search"
        if self._knowledge.notice and self._knowledge.notice not in detail:
            detail += f"; {self._knowledge.notice}"
        if self._pages_problem:
            detail += f"; the scenario's own pages could not be brought up to date: {self._pages_problem}"
        ok = health.ok and stats.vectors and not self._pages_problem
        return replace(part, ok=ok, detail=detail)
