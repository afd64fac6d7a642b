"""Turn taking and transcription for every mode, agent and model."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from realtime_agents.agents.loader import load_scenario
from realtime_agents.agents.schema import TURN_DETECTION_KEYS
from realtime_agents.protocol.commands import SessionUpdate
from realtime_agents.protocol.session_config import NULL
from realtime_agents.session.line_messages import ListenMode
from realtime_agents.session.roster import Roster, spoken_configurations
from realtime_agents.session.voice_config import (
    _OWN_KEYS,
    VoiceDefaults,
    transcription,
    turn_taking,
)
from realtime_agents.settings import ROOT
from realtime_agents.tools.builtin import built_in_tools
from tests.support.oracle import check_command
from tests.support.scripted import scenario


def test_push_to_talk_leaves_everything_to_the_client() -> None:
    taking = turn_taking("push_to_talk", {"type": "server_vad", "create_response": True})
    assert taking.wire is NULL
    assert not taking.server_answers
    assert not taking.server_interrupts
    assert (taking.prefix_ms, taking.silence_ms, taking.longest_silence_ms) == (0, 0, 0)


@pytest.mark.parametrize("mode", ["server_vad", "semantic_vad"])
def test_hands_free_leaves_answers_and_interruptions_to_the_server(mode: ListenMode) -> None:
    taking = turn_taking(mode, None)
    assert taking.server_answers
    assert taking.server_interrupts


@pytest.mark.parametrize(
    ("key", "name"), [("create_response", "server_answers"), ("interrupt_response", "server_interrupts")]
)
def test_an_agent_may_want_it_otherwise(key: str, name: str) -> None:
    taking = turn_taking("server_vad", {"type": "semantic_vad", key: False})
    assert not getattr(taking, name)


@pytest.mark.parametrize("mode", ["server_vad", "semantic_vad"])
def test_every_key_of_an_agent_file_is_known(mode: str) -> None:
    assert {key.name for key in TURN_DETECTION_KEYS[mode]} == _OWN_KEYS[mode]


def test_silence_and_padding_are_told_where_they_are_fixed() -> None:
    own = {"silence_duration_ms": 800, "prefix_padding_ms": 100, "eagerness": "low"}
    server, semantic = turn_taking("server_vad", own), turn_taking("semantic_vad", own)
    assert (server.prefix_ms, server.silence_ms, server.longest_silence_ms) == (100, 800, 800)
    assert (semantic.prefix_ms, semantic.silence_ms, semantic.longest_silence_ms) == (0, 0, 8000)


@pytest.mark.parametrize(
    ("model", "language", "languages"),
    [
        ("gpt-transcribe", "es-US", ("es", "en")),
        ("gpt-live-transcribe", "fr", ("fr", "en", "es")),
        ("whisper-1", "es", None),
        ("my-deployment", "en", None),
    ],
)
def test_languages_are_named_to_models_that_take_a_list(
    model: str, language: str, languages: tuple[str, ...] | None
) -> None:
    agent = replace(scenario().agents["va"], language=language)
    wanted: dict[str, Any] = {"model": model, "languages": languages}
    found = transcription(agent, VoiceDefaults(transcription_model=model))
    assert {"model": found.model, "languages": found.languages} == wanted


TODAY = date(2026, 11, 2)
MODELS = ("gpt-transcribe", "gpt-live-transcribe", "gpt-realtime-whisper", "gpt-4o-transcribe", "whisper-1")


@pytest.mark.parametrize("model", MODELS)
def test_what_a_server_is_told_of_every_shipped_agent_is_valid_for_the_sdk(model: str) -> None:
    tools = built_in_tools()
    shipped = load_scenario(ROOT / "agent_configs" / "benefits", tools.names)
    found = spoken_configurations(shipped, tools, VoiceDefaults(transcription_model=model), today=TODAY)
    assert len(found) == 2 * len(shipped.agents)
    for session in found:
        wire = session.to_wire()
        check_command(SessionUpdate(event_id="e", session=wire))
        assert wire["truncation"] == {"type": "retention_ratio", "retention_ratio": 0.8}
        assert wire["audio"]["input"]["noise_reduction"] == {"type": "near_field"}
        assert wire["audio"]["input"]["transcription"]["model"] == model


@pytest.mark.parametrize("mode", ["server_vad", "semantic_vad", "push_to_talk"])
@pytest.mark.parametrize("eagerness", ["low", "medium", "high", "auto"])
@pytest.mark.parametrize("idle_ms", [5_000, 30_000])
def test_every_way_to_listen_that_an_agent_may_ask_for_is_valid_for_the_sdk(
    mode: ListenMode, eagerness: str, idle_ms: int
) -> None:
    own = {
        "type": "server_vad",
        "threshold": 0.9,
        "prefix_padding_ms": 0,
        "silence_duration_ms": 0,
        "idle_timeout_ms": idle_ms,
        "eagerness": eagerness,
        "create_response": False,
        "interrupt_response": False,
    }
    agents = {name: replace(agent, turn_detection=own) for name, agent in scenario().agents.items()}
    changed = replace(scenario(), agents=agents)
    roster = Roster(lambda: changed, built_in_tools(), today=lambda: TODAY)
    roster.listen = mode
    for session in (roster.configuration(first=True), roster.voice_configuration(name_voice=True)):
        check_command(SessionUpdate(event_id="e", session=session.to_wire()))
        assert session.voice == "marin"
