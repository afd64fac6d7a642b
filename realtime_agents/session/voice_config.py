"""How a server is told to listen and to speak; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from realtime_agents.agents.config import AgentConfig
from realtime_agents.protocol.session_config import NULL, NoiseReduction, Null, Transcription
from realtime_agents.session.line_messages import ListenMode

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "server_vad": {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "create_response": True,
        "interrupt_response": True,
    },
    "semantic_vad": {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    },
}
_OWN_KEYS = {"server_vad": frozenset({*_DEFAULTS["server_vad"], "idle_timeout_ms"})} | {
    "semantic_vad": frozenset(_DEFAULTS["semantic_vad"])
}
_SEMANTIC_WAIT_MS = {"low": 8000, "medium": 4000, "auto": 4000, "high": 2000}
_LANGUAGE_LISTS = ("gpt-transcribe", "gpt-live-transcribe")
"""Models that take a list of languages; others would refuse the whole update."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceDefaults:
    """What every voice session is configured with, whoever speaks."""

    transcription_model: str = "gpt-transcribe"
    """Writes down what the person says. The local engine takes any name."""
    languages: tuple[str, ...] = ("en", "es")
    """What people may speak beside the agent's own language; a hint for models that take one."""
    noise_reduction: NoiseReduction | Null = field(default_factory=lambda: NoiseReduction(type="near_field"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTaking:
    """How the end of a turn is found, and who does what then."""

    wire: Mapping[str, Any] | Null
    """``turn_detection`` of the session; `NULL` for push-to-talk."""

    @property
    def server_answers(self) -> bool:
        """The server begins its response by itself when a turn ends."""
        return isinstance(self.wire, Mapping) and self.wire.get("create_response") is not False

    @property
    def server_interrupts(self) -> bool:
        """The server stops its response by itself when the person begins to speak."""
        return isinstance(self.wire, Mapping) and self.wire.get("interrupt_response") is not False

    @property
    def prefix_ms(self) -> int:
        """Part of a turn that was heard before speech was detected."""
        return self._number("prefix_padding_ms")

    @property
    def silence_ms(self) -> int:
        """Silence at the end of a turn that was waited for; 0 when it differs from turn to turn, and the sound tells."""
        return self._number("silence_duration_ms")

    @property
    def longest_silence_ms(self) -> int:
        """Silence that surely ends a turn."""
        if not isinstance(self.wire, Mapping):
            return 0
        return self.silence_ms or _SEMANTIC_WAIT_MS.get(str(self.wire.get("eagerness")), 8000)

    def _number(self, key: str) -> int:
        found = self.wire.get(key, 0) if isinstance(self.wire, Mapping) else 0
        return int(found) if isinstance(found, int | float) else 0


def turn_taking(mode: ListenMode, own: Mapping[str, Any] | None) -> TurnTaking:
    """``own``: the agent's settings, of which those that the mode knows count."""
    if mode == "push_to_talk":
        return TurnTaking(wire=NULL)
    given = {k: v for k, v in (own or {}).items() if k in _OWN_KEYS[mode] and k != "type"}
    return TurnTaking(wire={**_DEFAULTS[mode], **given})


def transcription(agent: AgentConfig, defaults: VoiceDefaults) -> Transcription:
    """How the person's words are written down while ``agent`` speaks."""
    model = defaults.transcription_model
    if not model.startswith(_LANGUAGE_LISTS):
        return Transcription(model=model)
    spoken = dict.fromkeys([agent.language.split("-")[0].lower(), *defaults.languages])
    return Transcription(model=model, languages=tuple(spoken))
