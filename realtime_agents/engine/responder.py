"""Streams one response: created, its items word by word, done. Knows the wire's order of events."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from realtime_agents.engine.config import Clock
from realtime_agents.engine.conversation import ConversationStore
from realtime_agents.engine.dialogue.plan import CallTools, Plan, Say
from realtime_agents.engine.usage import CHARS_PER_TOKEN, tokens_of
from realtime_agents.protocol.events import (
    ConversationItemAdded,
    ConversationItemDone,
    ResponseContentPartAdded,
    ResponseContentPartDone,
    ResponseCreated,
    ResponseDone,
    ResponseFunctionCallArgumentsDelta,
    ResponseFunctionCallArgumentsDone,
    ResponseOutputItemAdded,
    ResponseOutputItemDone,
    ResponseOutputTextDelta,
    ResponseOutputTextDone,
    ServerEvent,
)
from realtime_agents.protocol.items import (
    ContentPart,
    ErrorDetail,
    FunctionCallItem,
    Item,
    ItemStatus,
    MessageItem,
    Response,
    ResponseStatus,
    StatusDetails,
    Usage,
)

log = logging.getLogger(__name__)

ARGUMENT_CHARS = 48
"""Arguments are sent in pieces of this size."""
_WORD = re.compile(r"\s*\S+")

Emit = Callable[[ServerEvent], Awaitable[None]]


def new_id(prefix: str) -> str:
    """An id of the wire, at most 32 characters: ``item_3f…``."""
    return f"{prefix}_{secrets.token_hex(12)}"


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

    `run` always ends with ``response.done``; `cancel` makes it end soon, keeping the text so far.
    """

    def __init__(self, spec: ResponseSpec, *, emit: Emit, clock: Clock, words_per_s: float) -> None:
        self.id = new_id("resp")
        self._spec = spec
        self._emit = emit
        self._clock = clock
        self._words_per_s = words_per_s
        self._cancelled = asyncio.Event()
        self._output: list[Item] = []
        self._output_tokens = 0
        limit = spec.max_output_tokens
        self._limit_tokens = limit if isinstance(limit, int) else None

    def cancel(self) -> None:
        """Stop at the next word. Safe to call at any time, more than once."""
        self._cancelled.set()

    @property
    def output_tokens(self) -> int:
        return self._output_tokens

    async def created(self) -> None:
        """Announce the response."""
        await self._emit(ResponseCreated(event_id=new_id("event"), response=self._response("in_progress")))

    async def run(self, plan: Plan) -> StatusDetails:
        """Stream ``plan``; returns how it ended, for `done`."""
        full = True
        match plan:
            case Say(text=text):
                full = await self._say(text)
            case CallTools(calls=calls):
                for name, arguments in calls:
                    full = full and not self._cancelled.is_set() and await self._call(name, arguments)
        if self._cancelled.is_set() and not full:
            return StatusDetails(type="cancelled", reason="client_cancelled")
        return (
            StatusDetails(type="completed")
            if full
            else StatusDetails(type="incomplete", reason="max_output_tokens")
        )

    async def done(self, details: StatusDetails, usage: Usage | None) -> None:
        """Close the response."""
        status: ResponseStatus = "completed"
        match details.type:
            case "cancelled" | "incomplete" | "failed" as other:
                status = other
            case _:
                pass
        response = self._response(status, status_details=details, output=tuple(self._output), usage=usage)
        await self._emit(ResponseDone(event_id=new_id("event"), response=response))

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def _response(self, status: ResponseStatus, **more: Any) -> Response:
        return Response(
            id=self.id,
            status=status,
            conversation_id=self._spec.conversation_id,
            metadata=self._spec.metadata,
            output_modalities=("text",),
            max_output_tokens=self._spec.max_output_tokens,
            audio=self._spec.audio,
            **more,
        )

    async def _say(self, text: str) -> bool:
        """A message, word by word; False when it was cut short."""
        index = len(self._output)
        item = MessageItem(id=new_id("item"), role="assistant", status="in_progress")
        place: dict[str, Any] = {
            "response_id": self.id,
            "item_id": item.id or "",
            "output_index": index,
            "content_index": 0,
        }
        await self._open(index, item)
        await self._emit(
            ResponseContentPartAdded(
                event_id=new_id("event"), part=ContentPart(type="text", text=""), **place
            )
        )
        said, full = await self._stream_words(text, place)
        await self._emit(ResponseOutputTextDone(event_id=new_id("event"), text=said, **place))
        await self._emit(
            ResponseContentPartDone(
                event_id=new_id("event"), part=ContentPart(type="text", text=said), **place
            )
        )
        self._output_tokens += tokens_of(said)
        content = (ContentPart(type="output_text", text=said),)
        await self._close(index, replace(item, content=content, status=_status(full)))
        return full

    async def _stream_words(self, text: str, place: Mapping[str, Any]) -> tuple[str, bool]:
        """Deltas on an absolute schedule, so that delays do not add up."""
        started = self._clock.monotonic()
        allowed = self._allowed_chars()
        said = ""
        for count, word in enumerate(_WORD.findall(text.strip())):
            if self._words_per_s > 0 and count:
                due = started + count / self._words_per_s
                await self._clock.wait(self._cancelled, due - self._clock.monotonic())
            else:
                await asyncio.sleep(0)  # lets the reader see a cancel between two words
            if self._cancelled.is_set() or (allowed is not None and len(said) + len(word) > allowed):
                return said, False
            await self._emit(ResponseOutputTextDelta(event_id=new_id("event"), delta=word, **place))
            said += word
        return said, True

    async def _call(self, name: str, arguments: str) -> bool:
        """A function call; False when it was cut short, which makes it incomplete and not to be run."""
        index = len(self._output)
        call_id = new_id("call")
        item = FunctionCallItem(
            id=new_id("item"), call_id=call_id, name=name, arguments="", status="in_progress"
        )
        place: dict[str, Any] = {
            "response_id": self.id,
            "item_id": item.id or "",
            "output_index": index,
            "call_id": call_id,
        }
        await self._open(index, item)
        allowed = self._allowed_chars()
        given = arguments if allowed is None else arguments[: max(allowed - len(name), 0)]
        for start in range(0, len(given), ARGUMENT_CHARS):
            piece = given[start : start + ARGUMENT_CHARS]
            await self._emit(
                ResponseFunctionCallArgumentsDelta(event_id=new_id("event"), delta=piece, **place)
            )
        await self._emit(
            ResponseFunctionCallArgumentsDone(event_id=new_id("event"), name=name, arguments=given, **place)
        )
        self._output_tokens += tokens_of(name + given)
        full = given == arguments
        await self._close(index, replace(item, arguments=given, status=_status(full)))
        return full

    def _allowed_chars(self) -> int | None:
        if self._limit_tokens is None:
            return None
        return max(self._limit_tokens - self._output_tokens, 0) * CHARS_PER_TOKEN

    async def _open(self, index: int, item: Item) -> None:
        self._output.append(item)
        await self._emit(
            ResponseOutputItemAdded(
                event_id=new_id("event"), response_id=self.id, output_index=index, item=item
            )
        )
        if self._spec.conversation is not None:
            before = self._spec.conversation.append_output(item)
            await self._emit(
                ConversationItemAdded(event_id=new_id("event"), item=item, previous_item_id=before)
            )

    async def _close(self, index: int, item: Item) -> None:
        self._output[index] = item
        await self._emit(
            ResponseOutputItemDone(
                event_id=new_id("event"), response_id=self.id, output_index=index, item=item
            )
        )
        conversation = self._spec.conversation
        if conversation is None or item.id not in conversation:
            return  # out of band, or the client deleted it meanwhile
        conversation.replace(item)
        before = conversation.before(item.id or "")
        await self._emit(ConversationItemDone(event_id=new_id("event"), item=item, previous_item_id=before))


def failure(code: str, message: str) -> StatusDetails:
    """Why a response failed, for `Responder.done`."""
    kind = "server_error" if code == "server_error" else "invalid_request_error"
    return StatusDetails(type="failed", error=ErrorDetail(type=kind, code=code, message=message))


def _status(full: bool) -> ItemStatus:
    return "completed" if full else "incomplete"
