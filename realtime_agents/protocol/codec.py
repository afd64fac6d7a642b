"""Wire text to events and commands, and back.

Both directions are driven by tables built once per class from its dataclass fields, on first use:
no schema library, so that a delta costs a few microseconds beside `json.loads`.

Decoding is exact about types and lenient about the future: unknown keys are ignored, unknown
server events become `UnknownEvent`, an unknown status counts as ``incomplete``, ``null`` counts
as absent where a field has a default and no meaning for ``null``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.commands import ClientEvent, InputAudioBufferAppend
from realtime_agents.protocol.events import ServerEvent, UnknownEvent
from realtime_agents.protocol.items import (
    UNSET,
    ErrorDetail,
    FunctionCallItem,
    FunctionCallOutputItem,
    Item,
    MessageItem,
    OpaqueItem,
    Unset,
)

Converter = Callable[[Any], Any]

_ABSENT = object()
_ITEMS: dict[str, type] = {
    "message": MessageItem,
    "function_call": FunctionCallItem,
    "function_call_output": FunctionCallOutputItem,
}


def decode_event(raw: bytes | str) -> ServerEvent:
    """Read one server event. Raises `ProtocolError`, whose ``param`` is a path like ``item.content[0].text``."""
    return event_from_dict(decode_object(raw))


def decode_command(raw: bytes | str) -> ClientEvent:
    """Read one client event. Raises `ProtocolError`, also for a type that is not one of the 11."""
    return command_from_dict(decode_object(raw))


def encode_event(event: ServerEvent) -> str:
    """Write one server event as JSON text."""
    return json.dumps(event_to_dict(event), separators=(",", ":"))


def encode_command(command: ClientEvent) -> str:
    """Write one client event as JSON text; fields that are ``None`` are left out."""
    if type(command) is InputAudioBufferAppend and command.event_id and _is_plain(command.audio):
        # The most frequent one by far, and base64 need not be searched for what JSON escapes.
        id_ = json.dumps(command.event_id)
        return f'{{"event_id":{id_},"type":"{command.type}","audio":"{command.audio}"}}'
    return json.dumps(command_to_dict(command), separators=(",", ":"))


def event_from_dict(data: Mapping[str, Any]) -> ServerEvent:
    """Like `decode_event`, from parsed JSON."""
    type_ = _type_of(data)
    cls = _event_classes().get(type_)
    if cls is None:
        return UnknownEvent(type=type_, data=data)
    if "event_id" not in data:  # foreign servers forget it, and nothing here depends on it
        data = {**data, "event_id": ""}
    return cast(ServerEvent, _decode(cls, data))


def command_from_dict(data: Mapping[str, Any]) -> ClientEvent:
    """Like `decode_command`, from parsed JSON."""
    type_ = _type_of(data)
    cls = _command_classes().get(type_)
    if cls is None:
        raise ProtocolError(
            f"Expected a client event type, found {type_!r}", code="invalid_value", param="type"
        )
    return cast(ClientEvent, _decode(cls, data))


def event_to_dict(event: ServerEvent) -> dict[str, Any]:
    """Like `encode_event`, without making text."""
    return cast("dict[str, Any]", _to_json(event))


def command_to_dict(command: ClientEvent) -> dict[str, Any]:
    """Like `encode_command`, without making text."""
    return cast("dict[str, Any]", _to_json(command))


def item_from_dict(data: Mapping[str, Any]) -> Item:
    """Read one item, for example from the history store. Raises `ProtocolError`."""
    return cast(Item, _checked(_item, data))


def item_to_dict(item: Item) -> dict[str, Any]:
    """Write one item as the wire carries it."""
    return cast("dict[str, Any]", _to_json(item))


def decode_object(raw: bytes | str) -> dict[str, Any]:
    """Parse JSON text that must be an object. Raises `ProtocolError`."""
    try:
        data = json.loads(raw if isinstance(raw, str) else raw.decode())  # it is never UTF-16
    except (ValueError, RecursionError):  # bad UTF-8 and over-long numbers are ValueErrors too
        raise ProtocolError("Expected JSON text, found something else", code="invalid_json") from None
    if type(data) is not dict:
        raise ProtocolError(f"Expected a JSON object, found {_name_of(data)}", code="invalid_event")
    return data


def _is_plain(base64: str) -> bool:
    """Whether it can stand in JSON as it is, line breaks of MIME and mistakes of a caller aside."""
    return base64.isascii() and not ('"' in base64 or "\\" in base64 or "\n" in base64 or "\r" in base64)


class _Mismatch(Exception):
    """A value is not what its field wants; collects the path while it unwinds."""

    def __init__(self, expected: str, found: str, code: str = "invalid_type") -> None:
        self.expected = expected
        self.found = found
        self.code = code
        self.path = ""

    def below(self, step: str) -> _Mismatch:
        joint = "" if not self.path or self.path.startswith("[") else "."
        self.path = f"{step}{joint}{self.path}"
        return self


def _type_of(data: Mapping[str, Any]) -> str:
    type_ = data.get("type", _ABSENT)
    if type_ is _ABSENT:
        raise ProtocolError(
            "Expected a 'type' field, found none", code="missing_required_parameter", param="type"
        )
    if not isinstance(type_, str):
        message = f"Expected 'type' to be a string, found {_name_of(type_)}"
        raise ProtocolError(message, code="invalid_type", param="type")
    return type_


def _decode(cls: Any, data: Mapping[str, Any]) -> Any:
    return _checked(_object_converter(cls), data)


def _checked(convert: Converter, data: Any) -> Any:
    try:
        return convert(data)
    except _Mismatch as e:
        message = f"Expected {e.path!r} to be {e.expected}, found {e.found}"
        raise ProtocolError(message, code=e.code, param=e.path or None) from None


@cache
def _event_classes() -> dict[str, type]:
    return {_wire_type(cls): cls for cls in get_args(ServerEvent) if cls is not UnknownEvent}


@cache
def _command_classes() -> dict[str, type]:
    return {_wire_type(cls): cls for cls in get_args(ClientEvent)}


def _wire_type(cls: Any) -> str:
    return cast(str, next(f.default for f in fields(cls) if f.name == "type"))


@cache
def _object_converter(cls: type) -> Converter:
    hints = get_type_hints(cls)
    rows = tuple(
        (f.name, _converter(hints[f.name]), NoneType in get_args(hints[f.name]), _required(f))
        for f in fields(cast(Any, cls))
        if not _is_constant(hints[f.name])
    )

    def convert(value: Any) -> Any:
        if type(value) is not dict:
            raise _Mismatch("an object", _name_of(value))
        found: dict[str, Any] = {}
        for name, convert_field, nullable, required in rows:
            raw = value.get(name, _ABSENT)
            if raw is _ABSENT or (raw is None and not nullable):
                if required:
                    raise _missing(raw).below(name)
            elif raw is None:
                found[name] = None
            else:
                try:
                    found[name] = convert_field(raw)
                except _Mismatch as e:
                    raise e.below(name) from None
        return cls(**found)

    return convert


def _missing(raw: Any) -> _Mismatch:
    found = "null" if raw is None else "nothing"
    return _Mismatch("present", found, "missing_required_parameter")


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _is_constant(hint: Any) -> bool:
    return get_origin(hint) is Literal and len(get_args(hint)) == 1


@cache
def _converter(hint: Any) -> Converter:
    """The function that checks a JSON value against a field's annotation."""
    if hint == Item:
        return _item
    if hint is ErrorDetail:
        return _error_detail
    if hint in _SCALARS:
        return _SCALARS[hint]
    if is_dataclass(hint):
        return _object_converter(cast(type, hint))
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _literal(args)
    if origin is tuple:
        return _tuple_of(_converter(args[0]))
    if origin is Mapping:
        return _mapping
    members = [a for a in args if a is not NoneType and a is not Unset]
    return _converter(members[0]) if len(members) == 1 else _one_of(tuple(map(_converter, members)))


