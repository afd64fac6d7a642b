from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge.evaluation import (
    Judged,
    Outcome,
    overlap,
    read_questions,
    table,
    without_headings,
)


def outcome(*pairs: tuple[set[str], list[str]]) -> Outcome:
    return Outcome(
        name="run",
        questions=tuple(Judged(text="?", relevant=frozenset(right)) for right, _ in pairs),
        found=tuple(tuple(names) for _, names in pairs),
        times_ms=(4.0, 1.0, 3.0, 2.0),
    )


def test_the_measures_of_a_run() -> None:
    run = outcome(
        ({"a"}, ["a", "b"]), ({"b"}, ["a", "b"]), ({"x"}, ["a", "b"]), ({"a", "c"}, ["c", "x", "a"])
    )
    assert run.hit(1) == 0.5
    assert run.hit(5) == 0.75
    assert run.mrr == pytest.approx((1 + 0.5 + 0 + 1) / 4)
    both = (1 + 1 / 2) / (1 + 1 / 1.5849625)  # found at 1 and 3, could have been at 1 and 2
    assert run.ndcg == pytest.approx((1 + 1 / 1.5849625 + 0 + both) / 4)
    assert run.percentile_ms(50) == 3.0
    assert run.percentile_ms(95) == 4.0


def test_the_overlap_is_the_share_of_the_first_documents_in_common() -> None:
    first = outcome(({"a"}, ["a", "b", "c", "d", "e", "f"]), ({"a"}, ["a"]))
    second = outcome(({"a"}, ["b", "a", "x", "y", "z", "f"]), ({"a"}, ["b"]))
    assert overlap(first, second) == pytest.approx(0.2)
    assert overlap(first, first) == 1.0


def test_the_table_has_a_line_for_each_run() -> None:
    lines = table([outcome(({"a"}, ["a"]))]).splitlines()
    assert len(lines) == 2
    assert "1.000" in lines[1]


def test_questions_are_read_and_ambiguous_ones_left_out(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    line = {
        "question": "Who?",
        "gold_ids": ["a", "b"],
        "area": "va",
        "headings": [{"record_id": "a", "text": "Who?"}],
    }
    path.write_text(f"{json.dumps(line)}\n\n{json.dumps({**line, 'ambiguous': True})}\n")
    (question,) = read_questions(path)
    assert question == Judged(
        text="Who?", relevant=frozenset({"a", "b"}), collections=("va",), headings=(("a", "Who?"),)
    )


@pytest.mark.parametrize(
    ("text", "told"), [("{", ":1:"), ('{"question": "x"}', ":1:"), ("[1]", ":1:"), ("", "no questions")]
)
def test_a_bad_question_file_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(text)
    with pytest.raises(DocumentError, match=told):
        read_questions(path)


def test_a_question_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"none\.jsonl"):
        read_questions(tmp_path / "none.jsonl")


def test_headings_that_are_the_questions_are_deleted_from_their_documents(tmp_path: Path) -> None:
    corpus, copy = tmp_path / "corpus", tmp_path / "copy"
    corpus.mkdir()
    records = [{"id": "a", "text": "# Who pays?\nWe do."}, {"id": "b", "text": "# Who pays?\nYou do."}]
    with gzip.open(corpus / "pages.jsonl.gz", "wt") as out:
        out.write("".join(json.dumps(record) + "\n" for record in records))
    question = Judged(text="Who pays?", relevant=frozenset({"a"}), headings=(("a", "Who pays?"),))
    without_headings(corpus, [question], copy)
    texts = [json.loads(line)["text"] for line in (copy / "pages.jsonl").read_text().splitlines()]
    assert texts == ["# \nWe do.", "# Who pays?\nYou do."]
