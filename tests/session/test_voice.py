"""Listening and speaking: how the server is configured, whose line it is, push-to-talk, mute, refusals."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from typing import Any

import pytest

from realtime_agents.agents.config import ScenarioConfig
from realtime_agents.errors import SessionError
from realtime_agents.protocol import events as ev
from realtime_agents.protocol.commands import InputAudioBufferAppend, SessionUpdate
from realtime_agents.protocol.items import ErrorDetail, Response
from realtime_agents.session.line_messages import (
    LineError,
    ListenMode,
    ModeChanged,
    Notice,
    Ready,
    Speech,
)
from realtime_agents.session.view import Activity
from tests.support.scripted import (
    Rig,
    begins,
    call,
    calls_tools,
    drops,
    output_item,
    question,
    refuses,
    rig,
    says,
    scenario,
    settle,
    system_item,
    user_item,
)
from tests.support.scripted_upstream import Hold, emit, expect
from tests.support.spoken import (
    appends,
    attach,
    commits,
    listens,
    speaks,
    speech_starts,
    speech_stops,
    stopped_by_us,
    utterance,
    wrote,
)

SERVER_VAD = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "create_response": True,
    "interrupt_response": True,
}
SEMANTIC_VAD = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}


def updates(r: Rig, index: int = 0) -> list[dict[str, Any]]:
    """The sessions of all updates of a connection."""
    return [dict(c.session) for c in r.connections[index].sent if isinstance(c, SessionUpdate)]


def speaking_agents(**turn_detection: Any) -> ScenarioConfig:
    """The scenario with a voice of its own for each agent."""
    plain = scenario()
    voices = {"greeter": "marin", "medicare": "cedar", "va": "verse"}
    agents = {
        name: replace(agent, voice=voices[name], turn_detection=turn_detection or None)
        for name, agent in plain.agents.items()
    }
    return replace(plain, agents=agents)


def activity(r: Rig) -> Activity:
    return r.session.snapshot().status.activity


@pytest.mark.parametrize(
    ("mode", "turn_detection"),
    [("server_vad", SERVER_VAD), ("semantic_vad", SEMANTIC_VAD), ("push_to_talk", None)],
)
async def test_a_line_makes_the_server_listen_and_speak(
    mode: ListenMode, turn_detection: dict[str, Any] | None
) -> None:
    async with rig([expect("session.update")]) as r:
        browser = await attach(r, mode)
        assert browser.heard[0] == Ready(mode, r.session.conversation_id)
        pcm = {"type": "audio/pcm", "rate": 24000}
        assert updates(r)[1] == {
            "type": "realtime",
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": pcm,
                    "transcription": {"model": "gpt-transcribe", "languages": ["en", "es"]},
                    "noise_reduction": {"type": "near_field"},
                    "turn_detection": turn_detection,
                },
                "output": {"format": pcm, "voice": "marin"},
            },
        }


async def test_the_agents_own_settings_are_the_base_where_the_mode_knows_them() -> None:
    own = {"type": "server_vad", "threshold": 0.7, "silence_duration_ms": 800, "interrupt_response": False}
    async with rig(
        [expect("session.update"), expect("input_audio_buffer.clear"), expect("session.update")],
        scenario_of=lambda: speaking_agents(**own),
    ) as r:
        browser = await attach(r, "server_vad")
        browser.line.set_mode("semantic_vad")
        await settle()
        first, second = (u["audio"]["input"]["turn_detection"] for u in updates(r)[1:])
        assert first == SERVER_VAD | own
        assert second == SEMANTIC_VAD | {"interrupt_response": False}
        assert browser.all(ModeChanged) == [ModeChanged("semantic_vad")]


async def test_the_end_of_a_line_makes_the_conversation_text_again() -> None:
    script: list[Any] = [listens(), expect("session.update"), *question("Hello"), says("Hi.")]
    async with rig(script) as r:
        browser = await attach(r)
        assert activity(r) is Activity.LISTENING
        await browser.line.close()
        await browser.line.close()
        await settle()
        assert updates(r)[2] == {
            "type": "realtime",
            "output_modalities": ["text"],
            "audio": {"input": {"turn_detection": None}},
        }
        assert activity(r) is Activity.IDLE
        assert browser.line.ended is not None
        assert browser.line.ended.code == 1000
        browser.say(100)
        await r.ask("Hello")


async def test_typed_text_works_while_a_line_is_open() -> None:
    async with rig([listens(), *question("Hello"), speaks(("Hi.", 300))]) as r:
        browser = await attach(r)
        await r.ask("Hello")
        assert r.rows()[1] == ("agent", "completed", "Hi.")
        assert r.turns[1].spoken
        assert not r.turns[0].spoken
        assert browser.audio_ms() == 300


async def test_a_second_line_takes_over_and_the_first_hears_no_more() -> None:
    script: list[Any] = [listens(), listens(), *question("Hello"), speaks(("Hi.", 300)), appends()]
    async with rig(script) as r:
        first = await attach(r)
        second = await attach(r)
        assert await first.ended() == (4409, "taken over")
        assert await second.ended() is None
        await r.ask("Hello")
        first.say(20)
        second.say(20)
        await r.played()
        assert first.audio_ms() == 0
        assert second.audio_ms() == 300


async def test_a_session_that_is_over_takes_no_line_and_ends_the_one_it_has() -> None:
    async with rig([listens()]) as r:
        browser = await attach(r)
        await r.session.close()
        assert await browser.ended() == (1000, "session over")
        with pytest.raises(SessionError, match="has ended"):
            r.session.attach_audio("server_vad")


async def test_a_server_that_stops_says_so_on_the_line() -> None:
    async with rig([listens()]) as r:
        browser = await attach(r)
        await r.session.close(server_stops=True)
        assert await browser.ended() == (1001, "server stops")


async def test_microphone_audio_goes_to_the_server_as_it_comes() -> None:
    async with rig([listens(), appends(), appends()]) as r:
        browser = await attach(r)
        browser.line.push(b"\x01\x00" * 480)
        browser.line.push(b"\x02\x00")
        await r.played()
        sent = [c.audio for c in r.connections[0].sent if isinstance(c, InputAudioBufferAppend)]
        assert [base64.b64decode(audio) for audio in sent] == [b"\x01\x00" * 480, b"\x02\x00"]


@pytest.mark.parametrize("size", [0, 1, 961])
async def test_half_a_sample_is_refused(size: int) -> None:
    async with rig([listens()]) as r:
        browser = await attach(r)
        with pytest.raises(ValueError, match="whole samples"):
            browser.line.push(bytes(size))


# The voice.


async def test_the_voice_is_named_before_the_first_audio_only() -> None:
    script: list[Any] = [
        listens(),
        *question("Hello"),
        speaks(("Hi.", 100)),
        expect("session.update"),
        system_item(holding="Va"),
        listens(),
    ]
    async with rig(script, scenario_of=speaking_agents) as r:
        await attach(r)
        await r.ask("Hello")
        await r.session.switch_agent("va")
        await attach(r)
        await r.played()
        voices = [u.get("audio", {}).get("output", {}).get("voice") for u in updates(r)]
        assert voices == [None, "marin", None, None]


async def test_a_handoff_never_names_a_voice_and_keeps_how_to_listen() -> None:
    script: list[Any] = [
        listens(),
        *question("Hi"),
        calls_tools(call("transfer_to_va")),
        listens(turn_detection=SERVER_VAD),
        output_item("call_1"),
        expect("response.create"),
        speaks(("I am Va.", 200), number=2),
    ]
    async with rig(script, scenario_of=speaking_agents) as r:
        await attach(r)
        await r.ask("Hi")
        update = updates(r)[2]
        assert "You are Va." in update["instructions"]
        assert "voice" not in update["audio"]["output"]


async def test_a_new_connection_is_told_the_voice_of_the_session_and_how_to_listen() -> None:
    first: list[Any] = [listens(), *question("Hello"), speaks(("Hi.", 100)), expect("session.update")]
    first += [system_item(holding="Va"), drops(1006)]
    second: list[Any] = [_seed(), _seed(), system_item(holding="interrupted"), appends()]
    async with rig(first, [refuses()], second, scenario_of=speaking_agents) as r:
        browser = await attach(r)
        await r.ask("Hello")
        await r.session.switch_agent("va")
        await r.played(0)
        browser.say(100)
        await r.clock.advance(1)
        browser.say(20)
        await r.played(2)
        (update,) = updates(r, 2)
        assert "You are Va." in update["instructions"]
        assert update["audio"]["output"]["voice"] == "marin"
        assert update["audio"]["input"]["turn_detection"] == SERVER_VAD
        assert await browser.ended() is None


def _seed() -> Any:
    return expect("conversation.item.create", item={"type": "message"})


# Push-to-talk.


def released() -> list[Any]:
    return [expect("input_audio_buffer.commit"), expect("response.create")]


async def test_push_to_talk_sends_only_what_is_said_while_the_button_is_down() -> None:
    script: list[Any] = [
        listens(),
        *[appends()] * 5,
        *released(),
        commits("item_u"),
        wrote("item_u", "Hello"),
    ]
    async with rig([*script, speaks(("Hi.", 200))]) as r:
        browser = await attach(r, "push_to_talk")
        browser.say(100)
        assert activity(r) is Activity.IDLE
        browser.line.talk(True)
        browser.line.talk(True)
        assert activity(r) is Activity.LISTENING
        browser.say(100)
        browser.line.talk(False)
        browser.line.talk(False)
        assert activity(r) is Activity.THINKING
        browser.say(100)
        await r.played()
        await r.idle()
        assert r.rows() == [("user", "completed", "Hello"), ("agent", "completed", "Hi.")]
        assert r.turns[0].id == "item_u"
        assert r.turns[0].spoken


async def test_less_than_a_tenth_of_a_second_is_cleared_with_a_word_why() -> None:
    async with rig([listens(), *[appends()] * 4, expect("input_audio_buffer.clear")]) as r:
        browser = await attach(r, "push_to_talk")
        browser.line.talk(True)
        browser.say(80)
        browser.line.talk(False)
        await r.played()
        assert "too short" in browser.all(Notice)[0].text
        assert r.rows() == []
        assert activity(r) is Activity.IDLE


async def test_a_press_stops_the_answer_that_is_being_thought_of() -> None:
    script: list[Any] = [listens(), *question("Hello"), begins("One")]
    async with rig([*script, *stopped_by_us(1)]) as r:
        browser = await attach(r, "push_to_talk")
        await r.session.send_text("Hello")
        await settle()
        browser.line.talk(True)
        await r.played()
        assert r.rows()[1] == ("agent", "interrupted", "One")


async def test_the_button_does_nothing_in_hands_free_and_says_so() -> None:
    async with rig([listens()]) as r:
        browser = await attach(r, "server_vad")
        browser.line.talk(True)
        browser.line.talk(False)
        await settle()
        assert [e.code for e in browser.all(LineError)] == ["not_push_to_talk"]


async def test_an_empty_buffer_that_the_server_refuses_to_commit_ends_the_request() -> None:
    def refuse(command: Any) -> list[ev.ServerEvent]:
        detail = ErrorDetail(
            type="invalid_request_error", code="input_audio_buffer_commit_empty", event_id=command.event_id
        )
        return [ev.Error(event_id="", error=detail)]

    script: list[Any] = [listens(), *[appends()] * 5, expect("input_audio_buffer.commit", then=refuse)]
    script += [expect("response.create"), emit(*_created(1)), *stopped_by_us(1)]
    async with rig(script) as r:
        browser = await attach(r, "push_to_talk")
        browser.line.talk(True)
        browser.say(100)
        browser.line.talk(False)
        await r.played()
        await r.idle()
        assert r.rows() == []


def _created(number: int) -> list[ev.ServerEvent]:
    return [ev.ResponseCreated(event_id="", response=Response(id=f"resp_{number}"))]


async def test_words_said_while_the_connection_is_away_are_not_sent_half() -> None:
    first: list[Any] = [listens(), *[appends()] * 5, drops(1006)]
    second: list[Any] = [appends(), expect("input_audio_buffer.clear")]
    async with rig(first, [refuses()], second) as r:
        browser = await attach(r, "push_to_talk")
        browser.line.talk(True)
        browser.say(100)
        await r.played(0)
        browser.say(100)
        await r.clock.advance(1)
        assert activity(r) is Activity.IDLE
        browser.line.talk(True)
        browser.say(20)
        browser.line.talk(False)
        await r.played(2)
        assert browser.all(Notice)


async def test_a_press_that_the_connection_did_not_outlive_is_told_when_it_ends() -> None:
    first: list[Any] = [listens(), *[appends()] * 5, drops(1006)]
    async with rig(first, []) as r:
        browser = await attach(r, "push_to_talk")
        browser.line.talk(True)
        browser.say(100)
        await r.played(0)
        await r.clock.advance(1)
        browser.say(100)
        assert browser.all(Notice) == []
        browser.line.talk(False)
        browser.line.talk(False)
        await settle()
        assert ["say it again" in notice.text for notice in browser.all(Notice)] == [True]
        assert not [turn for turn in r.turns if turn.role == "user"]


async def test_a_press_from_before_the_connection_came_back_is_no_half_turn() -> None:
    first: list[Any] = [listens(), drops(1006)]
    second: list[Any] = [*[appends()] * 10, expect("input_audio_buffer.clear")]
    async with rig(first, [refuses()], second) as r:
        browser = await attach(r, "push_to_talk")
        await r.played(0)
        browser.line.talk(True)
        browser.say(100)
        await r.clock.advance(1)
        browser.say(200)
        browser.line.talk(False)
        await r.played(2)
        assert ["say it again" in notice.text for notice in browser.all(Notice)] == [True]


async def test_a_press_while_the_connection_is_away_asks_nothing() -> None:
    async with rig([listens(), drops(1006)], [refuses()], [expect("input_audio_buffer.clear")]) as r:
        browser = await attach(r, "push_to_talk")
        await r.played(0)
        browser.line.talk(True)
        browser.say(500)
        browser.line.talk(False)
        await settle()
        assert "say it again" in browser.all(Notice)[0].text
        assert activity(r) is Activity.IDLE
        await r.clock.advance(1)
        browser.line.talk(True)
        browser.line.talk(False)
        await r.played(2)


# Mute and modes.


async def test_a_muted_microphone_is_not_listened_to() -> None:
    async with rig([listens(), appends()]) as r:
        browser = await attach(r)
        browser.line.mute(True)
        browser.say(100)
        assert activity(r) is Activity.IDLE
        browser.line.mute(False)
        browser.say(20)
        await r.played()
        assert activity(r) is Activity.LISTENING


async def test_what_was_said_before_muting_still_becomes_a_turn() -> None:
    script: list[Any] = [listens(), appends(), speech_starts("item_u"), appends(), appends(), appends()]
    script += [speech_stops("item_u", 20), commits("item_u"), wrote("item_u", "Hello"), speaks(("Hi.", 100))]
    async with rig(script) as r:
        browser = await attach(r)
        browser.say(20)
        await settle()
        browser.line.mute(True)
        browser.say(1000)
        await r.clock.advance(0.2)
        await r.clock.advance(1)
        await r.played()
        assert r.rows() == [("user", "completed", "Hello"), ("agent", "completed", "Hi.")]


async def test_silence_after_muting_ends_by_itself_when_the_server_never_hears_the_end() -> None:
    script: list[Any] = [listens(), appends(), speech_starts("item_u"), *[appends()] * 6]
    async with rig(script) as r:
        browser = await attach(r)
        browser.say(20)
        await settle()
        browser.line.mute(True)
        await r.clock.advance(60)
        assert len(r.connections[0].sent) == len(script)


async def test_changing_the_mode_forgets_what_is_half_said() -> None:
    script: list[Any] = [listens(), appends(), speech_starts("item_u"), expect("input_audio_buffer.clear")]
    script += [listens(turn_detection=None)]
    async with rig(script) as r:
        browser = await attach(r)
        browser.say(20)
        await settle()
        browser.line.set_mode("push_to_talk")
        browser.line.set_mode("push_to_talk")
        await r.played()
        assert activity(r) is Activity.IDLE
        assert browser.all(Speech) == [Speech(True)]


# What can go wrong.


@pytest.mark.parametrize(
    ("code", "param", "words"),
    [
        ("speech_not_available", None, "goes on in text"),
        ("model_not_found", "session.audio.input.transcription.model", "check TRANSCRIPTION_MODEL"),
    ],
)
async def test_a_server_without_voice_leaves_the_conversation_in_text_with_a_word_why(
    code: str, param: str | None, words: str
) -> None:
    def refuse(command: SessionUpdate) -> list[ev.ServerEvent]:
        detail = ErrorDetail(
            type="invalid_request_error",
            code=code,
            message="secret",
            param=param,
            event_id=command.event_id,
        )
        return [ev.Error(event_id="", error=detail)]

    script: list[Any] = [
        expect("session.update", then=refuse),
        expect("session.update"),
        *question("Hello"),
        says("Hi."),
    ]
    async with rig(script, allow_errors=True) as r:
        browser = await attach(r)
        assert await browser.ended() == (4503, "voice not available")
        (told,) = browser.all(LineError)
        assert told.code == code
        assert "goes on in text" in told.text and words in told.text and "secret" not in told.text
        assert updates(r)[-1]["output_modalities"] == ["text"]
        await r.ask("Hello")
        assert activity(r) is Activity.IDLE


SPEECH_IS_OFF = "Speech is off: a model file is damaged. The session goes on in text."


def server_says(code: str, message: str, event_id: str | None = None) -> Any:
    detail = ErrorDetail(type="server_error", code=code, message=message, event_id=event_id)
    return emit(ev.Error(event_id="", error=detail))


@pytest.mark.parametrize(
    ("server_is_ours", "words"), [(True, SPEECH_IS_OFF), (False, "cannot listen and speak here")]
)
async def test_speech_that_goes_away_ends_the_line_with_the_reason_and_the_conversation_goes_on_in_text(
    server_is_ours: bool, words: str
) -> None:
    script: list[Any] = [
        listens(),
        appends(),
        server_says("speech_unavailable", SPEECH_IS_OFF),
        expect("session.update", session={"output_modalities": ["text"]}),
        *question("Hello"),
        says("Hi."),
    ]
    async with rig(script, server_is_ours=server_is_ours, allow_errors=True) as r:
        browser = await attach(r)
        browser.say(20)
        assert await browser.ended() == (4503, "voice not available")
        (told,) = browser.all(LineError)
        assert words in told.text
        assert (SPEECH_IS_OFF in told.text) is server_is_ours
        assert r.session.snapshot().status.notice == ""
        assert activity(r) is Activity.IDLE
        await r.ask("Hello")
        assert r.rows()[-1] == ("agent", "completed", "Hi.")


async def test_a_press_that_nobody_could_hear_waits_for_no_answer() -> None:
    script: list[Any] = [
        listens(turn_detection=None),
        *[appends()] * 10,
        expect("input_audio_buffer.commit"),
        expect("response.create"),
        server_says("speech_unavailable", SPEECH_IS_OFF, event_id="commit"),
        expect("session.update", session={"output_modalities": ["text"]}),
    ]
    async with rig(script, server_is_ours=True, allow_errors=True) as r:
        browser = await attach(r, "push_to_talk")
        browser.line.talk(True)
        browser.say(200)
        browser.line.talk(False)
        assert await browser.ended() == (4503, "voice not available")
        assert activity(r) is Activity.IDLE
        await r.idle()


async def test_sound_that_is_left_out_because_the_server_is_busy_is_told_and_the_line_stays() -> None:
    script: list[Any] = [listens(), appends(), server_says("speech_busy", "secret")]
    async with rig(script, server_is_ours=True, allow_errors=True) as r:
        browser = await attach(r)
        browser.say(20)
        await r.played()
        assert await browser.ended() is None
        assert [notice.text for notice in browser.all(Notice)] == [
            "The server has too much to say at once: a part of the answer was left without sound."
        ]
        assert r.session.snapshot().status.notice == ""


async def test_audio_during_a_reconnect_is_dropped_and_the_line_stays() -> None:
    async with rig([listens(), appends(), drops(1006)], [refuses()], [appends()]) as r:
        browser = await attach(r)
        browser.say(20)
        await r.played(0)
        browser.say(500)
        await r.clock.advance(1)
        browser.say(20)
        await r.played(2)
        assert await browser.ended() is None


async def test_a_question_that_was_transcribed_is_asked_again_as_text_after_a_reconnect() -> None:
    first: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", "What is Part B?"), drops(1006)]
    second: list[Any] = [user_item("What is Part B?"), expect("response.create"), speaks(("Medical.", 300))]
    async with rig(first, second) as r:
        browser = await attach(r)
        await r.played(0)
        await r.clock.advance(0.5)
        await r.played(1)
        assert r.rows()[0] == ("user", "completed", "What is Part B?")
        assert r.rows()[-1] == ("agent", "completed", "Medical.")
        assert browser.audio_ms() == 300


async def test_a_question_whose_words_never_came_is_told_to_be_lost() -> None:
    async with rig([listens(), *utterance("item_u"), drops(1006)], []) as r:
        await attach(r)
        await r.played(0)
        await r.clock.advance(0.5)
        assert r.rows()[0] == ("user", "failed", "[inaudible]")
        assert "say it again" in r.rows()[1][2]
        await r.idle()


async def test_silence_of_the_server_counts_although_the_microphone_goes_on() -> None:
    first: list[Any] = [listens(), *utterance("item_u"), wrote("item_u", "Hello"), expect("response.create")]
    second: list[Any] = [user_item("Hello"), expect("response.create"), speaks(("Hi.", 100))]
    async with rig(first, second, ignoring=("input_audio_buffer.append",)) as r:
        browser = await attach(r)
        await r.clock.advance(6)
        for _ in range(29):
            browser.say(20)
            await r.clock.advance(1)
        assert not r.connections[0].closed
        browser.say(20)
        await r.clock.advance(1.1)
        await r.played(1)
        assert r.rows()[-1] == ("agent", "completed", "Hi.")


async def test_a_voice_session_is_rotated_when_nobody_speaks_and_not_before() -> None:
    fell_silent = asyncio.Event()
    script: list[Any] = [listens(), speech_starts("item_u"), Hold(fell_silent), speech_stops("item_u", 500)]
    async with rig(script, []) as r:
        browser = await attach(r)
        await r.clock.advance(60 * 60)
        assert not r.connections[0].closed
        fell_silent.set()
        await r.clock.advance(10)
        assert r.connections[0].closed
        assert await browser.ended() is None
