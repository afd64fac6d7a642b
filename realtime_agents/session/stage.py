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


def build_stage(
    parts: SessionParts,
    events: StageEvents,
    *,
    conversation_id: str,
    tool_context: Callable[[AgentConfig], ToolContext],
) -> Stage:
    """All parts of a session. Raises `ConfigError` or `SessionError` when scenario or agent do not exist."""
    clock = parts.clock
    roster = Roster(parts.scenario, parts.tools, today=parts.today, voice=parts.voice, start=parts.agent)
    status = StatusBoard(roster.current.name, events.status)
    ledger = Ledger()
    transcript = Transcript(ledger, events.transcript)
    log = EventLog(clock.now)
    outbox = Outbox(events.sent)
    configuring = Configuring(roster, outbox)
    rows = AnswerRows(transcript, ledger, clock)
    answering = Answering(
        outbox=outbox,
        rows=rows,
        roster=roster,
        status=status,
        clock=clock,
        answer_start_s=parts.patience.answer_start_s,
        on_usage=events.usage,
    )
    voice = Voice(
        conversation_id=conversation_id,
        answering=answering,
        rows=rows,
        configuring=configuring,
        roster=roster,
        transcript=transcript,
        outbox=outbox,
        status=status,
        clock=clock,
        on_turn=log.begin_group,
        on_crisis=lambda turn_id: care.on_heard(turn_id),
    )
    care = Care(answering=answering, voice=voice, transcript=transcript, roster=roster, clock=clock)
    tools = ToolDesk(
        runner=parts.runner,
        context=tool_context,
        ledger=ledger,
        answering=answering,
        rows=rows,
        outbox=outbox,
        transcript=transcript,
        clock=clock,
    )
    handoffs = Handoffs(
        roster=roster,
        answering=answering,
        rows=rows,
        configuring=configuring,
        outbox=outbox,
        transcript=transcript,
        status=status,
        clock=clock,
        on_agent=events.agent,
    )
    return Stage(
        roster=roster,
        transcript=transcript,
        outbox=outbox,
        configuring=configuring,
        answering=answering,
        tools=tools,
        handoffs=handoffs,
        voice=voice,
        care=care,
        recording=RecordingDesk(parts.recordings, conversation_id, voice=voice, status=status, clock=clock),
        status=status,
        events=log,
        clock=clock,
    )
