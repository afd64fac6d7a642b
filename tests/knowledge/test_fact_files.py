from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from realtime_agents.errors import ConfigError
from realtime_agents.knowledge.fact_files import read_facts
from realtime_agents.knowledge.facts import FactBook
from realtime_agents.settings import ROOT

TODAY = date(2026, 11, 22)

WORDS = """\
terms:
  late_fee: [late fee, overdue fine]
conditions:
  age:
    ask: the age group
    choices:
      adult: {say: for an adult, words: [adult, grown up]}
      child: {say: for a child, words: [child, kid]}
"""
HEAD = """\
sources:
  rules: {title: Library rules, url: "https://example.org/rules"}
facts:
"""
FACT = """\
  - name: late_fee
    topic: loans.fees
    label: the late fee
    unit: USD/day
    needs: ["late fee"]
    asks: ["How much is the late fee?"]
    values:
      - {id: f1, value: 0.25, when: {age: adult}, from: 2026-01-01, to: 2026-12-31, year: 2026, source: rules}
      - {id: f2, value: 0.10, when: {age: child}, from: 2026-01-01, to: 2026-12-31, year: 2026, source: rules}
"""


def write(folder: Path, text: str, words: str = WORDS) -> Path:
    (folder / "words.yaml").write_text(words, encoding="utf-8")
    (folder / "fees.yaml").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[tuple[str, int | None, str]]:
    return [(Path(e.file).name, e.line, e.message) for e in read_facts(folder).errors]


def test_a_folder_of_ones_own_works_without_python(tmp_path: Path) -> None:
    book = FactBook.load(write(tmp_path, HEAD + FACT), None)
    assert len(book) == 2
    both = book.find("How much is the overdue fine?", today=TODAY)
    assert both.say == "In 2026 the late fee is $0.25 a day for an adult and $0.10 a day for a child. [1]"
    child = book.find("How much is the late fee for a kid?", today=TODAY)
    assert child.say == "In 2026 the late fee for a child is $0.10 a day. [1]"


def test_a_folder_that_does_not_exist_holds_no_facts(tmp_path: Path) -> None:
    assert len(FactBook.load(tmp_path / "facts")) == 0


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "    unit: USD/day\n",
            "    unitt: USD/day\n",
            7,
            "unknown key 'unitt' in a fact; did you mean 'unit'?",
        ),
        ("    unit: USD/day\n", "", 4, "a fact needs the key 'unit'"),
        ("value: 0.25", "valeu: 0.25", 11, "did you mean 'value'?"),
        (
            "source: rules}\n      - {id: f2",
            "source: rule}\n      - {id: f2",
            11,
            "unknown source 'rule'; did you mean 'rules'?",
        ),
        ("id: f2", "id: f1", 12, "the id 'f1' is already used at"),
        (
            "from: 2026-01-01, to: 2026-12-31, year: 2026, source: rules}\n      - {id: f2",
            "from: 2027-01-01, to: 2026-12-31, year: 2026, source: rules}\n      - {id: f2",
            11,
            "'from' lies after 'to'",
        ),
        ("from: 2026-01-01", "from: January", 11, "'from' must be a date such as 2026-01-31; found text"),
        ("{age: adult}", "{age: adut}", 11, "'age' has no choice 'adut'; did you mean 'adult'?"),
        (
            "{age: adult}",
            "{agee: adult}",
            11,
            "unknown condition 'agee', not in words.yaml; did you mean 'age'?",
        ),
        (
            "value: 0.25, when: {age: adult}, from: 2026-01-01, to: 2026-12-31, year: 2026",
            "value: null",
            11,
            "a value of null needs a year",
        ),
        (
            '    asks: ["How much is the late fee?"]\n',
            "    asks: How much?\n",
            9,
            "'asks' must be a list of texts; found text",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    text = HEAD + FACT
    assert old in text
    found = problems(write(tmp_path, text.replace(old, new, 1)))
    assert len(found) == 1, found
    file, found_line, words = found[0]
    assert (file, found_line) == ("fees.yaml", line)
    assert message in words


def test_all_mistakes_of_a_folder_are_collected_and_noted(tmp_path: Path) -> None:
    write(tmp_path, HEAD + FACT.replace("unit:", "unitt:").replace("source: rules", "source: rulez"))
    (tmp_path / "other.yaml").write_text("facts:\n\t- x\n")
    assert len(problems(tmp_path)) == 4
    with pytest.raises(ConfigError) as caught:
        FactBook.load(tmp_path)
    assert len(caught.value.__notes__) == 3


def test_a_name_used_in_two_files_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, HEAD + FACT)
    (tmp_path / "more.yaml").write_text(HEAD + FACT.replace("f1", "f3").replace("f2", "f4"))
    (only,) = problems(tmp_path)
    assert only[:2] == ("more.yaml", 4)
    assert "the name 'late_fee' is already used at" in only[2]


def test_mistakes_in_the_words_are_reported(tmp_path: Path) -> None:
    words = WORDS.replace("say: for a child, ", "").replace(
        "late_fee: [late fee, overdue fine]", "late_fee: late fee"
    )
    found = problems(write(tmp_path, HEAD + FACT, words))
    assert ("words.yaml", 2, "the term 'late_fee' must be a list of spellings") in found
    assert any(line == 8 and "needs the key 'say'" in message for _, line, message in found)


def test_the_shipped_facts_have_no_mistake_and_keep_their_origin() -> None:
    reading = read_facts(ROOT / "agent_configs" / "benefits" / "facts")
    assert reading.errors == []
    values = [value for fact in reading.facts for value in fact.values]
    assert len(values) >= 360
    for value in values:
        assert value.source.title
        assert value.value is None or value.as_of, value.id
