"""What the settings make of the local engine, and what the page says of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from realtime_agents.engine.speech.kit import SpokenSentence
from realtime_agents.errors import SpeechUnavailable
from realtime_agents.health import Part, badge, report
from realtime_agents.local_engine import (
    chat_config,
    conversation_part,
    engine_config,
    model_name,
    speech_part,
    try_speech,
)
from realtime_agents.settings import Settings, load
from tests.support.scripted_speech import ScriptedSpeech, said

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


class Talker(ScriptedSpeech):
    """Says words that can be heard again."""

    def __init__(self, words: str, **options: Any) -> None:
        super().__init__(**options)
        self.words = words

    async def ready(self) -> bool:
        await self.warm()
        return self.is_ready

    async def speak(
        self, text: str, *, voice: str = "marin", speed: float = 1.0
    ) -> AsyncGenerator[SpokenSentence, None]:
        self.asked.append((text, voice, speed))
        yield SpokenSentence(text=text, pcm=said(self.words))


async def test_speech_is_loading_then_ready_or_off_with_its_reason() -> None:
    speech = ScriptedSpeech()
    assert (speech_part(speech).implementation, speech_part(speech).ok) == ("loading", True)
    await speech.warm()
    assert speech_part(speech).ok and speech_part(speech).implementation == "local models"
    speech.notice = "An extra is damaged."
    assert speech_part(speech).ok and "An extra is damaged." in speech_part(speech).detail
    speech.problem = "Speech is off: a file is damaged."
    part = speech_part(speech)
    assert (part.ok, part.implementation) == (False, "off")
    assert part.detail == "Speech is off: a file is damaged. Conversations go on in text."
    assert badge([part, KNOWLEDGE]) == "embedded knowledge · speech is off"


async def test_speech_is_tried_by_letting_it_hear_itself() -> None:
    speech = Talker("how much is it")
    assert (await try_speech(speech)).ok
    assert [text for text, _, _ in speech.asked] == ["How much is it?"]
    deaf = await try_speech(Talker("weather in Paris"))
    assert not deaf.ok and "heard “weather in Paris”" in deaf.detail


async def test_speech_that_is_off_fails_or_hangs_is_told_in_words() -> None:
    off = await try_speech(Talker("", problem="Speech is off: a file is damaged."))
    assert not off.ok and "a file is damaged" in off.detail
    failing = Talker("how")
    failing.reading_faults = [SpeechUnavailable("the thread has ended")]
    part = await try_speech(failing)
    assert not part.ok and "the thread has ended" in part.detail
    hanging = Talker("how")
    hanging.reading.clear()
    part = await try_speech(hanging, limit_s=0.01)
    assert not part.ok and "within 0.01 s" in part.detail
