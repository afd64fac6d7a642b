"""The inside of a session: routes every event of the server to the part that it concerns."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import assert_never

from realtime_agents.agents.prompt import handoff_target
from realtime_agents.errors import UpstreamClosed
from realtime_agents.protocol.commands import ClientEvent, ConversationItemCreate
from realtime_agents.protocol.conversation import Conversation, apply
from realtime_agents.protocol.effects import (
    AudioDone,
    CallTool,
    Effect,
    InputTranscript,
    ItemChanged,
    PlayAudio,
    RateLimitsChanged,
    ResponseEnded,
    ResponseStarted,
    ServerFault,
    SessionReady,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    Unknown,
)
from realtime_agents.protocol.events import ServerEvent
from realtime_agents.protocol.items import ErrorDetail, FunctionCallOutputItem
from realtime_agents.session.eventlog import LogEntry
from realtime_agents.session.faults import Fault, account_words, classify, refusal_words
from realtime_agents.session.loss_row import LossRow
from realtime_agents.session.reseed import seed_items, user_item
from realtime_agents.session.stage import Stage
from realtime_agents.session.view import Turn

log = logging.getLogger(__name__)


class Conductor:
    """Takes what the person does and what the server says, in one order. Synchronous but for the end.

    These are the `Duties` that a supervisor calls. Nothing here waits: commands go to the outbox,
    tools run as tasks of their own.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        on_logged: Callable[[LogEntry], None],
        end_connection: Callable[[UpstreamClosed], None],
        on_failed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._stage = stage
        self._on_logged = on_logged
        self._end_connection = end_connection
        self._on_session_failed = on_failed
        self._conversation = Conversation()
        self._loss = LossRow(stage.transcript, stage.clock)

    @property
    def awaits_server(self) -> bool:
        return self._stage.answering.awaits_server

    @property
    def is_idle(self) -> bool:
        stage = self._stage
        is_answering = not stage.answering.idle.is_set() or stage.answering.awaits_server
        return not (is_answering or stage.tools.busy or stage.voice.is_busy)

    def say(self, text: str) -> None:
        """The person typed ``text``, already cleaned: it interrupts, is shown, and is asked.

        Speech that it interrupts is first cut at the server, so that the answer knows what was heard.
        """
        stage = self._stage
        turn_id = f"item_{uuid.uuid4().hex[:24]}"
        stage.events.begin_group(turn_id)
        stage.status.set_notice("server", "")
        stage.voice.silence("typed")
        stage.answering.begin(turn_id)
        stage.transcript.put(
            Turn(id=turn_id, role="user", status="completed", text=text, at=stage.clock.now())
        )
        if stage.roster.refresh():
            stage.configuring.configure()
        stage.voice.speaker.after_cut(lambda: self._ask(text, turn_id))

    def switch(self, agent: str) -> None:
        """The person chose another agent. Raises `SessionError` naming the known ones."""
        stage = self._stage
        if stage.handoffs.by_hand(agent):
            stage.voice.silence("handoff")

    def interrupt(self) -> None:
        """Stop the answer and its sound."""
        self._stage.voice.interrupt("stopped")

    def on_sent(self, command: ClientEvent) -> None:
        """A command was passed to the connection."""
        self._on_logged(self._stage.events.add("client", command))

    def on_event(self, event: ServerEvent) -> None:
        """The server said something."""
        self._on_logged(self._stage.events.add("server", event))
        for effect in apply(self._conversation, event):
            self._on_effect(effect)

    def on_open(self, send: Callable[[ClientEvent], None]) -> None:
        """A connection is open: it is told who speaks and what was said, and asked what is pending."""
        stage = self._stage
        self._conversation = Conversation()
        stage.outbox.attach(send)
        stage.voice.on_open()
        stage.roster.refresh()
        stage.configuring.configure(first=True)
        exchange = stage.answering.open_exchange
        # What goes on behind the words that were heard needs them.
        pending = exchange.id if exchange is not None and not exchange.resumed else ""
        items = seed_items(
            stage.transcript.turns,
            stage.tools.records,
            stage.transcript.spoken,
            pending=pending,
            anchor=_anchor(stage.roster.current.title),
        )
        stage.outbox.send_all(ConversationItemCreate(item=item) for item in items)
        self._loss.end()
        stage.answering.resume()

    def on_lost(self, *, planned: bool) -> None:
        """The connection is gone; what was being said is interrupted, what was asked stays asked."""
        stage = self._stage
        stage.outbox.detach()
        stage.voice.on_lost()
        stage.answering.on_lost()
        stage.voice.speaker.on_lost()
        if not planned:
            self._loss.begin()

    def on_audio_dropped(self) -> None:
        """The connection takes less audio than the person says."""
        self._stage.voice.on_audio_dropped()

    async def on_failed(self, words: str) -> None:
        """There will be no connection any more."""
        self._stage.outbox.detach()
        self._loss.give_up()
        await self._on_session_failed(words)

    def _on_effect(self, effect: Effect) -> None:
        answering, voice = self._stage.answering, self._stage.voice
        match effect:  # most frequent first
            case PlayAudio():
                voice.on_audio(effect)
            case TextDelta():
                answering.on_text(effect)
                if effect.spoken:
                    voice.on_words(effect)
            case ItemChanged():
                self._on_item(effect.item_id)
            case InputTranscript():
                voice.on_transcript(effect)
            case ResponseStarted():
                response = self._conversation.response(effect.response_id)
                if response is not None:
                    answering.on_started(response)
            case AudioDone():
                voice.on_audio_done(effect)
            case ResponseEnded():
                voice.speaker.on_response_ended(effect.response.id)
                answering.on_ended(effect.response, self._conversation)
            case CallTool():
                self._on_call(effect)
            case SpeechStarted():
                voice.on_speech_started(effect)
            case SpeechStopped():
                voice.on_speech_stopped(effect)
            case ServerFault():
                self._on_fault(effect.error)
            case SessionReady() | RateLimitsChanged() | Unknown():
                pass  # in the event log
            case _:
                assert_never(effect)

    def _ask(self, text: str, turn_id: str) -> None:
        self._stage.outbox.send(ConversationItemCreate(item=user_item(text, turn_id)))
        self._stage.answering.want()

    def _on_item(self, item_id: str) -> None:
        item = self._conversation.get(item_id)
        if item is None:
            return
        if isinstance(item.item, FunctionCallOutputItem):
            # The tool desk keeps it; a second copy of every passage would be memory for nothing.
            self._conversation.forget(item_id)
        else:
            self._stage.voice.on_item(item)

    def _on_call(self, call: CallTool) -> None:
        stage = self._stage
        exchange = stage.answering.exchange_of(call.response_id)
        target = handoff_target(call.name)
        if target is not None:
            stage.handoffs.transfer(call, target, exchange)
        else:
            stage.tools.start(call, stage.roster.current, exchange)

    def _on_fault(self, error: ErrorDetail) -> None:
        told = self._stage.answering.on_error(error) or self._stage.voice.on_error(error)
        extra = {"code": error.code or "", "error_type": error.type, "param": error.param or ""}
        match classify(error):
            case Fault.BENIGN:
                log.debug("harmless race on the Realtime server", extra=extra)
            case Fault.OVER:
                log.info("the Realtime server ended the session", extra=extra)
            case Fault.ACCOUNT:
                log.error("the Realtime server refuses to work for this account", extra=extra)
                self._end_connection(UpstreamClosed(account_words(error), recoverable=False, code=error.code))
            case Fault.REFUSED:
                log.error("the Realtime server refused a command", extra=extra)
                if not told:
                    self._stage.status.set_notice("server", refusal_words(error))


def _anchor(title: str) -> str:
    return (
        f"The connection was interrupted and is back. You are {title}. Go on with the conversation as if "
        "nothing had happened: in the language the person uses, without a greeting, without a word about "
        "the interruption."
    )
