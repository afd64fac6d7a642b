"""The parts of one session, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from realtime_agents.agents.config import AgentConfig
from realtime_agents.protocol.commands import ClientEvent
from realtime_agents.protocol.items import Usage
from realtime_agents.session.answer_rows import AnswerRows
from realtime_agents.session.answering import Answering
from realtime_agents.session.care import Care
from realtime_agents.session.citing import Ledger
from realtime_agents.session.clock import Clock
from realtime_agents.session.configuring import Configuring
from realtime_agents.session.eventlog import EventLog
from realtime_agents.session.handoffs import Handoffs
from realtime_agents.session.outbox import Outbox
from realtime_agents.session.parts import SessionParts
from realtime_agents.session.recording_desk import RecordingDesk
from realtime_agents.session.roster import Roster
from realtime_agents.session.status import StatusBoard
from realtime_agents.session.tool_desk import ToolDesk
from realtime_agents.session.transcript import Transcript, TranscriptEvents
from realtime_agents.session.view import StatusChanged
from realtime_agents.session.voice import Voice
from realtime_agents.tools.registry import ToolContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The parts that a conductor plays on."""

    roster: Roster
    transcript: Transcript
    outbox: Outbox
    configuring: Configuring
    answering: Answering
    tools: ToolDesk
    handoffs: Handoffs
    voice: Voice
    care: Care
    recording: RecordingDesk
    status: StatusBoard
    events: EventLog
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEvents:
    """Who is told what the parts did."""

    sent: Callable[[ClientEvent], None]
    status: Callable[[StatusChanged], None]
    transcript: TranscriptEvents
    agent: Callable[[str], None]
    """The name of each new agent."""
    usage: Callable[[str, Usage, str], None]
    """Response id, tokens, agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Core:
    """What all the other parts are made with."""

    parts: SessionParts
    events: StageEvents
    conversation_id: str
    roster: Roster
    status: StatusBoard
    ledger: Ledger
    transcript: Transcript
    rows: AnswerRows
    outbox: Outbox
    configuring: Configuring
    answering: Answering
    log: EventLog


def build_stage(
    parts: SessionParts,
    events: StageEvents,
    *,
    conversation_id: str,
    tool_context: Callable[[AgentConfig], ToolContext],
) -> Stage:
    """All parts of a session. Raises `ConfigError` or `SessionError` when scenario or agent do not exist."""
    core = _core(parts, events, conversation_id)
    voice, care = _voice(core)
    return Stage(
        roster=core.roster,
        transcript=core.transcript,
        outbox=core.outbox,
        configuring=core.configuring,
        answering=core.answering,
        tools=_tools(core, tool_context),
        handoffs=_handoffs(core),
        voice=voice,
        care=care,
        recording=RecordingDesk(
            parts.recordings, conversation_id, voice=voice, status=core.status, clock=parts.clock
        ),
        status=core.status,
        events=core.log,
        clock=parts.clock,
    )


def _core(parts: SessionParts, events: StageEvents, conversation_id: str) -> _Core:
    roster = Roster(parts.scenario, parts.tools, today=parts.today, voice=parts.voice, start=parts.agent)
    status = StatusBoard(roster.current.name, events.status)
    ledger = Ledger()
    transcript = Transcript(ledger, events.transcript)
    rows = AnswerRows(transcript, ledger, parts.clock)
    outbox = Outbox(events.sent)
    return _Core(
        parts=parts,
        events=events,
        conversation_id=conversation_id,
        roster=roster,
        status=status,
        ledger=ledger,
        transcript=transcript,
        rows=rows,
        outbox=outbox,
        configuring=Configuring(roster, outbox),
        answering=Answering(
            outbox=outbox,
            rows=rows,
            roster=roster,
            status=status,
            clock=parts.clock,
            answer_start_s=parts.patience.answer_start_s,
            on_usage=events.usage,
        ),
        log=EventLog(parts.clock.now),
    )


def _voice(core: _Core) -> tuple[Voice, Care]:
    """Care stops the voice, and the voice hears what is for care."""
    voice = Voice(
        conversation_id=core.conversation_id,
        answering=core.answering,
        rows=core.rows,
        configuring=core.configuring,
        roster=core.roster,
        transcript=core.transcript,
        outbox=core.outbox,
        status=core.status,
        clock=core.parts.clock,
        server_is_ours=core.parts.server_is_ours,
        on_turn=core.log.begin_group,
        on_danger=lambda turn_id: care.on_heard(turn_id),
    )
    care = Care(
        answering=core.answering,
        voice=voice,
        transcript=core.transcript,
        roster=core.roster,
        clock=core.parts.clock,
    )
    return voice, care


def _tools(core: _Core, context: Callable[[AgentConfig], ToolContext]) -> ToolDesk:
    return ToolDesk(
        runner=core.parts.runner,
        context=context,
        ledger=core.ledger,
        answering=core.answering,
        rows=core.rows,
        outbox=core.outbox,
        transcript=core.transcript,
        clock=core.parts.clock,
    )


def _handoffs(core: _Core) -> Handoffs:
    return Handoffs(
        roster=core.roster,
        answering=core.answering,
        rows=core.rows,
        configuring=core.configuring,
        outbox=core.outbox,
        transcript=core.transcript,
        status=core.status,
        clock=core.parts.clock,
        on_agent=core.events.agent,
    )
