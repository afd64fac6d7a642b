"""The history contract, on SQLite and (when TEST_DATABASE_URL names one) on PostgreSQL."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from realtime_agents.errors import StoreError
from realtime_agents.session.view import Citation, Handoff, TimelineMark, ToolRow, Turn, TurnMetrics
from realtime_agents.store.history import HistoryStore
from realtime_agents.store.recordings import RecordingFiles
from realtime_agents.store.records import ConversationHeader, UsageEntry

CITATION = Citation(
    n=1, passage_id="va/pact#2", document_id="va/pact", title="PACT Act", section="Who is covered",
    url="https://example.org/pact", as_of="2026-01", quote="Toxic exposure is covered.",
)  # fmt: skip
ANSWER = Turn(
    id="item_2",
    role="agent",
    status="completed",
    text="Toxic exposure is covered [1].",
    agent="va",
    at=12.5,
    citations=(CITATION,),
    metrics=TurnMetrics(input_tokens=10, output_tokens=5, cached_tokens=4, first_token_ms=120, total_ms=900),
    abstained=False,
)
TOOL = Turn(
    id="call_1",
    role="tool",
    status="completed",
    agent="va",
    at=12.0,
    tool=ToolRow(
        call_id="call_1",
        name="search",
        arguments='{"q": "pact"}',
        status="completed",
        summary="6 passages",
        duration_ms=42,
    ),
)
HANDOFF = Turn(
    id="handoff_1", role="handoff", status="completed", at=11.0, handoff=Handoff(source="greeter", target="va", reason="asks about the PACT Act")
)  # fmt: skip


def user(text: str, *, turn_id: str = "item_1", at: float = 10.0) -> Turn:
    return Turn(id=turn_id, role="user", status="completed", text=text, at=at)


def new_id() -> str:
    return f"conv_{uuid.uuid4().hex}"


def postgres_url() -> str:
    return os.environ.get("TEST_DATABASE_URL", "")


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql",
            marks=pytest.mark.skipif(
                not postgres_url(), reason="TEST_DATABASE_URL names no PostgreSQL database"
            ),
        ),
    ]
)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[HistoryStore]:
    url = f"sqlite:///{tmp_path / 'history.db'}" if request.param == "sqlite" else postgres_url()
    history = HistoryStore(url)
    await history.open()
    for left_over in await history.list_conversations(limit=1000):
        await history.delete(left_over.id)
    yield history
    await history.close()


async def begin(store: HistoryStore, *, at: float = 1.0, conversation_id: str = "") -> str:
    conversation_id = conversation_id or new_id()
    await store.save_conversation(
        ConversationHeader(id=conversation_id, scenario="benefits", agent="greeter", started_at=at)
    )
    return conversation_id


async def test_a_conversation_comes_back_as_it_was_saved(store: HistoryStore) -> None:
    conversation = await begin(store)
    turns = (user("What does the PACT Act cover?"), HANDOFF, TOOL, ANSWER)
    for turn in turns:
        await store.save_turn(conversation, turn)
    usage = UsageEntry(
        response_id="resp_1", agent="va", model="m", at=12.4, input_text_tokens=10, cached_text_tokens=4
    )
    await store.save_usage(conversation, usage)

    record = await store.load(conversation)

    assert record is not None
    assert record.turns == turns
    assert record.usage == (usage,)
    assert record.summary.title == "What does the PACT Act cover?"
    assert (record.summary.turns, record.summary.updated_at, record.summary.ended_at) == (4, 12.5, None)


async def test_saving_a_turn_twice_replaces_it_and_keeps_its_place(store: HistoryStore) -> None:
    conversation = await begin(store)
    await store.save_turn(conversation, user("first"))
    await store.save_turn(conversation, replace(ANSWER, text="", status="in_progress"))
    await store.save_turn(conversation, user("second", turn_id="item_3"))
    await store.save_turn(conversation, ANSWER)
    await store.save_turn(conversation, ANSWER)

    record = await store.load(conversation)

    assert record is not None
    assert [t.text for t in record.turns] == ["first", ANSWER.text, "second"]


async def test_a_turn_that_belongs_earlier_is_placed_after_its_predecessor(store: HistoryStore) -> None:
    conversation = await begin(store)
    for n in (1, 2, 3):
        await store.save_turn(conversation, user(f"message {n}", turn_id=f"item_{n}"))
    await store.save_turn(conversation, user("late", turn_id="late"), previous_id="item_1")
    await store.save_turn(conversation, user("later", turn_id="later"), previous_id="nobody knows")

    record = await store.load(conversation)

    assert record is not None
    assert [t.id for t in record.turns] == ["item_1", "late", "item_2", "item_3", "later"]


async def test_the_same_turn_id_in_two_conversations_stays_apart(store: HistoryStore) -> None:
    one, two = await begin(store), await begin(store)
    await store.save_turn(one, user("in one"))
    await store.save_turn(two, user("in two"))

    records = [await store.load(one), await store.load(two)]

    assert [r.turns[0].text for r in records if r] == ["in one", "in two"]


async def test_a_turn_of_a_deleted_conversation_is_refused_in_words(store: HistoryStore) -> None:
    conversation = await begin(store)
    await store.save_turn(conversation, user("soon gone"))
    await store.save_turn(conversation, TOOL)
    await store.save_usage(conversation, UsageEntry(response_id="r", agent="va", model="m", at=1.0))

    assert await store.delete(conversation)
    assert not await store.delete(conversation)
    assert await store.load(conversation) is None
    assert not await store.update_conversation(conversation, agent="va")
    with pytest.raises(StoreError, match="deleted"):
        await store.save_turn(conversation, ANSWER)


async def test_search_finds_words_in_titles_and_answers_whatever_their_case(store: HistoryStore) -> None:
    pact, costs = await begin(store, at=1.0), await begin(store, at=2.0)
    await store.save_turn(pact, user("What is the PACT Act?"))
    await store.save_turn(pact, ANSWER)
    await store.save_turn(costs, user("What does Part B cost, 100% of it?"))

    async def found(search: str) -> list[str]:
        return [c.id for c in await store.list_conversations(search)]

    assert await found("") == [pact, costs]
    assert await found("pact TOXIC") == [pact]
    assert await found("pact cost") == []
    assert await found("100%") == [costs]
    assert await found("1_0") == []


async def test_a_search_of_any_size_is_answered(store: HistoryStore) -> None:
    pact = await begin(store, at=1.0)
    await store.save_turn(pact, user("What is the PACT Act?"))
    assert [c.id for c in await store.list_conversations("pact " * 5_000)] == [pact]
    assert await store.list_conversations("x" * 200_000) == []


async def test_conversations_are_listed_newest_first_page_by_page(store: HistoryStore) -> None:
    ids = [await begin(store, at=float(n), conversation_id=new_id()) for n in range(5)]

    first = await store.list_conversations(limit=2)
    second = await store.list_conversations(limit=2, offset=2)

    assert [c.id for c in first + second] == ids[:0:-1]


async def test_agent_and_end_are_updated_and_kept_when_the_header_is_saved_again(store: HistoryStore) -> None:
    conversation = await begin(store)
    await store.save_turn(conversation, user("hello"))
    assert await store.update_conversation(conversation, agent="va", ended_at=99.0)
    await begin(store, conversation_id=conversation)

    record = await store.load(conversation)

    assert record is not None
    assert (record.summary.title, record.summary.ended_at) == ("hello", 99.0)


async def test_text_that_no_database_takes_is_made_storable(store: HistoryStore) -> None:
    conversation = await begin(store)
    await store.save_turn(conversation, user("nul \x00 and half a smiley \ud83d"))

    record = await store.load(conversation)

    assert record is not None
    assert record.turns[0].text == "nul  and half a smiley ?"


async def test_turns_left_in_progress_by_a_dead_process_are_interrupted_at_the_next_open(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'history.db'}"
    before = HistoryStore(url)
    await before.open()
    conversation = await begin(before)
    await before.save_turn(conversation, replace(ANSWER, status="in_progress", text="Toxic exp"))
    await before.close()

    after = HistoryStore(url)
    await after.open()
    record = await after.load(conversation)
    await after.close()

    assert record is not None
    assert (record.turns[0].status, record.turns[0].text) == ("interrupted", "Toxic exp")


async def test_a_store_that_is_not_open_says_so_and_close_may_be_called_twice(tmp_path: Path) -> None:
    store = HistoryStore(f"sqlite:///{tmp_path / 'history.db'}")
    with pytest.raises(StoreError, match="not open"):
        await store.list_conversations()
    await store.open()
    await store.open()
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="not open"):
        await store.load("any")


SPOKEN = replace(
    ANSWER,
    id="item_9",
    status="interrupted",
    spoken=True,
    heard_chars=14,
    metrics=TurnMetrics(first_audio_ms=640, total_ms=900),
    timeline=(
        TimelineMark(name="speech_end", at_ms=0),
        TimelineMark(name="tool:search_knowledge", at_ms=120, duration_ms=180),
        TimelineMark(name="first_audio_heard", at_ms=640),
    ),
)


async def test_a_spoken_turn_comes_back_with_what_was_heard_and_how_its_time_was_spent(
    store: HistoryStore,
) -> None:
    conversation = await begin(store)
    said = replace(user("What is the PACT Act?"), spoken=True)
    for turn in (said, SPOKEN):
        await store.save_turn(conversation, turn)
    record = await store.load(conversation)
    assert record is not None
    assert record.turns == (said, SPOKEN)
    assert not record.recorded


async def test_what_was_heard_is_counted_in_the_text_as_it_is_stored(store: HistoryStore) -> None:
    conversation = await begin(store)
    await store.save_turn(conversation, replace(SPOKEN, text="a\x00b cd ef", heard_chars=6))
    record = await store.load(conversation)
    assert record is not None
    (turn,) = record.turns
    assert turn.text[: turn.heard_chars] == "ab cd"


async def test_a_turn_that_was_none_is_taken_out_and_later_ones_stay_in_order(store: HistoryStore) -> None:
    conversation = await begin(store)
    for turn in (user("one"), TOOL, user("noise", turn_id="item_3"), ANSWER):
        await store.save_turn(conversation, turn)
    await store.delete_turn(conversation, "item_3")
    await store.delete_turn(conversation, TOOL.id)
    await store.delete_turn(conversation, "item_of_nobody")
    await store.save_turn(conversation, user("two", turn_id="item_4"))
    await store.save_turn(conversation, user("between", turn_id="item_5"), previous_id="item_1")
    record = await store.load(conversation)
    assert record is not None
    assert [t.text for t in record.turns] == ["one", "between", ANSWER.text, "two"]


async def test_what_could_not_be_heard_gives_no_title(store: HistoryStore) -> None:
    conversation = await begin(store)
    await store.save_turn(conversation, replace(user("[inaudible]"), status="failed"))
    await store.save_turn(conversation, replace(user("", turn_id="item_2"), status="in_progress"))
    await store.save_turn(conversation, user("What is Part B?", turn_id="item_3"))
    record = await store.load(conversation)
    assert record is not None
    assert record.summary.title == "What is Part B?"


async def test_a_recording_is_told_and_goes_with_its_conversation(tmp_path: Path) -> None:
    files = RecordingFiles(tmp_path / "recordings")
    files.folder.mkdir()
    history = HistoryStore(f"sqlite:///{tmp_path / 'history.db'}", files)
    await history.open()
    kept, deleted = await begin(history), await begin(history)
    for conversation in (kept, deleted):
        files.path(conversation).write_bytes(b"RIFF")
    record = await history.load(deleted)
    assert record is not None
    assert record.recorded
    assert await history.delete(deleted)
    assert not await history.delete("conv_of_nobody")
    assert files.find(deleted) is None
    assert files.find(kept) is not None
    await history.close()


@pytest.mark.parametrize("name", ["", "../history", "a/b", "conv_1.wav", "c" * 81, "conv\x00"])
def test_only_ids_name_a_recording(tmp_path: Path, name: str) -> None:
    files = RecordingFiles(tmp_path)
    assert files.find(name) is None
    files.delete(name)
    with pytest.raises(ValueError, match="id of a conversation"):
        files.path(name)
