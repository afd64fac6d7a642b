"""The audio socket: who gets in, what passes, what ends it."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest
from starlette.routing import WebSocketRoute

from realtime_agents.api.app import build_api
from realtime_agents.api.audio import AudioSocket
from realtime_agents.api.audio_limits import MAX_AUDIO_MS
from realtime_agents.api.audio_ticket import issue
from realtime_agents.protocol import events as ev
from realtime_agents.protocol.items import ErrorDetail
from realtime_agents.protocol.pcm import ms_to_bytes
from realtime_agents.session.view import Activity, Phase
from realtime_agents.settings import load
from tests.support.audio_client import Page, audio_socket
from tests.support.scripted import drops, question, settle
from tests.support.scripted_upstream import Hold, expect
from tests.support.spoken import (
    appends,
    attach,
    begins_to_speak,
    listens,
    speaks,
    speech_starts,
    stopped_by_server,
    stopped_by_us,
    truncates,
)

OURS = "realtime-agents.audio"
FRAME = bytes(960)
QUIET: dict[str, Any] = {"ignoring": ("input_audio_buffer.append",)}


@pytest.fixture(params=["asgi alone", "with the shortcut"], autouse=True)
def _server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rule holds on a server of any kind, and on ours."""
    monkeypatch.setattr(Page, "has_shortcut", request.param == "with the shortcut")


# Who gets in.


async def test_a_page_with_a_ticket_gets_a_line_on_its_session() -> None:
    async with audio_socket([listens()]) as s:
        page = await s.open()
        assert page.sent[0] == {"type": "websocket.accept", "subprotocol": OURS, "headers": []}
        assert page.told == [
            {
                "type": "ready",
                "rate": 24000,
                "mode": "server_vad",
                "conversation": s.session.conversation_id,
            }
        ]


@pytest.mark.parametrize(
    "subprotocols", [[], [OURS], [OURS, "ticket."], [OURS, "ticket.a.b.c"], ["ticket.x", "other"]]
)
async def test_without_a_good_ticket_the_socket_is_closed_with_4401(subprotocols: list[str]) -> None:
    async with audio_socket([]) as s:
        page = await s.open(subprotocols)
        assert await page.ended() == (4401, "bad or expired ticket")
        assert s.session.phase is Phase.READY


async def test_a_ticket_that_is_too_old_opens_nothing() -> None:
    async with audio_socket([]) as s:
        page = await s.open([OURS, f"ticket.{issue(s.session.id, now=lambda: 0.0)}"])
        assert await page.ended() == (4401, "bad or expired ticket")


async def test_a_ticket_for_a_session_that_is_gone_is_closed_with_4404() -> None:
    async with audio_socket([]) as s:
        page = await s.open([OURS, f"ticket.{issue('nobody')}"])
        assert await page.ended() == (4404, "no such session")


async def test_a_session_that_is_over_takes_no_line() -> None:
    async with audio_socket([]) as s:
        await s.session.close()
        page = await s.open()
        assert await page.ended() == (1000, "session over")


async def test_while_the_app_starts_there_are_no_sessions() -> None:
    async with audio_socket([]) as s:
        page = Page()
        page.reading.set()
        page.incoming.put_nowait({"type": "websocket.connect"})
        scope = {"type": "websocket", "subprotocols": [OURS, f"ticket.{issue(s.session.id)}"]}
        await AudioSocket(scope, page.receive, page.send, lambda: None).run()
        assert page.close == (4404, "no such session")


async def test_a_socket_that_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime_agents.api.audio.START_WITHIN_S", 0.0)
    async with audio_socket([]) as s:
        page = await s.open(start="")
        assert await page.ended() == (4400, "expected a start message")


async def test_another_message_than_start_first_is_closed_and_early_audio_is_dropped() -> None:
    async with audio_socket([]) as s:
        page = await s.open(start="")
        page.audio(FRAME)
        page.say(type="talk", on=True)
        assert await page.ended() == (4400, "expected a start message")


async def test_a_page_that_leaves_before_it_starts_leaves_nothing_behind() -> None:
    async with audio_socket([]) as s:
        page = await s.open(start="")
        page.leave()
        assert await page.ended() is None


