from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from realtime_agents.engine.speech.spoken import say
from realtime_agents.engine.speech.timing import word_times

RATE_HZ = 24_000


def sound(*stretches: tuple[int, bool]) -> NDArray[np.float32]:
    """Stretches of (milliseconds, loud or not)."""
    return np.concatenate(
        [np.full(ms * RATE_HZ // 1000, 0.3 if loud else 0.0, np.float32) for ms, loud in stretches]
    )


def test_there_is_a_time_for_each_word_with_a_letter_or_digit_and_times_rise() -> None:
    text = "- It is **$202.90** [3] — a month [4]."
    times = word_times(say(text), sound((100, False), (2_000, True), (200, False)))
    assert [text[time.offset :].split()[0] for time in times] == ["It", "is", "**$202.90**", "a", "month"]
    moments = [time.at_ms for time in times]
    assert moments == sorted(moments)
    assert moments[0] == 100
    assert moments[-1] < 2_100


def test_a_word_that_takes_long_to_say_takes_long() -> None:
    text = "It is $202.90 a month now"
    at = [time.at_ms for time in word_times(say(text), sound((3_000, True)))]
    lengths = [after - before for before, after in itertools.pairwise(at)]
    assert lengths[2] == max(lengths) > 1_500


def test_a_pause_that_is_heard_parts_the_words_there() -> None:
    text = "If you are old, you pay"
    times = word_times(say(text), sound((900, True), (400, False), (700, True)))
    at = {text[time.offset :].split()[0]: time.at_ms for time in times}
    assert at["old,"] < 900
    assert [time.at_ms for time in times if text[time.offset :].startswith("you pay")] == [1_300]


def test_silence_has_no_words() -> None:
    assert word_times(say("Hello."), sound((500, False))) == ()
