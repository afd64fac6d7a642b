"""One suite for a session that listens and speaks: on a script, and on the local engine over its socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from realtime_agents.engine.server import running_engine
from realtime_agents.session.clock import SystemClock
from realtime_agents.session.line_messages import (
    VOICE_REFUSED,
    Flush,
    ItemEnds,
    LineError,
    ListenMode,
    Speech,
)
from realtime_agents.session.openai_upstream import OpenAIUpstream
from realtime_agents.session.session import Session
from realtime_agents.session.view import Activity, SessionSnapshot, Turn, Update
from tests.engine.wire import word_engine
from tests.support.oracle import check_command
from tests.support.scripted import rig, settle
from tests.support.scripted_speech import ScriptedSpeech, noise, said, silence
from tests.support.scripted_upstream import Hold, expect
from tests.support.spoken import (
    Browser,
    commits,
    listens,
    speaks,
    speech_starts,
    speech_stops,
    wrote,
)

LIMIT_S = 10.0
FRAME = 960


@dataclass
class Scene:
    """A session with somebody who listens."""

    session: Session
    browser: Browser
    hear: Callable[[str, bytes], Awaitable[None]]
    """The person says something: its words, and its sound."""

    async def until(self, fits: Callable[[tuple[Turn, ...]], bool]) -> tuple[Turn, ...]:
        """Wait until the rows fit."""
        async with asyncio.timeout(LIMIT_S), self.session.subscribe() as updates:
            async for update in updates:
                if fits(rows := _rows(self.session, update)):
                    return rows
        raise AssertionError("the session ended")

    async def sounded(self, ms: int) -> None:
        """Wait for so much of the first answer's sound."""
        async with asyncio.timeout(LIMIT_S):
            await self.browser.until(lambda: self.browser.audio_ms() >= ms)

    async def told(self, kind: type[Any]) -> Any:
        """Wait for a message on the line."""
        async with asyncio.timeout(LIMIT_S):
            await self.browser.until(lambda: bool(self.browser.all(kind)))
        return self.browser.all(kind)[-1]


def _rows(session: Session, update: Update) -> tuple[Turn, ...]:
    return update.turns if isinstance(update, SessionSnapshot) else session.snapshot().turns


def answered(rows: tuple[Turn, ...]) -> bool:
    return bool(rows) and rows[-1].role == "agent" and rows[-1].status == "completed"


async def _on_script(mode: ListenMode) -> AsyncIterator[Scene]:
    heard = asyncio.Event()
    again = asyncio.Event()
    by_voice = [Hold(heard), speech_starts("item_u"), speech_stops("item_u", 900), commits("item_u")]
    by_button = [expect("input_audio_buffer.commit"), expect("response.create"), commits("item_u")]
    script: list[Any] = [listens(), *(by_button if mode == "push_to_talk" else by_voice)]
    script += [wrote("item_u", "hello"), speaks(("Hello, ", 2000), ("how can I help?", 2000))]
    barges = [Hold(again), speech_starts("item_v"), expect("conversation.item.truncate")]
    barges += [
        speech_stops("item_v", 3000),
        commits("item_v", "item_answer_1"),
        wrote("item_v", "stop please"),
    ]
    script += [*barges, speaks(("Yes.", 300), number=2)] if mode == "server_vad" else []

    async with rig(script, ignoring=("input_audio_buffer.append",)) as r:
        browser = Browser(r.session.attach_audio(mode))

        async def hear(_words: str, pcm: bytes) -> None:
            push(browser, pcm)
            (again if heard.is_set() else heard).set()

        yield Scene(r.session, browser, hear)


async def _on_engine(mode: ListenMode, speech: ScriptedSpeech | None = None) -> AsyncIterator[Scene]:
    sent: list[Any] = []

    class Watched(OpenAIUpstream):
        async def send(self, command: Any) -> None:
            sent.append(command)
            await super().send(command)

    engine = word_engine(speech=speech or ScriptedSpeech())
    async with rig(start=False, allow_errors=speech is not None) as r, running_engine(engine) as url:
        parts = replace(
            r.parts,
            upstream=lambda: Watched(base_url=url, api_key="any", model="local-engine"),
            clock=SystemClock(),
            server_is_ours=True,
        )
        session = Session(parts)
        await session.start()
        browser = Browser(session.attach_audio(mode))

        async def hear(_words: str, pcm: bytes) -> None:
            push(browser, pcm)

        try:
            yield Scene(session, browser, hear)
        finally:
            await session.close()
    for command in sent:
        check_command(command)


def push(browser: Browser, pcm: bytes) -> None:
    for at in range(0, len(pcm), FRAME):
        browser.line.push(pcm[at : at + FRAME])


SCENES = {"a script": _on_script, "the local engine": _on_engine}


@pytest.fixture(params=list(SCENES))
def scene_of(request: pytest.FixtureRequest) -> Callable[[ListenMode], AsyncIterator[Scene]]:
    return SCENES[request.param]


HELLO = silence(400) + said("hello") + silence(700)
STOP = silence(200) + said("stop please now") + silence(700)


async def test_a_spoken_question_is_answered_aloud(scene_of: Any) -> None:
    async for scene in scene_of("server_vad"):
        await scene.hear("hello", HELLO)
        rows = await scene.until(answered)
        assert rows[0].role == "user"
        assert rows[0].text.lower().startswith("hello")
        assert all(row.spoken for row in rows)
        ended = await scene.told(ItemEnds)
        assert scene.browser.audio_ms() == ended.total_ms
        assert scene.browser.marks()[-1][1] == len(rows[-1].text.split())
        assert scene.browser.marks() == sorted(scene.browser.marks())
        assert {mark.name for mark in rows[-1].timeline} >= {
            "speech_end",
            "vad",
            "commit",
            "first_audio_sent",
        }
        assert [speech.on for speech in scene.browser.all(Speech)] == [True, False]
        if "item_u" in [row.id for row in rows]:
            await _finish_script(scene)


