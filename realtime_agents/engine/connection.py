"""One client connection: reads commands, keeps session and conversation, sends events.

    owned                           opened by    closed by
    ──────────────────────────────  ───────────  ─────────────────────────────
    outbox and its writer task      `run`        end of `run`
    expiry task                     `run`        end of `run`
    warming task                    an update    end of `run`
    listening task                  first audio  `Listening.close`, end of `run`
    turn under way, waiting answer  `Turns`      `Turns.close`, end of `run`
    tasks that read speech          `Hearing`    `Hearing.close`, end of `run`
    response tasks                  `Responses`  end of `run`

Nothing here grows without bound: the outbox holds ``send_queue`` events, and when it is full both
answering and reading wait for the client to read.
"""

from __future__ import annotations

import asyncio
import logging
from typing import assert_never

from starlette.websockets import WebSocket

from realtime_agents.engine.audio_format import decode_base64
from realtime_agents.engine.brain import Brain
from realtime_agents.engine.config import EngineConfig
from realtime_agents.engine.conversation import ConversationStore, completed
from realtime_agents.engine.dialogue.view import DialogueContext
from realtime_agents.engine.given_audio import GivenAudio
from realtime_agents.engine.hearing import Hearing
from realtime_agents.engine.input_audio import AudioTape
from realtime_agents.engine.listening import Listening
from realtime_agents.engine.outbox import Outbox
from realtime_agents.engine.output import new_id
from realtime_agents.engine.request import tool_specs
from realtime_agents.engine.responses import Responses
from realtime_agents.engine.session_state import SessionState
from realtime_agents.engine.speech_access import SpeechAccess
from realtime_agents.engine.turns import Turns
from realtime_agents.engine.validation import event_id_of, is_small_enough, parse_command
from realtime_agents.errors import ProtocolError
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
    ConversationItemTruncated,
    Error,
    SessionCreated,
    SessionUpdated,
)
from realtime_agents.protocol.items import ErrorDetail

log = logging.getLogger(__name__)

CLOSE_NORMAL = 1000
CLOSE_EXPIRED = 1001
CLOSE_TOO_BIG = 1009
CLOSE_FAILED = 1011


