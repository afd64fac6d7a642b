"""Wire objects made from the SDK's own models, so that the tests do not repeat our reading of them."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from openai.types.realtime.realtime_client_event import RealtimeClientEvent
from openai.types.realtime.realtime_server_event import RealtimeServerEvent
from pydantic import BaseModel

VARIANTS = range(9)
"""Enough to reach every member of the largest union, the nine item types."""


def server_models() -> dict[str, type[BaseModel]]:
    """The SDK's server event models by wire type."""
    return _by_type(RealtimeServerEvent)


def client_models() -> dict[str, type[BaseModel]]:
    """The SDK's client event models by wire type."""
    return _by_type(RealtimeClientEvent)


def sample(model: type[BaseModel], variant: int = 0) -> dict[str, Any]:
    """A wire object with every field of the model present."""
    made: dict[str, Any] = _value(model, variant)
    return made


def models_in(value: BaseModel) -> Iterator[BaseModel]:
    """The model and all models below it."""
    yield value
    for name in type(value).model_fields:
        for below in _flat(getattr(value, name)):
            yield from models_in(below)


def without_nulls(value: Any) -> Any:
    """The same JSON with ``null`` members left out."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(v) for v in value]
    return value


def _by_type(union: Any) -> dict[str, type[BaseModel]]:
    members = get_args(get_args(union)[0])
    return {get_args(m.model_fields["type"].annotation)[0]: m for m in members}


def _flat(value: Any) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _flat(one)


def _value(hint: Any, variant: int) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _value(args[0], variant)
    if origin in (Union, types.UnionType):
        members = [a for a in args if a is not type(None)]
        return _value(members[variant % len(members)], variant)
    if origin is Literal:
        return args[variant % len(args)]
    if origin is list:
        return [_value(args[0], variant), _value(args[0], variant + 1)]
    if origin is dict:
        return {"key": _value(args[1], variant)}
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return {
            f.alias or name: _value(f.annotation, variant)
            for name, f in hint.model_fields.items()
            if name != "prompt"  # reusable prompts are shut down and never used here
        }
    scalars: dict[Any, Any] = {str: "words", int: 7, float: 0.5, bool: True, object: {"a": [1, None]}}
    return scalars[hint]
