"""The protocol as it happened: client and server events of one session, for the Lab view.

Adding an event stores a reference; rows, details and payloads are built when somebody reads.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from realtime_agents.protocol.codec import command_to_dict, event_to_dict
from realtime_agents.protocol.commands import ClientEvent
from realtime_agents.protocol.events import ServerEvent, UnknownEvent
from realtime_agents.session.view import Direction, EventRow

LIMIT_ROWS = 2000
LIMIT_PAYLOAD = 8000
"""Characters of a row's payload."""

_AUDIO_TYPES = frozenset({"response.output_audio.delta", "input_audio_buffer.append"})


class LogEntry:
    """One line while it may still grow; only `EventLog` changes it."""

    __slots__ = ("at", "count", "deltas", "direction", "first", "group", "number", "size", "type")

    def __init__(
        self, number: int, group: str, at: float, direction: Direction, first: ClientEvent | ServerEvent
    ) -> None:
        self.number = number
        self.group = group
        self.at = at
        self.direction = direction
        self.type = first.type
        self.first = first
        self.count = 1
        self.deltas: list[str] = []
        self.size = 0
        """Characters of all deltas, also of those not kept."""

    @property
    def id(self) -> str:
        return f"event_{self.number}"

    def add_delta(self, delta: str) -> None:
        if self.size < LIMIT_PAYLOAD and self.type not in _AUDIO_TYPES:
            self.deltas.append(delta)
        self.size += len(delta)

    def row(self) -> EventRow:
        """The line as it is now."""
        return EventRow(
            id=self.id,
            group=self.group,
            at=self.at,
            direction=self.direction,
            type=self.type,
            detail=_detail(self),
            count=self.count,
            payload=_payload(self),
        )


class EventLog:
    """A ring of the newest `LIMIT_ROWS` lines.

    Deltas of one item are one line with a count, also when deltas of another kind come between
    (speech and its transcript do); any other event ends the run.
    """

    def __init__(self, now: Callable[[], float], *, limit: int = LIMIT_ROWS) -> None:
        self._now = now
        self._entries: deque[LogEntry] = deque(maxlen=limit)
        self._runs: dict[tuple[str, str], LogEntry] = {}
        self._added = 0
        self.group = "session"
        """Id of the user turn that new lines belong to."""

    def begin_group(self, turn_id: str) -> None:
        """Lines from now on belong to that turn."""
        self.group = turn_id

    def add(self, direction: Direction, event: ClientEvent | ServerEvent) -> LogEntry:
        """Add an event; returns the line it went to."""
        delta = _delta_of(event)
        if delta is None:
            self._runs.clear()
            return self._append(direction, event)
        key = (event.type, getattr(event, "item_id", ""))
        entry = self._runs.get(key)
        if entry is None:
            entry = self._runs[key] = self._append(direction, event)
        else:
            entry.count += 1
        entry.add_delta(delta)
        return entry

    def rows(self) -> tuple[EventRow, ...]:
        """All lines, oldest first."""
        return tuple(entry.row() for entry in self._entries)

    def _append(self, direction: Direction, event: ClientEvent | ServerEvent) -> LogEntry:
        self._added += 1
        entry = LogEntry(self._added, self.group, self._now(), direction, event)
        self._entries.append(entry)
        return entry


def _delta_of(event: ClientEvent | ServerEvent) -> str | None:
    if event.type.endswith(".delta"):
        delta = getattr(event, "delta", None)
        return delta if isinstance(delta, str) else None
    if event.type == "input_audio_buffer.append":
        return str(getattr(event, "audio", ""))
    return None


def _wire(entry: LogEntry) -> Mapping[str, Any]:
    event = entry.first
    if entry.direction == "client":
        return command_to_dict(event)  # type: ignore[arg-type]  # the direction says which
    return event.data if isinstance(event, UnknownEvent) else event_to_dict(event)  # type: ignore[arg-type]


def _payload(entry: LogEntry) -> str:
    wire = dict(_wire(entry))
    if entry.type in _AUDIO_TYPES:
        field = "audio" if "audio" in wire else "delta"
        wire[field] = f"<{entry.size} characters of base64 audio>"
    elif entry.deltas:
        wire["delta"] = "".join(entry.deltas)
    text = json.dumps(wire, ensure_ascii=False, default=str)
    return text if len(text) <= LIMIT_PAYLOAD else text[: LIMIT_PAYLOAD - 1] + "…"


def _detail(entry: LogEntry) -> str:
    """Ids, names, sizes and codes; never words of the conversation."""
    wire = _wire(entry)
    if entry.size:
        return _joined(wire.get("item_id"), f"{entry.size} characters")
    for key in ("error", "response", "item", "session"):
        part = wire.get(key)
        if isinstance(part, Mapping):
            return _part_detail(key, part)
    return _joined(wire.get("name"), wire.get("item_id") or wire.get("response_id") or wire.get("call_id"))


def _part_detail(key: str, part: Mapping[str, Any]) -> str:
    match key:
        case "error":
            return _joined(part.get("code") or part.get("type"), part.get("param"))
        case "response":
            usage = part.get("usage")
            tokens = (
                f"{usage['total_tokens']} tokens"
                if isinstance(usage, Mapping) and "total_tokens" in usage
                else ""
            )
            return _joined(part.get("id"), part.get("status"), tokens)
        case "item":
            return _joined(
                part.get("type"), part.get("role") or part.get("name"), part.get("id") or part.get("call_id")
            )
        case _:
            tools = part.get("tools")
            count = f"{len(tools)} tools" if isinstance(tools, list | tuple) else ""
            prompt = (
                f"{len(part['instructions'])} characters of instructions" if part.get("instructions") else ""
            )
            return _joined(part.get("model"), count, prompt)


def _joined(*parts: object) -> str:
    return " · ".join(str(part)[:80] for part in parts if part)
