"""``eval retrieval`` and ``knowledge`` as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_agents.cli import main
from realtime_agents.settings import TABLE

PAGES = {
    "va": [("flag", "Burial flags", "A flag drapes the casket. The next of kin keeps it.")],
    "medicare": [
        (
            "glasses",
            "Eyeglasses",
            "# Will they pay?\nMedicare pays for one pair of eyeglasses after cataract surgery.",
        ),
        ("hospice", "Hospice", "Hospice cares for people who are dying. You pay nothing for it."),
    ],
}
QUESTIONS = [
    {"question": "Who keeps the burial flag?", "gold_ids": ["flag"], "area": "va"},
    {
        "question": "Will they pay?",
        "gold_ids": ["glasses"],
        "area": "medicare",
        "headings": [{"record_id": "glasses", "text": "Will they pay?"}],
    },
    {"question": "Anything?", "gold_ids": ["flag"], "ambiguous": True},
]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for row in TABLE:
        monkeypatch.delenv(row.name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, pages in PAGES.items():
        records = [{"id": i, "title": title, "text": text} for i, title, text in pages]
        (corpus / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(q) + "\n" for q in QUESTIONS))
    return tmp_path


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_retrieval_is_measured_as_a_table(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--corpus", str(data / "corpus"), "--questions", str(data / "questions.jsonl")]
    assert main(["eval", "retrieval", *arguments, "--by-area", "--drop-headings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "embedded: 2 questions" in lines
    rows = [line.split("|")[0].strip() for line in lines if "|" in line]
    runs = ["fusion", "BM25", "vectors"]
    assert rows == ["", *runs, "fusion + rerank 10", *(f"{run}, by area" for run in runs)]
    copy = next((data / "data" / "eval").rglob("medicare.jsonl"))
    assert "Will they pay?" not in copy.read_text()
    assert main(["eval", "retrieval", *arguments, "--rerank", "0", "--json"]) == 0
    (fusion, *_) = told(capsys)["embedded"]
    assert fusion["questions"] == 2
    assert fusion["hit@5"] == 1.0
    assert fusion["p50_ms"] > 0


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--store", "elasticsearch"], "ELASTICSEARCH_URL is not set"),
        (["--corpus", "nowhere"], "no such file or folder"),
        (["--questions", "nowhere"], "cannot be read"),
    ],
)
def test_what_cannot_be_measured_is_told(
    data: Path, capsys: pytest.CaptureFixture[str], extra: list[str], words: str
) -> None:
    arguments = ["--corpus", str(data / "corpus"), "--questions", str(data / "questions.jsonl")]
    assert main(["eval", "retrieval", *arguments, *extra]) == 1
    assert words in capsys.readouterr().err


def test_versions_are_listed_rebuilt_and_gone_back_to(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["knowledge", "versions", "--json"]) == 0
    (first,) = told(capsys)
    assert first["active"]
    assert main(["knowledge", "rebuild", "--json"]) == 0
    second, older = told(capsys)
    assert (second["active"], older["id"]) == (True, first["id"])
    assert main(["knowledge", "rollback"]) == 0
    assert f"* {first['id']}" in capsys.readouterr().out
    assert main(["knowledge", "rollback", "--version", "nothing"]) == 1
    assert "no version 'nothing'" in capsys.readouterr().err


def test_a_rebuild_may_be_held_to_golden_questions(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest = ["ingest", str(data / "corpus" / "va.jsonl"), "--collection", "va", "--json"]
    assert main(ingest) == 0
    capsys.readouterr()
    assert main(["knowledge", "rebuild", "--golden", str(data / "questions.jsonl"), "--json"]) == 0
    assert told(capsys)[0]["documents"] > 1
