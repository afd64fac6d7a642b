"""Ingest with a memory: deletions, unchanged files, personal data, faults of the store."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge import extract
from realtime_agents.knowledge.extraction import Extractor, Kind
from realtime_agents.knowledge.files import FileSupply
from realtime_agents.knowledge.ingest import ingest
from realtime_agents.knowledge.ledger import IngestLedger
from realtime_agents.knowledge.outcome import IngestOutcome, IngestProgress
from realtime_agents.knowledge.port import Document, IngestReport
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from tests.knowledge.fakes import HashEmbedder
from tests.support.pdf_files import encrypted, pdf

LONG = "Words of a leaflet that goes on long enough to be a paragraph of its own."


class CountingExtractor(Extractor):
    """Knows how many files it took apart."""

    files = 0

    def read(self, kind: Kind, data: bytes) -> Mapping[str, Any]:
        self.files += 1
        return super().read(kind, data)


class Bench:
    """A folder, a store and a ledger."""

    def __init__(self, folder: Path, extractor: CountingExtractor) -> None:
        self.pages = folder / "pages"
        self.pages.mkdir()
        self.kb = EmbeddedKnowledgeBase(folder / "store" / "knowledge.db", HashEmbedder)
        self.ledger = IngestLedger(folder / "store" / "ingest.db")
        self.extractor = extractor

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.pages / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def records(self, name: str, *ids: str, more: str = "") -> Path:
        lines = [json.dumps({"id": i, "title": f"Title {i}", "text": f"Words of {i}."}) for i in ids]
        return self.write(name, "\n".join([*lines, more]))

    async def ingest(
        self,
        place: Path | None = None,
        collection: str = "va",
        progress: Callable[[IngestProgress], None] | None = None,
    ) -> IngestOutcome:
        supply = FileSupply(place or self.pages, collection, self.extractor)
        return await ingest(self.kb, supply, ledger=self.ledger, progress=progress)

    async def ids(self) -> list[str]:
        return [one.id for one in await self.kb.documents()]


@pytest.fixture(scope="module")
def extractor() -> Iterator[CountingExtractor]:
    with CountingExtractor() as made:
        yield made


@pytest.fixture
async def bench(tmp_path: Path, extractor: CountingExtractor) -> AsyncIterator[Bench]:
    made = Bench(tmp_path, extractor)
    yield made
    await made.kb.close()


async def test_a_file_that_was_removed_from_a_folder_vanishes(bench: Bench) -> None:
    for name in ("a.md", "b.md", "c.md"):
        bench.write(name, f"# {name}\nWords of {name}.")
    await bench.ingest()
    (bench.pages / "b.md").unlink()
    told: list[IngestProgress] = []
    outcome = await bench.ingest(progress=told.append)
    assert outcome.removed == ("va/b",)
    assert outcome.unchanged == ("va/a", "va/c")
    assert await bench.ids() == ["va/a", "va/c"]
    assert [(r.name, r.fate) for r in told[-1].results] == [("va/b", "removed")]
    assert told[-1].removed == 1
    assert (await bench.ingest()).removed == ()


async def test_a_record_that_was_removed_from_a_file_vanishes(bench: Bench) -> None:
    path = bench.records("a.jsonl", "1", "2", "3")
    await bench.ingest(path)
    bench.records("a.jsonl", "1", "3")
    assert (await bench.ingest(path)).removed == ("2",)
    assert await bench.ids() == ["1", "3"]


async def test_a_record_that_moved_to_another_file_stays(bench: Bench) -> None:
    bench.records("a.jsonl", "1", "2")
    bench.records("b.jsonl", "3")
    await bench.ingest()
    bench.records("a.jsonl", "1")
    bench.records("b.jsonl", "2", "3")
    assert (await bench.ingest()).removed == ()
    assert await bench.ids() == ["1", "2", "3"]


async def test_nothing_vanishes_because_a_file_cannot_be_read_this_time(bench: Bench) -> None:
    bench.write("leaflet.pdf", pdf([LONG]))
    bench.records("a.jsonl", "1", "2")
    await bench.ingest()
    bench.write("leaflet.pdf", encrypted(pdf([LONG]), "secret"))
    bench.records("a.jsonl", "1", more="{broken")
    outcome = await bench.ingest()
    assert [name for name, _ in outcome.failed] == ["a.jsonl:2", "leaflet.pdf"]
    assert outcome.removed == ()
    assert await bench.ids() == ["1", "2", "va/leaflet"]


async def test_nothing_vanishes_because_the_folder_is_not_there_this_time(bench: Bench) -> None:
    bench.write("a.md", "Words.")
    await bench.ingest()
    bench.pages.rename(bench.pages.with_name("away"))
    outcome = await bench.ingest()
    assert [reason for _, reason in outcome.failed] == ["there is no such file or folder"]
    assert await bench.ids() == ["va/a"]


async def test_what_another_source_brought_is_left_alone(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"id": "o", "title": "Other", "text": "Words."}))
    await bench.ingest(other)
    bench.write("a.md", "Words.")
    await bench.ingest()
    (bench.pages / "a.md").unlink()
    await bench.ingest()
    assert await bench.ids() == ["o"]


async def test_an_unchanged_file_is_not_taken_apart_again(bench: Bench) -> None:
    bench.write("page.html", f"<h1>Page</h1><p>{LONG}</p>")
    bench.write("leaflet.pdf", pdf([LONG]))
    before = bench.extractor.files
    first = await bench.ingest()
    assert bench.extractor.files == before + 2
    second = await bench.ingest()
    assert bench.extractor.files == before + 2
    assert second.unchanged == first.added


async def test_a_file_that_was_written_again_is_read_again(bench: Bench) -> None:
    path = bench.write("page.html", f"<h1>Page</h1><p>{LONG}</p>")
    await bench.ingest()
    stamp = path.stat().st_mtime_ns
    bench.write("page.html", f"<h1>Page</h1><p>{LONG.replace('leaflet', 'booklet')}</p>")
    os.utime(path, ns=(stamp + 10**9, stamp + 10**9))
    assert (await bench.ingest()).updated == ("va/page",)


async def test_a_document_that_the_store_has_lost_comes_back(bench: Bench) -> None:
    bench.write("page.html", f"<h1>Page</h1><p>{LONG}</p>")
    await bench.ingest()
    await bench.kb.delete(["va/page"])
    assert (await bench.ingest()).added == ("va/page",)


async def test_a_document_that_the_store_holds_as_it_once_was_is_brought_up_to_date(bench: Bench) -> None:
    bench.write("page.html", f"<h1>Page</h1><p>{LONG}</p>")
    await bench.ingest()
    stored = await bench.kb.document("va/page")
    assert stored is not None
    await bench.kb.upsert([Document(id="va/page", title="Old", text="As it once was.", collection="va")])
    assert (await bench.ingest()).updated == ("va/page",)
    assert await bench.kb.document("va/page") == stored


async def test_what_looks_like_personal_data_is_reported_and_never_shown(bench: Bench) -> None:
    bench.write("letter.md", "# Letter\nMy number is 536-22-8714, write to ann@example.org.")
    outcome = await bench.ingest()
    assert outcome.personal == (("va/letter", {"Social Security number": 1, "e-mail address": 1}),)
    assert "536" not in repr(outcome)
    assert "ann@" not in repr(outcome)


async def test_bad_files_are_told_each_and_stop_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "MAX_FILE_BYTES", 100_000)
    monkeypatch.setattr(extract, "MAX_PDF_BYTES", 100_000)
    bench.write("a-good.md", "# Good\nWords.")
    bench.write("b-broken.txt", b"caf\xe9")
    bench.write("c-empty.html", "")
    bench.write("d-empty.pdf", b"")
    bench.write("e-large.html", "<p>" + "a" * 200_000)
    bench.write("f-large.pdf", b"%PDF-1.4" + b"a" * 200_000)
    bench.write("g-scan.pdf", pdf([]))
    bench.write("h-secret.pdf", encrypted(pdf([LONG]), "secret"))
    bench.write("i-deep.html", "<div>" * 10_000 + "deep")
    bench.records("j.jsonl", "same")
    bench.records("k.jsonl", "same")
    bench.write("z-good.pdf", pdf([LONG]))
    outcome = await bench.ingest()
    reasons = dict(outcome.failed)
    assert set(outcome.added) >= {"va/a-good", "va/b-broken", "same", "va/z-good"}
    assert "not UTF-8" in reasons["b-broken.txt"]
    assert reasons["c-empty.html"] == reasons["d-empty.pdf"] == "it holds no text"
    assert "larger than" in reasons["e-large.html"]
    assert "larger than" in reasons["f-large.pdf"]
    assert "no text" in reasons["g-scan.pdf"]
    assert "password" in reasons["h-secret.pdf"]
    assert "came before" in reasons["same"]


class FailingStore(EmbeddedKnowledgeBase):
    """Has no room, or cannot delete."""

    full = False
    stuck = False

    async def upsert(self, documents: Iterable[Document]) -> IngestReport:
        if self.full:
            raise KnowledgeError("the disk is full")
        return await super().upsert(documents)

    async def delete(self, document_ids: Sequence[str]) -> int:
        if self.stuck:
            raise KnowledgeError("the disk is full")
        return await super().delete(document_ids)


async def test_after_a_fault_of_the_store_the_next_run_makes_good(
    tmp_path: Path, extractor: CountingExtractor
) -> None:
    bench = Bench(tmp_path, extractor)
    bench.kb = store = FailingStore(tmp_path / "store" / "knowledge.db", HashEmbedder)
    bench.write("a.md", "Words of a.")
    bench.write("b.md", "Words of b.")
    store.full = True
    with pytest.raises(KnowledgeError, match="disk is full"):
        await bench.ingest()
    assert [source.state for source in bench.ledger.sources()] == ["stopped"]
    store.full = False
    assert (await bench.ingest()).added == ("va/a", "va/b")
    (bench.pages / "a.md").unlink()
    store.stuck = True
    with pytest.raises(KnowledgeError, match="disk is full"):
        await bench.ingest()
    store.stuck = False
    assert (await bench.ingest()).removed == ("va/a",)
    await store.close()


async def test_a_source_that_only_passes_through_takes_nothing_away(bench: Bench, tmp_path: Path) -> None:
    """Uploads: the folder is another one each time."""
    for number, name in enumerate(("a.md", "b.md")):
        folder = tmp_path / f"upload{number}"
        folder.mkdir()
        (folder / name).write_text(f"Words of {name}.")
        supply = FileSupply(folder, "va", bench.extractor, kind="upload", location="upload")
        assert (await ingest(bench.kb, supply, ledger=bench.ledger)).removed == ()
    assert await bench.ids() == ["va/a", "va/b"]
    assert [source.documents for source in bench.ledger.sources()] == [2]
