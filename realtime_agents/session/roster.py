"""The agents of one session: who speaks now, and how the server is configured for them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from realtime_agents.agents.config import AgentConfig, ScenarioConfig
from realtime_agents.agents.prompt import build_instructions, handoff_tools
from realtime_agents.errors import ConfigError, SessionError
from realtime_agents.protocol.session_config import NULL, RealtimeSession, RetentionRatio
from realtime_agents.session.line_messages import ListenMode
from realtime_agents.session.voice_config import TurnTaking, VoiceDefaults, transcription, turn_taking
from realtime_agents.tools.registry import ToolRegistry

log = logging.getLogger(__name__)

_RETENTION = RetentionRatio(retention_ratio=0.8)
"""When the context is full, cut a fifth at once: cutting a little each turn would bust the cache."""
_HANDS_FREE: tuple[ListenMode, ...] = ("server_vad", "semantic_vad")


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
        voice: VoiceDefaults | None = None,
        start: str = "",
    ) -> None:
        """Raises `ConfigError` when there is no scenario, `SessionError` when there is no agent ``start``."""
        self._look_up = scenario
        self._tools = tools
        self._today = today
        self._voice = voice or VoiceDefaults()
        self._scenario = scenario()
        self.current = self._agent(start or self._scenario.start)
        self.listen: ListenMode | None = None
        """How the person is listened to; None while the conversation is typed."""
        self._voice_name = ""
        """Voice of this session, once a server was told."""
        self._may_name_voice = True

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

    def turn_taking(self) -> TurnTaking:
        """How the end of a spoken turn is found for the current agent."""
        return turn_taking(self.listen or "push_to_talk", self.current.turn_detection)

    def on_audio(self) -> None:
        """The server has begun to speak: from now on its voice cannot change."""
        self._may_name_voice = False

    def instructions(self) -> str:
        """What the current agent is told about itself, as of today."""
        return build_instructions(self._scenario, self.current, self._today())

    def configuration(self, *, first: bool) -> RealtimeSession:
        """The ``session`` of a ``session.update`` for the current agent; ``first``: on a new connection."""
        agent = self.current
        if first:
            self._may_name_voice = True
        known = [name for name in agent.tools if self._tools.get(name) is not None]
        tools = [*self._tools.wire(known), *self._handoff_tools()]
        return replace(
            self.voice_configuration(name_voice=first),
            instructions=self.instructions(),
            tools=tuple(tools),
            truncation=_RETENTION,
            max_output_tokens=agent.max_output_tokens or "inf",
        )

    def voice_configuration(self, *, name_voice: bool = False, leave: bool = False) -> RealtimeSession:
        """The part of it that says how to listen and to speak.

        ``name_voice``: name the voice unless the server has spoken already, as it cannot change
        then and one refused field refuses the whole update. The voice is that of the agent that
        was current at the first time, for the whole session. ``leave``: stop listening.
        """
        if self.listen is None:
            ending = NULL if leave else None
            return RealtimeSession(output_modalities=("text",), turn_detection=ending)
        named = name_voice and self._may_name_voice
        if named:
            self._voice_name = self._voice_name or self.current.voice
        return RealtimeSession(
            output_modalities=("audio",),
            voice=self._voice_name if named else None,
            pcm_24khz=True,
            turn_detection=self.turn_taking().wire,
            transcription=transcription(self.current, self._voice),
            noise_reduction=self._voice.noise_reduction,
        )

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


def spoken_configurations(
    scenario: ScenarioConfig, tools: ToolRegistry, voice: VoiceDefaults, *, today: date
) -> list[RealtimeSession]:
    """What a server is told when a spoken session begins: each agent, each way to listen hands-free."""
    found = []
    for name in scenario.agents:
        for mode in _HANDS_FREE:
            roster = Roster(lambda: scenario, tools, today=lambda: today, voice=voice, start=name)
            roster.listen = mode
            found.append(roster.configuration(first=True))
    return found
