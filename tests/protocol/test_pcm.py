from __future__ import annotations

import base64

import pytest

from realtime_agents.protocol.pcm import (
    BYTES_PER_MS,
    MAX_APPEND_BYTES,
    base64_size,
    bytes_to_ms,
    decoded_size,
    ms_to_bytes,
    split_frames,
)


def test_a_millisecond_is_48_bytes() -> None:
    assert (BYTES_PER_MS, ms_to_bytes(20), bytes_to_ms(960)) == (48, 960, 20)
    assert bytes_to_ms(95) == 1


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 4800, 4801])
def test_base64_sizes_are_those_of_the_real_encoding(size: int) -> None:
    text = base64.b64encode(bytes(size)).decode()
    assert base64_size(size) == len(text)
    assert decoded_size(text) == size


def test_a_hundred_milliseconds_are_6400_characters() -> None:
    assert base64_size(ms_to_bytes(100)) == 6400
    assert MAX_APPEND_BYTES == 15_728_640


def test_frames_join_to_the_whole_and_only_the_last_is_short() -> None:
    audio = bytes(range(250)) * 10
    frames = list(split_frames(audio, 20))
    assert b"".join(frames) == audio
    assert [len(f) for f in frames] == [960, 960, 580]
    assert list(split_frames(b"", 20)) == []


@pytest.mark.parametrize(("audio", "frame_ms"), [(b"\0" * 3, 20), (b"", 0), (b"", -5)])
def test_half_samples_and_empty_frames_are_refused(audio: bytes, frame_ms: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        split_frames(audio, frame_ms)
