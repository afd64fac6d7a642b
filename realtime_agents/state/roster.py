"""The agents page: the files as they are in force, and what is wrong with them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import reflex as rx

from realtime_agents.agents.config import AgentConfig, ScenarioConfig
from realtime_agents.errors import ConfigError
from realtime_agents.runtime import get_runtime
from realtime_agents.state.handlers import background_latest, handler
from realtime_agents.state.presence import is_connected
from realtime_agents.state.words import initial

LOOK_EVERY_S = 1.0
"""As often as the app looks at the files; nothing is sent while they are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLine:
    """One agent file."""

    key: str
    name: str
    title: str
    initial: str
    color: str
    description: str
    facts: str
    """Tools, handoffs and collections in one line of words."""
    version: str
    opens: bool
    """It opens a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioLine:
    """One scenario folder."""

    name: str
    title: str
    description: str
    version: str
    agents: tuple[AgentLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MistakeLine:
    """Something wrong in a file."""

    where: str
    message: str


class RosterState(rx.State):
    """Read from the catalogue, which follows the files while the app runs; an open page follows it."""

    scenarios: rx.Field[tuple[ScenarioLine, ...]] = rx.field(())
    mistakes: rx.Field[tuple[MistakeLine, ...]] = rx.field(())
    _watching: bool = False

    @background_latest
    async def watch(self) -> None:
        """Show the files while the page is open, and what changes in them."""
        async with self:
            self._watching = True
            socket_id = self.router.session.session_id
        shown = None
        while is_connected(socket_id):
            catalog = get_runtime().catalog
            scenarios = tuple(_scenario(scenario) for scenario in catalog.scenarios.values())
            mistakes = tuple(_mistake(error) for error in catalog.errors)
            if (scenarios, mistakes) != shown:
                async with self:
                    if not self._watching:
                        return
                    self.scenarios, self.mistakes = shown = (scenarios, mistakes)
            await asyncio.sleep(LOOK_EVERY_S)

    @handler
    def unwatch(self) -> None:
        """The page was left."""
        self._watching = False


def _mistake(error: ConfigError) -> MistakeLine:
    where = error.file if error.line is None else f"{error.file}:{error.line}"
    return MistakeLine(where=where, message=error.message)


def _scenario(scenario: ScenarioConfig) -> ScenarioLine:
    return ScenarioLine(
        name=scenario.name,
        title=scenario.title,
        description=scenario.description,
        version=scenario.version,
        agents=tuple(
            _agent(scenario.name, agent, opens=agent.name == scenario.start)
            for agent in scenario.agents.values()
        ),
    )


def _agent(scenario_name: str, agent: AgentConfig, *, opens: bool) -> AgentLine:
    facts = (
        ("tools", agent.tools),
        ("searches", agent.knowledge),
        ("hands over to", agent.handoffs),
    )
    return AgentLine(
        key=f"{scenario_name}/{agent.name}",
        name=agent.name,
        title=agent.title,
        initial=initial(agent.title),
        color=agent.color,
        description=agent.description,
        facts=" · ".join(f"{label} {', '.join(names)}" for label, names in facts if names),
        version=agent.version,
        opens=opens,
    )
