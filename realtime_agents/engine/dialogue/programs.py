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
