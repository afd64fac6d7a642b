from __future__ import annotations

import numpy as np
import pytest

from realtime_agents.engine.speech.log_mel import BANDS, RATE_HZ, band_hz, log_mel
from realtime_agents.engine.speech.resample import Samples


def tone(hz: float, seconds: float = 1.0, level: float = 0.5) -> Samples:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def test_there_is_one_column_for_each_ten_milliseconds() -> None:
    picture = log_mel(tone(440, 0.5))
    assert picture.shape == (BANDS, 50) and picture.dtype == np.float32


@pytest.mark.parametrize(("band", "hz"), [(0, 37.24), (26, 1_005.6), (52, 2_729.5), (79, 7_698.6)])
def test_bands_are_even_below_1_khz_and_logarithmic_above(band: int, hz: float) -> None:
    assert band_hz()[band] == pytest.approx(hz, rel=0.002)


@pytest.mark.parametrize("hz", [100.0, 440.0, 1_000.0, 3_000.0, 7_000.0])
def test_a_tone_is_loudest_in_the_band_around_it(hz: float) -> None:
    column = log_mel(tone(hz))[:, 50]
    assert abs(int(column.argmax()) - int(np.abs(band_hz() - hz).argmin())) <= 1


def test_ten_times_the_level_is_half_a_step_and_what_is_far_quieter_is_cut_off() -> None:
    loud, soft = log_mel(tone(1_000, level=0.5)), log_mel(tone(1_000, level=0.05))
    assert loud.max() - soft.max() == pytest.approx(0.5, abs=1e-4)
    assert loud.max() - loud.min() == pytest.approx(2.0, abs=1e-6)


def test_silence_is_the_floor_everywhere() -> None:
    assert np.all(log_mel(np.zeros(RATE_HZ, np.float32)) == np.float32((-10 + 4) / 4))


def test_known_values_of_a_rising_tone() -> None:
    """Computed once with another implementation of Whisper's features."""
    at = np.arange(8 * RATE_HZ) / RATE_HZ
    picture = log_mel((0.3 * np.sin(2 * np.pi * (200 + 450 * at) * at)).astype(np.float32))
    known = {
        (4, 0): 1.143,
        (12, 60): -0.1166,
        (26, 100): 0.7562,
        (33, 170): -0.4917,
        (45, 300): -0.6589,
        (72, 799): -0.217,
        (79, 799): 0.665,
    }
    found = [float(picture[place]) for place in known]
    assert found == pytest.approx(list(known.values()), abs=1e-4)
