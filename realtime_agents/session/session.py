"""One conversation between a person and the agents of a scenario, kept by the server."""

from __future__ import annotations

import asyncio
import logging
import secrets
import uuid

from realtime_agents.agents.config import AgentConfig
from realtime_agents.errors import SessionError, UpstreamClosed
from realtime_agents.protocol.commands import ClientEvent
from realtime_agents.protocol.items import Usage
from realtime_agents.safety.crisis import speaks_of_crisis
from realtime_agents.session.answering import Answering
from realtime_agents.session.citing import Ledger
from realtime_agents.session.conductor import Conductor, Stage
from realtime_agents.session.eventlog import EventLog
from realtime_agents.session.handoffs import Handoffs
from realtime_agents.session.metrics import usage_entry
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.parts import Patience, SessionParts
from realtime_agents.session.roster import Roster
from realtime_agents.session.status import StatusBoard
from realtime_agents.session.supervisor import Supervisor
from realtime_agents.session.tool_desk import ToolDesk
from realtime_agents.session.transcript import Transcript, TranscriptEvents
from realtime_agents.session.typed import clean_message
from realtime_agents.session.updates import Broadcast, Source, Subscription
from realtime_agents.session.view import Activity, EventRow, Phase, SessionSnapshot, StatusChanged, Turn
from realtime_agents.store.recorder import Recorder
from realtime_agents.store.records import ConversationHeader
from realtime_agents.tools.registry import ToolContext

__all__ = ["Patience", "Session", "SessionParts"]

log = logging.getLogger(__name__)

_OVER = "The conversation has ended; start a new one to go on."
_RUNNING = frozenset({Phase.CONNECTING, Phase.READY, Phase.RECONNECTING})


