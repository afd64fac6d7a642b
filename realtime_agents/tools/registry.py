"""Tools are typed async functions; the schema the model sees is built from their signature."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from realtime_agents.agents.config import AgentConfig
from realtime_agents.knowledge.port import KnowledgeBase

ToolOutcome = Literal["ok", "not_found", "not_held", "needs_input"]
"""``not_held``: the question is understood, but no value is known for that date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something an answer may cite, as a tool returned it. The session numbers it."""

    document_id: str
    title: str
    quote: str
    """Words of the source itself; for a passage its speakable summary."""
    passage_id: str = ""
    section: str = ""
    url: str = ""
    as_of: str = ""
    text: str = ""
    """Full passage, given to the model beside the quote."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More for the model: scores, validity dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool found. The runner turns it into the JSON text the model reads."""

    outcome: ToolOutcome
    say: str = ""
    """One or two sentences that answer by themselves, to be spoken as they are; empty when the
    model should compose the answer from the sources."""
    sources: tuple[Source, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    row: str = ""
    """A few words for the tool row: ``6 passages``."""


class FactBook(Protocol):
    """Dated facts; see `realtime_agents.knowledge.facts`."""

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """What every tool may use; built by the session for each call."""

    session_id: str
    agent: AgentConfig
    knowledge: KnowledgeBase
    collections: tuple[str, ...]
    """Collections this agent searches."""
    facts: FactBook
    today: date


ToolFunction = Callable[..., Awaitable[ToolResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A registered tool. ``parameters`` is the JSON schema the model sees."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    function: ToolFunction
    timeout_s: float = 8.0
