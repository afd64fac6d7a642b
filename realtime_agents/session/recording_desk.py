"""Switches the recording of a conversation on and off."""

from __future__ import annotations

import asyncio

from realtime_agents.errors import SessionError
from realtime_agents.session.clock import Clock
from realtime_agents.session.recording import Recording
from realtime_agents.session.status import StatusBoard
from realtime_agents.session.voice import Voice
from realtime_agents.store.recordings import RecordingFiles


class RecordingDesk:
    """Off until somebody asks for it; on, the status says so.

    ========= ========== =====================
    owned     opened by  closed by
    ========= ========== =====================
    recording `switch`   `switch`, `close`
    ========= ========== =====================
    """

    def __init__(
        self,
        files: RecordingFiles | None,
        conversation_id: str,
        *,
        voice: Voice,
        status: StatusBoard,
        clock: Clock,
    ) -> None:
        self._files = files
        self._conversation_id = conversation_id
        self._voice = voice
        self._status = status
        self._clock = clock
        self._recording: Recording | None = None
        self._has_recorded = False
        self._switching = asyncio.Lock()

    async def switch(self, on: bool) -> None:
        """Record from now on, or no longer; what was recorded is kept. Raises `SessionError`."""
        async with self._switching:
            if on and self._recording is None:
                await self._begin()
            elif not on:
                await self._end()

    async def close(self, *, keep: bool) -> None:
        """The conversation is over; without ``keep`` it left no trace, so the recording goes too."""
        async with self._switching:
            await self._end()
            if not keep and self._has_recorded and self._files is not None:
                await asyncio.to_thread(self._files.delete, self._conversation_id)

    async def _begin(self) -> None:
        if self._files is None:
            raise SessionError("Conversations are not kept here, so they cannot be recorded.")
        recording = Recording(self._files.path(self._conversation_id), self._clock, on_ended=self._on_ended)
        await recording.open()
        self._recording, self._has_recorded = recording, True
        self._voice.microphone.on_heard = recording.on_person
        self._voice.speaker.on_heard = recording.on_agent
        self._status.set_notice("recording", "")
        self._status.set_recording(True)

    async def _end(self) -> None:
        recording = self._recording
        if recording is not None:
            self._detach()
            await recording.close()

    def _on_ended(self, words: str) -> None:
        self._detach()
        self._status.set_notice("recording", words)

    def _detach(self) -> None:
        self._recording = None
        self._voice.microphone.on_heard = None
        self._voice.speaker.on_heard = None
        self._status.set_recording(False)
