"""The messages of the audio socket: JSON text for what is said about audio, bytes for audio behind a head; pure.

``api/README.md`` lists them.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, Final, assert_never, cast, get_args

from realtime_agents.protocol.pcm import SAMPLE_RATE_HZ
from realtime_agents.session.line_messages import (
    AudioPiece,
    Flush,
    ItemBegins,
    ItemEnds,
    LineError,
    LineMessage,
    ListenMode,
    MarksAdded,
    ModeChanged,
    Notice,
    Ready,
    Speech,
)

SUBPROTOCOL: Final = "realtime-agents.audio"
TICKET_PREFIX: Final = "ticket."

_HEAD = struct.Struct("<II")
HEAD_BYTES: Final = _HEAD.size
MAX_FRAME_BYTES: Final = HEAD_BYTES + 19_200
"""Of microphone audio: 400 ms."""
MAX_TEXT_CHARS: Final = 2_000
_MAX_ID_CHARS = 200
_MAX_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Start:
    """Listen and speak from now on; the first message."""

    mode: ListenMode


@dataclass(frozen=True, slots=True)
class SetMode:
    mode: ListenMode


@dataclass(frozen=True, slots=True)
class Talk:
    """The push-to-talk button."""

    on: bool


@dataclass(frozen=True, slots=True)
class Mute:
    on: bool


@dataclass(frozen=True, slots=True)
class Played:
    """So much of an item was heard."""

    item_id: str
    ms: int


@dataclass(frozen=True, slots=True)
class Flushed:
    """Where the item that was playing stopped after a flush."""

    item_id: str
    ms: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Interrupt the answer."""


ClientMessage = Start | SetMode | Talk | Mute | Played | Flushed | Stop


class BadMessage(ValueError):
    """What the browser said makes no sense; the text says what was expected."""


def parse(text: str) -> ClientMessage:
    """Read a text message. Raises `BadMessage`, which never holds what was sent."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage("expected JSON") from None
    if not isinstance(data, dict):
        raise BadMessage("expected a JSON object")
    match data.get("type"):
        case "played":
            return Played(_item(data), _ms(data))
        case "flushed":
            return Flushed(_item(data), _ms(data))
        case "talk":
            return Talk(_on(data))
        case "mute":
            return Mute(_on(data))
        case "start":
            return Start(_mode(data))
        case "mode":
            return SetMode(_mode(data))
        case "stop":
            return Stop()
        case _:
            raise BadMessage("expected a type of start, mode, talk, mute, played, flushed or stop")


def heard_in(frame: bytes) -> tuple[int, int]:
    """The report in the head of microphone audio: (number of the item that plays, ms of it heard); 0 for none."""
    n, heard_ms = _HEAD.unpack_from(frame)
    return n, heard_ms


def encode(message: LineMessage) -> str | bytes:
    """What goes to the browser: bytes for audio, else JSON."""
    match message:  # most frequent first
        case AudioPiece():
            return _HEAD.pack(message.n, message.offset_samples) + message.pcm
        case MarksAdded():
            return _json(type="marks", n=message.n, points=message.points)
        case ItemBegins():
            return _json(type="item", n=message.n, id=message.item_id)
        case ItemEnds():
            return _json(type="item_end", n=message.n, ms=message.total_ms)
        case Flush():
            return _json(type="flush", reason=message.reason)
        case Speech():
            return _json(type="speech", on=message.on)
        case ModeChanged():
            return _json(type="mode", mode=message.mode)
        case Notice():
            return _json(type="notice", text=message.text)
        case LineError():
            return _json(type="error", code=message.code, text=message.text)
        case Ready():
            return _json(
                type="ready", rate=SAMPLE_RATE_HZ, mode=message.mode, conversation=message.conversation_id
            )
        case _:
            assert_never(message)


def ticket_in(subprotocols: list[str]) -> str | None:
    """The ticket among the subprotocols a page offers; None without one, or without our protocol."""
    if SUBPROTOCOL not in subprotocols:
        return None
    tickets = (name for name in subprotocols if name.startswith(TICKET_PREFIX))
    found = next(tickets, None)
    return None if found is None else found.removeprefix(TICKET_PREFIX)


def _json(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"))


def _mode(data: dict[str, Any]) -> ListenMode:
    mode = data.get("mode")
    if mode not in get_args(ListenMode):
        raise BadMessage(f"expected a mode of {', '.join(get_args(ListenMode))}")
    return cast(ListenMode, mode)


def _on(data: dict[str, Any]) -> bool:
    on = data.get("on")
    if not isinstance(on, bool):
        raise BadMessage("expected on to be true or false")
    return on


def _item(data: dict[str, Any]) -> str:
    item = data.get("item")
    if not isinstance(item, str) or not 0 < len(item) <= _MAX_ID_CHARS:
        raise BadMessage("expected item to be an id")
    return item


def _ms(data: dict[str, Any]) -> int:
    ms = data.get("ms")
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 <= ms <= _MAX_MS:
        raise BadMessage("expected ms to be milliseconds")
    return int(ms)
