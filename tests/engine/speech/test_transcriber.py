from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from realtime_agents.engine.speech.transcriber import cut
from realtime_agents.engine.speech.vad import FRAME_SAMPLES

FRAMES_PER_S = 31.25


def recording(*stretches: tuple[float, float]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Audio and probabilities of stretches of (seconds, probability of speech), louder the likelier."""
    probability = np.concatenate([np.full(int(s * FRAMES_PER_S), p, np.float32) for s, p in stretches])
    return np.repeat(probability, FRAME_SAMPLES), probability


def seconds(pieces: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(round(start / FRAMES_PER_S, 1), round(end / FRAMES_PER_S, 1)) for start, end in pieces]


def test_silence_has_no_utterance_and_a_click_is_none() -> None:
    assert list(cut(*recording((5, 0.1)))) == []
    assert list(cut(*recording((5, 0.1), (0.04, 0.9), (5, 0.1)))) == []


def test_an_utterance_is_read_with_a_little_silence_around_it() -> None:
    assert seconds(list(cut(*recording((5, 0.1), (2, 0.9), (5, 0.1))))) == [(4.6, 7.4)]


def test_a_long_silence_parts_utterances_and_a_short_one_does_not() -> None:
    assert len(list(cut(*recording((2, 0.9), (1.5, 0.1), (2, 0.9))))) == 1
    assert seconds(list(cut(*recording((2, 0.9), (3, 0.1), (2, 0.9))))) == [(0.0, 2.4), (4.6, 6.9)]


def test_more_than_thirty_seconds_are_cut_in_the_pause() -> None:
    pieces = list(cut(*recording((22, 0.9), (0.5, 0.2), (15, 0.9))))
    (first, second) = seconds(pieces)
    assert first[0] == 0.0
    assert 22.0 <= first[1] == second[0] <= 22.5
    assert second[1] == 37.4


def test_without_a_pause_the_cut_is_where_it_is_quietest() -> None:
    audio, probability = recording((20, 0.9), (0.2, 0.8), (20, 0.9))
    (first, second) = seconds(list(cut(audio, probability)))
    assert 20.0 <= first[1] == second[0] <= 20.2


def test_half_an_hour_without_a_pause_is_read_whole_in_pieces_of_at_most_thirty_seconds() -> None:
    pieces = list(cut(*recording((1_800, 0.9))))
    assert pieces[0][0] == 0 and pieces[-1][1] == int(1_800 * FRAMES_PER_S)
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(pieces))
    assert all(0 < end - start <= 30 * FRAMES_PER_S for start, end in pieces)
