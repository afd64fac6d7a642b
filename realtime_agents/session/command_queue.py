"""Commands on their way to the server: everything else waits in order, audio never grows old."""

from __future__ import annotations

import asyncio
from collections import deque

from realtime_agents.protocol.commands import ClientEvent, InputAudioBufferAppend
from realtime_agents.protocol.pcm import base64_size, ms_to_bytes

MAX_COMMANDS = 1024
MAX_AUDIO_MS = 2000
"""Audio that may wait; of more, the oldest is dropped."""

_MAX_AUDIO_CHARS = base64_size(ms_to_bytes(MAX_AUDIO_MS))


class CommandQueue:
    """First in, first out. One reader. Not safe for several threads."""

    def __init__(self) -> None:
        self._waiting: deque[ClientEvent] = deque()
        self._audio_chars = 0
        self._wake = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        return not self._waiting

    def put(self, command: ClientEvent) -> bool:
        """Add a command; False when audio had to be dropped for it. Raises `asyncio.QueueFull`."""
        if len(self._waiting) >= MAX_COMMANDS:
            raise asyncio.QueueFull
        self._waiting.append(command)
        self._wake.set()
        if not isinstance(command, InputAudioBufferAppend):
            return True
        self._audio_chars += len(command.audio)
        return self._audio_chars <= _MAX_AUDIO_CHARS or not self._drop_oldest_audio()

    async def get(self) -> ClientEvent:
        """The next command; waits for one."""
        while not self._waiting:
            self._wake.clear()
            await self._wake.wait()
        command = self._waiting.popleft()
        if isinstance(command, InputAudioBufferAppend):
            self._audio_chars -= len(command.audio)
        return command

    def _drop_oldest_audio(self) -> bool:
        """Drop audio until the rest may wait; the newest stays. Other commands keep their places."""
        kept: deque[ClientEvent] = deque()
        dropped = False
        while self._waiting:
            command = self._waiting.popleft()
            too_much = self._audio_chars > _MAX_AUDIO_CHARS and bool(self._waiting)
            if too_much and isinstance(command, InputAudioBufferAppend):
                self._audio_chars -= len(command.audio)
                dropped = True
            else:
                kept.append(command)
        self._waiting = kept
        return dropped
