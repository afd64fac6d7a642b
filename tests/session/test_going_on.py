"""The agent hears itself: the answer that this cut goes on where it was heard, and nobody is asked twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realtime_agents.safety.danger import CRISIS_ANSWER
from realtime_agents.session.going_on import MAX_TIMES
from realtime_agents.session.line_messages import Notice
from tests.support.scripted import (
    Rig,
    assistant_item,
    call,
    calls_tools,
    drops,
    output_item,
    question,
    rig,
    settle,
    system_item,
    user_item,
)
from tests.support.scripted_events import spoken_answer
from tests.support.scripted_upstream import Expect, Hold, Step, emit, expect
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
    wrote,
)

AGENT = "The Part B deductible is 257 dollars in this year. "
HEARD, REST = "The Part B deductible is", "257 dollars in this year."
MINE = {"purpose": "go on"}


def says_exactly(words: str) -> Expect:
    said = {"input": [], "tools": [], "instructions": f'Say exactly: "{words}"', "metadata": MINE}
    return expect("response.create", response=said)


def goes_on(as_who: str = "greeter") -> Expect:
    """A request for what follows what was heard, with all the agent knows and may do."""

    def is_asked(instructions: str) -> bool:
        parts = ("You are ", f"Instructions of {as_who}.", "Go on right after its last word")
        return all(part in instructions for part in parts)

    return expect("response.create", response={"metadata": MINE, "instructions": is_asked})


def echo(
    of: str, *, number: int = 1, at_ms: int = 900, heard_ms: int = 2000, running: bool = False
) -> list[Step]:
    """The microphone hears ``of``, an answer's words, and the server begins to answer it as response 20+."""
    item, answer = f"item_e{number}", 20 + number
    stopped = [stopped_by_server(number)] if running else []
    return [
        speech_starts(item, at_ms),
        *stopped,
        truncates(f"item_answer_{number}", heard_ms),
        speech_stops(item, at_ms + 1600),
        commits(item),
        emit(*spoken_answer(f"resp_{answer}", f"item_answer_{answer}", [("You ", 100)])[:4]),
        wrote(item, of),
        expect("conversation.item.delete", item_id=item),
        *stopped_by_us(answer),
    ]


async def heard_so_far(r: Rig, browser: Browser, go: asyncio.Event, *, number: int = 1) -> None:
    """The browser plays 2 s of an answer; then comes what ``go`` holds back."""
    item = f"item_answer_{number}"
    await settle()
    await r.clock.advance(2)
    browser.line.played(item, 2000)
    go.set()
    await settle()
    browser.line.flushed(item, 2000)
    await settle()


async def test_an_answer_that_was_whole_is_said_to_its_end() -> None:
    go = asyncio.Event()
    script: list[Any] = [listens(), *question("How much?"), speaks((AGENT, 4000)), Hold(go)]
    script += [
        *echo("Part B deductible is"),
        says_exactly(REST),
        speaks((REST, 2000), number=2, metadata=MINE),
    ]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await heard_so_far(r, browser, go)
        await r.played()
        await r.idle()
        assert r.rows()[1:] == [("agent", "completed", HEARD), ("agent", "completed", REST)]
        assert all(turn.heard_chars is None for turn in r.turns)
        assert "headset" in browser.all(Notice)[0].text
        assert browser.items() == [(1, "item_answer_1"), (2, "item_answer_2")]
        assert browser.audio_ms(2) == 2000
    assert [turn.text for turn in r.history.turns.values()] == ["How much?", HEARD, REST]


async def test_an_answer_that_was_stopped_in_the_middle_is_asked_to_go_on() -> None:
    go = asyncio.Event()
    script: list[Any] = [listens(), *question("How much?"), begins_to_speak((AGENT, 4000)), Hold(go)]
    script += [*echo("Part B deductible is", running=True), goes_on()]
    async with rig([*script, speaks(("257 dollars.", 900), number=2, metadata=MINE)]) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await heard_so_far(r, browser, go)
        await r.played()
        await r.idle()
        assert r.rows()[1:] == [("agent", "completed", HEARD), ("agent", "completed", "257 dollars.")]


