"""Chooses the values of a fact that fit the time and the case of a question, and says them.

The rules: a value is spoken only for a time in its validity; a year that is not held is admitted,
with what is held beside it; a condition that the question leaves open is listed or asked for,
never chosen silently.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations
from math import inf

from realtime_agents.knowledge.fact_files import condition_name
from realtime_agents.knowledge.fact_model import Condition, Fact, FactMatch, FactValue, Lexicon
from realtime_agents.knowledge.fact_question import Question, QuestionReader
from realtime_agents.knowledge.fact_speech import (
    capital,
    case_asked,
    date_in_words,
    join,
    sentence,
    span_of_values,
    time_in_words,
)

Given = dict[str, frozenset[str] | float]
"""Conditions the question states: choices, or a number."""


@dataclass(frozen=True, slots=True)
class _When:
    """A time asked for: a benefit year, or a day."""

    year: int | None
    day: date
    stated: bool

    @property
    def words(self) -> str:
        if self.year is not None:
            return str(self.year)
        whole_month = not self.stated or self.day.day == 1
        return date_in_words(self.day.strftime("%Y-%m") if whole_month else self.day)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one call of `FactAnswerer.answer` goes by."""

    given: Given
    today: date
    limit: int


class FactAnswerer:
    """Answers from one fact at a time with the words of one lexicon."""

    def __init__(self, lexicon: Lexicon, reader: QuestionReader) -> None:
        self._lexicon = lexicon
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name, condition in lexicon.conditions.items():
            phrases = [
                (reader.phrase(words), choice)
                for choice, its in condition.choices.items()
                for words in its.words
            ]
            self._phrases[name] = sorted(phrases, key=lambda phrase: -len(phrase[0]))

    def given(self, fact: Fact, question: Question) -> Given:
        """The conditions of the fact that the question states."""
        found: Given = {}
        for name in conditions_of(fact.values):
            condition = self._lexicon.conditions[name]
            stated = self._stated(condition, question)
            if stated is not None:
                found[name] = stated
        return found

    def words_of(self, fact: Fact) -> frozenset[str]:
        """Every word by which a question may state a condition of the fact."""
        return frozenset(
            stem
            for name in conditions_of(fact.values)
            for phrase, _ in self._phrases.get(name, ())
            for stem in phrase
        )

    def answer(self, fact: Fact, question: Question, *, today: date, limit: int) -> FactMatch:
        """The answer; its outcome is never ``not_found``."""
        times = [_When(year, today, True) for year in question.years[:2]]
        if not times:
            times = [_When(None, question.day or today, question.day is not None)]
        asked = _Asked(self.given(fact, question), today, limit)
        matches = [self._at(fact, asked, when) for when in times]
        # What is not held is said even if another year that was asked for is.
        unanswered = next((match for match in matches if match.outcome != "ok"), None)
        if unanswered is not None:
            held = next((match for match in matches if match.outcome == "ok"), None)
            return _beside(unanswered, held) if held else unanswered
        return _both(matches) if len(matches) > 1 else matches[0]

    def _at(self, fact: Fact, asked: _Asked, when: _When) -> FactMatch:
        spoken = [value for value in fact.values if not value.replaced_by]
        held = [value for value in spoken if value.value is not None and _holds(value, when, asked.today)]
        if not held:
            return self._not_held(fact, spoken, asked, when)
        fitting = self._fitting(held, asked.given)
        if not fitting:
            case = case_asked(asked.given, self._lexicon)
            return FactMatch(
                outcome="not_held", fact=fact, say=f"I don't have {_bare(fact.label)} for this case: {case}."
            )
        return self._say(fact, fitting, held, asked)

    def _say(self, fact: Fact, fitting: list[FactValue], held: list[FactValue], asked: _Asked) -> FactMatch:
        """State the fitting values, or ask for what tells them apart when they are too many."""
        distinct = _distinct(fitting)
        if len(distinct) > asked.limit:
            return self._ask(fact, fitting, asked)
        # A condition that makes no difference is not worth words.
        named = self._deciding(held)
        if len(distinct) < len(fitting):
            named = frozenset(name for name in named if len({_case(value, name) for value in fitting}) == 1)
        text = sentence(fact, distinct, self._lexicon, named, asked.today)
        cited = _cited(distinct)
        return FactMatch(
            outcome="ok",
            say=f"{text}. {_markers(cited)}",
            stated=f"{text}.",
            fact=fact,
            values=tuple(distinct),
            cited=cited,
        )

    def _ask(self, fact: Fact, fitting: list[FactValue], asked: _Asked) -> FactMatch:
        deciding = self._deciding(fitting)
        missing = tuple(
            name for name in conditions_of(fitting) if name in deciding and name not in asked.given
        )
        wanted = (
            join([self._lexicon.conditions[name].ask for name in missing])
            if missing
            else "more about the case"
        )
        span = span_of_values(fitting)
        cited = _cited(fitting) if span else ()
        name = _bare(fact.label)
        stated = capital(f"{time_in_words(fitting[0])} {name} runs {span}.".strip()) if span else ""
        held = f" {stated} {_markers(cited)}" if span else ""
        ask = f"Please tell me {wanted}."
        return FactMatch(
            outcome="needs_input",
            say=f"That depends on the case.{held} {ask}",
            stated=stated,
            ask=ask,
            fact=fact,
            values=tuple(fitting),
            cited=cited,
            missing=missing,
        )

    def _not_held(self, fact: Fact, spoken: list[FactValue], asked: _Asked, when: _When) -> FactMatch:
        """Says so, and offers the latest time for which a value is held.

        It offers and does not state it: a figure of another year, heard in passing, is taken for
        the one that was asked for.
        """
        admit = f"I don't have {_bare(fact.label)} for {when.words}."
        fitting = self._fitting([value for value in spoken if value.value is not None], asked.given)
        year = max(fitting, key=_rank).year if fitting else None
        offer = f"I can tell you the one for {year}." if year else ""
        return FactMatch(outcome="not_held", fact=fact, say=f"{admit} {offer}".strip(), ask=offer)

    def _deciding(self, values: list[FactValue]) -> frozenset[str]:
        """Conditions that change the answer while the others can stay as they are."""
        names = [name for name in conditions_of(values) if self._lexicon.conditions[name].kind != "note"]
        return frozenset(
            name
            for name in names
            if any(
                _answer(one) != _answer(other)
                and all(_compatible(one, other, rest) for rest in names if rest != name)
                for one, other in combinations(values, 2)
            )
        )

    def _fitting(self, values: list[FactValue], given: Given) -> list[FactValue]:
        fitting = [
            value for value in values if all(_fits(value, name, stated) for name, stated in given.items())
        ]
        for name in conditions_of(fitting):
            usual = self._lexicon.conditions[name].usual
            if usual and name not in given:
                fitting = [value for value in fitting if str(value.when.get(name, usual)) == usual]
        return fitting

    def _stated(self, condition: Condition, question: Question) -> frozenset[str] | float | None:
        match condition.kind:
            case "money":
                return question.money[0] if len(question.money) == 1 else None
            case "percent":
                return question.percents[0] if len(question.percents) == 1 else None
            case "choice":
                return self._choices(condition.name, question.stems) or None
            case "note":
                return None

    def _choices(self, name: str, stems: tuple[str, ...]) -> frozenset[str]:
        """Choices named in the question; a phrase inside a longer one that was found does not count."""
        taken: set[int] = set()
        found: set[str] = set()
        for phrase, choice in self._phrases[name]:
            for start in range(len(stems) - len(phrase) + 1):
                span = set(range(start, start + len(phrase)))
                if stems[start : start + len(phrase)] == phrase and not span & taken:
                    taken |= span
                    found.add(choice)
        return frozenset(found)


