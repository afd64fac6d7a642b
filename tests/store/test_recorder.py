"""The queue in front of the history."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from realtime_agents.errors import StoreError
from realtime_agents.session.view import Turn
from realtime_agents.store.recorder import Recorder
from realtime_agents.store.records import ConversationHeader, UsageEntry

HEADER = ConversationHeader(id="conv_1", scenario="benefits", agent="greeter", started_at=1.0)
USER = Turn(id="u1", role="user", status="completed", text="hello")
ANSWER = Turn(id="a1", role="agent", status="in_progress", text="")
USAGE = UsageEntry(response_id="r1", agent="greeter", model="m", at=2.0)


class FakeHistory:
    """Notes every call; holds writes while ``gate`` is clear, fails while ``broken`` is set."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.writing = asyncio.Event()
        self.broken: Exception | None = None

    async def _note(self, name: str, value: object) -> None:
        self.writing.set()
        await self.gate.wait()
        if self.broken is not None:
            raise self.broken
        self.calls.append((name, value))

    async def save_conversation(self, header: ConversationHeader) -> None:
        await self._note("conversation", header.id)

    async def update_conversation(
        self, conversation_id: str, *, agent: str | None = None, ended_at: float | None = None
    ) -> bool:
        await self._note("update", agent or ended_at)
        return True

    async def save_turn(self, conversation_id: str, turn: Turn, *, previous_id: str = "") -> None:
        await self._note("turn", (turn.id, turn.text, previous_id))

    async def delete_turn(self, conversation_id: str, turn_id: str) -> None:
        await self._note("deleted", turn_id)

    async def save_usage(self, conversation_id: str, usage: UsageEntry) -> None:
        await self._note("usage", usage.response_id)


async def test_what_happened_is_written_in_order_and_the_end_is_noted() -> None:
    history = FakeHistory()
    recorder = Recorder(history, HEADER)
    recorder.record_turn(USER)
    recorder.record_agent("va")
    recorder.record_turn(replace(ANSWER, text="Hi."))
    recorder.record_usage(USAGE)
    await recorder.close(9.0)
    await recorder.close(10.0)

    assert history.calls == [
        ("conversation", "conv_1"),
        ("turn", ("u1", "hello", "")),
        ("update", "va"),
        ("turn", ("a1", "Hi.", "")),
        ("usage", "r1"),
        ("update", 9.0),
    ]


async def test_a_session_in_which_the_person_said_nothing_leaves_no_trace() -> None:
    history = FakeHistory()
    recorder = Recorder(history, HEADER)
    recorder.record_turn(replace(ANSWER, text="Welcome!", status="completed"))
    recorder.record_agent("va")
    await recorder.close(9.0)

    assert history.calls == []


async def test_versions_of_a_turn_that_wait_together_are_written_once_in_its_first_place() -> None:
    history = FakeHistory()
    history.gate.clear()
    recorder = Recorder(history, HEADER)
    recorder.record_turn(USER)
    await history.writing.wait()
    for text in ("T", "To", "Tox"):
        recorder.record_turn(replace(ANSWER, text=text), previous_id="u1" if text == "T" else "")
    recorder.record_turn(replace(USER, id="u2"))
    recorder.record_turn(replace(ANSWER, text="Toxic.", status="completed"))
    history.gate.set()
    await recorder.close(9.0)

    assert history.calls[1:4] == [
        ("turn", ("u1", "hello", "")),
        ("turn", ("a1", "Toxic.", "u1")),
        ("turn", ("u2", "hello", "")),
    ]


async def test_a_version_that_comes_while_an_earlier_one_is_being_written_is_written_too() -> None:
    history = FakeHistory()
    recorder = Recorder(history, HEADER)
    recorder.record_turn(replace(USER, text="first version"))
    history.gate.clear()
    history.writing.clear()
    await history.writing.wait()
    recorder.record_turn(replace(USER, text="second version"))
    history.gate.set()
    await recorder.close(9.0)

    assert ("turn", ("u1", "second version", "")) in history.calls


