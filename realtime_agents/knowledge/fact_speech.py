"""Values and facts in words that can be spoken: units, dates, bands, whole sentences."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from realtime_agents.knowledge.fact_files import condition_name
from realtime_agents.knowledge.fact_model import Fact, FactValue, Lexicon

_MONTH_NAMES = (
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
)


def value_in_words(value: Any, unit: str) -> str:
    """``202.9, "USD/month"`` → ``"$202.90 a month"``; unknown units are put behind the number."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return _list_in_words(value, unit)
    if isinstance(value, int | float):
        return _number_in_words(value, unit)
    if isinstance(value, str) and unit in ("date", "MM-DD"):
        return date_in_words(value)
    return str(value)


def date_in_words(text: str | date) -> str:
    """``2027-12-31`` → ``December 31, 2027``; also for ``2026-01``, ``2026`` and ``09-30``."""
    parts = [int(part) for part in str(text).split("-")]
    match parts:
        case [year, month, day] if year > 31:
            return f"{_MONTH_NAMES[month - 1]} {day}, {year}"
        case [year, month] if year > 31:
            return f"{_MONTH_NAMES[month - 1]} {year}"
        case [month, day]:
            return f"{_MONTH_NAMES[month - 1]} {day}"
        case _:
            return str(text)


def time_in_words(value: FactValue) -> str:
    """When a value holds, to begin a sentence: ``In 2026``, ``As of January 2026,``."""
    start, end = value.valid_from, value.valid_to
    if start and end and value.year:
        if start == date(value.year, 1, 1) and end == date(value.year, 12, 31):
            return f"In {value.year}"
        return f"From {date_in_words(start)} to {date_in_words(end)},"
    if end:
        return f"Until {date_in_words(end)},"
    if start:
        return f"Since {date_in_words(start)},"
    return f"As of {date_in_words(value.as_of)}," if value.as_of else ""


def case_in_words(value: FactValue, lexicon: Lexicon, varying: Collection[str]) -> dict[str, str]:
    """The conditions of a value among ``varying``, as phrases by name: ``{"plan": "under Plan K"}``."""
    phrases: dict[str, str] = {}
    for key, wanted in value.when.items():
        name = condition_name(key)
        condition = lexicon.conditions.get(name)
        if condition is None or name in phrases or name not in varying:
            continue
        match condition.kind:
            case "choice":
                phrases[name] = condition.choices[str(wanted)].say
            case "money":
                lead = condition.say.format_map({**value.when, "value": ""}).strip()
                phrases[name] = f"{lead} {_band(name, value)}".strip()
            case "percent":
                phrases[name] = condition.say.replace("{value}", f"{_plain_number(wanted)}%")
            case "note":
                pass
    return phrases


def case_asked(given: Mapping[str, frozenset[str] | float], lexicon: Lexicon) -> str:
    """What a question stated, in words: ``70%, with a spouse``."""
    parts = []
    for name, stated in given.items():
        condition = lexicon.conditions[name]
        if isinstance(stated, frozenset):
            parts += [condition.choices[choice].say for choice in sorted(stated)]
        elif condition.kind == "percent":
            parts.append(f"{_plain_number(stated)}%")
        else:
            parts.append(f"${stated:,.0f}")
    return ", ".join(parts)


def sentence(
    fact: Fact, values: list[FactValue], lexicon: Lexicon, named: Collection[str], today: date
) -> str:
    """What values of one time say, in one sentence without a full stop.

    ``named`` are the conditions worth words.
    """
    first = values[0]
    verb = "was" if first.valid_to is not None and first.valid_to < today else "is"
    cases = [case_in_words(value, lexicon, named) for value in values]
    if fact.say or any(value.say for value in values):
        body = "; ".join(
            _pattern(fact, value, case, lexicon) for value, case in zip(values, cases, strict=True)
        )
    elif len(values) == 1:
        words = value_in_words(first.value, first.unit)
        body = f"{fact.label}{_phrases(cases[0])} {verb} {words}"
    else:
        parts = [
            f"{value_in_words(value.value, value.unit)}{_phrases(case)}"
            for value, case in zip(values, cases, strict=True)
        ]
        body = f"{fact.label} {verb} {join(parts)}"
    return capital(f"{time_in_words(first)} {body}".strip())


def span_of_values(values: Iterable[FactValue]) -> str:
    """``from $202.90 a month to $689.90 a month``; empty when the values are not numbers."""
    numbers = sorted(
        (
            value
            for value in values
            if isinstance(value.value, int | float) and not isinstance(value.value, bool)
        ),
        key=lambda value: float(value.value),
    )
    if len(numbers) < 2 or numbers[0].unit != numbers[-1].unit:
        return ""
    low, high = (value_in_words(value.value, value.unit) for value in (numbers[0], numbers[-1]))
    return f"from {low} to {high}"


def join(parts: list[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pattern(fact: Fact, value: FactValue, case: dict[str, str], lexicon: Lexicon) -> str:
    """The sentence of the value or the fact, its fields filled in."""
    every = case_in_words(value, lexicon, {condition_name(key) for key in value.when})
    fields = {
        **every,
        "value": value_in_words(value.value, value.unit),
        "number": _plain_number(value.value),
        "conditions": _phrases(case),
    }
    text = value.say or fact.say or f"{fact.label}{{conditions}} is {{value}}"
    return re.sub(r"\{(\w+)\}", lambda match: fields.get(match[1], match[0]), text)


def _phrases(case: dict[str, str]) -> str:
    return "".join(f" {phrase}" for phrase in case.values())


def _number_in_words(value: float, unit: str) -> str:
    head, _, rest = unit.partition("/")
    if head in ("USD", "USD (nearest)"):
        amount = f"${value:,.0f}" if float(value).is_integer() else f"${value:,.2f}"
        return f"{amount}{_per(rest)}"
    if head == "percent":
        return f"{_plain_number(value)}%"
    if head.startswith("percent of "):
        return f"{_plain_number(value)}% of the {head.removeprefix('percent of ')}"
    noun = re.sub(r" ?\(.*\)", "", head)
    if noun in ("BMI", "multiple", "ordinal month"):
        return _plain_number(value)
    if value == 1:
        noun = re.sub(r"^(\w+?)s\b", r"\1", noun)
    return f"{_plain_number(value)} {noun}{_per(rest)}"


def _per(rest: str) -> str:
    if not rest:
        return ""
    if rest[0].isdigit():
        return f" for {rest}"
    return f" a {rest}" if rest in ("month", "year", "day", "visit") else f" for each {rest}"


def _list_in_words(value: list[Any] | tuple[Any, ...], unit: str) -> str:
    if unit == "MM-DD range":
        return " to ".join(date_in_words(item) for item in value)
    if unit.startswith("USD"):
        return " or ".join(_number_in_words(item, unit) for item in value)
    return join([str(item) for item in value])


def _plain_number(value: Any) -> str:
    if isinstance(value, float) and not value.is_integer():
        return f"{value:g}"
    return f"{value:,.0f}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _band(name: str, value: FactValue) -> str:
    parts = []
    for suffix, word in (
        ("over", "over"),
        ("at_least", "of at least"),
        ("up_to", "up to"),
        ("below", "below"),
    ):
        limit = value.when.get(f"{name}_{suffix}")
        if limit is not None:
            parts.append(f"{word} ${limit:,.0f}")
    return " and ".join(parts)
