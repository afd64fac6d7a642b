"""The ears without a socket: half an hour of speech, audio that nobody can read, lost detection."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from realtime_agents.engine.audio_format import PCM24K, encode, format_of
from realtime_agents.engine.conversation import ConversationStore
from realtime_agents.engine.hearing import Hearing
from realtime_agents.engine.input_audio import AudioTape
from realtime_agents.engine.listening import Listening
from realtime_agents.engine.responses import Responses
from realtime_agents.engine.session_state import SessionState
from realtime_agents.engine.speech.vad import FRAME_MS
from realtime_agents.engine.speech_access import SpeechAccess
from realtime_agents.engine.turns import Turns
from realtime_agents.errors import ProtocolError, SpeechBusy, SpeechUnavailable
from realtime_agents.protocol.events import (
    ConversationItemInputAudioTranscriptionCompleted,
    Error,
    InputAudioBufferCommitted,
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
    ServerEvent,
)
from realtime_agents.protocol.items import MessageItem
from tests.engine.wire import word_engine
from tests.support.scripted_speech import ScriptedSpeech, noise, said, silence

MINUTE = 60_000


class NoAnswers:
    """Stands in for the responses of a connection; counts what it is asked."""

    def __init__(self) -> None:
        self.answers = 0
        self.interrupts = 0
        self.begun = 0
        self.is_answering = False

    async def answer(self, remark: str = "") -> None:
        self.answers += 1

    def interrupt(self) -> None:
        self.interrupts += 1


class Ears:
    """Everything that hears on one connection, and the events it gave."""

    def __init__(self, detection: dict[str, object] | None, **settings: int) -> None:
        self.events: list[ServerEvent] = []
        self.speech = ScriptedSpeech()
        self.session = SessionState(session_id="s", asked_model="m", expires_at=0, can_hear=True)
        audio = {"input": {"turn_detection": detection, "transcription": {"model": "any"}}}
        self.session.update({"type": "realtime", "audio": audio})
        self.conversation = ConversationStore(max_items=1_000, max_chars=10_000_000)
        self.hearing = Hearing(session=self.session, conversation=self.conversation, emit=self._emit)
        self.tape = AudioTape()
        self.answers = NoAnswers()
        responses: Responses = self.answers  # type: ignore[assignment]  # as much of it as is used
        self.turns = Turns(
            tape=self.tape,
            session=self.session,
            conversation=self.conversation,
            responses=responses,
            hearing=self.hearing,
            emit=self._emit,
        )
        self.listening = Listening(
            word_engine(speech=self.speech, **settings),
            access=SpeechAccess(self.speech, self._emit),
            session=self.session,
            tape=self.tape,
            turns=self.turns,
            emit=self._emit,
        )

    async def _emit(self, event: ServerEvent) -> None:
        self.events.append(event)

    async def hear(self, pcm: bytes, *, piece_ms: int = 1_000) -> None:
        for at in range(0, len(pcm), piece_ms * 48):
            await self.listening.append(pcm[at : at + piece_ms * 48], PCM24K)
        await self.listening.settle()

    async def settled(self) -> None:
        await self.hearing.settled(item.id for item in self.conversation.items)

    async def close(self) -> None:
        await self.listening.close()
        await self.turns.close()
        await self.hearing.close()

    def all(self, kind: type) -> list[ServerEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    def transcripts(self) -> list[str]:
        return [
            e.transcript
            for e in self.events
            if isinstance(e, ConversationItemInputAudioTranscriptionCompleted)
        ]

    def errors(self) -> list[str | None]:
        return [event.error.code for event in self.events if isinstance(event, Error)]


SERVER_VAD: dict[str, object] = {"type": "server_vad"}


def talk(minutes: int) -> Iterator[bytes]:
    """Somebody who talks and breathes, but never falls silent for long: ten seconds at a time."""
    phrase = said("how much is it what weather in Paris") + silence(300)
    phrase += silence(2_000 - len(phrase) // 48) if len(phrase) < 2_000 * 48 else b""
    for _ in range(minutes * 6):
        yield phrase * 5


async def test_half_an_hour_without_an_end_is_turns_of_five_minutes_and_little_is_held() -> None:
    ears = Ears(SERVER_VAD)
    held, longest = 0, 0
    for piece in talk(30):
        await ears.hear(piece)
        await ears.settled()
        held = max(held, ears.tape.size_bytes)
    await ears.hear(silence(1_000))
    await ears.settled()
    longest = max(ms for _, ms, _ in ears.speech.read)
    assert held < 30_000 * 48 and longest < 30_000
    committed = ears.all(InputAudioBufferCommitted)
    assert len(committed) == 6 or len(committed) == 7
    words = " ".join(ears.transcripts()).split()
    assert abs(len(words) - 30 * 30 * 8) <= 2 * len(committed)  # a word may fall on a border
    assert all(
        ears.conversation.audio_ms(e.item_id) <= 5 * MINUTE
        for e in committed
        if isinstance(e, InputAudioBufferCommitted)
    )
    await ears.close()


async def test_half_an_hour_of_a_held_button_is_one_item_with_all_words() -> None:
    ears = Ears(None)
    held = 0
    for piece in talk(30):
        await ears.hear(piece)
        held = max(held, ears.tape.size_bytes)
    await ears.listening.commit()
    await ears.settled()
    (text,) = ears.transcripts()
    assert abs(len(text.split()) - 30 * 30 * 8) <= 12
    assert held < 30_000 * 48
    assert ears.conversation.audio_ms(ears.conversation.last_id or "") == 30 * MINUTE
    await ears.close()


async def test_noise_without_an_end_is_cut_after_five_minutes_and_gets_no_answer() -> None:
    ears = Ears(SERVER_VAD)
    for _ in range(11):
        await ears.hear(noise(MINUTE))
    await ears.settled()
    assert ears.transcripts() == ["", ""]
    assert ears.answers.answers == 0
    assert ears.tape.size_bytes <= 5 * MINUTE * 48
    await ears.close()


async def test_an_hour_of_silence_holds_nothing_and_reads_nothing() -> None:
    for detection in (SERVER_VAD, None):
        ears = Ears(detection)
        for _ in range(60):
            await ears.hear(silence(MINUTE), piece_ms=10_000)
        assert ears.tape.size_bytes < 3_000 * 48
        assert ears.events == [] and ears.speech.read == []
        await ears.close()


async def test_audio_that_cannot_be_read_fills_the_buffer_which_is_told_once() -> None:
    ears = Ears(None, max_audio_bytes=2_000 * 48)
    ears.speech.reading.clear()
    await ears.hear(said("how much is it") + silence(300))
    await ears.hear(said("what weather in Paris") + silence(300))
    assert ears.errors() == ["input_audio_buffer_full"]
    assert ears.tape.size_bytes <= 2_000 * 48
    ears.speech.reading.set()
    await ears.listening.commit()
    await ears.settled()
    assert ears.transcripts()[0].startswith("how much is it")
    await ears.hear(said("thanks"))
    await ears.listening.commit()
    await ears.settled()
    assert ears.transcripts()[1] == "thanks"
    await ears.close()


async def test_turns_whose_words_do_not_come_make_detection_wait() -> None:
    ears = Ears(SERVER_VAD)
    ears.speech.reading.clear()
    turn = said("how") + silence(700)
    for _ in range(12):
        await ears.listening.append(turn, PCM24K)
    settling = asyncio.create_task(ears.listening.settle())
    for _ in range(200):
        await asyncio.sleep(0)
    assert not settling.done()
    assert len(ears.all(InputAudioBufferCommitted)) == 8
    ears.speech.reading.set()
    await settling
    await ears.settled()
    assert len(ears.transcripts()) == 12
    await ears.close()


async def test_overloaded_detection_skips_audio_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    ears = Ears(SERVER_VAD)
    await ears.hear(silence(500))
    ears.speech.detection_faults = [SpeechBusy("full")]
    await ears.hear(silence(500))
    await ears.hear(said("how much") + silence(700))
    await ears.settled()
    (started,) = ears.all(InputAudioBufferSpeechStarted)
    assert isinstance(started, InputAudioBufferSpeechStarted)
    assert 700 <= started.audio_start_ms <= 732
    assert ears.transcripts() == ["how much"]
    assert "overloaded" in caplog.text
    await ears.close()


async def test_speech_that_goes_away_in_mid_stream_is_told_once() -> None:
    ears = Ears(SERVER_VAD)
    ears.speech.detection_faults = [SpeechUnavailable("gone")] * 2
    await ears.hear(silence(1_000))
    ears.speech.problem = "gone"
    await ears.hear(silence(500))
    assert ears.errors() == ["speech_unavailable"]
    with pytest.raises(ProtocolError) as refused:
        await ears.listening.commit()
    assert refused.value.code == "speech_unavailable"
    await ears.close()


async def test_frames_of_any_size_give_the_same_turns() -> None:
    found = []
    pcm = silence(333) + said("how much is it") + silence(777) + said("thanks") + silence(999)
    for size in (2, 46, 960, 5_000, len(pcm)):
        ears = Ears(SERVER_VAD)
        for at in range(0, len(pcm), size):
            await ears.listening.append(pcm[at : at + size], PCM24K)
        await ears.listening.settle()
        await ears.settled()
        times = [
            e.audio_start_ms if isinstance(e, InputAudioBufferSpeechStarted) else e.audio_end_ms
            for e in ears.events
            if isinstance(e, InputAudioBufferSpeechStarted | InputAudioBufferSpeechStopped)
        ]
        found.append((times, ears.transcripts()))
        await ears.close()
    assert found[0][1] == ["how much is it", "thanks"]
    assert all(one == found[0] for one in found)


async def test_the_format_may_change_in_mid_speech() -> None:
    ears = Ears(SERVER_VAD)
    telephone = format_of({"type": "audio/pcmu"})
    await ears.listening.append(silence(400) + said("how much"), PCM24K)
    await ears.listening.append(encode(said("is it") + silence(700), telephone), telephone)
    await ears.listening.settle()
    await ears.settled()
    assert ears.transcripts() == ["how much is it"]
    await ears.close()


async def test_a_turn_never_begins_before_the_end_of_the_one_before() -> None:
    ears = Ears({**SERVER_VAD, "silence_duration_ms": 64, "prefix_padding_ms": 2_000})
    await ears.hear(silence(400) + said("how") + silence(200) + said("much") + silence(200))
    await ears.settled()
    spans = [
        (started.audio_start_ms, stopped.audio_end_ms)
        for started, stopped in zip(
            ears.all(InputAudioBufferSpeechStarted), ears.all(InputAudioBufferSpeechStopped), strict=True
        )
        if isinstance(started, InputAudioBufferSpeechStarted)
        and isinstance(stopped, InputAudioBufferSpeechStopped)
    ]
    assert spans[0][0] == 0 and spans[1][0] == spans[0][1]
    assert ears.transcripts() == ["how", "much"]
    await ears.close()


async def test_a_deleted_item_is_not_answered_and_takes_no_words() -> None:
    ears = Ears(SERVER_VAD)
    ears.speech.reading.clear()
    await ears.hear(said("how much") + silence(700))
    (item,) = ears.conversation.items
    assert isinstance(item, MessageItem)
    ears.conversation.delete(item.id or "")
    ears.speech.reading.set()
    await ears.settled()
    await ears.hearing.settled([item.id])
    assert ears.answers.answers == 0 and ears.conversation.items == ()
    assert ears.transcripts() == []
    await ears.close()


SEMANTIC_VAD: dict[str, object] = {"type": "semantic_vad"}


async def wait_after(ears: Ears, text: str) -> int:
    """How long a silence ended a turn with these words."""
    began_ms, spoken_ms = ears.tape.end_ms, 400 + 200 * len(text.split())
    whole_frames_ms = 6_400 - spoken_ms % FRAME_MS
    await ears.hear(silence(400) + said(text) + silence(whole_frames_ms), piece_ms=100)
    await ears.settled()
    stopped = ears.all(InputAudioBufferSpeechStopped)[-1]
    assert isinstance(stopped, InputAudioBufferSpeechStopped)
    return stopped.audio_end_ms - began_ms - spoken_ms


@pytest.mark.parametrize(("sounds", "is_shifted"), [(0.95, -1), (0.5, 0), (None, 0), (0.05, 1)])
async def test_how_a_pause_sounds_shifts_the_end_of_a_semantic_turn(
    sounds: float | None, is_shifted: int
) -> None:
    ears = Ears(SEMANTIC_VAD)
    alone = await wait_after(ears, "Paris thanks hello")
    ears.speech.sounds = sounds
    wait = await wait_after(ears, "Paris thanks hello")
    assert (wait > alone) - (wait < alone) == is_shifted
    await ears.close()


async def test_a_judge_of_sounds_that_never_answers_changes_nothing() -> None:
    ears = Ears(SEMANTIC_VAD)
    alone = await wait_after(ears, "Paris thanks hello")
    ears.speech.sounding.clear()
    ears.speech.sounds = 0.05
    assert await wait_after(ears, "Paris thanks hello") == alone
    await ears.close()
    assert len(asyncio.all_tasks()) == 1


async def test_the_last_eight_seconds_of_a_long_turn_are_judged() -> None:
    ears = Ears(SEMANTIC_VAD)
    ears.speech.sounds = 0.5
    await wait_after(ears, " ".join(["Paris thanks hello now"] * 15))  # 12 s
    assert 36 <= len(ears.speech.sounded[-1].split()) <= 39
    await ears.close()


async def test_without_semantic_detection_nobody_asks_how_it_sounds() -> None:
    ears = Ears(SERVER_VAD)
    ears.speech.sounds = 0.05
    await wait_after(ears, "Paris thanks hello")
    assert ears.speech.sounded == []
    await ears.close()
