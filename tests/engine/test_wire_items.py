"""Conversation items over the wire: order, ids, refusals, bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.engine.wire import WireClient, assistant, session, user, word_engine


@pytest.fixture
async def client() -> AsyncIterator[WireClient]:
    async with session() as found:
        yield found


async def test_an_item_is_added_then_done_with_its_predecessor(client: WireClient) -> None:
    await client.send("conversation.item.create", item=user("one", id="item_1"))
    added = await client.until("conversation.item.added")
    done = await client.until("conversation.item.done")
    assert added["item"] == done["item"]
    assert (added["item"]["id"], added["item"]["status"], added["previous_item_id"]) == (
        "item_1",
        "completed",
        None,
    )
    assert (await client.say("two"))["previous_item_id"] == "item_1"


async def test_items_go_to_the_start_after_an_item_or_to_the_end(client: WireClient) -> None:
    await client.say("b", previous_item_id=None)
    first = client.seen[-1]["item"]["id"]
    assert (await client.add(user("a", id="a"), previous_item_id="root"))["previous_item_id"] is None
    assert (await client.add(user("c", id="c"), previous_item_id="a"))["previous_item_id"] == "a"
    assert (await client.add(user("d", id="d")))["previous_item_id"] == first


async def test_an_unknown_predecessor_adds_nothing(client: WireClient) -> None:
    await client.send(
        "conversation.item.create", event_id="e", item=user("x", id="x"), previous_item_id="gone"
    )
    error = await client.error()
    assert (error["code"], error["param"], error["event_id"]) == ("item_not_found", "previous_item_id", "e")
    await client.send("conversation.item.retrieve", item_id="x")
    assert (await client.error())["code"] == "item_not_found"


async def test_an_id_can_be_used_once(client: WireClient) -> None:
    await client.say("one")
    taken = client.seen[-1]["item"]["id"]
    await client.send("conversation.item.create", item=user("two", id=taken))
    assert (await client.error())["param"] == "item.id"


@pytest.mark.parametrize(
    ("item", "code", "param"),
    [
        (user("x", id="i" * 33), "string_above_max_length", "item.id"),
        ({"type": "message", "content": []}, "missing_required_parameter", "item.role"),
        ({"role": "user", "content": []}, "missing_required_parameter", "item.type"),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text"}]},
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "output_text", "text": "x"}]},
            "invalid_value",
            "item.content[0].type",
        ),
        (
            {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "audio": "AAAA"}]},
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AAA="}]},
            "speech_unavailable",
            "item.content[0].audio",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AAA="}] * 2},
            "invalid_value",
            "item.content",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "data:x"}]},
            "invalid_value",
            "item.content[0].type",
        ),
        ({"type": "function_call_output", "call_id": "nope", "output": "x"}, "invalid_value", "item.call_id"),
        ({"type": "function_call", "name": "f"}, "missing_required_parameter", "item.arguments"),
        ({"type": "mcp_call", "id": "x"}, "invalid_value", "item.type"),
        (user("x", colour="red"), "unknown_parameter", "item.colour"),
    ],
)
async def test_wrong_items_are_refused(
    client: WireClient, item: dict[str, Any], code: str, param: str
) -> None:
    await client.send("conversation.item.create", event_id="e", item=item)
    while (error := await client.error()).get("event_id") != "e":
        pass
    assert (error["code"], error["param"]) == (code, param)


async def test_history_can_be_seeded_with_calls_and_outputs(client: WireClient) -> None:
    await client.say("hi")
    await client.add(assistant("hello"))
    call = await client.add({"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"})
    output = await client.add({"type": "function_call_output", "call_id": "c1", "output": "done"})
    assert output["previous_item_id"] == call["item"]["id"]
    await client.send("conversation.item.retrieve", item_id=output["item"]["id"])
    assert (await client.until("conversation.item.retrieved"))["item"] == output["item"]


async def test_deleting_takes_an_item_out_of_the_order(client: WireClient) -> None:
    for name in ("a", "b", "c"):
        await client.add(user(name, id=name))
    await client.send("conversation.item.delete", item_id="b")
    assert (await client.until("conversation.item.deleted"))["item_id"] == "b"
    assert (await client.add(user("d", id="d"), previous_item_id="a"))["previous_item_id"] == "a"
    await client.send("conversation.item.delete", item_id="b")
    assert (await client.error())["code"] == "item_not_found"


async def test_truncation_needs_assistant_audio(client: WireClient) -> None:
    await client.add(assistant("hello", id="a"))
    await client.send("conversation.item.truncate", item_id="a", content_index=0, audio_end_ms=10)
    assert (await client.error())["code"] == "unsupported_content_type"
    await client.send("conversation.item.truncate", item_id="gone", content_index=0, audio_end_ms=10)
    assert (await client.error())["code"] == "item_truncate_invalid_item_id"


async def test_number_and_length_of_items_are_bounded() -> None:
    async with session(word_engine(max_items=2, max_text_chars=50, max_conversation_chars=60)) as client:
        await client.send("conversation.item.create", item=user("x" * 51))
        error = await client.error()
        assert (error["code"], error["param"]) == ("string_above_max_length", "item.content[0].text")
        await client.say("x" * 50)
        await client.send("conversation.item.create", item=user("y" * 20))
        assert (await client.error())["code"] == "conversation_too_large"
        await client.say("y")
        await client.send("conversation.item.create", item=user("z"))
        assert (await client.error())["code"] == "conversation_too_large"
