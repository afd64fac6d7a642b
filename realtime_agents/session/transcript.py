"""The rows of one conversation and the text being streamed; hands every change on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from realtime_agents.protocol.spoken_words import end_of_words, word_ends
from realtime_agents.session.citing import CitedText, Ledger, resolve
from realtime_agents.session.view import LiveText, Turn

NOTHING_LIVE = LiveText(turn_id="", agent="", text="")
_SAID = frozenset({"user", "agent"})
"""Rows that are items of the conversation; the others only stand beside them."""


@dataclass(frozen=True, slots=True)
class TranscriptEvents:
    """Who is told about changes."""

    turn: Callable[[Turn], None]
    """A row is new at the end, or changed."""
    live: Callable[[], None]
    inserted: Callable[[Turn, str], None]
    """A row is new, right behind the row of that id."""
    removed: Callable[[str], None]
    """The row of that id is gone."""


class Transcript:
    """Turns by id, in the order of the conversation.

    What an agent says is kept as the model wrote it beside what people see: citations are numbered
    per answer for people, per session for the model.
    """

    def __init__(self, ledger: Ledger, events: TranscriptEvents) -> None:
        self._ledger = ledger
        self._events = events
        self._turns: dict[str, Turn] = {}
        self._spoken: dict[str, str] = {}
        self._rows: dict[str, str] = {}
        """Row of an item where the two ids differ."""
        self._live_id = ""

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(self._turns.values())

    def __contains__(self, turn_id: str) -> bool:
        return turn_id in self._turns

    def get(self, turn_id: str) -> Turn | None:
        return self._turns.get(turn_id)

    def spoken(self, turn_id: str) -> str:
        """What was heard of an agent's words as the model wrote them; empty for other turns."""
        return self._spoken.get(turn_id, "")

    def name_row(self, item_id: str, turn_id: str) -> None:
        """The row of an item has another id than the item."""
        self._rows[item_id] = turn_id

    def row_of(self, item_id: str) -> str:
        """The row that an item has, or would have."""
        return self._rows.get(item_id, item_id)

    def put(self, turn: Turn) -> None:
        """Add a turn at the end, or replace the one with its id."""
        self._turns[turn.id] = turn
        self._events.turn(turn)

    def put_after(self, turn: Turn, previous_id: str) -> None:
        """Add a turn behind another and the notes that follow that; at the end when it is not there."""
        ids = list(self._turns)
        if previous_id not in self._turns or turn.id in self._turns:
            self.put(turn)
            return
        at = ids.index(previous_id) + 1
        while at < len(ids) and self._turns[ids[at]].role not in _SAID:
            at += 1
        if at == len(ids):
            self.put(turn)
            return
        rows = [*self._turns.items()]
        self._turns = dict([*rows[:at], (turn.id, turn), *rows[at:]])
        self._events.inserted(turn, ids[at - 1])

    def remove(self, turn_id: str) -> None:
        """Take a turn away; nothing happens when it is not there."""
        if self._turns.pop(turn_id, None) is not None:
            self._spoken.pop(turn_id, None)
            self._events.removed(turn_id)

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

    def cut(self, turn_id: str, words: int) -> None:
        """Only the first ``words`` spoken words of a settled turn were heard; no change when those are all."""
        turn = self._turns.get(turn_id)
        if turn is None or words >= len(word_ends(turn.text)):
            return
        written = self.spoken(turn_id)
        self._spoken[turn_id] = written[: end_of_words(written, words)]
        self.change(turn_id, status="interrupted", heard_chars=end_of_words(turn.text, words))

    def end_where_heard(self, turn_id: str) -> str:
        """A cut turn ends with what was heard of it, as the rest is said elsewhere; returns that rest."""
        turn = self._turns.get(turn_id)
        if turn is None or turn.heard_chars is None:
            return ""
        rest = turn.text[turn.heard_chars :]
        if turn.heard_chars:
            heard = turn.text[: turn.heard_chars]
            self.change(turn_id, text=heard, status="completed", heard_chars=None, metrics=None, timeline=())
        else:
            self.remove(turn_id)
        return rest

    def live(self) -> LiveText:
        """The text being streamed, as far as it can be shown."""
        turn = self._turns.get(self._live_id)
        if turn is None:
            return NOTHING_LIVE
        shown = resolve(self._spoken[turn.id], self._ledger, partial=True)
        return LiveText(turn_id=turn.id, agent=turn.agent, text=shown.text)
