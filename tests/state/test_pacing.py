from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from realtime_agents.session.view import (
    Activity,
    LiveText,
    Phase,
    SessionSnapshot,
    StatusChanged,
    Turn,
    TurnChanged,
    Update,
)
from realtime_agents.state.pacing import Batch, paced

READY = StatusChanged(phase=Phase.READY, activity=Activity.IDLE, agent="greeter")


def live(text: str) -> LiveText:
    return LiveText(turn_id="t", agent="greeter", text=text)


def turn(turn_id: str, text: str = "") -> TurnChanged:
    return TurnChanged(turn=Turn(id=turn_id, role="agent", status="completed", text=text))


class Feed:
    """Updates a test hands out, and a pause that ends when the test says so."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Update | Exception | None] = asyncio.Queue()
        self.pausing = asyncio.Event()
        self.go_on = asyncio.Event()
        self.taken = asyncio.Event()
        """The last turn that was put in has been taken."""

    async def updates(self) -> AsyncGenerator[Update, None]:
        while (item := await self.queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
            if isinstance(item, TurnChanged) and item.turn.text == "new":
                self.taken.set()

    async def sleep(self, _seconds: float) -> None:
        self.pausing.set()
        await self.go_on.wait()
        self.go_on.clear()


async def test_the_first_update_is_passed_on_without_waiting() -> None:
    feed = Feed()
    async with aclosing(paced(feed.updates(), sleep=feed.sleep)) as batches:
        feed.queue.put_nowait(live("a"))
        assert (await anext(batches)).live == live("a")


async def test_what_comes_during_the_pause_is_one_batch_with_the_newest_text() -> None:
    feed = Feed()
    async with aclosing(paced(feed.updates(), sleep=feed.sleep)) as batches:
        feed.queue.put_nowait(live("a"))
        await anext(batches)
        following = asyncio.ensure_future(anext(batches))
        await feed.pausing.wait()
        for update in (live("ab"), turn("x", "old"), live("abc"), turn("x", "new")):
            feed.queue.put_nowait(update)
        await feed.taken.wait()
        feed.go_on.set()
        batch = await following
    assert batch.live == live("abc")
    assert [t.text for t in batch.turns.values()] == ["new"]


async def test_silence_gives_an_empty_batch_so_that_the_reader_can_look_around() -> None:
    feed = Feed()
    async with aclosing(paced(feed.updates(), heartbeat_s=0.001, sleep=feed.sleep)) as batches:
        assert not await anext(batches)


async def test_the_last_updates_are_passed_on_before_the_end() -> None:
    feed = Feed()
    feed.go_on.set()
    for item in (live("a"), turn("x"), None):
        feed.queue.put_nowait(item)
    seen = [batch async for batch in paced(feed.updates(), sleep=feed.sleep)]
    assert [bool(batch) for batch in seen] == [True] * len(seen)
    assert "x" in {turn_id for batch in seen for turn_id in batch.turns}


async def test_an_error_of_the_updates_is_raised_to_the_reader() -> None:
    feed = Feed()
    feed.queue.put_nowait(ValueError("gone"))
    with pytest.raises(ValueError, match="gone"):
        async for _ in paced(feed.updates(), sleep=feed.sleep):
            pass


def test_a_snapshot_makes_older_updates_obsolete() -> None:
    batch = Batch()
    batch.add(live("old"))
    batch.add(turn("x"))
    batch.add(
        SessionSnapshot(
            session_id="s", conversation_id="c", scenario="benefits", turns=(), live=live("now"), status=READY
        )
    )
    assert batch.snapshot is not None
    assert (batch.live, batch.turns, batch.status) == (None, {}, None)
