"""The bounded part of a conversation that a page holds, cut so that a change resends little.

A state var is sent whole when it changes, so the rows sit in three: the *current* exchange (from
the last question on), which changes while an answer comes; the *recent* rows before it, which
change when a question is asked; and the *earlier* ones, which change once in `BLOCK` rows. What an
answer costs is therefore the same at 10 and at 500 turns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from realtime_agents.session.view import Turn

BLOCK = 24
"""Rows that move from recent to earlier at once."""
EARLIER_MAX = 7 * BLOCK
"""Rows kept before them: about the last 200 in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """``turns[first:]`` of a conversation; earlier ones were let go, the history has them."""

    turns: tuple[Turn, ...] = ()
    first: int = 0
    """Position in the conversation of ``turns[0]``."""

    @property
    def cuts(self) -> tuple[int, int]:
        """Indexes into ``turns`` where the recent rows and where the current ones begin."""
        asked = (i for i in range(len(self.turns) - 1, -1, -1) if self.turns[i].role == "user")
        current = next(asked, 0)
        recent = max(0, (self.first + current) // BLOCK * BLOCK - self.first)
        return recent, current


def window_of(turns: Iterable[Turn]) -> Window:
    """The window onto a whole conversation."""
    return _trimmed(Window(turns=tuple(turns)))


def with_turns(window: Window, changed: Iterable[Turn]) -> Window:
    """Replace turns by id, append the new ones."""
    turns = list(window.turns)
    places = {turn.id: i for i, turn in enumerate(turns)}
    for turn in changed:
        place = places.setdefault(turn.id, len(turns))
        turns[place : place + 1] = [turn]
    return _trimmed(Window(turns=tuple(turns), first=window.first))


def _trimmed(window: Window) -> Window:
    recent, _ = window.cuts
    # Whole blocks only: dropping row by row would resend the earlier rows every time.
    extra = (recent - EARLIER_MAX + BLOCK - 1) // BLOCK * BLOCK if recent > EARLIER_MAX else 0
    if not extra:
        return window
    return Window(turns=window.turns[extra:], first=window.first + extra)
