"""Builds the ``session`` object of ``session.update`` from typed fields.

The server rejects a whole update for one wrong field, so this is the only place that spells it.
``None`` leaves a field out, which keeps the server's value; `NULL` sends ``null``, which switches
the feature off. ``prompt``, ``temperature`` and ``tracing`` are never sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Final, Literal

from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.items import Modality


class Null(Enum):
    """Type of `NULL`: send ``null`` on purpose."""

    NULL = "null"


NULL: Final = Null.NULL

Effort = Literal["minimal", "low", "medium", "high", "xhigh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVad:
    """Turns end after silence."""

    type: Literal["server_vad"] = "server_vad"
    threshold: float | None = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None
    idle_timeout_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticVad:
    """Turns end when the words sound finished; ``eagerness`` bounds the wait to 8, 4 or 2 s."""

    type: Literal["semantic_vad"] = "semantic_vad"
    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """Transcription of what the person says. Which fields a model takes differs per model."""

    model: str
    language: str | None = None
    languages: tuple[str, ...] | None = None
    keywords: tuple[str, ...] | None = None
    prompt: str | None = None
    delay: Effort | None = None
    """Only for ``gpt-realtime-whisper``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseReduction:
    """``near_field`` for headsets, ``far_field`` for a laptop or a room."""

    type: Literal["near_field", "far_field"]
    strength: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRatio:
    """When the context is full, keep this share, so that the cache survives longer."""

    retention_ratio: float
    post_instructions_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeSession:
    """One ``session.update``. Raises `ProtocolError` for values that the API refuses."""

    instructions: str | None = None
    output_modalities: tuple[Modality, ...] | None = None
    """Text or audio, never both; audio always brings its words."""
    tools: tuple[Mapping[str, Any], ...] | None = None
    tool_choice: str | Mapping[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    voice: str | None = None
    """Fixed after the first audio: leave it out of later updates."""
    speed: float | None = None
    """0.25 to 1.5; only changes between turns."""
    pcm_24khz: bool = False
    """Name the audio format of both directions."""
    turn_detection: ServerVad | SemanticVad | Mapping[str, Any] | Null | None = None
    """`NULL`: the client ends turns and asks for responses itself."""
    transcription: Transcription | Null | None = None
    noise_reduction: NoiseReduction | Null | None = None
    truncation: Literal["auto", "disabled"] | RetentionRatio | None = None
    max_output_tokens: int | Literal["inf"] | None = None
    """1 to 4096, or ``inf``; tool calls included."""
    reasoning: Effort | None = None
    """Effort; reasoning models only."""
    include: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.output_modalities is not None and len(self.output_modalities) != 1:
            raise _refused("output_modalities", "one of text or audio", self.output_modalities)
        if self.speed is not None and not 0.25 <= self.speed <= 1.5:
            raise _refused("speed", "between 0.25 and 1.5", self.speed)
        if isinstance(self.max_output_tokens, int) and not 1 <= self.max_output_tokens <= 4096:
            raise _refused("max_output_tokens", "between 1 and 4096", self.max_output_tokens)

    def to_wire(self) -> dict[str, Any]:
        """The JSON object to send as ``session``."""
        pcm = {"type": "audio/pcm", "rate": 24000} if self.pcm_24khz else None
        audio_in = _object(
            format=pcm,
            transcription=_part(self.transcription),
            noise_reduction=_part(self.noise_reduction),
            turn_detection=_part(self.turn_detection),
        )
        audio_out = _object(format=pcm, voice=self.voice, speed=self.speed)
        session: dict[str, Any] = _sendable(
            _object(
                type="realtime",
                instructions=self.instructions,
                output_modalities=_list(self.output_modalities),
                tools=_list(self.tools),
                tool_choice=self.tool_choice,
                parallel_tool_calls=self.parallel_tool_calls,
                audio=_object(input=audio_in or None, output=audio_out or None) or None,
                truncation=_truncation(self.truncation),
                max_output_tokens=self.max_output_tokens,
                reasoning=None if self.reasoning is None else {"effort": self.reasoning},
                include=_list(self.include),
            )
        )
        return session


def _refused(name: str, expected: str, found: object) -> ProtocolError:
    return ProtocolError(
        f"Expected session.{name} to be {expected}, found {found!r}", code="invalid_value", param=name
    )


def _object(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _list(values: tuple[Any, ...] | None) -> list[Any] | None:
    return None if values is None else list(values)


def _part(value: Any) -> Any:
    if value is None or value is NULL:
        return value
    if isinstance(value, Mapping):
        return dict(value)
    named = {f.name: getattr(value, f.name) for f in fields(value)}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in named.items() if v is not None}


def _truncation(value: str | RetentionRatio | None) -> Any:
    if not isinstance(value, RetentionRatio):
        return value
    limit = value.post_instructions_tokens
    limits = None if limit is None else {"post_instructions": limit}
    return _object(type="retention_ratio", retention_ratio=value.retention_ratio, token_limits=limits)


def _sendable(value: Any) -> Any:
    """`NULL` becomes ``None``, at any depth of our own objects."""
    if value is NULL:
        return None
    if isinstance(value, dict):
        return {k: _sendable(v) for k, v in value.items()}
    return value
