"""JSON schema from typed functions, and arguments checked against a JSON schema.

Only what tools need: texts, numbers, booleans, dates, choices and lists of them. Messages are
written for the model, which corrects its call from them.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Literal, Union

from realtime_agents.errors import ToolError

MAX_ARGUMENTS_CHARS = 20_000
"""Arguments longer than this are a runaway model, not a question."""

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date"},
}
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}


def schema_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The JSON schema of a function's arguments; its first parameter is the `ToolContext`.

    ``Annotated[str, "words"]`` describes an argument; a default makes it optional. Raises
    `TypeError` when an annotation has no form here: a mistake of the tool's author.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    _, *parameters = inspect.signature(function).parameters.values()
    properties: dict[str, Any] = {}
    required: list[str] = []
    for parameter in parameters:
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise TypeError(f"{parameter.name!r}: a tool takes named arguments only, not * or **")
        if parameter.name not in hints:
            raise TypeError(f"{parameter.name!r} needs a type")
        schema = _schema(hints[parameter.name], parameter.name)
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
        elif parameter.default is not None:
            schema["default"] = parameter.default
        properties[parameter.name] = schema
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def parse_arguments(arguments_json: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as Python values. Raises `ToolError` with what to correct.

    Nulls count as left out, and a number written as text is read as a number: models do both.
    """
    if len(arguments_json) > MAX_ARGUMENTS_CHARS:
        raise ToolError(f"The arguments are longer than {MAX_ARGUMENTS_CHARS:,} characters.")
    try:
        found = json.loads(arguments_json or "{}")
    except (ValueError, RecursionError):
        raise ToolError("The arguments are not valid JSON. Call the tool again with a JSON object.") from None
    if not isinstance(found, dict):
        raise ToolError("The arguments must be a JSON object.")
    properties: Mapping[str, Any] = schema.get("properties", {})
    unknown = [name for name in found if name not in properties]
    if unknown and schema.get("additionalProperties") is False:
        raise ToolError(
            f"There is no argument {unknown[0][:40]!r}; known are {', '.join(properties) or 'none'}."
        )
    given = {name: value for name, value in found.items() if value is not None and name in properties}
    missing = [name for name in schema.get("required", ()) if name not in given]
    if missing:
        raise ToolError(f"The argument {missing[0]!r} is missing.")
    return {name: _value(value, properties[name], name) for name, value in given.items()}


def _schema(hint: Any, name: str) -> dict[str, Any]:
    origin = typing.get_origin(hint)
    if origin is Annotated:
        inner, *notes = typing.get_args(hint)
        schema = _schema(inner, name)
        words = [note for note in notes if isinstance(note, str)]
        return {**schema, "description": words[0]} if words else schema
    if origin is Literal:
        choices = list(typing.get_args(hint))
        if not all(isinstance(choice, str) for choice in choices):
            raise TypeError(f"{name!r}: choices must be texts")
        return {"type": "string", "enum": choices}
    if origin in (Union, types.UnionType):
        inner_hints = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        if len(inner_hints) == 1:
            return _schema(inner_hints[0], name)
    if origin is list:
        (item,) = typing.get_args(hint)
        return {"type": "array", "items": _schema(item, name)}
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    raise TypeError(f"{name!r}: {hint!r} has no JSON schema here")


def _value(value: Any, schema: Mapping[str, Any], name: str) -> Any:
    kind = schema.get("type", "")
    value = _from_text(value, kind)
    if not _is(kind, value):
        raise ToolError(f"{name!r} must be {_WORDS.get(kind, kind)}.")
    if "enum" in schema and value not in schema["enum"]:
        raise ToolError(f"{name!r} must be one of {', '.join(map(str, schema['enum']))}.")
    if schema.get("format") == "date":
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ToolError(f"{name!r} must be a date such as 2026-01-31.") from None
    match kind:
        case "array":
            return [_value(item, schema.get("items", {}), name) for item in value]
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case _:
            return value


def _from_text(value: Any, kind: str) -> Any:
    if not isinstance(value, str) or kind not in ("integer", "number"):
        return value
    try:
        return int(value) if kind == "integer" else float(value)
    except ValueError:
        return value


def _is(kind: str, value: Any) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return not isinstance(value, bool) and (
                isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            )
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return True
