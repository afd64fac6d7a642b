"""Where the knowledge came from, and its versions."""

from __future__ import annotations

import reflex as rx
from reflex.vars import ObjectVar

from realtime_agents.state.knowledge_ingest import IngestState
from realtime_agents.state.knowledge_lines import SourceLine, VersionLine
from realtime_agents.state.knowledge_versions import VersionsState


def _source(line: ObjectVar[SourceLine]) -> rx.Component:
    return rx.el.li(
        rx.el.span(line.kind, class_name="tag"),
        rx.el.div(
            rx.el.b(line.place),
            rx.el.small(line.documents, " in ", line.collection, " · ", line.read),
        ),
        rx.cond(
            line.again != "",
            rx.el.button(
                line.again_words,
                type="button",
                class_name="button",
                data_testid="source-again",
                on_click=IngestState.read_again(line.again, line.collection_name),
            ),
        ),
        class_name="shelf-line",
        data_testid="knowledge-source",
        key=line.key,
    )


@rx.memo
def sources_list() -> rx.Component:
    """Folders, sites and uploads that were read."""
    return rx.cond(
        IngestState.sources,
        rx.el.section(
            rx.el.h2("Where it came from"),
            rx.el.p(
                "Reading a source again follows it: what is new or changed is taken over, what is gone is removed."
                " The app's own pages follow their files by themselves.",
                class_name="quiet",
            ),
            rx.el.ul(rx.foreach(IngestState.sources, _source), class_name="shelf"),
            class_name="group",
        ),
    )


def _version(line: ObjectVar[VersionLine]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            line.active,
            rx.el.span("in use", class_name="tag", data_state="done"),
            rx.el.span("kept", class_name="tag"),
        ),
        rx.el.div(
            rx.el.b("Made ", line.created),
            rx.el.small(line.counts, " · ", line.embedder, " · ", line.id),
        ),
        rx.cond(
            ~line.active,
            rx.cond(
                VersionsState.asking == line.id,
                rx.el.span(
                    rx.el.span("Search this version from now on?"),
                    rx.el.button("No", type="button", class_name="button", on_click=VersionsState.keep),
                    rx.el.button(
                        "Yes, use it",
                        type="button",
                        class_name="button",
                        data_testid="rollback-confirm",
                        on_click=VersionsState.switch,
                    ),
                    class_name="confirm",
                    role="alert",
                ),
                rx.el.button(
                    "Use this one",
                    type="button",
                    class_name="button",
                    data_testid="rollback",
                    on_click=VersionsState.ask(line.id),
                ),
            ),
        ),
        class_name="shelf-line",
        data_testid="knowledge-version",
        key=line.id,
    )


@rx.memo
def versions_list() -> rx.Component:
    """Versions of the index; an earlier one can be used again."""
    return rx.el.section(
        rx.el.h2("Versions"),
        rx.el.p(
            "Searches use one version of the index. ",
            rx.el.code("python -m realtime_agents knowledge rebuild"),
            " makes a new one, checks it and keeps the two before. What was read since is not in them: after going back,"
            " read its sources again and send its files again.",
            class_name="quiet",
        ),
        rx.cond(
            VersionsState.problem != "",
            rx.el.p(VersionsState.problem, class_name="notice notice-bad", role="alert"),
        ),
        rx.el.ul(rx.foreach(VersionsState.versions, _version), class_name="shelf"),
        class_name="group",
    )
