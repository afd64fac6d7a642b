"""Makes a request self-contained: ``and in 2025?`` after a question about a premium.

Rules, in this order: a value takes the place of the earlier one of its kind (a year for a year, a
part for a part, a state for a state); what is left of a fragment replaces the noun it shares a
word with, else is added; a question that only points back gets the earlier topic in parentheses.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from realtime_agents.engine.dialogue.intent import Intent, classify, is_yes, strip_lead
from realtime_agents.engine.dialogue.programs import asked_of_program, named_programs, with_program_of
from realtime_agents.engine.dialogue.slots import RELATIVE_YEAR, STATE_NAMES, find_states, find_year
from realtime_agents.engine.dialogue.text import STOP_WORDS, content_words, stem, words
from realtime_agents.engine.dialogue.view import Exchange

ASK_OPENING = "To look that up I need "
"""Every question for a missing value begins like this, so that the next turn is read as its answer."""

_CONNECTIVE = re.compile(
    r"^(?:(?:and|or|but|also|then|what about|how about|what if it'?s|(?:the )?same for"
    r"|one(?=\s+(?:at|in|for|with|from|near)\b))\b[\s,]*)+",
    re.IGNORECASE,
)
_POINTER = re.compile(
    r"\b(?:it|its|that|this|those|these|them|they|ones|(?<!is )(?<!are )there|same|he|she|him|her|his)\b"
    r"|\bone\b(?=\W*$|\s+(?:is|are|was|do|does|should|would|can|will|pays?|for|at|in|from|with|of)\b)",
    re.IGNORECASE,
)
_WHAT_IF = re.compile(r"^what if\b", re.IGNORECASE)
_QUESTION = re.compile(
    r"^(?:who|what|what's|when|where|which|why|how|can|could|do|does|did|is|are|am|will|would|should|may|must|has|have)\b",
    re.IGNORECASE,
)
_DEFINITION = re.compile(r"^(?:what|who)(?:'s|’s| is| are)\b(?!.*\b(?:about|for|of|with)$)", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"^(?:in|for|with|without|if|at|under|on|near|after|before|since|until|per|from)\b", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_TOLD_FIRST = re.compile(
    r"^(?:i|we|my|our)\b[^?]*?[,.;]\s+(?=(?:can|could|do|should|must|may|will)\s+(?:i|we)\b)", re.IGNORECASE
)
"""What somebody says about themselves before they ask: ``I'm still working, can I wait?``"""
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")
_SWAPS: tuple[re.Pattern[str], ...] = (
    _YEAR,
    re.compile(r"\bparts? [a-d]\b", re.IGNORECASE),
    re.compile(r"\bplan [a-n]\b", re.IGNORECASE),
    re.compile(r"\b\d{5}\b"),
    re.compile(r"\b\d{1,3} ?(?:%|percent)", re.IGNORECASE),
    re.compile(r"\$ ?\d[\d,.]*\d"),
)
_QUALIFIERS = (_YEAR, _SWAPS[1], _SWAPS[2])
_OFFER = re.compile(r"I can (?:tell|give) you [^.?!]*\b((?:19|20)\d{2})\b")
_NEXT_QUESTION = re.compile(
    r"\?\s+(?=\S)|,?\s+(?:and|also)\s+(?=(?:what|what's|how|when|where|who|which|why|do|does|can|is|are|will|should)\b)",
    re.IGNORECASE,
)
MAX_QUESTIONS = 2
"""Questions of one message that are looked up apart."""
_SHORT_ANSWER_WORDS = 6
_POINTER_MAX_CONTENT = 3
_FRAGMENT_MAX_CONTENT = 3
_GOES_ON_MAX_CONTENT = 4
_TOPIC_WORDS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A request with its context put in."""

    text: str
    """Self-contained wording, for search and tool choice."""
    current: str
    """What was just said, without courtesies: fills parameters first."""
    asked_for: str = ""
    """The label of the value that was asked for and is being answered; usually empty."""
    answers: bool = False
    """True when the person answers a question of ours instead of asking one."""
    instead: str = ""
    """The same request about an earlier subject: worth a search when ``text`` finds nothing."""


def resolve(exchanges: Sequence[Exchange], today: date | None = None) -> Resolved:
    """The last request in the light of the ones before."""
    resolved = Resolved(text="", current="")
    before: Exchange | None = None
    subjects: list[str] = []
    for exchange in exchanges:
        said = strip_lead(exchange.request)
        if before is not None and resolved.text and _was_asked(before) and _answers(said):
            label = before.reply.partition(ASK_OPENING)[2].split(".", 1)[0]
            text = f"{_bare(resolved.text)} ({_bare(said)})"
            resolved = Resolved(text=text, current=said, asked_for=label, answers=True)
        elif before is not None and (offered := _OFFER.search(before.reply)) and _accepts(said):
            resolved = Resolved(text=_merge(resolved.text, offered[1], today), current=said, answers=True)
        elif classify(exchange.request) is Intent.REQUEST:
            text = _combine(resolved.text, said, today)
            older = subjects[-2] if len(subjects) > 1 else ""
            instead = _combine(older, said, today) if older and text != said else ""
            if text == said and resolved.text and _may_go_on(said):
                instead = f"{_bare(said)} ({topic(resolved.text)})?"
            resolved = Resolved(text=text, current=said, instead=instead)
            if text == said:
                subjects.append(text)
        else:
            resolved = Resolved(text=resolved.text, current=said)
        before = exchange
    return resolved


def questions_in(request: str) -> list[str]:
    """The questions of a message, each self-contained; the message itself when it is one."""
    pieces = [_CONNECTIVE.sub("", p.strip()) for p in _NEXT_QUESTION.split(request) if words(p)]
    if not 1 < len(pieces) <= MAX_QUESTIONS or not all(_QUESTION.match(p) for p in pieces):
        return [request]
    return [pieces[0], *(_combine(before, piece, None) for before, piece in itertools.pairwise(pieces))]


def _accepts(said: str) -> bool:
    return len(words(said)) <= _SHORT_ANSWER_WORDS and (
        is_yes(said) is True or classify(said) is Intent.ACKNOWLEDGE
    )


def _was_asked(exchange: Exchange) -> bool:
    """True when the exchange ended with our question, ours or a tool's, for a missing value."""
    return ASK_OPENING in exchange.reply or bool(exchange.tools_in_need)


