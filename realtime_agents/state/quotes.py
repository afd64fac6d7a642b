"""Finds a quote inside the passage it was taken from, so that the reader can mark it."""

from __future__ import annotations

import re

_SYNTAX = re.compile(r"\*\*|`|^#{1,6}[ \t]+|(?<=\])\([^)\s]*\)|^[ \t]*[-*][ \t]+(?=\S)", re.MULTILINE)


def plain_text(markdown: str) -> str:
    """A passage as it is read: list items get a bullet, other marks of Markdown go."""
    return re.sub(_SYNTAX, lambda m: "• " if m[0].strip() in {"-", "*"} else "", markdown).strip()


def mark_quote(text: str, quote: str) -> tuple[str, str, str]:
    """``text`` cut in what comes before the quote, the quote, and what follows.

    White space may differ between the two. A quote that is not in the text leaves it whole.
    """
    words = plain_text(quote).split()
    if not words:
        return text, "", ""
    found = re.search(r"\s+".join(re.escape(word) for word in words), text)
    if found is None:
        return text, "", ""
    return text[: found.start()], found[0], text[found.end() :]
