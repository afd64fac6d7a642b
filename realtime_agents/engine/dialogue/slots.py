"""Values that people say: ZIP codes, states, years, money, numbers, dates, places. Pure text in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

_STATES = """
AL=Alabama AK=Alaska AZ=Arizona AR=Arkansas CA=California CO=Colorado CT=Connecticut DE=Delaware
DC=District_of_Columbia FL=Florida GA=Georgia HI=Hawaii ID=Idaho IL=Illinois IN=Indiana IA=Iowa KS=Kansas
KY=Kentucky LA=Louisiana ME=Maine MD=Maryland MA=Massachusetts MI=Michigan MN=Minnesota MS=Mississippi
MO=Missouri MT=Montana NE=Nebraska NV=Nevada NH=New_Hampshire NJ=New_Jersey NM=New_Mexico NY=New_York
NC=North_Carolina ND=North_Dakota OH=Ohio OK=Oklahoma OR=Oregon PA=Pennsylvania RI=Rhode_Island
SC=South_Carolina SD=South_Dakota TN=Tennessee TX=Texas UT=Utah VT=Vermont VA=Virginia WA=Washington
WV=West_Virginia WI=Wisconsin WY=Wyoming PR=Puerto_Rico GU=Guam VI=Virgin_Islands AS=American_Samoa
MP=Northern_Mariana_Islands
"""
STATE_NAMES = {code: name.replace("_", " ") for code, name in (pair.split("=") for pair in _STATES.split())}
"""US states and territories by postal code."""
_AMBIGUOUS_CODES = frozenset({"VA", "IN", "OR", "ME", "OK", "HI", "AS", "LA", "PA", "DE", "ID", "MA", "AL"})
"""Codes that are also words or, for VA, the Department of Veterans Affairs: taken only as an address (``Richmond, VA``)."""

_BY_NAME = {name.lower(): code for code, name in STATE_NAMES.items()}
_STATE_NAME = re.compile(r"\b(" + "|".join(sorted(_BY_NAME, key=len, reverse=True)) + r")\b", re.IGNORECASE)
_STATE_CODE = re.compile(r"(?P<comma>,\s*)?\b(" + "|".join(STATE_NAMES) + r")\b(?P<zip>\s+\d{5}\b)?")
_ZIP = re.compile(r"(?<![\d$#.,-])(\d{5})(?:-\d{4})?(?![\d,.]*\d)")
_ZIP_CONTEXT = re.compile(r"\b(?:zip|postal|near|in|at|around|live|from|area|close to)\b", re.IGNORECASE)
_YEAR = re.compile(r"(?<![\d$,.-])((?:19|20)\d{2})(?![\d,%-]|\.\d)")
RELATIVE_YEAR = re.compile(
    r"\b(this|next|last|previous|coming|current) (?:calendar |benefit |plan )?year\b", re.IGNORECASE
)
_MONEY = re.compile(
    r"\$\s?(\d[\d,]*(?:\.\d+)?)\s?(k|thousand|million)?\b|\b(\d[\d,]*(?:\.\d+)?)\s?(k|thousand|million)?\s?(?:dollars|usd|bucks)\b",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"(?<![\w$])(\d[\d,]*(?:\.\d+)?)\s?(k|thousand)\b", re.IGNORECASE)
_PERCENT = re.compile(r"\b(\d{1,3}(?:\.\d+)?)\s?(?:%|percent\b|per cent\b)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,$-])(-?\d[\d,]*(?:\.\d+)?)(?![\w-])")
_UNIT_NUMBER = re.compile(r"(?<![\w.$])(\d[\d,]*(?:\.\d+)?)[\s-]+(?:full[\s-]+)?([a-z]+)", re.IGNORECASE)
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_PHONE = re.compile(r"(?<!\d)(?:\+?1[\s.-]?)?\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}(?!\d)")
_IDENTIFIER = re.compile(r"(?<![\w$,.-])#?([A-Za-z]{0,6}-?\d[\w-]*)(?![\w-])")
_PLACE = re.compile(
    r"\b(?:in|near|at|around|to|for|from|of)\s+((?:[A-Z][\w.'’-]*)(?:[ ](?:[A-Z][\w.'’-]*|of|de|la))*)"
)
_QUOTED = re.compile(r"[\"“]([^\"”]{1,200})[\"”]|(?<!\w)'([^']{2,200})'(?!\w)")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_US_DATE = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})\b")
_MONTH_NAMES = "january february march april may june july august september october november december"
_MONTHS = _MONTH_NAMES.split()
_MONTH = "|".join(f"{m}|{m[:3]}\\.?" for m in _MONTHS)
_MONTH_DAY = re.compile(rf"\b({_MONTH})\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(\d{{4}}))?\b", re.IGNORECASE)
_DAY_MONTH = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH})(?:,?\s+(\d{{4}}))?\b", re.IGNORECASE
)
_WEEKDAY_NAMES = "monday tuesday wednesday thursday friday saturday sunday"
_WEEKDAYS = _WEEKDAY_NAMES.split()
_WEEKDAY = re.compile(r"\b(?:(next|this|on|coming)\s+)?(" + "|".join(_WEEKDAYS) + r")\b", re.IGNORECASE)
_ONE_TO_TWELVE = "one two three four five six seven eight nine ten eleven twelve"
_NUMBER_WORDS = {word: value for value, word in enumerate(_ONE_TO_TWELVE.split(), 1)}
_NUMBER_WORD = re.compile(r"\b(" + "|".join(_NUMBER_WORDS) + r")\b(?=\s+[a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A US state or territory as it was said."""

    code: str
    start: int
    end: int


