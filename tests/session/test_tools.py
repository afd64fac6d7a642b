"""Tools that the model calls: run beside the conversation, given back once, shown as rows."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from realtime_agents.protocol import events as ev
from realtime_agents.protocol.commands import ConversationItemCreate
from realtime_agents.protocol.items import FunctionCallOutputItem, MessageItem, Response
from realtime_agents.session.view import Activity, LiveText
from realtime_agents.tools.registry import ToolResult
from tests.support.scripted import (
    LIMIT_S,
    Rig,
    begins,
    call,
    calls_tools,
    output_item,
    question,
    rig,
    says,
    settle,
    source,
    take,
    tokens,
    user_item,
)
from tests.support.scripted_events import answer, calls
from tests.support.scripted_upstream import Hold, emit, expect

SEARCH = call("search", '{"query": "pact act"}')


def outputs(r: Rig, connection: int = 0) -> list[dict[str, object]]:
    """The JSON of every tool output that was sent."""
    items = [c.item for c in r.connections[connection].sent if isinstance(c, ConversationItemCreate)]
    return [json.loads(item.output) for item in items if isinstance(item, FunctionCallOutputItem)]


async def test_a_tool_row_stands_before_the_answer_that_uses_it() -> None:
    steps = [*question("PACT?"), calls_tools(SEARCH, usage=tokens(10, 3)), output_item("call_1")]
    steps += [expect("response.create"), says("Covered [1].", number=2, usage=tokens(40, 5, 8))]
    async with rig(steps) as r:
        await r.ask("PACT?")
        assert r.rows() == [
            ("user", "completed", "PACT?"),
            ("tool", "completed", "search"),
            ("agent", "completed", "Covered [1]."),
        ]
        row = r.turns[1].tool
        assert row is not None
        assert (row.status, row.summary, row.arguments) == ("completed", "1 passage", SEARCH.arguments)
        assert (r.turns[1].id, row.call_id) == (SEARCH.id, "call_1")
        metrics = r.turns[2].metrics
        assert metrics is not None
        assert (metrics.input_tokens, metrics.output_tokens, metrics.cached_tokens) == (50, 8, 8)
        assert [c.document_id for c in r.turns[2].citations] == ["va/pact"]


async def test_the_tool_is_told_who_calls_and_its_sources_are_numbered_for_the_model() -> None:
    steps = [*question("PACT?"), calls_tools(SEARCH), output_item("call_1", holding='"n":1')]
    steps += [expect("response.create"), says("Covered [1].", number=2)]
    async with rig(steps, agent="va") as r:
        await r.ask("PACT?")
        assert [(c.agent.name, c.session_id) for c in r.toolbox.contexts] == [("va", r.session.id)]


async def test_what_an_answer_cites_and_quotes_is_checked_against_what_was_retrieved() -> None:
    steps = [*question("PACT?"), calls_tools(SEARCH), output_item("call_1"), expect("response.create")]
    steps += [says('It says "nobody is ever covered by it" [1]. So they say [7].', number=2)]
    async with rig(steps) as r:
        await r.ask("PACT?")
        answered = r.turns[2]
        assert answered.text == 'It says "nobody is ever covered by it" [1]. So they say.'
        assert [c.supported for c in answered.citations] == [False]
        assert answered.metrics is not None
        assert answered.metrics.unsourced == 1


async def test_two_calls_of_one_response_give_two_outputs_and_one_answer() -> None:
    second = call("slow", call_id="call_2")
    steps = [*question("Both?"), calls_tools(SEARCH, second), output_item("call_1"), output_item("call_2")]
    steps += [expect("response.create"), says("Both [1].", number=2)]
    async with rig(steps) as r:
        await r.session.send_text("Both?")
        await r.toolbox.begun.wait()
        await settle()
        assert len(outputs(r)) == 1
        r.toolbox.gate.set()
        await r.session.wait_idle()


async def test_an_output_that_is_early_waits_with_the_answer_for_the_end_of_the_calling_response() -> None:
    hold = asyncio.Event()
    first = calls("resp_1", SEARCH)
    # The same call comes again with the end of a longer response: it must not run twice.
    steps = [*question("PACT?"), emit(*first[:-1]), Hold(hold), emit(first[-1], first[-1])]
    steps += [output_item("call_1"), expect("response.create"), says("Yes [1].", number=2)]
    async with rig(steps) as r:
        await r.session.send_text("PACT?")
        await settle()
        assert outputs(r) == []
        hold.set()
        await r.session.wait_idle()
        assert len(r.toolbox.contexts) == 1


async def test_a_tool_that_raises_gives_an_error_as_output_and_its_text_stays_inside() -> None:
    steps = [
        *question("Break"),
        calls_tools(call("broken")),
        output_item("call_1", holding='"outcome":"error"'),
    ]
    steps += [expect("response.create"), says("It could not be looked up.", number=2)]
    async with rig(steps) as r:
        await r.ask("Break")
        assert "secret" not in str(outputs(r))
        assert r.rows()[1] == ("tool", "failed", "broken")
        assert r.turns[2].abstained


async def test_a_tool_that_hangs_is_stopped_at_its_time_and_the_model_is_told() -> None:
    steps = [*question("Wait"), calls_tools(call("slow")), output_item("call_1", holding='"outcome":"error"')]
    steps += [expect("response.create"), says("That took too long.", number=2)]
    async with rig(steps, slow_timeout_s=0.01) as r:
        await r.ask("Wait")
        row = r.turns[1].tool
        assert row is not None
        assert row.status == "timeout"
        assert r.toolbox.stopped


async def test_a_tool_that_does_not_exist_gives_an_error_as_output() -> None:
    steps = [
        *question("What?"),
        calls_tools(call("fly_to_the_moon")),
        output_item("call_1", holding="no tool"),
    ]
    steps += [expect("response.create"), says("I cannot fly.", number=2)]
    async with rig(steps) as r:
        await r.ask("What?")


async def test_close_while_a_tool_runs_sends_no_output_and_marks_the_row() -> None:
    async with rig([*question("Wait"), calls_tools(call("slow"))]) as r:
        await r.session.send_text("Wait")
        await r.toolbox.begun.wait()
        await r.session.close()
        r.toolbox.gate.set()
        await settle()
        assert outputs(r) == []
        assert r.toolbox.stopped
        row = r.turns[1].tool
        assert row is not None
        assert (row.status, row.summary, r.turns[1].status) == ("failed", "stopped", "failed")


async def test_a_result_after_an_interrupt_is_given_to_the_model_and_starts_no_speech() -> None:
    steps = [*question("Wait"), calls_tools(call("slow")), output_item("call_1")]
    async with rig(steps) as r:
        await r.session.send_text("Wait")
        await r.toolbox.begun.wait()
        await r.session.interrupt()
        assert r.session.snapshot().status.activity is Activity.IDLE
        r.toolbox.gate.set()
        await r.played()
        assert r.connections[0].sent[-1].type == "conversation.item.create"
        assert r.rows()[1] == ("tool", "completed", "slow")


async def test_a_late_result_does_not_disturb_the_answer_to_a_newer_question() -> None:
    steps = [*question("Wait"), calls_tools(call("slow")), *question("Hello"), begins("Hi", number=2)]
    rest = answer("resp_2", "item_answer_2", ["Hi", " there."])[5:]
    steps += [output_item("call_1"), emit(*rest)]
    async with rig(steps) as r:
        await r.session.send_text("Wait")
        await r.toolbox.begun.wait()
        async with r.session.subscribe() as updates:
            await r.session.send_text("Hello")
            await take(updates, lambda u: isinstance(u, LiveText) and u.text == "Hi")
        r.toolbox.gate.set()
        async with asyncio.timeout(LIMIT_S):
            await r.session.wait_idle()
        assert r.rows()[-1] == ("agent", "completed", "Hi there.")


async def test_words_before_a_tool_call_are_a_turn_of_their_own() -> None:
    talk = answer("resp_1", "item_answer_1", ["Let me look."])
    called = calls("resp_1", SEARCH)
    message = MessageItem(id="item_answer_1", role="assistant", status="completed")
    both = Response(id="resp_1", status="completed", output=(message, replace(SEARCH, status="completed")))
    steps = [*question("PACT?"), emit(*talk[:-1], *called[1:-1], ev.ResponseDone(event_id="", response=both))]
    steps += [output_item("call_1"), expect("response.create"), says("Covered [1].", number=2)]
    async with rig(steps) as r:
        await r.ask("PACT?")
        assert [row[0] for row in r.rows()] == ["user", "agent", "tool", "agent"]
        assert [t.metrics is not None for t in r.turns if t.role == "agent"] == [False, True]


async def test_a_call_of_a_response_that_was_cancelled_does_not_run() -> None:
    done = Response(id="resp_1", status="cancelled", output=(replace(SEARCH, status="completed"),))
    events = [*calls("resp_1", SEARCH)[:-1], ev.ResponseDone(event_id="", response=done)]
    async with rig([*question("PACT?"), emit(*events)]) as r:
        await r.ask("PACT?")
        assert r.toolbox.contexts == []
        assert [row[0] for row in r.rows()] == ["user"]


async def test_an_answer_without_sources_after_a_search_without_results_is_an_abstention() -> None:
    steps = [*question("Moon?"), calls_tools(SEARCH), output_item("call_1", holding="not_found")]
    steps += [expect("response.create"), says("Nothing about that is in the pages.", number=2)]
    async with rig(steps) as r:
        r.toolbox.result = ToolResult(outcome="not_found")
        await r.ask("Moon?")
        assert r.turns[2].abstained


async def test_numbers_are_relabelled_per_answer_and_invented_ones_taken_out() -> None:
    first = [*question("A?"), calls_tools(SEARCH), output_item("call_1"), expect("response.create")]
    first += [says("From [2] and [1], not [9].", number=2)]
    second_call = call("search", '{"query": "b"}', call_id="call_2")
    second = [user_item("B?"), expect("response.create"), calls_tools(second_call, number=3)]
    second += [output_item("call_2", holding='"n":3'), expect("response.create"), says("New [3].", number=4)]
    async with rig(first + second) as r:
        r.toolbox.result = ToolResult(outcome="ok", sources=(source("one"), source("two")))
        await r.ask("A?")
        r.toolbox.result = ToolResult(outcome="ok", sources=(source("three"),))
        await r.ask("B?")
        answers = [t for t in r.turns if t.role == "agent"]
        assert [(t.text, [c.document_id for c in t.citations]) for t in answers] == [
            ("From [1] and [2], not.", ["two", "one"]),
            ("New [1].", ["three"]),
        ]


async def test_a_context_that_cannot_be_made_still_gives_the_model_an_output() -> None:
    steps = [*question("PACT?"), calls_tools(SEARCH), output_item("call_1", holding="error")]
    steps += [expect("response.create"), says("It could not be looked up.", number=2)]

    async with rig(steps, allow_errors=True, tool_context=_no_context) as r:
        await r.ask("PACT?")
        assert r.rows()[1] == ("tool", "failed", "search")


def _no_context(*_: object) -> object:
    raise RuntimeError("the knowledge base is gone")


async def test_a_call_id_that_a_server_gives_out_twice_runs_once_and_the_answer_is_asked_again() -> None:
    again = replace(SEARCH, id="item_other", arguments='{"query": "b"}')
    one = [*question("A?"), calls_tools(SEARCH), output_item("call_1"), expect("response.create")]
    one += [says("A [1].", number=2)]
    two = [*question("B?"), calls_tools(again, number=3), expect("response.create"), says("B.", number=4)]
    async with rig([*one, *two]) as r:
        await r.ask("A?")
        await r.ask("B?")
        assert len(r.toolbox.contexts) == 1
        assert r.rows()[-1] == ("agent", "completed", "B.")


async def test_the_passages_a_tool_gave_are_not_kept_a_second_time() -> None:
    output = FunctionCallOutputItem(id="item_output", call_id="call_9", output="long " * 100)
    added = ev.ConversationItemAdded(event_id="", item=output)
    done = ev.ConversationItemDone(event_id="", item=output)
    async with rig([emit(added, done)]) as r:
        await r.played()
        assert r.session._conductor._conversation.get("item_output") is None
