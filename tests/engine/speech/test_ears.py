"""Recorded speech through detection and recognition."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime_agents.engine.speech.endpointing import ServerVadRule, SpeechStarted, SpeechStopped, TurnEvent
from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.engine.speech.moonshine import Moonshine
from realtime_agents.engine.speech.resample import float_to_pcm16, resample
from realtime_agents.engine.speech.transcriber import Transcriber
from realtime_agents.engine.speech.vad import FRAME_MS, VadFrame, VadModel
from tests.engine.speech.conftest import Clips
from tests.support.speech import RATE_HZ, pink_noise, silence, word_errors, words

MAX_WER = 0.10


def error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    counted = [(word_errors(words(read), words(heard)), len(words(read))) for read, heard in pairs]
    return sum(errors for errors, _ in counted) / sum(count for _, count in counted)


def pcm24k(audio: NDArray[np.float32]) -> bytes:
    return float_to_pcm16(resample(audio, RATE_HZ, 24_000))


async def test_read_aloud_sentences_are_understood(kit: SpeechKit, clips: Clips) -> None:
    heard = [(read, (await kit.transcribe(audio)).text) for read, audio in clips]
    assert error_rate(heard) <= MAX_WER


async def test_speech_ten_times_too_loud_for_the_microphone_is_understood(
    kit: SpeechKit, clips: Clips
) -> None:
    clipped = [(read, np.clip(audio * 10, -1, 1)) for read, audio in clips]
    assert all((np.abs(audio) == 1).mean() > 0.02 for _, audio in clipped)
    heard = [(read, (await kit.transcribe(audio)).text) for read, audio in clipped]
    assert error_rate(heard) <= MAX_WER


async def test_audio_as_it_comes_over_the_wire_is_understood(kit: SpeechKit, clips: Clips) -> None:
    read, audio = clips[-1]
    transcript = await kit.transcribe_pcm24k(pcm24k(audio))
    assert error_rate([(read, transcript.text)]) <= MAX_WER
    assert transcript.duration_ms > 0


async def test_an_utterance_of_more_than_ten_seconds_is_understood(kit: SpeechKit, clips: Clips) -> None:
    (first, one), _, (third, two), *_ = clips
    audio = np.concatenate([one, two])
    assert 10 < len(audio) / RATE_HZ < 30
    assert error_rate([(f"{first} {third}", (await kit.transcribe(audio)).text)]) <= MAX_WER


async def test_an_utterance_of_more_than_thirty_seconds_is_understood(kit: SpeechKit, clips: Clips) -> None:
    parts = [*clips, *clips[2:4]]
    audio = np.concatenate([audio for _, audio in parts])
    assert len(audio) / RATE_HZ > 30
    read = " ".join(read for read, _ in parts)
    assert error_rate([(read, (await kit.transcribe(audio)).text)]) <= MAX_WER


def hum() -> NDArray[np.float32]:
    return np.asarray(0.5 * np.sin(2 * np.pi * 60 * np.arange(3 * RATE_HZ) / RATE_HZ), np.float32)


def clipped() -> NDArray[np.float32]:
    return np.asarray(np.sign(hum()), np.float32)


@pytest.mark.parametrize(
    "audio",
    [
        silence(3),
        silence(0),
        silence(0.01),
        pink_noise(3, peak=0.05),
        pink_noise(12, peak=0.9),
        hum(),
        clipped(),
        np.asarray(np.random.default_rng(0).random(3 * RATE_HZ) < 0.001, np.float32),
    ],
    ids=["silence", "nothing", "10 ms", "quiet noise", "loud noise", "hum", "clipped hum", "clicks"],
)
async def test_silence_and_noise_have_no_words(kit: SpeechKit, audio: NDArray[np.float32]) -> None:
    assert (await kit.transcribe(audio)).text == ""


class _Hears:
    """Stands in for both models: so much speech, and these words."""

    def __init__(self, speech_frames: int, text: str) -> None:
        self._speech_frames = speech_frames
        self._text = text

    def probabilities(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        found = np.zeros(len(audio) // 512, np.float32)
        found[10 : 10 + self._speech_frames] = 0.9
        return found

    def transcribe(self, audio: NDArray[np.float32]) -> str:
        return self._text


@pytest.mark.parametrize(
    ("speech_frames", "text", "kept"),
    [(4, "You", ""), (4, "You.", ""), (10, "You.", "You."), (4, "Yes.", "Yes."), (4, "You do.", "You do.")],
)
def test_a_lone_you_of_a_short_noise_is_dropped(speech_frames: int, text: str, kept: str) -> None:
    hears = _Hears(speech_frames, text)
    transcriber = Transcriber(cast(VadModel, hears), cast(Moonshine, hears))
    (piece,) = transcriber.pieces(silence(2))
    assert transcriber.read(piece) == kept


async def frames_of(kit: SpeechKit, audio: NDArray[np.float32], piece_bytes: int) -> list[VadFrame]:
    stream, pcm = kit.new_detector(), pcm24k(audio)
    frames: list[VadFrame] = []
    for at in range(0, len(pcm), piece_bytes):
        frames += await kit.detect(stream, pcm[at : at + piece_bytes])
    return frames


def events_of(frames: list[VadFrame], rule: ServerVadRule) -> list[TurnEvent]:
    return [event for frame in frames for event in rule.hear(frame)]


async def test_frames_are_the_same_however_the_audio_is_cut(kit: SpeechKit, clips: Clips) -> None:
    _, audio = clips[1]
    expected = await frames_of(kit, audio, len(audio) * 4)
    assert [frame.at_ms for frame in expected] == [FRAME_MS * n for n in range(1, len(expected) + 1)]
    for piece_bytes in (960, 333, 9_600):
        found = await frames_of(kit, audio, piece_bytes)
        # The end of the stream may still wait for the rest of its frame.
        assert len(expected) - 1 <= len(found) <= len(expected)
        for one, other in zip(found, expected, strict=False):
            assert one.at_ms == other.at_ms
            assert one.probability == pytest.approx(other.probability, abs=1e-3)


async def test_two_streams_do_not_hear_each_other(kit: SpeechKit, clips: Clips) -> None:
    _, audio = clips[1]
    speaking, silent = kit.new_detector(), kit.new_detector()
    pcm, loud, quiet = pcm24k(audio), [], []
    for at in range(0, len(pcm), 4_800):
        loud += await kit.detect(speaking, pcm[at : at + 4_800])
        quiet += await kit.detect(silent, bytes(4_800))
    assert max(frame.probability for frame in loud) > 0.9
    assert max(frame.probability for frame in quiet) < 0.1


async def test_speech_between_silences_is_one_turn_with_the_words_inside(
    kit: SpeechKit, clips: Clips
) -> None:
    for read, audio in clips:
        stream = np.concatenate([silence(1), audio, silence(1)])
        events = events_of(await frames_of(kit, stream, 960), ServerVadRule(silence_duration_ms=500))
        turns = [e for e in events if isinstance(e, SpeechStarted | SpeechStopped)]
        assert [type(event) for event in turns] == [SpeechStarted, SpeechStopped]
        stop = cast(SpeechStopped, turns[1])
        assert 700 <= stop.audio_start_ms <= 1_400
        end_ms = 1_000 + len(audio) / RATE_HZ * 1_000
        assert end_ms - 600 <= stop.audio_end_ms - stop.silence_ms <= end_ms + 100
        turn = stream[stop.audio_start_ms * 16 : stop.audio_end_ms * 16]
        assert error_rate([(read, (await kit.transcribe(turn)).text)]) <= 0.15


async def test_noise_begins_no_turn(kit: SpeechKit) -> None:
    noise = pink_noise(6, peak=0.5)
    assert events_of(await frames_of(kit, noise, 960), ServerVadRule()) == []


async def test_speech_in_noise_is_still_heard(kit: SpeechKit, clips: Clips) -> None:
    read, audio = clips[0]
    noise = pink_noise(len(audio) / RATE_HZ + 1, peak=0.1)[: len(audio)]
    assert error_rate([(read, (await kit.transcribe(audio + noise)).text)]) <= 0.2
