"""From the Realtime conversation to a chat-completions request; pure.

Chat templates of small servers are stricter than the Realtime wire, so the messages keep to what
all of them take:

* one system message, and it stands first; later system items are joined to it;
* user and assistant take turns: what one side said in a row is one message;
* every call is followed at once by its result, and no result comes without its call;
* call ids are nine letters and digits; arguments of earlier calls are JSON objects;
* the last message is the person's or a tool's.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.dialogue.view import DialogueContext, ToolSpec, parse_object
from realtime_agents.protocol.items import (
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    Item,
    MessageItem,
)

Message = dict[str, Any]

SPOKEN_HINT = (
    "Your answer is spoken aloud. Use short sentences in plain words. No Markdown, no tables, no lists, no links, "
    "no emoji. Marks of sources like [3] may stay: they are not read out."
)
NOTHING_NEW = "(The person has said nothing new. Go on as your instructions say.)"
NO_RESULT = "(no result: the call was interrupted)"
INAUDIBLE = "[inaudible]"


def chat_request(context: DialogueContext, config: ChatConfig) -> dict[str, Any]:
    """The body of ``POST /chat/completions``, streamed and with usage at its end."""
    request: dict[str, Any] = {
        "model": config.model,
        "messages": chat_messages(context),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if context.max_output_tokens is not None:
        name = "max_completion_tokens" if config.is_openai else "max_tokens"
        request[name] = context.max_output_tokens
    # Some servers do not know tool_choice "none"; a model that sees no tools calls none.
    if not context.tools or (context.tool_choice == "none" and context.forced_tool is None):
        return request
    request["tools"] = [_tool(tool) for tool in context.tools]
    if context.forced_tool is not None:
        request["tool_choice"] = {"type": "function", "function": {"name": context.forced_tool}}
    elif context.tool_choice == "required":
        request["tool_choice"] = "required"
    if not context.parallel_tool_calls:
        request["parallel_tool_calls"] = False
    return request


def chat_messages(context: DialogueContext) -> list[Message]:
    """Instructions and items as chat messages."""
    said = _Messages()
    outputs = _outputs(context.items)
    calls: list[FunctionCallItem] = []
    for item in context.items:
        if isinstance(item, FunctionCallItem):
            calls.append(item)
            continue
        said.call(calls, outputs)
        calls = []
        if isinstance(item, MessageItem) and item.role != "system":
            said.say(item)
    said.call(calls, outputs)
    if not said.messages or said.messages[-1]["role"] == "assistant":
        said.messages.append({"role": "user", "content": NOTHING_NEW})
    system = _system(context)
    return [{"role": "system", "content": system}, *said.messages] if system else said.messages


class _Messages:
    """Messages in the making, after the system message."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._calls = 0

    def say(self, item: MessageItem) -> None:
        """What a person or the model said; joined to what the same side said just before."""
        content = _content(item)
        if item.role == "assistant" and not content:
            return
        content = content or INAUDIBLE
        last = self.messages[-1] if self.messages else None
        if last is None or last["role"] != item.role or "tool_calls" in last:
            self.messages.append({"role": item.role, "content": content})
        else:
            last["content"] = _joined(last["content"], content)

    def call(self, calls: Sequence[FunctionCallItem], outputs: Mapping[str, deque[str]]) -> None:
        """Calls made in a row, then their results."""
        results: list[Message] = []
        listed: list[dict[str, Any]] = []
        for call in calls:
            waiting = outputs.get(call.call_id or "")
            if not waiting and call.status == "incomplete":
                continue  # it was cut off while the model wrote it, nobody ran it
            self._calls += 1
            call_id = f"call{self._calls:05d}"
            arguments = call.arguments if parse_object(call.arguments) is not None else "{}"
            function = {"name": call.name, "arguments": arguments}
            listed.append({"id": call_id, "type": "function", "function": function})
            output = waiting.popleft() if waiting else NO_RESULT
            results.append({"role": "tool", "tool_call_id": call_id, "content": output or "(empty)"})
        if not listed:
            return
        last = self.messages[-1] if self.messages else None
        if last is not None and last["role"] == "assistant" and "tool_calls" not in last:
            last["tool_calls"] = listed
        else:
            self.messages.append({"role": "assistant", "content": None, "tool_calls": listed})
        self.messages.extend(results)


def _system(context: DialogueContext) -> str:
    """Instructions, then what the client set later, each text once, then how to speak."""
    later = [
        _text(item.content)
        for item in context.items
        if isinstance(item, MessageItem) and item.role == "system"
    ]
    parts = [context.instructions.strip(), *later, SPOKEN_HINT if context.aloud else ""]
    return "\n\n".join(dict.fromkeys(part for part in parts if part))


def _outputs(items: Iterable[Item]) -> dict[str, deque[str]]:
    """Results by call id, oldest first: a client may use an id again."""
    found: dict[str, deque[str]] = {}
    for item in items:
        if isinstance(item, FunctionCallOutputItem):
            found.setdefault(item.call_id, deque()).append(item.output)
    return found


def _content(item: MessageItem) -> str | list[dict[str, Any]]:
    """Plain text where that is all there is: not every server takes a list of parts."""
    text = _text(item.content)
    images = [_image(part) for part in item.content if part.type == "input_image" and part.image_url]
    if not images or item.role != "user":
        return text
    return [*_text_parts(text), *images]


def _text(parts: Iterable[ContentPart]) -> str:
    """Text and transcripts; audio nobody understood has neither."""
    return "\n".join(part.words.strip() for part in parts if part.words and part.words.strip())


def _text_parts(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}] if text else []


def _image(part: ContentPart) -> dict[str, Any]:
    image = {"url": part.image_url} | ({"detail": part.detail} if part.detail else {})
    return {"type": "image_url", "image_url": image}


def _joined(
    before: str | list[dict[str, Any]], more: str | list[dict[str, Any]]
) -> str | list[dict[str, Any]]:
    if isinstance(before, str) and isinstance(more, str):
        return f"{before}\n\n{more}"
    return [*_as_parts(before), *_as_parts(more)]


def _as_parts(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return _text_parts(content) if isinstance(content, str) else content


def _tool(tool: ToolSpec) -> dict[str, Any]:
    # A copy by way of JSON: the request must not share what the session keeps.
    parameters = json.loads(json.dumps(tool.parameters)) or {"type": "object", "properties": {}}
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }
