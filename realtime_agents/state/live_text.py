"""Splits the answer being streamed so that an update stays small however long the answer is.

A state var is sent whole when it changes. The answer is therefore kept in three: a short *tail*
that changes with every update, the *settled* words before it, and the *body* before those. The
tail hands over about 120 characters at a time, the settled part about 1,600, so an update
carries the tail alone most of the time. The page shows the three as one text.
"""

from __future__ import annotations

from dataclasses import dataclass

TAIL_MAX = 160
"""Characters; a longer tail hands words over to the settled part."""
TAIL_KEPT = 40
"""Characters that stay in the tail then."""
SETTLED_MAX = 1600


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveParts:
    """``body + settled + tail`` is the answer so far."""

    body: str = ""
    settled: str = ""
    tail: str = ""

    @property
    def text(self) -> str:
        return self.body + self.settled + self.tail


def split_live(previous: LiveParts, text: str) -> LiveParts:
    """Parts of ``text`` that share as much as possible with ``previous``.

    A text that does not continue the previous one (its numbering changed, or it is a new answer)
    starts over.
    """
    if not text.startswith(previous.body):
        previous = LiveParts()
    body, settled = previous.body, previous.settled
    if not text.startswith(settled, len(body)):
        settled = ""
    tail = text[len(body) + len(settled) :]
    if len(tail) > TAIL_MAX:
        cut = _boundary(tail, len(tail) - TAIL_KEPT)
        settled, tail = settled + tail[:cut], tail[cut:]
    if len(settled) > SETTLED_MAX:
        body, settled = body + settled, ""
    return LiveParts(body=body, settled=settled, tail=tail)


def _boundary(text: str, limit: int) -> int:
    """Position after the last space before ``limit``; ``limit`` itself in a text without spaces."""
    return text.rfind(" ", 0, limit) + 1 or limit
