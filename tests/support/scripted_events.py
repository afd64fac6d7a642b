"""Whole sequences of server events, as a server sends them, for the scripted upstreams."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from realtime_agents.protocol import events as ev
from realtime_agents.protocol.commands import (
    ClientEvent,
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemTruncate,
    InputAudioBufferClear,
    SessionUpdate,
)
from realtime_agents.protocol.items import ContentPart, FunctionCallItem, MessageItem, Response, Usage
from realtime_agents.protocol.pcm import ms_to_bytes


def acknowledgement(command: ClientEvent) -> list[ev.ServerEvent]:
    """What a server answers to a command that succeeds, as far as the command alone tells."""
    match command:
        case SessionUpdate():
            return [ev.SessionUpdated(event_id="", session=command.session)]
        case ConversationItemCreate():
            item = command.item
            done = (
                item
                if not isinstance(item, MessageItem | FunctionCallItem)
                else replace(item, status="completed")
            )
            return [
                ev.ConversationItemAdded(event_id="", item=item),
                ev.ConversationItemDone(event_id="", item=done),
            ]
        case ConversationItemTruncate():
            return [
                ev.ConversationItemTruncated(
                    event_id="",
                    item_id=command.item_id,
                    content_index=command.content_index,
                    audio_end_ms=command.audio_end_ms,
                )
            ]
        case ConversationItemDelete():
            return [ev.ConversationItemDeleted(event_id="", item_id=command.item_id)]
        case InputAudioBufferClear():
            return [ev.InputAudioBufferCleared(event_id="")]
        case _:
            return []


def answer(
    response_id: str, item_id: str, deltas: Sequence[str], *, usage: Usage | None = None
) -> list[ev.ServerEvent]:
    """All events of a response that says one text, as a server sends them."""
    text = "".join(deltas)
    item = MessageItem(id=item_id, role="assistant", status="in_progress")
    part = ContentPart(type="output_text", text=text)
    done = replace(item, status="completed", content=(part,))
    place = {"event_id": "", "response_id": response_id, "output_index": 0}
    at: dict[str, Any] = {**place, "item_id": item_id, "content_index": 0}
    return [
        ev.ResponseCreated(event_id="", response=Response(id=response_id)),
        ev.ResponseOutputItemAdded(**place, item=item),  # type: ignore[arg-type]
        ev.ConversationItemAdded(event_id="", item=item),
        ev.ResponseContentPartAdded(**at, part=ContentPart(type="text", text="")),
        *(ev.ResponseOutputTextDelta(**at, delta=delta) for delta in deltas),
        ev.ResponseOutputTextDone(**at, text=text),
        ev.ResponseContentPartDone(**at, part=ContentPart(type="text", text=text)),
        ev.ConversationItemDone(event_id="", item=done),
        ev.ResponseOutputItemDone(**place, item=done),  # type: ignore[arg-type]
        ev.ResponseDone(
            event_id="",
            response=Response(id=response_id, status="completed", output=(done,), usage=usage or Usage()),
        ),
    ]


def spoken_answer(
    response_id: str,
    item_id: str,
    pieces: Sequence[tuple[str, int]],
    *,
    usage: Usage | None = None,
    metadata: dict[str, str] | None = None,
    sample: bytes = b"\0\0",
) -> list[ev.ServerEvent]:
    """All events of a response that says something aloud: words and milliseconds of ``sample`` for each piece."""
    text = "".join(words for words, _ in pieces)
    item = MessageItem(id=item_id, role="assistant", status="in_progress")
    part = ContentPart(type="output_audio", transcript=text)
    done = replace(item, status="completed", content=(part,))
    place: dict[str, Any] = {"event_id": "", "response_id": response_id, "output_index": 0}
    at: dict[str, Any] = {**place, "item_id": item_id, "content_index": 0}
    said: list[ev.ServerEvent] = []
    for words, ms in pieces:
        if words:
            said.append(ev.ResponseOutputAudioTranscriptDelta(**at, delta=words))
        if ms:
            audio = base64.b64encode(sample * (ms_to_bytes(ms) // len(sample))).decode()
            said.append(ev.ResponseOutputAudioDelta(**at, delta=audio))
    ended = Response(
        id=response_id, status="completed", output=(done,), usage=usage or Usage(), metadata=metadata
    )
    return [
        ev.ResponseCreated(event_id="", response=Response(id=response_id, metadata=metadata)),
        ev.ResponseOutputItemAdded(**place, item=item),
        ev.ConversationItemAdded(event_id="", item=item),
        ev.ResponseContentPartAdded(**at, part=ContentPart(type="audio", transcript="")),
        *said,
        ev.ResponseOutputAudioDone(**at),
        ev.ResponseOutputAudioTranscriptDone(**at, transcript=text),
        ev.ResponseContentPartDone(**at, part=ContentPart(type="audio", transcript=text)),
        ev.ConversationItemDone(event_id="", item=done),
        ev.ResponseOutputItemDone(**place, item=done),
        ev.ResponseDone(event_id="", response=ended),
    ]


def committed(item_id: str, previous_item_id: str | None = None) -> list[ev.ServerEvent]:
    """What the person said became an item."""
    item = MessageItem(
        id=item_id, role="user", status="completed", content=(ContentPart(type="input_audio"),)
    )
    return [
        ev.InputAudioBufferCommitted(event_id="", item_id=item_id, previous_item_id=previous_item_id),
        ev.ConversationItemAdded(event_id="", item=item, previous_item_id=previous_item_id),
        ev.ConversationItemDone(event_id="", item=item, previous_item_id=previous_item_id),
    ]


def calls(response_id: str, *items: FunctionCallItem, usage: Usage | None = None) -> list[ev.ServerEvent]:
    """All events of a response that calls tools and says nothing."""
    events: list[ev.ServerEvent] = [ev.ResponseCreated(event_id="", response=Response(id=response_id))]
    done = [replace(item, status="completed") for item in items]
    for index, item in enumerate(done):
        opened = replace(item, status="in_progress", arguments="")
        events += [
            ev.ResponseOutputItemAdded(event_id="", response_id=response_id, output_index=index, item=opened),
            ev.ConversationItemAdded(event_id="", item=opened),
            ev.ResponseFunctionCallArgumentsDone(
                event_id="",
                response_id=response_id,
                item_id=item.id or "",
                output_index=index,
                call_id=item.call_id or "",
                name=item.name,
                arguments=item.arguments,
            ),
            ev.ConversationItemDone(event_id="", item=item),
            ev.ResponseOutputItemDone(event_id="", response_id=response_id, output_index=index, item=item),
        ]
    response = Response(id=response_id, status="completed", output=tuple(done), usage=usage or Usage())
    return [*events, ev.ResponseDone(event_id="", response=response)]
