"""Who can be spoken to: scenarios, agents, what they suggest, and what is in use."""

from __future__ import annotations

import reflex as rx

from realtime_agents.agents.config import AgentConfig, ScenarioConfig
from realtime_agents.health import badge
from realtime_agents.runtime import get_runtime
from realtime_agents.state.rows import AgentFace, Faces, agent_face


class CatalogState(rx.State):
    """The header's choices. Changes when a person or a handoff chooses, not while an answer comes."""

    scenario: rx.Field[str] = rx.field("")
    scenarios: rx.Field[tuple[tuple[str, str], ...]] = rx.field(())
    """(name, title) of each."""
    agents: rx.Field[tuple[AgentFace, ...]] = rx.field(())
    agent: rx.Field[str] = rx.field("")
    """The one that speaks, or will speak first."""
    agent_title: rx.Field[str] = rx.field("")
    agent_initial: rx.Field[str] = rx.field("")
    agent_color: rx.Field[str] = rx.field("")
    agent_about: rx.Field[str] = rx.field("")
    welcome: rx.Field[str] = rx.field("")
    """What stands above an empty conversation: the agent's greeting, or what the scenario is about."""
    suggestions: rx.Field[tuple[str, ...]] = rx.field(())
    badge: rx.Field[str] = rx.field("")
    healthy: rx.Field[bool] = rx.field(default=True)

    def _refresh(self) -> None:
        """Scenarios and agents as the files have them now."""
        runtime = get_runtime()
        parts = runtime.health()
        self.badge, self.healthy = badge(parts), all(part.ok for part in parts)
        scenarios, preferred = runtime.catalog.scenarios, runtime.settings.scenario
        self.scenarios = tuple((s.name, s.title) for s in scenarios.values())
        if self.scenario not in scenarios:
            self.scenario = preferred if preferred in scenarios else next(iter(scenarios), "")
        self._choose(self.scenario, self.agent)

    def _choose(self, scenario_name: str, agent_name: str) -> None:
        """Show that scenario and agent; its opening agent when there is none of that name."""
        scenario = get_runtime().catalog.scenarios.get(scenario_name)
        agents = tuple(agent_face(agent) for agent in scenario.agents.values()) if scenario else ()
        if agents != self.agents:
            self.agents = agents
        agent = (scenario.agents.get(agent_name) or scenario.agents.get(scenario.start)) if scenario else None
        self.scenario, self.agent = scenario_name, agent.name if agent else ""
        face = agent_face(agent) if agent else AgentFace(name="", title="", initial="", color="")
        self.agent_title, self.agent_initial, self.agent_color = face.title, face.initial, face.color
        self.agent_about = face.description
        self.welcome = (agent.greeting if agent else "") or (scenario.description if scenario else "")
        self.suggestions = _suggestions(scenario, agent)

    def _faces(self) -> Faces:
        return {face.name: face for face in self.agents}


def _suggestions(scenario: ScenarioConfig | None, agent: AgentConfig | None) -> tuple[str, ...]:
    """The agent's own; those of the scenario's opening agent when it has none."""
    if scenario is None or agent is None:
        return ()
    opener = scenario.agents.get(scenario.start)
    return agent.suggestions or (opener.suggestions if opener else ())
