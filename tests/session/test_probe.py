"""A tiny question finds out what a connection alone does not show."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from realtime_agents.protocol.session_config import RealtimeSession, Transcription
from realtime_agents.session.openai_upstream import OpenAIUpstream
from realtime_agents.session.probe import probe
from tests.support.wire_server import Handler, wire_server

Answer = Callable[[ServerConnection], Awaitable[None]]


async def send(connection: ServerConnection, kind: str, **fields: Any) -> None:
    await connection.send(json.dumps({"type": kind, "event_id": "e", **fields}))


def server(*events: tuple[str, dict[str, Any]], close: int | None = None, at_once: bool = False) -> Handler:
    """Greets, waits for ``response.create`` (unless ``at_once``), says ``events``, closes or stays."""

    async def handle(connection: ServerConnection) -> None:
        await send(connection, "session.created", session={})
        while not at_once:
            if json.loads(await connection.recv())["type"] == "response.create":
                break
        for kind, fields in events:
            await send(connection, kind, **fields)
        if close is not None:
            await connection.close(close, "invalid_request_error.some_code")
        await connection.wait_closed()

    return handle


def error(code: str) -> tuple[str, dict[str, Any]]:
    return "error", {"error": {"type": "invalid_request_error", "code": code, "message": "sk-secret"}}


def done(status: str, code: str = "", message: str = "sk-secret") -> tuple[str, dict[str, Any]]:
    details = {"type": status, "error": {"type": "x", "code": code, "message": message}} if code else None
    return "response.done", {
        "response": {"id": "r", "status": status, "status_details": details, "output": []}
    }


async def ask(handler: Handler | None = None, *, refuse: int | None = None, **more: Any) -> str:
    async with wire_server(handler, refuse=refuse) as wire:
        upstream = OpenAIUpstream(base_url=wire.base_url, api_key="sk-secret", model="m")
        try:
            problem = await probe(upstream, **more)
        finally:
            await upstream.close()
    assert "sk-secret" not in problem
    return problem


@pytest.mark.parametrize("status", ["completed", "incomplete", "cancelled"])
async def test_any_answer_is_good_news(status: str) -> None:
    assert await ask(server(done(status))) == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "check OPENAI_API_KEY"),
        (403, "account's access"),
        (404, "REALTIME_MODEL"),
        (429, "quota"),
        (503, "failing or down"),
    ],
)
async def test_a_refused_connection_says_what_to_do(status: int, words: str) -> None:
    assert words in await ask(refuse=status)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("invalid_api_key", "check OPENAI_API_KEY"),
        ("model_not_found", "check REALTIME_MODEL"),
        ("insufficient_quota", "check its plan and billing"),
        ("rate_limit_exceeded", "try again in a minute"),
        ("beta_api_shape_disabled", "version of the protocol"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_an_error_event_is_told_also_when_the_server_closes_behind_it(
    code: str, words: str, at_once: bool
) -> None:
    assert words in await ask(server(error(code), close=4000, at_once=at_once))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("insufficient_quota", "quota at the Realtime server is used up"),
        ("inference_rate_limit_exceeded", "rate limit"),
        ("server_error", "internal error"),
        ("invalid_api_key", "OPENAI_API_KEY"),
    ],
)
async def test_an_answer_that_fails_says_why(code: str, words: str) -> None:
    problem = await ask(server(done("failed", code)))
    assert problem.startswith("A tiny question was not answered: ")
    assert words in problem


async def test_a_failure_without_a_reason_is_told_too() -> None:
    assert "did not say why" in await ask(server(done("failed")))


async def test_our_own_engines_words_are_shown_as_they_are() -> None:
    failed = done("failed", "chat_key_refused", "127.0.0.1 refused the key: check ENGINE_CHAT_API_KEY.")
    assert await ask(server(failed), is_ours=True) == "127.0.0.1 refused the key: check ENGINE_CHAT_API_KEY."
    assert "the chat server refused the key" in await ask(server(failed))


async def test_a_race_is_no_problem() -> None:
    assert await ask(server(error("response_cancel_not_active"), done("completed"))) == ""


async def test_a_server_that_connects_and_says_nothing_is_given_up() -> None:
    assert "did not answer a tiny question within 0.05 s" in await ask(server(), limit_s=0.05)


async def test_a_server_that_hangs_up_on_the_question_is_told_by_its_close_code() -> None:
    assert "check the key and the account" in await ask(server(close=1008))


def field_error(code: str, param: str) -> tuple[str, dict[str, Any]]:
    return "error", {"error": {"type": "invalid_request_error", "code": code, "param": param, "message": "x"}}


@pytest.mark.parametrize(
    ("param", "words"),
    [
        ("session.audio.input.transcription.model", "check TRANSCRIPTION_MODEL"),
        ("session.truncation", "(invalid_value, session.truncation)"),
    ],
)
async def test_settings_of_a_session_that_the_server_does_not_take_are_a_problem(
    param: str, words: str
) -> None:
    sessions = [RealtimeSession(transcription=Transcription(model="m"))]
    handler = server(field_error("invalid_value", param), done("completed"))
    assert words in await ask(handler, sessions=sessions)


async def test_the_server_is_told_of_the_sessions_before_the_question() -> None:
    received: list[dict[str, Any]] = []

    async def handle(connection: ServerConnection) -> None:
        await send(connection, "session.created", session={})
        while not received or received[-1]["type"] != "response.create":
            received.append(json.loads(await connection.recv()))
        kind, fields = done("completed")
        await send(connection, kind, **fields)

    sessions = [RealtimeSession(voice="marin"), RealtimeSession(voice="cedar")]
    async with asyncio.timeout(5):
        assert await ask(handle, sessions=sessions) == ""
    kinds = [command["type"] for command in received]
    assert kinds == ["session.update"] * 2 + ["conversation.item.create", "response.create"]
    assert [command["session"] for command in received[:2]] == [session.to_wire() for session in sessions]
    assert received[-1]["response"]["instructions"] == "Reply in one word."


async def test_the_question_is_small_typed_and_has_a_tool() -> None:
    asked: list[dict[str, Any]] = []

    async def handle(connection: ServerConnection) -> None:
        await send(connection, "session.created", session={})
        for _ in range(2):
            asked.append(json.loads(await connection.recv()))
        kind, fields = done("completed")
        await send(connection, kind, **fields)

    async with asyncio.timeout(5):
        assert await ask(handle) == ""
    item, create = asked
    assert item["item"]["role"] == "user"
    assert create["response"]["max_output_tokens"] <= 16
    assert create["response"]["output_modalities"] == ["text"]
    assert len(create["response"]["tools"]) == 1
