"""Picks the one to three sentences of the found sources that answer a question best.

Candidates are sifted by shared words first, because a vector costs 3 to 8 ms and a typed question
should see its first word within 150 ms; at most `MAX_EMBEDDED` sentences are compared by meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from realtime_agents.engine.dialogue.language import is_spanish
from realtime_agents.engine.dialogue.programs import named_programs
from realtime_agents.engine.dialogue.semantics import Semantics
from realtime_agents.engine.dialogue.sentences import Sentence, speakable_sentences
from realtime_agents.engine.dialogue.text import overlap, stems

MAX_EMBEDDED = 14
MAX_SENTENCES = 3
MAX_WORDS = 90
MATCH_FLOOR = 0.62
"""Score below which the best sentence does not answer the question."""
MEANING_MIN = 0.58
MEANING_FLOORS = ((0.0, 0.64), (0.2, 0.68), (0.3, 0.75))
"""(share of the question's words that no source holds, similarity needed from there on). Measured on
248 benefit questions: refuses 5 %, a quarter of them although the right page was among the sources."""
NEXT_MARGIN = 0.09
"""A further sentence may be worth this much less than the best one."""
NEW_SOURCE_BONUS = 0.05
TOP_SOURCE_BONUS = 0.05
NEW_SOURCE_RANKS = 6
RANK_STEP = 0.005
"""What each place further down the ranking costs, up to `RANK_MAX`. It only breaks ties: on 248 questions
over real pages the single sentences ranked better than the passages (right page cited: 54 %, with a step
of 0.03 50 %, by the first passage alone 40 %)."""
RANK_MAX = 0.02
_SAYS_LITTLE = stems(
    "cover covers covered coverage pay pays paid cost costs much money get have need want benefits program plan medicare va"
)
"""Words that do not tell one question about benefits from another: a further sentence shares another one."""
SAME_CONTENT = 0.6
"""Share of common stems from which two sentences say the same."""

_AMOUNT = re.compile(r"\$\s?\d|\b\d[\d,.]*\s?(?:%|percent|dollars)", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:\d+|one|two|three|six|seven|eight|twelve)[\s-]+(?:day|week|month|year|hour)s?\b|\b(?:19|20)\d{2}\b"
    r"|\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"\d{3}[-.\s]\d{3}[-.\s]\d{4}|1-800-[A-Z]+|\bTTY\b", re.IGNORECASE)
_FORM = re.compile(r"\b[A-Z]{0,4}-?\d{2,}[-\dA-Z]*\b|\bform\b")
_ACTION = re.compile(
    r"\b(?:you can|you'?ll need|you must|apply|call|fill out|submit|send|mail|online|request|ask|file|complete|contact|sign up)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:eligible|qualify|if you|must be true|if (?:any|all))\b", re.IGNORECASE)
_POINTER = re.compile(
    r"^(?:find out|find|learn|get (?:more|instructions|details)|visit|click|see|read|download|go to|watch|check out|use our|view|print"
    r"|if you have questions|to (?:learn|find out|get) more)\b",
    re.IGNORECASE,
)
"""Sentences that only send the reader elsewhere: true, but no answer."""
_TOLD_BEFORE = re.compile(
    r"^[^?]*[,.;]\s+(?=(?:can|could|do|does|did|will|would|should|is|are|what|how|when|where|which|who)\b)",
    re.IGNORECASE,
)
"""What is told before the question: it need not be in any source."""
_CONTEXT = re.compile(r"\([^()]*\)")
_PART = re.compile(r"\b(?:part|plan) [a-n]\b")
_YEAR = re.compile(r"\b20\d{2}\b")
_HOW_TO = re.compile(r"\bhow (?:do|can|should|would) i\b|\bwhere (?:do|can) i\b", re.IGNORECASE)
_KINDS: tuple[tuple[re.Pattern[str], re.Pattern[str], float], ...] = (
    (re.compile(r"phone|\bcall\b|\bnumber\b", re.IGNORECASE), _CONTACT, 0.1),
    (re.compile(r"\bforms?\b", re.IGNORECASE), _FORM, 0.06),
    (
        re.compile(r"how much|cost|price|premium|deductible|coinsurance|copay|amount|\bpay\b", re.IGNORECASE),
        _AMOUNT,
        0.04,
    ),
    (
        re.compile(
            r"\bwhen\b|how (?:long|soon)|deadline|what date|how many (?:days|months|years)", re.IGNORECASE
        ),
        _TIME,
        0.04,
    ),
    (_HOW_TO, _ACTION, 0.04),
    (re.compile(r"eligib|qualif|\bcan (?:i|my)\b", re.IGNORECASE), _CONDITION, 0.04),
)
"""(what is asked for, what a sentence has that answers such, what that is worth)."""
POINTER_COST = 0.12
MISMATCH_COST = 0.12
OTHER_PROGRAM_COST = 0.06
"""A sentence about a program beside the one that was asked about, "a veteran with …" for Medicare."""
SUBJECT_WEIGHT = 0.06
"""What all words that tell the question from others are worth in a sentence."""
LEAD_BONUS = 0.03
"""The first sentence of a section is written to answer its heading."""
HEADING_FLOOR = 0.6
HEADING_WEIGHT = 0.4
"""What likeness of question and heading is worth, from the floor on; half as much after the first sentence."""
DEFINITION_BONUS = 0.1
_DEFINITION = re.compile(r"^what(?:'s| is| are)\s+(?:the |an? )?(.+?)\W*$", re.IGNORECASE)
_YES_NO_ANSWER = re.compile(r"^(?:yes|no)\b", re.IGNORECASE)
_YES_NO_QUESTION = re.compile(
    r"(?:^|[,;.]\s+|\b(?:and|so|but|or)\s+)(?:do|does|did|can|could|is|are|am|will|would|should|must|may|has|have)\b"
    r"|\b(?:can|could|do|does|should|will|is|are|am) (?:i|we|she|he|they|you|it|my|the|there)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """A source as a tool returned it."""

    n: int
    title: str
    section: str
    text: str
    quote: str
    as_of: str
    rank: int
    """Place in its result, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """A sentence with its source and how well it answers."""

    sentence: str
    source: SourceText
    score: float
    meaning: float
    """Similarity to the question alone."""
    order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    sentence: Sentence
    source: SourceText
    sift: float


def pick_sentences(
    question: str,
    sources: Sequence[SourceText],
    semantics: Semantics,
    *,
    limit: int = MAX_SENTENCES,
    said: str = "",
) -> list[Picked]:
    """Up to ``limit`` sentences in reading order, at most `MAX_WORDS`; empty when nothing fits.

    ``said`` is text that the answer opens with already: it takes room, and is not repeated.
    """
    scored = _score(question, sources, semantics)
    openers = [entry for entry in scored if entry.opens]
    near = [entry for entry in openers if entry.picked.score >= openers[0].picked.score - NEXT_MARGIN]
    first = next((entry for entry in near if _answers(question, entry.picked, sources)), None)
    if first is None:
        return []
    chosen = [first.picked] if _fits(first, [], said, MAX_WORDS - len(said.split())) else []
    subject = stems(question) - _SAYS_LITTLE
    while len(chosen) < limit:
        room = MAX_WORDS - sum(len(text.split()) for text in (said, *(c.sentence for c in chosen)))
        following = [
            (_worth(p.picked, chosen), p)
            for p in scored
            if _fits(p, chosen, said, room) and (not chosen or _is_on(subject, p.picked))
        ]
        worth, entry = max(following, key=lambda f: f[0], default=(0.0, None))
        if entry is None or worth < first.picked.score - NEXT_MARGIN:
            break
        chosen.append(entry.picked)
    return _in_reading_order(chosen)


def _is_on(subject: frozenset[str], picked: Picked) -> bool:
    """True when it shares a word that tells the question from others, if there is any."""
    told = stems(picked.sentence) | stems(f"{picked.source.title} {picked.source.section}")
    return not subject or bool(subject & told)


def _answers(question: str, best: Picked, sources: Sequence[SourceText]) -> bool:
    """True when the best sentence is about the question, and not only about something near it.

    The tell-tale of a subject that the sources lack is a word of the question that none of them
    holds ("hearing aids"): the more such words, the closer the meaning has to be. Of the context that a
    follow-up carries in parentheses one word is enough.
    """
    if best.score < MATCH_FLOOR or best.meaning < MEANING_MIN:
        return False
    asked = stems(question)
    own = stems(best.sentence) | stems(f"{best.source.title} {best.source.section}")
    if asked <= own:
        return True
    said = stems(_CONTEXT.sub(" ", question))
    asked = stems(_TOLD_BEFORE.sub("", question)) or asked
    specific = {word for word in asked if not named_programs(word)}
    if said & specific and said <= own and (specific - said) & own:
        return True
    everywhere = own.union(*(stems(f"{s.title} {s.section} {s.text}") for s in sources))
    unknown = len(asked - everywhere) / len(asked)
    needed = max((meaning for share, meaning in MEANING_FLOORS if unknown >= share), default=1.0)
    return best.meaning >= needed


def _worth(picked: Picked, chosen: Sequence[Picked]) -> float:
    """Score, raised for a good source that is not cited yet: several sources make an answer checkable."""
    new = (
        bool(chosen)
        and picked.source.n not in {c.source.n for c in chosen}
        and picked.source.rank < NEW_SOURCE_RANKS
    )
    return (
        picked.score
        + (NEW_SOURCE_BONUS if new else 0.0)
        + (TOP_SOURCE_BONUS if new and picked.source.rank == 0 else 0.0)
    )


def _fits(entry: _Scored, chosen: Sequence[Picked], said: str, room: int) -> bool:
    picked = entry.picked
    if picked in chosen or len(picked.sentence.split()) > room:
        return False
    stands = entry.opens or any(c.source.n == picked.source.n and c.order == picked.order - 1 for c in chosen)
    if _YES_NO_ANSWER.match(picked.sentence) and chosen:
        return False  # it answers its own heading, not what was asked
    return stands and not _repeats(picked.sentence, [said, *(c.sentence for c in chosen)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    picked: Picked
    opens: bool


def has_amount(sentence: str) -> bool:
    """True for money and percentages: figures that need their year."""
    return _AMOUNT.search(sentence) is not None


def _score(question: str, sources: Sequence[SourceText], semantics: Semantics) -> list[_Scored]:
    scored = []
    subject = stems(question) - _SAYS_LITTLE
    yes_no, programs = _YES_NO_QUESTION.search(question) is not None, named_programs(question)
    for candidate in _sifted(question, sources):
        sentence, source = candidate.sentence, candidate.source
        meaning = semantics.similarity(question, sentence.text)
        score = (
            meaning
            + 0.1 * overlap(question, sentence.text)
            + 0.06
            * max(overlap(question, sentence.heading), overlap(question, source.section or source.title))
            + _kind_bonus(question, sentence.text)
            - min(RANK_STEP * source.rank, RANK_MAX)
            - (POINTER_COST if _POINTER.match(sentence.text) else 0.0)
            - (MISMATCH_COST if _is_about_another(question, sentence.text) else 0.0)
            - (MISMATCH_COST if _YES_NO_ANSWER.match(sentence.text) and not yes_no else 0.0)
            - (OTHER_PROGRAM_COST if programs and named_programs(sentence.text) - programs else 0.0)
            + _heading_bonus(question, candidate, semantics)
            + (SUBJECT_WEIGHT * len(subject & stems(sentence.text)) / len(subject) if subject else 0.0)
        )
        picked = Picked(
            sentence=sentence.text, source=source, score=score, meaning=meaning, order=sentence.order
        )
        scored.append(_Scored(picked=picked, opens=sentence.opens))
    return sorted(scored, key=lambda s: (-s.picked.score, s.picked.source.rank, s.picked.order))


def _sifted(question: str, sources: Sequence[SourceText]) -> list[_Candidate]:
    candidates = []
    for source in sources:
        quoted = source.quote.strip()
        for sentence in speakable_sentences(source.text or source.quote):
            if is_spanish(sentence.text):
                continue  # the question is English
            if sentence.text.startswith(source.section) and source.section:
                continue  # a heading that a flattened page glued to its first sentence
            sift = (
                overlap(question, sentence.text)
                + 0.6 * overlap(question, sentence.heading)
                + 0.3 * overlap(question, f"{source.title} {source.section}")
                + (0.3 if sentence.order == 0 else 0.0)
                + (0.3 if quoted and (sentence.text in quoted or quoted in sentence.text) else 0.0)
                + 4 * _kind_bonus(question, sentence.text)
                - 0.08 * source.rank
            )
            candidates.append(_Candidate(sentence=sentence, source=source, sift=sift))
    return sorted(candidates, key=lambda c: (-c.sift, c.source.rank, c.sentence.order))[:MAX_EMBEDDED]


def _heading_bonus(question: str, candidate: _Candidate, semantics: Semantics) -> float:
    sentence, source = candidate.sentence, candidate.source
    heading = sentence.heading or source.section or source.title
    likeness = semantics.similarity(question, heading) if heading else 0.0
    bonus = HEADING_WEIGHT * max(0.0, likeness - HEADING_FLOOR)
    return bonus + LEAD_BONUS if sentence.order == 0 else bonus / 2


def _kind_bonus(question: str, sentence: str) -> float:
    """An amount for "how much", a time for "when": the kind of thing that was asked for."""
    how_to = _HOW_TO.search(question) is not None
    worth = [
        bonus
        for asked, found, bonus in _KINDS
        if asked.search(question) and found.search(sentence) and not (how_to and found is _AMOUNT)
    ]
    defined = _DEFINITION.match(question)
    if defined and re.match(rf"(?:the |an? )?{re.escape(defined[1])}\b", sentence, re.IGNORECASE):
        worth.append(DEFINITION_BONUS)
    return max(worth, default=0.0)


def _is_about_another(question: str, sentence: str) -> bool:
    """Names another part, plan or year than the one the question names, and not that one."""
    for pattern in (_PART, _YEAR):
        asked, found = set(pattern.findall(question.lower())), set(pattern.findall(sentence.lower()))
        if asked and found and not asked & found:
            return True
    return False


def _repeats(sentence: str, before: Sequence[str]) -> bool:
    mine = stems(sentence)
    return any(mine and len(mine & stems(text)) / len(mine) >= SAME_CONTENT for text in before if text)


def _in_reading_order(chosen: Sequence[Picked]) -> list[Picked]:
    """The best sentence first, then the rest of its source, then the next source.

    Sentences that stand side by side in a source stay together, in the order they were written.
    """
    best_of: dict[int, int] = {}
    for place, picked in enumerate(chosen):
        best_of.setdefault(picked.source.n, place)
    runs: list[list[Picked]] = []
    for picked in sorted(chosen, key=lambda p: (best_of[p.source.n], p.order)):
        last = runs[-1][-1] if runs else None
        if last is not None and last.source.n == picked.source.n and picked.order == last.order + 1:
            runs[-1].append(picked)
        else:
            runs.append([picked])
    runs.sort(key=lambda run: (best_of[run[0].source.n], -max(p.score for p in run)))
    return [picked for run in runs for picked in run]
