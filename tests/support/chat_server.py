"""A chat-completions server that says what it is told: for tests of the engine's chat bridge.

It speaks HTTP by hand, so that a test decides every byte: whole answers, tool calls in pieces,
refusals, streams that stop, break off or are no JSON at all. Each request takes the next `Reply`;
when none is left the test fails with a 500 that says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Chunk = dict[str, Any]

HOLD = "hold"
"""Say nothing more until the client goes away."""
ABORT = "abort"
"""Break the connection off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: a status, and what is streamed."""

    status: int = 200
    steps: tuple[Chunk | bytes | str, ...] = ()
    """A chunk, raw bytes, `HOLD` or `ABORT`."""
    body: Any = None
    """Sent whole as JSON instead of a stream."""
    headers: Mapping[str, str] = field(default_factory=dict)


DONE = b"data: [DONE]\n\n"
Decide = Callable[[dict[str, Any]], Reply]


class ChatServer:
    """What came in, and where it listens."""

    def __init__(self, replies: Sequence[Reply] = (), decide: Decide | None = None) -> None:
        self.base_url = ""
        self.requests: list[dict[str, Any]] = []
        """Bodies, in order."""
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.replies = deque(replies)
        self.decide = decide
        self._connections: set[asyncio.Task[Any]] = set()
        self.streaming = asyncio.Event()
        """Everything up to the last `HOLD` was sent."""
        self.left = asyncio.Event()
        """The client went away during a `HOLD`."""

    @property
    def host(self) -> str:
        return self.base_url.removeprefix("http://").removesuffix("/v1")

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first request until either side ends it, or `close`."""
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # swallowed: asyncio's stream server complains of handlers that end as cancelled
        finally:
            writer.close()
            if task is not None:
                self._connections.discard(task)

    async def deserted(self) -> None:
        """Wait until no client is connected."""
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def close(self) -> None:
        """End every connection."""
        open_ones = list(self._connections)
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False when the connection is over."""
        first = await reader.readexactly(1)
        if first == b"\x16":  # somebody begins with TLS
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return False
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.paths.append(head[0])
        self.headers.append(headers)
        self.requests.append(json.loads(body) if body else {})
        reply = self._next()
        if reply.steps[:1] == (ABORT,):
            writer.transport.abort()
            return False
        if reply.body is not None or reply.status != 200:
            _write(writer, reply, json.dumps(reply.body).encode())
            await writer.drain()
            return True
        return await self._stream(reply, reader, writer)

    def _next(self) -> Reply:
        if self.decide is not None:
            return self.decide(self.requests[-1])
        if not self.replies:
            return refuses(500, "the test has no reply left")
        return self.replies.popleft()

    async def _stream(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        extra = "".join(f"{k}: {v}\r\n" for k, v in reply.headers.items())
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n{extra}\r\n".encode()
        )
        for step in reply.steps:
            if step == HOLD:
                await writer.drain()
                self.streaming.set()
                with contextlib.suppress(ConnectionError):
                    await reader.read()  # ends when the client closes
                self.left.set()
                return False
            if step == ABORT:
                await writer.drain()
                writer.transport.abort()
                return False
            data = step if isinstance(step, bytes) else f"data: {json.dumps(step)}\n\n".encode()
            writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


def chunk(*, content: str | None = None, finish: str | None = None, **delta: Any) -> Chunk:
    """One chunk as OpenAI sends it."""
    full = delta | ({"content": content} if content is not None else {})
    choice = {"index": 0, "delta": full, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def usage(given: int, made: int, cached: int = 0) -> Chunk:
    """The last chunk: tokens and no choices."""
    counted = {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [],
        "usage": counted,
    }


def says(text: str, *, given: int = 100, made: int = 10, cached: int = 0) -> Reply:
    """A whole answer, a chunk per word."""
    words = [word + " " for word in text.split(" ")]
    words[-1] = words[-1][:-1]
    return Reply(
        steps=(
            chunk(role="assistant", content=""),
            *(chunk(content=word) for word in words),
            chunk(finish="stop"),
            usage(given, made, cached),
            DONE,
        )
    )


def calls(*named: tuple[str, Mapping[str, Any]]) -> Reply:
    """Tool calls as OpenAI streams them: name first, arguments in small pieces."""
    steps: list[Chunk | bytes | str] = [chunk(role="assistant", content=None)]
    for index, (name, arguments) in enumerate(named):
        function: dict[str, Any] = {"name": name, "arguments": ""}
        first = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
        steps.append(chunk(tool_calls=[first]))
        text = json.dumps(arguments)
        for start in range(0, len(text), 7):
            piece = {"index": index, "function": {"arguments": text[start : start + 7]}}
            steps.append(chunk(tool_calls=[piece]))
    return Reply(steps=(*steps, chunk(finish="tool_calls"), usage(90, 20), DONE))


def refuses(status: int, message: str = "no", *, code: str | None = None, **headers: str) -> Reply:
    """An error as OpenAI words it; the message repeats a key, as some servers do."""
    error = {"message": f"{message} (key sk-secret)", "type": "invalid_request_error", "code": code}
    return Reply(status=status, body={"error": error}, headers=headers)


def _write(writer: asyncio.StreamWriter, reply: Reply, body: bytes) -> None:
    head = {"Content-Type": "application/json", "Content-Length": str(len(body)), **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"HTTP/1.1 {reply.status} X\r\n{lines}\r\n".encode() + body)


@contextlib.asynccontextmanager
async def chat_server(*replies: Reply, decide: Decide | None = None) -> AsyncIterator[ChatServer]:
    """Serve ``replies`` in their order, or what ``decide`` makes of each request."""
    chat = ChatServer(replies, decide)
    server = await asyncio.start_server(chat.handle, "127.0.0.1", 0)
    chat.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield chat
    finally:
        server.close()
        await chat.close()
