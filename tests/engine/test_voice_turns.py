"""Turns of speech over the wire: order of events, transcripts, responses, interruption."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.responses import NOT_HEARD, STILL_THERE
from realtime_agents.errors import SpeechBusy
from tests.engine.voice import QUESTION, SERVER_VAD, TURN_END, VoiceClient, voice_session
from tests.engine.wire import said as written
from tests.support.chat_server import chat_server, says
from tests.support.scripted_speech import ScriptedSpeech, noise, said, silence, words_in

Voice = tuple[VoiceClient, ScriptedSpeech]
COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"
TURN_EVENTS = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    DELTA,
    COMPLETED,
    "response.created",
]


@pytest.fixture
async def voice() -> AsyncIterator[Voice]:
    async with voice_session() as found:
        yield found


async def test_a_spoken_turn_has_all_events_in_order_with_one_item_id(voice: Voice) -> None:
    client, speech = voice
    speech.partials_are_busy = True
    await client.listen()
    await client.say("hi")
    last = client.seen[-1]["item"]["id"]
    client.seen.clear()
    await client.hear(QUESTION)
    await client.until("response.done")
    assert [e["type"] for e in client.seen][: len(TURN_EVENTS)] == TURN_EVENTS
    started, stopped, committed, added, done, _, completed, _ = client.seen[: len(TURN_EVENTS)]
    ids = {e["item_id"] for e in (started, stopped, committed, completed)}
    assert ids == {added["item"]["id"]} == {done["item"]["id"]}
    assert committed["previous_item_id"] == added["previous_item_id"] == last
    assert (added["item"]["role"], added["item"]["status"]) == ("user", "completed")
    assert added["item"]["content"] == [{"type": "input_audio"}]
    # Speech is from 400 to 1,200 ms; frames are 32 ms; padding 300 and silence 500 ms are included.
    assert 400 - 300 <= started["audio_start_ms"] <= 432 - 300
    assert 1_168 + 500 <= stopped["audio_end_ms"] <= 1_232 + 500
    assert completed["transcript"] == "how much is it"
    seconds = (stopped["audio_end_ms"] - started["audio_start_ms"]) / 1000
    assert completed["usage"] == {"type": "duration", "seconds": seconds}


async def test_the_words_come_into_the_conversation_without_the_audio(voice: Voice) -> None:
    client, _ = voice
    await client.listen()
    await client.hear(QUESTION)
    item_id = (await client.until(COMPLETED))["item_id"]
    await client.send("conversation.item.retrieve", item_id=item_id)
    item = (await client.until("conversation.item.retrieved"))["item"]
    assert item["content"] == [{"type": "input_audio", "transcript": "how much is it"}]


async def test_without_transcription_nothing_is_told_but_the_words_are_understood(voice: Voice) -> None:
    client, _ = voice
    await client.listen(transcribe=False)
    await client.hear(silence(400) + said("thanks") + TURN_END)
    response = (await client.until("response.done"))["response"]
    assert written(response).startswith("You're welcome")
    assert client.count(COMPLETED) == client.count(DELTA) == 0


async def test_live_words_are_never_taken_back_and_joined_they_are_the_transcript(voice: Voice) -> None:
    client, _ = voice
    await client.listen()
    text = "what weather in Paris and London please thanks hello"
    await client.hear(silence(400) + said(text) + TURN_END)
    stopped = await client.until("input_audio_buffer.speech_stopped")
    live = [e["delta"] for e in client.all(DELTA)]
    completed = await client.until(COMPLETED)
    assert live and text.startswith("".join(live))
    assert "".join(e["delta"] for e in client.all(DELTA)) == completed["transcript"] == text
    assert {e["item_id"] for e in client.all(DELTA)} == {stopped["item_id"]}


async def test_captions_get_rarer_where_reading_takes_long(voice: Voice) -> None:
    client, speech = voice
    await client.listen()
    sketches = []
    for took_ms in (1.0, 250.0):
        speech.reading_takes_ms = took_ms
        speech.read.clear()
        await client.hear(silence(400) + said("how much is it " * 5) + TURN_END)
        await client.until(COMPLETED)
        await client.mark()
        sketches.append(sum(partial for _, _, partial in speech.read))
    # Of 4.5 s with padding and pause: every 500 ms, or every second after the first one.
    assert sketches[0] >= 8 and 3 <= sketches[1] <= 5


async def test_a_turn_that_is_over_was_read_in_its_pause(voice: Voice) -> None:
    client, speech = voice
    speech.partials_are_busy = True
    await client.listen()
    await client.hear(QUESTION)
    await client.until("response.done")
    assert [(text, partial) for text, _, partial in speech.read] == [("how much is it", False)]
    stopped, started = (client.one(f"input_audio_buffer.speech_{w}") for w in ("stopped", "started"))
    (_, read_ms, _) = speech.read[0]
    assert read_ms < stopped["audio_end_ms"] - started["audio_start_ms"] - 200


async def test_speech_that_goes_on_after_a_pause_is_one_turn_with_all_words(voice: Voice) -> None:
    client, speech = voice
    speech.partials_are_busy = True
    await client.listen()
    await client.hear(silence(400) + said("how much") + silence(350) + said("is it") + TURN_END)
    assert (await client.until(COMPLETED))["transcript"] == "how much is it"
    await client.until("response.done")
    assert client.count("input_audio_buffer.speech_started") == 1
    assert [text for text, _, _ in speech.read] == ["how much", "how much is it"]


async def test_two_turns_are_two_items_in_order(voice: Voice) -> None:
    client, _ = voice
    await client.listen({**SERVER_VAD, "create_response": False})
    await client.hear(QUESTION + said("thanks") + TURN_END)
    texts = [(await client.until(COMPLETED))["transcript"] for _ in range(2)]
    first, second = client.all("input_audio_buffer.committed")
    assert texts == ["how much is it", "thanks"]
    assert second["previous_item_id"] == first["item_id"]


async def test_the_response_waits_for_the_words_of_its_turn(voice: Voice) -> None:
    client, speech = voice
    await client.listen()
    speech.reading.clear()
    await client.hear(silence(400) + said("thanks") + TURN_END)
    await client.until("input_audio_buffer.committed")
    await client.mark()
    assert client.count("response.created") == 0
    speech.reading.set()
    response = (await client.until("response.done"))["response"]
    assert written(response).startswith("You're welcome")
    types = [e["type"] for e in client.seen]
    assert types.index(COMPLETED) < types.index("response.created")


async def test_a_response_asked_for_at_once_waits_too_and_answers_the_words(voice: Voice) -> None:
    client, speech = voice
    await client.listen(None)
    speech.reading.clear()
    await client.hear(said("thanks"))
    await client.commit()
    await client.send("response.create")
    await client.until("rate_limits.updated")
    await client.mark()
    assert client.count("response.output_item.added") == 0
    speech.reading.set()
    assert written((await client.until("response.done"))["response"]).startswith("You're welcome")


async def test_a_client_that_asks_for_the_answer_to_a_turn_itself_gets_one_and_no_error(voice: Voice) -> None:
    client, speech = voice
    await client.listen()
    speech.reading.clear()
    await client.hear(silence(400) + said("thanks") + TURN_END)
    await client.until("input_audio_buffer.committed")
    await client.send("response.create")
    await client.until("response.created")
    speech.reading.set()
    assert written((await client.until("response.done"))["response"]).startswith("You're welcome")
    await client.mark()
    assert (client.count("response.created"), client.count("error")) == (1, 0)


async def test_noise_makes_an_item_without_words_and_no_response(voice: Voice) -> None:
    client, _ = voice
    await client.listen()
    await client.hear(silence(400) + noise(300) + TURN_END)
    assert (await client.until(COMPLETED))["transcript"] == ""
    await client.mark()
    assert client.count("response.created") == 0
    await client.hear(said("thanks") + TURN_END)
    assert written((await client.until("response.done"))["response"]).startswith("You're welcome")


async def test_a_follow_up_after_noise_still_knows_what_it_follows(voice: Voice) -> None:
    client, _ = voice
    weather = {
        "type": "function",
        "name": "get_weather",
        "description": "Get the weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
    await client.listen(None, tools=[weather])
    await client.ask("What is the weather in Paris?")
    call = client.one("response.done")["response"]["output"][0]
    await client.add({"type": "function_call_output", "call_id": call["call_id"], "output": "Sunny."})
    await client.respond()
    await client.hear(noise(300))
    await client.commit()
    await client.hear(said("and in London"))
    await client.commit()
    (again,) = (await client.respond())["output"]
    assert again["arguments"] == '{"city":"London"}'


async def test_an_answer_asked_for_where_no_word_was_heard_says_so(voice: Voice) -> None:
    client, _ = voice
    await client.listen(None)
    await client.hear(noise(300))
    await client.commit()
    assert written(await client.respond()) == NOT_HEARD


async def test_speech_stops_a_running_response_as_turn_detected(voice: Voice) -> None:
    client, speech = voice
    await client.listen(output_modalities=["audio"])
    speech.speaking.clear()
    await client.say("hello")
    await client.send("response.create")
    running = (await client.until("response.created"))["response"]["id"]
    await speech.waiting.wait()
    await client.hear(silence(400) + said("stop"))
    await client.until("input_audio_buffer.speech_started")
    done = (await client.until("response.done"))["response"]
    assert (done["id"], done["status"]) == (running, "cancelled")
    assert done["status_details"]["reason"] == "turn_detected"
    speech.speaking.set()
    await client.hear(TURN_END)
    assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_speech_before_the_answer_began_takes_its_place(voice: Voice) -> None:
    client, speech = voice
    await client.listen()
    speech.reading.clear()
    await client.hear(QUESTION + said("thanks"))
    await client.mark()
    speech.reading.set()
    await client.hear(TURN_END)
    response = (await client.until("response.done"))["response"]
    assert written(response).startswith("You're welcome")
    await client.mark()
    assert client.count("response.created") == 1


async def test_speech_leaves_a_response_alone_where_interruption_is_off(voice: Voice) -> None:
    client, speech = voice
    await client.listen({**SERVER_VAD, "interrupt_response": False}, output_modalities=["audio"])
    speech.speaking.clear()
    await client.say("hello")
    await client.send("response.create")
    await speech.waiting.wait()
    await client.hear(QUESTION)
    error = await client.error()
    assert error["code"] == "conversation_already_has_active_response"
    speech.speaking.set()
    assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_without_create_response_a_turn_is_only_committed(voice: Voice) -> None:
    client, _ = voice
    await client.listen({**SERVER_VAD, "create_response": False})
    await client.hear(QUESTION)
    await client.until(COMPLETED)
    await client.mark()
    assert client.count("response.created") == 0
    assert client.count("input_audio_buffer.speech_stopped") == 1


async def test_with_detection_off_the_client_commits_and_asks(voice: Voice) -> None:
    client, _ = voice
    await client.listen(None)
    await client.hear(silence(300) + said("thanks") + silence(100))
    await client.mark()
    client.seen.clear()
    item_id = await client.commit()
    await client.until(COMPLETED)
    assert [e["type"] for e in client.seen] == [*TURN_EVENTS[2:7]]
    assert {e.get("item_id", item_id) for e in client.seen} == {item_id}
    assert client.one(COMPLETED)["usage"]["seconds"] == 0.6
    assert written(await client.respond()).startswith("You're welcome")
    assert client.count("input_audio_buffer.speech_started") == 0


async def test_hours_of_silence_before_a_commit_are_not_held(voice: Voice) -> None:
    client, speech = voice
    await client.listen(None)
    await client.hear(said("how much") + silence(5_000), frame_bytes=9_600)
    await client.hear(said("is it") + silence(5_000), frame_bytes=9_600)
    await client.commit()
    assert (await client.until(COMPLETED))["transcript"] == "how much is it"
    assert max(ms for _, ms, _ in speech.read) < 3_000


async def test_a_commit_of_next_to_nothing_is_refused(voice: Voice) -> None:
    client, _ = voice
    await client.listen(None)
    await client.send("input_audio_buffer.commit", event_id="c")
    error = await client.error()
    assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "c")
    await client.hear(silence(80))
    await client.send("input_audio_buffer.commit")
    assert "80ms" in (await client.error())["message"]
    await client.hear(silence(20))
    await client.commit()


async def test_clear_forgets_what_was_said(voice: Voice) -> None:
    client, _ = voice
    await client.listen(None)
    await client.hear(said("how much"))
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")
    await client.hear(said("thanks"))
    await client.commit()
    assert (await client.until(COMPLETED))["transcript"] == "thanks"


async def test_clear_in_mid_speech_makes_the_rest_a_turn_of_its_own(voice: Voice) -> None:
    client, _ = voice
    await client.listen({**SERVER_VAD, "create_response": False})
    await client.hear(silence(400) + said("how much"))
    first = await client.until("input_audio_buffer.speech_started")
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")
    await client.hear(said("is it") + TURN_END)
    second = await client.until("input_audio_buffer.speech_started")
    assert second["item_id"] != first["item_id"] and second["audio_start_ms"] >= 800
    assert (await client.until(COMPLETED))["transcript"] == "is it"


async def test_a_commit_by_hand_in_mid_speech_closes_the_turn_that_was_announced(voice: Voice) -> None:
    client, _ = voice
    await client.listen({**SERVER_VAD, "create_response": False})
    await client.hear(silence(400) + said("how much"))
    announced = (await client.until("input_audio_buffer.speech_started"))["item_id"]
    assert await client.commit() == announced
    await client.hear(said("is it") + TURN_END)
    assert [(await client.until(COMPLETED))["transcript"] for _ in range(2)] == ["how much", "is it"]


async def test_switching_detection_off_in_mid_speech_keeps_the_words_for_a_commit(voice: Voice) -> None:
    client, _ = voice
    await client.listen()
    await client.hear(silence(400) + said("how much"))
    await client.until("input_audio_buffer.speech_started")
    await client.configure(audio={"input": {"turn_detection": None}})
    assert client.count("input_audio_buffer.speech_stopped") == 1
    await client.hear(said("is it") + silence(2_000))
    await client.mark()
    assert client.count("input_audio_buffer.committed") == 0
    await client.commit()
    assert (await client.until(COMPLETED))["transcript"] == "how much is it"


async def test_another_way_to_detect_turns_takes_over_after_the_turn(voice: Voice) -> None:
    client, _ = voice
    await client.listen({**SERVER_VAD, "create_response": False})
    await client.hear(silence(400) + said("how much"))
    await client.until("input_audio_buffer.speech_started")
    await client.listen({**SERVER_VAD, "create_response": False, "silence_duration_ms": 1_000})
    await client.hear(said("is it") + silence(600))
    await client.until("input_audio_buffer.speech_stopped")
    await client.hear(said("thanks") + silence(900))
    await client.mark()
    assert client.count("input_audio_buffer.speech_stopped") == 1
    await client.hear(silence(300))
    await client.until("input_audio_buffer.speech_stopped")


async def test_semantic_detection_waits_longer_where_the_words_are_not_finished(voice: Voice) -> None:
    client, _ = voice
    await client.listen({"type": "semantic_vad", "create_response": False})
    waits = []
    for text in ("thanks", "how much is it and the"):
        client.seen.clear()
        await client.hear(silence(400) + said(text) + silence(4_500))
        stopped = await client.until("input_audio_buffer.speech_stopped")
        started = client.one("input_audio_buffer.speech_started")
        spoken_ms = 300 + 200 * len(text.split())
        waits.append(stopped["audio_end_ms"] - started["audio_start_ms"] - spoken_ms)
        assert (await client.until(COMPLETED))["transcript"] == text
        await client.mark()
    assert waits[0] < 1_300 and waits[1] > 3_900


async def test_after_an_answer_nobody_replies_to_the_engine_asks(voice: Voice) -> None:
    client, _ = voice
    await client.listen({**SERVER_VAD, "idle_timeout_ms": 5_000})
    await client.hear(silence(6_000), frame_bytes=9_600)
    await client.mark()
    assert client.count("input_audio_buffer.timeout_triggered") == 0  # nothing was answered yet
    await client.ask("hello")
    client.seen.clear()
    await client.hear(silence(5_100), frame_bytes=9_600)
    response = (await client.until("response.done"))["response"]
    assert written(response) == STILL_THERE
    triggered = client.one("input_audio_buffer.timeout_triggered")
    assert triggered["audio_start_ms"] == 6_000
    assert 5_000 <= triggered["audio_end_ms"] - triggered["audio_start_ms"] <= 5_032
    types = [e["type"] for e in client.seen]
    assert types[1:6] == [*TURN_EVENTS[2:5], COMPLETED, "response.created"]
    assert client.one("input_audio_buffer.committed")["item_id"] == triggered["item_id"]


async def test_speech_that_cannot_be_read_is_told_and_answered(voice: Voice) -> None:
    client, speech = voice
    await client.listen()
    speech.reading_faults = [SpeechBusy("too much waits"), SpeechBusy("too much waits")]
    await client.hear(QUESTION)
    failed = await client.until("conversation.item.input_audio_transcription.failed")
    assert failed["error"]["code"] == "speech_busy"
    assert written((await client.until("response.done"))["response"]) == NOT_HEARD


async def test_a_guess_that_fails_is_made_up_for_at_the_end(voice: Voice) -> None:
    client, speech = voice
    await client.listen()
    speech.reading_faults = [SpeechBusy("too much waits")]
    await client.hear(QUESTION)
    assert (await client.until(COMPLETED))["transcript"] == "how much is it"


async def test_audio_inside_an_item_is_read_and_answered(voice: Voice) -> None:
    client, _ = voice
    await client.listen(None)
    audio = base64.b64encode(said("thanks")).decode()
    content = [{"type": "input_audio", "audio": audio, "transcript": "something else"}]
    item = await client.add({"type": "message", "role": "user", "id": "a", "content": content})
    assert item["item"]["content"] == [{"type": "input_audio"}]
    completed = await client.until(COMPLETED)
    assert (completed["item_id"], completed["transcript"]) == ("a", "thanks")
    response = await client.respond()
    assert written(response).startswith("You're welcome")
    assert response["usage"]["input_token_details"]["audio_tokens"] == 2


def recording(pcm: bytes) -> dict[str, Any]:
    content = [{"type": "input_audio", "audio": base64.b64encode(pcm).decode()}]
    return {"type": "message", "role": "user", "content": content}


@pytest.mark.parametrize(
    ("seconds", "max_audio_bytes", "taken"), [(0.2, 15_000_000, 8), (1.0, 100_000, 2), (5.0, 100_000, 1)]
)
async def test_audio_inside_items_waits_for_room_and_all_of_it_is_read(
    seconds: float, max_audio_bytes: int, taken: int
) -> None:
    async with voice_session(max_audio_bytes=max_audio_bytes) as (client, speech):
        await client.listen(None)
        speech.reading.clear()
        item = recording(silence(round(seconds * 1000)))

        async def send() -> None:
            for _ in range(taken + 10):
                await client.send("conversation.item.create", item=item)

        sending = asyncio.create_task(send())
        for _ in range(taken):
            await client.until("conversation.item.done")
        await speech.waits_for(taken)
        speech.reading.set()
        while client.count(COMPLETED) < taken + 10:
            await client.receive()
        await sending
        assert speech.most_unread == taken


@pytest.mark.parametrize(("codec", "rate"), [("audio/pcmu", 8), ("audio/pcma", 8)])
async def test_audio_inside_an_item_that_is_too_long_is_refused_with_the_limit(
    voice: Voice, codec: str, rate: int
) -> None:
    client, speech = voice
    await client.configure(audio={"input": {"format": {"type": codec}}})
    await client.send("conversation.item.create", item=recording(bytes(601_000 * rate)), event_id="long")
    error = await client.error()
    assert (error["event_id"], error["code"]) == ("long", "invalid_value")
    assert error["param"] == "item.content[0].audio"
    assert "at most 600 seconds of audio, found 601" in error["message"]
    assert speech.read == []


async def test_a_full_conversation_refuses_a_spoken_turn_aloud() -> None:
    async with voice_session(max_items=1) as (client, _):
        await client.listen()
        await client.say("hi")
        await client.hear(QUESTION)
        assert (await client.error())["code"] == "conversation_too_large"


def test_the_scripted_words_can_be_read_back() -> None:
    assert words_in(silence(110) + said("how much is it") + silence(50)) == "how much is it"


async def test_turns_without_words_are_not_told_to_the_thinker() -> None:
    async with chat_server(says("Fine.")) as chat:
        config = ChatConfig(base_url=chat.base_url, model="tiny", api_key="x")
        async with voice_session(chat=config) as (client, _):
            await client.listen(None, instructions="You are Medicare.")
            for pcm in (noise(300), said("thanks")):
                await client.hear(pcm)
                await client.commit()
            assert written(await client.respond()) == "Fine."
        told = [(m["role"], m["content"]) for m in chat.requests[0]["messages"]]
        assert told == [("system", "You are Medicare."), ("user", "thanks")]
