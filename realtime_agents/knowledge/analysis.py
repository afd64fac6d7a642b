"""Text analysis shared by indexing and search, the same whatever the store.

The lexical index holds `normalise`d text; a query becomes quoted terms, so nothing a person says
can reach a store's query language.
"""

from __future__ import annotations

import re
from itertools import pairwise

ANALYSIS_VERSION = "1"
"""Raise when `normalise` changes: stores rebuild their lexical index from the passages."""
MAX_TERMS = 48
"""Terms of one query; a longer question is cut, its first words carry the subject."""
MAX_PAIRS = 24
"""Pairs of words of one query: a long story has many, and each one costs a look at every place."""

STOP_WORDS = frozenset(
    """a about after all also am an and any are as at be because been before being but by can could did do does
    doesn doing don during each for from further get gets getting go got had has have having he her here him his
    how i if im in into is isnt it its ive just know like ll m may me might more most my need no nor not now of
    off on once only or other our out over own please re s same she should so some such t tell than that the their
    them then there these they this those through to too under until up us very want was we were what whats when
    where whether which while who whos whom why will with would you your dont doesnt cant im id youre theyre
    wont""".split()  # noqa: SIM905 - a list of words reads better as text
)

# Always spelled out for the lexical leg; for the embedder when no passage uses the abbreviation.
ABBREVIATIONS: dict[str, str] = {
    "coe": "certificate of eligibility",
    "cgm": "continuous glucose monitor",
    "cola": "cost-of-living adjustment",
    "dic": "dependency and indemnity compensation",
    "dme": "durable medical equipment",
    "dnr": "do not resuscitate",
    "eob": "explanation of benefits",
    "esrd": "end-stage renal disease",
    "gep": "general enrollment period",
    "iep": "initial enrollment period",
    "irf": "inpatient rehabilitation facility",
    "irmaa": "income-related monthly adjustment amount",
    "lep": "late enrollment penalty",
    "lis": "extra help low-income subsidy",
    "ltch": "long-term care hospital",
    "mapd": "medicare advantage plan with drug coverage",
    "moop": "maximum out-of-pocket",
    "msa": "medical savings account",
    "msn": "medicare summary notice",
    "msp": "medicare savings program",
    "nod": "notice of disagreement",
    "oep": "open enrollment period",
    "pdp": "medicare drug plan",
    "pffs": "private fee-for-service",
    "qmb": "qualified medicare beneficiary",
    "sah": "specially adapted housing",
    "sep": "special enrollment period",
    "sgli": "servicemembers group life insurance",
    "slmb": "specified low-income medicare beneficiary",
    "smc": "special monthly compensation",
    "snf": "skilled nursing facility",
    "snp": "special needs plan",
    "tbi": "traumatic brain injury",
    "tdiu": "individual unemployability",
    "vgli": "veterans group life insurance",
    "vre": "vocational rehabilitation and employment",
}

# Said one way, written another; the embedder knows these by itself.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "copay": ("copayment",),
    "doctor": ("physician", "provider"),
    "glasses": ("eyeglasses",),
    "hmo": ("health maintenance organization",),
    "meds": ("prescription drugs",),
    "ppo": ("preferred provider organization",),
    "ptsd": ("posttraumatic stress disorder",),
    "shot": ("vaccine", "immunization"),
    "shots": ("vaccine", "immunization"),
    "va": ("veterans affairs",),
    "vet": ("veteran",),
    "vets": ("veterans",),
}

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "\x00": " "})
_ACRONYM = re.compile(r"\b(?:[a-z]\.){2,}")
_POSSESSIVE = re.compile(r"(?<=\w)'s\b")
_INNER_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_DIGIT_GROUP = re.compile(r"(?<=\d),(?=\d{3}\b)")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
# "Part B" means nothing as two words; hyphenated words and form numbers stay together.
_TERM = re.compile(r"\b(?:part|plan|chapter|title)s? [a-z0-9]{1,2}\b|[^\W_]+(?:-[^\W_]+)*")

# 21-526ez, 10-10ez, cms-40b, dd214, 1095-b, 800-633-4227; not 2026, 30-day, post-9.
_IDENTIFIER = re.compile(r"(?:\d{1,4}-)+\d+[a-z]{0,4}|[a-z]{1,4}-?\d{2,}[a-z]{0,2}|\d{3,}-[a-z]")


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


def word_pairs(text: str) -> tuple[str, ...]:
    """Phrases of two neighbouring words, neither a stop word: ``drug plan`` tells more than ``drug`` and ``plan``.

    With them fusion gains 0.02 in hit@5 and in MRR@10, words alone 0.02 and 0.03 (benchmarks/retrieval.py).
    """
    words = _WORD.findall(normalise(text))
    pairs = (
        f"{first} {second}"
        for first, second in pairwise(words)
        if first not in STOP_WORDS and second not in STOP_WORDS
    )
    return tuple(dict.fromkeys(pairs))[:MAX_PAIRS]


def search_terms(text: str) -> tuple[str, ...]:
    """All that the lexical leg looks for: terms, what else they are called, pairs of words."""
    return tuple(dict.fromkeys((*expanded(query_terms(text)), *word_pairs(text))))


def expanded(terms: tuple[str, ...]) -> tuple[str, ...]:
    """The terms and, after them, what else they are called."""
    found = dict.fromkeys(terms)
    for term in terms:
        if term in ABBREVIATIONS:
            found[ABBREVIATIONS[term]] = None
        found |= dict.fromkeys(SYNONYMS.get(term, ()))
    return tuple(found)


def abbreviations(text: str) -> dict[str, str]:
    """Known abbreviations of a question and their meaning, unless it says the meaning itself."""
    said = normalise(text)
    return {
        term: ABBREVIATIONS[term] for term in query_terms(text) if ABBREVIATIONS.get(term, said) not in said
    }


def names_identifier(terms: tuple[str, ...]) -> bool:
    """True when a question asks for a form, code or telephone number: there words decide, not meaning."""
    return any(_IDENTIFIER.fullmatch(term) for term in terms)


def match_expression(terms: tuple[str, ...]) -> str:
    """FTS5 MATCH expression: any of the terms, each quoted. Empty when there are none."""
    return " OR ".join(f'"{term}"' for term in terms)
