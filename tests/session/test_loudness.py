"""Where somebody fell silent, told from the sound itself."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_agents.protocol.pcm import SAMPLE_RATE_HZ
from realtime_agents.session.loudness import KEPT_MS, LOOK_BACK_MS, STEP_MS, Loudness
from tests.support.speech import MISSING, librivox


def sound(ms: int, level: float) -> bytes:
    """Noise of a level, 1 the loudest."""
    found = np.random.default_rng(ms).normal(0, level / 4, ms * SAMPLE_RATE_HZ // 1000)
    return (np.clip(found, -1, 1) * 32_767).astype("<i2").tobytes()


def heard(*parts: bytes, piece_bytes: int = 960) -> Loudness:
    loudness, pcm = Loudness(), b"".join(parts)
    for at in range(0, len(pcm), piece_bytes):
        loudness.on_written(pcm[at : at + piece_bytes])
    return loudness


SPEECH, ROOM = 0.4, 0.004


@pytest.mark.parametrize("room", [0.0, ROOM])
def test_the_end_of_the_last_sound_is_found_in_a_quiet_room_and_in_a_less_quiet_one(room: float) -> None:
    loudness = heard(sound(500, room), sound(1_500, SPEECH), sound(4_000, room))
    assert loudness.last_sound_ms(6_000) == 2_000


def test_a_soft_end_of_a_sentence_belongs_to_it_and_its_pauses_do_not_end_it() -> None:
    words = (sound(900, SPEECH), sound(300, ROOM), sound(700, SPEECH), sound(100, SPEECH / 8))
    assert heard(*words, sound(3_000, ROOM)).last_sound_ms(5_000) == 2_000


def test_a_click_in_the_silence_is_no_sound() -> None:
    loudness = heard(sound(1_000, SPEECH), sound(1_000, ROOM), sound(20, SPEECH), sound(980, ROOM))
    assert loudness.last_sound_ms(3_000) == 1_000


def test_what_comes_after_the_place_asked_for_does_not_count() -> None:
    loudness = heard(sound(1_000, SPEECH), sound(2_000, ROOM), sound(1_000, SPEECH))
    assert loudness.last_sound_ms(2_900) == 1_000


def test_nothing_is_told_where_nothing_stands_out() -> None:
    assert Loudness().last_sound_ms(1_000) is None
    assert heard(bytes(48_000)).last_sound_ms(1_000) is None
    assert heard(sound(3_000, ROOM)).last_sound_ms(3_000) is None
    assert heard(sound(1_000, SPEECH), sound(LOOK_BACK_MS, ROOM)).last_sound_ms(1_000 + LOOK_BACK_MS) is None


def test_a_measurement_that_begins_late_counts_from_the_beginning_of_the_audio() -> None:
    loudness = Loudness(10_000)
    loudness.on_written(sound(1_000, SPEECH) + sound(2_000, ROOM))
    assert loudness.last_sound_ms(13_000) == 11_000
    assert loudness.last_sound_ms(10_000) is None


@pytest.mark.parametrize("piece_bytes", [2, 958, 4_800, 96_000])
def test_pieces_of_any_size_give_the_same_levels(piece_bytes: int) -> None:
    parts = (sound(60, SPEECH), sound(120, ROOM))
    assert list(heard(*parts, piece_bytes=piece_bytes)._levels) == pytest.approx(list(heard(*parts)._levels))


def test_a_minute_is_kept() -> None:
    loudness = heard(*[sound(1_000, SPEECH)] * 70, piece_bytes=48_000)
    assert len(loudness._levels) == KEPT_MS // STEP_MS
    assert loudness.last_sound_ms(5_000) is None
    loudness.on_written(sound(2_000, ROOM))
    assert loudness.last_sound_ms(72_000) == 70_000


def test_the_ends_of_recorded_sentences_are_found_to_150_ms() -> None:
    clips = librivox()
    if not clips:
        pytest.skip(MISSING)
    ends_ms = (6_880, 2_848, 5_152, 5_856, 3_040)  # as voice detection hears them
    for (_, audio), end_ms in zip(clips, ends_ms, strict=True):
        pcm = (np.interp(np.arange(0, len(audio), 2 / 3), np.arange(len(audio)), audio) * 32_767).astype(
            "<i2"
        )
        found = heard(pcm.tobytes(), bytes(48 * 5_000)).last_sound_ms(len(pcm) // 24 + 5_000)
        assert found == pytest.approx(end_ms, abs=150)
