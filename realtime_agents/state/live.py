"""The answer being streamed."""

from __future__ import annotations

import reflex as rx

from realtime_agents.session.view import LiveText
from realtime_agents.state.live_text import LiveParts, split_live
from realtime_agents.state.rows import Faces, face_of


class LiveState(rx.State):
    """Changes up to 30 times a second, so it holds nothing else: one change re-renders all its readers."""

    turn_id: rx.Field[str] = rx.field("")
    name: rx.Field[str] = rx.field("")
    initial: rx.Field[str] = rx.field("")
    color: rx.Field[str] = rx.field("")
    body: rx.Field[str] = rx.field("")
    settled: rx.Field[str] = rx.field("")
    tail: rx.Field[str] = rx.field("")

    def _show(self, live: LiveText, faces: Faces) -> None:
        """Show the answer so far; only the parts that changed are sent."""
        if not live.turn_id:
            self._clear()
            return
        if live.turn_id != self.turn_id:
            self._clear()
            face = face_of(faces, live.agent)
            self.turn_id, self.name, self.initial, self.color = (
                live.turn_id,
                face.title,
                face.initial,
                face.color,
            )
        shown = LiveParts(body=self.body, settled=self.settled, tail=self.tail)
        parts = split_live(shown, live.text)
        if parts.body != shown.body:
            self.body = parts.body
        if parts.settled != shown.settled:
            self.settled = parts.settled
        if parts.tail != shown.tail:
            self.tail = parts.tail

    def _clear(self) -> None:
        if self.turn_id:
            self.turn_id = self.body = self.settled = self.tail = ""
