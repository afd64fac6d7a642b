"""What happens to speech that is cut off: silence at once, a truncation where it was heard, words struck through."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from realtime_agents.agents.config import AgentConfig
from realtime_agents.knowledge.facts import FactBook
from realtime_agents.knowledge.port import Query, SearchResult
from realtime_agents.protocol import events as ev
from realtime_agents.protocol.items import ErrorDetail, MessageItem, Response, StatusDetails
from realtime_agents.session.line_messages import AudioPiece, Flush, FlushReason, ItemEnds, ListenMode, Speech
from realtime_agents.session.view import Activity, TimelineMark
from realtime_agents.tools.registry import ToolContext
from tests.support.scripted import (
    Rig,
    assistant_item,
    call,
    calls_tools,
    drops,
    output_item,
    question,
    refuses,
    rig,
    says,
    scenario,
    settle,
    system_item,
    user_item,
)
from tests.support.scripted_events import spoken_answer
from tests.support.scripted_upstream import Hold, emit, expect
from tests.support.spoken import (
    Browser,
    attach,
    begins_to_speak,
    commits,
    listens,
    speaks,
    speech_starts,
    speech_stops,
    stopped_by_server,
    stopped_by_us,
    truncates,
    utterance,
    wrote,
)

TEXT = "one two three four five six seven eight nine ten "
ONE_TO_TEN = tuple((f"{word} ", 500) for word in TEXT.split())
"""Ten words, half a second each."""


def activity(r: Rig) -> Activity:
    return r.session.snapshot().status.activity


async def hears(r: Rig, browser: Browser, ms: int, item: str = "item_answer_1") -> None:
    """The browser plays up to ``ms`` of an item, in real time, reporting every 100 ms."""
    for at in range(100, ms + 1, 100):
        await r.clock.advance(0.1)
        browser.line.played(item, at)
    await settle()


async def test_speech_of_the_person_silences_the_browser_and_the_server_forgets_what_was_not_heard() -> None:
    go = asyncio.Event()
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), Hold(go)]
    script += [speech_starts("item_u", 3000), stopped_by_server(), truncates("item_answer_1", 1740)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 1700)
        assert activity(r) is Activity.SPEAKING
        go.set()
        await settle()
        assert browser.kinds()[-2:] == ["Flush", "Speech"]
        assert browser.all(Flush) == [Flush("barge_in")]
        assert browser.all(Speech) == [Speech(True)]
        assert activity(r) is Activity.LISTENING
        browser.line.flushed("item_answer_1", 1740)
        await r.played()
        turn = r.turns[1]
        assert (turn.status, turn.text) == ("interrupted", TEXT)
        assert turn.heard_chars == len("one two three")
        assert turn.spoken
    assert r.history.turns["item_answer_1"].heard_chars == len("one two three")


async def test_the_server_is_not_told_to_stop_what_it_stops_itself() -> None:
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN)]
    script += [speech_starts("item_u"), stopped_by_server(), truncates("item_answer_1", 250)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await settle()
        browser.line.flushed("item_answer_1", 250)
        await r.played()
        assert "response.cancel" not in [c.type for c in r.connections[0].sent]


async def test_a_server_that_lets_its_answer_go_on_is_told_to_stop() -> None:
    plain = scenario()
    own = {"type": "server_vad", "interrupt_response": False}
    agents = {name: replace(agent, turn_detection=own) for name, agent in plain.agents.items()}
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), speech_starts("item_u")]
    script += [*stopped_by_us(), truncates("item_answer_1", 250)]
    async with rig(script, scenario_of=lambda: replace(plain, agents=agents)) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await settle()
        browser.line.flushed("item_answer_1", 250)
        await r.played()


async def test_a_browser_that_does_not_say_where_it_stopped_is_waited_for_a_quarter_of_a_second() -> None:
    go = asyncio.Event()
    script: list[Any] = [
        listens(),
        *question("Count"),
        begins_to_speak(*ONE_TO_TEN),
        Hold(go),
        speech_starts("item_u"),
    ]
    script += [stopped_by_server(), truncates("item_answer_1", 800)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 800)
        go.set()
        await r.clock.advance(0.24)
        assert r.turns[1].heard_chars is None
        await r.clock.advance(0.02)
        await r.played()
        assert r.turns[1].heard_chars == len("one")


async def test_a_position_that_comes_too_late_changes_nothing() -> None:
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), speech_starts("item_u")]
    script += [stopped_by_server(), truncates("item_answer_1", 250)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await r.clock.advance(0.25)
        browser.line.flushed("item_answer_1", 4000)
        browser.line.played("item_answer_1", 4000)
        browser.line.flushed("item_of_nobody", 1)
        await r.played()
        assert r.turns[1].heard_chars == 0


@pytest.mark.parametrize("reported", [5001, 99_999])
async def test_more_than_was_sent_was_never_heard(reported: int) -> None:
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), speech_starts("item_u")]
    script += [stopped_by_server(), truncates("item_answer_1", 5000)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await settle()
        browser.line.flushed("item_answer_1", reported)
        await r.played()
        assert r.turns[1].heard_chars is None  # every word that had come was heard
        assert r.turns[1].status == "interrupted"


async def test_nothing_is_truncated_when_nothing_was_heard() -> None:
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), speech_starts("item_u")]
    async with rig([*script, stopped_by_server()]) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await settle()
        browser.line.flushed("item_answer_1", 0)
        await r.played()
        assert r.turns[1].heard_chars == 0
        assert r.turns[1].status == "interrupted"


async def test_nothing_is_truncated_or_flushed_when_all_was_heard() -> None:
    go = asyncio.Event()
    script: list[Any] = [
        listens(),
        *question("Count"),
        speaks(*ONE_TO_TEN),
        Hold(go),
        speech_starts("item_u"),
    ]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 5000)
        assert activity(r) is Activity.LISTENING
        go.set()
        await r.clock.advance(1)
        assert browser.all(Flush) == []
        assert (r.turns[1].status, r.turns[1].heard_chars) == ("completed", None)


async def test_an_answer_that_the_server_finished_is_cut_where_the_browser_plays_it() -> None:
    go = asyncio.Event()
    script: list[Any] = [
        listens(),
        *question("Count"),
        speaks(*ONE_TO_TEN),
        Hold(go),
        speech_starts("item_u"),
    ]
    async with rig([*script, truncates("item_answer_1", 2600)]) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await r.idle()
        assert r.turns[1].status == "completed"
        assert activity(r) is Activity.SPEAKING
        await hears(r, browser, 2500)
        go.set()
        await settle()
        browser.line.flushed("item_answer_1", 2600)
        await r.played()
        assert (r.turns[1].status, r.turns[1].heard_chars) == ("interrupted", len("one two three four five"))


async def test_only_the_item_that_was_playing_is_truncated_and_the_next_counts_as_unheard() -> None:
    first = spoken_answer("resp_1", "item_a", ONE_TO_TEN[:2])
    second = spoken_answer("resp_1", "item_b", ONE_TO_TEN[2:4])
    both = [*first[:-1], *second[1:-1]]
    go = asyncio.Event()
    script: list[Any] = [listens(), *question("Count"), emit(*both), Hold(go), speech_starts("item_u")]
    async with rig([*script, stopped_by_server(), truncates("item_a", 600)]) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 600, "item_a")
        go.set()
        await settle()
        browser.line.flushed("item_a", 600)
        await r.played()
        assert [turn.heard_chars for turn in r.turns[1:]] == [len("one"), 0]


async def test_audio_and_words_after_the_cut_are_neither_played_nor_shown() -> None:
    late = spoken_answer("resp_1", "item_answer_1", [*ONE_TO_TEN, ("eleven", 500)])[24:26]
    assert late[0].type == "response.output_audio_transcript.delta"
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), speech_starts("item_u")]
    done = ev.ResponseOutputAudioDone(
        event_id="", response_id="resp_1", item_id="item_answer_1", output_index=0, content_index=0
    )
    script += [emit(*late, done), stopped_by_server()]
    async with rig([*script, truncates("item_answer_1", 250)]) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await settle()
        assert browser.kinds()[-1] == "Speech"
        assert browser.all(ItemEnds) == []
        browser.line.flushed("item_answer_1", 250)
        await r.played()
        assert r.turns[1].text == TEXT


# Other ways to interrupt.


async def test_typed_text_silences_cancels_truncates_and_then_asks() -> None:
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), *stopped_by_us()]
    script += [truncates("item_answer_1", 700), *question("Stop that"), speaks(("Yes.", 200), number=2)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 600)
        await r.session.send_text("Stop that")
        assert r.rows()[2] == ("user", "completed", "Stop that")
        await settle()
        assert browser.all(Flush) == [Flush("typed")]
        browser.line.flushed("item_answer_1", 700)
        await r.idle()
        assert r.rows()[3] == ("agent", "completed", "Yes.")
        assert r.turns[1].heard_chars == len("one")


async def test_two_messages_in_a_row_are_told_in_order_and_get_one_answer() -> None:
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), *stopped_by_us()]
    script += [truncates("item_answer_1", 600), user_item("Stop"), user_item("And go on")]
    script += [expect("response.create"), speaks(("Done.", 100), number=2)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 600)
        await r.session.send_text("Stop")
        await r.session.send_text("And go on")
        await r.idle()
        assert [row[2] for row in r.rows()[2:]] == ["Stop", "And go on", "Done."]


async def test_a_message_typed_while_the_connection_breaks_is_asked_once() -> None:
    first: list[Any] = [
        listens(),
        *question("Count"),
        begins_to_speak(*ONE_TO_TEN),
        expect("response.cancel"),
    ]
    second: list[Any] = [user_item("Count"), assistant_item("one"), system_item(holding="interrupted")]
    second += [user_item("Stop"), expect("response.create"), speaks(("Yes.", 100), number=2)]
    async with rig([*first, drops(1006)], [refuses()], second) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 600)
        await r.session.send_text("Stop")
        await r.played(0)
        await r.clock.advance(1)
        await r.played(2)
        assert r.rows()[-1] == ("agent", "completed", "Yes.")


async def test_the_stop_button_silences_cancels_and_truncates() -> None:
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), *stopped_by_us()]
    async with rig([*script, truncates("item_answer_1", 600)]) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 600)
        browser.line.stop()
        await settle()
        browser.line.flushed("item_answer_1", 600)
        await r.played()
        assert browser.all(Flush) == [Flush("stopped")]
        assert activity(r) is Activity.LISTENING


async def test_interrupting_the_session_does_the_same_as_the_stop_button() -> None:
    script: list[Any] = [listens(), *question("Count"), speaks(*ONE_TO_TEN)]
    async with rig([*script, truncates("item_answer_1", 600)]) as r:
        browser = await attach(r)
        await r.ask("Count")
        await hears(r, browser, 600)
        await r.session.interrupt()
        await r.clock.advance(0.25)
        assert browser.all(Flush) == [Flush("stopped")]
        assert r.turns[1].heard_chars == len("one")


async def test_another_agent_chosen_by_hand_silences_the_one_that_speaks() -> None:
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), *stopped_by_us()]
    script += [expect("session.update"), system_item(holding="Va"), expect("response.create")]
    script += [truncates("item_answer_1", 600), speaks(("I am Va.", 100), number=2)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 600)
        await r.session.switch_agent("va")
        await r.session.switch_agent("va")
        await settle()
        assert browser.all(Flush) == [Flush("handoff")]
        browser.line.flushed("item_answer_1", 600)
        await r.played()
        assert r.turns[1].heard_chars == len("one")
        assert r.rows()[-1] == ("agent", "completed", "I am Va.")


async def test_a_press_of_the_button_cuts_speech_and_the_answer_knows_what_was_heard() -> None:
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), *stopped_by_us()]
    script += [*[expect("input_audio_buffer.append")] * 5, truncates("item_answer_1", 600)]
    script += [expect("input_audio_buffer.commit"), expect("response.create")]
    script += [commits("item_u"), wrote("item_u", "Enough"), speaks(("Yes.", 100), number=2)]
    async with rig(script) as r:
        browser = await attach(r, "push_to_talk")
        await r.session.send_text("Count")
        await hears(r, browser, 600)
        browser.line.talk(True)
        browser.say(100)
        browser.line.talk(False)
        await settle()
        browser.line.flushed("item_answer_1", 600)
        await r.played()
        assert [row[2] for row in r.rows()[2:]] == ["Enough", "Yes."]


async def test_a_press_that_waits_to_be_committed_when_the_connection_breaks_is_told_to_be_lost() -> None:
    first: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), *stopped_by_us()]
    first += [*[expect("input_audio_buffer.append")] * 5, drops(1006)]
    second = [user_item("Count"), assistant_item("one"), system_item(holding="interrupted")]
    async with rig(first, [refuses()], second) as r:
        browser = await attach(r, "push_to_talk")
        await r.session.send_text("Count")
        await hears(r, browser, 600)
        browser.line.talk(True)
        browser.say(100)
        browser.line.talk(False)
        await r.played(0)
        await r.clock.advance(1)
        await r.played(2)
        assert r.rows()[2][:2] == ("breadcrumb", "failed")
        assert "say it again" in r.rows()[2][2]
        assert activity(r) is Activity.IDLE


async def test_an_answer_cut_by_a_lost_connection_is_silenced_and_said_anew() -> None:
    first: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), drops(1006)]
    second: list[Any] = [user_item("Count"), expect("response.create"), speaks(("one two", 100), number=2)]
    async with rig(first, [refuses()], second) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await r.played(0)
        assert browser.all(Flush) == [Flush("stopped")]
        browser.line.flushed("item_answer_1", 600)
        await r.clock.advance(1)
        await r.played(2)
        assert r.turns[1].heard_chars == len("one")
        assert r.rows()[-1] == ("agent", "completed", "one two")


async def test_what_plays_when_an_idle_connection_is_lost_plays_on_and_is_not_truncated_elsewhere() -> None:
    first: list[Any] = [listens(), *question("Count"), speaks(*ONE_TO_TEN), drops(1006)]
    second: list[Any] = [user_item("Count"), assistant_item(TEXT), system_item(holding="interrupted")]
    go = asyncio.Event()
    async with rig(first, [*second, Hold(go), speech_starts("item_u")]) as r:
        browser = await attach(r)
        await r.ask("Count")
        await hears(r, browser, 600)
        go.set()
        await r.played(1)
        browser.line.flushed("item_answer_1", 700)
        await settle()
        assert r.turns[1].heard_chars == len("one")


async def test_a_line_that_ends_leaves_the_answer_to_be_read() -> None:
    script: list[Any] = [
        listens(),
        *question("Count"),
        begins_to_speak(*ONE_TO_TEN),
        expect("session.update"),
    ]
    rest = spoken_answer("resp_1", "item_answer_1", ONE_TO_TEN)[24:]
    async with rig([*script, emit(*rest)]) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 600)
        await browser.line.close()
        await r.played()
        assert (r.turns[1].status, r.turns[1].heard_chars) == ("completed", None)
        assert r.turns[1].text.split()[-1] == "ten"


# What an interrupted answer leaves.


async def test_what_an_earlier_line_brought_is_silenced_when_the_person_speaks() -> None:
    """A browser plays on what it has while it connects again."""
    go = asyncio.Event()
    script: list[Any] = [listens(), *question("Count"), speaks(*ONE_TO_TEN), expect("session.update")]
    script += [listens(), Hold(go), speech_starts("item_u", 3000), speech_starts("item_v", 9000)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 1700)
        await browser.line.close()
        again = await attach(r)
        go.set()
        await r.played()
        assert again.all(Flush) == [Flush("barge_in")]
        assert r.turns[1].heard_chars is None


async def test_a_new_connection_is_told_only_what_was_heard() -> None:
    first: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN), *stopped_by_us()]
    first += [truncates("item_answer_1", 1600), drops(1006)]
    second: list[Any] = [
        user_item("Count"),
        assistant_item("one two three"),
        system_item(holding="interrupted"),
    ]
    async with rig(first, second) as r:
        browser = await attach(r)
        await r.session.send_text("Count")
        await hears(r, browser, 1600)
        await r.session.interrupt()
        await r.clock.advance(0.25)
        await r.played(1)


async def test_citations_are_not_words_and_a_cut_answer_keeps_those_it_shows() -> None:
    script: list[Any] = [listens(), *question("Pact?"), calls_tools(call("search", '{"query": "pact"}'))]
    script += [output_item("call_1"), expect("response.create")]
    script += [begins_to_speak(("It is covered [1]. ", 1500), ("Ask the VA.", 1500), number=2)]
    script += [*stopped_by_us(2), truncates("item_answer_2", 1600)]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("Pact?")
        await settle()
        await hears(r, browser, 1600, "item_answer_2")
        await r.session.interrupt()
        await r.clock.advance(0.25)
        turn = r.turns[-1]
        assert turn.text == "It is covered [1]. Ask the VA."
        assert turn.text[: turn.heard_chars] == "It is covered"
        assert len(turn.citations) == 1


@pytest.mark.parametrize("reason", ["typed", "stopped"])
async def test_a_flush_says_why(reason: FlushReason) -> None:
    script: list[Any] = [listens(), *question("Count"), speaks(*ONE_TO_TEN)]
    after = [*question("Next"), speaks(("Yes.", 100), number=2)] if reason == "typed" else []
    async with rig([*script, *after]) as r:
        browser = await attach(r)
        await r.ask("Count")
        await r.session.send_text("Next") if reason == "typed" else browser.line.stop()
        await settle()
        browser.line.flushed("item_answer_1", 0)
        await r.played()
        assert browser.all(Flush) == [Flush(reason)]


# Times.


async def test_the_timeline_of_an_answer_tells_where_its_time_went() -> None:
    gates = [asyncio.Event() for _ in range(5)]
    events = spoken_answer("resp_1", "item_answer_1", [("Hi there.", 400)])
    script: list[Any] = [listens(), *[expect("input_audio_buffer.append")] * 10]
    script += [speech_starts("item_u", 200), Hold(gates[0]), speech_stops("item_u", 1500), Hold(gates[1])]
    script += [commits("item_u"), Hold(gates[2]), emit(events[0]), wrote("item_u", "Hello")]
    script += [Hold(gates[3]), emit(*events[1:])]
    async with rig(script) as r:
        browser = await attach(r)
        for _ in range(10):
            await r.clock.advance(0.2)
            browser.say(200, frame_ms=200)
        await settle()
        gates[0].set()  # 2.0 s after the first sound: 1500 - 500 ms of silence = speech ended at 1.0 s
        for gate, seconds in ((gates[1], 0.05), (gates[2], 0.1), (gates[3], 0.1)):
            await r.clock.advance(seconds)
            gate.set()
            await settle()
        await r.clock.advance(0.3)
        browser.line.played("item_answer_1", 100)
        await r.clock.advance(0.3)
        browser.line.played("item_answer_1", 400)
        await settle()
        turn = r.turns[1]
        marks = {mark.name: mark.at_ms for mark in turn.timeline}
        assert marks == {
            "speech_start": -500,
            "speech_end": 0,
            "vad": 1000,
            "commit": 1050,
            "first_event": 1150,
            "transcript": 1150,
            "first_text": 1250,
            "first_audio_sent": 1250,
            "first_audio_heard": 1450,
            "audio_end": 1850,
        }
        assert turn.metrics is not None
        assert turn.metrics.first_audio_ms == 1450
        assert turn.metrics.first_token_ms == 1250
        assert turn.metrics.total_ms == 1250
    assert r.history.turns["item_answer_1"].timeline == turn.timeline


@pytest.mark.parametrize(("mode", "spoken_ms"), [("semantic_vad", 1200), ("server_vad", 3500)])
async def test_a_wait_of_the_server_counts_from_the_last_sound_or_from_what_it_says(
    mode: ListenMode, spoken_ms: int
) -> None:
    """Only server_vad says how long it waited: half a second of what was in truth 2.8 s."""
    go = asyncio.Event()
    script: list[Any] = [listens(), *[expect("input_audio_buffer.append")] * 20]
    script += [speech_starts("item_u", 0), Hold(go), speech_stops("item_u", 4000), commits("item_u")]
    async with rig([*script, speaks(("Hi.", 400)), wrote("item_u", "Hello")]) as r:
        browser = await attach(r, mode)
        for step in range(20):
            await r.clock.advance(0.2)
            browser.say(200, frame_ms=200, loud=step < 6)
        await settle()
        go.set()
        await settle()
        browser.line.played("item_answer_1", 100)
        await settle()
        marks = {mark.name: mark.at_ms for mark in r.turns[1].timeline}
        assert (marks["speech_end"], marks["vad"]) == (0, 4000 - spoken_ms)
        assert r.turns[1].metrics is not None
        assert r.turns[1].metrics.first_token_ms == 4000 - spoken_ms


async def test_who_mutes_in_mid_turn_fell_silent_there() -> None:
    """The silence that is sent then is no gap in what was measured."""
    append = expect("input_audio_buffer.append")
    script: list[Any] = [listens(), *[append] * 6, speech_starts("item_u", 0), *[append] * 28]
    script += [
        speech_stops("item_u", 4000),
        commits("item_u"),
        speaks(("Hi.", 400)),
        wrote("item_u", "Hello"),
    ]
    async with rig(script) as r:
        browser = await attach(r, "semantic_vad")
        for _ in range(6):
            await r.clock.advance(0.2)
            browser.say(200, frame_ms=200, loud=True)
        await settle()
        browser.line.mute(True)
        for _ in range(27):
            await r.clock.advance(0.1)
        await settle()
        marks = {mark.name: mark.at_ms for mark in r.turns[1].timeline}
        assert (marks["speech_end"], marks["vad"]) == (0, 2700)


async def test_a_search_is_on_the_timeline_within_its_tool() -> None:
    class Knowledge:
        async def search(self, query: Query) -> SearchResult:
            await r.clock.sleep(0.3)
            return SearchResult(hits=(), top_cosine=None)

    def context(session_id: str, agent: AgentConfig) -> ToolContext:
        return ToolContext(
            session_id=session_id,
            agent=agent,
            knowledge=Knowledge(),
            collections=(),
            facts=FactBook(),
            today=date(2026, 1, 1),
        )

    script: list[Any] = [listens(), *question("Slow?"), calls_tools(call("slow")), output_item("call_1")]
    script += [expect("response.create"), speaks(("Done.", 100), number=2)]
    async with rig(script, tool_context=context) as r:
        r.toolbox.searches = True
        await attach(r)
        await r.session.send_text("Slow?")
        await settle()
        await r.clock.advance(0.1)
        r.toolbox.gate.set()
        await settle()
        await r.clock.advance(0.3)
        await r.idle()
        found = [mark for mark in r.turns[-1].timeline if mark.duration_ms]
        assert found == [
            TimelineMark(name="tool:slow", at_ms=0, duration_ms=400),
            TimelineMark(name="search", at_ms=100, duration_ms=300),
        ]


async def test_tools_are_on_the_timeline_with_their_duration() -> None:
    script: list[Any] = [listens(), *question("Slow?"), calls_tools(call("slow")), output_item("call_1")]
    async with rig([*script, expect("response.create"), speaks(("Done.", 100), number=2)]) as r:
        await attach(r)
        await r.session.send_text("Slow?")
        await settle()
        await r.clock.advance(0.4)
        r.toolbox.gate.set()
        await r.idle()
        tools = [mark for mark in r.turns[-1].timeline if mark.name.startswith("tool:")]
        assert tools == [TimelineMark(name="tool:slow", at_ms=0, duration_ms=400)]


async def test_an_agent_whose_browser_stops_reporting_does_not_speak_for_ever() -> None:
    async with rig([listens(), *question("Count"), speaks(*ONE_TO_TEN)]) as r:
        browser = await attach(r)
        await r.ask("Count")
        await hears(r, browser, 600)
        assert activity(r) is Activity.SPEAKING
        await r.clock.advance(7)
        assert activity(r) is Activity.SPEAKING
        await r.clock.advance(4)
        assert activity(r) is Activity.LISTENING
        assert r.turns[1].heard_chars is None


async def test_words_are_marked_in_step_with_the_audio_they_belong_to() -> None:
    pieces = [("It is ", 200), ("covered [1]", 200), (".", 200), (" Yes.", 150)]
    async with rig([listens(), *question("Pact?"), speaks(*pieces)]) as r:
        browser = await attach(r)
        await r.ask("Pact?")
        assert browser.items() == [(1, "item_answer_1")]
        assert browser.marks() == [(200, 2), (400, 3), (750, 4)]
        assert browser.all(ItemEnds) == [ItemEnds(1, 750)]
        assert browser.audio_ms() == 750
        names = [n for n in browser.kinds() if n != "Ready"]
        assert names[:4] == ["ItemBegins", "MarksAdded", "AudioPiece", "MarksAdded"]


async def test_large_pieces_of_audio_are_cut_to_what_the_browser_takes() -> None:
    async with rig([listens(), *question("Long"), speaks(("All of it at once.", 950))]) as r:
        browser = await attach(r)
        await r.ask("Long")
        assert [len(piece.pcm) // 48 for piece in browser.all(AudioPiece)] == [200, 200, 200, 200, 150]
        assert browser.audio_ms() == 950


async def test_repeated_and_broken_audio_events_leave_one_answer() -> None:
    events = spoken_answer("resp_1", "item_answer_1", [("Hi.", 100)])
    bad = ev.ResponseOutputAudioDelta(
        event_id="",
        response_id="resp_1",
        item_id="item_answer_1",
        output_index=0,
        content_index=0,
        delta="no base64",
    )
    script: list[Any] = [
        listens(),
        *question("Hello"),
        emit(events[0], *events[:6], bad, *events[6:], events[-1]),
    ]
    async with rig(script, allow_errors=True) as r:
        browser = await attach(r)
        await r.ask("Hello")
        assert r.rows()[1] == ("agent", "completed", "Hi.")
        assert browser.audio_ms() == 100


async def test_an_answer_whose_words_only_come_at_its_end_is_marked_as_spoken() -> None:
    events = [
        e
        for e in spoken_answer("resp_1", "item_answer_1", [("Hi there.", 300)])
        if e.type in ("response.created", "response.output_audio.delta", "response.done")
    ]
    async with rig([listens(), *question("Hello"), emit(*events)]) as r:
        await attach(r)
        await r.ask("Hello")
        assert isinstance(events[-1], ev.ResponseDone)
        assert isinstance(events[-1].response.output[0], MessageItem)
        assert r.rows()[1] == ("agent", "completed", "Hi there.")
        assert r.turns[1].spoken


async def test_a_turn_begun_by_voice_can_be_interrupted_before_it_is_answered() -> None:
    script: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", "What is")]
    script += [speech_starts("item_v", 1600), speech_stops("item_v", 3000), commits("item_v", "item_u")]
    script += [wrote("item_v", "Part B?"), speaks(("Medical.", 100))]
    async with rig(script) as r:
        await attach(r)
        await r.played()
        assert [row[2] for row in r.rows()] == ["What is", "Part B?", "Medical."]


async def test_a_spoken_answer_that_names_no_numbers_shows_what_it_rests_on() -> None:
    script: list[Any] = [listens(), *question("Pact?"), calls_tools(call("search", '{"query": "pact"}'))]
    script += [output_item("call_1"), expect("response.create")]
    async with rig([*script, speaks(("Yes, toxic exposure is covered.", 900), number=2)]) as r:
        await attach(r)
        await r.ask("Pact?")
        turn = r.turns[-1]
        assert turn.text == "Yes, toxic exposure is covered."
        assert [(c.n, c.document_id) for c in turn.citations] == [(1, "va/pact")]
        assert not turn.abstained


async def test_a_written_answer_that_names_no_numbers_gets_no_sources_attached() -> None:
    script: list[Any] = [*question("Pact?"), calls_tools(call("search", '{"query": "pact"}'))]
    script += [output_item("call_1"), expect("response.create")]
    async with rig([*script, says("Yes, toxic exposure is covered.", number=2)]) as r:
        await r.ask("Pact?")
        assert r.turns[-1].citations == ()


async def test_an_answer_that_fails_in_mid_sentence_is_played_so_far_and_then_said_anew() -> None:
    failed = Response(
        id="resp_1",
        status="failed",
        status_details=StatusDetails(error=ErrorDetail(type="server_error", code="server_error")),
    )
    script: list[Any] = [listens(), *question("Count"), begins_to_speak(*ONE_TO_TEN[:2])]
    script += [emit(ev.ResponseDone(event_id="", response=failed)), expect("response.create")]
    async with rig([*script, speaks(("one two three", 1500), number=2)]) as r:
        browser = await attach(r)
        await r.ask("Count")
        assert browser.all(ItemEnds) == [ItemEnds(1, 1000), ItemEnds(2, 1500)]
        browser.line.played("item_answer_1", 1000)
        assert activity(r) is Activity.SPEAKING
        browser.line.played("item_answer_2", 1500)
        assert activity(r) is Activity.LISTENING
