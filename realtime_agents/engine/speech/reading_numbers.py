"""Amounts, shares, dates, times and plain numbers, as they are said."""

from __future__ import annotations

import re
from typing import Final

from realtime_agents.engine.speech.number_words import (
    MONTHS,
    cardinal,
    decimal,
    digits,
    ordinal,
    two_digits,
    year,
)
from realtime_agents.engine.speech.reading import Match, reading

_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_APART: Final = r"(?<![\w.,$])"
DASH: Final = r"\s?[-–—]\s?"
YEAR: Final = r"(?:19|20)\d\d"
MONTH: Final = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_ZONES: Final = {
    "E": "Eastern",
    "C": "Central",
    "M": "Mountain",
    "P": "Pacific",
    "H": "Hawaii",
    "A": "Alaska",
}
_FRACTIONS: Final = {
    "1/2": "one half",
    "1/3": "one third",
    "2/3": "two thirds",
    "1/4": "one quarter",
    "3/4": "three quarters",
    "50/50": "fifty-fifty",
    "24/7": "twenty-four seven",
    "9/11": "nine eleven",
}
_SMALL: Final = {
    "½": "one half",
    "¼": "one quarter",
    "¾": "three quarters",
    "⅓": "one third",
    "⅔": "two thirds",
}
_COUNTED: Final = (
    r"(?=\s(?:people|persons|dollars|hours|days|points|miles|units|veterans|beneficiaries|copies|words)\b)"
)
_THING: Final = (
    r"(?:\s(?:yearly|annual|monthly|daily|hospital|drug))?\s(?:amount|deductible|premium|co-?pay(?:ment)?|limit|penalty|fee|payment|cap"
    r"|credit|benefit|allowance|charge|bill|check|surcharge)s?\b"
)
"""What has a price before it in the singular: "the two hundred dollar deductible"."""
_SHORT_UNITS: Final = {
    "lb": "pounds",
    "hr": "hours",
    "min": "minutes",
    "yr": "years",
    "mo": "months",
    "wk": "weeks",
    "mg": "milligrams",
    "ml": "milliliters",
    "mi": "miles",
    "ft": "feet",
    "mcg": "micrograms",
    "kg": "kilograms",
    "oz": "ounces",
}
_SCALE: Final = r"(?:\s(?P<scale>thousand|[mbtr]+illion)|(?P<letter>[KkMB])\b)?"
_SCALE_LETTERS: Final = {"k": "thousand", "m": "million", "b": "billion"}


def _dollars(figures: str, scale: str | None = None) -> str:
    """``"202.90"`` → "two hundred two dollars and ninety cents"."""
    if scale:
        return f"{decimal(figures)} {scale} dollars"
    whole, _, part = figures.replace(",", "").partition(".")
    if part and len(part) != 2:
        return f"{decimal(figures)} dollars"
    dollars, cents = int(whole or "0"), int(part or "0")
    dollars_said = f"{cardinal(dollars)} dollar{'s' * (dollars != 1)}"
    cents_said = f"{cardinal(cents)} cent{'s' * (cents != 1)}"
    if not cents:
        return dollars_said
    return f"{dollars_said} and {cents_said}" if dollars else cents_said


def _scale(match: Match) -> str | None:
    """The word behind an amount: "million" in "$2 million" and in "$2M"."""
    return match["scale"] or _SCALE_LETTERS.get((match["letter"] or "").lower())


def _dollar_range(match: Match) -> str:
    low, high, scale = match["low"], match["high"], _scale(match)
    if "." in low or "." in high:
        return f"{_dollars(low)} to {_dollars(high, scale)}"
    return f"{decimal(low)} to {_dollars(high, scale)}"


def month_name(name: str) -> str:
    return next(month for month in MONTHS if month.startswith(name.rstrip(".")[:3]))


def day_of_month(month: str, day: str, of_year: str | None = None) -> str | None:
    """Such as "January fifth, twenty twenty-six"; ``None`` when there is no such day."""
    if not 1 <= int(day) <= 31:
        return None
    return f"{month} {ordinal(int(day))}" + (f", {year(int(of_year))}" if of_year else "")


def numeric_day(month: str, day: str, of_year: str | None) -> str | None:
    if not 1 <= int(month) <= 12:
        return None
    return day_of_month(MONTHS[int(month) - 1], day, of_year)


