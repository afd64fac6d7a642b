"""From a request to a finished answer: asks for responses, follows them, settles their turns."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from realtime_agents.protocol.conversation import Conversation
from realtime_agents.protocol.effects import TextDelta
from realtime_agents.protocol.items import ErrorDetail, MessageItem, Response, Usage
from realtime_agents.protocol.response_slot import ResponseRequest, ResponseSlot, SlotState
from realtime_agents.session.citing import CitedText, abstained
from realtime_agents.session.clock import Clock
from realtime_agents.session.exchange import Exchange, ExchangeState
from realtime_agents.session.faults import failure_words, is_lasting
from realtime_agents.session.metrics import Meter
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.roster import Roster
from realtime_agents.session.status import StatusBoard
from realtime_agents.session.transcript import Transcript
from realtime_agents.session.view import Activity, Turn

log = logging.getLogger(__name__)

MAX_LOSSES = 2
"""Losses of the connection after which an answer is still asked for again."""
_CUT_OFF = {
    "max_output_tokens": "The answer was cut off: it reached the longest length allowed.",
    "content_filter": "The answer was stopped by the provider's content filter.",
}


@dataclass(slots=True)
class _Speech:
    """One response while it runs."""

    exchange: Exchange
    agent: str
    turn_ids: dict[str, str] = field(default_factory=dict)
    """Turn of each message item."""
    muted: bool = False
    """Its words are not wanted any more; its tokens still count."""


class Answering:
    """Owns the response slot and the current `Exchange`. Synchronous.

    One exchange is current: a newer request interrupts it. ``idle`` is set while none is open.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        transcript: Transcript,
        roster: Roster,
        status: StatusBoard,
        clock: Clock,
        on_usage: Callable[[str, Usage, str], None],
    ) -> None:
        """``on_usage`` gets (response id, usage, agent) of every response that ended."""
        self._outbox = outbox
        self._transcript = transcript
        self._roster = roster
        self._status = status
        self._clock = clock
        self._on_usage = on_usage
        self._slot = ResponseSlot(outbox.new_event_id)
        self._speeches: dict[str, _Speech] = {}
        self.current: Exchange | None = None
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def awaits_server(self) -> bool:
        """True while the server owes something: a response that was asked for or is running."""
        return self._slot.state is not SlotState.FREE

    @property
    def open_exchange(self) -> Exchange | None:
        """The request that still waits for its answer."""
        return self.current if self.current is not None and self.current.is_open else None

    def exchange_of(self, response_id: str) -> Exchange:
        """The request that a running response answers."""
        speech = self._speeches.get(response_id)
        return speech.exchange if speech is not None else self.open_exchange or self._unasked()

    def is_wanted(self, response_id: str) -> bool:
        """False for a running response that was stopped or overtaken."""
        speech = self._speeches.get(response_id)
        return speech is not None and speech.exchange.is_open and not speech.muted

    def begin(self, exchange_id: str) -> Exchange:
        """A new request of the person; what was being answered is interrupted."""
        self.interrupt()
        self.current = Exchange(id=exchange_id, meter=Meter(self._clock.monotonic()))
        self.idle.clear()
        self._status.set_activity(Activity.THINKING)
        return self.current

    def want(self, *, merges: bool = False) -> None:
        """Ask for a response as soon as the slot is free; ``merges``: one answers all such wishes."""
        if self._outbox.is_open:
            self._outbox.send_all(self._slot.want(ResponseRequest(merges=merges)))

    def want_if_ready(self, exchange: Exchange) -> None:
        """A tool of ``exchange`` ended: ask for the answer once all have, unless it is not wanted any more."""
        if exchange.is_open and exchange is self.current and not exchange.running_calls:
            self.want(merges=True)

    def interrupt(self) -> bool:
        """Stop the answer; what was said of it stays. False when there is nothing to stop."""
        exchange = self.open_exchange
        if exchange is None:
            return False
        self._slot.drop_queued()
        self._outbox.send_all(self._slot.cancel())
        self._finish(exchange, ExchangeState.INTERRUPTED)
        return True

    def cut_speech(self) -> None:
        """Stop the response that runs, and keep the request open: somebody else will answer it."""
        exchange = self.open_exchange
        if exchange is None:
            return
        self._slot.drop_queued()
        self._outbox.send_all(self._slot.cancel())
        for speech in self._speeches.values():
            speech.muted = True
        self._settle_unfinished(exchange)
        self._status.set_activity(Activity.THINKING)

    def on_started(self, response: Response) -> None:
        """``response.created``."""
        self._outbox.send_all(self._slot.on_created(response))
        if self._slot.state is SlotState.CANCEL_REQUESTED and self._slot.active_id == response.id:
            return  # it was not wanted any more when it began
        exchange = self.open_exchange or self._unasked()
        self._speeches[response.id] = _Speech(exchange, self._roster.current.name)

    def on_text(self, delta: TextDelta) -> None:
        """More words of an answer."""
        speech = self._speeches.get(delta.response_id)
        if speech is not None and speech.exchange.is_open and not speech.muted:
            self._hear(speech, delta.item_id, delta.text)

    def on_ended(self, response: Response, conversation: Conversation) -> None:
        """``response.done``, after its tools were started."""
        self._outbox.send_all(self._slot.on_done(response))
        speech = self._speeches.pop(response.id, None)
        agent = speech.agent if speech is not None else self._roster.current.name
        if response.usage is not None:
            self._on_usage(response.id, response.usage, agent)
        if speech is None:
            return
        if response.usage is not None:
            speech.exchange.meter.on_usage(response.usage)
        if not speech.exchange.is_open:
            self._write_metrics(speech.exchange)
        elif not speech.muted:
            self._settle(response, speech, conversation)
            self._go_on(response, speech)
        for item_id in speech.turn_ids:
            conversation.forget(item_id)

    def on_error(self, error: ErrorDetail) -> bool:
        """``error``; True when it refused the answer itself, which is then told to the person."""
        awaited = self._slot.awaiting
        asked = self._slot.state is SlotState.CREATE_REQUESTED
        self._outbox.send_all(self._slot.on_error(error))
        refused = asked and error.event_id == awaited and self._slot.state is SlotState.FREE
        exchange = self.open_exchange
        if refused and exchange is not None and not exchange.running_calls:
            self._fail(exchange, f"No answer: {failure_words(error)}.")
        return refused

    def on_lost(self) -> None:
        """The connection is gone; the request stays open and is asked again by `resume`."""
        due = self.awaits_server
        self._slot.on_socket_lost()
        self._speeches.clear()
        if (exchange := self.open_exchange) is not None:
            exchange.losses += due
            self._settle_unfinished(exchange)
            self._status.set_activity(Activity.THINKING)

    def resume(self) -> None:
        """A new connection knows the conversation: ask what was not answered."""
        exchange = self.open_exchange
        if exchange is None:
            return
        if exchange.losses > MAX_LOSSES:
            # Perhaps it is this question that the server cannot survive.
            self._fail(
                exchange, f"No answer: the connection was lost {exchange.losses} times meanwhile. Ask again."
            )
        else:
            self.want_if_ready(exchange)

    def close(self) -> None:
        """No more answers will come."""
        if (exchange := self.open_exchange) is not None:
            self._finish(exchange, ExchangeState.INTERRUPTED)
        self.idle.set()

    def _unasked(self) -> Exchange:
        """The server speaks by itself, for example after a long silence."""
        return self.begin("session")

    def _hear(self, speech: _Speech, item_id: str, text: str) -> None:
        if not text:
            return
        exchange = speech.exchange
        turn_id = speech.turn_ids.get(item_id)
        if turn_id is None:
            turn_id = speech.turn_ids[item_id] = self.new_turn_id(item_id)
            exchange.turns.append(turn_id)
            exchange.meter.on_text(self._clock.monotonic())
            self._status.set_activity(Activity.SPEAKING)
            self._transcript.put(
                Turn(id=turn_id, role="agent", status="in_progress", agent=speech.agent, at=self._clock.now())
            )
        self._transcript.hear(turn_id, text)

    def new_turn_id(self, item_id: str) -> str:
        """The item's id; another one when a row has it, as servers may count anew per connection."""
        return f"{item_id}_{uuid.uuid4().hex[:8]}" if item_id in self._transcript else item_id

    def _settle(self, response: Response, speech: _Speech, conversation: Conversation) -> None:
        """Bring the response's messages into their final form, also those that had no deltas."""
        for item in response.output:
            if isinstance(item, MessageItem) and item.id and item.role == "assistant":
                self._hear(speech, item.id, conversation.text_of(item.id))
        status = "completed" if response.status == "completed" else "interrupted"
        for turn_id in speech.turn_ids.values():
            self._note_unknown(self._transcript.settle(turn_id, status=status))

    def _go_on(self, response: Response, speech: _Speech) -> None:
        """After a response: wait for more, try again, or finish."""
        exchange = speech.exchange
        if response.status == "failed":
            error = response.status_details.error if response.status_details else None
            tell = self._fail if is_lasting(error) else self._retry
            tell(exchange, f"The answer failed: {failure_words(error)}.")
            return
        if exchange.running_calls or self.awaits_server:
            self._status.set_activity(Activity.THINKING)
            return
        if response.status == "completed" and not speech.turn_ids:
            self._retry(exchange, "The answer was empty. Ask again, or put the question in other words.")
            return
        if response.status == "incomplete":
            reason = response.status_details.reason if response.status_details else None
            self._breadcrumb(_CUT_OFF.get(reason or "", "The answer ended early."))
        interrupted = response.status == "cancelled"
        self._finish(exchange, ExchangeState.INTERRUPTED if interrupted else ExchangeState.ANSWERED)

    def _retry(self, exchange: Exchange, words: str) -> None:
        """Once more, then tell the person."""
        if exchange.retried:
            self._fail(exchange, words)
            return
        exchange.retried = True
        self._status.set_activity(Activity.THINKING)
        if not exchange.running_calls:
            self.want()

    def _fail(self, exchange: Exchange, words: str) -> None:
        self._breadcrumb(words)
        self._finish(exchange, ExchangeState.FAILED)

    def _breadcrumb(self, words: str) -> None:
        self._transcript.put(
            Turn(
                id=f"note_{uuid.uuid4().hex[:24]}",
                role="breadcrumb",
                status="failed",
                text=words,
                at=self._clock.now(),
            )
        )

    def _finish(self, exchange: Exchange, state: ExchangeState) -> None:
        self._settle_unfinished(exchange)
        exchange.state = state
        self._write_metrics(exchange)
        self._status.set_activity(Activity.IDLE)
        self.idle.set()

    def _settle_unfinished(self, exchange: Exchange) -> None:
        for turn_id in exchange.turns:
            turn = self._transcript.get(turn_id)
            if turn is not None and turn.status == "in_progress":
                self._note_unknown(self._transcript.settle(turn_id, status="interrupted"))

    def _write_metrics(self, exchange: Exchange) -> None:
        """On the last turn of the answer: sums over all of its responses."""
        turn = self._transcript.get(exchange.turns[-1]) if exchange.turns else None
        if turn is None:
            return
        known = turn.metrics.total_ms if turn.metrics else None
        metrics = exchange.meter.read(self._clock.monotonic())
        cited = CitedText(text=turn.text, citations=turn.citations)
        self._transcript.change(
            turn.id,
            metrics=metrics if known is None else replace(metrics, total_ms=known),
            abstained=exchange.state is ExchangeState.ANSWERED and abstained(cited, exchange.outcomes),
        )

    def _note_unknown(self, cited: CitedText) -> None:
        if cited.unknown:
            log.info("an answer cited sources that do not exist", extra={"count": cited.unknown})
