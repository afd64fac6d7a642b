"""Where the time of a turn went, as bars: from the person's speech to the end of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from realtime_agents.session.view import TimelineMark, Turn
from realtime_agents.state.words import duration_words, tool_words

_LEAD = 0.8
_TAIL = 0.8
"""Speech before and sound after the wait may be far longer than it; so much of them is drawn, as a
share of the wait, and the rest is cut off visibly."""
_SHORTEST_WAIT_MS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """A bar of the waterfall; ``left`` and ``width`` in percent of the turn."""

    key: str
    label: str
    kind: str
    """``listen``, ``wait``, ``think``, ``tool``, ``speak`` or ``handoff``: its colour."""
    left: str
    width: str
    words: str
    cut: str = ""
    """``left`` or ``right``: it goes on beyond what is drawn."""


@dataclass(frozen=True, slots=True)
class _Span:
    key: str
    label: str
    kind: str
    start_ms: float
    end_ms: float
    words: str = ""
    """Empty for its length."""


def waterfall(exchange: tuple[Turn, ...]) -> tuple[StepRow, ...]:
    """Where the time went from the question to the end of the answer."""
    marks = next((t.timeline for t in reversed(exchange) if t.timeline), ())
    if any(mark.name.startswith(("speech", "first_audio")) for mark in marks):
        return _drawn(list(_spoken_spans(marks)), _window(marks))
    spans = list(_typed_spans(exchange))
    end = max((span.end_ms for span in spans), default=0.0)
    return _drawn(spans, (0.0, end)) if end else ()


def _drawn(spans: list[_Span], window: tuple[float, float]) -> tuple[StepRow, ...]:
    first, last = window
    whole = last - first
    rows = []
    for span in spans:
        start, end = max(first, span.start_ms), min(last, span.end_ms)
        cut = "left" if span.start_ms < first else "right" if span.end_ms > last else ""
        rows.append(
            StepRow(
                key=span.key,
                label=span.label,
                kind=span.kind,
                left=f"{max(0.0, min(99.2, 100 * (start - first) / whole)):.2f}%",
                width=f"{max(0.8, 100 * (end - start) / whole):.2f}%",
                words=span.words or duration_words(span.end_ms - span.start_ms),
                cut=cut,
            )
        )
    return tuple(rows)


def _window(marks: tuple[TimelineMark, ...]) -> tuple[float, float]:
    """What is drawn: all of the wait, and as much of the sound around it as leaves the wait readable."""
    at = {mark.name: mark.at_ms for mark in marks}
    answered = at.get("first_audio_heard", at.get("first_audio_sent", max(at.values())))
    wait = max(_SHORTEST_WAIT_MS, answered)
    first = max(min(0, at.get("speech_start", 0)), -_LEAD * wait)
    ends = [mark.at_ms + mark.duration_ms for mark in marks]
    return first, min(max(*ends, wait), wait * (1 + _TAIL))


def _spoken_spans(marks: tuple[TimelineMark, ...]) -> Iterator[_Span]:
    at = {mark.name: float(mark.at_ms) for mark in marks}

    def between(label: str, kind: str, start: str, end: str) -> Iterator[_Span]:
        if start in at and end in at:
            yield _Span(end, label, kind, at[start], max(at[start], at[end]))

    yield from between("Speech", "listen", "speech_start", "speech_end")
    yield from between("End of speech", "wait", "speech_end", "vad")
    yield from between("Commit", "wait", "vad" if "vad" in at else "speech_end", "commit")
    yield from between("Transcription", "think", "commit", "transcript")
    if "first_event" in at:
        start = at.get("commit", 0.0)
        yield _Span("first_event", "First event", "wait", start, max(start, at["first_event"]))
    begun = [at.get("commit", 0.0), at.get("first_event", 0.0)]
    for number, mark in enumerate(m for m in marks if m.name == "search" or m.name.startswith("tool:")):
        begun.append(float(mark.at_ms + mark.duration_ms))
        called = mark.name.removeprefix("tool:")
        name = "Search" if mark.name == "search" else tool_words(called, running=False)
        yield _Span(f"tool-{number}", name, "tool", float(mark.at_ms), begun[-1])
    if "first_text" in at:
        start = max((moment for moment in begun if moment <= at["first_text"]), default=at["first_text"])
        yield _Span("first_text", "First words", "speak", start, at["first_text"])
    yield from between("First audio sent", "speak", "first_text", "first_audio_sent")
    yield from between("First audio heard", "speak", "first_audio_sent", "first_audio_heard")
    yield from between("Speaking", "speak", "first_audio_heard", "audio_end")


def _typed_spans(exchange: tuple[Turn, ...]) -> Iterator[_Span]:
    """From the rows themselves, in ms since the question."""
    asked = next((t.at for t in exchange if t.role == "user"), None)
    if asked is None:
        return
    for turn in exchange:
        start = max(0.0, (turn.at - asked) * 1000)
        if turn.tool is not None:
            label = tool_words(turn.tool.name, running=False)
            yield _Span(turn.id, label, "tool", start, start + float(turn.tool.duration_ms or 0))
        elif turn.handoff is not None:
            yield _Span(turn.id, "Handed over", "handoff", start, start, f"at {duration_words(start)}")
        elif turn.metrics is not None and turn.metrics.total_ms is not None:
            first = float(turn.metrics.first_token_ms or 0)
            yield _Span(f"{turn.id}-first", "First token", "wait", 0.0, first)
            yield _Span(turn.id, "Answer", "speak", first, max(first, float(turn.metrics.total_ms)))
