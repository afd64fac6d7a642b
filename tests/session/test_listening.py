"""What the person says aloud: rows at once, words later, noise and echo gone again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realtime_agents.protocol import events as ev
from realtime_agents.protocol.commands import ResponseCreate
from realtime_agents.protocol.items import ErrorDetail, Response, StatusDetails
from realtime_agents.safety.danger import CRISIS_ANSWER
from realtime_agents.session.line_messages import Flush
from realtime_agents.session.view import Activity, SessionSnapshot
from tests.support.scripted import (
    Rig,
    assistant_item,
    begins,
    call,
    calls_tools,
    drops,
    is_turn,
    output_item,
    question,
    rig,
    settle,
    system_item,
    take,
)
from tests.support.scripted_events import committed, spoken_answer
from tests.support.scripted_upstream import Hold, emit, expect
from tests.support.spoken import (
    attach,
    begins_to_speak,
    commits,
    could_not_write,
    listens,
    speaks,
    speech_starts,
    speech_stops,
    stopped_by_server,
    stopped_by_us,
    truncates,
    utterance,
    writes,
    wrote,
)

AGENT = "The Part B deductible is 257 dollars in this year. "


def activity(r: Rig) -> Activity:
    return r.session.snapshot().status.activity


def failed(number: int) -> list[ev.ServerEvent]:
    details = StatusDetails(type="failed", error=ErrorDetail(type="server_error", code="server_error"))
    done = Response(id=f"resp_{number}", status="failed", status_details=details)
    begun = ev.ResponseCreated(event_id="", response=Response(id=f"resp_{number}"))
    return [begun, ev.ResponseDone(event_id="", response=done)]


async def test_the_row_appears_when_the_turn_is_committed_and_its_words_fill_it() -> None:
    gates = [asyncio.Event() for _ in range(3)]
    script: list[Any] = [listens(), *utterance("item_u"), Hold(gates[0]), writes("item_u", "What is ")]
    script += [Hold(gates[1]), writes("item_u", "Part"), Hold(gates[2]), wrote("item_u", "What is Part B?")]
    async with rig([*script, speaks(("Medical.", 300))]) as r:
        await attach(r)
        assert r.rows() == [("user", "in_progress", "")]
        assert activity(r) is Activity.THINKING
        seen = []
        for gate in gates:
            gate.set()
            await settle()
            seen.append(r.rows()[0])
        assert seen == [
            ("user", "in_progress", "What is"),
            ("user", "in_progress", "What is Part"),
            ("user", "completed", "What is Part B?"),
        ]
        await r.idle()
        assert r.rows()[1] == ("agent", "completed", "Medical.")
        assert all(turn.spoken for turn in r.turns)
    assert [t.text for t in r.history.turns.values()] == ["What is Part B?", "Medical."]


async def test_words_that_come_after_the_answer_still_stand_before_it() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), speaks(("Medical.", 300))]
    async with rig([*script, wrote("item_u", "What is Part B?")]) as r:
        await attach(r)
        await r.played()
        assert [row[2] for row in r.rows()] == ["What is Part B?", "Medical."]
    assert [t.text for t in r.history.turns.values()] == ["What is Part B?", "Medical."]


async def test_words_that_come_before_the_turn_is_committed_are_not_lost() -> None:
    script: list[Any] = [listens(), speech_starts("item_u"), speech_stops("item_u", 1500)]
    script += [wrote("item_u", "What is Part B?"), commits("item_u"), speaks(("Medical.", 300))]
    async with rig(script) as r:
        await attach(r)
        await r.played()
        assert r.rows()[0] == ("user", "completed", "What is Part B?")


async def test_a_turn_that_the_server_puts_earlier_is_shown_earlier() -> None:
    late = committed("item_late", "item_first")
    script: list[Any] = [
        listens(),
        *utterance("item_first"),
        wrote("item_first", "First."),
        speaks(("One.", 100)),
    ]
    script += [*utterance("item_second", previous="item_answer_1"), wrote("item_second", "Second.")]
    script += [
        speaks(("Two.", 100), number=2),
        emit(*late),
        wrote("item_late", "Late."),
        speaks(("L.", 100), number=3),
    ]
    async with rig(script) as r, r.session.subscribe() as updates:
        await attach(r)
        await r.played()
        assert [row[2] for row in r.rows()] == ["First.", "Late.", "One.", "Second.", "Two.", "L."]
        seen = await take(updates, lambda u: isinstance(u, SessionSnapshot))
        assert [t.text for t in seen[-1].turns][1] == "Late."  # type: ignore[union-attr]
    assert r.history.placed == {"item_late": "item_first"}


async def test_a_failed_transcription_says_inaudible_and_the_answer_still_comes() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), could_not_write("item_u"), speaks(("Yes?", 100))]
    async with rig(script) as r:
        await attach(r)
        await r.played()
        assert r.rows() == [("user", "failed", "[inaudible]"), ("agent", "completed", "Yes?")]


async def test_words_that_came_before_a_transcription_failed_are_kept() -> None:
    script: list[Any] = [
        listens(),
        *utterance("item_u"),
        writes("item_u", "What is"),
        could_not_write("item_u"),
    ]
    async with rig([*script, speaks(("Yes?", 100))]) as r:
        await attach(r)
        await r.played()
        assert r.rows()[0] == ("user", "completed", "What is")


@pytest.mark.parametrize("text", ["", "  ", "…", "- -"])
async def test_noise_without_words_vanishes_without_a_trace(text: str) -> None:
    async with rig([listens(), *utterance("item_u"), wrote("item_u", text)]) as r:
        await attach(r)
        await r.played()
        assert r.rows() == []
        await r.clock.advance(1.1)
        assert activity(r) is Activity.LISTENING
        await r.idle()
    assert r.history.headers == []


async def test_noise_vanishes_from_a_page_that_showed_it_and_from_the_history() -> None:
    heard, go = asyncio.Event(), asyncio.Event()
    script: list[Any] = [listens(), *question("Hello"), speaks(("Hi.", 100)), Hold(heard)]
    script += [*utterance("item_u", previous="item_answer_1"), Hold(go), wrote("item_u", "")]
    async with rig(script) as r, r.session.subscribe() as updates:
        await attach(r)
        await r.ask("Hello")
        heard.set()
        await take(updates, is_turn("user", "in_progress"))
        await settle()
        assert "item_u" in r.history.turns
        go.set()
        snapshot = (await take(updates, lambda u: isinstance(u, SessionSnapshot)))[-1]
        assert isinstance(snapshot, SessionSnapshot)
        assert [t.text for t in snapshot.turns] == ["Hello", "Hi."]
        await settle()
        assert "item_u" not in r.history.turns


async def test_an_answer_to_what_was_not_transcribed_is_shown() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", ""), speaks(("I heard you.", 300))]
    async with rig(script) as r:
        await attach(r)
        await r.played()
        await r.idle()
        assert r.rows() == [("agent", "completed", "I heard you.")]


async def test_noise_before_the_answer_began_does_not_swallow_the_question() -> None:
    script: list[Any] = [
        listens(),
        *question("Hello"),
        emit(*_begun(1)),
        speech_starts("item_n"),
        stopped_by_server(),
    ]
    script += [speech_stops("item_n", 900), commits("item_n"), wrote("item_n", "")]
    async with rig([*script, expect("response.create"), speaks(("Hi.", 100), number=2)]) as r:
        await attach(r)
        await r.session.send_text("Hello")
        await settle()
        await r.clock.advance(1.1)
        await r.played()
        await r.idle()
        assert r.rows() == [("user", "completed", "Hello"), ("agent", "completed", "Hi.")]


def _begun(number: int) -> list[ev.ServerEvent]:
    return [ev.ResponseCreated(event_id="", response=Response(id=f"resp_{number}"))]


# The exchange of a spoken turn.


async def test_a_response_that_the_server_begins_answers_the_turn_it_follows() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", "Pact?")]
    script += [
        calls_tools(call("search", '{"query": "pact"}')),
        output_item("call_1"),
        expect("response.create"),
    ]
    async with rig([*script, speaks(("Covered [1].", 400), number=2)]) as r:
        await attach(r)
        await r.played()
        await r.idle()
        assert [row[0] for row in r.rows()] == ["user", "tool", "agent"]
        assert r.turns[2].text == "Covered [1]."
        assert r.turns[2].metrics is not None


async def test_a_failed_response_to_speech_is_asked_once_more_by_us() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", "Hello"), emit(*failed(1))]
    async with rig([*script, expect("response.create"), speaks(("Hi.", 100), number=2)]) as r:
        await attach(r)
        await r.played()
        await r.idle()
        assert r.rows()[1] == ("agent", "completed", "Hi.")


async def test_a_server_that_does_not_begin_to_answer_is_asked() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", "Hello"), expect("response.create")]
    async with rig([*script, speaks(("Hi.", 100))]) as r:
        await attach(r)
        await settle()
        await r.clock.advance(5.9)
        assert r.connections[0].sent[-1].type == "session.update"
        await r.clock.advance(0.2)
        await r.idle()


async def test_words_that_never_come_are_waited_for_and_then_the_answer_is_asked_for() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), expect("response.create"), speaks(("Hi.", 100))]
    async with rig(script) as r:
        await attach(r)
        await settle()
        await r.clock.advance(25)
        await r.idle()
        assert r.rows()[1] == ("agent", "completed", "Hi.")
    assert r.history.turns["item_u"].text == "[inaudible]"


async def test_a_turn_that_was_typed_over_is_not_answered_by_the_server_too() -> None:
    """The server's own response to the speech comes after the typed question was sent."""

    def race(command: ResponseCreate) -> list[ev.ServerEvent]:
        detail = ErrorDetail(
            type="x", code="conversation_already_has_active_response", event_id=command.event_id
        )
        return [*_begun(9), ev.Error(event_id="", error=detail)]

    script: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", "Hm")]
    script += [*question("Hello")[:1], expect("response.create", then=race), *stopped_by_us(9)]
    async with rig([*script, expect("response.create"), speaks(("Hi.", 100), number=2)]) as r:
        await attach(r)
        await settle()
        await r.session.send_text("Hello")
        await r.idle()
        assert [row[2] for row in r.rows()] == ["Hm", "Hello", "Hi."]


async def test_our_own_response_that_is_taken_for_the_servers_is_asked_for_again() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", "Hm"), *question("Hello")]
    script += [emit(*_begun(1)), *stopped_by_us(1), expect("response.create"), speaks(("Hi.", 100), number=2)]
    async with rig(script) as r:
        await attach(r)
        await settle()
        await r.session.send_text("Hello")
        await r.idle()
        assert [row[2] for row in r.rows()] == ["Hm", "Hello", "Hi."]


async def test_events_of_a_spoken_turn_are_grouped_under_it() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", "Hello"), speaks(("Hi.", 100))]
    async with rig(script) as r:
        await attach(r)
        await r.played()
        groups = {row.type: row.group for row in r.session.event_log()}
        assert groups["input_audio_buffer.speech_started"] in ("session", "item_u")
        assert groups["input_audio_buffer.speech_stopped"] == "item_u"
        assert groups["response.done"] == "item_u"


async def test_a_cough_while_the_agent_thinks_and_a_message_after_it_are_told_apart() -> None:
    script: list[Any] = [
        listens(),
        *question("One"),
        begins("1"),
        speech_starts("item_n"),
        stopped_by_server(),
    ]
    script += [speech_stops("item_n", 700), commits("item_n"), wrote("item_n", "")]
    script += [*question("Two"), speaks(("2.", 100), number=2)]
    async with rig(script) as r:
        await attach(r)
        await r.session.send_text("One")
        await settle()
        await r.clock.advance(2)
        await r.ask("Two")
        assert [row[2] for row in r.rows()] == ["One", "1", "Two", "2."]


