"""The effective session: defaults, partial updates, what may not change any more."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from realtime_agents.engine.audio_format import AudioFormat, format_of
from realtime_agents.engine.config import MODEL
from realtime_agents.engine.speech.voices import DEFAULT_VOICE
from realtime_agents.errors import ProtocolError

DEFAULT_INSTRUCTIONS = (
    "You are the local engine of Realtime Agents. Answer only with what the tools of this session return."
)
_PCM = {"type": "audio/pcm", "rate": 24000}
_SERVER_VAD = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "create_response": True,
    "interrupt_response": True,
    "idle_timeout_ms": None,
}
_SEMANTIC_VAD = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}
_CLEARED: dict[str, Any] = {
    "instructions": DEFAULT_INSTRUCTIONS,
    "output_modalities": ["text"],
    "tools": [],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "max_output_tokens": "inf",
    "truncation": "auto",
}
"""What ``null`` puts back; every other field becomes ``null`` itself."""


class SessionState:
    """The session object of one connection.

    Until a client says otherwise answers are text (OpenAI's server begins with audio), and turns
    of speech are detected with ``server_vad`` where the engine can hear, else not at all. Noise
    reduction, tracing and the model of transcription are kept and shown, without effect here.
    """

    def __init__(self, *, session_id: str, asked_model: str, expires_at: int, can_hear: bool = False) -> None:
        self._asked_model = asked_model
        self._spoken_voice: str | None = None
        self._config: dict[str, Any] = {
            "type": "realtime",
            "object": "realtime.session",
            "id": session_id,
            "model": MODEL,
            "expires_at": expires_at,
            **deepcopy(_CLEARED),
            "reasoning": None,
            "tracing": None,
            "include": None,
            "audio": {
                "input": {
                    "format": _PCM,
                    "transcription": None,
                    "noise_reduction": None,
                    "turn_detection": dict(_SERVER_VAD) if can_hear else None,
                },
                "output": {"format": _PCM, "voice": DEFAULT_VOICE, "speed": 1.0},
            },
        }

    def to_wire(self) -> dict[str, Any]:
        """The whole effective session."""
        return deepcopy(self._config)

    def get(self, name: str) -> Any:
        """One top-level field."""
        return self._config[name]

    @property
    def is_aloud(self) -> bool:
        """The client wants answers that are heard."""
        return "audio" in self._config["output_modalities"]

    @property
    def transcribes(self) -> bool:
        """The client wants to know what was heard."""
        return self._config["audio"]["input"]["transcription"] is not None

    @property
    def turn_detection(self) -> Mapping[str, Any] | None:
        """How the ends of turns are found; ``None``: the client commits."""
        found: Mapping[str, Any] | None = self._config["audio"]["input"]["turn_detection"]
        return found

    @property
    def input_format(self) -> AudioFormat:
        return format_of(self._config["audio"]["input"]["format"])

    def on_spoken(self, voice: str) -> None:
        """Audio was sent: from now on the voice is fixed."""
        self._spoken_voice = self._spoken_voice or voice

    def check_voice(self, voice: str, param: str) -> None:
        """Raises `ProtocolError` when another voice has spoken already."""
        if self._spoken_voice not in (None, voice):
            raise ProtocolError(
                "Cannot update a conversation's voice if assistant audio is present.",
                code="cannot_update_voice",
                param=param,
            )

    def update(self, patch: Mapping[str, Any]) -> None:
        """Take over the fields present in a valid ``session``; all of them or, on `ProtocolError`, none."""
        model = patch.get("model")
        if model is not None and model not in (MODEL, self._asked_model):
            raise ProtocolError(
                "Cannot update a session's model.", code="invalid_value", param="session.model"
            )
        if (
            self._config["tracing"] is not None
            and patch.get("tracing", self._config["tracing"]) != self._config["tracing"]
        ):
            raise ProtocolError(
                "Cannot update a session's tracing once it is enabled.",
                code="invalid_value",
                param="session.tracing",
            )
        spoken = (patch.get("audio") or {}).get("output") or {}
        if "voice" in spoken:
            self.check_voice(spoken["voice"] or DEFAULT_VOICE, "session.audio.output.voice")
        for name, value in patch.items():
            if name in ("type", "model"):
                continue
            if name == "audio":
                self._update_audio(value or {})
            else:
                self._config[name] = deepcopy(_CLEARED.get(name)) if value is None else deepcopy(value)

    def _update_audio(self, patch: Mapping[str, Any]) -> None:
        for side in ("input", "output"):
            current: dict[str, Any] = self._config["audio"][side]
            for name, value in (patch.get(side) or {}).items():
                current[name] = _merged(name, current[name], value)


def _merged(name: str, current: Any, value: Any) -> Any:
    match name, value:
        case "turn_detection", {"type": kind}:
            default = _SERVER_VAD if kind == "server_vad" else _SEMANTIC_VAD
            base = current if current and current["type"] == kind else default
            return {**base, **{k: default[k] if v is None else v for k, v in value.items()}}
        case "noise_reduction", {"type": _}:
            return {"strength": (current or {}).get("strength", 1.0), **value}
        case "format", {"type": "audio/pcm"}:
            return dict(_PCM)
        case "format" | "voice" | "speed", None:
            return {"format": dict(_PCM), "voice": DEFAULT_VOICE, "speed": 1.0}[name]
        case _:
            return deepcopy(value)
