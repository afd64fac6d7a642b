"""Names under which US benefit programs appear, to tell a question about two of them from one about one.

The only subject matter the engine knows. Where neither the request nor a tool names a program,
nothing here has any effect.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PROGRAMS = {
    "va": re.compile(
        r"\bva\b|veteran|\bgi bill\b|service[- ]connected|champva|healthe ?vet|ebenefits|military service",
        re.IGNORECASE,
    ),
    "medicare": re.compile(r"medicare|\bparts? [abcd]\b|medigap|\birmaa\b|extra help", re.IGNORECASE),
    "tricare": re.compile(r"tricare", re.IGNORECASE),
}
_NAME = r"(?:the )?va\b|medicare(?: advantage)?\b|medicaid\b|tricare(?: for life)?\b|champva\b|medigap\b"
_ONLY_NAME = re.compile(
    rf"^(?:(?:and|does|do|will|can|is|with|by|from|in|at|through|under)\s+)*({_NAME})\W*$", re.IGNORECASE
)
_NAMES = re.compile(rf"\b(?:{_NAME})", re.IGNORECASE)
_OF_PROGRAM = re.compile(
    rf"^(?:does|do|will|would|can|could)\s+(?:{_NAME})\s+(?:cover|pay for|pay|offer|provide|have|help with)\b",
    re.IGNORECASE,
)


def with_program_of(fragment: str, earlier: str) -> str:
    """``does Medicare cover glasses`` for the VA, when the fragment only says ``the VA``; empty for anything else."""
    only = _ONLY_NAME.match(fragment)
    named = list(_NAMES.finditer(earlier))
    if only is None or len(named) != 1 or named[0][0].lower() == only[1].lower():
        return ""
    return earlier[: named[0].start()] + only[1] + earlier[named[0].end() :]


def asked_of_program(request: str) -> str:
    """``does Medicare cover`` of ``does Medicare cover glasses?``; empty when that is not how it begins."""
    match = _OF_PROGRAM.match(request)
    return match[0] if match else ""


@lru_cache(maxsize=1024)
def named_programs(text: str) -> frozenset[str]:
    """Programs that ``text`` names or clearly means."""
    return frozenset(name for name, pattern in _PROGRAMS.items() if pattern.search(text))


def program_fit(request: str, description: str) -> float:
    """How well a description fits the programs of a request: up to 1.4, negative for a poor guess.

    Covering all named programs counts most, speaking of no others a little. A request that names
    none is unlikely to be meant for a description of several: -1/3.
    """
    asked, offered = named_programs(request), named_programs(description)
    if asked:
        shared = len(asked & offered)
        return shared / len(asked) + (0.4 * shared / len(offered) if offered else 0.0)
    return -1 / 3 if len(offered) > 1 else 0.0
