"""What an agent and a scenario are, once read from their files and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Modality = Literal["text", "audio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """One agent: a YAML file of ``agent_configs/<scenario>/``. The README there is the schema."""

    name: str
    """Identifier, also the file's name: ``medicare``."""
    title: str
    """Shown to people: ``Medicare``."""
    description: str
    """What it is for, in one or two sentences. Routes handoffs, so it names the topics."""
    instructions: str
    color: str = "slate"
    """Name of a colour token of the page: slate, blue, green, purple, orange, teal."""
    voice: str = "marin"
    language: str = "en"
    greeting: str = ""
    """Shown above an empty conversation; the scenario's description stands there when it is empty."""
    suggestions: tuple[str, ...] = ()
    """Questions offered while the conversation is empty."""
    knowledge: tuple[str, ...] = ()
    """Collections it searches. Collections that no agent names are open to all."""
    tools: tuple[str, ...] = ()
    handoffs: tuple[str, ...] = ()
    turn_detection: Mapping[str, Any] | None = None
    max_output_tokens: int | None = None
    version: str = ""
    """Content hash of the file, 12 hex digits: goes on every session and span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioConfig:
    """A folder of agents that hand over to one another."""

    name: str
    title: str
    description: str
    start: str
    """The agent that opens a call."""
    agents: Mapping[str, AgentConfig] = field(default_factory=dict)
    """In the order in which the page shows them."""
    version: str = ""

    def collections_for(self, agent: AgentConfig, existing: tuple[str, ...]) -> tuple[str, ...]:
        """Collections the agent searches among ``existing``: its own and those no agent claims."""
        claimed = {c for other in self.agents.values() for c in other.knowledge}
        return tuple(c for c in existing if c in agent.knowledge or c not in claimed)
