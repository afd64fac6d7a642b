from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import ledger as ledger_module
from realtime_agents.knowledge.ledger import Entry, IngestLedger, Run, SourceKey

FOLDER = SourceKey(kind="files", location="/pages", collection="va")
OTHER = SourceKey(kind="web", location="https://x.org/", collection="va")


@pytest.fixture
def ledger(tmp_path: Path) -> IngestLedger:
    return IngestLedger(tmp_path / "data" / "ingest.db", now=lambda: 1000.0)


def stored(ledger: IngestLedger, run: Run, entry: str, *documents: str, whole: bool = True) -> None:
    ledger.keep(run, entry, {document: f"sha of {document}" for document in documents})
    ledger.settle(run, [Entry(name=entry, mark="m", etag="e", last_modified="l", whole=whole)])


def test_an_entry_is_remembered_with_its_documents(ledger: IngestLedger) -> None:
    run = ledger.begin(FOLDER, resume=False)
    assert ledger.entry(run, "a.md") is None
    stored(ledger, run, "a.md", "va/a", "va/b")
    assert ledger.entry(run, "a.md") == Entry(
        name="a.md",
        mark="m",
        etag="e",
        last_modified="l",
        run=1,
        whole=True,
        documents={"va/a": "sha of va/a", "va/b": "sha of va/b"},
    )
    assert ledger.names(run) == ["a.md"]


def test_what_a_run_did_not_see_is_stale(ledger: IngestLedger) -> None:
    stored(ledger, first := ledger.begin(FOLDER, resume=False), "a.md", "va/a")
    stored(ledger, first, "b.md", "va/b", "va/c")
    second = ledger.begin(FOLDER, resume=False)
    stored(ledger, second, "b.md", "va/b")
    assert ledger.stale(second, unseen=True) == ["va/a", "va/c"]
    assert ledger.stale(second, unseen=False) == ["va/c"]
    ledger.forget(second, unseen=True)
    assert ledger.stale(second, unseen=True) == []
    assert ledger.names(second) == ["b.md"]


def test_an_untouched_entry_keeps_its_documents(ledger: IngestLedger) -> None:
    stored(ledger, ledger.begin(FOLDER, resume=False), "a.md", "va/a")
    second = ledger.begin(FOLDER, resume=False)
    ledger.touch(second, "a.md")
    assert ledger.stale(second, unseen=True) == []


def test_documents_of_an_entry_that_could_not_be_read_wholly_stay(ledger: IngestLedger) -> None:
    stored(ledger, ledger.begin(FOLDER, resume=False), "a.jsonl", "1", "2")
    second = ledger.begin(FOLDER, resume=False)
    stored(ledger, second, "a.jsonl", "1", whole=False)
    assert ledger.stale(second, unseen=True) == []
    ledger.forget(second, unseen=True)
    third = ledger.begin(FOLDER, resume=False)
    stored(ledger, third, "a.jsonl", "1")
    assert ledger.stale(third, unseen=True) == ["2"]


def test_an_entry_that_is_said_to_be_gone_is_stale_at_once(ledger: IngestLedger) -> None:
    stored(ledger, first := ledger.begin(OTHER, resume=True), "https://x.org/a", "va/a")
    stored(ledger, first, "https://x.org/b", "va/b")
    ledger.end(first, "done")
    second = ledger.begin(OTHER, resume=True)
    ledger.vanished(second, "https://x.org/a")
    assert ledger.stale(second, unseen=False) == ["va/a"]
    ledger.forget(second, unseen=False)
    assert ledger.names(second) == ["https://x.org/b"]


def test_a_document_that_another_source_brought_too_is_kept(ledger: IngestLedger) -> None:
    stored(ledger, ledger.begin(FOLDER, resume=False), "a.md", "va/a")
    stored(ledger, ledger.begin(OTHER, resume=True), "https://x.org/a", "va/a")
    second = ledger.begin(FOLDER, resume=False)
    assert ledger.stale(second, unseen=True) == []
    ledger.forget(second, unseen=True)
    third = ledger.begin(OTHER, resume=False)
    ledger.vanished(third, "https://x.org/a")
    assert ledger.stale(third, unseen=False) == ["va/a"]


def test_only_an_interrupted_run_goes_on(ledger: IngestLedger) -> None:
    assert ledger.begin(OTHER, resume=True).number == 1
    again = ledger.begin(OTHER, resume=True)
    assert again.number == 1, "the first was ended by a power cut, so to say"
    ledger.end(again, "stopped")
    assert ledger.begin(OTHER, resume=False).number == 2
    ledger.end(last := ledger.begin(OTHER, resume=True), "done")
    assert last.number == 2
    assert ledger.begin(OTHER, resume=True).number == 3


def test_sources_are_listed_with_what_came_of_them(ledger: IngestLedger) -> None:
    run = ledger.begin(FOLDER, resume=False)
    stored(ledger, run, "a.md", "va/a", "va/b")
    ledger.end(run, "done")
    ledger.begin(OTHER, resume=True)
    web, folder = ledger.sources()
    assert (folder.key, folder.state, folder.documents, folder.finished_at) == (FOLDER, "done", 2, 1000.0)
    assert (web.key, web.state, web.documents) == (OTHER, "running", 0)


def test_another_process_sees_the_same(tmp_path: Path) -> None:
    path = tmp_path / "ingest.db"
    stored(IngestLedger(path), IngestLedger(path).begin(FOLDER, resume=False), "a.md", "va/a")
    assert [source.documents for source in IngestLedger(path).sources()] == [1]


def test_several_processes_may_begin_at_once(tmp_path: Path) -> None:
    for attempt in range(5):
        path = tmp_path / f"{attempt}.db"
        together = threading.Barrier(4)

        def begin(number: int, path: Path = path, together: threading.Barrier = together) -> Run:
            together.wait()
            key = SourceKey(kind="files", location=f"/{number}", collection="va")
            return IngestLedger(path).begin(key, resume=False)

        with ThreadPoolExecutor(4) as pool:
            assert {run.number for run in pool.map(begin, range(4))} == {1}
        assert len(IngestLedger(path).sources()) == 4


@pytest.mark.parametrize("damage", ["not a database, " * 100, "other version"])
def test_a_ledger_that_cannot_be_used_is_set_aside(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "ingest.db"
    if damage == "other version":
        with sqlite3.connect(path) as db:
            db.execute("pragma user_version = 99")
        db.close()
    else:
        path.write_text(damage)
    ledger = IngestLedger(path)
    assert ledger.sources() == []
    assert ledger.begin(FOLDER, resume=False).number == 1
    assert list(tmp_path.glob("ingest.db.corrupt-*"))


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KnowledgeError, match=r"ingest ledger .* cannot be used"):
        IngestLedger(tmp_path / "file" / "ingest.db").sources()


def test_a_ledger_that_another_program_keeps_locked_is_told_in_words(
    tmp_path: Path, ledger: IngestLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "BUSY_TIMEOUT_S", 0.0)
    ledger.sources()
    with closing(sqlite3.connect(tmp_path / "data" / "ingest.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(KnowledgeError, match=r"ingest ledger .*another program has kept it locked"):
            ledger.begin(FOLDER, resume=False)
