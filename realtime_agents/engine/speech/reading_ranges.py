"""From one day, month or hour to another, as it is said: the dash between them means "to"."""

from __future__ import annotations

import re
from typing import Final

from realtime_agents.engine.speech.number_words import two_digits, year
from realtime_agents.engine.speech.reading import Match, reading
from realtime_agents.engine.speech.reading_numbers import (
    DASH,
    MONTH,
    YEAR,
    day_of_month,
    month_name,
    numeric_day,
)

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAY: Final = r"(?:Mon(?:day)?|Tue(?:s(?:day)?)?|Wed(?:nesday)?|Thu(?:rs?(?:day)?)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)\b\.?"


def _weekdays(match: Match) -> str:
    return " to ".join(
        next(day for day in _WEEKDAYS if day.startswith(name.rstrip(".")[:3])) for name in match.groups()
    )


def _months(match: Match) -> str:
    return " to ".join(map(month_name, match.groups()))


def _days(match: Match) -> str | None:
    first = day_of_month(month_name(match[1]), match[2], match[3])
    last = day_of_month(month_name(match[4]), match[5], match[6])
    return f"{first} to {last}" if first and last else None


def _numeric_days(match: Match) -> str | None:
    first, last = numeric_day(match[1], match[2], match[3]), numeric_day(match[4], match[5], match[6])
    return f"{first} to {last}" if first and last else None


def _school_year(match: Match) -> str | None:
    first, last = int(match[1]), int(match[2])
    return f"{year(first)} to {two_digits(last)}" if last == (first + 1) % 100 else None


RANGE_READINGS: Final = (
    reading(
        rf"\b({MONTH})\s(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s({YEAR}))?{DASH}({MONTH})\s(\d{{1,2}})(?:st|nd|rd|th)?"
        rf"(?:,?\s({YEAR})\b)?(?![\d%]|[.,:]\d|\w)",
        _days,
    ),
    reading(
        rf"(?<![\w/.,-])(\d{{1,2}})/(\d{{1,2}})(?:/({YEAR}))?{DASH}(\d{{1,2}})/(\d{{1,2}})(?:/({YEAR}))?(?![\w/-])",
        _numeric_days,
    ),
    reading(rf"\b({MONTH}){DASH}({MONTH})(?!\s?\d)", _months),
    reading(rf"\b({_WEEKDAY}){DASH}({_WEEKDAY})", _weekdays),
    reading(rf"(?<![\w&-])M{DASH}F(?![\w&-])", "Monday to Friday"),
    reading(rf"(?<![\w.,$-])({YEAR})[-–](\d\d)(?![\w-]|[.,/]\d)", _school_year),
    reading(rf"\b(noon|midnight){DASH}(?=\d)", lambda m: f"{m[1]} to ", re.IGNORECASE),
    # Behind an hour.
    reading(
        r"(?:(?<=\d[ap]m)|(?<=\d\s[ap]m)|(?<=[ap]\.m\.)|(?<=:\d\d))\s?[-–—]\s?(?=\d|noon\b|midnight\b)",
        " to ",
        re.IGNORECASE,
    ),
)
