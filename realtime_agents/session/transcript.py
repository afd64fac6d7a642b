"""The rows of one conversation and the text being streamed; hands every change on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from realtime_agents.session.citing import CitedText, Ledger, resolve
from realtime_agents.session.view import LiveText, Turn

NOTHING_LIVE = LiveText(turn_id="", agent="", text="")


@dataclass(frozen=True, slots=True)
class TranscriptEvents:
    """Who is told about changes."""

    turn: Callable[[Turn], None]
    live: Callable[[], None]


class Transcript:
    """Turns by id, in the order in which they were first seen.

    What an agent says is kept as the model wrote it beside what people see: citations are numbered
    per answer for people, per session for the model.
    """

    def __init__(self, ledger: Ledger, events: TranscriptEvents) -> None:
        self._ledger = ledger
        self._events = events
        self._turns: dict[str, Turn] = {}
        self._spoken: dict[str, str] = {}
        self._live_id = ""

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(self._turns.values())

    def __contains__(self, turn_id: str) -> bool:
        return turn_id in self._turns

    def get(self, turn_id: str) -> Turn | None:
        return self._turns.get(turn_id)

    def spoken(self, turn_id: str) -> str:
        """What an agent said as the model wrote it; empty for other turns."""
        return self._spoken.get(turn_id, "")

    def put(self, turn: Turn) -> None:
        """Add a turn at the end, or replace the one with its id."""
        self._turns[turn.id] = turn
        self._events.turn(turn)

    def change(self, turn_id: str, **fields: Any) -> None:
        """Replace some fields of a turn; nothing happens when it is not there."""
        turn = self._turns.get(turn_id)
        if turn is None:
            return
        changed = replace(turn, **fields)
        if changed != turn:
            self.put(changed)

    def hear(self, turn_id: str, text: str) -> None:
        """The agent said ``text`` so far, in a turn that is there and in progress."""
        self._spoken[turn_id] = text
        self._live_id = turn_id
        self._events.live()

    def settle(self, turn_id: str, text: str | None = None, **fields: Any) -> CitedText:
        """An agent's turn is over: its text as people see it, with citations, in its row."""
        if text is not None:
            self._spoken[turn_id] = text
        cited = resolve(self.spoken(turn_id), self._ledger)
        self.change(turn_id, text=cited.text, citations=cited.citations, **fields)
        if turn_id == self._live_id:
            self._live_id = ""
            self._events.live()
        return cited

    def live(self) -> LiveText:
        """The text being streamed, as far as it can be shown."""
        turn = self._turns.get(self._live_id)
        if turn is None:
            return NOTHING_LIVE
        shown = resolve(self._spoken[turn.id], self._ledger, partial=True)
        return LiveText(turn_id=turn.id, agent=turn.agent, text=shown.text)