async def test_speech_into_an_answer_cuts_it_where_it_was_heard(scene_of: Any) -> None:
    async for scene in scene_of("server_vad"):
        await scene.hear("hello", HELLO)
        await scene.until(answered)
        await scene.told(ItemEnds)
        item = scene.browser.items()[0][1]
        scene.browser.line.played(item, 150)
        await scene.hear("stop please now", STOP)
        assert (await scene.told(Flush)).reason == "barge_in"
        scene.browser.line.flushed(item, 200)
        rows = await scene.until(lambda rows: len(rows) >= 4 and answered(rows))
        cut = rows[1]
        assert cut.status == "interrupted"
        assert cut.heard_chars is not None
        assert 0 <= cut.heard_chars < len(cut.text)
        assert "conversation.item.truncated" in [row.type for row in scene.session.event_log()]
        assert "error" not in [row.type for row in scene.session.event_log()]


async def test_push_to_talk_commits_and_asks_by_itself(scene_of: Any) -> None:
    async for scene in scene_of("push_to_talk"):
        scene.browser.line.talk(True)
        await scene.hear("hello", HELLO)
        scene.browser.line.talk(False)
        rows = await scene.until(answered)
        assert rows[0].text.lower().startswith("hello")
        types = [row.type for row in scene.session.event_log() if row.direction == "client"]
        assert types[-2:] == ["input_audio_buffer.commit", "response.create"]


async def _finish_script(scene: Scene) -> None:
    """Play the rest of the script, which must not be left over."""
    item = scene.browser.items()[0][1]
    scene.browser.line.played(item, 100)
    await scene.hear("stop", b"\0\0")
    await scene.told(Flush)
    scene.browser.line.flushed(item, 100)
    await scene.until(lambda rows: len(rows) >= 4 and answered(rows))


async def test_noise_leaves_no_row_on_the_local_engine() -> None:
    async for scene in _on_engine("server_vad"):
        await scene.hear("", silence(400) + noise(400) + silence(700))
        await scene.told(Speech)
        await scene.hear("hello", HELLO)
        rows = await scene.until(answered)
        assert [row.role for row in rows] == ["user", "agent"]


async def test_an_answer_that_the_local_engine_hears_itself_say_goes_on() -> None:
    async for scene in _on_engine("server_vad"):
        await scene.hear("hello", HELLO)
        whole = (await scene.until(answered))[1].text
        await scene.told(ItemEnds)
        item, heard_ms = scene.browser.items()[0][1], 900
        scene.browser.line.played(item, heard_ms)
        await scene.hear("I can help", silence(200) + said("I can help with") + silence(700))
        await scene.told(Flush)
        scene.browser.line.flushed(item, heard_ms)
        rows = await scene.until(lambda rows: len(rows) == 3 and answered(rows))
        assert [row.role for row in rows] == ["user", "agent", "agent"]
        assert f"{rows[1].text} {rows[2].text}" == whole


async def test_an_answer_that_an_echo_stopped_in_the_middle_is_given_by_the_local_engine() -> None:
    speech = ScriptedSpeech()
    speech.free_sentences = 3
    async for scene in _on_engine("server_vad", speech):
        await scene.hear("hello", HELLO)
        await scene.sounded(1_500)
        item, heard_ms = scene.browser.items()[0][1], 900
        scene.browser.line.played(item, heard_ms)
        await scene.hear("I can help", silence(200) + said("I can help") + silence(700))
        await scene.told(Flush)
        scene.browser.line.flushed(item, heard_ms)
        speech.free_sentences = None
        speech.speaking.set()
        rows = await scene.until(lambda rows: len(rows) == 3 and answered(rows))
        assert [row.role for row in rows] == ["user", "agent", "agent"]
        assert rows[1].text.startswith("Hello") and not rows[2].text.startswith("Hello")
        assert f"{rows[1].text} {rows[2].text}".count("Hello") == 1
        assert rows[2].text.endswith("What would you like to know?")


async def test_typed_text_goes_on_to_work_on_the_local_engine_after_the_line_has_ended() -> None:
    async for scene in _on_engine("server_vad"):
        await scene.hear("hello", HELLO)
        await scene.until(answered)
        await scene.browser.line.close()
        await scene.session.send_text("Hello again")
        rows = await scene.until(lambda rows: len(rows) == 4 and answered(rows))
        assert not rows[3].spoken


@pytest.mark.parametrize("mode", ["server_vad", "push_to_talk"])
async def test_a_missing_speech_model_of_the_local_engine_is_told_each_time_and_typing_works(
    mode: ListenMode,
) -> None:
    why = "Speech is off: the file 'tokenizer.bin' is not the expected one."
    async for scene in _on_engine(mode, ScriptedSpeech(problem=why)):
        for again in (False, True):
            browser = Browser(scene.session.attach_audio(mode)) if again else scene.browser
            async with asyncio.timeout(LIMIT_S):
                await browser.line.wait_ended()
            await settle()
            assert browser.line.ended == VOICE_REFUSED
            assert browser.all(LineError) == [
                LineError("speech_unavailable", f"{why} The session goes on in text.")
            ]
        await scene.session.send_text("Hello")
        rows = await scene.until(answered)
        assert [row.role for row in rows] == ["user", "agent"]
        assert not rows[-1].spoken
        assert scene.session.snapshot().status.notice == ""
        assert scene.session.snapshot().status.activity is Activity.IDLE
