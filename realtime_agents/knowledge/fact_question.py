"""Reads a question about a fact: its words, what kind of answer it wants, times and amounts.

Everything is deterministic. Spoken numbers ("seventy percent", "twenty twenty six") are read like
written ones, as speech recognizers give both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from realtime_agents.knowledge.fact_model import Lexicon

Intent = Literal["amount", "what", "what_if", "when", "where", "who", "why", "how", "yes_no", "bare"]

MAX_QUESTION_CHARS = 600
"""Longer texts are cut: the rest never decides which fact is meant."""
MIN_INCOME = 1000
"""Plain numbers from here on are read as money, "I make 150000"."""

_TOKEN = re.compile(r"\$?\d[\d,]*(?:\.\d+)?(?:%|k\b)?|[a-z]+(?:'[a-z]+)?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_BEFORE_MONTH = frozenset(
    (
        "in",
        "on",
        "from",
        "since",
        "after",
        "until",
        "by",
        "for",
        "of",
        "next",
        "last",
        "this",
        "early",
        "late",
        "mid",
    )
)
_BEFORE_TIME = frozenset(("in", "for", "of", "during", "since", "by", "until"))
_RELATIVE_YEARS = {"this": 0, "current": 0, "next": 1, "coming": 1, "last": -1, "previous": -1, "past": -1}
_NOW = frozenset(("now", "today", "currently", "nowadays", "presently"))
_STOP_WORDS = """
    a about after again all also am an and any are as ask at be been before being best both but by can come could
    did do doe does doesn't doing don't done each even exactly find for from general get gets getting give gives go
    going got had has have haven't having he her here hi hello him his how i i'd i'll i'm i've if in info information
    into is isn't it its just know let like look make makes many may me mean might more most much must my need
    needs no not of off ok okay on one only or other our out over own person please question really right rough
    roughly say see shall she should so some someone somebody still such sure take tell than thank thanks that the
    their them then there these they thing think this those through to too u um up us use used uh very want was way
    we well were what whats what's when where whether which while who whom why will with won't would you your
    s t d ll ve re per usually typically generally actually approximately
"""
_STOP = frozenset(_STOP_WORDS.split())
_SMALL_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_SMALL = {word: number for number, word in enumerate(_SMALL_WORDS.split())}
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * number for number, word in enumerate(_TENS_WORDS.split(), start=2)}
_RATING_WORDS = frozenset(("rated", "rating", "ratings", "disability"))
_PERCENT_SIGN = "percentsign"
_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|so|and|but|well|please|um|uh|also)\b[ ,]*"
    r"|(?:can|could|would|will) you (?:please )?(?:tell|explain|say)(?: to)?(?: me)?\b[ ,]*"
    r"|(?:i want|i would like|i'd like|i need) to know\b[ ,]*|do you know\b[ ,]*|tell me\b[ ,]*"
    r"|i was wondering\b[ ,]*|may i ask\b[ ,]*|what about\b[ ,]*|how about\b[ ,]*)+"
)
_AMOUNT = re.compile(
    r"how (?:much|many|long|often|high|old|far|big|large|soon|fast|late)\b|\bwhat (?:does|do|did|would|will|is|are) .*\b(?:cost|pay|charge)"
)
_LEADING: tuple[tuple[re.Pattern[str], Intent], ...] = (
    (re.compile(r"how\b"), "how"),
    (re.compile(r"(?:until|till|since|from|by) when\b|when\b"), "when"),
    (re.compile(r"where\b"), "where"),
    (re.compile(r"who\b|whom\b|whose\b"), "who"),
    (re.compile(r"why\b"), "why"),
    (re.compile(r"what (?:if|happens|happened|should i|can i do|do i do)\b"), "what_if"),
    (re.compile(r"(?:by |at |in |for |on |under )?(?:what|which|what's)\b"), "what"),
    (
        re.compile(
            r"(?:do|does|did|is|are|was|were|can|could|will|would|should|may|must|am|have|has|had|isn't|don't|doesn't)\b"
        ),
        "yes_no",
    ),
)


@dataclass(frozen=True, slots=True)
class Word:
    """A token of a question, stemmed, or a term it was merged into."""

    text: str
    stop: bool = False
    """Says nothing about the subject."""
    time: bool = False
    term: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as the fact book sees it."""

    text: str
    """The question without times, for comparison by meaning."""
    words: tuple[Word, ...]
    intent: Intent
    years: tuple[int, ...] = ()
    """Benefit years asked for, in the order of the question; empty means today or ``day``."""
    day: date | None = None
    """A day asked for: the first of a month when only the month is named."""
    money: tuple[float, ...] = ()
    percents: tuple[float, ...] = ()

    @property
    def stems(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)

    @property
    def content(self) -> frozenset[str]:
        """Words that say what the question is about."""
        return frozenset(word.text for word in self.words if not word.stop and not word.time)

    @property
    def terms(self) -> frozenset[str]:
        return frozenset(word.text for word in self.words if word.term)


