"""Speech on both sides of a chat server: heard as text, asked to be sayable, interrupted at once."""

from __future__ import annotations

import asyncio

from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.chat.messages import SPOKEN_HINT
from tests.engine.voice import QUESTION, spoken_words, voice_session
from tests.support.chat_server import HOLD, Reply, chat_server, chunk, says
from tests.support.scripted_speech import said

LIMIT_S = 10.0


async def test_a_spoken_question_is_answered_aloud_by_the_model() -> None:
    async with chat_server(says("It is $202.90 in 2026 [1].", given=80, made=11)) as chat:
        config = ChatConfig(base_url=chat.base_url, model="tiny")
        async with voice_session(chat=config) as (client, speech):
            await client.listen(output_modalities=["audio"], instructions="You are Medicare.")
            await client.hear(QUESTION)
            response = (await client.until("response.done"))["response"]
        assert spoken_words(response) == "It is $202.90 in 2026 [1]."
        assert speech.asked
    system, question = chat.requests[0]["messages"]
    assert system["content"] == f"You are Medicare.\n\n{SPOKEN_HINT}"
    assert question == {"role": "user", "content": "how much is it"}
    assert response["usage"]["input_tokens"] == 80


async def test_speaking_into_an_answer_ends_the_models_stream() -> None:
    replies = [Reply(steps=(chunk(content="Well, that is a long story. "), HOLD)), says("Yes.")]
    async with chat_server(*replies) as chat:
        config = ChatConfig(base_url=chat.base_url, model="tiny")
        async with voice_session(chat=config) as (client, _):
            await client.listen(output_modalities=["audio"])
            await client.hear(QUESTION)
            await chat.streaming.wait()
            await client.hear(said("how much is it"))
            response = (await client.until("response.done"))["response"]
            assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
            async with asyncio.timeout(LIMIT_S):
                await chat.left.wait()