async def test_another_agent_goes_on_as_itself() -> None:
    go = asyncio.Event()
    transfer = call("transfer_to_va", '{"reason": "knows"}')
    script: list[Any] = [listens(), *question("How much?"), begins_to_speak((AGENT, 4000)), Hold(go)]
    script += [*echo("Part B deductible is", running=True), goes_on(), calls_tools(transfer, number=2)]
    script += [expect("session.update"), output_item("call_1"), goes_on("va")]
    async with rig([*script, speaks(("257 dollars.", 900), number=3, metadata=MINE)]) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await heard_so_far(r, browser, go)
        await r.played()
        await r.idle()


async def test_a_new_connection_is_told_what_was_heard_before_it_goes_on() -> None:
    go = asyncio.Event()
    script: list[Any] = [listens(), *question("How much?"), begins_to_speak((AGENT, 4000)), Hold(go)]
    script += [*echo("Part B deductible is", running=True), goes_on(), drops()]
    anew: list[Any] = [
        user_item("How much?"),
        assistant_item(HEARD),
        system_item(holding="interrupted"),
        goes_on(),
    ]
    async with rig(script, [*anew, speaks(("257 dollars.", 900), number=2, metadata=MINE)]) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await heard_so_far(r, browser, go)
        await r.played()
        await r.clock.advance(1)
        await r.played(1)
        await r.idle()
        assert [row[2] for row in r.rows() if row[0] == "agent"] == [HEARD, "257 dollars."]


async def test_what_the_server_says_to_the_echo_later_is_not_taken_for_the_rest() -> None:
    go = asyncio.Event()
    script: list[Any] = [listens(), *question("How much?"), speaks((AGENT, 4000)), Hold(go)]
    script += [speech_starts("item_e", 900), truncates("item_answer_1", 2000), speech_stops("item_e", 2500)]
    script += [commits("item_e"), wrote("item_e", "Part B deductible is"), expect("conversation.item.delete")]
    late = spoken_answer("resp_9", "item_answer_9", [("You ", 100)])[:4]
    script += [says_exactly(REST), emit(*late), *stopped_by_us(9), says_exactly(REST)]
    async with rig([*script, speaks((REST, 2000), number=2, metadata=MINE)]) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await heard_so_far(r, browser, go)
        await r.played()
        await r.idle()
        assert [row[2] for row in r.rows()[1:]] == [HEARD, REST]


async def test_an_answer_that_was_heard_to_its_end_does_not_go_on() -> None:
    go = asyncio.Event()
    script: list[Any] = [
        listens(),
        *question("How much?"),
        speaks((f"{HEARD} ", 1900), ("[1]", 200)),
        Hold(go),
    ]
    script += echo("Part B deductible is")
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await heard_so_far(r, browser, go)
        await r.played()
        await r.idle()
        assert r.rows()[1][2].startswith(HEARD) and len(r.rows()) == 2


async def test_who_hears_itself_at_every_attempt_stops_trying() -> None:
    gates = [asyncio.Event() for _ in range(MAX_TIMES + 1)]
    script: list[Any] = [listens(), *question("How much?"), speaks((AGENT * 3, 12_000))]
    for number, gate in enumerate(gates, 1):
        script += [Hold(gate), *echo("Part B deductible is", number=number)]
        if number <= MAX_TIMES:
            metadata = {"metadata": MINE}
            script.append(expect("response.create", response=metadata))
            script.append(speaks((AGENT * 3, 12_000), number=number + 1, metadata=MINE))
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        for number, gate in enumerate(gates, 1):
            await heard_so_far(r, browser, gate, number=number)
        await r.played()
        await r.idle()
        assert len(browser.all(Notice)) == MAX_TIMES + 1
        assert r.turns[-1].heard_chars is not None  # as it is without going on


