"""Audio that comes inside an item instead of the input buffer: read like a spoken turn."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from realtime_agents.engine.audio_format import decode_all, decode_base64
from realtime_agents.engine.hearing import Hearing
from realtime_agents.engine.session_state import SessionState
from realtime_agents.engine.speech.kit import MAX_AUDIO_S
from realtime_agents.engine.speech_access import UNAVAILABLE, SpeechAccess
from realtime_agents.engine.speech_port import Speech
from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.items import Item, MessageItem
from realtime_agents.protocol.pcm import bytes_to_ms, ms_to_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The audio of one part of an item."""

    speech: Speech
    content_index: int
    pcm: bytes
    """PCM16, 24 kHz."""

    @property
    def audio_ms(self) -> int:
        return bytes_to_ms(len(self.pcm))


class GivenAudio:
    """Takes the audio out of items that a client creates, and has it read.

    What waits to be read is bounded: as many items as turns, and ``max_bytes`` of audio unless one alone is
    longer. Then the next item waits, and with it all commands after it.
    """

    def __init__(
        self, access: SpeechAccess, session: SessionState, hearing: Hearing, *, max_bytes: int
    ) -> None:
        self._access = access
        self._session = session
        self._hearing = hearing
        self._max_bytes = max_bytes
        self._unread_bytes = 0

    async def take(self, item: Item) -> tuple[Item, Spoken | None]:
        """The item without its audio, and the audio; its transcript is left to `read`.

        Raises `ProtocolError` for audio that is malformed, too long, that nobody can hear, or in more than one part.
        """
        if not isinstance(item, MessageItem) or item.role != "user":
            return item, None
        spoken = [(at, part.audio) for at, part in enumerate(item.content) if part.audio]
        if not spoken:
            return item, None
        if len(spoken) > 1:
            raise ProtocolError(
                "Invalid value for 'item.content': at most one part may carry audio.",
                code="invalid_value",
                param="item.content",
            )
        [(index, audio)] = spoken
        wanted, param = self._session.input_format, f"item.content[{index}].audio"
        data = decode_base64(audio, wanted, param=param)
        length_ms = len(data) // wanted.bytes_per_ms
        if length_ms > MAX_AUDIO_S * 1000:
            raise ProtocolError(
                f"Invalid value for '{param}': expected at most {MAX_AUDIO_S:.0f} seconds of audio, found"
                f" {length_ms / 1000:.0f}. Send it in several items.",
                code="invalid_value",
                param=param,
            )
        speech = await self._access.get(tell=False)
        if speech is None:
            raise ProtocolError(self._access.problem, code=UNAVAILABLE, param=param)
        await self._room(ms_to_bytes(length_ms))
        pcm = await asyncio.to_thread(decode_all, data, wanted)
        content = tuple(
            replace(part, audio=None, transcript=None) if at == index else part
            for at, part in enumerate(item.content)
        )
        return replace(item, content=content), Spoken(speech=speech, content_index=index, pcm=pcm)

    def read(self, item: Item, spoken: Spoken) -> None:
        """Have the words read; they come into the conversation like those of a turn."""
        self._unread_bytes += len(spoken.pcm)
        self._hearing.expect(
            item.id or "", self._words(spoken), audio_ms=spoken.audio_ms, content_index=spoken.content_index
        )

    async def _words(self, spoken: Spoken) -> str:
        try:
            return (await spoken.speech.transcribe_pcm24k(spoken.pcm)).text
        finally:
            self._unread_bytes -= len(spoken.pcm)

    async def _room(self, size_bytes: int) -> None:
        await self._hearing.room()
        while self._unread_bytes and self._unread_bytes + size_bytes > self._max_bytes:
            await self._hearing.one_less()
