"""Readers of a session: many, slow, late, gone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from realtime_agents.protocol import events as ev
from realtime_agents.session.eventlog import EventLog
from realtime_agents.session.updates import Broadcast, Source, Subscription
from realtime_agents.session.view import (
    Activity,
    EventLogged,
    LiveText,
    Phase,
    SessionSnapshot,
    StatusChanged,
    Turn,
    TurnChanged,
    Update,
)
from tests.support.scripted import is_turn, question, rig, says, settle, take
from tests.support.scripted_upstream import Hold, emit


def status(notice: str = "") -> StatusChanged:
    return StatusChanged(phase=Phase.READY, activity=Activity.IDLE, agent="va", notice=notice)


def turn(number: int, text: str = "") -> Turn:
    return Turn(id=f"t{number}", role="user", status="completed", text=text)


@dataclass
class State:
    """What a session would show."""

    turns: list[Turn] = field(default_factory=list)
    text: str = ""

    def snapshot(self) -> SessionSnapshot:
        return SessionSnapshot(
            session_id="s", conversation_id="c", scenario="b", turns=tuple(self.turns), live=self.live(), status=status()
        )  # fmt: skip

    def live(self) -> LiveText:
        return LiveText(turn_id="a" if self.text else "", agent="va", text=self.text)


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def broadcast(state: State) -> Broadcast:
    return Broadcast(Source(state.snapshot, state.live), bound=4)


async def waiting(subscription: Subscription) -> list[Update]:
    """Everything that is there to be read now."""
    found: list[Update] = []
    while True:
        following = asyncio.ensure_future(anext(subscription))
        await settle()
        if not following.done():
            following.cancel()
            return found
        found.append(following.result())


async def test_the_first_update_is_a_snapshot_of_the_moment_it_is_read(
    broadcast: Broadcast, state: State
) -> None:
    subscription = broadcast.subscribe(events=False)
    state.turns.append(turn(1))
    broadcast.turn(turn(1))
    assert await waiting(subscription) == [state.snapshot()]


async def test_changes_of_one_turn_are_one_update_in_its_first_place(broadcast: Broadcast) -> None:
    subscription = broadcast.subscribe(events=False)
    await anext(subscription)
    for change in (turn(1, "a"), turn(2, "b"), turn(1, "c")):
        broadcast.turn(change)
    broadcast.status(status("x"))
    broadcast.status(status("y"))
    assert await waiting(subscription) == [
        TurnChanged(turn=turn(1, "c")),
        TurnChanged(turn=turn(2, "b")),
        status("y"),
    ]


async def test_live_text_is_the_newest_and_stands_behind_the_turn_it_ended_in(
    broadcast: Broadcast, state: State
) -> None:
    subscription = broadcast.subscribe(events=False)
    await anext(subscription)
    for text in ("O", "On", "One"):
        state.text = text
        broadcast.live()
    broadcast.turn(turn(1, "One"))
    state.text = ""
    broadcast.live()
    assert await waiting(subscription) == [
        TurnChanged(turn=turn(1, "One")),
        LiveText(turn_id="", agent="va", text=""),
    ]


async def test_a_reader_that_falls_behind_gets_a_snapshot_instead_of_everything(
    broadcast: Broadcast, state: State
) -> None:
    slow, quick = broadcast.subscribe(events=False), broadcast.subscribe(events=False)
    await anext(slow)
    await anext(quick)
    for number in range(6):
        state.turns.append(turn(number))
        broadcast.turn(turn(number))
        assert await waiting(quick) == [TurnChanged(turn=turn(number))]
    assert await waiting(slow) == [state.snapshot()]
    broadcast.turn(turn(9))
    assert await waiting(slow) == [TurnChanged(turn=turn(9))]


async def test_log_lines_go_only_to_readers_that_want_them_and_grow_in_place(broadcast: Broadcast) -> None:
    log = EventLog(lambda: 0.0)
    plain, full = broadcast.subscribe(events=False), broadcast.subscribe(events=True)
    await anext(plain)
    await anext(full)
    for delta in ("a", "b"):
        event = ev.ResponseOutputTextDelta(
            event_id="", response_id="r", item_id="i", output_index=0, content_index=0, delta=delta
        )
        broadcast.logged(log.add("server", event))
    assert await waiting(plain) == []
    (logged,) = await waiting(full)
    assert isinstance(logged, EventLogged)
    assert logged.row.count == 2


async def test_a_reader_whose_wait_is_cancelled_loses_nothing(broadcast: Broadcast) -> None:
    subscription = broadcast.subscribe(events=False)
    await anext(subscription)
    following = asyncio.ensure_future(anext(subscription))
    await settle()
    broadcast.turn(turn(1))
    following.cancel()
    await settle()
    assert await waiting(subscription) == [TurnChanged(turn=turn(1))]


async def test_after_the_end_what_waits_is_read_and_then_the_loop_ends(broadcast: Broadcast) -> None:
    subscription = broadcast.subscribe(events=False)
    await anext(subscription)
    broadcast.turn(turn(1))
    broadcast.end()
    broadcast.turn(turn(2))
    assert [update async for update in subscription] == [TurnChanged(turn=turn(1))]


async def test_a_reader_of_a_session_that_is_over_gets_its_snapshot(
    broadcast: Broadcast, state: State
) -> None:
    broadcast.end()
    assert [update async for update in broadcast.subscribe(events=False)] == [state.snapshot()]


async def test_a_reader_that_left_is_told_nothing_more(broadcast: Broadcast) -> None:
    async with broadcast.subscribe(events=False) as subscription:
        await anext(subscription)
    broadcast.turn(turn(1))
    assert [update async for update in subscription] == []


async def test_two_readers_of_one_session_see_the_same_answer_and_one_may_join_in_the_middle() -> None:
    gate = asyncio.Event()
    steps = [*question("Hello"), Hold(gate), says("One two three.")]
    async with rig(steps) as r:
        async with r.session.subscribe() as first:
            await anext(first)
            await r.session.send_text("Hello")
            await take(first, is_turn("user"))
            async with r.session.subscribe() as second:
                joined = await anext(second)
                assert isinstance(joined, SessionSnapshot)
                assert [t.text for t in joined.turns] == ["Hello"]
                gate.set()
                seen = [await take(reader, is_turn("agent")) for reader in (first, second)]
        assert [updates[-1] for updates in seen] == [TurnChanged(turn=r.turns[1])] * 2


async def test_a_snapshot_in_the_middle_of_an_answer_holds_its_words_so_far() -> None:
    gate = asyncio.Event()
    opening = says("One two").frames[:-5]  # type: ignore[union-attr]
    async with rig([*question("Hello"), emit(*opening), Hold(gate), says("One two")]) as r:
        await r.session.send_text("Hello")
        await settle()
        snapshot = r.session.snapshot()
        assert snapshot.live == LiveText(turn_id="item_answer_1", agent="greeter", text="One two")
        assert [t.status for t in snapshot.turns] == ["completed", "in_progress"]
        gate.set()
        await r.session.wait_idle()


async def test_events_are_followed_live_with_their_turn_as_group() -> None:
    async with rig([question("Hello"), says("Hi.")]) as r, r.session.subscribe(events=True) as updates:
        await anext(updates)
        await r.ask("Hello")
        seen = await take(updates, lambda u: isinstance(u, EventLogged) and u.row.type == "response.done")
        rows = [u.row for u in seen if isinstance(u, EventLogged)]
        assert {row.group for row in rows if row.type.startswith("response.")} == {r.turns[0].id}
        assert r.session.event_log()[0].type == "session.update"


async def test_rows_that_moved_or_went_are_told_by_a_snapshot(state: State, broadcast: Broadcast) -> None:
    async with broadcast.subscribe(events=False) as updates:
        await anext(updates)
        broadcast.turn(turn(1))
        state.turns.append(turn(2, "what is left"))
        broadcast.rearranged()
        broadcast.status(status("later"))
        snapshot = await anext(updates)
        assert isinstance(snapshot, SessionSnapshot)
        assert [t.text for t in snapshot.turns] == ["what is left"]
        broadcast.end()
        assert [update async for update in updates] == []
