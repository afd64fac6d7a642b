"""The server's end of the audio socket, played by a test: it speaks the wire and says what it is told.

Runs in a thread of its own. The page is pointed at it by `REDIRECT`, a script that sends the page's
audio socket there and leaves its other sockets alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import struct
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

RATE_HZ = 24_000
PIECE_MS = 200
_SUBPROTOCOL = Subprotocol("realtime-agents.audio")
_WAIT_S = 15.0

REDIRECT = """
(() => {
  const Real = window.WebSocket;
  window.WebSocket = class extends Real {
    constructor(url, protocols) {
      super(String(url).endsWith("/api/audio") ? "%s" : url, protocols);
    }
  };
})()
"""


def tone(ms: int, hz: float = 440.0, loudness: float = 0.3) -> bytes:
    """PCM16 at 24 kHz."""
    step = 2 * math.pi * hz / RATE_HZ
    return array(
        "h", (round(32767 * loudness * math.sin(step * i)) for i in range(RATE_HZ * ms // 1000))
    ).tobytes()


class FakeLine:
    """One connection of a page. Its attributes only grow; read them in ``until``."""

    def __init__(self, socket: ServerConnection, loop: asyncio.AbstractEventLoop) -> None:
        self._socket = socket
        self._loop = loop
        self._changed = threading.Condition()
        self.ticket = (
            next(
                (
                    p.removeprefix("ticket.")
                    for p in socket.request.headers.get("Sec-WebSocket-Protocol", "").split(", ")
                    if p.startswith("ticket.")
                ),
                "",
            )
            if socket.request
            else ""
        )
        self.frames: list[bytes] = []
        """Microphone audio, without heads."""
        self._item_ids: dict[int, str] = {}
        self.messages: list[dict[str, Any]] = []
        self.order: list[str] = []
        """``frame`` or the type of a message, as they came."""
        self.closed = False

    async def run(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for data in self._socket:
                self._take(data)
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _take(self, data: str | bytes) -> None:
        with self._changed:
            if isinstance(data, bytes):
                n, heard_ms = struct.unpack_from("<II", data)
                self.frames.append(data[8:])
                self.order.append("frame")
                if n:  # a report that rode on it, as if it had come alone
                    self.messages.append(
                        {"type": "played", "item": self._item_ids[n], "ms": heard_ms, "rode": True}
                    )
            else:
                message = json.loads(data)
                self.messages.append(message)
                self.order.append(message["type"])
            self._changed.notify_all()

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Messages of a type, in order."""
        return [m for m in self.messages if m["type"] == kind]

    def until(self, condition: Callable[[], object], seconds: float = _WAIT_S) -> None:
        """Wait until what the page sent meets a condition."""
        with self._changed:
            if not self._changed.wait_for(condition, seconds):
                raise AssertionError(
                    f"not within {seconds} s; the page sent {self.order[-20:]}, {len(self.frames)} frames"
                )

    def send(self, kind: str, **fields: Any) -> None:
        if kind == "item":
            self._item_ids[fields["n"]] = fields["id"]
        self._do(self._socket.send(json.dumps({"type": kind, **fields})))

    def ready(self, mode: str = "server_vad") -> None:
        self.send("ready", rate=RATE_HZ, mode=mode, conversation="conv_fake")

    def audio(self, n: int, pcm: bytes, offset_samples: int = 0) -> None:
        """PCM of an item in pieces of at most 200 ms."""
        size = RATE_HZ * PIECE_MS // 1000 * 2
        for at in range(0, len(pcm), size):
            head = struct.pack("<II", n, offset_samples + at // 2)
            self._do(self._socket.send(head + pcm[at : at + size]))

    def say(self, n: int, item_id: str, words: int, ms: int, *, hz: float = 440.0) -> None:
        """A whole item: ``words`` words spread evenly over ``ms`` of sound."""
        self.send("item", n=n, id=item_id)
        self.send("marks", n=n, points=[[ms, words]])
        self.audio(n, tone(ms, hz))
        self.send("item_end", n=n, ms=ms)

    def close(self, code: int) -> None:
        self._do(self._socket.close(code))

    def drop(self) -> None:
        """Lose the connection without a word."""
        self._loop.call_soon_threadsafe(self._socket.transport.abort)

    def _do(self, action: Any) -> None:
        asyncio.run_coroutine_threadsafe(action, self._loop).result(_WAIT_S)


class FakeAudioServer:
    """All connections since the start; ``answers`` makes each new one ready by itself."""

    def __init__(self) -> None:
        self.url = ""
        self.lines: list[FakeLine] = []
        self.answers = True
        self.refuse = 0
        """A close code for new connections."""
        self._changed = threading.Condition()

    async def handle(self, socket: ServerConnection) -> None:
        line = FakeLine(socket, asyncio.get_running_loop())
        if self.refuse:
            await socket.close(self.refuse)
            return
        reading = asyncio.create_task(line.run())
        if self.answers:
            await socket.send(
                json.dumps(
                    {"type": "ready", "rate": RATE_HZ, "mode": "server_vad", "conversation": "conv_fake"}
                )
            )
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()
        await reading

    def line(self, number: int = 1) -> FakeLine:
        """The ``number``-th connection, waited for."""
        deadline = time.monotonic() + _WAIT_S
        with self._changed:
            if not self._changed.wait_for(
                lambda: len(self.lines) >= number, max(0.0, deadline - time.monotonic())
            ):
                raise AssertionError(f"expected {number} audio connections, there were {len(self.lines)}")
        return self.lines[number - 1]

    def forget(self) -> None:
        """Begin a new test."""
        self.lines.clear()
        self.answers, self.refuse = True, 0


@contextlib.contextmanager
def fake_audio_server() -> Iterator[FakeAudioServer]:
    """Run one on a free loopback port."""
    fake = FakeAudioServer()
    ready = threading.Event()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        ended = asyncio.Event()
        async with serve(
            fake.handle, "127.0.0.1", 0, compression=None, subprotocols=[_SUBPROTOCOL]
        ) as listening:
            fake.url = f"ws://127.0.0.1:{next(iter(listening.sockets)).getsockname()[1]}/api/audio"
            stop.append((asyncio.get_running_loop(), ended))
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the fake audio server did not start")
    try:
        yield fake
    finally:
        loop, ended = stop[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
