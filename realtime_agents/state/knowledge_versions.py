"""Versions of the knowledge base, and the way back to an earlier one."""

from __future__ import annotations

import time

import reflex as rx

from realtime_agents.errors import KnowledgeError
from realtime_agents.runtime import get_runtime
from realtime_agents.state.handlers import handler
from realtime_agents.state.knowledge import KnowledgeState
from realtime_agents.state.knowledge_lines import VersionLine, version_line


class VersionsState(rx.State):
    """The versions that are kept; going back asks once."""

    versions: rx.Field[tuple[VersionLine, ...]] = rx.field(())
    asking: rx.Field[str] = rx.field("")
    """Version to go to, while the person is asked whether to."""
    problem: rx.Field[str] = rx.field("")

    @handler
    async def arrive(self) -> None:
        """The page was opened."""
        self.asking = self.problem = ""
        await self._list()

    @handler
    def ask(self, version: str) -> None:
        """Ask before another version is used."""
        self.asking, self.problem = version, ""

    @handler
    def keep(self) -> None:
        """Stay with the present version."""
        self.asking = ""

    @handler
    async def switch(self) -> None:
        """Use the version that was asked about."""
        version, self.asking = self.asking, ""
        try:
            await get_runtime().knowledge.rollback(version)
        except KnowledgeError as error:
            self.problem = str(error)
        await self._list()
        await (await self.get_state(KnowledgeState))._look()

    async def _list(self) -> None:
        try:
            found = await get_runtime().knowledge.versions()
        except KnowledgeError as error:
            self.problem = str(error)
            return
        now = time.time()
        self.versions = tuple(version_line(version, now) for version in found)
