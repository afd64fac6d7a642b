from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime_agents.engine.speech.resample import Resampler, float_to_pcm16, pcm16_to_float, resample

Rate = int | Fraction

RATES: list[tuple[Rate, Rate]] = [
    (24_000, 16_000),
    (16_000, 24_000),
    (8_000, 24_000),
    (24_000, 8_000),
    (44_100, 24_000),
    (Fraction(24_000) * Fraction(41, 50), 24_000),
]


def tone(hz: float, rate: Rate, seconds: float = 0.5) -> NDArray[np.float32]:
    return np.asarray(np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / float(rate)), np.float32)


@pytest.mark.parametrize(("source", "target"), RATES)
def test_a_tone_comes_out_at_the_same_pitch_and_time(source: Rate, target: Rate) -> None:
    found = resample(tone(1_000, source), source, target)
    expected = tone(1_000, target)
    assert len(found) == len(expected)
    assert np.abs(found - expected)[300:-300].max() < 1e-4


@pytest.mark.parametrize(("source", "target"), RATES)
def test_pieces_of_any_size_give_the_same_samples_as_the_whole(source: Rate, target: Rate) -> None:
    generator = np.random.default_rng(1)
    samples = generator.standard_normal(5_000).astype(np.float32)
    stream, parts, at = Resampler(source, target), [], 0
    while at < len(samples):
        size = int(generator.integers(0, 400))
        parts.append(stream.push(samples[at : at + size]))
        at += size
    found = np.concatenate([*parts, stream.flush()])
    np.testing.assert_allclose(found, resample(samples, source, target), atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 480, 481])
@pytest.mark.parametrize(("source", "target"), RATES)
def test_the_length_is_that_of_the_same_time_rounded_up(source: Rate, target: Rate, count: int) -> None:
    assert len(resample(np.ones(count, np.float32), source, target)) == -(-count * target // source)


def test_a_flushed_stream_begins_anew() -> None:
    stream, samples = Resampler(24_000, 16_000), tone(440, 24_000)
    first = np.concatenate([stream.push(samples), stream.flush()])
    again = np.concatenate([stream.push(samples), stream.flush()])
    np.testing.assert_array_equal(first, again)


def test_what_the_lower_rate_cannot_hold_is_removed() -> None:
    found = resample(tone(10_000, 24_000), 24_000, 16_000)
    assert np.abs(found[300:-300]).max() < 1e-4


def test_a_stream_runs_less_than_two_milliseconds_late() -> None:
    assert len(Resampler(24_000, 16_000).push(np.zeros(480, np.float32))) >= 320 - 32


def test_equal_rates_pass_samples_through() -> None:
    samples = tone(440, 24_000)
    np.testing.assert_array_equal(resample(samples, 24_000, 24_000), samples)


def test_pcm16_survives_the_way_to_float_and_back_and_loud_samples_are_clipped() -> None:
    pcm = np.array([-32_768, -1, 0, 1, 32_767], "<i2").tobytes()
    assert float_to_pcm16(pcm16_to_float(pcm)) == pcm
    assert float_to_pcm16(np.array([2.0, -2.0], np.float32)) == np.array([32_767, -32_768], "<i2").tobytes()


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        pcm16_to_float(b"\x00\x01\x02")
