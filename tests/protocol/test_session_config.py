from __future__ import annotations

from typing import Any

import pytest
from openai.types.realtime.realtime_session_create_request import RealtimeSessionCreateRequest
from pydantic import TypeAdapter

from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.session_config import (
    NULL,
    NoiseReduction,
    RealtimeSession,
    RetentionRatio,
    SemanticVad,
    ServerVad,
    Transcription,
)
from tests.protocol.samples import models_in

TOOL = {"type": "function", "name": "search", "description": "d", "parameters": {"type": "object"}}
FULL = RealtimeSession(
    instructions="Be brief.",
    output_modalities=("audio",),
    tools=(TOOL,),
    tool_choice="auto",
    parallel_tool_calls=True,
    voice="marin",
    speed=1.0,
    pcm_24khz=True,
    turn_detection=ServerVad(
        threshold=0.5,
        prefix_padding_ms=300,
        silence_duration_ms=500,
        create_response=True,
        interrupt_response=True,
        idle_timeout_ms=6000,
    ),
    transcription=Transcription(
        model="gpt-transcribe",
        language="en",
        languages=("en", "es"),
        keywords=("Medicare",),
        prompt="p",
        delay="low",
    ),
    noise_reduction=NoiseReduction(type="near_field", strength=0.5),
    truncation=RetentionRatio(retention_ratio=0.8, post_instructions_tokens=8000),
    max_output_tokens="inf",
    reasoning="low",
    include=("item.input_audio_transcription.logprobs",),
)
SESSIONS = [
    FULL,
    RealtimeSession(),
    RealtimeSession(turn_detection=SemanticVad(eagerness="low", create_response=False), truncation="auto"),
    RealtimeSession(turn_detection=NULL, transcription=NULL, noise_reduction=NULL),
    RealtimeSession(turn_detection={"type": "server_vad", "threshold": 0.6}, max_output_tokens=512),
    RealtimeSession(tool_choice={"type": "function", "name": "search"}, output_modalities=("text",)),
]


@pytest.mark.parametrize("session", SESSIONS)
def test_every_session_is_valid_for_the_sdk_and_has_no_unknown_field(session: RealtimeSession) -> None:
    wire = session.to_wire()
    parsed = TypeAdapter(RealtimeSessionCreateRequest).validate_python(wire, strict=True)
    assert not any(model.model_extra for model in models_in(parsed))
    assert parsed.model_dump(exclude_unset=True) == wire


def test_the_full_session_is_spelled_as_the_wire_wants_it() -> None:
    pcm = {"type": "audio/pcm", "rate": 24000}
    wire = FULL.to_wire()
    assert wire["audio"]["input"]["format"] == wire["audio"]["output"]["format"] == pcm
    assert wire["audio"]["output"] | {"format": None} == {"format": None, "voice": "marin", "speed": 1.0}
    assert wire["truncation"] == {
        "type": "retention_ratio",
        "retention_ratio": 0.8,
        "token_limits": {"post_instructions": 8000},
    }
    assert wire["reasoning"] == {"effort": "low"}
    assert wire["audio"]["input"]["transcription"]["languages"] == ["en", "es"]


def test_what_is_not_set_is_left_out() -> None:
    assert RealtimeSession().to_wire() == {"type": "realtime"}
    assert RealtimeSession(voice="cedar").to_wire() == {
        "type": "realtime",
        "audio": {"output": {"voice": "cedar"}},
    }


def test_empty_values_are_sent_because_they_clear() -> None:
    assert RealtimeSession(instructions="", tools=()).to_wire() == {
        "type": "realtime",
        "instructions": "",
        "tools": [],
    }


def test_null_switches_a_feature_off() -> None:
    off = RealtimeSession(turn_detection=NULL, transcription=NULL, noise_reduction=NULL).to_wire()
    assert off["audio"] == {"input": {"turn_detection": None, "transcription": None, "noise_reduction": None}}


def test_prompt_temperature_tracing_and_model_are_never_sent() -> None:
    assert not {"prompt", "temperature", "tracing", "model"} & set(FULL.to_wire())


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"output_modalities": ("text", "audio")}, "output_modalities"),
        ({"output_modalities": ()}, "output_modalities"),
        ({"speed": 1.6}, "speed"),
        ({"speed": 0.2}, "speed"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": 4097}, "max_output_tokens"),
    ],
)
def test_values_that_would_reject_the_whole_update_are_refused_here(
    wrong: dict[str, Any], param: str
) -> None:
    with pytest.raises(ProtocolError) as caught:
        RealtimeSession(**wrong)
    assert caught.value.param == param
