"""The finished part of the conversation."""

from __future__ import annotations

from collections.abc import Iterable

import reflex as rx

from realtime_agents.session.view import Turn
from realtime_agents.state.rows import Faces, SourceRow, TurnRow, source_rows, turn_row
from realtime_agents.state.window import Window, window_of, with_turns


class TranscriptState(rx.State):
    """About the last 200 rows in three parts; see `realtime_agents.state.window`."""

    earlier: rx.Field[tuple[TurnRow, ...]] = rx.field(())
    recent: rx.Field[tuple[TurnRow, ...]] = rx.field(())
    current: rx.Field[tuple[TurnRow, ...]] = rx.field(())
    sources: rx.Field[tuple[SourceRow, ...]] = rx.field(())
    """Sources of the latest answer."""
    last_answer: rx.Field[str] = rx.field("")
    """Its text, for the captions."""
    last_answer_id: rx.Field[str] = rx.field("")
    asked: rx.Field[bool] = rx.field(default=False)
    """The person said something: the invitation to ask goes away."""
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
        turns = self._window.turns
        recent, current = self._window.cuts
        for name, part in (
            ("earlier", turns[:recent]),
            ("recent", turns[recent:current]),
            ("current", turns[current:]),
        ):
            rows = tuple(turn_row(t, faces) for t in part if not _is_live(t))
            if rows != getattr(self, name):
                setattr(self, name, rows)
        self._sum_up(turns)

    def _sum_up(self, turns: tuple[Turn, ...]) -> None:
        answer = next((t for t in reversed(turns) if t.role == "agent" and not _is_live(t)), None)
        sources = source_rows(answer) if answer else ()
        for name, value in (
            ("sources", sources),
            ("last_answer", answer.text if answer else ""),
            ("last_answer_id", answer.id if answer else ""),
            ("asked", any(t.role == "user" for t in turns)),
        ):
            if value != getattr(self, name):
                setattr(self, name, value)


def _is_live(turn: Turn) -> bool:
    """The answer being streamed is shown by `LiveState`, not as a row."""
    return turn.role == "agent" and turn.status == "in_progress"
