"""Counts what looks like personal data in a text. Never returns what it found. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

EMAIL = "e-mail address"
"""The kind that published pages are full of."""
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_NAMED_SSN = re.compile(
    r"\b(?:SSN|social security (?:number|no\.?|#))\W{0,3}(?:is\s)?\s?(?!000|666|9)\d{9}(?!\d)", re.IGNORECASE
)
_LETTER, _MIXED = "[AC-HJKMNP-RT-Y]", "[0-9AC-HJKMNP-RT-Y]"
_MBI = re.compile(rf"\b[1-9]{_LETTER}{_MIXED}\d(-?){_LETTER}{_MIXED}\d\1{_LETTER}{{2}}\d{{2}}\b")
"""A Medicare Beneficiary Identifier: 11 characters, some letters never used."""
_VA_FILE = re.compile(
    r"\b(?:VA|claim|C)[ -]?(?:file|claim|folder)\s?(?:number|no\.?|#)\W{0,3}(?:is\s)?\s?C?[- ]?"
    r"\d{2,3}[ -]?\d{2,3}[ -]?\d{3,4}(?!\d)",
    re.IGNORECASE,
)
_CARD = re.compile(
    r"(?<![\d.-])(?:[2-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{1,7}|3[47]\d{2}([ -]?)\d{6}\2\d{5})(?![\d-])"
)
_EMAIL = re.compile(r"(?<=[\w.+-])@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[A-Za-z]{2,24}\b")
_EXAMPLES = frozenset({"078051120", "219099999", "123456789", "111111111", "1EG4TE5MK72", "1EG4TE5MK73"})
"""Numbers that were printed as examples; nobody has them."""


def _luhn(digits: str) -> bool:
    """The check digit of payment cards."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def _plain(words: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", words)


def _real(words: str) -> bool:
    return _plain(words)[-11:] not in _EXAMPLES and _plain(words)[-9:] not in _EXAMPLES


def _card(words: str) -> bool:
    digits = _plain(words)
    return 13 <= len(digits) <= 19 and len(set(digits)) > 2 and _luhn(digits)


def _any(_words: str) -> bool:
    return True


_PATTERNS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("Social Security number", _SSN, _real),
    ("Social Security number", _NAMED_SSN, _real),
    ("Medicare number", _MBI, _real),
    ("VA file number", _VA_FILE, _any),
    ("card number", _CARD, _card),
    (EMAIL, _EMAIL, _any),
)


def count_personal(text: str) -> Mapping[str, int]:
    """How often each kind was found; kinds that were not are left out. Numbers printed as examples do not count."""
    counts: dict[str, int] = {}
    for kind, pattern, is_one in _PATTERNS:
        found = sum(is_one(match[0]) for match in pattern.finditer(text))
        if found:
            counts[kind] = counts.get(kind, 0) + found
    return counts


def personal_words(counts: Mapping[str, int]) -> str:
    """``2 Social Security numbers, 1 e-mail address``."""
    return ", ".join(
        f"{count:,} {kind}{'' if count == 1 else 'es' if kind.endswith('s') else 's'}"
        for kind, count in counts.items()
    )