def _us_date(match: Match) -> str | None:
    of_year = match[3]
    return numeric_day(match[1], match[2], of_year if len(of_year) == 4 else f"20{of_year}")


def _month_and_day(match: Match) -> str | None:
    said = day_of_month(month_name(match["month"]), match["day"], None if match["until"] else match["year"])
    if said is None or match["until"] is None:
        return said
    if int(match["until"]) > 31:
        return None
    return f"{said} to {ordinal(int(match['until']))}" + (
        f", {year(int(match['year']))}" if match["year"] else ""
    )


def _clock(match: Match) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 23 or minute > 59:
        return None
    half = f"{match['half'].upper()}M" if match["half"] else ""
    zone = f"{_ZONES[match['zone']]} time" if match["zone"] else ""
    minutes = two_digits(minute) if minute else ("" if half else "o'clock")
    return " ".join(part for part in (cardinal(hour), minutes, half, zone) if part)


def _plain(figures: str) -> str:
    """A number by itself, read as a year, a quantity or a code, by its looks."""
    if "," in figures or "." in figures or not figures.isascii():
        return decimal(figures)
    if re.fullmatch(YEAR, figures):
        return year(int(figures))
    is_code = len(figures) > 4 and not figures.endswith("00")
    if is_code or (figures[0] == "0" and len(figures) > 1):
        return digits(figures)
    return cardinal(int(figures))


def _range(match: Match) -> str | None:
    low, high = match["low"], match["high"]
    if "-" in match.group():
        # A plain hyphen also holds codes together: "21-526", "22-1990" and "10-10" are forms.
        first, second = (float(n.replace(",", "")) for n in (low, high))
        alike = len(low) == len(high) or second <= 100
        if first >= second or not alike or low[0] == "0" or high[0] == "0":
            return None
    return f"{_plain(low)} to {_plain(high)}"


def _fraction(match: Match) -> str | None:
    known = _FRACTIONS.get(match.group())
    if known:
        return known
    if (day := numeric_day(match[1], match[2], None)) is not None:
        return day
    between = " " if match[1] == match[2] else " over "  # 20/20 vision
    return f"{cardinal(int(match[1]))}{between}{cardinal(int(match[2]))}"


def _mixed_fraction(match: Match) -> str | None:
    known = _FRACTIONS.get(match[2])
    return f"{cardinal(int(match[1]))} and {known}" if known else None


def _decade(match: Match) -> str:
    """``"1990s"`` → "nineteen nineties"."""
    words = year(int(match[1]))
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _measure(match: Match) -> str:
    unit = _SHORT_UNITS[match[2]]
    if match[1] == "1":
        unit = "foot" if unit == "feet" else unit[:-1]
    return f"{_plain(match[1])} {unit}"


