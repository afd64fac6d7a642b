"""Versions of the knowledge base, and the way back to an earlier one."""

from __future__ import annotations

import time

import reflex as rx

from realtime_agents.errors import KnowledgeError
from realtime_agents.runtime import get_runtime
from realtime_agents.state.handlers import background, handler
from realtime_agents.state.knowledge import KnowledgeState, look
from realtime_agents.state.knowledge_lines import VersionLine, version_line


class VersionsState(rx.State):
    """The versions that are kept; going back asks once."""

    versions: rx.Field[tuple[VersionLine, ...]] = rx.field(())
    asking: rx.Field[str] = rx.field("")
    """Version to go to, while the person is asked whether to."""
    problem: rx.Field[str] = rx.field("")

    @background
    async def arrive(self) -> None:
        """The page was opened."""
        lines, problem = await version_lines()
        async with self:
            self.asking, self.versions, self.problem = "", lines, problem

    @handler
    def ask(self, version: str) -> None:
        """Ask before another version is used."""
        self.asking, self.problem = version, ""

    @handler
    def keep(self) -> None:
        """Stay with the present version."""
        self.asking = ""

    @background
    async def switch(self) -> None:
        """Use the version that was asked about."""
        async with self:
            version, self.asking = self.asking, ""
        problem = ""
        try:
            if version:
                await get_runtime().knowledge.rollback(version)
        except KnowledgeError as error:
            problem = str(error)
        lines, unreadable = await version_lines()
        seen = await look()
        async with self:
            self.problem, self.versions = problem or unreadable, lines
            await (await self.get_state(KnowledgeState))._take(seen)


async def version_lines() -> tuple[tuple[VersionLine, ...], str]:
    """The versions, or none and why."""
    try:
        found = await get_runtime().knowledge.versions()
    except KnowledgeError as error:
        return (), str(error)
    now = time.time()
    return tuple(version_line(version, now) for version in found), ""
