"""The conversation as rows, and the answer being streamed below them."""

from __future__ import annotations

import reflex as rx

from realtime_agents.components.answer_text import answer_text, clock_time
from realtime_agents.components.rings import ring
from realtime_agents.state.connection import ConnectionState
from realtime_agents.state.live import LiveState
from realtime_agents.state.reader import ReaderState
from realtime_agents.state.rows import TurnRow
from realtime_agents.state.transcript import TranscriptState
from realtime_agents.state.voice import VoiceState
from realtime_agents.state.window import SLOTS

Str = rx.Var[str]


def _who(name: Str, at_ms: rx.Var[int]) -> rx.Component:
    return rx.el.div(rx.el.span(name, class_name="who-name"), clock_time(at=at_ms), class_name="who")


def _user(text: Str, name: Str, at_ms: rx.Var[int]) -> rx.Component:
    return rx.el.div(
        ring("You", "you"),
        rx.el.div(_who(name, at_ms), rx.el.p(text, class_name="said-by-person"), class_name="words"),
        class_name="row",
    )


def _figure(label: str, value: Str, test_id: str, after: str = "") -> rx.Component:
    return rx.cond(
        value != "",
        rx.el.span(label, value, after, data_testid=test_id),
    )


def _agent(
    turn_id: Str,
    status: Str,
    text: Str,
    name: Str,
    initial: Str,
    color: Str,
    at_ms: rx.Var[int],
    summary: Str,
    first_token: Str,
    first_audio: Str,
    heard_chars: rx.Var[int],
    tokens: Str,
    cached: Str,
    total: Str,
) -> rx.Component:
    return rx.el.div(
        ring(initial, color),
        rx.el.div(
            _who(name, at_ms),
            rx.el.div(
                answer_text(
                    text=text,
                    turn=turn_id,
                    heard_chars=heard_chars,
                    on_cite=lambda n: ReaderState.read_citation(turn_id, n),
                ),
                class_name="answer",
            ),
            rx.cond(
                (tokens != "") | (total != "") | (summary != "") | (status != "completed"),
                rx.el.div(
                    rx.match(
                        status,
                        ("interrupted", rx.el.span("stopped", class_name="mark")),
                        ("failed", rx.el.span("failed", class_name="mark mark-bad")),
                        rx.fragment(),
                    ),
                    rx.cond(summary != "", rx.el.span(summary, class_name="mark")),
                    rx.cond(
                        first_audio != "",
                        _figure("first audio ", first_audio, "footer-audio"),
                        _figure("first token ", first_token, "footer-latency"),
                    ),
                    rx.cond(
                        tokens != "",
                        rx.el.span(
                            rx.el.span(tokens, " tokens", data_testid="footer-tokens"),
                            " · ",
                            rx.el.span(cached, " cached", data_testid="footer-cached"),
                        ),
                    ),
                    _figure("total ", total, "footer-total"),
                    class_name="foot",
                ),
            ),
            class_name="words",
        ),
        class_name="row",
    )


def _tool(status: Str, name: Str, label: Str, summary: Str, duration: Str, detail: Str) -> rx.Component:
    return rx.el.div(
        rx.el.details(
            rx.el.summary(
                rx.icon("wrench", size=13),
                rx.el.span(label),
                rx.cond(summary != "", rx.el.b(summary)),
                rx.cond(
                    status == "running",
                    rx.el.span(class_name="pulse", aria_hidden=True),
                    rx.el.span(duration),
                ),
                class_name="tool",
            ),
            rx.el.div(rx.el.span(name, class_name="tool-name"), rx.el.pre(detail), class_name="tool-detail"),
            data_testid="tool-row",
            data_status=status,
        ),
        class_name="row row-tool",
    )


def _crumb(label: Str, summary: Str, text: Str) -> rx.Component:
    return rx.el.div(
        rx.el.span(
            rx.cond(label != "", rx.el.b(label)),
            rx.cond(summary != "", rx.el.span(" · ", summary)),
            text,
        ),
        class_name="crumb",
        data_testid="breadcrumb",
    )


