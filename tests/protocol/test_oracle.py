"""The SDK's types are the oracle: both sides must agree on every event, field and value."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast, get_args

import pytest
from openai.types.realtime.realtime_response_create_params import RealtimeResponseCreateParams
from openai.types.realtime.response_create_event_with_references_param import (
    ResponseCreateEventWithReferencesParam,
)
from pydantic import BaseModel, TypeAdapter

from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.codec import (
    command_from_dict,
    command_to_dict,
    decode_command,
    decode_event,
    encode_command,
    encode_event,
    event_from_dict,
    event_to_dict,
)
from realtime_agents.protocol.commands import (
    ClientEvent,
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
    ConversationItemTruncate,
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferCommit,
    OutputAudioBufferClear,
    ResponseCancel,
    ResponseCreate,
    ResponseParams,
    SessionUpdate,
)
from realtime_agents.protocol.conversation import Conversation, apply
from realtime_agents.protocol.events import (
    AudioBufferEvent,
    ItemEvent,
    McpEvent,
    ResponseEvent,
    ServerEvent,
    SessionEvent,
    UnknownEvent,
)
from realtime_agents.protocol.items import (
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    MessageItem,
    OpaqueItem,
)
from tests.protocol.samples import (
    VARIANTS,
    client_models,
    models_in,
    sample,
    server_models,
    without_nulls,
)

SERVER_MODELS = server_models()
CLIENT_MODELS = client_models()
ABSENT = "absent"


def our_classes(union: Any) -> dict[str, Any]:
    classes = [c for c in get_args(union) if c is not UnknownEvent]
    return {str(next(f.default for f in fields(c) if f.name == "type")): c for c in classes}


def field_names(cls: Any) -> set[str]:
    return {f.name for f in fields(cls)}


def has_no_extras(model: BaseModel) -> bool:
    return not any(m.model_extra for m in models_in(model))


def test_server_events_are_exactly_those_of_the_sdk() -> None:
    assert set(our_classes(ServerEvent)) == set(SERVER_MODELS)
    assert len(SERVER_MODELS) == 46


def test_client_events_are_exactly_those_of_the_sdk() -> None:
    assert set(our_classes(ClientEvent)) == set(CLIENT_MODELS)
    assert len(CLIENT_MODELS) == 11


def test_every_server_event_is_in_exactly_one_group() -> None:
    groups = (SessionEvent, ItemEvent, AudioBufferEvent, ResponseEvent, McpEvent)
    members = [cls for group in groups for cls in get_args(group)]
    assert len(members) == len(set(members)) == 46


@pytest.mark.parametrize("type_", sorted(SERVER_MODELS))
def test_server_event_has_the_fields_of_the_sdk(type_: str) -> None:
    cls = our_classes(ServerEvent)[type_]
    ours = field_names(cls)
    if type_ == "input_audio_buffer.dtmf_event_received":
        ours.discard("event_id")  # the wire gives it none; every class of ours has one
    assert ours == set(SERVER_MODELS[type_].model_fields)
    camel = "".join(part.capitalize() for part in type_.replace(".", "_").split("_"))
    assert cls.__name__ == camel


@pytest.mark.parametrize("type_", sorted(CLIENT_MODELS))
def test_client_event_has_the_fields_of_the_sdk(type_: str) -> None:
    assert field_names(our_classes(ClientEvent)[type_]) == set(CLIENT_MODELS[type_].model_fields)


def test_response_params_have_the_fields_of_the_sdk_but_prompt() -> None:
    assert field_names(ResponseParams) == set(RealtimeResponseCreateParams.model_fields) - {"prompt"}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("type_", sorted(SERVER_MODELS))
def test_server_event_of_the_sdk_survives_decoding_and_encoding(type_: str, variant: int) -> None:
    model = SERVER_MODELS[type_]
    wire = model.model_validate(sample(model, variant)).model_dump(mode="json", by_alias=True)
    event = event_from_dict(wire)
    assert type(event) is our_classes(ServerEvent)[type_]
    back = without_nulls(event_to_dict(event))
    if type_ == "input_audio_buffer.dtmf_event_received":
        assert back.pop("event_id") == ""
    assert back == without_nulls(wire)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("type_", sorted(SERVER_MODELS))
def test_server_event_that_we_encode_is_valid_for_the_sdk(type_: str, variant: int) -> None:
    model = SERVER_MODELS[type_]
    text = encode_event(event_from_dict(sample(model, variant)))
    parsed = TypeAdapter(model).validate_json(text, strict=True)
    if type_ != "input_audio_buffer.dtmf_event_received":
        assert has_no_extras(parsed)
    assert decode_event(text) == event_from_dict(sample(model, variant))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("type_", sorted(CLIENT_MODELS))
def test_client_event_of_the_sdk_survives_decoding_and_encoding(type_: str, variant: int) -> None:
    wire = sample(CLIENT_MODELS[type_], variant)
    command = command_from_dict(wire)
    assert type(command) is our_classes(ClientEvent)[type_]
    assert command_to_dict(command) == wire
    assert decode_command(encode_command(command)) == command


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("type_", sorted(SERVER_MODELS))
def test_applying_any_server_event_to_an_empty_conversation_is_safe(type_: str, variant: int) -> None:
    conversation = Conversation()
    event = event_from_dict(sample(SERVER_MODELS[type_], variant))
    apply(conversation, event)
    apply(conversation, event)
    assert [item.id for item in conversation.ordered()] == [item.id for item in conversation.ordered()]


TEXT = ContentPart(type="input_text", text="How much is the Part B deductible?")
COMMANDS: list[ClientEvent] = [
    SessionUpdate(event_id="e", session={"type": "realtime", "instructions": "Be brief.", "tools": []}),
    ConversationItemCreate(event_id="e", item=MessageItem(role="user", content=(TEXT,))),
    ConversationItemCreate(
        event_id="e",
        previous_item_id="root",
        item=MessageItem(id="i", role="system", content=(TEXT,), status="completed"),
    ),
    ConversationItemCreate(
        event_id="e",
        item=MessageItem(role="assistant", content=(ContentPart(type="output_text", text="257 dollars"),)),
    ),
    ConversationItemCreate(
        event_id="e",
        item=MessageItem(
            role="user",
            content=(
                ContentPart(type="input_image", image_url="data:image/png;base64,AA==", detail="low"),
                ContentPart(type="input_audio", audio="AAAA", transcript="hello"),
            ),
        ),
    ),
    ConversationItemCreate(event_id="e", item=FunctionCallItem(call_id="c", name="search", arguments="{}")),
    ConversationItemCreate(event_id="e", item=FunctionCallOutputItem(call_id="c", output="{}")),
    ConversationItemDelete(event_id="e", item_id="i"),
    ConversationItemRetrieve(event_id="e", item_id="i"),
    ConversationItemTruncate(event_id="e", item_id="i", audio_end_ms=396),
    InputAudioBufferAppend(event_id="e", audio="AAAA"),
    InputAudioBufferCommit(event_id="e"),
    InputAudioBufferClear(event_id="e"),
    OutputAudioBufferClear(event_id="e"),
    ResponseCreate(event_id="e"),
    ResponseCreate(
        event_id="e",
        response=ResponseParams(
            conversation="none",
            input=(MessageItem(role="user", content=(TEXT,)),),
            instructions="Sum up.",
            output_modalities=("text",),
            tools=(
                {"type": "function", "name": "search", "description": "d", "parameters": {"type": "object"}},
            ),
            tool_choice={"type": "function", "name": "search"},
            parallel_tool_calls=False,
            max_output_tokens="inf",
            metadata={"k": "v"},
            audio={"output": {"voice": "marin"}},
            reasoning={"effort": "low"},
        ),
    ),
    ResponseCancel(event_id="e"),
    ResponseCancel(event_id="e", response_id="r"),
]


def test_the_commands_below_cover_all_eleven_types() -> None:
    assert {command.type for command in COMMANDS} == set(CLIENT_MODELS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.type)
def test_command_that_we_encode_is_valid_for_the_sdk(command: ClientEvent) -> None:
    parsed = TypeAdapter(CLIENT_MODELS[command.type]).validate_json(encode_command(command), strict=True)
    assert has_no_extras(parsed)
    wire = command_to_dict(command)
    assert without_nulls(parsed.model_dump(mode="json", exclude_unset=True)) == wire
    assert wire["event_id"] == "e"


def test_item_references_are_valid_input_of_a_response() -> None:
    reference = OpaqueItem(type="item_reference", id="item_1")
    command = ResponseCreate(event_id="e", response=ResponseParams(input=(reference,)))
    wire = command_to_dict(command)
    TypeAdapter(ResponseCreateEventWithReferencesParam).validate_python(wire)
    assert wire["response"]["input"] == [{"type": "item_reference", "id": "item_1"}]


def spoiled_fields() -> list[tuple[str, str, str, object]]:
    """(side, type, field, wrong value) for every field that our classes demand."""
    found: list[tuple[str, str, str, object]] = []
    for side, union in (("server", ServerEvent), ("client", ClientEvent)):
        for type_, cls in our_classes(union).items():
            for field in fields(cls):
                if field.name == "event_id" or field.default is not field.default_factory:
                    continue
                found += [(side, type_, field.name, wrong) for wrong in (ABSENT, None, 1.5, True)]
    seconds = {(name, 1.5) for name in ("start", "end")}
    shapeless = {("error", wrong) for wrong in (1.5, True)}  # an error is never lost over its shape
    return [row for row in found if row[2:] not in seconds | shapeless]


@pytest.mark.parametrize(("side", "type_", "name", "wrong"), spoiled_fields())
def test_a_required_field_that_is_missing_or_of_another_type_is_an_error_that_names_it(
    side: str, type_: str, name: str, wrong: object
) -> None:
    models, read = (
        (SERVER_MODELS, event_from_dict) if side == "server" else (CLIENT_MODELS, command_from_dict)
    )
    wire = sample(models[type_])
    if wrong is ABSENT:
        del wire[name]
    else:
        wire[name] = wrong
    with pytest.raises(ProtocolError) as caught:
        cast(Any, read)(wire)
    assert caught.value.param == name
    missing = wrong in (ABSENT, None)
    assert caught.value.code == ("missing_required_parameter" if missing else "invalid_type")
