"""Token counts of the local engine: an estimate, with one fixed rule.

* A text token is four characters, rounded up per piece of text. An audio token is 100 ms of what
  a person said, or 50 ms of what the assistant said, rounded up per item.
* Input is what a response looked at: instructions, then tools as JSON, then the items in order. A
  person's spoken item counts as audio alone, an assistant's as audio and its words, as it did
  when it was said.
* Cached input is the longest common beginning of this input and that of the previous response of
  the session, in whole tokens, rounded down to a multiple of 64, and nothing below 128. It is a
  subset of the input.
* Output is the text said, or names and arguments of the calls made, and the audio sent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
AUDIO_IN_TOKEN_MS = 100
AUDIO_OUT_TOKEN_MS = 50
CACHE_STEP = 64
CACHE_MIN = 128


@dataclass(frozen=True, slots=True)
class InputPiece:
    """One part of the input: its text, and the tokens of its audio."""

    text: str
    audio_tokens: int = 0

    @property
    def tokens(self) -> int:
        return tokens_of(self.text) + self.audio_tokens


def tokens_of(text: str) -> int:
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def item_piece(item: Item, audio_ms: int = 0) -> InputPiece:
    """An item as the model is thought to take it in; ``audio_ms`` is how long it is to hear."""
    match item:
        case MessageItem(role="user") if audio_ms:
            typed = [part.text for part in item.content if part.text is not None]
            text = f"{item.role}: " + " ".join(typed)
            return InputPiece(text if typed else "", math.ceil(audio_ms / AUDIO_IN_TOKEN_MS))
        case MessageItem():
            text = f"{item.role}: " + " ".join(part.words or "" for part in item.content)
            return InputPiece(text, math.ceil(audio_ms / AUDIO_OUT_TOKEN_MS))
        case FunctionCallItem():
            return InputPiece(f"call {item.name} {item.arguments}")
        case FunctionCallOutputItem():
            return InputPiece(f"output {item.output}")
        case OpaqueItem():
            return InputPiece(item.type)


def head_pieces(instructions: str, tools: Sequence[Mapping[str, Any]]) -> tuple[InputPiece, ...]:
    """The part of the input that stands before the items."""
    listed = json.dumps(list(tools), separators=(",", ":"), ensure_ascii=False) if tools else ""
    return (InputPiece(instructions), InputPiece(listed))


def fitting(pieces: Sequence[InputPiece], room: int, retention: float = 1.0) -> int:
    """How many of the newest pieces fit into ``room`` tokens.

    Once it overflows, only ``retention`` of the room is filled, so that it does not overflow again
    at the next turn.
    """
    if sum(piece.tokens for piece in pieces) <= room:
        return len(pieces)
    kept, used = 0, 0
    for piece in reversed(pieces):
        used += piece.tokens
        if used > room * retention:
            break
        kept += 1
    return kept


def measure(
    pieces: Sequence[InputPiece], previous: Sequence[InputPiece], text_tokens: int, audio_tokens: int = 0
) -> Usage:
    """Usage of a response whose input was ``pieces``, after one whose input was ``previous``."""
    audio_in = sum(piece.audio_tokens for piece in pieces)
    input_tokens = sum(piece.tokens for piece in pieces)
    cached = _cached_tokens(pieces, previous)
    return Usage(
        total_tokens=input_tokens + text_tokens + audio_tokens,
        input_tokens=input_tokens,
        output_tokens=text_tokens + audio_tokens,
        input_token_details=InputTokenDetails(
            text_tokens=input_tokens - audio_in,
            audio_tokens=audio_in,
            cached_tokens=cached.text_tokens + cached.audio_tokens,
            cached_tokens_details=cached,
        ),
        output_token_details=OutputTokenDetails(text_tokens=text_tokens, audio_tokens=audio_tokens),
    )


def with_audio(counted: Usage, audio_tokens: int) -> Usage:
    """Usage as a thinker of text counted it, and the audio that was made of its words."""
    details = counted.output_token_details
    return replace(
        counted,
        total_tokens=counted.total_tokens + audio_tokens,
        output_tokens=counted.output_tokens + audio_tokens,
        output_token_details=replace(details, audio_tokens=details.audio_tokens + audio_tokens),
    )


def _common_length(one: str, other: str) -> int:
    """Characters that two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _cached_tokens(pieces: Sequence[InputPiece], previous: Sequence[InputPiece]) -> CachedTokensDetails:
    chars = audio = 0
    for one, other in zip(pieces, previous, strict=False):
        if one != other:
            chars += _common_length(one.text, other.text)
            break
        chars += len(one.text)
        audio += one.audio_tokens
    text = chars // CHARS_PER_TOKEN
    total = (text + audio) // CACHE_STEP * CACHE_STEP
    if total < CACHE_MIN:
        return CachedTokensDetails()
    text = min(text, total)
    return CachedTokensDetails(text_tokens=text, audio_tokens=total - text)
