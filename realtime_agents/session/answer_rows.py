"""The rows in which answers stand: they grow, settle, and carry what the answer cost and rests on."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field, replace

from realtime_agents.session.citing import CitedText, Ledger, abstained, best_sources
from realtime_agents.session.clock import Clock
from realtime_agents.session.exchange import Exchange, ExchangeState
from realtime_agents.session.transcript import Transcript
from realtime_agents.session.view import Turn, TurnStatus

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Speech:
    """One response while it runs."""

    exchange: Exchange
    agent: str
    turn_ids: dict[str, str] = field(default_factory=dict)
    """Turn of each message item."""
    muted: bool = False
    """Its words are not wanted any more; its tokens still count."""


class AnswerRows:
    """Writes agents' turns into the transcript. Synchronous."""

    def __init__(self, transcript: Transcript, ledger: Ledger, clock: Clock) -> None:
        self._transcript = transcript
        self._ledger = ledger
        self._clock = clock

    def open(self, speech: Speech, item_id: str, *, spoken: bool) -> str:
        """The row of an item, made when it is new."""
        exchange = speech.exchange
        turn_id = speech.turn_ids.get(item_id)
        if turn_id is not None:
            turn = self._transcript.get(turn_id)
            if spoken and turn is not None and not turn.spoken:
                self._transcript.change(turn_id, spoken=True)
            return turn_id
        if exchange.verbatim_row:
            speech.turn_ids[item_id] = exchange.verbatim_row
            return exchange.verbatim_row
        turn_id = speech.turn_ids[item_id] = self.new_turn_id(item_id)
        exchange.turns.append(turn_id)
        self._transcript.put(
            Turn(
                id=turn_id,
                role="agent",
                status="in_progress",
                agent=speech.agent,
                at=self._clock.now(),
                spoken=spoken,
            )
        )
        return turn_id

    def hear(self, speech: Speech, item_id: str, text: str, *, spoken: bool) -> None:
        """The item says ``text`` so far."""
        turn_id = self.open(speech, item_id, spoken=spoken)
        now = self._clock.monotonic()
        speech.exchange.meter.on_text(now)
        speech.exchange.timeline.mark("first_text", now)
        if not speech.exchange.verbatim_row:
            self._transcript.hear(turn_id, text)

    def new_turn_id(self, item_id: str) -> str:
        """The item's id; another one when a row has it, as servers may count anew per connection."""
        turn_id = f"{item_id}_{uuid.uuid4().hex[:8]}" if item_id in self._transcript else item_id
        self._transcript.name_row(item_id, turn_id)
        return turn_id

    def settle(self, speech: Speech, status: TurnStatus) -> None:
        """All rows of a response are final."""
        if speech.exchange.verbatim_row:
            return
        for turn_id in speech.turn_ids.values():
            self._note_unknown(speech.exchange, turn_id, self._transcript.settle(turn_id, status=status))

    def settle_unfinished(self, exchange: Exchange) -> None:
        """What is still growing of an answer ends here, as interrupted."""
        for turn_id in exchange.turns:
            turn = self._transcript.get(turn_id)
            if turn is not None and turn.status == "in_progress":
                cited = self._transcript.settle(turn_id, status="interrupted")
                self._note_unknown(exchange, turn_id, cited)

    def summarise(self, exchange: Exchange) -> None:
        """On the last turn of the answer: sums over all of its responses, and what it rests on."""
        turn = self._transcript.get(exchange.turns[-1]) if exchange.turns else None
        if turn is None:
            return
        known = turn.metrics.total_ms if turn.metrics else None
        metrics = replace(
            exchange.meter.read(self._clock.monotonic()),
            first_audio_ms=exchange.timeline.ms_of("first_audio_heard"),
            unsourced=sum(exchange.unsourced.values()),
        )
        citations = turn.citations
        if turn.spoken and not citations:
            citations = best_sources(turn.text, [c for n in exchange.sources if (c := self._ledger.get(n))])
        cited = CitedText(text=turn.text, citations=citations)
        self._transcript.change(
            turn.id,
            citations=citations,
            metrics=metrics if known is None else replace(metrics, total_ms=known),
            timeline=exchange.timeline.read(),
            abstained=exchange.state is ExchangeState.ANSWERED and abstained(cited, exchange.outcomes),
        )

    def breadcrumb(self, words: str) -> None:
        """Tell the person, in the transcript, what went wrong."""
        turn_id = f"note_{uuid.uuid4().hex[:24]}"
        now = self._clock.now()
        self._transcript.put(Turn(id=turn_id, role="breadcrumb", status="failed", text=words, at=now))

    def _note_unknown(self, exchange: Exchange, turn_id: str, cited: CitedText) -> None:
        if cited.unknown:
            exchange.unsourced[turn_id] = cited.unknown
            log.info("an answer cited sources that do not exist", extra={"count": cited.unknown})
