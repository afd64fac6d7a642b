"""Connections that drop, stall, age or are refused, and what becomes of the conversation."""

from __future__ import annotations

import asyncio
import time

import pytest

from realtime_agents.errors import SessionError
from realtime_agents.protocol import events as ev
from realtime_agents.protocol.items import ErrorDetail
from realtime_agents.session.session import Patience
from realtime_agents.session.status import TRANSITIONS, StatusBoard
from realtime_agents.session.view import Activity, LiveText, Phase, StatusChanged
from tests.support.scripted import (
    LIMIT_S,
    Rig,
    assistant_item,
    begins,
    call,
    call_item,
    calls_tools,
    drops,
    output_item,
    question,
    refuses,
    rig,
    says,
    system_item,
    take,
    user_item,
)
from tests.support.scripted_upstream import Hold, Step, emit, expect

ANCHOR = "The connection was interrupted"


async def reconnected(r: Rig, after_s: float = 0.0) -> None:
    """Let time pass and wait until the session is connected again."""
    await r.clock.advance(after_s)
    async with asyncio.timeout(LIMIT_S), r.session.subscribe() as updates:
        await take(updates, lambda _: r.session.phase is Phase.READY)


async def test_a_drop_in_the_middle_of_an_answer_asks_again_and_loses_nothing() -> None:
    first = [*question("PACT?"), begins("It is a"), drops(1006)]
    second = [user_item("PACT?"), expect("response.create"), says("It is a law.", number=9)]
    async with rig(first, second) as r:
        await r.ask("PACT?")
        assert r.rows() == [
            ("user", "completed", "PACT?"),
            ("agent", "interrupted", "It is a"),
            ("breadcrumb", "completed", "Connection lost for 1 s, reconnected."),
            ("agent", "completed", "It is a law."),
        ]
        assert r.session.snapshot().status.notice == ""
        assert r.turns[1].id != r.turns[3].id


async def test_an_answer_whose_item_id_was_used_before_gets_a_row_of_its_own() -> None:
    first = [*question("A?"), says("A."), drops(1006)]
    second = [user_item("A?"), assistant_item("A."), system_item(holding=ANCHOR), *question("B?"), says("B.")]
    async with rig(first, second) as r:
        await r.ask("A?")
        await r.played(0)
        await reconnected(r)
        await r.ask("B?")
        assert [row[2] for row in r.rows() if row[0] == "agent"] == ["A.", "B."]


async def test_the_new_connection_is_told_what_was_said_in_text_with_tools_and_as_the_model_wrote_it() -> (
    None
):
    first = [*question("A?"), calls_tools(call("search", '{"query": "a"}')), output_item("call_1")]
    first += [expect("response.create"), says("Made up [7], true [1].", number=2), drops(1001)]
    second: list[Step] = [
        user_item("A?"),
        call_item("call_1"),
        output_item("call_1", holding='"n":1'),
        assistant_item("Made up [7], true [1]."),
        system_item(holding="You are Greeter"),
        *question("B?"),
        says("B.", number=3),
    ]
    async with rig(first, second) as r:
        await r.ask("A?")
        await r.played(0)
        await reconnected(r)
        await r.ask("B?")
        assert r.turns[2].text == "Made up, true [1]."


async def test_the_anchor_stands_before_a_question_that_waits_so_that_the_question_is_last() -> None:
    first = [*question("A?"), says("A."), *question("B?"), drops(1012)]
    second = [user_item("A?"), assistant_item("A."), system_item(holding=ANCHOR), user_item("B?")]
    async with rig(first, [*second, expect("response.create"), says("B.", number=2)]) as r:
        await r.ask("A?")
        await r.ask("B?")
        assert r.rows()[-1] == ("agent", "completed", "B.")


async def test_a_message_typed_while_there_is_no_connection_is_asked_when_there_is_one() -> None:
    second = [refuses()]
    third = [user_item("Are you there?"), expect("response.create"), says("Yes.")]
    async with rig([drops(1006)], second, third) as r:
        await r.played(0)
        assert r.session.phase is Phase.RECONNECTING
        await r.session.send_text("Are you there?")
        assert r.rows()[-1] == ("user", "completed", "Are you there?")
        await r.clock.advance(0.5)
        async with asyncio.timeout(LIMIT_S):
            await r.session.wait_idle()
        assert r.rows()[-1] == ("agent", "completed", "Yes.")


