"""Lab: where the time of a turn went, every protocol event, what the model was given."""

from __future__ import annotations

import reflex as rx
from reflex.vars import ObjectVar

from realtime_agents.components.answer_text import clock_time
from realtime_agents.components.sources import source_cards
from realtime_agents.state.connection import ConnectionState
from realtime_agents.state.event_lines import EventLine
from realtime_agents.state.event_log import EventLogState
from realtime_agents.state.inspection import InspectionState
from realtime_agents.state.model_input import PassageLine
from realtime_agents.state.transcript import TranscriptState
from realtime_agents.state.waterfall import StepRow


def _figure(label: str, value: rx.Var[str]) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(rx.cond(value != "", value, "–")))


def _step(step: ObjectVar[StepRow]) -> rx.Component:
    return rx.el.li(
        rx.el.span(step.label, class_name="step-label"),
        rx.el.span(
            rx.el.span(
                class_name="bar",
                data_kind=step.kind,
                data_cut=step.cut,
                style={"left": step.left, "width": step.width},
            ),
            class_name="track",
        ),
        rx.el.span(step.words, class_name="step-words"),
        key=step.key,
    )


@rx.memo
def _turn_tab(rest: rx.RestProp) -> rx.Component:
    return rx.el.div(
        rest,
        rx.el.dl(
            rx.cond(
                InspectionState.first_audio != "",
                _figure("first audio heard", InspectionState.first_audio),
                _figure("first token", InspectionState.first_token),
            ),
            rx.el.div(
                rx.el.dt("tokens in · cached"),
                rx.el.dd(
                    rx.cond(
                        InspectionState.tokens_in != "",
                        rx.fragment(InspectionState.tokens_in, " · ", InspectionState.cached),
                        "–",
                    )
                ),
            ),
            _figure("tokens out", InspectionState.tokens_out),
            _figure("total", InspectionState.total),
            class_name="figures",
        ),
        rx.el.h2("Turn waterfall", class_name="label"),
        rx.cond(
            InspectionState.steps,
            rx.el.ol(rx.foreach(InspectionState.steps, _step), class_name="waterfall"),
            rx.el.p("Ask something: its steps are drawn here when the answer ends.", class_name="quiet"),
        ),
        rx.cond(
            EventLogState.latest,
            rx.fragment(
                rx.el.h2("Events of this turn", class_name="label"),
                rx.el.div(_event_lines(EventLogState.latest), class_name="events events-inline"),
            ),
        ),
        rx.cond(
            TranscriptState.sources,
            rx.fragment(
                rx.el.h2("Sources of the latest answer", class_name="label"),
                rx.el.div(source_cards(TranscriptState.sources), class_name="sources"),
            ),
        ),
        class_name="tab-body",
        data_testid="lab-turn",
        on_mount=EventLogState.watch,
        on_unmount=EventLogState.unwatch(ConnectionState.session_id),
    )


@rx.memo
def _event_line(
    rest: rx.RestProp,
    event_id: rx.Var[str],
    number: rx.Var[int],
    starts: rx.Var[bool],
    at_ms: rx.Var[int],
    clock: rx.Var[str],
    direction: rx.Var[str],
    type_: rx.Var[str],
    detail: rx.Var[str],
    times: rx.Var[str],
    opened: rx.Var[bool],
) -> rx.Component:
    return rx.el.div(
        rest,
        rx.cond(
            starts,
            rx.el.h2(
                rx.cond(number == 0, "Session", rx.fragment("Turn ", number)),
                " · ",
                clock_time(at=at_ms),
                class_name="event-group",
            ),
        ),
        rx.el.button(
            rx.el.span(clock, class_name="event-clock"),
            rx.el.span(
                rx.cond(direction == "client", "▲", "▼"),
                rx.el.span(rx.cond(direction == "client", " client ", " server "), class_name="unseen"),
                class_name="event-direction",
                data_direction=direction,
            ),
            rx.el.span(type_, " ", times, class_name="event-type"),
            rx.el.span(detail, class_name="event-detail"),
            type="button",
            class_name="event",
            data_testid="event-row",
            data_type=type_,
            data_direction=direction,
            aria_expanded=opened,
            on_click=EventLogState.toggle(event_id),
        ),
        rx.cond(opened, rx.el.pre(EventLogState.payload, class_name="event-payload", tab_index=0)),
    )


def _event_lines(lines: rx.Var[tuple[EventLine, ...]]) -> rx.Component:
    return rx.foreach(
        lines,
        lambda line: _event_line(
            event_id=line.id,
            number=line.number,
            starts=line.starts,
            at_ms=line.at_ms,
            clock=line.clock,
            direction=line.direction,
            type_=line.type,
            detail=line.detail,
            times=line.times,
            opened=EventLogState.opened == line.id,
            key=line.id,
        ),
    )


