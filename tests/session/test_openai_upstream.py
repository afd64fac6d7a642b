"""The adapter on the openai client against a real socket: what it sends, and every way it can end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.utils import accept_key

from realtime_agents.errors import UpstreamClosed, UpstreamRefused
from realtime_agents.protocol.commands import ResponseCancel, ResponseCreate
from realtime_agents.protocol.events import ServerEvent, SessionCreated
from realtime_agents.session.openai_upstream import MAX_FRAME_BYTES, OpenAIUpstream
from realtime_agents.session.prompt_socket import MAX_EARLY
from realtime_agents.session.upstream import FrameReader
from realtime_agents.session.upstream_errors import closed, refused_by, refused_status
from realtime_agents.websocket_frames import TEXT, data_frame
from tests.support.upstream_events import events_of
from tests.support.wire_server import wire_server

LIMIT_S = 5.0


def upstream(base_url: str, **more: float) -> OpenAIUpstream:
    return OpenAIUpstream(base_url=base_url, api_key="sk-secret", model="test-model", **more)


async def collect(connection: OpenAIUpstream) -> tuple[list[ServerEvent], UpstreamClosed | None]:
    """All events, and the error that ended them."""
    events: list[ServerEvent] = []
    try:
        async with asyncio.timeout(LIMIT_S):
            async for event in events_of(connection):
                events.append(event)
    except UpstreamClosed as error:
        return events, error
    return events, None


def id_of(event: ServerEvent) -> str:
    assert isinstance(event, SessionCreated)
    return event.event_id


def created(number: int = 1) -> str:
    return json.dumps({"type": "session.created", "event_id": f"e{number}", "session": {}})


async def test_the_request_names_model_and_key_and_asks_for_no_beta_and_no_compression(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # a proxy that does not exist must not be asked
    async with wire_server() as server:
        connection = upstream(server.base_url)
        await connection.connect()
        await connection.send(ResponseCreate(event_id="c1"))
        await connection.send(ResponseCancel(event_id="c2", response_id="r"))
        await connection.close()
        (request,) = server.requests
        assert request.path == "/v1/realtime?model=test-model"
        assert request.headers["Authorization"] == "Bearer sk-secret"
        assert "OpenAI-Beta" not in request.headers
        assert "Sec-WebSocket-Extensions" not in request.headers
        assert server.received == [
            {"type": "response.create", "event_id": "c1"},
            {"type": "response.cancel", "event_id": "c2", "response_id": "r"},
        ]


@pytest.mark.parametrize(
    ("status", "recoverable", "words"),
    [
        (400, False, "bad request"),
        (401, False, "OPENAI_API_KEY"),
        (403, False, "access"),
        (404, False, "REALTIME_BASE_URL"),
        (429, True, "quota"),
        (500, True, "failing or down"),
        (503, True, "failing or down"),
    ],
)
async def test_a_refused_upgrade_says_what_to_do_and_whether_to_try_again(
    status: int, recoverable: bool, words: str
) -> None:
    async with wire_server(refuse=status) as server:
        connection = upstream(server.base_url)
        with pytest.raises(UpstreamRefused, match=words) as caught:
            await connection.connect()
        await connection.close()
    assert (caught.value.recoverable, caught.value.code) == (recoverable, status)
    assert "127.0.0.1" in str(caught.value)
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "code", "recoverable", "words"),
    [
        (401, "invalid_api_key", False, "check OPENAI_API_KEY"),
        (403, "model_not_found", False, "this key may not use it"),
        (403, "unsupported_country_region_territory", False, "country or region"),
        (404, "model_not_found", False, "REALTIME_MODEL"),
        (429, "insufficient_quota", False, "check its plan and billing"),
        (429, "rate_limit_exceeded", True, "try again in a minute"),
        (429, "something_new", True, "a rate limit or the account's quota"),
        (400, "beta_api_shape_disabled", False, "version of the protocol"),
    ],
)
async def test_the_code_of_a_refusal_says_more_than_its_status(
    status: int, code: str, recoverable: bool, words: str
) -> None:
    async with wire_server(refuse=status, code=code) as server:
        connection = upstream(server.base_url)
        with pytest.raises(UpstreamRefused, match=words) as caught:
            await connection.connect()
        await connection.close()
    assert (caught.value.recoverable, caught.value.code) == (recoverable, status)
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"error": "x"}', b'{"error": {"code": 7}}', b"\xff", b"null"])
def test_a_body_that_is_no_error_object_leaves_the_status_to_speak(body: bytes) -> None:
    assert "refused the key" in str(refused_status(401, "nowhere", body))


async def test_nobody_listening_is_said_and_worth_another_attempt() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        connection = upstream(f"http://127.0.0.1:{port}/v1")
        with pytest.raises(UpstreamRefused, match=f"Nothing answers at 127.0.0.1:{port}") as caught:
            await connection.connect()
    assert caught.value.recoverable


async def test_a_server_that_never_answers_is_given_up_after_the_open_timeout() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        connection = upstream(f"http://127.0.0.1:{mute.getsockname()[1]}/v1", open_timeout_s=0.05)
        with pytest.raises(UpstreamRefused, match=r"did not answer within 0\.05 s") as caught:
            await connection.connect()
    assert caught.value.recoverable


async def test_a_server_that_speaks_something_else_is_named_as_such() -> None:
    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail ready\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0)
    async with server:
        connection = upstream(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        with pytest.raises(UpstreamRefused, match="not as a Realtime server") as caught:
            await connection.connect()
    assert not caught.value.recoverable


async def test_a_server_that_hangs_up_during_the_opening_is_worth_another_attempt() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        connection = upstream(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        with pytest.raises(UpstreamRefused, match="hung up") as caught:
            await connection.connect()
    assert caught.value.recoverable


@pytest.mark.parametrize("url", ["ftp://host/v1", "host:8000/v1", ""])
async def test_a_base_url_that_is_none_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(UpstreamRefused, match="https://host/v1"):
        await upstream(url).connect()


def test_name_tls_and_unknown_trouble_have_words_of_their_own() -> None:
    name = refused_by(socket.gaierror(-2, "Name or service not known"), "nowhere", open_timeout_s=10)
    tls = refused_by(ssl.SSLCertVerificationError(1, "self-signed"), "nowhere", open_timeout_s=10)
    other = refused_by(ZeroDivisionError("sk-secret"), "nowhere", open_timeout_s=10)
    assert ("not known to the network" in str(name), name.recoverable) == (True, True)
    assert ("certificate" in str(tls), tls.recoverable) == (True, False)
    assert ("ZeroDivisionError" in str(other), "sk-secret" in str(other)) == (True, False)
    assert not refused_status(200, "nowhere").recoverable


@pytest.mark.parametrize(
    ("code", "recoverable"),
    [(1000, False), (1001, True), (1008, False), (1009, False), (1011, True), (1012, True), (1013, True), (4000, False), (4999, False)],
)  # fmt: skip
async def test_a_close_by_the_server_carries_its_code_and_whether_to_reconnect(
    code: int, recoverable: bool
) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send(created())
        await connection.close(code, "invalid_request_error.some_code")

    async with wire_server(handler) as server:
        connection = upstream(server.base_url)
        await connection.connect()
        events, error = await collect(connection)
        with pytest.raises(UpstreamClosed):
            await connection.send(ResponseCreate())
        await connection.close()
    assert [event.type for event in events] == ["session.created"]
    assert error is not None
    assert (error.code, error.recoverable) == (code, recoverable)
    assert "invalid_request_error.some_code" in str(error)


async def test_a_connection_that_breaks_off_is_code_1006() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send(created())
        connection.transport.abort()

    async with wire_server(handler) as server:
        connection = upstream(server.base_url)
        await connection.connect()
        events, error = await collect(connection)
        await connection.close()
    assert len(events) == 1
    assert error is not None
    assert (error.code, error.recoverable) == (1006, True)


def test_a_flood_of_oddities_is_logged_once_per_kind_and_its_kinds_are_bounded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader = FrameReader()
    for number in range(200):
        reader.read("garbage of Jane Doe")
        reader.read(json.dumps({"type": f"x.{number % 100}", "event_id": "e"}))
    assert reader.oddities["garbage"] == 200
    assert reader.oddities["other"] > 0
    assert len(reader.oddities) == len(caplog.records) == 65
    assert "Jane" not in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize("reason", ["key sk-secret of Jane Doe is blocked", "a" * 100 + " sk-secret"])
def test_free_text_in_a_close_reason_is_not_repeated(reason: str) -> None:
    assert "sk-secret" not in str(closed(1008, reason))


@pytest.mark.parametrize(
    ("code", "reason", "words", "recoverable"),
    [
        (3000, "invalid_request_error.invalid_api_key", "The Realtime server refused the key: check", False),
        (1013, "insufficient_quota", "The account's quota at the Realtime server is used up", False),
        (1008, "invalid_request_error.model_not_found", "check REALTIME_MODEL", False),
        (1008, "rate_limit_exceeded", "try again in a minute", True),
    ],
)
def test_the_code_in_a_close_reason_says_more_than_the_close_code(
    code: int, reason: str, words: str, recoverable: bool
) -> None:
    error = closed(code, reason)
    assert words in str(error)
    assert (error.code, error.recoverable) == (code, recoverable)


async def test_garbage_and_unknown_events_are_counted_and_the_next_event_arrives() -> None:
    async def handler(connection: ServerConnection) -> None:
        for frame in (
            "nonsense",
            b"\xff\xfe",
            "[]",
            '{"no": "type"}',
            '{"type": "x.new", "event_id": "1"}',
            created(),
        ):
            await connection.send(frame)
        await connection.wait_closed()

    async with wire_server(handler) as server:
        connection = upstream(server.base_url)
        await connection.connect()
        seen = []
        async for event in events_of(connection):
            seen.append(event.type)
            if event.type == "session.created":
                break
        await connection.close()
    assert seen == ["x.new", "session.created"]
    assert connection.oddities == {"garbage": 4, "x.new": 1}


async def test_what_comes_before_anybody_listens_is_bounded_and_not_lost() -> None:
    count = MAX_EARLY * 20

    async def handler(connection: ServerConnection) -> None:
        for number in range(count):
            await connection.send(created(number))
        await connection.close()

    async with wire_server(handler) as server:
        connection = upstream(server.base_url)
        await connection.connect()
        assert connection._socket is not None
        async with asyncio.timeout(LIMIT_S):
            while connection._socket.transport.is_reading():  # noqa: ASYNC110  it has no event for that
                await asyncio.sleep(0)
        assert MAX_EARLY <= len(connection._socket._early) < count
        events, error = await collect(connection)
        await connection.close()
    assert [id_of(event) for event in events] == [f"e{number}" for number in range(count)]
    assert error is not None


async def test_a_message_in_fragments_arrives_whole_and_pings_between_them_are_answered() -> None:
    async def handler(connection: ServerConnection) -> None:
        async def parts() -> AsyncIterator[str]:
            yield '{"type": "session.created", "ev'
            await (await connection.ping())
            yield 'ent_id": "e", "session": {}}'

        await connection.send(parts())
        await connection.close(1001)

    async with wire_server(handler) as server:
        connection = upstream(server.base_url)
        await connection.connect()
        events, _ = await collect(connection)
        await connection.close()
    assert [id_of(event) for event in events] == ["e"]


async def test_events_may_stand_right_behind_the_answer_to_the_handshake() -> None:
    """A server, or TCP, may deliver the answer and the first frames in one piece."""
    sent = [created(number) for number in range(3)]
    frames = b"".join(data_frame(TEXT, text.encode()) for text in sent) + b"\x88\x02\x03\xe9"

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(
            line.split(": ")[1] for line in request.splitlines() if line.startswith("Sec-WebSocket-Key")
        )
        head = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
        )
        writer.write(head.encode() + frames)
        await reader.readexactly(8)  # its close
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connection = upstream(f"http://127.0.0.1:{port}/v1")
        await connection.connect()
        events, error = await collect(connection)
        await connection.close()
    assert [id_of(event) for event in events] == ["e0", "e1", "e2"]
    assert error is not None and error.code == 1001


async def test_nobody_is_called_once_listening_was_cancelled() -> None:
    gate = asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        await connection.send(created(1))
        await gate.wait()
        await connection.send(created(2))
        await connection.wait_closed()

    given: asyncio.Queue[ServerEvent] = asyncio.Queue()
    async with wire_server(handler) as server:
        connection = upstream(server.base_url)
        await connection.connect()
        listening = asyncio.create_task(connection.listen(given.put_nowait))
        async with asyncio.timeout(LIMIT_S):
            await given.get()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            gate.set()
            await connection.close()  # the answer to it stands behind the second event
    assert given.empty()


async def test_a_command_goes_at_once_unless_the_connection_is_full_or_closed() -> None:
    async with wire_server() as server:
        connection = upstream(server.base_url)
        assert not connection.offer(ResponseCreate(event_id="c0"))
        await connection.connect()
        assert connection.offer(ResponseCreate(event_id="c1"))
        assert connection._socket is not None
        connection._socket.pause_writing()
        assert not connection.offer(ResponseCreate(event_id="c2"))
        connection._socket.resume_writing()
        assert connection.offer(ResponseCreate(event_id="c3"))
        await connection.close()
        assert not connection.offer(ResponseCreate(event_id="c4"))
    assert [command["event_id"] for command in server.received] == ["c1", "c3"]


async def test_nothing_is_given_after_close_which_may_come_twice_or_first() -> None:
    async def flood(connection: ServerConnection) -> None:
        with contextlib.suppress(Exception):
            while True:
                await connection.send(created())

    async with wire_server(flood) as server:
        never = upstream(server.base_url)
        await never.close()
        connection = upstream(server.base_url)
        await connection.connect()
        given: list[ServerEvent] = []
        first = asyncio.Event()

        def on_event(event: ServerEvent) -> None:
            given.append(event)
            first.set()

        listening = asyncio.create_task(connection.listen(on_event))
        async with asyncio.timeout(LIMIT_S):
            await first.wait()
            before = len(given)
            await connection.close()
            await connection.close()
            await listening
        assert len(given) == before
        with pytest.raises(UpstreamClosed):
            await connection.send(ResponseCreate())


async def test_a_message_larger_than_the_librarys_default_arrives_whole() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send(
            json.dumps({"type": "session.created", "event_id": "e", "session": {"x": "y" * 3_000_000}})
        )
        await connection.close(1001)

    async with wire_server(handler) as server:
        connection = upstream(server.base_url)
        await connection.connect()
        events, _ = await collect(connection)
        await connection.close()
    assert len(events) == 1


async def test_a_frame_beyond_the_limit_ends_the_connection_and_what_came_before_is_kept() -> None:
    async def flood(socket: ServerConnection) -> None:
        await socket.send(created())
        with contextlib.suppress(OSError, ConnectionError):
            await socket.send("x" * (MAX_FRAME_BYTES + 1))
            await socket.wait_closed()

    async with wire_server(flood) as server:
        connection = upstream(server.base_url)
        await connection.connect()
        events, error = await collect(connection)
        await connection.close()
    assert len(events) == 1
    assert error is not None
    assert (error.code, error.recoverable) == (1009, False)
