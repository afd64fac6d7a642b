"""The response slot with its commands sent, and its answers awaited no longer than allowed."""

from __future__ import annotations

from collections.abc import Callable

from realtime_agents.protocol.commands import ClientEvent
from realtime_agents.protocol.items import ErrorDetail, Response
from realtime_agents.protocol.response_slot import ResponseRequest, ResponseSlot, SlotState
from realtime_agents.session.clock import Clock
from realtime_agents.session.deadline import Deadline
from realtime_agents.session.outbox import Outbox


class TimedSlot:
    """Synchronous but for its timer, which `Deadline` owns.

    A server that works but does not answer a command of the slot within ``limit_s`` is no longer
    waited for.
    """

    def __init__(self, outbox: Outbox, clock: Clock, *, limit_s: float, on_unanswered: Callable[[], None]):
        """``on_unanswered``: a request got no response and nothing else is under way."""
        self._outbox = outbox
        self._limit_s = limit_s
        self._on_unanswered = on_unanswered
        self._slot = ResponseSlot(outbox.new_event_id)
        self._timer = Deadline(clock, "response slot")
        self._awaited: str | None = None

    @property
    def state(self) -> SlotState:
        return self._slot.state

    @property
    def active_id(self) -> str | None:
        return self._slot.active_id

    @property
    def is_free(self) -> bool:
        return self._slot.state is SlotState.FREE

    def want(self, request: ResponseRequest) -> None:
        """Ask as soon as possible; while there is no connection nothing is asked."""
        if self._outbox.is_open:
            self._send(self._slot.want(request))

    def cancel(self) -> None:
        """Stop the active response; one that is only asked for is stopped when it begins."""
        self._send(self._slot.cancel())

    def drop_queued(self) -> None:
        """Forget what waits to be asked."""
        self._slot.drop_queued()

    def on_created(self, response: Response) -> bool:
        """``response.created``; False when it was not wanted any more and was cancelled."""
        self._send(self._slot.on_created(response))
        return not (self.state is SlotState.CANCEL_REQUESTED and self.active_id == response.id)

    def on_done(self, response: Response) -> None:
        """``response.done``."""
        self._send(self._slot.on_done(response))

    def on_error(self, error: ErrorDetail) -> bool:
        """``error``; True when it refused what was asked for."""
        awaited = self._slot.awaiting
        asked = self.state is SlotState.CREATE_REQUESTED
        self._send(self._slot.on_error(error))
        return asked and error.event_id == awaited and self.is_free

    def on_lost(self) -> None:
        """The connection is gone, and everything with it."""
        self._slot.on_socket_lost()
        self._watch()

    def close(self) -> None:
        """Stop the timer."""
        self._timer.disarm()

    def _send(self, commands: list[ClientEvent]) -> None:
        self._outbox.send_all(commands)
        self._watch()

    def _watch(self) -> None:
        awaited = self._slot.awaiting
        if awaited == self._awaited:
            return
        self._awaited = awaited
        if awaited is None:
            self._timer.disarm()
        else:
            self._timer.arm(self._limit_s, lambda: self._on_timeout(awaited))

    def _on_timeout(self, awaited: str) -> None:
        asked = self.state is SlotState.CREATE_REQUESTED
        self._send(self._slot.on_timeout(awaited))
        if asked and self.is_free:
            self._on_unanswered()
