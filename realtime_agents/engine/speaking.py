"""A message of a response that is heard: each sentence is spoken as soon as it is thought.

For each piece of at most 200 ms goes first the transcript delta with the words that begin in it,
then the audio. The transcript deltas joined are the whole text, with the ``[n]`` marks that are
not spoken. Nothing is paced: pieces go out as fast as the client reads.

When speech fails in mid-message the rest goes out as transcript without audio, and one ``error``
event says so: words are never lost.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from realtime_agents.engine.audio_format import AudioFormat, encode
from realtime_agents.engine.cutting import SentenceCutter
from realtime_agents.engine.output import Output, new_id, status_of
from realtime_agents.engine.speech.kit import SpokenSentence
from realtime_agents.engine.speech_port import Speech
from realtime_agents.engine.spoken_track import PIECE_SAMPLES, SAMPLES_PER_MS, Piece, SpokenTrack, pieces_of
from realtime_agents.engine.thought import until
from realtime_agents.engine.writing import place_of
from realtime_agents.errors import SpeechError
from realtime_agents.protocol.events import (
    ResponseContentPartAdded,
    ResponseContentPartDone,
    ResponseOutputAudioDelta,
    ResponseOutputAudioDone,
    ResponseOutputAudioTranscriptDelta,
    ResponseOutputAudioTranscriptDone,
)
from realtime_agents.protocol.items import ContentPart, MessageItem

log = logging.getLogger(__name__)

_PIECE_MS = PIECE_SAMPLES // SAMPLES_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicing:
    """How a response is spoken."""

    speech: Speech
    voice: str
    speed: float
    audio_format: AudioFormat
    on_audio: Callable[[int], None]
    """Called before each piece of audio is sent, with its length in samples at 24 kHz."""
    on_fault: Callable[[SpeechError], Awaitable[None]]
    """Called when speech fails, at most once a message."""


class SpokenMessage:
    """A message in audio with its transcript."""

    def __init__(self, output: Output, voicing: Voicing, *, stop: asyncio.Event) -> None:
        self._output = output
        self._voicing = voicing
        self._stop = stop
        self._cutter = SentenceCutter()
        self._track = SpokenTrack()
        self._mute = False
        self._item = MessageItem(id=new_id("item"), role="assistant", status="in_progress")
        self._place = place_of(output, self._item)

    async def open(self) -> None:
        await self._output.open(self._item)
        if self._output.conversation is not None:
            self._output.conversation.keep_track(self._item.id or "", self._track)
        part = ContentPart(type="audio", transcript="")
        await self._output.emit(ResponseContentPartAdded(event_id=new_id("event"), part=part, **self._place))

    async def add(self, text: str, *, whole: bool = False) -> bool:
        return await self._say(self._cutter.feed(text) + (self._cutter.rest() if whole else []))

    async def close(self, *, full: bool, whole: bool) -> bool:
        full = full and await self._say(self._cutter.rest())
        said, emit = self._track.text, self._output.emit
        await emit(ResponseOutputAudioDone(event_id=new_id("event"), **self._place))
        await emit(
            ResponseOutputAudioTranscriptDone(event_id=new_id("event"), transcript=said, **self._place)
        )
        part = ContentPart(type="audio", transcript=said)
        await emit(ResponseContentPartDone(event_id=new_id("event"), part=part, **self._place))
        content = (ContentPart(type="output_audio", transcript=said),)
        item = replace(self._item, content=content, status=status_of(full and whole))
        audio_ms = self._track.samples / SAMPLES_PER_MS
        await self._output.close(self._place["output_index"], item, said=said, audio_ms=audio_ms)
        return full

    async def _say(self, sentences: list[str]) -> bool:
        for sentence in sentences:
            if not await self._say_one(sentence):
                return False
        return True

    async def _say_one(self, text: str) -> bool:
        """Speak a sentence; what is left of it is given without audio once speech has failed."""
        voicing, spoken_chars = self._voicing, 0
        if not self._mute:
            speaking = voicing.speech.speak(text, voice=voicing.voice, speed=voicing.speed)
            try:
                async with aclosing(until(speaking, self._stop)) as sentences:
                    async for sentence in sentences:
                        if not await self._give(sentence):
                            return False
                        spoken_chars += len(sentence.text)
            except SpeechError as error:
                self._mute = True
                log.warning("speech failed in an answer", extra={"error": type(error).__name__})
                await voicing.on_fault(error)
        if self._stop.is_set():
            return False
        rest = text[spoken_chars:]
        return not rest or await self._give(SpokenSentence(text=rest, pcm=b""))

    async def _give(self, sentence: SpokenSentence) -> bool:
        """Send one sentence piece by piece; False when it was cut short."""
        pcm, wanted = sentence.pcm, self._voicing.audio_format
        audio = pcm if wanted.law is None else await asyncio.to_thread(encode, pcm, wanted)
        step = _PIECE_MS * wanted.bytes_per_ms
        for number, piece in enumerate(pieces_of(sentence, self._track.samples)):
            await asyncio.sleep(0)  # lets the reader see a cancel between two pieces
            chars = self._track.chars + len(piece.text)
            audio_ms = (self._track.samples + piece.samples) / SAMPLES_PER_MS
            if self._stop.is_set() or not self._output.may_say(chars, audio_ms):
                return False
            await self._send(piece, audio[number * step : (number + 1) * step])
        return True

    async def _send(self, piece: Piece, audio: bytes) -> None:
        self._track.add(piece.words, piece.samples)
        if piece.text:
            await self._output.emit(
                ResponseOutputAudioTranscriptDelta(event_id=new_id("event"), delta=piece.text, **self._place)
            )
        if audio:
            self._voicing.on_audio(piece.samples)
            delta = base64.b64encode(audio).decode("ascii")
            await self._output.emit(
                ResponseOutputAudioDelta(event_id=new_id("event"), delta=delta, **self._place)
            )
