"""Vectors in memory follow the file: what this process changes is added, what another changes is loaded anew."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from sqlite3 import Connection

import numpy as np
import pytest

from realtime_agents.embedding import Vector
from realtime_agents.knowledge import rows, schema
from realtime_agents.knowledge.filters import Filters
from realtime_agents.knowledge.index import EmbedderTag
from realtime_agents.knowledge.passages import PreparedDocument, prepare
from realtime_agents.knowledge.port import Document
from realtime_agents.knowledge.sqlite_index import SqliteIndex, Threads
from realtime_agents.knowledge.vectors import VectorHit, VectorIndex, VectorRow

TAG = EmbedderTag(id="test:4", dims=4)
EVERYTHING = 10_000


def page(name: str, words: str = "Ships sail.") -> PreparedDocument:
    sections = "\n\n".join(f"## Part {part}\n{words} Number {part}." for part in range(3))
    return prepare(Document(id=name, title=name, collection="c", text=sections))


def blobs(pages: Sequence[PreparedDocument], noise: np.random.Generator) -> dict[str, bytes]:
    """Whole, title and windows of each passage, in any direction."""
    return {
        passage.key: noise.normal(size=(2 + len(passage.windows), TAG.dims)).astype("<f2").tobytes()
        for one in pages
        for passage in one.passages
    }


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[list[SqliteIndex]]:
    """Two that have the same file open, as two processes would."""
    path = tmp_path / "knowledge.db"
    schema.prepare_file(path)
    threads = Threads()
    both = [SqliteIndex(path, "first", threads, TAG) for _ in range(2)]
    await both[0].fit()
    yield both
    await threads.close()
    for one in both:
        one.close()


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """How many documents were loaded each time; None is all."""
    found: list[int | None] = []
    load = rows.vectors

    def counted(connection: Connection, documents: Sequence[str] | None = None) -> list[VectorRow]:
        found.append(None if documents is None else len(documents))
        return load(connection, documents)

    monkeypatch.setattr(rows, "vectors", counted)
    return found


def held(index: SqliteIndex, query: Vector) -> list[VectorHit]:
    return index._vectors().search(query, Filters(), EVERYTHING)


def fresh(index: SqliteIndex, query: Vector) -> list[VectorHit]:
    with index._database.read() as connection:
        return VectorIndex(rows.vectors(connection), TAG.dims).search(query, Filters(), EVERYTHING)


async def test_what_is_in_memory_is_what_is_in_the_file_after_any_changes(opened: list[SqliteIndex]) -> None:
    index, chance, noise = opened[0], random.Random(3), np.random.default_rng(3)
    query = noise.normal(size=TAG.dims).astype(np.float32)
    assert held(index, query) == []
    for _ in range(60):
        names = [f"page{chance.randrange(40)}" for _ in range(chance.randrange(1, 5))]
        pages = [page(name, chance.choice(("Ships sail.", "Zebras graze."))) for name in dict.fromkeys(names)]
        if chance.random() < 0.3:
            await index.delete(names)
        elif chance.random() < 0.3:
            await index.write(pages, {})
            waiting = await index.waiting(EVERYTHING)
            made = noise.normal(size=(len(waiting), 8, TAG.dims)).astype("<f2")
            await index.set_vectors(
                {
                    one.key: vectors[: 2 + len(one.stored.windows)].tobytes()
                    for one, vectors in zip(waiting, made, strict=True)
                }
            )
        else:
            await index.write(pages, blobs(pages, noise))
        ours, theirs = held(index, query), fresh(index, query)
        assert [(hit.key, hit.window) for hit in ours] == [(hit.key, hit.window) for hit in theirs]
        assert [hit.closeness for hit in ours] == pytest.approx([hit.closeness for hit in theirs])
        keys = [hit.key for hit in theirs[::2]]
        assert {hit.key for hit in index._vectors().score(query, [*keys, "gone#0"])} == set(keys)
        assert len(index._vectors()) == len(theirs)


async def test_an_ingest_beside_which_people_search_loads_only_what_it_brings(
    opened: list[SqliteIndex], loads: list[int | None]
) -> None:
    index, noise = opened[0], np.random.default_rng(3)
    query = noise.normal(size=TAG.dims).astype(np.float32)
    first = [page(f"old{n}") for n in range(128)]
    await index.write(first, blobs(first, noise))
    held(index, query)
    assert loads == [None]
    for n in range(64):
        await index.write([page(f"new{n}")], blobs([page(f"new{n}")], noise))
        held(index, query)
    later = loads[1:]
    assert None not in later
    # Each new page, and again whenever layers become one: about once for each doubling.
    assert 64 <= sum(count or 0 for count in later) <= 64 * 7
    assert len(index._vectors().layers) <= 7


async def test_layers_are_merged_by_who_writes_and_not_by_who_searches(
    opened: list[SqliteIndex], loads: list[int | None]
) -> None:
    index, noise = opened[0], np.random.default_rng(3)
    query = noise.normal(size=TAG.dims).astype(np.float32)
    held(index, query)
    for n in range(4):
        await index.write([page(f"new{n}")], blobs([page(f"new{n}")], noise))
        before = len(loads)
        held(index, query)
        assert len(loads) == before


async def test_a_change_by_another_process_is_followed(
    opened: list[SqliteIndex], loads: list[int | None]
) -> None:
    ours, theirs = opened
    noise = np.random.default_rng(3)
    query = noise.normal(size=TAG.dims).astype(np.float32)
    held(ours, query)
    await theirs.write([page("theirs")], blobs([page("theirs")], noise))
    await ours.write([page("ours")], blobs([page("ours")], noise))
    assert {hit.key.partition("#")[0] for hit in held(ours, query)} == {"ours", "theirs"}
    assert [hit.key for hit in held(ours, query)] == [hit.key for hit in fresh(ours, query)]
    await theirs.delete(["ours"])
    assert {hit.key.partition("#")[0] for hit in held(ours, query)} == {"theirs"}


async def test_a_change_that_fails_leaves_the_vectors_as_they_were(
    opened: list[SqliteIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    index, noise = opened[0], np.random.default_rng(3)
    query = noise.normal(size=TAG.dims).astype(np.float32)
    await index.write([page("kept")], blobs([page("kept")], noise))
    before = held(index, query)
    with monkeypatch.context() as patch:
        patch.setattr(rows, "note_change", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await index.write([page("lost")], blobs([page("lost")], noise))
    assert held(index, query) == before
    await index.write([page("next")], blobs([page("next")], noise))
    assert [hit.key for hit in held(index, query)] == [hit.key for hit in fresh(index, query)]
