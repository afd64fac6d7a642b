"""The server's part of the voice on a page: tickets for its sound, and what the page tells of it.

Microphone, speaker and levels stay in the browser; audio never passes through a state.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx

from realtime_agents.api.audio_ticket import issue
from realtime_agents.state.connection import ConnectionState, attempt
from realtime_agents.state.handlers import background, handler

_OVER = "This conversation is over. Press the button to start a new one."
_BUSY = "Something else is still on its way. Try again in a moment."
_NOT_RUNNING = "Start a conversation first; then it can be recorded."


class VoiceState(ConnectionState):
    """What the browser says about its microphone and speaker; it is the browser that decides."""

    voice: rx.Field[str] = rx.field("off")
    """``off``, ``starting``, ``on``, or ``waiting`` for a connection that was lost."""
    mode: rx.Field[str] = rx.field("server_vad")
    """How the end of a turn is found: ``server_vad``, ``semantic_vad``, ``push_to_talk``."""
    muted: rx.Field[bool] = rx.field(default=False)
    voice_problem: rx.Field[str] = rx.field("")
    """What the page says went wrong with the sound."""

    @background
    async def ask_ticket(self, opens: bool) -> AsyncGenerator[Any, None]:
        """The browser connects its sound: give it a ticket; ``opens`` starts a conversation if none runs."""
        problem = ""
        if self._session() is None and opens:
            if not await self._begin():
                yield _refused(_BUSY)
                return
            problem = await attempt(self._open)
            yield ConnectionState.follow()
            await self._finish(problem)
        session = self._session()
        if session is not None:
            yield rx.call_script(f"realtimeVoice.ticket({json.dumps(issue(session.id))})")
        else:  # why it could not be opened stands above the composer already
            yield _refused("" if problem else _OVER)

    @handler
    def be_told(self, phase: str, mode: str, muted: bool, problem: str) -> None:
        """Voice went on or off, another mode, muted, or something went wrong."""
        self.voice, self.mode, self.muted, self.voice_problem = phase, mode, muted, problem

    @background
    async def record(self, on: bool) -> None:
        """Begin or end keeping both sides as sound; nothing is kept unless somebody asks for it."""
        session = self._session()
        problem = await attempt(lambda: session.record(on)) if session else _NOT_RUNNING
        async with self:
            self.problem = problem


def _refused(words: str) -> Any:
    return rx.call_script(f"realtimeVoice.refused({json.dumps(words)})")