def conditions_of(values: Iterable[FactValue]) -> tuple[str, ...]:
    """Names of the conditions of the values, in their order."""
    return tuple(dict.fromkeys(condition_name(key) for value in values for key in value.when))


def _holds(value: FactValue, when: _When, today: date) -> bool:
    if when.year is None:
        return value.holds_on(when.day)
    if value.year is not None:
        return value.year == when.year
    if value.valid_from or value.valid_to:
        return value.holds_on(date(when.year, 1, 1)) or value.holds_on(date(when.year, 12, 31))
    # A rule without dates is known from its source's date to today; money changes every year, a
    # window or a waiting time is asked for the coming year before that has begun.
    known_from = int(value.as_of[:4]) if value.as_of[:4].isdigit() else today.year
    is_amount = value.unit.startswith(("USD", "percent"))
    return known_from <= when.year <= today.year + (0 if is_amount else 1)


def _fits(value: FactValue, name: str, stated: frozenset[str] | float) -> bool:
    if isinstance(stated, frozenset):
        return name not in value.when or str(value.when[name]) in stated
    if name in value.when:
        return float(value.when[name]) == stated
    over, at_least, up_to, below = (
        value.when.get(f"{name}_{suffix}") for suffix in ("over", "at_least", "up_to", "below")
    )
    return (
        (over is None or stated > over)
        and (at_least is None or stated >= at_least)
        and (up_to is None or stated <= up_to)
        and (below is None or stated < below)
    )


