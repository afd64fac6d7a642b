"""Recording: both sides in one file, in time with one another, whole at any moment."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from realtime_agents.errors import SessionError
from realtime_agents.protocol.pcm import ms_to_bytes
from realtime_agents.session import recording as recording_module
from realtime_agents.session.recording import MAX_UNWRITTEN_S, Recording
from realtime_agents.session.wav_file import HEADER_BYTES, WavFile, interleave
from realtime_agents.store.recordings import RecordingFiles
from tests.support.scripted import FakeClock, Rig, question, rig, settle
from tests.support.scripted_events import spoken_answer
from tests.support.scripted_upstream import Hold, emit, expect
from tests.support.spoken import attach, listens, speaks, speech_starts, stopped_by_server

PERSON, AGENT = b"\x01\x00", b"\x02\x00"


def sound(sample: bytes, ms: int) -> bytes:
    return sample * (ms_to_bytes(ms) // 2)


def read(path: Path) -> tuple[list[int], list[int]]:
    """The two channels of a recording, one value per 10 ms."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 24000)
        frames = file.readframes(file.getnframes())
    left = [frames[at] for at in range(0, len(frames), 4 * 240)]
    right = [frames[at + 2] for at in range(0, len(frames), 4 * 240)]
    return left, right


def spans(channel: list[int]) -> list[tuple[int, int]]:
    """Where a channel is not silent: (begin, end) in ms."""
    found: list[tuple[int, int]] = []
    for at, value in enumerate(channel):
        if not value:
            continue
        if found and found[-1][1] == at * 10:
            found[-1] = (found[-1][0], at * 10 + 10)
        else:
            found.append((at * 10, at * 10 + 10))
    return found


async def written(recording: Recording) -> None:
    """Wait for the thread that writes."""
    async with recording._writing:
        pass
    await settle()


class Studio:
    """A recording, a clock and a list of how it ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.ended: list[str] = []
        self.recording = Recording(path, self.clock, on_ended=self.ended.append)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, a tenth of a second after the other; what is written in between is written."""
        for _ in range(round(seconds * 10)):
            await self.clock.advance(0.1)
            await written(self.recording)


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    made = Studio(tmp_path / "recordings" / "conv_1.wav")
    await made.recording.open()
    yield made
    await made.recording.close()


def test_two_channels_become_one_stream() -> None:
    assert interleave(b"\x01\x02\x03\x04", b"\x0a\x0b\x0c\x0d") == b"\x01\x02\x0a\x0b\x03\x04\x0c\x0d"
    assert interleave(b"", b"") == b""


async def test_both_sides_stand_where_they_were_heard(studio: Studio) -> None:
    await studio.pass_time(1.0)
    studio.recording.on_person(sound(PERSON, 500))  # said from 0.5 to 1.0
    await studio.pass_time(1.0)
    studio.recording.on_agent(sound(AGENT, 300))  # heard from 1.7 to 2.0
    await studio.pass_time(1.0)
    await studio.recording.close()
    left, right = read(studio.path)
    assert spans(left) == [(500, 1000)]
    assert spans(right) == [(1700, 2000)]
    assert len(left) == 300


async def test_frames_that_come_unevenly_join_without_gaps(studio: Studio) -> None:
    await studio.pass_time(0.1)
    for wait in (0.1, 0.1, 0.2, 0.0, 0.1, 0.1):
        await studio.clock.advance(wait)
        studio.recording.on_person(sound(PERSON, 100))
    await studio.recording.close()
    assert spans(read(studio.path)[0]) == [(100, 700)]


async def test_the_file_is_whole_while_it_is_written_and_after_a_crash(studio: Studio) -> None:
    for _ in range(30):
        await studio.pass_time(0.1)
        studio.recording.on_person(sound(PERSON, 100))
    left, _ = read(studio.path)  # as it is now, without a close
    assert len(left) * 10 >= 1000
    assert spans(left) == [(0, len(left) * 10)]


async def test_a_half_written_end_is_cut_off_and_the_recording_goes_on(studio: Studio) -> None:
    await studio.pass_time(2.0)
    studio.recording.on_person(sound(PERSON, 1000))
    await studio.recording.close()
    with studio.path.open("ab") as file:
        file.write(b"\x01\x02\x03")
    again = Studio(studio.path)
    await again.recording.open()
    await again.pass_time(1.0)
    again.recording.on_agent(sound(AGENT, 500))
    await again.recording.close()
    left, right = read(studio.path)
    assert spans(left) == [(1000, 2000)]
    assert spans(right) == [(2500, 3000)]


async def test_a_long_silence_costs_no_memory(studio: Studio) -> None:
    await studio.pass_time(20)
    assert len(studio.recording._person._pcm) == 0
    studio.recording.on_person(sound(PERSON, 100))
    assert len(studio.recording._person._pcm) <= ms_to_bytes(2200)
    await studio.recording.close()
    assert spans(read(studio.path)[0]) == [(19_900, 20_000)]


