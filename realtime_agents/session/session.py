"""One conversation between a person and the agents of a scenario, kept by the server."""

from __future__ import annotations

import asyncio
import logging
import secrets
import uuid

from realtime_agents.errors import SessionError, UpstreamClosed
from realtime_agents.protocol.items import Usage
from realtime_agents.safety.danger import speaks_of_danger
from realtime_agents.session.conductor import Conductor
from realtime_agents.session.line import AudioLine
from realtime_agents.session.line_messages import SERVER_STOPS, SESSION_OVER, ListenMode
from realtime_agents.session.metrics import usage_entry
from realtime_agents.session.parts import Patience, SessionParts
from realtime_agents.session.stage import Stage, StageEvents, build_stage
from realtime_agents.session.supervisor import Supervisor
from realtime_agents.session.transcript import TranscriptEvents
from realtime_agents.session.typed import clean_message
from realtime_agents.session.updates import Broadcast, Source, Subscription
from realtime_agents.session.view import Activity, EventRow, Phase, SessionSnapshot, Turn
from realtime_agents.store.recorder import Recorder
from realtime_agents.store.records import ConversationHeader

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
    audio line                       Voice        `attach_audio` the browser, another line, `close`
                                                                 (60 s of audio, then its end)
    microphone audio on its way      Link         the browser    writing it (2 s, then the oldest goes)
    recording, its file and task     RecordingDesk `record`      `record`, `close` (30 s, then its end)
    timers of slot, speech, flush    Deadline     their owners   their end, `close`
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
        self._line_end = SESSION_OVER
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
        """Say something to the agent; interrupts what it is saying. Words of danger go to no model.

        While the connection is being made the message waits and is not lost. Raises `SessionError`,
        in words for the person, for an empty or too long message and for a session that is over.
        """
        self._check_running()
        message = clean_message(text)
        if speaks_of_danger(message):
            self._stage.care.on_typed(message)
        else:
            self._conductor.say(message)

    async def switch_agent(self, name: str) -> None:
        """Go on with another agent; the conversation stays, a pending question is answered by the new one.

        Raises `SessionError` naming the agents there are.
        """
        self._check_running()
        self._conductor.switch(name)

    async def interrupt(self) -> None:
        """Stop the answer; what was said of it stays. Nothing happens when there is none."""
        self._check_running()
        self._conductor.interrupt()

    def attach_audio(self, mode: ListenMode) -> AudioLine:
        """Listen and speak from now on, over the line that is returned.

        Typed messages go on to work. Another line takes the place of this one; when it ends, the
        session goes on in text. Raises `SessionError` for a session that is over.
        """
        self._check_running()
        return self._stage.voice.attach(mode)

    async def record(self, on: bool) -> None:
        """Keep both sides as sound from now on, or no longer. Raises `SessionError` when that cannot be."""
        self._check_running()
        await self._stage.recording.switch(on)

    async def wait_idle(self) -> None:
        """Wait until the answer to the last message is finished, in whatever way.

        Raises `SessionError` when the session failed, with the reason.
        """
        await self._stage.answering.idle.wait()
        if self._failure:
            raise SessionError(self._failure)

    async def close(self, *, server_stops: bool = False) -> None:
        """End the session: tools are stopped, the history is written, readers come to their end.

        ``server_stops``: not because the conversation is over. Safe to call twice and at any time.
        """
        if server_stops:
            self._line_end = SERVER_STOPS
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
        events = StageEvents(
            sent=lambda command: self._conductor.on_sent(command),
            status=self._broadcast.status,
            transcript=TranscriptEvents(
                turn=self._on_turn,
                live=self._broadcast.live,
                inserted=self._on_inserted,
                removed=self._on_removed,
            ),
            agent=self._on_agent,
            usage=self._on_usage,
        )
        return build_stage(
            self._parts,
            events,
            conversation_id=self.conversation_id,
            tool_context=lambda agent: self._parts.tool_context(self.id, agent),
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

    def _check_running(self) -> None:
        if self.phase is Phase.NEW:
            raise SessionError("The session is not connected yet: start it first.")
        if self.phase not in _RUNNING:
            raise SessionError(_OVER)

    def _on_turn(self, turn: Turn) -> None:
        self._broadcast.turn(turn)
        # What is being heard grows word by word: its place is kept at once, its words in the end.
        if self._recorder is not None and not (turn.role == "user" and turn.is_growing):
            self._recorder.record_turn(turn)

    def _on_inserted(self, turn: Turn, previous_id: str) -> None:
        self._broadcast.rearranged()
        if self._recorder is not None:
            self._recorder.record_turn(turn, previous_id=previous_id)

    def _on_removed(self, turn_id: str) -> None:
        self._broadcast.rearranged()
        if self._recorder is not None:
            self._recorder.forget_turn(turn_id)

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
        stage.voice.close(self._line_end)
        stage.answering.close()
        if self._recorder is not None:
            await self._recorder.close(self._parts.clock.now())
        await stage.recording.close(keep=self._recorder is not None and self._recorder.has_begun)
        if self._failure:
            stage.status.set_activity(Activity.ERROR)
            stage.status.set_notice("connection", f"{self._failure} {_OVER}")
        stage.status.enter(Phase.CLOSED)
        self._broadcast.end()