# What passes.


async def test_audio_and_words_about_it_pass_both_ways() -> None:
    script: list[Any] = [listens(), appends(), *question("Hello"), speaks(("Hi there.", 300))]
    async with audio_socket(script) as s:
        page = await s.open()
        page.audio(b"\x01\x00" * 480)
        await settle()
        await s.session.send_text("Hello")
        await s.session.wait_idle()
        await settle()
        kinds = [message["type"] for message in page.told]
        assert kinds == ["ready", "item", "marks", "item_end"]
        assert page.told[1] == {"type": "item", "n": 1, "id": "item_answer_1"}
        assert page.told[2] == {"type": "marks", "n": 1, "points": [[300, 2]]}
        heads = [struct.unpack("<II", frame[:8]) for frame in page.heard]
        assert heads == [(1, 0), (1, 200 * 24)]
        assert [len(frame) - 8 for frame in page.heard] == [ms_to_bytes(200), ms_to_bytes(100)]
        page.say(type="played", item="item_answer_1", ms=300)
        await settle()
        assert s.session.snapshot().status.activity is Activity.LISTENING


@pytest.mark.parametrize("alone", [False, True])
async def test_what_was_heard_is_told_in_the_head_of_audio_or_alone(alone: bool) -> None:
    script: list[Any] = [listens(), *question("Hello"), speaks(("Hi there.", 300))]
    async with audio_socket(script, **QUIET) as s:
        page = await s.open()
        await s.session.send_text("Hello")
        await s.session.wait_idle()
        await settle()
        for n, heard_ms in ((0, 300), (7, 300), (1, 200)):  # of none, of one that there is not, of the one
            page.audio(FRAME, n=n, heard_ms=heard_ms)
        await settle()
        assert s.session.snapshot().status.activity is Activity.SPEAKING
        if alone:
            page.say(type="played", item="item_answer_1", ms=300)
        else:
            page.audio(FRAME, n=1, heard_ms=300)
        await settle()
        assert s.session.snapshot().status.activity is Activity.LISTENING
        assert [m for m in page.told if m["type"] == "error"] == []


async def test_a_barge_in_over_the_socket() -> None:
    go = asyncio.Event()
    script: list[Any] = [
        listens(),
        *question("Count"),
        begins_to_speak(("one two three four", 4000)),
        Hold(go),
    ]
    script += [speech_starts("item_u"), stopped_by_server(), truncates("item_answer_1", 1500)]
    async with audio_socket(script) as s:
        page = await s.open()
        await s.session.send_text("Count")
        await settle()
        page.say(type="played", item="item_answer_1", ms=1400)
        go.set()
        await settle()
        assert page.told[-2:] == [{"type": "flush", "reason": "barge_in"}, {"type": "speech", "on": True}]
        page.say(type="flushed", item="item_answer_1", ms=1500)
        await settle()
        assert s.session.snapshot().turns[1].heard_chars == len("one")


async def test_the_button_the_mode_and_stop_reach_the_session() -> None:
    script: list[Any] = [listens(turn_detection=None), *[appends()] * 5, expect("input_audio_buffer.commit")]
    script += [expect("response.create"), begins_to_speak(("Well", 1000)), *stopped_by_us()]
    script += [expect("input_audio_buffer.clear"), listens(), appends()]
    async with audio_socket(script) as s:
        page = await s.open(start="push_to_talk")
        page.audio(FRAME)
        page.say(type="talk", on=True)
        for _ in range(5):
            page.audio(FRAME)
        page.say(type="talk", on=False)
        await settle()
        page.say(type="stop")
        page.say(type="flushed", item="item_answer_1", ms=0)
        page.say(type="start", mode="semantic_vad")
        page.say(type="mute", on=True)
        page.audio(FRAME)
        page.say(type="mute", on=False)
        page.audio(FRAME)
        await settle()
        assert {"type": "mode", "mode": "semantic_vad"} in page.told
        assert {"type": "flush", "reason": "stopped"} in page.told


# Two pages, and ends.


