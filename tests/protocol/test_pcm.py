from __future__ import annotations

import base64

import pytest

from realtime_agents.protocol.pcm import (
    BYTES_PER_MS,
    base64_size,
    bytes_to_ms,
    ms_to_bytes,
)


def test_a_millisecond_is_48_bytes() -> None:
    assert (BYTES_PER_MS, ms_to_bytes(20), bytes_to_ms(960)) == (48, 960, 20)
    assert bytes_to_ms(95) == 1


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 4800, 4801])
def test_base64_sizes_are_those_of_the_real_encoding(size: int) -> None:
    text = base64.b64encode(bytes(size)).decode()
    assert base64_size(size) == len(text)


def test_a_hundred_milliseconds_are_6400_characters() -> None:
    assert base64_size(ms_to_bytes(100)) == 6400
