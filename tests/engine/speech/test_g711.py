from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from realtime_agents.engine.speech.g711 import Law, decode, encode

EVERY_CODE = bytes(range(256))
LAWS = get_args(Law)


def pcm(*values: int) -> bytes:
    return np.array(values, "<i2").tobytes()


def test_mu_law_has_the_values_of_the_standard() -> None:
    assert decode(b"\xff\x7f\x00\x80\xef\x6f", "mulaw") == pcm(0, 0, -32_124, 32_124, 132, -132)
    assert encode(pcm(0, 32_767, -32_768, 132), "mulaw") == b"\xff\x80\x00\xef"


def test_a_law_has_the_values_of_the_standard() -> None:
    assert decode(b"\xd5\x55\xaa\x2a\xc5", "alaw") == pcm(8, -8, 32_256, -32_256, 264)
    assert encode(pcm(8, -8, 32_767, -32_768, 264), "alaw") == b"\xd5\x55\xaa\x2a\xc5"


@pytest.mark.parametrize("law", LAWS)
def test_what_was_decoded_is_encoded_to_the_same_values(law: Law) -> None:
    decoded = decode(EVERY_CODE, law)
    assert decode(encode(decoded, law), law) == decoded


@pytest.mark.parametrize("law", LAWS)
def test_every_sample_is_kept_to_within_half_a_step(law: Law) -> None:
    samples = np.arange(-32_768, 32_768)
    found = np.frombuffer(decode(encode(samples.astype("<i2").tobytes(), law), law), "<i2").astype(int)
    # A step is a sixteenth of the octave the sample is in; the loudest samples are clipped.
    step = np.maximum(2.0 ** np.floor(np.log2(np.maximum(np.abs(samples), 1) + 132)) / 16, 16)
    inside = np.abs(samples) < 32_000
    assert (np.abs(found - samples) <= step / 2 + 4)[inside].all()


@pytest.mark.parametrize("law", LAWS)
def test_half_a_sample_is_refused(law: Law) -> None:
    with pytest.raises(ValueError, match="size"):
        encode(b"\x01\x02\x03", law)
