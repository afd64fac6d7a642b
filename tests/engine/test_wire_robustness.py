"""What the engine withstands: garbage, floods, too much, the wrong callers, the end of an hour."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Message
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime_agents.engine.brain import Brain
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.connection import Connection
from realtime_agents.engine.server import create_engine_app, running_engine
from tests.engine.wire import ManualClock, WireClient, connected, function, session, user, word_engine

COMMANDS: list[dict[str, Any]] = [
    {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "instructions": "x",
            "tools": [function("f", "Does f.", city={"type": "string"})],
            "tool_choice": {"type": "function", "name": "f"},
            "audio": {"input": {"turn_detection": {"type": "server_vad"}}, "output": {"voice": "marin"}},
            "truncation": {"type": "retention_ratio", "retention_ratio": 0.8},
        },
    },
    {"type": "conversation.item.create", "item": user("hello", id="a"), "previous_item_id": "root"},
    {"type": "conversation.item.create", "item": {"type": "function_call", "name": "f", "arguments": "{}"}},
    {"type": "conversation.item.delete", "item_id": "a"},
    {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 1},
    {"type": "input_audio_buffer.append", "audio": "AAAA"},
    {"type": "response.create", "response": {"conversation": "none", "metadata": {"k": "v"}, "input": []}},
]
KEY = {"Authorization": "Bearer x"}


@pytest.fixture
async def client() -> AsyncIterator[WireClient]:
    async with session() as found:
        yield found


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("garbage", "invalid_json"),
        (b"\xff\xfe\x00", "invalid_json"),
        ("[1, 2]", "invalid_event"),
        ("{}", "missing_required_parameter"),
        ('{"type": 7}', "invalid_value"),
        ('{"type": "response.explode"}', "invalid_value"),
        ('{"type": "response.create", "event_id": 7}', "invalid_value"),
        ("[" * 100_000, "invalid_json"),
        (
            json.dumps({"type": "session.update", "session": {"type": "realtime", "tools": []}})[:-1],
            "invalid_json",
        ),
    ],
)
async def test_garbage_is_answered_with_an_error_and_the_connection_stays(
    client: WireClient, raw: str | bytes, code: str
) -> None:
    await client.connection.send_raw(raw)
    assert (await client.error())["code"] == code
    assert (await client.ask("hello"))["status"] == "completed"


async def test_mutilated_commands_never_end_the_session(client: WireClient) -> None:
    """Valid commands with random parts replaced, left out or cut: an error or an answer, nothing else."""
    chance = random.Random(7)
    junk: list[Any] = [
        None,
        0,
        -1,
        1.5,
        True,
        "",
        "x",
        "\ud800",
        [],
        {},
        [None],
        {"type": "message"},
        "9" * 400,
    ]
    for number in range(300):
        command: dict[str, Any] = copy.deepcopy(chance.choice(COMMANDS))
        place: Any = command
        while isinstance(place, dict) and place and chance.random() < 0.8:
            key = chance.choice(list(place))
            if not isinstance(place[key], dict) or chance.random() < 0.3:
                place[key] = chance.choice(junk)
                break
            place = place[key]
        command["event_id"] = str(number)
        await client.connection.send_raw(json.dumps(command))
    await client.send("no.such.event", event_id="last")
    while (await client.error()).get("event_id") != "last":
        pass
    await client.configure(instructions=None, tools=[], tool_choice="auto", truncation="auto")


async def test_half_a_character_is_no_reason_to_fail() -> None:
    async with session(EngineConfig()) as client:
        assert (await client.ask("how much is the \ud800 premium"))["status"] == "completed"


async def test_a_very_long_message_is_answered_in_time(client: WireClient) -> None:
    await client.configure(
        tools=[function("f", "Numbers.", ratings={"type": "array", "items": {"type": "integer"}})]
    )
    async with asyncio.timeout(5):
        await client.ask("1 " * 50_000)
        await client.ask(("how much is it and " + " " * 50) * 1_000)


async def test_deeply_nested_parameters_are_refused(client: WireClient) -> None:
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = {"a": deep}
    tool = {"type": "function", "name": "f", "parameters": deep}
    await client.send("session.update", session={"type": "realtime", "tools": [tool]})
    assert (await client.error())["code"] == "invalid_value"


async def test_without_speech_audio_is_refused_once_and_the_session_goes_on_in_text(
    client: WireClient,
) -> None:
    await client.send("input_audio_buffer.append", audio="not base64!", event_id="a")
    error = await client.error()
    assert (error["param"], error["event_id"]) == ("audio", "a")
    for _ in range(3):
        await client.send("input_audio_buffer.append", audio="AAAA" * 1_000)
    error = await client.error()
    assert (error["type"], error["code"]) == ("server_error", "speech_unavailable")
    await client.send("input_audio_buffer.commit", event_id="c")
    error = await client.error()
    assert (error["code"], error["event_id"]) == ("speech_unavailable", "c")
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")
    await client.send("output_audio_buffer.clear")
    assert "WebRTC" in (await client.error())["message"]
    assert (await client.ask("hello"))["status"] == "completed"


async def test_without_speech_a_commit_alone_is_refused_with_one_error(client: WireClient) -> None:
    await client.send("input_audio_buffer.commit", event_id="c")
    await client.configure()
    errors = [e["error"] for e in client.seen if e["type"] == "error"]
    assert [(e["code"], e["event_id"]) for e in errors] == [("speech_unavailable", "c")]


async def test_without_speech_an_audio_answer_comes_as_text_with_one_error(client: WireClient) -> None:
    assert (await client.configure(output_modalities=["audio"]))["output_modalities"] == ["audio"]
    client.seen.clear()
    for _ in range(2):
        response = await client.ask("hello")
        assert (response["status"], response["output_modalities"]) == ("completed", ["text"])
    errors = [e["error"] for e in client.seen if e["type"] == "error"]
    assert [(e["code"], e["type"]) for e in errors] == [("speech_unavailable", "server_error")]
    assert "goes on in text" in errors[0]["message"]


async def test_a_flood_of_commands_is_answered_one_by_one_in_order() -> None:
    async with session(word_engine(send_queue=4)) as client:
        count = 1_000

        async def flood() -> None:
            for number in range(count):
                await client.send("response.cancel", event_id=str(number))

        sending = asyncio.create_task(flood())
        assert [(await client.error())["event_id"] for _ in range(count)] == [str(n) for n in range(count)]
        await sending


async def test_a_client_that_does_not_read_is_not_read_from_either() -> None:
    """With nothing taken from the socket, reading stops once the send queue is full."""
    received = 0
    stuck = asyncio.Event()

    async def receive() -> Message:
        nonlocal received
        await asyncio.sleep(0)
        received += 1
        return {"type": "websocket.receive", "text": '{"type": "response.cancel"}'}

    async def send(_message: Message) -> None:
        await stuck.wait()

    websocket = WebSocket({"type": "websocket", "headers": []}, receive=receive, send=send)
    websocket.client_state = websocket.application_state = type(websocket.client_state).CONNECTED
    config = word_engine(send_queue=8)
    brain = Brain(config)
    serving = asyncio.create_task(Connection(websocket, config, brain, asked_model="m").run())
    for _ in range(500):
        await asyncio.sleep(0)
    assert 0 < received <= 8 + 2
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await brain.close()


async def test_a_fault_in_sending_ends_the_connection_with_1011(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_event: object) -> str:
        raise ValueError("boom")

    async with running_engine(word_engine()) as url:
        monkeypatch.setattr("realtime_agents.engine.outbox.encode_event", broken)
        address = url.replace("http", "ws") + "/realtime"
        async with connect(address, additional_headers=KEY, proxy=None) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1011
    assert "connection failed" in caplog.text


async def test_a_message_above_the_bound_ends_the_connection_with_1009() -> None:
    config = word_engine(max_message_bytes=1_000, max_append_bytes=1_500)
    async with running_engine(config) as url, connected(url) as client:
        await client.send("conversation.item.create", item=user("x" * 2_000))
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await client.receive()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


async def test_only_what_is_little_more_than_one_text_may_be_very_large() -> None:
    """A message of many megabytes is audio; as many brackets would become gigabytes of objects."""
    config = word_engine(max_message_bytes=1_000)
    async with running_engine(config) as url, connected(url) as client:
        await client.send("input_audio_buffer.append", audio="AAAA" * 500_000)
        assert (await client.error())["code"] == "speech_unavailable"
        await client.connection.send_raw('{"type": ' + "[" * 2_000 + "]" * 2_000 + "}")
        assert (await client.error())["code"] == "message_too_big"
        with pytest.raises(ConnectionClosed):
            await client.receive()


async def test_mounted_the_bound_holds_too_with_an_error_that_says_so() -> None:
    config = word_engine(max_message_bytes=1_000, max_append_bytes=1_500)
    sent: list[Message] = []
    messages: asyncio.Queue[Message] = asyncio.Queue()
    messages.put_nowait({"type": "websocket.connect"})
    messages.put_nowait({"type": "websocket.receive", "text": "x" * 2_000})
    app = Starlette(routes=[Mount("/v1", app=create_engine_app(config))])
    scope = {
        "type": "websocket",
        "path": "/v1/realtime",
        "root_path": "",
        "query_string": b"model=m",
        "headers": [(b"authorization", b"Bearer x")],
        "subprotocols": [],
    }

    async def send(message: Message) -> None:
        sent.append(message)

    await asyncio.wait_for(app(scope, messages.get, send), 5)
    assert json.loads(sent[-2]["text"])["error"]["code"] == "message_too_big"
    assert (sent[-1]["type"], sent[-1]["code"]) == ("websocket.close", 1009)


async def test_a_session_ends_after_its_time_with_an_error_and_1001() -> None:
    clock = ManualClock()
    async with session(word_engine(clock=clock, session_s=3600)) as client:
        await clock.advance(3599)
        assert (await client.ask("hello"))["status"] == "completed"
        await clock.advance(1)
        assert (await client.error())["code"] == "session_expired"
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001


async def test_only_so_many_sessions_and_a_place_is_free_again_afterwards() -> None:
    async with running_engine(word_engine(max_sessions=1)) as url:
        async with connected(url):
            with pytest.raises(InvalidStatus) as refused:
                async with connected(url):
                    pass
            assert refused.value.response.status_code == 503
        async with asyncio.timeout(5):
            while True:
                try:
                    async with connected(url) as client:
                        assert client.seen
                        return
                except InvalidStatus:  # the server has yet to see that the first one left
                    continue


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, "", 401),
        ({"Authorization": "Basic x"}, "", 401),
        ({**KEY, "Origin": "https://evil.example"}, "", 403),
        (KEY, "?intent=transcription", 400),
    ],
)
async def test_the_wrong_callers_are_turned_away(headers: dict[str, str], query: str, status: int) -> None:
    async with running_engine(word_engine()) as url:
        address = url.replace("http", "ws") + "/realtime" + query
        with pytest.raises(InvalidStatus) as refused:
            async with connect(address, additional_headers=headers, proxy=None):
                pass
        assert refused.value.response.status_code == status


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:8000"])
async def test_pages_of_this_machine_may_connect_with_a_key_as_subprotocol(origin: str) -> None:
    async with running_engine(word_engine()) as url:
        address = url.replace("http", "ws") + "/realtime"
        protocols: Any = ["realtime", "openai-insecure-api-key.x"]
        async with connect(address, origin=origin, subprotocols=protocols, proxy=None) as socket:  # type: ignore[arg-type]  # a plain string is an origin
            assert json.loads(await socket.recv())["type"] == "session.created"
            assert socket.subprotocol == "realtime"


async def test_clients_of_the_beta_are_told_to_go_with_4000() -> None:
    async with running_engine(word_engine()) as url:
        address = url.replace("http", "ws") + "/realtime?model=m"
        headers = {**KEY, "OpenAI-Beta": "realtime=v1"}
        async with connect(address, additional_headers=headers, proxy=None) as socket:
            assert json.loads(await socket.recv())["error"]["code"] == "beta_api_shape_disabled"
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4000


async def test_models_lists_the_one_model() -> None:
    async with running_engine(word_engine()) as url, AsyncOpenAI(base_url=url, api_key="x") as api:
        assert [model.id async for model in api.models.list()] == ["local-engine"]


async def test_models_works_mounted_too() -> None:
    app = Starlette(routes=[Mount("/v1", app=create_engine_app(word_engine()))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        assert (await http.get("/v1/models")).json()["data"][0]["id"] == "local-engine"
