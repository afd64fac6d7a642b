"""The 46 server events of the GA Realtime API, and one class for everything newer.

Class names are the wire type in CamelCase, field names are wire names. ``previous_item_id`` is
``None`` for an item without a predecessor and `UNSET` where the server did not say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from realtime_agents.protocol.items import (
    UNSET,
    ContentPart,
    ErrorDetail,
    Item,
    RateLimit,
    Response,
    TranscriptionUsage,
    Unset,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServerEvent:
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _ContentEvent(_ServerEvent):
    response_id: str
    item_id: str
    output_index: int
    content_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCreated(_ServerEvent):
    """The first event of a connection: the effective session."""

    type: Literal["session.created"] = "session.created"
    session: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionUpdated(_ServerEvent):
    """Answer to ``session.update``: the whole effective session."""

    type: Literal["session.updated"] = "session.updated"
    session: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationCreated(_ServerEvent):
    """A conversation exists."""

    type: Literal["conversation.created"] = "conversation.created"
    conversation: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemAdded(_ServerEvent):
    """An item has its place in the conversation; its content may still be empty."""

    type: Literal["conversation.item.added"] = "conversation.item.added"
    item: Item
    previous_item_id: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemCreated(_ServerEvent):
    """Older twin of ``conversation.item.added``."""

    type: Literal["conversation.item.created"] = "conversation.item.created"
    item: Item
    previous_item_id: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemDone(_ServerEvent):
    """An item is final."""

    type: Literal["conversation.item.done"] = "conversation.item.done"
    item: Item
    previous_item_id: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemDeleted(_ServerEvent):
    """An item was removed."""

    type: Literal["conversation.item.deleted"] = "conversation.item.deleted"
    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemRetrieved(_ServerEvent):
    """Answer to ``conversation.item.retrieve``; carries the whole audio."""

    type: Literal["conversation.item.retrieved"] = "conversation.item.retrieved"
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemTruncated(_ServerEvent):
    """Assistant audio after ``audio_end_ms``, and its words, were removed on the server."""

    type: Literal["conversation.item.truncated"] = "conversation.item.truncated"
    item_id: str
    content_index: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemInputAudioTranscriptionDelta(_ServerEvent):
    """More of the transcript of what the person said."""

    type: Literal["conversation.item.input_audio_transcription.delta"] = (
        "conversation.item.input_audio_transcription.delta"
    )
    item_id: str
    content_index: int = 0
    delta: str = ""
    logprobs: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemInputAudioTranscriptionSegment(_ServerEvent):
    """A diarised piece of the transcript; ``start`` and ``end`` in seconds."""

    type: Literal["conversation.item.input_audio_transcription.segment"] = (
        "conversation.item.input_audio_transcription.segment"
    )
    item_id: str
    content_index: int = 0
    id: str
    text: str
    speaker: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemInputAudioTranscriptionCompleted(_ServerEvent):
    """The whole transcript of what the person said."""

    type: Literal["conversation.item.input_audio_transcription.completed"] = (
        "conversation.item.input_audio_transcription.completed"
    )
    item_id: str
    content_index: int = 0
    transcript: str
    usage: TranscriptionUsage | None = None
    languages: tuple[Mapping[str, Any], ...] | None = None
    logprobs: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationItemInputAudioTranscriptionFailed(_ServerEvent):
    """What the person said could not be transcribed."""

    type: Literal["conversation.item.input_audio_transcription.failed"] = (
        "conversation.item.input_audio_transcription.failed"
    )
    item_id: str
    content_index: int = 0
    error: ErrorDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAudioBufferCommitted(_ServerEvent):
    """The spoken turn is closed; its user item follows."""

    type: Literal["input_audio_buffer.committed"] = "input_audio_buffer.committed"
    item_id: str
    previous_item_id: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAudioBufferCleared(_ServerEvent):
    """The input buffer is empty."""

    type: Literal["input_audio_buffer.cleared"] = "input_audio_buffer.cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAudioBufferSpeechStarted(_ServerEvent):
    """The person began to speak. The offset counts audio written and includes prefix padding."""

    type: Literal["input_audio_buffer.speech_started"] = "input_audio_buffer.speech_started"
    item_id: str
    audio_start_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAudioBufferSpeechStopped(_ServerEvent):
    """The person fell silent. The offset includes the silence that was waited for."""

    type: Literal["input_audio_buffer.speech_stopped"] = "input_audio_buffer.speech_stopped"
    item_id: str
    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAudioBufferTimeoutTriggered(_ServerEvent):
    """Nobody spoke for the idle timeout; a committed item and a response follow."""

    type: Literal["input_audio_buffer.timeout_triggered"] = "input_audio_buffer.timeout_triggered"
    item_id: str
    audio_start_ms: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAudioBufferDtmfEventReceived(_ServerEvent):
    """A telephone key; ``received_at`` in seconds since the epoch. The wire gives it no id."""

    event_id: str = ""
    type: Literal["input_audio_buffer.dtmf_event_received"] = "input_audio_buffer.dtmf_event_received"
    event: str
    received_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAudioBufferStarted(_ServerEvent):
    """The server began to play (WebRTC and SIP only)."""

    type: Literal["output_audio_buffer.started"] = "output_audio_buffer.started"
    response_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAudioBufferStopped(_ServerEvent):
    """The server played everything (WebRTC and SIP only)."""

    type: Literal["output_audio_buffer.stopped"] = "output_audio_buffer.stopped"
    response_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAudioBufferCleared(_ServerEvent):
    """The server dropped unplayed audio (WebRTC and SIP only)."""

    type: Literal["output_audio_buffer.cleared"] = "output_audio_buffer.cleared"
    response_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCreated(_ServerEvent):
    """A response began."""

    type: Literal["response.created"] = "response.created"
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDone(_ServerEvent):
    """A response ended, however it ended."""

    type: Literal["response.done"] = "response.done"
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOutputItemAdded(_ServerEvent):
    """A response began an item."""

    type: Literal["response.output_item.added"] = "response.output_item.added"
    response_id: str
    output_index: int
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOutputItemDone(_ServerEvent):
    """A response finished an item."""

    type: Literal["response.output_item.done"] = "response.output_item.done"
    response_id: str
    output_index: int
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseContentPartAdded(_ContentEvent):
    """A response began a part of a message."""

    type: Literal["response.content_part.added"] = "response.content_part.added"
    part: ContentPart


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseContentPartDone(_ContentEvent):
    """A response finished a part of a message."""

    type: Literal["response.content_part.done"] = "response.content_part.done"
    part: ContentPart


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOutputTextDelta(_ContentEvent):
    """More text."""

    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    delta: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOutputTextDone(_ContentEvent):
    """The whole text of the part."""

    type: Literal["response.output_text.done"] = "response.output_text.done"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOutputAudioDelta(_ContentEvent):
    """More audio: base64 PCM16, 24 kHz, mono."""

    type: Literal["response.output_audio.delta"] = "response.output_audio.delta"
    delta: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOutputAudioDone(_ContentEvent):
    """All audio of the part was sent."""

    type: Literal["response.output_audio.done"] = "response.output_audio.done"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOutputAudioTranscriptDelta(_ContentEvent):
    """More of the words being spoken."""

    type: Literal["response.output_audio_transcript.delta"] = "response.output_audio_transcript.delta"
    delta: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOutputAudioTranscriptDone(_ContentEvent):
    """All words of the part."""

    type: Literal["response.output_audio_transcript.done"] = "response.output_audio_transcript.done"
    transcript: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFunctionCallArgumentsDelta(_ServerEvent):
    """More of a call's JSON arguments."""

    type: Literal["response.function_call_arguments.delta"] = "response.function_call_arguments.delta"
    response_id: str
    item_id: str
    output_index: int
    call_id: str
    delta: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFunctionCallArgumentsDone(_ServerEvent):
    """A call's whole arguments. Also sent when the response was cancelled."""

    type: Literal["response.function_call_arguments.done"] = "response.function_call_arguments.done"
    response_id: str
    item_id: str
    output_index: int
    call_id: str
    name: str = ""
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseMcpCallArgumentsDelta(_ServerEvent):
    """More of an MCP call's arguments."""

    type: Literal["response.mcp_call_arguments.delta"] = "response.mcp_call_arguments.delta"
    response_id: str
    item_id: str
    output_index: int
    delta: str
    obfuscation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseMcpCallArgumentsDone(_ServerEvent):
    """An MCP call's whole arguments."""

    type: Literal["response.mcp_call_arguments.done"] = "response.mcp_call_arguments.done"
    response_id: str
    item_id: str
    output_index: int
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseMcpCallInProgress(_ServerEvent):
    """The server runs an MCP call."""

    type: Literal["response.mcp_call.in_progress"] = "response.mcp_call.in_progress"
    item_id: str
    output_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseMcpCallCompleted(_ServerEvent):
    """An MCP call succeeded."""

    type: Literal["response.mcp_call.completed"] = "response.mcp_call.completed"
    item_id: str
    output_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseMcpCallFailed(_ServerEvent):
    """An MCP call failed; the reason is in the item's ``error``."""

    type: Literal["response.mcp_call.failed"] = "response.mcp_call.failed"
    item_id: str
    output_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListToolsInProgress(_ServerEvent):
    """The server asks an MCP server for its tools."""

    type: Literal["mcp_list_tools.in_progress"] = "mcp_list_tools.in_progress"
    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListToolsCompleted(_ServerEvent):
    """The tools of an MCP server are known."""

    type: Literal["mcp_list_tools.completed"] = "mcp_list_tools.completed"
    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class McpListToolsFailed(_ServerEvent):
    """An MCP server did not list its tools."""

    type: Literal["mcp_list_tools.failed"] = "mcp_list_tools.failed"
    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitsUpdated(_ServerEvent):
    """What is left of the account's limits; output tokens are already reserved."""

    type: Literal["rate_limits.updated"] = "rate_limits.updated"
    rate_limits: tuple[RateLimit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(_ServerEvent):
    """The server refused something or failed. Most are recoverable."""

    type: Literal["error"] = "error"
    error: ErrorDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """A well-formed event of a type this package does not know. Counted, never fatal."""

    type: str
    data: Mapping[str, Any]
    """The whole wire object."""


SessionEvent = SessionCreated | SessionUpdated | RateLimitsUpdated | Error
ItemEvent = (
    ConversationCreated
    | ConversationItemAdded
    | ConversationItemCreated
    | ConversationItemDone
    | ConversationItemDeleted
    | ConversationItemRetrieved
    | ConversationItemTruncated
    | ConversationItemInputAudioTranscriptionDelta
    | ConversationItemInputAudioTranscriptionSegment
    | ConversationItemInputAudioTranscriptionCompleted
    | ConversationItemInputAudioTranscriptionFailed
)
AudioBufferEvent = (
    InputAudioBufferCommitted
    | InputAudioBufferCleared
    | InputAudioBufferSpeechStarted
    | InputAudioBufferSpeechStopped
    | InputAudioBufferTimeoutTriggered
    | InputAudioBufferDtmfEventReceived
    | OutputAudioBufferStarted
    | OutputAudioBufferStopped
    | OutputAudioBufferCleared
)
ResponseEvent = (
    ResponseCreated
    | ResponseDone
    | ResponseOutputItemAdded
    | ResponseOutputItemDone
    | ResponseContentPartAdded
    | ResponseContentPartDone
    | ResponseOutputTextDelta
    | ResponseOutputTextDone
    | ResponseOutputAudioDelta
    | ResponseOutputAudioDone
    | ResponseOutputAudioTranscriptDelta
    | ResponseOutputAudioTranscriptDone
    | ResponseFunctionCallArgumentsDelta
    | ResponseFunctionCallArgumentsDone
)
McpEvent = (
    ResponseMcpCallArgumentsDelta
    | ResponseMcpCallArgumentsDone
    | ResponseMcpCallInProgress
    | ResponseMcpCallCompleted
    | ResponseMcpCallFailed
    | McpListToolsInProgress
    | McpListToolsCompleted
    | McpListToolsFailed
)
ServerEvent = SessionEvent | ItemEvent | AudioBufferEvent | ResponseEvent | McpEvent | UnknownEvent
