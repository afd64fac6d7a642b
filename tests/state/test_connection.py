from __future__ import annotations

from dataclasses import replace

from realtime_agents.session.view import (
    Activity,
    Citation,
    Handoff,
    LiveText,
    Phase,
    Turn,
    TurnChanged,
    TurnMetrics,
)
from realtime_agents.state.catalog import CatalogState
from realtime_agents.state.connection import ConnectionState, on_failure
from realtime_agents.state.live import LiveState
from realtime_agents.state.transcript import TranscriptState
from tests.state.fakes import NO_LIVE, FakeRuntime, FakeSession
from tests.state.tab import Tab

ANSWER = Turn(id="a1", role="agent", status="in_progress", agent="medicare")
CITED = Citation(
    n=1,
    passage_id="d#0",
    document_id="d",
    title="Costs",
    section="Part B",
    url="",
    as_of="2026-01",
    quote="q",
)


async def connected(tab: Tab, runtime: FakeRuntime) -> FakeSession:
    await tab.fire(ConnectionState.arrive())
    await tab.start(ConnectionState.connect())
    await tab.until(lambda: tab.value(ConnectionState, "phase") == "ready")
    return next(iter(runtime.registry.sessions.values()))


def shown_live(tab: Tab) -> str:
    return "".join(str(tab.value(LiveState, part)) for part in ("body", "settled", "tail"))


def roles(tab: Tab) -> list[str]:
    blocks = [
        row for n in tab.value(TranscriptState, "order") for row in tab.value(TranscriptState, f"block_{n}")
    ]
    return [row.role for row in (*blocks, *tab.value(TranscriptState, "current"))]


async def test_arriving_shows_agents_suggestions_and_what_is_in_use(tab: Tab, runtime: FakeRuntime) -> None:
    await tab.fire(ConnectionState.arrive())
    assert [face.name for face in tab.value(CatalogState, "agents")] == ["greeter", "medicare"]
    assert tab.value(CatalogState, "suggestions") == ("Do I need Part B?",)
    assert tab.value(CatalogState, "badge") == "Local engine · embedded knowledge"


async def test_sending_when_not_connected_connects_first_and_clears_the_draft(
    tab: Tab, runtime: FakeRuntime
) -> None:
    await tab.fire(ConnectionState.arrive())
    await tab.start(ConnectionState.send({"message": "  Do I need Part B?  "}))
    await tab.until(lambda: roles(tab) == ["user"] and tab.scripts())
    assert runtime.registry.sessions["s1"].sent == ["Do I need Part B?"]
    assert "Do I need Part B?" in tab.scripts()[0]
    assert tab.value(ConnectionState, "session_id") == "s1"
    assert tab.value(ConnectionState, "busy") is False


