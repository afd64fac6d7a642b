"""Checks what clients send, as strictly as the GA API, and builds protocol commands from it.

One wrong field refuses the whole event: `ProtocolError` carries the code (``unknown_parameter``,
``missing_required_parameter``, ``invalid_value``, ``string_above_max_length``) and the path of the
field as the wire writes it (``session.tools[0].name``). Messages never repeat a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.speech.voices import VOICES
from realtime_agents.engine.wire_models import CLIENT_EVENTS, ClientEventModel
from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.codec import command_from_dict, decode_object
from realtime_agents.protocol.commands import ClientEvent

MAX_DEPTH = 40
_NO_IMAGES = "the local engine cannot see images; send text"
_NO_AUDIO_ASIDE = "audio is read when it is in an item of the conversation; create one and refer to it"


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


def is_small_enough(raw: bytes | str, config: EngineConfig) -> bool:
    """True for a message that may be parsed: a very large one only when it is little more than one long text.

    Brackets are counted before anything is parsed: a few megabytes of them would become gigabytes of objects.
    """
    if len(raw) <= config.max_message_bytes:
        return True
    if len(raw) > config.max_append_bytes:
        return False
    if isinstance(raw, bytes):
        return raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH
    return raw.count("{") + raw.count("[") <= MAX_DEPTH


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
        if len(value) > limit and path.rpartition(".")[2] != "audio":
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
            _check_voice(data["session"], "session")
        case "response.create":
            response = data.get("response") or {}
            _check_modalities(response.get("output_modalities"), "response.output_modalities")
            _check_voice(response, "response")
            for index, item in enumerate(response.get("input") or ()):
                _check_content(item, f"response.input[{index}]", is_aside=True)
        case "conversation.item.create":
            _check_content(data["item"], "item", is_aside=False)
        case _:
            pass


def _check_modalities(found: Any, path: str) -> None:
    if found not in (None, ["text"], ["audio"]):
        raise ProtocolError(
            f"Invalid value for '{path}': expected ['text'] or ['audio'], not both.",
            code="invalid_value",
            param=path,
        )


def _check_voice(data: Mapping[str, Any], path: str) -> None:
    voice = ((data.get("audio") or {}).get("output") or {}).get("voice")
    if voice is not None and voice not in VOICES:
        where = f"{path}.audio.output.voice"
        names = ", ".join(f"'{name}'" for name in VOICES)
        raise ProtocolError(
            f"Invalid value for '{where}'. Supported values are: {names}.", code="invalid_value", param=where
        )


def _check_content(item: Mapping[str, Any], path: str, *, is_aside: bool) -> None:
    for index, part in enumerate(item.get("content") or ()):
        if part["type"] == "input_image":
            where, reason = f"{path}.content[{index}].type", _NO_IMAGES
        elif is_aside and part["type"] == "input_audio" and part.get("audio"):
            where, reason = f"{path}.content[{index}].audio", _NO_AUDIO_ASIDE
        else:
            continue
        raise ProtocolError(f"Invalid value for '{where}': {reason}.", code="invalid_value", param=where)
