"""Which tool, if any, serves a request: meaning, shared words, and what can be filled in.

Floors and margins were calibrated with 349 benefit questions and 40 unrelated ones; the tests
repeat the measurement.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from realtime_agents.engine.dialogue.fill import QUERY_NAMES
from realtime_agents.engine.dialogue.programs import program_fit
from realtime_agents.engine.dialogue.reason import reason_for
from realtime_agents.engine.dialogue.semantics import Semantics
from realtime_agents.engine.dialogue.text import content_words, overlap, spoken_name, words
from realtime_agents.engine.dialogue.view import HANDOFF_PREFIX, Prompt, ToolSpec

DOMAIN_FLOOR = 0.45
"""Relevance below which a request is not about what this session is for, with a few short texts to compare."""
DOMAIN_FLOOR_PER_DOUBLING = 0.02
DOMAIN_FLOOR_MAX = 0.51
"""The best of many texts is higher by chance: from 4 texts on, each doubling raises the floor."""
SEARCH_ONLY_FLOOR = 0.36
"""The same for a search tool in a session that does not say what it is about."""
TOOL_FLOOR = 0.5
"""Relevance a special tool needs to be called."""
TOOL_MARGIN = 0.02
"""A special tool must beat search by this, and by `ASK_MARGIN` before a question is asked for it."""
ASK_MARGIN = 0.1
HANDOFF_MARGIN = 0.07
HANDOFF_MARGIN_EMPTY_HANDED = 0.03
"""The same after the agent's own search found nothing: one that fits a little better may know."""
OVERLAP_WEIGHT = 0.1
PROGRAM_WEIGHT = 0.15

MAX_SEGMENTS = 24
MAX_TEXTS = 160
"""Texts of a session that requests are compared with; embedding one takes 5 to 20 ms, once."""

_SEARCH_NAME = re.compile(
    r"search|knowledge|retriev|\bfaq\b|\bdocs?\b|documents|passages|\bask\b|wiki", re.IGNORECASE
)
_VALUE_WORDS = re.compile(
    r"\b(?:exact|dated|figures?|amounts?|values?|facts?|premiums?|deductibles?|limits?|rates?|deadlines?|numbers?|forms?)\b",
    re.IGNORECASE,
)
_VALUE_REQUEST = re.compile(
    r"\bhow (?:much|many|long|old|soon|late|far|often)\b|\b(?:when|what (?:day|date|age|time|percentage?|form|number|address))\b"
    r"|\b(?:amount|premium|deductible|copay\w*|coinsurance|co-?payment|cost|price|fee|rate|limit|cap|maximum|minimum|threshold"
    r"|deadline|due date|penalty|phone|telephone|tty|hotline|number|form|percent|percentage|rating|cola|allowance|website|address)s?\b"
    r"|[$%]|\bpay\b|\bwhat does\b.*\bpay\b",
    re.IGNORECASE,
)
_KNOWS_YES_NO = re.compile(r"\byes (?:or|and|/) ?no\b", re.IGNORECASE)
_YES_NO_REQUEST = re.compile(
    r"(?:^|[,;.]\s+)(?:do|does|did|can|could|is|are|am|will|would|should|must|may|has|have)\b", re.IGNORECASE
)
_IN_GENERAL = re.compile(
    r"^(?:what(?:'s|’s| is| are| does)|how (?:does|do|is|are)|why|explain|tell me about|who|when)\b",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:i|i'm|i've|my|mine|me|our|we|us)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"\b(?:and|also|plus)\b|[;?]\s", re.IGNORECASE)
