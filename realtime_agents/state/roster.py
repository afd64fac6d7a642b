"""The agents page: the files as they are in force, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from realtime_agents.agents.config import AgentConfig, ScenarioConfig
from realtime_agents.runtime import get_runtime
from realtime_agents.state.handlers import handler
from realtime_agents.state.words import initial


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
    """Read from the catalogue, which follows the files while the app runs."""

    scenarios: rx.Field[tuple[ScenarioLine, ...]] = rx.field(())
    mistakes: rx.Field[tuple[MistakeLine, ...]] = rx.field(())

    @handler
    def arrive(self) -> None:
        """The page was opened."""
        catalog = get_runtime().catalog
        self.scenarios = tuple(_scenario(scenario) for scenario in catalog.scenarios.values())
        self.mistakes = tuple(
            MistakeLine(where=f"{e.file}:{e.line}" if e.line is not None else e.file, message=e.message)
            for e in catalog.errors
        )


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
