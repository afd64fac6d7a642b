"""Speaking, and whether it is understood."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.engine.speech.mouth import GAIN, LEAD_MS, PEAK, TAIL_MS, level, trim
from realtime_agents.engine.speech.resample import pcm16_to_float
from realtime_agents.engine.speech.voices import VOICES
from tests.support.speech import word_errors, words


async def sound_of(kit: SpeechKit, text: str, voice: str = "marin", speed: float = 1.0) -> bytes:
    return b"".join([said.pcm async for said in kit.speak(text, voice=voice, speed=speed)])


def pitch_hz(pcm: bytes) -> float:
    """Median fundamental frequency, by autocorrelation of loud stretches of 40 ms."""
    audio = pcm16_to_float(pcm)
    found = []
    for at in range(0, len(audio) - 960, 480):
        frame = audio[at : at + 960]
        if np.sqrt((frame**2).mean()) < 0.05:
            continue
        correlation = np.correlate(frame, frame, "full")[959:]
        lag = 60 + int(correlation[60:240].argmax())  # 100…400 Hz
        if correlation[lag] > 0.5 * correlation[0]:
            found.append(24_000 / lag)
    return float(np.median(found))


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        (
            "The standard Part B premium is $202.90 a month [3].",
            "The standard Part B premium is $202.90 a month.",
        ),
        ("Call 1-800-633-4227 to enroll.", "Call 1-800-633-4227 to enroll."),
        ("Dial 988, then press 1.", "Dial 988, then press 1."),
        ("You can use VA Form 10-10EZ to apply.", "You can use VA form 1010EZ to apply."),
        ("You pay 20% of the cost after the deductible.", "You pay 20% of the cost after the deductible."),
        ("See https://www.va.gov/a?b=1 now.", "See the link on the page now."),
    ],
)
async def test_what_is_spoken_is_understood(kit: SpeechKit, written: str, heard: str) -> None:
    transcript = await kit.transcribe_pcm24k(await sound_of(kit, written))
    assert word_errors(words(heard), words(transcript.text)) <= 1, transcript.text


@pytest.mark.parametrize("voice", VOICES)
async def test_every_voice_is_understood_at_its_own_pitch_and_the_same_tempo(
    kit: SpeechKit, voice: str
) -> None:
    text = "You can keep both kinds of coverage as long as you like."
    plain, found = await sound_of(kit, text), await sound_of(kit, text, voice)
    transcript = await kit.transcribe_pcm24k(found)
    assert word_errors(words(text), words(transcript.text)) <= 1, transcript.text
    assert len(found) == pytest.approx(len(plain), rel=0.1)
    if voice == "cedar":
        assert pitch_hz(found) < 0.9 * pitch_hz(plain)
    if voice == "shimmer":
        assert pitch_hz(found) > 1.05 * pitch_hz(plain)


async def test_an_answer_comes_sentence_by_sentence_and_its_texts_joined_are_the_answer(
    kit: SpeechKit,
) -> None:
    answer = "## Costs\nIt is $202.90 a month [3]. [4] You pay it.\n\n---\n- Yes!"
    said = [sentence async for sentence in kit.speak(answer)]
    assert "".join(sentence.text for sentence in said) == answer
    assert [bool(sentence.pcm) for sentence in said] == [True, True, True, False, True]
    assert [len(sentence.words) for sentence in said] == [1, 5, 3, 0, 1]
    for sentence in said:
        assert all(word.at_ms * 48 < len(sentence.pcm) for word in sentence.words)


async def test_the_same_words_always_sound_the_same(kit: SpeechKit) -> None:
    assert await sound_of(kit, "Hello there.") == await sound_of(kit, "Hello there.")


async def test_faster_speech_takes_less_time(kit: SpeechKit) -> None:
    text = "You can keep both kinds of coverage."
    assert len(await sound_of(kit, text, speed=1.5)) < 0.8 * len(await sound_of(kit, text))


async def test_speech_begins_at_once_and_is_as_loud_as_it_can_be_without_clipping(kit: SpeechKit) -> None:
    for text in ("Hello.", "The standard Part B premium in 2026 is $202.90 a month."):
        audio = np.abs(pcm16_to_float(await sound_of(kit, text)))
        assert 0.2 < audio.max() <= PEAK + 1e-3
        assert np.flatnonzero(audio > 0.02)[0] < 24 * 120


@pytest.mark.parametrize(
    "text", ["", "   \n", "[3]", "---", "!!!", "…", "电话", "[a](/b/)", "x" * 2_000, "\x00\ud7ff"]
)
async def test_odd_texts_are_spoken_or_passed_over(kit: SpeechKit, text: str) -> None:
    said = [sentence async for sentence in kit.speak(text)]
    assert "".join(sentence.text for sentence in said) == text


async def test_closing_stops_after_the_sentence_under_way(kit: SpeechKit) -> None:
    speech = kit.speak("One. Two. Three.")
    assert (await anext(speech)).text == "One. "
    await speech.aclose()
    assert [sentence async for sentence in speech] == []


def tone(ms: int, peak: float) -> NDArray[np.float32]:
    return np.asarray(peak * np.sin(np.arange(ms * 24) / 10), np.float32)


def test_silence_at_both_ends_is_shortened() -> None:
    quiet = np.zeros(24 * 500, np.float32)
    found = trim(np.concatenate([quiet, tone(1_000, 0.3), quiet]))
    assert len(found) / 24 == pytest.approx(LEAD_MS + 1_000 + TAIL_MS, abs=5)
    assert len(trim(quiet)) == 0


def test_the_gain_is_the_same_for_all_that_stays_below_the_peak() -> None:
    quiet, loud = tone(100, 0.1), tone(100, 0.8)
    np.testing.assert_allclose(level(quiet), quiet * GAIN, rtol=1e-5)
    assert np.abs(level(loud)).max() == pytest.approx(PEAK, rel=1e-3)
    assert len(level(np.zeros(0, np.float32))) == 0
