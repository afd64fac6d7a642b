"""Turns of speech of one connection: announced, committed as items, answered.

Noise in which no word is found becomes an item with an empty transcript and gets no response.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from realtime_agents.engine.captions import Captions
from realtime_agents.engine.conversation import ConversationStore
from realtime_agents.engine.hearing import Hearing, is_silent
from realtime_agents.engine.input_audio import AudioTape
from realtime_agents.engine.output import Emit, new_id
from realtime_agents.engine.responses import STILL_THERE, Responses
from realtime_agents.engine.session_state import SessionState
from realtime_agents.engine.speech_port import Speech
from realtime_agents.engine.utterance import Utterance
from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.events import (
    ConversationItemAdded,
    ConversationItemDone,
    Error,
    InputAudioBufferCommitted,
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
    InputAudioBufferTimeoutTriggered,
)
from realtime_agents.protocol.items import ContentPart, ErrorDetail, MessageItem

log = logging.getLogger(__name__)

SKETCH_EVERY_MS = 500
SKETCH_PAUSE = 4
"""After a sketch at least so many times the time it took: captions get rarer where the machine is busy."""


@dataclass(slots=True)
class Turn:
    """One turn under way."""

    item_id: str
    utterance: Utterance
    captions: Captions | None
    sketched_ms: int

    def sketch(self, at_ms: int) -> None:
        """Read for live captions, twice a second at most."""
        wait_ms = max(SKETCH_EVERY_MS, self.utterance.sketch_took_ms * SKETCH_PAUSE)
        if self.captions is not None and at_ms - self.sketched_ms >= wait_ms:
            self.sketched_ms = at_ms
            self.utterance.sketch(at_ms)


class Turns:
    """The turn under way, and the response that waits for the words of the last one; until `close`."""

    def __init__(
        self,
        *,
        tape: AudioTape,
        session: SessionState,
        conversation: ConversationStore,
        responses: Responses,
        hearing: Hearing,
        emit: Emit,
    ) -> None:
        self.current: Turn | None = None
        self.on_noise: Callable[[], None] = lambda: None
        """Called when a turn gets no answer because there was no word in it."""
        self._tape = tape
        self._session = session
        self._conversation = conversation
        self._responses = responses
        self._hearing = hearing
        self._emit = emit
        self._answering: asyncio.Task[None] | None = None

    async def begin(self, speech: Speech, start_ms: int, *, interrupts: bool) -> None:
        """Somebody began to speak."""
        captions = Captions() if self._session.transcribes else None
        turn = self._open(speech, start_ms, captions)
        turn.utterance.resume()
        started = InputAudioBufferSpeechStarted(
            event_id=new_id("event"), item_id=turn.item_id, audio_start_ms=start_ms
        )
        await self._emit(started)
        if interrupts:
            self._drop_answer()
            self._responses.interrupt()

    def open(self, speech: Speech, start_ms: int) -> Turn:
        """The turn under way, or one that begins unannounced: the client will commit it."""
        return self.current or self._open(speech, start_ms, None)

    async def stop(self, end_ms: int) -> None:
        """The person fell silent."""
        if self.current is not None:
            await self._emit(
                InputAudioBufferSpeechStopped(
                    event_id=new_id("event"), item_id=self.current.item_id, audio_end_ms=end_ms
                )
            )

    async def commit(self, end_ms: int, *, audio_ms: int | None = None, answer: bool = False) -> None:
        """Make the turn under way an item. Raises `ProtocolError` when the conversation is full."""
        turn, self.current = self.current, None
        if turn is None:
            return
        words = turn.utterance.finish(end_ms)
        length_ms = end_ms - turn.utterance.start_ms if audio_ms is None else audio_ms
        try:
            await self._add(turn.item_id, words, audio_ms=length_ms, captions=turn.captions)
        except ProtocolError:
            words.cancel()
            raise
        if answer:
            begun = self._responses.begun
            self._answer(lambda: self._answer_to(turn.item_id, begun))

    async def commit_and_answer(self, end_ms: int, *, answer: bool) -> None:
        """Like `commit` where no command can be refused: what is wrong becomes an ``error`` event."""
        try:
            await self.commit(end_ms, answer=answer)
        except ProtocolError as error:
            await self._refuse(error)

    async def time_out(self, start_ms: int, end_ms: int) -> None:
        """Nobody spoke for the idle time: commit the silence and speak up."""
        if self._responses.is_answering:
            return
        item_id = new_id("item")
        await self._emit(
            InputAudioBufferTimeoutTriggered(
                event_id=new_id("event"), item_id=item_id, audio_start_ms=start_ms, audio_end_ms=end_ms
            )
        )
        try:
            await self._add(item_id, _no_words(), audio_ms=end_ms - start_ms, captions=None)
        except ProtocolError as error:
            await self._refuse(error)
            return
        self._answer(lambda: self._responses.answer(STILL_THERE))

    def drop(self) -> None:
        """Forget the turn under way."""
        if self.current is not None:
            self.current.utterance.drop()
            self.current = None

    async def close(self) -> None:
        """End what this owns; idempotent."""
        self.drop()
        answering = self._answering
        self._drop_answer()
        if answering is not None:
            await asyncio.gather(answering, return_exceptions=True)

    def _open(self, speech: Speech, start_ms: int, captions: Captions | None) -> Turn:
        item_id = new_id("item")

        async def on_words(text: str) -> None:
            if captions is not None:
                await self._hearing.caption(item_id, captions.offer(text))

        utterance = Utterance(speech, self._tape, start_ms, on_words=on_words)
        self.current = Turn(item_id, utterance, captions, sketched_ms=start_ms)
        return self.current

    async def _add(
        self, item_id: str, words: Awaitable[str], *, audio_ms: int, captions: Captions | None
    ) -> None:
        await self._hearing.room()
        content = (ContentPart(type="input_audio"),)
        item = MessageItem(id=item_id, role="user", status="completed", content=content)
        before = self._conversation.insert(item)
        self._conversation.keep_heard(item_id, audio_ms)
        await self._emit(
            InputAudioBufferCommitted(event_id=new_id("event"), item_id=item_id, previous_item_id=before)
        )
        await self._emit(ConversationItemAdded(event_id=new_id("event"), item=item, previous_item_id=before))
        await self._emit(ConversationItemDone(event_id=new_id("event"), item=item, previous_item_id=before))
        self._hearing.expect(item_id, words, audio_ms=audio_ms, captions=captions)

    def _answer(self, work: Callable[[], Awaitable[None]]) -> None:
        """The answer to the newest turn answers those before it too."""
        self._drop_answer()
        self._answering = asyncio.create_task(self._try_answer(work), name="engine answering")

    async def _answer_to(self, item_id: str, begun: int) -> None:
        """Answer a turn, unless it was noise or the client has asked for an answer itself since ``begun``."""
        await self._hearing.settled([item_id])
        if item_id not in self._conversation or self._was_noise(item_id):
            self.on_noise()
        elif self._responses.begun == begun:
            await self._responses.answer()

    def _was_noise(self, item_id: str) -> bool:
        """True when it was read and there was no word; what could not be read is answered."""
        item = self._conversation.get(item_id)
        read = isinstance(item, MessageItem) and item.content[0].transcript is not None
        return read and is_silent(item)

    async def _try_answer(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except ProtocolError as error:
            await self._refuse(error)
        except Exception:  # a response that cannot begin must not end the session
            log.exception("answering a turn failed")

    def _drop_answer(self) -> None:
        if self._answering is not None:
            self._answering.cancel()
            self._answering = None

    async def _refuse(self, error: ProtocolError) -> None:
        detail = ErrorDetail(
            type="invalid_request_error", code=error.code, message=str(error), param=error.param
        )
        await self._emit(Error(event_id=new_id("event"), error=detail))


async def _no_words() -> str:
    return ""
