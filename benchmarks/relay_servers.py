"""The servers of the relay benchmark, each in a process of its own, driven by lines of JSON on stdin.

``upstream``  speaks just enough Realtime: after the first audio of a client it sends 50 ms of audio every 50 ms
``bare``      passes every frame on as it is, both ways, and knows nothing
``ours``      the audio socket and sessions of this app, in front of the same upstream

Audio carries the time of its departure in its first eight bytes, in nanoseconds of the machine's
monotonic clock, so that whoever gets it knows how long it took.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import itertools
import json
import os
import random
import re
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from realtime_agents.agents.config import AgentConfig
from realtime_agents.api.audio import AudioEndpoint
from realtime_agents.api.audio_ticket import issue
from realtime_agents.api.websocket_protocol import UnhurriedWebSocket
from realtime_agents.knowledge.facts import FactBook
from realtime_agents.knowledge.port import KnowledgeBase
from realtime_agents.session.openai_upstream import OpenAIUpstream
from realtime_agents.session.parts import SessionParts
from realtime_agents.session.registry import SessionRegistry
from realtime_agents.tools.registry import ToolContext, ToolRegistry
from realtime_agents.tools.runner import ToolRunner
from tests.support.scripted import TODAY, scenario

DOWN_MS = 50
STAMP = struct.Struct("<q")
_TAIL = base64.b64encode(bytes(DOWN_MS * 48 - 9)).decode()
_AUDIO = re.compile(r'"audio": ?"')
Command = Callable[..., Awaitable[Any]]


def stamp_base64() -> str:
    """The present moment as the first twelve characters of base64 audio."""
    return base64.b64encode(STAMP.pack(time.monotonic_ns()) + b"\0").decode()


def age_ms(stamp: bytes | str) -> float:
    """How long ago audio that begins with ``stamp`` departed; text is base64."""
    raw = base64.b64decode(stamp[:12]) if isinstance(stamp, str) else stamp
    departed_ns: int = STAMP.unpack(raw[:8])[0]
    return (time.monotonic_ns() - departed_ns) / 1e6


class Upstream:
    """The Realtime server of all runs."""

    def __init__(self) -> None:
        self.ages_ms: list[float] = []
        self._numbers = itertools.count(1)

    async def handle(self, socket: ServerConnection) -> None:
        await socket.send(_json("session.created", session={"type": "realtime"}))
        speaking: asyncio.Task[None] | None = None
        try:
            async for raw in socket:
                text = raw if isinstance(raw, str) else raw.decode()
                if '"input_audio_buffer.append"' in text[:160]:
                    found = _AUDIO.search(text)
                    assert found is not None
                    self.ages_ms.append(age_ms(text[found.end() : found.end() + 12]))
                    speaking = speaking or asyncio.create_task(self._speak(socket))
                elif '"session.update"' in text[:160]:
                    await socket.send(_json("session.updated", session={"type": "realtime"}))
        except ConnectionClosed:
            pass
        finally:
            if speaking is not None:
                speaking.cancel()

    async def _speak(self, socket: ServerConnection) -> None:
        n = next(self._numbers)
        item = {"id": f"item_{n}", "object": "realtime.item", "type": "message", "role": "assistant"}
        head = {"id": f"resp_{n}", "object": "realtime.response", "status": "in_progress", "output": []}
        place = {"response_id": f"resp_{n}", "item_id": f"item_{n}", "output_index": 0, "content_index": 0}
        opened = item | {"status": "in_progress", "content": []}
        with contextlib.suppress(ConnectionClosed):
            await socket.send(_json("response.created", response=head))
            await socket.send(
                _json("response.output_item.added", response_id=f"resp_{n}", output_index=0, item=opened)
            )
            await asyncio.sleep(random.random() * DOWN_MS / 1000)
            begin = time.monotonic()
            before, after = _json("response.output_audio.delta", **place, delta="@").split("@")
            for count in itertools.count(1):
                await socket.send(before + stamp_base64() + _TAIL + after)
                await asyncio.sleep(max(begin + count * DOWN_MS / 1000 - time.monotonic(), 0.0))

    async def take_ages(self) -> list[float]:
        ages, self.ages_ms = self.ages_ms, []
        return ages


def _json(type_: str, **fields: Any) -> str:
    return json.dumps({"type": type_, "event_id": "event_1", **fields})


class Bare:
    """The least a relay can do."""

    def __init__(self, upstream_url: str) -> None:
        self._url = upstream_url.replace("http://", "ws://") + "/realtime?model=x"

    async def handle(self, socket: ServerConnection) -> None:
        async with connect(self._url, compression=None, proxy=None, max_size=None) as upstream:
            ways = [
                asyncio.create_task(_pass_on(socket, upstream)),
                asyncio.create_task(_pass_on(upstream, socket)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def _pass_on(source: Any, target: Any) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for frame in source:
            await target.send(frame)


class Ours:
    """The audio socket in front of sessions."""

    def __init__(self, upstream_url: str) -> None:
        tools = ToolRegistry([])
        self.registry = SessionRegistry(limit=1000)
        self._parts = SessionParts(
            upstream=lambda: OpenAIUpstream(base_url=upstream_url, api_key="any", model="x"),
            scenario=scenario,
            tools=tools,
            runner=ToolRunner(tools),
            tool_context=_no_tools,
            model="x",
        )

    async def open(self, count: int) -> list[tuple[str, str]]:
        """(session id, ticket) of new sessions."""
        sessions = [await self.registry.create(self._parts) for _ in range(count)]
        return [(session.id, issue(session.id)) for session in sessions]

    async def close(self, session_ids: list[str]) -> None:
        for session_id in session_ids:
            await self.registry.close(session_id)

    def find(self) -> SessionRegistry:
        return self.registry


def _no_tools(session_id: str, agent: AgentConfig) -> ToolContext:
    return ToolContext(
        session_id=session_id,
        agent=agent,
        knowledge=cast(KnowledgeBase, None),
        collections=(),
        facts=FactBook(),
        today=TODAY,
    )


async def _cpu() -> float:
    """Processor time that this process has used, in seconds."""
    return time.process_time()


async def _figures() -> dict[str, float]:
    """What this process holds now. Takes a while: not to be called while CPU is measured."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: ASYNC230  it is not a real file
        pages = int(file.read().split()[1])
    return {
        "rss_mb": pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        "tasks": len(asyncio.all_tasks()),
        "files": len(os.listdir("/proc/self/fd")),
    }


