from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import ingest, supply
from realtime_agents.knowledge.ingest import IngestProgress, ingest_path
from realtime_agents.knowledge.ledger import IngestLedger, Run, RunState
from realtime_agents.knowledge.port import Document, IngestReport, Query
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from tests.knowledge.fakes import HashEmbedder


@pytest.fixture
async def kb(tmp_path: Path) -> AsyncIterator[EmbeddedKnowledgeBase]:
    knowledge = EmbeddedKnowledgeBase(tmp_path / "store" / "knowledge.db", HashEmbedder)
    yield knowledge
    await knowledge.close()


def records(path: Path, count: int, *more: str) -> Path:
    lines = [
        json.dumps({"id": f"r{n}", "title": f"Record {n}", "text": f"Words about thing{n}."})
        for n in range(count)
    ]
    path.write_text("\n".join([*lines, *more]))
    return path


async def test_what_is_read_is_stored_and_found(tmp_path: Path, kb: EmbeddedKnowledgeBase) -> None:
    report = await ingest_path(kb, records(tmp_path / "a.jsonl", 40), "va")
    assert len(report.added) == 40
    assert report.passages == 40
    assert report.failed == ()
    hits = (await kb.search(Query(text="thing7", collections=("va",), mode="lexical"))).hits
    assert hits[0].passage.document_id == "r7"


async def test_a_second_run_finds_everything_unchanged(tmp_path: Path, kb: EmbeddedKnowledgeBase) -> None:
    path = records(tmp_path / "a.jsonl", 20)
    await ingest_path(kb, path, "va")
    again = await ingest_path(kb, path, "va")
    assert (again.added, again.updated, again.passages) == ((), (), 0)
    assert len(again.unchanged) == 20


async def test_progress_is_told_at_the_beginning_of_a_file_and_after_every_batch(
    tmp_path: Path, kb: EmbeddedKnowledgeBase
) -> None:
    told: list[IngestProgress] = []
    await ingest_path(kb, records(tmp_path / "a.jsonl", 40, "broken"), "va", told.append)
    assert [progress.documents for progress in told] == [0, 16, 32, 41]
    assert (told[-1].added, told[-1].failed, told[-1].current) == (40, 1, "a.jsonl")


async def test_large_documents_make_small_batches(
    tmp_path: Path, kb: EmbeddedKnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (ingest, supply):
        monkeypatch.setattr(module, "BATCH_CHARS", 50)
    told: list[IngestProgress] = []
    await ingest_path(kb, records(tmp_path / "a.jsonl", 9), "va", told.append)
    assert [progress.documents for progress in told] == [0, 3, 6, 9]


async def test_what_cannot_be_read_is_reported_beside_what_can(
    tmp_path: Path, kb: EmbeddedKnowledgeBase
) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "good.md").write_text("# Good\nWords.")
    (folder / "empty.md").write_text("")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    (folder / "bad.md").write_bytes(b"# Bad\nNot \xff UTF-8.")
    report = await ingest_path(kb, folder, "va")
    assert report.added == ("va/bad", "va/good")
    assert [name for name, _ in report.failed] == ["bad.md", "empty.md", "photo.png"]


async def test_the_first_of_two_records_with_one_id_wins_in_the_whole_run(
    tmp_path: Path, kb: EmbeddedKnowledgeBase
) -> None:
    twin = json.dumps({"id": "r0", "title": "Twin", "text": "Other words."})
    report = await ingest_path(kb, records(tmp_path / "a.jsonl", 30, twin), "va")
    assert len(report.added) == 30
    assert [name for name, _ in report.failed] == ["r0"]
    document = await kb.document("r0")
    assert document is not None
    assert document.title == "Record 0"


async def test_nothing_there_is_a_report_not_an_error(tmp_path: Path, kb: EmbeddedKnowledgeBase) -> None:
    report = await ingest_path(kb, tmp_path / "nowhere", "va")
    assert [reason for _, reason in report.failed] == ["there is no such file or folder"]
    (tmp_path / "empty").mkdir()
    assert await ingest_path(kb, tmp_path / "empty", "va") == IngestReport()


