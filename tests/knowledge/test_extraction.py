from __future__ import annotations

import io
import json

import pytest

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge import extraction, extraction_worker
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.extraction_worker import serve
from tests.support.pdf_files import pdf


def test_pages_and_pdf_files_are_taken_apart_in_the_other_process(extractor: Extractor) -> None:
    assert extractor.read("html", b"<h1>Title</h1><p>Words.</p>")["title"] == "Title"
    assert "Words of a leaflet" in extractor.read("pdf", pdf(["Words of a leaflet that is short."]))["text"]


def test_a_file_that_cannot_be_read_says_why_and_the_next_one_is_read(extractor: Extractor) -> None:
    with pytest.raises(DocumentError, match="is broken"):
        extractor.read("pdf", b"%PDF-1.7 nonsense")
    assert extractor.read("html", b"<p>Words.</p>")["text"] == "Words."


def test_a_file_that_takes_too_long_is_given_up_and_the_next_one_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Extractor(timeout_s=0.01) as hasty:
        with pytest.raises(DocumentError, match="took longer than"):
            hasty.read("html", b"<!--" * 2_000_000)
        hasty._timeout_s = 30
        assert hasty.read("html", b"<p>Words.</p>")["text"] == "Words."


def test_a_process_that_dies_is_told_and_the_next_file_is_read(extractor: Extractor) -> None:
    assert extractor.read("html", b"<p>Words.</p>")
    assert extractor._worker is not None
    extractor._worker._process.kill()
    with pytest.raises(DocumentError, match="could not be read"):
        extractor.read("html", b"<p>Words.</p>")
    assert extractor.read("html", b"<p>Words.</p>")["text"] == "Words."


def test_a_page_that_needs_too_much_memory_is_refused(extractor: Extractor) -> None:
    with pytest.raises(DocumentError, match="too much memory"):
        extractor.read("html", b"<p " + b"a=b " * 2_000_000 + b">x")
    assert extractor.read("html", b"<p>Words.</p>")["text"] == "Words."


def test_nothing_is_read_after_the_end() -> None:
    closed = Extractor()
    closed.close()
    closed.close()
    with pytest.raises(DocumentError, match="stopped"):
        closed.read("html", b"<p>Words.</p>")


def test_no_process_is_started_before_there_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "_MODULE", "nothing.of.that.name")
    with Extractor() as idle:
        assert idle._worker is None
        with pytest.raises(DocumentError, match="could not be read"):
            idle.read("html", b"<p>Words.</p>")


def test_the_process_answers_every_request_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(html: str) -> object:
        raise RecursionError if "deep" in html else MemoryError

    monkeypatch.setattr(extraction_worker, "read_page", failing)
    requests = io.BytesIO()
    for body in (b"deep", b"large"):
        requests.write(json.dumps({"kind": "html", "bytes": len(body)}).encode() + b"\n" + body)
    requests.seek(0)
    answers = io.BytesIO()
    serve(requests, answers)
    first, second = map(json.loads, answers.getvalue().splitlines())
    assert first == {"failed": "it is broken (RecursionError)"}
    assert second["last"] is True
