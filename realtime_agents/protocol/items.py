"""Conversation items, responses and usage as the GA Realtime wire carries them.

Field names are wire names. A field that the wire may leave out has a default; `UNSET` is used in
the two places where an absent field and an explicit ``null`` mean different things.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Final, Literal

Role = Literal["system", "user", "assistant"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]
ResponseStatus = Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]
Modality = Literal["text", "audio"]


class Unset(Enum):
    """Type of `UNSET`: the field was not on the wire at all."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET

OUT_OF_BAND_MARK: Final = "out_of_band"
"""Metadata key that marks responses of ours that are written to no conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPart:
    """One part of a message.

    ``type`` is ``input_text``, ``input_audio``, ``input_image``, ``output_text`` or
    ``output_audio``; in ``response.content_part.*`` events it is ``text`` or ``audio``.
    """

    type: str
    text: str | None = None
    audio: str | None = None
    """Base64 PCM16, 24 kHz, mono."""
    transcript: str | None = None
    image_url: str | None = None
    """PNG or JPEG as a data URI."""
    detail: str | None = None

    @property
    def words(self) -> str | None:
        """The part's text or transcript, whichever its type has."""
        return self.text if self.text is not None else self.transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageItem:
    """Something that was said, typed or set by one side."""

    object: ClassVar[str] = "realtime.item"

    type: Literal["message"] = "message"
    id: str | None = None
    role: Role
    content: tuple[ContentPart, ...] = ()
    status: ItemStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallItem:
    """The model asks for a tool. ``arguments`` is JSON text, possibly not yet whole."""

    object: ClassVar[str] = "realtime.item"

    type: Literal["function_call"] = "function_call"
    id: str | None = None
    call_id: str | None = None
    name: str
    arguments: str
    status: ItemStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallOutputItem:
    """What a tool gave back, as free text for the model."""

    object: ClassVar[str] = "realtime.item"

    type: Literal["function_call_output"] = "function_call_output"
    id: str | None = None
    call_id: str
    output: str
    status: ItemStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueItem:
    """An item this package only passes on: MCP items, item references, types of the future."""

    type: str
    id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """The whole wire object."""


Item = MessageItem | FunctionCallItem | FunctionCallOutputItem | OpaqueItem


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedTokensDetails:
    """Cached input tokens per modality."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTokenDetails:
    """Input tokens per modality. ``cached_tokens`` is a subset of them, never an addition."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0
    cached_tokens_details: CachedTokensDetails = field(default_factory=CachedTokensDetails)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTokenDetails:
    """Output tokens per modality."""

    text_tokens: int = 0
    audio_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one response."""

    total_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_token_details: InputTokenDetails = field(default_factory=InputTokenDetails)
    output_token_details: OutputTokenDetails = field(default_factory=OutputTokenDetails)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionTokenDetails:
    """Input tokens of a transcription per modality; the text is that of its prompt."""

    text_tokens: int = 0
    audio_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionUsage:
    """Cost of transcribing one item, billed apart: by tokens or by duration."""

    type: str
    seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    input_token_details: TranscriptionTokenDetails | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetail:
    """What went wrong. ``event_id`` is that of the client event that caused it."""

    type: str = ""
    code: str | None = None
    message: str = ""
    param: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDetails:
    """Why a response ended as it did."""

    type: str | None = None
    reason: str | None = None
    """``turn_detected``, ``client_cancelled``, ``max_output_tokens`` or ``content_filter``."""
    error: ErrorDetail | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer of the model. Without usage and output until ``response.done``."""

    object: ClassVar[str] = "realtime.response"

    id: str
    status: ResponseStatus = "in_progress"
    status_details: StatusDetails | None = None
    output: tuple[Item, ...] = ()
    usage: Usage | None = None
    metadata: Mapping[str, str] | None = None
    conversation_id: str | Unset | None = UNSET
    """``None``: out of band, written to no conversation. Absent: the default conversation."""
    output_modalities: tuple[str, ...] | None = None
    max_output_tokens: int | str | None = None
    audio: Mapping[str, Any] | None = None

    @property
    def out_of_band(self) -> bool:
        """True when the response is not written to the default conversation."""
        return self.marked_out_of_band or self.conversation_id is None

    @property
    def marked_out_of_band(self) -> bool:
        """True when the request carried our mark and the server gave it back."""
        return self.metadata is not None and OUT_OF_BAND_MARK in self.metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """One limit of the account; ``name`` is ``requests`` or ``tokens``."""

    name: str = ""
    limit: int | None = None
    remaining: int | None = None
    reset_seconds: float | None = None