async def test_sound_that_comes_all_at_once_does_not_run_ahead_of_the_other_side(studio: Studio) -> None:
    await studio.pass_time(1.0)
    for _ in range(100):
        studio.recording.on_person(sound(PERSON, 100))
    await studio.recording.close()
    assert len(read(studio.path)[0]) * 10 <= 2200


async def test_closing_twice_and_pushing_after_it_are_harmless(studio: Studio) -> None:
    await studio.pass_time(1.0)
    await studio.recording.close()
    await studio.recording.close()
    studio.recording.on_person(sound(PERSON, 100))
    assert len(read(studio.path)[0]) == 100
    assert studio.ended == []


async def test_a_disk_that_fails_ends_the_recording_with_a_word(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: WavFile, _frames: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(WavFile, "append", full)
    await studio.pass_time(3.0)
    assert len(studio.ended) == 1
    assert "disk" in studio.ended[0]
    studio.recording.on_person(sound(PERSON, 100))
    await studio.recording.close()


async def test_a_disk_that_hangs_ends_the_recording_and_memory_stays_bounded(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.pass_time(1.0)
    async with studio.recording._writing:  # a write that does not come back
        for _ in range(600):
            await studio.clock.advance(0.1)
            studio.recording.on_person(sound(PERSON, 100))
        assert len(studio.recording._person._pcm) <= ms_to_bytes((MAX_UNWRITTEN_S + 1) * 1000)
    await studio.pass_time(1.5)
    assert len(studio.ended) == 1
    assert "too slow" in studio.ended[0]


async def test_a_recording_has_an_end(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "MAX_S", 3)
    await studio.pass_time(10)
    assert len(studio.ended) == 1
    assert 300 <= len(read(studio.path)[0]) <= 400


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SessionError, match="cannot be written"):
        await Recording(tmp_path / "file" / "conv.wav", FakeClock(), on_ended=print).open()


# In a session.


def recorded(r: Rig) -> bool:
    return r.session.snapshot().status.recording


async def test_a_session_records_what_the_person_said_and_what_was_really_heard(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path)
    go = asyncio.Event()
    said = spoken_answer("resp_1", "item_answer_1", [("one two three", 5000)], sample=AGENT)
    script: list[Any] = [listens(), *question("Count"), emit(*said[:6]), Hold(go)]
    script += [speech_starts("item_u"), stopped_by_server(), expect("conversation.item.truncate")]
    async with rig(script, recordings=files, ignoring=("input_audio_buffer.append",)) as r:
        browser = await attach(r)
        assert not recorded(r)
        await r.session.record(True)
        await r.session.record(True)
        assert recorded(r)
        await r.session.send_text("Count")
        await settle()
        for at in range(1, 11):
            await r.clock.advance(0.1)
            browser.line.push(sound(PERSON, 100))
            browser.line.played("item_answer_1", at * 100)
        go.set()
        await settle()
        browser.line.flushed("item_answer_1", 1050)
        await r.clock.advance(0.5)
        await r.session.record(False)
        assert not recorded(r)
        browser.line.push(sound(PERSON, 100))
        left, right = read(files.path(r.session.conversation_id))
    assert spans(left) == [(0, 1000)]
    assert [(begin, end) for begin, end in spans(right)] == [(0, 1050)]
    assert files.find(r.session.conversation_id) is not None


async def test_the_end_of_the_session_ends_the_recording_and_keeps_it(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path)
    async with rig([listens(), *question("Hi"), speaks(("Hello.", 300))], recordings=files) as r:
        browser = await attach(r)
        await r.session.record(True)
        await r.ask("Hi")
        await r.clock.advance(0.3)
        browser.line.played("item_answer_1", 300)
    found = files.find(r.session.conversation_id)
    assert found is not None
    assert found.stat().st_size == HEADER_BYTES + 2 * ms_to_bytes(300)


async def test_a_conversation_in_which_nobody_said_anything_leaves_no_recording(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path)
    async with rig([listens()], recordings=files) as r:
        await attach(r)
        await r.session.record(True)
    assert files.find(r.session.conversation_id) is None


async def test_a_session_that_keeps_nothing_does_not_record() -> None:
    async with rig([]) as r:
        with pytest.raises(SessionError, match="cannot be recorded"):
            await r.session.record(True)
        await r.session.record(False)
        assert not recorded(r)


async def test_a_recording_that_ends_by_itself_takes_the_sign_away_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_module, "MAX_S", 1)
    async with rig([], recordings=RecordingFiles(tmp_path)) as r:
        await r.session.record(True)
        recording = r.session._stage.recording._recording
        assert recording is not None
        for _ in range(40):
            await r.clock.advance(0.1)
            await written(recording)
        status = r.session.snapshot().status
        assert not status.recording
        assert "recording ended" in status.notice