_FIGURES: dict[str, Command] = {"cpu": _cpu, "figures": _figures}


async def _obey(commands: dict[str, Command], port: int) -> None:
    """Do what the lines of stdin say, until there are no more."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps(port), flush=True)
    while line := await reader.readline():
        name, *arguments = json.loads(line)
        print(json.dumps(await commands[name](*arguments)), flush=True)


async def _serve(
    handler: Callable[[ServerConnection], Awaitable[None]], commands: dict[str, Command]
) -> None:
    async with serve(handler, "127.0.0.1", 0, compression=None, max_size=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        await _obey(_FIGURES | commands, port)


async def _serve_ours(ours: Ours) -> None:
    app = Starlette(routes=[WebSocketRoute("/api/audio", AudioEndpoint(ours.find))])
    config = uvicorn.Config(
        app,
        port=0,
        ws=UnhurriedWebSocket,
        ws_per_message_deflate=False,
        log_config=None,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    await _obey(_FIGURES | {"open": ours.open, "close": ours.close}, port)
    await ours.registry.close_all()
    server.should_exit = True
    await serving


def main() -> None:
    kind, url = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    match kind:
        case "upstream":
            upstream = Upstream()
            asyncio.run(_serve(upstream.handle, {"ages": upstream.take_ages}))
        case "bare":
            asyncio.run(_serve(Bare(url).handle, {}))
        case _:
            asyncio.run(_serve_ours(Ours(url)))


if __name__ == "__main__":
    main()