def topic(request: str) -> str:
    """The request without its question words at the front: what it is about. Of several sentences, the last question."""
    asked = [piece for piece in _SENTENCE_END.split(request) if _QUESTION.match(strip_lead(piece))]
    parts = _bare(asked[-1] if asked else request).split()
    while parts and all(w in STOP_WORDS for w in words(parts[0])):
        parts.pop(0)
    return " ".join(parts[:_TOPIC_WORDS]) or _bare(request)


def _answers(said: str) -> bool:
    return is_yes(said) is not None or len(words(said)) <= _SHORT_ANSWER_WORDS or not _QUESTION.match(said)


def _combine(earlier: str, said: str, today: date | None) -> str:
    if not earlier:
        return said
    fragment = _CONNECTIVE.sub("", said).strip()
    opened = fragment != said
    if not fragment:
        return earlier
    content = content_words(fragment)
    if elsewhere := with_program_of(fragment, earlier):
        return elsewhere
    if _QUESTION.match(fragment):
        points_back = len(content) <= _POINTER_MAX_CONTENT and (
            _POINTER.search(fragment)
            or ((opened or _WHAT_IF.match(fragment)) and not _names_a_subject(fragment))
        )
        bare = (
            len(content) <= 1
            and not (content and _DEFINITION.match(fragment))
            and (opened or not _names_a_subject(fragment))
        )
        return f"{_bare(fragment)} ({topic(earlier)})?" if points_back or bare else fragment
    if len(content) <= _POINTER_MAX_CONTENT and _TOLD_FIRST.match(said) and not _names_a_subject(said):
        return f"{_bare(said)} ({topic(earlier)})?"
    short = len(content) <= _FRAGMENT_MAX_CONTENT
    if opened or (short and (_PREPOSITION.match(fragment) or _is_bare_value(fragment))):
        return _merge(earlier, fragment, today)
    return said


