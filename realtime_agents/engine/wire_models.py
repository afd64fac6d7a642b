"""The client events of the GA Realtime API as strict schemas: no unknown field, no coercion."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_TOOLS = 128
ItemId = Annotated[str, Field(min_length=1, max_length=32)]
"""Ids chosen by a client are at most 32 characters long, as in the GA API."""
Status = Literal["completed", "incomplete", "in_progress"]
Effort = Literal["minimal", "low", "medium", "high", "xhigh"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Pcm(_Strict):
    type: Literal["audio/pcm"]
    rate: Literal[24000] | None = None


class _Pcmu(_Strict):
    type: Literal["audio/pcmu"]


class _Pcma(_Strict):
    type: Literal["audio/pcma"]


AudioFormat = Annotated[_Pcm | _Pcmu | _Pcma, Field(discriminator="type")]


class _Transcription(_Strict):
    model: str | None = None
    language: str | None = None
    languages: list[str] | None = None
    keywords: list[str] | None = None
    prompt: str | None = None
    delay: Effort | None = None


class _NoiseReduction(_Strict):
    type: Literal["near_field", "far_field"]
    strength: Annotated[float, Field(ge=0, le=1)] | None = None


class _ServerVad(_Strict):
    type: Literal["server_vad"]
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    prefix_padding_ms: Annotated[int, Field(ge=0)] | None = None
    silence_duration_ms: Annotated[int, Field(ge=0)] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None
    idle_timeout_ms: Annotated[int, Field(ge=5000, le=30000)] | None = None


class _SemanticVad(_Strict):
    type: Literal["semantic_vad"]
    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


class _AudioInput(_Strict):
    format: AudioFormat | None = None
    transcription: _Transcription | None = None
    noise_reduction: _NoiseReduction | None = None
    turn_detection: Annotated[_ServerVad | _SemanticVad, Field(discriminator="type")] | None = None


class _CustomVoice(_Strict):
    id: str


class _AudioOutput(_Strict):
    format: AudioFormat | None = None
    voice: str | _CustomVoice | None = None
    speed: Annotated[float, Field(ge=0.25, le=1.5)] | None = None


class _Audio(_Strict):
    input: _AudioInput | None = None
    output: _AudioOutput | None = None


class _FunctionTool(_Strict):
    type: Literal["function"]
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _FunctionChoice(_Strict):
    type: Literal["function"]
    name: str


ToolChoice = Literal["none", "auto", "required"] | _FunctionChoice
Tools = Annotated[list[_FunctionTool], Field(max_length=MAX_TOOLS)]
MaxOutputTokens = Annotated[int, Field(ge=1, le=4096)] | Literal["inf"]


class _Reasoning(_Strict):
    effort: Effort | None = None


class _TokenLimits(_Strict):
    post_instructions: Annotated[int, Field(ge=1)] | None = None


class _RetentionRatio(_Strict):
    type: Literal["retention_ratio"]
    retention_ratio: Annotated[float, Field(ge=0, le=1)]
    token_limits: _TokenLimits | None = None


class _Tracing(_Strict):
    workflow_name: str | None = None
    group_id: str | None = None
    metadata: dict[str, Any] | None = None


class _Session(_Strict):
    type: Literal["realtime"]
    model: str | None = None
    instructions: str | None = None
    output_modalities: list[Literal["text", "audio"]] | None = None
    audio: _Audio | None = None
    tools: Tools | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning: _Reasoning | None = None
    max_output_tokens: MaxOutputTokens | None = None
    truncation: Literal["auto", "disabled"] | _RetentionRatio | None = None
    tracing: Literal["auto"] | _Tracing | None = None
    include: list[Literal["item.input_audio_transcription.logprobs"]] | None = None


class _InputText(_Strict):
    type: Literal["input_text"]
    text: str


class _InputAudio(_Strict):
    type: Literal["input_audio"]
    audio: str | None = None
    transcript: str | None = None


class _InputImage(_Strict):
    type: Literal["input_image"]
    image_url: str
    detail: Literal["auto", "low", "high"] | None = None


class _OutputPart(_Strict):
    """What an assistant said. A created item cannot carry audio, so the text is required."""

    type: Literal["output_text", "output_audio"]
    text: str
    audio: str | None = None
    transcript: str | None = None


class _Item(_Strict):
    id: ItemId | None = None
    object: Literal["realtime.item"] | None = None
    status: Status | None = None


class _SystemMessage(_Item):
    type: Literal["message"]
    role: Literal["system"]
    content: list[_InputText]


class _UserMessage(_Item):
    type: Literal["message"]
    role: Literal["user"]
    content: list[Annotated[_InputText | _InputAudio | _InputImage, Field(discriminator="type")]]


class _AssistantMessage(_Item):
    type: Literal["message"]
    role: Literal["assistant"]
    content: list[_OutputPart]


_Message = Annotated[_SystemMessage | _UserMessage | _AssistantMessage, Field(discriminator="role")]


class _FunctionCall(_Item):
    type: Literal["function_call"]
    call_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    name: str
    arguments: str


class _FunctionCallOutput(_Item):
    type: Literal["function_call_output"]
    call_id: str
    output: str


class _ItemReference(_Strict):
    type: Literal["item_reference"]
    id: str


CreatedItem = Annotated[_Message | _FunctionCall | _FunctionCallOutput, Field(discriminator="type")]
InputItem = Annotated[
    _Message | _FunctionCall | _FunctionCallOutput | _ItemReference, Field(discriminator="type")
]


class _ResponseAudioOutput(_Strict):
    format: AudioFormat | None = None
    voice: str | _CustomVoice | None = None


class _ResponseAudio(_Strict):
    output: _ResponseAudioOutput | None = None


class _Response(_Strict):
    conversation: Literal["auto", "none"] | None = None
    input: list[InputItem] | None = None
    instructions: str | None = None
    output_modalities: list[Literal["text", "audio"]] | None = None
    tools: Tools | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning: _Reasoning | None = None
    max_output_tokens: MaxOutputTokens | None = None
    metadata: (
        Annotated[
            dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]],
            Field(max_length=16),
        ]
        | None
    ) = None
    audio: _ResponseAudio | None = None


class ClientEventModel(_Strict):
    """What all client events have."""

    event_id: Annotated[str, Field(max_length=512)] | None = None


class _SessionUpdate(ClientEventModel):
    type: Literal["session.update"]
    session: _Session


class _ItemCreate(ClientEventModel):
    type: Literal["conversation.item.create"]
    item: CreatedItem
    previous_item_id: str | None = None


class _ItemDelete(ClientEventModel):
    type: Literal["conversation.item.delete"]
    item_id: str


class _ItemRetrieve(ClientEventModel):
    type: Literal["conversation.item.retrieve"]
    item_id: str


class _ItemTruncate(ClientEventModel):
    type: Literal["conversation.item.truncate"]
    item_id: str
    content_index: Annotated[int, Field(ge=0)]
    audio_end_ms: Annotated[int, Field(ge=0)]


class _AudioAppend(ClientEventModel):
    type: Literal["input_audio_buffer.append"]
    audio: str


class _AudioCommit(ClientEventModel):
    type: Literal["input_audio_buffer.commit"]


class _AudioClear(ClientEventModel):
    type: Literal["input_audio_buffer.clear"]


class _OutputAudioClear(ClientEventModel):
    type: Literal["output_audio_buffer.clear"]


class _ResponseCreate(ClientEventModel):
    type: Literal["response.create"]
    response: _Response | None = None


class _ResponseCancel(ClientEventModel):
    type: Literal["response.cancel"]
    response_id: str | None = None


CLIENT_EVENTS: dict[str, type[ClientEventModel]] = {
    "session.update": _SessionUpdate,
    "conversation.item.create": _ItemCreate,
    "conversation.item.delete": _ItemDelete,
    "conversation.item.retrieve": _ItemRetrieve,
    "conversation.item.truncate": _ItemTruncate,
    "input_audio_buffer.append": _AudioAppend,
    "input_audio_buffer.commit": _AudioCommit,
    "input_audio_buffer.clear": _AudioClear,
    "output_audio_buffer.clear": _OutputAudioClear,
    "response.create": _ResponseCreate,
    "response.cancel": _ResponseCancel,
}
"""The 11 client events by their wire type."""
