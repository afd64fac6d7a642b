"""From one agent to another, by the agent's own call and by the person's choice."""

from __future__ import annotations

import asyncio
import json

import pytest

from realtime_agents.errors import SessionError
from realtime_agents.protocol import events as ev
from realtime_agents.protocol.commands import SessionUpdate
from realtime_agents.protocol.items import FunctionCallItem, Response
from realtime_agents.session.view import Handoff, LiveText
from tests.support.scripted import (
    begins,
    call,
    calls_tools,
    output_item,
    question,
    rig,
    says,
    settle,
    system_item,
    take,
    user_item,
)
from tests.support.scripted_events import answer, calls
from tests.support.scripted_upstream import Hold, Step, emit, expect


def transfer(target: str, reason: str = "asks about benefits", *, number: int = 1) -> FunctionCallItem:
    return call(f"transfer_to_{target}", json.dumps({"reason": reason}), call_id=f"call_transfer_{number}")


def configures(agent: str) -> Step:
    """A session.update with the agent's instructions and without a voice."""

    def is_for(session: dict[str, object]) -> bool:
        return f"Instructions of {agent}." in str(session["instructions"]) and "voice" not in json.dumps(
            session
        )

    return expect("session.update", session=is_for)


def handed_over(target: str, *, number: int = 1) -> list[Step]:
    """The call, and what must follow in this order."""
    return [
        calls_tools(transfer(target, number=number), number=number),
        configures(target),
        output_item(f"call_transfer_{number}", holding='"outcome": "ok"'),
        expect("response.create"),
    ]


def cancelled(number: int) -> Step:
    return emit(ev.ResponseDone(event_id="", response=Response(id=f"resp_{number}", status="cancelled")))


async def test_a_handoff_configures_the_new_agent_before_its_output_and_it_speaks_at_once() -> None:
    async with rig([*question("PACT?"), *handed_over("va"), says("VA here.", number=2)]) as r:
        await r.ask("PACT?")
        assert r.rows() == [
            ("user", "completed", "PACT?"),
            ("handoff", "completed", "greeter → va"),
            ("agent", "completed", "VA here."),
        ]
        assert r.turns[1].handoff == Handoff(source="greeter", target="va", reason="asks about benefits")
        assert r.turns[1].id == "item_call_transfer_1"
        assert r.turns[2].agent == "va"
        assert (r.session.agent, r.session.snapshot().status.agent) == ("va", "va")
    assert r.history.agents == ["va"]


@pytest.mark.parametrize("arguments", ["", "not json", "[]", "{}"])
async def test_a_handoff_without_a_readable_reason_still_happens(arguments: str) -> None:
    item = call("transfer_to_va", arguments)
    steps = [*question("PACT?"), calls_tools(item), configures("va"), output_item("call_1")]
    async with rig([*steps, expect("response.create"), says("VA here.", number=2)]) as r:
        await r.ask("PACT?")
        assert r.turns[1].handoff == Handoff(source="greeter", target="va", reason="")


async def test_a_handoff_to_nobody_known_is_told_to_the_agent_which_answers_itself() -> None:
    steps = [
        *question("Taxes?"),
        calls_tools(transfer("irs")),
        output_item("call_transfer_1", holding="medicare, va"),
    ]
    async with rig([*steps, expect("response.create"), says("I stay.", number=2)]) as r:
        await r.ask("Taxes?")
        assert [row[0] for row in r.rows()] == ["user", "agent"]
        assert r.session.agent == "greeter"


async def test_the_second_of_two_handoffs_in_one_response_is_refused() -> None:
    both = emit(*calls("resp_1", transfer("va", number=1), transfer("medicare", number=2)))
    steps = [*question("Both?"), both, configures("va"), output_item("call_transfer_1", holding="ok")]
    steps += [
        output_item("call_transfer_2", holding="already"),
        expect("response.create"),
        says("VA.", number=2),
    ]
    async with rig(steps) as r:
        await r.ask("Both?")
        assert r.session.agent == "va"


async def test_agents_that_send_a_person_to_and_fro_must_answer_after_three_handoffs() -> None:
    steps = [*question("Whose?"), *handed_over("va", number=1), *handed_over("medicare", number=2)]
    steps += [*handed_over("va", number=3), calls_tools(transfer("medicare", number=4), number=4)]
    steps += [
        output_item("call_transfer_4", holding="3 times"),
        expect("response.create"),
        says("Mine.", number=5),
    ]
    more = [user_item("And now?"), expect("response.create"), *handed_over("medicare", number=6)]
    async with rig([*steps, *more, says("Medicare here.", number=7)]) as r:
        await r.ask("Whose?")
        assert [row[0] for row in r.rows()].count("handoff") == 3
        await r.ask("And now?")
        assert r.session.agent == "medicare"


