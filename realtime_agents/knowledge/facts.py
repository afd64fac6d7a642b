"""Dated facts: exact values that override what pages say.

`FactBook.find` answers a question only when it surely is about one held fact. It is built for
precision: the words a fact needs must be there, no other subject may be named, the kind of answer
must fit, and the question must be close in meaning to one of the ways of asking for it.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import numpy as np

from realtime_agents.embedding import Embedder, Vector, load_embedder
from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.fact_answer import FactAnswerer, conditions_of
from realtime_agents.knowledge.fact_files import read_facts
from realtime_agents.knowledge.fact_model import Fact, FactMatch, FactOutcome, FactValue, Lexicon
from realtime_agents.knowledge.fact_question import Intent, Question, QuestionReader, has_phrase

log = logging.getLogger(__name__)

MIN_SIMILARITY = 0.8
"""Cosine of the question and the nearest way of asking."""
MIN_LIKENESS = 0.6
"""The same without an embedder: share of words in common."""
MIN_COVERAGE = 0.6
"""Share of the question's content words that belong to the fact."""
AMBIGUOUS_WITHIN = 0.01
"""Two facts this close together are not told apart."""

_NUMBER_STARTS = frozenset("$0123456789")
"""A number decides what a question is about: one that a fact does not know rules the fact out."""
_SAME_KIND: tuple[frozenset[Intent], ...] = (frozenset({"amount", "what"}),)
"""Kinds of question that stand for one another."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    """A fact with what it is found by."""

    fact: Fact
    needs: tuple[tuple[tuple[str, ...], ...], ...]
    asked_words: tuple[frozenset[str], ...]
    """Content words of each way of asking."""
    vocabulary: frozenset[str]
    intents: frozenset[Intent]
    uses_money: bool
    uses_percent: bool
    must: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A fact that a question may be about, for inspection."""

    fact: Fact
    similarity: float
    coverage: float

    @property
    def score(self) -> float:
        """For ranking: meaning first, then the share of words that belong to the fact."""
        return 0.85 * self.similarity + 0.15 * self.coverage


