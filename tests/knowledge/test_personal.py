from __future__ import annotations

import gzip
import json

import pytest

from realtime_agents.knowledge.personal import count_personal, personal_words
from realtime_agents.settings import ROOT

CORPUS = ROOT.parent / "shared" / "data" / "corpus"


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("SSN 536-22-8714.", {"Social Security number": 1}),
        ("536 22 8714 and 536-22-8715", {"Social Security number": 2}),
        ("Social Security number: 536228714", {"Social Security number": 1}),
        ("Medicare number 1AC2-DE3-FG45", {"Medicare number": 1}),
        ("1AC2DE3FG45", {"Medicare number": 1}),
        ("VA file number: C12 345 678", {"VA file number": 1}),
        ("claim file no. 123456789", {"VA file number": 1}),
        ("paid with 4539 1488 0343 6467 today", {"card number": 1}),
        ("amex 3714 496353 98431", {"card number": 1}),
        ("ann@example.org, bob.b@mail.example.co.uk", {"e-mail address": 2}),
    ],
)
def test_what_looks_like_personal_data_is_counted(text: str, counts: dict[str, int]) -> None:
    assert count_personal(text) == counts


@pytest.mark.parametrize(
    "text",
    [
        "Call 1-800-633-4227 (TTY 1-877-486-2048) or 800-827-1000.",
        "VA Form 21-526EZ, form CMS-10106, section 1862(a)(1)(A)",
        "000-12-3456, 666-12-3456, 912-34-5678, 123-00-4567, 123-45-0000",
        "An example is 123-45-6789, or 078-05-1120.",
        "The card shows 1EG4-TE5-MK73.",
        "1SC2-DE3-FG45 has a letter that is never used",
        "1234-5678-9012-3456 is not a card, 4444 4444 4444 4444 neither",
        "ISBN 978-3-16-148410-0, order 0012-3456-7890",
        "user@localhost and @handle and a@b",
        "$1,234,567,890,123,456",
        "",
    ],
)
def test_what_only_resembles_it_is_not(text: str) -> None:
    assert count_personal(text) == {}


def test_the_words_tell_kinds_and_counts_and_nothing_else() -> None:
    assert personal_words({"Social Security number": 1, "e-mail address": 2}) == (
        "1 Social Security number, 2 e-mail addresses"
    )


def test_published_pages_hold_no_numbers_of_persons() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of agency pages is not on this machine")
    for path in sorted(CORPUS.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as lines:
            for line in lines:
                record = json.loads(line)
                assert count_personal(record["text"]).keys() <= {"e-mail address"}, record["id"]