async def test_a_turn_that_ends_as_the_line_does_is_answered_once_by_whom_it_was_said_to() -> None:
    """The server took the turn before it was told to listen no more."""
    go = asyncio.Event()
    script: list[Any] = [listens(), speech_starts("item_u"), speech_stops("item_u", 1500), Hold(go)]
    script += [expect("session.update"), commits("item_u"), wrote("item_u", "Hello"), speaks(("Hi.", 100))]
    async with rig(script) as r:
        browser = await attach(r)
        await settle()
        go.set()
        await settle()
        await browser.line.close()
        await r.played()
        await r.idle()
        assert [row[2] for row in r.rows()] == ["Hello", "Hi."]


async def test_a_server_that_writes_nothing_down_leaves_no_row_open_for_ever() -> None:
    go = asyncio.Event()
    script: list[Any] = [listens(), *utterance("item_u"), speaks(("One.", 100)), Hold(go)]
    script += [*utterance("item_v", previous="item_answer_1"), speaks(("Two.", 100), number=2)]
    async with rig(script) as r:
        await attach(r)
        await settle()
        await r.clock.advance(31)
        assert r.rows()[0] == ("user", "in_progress", "")
        go.set()
        await r.played()
        assert r.rows()[0] == ("user", "failed", "[inaudible]")
        assert r.rows()[2] == ("user", "in_progress", "")


# Echo.


async def test_other_words_said_into_an_answer_are_a_turn() -> None:
    go = asyncio.Event()
    script: list[Any] = [listens(), *question("How much?"), begins_to_speak((AGENT, 4000)), Hold(go)]
    script += [speech_starts("item_u", 900), stopped_by_server(), truncates("item_answer_1", 2000)]
    script += [speech_stops("item_u", 2500), commits("item_u"), wrote("item_u", "What about Part D?")]
    async with rig([*script, speaks(("That depends.", 500), number=2)]) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await settle()
        await r.clock.advance(2)
        browser.line.played("item_answer_1", 2000)
        go.set()
        await settle()
        browser.line.flushed("item_answer_1", 2000)
        await r.played()
        assert [row[2] for row in r.rows()[2:]] == ["What about Part D?", "That depends."]


