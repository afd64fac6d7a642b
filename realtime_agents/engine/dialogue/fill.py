"""Fills a function's parameters from what the person said, guided by its JSON schema alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from realtime_agents.engine.dialogue import slots
from realtime_agents.engine.dialogue.intent import is_yes
from realtime_agents.engine.dialogue.semantics import Semantics
from realtime_agents.engine.dialogue.text import STOP_WORDS, spoken_name, stems, words
from realtime_agents.engine.dialogue.view import ToolSpec

Value = str | int | float | bool | list[Any]

QUERY_NAMES = frozenset(
    {
        "query",
        "question",
        "q",
        "text",
        "search",
        "search_query",
        "topic",
        "request",
        "prompt",
        "keywords",
        "input",
    }
)
ENUM_MARGIN = 0.03
"""By meaning an enum value must beat the next best by this much."""
ENUM_FLOOR = 0.52
_PLACE_NAMES = {"city", "place", "location", "town", "address", "where", "destination", "region", "county"}
_MONEY_NAMES = {
    "income",
    "amount",
    "money",
    "salary",
    "dollars",
    "usd",
    "price",
    "cost",
    "assets",
    "budget",
    "magi",
    "payment",
}
_PERCENT_NAMES = {"percent", "percentage", "rating", "ratings", "pct"}
_IDENTIFIER_NAMES = {
    "id",
    "number",
    "code",
    "reference",
    "ref",
    "order",
    "tracking",
    "ticker",
    "sku",
    "npi",
    "form",
}
_LABELS = {"zip": "your ZIP code", "state": "the US state", "year": "the year", "date": "the date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The person's words that may fill a parameter."""

    query: str
    """The request made self-contained."""
    current: str
    """Only what was just said."""
    earlier: tuple[str, ...] = ()
    """Older messages of the person, newest first: only lasting facts are taken from them."""
    today: date | None = None
    asked_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Arguments found, and the labels of required values that are missing."""

    arguments: Mapping[str, Value]
    missing: tuple[str, ...] = field(default=())


def fill(tool: ToolSpec, said: Said, semantics: Semantics) -> Filled:
    """Arguments for ``tool``. Optional parameters without evidence are left out."""
    arguments: dict[str, Value] = {}
    missing: list[str] = []
    for name, schema in tool.properties.items():
        value = _Parameter(name, schema, tool, said, semantics).value()
        if value is not None:
            arguments[name] = value
        elif name in tool.required:
            missing.append(label_of(name, schema))
    return Filled(arguments=arguments, missing=tuple(missing))


def label_of(name: str, schema: Mapping[str, Any]) -> str:
    """What to call a parameter when asking for it: ``your ZIP code``, ``the order number``."""
    kind = _kind(name, schema)
    if kind in _LABELS:
        return _LABELS[kind]
    if isinstance(options := schema.get("enum"), list) and 0 < len(options) <= 6:
        return f"the {spoken_name(name)} ({', '.join(spoken_name(str(o)) for o in options)})"
    return f"the {spoken_name(name)}"


def _kind(name: str, schema: Mapping[str, Any]) -> str:
    """Coarse class of a parameter by name, format and pattern."""
    tokens = set(spoken_name(name).split())
    pattern = str(schema.get("pattern", ""))
    if tokens & {"zip", "zipcode", "postal", "postcode"} or re.fullmatch(r"\^?(\[0-9\]|\\d)\{5\}.*", pattern):
        return "zip"
    if "state" in tokens:
        return "state"
    if "year" in tokens:
        return "year"
    if schema.get("format") == "date" or tokens & {"date", "day", "deadline", "birthday", "when"}:
        return "date"
    if tokens & {"email", "mail"} or schema.get("format") == "email":
        return "email"
    if tokens & {"phone", "telephone", "mobile"}:
        return "phone"
    if tokens & _PLACE_NAMES:
        return "place"
    return "money" if tokens & _MONEY_NAMES else "percent" if tokens & _PERCENT_NAMES else "other"


class _Parameter:
    """One parameter of one tool, in the light of what was said."""

    def __init__(
        self, name: str, schema: Mapping[str, Any], tool: ToolSpec, said: Said, semantics: Semantics
    ) -> None:
        self._name = name
        self._schema = _without_null(schema)
        self._said = said
        self._semantics = semantics
        self._required = name in tool.required
        self._only = len(tool.required) == 1 and self._required
        self._alone = len(tool.properties) == 1
        self._answered = bool(said.asked_for) and said.asked_for == label_of(name, schema)
        self._kind = _kind(name, self._schema)

    def value(self) -> Value | None:
        if isinstance(options := self._schema.get("enum"), list) and options:
            return self._enum([o for o in options if o is not None])
        match self._schema.get("type"):
            case "boolean":
                return self._boolean()
            case "integer" | "number" as wanted:
                return self._number(whole=wanted == "integer")
            case "array":
                return self._array()
            case "string" | None:
                return self._string()
            case _:
                return None

    def _texts(self) -> tuple[str, ...]:
        """Where to look: the last words, the whole request, and for lasting facts what came before."""
        lasting = self._required or self._kind in ("zip", "state", "place")
        return (self._said.current, self._said.query, *(self._said.earlier if lasting else ()))

    def _enum(self, options: Sequence[Any]) -> Value | None:
        if len(options) == 1:
            chosen: Value | None = options[0] if self._required else None
            return chosen
        if self._kind == "state" or all(str(o) in slots.STATE_NAMES for o in options):
            code = self._state()
            return next((o for o in options if o in (code, slots.STATE_NAMES.get(code or ""))), None)
        for text in self._texts():
            named = [o for o in options if _names(str(o), text)]
            if named:
                return max(named, key=lambda o: len(str(o)))  # type: ignore[no-any-return]  # JSON scalars
        return self._enum_by_meaning(options)

    def _enum_by_meaning(self, options: Sequence[Any]) -> Value | None:
        if not self._semantics.has_meaning or not all(isinstance(o, str) for o in options):
            return None
        said = self._said.current if self._answered else self._said.query
        subject = spoken_name(self._name)
        scored = sorted(
            ((self._semantics.similarity(said, f"{subject}: {spoken_name(o)}"), o) for o in options),
            reverse=True,
        )
        (best, option), (second, _) = scored[0], scored[1]
        sure = best >= ENUM_FLOOR and best - second >= ENUM_MARGIN
        return str(option) if sure and (self._required or self._answered) else None

    def _boolean(self) -> bool | None:
        if self._answered:
            return is_yes(self._said.current)
        wanted = stems(spoken_name(self._name))
        for text in (self._said.current, self._said.query):
            if wanted and wanted <= stems(text):
                first = next(w for w in words(text) if stems(w) & wanted)
                before = words(text.lower().split(first, 1)[0])[-3:]
                return not {"not", "no", "without", "never", "isn't", "don't", "aren't", "n't"} & set(before)
        return None

    def _number(self, *, whole: bool) -> int | float | None:
        for text in self._texts():
            found = self._number_in(text)
            if found is not None and self._within(found):
                return int(found) if whole or (found.is_integer() and self._kind == "year") else found
        return None

    def _number_in(self, text: str) -> float | None:
        if self._kind == "year":
            year = slots.find_year(text, self._said.today)
            return float(year) if year else None
        if self._kind == "money":
            money = slots.find_money(text)
            if money is not None:
                return money
        if self._kind == "percent" and (percents := slots.find_percents(text)):
            return percents[0]
        named = [w for w in words(spoken_name(self._name)) if w not in STOP_WORDS]
        if self._kind == "other" or self._kind == "money":
            found = slots.number_with_unit(text, [*named, *(["years", "old"] if "age" in named else [])])
            if found is None:
                found = _number_after(text, named)
            if found is not None:
                return found
        numbers = [n for n in slots.find_numbers(text) if not 1900 <= n <= 2100]
        alone = self._answered and text == self._said.current
        return numbers[0] if len(numbers) == 1 and (alone or self._only) else None

    def _within(self, value: float) -> bool:
        low, high = self._schema.get("minimum"), self._schema.get("maximum")
        return (low is None or value >= low) and (high is None or value <= high)

    def _array(self) -> list[Any] | None:
        items = self._schema.get("items")
        element = items if isinstance(items, Mapping) else {}
        if element.get("type") in ("integer", "number"):
            found = slots.find_percents(self._said.query) or [
                n for n in slots.find_numbers(self._said.query) if not 1900 <= n <= 2100
            ]
            return [int(n) if element["type"] == "integer" else n for n in found] or None
        if isinstance(options := element.get("enum"), list):
            return [o for o in options if _names(str(o), self._said.query)] or None
        return None

    def _string(self) -> str | None:
        if self._name.lower() in QUERY_NAMES and (self._required or self._alone):
            return self._said.query
        for text in self._texts():
            found = self._string_in(text)
            if found:
                return found
        if self._answered:
            return self._said.current.strip(" .,?!")
        return self._said.query if self._required and self._is_free_text() else None

    def _string_in(self, text: str) -> str | None:
        match self._kind:
            case "zip":
                return slots.find_zip(text)
            case "state":
                return self._state_in(text)
            case "year":
                year = slots.find_year(text, self._said.today)
                return str(year) if year else None
            case "date":
                found = slots.find_date(text, self._said.today)
                return found.isoformat() if found else None
            case "email":
                return slots.find_email(text)
            case "phone":
                return slots.find_phone(text)
            case "place":
                return slots.find_place(text)
            case _:
                return self._identifier_in(text) or (slots.find_quoted(text) if self._required else None)

    def _identifier_in(self, text: str) -> str | None:
        if not set(spoken_name(self._name).split()) & _IDENTIFIER_NAMES:
            return None
        found = slots.find_identifier(text)
        return found if found and not slots.find_year(found, None) else None

    def _is_free_text(self) -> bool:
        """True where the request itself may stand as the value: no known form, and not an identifier."""
        known = self._kind != "other" or bool(set(spoken_name(self._name).split()) & _IDENTIFIER_NAMES)
        return not known and not self._schema.get("pattern") and not self._schema.get("format")

    def _state(self) -> str | None:
        return next((code for text in self._texts() if (code := self._state_in(text))), None)

    def _state_in(self, text: str) -> str | None:
        if self._answered and text == self._said.current:
            return slots.only_state(text)
        states = slots.find_states(text)
        return states[0].code if states else None


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one type behind ``["string", "null"]`` or ``anyOf: [{…}, {"type": "null"}]``."""
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list):
        real = [o for o in options if isinstance(o, Mapping) and o.get("type") != "null"]
        if len(real) == 1:
            return {**schema, **real[0]}
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return {**schema, "type": next((k for k in kinds if k != "null"), "string")}
    return schema


def _names(option: str, text: str) -> bool:
    """True when the text says the option, as whole words, in any inflection."""
    return (
        bool(option)
        and re.search(rf"\b{re.escape(spoken_name(option))}(?:s|es)?\b", spoken_name(text)) is not None
    )


def _number_after(text: str, names: Sequence[str]) -> float | None:
    """``age 67``, ``rating of 70``: the number that follows the parameter's own name."""
    for name in names:
        match = re.search(
            rf"\b{re.escape(name)}\w*\s+(?:is |of |at |= ?)?(\d[\d,]*(?:\.\d+)?)", text, re.IGNORECASE
        )
        if match:
            return float(match[1].replace(",", ""))
    return None
