"""What the agents can look things up in, how a search ranks, and how to add to it."""

from __future__ import annotations

import reflex as rx
from reflex.vars import ObjectVar

from realtime_agents.components.header import page_header
from realtime_agents.components.knowledge_add import add_knowledge
from realtime_agents.components.knowledge_shelf import sources_list, versions_list
from realtime_agents.components.rings import ring
from realtime_agents.components.shell import frame
from realtime_agents.components.sources import passage_reader
from realtime_agents.knowledge.port import SOURCE_TYPES
from realtime_agents.state.knowledge import KnowledgeState
from realtime_agents.state.knowledge_lines import CollectionLine, HitLine, ScopeLine
from realtime_agents.state.reader import ReaderState
from realtime_agents.state.rows import AgentFace


def _reader(face: ObjectVar[AgentFace]) -> rx.Component:
    return rx.el.span(
        ring(face.initial, face.color, small=True),
        rx.el.span(face.title, class_name="unseen"),
        title=face.title,
        key=face.name,
    )


def _collection(line: ObjectVar[CollectionLine]) -> rx.Component:
    return rx.el.button(
        rx.el.b(line.title),
        rx.el.small(line.counts),
        rx.cond(line.read != "", rx.el.small(line.read)),
        rx.el.span(
            rx.el.span("Read by ", class_name="unseen"),
            rx.foreach(line.readers, _reader),
            class_name="readers",
        ),
        type="button",
        class_name="card",
        aria_pressed=KnowledgeState.chosen == line.name,
        data_testid="collection",
        data_collection=line.name,
        on_click=KnowledgeState.choose(line.name),
        key=line.name,
    )


def _scope(line: ObjectVar[ScopeLine]) -> rx.Component:
    return rx.el.button(
        ring(line.initial, line.color, small=True),
        line.title,
        type="button",
        class_name="pill",
        aria_pressed=KnowledgeState.agent == line.name,
        title=rx.cond(line.reads != "", line.reads, "reads no collection"),
        data_testid="search-as",
        data_agent=line.name,
        on_click=KnowledgeState.choose_agent(line.name),
        key=line.name,
    )


def _leg(name: str, score: rx.Var[str], place: rx.Var[str] | str = "") -> rx.Component:
    return rx.el.div(
        rx.el.dt(name),
        rx.el.dd(rx.el.span(place, class_name="place"), rx.cond(score != "", score, "–")),
    )


def _hit(line: ObjectVar[HitLine]) -> rx.Component:
    return rx.el.li(
        rx.el.span(line.place, class_name="hit-place", aria_hidden=True),
        rx.el.button(
            rx.el.b(line.title),
            rx.el.small(line.meta),
            rx.el.q(line.summary),
            type="button",
            class_name="hit-words",
            on_click=ReaderState.read_passage(line.id),
        ),
        rx.el.dl(
            _leg("fused", line.score),
            _leg("words", line.lexical, line.lexical_place),
            _leg("meaning", line.cosine, line.cosine_place),
            class_name="scores",
        ),
        class_name="hit hit-placed",
        data_testid="hit",
        key=line.id,
    )


@rx.memo
def _held() -> rx.Component:
    return rx.el.section(
        rx.cond(
            KnowledgeState.store_problem != "",
            rx.el.p(
                rx.icon("triangle-alert", size=18),
                rx.el.span(KnowledgeState.store_problem),
                class_name="notice notice-bad",
                role="alert",
                data_testid="store-problem",
            ),
        ),
        rx.el.p(
            "Agents look things up here before they answer. Rings show who reads a collection;"
            " press it to search in it alone.",
            class_name="quiet",
        ),
        rx.el.div(rx.foreach(KnowledgeState.collections, _collection), class_name="cards"),
        rx.cond(KnowledgeState.store != "", rx.el.p(KnowledgeState.store, class_name="store-words")),
        class_name="held",
    )


@rx.memo
def _search() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Search", class_name="unseen"),
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
            rx.el.div(
                rx.el.label(
                    "Kind",
                    rx.el.select(
                        rx.el.option("any", value=""),
                        *(rx.el.option(name, value=name) for name in SOURCE_TYPES),
                        name="kind",
                        class_name="field",
                        data_testid="knowledge-kind",
                    ),
                    class_name="search-limit",
                ),
                rx.el.label(
                    "In force on",
                    rx.el.input(name="day", type="date", class_name="field", data_testid="knowledge-day"),
                    class_name="search-limit",
                ),
                class_name="search-limits",
            ),
            class_name="search-form",
            on_submit=KnowledgeState.search,
            reset_on_submit=False,
        ),
        rx.el.div(
            rx.el.span("Search as"),
            rx.foreach(KnowledgeState.scopes, _scope),
            role="group",
            aria_label="Search as an agent",
            class_name="search-as",
        ),
        rx.cond(
            KnowledgeState.problem != "",
            rx.el.p(KnowledgeState.problem, class_name="notice notice-bad", role="alert"),
        ),
        rx.el.p(KnowledgeState.outcome, class_name="outcome", role="status"),
        rx.cond(
            KnowledgeState.verdict != "",
            rx.el.p(KnowledgeState.verdict, class_name="notice", data_testid="search-verdict"),
        ),
        rx.cond(
            KnowledgeState.hits.length() > 0,
            rx.el.p(
                "Words: how well they match. Meaning: how near it is (1 is the same). #: its place by that alone."
                " Fused: both together; agents get this order.",
                class_name="hits-key",
            ),
        ),
        rx.el.ol(rx.foreach(KnowledgeState.hits, _hit), class_name="hits"),
        class_name="group",
    )


def knowledge_page() -> rx.Component:
    """Collections, a search that shows its ranking, ways to add, sources and versions."""
    return frame(
        "/knowledge",
        page_header("Knowledge"),
        rx.el.div(
            _held(),
            _search(),
            add_knowledge(),
            sources_list(),
            versions_list(),
            class_name="sheet",
            tab_index=0,
            role="region",
            aria_label="Knowledge",
        ),
        passage_reader(),
    )
