"""WebSocket frames (RFC 6455) of the plain kind, read and written without the library's state machine; pure.

A message in one unfragmented frame needs none of it, and nearly all of ours are such: audio, and the
events that carry it. Everything else, from the handshake to pings and the close, is left to the library.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiled part for this platform
    from websockets.utils import apply_mask

TEXT: Final = 0x1
BINARY: Final = 0x2

_FIN: Final = 0x80
_MASKED: Final = 0x80
_TWO_BYTES: Final = 126
_EIGHT_BYTES: Final = 127
_PARTS_BEGIN: Final = frozenset({TEXT, BINARY})
_PARTS_END: Final = _FIN
_MASK_SIZE: Final = 4

Take = Callable[[bytes], bool]
Leave = Callable[[bytes], object]


def data_frame(opcode: int, payload: bytes, mask: bytes = b"") -> bytes:
    """A whole message as one frame; a client gives four random bytes as ``mask``."""
    size, masked = len(payload), _MASKED if mask else 0
    if size < _TWO_BYTES:
        head = struct.pack("!BB", _FIN | opcode, masked | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", _FIN | opcode, masked | _TWO_BYTES, size)
    else:
        head = struct.pack("!BBQ", _FIN | opcode, masked | _EIGHT_BYTES, size)
    return head + mask + apply_mask(payload, mask) if mask else head + payload


class FrameCutter:
    """Cuts plain messages out of what arrives, and leaves all other bytes, in their order.

    Begins after the handshake, and must be given every byte from there on.
    """

    def __init__(self, opcodes: frozenset[int], *, is_masked: bool, max_bytes: int) -> None:
        """``opcodes`` of messages to cut out; ``is_masked``: what arrives is a client's. Longer ones are left."""
        self._plain = frozenset(_FIN | opcode for opcode in opcodes)
        self._is_masked = is_masked
        self._max_bytes = max_bytes
        self._missing = 0
        """Bytes that are still to come of a frame that is left."""
        self._held = b""
        """A head that has not come whole."""
        self._in_parts = False

    def feed(self, data: bytes, take: Take, leave: Leave) -> None:
        """More bytes. ``take`` gets the payload of each plain message; one it answers with False is left."""
        if self._held:
            data, self._held = self._held + data, b""
        size = len(data)
        left = at = 0  # what lies between them is left
        if self._missing:
            at = min(self._missing, size)
            self._missing -= at
        while at < size:
            body, length = self._head(data, at)
            if body == 0:
                self._held, size = data[at:], at
                break
            end = body + length
            if end <= size and self._is_plain(data, at, length):
                if left < at:
                    leave(data[left:at])
                    left = at
                if take(self._payload(data, body, end)):
                    left = end
            else:
                self._note(data[at])
                self._missing = max(end - size, 0)
            at = min(end, size)
        if left < size:
            leave(data[left:size])

    def _head(self, data: bytes, at: int) -> tuple[int, int]:
        """(where the payload begins, its length) of the frame there; (0, 0) when that is not all here."""
        if len(data) < at + 2:
            return 0, 0
        length, body = data[at + 1] & ~_MASKED, at + 2
        if length >= _TWO_BYTES:
            body += 2 if length == _TWO_BYTES else 8
            length = int.from_bytes(data[at + 2 : body], "big")
        if data[at + 1] & _MASKED:
            body += _MASK_SIZE
        return (body, length) if body <= len(data) else (0, 0)

    def _is_plain(self, data: bytes, at: int, length: int) -> bool:
        return (
            data[at] in self._plain
            and not self._in_parts
            and length <= self._max_bytes
            and bool(data[at + 1] & _MASKED) is self._is_masked
        )

    def _payload(self, data: bytes, body: int, end: int) -> bytes:
        payload = data[body:end]
        return apply_mask(payload, data[body - _MASK_SIZE : body]) if self._is_masked else payload

    def _note(self, first: int) -> None:
        if first in _PARTS_BEGIN:
            self._in_parts = True
        elif first == _PARTS_END:
            self._in_parts = False
