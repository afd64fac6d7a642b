"""The SDK's types as a judge of what we send."""

from __future__ import annotations

from functools import cache
from typing import Any

from openai.types.realtime.response_create_event_with_references_param import (
    ResponseCreateEventWithReferencesParam,
)
from pydantic import TypeAdapter

from realtime_agents.protocol.codec import command_to_dict, encode_command
from realtime_agents.protocol.commands import ClientEvent
from tests.protocol.samples import client_models, models_in, without_nulls

_CLIENT_MODELS = client_models()


@cache
def _adapter(type_: str) -> TypeAdapter[Any]:
    return TypeAdapter(_CLIENT_MODELS[type_])


def check_command(command: ClientEvent) -> None:
    """Raise when the SDK would not send this: unknown fields, wrong types, something lost on the way."""
    wire = command_to_dict(command)
    parsed = _adapter(command.type).validate_json(encode_command(command), strict=True)
    assert not [m for m in models_in(parsed) if m.model_extra], wire
    assert without_nulls(parsed.model_dump(mode="json", exclude_unset=True)) == without_nulls(wire)
    assert wire["event_id"]
    if command.type == "response.create":
        TypeAdapter(ResponseCreateEventWithReferencesParam).validate_python(wire)
