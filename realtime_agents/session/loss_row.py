"""The row of the transcript that tells of a lost connection."""

from __future__ import annotations

import uuid

from realtime_agents.session.clock import Clock
from realtime_agents.session.transcript import Transcript
from realtime_agents.session.view import Turn


class LossRow:
    """One row per loss; a connection that is lost again before anything was said goes on with its row."""

    def __init__(self, transcript: Transcript, clock: Clock) -> None:
        self._transcript = transcript
        self._clock = clock
        self._row_id = ""
        self._since = 0.0

    def begin(self) -> None:
        """The connection is gone."""
        turns = self._transcript.turns
        text = "Connection lost. Reconnecting…"
        if turns and turns[-1].id == self._row_id:
            self._transcript.change(self._row_id, status="in_progress", text=text)
            return
        self._row_id = f"note_{uuid.uuid4().hex[:24]}"
        self._since = self._clock.monotonic()
        self._transcript.put(
            Turn(id=self._row_id, role="breadcrumb", status="in_progress", text=text, at=self._clock.now())
        )

    def end(self) -> None:
        """There is a connection again."""
        if self._is_open:
            seconds = max(round(self._clock.monotonic() - self._since), 1)
            text = f"Connection lost for {seconds} s, reconnected."
            self._transcript.change(self._row_id, status="completed", text=text)

    def give_up(self) -> None:
        """There will be none."""
        if self._is_open:
            self._transcript.change(self._row_id, status="failed", text="Connection lost.")

    @property
    def _is_open(self) -> bool:
        turn = self._transcript.get(self._row_id)
        return turn is not None and turn.status == "in_progress"