async def test_a_tool_that_ends_while_there_is_no_connection_is_told_to_the_next_one() -> None:
    first = [*question("Slow?"), calls_tools(call("slow")), drops(1006)]
    third = [user_item("Slow?"), call_item("call_1"), output_item("call_1"), expect("response.create")]
    async with rig(first, [refuses()], [*third, says("Done [1].", number=2)]) as r:
        await r.session.send_text("Slow?")
        await r.toolbox.begun.wait()
        await r.played(0)
        r.toolbox.gate.set()
        await r.clock.advance(0.5)
        async with asyncio.timeout(LIMIT_S):
            await r.session.wait_idle()
        assert r.rows()[-1] == ("agent", "completed", "Done [1].")


async def test_a_tool_that_ends_after_the_reconnect_brings_its_call_along_and_leads_to_the_answer() -> None:
    first = [*question("Slow?"), calls_tools(call("slow")), drops(1006)]
    second = [user_item("Slow?"), call_item("call_1"), output_item("call_1"), expect("response.create")]
    async with rig(first, [*second, says("Done [1].", number=2)]) as r:
        await r.session.send_text("Slow?")
        await r.played(0)
        await reconnected(r)
        assert r.connections[1].sent[-1].type == "conversation.item.create"
        r.toolbox.gate.set()
        async with asyncio.timeout(LIMIT_S):
            await r.session.wait_idle()
        assert r.rows()[-1] == ("agent", "completed", "Done [1].")


async def test_a_call_id_that_was_used_on_an_earlier_connection_is_a_call_of_its_own() -> None:
    first = [*question("A?"), calls_tools(call("search", '{"query": "a"}')), output_item("call_1")]
    first += [expect("response.create"), says("A [1].", number=2), drops(1001)]
    told = [
        user_item("A?"),
        call_item("call_1"),
        output_item("call_1"),
        assistant_item("A [1]."),
        system_item(holding=ANCHOR),
    ]
    second = [*told, *question("B?"), calls_tools(call("search", '{"query": "b"}')), output_item("call_1")]
    async with rig(first, [*second, expect("response.create"), says("B [1].", number=2)]) as r:
        await r.ask("A?")
        await r.played(0)
        await reconnected(r)
        await r.ask("B?")
        assert len(r.toolbox.contexts) == 2
        assert [row[0] for row in r.rows()].count("tool") == 2


async def test_attempts_are_spaced_by_doubling_up_to_eight_seconds_and_end_in_words() -> None:
    async with rig([drops(1006)], *[[refuses()]] * 8) as r:
        await r.played(0)
        notices = [r.session.snapshot().status.notice]
        await r.clock.advance(60)
        delays = [s for s in r.clock.slept if s != 30.0]
        assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
        assert "Trying again (1 of 7)" in notices[0]
        status = r.session.snapshot().status
        assert (status.phase, status.activity) == (Phase.CLOSED, Activity.ERROR)
        assert (
            status.notice
            == "Nothing answers at 127.0.0.1:1. The conversation has ended; start a new one to go on."
        )
        assert r.rows() == [("breadcrumb", "failed", "Connection lost.")]


async def test_jitter_takes_up_to_half_of_each_wait_away() -> None:
    async with rig([drops(1006)], [refuses()], [], jitter=lambda: 0.0) as r:
        await r.played(0)
        await reconnected(r, 0.25)
        assert 0.25 in r.clock.slept


@pytest.mark.parametrize("code", [1008, 4000])
async def test_a_close_that_cannot_be_recovered_from_ends_the_session_with_the_reason(code: int) -> None:
    async with rig([*question("Hello"), drops(code, recoverable=False)]) as r:
        async with r.session.subscribe() as updates:
            await r.session.send_text("Hello")
            last = [update async for update in updates][-1]
        assert isinstance(last, StatusChanged)
        assert (last.phase, last.activity) == (Phase.CLOSED, Activity.ERROR)
        assert "lost" in last.notice
        with pytest.raises(SessionError):
            await r.session.wait_idle()
        with pytest.raises(SessionError, match="has ended"):
            await r.session.send_text("Still there?")
    assert r.history.ended_at is not None