NUMBER_READINGS: Final = (
    reading(
        rf"\$\s?(?P<low>{_NUMBER}){DASH}\$?\s?(?P<high>{_NUMBER}){_SCALE}",
        _dollar_range,
    ),
    reading(
        rf"(?:(?<=\b[aA]\s)|(?<=[tT]he\s)|(?<=[ht]his\s)|(?<=[yY]our\s)|(?=\$0\s))\$\s?((?:\d{{1,3}}(?:,\d{{3}})+|\d+))(?={_THING})",
        lambda m: f"{decimal(m[1])} dollar",
    ),
    reading(
        rf"\$\s?(?P<amount>{_NUMBER}|\.\d\d\b){_SCALE}",
        lambda m: _dollars(m["amount"], _scale(m)),
    ),
    reading(
        rf"{_APART}(?P<low>{_NUMBER})\s?%?{DASH}(?P<high>{_NUMBER})\s?%",
        lambda m: f"{decimal(m['low'])} to {decimal(m['high'])} percent",
    ),
    reading(rf"({_NUMBER})\s?¢", lambda m: f"{decimal(m[1])} cents"),
    reading(rf"({_NUMBER})\s?%", lambda m: f"{decimal(m[1])} percent"),
    reading(
        rf"\b({YEAR})-(\d\d)-(\d\d)(?:T\d\d:[\d:.]+Z?)?(?![\w-])", lambda m: numeric_day(m[2], m[3], m[1])
    ),
    reading(
        rf"(?<![\w-])({YEAR})-(0[1-9]|1[0-2])(?![\w-])",
        lambda m: f"{MONTHS[int(m[2]) - 1]} {year(int(m[1]))}",
    ),
    reading(rf"(?<![\w/])(\d{{1,2}})/(\d{{1,2}})/({YEAR}|\d\d)(?![\w/])", _us_date),
    reading(
        rf"\b(?P<month>{MONTH})\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:{DASH}(?P<until>\d{{1,2}})(?!\d))?"
        rf"(?:,?\s(?P<year>{YEAR})\b)?(?![\d%]|[.,:]\d|\w)",
        _month_and_day,
    ),
    reading(
        rf"(?<![\w.,])(\d{{1,2}})\s({MONTH})(?:,?\s({YEAR})\b)?",
        lambda m: day_of_month(month_name(m[2]), m[1], m[3]),
    ),
    reading(r"\b(Jan|Feb|Aug|Sept?|Oct|Nov|Dec)\b\.?", lambda m: month_name(m[1])),
    reading(
        r"(?<![\w.:])(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s?(?P<half>[ap])\.?\s?m\b\.?"
        r"(?:\s\(?(?P<zone>[ECMPHA])[SD]?T\b\)?)?",
        _clock,
        re.IGNORECASE,
    ),
    reading(r"(?<![\w.:])(?P<hour>\d{1,2}):(?P<minute>\d\d)(?![\w:])(?P<half>)(?P<zone>)", _clock),
    reading(rf"{_APART}(?P<low>{_NUMBER}){DASH}(?P<high>{_NUMBER})(?![\w-]|[.,/]\d)", _range),
    reading(r"(?<![\w/.,$])(\d{1,2})\s(\d/\d)(?![\w/])", _mixed_fraction),
    reading(r"(?<![\w/.,])(\d{1,2})/(\d{1,2})(?![\w/])", _fraction),
    reading(
        r"(?<![\w.:])(\d{1,2}):(\d)(?![\w:])", lambda m: f"{cardinal(int(m[1]))} to {cardinal(int(m[2]))}"
    ),
    reading(rf"\b({YEAR})s\b", _decade),
    reading(rf"{_APART}(\d+)x\b", lambda m: f"{cardinal(int(m[1]))} times"),
    reading(r"(\d+)\s?([½¼¾⅓⅔])", lambda m: f"{cardinal(int(m[1]))} and {_SMALL[m[2]]}"),
    reading(r"[½¼¾⅓⅔]", lambda m: _SMALL[m.group()]),
    reading(r"\b(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(int(m[1].replace(",", "")))),
    reading(rf"{_APART}(\d{{4}}){_COUNTED}", lambda m: cardinal(int(m[1]))),
    reading(rf"{_APART}({_NUMBER})\s?({'|'.join(_SHORT_UNITS)})s?\b\.?", _measure),
)
PLAIN_READINGS: Final = (
    reading(r"\d+(?:\.\d+){2,}", lambda m: " point ".join(cardinal(int(n)) for n in m.group().split("."))),
    reading(_NUMBER, lambda m: _plain(m.group())),
    reading(r"(?<![\w.])\.(\d+)", lambda m: f"point {digits(m[1])}"),
    # Signs beside numbers.
    reading(r"(?<![\w).%])[-−](?=\$?\d)", "minus "),
    reading(r"(?<=[\d%])\+", " plus"),
    reading(r"\s\+\s", " plus "),
    reading(r"(?:≥|>=)\s?", " at least "),
    reading(r"(?:≤|<=)\s?", " at most "),
    reading(r"(?<=[\w)]) > (?=[\w$])", " more than "),
    reading(r"(?<=[\w)]) < (?=[\w$])", " less than "),
    reading(r">\s?(?=[$\d])", " more than "),
    reading(r"<\s?(?=[$\d])", " less than "),
    reading(r"~\s?(?=[$\d])", "about "),
    reading(r"\s?=\s?", " equals "),
    reading(r"\s?[×]\s?|(?<=\d)x\b", " times "),
    reading(r"\s?°\s?F\b", " degrees Fahrenheit"),
    reading(r"\s?°", " degrees"),
    reading(r"\s?→\s?", " to "),
    reading(r"#\s?(?=\d)|\bNos?\.\s?(?=\d)", "number "),
    # An unspaced short dash, and a hyphen between days or hours, means "to".
    reading(
        r"(?<=[\w.%])–(?=[\w$])|(?:(?<=day)|(?<=\.m\.)|(?<=[AP]M)|(?<=:\d\d))\s?-\s?(?=\d|\w+day)", " to "
    ),
)