class QuestionReader:
    """Reads questions with the terms of one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._terms: dict[tuple[str, ...], str] = {}
        for name, spellings in lexicon.terms.items():
            for spelling in spellings:
                self._terms[tuple(_stem(token) for token in _tokens(spelling))] = name
        self._longest = max((len(key) for key in self._terms), default=1)

    def phrase(self, text: str) -> tuple[str, ...]:
        """The stems of a phrase, terms merged: what to look for in `Question.stems`."""
        return tuple(word.text for word in self._words(_tokens(text), frozenset()))

    def read(self, text: str, today: date) -> Question:
        tokens = _tokens(text[:MAX_QUESTION_CHARS])
        times = _Times(tokens, today)
        words = self._words(tokens, frozenset(times.positions))
        kept = [token for position, token in enumerate(tokens) if position not in times.positions]
        return Question(
            text=" ".join(kept),
            words=tuple(words),
            intent=_intent(text),
            years=tuple(dict.fromkeys(times.years)),
            day=times.day,
            money=tuple(_money(kept)),
            percents=tuple(_percents(kept)),
        )

    def _words(self, tokens: list[str], times: frozenset[int]) -> list[Word]:
        stems = [_stem(token) for token in tokens]
        words: list[Word] = []
        position = 0
        while position < len(tokens):
            length, term = self._term_at(stems, position)
            if term:
                words.append(Word(term, term=True))
            else:
                token = tokens[position]
                words.append(Word(stems[position], stop=token in _STOP, time=position in times))
            position += length
        return words

    def _term_at(self, stems: list[str], position: int) -> tuple[int, str]:
        """The longest term beginning here, as (number of tokens, name); (1, "") when none does."""
        for length in range(min(self._longest, len(stems) - position), 0, -1):
            term = self._terms.get(tuple(stems[position : position + length]))
            if term:
                return length, term
        return 1, ""


def has_phrase(stems: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """True when the phrase stands in the stems, its words side by side."""
    size = len(phrase)
    return any(stems[start : start + size] == phrase for start in range(len(stems) - size + 1))


class _Times:
    """Finds years, months and words such as "next year" among tokens."""

    def __init__(self, tokens: list[str], today: date) -> None:
        self.positions: set[int] = set()
        self.years: list[int] = []
        self.day: date | None = None
        self._tokens = tokens
        self._today = today
        for position, token in enumerate(tokens):
            if position not in self.positions:
                self._look(position, token)
        # "in 2026" goes as a whole, so that what is left still reads as a question.
        self.positions |= {
            position
            for position, token in enumerate(tokens)
            if token in _BEFORE_TIME and position + 1 in self.positions
        }

    def _look(self, position: int, token: str) -> None:
        following = self._at(position + 1)
        if token in _MONTHS and (self._at(position - 1) in _BEFORE_MONTH or following[:1].isdigit()):
            self._month(position, _MONTHS.index(token) + 1)
        elif _YEAR.fullmatch(token):
            self.positions.add(position)
            self.years.append(int(token))
        elif token in _RELATIVE_YEARS and following in ("year", "month"):
            self.positions |= {position, position + 1}
            self._relative(_RELATIVE_YEARS[token], following)
        elif token in _NOW:
            self.positions.add(position)

    def _relative(self, steps: int, unit: str) -> None:
        if unit == "year":
            self.years.append(self._today.year + steps)
        else:
            first = self._today.replace(day=1)
            self.day = self._today if steps == 0 else (first + timedelta(days=31 * steps)).replace(day=1)

    def _month(self, position: int, month: int) -> None:
        self.positions.add(position)
        day, year, end = 1, self._today.year, position + 1
        if self._at(end).isdigit() and len(self._at(end)) <= 2:
            day, end = int(self._at(end)), end + 1
        if _YEAR.fullmatch(self._at(end)):
            year, end = int(self._at(end)), end + 1
        self.positions |= set(range(position, end))
        try:
            self.day = date(year, month, day)
        except ValueError:
            self.day = date(year, month, 1)

    def _at(self, position: int) -> str:
        return self._tokens[position] if 0 <= position < len(self._tokens) else ""


def _tokens(text: str) -> list[str]:
    text = text.lower().replace("’", "'").replace("per cent", "%").replace("percent", "%")
    text = re.sub(r"(?<=[\d\w])\s+%", "%", text)
    found = _TOKEN.findall(re.sub(r"(\b[a-z]+)%", r"\1 %%", text).replace("%%", f" {_PERCENT_SIGN} "))
    return _join_percents(_read_numbers([token.removesuffix("'s") for token in found]))


def _join_percents(tokens: list[str]) -> list[str]:
    """``["70", "percentsign"]`` → ``["70%"]``, for numbers that were spelled out."""
    joined: list[str] = []
    for word in tokens:
        if word != _PERCENT_SIGN:
            joined.append(word)
        elif joined and joined[-1].isdigit():
            joined[-1] += "%"
    return joined


def _read_numbers(tokens: list[str]) -> list[str]:
    """Spelled numbers and 150k as digits; commas inside numbers go."""
    result: list[str] = []
    position = 0
    while position < len(tokens):
        number, length = _spelled(tokens, position)
        if length:
            result.append(str(number))
            position += length
            continue
        token = tokens[position]
        if token[:1] in "$0123456789":
            token = token.replace(",", "")
            if token.endswith("k"):
                token = f"{float(token[:-1].lstrip('$')) * 1000:.0f}"
            elif tokens[position + 1 : position + 2] == ["thousand"]:
                token = f"{float(token.strip('$%') or 0) * 1000:.0f}"
                position += 1
        result.append(token)
        position += 1
    return result


def _spelled(tokens: list[str], start: int) -> tuple[int, int]:
    """The number that begins at ``start`` and how many tokens it takes; ``(0, 0)`` when none does."""
    total, group, position = 0, 0, start
    seen = False
    while position < len(tokens):
        word = tokens[position]
        if word in _TENS and (group % 100 == 0):
            group += _TENS[word]
        elif word in _SMALL and (group % 10 == 0 and (group % 100 >= 20 or group % 100 == 0)):
            if _SMALL[word] >= 10 and group % 100:
                break
            group += _SMALL[word]
        elif word == "hundred" and (seen or start == position):
            group = max(group, 1) * 100
        elif word == "thousand" and seen:
            total, group = total + group * 1000, 0
        elif word == "and" and seen and group and group % 100 == 0 and _is_number(tokens, position + 1):
            pass
        else:
            break
        seen = True
        position += 1
    number = total + group
    if number in (19, 20) and position - start == 1:
        later, length = _spelled(tokens, position)
        if length and 10 <= later <= 99:
            return number * 100 + later, 1 + length
    return (number, position - start) if seen else (0, 0)


def _is_number(tokens: list[str], position: int) -> bool:
    return position < len(tokens) and (tokens[position] in _SMALL or tokens[position] in _TENS)


def _money(tokens: list[str]) -> list[float]:
    found = []
    for token in tokens:
        if token.startswith("$"):
            found.append(float(token[1:].rstrip("%k") or 0))
        elif token.replace(".", "", 1).isdigit() and float(token) >= MIN_INCOME:
            found.append(float(token))
    return found


def _percents(tokens: list[str]) -> list[float]:
    """Numbers with a percent sign; without any, a bare one where a rating is spoken of."""
    found = [float(token[:-1].lstrip("$") or 0) for token in tokens if token.endswith("%")]
    if found or not _RATING_WORDS.intersection(tokens):
        return found
    bare = [float(token) for token in tokens if token.isdigit() and int(token) <= 100]
    return bare if len(bare) == 1 else []


def _stem(token: str) -> str:
    """Plural, -ed, -ing and -ment off; both sides of a comparison go through it."""
    if not token.isalpha() or len(token) < 4:
        return token
    if token.endswith("ies") and len(token) > 4:
        return token[:-3] + "y"
    if token.endswith("s") and not token.endswith(("ss", "us", "is")):
        token = token[:-1]
    for suffix in ("ment", "ing", "ed"):
        if token.endswith(suffix) and len(token) - len(suffix) >= 4:
            token = token[: -len(suffix)]
            break
    if len(token) > 4 and token[-1] == token[-2] and token[-1] not in "ls":
        token = token[:-1]
    return token.rstrip("e") if len(token) > 4 else token


def _intent(text: str) -> Intent:
    """What kind of answer is wanted, from the first clause that asks."""
    clauses = [clause.strip() for clause in re.split(r"[.;:?!]\s+|[?!,]", text.lower().replace("’", "'"))]
    stripped = [clause for clause in (_POLITE.sub("", clause).strip() for clause in clauses) if clause]
    # An amount may be asked for anywhere: "if I earn more how much is it".
    if any(_AMOUNT.search(clause) for clause in stripped):
        return "amount"
    for clause in stripped:
        for pattern, intent in _LEADING:
            if pattern.match(clause):
                return intent
    return "bare"
