"""Talk: one orb, big captions, the sources of what is being said."""

from __future__ import annotations

import reflex as rx

from realtime_agents.components.answer_text import answer_text
from realtime_agents.components.invitation import suggestion_buttons
from realtime_agents.components.sources import source_cards
from realtime_agents.state.connection import ConnectionState
from realtime_agents.state.live import LiveState
from realtime_agents.state.reader import ReaderState
from realtime_agents.state.transcript import TranscriptState


@rx.memo
def _orb() -> rx.Component:
    return rx.el.div(
        rx.el.div(class_name="orb", aria_hidden=True),
        rx.el.p(ConnectionState.status, class_name="orb-status"),
        class_name="orb-frame",
        data_activity=ConnectionState.activity,
        data_phase=ConnectionState.phase,
    )


@rx.memo
def _caption() -> rx.Component:
    """The words being said; the last answer while nothing is being said."""
    return rx.cond(
        LiveState.turn_id != "",
        rx.el.div(
            answer_text(
                text=LiveState.body + LiveState.settled + LiveState.tail,
                on_cite=lambda n: ReaderState.read_citation(LiveState.turn_id, n),
            ),
            class_name="caption answer-live",
            data_testid="live-text",
        ),
        rx.cond(
            TranscriptState.last_answer != "",
            rx.el.div(
                answer_text(
                    text=TranscriptState.last_answer,
                    on_cite=lambda n: ReaderState.read_citation(TranscriptState.last_answer_id, n),
                ),
                class_name="caption",
                data_testid="caption",
            ),
            rx.el.p("What would you like to know?", class_name="caption"),
        ),
    )


def talk_stage() -> rx.Component:
    """Everything of Talk but the composer, which the three views share."""
    return rx.el.section(
        _orb(),
        rx.el.div(_caption(), class_name="caption-frame", custom_attrs={"data-follow": ""}, tab_index=0),
        rx.cond(
            TranscriptState.asked,
            rx.el.div(source_cards(TranscriptState.sources), class_name="stage-sources"),
            suggestion_buttons(),
        ),
        rx.el.p("Voice comes in a later version; for now, type below.", class_name="quiet stage-note"),
        class_name="stage",
        aria_label="Talk",
    )
