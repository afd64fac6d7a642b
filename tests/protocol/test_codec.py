from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.codec import (
    command_from_dict,
    command_to_dict,
    decode_command,
    decode_event,
    decode_object,
    encode_command,
    encode_event,
    event_from_dict,
    event_to_dict,
    item_from_dict,
    item_to_dict,
)
from realtime_agents.protocol.commands import (
    ConversationItemCreate,
    InputAudioBufferAppend,
    InputAudioBufferCommit,
    ResponseCreate,
    ResponseParams,
    SessionUpdate,
)
from realtime_agents.protocol.events import (
    ConversationItemAdded,
    ConversationItemInputAudioTranscriptionDelta,
    Error,
    InputAudioBufferCommitted,
    ResponseCreated,
    ResponseDone,
    ResponseOutputTextDelta,
    SessionUpdated,
    UnknownEvent,
)
from realtime_agents.protocol.items import (
    UNSET,
    ErrorDetail,
    MessageItem,
    OpaqueItem,
    Response,
    Usage,
)

ITEM = {"type": "message", "id": "i", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}


@pytest.mark.parametrize("raw", [b"{", "", b"\xff{}", "nul", "[" * 100_000, b'{"a":' + b"1" * 5000 + b"}"])
def test_text_that_is_not_json_is_a_protocol_error(raw: bytes | str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_event(raw)
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize("raw", ["[]", "null", "1", '"session.update"', "true"])
def test_json_that_is_not_an_object_is_a_protocol_error(raw: str) -> None:
    for decode in (decode_event, decode_command, decode_object):
        with pytest.raises(ProtocolError, match="JSON object") as caught:
            decode(raw)
        assert caught.value.code == "invalid_event"


@pytest.mark.parametrize(
    ("data", "code"),
    [({}, "missing_required_parameter"), ({"type": 1}, "invalid_type"), ({"type": None}, "invalid_type")],
)
def test_an_object_without_a_type_is_a_protocol_error(data: dict[str, Any], code: str) -> None:
    for read in (event_from_dict, command_from_dict):
        with pytest.raises(ProtocolError) as caught:
            read(data)
        assert (caught.value.code, caught.value.param) == (code, "type")


def test_an_unknown_server_event_keeps_its_data_and_goes_back_unchanged() -> None:
    wire = {"type": "response.video.delta", "event_id": "e", "delta": {"a": [1, None]}}
    event = decode_event(json.dumps(wire))
    assert event == UnknownEvent(type="response.video.delta", data=wire)
    assert json.loads(encode_event(event)) == wire


def test_an_unknown_client_event_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError) as caught:
        command_from_dict({"type": "session.created", "session": {}})
    assert (caught.value.code, caught.value.param) == ("invalid_value", "type")


def test_unknown_keys_are_ignored_at_every_depth() -> None:
    wire = {
        "type": "conversation.item.added",
        "event_id": "e",
        "x": 1,
        "item": {**ITEM, "y": 2, "phase": "z"},
    }
    event = event_from_dict(wire)
    assert isinstance(event, ConversationItemAdded)
    assert isinstance(event.item, MessageItem)
    assert event.item.content[0].text == "Hi"


def test_an_error_deep_inside_names_the_path_and_no_content() -> None:
    wire: dict[str, Any] = {
        "type": "conversation.item.create",
        "item": {**ITEM, "content": [{"type": "output_text", "text": ["secret"]}]},
    }
    with pytest.raises(ProtocolError) as caught:
        command_from_dict(wire)
    assert caught.value.param == "item.content[0].text"
    assert caught.value.code == "invalid_type"
    assert "secret" not in str(caught.value)
    assert "an array" in str(caught.value)


@pytest.mark.parametrize("item", [{}, {"type": None}, {"type": 3}, "message", []])
def test_an_item_without_a_type_is_a_protocol_error(item: object) -> None:
    with pytest.raises(ProtocolError) as caught:
        command_from_dict({"type": "conversation.item.create", "item": item})
    assert (caught.value.param or "").startswith("item")


def test_an_item_of_an_unknown_type_is_kept_whole() -> None:
    wire = {"type": "mcp_call", "id": "m", "name": "n", "error": {"code": 1}}
    item = item_from_dict(wire)
    assert item == OpaqueItem(type="mcp_call", id="m", data=wire)
    assert item_to_dict(item) == wire


def test_a_role_that_does_not_exist_is_an_invalid_value() -> None:
    with pytest.raises(ProtocolError) as caught:
        command_from_dict({"type": "conversation.item.create", "item": {**ITEM, "role": "robot"}})
    assert (caught.value.code, caught.value.param) == ("invalid_value", "item.role")


def test_a_status_of_the_future_counts_as_incomplete() -> None:
    item = {**ITEM, "status": "paused"}
    event = event_from_dict(
        {"type": "response.done", "response": {"id": "r", "status": "paused", "output": [item]}}
    )
    assert isinstance(event, ResponseDone)
    assert event.response.status == "incomplete"
    assert isinstance(event.response.output[0], MessageItem)
    assert event.response.output[0].status == "incomplete"


