"""Server events for reducer tests, as short calls."""

from __future__ import annotations

import base64
from typing import Any

from realtime_agents.protocol.codec import event_from_dict
from realtime_agents.protocol.conversation import Conversation, apply
from realtime_agents.protocol.effects import Effect
from realtime_agents.protocol.events import ServerEvent


def event(type_: str, **members: Any) -> ServerEvent:
    return event_from_dict({"type": type_, "event_id": "e", **members})


def play(conversation: Conversation, *events: ServerEvent) -> list[Effect]:
    return [effect for one in events for effect in apply(conversation, one)]


def order_of(conversation: Conversation) -> list[str]:
    return [item.id for item in conversation.ordered()]


def message(id_: str, role: str = "assistant", text: str | None = None, **members: Any) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    content = [] if text is None else [{"type": kind, "text": text}]
    return {"type": "message", "id": id_, "role": role, "content": content, **members}


def speech(id_: str, transcript: str | None = None, status: str = "completed") -> dict[str, Any]:
    content = [{"type": "input_audio", "transcript": transcript}]
    return {"type": "message", "id": id_, "role": "user", "content": content, "status": status}


def call(id_: str, call_id: str | None = "call_1", arguments: str = "{}", **members: Any) -> dict[str, Any]:
    made = {"type": "function_call", "id": id_, "name": "search", "arguments": arguments, **members}
    return made if call_id is None else {**made, "call_id": call_id}


def added(item: dict[str, Any], **members: Any) -> ServerEvent:
    return event("conversation.item.added", item=item, **members)


def item_done(item: dict[str, Any], **members: Any) -> ServerEvent:
    return event("conversation.item.done", item=item, **members)


def created(id_: str = "r", **members: Any) -> ServerEvent:
    return event("response.created", response={"id": id_, "status": "in_progress", **members})


def done(id_: str = "r", *output: dict[str, Any], status: str = "completed", **members: Any) -> ServerEvent:
    response = {"id": id_, "status": status, "output": list(output), **members}
    return event("response.done", response=response)


def output_added(item: dict[str, Any], response: str = "r") -> ServerEvent:
    return event("response.output_item.added", response_id=response, output_index=0, item=item)


def output_done(item: dict[str, Any], response: str = "r") -> ServerEvent:
    return event("response.output_item.done", response_id=response, output_index=0, item=item)


def part(type_: str, item_id: str = "i", response: str = "r", index: int = 0, **members: Any) -> ServerEvent:
    keys = {"response_id": response, "item_id": item_id, "output_index": 0, "content_index": index}
    return event(type_, **keys, **members)


def text(delta: str, item_id: str = "i", response: str = "r", index: int = 0) -> ServerEvent:
    return part("response.output_text.delta", item_id, response, index, delta=delta)


def spoken(delta: str, item_id: str = "i", response: str = "r") -> ServerEvent:
    return part("response.output_audio_transcript.delta", item_id, response, delta=delta)


def audio(ms: int, item_id: str = "i", response: str = "r") -> ServerEvent:
    pcm = base64.b64encode(bytes(ms * 48)).decode()
    return part("response.output_audio.delta", item_id, response, delta=pcm)


def arguments(kind: str, item_id: str = "f", call_id: str = "call_1", **members: Any) -> ServerEvent:
    return event(
        f"response.function_call_arguments.{kind}",
        response_id="r",
        item_id=item_id,
        output_index=0,
        call_id=call_id,
        **members,
    )


def transcript(kind: str, item_id: str = "u", **members: Any) -> ServerEvent:
    type_ = f"conversation.item.input_audio_transcription.{kind}"
    return event(type_, item_id=item_id, content_index=0, **members)


def committed(item_id: str = "u", **members: Any) -> ServerEvent:
    return event("input_audio_buffer.committed", item_id=item_id, **members)


def truncated(item_id: str = "i", audio_end_ms: int = 0) -> ServerEvent:
    return event("conversation.item.truncated", item_id=item_id, content_index=0, audio_end_ms=audio_end_ms)


def deleted(item_id: str) -> ServerEvent:
    return event("conversation.item.deleted", item_id=item_id)
