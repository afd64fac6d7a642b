"""Things people say that are not questions: facts about themselves, and the first half of what they want to say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from realtime_agents.engine.dialogue.intent import Intent, classify, strip_lead
from realtime_agents.engine.dialogue.text import words
from realtime_agents.engine.dialogue.view import Exchange

HEARD_TOO_LITTLE_WORDS = 6
"""A reply that was cut before this many words was talked over, not answered."""

_ASKS = re.compile(
    r"^(?:who|what|what's|when|where|which|why|how|can|could|do|does|did|is|are|am|will|would|should|may|must|has|have"
    r"|tell|explain|show|give|find|look|help|compare|list|describe|please|i need|i want|i'd like|i would like)\b",
    re.IGNORECASE,
)
_ABOUT_ONESELF = re.compile(
    r"^(?:i'm|i am|i've|i have|i had|i was|i got|i get|i work|i live|i turn|i turned|i retired?|i served|i still|i just"
    r"|i already|i currently|my|we|we're|we are|our)\b",
    re.IGNORECASE,
)
_WANTS = re.compile(
    r"\b(?:need|want|like to|looking|wondering|wonder|question|lost|forgot|can't|cannot|didn't|don't|trouble|problem|denied)\b",
    re.IGNORECASE,
)
_ASKS_INSIDE = re.compile(
    r"\b(?:can|could|do|does|did|will|would|should|may|must|is|are|am) (?:i|we|she|he|they|you|it)\b"
    r"|[,;.]\s+(?:can|could|do|does|did|will|would|should|is|are|what|how|when|where|which|who)\b"
    r"|\b(?:what|how|when|where|which|who) (?:can|could|do|does|did|will|would|should|is|are|am|now|much|many|long|about|happens)\b",
    re.IGNORECASE,
)


def is_statement(said: str) -> bool:
    """True for what tells about the person and asks nothing: ``I'm turning 65 in March and I still work.``"""
    bare = strip_lead(said).replace("’", "'")
    asks = "?" in bare or _WANTS.search(bare) or _ASKS_INSIDE.search(bare)
    return bool(_ABOUT_ONESELF.match(bare)) and not asks


def join_continued(exchanges: Sequence[Exchange]) -> tuple[Exchange, ...]:
    """Exchanges in which a message that was cut in two by a pause is one again.

    A pause ends a spoken turn. When the person goes on before anything of the answer was heard,
    both halves are one message; a whole question stays one of its own.
    """
    joined: list[Exchange] = []
    for exchange in exchanges:
        if joined and _goes_on(joined[-1], exchange):
            first = joined.pop().request
            same = words(first) == words(exchange.request)
            exchange = replace(exchange, request=exchange.request if same else f"{first} {exchange.request}")
        joined.append(exchange)
    return tuple(joined)


def _goes_on(before: Exchange, after: Exchange) -> bool:
    heard_little = len(before.reply.split()) < HEARD_TOO_LITTLE_WORDS
    both_requests = classify(before.request) is classify(after.request) is Intent.REQUEST
    bare = strip_lead(before.request)
    return heard_little and both_requests and "?" not in bare and not _ASKS.match(bare)