async def test_a_second_microphone_on_one_session_takes_over() -> None:
    script: list[Any] = [listens(), listens(), appends()]
    async with audio_socket(script) as s:
        first = await s.open()
        second = await s.open()
        assert await first.ended() == (4409, "taken over")
        second.audio(FRAME)
        await settle()
        assert second.close is None


async def test_the_end_of_the_session_ends_the_socket() -> None:
    async with audio_socket([listens()]) as s:
        page = await s.open()
        await s.registry.close(s.session.id)
        assert await page.ended() == (1000, "session over")


async def test_the_end_of_the_server_is_told_as_such() -> None:
    async with audio_socket([listens()]) as s:
        page = await s.open()
        await s.registry.close_all()
        assert await page.ended() == (1001, "server stops")


async def test_a_page_that_leaves_hands_the_conversation_back_to_text() -> None:
    async with audio_socket(
        [listens(), expect("session.update", session={"output_modalities": ["text"]})]
    ) as s:
        page = await s.open()
        page.leave()
        assert await page.ended() is None
        await settle()
        assert s.session.phase is Phase.READY


@pytest.mark.parametrize("at_the_end", [False, True])
async def test_a_connection_that_the_server_gave_up_ends_quietly(at_the_end: bool) -> None:
    leaving = () if at_the_end else (expect("session.update"),)
    async with audio_socket([listens(), *leaving]) as s:
        page = await s.open()
        page.hung_up = True
        if at_the_end:
            await s.registry.close(s.session.id)
        else:
            page.text("nonsense")
        assert await page.ended() is None


async def test_whoever_talks_keeps_the_session_and_it_ends_after_a_while_without_anybody() -> None:
    async with audio_socket([listens(), expect("session.update")]) as s:
        page = await s.open()
        await s.rig.clock.advance(1000)
        assert s.session.phase is Phase.READY
        page.leave()
        await page.ended()
        await s.rig.clock.advance(59)
        assert s.registry.get(s.session.id) is not None
        await s.rig.clock.advance(2)
        assert s.registry.get(s.session.id) is None


async def test_a_server_without_voice_says_so_before_the_socket_closes() -> None:
    def refuse(command: Any) -> list[ev.ServerEvent]:
        detail = ErrorDetail(type="x", code="speech_not_available", event_id=command.event_id)
        return [ev.Error(event_id="", error=detail)]

    script = [expect("session.update", then=refuse), expect("session.update")]
    async with audio_socket(script, allow_errors=True) as s:
        page = await s.open()
        assert await page.ended() == (4503, "voice not available")
        assert [m["code"] for m in page.told if m["type"] == "error"] == ["speech_not_available"]


async def test_a_server_that_dies_in_mid_sentence_leaves_the_socket_open() -> None:
    first: list[Any] = [listens(), *question("Count"), begins_to_speak(("one two", 2000)), drops(1006)]
    second: list[Any] = [expect("conversation.item.create"), expect("response.create")]
    async with audio_socket(first, [*second, speaks(("one two", 500), number=2)]) as s:
        page = await s.open()
        await s.session.send_text("Count")
        await settle()
        page.say(type="flushed", item="item_answer_1", ms=100)
        await s.rig.clock.advance(1)
        assert page.close is None
        assert [m["id"] for m in page.told if m["type"] == "item"] == ["item_answer_1", "item_answer_2"]


# What is bad.


@pytest.mark.parametrize("size", [0, 1, 8, 9, 8 + 959])
async def test_half_samples_and_frames_without_sound_are_dropped_with_a_word(size: int) -> None:
    async with audio_socket([listens(), appends()]) as s:
        page = await s.open()
        page.frame(bytes(size))
        page.audio(FRAME)
        await settle()
        assert [m["code"] for m in page.told if m["type"] == "error"] == ["bad_audio"]
        assert page.close is None


@pytest.mark.parametrize("size", [2, 19_200])
async def test_the_smallest_and_the_largest_frame_pass(size: int) -> None:
    async with audio_socket([listens(), appends()]) as s:
        page = await s.open()
        page.audio(bytes(size))
        await settle()
        assert page.close is None


async def test_a_frame_that_is_too_big_ends_the_socket() -> None:
    async with audio_socket([listens(), expect("session.update")]) as s:
        page = await s.open()
        page.audio(bytes(19_202))
        assert await page.ended() == (4413, "too big")


