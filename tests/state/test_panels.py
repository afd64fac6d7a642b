from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from realtime_agents.errors import ConfigError
from realtime_agents.knowledge.port import Document, Passage
from realtime_agents.session.view import Citation, EventLogged, EventRow, ToolRow, Turn, TurnChanged
from realtime_agents.settings import TABLE, load
from realtime_agents.state import roster
from realtime_agents.state.connection import ConnectionState
from realtime_agents.state.doctor import DoctorState, setting_lines
from realtime_agents.state.event_log import EventLogState
from realtime_agents.state.history import HistoryState
from realtime_agents.state.inspection import InspectionState
from realtime_agents.state.reader import ReaderState
from realtime_agents.state.roster import RosterState
from realtime_agents.state.transcript import TranscriptState
from realtime_agents.store.records import ConversationRecord, ConversationSummary
from tests.state.fakes import FakeRuntime, FakeSession, benefits
from tests.state.tab import Tab
from tests.state.test_connection import connected

PASSAGE = Passage(
    id="d#0",
    document_id="d",
    collection="medicare",
    title="Part B costs",
    section="Costs > Part B",
    url="https://www.medicare.gov/",
    source="CMS",
    as_of="2026-01",
    text="Everybody pays. In 2026 the premium is $202.90. It changes yearly.",
    summary="In 2026 the premium is $202.90.",
    char_start=0,
    char_end=60,
)
FACT = Citation(
    n=2,
    passage_id="",
    document_id="f",
    title="Premium",
    section="",
    url="javascript:alert(1)",
    as_of="2026-01",
    quote="$202.90",
)
CITED = Citation(
    n=1,
    passage_id="d#0",
    document_id="d",
    title="Part B costs",
    section="",
    url="",
    as_of="2026-01",
    quote="the premium is $202.90",
)
ANSWER = Turn(
    id="a1", role="agent", status="completed", agent="medicare", text="x [1] [2]", citations=(CITED, FACT)
)


async def answered(tab: Tab, runtime: FakeRuntime, answer: Turn = ANSWER) -> FakeSession:
    runtime.knowledge.passages[PASSAGE.id] = PASSAGE
    session = await connected(tab, runtime)
    session.emit(TurnChanged(turn=answer))
    await tab.until(lambda: tab.value(TranscriptState, "current"))
    return session


def event(number: int, **changes: str) -> EventLogged:
    fields = {"type": "response.created", "detail": "", "payload": "{}", "direction": "server"} | changes
    return EventLogged(row=EventRow(id=f"e{number}", group="u1", at=float(number), **fields))  # type: ignore[arg-type]


async def test_a_chip_opens_the_passage_with_its_quote_marked(tab: Tab, runtime: FakeRuntime) -> None:
    await answered(tab, runtime)
    await tab.fire(ReaderState.read_citation("a1", 1))
    assert tab.value(ReaderState, "opened") is True
    assert (tab.value(ReaderState, "quote"), tab.value(ReaderState, "title")) == (
        "the premium is $202.90",
        "Part B costs",
    )
    assert tab.value(ReaderState, "before") == "Everybody pays. In 2026 "
    assert tab.value(ReaderState, "source") == "CMS · as of 2026-01"
    await tab.fire(ReaderState.close())
    assert tab.value(ReaderState, "opened") is False


async def test_a_passage_is_shown_where_it_stands_in_its_section(tab: Tab, runtime: FakeRuntime) -> None:
    text = f"# Costs\n\nWhat comes first.\n\n{PASSAGE.text}\n\n- What comes after.\n\n## Later\n\nAnother section."
    start = text.index(PASSAGE.text)
    there = replace(PASSAGE, char_start=start, char_end=start + len(PASSAGE.text))
    runtime.knowledge.passages[there.id] = there
    runtime.knowledge.texts["d"] = Document(id="d", title="Part B costs", text=text, collection="medicare")
    await tab.fire(ReaderState.read_passage("d#0"))
    assert (tab.value(ReaderState, "above"), tab.value(ReaderState, "below")) == (
        "What comes first.",
        "• What comes after.",
    )
    assert "scrollIntoView" in tab.scripts()[-1]


async def test_a_citation_whose_words_are_not_in_the_passage_says_so(tab: Tab, runtime: FakeRuntime) -> None:
    await answered(tab, runtime, replace(ANSWER, citations=(replace(CITED, supported=False),)))
    await tab.fire(ReaderState.read_citation("a1", 1))
    assert "not in this passage" in tab.value(ReaderState, "note")


