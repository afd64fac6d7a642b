from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from realtime_agents import runtime
from realtime_agents.api import knowledge_upload
from realtime_agents.api.app import build_api
from realtime_agents.api.knowledge_upload import safe_name
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.uploads import Upload, remove
from realtime_agents.settings import load

PATH = "/api/knowledge/upload"


class FakeJobs:
    """Takes folders."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, bytes], str, str]] = []
        self.refuse = ""

    def add_upload(self, upload: Upload) -> str:
        if self.refuse:
            remove(upload.folder)
            raise KnowledgeError(self.refuse)
        files = {path.name: path.read_bytes() for path in sorted(upload.folder.iterdir())}
        self.taken.append((files, upload.label, upload.collection))
        return "job1"


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeJobs:
    made = FakeJobs()
    current: Any = SimpleNamespace(ingests=made, settings=SimpleNamespace(data_dir=tmp_path))
    monkeypatch.setattr(runtime, "find_runtime", lambda: current)
    return made


@pytest.fixture
def client() -> Iterator[TestClient]:
    async def page(_scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError("the page was asked")

    with TestClient(build_api(page, load({})), base_url="http://localhost") as made:
        yield made


def files(**named: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("file", (name.replace("__", "."), data)) for name, data in named.items()]


def left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "uploads").glob("*")) if (tmp_path / "uploads").exists() else []


def test_files_are_kept_and_handed_to_a_job(client: TestClient, jobs: FakeJobs) -> None:
    answer = client.post(f"{PATH}?collection=va-leaflets", files=files(a__md=b"Words.", b__pdf=b"%PDF-"))
    assert (answer.status_code, answer.json()) == (202, {"job": "job1", "files": 2})
    assert jobs.taken == [({"a.md": b"Words.", "b.pdf": b"%PDF-"}, "a.md and 1 more file", "va-leaflets")]


def test_files_of_the_same_name_are_both_kept(client: TestClient, jobs: FakeJobs) -> None:
    same = [("file", (name, data)) for name, data in (("a.md", b"1"), ("A.md", b"2"), ("x/a.md", b"3"))]
    assert client.post(f"{PATH}?collection=va", files=same).status_code == 202
    assert jobs.taken[0][0] == {"A-2.md": b"2", "a-3.md": b"3", "a.md": b"1"}


@pytest.mark.parametrize("collection", ["", "Has Capitals", "../up", "a" * 41, "ünder", "-a", "a/b"])
def test_a_name_that_is_no_collection_is_refused(client: TestClient, jobs: FakeJobs, collection: str) -> None:
    answer = client.post(PATH, params={"collection": collection}, files=files(a__md=b"Words."))
    assert answer.status_code == 422
    assert "A collection's name" in answer.json()["error"]
    assert jobs.taken == []


def test_a_file_that_is_too_large_is_refused(
    client: TestClient, jobs: FakeJobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge_upload, "MAX_FILE_BYTES", 2**20)
    answer = client.post(f"{PATH}?collection=va", files=files(a__md=b"a" * (2**20 + 1)))
    assert (answer.status_code, answer.json()["error"]) == (422, "a.md: it is larger than 1 MB.")
    assert left(tmp_path) == []


@pytest.mark.parametrize("declared", [True, False])
def test_a_request_that_is_too_large_is_left_whatever_it_says_of_itself(
    client: TestClient, jobs: FakeJobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: bool
) -> None:
    monkeypatch.setattr(knowledge_upload, "MAX_REQUEST_BYTES", 2**20)
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\n'
        for _ in range(64):
            sent += 1
            yield b"a" * 2**16
        yield b"\r\n--x--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=x"}
    if declared:
        headers["content-length"] = "99999999"
    answer = client.post(f"{PATH}?collection=va", content=body(), headers=headers)
    assert answer.status_code == 413
    assert "1 MB at most" in answer.json()["error"]
    assert left(tmp_path) == []
    assert jobs.taken == []


def test_too_many_files_are_refused(client: TestClient, jobs: FakeJobs) -> None:
    many = [("file", (f"{number}.md", b"Words.")) for number in range(knowledge_upload.MAX_FILES + 1)]
    answer = client.post(f"{PATH}?collection=va", files=many)
    assert answer.status_code == 400
    assert "Too many files" in answer.json()["error"]


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"words", "text/plain"),
        (b"--x\r\nnonsense", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nwords\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_request_without_files_is_refused_in_words(
    client: TestClient, jobs: FakeJobs, content: bytes, content_type: str
) -> None:
    answer = client.post(f"{PATH}?collection=va", content=content, headers={"content-type": content_type})
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]
    assert jobs.taken == []


def test_another_site_may_not_upload(client: TestClient, jobs: FakeJobs) -> None:
    answer = client.post(
        f"{PATH}?collection=va", files=files(a__md=b"Words."), headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert jobs.taken == []


def test_what_the_jobs_refuse_is_passed_on(client: TestClient, jobs: FakeJobs) -> None:
    jobs.refuse = "20 ingests are waiting already."
    answer = client.post(f"{PATH}?collection=va", files=files(a__md=b"Words."))
    assert (answer.status_code, answer.json()["error"]) == (409, "20 ingests are waiting already.")


def test_while_the_app_starts_nothing_is_taken(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "find_runtime", lambda: None)
    assert client.post(f"{PATH}?collection=va", files=files(a__md=b"Words.")).status_code == 503


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("letter.md", "letter.md"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\note.txt", "note.txt"),
        (".hidden.md", "hidden.md"),
        ("..", ""),
        ("", ""),
        ("a\x00b\n.md", "a_b_.md"),
        ("über uns (1).pdf", "über uns (1).pdf"),
        ("a" * 300 + ".jsonl", "a" * 114 + ".jsonl"),
    ],
)
def test_a_name_cannot_lead_anywhere(given: str, kept: str) -> None:
    assert safe_name(given) == kept
