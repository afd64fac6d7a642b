"""Tools are typed async functions; the schema the model sees is built from their signature."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from realtime_agents.agents.config import AgentConfig
from realtime_agents.knowledge.facts import FactBook
from realtime_agents.knowledge.port import KnowledgeSearch
from realtime_agents.tools.schema import schema_of

ToolOutcome = Literal["ok", "not_found", "not_held", "needs_input"]
"""``not_held``: the question is understood, but no value is known for that date."""

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


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
    model should compose the answer from the sources. ``[1]`` in it is the first of ``sources``; the
    runner puts the session's number in its place."""
    sources: tuple[Source, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    """The question to put to the person, when the outcome is ``needs_input``."""
    row: str = ""
    """A few words for the tool row: ``6 passages``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """What every tool may use; built by the session for each call."""

    session_id: str
    agent: AgentConfig
    knowledge: KnowledgeSearch
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

    def wire(self) -> dict[str, Any]:
        """The tool as the Realtime session's ``tools`` list has it."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": dict(self.parameters),
        }


def tool(*, name: str | None = None, timeout_s: float = 8.0) -> Callable[[ToolFunction], Tool]:
    """Make a `Tool` of an async function whose first parameter is the `ToolContext`.

    The docstring is the description the model sees; the annotations become the schema. Raises
    `TypeError` when either is missing.
    """

    def make(function: ToolFunction) -> Tool:
        description = " ".join((inspect.getdoc(function) or "").split())
        function_name = name or str(getattr(function, "__name__", ""))
        if not description:
            raise TypeError(f"the tool {function_name!r} needs a docstring: the model chooses by it")
        return Tool(
            name=function_name,
            description=description,
            parameters=schema_of(function),
            function=function,
            timeout_s=timeout_s,
        )

    return make


class ToolRegistry:
    """The tools that exist, by name. Immutable once built."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for each in tools:
            if not _TOOL_NAME.fullmatch(each.name):
                raise ValueError(f"{each.name!r} is no tool name: letters, digits, _ and -, at most 64")
            if each.name in self._tools:
                raise ValueError(f"two tools are named {each.name!r}")
            self._tools[each.name] = each

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._tools)

    def get(self, name: str) -> Tool | None:
        return self._tools.get(name)

    def wire(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """The named tools in the form of a session's ``tools`` list. Raises `KeyError`."""
        return [self._tools[name].wire() for name in names]

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)