async def test_an_account_error_ends_the_session_and_says_what_to_do() -> None:
    error = ev.Error(event_id="", error=ErrorDetail(type="x", code="insufficient_quota", message="sk-secret"))
    async with rig([emit(error)], allow_errors=True) as r:
        await r.played()
        status = r.session.snapshot().status
        assert status.phase is Phase.CLOSED
        assert "quota" in status.notice
        assert "sk-secret" not in status.notice


async def test_a_session_that_expired_goes_on_after_the_close_that_follows() -> None:
    error = ev.Error(event_id="", error=ErrorDetail(type="x", code="session_expired"))
    async with rig(
        [question("A?"), says("A."), emit(error), drops(1001)],
        [user_item("A?"), assistant_item("A."), system_item(holding=ANCHOR)],
    ) as r:
        await r.ask("A?")
        await r.played(0)
        await reconnected(r)
        await r.played(1)


async def test_silence_while_an_answer_is_due_counts_as_a_drop() -> None:
    second = [user_item("Hello"), expect("response.create"), says("Hi.")]
    async with rig(question("Hello"), second) as r:
        await r.clock.advance(20)
        await r.session.send_text("Hello")
        await r.clock.advance(29)
        assert r.session.phase is Phase.READY
        await r.clock.advance(1.5)
        async with asyncio.timeout(LIMIT_S):
            await r.session.wait_idle()
        assert r.rows()[1][0] == "breadcrumb"
        assert r.rows()[-1] == ("agent", "completed", "Hi.")


async def test_silence_when_nothing_is_due_is_no_drop() -> None:
    async with rig([question("Hello"), says("Hi.")]) as r:
        await r.ask("Hello")
        await r.clock.advance(600)
        assert r.session.phase is Phase.READY


async def test_an_old_connection_is_replaced_when_idle_without_a_word() -> None:
    second = [user_item("Hello"), assistant_item("Hi."), system_item(holding=ANCHOR)]
    async with rig([question("Hello"), says("Hi.")], second) as r:
        await r.ask("Hello")
        await r.clock.advance(54 * 60)
        assert not r.connections[0].closed
        await r.clock.advance(61)
        await r.played(1)
        assert r.connections[0].closed
        assert [row[0] for row in r.rows()] == ["user", "agent"]
        assert r.session.snapshot().status == StatusChanged(
            phase=Phase.READY, activity=Activity.IDLE, agent="greeter"
        )


async def test_an_old_connection_is_not_replaced_in_the_middle_of_an_answer() -> None:
    go_on = asyncio.Event()
    first = [*question("Hello"), begins("One"), Hold(go_on), says("One two.")]
    second = [user_item("Hello"), assistant_item("One two."), system_item(holding=ANCHOR)]
    async with rig(first, second, patience=Patience(rotate_after_s=10, stall_s=1000)) as r:
        async with r.session.subscribe() as updates:
            await r.session.send_text("Hello")
            await take(updates, lambda u: isinstance(u, LiveText) and u.text == "One")
        await r.clock.advance(100)
        assert not r.connections[0].closed
        go_on.set()
        await r.session.wait_idle()
        await r.clock.advance(5)
        await r.played(1)


async def test_a_connection_is_replaced_five_minutes_before_the_server_says_it_expires() -> None:
    expires_at = int(1_760_000_000.0 + 1000.0 + 20 * 60)
    created = ev.SessionCreated(event_id="", session={"type": "realtime", "expires_at": expires_at})
    async with rig([emit(created)], []) as r:
        await r.played(0)
        await r.clock.advance(14 * 60)
        assert not r.connections[0].closed
        await r.clock.advance(61 + 30)
        assert r.connections[0].closed
        await r.played(1)


