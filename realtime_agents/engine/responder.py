"""Streams one response: created, its items as they are thought, done. Knows the wire's order of events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from realtime_agents.engine.config import Clock
from realtime_agents.engine.conversation import ConversationStore
from realtime_agents.engine.output import Emit, Output, new_id
from realtime_agents.engine.speaking import SpokenMessage, Voicing
from realtime_agents.engine.thought import Ended, Thoughts, ToolCall, Words, until
from realtime_agents.engine.writing import Message, WrittenMessage, write_call
from realtime_agents.errors import ThinkingError
from realtime_agents.protocol.events import ResponseCreated, ResponseDone
from realtime_agents.protocol.items import (
    ErrorDetail,
    Response,
    ResponseStatus,
    StatusDetails,
    Usage,
)

CancelReason = Literal["client_cancelled", "turn_detected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSpec:
    """What a response is asked to be."""

    conversation: ConversationStore | None
    """Where its items are written; ``None`` out of band."""
    conversation_id: str | None
    metadata: Mapping[str, str] | None
    max_output_tokens: int | str
    audio: Mapping[str, Any]


class Responder:
    """One response from ``response.created`` to ``response.done``.

    `run` returns soon after `cancel`, keeping what was said so far.
    """

    def __init__(self, spec: ResponseSpec, *, emit: Emit, clock: Clock, words_per_s: float) -> None:
        self.id = new_id("resp")
        self._spec = spec
        self._emit = emit
        self._clock = clock
        self._words_per_s = words_per_s
        self._stop = asyncio.Event()
        self._reason: CancelReason = "client_cancelled"
        self._voicing: Voicing | None = None
        self._message: Message | None = None
        self._ended: Ended | None = None
        limit = spec.max_output_tokens
        self.output = Output(
            self.id,
            emit=emit,
            conversation=spec.conversation,
            max_tokens=limit if isinstance(limit, int) else None,
        )

    def cancel(self, reason: CancelReason = "client_cancelled") -> None:
        """Stop at the next word. Safe to call at any time, more than once; the first reason counts."""
        if not self._stop.is_set():
            self._reason = reason
            self._stop.set()

    @property
    def is_cancelled(self) -> bool:
        return self._stop.is_set()

    @property
    def cancelled(self) -> StatusDetails:
        """How a cancelled response ended, for `done`."""
        return StatusDetails(type="cancelled", reason=self._reason)

    @property
    def _cut_short(self) -> str | None:
        return self._ended.cut_short if self._ended is not None else None

    @property
    def counted(self) -> Usage | None:
        """Tokens as the thinker counted them, where it did."""
        return self._ended.usage if self._ended is not None else None

    @property
    def is_aloud(self) -> bool:
        """True when it is spoken."""
        return self._voicing is not None

    async def created(self, voicing: Voicing | None = None) -> None:
        """Announce the response: spoken, or written when there is no ``voicing``."""
        self._voicing = voicing
        await self._emit(ResponseCreated(event_id=new_id("event"), response=self._response("in_progress")))

    async def run(self, thoughts: Thoughts) -> StatusDetails:
        """Stream ``thoughts`` as they come; returns how it ended, for `done`. Closes them in any case."""
        full = True
        try:
            async with aclosing(until(thoughts, self._stop)) as coming:
                async for thought in coming:
                    if not await self._express(thought):
                        full = False
                        break
        except ThinkingError as error:
            await self._close_message(full=False)
            return failure(error.code, str(error))
        full = await self._close_message(full=full and not self._stop.is_set())
        if self._stop.is_set() and not full:
            return self.cancelled
        if self._cut_short is not None:
            return StatusDetails(type="incomplete", reason=self._cut_short)
        if not full:
            return StatusDetails(type="incomplete", reason="max_output_tokens")
        return StatusDetails(type="completed")

    async def done(self, details: StatusDetails, usage: Usage | None) -> None:
        """Close the response."""
        status: ResponseStatus = "completed"
        match details.type:
            case "cancelled" | "incomplete" | "failed" as other:
                status = other
            case _:
                pass
        response = self._response(status, status_details=details, output=self.output.items, usage=usage)
        await self._emit(ResponseDone(event_id=new_id("event"), response=response))

    async def _express(self, thought: Words | ToolCall | Ended) -> bool:
        """Give out one thought; False when the response must end with it."""
        match thought:
            case Words(text=text, whole=whole):
                if self._message is None:
                    self._message = self._new_message()
                    await self._message.open()
                return await self._message.add(text, whole=whole)
            case ToolCall():
                return await self._close_message(full=True) and await write_call(self.output, thought)
            case Ended():
                self._ended = thought
                return True
            case _:
                assert_never(thought)

    def _new_message(self) -> Message:
        if self._voicing is not None:
            return SpokenMessage(self.output, self._voicing, stop=self._stop)
        return WrittenMessage(self.output, stop=self._stop, clock=self._clock, words_per_s=self._words_per_s)

    async def _close_message(self, *, full: bool) -> bool:
        """Finish the open message, if there is one; False when it is cut short."""
        message, self._message = self._message, None
        if message is None:
            return full
        return await message.close(full=full, whole=self._cut_short is None)

    def _response(self, status: ResponseStatus, **more: Any) -> Response:
        return Response(
            id=self.id,
            status=status,
            conversation_id=self._spec.conversation_id,
            metadata=self._spec.metadata,
            output_modalities=("text",) if self._voicing is None else ("audio",),
            max_output_tokens=self._spec.max_output_tokens,
            audio=self._spec.audio,
            **more,
        )


def failure(code: str, message: str) -> StatusDetails:
    """Why a response failed, for `Responder.done`."""
    kind = "server_error" if code == "server_error" else "invalid_request_error"
    return StatusDetails(type="failed", error=ErrorDetail(type=kind, code=code, message=message))