def _compatible(one: FactValue, other: FactValue, name: str) -> bool:
    """True when one case can meet the condition ``name`` of both values."""
    if name in one.when or name in other.when:
        return one.when.get(name) == other.when.get(name)
    (low, high), (other_low, other_high) = _band(one, name), _band(other, name)
    return max(low, other_low) < min(high, other_high)


def _band(value: FactValue, name: str) -> tuple[float, float]:
    low = value.when.get(f"{name}_over", value.when.get(f"{name}_at_least", -inf))
    return low, value.when.get(f"{name}_up_to", value.when.get(f"{name}_below", inf))


def _answer(value: FactValue) -> tuple[str, str, str]:
    return str(value.value), value.unit, value.say


def _case(value: FactValue, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (key, str(wanted)) for key, wanted in sorted(value.when.items()) if condition_name(key) == name
    )


def _distinct(values: list[FactValue]) -> list[FactValue]:
    """One value of each answer; two cases with the same amount are one answer only if nothing else is left."""
    if len({_answer(value) for value in values}) == 1:
        return values[:1]
    return values


def _cited(values: Collection[FactValue]) -> tuple[FactValue, ...]:
    first: dict[tuple[str, str], FactValue] = {}
    for value in values:
        first.setdefault((value.source.title, value.where), value)
    return tuple(first.values())


def _markers(cited: Collection[FactValue]) -> str:
    return "".join(f"[{position}]" for position, _ in enumerate(cited, start=1))


def _rank(value: FactValue) -> tuple[int, date]:
    return value.year or 0, value.valid_to or date.max


def _beside(unanswered: FactMatch, held: FactMatch) -> FactMatch:
    """One answer where one of two years that were asked for is held."""
    if unanswered.outcome != "not_held":
        return unanswered
    admit = unanswered.say.removesuffix(unanswered.ask).rstrip()
    return replace(held, outcome="not_held", say=f"{admit} {held.say}")


def _both(matches: list[FactMatch]) -> FactMatch:
    """Two years in one answer."""
    values = tuple(value for match in matches for value in match.values)
    says: list[str] = []
    cited: list[FactValue] = []
    for match in matches:
        text = match.say
        for position in range(len(match.cited), 0, -1):
            text = text.replace(f"[{position}]", f"[{position + len(cited)}]")
        says.append(text)
        cited += match.cited
    return FactMatch(
        outcome="ok",
        say=" ".join(says),
        stated=" ".join(match.stated for match in matches),
        fact=matches[0].fact,
        values=values,
        cited=tuple(cited),
    )


def _bare(label: str) -> str:
    return label.rstrip(", ")
