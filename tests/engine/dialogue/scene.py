"""Conversations for dialogue tests, written as plainly as they are spoken."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

from realtime_agents.engine.dialogue.plan import CallTools, Dialogue, Plan, Say
from realtime_agents.engine.dialogue.view import DialogueContext, ToolSpec
from realtime_agents.protocol.items import (
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    Item,
    MessageItem,
    Role,
)
from realtime_agents.protocol.wishes import TO_GO_ON

_numbers = itertools.count()
TODAY = "Today is 2026-11-22."


def user(text: str) -> Item:
    return _message("user", "input_text", text)


def agent(text: str) -> Item:
    return _message("assistant", "output_text", text)


def system(text: str) -> Item:
    return _message("system", "input_text", text)


def _message(role: Role, kind: str, text: str) -> Item:
    return MessageItem(id=f"m{next(_numbers)}", role=role, content=(ContentPart(type=kind, text=text),))


def call(name: str, output: object = None, arguments: str = "{}") -> list[Item]:
    """A call, with its output unless that is ``None``."""
    call_id = f"c{next(_numbers)}"
    made = FunctionCallItem(id=call_id, call_id=call_id, name=name, arguments=arguments)
    if output is None:
        return [made]
    text = output if isinstance(output, str) else json.dumps(output)
    return [made, FunctionCallOutputItem(id=f"o{next(_numbers)}", call_id=call_id, output=text)]


def tool(name: str, description: str, required: Sequence[str] | None = None, **properties: Any) -> ToolSpec:
    names = list(properties) if required is None else list(required)
    schema = {"type": "object", "properties": properties, "required": names}
    return ToolSpec(name=name, description=description, parameters=schema)


TEXT = {"type": "string"}


def handoff(name: str, description: str) -> ToolSpec:
    return tool(f"transfer_to_{name}", description, reason=TEXT)


def source(n: int, text: str, **more: Any) -> dict[str, Any]:
    base = {"n": n, "title": "", "section": "", "url": "", "as_of": "", "quote": "", "text": text}
    return {**base, **more}


def found(*sources: dict[str, Any], say: str = "", outcome: str = "ok", message: str = "") -> dict[str, Any]:
    return {"outcome": outcome, "say": say, "sources": list(sources), "data": {}, "message": message}


class Scene:
    """An agent with its prompt and tools."""

    def __init__(self, dialogue: Dialogue, instructions: str, tools: Sequence[ToolSpec]) -> None:
        self._dialogue = dialogue
        self._instructions = instructions
        self._tools = tuple(tools)

    def going_on(self) -> Scene:
        """The same agent, asked to go on behind what was heard."""
        return Scene(self._dialogue, f"{self._instructions}\n\n{TO_GO_ON}", self._tools)

    def plan(self, *items: Item | list[Item] | str, **context: Any) -> Plan:
        """A string is what the person says."""
        flat: list[Item] = []
        for item in items:
            if isinstance(item, str):
                flat.append(user(item))
            elif isinstance(item, list):
                flat.extend(item)
            else:
                flat.append(item)
        return self._dialogue.plan(
            DialogueContext(instructions=self._instructions, items=tuple(flat), tools=self._tools, **context)
        )

    def says(self, *items: Item | list[Item] | str, **context: Any) -> str:
        plan = self.plan(*items, **context)
        assert isinstance(plan, Say), plan
        return plan.text + (plan.more() if plan.more is not None else "")

    def calls(self, *items: Item | list[Item] | str, **context: Any) -> list[tuple[str, dict[str, Any]]]:
        plan = self.plan(*items, **context)
        assert isinstance(plan, CallTools), plan
        return [(name, json.loads(arguments)) for name, arguments in plan.calls]
