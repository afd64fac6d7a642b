from __future__ import annotations

from collections.abc import Iterable

import pytest

from realtime_agents.engine.speech.endpointing import (
    LONGEST_MS,
    Eagerness,
    IdleTimedOut,
    ProbablyOver,
    SemanticRule,
    ServerVadRule,
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    TurnEvent,
)
from realtime_agents.engine.speech.vad import FRAME_MS, VadFrame

SPEECH, SILENCE = 0.9, 0.05


class Stream:
    """Feeds a rule frame by frame and keeps what it says."""

    def __init__(self, rule: ServerVadRule | SemanticRule) -> None:
        self.rule = rule
        self.at_ms = 0

    def hear(self, *probabilities: float) -> list[TurnEvent]:
        events: list[TurnEvent] = []
        for probability in probabilities:
            self.at_ms += FRAME_MS
            events += self.rule.hear(VadFrame(at_ms=self.at_ms, probability=probability))
        return events

    def hear_for(self, ms: int, probability: float) -> list[TurnEvent]:
        return self.hear(*[probability] * (ms // FRAME_MS))


def stop_of(events: Iterable[TurnEvent]) -> SpeechStopped:
    (stop,) = [event for event in events if isinstance(event, SpeechStopped)]
    return stop


def test_a_turn_begins_with_its_padding_and_ends_after_the_silence_which_belongs_to_it() -> None:
    stream = Stream(ServerVadRule(prefix_padding_ms=300, silence_duration_ms=480))
    assert stream.hear_for(960, SILENCE) == []
    assert stream.hear(SPEECH) == []
    assert stream.hear(SPEECH) == [SpeechStarted(audio_start_ms=660)]
    assert stream.rule.speaking
    stream.hear_for(640, SPEECH)
    stop = stop_of(stream.hear_for(640, SILENCE))
    assert stop == SpeechStopped(
        audio_start_ms=660, audio_end_ms=960 + 64 + 640 + 480, silence_ms=480, guess=1
    )
    assert not stream.rule.speaking


def test_one_loud_frame_is_a_click_and_begins_nothing() -> None:
    stream = Stream(ServerVadRule())
    assert stream.hear(*[SILENCE, SPEECH] * 10) == []


def test_between_both_thresholds_speech_goes_on_but_does_not_begin() -> None:
    stream = Stream(ServerVadRule(threshold=0.5, silence_duration_ms=320))
    assert stream.hear_for(640, 0.4) == []
    stream.hear_for(64, SPEECH)
    assert stream.hear_for(960, 0.4) == []
    assert stop_of(stream.hear_for(320, 0.3))


def test_a_higher_threshold_asks_for_clearer_speech() -> None:
    stream = Stream(ServerVadRule(threshold=0.95))
    assert stream.hear_for(640, SPEECH) == []
    assert stream.hear_for(64, 0.97) == [SpeechStarted(audio_start_ms=340)]


def test_a_threshold_of_nothing_still_hears_silence_and_one_of_everything_still_hears_speech() -> None:
    lowest = Stream(ServerVadRule(threshold=0.0, silence_duration_ms=320))
    assert lowest.hear_for(640, 0.03) == []
    assert lowest.hear_for(64, 0.2)
    assert stop_of(lowest.hear_for(320, 0.03))
    assert Stream(ServerVadRule(threshold=1.0)).hear_for(640, 0.99)


def test_a_silence_duration_of_nothing_ends_a_turn_at_the_first_silent_frame_and_not_before() -> None:
    stream = Stream(ServerVadRule(silence_duration_ms=0))
    assert stream.hear_for(640, SPEECH) == [SpeechStarted(audio_start_ms=0)]
    assert stop_of(stream.hear(SILENCE)).silence_ms == 32


def test_padding_reaches_neither_before_the_stream_nor_into_the_turn_before() -> None:
    stream = Stream(ServerVadRule(prefix_padding_ms=2_000, silence_duration_ms=320))
    assert stream.hear(SPEECH, SPEECH) == [SpeechStarted(audio_start_ms=0)]
    first = stop_of(stream.hear_for(320, SILENCE))
    assert stream.hear(SPEECH, SPEECH) == [SpeechStarted(audio_start_ms=first.audio_end_ms)]


def test_after_a_short_silence_the_turn_is_probably_over_until_speech_resumes() -> None:
    stream = Stream(ServerVadRule(prefix_padding_ms=0, silence_duration_ms=500))
    stream.hear(SPEECH, SPEECH)
    guess = ProbablyOver(guess=1, audio_start_ms=0, audio_end_ms=64 + 224)
    assert stream.hear_for(224, SILENCE) == [guess]
    assert stream.hear(SPEECH) == [SpeechResumed(guess=1)]
    events = stream.hear_for(512, SILENCE)
    assert events[0] == ProbablyOver(guess=2, audio_start_ms=0, audio_end_ms=64 + 256 + 224)
    assert stop_of(events).guess == 2


def test_a_silence_shorter_than_a_guess_ends_the_turn_without_one() -> None:
    stream = Stream(ServerVadRule(silence_duration_ms=100))
    stream.hear(SPEECH, SPEECH)
    assert stop_of(stream.hear_for(128, SILENCE)).guess is None


def test_a_turn_ends_after_five_minutes_of_speech() -> None:
    stream = Stream(ServerVadRule(prefix_padding_ms=0))
    stop = stop_of(stream.hear_for(LONGEST_MS, SPEECH))
    assert (stop.audio_end_ms, stop.silence_ms) == (LONGEST_MS, 0)
    assert stream.hear(SPEECH, SPEECH) == [SpeechStarted(audio_start_ms=LONGEST_MS)]


def test_a_commit_by_hand_ends_the_turn_without_an_event() -> None:
    stream = Stream(ServerVadRule(prefix_padding_ms=300))
    stream.hear_for(320, SPEECH)
    stream.rule.restart(320)
    assert stream.hear_for(960, SILENCE) == []
    stream.rule.restart(1280)
    assert stream.hear(SPEECH, SPEECH) == [SpeechStarted(audio_start_ms=1280)]


def test_the_idle_time_counts_from_the_end_of_the_answer() -> None:
    rule = ServerVadRule(idle_timeout_ms=5_000)
    stream = Stream(rule)
    stream.hear_for(20_000, SILENCE)
    rule.await_reply(22_016)
    assert stream.hear_for(6_976, SILENCE) == []
    assert stream.hear_for(64, SILENCE) == [IdleTimedOut(audio_start_ms=22_016, audio_end_ms=27_040)]
    assert stream.hear_for(20_000, SILENCE) == []


def test_speech_ends_the_idle_wait() -> None:
    rule = ServerVadRule(idle_timeout_ms=5_000)
    stream = Stream(rule)
    rule.await_reply(0)
    stream.hear_for(4_000, SILENCE)
    stream.hear_for(640, SPEECH)
    assert not [e for e in stream.hear_for(20_000, SILENCE) if isinstance(e, IdleTimedOut)]


def silence_until_stop(eagerness: Eagerness, transcript: str | None, sound: float | None = None) -> int:
    """How long a semantic rule waits after words that end like ``transcript`` and sound like ``sound``."""
    rule = SemanticRule(eagerness=eagerness)
    stream = Stream(rule)
    stream.hear_for(640, SPEECH)
    for _ in range(10_000 // FRAME_MS):
        for event in stream.hear(SILENCE):
            if isinstance(event, ProbablyOver) and transcript is not None:
                rule.read(event.guess, transcript)
            if isinstance(event, ProbablyOver) and sound is not None:
                rule.listen(event.guess, sound)
            if isinstance(event, SpeechStopped):
                return event.silence_ms
    raise AssertionError("the turn never ended")


WHOLE, HALF, SHORT = "What is the premium?", "I want to know about the", "Medicare."


@pytest.mark.parametrize(
    ("eagerness", "limit_ms"), [("low", 8000), ("medium", 4000), ("auto", 4000), ("high", 2000)]
)
def test_how_long_the_semantic_rule_waits_depends_on_the_words(eagerness: Eagerness, limit_ms: int) -> None:
    whole, short, half = (silence_until_stop(eagerness, words) for words in (WHOLE, SHORT, HALF))
    assert whole < short < half
    assert limit_ms <= half < limit_ms + FRAME_MS
    assert silence_until_stop(eagerness, None) == short


def test_eagerness_orders_the_waits_and_auto_is_medium() -> None:
    waits = [silence_until_stop(eagerness, WHOLE) for eagerness in ("high", "medium", "low")]
    assert waits == sorted(waits) and len(set(waits)) == 3
    assert silence_until_stop("auto", HALF) == silence_until_stop("medium", HALF)


@pytest.mark.parametrize("eagerness", ["low", "medium", "high"])
@pytest.mark.parametrize("words", [WHOLE, SHORT, HALF, None])
def test_how_it_sounds_shifts_the_wait_within_its_limits(eagerness: Eagerness, words: str | None) -> None:
    alone = silence_until_stop(eagerness, words)
    over, unsure, open_ = (silence_until_stop(eagerness, words, sound) for sound in (0.95, 0.5, 0.05))
    assert unsure == alone
    assert over < alone or alone <= 416  # a short wait stays
    assert open_ > alone or words == HALF  # the longest wait stays
    assert silence_until_stop(eagerness, HALF) >= open_ and over >= min(alone, 400)


def test_the_sound_of_a_guess_that_was_wrong_is_not_used() -> None:
    rule = SemanticRule(eagerness="medium")
    stream = Stream(rule)
    stream.hear_for(640, SPEECH)
    stream.hear_for(224, SILENCE)
    stream.hear(SPEECH)
    rule.listen(1, 0.01)
    assert stop_of(stream.hear_for(1_248, SILENCE)).guess == 2


def test_words_of_a_guess_that_was_wrong_are_not_used() -> None:
    rule = SemanticRule(eagerness="medium")
    stream = Stream(rule)
    stream.hear_for(640, SPEECH)
    stream.hear_for(224, SILENCE)
    stream.hear(SPEECH)
    rule.read(1, WHOLE)
    stream.hear_for(224, SILENCE)
    assert stream.hear_for(768, SILENCE) == []
    assert stop_of(stream.hear_for(640, SILENCE)).guess == 2


def test_words_that_come_late_end_the_turn_with_the_next_frame() -> None:
    rule = SemanticRule(eagerness="medium")
    stream = Stream(rule)
    stream.hear_for(640, SPEECH)
    stream.hear_for(960, SILENCE)
    rule.read(1, WHOLE)
    assert stop_of(stream.hear(SILENCE)).guess == 1
