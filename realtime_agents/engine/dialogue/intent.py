"""What kind of thing the person said, by form alone: greeting, thanks, …, or a request."""

from __future__ import annotations

import re
from enum import StrEnum

from realtime_agents.engine.dialogue.text import STOP_WORDS, words


class Intent(StrEnum):
    """How to treat a user message."""

    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    IDENTITY = "identity"
    HELP = "help"
    REPEAT = "repeat"
    ACKNOWLEDGE = "acknowledge"
    STOP = "stop"
    UNCLEAR = "unclear"
    REQUEST = "request"


_GREETING = r"(?:hi|hiya|hello|hey|howdy|greetings|good (?:morning|afternoon|evening|day))(?: there| everyone| again)?"
_THANKS = r"(?:thanks|thank you|thx|many thanks|much appreciated)(?: (?:a lot|so much|very much|again|for .{1,40}))?"
_PARTING = (
    r"(?:bye[- ]?bye|bye|good[- ]?bye|see you(?: later)?|good night|take care|have a (?:nice|good|great) (?:day|one|evening)"
    r"|that's all|that is all|that(?: will|'ll) be all|nothing else)(?: for (?:now|today))?(?: then| now)?"
)
_HUSH = (
    r"stop(?: (?:it|that|there|talking|speaking|now))?|wait(?: a (?:second|minute|moment|bit))?|hold on(?: a (?:second|minute|moment))?"
    r"|hang on|one (?:second|moment)|be quiet|quiet|shush|shut up|enough|that's enough|never ?mind|forget it|cancel(?: that| it)?"
)
_LEAD = re.compile(
    rf"^\s*(?:(?:{_GREETING}|thanks(?: a lot| so much)?|thank you(?: very much| so much)?|ok(?:ay)?|alright|well|so|um+|uh+|please)\b[\s,.!;:–-]*)+",
    re.IGNORECASE,
)
_FORMS: tuple[tuple[Intent, re.Pattern[str]], ...] = tuple(
    (intent, re.compile(rf"^\W*(?:{pattern})\W*$", re.IGNORECASE))
    for intent, pattern in (
        (
            Intent.GREETING,
            rf"{_GREETING}|how are you(?: doing)?(?: today)?|{_GREETING}\W+how are you(?: doing)?(?: today)?",
        ),
        (
            Intent.GOODBYE,
            rf"(?:(?:ok(?:ay)?|al+ ?right|well|great|perfect|no|{_THANKS})\W+)*{_PARTING}(?:\W+(?:{_PARTING}|{_THANKS}))*",
        ),
        (
            Intent.THANKS,
            r"(?:(?:ok(?:ay)?|al+ ?right|well|great|perfect|got it|no|that's all|that is all)\W+)*"
            rf"{_THANKS}(?:\W+that(?:'s| was| is) .{{1,30}})?",
        ),
        (
            Intent.IDENTITY,
            r"(?:and )?(?:who|what) are you(?: exactly)?|(?:so )?(?:are you|am i (?:talking|speaking) (?:to|with)) (?:an? )?(?:real |human|person|robot|bot|ai|machine|computer|large language model|llm|chatgpt|gpt).{0,30}|what(?:'s| is) your name|which model are you|introduce yourself|tell me about yourself",
        ),
        (
            Intent.HELP,
            r"help|help me|i need (?:some )?help|can you help(?: me)?|how can you help(?: me)?|what (?:can|do) you (?:do|know|cover|help with)(?: for me)?|what (?:can|should|do) i ask(?: you)?(?: about)?|what are my options|how does this work|menu",
        ),
        (
            Intent.REPEAT,
            r"(?:sorry\W+|please\W+)?(?:(?:can|could|would) you (?:please )?)?(?:repeat(?: that| it| yourself)?|say (?:that|it) again|come again|once more|one more time)(?: please)?|pardon(?: me)?|what did you (?:just )?say|i (?:didn't|did not) (?:hear|catch|get) (?:that|you)",
        ),
        (
            Intent.ACKNOWLEDGE,
            r"ok(?:ay)?|alright|all right|great|good|perfect|cool|got it|i see|understood|fine|sure|nice|wonderful|makes sense",
        ),
        (
            Intent.STOP,
            rf"(?:(?:ok(?:ay)?|no|please|{_HUSH})\W+)*(?:{_HUSH})(?:\W+(?:please|thanks|thank you))*",
        ),
    )
)
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)


def classify(text: str) -> Intent:
    """Intent of a user message on its own, without its context."""
    for intent, form in _FORMS:
        if form.match(text):
            return intent
    return Intent.UNCLEAR if _is_unclear(text) else Intent.REQUEST


def strip_lead(text: str) -> str:
    """The message without opening courtesies: ``Hi there, how much is it?`` → ``how much is it?``."""
    stripped = _LEAD.sub("", text).strip()
    return stripped or text.strip()


def is_yes(text: str) -> bool | None:
    """True for yes, False for no, ``None`` for anything else."""
    first = words(text)[:1]
    if first and first[0] in {"yes", "yeah", "yep", "yup", "correct", "right", "sure", "true"}:
        return True
    if first and first[0] in {"no", "nope", "nah", "not", "false"}:
        return False
    return None


def _is_unclear(text: str) -> bool:
    found = words(text)
    if not found:
        return True
    if any(c.isdigit() for c in text) or any(w in STOP_WORDS for w in found):
        return False
    # Letters without a vowel are no words; short ones may be abbreviations (IRMAA, VA, SNF, RX).
    return all(len(w) > 5 and not _VOWEL.search(w) for w in found) or len(set(text.lower())) <= 2 < len(text)
