from __future__ import annotations

import re

from realtime_agents.api import audio_ticket
from realtime_agents.state.connection import ConnectionState
from realtime_agents.state.history import HistoryState
from realtime_agents.state.voice import VoiceState
from realtime_agents.store.records import ConversationRecord, ConversationSummary
from tests.state.fakes import FakeRuntime
from tests.state.tab import Tab
from tests.state.test_connection import connected


def ticket_in(script: str) -> str | None:
    """The session whose ticket a script hands to the page."""
    found = re.search(r'realtimeVoice\.ticket\("([^"]+)"\)', script)
    return audio_ticket.session_of(found[1]) if found else None


async def test_a_running_conversation_gets_a_ticket_of_its_own(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    await tab.fire(VoiceState.ask_ticket(True))
    assert ticket_in(tab.scripts()[-1]) == session.id
    assert list(runtime.registry.sessions) == [session.id]


async def test_talking_first_starts_the_conversation_and_follows_it(tab: Tab, runtime: FakeRuntime) -> None:
    await tab.fire(ConnectionState.arrive())
    await tab.start(VoiceState.ask_ticket(True))
    await tab.until(lambda: tab.value(ConnectionState, "phase") == "ready" and tab.scripts())
    assert ticket_in(tab.scripts()[-1]) == "s1"
    assert tab.value(ConnectionState, "session_id") == "s1"
    assert tab.value(ConnectionState, "busy") is False


async def test_a_connection_that_comes_back_opens_no_new_conversation(tab: Tab, runtime: FakeRuntime) -> None:
    await tab.fire(ConnectionState.arrive())
    await tab.fire(VoiceState.ask_ticket(False))
    assert "realtimeVoice.refused" in tab.scripts()[-1]
    assert "This conversation is over." in tab.scripts()[-1]
    assert runtime.registry.sessions == {}


async def test_a_server_that_cannot_be_reached_is_said_once(tab: Tab, runtime: FakeRuntime) -> None:
    runtime.refuse = "The Realtime server refused the key."
    await tab.fire(ConnectionState.arrive())
    await tab.fire(VoiceState.ask_ticket(True))
    assert tab.value(ConnectionState, "problem") == "The Realtime server refused the key."
    assert tab.scripts() == [tab.scripts()[-1]]
    assert 'realtimeVoice.refused("")' in tab.scripts()[-1]


async def test_the_page_knows_what_the_browser_tells_of_its_sound(tab: Tab, runtime: FakeRuntime) -> None:
    await tab.fire(VoiceState.be_told("on", "push_to_talk", True, "Blocked."))
    shown = [tab.value(VoiceState, name) for name in ("voice", "mode", "muted", "voice_problem")]
    assert shown == ["on", "push_to_talk", True, "Blocked."]


async def test_recording_is_off_until_asked_for_and_ends_with_the_conversation(
    tab: Tab, runtime: FakeRuntime
) -> None:
    session = await connected(tab, runtime)
    assert tab.value(ConnectionState, "recording") is False
    await tab.fire(VoiceState.record(True))
    await tab.until(lambda: tab.value(ConnectionState, "recording"))
    await tab.fire(VoiceState.record(False))
    await tab.until(lambda: not tab.value(ConnectionState, "recording"))
    session.now(recording=True)
    await tab.until(lambda: tab.value(ConnectionState, "recording"))
    session.end()
    await tab.until(lambda: tab.value(ConnectionState, "session_id") == "")
    assert tab.value(ConnectionState, "recording") is False


async def test_a_recording_that_cannot_be_made_says_why(tab: Tab, runtime: FakeRuntime) -> None:
    session = await connected(tab, runtime)
    session.refuse = "The data folder is full."
    await tab.fire(VoiceState.record(True))
    assert tab.value(ConnectionState, "problem") == "The data folder is full."
    assert tab.value(ConnectionState, "recording") is False


async def test_nothing_is_recorded_without_a_conversation(tab: Tab, runtime: FakeRuntime) -> None:
    await tab.fire(ConnectionState.arrive())
    await tab.fire(VoiceState.record(True))
    assert "Start a conversation first" in tab.value(ConnectionState, "problem")


async def test_a_past_conversation_has_its_sound_when_it_was_recorded(tab: Tab, runtime: FakeRuntime) -> None:
    for name in ("silent", "recorded"):
        summary = ConversationSummary(
            id=name,
            scenario="benefits",
            agent="greeter",
            started_at=1.0,
            updated_at=2.0,
            ended_at=None,
            title=name,
            turns=0,
        )
        runtime.history.records[name] = ConversationRecord(summary=summary, turns=(), usage=())
    runtime.recordings.kept.add("recorded")
    await tab.fire(HistoryState.open("recorded"))
    assert tab.value(HistoryState, "recording") == "/api/recordings/recorded.wav"
    await tab.fire(HistoryState.open("silent"))
    assert tab.value(HistoryState, "recording") == ""
    await tab.fire(HistoryState.open("recorded"))
    await tab.fire(HistoryState.delete())
    assert tab.value(HistoryState, "recording") == ""
