"""The audio socket over a real connection: what a browser's WebSocket sees."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import Mock

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from realtime_agents.api.audio import AudioEndpoint
from realtime_agents.api.audio_ticket import issue
from realtime_agents.api.guard import OriginGuard
from realtime_agents.api.websocket_protocol import UnhurriedWebSocket
from realtime_agents.session.line import AudioLine
from realtime_agents.session.registry import SessionRegistry
from realtime_agents.session.session import Session
from realtime_agents.session.view import Phase
from tests.support.scripted import LIMIT_S, question, rig, settle
from tests.support.scripted_upstream import expect
from tests.support.spoken import listens, speaks

SOUND = bytes(8 + 960)
"""A frame of a microphone, nothing of an answer heard yet."""


class Site:
    """A session behind a real server, and how to reach it."""

    def __init__(self, session: Session, port: int) -> None:
        self.session = session
        self.port = port
        self.ended = asyncio.Event()
        """A socket's handler came to its end."""

    def connect(self, ticket: str = "", **options: Any) -> connect:
        return connect(
            f"ws://127.0.0.1:{self.port}/api/audio",
            subprotocols=[
                Subprotocol("realtime-agents.audio"),
                Subprotocol(f"ticket.{ticket or issue(self.session.id)}"),
            ],
            proxy=None,
            **options,
        )


@asynccontextmanager
async def site(script: list[Any]) -> AsyncIterator[Site]:
    async with rig(script, start=False, ignoring=("input_audio_buffer.append",)) as r:
        registry = SessionRegistry(clock=r.clock)
        session = await registry.create(r.parts)

        async def noting_the_end(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await audio(scope, receive, send)
            finally:
                made.ended.set()

        audio = Starlette(routes=[WebSocketRoute("/api/audio", AudioEndpoint(lambda: registry))])
        app = OriginGuard(noting_the_end)
        config = uvicorn.Config(
            app, ws=UnhurriedWebSocket, ws_per_message_deflate=False, log_config=None, lifespan="off"
        )
        listening = socket.create_server(("127.0.0.1", 0))
        made = Site(session, listening.getsockname()[1])
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield made
        finally:
            await registry.close_all()
            server.should_exit = True
            await serving
            listening.close()


async def closed(client: ClientConnection) -> int:
    """Read to the end; the close code."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                await client.recv()
            except ConnectionClosed as end:
                return end.rcvd.code if end.rcvd else 1006


async def test_audio_passes_both_ways_and_leaving_hands_back_to_text() -> None:
    script = [listens(), *question("Hello"), speaks(("Hi.", 300)), expect("session.update")]
    async with site(script) as s, asyncio.timeout(LIMIT_S):
        async with s.connect() as client:
            assert client.subprotocol == "realtime-agents.audio"
            assert client.response is not None
            assert "Sec-WebSocket-Extensions" not in client.response.headers
            await client.send('{"type":"start","mode":"server_vad"}')
            assert json.loads(await client.recv())["type"] == "ready"
            await client.send(SOUND)
            await s.session.send_text("Hello")
            told = [await client.recv() for _ in range(5)]
            frames = [frame for frame in told if isinstance(frame, bytes)]
            assert [struct.unpack("<II", frame[:8]) for frame in frames] == [(1, 0), (1, 4800)]
        await s.ended.wait()
        await settle()
        assert "input_audio_buffer.append" in [row.type for row in s.session.event_log()]


async def test_a_browser_sees_why_it_was_refused() -> None:
    async with site([]) as s, s.connect("forged") as client:
        assert await closed(client) == 4401


async def test_a_page_of_another_site_gets_no_socket_at_all() -> None:
    async with site([]) as s:
        with pytest.raises(InvalidStatus) as refused:
            async with s.connect(origin="https://elsewhere.example"):
                pass
        assert refused.value.response.status_code == 403


async def test_a_connection_that_breaks_off_is_noticed() -> None:
    async with site([listens(), expect("session.update")]) as s, asyncio.timeout(LIMIT_S):
        client = await s.connect()
        await client.send('{"type":"start","mode":"server_vad"}')
        await client.recv()
        client.transport.abort()
        await s.ended.wait()
        await settle()


async def test_a_browser_that_stops_reading_loses_the_line_and_the_session_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime_agents.api.audio.CLOSE_WITHIN_S", 0.05)
    # Ten minutes: more than all buffers between the two ends hold.
    script = [listens(), *question("Talk"), speaks(*[("word ", 200)] * 3000), expect("session.update")]
    async with site(script) as s, asyncio.timeout(LIMIT_S):
        client = await s.connect(max_queue=1)
        await client.send('{"type":"start","mode":"server_vad"}')
        await client.recv()
        client.transport.pause_reading()
        await s.session.send_text("Talk")
        await s.session.wait_idle()
        await s.ended.wait()
        assert s.session.snapshot().turns[-1].status == "completed"
        client.transport.abort()


async def test_a_mistake_of_ours_costs_the_connection_is_logged_and_the_next_one_serves(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What a message is handed to is called by the server's reading itself, which must not go on in the middle of one."""
    script = [listens(), expect("session.update")] * 2
    async with site(script) as s, asyncio.timeout(LIMIT_S):
        with monkeypatch.context() as patched:
            patched.setattr(AudioLine, "push", Mock(side_effect=LookupError("a mistake")))
            client = await s.connect()
            await client.send('{"type":"start","mode":"server_vad"}')
            await client.recv()
            await client.send(SOUND)
            assert await closed(client) == 1006
            await s.ended.wait()
            await settle()
        assert [record.name for record in caplog.records if record.exc_info] == ["asyncio"]
        assert s.session.snapshot().status.phase is Phase.READY
        s.ended.clear()
        async with s.connect() as again:
            await again.send('{"type":"start","mode":"server_vad"}')
            assert json.loads(await again.recv())["type"] == "ready"
        await s.ended.wait()
        await settle()