def test_null_and_absent_predecessors_are_told_apart() -> None:
    base = {"type": "input_audio_buffer.committed", "event_id": "e", "item_id": "i"}
    absent, null = event_from_dict(base), event_from_dict({**base, "previous_item_id": None})
    assert isinstance(absent, InputAudioBufferCommitted)
    assert isinstance(null, InputAudioBufferCommitted)
    assert absent.previous_item_id is UNSET
    assert null.previous_item_id is None
    assert event_to_dict(absent) == base
    assert event_to_dict(null) == {**base, "previous_item_id": None}


@pytest.mark.parametrize(
    ("members", "out_of_band"),
    [
        ({}, False),
        ({"conversation_id": "conv_1"}, False),
        ({"conversation_id": None}, True),
        ({"conversation_id": "conv_1", "metadata": {"out_of_band": "e1"}}, True),
        ({"metadata": {"topic": "x"}}, False),
    ],
)
def test_a_response_is_out_of_band_by_null_conversation_or_by_mark(
    members: dict[str, Any], out_of_band: bool
) -> None:
    event = event_from_dict({"type": "response.created", "response": {"id": "r", **members}})
    assert isinstance(event, ResponseCreated)
    assert event.response.out_of_band is out_of_band


def test_null_counts_as_absent_where_it_means_nothing() -> None:
    response = {
        "id": "r",
        "status": None,
        "output": None,
        "usage": {"total_tokens": None, "input_token_details": None},
    }
    event = event_from_dict({"type": "response.done", "response": response})
    assert isinstance(event, ResponseDone)
    assert event.response == Response(id="r", usage=Usage())
    delta = event_from_dict(
        {
            "type": "conversation.item.input_audio_transcription.delta",
            "item_id": "i",
            "content_index": None,
            "delta": None,
        }
    )
    assert isinstance(delta, ConversationItemInputAudioTranscriptionDelta)
    assert (delta.content_index, delta.delta) == (0, "")


def test_whole_floats_count_as_integers_and_booleans_do_not() -> None:
    wire = {"type": "conversation.item.truncate", "item_id": "i", "audio_end_ms": 396.0}
    command = command_from_dict(wire)
    assert json.loads(encode_command(command))["audio_end_ms"] == 396
    for wrong in (396.5, True, "396"):
        with pytest.raises(ProtocolError) as caught:
            command_from_dict({**wire, "audio_end_ms": wrong})
        assert caught.value.param == "audio_end_ms"


def test_an_event_without_an_event_id_is_accepted() -> None:
    event = event_from_dict({"type": "session.updated", "session": {}})
    assert event == SessionUpdated(event_id="", session={})


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (
            {"type": "t", "code": "c", "message": "m", "event_id": "e"},
            ErrorDetail(type="t", code="c", message="m", event_id="e"),
        ),
        ({"code": 400, "message": None}, ErrorDetail(code="400")),
        ("broken", ErrorDetail(message="broken")),
    ],
)
def test_an_error_is_never_lost_over_its_shape(error: object, detail: ErrorDetail) -> None:
    event = event_from_dict({"type": "error", "event_id": "s", "error": error})
    assert event == Error(event_id="s", error=detail)


def test_commands_leave_out_what_is_none_and_keep_what_is_empty() -> None:
    assert json.loads(encode_command(InputAudioBufferCommit())) == {"type": "input_audio_buffer.commit"}
    create = ResponseCreate(event_id="e", response=ResponseParams(input=(), tools=(), instructions=""))
    assert json.loads(encode_command(create)) == {
        "type": "response.create",
        "event_id": "e",
        "response": {"input": [], "tools": [], "instructions": ""},
    }
    update = SessionUpdate(session={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
    assert json.loads(encode_command(update))["session"]["audio"] == {"input": {"turn_detection": None}}


def test_items_and_responses_carry_their_object_name() -> None:
    create = ConversationItemCreate(item=MessageItem(role="user", id="i"))
    assert json.loads(encode_command(create))["item"]["object"] == "realtime.item"
    created = ResponseCreated(event_id="e", response=Response(id="r"))
    assert event_to_dict(created)["response"]["object"] == "realtime.response"


def test_encoded_text_is_ascii_so_that_half_surrogates_cannot_break_the_socket() -> None:
    delta = ResponseOutputTextDelta(
        event_id="e", response_id="r", item_id="i", output_index=0, content_index=0, delta="ñ😀\ud83d"
    )
    text = encode_event(delta)
    assert text.isascii()
    assert decode_event(text.encode()) == delta


def test_wrong_members_of_unions_say_all_that_was_expected() -> None:
    wire = {"type": "response.create", "response": {"tool_choice": 3}}
    with pytest.raises(ProtocolError, match="a string or an object") as caught:
        command_from_dict(wire)
    assert caught.value.param == "response.tool_choice"


@pytest.mark.parametrize("wrong", ["true", 1, []])
def test_only_true_and_false_are_booleans(wrong: object) -> None:
    with pytest.raises(ProtocolError, match="true or false") as caught:
        command_from_dict({"type": "response.create", "response": {"parallel_tool_calls": wrong}})
    assert caught.value.param == "response.parallel_tool_calls"


@pytest.mark.parametrize("event_id", [None, "client_1", 'q"é'])
@pytest.mark.parametrize("audio", ["", "AAAA+/8=", "AA\nAA", "AA\\u", 'A"A', "é"])
def test_audio_is_written_like_every_other_command(event_id: str | None, audio: str) -> None:
    command = InputAudioBufferAppend(event_id=event_id, audio=audio)
    assert encode_command(command) == json.dumps(command_to_dict(command), separators=(",", ":"))
