"""Spoken responses over the wire: order of events, words in step, limits, voice, cancel, usage, faults."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest

from realtime_agents.errors import SpeechBusy, SpeechUnavailable
from tests.engine.voice import VoiceClient, spoken_words, verbatim, voice_session
from tests.engine.wire import Event, calls, function
from tests.engine.wire import said as written
from tests.support.scripted_speech import SPOKEN_WORD_MS, ScriptedSpeech, said

Voice = tuple[VoiceClient, ScriptedSpeech]
AUDIO_EVENTS = [
    "response.created",
    "rate_limits.updated",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]
ANSWER = "The premium is $185.00 a month. [1] You pay it to Medicare, or it is taken from your benefit. [2]"
WORDS = 18
DELTA = "response.output_audio.delta"
TRANSCRIPT_DELTA = "response.output_audio_transcript.delta"


@pytest.fixture
async def voice() -> AsyncIterator[Voice]:
    async with voice_session() as found:
        await found[0].configure(output_modalities=["audio"])
        found[0].seen.clear()
        yield found


def audio_of(client: VoiceClient) -> bytes:
    return b"".join(base64.b64decode(e["delta"]) for e in client.all(DELTA))


def text_of(client: VoiceClient) -> str:
    return "".join(e["delta"] for e in client.all(TRANSCRIPT_DELTA))


async def test_a_spoken_answer_has_all_events_in_order(voice: Voice) -> None:
    client, _ = voice
    response = await client.respond(**verbatim("Hello"))
    assert [e["type"] for e in client.seen] == AUDIO_EVENTS
    part = client.one("response.content_part.added")["part"]
    assert part == {"type": "audio", "transcript": ""}
    assert client.one("response.content_part.done")["part"] == {"type": "audio", "transcript": "Hello"}
    (item,) = response["output"]
    assert item["content"] == [{"type": "output_audio", "transcript": "Hello"}]
    assert (item["status"], response["output_modalities"]) == ("completed", ["audio"])
    assert client.one("conversation.item.done")["item"] == item


async def test_words_come_just_before_the_audio_they_begin_in(voice: Voice) -> None:
    client, _ = voice
    response = await client.respond(**verbatim(ANSWER))
    assert text_of(client) == spoken_words(response) == ANSWER
    assert client.one("response.output_audio_transcript.done")["transcript"] == ANSWER
    pieces = [base64.b64decode(e["delta"]) for e in client.all(DELTA)]
    assert all(0 < len(piece) <= 9_600 and len(piece) % 2 == 0 for piece in pieces)
    assert len(b"".join(pieces)) == WORDS * SPOKEN_WORD_MS * 48
    # 100 ms a word: when n words were told, audio up to the beginning of word n was sent, not more.
    told, sent_ms = 0, 0
    for event in client.seen:
        if event["type"] == TRANSCRIPT_DELTA:
            told += len([word for word in event["delta"].split() if not word.startswith("[")])
            assert sent_ms <= (told - 1) * SPOKEN_WORD_MS < sent_ms + 200
        if event["type"] == DELTA:
            sent_ms += len(base64.b64decode(event["delta"])) // 48


async def test_each_sentence_is_spoken_by_itself_with_voice_and_speed(voice: Voice) -> None:
    client, speech = voice
    await client.configure(audio={"output": {"voice": "cedar", "speed": 1.25}})
    await client.respond(**verbatim(ANSWER))
    cut = ANSWER.index(" You")
    assert speech.asked == [(ANSWER[:cut], "cedar", 1.25), (ANSWER[cut:], "cedar", 1.25)]


@pytest.mark.parametrize("wire_format", ["audio/pcmu", "audio/pcma"])
async def test_telephone_formats_have_eight_bytes_a_millisecond(voice: Voice, wire_format: str) -> None:
    client, _ = voice
    await client.configure(audio={"output": {"format": {"type": wire_format}}})
    response = await client.respond(**verbatim(ANSWER))
    assert len(audio_of(client)) == WORDS * SPOKEN_WORD_MS * 8
    assert max(len(base64.b64decode(e["delta"])) for e in client.all(DELTA)) == 1_600
    assert text_of(client) == ANSWER
    assert response["audio"]["output"]["format"] == {"type": wire_format}


async def test_a_response_may_have_its_own_modality_and_format(voice: Voice) -> None:
    client, _ = voice
    response = await client.respond(output_modalities=["text"], **verbatim("Hello"))
    assert (response["output_modalities"], written(response)) == (["text"], "Hello")
    await client.configure(output_modalities=["text"])
    audio = {"output": {"format": {"type": "audio/pcmu"}}}
    response = await client.respond(output_modalities=["audio"], audio=audio, **verbatim("Hello"))
    assert len(audio_of(client)) == SPOKEN_WORD_MS * 8


async def test_answers_are_text_until_a_client_wants_audio_and_turns_are_detected() -> None:
    async with voice_session() as (client, speech):
        session = client.seen[0]["session"]
        assert session["output_modalities"] == ["text"]
        assert session["audio"]["input"]["turn_detection"]["type"] == "server_vad"
        assert written(await client.respond(**verbatim("Hello"))) == "Hello"
        assert speech.asked == []


async def test_a_tool_call_in_an_audio_session_is_a_call_without_audio(voice: Voice) -> None:
    client, _ = voice
    weather = function("get_weather", "Get the weather of a city.", city={"type": "string"})
    await client.configure(tools=[weather])
    response = await client.ask("What is the weather in Paris?")
    assert [call["name"] for call in calls(response)] == ["get_weather"]
    assert client.count(DELTA) == 0


async def test_cancel_in_mid_answer_keeps_the_words_that_were_sent(voice: Voice) -> None:
    client, speech = voice
    speech.free_sentences = 1
    await client.send("response.create", response=verbatim(ANSWER))
    await client.until(DELTA)
    await client.send("response.cancel")
    response = (await client.until("response.done"))["response"]
    assert (response["status"], response["status_details"]["reason"]) == ("cancelled", "client_cancelled")
    (item,) = response["output"]
    assert item["status"] == "incomplete"
    assert item["content"][0]["transcript"] == text_of(client)
    assert text_of(client) and ANSWER[: ANSWER.index(" You")].startswith(text_of(client))
    assert [e["type"] for e in client.seen][-6:] == AUDIO_EVENTS[7:]


async def test_cancel_while_a_sentence_is_being_made_ends_at_once(voice: Voice) -> None:
    client, speech = voice
    speech.speaking.clear()
    await client.send("response.create", response=verbatim(ANSWER))
    await client.until("response.content_part.added")
    await client.send("response.cancel")
    response = (await client.until("response.done"))["response"]
    assert (response["status"], spoken_words(response)) == ("cancelled", "")
    speech.speaking.set()
    assert spoken_words(await client.respond(**verbatim("Hello"))) == "Hello"


async def test_a_token_limit_counts_audio_and_words(voice: Voice) -> None:
    client, _ = voice
    response = await client.respond(max_output_tokens=14, **verbatim(ANSWER))
    assert (response["status"], response["status_details"]["reason"]) == ("incomplete", "max_output_tokens")
    details = response["usage"]["output_token_details"]
    # Two pieces of 200 ms are 8 tokens, their words "The premium is $185.00" 6.
    assert (details["audio_tokens"], details["text_tokens"]) == (8, 6)
    assert response["output"][0]["status"] == "incomplete"


async def test_usage_counts_what_was_said_and_heard_as_audio(voice: Voice) -> None:
    client, _ = voice
    first = (await client.respond(**verbatim("one two three")))["usage"]
    assert first["output_token_details"] == {"text_tokens": 4, "audio_tokens": 6}
    assert first["output_tokens"] == 10
    await client.listen(None, instructions="x" * 600)
    await client.hear(said("thanks") * 5)
    await client.commit()
    second = (await client.respond())["usage"]
    assert second["input_token_details"]["audio_tokens"] == 6 + 10
    third = (await client.respond())["usage"]["input_token_details"]
    assert third["cached_tokens"] == 128 == sum(third["cached_tokens_details"].values())


async def test_the_voice_is_fixed_once_it_was_heard(voice: Voice) -> None:
    client, _ = voice
    await client.configure(audio={"output": {"voice": "cedar"}})
    await client.respond(**verbatim("Hello"))
    await client.configure(audio={"output": {"voice": "cedar", "speed": 0.9}})
    update = {"type": "realtime", "audio": {"output": {"voice": "marin"}}}
    await client.send("session.update", session=update, event_id="v")
    error = await client.error()
    assert (error["code"], error["event_id"]) == ("cannot_update_voice", "v")
    await client.send("response.create", response={"audio": {"output": {"voice": "marin"}}})
    assert (await client.error())["code"] == "cannot_update_voice"
    assert (await client.configure())["audio"]["output"]["voice"] == "cedar"


async def test_an_out_of_band_answer_is_spoken_and_leaves_the_conversation_alone(voice: Voice) -> None:
    client, _ = voice
    response = await client.respond(conversation="none", metadata={"k": "v"}, **verbatim("Hello"))
    assert (spoken_words(response), response["conversation_id"]) == ("Hello", None)
    assert client.count(DELTA) == 1 and client.count("conversation.item.added") == 0
    item_id = response["output"][0]["id"]
    await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=0)
    assert (await client.error())["code"] == "item_truncate_invalid_item_id"


async def test_two_answers_at_once_keep_their_audio_apart(voice: Voice) -> None:
    client, _ = voice
    for text in ("one two", "three four five"):
        await client.send("response.create", response={"conversation": "none", **verbatim(text)})
    done = [(await client.until("response.done"))["response"] for _ in range(2)]
    lengths = {r["id"]: 0 for r in done}
    for event in client.all(DELTA):
        lengths[event["response_id"]] += len(base64.b64decode(event["delta"])) // 48
    assert {spoken_words(r): lengths[r["id"]] for r in done} == {"one two": 200, "three four five": 300}


async def test_speech_that_breaks_in_mid_answer_loses_no_words_and_says_so_once(voice: Voice) -> None:
    client, speech = voice
    speech.speaking_faults = [None, SpeechUnavailable("The voice is gone.")]
    response = await client.respond(**verbatim(ANSWER))
    assert (response["status"], spoken_words(response)) == ("completed", ANSWER)
    assert 0 < len(audio_of(client)) < WORDS * SPOKEN_WORD_MS * 48
    (error,) = [e["error"] for e in client.all("error")]
    assert error["code"] == "speech_unavailable" and "The voice is gone." in error["message"]


async def test_too_much_at_once_is_told_for_each_answer_that_suffers(voice: Voice) -> None:
    client, speech = voice
    for _ in range(2):
        speech.speaking_faults = [SpeechBusy("full")]
        assert spoken_words(await client.respond(**verbatim("Hello"))) == "Hello"
    assert [e["error"]["code"] for e in client.all("error")] == ["speech_busy"] * 2


async def test_broken_speech_answers_in_text_with_one_error_that_says_why() -> None:
    broken = ScriptedSpeech(problem="Speech is off: a model file is damaged.")
    async with voice_session(broken) as (client, _):
        await client.configure(output_modalities=["audio"])
        for _ in range(2):
            response = await client.respond(**verbatim("Hello"))
            assert (response["output_modalities"], written(response)) == (["text"], "Hello")
        await client.hear(said("hello"))
        await client.mark()
        (error,) = [e["error"] for e in client.all("error")]
        assert error["code"] == "speech_unavailable"
        assert "a model file is damaged" in error["message"] and "in text" in error["message"]
        broken.problem = ""
        assert spoken_words(await client.respond(**verbatim("Hello"))) == "Hello"


async def test_an_engine_warms_and_closes_its_speech() -> None:
    async with voice_session() as (client, speech):
        await client.mark()
        assert speech.warmed == 1 and speech.closed == 0
    assert speech.closed == 1


def test_the_events_of_an_audio_answer_are_known_in_full() -> None:
    """A guard for this file: the answer used everywhere has the number of words it is said to have."""
    spoken: list[Event | str] = [word for word in ANSWER.split() if not word.startswith("[")]
    assert len(spoken) == WORDS
