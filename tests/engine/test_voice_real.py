"""Real models and recorded people through the whole engine, as fast as the socket takes the audio."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from itertools import takewhile

import numpy as np
import pytest

from realtime_agents.engine.audio_format import encode, format_of
from realtime_agents.engine.server import running_engine
from realtime_agents.engine.speech.kit import SpeechKit
from realtime_agents.engine.speech.resample import float_to_pcm16, resample
from tests.engine.voice import VoiceClient, spoken_words, verbatim
from tests.engine.wire import connected, word_engine
from tests.support.required import missing
from tests.support.scripted_speech import silence
from tests.support.speech import MISSING, librivox, pink_noise, word_errors, words

COMPLETED = "conversation.item.input_audio_transcription.completed"
ANSWER = (
    "The premium is taken from your monthly benefit, so there is nothing left for you to do. [1]"
    " If you would rather pay by card, please call the plan and ask for a form. [2]"
)


class LentSpeech(SpeechKit):
    """Survives the engines that use it."""

    def close(self) -> None:
        pass

    def end(self) -> None:
        super().close()


@pytest.fixture(scope="module")
def kit() -> Iterator[LentSpeech]:
    kit = LentSpeech()
    asyncio.run(kit.warm())
    if kit.problem:
        missing(kit.problem, unless="REQUIRE_SPEECH")
    yield kit
    kit.end()


@pytest.fixture(scope="module")
def recordings() -> list[tuple[str, bytes]]:
    """(what is read, PCM16 at 24 kHz), the shortest first."""
    found = [(text, float_to_pcm16(resample(samples, 16_000, 24_000))) for text, samples in librivox()]
    if not found:
        missing(MISSING, unless="REQUIRE_SPEECH")
    return sorted(found, key=lambda clip: len(clip[1]))


@pytest.fixture
async def client(kit: LentSpeech) -> AsyncIterator[VoiceClient]:
    async with running_engine(word_engine(speech=kit)) as url, connected(url) as found:
        yield VoiceClient(found.connection)


@pytest.mark.parametrize("detection", ["server_vad", "semantic_vad", "by hand"])
async def test_recorded_people_are_understood(
    client: VoiceClient, recordings: list[tuple[str, bytes]], detection: str
) -> None:
    by_hand = detection == "by hand"
    await client.listen(None if by_hand else {"type": detection, "create_response": False})
    errors = total = 0
    for text, pcm in recordings[:3]:
        await client.hear(silence(300) + pcm + silence(500 if by_hand else 4_500))
        if by_hand:
            await client.commit()
        heard = [(await client.until(COMPLETED))["transcript"]]
        await client.mark()
        heard += [e["transcript"] for e in client.all(COMPLETED)[1:]]
        errors += word_errors(words(text), words(" ".join(heard)))
        total += len(words(text))
        client.seen.clear()
    assert errors / total <= 0.1


async def test_recorded_people_are_understood_over_the_telephone(
    client: VoiceClient, recordings: list[tuple[str, bytes]]
) -> None:
    telephone = format_of({"type": "audio/pcmu"})
    await client.configure(audio={"input": {"format": {"type": "audio/pcmu"}}})
    await client.listen(None)
    text, pcm = recordings[1]
    await client.hear(encode(pcm, telephone))
    await client.commit()
    heard = (await client.until(COMPLETED))["transcript"]
    assert word_errors(words(text), words(heard)) / len(words(text)) <= 0.15


async def test_a_spoken_question_gets_a_spoken_answer_that_can_be_understood(
    client: VoiceClient, recordings: list[tuple[str, bytes]], kit: LentSpeech
) -> None:
    _, pcm = recordings[0]
    await client.listen(instructions=verbatim(ANSWER)["instructions"], output_modalities=["audio"])
    await client.hear(pcm + silence(1_500))
    response = (await client.until("response.done"))["response"]
    assert (response["status"], spoken_words(response)) == ("completed", ANSWER)
    audio = b"".join(base64.b64decode(e["delta"]) for e in client.all("response.output_audio.delta"))
    heard = (await kit.transcribe_pcm24k(audio)).text
    assert word_errors(words(_unmarked(ANSWER)), words(heard)) <= 3
    details = response["usage"]["output_token_details"]
    assert details["audio_tokens"] == -(-len(audio) // (48 * 50))


async def test_what_is_kept_of_an_interrupted_answer_is_what_was_heard(
    client: VoiceClient, kit: LentSpeech
) -> None:
    """The words of the history are compared with what speech-to-text makes of the audio up to the cut."""
    await client.configure(output_modalities=["audio"])
    for cut_ms in (1_600, 2_800, 4_000, 5_500, 7_000):
        client.seen.clear()
        response = await client.respond(**verbatim(ANSWER))
        audio = b"".join(base64.b64decode(e["delta"]) for e in client.all("response.output_audio.delta"))
        item_id = response["output"][0]["id"]
        await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=cut_ms)
        await client.until("conversation.item.truncated")
        await client.send("conversation.item.retrieve", item_id=item_id)
        item = (await client.until("conversation.item.retrieved"))["item"]
        kept = item["content"][0]["transcript"]
        assert ANSWER.startswith(kept)
        heard = (await kit.transcribe_pcm24k(audio[: cut_ms * 48])).text
        assert abs(_right_words(kept) - _right_words(heard)) <= 2


def _right_words(text: str) -> int:
    """How many words of the answer ``text`` begins with; speech-to-text invents an end to what is cut off."""
    pairs = zip(words(_unmarked(ANSWER)), words(_unmarked(text)), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _unmarked(text: str) -> str:
    return text.replace("[1]", "").replace("[2]", "")


async def test_room_noise_and_clipping_make_no_words_and_no_answer(client: VoiceClient) -> None:
    await client.listen()
    for samples in (pink_noise(4, peak=0.3, rate=24_000), np.sign(pink_noise(2, peak=1.0, rate=24_000))):
        await client.hear(float_to_pcm16(samples.astype(np.float32)))
    await client.hear(silence(1_000))
    await client.mark()
    assert [e["transcript"] for e in client.all(COMPLETED) if e["transcript"]] == []
    assert client.count("response.created") == 0