_TRANSFER_WISH = re.compile(
    r"\b(?:transfer|switch|hand|pass|connect|put)\b.{0,20}\b(?:to|through|over)\b"
    r"|(?<!\byou )\b(?:talk|speak) (?:to|with)\b(?! (?:an? |some )?(?:\w+ )?(?:person|human|being|somebody|someone|people|operator)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A tool with its relevance to a request."""

    tool: ToolSpec
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """Hand over to ``tool``, and why, in plain words."""

    tool: ToolSpec
    reason: str


def is_search(tool: ToolSpec) -> bool:
    """A tool that searches texts with a free query."""
    queries = [n for n in tool.properties if n.lower() in QUERY_NAMES]
    only_query = set(tool.required) <= set(queries)
    return bool(queries) and only_query and _SEARCH_NAME.search(spoken_name(tool.name)) is not None


def is_exact_value(tool: ToolSpec) -> bool:
    """A tool that looks up single values: its text names several kinds of them."""
    return not is_search(tool) and len({m.lower().rstrip("s") for m in _VALUE_WORDS.findall(tool.text)}) >= 3


def asks_for_value(request: str, tool: ToolSpec) -> bool:
    """An amount, a date, a number, a form; a yes or no too, where the tool says that it knows such."""
    yes_no = (
        _KNOWS_YES_NO.search(tool.description) is not None and _YES_NO_REQUEST.search(request) is not None
    )
    return yes_no or _VALUE_REQUEST.search(request) is not None


def asks_in_general(request: str) -> bool:
    """Asks what something is or how it works, not for a case of one's own: no reason to ask for details."""
    return _IN_GENERAL.match(request) is not None and not _OWN.search(request)


@lru_cache(maxsize=512)
def segments(description: str) -> tuple[str, ...]:
    """A description whole, and in clauses that each keep its heading: long lists blur as one vector."""
    head = re.split(r"[:;.]", description, maxsplit=1)[0].strip()
    heading = head if 0 < len(head.split()) <= 12 and ":" in description else ""
    clauses = [c.strip() for c in re.split(r"[;.]\s", description) if len(c.split()) > 2]
    named = [c if not heading or c.startswith(heading) else f"{heading}: {c}" for c in clauses]
    return tuple(dict.fromkeys([description, *named]))[:MAX_SEGMENTS]


def fit(request: str, description: str, semantics: Semantics) -> float:
    """How well a description covers a request: meaning of the whole and of the best clause, words, programs."""
    parts = segments(description)
    meaning = 0.5 * semantics.similarity(request, parts[0]) + 0.5 * semantics.best(request, parts)
    return (
        meaning
        + OVERLAP_WEIGHT * overlap(request, description)
        + PROGRAM_WEIGHT * program_fit(request, description)
    )


def in_domain(request: str, prompt: Prompt, tools: Sequence[ToolSpec], semantics: Semantics) -> bool:
    """True when the request is about something this session is for."""
    own = _own_texts(prompt, tools)
    raw = semantics.best(request, own)
    shared = max((overlap(request, text) for text in own), default=0.0)
    if not prompt.has_scope_line and any(map(is_search, tools)):
        floor = SEARCH_ONLY_FLOOR
    else:
        floor = DOMAIN_FLOOR + DOMAIN_FLOOR_PER_DOUBLING * max(0.0, math.log2(max(len(own), 1) / 4))
    score = semantics.relevance(request, raw, own) + OVERLAP_WEIGHT * shared
    return score >= min(floor, DOMAIN_FLOOR_MAX)


def texts_of(prompt: Prompt, tools: Sequence[ToolSpec]) -> list[str]:
    """Every text a request will be compared with: embed them ahead of the first question."""
    routed = [tool.description for tool in tools if tool.is_handoff]
    return [
        *_own_texts(prompt, tools),
        *(part for text in (prompt.scope, *routed) for part in segments(text)),
    ]


def _own_texts(prompt: Prompt, tools: Sequence[ToolSpec]) -> list[str]:
    scope = segments(prompt.scope) if prompt.has_scope_line else (prompt.scope,)
    parts = [*scope, *(p for t in tools if t.is_handoff for p in segments(t.description))]
    parts += [tool.text for tool in tools if not tool.is_handoff]
    return [part for part in parts if part][:MAX_TEXTS]


def score_tools(
    request: str, prompt: Prompt, tools: Sequence[ToolSpec], semantics: Semantics
) -> list[Scored]:
    """The tools that are not handoffs, best first."""
    candidates = [tool for tool in tools if not tool.is_handoff]
    own = [tool.text for tool in candidates]
    scored = []
    for tool in candidates:
        raw = semantics.similarity(request, tool.text)
        score = semantics.relevance(request, raw, own) + OVERLAP_WEIGHT * overlap(request, tool.text)
        scored.append(Scored(tool=tool, score=score))
    return sorted(scored, key=lambda s: (-s.score, s.tool.name))


def choose_handoff(
    request: str,
    prompt: Prompt,
    tools: Sequence[ToolSpec],
    semantics: Semantics,
    margin: float = HANDOFF_MARGIN,
) -> Handoff | None:
    """The other agent that fits clearly better, if any. A greeter hands over whatever is in domain."""
    targets = [tool for tool in tools if tool.is_handoff]
    if not targets:
        return None
    if wished := _wished_target(request, targets):
        return Handoff(tool=wished, reason="asked to be put through")
    if not in_domain(request, prompt, tools, semantics):
        return None
    scored = sorted(
        ((fit(request, t.description, semantics), t) for t in targets), key=lambda s: (-s[0], s[1].name)
    )
    best, target = scored[0]
    greeter = len(targets) == len(tools)
    if greeter or best - fit(request, prompt.scope, semantics) >= margin:
        return Handoff(tool=target, reason=reason_for(request))
    return None


def best_handoff(
    request: str, tools: Sequence[ToolSpec], semantics: Semantics, reason: str
) -> Handoff | None:
    """The agent that fits best, whatever the request is about."""
    targets = [tool for tool in tools if tool.is_handoff]
    best = max(targets, key=lambda t: fit(request, t.description, semantics), default=None)
    return Handoff(tool=best, reason=reason) if best else None


def wishes_transfer(request: str) -> bool:
    """True when the person asks for another agent rather than for a fact."""
    return _TRANSFER_WISH.search(request) is not None


def asks_for_this_agent(request: str, title: str) -> bool:
    """True when the person wants to be put through to the agent that is already speaking."""
    return wishes_transfer(request) and bool(title) and set(words(title)) <= set(words(request))


def clauses_of(request: str) -> list[str]:
    """The parts of a request that may each be a request of their own."""
    parts = [p.strip(" ,.?") for p in _CLAUSE.split(request)]
    return [p for p in parts if content_words(p)]


def _wished_target(request: str, targets: Sequence[ToolSpec]) -> ToolSpec | None:
    if not wishes_transfer(request):
        return None
    said = set(words(request))
    named = [t for t in targets if set(words(spoken_name(t.name.removeprefix(HANDOFF_PREFIX)))) <= said]
    return named[0] if len(named) == 1 else None
