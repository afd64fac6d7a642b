"""Words of a request: tokens, light stems, overlap. No meaning, no I/O."""

from __future__ import annotations

import re
from functools import lru_cache

_STOP_WORDS = """a about all also am an and any anybody anyone are as at be because been before being both but by can could
did do does doing done each either else ever every for from get gets getting give given go goes going got had happen happened happens
has have having he hello help her here hers hi him his how i if i'd i'll i'm i've in into is it it's its just
know let like looking make many may me might mine more most much must my need no not now of off ok okay on
once one only or other our out over own please really s same see she should show since so some still such sure
tell than thank thanks think that that's the their them then there these they this those through to too up us use
used using very want wants was we well were what what's when where whether which while who whom whose why will
with would yes you you're your yours"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_WORD = re.compile(r"[a-z0-9]+(?:[-'’][a-z0-9]+)*")
_LETTERED = re.compile(r"\b(parts?|plans?|tiers?|chapter|title|section)\s+([a-z]|\d{1,3})\b")
_SUFFIXES = ("ations", "ation", "ings", "ing", "ments", "ment", "ies", "ied", "ed", "es", "ly", "s")


_APOSTROPHES = {
    **{w.replace("'", ""): w for w in ("what's", "where's", "who's", "how's", "when's", "that's", "there's")},
    **{w.replace("'", ""): w for w in ("i'm", "i've", "you're", "can't", "don't", "doesn't", "didn't")},
    **{
        w.replace("'", ""): w for w in ("isn't", "aren't", "wasn't", "haven't", "hasn't", "couldn't", "won't")
    },
}
_WITHOUT_APOSTROPHE = re.compile(rf"\b(?:{'|'.join(_APOSTROPHES)})\b", re.IGNORECASE)


def with_apostrophes(text: str) -> str:
    """``whats the limit`` → ``what's the limit``: people type in haste."""
    return _WITHOUT_APOSTROPHE.sub(lambda m: m[0][0] + _APOSTROPHES[m[0].lower()][1:], text)


def words(text: str) -> list[str]:
    """Lower-case words; ``Part B`` is one word ``part-b``, because ``b`` alone says nothing."""
    lowered = text.lower().replace("’", "'")
    return _WORD.findall(_LETTERED.sub(lambda m: f"{m[1].rstrip('s')}-{m[2]}", lowered))


_SAME = {
    **dict.fromkeys(("wife", "husband", "wives", "husbands", "spouses"), "spouse"),
    **dict.fromkeys(("kid", "kids", "children", "son", "daughter"), "child"),
    **dict.fromkeys(("vet", "vets"), "veteran"),
    **dict.fromkeys(("medication", "medications", "medicine", "medicines", "meds", "drugs"), "drug"),
    **dict.fromkeys(("physician", "physicians", "doctors"), "doctor"),
    **dict.fromkeys(("eyeglasses", "spectacles"), "glasses"),
    **dict.fromkeys(("price", "prices", "fee", "fees", "costs"), "cost"),
    **dict.fromkeys(("enrolment", "enrollment", "enroll", "enrol", "enrolled"), "enrol"),
}
"""Words that people and pages use for the same thing."""


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A crude stem that makes singular and plural, ``enroll`` and ``enrollment`` meet."""
    word = _SAME.get(word, word)
    if "-" in word or any(c.isdigit() for c in word):
        return word
    word = word.removesuffix("'s")
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            base = word[: -len(suffix)]
            if suffix in ("ed", "ing") and len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz":
                base = base[:-1]
            return base + "y" if suffix in ("ies", "ied") else base.rstrip("e")
    return word.rstrip("e") if len(word) > 3 else word


def content_words(text: str) -> list[str]:
    """Words that carry a topic, in order, without repeats."""
    return list(dict.fromkeys(w for w in words(text) if w not in STOP_WORDS))


@lru_cache(maxsize=2048)
def stems(text: str) -> frozenset[str]:
    """Stems of the content words."""
    return frozenset(stem(w) for w in words(text) if w not in STOP_WORDS)


def overlap(request: str, text: str) -> float:
    """Share of the request's content stems that occur in ``text``, 0 to 1."""
    asked = stems(request)
    return len(asked & stems(text)) / len(asked) if asked else 0.0


def spoken_name(identifier: str) -> str:
    """``transfer_to_order_desk`` → ``transfer to order desk``; camelCase is split too."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", identifier)
    return re.sub(r"[_\-\s]+", " ", split).strip().lower()


def clip_words(text: str, limit: int) -> str:
    """At most ``limit`` words, without dangling punctuation."""
    parts = text.split()
    return " ".join(parts[:limit]).rstrip(" ,;:–-")
