"""A Realtime server that says what it is told: for page tests and benchmarks.

It speaks just enough of the wire for a text session. The text of the last user message picks the
answer: ``stream 200 40`` streams 200 words, one every 40 ms, each numbered and its send time
recorded; anything else is answered at once with ``ok``. ``drop 6 20`` closes the socket without a word after
six words; asked again, it streams them to the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response


class ScriptedServer:
    """State shared with the test: ``sent_at[n]`` is the wall clock (s) at which word n was sent."""

    def __init__(self) -> None:
        self.base_url = ""
        self.sent_at: dict[int, float] = {}
        self.connections = 0
        self.refusal: tuple[int, str] | None = None
        """HTTP status and error code with which new connections are refused."""
        self.dropped: set[str] = set()
        self._ids = itertools.count(1)
        self._words = itertools.count()

    def check(self, connection: ServerConnection, _request: Request) -> Response | None:
        if self.refusal is None:
            return None
        status, code = self.refusal
        error = {"message": "secret", "type": "invalid_request_error", "code": code}
        return connection.respond(HTTPStatus(status), json.dumps({"error": error}))

    async def handle(self, socket: ServerConnection) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionClosed):
            await _Connection(self, socket).run()

    def next_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._ids):06d}"

    def next_word(self) -> int:
        return next(self._words)


class _Connection:
    def __init__(self, server: ScriptedServer, socket: ServerConnection) -> None:
        self._server = server
        self._socket = socket
        self._last_item: str | None = None
        self._asked = ""
        self._answering: asyncio.Task[None] | None = None

    async def run(self) -> None:
        await self._send(
            "session.created", session={"type": "realtime", "object": "realtime.session", "id": "sess_1"}
        )
        async for raw in self._socket:
            await self._on_command(json.loads(raw))

    async def _on_command(self, command: dict[str, Any]) -> None:
        match command["type"]:
            case "session.update":
                await self._send("session.updated", session={"type": "realtime", **command["session"]})
            case "conversation.item.create":
                await self._add(command["item"])
            case "response.create":
                self._answering = asyncio.create_task(self._answer())
            case "response.cancel":
                if self._answering is not None:
                    self._answering.cancel()

    async def _add(self, item: dict[str, Any]) -> None:
        item = {"id": self._server.next_id("item"), "object": "realtime.item", "status": "completed", **item}
        if item.get("role") == "user":
            self._asked = item["content"][0].get("text", "")
        await self._place(item)

    async def _place(self, item: dict[str, Any], *, done: bool = True) -> None:
        await self._send("conversation.item.added", item=item, previous_item_id=self._last_item)
        if done:
            await self._send("conversation.item.done", item=item, previous_item_id=self._last_item)
        self._last_item = item["id"]

    async def _answer(self) -> None:
        response_id, item_id = self._server.next_id("resp"), self._server.next_id("item")
        where = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
        item: dict[str, Any] = {
            "id": item_id,
            "object": "realtime.item",
            "type": "message",
            "role": "assistant",
        }
        head: dict[str, Any] = {"id": response_id, "object": "realtime.response", "conversation_id": "conv_1"}
        await self._send("response.created", response=head | {"status": "in_progress", "output": []})
        opened = item | {"status": "in_progress", "content": []}
        await self._send("response.output_item.added", response_id=response_id, output_index=0, item=opened)
        await self._place(opened, done=False)
        await self._send("response.content_part.added", **where, part={"type": "text", "text": ""})
        words: list[str] = []
        status = "completed"
        try:
            await self._stream(words, where)
        except asyncio.CancelledError:
            status = "cancelled"
        text = "".join(words)
        final = item | {
            "status": "completed" if status == "completed" else "incomplete",
            "content": [{"type": "output_text", "text": text}],
        }
        await self._send("response.output_text.done", **where, text=text)
        await self._send("response.content_part.done", **where, part={"type": "text", "text": text})
        await self._send("response.output_item.done", response_id=response_id, output_index=0, item=final)
        await self._send("conversation.item.done", item=final, previous_item_id=None)
        usage = {
            "total_tokens": 128 + len(words),
            "input_tokens": 128,
            "output_tokens": len(words),
            "input_token_details": {"text_tokens": 128, "audio_tokens": 0, "cached_tokens": 64},
            "output_token_details": {"text_tokens": len(words), "audio_tokens": 0},
        }
        await self._send(
            "response.done", response=head | {"status": status, "output": [final], "usage": usage}
        )

    async def _stream(self, words: list[str], where: dict[str, Any]) -> None:
        kind, *numbers = self._asked.split() or ["ok"]
        if kind not in ("stream", "drop"):
            words.append("ok")
            await self._send("response.output_text.delta", **where, delta="ok")
            return
        count, interval_s = int(numbers[0]), int(numbers[1]) / 1000
        began = time.monotonic()
        for index in range(count):
            await asyncio.sleep(max(0.0, began + index * interval_s - time.monotonic()))
            number = self._server.next_word()
            words.append(f"w{number:05d} ")
            self._server.sent_at[number] = time.time()
            await self._send("response.output_text.delta", **where, delta=words[-1])
        if kind == "drop" and self._asked not in self._server.dropped:
            self._server.dropped.add(self._asked)
            self._socket.transport.abort()
            raise asyncio.CancelledError

    async def _send(self, kind: str, **fields: Any) -> None:
        await self._socket.send(
            json.dumps({"type": kind, "event_id": self._server.next_id("event"), **fields})
        )


@contextlib.contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """Run one in a thread of its own on a free loopback port."""
    scripted = ScriptedServer()
    ready = threading.Event()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        ended = asyncio.Event()
        async with serve(
            scripted.handle, "127.0.0.1", 0, compression=None, process_request=scripted.check
        ) as listening:
            scripted.base_url = f"http://127.0.0.1:{next(iter(listening.sockets)).getsockname()[1]}/v1"
            stop.append((asyncio.get_running_loop(), ended))
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the scripted server did not start")
    try:
        yield scripted
    finally:
        loop, ended = stop[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
