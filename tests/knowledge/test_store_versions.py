"""Versions of the embedded store: files, the pointer, older layouts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import schema
from realtime_agents.knowledge.port import Document, GoldenQuery, Query
from realtime_agents.knowledge.sqlite_index import SqliteIndex
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from tests.knowledge.fakes import HashEmbedder

PAGE = Document(
    id="flag", title="Burial flags", collection="va", text="A flag drapes the casket.", as_of="2026-02"
)
Opener = Callable[[], EmbeddedKnowledgeBase]


def files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opener]:
    made: list[EmbeddedKnowledgeBase] = []

    def make() -> EmbeddedKnowledgeBase:
        made.append(EmbeddedKnowledgeBase(tmp_path / "knowledge.db", HashEmbedder))
        return made[-1]

    yield make
    for kb in made:
        await kb.close()


async def test_a_version_is_a_file_and_the_pointer_names_the_active_one(
    tmp_path: Path, opened: Opener
) -> None:
    kb = opened()
    await kb.upsert([PAGE])
    assert not (tmp_path / "knowledge.active.json").exists()
    made = await kb.rebuild()
    assert json.loads((tmp_path / "knowledge.active.json").read_text()) == {"active": made.id}
    assert (tmp_path / f"knowledge.{made.id}.db").is_file()
    again = opened()
    assert [version.active for version in await again.versions()] == [True, False]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"active": "gone"}', '{"active": "../../etc/passwd"}'])
async def test_a_pointer_that_names_nothing_leads_to_the_first_version(
    tmp_path: Path, opened: Opener, content: str
) -> None:
    first = opened()
    await first.upsert([PAGE])
    await first.close()
    (tmp_path / "knowledge.active.json").write_text(content)
    kb = opened()
    assert (await kb.search(Query(text="casket"))).hits
    (version,) = await kb.versions()
    assert version.active


async def test_without_the_first_file_the_newest_version_is_used(tmp_path: Path, opened: Opener) -> None:
    first = opened()
    await first.upsert([PAGE])
    made = await first.rebuild()
    await first.close()
    (tmp_path / "knowledge.active.json").unlink()
    for file in files(tmp_path, "knowledge.db*"):
        file.unlink()
    kb = opened()
    assert (await kb.search(Query(text="casket"))).hits
    assert [version.id for version in await kb.versions()] == [made.id]


async def test_a_version_that_finds_less_is_dropped(
    tmp_path: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    kb = opened()
    await kb.upsert([PAGE])

    async def lose(_self: SqliteIndex, documents: object, _vectors: object) -> tuple[()]:
        return ()

    with monkeypatch.context() as patch:
        patch.setattr(SqliteIndex, "write", lose)
        with pytest.raises(KnowledgeError, match="holds 0 documents instead of 1; the active one was kept"):
            await kb.rebuild()
    assert [version.id for version in await kb.versions()] == ["first"]
    assert [file.name for file in files(tmp_path, "*.db")] == ["knowledge.db"]


async def test_golden_queries_that_are_missed_keep_the_active_version(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    kb = opened()
    await kb.upsert([PAGE, Document(id="other", title="Other", collection="va", text="Ships sail at noon.")])
    real = SqliteIndex.find

    async def worse(self: SqliteIndex, ask: object) -> object:
        found = await real(self, ask)  # type: ignore[arg-type]
        return found if self.version == "first" else type(found)()

    monkeypatch.setattr(SqliteIndex, "find", worse)
    golden = [GoldenQuery(text="flag drapes the casket", document_ids=("flag",), within=1)]
    with pytest.raises(KnowledgeError, match="misses 1 of 1 golden queries, the active one 0"):
        await kb.rebuild(golden)
    assert len(await kb.versions()) == 1


async def test_what_a_process_that_ended_left_unfinished_is_removed(tmp_path: Path, opened: Opener) -> None:
    kb = opened()
    await kb.upsert([PAGE])
    schema.prepare_file(tmp_path / "knowledge.20200101-000000-000000.db")
    assert len(await kb.versions()) == 1
    await kb.rebuild()
    assert not (tmp_path / "knowledge.20200101-000000-000000.db").exists()


async def test_a_file_of_the_first_layout_keeps_its_documents(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "knowledge.db"
    first = opened()
    await first.upsert([PAGE])
    await first.close()
    added = (
        "source_type",
        "published",
        "effective_from",
        "effective_to",
        "first_day",
        "last_day",
        "known_day",
    )
    connection = sqlite3.connect(path)
    for index in ("document_first", "document_last"):
        connection.execute(f"drop index {index}")
    for column in added:
        connection.execute(f"alter table document drop column {column}")
    connection.execute("pragma user_version = 1")
    connection.commit()
    connection.close()
    kb = opened()
    assert await kb.document("flag") == PAGE
    assert kb.notice == ""
    assert (await kb.upsert([PAGE])).unchanged == ("flag",)
    for since, there in (("2026-02-28", True), ("2026-03-01", False)):
        assert bool((await kb.search(Query(text="casket", as_of_since=since))).hits) is there
