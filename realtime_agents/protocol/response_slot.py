"""One active response at a time: who may send ``response.create``, and when.

The server writes only one response into the default conversation and refuses another with
``conversation_already_has_active_response``; its own voice detection may win that race. Every
method returns the commands to send now, in order; the caller sends them and nothing else of this
kind. Responses out of band run beside the slot and never take it.
"""

from __future__ import annotations

import bisect
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from realtime_agents.protocol.commands import ClientEvent, ResponseCancel, ResponseCreate, ResponseParams
from realtime_agents.protocol.items import OUT_OF_BAND_MARK, ErrorDetail, Response

MAX_QUEUED: Final = 32
"""Requests that may wait. When one more comes the oldest gives way: later answers see its input."""

_REMEMBERED: Final = 32
"""Creates whose refusal may still come."""

ALREADY_ACTIVE: Final = "conversation_already_has_active_response"
CANCEL_NOT_ACTIVE: Final = "response_cancel_not_active"


class SlotState(StrEnum):
    """Where the default conversation's one response stands."""

    FREE = "free"
    CREATE_REQUESTED = "create_requested"
    ACTIVE = "active"
    CANCEL_REQUESTED = "cancel_requested"


TRANSITIONS: Final = {
    SlotState.FREE: {SlotState.CREATE_REQUESTED, SlotState.ACTIVE},
    SlotState.CREATE_REQUESTED: {SlotState.ACTIVE, SlotState.FREE},
    SlotState.ACTIVE: {SlotState.ACTIVE, SlotState.CANCEL_REQUESTED, SlotState.FREE},
    SlotState.CANCEL_REQUESTED: {SlotState.ACTIVE, SlotState.FREE},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRequest:
    """A wish for an answer."""

    params: ResponseParams | None = None
    merges: bool = False
    """True for answers to tool outputs: one response answers all outputs sent before it, so equal
    requests that wait become one. False keeps the request single and in order."""


@dataclass(frozen=True, slots=True)
class _Wish:
    number: int
    """Counts requests in the order in which they were wanted."""
    request: ResponseRequest


class ResponseSlot:
    """State of the slot, pure: no clock, no I/O. Not safe for several threads."""

    def __init__(self, new_event_id: Callable[[], str] | None = None) -> None:
        """``new_event_id`` names the commands; the default counts ``slot_1``, ``slot_2``…"""
        counter = itertools.count(1)
        self._new_event_id = new_event_id or (lambda: f"slot_{next(counter)}")
        self._state = SlotState.FREE
        self._active_id: str | None = None
        self._pending: str | None = None
        """Event id of the last create."""
        self._sent: dict[str, _Wish] = {}
        """Last creates by event id. Kept after ``response.created`` and even ``response.done``, as
        both may be about the server's own response, with the refusal of ours still to come."""
        self._cancel_event_id: str | None = None
        self._cancel_when_created = False
        self._queue: deque[_Wish] = deque(maxlen=MAX_QUEUED)
        self._numbers = itertools.count(1)
        self._out_of_band_sent: set[str] = set()
        self._out_of_band_ids: set[str] = set()

    @property
    def state(self) -> SlotState:
        return self._state

    @property
    def active_id(self) -> str | None:
        """Id of the active response; ``None`` also when one is active whose id is unknown."""
        return self._active_id

    @property
    def queued(self) -> tuple[ResponseRequest, ...]:
        """Requests that wait, next one first."""
        return tuple(wish.request for wish in self._queue)

    @property
    def awaiting(self) -> str | None:
        """Event id of the command whose answer is due: arm a timer for it, then `on_timeout`."""
        match self._state:
            case SlotState.CREATE_REQUESTED:
                return self._pending
            case SlotState.CANCEL_REQUESTED:
                return self._cancel_event_id
            case SlotState.ACTIVE if self._active_id is None:
                return self._pending
            case _:
                return None

    def want(self, request: ResponseRequest) -> list[ClientEvent]:
        """Ask for a response: at once when the slot is free or not needed, else later."""
        if request.params is not None and request.params.conversation == "none":
            return [self._create_out_of_band(request.params)]
        if not self._is_merged(request):
            self._queue.append(_Wish(next(self._numbers), request))
        return self._send_next()

    def cancel(self) -> list[ClientEvent]:
        """Stop the active response, once. One that is only requested is stopped when it begins."""
        match self._state:
            case SlotState.ACTIVE:
                return [self._cancel()]
            case SlotState.CREATE_REQUESTED:
                self._cancel_when_created = True
        return []

    def drop_queued(self) -> tuple[ResponseRequest, ...]:
        """Forget what waits, as the person asked for silence; returns it."""
        dropped = self.queued
        self._queue.clear()
        return dropped

    def on_created(self, response: Response) -> list[ClientEvent]:
        """``response.created`` came, for our request or the server's own."""
        if self._takes_out_of_band(response):
            return []
        self._enter_active(response.id)
        if self._cancel_when_created:
            return [self._cancel()]
        return []

    def on_done(self, response: Response) -> list[ClientEvent]:
        """``response.done`` came; frees the slot when it is about the active response."""
        if response.id in self._out_of_band_ids or response.marked_out_of_band:
            self._out_of_band_ids.discard(response.id)
            return []
        busy = self._state in (SlotState.ACTIVE, SlotState.CANCEL_REQUESTED)
        if not busy or self._active_id not in (None, response.id):
            return []
        return self._free()

    def on_error(self, error: ErrorDetail) -> list[ClientEvent]:
        """``error`` came; only those about our own commands matter here."""
        if error.event_id is not None and error.event_id in self._out_of_band_sent:
            self._out_of_band_sent.discard(error.event_id)
            return []
        refused = self._refused_create(error)
        if refused is not None:
            return self._on_create_refused(refused, error.code)
        if self._state is SlotState.CANCEL_REQUESTED and self._is_about_cancel(error):
            if error.code == CANCEL_NOT_ACTIVE:  # it ended by itself in the meantime
                return self._free()
            self._enter_active(self._active_id)
        return []

    def on_timeout(self, event_id: str) -> list[ClientEvent]:
        """No answer came for the command in `awaiting`: give it up and go on.

        A request that was refused because another response ran is not lost, it is sent again.
        """
        if event_id != self.awaiting:
            return []
        return self._free()

    def on_socket_lost(self) -> list[ClientEvent]:
        """The connection is gone and with it every response: drop everything, send nothing."""
        self._queue.clear()
        self._out_of_band_sent.clear()
        self._out_of_band_ids.clear()
        self._sent.clear()
        self._pending = None
        if self._state is not SlotState.FREE:
            self._reset()
        return []

    def _refused_create(self, error: ErrorDetail) -> str | None:
        """Event id of the create that the error is about."""
        if error.event_id is None:  # some servers do not name the cause
            waits = self._state is SlotState.CREATE_REQUESTED and error.code == ALREADY_ACTIVE
            return self._pending if waits else None
        return error.event_id if error.event_id in self._sent else None

    def _is_about_cancel(self, error: ErrorDetail) -> bool:
        if error.event_id is None:
            return error.code == CANCEL_NOT_ACTIVE
        return error.event_id == self._cancel_event_id

    def _on_create_refused(self, event_id: str, code: str | None) -> list[ClientEvent]:
        wish = self._sent.pop(event_id)
        is_awaited = self._state is SlotState.CREATE_REQUESTED and event_id == self._pending
        is_cancelled = is_awaited and self._cancel_when_created
        if code == ALREADY_ACTIVE and not is_cancelled:
            self._requeue(wish)
        if not is_awaited:
            return self._send_next()
        if code != ALREADY_ACTIVE:
            return self._free()
        self._enter_active(None)
        return [self._cancel()] if is_cancelled else []

    def _is_merged(self, request: ResponseRequest) -> bool:
        return request.merges and any(wish.request == request for wish in self._queue)

    def _requeue(self, wish: _Wish) -> None:
        if len(self._queue) < MAX_QUEUED and not self._is_merged(wish.request):
            bisect.insort(self._queue, wish, key=lambda waiting: waiting.number)

    def _send_next(self) -> list[ClientEvent]:
        if self._state is not SlotState.FREE or not self._queue:
            return []
        wish = self._queue.popleft()
        event_id = self._pending = self._new_event_id()
        self._sent[event_id] = wish
        if len(self._sent) > _REMEMBERED:
            del self._sent[next(iter(self._sent))]
        self._go(SlotState.CREATE_REQUESTED)
        return [ResponseCreate(event_id=event_id, response=wish.request.params)]

    def _cancel(self) -> ResponseCancel:
        self._cancel_when_created = False
        self._cancel_event_id = self._new_event_id()
        self._go(SlotState.CANCEL_REQUESTED)
        return ResponseCancel(event_id=self._cancel_event_id, response_id=self._active_id)

    def _enter_active(self, response_id: str | None) -> None:
        self._go(SlotState.ACTIVE)
        self._active_id = response_id
        self._cancel_event_id = None

    def _free(self) -> list[ClientEvent]:
        self._reset()
        return self._send_next()

    def _reset(self) -> None:
        self._go(SlotState.FREE)
        self._active_id = None
        self._cancel_event_id = None
        self._cancel_when_created = False

    def _go(self, state: SlotState) -> None:
        if state not in TRANSITIONS[self._state]:
            raise RuntimeError(f"expected a state of {TRANSITIONS[self._state]}, found {state!r}")
        self._state = state

    def _create_out_of_band(self, params: ResponseParams) -> ResponseCreate:
        event_id = self._new_event_id()
        self._out_of_band_sent.add(event_id)
        marked = {**(params.metadata or {}), OUT_OF_BAND_MARK: event_id}
        return ResponseCreate(event_id=event_id, response=replace(params, metadata=marked))

    def _takes_out_of_band(self, response: Response) -> bool:
        """Recognise an out-of-band response by our mark, or, where a server does not give metadata
        back, by a null conversation while we wait for one. Null alone is no proof: some servers
        send it for every response."""
        if response.marked_out_of_band and response.metadata is not None:
            self._out_of_band_sent.discard(response.metadata[OUT_OF_BAND_MARK])
        elif response.conversation_id is None and self._out_of_band_sent:
            self._out_of_band_sent.pop()
        else:
            return False
        self._out_of_band_ids.add(response.id)
        return True
