"""The thinker against a scripted server: what it asks for, and every way a server can fail."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from realtime_agents.engine.brain import Brain
from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.chat.faults import CODES
from realtime_agents.engine.chat.thinker import ChatThinker
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.dialogue.view import DialogueContext, ToolSpec
from realtime_agents.engine.thought import Ended, Thought, ToolCall, Words, until
from realtime_agents.errors import ThinkingError
from realtime_agents.protocol.items import ContentPart, ErrorDetail, MessageItem
from realtime_agents.session.faults import failure_words
from tests.support.chat_server import (
    ABORT,
    DONE,
    HOLD,
    ChatServer,
    Reply,
    calls,
    chat_server,
    chunk,
    refuses,
    says,
    usage,
)

LIMIT_S = 5.0
QUESTION = MessageItem(role="user", content=(ContentPart(type="input_text", text="How much is Part B?"),))
SEARCH = ToolSpec(name="search", parameters={"type": "object", "properties": {"query": {"type": "string"}}})
CONTEXT = DialogueContext(instructions="You are Medicare.", items=(QUESTION,), tools=(SEARCH,))


@asynccontextmanager
async def thinker(chat: ChatServer | None, **settings: Any) -> AsyncIterator[ChatThinker]:
    defaults = {"base_url": chat.base_url if chat else "", "model": "tiny", "api_key": "sk-secret"}
    made = ChatThinker(ChatConfig(**(defaults | settings)))
    try:
        async with asyncio.timeout(LIMIT_S):
            yield made
    finally:
        await made.close()


async def think(chat: ChatServer, **settings: Any) -> list[Thought]:
    async with thinker(chat, **settings) as one, aclosing(one.think(CONTEXT)) as thoughts:
        return [thought async for thought in thoughts]


async def fails(*replies: Reply, **settings: Any) -> ThinkingError:
    """The error that a server's replies lead to; none carries the key or the server's own text."""
    async with chat_server(*replies) as chat:
        with pytest.raises(ThinkingError) as caught:
            await think(chat, **settings)
        assert chat.host in str(caught.value) or "tiny" in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert caught.value.code in CODES
    return caught.value


async def test_an_answer_is_asked_for_with_key_model_and_tools_and_comes_in_its_pieces() -> None:
    async with chat_server(says("It is $202.90 in 2026 [1].", given=50, made=9, cached=16)) as chat:
        thoughts = await think(chat)
    assert [t.text for t in thoughts if isinstance(t, Words)] == [
        "It ",
        "is ",
        "$202.90 ",
        "in ",
        "2026 ",
        "[1].",
    ]
    assert isinstance(thoughts[-1], Ended) and thoughts[-1].usage is not None
    assert thoughts[-1].usage.input_token_details.cached_tokens == 16
    assert chat.paths == ["POST /v1/chat/completions HTTP/1.1"]
    assert chat.headers[0]["authorization"] == "Bearer sk-secret"
    assert chat.requests[0]["messages"][0] == {"role": "system", "content": "You are Medicare."}
    assert chat.requests[0]["tools"][0]["function"]["name"] == "search"


async def test_several_calls_come_whole_and_in_order() -> None:
    async with chat_server(
        calls(("search", {"query": "Part B premium"}), ("search", {"query": "2026"}))
    ) as chat:
        thoughts = await think(chat)
    assert [t for t in thoughts if isinstance(t, ToolCall)] == [
        ToolCall(name="search", arguments='{"query": "Part B premium"}'),
        ToolCall(name="search", arguments='{"query": "2026"}'),
    ]


async def test_words_come_while_the_server_still_writes() -> None:
    async with chat_server(Reply(steps=(chunk(content="Wait"), HOLD))) as chat, thinker(chat) as one:
        thoughts = one.think(CONTEXT)
        assert await anext(thoughts) == Words(text="Wait")
        await thoughts.aclose()
        await chat.left.wait()


@pytest.mark.parametrize("steps", [(HOLD,), (chunk(content="One"), HOLD)])
async def test_stop_closes_the_connection_at_once(steps: tuple[Any, ...]) -> None:
    async with chat_server(Reply(steps=steps)) as chat, thinker(chat) as one:
        stop = asyncio.Event()

        async def listen() -> list[Thought]:
            return [thought async for thought in until(one.think(CONTEXT), stop)]

        listening = asyncio.create_task(listen())
        await chat.streaming.wait()
        stop.set()
        assert len(await listening) <= 1
        await chat.left.wait()


async def test_proxies_of_the_environment_are_not_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with chat_server(says("Yes.")) as chat:
        assert Words(text="Yes.") in await think(chat)


async def test_a_server_without_a_key_is_sent_none_of_ours() -> None:
    async with chat_server(says("Yes.")) as chat:
        await think(chat, api_key="")
    assert "sk-secret" not in str(chat.headers)


async def test_the_second_question_uses_the_same_connection_and_a_closed_one_is_opened_again() -> None:
    replies = [says("One."), Reply(steps=(ABORT,)), says("Two.")]
    async with chat_server(*replies) as chat, thinker(chat) as one:
        first = [t async for t in one.think(CONTEXT)]
        second = [t async for t in one.think(CONTEXT)]
    assert first[0] == Words(text="One.")
    assert second[0] == Words(text="Two.")
    assert len(chat.requests) == 3


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (refuses(401), "chat_key_refused", "check ENGINE_CHAT_API_KEY"),
        (refuses(403), "chat_access_denied", "does not let this key use the model 'tiny'"),
        (refuses(404, code="model_not_found"), "chat_model_not_found", "has no model 'tiny'"),
        (Reply(status=404, body="Not Found"), "chat_model_not_found", "usually ends in /v1"),
        (refuses(402), "chat_quota_exceeded", "plan and billing"),
        (refuses(429), "chat_rate_limit_exceeded", "in a minute"),
        (refuses(429, code="insufficient_quota"), "chat_quota_exceeded", "quota"),
        (refuses(400), "chat_request_refused", "bad one"),
        (refuses(400, "tiny does not support tools"), "chat_model_without_tools", "cannot call tools"),
        (refuses(500, "tools param requires --jinja flag"), "chat_model_without_tools", "ENGINE_CHAT_MODEL"),
        (refuses(400, code="context_length_exceeded"), "chat_context_exceeded", "too long"),
        (refuses(400, "This model's maximum context length is 4096 tokens"), "chat_context_exceeded", "too long"),
        (refuses(422), "chat_request_refused", "HTTP 422"),
        (refuses(500), "chat_server_error", "HTTP 500"),
        (refuses(503, "Loading model"), "chat_server_error", "still loading"),
    ],
)  # fmt: skip
async def test_a_refusal_says_what_to_do(reply: Reply, code: str, words: str) -> None:
    error = await fails(reply)
    assert error.code == code
    assert words in str(error)


async def test_a_refusal_is_not_asked_again() -> None:
    async with chat_server(refuses(429, **{"Retry-After": "60"}), says("never")) as chat:
        with pytest.raises(ThinkingError):
            await think(chat)
    assert len(chat.requests) == 1


async def test_nobody_listening_is_said_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with thinker(None, base_url=f"http://127.0.0.1:{port}/v1") as one:
            with pytest.raises(ThinkingError, match=f"Nothing answers at 127.0.0.1:{port}") as caught:
                _ = [t async for t in one.think(CONTEXT)]
    assert caught.value.code == "chat_server_unreachable"


async def test_an_insecure_answer_where_tls_was_expected_is_said() -> None:
    async with chat_server() as chat, thinker(None, base_url=chat.base_url.replace("http:", "https:")) as one:
        with pytest.raises(ThinkingError, match="No secure connection") as caught:
            _ = [t async for t in one.think(CONTEXT)]
    assert caught.value.code == "chat_server_unreachable"


@pytest.mark.parametrize(
    ("steps", "limits"),
    [
        ((HOLD,), {"first_word_s": 0.05}),
        ((chunk(reasoning_content="Hm"), HOLD), {"first_word_s": 0.05}),
        ((b": still here\n\n", HOLD), {"first_word_s": 0.05}),
        ((chunk(content="One"), HOLD), {"pause_s": 0.05}),
        ((chunk(content="One"), HOLD), {"answer_s": 0.05}),
    ],
)
async def test_silence_ends_the_answer_and_the_connection(
    steps: tuple[Any, ...], limits: dict[str, float]
) -> None:
    async with chat_server(Reply(steps=steps)) as chat:
        with pytest.raises(ThinkingError, match=r"did not answer within 0\.05 s") as caught:
            await think(chat, **limits)
        await chat.deserted()
    assert caught.value.code == "chat_server_timeout"


async def test_a_whole_answer_is_kept_when_the_server_forgets_to_end_the_stream() -> None:
    steps = (chunk(content="Yes."), chunk(finish="stop"), HOLD)
    async with chat_server(Reply(steps=steps)) as chat:
        assert await think(chat, tail_s=0.05) == [Words(text="Yes."), Ended()]


@pytest.mark.parametrize(
    "steps", [(chunk(content="One"), ABORT), (chunk(content="One"),), (chunk(content="One"), DONE)]
)
async def test_a_stream_that_breaks_off_is_a_failure_after_the_words_that_came(
    steps: tuple[Any, ...],
) -> None:
    heard = []
    async with chat_server(Reply(steps=steps)) as chat, thinker(chat) as one:
        with pytest.raises(ThinkingError, match="broke off") as caught:
            async for thought in one.think(CONTEXT):
                heard.append(thought)
    assert heard == [Words(text="One")]
    assert caught.value.code == "chat_stream_broken"


async def test_a_call_whose_stream_breaks_off_is_not_made() -> None:
    half = chunk(tool_calls=[{"index": 0, "id": "a", "function": {"name": "search", "arguments": "{}"}}])
    assert (await fails(Reply(steps=(half, ABORT)))).code == "chat_stream_broken"


@pytest.mark.parametrize(
    "junk",
    [b"data: {broken\n\n", b"data: 7\n\n", b'data: "words"\n\n', b"data: [1, 2]\n\n", b"data: \xff\xfe\n\n"],
)
async def test_garbage_in_the_stream_is_a_failure_in_words(junk: bytes) -> None:
    error = await fails(Reply(steps=(junk, chunk(content="x", finish="stop"), DONE)))
    assert error.code == "chat_answer_unreadable"


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"", b"{}"])
async def test_something_that_is_no_stream_is_a_failure(body: bytes) -> None:
    error = await fails(Reply(steps=(body,) if body else (b"\n",)))
    assert error.code in {"chat_stream_broken", "chat_answer_unreadable"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [("insufficient_quota", "chat_quota_exceeded"), ("rate_limit_exceeded", "chat_rate_limit_exceeded"), (None, "chat_server_error"), (500, "chat_server_error")],
)  # fmt: skip
async def test_an_error_in_the_middle_of_a_stream_keeps_its_meaning(code: Any, expected: str) -> None:
    trouble = {"error": {"message": "sk-secret", "code": code}}
    assert (await fails(Reply(steps=(chunk(content="One"), trouble)))).code == expected


async def test_odd_chunks_reach_no_further_than_the_assembly() -> None:
    steps: tuple[Any, ...] = (
        {"choices": []},
        {"id": None, "choices": [{"delta": {"content": None, "role": 7}}]},
        chunk(content="Yes."),
        {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": "many"}},
        usage(3, 1),
        DONE,
    )
    async with chat_server(Reply(steps=steps)) as chat:
        thoughts = await think(chat)
    assert thoughts[0] == Words(text="Yes.")
    assert isinstance(thoughts[-1], Ended) and thoughts[-1].usage is not None
    assert thoughts[-1].usage.total_tokens == 4


async def test_no_failure_is_logged_with_the_key_or_what_was_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="realtime_agents")
    await fails(refuses(401, "Part B"))
    await fails(Reply(steps=(chunk(content="Part B"), ABORT)))
    ours = [vars(record) for record in caplog.records if record.name.startswith("realtime_agents")]
    assert ours
    assert "sk-secret" not in str(ours)
    assert "Part B" not in str(ours)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_words_on_the_page(code: str) -> None:
    assert "reported" not in failure_words(ErrorDetail(code=code))


async def test_a_brain_with_a_chat_server_asks_it_and_loads_no_embedder() -> None:
    def embedder() -> Any:
        raise AssertionError("not needed")

    async with chat_server(says("From the model.")) as chat:
        config = EngineConfig(embedder=embedder, chat=ChatConfig(base_url=chat.base_url, model="tiny"))
        brain = Brain(config)
        await brain.warm()
        thoughts = [t async for t in brain.think(CONTEXT)]
        await brain.close()
    assert "".join(t.text for t in thoughts if isinstance(t, Words)) == "From the model."


async def test_words_to_be_said_exactly_reach_no_model() -> None:
    async with chat_server() as chat:
        brain = Brain(EngineConfig(chat=ChatConfig(base_url=chat.base_url, model="tiny")))
        context = DialogueContext(instructions='Say exactly: "Dial 988, then press 1."', items=(QUESTION,))
        thoughts = [t async for t in brain.think(context)]
        await brain.close()
    assert thoughts == [Words(text="Dial 988, then press 1.")]
    assert chat.requests == []