async def test_very_many_failures_are_counted_not_listed(
    tmp_path: Path, kb: EmbeddedKnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MAX_FAILURES", 10)
    told: list[IngestProgress] = []
    report = await ingest_path(kb, records(tmp_path / "a.jsonl", 1, *["broken"] * 50), "va", told.append)
    assert len(report.failed) == 11
    assert report.failed[-1][1] == "40 more failures are not listed"
    assert told[-1].failed == 50


async def test_a_run_takes_no_more_than_its_bound_and_what_it_did_not_see_stays(
    tmp_path: Path, kb: EmbeddedKnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, ledger = tmp_path / "pages", IngestLedger(tmp_path / "ingest.db")
    folder.mkdir()
    records(folder / "a.jsonl", 70)
    (folder / "b.md").write_text("Words of b.")
    await ingest_path(kb, folder, "va", ledger=ledger)
    for name, bound in (("MAX_DOCUMENTS", 20), ("MAX_CHARS", 500)):
        with monkeypatch.context() as patch:
            patch.setattr(ingest, name, bound)
            report = await ingest_path(kb, folder, "va", ledger=ledger)
        assert len(report.unchanged) == 32
        assert "the rest was left out" in report.failed[0][1]
        assert len(await kb.documents()) == 71


async def test_the_error_that_ended_a_run_is_told_even_when_the_ledger_fails_too(tmp_path: Path) -> None:
    class Full(EmbeddedKnowledgeBase):
        async def upsert(self, documents: Iterable[Document]) -> IngestReport:
            raise KnowledgeError("The disk is full.")

    class Locked(IngestLedger):
        def end(self, run: Run, state: RunState) -> None:
            raise KnowledgeError("The ledger is locked.")

    kb = Full(tmp_path / "knowledge.db", HashEmbedder)
    with pytest.raises(KnowledgeError, match="The disk is full"):
        await ingest_path(kb, records(tmp_path / "a.jsonl", 1), "va", ledger=Locked(tmp_path / "ingest.db"))
    await kb.close()


async def test_a_cancelled_run_keeps_whole_batches_and_the_next_goes_on(
    tmp_path: Path, kb: EmbeddedKnowledgeBase
) -> None:
    path = records(tmp_path / "a.jsonl", 100)
    running: asyncio.Task[IngestReport]

    def stop_after_two_batches(progress: IngestProgress) -> None:
        if progress.documents >= 32:
            running.cancel()

    running = asyncio.create_task(ingest_path(kb, path, "va", stop_after_two_batches))
    with pytest.raises(asyncio.CancelledError):
        await running
    kept = (await kb.stats()).collections["va"][0]
    assert kept in {32, 48}
    report = await ingest_path(kb, path, "va")
    assert len(report.unchanged) == kept
    assert len(report.added) == 100 - kept


async def test_the_event_loop_stays_free_during_an_ingest(tmp_path: Path, kb: EmbeddedKnowledgeBase) -> None:
    running = asyncio.create_task(ingest_path(kb, records(tmp_path / "a.jsonl", 60), "va"))
    searches = 0
    while not running.done():
        await kb.search(Query(text="thing"))
        searches += 1
    await running
    assert searches > 1


class FullStore(EmbeddedKnowledgeBase):
    """Takes one batch and then has no room."""

    batches = 0

    async def upsert(self, documents: Iterable[Document]) -> IngestReport:
        self.batches += 1
        if self.batches > 1:
            raise KnowledgeError("the disk is full")
        return await super().upsert(documents)


async def test_a_failing_store_ends_the_run_with_its_own_words(tmp_path: Path) -> None:
    kb = FullStore(tmp_path / "knowledge.db", HashEmbedder)
    with pytest.raises(KnowledgeError, match="disk is full"):
        await ingest_path(kb, records(tmp_path / "a.jsonl", 40), "va")
    assert (await kb.stats()).collections["va"][0] == 16
    await kb.close()
