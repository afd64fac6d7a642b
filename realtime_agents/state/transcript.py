"""The finished part of the conversation."""

from __future__ import annotations

from collections.abc import Iterable

import reflex as rx

from realtime_agents.session.view import Turn
from realtime_agents.state.rows import Faces, SourceRow, TurnRow, source_rows, turn_row
from realtime_agents.state.window import Window, window_of, with_turns

Rows = tuple[TurnRow, ...]


class TranscriptState(rx.State):
    """About the last 200 rows, in blocks; see `realtime_agents.state.window`."""

    block_0: rx.Field[Rows] = rx.field(())
    block_1: rx.Field[Rows] = rx.field(())
    block_2: rx.Field[Rows] = rx.field(())
    block_3: rx.Field[Rows] = rx.field(())
    block_4: rx.Field[Rows] = rx.field(())
    block_5: rx.Field[Rows] = rx.field(())
    block_6: rx.Field[Rows] = rx.field(())
    block_7: rx.Field[Rows] = rx.field(())
    block_8: rx.Field[Rows] = rx.field(())
    block_9: rx.Field[Rows] = rx.field(())
    block_10: rx.Field[Rows] = rx.field(())
    block_11: rx.Field[Rows] = rx.field(())
    block_12: rx.Field[Rows] = rx.field(())
    block_13: rx.Field[Rows] = rx.field(())
    block_14: rx.Field[Rows] = rx.field(())
    block_15: rx.Field[Rows] = rx.field(())
    order: rx.Field[tuple[int, ...]] = rx.field(())
    """Numbers of the blocks in use, oldest first."""
    current: rx.Field[Rows] = rx.field(())
    """Rows of the present exchange."""
    sources: rx.Field[tuple[SourceRow, ...]] = rx.field(())
    """Sources of the latest answer; none while the next one is on its way."""
    last_answer: rx.Field[str] = rx.field("")
    """Its text, for the captions."""
    last_answer_id: rx.Field[str] = rx.field("")
    asked: rx.Field[bool] = rx.field(default=False)
    """The person said something: the invitation to ask goes away."""
    awaited: rx.Field[bool] = rx.field(default=False)
    """The last question has no whole answer yet."""
    _window: Window = Window()

    def _show_all(self, turns: Iterable[Turn], faces: Faces) -> None:
        """Show a conversation from its start, or nothing."""
        self._window = window_of(turns)
        self._arrange(faces)

    def _show_changed(self, turns: Iterable[Turn], faces: Faces) -> None:
        """Show turns that are new or changed."""
        self._window = with_turns(self._window, turns)
        self._arrange(faces)

    def _turn(self, turn_id: str) -> Turn | None:
        return next((turn for turn in self._window.turns if turn.id == turn_id), None)

    def _arrange(self, faces: Faces) -> None:
        blocks = self._window.blocks
        for slot, turns in blocks:
            self._put(f"block_{slot}", _rows(turns, faces))
        self._put("order", tuple(slot for slot, _ in blocks))
        self._put("current", _rows(self._window.current, faces))
        self._sum_up(self._window.turns)

    def _sum_up(self, turns: tuple[Turn, ...]) -> None:
        answer = next((t for t in reversed(turns) if t.role == "agent" and not _is_live(t)), None)
        newest = next((t.role for t in reversed(turns) if t.role == "user" or t is answer), "")
        awaited = newest == "user" or any(_is_live(t) for t in turns)
        self._put("awaited", awaited)
        self._put("sources", source_rows(answer) if answer and not awaited else ())
        self._put("last_answer", answer.text if answer else "")
        self._put("last_answer_id", answer.id if answer else "")
        self._put("asked", any(t.role == "user" for t in turns))

    def _put(self, name: str, value: object) -> None:
        """Assign what changed: a var that is assigned is sent."""
        if value != getattr(self, name):
            setattr(self, name, value)


def _rows(turns: Iterable[Turn], faces: Faces) -> Rows:
    return tuple(turn_row(turn, faces) for turn in turns if not _is_live(turn))


def _is_live(turn: Turn) -> bool:
    """The answer being streamed is shown by `LiveState`, not as a row."""
    return turn.role == "agent" and turn.status == "in_progress"