def find_states(text: str) -> list[State]:
    """States by name, or by code where the code cannot be a word."""
    found = [
        State(code=_BY_NAME[m[1].lower()], start=m.start(1), end=m.end(1)) for m in _STATE_NAME.finditer(text)
    ]
    for match in _STATE_CODE.finditer(text):
        code = match[2]
        if code in _AMBIGUOUS_CODES and not (match["comma"] or match["zip"]):
            continue
        found.append(State(code=code, start=match.start(2), end=match.end(2)))
    return sorted(found, key=lambda s: s.start)


def only_state(text: str) -> str | None:
    """A state when the text is little else: an answer to "which state?" may be just ``va``."""
    bare = text.strip(" .,!?").upper()
    if bare in STATE_NAMES:
        return bare
    states = find_states(text)
    return states[0].code if states else None


def find_zip(text: str) -> str | None:
    """A five-digit ZIP code; bare five digits count only with a place word or alone."""
    match = _ZIP.search(text)
    if match is None:
        return None
    alone = len(text.split()) <= 3
    before = text[: match.start()]
    return match[1] if alone or _ZIP_CONTEXT.search(before) or find_states(before) else None


def find_year(text: str, today: date | None) -> int | None:
    """A year named outright, or relative to ``today``."""
    match = _YEAR.search(text)
    if match:
        return int(match[1])
    relative = RELATIVE_YEAR.search(text)
    if relative and today:
        match relative[1].lower():
            case "next" | "coming":
                return today.year + 1
            case "last" | "previous":
                return today.year - 1
            case _:
                return today.year
    return None


def find_money(text: str) -> float | None:
    """An amount in dollars."""
    match = _MONEY.search(text)
    if match:
        return _scaled(match[1] or match[3], match[2] or match[4])
    match = _THOUSANDS.search(text)
    return _scaled(match[1], match[2]) if match else None


def _scaled(digits: str, unit: str | None) -> float:
    factor = {"k": 1e3, "thousand": 1e3, "million": 1e6}.get((unit or "").lower(), 1)
    return float(digits.replace(",", "")) * factor


