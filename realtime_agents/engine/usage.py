"""Token counts of the local engine: an estimate, with one fixed rule.

* A token is four characters, rounded up per piece of text.
* Input is what a response looked at: instructions, then tools as JSON, then the items in order.
* Cached input is the longest common beginning of this input and that of the previous response of
  the session, in whole tokens, rounded down to a multiple of 64, and nothing below 128. It is a
  subset of the input.
* Output is the text said, or names and arguments of the calls made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from realtime_agents.protocol.items import (
    CachedTokensDetails,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputTokenDetails,
    Item,
    MessageItem,
    OpaqueItem,
    OutputTokenDetails,
    Usage,
)

CHARS_PER_TOKEN = 4
CACHE_STEP = 64
CACHE_MIN = 128


def tokens_of(text: str) -> int:
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def item_text(item: Item) -> str:
    """An item as the model is thought to read it."""
    match item:
        case MessageItem():
            return f"{item.role}: " + " ".join(part.words or "" for part in item.content)
        case FunctionCallItem():
            return f"call {item.name} {item.arguments}"
        case FunctionCallOutputItem():
            return f"output {item.output}"
        case OpaqueItem():
            return item.type


def head_pieces(instructions: str, tools: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The part of the input that stands before the items."""
    return (instructions, json.dumps(list(tools), separators=(",", ":"), ensure_ascii=False) if tools else "")


def fit_items(
    items: Sequence[Item], head_tokens: int, limit: int, retention: float = 1.0
) -> tuple[Item, ...]:
    """The newest items that fit into ``limit`` tokens beside the head.

    Once it overflows, only ``retention`` of the room is filled, so that it does not overflow again
    at the next turn.
    """
    sizes = [tokens_of(item_text(item)) for item in items]
    room = limit - head_tokens
    if sum(sizes) <= room:
        return tuple(items)
    kept, used = len(items), 0
    while kept and used + sizes[kept - 1] <= room * retention:
        kept -= 1
        used += sizes[kept]
    return tuple(items[kept:])


def measure(pieces: Sequence[str], previous: Sequence[str], output_tokens: int) -> Usage:
    """Usage of a response whose input was ``pieces``, after one whose input was ``previous``."""
    input_tokens = sum(tokens_of(piece) for piece in pieces)
    cached = min(_cached_tokens(pieces, previous), input_tokens)
    return Usage(
        total_tokens=input_tokens + output_tokens,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        input_token_details=InputTokenDetails(
            text_tokens=input_tokens,
            cached_tokens=cached,
            cached_tokens_details=CachedTokensDetails(text_tokens=cached),
        ),
        output_token_details=OutputTokenDetails(text_tokens=output_tokens),
    )


def _common_length(one: str, other: str) -> int:
    """Characters that two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _cached_tokens(pieces: Sequence[str], previous: Sequence[str]) -> int:
    shared = 0
    for one, other in zip(pieces, previous, strict=False):
        if one != other:
            shared += _common_length(one, other)
            break
        shared += len(one)
    tokens = shared // CHARS_PER_TOKEN // CACHE_STEP * CACHE_STEP
    return tokens if tokens >= CACHE_MIN else 0
