"""The box to type in, with the buttons that start, stop and end a conversation."""

from __future__ import annotations

import reflex as rx

from realtime_agents.components.voice import devices_button, mute_button, talk_button, voice_notice
from realtime_agents.state.connection import ConnectionState

_RUNNING = rx.Var.create(["connecting", "ready", "reconnecting"])


@rx.memo
def _trouble() -> rx.Component:
    """What went wrong and what to do, or what the session has to say."""
    return rx.cond(
        ConnectionState.problem != "",
        rx.el.div(
            rx.icon("circle-alert", size=18),
            rx.el.span(ConnectionState.problem),
            rx.el.button(
                rx.icon("x", size=16),
                type="button",
                class_name="icon-button",
                aria_label="Dismiss",
                on_click=ConnectionState.dismiss,
            ),
            class_name="notice notice-bad",
            role="alert",
            data_testid="problem",
        ),
        rx.cond(
            ConnectionState.notice != "",
            rx.el.div(
                rx.icon("info", size=18),
                rx.el.span(ConnectionState.notice),
                class_name="notice",
                data_testid="notice",
            ),
        ),
    )


@rx.memo
def _connect_button() -> rx.Component:
    running = _RUNNING.to(list[str]).contains(ConnectionState.phase)
    return rx.el.button(
        rx.cond(running, rx.icon("phone-off", size=18), rx.icon("phone", size=18)),
        type="button",
        class_name="round",
        data_testid="connect",
        data_phase=ConnectionState.phase,
        aria_label=rx.cond(running, "End the conversation", "Start a conversation"),
        title=rx.cond(running, "End the conversation", "Start a conversation"),
        disabled=ConnectionState.busy,
        on_click=ConnectionState.connect,
    )


@rx.memo
def _stop_button() -> rx.Component:
    return rx.cond(
        (ConnectionState.activity == "speaking") | (ConnectionState.activity == "thinking"),
        rx.el.button(
            rx.icon("square", size=14, fill="currentColor"),
            type="button",
            class_name="round round-stop",
            data_testid="stop",
            aria_label="Stop the answer",
            title="Stop the answer (Esc)",
            custom_attrs={"data-action": "stop"},
            on_click=ConnectionState.interrupt,
        ),
    )


@rx.memo
def _send_button() -> rx.Component:
    return rx.el.button(
        rx.icon("arrow-up", size=20),
        type="submit",
        class_name="send",
        data_testid="send",
        data_activity=ConnectionState.activity,
        aria_label="Send",
        title="Send (Enter)",
    )


def composer() -> rx.Component:
    """The field is uncontrolled: typing asks nothing of the server."""
    return rx.el.div(
        _trouble(),
        voice_notice(),
        rx.el.form(
            _connect_button(),
            rx.el.label("Your message", html_for="composer", class_name="unseen"),
            rx.el.textarea(
                id="composer",
                name="message",
                data_testid="composer",
                placeholder="Type your question…",
                rows="1",
                # Far above what a session takes: the browser cuts without a word, the session says why not.
                max_length=200_000,
                auto_complete="off",
                enter_key_hint="send",
            ),
            rx.el.span(
                devices_button(class_name="round"), mute_button(class_name="round"), class_name="box-voice"
            ),
            _stop_button(),
            rx.el.span(talk_button(), class_name="box-talk"),
            _send_button(),
            class_name="box",
            on_submit=ConnectionState.send,
            reset_on_submit=False,
        ),
        rx.el.p(
            rx.el.kbd("Space"),
            " talk · ",
            rx.el.kbd("Esc"),
            " stop · ",
            rx.el.kbd("M"),
            " mute · ",
            rx.el.kbd("/"),
            " type · ",
            rx.el.kbd("Enter"),
            " send",
            class_name="hint",
            aria_hidden=True,
        ),
        class_name="composer",
        # Runs once React has taken the form over; see `page_behaviour.js`.
        on_mount=rx.call_script("document.getElementById('composer')?.form.setAttribute('data-ready', '')"),
    )
