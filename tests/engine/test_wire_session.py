"""The session over the wire: what it starts as, what updates change, what they refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.engine.wire import WireClient, function, session


@pytest.fixture
async def client() -> AsyncIterator[WireClient]:
    async with session() as found:
        yield found


async def test_session_created_is_the_first_event_and_names_the_engine_not_the_model_asked_for(
    client: WireClient,
) -> None:
    first = client.seen[0]
    assert first["type"] == "session.created"
    found = first["session"]
    assert (found["model"], found["object"], found["output_modalities"]) == (
        "local-engine",
        "realtime.session",
        ["text"],
    )
    assert found["instructions"] and found["id"].startswith("sess_") and found["expires_at"] > 0


async def test_update_changes_only_the_fields_present_and_returns_the_whole_session(
    client: WireClient,
) -> None:
    await client.configure(instructions="Be brief.", max_output_tokens=100)
    after = await client.configure(tools=[function("f", "Does f.")])
    assert (after["instructions"], after["max_output_tokens"]) == ("Be brief.", 100)
    assert after["tools"][0]["name"] == "f"
    assert after["audio"]["output"]["voice"] == "marin"


async def test_nested_audio_fields_are_merged_one_by_one(client: WireClient) -> None:
    await client.configure(audio={"input": {"noise_reduction": {"type": "near_field", "strength": 0.4}}})
    after = await client.configure(
        audio={
            "input": {
                "noise_reduction": {"type": "far_field"},
                "turn_detection": {"type": "server_vad", "threshold": 0.7},
            }
        }
    )
    found = after["audio"]["input"]
    assert found["noise_reduction"] == {"type": "far_field", "strength": 0.4}
    assert found["turn_detection"]["threshold"] == 0.7
    assert found["turn_detection"]["silence_duration_ms"] == 500
    off = await client.configure(audio={"input": {"turn_detection": None}})
    assert off["audio"]["input"]["turn_detection"] is None


async def test_empty_values_and_null_clear(client: WireClient) -> None:
    default = client.seen[0]["session"]["instructions"]
    await client.configure(
        instructions="x", tools=[function("f", "Does f.")], max_output_tokens=7, tool_choice="none"
    )
    after = await client.configure(instructions="", tools=[], max_output_tokens=None, tool_choice=None)
    assert (after["instructions"], after["tools"]) == ("", [])
    assert (after["max_output_tokens"], after["tool_choice"]) == ("inf", "auto")
    assert (await client.configure(instructions=None))["instructions"] == default


@pytest.mark.parametrize(
    ("patch", "code", "param"),
    [
        ({"temperature": 0.7}, "unknown_parameter", "session.temperature"),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "x": 1}}}},
            "unknown_parameter",
            "session.audio.input.turn_detection.x",
        ),
        ({"instructions": 7}, "invalid_value", "session.instructions"),
        ({"max_output_tokens": 5000}, "invalid_value", "session.max_output_tokens"),
        ({"parallel_tool_calls": "yes"}, "invalid_value", "session.parallel_tool_calls"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        (
            {"tools": [{"type": "mcp", "server_label": "x", "name": "y"}]},
            "invalid_value",
            "session.tools[0].type",
        ),
        ({"tool_choice": "sometimes"}, "invalid_value", "session.tool_choice"),
        ({"tool_choice": {"type": "function"}}, "missing_required_parameter", "session.tool_choice.name"),
        ({"audio": {"output": {"speed": 3.0}}}, "invalid_value", "session.audio.output.speed"),
        (
            {"audio": {"input": {"format": {"type": "audio/ogg"}}}},
            "invalid_value",
            "session.audio.input.format.type",
        ),
        ({"model": "gpt-realtime-2.1"}, "invalid_value", "session.model"),
        ({"audio": {"output": {"voice": "nova"}}}, "invalid_value", "session.audio.output.voice"),
        ({"audio": {"output": {"voice": {"id": "v"}}}}, "invalid_value", "session.audio.output.voice"),
        ({"output_modalities": []}, "invalid_value", "session.output_modalities"),
        ({"output_modalities": ["text", "audio"]}, "invalid_value", "session.output_modalities"),
        ({"type": "transcription"}, "invalid_value", "session.type"),
    ],
)
async def test_one_wrong_field_refuses_the_whole_update(
    client: WireClient, patch: dict[str, Any], code: str, param: str
) -> None:
    session_ = {"type": "realtime", "tool_choice": "none", **patch}
    await client.send("session.update", event_id="evt_1", session=session_)
    error = await client.error()
    assert (error["type"], error["code"], error["param"], error["event_id"]) == (
        "invalid_request_error",
        code,
        param,
        "evt_1",
    )
    assert (await client.configure())["tool_choice"] == "auto"


async def test_update_without_its_type_is_refused(client: WireClient) -> None:
    await client.send("session.update", session={"instructions": "x"})
    error = await client.error()
    assert (error["code"], error["param"]) == ("missing_required_parameter", "session.type")


async def test_the_model_asked_for_may_be_repeated_but_not_changed(client: WireClient) -> None:
    assert (await client.configure(model="any-model"))["model"] == "local-engine"


async def test_tracing_cannot_change_once_it_is_enabled(client: WireClient) -> None:
    await client.configure(tracing="auto")
    await client.configure(tracing="auto")
    await client.send("session.update", session={"type": "realtime", "tracing": None})
    assert (await client.error())["param"] == "session.tracing"
