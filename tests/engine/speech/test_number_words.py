from __future__ import annotations

import pytest

from realtime_agents.engine.speech.number_words import cardinal, decimal, digits, ordinal, spelled, year


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (67, "sixty-seven"),
        (202, "two hundred two"),
        (1_000, "one thousand"),
        (1_676, "one thousand six hundred seventy-six"),
        (109_000, "one hundred nine thousand"),
        (67_000_001, "sixty-seven million one"),
        (10**15, "one " + "zero " * 14 + "zero"),
    ],
)
def test_cardinals(number: int, words: str) -> None:
    assert cardinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "first"),
        (12, "twelfth"),
        (20, "twentieth"),
        (22, "twenty-second"),
        (65, "sixty-fifth"),
        (100, "one hundredth"),
    ],
)
def test_ordinals(number: int, words: str) -> None:
    assert ordinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (2026, "twenty twenty-six"),
        (2000, "two thousand"),
        (2005, "two thousand five"),
        (1965, "nineteen sixty-five"),
        (1908, "nineteen oh eight"),
        (1900, "nineteen hundred"),
    ],
)
def test_years(number: int, words: str) -> None:
    assert year(number) == words


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ("10", "ten"),
        ("526", "five twenty-six"),
        ("401", "four oh one"),
        ("0966", "oh nine sixty-six"),
        ("1490", "fourteen ninety"),
        ("2000", "two thousand"),
        ("300", "three hundred"),
        ("007", "zero zero seven"),
        ("10182", "one zero one eight two"),
    ],
)
def test_codes_are_read_in_groups(figures: str, words: str) -> None:
    assert spelled(figures) == words


def test_decimals_and_digits() -> None:
    assert decimal("1,234.50") == "one thousand two hundred thirty-four point five zero"
    assert digits("9-8 8") == "nine eight eight"