def _may_go_on(said: str) -> bool:
    """True for a short question that may be about what was spoken of before: ``what's the income limit``."""
    return len(content_words(said)) <= _GOES_ON_MAX_CONTENT and not _names_a_subject(said)


def _names_a_subject(said: str) -> bool:
    """True when it says itself what it is about, so that nothing is lacking."""
    return bool(named_programs(said)) or _without_values(said) != said


def _is_bare_value(said: str) -> bool:
    return not content_words(_without_values(said)) or bool(RELATIVE_YEAR.search(said))


def _without_values(said: str) -> str:
    for pattern in _SWAPS:
        said = pattern.sub(" ", said)
    return said


def _merge(earlier: str, fragment: str, today: date | None) -> str:
    relative = RELATIVE_YEAR.search(fragment)
    year = find_year(fragment, today) if relative else None
    if relative and year:
        fragment = fragment[: relative.start()] + str(year) + fragment[relative.end() :]
        if not _YEAR.search(earlier):
            earlier = RELATIVE_YEAR.sub(f"in {year}", earlier)
    rest = fragment
    for pattern in _SWAPS:
        new, old = pattern.search(rest), pattern.search(earlier)
        if new is None or not (old or pattern is _YEAR):
            continue
        rest = rest[: new.start()] + rest[new.end() :]
        earlier = pattern.sub(new[0], earlier, count=1) if old else f"{_bare(earlier)} in {new[0]}?"
    new_states, old_states = find_states(rest), find_states(earlier)
    if new_states and old_states:
        name = STATE_NAMES[new_states[0].code]
        rest = rest[: new_states[0].start] + rest[new_states[0].end :]
        earlier = earlier[: old_states[0].start] + name + earlier[old_states[0].end :]
    return _add(earlier, _bare(rest)) if content_words(rest) else earlier


def _add(earlier: str, fragment: str) -> str:
    if _PREPOSITION.match(fragment):
        return f"{_without_same_phrase(earlier, fragment)} {fragment}?"
    content = content_words(fragment)
    replaced = _replace_shared_noun(earlier, fragment)
    if replaced or len(content) >= _FRAGMENT_MAX_CONTENT:
        return replaced or fragment
    if asked := asked_of_program(earlier):
        return f"{asked} {fragment}?"
    frame = _bare(earlier).split()
    lead = [w for i, w in enumerate(frame) if all(x in STOP_WORDS for v in frame[: i + 1] for x in words(v))]
    kept = [
        m[0] for pattern in _QUALIFIERS if (m := pattern.search(earlier)) and not pattern.search(fragment)
    ]
    bare = re.sub(r"^(?:the|a|an)\s+", "", fragment, flags=re.IGNORECASE) if lead else fragment
    return " ".join([*lead, bare]) + (f" ({', '.join(kept)})?" if kept else "?")


def _without_same_phrase(earlier: str, fragment: str) -> str:
    """``weather in Paris`` loses ``in Paris`` when the fragment is ``in London``."""
    bare = _bare(earlier)
    last = bare.lower().rfind(f" {words(fragment)[0]} ")
    tail = bare[last:].split()
    return bare[:last] if last > 0 and len(tail) <= _FRAGMENT_MAX_CONTENT + 1 else bare


def _replace_shared_noun(earlier: str, fragment: str) -> str | None:
    """``general enrollment`` into ``how long is the initial enrollment period``."""
    tail = fragment.split()
    shared = stem("".join(words(tail[-1])))
    parts = earlier.split()
    for i, part in enumerate(parts):
        if stem("".join(words(part))) != shared:
            continue
        start = i
        while (
            start > 0
            and i - start < len(tail)
            and not parts[start].startswith("(")
            and not any(w in STOP_WORDS for w in words(parts[start - 1]))
        ):
            start -= 1
        tail[0] = "(" * parts[start].startswith("(") + tail[0]
        mark = part[len(part.rstrip(").,?!")) :]
        return " ".join([*parts[:start], *tail]) + mark + " ".join(["", *parts[i + 1 :]])
    return None


def _bare(text: str) -> str:
    return text.strip().rstrip("?.! ").strip()
