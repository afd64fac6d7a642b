"""Tells the server who speaks and how to listen, and knows which of it was refused."""

from __future__ import annotations

from collections import deque

from realtime_agents.protocol.commands import SessionUpdate
from realtime_agents.protocol.items import ErrorDetail
from realtime_agents.protocol.session_config import RealtimeSession
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.roster import Roster

_REMEMBERED = 8


class Configuring:
    """Sends every ``session.update``. Synchronous."""

    def __init__(self, roster: Roster, outbox: Outbox) -> None:
        self._roster = roster
        self._outbox = outbox
        self._with_voice: deque[str] = deque(maxlen=_REMEMBERED)
        """Event ids of the last updates that asked for audio."""

    def configure(self, *, first: bool = False) -> None:
        """Say everything about the current agent; ``first``: on a new connection."""
        self._send(self._roster.configuration(first=first))

    def configure_voice(self, *, name_voice: bool = False, leave: bool = False) -> None:
        """Say only how to listen and to speak; see `Roster.voice_configuration`."""
        self._send(self._roster.voice_configuration(name_voice=name_voice, leave=leave))

    def refused_voice(self, error: ErrorDetail) -> bool:
        """Whether the error refuses an update that asked for audio; True once per update."""
        if error.event_id is None or error.event_id not in self._with_voice:
            return False
        self._with_voice.remove(error.event_id)
        return True

    def _send(self, session: RealtimeSession) -> None:
        event_id = self._outbox.new_event_id()
        if self._roster.listen is not None:
            self._with_voice.append(event_id)
        self._outbox.send(SessionUpdate(event_id=event_id, session=session.to_wire()))