async def test_a_refused_message_keeps_the_draft_and_says_why(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    session.refuse = "Wait until the answer ends."
    await tab.fire(ConnectionState.send({"message": "Hello"}))
    assert tab.value(ConnectionState, "problem") == "Wait until the answer ends."
    assert tab.scripts() == []
    assert tab.value(ConnectionState, "busy") is False


async def test_a_server_that_cannot_be_reached_is_said_and_leaves_the_page_usable(
    tab: Tab, runtime: FakeRuntime
) -> None:
    runtime.refuse = "The Realtime server refused the key."
    await tab.fire(ConnectionState.arrive())
    await tab.fire(ConnectionState.send({"message": "Hello"}))
    assert tab.value(ConnectionState, "problem") == "The Realtime server refused the key."
    assert tab.value(ConnectionState, "phase") == "closed"
    assert tab.value(ConnectionState, "busy") is False


async def test_an_empty_message_asks_nothing(tab: Tab, runtime: FakeRuntime) -> None:
    await tab.fire(ConnectionState.arrive())
    await tab.fire(ConnectionState.send({"message": " \n "}))
    assert runtime.registry.sessions == {}


async def test_an_answer_streams_and_ends_as_one_row_with_its_sources(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    session.emit(TurnChanged(turn=ANSWER))
    session.emit(LiveText(turn_id="a1", agent="medicare", text="You pay"))
    await tab.until(lambda: shown_live(tab) == "You pay")
    assert tab.value(LiveState, "name") == "Medicare"
    session.emit(LiveText(turn_id="a1", agent="medicare", text="You pay $202.90. [1]"))
    done = replace(
        ANSWER,
        status="completed",
        text="You pay $202.90. [1]",
        citations=(CITED,),
        metrics=TurnMetrics(input_tokens=9),
    )
    session.emit(TurnChanged(turn=done))
    session.emit(NO_LIVE)
    await tab.until(lambda: roles(tab) == ["agent"])
    assert shown_live(tab) == ""
    assert [card.title for card in tab.value(TranscriptState, "sources")] == ["Costs"]


async def test_the_sources_of_an_answer_go_when_the_next_question_comes(
    tab: Tab, runtime: FakeRuntime
) -> None:
    session = await connected(tab, runtime)
    answer = replace(ANSWER, status="completed", text="You pay. [1]", citations=(CITED,))
    session.emit(TurnChanged(turn=Turn(id="u1", role="user", status="completed", text="How much?")))
    session.emit(TurnChanged(turn=answer))
    await tab.until(lambda: tab.value(TranscriptState, "sources"))
    assert tab.value(TranscriptState, "awaited") is False
    session.emit(TurnChanged(turn=Turn(id="u2", role="user", status="completed", text="And then?")))
    await tab.until(lambda: not tab.value(TranscriptState, "sources"))
    assert tab.value(TranscriptState, "awaited") is True
    session.emit(TurnChanged(turn=replace(ANSWER, id="a2")))
    session.emit(TurnChanged(turn=replace(answer, id="a2")))
    await tab.until(lambda: tab.value(TranscriptState, "sources"))
    assert [card.turn for card in tab.value(TranscriptState, "sources")] == ["a2"]


async def test_the_finished_row_and_the_live_text_never_show_together(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    session.emit(LiveText(turn_id="a1", agent="medicare", text="Words"))
    await tab.until(lambda: shown_live(tab))
    # The end of the turn arrives alone: the live text's own end comes later.
    session.emit(TurnChanged(turn=replace(ANSWER, status="completed", text="Words")))
    await tab.until(lambda: roles(tab) == ["agent"])
    assert shown_live(tab) == ""


async def test_an_update_of_the_live_text_sends_the_tail_alone(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    session.emit(LiveText(turn_id="a1", agent="medicare", text="One"))
    await tab.until(lambda: shown_live(tab) == "One")
    sent = len(tab.deltas)
    session.emit(LiveText(turn_id="a1", agent="medicare", text="One two"))
    await tab.until(lambda: shown_live(tab) == "One two")
    changes = [tuple(c) for delta in tab.deltas[sent:] for c in delta.values()]
    assert changes == [("tail_rx_state_",)]


async def test_a_reload_joins_the_running_answer(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    session.emit(TurnChanged(turn=Turn(id="u1", role="user", status="completed", text="Q")))
    session.emit(LiveText(turn_id="a1", agent="medicare", text="So far"))
    await tab.until(lambda: shown_live(tab) == "So far")
    tab.socket_id = "another-socket"
    sent = len(tab.deltas)
    session.subscribed.clear()
    await tab.start(ConnectionState.arrive())
    await session.subscribed.wait()
    session.emit(LiveText(turn_id="a1", agent="medicare", text="So far so good"))
    await tab.until(lambda: shown_live(tab) == "So far so good")
    assert len(tab.deltas) > sent
    assert (session.readers, runtime.registry.attached[session.id]) == (1, 1)


async def test_two_follows_of_one_tab_leave_one_reader(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    session.subscribed.clear()
    await tab.start(ConnectionState.follow())
    await session.subscribed.wait()
    session.now(activity=Activity.THINKING)
    await tab.until(lambda: tab.value(ConnectionState, "activity") == "thinking")
    assert (session.readers, runtime.registry.attached[session.id]) == (1, 1)


async def test_a_tab_that_left_is_detached_at_the_next_update(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    following = await tab.start(ConnectionState.follow())
    tab.connected = False
    session.now(activity=Activity.THINKING)
    await following.wait_all()
    assert session.readers == 0
    assert runtime.registry.attached[session.id] == 0
    assert session.phase is Phase.READY


async def test_a_handoff_shows_the_new_agent_everywhere(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    handoff = Handoff(source="greeter", target="medicare", reason="asks about costs")
    session.emit(TurnChanged(turn=Turn(id="h", role="handoff", status="completed", handoff=handoff)))
    session.now(agent="medicare", activity=Activity.SPEAKING)
    await tab.until(lambda: tab.value(ConnectionState, "status") == "Medicare is answering")
    assert tab.value(CatalogState, "agent") == "medicare"
    assert tab.value(TranscriptState, "current")[0].label == "Greeter → Medicare"


async def test_pressing_an_agent_switches_the_running_session(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    await tab.fire(ConnectionState.choose_agent("medicare"))
    assert session.status.agent == "medicare"
    session.refuse = "Not now."
    await tab.fire(ConnectionState.choose_agent("greeter"))
    assert tab.value(ConnectionState, "problem") == "Not now."
    assert tab.value(CatalogState, "agent") == "medicare"


async def test_a_scenario_that_does_not_exist_is_named_and_the_conversation_goes_on(
    tab: Tab, runtime: FakeRuntime
) -> None:
    session = await connected(tab, runtime)
    session.emit(TurnChanged(turn=Turn(id="u1", role="user", status="completed", text="Hello")))
    await tab.until(lambda: roles(tab) == ["user"])
    await tab.fire(ConnectionState.choose_scenario("../../etc"))
    assert "there is: benefits" in tab.value(ConnectionState, "problem")
    assert tab.value(ConnectionState, "phase") == "ready"
    assert roles(tab) == ["user"]
    assert tab.value(CatalogState, "scenario") == "benefits"


async def test_before_a_session_pressing_an_agent_chooses_who_opens_it(
    tab: Tab, runtime: FakeRuntime
) -> None:
    await tab.fire(ConnectionState.arrive())
    await tab.fire(ConnectionState.choose_agent("medicare"))
    await tab.start(ConnectionState.connect())
    await tab.until(lambda: tab.value(ConnectionState, "phase") == "ready")
    assert runtime.registry.sessions["s1"].status.agent == "medicare"


async def test_ending_keeps_the_transcript_and_forgets_the_session(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    session.emit(TurnChanged(turn=Turn(id="u1", role="user", status="completed", text="Q")))
    await tab.until(lambda: roles(tab) == ["user"])
    await tab.start(ConnectionState.connect())
    await tab.until(
        lambda: tab.value(ConnectionState, "session_id") == "" and not tab.value(ConnectionState, "busy")
    )
    assert tab.value(ConnectionState, "phase") == "closed"
    assert roles(tab) == ["user"]


async def test_a_session_that_is_gone_after_a_restart_is_forgotten(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    del runtime.registry.sessions[session.id]
    await tab.fire(ConnectionState.arrive())
    assert tab.value(ConnectionState, "session_id") == ""
    assert tab.value(ConnectionState, "phase") == "closed"
    assert "history" in tab.value(ConnectionState, "notice")


async def test_a_message_after_a_restart_opens_a_new_conversation_and_says_so(
    tab: Tab, runtime: FakeRuntime
) -> None:
    session = await connected(tab, runtime)
    del runtime.registry.sessions[session.id]
    await tab.start(ConnectionState.send({"message": "And Part A?"}))
    await tab.until(lambda: tab.scripts() and tab.value(ConnectionState, "phase") == "ready")
    assert [s.sent for s in runtime.registry.sessions.values()] == [["And Part A?"]]
    assert "this is a new one" in tab.value(ConnectionState, "problem")


async def test_stop_interrupts_the_answer(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    await tab.fire(ConnectionState.interrupt())
    assert session.interrupted == 1


async def test_the_address_can_name_the_view_and_only_a_real_one(tab: Tab, runtime: FakeRuntime) -> None:
    await tab.fire(ConnectionState.arrive(), query="?view=talk")
    assert tab.value(ConnectionState, "view") == "talk"
    await tab.fire(ConnectionState.choose_view("nonsense"))
    assert tab.value(ConnectionState, "view") == "talk"


async def test_the_notice_of_a_session_that_failed_stays_readable(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    session.now(phase=Phase.RECONNECTING, notice="Connection lost, trying again.")
    await tab.until(lambda: tab.value(ConnectionState, "phase") == "reconnecting")
    session.now(notice="The server does not answer. Start a new conversation.")
    session.end()
    await tab.until(lambda: tab.value(ConnectionState, "session_id") == "")
    assert tab.value(ConnectionState, "notice") == "The server does not answer. Start a new conversation."


async def test_a_handler_that_fails_tells_the_person_what_to_do(tab: Tab, runtime: FakeRuntime) -> None:
    await tab.fire(ConnectionState.arrive())
    await tab.fire(on_failure(ValueError("inside")))
    assert "Reload" in tab.value(ConnectionState, "problem")
    await tab.fire(ConnectionState.dismiss())
    assert tab.value(ConnectionState, "problem") == ""