async def test_the_agents_words_said_again_in_silence_are_a_turn() -> None:
    script: list[Any] = [listens(), *question("How much?"), speaks((AGENT, 1000))]
    go = asyncio.Event()
    script += [
        Hold(go),
        *utterance("item_u", previous="item_answer_1"),
        wrote("item_u", "Part B deductible is?"),
    ]
    async with rig([*script, speaks(("257.", 100), number=2)]) as r:
        browser = await attach(r)
        await r.ask("How much?")
        browser.line.played("item_answer_1", 1000)
        go.set()
        await r.played()
        assert r.rows()[2] == ("user", "completed", "Part B deductible is?")


# Words of somebody in danger.


def care_request() -> Any:
    return expect(
        "response.create",
        response={
            "input": [],
            "tools": [],
            "tool_choice": "none",
            "output_modalities": ["audio"],
            "instructions": f'Say exactly: "{CRISIS_ANSWER}"',
        },
    )


CRISIS = "I want to kill myself"
SAID = speaks((CRISIS_ANSWER, 9000), number=2, metadata={"purpose": "danger"})


async def test_spoken_words_of_a_crisis_stop_everything_and_are_answered_aloud_and_once() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), begins_to_speak(("Well, ", 500))]
    script += [wrote("item_u", CRISIS), expect("conversation.item.delete", item_id="item_u")]
    script += [*stopped_by_us(1), care_request(), SAID, truncates("item_answer_1", 200)]
    async with rig(script) as r:
        browser = await attach(r)
        await settle()
        assert browser.all(Flush) == [Flush("care")]
        browser.line.flushed("item_answer_1", 200)
        await r.played()
        await r.idle()
        assert [row[0] for row in r.rows()] == ["user", "agent", "agent"]
        assert r.rows()[2] == ("agent", "completed", CRISIS_ANSWER)
        assert r.turns[2].spoken
        assert browser.items()[-1] == (2, "item_answer_2")
        assert browser.audio_ms(2) == 9000
        assert browser.marks(2)[-1] == (9000, len(CRISIS_ANSWER.split()))


async def test_typed_words_of_a_crisis_are_answered_aloud_too_when_somebody_listens() -> None:
    async with rig([listens(), care_request(), SAID]) as r:
        browser = await attach(r)
        await r.session.send_text(CRISIS)
        assert [row[2] for row in r.rows()] == [CRISIS, CRISIS_ANSWER]
        await r.played()
        await r.idle()
        assert len(r.rows()) == 2
        assert browser.audio_ms() == 9000


async def test_the_crisis_line_is_never_shown_as_unheard() -> None:
    script: list[Any] = [listens(), care_request(), SAID, truncates("item_answer_2", 300)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text(CRISIS)
        await settle()
        browser.line.stop()
        await settle()
        browser.line.flushed("item_answer_2", 300)
        await r.played()
        assert r.rows()[1] == ("agent", "completed", CRISIS_ANSWER)
        assert r.turns[1].heard_chars is None


async def test_a_response_of_the_server_that_overtakes_the_crisis_line_is_not_heard() -> None:
    """The server answers the speech by itself just as we ask it to say the crisis line."""

    def race(command: ResponseCreate) -> list[ev.ServerEvent]:
        detail = ErrorDetail(
            type="x", code="conversation_already_has_active_response", event_id=command.event_id
        )
        begun = spoken_answer("resp_9", "item_9", [("Let me think.", 500)])[:6]
        return [begun[0], ev.Error(event_id="", error=detail), *begun[1:]]

    script: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", CRISIS)]
    script += [expect("conversation.item.delete"), expect("response.create", then=race), *stopped_by_us(9)]
    async with rig([*script, care_request(), SAID]) as r:
        browser = await attach(r)
        await r.played()
        await r.idle()
        assert [row[2] for row in r.rows()] == [CRISIS, CRISIS_ANSWER]
        assert browser.items() == [(1, "item_answer_2")]


async def test_a_failed_crisis_line_is_asked_once_more_and_stands_in_any_case() -> None:
    script: list[Any] = [listens(), care_request(), emit(*failed(1)), care_request(), emit(*failed(2))]
    async with rig(script) as r:
        await attach(r)
        await r.session.send_text(CRISIS)
        await r.played()
        await r.idle()
        assert [row[2] for row in r.rows()] == [CRISIS, CRISIS_ANSWER]


async def test_words_of_a_crisis_are_not_told_to_a_new_connection() -> None:
    go = asyncio.Event()
    first: list[Any] = [
        listens(),
        *question("Hello"),
        speaks(("Hi.", 100)),
        care_request(),
        SAID,
        Hold(go),
        drops(1006),
    ]
    second = [_item("Hello"), assistant_item("Hi."), system_item(holding="interrupted")]
    async with rig(first, second) as r:
        await attach(r)
        await r.ask("Hello")
        await r.session.send_text(CRISIS)
        await r.idle()
        go.set()
        await r.played(1)


def _item(text: str) -> Any:
    return expect("conversation.item.create", item={"role": "user", "content": [{"text": text}]})
