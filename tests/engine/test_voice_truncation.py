"""`conversation.item.truncate`: the history keeps the words that were heard, and only those."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

import pytest

from realtime_agents.engine.speech.kit import SpokenSentence
from tests.engine.voice import VoiceClient, verbatim, voice_session
from tests.engine.wire import Event, assistant, user
from tests.engine.wire import said as written
from tests.support.scripted_speech import ScriptedSpeech, said

TEXT = "One two three. [1] Four five six seven. Eight."
"""Eight words of 100 ms."""


@pytest.fixture
async def client() -> AsyncIterator[VoiceClient]:
    async with voice_session() as (found, _):
        await found.listen(None, output_modalities=["audio"])
        yield found


async def answer(client: VoiceClient, text: str = TEXT) -> str:
    """Have the engine say ``text``; returns the item's id."""
    response = await client.respond(**verbatim(text))
    item_id: str = response["output"][0]["id"]
    return item_id


async def truncate(client: VoiceClient, item_id: str, ms: int, content_index: int = 0) -> None:
    await client.send(
        "conversation.item.truncate",
        item_id=item_id,
        content_index=content_index,
        audio_end_ms=ms,
        event_id="t",
    )


async def retrieve(client: VoiceClient, item_id: str) -> Event:
    await client.send("conversation.item.retrieve", item_id=item_id)
    found: Event = (await client.until("conversation.item.retrieved"))["item"]
    return found


@pytest.mark.parametrize(
    ("ms", "heard"),
    [
        (0, ""),
        (99, ""),
        (100, "One"),
        (250, "One two"),
        (300, "One two three. [1]"),
        (399, "One two three. [1]"),
        (400, "One two three. [1] Four"),
        (799, "One two three. [1] Four five six seven."),
    ],
)
async def test_the_words_said_whole_by_then_are_kept(client: VoiceClient, ms: int, heard: str) -> None:
    item_id = await answer(client)
    await truncate(client, item_id, ms)
    event = await client.until("conversation.item.truncated")
    assert (event["item_id"], event["content_index"], event["audio_end_ms"]) == (item_id, 0, ms)
    item = await retrieve(client, item_id)
    assert item["content"] == [{"type": "output_audio", "transcript": heard}]
    assert item["status"] == "incomplete"


async def test_an_answer_heard_to_its_end_stays_whole(client: VoiceClient) -> None:
    item_id = await answer(client)
    await truncate(client, item_id, 800)
    await client.until("conversation.item.truncated")
    item = await retrieve(client, item_id)
    assert (item["content"][0]["transcript"], item["status"]) == (TEXT, "completed")


async def test_the_last_part_of_a_millisecond_need_not_be_heard() -> None:
    class Fractions(ScriptedSpeech):
        async def speak(
            self, text: str, *, voice: str = "marin", speed: float = 1.0
        ) -> AsyncGenerator[SpokenSentence, None]:
            async for sentence in super().speak(text, voice=voice, speed=speed):
                yield replace(sentence, pcm=sentence.pcm + bytes(2 * 10))

    async with voice_session(Fractions()) as (client, _):
        await client.listen(None, output_modalities=["audio"])
        for ms, status in ((200, "completed"), (199, "incomplete")):
            item_id = await answer(client, "One two.")
            await truncate(client, item_id, ms)
            await client.until("conversation.item.truncated")
            assert (await retrieve(client, item_id))["status"] == status


async def test_the_dialogue_remembers_what_was_heard(client: VoiceClient) -> None:
    await client.say("hello")
    item_id = await answer(client, "One two three. Four five six.")
    await truncate(client, item_id, 300)
    await client.until("conversation.item.truncated")
    await client.say("what did you say?")
    assert written(await client.respond(output_modalities=["text"])) == "One two three."


async def test_a_truncated_answer_costs_what_was_heard(client: VoiceClient) -> None:
    item_id = await answer(client)
    await truncate(client, item_id, 300)
    await client.until("conversation.item.truncated")
    usage = (await client.respond(output_modalities=["text"]))["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 6


async def test_twice_only_ever_shortens(client: VoiceClient) -> None:
    item_id = await answer(client)
    await truncate(client, item_id, 500)
    await client.until("conversation.item.truncated")
    await truncate(client, item_id, 501)
    error = await client.error()
    assert (error["code"], error["param"], error["event_id"]) == ("invalid_value", "audio_end_ms", "t")
    assert error["message"] == "Audio content of 500ms is already shorter than 501ms"
    await truncate(client, item_id, 200)
    await client.until("conversation.item.truncated")
    assert (await retrieve(client, item_id))["content"][0]["transcript"] == "One two"


async def test_beyond_the_end_is_refused_and_changes_nothing(client: VoiceClient) -> None:
    item_id = await answer(client)
    await truncate(client, item_id, 801)
    assert "Audio content of 800ms is already shorter than 801ms" in (await client.error())["message"]
    assert (await retrieve(client, item_id))["content"][0]["transcript"] == TEXT


async def test_only_an_assistants_audio_can_be_truncated(client: VoiceClient) -> None:
    await client.add(assistant("hello", id="text"))
    await client.add(user("hello", id="typed"))
    await client.hear(said("thanks"))
    for item_id in ("text", "typed", await client.commit()):
        await truncate(client, item_id, 0)
        assert (await client.error())["code"] == "unsupported_content_type"
    await truncate(client, "gone", 0)
    assert (await client.error())["code"] == "item_truncate_invalid_item_id"
    await truncate(client, await answer(client), 0, content_index=1)
    assert (await client.error())["param"] == "content_index"


async def test_a_deleted_answer_is_unknown(client: VoiceClient) -> None:
    item_id = await answer(client)
    await client.send("conversation.item.delete", item_id=item_id)
    await truncate(client, item_id, 0)
    assert (await client.error())["code"] == "item_truncate_invalid_item_id"


async def test_cancel_and_truncate_sent_together_cut_what_was_sent() -> None:
    """The client interrupts: the truncation waits until the cancelled response has closed its item."""
    speech = ScriptedSpeech()
    async with voice_session(speech) as (client, _):
        await client.listen(None, output_modalities=["audio"])
        speech.free_sentences = 1
        await client.send("response.create", response=verbatim(TEXT))
        item_id = (await client.until("response.output_audio.delta"))["item_id"]
        await client.send("response.cancel")
        await truncate(client, item_id, 100)
        await client.until("conversation.item.truncated")
        types = [e["type"] for e in client.seen]
        assert types.index("response.done") < types.index("conversation.item.truncated")
        assert (await retrieve(client, item_id))["content"][0]["transcript"] == "One"


async def test_an_answer_that_still_goes_on_is_not_truncated() -> None:
    speech = ScriptedSpeech()
    async with voice_session(speech) as (client, _):
        await client.listen(None, output_modalities=["audio"])
        speech.speaking.clear()
        await client.send("response.create", response=verbatim(TEXT))
        item_id = (await client.until("response.content_part.added"))["item_id"]
        await truncate(client, item_id, 0)
        assert "cancel its response first" in (await client.error())["message"]
        speech.speaking.set()
        await client.until("response.done")
        assert (await retrieve(client, item_id))["content"][0]["transcript"] == TEXT


async def test_telephone_audio_is_cut_by_the_same_clock(client: VoiceClient) -> None:
    await client.configure(audio={"output": {"format": {"type": "audio/pcmu"}}})
    item_id = await answer(client)
    await truncate(client, item_id, 300)
    await client.until("conversation.item.truncated")
    assert (await retrieve(client, item_id))["content"][0]["transcript"] == "One two three. [1]"
