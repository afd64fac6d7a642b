"""Source cards of the latest answer, and the reader that shows a passage with its quote marked."""

from __future__ import annotations

import reflex as rx

from realtime_agents.state.reader import ReaderState
from realtime_agents.state.rows import SourceRow
from realtime_agents.state.transcript import TranscriptState


@rx.memo
def source_card(
    rest: rx.RestProp,
    turn: rx.Var[str],
    n: rx.Var[int],
    title: rx.Var[str],
    quote: rx.Var[str],
    meta: rx.Var[str],
    opened: rx.Var[bool],
    supported: rx.Var[bool],
) -> rx.Component:
    """Number, title, quoted words, place and date; opens the reader."""
    return rx.el.button(
        rest,
        rx.el.b(n, " · ", title),
        rx.cond(quote != "", rx.el.q(quote)),
        rx.cond(meta != "", rx.el.small(meta)),
        rx.cond(~supported, rx.el.span("These words are not in the passage", class_name="mark mark-bad")),
        type="button",
        class_name="source",
        data_testid="source-card",
        aria_expanded=opened,
        on_click=ReaderState.read_citation(turn, n),
    )


def source_cards(rows: rx.Var[tuple[SourceRow, ...]]) -> rx.Component:
    return rx.foreach(
        rows,
        lambda row: source_card(
            turn=row.turn,
            n=row.n,
            title=row.title,
            quote=row.quote,
            meta=row.meta,
            opened=ReaderState.key == row.key,
            supported=row.supported,
            key=row.key,
        ),
    )


def sources_panel() -> rx.Component:
    """The right column of Desk."""
    return rx.el.aside(
        rx.el.h2("Sources", class_name="label"),
        rx.cond(
            TranscriptState.sources,
            rx.el.div(source_cards(TranscriptState.sources), class_name="sources"),
            rx.el.p(
                rx.cond(
                    TranscriptState.asked,
                    rx.cond(
                        TranscriptState.awaited,
                        "The sources of the answer show here once it is complete.",
                        "The latest answer cites no source.",
                    ),
                    "Each answer shows here what it rests on, with the date of its source.",
                ),
                class_name="quiet",
            ),
        ),
        rx.cond(
            TranscriptState.asked,
            rx.el.button(
                rx.icon("printer", size=16),
                "Print this conversation",
                type="button",
                class_name="button button-wide",
                on_click=rx.call_script("window.print()"),
            ),
        ),
        class_name="side side-sources",
        aria_label="Sources of the latest answer",
    )


def passage_reader() -> rx.Component:
    """A drawer over the page; Esc or its button closes it and the focus goes back."""
    return rx.cond(
        ReaderState.opened,
        rx.el.section(
            rx.el.header(
                rx.el.div(
                    rx.el.h2(ReaderState.title),
                    rx.cond(
                        ReaderState.section != "", rx.el.p(ReaderState.section, class_name="reader-section")
                    ),
                ),
                rx.el.button(
                    rx.icon("x", size=20),
                    type="button",
                    class_name="icon-button",
                    aria_label="Close the passage",
                    title="Close (Esc)",
                    custom_attrs={"data-action": "close-reader"},
                    on_click=ReaderState.close,
                ),
            ),
            rx.cond(ReaderState.note != "", rx.el.p(ReaderState.note, class_name="notice")),
            rx.el.div(
                rx.cond(ReaderState.above != "", rx.el.p(ReaderState.above, class_name="reader-around")),
                rx.el.p(
                    ReaderState.before,
                    rx.cond(ReaderState.quote != "", rx.el.mark(ReaderState.quote)),
                    ReaderState.after,
                    class_name="reader-passage",
                ),
                rx.cond(ReaderState.below != "", rx.el.p(ReaderState.below, class_name="reader-around")),
                class_name="reader-text",
                tab_index=0,
            ),
            rx.el.footer(
                rx.el.small(ReaderState.source),
                rx.cond(
                    ReaderState.url != "",
                    rx.el.a(
                        "Open the source",
                        rx.icon("external-link", size=14),
                        href=ReaderState.url,
                        target="_blank",
                        rel="noopener noreferrer",
                        class_name="button",
                    ),
                ),
            ),
            role="dialog",
            aria_modal=True,
            aria_label="Passage",
            class_name="reader",
            data_testid="passage-reader",
            on_mount=rx.call_script("realtimeAgents.readerOpened()"),
            on_unmount=rx.call_script("realtimeAgents.readerClosed()"),
        ),
    )