async def test_a_handoff_together_with_a_tool_waits_for_the_tool_before_the_new_agent_speaks() -> None:
    both = emit(*calls("resp_1", call("slow"), transfer("va")))
    steps = [
        *question("Both?"),
        both,
        configures("va"),
        output_item("call_transfer_1"),
        output_item("call_1"),
    ]
    async with rig([*steps, expect("response.create"), says("VA here [1].", number=2)]) as r:
        await r.session.send_text("Both?")
        await r.toolbox.begun.wait()
        await settle()
        assert r.connections[0].sent[-1].type == "conversation.item.create"
        r.toolbox.gate.set()
        await r.session.wait_idle()
        assert r.turns[-1].agent == "va"


async def test_a_handoff_of_an_answer_that_was_overtaken_is_not_carried_out() -> None:
    events = calls("resp_1", transfer("va"))
    gate_steps = [*question("PACT?"), emit(*events[:-1]), expect("response.cancel"), user_item("Never mind")]
    steps = [
        *gate_steps,
        emit(events[-1]),
        output_item("call_transfer_1", holding="gone on"),
        expect("response.create"),
    ]
    async with rig([*steps, says("Fine.", number=2)]) as r:
        await r.session.send_text("PACT?")
        await settle()
        await r.ask("Never mind")
        assert r.session.agent == "greeter"
        assert r.rows()[-1] == ("agent", "completed", "Fine.")


async def test_switching_by_hand_tells_the_new_agent_and_forces_no_answer() -> None:
    steps = [*question("Hello"), says("Hi."), configures("medicare"), system_item(holding="You are Medicare")]
    async with rig([*steps, *question("Part B?"), says("Part B is …", number=2)]) as r:
        await r.ask("Hello")
        await r.session.switch_agent("medicare")
        await r.session.wait_idle()
        assert r.turns[-1].handoff == Handoff(source="greeter", target="medicare", reason="")
        await r.ask("Part B?")
        assert r.turns[-1].agent == "medicare"
        assert r.rows()[0] == ("user", "completed", "Hello")


async def test_switching_to_an_unknown_agent_names_the_known_ones_and_changes_nothing() -> None:
    async with rig([]) as r:
        await r.played()
        with pytest.raises(SessionError, match=r"'pirate'.*greeter, medicare, va"):
            await r.session.switch_agent("pirate")
        assert r.session.agent == "greeter"
        assert r.turns == ()


async def test_switching_to_the_current_agent_does_nothing() -> None:
    async with rig([]) as r:
        await r.session.switch_agent("greeter")
        assert r.turns == ()


async def test_switching_while_the_agent_answers_lets_the_new_one_answer_the_question() -> None:
    steps = [*question("Part B?"), begins("Well, I am"), expect("response.cancel", response_id="resp_1")]
    steps += [configures("medicare"), system_item(holding="instead of Greeter"), cancelled(1)]
    async with rig([*steps, expect("response.create"), says("Part B is …", number=2)]) as r:
        async with r.session.subscribe() as updates:
            await r.session.send_text("Part B?")
            await take(updates, lambda u: isinstance(u, LiveText) and u.text == "Well, I am")
        await r.session.switch_agent("medicare")
        async with asyncio.timeout(5):
            await r.session.wait_idle()
        assert r.rows()[1:] == [
            ("agent", "interrupted", "Well, I am"),
            ("handoff", "completed", "greeter → medicare"),
            ("agent", "completed", "Part B is …"),
        ]
        assert r.turns[-1].agent == "medicare"


async def test_an_answer_that_ends_in_spite_of_the_switch_is_not_shown_any_further() -> None:
    events, hold = answer("resp_1", "item_answer_1", ["Well,", " I am done."]), asyncio.Event()
    steps = [*question("Part B?"), emit(*events[:5]), expect("response.cancel"), configures("medicare")]
    steps += [system_item(holding="instead"), emit(events[5]), Hold(hold), emit(*events[6:])]
    async with rig([*steps, expect("response.create"), says("Yes.", number=2)]) as r:
        async with r.session.subscribe() as updates:
            await r.session.send_text("Part B?")
            await take(updates, lambda u: isinstance(u, LiveText) and u.text == "Well,")
        await r.session.switch_agent("medicare")
        await settle()
        assert r.session.snapshot().live.turn_id == ""
        hold.set()
        async with asyncio.timeout(5):
            await r.session.wait_idle()
        assert r.rows()[1] == ("agent", "interrupted", "Well,")
        assert r.rows()[-1] == ("agent", "completed", "Yes.")


async def test_the_agent_that_opens_the_conversation_can_be_chosen() -> None:
    async with rig([], agent="va") as r:
        await r.played()
        update = r.connections[0].sent[0]
        assert isinstance(update, SessionUpdate)
        assert "Instructions of va." in update.session["instructions"]
        assert r.session.snapshot().status.agent == "va"
