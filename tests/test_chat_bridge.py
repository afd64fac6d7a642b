"""The command line with a chat server that thinks for the local engine: a scripted model."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from realtime_agents.commands import engine
from realtime_agents.engine.chat.config import ChatConfig
from realtime_agents.engine.chat.reach import problem_of
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.server import running_engine
from realtime_agents.health import Part
from realtime_agents.local_engine import engine_config
from realtime_agents.runtime import Runtime
from realtime_agents.settings import load
from tests.support.chat_server import (
    ChatServer,
    Reply,
    calls,
    chat_server,
    chunk,
    refuses,
    says,
)
from tests.support.command_line import Done, in_this_process
from tests.support.wire_server import wire_server

Run = Callable[..., Awaitable[Done]]
QUESTION = "How much is the Medicare Part B premium in 2026?"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bridge")


@pytest.fixture
def run(data_dir: Path) -> Run:
    call = in_this_process(data_dir)

    async def aside(*arguments: str, **env: str) -> Done:
        return await asyncio.to_thread(call, *arguments, **env)

    return aside


def using(chat: ChatServer) -> dict[str, str]:
    return {
        "ENGINE_CHAT_BASE_URL": chat.base_url,
        "ENGINE_CHAT_API_KEY": "sk-secret",
        "ENGINE_CHAT_MODEL": "Tiny-1B",
    }


def model(request: dict[str, Any]) -> Reply:
    """Hands over where it can, searches, then answers with the first source it was given."""
    tools = {tool["function"]["name"] for tool in request["tools"]}
    last = request["messages"][-1]
    if last["role"] == "tool" and (sources := json.loads(last["content"]).get("sources")):
        return says(f"In 2026 it is $202.90 a month [{sources[0]['n']}].", given=900, made=12, cached=512)
    if "transfer_to_medicare" in tools:
        return calls(("transfer_to_medicare", {"reason": "A question about Part B"}))
    return calls(("search_knowledge", {"query": "Part B premium 2026"}))


async def test_a_question_goes_through_handoff_and_search_to_a_cited_answer_of_the_model(run: Run) -> None:
    async with chat_server(decide=model) as chat:
        done = await run("ask", QUESTION, "--json", **using(chat))
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    assert body["answer"] == "In 2026 it is $202.90 a month [1]."
    assert (body["agent"], [h["target"] for h in body["handoffs"]]) == ("medicare", ["medicare"])
    assert [c["name"] for c in body["tool_calls"]] == ["search_knowledge"]
    assert len(body["citations"]) == 1
    assert body["usage"]["cached_tokens"] == 512
    assert body["usage"]["output_tokens"] == 12 + 20 + 20
    assert {r["model"] for r in chat.requests} == {"Tiny-1B"}
    assert {h["authorization"] for h in chat.headers} == {"Bearer sk-secret"}
    system = chat.requests[-1]["messages"][0]
    assert system["role"] == "system" and "You are Medicare." in system["content"]


async def test_a_model_that_answers_without_a_tool_is_shown_word_for_word(run: Run) -> None:
    async with chat_server(says("Hello, ask me about Medicare.")) as chat:
        done = await run("ask", "Hello", "--agent", "medicare", **using(chat))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Hello, ask me about Medicare.\n")


@pytest.mark.parametrize(
    ("reply", "words", "attempts"),
    [
        (refuses(401), "the chat server refused the key; check ENGINE_CHAT_API_KEY", 1),
        (refuses(429), "try again in a minute", 2),
    ],
)
async def test_a_failure_of_the_chat_server_is_told_in_plain_words(
    run: Run, reply: Reply, words: str, attempts: int
) -> None:
    async with chat_server(decide=lambda _request: reply) as chat:
        done = await run("ask", QUESTION, "--agent", "medicare", **using(chat))
    assert done.returncode == 1
    assert words in done.stderr
    assert len(chat.requests) == attempts
    assert "sk-secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


async def test_doctor_fails_with_a_reason_in_plain_words(run: Run) -> None:
    async with chat_server(refuses(401)) as chat:
        done = await run("doctor", **using(chat))
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if " conversation " in line)
    assert line.startswith(f"FAIL conversation  local engine · Tiny-1B at {chat.host}")
    assert "refused the key: check ENGINE_CHAT_API_KEY" in line
    assert "sk-secret" not in done.stdout + done.stderr


async def try_conversation(**environment: str) -> Part:
    """What ``doctor`` and the settings page do, in this process."""
    settings = load(environment)
    async with running_engine(engine_config(settings)) as url:
        part = await Runtime(settings, engine_url=url, keep_history=False).try_conversation()
    assert "sk-secret" not in repr(part)
    return part


async def test_doctor_names_model_and_host_and_tries_a_tiny_completion_with_a_tool() -> None:
    async with chat_server(says("OK")) as chat:
        part = await try_conversation(**using(chat))
        assert part.ok
        assert part.implementation == f"local engine · Tiny-1B at {chat.host}"
    (request,) = chat.requests
    assert request["max_tokens"] <= 16
    assert len(request["tools"]) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (refuses(401), "refused the key: check ENGINE_CHAT_API_KEY"),
        (refuses(403), "does not let this key use the model 'Tiny-1B'"),
        (refuses(404), "has no model 'Tiny-1B'"),
        (refuses(400, "Tiny-1B does not support tools"), "cannot call tools"),
        (refuses(429), "rate limit"),
        (Reply(steps=(chunk(content="O"),)), "broke off"),
        (Reply(steps=(b"<html></html>",)), "broke off"),
    ],
)
async def test_doctor_explains_what_is_wrong_with_the_chat_server(reply: Reply, words: str) -> None:
    async with chat_server(reply) as chat:
        part = await try_conversation(**using(chat))
        assert not part.ok
        assert words in part.detail
        assert chat.host in part.detail or "Tiny-1B" in part.detail


async def test_doctor_tells_that_no_chat_server_runs() -> None:
    async with chat_server() as chat:
        gone = using(chat)
    part = await try_conversation(**gone)
    assert not part.ok
    assert f"Nothing answers at {chat.host}" in part.detail


async def test_health_tells_that_a_chat_server_is_gone_and_asks_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_agents.conversation_server.CHAT_EVERY_S", 0.0)
    async with AsyncExitStack() as serving:
        chat = await serving.enter_async_context(chat_server())
        settings = load({"DATA_DIR": str(tmp_path), **using(chat)})
        runtime = Runtime(settings, keep_history=False)
        await runtime.start()
        try:
            assert runtime.health()[0].ok
            await serving.aclose()
            await runtime.refresh()
            part = runtime.health()[0]
            assert not part.ok
            assert f"Nothing answers at {chat.host}: is the chat server running" in part.detail
        finally:
            await runtime.stop()
    assert chat.requests == []


async def test_a_chat_server_behind_a_proxy_is_left_to_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert await problem_of(ChatConfig(base_url="http://chat.example/v1", model="m")) == ""
    found = await problem_of(ChatConfig(base_url="http://127.0.0.1:1/v1", model="m"))
    assert found.startswith("Nothing answers at 127.0.0.1:1")


async def test_doctor_says_that_a_chat_server_which_is_not_in_use_was_not_asked() -> None:
    async with chat_server() as chat, wire_server(refuse=401) as wire:
        part = await try_conversation(
            **using(chat), REALTIME_BASE_URL=wire.base_url, OPENAI_API_KEY="sk-secret"
        )
        assert (part.ok, part.implementation) == (False, "realtime server")
    assert chat.requests == []


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, "invalid_api_key", "refused the key: check OPENAI_API_KEY"),
        (403, "model_not_found", "this key may not use it"),
        (404, "", "REALTIME_MODEL"),
        (429, "insufficient_quota", "check its plan and billing"),
        (429, "rate_limit_exceeded", "try again in a minute"),
        (503, "", "failing or down"),
    ],
)
async def test_doctor_explains_why_a_realtime_server_refuses(status: int, error: str, words: str) -> None:
    async with wire_server(refuse=status, code=error) as wire:
        part = await try_conversation(REALTIME_BASE_URL=wire.base_url, OPENAI_API_KEY="sk-secret")
    assert not part.ok
    assert words in part.detail


async def test_doctor_tells_a_realtime_server_what_sessions_will_and_names_the_setting_that_it_refuses() -> (
    None
):
    param = "session.audio.input.transcription.model"

    async def handle(connection: ServerConnection) -> None:
        await connection.send(json.dumps({"type": "session.created", "event_id": "e", "session": {}}))
        update = json.loads(await connection.recv())
        assert update["session"]["audio"]["input"]["transcription"]["model"] == "scribe-9"
        error = {"type": "invalid_request_error", "code": "model_not_found", "message": "x", "param": param}
        await connection.send(json.dumps({"type": "error", "event_id": "e", "error": error}))
        await connection.wait_closed()

    async with wire_server(handle) as wire:
        part = await try_conversation(
            REALTIME_BASE_URL=wire.base_url, OPENAI_API_KEY="sk-secret", TRANSCRIPTION_MODEL="scribe-9"
        )
    assert not part.ok
    assert "check TRANSCRIPTION_MODEL" in part.detail


async def test_a_refused_key_of_a_realtime_server_is_told_by_doctor_and_ask_with_exit_code_one(
    run: Run,
) -> None:
    async with wire_server(refuse=401) as wire:
        using_it = {"REALTIME_BASE_URL": wire.base_url, "OPENAI_API_KEY": "sk-secret"}
        examined = await run("doctor", "--json", **using_it)
        asked = await run("ask", "Hello", **using_it)
    assert (examined.returncode, asked.returncode, asked.stdout) == (1, 1, "")
    assert "check OPENAI_API_KEY" in json.loads(examined.stdout)["parts"]["conversation"]["detail"]
    assert "check OPENAI_API_KEY" in asked.stderr
    assert "sk-secret" not in examined.stdout + asked.stderr


def test_the_engine_alone_uses_the_chat_server_too_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[EngineConfig] = []

    async def serve(config: EngineConfig, _host: str, _port: int) -> None:
        served.append(config)

    monkeypatch.setattr(engine, "serve", serve)
    environment = {"ENGINE_CHAT_BASE_URL": "http://127.0.0.1:1/v1", "ENGINE_CHAT_MODEL": "Tiny-1B"}
    arguments = Namespace(host="127.0.0.1", port=0, fast=False, json=False)
    assert engine.run(arguments, load(environment)) == 0
    assert served[0].chat is not None and served[0].chat.model == "Tiny-1B"
    assert "Tiny-1B at 127.0.0.1:1 thinks" in capsys.readouterr().out
