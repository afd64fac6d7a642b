"""What the settings make of the local engine, and what the page says of it."""

from __future__ import annotations

import json

import pytest

from realtime_agents.health import Part, badge, report
from realtime_agents.local_engine import chat_config, conversation_part, engine_config, model_name
from realtime_agents.settings import Settings, load

CHAT = {
    "ENGINE_CHAT_BASE_URL": "http://me:hunter2@127.0.0.1:11434/v1",
    "ENGINE_CHAT_API_KEY": "hunter2",
    "ENGINE_CHAT_MODEL": "Qwen3-8B",
}
KNOWLEDGE = Part(name="knowledge", implementation="embedded", ok=True)


def settings(**environment: str) -> Settings:
    return load(environment)


def test_alone_the_engine_answers_at_its_pace_and_is_no_language_model() -> None:
    part = conversation_part(settings(ENGINE_WORDS_PER_S="9"))
    assert badge([part, KNOWLEDGE]) == "Local engine · embedded knowledge"
    assert part.embedded
    assert "not a large language model" in part.detail
    config = engine_config(settings(ENGINE_WORDS_PER_S="9"))
    assert (config.words_per_s, config.chat) == (9.0, None)
    assert engine_config(settings(), paced=False).words_per_s == 0.0
    assert model_name(settings()) == "local-engine"


def test_with_a_chat_server_badge_health_and_usage_name_model_and_host_and_no_secret() -> None:
    part = conversation_part(settings(**CHAT))
    assert badge([part, KNOWLEDGE]) == "Local engine · Qwen3-8B at 127.0.0.1:11434 · embedded knowledge"
    assert not part.embedded
    assert "http://127.0.0.1:11434/v1" in part.detail
    assert "hunter2" not in json.dumps(report([part]))
    assert model_name(settings(**CHAT)) == "Qwen3-8B"


def test_a_chat_server_sets_the_pace_itself() -> None:
    config = engine_config(settings(**CHAT, ENGINE_WORDS_PER_S="9"))
    assert config.words_per_s == 0.0
    assert config.chat is not None
    assert (config.chat.model, config.chat.api_key, config.chat.host) == (
        "Qwen3-8B",
        "hunter2",
        "127.0.0.1:11434",
    )
    assert chat_config(settings()) is None


@pytest.mark.parametrize(
    ("other", "implementation"),
    [
        ({"OPENAI_API_KEY": "k"}, "openai"),
        ({"REALTIME_BASE_URL": "http://127.0.0.1:1/v1"}, "realtime server"),
    ],
)
def test_another_realtime_server_goes_before_and_says_that_the_chat_server_rests(
    other: dict[str, str], implementation: str
) -> None:
    part = conversation_part(settings(**CHAT, **other))
    assert part.implementation == implementation
    assert f"ENGINE_CHAT_BASE_URL is not used, because {next(iter(other))} is set" in part.detail
    assert model_name(settings(**CHAT, **other)) == "gpt-realtime-2.1"
    assert "not used" not in conversation_part(settings(**other)).detail