@rx.memo
def _events_tab() -> rx.Component:
    """Mounted again for each session: mounting is what starts the watching."""
    return rx.el.div(
        rx.el.div(
            rx.el.label("Filter", html_for="event-filter", class_name="unseen"),
            rx.el.input(
                id="event-filter",
                type="search",
                placeholder="Filter: response, client, error …",
                default_value=EventLogState.words,
                on_change=EventLogState.filter_by.debounce(150),
                class_name="field",
                data_testid="event-filter",
            ),
            rx.el.button(
                rx.cond(EventLogState.copied, rx.icon("check", size=16), rx.icon("copy", size=16)),
                rx.cond(EventLogState.copied, "Copied", "Copy as JSON"),
                type="button",
                class_name="button",
                data_testid="event-copy",
                on_click=EventLogState.copy,
            ),
            class_name="tab-tools",
        ),
        rx.el.div(
            rx.el.div(
                _event_lines(EventLogState.earlier),
                _event_lines(EventLogState.latest),
                rx.cond(
                    ~EventLogState.latest,
                    rx.el.p(
                        rx.cond(
                            EventLogState.words != "",
                            "No event has these words.",
                            "Every event between this app and the Realtime server shows here.",
                        ),
                        class_name="quiet",
                    ),
                ),
                class_name="events",
                data_testid="event-log",
                custom_attrs={"data-follow": ""},
                tab_index=0,
                role="region",
                aria_label="Event log",
            ),
            rx.el.button(
                rx.icon("arrow-down", size=18),
                type="button",
                class_name="jump",
                aria_label="To the newest event",
                custom_attrs={"data-action": "jump"},
            ),
            class_name="events-frame",
        ),
        class_name="tab-body tab-events",
        on_mount=EventLogState.watch,
        on_unmount=EventLogState.unwatch(ConnectionState.session_id),
    )


def _passage(line: ObjectVar[PassageLine]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.b(line.n, " · ", line.title),
            rx.el.small(line.meta),
            rx.el.q(line.quote),
            class_name="hit-words",
        ),
        _scores(line.score, line.lexical, line.cosine),
        class_name="hit",
        key=line.key,
    )


def _scores(score: rx.Var[str], lexical: rx.Var[str], cosine: rx.Var[str]) -> rx.Component:
    def leg(label: str, value: rx.Var[str]) -> rx.Component:
        return rx.cond(value != "", rx.el.div(rx.el.dt(label), rx.el.dd(value)))

    return rx.el.dl(leg("fused", score), leg("words", lexical), leg("meaning", cosine), class_name="scores")


@rx.memo
def _knowledge_tab() -> rx.Component:
    return rx.el.div(
        rx.cond(
            InspectionState.search_key != "",
            rx.fragment(
                rx.el.h2("Last search", class_name="label"),
                rx.el.pre(InspectionState.search_arguments, class_name="code"),
                rx.el.p(InspectionState.search_summary, class_name="quiet"),
                rx.cond(
                    InspectionState.passages,
                    rx.fragment(
                        rx.el.h2("Passages", class_name="label"),
                        rx.el.ol(rx.foreach(InspectionState.passages, _passage), class_name="hits"),
                    ),
                ),
                rx.cond(
                    InspectionState.given != "",
                    rx.el.details(
                        rx.el.summary("What the model was given", class_name="label"),
                        rx.cond(
                            ~InspectionState.given_whole,
                            rx.el.p("Only its first 8 kB are kept in the log.", class_name="quiet"),
                        ),
                        rx.el.pre(InspectionState.given, class_name="code", tab_index=0),
                    ),
                ),
            ),
            rx.el.p(
                "No search yet. The next one shows its query, its passages and their scores here.",
                class_name="quiet",
            ),
        ),
        class_name="tab-body",
        data_testid="lab-knowledge",
    )


@rx.memo
def _tabs() -> rx.Component:
    def tab(name: str, title: str) -> rx.Component:
        return rx.el.button(
            title,
            type="button",
            role="tab",
            id=f"tab-{name}",
            aria_selected=InspectionState.tab == name,
            tab_index=rx.cond(InspectionState.tab == name, 0, -1),
            aria_controls="lab-panel",
            data_testid=f"tab-{name}",
            on_click=InspectionState.choose_tab(name),
        )

    return rx.el.div(
        tab("turn", "Turn"),
        tab("events", "Events"),
        tab("knowledge", "Knowledge"),
        role="tablist",
        aria_label="Lab",
        class_name="tabs",
    )


def lab_panel() -> rx.Component:
    """The right column of Lab."""
    return rx.el.aside(
        _tabs(),
        rx.el.div(
            rx.match(
                InspectionState.tab,
                # A new conversation mounts them anew, which is when they begin to follow its log.
                ("events", _events_tab(key=ConnectionState.session_id)),
                ("knowledge", _knowledge_tab()),
                _turn_tab(key=ConnectionState.session_id),
            ),
            id="lab-panel",
            role="tabpanel",
            aria_label="Lab",
            class_name="tab-panel",
        ),
        class_name="side side-lab",
        aria_label="Lab",
    )
