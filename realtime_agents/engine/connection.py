"""One client connection: reads commands, keeps session and conversation, sends events.

    owned            opened by   closed by
    ───────────────  ──────────  ─────────────────────────────
    send queue       `run`       end of `run`
    writer task      `run`       end of `run`
    expiry task      `run`       end of `run`
    warming task     an update   end of `run`
    response tasks   `Responses` end of `run`

Nothing here grows without bound: the queue holds ``send_queue`` events, and when it is full both
answering and reading wait for the client to read.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import assert_never

from starlette.websockets import WebSocket, WebSocketDisconnect

from realtime_agents.engine.brain import Brain
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.conversation import ConversationStore, completed
from realtime_agents.engine.dialogue.view import DialogueContext
from realtime_agents.engine.responder import new_id
from realtime_agents.engine.responses import Responses, tool_specs
from realtime_agents.engine.session_state import SessionState
from realtime_agents.engine.validation import decoded_size, event_id_of, parse_command
from realtime_agents.errors import ProtocolError
from realtime_agents.protocol.codec import encode_event
from realtime_agents.protocol.commands import (
    ClientEvent,
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
    ConversationItemTruncate,
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferCommit,
    OutputAudioBufferClear,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
)
from realtime_agents.protocol.events import (
    ConversationCreated,
    ConversationItemAdded,
    ConversationItemDeleted,
    ConversationItemDone,
    ConversationItemRetrieved,
    Error,
    InputAudioBufferCleared,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
)
from realtime_agents.protocol.items import ErrorDetail

log = logging.getLogger(__name__)

CLOSE_NORMAL = 1000
CLOSE_EXPIRED = 1001
CLOSE_TOO_BIG = 1009
CLOSE_FAILED = 1011


@dataclass(frozen=True, slots=True)
class _Close:
    """Put into the send queue to end the connection after everything before it was sent."""

    code: int
    reason: str


class Connection:
    """Serves one accepted WebSocket until either side ends it."""

    def __init__(self, websocket: WebSocket, config: EngineConfig, brain: Brain, *, asked_model: str) -> None:
        self._websocket = websocket
        self._config = config
        self._brain = brain
        self._queue: asyncio.Queue[ServerEvent | _Close] = asyncio.Queue(maxsize=config.send_queue)
        self._closed = asyncio.Event()
        self._warming: asyncio.Task[None] | None = None
        self._audio_bytes = 0
        expires_at = int(config.clock.now() + config.session_s)
        self._session = SessionState(
            session_id=new_id("sess"), asked_model=asked_model, expires_at=expires_at
        )
        self._conversation = ConversationStore(
            max_items=config.max_items, max_chars=config.max_conversation_chars
        )
        self._conversation_id = new_id("conv")
        self._responses = Responses(
            config,
            brain=brain,
            session=self._session,
            conversation=self._conversation,
            conversation_id=self._conversation_id,
            emit=self._emit,
        )

    async def run(self) -> int:
        """Serve until the connection ends, then end everything it started; returns the close code due."""
        vital = [
            asyncio.create_task(self._read(), name="engine reader"),
            asyncio.create_task(self._write(), name="engine writer"),
            asyncio.create_task(self._closed.wait(), name="engine closed"),
        ]
        tasks = [*vital, asyncio.create_task(self._expire(), name="engine expiry")]
        try:
            await self._greet()
            self._warm()
            ended, _ = await asyncio.wait(vital, return_when=asyncio.FIRST_COMPLETED)
            faults = [task.exception() for task in ended]
        finally:
            await self._responses.close()
            if self._warming is not None:
                tasks.append(self._warming)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for fault in filter(None, faults):
            log.error("connection failed", exc_info=fault)
        return CLOSE_FAILED if any(faults) else CLOSE_NORMAL

    async def _greet(self) -> None:
        await self._emit(SessionCreated(event_id=new_id("event"), session=self._session.to_wire()))
        conversation = {"id": self._conversation_id, "object": "realtime.conversation"}
        await self._emit(ConversationCreated(event_id=new_id("event"), conversation=conversation))

    async def _emit(self, event: ServerEvent) -> None:
        await self._queue.put(event)

    async def _write(self) -> None:
        """Send what is queued. Once the client is gone the queue is emptied, so that nobody waits for it."""
        gone = False
        while True:
            entry = await self._queue.get()
            if gone:
                continue
            try:
                if isinstance(entry, _Close):
                    await self._websocket.close(entry.code, entry.reason)
                else:
                    await self._websocket.send_text(encode_event(entry))
            except (WebSocketDisconnect, RuntimeError):  # starlette raises RuntimeError after a close
                gone = True
            if gone or isinstance(entry, _Close):
                gone = True
                self._closed.set()

    async def _expire(self) -> None:
        never = asyncio.Event()
        await self._config.clock.wait(never, self._config.session_s)
        minutes = round(self._config.session_s / 60)
        error = ErrorDetail(
            type="invalid_request_error",
            code="session_expired",
            message=f"Your session hit the maximum duration of {minutes} minutes.",
        )
        await self._emit(Error(event_id=new_id("event"), error=error))
        await self._queue.put(_Close(CLOSE_EXPIRED, "session_expired"))

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            raw = message.get("text")
            if raw is None:
                raw = message.get("bytes") or b""
            if len(raw) > self._config.max_message_bytes:
                await self._refuse(
                    ProtocolError(
                        f"The message is too big: at most {self._config.max_message_bytes} bytes.",
                        code="message_too_big",
                    ),
                    None,
                )
                await self._queue.put(_Close(CLOSE_TOO_BIG, "message too big"))
                await self._closed.wait()
                return
            await self._receive(raw)

    async def _receive(self, raw: str | bytes) -> None:
        try:
            command = parse_command(raw, max_text_chars=self._config.max_text_chars)
            await self._handle(command)
        except ProtocolError as error:
            await self._refuse(error, event_id_of(raw))
        except Exception:  # one command that we cannot cope with must not end the session
            log.exception("command failed")
            detail = ErrorDetail(type="server_error", code="server_error", message="The engine failed.")
            await self._emit(Error(event_id=new_id("event"), error=detail))

    async def _refuse(self, error: ProtocolError, event_id: str | None) -> None:
        detail = ErrorDetail(
            type="invalid_request_error",
            code=error.code,
            message=str(error),
            param=error.param,
            event_id=event_id,
        )
        await self._emit(Error(event_id=new_id("event"), error=detail))

    async def _handle(self, command: ClientEvent) -> None:
        """Carry out one valid command. Raises `ProtocolError` when it cannot be done now."""
        match command:
            case SessionUpdate():
                await self._update_session(command)
            case ConversationItemCreate():
                await self._create_item(command)
            case ConversationItemDelete(item_id=item_id):
                self._conversation.delete(item_id)
                await self._emit(ConversationItemDeleted(event_id=new_id("event"), item_id=item_id))
            case ConversationItemRetrieve(item_id=item_id):
                item = self._conversation.get(item_id)
                await self._emit(ConversationItemRetrieved(event_id=new_id("event"), item=item))
            case ConversationItemTruncate(item_id=item_id):
                self._conversation.check_truncation(item_id)
            case InputAudioBufferAppend(audio=audio):
                self._append_audio(audio)
            case InputAudioBufferCommit():
                await self._commit_audio()
            case InputAudioBufferClear():
                await self._clear_audio()
            case OutputAudioBufferClear():
                raise ProtocolError(
                    "output_audio_buffer.clear is only available over WebRTC and SIP.",
                    code="invalid_value",
                    param="type",
                )
            case ResponseCreate(response=params):
                await self._responses.create(params)
            case ResponseCancel(response_id=response_id):
                self._responses.cancel(response_id)
            case _:
                assert_never(command)

    async def _update_session(self, command: SessionUpdate) -> None:
        self._session.update(command.session)
        await self._emit(SessionUpdated(event_id=new_id("event"), session=self._session.to_wire()))
        if {"instructions", "tools"} & command.session.keys():
            self._warm()

    async def _create_item(self, command: ConversationItemCreate) -> None:
        item = completed(command.item, item_id=new_id("item"), call_id=new_id("call"))
        before = self._conversation.insert(item, command.previous_item_id)
        await self._emit(ConversationItemAdded(event_id=new_id("event"), item=item, previous_item_id=before))
        await self._emit(ConversationItemDone(event_id=new_id("event"), item=item, previous_item_id=before))

    def _append_audio(self, audio: str) -> None:
        size = decoded_size(audio)
        if self._audio_bytes + size > self._config.max_audio_bytes:
            raise ProtocolError(
                f"The input audio buffer is full: at most {self._config.max_audio_bytes} bytes before a commit.",
                code="input_audio_buffer_full",
                param="audio",
            )
        self._audio_bytes += size

    async def _commit_audio(self) -> None:
        if not self._audio_bytes:
            raise ProtocolError(
                "Error committing input audio buffer: the buffer is empty.",
                code="input_audio_buffer_commit_empty",
            )
        await self._clear_audio()
        raise ProtocolError(
            "Speech is not available in this build of the local engine: the audio was dropped. Send text.",
            code="speech_not_available",
        )

    async def _clear_audio(self) -> None:
        self._audio_bytes = 0
        await self._emit(InputAudioBufferCleared(event_id=new_id("event")))

    def _warm(self) -> None:
        """Embed the texts of the new configuration meanwhile; a newer one replaces an older one."""
        if self._warming is not None:
            self._warming.cancel()
        context = DialogueContext(
            instructions=self._session.get("instructions"),
            tools=tool_specs(tuple(self._session.get("tools"))),
        )
        self._warming = asyncio.create_task(self._brain.warm(context), name="engine warming")
