"""A client that speaks to the engine, whose speech is scripted."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from realtime_agents.engine.server import running_engine
from tests.engine.wire import Event, WireClient, connected, word_engine
from tests.support.scripted_speech import ScriptedSpeech, said, silence

FRAME_BYTES = 960
TURN_END = silence(600)
"""Enough silence to end a turn under the default settings."""
QUESTION = silence(400) + said("how much is it") + TURN_END
SERVER_VAD: Event = {"type": "server_vad"}


class VoiceClient(WireClient):
    """Sends audio in frames like a microphone, as fast as the socket takes them."""

    async def hear(self, pcm: bytes, *, frame_bytes: int = FRAME_BYTES) -> None:
        for at in range(0, len(pcm), frame_bytes):
            await self.append(pcm[at : at + frame_bytes])

    async def append(self, data: bytes, **fields: Any) -> None:
        await self.send("input_audio_buffer.append", audio=base64.b64encode(data).decode(), **fields)

    async def commit(self) -> str:
        """Commit by hand; returns the new item's id."""
        await self.send("input_audio_buffer.commit")
        found: str = (await self.until("input_audio_buffer.committed"))["item_id"]
        return found

    async def listen(
        self, detection: Event | None = SERVER_VAD, *, transcribe: bool = True, **session: Any
    ) -> Event:
        """Configure how the engine listens."""
        transcription = {"model": "any"} if transcribe else None
        audio = {"input": {"turn_detection": detection, "transcription": transcription}}
        return await self.configure(audio=audio, **session)

    async def mark(self) -> None:
        """Come back when the engine has dealt with everything sent so far, and has told of it."""
        await self.configure(audio={"input": {}})

    def count(self, type_: str) -> int:
        return sum(event["type"] == type_ for event in self.seen)

    def one(self, type_: str) -> Event:
        """The only event of a type since the client began to look."""
        (found,) = [event for event in self.seen if event["type"] == type_]
        return found

    def all(self, type_: str) -> list[Event]:
        return [event for event in self.seen if event["type"] == type_]


@contextlib.asynccontextmanager
async def voice_session(
    speech: ScriptedSpeech | None = None, **settings: Any
) -> AsyncIterator[tuple[VoiceClient, ScriptedSpeech]]:
    """An engine with scripted speech and one client of it."""
    speech = speech or ScriptedSpeech()
    config = word_engine(speech=speech, **settings)
    async with running_engine(config) as url, connected(url) as client:
        voice = VoiceClient(client.connection)
        voice.seen = client.seen
        yield voice, speech


def spoken_words(response: Event) -> str:
    """The transcript of an audio response."""
    parts = [p for item in response["output"] if item["type"] == "message" for p in item["content"]]
    assert all(part["type"] == "output_audio" for part in parts)
    return " ".join(part["transcript"] for part in parts)


def verbatim(text: str) -> Event:
    """Parameters of a response that says just this."""
    return {"instructions": f'Say exactly: "{text}"'}