class FactBook:
    """The facts of one scenario. Immutable; safe to use from several threads.

    ``embedder`` compares by meaning; without one only words decide. A way of asking is embedded
    when it is first compared, and kept; a book costs nothing at the start.
    """

    def __init__(
        self, facts: Iterable[Fact] = (), lexicon: Lexicon | None = None, embedder: Embedder | None = None
    ) -> None:
        self._facts = tuple(facts)
        self._lexicon = lexicon or Lexicon()
        self._embedder = embedder
        self._reader = QuestionReader(self._lexicon)
        self._answerer = FactAnswerer(self._lexicon, self._reader)
        self._vectors: dict[str, Vector] = {}
        self._entries = tuple(self._entry(fact) for fact in self._facts if fact.asks)

    @classmethod
    def load(cls, folder: Path, embedder_factory: Callable[[], Embedder] | None = load_embedder) -> FactBook:
        """Read the fact files of a scenario; a folder that does not exist holds none. Blocking.

        Without an embedder, or when none can be loaded, only words decide. Raises the first
        `ConfigError`; the other ones are its notes.
        """
        reading = read_facts(folder)
        if reading.errors:
            first, *others = reading.errors
            for other in others:
                first.add_note(str(other))
            raise first
        return cls(reading.facts, reading.lexicon, _embedder(embedder_factory) if reading.facts else None)

    def __len__(self) -> int:
        """How many values are held."""
        return sum(value.value is not None for fact in self._facts for value in fact.values)

    @property
    def facts(self) -> tuple[Fact, ...]:
        return self._facts

    @property
    def lexicon(self) -> Lexicon:
        return self._lexicon

    def value(self, value_id: str) -> FactValue | None:
        """The value with that id."""
        found = (value for fact in self._facts for value in fact.values if value.id == value_id)
        return next(found, None)

    def find(self, question: str, *, year: int | None = None, today: date, limit: int = 4) -> FactMatch:
        """The answer that one fact gives to the question.

        ``year`` counts when the question names no time. ``limit`` is how many values are listed
        before the person is asked to narrow the case. Takes about 10 ms plus 8 ms for each way of
        asking that was not compared before.
        """
        asked = self._reader.read(question, today)
        if year is not None and not asked.years and asked.day is None:
            asked = dataclasses.replace(asked, years=(year,))
        candidates = self._candidates(asked)
        best = candidates[0] if candidates else None
        needed = MIN_SIMILARITY if self._embedder else MIN_LIKENESS
        if best is None or best.similarity < needed:
            return FactMatch(outcome="not_found", score=best.similarity if best else 0.0)
        if len(candidates) > 1 and best.score - candidates[1].score < AMBIGUOUS_WITHIN:
            return FactMatch(outcome="not_found", score=best.similarity)
        match = self._answerer.answer(best.fact, asked, today=today, limit=limit)
        return dataclasses.replace(match, score=best.similarity)

    def candidates(self, question: str, *, today: date) -> list[Candidate]:
        """The facts that pass the word tests, most similar first, whatever their similarity."""
        return self._candidates(self._reader.read(question, today))

    def _candidates(self, asked: Question) -> list[Candidate]:
        covered = [(entry, self._coverage(entry, asked)) for entry in self._entries]
        passed = [(entry, coverage) for entry, coverage in covered if coverage >= MIN_COVERAGE]
        exact = [(entry, coverage) for entry, coverage in passed if asked.content in entry.asked_words]
        if len(exact) == 1:
            # The very words of one way of asking: nothing to compare, and 10 ms per ask saved.
            return [Candidate(exact[0][0].fact, 1.0, exact[0][1])]
        # The question is embedded only when there is something to compare it with, and not kept.
        vector = self._embedder.embed_passage(asked.text) if passed and self._embedder else None
        found = [
            Candidate(entry.fact, self._similarity(entry, asked, vector), coverage)
            for entry, coverage in passed
        ]
        return sorted(found, key=lambda candidate: -candidate.score)

    def _coverage(self, entry: _Entry, asked: Question) -> float:
        """Share of the question's words that belong to the fact; 0 when it is not about it."""
        stems = asked.stems
        if asked.intent != "bare" and asked.intent not in entry.intents:
            return 0.0
        if not all(any(has_phrase(stems, phrase) for phrase in group) for group in entry.needs):
            return 0.0
        if asked.terms - entry.vocabulary:
            return 0.0
        if entry.must and entry.must - self._answerer.given(entry.fact, asked).keys():
            return 0.0
        content = asked.content
        if any(word[:1] in _NUMBER_STARTS and not self._knows(entry, word, asked) for word in content):
            return 0.0
        known = [word for word in content if self._knows(entry, word, asked)]
        return len(known) / len(content) if content else 0.0

    @staticmethod
    def _knows(entry: _Entry, word: str, asked: Question) -> bool:
        if word in entry.vocabulary:
            return True
        if entry.uses_percent and (word.endswith("%") or (word.isdigit() and float(word) in asked.percents)):
            return True
        return entry.uses_money and word[:1] in _NUMBER_STARTS and not word.endswith("%")

    def _similarity(self, entry: _Entry, asked: Question, vector: Vector | None) -> float:
        if vector is None or self._embedder is None:
            return max(_likeness(asked.content, words) for words in entry.asked_words)
        vectors = (self._vector(ask, self._embedder) for ask in entry.fact.asks)
        return max(float(np.dot(vector, each)) for each in vectors)

    def _vector(self, ask: str, embedder: Embedder) -> Vector:
        found = self._vectors.get(ask)
        if found is None:
            # Both sides are questions, so both are embedded alike, without the query prefix.
            found = self._vectors[ask] = embedder.embed_passage(ask.lower())
        return found

    def _entry(self, fact: Fact) -> _Entry:
        read = [self._reader.read(text, date.min) for text in (*fact.asks, fact.label)]
        words = {word for question in read for word in question.content}
        words |= {word for group in fact.needs for phrase in group for word in self._reader.phrase(phrase)}
        words |= set(self._reader.phrase(fact.topic.replace(".", " ").replace("_", " ")))
        words |= self._answerer.words_of(fact)
        intents = {question.intent for question in read[:-1]}
        for same in _SAME_KIND:
            if intents & same:
                intents |= same
        kinds = {self._lexicon.conditions[name].kind for name in conditions_of(fact.values)}
        return _Entry(
            fact=fact,
            needs=tuple(tuple(self._reader.phrase(phrase) for phrase in group) for group in fact.needs),
            asked_words=tuple(question.content for question in read[:-1]),
            vocabulary=frozenset(words),
            intents=frozenset(intents),
            uses_money="money" in kinds,
            uses_percent="percent" in kinds,
            must=frozenset(
                name for name in conditions_of(fact.values) if self._lexicon.conditions[name].must
            ),
        )


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Twice the words in common over all words of both, 0 to 1."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def _embedder(factory: Callable[[], Embedder] | None) -> Embedder | None:
    if factory is None:
        return None
    try:
        return factory()
    except KnowledgeError:
        log.warning("facts are found by words only: no embedder could be loaded")
        return None


__all__ = ["Candidate", "Fact", "FactBook", "FactMatch", "FactOutcome", "FactValue"]
