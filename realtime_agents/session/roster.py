"""The agents of one session: who speaks now, and how the server is configured for them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from typing import Any

from realtime_agents.agents.config import AgentConfig, Modality, ScenarioConfig
from realtime_agents.agents.prompt import build_instructions, handoff_tools
from realtime_agents.errors import ConfigError, SessionError
from realtime_agents.protocol.session_config import RealtimeSession, RetentionRatio
from realtime_agents.tools.registry import ToolRegistry

log = logging.getLogger(__name__)

_RETENTION = RetentionRatio(retention_ratio=0.8)
"""When the context is full, cut a fifth at once: cutting a little each turn would bust the cache."""


class Roster:
    """Looks the scenario up at each use, so that an edited file counts from the next turn on.

    A scenario that cannot be read any more, and an agent that is gone from it, stay as they were.
    """

    def __init__(
        self,
        scenario: Callable[[], ScenarioConfig],
        tools: ToolRegistry,
        *,
        today: Callable[[], date],
        modality: Modality,
        start: str = "",
    ) -> None:
        """Raises `ConfigError` when there is no scenario, `SessionError` when there is no agent ``start``."""
        self._look_up = scenario
        self._tools = tools
        self._today = today
        self._modality = modality
        self._scenario = scenario()
        self.current = self._agent(start or self._scenario.start)

    @property
    def scenario(self) -> ScenarioConfig:
        """The scenario as it was at the last `refresh`."""
        return self._scenario

    def refresh(self) -> bool:
        """Read the scenario again; True when the current agent has changed."""
        try:
            self._scenario = self._look_up()
        except ConfigError as error:
            log.warning(
                "scenario cannot be read, the last good one stays in use", extra={"reason": str(error)}
            )
            return False
        newer = self._scenario.agents.get(self.current.name)
        if newer is None or newer.version == self.current.version:
            return False
        self.current = newer
        return True

    def switch(self, name: str) -> AgentConfig:
        """Make ``name`` the current agent. Raises `SessionError` naming the known ones."""
        self.refresh()
        self.current = self._agent(name)
        return self.current

    def targets(self) -> tuple[str, ...]:
        """Agents that the current one may hand over to."""
        return tuple(name for name in self.current.handoffs if name in self._scenario.agents)

    def configuration(self, *, first: bool) -> dict[str, Any]:
        """The ``session`` of a ``session.update`` for the current agent.

        ``first``: on a new connection. Only then the voice is named, as it cannot change after the
        first audio and one refused field refuses the whole update.
        """
        agent = self.current
        audio = self._modality == "audio"
        known = [name for name in agent.tools if self._tools.get(name) is not None]
        tools = [*self._tools.wire(known), *self._handoff_tools()]
        return RealtimeSession(
            instructions=build_instructions(self._scenario, agent, self._today()),
            output_modalities=(self._modality,),
            tools=tuple(tools),
            voice=agent.voice if audio and first else None,
            pcm_24khz=audio and first,
            turn_detection=agent.turn_detection if audio else None,
            truncation=_RETENTION,
            max_output_tokens=agent.max_output_tokens or "inf",
        ).to_wire()

    def _handoff_tools(self) -> list[dict[str, Any]]:
        return handoff_tools(self._scenario, self.current)

    def _agent(self, name: str) -> AgentConfig:
        agent = self._scenario.agents.get(name)
        if agent is None:
            known = ", ".join(self._scenario.agents)
            raise SessionError(
                f"There is no agent {name!r} in the scenario {self._scenario.name!r}; there is: {known}."
            )
        return agent
