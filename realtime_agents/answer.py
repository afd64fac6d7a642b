"""One question's outcome, collected from the turns of a session: what ``ask`` prints."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from realtime_agents.session.view import Citation, Handoff, ToolRow, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything that followed one message of the person."""

    text: str
    agent: str
    """Name of the agent that spoke last."""
    citations: tuple[Citation, ...]
    tool_calls: tuple[ToolRow, ...]
    handoffs: tuple[Handoff, ...]
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    first_token_ms: int | None
    total_ms: int | None
    abstained: bool
    completed: bool
    """False when the answer was cut off or never came."""
    problem: str = ""
    """Why it did not complete, in words for the person; empty when it did."""

    def to_json(self) -> dict[str, Any]:
        """The object that ``ask --json`` prints; keys are part of the command's interface."""
        return {
            "answer": self.text,
            "agent": self.agent,
            "citations": [
                {"n": c.n, "document_id": c.document_id, "title": c.title, "section": c.section}
                | {"url": c.url, "as_of": c.as_of, "quote": c.quote, "supported": c.supported}
                for c in self.citations
            ],
            "tool_calls": [
                {
                    "name": t.name,
                    "arguments": _arguments(t.arguments),
                    "status": t.status,
                    "duration_ms": t.duration_ms,
                }
                for t in self.tool_calls
            ],
            "handoffs": [asdict(h) for h in self.handoffs],
            "usage": {
                "input_tokens": self.input_tokens,
                "output_tokens": self.output_tokens,
                "cached_tokens": self.cached_tokens,
            },
            "timings_ms": {"first_token": self.first_token_ms, "total": self.total_ms},
            "abstained": self.abstained,
        } | ({"error": self.problem} if self.problem else {})


def answer_to(turns: Iterable[Turn]) -> Answer:
    """Collect the answer to the last user turn among ``turns``.

    Several agent turns (a word before a tool call, the answer after it) are joined; the
    citations are those of the last one, which is the answer proper.
    """
    rows = _after_last_user(turns)
    spoken = [t for t in rows if t.role == "agent" and t.text]
    text, citations = _join(spoken)
    metrics = [t.metrics for t in rows if t.role == "agent" and t.metrics is not None]
    completed = bool(spoken) and spoken[-1].status == "completed"
    told = [t.text for t in rows if t.role == "breadcrumb" and t.status == "failed"]
    return Answer(
        text=text,
        agent=spoken[-1].agent if spoken else "",
        citations=citations,
        tool_calls=tuple(t.tool for t in rows if t.tool is not None),
        handoffs=tuple(t.handoff for t in rows if t.handoff is not None),
        input_tokens=sum(m.input_tokens for m in metrics),
        output_tokens=sum(m.output_tokens for m in metrics),
        cached_tokens=sum(m.cached_tokens for m in metrics),
        first_token_ms=next((m.first_token_ms for m in metrics if m.first_token_ms is not None), None),
        total_ms=next((m.total_ms for m in reversed(metrics) if m.total_ms is not None), None),
        abstained=bool(spoken) and spoken[-1].abstained,
        completed=completed,
        problem="" if completed else (told[-1] if told else "The answer did not complete."),
    )


def _after_last_user(turns: Iterable[Turn]) -> list[Turn]:
    rows: list[Turn] = []
    for turn in turns:
        if turn.role == "user":
            rows.clear()
        else:
            rows.append(turn)
    return rows


def _join(spoken: list[Turn]) -> tuple[str, tuple[Citation, ...]]:
    if len(spoken) == 1:
        return spoken[0].text, spoken[0].citations
    # Numbers count anew in every turn, so only the last turn's can be resolved.
    citations = spoken[-1].citations if spoken else ()
    return "\n\n".join(turn.text for turn in spoken), citations


def _arguments(raw: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw
