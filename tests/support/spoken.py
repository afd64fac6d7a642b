"""A browser on an audio line, and groups of steps for what is said aloud."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from realtime_agents.protocol import events as ev
from realtime_agents.protocol.items import ErrorDetail, Response, StatusDetails
from realtime_agents.protocol.pcm import BYTES_PER_SAMPLE, bytes_to_ms, ms_to_bytes
from realtime_agents.session.line import AudioLine
from realtime_agents.session.line_messages import (
    AudioPiece,
    ItemBegins,
    LineMessage,
    ListenMode,
    MarksAdded,
)
from tests.support.scripted import Rig, settle
from tests.support.scripted_events import committed, spoken_answer
from tests.support.scripted_upstream import Expect, Step, emit, expect

M = TypeVar("M", bound=LineMessage)


class Browser:
    """Reads a line as fast as it can and plays nothing by itself."""

    def __init__(self, line: AudioLine) -> None:
        self.line = line
        self.heard: list[LineMessage] = []
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.line:
            self.heard.append(message)
            self._more.set()

    async def until(self, fits: Callable[[], bool]) -> None:
        """Wait for messages until something holds."""
        while not fits():
            self._more.clear()
            await self._more.wait()

    def all(self, kind: type[M]) -> list[M]:
        """Messages of a kind, in order."""
        return [message for message in self.heard if isinstance(message, kind)]

    def kinds(self) -> list[str]:
        """Names of all messages, runs of the same as one."""
        names = [type(message).__name__ for message in self.heard]
        return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]

    def audio_ms(self, n: int = 1) -> int:
        """Milliseconds of an item that came; its pieces must join without a gap."""
        pieces = [piece for piece in self.all(AudioPiece) if piece.n == n]
        size = 0
        for piece in pieces:
            assert piece.offset_samples * BYTES_PER_SAMPLE == size
            size += len(piece.pcm)
        return bytes_to_ms(size)

    def marks(self, n: int = 1) -> list[tuple[int, int]]:
        return [point for message in self.all(MarksAdded) if message.n == n for point in message.points]

    def items(self) -> list[tuple[int, str]]:
        return [(message.n, message.item_id) for message in self.all(ItemBegins)]

    def say(self, ms: int, *, frame_ms: int = 20, loud: bool = False) -> None:
        """Send so much audio from the microphone: silence unless it is ``loud``."""
        frame = b"\x00\x10\x00\xf0" * (ms_to_bytes(frame_ms) // 4) if loud else bytes(ms_to_bytes(frame_ms))
        for _ in range(ms // frame_ms):
            self.line.push(frame)

    async def ended(self) -> tuple[int, str] | None:
        """Code and reason of the line's end."""
        await settle()
        return None if self.line.ended is None else (self.line.ended.code, self.line.ended.reason)


async def attach(r: Rig, mode: ListenMode = "server_vad") -> Browser:
    """A browser on the session's line."""
    browser = Browser(r.session.attach_audio(mode))
    await settle()
    return browser


def listens(**audio_input: Any) -> Expect:
    """The update that makes the server listen and speak."""
    session = {"output_modalities": ["audio"], "audio": {"input": audio_input}}
    return expect("session.update", session=session)


def appends() -> Expect:
    return expect("input_audio_buffer.append")


def truncates(item_id: str, audio_end_ms: int) -> Expect:
    return expect("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=audio_end_ms)


def speech_starts(item_id: str, at_ms: int = 0) -> Step:
    return emit(ev.InputAudioBufferSpeechStarted(event_id="", item_id=item_id, audio_start_ms=at_ms))


def speech_stops(item_id: str, at_ms: int) -> Step:
    return emit(ev.InputAudioBufferSpeechStopped(event_id="", item_id=item_id, audio_end_ms=at_ms))


def commits(item_id: str, previous: str | None = None) -> Step:
    return emit(*committed(item_id, previous))


def writes(item_id: str, delta: str) -> Step:
    return emit(
        ev.ConversationItemInputAudioTranscriptionDelta(
            event_id="", item_id=item_id, content_index=0, delta=delta
        )
    )


def wrote(item_id: str, transcript: str) -> Step:
    return emit(
        ev.ConversationItemInputAudioTranscriptionCompleted(
            event_id="", item_id=item_id, content_index=0, transcript=transcript
        )
    )


def could_not_write(item_id: str) -> Step:
    error = ErrorDetail(type="server_error", code="audio_unintelligible", message="no")
    return emit(
        ev.ConversationItemInputAudioTranscriptionFailed(
            event_id="", item_id=item_id, content_index=0, error=error
        )
    )


def utterance(
    item_id: str, *, start_ms: int = 0, end_ms: int = 1500, previous: str | None = None
) -> list[Step]:
    """Speech that the server hears, from its first sound to its item."""
    return [speech_starts(item_id, start_ms), speech_stops(item_id, end_ms), commits(item_id, previous)]


def speaks(*pieces: tuple[str, int], number: int = 1, metadata: dict[str, str] | None = None) -> Step:
    """A whole spoken answer."""
    return emit(*spoken_answer(f"resp_{number}", f"item_answer_{number}", pieces, metadata=metadata))


def begins_to_speak(*pieces: tuple[str, int], number: int = 1) -> Step:
    """A spoken answer that goes on."""
    events = spoken_answer(f"resp_{number}", f"item_answer_{number}", pieces)
    return emit(*events[: 4 + sum(bool(words) + bool(ms) for words, ms in pieces)])


def stopped_by_server(number: int = 1) -> Step:
    """The server stopped its response because it heard the person."""
    details = StatusDetails(type="cancelled", reason="turn_detected")
    response = Response(id=f"resp_{number}", status="cancelled", status_details=details)
    return emit(ev.ResponseDone(event_id="", response=response))


def stopped_by_us(number: int = 1) -> list[Step]:
    """We stop a response, and it ends."""
    details = StatusDetails(type="cancelled", reason="client_cancelled")
    response = Response(id=f"resp_{number}", status="cancelled", status_details=details)
    return [
        expect("response.cancel", response_id=f"resp_{number}"),
        emit(ev.ResponseDone(event_id="", response=response)),
    ]