async def test_a_full_queue_drops_unfinished_turns_but_never_finished_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    history = FakeHistory()
    history.gate.clear()
    recorder = Recorder(history, HEADER, limit=2)
    for n in range(4):
        recorder.record_turn(replace(USER, id=f"u{n}"))
    recorder.record_turn(replace(ANSWER, text="half"))
    recorder.record_usage(USAGE)
    history.gate.set()
    await recorder.close(9.0)

    written = [value for name, value in history.calls if name == "turn"]
    assert written == [(f"u{n}", "hello", "") for n in range(4)]
    assert ("usage", "r1") in history.calls
    assert "queue full" in caplog.text


async def test_a_failed_write_is_told_once_and_tried_again_with_the_next_change() -> None:
    history = FakeHistory()
    history.broken = StoreError("The disk is full.")
    told: list[str] = []
    problem = asyncio.Event()

    def on_problem(notice: str) -> None:
        told.append(notice)
        problem.set()

    recorder = Recorder(history, HEADER, on_problem=on_problem)
    recorder.record_turn(USER)
    await problem.wait()
    problem.clear()
    recorder.record_turn(replace(ANSWER, text="Hi."))
    history.broken = None
    await problem.wait()
    await recorder.close(9.0)

    assert told == ["The disk is full.", ""]
    assert [value for name, value in history.calls if name == "turn"] == [
        ("u1", "hello", ""),
        ("a1", "Hi.", ""),
    ]


async def test_what_cannot_be_written_until_the_end_is_logged_as_a_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    history = FakeHistory()
    recorder = Recorder(history, HEADER)
    recorder.record_turn(USER)
    history.broken = StoreError("The disk is full.")
    await recorder.close(9.0)
    assert "not wholly saved" in caplog.text
    assert "hello" not in caplog.text


async def test_a_bug_in_the_store_does_not_end_the_recorder(caplog: pytest.LogCaptureFixture) -> None:
    history = FakeHistory()
    history.broken = RuntimeError("unexpected")
    told: list[str] = []
    problem = asyncio.Event()

    def on_problem(notice: str) -> None:
        told.append(notice)
        problem.set()

    recorder = Recorder(history, HEADER, on_problem=on_problem)
    recorder.record_turn(USER)
    await problem.wait()
    history.broken = None
    await recorder.close(9.0)

    assert told == ["This conversation could not be saved; the server's log says why.", ""]
    assert ("turn", ("u1", "hello", "")) in history.calls


async def test_nothing_is_recorded_after_close() -> None:
    history = FakeHistory()
    recorder = Recorder(history, HEADER)
    await recorder.close(9.0)
    recorder.record_turn(USER)

    assert history.calls == []


SPEECH = replace(USER, status="in_progress", text="", spoken=True)


async def test_speech_begins_a_conversation_only_once_its_words_are_known_and_keeps_its_place() -> None:
    history = FakeHistory()
    recorder = Recorder(history, HEADER)
    recorder.record_turn(SPEECH)
    recorder.record_turn(replace(ANSWER, text="Hi.", status="completed"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert history.calls == []
    assert not recorder.has_begun
    recorder.record_turn(replace(SPEECH, text="hello", status="completed"))
    await recorder.close(9.0)
    assert recorder.has_begun
    assert history.calls[1:3] == [("turn", ("u1", "hello", "")), ("turn", ("a1", "Hi.", ""))]


async def test_noise_that_was_never_written_leaves_no_conversation() -> None:
    history = FakeHistory()
    recorder = Recorder(history, HEADER)
    recorder.record_turn(SPEECH)
    recorder.forget_turn("u1")
    await recorder.close(9.0)
    assert history.calls == []


async def test_noise_that_was_written_already_is_taken_out() -> None:
    history = FakeHistory()
    recorder = Recorder(history, HEADER)
    recorder.record_turn(replace(USER, id="u0"))
    recorder.record_turn(SPEECH)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(history.calls) == 3
    recorder.forget_turn("u1")
    await recorder.close(9.0)
    assert [call for call in history.calls if call[0] in ("turn", "deleted")][1:] == [
        ("turn", ("u1", "", "")),
        ("deleted", "u1"),
    ]
