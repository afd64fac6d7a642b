"""The port to a Realtime server, and what its adapters share.

One `Upstream` is one connection: after it ended, a new one is made. `openai_upstream` serves for
anything that speaks the GA Realtime protocol; tests have one that follows a script.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.codec import decode_event
from realtime_agents.protocol.commands import ClientEvent
from realtime_agents.protocol.events import ServerEvent, UnknownEvent

log = logging.getLogger(__name__)

OnEvent = Callable[[ServerEvent], None]

_MAX_KINDS = 64
_MAX_KIND_LENGTH = 80


class Upstream(Protocol):
    """One connection to a Realtime server."""

    async def connect(self) -> None:
        """Open the connection. Raises `UpstreamRefused`."""

    def offer(self, command: ClientEvent) -> bool:
        """Send one command at once. False when it cannot go now, or ever: `send` waits, or says why."""

    async def send(self, command: ClientEvent) -> None:
        """Send one command. Raises `UpstreamClosed`."""

    async def listen(self, on_event: OnEvent) -> None:
        """Call ``on_event`` with every event, in the order of the wire, as it arrives; to be called once.

        Returns after `close`; raises `UpstreamClosed` when the connection ended in any other way. Frames
        that are no events are counted in `oddities` and skipped. ``on_event`` must not raise, and is
        not called any more once this was cancelled.
        """

    async def close(self) -> None:
        """End the connection; safe to call twice and before `connect`."""

    @property
    def oddities(self) -> Mapping[str, int]:
        """How often the wire carried something unexpected, by kind: ``garbage`` or an event type."""


class FrameReader:
    """Decodes frames and counts those that are garbage or of an unknown type; none is fatal.

    The first of each kind is logged, with its type and never its content, so that a server that
    floods cannot flood the log too.
    """

    def __init__(self) -> None:
        self._oddities: Counter[str] = Counter()

    @property
    def oddities(self) -> Mapping[str, int]:
        return self._oddities

    def read(self, frame: bytes | str) -> ServerEvent | None:
        """The event in ``frame``; None when there is none."""
        try:
            event = decode_event(frame)
        except ProtocolError as error:
            self._count("garbage", code=error.code, param=error.param or "")
            return None
        if isinstance(event, UnknownEvent):
            self._count(event.type[:_MAX_KIND_LENGTH])
        return event

    def _count(self, kind: str, *, code: str = "unknown_type", param: str = "") -> None:
        if kind not in self._oddities and len(self._oddities) >= _MAX_KINDS:
            kind = "other"
        self._oddities[kind] += 1
        if self._oddities[kind] == 1:
            log.warning(
                "unexpected frame from the Realtime server, skipped",
                extra={"kind": kind, "code": code, "param": param[:_MAX_KIND_LENGTH]},
            )
