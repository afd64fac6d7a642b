"""What the app's audio relay costs, beside a relay that does nothing but pass frames on.

    python -m benchmarks.relay [--seconds 5] [--rounds 2] [--sessions 10 60] [--connects 200]

One scripted Realtime server, three ways to it, in turns under the same load: direct, over a bare
pass-through, over the app's sessions and audio socket. Every client sends 100 ms of audio ten times
a second and gets 50 ms twenty times a second; a client of the app also tells every
100 ms what it played, in the head of its audio as the page does. CPU is process time of the relay. A frame's time is from its departure at one end to
its arrival at the other; *added* is what a relay adds to the direct way. Loopback only.

Targets: at most 2 times the pass-through and 0.6 % of a core per session, 0.5 MB per session, 3 ms added
each way at 10 sessions (p50), 50 ms at 60 (p95); 200 connects and disconnects leave no task and no socket behind,
and less than 2 MB. Exits with 1 when a target is missed, and names it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from benchmarks.goals import Goals
from benchmarks.relay_servers import STAMP, age_ms, stamp_base64

UP_MS = 100
_HEAD = struct.Struct("<II")
_UP_TAIL = bytes(UP_MS * 48 - 8)
_UP_TAIL_BASE64 = "A" * (UP_MS * 48 // 3 * 4 - 12)
_DELTA = '"delta": "'
_WARM_S = 1.5
MAX_RATIO = 2.0
MAX_CPU_PERCENT = 0.6
MAX_MB = 0.5
MAX_P50_MS = 3.0
"""Added each way, up to `FEW_SESSIONS`."""
FEW_SESSIONS = 10
MAX_P95_MS = 50.0
MAX_LEFT_MB = 2.0
"""After all connects: what an allocator keeps, not what each of them would have left."""


class Server:
    """A process of `relay_servers`."""

    def __init__(self, kind: str, url: str = "") -> None:
        self.kind = kind
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.relay_servers", kind, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port: int = json.loads(self._line())

    def ask(self, *command: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def stop(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise RuntimeError(f"the {self.kind} server ended")
        return line


@dataclass(slots=True)
class Load:
    """Clients of one way, and what they measured."""

    server: Server
    down_ms: list[float] = field(default_factory=list)
    measuring: bool = False

    async def client(self, ticket: str) -> None:
        """One browser, until it is cancelled."""
        async with self._socket(ticket) as socket:
            await asyncio.gather(self._talk(socket), self._listen(socket))

    @contextlib.asynccontextmanager
    async def _socket(self, ticket: str) -> AsyncIterator[ClientConnection]:
        ours = self.server.kind == "ours"
        url = f"ws://127.0.0.1:{self.server.port}/{'api/audio' if ours else 'realtime?model=x'}"
        offered = (
            [Subprotocol(name) for name in ("realtime-agents.audio", f"ticket.{ticket}")] if ours else None
        )
        async with connect(url, subprotocols=offered, compression=None, proxy=None, max_size=None) as socket:
            if ours:
                await socket.send('{"type":"start","mode":"server_vad"}')
            yield socket

    async def _talk(self, socket: ClientConnection) -> None:
        await asyncio.sleep(random.random() * UP_MS / 1000)
        begin = time.monotonic()
        played = 0
        while True:
            played += 1
            if self.server.kind == "ours":
                head = _HEAD.pack(1, played * UP_MS)
                await socket.send(head + STAMP.pack(time.monotonic_ns()) + _UP_TAIL)
            else:
                audio = stamp_base64() + _UP_TAIL_BASE64
                await socket.send(
                    f'{{"type": "input_audio_buffer.append", "event_id": "e", "audio": "{audio}"}}'
                )
            await asyncio.sleep(max(begin + played * UP_MS / 1000 - time.monotonic(), 0.0))

    async def _listen(self, socket: ClientConnection) -> None:
        async for frame in socket:
            if isinstance(frame, bytes):
                stamp: bytes | str = frame[8:16]
            elif '"response.output_audio.delta"' in frame[:80]:
                at = frame.index(_DELTA) + len(_DELTA)
                stamp = frame[at : at + 12]
            else:
                continue
            if self.measuring:
                self.down_ms.append(age_ms(stamp))


@dataclass(slots=True)
class Figures:
    """Of one way at one number of sessions, over all rounds."""

    cpu_percents: list[float] = field(default_factory=list)
    """Of a core, per session."""
    mb: float = 0.0
    """Per session, in the first round: what was given back is used again later."""
    up_ms: list[float] = field(default_factory=list)
    down_ms: list[float] = field(default_factory=list)

    @property
    def cpu_percent(self) -> float:
        return statistics.mean(self.cpu_percents)

    @property
    def times_ms(self) -> tuple[float, ...]:
        """p50 and p95 up, p50 and p95 down."""
        return (*_percentiles(self.up_ms), *_percentiles(self.down_ms))


async def measure(server: Server, upstream: Server, sessions: int, seconds: float, figures: Figures) -> None:
    """Load ``server`` with so many sessions for so long; adds to ``figures``."""
    empty = server.ask("figures")
    opened = server.ask("open", sessions) if server.kind == "ours" else [("", "")] * sessions
    load = Load(server)
    clients = [asyncio.create_task(load.client(ticket)) for _, ticket in opened]
    await asyncio.sleep(_WARM_S)
    upstream.ask("ages")
    load.measuring = True
    before_s, began = server.ask("cpu"), time.monotonic()
    await asyncio.sleep(seconds)
    cpu_s, took = server.ask("cpu") - before_s, time.monotonic() - began
    load.measuring = False
    up_ms = upstream.ask("ages")
    loaded = server.ask("figures")
    failed = [client.exception() for client in clients if client.done()]
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    if server.kind == "ours":
        server.ask("close", [session_id for session_id, _ in opened])
    expected = sessions * seconds * 1000
    if failed or len(load.down_ms) < 0.8 * expected / 50 or len(up_ms) < 0.8 * expected / UP_MS:
        raise RuntimeError(f"{server.kind}: {len(load.down_ms)} down, {len(up_ms)} up, failed: {failed[:3]}")
    figures.mb = figures.mb or (loaded["rss_mb"] - empty["rss_mb"]) / sessions
    figures.cpu_percents.append(100 * cpu_s / took / sessions)
    figures.up_ms += up_ms
    figures.down_ms += load.down_ms


async def churn(server: Server, connects: int) -> tuple[dict[str, float], dict[str, float], float]:
    """(figures before, after, connects per second) of browsers that come, talk for a moment and go."""

    async def one() -> None:
        ((session_id, ticket),) = server.ask("open", 1)
        load = Load(server)
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            async with asyncio.timeout(0.05):
                await load.client(ticket)
        server.ask("close", [session_id])

    for _ in range(20):
        await one()
    before, began = server.ask("figures"), time.monotonic()
    for _ in range(connects):
        await one()
    took = time.monotonic() - began
    await asyncio.sleep(1.0)
    return before, server.ask("figures"), connects / took


def _percentiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))]


@contextlib.contextmanager
def _servers() -> Iterator[tuple[Server, Server, Server]]:
    upstream = Server("upstream")
    url = f"http://127.0.0.1:{upstream.port}"
    made = [upstream, Server("bare", url), Server("ours", url)]
    try:
        yield made[0], made[1], made[2]
    finally:
        for server in reversed(made):
            server.stop()


def _row(name: str, figures: Figures, direct: Figures) -> str:
    added = [f"{got - base:6.1f}" for got, base in zip(figures.times_ms, direct.times_ms, strict=True)]
    return f"  {name:<14} {figures.cpu_percent:8.3f} {figures.mb:9.2f}   {'  '.join(added)}"


async def compare(
    upstream: Server, bare: Server, ours: Server, sessions: int, arguments: Any, goals: Goals
) -> None:
    """All three ways in turns; prints the table and the targets."""
    found = {server.kind: Figures() for server in (upstream, bare, ours)}
    for _ in range(arguments.rounds):
        for server in (upstream, bare, ours):
            await measure(server, upstream, sessions, arguments.seconds, found[server.kind])
    direct, passed, relayed = found.values()
    ratio = relayed.cpu_percent / passed.cpu_percent
    print(f"{sessions} sessions      CPU %/session   MB/session   added up p50/p95, down p50/p95 (ms)")
    print(_row("pass-through", passed, direct))
    print(_row("the app", relayed, direct))
    added = [got - base for got, base in zip(relayed.times_ms, direct.times_ms, strict=True)]
    p50_ms, p95_ms = max(added[0], added[2]), max(added[1], added[3])
    print(f"  ratio of CPU   {ratio:.2f}")
    at = f"{sessions} sessions,"
    goals.most(f"{at} CPU to that of the pass-through", ratio, MAX_RATIO)
    goals.most(f"{at} CPU each", relayed.cpu_percent, MAX_CPU_PERCENT, " %")
    goals.most(f"{at} memory each", relayed.mb, MAX_MB, " MB")
    if sessions <= FEW_SESSIONS:
        goals.most(f"{at} added p50", p50_ms, MAX_P50_MS, " ms")
    goals.most(f"{at} added p95", p95_ms, MAX_P95_MS, " ms")


async def run(arguments: argparse.Namespace) -> int:
    with _servers() as (upstream, bare, ours):
        goals = Goals()
        for sessions in arguments.sessions:
            await compare(upstream, bare, ours, sessions, arguments, goals)
        before, after, rate = await churn(ours, arguments.connects)
        grown = {name: after[name] - before[name] for name in ("tasks", "files", "rss_mb")}
        print(
            f"{arguments.connects} connects and disconnects ({rate:.0f}/s) leave {grown['tasks']:.0f} tasks, "
            f"{grown['files']:.0f} sockets, {grown['rss_mb']:.2f} MB"
        )
        goals.most("tasks left behind", grown["tasks"], 0)
        goals.most("sockets left behind", grown["files"], 0)
        goals.most("memory left behind", grown["rss_mb"], MAX_LEFT_MB, " MB")
        return int(goals.missed)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sessions", type=int, nargs="+", default=[10, 60])
    parser.add_argument("--connects", type=int, default=200)
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    raise SystemExit(main())
