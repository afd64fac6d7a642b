"""Citations: numbers for sources, from the tool that found them to the answer that shows them.

A source gets its number when a tool returns it; the model cites it by that number. What people
see is numbered per answer, 1, 2, 3 in order of first use. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from realtime_agents.session.quoting import misquoted, stands_in
from realtime_agents.session.view import Citation
from realtime_agents.tools.registry import Source

_MARKER = re.compile(r"[ \t]?\[(\d{1,4}(?:\s*[,;]\s*\d{1,4})*)\]")
_NUMBER = re.compile(r"\d+")
_UNFINISHED = re.compile(r"[ \t]?(?:\[[\d\s,;]*)?$")
"""What may still become a marker: an open bracket with numbers, and the space that may go with it."""

MAX_PASSAGES = 120
"""Passages whose full words are kept, the newest, to check what an answer quotes: some 150 kB."""
MAX_ATTACHED = 3
_ENOUGH = 0.4
"""Share of common words from which a source counts as what an answer rests on."""
_WORD = re.compile(r"[\w.,']*\w")
_SMALL_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a about after all also an and any are as at be been but by can do does for from get has have how if in into "
        "is it its may more most must no not of on one or other our out per so some such than that the their them "
        "then there these they this to under up was we were what when which who will with would you your",
    )
)

_NO_KNOWLEDGE = re.compile(
    r"""\b(?:
        (?:i|we)\ (?:really\ |just\ )?(?:do\ not|don't)\ know
      | (?:i|we)\ (?:do\ not|don't)\ have\ (?:any\ |enough\ |that\ |this\ |the\ |a\ |an\ |reliable\ )*
            (?:information|details|data|answer|figure|amount|number|date|source|sources|value|rate)
      | (?:i|we)\ (?:do\ not|don't)\ have\ [^.?!]{1,120}\ for\ (?:[a-z]+\ )?(?:19|20)\d\d\b
      | (?:i|we)\ (?:could\ not|couldn't|cannot|can't|can\ not|did\ not|didn't)\ find
      | (?:i|we)\ (?:am|are|'m|'re)\ not\ able\ to\ (?:find|answer)
      | (?:i'm|we're)\ not\ able\ to\ (?:find|answer)
      | (?:i|we)\ (?:cannot|can't|can\ not)\ (?:answer|say|tell)
      | (?:is|are)\ not\ (?:in|among|covered\ by)\ (?:my|our)\ (?:sources|documents|pages)
      | my\ sources\ (?:do\ not|don't)\ (?:say|cover|have|include|mention)
      | could\ not\ be\ looked\ up
      | no\ (?:lo\ )?s[eé]\b | no\ tengo\ (?:información|datos) | no\ (?:encontré|pude\ encontrar)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""Ways of saying "I don't know", in English and Spanish; curly apostrophes count as straight ones."""


class Ledger:
    """The sources of one session by number, from 1; a number never changes its source.

    A source that is found again keeps its number. Of all sources only what a citation shows is kept,
    about a kilobyte each; of the newest passages their words too.
    """

    def __init__(self) -> None:
        self._citations: list[Citation] = []
        self._numbers: dict[tuple[str, ...], int] = {}
        self._words: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._citations)

    def number(self, source: Source) -> int:
        """The number of ``source``, a new one when it was not found before."""
        key = (source.document_id, source.passage_id, source.section, source.as_of, source.quote)
        if (known := self._numbers.get(key)) is not None:
            return known
        n = len(self._citations) + 1
        is_passage = bool(source.passage_id and source.text)
        if is_passage:
            self._words[n] = source.text
            if len(self._words) > MAX_PASSAGES:
                del self._words[next(iter(self._words))]
        self._numbers[key] = n
        self._citations.append(
            Citation(
                n=n,
                passage_id=source.passage_id,
                document_id=source.document_id,
                title=source.title,
                section=source.section,
                url=source.url,
                as_of=source.as_of,
                quote=source.quote,
                # A fact is stated from a value and has no words of its own to compare with.
                supported=not is_passage or stands_in(source.quote, source.text),
            )
        )
        return n

    def get(self, n: int) -> Citation | None:
        """The source of that number; None for a number nobody was given."""
        return self._citations[n - 1] if 1 <= n <= len(self._citations) else None

    def words(self, n: int) -> str | None:
        """The full words of a passage; None for a fact, and for a passage of long ago."""
        return self._words.get(n)


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedText:
    """An answer as people see it."""

    text: str
    citations: tuple[Citation, ...]
    """In the order of their numbers in ``text``."""
    unknown: int = 0
    """Markers that named no source and were taken out."""


def resolve(text: str, ledger: Ledger, *, partial: bool = False) -> CitedText:
    """Number the citations in ``text`` 1, 2, 3 in order of first use; take out those of no source.

    ``partial``: the text is still growing. An end that may become a marker is held back, so that
    every partial result is the beginning of the final one.
    """
    if partial:
        text = text[: _unfinished_from(text)]
    order: dict[int, int] = {}
    unknown = 0

    def relabel(match: re.Match[str]) -> str:
        nonlocal unknown
        labels: list[str] = []
        for number in map(int, _NUMBER.findall(match[1])):
            if ledger.get(number) is None:
                unknown += 1
                continue
            label = f"[{order.setdefault(number, len(order) + 1)}]"
            if label not in labels:
                labels.append(label)
        space = match[0][0] if match[0][0] in " \t" else ""
        return space + "".join(labels) if labels else ""

    shown = _MARKER.sub(relabel, text)
    wrong = frozenset() if partial else misquoted(text, ledger.words)
    citations = tuple(
        replace(c, n=n, supported=c.supported and number not in wrong)
        for number, n in order.items()
        if (c := ledger.get(number))
    )
    return CitedText(text=shown, citations=citations, unknown=unknown)


def _unfinished_from(text: str) -> int:
    """Index from which ``text`` may still become a marker."""
    # Only the tail can: this runs for every shown piece of a growing answer.
    begin = max(len(text) - 64, 0)
    found = _UNFINISHED.search(text, begin)
    return found.start() if found else len(text)


def says_unknown(text: str) -> bool:
    """Whether the words say that the speaker does not know."""
    return _NO_KNOWLEDGE.search(text.replace("’", "'")) is not None


def abstained(cited: CitedText, outcomes: Sequence[str]) -> bool:
    """Whether an answer is an "I don't know".

    Without a citation: its words say so, a tool of the turn holds no value for what was asked, or
    every tool of the turn (there was one) found nothing. With citations: a value is not held and
    the words say so, beside what is cited. A greeting, small talk and a question back are none.
    """
    if not cited.text:
        return False
    not_held = "not_held" in outcomes
    if cited.citations:
        return not_held and says_unknown(cited.text)
    found_nothing = bool(outcomes) and all(outcome in {"not_found", "not_held"} for outcome in outcomes)
    return not_held or found_nothing or says_unknown(cited.text)


def best_sources(
    text: str, sources: Sequence[Citation], *, limit: int = MAX_ATTACHED
) -> tuple[Citation, ...]:
    """The sources that an answer without markers rests on, by the words it shares with their quotes.

    For answers of models that speak and cannot say ``[n]``. A source counts when enough of its
    quote, or enough of the answer, is found in the other; numbers count more than words. The best
    ``limit``, renumbered from 1, best first.
    """
    said = _content_words(text)
    if not said:
        return ()
    scored = [(_overlap(said, _content_words(source.quote)), -at) for at, source in enumerate(sources)]
    best = sorted((pair for pair in scored if pair[0] >= _ENOUGH), reverse=True)
    found: dict[tuple[str, str, str], Citation] = {}
    for _, at in best:
        source = sources[-at]
        found.setdefault((source.document_id, source.passage_id, source.quote), source)
    return tuple(replace(source, n=n) for n, source in enumerate(list(found.values())[:limit], start=1))


def _content_words(text: str) -> frozenset[str]:
    found = (word.strip(".,'") for word in _WORD.findall(text.replace("’", "'").lower()))
    return frozenset(word for word in found if word and word not in _SMALL_WORDS)


def _overlap(said: frozenset[str], quoted: frozenset[str]) -> float:
    """0 to 1: the weight of the common words in the lighter of the two texts."""
    smaller = min(_weight(said), _weight(quoted))
    return _weight(said & quoted) / smaller if smaller else 0.0


def _weight(words: frozenset[str]) -> float:
    return sum(3.0 if any(c.isdigit() for c in word) else 1.0 for word in words)
