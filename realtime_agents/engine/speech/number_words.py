"""Numbers as words of American English."""

from __future__ import annotations

from typing import Final

_ONES: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS: Final = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES: Final = (
    (10**12, "trillion"),
    (10**9, "billion"),
    (10**6, "million"),
    (1000, "thousand"),
    (100, "hundred"),
)
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def cardinal(number: int) -> str:
    """``1676`` → "one thousand six hundred seventy-six"; a number of sixteen digits and more digit by digit."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if number >= 10**15:
        return digits(str(number))
    size, name = next(scale for scale in _SCALES if number >= scale[0])
    most, rest = divmod(number, size)
    return f"{cardinal(most)} {name}" + (f" {cardinal(rest)}" if rest else "")


def ordinal(number: int) -> str:
    """``21`` → "twenty-first"."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    if last in _ORDINALS:
        return words[:cut] + _ORDINALS[last]
    return words[:cut] + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


def year(number: int) -> str:
    """``2026`` → "twenty twenty-six", ``2005`` → "two thousand five", ``1908`` → "nineteen oh eight"."""
    century, rest = divmod(number, 100)
    if 2000 <= number < 2010 or number % 1000 == 0:
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {two_digits(rest)}"


def digits(figures: str) -> str:
    """``"988"`` → "nine eight eight"; other characters are left out."""
    return " ".join(_ONES[int(figure)] for figure in figures if figure in "0123456789")


def two_digits(number: int) -> str:
    """``5`` → "oh five", as in times and years."""
    return f"oh {_ONES[number]}" if number < 10 else cardinal(number)


def decimal(figures: str) -> str:
    """``"1,234.50"`` → "one thousand two hundred thirty-four point five zero"."""
    whole, _, part = figures.replace(",", "").partition(".")
    words = cardinal(int(whole or "0"))
    return f"{words} point {digits(part)}" if part else words


def spelled(figures: str) -> str:
    """Digits of a form or code in groups, as they are read out: "534" → "five thirty-four".

    A group of four is read as two pairs, longer ones and those that begin with 0 digit by digit.
    """
    if len(figures) > 4:
        return digits(figures)
    if len(figures) == 4 and figures.endswith("00") and figures[0] != "0" != figures[1]:
        return f"{cardinal(int(figures[:2]))} hundred"
    if len(figures) == 4 and not figures.endswith("00"):
        return f"{_pair(figures[:2])} {_pair(figures[2:])}"
    if len(figures) == 3 and figures[0] != "0" and figures[1:] != "00":
        return f"{_ONES[int(figures[0])]} {_pair(figures[1:])}"
    return cardinal(int(figures)) if figures[0] != "0" else digits(figures)


def _pair(figures: str) -> str:
    return two_digits(int(figures)) if figures != "00" else "zero zero"
