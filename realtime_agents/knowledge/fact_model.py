"""What a dated fact is, and what a search for one returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

FactOutcome = Literal["ok", "not_found", "not_held", "needs_input"]
"""``not_held``: the question is understood, but no value is known for that time or case.
``needs_input``: the value depends on something that the question does not say."""

ConditionKind = Literal["choice", "money", "percent", "note"]
"""``note`` is kept with the value but never asked for and never matched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSource:
    """Where a value was read."""

    title: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactValue:
    """One value of a fact, true for a span of time and under conditions."""

    id: str
    value: Any
    """Number, text, boolean or list of them; ``None`` means that no value is held for ``year``."""
    unit: str
    """``USD/month``, ``percent``, ``days``, ``phone`` …"""
    source: FactSource
    where: str = ""
    """Page or section inside the source."""
    as_of: str = ""
    """Date of the source: ``2026``, ``2026-01`` or ``2026-01-31``."""
    when: Mapping[str, Any] = field(default_factory=dict)
    """Conditions, such as ``{"rating": 70}``. Bands are ``income_over`` and ``income_at_least``
    (from, exclusive and inclusive), ``income_up_to`` and ``income_below`` (to, inclusive and exclusive)."""
    valid_from: date | None = None
    """First day; ``None`` is open on that side."""
    valid_to: date | None = None
    """Last day, inclusive."""
    year: int | None = None
    """Benefit year the value belongs to; ``None`` for rules without a year."""
    say: str = ""
    """A sentence for this value alone, beginning small, without a full stop."""
    replaced_by: str = ""
    """Id of the value that is right instead; such a value is kept and never spoken."""

    def holds_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A named thing with its values over time."""

    name: str
    topic: str
    label: str
    """A noun phrase in plain words, with its article: ``the standard Part B premium``."""
    asks: tuple[str, ...]
    """Questions it answers, as people put them. A fact without any is never found."""
    needs: tuple[tuple[str, ...], ...] = ()
    """Groups of words or phrases; a question must have one of every group."""
    say: str = ""
    """Sentence pattern with ``{value}`` and ``{conditions}``; empty means "label is value"."""
    values: tuple[FactValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One possible value of a condition."""

    say: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something a value may depend on."""

    name: str
    kind: ConditionKind
    ask: str = ""
    """What to ask the person for, as it fits after "Tell me"."""
    say: str = ""
    usual: str = ""
    """The choice taken, and named, when the question gives none."""
    must: bool = False
    """A question that does not give it is not about the fact at all."""
    choices: Mapping[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """How people say things: terms with their spellings, and conditions."""

    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactMatch:
    """The outcome of one search."""

    outcome: FactOutcome
    say: str = ""
    """The answer as spoken; ``[k]`` points to ``cited[k - 1]``."""
    stated: str = ""
    """The part of ``say`` that rests on values, without markers: what a source card shows."""
    ask: str = ""
    """The question to put to the person, when the outcome is ``needs_input``."""
    fact: Fact | None = None
    values: tuple[FactValue, ...] = ()
    """The values ``say`` states."""
    cited: tuple[FactValue, ...] = ()
    """One value per source, in the order of the markers."""
    missing: tuple[str, ...] = ()
    """Conditions the question leaves open, when the outcome is ``needs_input``."""
    score: float = 0.0
    """Similarity of the question to the nearest way of asking for the fact, 0 to 1."""
