"""The wire's audio formats, to PCM16 at 24 kHz and back."""

from __future__ import annotations

import base64

import pytest

from realtime_agents.engine.audio_format import PCM24K, Decoder, decode_all, decode_base64, encode, format_of
from realtime_agents.errors import ProtocolError
from tests.support.scripted_speech import said, silence, words_in

PCMU = format_of({"type": "audio/pcmu"})
PCMA = format_of({"type": "audio/pcma"})


@pytest.mark.parametrize("audio_format", [PCM24K, PCMU, PCMA], ids=lambda f: f.name)
@pytest.mark.parametrize("piece_ms", [7, 20, 10_000])
def test_words_survive_every_format_in_pieces_of_any_size(audio_format, piece_ms) -> None:  # type: ignore[no-untyped-def]  # parameters of pytest
    text = "how much is it please stop now"
    data = encode(silence(100) + said(text) + silence(100), audio_format)
    assert len(data) == (200 + 200 * 7) * audio_format.bytes_per_ms
    decoder, step = Decoder(), piece_ms * audio_format.bytes_per_ms
    pcm = b"".join(decoder.push(data[at : at + step], audio_format) for at in range(0, len(data), step))
    assert words_in(pcm) == words_in(decode_all(data, audio_format)) == text


def test_a_stream_may_change_its_format() -> None:
    decoder = Decoder()
    parts = [("how much", PCM24K), ("is it", PCMU), ("please", PCMA), ("thanks", PCM24K)]
    pcm = b"".join(decoder.push(encode(said(words) + silence(40), f), f) for words, f in parts)
    assert words_in(pcm) == "how much is it please thanks"


@pytest.mark.parametrize("audio", ["not base64!", "AAA", "AAAA=", "AA==AA==", "AAAA\n", "ÄÄÄÄ"])
def test_what_is_not_base64_is_refused(audio: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        decode_base64(audio, PCM24K)
    assert (refused.value.code, refused.value.param) == ("invalid_value", "audio")


def test_half_a_sample_is_refused_in_pcm_and_does_not_exist_in_g711() -> None:
    odd = base64.b64encode(b"abc").decode()
    with pytest.raises(ProtocolError, match="odd number of bytes"):
        decode_base64(odd, PCM24K, param="item.content[0].audio")
    assert decode_base64(odd, PCMU) == b"abc"


def test_clipped_audio_is_taken_as_it_is() -> None:
    loud = (b"\xff\x7f" * 240 + b"\x00\x80" * 240) * 10
    for audio_format in (PCMU, PCMA):
        assert len(decode_all(encode(loud, audio_format), audio_format)) == len(loud)
