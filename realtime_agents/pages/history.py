"""Past conversations: a list with a search, and one of them to read."""

from __future__ import annotations

import reflex as rx
from reflex.vars import ObjectVar

from realtime_agents.components.answer_text import clock_time
from realtime_agents.components.header import page_header
from realtime_agents.components.rings import ring
from realtime_agents.components.shell import frame
from realtime_agents.components.sources import passage_reader
from realtime_agents.components.transcript import turn_lines
from realtime_agents.state.history import ConversationLine, HistoryState


def _line(line: ObjectVar[ConversationLine]) -> rx.Component:
    return rx.el.button(
        ring(line.initial, line.color),
        rx.el.span(
            rx.el.b(line.title),
            rx.el.small(clock_time(at=line.at_ms, day=True), " · ", line.agent, " · ", line.rows),
            class_name="past-words",
        ),
        type="button",
        class_name="past",
        data_testid="conversation",
        aria_pressed=HistoryState.opened == line.id,
        on_click=HistoryState.open(line.id),
        key=line.id,
    )


@rx.memo
def _list() -> rx.Component:
    return rx.el.div(
        rx.el.label("Search the history", html_for="history-search", class_name="unseen"),
        rx.el.input(
            id="history-search",
            type="search",
            placeholder="Search what was said…",
            on_change=HistoryState.search.debounce(250),
            class_name="field",
            data_testid="history-search",
        ),
        rx.cond(
            HistoryState.problem != "",
            rx.el.p(HistoryState.problem, class_name="notice notice-bad", role="alert"),
        ),
        rx.el.div(rx.foreach(HistoryState.conversations, _line), class_name="past-list"),
        rx.cond(
            HistoryState.loaded & ~HistoryState.conversations,
            rx.el.p(
                rx.cond(
                    HistoryState.words != "",
                    "No conversation has these words.",
                    "Conversations are kept here once you have had one.",
                ),
                class_name="quiet",
            ),
        ),
        rx.cond(
            HistoryState.more,
            rx.el.button(
                "Show older", type="button", class_name="button button-wide", on_click=HistoryState.show_more
            ),
        ),
        class_name="past-side",
    )


def _delete() -> rx.Component:
    return rx.cond(
        HistoryState.asking,
        rx.el.span(
            rx.el.span("Delete for good?"),
            rx.el.button("Keep", type="button", class_name="button", on_click=HistoryState.keep),
            rx.el.button(
                "Delete",
                type="button",
                class_name="button button-bad",
                data_testid="delete-confirm",
                on_click=HistoryState.delete,
            ),
            class_name="confirm",
            role="alert",
        ),
        rx.el.button(
            rx.icon("trash-2", size=18),
            type="button",
            class_name="icon-button",
            aria_label="Delete this conversation",
            title="Delete",
            data_testid="delete",
            on_click=HistoryState.ask_to_delete,
        ),
    )


def _sound() -> rx.Component:
    """Both sides as they were recorded."""
    return rx.cond(
        HistoryState.recording != "",
        rx.el.div(
            rx.el.audio(
                src=HistoryState.recording,
                controls=True,
                preload="metadata",
                aria_label="Recording of this conversation",
                data_testid="recording",
            ),
            rx.el.a(
                rx.icon("download", size=18),
                href=HistoryState.recording,
                download=HistoryState.opened + ".wav",
                custom_attrs={"reloadDocument": True},  # a file, not a page of the app
                class_name="icon-button",
                aria_label="Download the recording",
                title="Download",
                data_testid="recording-download",
            ),
            class_name="past-sound",
            key=HistoryState.recording,
        ),
    )


@rx.memo
def _reading() -> rx.Component:
    return rx.cond(
        HistoryState.opened != "",
        rx.el.article(
            rx.el.header(
                rx.el.button(
                    rx.icon("arrow-left", size=18),
                    type="button",
                    class_name="icon-button past-back",
                    aria_label="Back to the list",
                    on_click=HistoryState.close,
                ),
                rx.el.div(
                    rx.el.h2(HistoryState.title), rx.el.small(clock_time(at=HistoryState.at_ms, day=True))
                ),
                _delete(),
                class_name="past-head",
            ),
            _sound(),
            rx.el.div(
                rx.el.div(turn_lines(HistoryState.rows), class_name="column"),
                class_name="thread",
                tab_index=0,
                role="region",
                aria_label="Past conversation",
                data_testid="past-transcript",
            ),
            class_name="past-reading",
        ),
        rx.el.div(
            rx.el.p("Choose a conversation to read it again.", class_name="quiet"), class_name="past-none"
        ),
    )


def history_page() -> rx.Component:
    """List left, reading right; on a phone one after the other."""
    return frame(
        "/history",
        page_header("History"),
        rx.el.div(_list(), _reading(), class_name="past-page", data_open=HistoryState.opened != ""),
        passage_reader(),
    )