async def test_a_session_can_be_closed_while_it_reconnects() -> None:
    async with rig([drops(1006)], [refuses()]) as r:
        await r.played(1)
        await r.session.close()
        assert r.session.phase is Phase.CLOSED


async def test_an_agent_chosen_while_there_is_no_connection_is_configured_on_the_next() -> None:
    async with rig([drops(1006)], [refuses()], [question("Part B?"), says("Part B …")]) as r:
        await r.played(0)
        await r.session.switch_agent("medicare")
        await reconnected(r, 0.5)
        await r.ask("Part B?")
        update = r.connections[2].sent[0]
        assert "Instructions of medicare." in str(update)
        assert r.turns[-1].agent == "medicare"


async def test_an_event_that_cannot_be_handled_is_logged_and_the_next_ones_are() -> None:
    async with rig([question("Hello"), says("Hi.")], allow_errors=True) as r:
        original = r.session._conductor._on_effect
        failures = iter([RuntimeError("bug")])

        def fail_once(effect: object) -> None:
            if type(effect).__name__ == "ItemChanged" and (error := next(failures, None)):
                raise error
            original(effect)  # type: ignore[arg-type]

        r.session._conductor._on_effect = fail_once  # type: ignore[method-assign]
        await r.ask("Hello")
        assert r.rows()[-1] == ("agent", "completed", "Hi.")
    assert [e.getMessage() for e in r.errors] == ["an event could not be handled"]


def test_a_step_that_the_phase_table_does_not_have_is_refused() -> None:
    board = StatusBoard("greeter", lambda _: None)
    with pytest.raises(SessionError, match="new can become closed, connecting, not ready"):
        board.enter(Phase.READY)
    assert TRANSITIONS[Phase.CLOSED] == set()


def test_a_cleared_notice_uncovers_the_one_before_and_unchanged_status_tells_nobody() -> None:
    told: list[str] = []
    board = StatusBoard("greeter", lambda status: told.append(status.notice))
    board.set_notice("history", "The disk is full.")
    board.set_notice("connection", "Reconnecting.")
    board.set_notice("connection", "")
    board.set_notice("connection", "")
    board.set_notice("history", "")
    assert told == ["The disk is full.", "Reconnecting.", "The disk is full.", ""]


async def test_ten_thousand_deltas_at_once_are_taken_in_promptly() -> None:
    words = " ".join(["word"] * 10_000)
    async with rig([question("Much?"), says(words)]) as r:
        began = time.perf_counter()
        await r.ask("Much?")
        assert len(r.turns[-1].text) == len(words)
        assert time.perf_counter() - began < LIMIT_S


async def test_a_server_that_opens_and_breaks_at_once_is_not_hammered_and_leaves_one_row() -> None:
    async with rig([drops(1011)], *[[drops(1011)]] * 8) as r:
        await r.played(0)
        await r.clock.advance(60)
        assert [s for s in r.clock.slept if s != 30.0] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
        assert r.session.phase is Phase.CLOSED
        assert r.rows() == [("breadcrumb", "failed", "Connection lost.")]


async def test_a_connection_that_held_starts_the_count_of_attempts_anew() -> None:
    hold = asyncio.Event()
    async with rig([drops(1006)], [refuses()], [Hold(hold), drops(1006)], []) as r:
        await r.played(0)
        await reconnected(r, 0.5)
        await r.clock.advance(11)
        slept = len(r.clock.slept)
        hold.set()
        await reconnected(r)
        await r.played(3)
        assert 0.5 not in r.clock.slept[slept:]
        assert 1.0 not in r.clock.slept[slept:]


async def test_a_question_that_loses_the_connection_three_times_is_given_up_in_words() -> None:
    again: list[Step] = [user_item("Poison"), expect("response.create"), drops(1011)]
    async with rig([*question("Poison"), drops(1011)], again, again, [user_item("Poison")]) as r:
        await r.session.send_text("Poison")
        await r.clock.advance(5)
        await r.session.wait_idle()
        assert r.rows()[-1] == (
            "breadcrumb",
            "failed",
            "No answer: the connection was lost 3 times meanwhile. Ask again.",
        )
        assert r.session.phase is Phase.READY
