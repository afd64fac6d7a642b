"""The line to a browser: what it holds, what it drops, when it ends."""

from __future__ import annotations

import asyncio
from typing import Any

from realtime_agents.protocol.pcm import ms_to_bytes
from realtime_agents.session.line import MAX_AUDIO_MS, MAX_MESSAGES, AudioLine
from realtime_agents.session.line_messages import (
    CLOSED,
    TAKEN_OVER,
    TOO_SLOW,
    AudioPiece,
    Flush,
    ItemBegins,
    ItemEnds,
    LineMessage,
    MarksAdded,
    Notice,
    Speech,
)


class Host:
    """Notes what a line tells its session."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def on_pushed(self, pcm: bytes) -> None:
        self.told.append(("pushed", len(pcm)))

    def on_played(self, item_id: str, played_ms: int) -> None:
        self.told.append(("played", (item_id, played_ms)))

    def on_played_of(self, n: int, played_ms: int) -> None:
        self.told.append(("played_of", (n, played_ms)))

    def on_flushed(self, item_id: str, played_ms: int) -> None:
        self.told.append(("flushed", (item_id, played_ms)))

    def on_mode(self, mode: str) -> None:
        self.told.append(("mode", mode))

    def on_talk(self, on: bool) -> None:
        self.told.append(("talk", on))

    def on_mute(self, on: bool) -> None:
        self.told.append(("mute", on))

    def on_stop(self) -> None:
        self.told.append(("stop", None))

    def on_line_ended(self, line: AudioLine) -> None:
        self.told.append(("ended", line.ended))


def second(n: int = 1, at: int = 0) -> AudioPiece:
    return AudioPiece(n, at, bytes(ms_to_bytes(1000)))


async def rest(line: AudioLine) -> list[LineMessage]:
    async with asyncio.timeout(1):
        return [message async for message in line]


async def test_messages_come_in_order_and_a_reader_waits_for_the_next() -> None:
    line = AudioLine(Host())
    reading = asyncio.create_task(anext(line))
    await asyncio.sleep(0)
    assert not reading.done()
    line.put(ItemBegins(1, "a"))
    assert await reading == ItemBegins(1, "a")
    line.put(second())
    line.put(ItemEnds(1, 1000))
    line.end(CLOSED)
    assert await rest(line) == []


async def test_a_flush_drops_what_waits_to_be_played_and_nothing_else() -> None:
    line = AudioLine(Host())
    for message in (ItemBegins(1, "a"), MarksAdded(1, ((5, 1),)), second(), Notice("n"), ItemEnds(1, 1000)):
        line.put(message)
    line.put(Flush("barge_in"))
    line.put(Speech(True))
    line.end(CLOSED)
    assert await rest(line) == [Notice("n"), Flush("barge_in"), Speech(True)]


async def test_what_is_not_audio_is_still_told_when_a_line_ends() -> None:
    host = Host()
    line = AudioLine(host)
    line.put(Notice("n"))
    line.put(second())
    line.end(TAKEN_OVER)
    line.end(CLOSED)
    line.put(Notice("too late"))
    assert await rest(line) == [Notice("n")]
    assert line.ended == TAKEN_OVER
    assert host.told == [("ended", TAKEN_OVER)]


async def test_a_browser_that_does_not_read_loses_the_line_at_a_minute_of_audio() -> None:
    host = Host()
    line = AudioLine(host)
    for at in range(MAX_AUDIO_MS // 1000):
        line.put(second(at=at))
    assert line.ended is None
    line.put(second())
    assert line.ended == TOO_SLOW
    assert await rest(line) == []
    assert len(line._waiting) == 0


async def test_a_message_is_offered_only_where_it_overtakes_none() -> None:
    line = AudioLine(Host())
    taken: list[LineMessage] = []
    has_room = True

    def offer(message: LineMessage) -> bool:
        if has_room:
            taken.append(message)
        return has_room

    line.speak_through(offer)
    line.put(Notice("nobody reads yet"))
    read: list[LineMessage] = []

    async def reader() -> None:
        async for message in line:
            read.append(message)

    reading = asyncio.create_task(reader())
    await asyncio.sleep(0)
    assert (taken, read) == ([], [Notice("nobody reads yet")])
    line.put(Notice("1"))
    has_room = False
    line.put(Notice("2"))
    has_room = True
    line.put(Notice("3"))  # the one before waits
    assert taken == [Notice("1")]
    await asyncio.sleep(0)
    assert read[1:] == [Notice("2"), Notice("3")]
    line.put(Flush("stopped"))
    assert taken == [Notice("1"), Flush("stopped")]
    line.end(CLOSED)
    line.put(Notice("too late"))
    await reading
    assert len(taken) == 2 and len(read) == 3


async def test_audio_that_was_taken_at_once_does_not_count_as_waiting() -> None:
    line = AudioLine(Host())
    line.speak_through(lambda _message: True)
    reading = asyncio.create_task(anext(line))
    await asyncio.sleep(0)
    for _ in range(2 * MAX_AUDIO_MS // 1000):
        line.put(second())
    assert line.ended is None
    line.end(CLOSED)
    await asyncio.gather(reading, return_exceptions=True)


async def test_audio_that_was_read_no_longer_counts() -> None:
    line = AudioLine(Host())
    for _ in range(5):
        for _ in range(50):
            line.put(second())
        for _ in range(50):
            await anext(line)
    assert line.ended is None


async def test_small_messages_are_bounded_too() -> None:
    line = AudioLine(Host())
    for _ in range(MAX_MESSAGES + 1):
        line.put(Speech(True))
    assert line.ended == TOO_SLOW


async def test_an_ended_line_tells_its_session_nothing_more() -> None:
    host = Host()
    line = AudioLine(host)
    line.push(b"\0\0")
    await line.close()
    line.push(b"\0\0")
    line.played("a", 1)
    line.flushed("a", 1)
    line.set_mode("push_to_talk")
    line.talk(True)
    line.mute(True)
    line.stop()
    assert host.told == [("pushed", 2), ("ended", CLOSED)]
