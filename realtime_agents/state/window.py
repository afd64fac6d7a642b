"""The bounded part of a conversation that a page holds, cut so that a change resends little.

A state var is sent whole when it changes. So the rows sit in the *current* exchange (from the last
question on), which changes while an answer comes, and before it in blocks of `BLOCK` rows. A full
block never changes again; the last one grows when a question is asked. A turn therefore costs the
same at 10 and at 500 turns. The blocks live in `SLOTS` slots that are used in turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from realtime_agents.session.view import Turn

BLOCK = 12
"""Rows."""
SLOTS = 16
"""Blocks that are kept: about the last 200 rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """``turns[first:]`` of a conversation; earlier ones were let go, the history has them."""

    turns: tuple[Turn, ...] = ()
    first: int = 0
    """Position in the conversation of ``turns[0]``, a multiple of `BLOCK`."""

    @property
    def current(self) -> tuple[Turn, ...]:
        """From the last question on; everything while none was asked."""
        return self.turns[self._asked() :]

    @property
    def blocks(self) -> tuple[tuple[int, tuple[Turn, ...]], ...]:
        """(slot, turns) of the blocks before the current exchange, oldest first."""
        end = self._asked()
        return tuple(
            ((self.first + start) // BLOCK % SLOTS, self.turns[start : min(start + BLOCK, end)])
            for start in range(0, end, BLOCK)
        )

    def _asked(self) -> int:
        asked = (i for i in range(len(self.turns) - 1, -1, -1) if self.turns[i].role == "user")
        return next(asked, 0)


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
    extra = max(0, len(window.blocks) - SLOTS) * BLOCK
    return Window(turns=window.turns[extra:], first=window.first + extra) if extra else window