async def test_a_fact_is_read_from_its_citation_and_a_bad_address_is_dropped(
    tab: Tab, runtime: FakeRuntime
) -> None:
    await answered(tab, runtime)
    await tab.fire(ReaderState.read_citation("a1", 2))
    assert (tab.value(ReaderState, "quote"), tab.value(ReaderState, "url")) == ("$202.90", "")
    assert tab.value(ReaderState, "source") == "Dated fact · as of 2026-01"


async def test_a_passage_that_is_gone_still_shows_what_was_cited(tab: Tab, runtime: FakeRuntime) -> None:
    await answered(tab, runtime)
    runtime.knowledge.passages.clear()
    await tab.fire(ReaderState.read_citation("a1", 1))
    assert tab.value(ReaderState, "quote") == "the premium is $202.90"
    assert "no longer" in tab.value(ReaderState, "note")


async def test_a_number_that_the_answer_does_not_have_opens_nothing(tab: Tab, runtime: FakeRuntime) -> None:
    await answered(tab, runtime)
    await tab.fire(ReaderState.read_citation("a1", 9))
    await tab.fire(ReaderState.read_citation("nobody", 1))
    assert tab.value(ReaderState, "opened") is False


async def test_a_closed_event_panel_subscribes_to_nothing(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    sent = len(tab.deltas)
    session.emit(event(1))
    session.now(notice="seen")
    await tab.until(lambda: tab.value(ConnectionState, "notice") == "seen")
    assert session.readers == 1
    assert not any(EventLogState.get_full_name() in delta for delta in tab.deltas[sent:])


async def test_the_event_panel_shows_the_log_follows_it_and_lets_go(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    session.emit(event(1))
    watching = await tab.start(EventLogState.watch())
    await tab.until(lambda: len(tab.value(EventLogState, "latest")) == 1)
    session.emit(event(2, type="response.done", payload='{"type":"response.done"}'))
    await tab.until(lambda: len(tab.value(EventLogState, "latest")) == 2)
    await tab.fire(EventLogState.filter_by("done"))
    assert [line.id for line in tab.value(EventLogState, "latest")] == ["e2"]
    await tab.fire(EventLogState.toggle("e2"))
    assert json.loads(tab.value(EventLogState, "payload")) == {"type": "response.done"}
    await tab.fire(EventLogState.unwatch("the conversation before"))
    assert len(tab.value(EventLogState, "latest")) == 1, "another panel's closing does not close this one"
    await tab.fire(EventLogState.unwatch(tab.value(ConnectionState, "session_id")))
    session.emit(event(3))
    await watching.wait_all()
    assert session.readers == 1


async def test_copying_takes_the_shown_events_only(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    for update in (event(1), event(2, type="response.done")):
        session.emit(update)
    await tab.start(EventLogState.watch())
    await tab.until(lambda: len(tab.value(EventLogState, "latest")) == 2)
    await tab.fire(EventLogState.filter_by("created"))
    await tab.fire(EventLogState.copy())
    assert "navigator.clipboard" in tab.scripts()[-1]
    assert "response.done" not in tab.scripts()[-1]
    assert tab.value(EventLogState, "copied") is False, "only the browser knows whether it worked"
    await tab.fire(EventLogState.on_copied(True))
    assert tab.value(EventLogState, "copied") is True
    session.emit(event(3, type="response.created"))
    await tab.until(lambda: len(tab.value(EventLogState, "latest")) == 2)
    assert tab.value(EventLogState, "copied") is True, "said for a moment, whatever comes"
    assert "setTimeout" in tab.scripts()[-1]
    await tab.fire(EventLogState.on_copied_shown(None))
    assert tab.value(EventLogState, "copied") is False


async def test_lab_shows_the_newest_search_and_what_the_model_was_given(
    tab: Tab, runtime: FakeRuntime
) -> None:
    session = await answered(tab, runtime)
    tool = ToolRow(
        call_id="call9",
        name="search_knowledge",
        arguments='{"query":"premium"}',
        status="completed",
        summary="1 passage",
        duration_ms=12,
    )
    output = json.dumps({"outcome": "ok", "sources": [{"n": 1, "title": "Part B costs", "cosine": 0.8}]})
    item = {"type": "function_call_output", "call_id": "call9", "output": output}
    session.emit(
        event(
            1,
            direction="client",
            type="conversation.item.create",
            detail="function_call_output",
            payload=json.dumps({"item": item}),
        )
    )
    session.emit(TurnChanged(turn=Turn(id="t1", role="tool", status="completed", tool=tool)))
    await tab.fire(ConnectionState.choose_view("lab"))
    await tab.until(lambda: tab.value(InspectionState, "search_key") == "t1")
    assert tab.value(InspectionState, "search_summary") == "1 passage · 12 ms"
    assert [p.title for p in tab.value(InspectionState, "passages")] == ["Part B costs"]


async def test_the_history_lists_finds_reads_and_deletes_after_asking(tab: Tab, runtime: FakeRuntime) -> None:
    for n, title in enumerate(("Part B premium", "Hearing claim")):
        summary = ConversationSummary(
            id=f"c{n}",
            scenario="benefits",
            agent="medicare",
            title=title,
            started_at=n,
            updated_at=n,
            ended_at=None,
            turns=2,
        )
        runtime.history.records[summary.id] = ConversationRecord(summary=summary, turns=(ANSWER,), usage=())
    await tab.fire(HistoryState.arrive())
    assert [line.title for line in tab.value(HistoryState, "conversations")] == [
        "Part B premium",
        "Hearing claim",
    ]
    await tab.fire(HistoryState.search("hearing"))
    assert [line.id for line in tab.value(HistoryState, "conversations")] == ["c1"]
    await tab.fire(HistoryState.open("c1"))
    assert [row.name for row in tab.value(HistoryState, "rows")] == ["Medicare"]
    await tab.fire(ReaderState.read_citation("a1", 2))
    assert tab.value(ReaderState, "quote") == "$202.90"
    await tab.fire(HistoryState.ask_to_delete())
    assert "c1" in runtime.history.records
    runtime.registry.running.add("c1")
    await tab.fire(HistoryState.delete())
    assert "c1" in runtime.history.records
    assert "End it first" in tab.value(HistoryState, "problem")
    runtime.registry.running.clear()
    await tab.fire(HistoryState.delete())
    assert "c1" not in runtime.history.records
    assert tab.value(HistoryState, "opened") == ""


async def test_a_conversation_that_is_gone_says_so(tab: Tab, runtime: FakeRuntime) -> None:
    await tab.fire(HistoryState.open("nobody"))
    assert "no longer" in tab.value(HistoryState, "problem")


async def test_the_agents_page_lists_the_files_in_force_and_follows_them(
    tab: Tab, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "LOOK_EVERY_S", 0)
    watching = await tab.start(RosterState.watch())
    await tab.until(lambda: tab.value(RosterState, "scenarios"))
    scenario = tab.value(RosterState, "scenarios")[0]
    assert [(agent.name, agent.opens) for agent in scenario.agents] == [
        ("greeter", True),
        ("medicare", False),
    ]
    greeter = replace(benefits().agents["greeter"], title="Welcomer", version="2")
    edited = replace(benefits(), agents={**benefits().agents, "greeter": greeter})
    runtime.catalog.scenarios = {"benefits": edited}
    await tab.until(lambda: tab.value(RosterState, "scenarios")[0].agents[0].title == "Welcomer")
    runtime.catalog.errors = (ConfigError("unknown key 'tittle'", file="va.yaml", line=3),)
    await tab.until(lambda: tab.value(RosterState, "mistakes"))
    assert tab.value(RosterState, "mistakes")[0].where == "va.yaml:3"
    sent = len(tab.deltas)
    await asyncio.sleep(0)
    assert len(tab.deltas) == sent, "nothing is sent while nothing changes"
    await tab.fire(RosterState.unwatch())
    runtime.catalog.errors = ()
    async with asyncio.timeout(5):
        await watching.wait_all()
    assert tab.value(RosterState, "mistakes"), "nobody follows any more"


async def test_the_doctor_lists_every_part(tab: Tab, runtime: FakeRuntime) -> None:
    runtime.settings = load({})
    await tab.fire(DoctorState.arrive())
    assert [(part.name, part.ok) for part in tab.value(DoctorState, "parts")] == [
        ("Conversation", True),
        ("Knowledge", True),
    ]
    assert [line.name for line in tab.value(DoctorState, "settings")] == [row.name for row in TABLE]


async def test_checking_again_tries_the_conversation_itself(tab: Tab, runtime: FakeRuntime) -> None:
    await tab.fire(DoctorState.look_again())
    assert runtime.refreshed == 1
    assert [part.ok for part in tab.value(DoctorState, "parts")] == [False, True]
    assert tab.value(DoctorState, "checking") is False


def test_a_secret_is_never_shown() -> None:
    environment = {
        "OPENAI_API_KEY": "sk-secret",
        "DATABASE_URL": "postgresql://u:pw@h/d",
        "REALTIME_BASE_URL": "https://u:pw@host/v1?api-key=pw",
    }
    lines = {x.name: x.value for x in setting_lines(load(environment))}
    assert (lines["OPENAI_API_KEY"], lines["DATABASE_URL"]) == ("set", "postgresql://h/d")
    assert lines["REALTIME_BASE_URL"] == "https://host/v1"
    assert lines["AGENTS_DIR"].endswith("agent_configs")
    assert lines["ALLOWED_ORIGINS"] == "not set"
