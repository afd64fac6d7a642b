"""Responses over the wire: order of events, one at a time, cancel, out of band, usage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.server import running_engine
from tests.engine.wire import (
    WireClient,
    calls,
    connected,
    function,
    said,
    session,
    user,
    word_engine,
)

WEATHER = function("get_weather", "Get the weather of a city.", city={"type": "string"})
ORDERS = function("lookup_order", "Look up an order by its number.", order_number={"type": "string"})
HANDOFF = function("transfer_to_billing", "Bills, invoices and refunds.", reason={"type": "string"})
TEXT_EVENTS = [
    "response.created",
    "rate_limits.updated",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]
CALL_EVENTS = [
    "response.created",
    "rate_limits.updated",
    "response.output_item.added",
    "conversation.item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]


@pytest.fixture
async def client() -> AsyncIterator[WireClient]:
    async with session() as found:
        yield found


@pytest.fixture
async def slow() -> AsyncIterator[WireClient]:
    """An engine that would take minutes for a sentence: only cancel ends it."""
    async with session(word_engine(words_per_s=0.05)) as found:
        yield found


def kinds(events: list[dict[str, object]]) -> list[object]:
    """Event types with runs of the same type counted once."""
    types = [event["type"] for event in events]
    return [t for i, t in enumerate(types) if not i or t != types[i - 1]]


async def test_a_text_answer_has_all_events_in_order(client: WireClient) -> None:
    await client.say("hello")
    client.seen.clear()
    response = await client.respond()
    assert kinds(client.seen) == TEXT_EVENTS
    deltas = "".join(e["delta"] for e in client.seen if e["type"] == "response.output_text.delta")
    done = next(e for e in client.seen if e["type"] == "response.output_text.done")
    assert deltas == done["text"] == said(response) != ""
    assert (response["status"], response["status_details"]["type"]) == ("completed", "completed")
    assert response["output"][0]["status"] == "completed"
    assert sum(e["type"] == "response.output_text.delta" for e in client.seen) == len(deltas.split())


async def test_a_tool_call_has_all_events_and_valid_arguments(client: WireClient) -> None:
    await client.configure(tools=[WEATHER])
    await client.say("What is the weather in Paris?")
    client.seen.clear()
    response = await client.respond()
    assert kinds(client.seen) == CALL_EVENTS
    (call,) = calls(response)
    assert (call["name"], json.loads(call["arguments"]), call["status"]) == (
        "get_weather",
        {"city": "Paris"},
        "completed",
    )
    done = next(e for e in client.seen if e["type"] == "response.function_call_arguments.done")
    assert (done["call_id"], done["name"]) == (call["call_id"], "get_weather")


async def test_the_output_of_a_call_is_answered_from(client: WireClient) -> None:
    await client.configure(tools=[WEATHER])
    (call,) = calls(await client.ask("What is the weather in Paris?"))
    await client.add(
        {
            "type": "function_call_output",
            "call_id": call["call_id"],
            "output": "It is sunny in Paris, 21 degrees.",
        }
    )
    assert said(await client.respond()) == "It is sunny in Paris, 21 degrees."


async def test_several_tools_are_called_in_one_response_unless_that_is_off(client: WireClient) -> None:
    await client.configure(tools=[WEATHER, ORDERS])
    question = "the weather in Boston and the order number 12345"
    both = calls(await client.ask(question))
    assert {c["name"] for c in both} == {"get_weather", "lookup_order"}
    assert len({c["call_id"] for c in both}) == 2
    await client.configure(parallel_tool_calls=False)
    assert len(calls(await client.ask(question))) == 1


async def test_tool_choice_is_obeyed(client: WireClient) -> None:
    await client.configure(tools=[WEATHER, ORDERS])
    await client.say("What is the weather in Paris?")
    assert calls(await client.respond(tool_choice="none")) == []
    (forced,) = calls(await client.respond(tool_choice={"type": "function", "name": "lookup_order"}))
    assert forced["name"] == "lookup_order"
    await client.say("hello")
    assert len(calls(await client.respond(tool_choice="required"))) == 1
    await client.send("response.create", response={"tool_choice": {"type": "function", "name": "nope"}})
    assert (await client.error())["param"] == "response.tool_choice"


async def test_a_handoff_is_a_call_and_the_next_agent_answers_the_same_request(client: WireClient) -> None:
    await client.configure(instructions="You are Greeter.\nYour scope: Welcomes people.", tools=[HANDOFF])
    (call,) = calls(await client.ask("I want a refund for my invoice"))
    assert call["name"] == "transfer_to_billing"
    assert "refund" in json.loads(call["arguments"])["reason"]
    lookup = function("find_refund", "Find a refund for an invoice.", query={"type": "string"})
    await client.configure(
        instructions="You are Billing.\nYour scope: Bills, invoices and refunds.", tools=[lookup, HANDOFF]
    )
    await client.add(
        {"type": "function_call_output", "call_id": call["call_id"], "output": '{"outcome":"ok"}'}
    )
    (next_call,) = calls(await client.respond())
    assert next_call["name"] == "find_refund"
    assert json.loads(next_call["arguments"]) == {"query": "I want a refund for my invoice"}


async def test_a_follow_up_is_understood_from_the_turn_before(client: WireClient) -> None:
    await client.configure(tools=[WEATHER])
    (call,) = calls(await client.ask("What is the weather in Paris?"))
    await client.add({"type": "function_call_output", "call_id": call["call_id"], "output": "Sunny."})
    await client.respond()
    (again,) = calls(await client.ask("and in London?"))
    assert json.loads(again["arguments"]) == {"city": "London"}


async def test_a_missing_value_is_asked_for_and_the_next_turn_gives_it(client: WireClient) -> None:
    await client.configure(tools=[ORDERS])
    question = said(await client.ask("Please look up my order"))
    assert "order number" in question and question.endswith("?")
    (call,) = calls(await client.ask("88123"))
    assert json.loads(call["arguments"]) == {"order_number": "88123"}


async def test_a_second_response_is_refused_while_one_is_active(slow: WireClient) -> None:
    await slow.say("hello")
    await slow.send("response.create")
    first = (await slow.until("response.created"))["response"]["id"]
    await slow.send("response.create", event_id="second")
    error = await slow.error()
    assert (error["code"], error["event_id"]) == ("conversation_already_has_active_response", "second")
    await slow.send("response.cancel")
    assert (await slow.until("response.done"))["response"]["id"] == first
    await slow.send("response.create")
    assert (await slow.until("response.created"))["response"]["id"] != first


async def test_cancel_in_mid_answer_keeps_the_words_so_far(slow: WireClient) -> None:
    await slow.say("hello")
    await slow.send("response.create")
    delta = await slow.until("response.output_text.delta")
    await slow.send("response.cancel", response_id=delta["response_id"])
    response = (await slow.until("response.done"))["response"]
    assert (response["status"], response["status_details"]["reason"]) == ("cancelled", "client_cancelled")
    (item,) = response["output"]
    assert (item["status"], item["content"][0]["text"]) == ("incomplete", delta["delta"])
    await slow.send("conversation.item.retrieve", item_id=item["id"])
    assert (await slow.until("conversation.item.retrieved"))["item"] == item
    assert response["usage"]["output_tokens"] > 0


async def test_cancel_without_a_response_is_a_harmless_error(client: WireClient) -> None:
    await client.send("response.cancel", event_id="c")
    error = await client.error()
    assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "c")
    await client.ask("hello")
    await client.send("response.cancel", response_id="resp_unknown")
    assert (await client.error())["code"] == "response_cancel_not_active"


async def test_out_of_band_runs_beside_the_answer_and_leaves_the_conversation_alone(slow: WireClient) -> None:
    await slow.say("hello")
    await slow.send("response.create")
    await slow.until("response.output_text.delta")
    slow.seen.clear()
    await slow.send("response.create", response={"conversation": "none", "metadata": {"kind": "side"}})
    side = (await slow.until("response.created"))["response"]
    assert (side["conversation_id"], side["metadata"]) == (None, {"kind": "side"})
    assert (await slow.until("response.output_text.delta"))["response_id"] == side["id"]
    await slow.send("response.cancel", response_id=side["id"])
    done = (await slow.until("response.done"))["response"]
    assert (done["id"], done["metadata"], done["status"]) == (side["id"], {"kind": "side"}, "cancelled")
    assert not [e for e in slow.seen if e["type"].startswith("conversation.item")]


async def test_out_of_band_responses_are_bounded() -> None:
    async with session(word_engine(words_per_s=0.05, max_side_responses=1)) as client:
        await client.send("response.create", response={"conversation": "none"})
        await client.until("response.output_text.delta")
        await client.send("response.create", response={"conversation": "none"})
        assert (await client.error())["param"] == "response.conversation"


async def test_input_replaces_the_context_and_may_refer_to_items(client: WireClient) -> None:
    await client.configure(tools=[WEATHER])
    await client.add(user("What is the weather in Paris?", id="paris"))
    await client.add(user("thanks", id="thanks"))
    reference = {"type": "item_reference", "id": "paris"}
    (call,) = calls(await client.respond(conversation="none", input=[reference]))
    assert json.loads(call["arguments"]) == {"city": "Paris"}
    (call,) = calls(await client.respond(conversation="none", input=[user("What is the weather in Rome?")]))
    assert json.loads(call["arguments"]) == {"city": "Rome"}
    assert said(await client.respond(conversation="none", input=[])).startswith("Hello")
    await client.send("response.create", response={"input": [{"type": "item_reference", "id": "gone"}]})
    assert (await client.error())["code"] == "item_not_found"


async def test_instructions_and_tools_of_a_response_hold_for_it_alone(client: WireClient) -> None:
    exact = await client.respond(instructions='Say exactly: "Good evening."')
    assert said(exact) == "Good evening."
    assert said(await client.respond()) != "Good evening."
    await client.say("What is the weather in Paris?")
    assert calls(await client.respond(tools=[WEATHER]))
    assert not calls(await client.respond())


@pytest.mark.parametrize(
    ("response", "param"),
    [
        ({"metadata": {str(i): "v" for i in range(17)}}, "response.metadata"),
        ({"metadata": {"k": "v" * 513}}, "response.metadata.k"),
        ({"conversation": "other"}, "response.conversation"),
        ({"output_modalities": ["audio", "text"]}, "response.output_modalities"),
        ({"audio": {"output": {"voice": "nova"}}}, "response.audio.output.voice"),
        (
            {
                "input": [
                    {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AAAA"}]}
                ]
            },
            "response.input[0].content[0].audio",
        ),
        ({"temperature": 1}, "response.temperature"),
    ],
)
async def test_wrong_response_parameters_are_refused(
    client: WireClient, response: dict[str, object], param: str
) -> None:
    await client.send("response.create", event_id="r", response=response)
    error = await client.error()
    assert (error["param"], error["event_id"]) == (param, "r")


async def test_a_token_limit_ends_the_answer_as_incomplete(client: WireClient) -> None:
    await client.say("who are you?")
    response = await client.respond(max_output_tokens=5)
    assert (response["status"], response["status_details"]["reason"]) == ("incomplete", "max_output_tokens")
    assert response["usage"]["output_tokens"] <= 5
    assert response["output"][0]["status"] == "incomplete"
    await client.configure(tools=[WEATHER], max_output_tokens=4)
    cut = await client.ask("What is the weather in Paris?")
    assert (cut["status"], calls(cut)[0]["status"]) == ("incomplete", "incomplete")


async def test_usage_counts_the_whole_input_and_caches_its_common_beginning(client: WireClient) -> None:
    instructions = "You are a friendly assistant. " * 40
    await client.configure(instructions=instructions)
    first = (await client.ask("hello"))["usage"]
    assert first["input_token_details"]["cached_tokens"] == 0
    assert first["input_tokens"] >= len(instructions) // 4
    second = (await client.ask("thanks"))["usage"]
    cached = second["input_token_details"]["cached_tokens"]
    assert cached % 64 == 0 and len(instructions) // 4 - 64 <= cached <= second["input_tokens"]
    assert second["input_tokens"] > first["input_tokens"]
    assert second["total_tokens"] == second["input_tokens"] + second["output_tokens"]
    await client.configure(instructions="You are somebody else. " * 40)
    assert (await client.ask("thanks"))["usage"]["input_token_details"]["cached_tokens"] == 0


async def test_an_overflowing_context_drops_the_oldest_or_is_refused_when_truncation_is_off() -> None:
    async with session(word_engine(context_tokens=300)) as client:
        await client.configure(truncation="disabled", instructions="x")
        for _ in range(6):
            await client.say("words " * 50)
        failed = await client.respond()
        assert (failed["status"], failed["status_details"]["error"]["code"]) == (
            "failed",
            "context_length_exceeded",
        )
        await client.configure(truncation={"type": "retention_ratio", "retention_ratio": 0.5})
        response = await client.ask("hello")
        assert response["status"] == "completed" and response["usage"]["input_tokens"] <= 300


async def test_too_many_responses_in_a_minute_fail_as_rate_limited() -> None:
    async with session(word_engine(requests_per_minute=1)) as client:
        assert (await client.respond())["status"] == "completed"
        limits = next(e for e in client.seen if e["type"] == "rate_limits.updated")["rate_limits"]
        assert (limits[0]["limit"], limits[0]["remaining"]) == (1, 0)
        failed = await client.respond()
        assert failed["status_details"]["error"]["code"] == "rate_limit_exceeded"


async def test_a_fault_of_ours_ends_the_response_as_failed_and_the_session_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> object:
        raise RuntimeError("boom")

    async with session(EngineConfig(embedder=broken)) as client:  # type: ignore[arg-type]  # broken on purpose
        failed = await client.ask("hello")
        assert (failed["status"], failed["status_details"]["error"]["code"]) == ("failed", "server_error")
        assert (await client.configure(instructions="x"))["instructions"] == "x"
    assert "response failed" in caplog.text and "hello" not in caplog.text


async def test_two_connections_do_not_see_each_other() -> None:
    async with running_engine(word_engine()) as url, connected(url) as one, connected(url) as two:
        await asyncio.gather(one.configure(instructions="one"), two.configure(instructions="two"))
        await one.add(user("x", id="mine"))
        await two.send("conversation.item.retrieve", item_id="mine")
        assert (await two.error())["code"] == "item_not_found"
        both = await asyncio.gather(one.ask("hello"), two.ask("hello"))
        assert both[0]["id"] != both[1]["id"]
        assert (await one.configure())["instructions"] == "one"
