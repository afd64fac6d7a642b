"""The conversation as the server's events tell it, and the reducer that applies them.

`apply` changes a `Conversation` and returns the effects of one event, in the order in which they
should be handled. It does no I/O and keeps no clock. `protocol/README.md` states the rules.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from realtime_agents.protocol import events as ev
from realtime_agents.protocol.effects import (
    AudioDone,
    CallTool,
    Effect,
    InputTranscript,
    ItemChanged,
    PlayAudio,
    RateLimitsChanged,
    ResponseEnded,
    ResponseStarted,
    ServerFault,
    SessionReady,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    Unknown,
)
from realtime_agents.protocol.item_book import ItemBook
from realtime_agents.protocol.items import (
    ContentPart,
    ErrorDetail,
    FunctionCallItem,
    MessageItem,
    Response,
)
from realtime_agents.protocol.records import ConversationItem, ItemRecord

_Words = ev.ResponseOutputTextDelta | ev.ResponseOutputAudioTranscriptDelta
_AllWords = ev.ResponseOutputTextDone | ev.ResponseOutputAudioTranscriptDone | ev.ResponseContentPartDone
_SPEECH = MessageItem(role="user", content=(ContentPart(type="input_audio"),), status="in_progress")
_ANSWER = MessageItem(role="assistant", status="in_progress")


class Conversation:
    """Items by id and in order, and responses by id. Only `apply` and `forget` change it."""

    def __init__(self) -> None:
        self._items = ItemBook()
        self._responses: dict[str, Response] = {}
        self._called: set[str] = set()
        """Every call_id that was given out as `CallTool`."""

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def __len__(self) -> int:
        """Number of items that have a place in the conversation."""
        return len(self._items)

    def ordered(self) -> Iterator[ConversationItem]:
        """Items of the default conversation in order. Do not apply events while iterating."""
        return self._items.ordered()

    def get(self, item_id: str) -> ConversationItem | None:
        """One item, also when it has no place yet or belongs to a response out of band."""
        record = self._items.find(item_id)
        return None if record is None else self._items.view(record)

    def text_of(self, item_id: str) -> str:
        """Words of one item; empty when it is unknown or is no message."""
        record = self._items.find(item_id)
        return "" if record is None else record.text

    def response(self, response_id: str) -> Response | None:
        """A response with its status and, once it ended, its usage."""
        return self._responses.get(response_id)

    def forget(self, item_id: str) -> None:
        """Drop what is kept of an item that is over, to bound memory; no effect comes of it.

        The last item of an ended response takes the response with it.
        """
        record = self._items.remove(item_id)
        if record is None or record.response_id is None or self._items.of_response(record.response_id):
            return
        response = self._responses.get(record.response_id)
        if response is not None and response.status != "in_progress":
            del self._responses[response.id]


def apply(conversation: Conversation, event: ev.ServerEvent) -> list[Effect]:
    """Apply one server event; returns its effects. Never raises on what a server sent."""
    if isinstance(event, ev.ResponseEvent):
        return _apply_response(conversation, event)
    if isinstance(event, ev.ItemEvent):
        return _apply_item(conversation, event)
    if isinstance(event, ev.AudioBufferEvent):
        return _apply_audio_buffer(conversation, event)
    if isinstance(event, ev.SessionEvent):
        return _apply_session(event)
    if isinstance(event, ev.McpEvent):
        return []  # what they lead to comes as items
    if isinstance(event, ev.UnknownEvent):
        return [Unknown(type=event.type)]
    assert_never(event)


def _apply_response(conversation: Conversation, event: ev.ResponseEvent) -> list[Effect]:
    match event:  # most frequent first
        case ev.ResponseOutputAudioDelta():
            return _on_audio(conversation, event)
        case ev.ResponseOutputTextDelta() | ev.ResponseOutputAudioTranscriptDelta():
            return _on_words(conversation, event)
        case ev.ResponseFunctionCallArgumentsDelta() | ev.ResponseFunctionCallArgumentsDone():
            return _on_arguments(conversation, event)
        case ev.ResponseOutputTextDone():
            return _on_all_words(conversation, event, event.text)
        case ev.ResponseOutputAudioTranscriptDone():
            return _on_all_words(conversation, event, event.transcript)
        case ev.ResponseContentPartDone():
            return _on_all_words(conversation, event, event.part.words)
        case ev.ResponseContentPartAdded():
            return []
        case ev.ResponseOutputAudioDone():
            return [AudioDone(item_id=event.item_id)] if event.item_id in conversation else []
        case ev.ResponseOutputItemAdded() | ev.ResponseOutputItemDone():
            return _on_output_item(conversation, event)
        case ev.ResponseCreated():
            return _on_response_created(conversation, event.response)
        case ev.ResponseDone():
            return _on_response_done(conversation, event.response)
        case _:
            assert_never(event)


def _apply_item(conversation: Conversation, event: ev.ItemEvent) -> list[Effect]:
    match event:
        case ev.ConversationItemInputAudioTranscriptionDelta():
            return _on_transcript_delta(conversation, event)
        case ev.ConversationItemInputAudioTranscriptionCompleted():
            return _on_transcript(conversation, event)
        case ev.ConversationItemInputAudioTranscriptionFailed():
            return _on_transcript(conversation, event)
        case ev.ConversationItemAdded() | ev.ConversationItemCreated() | ev.ConversationItemDone():
            return _on_item(conversation, event)
        case ev.ConversationItemRetrieved():
            known = event.item.id is not None and event.item.id in conversation
            changed = known and conversation._items.merge(event.item, final=False)
            return _changed(event.item.id if changed else None)
        case ev.ConversationItemDeleted():
            removed = conversation._items.remove(event.item_id)
            return _changed(None if removed is None else event.item_id)
        case ev.ConversationItemTruncated():
            return _on_truncated(conversation, event)
        case ev.ConversationItemInputAudioTranscriptionSegment() | ev.ConversationCreated():
            return []
        case _:
            assert_never(event)


def _apply_audio_buffer(conversation: Conversation, event: ev.AudioBufferEvent) -> list[Effect]:
    match event:
        case ev.InputAudioBufferSpeechStarted():
            return [SpeechStarted(item_id=event.item_id, audio_start_ms=event.audio_start_ms)]
        case ev.InputAudioBufferSpeechStopped():
            return [SpeechStopped(item_id=event.item_id, audio_end_ms=event.audio_end_ms)]
        case ev.InputAudioBufferCommitted():
            record = conversation._items.ensure(event.item_id, _SPEECH)
            placed = record is not None and conversation._items.place(record.id, event.previous_item_id)
            return _changed(event.item_id if placed else None)
        case (
            ev.InputAudioBufferCleared()
            | ev.InputAudioBufferTimeoutTriggered()
            | ev.InputAudioBufferDtmfEventReceived()
            | ev.OutputAudioBufferStarted()
            | ev.OutputAudioBufferStopped()
            | ev.OutputAudioBufferCleared()
        ):
            return []
        case _:
            assert_never(event)


def _apply_session(event: ev.SessionEvent) -> list[Effect]:
    match event:
        case ev.SessionCreated():
            return [SessionReady(session=event.session, created=True)]
        case ev.SessionUpdated():
            return [SessionReady(session=event.session, created=False)]
        case ev.RateLimitsUpdated():
            return [RateLimitsChanged(limits=event.rate_limits)]
        case ev.Error():
            return [ServerFault(error=event.error)]
        case _:
            assert_never(event)


def _changed(item_id: str | None) -> list[Effect]:
    return [] if item_id is None else [ItemChanged(item_id=item_id)]


def _on_audio(conversation: Conversation, event: ev.ResponseOutputAudioDelta) -> list[Effect]:
    try:
        audio = binascii.a2b_base64(event.delta)
    except ValueError:  # binascii.Error, and what is not even ASCII
        message = "Expected base64 audio, found something else"
        return [
            ServerFault(error=ErrorDetail(type="invalid_server_event", code="invalid_audio", message=message))
        ]
    effects, record = _answer(conversation, event.item_id, event.response_id)
    if record is None or record.status == "interrupted" or not audio:
        return effects
    record.audio_bytes += len(audio)
    effects.append(
        PlayAudio(
            response_id=event.response_id,
            item_id=event.item_id,
            content_index=event.content_index,
            audio=audio,
        )
    )
    return effects


def _answer(
    conversation: Conversation,
    item_id: str,
    response_id: str,
    placeholder: MessageItem | FunctionCallItem = _ANSWER,
) -> tuple[list[Effect], ItemRecord | None]:
    """The record a streamed part belongs to, and the effects of having had to make it."""
    record = conversation._items.find(item_id)
    if record is not None and record.response_id is not None:
        return [], record
    response = conversation._responses.get(response_id) or Response(id=response_id)
    record = conversation._items.ensure_answer(item_id, response, placeholder)
    return _changed(None if record is None else item_id), record


def _on_words(conversation: Conversation, event: _Words) -> list[Effect]:
    effects, record = _answer(conversation, event.item_id, event.response_id)
    if record is not None:
        record.add_words(event.content_index, event.delta)
        effects.extend(_text_delta(record, event, event.delta))
    return effects


def _on_all_words(conversation: Conversation, event: _AllWords, words: str | None) -> list[Effect]:
    effects, record = _answer(conversation, event.item_id, event.response_id)
    missing = None if record is None else record.repair_words(event.content_index, words)
    if record is not None and missing is not None:
        effects.extend(_text_delta(record, event, missing))
    return effects


def _text_delta(record: ItemRecord, event: _Words | _AllWords, delta: str) -> list[Effect]:
    if record.heard_ms is not None:  # what is still under way was not heard
        return []
    spoken = event.type.startswith("response.output_audio_transcript") or (
        isinstance(event, ev.ResponseContentPartDone) and event.part.type == "audio"
    )
    return [
        TextDelta(
            response_id=event.response_id, item_id=record.id, delta=delta, text=record.text, spoken=spoken
        )
    ]


def _on_arguments(
    conversation: Conversation,
    event: ev.ResponseFunctionCallArgumentsDelta | ev.ResponseFunctionCallArgumentsDone,
) -> list[Effect]:
    placeholder = FunctionCallItem(call_id=event.call_id, name="", arguments="", status="in_progress")
    effects, record = _answer(conversation, event.item_id, event.response_id, placeholder)
    if record is None or not isinstance(record.item, FunctionCallItem):
        return effects
    call = record.item
    if isinstance(event, ev.ResponseFunctionCallArgumentsDelta):
        record.item = replace(call, arguments=call.arguments + event.delta)
        return effects
    record.item = replace(call, name=event.name or call.name, arguments=event.arguments)
    return _changed(record.id) if record.item != call or effects else []


def _on_output_item(
    conversation: Conversation, event: ev.ResponseOutputItemAdded | ev.ResponseOutputItemDone
) -> list[Effect]:
    final = isinstance(event, ev.ResponseOutputItemDone)
    response = conversation._responses.get(event.response_id) or Response(id=event.response_id)
    changed = conversation._items.merge(event.item, response_id=response.id, final=final)
    placed = conversation._items.place_answer(event.item.id, response)
    return _changed(event.item.id if changed or placed else None)


def _on_item(
    conversation: Conversation,
    event: ev.ConversationItemAdded | ev.ConversationItemCreated | ev.ConversationItemDone,
) -> list[Effect]:
    final = isinstance(event, ev.ConversationItemDone)
    if not final:
        conversation._items.readmit(event.item.id)
    changed = conversation._items.merge(event.item, final=final)
    placed = conversation._items.place(event.item.id, event.previous_item_id)
    return _changed(event.item.id if changed or placed else None)


def _on_truncated(conversation: Conversation, event: ev.ConversationItemTruncated) -> list[Effect]:
    record = conversation._items.find(event.item_id)
    if record is None:
        return []
    record.heard_ms = event.audio_end_ms
    record.status = "interrupted"
    return _changed(record.id)


def _on_transcript_delta(
    conversation: Conversation, event: ev.ConversationItemInputAudioTranscriptionDelta
) -> list[Effect]:
    record = conversation._items.ensure(event.item_id, _SPEECH)
    if record is None or event.content_index in record.final_transcripts:
        return []
    record.add_words(event.content_index, event.delta)
    return [InputTranscript(item_id=record.id, text=record.text, final=False, failed=False)]


def _on_transcript(
    conversation: Conversation,
    event: ev.ConversationItemInputAudioTranscriptionCompleted
    | ev.ConversationItemInputAudioTranscriptionFailed,
) -> list[Effect]:
    record = conversation._items.ensure(event.item_id, _SPEECH)
    if record is None:
        return []
    failed = isinstance(event, ev.ConversationItemInputAudioTranscriptionFailed)
    known = record.parts.get(event.content_index, "")
    words = known if isinstance(event, ev.ConversationItemInputAudioTranscriptionFailed) else event.transcript
    if event.content_index in record.final_transcripts and words == known:
        return []
    record.parts[event.content_index] = words
    record.final_transcripts.add(event.content_index)
    heard = InputTranscript(item_id=record.id, text=record.text, final=True, failed=failed)
    return [heard, ItemChanged(item_id=record.id)]


def _on_response_created(conversation: Conversation, response: Response) -> list[Effect]:
    if response.id in conversation._responses:
        return []
    conversation._responses[response.id] = response
    return [
        ResponseStarted(
            response_id=response.id, metadata=response.metadata, conversation_id=response.conversation_id
        )
    ]


def _on_response_done(conversation: Conversation, response: Response) -> list[Effect]:
    known = conversation._responses.get(response.id)
    if known is not None and known.status != "in_progress":
        return []
    conversation._responses[response.id] = response
    changed: dict[str, None] = {}
    for item in response.output:
        merged = conversation._items.merge(item, response_id=response.id, final=True)
        placed = conversation._items.place_answer(item.id, response)
        if item.id is not None and (merged or placed):
            changed[item.id] = None
    changed.update(dict.fromkeys(conversation._items.settle(response)))
    effects: list[Effect] = [ItemChanged(item_id=item_id) for item_id in changed]
    effects.extend(_calls(conversation, response))
    effects.append(ResponseEnded(response=response))
    return effects


def _calls(conversation: Conversation, response: Response) -> Iterator[CallTool]:
    if response.status != "completed":
        return
    for record in conversation._items.of_response(response.id):
        call = record.item
        if not isinstance(call, FunctionCallItem) or record.status != "completed":
            continue
        if call.call_id is None or call.call_id in conversation._called:
            continue
        conversation._called.add(call.call_id)
        yield CallTool(
            response_id=response.id,
            item_id=record.id,
            call_id=call.call_id,
            name=call.name,
            arguments=call.arguments,
        )
