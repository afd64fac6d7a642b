"""Reading sockets that carry small messages."""

from __future__ import annotations

from asyncio import BaseTransport
from typing import Any, Final

READ_BYTES: Final = 64 * 1024


def read_little_at_once(transport: BaseTransport) -> None:
    """Read at most `READ_BYTES` in one go.

    asyncio sets a quarter of a megabyte aside for each read, which the system's allocator then maps and
    unmaps anew: 9 µs beside 2 µs for the reading of an audio frame. A transport that has no such
    setting (TLS, other event loops) stays as it is.
    """
    selector_transport: Any = transport
    if hasattr(transport, "max_size"):
        selector_transport.max_size = READ_BYTES
