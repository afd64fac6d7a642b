"""What a site's robots.txt allows (RFC 9309), and how long it wants a visitor to wait. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

PRODUCT = "RealtimeAgents"
"""The name by which a robots.txt can address this program."""
MAX_BYTES = 500 * 1024
"""As the RFC asks; what is longer is read up to here."""
MAX_DELAY_S = 3_600.0
_MAX_RULES = 5_000
_MAX_PATTERN_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class _Rule:
    allow: bool
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """The rules of one site for this program."""

    rules: tuple[_Rule, ...] = ()
    delay_s: float = 0.0
    """Crawl-delay, at most an hour; 0 when the site names none."""
    problem: str = ""
    """Why nothing may be read: the site did not give its rules. Empty when they are known."""

    def allows(self, target: str) -> bool:
        """Whether the path (with its query) may be fetched. The longest rule wins, allow before disallow."""
        if self.problem:
            return False
        path = _normal(target)
        best = max(
            ((len(rule.pattern), rule.allow) for rule in self.rules if _matches(rule.pattern, path)),
            default=(0, True),
        )
        return best[1]


def parse_robots(data: bytes, product: str = PRODUCT) -> Robots:
    """Rules for ``product``; those for ``*`` when none name it. What cannot be read is passed over."""
    ours: list[_Rule] = []
    others: list[_Rule] = []
    delays: dict[str, float] = {}
    named = False
    agents: list[str] = []
    in_rules = False
    for key, value in _lines(data):
        if key == "user-agent":
            if in_rules:
                agents, in_rules = [], False
            agents.append(_product(value))
            named = named or agents[-1] == product.lower()
            continue
        if key not in {"allow", "disallow", "crawl-delay"}:
            continue  # a line of another kind, such as a sitemap's, ends no group
        in_rules = True
        wanted = [name for name in agents if name in (product.lower(), "*")]
        for name in wanted:
            rules = others if name == "*" else ours
            if key == "crawl-delay":
                delays[name] = _delay(value)
            elif value and len(rules) < _MAX_RULES:
                rules.append(_Rule(key == "allow", _normal(value)[:_MAX_PATTERN_CHARS]))
    if named:
        return Robots(rules=tuple(ours), delay_s=delays.get(product.lower(), 0.0))
    return Robots(rules=tuple(others), delay_s=delays.get("*", 0.0))


def _lines(data: bytes) -> list[tuple[str, str]]:
    text = data[:MAX_BYTES].decode("utf-8-sig", "replace")
    found = []
    for line in re.split(r"\r\n?|\n", text):
        key, colon, value = line.split("#", 1)[0].partition(":")
        if colon:
            found.append((key.strip().lower(), value.strip()))
    return found


def _product(value: str) -> str:
    """The product token at the start of a user-agent line, lower case."""
    match = re.match(r"\*|[A-Za-z_-]+", value)
    return match[0].lower() if match else ""


def _delay(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        return 0.0
    return min(seconds, MAX_DELAY_S) if seconds > 0 and math.isfinite(seconds) else 0.0


def _normal(path: str) -> str:
    """A path or pattern in one form: percent-decoded where that changes no meaning."""
    if "%" not in path:
        return path
    kept = re.sub(r"%(?=2[fFaA4]|25)", "%25", path)
    return unquote_to_bytes(kept).decode("utf-8", "surrogateescape")


def _matches(pattern: str, path: str) -> bool:
    """Prefix match with ``*`` for anything and ``$`` for the end; never more than their product in steps."""
    anchored = pattern.endswith("$")
    parts = (pattern[:-1] if anchored else pattern).split("*")
    if not path.startswith(parts[0]):
        return False
    at = len(parts[0])
    if len(parts) == 1:
        return not anchored or at == len(path)
    for part in parts[1:-1]:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    last = parts[-1]
    if anchored:
        return path.endswith(last) and len(path) - len(last) >= at
    return path.find(last, at) >= 0
