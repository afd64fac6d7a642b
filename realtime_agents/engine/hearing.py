"""The transcripts of spoken items: read apart from everything else, waited for by who needs them.

The engine reads every spoken item, because the dialogue needs its words. The client is told of it
only while the session asks for transcription.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable

from realtime_agents.engine.captions import Captions
from realtime_agents.engine.conversation import ConversationStore
from realtime_agents.engine.output import Emit, new_id
from realtime_agents.engine.session_state import SessionState
from realtime_agents.engine.speech_access import BUSY, UNAVAILABLE
from realtime_agents.errors import SpeechBusy, SpeechError
from realtime_agents.protocol.events import (
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionDelta,
    ConversationItemInputAudioTranscriptionFailed,
)
from realtime_agents.protocol.items import ErrorDetail, Item, MessageItem, TranscriptionUsage

log = logging.getLogger(__name__)

MAX_UNREAD = 8
"""So many items may wait for their words; then detection, or the reader of commands, waits."""


class Hearing:
    """Owns one task per item whose words are not known yet, until `close`."""

    def __init__(self, *, session: SessionState, conversation: ConversationStore, emit: Emit) -> None:
        self._session = session
        self._conversation = conversation
        self._emit = emit
        self._pending: dict[str, asyncio.Task[None]] = {}

    @property
    def pending(self) -> int:
        """Items whose words are not known yet."""
        return len(self._pending)

    def expect(
        self,
        item_id: str,
        words: Awaitable[str],
        *,
        audio_ms: int,
        captions: Captions | None = None,
        content_index: int = 0,
    ) -> None:
        """Take ``words`` for the transcript of an item when they come."""
        work = self._hear(item_id, words, audio_ms, captions or Captions(), content_index)
        task = asyncio.create_task(work, name="engine hearing")
        self._pending[item_id] = task
        task.add_done_callback(lambda _: self._pending.pop(item_id, None))

    async def settled(self, item_ids: Iterable[str | None]) -> None:
        """Wait until the words of these items are known, or known to be lost."""
        tasks = {self._pending[i] for i in item_ids if i in self._pending}
        if tasks:
            await asyncio.wait(tasks)

    async def room(self) -> None:
        """Wait until the words of one more item may be waited for."""
        while len(self._pending) >= MAX_UNREAD:
            await self.one_less()

    async def one_less(self) -> None:
        """Wait until the words of any item have come."""
        if self._pending:
            await asyncio.wait(set(self._pending.values()), return_when=asyncio.FIRST_COMPLETED)

    async def caption(self, item_id: str, delta: str, content_index: int = 0) -> None:
        """Tell the client more words of an item, if it wants to know."""
        if delta and self._session.transcribes:
            await self._emit(
                ConversationItemInputAudioTranscriptionDelta(
                    event_id=new_id("event"), item_id=item_id, content_index=content_index, delta=delta
                )
            )

    async def close(self) -> None:
        """End all tasks; idempotent."""
        tasks = list(self._pending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(
        self, item_id: str, words: Awaitable[str], audio_ms: int, captions: Captions, content_index: int
    ) -> None:
        try:
            text = await words
        except SpeechError as error:
            await self._fail(item_id, error, content_index)
            return
        except Exception:  # the words of one item must not end the session
            log.exception("reading speech failed")
            await self._fail(item_id, SpeechError("The engine failed to read this."), content_index)
            return
        if item_id not in self._conversation:
            return  # the client has deleted it meanwhile
        self._conversation.set_transcript(item_id, text)
        await self.caption(item_id, captions.finish(text), content_index)
        if self._session.transcribes:
            usage = TranscriptionUsage(type="duration", seconds=audio_ms / 1000)
            await self._emit(
                ConversationItemInputAudioTranscriptionCompleted(
                    event_id=new_id("event"),
                    item_id=item_id,
                    content_index=content_index,
                    transcript=text,
                    usage=usage,
                )
            )

    async def _fail(self, item_id: str, error: SpeechError, content_index: int) -> None:
        log.warning("speech could not be read", extra={"error": type(error).__name__})
        if not self._session.transcribes or item_id not in self._conversation:
            return
        code = BUSY if isinstance(error, SpeechBusy) else UNAVAILABLE
        detail = ErrorDetail(type="transcription_error", code=code, message=str(error))
        await self._emit(
            ConversationItemInputAudioTranscriptionFailed(
                event_id=new_id("event"), item_id=item_id, content_index=content_index, error=detail
            )
        )


def is_silent(item: Item) -> bool:
    """True for something that a person spoke and in which no word was found."""
    return (
        isinstance(item, MessageItem)
        and item.role == "user"
        and any(part.type == "input_audio" for part in item.content)
        and not any((part.words or "").strip() for part in item.content)
    )