@rx.memo
def turn_line(
    rest: rx.RestProp,
    turn_id: rx.Var[str],
    role: rx.Var[str],
    status: rx.Var[str],
    text: rx.Var[str],
    name: rx.Var[str],
    initial: rx.Var[str],
    color: rx.Var[str],
    at_ms: rx.Var[int],
    label: rx.Var[str],
    summary: rx.Var[str],
    detail: rx.Var[str],
    duration: rx.Var[str],
    first_token: rx.Var[str],
    first_audio: rx.Var[str],
    heard_chars: rx.Var[int],
    tokens: rx.Var[str],
    cached: rx.Var[str],
    total: rx.Var[str],
) -> rx.Component:
    """A row; primitive props, so it renders again only when its own words change."""
    return rx.el.div(
        rest,
        rx.match(
            role,
            ("user", _user(text, name, at_ms)),
            ("tool", _tool(status, name, label, summary, duration, detail)),
            ("handoff", _crumb(label, summary, text)),
            ("breadcrumb", _crumb(label, summary, text)),
            _agent(
                turn_id,
                status,
                text,
                name,
                initial,
                color,
                at_ms,
                summary,
                first_token,
                first_audio,
                heard_chars,
                tokens,
                cached,
                total,
            ),
        ),
        class_name="turn",
        data_testid="turn",
        data_role=role,
        data_status=status,
        data_turn=turn_id,
    )


@rx.memo
def _block(rest: rx.RestProp, rows: rx.Var[tuple[TurnRow, ...]]) -> rx.Component:
    return rx.el.div(rest, turn_lines(rows), class_name="block")


def _earlier() -> rx.Component:
    """Blocks oldest first. They keep their place in the document: the key is the slot's number."""
    return rx.foreach(
        TranscriptState.order,
        lambda slot: rx.match(
            slot,
            *[
                (n, _block(rows=getattr(TranscriptState, f"block_{n}"), key=f"block-{n}"))
                for n in range(SLOTS)
            ],
            rx.fragment(),
        ),
    )


def turn_lines(rows: rx.Var[tuple[TurnRow, ...]]) -> rx.Component:
    """Rows of finished turns, here and on the history page."""
    return rx.foreach(
        rows,
        lambda row: turn_line(
            turn_id=row.key,
            role=row.role,
            status=row.status,
            text=row.text,
            name=row.name,
            initial=row.initial,
            color=row.color,
            at_ms=row.at_ms,
            label=row.label,
            summary=row.summary,
            detail=row.detail,
            duration=row.duration,
            first_token=row.first_token,
            first_audio=row.first_audio,
            heard_chars=row.heard_chars,
            tokens=row.tokens,
            cached=row.cached,
            total=row.total,
            key=row.key,
        ),
    )


@rx.memo
def live_line() -> rx.Component:
    """The answer being streamed: the only thing that renders with every update."""
    return rx.cond(
        LiveState.turn_id != "",
        rx.el.div(
            rx.el.div(
                ring(LiveState.initial, LiveState.color),
                rx.el.div(
                    rx.el.div(rx.el.span(LiveState.name, class_name="who-name"), class_name="who"),
                    rx.el.div(
                        answer_text(
                            turn=LiveState.turn_id,
                            text=LiveState.body + LiveState.settled + LiveState.tail,
                            on_cite=lambda n: ReaderState.read_citation(LiveState.turn_id, n),
                        ),
                        class_name="answer answer-live",
                        data_testid="live-text",
                    ),
                    class_name="words",
                ),
                class_name="row",
            ),
            class_name="turn",
            data_testid="turn",
            data_role="agent",
            data_status="in_progress",
        ),
    )


@rx.memo
def thinking_line() -> rx.Component:
    """Three dots while an answer is on its way and nothing of it is there yet."""
    return rx.cond(
        (ConnectionState.activity == "thinking") & (ConnectionState.phase == "ready"),
        rx.el.div(
            rx.el.span(class_name="dot"),
            rx.el.span(class_name="dot"),
            rx.el.span(class_name="dot"),
            class_name="thinking",
            aria_hidden=True,
        ),
    )


def transcript(empty: rx.Component) -> rx.Component:
    """The transcript column; ``empty`` invites while nobody has asked anything."""
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                rx.el.div(
                    _earlier(),
                    turn_lines(TranscriptState.current),
                    role="log",
                    aria_label="Conversation",
                    # Who hears the answer need not have it read out as well.
                    aria_live=rx.cond(VoiceState.voice == "on", "off", "polite"),
                ),
                live_line(),
                thinking_line(),
                rx.cond(~TranscriptState.asked, empty),
                class_name="column",
            ),
            class_name="thread",
            data_testid="transcript",
            custom_attrs={"data-follow": ""},
            tab_index=0,
            role="region",
            aria_label="Transcript",
        ),
        rx.el.button(
            rx.icon("arrow-down", size=18),
            type="button",
            class_name="jump",
            aria_label="To the newest words",
            title="To the newest words",
            custom_attrs={"data-action": "jump"},
        ),
        class_name="thread-frame",
    )