class Connection:
    """Serves one accepted WebSocket until either side ends it."""

    def __init__(self, websocket: WebSocket, config: EngineConfig, brain: Brain, *, asked_model: str) -> None:
        self._websocket = websocket
        self._config = config
        self._brain = brain
        self._outbox = Outbox(websocket, size=config.send_queue)
        self._emit = self._outbox.emit
        self._warming: asyncio.Task[None] | None = None
        self._session = SessionState(
            session_id=new_id("sess"),
            asked_model=asked_model,
            expires_at=int(config.clock.now() + config.session_s),
            can_hear=config.speech is not None,
        )
        self._conversation = ConversationStore(
            max_items=config.max_items, max_chars=config.max_conversation_chars
        )
        self._conversation_id = new_id("conv")
        self._access = SpeechAccess(config.speech, self._emit)
        self._hearing = Hearing(session=self._session, conversation=self._conversation, emit=self._emit)
        self._given_audio = GivenAudio(
            self._access, self._session, self._hearing, max_bytes=config.max_audio_bytes
        )
        self._responses = Responses(
            config,
            brain=brain,
            session=self._session,
            conversation=self._conversation,
            conversation_id=self._conversation_id,
            hearing=self._hearing,
            speech=self._access,
            emit=self._emit,
        )
        tape = AudioTape()
        self._turns = Turns(
            tape=tape,
            session=self._session,
            conversation=self._conversation,
            responses=self._responses,
            hearing=self._hearing,
            emit=self._emit,
        )
        self._listening = Listening(
            config,
            access=self._access,
            session=self._session,
            tape=tape,
            turns=self._turns,
            emit=self._emit,
        )
        self._responses.on_answered = self._listening.on_answered

    async def run(self) -> int:
        """Serve until the connection ends, then end everything it started; returns the close code due."""
        vital = [
            asyncio.create_task(self._read(), name="engine reader"),
            asyncio.create_task(self._outbox.run(), name="engine writer"),
            asyncio.create_task(self._outbox.closed.wait(), name="engine closed"),
        ]
        tasks = [*vital, asyncio.create_task(self._expire(), name="engine expiry")]
        try:
            await self._greet()
            self._warm()
            ended, _ = await asyncio.wait(vital, return_when=asyncio.FIRST_COMPLETED)
            faults = [task.exception() for task in ended]
        finally:
            await self._listening.close()
            await self._turns.close()
            await self._hearing.close()
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
        await self._outbox.close(CLOSE_EXPIRED, "session_expired")

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            raw = message.get("text")
            if raw is None:
                raw = message.get("bytes") or b""
            if not is_small_enough(raw, self._config):
                await self._refuse(
                    ProtocolError(
                        f"The message is too big: at most {self._config.max_message_bytes} bytes, or"
                        f" {self._config.max_append_bytes} when it is audio.",
                        code="message_too_big",
                    ),
                    None,
                )
                await self._outbox.close(CLOSE_TOO_BIG, "message too big")
                await self._outbox.closed.wait()
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
            case ConversationItemTruncate():
                await self._truncate(command)
            case InputAudioBufferAppend(audio=audio):
                wanted = self._session.input_format
                await self._listening.append(decode_base64(audio, wanted), wanted)
            case InputAudioBufferCommit():
                await self._listening.commit()
            case InputAudioBufferClear():
                await self._listening.clear()
            case OutputAudioBufferClear():
                raise ProtocolError(
                    "output_audio_buffer.clear is only available over WebRTC and SIP.",
                    code="invalid_value",
                    param="type",
                )
            case ResponseCreate(response=params):
                self._responses.create(params)
            case ResponseCancel(response_id=response_id):
                self._responses.cancel(response_id)
            case _:
                assert_never(command)

    async def _update_session(self, command: SessionUpdate) -> None:
        hears_otherwise = "input" in (command.session.get("audio") or {})
        if hears_otherwise:
            await self._listening.settle()
        was_aloud = self._session.is_aloud
        self._session.update(command.session)
        if hears_otherwise:
            await self._listening.reconfigure()
        await self._emit(SessionUpdated(event_id=new_id("event"), session=self._session.to_wire()))
        if self._session.is_aloud and not was_aloud:
            await self._access.on_wanted()
        if {"instructions", "tools"} & command.session.keys():
            self._warm()

    async def _create_item(self, command: ConversationItemCreate) -> None:
        item = completed(command.item, item_id=new_id("item"), call_id=new_id("call"))
        item, spoken = await self._given_audio.take(item)
        before = self._conversation.insert(item, command.previous_item_id)
        if spoken is not None:
            self._conversation.keep_heard(item.id or "", spoken.audio_ms)
        await self._emit(ConversationItemAdded(event_id=new_id("event"), item=item, previous_item_id=before))
        await self._emit(ConversationItemDone(event_id=new_id("event"), item=item, previous_item_id=before))
        if spoken is not None:
            self._given_audio.read(item, spoken)

    async def _truncate(self, command: ConversationItemTruncate) -> None:
        await self._responses.settled()
        self._conversation.truncate(command.item_id, command.content_index, command.audio_end_ms)
        await self._emit(
            ConversationItemTruncated(
                event_id=new_id("event"),
                item_id=command.item_id,
                content_index=command.content_index,
                audio_end_ms=command.audio_end_ms,
            )
        )

    def _warm(self) -> None:
        """Embed the texts of the new configuration meanwhile; a newer one replaces an older one."""
        if self._warming is not None:
            self._warming.cancel()
        context = DialogueContext(
            instructions=self._session.get("instructions"),
            tools=tool_specs(tuple(self._session.get("tools"))),
        )
        self._warming = asyncio.create_task(self._brain.warm(context), name="engine warming")