async def test_a_text_that_is_too_long_ends_the_socket() -> None:
    async with audio_socket([listens(), expect("session.update")]) as s:
        page = await s.open()
        page.text(" " * 2001)
        assert await page.ended() == (4413, "too big")


async def test_nonsense_is_answered_and_the_socket_stays() -> None:
    async with audio_socket([listens(), appends()]) as s:
        page = await s.open()
        for text in ("", "{", "[1]", '{"type":"dance"}', '{"type":"talk","on":"yes"}'):
            page.text(text)
        page.audio(FRAME)
        await settle()
        assert [m["code"] for m in page.told if m["type"] == "error"] == ["bad_message"] * 5
        assert page.close is None


async def test_a_flood_of_audio_ends_the_socket_and_not_the_session() -> None:
    async with audio_socket([listens(), expect("session.update")], **QUIET) as s:
        page = await s.open()
        for _ in range(50):
            page.audio(bytes(19_200))
        assert await page.ended() == (4429, "too fast")
        assert s.session.phase is Phase.READY


async def test_heads_do_not_count_as_audio() -> None:
    async with audio_socket([listens(), expect("session.update")], **QUIET) as s:
        page = await s.open()
        for _ in range(MAX_AUDIO_MS // 200):
            page.audio(bytes(9_600))
        await settle()
        assert page.close is None
        page.audio(bytes(48))
        assert await page.ended() == (4429, "too fast")


async def test_a_flood_of_small_messages_ends_the_socket() -> None:
    async with audio_socket([listens(), expect("session.update")], **QUIET) as s:
        page = await s.open()
        for _ in range(2600):
            page.say(type="played", item="x", ms=1)
        assert await page.ended() == (4429, "too fast")


async def test_half_an_hour_of_talking_without_a_pause_is_no_flood() -> None:
    async with audio_socket([listens()], **QUIET) as s:
        page = await s.open()
        for _ in range(30 * 60 // 4):
            await s.rig.clock.advance(4)
            for _ in range(10):
                page.audio(bytes(19_200))
            await settle()
        assert page.close is None


async def test_a_browser_that_takes_nothing_loses_the_line_and_memory_stays_bounded() -> None:
    pieces = [("word ", 200)] * 400  # 80 s
    script: list[Any] = [listens(), *question("Talk"), speaks(*pieces), expect("session.update")]
    async with audio_socket(script) as s:
        page = await s.open()
        page.reading.clear()
        await s.session.send_text("Talk")
        await s.session.wait_idle()
        await settle()
        line_gone = s.session.snapshot().status.activity
        assert line_gone is Activity.IDLE
        page.reading.set()
        assert await page.ended() == (4408, "too slow")
        assert len(page.heard) <= 1
        assert s.session.snapshot().turns[1].status == "completed"


async def test_a_browser_that_never_reads_again_does_not_hold_the_socket_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime_agents.api.audio.CLOSE_WITHIN_S", 0.0)
    async with audio_socket([listens()]) as s:
        page = await s.open()
        page.reading.clear()
        await s.registry.close_all()
        assert await page.ended() is None


async def test_two_hundred_pages_come_and_go_and_leave_nothing_behind() -> None:
    steps = [step for _ in range(200) for step in (listens(), expect("session.update"))]
    async with audio_socket(steps) as s:
        await settle()
        before = len(asyncio.all_tasks())
        for _ in range(200):
            page = await s.open()
            page.leave()
            await page.ended()
        await settle()
        assert len(asyncio.all_tasks()) == before
        s.pages.clear()


async def test_a_line_that_somebody_else_opened_in_the_process_is_taken_over_too() -> None:
    async with audio_socket([listens(), listens()]) as s:
        s.rig.session = s.session
        browser = await attach(s.rig)
        page = await s.open()
        assert await browser.ended() == (4409, "taken over")
        assert page.close is None


def test_the_socket_is_a_route_of_the_app() -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None: ...

    guard: Any = build_api(page, load({"OPENAI_API_KEY": "x"}))
    routes = [route.path for route in guard._app.routes if isinstance(route, WebSocketRoute)]
    assert routes == ["/api/audio"]