async def test_a_question_asked_meanwhile_is_answered_instead() -> None:
    go, late = asyncio.Event(), asyncio.Event()
    script: list[Any] = [listens(), *question("How much?"), speaks((AGENT, 4000)), Hold(go)]
    script += [speech_starts("item_e", 900), truncates("item_answer_1", 2000), speech_stops("item_e", 2500)]
    script += [commits("item_e"), speaks(("You", 100), number=8), *question("And Part D?")]
    script += [speaks(("That depends.", 500), number=2), Hold(late), wrote("item_e", "Part B deductible is")]
    async with rig([*script, expect("conversation.item.delete")]) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await heard_so_far(r, browser, go)
        browser.line.played("item_answer_8", 100)
        await r.ask("And Part D?")
        late.set()
        await r.played()
        assert r.rows()[-1] == ("agent", "completed", "That depends.")


async def test_while_somebody_speaks_nothing_goes_on() -> None:
    go = asyncio.Event()
    script: list[Any] = [listens(), *question("How much?"), speaks((AGENT, 4000)), Hold(go)]
    steps = echo("Part B deductible is")
    script += [
        *steps[:-4],
        speech_starts("item_u", 3000),
        *steps[-4:-3],
        stopped_by_server(21),
        *steps[-3:-2],
    ]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await heard_so_far(r, browser, go)
        await r.played()
        assert r.turns[1].heard_chars == len(HEARD)


@pytest.mark.parametrize("is_committed", [False, True])
@pytest.mark.parametrize("by", ["the line", "the page"])
async def test_an_answer_that_the_person_stops_does_not_go_on(by: str, is_committed: bool) -> None:
    go, late = asyncio.Event(), asyncio.Event()
    script: list[Any] = [listens(), *question("How much?"), speaks((AGENT, 4000)), Hold(go)]
    script += [speech_starts("item_e", 900), truncates("item_answer_1", 2000), speech_stops("item_e", 2500)]
    script += [commits("item_e"), Hold(late)] if is_committed else [Hold(late), commits("item_e")]
    script += [wrote("item_e", "Part B deductible is"), expect("conversation.item.delete")]
    async with rig(script) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await heard_so_far(r, browser, go)
        if by == "the line":
            browser.line.stop()
        else:
            await r.session.interrupt()
        late.set()
        await r.played()
        await r.idle()
        assert r.turns[1].heard_chars == len(HEARD)


async def test_an_answer_to_the_echo_that_is_still_heard_is_silenced() -> None:
    go, late = asyncio.Event(), asyncio.Event()
    script: list[Any] = [listens(), *question("How much?"), speaks((AGENT, 4000)), Hold(go)]
    script += [speech_starts("item_e", 900), truncates("item_answer_1", 2000), speech_stops("item_e", 2500)]
    script += [commits("item_e"), speaks(("You are right about that", 3000), number=8), Hold(late)]
    script += [wrote("item_e", "Part B deductible is"), expect("conversation.item.delete")]
    script += [truncates("item_answer_8", 400), says_exactly(REST)]
    async with rig([*script, speaks((REST, 2000), number=2, metadata=MINE)]) as r:
        browser = await attach(r)
        await r.session.send_text("How much?")
        await heard_so_far(r, browser, go)
        browser.line.played("item_answer_8", 400)
        late.set()
        await settle()
        browser.line.flushed("item_answer_8", 400)
        await r.played()
        await r.idle()
        assert r.rows()[-1] == ("agent", "completed", REST)


async def test_a_crisis_line_that_was_cut_by_an_echo_is_said_again() -> None:
    go = asyncio.Event()
    line = {"instructions": f'Say exactly: "{CRISIS_ANSWER}"', "metadata": {"purpose": "danger"}}
    said = (CRISIS_ANSWER, 9000)
    script: list[Any] = [listens(), expect("response.create", response=line)]
    script += [speaks(said, metadata={"purpose": "danger"}), Hold(go)]
    script += [*echo(" ".join(CRISIS_ANSWER.split()[:5])), expect("response.create", response=line)]
    async with rig([*script, speaks(said, number=2, metadata={"purpose": "danger"})]) as r:
        browser = await attach(r)
        await r.session.send_text("I want to kill myself")
        await heard_so_far(r, browser, go)
        await r.played()
        await r.idle()
        assert [row[2] for row in r.rows()] == ["I want to kill myself", CRISIS_ANSWER]
        assert browser.audio_ms(2) == 9000 or browser.audio_ms(3) == 9000
