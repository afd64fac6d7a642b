"""What the agents can look things up in, and how a search ranks."""

from __future__ import annotations

import reflex as rx
from reflex.vars import ObjectVar

from realtime_agents.components.header import page_header
from realtime_agents.components.shell import frame
from realtime_agents.components.sources import passage_reader
from realtime_agents.state.knowledge import CollectionLine, HitLine, KnowledgeState
from realtime_agents.state.reader import ReaderState


def _collection(line: ObjectVar[CollectionLine]) -> rx.Component:
    return rx.el.button(
        rx.el.b(line.title),
        rx.el.small(line.documents, " documents · ", line.passages, " passages"),
        type="button",
        class_name="card",
        aria_pressed=KnowledgeState.chosen == line.name,
        data_testid="collection",
        on_click=KnowledgeState.choose(line.name),
        key=line.name,
    )


def _hit(line: ObjectVar[HitLine]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.el.b(line.title),
            rx.el.small(line.meta),
            rx.el.q(line.summary),
            type="button",
            class_name="hit-words",
            on_click=ReaderState.read_passage(line.id),
        ),
        rx.el.dl(
            rx.el.div(rx.el.dt("fused"), rx.el.dd(line.score)),
            rx.el.div(rx.el.dt("words"), rx.el.dd(line.lexical)),
            rx.el.div(rx.el.dt("meaning"), rx.el.dd(line.cosine)),
            class_name="scores",
        ),
        class_name="hit",
        data_testid="hit",
        key=line.id,
    )


@rx.memo
def _content() -> rx.Component:
    return rx.el.div(
        rx.el.p(
            "Agents look things up here before they answer. Press a collection to search in it alone.",
            class_name="quiet",
        ),
        rx.el.div(rx.foreach(KnowledgeState.collections, _collection), class_name="cards"),
        rx.cond(
            ~KnowledgeState.vectors,
            rx.el.p("Searching by words only: no embedding model could be loaded.", class_name="notice"),
        ),
        rx.el.form(
            rx.el.label("Search the knowledge base", html_for="knowledge-search", class_name="unseen"),
            rx.el.input(
                id="knowledge-search",
                name="words",
                type="search",
                placeholder="Search as an agent would…",
                auto_complete="off",
                class_name="field",
                data_testid="knowledge-search",
            ),
            rx.el.button("Search", type="submit", class_name="button"),
            class_name="search-form",
            on_submit=KnowledgeState.search,
            reset_on_submit=False,
        ),
        rx.cond(
            KnowledgeState.problem != "",
            rx.el.p(KnowledgeState.problem, class_name="notice notice-bad", role="alert"),
        ),
        rx.el.p(KnowledgeState.outcome, class_name="outcome", role="status"),
        rx.el.ol(rx.foreach(KnowledgeState.hits, _hit), class_name="hits"),
        class_name="sheet",
        tab_index=0,
        role="region",
        aria_label="Knowledge",
    )


def knowledge_page() -> rx.Component:
    """Collections, a search box, hits with the score of each leg."""
    return frame("/knowledge", page_header("Knowledge"), _content(), passage_reader())
