"""A conversation by text: what is sent, what appears, what is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from realtime_agents.agents.config import ScenarioConfig
from realtime_agents.errors import ConfigError, SessionError, UpstreamRefused
from realtime_agents.protocol import events as ev
from realtime_agents.protocol.commands import ConversationItemCreate, ResponseCreate, SessionUpdate
from realtime_agents.protocol.items import ErrorDetail, MessageItem, Response, StatusDetails
from realtime_agents.session.session import Session
from realtime_agents.session.typed import MAX_MESSAGE_LENGTH
from realtime_agents.session.view import Activity, LiveText, Phase
from tests.support.scripted import (
    begins,
    is_turn,
    question,
    refuses,
    rig,
    says,
    scenario,
    settle,
    take,
    tokens,
    user_item,
)
from tests.support.scripted_events import answer
from tests.support.scripted_upstream import Hold, Step, emit, expect


def failed(number: int, code: str) -> list[ev.ServerEvent]:
    details = StatusDetails(type="failed", error=ErrorDetail(type="server_error", code=code))
    response = Response(id=f"resp_{number}", status="failed", status_details=details)
    return [
        ev.ResponseCreated(event_id="", response=Response(id=f"resp_{number}")),
        ev.ResponseDone(event_id="", response=response),
    ]


def cancelled(number: int) -> ev.ResponseDone:
    response = Response(id=f"resp_{number}", status="cancelled", usage=tokens(30, 3))
    return ev.ResponseDone(event_id="", response=response)


async def test_a_question_and_its_answer_appear_in_order_and_are_kept() -> None:
    async with rig([question("Hello"), says("Hi there, how can I help?", usage=tokens(20, 7, 5))]) as r:
        await r.ask("Hello")
        assert r.rows() == [
            ("user", "completed", "Hello"),
            ("agent", "completed", "Hi there, how can I help?"),
        ]
        answer_turn = r.turns[1]
        assert (answer_turn.id, answer_turn.agent) == ("item_answer_1", "greeter")
        assert r.session.snapshot().status.activity is Activity.IDLE

    assert [t.text for t in r.history.turns.values()] == ["Hello", "Hi there, how can I help?"]
    assert [(u.response_id, u.input_text_tokens, u.cached_text_tokens) for u in r.history.usage] == [
        ("resp_1", 20, 5)
    ]
    assert r.history.ended_at == r.clock.now()
    assert r.history.headers[0].id == r.session.conversation_id


async def test_the_first_command_configures_the_agent_and_names_no_voice() -> None:
    async with rig([]) as r:
        await r.played()
        update = r.connections[0].sent[0]
        assert isinstance(update, SessionUpdate)
        configured = update.session
        assert "You are Greeter." in configured["instructions"]
        assert "Today is 2026-11-22." in configured["instructions"]
        assert configured["output_modalities"] == ["text"]
        assert "audio" not in configured
        assert configured["truncation"] == {"type": "retention_ratio", "retention_ratio": 0.8}
        names = [t["name"] for t in configured["tools"]]
        assert names == ["search", "slow", "broken", "transfer_to_medicare", "transfer_to_va"]


async def test_every_command_carries_an_event_id_of_its_own() -> None:
    async with rig([question("Hello"), says("Hi.")]) as r:
        await r.ask("Hello")
        ids = [command.event_id for command in r.connections[0].sent]
        assert all(ids)
        assert len(set(ids)) == len(ids)


async def test_the_user_turn_appears_at_once_and_the_item_on_the_wire_has_its_id() -> None:
    async with rig([question("Hello"), says("Hi.")]) as r:
        await r.session.send_text("Hello")
        assert r.rows() == [("user", "completed", "Hello")]
        assert r.session.snapshot().status.activity is Activity.THINKING
        await r.session.wait_idle()
        items = [c.item for c in r.connections[0].sent if isinstance(c, ConversationItemCreate)]
        assert [item.id for item in items] == [r.turns[0].id]


@pytest.mark.parametrize("text", ["", "   \n\t ", "\x00\x07\x1b"])
async def test_an_empty_message_is_refused_in_words(text: str) -> None:
    async with rig([]) as r:
        with pytest.raises(SessionError, match="type a question"):
            await r.session.send_text(text)
        assert r.turns == ()


async def test_control_characters_go_and_line_breaks_and_tabs_stay() -> None:
    async with rig([question("one\ntwo\tthree 👍🏽 né"), says("Yes.")]) as r:
        await r.ask("  one\r\ntwo\t\x1b\x00three 👍🏽 né\x85\n")


async def test_a_message_that_is_too_long_is_refused_with_both_numbers_and_nothing_is_sent() -> None:
    async with rig([question("a" * MAX_MESSAGE_LENGTH), says("Long.")]) as r:
        with pytest.raises(SessionError, match=r"8,000 characters.*8,001"):
            await r.session.send_text("a" * (MAX_MESSAGE_LENGTH + 1))
        assert r.turns == ()
        await r.ask("a" * MAX_MESSAGE_LENGTH)


async def test_a_session_that_is_not_started_or_over_says_so() -> None:
    async with rig([], start=False) as r:
        with pytest.raises(SessionError, match="start it first"):
            await r.session.send_text("Hello")
        await r.session.start()
        with pytest.raises(SessionError, match="started once"):
            await r.session.start()
        await r.played()
        await r.session.close()
        await r.session.close()
        for action in (r.session.send_text("Hello"), r.session.switch_agent("va"), r.session.interrupt()):
            with pytest.raises(SessionError, match="has ended"):
                await action
        assert r.session.phase is Phase.CLOSED


async def test_a_first_connection_that_is_refused_for_good_closes_the_session_with_the_reason() -> None:
    async with rig([refuses(recoverable=False, words="The key is wrong.")], start=False) as r:
        with pytest.raises(UpstreamRefused, match="The key is wrong"):
            await r.session.start()
        status = r.session.snapshot().status
        assert (status.phase, status.activity) == (Phase.CLOSED, Activity.ERROR)
        assert "The key is wrong." in status.notice
        with pytest.raises(SessionError, match="The key is wrong"):
            await r.session.wait_idle()


async def test_a_first_connection_is_tried_again_when_that_may_help() -> None:
    async with rig([refuses()], [refuses()], [question("Hello"), says("Hi.")], start=False) as r:
        starting = asyncio.create_task(r.session.start())
        await r.clock.advance(0.5)
        assert "Trying again (2 of 2)" in r.session.snapshot().status.notice
        await r.clock.advance(1.0)
        await starting
        assert r.clock.slept[:2] == [0.5, 1.0]
        await r.ask("Hello")


async def test_a_start_that_is_cancelled_closes_the_session() -> None:
    async with rig([refuses()], start=False) as r:
        starting = asyncio.create_task(r.session.start())
        await settle()
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert r.session.phase is Phase.CLOSED


async def test_an_unknown_scenario_or_agent_is_refused_before_anything_is_opened() -> None:
    def broken() -> ScenarioConfig:
        raise ConfigError("there is no scenario 'x'", file="agent_configs")

    async with rig([]) as r:
        with pytest.raises(ConfigError):
            Session(replace(r.parts, scenario=broken))
        with pytest.raises(SessionError, match="greeter, medicare, va"):
            Session(replace(r.parts, agent="nobody"))


async def test_typing_while_the_agent_answers_interrupts_and_asks_the_new_question() -> None:
    script = [*question("First"), begins("One two"), expect("response.cancel", response_id="resp_1")]
    script += [user_item("Second"), emit(cancelled(1)), expect("response.create"), says("Four.", number=2)]
    async with rig(script) as r:
        async with r.session.subscribe() as updates:
            await r.session.send_text("First")
            await take(updates, lambda u: isinstance(u, LiveText) and u.text == "One two")
            await r.ask("Second")
        assert r.rows() == [
            ("user", "completed", "First"),
            ("agent", "interrupted", "One two"),
            ("user", "completed", "Second"),
            ("agent", "completed", "Four."),
        ]


async def test_words_that_arrive_after_the_interruption_are_not_shown() -> None:
    late = answer("resp_1", "item_answer_1", ["One two", " three"])[5]
    script = [*question("First"), begins("One two"), expect("response.cancel"), emit(late, cancelled(1))]
    async with rig(script) as r:
        async with r.session.subscribe() as updates:
            await r.session.send_text("First")
            await take(updates, lambda u: isinstance(u, LiveText) and u.text == "One two")
        await r.session.interrupt()
        await r.played()
        assert r.rows()[1] == ("agent", "interrupted", "One two")
        metrics = r.turns[1].metrics
        assert metrics is not None
        assert metrics.input_tokens == 30  # they come with the end of the response, and are paid for
        assert r.session.snapshot().live.turn_id == ""
        assert r.session.snapshot().status.activity is Activity.IDLE


async def test_an_interrupt_before_the_response_began_cancels_it_when_it_begins() -> None:
    hold = asyncio.Event()
    steps = [
        *question("First"),
        Hold(hold),
        emit(ev.ResponseCreated(event_id="", response=Response(id="resp_1"))),
        expect("response.cancel", response_id="resp_1"),
        emit(cancelled(1)),
    ]
    async with rig(steps) as r:
        await r.session.send_text("First")
        await r.session.interrupt()
        hold.set()
        await r.played()
        assert r.rows() == [("user", "completed", "First")]


async def test_words_of_a_response_that_began_too_late_do_not_answer_the_newer_question() -> None:
    hold = asyncio.Event()
    stale = answer("resp_1", "item_answer_1", ["Stale."])[:5]
    steps = [*question("First"), user_item("Second"), Hold(hold), emit(stale[0]), expect("response.cancel")]
    steps += [emit(*stale[1:], cancelled(1)), expect("response.create"), says("Fresh.", number=2)]
    async with rig(steps) as r:
        await r.session.send_text("First")
        await r.session.send_text("Second")
        await settle()
        hold.set()
        async with asyncio.timeout(5):
            await r.session.wait_idle()
        assert r.rows()[2:] == [("agent", "completed", "Fresh.")]


async def test_an_interrupt_when_nothing_is_said_sends_nothing() -> None:
    async with rig([]) as r:
        await r.session.interrupt()
        await r.session.wait_idle()


async def test_the_race_with_an_active_response_asks_again_when_that_one_ended() -> None:
    def refuse(command: ResponseCreate) -> list[ev.ServerEvent]:
        detail = ErrorDetail(
            type="invalid_request_error",
            code="conversation_already_has_active_response",
            event_id=command.event_id,
        )
        return [
            ev.ResponseCreated(event_id="", response=Response(id="resp_vad")),
            ev.Error(event_id="", error=detail),
            *answer("resp_vad", "item_vad", ["Something."])[1:],
        ]

    steps = [
        user_item("Hello"),
        expect("response.create", then=refuse),
        expect("response.create"),
        says("Hi.", number=2),
    ]
    async with rig(steps) as r:
        await r.ask("Hello")
        assert r.rows()[1:] == [("agent", "completed", "Something."), ("agent", "completed", "Hi.")]


async def test_a_failed_answer_is_asked_once_more_and_then_told() -> None:
    steps = [*question("Hello"), emit(*failed(1, "server_error")), expect("response.create")]
    steps += [emit(*failed(2, "inference_rate_limit_exceeded"))]
    async with rig(steps) as r:
        await r.ask("Hello")
        assert r.rows()[1:] == [
            (
                "breadcrumb",
                "failed",
                "The answer failed: the server is over its rate limit at the moment; try again in a minute.",
            )
        ]


async def test_a_failed_answer_that_succeeds_at_the_second_attempt_shows_no_failure() -> None:
    steps = [
        *question("Hello"),
        emit(*failed(1, "server_error")),
        expect("response.create"),
        says("Hi.", number=2),
    ]
    async with rig(steps) as r:
        await r.ask("Hello")
        assert r.rows()[1:] == [("agent", "completed", "Hi.")]


async def test_an_empty_answer_is_asked_once_more_and_then_told() -> None:
    def empty(number: int) -> list[ev.ServerEvent]:
        response = Response(id=f"resp_{number}", status="completed")
        return [
            ev.ResponseCreated(event_id="", response=Response(id=f"resp_{number}")),
            ev.ResponseDone(event_id="", response=response),
        ]

    async with rig([*question("Hello"), emit(*empty(1)), expect("response.create"), emit(*empty(2))]) as r:
        await r.ask("Hello")
        assert r.rows()[1][:2] == ("breadcrumb", "failed")
        assert "empty" in r.rows()[1][2]


async def test_an_answer_that_hits_its_length_limit_is_kept_and_the_person_is_told() -> None:
    events = answer("resp_1", "item_answer_1", ["As I was say"])[:5]
    item = MessageItem(id="item_answer_1", role="assistant", status="incomplete")
    details = StatusDetails(type="incomplete", reason="max_output_tokens")
    done = Response(id="resp_1", status="incomplete", status_details=details, output=(item,))
    async with rig([*question("Hello"), emit(*events, ev.ResponseDone(event_id="", response=done))]) as r:
        await r.ask("Hello")
        assert r.rows()[1] == ("agent", "interrupted", "As I was say")
        assert "longest length" in r.rows()[2][2]


async def test_a_refused_request_for_an_answer_ends_in_words() -> None:
    def refuse(command: ResponseCreate) -> list[ev.ServerEvent]:
        detail = ErrorDetail(
            type="invalid_request_error", code="bad_response_create", event_id=command.event_id
        )
        return [ev.Error(event_id="", error=detail)]

    async with rig([user_item("Hello"), expect("response.create", then=refuse)], allow_errors=True) as r:
        await r.ask("Hello")
        assert r.rows()[1] == (
            "breadcrumb",
            "failed",
            "No answer: the server reported 'bad_response_create'.",
        )


async def test_a_refused_command_becomes_a_notice_that_names_code_and_field_only() -> None:
    detail = ErrorDetail(
        type="invalid_request_error", code="unknown_parameter", message="secret", param="session.x"
    )
    async with rig([emit(ev.Error(event_id="", error=detail))], allow_errors=True) as r:
        await r.played()
        assert r.session.snapshot().status.notice == (
            "The Realtime server refused the settings of the session (unknown_parameter, session.x)."
        )
    assert all("secret" not in str(vars(record)) for record in r.errors)


async def test_an_answer_without_deltas_is_taken_from_the_end_of_its_response() -> None:
    events = [
        e
        for e in answer("resp_1", "item_answer_1", ["Hi."])
        if e.type in ("response.created", "response.done")
    ]
    async with rig([*question("Hello"), emit(*events)]) as r:
        await r.ask("Hello")
        assert r.rows()[1] == ("agent", "completed", "Hi.")


async def test_out_of_order_and_repeated_events_leave_one_answer() -> None:
    events = answer("resp_1", "item_answer_1", ["One ", "two."])
    shuffled = [events[0], events[2], events[1], *events[4:], events[-1], events[-3]]
    async with rig([*question("Hello"), emit(*shuffled)]) as r:
        await r.ask("Hello")
        await settle()
        assert r.rows()[1:] == [("agent", "completed", "One two.")]


async def test_garbage_and_unknown_events_are_skipped_and_the_answer_arrives() -> None:
    noise = emit("not json", "[1, 2]", '{"type": "response.sparkle", "event_id": "x"}')
    async with rig([*question("Hello"), noise, says("Hi.")]) as r:
        await r.ask("Hello")
        assert r.rows()[1] == ("agent", "completed", "Hi.")
        assert r.connections[0].oddities == {"garbage": 2, "response.sparkle": 1}


async def test_live_text_grows_and_is_gone_once_the_turn_is_final() -> None:
    async with rig([question("Hello"), says("One two three.")]) as r, r.session.subscribe() as updates:
        await r.session.send_text("Hello")
        seen = await take(updates, is_turn("agent"))
        rest = await take(updates, lambda u: isinstance(u, LiveText) and u.turn_id == "")
        assert all("One two three.".startswith(u.text) for u in seen if isinstance(u, LiveText))
        assert rest[-1] == LiveText(turn_id="", agent="", text="")


async def test_the_metrics_of_an_answer_count_from_the_persons_message() -> None:
    gate, more = asyncio.Event(), asyncio.Event()
    events = answer("resp_1", "item_answer_1", ["Hi"], usage=tokens(10, 2))
    steps = [*question("Hello"), Hold(gate), emit(*events[:5]), Hold(more), emit(*events[5:])]
    async with rig(steps) as r:
        await r.session.send_text("Hello")
        await r.clock.advance(0.25)
        gate.set()
        await settle()
        await r.clock.advance(0.5)
        more.set()
        await r.session.wait_idle()
        metrics = r.turns[1].metrics
        assert metrics is not None
        assert (metrics.first_token_ms, metrics.total_ms) == (250, 750)
        assert (metrics.input_tokens, metrics.output_tokens) == (10, 2)


async def test_an_edited_agent_is_configured_anew_with_the_next_message() -> None:
    current = {"value": scenario()}
    edited = scenario(greeter="2")
    steps = [
        question("One"),
        says("1."),
        expect("session.update"),
        question("Two"),
        says("2.", number=2),
        question("Three"),
        says("3.", number=3),
    ]
    async with rig(steps, scenario_of=lambda: current["value"]) as r:
        await r.ask("One")
        current["value"] = edited
        await r.ask("Two")
        await r.ask("Three")


async def test_a_scenario_that_breaks_stays_in_use_as_it_was() -> None:
    broken = False

    def look_up() -> ScenarioConfig:
        if broken:
            raise ConfigError("bad indentation", file="scenario.yaml", line=3)
        return scenario()

    async with rig([question("One"), says("1.")], scenario_of=look_up) as r:
        broken = True
        await r.ask("One")
        assert r.session.agent == "greeter"


async def test_close_in_the_middle_of_an_answer_keeps_what_was_said() -> None:
    async with rig([*question("Hello"), begins("One two")]) as r:
        async with r.session.subscribe() as updates:
            await r.session.send_text("Hello")
            await take(updates, lambda u: isinstance(u, LiveText) and u.text == "One two")
        waiting = asyncio.create_task(r.session.wait_idle())
        await r.session.close()
        await waiting
        assert r.rows()[1] == ("agent", "interrupted", "One two")
    assert r.history.turns["item_answer_1"].status == "interrupted"


async def test_words_of_a_crisis_are_answered_at_once_and_reach_no_model() -> None:
    async with rig([question("Hello"), says("Hi.")]) as r:
        await r.session.send_text("I want to hurt myself")
        assert [(t.role, t.status) for t in r.turns] == [("user", "completed"), ("agent", "completed")]
        assert "988" in r.turns[-1].text
        await r.session.wait_idle()
        sent = [c for c in r.connections[0].sent if isinstance(c, ConversationItemCreate)]
        assert not sent
        await r.ask("Hello")
        assert r.turns[-1].text == "Hi."
    assert "988" in list(r.history.turns.values())[1].text


async def test_a_server_that_works_but_begins_no_answer_is_asked_once_more_and_then_given_up() -> None:
    first, second = asyncio.Event(), asyncio.Event()
    alive = emit(ev.RateLimitsUpdated(event_id="", rate_limits=()))
    steps: list[Step] = [
        *question("Hello"),
        Hold(first),
        alive,
        expect("response.create"),
        Hold(second),
        alive,
    ]
    async with rig(steps) as r:
        await r.session.send_text("Hello")
        await r.clock.advance(20)
        first.set()
        await r.clock.advance(16)
        assert [c.type for c in r.connections[0].sent].count("response.create") == 2
        await r.clock.advance(20)
        second.set()
        await r.clock.advance(15)
        await r.idle()
        assert r.rows()[1][:2] == ("breadcrumb", "failed")
        assert "did not begin" in r.rows()[1][2]
        assert r.session.phase is Phase.READY


async def test_a_cancel_that_the_server_ignores_does_not_block_the_next_question() -> None:
    steps: list[Step] = [*question("One"), begins("1"), expect("response.cancel"), user_item("Two")]
    alive = asyncio.Event()
    steps += [Hold(alive), emit(ev.RateLimitsUpdated(event_id="", rate_limits=()))]
    async with rig([*steps, expect("response.create"), says("2.", number=2)]) as r:
        await r.session.send_text("One")
        await settle()
        await r.session.send_text("Two")
        await r.clock.advance(20)
        alive.set()
        await r.clock.advance(16)
        await r.idle()
        assert r.rows()[-1] == ("agent", "completed", "2.")
