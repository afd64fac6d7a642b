"""How much of each answer was really heard.

The server sends audio faster than it plays, so "sent" is never "heard". Received time is counted
from bytes; played time comes from the browser, which counts samples; as long as it never reported
anything a monotonic clock stands in. Times are milliseconds; ``now_ms`` is any monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from realtime_agents.protocol.commands import ConversationItemTruncate
from realtime_agents.protocol.pcm import bytes_to_ms


@dataclass(slots=True)
class _ItemClock:
    content_index: int
    starts_ms: float
    """When playing began, as far as can be told without reports."""
    received_bytes: int = 0
    reported_ms: int | None = None
    complete: bool = False

    @property
    def received_ms(self) -> int:
        return bytes_to_ms(self.received_bytes)

    def played_ms(self, now_ms: float, *, reports_come: bool) -> int:
        if self.reported_ms is not None:
            played: float = self.reported_ms
        else:  # a player that reports has not begun what it says nothing about
            played = 0 if reports_come else now_ms - self.starts_ms
        return max(0, min(int(played), self.received_ms))


class PlaybackClock:
    """Received and played time per item. `forget` items that are over to bound memory."""

    def __init__(self) -> None:
        self._clocks: dict[str, _ItemClock] = {}
        self._reports_come = False

    def on_audio(self, item_id: str, size_bytes: int, *, now_ms: float, content_index: int = 0) -> None:
        """Audio of an item arrived. Items play one after the other."""
        clock = self._clocks.get(item_id)
        if clock is None:
            ends_ms = max((c.starts_ms + c.received_ms for c in self._clocks.values()), default=now_ms)
            clock = self._clocks[item_id] = _ItemClock(content_index, max(now_ms, ends_ms))
        clock.received_bytes += size_bytes

    def on_audio_done(self, item_id: str) -> None:
        """No more audio of the item will come."""
        if clock := self._clocks.get(item_id):
            clock.complete = True

    def on_report(self, item_id: str, played_ms: int) -> None:
        """The browser played so much of the item. Late reports never turn the clock back."""
        if clock := self._clocks.get(item_id):
            self._reports_come = True
            clock.reported_ms = max(played_ms, clock.reported_ms or 0)

    def received_ms(self, item_id: str) -> int:
        """Milliseconds of audio received; 0 for an unknown item."""
        clock = self._clocks.get(item_id)
        return 0 if clock is None else clock.received_ms

    def played_ms(self, item_id: str, *, now_ms: float) -> int:
        """Milliseconds heard, never more than received; 0 for an unknown item."""
        clock = self._clocks.get(item_id)
        return 0 if clock is None else clock.played_ms(now_ms, reports_come=self._reports_come)

    def is_finished(self, item_id: str, *, now_ms: float) -> bool:
        """Whether all of an item arrived and was played; True for an unknown item."""
        clock = self._clocks.get(item_id)
        return clock is None or (
            clock.complete and self.played_ms(item_id, now_ms=now_ms) >= clock.received_ms
        )

    def truncation(
        self, item_id: str, *, now_ms: float, event_id: str | None = None
    ) -> ConversationItemTruncate | None:
        """The command that makes the server forget what was not heard of an interrupted item.

        ``None`` when nothing was heard, which the server refuses, or all, which would make the
        model say it again.
        """
        clock = self._clocks.get(item_id)
        if clock is None or self.is_finished(item_id, now_ms=now_ms):
            return None
        played_ms = self.played_ms(item_id, now_ms=now_ms)
        if played_ms == 0:
            return None
        return ConversationItemTruncate(
            event_id=event_id, item_id=item_id, content_index=clock.content_index, audio_end_ms=played_ms
        )

    def forget(self, item_id: str) -> None:
        """Drop what is kept of an item."""
        self._clocks.pop(item_id, None)
