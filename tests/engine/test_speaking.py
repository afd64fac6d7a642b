"""Speaking while it is still being thought; turn rules; time that is left to play; missing speech."""

from __future__ import annotations

import asyncio

import pytest

from realtime_agents.engine.audio_format import PCM24K
from realtime_agents.engine.playtime import Playtime
from realtime_agents.engine.responder import Responder, ResponseSpec
from realtime_agents.engine.speaking import Voicing
from realtime_agents.engine.speech.endpointing import SemanticRule, ServerVadRule
from realtime_agents.engine.speech_access import SpeechAccess
from realtime_agents.engine.thought import Thoughts, ToolCall, Words
from realtime_agents.engine.turn_rules import MAX_PADDING_MS, mode_for
from realtime_agents.errors import SpeechError, ThinkingError
from realtime_agents.protocol.events import (
    Error,
    ResponseOutputAudioDelta,
    ResponseOutputAudioTranscriptDelta,
    ResponseOutputItemDone,
    ServerEvent,
)
from realtime_agents.protocol.items import MessageItem, OpaqueItem
from tests.engine.wire import ManualClock
from tests.support.scripted_speech import ScriptedSpeech


class Stage:
    """A response that is spoken, and what it gave out."""

    def __init__(self) -> None:
        self.events: list[ServerEvent] = []
        self.speech = ScriptedSpeech()
        self.samples = 0
        self.clock = ManualClock()
        spec = ResponseSpec(
            conversation=None, conversation_id=None, metadata=None, max_output_tokens="inf", audio={}
        )
        self.responder = Responder(spec, emit=self.emit, clock=self.clock, words_per_s=2)

    async def emit(self, event: ServerEvent) -> None:
        self.events.append(event)

    async def begin(self) -> None:
        await self.responder.created(
            Voicing(
                speech=self.speech,
                voice="marin",
                speed=1.0,
                audio_format=PCM24K,
                on_audio=self._on_audio,
                on_fault=self._on_fault,
            )
        )

    def _on_audio(self, samples: int) -> None:
        self.samples += samples

    async def _on_fault(self, error: SpeechError) -> None:
        raise AssertionError(error)

    @property
    def transcript(self) -> str:
        deltas = [e.delta for e in self.events if isinstance(e, ResponseOutputAudioTranscriptDelta)]
        return "".join(deltas)

    def items(self) -> list[str]:
        done = [e.item for e in self.events if isinstance(e, ResponseOutputItemDone)]
        return [f"{item.type} {item.status}" for item in done if not isinstance(item, OpaqueItem)]


async def steps() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("thought", "then", "text"),
    [
        ([Words(text="One two. Th"), Words(text="ree ")], "four.", "One two. Three four."),
        ([Words(text="One two.", whole=True)], " Three.", "One two. Three."),
    ],
    ids=["the next one has begun", "nobody knows what follows"],
)
async def test_a_sentence_is_spoken_while_the_next_one_is_still_thought(
    thought: list[Words], then: str, text: str
) -> None:
    stage, more = Stage(), asyncio.Event()

    async def slow() -> Thoughts:
        for words in thought:
            yield words
        await more.wait()
        yield Words(text=then)

    await stage.begin()
    running = asyncio.create_task(stage.responder.run(slow()))
    await steps()
    assert stage.transcript == "One two."
    assert [e for e in stage.events if isinstance(e, ResponseOutputAudioDelta)]
    more.set()
    assert (await running).type == "completed"
    assert stage.transcript == text
    assert stage.samples == len(text.split()) * 2_400


async def test_speech_is_not_paced_by_words() -> None:
    stage = Stage()

    async def thoughts() -> Thoughts:
        yield Words(text="one two three four five six")

    await stage.begin()
    await asyncio.wait_for(stage.responder.run(thoughts()), 5)
    assert stage.clock.now() == 1_000.0


async def test_what_was_being_said_is_finished_before_a_call() -> None:
    stage = Stage()

    async def thoughts() -> Thoughts:
        yield Words(text="One moment")
        yield ToolCall(name="f", arguments="{}")

    await stage.begin()
    await stage.responder.run(thoughts())
    assert stage.items() == ["message completed", "function_call completed"]
    assert stage.transcript == "One moment"


async def test_a_thinker_that_fails_in_mid_sentence_leaves_the_sentences_before_it() -> None:
    stage = Stage()

    async def failing() -> Thoughts:
        yield Words(text="One two. Three ")
        yield Words(text="fo")
        raise ThinkingError("gone", code="chat_stream_broken")

    await stage.begin()
    assert (await stage.responder.run(failing())).type == "failed"
    (item,) = [e.item for e in stage.events if isinstance(e, ResponseOutputItemDone)]
    assert isinstance(item, MessageItem)
    assert (item.status, item.content[0].transcript) == ("incomplete", "One two.")


def test_time_left_to_play_is_what_was_sent_less_what_has_passed() -> None:
    clock = ManualClock()
    playtime = Playtime(clock)
    assert playtime.left_ms == 0
    playtime.add(48_000)
    clock.skip(0.5)
    playtime.add(24_000)
    assert playtime.left_ms == 2_500
    clock.skip(10)
    assert playtime.left_ms == 0


def test_each_turn_detection_has_its_rule() -> None:
    manual = mode_for(None)
    assert manual.is_manual and not manual.creates and not manual.interrupts
    server = mode_for(
        {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 10**9,
            "silence_duration_ms": 500,
            "create_response": True,
            "interrupt_response": False,
            "idle_timeout_ms": None,
        }
    )
    assert isinstance(server.rule, ServerVadRule) and server.padding_ms == MAX_PADDING_MS
    assert (server.creates, server.interrupts, server.is_manual) == (True, False, False)
    semantic = mode_for(
        {"type": "semantic_vad", "eagerness": "low", "create_response": False, "interrupt_response": True}
    )
    assert isinstance(semantic.rule, SemanticRule)
    assert (semantic.creates, semantic.interrupts) == (False, True)


@pytest.mark.parametrize("speech", [None, ScriptedSpeech(problem="A file is damaged.")])
async def test_missing_speech_is_told_once_in_words(speech: ScriptedSpeech | None) -> None:
    events: list[ServerEvent] = []

    async def emit(event: ServerEvent) -> None:
        events.append(event)

    access = SpeechAccess(speech, emit)
    assert [await access.get(), await access.get(), await access.get(tell=False)] == [None] * 3
    (error,) = events
    assert isinstance(error, Error) and error.error.code == "speech_unavailable"
    assert error.error.message.endswith("The session goes on in text.")
