"""The way of the person's voice to the server: never old, never in the way of commands."""

from __future__ import annotations

import asyncio
import base64
from types import SimpleNamespace
from typing import cast

import pytest

from realtime_agents.protocol.commands import (
    ClientEvent,
    InputAudioBufferAppend,
    InputAudioBufferCommit,
    ResponseCreate,
)
from realtime_agents.protocol.pcm import ms_to_bytes
from realtime_agents.session.command_queue import MAX_COMMANDS, CommandQueue
from realtime_agents.session.line_messages import Notice
from realtime_agents.session.link import Link
from realtime_agents.session.microphone import AudioTimes, Microphone
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.upstream import OnEvent
from tests.support.scripted import FakeClock, rig, settle
from tests.support.spoken import attach, listens


def audio(ms: int, mark: int = 0) -> InputAudioBufferAppend:
    pcm = mark.to_bytes(2, "little") * (ms_to_bytes(ms) // 2)
    return InputAudioBufferAppend(event_id=f"a{mark}", audio=base64.b64encode(pcm).decode())


async def drain(queue: CommandQueue) -> list[str]:
    ids = []
    while queue._waiting:
        ids.append((await queue.get()).event_id or "")
    return ids


async def test_commands_wait_in_order() -> None:
    queue = CommandQueue()
    getting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    for command in (
        audio(20, 1),
        InputAudioBufferCommit(event_id="commit"),
        ResponseCreate(event_id="create"),
    ):
        assert queue.put(command)
    assert (await getting).event_id == "a1"
    assert await drain(queue) == ["commit", "create"]


async def test_of_more_than_two_seconds_of_audio_the_oldest_is_dropped_and_commands_stay() -> None:
    queue = CommandQueue()
    assert queue.put(audio(1000, 1))
    assert queue.put(InputAudioBufferCommit(event_id="commit"))
    assert queue.put(audio(1000, 2))
    assert not queue.put(audio(500, 3))
    assert queue.put(audio(500, 4))
    assert await drain(queue) == ["commit", "a2", "a3", "a4"]
    assert queue.put(audio(2000, 5))


async def test_a_piece_longer_than_may_wait_is_kept_rather_than_nothing() -> None:
    queue = CommandQueue()
    queue.put(audio(3000, 1))
    queue.put(audio(20, 2))
    assert await drain(queue) == ["a2"]
    queue.put(audio(3000, 3))
    assert await drain(queue) == ["a3"]


async def test_a_server_that_takes_no_commands_is_found_out() -> None:
    queue = CommandQueue()
    for _ in range(MAX_COMMANDS):
        queue.put(ResponseCreate(event_id="c"))
    with pytest.raises(asyncio.QueueFull):
        queue.put(ResponseCreate(event_id="c"))


class StuckUpstream:
    """Takes one command and then no more."""

    def __init__(self) -> None:
        self.taken: list[ClientEvent] = []
        self.closed = asyncio.Event()
        self.oddities: dict[str, int] = {}

    async def connect(self) -> None: ...

    def offer(self, command: ClientEvent) -> bool:
        return False

    async def send(self, command: ClientEvent) -> None:
        self.taken.append(command)
        await self.closed.wait()

    async def listen(self, on_event: OnEvent) -> None:
        await self.closed.wait()

    async def close(self) -> None:
        self.closed.set()


async def test_the_sound_tells_where_somebody_fell_silent_also_when_it_was_not_measured_before() -> None:
    clock = FakeClock()
    outbox = SimpleNamespace(is_open=True, send=lambda command: None, new_event_id=lambda: "e")
    microphone = Microphone(cast(Outbox, outbox), clock)
    loud, room = b"\x00\x40\x00\xc0" * 480, b"\x10\x00\xf0\xff" * 480  # 40 ms each
    began_s = clock.monotonic()

    async def say(ms: int, piece: bytes) -> None:
        for _ in range(ms // 40):
            await clock.advance(0.04)
            microphone.push(piece)

    await say(5_000, loud)
    microphone.measure(True)
    await say(2_000, loud)
    await say(3_000, room)
    assert microphone.end_of_speech(10_000, waited_ms=0) == pytest.approx(began_s + 7.0, abs=0.05)
    assert microphone.end_of_speech(10_000, waited_ms=500) == pytest.approx(began_s + 9.5, abs=0.05)
    microphone.measure(False)
    await say(1_000, room)
    assert microphone.end_of_speech(11_000, waited_ms=0) == pytest.approx(began_s + 11.0, abs=0.05)


async def test_a_slow_connection_loses_the_oldest_audio_tells_it_once_and_stays_open() -> None:
    told: list[int] = []
    upstream = StuckUpstream()
    link = Link(upstream, FakeClock(), lambda _event: None, lambda: told.append(1))
    running = asyncio.create_task(link.run())
    await settle()
    for mark in range(300):
        link.send(audio(20, mark))
    await settle()
    assert not running.done()
    assert told == [1]
    kept = [c.event_id for c in [*upstream.taken, *link._commands._waiting]]
    assert kept == [f"a{mark}" for mark in range(200, 300)]
    link.drop(None)
    assert await running is None


class FullUpstream(StuckUpstream):
    """Takes what is offered while it has room; what is sent only when there is room again."""

    def __init__(self) -> None:
        super().__init__()
        self.has_room = True
        self.gate = asyncio.Event()

    def offer(self, command: ClientEvent) -> bool:
        if self.has_room:
            self.taken.append(command)
        return self.has_room

    async def send(self, command: ClientEvent) -> None:
        await self.gate.wait()
        self.taken.append(command)


async def test_a_command_goes_at_once_and_none_overtakes_another() -> None:
    upstream = FullUpstream()
    link = Link(upstream, FakeClock(), lambda _event: None, lambda: None)
    running = asyncio.create_task(link.run())
    await settle()
    link.send(audio(20, 0))
    assert len(upstream.taken) == 1
    upstream.has_room = False
    link.send(audio(20, 1))
    upstream.has_room = True
    link.send(audio(20, 2))  # the one before waits in the queue
    await settle()
    link.send(audio(20, 3))  # the first of both is being written
    assert len(upstream.taken) == 1
    upstream.gate.set()
    await settle()
    link.send(audio(20, 4))
    assert [command.event_id for command in upstream.taken] == [f"a{mark}" for mark in range(5)]
    link.drop(None)
    assert await running is None


async def test_audio_is_no_sign_of_life_of_the_server() -> None:
    clock = FakeClock()
    link = Link(StuckUpstream(), clock, lambda _event: None, lambda: None)
    await clock.advance(5)
    link.send(audio(20))
    assert link.active_at == 1000.0
    link.send(ResponseCreate(event_id="c"))
    assert link.active_at == 1005.0


async def test_the_person_is_told_that_a_part_was_lost() -> None:
    async with rig([listens()]) as r:
        browser = await attach(r)
        r.session._conductor.on_audio_dropped()
        await settle()
        assert "lost" in browser.all(Notice)[0].text


def test_audio_offsets_are_times_of_the_clock() -> None:
    times = AudioTimes()
    for frame in range(1, 101):  # 2 s in frames of 20 ms, each heard when it comes
        times.on_written(ms_to_bytes(20), 100.0 + frame * 0.02)
    assert times.at(1000, 105.0) == pytest.approx(101.0)
    assert times.at(990, 105.0) == pytest.approx(100.99)
    assert times.at(0, 105.0) == pytest.approx(100.0)


def test_a_pause_in_the_audio_moves_what_comes_after_it() -> None:
    times = AudioTimes()
    times.on_written(ms_to_bytes(1000), 101.0)
    times.on_written(ms_to_bytes(1000), 111.0)
    assert times.at(500, 120.0) == pytest.approx(100.5)
    assert times.at(1500, 120.0) == pytest.approx(110.5)


def test_what_was_not_written_yet_is_now_and_nothing_lies_in_the_future() -> None:
    times = AudioTimes()
    assert times.at(5000, 50.0) == 50.0
    times.on_written(ms_to_bytes(50), 60.0)
    assert times.at(20, 60.0) == pytest.approx(59.97)
    assert times.at(9999, 60.0) == 60.0


def test_two_minutes_ago_is_remembered_and_memory_is_bounded() -> None:
    times = AudioTimes()
    for frame in range(1, 20_000):
        times.on_written(ms_to_bytes(100), frame * 0.1)
    assert len(times._ends_ms) == 1200
    assert times.at(1_999_900 - 60_000, 2000.0) == pytest.approx(1939.9)
