"""The embedded store: what the port does not promise but this one does, and how it fails."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from realtime_agents.embedding import Embedder
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import rows, schema
from realtime_agents.knowledge.database import Database
from realtime_agents.knowledge.index import StoredPassage
from realtime_agents.knowledge.port import Document, Query
from realtime_agents.knowledge.searching import WORKERS
from realtime_agents.knowledge.sqlite_index import SqliteIndex
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.knowledge.vectors import VectorHit
from tests.knowledge.fakes import BrokenEmbedder, HashEmbedder, HeldEmbedder, StuckEmbedder, no_embedder

Opener = Callable[..., EmbeddedKnowledgeBase]

PAGE = Document(
    id="flag",
    title="Burial flags",
    collection="va",
    text="# Burial flags\nA flag drapes the casket.\n\n## Who gets it\nThe next of kin keeps the flag.",
)
LONG = Document(
    id="long",
    title="Long page",
    collection="va",
    text=" ".join(f"Sentence {n} tells about topic{n} in a few plain words." for n in range(40)),
)


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opener]:
    """Makes knowledge bases on one file and closes them."""
    made: list[EmbeddedKnowledgeBase] = []

    def make(
        factory: Callable[[], Embedder] = HashEmbedder, name: str = "knowledge.db"
    ) -> EmbeddedKnowledgeBase:
        made.append(EmbeddedKnowledgeBase(tmp_path / name, factory))
        return made[-1]

    yield make
    for kb in made:
        await kb.close()


def statement(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        found = connection.execute(sql).fetchall()
        connection.commit()
        return found
    finally:
        connection.close()


def set_aside(folder: Path) -> list[Path]:
    """Databases that were set aside, without their companions."""
    found = sorted(file for file in folder.iterdir() if ".corrupt-" in file.name)
    return [file for file in found if not file.name.endswith(("-wal", "-shm"))]


async def test_the_folder_and_the_file_are_made(tmp_path: Path, opened: Opener) -> None:
    kb = opened(name="deep/er/knowledge.db")
    await kb.ensure()
    assert kb.path.is_file()
    assert kb.notice == ""
    assert statement(kb.path, "pragma journal_mode") == [("wal",)]
    assert statement(kb.path, "pragma page_size") == [(8192,)]


async def test_opening_twice_at_once_opens_once(opened: Opener) -> None:
    embedders: list[HashEmbedder] = []

    def factory() -> HashEmbedder:
        embedders.append(HashEmbedder())
        return embedders[-1]

    kb = opened(factory)
    await asyncio.gather(kb.ensure(), kb.ensure(), kb.search(Query(text="x")))
    assert len(embedders) == 1


def test_several_processes_may_create_one_file_at_once(tmp_path: Path) -> None:
    for attempt in range(10):
        path = tmp_path / f"{attempt}.db"
        together = threading.Barrier(4)

        def create(path: Path = path, together: threading.Barrier = together) -> str:
            together.wait()
            return schema.prepare_file(path)

        with ThreadPoolExecutor(4) as pool:
            notices = [future.result() for future in [pool.submit(create) for _ in range(4)]]
        assert notices == [""] * 4


async def test_a_change_by_another_process_is_seen_in_both_legs(opened: Opener) -> None:
    first, second = opened(), opened()
    assert (await second.search(Query(text="casket"))).hits == ()
    await first.upsert([PAGE])
    for mode in ("lexical", "vector"):
        hits = (await second.search(Query(text="flag drapes the casket", mode=mode))).hits
        assert hits[0].passage.document_id == "flag"
    await first.delete(["flag"])
    assert (await second.search(Query(text="flag drapes the casket"))).hits == ()


async def test_opening_a_store_that_fits_writes_nothing(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened()
    await first.upsert([PAGE])
    await first.close()
    monkeypatch.setattr(Database, "write", None)
    second = opened()
    await second.ensure()
    assert (await second.search(Query(text="casket"))).hits


# Degraded


async def test_without_an_embedder_words_answer_and_the_result_says_so(opened: Opener) -> None:
    kb = opened(no_embedder)
    await kb.upsert([PAGE])
    result = await kb.search(Query(text="casket"))
    assert result.hits[0].passage.document_id == "flag"
    assert result.degraded == ("vector",)
    assert result.top_cosine is None
    assert not (await kb.stats()).vectors
    assert "not installed" in kb.notice


async def test_lexical_search_without_an_embedder_is_not_degraded(opened: Opener) -> None:
    kb = opened(no_embedder)
    await kb.upsert([PAGE])
    assert (await kb.search(Query(text="casket", mode="lexical"))).degraded == ()


async def test_vector_search_without_an_embedder_is_an_error_that_names_the_cause(opened: Opener) -> None:
    kb = opened(no_embedder)
    with pytest.raises(KnowledgeError, match="not installed"):
        await kb.search(Query(text="casket", mode="vector"))


async def test_a_failing_embedder_leaves_the_words(opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
    kb = opened(BrokenEmbedder)
    await kb.upsert([PAGE])
    result = await kb.search(Query(text="casket"))
    assert result.degraded == ("vector",)
    assert result.hits[0].passage.document_id == "flag"
    assert "casket" not in caplog.text


async def test_failing_words_leave_the_vectors(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    kb = opened()
    await kb.upsert([PAGE])

    def broken(*_: object) -> list[tuple[int, float]]:
        raise KnowledgeError("the index is damaged")

    monkeypatch.setattr(rows, "lexical", broken)
    result = await kb.search(Query(text="flag drapes the casket"))
    assert result.degraded == ("lexical",)
    assert result.hits[0].passage.document_id == "flag"
    assert result.hits[0].lexical is None


async def test_a_leg_past_the_deadline_is_left_out(opened: Opener) -> None:
    embedder = StuckEmbedder()
    kb = opened(lambda: embedder)
    await kb.upsert([PAGE])
    try:
        result = await kb.search(Query(text="casket", deadline_ms=2_000))
        assert result.degraded == ("vector",)
        assert result.hits[0].passage.document_id == "flag"
    finally:
        embedder.release.set()


async def test_a_search_that_no_leg_finishes_in_time_is_an_error(opened: Opener) -> None:
    kb = opened()
    await kb.upsert([PAGE])
    with pytest.raises(KnowledgeError, match="too long"):
        await kb.search(Query(text="casket", deadline_ms=0))


async def test_what_is_held_is_counted_once_after_each_change(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    kb, other = opened(), opened()
    await kb.upsert([PAGE])
    real, counted = rows.counts, []

    def counts(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
        counted.append(1)
        return real(connection)

    monkeypatch.setattr(rows, "counts", counts)
    for _ in range(3):
        assert (await kb.health()).ok
        assert (await kb.stats()).collections == {"va": (1, 2)}
    assert len(counted) == 1
    await other.upsert([LONG])  # as another process would
    assert (await kb.stats()).collections["va"][0] == 2
    assert len(counted) == 2


async def test_time_that_opening_took_is_not_given_again(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    kb = opened()
    await kb.upsert([PAGE])
    long_ago = SimpleNamespace(monotonic=lambda: time.monotonic() - 3)
    monkeypatch.setattr("realtime_agents.knowledge.base.time", long_ago)
    with pytest.raises(KnowledgeError, match="too long"):
        await kb.search(Query(text="casket", deadline_ms=2_000))
    assert (await kb.search(Query(text="casket", deadline_ms=60_000))).hits


async def test_passages_that_are_not_fetched_in_time_are_an_error(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    kb = opened()
    await kb.upsert([PAGE])

    async def never(*_: object) -> dict[str, StoredPassage]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(SqliteIndex, "passages", never)
    async with asyncio.timeout(20):
        with pytest.raises(KnowledgeError, match="passages took too long"):
            await kb.search(Query(text="casket", deadline_ms=1_500))


async def failing_cosines(*_: object) -> list[VectorHit]:
    raise KnowledgeError("the file is damaged")


async def broken_cosines(*_: object) -> list[VectorHit]:
    raise RuntimeError("the vectors are on fire")


async def endless_cosines(*_: object) -> list[VectorHit]:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("cosines", [failing_cosines, broken_cosines, endless_cosines])
async def test_without_the_cosines_of_what_words_found_the_answer_is_degraded(
    opened: Opener, monkeypatch: pytest.MonkeyPatch, cosines: Callable[..., object]
) -> None:
    monkeypatch.setattr("realtime_agents.knowledge.searching.LEG_LIMIT", 2)
    kb = opened()
    await kb.upsert(
        [PAGE, *(Document(id=n, title="What", collection="va", text="what is it") for n in "abc")]
    )
    query = Query(text="what is it: casket", limit=1, deadline_ms=4_000)
    assert (await kb.search(query)).degraded == ()
    with monkeypatch.context() as patch:
        patch.setattr(SqliteIndex, "cosines", cosines)
        async with asyncio.timeout(20):
            result = await kb.search(query)
    assert result.degraded == ("vector",)
    assert len(result.hits) == 1
    assert result.top_cosine is not None


async def test_summaries_that_cannot_be_chosen_in_time_are_those_that_are_stored(opened: Opener) -> None:
    """Threads that are all busy with other questions hold up none of what was found."""
    embedder = StuckEmbedder()
    kb = opened(lambda: embedder)
    await kb.upsert([PAGE])
    asked = [Query(text=f"casket {number}", deadline_ms=60_000) for number in range(WORKERS)]
    stuck = [asyncio.create_task(kb.search(query)) for query in asked]
    try:
        async with asyncio.timeout(30):
            result = await kb.search(Query(text="keeps the flag", mode="lexical", deadline_ms=4_000))
        assert result.degraded == ()
        assert all(hit.passage.summary for hit in result.hits)
        assert result.hits
    finally:
        embedder.release.set()
        await asyncio.gather(*stuck)


async def test_a_slow_statement_is_aborted_at_its_deadline(opened: Opener) -> None:
    kb = opened()
    await kb.ensure()
    database = Database(kb.path)
    try:
        with pytest.raises(TimeoutError), database.read(deadline=0.0) as connection:
            connection.execute(
                "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
            ).fetchone()
        with database.read() as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    finally:
        database.close()


# Vectors


async def test_an_unchanged_passage_of_a_changed_document_keeps_its_vector(opened: Opener) -> None:
    embedder = HashEmbedder()
    kb = opened(lambda: embedder)
    await kb.upsert([LONG])
    before = len(embedder.passages)
    await kb.upsert([Document(id="long", title="Long page", collection="other", text=LONG.text)])
    assert len(embedder.passages) == before
    hits = (await kb.search(Query(text="topic3", mode="vector", collections=("other",)))).hits
    assert hits


async def test_vectors_of_another_embedder_are_made_anew_from_the_stored_text(opened: Opener) -> None:
    first = opened(lambda: HashEmbedder("hash:1"))
    await first.upsert([PAGE, LONG])
    await first.close()
    newer = HashEmbedder("hash:2")
    second = opened(lambda: newer)
    await second.ensure()
    await second.vectors_complete()
    assert len(newer.passages) > 5
    result = await second.search(Query(text="flag drapes the casket"))
    assert result.degraded == ()
    assert result.top_cosine is not None
    assert second.notice == ""
    third = opened(lambda: HashEmbedder("hash:2"))
    await third.ensure()
    assert (await third.search(Query(text="casket", mode="vector"))).hits


async def test_until_the_vectors_are_made_words_answer_and_the_notice_says_so(opened: Opener) -> None:
    first = opened()
    await first.upsert([PAGE])
    await first.close()
    held = HeldEmbedder("hash:2")
    second = opened(lambda: held)
    try:
        result = await second.search(Query(text="casket"))
        assert result.degraded == ("vector",)
        assert result.hits[0].passage.document_id == "flag"
        assert "being prepared" in second.notice
    finally:
        held.release.set()
    await second.vectors_complete()
    assert second.notice == ""
    assert (await second.search(Query(text="casket"))).degraded == ()


async def test_documents_stored_without_an_embedder_get_vectors_later(opened: Opener) -> None:
    first = opened(no_embedder)
    await first.upsert([PAGE])
    await first.close()
    second = opened()
    await second.vectors_complete()
    assert (await second.search(Query(text="flag drapes the casket", mode="vector"))).hits


async def test_a_store_with_an_older_embedder_does_not_compare_newer_vectors(opened: Opener) -> None:
    older = opened(lambda: HashEmbedder("hash:1"))
    await older.upsert([PAGE])
    newer = opened(lambda: HashEmbedder("hash:2"))
    await newer.vectors_complete()
    assert (await older.search(Query(text="casket"))).degraded == ("vector",)


async def test_closing_while_vectors_are_made_keeps_what_is_left_for_the_next_start(opened: Opener) -> None:
    first = opened(no_embedder)
    await first.upsert([PAGE])
    await first.close()
    held = HeldEmbedder()
    second = opened(lambda: held)
    await second.ensure()
    await asyncio.to_thread(held.waiting.wait, 20)
    closing = asyncio.create_task(second.close())
    held.release.set()
    await closing
    third = opened()
    await third.vectors_complete()
    assert (await third.search(Query(text="casket", mode="vector"))).hits


async def test_the_words_are_indexed_anew_when_the_analysis_changes(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened()
    await first.upsert([PAGE])
    await first.close()
    monkeypatch.setattr(rows, "ANALYSIS_VERSION", "next")
    monkeypatch.setattr(rows, "normalise", lambda text: text.lower().replace("casket", "coffin"))
    second = opened()
    assert (await second.search(Query(text="coffin", mode="lexical"))).hits
    assert await second.delete(["flag"]) == 1
    assert (await second.search(Query(text="coffin flag", mode="lexical"))).hits == ()


# Damaged, foreign, unwritable


@pytest.mark.parametrize(
    "content",
    [
        b"this is not a database at all, but it is long enough " * 40,
        b"\x00" * 8192,
        b"SQLite format 3\x00" + b"\xff" * 8000,
    ],
)
async def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, opened: Opener, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "knowledge.db"
    path.write_bytes(content)
    kb = opened()
    await kb.ensure()
    aside = set_aside(tmp_path)
    assert [file.read_bytes() for file in aside] == [content]
    assert aside[0].name in kb.notice
    assert "set aside" in caplog.text
    await kb.upsert([PAGE])
    assert (await kb.search(Query(text="casket"))).hits


async def test_a_file_damaged_in_the_middle_is_set_aside(tmp_path: Path, opened: Opener) -> None:
    first = opened()
    await first.upsert([PAGE, LONG])
    await first.close()
    path = tmp_path / "knowledge.db"
    data = bytearray(path.read_bytes())
    for page in range(8192, len(data), 8192):
        data[page : page + 600] = b"\xa5" * 600
    path.write_bytes(bytes(data))
    second = opened()
    await second.ensure()
    assert "damaged" in second.notice
    assert (await second.stats()).collections == {}


async def test_a_database_of_another_program_is_set_aside_with_its_companions(
    tmp_path: Path, opened: Opener
) -> None:
    path = tmp_path / "knowledge.db"
    statement(path, "create table recipes(name text)")
    (tmp_path / "knowledge.db-wal").write_bytes(b"")
    kb = opened()
    await kb.ensure()
    assert "another program" in kb.notice
    assert statement(set_aside(tmp_path)[0], "select name from sqlite_master") == [("recipes",)]


async def test_a_layout_of_another_version_is_set_aside(tmp_path: Path, opened: Opener) -> None:
    first = opened()
    await first.ensure()
    await first.close()
    statement(tmp_path / "knowledge.db", "pragma user_version = 99")
    second = opened()
    await second.ensure()
    assert "version 99" in second.notice


async def test_an_empty_file_is_simply_used(tmp_path: Path, opened: Opener) -> None:
    (tmp_path / "knowledge.db").touch()
    kb = opened()
    await kb.upsert([PAGE])
    assert kb.notice == ""
    assert set_aside(tmp_path) == []


async def test_two_damaged_files_within_a_second_are_both_kept(tmp_path: Path, opened: Opener) -> None:
    for n in range(2):
        (tmp_path / "knowledge.db").write_bytes(b"garbage number %d " % n * 100)
        kb = opened()
        await kb.ensure()
        await kb.close()
        for suffix in ("", "-wal", "-shm"):
            (tmp_path / f"knowledge.db{suffix}").unlink(missing_ok=True)
    assert len(set_aside(tmp_path)) == 2


async def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path, opened: Opener) -> None:
    (tmp_path / "knowledge.db").mkdir()
    with pytest.raises(KnowledgeError, match="should be a file"):
        await opened().ensure()


async def test_a_folder_that_cannot_be_made_is_named(opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(KnowledgeError, match="cannot be used"):
        await opened(name="file/knowledge.db").ensure()


async def test_a_full_disk_is_told_in_plain_words_and_keeps_what_was_there(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened()
    await first.upsert([PAGE])
    await first.close()
    real = schema.connect

    def small(path: Path) -> sqlite3.Connection:
        connection = real(path)
        connection.execute("pragma max_page_count = 1")  # the least it takes is the present size
        return connection

    monkeypatch.setattr("realtime_agents.knowledge.database.connect", small)
    kb = opened()
    big = Document(id="big", title="Big", collection="va", text="Many words in a page. " * 20_000)
    with pytest.raises(KnowledgeError, match="disk is full"):
        await kb.upsert([big])
    assert await kb.document("big") is None
    assert (await kb.search(Query(text="casket"))).hits


async def test_a_read_only_database_is_told_in_plain_words(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened()
    await first.upsert([PAGE])
    await first.close()
    real = schema.connect

    def read_only(path: Path) -> sqlite3.Connection:
        connection = real(path)
        connection.execute("pragma query_only = on")
        return connection

    kb = opened()
    await kb.ensure()
    monkeypatch.setattr("realtime_agents.knowledge.database.connect", read_only)
    other = opened()
    with pytest.raises(KnowledgeError, match="read-only"):
        await other.upsert([LONG])


async def test_a_database_locked_by_another_program_is_told_in_plain_words(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "BUSY_TIMEOUT_S", 0.05)
    kb = opened()
    await kb.ensure()
    other = sqlite3.connect(kb.path, isolation_level=None)
    other.execute("begin immediate")
    try:
        with pytest.raises(KnowledgeError, match="locked"):
            await kb.upsert([PAGE])
    finally:
        other.close()
    assert (await kb.upsert([PAGE])).added == ("flag",)


async def test_a_closed_store_says_so(opened: Opener) -> None:
    kb = opened()
    await kb.ensure()
    await kb.close()
    for call in (kb.search(Query(text="x")), kb.upsert([PAGE]), kb.stats(), kb.document("x"), kb.ensure()):
        with pytest.raises(KnowledgeError, match="closed"):
            await call


async def test_a_store_that_was_looked_at_before_it_was_opened_is_closed_whole(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[sqlite3.Connection] = []

    def connect(path: Path) -> sqlite3.Connection:
        connections.append(schema.connect(path))
        return connections[-1]

    first = opened()
    await first.ensure()
    monkeypatch.setattr("realtime_agents.knowledge.database.connect", connect)
    kb = opened()
    assert (await kb.health()).ok
    await kb.search(Query(text="casket"))
    await kb.close()
    assert len(connections) > 1
    for connection in connections:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("select 1")


async def test_an_unopened_store_can_be_closed(opened: Opener) -> None:
    kb = opened()
    await kb.close()
    assert not kb.path.exists()


async def test_a_cancelled_batch_is_not_stored(opened: Opener) -> None:
    held = HeldEmbedder()
    kb = opened(lambda: held)
    storing = asyncio.create_task(kb.upsert([PAGE]))
    await asyncio.to_thread(held.waiting.wait, 20)
    storing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await storing
    held.release.set()
    assert await kb.document("flag") is None
    assert (await kb.upsert([PAGE])).added == ("flag",)
