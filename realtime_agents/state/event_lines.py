"""The event log as lines: numbered by turn, filtered, and grouped for the page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from realtime_agents.session.view import EventRow

LINES_MAX = 600
"""Lines a page holds; the session's own log is longer."""
COPIED_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One event, or a run of the same delta. The payload is fetched when the line is opened."""

    id: str
    group: str
    number: int
    """Which turn of the session, from 1; 0 before the first."""
    starts: bool
    """First line of its turn: a heading goes before it."""
    at_ms: int
    clock: str
    """Seconds and milliseconds, ``31.204``; the heading has the rest."""
    direction: str
    type: str
    detail: str
    times: str
    """``×17`` for a run."""


def with_rows(lines: tuple[EventLine, ...], rows: Iterable[EventRow]) -> tuple[EventLine, ...]:
    """Replace lines by id, append the new ones, keep the newest `LINES_MAX`."""
    kept = list(lines)
    places = {line.id: i for i, line in enumerate(kept)}
    for row in rows:
        place = places.get(row.id)
        if place is not None:
            kept[place] = replace(kept[place], detail=row.detail, times=_times(row.count))
            continue
        places[row.id] = len(kept)
        kept.append(_line(row, kept[-1] if kept else None))
    return tuple(kept[-LINES_MAX:])


def shown(lines: Iterable[EventLine], words: str) -> tuple[EventLine, ...]:
    """Lines that have all of ``words`` in their type or detail, with headings where a turn starts."""
    wanted = words.lower().split()
    found = [x for x in lines if all(w in f"{x.type} {x.detail} {x.direction}".lower() for w in wanted)]
    groups = [None, *(line.group for line in found)]
    return tuple(
        replace(line, starts=line.group != before) for line, before in zip(found, groups, strict=False)
    )


def split_last_turn(lines: tuple[EventLine, ...]) -> tuple[tuple[EventLine, ...], tuple[EventLine, ...]]:
    """What can no longer change, and the lines of the newest turn."""
    if not lines:
        return (), ()
    cut = next((i for i, line in enumerate(lines) if line.number == lines[-1].number), 0)
    return lines[:cut], lines[cut:]


def as_json(rows: Iterable[EventRow]) -> str:
    """The newest events as a JSON list, payloads as objects where they are whole."""
    newest = list(rows)[-COPIED_MAX:]
    return json.dumps([_copied(row) for row in newest], indent=1, ensure_ascii=False)


def _line(row: EventRow, before: EventLine | None) -> EventLine:
    same = before is not None and before.group == row.group
    number = before.number if before is not None else 0
    return EventLine(
        id=row.id,
        group=row.group,
        number=number if same or row.group == "session" else number + 1,
        starts=not same,
        at_ms=round(row.at * 1000),
        clock=f"{row.at % 60:06.3f}",
        direction=row.direction,
        type=row.type,
        detail=row.detail,
        times=_times(row.count),
    )


def _times(count: int) -> str:
    return f"×{count}" if count > 1 else ""


def _copied(row: EventRow) -> dict[str, Any]:
    try:
        payload: Any = json.loads(row.payload)
    except ValueError:
        payload = row.payload
    return {"at": row.at, "turn": row.group, "from": row.direction, "count": row.count, "event": payload}
