"""From a request to a finished answer: asks for responses, follows them, settles their turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from realtime_agents.protocol.commands import ResponseParams
from realtime_agents.protocol.conversation import Conversation
from realtime_agents.protocol.effects import PlayAudio, TextDelta
from realtime_agents.protocol.items import ErrorDetail, MessageItem, Response, Usage
from realtime_agents.protocol.response_slot import ResponseRequest, SlotState
from realtime_agents.session.answer_rows import AnswerRows, Speech
from realtime_agents.session.clock import Clock
from realtime_agents.session.exchange import Exchange, ExchangeState, Params
from realtime_agents.session.faults import failure_words, is_lasting
from realtime_agents.session.metrics import Meter
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.roster import Roster
from realtime_agents.session.server_debt import ServerDebt
from realtime_agents.session.status import StatusBoard
from realtime_agents.session.timed_slot import TimedSlot
from realtime_agents.session.timeline import Timeline
from realtime_agents.session.view import Activity

MAX_LOSSES = 2
"""Losses of the connection after which an answer is still asked for again."""
_CUT_OFF = {
    "max_output_tokens": "The answer was cut off: it reached the longest length allowed.",
    "content_filter": "The answer was stopped by the provider's content filter.",
}


class Answering:
    """Owns the response slot and the current `Exchange`. Synchronous.

    One exchange is current: a newer request interrupts it. ``idle`` is set while none is open.
    A server that begins no response in time is asked once more.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        rows: AnswerRows,
        roster: Roster,
        status: StatusBoard,
        clock: Clock,
        answer_start_s: float,
        on_usage: Callable[[str, Usage, str], None],
    ) -> None:
        """``on_usage`` gets (response id, usage, agent) of every response that ended."""
        self._rows = rows
        self._roster = roster
        self._status = status
        self._clock = clock
        self._on_usage = on_usage
        self._slot = TimedSlot(outbox, clock, limit_s=answer_start_s, on_unanswered=self._on_unanswered)
        self._speeches: dict[str, Speech] = {}
        self._debt = ServerDebt()
        self.current: Exchange | None = None
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def awaits_server(self) -> bool:
        """True while the server owes something: a response that was asked for or is running."""
        return not self._slot.is_free

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
        return self._wanted(response_id) is not None

    def begin(
        self,
        exchange_id: str,
        *,
        at_s: float | None = None,
        params: Params | None = None,
        verbatim_row: str = "",
    ) -> Exchange:
        """A new request of the person; what was being answered is interrupted.

        ``at_s``: when it was made, monotonic; now when it is not given.
        """
        self.interrupt()
        zero_s = self._clock.monotonic() if at_s is None else at_s
        exchange = self.current = Exchange(
            id=exchange_id,
            meter=Meter(zero_s),
            timeline=Timeline(zero_s),
            verbatim_row=verbatim_row,
        )
        exchange.params = params or exchange.params
        self.idle.clear()
        self._status.set_activity(Activity.THINKING)
        return exchange

    def leave_to_server(self) -> None:
        """The server answers the current request without being asked."""
        self._debt.owe()

    def want(self, *, merges: bool = False) -> None:
        """Ask for a response as soon as the slot is free; ``merges``: one answers all such wishes."""
        self._slot.want(ResponseRequest(params=self._params(), merges=merges))

    def want_if_ready(self, exchange: Exchange) -> None:
        """A tool of ``exchange`` ended: ask for the answer once all have, unless it is not wanted any more."""
        if exchange.is_open and exchange is self.current and not exchange.running_calls:
            self.want(merges=True)

    def interrupt(self, *, by_server: bool = False) -> bool:
        """Stop the answer; what was said of it stays. False when there is nothing to stop.

        ``by_server``: the server stops a response that runs by itself, as it hears the person.
        """
        exchange = self.open_exchange
        if exchange is None:
            return False
        self._debt.decline()
        self._slot.drop_queued()
        if not (by_server and self._slot.state is SlotState.ACTIVE):
            self._slot.cancel()
        self._finish(exchange, ExchangeState.INTERRUPTED)
        return True

    def reopen(self, exchange: Exchange, *, params: Params | None = None) -> None:
        """It was interrupted by mistake: ask again, where words were shown with ``params`` that go on."""
        if exchange.state is not ExchangeState.INTERRUPTED or (exchange.turns and params is None):
            return
        self.interrupt()
        exchange.state, exchange.began = ExchangeState.OPEN, False
        exchange.params = params or exchange.params
        self.current = exchange
        self.idle.clear()
        self._status.set_activity(Activity.THINKING)
        self.want_if_ready(exchange)

    def cut_speech(self) -> None:
        """Stop the response that runs, and keep the request open: somebody else will answer it."""
        exchange = self.open_exchange
        if exchange is None:
            return
        self._slot.drop_queued()
        self._slot.cancel()
        for speech in self._speeches.values():
            speech.muted = True
        self._rows.settle_unfinished(exchange)
        self._status.set_activity(Activity.THINKING)

    def on_started(self, response: Response) -> None:
        """``response.created``."""
        is_refused = self._debt.refuses(response, self._params())
        if not self._slot.on_created(response):
            return
        if is_refused:
            self._slot.cancel()
            return
        exchange = self.open_exchange or self._unasked()
        exchange.began = True
        exchange.timeline.mark("first_event", self._clock.monotonic())
        self._speeches[response.id] = Speech(exchange, self._roster.current.name)

    def on_text(self, delta: TextDelta) -> None:
        """More words of an answer."""
        speech = self._wanted(delta.response_id)
        if speech is not None:
            self._hear(speech, delta.item_id, delta.text, spoken=delta.spoken)

    def on_audio(self, effect: PlayAudio) -> tuple[str, Exchange] | None:
        """Audio of an answer: its row and request; None when nobody wants it."""
        speech = self._wanted(effect.response_id)
        if speech is None:
            return None
        return self._rows.open(speech, effect.item_id, spoken=True), speech.exchange

    def on_ended(self, response: Response, conversation: Conversation) -> None:
        """``response.done``, after its tools were started."""
        self._slot.on_done(response)
        speech = self._speeches.pop(response.id, None)
        agent = speech.agent if speech is not None else self._roster.current.name
        if response.usage is not None:
            self._on_usage(response.id, response.usage, agent)
        if self._debt.was_refused(response):
            self._after_refused()
        if speech is None:
            return
        if response.usage is not None:
            speech.exchange.meter.on_usage(response.usage)
        if not speech.exchange.is_open:
            self._rows.summarise(speech.exchange)
        elif not speech.muted:
            self._settle(response, speech, conversation)
            self._go_on(response, speech)
        for item_id in speech.turn_ids:
            conversation.forget(item_id)

    def on_error(self, error: ErrorDetail) -> bool:
        """``error``; True when it refused the answer itself, which is then told to the person."""
        refused = self._slot.on_error(error)
        exchange = self.open_exchange
        if refused and exchange is not None and not exchange.running_calls:
            self.fail(exchange, f"No answer: {failure_words(error)}.")
        return refused

    def on_lost(self) -> None:
        """The connection is gone; the request stays open and is asked again by `resume`."""
        due = self.awaits_server
        self._slot.on_lost()
        self._speeches.clear()
        self._debt.on_lost()
        if (exchange := self.open_exchange) is not None:
            exchange.losses += due
            self._rows.settle_unfinished(exchange)
            self._status.set_activity(Activity.THINKING)

    def resume(self) -> None:
        """A new connection knows the conversation: ask what was not answered."""
        exchange = self.open_exchange
        if exchange is None:
            return
        if exchange.losses > MAX_LOSSES:
            # Perhaps it is this question that the server cannot survive.
            words = f"No answer: the connection was lost {exchange.losses} times meanwhile. Ask again."
            self.fail(exchange, words)
        else:
            self.want_if_ready(exchange)

    def fail(self, exchange: Exchange, words: str) -> None:
        """There will be no answer; ``words`` tell the person, empty ones nothing."""
        if words:
            self._rows.breadcrumb(words)
        self._debt.forget()
        self._finish(exchange, ExchangeState.FAILED)

    def close(self) -> None:
        """No more answers will come."""
        self._slot.close()
        if (exchange := self.open_exchange) is not None:
            self._finish(exchange, ExchangeState.INTERRUPTED)
        self.idle.set()

    def _params(self) -> ResponseParams | None:
        return self.current.params() if self.current is not None else None

    def _unasked(self) -> Exchange:
        """The server speaks by itself, for example after a long silence."""
        return self.begin("session")

    def _wanted(self, response_id: str) -> Speech | None:
        speech = self._speeches.get(response_id)
        return speech if speech is not None and speech.exchange.is_open and not speech.muted else None

    def _after_refused(self) -> None:
        """It may have been ours after all: then ask again."""
        exchange = self.open_exchange
        if exchange is not None and not exchange.began and self._slot.is_free and not self._debt.is_owed:
            self.want_if_ready(exchange)

    def _hear(self, speech: Speech, item_id: str, text: str, *, spoken: bool) -> None:
        if not text:
            return
        if item_id not in speech.turn_ids:
            self._status.set_activity(Activity.SPEAKING)
        self._rows.hear(speech, item_id, text, spoken=spoken)

    def _settle(self, response: Response, speech: Speech, conversation: Conversation) -> None:
        """Bring the response's messages into their final form, also those that had no deltas."""
        for item in response.output:
            if isinstance(item, MessageItem) and item.id and item.role == "assistant":
                spoken = any(part.type == "output_audio" for part in item.content)
                self._hear(speech, item.id, conversation.text_of(item.id), spoken=spoken)
        self._rows.settle(speech, "completed" if response.status == "completed" else "interrupted")

    def _go_on(self, response: Response, speech: Speech) -> None:
        """After a response: wait for more, try again, or finish."""
        exchange = speech.exchange
        if response.status == "failed":
            error = response.status_details.error if response.status_details else None
            tell = self.fail if is_lasting(error) else self._retry
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
            self._rows.breadcrumb(_CUT_OFF.get(reason or "", "The answer ended early."))
        interrupted = response.status == "cancelled"
        self._finish(exchange, ExchangeState.INTERRUPTED if interrupted else ExchangeState.ANSWERED)

    def _retry(self, exchange: Exchange, words: str) -> None:
        """Once more, then tell the person."""
        if exchange.retried:
            self.fail(exchange, "" if exchange.verbatim_row else words)
            return
        exchange.retried = True
        self._status.set_activity(Activity.THINKING)
        if not exchange.running_calls:
            self.want()

    def _finish(self, exchange: Exchange, state: ExchangeState) -> None:
        self._rows.settle_unfinished(exchange)
        exchange.state = state
        self._rows.summarise(exchange)
        self._status.set_activity(Activity.IDLE)
        self.idle.set()

    def _on_unanswered(self) -> None:
        if (exchange := self.open_exchange) is not None:
            self._retry(exchange, "No answer: the server did not begin one. Ask again.")
