"""Text analysis shared by indexing and search, the same whatever the store.

The lexical index holds `normalise`d text; a query becomes quoted terms, so nothing a person says
can reach a store's query language.
"""

from __future__ import annotations

import re

ANALYSIS_VERSION = "1"
"""Raise when `normalise` changes: stores rebuild their lexical index from the passages."""
MAX_TERMS = 48
"""Terms of one query; a longer question is cut, its first words carry the subject."""

STOP_WORDS = frozenset(
    """a about after all also am an and any are as at be because been before being but by can could did do does
    doesn doing don during each for from further get gets getting go got had has have having he her here him his
    how i if im in into is isnt it its ive just know like ll m may me might more most my need no nor not now of
    off on once only or other our out over own please re s same she should so some such t tell than that the their
    them then there these they this those through to too under until up us very want was we were what whats when
    where whether which while who whos whom why will with would you your dont doesnt cant im id youre theyre
    wont""".split()  # noqa: SIM905 - a list of words reads better as text
)

# Said one way, written another. Keys and values are normalised; values are added beside the key.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "va": ("veterans affairs",),
    "vet": ("veteran",),
    "vets": ("veterans",),
    "snf": ("skilled nursing facility",),
    "dme": ("durable medical equipment",),
    "esrd": ("end-stage renal disease", "kidney failure"),
    "irmaa": ("income-related monthly adjustment",),
    "msp": ("medicare savings program",),
    "lis": ("extra help",),
    "hmo": ("health maintenance organization",),
    "ppo": ("preferred provider organization",),
    "pffs": ("private fee-for-service",),
    "oep": ("open enrollment",),
    "sep": ("special enrollment period",),
    "cgm": ("continuous glucose monitor",),
    "tms": ("transcranial magnetic stimulation",),
    "ptsd": ("posttraumatic stress disorder",),
    "tbi": ("traumatic brain injury",),
    "dic": ("dependency and indemnity compensation",),
    "tdiu": ("individual unemployability",),
    "coe": ("certificate of eligibility",),
    "shots": ("vaccine", "immunization"),
    "shot": ("vaccine", "immunization"),
    "glasses": ("eyeglasses",),
    "meds": ("prescription drugs",),
    "doctor": ("physician", "provider"),
    "copay": ("copayment",),
}

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "\x00": " "})
_ACRONYM = re.compile(r"\b(?:[a-z]\.){2,}")
_POSSESSIVE = re.compile(r"(?<=\w)'s\b")
_INNER_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_DIGIT_GROUP = re.compile(r"(?<=\d),(?=\d{3}\b)")
# "Part B" means nothing as two words; hyphenated words and form numbers stay together.
_TERM = re.compile(r"\b(?:part|plan|chapter|title)s? [a-z0-9]{1,2}\b|[^\W_]+(?:-[^\W_]+)*")


def normalise(text: str) -> str:
    """Lower case, ``U.S.`` → ``us``, ``veteran's`` → ``veteran``, ``don't`` → ``dont``, ``1,736`` → ``1736``."""
    folded = text.lower().translate(_APOSTROPHES)
    folded = _ACRONYM.sub(lambda match: match.group().replace(".", ""), folded)
    folded = _POSSESSIVE.sub("", folded)
    folded = _INNER_APOSTROPHE.sub("", folded)
    return _DIGIT_GROUP.sub("", folded)


def query_terms(text: str) -> tuple[str, ...]:
    """Distinct terms of a question in order, without stop words; a term may be a short phrase."""
    terms = dict.fromkeys(t for t in _TERM.findall(normalise(text)) if t not in STOP_WORDS)
    return tuple(terms)[:MAX_TERMS]


def expanded(terms: tuple[str, ...]) -> tuple[str, ...]:
    """The terms and, after them, what else they are called."""
    return tuple(dict.fromkeys([*terms, *(other for term in terms for other in SYNONYMS.get(term, ()))]))


def match_expression(terms: tuple[str, ...]) -> str:
    """FTS5 MATCH expression: any of the terms, each quoted. Empty when there are none."""
    return " OR ".join(f'"{term}"' for term in terms)
