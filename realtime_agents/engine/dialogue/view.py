"""What the dialogue sees: prompt, tools and conversation, cut into exchanges. No state of its own.

An *exchange* is one user message with all that followed it: calls, outputs, the reply. The last
exchange is the one to answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from realtime_agents.engine.dialogue.text import spoken_name, with_apostrophes
from realtime_agents.protocol.items import FunctionCallItem, FunctionCallOutputItem, Item, MessageItem
from realtime_agents.protocol.wishes import asks_to_go_on, words_to_say

HANDOFF_PREFIX = "transfer_to_"
SCOPE_FALLBACK_CHARS = 400
MAX_REQUEST_CHARS = 2_000
"""Of a longer message only the beginning is understood; the rest stays in the conversation."""
MAX_EXCHANGES = 16
"""How far back the dialogue looks: a turn costs the same after an hour."""

ToolChoice = Literal["auto", "none", "required"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A function the client offers."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of the arguments."""

    @property
    def is_handoff(self) -> bool:
        return self.name.startswith(HANDOFF_PREFIX)

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """Schemas by parameter name; anything malformed is left out."""
        found = self.parameters.get("properties")
        if not isinstance(found, Mapping):
            return {}
        return {name: schema for name, schema in found.items() if isinstance(schema, Mapping)}

    @property
    def required(self) -> tuple[str, ...]:
        found = self.parameters.get("required")
        return tuple(n for n in found if n in self.properties) if isinstance(found, Sequence) else ()

    @property
    def text(self) -> str:
        """Name and description as one text, for comparison of meaning."""
        return f"{spoken_name(self.name)}. {self.description}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueContext:
    """Everything one response may look at."""

    instructions: str
    items: tuple[Item, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice = "auto"
    forced_tool: str | None = None
    """Name of the function that `tool_choice` asks for by name."""
    parallel_tool_calls: bool = True
    aloud: bool = False
    """The answer will be spoken, not read."""
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call of an exchange; ``output`` is ``None`` while it has not come back."""

    name: str
    arguments: str
    output: str | None = None

    @property
    def is_handoff(self) -> bool:
        return self.name.startswith(HANDOFF_PREFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A user message and what followed."""

    request: str
    calls: tuple[Call, ...] = ()
    reply: str = ""
    steered: bool = False
    """A system message came after the request: the client has decided who answers it."""

    @property
    def was_handed_over(self) -> bool:
        return self.steered or any(call.is_handoff for call in self.calls)

    @property
    def handoffs(self) -> int:
        """How often the message was handed over."""
        return sum(call.is_handoff for call in self.calls)

    @property
    def lookups(self) -> tuple[Call, ...]:
        """The calls of the agent that speaks now: those after the last handoff."""
        handed = max((i for i, call in enumerate(self.calls) if call.is_handoff), default=-1)
        return self.calls[handed + 1 :]

    @property
    def tools_in_need(self) -> frozenset[str]:
        """Names of the tools that came back with a question."""
        found = ((call.name, parse_object(call.output)) for call in self.lookups if call.output)
        return frozenset(name for name, output in found if output and output.get("outcome") == "needs_input")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the instructions say about the agent itself."""

    title: str
    """As in ``You are <title>.``; empty when the prompt does not say."""
    scope: str
    """The ``Your scope:`` line, else the beginning of the instructions."""
    has_scope_line: bool
    today: date | None
    verbatim: str
    """Words to say exactly, when the prompt opens with ``Say exactly: "…"``; empty otherwise."""
    goes_on: bool
    """The last answer was cut off by mistake: what was not heard of it is wanted."""


_TITLE = re.compile(r"^\s*You are (?:the |an? )?([^.\n]{2,80})[.\n]", re.MULTILINE)
_SCOPE = re.compile(r"^\s*Your scope:\s*(.+)$", re.MULTILINE)
_TODAY = re.compile(r"Today is (\d{4}-\d{2}-\d{2})")


def read_prompt(instructions: str) -> Prompt:
    """Title, scope and date as the instructions state them."""
    title = _TITLE.search(instructions)
    scope = _SCOPE.search(instructions)
    today = _TODAY.search(instructions)
    return Prompt(
        title=title[1].strip() if title else "",
        scope=scope[1].strip() if scope else instructions[:SCOPE_FALLBACK_CHARS].strip(),
        has_scope_line=scope is not None,
        today=_date(today[1]) if today else None,
        verbatim=words_to_say(instructions),
        goes_on=asks_to_go_on(instructions),
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_exchanges(items: Sequence[Item]) -> tuple[Exchange, ...]:
    """The last exchanges, oldest first; what precedes the first user message is left out."""
    outputs = {i.call_id: i.output for i in items if isinstance(i, FunctionCallOutputItem)}
    exchanges: list[Exchange] = []
    for item in items:
        match item:
            case MessageItem(role="user"):
                exchanges = exchanges[-MAX_EXCHANGES + 1 :]
                exchanges.append(Exchange(request=with_apostrophes(_words(item)[:MAX_REQUEST_CHARS])))
            case _ if not exchanges:
                continue
            case MessageItem(role="assistant"):
                last = exchanges[-1]
                exchanges[-1] = replace(last, reply=f"{last.reply} {_words(item)}".strip())
            case MessageItem(role="system"):
                exchanges[-1] = replace(exchanges[-1], steered=True)
            case FunctionCallItem():
                output = outputs.get(item.call_id or "")
                call = Call(name=item.name, arguments=item.arguments, output=output)
                exchanges[-1] = replace(exchanges[-1], calls=(*exchanges[-1].calls, call))
            case _:
                pass
    return tuple(exchanges)


def _words(item: MessageItem) -> str:
    return " ".join(word for part in item.content if part.words for word in part.words.split())


def parse_object(text: str) -> Mapping[str, Any] | None:
    """``text`` as a JSON object, ``None`` when it is something else."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