class Session:
    """The public face of a session. Methods may be called from any task of one event loop.

    Everything that lives while a session runs:

    ================================ ============ ============== ===================================
    task, socket or queue            owner        opened by      closed by
    ================================ ============ ============== ===================================
    socket to the Realtime server    Upstream     Supervisor     Link, when it ends for any reason
    reader of that socket, its queue Upstream     ``connect``    ``close`` (512 frames, then waits)
    reader and writer of commands    Link         Supervisor     Link (1,024 commands, then a drop)
    keeper, watch                    Supervisor   `start`        `close`, or the end of all attempts
    one task per running tool        ToolDesk     a tool call    its end, `close`
    history queue and its writer     Recorder     first turn     `close` (see `Recorder`)
    queue of each reader             Subscription `subscribe`    leaving it, `close` (256, then a
                                                                 snapshot)
    event log                        EventLog     constructor    garbage (ring of 2,000 lines)
    ending task                      Session      `close`        itself
    ================================ ============ ============== ===================================
    """

    def __init__(self, parts: SessionParts, *, session_id: str = "") -> None:
        """Raises `ConfigError` or `SessionError` when scenario or agent do not exist."""
        self._parts = parts
        self.id = session_id or secrets.token_urlsafe(16)
        """Unguessable: whoever knows it may join."""
        self.conversation_id = f"conv_{uuid.uuid4().hex}"
        self._ending: asyncio.Task[None] | None = None
        self._failure = ""
        self._ledger = Ledger()
        self._broadcast = Broadcast(Source(self.snapshot, lambda: self._stage.transcript.live()))
        self._stage = self._build_stage()
        self._recorder = self._build_recorder()
        self._conductor = Conductor(
            self._stage,
            on_logged=self._broadcast.logged,
            end_connection=self._end_connection,
            on_failed=self._on_failed,
        )
        self._supervisor = Supervisor(
            upstream=parts.upstream,
            duties=self._conductor,
            status=self._stage.status,
            clock=parts.clock,
            jitter=parts.jitter,
            patience=parts.patience,
        )

    @property
    def phase(self) -> Phase:
        return self._stage.status.phase

    @property
    def agent(self) -> str:
        """Name of the agent that speaks now."""
        return self._stage.roster.current.name

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self._stage.roster.scenario.name

    async def start(self) -> None:
        """Connect. Raises `UpstreamError` when that fails; the session then is closed."""
        if self.phase is not Phase.NEW:
            raise SessionError(f"A session is started once; this one is {self.phase}.")
        try:
            await self._supervisor.start()
        except BaseException as error:
            words = str(error) if isinstance(error, Exception) else ""
            await asyncio.shield(self._end_once(words))
            raise

    async def send_text(self, text: str) -> None:
        """Say something to the agent; interrupts what it is saying. Words of a crisis go to no model.

        While the connection is being made the message waits and is not lost. Raises `SessionError`,
        in words for the person, for an empty or too long message and for a session that is over.
        """
        self._check_running()
        message = clean_message(text)
        if speaks_of_crisis(message):
            self._conductor.care(message)
        else:
            self._conductor.say(message)

    async def switch_agent(self, name: str) -> None:
        """Go on with another agent; the conversation stays, a pending question is answered by the new one.

        Raises `SessionError` naming the agents there are.
        """
        self._check_running()
        self._stage.handoffs.by_hand(name)

    async def interrupt(self) -> None:
        """Stop the answer; what was said of it stays. Nothing happens when there is none."""
        self._check_running()
        self._stage.answering.interrupt()

    async def wait_idle(self) -> None:
        """Wait until the answer to the last message is finished, in whatever way.

        Raises `SessionError` when the session failed, with the reason.
        """
        await self._stage.answering.idle.wait()
        if self._failure:
            raise SessionError(self._failure)

    async def close(self) -> None:
        """End the session: tools are stopped, the history is written, readers come to their end.

        Safe to call twice and at any time.
        """
        await asyncio.shield(self._end_once(""))

    def snapshot(self) -> SessionSnapshot:
        """Everything a page needs to show the session as it is now."""
        return SessionSnapshot(
            session_id=self.id,
            conversation_id=self.conversation_id,
            scenario=self.scenario,
            turns=self._stage.transcript.turns,
            live=self._stage.transcript.live(),
            status=self._stage.status.status,
        )

    def subscribe(self, *, events: bool = False) -> Subscription:
        """Follow the session; ``events`` adds the lines of the event log. See `Subscription`."""
        return self._broadcast.subscribe(events=events)

    def event_log(self) -> tuple[EventRow, ...]:
        """The newest 2,000 lines of the protocol, oldest first."""
        return self._stage.events.rows()

    def _build_stage(self) -> Stage:
        parts = self._parts
        roster = Roster(
            parts.scenario, parts.tools, today=parts.today, modality=parts.modality, start=parts.agent
        )
        status = StatusBoard(roster.current.name, self._on_status)
        transcript = Transcript(self._ledger, TranscriptEvents(self._on_turn, self._broadcast.live))
        outbox = Outbox(self._on_sent)
        answering = Answering(
            outbox=outbox,
            transcript=transcript,
            roster=roster,
            status=status,
            clock=parts.clock,
            on_usage=self._on_usage,
        )
        return Stage(
            roster=roster,
            transcript=transcript,
            outbox=outbox,
            answering=answering,
            tools=ToolDesk(
                runner=parts.runner,
                context=self._tool_context,
                ledger=self._ledger,
                answering=answering,
                outbox=outbox,
                transcript=transcript,
                clock=parts.clock,
            ),
            handoffs=Handoffs(
                roster=roster,
                answering=answering,
                outbox=outbox,
                transcript=transcript,
                status=status,
                clock=parts.clock,
                on_agent=self._on_agent,
            ),
            status=status,
            events=EventLog(parts.clock.now),
            clock=parts.clock,
        )

    def _build_recorder(self) -> Recorder | None:
        if self._parts.history is None:
            return None
        header = ConversationHeader(
            id=self.conversation_id,
            scenario=self.scenario,
            agent=self.agent,
            started_at=self._parts.clock.now(),
        )
        return Recorder(
            self._parts.history,
            header,
            on_problem=lambda words: self._stage.status.set_notice("history", words),
        )

    def _tool_context(self, agent: AgentConfig) -> ToolContext:
        return self._parts.tool_context(self.id, agent)

    def _check_running(self) -> None:
        if self.phase is Phase.NEW:
            raise SessionError("The session is not connected yet: start it first.")
        if self.phase not in _RUNNING:
            raise SessionError(_OVER)

    def _on_turn(self, turn: Turn) -> None:
        self._broadcast.turn(turn)
        if self._recorder is not None:
            self._recorder.record_turn(turn)

    def _on_status(self, status: StatusChanged) -> None:
        self._broadcast.status(status)

    def _on_sent(self, command: ClientEvent) -> None:
        self._conductor.on_sent(command)

    def _on_agent(self, name: str) -> None:
        if self._recorder is not None:
            self._recorder.record_agent(name)

    def _on_usage(self, response_id: str, usage: Usage, agent: str) -> None:
        if self._recorder is not None:
            entry = usage_entry(
                response_id, usage, agent=agent, model=self._parts.model, at=self._parts.clock.now()
            )
            self._recorder.record_usage(entry)

    def _end_connection(self, error: UpstreamClosed) -> None:
        self._supervisor.drop(error)

    async def _on_failed(self, words: str) -> None:
        # Called by the supervisor's own task, which must not wait for itself to be stopped.
        await asyncio.shield(self._end_once(words, stop_supervisor=False))

    def _end_once(self, failure: str, *, stop_supervisor: bool = True) -> asyncio.Task[None]:
        """The one task that ends this session, begun by whoever comes first."""
        if self._ending is None:
            self._failure = failure
            self._ending = asyncio.create_task(self._end(stop_supervisor), name="session end")
        return self._ending

    async def _end(self, stop_supervisor: bool) -> None:
        stage = self._stage
        if self.phase in _RUNNING:
            stage.status.enter(Phase.CLOSING)
        stage.outbox.detach()
        if stop_supervisor:
            await self._supervisor.stop()
        await stage.tools.close()
        stage.answering.close()
        if self._recorder is not None:
            await self._recorder.close(self._parts.clock.now())
        if self._failure:
            stage.status.set_activity(Activity.ERROR)
            stage.status.set_notice("connection", f"{self._failure} {_OVER}")
        stage.status.enter(Phase.CLOSED)
        self._broadcast.end()
