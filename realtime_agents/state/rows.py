"""Rows as the page shows them: flat, primitive fields, a stable key.

Everything is worked out here, on the server, so that a row of the page is a memoised component
that compares strings and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from realtime_agents.agents.config import AgentConfig
from realtime_agents.session.view import Citation, Handoff, ToolRow, Turn, TurnMetrics
from realtime_agents.state.words import (
    count_words,
    duration_words,
    initial,
    pretty_json,
    title_words,
    tool_words,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFace:
    """An agent as the header, the rings and the empty state show it."""

    name: str
    title: str
    initial: str
    color: str
    """Name of a colour token: slate, blue, green, purple, orange, teal."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRow:
    """One row of the transcript."""

    key: str
    role: str
    status: str
    text: str = ""
    name: str = ""
    initial: str = ""
    color: str = ""
    at_ms: int = 0
    """Milliseconds since the epoch; the browser knows the reader's time zone."""
    label: str = ""
    """Tool and handoff rows: what happened, ``Searched knowledge``, ``Greeter → Medicare``."""
    summary: str = ""
    detail: str = ""
    """Tool rows: arguments as indented JSON."""
    duration: str = ""
    first_token: str = ""
    first_audio: str = ""
    """Of a spoken answer: until its first sound was heard."""
    heard_chars: int = -1
    """Of an interrupted spoken answer: ``text[heard_chars:]`` was never heard; -1 when all was."""
    tokens: str = ""
    cached: str = ""
    total: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source card beside the answer."""

    key: str
    turn: str
    n: int
    title: str
    quote: str
    meta: str
    """``Costs > Part B · as of 2026-01``."""
    supported: bool = True
    """False: the quoted words are not in the passage."""


Faces = Mapping[str, AgentFace]


def agent_face(agent: AgentConfig) -> AgentFace:
    return AgentFace(
        name=agent.name,
        title=agent.title,
        initial=initial(agent.title),
        color=agent.color,
        description=agent.description,
    )


def face_of(faces: Faces, name: str) -> AgentFace:
    """The agent's face; a plain one for an agent that is no longer among the files."""
    known = faces.get(name)
    if known is not None:
        return known
    title = title_words(name) or "Agent"
    return AgentFace(name=name, title=title, initial=initial(title), color="slate")


def turn_row(turn: Turn, faces: Faces) -> TurnRow:
    """The row of one turn."""
    at_ms = round(turn.at * 1000)
    match turn.role:
        case "user":
            return TurnRow(
                key=turn.id,
                role=turn.role,
                status=turn.status,
                at_ms=at_ms,
                text=turn.text,
                name="You",
                initial="You",
            )
        case "tool":
            return _tool_row(turn, at_ms, turn.tool)
        case "handoff":
            return _handoff_row(turn, at_ms, turn.handoff, faces)
        case "breadcrumb":
            return TurnRow(key=turn.id, role=turn.role, status=turn.status, at_ms=at_ms, text=turn.text)
        case "agent":
            return _agent_row(turn, at_ms, face_of(faces, turn.agent), turn.metrics)


def source_rows(turn: Turn) -> tuple[SourceRow, ...]:
    """The cards of an answer's citations."""
    return tuple(
        SourceRow(
            key=f"{turn.id}-{c.n}",
            turn=turn.id,
            n=c.n,
            title=c.title,
            quote=c.quote,
            meta=source_meta(c),
            supported=c.supported,
        )
        for c in turn.citations
    )


def source_meta(citation: Citation) -> str:
    """Where in the document, and its date."""
    where = citation.section if citation.passage_id else citation.section or "Dated fact"
    return " · ".join(part for part in (where, citation.as_of and f"as of {citation.as_of}") if part)


def _agent_row(turn: Turn, at_ms: int, face: AgentFace, metrics: TurnMetrics | None) -> TurnRow:
    spent = metrics.input_tokens + metrics.output_tokens if metrics else 0
    return TurnRow(
        key=turn.id,
        role=turn.role,
        status=turn.status,
        text=turn.text,
        name=face.title,
        initial=face.initial,
        color=face.color,
        at_ms=at_ms,
        summary=_doubts(turn),
        first_token=duration_words(metrics.first_token_ms) if metrics else "",
        first_audio=duration_words(metrics.first_audio_ms) if metrics else "",
        heard_chars=-1 if turn.heard_chars is None else turn.heard_chars,
        tokens=f"{spent:,}" if spent else "",
        cached=f"{metrics.cached_tokens:,}" if metrics and spent else "",
        # Words of a spoken answer are all written long before they are all heard: their total would mislead.
        total=duration_words(metrics.total_ms) if metrics and not turn.spoken else "",
    )


def _doubts(turn: Turn) -> str:
    """What a reader should know about how far the answer is backed by sources."""
    unsourced = turn.metrics.unsourced if turn.metrics else 0
    doubts = (
        "no source holds this" if turn.abstained else "",
        f"{count_words(unsourced, 'citation')} without a source left out" if unsourced else "",
        "quotes words that its source does not hold" if any(not c.supported for c in turn.citations) else "",
    )
    return " · ".join(doubt for doubt in doubts if doubt)


def _tool_row(turn: Turn, at_ms: int, tool: ToolRow | None) -> TurnRow:
    if tool is None:
        return TurnRow(key=turn.id, role="tool", status=turn.status, at_ms=at_ms, label="Tool")
    return TurnRow(
        key=turn.id,
        role="tool",
        status=tool.status,
        at_ms=at_ms,
        name=tool.name,
        label=tool_words(tool.name, running=tool.status == "running"),
        summary=tool.summary or {"failed": "failed", "timeout": "took too long"}.get(tool.status, ""),
        detail=pretty_json(tool.arguments),
        duration=duration_words(tool.duration_ms),
    )


def _handoff_row(turn: Turn, at_ms: int, handoff: Handoff | None, faces: Faces) -> TurnRow:
    source = face_of(faces, handoff.source).title if handoff else ""
    target = face_of(faces, handoff.target) if handoff else face_of(faces, turn.agent)
    return TurnRow(
        key=turn.id,
        role="handoff",
        status=turn.status,
        at_ms=at_ms,
        label=f"{source} → {target.title}" if source else target.title,
        summary=handoff.reason if handoff else "",
        color=target.color,
    )