def _item(value: Any) -> Item:
    if type(value) is not dict:
        raise _Mismatch("an object", _name_of(value))
    type_ = value.get("type")
    if type(type_) is not str:
        raise _Mismatch("a string", _name_of(type_), "missing_required_parameter").below("type")
    cls = _ITEMS.get(type_)
    if cls is not None:
        return cast(Item, _object_converter(cls)(value))
    id_ = value.get("id")
    return OpaqueItem(type=type_, id=id_ if type(id_) is str else None, data=value)


def _error_detail(value: Any) -> ErrorDetail:
    """Never lose an error over its shape: some servers send numeric codes."""
    if type(value) is not dict:
        return ErrorDetail(message=str(value))
    known = {f.name: value[f.name] for f in fields(ErrorDetail) if value.get(f.name) is not None}
    return ErrorDetail(**{name: v if type(v) is str else str(v) for name, v in known.items()})


def _string(value: Any) -> str:
    if type(value) is not str:
        raise _Mismatch("a string", _name_of(value))
    return value


def _integer(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():  # servers written in JavaScript send 396.0
        return int(value)
    raise _Mismatch("an integer", _name_of(value))


def _number(value: Any) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise _Mismatch("a number", _name_of(value))


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise _Mismatch("true or false", _name_of(value))
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise _Mismatch("an object", _name_of(value))
    return value


_SCALARS: dict[Any, Converter] = {str: _string, int: _integer, float: _number, bool: _boolean}


def _literal(values: tuple[Any, ...]) -> Converter:
    def convert(value: Any) -> Any:
        if value in values:
            return value
        if "incomplete" in values and type(value) is str:  # a status of the future: trust nothing
            return "incomplete"
        raise _Mismatch(f"one of {', '.join(map(repr, values))}", _name_of(value), "invalid_value")

    return convert


def _tuple_of(convert_one: Converter) -> Converter:
    def convert(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise _Mismatch("an array", _name_of(value))
        made = []
        for index, one in enumerate(value):
            try:
                made.append(convert_one(one))
            except _Mismatch as e:
                raise e.below(f"[{index}]") from None
        return tuple(made)

    return convert


def _one_of(converters: tuple[Converter, ...]) -> Converter:
    def convert(value: Any) -> Any:
        wanted = []
        for convert_one in converters:
            try:
                return convert_one(value)
            except _Mismatch as e:
                wanted.append(e.expected)
        raise _Mismatch(" or ".join(wanted), _name_of(value))

    return convert


def _name_of(value: Any) -> str:
    """The JSON name of a value's kind. Never the value itself: it may be what somebody said."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array"}
    return names.get(type(value), "an object")


@cache
def _encode_rows(cls: type) -> tuple[tuple[str, bool], ...]:
    """(field, whether ``None`` is written as null) for each field of a wire class."""
    return tuple((f.name, f.default is UNSET) for f in fields(cast(Any, cls)))


def _to_json(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_to_json(v) for v in value]
    if isinstance(value, UnknownEvent):
        return {**value.data, "type": value.type}
    if isinstance(value, OpaqueItem):
        id_ = {} if value.id is None else {"id": value.id}
        return {**_to_json(value.data), **id_, "type": value.type}
    if isinstance(value, Mapping):
        return {k: _to_json(v) for k, v in value.items()}
    return _dataclass_to_json(value)


def _dataclass_to_json(value: Any) -> dict[str, Any]:
    wire: dict[str, Any] = {}
    cls: Any = type(value)
    for name, writes_null in _encode_rows(cls):
        one = getattr(value, name)
        if one is UNSET or (one is None and not writes_null):
            continue
        wire[name] = _to_json(one)
    if (object_ := getattr(value, "object", None)) is not None:
        wire["object"] = object_
    return wire
