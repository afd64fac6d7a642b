"""Checks what clients send, as strictly as the GA API, and builds protocol commands from it.

One wrong field refuses the whole event: `ProtocolError` carries the code (``unknown_parameter``,
``missing_required_parameter``, ``invalid_value``, ``string_above_max_length``) and the path of the
field as the wire writes it (``session.tools[0].name``). Messages never repeat a value.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from realtime_agents.engine.wire_models import CLIENT_EVENTS, ClientEventModel
from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.codec import command_from_dict, decode_object
from realtime_agents.protocol.commands import ClientEvent

MAX_DEPTH = 40
_NO_SPEECH = "Speech is not available in this build of the local engine; send text."
_NOT_HERE = {
    "input_audio": _NO_SPEECH,
    "input_image": "The local engine cannot see images; send text.",
}


def parse_command(raw: bytes | str, *, max_text_chars: int) -> ClientEvent:
    """One valid command. Raises `ProtocolError`."""
    data = decode_object(raw)
    model = _model_of(data)
    try:
        model.model_validate(data)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_input=False), data) from None
    _check_texts(data, max_text_chars)
    _check_abilities(data)
    return command_from_dict(data)


def event_id_of(raw: bytes | str) -> str | None:
    """The client's ``event_id``, also of an event that is refused."""
    try:
        found = decode_object(raw).get("event_id")
    except ProtocolError:
        return None
    return found if isinstance(found, str) else None


def decoded_size(audio: str) -> int:
    """Bytes of base64 audio. Raises `ProtocolError` when it is not base64."""
    try:
        return len(binascii.a2b_base64(audio, strict_mode=True))
    except (binascii.Error, ValueError):
        raise ProtocolError(
            "Invalid value for 'audio': expected base64-encoded audio.", code="invalid_value", param="audio"
        ) from None


def _model_of(data: Mapping[str, Any]) -> type[ClientEventModel]:
    type_ = data.get("type")
    if type_ is None:
        raise ProtocolError(
            "Missing required parameter: 'type'.", code="missing_required_parameter", param="type"
        )
    model = CLIENT_EVENTS.get(type_) if isinstance(type_, str) else None
    if model is None:
        known = ", ".join(f"'{name}'" for name in CLIENT_EVENTS)
        raise ProtocolError(
            f"Invalid value for 'type'. Supported values are: {known}.", code="invalid_value", param="type"
        )
    return model


def _refusal(errors: Sequence[ErrorDetails], data: Mapping[str, Any]) -> ProtocolError:
    """The error of the most deeply placed problem: the branch of a union that was meant."""
    described = [(_path(error, data), error) for error in errors]
    path, error = max(described, key=lambda d: d[0].count(".") + d[0].count("["))
    match error["type"]:
        case "extra_forbidden":
            return ProtocolError(f"Unknown parameter: '{path}'.", code="unknown_parameter", param=path)
        case "missing" | "union_tag_not_found":
            return ProtocolError(
                f"Missing required parameter: '{path}'.", code="missing_required_parameter", param=path
            )
        case "string_too_long":
            longest = error["ctx"]["max_length"]
            message = f"Invalid '{path}': string too long, expected at most {longest} characters."
            return ProtocolError(message, code="string_above_max_length", param=path)
        case _:
            return ProtocolError(
                f"Invalid value for '{path}': {_reason(error)}.", code="invalid_value", param=path
            )


def _reason(error: ErrorDetails) -> str:
    """What was expected, in pydantic's words made plain, without the value that was found."""
    context = error.get("ctx", {})
    if "expected_tags" in context:
        return f"expected one of {context['expected_tags']}"
    if "expected" in context:
        return f"expected {context['expected']}"
    return error["msg"].removeprefix("Value error, ").removeprefix("Input ").rstrip(".")


def _path(error: ErrorDetails, data: Mapping[str, Any]) -> str:
    """``session.tools[0].name``: pydantic's location without the names of union branches."""
    found = ""
    current: Any = data
    location = error["loc"]
    for at, step in enumerate(location):
        last = at == len(location) - 1
        if isinstance(step, int) and isinstance(current, list):
            found += f"[{step}]"
            current = current[step] if step < len(current) else None
        elif isinstance(current, dict) and step in current:
            found += f".{step}" if found else str(step)
            current = current[step]
        elif last and error["type"] == "missing":
            found += f".{step}" if found else str(step)
    if error["type"] in ("union_tag_not_found", "union_tag_invalid"):
        tag = error["ctx"]["discriminator"].strip("'")
        found += f".{tag}" if found else tag
    return found


def _check_texts(value: Any, limit: int, path: str = "", depth: int = 0) -> None:
    """No text is longer than the bound, wherever it stands; audio has a bound of its own."""
    if depth > MAX_DEPTH:
        raise ProtocolError("Invalid event: nested too deeply.", code="invalid_value", param=path[:64])
    if isinstance(value, str):
        if len(value) > limit and path != "audio":
            raise ProtocolError(
                f"Invalid '{path}': string too long, expected at most {limit} characters.",
                code="string_above_max_length",
                param=path,
            )
    elif isinstance(value, dict):
        for name, one in value.items():
            _check_texts(one, limit, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            _check_texts(one, limit, f"{path}[{index}]", depth + 1)


def _check_abilities(data: Mapping[str, Any]) -> None:
    """Refuse what is valid on the wire and not possible here, in words that say so."""
    match data.get("type"):
        case "session.update":
            _check_modalities(data["session"].get("output_modalities"), "session.output_modalities")
        case "response.create":
            response = data.get("response") or {}
            _check_modalities(response.get("output_modalities"), "response.output_modalities")
            for index, item in enumerate(response.get("input") or ()):
                _check_content(item, f"response.input[{index}]")
        case "conversation.item.create":
            _check_content(data["item"], "item")
        case _:
            pass


def _check_modalities(found: Any, path: str) -> None:
    if found is None or found == ["text"]:
        return
    if found == ["audio"]:
        message = (
            f"Invalid value for '{path}': this build of the local engine answers in text only;"
            " speech comes in a later version. Use ['text']."
        )
    else:
        message = f"Invalid value for '{path}': expected ['text'] or ['audio'], not both."
    raise ProtocolError(message, code="invalid_value", param=path)


def _check_content(item: Mapping[str, Any], path: str) -> None:
    for index, part in enumerate(item.get("content") or ()):
        if reason := _NOT_HERE.get(part["type"]):
            where = f"{path}.content[{index}].type"
            raise ProtocolError(f"Invalid value for '{where}': {reason}", code="invalid_value", param=where)