def find_percents(text: str) -> list[float]:
    """All percentages; in a list the sign may stand once: ``50, 30 and 20 percent``."""
    found = [float(m[1]) for m in _PERCENT.finditer(text)]
    if found:
        run = re.search(r"((?:\d{1,3}\s?(?:%|percent)?\s*(?:,|and|&|\s)\s*)+)\d{1,3}\s?(?:%|percent)", text)
        if run:
            return [float(n) for n in re.findall(r"\d{1,3}", run[0])]
    return found


def find_numbers(text: str) -> list[float]:
    """Plain numbers: digits, and small number words in front of a noun."""
    found = [(m.start(), float(m[1].replace(",", ""))) for m in _NUMBER.finditer(text)]
    found += [(m.start(), float(_NUMBER_WORDS[m[1].lower()])) for m in _NUMBER_WORD.finditer(text)]
    return [value for _, value in sorted(found)]


def number_with_unit(text: str, units: Iterable[str]) -> float | None:
    """The number in front of one of the unit words: ``14 months`` for ``month``."""
    spelled = _NUMBER_WORD.sub(lambda m: str(_NUMBER_WORDS[m[1].lower()]), text)
    wanted = {u.lower().rstrip("s") for u in units}
    for match in _UNIT_NUMBER.finditer(spelled):
        if match[2].lower().rstrip("s") in wanted:
            return float(match[1].replace(",", ""))
    return None


def find_date(text: str, today: date | None) -> date | None:
    """A calendar date, absolute or relative to ``today``."""
    if match := _ISO_DATE.search(text):
        return _make_date(int(match[1]), int(match[2]), int(match[3]))
    if match := _US_DATE.search(text):
        year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
        return _make_date(year, int(match[1]), int(match[2]))
    if match := _MONTH_DAY.search(text):
        return _month_date(match[1], int(match[2]), match[3], today)
    if match := _DAY_MONTH.search(text):
        return _month_date(match[2], int(match[1]), match[3], today)
    return _relative_date(text, today) if today else None


def _relative_date(text: str, today: date) -> date | None:
    lowered = text.lower()
    for phrase, days in (
        ("day after tomorrow", 2),
        ("tomorrow", 1),
        ("yesterday", -1),
        ("today", 0),
        ("tonight", 0),
    ):
        if phrase in lowered:
            return today + timedelta(days=days)
    if match := _WEEKDAY.search(text):
        ahead = (_WEEKDAYS.index(match[2].lower()) - today.weekday()) % 7 or 7
        return today + timedelta(days=ahead)
    return None


def _month_date(month: str, day: int, year: str | None, today: date | None) -> date | None:
    number = next(i for i, name in enumerate(_MONTHS, 1) if name.startswith(month.lower().rstrip(".")[:3]))
    if year is None and today is None:
        return None
    found = _make_date(int(year) if year else (today or date.min).year, number, day)
    if found and not year and today and found < today:
        return _make_date(today.year + 1, number, day)
    return found


def _make_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def find_email(text: str) -> str | None:
    match = _EMAIL.search(text)
    return match[0] if match else None


def find_phone(text: str) -> str | None:
    match = _PHONE.search(text)
    return match[0] if match else None


def find_identifier(text: str) -> str | None:
    """A token with digits such as an order or form number: ``A-991``, ``12345``, ``10-10EZ``."""
    match = _IDENTIFIER.search(text)
    return match[1] if match else None


def find_place(text: str) -> str | None:
    """A capitalised name after a preposition of place; the whole text when it is one short name."""
    match = _PLACE.search(text)
    if match:
        return match[1].strip(" .,?!")
    bare = text.strip(" .,?!")
    short = 0 < len(bare.split()) <= 3 and not any(c.isdigit() for c in bare)
    return bare if short and bare[:1].isupper() else None


def find_quoted(text: str) -> str | None:
    match = _QUOTED.search(text)
    return (match[1] or match[2]).strip() if match else None
