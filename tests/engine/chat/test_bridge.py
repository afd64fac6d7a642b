"""The engine with a chat server behind it, as a Realtime client sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from realtime_agents.engine.chat.config import ChatConfig
from tests.engine.wire import WireClient, calls, function, said, session, user, word_engine
from tests.support.chat_server import ABORT, HOLD, ChatServer, Reply, chat_server, chunk, refuses, says
from tests.support.chat_server import calls as calls_tools

SEARCH = function("search", "Looks things up.", query={"type": "string"})


@asynccontextmanager
async def bridge(*replies: Reply, **limits: float) -> AsyncIterator[tuple[WireClient, ChatServer]]:
    async with chat_server(*replies) as chat:
        config = ChatConfig(base_url=chat.base_url, model="tiny", api_key="sk-secret", **limits)
        async with session(word_engine(chat=config)) as client:
            yield client, chat


def words_of(client: WireClient) -> list[str]:
    return [e["delta"] for e in client.seen if e["type"] == "response.output_text.delta"]


def error_of(response: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = response["status_details"]["error"]
    return found


async def test_an_answer_streams_through_with_the_servers_own_count_of_tokens() -> None:
    async with bridge(says("It is $202.90 in 2026 [1].", given=70, made=11, cached=64)) as (client, chat):
        await client.configure(instructions="You are Medicare.", output_modalities=["text"])
        response = await client.ask("How much is Part B?")
        assert said(response) == "It is $202.90 in 2026 [1]."
        assert "".join(words_of(client)) == "It is $202.90 in 2026 [1]."
        assert len(words_of(client)) > 1
        usage = response["usage"]
        assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (70, 11, 81)
        assert usage["input_token_details"]["cached_tokens"] == 64
        assert [m["content"] for m in chat.requests[0]["messages"]] == [
            "You are Medicare.",
            "How much is Part B?",
        ]


async def test_calls_are_made_and_their_results_told_to_the_model() -> None:
    replies = [calls_tools(("search", {"query": "a"}), ("search", {"query": "b"})), says("Found [1].")]
    async with bridge(*replies) as (client, chat):
        await client.configure(output_modalities=["text"], tools=[SEARCH])
        made = calls(await client.ask("Look up a and b."))
        assert [c["arguments"] for c in made] == ['{"query": "a"}', '{"query": "b"}']
        for call in made:
            item = {
                "type": "function_call_output",
                "call_id": call["call_id"],
                "output": f"for {call['arguments']}",
            }
            await client.add(item)
        assert said(await client.respond()) == "Found [1]."
        told = chat.requests[1]["messages"]
        assert [m["role"] for m in told] == ["system", "user", "assistant", "tool", "tool"]
        assert [m["content"] for m in told[3:]] == ['for {"query": "a"}', 'for {"query": "b"}']


async def test_an_out_of_band_response_is_asked_with_its_own_input_and_instructions() -> None:
    async with bridge(says("A summary.")) as (client, chat):
        await client.configure(output_modalities=["text"], instructions="You are Medicare.")
        await client.say("Not this.")
        response = await client.respond(
            conversation="none",
            instructions="Sum up.",
            input=[user("Only this.")],
            output_modalities=["text"],
        )
        assert said(response) == "A summary."
        assert [m["content"] for m in chat.requests[0]["messages"]] == ["Sum up.", "Only this."]


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (refuses(401), "chat_key_refused", "ENGINE_CHAT_API_KEY"),
        (refuses(429), "chat_rate_limit_exceeded", "rate limit"),
        (refuses(500), "chat_server_error", "failing"),
        (Reply(steps=(b"data: {broken\n\n",)), "chat_answer_unreadable", "cannot be read"),
        (Reply(steps=(ABORT,)), "chat_server_unreachable", "Nothing answers"),
    ],
)
async def test_a_failure_ends_the_response_in_words_and_the_next_one_works(
    reply: Reply, code: str, words: str
) -> None:
    # A connection that is closed before the answer is tried twice.
    failing = [reply, reply] if reply.steps == (ABORT,) else [reply]
    async with bridge(*failing, says("Now it works.")) as (client, chat):
        await client.configure(output_modalities=["text"])
        response = await client.ask("Hello?")
        assert (response["status"], error_of(response)["code"]) == ("failed", code)
        assert words in error_of(response)["message"]
        assert chat.host in error_of(response)["message"]
        assert "sk-secret" not in str(response)
        assert said(await client.respond()) == "Now it works."


async def test_silence_ends_the_response_as_failed() -> None:
    async with bridge(Reply(steps=(HOLD,)), first_word_s=0.05) as (client, chat):
        await client.configure(output_modalities=["text"])
        response = await client.ask("Hello?")
        assert error_of(response)["code"] == "chat_server_timeout"
        await chat.deserted()


async def test_words_before_a_stream_broke_off_stay_and_are_marked_as_cut() -> None:
    async with bridge(Reply(steps=(chunk(content="So far "), chunk(content="so good"), ABORT))) as (
        client,
        _,
    ):
        await client.configure(output_modalities=["text"])
        response = await client.ask("Hello?")
        assert (response["status"], error_of(response)["code"]) == ("failed", "chat_stream_broken")
        (item,) = response["output"]
        assert item["status"] == "incomplete"
        assert said(response).startswith("So far")


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
async def test_an_answer_that_the_server_cuts_short_is_incomplete_with_its_reason(
    finish: str, reason: str
) -> None:
    async with bridge(Reply(steps=(chunk(content="So far"), chunk(finish=finish)))) as (client, _):
        await client.configure(output_modalities=["text"])
        response = await client.ask("Hello?")
        assert (response["status"], response["status_details"]["reason"]) == ("incomplete", reason)
        assert said(response) == "So far"


async def test_cancel_ends_the_servers_stream_at_once() -> None:
    async with bridge(Reply(steps=(chunk(content="One two "), HOLD))) as (client, chat):
        await client.configure(output_modalities=["text"])
        await client.say("Tell me everything.")
        await client.send("response.create")
        await client.until("response.output_text.delta")
        await client.send("response.cancel")
        response = (await client.until("response.done"))["response"]
        assert (response["status"], response["status_details"]["reason"]) == ("cancelled", "client_cancelled")
        async with asyncio.timeout(5):
            await chat.left.wait()


async def test_cancel_before_the_first_word_ends_the_servers_stream_too() -> None:
    async with bridge(Reply(steps=(HOLD,))) as (client, chat):
        await client.configure(output_modalities=["text"])
        await client.say("Tell me everything.")
        await client.send("response.create")
        await chat.streaming.wait()
        await client.send("response.cancel")
        assert (await client.until("response.done"))["response"]["status"] == "cancelled"
        async with asyncio.timeout(5):
            await chat.left.wait()


async def test_a_client_that_leaves_ends_the_servers_stream() -> None:
    async with chat_server(Reply(steps=(chunk(content="One "), HOLD))) as chat:
        config = word_engine(chat=ChatConfig(base_url=chat.base_url, model="tiny"))
        async with session(config) as client:
            await client.configure(output_modalities=["text"])
            await client.say("Tell me everything.")
            await client.send("response.create")
            await chat.streaming.wait()
        async with asyncio.timeout(5):
            await chat.left.wait()


async def test_words_to_be_said_exactly_are_said_without_the_model() -> None:
    async with bridge() as (client, chat):
        await client.configure(output_modalities=["text"])
        response = await client.respond(instructions='Say exactly: "Dial 988, then press 1."')
        assert said(response) == "Dial 988, then press 1."
        assert chat.requests == []


async def test_the_limit_of_a_response_reaches_the_server() -> None:
    async with bridge(says("Short.")) as (client, chat):
        await client.configure(output_modalities=["text"], max_output_tokens=77)
        await client.ask("Hello?")
        assert chat.requests[0]["max_tokens"] == 77
